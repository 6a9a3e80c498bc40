"""Members of an anti-affinity group that have more in common than hosts."""

from collections.abc import Iterator

from cloudplan.plan.plan import Choice, Datastore, Finding
from cloudplan.plan.wording import finding_of
from cloudplan.rules.compute import AFF_2
from cloudplan.workload.case import Case
from cloudplan.workload.workload import VmGroup


def affinity_findings(case: Case, choice: Choice) -> Iterator[Finding]:
    """Yield each datastore that holds disks of all members of an anti-affinity group, two or more (AFF-2)."""
    members: dict[str, list[VmGroup]] = {}
    for group in case.workload.vms:
        if group.anti_affinity:
            members.setdefault(group.anti_affinity, []).append(group)
    for name, groups in members.items():
        if sum(group.count for group in groups) < 2:
            continue
        held = [_held(choice, group) for group in groups]
        for store in choice.datastores:
            if all(len(mine.get(store.name, ())) == group.count for group, mine in zip(groups, held, strict=True)):
                values = {"group": name, "datastore": store.name}
                yield finding_of("info", "anti-affine-one-lun", name, AFF_2.id, **values)
                break


def _held(choice: Choice, group: VmGroup) -> dict[str, set[int]]:
    """Return which instances of a group have a disk on each datastore of its own site, as they are dealt."""
    dealt: dict[int, int] = {}
    held: dict[str, set[int]] = {}
    for store in choice.datastores:
        for number, count in _disks(store, group):
            first = dealt.get(number, 0)
            held.setdefault(store.name, set()).update(range(first, first + count))
            dealt[number] = first + count
    return held


def _disks(store: Datastore, group: VmGroup) -> Iterator[tuple[int, int]]:
    if store.site == group.site:
        yield from ((disk.disk, disk.count) for disk in store.disks if disk.vm == group.name)
