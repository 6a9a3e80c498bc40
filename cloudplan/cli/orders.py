"""`cloudplan orders`: the console orders and service requests that build a plan, and its VMs for Terraform."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.language import Code, Language, language
from cloudplan.cli import values
from cloudplan.cli.options import Force, Lang, MadeFile, Output, Shown, deliver, target
from cloudplan.cli.verbs import commands
from cloudplan.plan.origin import Made, read_either
from cloudplan.plan.plan import Plan, language_of
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.orders_workbook import write_orders, write_phase_orders
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.tables import phase_orders as phase_tables
from cloudplan.presentation.tables import terraform as tables_beside
from cloudplan.presentation.tables.orders import Head
from cloudplan.presentation.tables.table import Report
from cloudplan.presentation.text import render_report
from cloudplan.sales.phase_orders import orders_of, orders_over_time
from cloudplan.sales.quote import quote
from cloudplan.sales.terms import Terms, read_terms, with_dates
from cloudplan.sales.terraform import Machines, machines, news, unsaid
from cloudplan.workload.case import Case

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
        typer.Option(
            metavar="DIR",
            help=f"Write the VMs for Terraform to this folder: {VMS}, {BESIDE}; of a roadmap for each phase.",
        ),
    ] = None,
    lang: Lang = None,
    force: Force = False,
) -> None:
    """List the orders and service requests that build a plan, each with the steps that it comes after.

    Of a roadmap: phase by phase, only what is new. The output may be a workbook, .xlsx.
    """
    to = target(output, format, force=force, inputs=[plan, terms], default="markdown", also={f".{XLSX}": XLSX})
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
    made = _of_phases(given, str(plan), head, lang) if isinstance(given, Roadmap) else _of_plan(given, head, lang)
    if tfvars and files.is_folder(tfvars):
        written = [tfvars / name for name in _names(given)]
        files.refuse_existing([output, *written], force=force, inputs=[plan, terms])
    others = {tfvars / name: data for name, data in made.terraform().items()} if tfvars else {}
    with files.made_folder(tfvars):
        if to.format == XLSX and to.output:
            deliver({to.output: made.workbook(), **others})
        elif tfvars and not output and not format:
            deliver(others)
        else:
            to.show(made.report, made.values, others, made.spoken)


@dataclass(frozen=True)
class _Pack:
    """An order pack: to be shown, as plain values, as a workbook, and the files for Terraform by their names."""

    spoken: Language
    report: Report
    values: Mapping[str, Any]
    workbook: Callable[[], bytes]
    terraform: Callable[[], Mapping[str, bytes]]


def _of_plan(given: Plan, head: Head, lang: Code | None) -> _Pack:
    """Return the order pack of a plan; raise BadInputError when the plan is not in order."""
    made = quote(given)
    read, found = made.plan, orders_of(made.case, made.plan)
    spoken = language(lang or language_of(read))
    return _Pack(
        spoken,
        tables.report(found, read, head, spoken),
        tables.values(found, read.workload.name, head),
        lambda: write_orders(found, read, head, spoken),
        lambda: dict(zip(_names(given), _terraform(made.case, read, VMS, spoken), strict=True)),
    )


def _of_phases(given: Roadmap, name: str, head: Head, lang: Code | None) -> _Pack:
    """Return the order pack of a roadmap; raise BadInputError when the roadmap is not in order."""
    found = [*orders_over_time(given, name)]
    spoken = language(lang or language_of(given))

    def terraform() -> Iterator[bytes]:
        before: Machines | None = None
        for phase, each, file in zip(given.phases, found, _names(given)[::2], strict=True):
            yield from _terraform(each.case, phase.plan, file, spoken, before)
            before = machines(each.case, phase.plan.choice)

    return _Pack(
        spoken,
        phase_tables.report(given, found, head, spoken),
        phase_tables.values(given, found, head),
        lambda: write_phase_orders(given, found, head, spoken),
        lambda: dict(zip(_names(given), terraform(), strict=True)),
    )


def _names(made: Made) -> list[str]:
    """Return the names of the files for Terraform, of a roadmap two for each phase."""
    if not isinstance(made, Roadmap):
        return [VMS, BESIDE]
    return [f"{phase.from_}-{name}" for phase in made.phases for name in (VMS, BESIDE)]


def _terraform(
    case: Case, plan: Plan, file: str, spoken: Language, before: Machines | None = None
) -> tuple[bytes, bytes]:
    """Return the contents of the files for Terraform, the first of a name; `before` are the VMs of the phase before."""
    vms, beside = machines(case, plan.choice), list(unsaid(case, plan.choice))
    fresh = news(before, vms) if before is not None else []
    text = render_report(tables_beside.report(file, vms, beside, plan, spoken, fresh), style="markdown", spoken=spoken)
    return files.json_text({"vms": vms}).encode(), text.encode()
