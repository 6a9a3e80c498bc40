"""Column generation: can the VMs stand on given hosts of each blade type, and if not, which cut says so?

An LP covers the items with patterns, each the content of one host, as far as the hosts and the memory of a target
allow, and counts what is left over. Its duals price new patterns, one knapsack for each blade type. Whatever the duals,
they give a cut that every plan keeps, because no host holds more than the most valuable pattern:

    sum of worth x items <= sum over the types of (most valuable pattern x loaded hosts + price x memory in GiB).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cloudplan.demand import Case
from cloudplan.knapsack import Floats, Ints, Knapsack
from cloudplan.packing import Grid, Pattern, first_fit
from cloudplan.shapes import Pool, capacity
from cloudplan.solver import Budget, Cover
from cloudplan.units import MIB_PER_GIB, gib

IMPROVES = 1e-6
"""What a pattern must be worth more than its host to be added, and a cut more than the target, relative to them."""

ROUNDS = 400
"""Rounds of pricing for one target; after them it counts as covered, which costs sharpness, never validity."""

SMOOTHING = 0.5
"""Weight of the duals that gave the best cut so far, against those of the last LP: it calms the search."""

DEEP = (0.5, 0.9)
"""A cut that finds this share of what the LP finds missing is good enough: the first time, and after it failed."""

LEVELS = 3
"""Levels of sharpness of the knapsacks, the quick one first."""

UNLIMITED_GIB = 1e9


@dataclass(frozen=True)
class Target:
    """Hosts that are given: for each type how many are loaded and how many GiB VMs may use of what they include.

    `more_gib` is what VMs may use beyond, on whichever types.
    """

    loaded: tuple[int, ...]
    included_gib: tuple[float, ...]
    more_gib: float


@dataclass(frozen=True)
class Cut:
    """demand <= sum over the types of (host x loaded hosts + memory x GiB that VMs may use)."""

    demand: float
    host: tuple[float, ...]
    memory: tuple[float, ...]

    def excess(self, target: Target) -> float:
        """Return by how much the target breaks the cut, wherever its memory is."""
        room = sum(host * loaded for host, loaded in zip(self.host, target.loaded, strict=True))
        room += sum(price * gib for price, gib in zip(self.memory, target.included_gib, strict=True))
        return self.demand - room - max(self.memory, default=0.0) * target.more_gib


@dataclass
class HostType:
    """A blade type in a pool: the shapes that it holds, its knapsack, and the patterns known so far."""

    pool: Pool
    blade: str
    rows: Ints
    """The row of each shape in the LP."""
    memory_gib: Floats
    """The memory of an item of each shape."""
    knapsack: Knapsack
    apart: list[frozenset[str]]
    patterns: dict[Pattern, int] = field(default_factory=dict)
    """The patterns, with the number of their column."""
    table: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """The patterns once more, one a row, with rows to spare."""

    @property
    def key(self) -> tuple[str, str]:
        """Pool and blade."""
        return self.pool.name, self.blade

    def known(self, values: Floats) -> float:
        """Return what the most valuable pattern so far is worth."""
        return float((self.table[: len(self.patterns)] @ values).max(initial=0.0))

    def remember(self, pattern: Pattern, column: int) -> None:
        """Keep a new pattern."""
        if len(self.patterns) == len(self.table):
            self.table = np.vstack([self.table.reshape(-1, len(pattern)), np.zeros((256, len(pattern)))])
        self.table[len(self.patterns)] = pattern
        self.patterns[pattern] = column

    def most(self, left: Ints) -> Ints:
        """Return how many items of each shape one host may hold, of those that are left in each row."""
        most = self.knapsack.most(left[self.rows])
        return np.where([bool(labels) for labels in self.apart], np.minimum(most, 1), most)


@dataclass(frozen=True)
class _Duals:
    """What the LP says: the worth of an item of each row, and for each type the price of a host and of a GiB."""

    worth: Floats
    host: Floats
    memory: Floats

    def towards(self, center: "_Duals | None") -> "_Duals":
        """Return the duals on the way from a centre to these."""
        if center is None:
            return self
        near, far = SMOOTHING, 1 - SMOOTHING
        worth, memory = near * center.worth + far * self.worth, near * center.memory + far * self.memory
        return _Duals(worth, self.host, memory)

    def values(self, position: int, entry: HostType) -> Floats:
        """Return what an item of each shape of a type is worth, less the price of its memory."""
        return np.asarray(self.worth[entry.rows] - self.memory[position] * entry.memory_gib)


class Columns:
    """The covering LP of pools, and the patterns found so far."""

    def __init__(self, case: Case, pools: Sequence[Pool]):
        shapes = [(pool, index) for pool in pools for index in range(len(pool.shapes))]
        rows = {(pool.name, index): row for row, (pool, index) in enumerate(shapes)}
        self.items: Ints = np.array([pool.shapes[index].count for pool, index in shapes], dtype=np.int64)
        self.types = [
            _host_type(case, pool, blade, rows) for pool in pools for blade in case.blades if pool.shapes_on(blade)
        ]
        self._pools = {
            pool.name: slice(rows[pool.name, 0], rows[pool.name, 0] + len(pool.shapes)) for pool in pools if pool.shapes
        }
        self._left, self._loaded = self.items, tuple(0 for _ in self.types)
        infinite = float("inf")
        limits = [(-infinite, 0.0)] * (2 * len(self.types) + 1)
        self._shared = len(self.items) + len(limits) - 1
        self._lp = Cover([(float(count), infinite) for count in self.items] + limits)
        penalties = self._penalties()
        for row, price in enumerate(penalties):
            self._lp.column(float(price), [(row, 1.0)])
        for position in range(len(self.types)):
            self._lp.column(0.0, [(self._limits(position)[1], -1.0), (self._shared, 1.0)])
        self._covered = IMPROVES * float(penalties.min())
        self._count = len(self.items) + len(self.types)
        for position, entry in enumerate(self.types):
            mine = [entry.pool.shapes[index] for index in entry.pool.shapes_on(entry.blade)]
            for pattern in first_fit(mine, [shape.count for shape in mine], capacity(case, entry.blade)):
                self._add(position, pattern)

    def rows_of(self, pool: Pool) -> slice:
        """Return the rows of the shapes of a pool."""
        return self._pools[pool.name]

    def _limits(self, position: int) -> tuple[int, int]:
        """Return the rows that limit the hosts and the memory of a type."""
        first = len(self.items) + 2 * position
        return first, first + 1

    def _penalties(self) -> Floats:
        """Return what an item of each row costs that no host holds: the larger it is, the more for its size.

        So what is left over in the end is small, and finds a gap.
        """
        sizes = np.zeros(len(self.items))
        smallest = np.min([entry.knapsack.offer[:2] for entry in self.types], axis=0)
        for entry in self.types:
            share = (entry.knapsack.needs[:, :2] / smallest).max(axis=1)
            sizes[entry.rows] = np.maximum(sizes[entry.rows], share)
        return np.asarray(sizes * (1 + sizes))

    def cut(self, target: Target, budget: Budget) -> Cut | None:
        """Return a cut that the target breaks, or None when the items can be covered, or nobody knows in time."""
        self._aim(target, self.items)
        center, best, deep = None, -float("inf"), DEEP[0]
        for _ in range(ROUNDS):
            missing, duals = self._solve()
            if missing <= self._covered or budget.spent:
                return None
            asked = duals.towards(center)
            guess, added = self._price(asked, duals)
            if not added and asked is not duals:
                asked = duals
                guess, added = self._price(duals, duals)
            if guess.excess(target) > best:
                center, best = asked, guess.excess(target)
            if not added or best > deep * missing:
                patterns = self._count
                cut = self._proven(center if added and center else asked, target)
                if cut or (not added and self._count == patterns):
                    return cut
                center, best, deep = None, -float("inf"), DEEP[1]
        return None

    def cover(self, loaded: Sequence[int], left: Ints, rounds: int) -> float:
        """Cover only what is left with so many hosts, whatever their memory; return what they cannot hold.

        Prices at most this many rounds; what cannot be held is in the measure of the LP.
        """
        self._aim(Target(tuple(loaded), (0.0,) * len(loaded), UNLIMITED_GIB), left)
        for _ in range(rounds):
            missing, duals = self._solve()
            if missing <= self._covered or not self._price(duals, duals)[1]:
                break
        else:
            missing, _ = self._solve()
        return missing if missing > self._covered else 0.0

    def solution(self) -> list[list[tuple[Pattern, float]]]:
        """Return, for each type, the patterns that the last LP uses and how often."""
        _, values, _ = self._lp.solve()
        return [
            [(pattern, values[column]) for pattern, column in entry.patterns.items() if values[column] > IMPROVES]
            for entry in self.types
        ]

    def _aim(self, target: Target, left: Ints) -> None:
        """Set the hosts, the memory and the items of the LP."""
        for row in np.flatnonzero(left != self._left):
            self._lp.at_least(int(row), float(left[row]))
        self._left, self._loaded = left.copy(), target.loaded
        for position, (loaded, included) in enumerate(zip(target.loaded, target.included_gib, strict=True)):
            host, memory = self._limits(position)
            self._lp.at_most(host, float(loaded))
            self._lp.at_most(memory, included)
        self._lp.at_most(self._shared, target.more_gib)

    def _solve(self) -> tuple[float, _Duals]:
        missing, _, duals = self._lp.solve()
        rows = np.array(duals)
        prices = np.maximum(-rows[len(self.items) : self._shared], 0.0)
        return missing, _Duals(np.maximum(rows[: len(self.items)], 0.0), prices[::2], prices[1::2])

    def _price(self, asked: _Duals, true: _Duals, levels: int = LEVELS) -> tuple[Cut, bool]:
        """Add for each type with hosts the best patterns at some duals, if they improve at the true ones.

        Return about the cut of the duals asked (there may be patterns worth more), and whether any was added.
        """
        added, hosts = False, [0.0] * len(self.types)
        for level in range(levels):
            for position in _some(self._loaded):
                entry, values = self.types[position], asked.values(position, self.types[position])
                hosts[position] = entry.known(values)
                for counts in entry.knapsack.better(values, entry.most(self._left), hosts[position], level):
                    hosts[position] = max(hosts[position], float(values @ np.array(counts)))
                    added |= self._improve(position, counts, true)
            if added:
                break
        return Cut(float(asked.worth @ self.items), tuple(hosts), tuple(asked.memory)), added

    def _improve(self, position: int, counts: Pattern, duals: _Duals) -> bool:
        """Add a pattern to a type if it is worth more than its host; return whether it was added."""
        entry, host = self.types[position], duals.host[position]
        worth = float(duals.values(position, entry) @ np.array(counts))
        return worth > host + IMPROVES * max(1.0, host) and self._add(position, _without_clashes(counts, entry.apart))

    def _proven(self, duals: _Duals, target: Target) -> Cut | None:
        """Return the cut of some duals if the target breaks it."""
        for level in range(LEVELS):
            hosts = []
            for position, entry in enumerate(self.types):
                values = duals.values(position, entry)
                hosts.append(entry.knapsack.bound(values, entry.most(self.items), entry.known(values), level))
            cut = Cut(float(duals.worth @ self.items), tuple(hosts), tuple(duals.memory))
            if cut.excess(target) > IMPROVES * cut.demand:
                return cut
        return self._exact(duals, target, cut)

    def _exact(self, duals: _Duals, target: Target, cut: Cut) -> Cut | None:
        """Return a cut made sharper by ILPs if the target breaks it; patterns that these find are added."""
        hosts = list(cut.host)
        for position in _some(target.loaded):
            entry = self.types[position]
            values = duals.values(position, entry)
            known = entry.known(values)
            if hosts[position] > known * (1 + IMPROVES):
                counts, bound = entry.knapsack.exact(values, entry.most(self.items), known)
                hosts[position] = min(hosts[position], max(bound, known))
                self._improve(position, counts, duals)
        cut = Cut(cut.demand, tuple(hosts), cut.memory)
        return cut if cut.excess(target) > IMPROVES * cut.demand else None

    def _add(self, position: int, pattern: Pattern) -> bool:
        """Add a pattern to a type; return whether it is new."""
        entry = self.types[position]
        if pattern in entry.patterns or not any(pattern):
            return False
        entry.remember(pattern, self._count)
        self._count += 1
        entries = [(int(row), float(count)) for row, count in zip(entry.rows, pattern, strict=True) if count]
        host, memory = self._limits(position)
        used = float(np.array(pattern) @ entry.memory_gib)
        self._lp.column(0.0, [*entries, (host, 1.0), (memory, used)])
        return True


def _some(loaded: Sequence[int]) -> list[int]:
    """Return the types that have hosts."""
    return [position for position, hosts in enumerate(loaded) if hosts]


def _without_clashes(counts: Pattern, apart: Sequence[frozenset[str]]) -> Pattern:
    """Return a content in which no two items must stay apart."""
    met: set[str] = set()
    kept = []
    for count, labels in zip(counts, apart, strict=True):
        clash = bool(count and labels & met)
        met |= labels if count else set()
        kept.append(0 if clash else count)
    return tuple(kept)


def _host_type(case: Case, pool: Pool, blade: str, rows: dict[tuple[str, int], int]) -> HostType:
    indexes = pool.shapes_on(blade)
    shapes = [pool.shapes[index] for index in indexes]
    grid = Grid.of(shapes, [shape.count for shape in shapes], capacity(case, blade))
    needs = [(need[0], shape.memory_mib, need[2]) for need, shape in zip(grid.needs, shapes, strict=True)]
    memory_mib = int(capacity(case, blade)[1] * MIB_PER_GIB)
    return HostType(
        pool,
        blade,
        np.array([rows[pool.name, index] for index in indexes], dtype=np.int64),
        np.array([float(gib(shape.memory_mib)) for shape in shapes]),
        Knapsack(np.array(needs, dtype=np.int64), (grid.offer[0], memory_mib, grid.offer[2])),
        [shape.apart for shape in shapes],
    )
