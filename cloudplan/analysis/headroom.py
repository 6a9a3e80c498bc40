"""How long what stands lasts: which hosts, activated memory and storage run out first, and how many more VMs fit.

Nothing is guessed: the demand of a month is sized on top of what stands, with the classes and mechanisms that the plan
chose, and what would have to be ordered then is what has run out. Of months and counts the first is looked for by
halves: demand only grows.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Literal

from cloudplan.analysis.breakpoints import first
from cloudplan.base.brief import Brief
from cloudplan.base.errors import NoPlanError
from cloudplan.base.units import MIB_PER_GIB, month_number, month_text
from cloudplan.evaluation.items import cost, decision_of, fixed_items, items
from cloudplan.evaluation.third_party import clusters_cost, licences_of_instances
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import GLOBAL_MIRROR, Plan
from cloudplan.plan.standing import existing_of
from cloudplan.rules.compute import included_gib
from cloudplan.rules.storage import least_lun_gib, load_of
from cloudplan.workload.case import Case, instances_at
from cloudplan.workload.phases import grown_by
from cloudplan.workload.reading import as_given, read_workload
from cloudplan.workload.workload import Growth, Workload

Solve = Callable[[Origin], Plan]
Place = tuple[str, str]
"""A site, and a pool or a class."""
Kind = Literal["blades", "memory", "storage"]

MONTHS = 120
"""Months that are looked ahead at most."""
MOST = 100_000
"""VMs more that are tried at most."""


@dataclass(frozen=True, repr=False)
class Resource(Brief):
    """Hosts, GiB of memory or GiB of storage at a place: used, there, and the first month in which they do not do.

    `runs_out` is None when they last for all months that are looked ahead.
    """

    kind: Kind
    place: Place
    used: int
    capacity: int
    runs_out: str | None


@dataclass(frozen=True, repr=False)
class Fit(Brief):
    """How many more VMs of a shape stand on what is there; whether it is proven that one more does not."""

    shape: str
    count: int
    proven: bool


def headroom(origin: Origin, plan: Plan, growth: Growth, month: str, solve: Solve) -> tuple[Resource, ...]:
    """Return what is used and there, and when each runs out; the plan is for the demand of a month, YYYY-MM."""
    standing = _capacity(origin, plan)
    used = _used(origin, plan)

    @cache
    def lacking(months: int) -> frozenset[tuple[Kind, Place]]:
        grown = grown_by(_pinned(origin, plan), origin.edition, growth, months)
        try:
            then = solve(Origin(grown, origin.edition, origin.prices))
        except NoPlanError:
            return frozenset(standing)
        return frozenset(place for place, there in _needed(origin, plan, then).items() if there > standing[place])

    found = []
    for place, capacity in standing.items():
        months = first(lambda months, place=place: place in lacking(months), MONTHS)  # type: ignore[misc]
        out = None if months is None else month_text(month_number(month) + months)
        found.append(Resource(*place, used.get(place, 0), capacity, out))
    return tuple(found)


def fit(origin: Origin, plan: Plan, shape: Mapping[str, Any], name: str, place: Mapping[str, str], solve: Solve) -> Fit:
    """Return how many more VMs of a shape stand on the hosts, activated GiB and LUNs of a plan as they are.

    `shape` are the fields of their group, `name` what the shape is called, `place` its site, pool and class.
    """
    standing = _capacity(origin, plan)
    tree = as_given(_pinned(origin, plan), origin.edition)
    taken = {group["name"] for group in tree["vms"]} | {each for group in origin.workload.vms for each in group.names}
    own = next(each for number in range(len(taken) + 1) if (each := f"fit-{number}") not in taken)

    def workload(count: int) -> Workload:
        disk = {"size_gib": shape["disk_gib"], **({"class": place["class"]} if "class" in place else {})}
        where = {key: value for key, value in place.items() if key != "class"}
        group = {"name": own, "count": count, "vcpus": shape["vcpus"], "memory_gib": shape["memory_gib"], **where}
        return read_workload(
            {**tree, "catalog": origin.edition.edition, "vms": [*tree["vms"], {**group, "disks": [disk]}]},
            origin.edition,
            obey_pin=False,
        )

    @cache
    def sized(count: int) -> Plan | None:
        try:
            return solve(Origin(workload(count), origin.edition, origin.prices))
        except NoPlanError:
            return None

    def fits(count: int) -> bool:
        if count == 0:
            return True
        then = sized(count)
        return then is not None and all(
            there <= standing.get(place, 0) for place, there in _needed(origin, plan, then).items()
        )

    high = 1
    while high <= MOST and fits(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return Fit(name, low, _proven(origin, plan, workload(low + 1), sized(low + 1)))


def _proven(origin: Origin, plan: Plan, workload: Workload, then: Plan | None) -> bool:
    """Return whether a demand is proven to need more than what stands: no plan for it costs as little as that."""
    if then is None:
        return True
    case = Case.of(workload, origin.edition, origin.prices)
    amount = Fraction(cost(case, items(case, decision_of(case, plan.choice)))) + Fraction(cost(case, fixed_items(case)))
    amount += licences_of_instances(case) + clusters_cost(case, plan.clusters)
    clusters = decision_of(case, plan.choice.model_copy(update={"datastores": (), "protection": {}}))
    return Fraction(then.lower_bound) > amount - Fraction(cost(case, items(case, clusters)))


def _pinned(origin: Origin, plan: Plan) -> Workload:
    """Return the workload with what the plan chose for its disks and mechanisms, on what stands."""
    tree = as_given(origin.workload, origin.edition)
    classes = {(placed.vm, placed.disk): store.storage_class for store in plan.datastores for placed in store.disks}
    for group in tree["vms"]:
        for number, disk in enumerate(group["disks"]):
            disk["class"] = classes[group["name"], number]
        if group["name"] in plan.protection:
            group["protection"] = {**group["protection"], "mechanism": plan.protection[group["name"]]}
    tree |= {"catalog": origin.edition.edition, "existing": existing_of(plan).canonical()}
    return read_workload(tree, origin.edition, obey_pin=False)


def _capacity(origin: Origin, plan: Plan) -> dict[tuple[Kind, Place], int]:
    """Return hosts and activated GiB by site and pool, GiB by site and class."""
    return _needed(origin, plan, plan)


def _needed(origin: Origin, before: Plan, plan: Plan) -> dict[tuple[Kind, Place], int]:
    """Return the same of a plan on top of another; memory that comes with hosts more is not counted."""
    found: Counter[tuple[Kind, Place]] = Counter()
    stood = {cluster.name: cluster.hosts for cluster in before.clusters}
    for cluster in plan.clusters:
        place = cluster.site, cluster.pool
        more = cluster.hosts - min(cluster.hosts, stood.get(cluster.name, 0))
        found["blades", place] += cluster.hosts
        found["memory", place] += cluster.memory_gib - included_gib(origin.edition) * more
    for store in plan.datastores:
        found["storage", (store.site, store.storage_class)] += store.size_gib
    return dict(found)


def _used(origin: Origin, plan: Plan) -> dict[tuple[Kind, Place], int]:
    """Return hosts loaded or spare, GiB that VMs need activated, GiB that disks and swap files need."""
    case = Case.of(origin.workload, origin.edition, origin.prices)
    found: Counter[tuple[Kind, Place]] = Counter()
    memory_mib: Counter[Place] = Counter()
    for cluster in plan.clusters:
        place = cluster.site, cluster.pool
        found["blades", place] += len(cluster.placement) + (cluster.spare_hosts if cluster.placement else 0)
        for host in cluster.placement:
            for name, count in host.items():
                group = origin.workload.groups[name]
                memory_mib[place] += count * instances_at(origin.workload, group, cluster.site).memory_mib
    ceiling = Fraction(origin.workload.policy.memory_ceiling) * MIB_PER_GIB
    for place, used_mib in memory_mib.items():
        found["memory", place] = -(-used_mib * ceiling.denominator // ceiling.numerator)
    for store in plan.datastores:
        if store.disks or store.vswp:
            item, mirrored = case.edition.storage_classes[store.storage_class], store.replication == GLOBAL_MIRROR
            size_gib = least_lun_gib(case, item, load_of(case, store), mirrored=mirrored)
            found["storage", (store.site, store.storage_class)] += size_gib or 0
    return dict(found)
