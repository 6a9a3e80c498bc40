"""Shapes onto hosts of one blade type: the patterns of one host, and placements on as few hosts as can be found.

A *pattern* is what one host holds: a count for each shape. Anti-affinity lives inside the pattern.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudplan.optimiser.compute.shapes import EXACT, Shape, rivals
from cloudplan.rules.compute import capacity, dimensions
from cloudplan.workload.case import Case

Pattern = tuple[int, ...]
"""How many items of each shape stand on one host."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """Shapes and what a host offers in whole numbers, each dimension on the grid of its needs and its whole unit.

    An offer is rounded down to the grid, which loses nothing: sums of needs are on it.
    """

    needs: tuple[tuple[int, ...], ...]
    rivals: Flags
    """Which shapes must not share a host; one of which a host may hold but one item is its own rival."""
    counts: tuple[int, ...]
    offer: tuple[int, ...]

    @classmethod
    def of(cls, case: Case, blade: str, shapes: Sequence[Shape], counts: Sequence[int]) -> "Grid":
        """Return the grid of `counts` items of each shape and what a host of a blade type offers."""
        wholes = [entry.whole for entry in dimensions(case)]
        steps = [_divisor([whole, *(shape.needs[axis] for shape in shapes)]) for axis, whole in enumerate(wholes)]
        needs = tuple(
            tuple(int(need / step) for need, step in zip(shape.needs, steps, strict=True)) for shape in shapes
        )
        limits = tuple(math.floor(limit / step) for limit, step in zip(capacity(case, blade), steps, strict=True))
        return cls(needs, rivals([shape.apart for shape in shapes]), tuple(counts), limits)

    @property
    def whole(self) -> type[Any]:
        """The type of its numbers in arrays: as Python has them where a grid may be finer than 64 bits."""
        return np.int64 if max(self.offer) < EXACT else object

    def shares(self, index: int) -> list[float]:
        """Return what share of a host an item takes in each dimension."""
        return [need / limit if limit else 0.0 for need, limit in zip(self.needs[index], self.offer, strict=True)]


def _divisor(amounts: Sequence[Fraction | int]) -> Fraction:
    """Return the largest amount that divides all of these without a rest."""
    exact = [Fraction(amount) for amount in amounts]
    scale = math.lcm(*(amount.denominator for amount in exact))
    return Fraction(math.gcd(*(int(amount * scale) for amount in exact)), scale)


class Host:
    """One host being filled: what is left in each dimension, and what stands on it."""

    __slots__ = ("_alone", "_grid", "counts", "free")

    def __init__(self, grid: Grid):
        self._grid = grid
        self.free = list(grid.offer)
        self.counts = [0] * len(grid.needs)
        self._alone = [np.flatnonzero(row).tolist() for row in grid.rivals]

    def room(self, index: int, wanted: int) -> int:
        """Return how many items of a shape still fit, at most `wanted`."""
        if self._alone[index]:
            wanted = 0 if any(self.counts[other] for other in self._alone[index]) else min(1, wanted)
        for free, need in zip(self.free, self._grid.needs[index], strict=True):
            if need:
                wanted = min(wanted, free // need)
        return wanted

    def put(self, index: int, count: int) -> None:
        """Place items of a shape; a negative count takes them away again."""
        self.counts[index] += count
        needs = self._grid.needs[index]
        self.free = [free - need * count for free, need in zip(self.free, needs, strict=True)]


def maximal_patterns(grid: Grid, limit: int) -> list[Pattern] | None:
    """Return every pattern of one host to which nothing can be added; None when that takes more than `limit` steps."""
    shapes = len(grid.counts)
    if shapes > DEEPEST:
        return None
    found: list[Pattern] = []
    host, steps = Host(grid), 0

    needs: NDArray[Any] = np.array(grid.needs, dtype=grid.whole).reshape(shapes, -1)

    def full() -> bool:
        small = np.flatnonzero((needs <= np.array(host.free, dtype=grid.whole)).all(axis=1)).tolist()
        return not any(host.counts[index] < grid.counts[index] and host.room(index, 1) for index in small)

    def extend(index: int) -> None:
        nonlocal steps
        if index == shapes:
            steps += shapes
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


def first_fit(grid: Grid) -> list[Pattern]:
    """Place items on hosts of one type, the largest share of a host first, each on the first host with room."""
    shapes = len(grid.counts)
    whole = grid.whole
    offer: NDArray[Any] = np.array([grid.offer], dtype=whole)
    free = offer[:0]
    held = np.zeros((0, shapes), dtype=np.int32)
    for index in sorted(range(shapes), key=lambda index: (-max(grid.shares(index)), index)):
        need: NDArray[Any] = np.array(grid.needs[index], dtype=whole)
        left = grid.counts[index]
        most, fits = room_for(offer, need)[0], room_for(free, need)
        if grid.rivals[index].any():
            most, fits = 1, np.where(held[:, grid.rivals[index]].any(axis=1), 0, np.minimum(fits, 1))
        before = np.cumsum(fits) - fits
        taken = np.clip(left - before, 0, fits)
        left -= int(taken.sum())
        more = np.full(-(-left // most), most, dtype=np.int64)
        more[-1:] -= len(more) * most - left
        taken = np.concatenate([taken, more])
        free = np.concatenate([free, np.tile(offer, (len(more), 1))]) - taken[:, None] * need
        held = np.concatenate([held, np.zeros((len(more), shapes), dtype=np.int32)])
        held[:, index] = taken
    return [tuple(host) for host in held.tolist()]


def room_for(free: Ints, need: Ints) -> Ints:
    """Return how many like items fit in what is free on each host."""
    using = np.flatnonzero(need)
    return np.asarray((free[:, using] // need[using]).min(axis=1).astype(np.int64))
