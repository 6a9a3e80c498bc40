"""`cloudplan roadmap`: when to buy what."""

from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base import files
from cloudplan.base.language import language
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
    commands,
    refuse_options,
    target,
)
from cloudplan.cli.searching import Limit, planned_over_time
from cloudplan.cli.values import A_MONTH, month
from cloudplan.plan.plan import language_of
from cloudplan.presentation.tables import phases as phase_tables
from cloudplan.presentation.tables import roadmap as tables
from cloudplan.presentation.text import render_report
from cloudplan.workload.phases import phase_at, phases

YAML = "yaml"


@commands.command(
    question="When do I buy what?", example="cloudplan roadmap workload.yaml --prices prices.yaml -o roadmap.json"
)
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
    term: Term = None,
    date: QuoteDate = None,
    format: Shown = None,
    output: Output = None,
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
    also = {".yaml": YAML, ".yml": YAML} if at else {}
    to = target(output, format, force=force, inputs=[workload, prices, existing], also=also)
    if listed or at:
        asked = {"--prices": prices, "--existing": existing, "--term": term, "--date": date}
        refuse_options("neither --list nor --at", {**asked, "--gap": gap, "--time-limit": time_limit})
        wanted, edition = read_over_time(workload, catalog)
        if at is None:
            times = phases(wanted, edition)
            return to.show(phase_tables.report(wanted, times), phase_tables.values(wanted, times))
        tree, text = phase_tables.file_of(phase_at(wanted, edition, at), edition)
        return to.emit(files.json_text(tree) if to.format == "json" else text)
    with Limit(time_limit) as limit:
        origin, pin = read_over_all(workload, prices, catalog, term, existing)
    made = planned_over_time(origin, gap=gap, time_limit=limit.seconds_left, date=date, pinned=pin is not None)
    if to.format == "json":
        return to.emit(made.to_json())
    spoken = language(lang or language_of(made))
    return to.emit(render_report(tables.report(made), style=to.style, spoken=spoken, screen=to.screen))
