"""What one LUN may hold, by column generation: a bound of any layout, and of any other content.

A pattern is the content of one LUN. The LP over patterns gives each load a price (its dual); the pricing asks which LUN
is worth most beside those prices, and its proven bound makes a cut that holds for every content of the bucket.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cloudplan.optimiser.solver import Budget, Cover, WholeModel
from cloudplan.optimiser.storage.measure import Counts, Measure, Numbers, largest_of

ROUNDS = 60
"""Times that the LP of a content is solved at most."""

PRICINGS = 6
"""Pricing ILPs of one content at most."""

PRICING_NODES, PRICING_GAP = 60, 4e-6
"""Nodes of a pricing ILP, and the gap at which it stops, relative to the largest LUN."""

MIXES = 13
"""Weights of one dimension beside another with which patterns are filled greedily."""

ADJUSTMENTS = 20
"""Items added to, dropped from or swapped in a greedy pattern at most."""

TRACE = 0.02
"""Items that a lifted cut sees of each load that the content lacks."""

WORTH_ITS_ROOM = 0.98
"""Worth of a load per GiB at a mix of the dimensions from which on it is filled in."""

FLOATING = 1e-7
"""Share of the largest LUN taken off a pricing bound for the tolerance of the solver's rows."""


@dataclass(frozen=True)
class DualCut:
    """GiB of a bucket >= sum of `gib` x items + `per_lun` x LUNs, for every content and every number of LUNs."""

    gib: tuple[float, ...]
    per_lun: float

    def at(self, counts: Sequence[int], luns: float) -> float:
        """Return what it demands of a content on so many LUNs."""
        return float(np.dot(self.gib, counts)) + self.per_lun * luns


class LunPatterns:
    """The patterns of a bucket, which grow from content to content."""

    def __init__(self, measure: Measure):
        self.measure = measure
        self.patterns: dict[Counts, None] = {}

    def add(self, patterns: Iterable[Counts]) -> None:
        """Add the LUNs of a layout."""
        self.patterns |= dict.fromkeys(patterns)

    def cut(
        self, counts: Counts, luns: float, floor: float, aim: float, budget: Budget, *, lifted: bool = False
    ) -> DualCut | None:
        """Return the cut that demands most of a content on so many LUNs; None when none demands more than `floor`.

        It stops when the demand reaches `aim`, the size of a layout. A lifted cut demands a little less of this content
        and more of others: also loads that the content lacks have a price, as if there were a trace of them.
        """
        kinds = np.arange(len(counts)) if lifted else np.flatnonzero(counts)
        lp = _PatternLp(self.measure, kinds, counts, luns, aim)
        lp.add(self.patterns)
        best: DualCut | None = None
        demand, pricings = floor, 0
        for _ in range(ROUNDS):
            prices, per_lun = lp.solve()
            if prices @ counts + per_lun * luns <= floor + 1e-6 * max(1.0, floor) or budget.spent:
                break
            good = per_lun - 1e-6 * self.measure.largest
            new = [pattern for pattern in greedy(self.measure, prices) if lp.reduced(pattern, prices) < good]
            if not lp.add(new):
                found, least = priced(self.measure, prices, budget)
                pricings += 1
                cut = DualCut(tuple(prices), least)
                if cut.at(counts, luns) > demand:
                    best, demand = cut, cut.at(counts, luns)
                stuck = found is None or lp.reduced(found, prices) >= good
                if stuck or demand >= aim - 1e-6 * aim or pricings == PRICINGS or not lp.add([found] if found else []):
                    break
        self.add(lp.used())
        return best


class _PatternLp:
    """min sum of sizes of the patterns taken, so that they hold the content and are so many."""

    def __init__(self, measure: Measure, kinds: Numbers, counts: Counts, luns: float, aim: float):
        self.measure, self.kinds, self.total = measure, kinds, len(counts)
        self.cover = Cover([(max(float(counts[kind]), TRACE), np.inf) for kind in kinds] + [(float(luns), float(luns))])
        self.rows: list[Counts] = []
        self.known: set[Counts] = set()
        self.last: list[float] = []
        everything = [(row, max(float(counts[kind]), 1.0)) for row, kind in enumerate(kinds)]
        self.cover.column(10 * max(aim, 1.0), everything)  # so that there is a solution; dearer than any layout
        self.cover.column(10 * max(aim, 1.0), [(len(kinds), float(luns))])
        self.add([(0,) * self.total])

    def add(self, patterns: Iterable[Counts]) -> bool:
        """Add patterns, less what is not in the content; return whether one was new."""
        grown = False
        for pattern in patterns:
            mine = np.zeros(self.total, dtype=int)
            mine[self.kinds] = np.asarray(pattern)[self.kinds]
            key = tuple(mine.tolist())
            if key in self.known:
                continue
            self.known.add(key)
            self.rows.append(key)
            size = float(self.measure.sizes(mine @ self.measure.gib))
            entries = [(row, float(mine[kind])) for row, kind in enumerate(self.kinds) if mine[kind]]
            self.cover.column(size, [*entries, (len(self.kinds), 1.0)])
            grown = True
        return grown

    def solve(self) -> tuple[Numbers, float]:
        """Return the price of each load in GiB, and that of a LUN."""
        _, self.last, duals = self.cover.solve()
        prices = np.zeros(self.total)
        prices[self.kinds] = np.maximum(duals[:-1], 0.0)
        return prices, duals[-1]

    def reduced(self, pattern: Counts, prices: Numbers) -> float:
        """Return the size of a pattern less what its items are worth."""
        row = np.asarray(pattern)
        return float(self.measure.sizes(row @ self.measure.gib) - row @ prices)

    def used(self) -> Iterator[Counts]:
        """Yield the patterns of the last solution."""
        for row, taken in zip(self.rows, self.last[2:], strict=False):
            if taken > 1e-9:
                yield row


