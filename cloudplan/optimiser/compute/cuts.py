"""Cuts on the hosts, from column generation: which hosts and memory cannot hold the VMs, whoever places them.

Whatever the duals, they give a cut that every plan keeps, because no host holds more than the most valuable pattern:

    sum of worth x items <= sum over the types of (most valuable pattern x loaded hosts + price x memory in GiB).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cloudplan.optimiser.compute.best_content import CLOSE, QUICK, USUAL
from cloudplan.optimiser.compute.column_generation import IMPROVES, CoveringLp, Duals, Target
from cloudplan.optimiser.compute.host_table import Ints
from cloudplan.optimiser.solver import Budget

ROUNDS = 400
"""Rounds of pricing for one target; after them it counts as covered, which costs sharpness, never validity."""

MISSING, SHARE = 1e-4, 4e-7
"""What may be missing of a target that counts as covered, in shares of a host, or this share of all hosts."""

MISSING_OF_GAP = 0.6
"""The same, as a share of all hosts and of the gap asked for; the largest counts."""

SMOOTHING, LESS, MORE, NONE = 0.7, 0.5, 0.1, 0.1
"""Weight of the duals that gave the best cut so far, against those of the last LP: it calms the search.

It is this at most; a round without new patterns takes a share of it, any other adds a little. Below the last it is 0.
"""

SMOOTHED_LEVELS = 1
"""Levels of the search for patterns at smoothed duals."""

EFFORTS = (USUAL, QUICK), (CLOSE, CLOSE)
"""How closely the best contents are searched for on types with hosts and on others: at first, and at last."""

TRIES = 1_000
"""How often the best contents are searched for, for one target, times the number of shapes: for many it takes long."""

DEEP = 0.5
"""A cut that finds this share of what the LP finds missing is good enough."""


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
    little = max(MISSING, SHARE * sum(target.loaded), allowed(target.loaded, budget.gap))
    center, best, early, weight, tries = None, -float("inf"), True, SMOOTHING, 0
    for _ in range(ROUNDS):
        missing, duals = columns.solve()
        if missing <= little or budget.spent:
            return None
        added = False
        if center and weight > NONE:
            asked = duals.towards(center, weight)
            hosts, added = columns.price(asked, duals, SMOOTHED_LEVELS)
        weight = min(SMOOTHING, weight + MORE) if added else weight * LESS
        if not added:
            asked = duals
            hosts, added = columns.price(duals, duals)
        guess = _cut(columns, asked, hosts)
        if guess.excess(target) > best:
            center, best = asked, guess.excess(target)
        if early and best > DEEP * missing and center:
            early = False
            cut = _cut(columns, center, columns.bounds(center))
            if cut.is_broken_by(target):
                return cut
        if not added:
            sharpest, added = _sharpest(columns, duals, target, DEEP * missing, budget)
            tries += 1
            if sharpest or not added or tries * len(columns.items) >= TRIES:
                return sharpest
    return None


def _sharpest(
    columns: CoveringLp, duals: Duals, target: Target, deep: float, budget: Budget
) -> tuple[Cut | None, bool]:
    """Return the sharpest cut of some duals, if the target breaks it, and whether patterns were found on the way.

    If so, better duals may follow: then the excess of the cut must be more than `deep`.
    """
    hosts: list[float] | None = None
    for efforts in EFFORTS:
        hosts, added = columns.exact(duals, *efforts, budget, hosts)
        if budget.spent:
            break
        cut = _cut(columns, duals, hosts)
        if cut.is_broken_by(target) and (not added or cut.excess(target) > deep):
            return cut, added
        if added:
            return None, True
    return None, False


def allowed(loaded: Sequence[int], gap: float) -> float:
    """Return what may be missing on so many hosts for the sake of the gap, in shares of a host."""
    return MISSING_OF_GAP * gap * sum(loaded)


def _cut(columns: CoveringLp, duals: Duals, hosts: Sequence[float]) -> Cut:
    return Cut(0.0, tuple(hosts), tuple(duals.memory), tuple(duals.worth)).of(columns.items)
