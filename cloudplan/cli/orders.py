"""`cloudplan orders`: the console orders and service requests that build a plan, and its VMs for Terraform."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.language import language
from cloudplan.cli import values
from cloudplan.cli.options import Force, Lang, Output, PlanFile, Shown, commands, deliver, target
from cloudplan.plan.origin import read_plan
from cloudplan.plan.plan import Plan, language_of
from cloudplan.presentation.orders_workbook import write_orders
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.tables.orders import Head
from cloudplan.sales.orders import orders as all_orders
from cloudplan.sales.quote import quote
from cloudplan.sales.terms import Terms, read_terms, with_dates

XLSX = "xlsx"


@commands.command(question="What do I click?", example="cloudplan orders plan.json -o orders.md")
def orders(
    plan: PlanFile,
    terms: Annotated[
        Path | None, typer.Option(help="The terms: their number and day of issue are the orders'.")
    ] = None,
    issued: Annotated[
        datetime | None, typer.Option(parser=values.day, metavar=values.DAY, help="Day of issue; wins over the terms.")
    ] = None,
    format: Shown = None,
    output: Output = None,
    lang: Lang = None,
    force: Force = False,
) -> None:
    """List the orders and service requests that build a plan, each with the steps that it comes after.

    The output may be a workbook, .xlsx.
    """
    to = target(output, format, force=force, inputs=[plan, terms], default="markdown", also={f".{XLSX}": XLSX})
    faults: list[Fault] = []
    given: Plan | None = None
    agreed: Terms | None = None
    with gathered(faults):
        given = read_plan(plan)
    with gathered(faults):
        agreed = read_terms(terms) if terms else Terms()
    if given is None or agreed is None:
        raise BadInputError(faults)
    made = quote(given)
    read, spoken = made.plan, language(lang or language_of(made.plan))
    head = Head.of(given, with_dates(agreed, issued.date() if issued else None, None))
    found = all_orders(made.case, read.choice, read.backup)
    if to.format == XLSX and to.output:
        deliver({to.output: write_orders(found, read, head, spoken)})
        return
    to.show(tables.report(found, read, head, spoken), tables.values(found, read.workload.name, head), spoken=spoken)
