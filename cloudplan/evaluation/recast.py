"""Clusters of one plan under the rules of another: the placement stays, what follows from it is counted anew."""

from collections.abc import Iterable

from cloudplan.plan.plan import Cluster
from cloudplan.rules.compute import least_memory_gib
from cloudplan.workload.case import Case


def recast(case: Case, clusters: Iterable[Cluster]) -> tuple[Cluster, ...]:
    """Return clusters with the same placement, and the hosts to spare and the memory that a case asks for."""
    return tuple(_recast(case, cluster) for cluster in clusters)


def _recast(case: Case, cluster: Cluster) -> Cluster:
    failures = case.workload.policy.host_failures
    hosts = len(cluster.placement) + failures
    used_mib = sum(
        case.instances_of(name, cluster.site).memory_mib * count
        for host in cluster.placement
        for name, count in host.items()
    )
    memory_gib = least_memory_gib(case, case.edition.blades[cluster.blade], hosts, used_mib)
    return cluster.model_copy(update={"hosts": hosts, "spare_hosts": failures, "memory_gib": memory_gib})
