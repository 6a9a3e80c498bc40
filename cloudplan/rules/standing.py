"""What already stands stays, unless the customer says otherwise: clusters with their hosts, GiB of each class."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from cloudplan.plan.plan import Cluster, Datastore
from cloudplan.rules.compute import hosts_max
from cloudplan.rules.rule import Check, Inequality, Linear, Rule
from cloudplan.workload.case import Case
from cloudplan.workload.existing import StandingCluster

EXI_1 = Rule(
    "EXI-1",
    "Clusters that stand",
    "With existing.keep each existing cluster stands with the same name, site, pool and blade, and at least as many "
    "hosts.",
    "plan",
)
EXI_2 = Rule(
    "EXI-2",
    "Storage that stands",
    "With existing.keep the GiB of all datastores of a class at a site, mirrored or not, are at least the existing "
    "ones.",
    "plan",
)

RULES = (EXI_1, EXI_2)


def standing_clusters(case: Case) -> tuple[StandingCluster, ...]:
    """Return the clusters that stay (EXI-1)."""
    existing = case.workload.existing
    return existing.kept_clusters() if existing else ()


def standing_at(case: Case, site: str, pool: str) -> list[StandingCluster]:
    """Return the clusters of a pool at a site that stay, the largest first."""
    here = [each for each in standing_clusters(case) if (each.site, each.pool) == (site, pool)]
    return sorted(here, key=lambda each: (-each.hosts, each.name))


def least_hosts(case: Case, cluster: StandingCluster) -> int:
    """Return the hosts that a cluster which stays has at least: its own, and no fewer than any cluster (HA-2)."""
    return max(cluster.hosts, case.workload.policy.host_failures + 1)


def hosts_stand(place: str, standing: Linear, hosts: Linear) -> Inequality:
    """Return that hosts of a kind are no fewer than those of its clusters that stay (EXI-1)."""
    return EXI_1.at_most(standing, hosts, place, "hosts")


def too_many(case: Case) -> Iterator[Check]:
    """Yield that no cluster that stays is larger than any may be, and that no site has more of them than it may."""
    most, edition = case.workload.policy.max_clusters, case.edition
    for each in standing_clusters(case):
        yield EXI_1.at_most(least_hosts(case, each), hosts_max(edition), each.name, "hosts")
    for site in case.sites if most is not None else ():
        here = sum(each.site == site for each in standing_clusters(case))
        yield EXI_1.at_most(here, most, site, "clusters")


def standing_gib(case: Case) -> dict[tuple[str, str], int]:
    """Return the GiB that datastores have at least, by site and class (EXI-2)."""
    existing = case.workload.existing
    return existing.least_gib() if existing else {}


def storage_stands(case: Case, site: str, name: str, size_gib: Linear) -> Inequality:
    """Return that the datastores of a class at a site have the GiB that stand there (EXI-2)."""
    return EXI_2.at_most(standing_gib(case).get((site, name), 0), size_gib, f"{site} {name}", "GiB")


def stays(case: Case, clusters: Iterable[Cluster], datastores: Iterable[Datastore]) -> Iterator[Check]:
    """Yield that clusters and datastores have what stands (EXI-1, EXI-2)."""
    by_name = {cluster.name: cluster for cluster in clusters}
    for each in standing_clusters(case):
        found = by_name.get(each.name)
        what = f"{each.site}, pool {each.pool}, {each.blade}"
        same = found is not None and (found.site, found.pool, found.blade) == (each.site, each.pool, each.blade)
        yield EXI_1.require(same, each.name, f"the cluster that stands ({what}) is gone or another")
        if found is not None and same:
            yield EXI_1.at_most(each.hosts, found.hosts, each.name, "hosts")
    stores = list(datastores)
    for site, name in standing_gib(case):
        here = (store.size_gib for store in stores if (store.site, store.storage_class) == (site, name))
        yield storage_stands(case, site, name, sum(here, Fraction(0)))
