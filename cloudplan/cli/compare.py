"""`cloudplan compare`: the optimum beside what else one might choose."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Literal

import typer

from cloudplan.analysis.compare import Alternative, Asked, breakpoints
from cloudplan.analysis.compare import compare as compare_all
from cloudplan.base import files, processes
from cloudplan.cli.inputs import read_inputs
from cloudplan.cli.options import (
    EachTimeLimit,
    Force,
    Format,
    Gap,
    Output,
    PricesFile,
    Term,
    WorkloadCatalog,
    WorkloadFile,
    commands,
    emit,
    optimised,
    text_of,
)
from cloudplan.optimiser.memory import Memory
from cloudplan.presentation.html_page import render_report_page
from cloudplan.presentation.tables import compare as tables


@commands.command()
def compare(
    workload: WorkloadFile,
    prices: PricesFile = None,
    catalog: WorkloadCatalog = None,
    term: Term = None,
    vary: Annotated[
        list[str] | None, typer.Option(help="Instead: field=value,value; several make all combinations.")
    ] = None,
    growth: Annotated[
        bool, typer.Option("--breakpoints", help="Also: how much growth fits, what would save a host.")
    ] = (False),
    format: Annotated[Literal[Format, "html"], typer.Option(help="How the comparison is printed.")] = "table",
    output: Output = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Set the optimum beside the best plans under other choices; each is sized again."""
    files.refuse_existing([output], force=force, inputs=[workload, prices])
    origin, _ = read_inputs(workload, prices, catalog, term)
    memory = Memory()

    def side_by_side(work: Callable[[Asked], Alternative], asked: Sequence[Asked]) -> Sequence[Alternative]:
        memory.close()  # so that an alternative rests on the first plan, and on no other alternative
        return processes.each(work, asked)

    solve = partial(optimised, gap=gap, time_limit=time_limit, memory=memory)
    found = compare_all(origin, solve, vary or (), side_by_side)
    assert found.optimum.plan is not None
    breaks = breakpoints(origin, found.optimum.plan, solve) if growth else None
    if format == "json":
        return emit(files.json_text(tables.values(found, breaks)), output)
    report = tables.report(found, breaks)
    if format == "html":
        return emit(render_report_page(report, bars=("Cost", "Monthly")), output)
    return emit(text_of(report, format), output)
