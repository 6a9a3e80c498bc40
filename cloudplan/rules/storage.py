"""Storage rules: what a datastore holds, which class a disk may have, where swap files stand.

The inequalities speak of one LUN, or of `luns` like LUNs of one class taken together.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.base.units import GIB_PER_TIB, MIB_PER_GIB, rational
from cloudplan.catalog.edition import StorageClass
from cloudplan.plan.plan import Datastore
from cloudplan.rules.certifications import certified
from cloudplan.rules.protection import GM_1
from cloudplan.rules.rule import COUNT, COUNT_OR_ZERO, FIRST, Check, Inequality, Linear, Rule, exact, names, share
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Disk

LUN_1 = Rule(
    "LUN-1",
    "Size of a LUN",
    "A datastore is one LUN of one class, >= minimum_gib, in whole billing units (1 GiB flash, 1 TiB mass).",
    "plan",
    {"minimum_gib": COUNT},
    since=FIRST,
)
LUN_2 = Rule(
    "LUN-2",
    "Largest LUN",
    "A datastore is at most the edition's maximum and datastore_max_gib; a disk stands whole on one datastore.",
    "plan",
    {"maximum_gib": COUNT},
    since=FIRST,
)
LUN_3 = Rule(
    "LUN-3",
    "Snapshot headroom",
    "Disks + swap files <= size x (1 - snapshot_headroom).",
    "plan",
    {"headroom": share},
    since=FIRST,
)
VSWP_1 = Rule(
    "VSWP-1",
    "Swap files",
    "A powered-on VM has one swap file as large as its memory, on one datastore at each site where it may run.",
    "plan",
    since=FIRST,
)
VSWP_2 = Rule(
    "VSWP-2",
    "Where swap files stand",
    "home: with disk 0; a class: on a not replicated datastore of it; auto: the cheaper of home and one flash class.",
    "choice",
    since=FIRST,
)
CLS_1 = Rule(
    "CLS-1",
    "Class of a disk",
    "A disk with a class stands on it; any other on a flash class; mass storage only when asked for by name.",
    "choice",
    since=FIRST,
)
CLS_2 = Rule(
    "CLS-2",
    "Instances are alike",
    "Disk i of a group has one class, the group one mechanism and, per site, one swap choice.",
    "construction",
)
ORD_1 = Rule(
    "ORD-1",
    "Datastores of a site",
    "Datastores at a site with a cluster >= min_datastores.",
    "plan",
    {"datastores_advised": COUNT},
    since=FIRST,
)
ORD_2 = Rule(
    "ORD-2",
    "What one order takes",
    "A cluster of more hosts, a site with more datastores, or backup storage outside the limits takes several orders.",
    "finding",
    dict.fromkeys(("hosts_max", "datastores_max", "backup_min_gib", "backup_max_gib"), COUNT),
    since=FIRST,
)
ORD_3 = Rule(
    "ORD-3",
    "What the order form takes",
    "A cluster of fewer hosts, memory above hosts x (physical - reserve), a blade or class that the form lacks, and "
    "what is sold by request are service requests; more networks or addresses take several orders.",
    "finding",
    {
        **dict.fromkeys(("hosts_min", "networks_max", "addresses_min", "addresses_max"), COUNT),
        "memory_reserve_gib": COUNT_OR_ZERO,
        **dict.fromkeys(("without_blades", "without_classes"), names),
    },
    since="2026-08-20",
)
IOPS_1 = Rule(
    "IOPS-1",
    "IOPS of a LUN",
    "Sum of IOPS of its disks <= class rate x size in TiB, and <= the edition's ceiling per LUN.",
    "plan",
    since=FIRST,
)
IOPS_2 = Rule(
    "IOPS-2", "No IOPS on mass storage", "A disk with iops does not stand on class mass.", "choice", since=FIRST
)
IOPS_3 = Rule(
    "IOPS-3",
    "IOPS under Global Mirror",
    "Under Global Mirror an IOPS need counts 1 / performance_left.",
    "plan",
    {"performance_left": exact},
    since=FIRST,
)
IOPS_4 = Rule(
    "IOPS-4", "Bandwidth of a LUN", "Sum of MB/s of its disks <= the edition's ceiling per LUN.", "plan", since=FIRST
)

RULES = (*(LUN_1, LUN_2, LUN_3, VSWP_1, VSWP_2, CLS_1, CLS_2, ORD_1, ORD_2, ORD_3, IOPS_1, IOPS_2, IOPS_3, IOPS_4),)


@dataclass(frozen=True)
class LunDimension:
    """A resource of a LUN: what one disk and one swap file take of it, what a LUN of a class offers.

    It offers `per_gib` for each GiB of its size, and at most `ceiling`; None where that sets no limit. `disk` and
    `swap` (the latter of a VM's memory in MiB) give amounts in `unit`. On a mirrored LUN each unit counts
    `mirrored_factor`, where a `mirrored_rule` says so.
    """

    rule: Rule
    unit: str
    disk: Callable[[Disk], Fraction | int]
    swap: Callable[[int], Fraction | int]
    per_gib: Callable[[Case, StorageClass], Fraction | None]
    ceiling: Callable[[Case, StorageClass], Fraction | int | None]
    mirrored_rule: Rule | None = None
    mirrored_factor: Callable[[Case], Fraction] = lambda case: Fraction(1)

    def rule_of(self, *, mirrored: bool) -> Rule:
        """Return the rule that limits it."""
        return (mirrored and self.mirrored_rule) or self.rule

    def factor(self, case: Case, *, mirrored: bool) -> Fraction:
        """Return what one unit counts."""
        return self.mirrored_factor(case) if mirrored and self.mirrored_rule else Fraction(1)


SPACE = LunDimension(
    LUN_3,
    "MiB",
    lambda disk: disk.size_mib,
    lambda memory_mib: memory_mib,
    lambda case, item: (1 - Fraction(case.workload.policy.snapshot_headroom)) * MIB_PER_GIB,
    lambda case, item: None,
)
IOPS = LunDimension(
    IOPS_1,
    "IOPS",
    lambda disk: rational(disk.iops),
    lambda memory_mib: 0,
    lambda case, item: Fraction(item.iops_per_tib, GIB_PER_TIB),
    lambda case, item: item.iops_max,
    mirrored_rule=IOPS_3,
    mirrored_factor=lambda case: 1 / Fraction(IOPS_3.figure(case.edition, "performance_left")),
)
BANDWIDTH = LunDimension(
    IOPS_4,
    "MB/s",
    lambda disk: rational(disk.mbps),
    lambda memory_mib: 0,
    lambda case, item: None,
    lambda case, item: item.mbps_max,
)
LUN_DIMENSIONS = (SPACE, IOPS, BANDWIDTH)
"""What is counted on a LUN. Every module that counts walks `lun_dimensions`; a further one is a line here."""


def lun_dimensions(case: Case) -> tuple[LunDimension, ...]:
    """Return the dimensions of a LUN whose rule stands in the edition of a case."""
    return case.once(
        lun_dimensions, lambda: tuple(entry for entry in LUN_DIMENSIONS if entry.rule.stands_in(case.edition))
    )


def disk_load(case: Case, disk: Disk) -> tuple[Fraction | int, ...]:
    """Return what a disk takes of a LUN in each dimension."""
    return tuple(entry.disk(disk) for entry in lun_dimensions(case))


def swap_load(case: Case, memory_mib: int) -> tuple[Fraction | int, ...]:
    """Return what the swap file of a VM takes of a LUN in each dimension."""
    return tuple(entry.swap(memory_mib) for entry in lun_dimensions(case))


def lun_limits(
    case: Case,
    item: StorageClass,
    place: str,
    *,
    size_gib: Linear,
    load: Sequence[Linear],
    mirrored: bool,
    luns: Linear = 1,
) -> Iterator[Inequality]:
    """Yield all that a LUN (or `luns` like ones together) of a class must keep, given the load on it by dimension."""
    yield LUN_2.at_most(size_gib, largest_lun_gib(case, item) * luns, place, "GiB")
    for entry, amount in zip(lun_dimensions(case), load, strict=True):
        factor, rule = entry.factor(case, mirrored=mirrored), entry.rule_of(mirrored=mirrored)
        need = amount if factor == 1 else amount * factor
        per_gib, ceiling = entry.per_gib(case, item), entry.ceiling(case, item)
        if per_gib is not None:
            yield rule.at_most(need, per_gib * size_gib, place, entry.unit)
        if ceiling is not None:
            yield rule.at_most(need, ceiling * luns, place, entry.unit)
    yield LUN_1.at_most(minimum_lun_gib(case) * luns, size_gib, place, "GiB")


def least_lun_gib(case: Case, item: StorageClass, load: Sequence[Fraction | int], *, mirrored: bool) -> int | None:
    """Return the size of the smallest LUN of a class that holds a load, in GiB; None when the largest is too small."""
    least: Fraction | int = minimum_lun_gib(case)
    for entry, amount in zip(lun_dimensions(case), load, strict=True):
        need = amount * entry.factor(case, mirrored=mirrored)
        per_gib, ceiling = entry.per_gib(case, item), entry.ceiling(case, item)
        if (ceiling is not None and need > ceiling) or (per_gib == 0 and need):
            return None
        if per_gib:
            least = max(least, need / per_gib)
    size_gib = math.ceil(least / item.unit_gib) * item.unit_gib
    return size_gib if size_gib <= largest_lun_gib(case, item) else None


def load_of(case: Case, store: Datastore) -> tuple[Fraction, ...]:
    """Return what stands on a datastore in each dimension."""
    return case.once_of(load_of, store, lambda: _load(case, store))


def _load(case: Case, store: Datastore) -> tuple[Fraction, ...]:
    groups = case.workload.groups
    disks = [(groups[placed.vm].disks[placed.disk], placed.count) for placed in store.disks]
    swap = [(groups[name].memory_mib, count) for name, count in store.vswp.items()]
    loads = []
    for entry in lun_dimensions(case):
        counts: Counter[Fraction | int] = Counter()  # by amount: most are alike, and exact sums take their time
        for disk, count in disks:
            counts[entry.disk(disk)] += count
        for memory_mib, count in swap:
            counts[entry.swap(memory_mib)] += count
        loads.append(Fraction(sum(amount * count for amount, count in counts.items())))
    return tuple(loads)


def datastore_limits(case: Case, store: Datastore, size_gib: int) -> Iterator[Inequality]:
    """Yield all that a datastore of a size must keep, with the content of `store`."""
    return lun_limits(
        case,
        case.edition.storage_classes[store.storage_class],
        store.name,
        size_gib=size_gib,
        load=load_of(case, store),
        mirrored=store.replication is not None,
    )


def binding(case: Case, store: Datastore) -> Rule:
    """Return the rule that a datastore would break if it were one billing unit smaller."""
    smaller_gib = store.size_gib - case.edition.storage_classes[store.storage_class].unit_gib
    return next((row.rule for row in datastore_limits(case, store, smaller_gib) if not row.holds), LUN_1)


def minimum_lun_gib(case: Case) -> int:
    """Return the least size of a LUN (LUN-1)."""
    return int(LUN_1.figure(case.edition, "minimum_gib"))


def largest_lun_gib(case: Case, item: StorageClass) -> int:
    """Return the largest size of a LUN of a class, in whole billing units (LUN-2)."""
    limit = min(int(LUN_2.figure(case.edition, "maximum_gib")), case.workload.policy.datastore_max_gib)
    return limit // item.unit_gib * item.unit_gib


def disk_class(case: Case, disk: Disk, name: str, place: str, *, mirrored: bool) -> Iterator[Check]:
    """Yield the conditions for a disk to stand on a class (CLS-1, IOPS-2, GM-1, CRT-1)."""
    if disk.storage_class:
        yield CLS_1.require(name == disk.storage_class, place, f"the disk asks for class {disk.storage_class}")
    else:
        yield CLS_1.require(case.edition.storage_classes[name].flash, place, "only flash classes unless asked by name")
    if disk.iops:
        words = f"{disk.iops} IOPS asked for, but class {name} has no performance commitment"
        yield IOPS_2.require(case.edition.storage_classes[name].flash, place, words)
    if mirrored:
        compatible = GM_1.figure(case.edition, "classes")
        yield GM_1.require(name in compatible, place, f"Global Mirror works with {', '.join(compatible)}, not {name}")
    if case.workload.requires:
        yield certified(case, f"storage_classes.{name}", place)


def swap_classes(case: Case) -> tuple[str, ...]:
    """Return the classes where swap files may stand apart from disk 0, under the policy (VSWP-2)."""
    wish = case.workload.policy.vswp
    if wish == "home":
        return ()
    return case.edition.flash_classes if wish == "auto" else (wish,)


def swap_at_home(case: Case) -> bool:
    """Return whether a swap file may stand with disk 0, on whatever class that is (VSWP-2)."""
    return case.workload.policy.vswp in ("home", "auto")


def datastores_of_site(case: Case, site: str, luns: Linear) -> Inequality:
    """Return the least number of datastores of a site with a cluster (ORD-1)."""
    return ORD_1.at_most(case.workload.policy.min_datastores, luns, site, "datastores")
