"""`cloudplan size`: the cheapest plan of a workload."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base.language import Language, language
from cloudplan.catalog.loading import load_edition
from cloudplan.cli.inputs import read_inputs
from cloudplan.cli.options import (
    AtMonth,
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
    Xlsx,
    target,
)
from cloudplan.cli.searching import Limit, optimised, with_amounts
from cloudplan.cli.verbs import commands
from cloudplan.optimiser.memory import Memory
from cloudplan.plan.origin import Origin, origin_of, read_plan, refuse_others
from cloudplan.plan.plan import Plan, language_of
from cloudplan.presentation.text import render_plan
from cloudplan.prices.book import load_prices
from cloudplan.workload.phases import phase_of, sized_alone
from cloudplan.workload.reading import read_workload


@commands.command(
    example="cloudplan size workload.yaml --prices prices.yaml -o plan.json",
)
def size(
    workload: Annotated[
        Path | None,
        typer.Argument(help="The workload file (YAML or JSON); - is stdin; with --locked: the plan's."),
    ] = None,
    prices: PricesFile = None,
    catalog: WorkloadCatalog = None,
    locked: Annotated[
        Path | None, typer.Option(help="A plan: what is not given comes from it, what is given must be what it has.")
    ] = None,
    term: Term = None,
    at: AtMonth = None,
    existing: Annotated[
        Path | None,
        typer.Option(help="A plan or roadmap that stands already: it is kept, or grows; in place of the workload's."),
    ] = None,
    date: QuoteDate = None,
    format: Shown = None,
    output: Output = None,
    xlsx: Xlsx = None,
    lang: Lang = None,
    force: Force = False,
    resting: Annotated[
        bool, typer.Option("--assumptions", help="Also size the plan as if each of its assumptions did not hold.")
    ] = False,
    gap: Gap = 0.0,
    time_limit: TimeLimit = None,
) -> None:
    """Find the cheapest plan of a workload, prove it, and print it."""
    if workload is None and locked is None:
        raise typer.BadParameter("a workload file is needed, or --locked with a plan", param_hint="WORKLOAD")
    to = target(output, format, force=force, inputs=[workload, prices, locked, existing], others=[xlsx])
    with Limit(time_limit) as limit:
        if locked:
            pin, origin = None, _locked(locked, workload, prices, catalog, term, at)
        else:
            assert workload is not None
            origin, pin = read_inputs(workload, prices, catalog, term, at, existing)
    pinned = pin is not None or locked is not None
    memory = Memory()
    plan = optimised(origin, gap=gap, time_limit=limit.seconds_left, date=date, pinned=pinned, memory=memory)
    if resting:
        plan = with_amounts(origin, plan, memory, gap, limit)
    spoken = language(lang or language_of(plan))
    shown = partial(render_plan, plan, origin.workload, spoken, to.style, to.screen)
    others = {xlsx: _workbook(plan, origin, spoken)} if xlsx else {}
    to.emit(plan.to_json() if to.format == "json" else shown(), others)


def _workbook(plan: Plan, origin: Origin, spoken: Language) -> bytes:
    from cloudplan.presentation.workbook import write_quote  # noqa: PLC0415 - slow to import, and hidden
    from cloudplan.sales.quote import quote_of  # noqa: PLC0415

    return write_quote(quote_of(plan, origin), spoken)


def _locked(
    locked: Path, workload: Path | None, prices: Path | None, catalog: str | None, term: int | None, at: str | None
) -> Origin:
    """Return what a plan was made from; refuse a run in which any of it is something else."""
    plan = read_plan(locked)
    origin = origin_of(plan, str(locked))
    edition = load_edition(catalog) if catalog else origin.edition
    wanted = origin.workload
    if workload or catalog or term or at:
        tree = workload or plan.inputs.workload
        wanted = read_workload(tree, edition, term_months=term, obey_pin=catalog is None)
        wanted = sized_alone(wanted, edition, at) if at else phase_of(wanted, edition, plan.workload.name)
    given = Origin(wanted, edition, load_prices(prices, edition) if prices else origin.prices)
    refuse_others(plan, given, str(locked))
    return given
