"""Column generation: can the VMs stand on given hosts of each blade type, and if not, which cut says so?

An LP covers the items with patterns, each the content of one host, as far as the hosts and the memory of a target
allow, and counts what is left over. Its duals price new patterns, one knapsack for each blade type. Whatever the duals,
they give a cut that every plan keeps, because no host holds more than the most valuable pattern:

    sum of worth x items <= sum over the types of (most valuable pattern x loaded hosts + price x memory in GiB).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from cloudplan.demand import Case
from cloudplan.knapsack import BOUNDS, SEARCHES, Flags, Floats, Ints, Knapsack
from cloudplan.packing import Grid, Pattern, first_fit, room_for
from cloudplan.shapes import Pool, capacity
from cloudplan.solver import Budget, Cover
from cloudplan.units import MIB_PER_GIB, gib

IMPROVES = 1e-6
"""What a pattern must be worth more than its host to be added, and a cut more than the target, relative to them."""

ROUNDS = 150
"""Rounds of pricing for one target; after them it counts as covered, which costs sharpness, never validity."""

LITERAL_ROUNDS, COVER_ROUNDS, COVER_LEVELS = 100, 8, 4
"""The same, at the beginning of a dive and for each step of it, and the levels of the search for patterns there."""

ALIKE = 20
"""Hosts of one pattern that are looked at when exchanges are made; the others will be like them."""

MISSING, MISSING_OF_GAP = (5e-4, 0.1, 2e-4), 0.6
"""What may be missing in a target that counts as covered: a share of all hosts, but no more than so many hosts and a
smaller share; or that share of the gap asked for. It would hardly move the bound, and the dive can do better."""

EXCHANGED, CANDIDATES = (1, 2, 3, 4), 60
"""How many small items the place of a large one is offered to, and how many shapes of them are looked at."""

SMOOTHING = 0.5
"""Weight of the duals that gave the best cut so far, against those of the last LP: it calms the search."""

REALISED = 10
"""Rounds after which the patterns of the LP are rounded up, and the exchanges made: patterns that go well together."""

SMOOTHED_LEVELS = 2
"""Levels of the search for patterns at smoothed duals; at those of the LP itself all are tried."""

DEEP = 0.5
"""A cut that finds this share of what the LP finds missing is good enough, if it can be proven quickly."""

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

    def is_broken_by(self, target: Target) -> bool:
        """Return whether the target breaks the cut by more than floating point could."""
        return self.excess(target) > IMPROVES * self.demand


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
        worth = np.einsum("ps,s->p", self.table[: len(self.patterns)], values)  # the same for any number of threads
        return float(worth.max(initial=0.0))

    def filled(self, content: Ints, left: Ints) -> Ints:
        """Return a content of a host by row, with as many more of the items left as fit, large ones first."""
        full = content.copy()
        free = np.array(self.knapsack.offer) - content[self.rows] @ self.knapsack.needs
        for index in self._large_first:
            row, need = self.rows[index], self.knapsack.needs[index]
            if left[row] > full[row] and not self.apart[index]:
                more = min(int(left[row] - full[row]), int(room_for(free[None], need)[0]))
                full[row] += more
                free = free - more * need
        return full

    def remember(self, pattern: Pattern, column: int) -> None:
        """Keep a new pattern."""
        if len(self.patterns) == len(self.table):
            self.table = np.vstack([self.table.reshape(-1, len(pattern)), np.zeros((256, len(pattern)))])
        self.table[len(self.patterns)] = pattern
        self.patterns[pattern] = column

    def most(self, left: Ints) -> Ints:
        """Return how many items of each shape one host may hold, of those that are left in each row."""
        most = self.knapsack.most(left[self.rows])
        return np.where(self._single, np.minimum(most, 1), most)

    @cached_property
    def _single(self) -> Flags:
        """Whether a host may hold only one item of each shape."""
        return np.array([bool(labels) for labels in self.apart])

    @cached_property
    def _large_first(self) -> list[int]:
        shares = (self.knapsack.needs / np.maximum(self.knapsack.offer, 1)).max(axis=1)
        return [int(index) for index in np.argsort(-shares, kind="stable")]


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
        penalties = self._penalties(case, shapes)
        for row, price in enumerate(penalties):
            self._lp.column(float(price), [(row, 1.0)])
        for position in range(len(self.types)):
            self._lp.column(0.0, [(self._limits(position)[1], -1.0), (self._shared, 1.0)])
        self._covered = IMPROVES * float(penalties.min())
        self._count = len(self.items) + len(self.types)
        exchanges = list(_exchanges(shapes))
        for large, small, times in exchanges:
            self._lp.column(0.0, [(large, -1.0), (small, float(times))])
        self._exchanges = range(self._count, self._count + len(exchanges))
        self._count += len(exchanges)
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

    def _penalties(self, case: Case, shapes: Sequence[tuple[Pool, int]]) -> Floats:
        """Return what an item of each row costs that no host holds: the larger it is, the more for its size.

        So what is left over in the end is small, and finds a gap.
        """
        needs = np.array([[float(need) for need in pool.shapes[index].needs[:2]] for pool, index in shapes])
        offers = np.array([[float(offer) for offer in capacity(case, entry.blade)[:2]] for entry in self.types])
        sizes = (needs / offers.min(axis=0)).max(axis=1)
        return np.asarray(sizes * (1 + sizes))

    def cut(self, target: Target, budget: Budget) -> Cut | None:
        """Return a cut that the target breaks, or None when the items can be covered, or nobody knows in time.

        They count as covered when what is missing is a share of all hosts that does not matter for the gap.
        """
        self._aim(target, self.items)
        loaded = sum(target.loaded)
        enough = max(min(MISSING[0] * loaded, MISSING[1] + MISSING[2] * loaded), MISSING_OF_GAP * budget.gap * loaded)
        enough = max(enough, self._covered)
        center, best, early = None, -float("inf"), True
        for turn in range(1, ROUNDS + 1):
            missing, duals = self._solve()
            if turn % REALISED == 0:
                self._realise()
                missing, duals = self._solve()
            if missing <= enough or budget.spent:
                return None
            asked = duals.towards(center)
            guess, added = self._price(asked, duals, SMOOTHED_LEVELS if center else len(SEARCHES))
            if not added and center:
                asked = duals
                guess, added = self._price(duals, duals, len(SEARCHES))
            if guess.excess(target) > best:
                center, best = asked, guess.excess(target)
            if early and best > DEEP * missing and center:
                early = False
                cut = self._proven(center, target, BOUNDS[:1])
                if cut.is_broken_by(target):
                    return cut
            if not added:
                patterns = self._count
                cut = self._exact(duals, target, self._proven(duals, target, BOUNDS))
                if cut.is_broken_by(target):
                    return cut
                if self._count == patterns:
                    return None
        return None

    def be_literal(self, loaded: Sequence[int], gap: float) -> float:
        """Forbid exchanges from now on, and cover all items with so many hosts; return what these cannot hold.

        The patterns of the LP, rounded up and with the exchanges made, are the first to try.
        """
        self._realise()
        self._lp.close(self._exchanges)
        return self.cover(loaded, self.items, MISSING_OF_GAP * gap * sum(loaded), LITERAL_ROUNDS)

    def _realise(self) -> None:
        """Round the patterns of the LP up, with the exchanges made, and add what comes of it."""
        used = self.solution()
        left = self.items
        for position, entry in enumerate(self.types):
            for pattern, times in sorted(used[position], key=lambda use: (-use[1], use[0])):
                for _ in range(min(math.ceil(times), ALIKE)):
                    content = np.zeros_like(left)
                    content[entry.rows] = np.minimum(pattern, left[entry.rows])
                    content = entry.filled(content, left)
                    self._add(position, tuple(content[entry.rows].tolist()))
                    left = left - content

    def cover(self, loaded: Sequence[int], left: Ints, enough: float = 0.0, rounds: int = COVER_ROUNDS) -> float:
        """Cover only what is left with so many hosts, whatever their memory; return what they cannot hold.

        Prices some rounds, but only until no more than `enough` is missing.
        """
        self._aim(Target(tuple(loaded), (0.0,) * len(loaded), UNLIMITED_GIB), left)
        enough = max(enough, self._covered)
        missing, duals = self._solve()
        for _ in range(rounds):
            if missing <= enough or not self._price(duals, duals, COVER_LEVELS)[1]:
                break
            missing, duals = self._solve()
        return missing

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

    def _price(self, asked: _Duals, true: _Duals, levels: int) -> tuple[Cut, bool]:
        """Add for each type with hosts the best patterns at some duals, if they improve at the true ones.

        Return about the cut of the duals asked (there may be patterns worth more), and whether any was added.
        """
        added, hosts = False, [0.0] * len(self.types)
        asking = []
        for position in _some(self._loaded):
            entry, values = self.types[position], asked.values(position, self.types[position])
            asking.append((position, entry, values, entry.most(self._left), entry.known(values)))
        for level in range(levels):
            for position, entry, values, most, known in asking:
                hosts[position] = known
                for counts in entry.knapsack.better(values, most, true.host[position], level):
                    hosts[position] = max(hosts[position], float(values @ np.array(counts)))
                    added |= self._improve(position, counts, true)
            if added:
                break
        return self._cut(asked, hosts), added

    def _improve(self, position: int, counts: Pattern, duals: _Duals) -> bool:
        """Add a pattern to a type if it is worth more than its host; return whether it was added."""
        entry, host = self.types[position], duals.host[position]
        worth = float(duals.values(position, entry) @ np.array(counts))
        return worth > host + IMPROVES * max(1.0, host) and self._add(position, _without_clashes(counts, entry.apart))

    def _proven(self, duals: _Duals, target: Target, levels: Sequence[int]) -> Cut:
        """Return the cut of some duals, made sharper level by level until the target breaks it."""
        for steps in levels:
            cut = self._cut(duals, [self._bound(position, duals, steps) for position in range(len(self.types))])
            if cut.is_broken_by(target):
                break
        return cut

    def _exact(self, duals: _Duals, target: Target, cut: Cut) -> Cut:
        """Return a cut made sharper by ILPs, if that is needed and of use; patterns that these find are added."""
        known = [entry.known(duals.values(position, entry)) for position, entry in enumerate(self.types)]
        if cut.is_broken_by(target) or self._cut(duals, known).excess(target) <= 0:
            return cut
        hosts = list(cut.host)
        for position in _some(target.loaded):
            entry = self.types[position]
            if hosts[position] > known[position] * (1 + IMPROVES):
                values = duals.values(position, entry)
                counts, bound = entry.knapsack.exact(values, entry.most(self.items), known[position])
                hosts[position] = min(hosts[position], max(bound, known[position]))
                self._improve(position, counts, duals)
        return self._cut(duals, hosts)

    def _cut(self, duals: _Duals, hosts: Sequence[float]) -> Cut:
        return Cut(float(duals.worth @ self.items), tuple(hosts), tuple(duals.memory))

    def _bound(self, position: int, duals: _Duals, steps: int) -> float:
        """Return what no host of a type is worth more than."""
        entry, values = self.types[position], duals.values(position, self.types[position])
        return entry.knapsack.bound(values, entry.most(self.items), entry.known(values), steps)

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


def _exchanges(shapes: Sequence[tuple[Pool, int]]) -> Iterator[tuple[int, int, int]]:
    """Yield (row, other row, times): the place of one item is enough for so many of another.

    A pattern then stands for all that follow from it, and the LP needs far fewer of them. Of the others only the
    largest are named: what follows from one of those follows from it in turn.
    """
    kinds = [pool.shapes[index] for pool, index in shapes]
    needs = np.array([[float(need) for need in shape.needs] for shape in kinds])
    shares = (needs / np.maximum(needs.max(axis=0), 1e-12)).sum(axis=1)
    for row, (pool, _) in enumerate(shapes):
        able = [
            not kinds[row].apart and not shape.apart and own is pool and kinds[row].blades <= shape.blades
            for (own, _), shape in zip(shapes, kinds, strict=True)
        ]
        for times in EXCHANGED:
            others = np.flatnonzero((needs[row] >= times * needs).all(axis=1) & able)
            others = others[others != row]
            others = others[np.argsort(-shares[others], kind="stable")[:CANDIDATES]]
            within = (needs[others][:, None, :] >= needs[others][None, :, :]).all(axis=2)
            largest = others[~np.triu(within, 1).any(axis=0)]
            yield from ((row, int(other), times) for other in largest)


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
