"""What a host is worth at most for every amount of each resource: dynamic programming in whole numbers."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

LARGEST = 2**29
"""The scaled value of a full host: two of them do not overflow 32 bits."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_Step = tuple[int, int, int, NDArray[np.uint8]]
"""A step of the table: shape, how many, how many cells they take, and where they make it better."""


class HostTable:
    """The best value for every amount of each resource; if they are to be kept, the steps that led there.

    `stages` keeps the table of the first shapes too, for each number of them.
    """

    def __init__(
        self, needs: Ints, offer: Ints, few: Flags, values: Floats, most: Ints, *, keep: bool, stages: bool = False
    ):
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
        self._taken, self._stages = list[_Step](), [table.ravel()]
        for shape in shapes.tolist():
            if stages:
                self._stages += [self._stages[-1]] * (shape + 1 - len(self._stages))
                table = table.copy()
            value = int(self._values[shape])
            for times, amounts in by_twos(needs[shape], int(most[shape]), self.offer):
                there = tuple(slice(amount, None) for amount in amounts[order].tolist())
                back = tuple(slice(0, size - amount) for size, amount in zip(sizes, amounts[order], strict=True))
                into = table[there]
                grown = table[back] + value * times
                if keep:
                    better.fill(False)
                    np.greater(grown, into, out=better[there])
                    self._taken.append((shape, times, int(amounts @ self._strides), np.packbits(better)))
                np.maximum(into, grown, out=into)
            self._stages.append(table.ravel())
        self._cells = self._stages[-1]
        self._stages += [self._cells] * (len(values) + 1 - len(self._stages))

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

    def beside(self, shapes: int, amounts: Ints) -> Floats:
        """Return what the first shapes are worth at most within amounts of each resource (rows); needs its stages."""
        cells = np.minimum(amounts, self.offer) @ self._strides
        return np.asarray(self._stages[shapes][cells] / self._scale)

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


def by_twos(need: Ints, most: int, offer: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield powers of two, and what so many items need, so that any count up to the most is a choice of them."""
    times = 1
    while most > 0:
        times = min(times, most)
        if (need * times <= offer).all():
            yield times, need * times
        most -= times
        times *= 2


def paid(needs: Ints, prices: Floats) -> Floats:
    """Return what needs cost; a sum whose last digits do not depend on the number of threads."""
    return np.asarray((needs * prices).sum(axis=1))
