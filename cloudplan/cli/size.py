"""`cloudplan size`: the cheapest plan of a workload."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from cloudplan import files, yamlfile
from cloudplan.catalog import Edition
from cloudplan.cli.options import (
    Catalog,
    Force,
    Format,
    Gap,
    Lang,
    Output,
    QuoteDate,
    Term,
    TimeLimit,
    Xlsx,
    emit,
    optimised,
    text_of,
)
from cloudplan.editions import editions, load_edition
from cloudplan.errors import BadInputError, Fault, gathered
from cloudplan.pinning import Origin, origin_of, read_plan, refuse_others
from cloudplan.prices import load_prices
from cloudplan.reading import Source, pinned_edition, read_workload
from cloudplan.workbook import write_workbook


def size(
    workload: Annotated[
        Path | None, typer.Argument(help="The workload file (YAML or JSON); with --locked, default: the plan's.")
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="The price book; without it the shipped example, marked illustrative.")
    ] = None,
    catalog: Catalog = None,
    locked: Annotated[
        Path | None, typer.Option(help="A plan: what is not given comes from it, what is given must be what it has.")
    ] = None,
    term: Term = None,
    date: QuoteDate = None,
    format: Annotated[Format, typer.Option(help="How the plan is printed.")] = Format.table,
    output: Output = None,
    xlsx: Xlsx = None,
    lang: Lang = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: TimeLimit = None,
) -> None:
    """Find the cheapest plan of a workload, prove it, and print it."""
    if workload is None and locked is None:
        raise typer.BadParameter("a workload file is needed, or --locked with a plan", param_hint="WORKLOAD")
    files.refuse_existing([output, xlsx], force=force, inputs=[workload, prices, locked])
    if locked:
        pin, origin = None, _locked(locked, workload, prices, catalog, term)
    else:
        assert workload is not None
        origin, pin = read_inputs(workload, prices, catalog, term)
    plan = optimised(origin, gap=gap, time_limit=time_limit, date=date, pinned=pin is not None or locked is not None)
    text = plan.to_json() if format is Format.json else text_of(plan, format, lang)
    emit(text, output, {xlsx: write_workbook(plan, lang=lang.value if lang else None)} if xlsx else {})


def read_inputs(
    workload: Path, prices: Path | None, catalog: str | None, term: int | None
) -> tuple[Origin, str | None]:
    """Return a workload, its edition and prices, and the edition that was asked for, if one was."""
    source = _read_once(workload)
    pin = catalog or _pin(source)
    return _read(source, prices, load_edition(pin), term, obey_pin=catalog is None), pin


def _read_once(workload: Path) -> Source:
    """Return a workload file as read; one that is faulty stays a file, to be told of with the faults of the prices."""
    with contextlib.suppress(BadInputError):
        return yamlfile.read(workload)
    return workload


def _pin(workload: Source) -> str | None:
    """Return the edition that a workload names, if it can be loaded; faults are told when the workload is read."""
    with contextlib.suppress(BadInputError):
        pin = pinned_edition(workload)
        if pin and (pin in editions() or Path(pin).is_dir()):
            return pin
    return None


def _locked(locked: Path, workload: Path | None, prices: Path | None, catalog: str | None, term: int | None) -> Origin:
    """Return what a plan was made from; refuse a run in which any of it is something else."""
    plan = read_plan(locked)
    origin = origin_of(plan, str(locked))
    edition = load_edition(catalog) if catalog else origin.edition
    given = Origin(
        workload=read_workload(workload or plan.inputs.workload, edition, term_months=term, obey_pin=catalog is None),
        edition=edition,
        prices=load_prices(prices, edition) if prices else origin.prices,
    )
    refuse_others(plan, given, str(locked))
    return given


def _read(workload: Source, prices: Path | None, edition: Edition, term: int | None, *, obey_pin: bool) -> Origin:
    """Read both inputs; the faults of both are reported together."""
    faults: list[Fault] = []
    wanted, book = None, None
    with gathered(faults):
        wanted = read_workload(workload, edition, term_months=term, obey_pin=obey_pin)
    with gathered(faults):
        book = load_prices(prices, edition)
    if wanted is None or book is None:
        raise BadInputError(faults)
    return Origin(wanted, edition, book)
