"""What a plan was made from: its inputs read again, and held against the hashes that it carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudplan.base import kinds, limits
from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.hashing import canonical_sha256
from cloudplan.base.schema import Model, found, validate
from cloudplan.base.yamlfile import Where, dotted, json_document
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import edition_from, editions, load_shipped, refuse_shipped_name
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.prices.book import PriceBook, load_prices
from cloudplan.workload.reading import Source, read_workload
from cloudplan.workload.workload import Workload

Made = Plan | Roadmap
"""A document that carries what it was made from."""


@dataclass(frozen=True, repr=False)
class Origin(Brief):
    """The workload, the edition and the price book that a plan or a roadmap is made from."""

    workload: Workload
    edition: Edition
    prices: PriceBook


def read_origin(
    workload: Source,
    prices: str | Path | Mapping[str, Any] | None,
    edition: Edition,
    term: int | None = None,
    *,
    obey_pin: bool = True,
) -> Origin:
    """Return a workload and a price book, read with an edition; raise BadInputError with the faults of both together.

    `term`, in months, and `obey_pin` are those of `read_workload`.
    """
    faults: list[Fault] = []
    wanted, book = None, None
    with gathered(faults):
        wanted = read_workload(workload, edition, term_months=term, obey_pin=obey_pin)
    with gathered(faults):
        book = load_prices(prices, edition)
    if wanted is None or book is None:
        raise BadInputError(faults)
    return Origin(wanted, edition, book)


def origin_for(
    asked: Workload | Made | Origin, edition: Edition | None = None, prices: PriceBook | None = None
) -> Origin:
    """Return what a question is asked about: a workload with edition and prices, or what a plan or roadmap carries.

    Without an edition a workload has the one that it was completed with, without prices the example that ships; of what
    is made already, `edition` and `prices` take the place of its own. Raises BadInputError for a workload of an edition
    that does not ship and was not given, and as `origin_of` does.
    """
    if isinstance(asked, Plan | Roadmap):
        asked = origin_of(asked)
    if isinstance(asked, Origin):
        return Origin(asked.workload, edition or asked.edition, prices or asked.prices)
    edition = edition or load_shipped(asked.catalog)
    return Origin(asked, edition, prices or load_prices(None, edition))


def read_plan(source: str | Path) -> Plan:
    """Read a plan from the JSON file that `size --format json` writes.

    Raises BadInputError with one fault for everything that is wrong.
    """
    return _read(source, Plan, kinds.PLAN)


def read_roadmap(source: str | Path) -> Roadmap:
    """Read a roadmap from the JSON file that `roadmap --format json` writes.

    Raises BadInputError with one fault for everything that is wrong.
    """
    return _read(source, Roadmap, kinds.ROADMAP)


def read_either(source: str | Path) -> Made:
    """Read a plan or a roadmap, whichever a file says it is; raise BadInputError as `read_plan` does."""
    return read_roadmap(source) if kinds.kind_of(Path(source)) == kinds.ROADMAP else read_plan(source)


def _read(source: str | Path, model: type[Model], kind: str) -> Model:
    faults: list[Fault] = []
    text = kinds.text(Path(source), limits.PLAN_BYTES, kind)
    made = validate(model, json_document(text, str(source), kinds.NAMES[kind]), faults)
    if made is None:
        raise BadInputError(faults)
    return made


def origin_of(plan: Made, name: str = "plan") -> Origin:
    """Return what a plan or roadmap was made from, out of its `inputs` alone; `name` stands for it in messages.

    Raises BadInputError when the inputs are not those whose hashes the plan carries.
    """
    edition = edition_of(plan, name)
    refuse_shipped_name(edition, f"{name}: inputs.catalog: ")
    origin = Origin(workload_of(plan, edition, name), edition, prices_of(plan, edition, name))
    refuse_others(plan, origin, name)
    return origin


def edition_of(plan: Made, name: str = "plan") -> Edition:
    """Return the edition of a plan: the one that it carries, else the one that ships and that its workload names.

    Raises BadInputError when there is none, and when the plan itself names none that ships.
    """
    if plan.inputs.catalog is None:
        named, pinned = load_shipped(plan.catalog.edition), plan.inputs.workload.get("catalog")
        return load_shipped(pinned) if isinstance(pinned, str) and pinned in editions() else named
    return edition_from(plan.inputs.catalog, f"{name}: inputs.catalog")


def workload_of(plan: Made, edition: Edition, name: str = "plan") -> Workload:
    """Return the workload that a plan carries; raise BadInputError when it is faulty or not complete."""
    standing = {} if plan.inputs.existing is None else {"existing": plan.inputs.existing}
    workload = read_workload({**plan.inputs.workload, **standing}, edition).with_given(plan.inputs.given)
    if workload.existing:
        _refuse_changed(plan.inputs.existing, workload.existing.canonical(), ("inputs", "existing"), name)
    if canonical_sha256(plan.inputs.workload) != workload.sha256:
        _refuse_changed(plan.inputs.workload, workload.canonical(), ("inputs", "workload"), name)
    if (workload.horizon is None) == isinstance(plan, Roadmap):
        message = "found a horizon where a plan is of one phase; leave it out"
        if isinstance(plan, Roadmap):
            message = "found no horizon where a roadmap has one"
        raise BadInputError([Fault(message, where=name, path="inputs.workload.horizon")])
    return workload


def prices_of(plan: Made, edition: Edition, name: str = "plan") -> PriceBook:
    """Return the price book that a plan carries; raise BadInputError when it is faulty or not complete."""
    prices = load_prices(plan.inputs.prices, edition)
    _refuse_changed(plan.inputs.prices, prices.canonical(), ("inputs", "prices"), name)
    return prices


def _refuse_changed(carried: Any, read: Any, where: Where, name: str) -> None:
    """Raise BadInputError at the first place where inputs are not written as the program writes them, complete."""
    if canonical_sha256(carried) == canonical_sha256(read):
        return
    if isinstance(carried, dict) and isinstance(read, dict):
        for key in [*read, *(key for key in carried if key not in read)]:
            _refuse_changed(carried.get(key), read.get(key), (*where, key), name)
    if isinstance(carried, list) and isinstance(read, list):
        for index, (one, other) in enumerate(zip(carried, read, strict=False)):
            _refuse_changed(one, other, (*where, index), name)
    message = f"found {found(carried)} where the inputs of a plan are complete; expected {found(read)}"
    raise BadInputError([Fault(message, where=name, path=dotted(where))])


def refuse_others(plan: Made, origin: Origin, name: str = "plan") -> None:
    """Raise BadInputError, with a fault for each, when inputs are not those that a plan was made from."""
    pairs = {
        "workload": (plan.workload.sha256, origin.workload.sha256),
        "catalog": (plan.catalog.sha256, origin.edition.sha256),
        "prices": (plan.prices.sha256, origin.prices.sha256),
    }
    faults = [
        Fault(f"the plan was made with {carried}, this is {given}", where=name, path=f"{what}.sha256")
        for what, (carried, given) in pairs.items()
        if carried != given
    ]
    if faults:
        raise BadInputError(faults)
