"""The most valuable content of one host: dynamic programming over its cores, memory and GPUs, in whole numbers.

Memory is counted in steps. Rounded to the nearest step, it finds contents that are then checked to the MiB; rounded
down, the value found is a bound of anything that fits. Either way the memory that rounding hides is paid for at the
price that it has where cores and memory are only summed up (a Lagrangian relaxation): rounding then hardly matters.
Those sums also show which shapes cannot be part of anything better than what is known, and which resource has no price:
it is left out first, for a table of one dimension can be fine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cloudplan.solver import most_valuable

LARGEST = 2**29
"""The scaled value of a full host: two of them do not overflow 32 bits."""

MIXES = np.linspace(0.0, 1.0, 17)
"""Shares of cores in the sums of cores and memory that bound the value of a host."""

STEPS = (300, 1200, 5000)
"""Memory steps of a host: the coarse table first, the fine ones when it finds nothing."""

LINE_STEPS = 20_000
"""Memory steps of a host in a table without cores."""

MEMORY_PRICES = (0.0, 0.9)
"""Shares of the price of memory, of the sums, that bounds charge."""

FLOATING = 1e-9
"""What floating point may lose in those sums, relative to them."""

PARTS = ((1.0, 1.0), (1.0, 0.93), (0.93, 1.0), (1.0, 0.8), (0.8, 1.0))
"""The whole host, and the parts of its cores and memory whose best contents are worth a look too."""

NEAREST = (1, 0, -1, -2, -3)
"""Steps of memory more or less than the host has, at which a content counted in nearest steps may just fit."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_Step = tuple[int, int, tuple[int, ...], tuple[int, ...], NDArray[np.uint8]]
"""A step of the table: shape, how many, what they need, the form of the part that may hold them, where it is better."""


@dataclass(frozen=True)
class _Sums:
    """What cores and memory, summed up in the mix that says most, tell of the value of a host."""

    bound: float
    margins: Floats
    """What an item of each shape is worth beside the price of its share of the host."""
    cores: float
    """The share of cores in the mix."""
    memory: float
    """The price of a MiB."""


