"""What a plan was made from: its inputs read again, and held against the hashes that it carries."""

import json
from dataclasses import dataclass
from pathlib import Path

from cloudplan.base import kinds, limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import validate
from cloudplan.base.yamlfile import Document, unique_keys
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import edition_from, load_edition
from cloudplan.plan.plan import Plan
from cloudplan.prices.book import PriceBook, load_prices
from cloudplan.workload.reading import read_workload
from cloudplan.workload.workload import Workload


@dataclass(frozen=True)
class Origin:
    """The workload, the edition and the price book that a plan is made from."""

    workload: Workload
    edition: Edition
    prices: PriceBook


def read_plan(source: str | Path) -> Plan:
    """Read a plan from the JSON file that `size --format json` writes.

    Raises BadInputError with one fault for everything that is wrong.
    """
    name = str(source)
    try:
        tree = json.loads(kinds.text(Path(source), limits.PLAN_BYTES, kinds.PLAN), object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise BadInputError([Fault(f"not a plan in JSON: {error}", where=name)]) from None
    faults: list[Fault] = []
    plan = validate(Plan, Document(tree, name), faults)
    if plan is None:
        raise BadInputError(faults)
    return plan


def origin_of(plan: Plan, name: str = "plan") -> Origin:
    """Return what a plan was made from, out of its `inputs` alone; `name` stands for the plan in messages.

    Raises BadInputError when the inputs are not those whose hashes the plan carries.
    """
    edition = edition_of(plan, name)
    origin = Origin(read_workload(plan.inputs.workload, edition), edition, load_prices(plan.inputs.prices, edition))
    refuse_others(plan, origin, name)
    return origin


def edition_of(plan: Plan, name: str = "plan") -> Edition:
    """Return the edition that a plan names, or carries when it is one's own."""
    if plan.inputs.catalog is None:
        return load_edition(plan.catalog.edition)
    return edition_from(plan.inputs.catalog, f"{name}: inputs.catalog")


def refuse_others(plan: Plan, origin: Origin, name: str = "plan") -> None:
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