def priced(measure: Measure, prices: Numbers, budget: Budget) -> tuple[Counts | None, float]:
    """Return the LUN whose size less the worth of its items is least, as found, and a proven bound over every LUN."""
    kinds = np.flatnonzero(prices > 0)
    width, unit = len(kinds), measure.unit
    most = np.array([_most_alone(measure, int(kind)) for kind in kinds])
    model = WholeModel(
        [*(-prices[kinds]), unit], [0.0] * width + [measure.minimum / unit], [*most, measure.largest // unit]
    )
    columns = np.arange(width + 1)
    for axis in range(measure.gib.shape[1]):
        model.row(-np.inf, 0.0, columns, np.append(measure.gib[kinds, axis], -unit))
    for axis in range(measure.share.shape[1]):
        model.row(-np.inf, 1.0, columns[:-1], measure.share[kinds, axis])
    search = replace(budget, gap=0.0, nodes=PRICING_NODES)
    answer = model.least(search, absolute=PRICING_GAP * measure.largest)
    bound = answer.bound - FLOATING * measure.largest
    if not np.isfinite(bound):
        bound = -float(prices[kinds] @ most)
    if answer.values is None:
        return None, bound
    row = np.zeros(len(prices), dtype=int)
    row[kinds] = answer.values[:-1]
    return tuple(row.tolist()), bound


def _most_alone(measure: Measure, kind: int) -> int:
    """Return how many of one load a LUN can hold, of those that the bucket may ever hold."""
    part = float(measure.parts_of_lun[kind].max())
    return measure.most[kind] if part <= 0 else min(measure.most[kind], int(1 / part + 1e-6))


def greedy(measure: Measure, prices: Numbers) -> Iterator[Counts]:
    """Yield patterns filled by worth, for several weights of the dimensions, and adjusted item by item."""
    kinds = np.flatnonzero(prices > 0)
    if not len(kinds):
        return
    most = np.array([_most_alone(measure, int(kind)) for kind in kinds])
    gib, share, worth = measure.gib[kinds], measure.share[kinds], prices[kinds]
    seen: set[bytes] = set()
    for weights in _mixes(gib.shape[1]):
        ratio = worth / np.maximum(gib @ weights, 1e-9)
        items = _filled(measure, gib, share, ratio, most)
        items = _adjusted(measure, gib, share, worth, most, items)
        if items.tobytes() not in seen:
            seen.add(items.tobytes())
            row = np.zeros(len(prices), dtype=int)
            row[kinds] = items
            yield tuple(row.tolist())


def _filled(measure: Measure, gib: Numbers, share: Numbers, ratio: Numbers, most: Numbers) -> Numbers:
    """Return a pattern filled with what is worth most, as long as it is worth its room."""
    order = np.argsort(-ratio, kind="stable")
    order = order[ratio[order] >= WORTH_ITS_ROOM]
    needs = np.hstack([gib / measure.largest, share])[order]
    full = largest_of(np.cumsum(needs * most[order, None], axis=0)) <= 1 + 1e-9
    whole = int(full.sum())  # so many loads fit with all their items
    items = np.zeros(len(ratio), dtype=int)
    items[order[:whole]] = most[order[:whole]]
    room = 1 + 1e-9 - (needs[:whole] * most[order[:whole], None]).sum(axis=0)
    least = needs.min(axis=0, initial=np.inf)
    for place in range(whole, len(order)):
        if (room < least).any():
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            fits = int(min(most[order[place]], np.nanmin(room / needs[place], initial=most[order[place]])))
        if fits > 0:
            items[order[place]] = fits
            room = room - fits * needs[place]
    return items


def _mixes(dimensions: int) -> Iterator[Numbers]:
    """Yield weights of the dimensions: each alone, and mixes of any two."""
    if dimensions == 1:
        yield np.ones(1)
    for one in range(dimensions):
        for other in range(one + 1, dimensions):
            for step in range(MIXES):
                weights = np.zeros(dimensions)
                weights[one], weights[other] = step / (MIXES - 1), 1 - step / (MIXES - 1)
                yield weights


def _adjusted(measure: Measure, gib: Numbers, share: Numbers, worth: Numbers, most: Numbers, items: Numbers) -> Numbers:
    """Return a pattern after the single additions, drops and swaps that make it worth more beside its size."""
    zero = np.zeros((1, gib.shape[1])), np.zeros((1, share.shape[1])), np.zeros(1)
    for _ in range(ADJUSTMENTS):
        held, free = np.flatnonzero(items), np.flatnonzero(items < most)
        if len(held) * len(free) > 40_000:
            free = free[np.argsort(-worth[free] / np.maximum(gib[free].max(axis=1), 1e-9), kind="stable")[:300]]
        out = [np.concatenate([nothing, -some[held]]) for nothing, some in zip(zero, (gib, share, worth), strict=True)]
        more = [np.concatenate([nothing, some[free]]) for nothing, some in zip(zero, (gib, share, worth), strict=True)]
        total = items @ gib + out[0][:, None, :] + more[0][None, :, :]
        shares = items @ share + out[1][:, None, :] + more[1][None, :, :]
        value = measure.sizes(total) - (out[2][:, None] + more[2][None, :])
        value = np.where(measure.fits(total, shares), value, np.inf)
        dropped, added = divmod(int(np.argmin(value)), value.shape[1])
        if value[dropped, added] >= value[0, 0] - 1e-7 * measure.largest:
            break
        if dropped:
            items[held[dropped - 1]] -= 1
        if added:
            items[free[added - 1]] += 1
    return items
