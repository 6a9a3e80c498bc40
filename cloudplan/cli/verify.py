"""`cloudplan verify`: a plan, whoever made it, put into every rule again."""

from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base import files
from cloudplan.catalog.loading import load_edition
from cloudplan.cli.options import Force, Format, Output, PlanCatalog, commands, emit, optimised, text_of
from cloudplan.evaluation.verify import proved
from cloudplan.evaluation.verify import verify as verdict_of
from cloudplan.plan.origin import Origin, edition_of, prices_of, read_plan, workload_of
from cloudplan.presentation.tables import verify as tables
from cloudplan.prices.book import load_prices
from cloudplan.workload.reading import read_workload

BROKEN = 4
"""The exit status when a rule is broken, or a field is not what follows from the rest."""


@commands.command()
def verify(
    plan: Annotated[Path, typer.Argument(help="The plan, ours, edited by hand or someone else's, as JSON.")],
    workload: Annotated[Path | None, typer.Option(help="Check it for this workload; default: the plan's.")] = None,
    catalog: PlanCatalog = None,
    prices: Annotated[Path | None, typer.Option(help="Check it with this price book; default: the plan's.")] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Size again, to check the lower bound, the status and the gap too.")
    ] = False,
    format: Annotated[Format, typer.Option(help="How the verdict is printed.")] = "table",
    output: Output = None,
    force: Force = False,
) -> None:
    """Put a plan's numbers into every rule and make its document again; status 4 when either differs."""
    files.refuse_existing([output], force=force, inputs=[plan, workload, prices])
    read = read_plan(plan)
    edition = load_edition(catalog) if catalog else edition_of(read, str(plan))
    if workload:
        wanted = read_workload(workload, edition, obey_pin=catalog is None)
    elif catalog:
        wanted = read_workload(read.inputs.workload, edition, obey_pin=False)
    else:
        wanted = workload_of(read, edition, str(plan))
    book = load_prices(prices, edition) if prices else prices_of(read, edition, str(plan))
    verdict = verdict_of(read, wanted, edition, book)
    if prove and verdict.holds:
        again = optimised(Origin(wanted, edition, book), gap=0.0, time_limit=None)
        verdict = proved(verdict, read, again)
    pairs = {
        "workload": (read.workload.sha256, wanted.sha256),
        "catalogue": (read.catalog.sha256, edition.sha256),
        "price book": (read.prices.sha256, book.sha256),
    }
    strangers = [what for what, (carried, given) in pairs.items() if carried != given]
    if format == "json":
        emit(files.json_text(tables.values(read, verdict, strangers)), output)
    else:
        emit(text_of(tables.report(read, verdict, strangers), format), output)
    if not verdict.holds:
        raise typer.Exit(BROKEN)
