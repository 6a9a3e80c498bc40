"""What storage decides by itself: disks, swap files and mechanisms, taken apart as far as may be.

A *part* is one disk, or disk 0 with its swap file, or all disks of a VM while its mechanism is open. Equal parts of
different groups are one part with several members, so that the optimiser counts instead of naming.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from cloudplan.base.errors import Fault
from cloudplan.base.units import number
from cloudplan.catalog.edition import Item
from cloudplan.optimiser.storage.luns import NOTHING, Kind, disk_load, least_gib, may_stand, nearest_miss, swap_load
from cloudplan.plan.plan import GLOBAL_MIRROR, MECHANISMS, VM_REPLICATION, Mechanism
from cloudplan.rules.certifications import CRT_1, certified
from cloudplan.rules.protection import DR_2, mechanism_fit, metro_mirror
from cloudplan.rules.storage import LUN_2, LUN_3, VSWP_1, disk_class, swap_at_home, swap_classes
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Disk, VmGroup

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
    data_only: bool = False
    """Whether the swap file has no place of its own at the other site; with disk 0 it is mirrored all the same."""

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites where it stands."""
        return (self.site, self.other) if self.other else (self.site,)

    @property
    def swap_sites(self) -> tuple[str, ...]:
        """The sites where a swap file has a place of its own (VSWP-1, DR-1)."""
        return (self.site,) if self.data_only else self.sites

    def stands(self, disk: Disk, mechanism: Mechanism | None) -> tuple[tuple[str, ...], str | None]:
        """Return where a disk stands under a mechanism: its sites, or its source and the peer (DR-3, GM-2, VMR-2)."""
        if mechanism is None or not disk.replicated:
            return (self.site,), None
        return ((self.site,), self.other) if mechanism == GLOBAL_MIRROR else (self.sites, None)

    def kind(self, case: Case, index: int, disk: int, mechanism: Mechanism | None, *, with_swap: bool) -> Kind:
        """Return the kind of item that a disk (or SWAP) of this part, number `index`, is."""
        own = disk_load(case, self.disks[disk]) if disk != SWAP else NOTHING
        swap = swap_load(case, self.swap_mib) if with_swap else NOTHING
        return Kind(index, disk, with_swap, mechanism, own + swap)


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
    """Return the parts of a workload with their members, independent of the order of the file."""
    parts: dict[Part, list[Member]] = {}
    for group in sorted(case.workload.vms, key=lambda group: group.name):
        for part, member in parts_of_group(case, group, mechanisms_of(case, group)):
            parts.setdefault(part, []).append(member)
    return parts


def parts_of_group(
    case: Case, group: VmGroup, mechanisms: tuple[Mechanism | None, ...]
) -> Iterator[tuple[Part, Member]]:
    """Yield the parts of a group under some mechanisms, in the order of its disks."""
    other = case.workload.other_site(group) if group.protection else None
    numbers = tuple(range(len(group.disks)))
    for indexes in [numbers] if len(mechanisms) > 1 else [(index,) for index in numbers]:
        first = indexes[0] == 0
        swap_mib = group.memory_mib if first and group.powered_on else 0
        disks = tuple(_bare(group.disks[index]) for index in indexes)
        data_only = bool(swap_mib and other and group.data_only)
        part = Part(group.site, other, mechanisms, group.count, swap_mib, disks, first, data_only)
        yield part, Member(group.name, indexes)


def _bare(disk: Disk) -> Disk:
    """Return a disk without what storage does not look at, so that like disks are equal."""
    unseen = {"used_gib": disk.size_gib, "backup": True, "constant_writes": False, "by_default": (), "thin": None}
    return disk.model_copy(update=unseen)


def mechanisms_of(case: Case, group: VmGroup) -> tuple[Mechanism | None, ...]:
    """Return the mechanisms that suit a group and are on offer; (None,) for one that is not protected."""
    if not group.protection:
        return (None,)
    return tuple(
        name for name in MECHANISMS if not list(_unfit(case, group, name)) and not _unpriced(case, group, name)
    )


def unpriced_items(case: Case) -> Iterator[Item]:
    """Yield the items without a price that the storage of no plan can do without: the last that would fit."""
    wish = case.workload.policy.vswp
    named = case.edition.storage_classes.get(wish)
    if named is not None and case.prices.offer(named) is None:
        yield named
    for group in case.workload.vms:
        fit = [name for name in _ways(group) if not list(_unfit(case, group, name))]
        lacking = [_unpriced(case, group, name) for name in fit]
        if lacking and all(lacking):
            for items in lacking:
                yield from items


def _ways(group: VmGroup) -> tuple[Mechanism | None, ...]:
    return MECHANISMS if group.protection else (None,)


def _unpriced(case: Case, group: VmGroup, mechanism: Mechanism | None) -> list[Item]:
    """Return what has no price and a group cannot do without under a mechanism."""
    services = case.edition.services
    licence = {None: None, GLOBAL_MIRROR: services.global_mirror, VM_REPLICATION: services.vm_replication}[mechanism]
    items: list[Item] = [licence] if licence and not case.prices.offer(licence) else []
    for disk in group.disks:
        fit = _classes(case, disk, mechanism)
        if not any(name in case.classes for name in fit):
            items += [case.edition.storage_classes[name] for name in fit]
    return items


