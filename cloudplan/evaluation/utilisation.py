"""How full clusters, hosts and datastores are, before and after hosts fail: the figures of the rules, for people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TypeVar

from cloudplan.base.units import exact_sum, gib
from cloudplan.plan.plan import Choice, Cluster, Datastore, Plan
from cloudplan.rules.compute import CORES, MEMORY, Dimension, dimensions, needs, usable_gib
from cloudplan.rules.rule import Rule
from cloudplan.rules.storage import IOPS, SPACE, binding, load_of, lun_dimensions
from cloudplan.workload.case import Case

Found = TypeVar("Found")


@dataclass(frozen=True)
class HostUse:
    """What the VMs of one loaded host use in each dimension, and how many instances there are."""

    used: Mapping[Dimension, Fraction]
    instances: int

    @property
    def cores(self) -> Fraction:
        """Cores that its VMs use."""
        return self.used[CORES]

    @property
    def memory_gib(self) -> Fraction:
        """Memory that its VMs use."""
        return gib(self.used[MEMORY])


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

    def used(self, dimension: Dimension) -> Fraction:
        """Return what all VMs use in a dimension."""
        return exact_sum(host.used[dimension] for host in self.hosts)

    @property
    def cores(self) -> Fraction:
        """Cores that all VMs use."""
        return self.used(CORES)

    @property
    def memory_gib(self) -> Fraction:
        """Memory that all VMs use."""
        return gib(self.used(MEMORY))

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
    """What stands on a datastore, in GiB and IOPS, and what is free of it.

    `iops_offered` is what its disks may ask for: under Global Mirror less than the LUN delivers (IOPS-3). `sized_by` is
    the rule that it would break if it were one billing unit smaller.
    """

    store: Datastore
    disks_gib: Fraction
    swap_gib: Fraction
    iops: Fraction
    iops_offered: Fraction
    sized_by: Rule

    @property
    def free_gib(self) -> Fraction:
        """What is neither disk nor swap file: headroom for snapshots."""
        return self.store.size_gib - self.disks_gib - self.swap_gib


def clusters(case: Case, plan: Plan) -> list[ClusterUse]:
    """Return the clusters of a plan with what stands on each host."""
    return [case.once_of(clusters, cluster, partial(_use, case, cluster)) for cluster in plan.clusters]


def _use(case: Case, cluster: Cluster) -> ClusterUse:
    policy, blade = case.workload.policy, case.edition.blades[cluster.blade]
    hosts = []
    for placed in cluster.placement:
        items = [(case.instances_of(name, cluster.site), count) for name, count in placed.items()]
        used = dict(zip(dimensions(case), needs(case, items), strict=True))
        hosts.append(HostUse(used, sum(placed.values())))
    ceiling, usable = Fraction(policy.memory_ceiling), usable_gib(case, blade)
    return ClusterUse(cluster, tuple(hosts), blade.cores, usable, ceiling, policy.host_failures)


def datastores(case: Case, plan: Plan) -> list[DatastoreUse]:
    """Return the datastores of a plan with what stands on each."""
    found = []
    for store in plan.datastores:
        item, mirrored = case.edition.storage_classes[store.storage_class], store.replication is not None
        swap_mib = sum(case.workload.groups[name].memory_mib * count for name, count in store.vswp.items())
        load = dict(zip(lun_dimensions(case), load_of(case, store), strict=True))
        offered = (IOPS.per_gib(case, item) or Fraction(0)) * store.size_gib
        ceiling = IOPS.ceiling(case, item)
        most = offered if ceiling is None else min(offered, Fraction(ceiling))
        iops_offered = most / IOPS.factor(case, mirrored=mirrored)
        disks_gib, swap_gib = gib(load[SPACE] - swap_mib), gib(swap_mib)
        found.append(DatastoreUse(store, disks_gib, swap_gib, load[IOPS], iops_offered, binding(case, store)))
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


def placements(case: Case, plan: Plan | Choice) -> Iterator[Placed]:
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
