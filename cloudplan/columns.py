"""Column generation: can the VMs stand on so many hosts of each blade type, and if not, which cut says so?

For a target (loaded hosts and activated memory of each type), an LP covers the items with patterns and counts what is
left over, in shares of a host. Its duals price new patterns, one knapsack for each type. Whatever the duals, they give
a cut that every plan keeps, because no host holds more than the most valuable pattern:

    sum of worth x items <= sum over the types of (most valuable pattern x loaded hosts + price x memory in GiB).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cloudplan.demand import Case
from cloudplan.packing import Grid, Host, Pattern, pack
from cloudplan.shapes import Pool, capacity
from cloudplan.solver import Budget, Cover, Knapsack
from cloudplan.units import gib

IMPROVES = 1e-6
"""What a pattern must be worth more than its host to be added, in shares of a host."""

EXACT_ROUNDS = 40
"""Rounds of exact pricing for one target; after them it counts as covered, which costs sharpness, never validity."""

SMOOTHING = 0.5
"""Weight of the duals that gave the best cut so far, against those of the last LP: it calms the search."""


@dataclass(frozen=True)
class Target:
    """What the hosts of a type may be: how many are loaded, and how many GiB their VMs may use in all."""

    loaded: int
    used_gib: float


@dataclass(frozen=True)
class Cut:
    """demand <= sum over the types of (host x loaded hosts + memory x GiB that VMs may use)."""

    demand: float
    host: tuple[float, ...]
    memory: tuple[float, ...]

    def excess(self, targets: Sequence[Target]) -> float:
        """Return by how much the targets break the cut, relative to its size."""
        rows = zip(self.host, self.memory, targets, strict=True)
        room = sum(host * target.loaded + memory * target.used_gib for host, memory, target in rows)
        return (self.demand - room) / max(1.0, self.demand)


@dataclass
class HostType:
    """A blade type in a pool: the shapes that it holds, its knapsack, and the patterns known so far."""

    pool: Pool
    blade: str
    rows: list[int]
    """The row of each shape in the LP."""
    grid: Grid
    knapsack: Knapsack
    patterns: dict[Pattern, int] = field(default_factory=dict)
    """The patterns, with the number of their column."""
    used: dict[Pattern, None] = field(default_factory=dict)
    """The patterns that covered the items in the last LP of some target: a handful worth trying."""

    @property
    def key(self) -> tuple[str, str]:
        """Pool and blade."""
        return self.pool.name, self.blade


@dataclass(frozen=True)
class _Duals:
    """What the LP says: the worth of an item of each row, and for each type the price of a host and of a GiB."""

    worth: list[float]
    host: list[float]
    memory: list[float]

    def towards(self, other: "_Duals | None") -> "_Duals":
        """Return the duals on the way to others."""
        if other is None:
            return self
        return _Duals(_mixed(other.worth, self.worth), self.host, _mixed(other.memory, self.memory))


def _mixed(left: Sequence[float], right: Sequence[float]) -> list[float]:
    return [SMOOTHING * a + (1 - SMOOTHING) * b for a, b in zip(left, right, strict=True)]


class Columns:
    """The covering LP of pools, and the patterns found so far."""

    def __init__(self, case: Case, pools: Sequence[Pool]):
        shapes = [(pool, index) for pool in pools for index in range(len(pool.shapes))]
        rows = {(pool.name, index): row for row, (pool, index) in enumerate(shapes)}
        self._items = [pool.shapes[index].count for pool, index in shapes]
        self._memory = [float(gib(pool.shapes[index].memory_mib)) for pool, index in shapes]
        self.types = [
            _host_type(case, pool, blade, rows) for pool in pools for blade in case.blades if pool.shapes_on(blade)
        ]
        limits = [(-float("inf"), 0.0)] * (2 * len(self.types))
        self._lp = Cover([(float(count), float("inf")) for count in self._items] + limits)
        for row in range(len(self._items)):
            self._lp.column(max(self._largest_share(row), IMPROVES), [(row, 1.0)])
        for position, entry in enumerate(self.types):
            mine = [entry.pool.shapes[index] for index in entry.pool.shapes_on(entry.blade)]
            for pattern in pack(mine, entry.grid.counts, capacity(case, entry.blade)):
                self._add(position, pattern)

    def _largest_share(self, row: int) -> float:
        return max(max(e.grid.shares(e.rows.index(row))) for e in self.types if row in e.rows)

    def cut(self, targets: Sequence[Target], budget: Budget) -> Cut | None:
        """Return a cut that the targets break, or None when the items can be covered, or nobody knows in time."""
        for position, target in enumerate(targets):
            first = len(self._items) + 2 * position
            self._lp.at_most(first, float(target.loaded))
            self._lp.at_most(first + 1, target.used_gib)
        cut = self._search(targets, budget)
        _, values, _ = self._lp.solve()
        for entry in self.types:
            entry.used.update(
                (pattern, None) for pattern, column in entry.patterns.items() if values[column] > IMPROVES
            )
        return cut

    def _search(self, targets: Sequence[Target], budget: Budget) -> Cut | None:
        center, best = None, float("-inf")
        exact = 0
        while exact < EXACT_ROUNDS and not budget.spent:
            left, duals = self._solve()
            if left <= IMPROVES:
                return None
            if self._price_greedily(duals):
                continue
            exact += 1
            mixed = duals.towards(center)
            cut, added = self._price_exactly(mixed, duals)
            excess = cut.excess(targets)
            if excess > IMPROVES:
                return cut
            if excess > best:
                center, best = mixed, excess
            if not added:
                if center is None or mixed is duals:
                    return None
                center = None
        return None

    def _solve(self) -> tuple[float, _Duals]:
        left, _, values = self._lp.solve()
        prices = [max(0.0, -value) for value in values[len(self._items) :]]
        return left, _Duals([max(0.0, value) for value in values[: len(self._items)]], prices[::2], prices[1::2])

    def _add(self, position: int, pattern: Pattern) -> bool:
        """Add a pattern to a type; return whether it is new."""
        entry = self.types[position]
        if pattern in entry.patterns or not any(pattern):
            return False
        entry.patterns[pattern] = len(self._items) + sum(len(other.patterns) for other in self.types)
        entries = [(row, float(count)) for row, count in zip(entry.rows, pattern, strict=True) if count]
        used = sum(self._memory[row] * count for row, count in entries)
        first = len(self._items) + 2 * position
        self._lp.column(0.0, [*entries, (first, 1.0), (first + 1, used)])
        return True

    def _values(self, position: int, duals: _Duals) -> list[float]:
        """Return what an item of each shape of a type is worth, less the price of its memory."""
        memory = duals.memory[position]
        return [duals.worth[row] - memory * self._memory[row] for row in self.types[position].rows]

    def _price_greedily(self, duals: _Duals) -> bool:
        """Add, for each type, the best pattern of some greedy orders if it improves; return whether any did."""
        added = False
        for position, entry in enumerate(self.types):
            values = self._values(position, duals)
            patterns = [_filled(entry.grid, order) for order in _orders(entry.grid, values)]
            best = max(patterns, key=lambda pattern: _worth(values, pattern))
            if _worth(values, best) > duals.host[position] + IMPROVES:
                added |= self._add(position, best)
        return added

    def _price_exactly(self, duals: _Duals, true: _Duals) -> tuple[Cut, bool]:
        """Return the cut of some duals, and whether a pattern was added that improves at the true ones."""
        added, hosts = False, []
        for position, entry in enumerate(self.types):
            pattern, bound = entry.knapsack.best(self._values(position, duals))
            hosts.append(max(0.0, bound))
            if _worth(self._values(position, true), pattern) > true.host[position] + IMPROVES:
                added |= self._add(position, pattern)
        demand = sum(value * count for value, count in zip(duals.worth, self._items, strict=True))
        return Cut(demand, tuple(hosts), tuple(duals.memory)), added


def _host_type(case: Case, pool: Pool, blade: str, rows: dict[tuple[str, int], int]) -> HostType:
    indexes = pool.shapes_on(blade)
    shapes = [pool.shapes[index] for index in indexes]
    grid = Grid.of(shapes, [shape.count for shape in shapes], capacity(case, blade))
    limits = [([need[axis] for need in grid.needs], limit) for axis, limit in enumerate(grid.offer)]
    for label in sorted({label for apart in grid.apart for label in apart}):
        limits.append(([int(label in apart) for apart in grid.apart], 1))
    knapsack = Knapsack(limits, grid.counts)
    return HostType(pool, blade, [rows[pool.name, index] for index in indexes], grid, knapsack)


def _worth(values: Sequence[float], pattern: Sequence[int]) -> float:
    return sum(value * count for value, count in zip(values, pattern, strict=True))


def _orders(grid: Grid, values: Sequence[float]) -> Iterator[list[int]]:
    """Yield greedy orders of the shapes that are worth something: by value for each share of a host, and for all."""
    useful = [index for index, value in enumerate(values) if value > 0]
    shares = {index: grid.shares(index) for index in useful}
    densities = [
        {index: values[index] / max(share[axis], IMPROVES) for index, share in shares.items()}
        for axis in range(len(grid.offer))
    ]
    densities.append({index: values[index] / max(sum(share), IMPROVES) for index, share in shares.items()})
    for density in densities:
        ranked = [(-worth, index) for index, worth in density.items()]
        yield [index for _, index in sorted(ranked)]


def _filled(grid: Grid, order: Sequence[int]) -> Pattern:
    host = Host(grid)
    for index in order:
        count = host.room(index, grid.counts[index])
        if count:
            host.put(index, count)
    return tuple(host.counts)
