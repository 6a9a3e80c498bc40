"""The inputs that commands read: a workload, its edition and its prices, the faults of all told together."""

import contextlib
from dataclasses import replace
from pathlib import Path

from cloudplan.base import kinds
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.yamlfile import Document
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import load_edition
from cloudplan.plan.origin import Origin, read_either, read_origin
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.plan.standing import existing_of
from cloudplan.questions.asked import plan_at
from cloudplan.workload.phases import sized_alone
from cloudplan.workload.reading import Source, read_workload, shipped_pin
from cloudplan.workload.workload import Workload


def read_inputs(
    workload: Path,
    prices: Path | None,
    catalog: str | None,
    term: int | None,
    at: str | None = None,
    existing: Path | None = None,
) -> tuple[Origin, str | None]:
    """Return a workload, its edition and prices, and the edition that was asked for, if one was.

    Of a workload with a horizon it is the phase that contains the month `at`, by default the first. What `existing`, a
    plan or a roadmap, leaves standing takes the place of what the workload says of that. Raises BadInputError with the
    faults of workload and prices together.
    """
    origin, pin = read_over_all(workload, prices, catalog, term, existing)
    wanted = sized_alone(origin.workload, origin.edition, at)
    if existing and wanted.existing is None:
        message = "what stands is of the first phase; write this one with roadmap --at, and size that"
        raise BadInputError([Fault(message, where=str(existing))])
    return replace(origin, workload=wanted), pin


def read_over_all(
    workload: Path, prices: Path | None, catalog: str | None, term: int | None, existing: Path | None
) -> tuple[Origin, str | None]:
    """Return a workload as it is, with its horizon if it has one, and the rest as `read_inputs` does.

    Raises BadInputError as that does.
    """
    source = _read_once(workload)
    if existing and isinstance(source, Document):
        source = _beside(source, existing)
    pin = catalog or shipped_pin(source)
    return read_origin(source, prices, load_edition(pin), term, obey_pin=catalog is None), pin


def read_plan_at(file: Path, at: str | None) -> Plan:
    """Return a plan; of a roadmap that of the phase that contains a month, by default of the first.

    Raises BadInputError for a month outside the horizon.
    """
    return plan_at(read_either(file), at)


def read_over_time(workload: Path, catalog: str | None) -> tuple[Workload, Edition]:
    """Return a workload with its horizon, and its edition; raise BadInputError for what is wrong with it."""
    source = _read_once(workload)
    edition = load_edition(catalog or shipped_pin(source))
    return read_workload(source, edition, obey_pin=catalog is None), edition


def _read_once(workload: Path) -> Source:
    """Return a workload file as read; one that is faulty stays a file, to be told of with the faults of the prices."""
    with contextlib.suppress(BadInputError):
        return kinds.document(workload, kinds.WORKLOAD)
    return workload


def _beside(workload: Document, existing: Path) -> Document:
    """Return a workload with what a plan leaves standing; whether it is kept stays as the workload says.

    Of a roadmap it is the phase that contains the start of the workload's horizon, else the last.
    """
    tree = workload.tree if isinstance(workload.tree, dict) else {}
    made = read_either(existing)
    if isinstance(made, Roadmap):
        horizon = tree.get("horizon")
        start = horizon.get("start") if isinstance(horizon, dict) else None
        made = made.phase_at(start if isinstance(start, str) else None).plan
    stands = existing_of(made).canonical()
    said = tree.get("existing")
    if isinstance(said, dict) and "keep" in said:
        stands["keep"] = said["keep"]
    files = {**workload.files, "existing": str(existing)}
    return replace(workload, tree={**tree, "existing": stands}, files=files)
