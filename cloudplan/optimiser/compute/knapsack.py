"""The most valuable content of one host: dynamic programming over its dimensions, in whole numbers.

A table counts two dimensions in steps (such as cores and memory), and every one of which a host offers few (GPUs).
Rounded to the nearest step, the table finds contents that are then checked exactly; rounded down, its value is a bound
of anything that fits. Either way what rounding hides is paid for at the price that it has where two dimensions are only
summed up (a Lagrangian relaxation): rounding then hardly matters.
Those sums choose the two dimensions, those whose mix bounds the value of a host most; what a table leaves out can only
make its bound larger, and contents that break it are dropped. They also show which shapes cannot be part of anything
better than what is known, and which resource has no price: it is left out first, for a table of one dimension can be
fine.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cloudplan.optimiser.compute.shapes import Shape, factor_of
from cloudplan.optimiser.solver import most_valuable
from cloudplan.rules.compute import capacity, dimensions
from cloudplan.workload.case import Case

LARGEST = 2**29
"""The scaled value of a full host: two of them do not overflow 32 bits."""

MIXES = np.linspace(0.0, 1.0, 17)
"""Shares of the first of two dimensions in the sums of both that bound the value of a host."""

SEARCHES = ((300, 80), (1200, 160), (1200, 1000), (3000, 1000), (20_000, 1000))
"""How contents are searched for, level by level: memory steps of a host, and the most promising shapes looked at.

The last level is for what the others find nothing for, but bounds do not prove either.
"""

BOUNDS, FINEST = (300, 1200, 5000), (20_000, 80_000)
"""Memory steps of a host in bounds, level by level, and in those that are tried where these do not suffice."""

CELLS = 1 << 22
"""Cells of a table of a bound at most: beyond that its steps are larger."""

LINE = 8
"""How many times finer memory is counted in a table of one dimension."""

LINE_LEVELS = 2
"""Levels of the search that leave a resource without a price out; it may turn out to matter all the same."""

CHARGED = (0.0, 0.9)
"""Shares of the prices of the sums that bounds charge."""

COARSE_STEPS = 512
"""Steps of a dimension whose units are whole: more than there are cores, but shares of standby VMs may be fine."""

FREE = 1 << 60
"""The step of a resource that is left out."""

TINY = 1e-12
"""What an item takes of a host at least, in those sums: nothing is quite free."""

FLOATING = 1e-9
"""What floating point may lose in those sums, relative to them."""

GIVEN = 40
"""Shapes, and pairs of shapes, for which the best contents that have them are looked for, besides the best of all."""

NEAREST = (1, 0, -1, -2, -3)
"""Steps of memory more or less than the host has, at which a content counted in nearest steps may just fit."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Flags = NDArray[np.bool_]

_Step = tuple[int, int, int, NDArray[np.uint8]]
"""A step of the table: shape, how many, how many cells they take, and where they make it better."""


@dataclass(frozen=True)
class _Sums:
    """What two dimensions, summed up in the mix that says most, tell of the value of a host."""

    bound: float
    margins: Floats
    """What an item of each shape is worth beside the price of its share of the host."""
    prices: Floats
    """The price of a unit in each dimension; 0 for all but the two."""
    free: Flags
    """The dimensions of the two that have no price."""
    other: Flags
    """The dimensions that are neither of the two nor counted one by one."""


