"""Storage rules: what a datastore holds, which class a disk may have, where swap files stand.

The inequalities speak of one LUN, or of `luns` like LUNs of one class taken together.
"""

from collections.abc import Iterator
from fractions import Fraction

from cloudplan.base.units import GIB_PER_TIB, gib
from cloudplan.catalog.edition import StorageClass
from cloudplan.plan.plan import Datastore
from cloudplan.rules.protection import GM_1
from cloudplan.rules.rule import Inequality, Linear, Rule, exact
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Disk

LUN_1 = Rule(
    "LUN-1",
    "Size of a LUN",
    "A datastore is one LUN of one class, >= minimum_gib, in whole billing units (1 GiB flash, 1 TiB mass).",
    "plan",
    {"minimum_gib": int},
)
LUN_2 = Rule(
    "LUN-2",
    "Largest LUN",
    "A datastore is at most the edition's maximum and datastore_max_gib; a disk stands whole on one datastore.",
    "plan",
    {"maximum_gib": int},
)
LUN_3 = Rule(
    "LUN-3", "Snapshot headroom", "Disks + swap files <= size x (1 - snapshot_headroom).", "plan", {"headroom": exact}
)
VSWP_1 = Rule(
    "VSWP-1",
    "Swap files",
    "A powered-on VM has one swap file as large as its memory, on one datastore at each site where it may run.",
    "plan",
)
VSWP_2 = Rule(
    "VSWP-2",
    "Where swap files stand",
    "home: with disk 0; a class: on a not replicated datastore of it; auto: the cheaper of home and one flash class.",
    "choice",
)
CLS_1 = Rule(
    "CLS-1",
    "Class of a disk",
    "A disk with a class stands on it; any other on a flash class; mass storage only when asked for by name.",
    "choice",
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
    {"datastores_advised": int},
)
ORD_2 = Rule(
    "ORD-2",
    "What one order takes",
    "A cluster of more hosts, a site with more datastores, or backup storage outside the limits takes several orders.",
    "finding",
    {"hosts_max": int, "datastores_max": int, "backup_min_gib": int, "backup_max_gib": int},
)
IOPS_1 = Rule(
    "IOPS-1",
    "IOPS of a LUN",
    "Sum of IOPS of its disks <= class rate x size in TiB, and <= the edition's ceiling per LUN.",
    "plan",
)
IOPS_2 = Rule("IOPS-2", "No IOPS on mass storage", "A disk with iops does not stand on class mass.", "choice")
IOPS_3 = Rule(
    "IOPS-3",
    "IOPS under Global Mirror",
    "Under Global Mirror an IOPS need counts 1 / performance_left.",
    "plan",
    {"performance_left": exact},
)
IOPS_4 = Rule("IOPS-4", "Bandwidth of a LUN", "Sum of MB/s of its disks <= the edition's ceiling per LUN.", "plan")

RULES = (*(LUN_1, LUN_2, LUN_3, VSWP_1, VSWP_2, CLS_1, CLS_2, ORD_1, ORD_2, IOPS_1, IOPS_2, IOPS_3, IOPS_4),)


def lun_limits(
    case: Case,
    item: StorageClass,
    place: str,
    *,
    size_gib: Linear,
    used_gib: Linear,
    iops: Linear,
    mbps: Linear,
    mirrored: bool,
    luns: Linear = 1,
) -> Iterator[Inequality]:
    """Yield all that a LUN (or `luns` like ones together) of a class must keep, given what stands on it."""
    policy, edition = case.workload.policy, case.edition
    yield LUN_2.at_most(size_gib, largest_lun_gib(case, item) * luns, place, "GiB")
    yield LUN_3.at_most(used_gib, (1 - Fraction(policy.snapshot_headroom)) * size_gib, place, "GiB")
    need = iops * (1 / edition.exact("IOPS-3", "performance_left")) if mirrored else iops
    rule = IOPS_3 if mirrored else IOPS_1
    yield rule.at_most(need, Fraction(item.iops_per_tib, GIB_PER_TIB) * size_gib, place, "IOPS")
    if item.iops_max is not None:
        yield rule.at_most(need, item.iops_max * luns, place, "IOPS")
    if item.mbps_max is not None:
        yield IOPS_4.at_most(mbps, item.mbps_max * luns, place, "MB/s")
    yield LUN_1.at_most(edition.count("LUN-1", "minimum_gib") * luns, size_gib, place, "GiB")


def datastore_limits(case: Case, store: Datastore, size_gib: int) -> Iterator[Inequality]:
    """Yield all that a datastore of a size must keep, with the content of `store`."""
    groups = case.workload.groups
    disks = [(groups[placed.vm].disks[placed.disk], placed.count) for placed in store.disks]
    swap = sum(groups[name].memory_mib * count for name, count in store.vswp.items())
    return lun_limits(
        case,
        case.edition.storage_classes[store.storage_class],
        store.name,
        size_gib=size_gib,
        used_gib=gib(sum(disk.size_mib * count for disk, count in disks) + swap),
        iops=sum((Fraction(disk.iops) * count for disk, count in disks), Fraction(0)),
        mbps=sum((Fraction(disk.mbps) * count for disk, count in disks), Fraction(0)),
        mirrored=store.replication is not None,
    )


def largest_lun_gib(case: Case, item: StorageClass) -> int:
    """Return the largest size of a LUN of a class, in whole billing units (LUN-2)."""
    limit = min(case.edition.count("LUN-2", "maximum_gib"), case.workload.policy.datastore_max_gib)
    return limit // item.unit_gib * item.unit_gib


def disk_class(case: Case, disk: Disk, name: str, place: str, *, mirrored: bool) -> Iterator[Inequality]:
    """Yield the conditions for a disk to stand on a class (CLS-1, IOPS-2, GM-1)."""
    if disk.storage_class:
        yield CLS_1.require(name == disk.storage_class, place, f"the disk asks for class {disk.storage_class}")
    else:
        yield CLS_1.require(case.edition.storage_classes[name].flash, place, "only flash classes unless asked by name")
    if disk.iops:
        words = f"{disk.iops} IOPS asked for, but class {name} has no performance commitment"
        yield IOPS_2.require(case.edition.storage_classes[name].flash, place, words)
    if mirrored:
        compatible = case.edition.figure("GM-1", "classes").split()
        yield GM_1.require(name in compatible, place, f"Global Mirror works with {', '.join(compatible)}, not {name}")


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
