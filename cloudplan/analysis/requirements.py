"""What one workload asks for and another does not: the requirements that a changed workload gives up.

Names and words for a reader, such as ``RPO 15m of db``. What is asked for more is not given up.
"""

from collections.abc import Iterator, Mapping, Set
from decimal import Decimal
from typing import Any

from cloudplan.base.units import minutes
from cloudplan.workload.workload import Disk, Policy, VmGroup, Workload

MOST_NAMED = 3
"""Groups that are named; of more, their number is told."""

LESS_OF_POLICY = ("host_failures", "host_memory_reserve_gib", "snapshot_headroom", "min_datastores")
MORE_OF_POLICY = ("memory_ceiling",)
LESS_OF_GROUP = ("count", "vcpus", "memory_gib", "gpus", "min_ghz", "powered_on", "encrypted")
OTHER_OF_GROUP = ("affinity", "anti_affinity")
SHARES = ("vcpu_share", "memory_share")
LESS_OF_DISK = ("size_gib", "iops", "mbps", "used_gib", "constant_writes", "backup", "replicated")
TARGETS = ("rpo", "rto")
LESS_OF_BACKUP = ("daily", "weekly", "monthly", "yearly", "change_rate")


def given_up(asked: Workload, other: Workload) -> tuple[str, ...]:
    """Return what `asked` requires and `other` does not, in words; empty when it keeps all."""
    found = list(_of_policy(asked.policy, other.policy))
    groups: dict[str, list[str]] = {}
    shared: dict[str, set[str]] = {}
    for each in other.vms:
        if each.name in asked.groups:
            shared.setdefault(each.pool, set()).add(asked.groups[each.name].pool)
    for group in asked.vms:
        kept = other.groups.get(group.name)
        for words in (
            ("the VMs",) if kept is None else (*_of_group(group, kept, shared), *_standby(asked, group, other, kept))
        ):
            groups.setdefault(words, []).append(group.name)
    lost = [name for name in asked.requires if name not in other.requires]
    found += [f"certification {name}" for name in lost]
    if other.term_months > asked.term_months:
        found.append(f"term of {asked.term_months} months")
    return (*found, *(words + _named(names, len(asked.vms)) for words, names in groups.items()))


def _named(names: list[str], everyone: int) -> str:
    """Return whose requirement it is; nothing when it is everyone's."""
    if len(names) == everyone:
        return ""
    return " of " + (", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} groups")


def _of_policy(asked: Policy, other: Policy) -> Iterator[str]:
    yield from _less(asked, other, LESS_OF_POLICY)
    for name in MORE_OF_POLICY:
        if getattr(other, name) > getattr(asked, name):
            yield f"{name} {getattr(asked, name)}"
    if other.memory_model != asked.memory_model:
        yield f"memory_model {asked.memory_model}"
    yield from _less(asked.standby, other.standby, SHARES)


def _of_group(asked: VmGroup, other: VmGroup, shared: Mapping[str, Set[str]]) -> Iterator[str]:
    """Yield what a group gives up; `shared` are the pools asked for whose groups are in each pool of the other."""
    if other.vcpu_per_core > asked.vcpu_per_core:
        yield f"vcpu_per_core {_text(asked.vcpu_per_core)}"
    yield from _protection(asked, other)
    yield from _less(asked, other, LESS_OF_GROUP)
    for name in OTHER_OF_GROUP:
        if getattr(asked, name) not in (None, getattr(other, name)):
            yield f"{name} {getattr(asked, name)}"
    if asked.site != other.site:
        yield f"site {asked.site}"
    elif len(shared[other.pool]) > 1:  # a pool that is split keeps apart all that was
        yield f"pool {asked.pool}"
    yield from (f"{name} of backup" for name in LESS_OF_BACKUP if _is_less(asked.backup, other.backup, name))
    if len(other.disks) < len(asked.disks):
        yield "disks"
    for number, (one, two) in enumerate(zip(asked.disks, other.disks, strict=False)):
        yield from (f"{words} of disk {number}" for words in _of_disk(one, two))


def _of_disk(asked: Disk, other: Disk) -> Iterator[str]:
    yield from _less(asked, other, LESS_OF_DISK)
    if asked.storage_class not in (None, other.storage_class):
        yield f"class {asked.storage_class}"


def _protection(asked: VmGroup, other: VmGroup) -> Iterator[str]:
    if asked.protection is None:
        return
    if other.protection is None:
        yield ", ".join(["protection", *(what.upper() for what in TARGETS if getattr(asked.protection, what))])
        return
    for what in TARGETS:
        limit, kept = getattr(asked.protection, what), getattr(other.protection, what)
        if limit is not None and (kept is None or minutes(kept) > minutes(limit)):
            yield f"{what.upper()} {limit}"
    if asked.protection.mechanism not in (None, other.protection.mechanism):
        yield f"mechanism {asked.protection.mechanism}"


def _standby(asked: Workload, group: VmGroup, other: Workload, kept: VmGroup) -> Iterator[str]:
    """Yield what is held less at the other site by a group that says so itself; of the rest the policy tells."""
    says_so = group.standby is not None or kept.standby is not None
    if not says_so or group.protection is None or kept.protection is None:
        return
    wanted, held = asked.standby_of(group), other.standby_of(kept)
    if wanted and held:
        yield from (f"standby {words}" for words in _less(wanted, held, SHARES))
    elif wanted:
        yield "standby"


def _less(asked: Any, other: Any, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        if _is_less(asked, other, name):
            value = getattr(asked, name)
            yield name if isinstance(value, bool) else f"{name} {_text(value)}"


def _is_less(asked: Any, other: Any, name: str) -> bool:
    return bool(getattr(other, name) < getattr(asked, name))


def _text(value: Decimal | int) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
