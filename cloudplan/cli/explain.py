"""`cloudplan explain`: where each figure of a plan comes from, or why a workload has no plan."""

import contextlib
from pathlib import Path
from typing import Annotated, Literal

import typer

from cloudplan.analysis.allocation import Spare
from cloudplan.analysis.licence_prices import licence_prices
from cloudplan.base import kinds
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import DASH
from cloudplan.cli import headroom as headroom_of
from cloudplan.cli import talking
from cloudplan.cli.inputs import read_plan_at
from cloudplan.cli.options import (
    EachTimeLimit,
    Force,
    Format,
    Gap,
    Output,
    PricesFile,
    Target,
    Term,
    WorkloadCatalog,
    deliver,
    refuse_options,
    target,
)
from cloudplan.cli.relax import relax
from cloudplan.cli.searching import one_after_the_other
from cloudplan.cli.values import A_MONTH, month
from cloudplan.cli.verbs import commands
from cloudplan.plan.origin import origin_of, read_roadmap
from cloudplan.presentation.table_csv import Dialect, csv_of
from cloudplan.presentation.tables import allocation
from cloudplan.presentation.tables import explain as tables
from cloudplan.presentation.tables import licence as licences
from cloudplan.questions.explain import licences_of
from cloudplan.sales.quote import Quote, unwritten, verified
from cloudplan.workload.workload import Growth


@commands.command(example="cloudplan explain plan.json erp-db")
def explain(
    file: Annotated[Path, typer.Argument(help="A plan or a roadmap, or a workload that has no plan; - is stdin.")],
    subject: Annotated[
        str | None,
        typer.Argument(
            help="Of a plan: a line (number or SKU), a rule, a VM, a cluster, a datastore or a licence; default: all."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="Of a plan: who pays for what, by group, pool, or the values of a tag (tag:application).",
        ),
    ] = None,
    spare: Annotated[
        Spare | None,
        typer.Option(help="With --by: VMs share spare hosts and headroom, or these stand apart. Default: shared."),
    ] = None,
    headroom: Annotated[
        bool, typer.Option("--headroom", help="Of a plan: what runs out first, and when; with --growth and --at.")
    ] = False,
    growth: Annotated[
        Growth | None,
        typer.Option(
            parser=headroom_of.growth,
            metavar="RATES",
            help="Growth a year, such as vms=0.1,storage=0.2, for --headroom.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            parser=month,
            metavar=A_MONTH,
            help="Of a roadmap: the phase that contains this month, default: the first. For --headroom: the month "
            "whose demand the plan is for.",
        ),
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option(
            parser=headroom_of.shape,
            metavar="SHAPE",
            help="Of a plan: how many more VMs of VCPUSxMEMORY or VCPUSxMEMORYxDISK (GiB) fit on what is there.",
        ),
    ] = None,
    site: Annotated[str | None, typer.Option(help="With --fit: their zone; default: the primary site.")] = None,
    pool: Annotated[str | None, typer.Option(help="With --fit: their pool; default: default.")] = None,
    storage_class: Annotated[
        str | None, typer.Option("--class", help="With --fit: the class of their disk; default: any flash class.")
    ] = None,
    workload: Annotated[Path | None, typer.Option(help="Of a plan: its workload file, to tell lines of it.")] = None,
    prices: PricesFile = None,
    catalog: WorkloadCatalog = None,
    term: Term = None,
    format: Annotated[
        Literal[Format, "csv"] | None,
        typer.Option(
            help="How the result is written, csv with --by; default: as the extension of the output says, else a table."
        ),
    ] = None,
    output: Output = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Explain a figure of a plan: its formula with numbers, the rule, the source, and the VMs that it comes from.

    Of a workload: say why there is no plan, the VMs in conflict, and the cheapest requirement to give up. It may take
    --prices, --catalog, --term, --gap and --time-limit, a plan may not.
    """
    to = target(output, format, force=force, inputs=[file, workload, prices], also={".csv": "csv"})
    if to.format == "csv" and by is None:
        raise BadInputError([Fault("csv is written only with --by", where="--format" if format else str(output))])
    kind = kinds.kind_of(file)
    if kind == kinds.WORKLOAD:
        refuse_options("a plan", {"SUBJECT": subject, "--by": by, "--spare": spare, "--workload": workload})
        refuse_options("a plan", {"--headroom": headroom or None, "--fit": fit})
        return relax(file, prices, catalog, term, format, output, force, gap, time_limit)
    asked = {"--prices": prices, "--catalog": catalog, "--term": term, "--gap": gap, "--time-limit": time_limit}
    refuse_options("a workload", asked)
    place = {name: value for name, value in (("site", site), ("pool", pool), ("class", storage_class)) if value}
    if not fit:
        refuse_options("--fit", {f"--{name}": value for name, value in place.items()})
    if not headroom:
        refuse_options("--headroom", {"--growth": growth})
    if not headroom and kind != kinds.ROADMAP:
        refuse_options("--headroom, or a roadmap", {"--at": at})
    if headroom or fit:
        refuse_options("neither --headroom nor --fit", {"SUBJECT": subject, "--by": by, "--workload": workload})
        plan = read_plan_at(file, at)
        if headroom and kind == kinds.ROADMAP:
            made = read_roadmap(file)
            horizon = origin_of(made, str(file)).workload.horizon
            growth = growth or (horizon.growth if horizon else None)
            at = made.phase_at(at or made.start).last
        if headroom and (growth is None or at is None):
            raise typer.BadParameter("--growth and --at are needed beside it", param_hint="--headroom")
        return headroom_of.show(to, plan, str(file), at, growth, fit, place)
    if by is not None and (subject or workload):
        raise BadInputError([Fault("allowed only without --by", where="SUBJECT" if subject else "--workload")])
    if by is None:
        refuse_options("--by", {"--spare": spare})
    origin, verdict, document = verified(read_plan_at(file, at))
    if by is not None:
        return _allocated(to, unwritten(document, origin), by, spare or "shared")
    if subject is not None and subject in licences_of(document) and not workload:
        found = licence_prices(origin, document, subject, one_after_the_other())
        licence = origin.prices.licences[subject]
        return to.show(licences.report(found, licence), licences.values(found, licence))
    report = tables.report(unwritten(document, origin), verdict, subject, _places(workload) if workload else {})
    return to.show(report, tables.values(report))


def _allocated(to: Target, quote: Quote, by: str, spare: Spare) -> None:
    """Show who pays for what."""
    if to.format == "csv":
        rows = allocation.rows(quote, by, spare)
        return deliver({to.output or DASH: csv_of(allocation.CSV, rows, talking.spoken(), Dialect.rfc4180)})
    shown = allocation.report(quote, by, spare)
    return to.show(shown, tables.values(shown))


def _places(workload: Path) -> dict[str, str]:
    """Return where each group stands in a workload file: file and line."""
    document = kinds.document(workload, kinds.WORKLOAD)
    places: dict[str, str] = {}
    with contextlib.suppress(KeyError, TypeError, AttributeError):
        for index, entry in enumerate(document.tree["vms"]):
            places[entry["name"]] = document.at(("vms", index)).rpartition(":")[0]
    if not places:
        raise BadInputError([document.fault(("vms",), "no VM groups; allowed: the workload of the plan")])
    return places
