"""`cloudplan batch`: many workloads, each sized by itself, and what became of them in one summary."""

import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cloudplan.analysis.batch import each_done
from cloudplan.analysis.outcome import Outcome
from cloudplan.analysis.sized import sized
from cloudplan.base import files
from cloudplan.base.errors import BadInputError, CloudplanError, Fault, NoPlanError
from cloudplan.base.schema import unknown
from cloudplan.cli import talking
from cloudplan.cli.batch_folder import Folder
from cloudplan.cli.batch_list import listing
from cloudplan.cli.batch_tasks import Tasks
from cloudplan.cli.batch_work import MAKERS, sized_and_quoted
from cloudplan.cli.options import (
    EachTimeLimit,
    Force,
    Format,
    Gap,
    Lang,
    PricesFile,
    QuoteDate,
    Target,
    Term,
    WorkloadCatalog,
)
from cloudplan.cli.searching import Interrupt, Progress
from cloudplan.cli.spreading import Scheduler, Spreading, Workers, refuse_both, spread_over
from cloudplan.cli.verbs import commands
from cloudplan.presentation.batch_summary import summary_files
from cloudplan.presentation.tables import batch as tables
from cloudplan.sales.priced import Audience


class StoppedError(CloudplanError):
    """A batch was stopped by a signal; what was done stays."""

    title = "stopped"


def quote_formats(text: str) -> list[str]:
    """Read the formats of a quote, with commas between them."""
    named = [part.strip().lstrip(".").lower() for part in text.split(",")]
    for name in named:
        if name not in MAKERS:
            raise typer.BadParameter(unknown("format", name, list(MAKERS)).message)
    return named


@commands.command(example="cloudplan batch customers -o plans --prices prices.yaml --quote pdf,xlsx")
def batch(
    workloads: Annotated[
        Path, typer.Argument(metavar="FOLDER|LIST", help="A folder of workloads, or a list: a file a line, or CSV.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="The folder to write to; it is made.")
    ],
    workers: Workers = None,
    scheduler: Scheduler = None,
    prices: PricesFile = None,
    catalog: WorkloadCatalog = None,
    term: Term = None,
    date: QuoteDate = None,
    quote: Annotated[
        list[Any] | None,
        typer.Option(parser=quote_formats, metavar="FORMATS", help=f"Also the quotes, in some of {', '.join(MAKERS)}."),
    ] = None,
    terms: Annotated[Path | None, typer.Option(help="The terms of the quotes, where the list names no others.")] = None,
    audience: Annotated[
        Audience, typer.Option(help="Of the quotes; for the customer: no list prices, discounts, proof.")
    ] = "customer",
    lang: Lang = None,
    format: Annotated[Format, typer.Option(help="How the summary is printed.")] = "table",
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Size many workloads: each plan to FOLDER/NAME.json, and what became of all to FOLDER/summary.csv, .xlsx, .html.

    One that is slow, has no plan or is broken stops no other. A run that was cut goes on where it stopped. The exit
    status is 0 when all have a plan, 3 when some have none.
    """
    refuse_both(workers, scheduler)
    formats = list(dict.fromkeys(name for names in quote or () for name in names))
    if terms and not formats:
        raise BadInputError([Fault("allowed only with --quote", where="--terms")])
    found = listing(workloads)
    if files.is_folder(workloads) and output.resolve() == workloads.resolve():
        message = "the plans would stand among the workloads; give another folder"
        raise BadInputError([Fault(message, where=str(output))])
    options = {"term": term, "on": date.date() if date else None, "gap": gap, "time_limit": time_limit}
    quoting = {"formats": formats, "audience": audience, "lang": lang} if formats else None
    tasks = Tasks(found.workloads, prices, terms, catalog, options, quoting)
    talking.passed_over(found.passed_over)
    with files.made_folder(output):
        folder = Folder(output)
        with folder.alone(), Interrupt(signal.SIGTERM) as stopped:
            run = _Run(tasks, folder, stopped, workers, scheduler)
            outcomes = run.outcomes(force=force)
        written = summary_files(outcomes, output, talking.spoken())
        files.write_all(written)
    Target(None, format).show(tables.report(outcomes, shortened=True), tables.values(outcomes))
    talking.written(written)
    if any(each.figures is None for each in outcomes):
        raise typer.Exit(NoPlanError.exit_status)


class _Run:
    """One run over a folder: what is left to be done is done, and told."""

    def __init__(self, tasks: Tasks, folder: Folder, stopped: Interrupt, workers: int | None, scheduler: str | None):
        self._tasks, self._folder, self._stopped = tasks, folder, stopped
        self._spread = workers, scheduler
        self._began = time.monotonic()
        self._done: dict[str, Outcome] = {}
        self._fresh = 0

    def outcomes(self, *, force: bool) -> Sequence[Outcome]:
        """Return what became of all workloads, in their order; raise StoppedError when a signal came first."""
        wanted = [self._tasks.wanted(listed) for listed in self._tasks.listed]
        for each in wanted:
            if kept := self._folder.kept(each.name, each.key):
                self._done[each.name] = kept
        left = [each for each in wanted if each.name not in self._done]
        self._folder.refuse(left, self._tasks.inputs, force=force)
        if left:
            self._folder.begin()
            with spread_over(*self._spread, able=self._tasks.able) as spreading, Progress() as progress:
                self._carry_out(spreading, progress)
        return [self._done[each.name] for each in wanted]

    def _carry_out(self, spreading: Spreading, progress: Progress) -> None:
        def tick() -> None:
            if self._stopped():
                raise StoppedError(f"{len(self._done)} of {self._all} are done; the same command goes on from there")
            spreading.check()
            progress.repeat(self._state())

        work = sized_and_quoted if self._tasks.quoting else sized
        entries = (self._tasks.entry(each) for each in self._tasks.listed if each.name not in self._done)
        for done in each_done(entries, work, executor=spreading.executor, ahead=spreading.ahead, tick=tick):
            self._done[done.outcome.name] = self._folder.keep(done)
            self._fresh += 1
            progress(self._state())

    @property
    def _all(self) -> int:
        return len(self._tasks.listed)

    def _state(self) -> str:
        """Return how far the run is, and about how long it takes still, in the language of the command."""
        failed, left = sum(each.figures is None for each in self._done.values()), self._all - len(self._done)
        seconds = (time.monotonic() - self._began) / self._fresh * left if left and self._fresh else None
        return talking.how_far(len(self._done), self._all, failed, seconds)
