"""Compute rules: what a host holds, what a cluster may be.

Host rules are dimensions: what one instance needs, what one blade offers. Plan rules are inequalities over one cluster,
or over like clusters of one blade type taken together. A placement is walked host by host.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.base.units import MIB_PER_GIB
from cloudplan.catalog.edition import Blade, Edition
from cloudplan.rules.certifications import CRT_1, certified
from cloudplan.rules.rule import COUNT, COUNT_OR_ZERO, FIRST, Check, Inequality, Linear, Rule, exact, one_of
from cloudplan.workload.case import Case, Instances
from cloudplan.workload.workload import VmGroup

CPU_1 = Rule(
    "CPU-1",
    "Cores of a host",
    "On one host, sum of vCPUs / vcpu_per_core <= physical cores of the blade.",
    "host",
    {"vcpu_per_core": exact},
    since=FIRST,
)
CPU_2 = Rule("CPU-2", "Threads for one VM", "vCPUs of a VM <= hardware threads of the blade.", "choice", since=FIRST)
CPU_3 = Rule("CPU-3", "Base frequency", "min_ghz of a VM <= base frequency of the blade.", "choice", since=FIRST)
GPU_1 = Rule("GPU-1", "GPUs of a host", "On one host, sum of GPUs <= GPUs of the blade.", "host", since=FIRST)
BLADES = Rule(
    "policy.blades", "Allowed blades", "The blade is in the allow-lists of the policy and the group.", "choice"
)
MEM_1 = Rule(
    "MEM-1",
    "Activated memory of a cluster",
    "In whole GiB: hosts x included_gib_per_blade <= activated memory <= hosts x (physical - host_memory_reserve_gib).",
    "plan",
    {"included_gib_per_blade": COUNT_OR_ZERO, "host_memory_reserve_gib": COUNT_OR_ZERO},
    since=FIRST,
)
MEM_2 = Rule(
    "MEM-2",
    "Memory ceiling of a cluster",
    "Sum of memory of its VMs <= ceiling x activated memory.",
    "plan",
    {"ceiling": exact},
    since=FIRST,
)
MEM_3 = Rule(
    "MEM-3",
    "Memory ceiling of a host",
    "On every loaded host, sum of memory <= ceiling x usable memory of the blade.",
    "host",
    since=FIRST,
)
MEM_4 = Rule(
    "MEM-4",
    "Memory model",
    "base128_plus_memory bills what is activated beyond what blades include; included_full includes it all.",
    "plan",
    {"memory_model": one_of("base128_plus_memory", "included_full"), "contradicted": one_of("true", "false")},
    since=FIRST,
)
HOM_1 = Rule(
    "HOM-1", "Like hosts", "A cluster has one blade type, one site, one pool, one tenant.", "construction", since=FIRST
)
MAX_1 = Rule(
    "MAX-1",
    "Hosts of a cluster",
    "hosts <= hosts_max; more demand means more clusters.",
    "plan",
    {"hosts_max": COUNT},
    since=FIRST,
)
MAX_CLUSTERS = Rule(
    "policy.max_clusters", "Clusters of a site", "Clusters at a site, all pools together, <= max_clusters.", "plan"
)
HA_1 = Rule(
    "HA-1",
    "Any f hosts can be lost",
    "All VM instances of a cluster fit, whole, on hosts - host_failures hosts: loaded hosts + f <= hosts.",
    "plan",
    {"host_failures": COUNT_OR_ZERO},
    since=FIRST,
)
HA_2 = Rule("HA-2", "Hosts for the SLA", "host_failures + 1 <= hosts.", "plan", {"hosts_for_sla": COUNT}, since=FIRST)
AFF_1 = Rule("AFF-1", "Affinity", "Members of an affinity group that stand at the same site share one host.", "host")
AFF_2 = Rule("AFF-2", "Anti-affinity", "No two members of an anti-affinity group share a host.", "host")

RULES = (
    *(CPU_1, CPU_2, CPU_3, GPU_1, MEM_1, MEM_2, MEM_3, MEM_4, HOM_1, MAX_1, HA_1, HA_2, AFF_1, AFF_2),
    *(BLADES, MAX_CLUSTERS),
)


@dataclass(frozen=True)
class Dimension:
    """A resource of a host: what one instance needs of it, what one blade offers, both in `unit`.

    Blades are described in units of `whole`, such as 1024 MiB. Of a resource with `few`, such as GPUs, a host offers no
    more than a handful.
    """

    rule: Rule
    unit: str
    need: Callable[[Instances], Fraction | int]
    offer: Callable[[Case, Blade], Fraction]
    whole: int = 1
    few: bool = False


def usable_gib(case: Case, blade: Blade) -> int:
    """Return the memory of a blade that VMs can have: physical less the hypervisor's reserve (MEM-1)."""
    return max(0, blade.ram_gib - case.workload.policy.host_memory_reserve_gib)


