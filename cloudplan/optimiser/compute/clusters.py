"""Loaded hosts become clusters: dealt out, named, with the VMs on them and the memory that they need activated."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cloudplan.base.units import MIB_PER_GIB
from cloudplan.optimiser.compute.patterns import Pattern
from cloudplan.optimiser.compute.shapes import Pool, deal
from cloudplan.plan.plan import Cluster
from cloudplan.rules.compute import (
    hosts_max,
    included_gib,
    least_memory_gib,
    memory_is_included,
    memory_is_unpriced,
)
from cloudplan.rules.standing import least_hosts, standing_at, standing_clusters
from cloudplan.workload.case import Case
from cloudplan.workload.existing import StandingCluster

PASSES = 4
"""How often each pair of clusters may exchange a host to save memory."""

ALL_PAIRS = 12
"""Clusters of a blade type up to which every pair may; of more, only neighbours."""


@dataclass(frozen=True)
class Fleet:
    """The hosts of one blade type in a pool: what each loaded one holds, and how many there are with the spares.

    Where licences are paid on them, they are those that pay the same.
    """

    blade: str
    loaded: Sequence[Pattern]
    hosts: int


@dataclass
class _Part:
    """The hosts of a fleet that go into one cluster: what each loaded one holds, after the MiB of it."""

    blade: str
    loaded: list[tuple[int, Pattern]]
    hosts: int
    name: str = ""
    """That of a cluster which stands already."""

    @property
    def used_mib(self) -> int:
        """The memory of all that stands on the hosts."""
        return sum(memory for memory, _ in self.loaded)


@dataclass(frozen=True)
class _Memory:
    """How much has to be activated, in whole GiB: `included_gib` for each host, 1 GiB for `mib` / `per` of use."""

    included_gib: int
    mib: int
    per: int

    @classmethod
    def of(cls, case: Case) -> "_Memory":
        """Return the rules of a case (MEM-1, MEM-2)."""
        mib = MIB_PER_GIB * Fraction(case.workload.policy.memory_ceiling)
        return cls(included_gib(case.edition), mib.numerator, mib.denominator)

    def needed_gib(self, used_mib: int) -> int:
        """Return what the use alone needs."""
        return -(-used_mib * self.per // self.mib)

    def least_gib(self, hosts: int, used_mib: int) -> int:
        """Return the least of a cluster."""
        return max(self.included_gib * hosts, self.needed_gib(used_mib))

    def waste(self, hosts: int, used_mib: int) -> int:
        """Return how much of the least stays unused, in 1 / (mib / per) of a MiB."""
        return self.least_gib(hosts, used_mib) * self.mib - used_mib * self.per


def deal_hosts(case: Case, pool: Pool, fleets: Sequence[Fleet]) -> tuple[Cluster, ...]:
    """Return the clusters of a pool: as few as may be for each blade type, with as little memory as the VMs need.

    Those that stand already are among them, empty where nothing needs them (EXI-1).
    """
    waiting, parts = standing_at(case, pool.site, pool.name), list[_Part]()
    for fleet in fleets:
        if fleet.loaded:
            alike = [each for each in waiting if each.blade == fleet.blade]
            if alike:
                used = _used(case, pool, fleet, alike)
                parts += _among(case, pool, fleet, alike[:used], alike[used:])
                waiting = [each for each in waiting if each not in alike[:used]]
            else:
                parts += _parts(case, pool, fleet)
    placement = iter(deal(pool, [pattern for part in parts for _, pattern in part.loaded]))
    taken = {each.name for each in standing_clusters(case)}
    names = (name for number in itertools.count(1) if (name := f"{pool.site}-{pool.name}-{number}") not in taken)
    dealt = [
        Cluster(
            name=part.name or next(names),
            site=pool.site,
            pool=pool.name,
            blade=part.blade,
            hosts=part.hosts,
            spare_hosts=case.workload.policy.host_failures,
            memory_gib=least_memory_gib(case, case.edition.blades[part.blade], part.hosts, part.used_mib),
            placement=tuple(itertools.islice(placement, len(part.loaded))),
        )
        for part in parts
    ]
    return (*dealt, *(idle_cluster(case, each) for each in waiting))


def idle_cluster(case: Case, standing: StandingCluster) -> Cluster:
    """Return a cluster that stands and holds nothing."""
    hosts = least_hosts(case, standing)
    return Cluster(
        name=standing.name,
        site=standing.site,
        pool=standing.pool,
        blade=standing.blade,
        hosts=hosts,
        spare_hosts=case.workload.policy.host_failures,
        memory_gib=least_memory_gib(case, case.edition.blades[standing.blade], hosts, 0),
        placement=(),
    )


def _parts(case: Case, pool: Pool, fleet: Fleet) -> list[_Part]:
    """Deal the hosts of a fleet to clusters alike in number and memory; hosts beyond loaded and spare are dealt too."""
    failures, most = case.workload.policy.host_failures, hosts_max(case.edition)
    total = max(fleet.hosts, len(fleet.loaded) + failures)
    fewest = max(math.ceil(len(fleet.loaded) / (most - failures)), math.ceil(total / most))
    for count in range(fewest, len(fleet.loaded) + 1):
        parts = _dealt(case, pool, fleet, count)
        if all(part.hosts <= most for part in parts):
            break
    return _spread(case, parts, total)


def _spread(case: Case, parts: list[_Part], total: int) -> list[_Part]:
    """Deal hosts to clusters, in turn, until there are so many; then save memory between them."""
    spread, most = itertools.cycle(parts), hosts_max(case.edition)
    for _ in range(total - sum(part.hosts for part in parts)):
        next(part for part in spread if part.hosts < most).hosts += 1
    _save_memory(case, parts)
    return parts


# --- clusters that stand already ---------------------------------------------------------------------------------


def _used(case: Case, pool: Pool, fleet: Fleet, standing: Sequence[StandingCluster]) -> int:
    """Return how many clusters that stand, the largest first, a fleet takes: with as little to buy as may be."""
    included, gib_price = included_gib(case.edition), Fraction(0)
    if not memory_is_included(case) and not memory_is_unpriced(case):
        gib_price = Fraction(case.prices.net(case.edition.services.memory))
    blade_price = Fraction(case.prices.net(case.edition.blades[fleet.blade]))
    needed_gib = _Memory.of(case).needed_gib(sum(_memory_mib(pool, pattern) for pattern in fleet.loaded))

    def bought(used: int) -> Fraction:
        here, idle = standing[:used], standing[used:]
        hosts = _hosts(case, fleet, here, idle)
        more = hosts - sum(least_hosts(case, each) for each in here)
        return blade_price * more + gib_price * max(0, needed_gib - included * hosts)

    return min(range(min(len(standing), len(fleet.loaded)) + 1), key=lambda used: (bought(used), -used))


def _hosts(case: Case, fleet: Fleet, here: Sequence[StandingCluster], idle: Sequence[StandingCluster]) -> int:
    """Return how many hosts a fleet has that takes some clusters which stand, and leaves others idle."""
    failures, most = case.workload.policy.host_failures, hosts_max(case.edition)
    clusters = max(len(here), math.ceil(len(fleet.loaded) / (most - failures)))
    wanted = fleet.hosts - sum(least_hosts(case, each) for each in idle)
    return max(len(fleet.loaded) + failures * clusters, sum(least_hosts(case, each) for each in here), wanted)


def _among(
    case: Case, pool: Pool, fleet: Fleet, here: Sequence[StandingCluster], idle: Sequence[StandingCluster]
) -> list[_Part]:
    """Deal the hosts of a fleet to clusters that stand, filling these first, and to as few more as it takes."""
    if not here:
        return _parts(case, pool, replace(fleet, hosts=_hosts(case, fleet, here, idle)))
    failures, most = case.workload.policy.host_failures, hosts_max(case.edition)
    total, memory = _hosts(case, fleet, here, idle), _Memory.of(case)
    fewest = max(len(here), math.ceil(len(fleet.loaded) / (most - failures)), math.ceil(total / most))
    loaded = [(_memory_mib(pool, pattern), pattern) for pattern in fleet.loaded]
    loaded.sort(key=lambda host: (-host[0], [-number for number in host[1]]))
    for count in range(fewest, len(loaded) + 1):
        parts = [_Part(fleet.blade, [], least_hosts(case, each), each.name) for each in here]
        parts += [_Part(fleet.blade, [], failures + 1) for _ in range(count - len(here))]
        left = _quotas(case, [part.hosts for part in parts], len(loaded))
        turns = itertools.cycle(range(count))
        for host in loaded:
            place = next(index for index in turns if left[index])
            parts[place].loaded.append(host)
            left[place] -= 1
        for part in parts:
            part.hosts = max(part.hosts, len(part.loaded) + failures)
            if memory_is_unpriced(case):
                part.hosts = max(part.hosts, -(-memory.needed_gib(part.used_mib) // memory.included_gib))
        if all(part.hosts <= most for part in parts):
            break
    return _spread(case, parts, total)


def _quotas(case: Case, hosts: Sequence[int], loaded: int) -> list[int]:
    """Return how many loaded hosts each cluster gets: one at least, then what it has hosts for, then more in turn."""
    failures, most = case.workload.policy.host_failures, hosts_max(case.edition)
    quotas = [1] * len(hosts)
    for limits in ([number - failures for number in hosts], [most - failures] * len(hosts)):
        while loaded > sum(quotas) and any(quota < limit for quota, limit in zip(quotas, limits, strict=True)):
            least = min(
                (index for index in range(len(hosts)) if quotas[index] < limits[index]), key=lambda index: quotas[index]
            )
            quotas[least] += 1
    return quotas


# --- fleets without any ------------------------------------------------------------------------------------------


def _dealt(case: Case, pool: Pool, fleet: Fleet, count: int) -> list[_Part]:
    """Return `count` clusters with loaded hosts, spares and, where memory has no price, hosts for the memory."""
    parts = [_Part(fleet.blade, [], 0) for _ in range(count)]
    loaded = [(_memory_mib(pool, pattern), pattern) for pattern in fleet.loaded]
    for position, host in enumerate(sorted(loaded, key=lambda host: (-host[0], [-n for n in host[1]]))):
        turn, place = divmod(position, count)
        parts[place if turn % 2 == 0 else count - 1 - place].loaded.append(host)
    memory = _Memory.of(case)
    for part in parts:
        part.hosts = len(part.loaded) + case.workload.policy.host_failures
        if memory_is_unpriced(case):
            part.hosts = max(part.hosts, -(-memory.needed_gib(part.used_mib) // memory.included_gib))
    return parts


def _save_memory(case: Case, parts: Sequence[_Part]) -> None:
    """Exchange hosts between clusters while the GiB that rounding up costs can be saved.

    Of two clusters the first is filled to just under a whole GiB, so that what is left over gathers in the last.
    """
    memory = _Memory.of(case)
    least = memory.least_gib(sum(part.hosts for part in parts), sum(part.used_mib for part in parts))
    pairs = itertools.pairwise(parts) if len(parts) > ALL_PAIRS else itertools.combinations(parts, 2)
    total = sum(memory.least_gib(part.hosts, part.used_mib) for part in parts)
    for left, right in [] if memory_is_unpriced(case) else list(pairs) * PASSES:
        if total <= least:
            return
        before = sum(memory.least_gib(part.hosts, part.used_mib) for part in (left, right))
        _exchange(memory, left, right)
        total += sum(memory.least_gib(part.hosts, part.used_mib) for part in (left, right)) - before


def _exchange(memory: _Memory, left: _Part, right: _Part) -> None:
    """Exchange the like hosts that save most memory, or else waste least of it in the first cluster, if any do."""
    mine, theirs = _by_memory(left), _by_memory(right)
    used = left.used_mib, right.used_mib

    def outcome(move: tuple[int, int, int]) -> tuple[int, int]:
        moved = (move[1] - move[0]) * move[2]
        total = memory.least_gib(left.hosts, used[0] + moved) + memory.least_gib(right.hosts, used[1] - moved)
        return total, memory.waste(left.hosts, used[0] + moved)

    moves = [
        (here, there, times)
        for here, there in itertools.product(mine, theirs)
        for times in range(1, min(len(mine[here]), len(theirs[there])) + 1)
    ]
    here, there, times = min(moves, key=outcome)
    if outcome((here, there, times)) < outcome((0, 0, 0)):
        for outgoing, incoming in zip(mine[here][:times], theirs[there][:times], strict=True):
            left.loaded[outgoing], right.loaded[incoming] = right.loaded[incoming], left.loaded[outgoing]


def _by_memory(part: _Part) -> dict[int, list[int]]:
    """Return the positions of the loaded hosts by the memory on them."""
    positions: dict[int, list[int]] = {}
    for position, (memory, _) in enumerate(part.loaded):
        positions.setdefault(memory, []).append(position)
    return positions


def _memory_mib(pool: Pool, pattern: Pattern) -> int:
    return sum(shape.memory_mib * count for shape, count in zip(pool.shapes, pattern, strict=True) if count)
