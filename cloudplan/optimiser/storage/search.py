"""The cheapest datastores and mechanisms, over all sites together, with a proven lower bound. Start here.

The ILP chooses, counting groups; each bucket's content is laid out on LUNs; cuts tell the ILP what the LUNs take
beyond the sums. Again, until cost and bound meet, or the budget of rounds and nodes is spent.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Generic, Literal

from cloudplan.base.errors import Fault, NoPlanError, TimeLimitError
from cloudplan.optimiser.solver import TOLERANCE, Budget, Unknown
from cloudplan.optimiser.storage.choice_ilp import ChoiceIlp
from cloudplan.optimiser.storage.choosing import Ilp, Layouts, Some
from cloudplan.optimiser.storage.cuts import Cut, cut_of_content, least_by_luns
from cloudplan.optimiser.storage.first_choice import first_bound, first_choice
from cloudplan.optimiser.storage.layout import Layout
from cloudplan.optimiser.storage.lun_patterns import LunPatterns
from cloudplan.optimiser.storage.luns import Lun
from cloudplan.optimiser.storage.parts import Chosen, Member, Part, parts_of
from cloudplan.optimiser.storage.stores import Place, Stores
from cloudplan.plan.plan import Mechanism
from cloudplan.rules.storage import LUN_2
from cloudplan.workload.case import Case

SETTLED = Fraction(1, 1000)
"""A cost this close to the bound, in currency units, is the optimum."""

FINEST_GAP = 1e-5
"""The ILP stops at a tenth of the gap asked for, or of this one."""

COARSE_GAP = 1e-3
"""Where the first ILP stops: cuts need only some solution, and later ones stop closer."""

FINE_GAP = 1e-4
"""From this gap on sizes are whole billing units in the ILP."""

ROUNDS = 40
"""Times that the ILP is solved with further cuts at most."""

NODES = 3000
"""Nodes of the ILP in each round."""

TIES = 400
"""Unknowns up to which plans of equal cost are compared: which of them is taken is no part of the proof."""

LIFTING_GAP, MOST_LIFTED = 3e-3, 120
"""Gap down to which cuts are lifted, and loads of a bucket up to which they are."""

NEGLIGIBLE = 5e-6
"""A bucket whose LUNs take this share of the cost more than its sums gets no cut."""

Ended = Literal["proven", "gap", "budget", "time-limit"]
"""Why a search ended."""


@dataclass(frozen=True)
class StoragePlan:
    """The LUNs and what was chosen for each part, their cost with licences, the bound that is their proof.

    `ended` says why the search did: proven (cost and bound are the same but for the solver's tolerance), at the gap
    asked for, when its budget of rounds and nodes was spent, or the user's time.
    """

    parts: Sequence[tuple[Part, Sequence[Member]]]
    chosen: Sequence[Mapping[Mechanism | None, Chosen[int]]]
    luns: Sequence[Lun]
    cost: Fraction
    bound: Fraction
    ended: Ended


class StorageSearch:
    """The search for the storage of a workload: its plan gets better and better."""

    def __init__(self, case: Case):
        self._case = case
        self._plan: StoragePlan | None = None

    @property
    def plan(self) -> StoragePlan:
        """The best storage so far; raises TimeLimitError when there is none."""
        if self._plan is None:
            raise TimeLimitError("no storage layout was found in the time given")
        return self._plan

    @property
    def left(self) -> Fraction | None:
        """What is left between cost and bound; None while there is no plan."""
        return self._plan.cost - self._plan.bound if self._plan else None

    def start(self, budget: Budget) -> None:
        """Find some storage and some bound, quickly."""
        self.improve(budget.until(0.0))

    def improve(self, budget: Budget) -> None:
        """Search until cost and bound meet, or the budget is spent.

        Raises NoPlanError when no choice keeps the rules.
        """
        budget.progress("laying out storage")
        found = plan_storage(self._case, budget)
        if self._plan:
            better = min(self._plan, found, key=lambda plan: plan.cost)
            found = replace(better, bound=max(self._plan.bound, found.bound))
        self._plan = found


def plan_storage(case: Case, budget: Budget) -> StoragePlan:
    """Return the cheapest storage of a workload that the budget allows to find.

    There is always a plan, however short the time. Raises NoPlanError when no choice keeps the rules.
    """
    parts = list(parts_of(case).items())
    ilp = ChoiceIlp(case, parts)
    stores = Stores(case, parts, ilp.sums)
    first = stores.of(first_choice(ilp, stores), replace(budget, deadline=0.0))
    several = case.workload.policy.min_datastores
    search = ChoiceSearch(ilp, stores, first, first_bound(ilp, stores), several, budget)
    best = search.run()
    return StoragePlan(parts, best.chosen, stores.named(best), best.cost, search.bound, search.ended)


class ChoiceSearch(Generic[Some]):
    """The best plan so far, the bound so far, and what is known of each bucket."""

    def __init__(
        self, ilp: Ilp, stores: Layouts[Some], first: Some, bound: Fraction, least_datastores: int, budget: Budget
    ):
        self.ilp, self.stores, self.budget = ilp, stores, budget
        self.patterns = {bucket: LunPatterns(place.measure) for bucket, place in stores.places.items()}
        self.best, self.bound = first, bound
        self._least_datastores = least_datastores

    def run(self) -> Some:
        """Search until cost and bound meet, or the budget is spent; return the best plan.

        Raises NoPlanError when no choice keeps the rules.
        """
        if not self._settled or self.ilp.unknowns <= TIES:
            self._loop()
        self._prefer()
        self.bound = min(self.bound, self.best.cost)
        return self.best

    @property
    def _settled(self) -> bool:
        return self.best.cost - self.bound <= self._tolerance

    @property
    def _tolerance(self) -> Fraction:
        """What cost and bound may differ by in the end: the gap asked for, or what counts as none."""
        return max(self._nothing, Fraction(self.budget.gap) * self.best.cost)

    @property
    def _nothing(self) -> Fraction:
        """What cost and bound may differ by and be the same, on estates of many choices more than the tolerance."""
        return max(SETTLED, (3 * TOLERANCE if self.ilp.unknowns <= TIES else Fraction(FINEST_GAP)) * self.best.cost)

    @property
    def ended(self) -> Ended:
        """Why the search ended."""
        if self.best.cost - self.bound <= self._nothing:
            return "proven"
        if self._settled:
            return "gap"
        return "time-limit" if self.budget.spent else "budget"

    def _loop(self) -> None:
        finest = max(self.budget.gap, FINEST_GAP) / 10
        gap = max(finest, COARSE_GAP)
        self.ilp.model.relax(self.ilp.sizes())
        outcome = self.ilp.solve(self._coarse(gap), lambda: self._start(self.best))
        for _ in range(ROUNDS):
            if outcome.infeasible:
                raise NoPlanError([Fault("no layout of the datastores keeps the rules", rule=LUN_2.id)])
            self.bound = max(self.bound, outcome.bound)
            if not outcome.found:
                return
            chosen = self.ilp.numbers()
            found = self._laid_out(chosen, float("inf"))
            cuts, least = self._dual_cuts(found) if not self._settled else (0, 0.0)
            if outcome.objective + least < float(self.best.cost) and not self._settled:
                found = self._laid_out(chosen, max(NEGLIGIBLE, self._open / 10) * float(self.best.cost))
            self.budget.report("storage", self.bound, self.best.cost)
            if self._settled or self.budget.spent:
                return
            finer = min(gap, max(finest, self._open / 30))
            if not cuts and not self._content_cuts(found):
                if gap == finest:
                    return
                finer = min(finer, max(finest, gap / 10))
            gap = finer
            if gap < FINE_GAP:
                self.ilp.model.relax([])
            outcome = self.ilp.model.again(self._coarse(gap), self._start(self.best))

    def _laid_out(self, chosen: Any, negligible: float) -> Some:
        """Lay out what the ILP chose, better where more than `negligible`, in money, is lost; keep the best plan."""
        found = self.stores.of(chosen, self.budget, negligible)
        self.best = min(self.best, found, key=lambda stored: stored.cost)
        return found

    @property
    def _open(self) -> float:
        """The gap that is still open."""
        return float((self.best.cost - self.bound) / self.best.cost) if self.best.cost else 0.0

    def _prefer(self) -> None:
        """Among plans of the same cost take one with fewer datastores, then with more swap files beside disk 0."""
        if self.ilp.unknowns > TIES or self.budget.spent or not self.ilp.solved:
            return
        search = replace(self.budget, gap=0.0, nodes=NODES)
        self.ilp.model.relax([])
        if self.ilp.model.among(self.best.cost + TOLERANCE, self.ilp.order(), search, self._start(self.best)):
            found = self.stores.of(self.ilp.numbers(), self.budget, float("inf"))
            if found.cost <= self.best.cost and sum(found.luns.values()) <= sum(self.best.luns.values()):
                self.best = found

    def _coarse(self, gap: float) -> Budget:
        return replace(self.budget, gap=gap, nodes=NODES)

    def _start(self, stored: Some) -> dict[Unknown, int]:
        """Return a plan as values of the ILP's unknowns."""
        luns = stored.luns
        return self.ilp.start(stored.chosen, {bucket: (luns[bucket], gib) for bucket, gib in stored.gib.items()})

    # Cuts

    def _dual_cuts(self, found: Some) -> tuple[int, float]:
        """Add dual cuts for the buckets whose LUNs take more than the ILP counted.

        Return how many, and what their demands add to the cost of this choice.
        """
        added, cost = 0, 0.0
        for bucket, place, floor, luns, layout in self._lost(found):
            counts, patterns = found.counts[bucket], self.patterns[bucket]
            patterns.add(layout.luns)
            lifted = self._open > LIFTING_GAP and len(counts) <= MOST_LIFTED
            cut = patterns.cut(counts, luns, floor, float(layout.gib), self.budget, lifted=lifted)
            if lifted and (cut is None or cut.at(counts, luns) <= floor + self._least_gain(found, bucket)):
                cut = patterns.cut(counts, luns, floor, float(layout.gib), self.budget)
            if cut is not None and cut.at(counts, luns) > floor + self._least_gain(found, bucket):
                self._add(place, Cut(cut.gib, cut.per_lun, 0.0))
                added += 1
                cost += (cut.at(counts, luns) - floor) * self.stores.price_of_gib(bucket)
        return added, cost

    def _content_cuts(self, found: Some) -> bool:
        """Add cuts of single contents, where no dual cut is broken; return whether there was one."""
        added = False
        for bucket, place, floor, luns, layout in self._lost(found):
            counts = found.counts[bucket]
            bounds = least_by_luns(place.measure, counts, layout, self.budget)
            if bounds:
                line = cut_of_content(place.measure, counts, luns, bounds)
                if line.at(counts, luns) > floor + self._least_gain(found, bucket):
                    self._add(place, line)
                    added = True
        return added

    def _lost(self, found: Some) -> Iterator[tuple[Any, Place, float, float, Layout]]:
        """Yield the buckets whose LUNs take more than the ILP counted: GiB and LUNs that it counted, and the layout.

        Where `min_datastores` asks for several, it is a layout on as many LUNs as the ILP counted.
        """
        number = self.ilp.model.number
        for bucket, place in self.stores.places.items():
            if bucket not in found.counts or self.budget.spent:
                continue
            floor, luns = number(place.sums.units) * place.measure.unit, number(place.sums.luns)
            layout = found.layouts[bucket]
            wanted = min(math.ceil(luns - 1e-6), self._least_datastores, sum(found.counts[bucket]))
            if wanted > len(layout.luns):
                layout = place.layout(found.counts[bucket], self.budget, wanted)
            if layout.gib > floor + self._least_gain(found, bucket):
                yield bucket, place, floor, luns, layout

    def _least_gain(self, found: Some, bucket: Any) -> float:
        """Return the GiB in a bucket that are worth a cut."""
        price = self.stores.price_of_gib(bucket)
        return max(0.01, NEGLIGIBLE * float(found.cost) / price) if price else float("inf")

    def _add(self, place: Place, cut: Cut) -> None:
        terms: dict[Unknown, float] = {place.sums.units: place.measure.unit}
        for factor, unknowns in zip(cut.gib, place.terms, strict=True):
            if factor:
                for unknown, count in unknowns.items():
                    terms[unknown] = terms.get(unknown, 0.0) - factor * count
        if cut.per_lun:
            terms[place.sums.luns] = terms.get(place.sums.luns, 0.0) - cut.per_lun
        self.ilp.model.cut(terms, cut.constant)
