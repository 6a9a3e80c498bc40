"""`cloudplan quote`: a plan and its terms as an Excel workbook and as a CSV file."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.language import language
from cloudplan.cli import values
from cloudplan.cli.options import Force, Lang, PlanFile, commands
from cloudplan.plan.origin import read_plan
from cloudplan.plan.plan import Plan, language_of
from cloudplan.presentation.bill_csv import Dialect, bill_csv
from cloudplan.presentation.tables.quote import Audience
from cloudplan.presentation.workbook import write_quote
from cloudplan.sales.quote import quote as quoted
from cloudplan.sales.terms import Terms, read_terms, with_dates


@commands.command()
def quote(
    plan: PlanFile,
    terms: Annotated[Path | None, typer.Option(help="The terms: issuer, customer, dates, discount, VAT.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The workbook to write.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Also, or only, the bill of materials as CSV.")] = None,
    csv_dialect: Annotated[Dialect, typer.Option(help="Comma and point, or as French Excel wants it.")] = (
        Dialect.rfc4180
    ),
    audience: Annotated[Audience, typer.Option(help="For the customer: no discounts, no list prices.")] = "customer",
    lang: Lang = None,
    issued: Annotated[
        datetime | None, typer.Option(parser=values.day, metavar=values.DAY, help="Day of issue; wins over the terms.")
    ] = (None),
    valid_until: Annotated[
        datetime | None,
        typer.Option(parser=values.day, metavar=values.DAY, help="Last day of validity; wins over the terms."),
    ] = None,
    force: Force = False,
) -> None:
    """Write the quote of a plan as a workbook, as CSV, or both."""
    if output is None and csv is None:
        raise typer.BadParameter("a file to write is needed: --output or --csv", param_hint="--output")
    files.refuse_existing([output, csv], force=force, inputs=[plan, terms])
    faults: list[Fault] = []
    read: Plan | None = None
    agreed: Terms | None = None
    with gathered(faults):
        read = read_plan(plan)
    with gathered(faults):
        agreed = read_terms(terms) if terms else Terms()
    if read is None or agreed is None:
        raise BadInputError(faults)
    dates = [day.date() if day else None for day in (issued, valid_until)]
    made = quoted(read, with_dates(agreed, *dates))
    spoken = language(lang or language_of(made.plan))
    written = {output: write_quote(made, spoken, audience)} if output else {}
    if csv:
        written[csv] = bill_csv(made, spoken, audience, csv_dialect)
    files.write_all(written)
    for path in written:
        typer.echo(f"Written: {path}")
