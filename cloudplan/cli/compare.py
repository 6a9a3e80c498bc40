"""`cloudplan compare`: the optimum beside what else one might choose."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import typer

from cloudplan.analysis.breakpoints import breakpoints
from cloudplan.analysis.compare import Alternative, in_turn
from cloudplan.analysis.compare import compare as alternatives
from cloudplan.analysis.edits import Asked
from cloudplan.analysis.options import Options
from cloudplan.analysis.options import options as against_risk
from cloudplan.analysis.side_by_side import SideBySide
from cloudplan.analysis.target import reaching
from cloudplan.base import processes
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import DASH
from cloudplan.cli import talking, values
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
    deliver,
    target,
)
from cloudplan.cli.searching import Interrupt, optimised
from cloudplan.cli.spreading import Scheduler, side_by_side
from cloudplan.cli.verbs import commands
from cloudplan.plan.origin import Origin
from cloudplan.presentation.html_page import render_report_page
from cloudplan.presentation.report_workbook import Chart, write_report
from cloudplan.presentation.tables import compare as tables
from cloudplan.presentation.tables import options
from cloudplan.presentation.tables import target as concessions
from cloudplan.presentation.tables.table import Report


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
    risk: Annotated[
        bool,
        typer.Option(
            "--options",
            help="Instead: cost against risk, every combination of host failures, vCPUs a core, memory ceiling and "
            "host reserve; --vary gives the values of one.",
        ),
    ] = False,
    amount: Annotated[
        Decimal | None,
        typer.Option(
            "--target",
            parser=values.amount,
            metavar="AMOUNT",
            help="Instead: the concessions that bring the cost a month down to an amount, in order, or the discount.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            parser=values.whole(1, 256),
            metavar="N",
            help="Processes that size side by side, started anew; 1 sizes in turn. Default: copies of this one on all "
            "cores, where the system has them.",
        ),
    ] = None,
    scheduler: Scheduler = None,
    format: Annotated[
        Literal[Format, "html", "xlsx"] | None,
        typer.Option(help="How the result is written; default: as the extension of the output says, else a table."),
    ] = None,
    output: Output = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Set the optimum beside the best plans under other choices; each is sized again."""
    to = target(output, format, force=force, inputs=[workload, prices], also={".html": "html", ".xlsx": "xlsx"})
    if to.format == "xlsx" and output in (None, DASH):
        raise BadInputError([Fault("a workbook needs a file; allowed: --output with a name", where="--format")])
    if amount is not None:
        beside = {"--options": risk, "--vary": vary, "--breakpoints": growth}
        faults = [Fault("allowed only without --target", where=name) for name, value in beside.items() if value]
        if faults:
            raise BadInputError(faults)
    origin, _ = read_inputs(workload, prices, catalog, term)
    with side_by_side(workers, scheduler) as spreading:
        sizing = SideBySide(
            origin,
            search=optimised,
            spread=in_turn if workers else _on_all_cores,
            executor=spreading.executor if spreading else None,
            ahead=spreading.ahead if spreading else 1,
            gap=gap,
            time_limit=time_limit,
        )
        answer = _answer(origin, sizing, vary or [], amount, risk=risk, growth=growth)
    spoken = talking.spoken()
    if to.format == "xlsx":
        assert output is not None
        chart = Chart(options.TITLE, options.CORES, options.COST, options.NUMBER, options.DOMINATED)
        return deliver({output: write_report(answer.report, spoken, without=answer.bars[0], chart=chart)})
    if to.format == "html":
        picture = options.picture(answer.options, spoken) if answer.options else None
        return to.emit(render_report_page(answer.report, bars=answer.bars, spoken=spoken, picture=picture))
    return to.show(answer.report, answer.plain)


@dataclass(frozen=True)
class _Answer:
    """What was found, for people and as plain values; what the page draws as bars, and the options of its picture."""

    report: Report
    plain: Mapping[str, Any]
    bars: tuple[str, str]
    options: Options | None = None


def _answer(
    origin: Origin, sizing: SideBySide, vary: Sequence[str], amount: Decimal | None, *, risk: bool, growth: bool
) -> _Answer:
    """Return what was found."""
    if amount is not None:
        reached = reaching(origin, amount, sizing.solve, sizing.each)
        return _Answer(concessions.report(reached), concessions.values(reached), concessions.BARS)
    found = (against_risk if risk else alternatives)(origin, sizing.solve, vary, sizing.each)
    assert found.optimum.plan is not None
    breaks = breakpoints(origin, found.optimum.plan, sizing.solve) if growth else None
    if isinstance(found, Options):
        return _Answer(options.report(found, breaks), options.values(found, breaks), options.BARS, found)
    return _Answer(tables.report(found, breaks), tables.values(found, breaks), tables.BARS)


def _on_all_cores(work: Callable[[Asked], Alternative], asked: Sequence[Asked]) -> Sequence[Alternative]:
    with Interrupt():  # Ctrl-C ends the searches under way
        return processes.each(work, asked)
