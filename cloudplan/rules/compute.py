"""Compute rules: what a host holds, what a cluster may be.

Host rules are dimensions: what one instance uses, what one blade offers. Plan rules are inequalities over one cluster,
or over `clusters` like clusters of one blade type taken together.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.base.units import gib
from cloudplan.catalog.edition import Blade
from cloudplan.rules.rule import Inequality, Linear, Rule, exact, one_of
from cloudplan.workload.case import Case, Instances

CPU_1 = Rule(
    "CPU-1",
    "Cores of a host",
    "On one host, sum of vCPUs / vcpu_per_core <= physical cores of the blade.",
    "host",
    {"vcpu_per_core": exact},
)
CPU_2 = Rule("CPU-2", "Threads for one VM", "vCPUs of a VM <= hardware threads of the blade.", "choice")
CPU_3 = Rule("CPU-3", "Base frequency", "min_ghz of a VM <= base frequency of the blade.", "choice")
GPU_1 = Rule("GPU-1", "GPUs of a host", "On one host, sum of GPUs <= GPUs of the blade.", "host")
BLADES = Rule(
    "policy.blades", "Allowed blades", "The blade is in the allow-lists of the policy and the group.", "choice"
)
MEM_1 = Rule(
    "MEM-1",
    "Activated memory of a cluster",
    "In whole GiB: hosts x included_gib_per_blade <= activated memory <= hosts x (physical - host_memory_reserve_gib).",
    "plan",
    {"included_gib_per_blade": int, "host_memory_reserve_gib": int},
)
MEM_2 = Rule(
    "MEM-2",
    "Memory ceiling of a cluster",
    "Sum of memory of its VMs <= ceiling x activated memory.",
    "plan",
    {"ceiling": exact},
)
MEM_3 = Rule(
    "MEM-3",
    "Memory ceiling of a host",
    "On every loaded host, sum of memory <= ceiling x usable memory of the blade.",
    "host",
)
MEM_4 = Rule(
    "MEM-4",
    "Memory model",
    "base128_plus_memory bills what is activated beyond what blades include; included_full includes it all.",
    "plan",
    {"memory_model": one_of("base128_plus_memory", "included_full"), "contradicted": one_of("true", "false")},
)
HOM_1 = Rule("HOM-1", "Like hosts", "A cluster has one blade type, one site, one pool, one tenant.", "construction")
MAX_1 = Rule(
    "MAX-1", "Hosts of a cluster", "hosts <= hosts_max; more demand means more clusters.", "plan", {"hosts_max": int}
)
MAX_CLUSTERS = Rule(
    "policy.max_clusters", "Clusters of a site", "Clusters at a site, all pools together, <= max_clusters.", "plan"
)
HA_1 = Rule(
    "HA-1",
    "Any f hosts can be lost",
    "All VM instances of a cluster fit, whole, on hosts - host_failures hosts: loaded hosts + f <= hosts.",
    "plan",
    {"host_failures": int},
)
HA_2 = Rule("HA-2", "Hosts for the SLA", "host_failures + 1 <= hosts.", "plan", {"hosts_for_sla": int})
AFF_1 = Rule("AFF-1", "Affinity", "Members of an affinity group that stand at the same site share one host.", "host")
AFF_2 = Rule("AFF-2", "Anti-affinity", "No two members of an anti-affinity group share a host.", "host")

RULES = (
    *(CPU_1, CPU_2, CPU_3, GPU_1, MEM_1, MEM_2, MEM_3, MEM_4, HOM_1, MAX_1, HA_1, HA_2, AFF_1, AFF_2),
    *(BLADES, MAX_CLUSTERS),
)


@dataclass(frozen=True)
class Dimension:
    """A resource of a host: what one instance needs of it, what one blade offers."""

    rule: Rule
    unit: str
    need: Callable[[Instances], Fraction]
    offer: Callable[[Case, Blade], Fraction]


def _memory_offer(case: Case, blade: Blade) -> Fraction:
    return Fraction(case.workload.policy.memory_ceiling) * case.usable_gib(blade)


DIMENSIONS = (
    Dimension(CPU_1, "cores", lambda item: item.cores, lambda case, blade: Fraction(blade.cores)),
    Dimension(MEM_3, "GiB", lambda item: gib(item.memory_mib), _memory_offer),
    Dimension(GPU_1, "GPUs", lambda item: Fraction(item.group.gpus), lambda case, blade: Fraction(blade.gpus)),
)


def fit_of_one(case: Case, item: Instances, name: str, blade: Blade) -> Iterator[Inequality]:
    """Yield what one instance asks of a blade type, whatever else runs there (CPU-2, CPU-3, MEM-1, allow-lists)."""
    place = item.group.name
    yield CPU_2.at_most(item.group.vcpus, blade.threads, place, "threads")
    yield CPU_3.at_most(item.group.min_ghz, blade.base_ghz, place, "GHz")
    yield MEM_1.at_most(case.edition.count("MEM-1", "included_gib_per_blade"), case.usable_gib(blade), place, "GiB")
    allowed = name in item.group.blades and name in case.workload.policy.blades
    yield BLADES.require(allowed, place, f"{name} is not in the list of allowed blades")


def asked_of_blade(item: Instances) -> Hashable:
    """Return all that `fit_of_one` looks at of an instance: those that ask the same fit the same blade types."""
    return item.group.vcpus, item.group.min_ghz, item.group.blades


def cluster_limits(
    case: Case, blade: Blade, place: str, *, hosts: Linear, loaded: Linear, memory_gib: Linear, clusters: Linear = 1
) -> Iterator[Inequality]:
    """Yield the limits on hosts and activated memory of a cluster, or of `clusters` like ones together."""
    failures, edition = case.workload.policy.host_failures, case.edition
    yield MAX_1.at_most(hosts, edition.count("MAX-1", "hosts_max") * clusters, place, "hosts")
    yield HA_1.at_most(loaded + failures * clusters, hosts, place, "hosts")
    yield HA_2.at_most((failures + 1) * clusters, hosts, place, "hosts")
    yield MEM_1.at_most(edition.count("MEM-1", "included_gib_per_blade") * hosts, memory_gib, place, "GiB")
    yield MEM_1.at_most(memory_gib, case.usable_gib(blade) * hosts, place, "GiB")
    if case.workload.policy.memory_model == "included_full":
        yield MEM_4.at_most(case.usable_gib(blade) * hosts, memory_gib, place, "GiB")


def memory_ceiling(case: Case, place: str, *, used_gib: Linear, memory_gib: Linear) -> Inequality:
    """Return the ceiling on the memory of a cluster's VMs (MEM-2)."""
    return MEM_2.at_most(used_gib, Fraction(case.workload.policy.memory_ceiling) * memory_gib, place, "GiB")


def cluster_count(case: Case, site: str, clusters: Linear) -> Iterator[Inequality]:
    """Yield the limit on the clusters of a site, if the policy sets one."""
    if case.workload.policy.max_clusters is not None:
        yield MAX_CLUSTERS.at_most(clusters, case.workload.policy.max_clusters, site, "clusters")
