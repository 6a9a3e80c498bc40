"""`cloudplan roadmap`: when to buy what."""

from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cloudplan.analysis.growth_range import Between, in_turn
from cloudplan.analysis.growth_range import growth_range as growth_of
from cloudplan.analysis.planned_elsewhere import PlannedElsewhere
from cloudplan.base import files
from cloudplan.base.language import Language, language
from cloudplan.base.schema import decimal_of, misfit
from cloudplan.cli.inputs import read_over_all, read_over_time
from cloudplan.cli.options import (
    Force,
    Gap,
    Lang,
    Output,
    PricesFile,
    QuoteDate,
    Shown,
    Term,
    TimeLimit,
    WorkloadCatalog,
    WorkloadFile,
    refuse_options,
    target,
)
from cloudplan.cli.searching import Limit, planned_over_time
from cloudplan.cli.spreading import Scheduler, side_by_side
from cloudplan.cli.values import A_MONTH, month, whole
from cloudplan.cli.verbs import commands
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import language_of
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.tables import growth_range as range_tables
from cloudplan.presentation.tables import phases as phase_tables
from cloudplan.presentation.tables import roadmap as tables
from cloudplan.presentation.text import render_report
from cloudplan.workload.phases import phase_at, phases
from cloudplan.workload.workload import Growth

YAML = "yaml"
MOST_GROWTH = 10


def between(text: str) -> Between:
    """Read ranges of growth a year, such as vms=0.05..0.20,storage=0.1..0.3."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for part in text.split(","):
        name, _, ends = part.partition("=")
        low, high = (decimal_of(end) for end in ends.split("..")) if ends.count("..") == 1 else (None, None)
        known = name in Growth.model_fields and name not in found
        if not known or low is None or high is None or not 0 <= low <= high <= MOST_GROWTH:
            allowed = f"vms=LOW..HIGH, storage=LOW..HIGH, or both with a comma; shares a year from 0 to {MOST_GROWTH}"
            raise typer.BadParameter(misfit(text, allowed).message)
        found[name] = low, high
    return found


@commands.command(example="cloudplan roadmap workload.yaml --prices prices.yaml -o roadmap.json")
def roadmap(
    workload: WorkloadFile,
    prices: PricesFile = None,
    catalog: WorkloadCatalog = None,
    listed: Annotated[bool, typer.Option("--list", help="Only list the phases with their demand.")] = False,
    at: Annotated[
        str | None,
        typer.Option(
            parser=month,
            metavar=A_MONTH,
            help="Only write the workload of the phase that contains a month, as YAML or JSON.",
        ),
    ] = None,
    existing: Annotated[
        Path | None,
        typer.Option(help="A plan or roadmap that stands already: it is kept, or grows; in place of the workload's."),
    ] = None,
    growth_range: Annotated[
        Between | None,
        typer.Option(
            parser=between,
            metavar="RANGES",
            help="Instead: what each first order costs when growth is lower or higher, such as vms=0.05..0.20.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            parser=whole(1, 1000), metavar="NUMBER", help="Of --growth-range: processes; default: in turn, here."
        ),
    ] = None,
    scheduler: Scheduler = None,
    term: Term = None,
    date: QuoteDate = None,
    format: Shown = None,
    output: Output = None,
    xlsx: Annotated[
        Path | None,
        typer.Option(metavar="FILE.xlsx", help="Also the internal workbook: a column for each phase, with charts."),
    ] = None,
    lang: Lang = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: TimeLimit = None,
) -> None:
    """Find the cheapest plans for the phases of a workload with a horizon, all together, prove it, and print them.

    What was bought stays unless the horizon lets it shrink. --list and --at look at the phases without planning them.
    """
    if listed and at:
        raise typer.BadParameter("allowed: one of --list and --at", param_hint="--list")
    if not growth_range:
        refuse_options("--growth-range", {"--workers": workers, "--scheduler": scheduler})
    also = {".yaml": YAML, ".yml": YAML} if at else {}
    if xlsx is not None and xlsx.suffix.lower() != ".xlsx":
        raise typer.BadParameter("allowed: a name that ends in .xlsx", param_hint="--xlsx")
    to = target(output, format, force=force, inputs=[workload, prices, existing], others=[xlsx], also=also)
    if listed or at:
        asked = {
            "--growth-range": growth_range,
            "--prices": prices,
            "--existing": existing,
            "--term": term,
            "--date": date,
            "--xlsx": xlsx,
        }
        refuse_options("neither --list nor --at", {**asked, "--gap": gap, "--time-limit": time_limit})
        wanted, edition = read_over_time(workload, catalog)
        if at is None:
            times = phases(wanted, edition)
            return to.show(phase_tables.report(wanted, times), phase_tables.values(wanted, times))
        tree, text = phase_tables.file_of(phase_at(wanted, edition, at), edition)
        return to.emit(files.json_text(tree) if to.format == "json" else text)
    with Limit(time_limit) as limit:
        origin, pin = read_over_all(workload, prices, catalog, term, existing)
    if growth_range:
        refuse_options("neither --list, --at nor --growth-range", {"--xlsx": xlsx})
        limits: dict[str, Any] = {"gap": gap, "time_limit": limit.seconds_left, "pinned": pin is not None}
        with side_by_side(workers, scheduler) as spreading:
            each = in_turn(partial(planned_over_time, date=date, **limits))
            if spreading:
                on = date.date() if date else None
                each = PlannedElsewhere(spreading.executor, spreading.ahead, on=on, **limits).each
            found = growth_of(origin, growth_range, each)
        name, currency = origin.workload.name, origin.prices.currency
        return to.show(range_tables.report(name, currency, found), range_tables.values(name, found))
    made = planned_over_time(origin, gap=gap, time_limit=limit.seconds_left, date=date, pinned=pin is not None)
    spoken = language(lang or language_of(made))
    others = {xlsx: _workbook(made, origin, spoken)} if xlsx else {}
    if to.format == "json":
        return to.emit(made.to_json(), others)
    return to.emit(render_report(tables.report(made), style=to.style, spoken=spoken, screen=to.screen), others)


def _workbook(made: Roadmap, origin: Origin, spoken: Language) -> bytes:
    from cloudplan.presentation.workbook import write_quote  # noqa: PLC0415 - slow to import, and not for all
    from cloudplan.sales.phase_quotes import quote_of_roadmap  # noqa: PLC0415

    return write_quote(quote_of_roadmap(made, origin), spoken)