@dataclass(frozen=True, eq=False)
class Knapsack:
    """Hosts of one type and the shapes they may hold: needs and offer are whole numbers in each dimension.

    What fits by `needs` fits; bounds are by what they are less `rounded`, 1 where a need had to be rounded up.
    `few` says of which dimensions a host offers few, `fine` which are counted in parts of what blades are described in
    (memory in MiB).
    """

    needs: Ints
    offer: tuple[int, ...]
    few: Flags
    fine: Flags
    rounded: Ints | int = 0

    @classmethod
    def of(cls, case: Case, blade: str, shapes: Sequence[Shape]) -> "Knapsack":
        """Return the knapsack of a host of a blade type for some shapes."""
        walked, most = dimensions(case), capacity(case, blade)
        factors = [factor_of((shape.needs[axis] for shape in shapes), [most[axis]]) for axis in range(len(walked))]
        exact = [[need * factor for need, factor in zip(shape.needs, factors, strict=True)] for shape in shapes]
        needs, least = (np.array([[*map(to, row)] for row in exact], dtype=np.int64) for to in (math.ceil, math.floor))
        rounded: Ints = needs - least
        offer = (math.floor(amount * factor) for amount, factor in zip(most, factors, strict=True))
        few, fine = [entry.few for entry in walked], [entry.whole > 1 for entry in walked]
        return cls(needs, tuple(offer), np.array(few), np.array(fine), rounded)

    def most(self, left: Ints) -> Ints:
        """Return how many items of each shape fit on an empty host, of those that are left."""
        needs = self._least
        fit = np.where(needs > 0, np.array(self.offer) // np.maximum(needs, 1), np.iinfo(np.int32).max)
        return np.asarray(np.minimum(fit.min(axis=1), left))

    def better(self, values: Floats, most: Ints, least: float, level: int) -> Ints:
        """Return contents (rows) worth more than `least`, if some are found; a higher level searches more closely."""
        sums = self._sums(values, most)
        core = self._core(values, most, sums, least)
        if not core.any():
            return np.zeros((0, len(values)), dtype=np.int64)
        steps, promising = SEARCHES[level]
        step = self._step(steps, sums, sums.free if level < LINE_LEVELS else None)
        units = (self.needs + step // 2) // step
        corrected = values - _paid(self.needs - units * step, sums.prices)
        some = np.argsort(np.where(core > 0, -sums.margins, np.inf), kind="stable")
        some = np.sort(some[: min(promising, np.count_nonzero(core))])
        spare = (step > 1) & (step < FREE)
        offer = np.array(self.offer) // step + spare
        table = _Table(units[some], offer, self.few, corrected[some], core[some], keep=True)
        found = _fitting(table, spare, least, self.needs[some], self.offer)
        contents = np.zeros((len(found), len(values)), dtype=np.int64)
        contents[:, some] = found
        return np.asarray(contents[(contents * values).sum(axis=1) > least])

    def exact(self, values: Floats, most: Ints, least: float) -> tuple[tuple[int, ...], float]:
        """Return a content and a bound of the value of any worth more than `least`, from an ILP of limited nodes."""
        core = self._core(values, most, self._sums(values, most), least)
        if not core.any():
            return (0,) * len(values), 0.0
        content, bound = most_valuable(values.tolist(), core.tolist(), self._least.tolist(), self.offer)
        if np.any(self.rounded) and (np.array(content) @ self.needs > np.array(self.offer)).any():
            content = (0,) * len(values)  # it may not quite fit
        return content, bound

    def bound(self, values: Floats, most: Ints, least: float, steps: int) -> float:
        """Return a bound of the value of any content, at least `least`, from tables of so many steps of memory."""
        sums = self._sums(values, most)
        core = self._core(values, most, sums, least)
        if not core.any():
            return least
        ways: list[tuple[float, Flags | None]] = [(share, None) for share in CHARGED]
        if sums.free.any():
            ways.append((0.0, sums.free))
        bounds = (
            self._charged(values, core, share * sums.prices, self._coarser(self._step(steps, sums, free)))
            for share, free in ways
        )
        return max(least, min(bounds))

    def _charged(self, values: Floats, core: Ints, prices: Floats, step: Ints) -> float:
        """Return the bound of a table of needs rounded down, with a price on all that is used."""
        dearer = values - _paid(self._least, prices)
        table = _Table(self._least // step, np.array(self.offer) // step, self.few, dearer, core, keep=False)
        return float(_paid(np.array([self.offer]), prices)[0]) + table.value

    def _step(self, most: int, sums: _Sums, free: Flags | None) -> Ints:
        """Return the steps of each dimension in a table: powers of two where it is fine (most sizes are whole GiB).

        A dimension that is left out has a step so large that nothing needs one: those that the sums leave out, and
        those that are free. What is left counts finer then.
        """
        fine, coarse = most, COARSE_STEPS
        if free is not None and free.any():
            fine, coarse = LINE * most, LINE * COARSE_STEPS
        offers = zip(self.offer, self.fine, strict=True)
        step = np.array(
            [1 << (units // fine).bit_length() if in_parts else -(-units // coarse) for units, in_parts in offers]
        )
        step = np.maximum(step, 1)
        step[self.few] = 1
        step[sums.other] = FREE
        if free is not None:
            step[free] = FREE
        return np.asarray(step)

    def _coarser(self, step: Ints) -> Ints:
        """Return steps of a table that has few enough cells: longer ones in what is fine, if need be."""
        step = step.copy()
        while math.prod((np.array(self.offer) // step + 1).tolist()) > CELLS and (step < self.offer)[self.fine].any():
            step[self.fine] = np.minimum(2 * step[self.fine], FREE)
        return step

    @cached_property
    def _least(self) -> Ints:
        """What items need at least."""
        return np.asarray(self.needs - self.rounded)

    @cached_property
    def _pairs(self) -> list[tuple[int, int]]:
        """The pairs of dimensions that are summed up together."""
        return list(itertools.combinations(np.flatnonzero(~self.few).tolist(), 2))

    @cached_property
    def _mixed(self) -> Floats:
        """What share of a host an item takes of a mix of two dimensions: a row for each pair and mix."""
        shares = self.needs / np.maximum(self.offer, 1)
        mixes = [np.outer(MIXES, shares[:, one]) + np.outer(1 - MIXES, shares[:, two]) for one, two in self._pairs]
        return np.concatenate(mixes)

    def _sums(self, values: Floats, most: Ints) -> _Sums:
        wanted = np.where(values > 0, most, 0)
        nothing = np.zeros(len(self.offer), dtype=np.bool_)
        if not wanted.any():
            return _Sums(0.0, np.full(len(values), -1.0), np.zeros(len(self.offer)), nothing, nothing)
        density = np.where(wanted > 0, values / np.maximum(self._mixed, TINY), 0.0)
        order = np.argsort(-density, axis=1, kind="stable")
        size = np.take_along_axis(np.maximum(self._mixed, TINY) * wanted, order, axis=1)
        filled = np.cumsum(size, axis=1)
        ranked = np.take_along_axis(density, order, axis=1)
        bounds = (np.minimum(size, np.maximum(0.0, 1 + TINY * wanted.sum() - (filled - size))) * ranked).sum(axis=1)
        best = int(np.argmin(bounds))
        pair, mix = list(self._pairs[best // len(MIXES)]), MIXES[best % len(MIXES)]
        price = float(ranked[best, min(int(np.searchsorted(filled[best], 1.0)), len(values) - 1)])
        prices, other = np.zeros(len(self.offer)), ~self.few
        prices[pair] = price * (np.array([mix, 1 - mix]) / np.maximum(np.array(self.offer)[pair], 1))
        other[pair] = False
        free = ~self.few & ~other & (prices == 0)
        margins = values - _paid(self.needs, prices)
        return _Sums(float(bounds[best]) * (1 + FLOATING), margins, prices, free, other)

    def _core(self, values: Floats, most: Ints, sums: _Sums, least: float) -> Ints:
        """Return how many items of each shape a content worth more than `least` may have."""
        spare = max(0.0, sums.bound - least)
        few = np.minimum(spare / np.maximum(-sums.margins, 1e-300), 1e9)
        allowed = np.where(sums.margins < 0, few, 1e9).astype(np.int64)
        return np.where((values > 0) & (spare > 0), np.minimum(most, allowed), 0)


def _paid(needs: Ints, prices: Floats) -> Floats:
    """Return what needs cost; a sum whose last digits do not depend on the number of threads."""
    return np.asarray((needs * prices).sum(axis=1))


class _Table:
    """The best value for every amount of each resource, and the steps that led there if they are to be kept."""

    def __init__(self, needs: Ints, offer: Ints, few: Flags, values: Floats, most: Ints, *, keep: bool):
        self.needs, self.offer, self.most, self._few = needs, offer.copy(), most, few
        shapes = np.flatnonzero((most > 0) & (values > 0) & (needs <= offer).all(axis=1))
        self.offer[few] *= needs[shapes][:, few].any(axis=0)
        self._scale = LARGEST / max(self._ceiling(needs, values, shapes, most), 1e-100)
        self._values = np.zeros(len(values), dtype=np.int64)
        self._values[shapes] = np.ceil(values[shapes] * self._scale)
        order = np.argsort(self.offer, kind="stable")  # the longest axis last: it is the one that is added up at once
        sizes = self.offer[order] + 1
        self._strides = np.empty(len(order), dtype=np.int64)
        self._strides[order] = np.cumprod([1, *sizes[:0:-1]])[::-1]
        table, better = np.zeros(sizes, dtype=np.int32), np.zeros(sizes, dtype=np.bool_)
        self._taken = list[_Step]()
        for shape in shapes.tolist():
            value = int(self._values[shape])
            for times, amounts in _by_twos(needs[shape], int(most[shape]), self.offer):
                there = tuple(slice(amount, None) for amount in amounts[order].tolist())
                back = tuple(slice(0, size - amount) for size, amount in zip(sizes, amounts[order], strict=True))
                into = table[there]
                grown = table[back] + value * times
                if keep:
                    better.fill(False)
                    np.greater(grown, into, out=better[there])
                    self._taken.append((shape, times, int(amounts @ self._strides), np.packbits(better)))
                np.maximum(into, grown, out=into)
        self._cells = table.ravel()

    def _ceiling(self, needs: Ints, values: Floats, shapes: Ints, most: Ints) -> float:
        """Return a bound of the value of all, for the scale: that of one resource alone, or of all items."""
        bounds = [float((values * most)[shapes].sum())]
        for axis in np.flatnonzero(~self._few):
            if len(shapes) and self.offer[axis] and needs[shapes, axis].all():
                bounds.append(float((values[shapes] / needs[shapes, axis]).max()) * self.offer[axis])
        return min(bounds)

    @property
    def value(self) -> float:
        """The value of the best content."""
        return float(self._cells[self._strides @ self.offer]) / self._scale

    def best_with(self, offer: Ints, given: Ints, least: float) -> Ints:
        """Return some items given, the most valuable first, with the best that an offer holds beside them.

        Leaves out what is worth no more than `least`.
        """
        corners = offer - given @ self.needs
        given, corners = given[(corners >= 0).all(axis=1)], corners[(corners >= 0).all(axis=1)]
        worth = (given @ self._values + self._cells[corners @ self._strides]) / self._scale
        order = np.argsort(-worth, kind="stable")
        return np.asarray(given[order[worth[order] > least]])

    def contents(self, corners: Ints) -> Ints:
        """Return the contents that are best for some amounts of each resource."""
        counts = np.zeros((len(corners), len(self.most)), dtype=np.int64)
        cells = corners @ self._strides
        byte, bit = cells >> 3, (128 >> (cells & 7)).astype(np.uint8)
        for shape, times, back, better in reversed(self._taken):
            took = (better[byte] & bit).nonzero()[0]
            if len(took):
                counts[took, shape] += times
                cells[took] -= back
                byte[took], bit[took] = cells[took] >> 3, 128 >> (cells[took] & 7)
        return counts


def _fitting(table: _Table, spare: Flags, least: float, needs: Ints, offer: tuple[int, ...]) -> Ints:
    """Return contents that fit exactly: the best of all, and others that are worth more than `least`.

    Each of these is the best with an item of one shape, or with items of two: the most valuable of either kind.
    """
    full = table.offer - spare
    ones = table.best_with(full, np.eye(len(needs), dtype=np.int64), least)[:GIVEN]
    first, second = np.triu_indices(len(ones))
    twos = table.best_with(full, ones[first] + ones[second], least)[:GIVEN]
    given = np.concatenate([np.zeros((1, len(needs)), dtype=np.int64), ones, twos])
    corners = full - given @ table.needs + np.array(NEAREST)[:, None, None] * spare
    contents = table.contents(np.clip(corners, 0, table.offer).reshape(-1, len(offer)))
    counts = given + contents.reshape(len(NEAREST), *given.shape)
    fits = (counts @ needs <= offer).all(axis=2) & (counts <= table.most).all(axis=2)
    some = np.flatnonzero(fits.any(axis=0))
    return np.asarray(counts[fits.argmax(axis=0)[some], some])


def _by_twos(need: Ints, most: int, offer: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield powers of two, and what so many items need, so that any count up to the most is a choice of them."""
    times = 1
    while most > 0:
        times = min(times, most)
        if (need * times <= offer).all():
            yield times, need * times
        most -= times
        times *= 2
