"""Loaded hosts become clusters: dealt out, named, with the VMs on them and the memory that they need activated."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.demand import Case
from cloudplan.packing import Pattern
from cloudplan.plan import Cluster
from cloudplan.shapes import Pool, deal
from cloudplan.units import gib

PASSES = 4
"""How often each pair of clusters may exchange a host to save memory."""


@dataclass(frozen=True)
class Fleet:
    """The hosts of one blade type in a pool: what each loaded one holds, and how many there are with the spares."""

    blade: str
    loaded: Sequence[Pattern]
    hosts: int


@dataclass
class _Part:
    """The hosts of a fleet that go into one cluster."""

    blade: str
    loaded: list[Pattern]
    hosts: int


def deal_hosts(case: Case, pool: Pool, fleets: Sequence[Fleet]) -> tuple[Cluster, ...]:
    """Return the clusters of a pool: as few as may be for each blade type, with as little memory as the VMs need."""
    parts = [part for fleet in fleets if fleet.loaded for part in _parts(case, pool, fleet)]
    placement = iter(deal(pool, [pattern for part in parts for pattern in part.loaded]))
    return tuple(
        Cluster(
            name=f"{pool.site}-{pool.name}-{number}",
            site=pool.site,
            pool=pool.name,
            blade=part.blade,
            hosts=part.hosts,
            spare_hosts=case.workload.policy.host_failures,
            memory_gib=_activated_gib(case, pool, part),
            placement=tuple(itertools.islice(placement, len(part.loaded))),
        )
        for number, part in enumerate(parts, start=1)
    )


def _parts(case: Case, pool: Pool, fleet: Fleet) -> list[_Part]:
    """Deal the hosts of a fleet to clusters alike in number and memory; hosts beyond loaded and spare are dealt too."""
    failures, most = case.workload.policy.host_failures, case.edition.count("MAX-1", "hosts_max")
    total = max(fleet.hosts, len(fleet.loaded) + failures)
    fewest = max(math.ceil(len(fleet.loaded) / (most - failures)), math.ceil(total / most))
    for count in range(fewest, len(fleet.loaded) + 1):
        parts = _dealt(case, pool, fleet, count)
        if all(part.hosts <= most for part in parts):
            break
    spread = itertools.cycle(parts)
    for _ in range(total - sum(part.hosts for part in parts)):
        next(part for part in spread if part.hosts < most).hosts += 1
    _save_memory(case, pool, parts)
    return parts


def _dealt(case: Case, pool: Pool, fleet: Fleet, count: int) -> list[_Part]:
    """Return `count` clusters with loaded hosts, spares and, where memory has no price, hosts for the memory."""
    parts = [_Part(fleet.blade, [], 0) for _ in range(count)]
    for position, pattern in enumerate(sorted(fleet.loaded, key=lambda p: (-_memory_mib(pool, p), [-n for n in p]))):
        turn, place = divmod(position, count)
        parts[place if turn % 2 == 0 else count - 1 - place].loaded.append(pattern)
    included = case.edition.count("MEM-1", "included_gib_per_blade")
    for part in parts:
        part.hosts = len(part.loaded) + case.workload.policy.host_failures
        if case.unpriced_memory:
            part.hosts = max(part.hosts, math.ceil(_needed_gib(case, _used_mib(pool, part)) / included))
    return parts


def _save_memory(case: Case, pool: Pool, parts: Sequence[_Part]) -> None:
    """Exchange hosts between clusters while the GiB that rounding up costs can be saved.

    Of two clusters the first is filled to just under a whole GiB, so that what is left over gathers in the last.
    """
    least = _least_gib(case, sum(part.hosts for part in parts), sum(_used_mib(pool, part) for part in parts))
    for left, right in [] if case.unpriced_memory else list(itertools.combinations(parts, 2)) * PASSES:
        if sum(_activated_gib(case, pool, part) for part in parts) <= least:
            return
        _exchange(case, pool, left, right)


def _exchange(case: Case, pool: Pool, left: _Part, right: _Part) -> None:
    """Exchange the like hosts that save most memory, or else waste least of it in the first cluster, if any do."""
    mine, theirs = _by_memory(pool, left), _by_memory(pool, right)
    used = _used_mib(pool, left), _used_mib(pool, right)

    def outcome(move: tuple[int, int, int]) -> tuple[int, Fraction]:
        moved = (move[1] - move[0]) * move[2]
        memory = _least_gib(case, left.hosts, used[0] + moved)
        return memory + _least_gib(case, right.hosts, used[1] - moved), memory - _needed_gib(case, used[0] + moved)

    moves = [
        (here, there, times)
        for here, there in itertools.product(mine, theirs)
        for times in range(1, min(len(mine[here]), len(theirs[there])) + 1)
    ]
    here, there, times = min(moves, key=outcome)
    if outcome((here, there, times)) < outcome((0, 0, 0)):
        for outgoing, incoming in zip(mine[here][:times], theirs[there][:times], strict=True):
            left.loaded[outgoing], right.loaded[incoming] = right.loaded[incoming], left.loaded[outgoing]


def _by_memory(pool: Pool, part: _Part) -> dict[int, list[int]]:
    """Return the positions of the loaded hosts by the memory on them."""
    positions: dict[int, list[int]] = {}
    for position, pattern in enumerate(part.loaded):
        positions.setdefault(_memory_mib(pool, pattern), []).append(position)
    return positions


def _activated_gib(case: Case, pool: Pool, part: _Part) -> int:
    """Return the least activated memory of a cluster, in whole GiB (MEM-1, MEM-2, MEM-4)."""
    if case.workload.policy.memory_model == "included_full":
        return part.hosts * case.usable_gib(case.edition.blades[part.blade])
    return _least_gib(case, part.hosts, _used_mib(pool, part))


def _least_gib(case: Case, hosts: int, used_mib: int) -> int:
    included = case.edition.count("MEM-1", "included_gib_per_blade")
    return max(included * hosts, math.ceil(_needed_gib(case, used_mib)))


def _needed_gib(case: Case, used_mib: int) -> Fraction:
    return gib(used_mib) / Fraction(case.workload.policy.memory_ceiling)


def _used_mib(pool: Pool, part: _Part) -> int:
    return sum(_memory_mib(pool, pattern) for pattern in part.loaded)


def _memory_mib(pool: Pool, pattern: Pattern) -> int:
    return sum(shape.memory_mib * count for shape, count in zip(pool.shapes, pattern, strict=True))
