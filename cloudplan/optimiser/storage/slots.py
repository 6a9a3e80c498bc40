"""LUNs by an ILP with a slot for each: exactly so many LUNs, every one with whole items.

Slots are alike, so that the ILP is only for few of them; it proves how small so many LUNs can be, or makes a layout
better, whole or two to three LUNs at a time.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from cloudplan.optimiser.solver import Budget, WholeModel
from cloudplan.optimiser.storage.layout import Layout, exact_layout
from cloudplan.optimiser.storage.measure import Counts, Measure

PLACEMENTS = 160
"""Loads x slots up to which a content gets an ILP with a slot for each LUN."""

NODES, NODES_OF_REPACK = 150, 60
"""Nodes of such an ILP, and of one for two or three LUNs of a layout."""

REPACKS = 8
"""How often two or three LUNs of a layout are laid out again."""


def slotted(
    measure: Measure, counts: Counts, number: int, budget: Budget, start: Layout | None = None
) -> tuple[Layout | None, float]:
    """Return the best layout found on exactly so many LUNs (empty ones count), and a proven bound of its GiB."""
    kinds = [kind for kind, count in enumerate(counts) if count]
    width = len(kinds) + 1
    units = measure.unit
    costs = ([0.0] * len(kinds) + [units]) * number
    upper = [float(counts[kind]) for kind in kinds] + [measure.largest // units]
    lower = [0.0] * len(kinds) + [measure.minimum / units]
    model = WholeModel(costs, lower * number, upper * number)
    for slot in range(number):
        columns = np.arange(slot * width, (slot + 1) * width)
        for axis in range(measure.gib.shape[1]):
            model.row(-np.inf, 0.0, columns, np.append(measure.gib[kinds, axis], -units))
        for axis in range(measure.share.shape[1]):
            model.row(-np.inf, 1.0, columns[:-1], measure.share[kinds, axis])
        if slot:
            sizes = np.array([slot * width - 1, (slot + 1) * width - 1])
            model.row(0.0, np.inf, sizes, np.array([1.0, -1.0]))
    for place, kind in enumerate(kinds):
        columns = np.arange(number) * width + place
        model.row(float(counts[kind]), float(counts[kind]), columns, np.ones(number))
    sums = max(measure.sums_gib(counts), number * measure.minimum)
    model.row(sums / units, np.inf, np.arange(number) * width + width - 1, np.ones(number))
    answer = model.least(budget, _as_start(measure, kinds, number, start))
    bound = max(answer.bound, sums)
    if answer.values is None:
        return None, bound
    items = np.zeros((number, len(counts)), dtype=int)
    items[:, kinds] = np.array(answer.values).reshape(number, width)[:, :-1]
    return exact_layout(measure, items[items.any(axis=1)]), bound


def _as_start(measure: Measure, kinds: Sequence[int], number: int, start: Layout | None) -> list[float] | None:
    """Return a layout as values of the ILP's unknowns, its sizes descending; None when it has more LUNs."""
    if start is None or len(start.luns) > number:
        return None
    rows = [[*(float(lun[kind]) for kind in kinds)] for lun in start.luns]
    rows += [[0.0] * len(kinds)] * (number - len(start.luns))
    sized = [(float(measure.sizes(np.array(row) @ measure.gib[kinds])) / measure.unit, row) for row in rows]
    sized.sort(key=lambda pair: -pair[0])
    return [value for size, row in sized for value in (*row, size)]


def tightened(measure: Measure, counts: Counts, layout: Layout, budget: Budget, *, luns: int = 0) -> Layout:
    """Return a layout made better by ILPs with slots: the whole if it is small, else some LUNs at a time."""
    aim = max(measure.sums_gib(counts), luns * measure.minimum)
    kinds = sum(1 for count in counts if count)
    best = layout
    if kinds * len(layout.luns) <= PLACEMENTS:
        for number in dict.fromkeys((len(best.luns), len(best.luns) + 1, len(best.luns) - 1)):
            if best.gib <= aim or budget.spent:
                break
            if max(1, luns) <= number and number * kinds <= PLACEMENTS + kinds:
                found, _ = slotted(measure, counts, number, _search(budget, NODES), best)
                if found is not None and found.gib < best.gib and len(found.luns) >= luns:
                    best = found
    if best.gib > aim and len(best.luns) > 2:
        best = _repacked(measure, best, aim, budget)
    return best


def _search(budget: Budget, nodes: int) -> Budget:
    return replace(budget, gap=1e-6, nodes=nodes)


def _repacked(measure: Measure, layout: Layout, aim: float, budget: Budget) -> Layout:
    """Lay out two or three LUNs again, those first that could gain most together, while that makes them smaller."""
    luns, gib = list(layout.luns), layout.gib
    tried: set[tuple[Counts, ...]] = set()
    for _ in range(REPACKS):
        if gib <= aim or budget.spent:
            break
        hopes = sorted(_hopes(measure, luns), reverse=True)
        chosen = next((some for hope, some in hopes if tuple(luns[i] for i in some) not in tried), None)
        if chosen is None:
            break
        rows = tuple(luns[index] for index in chosen)
        tried.add(rows)
        content = tuple(map(sum, zip(*rows, strict=True)))
        before = Layout(rows, sum(measure.exact_gib(row) or 0 for row in rows))
        after, _ = slotted(measure, content, len(rows), _search(budget, NODES_OF_REPACK), before)
        if after is not None and after.gib < before.gib:
            luns = [lun for index, lun in enumerate(luns) if index not in chosen] + list(after.luns)
            gib += after.gib - before.gib
    return Layout(tuple(luns), gib)


def _hopes(measure: Measure, luns: Sequence[Counts]) -> list[tuple[float, tuple[int, ...]]]:
    """Return what pairs and triples of LUNs could gain at most: their sizes less those of their sum."""
    gib = np.array(luns, dtype=float) @ measure.gib
    sizes = measure.sizes(gib)
    kinds = [int(np.count_nonzero(lun)) for lun in luns]
    pairs: list[tuple[float, tuple[int, ...]]] = []
    order = sorted(range(len(luns)), key=lambda index: -float(sizes[index] - gib[index].min()))[:12]
    order = sorted(set(order) | set(np.argsort(gib[:, 0] - gib[:, -1])[:6].tolist()))
    for size in (2, 3):
        for some in combinations(order, size):
            union = max(float(gib[list(some)].sum(axis=0).max()), size * measure.minimum)
            hope = float(sizes[list(some)].sum()) - np.ceil(union / measure.unit - 1e-9) * measure.unit
            if hope > 0 and sum(kinds[index] for index in some) * size <= 2 * PLACEMENTS:
                pairs.append((float(hope), some))
    return pairs