def _classes(case: Case, disk: Disk, mechanism: Mechanism | None) -> list[str]:
    """Return the classes, priced or not, on which a disk may stand under a mechanism."""
    mirrored = mechanism == GLOBAL_MIRROR and disk.replicated
    return [name for name in case.edition.storage_classes if may_stand(case, disk, name, mirrored=mirrored)]


def storage_faults(case: Case) -> Iterator[Fault]:
    """Yield a fault for each VM that no mechanism suits, or whose disks or swap file no datastore can hold."""
    for group in case.workload.vms:
        withdrawn = metro_mirror(case, group)
        if not withdrawn.holds:
            yield Fault(withdrawn.words, path=group.name, rule=withdrawn.rule.id)
            continue
        broken = {name: list(_unfit(case, group, name)) for name in _ways(group)}
        if all(broken.values()) and group.protection:
            yield _no_mechanism(group, broken)
        elif all(broken.values()):
            for rule, reason in broken[None]:
                yield Fault(f"no datastore can hold it: {reason}", path=group.name, rule=rule)


def _no_mechanism(group: VmGroup, broken: Mapping[Mechanism | None, Sequence[tuple[str, str]]]) -> Fault:
    wish = group.protection
    wishes = {"rpo": wish.rpo, "rto": wish.rto, "mechanism": wish.mechanism} if wish else {}
    asked = ", ".join(f"{what} {value}" for what, value in wishes.items() if value)
    reasons = "; ".join(f"{name}: {rows[0][1]} ({rows[0][0]})" for name, rows in broken.items())
    return Fault(f"no mechanism suits {asked}: {reasons}", path=group.name, rule=DR_2.id)


def _unfit(case: Case, group: VmGroup, mechanism: Mechanism | None) -> Iterator[tuple[str, str]]:
    """Yield rule and reason for everything that speaks against a mechanism (or none) for a group."""
    if mechanism:
        yield from ((row.rule.id, row.words) for row in mechanism_fit(case, group, mechanism) if not row.holds)
    yield from _homeless(case, group, mechanism)


def _homeless(case: Case, group: VmGroup, mechanism: Mechanism | None) -> Iterator[tuple[str, str]]:
    """Yield rule and reason for each disk, and for the swap file, that can stand nowhere under a mechanism."""
    limit = f"the largest LUN, {case.workload.policy.datastore_max_gib} GiB, with its headroom"
    for index, disk in enumerate(group.disks):
        if not _classes(case, disk, mechanism):
            mirrored = mechanism == GLOBAL_MIRROR and disk.replicated
            rule, reason = _no_class(case, disk, limit, mirrored=mirrored)
            yield rule, f"disk {index}{reason}"
    if group.powered_on and not _swap_fits(case, group, mechanism):
        policy = case.workload.policy.vswp
        what = f"its swap file of {number(group.memory_gib)} GiB"
        what += f" with disk 0 of {number(group.disks[0].size_gib)} GiB" if swap_at_home(case) else ""
        yield VSWP_1.id, f"{what} (policy vswp: {policy}) exceeds {limit}"


def _no_class(case: Case, disk: Disk, limit: str, *, mirrored: bool) -> tuple[str, str]:
    """Return the rule and the reason why a disk may stand on no class, or on no LUN of one."""
    asked = disk.storage_class
    rows = list(disk_class(case, disk, asked, "", mirrored=mirrored)) if asked else []
    broken = next((row for row in rows if not row.holds), None)
    if broken:
        return broken.rule.id, f": {broken.words}"
    uncertified = [certified(case, f"storage_classes.{name}", "") for name in case.edition.flash_classes]
    if not any(row.holds for row in uncertified):
        return CRT_1.id, f": {uncertified[0].words}"
    what = f" of {number(disk.size_gib)} GiB" + (f" and {disk.iops} IOPS" if disk.iops else "")
    miss = nearest_miss(case, disk, mirrored=mirrored)
    if miss and miss[1].rule is not LUN_3:
        name, row = miss
        need, most = number(Fraction(row.left)), number(Fraction(row.right))
        reason = f"needs {need} {row.unit}; one LUN of class {name} delivers at most {most}"
        return row.rule.id, f"{what} {reason}"
    return LUN_2.id, f"{what} exceeds {limit}"


def _swap_fits(case: Case, group: VmGroup, mechanism: Mechanism | None) -> bool:
    """Return whether the swap file of a group fits a LUN: apart from disk 0, or with it."""
    asked = (_swap_fits, group.memory_mib, group.disks[0], mechanism)
    return case.once(asked, lambda: _swap_fits_now(case, group, mechanism))


def _swap_fits_now(case: Case, group: VmGroup, mechanism: Mechanism | None) -> bool:
    swap = swap_load(case, group.memory_mib)
    if any(least_gib(case, name, swap, mirrored=False) is not None for name in swap_classes(case)):
        return True
    together, mirrored = disk_load(case, group.disks[0]) + swap, mechanism == GLOBAL_MIRROR
    homes = _classes(case, group.disks[0], mechanism) if swap_at_home(case) else []
    return (not homes and swap_at_home(case)) or any(
        least_gib(case, name, together, mirrored=mirrored) is not None for name in homes
    )
