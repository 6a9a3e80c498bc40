"""How full clusters, hosts and datastores are, before and after hosts fail: the figures of the rules, for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from cloudplan.base.units import GIB_PER_TIB, gib
from cloudplan.plan.plan import Cluster, Datastore, Plan
from cloudplan.rules.compute import DIMENSIONS
from cloudplan.workload.case import Case, instances_at

Found = TypeVar("Found")


@dataclass(frozen=True)
class HostUse:
    """What the VMs of one loaded host use: cores, memory in GiB, GPUs, and how many instances there are."""

    cores: Fraction
    memory_gib: Fraction
    gpus: Fraction
    instances: int


@dataclass(frozen=True)
class ClusterUse:
    """A cluster, what its blade offers, and what stands on its hosts; memory in GiB.

    `ceiling` is the share of memory that VMs may use, `failures` the hosts that may be lost.
    """

    cluster: Cluster
    hosts: tuple[HostUse, ...]
    cores_per_host: int
    memory_per_host_gib: int
    ceiling: Fraction
    failures: int

    @property
    def cores(self) -> Fraction:
        """Cores that all VMs use."""
        return sum((host.cores for host in self.hosts), Fraction(0))

    @property
    def memory_gib(self) -> Fraction:
        """Memory that all VMs use."""
        return sum((host.memory_gib for host in self.hosts), Fraction(0))

    @property
    def instances(self) -> int:
        """VM instances."""
        return sum(host.instances for host in self.hosts)

    @property
    def most_memory_gib(self) -> Fraction:
        """What the ceiling lets VMs use of the activated memory."""
        return self.ceiling * self.cluster.memory_gib

    def cores_left(self, lost: int) -> int:
        """Return the cores of the hosts that are left when some are lost."""
        return (self.cluster.hosts - lost) * self.cores_per_host

    def physical_gib_left(self, lost: int) -> int:
        """Return the physical memory for VMs of the hosts that are left when some are lost."""
        return (self.cluster.hosts - lost) * self.memory_per_host_gib


@dataclass(frozen=True)
class DatastoreUse:
    """What stands on a datastore, in GiB and IOPS, and what is free of it."""

    store: Datastore
    disks_gib: Fraction
    swap_gib: Fraction
    iops: Fraction
    iops_offered: Fraction

    @property
    def free_gib(self) -> Fraction:
        """What is neither disk nor swap file: headroom for snapshots."""
        return self.store.size_gib - self.disks_gib - self.swap_gib


def clusters(case: Case, plan: Plan) -> list[ClusterUse]:
    """Return the clusters of a plan with what stands on each host."""
    groups, policy = case.workload.groups, case.workload.policy
    found = []
    for cluster in plan.clusters:
        blade = case.edition.blades[cluster.blade]
        hosts = []
        for placed in cluster.placement:
            items = [(instances_at(case.workload, groups[name], cluster.site), count) for name, count in placed.items()]
            cores, memory, gpus = (
                sum((dimension.need(item) * count for item, count in items), Fraction(0)) for dimension in DIMENSIONS
            )
            hosts.append(HostUse(cores, memory, gpus, sum(placed.values())))
        ceiling, usable = Fraction(policy.memory_ceiling), case.usable_gib(blade)
        found.append(ClusterUse(cluster, tuple(hosts), blade.cores, usable, ceiling, policy.host_failures))
    return found


def datastores(case: Case, plan: Plan) -> list[DatastoreUse]:
    """Return the datastores of a plan with what stands on each."""
    groups = case.workload.groups
    found = []
    for store in plan.datastores:
        item = case.edition.storage_classes[store.storage_class]
        disks = [(groups[placed.vm].disks[placed.disk], placed.count) for placed in store.disks]
        swap_mib = sum(groups[name].memory_mib * count for name, count in store.vswp.items())
        offered = Fraction(item.iops_per_tib * store.size_gib, GIB_PER_TIB)
        found.append(
            DatastoreUse(
                store,
                gib(sum(disk.size_mib * count for disk, count in disks)),
                gib(swap_mib),
                sum((Fraction(disk.iops) * count for disk, count in disks), Fraction(0)),
                min(offered, Fraction(item.iops_max)) if item.iops_max else offered,
            )
        )
    return found


@dataclass(frozen=True)
class Placed:
    """Where one VM instance stands at a site: host of its cluster, datastore of each disk and of its swap file."""

    vm: str
    group: str
    site: str
    cluster: str
    host: int | None
    disks: tuple[str, ...]
    swap: str


def placements(case: Case, plan: Plan) -> Iterator[Placed]:
    """Yield every VM instance at every site where it stands, dealt in the order of clusters, hosts and datastores."""
    hosts: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for cluster in plan.clusters:
        for number, placed in enumerate(cluster.placement, start=1):
            for name, count in placed.items():
                hosts.setdefault((cluster.site, name), []).extend([(cluster.name, number)] * count)
    disks: dict[tuple[str, str, int], list[str]] = {}
    swap: dict[tuple[str, str], list[str]] = {}
    for store in plan.datastores:
        for disk in store.disks:
            disks.setdefault((store.site, disk.vm, disk.disk), []).extend([store.name] * disk.count)
        for name, count in store.vswp.items():
            swap.setdefault((store.site, name), []).extend([store.name] * count)
    for group in case.workload.vms:
        for site in case.workload.sites_of(group):
            for index, vm in enumerate(group.names):
                name, host = _nth(hosts.get((site, group.name), []), index) or ("", None)
                stores = [disks.get((site, group.name, number), []) for number in range(len(group.disks))]
                names = tuple(_nth(listed, index) or "" for listed in stores)
                home = _nth(swap.get((site, group.name), []), index) or ""
                yield Placed(vm, group.name, site, name, host, names, home)


def _nth(listed: Sequence[Found], index: int) -> Found | None:
    return listed[index] if index < len(listed) else None
