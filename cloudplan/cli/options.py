"""What the commands share: their options, how they show progress, how they print and write."""

import signal
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from cloudplan.base import files
from cloudplan.base.errors import TimeLimitError
from cloudplan.base.language import Code
from cloudplan.cli import values
from cloudplan.optimiser.memory import Memory
from cloudplan.optimiser.optimise import optimise
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables.table import Report
from cloudplan.presentation.text import Style, render_report

QUIET_SECONDS = 1.0
MOMENT = 0.001
"""Seconds that a search has at least: enough for a first plan."""

commands = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Proven-optimal sizing and quoting for Cloud Temple's dedicated VMware IaaS.",
)
"""The command line; each command adds itself."""

Format = Literal["table", "json", "markdown"]
"""How a result is printed."""

WorkloadFile = Annotated[Path, typer.Argument(help="The workload file (YAML or JSON).")]
PlanFile = Annotated[Path, typer.Argument(help="The plan, as `size --format json` wrote it.")]
PricesFile = Annotated[
    Path | None, typer.Option(help="The price book; without it the shipped example, marked illustrative.")
]
_EDITION = "Edition of the catalogue, or the folder of one's own; default: "
Catalog = Annotated[str | None, typer.Option(help=f"{_EDITION}the newest.")]
WorkloadCatalog = Annotated[str | None, typer.Option(help=f"{_EDITION}that of the workload, else the newest.")]
PlanCatalog = Annotated[str | None, typer.Option(help=f"{_EDITION}that of the plan.")]
Term = Annotated[
    int | None,
    typer.Option(
        help="Commitment in months; overrides the workload's.", parser=values.whole(1, 1200), metavar="MONTHS"
    ),
]
QuoteDate = Annotated[
    datetime | None,
    typer.Option(parser=values.day, metavar=values.DAY, help="Date of the quote, to check the prices' dates."),
]
Output = Annotated[Path | None, typer.Option(help="Write to this file instead of stdout.")]
ShortOutput = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")]
Xlsx = Annotated[Path | None, typer.Option(help="Also write the quote as an Excel workbook.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")]
Gap = Annotated[
    float,
    typer.Option(
        help="Stop at this relative gap, for example 0.01.", parser=values.number("a share", 0, 1), metavar="SHARE"
    ),
]
_SECONDS: Final[Any] = {"parser": values.number("a number of seconds", 0.1), "metavar": "SECONDS"}
TimeLimit = Annotated[
    float | None, typer.Option(help="End after so many seconds in all, with the best verified plan.", **_SECONDS)
]
EachTimeLimit = Annotated[
    float | None, typer.Option(help="End each search after so many seconds, with its best verified plan.", **_SECONDS)
]
Lang = Annotated[Code | None, typer.Option(help="Language; default: customer.lang of the workload, else English.")]
Shown = Annotated[Format, typer.Option(help="How the result is printed.")]


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

    def __enter__(self) -> "Progress":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Clear the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class Limit:
    """A limit of time that holds from here on: `with` it for reading, then for what is left."""

    def __init__(self, seconds: float | None):
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def seconds_left(self) -> float | None:
        """Seconds that are left, at least enough for a first plan; None without a limit."""
        return None if self._end is None else max(MOMENT, self._end - time.monotonic())

    def __enter__(self) -> "Limit":
        """Raise TimeLimitError when the limit is reached before the block ends."""
        self._before = None
        in_time = self._end is not None and threading.current_thread() is threading.main_thread()
        if in_time and hasattr(signal, "SIGALRM"):
            self._before = signal.signal(signal.SIGALRM, self._too_long)
            signal.setitimer(signal.ITIMER_REAL, self.seconds_left or MOMENT)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the alarm as it was; raise TimeLimitError where there is none and the limit was reached."""
        if self._before is not None:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, self._before)
        elif self._end is not None and time.monotonic() > self._end:
            self._too_long()

    def _too_long(self, *_: object) -> None:
        raise TimeLimitError("the time limit was reached before the inputs were read; allow more time")


class Interrupt:
    """Ctrl-C ends the search with the best plan so far; a second Ctrl-C ends the program."""

    def __init__(self) -> None:
        self._asked = False
        self._before: Any = None

    def __call__(self) -> bool:
        """Return whether Ctrl-C was pressed."""
        return self._asked

    def __enter__(self) -> "Interrupt":
        """Listen."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave Ctrl-C as it was."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, *_: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


def optimised(
    inputs: Origin,
    *,
    gap: float,
    time_limit: float | None,
    date: datetime | None = None,
    pinned: bool = True,
    memory: Memory | None = None,
) -> Plan:
    """Return the cheapest plan of these inputs, with progress on stderr; Ctrl-C ends the search."""
    with Progress() as progress, Interrupt() as interrupt:
        return optimise(
            inputs.workload,
            inputs.edition,
            inputs.prices,
            gap=gap,
            time_limit=time_limit,
            pinned=pinned,
            on=date.date() if date else None,
            progress=progress,
            stopped=interrupt,
            memory=memory,
        )


def style_of(format: str) -> Style:
    """Return how a text for people is dressed."""
    return "markdown" if format == "markdown" else "terminal"


def text_of(report: Report, format: Format) -> str:
    """Return a report as text for people."""
    return render_report(report, style=style_of(format))


def emit(text: str, output: Path | None, others: Mapping[Path, bytes] | None = None) -> None:
    """Write a text to `output` together with other files, all or none; without `output` print it."""
    files.write_all({**({output: text.encode()} if output else {}), **(others or {})})
    if not output:
        typer.echo(text, nl=False)
