"""The command line: read, call, show, exit."""

import contextlib
import sys
import time
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cloudplan import files
from cloudplan.catalog import Edition
from cloudplan.editions import editions, load_edition
from cloudplan.errors import BadInputError, CloudplanError, Fault
from cloudplan.optimise import optimise, program
from cloudplan.plan import Plan
from cloudplan.prices import PriceBook, load_prices
from cloudplan.reading import pinned_edition, read_workload
from cloudplan.table import render
from cloudplan.workbook import write_workbook
from cloudplan.workload import Workload

QUIET_SECONDS = 1.0

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Proven-optimal sizing and quoting for Cloud Temple's dedicated VMware IaaS.",
)


class Format(StrEnum):
    """How a plan is printed."""

    table = "table"
    json = "json"
    markdown = "markdown"


class Progress:
    """Says on stderr what is going on, once it takes longer than a second, and only to a terminal."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = False

    def __call__(self, words: str) -> None:
        """Show one step."""
        elapsed = time.monotonic() - self._start
        if sys.stderr.isatty() and elapsed >= QUIET_SECONDS:
            self._shown = True
            sys.stderr.write(f"\r\x1b[K{elapsed:6.1f} s  {words}")
            sys.stderr.flush()

    def done(self) -> None:
        """Clear the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    """Proven-optimal sizing and quoting for Cloud Temple's dedicated VMware IaaS."""
    if version:
        typer.echo(program())
        raise typer.Exit


@app.command()
def size(
    workload: Annotated[Path, typer.Argument(help="The workload file (YAML or JSON).")],
    prices: Annotated[
        Path | None, typer.Option(help="The price book; without it the shipped example, marked illustrative.")
    ] = None,
    catalog: Annotated[
        str | None, typer.Option(help="Edition of the catalogue, or the folder of one's own; default: the newest.")
    ] = None,
    term: Annotated[int | None, typer.Option(help="Commitment in months; overrides the workload's.", min=1)] = None,
    date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Date of the quote, to check the prices' dates."),
    ] = None,
    format: Annotated[Format, typer.Option(help="How the plan is printed.")] = Format.table,
    output: Annotated[Path | None, typer.Option(help="Write the plan to this file instead of stdout.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Also write the quote as an Excel workbook.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
    gap: Annotated[float, typer.Option(help="Stop at this relative gap, for example 0.01.", min=0.0, max=1.0)] = 0.0,
    time_limit: Annotated[
        float | None, typer.Option(help="Stop after so many seconds with the best verified plan.", min=0.1)
    ] = None,
) -> None:
    """Find the cheapest plan of a workload, prove it, and print it."""
    inputs = [path for path in (workload, prices) if path is not None]
    files.refuse_existing([path for path in (output, xlsx) if path is not None], force=force, inputs=inputs)
    pin = catalog or _pin(workload)
    edition = load_edition(pin)
    wanted, book = _read(workload, prices, edition, term, obey_pin=catalog is None)
    progress = Progress()
    try:
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
    finally:
        progress.done()
    text = _text(plan, format)
    contents = {output: text.encode()} if output else {}
    if xlsx:
        contents[xlsx] = write_workbook(plan)
    files.write_all(contents)
    if not output:
        typer.echo(text, nl=False)


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


def _text(plan: Plan, style: Format) -> str:
    if style is Format.json:
        return plan.to_json()
    return render(plan, style="markdown" if style is Format.markdown else "terminal")


def main() -> NoReturn:
    """Run the command line; failures go to stderr, one line a fault, and set the exit status."""
    try:
        app()
    except CloudplanError as error:
        count = len(error.faults)
        heading = error.title if count == 1 else f"{error.title} ({count} faults)"
        typer.echo(f"cloudplan: {heading}", err=True)
        for fault in error.faults:
            typer.echo(f"  {fault}", err=True)
        sys.exit(error.exit_status)
    sys.exit(0)
