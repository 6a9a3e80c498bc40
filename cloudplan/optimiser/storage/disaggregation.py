"""Counts become names: which group has which class, mechanism and swap place, and what stands on which datastore.

Groups are dealt in the order of their names, so that the result does not depend on the order of the workload.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

from cloudplan.optimiser.storage.luns import Bucket, Kind, Lun
from cloudplan.optimiser.storage.parts import SWAP, Chosen, Member, Part
from cloudplan.optimiser.storage.search import StoragePlan
from cloudplan.plan.plan import GLOBAL_MIRROR, Datastore, DiskPlacement, Mechanism
from cloudplan.workload.case import Case

Queue = list[tuple[str, int, int]]
"""Groups that wait to be dealt: name, number of the disk (or SWAP), instances."""


def deal_storage(case: Case, plan: StoragePlan) -> tuple[tuple[Datastore, ...], dict[str, Mechanism]]:
    """Return the datastores of a storage plan, named and filled, and the mechanism of each protected group."""
    queues: dict[tuple[Bucket, Kind], Queue] = {}
    protection: dict[str, Mechanism] = {}
    for index, ((part, members), chosen) in enumerate(zip(plan.parts, plan.chosen, strict=True)):
        waiting = list(members)
        for mechanism, choice in chosen.items():
            mine = _take(waiting, choice.groups)
            if mechanism:
                protection.update((member.group, mechanism) for member in mine)
            _queue(case, queues, index, part, mechanism, choice, mine)
    datastores: list[Datastore] = []
    numbers: Counter[tuple[str, str]] = Counter()
    for lun in plan.luns:
        datastores += _datastores(case, lun, queues, numbers)
    datastores.sort(key=lambda store: case.sites.index(store.site))
    return tuple(datastores), dict(sorted(protection.items()))


def _take(waiting: list[Member], count: int) -> list[Member]:
    """Take the first `count` members out of a list."""
    taken = waiting[:count]
    del waiting[:count]
    return taken


def _queue(
    case: Case,
    queues: dict[tuple[Bucket, Kind], Queue],
    index: int,
    part: Part,
    mechanism: Mechanism | None,
    choice: Chosen[int],
    members: Sequence[Member],
) -> None:
    """Put the members of a part, under one mechanism, into the queue of each bucket and kind that they belong to."""
    at_home: dict[str, list[Member]] = {site: [] for site in part.sites}
    for position, (disk, classes) in enumerate(zip(part.disks, choice.classes, strict=True)):
        sites, peer = part.stands(disk, mechanism)
        waiting = list(members)
        for name, groups in classes.items():
            mine = _take(waiting, groups)
            for site in sites:
                home = mine[: choice.home.get(site, {}).get(name, 0)] if position == 0 else []
                at_home[site] += home
                for with_swap, some in ((True, home), (False, mine[len(home) :])):
                    kind = part.kind(case, index, position, mechanism, with_swap=with_swap)
                    queues[Bucket(site, name, peer), kind] = _entries(some, position, part.count)
    if mechanism == GLOBAL_MIRROR and part.other:
        at_home[part.other] = at_home[part.site]
    for site, apart in choice.apart.items():
        waiting = [member for member in members if member not in at_home[site]]
        for name, groups in apart.items():
            kind = part.kind(case, index, SWAP, mechanism, with_swap=True)
            queues[Bucket(site, name), kind] = _entries(_take(waiting, groups), SWAP, part.count)


def _entries(members: Sequence[Member], position: int, count: int) -> Queue:
    return [(member.group, member.disks[position] if position != SWAP else SWAP, count) for member in members]


def _datastores(
    case: Case, lun: Lun, queues: dict[tuple[Bucket, Kind], Queue], numbers: Counter[tuple[str, str]]
) -> list[Datastore]:
    """Return the datastore of a LUN, and its peer when it is mirrored."""
    disks, swap = _contents(case, lun.content, lun.bucket, queues)
    names = []
    for site in lun.bucket.sites:
        numbers[site, lun.bucket.storage_class] += 1
        names.append(f"{site}-{lun.bucket.storage_class}-{numbers[site, lun.bucket.storage_class]}")
    peers = reversed(names) if lun.bucket.mirrored else itertools.repeat(None)
    return [
        Datastore.model_validate(
            {
                "name": name,
                "site": site,
                "class": lun.bucket.storage_class,
                "size_gib": lun.size_gib,
                "replication": GLOBAL_MIRROR if lun.bucket.mirrored else None,
                "peer": peer,
                "disks": disks,
                "vswp": swap,
            }
        )
        for site, name, peer in zip(lun.bucket.sites, names, peers, strict=False)
    ]


def _contents(
    case: Case, content: Mapping[Kind, int], bucket: Bucket, queues: dict[tuple[Bucket, Kind], Queue]
) -> tuple[tuple[DiskPlacement, ...], dict[str, int]]:
    """Take the items of a LUN out of the queues: disks and swap files by group."""
    disks: Counter[tuple[str, int]] = Counter()
    swap: Counter[str] = Counter()
    for kind, count in content.items():
        here = {group for group, _ in disks} | set(swap)
        for group, disk, taken in _chosen(case, queues[bucket, kind], count, here):
            if kind.with_swap:
                swap[group] += taken
            if disk != SWAP:
                disks[group, disk] += taken
    placed = tuple(DiskPlacement(vm=vm, disk=disk, count=count) for (vm, disk), count in sorted(disks.items()))
    return placed, dict(sorted(swap.items()))


def _chosen(case: Case, queue: Queue, count: int, here: set[str]) -> Queue:
    """Take so many items out of a queue: of VMs on the LUN already first, then no two that are anti-affine, then any.

    Items in a queue are alike, so that it costs nothing which of them are taken.
    """
    labels = {case.workload.groups[group].anti_affinity for group in here} - {None}
    left, taken = count, Counter[int]()
    order = sorted(range(len(queue)), key=lambda index: queue[index][0] not in here)
    for apart, index in itertools.product((True, False), order):
        group, _, held = queue[index]
        label = case.workload.groups[group].anti_affinity
        some = min(left, held - taken[index])
        if apart and label is not None:
            some = 0 if label in labels and group not in here else min(some, 1)
            labels.add(label)
        taken[index] += some
        left -= some
        if not left:
            break
    entries = [(*queue[index][:2], number) for index, number in sorted(taken.items()) if number]
    queue[:] = [
        (group, disk, held - taken[index]) for index, (group, disk, held) in enumerate(queue) if held > taken[index]
    ]
    return entries
