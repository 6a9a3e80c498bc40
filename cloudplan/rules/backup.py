"""Backup rules: where the copies stand and how much they take."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from cloudplan.base.errors import Fault, NoPlanError
from cloudplan.base.units import GIB_PER_TIB, SIZES, exact_sum, rational
from cloudplan.rules.rule import COUNT_OR_ZERO, FIRST, Inequality, Linear, Rule, exact, share
from cloudplan.workload.case import Case
from cloudplan.workload.workload import BackupPolicy, Disk, VmGroup

BKP_1 = Rule("BKP-1", "Backup access", "Every VM takes one backup access unit, at its own site.", "plan", since=FIRST)
BKP_2 = Rule(
    "BKP-2", "Backup site", "Backups stand in another availability zone than the VM.", "construction", since=FIRST
)
BKP_3 = Rule(
    "BKP-3",
    "Backup storage",
    "Stored = used x (1 + daily u(1) + weekly u(7) + monthly u(30) + yearly u(365)) / reduction, "
    "u(k) = 1 - (1 - change_rate)^k; per backup site, in whole TiB.",
    "plan",
    {
        **dict.fromkeys(("daily", "weekly", "monthly", "yearly"), COUNT_OR_ZERO),
        **{"change_rate": share, "reduction": exact},
    },
    since=FIRST,
)
BKP_4 = Rule("BKP-4", "Disks not backed up", "A constant_writes disk is left out of backup.", "finding", since=FIRST)

RULES = (BKP_1, BKP_2, BKP_3, BKP_4)

_DAYS = {"daily": 1, "weekly": 7, "monthly": 30, "yearly": 365}


@dataclass(frozen=True)
class BackupFlow:
    """What the VMs of one site store at one backup site."""

    source: str
    target: str
    vms: int
    stored_gib: Fraction


def is_backed_up(disk: Disk) -> bool:
    """Return whether a disk is in the backup (BKP-4)."""
    return disk.backup and not disk.constant_writes


def backup_site(case: Case, group: VmGroup) -> str:
    """Return the zone where the backups of a group stand (BKP-2); raise NoPlanError when there is no other zone."""
    zones = case.edition.zones(case.workload.region)
    following = zones[(zones.index(group.site) + 1) % len(zones)]
    candidates = (case.workload.sites.backup, case.workload.other_site(group), following)
    found = next((site for site in candidates if site and site != group.site), None)
    if found is None:
        message = (
            f"backups of {group.name} need another zone than {group.site}, and {case.workload.region} has no other"
        )
        raise NoPlanError([Fault(message, path=group.name, rule=BKP_2.id)])
    return found


@lru_cache(maxsize=SIZES)
def stored_factor(policy: BackupPolicy) -> Fraction:
    """Return the GiB stored for each GiB of data under a retention policy (BKP-3)."""
    kept = 1 - Fraction(policy.change_rate)
    points = sum((getattr(policy, kind) * (1 - kept**days) for kind, days in _DAYS.items()), Fraction(0))
    return (1 + points) / Fraction(policy.reduction)


def backup_flows(case: Case) -> tuple[BackupFlow, ...]:
    """Return what each site stores at each backup site, in the order of the sites."""
    return case.once(backup_flows, lambda: tuple(_flows(case)))


def _flows(case: Case) -> Iterator[BackupFlow]:
    alike: dict[tuple[str, str, BackupPolicy], list[VmGroup]] = defaultdict(list)
    for group in case.workload.vms:
        alike[backup_site(case, group), group.site, group.backup].append(group)
    for target in case.sites:
        for source in case.sites:
            here = {policy: groups for (*sites, policy), groups in alike.items() if sites == [target, source]}
            if here:
                vms = sum(group.count for groups in here.values() for group in groups)
                stored = exact_sum(_used_gib(groups) * stored_factor(policy) for policy, groups in here.items())
                yield BackupFlow(source, target, vms, stored)


def _used_gib(groups: Iterable[VmGroup]) -> Fraction | int:
    """Return what is written on the disks of groups that are in the backup."""
    return sum(rational(disk.used_gib) * group.count for group in groups for disk in group.disks if is_backed_up(disk))


def backup_storage(site: str, *, stored_gib: Linear, ordered_tib: Linear) -> Inequality:
    """Return the backup storage that a backup site needs (BKP-3)."""
    return BKP_3.at_most(stored_gib, GIB_PER_TIB * ordered_tib, site, "GiB")
