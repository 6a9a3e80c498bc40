"""What the commands share: their options, the format of a result, how they print and write it."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import DASH
from cloudplan.base.language import Code, Language
from cloudplan.cli import talking, values
from cloudplan.presentation.tables.table import Report
from cloudplan.presentation.terminal import NARROWEST, PAPER, WIDEST, WIDTH, Screen
from cloudplan.presentation.text import Style, render_report

Format = Literal["table", "json", "markdown"]
"""How a result is printed."""

WorkloadFile = Annotated[Path, typer.Argument(help="The workload file (YAML or JSON); - is stdin.")]
PlanFile = Annotated[Path, typer.Argument(help="The plan, as `size -o plan.json` wrote it; - is stdin.")]
MadeFile = Annotated[
    Path, typer.Argument(help="The plan, or the roadmap, as `size` or `roadmap` wrote it to a .json; - is stdin.")
]
PricesFile = Annotated[
    Path | None, typer.Option(help="The price book; without it the shipped example, marked illustrative.")
]
_EDITION = "Edition of the catalogue, or the folder of one's own; default: "
Catalog = Annotated[str | None, typer.Option(help=f"{_EDITION}the newest.")]
WorkloadCatalog = Annotated[str | None, typer.Option(help=f"{_EDITION}that of the workload, else the newest.")]
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
AtMonth = Annotated[
    str | None,
    typer.Option(
        "--at",
        parser=values.month,
        metavar=values.A_MONTH,
        help="Of a workload with a horizon: the phase that contains this month; default: the first.",
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write to this file; - or none is stdout.", metavar="FILE")
]
Xlsx = Annotated[Path | None, typer.Option(hidden=True, help="Also write the internal quote; now `cloudplan quote`.")]
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
Shown = Annotated[
    Format | None,
    typer.Option(help="How the result is written; default: as the extension of the output says, else a table."),
]

SUFFIXES: Final[Mapping[str, str]] = {".json": "json", ".md": "markdown", ".txt": "table"}
"""The extensions that say how a result is written."""
_QUOTED = (".xlsx", ".html", ".csv", ".pdf")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a result goes and how it is written."""

    output: Path | None
    format: str

    @property
    def style(self) -> Style:
        """How a text for people is dressed."""
        return "markdown" if self.format == "markdown" else "terminal"

    @property
    def screen(self) -> Screen:
        """How wide a text for people is, and whether it has colours."""
        return screen(sys.stdout) if self.output in (None, DASH) else PAPER

    def emit(self, text: str, others: Mapping[Path, bytes] | None = None) -> None:
        """Write a text together with other files, all or none, and say so; print it where it goes to no file."""
        emit(text, self.output, others)

    def show(
        self,
        report: Report | Callable[[], Report],
        plain: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        others: Mapping[Path, bytes] | None = None,
        spoken: Language | None = None,
    ) -> None:
        """Emit a report, in the language of the command by default, or its plain values as JSON.

        Where one of them takes long to make, a function makes it if it is wanted.
        """
        self.emit(self.text(report, plain, self.screen, spoken), others)

    def text(
        self,
        report: Report | Callable[[], Report],
        plain: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        screen: Screen,
        spoken: Language | None = None,
    ) -> str:
        """Return a report as text, or its plain values as JSON."""
        if self.format == "json":
            return files.json_text(plain() if callable(plain) else plain)
        made = report() if callable(report) else report
        return render_report(made, style=self.style, spoken=spoken or talking.spoken(), screen=screen)


def target(
    output: Path | None,
    format: str | None,
    *,
    force: bool,
    inputs: Sequence[Path | None] = (),
    others: Sequence[Path | None] = (),
    default: str = "table",
    also: Mapping[str, str] | None = None,
) -> Target:
    """Return where and how a result is written: as `format` says, else the extension of `output`, else by default.

    `also` are extensions that this command knows beside the usual ones, `others` are further outputs. Raises
    BadInputError when the two disagree, for another extension, and for files that may not be written.
    """
    files.refuse_existing([output, *others], force=force, inputs=inputs)
    found = format_of(output, format, {**SUFFIXES, **(also or {})})
    return Target(output, found or default)


def format_of(output: Path | None, format: str | None, suffixes: Mapping[str, str]) -> str | None:
    """Return the format that a name and an option say, None when both say nothing.

    Raises BadInputError when they disagree, and for an extension that is not one of `suffixes`.
    """
    said = suffix_of(output, suffixes)
    if said is None or format in (None, suffixes[said]):
        return suffixes[said] if said else format
    message = f"--format {format} contradicts the extension; allowed: {suffixes[said]}, or another name"
    raise BadInputError([Fault(message, where=str(output), found=format, allowed=suffixes[said])])


def suffix_of(output: Path | None, suffixes: Mapping[str, str] | Sequence[str]) -> str | None:
    """Return the extension of a file, None when there is none; raise BadInputError for one that is not allowed."""
    suffix = "" if output in (None, DASH) else output.suffix.lower()
    if not suffix:
        return None
    if suffix in suffixes:
        return suffix
    allowed = f"{', '.join(suffixes)} or no extension"
    quoted = suffix in _QUOTED and ".xlsx" not in suffixes
    advice = "; `cloudplan quote` writes .xlsx, .pdf, .html and .csv" if quoted else ""
    message = f"{suffix} is not written here; allowed: {allowed}{advice}"
    raise BadInputError([Fault(message, where=str(output), found=suffix, allowed=allowed)])


def refuse_options(what: str, given: Mapping[str, Any]) -> None:
    """Raise BadInputError with a fault for each option that was given and that only `what` can have."""
    faults = [Fault(f"allowed only with {what}", where=name) for name, value in given.items() if value]
    if faults:
        raise BadInputError(faults)


def screen(stream: Any) -> Screen:
    """Return how wide texts for a stream are: as its terminal is, within bounds; and whether they have colours."""
    if not stream.isatty():
        return PAPER
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Screen(min(max(width, NARROWEST), WIDEST), colours)


def deliver(contents: Mapping[Path, bytes]) -> None:
    """Write files, all or none, and say so; what is for ``-`` goes to stdout."""
    files.write_all({path: data for path, data in contents.items() if path != DASH})
    if DASH in contents:
        sys.stdout.buffer.write(contents[DASH])
    talking.written(path for path in contents if path != DASH)


def tell_beside(report: Callable[[Screen], str], output: Path | None) -> None:
    """Print what is to be told beside a document: on stdout, or on stderr when the document goes to stdout."""
    stream = sys.stderr if output in (None, DASH) else sys.stdout
    typer.echo(report(screen(stream)), file=stream, nl=False)


def emit(text: str, output: Path | None, others: Mapping[Path, bytes] | None = None) -> None:
    """Write a text to `output` together with other files, all or none, and say so; without `output` print it."""
    printed = output in (None, DASH)
    contents = {**({output: text.encode()} if output and not printed else {}), **(others or {})}
    files.write_all(contents)
    if printed:
        typer.echo(text, nl=False)
    talking.written(contents)
