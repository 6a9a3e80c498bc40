"""Shapes onto hosts of one blade type: the patterns of one host, and placements on as few hosts as can be found.

A *pattern* is what one host holds: a count for each shape. Anti-affinity lives inside the pattern.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cloudplan.shapes import Needs, Shape

Pattern = tuple[int, ...]
"""How many items of each shape stand on one host."""

TIGHT_STEPS = 400
"""Steps of the search that fills one host tightly."""

SCARCITY = (1, 4)
"""Exponents by which the resources that run short first weigh more."""


@dataclass(frozen=True)
class Grid:
    """Shapes and what a host offers in whole numbers, each dimension on the grid of its common denominator.

    An offer is rounded down to the grid, which loses nothing: sums of needs are on it.
    """

    needs: tuple[tuple[int, ...], ...]
    apart: tuple[frozenset[str], ...]
    counts: tuple[int, ...]
    offer: tuple[int, ...]

    @classmethod
    def of(cls, shapes: Sequence[Shape], counts: Sequence[int], offer: Needs) -> "Grid":
        """Return the grid of `counts` items of each shape and a host's offer."""
        factors = [math.lcm(*(shape.needs[axis].denominator for shape in shapes)) for axis in range(len(offer))]
        needs = tuple(
            tuple(int(need * factor) for need, factor in zip(shape.needs, factors, strict=True)) for shape in shapes
        )
        limits = tuple(math.floor(limit * factor) for limit, factor in zip(offer, factors, strict=True))
        return cls(needs, tuple(shape.apart for shape in shapes), tuple(counts), limits)

    def shares(self, index: int) -> list[float]:
        """Return what share of a host an item takes in each dimension."""
        return [need / limit if limit else 0.0 for need, limit in zip(self.needs[index], self.offer, strict=True)]


