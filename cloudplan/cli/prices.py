"""`cloudplan prices`: price books to fill in, to check and to compare."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.analysis import price_review
from cloudplan.base import files
from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import load_edition
from cloudplan.cli import values
from cloudplan.cli.options import Catalog, Force, Output, Shown, deliver, emit, suffix_of, target
from cloudplan.cli.verbs import Verbs, commands
from cloudplan.presentation.price_template import as_workbook, as_yaml
from cloudplan.presentation.tables import prices as tables
from cloudplan.prices.book import PriceBook, load_prices

app = Verbs(no_args_is_help=True, help="Make, check and compare price books.")
commands.add_typer(app, name="prices", epilog="Example: cloudplan prices template -o prices.xlsx")


@app.command(example="cloudplan prices template -o prices.xlsx")
def template(
    catalog: Catalog = None,
    prices: Annotated[
        Path | None, typer.Option(help="Fill it with the prices, the header and the discounts of this book.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write this file, .xlsx or .yaml; - or none is YAML to stdout.", metavar="FILE"
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write a price book with every SKU of an edition, to fill in; with --prices, convert one."""
    suffix = suffix_of(output, (".yaml", ".yml", ".xlsx"))
    files.refuse_existing([output], force=force, inputs=[prices])
    edition = load_edition(catalog)
    book = load_prices(prices, edition) if prices else None
    if output is not None and suffix == ".xlsx":
        deliver({output: as_workbook(edition, book)})
    else:
        emit(as_yaml(edition, book), output)


@app.command(example="cloudplan prices check prices.xlsx --date 2026-06-30")
def check(
    book: Annotated[Path, typer.Argument(help="The price book (YAML, JSON or Excel).")],
    catalog: Catalog = None,
    date: Annotated[
        datetime | None,
        typer.Option(parser=values.day, metavar=values.DAY, help="A day on which the prices ought to be valid."),
    ] = None,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """Read a price book and report what it prices of an edition, and what it does not."""
    to = target(output, format, force=force, inputs=[book])
    edition = load_edition(catalog)
    found = price_review.check(load_prices(book, edition), edition, date.date() if date else None)
    to.show(tables.check(found), found.values())


@app.command(example="cloudplan prices diff prices-2025.yaml prices.xlsx")
def diff(
    before: Annotated[Path, typer.Argument(help="A price book (YAML, JSON or Excel).")],
    after: Annotated[Path, typer.Argument(help="The price book to compare it with.")],
    catalog: Catalog = None,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """Compare two price books: prices, discounts, dates."""
    to = target(output, format, force=force, inputs=[before, after])
    edition = load_edition(catalog)
    found = price_review.diff(*_both(before, after, edition), edition)
    report = tables.diff(found, narrow=to.format == "table")
    to.show(report, found.values())


def _both(before: Path, after: Path, edition: Edition) -> tuple[PriceBook, PriceBook]:
    """Read two price books; the faults of both are reported together."""
    books: list[PriceBook] = []
    faults: list[Fault] = []
    for path in (before, after):
        with gathered(faults):
            books.append(load_prices(path, edition))
    if faults:
        raise BadInputError(faults)
    return books[0], books[1]
