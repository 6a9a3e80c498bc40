"""`cloudplan requote`: a plan made again with newer inputs, and why it costs what it costs now."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.analysis.requote import requote as make_again
from cloudplan.base import files, kinds
from cloudplan.base.language import language
from cloudplan.catalog.loading import load_edition, load_shipped
from cloudplan.cli.options import (
    EachTimeLimit,
    Force,
    Format,
    Gap,
    Output,
    PlanFile,
    QuoteDate,
    Term,
    Xlsx,
    commands,
    emit,
    optimised,
    text_of,
)
from cloudplan.plan.origin import edition_of, read_plan
from cloudplan.plan.plan import language_of
from cloudplan.presentation.tables.requote import report, values
from cloudplan.presentation.workbook import write_quote
from cloudplan.prices.book import load_prices
from cloudplan.sales.quote import quote_of
from cloudplan.workload.reading import pinned_edition, read_workload


@commands.command()
def requote(
    plan: PlanFile,
    workload: Annotated[Path | None, typer.Option(help="The new workload; default: the plan's.")] = None,
    catalog: Annotated[
        str | None, typer.Option(help="The new edition, or the folder of one's own; default: the plan's.")
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="The new price book; default: the plan's.")] = None,
    term: Term = None,
    date: QuoteDate = None,
    format: Annotated[Format, typer.Option(help="How the difference is printed.")] = "table",
    output: Output = None,
    new_plan: Annotated[Path | None, typer.Option("--plan", help="Also write the new plan as JSON.")] = None,
    xlsx: Xlsx = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Make a plan again with a newer workload, catalogue or price book, and split the difference by cause."""
    files.refuse_existing([output, new_plan, xlsx], force=force, inputs=[plan, workload, prices])
    before = read_plan(plan)
    pin = pinned_edition(workload) if workload else None
    if catalog:
        edition = load_edition(catalog)
    else:
        edition = edition_of(before, str(plan)) if pin in (None, before.catalog.edition) else load_shipped(pin)
    if workload:
        read_workload(workload, edition, term_months=term, obey_pin=catalog is None)
    change = make_again(
        before,
        workload=kinds.document(workload, kinds.WORKLOAD).tree if workload else None,
        edition=edition,
        prices=load_prices(prices, edition) if prices else None,
        term_months=term,
        solve=partial(optimised, gap=gap, time_limit=time_limit, date=date),
        name=str(plan),
    )
    others = {new_plan: change.after.to_json().encode()} if new_plan else {}
    if xlsx:
        made = quote_of(change.after, change.renewed)
        others[xlsx] = write_quote(made, language(language_of(change.after)), "internal")
    text = files.json_text(values(change)) if format == "json" else text_of(report(change), format)
    emit(text, output, others)
