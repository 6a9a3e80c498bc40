"""`cloudplan verify`: a plan put into every rule again, a quote made again; any other file of ours, read strictly."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.analysis.recognised import kind_of
from cloudplan.base import kinds
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import load_edition
from cloudplan.cli.options import Force, Output, Shown, Target, refuse_options, target
from cloudplan.cli.searching import Limit, optimised, planned_over_time, with_amounts
from cloudplan.cli.verbs import commands
from cloudplan.evaluation.assumptions import computed_of
from cloudplan.plan.origin import Made, Origin, edition_of, prices_of, read_either, workload_of
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.tables import verify as tables
from cloudplan.prices.book import load_prices
from cloudplan.questions.verify import verify as verdict_of
from cloudplan.sales.terms import read_terms
from cloudplan.workload.phases import phase_of
from cloudplan.workload.reading import read_workload
from cloudplan.workload.workload import Workload

BROKEN = 4
"""The exit status when a rule is broken, or a field is not what follows from the rest."""


@commands.command(example="cloudplan verify plan.json")
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            help="A plan or a roadmap, ours, edited by hand or someone else's; a quote, as .xlsx, .pdf or .html; a "
            "workload, a price book, terms, the rules of an import, an inventory, the folder of an edition. - is stdin."
        ),
    ],
    workload: Annotated[Path | None, typer.Option(help="Check a plan for this workload; default: the plan's.")] = None,
    catalog: Annotated[
        str | None,
        typer.Option(help="Edition of the catalogue, or the folder of one's own; default: that of the file."),
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="Check a plan with this price book; default: the plan's.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Check whether a quote is of this plan or roadmap.")] = None,
    terms: Annotated[Path | None, typer.Option(help="Check whether a quote has these terms; with --plan.")] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Size a plan again, to check the lower bound, the status and the gap too.")
    ] = False,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """Put a plan's numbers into every rule and make its document again; status 4 when either differs.

    A quote is made again from what it carries; status 4 names every amount and text that differs. Any other file of
    ours: whether it is well-formed, and what is in it; status 2 when it is not.
    """
    to = target(output, format, force=force, inputs=[file, workload, prices, plan, terms])
    kind = kind_of(file)
    if kind == kinds.QUOTE:
        refuse_options("a plan", {"--workload": workload, "--catalog": catalog, "--prices": prices, "--prove": prove})
        return _verify_quote(file, plan, terms, to)
    refuse_options("a quote", {"--plan": plan, "--terms": terms})
    if kind in (kinds.PLAN, kinds.ROADMAP):
        return _verify_made(file, workload, catalog, prices, to, prove=prove)
    refuse_options("a plan or a roadmap", {"--workload": workload, "--prices": prices, "--prove": prove})
    if kind not in (kinds.WORKLOAD, kinds.PRICES):
        refuse_options("a plan, a workload or a price book", {"--catalog": catalog})
    return _verify_other(file, kind, catalog, to)


def _verify_made(
    file: Path, workload: Path | None, catalog: str | None, prices: Path | None, to: Target, *, prove: bool
) -> None:
    """Show the verdict on a plan or a roadmap."""
    read = read_either(file)
    edition = load_edition(catalog) if catalog else edition_of(read, str(file))
    wanted = _wanted(read, str(file), workload, catalog, edition)
    book = load_prices(prices, edition) if prices else prices_of(read, edition, str(file))
    verdict = verdict_of(
        read, wanted, edition, book, prove=prove, solve=partial(_made_again, made=read), name=str(file)
    )
    pairs = {
        "workload": (read.workload.sha256, wanted.sha256),
        "catalogue": (read.catalog.sha256, edition.sha256),
        "price book": (read.prices.sha256, book.sha256),
    }
    strangers = [what for what, (carried, given) in pairs.items() if carried != given]
    to.show(partial(tables.report, read, verdict, strangers), partial(tables.values, read, verdict, strangers))
    if not verdict.holds:
        raise typer.Exit(BROKEN)


def _verify_quote(file: Path, plan: Path | None, terms: Path | None, to: Target) -> None:
    """Show the verdict on the file of a quote, held against a plan and terms where these are given."""
    from cloudplan.presentation.tables import again as tables  # noqa: PLC0415 - a plan needs nothing that reads quotes
    from cloudplan.questions.verify_quote import verify_quote  # noqa: PLC0415

    read, agreed = read_either(plan) if plan else None, read_terms(terms) if terms else None
    again = verify_quote(file, read, agreed)
    to.show(tables.report(str(file), again), tables.values(str(file), again))
    if not again.holds:
        raise typer.Exit(BROKEN)


def _verify_other(file: Path, kind: str, catalog: str | None, to: Target) -> None:
    """Show what is in a file that is neither a plan nor a quote."""
    from cloudplan.analysis.contents import contents  # noqa: PLC0415 - a plan needs nothing that reads inventories
    from cloudplan.presentation.tables import contents as tables  # noqa: PLC0415

    found = contents(file, kind, catalog)
    to.show(tables.report(found), tables.values(found))


def _wanted(read: Made, name: str, given: Path | None, catalog: str | None, edition: Edition) -> Workload:
    """Return the workload to check with: the one of a file, else that of the plan or roadmap."""
    if given is None:
        if catalog is None:
            return workload_of(read, edition, name)
        standing = {} if read.inputs.existing is None else {"existing": read.inputs.existing}
        return read_workload({**read.inputs.workload, **standing}, edition, obey_pin=False)
    wanted = read_workload(given, edition, obey_pin=catalog is None)
    return phase_of(wanted, edition, read.workload.name) if isinstance(read, Plan) else wanted


def _made_again(origin: Origin, made: Made) -> Made:
    """Return the plan or roadmap of some inputs, with what it would cost otherwise if a plan tells that of itself."""
    if isinstance(made, Roadmap):
        return planned_over_time(origin, gap=0.0, time_limit=None)
    from cloudplan.optimiser.memory import Memory  # noqa: PLC0415 - slow to import, and most plans are not sized again

    memory = Memory()
    again = optimised(origin, gap=0.0, time_limit=None, memory=memory)
    if not computed_of(made.assumptions):
        return again
    return with_amounts(origin, again, memory, gap=0.0, limit=Limit(None))