@dataclass(frozen=True, eq=False)
class Knapsack:
    """Hosts of one type and the shapes they may hold: needs and offer are (cores, memory in MiB, GPUs), all whole."""

    needs: Ints
    offer: tuple[int, int, int]

    def most(self, left: Ints) -> Ints:
        """Return how many items of each shape fit on an empty host, of those that are left."""
        fit = np.where(self.needs > 0, np.array(self.offer) // np.maximum(self.needs, 1), np.iinfo(np.int32).max)
        return np.asarray(np.minimum(fit.min(axis=1), left))

    def better(self, values: Floats, most: Ints, least: float, level: int) -> list[tuple[int, ...]]:
        """Return contents worth more than `least`, if some are found; a higher level searches more closely."""
        sums = self._sums(values, most)
        core = self._core(values, most, sums, least)
        if not core.any():
            return []
        line = level == 0 and sums.cores in (0, 1)
        step = self._step(LINE_STEPS if line else STEPS[level])
        units = (self.needs[:, 1] + step // 2) // step
        corrected = values - sums.memory * (self.needs[:, 1] - units * step)
        needs, offer = self._sized(units, self.offer[1] // step + 1)
        if line:
            _leave_out(needs, offer, 1 if sums.cores else 0)
        table = _Table(needs, offer, corrected, np.where(corrected > 0, core, 0), keep=True)
        found = dict.fromkeys(self._fitting(table))
        return [counts for counts in found if float(values @ np.array(counts)) > least]

    def exact(self, values: Floats, most: Ints, least: float) -> tuple[tuple[int, ...], float]:
        """Return a content and a bound of the value of any, both from an ILP that stops after some nodes."""
        core = self._core(values, most, self._sums(values, most), least)
        return most_valuable(values.tolist(), core.tolist(), self.needs.tolist(), self.offer)

    def bound(self, values: Floats, most: Ints, least: float, level: int) -> float:
        """Return a bound of the value of any content, at least `least`; a higher level (0 to 2) is sharper."""
        sums = self._sums(values, most)
        core = self._core(values, most, sums, least)
        if not core.any():
            return least
        bounds = [self._charged(values, core, STEPS[level], share * sums.memory) for share in MEMORY_PRICES]
        if sums.cores in (0, 1):
            line = LINE_STEPS * 4**level
            bounds.append(self._charged(values, core, line, 0.0, without=1 if sums.cores else 0))
        return max(least, min(bounds))

    def _charged(self, values: Floats, core: Ints, steps: int, price: float, without: int | None = None) -> float:
        """Return the bound of a table of memory rounded down, with a price on all memory."""
        step = self._step(steps)
        dearer = values - price * self.needs[:, 1]
        needs, offer = self._sized(self.needs[:, 1] // step, self.offer[1] // step)
        if without is not None:
            _leave_out(needs, offer, without)
        return price * self.offer[1] + _Table(needs, offer, dearer, np.where(dearer > 0, core, 0), keep=False).value

    def _sized(self, units: Ints, most: int) -> tuple[Ints, list[int]]:
        """Return needs and offer with memory in steps."""
        return np.column_stack([self.needs[:, 0], units, self.needs[:, 2]]), [self.offer[0], most, self.offer[2]]

    def _step(self, most: int) -> int:
        """Return the MiB of a step, a power of two (most sizes are whole GiB), so that a host has at most so many."""
        return 1 << (self.offer[1] // most).bit_length()

    @cached_property
    def _mixed(self) -> Floats:
        """What share of a host's cores and memory an item takes: a row for each mix of the two."""
        shares = self.needs[:, :2] / np.maximum(self.offer[:2], 1)
        return np.asarray(np.outer(MIXES, shares[:, 0]) + np.outer(1 - MIXES, shares[:, 1]))

    def _sums(self, values: Floats, most: Ints) -> _Sums:
        wanted = np.where(values > 0, most, 0)
        if not wanted.any():
            return _Sums(0.0, np.full(len(values), -1.0), 0.0, 0.0)
        density = np.where(wanted > 0, values / np.maximum(self._mixed, 1e-12), 0.0)
        order = np.argsort(-density, axis=1, kind="stable")
        size = np.take_along_axis(self._mixed * wanted, order, axis=1)
        filled = np.cumsum(size, axis=1)
        ranked = np.take_along_axis(density, order, axis=1)
        bounds = (np.minimum(size, np.maximum(0.0, 1 - (filled - size))) * ranked).sum(axis=1)
        mix = int(np.argmin(bounds))
        price = float(ranked[mix, min(int(np.searchsorted(filled[mix], 1.0)), len(values) - 1)])
        memory = price * float(1 - MIXES[mix]) / self.offer[1]
        return _Sums(float(bounds[mix]) * (1 + FLOATING), values - price * self._mixed[mix], float(MIXES[mix]), memory)

    def _core(self, values: Floats, most: Ints, sums: _Sums, least: float) -> Ints:
        """Return how many items of each shape a content worth more than `least` may have."""
        spare = max(0.0, sums.bound - least)
        few = np.minimum(spare / np.maximum(-sums.margins, 1e-300), 1e9)
        allowed = np.where(sums.margins < 0, few, 1e9).astype(np.int64)
        return np.where((values > 0) & (spare > 0), np.minimum(most, allowed), 0)

    def _fitting(self, table: "_Table") -> Iterator[tuple[int, ...]]:
        """Yield the best contents of the host and of parts of it, as far as they fit to the MiB."""
        cores, memory, gpus = table.offer
        for share in PARTS:
            for more in NEAREST:
                least = max(0, min(memory, int((memory - 1) * share[1]) + more))
                counts = table.content((int(cores * share[0]), least, gpus))
                if (np.array(counts) @ self.needs <= self.offer).all():
                    yield counts
                    break


def _leave_out(needs: Ints, offer: list[int], axis: int) -> None:
    needs[:, axis] = 0
    offer[axis] = 0


class _Table:
    """The best value for every amount of each resource, and the steps that led there if they are to be kept."""

    def __init__(self, needs: Ints, offer: list[int], values: Floats, most: Ints, *, keep: bool):
        shapes = np.flatnonzero(most)
        gpus = offer[2] if needs[shapes, 2].any() else 0
        self.offer = (offer[0], offer[1], gpus)
        self._shapes = len(most)
        scale = LARGEST / max(self._ceiling(needs, values, shapes, most), 1e-300)
        table = np.zeros((gpus + 1, offer[0] + 1, offer[1] + 1), dtype=np.int32)
        buffer, better = np.empty(table.size, dtype=np.int32), np.empty(table.size, dtype=np.bool_)
        self._taken: list[_Step] = []
        for shape, times in _by_twos(shapes, most):
            need = tuple(int(number) * times for number in needs[shape])
            if any(number > limit for number, limit in zip(need, self.offer, strict=True)):
                continue
            into = table[need[2] :, need[0] :, need[1] :]
            before = table[: into.shape[0], : into.shape[1], : into.shape[2]]
            grown = buffer[: into.size].reshape(into.shape)
            np.add(before, np.int32(int(np.ceil(values[shape] * scale)) * times), out=grown)
            if keep:
                more = np.greater(grown, into, out=better[: into.size].reshape(into.shape))
                self._taken.append((shape, times, need, into.shape, np.packbits(more)))
            np.maximum(into, grown, out=into)
        self.value = float(table[-1, -1, -1]) / scale

    def _ceiling(self, needs: Ints, values: Floats, shapes: Ints, most: Ints) -> float:
        """Return a bound of the value of all, for the scale: that of one resource alone, or of all items."""
        bounds = [float((values * most)[shapes].sum())]
        for axis in (0, 1):
            if len(shapes) and self.offer[axis] and needs[shapes, axis].all():
                bounds.append(float((values[shapes] / needs[shapes, axis]).max()) * self.offer[axis])
        return min(bounds)

    def content(self, corner: tuple[int, int, int]) -> tuple[int, ...]:
        """Return the content that is best for some amount of cores, memory and GPUs."""
        counts = [0] * self._shapes
        cores, memory, gpus = corner
        for shape, times, (core, units, gpu), form, bits in reversed(self._taken):
            if gpus < gpu or cores < core or memory < units:
                continue
            flat = ((gpus - gpu) * form[1] + cores - core) * form[2] + memory - units
            if bits[flat >> 3] >> (7 - (flat & 7)) & 1:
                counts[shape] += times
                cores, memory, gpus = cores - core, memory - units, gpus - gpu
        return tuple(counts)


def _by_twos(shapes: Ints, most: Ints) -> Iterator[tuple[int, int]]:
    """Yield shapes by powers of two, so that any count up to the most is a choice of them."""
    for shape in shapes:
        left, times = int(most[shape]), 1
        while left > 0:
            times = min(times, left)
            yield int(shape), times
            left -= times
            times *= 2