CORES = Dimension(CPU_1, "cores", lambda item: item.cores, lambda case, blade: Fraction(blade.cores))
MEMORY = Dimension(
    MEM_3,
    "MiB",
    lambda item: item.memory_mib,
    lambda case, blade: Fraction(case.workload.policy.memory_ceiling) * usable_gib(case, blade) * MIB_PER_GIB,
    whole=MIB_PER_GIB,
)
GPUS = Dimension(GPU_1, "GPUs", lambda item: item.group.gpus, lambda case, blade: Fraction(blade.gpus), few=True)
DIMENSIONS = (CORES, MEMORY, GPUS)
"""What is counted on a host. Every module that counts walks `dimensions`; a further one is a line here."""


def dimensions(case: Case) -> tuple[Dimension, ...]:
    """Return the dimensions of a host whose rule stands in the edition of a case."""
    return case.once(dimensions, lambda: tuple(entry for entry in DIMENSIONS if entry.rule.stands_in(case.edition)))


def capacity(case: Case, blade: str) -> tuple[Fraction, ...]:
    """Return what one blade offers in each dimension."""
    offers = case.edition.blades[blade]
    return case.once((capacity, blade), lambda: tuple(entry.offer(case, offers) for entry in dimensions(case)))


def needs(case: Case, items: Iterable[tuple[Instances, int]]) -> tuple[Fraction, ...]:
    """Return what some instances of groups need together in each dimension."""
    counts = list(items)
    return tuple(Fraction(0) + sum(entry.need(item) * count for item, count in counts) for entry in dimensions(case))


def room(case: Case, blade: str, used: Iterable[Fraction], place: str) -> Iterator[Inequality]:
    """Yield what a host of a blade type must keep in each dimension, `used` by the VMs on it."""
    for entry, need, offer in zip(dimensions(case), used, capacity(case, blade), strict=True):
        yield entry.rule.at_most(need, offer, place, entry.unit)


@dataclass(frozen=True)
class Fit:
    """What one instance asks of a blade type, whatever else runs there; `asked` is all of it that this looks at."""

    rule: Rule
    check: Callable[[Case, Instances, str], Check]
    asked: Callable[[VmGroup], Hashable]


def _threads(case: Case, item: Instances, blade: str) -> Check:
    return CPU_2.at_most(item.group.vcpus, case.edition.blades[blade].threads, item.group.name, "threads")


def _frequency(case: Case, item: Instances, blade: str) -> Check:
    return CPU_3.at_most(item.group.min_ghz, case.edition.blades[blade].base_ghz, item.group.name, "GHz")


def _included(case: Case, item: Instances, blade: str) -> Check:
    most_gib = usable_gib(case, case.edition.blades[blade])
    return MEM_1.at_most(included_gib(case.edition), most_gib, item.group.name, "GiB")


def _allowed(case: Case, item: Instances, blade: str) -> Check:
    allowed = blade in item.group.blades and blade in case.workload.policy.blades
    return BLADES.require(allowed, item.group.name, f"{blade} is not in the list of allowed blades")


def _certified(case: Case, item: Instances, blade: str) -> Check:
    return certified(case, f"blades.{blade}", item.group.name)


FITS = (
    Fit(CPU_2, _threads, lambda group: group.vcpus),
    Fit(CPU_3, _frequency, lambda group: group.min_ghz),
    Fit(MEM_1, _included, lambda group: None),
    Fit(BLADES, _allowed, lambda group: group.blades),
    Fit(CRT_1, _certified, lambda group: None),
)


