"""`cloudplan orders`: the console orders and service requests that build a plan, and its VMs for Terraform."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.language import Language, language
from cloudplan.cli import values
from cloudplan.cli.options import Force, Lang, MadeFile, Output, Shown, deliver, refuse_options, target
from cloudplan.cli.verbs import commands
from cloudplan.plan.origin import Made, read_either
from cloudplan.plan.plan import language_of
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.orders_workbook import write_orders
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.tables import phase_orders as phase_tables
from cloudplan.presentation.tables import terraform
from cloudplan.presentation.tables.orders import Head
from cloudplan.presentation.text import render_report
from cloudplan.sales.phase_orders import orders_of, orders_over_time
from cloudplan.sales.quote import Quote, quote
from cloudplan.sales.terms import Terms, read_terms, with_dates
from cloudplan.sales.terraform import machines, unsaid

XLSX = "xlsx"
VMS, BESIDE = "vms.tfvars.json", "beside-terraform.md"
"""The files for Terraform: the VMs, and what it cannot say of them."""


@commands.command(example="cloudplan orders plan.json -o orders.md")
def orders(
    plan: MadeFile,
    terms: Annotated[
        Path | None, typer.Option(help="The terms: their number and day of issue are the orders'.")
    ] = None,
    issued: Annotated[
        datetime | None, typer.Option(parser=values.day, metavar=values.DAY, help="Day of issue; wins over the terms.")
    ] = None,
    format: Shown = None,
    output: Output = None,
    tfvars: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=f"Write the VMs for Terraform to this folder: {VMS}, {BESIDE}."),
    ] = None,
    lang: Lang = None,
    force: Force = False,
) -> None:
    """List the orders and service requests that build a plan, each with the steps that it comes after.

    The output may be a workbook, .xlsx.
    """
    to = target(
        output,
        format,
        force=force,
        inputs=[plan, terms],
        others=[tfvars / name for name in (VMS, BESIDE)] if tfvars and files.is_folder(tfvars) else [],
        default="markdown",
        also={f".{XLSX}": XLSX},
    )
    faults: list[Fault] = []
    given: Made | None = None
    agreed: Terms | None = None
    with gathered(faults):
        given = read_either(plan)
    with gathered(faults):
        agreed = read_terms(terms) if terms else Terms()
    if given is None or agreed is None:
        raise BadInputError(faults)
    head = Head.of(given, with_dates(agreed, issued.date() if issued else None, None))
    if isinstance(given, Roadmap):
        refuse_options("a plan", {"--tfvars": tfvars, f"a workbook, .{XLSX}": to.format == XLSX})
        phases, tongue = [*orders_over_time(given, str(plan))], language(lang or language_of(given))
        shown = phase_tables.report(given, phases, head, tongue)
        return to.show(shown, phase_tables.values(given, phases, head), spoken=tongue)
    made = quote(given)
    read, spoken = made.plan, language(lang or language_of(made.plan))
    found = orders_of(made.case, read)
    others = _terraform(tfvars, made, spoken) if tfvars else {}
    with files.made_folder(tfvars):
        if to.format == XLSX and to.output:
            deliver({to.output: write_orders(found, read, head, spoken), **others})
        elif tfvars and not output and not format:
            deliver(others)
        else:
            to.show(
                tables.report(found, read, head, spoken), tables.values(found, read.workload.name, head), others, spoken
            )


def _terraform(folder: Path, made: Quote, spoken: Language) -> dict[Path, bytes]:
    """Return the files for Terraform."""
    choice = made.plan.choice
    vms, beside = machines(made.case, choice), list(unsaid(made.case, choice))
    told = terraform.report(vms, beside, made.plan, spoken)
    text = render_report(told, style="markdown", spoken=spoken)
    return {folder / VMS: files.json_text({"vms": vms}).encode(), folder / BESIDE: text.encode()}
