"""`cloudplan size`: the cheapest plan of a workload."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from cloudplan import files
from cloudplan.catalog import Edition
from cloudplan.cli.options import (
    Catalog,
    Force,
    Format,
    Gap,
    Output,
    Progress,
    QuoteDate,
    Term,
    TimeLimit,
    Xlsx,
    emit,
    text_of,
)
from cloudplan.editions import editions, load_edition
from cloudplan.errors import BadInputError, Fault
from cloudplan.optimise import optimise
from cloudplan.prices import PriceBook, load_prices
from cloudplan.reading import pinned_edition, read_workload
from cloudplan.workbook import write_workbook
from cloudplan.workload import Workload


def size(
    workload: Annotated[Path, typer.Argument(help="The workload file (YAML or JSON).")],
    prices: Annotated[
        Path | None, typer.Option(help="The price book; without it the shipped example, marked illustrative.")
    ] = None,
    catalog: Catalog = None,
    term: Term = None,
    date: QuoteDate = None,
    format: Annotated[Format, typer.Option(help="How the plan is printed.")] = Format.table,
    output: Output = None,
    xlsx: Xlsx = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: TimeLimit = None,
) -> None:
    """Find the cheapest plan of a workload, prove it, and print it."""
    inputs = [path for path in (workload, prices) if path is not None]
    files.refuse_existing([path for path in (output, xlsx) if path is not None], force=force, inputs=inputs)
    pin = catalog or _pin(workload)
    edition = load_edition(pin)
    wanted, book = _read(workload, prices, edition, term, obey_pin=catalog is None)
    with Progress() as progress:
        plan = optimise(
            wanted,
            edition,
            book,
            gap=gap,
            time_limit=time_limit,
            pinned=pin is not None,
            on=date.date() if date else None,
            progress=progress,
        )
    text = plan.to_json() if format is Format.json else text_of(plan, format)
    emit(text, output, {xlsx: write_workbook(plan)} if xlsx else {})


def _pin(workload: Path) -> str | None:
    """Return the edition that a workload names, if it can be loaded; faults are told when the workload is read."""
    with contextlib.suppress(BadInputError):
        pin = pinned_edition(workload)
        if pin and (pin in editions() or Path(pin).is_dir()):
            return pin
    return None


def _read(
    workload: Path, prices: Path | None, edition: Edition, term: int | None, *, obey_pin: bool
) -> tuple[Workload, PriceBook]:
    """Read both inputs; the faults of both are reported together."""
    faults: list[Fault] = []
    wanted, book = None, None
    try:
        wanted = read_workload(workload, edition, term_months=term, obey_pin=obey_pin)
    except BadInputError as error:
        faults += error.faults
    try:
        book = load_prices(prices)
    except BadInputError as error:
        faults += error.faults
    if wanted is None or book is None:
        raise BadInputError(faults)
    return wanted, book