def fit_of_one(case: Case, item: Instances, blade: str) -> Iterator[Check]:
    """Yield what one instance asks of a blade type, whatever else runs there (CPU-2, CPU-3, MEM-1, allow-lists)."""
    return (fit.check(case, item, blade) for fit in FITS if fit.rule.stands_in(case.edition))


def asked_of_blade(item: Instances) -> Hashable:
    """Return all that `fit_of_one` looks at of an instance: those that ask the same fit the same blade types."""
    return tuple(fit.asked(item.group) for fit in FITS)


def included_gib(edition: Edition) -> int:
    """Return the memory that is active in a blade at delivery (MEM-1)."""
    return int(MEM_1.figure(edition, "included_gib_per_blade"))


def hosts_max(edition: Edition) -> int:
    """Return the hosts of a cluster at most (MAX-1)."""
    return int(MAX_1.figure(edition, "hosts_max"))


def memory_is_included(case: Case) -> bool:
    """Return whether blades come with all their memory active, and none is billed apart (MEM-4)."""
    return case.workload.policy.memory_model == "included_full"


def memory_is_unpriced(case: Case) -> bool:
    """Return whether memory beyond what blades include would be billed, but is not on offer: then none is activated.

    It has no price, or lacks a certification that is required.
    """
    unpriced = case.prices.offer(case.edition.services.memory) is None
    return not memory_is_included(case) and (unpriced or not case.is_certified("services.memory"))


@dataclass(frozen=True)
class ClusterSize:
    """Hosts and activated memory of a cluster, or of `clusters` like ones together, in numbers or unknowns."""

    hosts: Linear
    loaded: Linear
    memory_gib: Linear
    clusters: Linear = 1


def cluster_limits(case: Case, blade: Blade, place: str, size: ClusterSize) -> Iterator[Inequality]:
    """Yield the limits on hosts and activated memory of a cluster, or of like ones together."""
    failures, edition = case.workload.policy.host_failures, case.edition
    most_gib = usable_gib(case, blade)
    yield MAX_1.at_most(size.hosts, hosts_max(edition) * size.clusters, place, "hosts")
    yield HA_1.at_most(size.loaded + failures * size.clusters, size.hosts, place, "hosts")
    yield HA_2.at_most((failures + 1) * size.clusters, size.hosts, place, "hosts")
    yield MEM_1.at_most(included_gib(edition) * size.hosts, size.memory_gib, place, "GiB")
    yield MEM_1.at_most(size.memory_gib, most_gib * size.hosts, place, "GiB")
    if memory_is_included(case):
        yield MEM_4.at_most(most_gib * size.hosts, size.memory_gib, place, "GiB")


def memory_ceiling(case: Case, place: str, *, used_mib: Linear, memory_gib: Linear) -> Inequality:
    """Return the ceiling on the memory of a cluster's VMs (MEM-2)."""
    ceiling_mib = Fraction(case.workload.policy.memory_ceiling) * MIB_PER_GIB
    return MEM_2.at_most(used_mib, ceiling_mib * memory_gib, place, "MiB")


def least_memory_gib(case: Case, blade: Blade, hosts: int, used_mib: int) -> int:
    """Return the least memory of a cluster to activate for what its VMs use, in whole GiB (MEM-1, MEM-2, MEM-4)."""
    if memory_is_included(case):
        return hosts * usable_gib(case, blade)
    needed_gib = used_mib / (Fraction(case.workload.policy.memory_ceiling) * MIB_PER_GIB)
    return max(included_gib(case.edition) * hosts, math.ceil(needed_gib))


def cluster_count(case: Case, site: str, clusters: Linear) -> Iterator[Inequality]:
    """Yield the limit on the clusters of a site, if the policy sets one."""
    if case.workload.policy.max_clusters is not None:
        yield MAX_CLUSTERS.at_most(clusters, case.workload.policy.max_clusters, site, "clusters")


MEMBERS_OF_A_HOST = 1
"""Members of an anti-affinity group that one host may hold (AFF-2)."""


def apart_of(group: VmGroup) -> frozenset[str]:
    """Return the anti-affinity groups of a VM (AFF-2)."""
    return frozenset({group.anti_affinity} if group.anti_affinity else ())


def keep_apart(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether items of these anti-affinity groups must not share a host (AFF-2); an item's own are both."""
    return not one.isdisjoint(other)
