"""Why? Of a plan: where a figure comes from, who pays for what, how long it lasts; of a workload: why there is none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from cloudplan.analysis import headroom as lasting
from cloudplan.analysis import relax
from cloudplan.analysis.allocation import Spare
from cloudplan.analysis.headroom import Fit, Resource
from cloudplan.analysis.licence_prices import licence_prices
from cloudplan.analysis.relax import NoPlan
from cloudplan.base.errors import BadInputError, NoPlanError
from cloudplan.base.schema import unknown
from cloudplan.catalog.edition import Edition
from cloudplan.plan.origin import Made, Origin, origin_of
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables import allocation
from cloudplan.presentation.tables import explain as tables
from cloudplan.presentation.tables import licence as licences
from cloudplan.presentation.tables.table import Report
from cloudplan.prices.book import PriceBook
from cloudplan.questions.asked import Asked, of_one_phase, plan_at
from cloudplan.sales.quote import unwritten, verified
from cloudplan.workload.workload import Growth

if TYPE_CHECKING:
    from cloudplan.optimiser.memory import Memory

LEAST_DISK_GIB = Decimal("0.001")
"""The disk of a VM of which none is told: next to none, for there is always one."""


def explain(
    made: Made, subject: str | None = None, *, at: str | None = None, by: str | None = None, spare: Spare = "shared"
) -> Report:
    """Return where the figures of a plan come from, or one of them: a line, rule, VM, cluster, datastore or licence.

    `by` tells instead who pays for what (``group``, ``pool``, ``tag:NAME``), where `spare` hosts and headroom are
    shared or stand apart. Of a roadmap it is the phase that contains the month `at`, by default the first. Raises
    BadInputError for an unknown subject, and when the plan breaks a rule.
    """
    origin, verdict, document = verified(plan_at(made, at))
    if by is not None:
        return allocation.report(unwritten(document, origin), by, spare)
    if subject is not None and subject in licences_of(document):
        found = licence_prices(origin, document, subject, _with_memory(0.0, None))
        return licences.report(found, origin.prices.licences[subject])
    return tables.report(unwritten(document, origin), verdict, subject, {})


def licences_of(plan: Plan) -> set[str]:
    """Return the licences that the VMs of a plan name, but for names that something else bears."""
    named = {name for group in plan.inputs.workload["vms"] for name in group.get("licences", [])}
    taken = {name for group in plan.inputs.workload["vms"] for name in (group["name"], *group["names"])}
    return named - taken - {cluster.name for cluster in plan.clusters} - {store.name for store in plan.datastores}


def why_no_plan(
    asked: Asked,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    *,
    gap: float = 0.0,
    time_limit: float | None = None,
    search: Callable[..., Plan] | None = None,
) -> NoPlan | None:
    """Return why a workload has no plan: the VMs in conflict, and the cheapest requirements to give up; None: it has.

    `search` makes a plan of inputs with the words `gap`, `time_limit` and `memory`, by default the cheapest. Raises
    BadInputError for faulty inputs, and TimeLimitError when time ran out before any plan was found.
    """
    made = partial(search or _searched, memory=_memory(), time_limit=time_limit)

    def feasible(inputs: Origin) -> bool:
        try:
            made(inputs, gap=1.0)
        except NoPlanError:
            return False
        return True

    return relax.why_no_plan(of_one_phase(asked, edition, prices), partial(made, gap=gap), feasible)


def headroom(plan: Plan, growth: Growth, month: str) -> tuple[Resource, ...]:
    """Return what runs out first under `growth`, and in which month; the plan is for the demand of `month`, YYYY-MM.

    Raises BadInputError when the inputs of the plan are not those that it was made from.
    """
    return lasting.headroom(origin_of(plan), plan, growth, month, _with_memory(0.0, None))


def fit(
    plan: Plan,
    vcpus: int,
    memory_gib: Decimal | int,
    disk_gib: Decimal | int | None = None,
    *,
    site: str | None = None,
    pool: str | None = None,
    storage_class: str | None = None,
) -> Fit:
    """Return how many more VMs of a shape fit on what stands, and that one more does not.

    Without a disk it is next to none; without `site` they stand at the primary one, without `pool` in the default one,
    without `storage_class` on any flash class. Raises BadInputError for a place that the plan does not have, and when
    its inputs are not those that it was made from.
    """
    origin, name = origin_of(plan), "x".join(str(each) for each in (vcpus, memory_gib, disk_gib) if each is not None)
    shape = {"vcpus": vcpus, "memory_gib": memory_gib, "disk_gib": LEAST_DISK_GIB if disk_gib is None else disk_gib}
    fields = {field: str(value) for field, value in shape.items()}
    asked = (("site", site), ("pool", pool), ("class", storage_class))
    place = {key: value for key, value in asked if value is not None}
    refuse_place(origin, plan, place)
    where = {"site": origin.workload.sites.primary, **place}
    return lasting.fit(origin, plan, fields, name, where, _with_memory(0.0, None))


def refuse_place(origin: Origin, plan: Plan, place: Mapping[str, str]) -> None:
    """Raise BadInputError for a site, pool or class that a plan does not have."""
    known: Mapping[str, tuple[str, Sequence[str]]] = {
        "site": ("zone", origin.edition.zones(origin.workload.region)),
        "pool": ("pool", sorted({cluster.pool for cluster in plan.clusters})),
        "class": ("storage class", list(origin.edition.storage_classes)),
    }
    for name, value in place.items():
        what, choices = known[name]
        if value not in choices:
            raise BadInputError([replace(unknown(what, value, choices), where=f"--{name}")])


def _with_memory(gap: float, time_limit: float | None) -> Callable[[Origin], Plan]:
    return partial(_searched, gap=gap, time_limit=time_limit, memory=_memory())


def _memory() -> "Memory":
    from cloudplan.optimiser.memory import Memory  # noqa: PLC0415 - slow to import, and few questions size again

    return Memory()


def _searched(inputs: Origin, *, gap: float, time_limit: float | None, memory: "Memory") -> Plan:
    from cloudplan.optimiser.optimise import optimise  # noqa: PLC0415 - slow to import, and few questions size again

    return optimise(inputs.workload, inputs.edition, inputs.prices, gap=gap, time_limit=time_limit, memory=memory)
