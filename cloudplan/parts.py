"""What storage decides by itself: disks, swap files and mechanisms, taken apart as far as may be.

A *part* is one disk, or disk 0 with its swap file, or all disks of a VM while its mechanism is open. Equal parts of
different groups are one part with several members, so that the optimiser counts instead of naming.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cloudplan.bom import missing_prices
from cloudplan.demand import Case
from cloudplan.errors import BadInputError, Fault
from cloudplan.luns import Kind, Load, disk_load, may_stand
from cloudplan.plan import GLOBAL_MIRROR, MECHANISMS, VM_REPLICATION, Mechanism
from cloudplan.rules.protection import DR_2, mechanism_fit, metro_mirror
from cloudplan.rules.storage import LUN_2, disk_class
from cloudplan.units import number
from cloudplan.workload import Disk, VmGroup

SWAP = -1
"""The number of a swap file that stands apart from disk 0, where a disk has its own."""

Count = TypeVar("Count")
"""A number, or one of the solver's unknowns."""


@dataclass(frozen=True)
class Part:
    """What is decided together: some disks of like groups, their swap file, and the mechanism while it is open."""

    site: str
    other: str | None
    mechanisms: tuple[Mechanism | None, ...]
    count: int
    swap_mib: int
    disks: tuple[Disk, ...]
    first: bool
    """Whether disk 0 is among the disks; it is then the first of them."""

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites where it stands."""
        return (self.site, self.other) if self.other else (self.site,)

    def stands(self, disk: Disk, mechanism: Mechanism | None) -> tuple[tuple[str, ...], str | None]:
        """Return where a disk stands under a mechanism: its sites, or its source and the peer (DR-3, GM-2, VMR-2)."""
        if mechanism is None or not disk.replicated:
            return (self.site,), None
        return ((self.site,), self.other) if mechanism == GLOBAL_MIRROR else (self.sites, None)

    def kind(self, index: int, disk: int, mechanism: Mechanism | None, *, with_swap: bool) -> Kind:
        """Return the kind of item that a disk (or SWAP) of this part, number `index`, is."""
        own = disk_load(self.disks[disk]) if disk != SWAP else Load(0)
        return Kind(index, disk, with_swap, mechanism, own + Load(self.swap_mib if with_swap else 0))


@dataclass(frozen=True)
class Member:
    """One group that a part stands for, and the numbers of its disks in the part."""

    group: str
    disks: tuple[int, ...]


@dataclass
class Chosen(Generic[Count]):
    """What is chosen for a part under one mechanism, counted in groups: unknowns, then numbers."""

    groups: Count
    classes: list[dict[str, Count]]
    """For each disk, the groups by class."""
    home: dict[str, dict[str, Count]]
    """Swap files that stand with disk 0: by site, by class of disk 0."""
    apart: dict[str, dict[str, Count]]
    """Swap files that stand by themselves: by site, by class."""


def parts_of(case: Case) -> dict[Part, list[Member]]:
    """Return the parts of a workload with their members, independent of the order of the file.

    Raises BadInputError when a mechanism is the only one for a VM and has no price.
    """
    parts: dict[Part, list[Member]] = {}
    for group in sorted(case.workload.vms, key=lambda group: group.name):
        mechanisms = mechanisms_of(case, group)
        other = case.workload.other_site(group) if group.protection else None
        numbers = tuple(range(len(group.disks)))
        for indexes in [numbers] if len(mechanisms) > 1 else [(index,) for index in numbers]:
            first = indexes[0] == 0
            swap_mib = group.memory_mib if first and group.powered_on else 0
            disks = tuple(_bare(group.disks[index]) for index in indexes)
            part = Part(group.site, other, mechanisms, group.count, swap_mib, disks, first)
            parts.setdefault(part, []).append(Member(group.name, indexes))
    return parts


def _bare(disk: Disk) -> Disk:
    """Return a disk without what storage does not look at, so that like disks are equal."""
    return disk.model_copy(update={"used_gib": disk.size_gib, "backup": True, "constant_writes": False})


def mechanisms_of(case: Case, group: VmGroup) -> tuple[Mechanism | None, ...]:
    """Return the mechanisms that suit a group and are on offer; (None,) for one that is not protected."""
    if not group.protection:
        return (None,)
    services = {
        GLOBAL_MIRROR: case.edition.services.global_mirror,
        VM_REPLICATION: case.edition.services.vm_replication,
    }
    fit = [name for name in MECHANISMS if not list(_unfit(case, group, name))]
    priced = tuple(name for name in fit if case.prices.offer(services[name]))
    if not priced:
        raise BadInputError(missing_prices(case, [services[name] for name in fit]))
    return priced


def storage_faults(case: Case) -> Iterator[Fault]:
    """Yield a fault for each protected group that no mechanism suits, and for each disk that no class can hold."""
    for group in case.workload.vms:
        withdrawn = metro_mirror(case, group)
        if not withdrawn.holds:
            yield Fault(withdrawn.unit, path=group.name, rule=withdrawn.rule.id)
        elif group.protection:
            broken = {name: list(_unfit(case, group, name)) for name in MECHANISMS}
            if all(broken.values()):
                yield _no_mechanism(group, broken)
        else:
            for rule, reason in _homeless(case, group, None):
                yield Fault(f"no storage class can hold it: {reason}", path=group.name, rule=rule)


def _no_mechanism(group: VmGroup, broken: Mapping[Mechanism, Sequence[tuple[str, str]]]) -> Fault:
    wish = group.protection
    wishes = {"rpo": wish.rpo, "rto": wish.rto, "mechanism": wish.mechanism} if wish else {}
    asked = ", ".join(f"{what} {value}" for what, value in wishes.items() if value)
    reasons = "; ".join(f"{name}: {rows[0][1]} ({rows[0][0]})" for name, rows in broken.items())
    return Fault(f"no mechanism suits {asked}: {reasons}", path=group.name, rule=DR_2.id)


def _unfit(case: Case, group: VmGroup, mechanism: Mechanism) -> Iterator[tuple[str, str]]:
    """Yield rule and reason for everything that speaks against a mechanism for a group."""
    yield from ((row.rule.id, row.unit) for row in mechanism_fit(case, group, mechanism) if not row.holds)
    yield from _homeless(case, group, mechanism)


def _homeless(case: Case, group: VmGroup, mechanism: Mechanism | None) -> Iterator[tuple[str, str]]:
    """Yield rule and reason for each disk of a group that can stand nowhere under a mechanism."""
    for index, disk in enumerate(group.disks):
        mirrored = mechanism == GLOBAL_MIRROR and disk.replicated
        if any(may_stand(case, disk, name, mirrored=mirrored) for name in case.classes):
            continue
        asked = disk.storage_class
        if asked and asked not in case.classes:
            raise BadInputError(missing_prices(case, [case.edition.storage_classes[asked]]))
        rows = list(disk_class(case, disk, asked, "", mirrored=mirrored)) if asked else []
        broken = next((row for row in rows if not row.holds), None)
        if broken:
            yield broken.rule.id, f"disk {index}: {broken.unit}"
        else:
            what = f"disk {index} of {number(disk.size_gib)} GiB" + (f" and {disk.iops} IOPS" if disk.iops else "")
            limit = case.workload.policy.datastore_max_gib
            yield LUN_2.id, f"{what} exceeds what the largest LUN, {limit} GiB, can hold with its headroom"
