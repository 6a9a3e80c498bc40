"""An export of what stands, held against a plan: hosts by cluster, datastores by size, VMs one by one.

VMs are known by their names. The provider names clusters and datastores, so a cluster of the export is the one of the
plan where most of its VMs are to stand, and a datastore likewise by its disks, else one of the same size.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cloudplan.analysis.actual import MISSING, SAME, TOO_FEW, TOO_MANY, UNPLANNED
from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.evaluation.utilisation import Placed, placements
from cloudplan.inventory.estate import ActualDatastore, ActualHost, Estate, read_estate
from cloudplan.inventory.importing import Imported, import_inventory
from cloudplan.inventory.inputs import NO_LIST
from cloudplan.inventory.machines import Machine
from cloudplan.inventory.writing import unique_names
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Cluster, Datastore, Plan
from cloudplan.workload.case import Case

SLACK_GIB = 1
"""What a datastore may be smaller than its LUN and still be the same: its file system takes part of a GiB."""
OTHER, UNKNOWN = "other", "unknown"
"""Verdicts: another size, or nobody knows."""


@dataclass(frozen=True, repr=False)
class ClusterEntry(Brief):
    """A cluster of the plan, the clusters of the export that stand for it, and the hosts of both.

    `plan` is empty for clusters that hold nothing of the plan; it has all clusters where the export does not say which
    one a host is of. `other_cores` are the physical cores of hosts that are not those of the blade, host by host.
    """

    plan: tuple[Cluster, ...]
    actual: tuple[str, ...]
    hosts: int
    other_cores: tuple[int, ...]

    @property
    def planned(self) -> int:
        """The hosts of the plan."""
        return sum(cluster.hosts for cluster in self.plan)

    @property
    def verdict(self) -> str:
        """Whether there are as many hosts as planned."""
        return _counted(self.planned, self.hosts)

    @property
    def is_right(self) -> bool:
        """Whether there are as many hosts as planned, all with the cores of the blade."""
        return self.verdict == SAME and not self.other_cores


@dataclass(frozen=True, repr=False)
class StoreEntry(Brief):
    """A datastore of the plan and the one of the export that stands for it; None where there is none."""

    plan: Datastore | None
    actual: ActualDatastore | None

    @property
    def verdict(self) -> str:
        """Whether it stands, and has its size."""
        if self.plan is None or self.actual is None:
            return UNPLANNED if self.plan is None else MISSING
        if self.actual.size_mib is None:
            return UNKNOWN
        return SAME if _is_size_of(self.actual, self.plan) else OTHER


@dataclass(frozen=True, repr=False)
class VmSize(Brief):
    """What a VM is: vCPUs and memory in MiB (None where nobody says), sizes of disks in MiB, whether it is on."""

    vcpus: int | None
    memory_mib: int | None
    disks_mib: tuple[int, ...]
    powered_on: bool


@dataclass(frozen=True, repr=False)
class VmEntry(Brief):
    """A VM of the plan or of the export, or of both."""

    name: str
    plan: VmSize | None
    actual: VmSize | None

    @property
    def verdict(self) -> str:
        """Whether it stands, and is as large as planned."""
        if self.plan is None or self.actual is None:
            return UNPLANNED if self.plan is None else MISSING
        return OTHER if self.differences else SAME

    @property
    def differences(self) -> tuple[str, ...]:
        """Which fields of `VmSize` are others; disks in any order, and none that the export does not tell."""
        if self.plan is None or self.actual is None:
            return ()
        found = []
        for name in ("vcpus", "memory_mib"):
            planned, there = getattr(self.plan, name), getattr(self.actual, name)
            if there is not None and planned != there:
                found.append(name)
        if sorted(self.plan.disks_mib) != sorted(self.actual.disks_mib):
            found.append("disks_mib")
        if self.plan.powered_on != self.actual.powered_on:
            found.append("powered_on")
        return tuple(found)


@dataclass(frozen=True, repr=False)
class EstateComparison(Brief):
    """An export held against a plan; None where the export tells nothing of hosts, or of datastores."""

    clusters: tuple[ClusterEntry, ...] | None
    datastores: tuple[StoreEntry, ...] | None
    vms: tuple[VmEntry, ...]


def compare_estate(origin: Origin, plan: Plan, path: Path) -> EstateComparison:
    """Return what an export, read as `import` does, says beside a plan; raise BadInputError as that does."""
    imported = _imported(path)
    machines = dict(zip(unique_names(imported.machines), imported.machines, strict=True))
    estate = read_estate(path)
    return EstateComparison(
        clusters=None if estate.hosts is None else tuple(_clusters(origin, plan, machines, estate.hosts)),
        datastores=None if estate.datastores is None else tuple(_datastores(origin, plan, estate)),
        vms=tuple(_vms(origin, machines)),
    )


def _imported(path: Path) -> Imported:
    try:
        return import_inventory([path])
    except BadInputError as error:
        if not any(fault.message.startswith(NO_LIST) for fault in error.faults):
            raise
        message = "no table with the columns SKU and quantity (site, amount), and no list of VMs as `import` reads it"
        raise BadInputError([Fault(message, where=str(path))]) from None


def _clusters(
    origin: Origin, plan: Plan, machines: Mapping[str, Machine], hosts: Sequence[ActualHost]
) -> Iterator[ClusterEntry]:
    """Yield the clusters of a plan with those of an export that stand for them, then those that stand for none."""
    if not any(host.cluster for host in hosts):
        yield _entry(origin, plan.clusters, (), hosts)
        return
    stands_for = _stands_for(origin, plan, machines, dict.fromkeys(host.cluster for host in hosts))
    for cluster in plan.clusters:
        names = tuple(name for name, found in stands_for.items() if found == cluster.name)
        yield _entry(origin, (cluster,), names, [host for host in hosts if host.cluster in names])
    for name, found in stands_for.items():
        if not found:
            yield _entry(origin, (), (name,), [host for host in hosts if host.cluster == name])


def _entry(
    origin: Origin, planned: tuple[Cluster, ...], names: tuple[str, ...], hosts: Sequence[ActualHost]
) -> ClusterEntry:
    cores = {origin.edition.blades[cluster.blade].cores for cluster in planned}
    others = [host.cores for host in hosts if cores and host.cores is not None and host.cores not in cores]
    return ClusterEntry(planned, names, len(hosts), tuple(others))


def _stands_for(origin: Origin, plan: Plan, machines: Mapping[str, Machine], names: Iterable[str]) -> dict[str, str]:
    """Return the cluster of the plan for each of an export, empty for one that holds no VM of it.

    It is the one of the same name, else where most of its VMs are to stand; of several the first.
    """
    due: dict[str, Counter[str]] = {}
    for placed in _at_home(origin, plan):
        machine = machines.get(placed.vm)
        if machine and placed.cluster:
            due.setdefault(machine.cluster, Counter())[placed.cluster] += 1
    own = {cluster.name for cluster in plan.clusters}
    return {name: name if name in own else _most(due.get(name, Counter())) for name in names}


def _at_home(origin: Origin, plan: Plan) -> Iterator[Placed]:
    """Yield where each VM is to stand at its own site."""
    for placed in placements(Case.of(origin.workload, origin.edition, origin.prices), plan):
        if placed.site == origin.workload.groups[placed.group].site:
            yield placed


def _most(votes: Counter[str]) -> str:
    return votes.most_common(1)[0][0] if votes else ""


def _datastores(origin: Origin, plan: Plan, estate: Estate) -> Iterator[StoreEntry]:
    """Yield the datastores of a plan with those that stand for them, then those that stand for none.

    It is the one of the same name, else the one with most of the disks that are planned there, else one of its size.
    """
    left = {store.name: store for store in estate.datastores or ()}
    found: dict[str, ActualDatastore] = {}
    for planned, name in [*((store.name, store.name) for store in plan.datastores), *_by_disks(origin, plan, estate)]:
        if name in left and planned not in found:
            found[planned] = left.pop(name)
    for store in plan.datastores:
        alike = next((each for each in left.values() if _is_size_of(each, store)), None)
        if alike and store.name not in found:
            found[store.name] = left.pop(alike.name)
    yield from (StoreEntry(store, found.get(store.name)) for store in plan.datastores)
    yield from (StoreEntry(None, store) for store in left.values())


def _by_disks(origin: Origin, plan: Plan, estate: Estate) -> list[tuple[str, str]]:
    """Return datastores of a plan and of an export that have disks in common, those with most of them first."""
    shared: Counter[tuple[str, str]] = Counter()
    for placed in _at_home(origin, plan):
        there = estate.disks.get(placed.vm, ())
        if len(there) == len(placed.disks):
            shared.update(zip(placed.disks, there, strict=True))
    return [pair for pair, _ in shared.most_common()]


def _is_size_of(actual: ActualDatastore, planned: Datastore) -> bool:
    if actual.size_mib is None:
        return False
    size_gib = Fraction(actual.size_mib, MIB_PER_GIB)
    return planned.size_gib - SLACK_GIB <= size_gib <= planned.size_gib


def _vms(origin: Origin, machines: Mapping[str, Machine]) -> Iterator[VmEntry]:
    """Yield the VMs of a plan with those of an export, then those that are only there."""
    planned: set[str] = set()
    for group in origin.workload.vms:
        disks = tuple(disk.size_mib for disk in group.disks)
        size = VmSize(group.vcpus, group.memory_mib, disks, group.powered_on)
        for name in group.names:
            planned.add(name)
            yield VmEntry(name, size, _size(machines[name]) if name in machines else None)
    for name, machine in machines.items():
        if name not in planned:
            yield VmEntry(name, None, _size(machine))


def _size(machine: Machine) -> VmSize:
    disks = tuple(disk.size_mib for disk in machine.disks)
    return VmSize(machine.vcpus, machine.memory_mib, disks, machine.power != "off")


def _counted(planned: int, there: int) -> str:
    if planned == there:
        return SAME
    if not there:
        return MISSING
    if not planned:
        return UNPLANNED
    return TOO_FEW if there < planned else TOO_MANY
