"""The covering LP of pools, and column generation: can the VMs stand on given hosts of each blade type?

It covers the items with patterns, each the content of one host, as far as the hosts and the memory of a target allow,
and counts what is left over. Its duals price new patterns, one knapsack for each blade type.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from cloudplan.base.units import gib
from cloudplan.optimiser.compute.best_content import Effort, best_contents
from cloudplan.optimiser.compute.exchange_columns import Exchange, exchanges, made
from cloudplan.optimiser.compute.host_table import Flags, Floats, Ints
from cloudplan.optimiser.compute.kinds import ClusterKind
from cloudplan.optimiser.compute.knapsack import SEARCHES, Knapsack
from cloudplan.optimiser.compute.patterns import Grid, Pattern, first_fit
from cloudplan.optimiser.compute.shapes import Pool, rivals
from cloudplan.optimiser.solver import Budget, Cover
from cloudplan.rules.compute import capacity, dimensions
from cloudplan.workload.case import Case

IMPROVES = 1e-6
"""What a pattern must be worth more than its host to be added, and how often it must be used, relative to them."""

LITERAL_ROUNDS, COVER_ROUNDS, COVER_LEVELS = 40, 8, 2
"""Rounds of pricing before a dive and for each step of it; levels of the search for patterns there, if it is quick."""

ADDED = 60
"""Patterns that are added at most for each type when the best of all are found."""

FIRST = 20
"""Items of each shape at most in the placement whose patterns are the first."""

MANY, FEW = 8, 3
"""Patterns for each row from which on the LP forgets some, and how many it keeps then."""

SHORT_MOST = 0.5
"""The share of hosts that an LP may be short of at most."""

UNLIMITED_GIB = 1e9


@dataclass(frozen=True)
class Target:
    """Hosts that are given: for each type how many are loaded and how many GiB VMs may use of what they include.

    `more_gib` is what VMs may use beyond, on whichever types.
    """

    loaded: tuple[int, ...]
    included_gib: tuple[float, ...]
    more_gib: float


@dataclass
class HostType:
    """A kind of cluster in a pool: the shapes that its hosts hold, their knapsack, and the patterns known so far."""

    pool: Pool
    kind: ClusterKind
    rows: Ints
    """The row of each shape in the LP."""
    memory_gib: Floats
    """The memory of an item of each shape."""
    knapsack: Knapsack
    rivals: Flags
    """Which shapes must not share a host; one of which a host may hold but one item is its own rival."""
    patterns: dict[Pattern, int] = field(default_factory=dict, init=False)
    """The patterns, with the number of their column."""
    table: Floats = field(init=False)
    """The patterns once more, one a row, with rows to spare."""

    def __post_init__(self) -> None:
        """Begin without patterns."""
        self.table = np.zeros((0, len(self.rows)))

    @property
    def blade(self) -> str:
        """The blade type."""
        return self.kind.blade

    @property
    def key(self) -> tuple[str, ClusterKind]:
        """Pool and kind of cluster."""
        return self.pool.name, self.kind

    def worth(self, values: Floats) -> Floats:
        """Return what the patterns are worth; the same for any number of threads."""
        return np.asarray(np.einsum("ps,s->p", self.table[: len(self.patterns)], values))

    def known(self, values: Floats) -> float:
        """Return what the most valuable pattern so far is worth."""
        return float(self.worth(values).max(initial=0.0))

    def keep(self, kept: Flags, numbers: Ints) -> None:
        """Forget the patterns whose column is not kept; the others get new numbers."""
        mine = kept[list(self.patterns.values())]
        self.table = self.table[: len(self.patterns)][mine]
        self.patterns = {pattern: int(numbers[old]) for pattern, old in self.patterns.items() if kept[old]}

    def remember(self, pattern: Pattern, column: int) -> None:
        """Keep a new pattern."""
        if len(self.patterns) == len(self.table):
            self.table = np.vstack([self.table, np.zeros((256, len(pattern)))])
        self.table[len(self.patterns)] = pattern
        self.patterns[pattern] = column

    def most(self, left: Ints) -> Ints:
        """Return how many items of each shape one host may hold, of those that are left in each row."""
        most = self.knapsack.most(left[self.rows])
        return np.where(self._single, np.minimum(most, 1), most)

    @cached_property
    def _single(self) -> Flags:
        """Whether a host may hold only one item of each shape."""
        return np.asarray(self.rivals.any(axis=1))

    def without_clashes(self, content: Ints) -> Ints:
        """Return a content in which no two items must stay apart."""
        kept = content.copy()
        for index in np.flatnonzero(content * self._single):
            kept[index] *= not kept[:index][self.rivals[index, :index]].any()
        return kept


@dataclass(frozen=True)
class Duals:
    """What the LP says: the worth of an item of each row, and for each type the price of a host and of a GiB."""

    worth: Floats
    host: Floats
    memory: Floats

    def towards(self, center: "Duals", share: float) -> "Duals":
        """Return the duals on the way to a centre, this share of it; hosts keep their price."""
        worth, memory = (
            share * there + (1 - share) * here
            for there, here in ((center.worth, self.worth), (center.memory, self.memory))
        )
        return Duals(worth, self.host, memory)

    def values(self, position: int, entry: HostType) -> Floats:
        """Return what an item of each shape of a type is worth, less the price of its memory."""
        return np.asarray(self.worth[entry.rows] - self.memory[position] * entry.memory_gib)


class CoveringLp:
    """The covering LP of pools, and the patterns found so far.

    It serves `also` other pools with the same shapes: `turn_to` them. What no host is worth more than holds for all.
    """

    def __init__(self, case: Case, pools: Sequence[Pool], also: Sequence[Sequence[Pool]] = ()):
        shapes = [(pool, index) for pool in pools for index in range(len(pool.shapes))]
        rows = {(pool.name, index): row for row, (pool, index) in enumerate(shapes)}
        self.items, self.short = items_of(pools), 0.0
        self._most: Ints = np.max([self.items, *map(items_of, also)], axis=0)
        self.types = [_host_type(case, pool, kind, rows) for pool in pools for kind in pool.kinds(case)]
        self._pools = {
            pool.name: slice(rows[pool.name, 0], rows[pool.name, 0] + len(pool.shapes)) for pool in pools if pool.shapes
        }
        self._penalties = self._penalties_of(case, shapes)
        self._nothing = IMPROVES * float(self._penalties.min())
        self._open(exchanges([(pool, pool.shapes[index]) for pool, index in shapes]))
        for position, entry in enumerate(self.types):
            mine = [entry.pool.shapes[index] for index in _shapes_on(entry.pool, entry.kind)]
            some = [min(shape.count, FIRST) for shape in mine]
            for pattern in first_fit(Grid.of(case, entry.blade, mine, some)):
                self._add(position, np.array(pattern))

    def _open(self, offered: Sequence[Exchange]) -> None:
        """Begin the LP without patterns: items left over, memory beyond what is included, and the exchanges offered."""
        infinite = float("inf")
        limits = [(-infinite, 0.0)] * (2 * len(self.types) + 1)
        self._shared = len(self.items) + len(limits) - 1
        self._lp = Cover([(float(count), infinite) for count in self.items] + limits)
        self._left, self.loaded = self.items, tuple(0 for _ in self.types)
        for row, price in enumerate(self._penalties):
            self._lp.column(float(price), [(row, 1.0)])
        for position in range(len(self.types)):
            self._lp.column(0.0, [(self._limits(position)[1], -1.0), (self._shared, 1.0)])
        for exchange in offered:
            self._lp.column(0.0, [(exchange.large, -1.0), (exchange.small, float(exchange.times))])
        self._exchanges = offered
        self._first = self.count = len(self.items) + len(self.types) + len(offered)

    def turn_to(self, pools: Sequence[Pool]) -> None:
        """Cover the items of these pools from now on."""
        self.items = items_of(pools)

    def rows_of(self, pool: Pool) -> slice:
        """Return the rows of the shapes of a pool."""
        return self._pools[pool.name]

    def _limits(self, position: int) -> tuple[int, int]:
        """Return the rows that limit the hosts and the memory of a type."""
        first = len(self.items) + 2 * position
        return first, first + 1

    def _penalties_of(self, case: Case, shapes: Sequence[tuple[Pool, int]]) -> Floats:
        """Return what an item of each row costs that no host holds: the larger it is, the more for its size.

        So what is left over in the end is small, and finds a gap.
        """
        plenty = [axis for axis, dimension in enumerate(dimensions(case)) if not dimension.few]
        needs = np.array([[float(pool.shapes[index].needs[axis]) for axis in plenty] for pool, index in shapes])
        offers = np.array([[float(capacity(case, entry.blade)[axis]) for axis in plenty] for entry in self.types])
        sizes = (needs / offers.min(axis=0)).max(axis=1)
        return np.asarray(sizes * (1 + sizes))

    def literal(self, loaded: Sequence[int], enough: float, budget: Budget, short: float = 0.0) -> "CoveringLp":
        """Return columns without exchanges for so many hosts: the patterns of this LP, with its exchanges made.

        It covers what is asked of it with as many hosts less as `short` says, in shares of a host.

        Prices some rounds before, but only until no more than `enough` is missing.
        """
        self.cover(loaded, self.items, enough, budget, LITERAL_ROUNDS)
        contents, kinds = [], []
        for position, used in enumerate(self.solution()):
            for pattern, times in sorted(used, key=lambda use: (-use[1], use[0])):
                content = np.zeros_like(self.items)
                content[self.types[position].rows] = pattern
                contents.append((content, times))
                kinds.append(position)
        done = list(zip(self._exchanges, self._values[self._first - len(self._exchanges) :], strict=False))
        plain = copy.copy(self)
        plain.types = [replace(entry) for entry in self.types]
        plain._open(())
        plain.short = short
        for number, content in made(contents, self.items, done):
            plain._add(kinds[number], content[plain.types[kinds[number]].rows])
        return plain

    def cover(
        self, loaded: Sequence[int], left: Ints, enough: float, budget: Budget, rounds: int = COVER_ROUNDS
    ) -> float:
        """Cover only what is left with so many hosts less `short`, whatever their memory; return what they cannot hold.

        Prices some rounds, but only until no more than `enough` is missing.
        """
        self.aim(Target(tuple(loaded), (0.0,) * len(loaded), UNLIMITED_GIB), left)
        missing, duals = self.solve()
        for _ in range(rounds):
            if (
                missing <= max(enough, self._nothing)
                or budget.spent
                or not self.price(duals, duals, len(SEARCHES) if self.short else COVER_LEVELS)[1]
            ):
                break
            missing, duals = self.solve()
        return missing

    def solution(self) -> list[list[tuple[Pattern, float]]]:
        """Return, for each type, the patterns that the last LP uses and how often."""
        return [
            [
                (pattern, self._values[column])
                for pattern, column in entry.patterns.items()
                if self._values[column] > IMPROVES
            ]
            for entry in self.types
        ]

    def aim(self, target: Target, left: Ints) -> None:
        """Set the hosts (less what it is short of), the memory and the items of the LP."""
        share = 1 - min(self.short / max(sum(target.loaded), 1), SHORT_MOST)
        for row in np.flatnonzero(left != self._left):
            self._lp.at_least(int(row), float(left[row]))
        self._left, self.loaded = left.copy(), target.loaded
        for position, (loaded, included) in enumerate(zip(target.loaded, target.included_gib, strict=True)):
            host, memory = self._limits(position)
            self._lp.at_most(host, share * loaded)
            self._lp.at_most(memory, included)
        self._lp.at_most(self._shared, target.more_gib)

    def solve(self) -> tuple[float, Duals]:
        """Solve the LP; return what is missing, and its duals."""
        missing, values, rows = self._lp.solve()
        self._values = np.array(values)
        limits = np.maximum(-np.array(rows[len(self.items) : self._shared]), 0.0)
        duals = Duals(np.maximum(rows[: len(self.items)], 0.0), limits[::2], limits[1::2])
        if self.count - self._first > MANY * len(self.items):
            self._forget(duals)
        return missing, duals

    def _forget(self, duals: Duals) -> None:
        """Forget the patterns that the LP does not use and that are worth least beside the price of their host."""
        costs = np.full(self.count, -np.inf)
        for position, entry in enumerate(self.types):
            costs[list(entry.patterns.values())] = duals.host[position] - entry.worth(duals.values(position, entry))
        costs[self._values > 0] = -np.inf
        few = max(self._first + FEW * len(self.items), np.count_nonzero(costs == -np.inf))
        kept = np.zeros(self.count, dtype=np.bool_)
        kept[np.argsort(costs, kind="stable")[:few]] = True
        numbers = np.cumsum(kept) - 1
        for entry in self.types:
            entry.keep(kept, numbers)
        self._lp.remove(np.flatnonzero(~kept).tolist())
        self._values, self.count = self._values[kept], int(kept.sum())

    def price(self, asked: Duals, true: Duals, levels: int = len(SEARCHES)) -> tuple[list[float], bool]:
        """Add for each type with hosts the best patterns at some duals, if they improve at the true ones.

        Higher levels of the search for them are tried where the lower ones find none.

        Return about what a host of each type can be worth at the duals asked, and whether any pattern was added.
        """
        added, worth = False, [0.0] * len(self.types)
        asking = []
        for position, entry in enumerate(self.types):
            if self.loaded[position]:
                values = asked.values(position, entry)
                asking.append((position, entry, values, entry.most(self._left)))
                worth[position] = entry.known(values)
        for level in range(levels):
            for position, entry, values, most in asking:
                contents = entry.knapsack.better(values, most, true.host[position], level)
                worth[position] = max(worth[position], (contents * values).sum(axis=1).max(initial=0.0))
                added |= self._improve(position, contents, true)
            if added:
                break
        return worth, added

    def bounds(self, duals: Duals) -> list[float]:
        """Return what no host of each type is worth more than, from a rough table."""
        found = []
        for position, entry in enumerate(self.types):
            values = duals.values(position, entry)
            found.append(entry.knapsack.bound(values, entry.most(self._most), entry.known(values)))
        return found

    def exact(
        self, duals: Duals, loaded: Effort, others: Effort, budget: Budget, bounds: Sequence[float] | None = None
    ) -> tuple[list[float], bool]:
        """Return what no host of each type is worth more than, and whether any pattern was added.

        For types with hosts it is searched for with one effort, for the others with another. `bounds` are what is known
        of it: those that a pattern is worth stay. Where the budget is spent, what is not known yet stays without end.
        """
        found, added = list(bounds or [math.inf] * len(self.types)), False
        for position, entry in enumerate(self.types):
            values, effort = duals.values(position, entry), loaded if self.loaded[position] else others
            known = entry.known(values)
            if found[position] > known + IMPROVES * max(1.0, known) and not budget.spent:
                contents, bound = best_contents(entry.knapsack, values, entry.most(self._most), known, effort)
                added |= self._improve(position, contents[:ADDED], duals)
                found[position] = min(found[position], bound)
        return found, added

    def worth_most(self, duals: Duals, below: float) -> list[tuple[int, Ints]]:
        """Return contents for hosts that there are, worth at most so much less than one: type, and content by row."""
        found: dict[tuple[int, Pattern], Ints] = {}
        for position, entry in enumerate(self.types):
            if self.loaded[position]:
                values, most = duals.values(position, entry), entry.most(self._left)
                least = duals.host[position] - below
                contents, _ = best_contents(entry.knapsack, values, most, max(0.0, least))
                known = np.minimum(np.array([*entry.patterns], dtype=np.int64).reshape(-1, len(most)), most)
                for content in (*contents, *known[known @ values > least]):
                    full = np.zeros_like(self._left)
                    full[entry.rows] = entry.without_clashes(content)
                    found[position, tuple(full.tolist())] = full
        return [(position, full) for (position, _), full in found.items() if full.any()]

    def _improve(self, position: int, contents: Ints, duals: Duals) -> bool:
        """Add contents to a type that are worth more than their host; return whether any was new."""
        entry, host = self.types[position], duals.host[position]
        worth = (contents * duals.values(position, entry)).sum(axis=1)
        better = contents[worth > host + IMPROVES * max(1.0, host)]
        before = self.count
        for content in better:
            self._add(position, entry.without_clashes(content))
        return self.count > before

    def _add(self, position: int, content: Ints) -> None:
        """Add a pattern to a type, if it is new."""
        entry, pattern = self.types[position], tuple(content.tolist())
        some = np.flatnonzero(content)
        if pattern in entry.patterns or not len(some):
            return
        entry.remember(pattern, self.count)
        self.count += 1
        host, memory = self._limits(position)
        used = float((content * entry.memory_gib).sum())
        rows = [*entry.rows[some].tolist(), host, memory]
        self._lp.column(0.0, list(zip(rows, [*content[some].tolist(), 1.0, used], strict=True)))


def items_of(pools: Sequence[Pool]) -> Ints:
    """Return how many items there are of each shape of pools, one pool after the other."""
    return np.array([shape.count for pool in pools for shape in pool.shapes], dtype=np.int64)


def _shapes_on(pool: Pool, kind: ClusterKind) -> list[int]:
    return pool.shapes_on(kind.blade, kind.licences.names)


def _host_type(case: Case, pool: Pool, kind: ClusterKind, rows: dict[tuple[str, int], int]) -> HostType:
    indexes = _shapes_on(pool, kind)
    shapes = [pool.shapes[index] for index in indexes]
    return HostType(
        pool,
        kind,
        np.array([rows[pool.name, index] for index in indexes], dtype=np.int64),
        np.array([float(gib(shape.memory_mib)) for shape in shapes]),
        Knapsack.of(case, kind.blade, shapes),
        rivals([shape.apart for shape in shapes]),
    )
