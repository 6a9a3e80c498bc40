"""`cloudplan compare`: the optimum beside what else one might choose."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Literal

import typer

from cloudplan.analysis.breakpoints import breakpoints
from cloudplan.analysis.compare import Alternative, Asked
from cloudplan.analysis.compare import compare as compare_all
from cloudplan.base import processes
from cloudplan.cli import talking
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
    target,
)
from cloudplan.cli.searching import Interrupt, optimised
from cloudplan.cli.verbs import commands
from cloudplan.optimiser.memory import Memory
from cloudplan.presentation.html_page import render_report_page
from cloudplan.presentation.tables import compare as tables
from cloudplan.workload.case import Case


@commands.command(example="cloudplan compare workload.yaml --vary policy.vcpu_per_core=2,3,4")
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
    format: Annotated[
        Literal[Format, "html"] | None,
        typer.Option(help="How the result is written; default: as the extension of the output says, else a table."),
    ] = None,
    output: Output = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Set the optimum beside the best plans under other choices; each is sized again."""
    to = target(output, format, force=force, inputs=[workload, prices], also={".html": "html"})
    origin, _ = read_inputs(workload, prices, catalog, term)
    memory, case = Memory(), Case.of(origin.workload, origin.edition, origin.prices)

    def side_by_side(work: Callable[[Asked], Alternative], asked: Sequence[Asked]) -> Sequence[Alternative]:
        memory.close()  # an alternative rests on what was found before its stage, in whatever order they end
        with Interrupt():  # Ctrl-C ends the searches under way
            found = processes.each(work, asked)
        memory.learn(case, [each.plan.choice for each in found if each.plan])
        return found

    solve = partial(optimised, gap=gap, time_limit=time_limit, memory=memory)
    found = compare_all(origin, solve, vary or (), side_by_side)
    assert found.optimum.plan is not None
    breaks = breakpoints(origin, found.optimum.plan, solve) if growth else None
    report = tables.report(found, breaks)
    if to.format == "html":
        return to.emit(render_report_page(report, bars=("Cost", "Monthly"), spoken=talking.spoken()))
    return to.show(report, tables.values(found, breaks))