class Host:
    """One host being filled: what is left in each dimension, and what stands on it."""

    __slots__ = ("_grid", "apart", "counts", "free")

    def __init__(self, grid: Grid):
        self._grid = grid
        self.free = list(grid.offer)
        self.counts = [0] * len(grid.needs)
        self.apart: frozenset[str] = frozenset()

    def room(self, index: int, wanted: int) -> int:
        """Return how many items of a shape still fit, at most `wanted`."""
        apart = self._grid.apart[index]
        if apart:
            wanted = 0 if apart & self.apart else min(1, wanted)
        for free, need in zip(self.free, self._grid.needs[index], strict=True):
            if need:
                wanted = min(wanted, free // need)
        return wanted

    def put(self, index: int, count: int) -> None:
        """Place items of a shape; a negative count takes them away again."""
        self.counts[index] += count
        needs = self._grid.needs[index]
        self.free = [free - need * count for free, need in zip(self.free, needs, strict=True)]
        self.apart = self.apart | self._grid.apart[index] if count > 0 else self.apart - self._grid.apart[index]


def maximal_patterns(shapes: Sequence[Shape], offer: Needs, limit: int) -> list[Pattern] | None:
    """Return every pattern of one host to which nothing can be added; None when that takes more than `limit` steps."""
    grid = Grid.of(shapes, [shape.count for shape in shapes], offer)
    if len(shapes) > DEEPEST:
        return None
    found: list[Pattern] = []
    host, steps = Host(grid), 0

    def full() -> bool:
        return not any(host.counts[index] < most and host.room(index, 1) for index, most in enumerate(grid.counts))

    def extend(index: int) -> None:
        nonlocal steps
        if index == len(shapes):
            steps += len(shapes)
            if full():
                found.append(tuple(host.counts))
            return
        for count in range(host.room(index, grid.counts[index]), -1, -1):
            steps += 1
            if steps > limit:
                return
            if count:
                host.put(index, count)
            extend(index + 1)
            if count:
                host.put(index, -count)

    extend(0)
    return None if steps > limit else found


DEEPEST = 200
"""Shapes beyond which patterns are not listed: there are too many, and the search is as deep as there are shapes."""


def pack(shapes: Sequence[Shape], counts: Sequence[int], offer: Needs) -> list[Pattern]:
    """Place `counts` items of each shape on hosts of one type; of several ways the one with the fewest hosts."""
    grid = Grid.of(shapes, counts, offer)
    placements = [_first_fit(grid, order) for order in _orders(grid)]
    placements += [_tight_fit(grid, weights) for weights in _weights(grid)]
    return min(placements, key=len)


def first_fit(shapes: Sequence[Shape], counts: Sequence[int], offer: Needs) -> list[Pattern]:
    """Place items on hosts of one type, the largest share of a host first, each on the first host with room."""
    grid = Grid.of(shapes, counts, offer)
    return _first_fit(grid, next(_orders(grid)))


def _orders(grid: Grid) -> Iterator[list[int]]:
    """Yield orders of the shapes, large to small: by the largest share of a host, by their sum, by each."""
    shares = [grid.shares(index) for index in range(len(grid.needs))]
    measures = [[max(row), sum(row), *row] for row in shares]
    for position in range(2 + len(grid.offer)):
        yield sorted(range(len(measures)), key=lambda index: (-measures[index][position], index))


def _first_fit(grid: Grid, order: Sequence[int]) -> list[Pattern]:
    """Place the shapes in this order, each item on the first host with room."""
    hosts: list[Host] = []
    for index in order:
        left = grid.counts[index]
        for host in hosts:
            if not left:
                break
            fits = host.room(index, left)
            if fits:
                host.put(index, fits)
                left -= fits
        while left:
            host = Host(grid)
            fits = host.room(index, left)
            host.put(index, fits)
            left -= fits
            hosts.append(host)
    return [tuple(host.counts) for host in hosts]


def _weights(grid: Grid) -> Iterator[list[float]]:
    """Yield weights of the dimensions: the more all items together take of a dimension, the more it weighs."""
    load = [
        sum(count * need[axis] for count, need in zip(grid.counts, grid.needs, strict=True)) / limit if limit else 0.0
        for axis, limit in enumerate(grid.offer)
    ]
    heaviest = max(load)
    for exponent in SCARCITY:
        yield [(value / heaviest) ** exponent if heaviest else 0.0 for value in load]


def _tight_fit(grid: Grid, weights: Sequence[float]) -> list[Pattern]:
    """Fill one host after the other: the largest item that is left, then what fills the rest best, by weight."""
    size = [
        sum(weight * share for weight, share in zip(weights, grid.shares(index), strict=True))
        for index in range(len(grid.needs))
    ]
    order = sorted(range(len(size)), key=lambda index: (-size[index], index))
    left = list(grid.counts)
    hosts: list[Pattern] = []
    while any(left):
        pattern = _fullest(grid, weights, size, [index for index in order if left[index]], left)
        left = [count - taken for count, taken in zip(left, pattern, strict=True)]
        hosts.append(pattern)
    return hosts


def _fullest(
    grid: Grid, weights: Sequence[float], size: Sequence[float], order: Sequence[int], left: Sequence[int]
) -> Pattern:
    """Return the fullest host that a bounded depth-first search finds, with the first shape of `order` on it."""
    host = Host(grid)
    host.put(order[0], 1)
    best, best_value, steps = tuple(host.counts), size[order[0]], 0

    def search(position: int, value: float) -> None:
        nonlocal best, best_value, steps
        steps += 1
        if value > best_value:
            best, best_value = tuple(host.counts), value
        room = sum(w * free / limit for w, free, limit in zip(weights, host.free, grid.offer, strict=True) if limit)
        for place in range(position, len(order)):
            if steps > TIGHT_STEPS or value + room <= best_value:
                return
            index = order[place]
            most = host.room(index, left[index] - host.counts[index])
            for count in range(most, max(0, most - 2), -1):
                host.put(index, count)
                search(place + 1, value + size[index] * count)
                host.put(index, -count)

    search(0, best_value)
    return best
