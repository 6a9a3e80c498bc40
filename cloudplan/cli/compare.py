"""`cloudplan compare`: the optimum beside what else one might choose."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.analysis.compare import breakpoints
from cloudplan.analysis.compare import compare as compare_all
from cloudplan.base import files
from cloudplan.cli.inputs import read_inputs
from cloudplan.cli.options import Catalog, Force, Gap, Output, Term, TimeLimit, emit, optimised
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.presentation.html_page import render_report_page
from cloudplan.presentation.tables import compare as tables
from cloudplan.presentation.text import Style, render_report

NO_DATE: datetime | None = None


class CompareFormat(StrEnum):
    """How a comparison is printed."""

    table = "table"
    markdown = "markdown"
    json = "json"
    html = "html"


def compare(
    workload: Annotated[Path, typer.Argument(help="The workload file (YAML or JSON).")],
    prices: Annotated[
        Path | None, typer.Option(help="The price book; without it the shipped example, marked illustrative.")
    ] = None,
    catalog: Catalog = None,
    term: Term = None,
    vary: Annotated[
        list[str] | None, typer.Option(help="Instead: field=value,value; several make all combinations.")
    ] = None,
    growth: Annotated[
        bool, typer.Option("--breakpoints", help="Also: how much growth fits, what would save a host.")
    ] = (False),
    format: Annotated[CompareFormat, typer.Option(help="How the comparison is printed.")] = CompareFormat.table,
    output: Output = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: TimeLimit = None,
) -> None:
    """Set the optimum beside the best plans under other choices; each is sized again."""
    files.refuse_existing([output], force=force, inputs=[workload, prices])
    origin, _ = read_inputs(workload, prices, catalog, term)

    def solve(inputs: Origin) -> Plan:
        return optimised(inputs, gap=gap, time_limit=time_limit, date=NO_DATE)

    found = compare_all(origin, solve, vary or ())
    assert found.optimum.plan is not None
    breaks = breakpoints(origin, found.optimum.plan, solve) if growth else None
    if format is CompareFormat.json:
        return emit(files.json_text(tables.values(found, breaks)), output)
    report = tables.report(found, breaks)
    if format is CompareFormat.html:
        return emit(render_report_page(report, bars=("Cost", "Monthly")), output)
    style: Style = "markdown" if format is CompareFormat.markdown else "terminal"
    return emit(render_report(report, style=style), output)
