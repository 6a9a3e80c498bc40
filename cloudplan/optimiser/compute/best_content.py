"""The most valuable contents of one host, with a proof that none is better.

Shapes are decided one after the other, and every partial content is kept that can still become worth enough: a table
says what the shapes to come add at most (branch and bound within dynamic programming). A table counts memory in steps,
rounded down. So shapes whose needs are no whole steps are decided first; for those that are left it is exact.
"""

from dataclasses import dataclass

import numpy as np

from cloudplan.optimiser.compute.host_table import Flags, Floats, HostTable, Ints
from cloudplan.optimiser.compute.knapsack import FINE, FREE, SEARCHES, Knapsack, Sums

NEAR = 0.001, 0.004, 0.016, 0.064, 0.25, 1.0
"""How far below their bound contents are looked for, as a share of it, until some are found."""

DOMINATED = 1_500
"""Partial contents from which on those are dropped that another is at least as good as."""

GIVEN = 200
"""Contents that are completed and returned at most."""


@dataclass(frozen=True)
class Effort:
    """How closely to search, each at most: memory steps of a host, cells of all tables together, partial contents."""

    steps: int
    cells: int
    partial: int
    fine: bool = False
    """Whether one fine table is made where partial contents had to be dropped."""


QUICK, USUAL = Effort(1_200, 1 << 23, 1_000), Effort(2_400, 1 << 25, 20_000)
CLOSE = Effort(4_800, 5 << 24, 20_000, fine=True)

LOOSE = 1e-6
"""What a bound may be more than the best content, relative to it, to be as sharp as can be."""


def best_contents(
    knapsack: Knapsack, values: Floats, most: Ints, least: float, effort: Effort = USUAL
) -> tuple[Ints, float]:
    """Return contents (rows) worth more than `least`, the most valuable first, and what none is worth more than.

    The latter is no less than `least`. Where it is more than the first is worth, too much had to be left out.
    """
    sums = knapsack.sums(values, most)
    core = knapsack.core(values, most, sums, least)
    if not core.any():
        return np.zeros((0, len(values)), dtype=np.int64), least
    search = _Search(knapsack, values, core, sums, effort)
    for share in NEAR:
        enough = max(least, (1 - share) * search.bound)
        contents, bound = search.worth_more(enough)
        worth = (contents * values).sum(axis=1)
        if enough == least or bound > enough:
            break
    if effort.fine and bound > max(least, worth.max(initial=least)) * (1 + LOOSE):
        contents = np.concatenate([contents, knapsack.better(values, most, least, len(SEARCHES))])
        worth = (contents * values).sum(axis=1)
        bound = min(bound, knapsack.bound(values, most, least, FINE))
    fits = (contents @ knapsack.needs <= np.array(knapsack.offer)).all(axis=1)
    order = np.argsort(-worth, kind="stable")
    return contents[order[(fits & (worth > least))[order]]], max(bound, least)


@dataclass(frozen=True)
class _Partial:
    """Partial contents: what they leave free, what they are worth, and what they can become worth at most.

    Each is one of those before, its parent, with some items of the next shape.
    """

    free: Ints
    worth: Floats
    bound: Floats
    parent: Ints
    count: Ints

    def __len__(self) -> int:
        return len(self.worth)

    def those(self, kept: Ints) -> "_Partial":
        """Return some of them."""
        return _Partial(self.free[kept], self.worth[kept], self.bound[kept], self.parent[kept], self.count[kept])


