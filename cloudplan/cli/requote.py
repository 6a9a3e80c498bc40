"""`cloudplan requote`: what `cloudplan diff PLAN` with newer inputs does, under the name that it had."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.analysis.changes import MadeT, Requote
from cloudplan.analysis.requote import requote as make_again
from cloudplan.base import kinds
from cloudplan.base.language import language
from cloudplan.catalog.loading import load_edition, load_shipped
from cloudplan.cli.options import (
    EachTimeLimit,
    Force,
    Gap,
    Output,
    PlanFile,
    QuoteDate,
    Shown,
    Term,
    Xlsx,
    target,
)
from cloudplan.cli.searching import optimised
from cloudplan.cli.verbs import commands
from cloudplan.plan.origin import Origin, edition_of, read_plan
from cloudplan.plan.plan import language_of
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.tables.requote import report, values
from cloudplan.presentation.workbook import write_quote
from cloudplan.prices.book import load_prices
from cloudplan.sales.quote import quote_of
from cloudplan.workload.phases import phases
from cloudplan.workload.reading import pinned_edition, read_workload

NewWorkload = Annotated[Path | None, typer.Option(help="The new workload; default: the plan's.")]
NewCatalog = Annotated[
    str | None, typer.Option(help="The new edition, or the folder of one's own; default: the plan's.")
]
NewPrices = Annotated[Path | None, typer.Option(help="The new price book; default: the plan's.")]


@commands.command(hidden=True)
def requote(
    plan: PlanFile,
    workload: NewWorkload = None,
    catalog: NewCatalog = None,
    prices: NewPrices = None,
    term: Term = None,
    date: QuoteDate = None,
    format: Shown = None,
    output: Output = None,
    new_plan: Annotated[Path | None, typer.Option("--plan", help="Also write the new plan as JSON.")] = None,
    xlsx: Xlsx = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Make a plan again with a newer workload, catalogue or price book, and split the difference by cause."""
    to = target(output, format, force=force, inputs=[plan, workload, prices], others=[new_plan, xlsx])
    solve = partial(optimised, gap=gap, time_limit=time_limit, date=date)
    change = made_again(read_plan(plan), plan, workload, catalog, prices, term, solve)
    others = {new_plan: change.after.to_json().encode()} if new_plan else {}
    if xlsx:
        made = quote_of(change.after, change.renewed)
        others[xlsx] = write_quote(made, language(language_of(change.after)))
    to.show(report(change), values(change), others)


def made_again(
    before: MadeT,
    name: Path,
    workload: Path | None,
    catalog: str | None,
    prices: Path | None,
    term: int | None,
    solve: Callable[[Origin], MadeT],
) -> Requote[MadeT]:
    """Return a plan or a roadmap, of a name, made again with what is new, and the difference split by cause."""
    pin = pinned_edition(workload) if workload else None
    if catalog:
        edition = load_edition(catalog)
    else:
        edition = edition_of(before, str(name)) if pin in (None, before.catalog.edition) else load_shipped(pin)
    if workload:
        wanted = read_workload(workload, edition, term_months=term, obey_pin=catalog is None)
        if isinstance(before, Roadmap):
            phases(wanted, edition)
    return make_again(
        before,
        workload=kinds.document(workload, kinds.WORKLOAD).tree if workload else None,
        edition=edition,
        prices=load_prices(prices, edition) if prices else None,
        term_months=term,
        solve=solve,
        name=str(name),
    )
