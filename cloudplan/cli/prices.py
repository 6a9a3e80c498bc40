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
from cloudplan.cli.options import Catalog, Force, Output, Shown, commands, emit, text_of
from cloudplan.presentation.price_template import as_workbook, as_yaml
from cloudplan.presentation.tables import prices as tables
from cloudplan.prices.book import PriceBook, load_prices

app = typer.Typer(no_args_is_help=True, help="Make, check and compare price books.")
commands.add_typer(app, name="prices")


@app.command()
def template(
    catalog: Catalog = None,
    prices: Annotated[
        Path | None, typer.Option(help="Fill it with the prices, the header and the discounts of this book.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write this file, .xlsx or .yaml, instead of YAML to stdout.")
    ] = None,
    force: Force = False,
) -> None:
    """Write a price book with every SKU of an edition, to fill in; with --prices, convert one."""
    files.refuse_existing([output], force=force, inputs=[prices])
    if output is not None and output.suffix.lower() not in (".xlsx", ".yaml", ".yml"):
        raise BadInputError([Fault("a price book is written as .xlsx, .yaml or .yml", where=str(output))])
    edition = load_edition(catalog)
    book = load_prices(prices, edition) if prices else None
    if output is not None and output.suffix.lower() == ".xlsx":
        files.write_all({output: as_workbook(edition, book)})
    else:
        emit(as_yaml(edition, book), output)


@app.command()
def check(
    book: Annotated[Path, typer.Argument(help="The price book (YAML, JSON or Excel).")],
    catalog: Catalog = None,
    date: Annotated[
        datetime | None,
        typer.Option(parser=values.day, metavar=values.DAY, help="A day on which the prices ought to be valid."),
    ] = None,
    format: Shown = "table",
    output: Output = None,
    force: Force = False,
) -> None:
    """Read a price book and report what it prices of an edition, and what it does not."""
    files.refuse_existing([output], force=force, inputs=[book])
    edition = load_edition(catalog)
    found = price_review.check(load_prices(book, edition), edition, date.date() if date else None)
    emit(found.to_json() if format == "json" else text_of(tables.check(found), format), output)


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="A price book (YAML, JSON or Excel).")],
    after: Annotated[Path, typer.Argument(help="The price book to compare it with.")],
    catalog: Catalog = None,
    format: Shown = "table",
    output: Output = None,
    force: Force = False,
) -> None:
    """Compare two price books: prices, discounts, dates."""
    files.refuse_existing([output], force=force, inputs=[before, after])
    edition = load_edition(catalog)
    found = price_review.diff(*_both(before, after, edition), edition)
    report = tables.diff(found, narrow=format == "table")
    emit(found.to_json() if format == "json" else text_of(report, format), output)


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
