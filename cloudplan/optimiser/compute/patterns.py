"""Shapes onto hosts of one blade type: the patterns of one host, and placements on as few hosts as can be found.

A *pattern* is what one host holds: a count for each shape. Anti-affinity lives inside the pattern.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudplan.optimiser.compute.shapes import Needs, Shape

Pattern = tuple[int, ...]
"""How many items of each shape stand on one host."""

Ints = NDArray[np.int64]


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


def first_fit(shapes: Sequence[Shape], counts: Sequence[int], offer: Needs) -> list[Pattern]:
    """Place items on hosts of one type, the largest share of a host first, each on the first host with room."""
    grid = Grid.of(shapes, counts, offer)
    free = np.zeros((0, len(grid.offer)), dtype=np.int64)
    held = np.zeros((0, len(shapes)), dtype=np.int32)
    for index in sorted(range(len(shapes)), key=lambda index: (-max(grid.shares(index)), index)):
        need, left = np.array(grid.needs[index]), grid.counts[index]
        most, fits = room_for(np.array([grid.offer]), need)[0], room_for(free, need)
        if grid.apart[index]:
            rivals = [other for other, labels in enumerate(grid.apart) if labels & grid.apart[index]]
            most, fits = 1, np.where(held[:, rivals].any(axis=1), 0, np.minimum(fits, 1))
        before = np.cumsum(fits) - fits
        taken = np.clip(left - before, 0, fits)
        left -= int(taken.sum())
        more = np.full(-(-left // most), most, dtype=np.int64)
        more[-1:] -= len(more) * most - left
        taken = np.concatenate([taken, more])
        free = np.concatenate([free, np.tile(np.array(grid.offer), (len(more), 1))]) - taken[:, None] * need
        held = np.concatenate([held, np.zeros((len(more), len(shapes)), dtype=np.int32)])
        held[:, index] = taken
    return [tuple(host) for host in held.tolist()]


def room_for(free: Ints, need: Ints) -> Ints:
    """Return how many like items fit in what is free on each host."""
    using = np.flatnonzero(need)
    return np.asarray((free[:, using] // need[using]).min(axis=1))
