"""Cuts for the ILP that chooses: what the LUNs of a bucket take at least, whatever its content.

Both kinds hold for every content that the choices can bring, so that the bound of the ILP stays one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.storage.layout import Layout
from cloudplan.optimiser.storage.measure import Counts, Measure
from cloudplan.optimiser.storage.slots import slotted

PLACEMENTS = 640
"""Loads x LUNs, summed over all numbers of LUNs, up to which it is proven what one content takes."""

NODES = 1000
"""Nodes of an ILP with slots that proves what one content takes at least."""


@dataclass(frozen=True)
class Cut:
    """GiB of a bucket >= `constant` + sum of `gib` x items + `per_lun` x LUNs."""

    gib: tuple[float, ...]
    per_lun: float
    constant: float

    def at(self, counts: Sequence[int], luns: float) -> float:
        """Return what it demands of a content on so many LUNs."""
        return self.constant + float(np.dot(self.gib, counts)) + self.per_lun * luns


def least_by_luns(measure: Measure, counts: Counts, layout: Layout, budget: Budget) -> dict[int, float]:
    """Return proven lower bounds of the GiB of one content on exactly so many LUNs, from the fewest up.

    Any number that is left out takes at least that many LUNs of the least size; empty where the ILPs would be large.
    """
    kinds = sum(1 for count in counts if count)
    needed = float((np.asarray(counts, dtype=float) @ measure.parts_of_lun).max(initial=0.0))
    fewest, most = max(1, int(np.ceil(needed - 1e-9))), int(layout.gib // measure.minimum)
    bounds: dict[int, float] = {}
    if kinds * sum(range(fewest, most + 1)) > PLACEMENTS:
        return bounds
    for number in range(fewest, most + 1):
        if budget.spent:
            return {}
        _, bounds[number] = slotted(measure, counts, number, replace(budget, gap=1e-6, nodes=NODES), layout)
    return bounds


def cut_of_content(measure: Measure, counts: Counts, luns: float, bounds: Mapping[int, float]) -> Cut:
    """Return the cut that demands most of a content on so many LUNs, and as much less of others as they can save.

    A content n' with n'_k < n_k saves at most the size of a LUN for each item that is not there, or of one LUN for all
    where they come all or none; over n'_k from 0 to the most there can be, that is below its chord. In the number of
    LUNs the cut is a line below the bounds, which never falls: who adds what is missing adds LUNs.
    """
    most = np.maximum(np.asarray(measure.most, dtype=float), 1.0)
    saved = np.asarray(counts, dtype=float) * measure.alone_gib
    for kind, count in enumerate(counts):
        if count and measure.whole[kind] and measure.fits(count * measure.gib[kind], count * measure.share[kind]):
            saved[kind] = min(saved[kind], float(measure.sizes(count * measure.gib[kind])))
    per_lun, base = _line_below(measure, luns, bounds)
    return Cut(tuple((saved / most).tolist()), per_lun, base - float(saved.sum()))


def _line_below(measure: Measure, luns: float, bounds: Mapping[int, float]) -> tuple[float, float]:
    """Return slope and height at 0 of the line below all bounds that is highest at `luns`."""
    after = max(bounds) + 1
    points = {**bounds, after: max(after * measure.minimum, min(bounds.values()))}
    slopes = {0.0} | {
        (points[more] - points[less]) / (more - less) for less in points for more in points if less < more
    }
    best = (-np.inf, 0.0, 0.0)
    for slope in sorted(slope for slope in slopes if 0 <= slope <= measure.minimum):
        base = min(gib - slope * number for number, gib in points.items())
        best = max(best, (base + slope * luns, slope, base))
    return best[1], best[2]
