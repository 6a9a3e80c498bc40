"""`cloudplan orders`: the console orders and service requests that build a plan."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base import files
from cloudplan.base.language import language
from cloudplan.cli.options import Force, Lang, emit
from cloudplan.plan.origin import read_plan
from cloudplan.plan.plan import language_of
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.text import Style, render_report
from cloudplan.sales.orders import orders as all_orders
from cloudplan.sales.quote import quote


class OrdersFormat(StrEnum):
    """How the orders are printed."""

    table = "table"
    markdown = "markdown"
    json = "json"


def orders(
    plan: Annotated[Path, typer.Argument(help="The plan, as `size --format json` wrote it.")],
    format: Annotated[OrdersFormat, typer.Option(help="How the orders are printed.")] = OrdersFormat.markdown,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
    lang: Lang = None,
    force: Force = False,
) -> None:
    """List the console orders that build a plan, in sequence, and the service requests."""
    files.refuse_existing([output], force=force, inputs=[plan])
    read = read_plan(plan)
    found = all_orders(quote(read).case, read.choice, read.backup)
    if format is OrdersFormat.json:
        return emit(files.json_text(tables.values(found, read.workload.name)), output)
    spoken = language(lang.value if lang else language_of(read))
    report = tables.report(found, read.workload.name, spoken)
    style: Style = "markdown" if format is OrdersFormat.markdown else "terminal"
    return emit(render_report(report, style=style, spoken=spoken), output)
