"""`cloudplan orders`: the console orders and service requests that build a plan."""

from typing import Annotated

import typer

from cloudplan.base import files
from cloudplan.base.language import language
from cloudplan.cli.options import Force, Format, Lang, PlanFile, ShortOutput, commands, emit, style_of
from cloudplan.plan.origin import read_plan
from cloudplan.plan.plan import language_of
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.text import render_report
from cloudplan.sales.orders import orders as all_orders
from cloudplan.sales.quote import quote


@commands.command()
def orders(
    plan: PlanFile,
    format: Annotated[Format, typer.Option(help="How the orders are printed.")] = "markdown",
    output: ShortOutput = None,
    lang: Lang = None,
    force: Force = False,
) -> None:
    """List the console orders that build a plan, in sequence, and the service requests."""
    files.refuse_existing([output], force=force, inputs=[plan])
    made = quote(read_plan(plan))
    read = made.plan
    found = all_orders(made.case, read.choice, read.backup)
    if format == "json":
        return emit(files.json_text(tables.values(found, read.workload.name)), output)
    spoken = language(lang or language_of(read))
    report = tables.report(found, read, spoken)
    return emit(render_report(report, style=style_of(format), spoken=spoken), output)
