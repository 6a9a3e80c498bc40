"""Cuts on the hosts, from column generation: which hosts and memory cannot hold the VMs, whoever places them.

Whatever the duals, they give a cut that every plan keeps, because no host holds more than the most valuable pattern:

    sum of worth x items <= sum over the types of (most valuable pattern x loaded hosts + price x memory in GiB).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cloudplan.optimiser.compute.column_generation import IMPROVES, CoveringLp, Duals, Target
from cloudplan.optimiser.compute.knapsack import BOUNDS, FINEST, SEARCHES, Ints
from cloudplan.optimiser.solver import Budget

ROUNDS = 400
"""Rounds of pricing for one target; after them it counts as covered, which costs sharpness, never validity."""

MISSING, SHARE = 0.01, 5e-4
"""What may be missing of a target that counts as covered, in shares of a host, but no more than this share of all
hosts: it would hardly move the bound."""

MISSING_OF_GAP = 0.6
"""The same, as a share of all hosts and of the gap asked for; the larger counts."""

HARD = 5
"""How many times as much may be missing when patterns are so hard to find that a proof would be too."""

SMOOTHING, LESS, MORE, NONE = 0.7, 0.5, 0.1, 0.1
"""Weight of the duals that gave the best cut so far, against those of the last LP: it calms the search.

It is this at most; a round without new patterns takes a share of it, any other adds a little. Below the last it is 0.
"""

SMOOTHED_LEVELS, LEVELS = 1, len(SEARCHES) - 1
"""Levels of the search for patterns at smoothed duals, and at those of the LP itself.

The last level is kept for targets that nobody can prove anything for.
"""

TRIES = 1000
"""How often the finest tables and the ILPs of single hosts are tried for one target, times the number of shapes.

Each time they may find patterns instead, and for many shapes they take long.
"""

DEEP = 0.5
"""A cut that finds this share of what the LP finds missing is good enough, if it can be proven quickly."""


@dataclass(frozen=True)
class Cut:
    """demand <= sum over the types of (host x loaded hosts + memory x GiB that VMs may use).

    `worth` is what an item of each row counts in the demand.
    """

    demand: float
    host: tuple[float, ...]
    memory: tuple[float, ...]
    worth: tuple[float, ...] = ()

    def of(self, items: Ints) -> "Cut":
        """Return the cut for other items, of which no host may hold more than was assumed."""
        return replace(self, demand=float((np.array(self.worth) * items).sum()))

    def excess(self, target: Target) -> float:
        """Return by how much the target breaks the cut, wherever its memory is."""
        room = sum(host * loaded for host, loaded in zip(self.host, target.loaded, strict=True))
        room += sum(price * gib for price, gib in zip(self.memory, target.included_gib, strict=True))
        return self.demand - room - max(self.memory, default=0.0) * target.more_gib

    def is_broken_by(self, target: Target) -> bool:
        """Return whether the target breaks the cut by more than floating point could."""
        return self.excess(target) > IMPROVES * self.demand


def find_cut(columns: CoveringLp, target: Target, budget: Budget) -> Cut | None:
    """Return a cut that the target breaks, or None when the items can be covered, or nobody knows in time.

    They count as covered when what is missing is a share of all hosts that does not matter for the gap.
    """
    columns.aim(target, columns.items)
    little = max(min(MISSING, SHARE * sum(target.loaded)), allowed(target.loaded, budget.gap))
    center, best, early, weight, tries = None, -float("inf"), True, SMOOTHING, 0
    for _ in range(ROUNDS):
        missing, duals = columns.solve()
        if missing <= little or budget.spent:
            return None
        added = False
        if center and weight > NONE:
            asked = duals.towards(center, weight)
            hosts, added = columns.price(asked, duals, range(SMOOTHED_LEVELS))
        weight = min(SMOOTHING, weight + MORE) if added else weight * LESS
        if not added:
            asked = duals
            hosts, added = columns.price(duals, duals, range(LEVELS - (missing <= HARD * little)))
        guess = _cut(columns, asked, hosts)
        if guess.excess(target) > best:
            center, best = asked, guess.excess(target)
        if early and best > DEEP * missing and center:
            early = False
            cut = _proven(columns, center, target, BOUNDS[:1])
            if cut.is_broken_by(target):
                return cut
        if not added:
            if missing <= HARD * little:
                return None
            patterns = columns.count
            cut = _sharpest(columns, duals, target)
            if cut.is_broken_by(target):
                return cut
            tries += 1
            if columns.count == patterns or tries * len(columns.items) >= TRIES:
                return None
    return None


def guess_cut(columns: CoveringLp) -> Cut:
    """Return the cut of the last LP if the patterns known of types with hosts were all there are.

    It is no bound. It leads the fleet ILP to hosts that patterns can cover where no cut could be proven.
    """
    _, duals = columns.solve()
    known, bounds = columns.known(duals), columns.bounds(duals, BOUNDS[0])
    hosts = [known if loaded else bound for known, bound, loaded in zip(known, bounds, columns.loaded, strict=True)]
    return _cut(columns, duals, hosts)


def allowed(loaded: Sequence[int], gap: float) -> float:
    """Return what may be missing on so many hosts for the sake of the gap, in shares of a host."""
    return MISSING_OF_GAP * gap * sum(loaded)


def _proven(columns: CoveringLp, duals: Duals, target: Target, levels: Sequence[int]) -> Cut:
    """Return the cut of some duals, made sharper level by level until the target breaks it."""
    for steps in levels:
        cut = _cut(columns, duals, columns.bounds(duals, steps))
        if cut.is_broken_by(target):
            break
    return cut


def _sharpest(columns: CoveringLp, duals: Duals, target: Target) -> Cut:
    """Return the cut of some duals, made sharper with all there is until the target breaks it.

    If the finest tables do not prove it, they are searched for patterns; single hosts become ILPs if there are none.
    """
    cut = _proven(columns, duals, target, BOUNDS)
    if cut.is_broken_by(target) or _cut(columns, duals, columns.known(duals)).excess(target) <= 0:
        return cut
    for steps in FINEST:
        cut = _cut(columns, duals, columns.sharper(duals, cut.host, steps))
        if cut.is_broken_by(target):
            return cut
    if not columns.price(duals, duals, [LEVELS])[1]:
        cut = _cut(columns, duals, columns.exact(duals, cut.host))
    return cut


def _cut(columns: CoveringLp, duals: Duals, hosts: Sequence[float]) -> Cut:
    return Cut(0.0, tuple(hosts), tuple(duals.memory), tuple(duals.worth)).of(columns.items)
