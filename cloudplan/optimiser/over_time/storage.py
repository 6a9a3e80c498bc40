"""The cheapest storage of several phases together: one choice for each group, and GiB that never fall.

A group has one mechanism, one class for each disk and one place for its swap files in all phases. The ILPs that choose
stand in one model, tied by rows; the search is that of one workload, its buckets those of all phases.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from cloudplan.base.errors import Fault, NoPlanError, TimeLimitError
from cloudplan.optimiser.solver import Budget, Model, Outcome, Unknown, add
from cloudplan.optimiser.storage.choice_ilp import ChoiceIlp, Numbers
from cloudplan.optimiser.storage.layout import Layout
from cloudplan.optimiser.storage.luns import Bucket
from cloudplan.optimiser.storage.measure import Counts
from cloudplan.optimiser.storage.parts import Chosen, Member, Part, mechanisms_of, parts_of_group
from cloudplan.optimiser.storage.search import COARSE_GAP, ChoiceSearch, Ended, StoragePlan
from cloudplan.optimiser.storage.stores import Place, Stored, Stores
from cloudplan.optimiser.storage.useful import useful_classes
from cloudplan.plan.plan import Mechanism
from cloudplan.rules.protection import DR_2
from cloudplan.rules.standing import standing_gib
from cloudplan.workload.case import Case

Key = tuple[int, Bucket]
"""A bucket of a phase, by the number of the phase."""

Value = TypeVar("Value")

FIRST_NODES = 300
"""Nodes of the ILP that finds a first choice; the search that follows looks for better ones."""

Parts = list[tuple[Part, list[Member]]]


def parts_over_time(cases: Sequence[Case]) -> tuple[list[Parts], list[list[int]]]:
    """Return the parts of each phase, and of each the number under which it is the same in all phases.

    Groups are one part where they are so in every phase. Raises NoPlanError for a group that no one mechanism suits in
    all its phases.
    """
    names = sorted({group.name for case in cases for group in case.workload.vms})
    alike: dict[tuple[tuple[Part | None, ...], ...], int] = {}
    parts: list[dict[int, tuple[Part, list[Member]]]] = [{} for _ in cases]
    faults: list[Fault] = []
    for name in names:
        here = [
            (number, case, case.workload.groups[name])
            for number, case in enumerate(cases)
            if name in case.workload.groups
        ]
        ways = [mechanisms_of(case, group) for _, case, group in here]
        common: tuple[Mechanism | None, ...] = tuple(way for way in ways[0] if all(way in others for others in ways))
        if not common:
            faults.append(Fault("no mechanism suits it in all phases", path=name, rule=DR_2.id))
            continue
        made = [list(parts_of_group(case, group, common)) for _, case, group in here]
        for position, (_, member) in enumerate(made[0]):
            own: list[Part | None] = [None] * len(cases)
            for (number, _, _), some in zip(here, made, strict=True):
                own[number] = some[position][0]
            key = alike.setdefault((tuple(own),), len(alike))
            for (number, _, _), some in zip(here, made, strict=True):
                parts[number].setdefault(key, (some[position][0], []))[1].append(member)
    if faults:
        raise NoPlanError(faults)
    return [[each[key] for key in sorted(each)] for each in parts], [sorted(each) for each in parts]


class IlpOverTime:
    """The ILPs of all phases on one model."""

    def __init__(self, cases: Sequence[Case], months: Sequence[int], *, shrink: bool):
        self.parts, self.numbers_of = parts_over_time(cases)
        self.model, self.months, self.solved = Model(), months, False
        pairs = list(zip(cases, self.parts, strict=True))
        useful = [useful_classes(case, [part for part, _ in some]) for case, some in pairs]
        every = [name for name in cases[0].edition.storage_classes if any(name in some for some in useful)]
        self.ilps: list[ChoiceIlp] = []
        kept: set[tuple[str, str]] = set()
        for case, parts in pairs:
            ilp = ChoiceIlp(case, parts, model=self.model, useful=every, kept=() if shrink else sorted(kept))
            kept |= {(site, sums.bucket.storage_class) for sums in ilp.sums for site in sums.bucket.sites}
            self.ilps.append(ilp)
        self._tie_choices()
        if not shrink:
            self._tie_sizes()

    def _tie_choices(self) -> None:
        """The same is chosen for a part in all its phases (TIME-4)."""
        first: dict[int, dict[Mechanism | None, Chosen[Unknown]]] = {}
        for ilp, keys in zip(self.ilps, self.numbers_of, strict=True):
            for key, chosen in zip(keys, ilp.chosen, strict=True):
                if key not in first:
                    first[key] = chosen
                    continue
                for mechanism, choice in chosen.items():
                    self._tie(first[key][mechanism], choice)

    def _tie(self, one: Chosen[Unknown], other: Chosen[Unknown]) -> None:
        self.model.equal(one.groups, other.groups)
        pairs = list(zip(one.classes, other.classes, strict=True))
        pairs += [(one.home[site], other.home[site]) for site in one.home]
        pairs += [(one.apart[site], other.apart[site]) for site in one.apart]
        for mine, its in pairs:
            for name in {**mine, **its}:
                if name in mine and name in its:
                    self.model.equal(mine[name], its[name])
                else:  # in one of the phases it does not do
                    self.model.at_most(mine[name] if name in mine else its[name], 0)

    def _tie_sizes(self) -> None:
        """GiB of a class at a site never fall (TIME-3)."""
        for before, after in zip(self.ilps, self.ilps[1:], strict=False):
            for site, name in {
                (site, sums.bucket.storage_class): None for sums in before.sums for site in sums.bucket.sites
            }:
                self.model.at_most(before.size_gib(site, name), after.size_gib(site, name))

    @property
    def unknowns(self) -> int:
        """How many unknowns count groups, over all phases."""
        return sum(ilp.unknowns for ilp in self.ilps)

    def sizes(self) -> list[Unknown]:
        """Return the unknowns that are sizes in small billing units."""
        return [unknown for ilp in self.ilps for unknown in ilp.sizes()]

    def order(self) -> dict[Unknown, float]:
        """Return what is preferred among plans of equal cost."""
        return {unknown: weight for ilp in self.ilps for unknown, weight in ilp.order().items()}

    def solve(self, budget: Budget, start: Callable[[], Mapping[Unknown, int]] | None) -> Outcome:
        """Search for the cheapest choice, for the first time."""
        self.solved = True
        objective = add(months * ilp.objective() for months, ilp in zip(self.months, self.ilps, strict=True))
        return self.model.minimise(objective, budget, start)

    def numbers(self) -> list[Numbers]:
        """Return what the solution found chooses in each phase."""
        return [ilp.numbers() for ilp in self.ilps]

    def start(self, chosen: Sequence[Numbers], luns: Mapping[Key, tuple[int, int]]) -> dict[Unknown, int]:
        """Return plans, LUNs and GiB by bucket, as values of the unknowns."""
        values: dict[Unknown, int] = {}
        for number, (ilp, choice) in enumerate(zip(self.ilps, chosen, strict=True)):
            mine = {bucket: sizes for (phase, bucket), sizes in luns.items() if phase == number}
            values |= ilp.start(choice, mine)
        return values


@dataclass(frozen=True)
class StoredOverTime:
    """What was chosen, laid out in every phase."""

    phases: tuple[Stored, ...]
    months: tuple[int, ...]

    @property
    def chosen(self) -> list[Numbers]:
        """What was chosen in each phase."""
        return [stored.chosen for stored in self.phases]

    @property
    def counts(self) -> dict[Key, Counts]:
        """The content of each bucket."""
        return self._each(lambda stored: stored.counts)

    @property
    def layouts(self) -> dict[Key, Layout]:
        """The LUNs of each bucket."""
        return self._each(lambda stored: stored.layouts)

    @property
    def gib(self) -> dict[Key, int]:
        """The GiB of each bucket."""
        return self._each(lambda stored: stored.gib)

    @property
    def luns(self) -> dict[Key, int]:
        """How many LUNs each bucket has."""
        return self._each(lambda stored: stored.luns)

    def _each(self, what: Callable[[Stored], Mapping[Bucket, Value]]) -> dict[Key, Value]:
        phases = enumerate(self.phases)
        return {(number, bucket): each for number, stored in phases for bucket, each in what(stored).items()}

    @property
    def cost(self) -> Fraction:
        """The exact cost over all months."""
        return sum((months * stored.cost for months, stored in zip(self.months, self.phases, strict=True)), Fraction(0))


class StoresOverTime:
    """Lays out what is chosen, phase by phase: what one phase has stands in the next (TIME-3)."""

    def __init__(self, cases: Sequence[Case], months: Sequence[int], ilp: IlpOverTime, *, shrink: bool):
        self.months, self._shrink = tuple(months), shrink
        self.stores = [
            Stores(case, parts, each.sums) for case, parts, each in zip(cases, ilp.parts, ilp.ilps, strict=True)
        ]
        self._first = standing_gib(cases[0])

    @property
    def places(self) -> dict[Key, Place]:
        """The buckets of all phases."""
        return {(number, key): place for number, each in enumerate(self.stores) for key, place in each.places.items()}

    def price_of_gib(self, bucket: Key) -> float:
        """Return what a GiB of a bucket costs in the months of its phase."""
        number, key = bucket
        return self.months[number] * self.stores[number].price_of_gib(key)

    def of(self, chosen: Sequence[Numbers], budget: Budget, negligible: float = 0.0) -> StoredOverTime:
        """Return the LUNs for a choice, phase by phase."""
        standing: dict[tuple[str, str], int] = dict(self._first)
        phases = []
        for stores, choice, months in zip(self.stores, chosen, self.months, strict=True):
            stores.standing = standing
            phases.append(stores.of(choice, budget, negligible / months))
            standing = {} if self._shrink else totals(phases[-1])
        return StoredOverTime(tuple(phases), self.months)


def totals(stored: Stored) -> dict[tuple[str, str], int]:
    """Return the GiB of all datastores, by site and class."""
    found: dict[tuple[str, str], int] = {}
    for bucket, gib in stored.gib.items():
        for site in bucket.sites:
            found[site, bucket.storage_class] = found.get((site, bucket.storage_class), 0) + gib
    return found


class StorageOverTime:
    """The search for the storage of all phases: its plans get better and better."""

    def __init__(self, cases: Sequence[Case], months: Sequence[int], *, shrink: bool):
        self._ilp = IlpOverTime(cases, months, shrink=shrink)
        self._stores = StoresOverTime(cases, months, self._ilp, shrink=shrink)
        self._least_datastores = cases[0].workload.policy.min_datastores
        self._best: StoredOverTime | None = None
        self._ended: Ended = "time-limit"
        self.bound = Fraction(0)

    @property
    def cost(self) -> Fraction:
        """What the best plans cost over all months; raises TimeLimitError when there are none."""
        return self._found.cost

    @property
    def plans(self) -> list[StoragePlan]:
        """The best plans, phase by phase; raises TimeLimitError when there are none."""
        pairs = zip(self._ilp.parts, self._found.phases, self._stores.stores, strict=True)
        return [
            StoragePlan(parts, stored.chosen, each.named(stored), stored.cost, Fraction(0), self._ended)
            for parts, stored, each in pairs
        ]

    @property
    def left(self) -> Fraction | None:
        """What is left between cost and bound; None while there is no plan."""
        return self._best.cost - self.bound if self._best else None

    @property
    def _found(self) -> StoredOverTime:
        if self._best is None:
            raise TimeLimitError("no storage layout of all phases was found in the time given")
        return self._best

    def start(self, budget: Budget) -> None:
        """Find some storage and some bound, quickly.

        Raises NoPlanError when no choice keeps the rules in all phases.
        """
        search = replace(budget, gap=max(budget.gap, COARSE_GAP), nodes=FIRST_NODES)
        outcome = self._ilp.solve(search, None)
        if outcome.infeasible:
            raise NoPlanError([Fault("no choice of storage keeps the rules in all phases", rule=DR_2.id)])
        if outcome.found:
            self.bound = max(self.bound, outcome.bound)
            self._best = self._stores.of(self._ilp.numbers(), replace(budget, deadline=0.0))

    def improve(self, budget: Budget) -> None:
        """Search until cost and bound meet, or the budget is spent."""
        budget.progress("laying out storage of all phases")
        if self._best is None:
            self.start(budget)
        if self._best is not None:
            first = self._best, self.bound, self._least_datastores, budget
            search = ChoiceSearch(self._ilp, self._stores, *first)
            self._best, self.bound, self._ended = search.run(), search.bound, search.ended
