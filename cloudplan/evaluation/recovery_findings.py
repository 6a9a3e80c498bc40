"""What protection does not do: writes that are missing, backups beside the VMs they are of, memory after a failover."""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from cloudplan.base.units import MIB_PER_GIB, duration
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION, Choice, Cluster, Finding
from cloudplan.plan.wording import finding_of
from cloudplan.rules.backup import BKP_2, backup_site, is_backed_up
from cloudplan.rules.protection import DR_1, DR_2, GM_1, VMR_5, Pushed, mechanism_fit, pushed
from cloudplan.rules.storage import IOPS_3
from cloudplan.workload.case import Case
from cloudplan.workload.workload import VmGroup

MIRROR_RISK, PREFERENCE = "mirror_risk", "replication_preference"
"""The conditions of an edition that say what Global Mirror risks, and which replication is preferred."""


def recovery_findings(case: Case, choice: Choice) -> Iterator[Finding]:
    """Yield what the reader of a plan with protected VMs must know beside the rules."""
    chosen = {name: case.workload.groups[name] for name in choice.protection}
    yield from _mirrored(case, [group for name, group in chosen.items() if choice.protection[name] == GLOBAL_MIRROR])
    yield from _pushed(case, [group for name, group in chosen.items() if choice.protection[name] == VM_REPLICATION])
    yield from _beside_backups(case, list(chosen.values()))
    for cluster in choice.clusters:
        yield from _after_failover(case, cluster)


def _mirrored(case: Case, groups: Sequence[VmGroup]) -> Iterator[Finding]:
    vms, said = sum(group.count for group in groups), case.edition.conditions
    if groups and MIRROR_RISK in said:
        impact = (1 - IOPS_3.figure(case.edition, "performance_left")) * 100
        values: dict[str, Any] = {"vms": vms, "impact_percent": str(float(impact)).removesuffix(".0")}
        yield finding_of("warning", "mirror-risk", "protection", GM_1.id, **values)
    if groups and PREFERENCE in said:
        able = [group for group in groups if _fits_vm_replication(case, group)]
        values = {"vms": vms, "able": sum(group.count for group in able)}
        yield finding_of("info", "prefer-vm-replication", "protection", DR_2.id, **values)


def _fits_vm_replication(case: Case, group: VmGroup) -> bool:
    """Return whether VM replication would meet what a group needs, whatever mechanism it asks for."""
    wish = group.protection
    free = group.model_copy(update={"protection": wish and wish.model_copy(update={"mechanism": None})})
    return all(check.holds for check in mechanism_fit(case, free, VM_REPLICATION))


def _pushed(case: Case, groups: Sequence[VmGroup]) -> Iterator[Finding]:
    """Yield what VM replication pushes from a site at an RPO (VMR-5)."""
    flows: dict[tuple[str, str, int], list[VmGroup]] = {}
    for group in groups:
        each = pushed(case, group)
        flows.setdefault((group.site, case.workload.other_site(group) or "", each.rpo_minutes), []).append(group)
    for (site, other, minutes), mine in flows.items():
        total = sum((pushed(case, group) for group in mine), Pushed(Fraction(0), Fraction(0), minutes))
        values: dict[str, Any] = {
            **{"site": site, "other": other, "vms": sum(group.count for group in mine), "rpo": duration(minutes)},
            "first_copy_gib": _decimals(total.first_copy_gib),
            "push_gib": _decimals(total.push_gib),
            "mbit_per_s": _decimals(total.mbit_per_s),
        }
        yield finding_of("info", "replication-volume", site, VMR_5.id, **values)


def _decimals(number: Fraction) -> str:
    """Return a number with two decimals, rounded up: a need is never told too low."""
    hundredths = -(-number * 100 // 1)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _beside_backups(case: Case, groups: Sequence[VmGroup]) -> Iterator[Finding]:
    """Yield the sites whose VMs stand beside their only backups after a failover (BKP-2)."""
    beside: Counter[tuple[str, str]] = Counter()
    for group in groups:
        other = case.workload.other_site(group) or ""
        if backup_site(case, group) == other and any(is_backed_up(disk) for disk in group.disks):
            beside[group.site, other] += group.count
    for (site, other), vms in beside.items():
        third = [zone for zone in case.edition.zones(case.workload.region) if zone not in (site, other)]
        values: dict[str, Any] = {"vms": vms, "site": site, "other": other, "third": " or ".join(third)}
        yield finding_of("warning", "backup-at-standby", site, BKP_2.id, about="" if third else "no third", **values)


def _after_failover(case: Case, cluster: Cluster) -> Iterator[Finding]:
    """Yield the memory that the VMs of a cluster with degraded standby are configured with, against what is activated.

    A cluster without a standby VM that holds less than all its memory says nothing.
    """
    instances = sum((Counter(host) for host in cluster.placement), Counter[str]())
    groups = {name: case.workload.groups[name] for name in instances}
    degraded = [group for group in groups.values() if group.site != cluster.site and _is_degraded(case, group)]
    if not degraded:
        return
    configured_mib = sum(groups[name].memory_mib * count for name, count in instances.items())
    exceeds = configured_mib > cluster.memory_gib * MIB_PER_GIB
    values: dict[str, Any] = {
        "cluster": cluster.name,
        "configured_gib": -(-configured_mib // MIB_PER_GIB),
        "activated_gib": cluster.memory_gib,
        "percent": -(-100 * configured_mib // (cluster.memory_gib * MIB_PER_GIB)),
    }
    severity, about = ("warning", "ballooning") if exceeds else ("info", "memory")
    yield finding_of(severity, "degraded-standby", cluster.name, DR_1.id, about=about, **values)  # type: ignore[arg-type]


def _is_degraded(case: Case, group: VmGroup) -> bool:
    """Return whether a group holds less than all its memory at its other site."""
    held = case.workload.standby_of(group)
    return held is not None and held.memory_share < 1
