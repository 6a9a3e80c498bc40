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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cloudplan.optimiser.compute.host_table import Flags, Floats, HostTable, Ints, paid
from cloudplan.optimiser.compute.shapes import Shape, factor_of
from cloudplan.rules.compute import capacity, dimensions
from cloudplan.workload.case import Case

MIXES = np.linspace(0.0, 1.0, 17)
"""Shares of the first of two dimensions in the sums of both that bound the value of a host."""

SEARCHES = ((300, 80), (1200, 160), (1200, 1000))
"""How contents are searched for, level by level: memory steps of a host, and the most promising shapes looked at."""

FINE = 20_000
"""Memory steps of a host, with all shapes, where partial contents are too many to be searched."""

LINE_LEVELS = 2
"""Levels that leave a resource without a price out; it may turn out to matter all the same."""

STEPS = 300
"""Memory steps of a host in a bound."""

CELLS = 1 << 22
"""Cells of a table of a bound at most: beyond that its steps are larger."""

LINE = 8
"""How many times finer memory is counted in a table of one dimension."""

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


@dataclass(frozen=True)
class Sums:
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
        needs = self.least_needs
        fit = np.where(needs > 0, np.array(self.offer) // np.maximum(needs, 1), np.iinfo(np.int32).max)
        return np.asarray(np.minimum(fit.min(axis=1), left))

    def better(self, values: Floats, most: Ints, least: float, level: int) -> Ints:
        """Return contents (rows) worth more than `least`, if some are found; a higher level searches more closely.

        The level after those of `SEARCHES` is the finest.
        """
        sums = self.sums(values, most)
        core = self.core(values, most, sums, least)
        if not core.any():
            return np.zeros((0, len(values)), dtype=np.int64)
        steps, promising = (*SEARCHES, (FINE, len(values)))[level]
        step = self.step_of(steps, sums, sums.free if level < LINE_LEVELS else None)
        units = (self.needs + step // 2) // step
        corrected = values - paid(self.needs - units * step, sums.prices)
        some = np.argsort(np.where(core > 0, -sums.margins, np.inf), kind="stable")
        some = np.sort(some[: min(promising, np.count_nonzero(core))])
        spare = (step > 1) & (step < FREE)
        offer = np.array(self.offer) // step + spare
        table = HostTable(units[some], offer, self.few, corrected[some], core[some], keep=True)
        found = _fitting(table, spare, least, self.needs[some], self.offer)
        contents = np.zeros((len(found), len(values)), dtype=np.int64)
        contents[:, some] = found
        return np.asarray(contents[(contents * values).sum(axis=1) > least])

    def bound(self, values: Floats, most: Ints, least: float, steps: int = STEPS) -> float:
        """Return a bound of the value of any content, at least `least`, from tables of so many steps of memory."""
        sums = self.sums(values, most)
        core = self.core(values, most, sums, least)
        if not core.any():
            return least
        ways: list[tuple[float, Flags | None]] = [(share, None) for share in CHARGED]
        if sums.free.any():
            ways.append((0.0, sums.free))
        bounds = (
            self._charged(values, core, share * sums.prices, self.coarser(self.step_of(steps, sums, free)))
            for share, free in ways
        )
        return max(least, min(bounds))

    def _charged(self, values: Floats, core: Ints, prices: Floats, step: Ints) -> float:
        """Return the bound of a table of needs rounded down, with a price on all that is used."""
        dearer = values - paid(self.least_needs, prices)
        table = HostTable(self.least_needs // step, np.array(self.offer) // step, self.few, dearer, core, keep=False)
        return float(paid(np.array([self.offer]), prices)[0]) + table.value

    def step_of(self, most: int, sums: Sums, free: Flags | None) -> Ints:
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

    def coarser(self, step: Ints, cells: int = CELLS) -> Ints:
        """Return steps of a table that has at most so many cells: longer ones in what is fine, if need be."""
        step = step.copy()
        while math.prod((np.array(self.offer) // step + 1).tolist()) > cells and (step < self.offer)[self.fine].any():
            step[self.fine] = np.minimum(2 * step[self.fine], FREE)
        return step

    @cached_property
    def least_needs(self) -> Ints:
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

    def sums(self, values: Floats, most: Ints) -> Sums:
        """Return what two dimensions tell, summed up in the mix that says most."""
        wanted = np.where(values > 0, most, 0)
        nothing = np.zeros(len(self.offer), dtype=np.bool_)
        if not wanted.any():
            return Sums(0.0, np.full(len(values), -1.0), np.zeros(len(self.offer)), nothing, nothing)
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
        margins = values - paid(self.needs, prices)
        return Sums(float(bounds[best]) * (1 + FLOATING), margins, prices, free, other)

    def core(self, values: Floats, most: Ints, sums: Sums, least: float) -> Ints:
        """Return how many items of each shape a content worth more than `least` may have."""
        spare = max(0.0, sums.bound - least)
        few = np.minimum(spare / np.maximum(-sums.margins, 1e-300), 1e9)
        allowed = np.where(sums.margins < 0, few, 1e9).astype(np.int64)
        return np.where((values > 0) & (spare > 0), np.minimum(most, allowed), 0)


def _fitting(table: HostTable, spare: Flags, least: float, needs: Ints, offer: tuple[int, ...]) -> Ints:
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
