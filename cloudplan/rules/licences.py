"""Licences of others: which hosts and instances need one, and how many units it counts there."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloudplan.catalog.edition import Blade
from cloudplan.plan.plan import Cluster
from cloudplan.prices.licences import Licence
from cloudplan.rules.rule import Rule
from cloudplan.workload.case import Case, Instances
from cloudplan.workload.workload import VmGroup

LIC_1 = Rule(
    "LIC-1",
    "Licences of hosts",
    "A licence per core or host is owed for every host, spare ones included, of each cluster with an instance of a VM "
    "that names it (a standby one too, unless standby: false); with scope: site, of every cluster at that site.",
    "plan",
)
LIC_2 = Rule(
    "LIC-2",
    "Units of a licence",
    "Of a host: ceil(max(minimum, cores) x factor) per core, 1 per host. Of an instance that runs (a standby one too, "
    "unless standby: false): max(minimum, vCPUs) per vcpu, 1 per vm.",
    "plan",
)

RULES = (LIC_1, LIC_2)


@dataclass(frozen=True)
class Owed:
    """Units of a licence at a site: of the hosts of a cluster, or of instances, which have no cluster.

    `vms` are the names of the groups whose instances bring it.
    """

    licence: str
    site: str
    cluster: Cluster | None
    quantity: int
    vms: tuple[str, ...]


def units_of_host(licence: Licence, blade: Blade) -> int:
    """Return the units of a licence per core or host that one host of a blade type counts (LIC-2)."""
    if licence.per == "host":
        return 1
    return math.ceil(max(licence.least, blade.cores) * licence.exact_factor)


def units_of_instance(licence: Licence, group: VmGroup) -> int:
    """Return the units of a licence per vcpu or vm that one instance counts, wherever it runs (LIC-2)."""
    return 1 if licence.per == "vm" else max(licence.least, group.vcpus)


def brought(case: Case, item: Instances) -> frozenset[str]:
    """Return the licences of the price book that an instance brings where it stands (LIC-1)."""
    book = case.prices.book.licences
    return frozenset(name for name in item.group.licences if name in book and (item.active or book[name].standby))


def of_its_cluster(case: Case, item: Instances) -> frozenset[str]:
    """Return those of its licences that the hosts of its own cluster need, and of no other."""
    book = case.prices.book.licences
    return frozenset(name for name in brought(case, item) if book[name].by_host and not book[name].of_the_site)


def of_every_cluster(case: Case, site: str) -> frozenset[str]:
    """Return the licences that every host at a site needs, because some instance there brings them."""

    def found() -> frozenset[str]:
        book = case.prices.book.licences
        items = case.instances if any(licence.of_the_site for licence in book.values()) else ()
        here = (name for item in items if item.site == site for name in brought(case, item))
        return frozenset(name for name in here if book[name].by_host and book[name].of_the_site)

    return case.once((of_every_cluster, site), found)


def of_cluster(case: Case, cluster: Cluster) -> frozenset[str]:
    """Return the licences that every host of a cluster needs, by what is placed there (LIC-1)."""
    if not case.prices.book.licences:
        return frozenset()
    groups = case.workload.groups
    placed = {name for host in cluster.placement for name in host if groups[name].licences}
    own = (of_its_cluster(case, case.instances_of(name, cluster.site)) for name in placed)
    return of_every_cluster(case, cluster.site).union(*own)


def owed(case: Case, clusters: Iterable[Cluster]) -> Iterator[Owed]:
    """Yield what is owed for clusters and for the instances of a case: sites first, then as in the price book."""
    listed = [(cluster, of_cluster(case, cluster)) for cluster in clusters]
    for site in case.sites:
        for name, licence in case.prices.book.licences.items():
            items = [item for item in case.instances if item.site == site and name in brought(case, item)]
            if licence.by_host:
                for cluster, needed in listed:
                    if cluster.site == site and name in needed:
                        units = units_of_host(licence, case.edition.blades[cluster.blade])
                        yield Owed(name, site, cluster, cluster.hosts * units, _bringing(items, cluster, licence))
            elif items:
                quantity = sum(units_of_instance(licence, item.group) * item.count for item in items)
                yield Owed(name, site, None, quantity, tuple(item.group.name for item in items))


def _bringing(items: Iterable[Instances], cluster: Cluster, licence: Licence) -> tuple[str, ...]:
    placed = {name for host in cluster.placement for name in host}
    return tuple(item.group.name for item in items if licence.of_the_site or item.group.name in placed)