class _Search:
    """The shapes that matter in the order in which they are decided, and the table of those to come."""

    def __init__(self, knapsack: Knapsack, values: Floats, core: Ints, sums: Sums, effort: Effort):
        self._most, self._shapes, needs = effort.partial, np.flatnonzero(core), knapsack.least_needs
        cells = effort.cells // len(self._shapes)
        step = self._step = knapsack.coarser(knapsack.step_of(effort.steps, sums, None), cells)
        rest = ((needs % step) / step)[self._shapes].max(axis=1)
        sizes = (needs[self._shapes] / np.maximum(np.array(knapsack.offer), 1)).max(axis=1)
        order = np.lexsort((-sizes, -rest))
        self._shapes, self._rounded = self._shapes[order], np.count_nonzero(rest)
        self._needs, self._values, self._core = needs[self._shapes], values[self._shapes], core[self._shapes]
        self._offer, self._count = np.array(knapsack.offer), len(values)
        backwards = self._shapes[::-1]
        self._table = HostTable(
            needs[backwards] // step,
            self._offer // step,
            knapsack.few,
            values[backwards],
            core[backwards],
            keep=False,
            stages=True,
        )
        self.bound = min(self._table.value, sums.bound)
        """What no content is worth more than."""

    def worth_more(self, enough: float) -> tuple[Ints, float]:
        """Return contents, among them the best of those that are worth more, and what none is worth more than.

        That is `enough` where no content is.
        """
        nothing = np.zeros(1)
        root = np.array([self.bound])
        partial = _Partial(self._offer[None, :], nothing, root, nothing.astype(np.int64), nothing.astype(np.int64))
        taken, bound = list[_Partial](), enough
        for number in range(self._rounded):
            partial = self._extended(partial, number)
            partial = partial.those(np.flatnonzero(partial.bound > enough))
            if len(partial) > DOMINATED:
                partial = partial.those(np.flatnonzero(~self._dominated(partial)))
            partial, dropped = _most_promising(partial, self._most)
            bound = max(bound, dropped)
            taken.append(partial)
        bound = max(bound, float(partial.bound.max(initial=bound)))
        if taken:
            taken[-1], _ = _most_promising(partial, GIVEN)
            partial = taken[-1]
        for number in range(self._rounded, len(self._shapes)):
            partial = _best_of_each(self._extended(partial, number))
            taken.append(partial)
        return self._contents(taken), bound

    def _extended(self, partial: _Partial, number: int) -> _Partial:
        """Return partial contents with every possible number of items of the next shape."""
        need = self._needs[number]
        using = np.flatnonzero(need)
        most = np.minimum((partial.free[:, using] // need[using]).min(axis=1), self._core[number])
        parent = np.repeat(np.arange(len(partial)), most + 1)
        count = np.arange(len(parent)) - (np.cumsum(most + 1) - (most + 1))[parent]
        free = partial.free[parent] - count[:, None] * need
        worth = partial.worth[parent] + count * self._values[number]
        further = self._table.beside(len(self._shapes) - 1 - number, free // self._step)
        return _Partial(free, worth, worth + further, parent, count)

    def _dominated(self, partial: _Partial) -> Flags:
        """Return which partial contents another is at least as good as: worth as much, and more free.

        What is free is compared in steps: there must be one more where a step is more than a unit, and in one dimension
        in any case, so that no two drop each other.
        """
        if (self._step >= FREE).any():
            return np.zeros(len(partial), dtype=np.bool_)
        offer = self._table.offer
        cells = np.minimum(partial.free // self._step, offer)
        more = (self._step > 1).astype(np.int64)
        more[np.argmax(offer)] = 1
        best = np.full(tuple(offer + 1 + more), -np.inf)
        np.maximum.at(best, tuple(cells.T), partial.worth)
        for axis in range(best.ndim):
            best = np.flip(np.maximum.accumulate(np.flip(best, axis), axis), axis)
        return np.asarray(best[tuple((cells + more).T)] >= partial.worth)

    def _contents(self, taken: list[_Partial]) -> Ints:
        """Return what was decided on the way to the last partial contents."""
        at = np.arange(len(taken[-1]))
        contents = np.zeros((len(at), self._count), dtype=np.int64)
        for shape, partial in zip(self._shapes[::-1], reversed(taken), strict=True):
            contents[:, shape], at = partial.count[at], partial.parent[at]
        return contents


def _best_of_each(partial: _Partial) -> _Partial:
    """Return of each parent the partial content that can become worth most."""
    order = np.lexsort((partial.count, -partial.bound, partial.parent))
    first = np.diff(partial.parent[order], prepend=-1) > 0
    return partial.those(order[first])


def _most_promising(partial: _Partial, most: int) -> tuple[_Partial, float]:
    """Return so many partial contents at most, and what the others can become worth at most (0 if there are none)."""
    if len(partial) <= most:
        return partial, 0.0
    order = np.argsort(-partial.bound, kind="stable")
    return partial.those(np.sort(order[:most])), float(partial.bound[order[most]])
