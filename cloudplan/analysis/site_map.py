"""The sites of a plan as one would draw them: what stands where, how full, and what flows from site to site."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from cloudplan.analysis import explain
from cloudplan.base.units import duration, gib, minutes
from cloudplan.evaluation import utilisation
from cloudplan.evaluation.utilisation import ClusterUse
from cloudplan.plan.plan import Mechanism, Plan
from cloudplan.rules.compute import apart_of
from cloudplan.workload.case import Case

Role = Literal["production", "standby", "backup"]
Kind = Literal["global-mirror", "vm-replication", "backup"]


@dataclass(frozen=True)
class Tight:
    """What the loaded hosts of a cluster are needed for: a resource, used of what one host offers, or VMs kept apart.

    `label` is that of the anti-affinity group and `count` its VMs there; of a resource it is empty.
    """

    unit: str
    used: Fraction
    a_host: Fraction
    label: str = ""
    count: int = 0


@dataclass(frozen=True)
class DrawnCluster:
    """A cluster, what of each loaded host its groups take of the memory, and why it has so many hosts.

    Without any `tight` it is the packing of whole VMs. `for_memory` are hosts beyond the loaded and the spare ones.
    """

    use: ClusterUse
    hosts: tuple[Mapping[str, Fraction], ...]
    tight: tuple[Tight, ...]
    for_memory: int


@dataclass(frozen=True)
class Stored:
    """The datastores of one class at a site, mirrored or not: how many, GiB in all."""

    storage_class: str
    mirrored: bool
    count: int
    size_gib: int


@dataclass(frozen=True)
class DrawnSite:
    """A site: what it is for, its clusters, its storage, and the TiB of backups that it keeps."""

    name: str
    roles: tuple[Role, ...]
    clusters: tuple[DrawnCluster, ...]
    storage: tuple[Stored, ...]
    backup_tib: int


@dataclass(frozen=True)
class Flow:
    """What goes from one site to another: VMs, the least and the most RPO and RTO asked for, GiB of backups."""

    kind: Kind
    source: str
    target: str
    vms: int
    rpo: tuple[str, str] | None = None
    rto: tuple[str, str] | None = None
    stored_gib: Fraction | None = None


def sites(case: Case, plan: Plan) -> tuple[DrawnSite, ...]:
    """Return the sites with something of the plan, the primary first."""
    uses = utilisation.clusters(case, plan)
    found = []
    for site in case.sites:
        here = tuple(_cluster(case, use) for use in uses if use.cluster.site == site)
        storage = tuple(_storage(plan, site))
        backup_tib = sum(target.tib for target in plan.backup if target.site == site)
        if here or storage or backup_tib:
            found.append(DrawnSite(site, tuple(_roles(case, plan, site)), here, storage, backup_tib))
    return tuple(found)


def _roles(case: Case, plan: Plan, site: str) -> Iterator[Role]:
    """Yield what a site is for: what the workload says, then what stands there beside that."""
    workload = case.workload
    active = any(group.site == site for group in workload.vms)
    standby = any(workload.other_site(workload.groups[name]) == site for name in plan.protection)
    if site == workload.sites.primary or (active and not standby):
        yield "production"
    if standby:
        yield "standby"
    if not active and not standby and any(target.site == site for target in plan.backup):
        yield "backup"


def _cluster(case: Case, use: ClusterUse) -> DrawnCluster:
    cluster = use.cluster
    hosts = tuple(
        {name: gib(case.instances_of(name, cluster.site).memory_mib) * count for name, count in host.items()}
        for host in cluster.placement
    )
    return DrawnCluster(use, hosts, tuple(_tight(case, use)), cluster.hosts - cluster.spare_hosts - len(use.hosts))


def _tight(case: Case, use: ClusterUse) -> Iterator[Tight]:
    """Yield what needs as many hosts as are loaded."""
    loaded = len(use.hosts)
    for bound in explain.bounds(use, case):
        if bound.hosts == loaded:
            yield Tight(bound.unit, bound.used, bound.offered / use.cluster.hosts)
    apart: dict[str, int] = {}
    for host in use.cluster.placement:
        for name, count in host.items():
            for label in apart_of(case.workload.groups[name]):
                apart[label] = apart.get(label, 0) + count
    for label, count in apart.items():
        if count == loaded > 1:
            yield Tight("", Fraction(0), Fraction(0), label, count)


def _storage(plan: Plan, site: str) -> Iterator[Stored]:
    sizes: dict[tuple[str, bool], list[int]] = {}
    for store in plan.datastores:
        if store.site == site:
            sizes.setdefault((store.storage_class, store.replication is not None), []).append(store.size_gib)
    for (name, mirrored), listed in sizes.items():
        yield Stored(name, mirrored, len(listed), sum(listed))


def flows(case: Case, plan: Plan) -> tuple[Flow, ...]:
    """Return what is replicated and backed up from site to site: replicas first."""
    return (*_replicas(case, plan), *_backups(plan))


def _replicas(case: Case, plan: Plan) -> Iterator[Flow]:
    workload = case.workload
    found: dict[tuple[Mechanism, str, str], list[str]] = {}
    for name, mechanism in plan.protection.items():
        group = workload.groups[name]
        found.setdefault((mechanism, group.site, workload.other_site(group) or ""), []).append(name)
    for (mechanism, source, target), names in found.items():
        groups = [workload.groups[name] for name in names]
        wishes = [group.protection for group in groups if group.protection]
        rpo, rto = (_range([getattr(wish, what) for wish in wishes]) for what in ("rpo", "rto"))
        yield Flow(mechanism, source, target, sum(group.count for group in groups), rpo, rto)


def _range(asked: list[str | None]) -> tuple[str, str] | None:
    known = sorted(minutes(each) for each in asked if each)
    return (duration(known[0]), duration(known[-1])) if known else None


def _backups(plan: Plan) -> Iterator[Flow]:
    for target in plan.backup:
        for source in target.sources:
            yield Flow("backup", source.site, target.site, source.vms, stored_gib=Fraction(source.stored_gib))
