"""What phases share where they have the same shapes: the patterns of hosts, and cuts.

A cut of one phase is one of another, with its own items in the demand, because no host holds more there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cloudplan.optimiser.compute.column_generation import CoveringLp, Target
from cloudplan.optimiser.compute.cuts import Cut, find_cut
from cloudplan.optimiser.compute.search import CUTS_MAX, Known
from cloudplan.optimiser.compute.shapes import Pool
from cloudplan.optimiser.solver import Budget
from cloudplan.workload.case import Case

CUTS_GAP = 1e-4
"""The gap for the sake of which something may be missing where items count as covered: of several phases finer proofs
take long."""


@dataclass(frozen=True)
class SitePhase:
    """A phase at a site: its case, its months, and those of the pools solved together that have VMs in it."""

    case: Case
    months: int
    pools: tuple[Pool, ...]

    @property
    def shapes(self) -> tuple[object, ...]:
        """What its shapes are, whatever there is of them."""
        return tuple(
            (pool.name, [(each.needs, each.memory_mib, each.blades, each.apart, each.licences) for each in pool.shapes])
            for pool in self.pools
        )


class Sharing:
    """The patterns and the cuts of all phases; `known` has those of each, None of one without VMs."""

    def __init__(self, phases: Sequence[SitePhase]):
        self._phases = phases
        self.known: list[Known | None] = []
        for phase in phases:
            same = [other for other in phases if other.shapes == phase.shapes]
            first = phases.index(same[0])
            if not phase.pools:
                self.known.append(None)
            elif first < len(self.known):
                before = self.known[first]
                self.known.append(Known(before.columns, []) if before else None)
            else:
                also = [other.pools for other in same[1:]]
                self.known.append(Known(CoveringLp(phase.case, phase.pools, also), []))

    def cut(self, number: int, target: Target, budget: Budget) -> Cut | None:
        """Return a cut of a phase that a target breaks, one known from another phase if there is; keep it.

        None when the items can be covered, or nobody knows in time.
        """
        mine, pools = self.known[number], self._phases[number].pools
        if mine is None or len(mine.cuts) >= CUTS_MAX or budget.spent:
            return None
        mine.columns.turn_to(pools)
        near = replace(budget, gap=max(budget.gap, CUTS_GAP))
        found = self._known_cut(mine, target) or find_cut(mine.columns, target, near)
        if found is not None:
            mine.cuts.append(found)
        return found

    def _known_cut(self, mine: Known, target: Target) -> Cut | None:
        """Return the cut of other phases that a target breaks most, if any."""
        others = (other for other in self.known if other and other is not mine and other.columns is mine.columns)
        cuts = dict.fromkeys(cut.of(mine.columns.items) for other in others for cut in other.cuts)
        broken = [cut for cut in cuts if cut not in mine.cuts and cut.is_broken_by(target)]
        return max(broken, key=lambda cut: cut.excess(target) / cut.demand, default=None)
