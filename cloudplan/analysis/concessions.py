"""What of a workload may be given up, requirement by requirement, in words and as the fields that change."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from cloudplan.analysis.edits import Edits
from cloudplan.base.units import MIB_PER_GIB, gib
from cloudplan.plan.origin import Origin
from cloudplan.rules.compute import CORES, MEMORY
from cloudplan.workload.case import Case
from cloudplan.workload.reading import as_given
from cloudplan.workload.workload import VmGroup

MOST_NAMED = 8
"""Groups that are named; of more, their number is told."""


def concessions(origin: Origin, groups: Sequence[str]) -> Iterator[tuple[str, Edits]]:
    """Yield the requirements that may be given up, as words and edits; what is of VMs for some groups all alike."""
    policy, edition = origin.workload.policy, origin.edition
    if set(policy.blades) != set(edition.blades):
        yield "every blade allowed by the policy", {"policy.blades": None}
    if policy.max_clusters is not None:
        yield f"max_clusters {policy.max_clusters + 1}", {"policy.max_clusters": policy.max_clusters + 1}
        yield "no limit of clusters", {"policy.max_clusters": None}
    for failures in range(policy.host_failures - 1, -1, -1):
        yield f"host_failures {failures}", {"policy.host_failures": failures}
    for name in ("memory_ceiling", "snapshot_headroom", "datastore_max_gib", "host_memory_reserve_gib"):
        given = as_given(origin.workload, edition).get("policy", {})
        if name in given:
            yield f"the catalogue's {name}", {f"policy.{name}": None}
    if origin.workload.requires:
        yield "no certifications required", {"requires": None}
    if policy.default_disk:
        yield "no default_disk of the policy", {"policy.default_disk": None}
    if policy.vswp != "auto":
        yield "vswp auto", {"policy.vswp": "auto"}
    yield from _of_groups(origin, [origin.workload.groups[name] for name in groups])


def _of_groups(origin: Origin, groups: Sequence[VmGroup]) -> Iterator[tuple[str, Edits]]:
    """Yield what groups may give up; of two edits of one field the one that gives up more comes last, and counts."""
    protected = [group for group in groups if group.protection]
    for mechanism in ("global-mirror", "vm-replication") if protected else ():
        vms = _named([group.name for group in protected])
        edits = {f"vms.{group.name}.protection": {"mechanism": mechanism} for group in protected}
        yield f"{mechanism} for {vms}, whatever its RPO and RTO", edits
    for name, words in (
        *(("blades", "every blade allowed for {vms}"), ("min_ghz", "no min_ghz for {vms}")),
        *(("anti_affinity", "no anti-affinity of {vms}"), ("affinity", "no affinity of {vms}")),
        *(
            ("protection", "no protection of {vms}"),
            ("gpus", "no GPUs for {vms}"),
            ("encrypted", "no encryption of {vms}"),
        ),
    ):
        mine = [group for group in groups if _asks(origin, group, name)]
        if mine:
            vms = _named([group.name for group in mine])
            given_up: dict[str, Any] = {f"vms.{group.name}.{name}": None for group in mine}
            if name == "protection":  # a standby without it is bad input
                given_up |= {f"vms.{group.name}.standby": None for group in mine if group.standby is not None}
            yield words.format(vms=vms), given_up
    yield from _of_disks(groups)
    yield from _smaller(origin, groups)


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} VM groups"


def _asks(origin: Origin, group: VmGroup, name: str) -> bool:
    """Return whether a group asks for something that a plan would be easier without."""
    if name == "blades":
        return set(group.blades) != set(origin.workload.policy.blades)
    return bool(getattr(group, name))


def _of_disks(groups: Sequence[VmGroup]) -> Iterator[tuple[str, Edits]]:
    for name, field, words in (
        ("storage_class", "class", "any class for disks of {vms}"),
        ("iops", "iops", "no IOPS for disks of {vms}"),
        ("mbps", "mbps", "no MB/s for disks of {vms}"),
        ("constant_writes", "constant_writes", "no constant writes of {vms}"),
    ):
        asked = [(group.name, at) for group in groups for at, disk in enumerate(group.disks) if getattr(disk, name)]
        if asked:
            vms = _named(list(dict.fromkeys(vm for vm, _ in asked)))
            yield words.format(vms=vms), {f"vms.{vm}.disks[{at}].{field}": None for vm, at in asked}


def _smaller(origin: Origin, groups: Sequence[VmGroup]) -> Iterator[tuple[str, Edits]]:
    """Yield the largest sizes that a host, or a LUN, can hold, for VMs that are larger."""
    case = Case.of(origin.workload, origin.edition, origin.prices)
    for group in groups:
        blades = [blade for name, blade in case.blades.items() if name in group.blades]
        if not blades:
            continue
        ratio = Fraction(group.vcpu_per_core)
        vcpus = max(min(int(CORES.offer(case, blade) * ratio), blade.threads) for blade in blades)
        memory_gib = max(gib(MEMORY.offer(case, blade)) for blade in blades)
        if group.vcpus > vcpus > 0:
            yield f"{vcpus} vCPUs for {group.name}", {f"vms.{group.name}.vcpus": vcpus}
        if Fraction(group.memory_mib, MIB_PER_GIB) > memory_gib > 0:
            largest = int(memory_gib)
            yield f"{largest} GiB of memory for {group.name}", {f"vms.{group.name}.memory_gib": largest}
        share = 1 - Fraction(origin.workload.policy.snapshot_headroom)
        most_gib = int(origin.workload.policy.datastore_max_gib * share)
        for at, disk in enumerate(group.disks):
            if Fraction(disk.size_mib, MIB_PER_GIB) > most_gib:
                edits = {f"vms.{group.name}.disks[{at}].{name}": most_gib for name in ("size_gib", "used_gib")}
                yield f"disk {at} of {group.name} no larger than {most_gib} GiB", edits
