"""The cheapest clusters of several phases together: what was bought stands, and what is bought suits what comes.

The model of all phases tells the bound, and hosts that are filled phase by phase; beside it stand the naive plans.
"""

import contextlib
from collections.abc import Sequence
from fractions import Fraction

from cloudplan.base.errors import TimeLimitError
from cloudplan.optimiser.compute.search import all_patterns
from cloudplan.optimiser.over_time.on_top import PlansOverTime
from cloudplan.optimiser.over_time.sharing import Sharing, SitePhase
from cloudplan.optimiser.over_time.together import Together, TogetherByCuts
from cloudplan.optimiser.solver import Budget

NAIVE_GAP = Fraction(1, 10**6)
"""Gap from which on the phases are also planned one on top of the other, and the last one bought at once: below it
neither could save anything to speak of."""


class SiteOverTime(PlansOverTime):
    """The search for the clusters of some pools of a site over all phases: its plan gets better and better.

    Where hosts may be given back (`shrink`) the phases are solved apart.
    """

    def __init__(self, site: str, names: Sequence[str], phases: Sequence[SitePhase], *, shrink: bool):
        super().__init__(site, names, phases)
        self._shrink = shrink

    def start(self, budget: Budget) -> None:
        """Plan each phase on top of the one before, quickly, if that keeps within the clusters there may be."""
        with contextlib.suppress(TimeLimitError):
            self.one_by_one(budget.until(0.0))

    def improve(self, budget: Budget) -> None:
        """Search until cost and bound meet, or the budget is spent.

        Raises NoPlanError when some phase has no plan.
        """
        budget.progress(f"placing VMs of all phases at {self.site}")
        listed = [all_patterns(phase.case, phase.pools) for phase in self.phases]
        patterns = [each for each in listed if each is not None]
        exact = len(patterns) == len(listed)
        if self._shrink or exact:
            alone = [self.sized(number, phase.case, budget) for number, phase in enumerate(self.phases)]
            self.hold_alone()
        if self._shrink:
            self.consider(alone)
            return
        if exact:
            Together(self, budget).solve(patterns)
            self._naive(budget)
        else:
            self.sharing = sharing = Sharing(self.phases)
            together = TogetherByCuts(self, sharing, budget)
            together.sharpen()
            self._naive(budget)
            together.place()

    def _naive(self, budget: Budget) -> None:
        """Plan the phases one on top of the other, and buy the last one at once, where that could save anything."""
        if self.best is None or self.cost > self.bound * (1 + max(Fraction(budget.gap), NAIVE_GAP)):
            self.one_by_one(budget)
            self.last_at_once(budget)
