"""The cheapest clusters of several phases together: what was bought stands, and what is bought suits what comes.

The ILPs of hosts of all phases stand in one model, tied by rows: hosts and clusters of a blade type in a pool never
fall. Its optimum, with the cuts of each phase, is the bound. Its hosts are filled phase by phase; what one phase leaves
standing is what the next begins with, so that the plans keep the rules whatever the model says.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from cloudplan.base.errors import Fault, NoPlanError, TimeLimitError
from cloudplan.evaluation.third_party import clusters_cost
from cloudplan.optimiser.compute.clusters import idle_cluster
from cloudplan.optimiser.compute.column_generation import CoveringLp
from cloudplan.optimiser.compute.cuts import Cut, find_cut
from cloudplan.optimiser.compute.diving import Dive, dive
from cloudplan.optimiser.compute.fleet_ilp import FleetIlp
from cloudplan.optimiser.compute.further_hosts import completed
from cloudplan.optimiser.compute.kinds import ClusterKind
from cloudplan.optimiser.compute.patterns import Pattern
from cloudplan.optimiser.compute.search import (
    CLOSE,
    CUTS_MAX,
    SLACKS,
    PoolsSearch,
    all_patterns,
    clusters_of_dive,
    clusters_of_hosts,
    list_patterns,
    loaded_hosts,
)
from cloudplan.optimiser.compute.shapes import Pool
from cloudplan.optimiser.solver import Budget, Model, add
from cloudplan.plan.plan import Cluster
from cloudplan.plan.standing import standing_cluster
from cloudplan.rules.compute import MAX_CLUSTERS
from cloudplan.rules.rule import Linear
from cloudplan.rules.standing import standing_clusters
from cloudplan.workload.case import Case
from cloudplan.workload.existing import Existing

Clusters = tuple[Cluster, ...]

NAIVE_GAP = Fraction(1, 10**6)
"""Gap from which on the phases are also planned one on top of the other, and the last one bought at once: below it
neither could save anything to speak of."""

GAPS, NODES = (1e-3, 1e-4, 1e-5), 500
"""Gaps to which the model of all phases is solved, one after the other, and its nodes; its bound holds all the same."""

Deal = Callable[[int, Case], Clusters]
"""Deals the clusters of a phase, by its number, in a case in which those of the phase before stand."""


@dataclass(frozen=True)
class SitePhase:
    """A phase at a site: its case, its months, and those of the pools solved together that have VMs in it."""

    case: Case
    months: int
    pools: tuple[Pool, ...]


def standing_on(case: Case, clusters: Sequence[Cluster]) -> Case:
    """Return a case in which clusters, and nothing else, stand already."""
    standing = Existing(clusters=tuple(map(standing_cluster, clusters)), bill=())
    return Case(case.workload.model_copy(update={"existing": standing}), case.edition, case.prices)


class SiteOverTime:
    """The search for the clusters of some pools of a site over all phases: its plan gets better and better.

    Where hosts may be given back (`shrink`) the phases are solved apart.
    """

    def __init__(self, site: str, names: Sequence[str], phases: Sequence[SitePhase], *, shrink: bool):
        self.site, self.names, self.phases, self.shrink = site, tuple(names), tuple(phases), shrink
        self.bound = Fraction(0)
        self.bounds = [Fraction(0)] * len(phases)
        """Bounds of each phase alone, a month."""
        self.best: tuple[Clusters, ...] | None = None
        self.cost = Fraction(0)

    @property
    def plans(self) -> tuple[Clusters, ...]:
        """The best clusters, phase by phase; raises TimeLimitError when none have few enough."""
        if self.best is None:
            raise TimeLimitError(f"no placement of all phases was found for {self.site} in the time given")
        return self.best

    @property
    def left(self) -> Fraction | None:
        """What is left between cost and bound; None while there is no plan."""
        return None if self.best is None else self.cost - self.bound

    def start(self, budget: Budget) -> None:
        """Plan each phase on top of the one before, quickly, if that keeps within the clusters there may be."""
        with contextlib.suppress(TimeLimitError):
            self._one_by_one(budget.until(0.0))

    def improve(self, budget: Budget) -> None:
        """Search until cost and bound meet, or the budget is spent.

        Raises NoPlanError when some phase has no plan.
        """
        budget.progress(f"placing VMs of all phases at {self.site}")
        listed = [all_patterns(phase.case, phase.pools) for phase in self.phases]
        patterns = [each for each in listed if each is not None]
        exact = len(patterns) == len(listed)
        if self.shrink or exact:
            alone = [self._sized(number, phase.case, budget) for number, phase in enumerate(self.phases)]
            self.hold_alone()
        if self.shrink:
            self._consider(alone)
            return
        together = _Together(self, budget)
        if exact:
            together.solve(patterns)
        else:
            together.search()
        if self.best is None or self.cost > self.bound * (1 + max(Fraction(budget.gap), NAIVE_GAP)):
            self._one_by_one(budget)
            self._last_at_once(budget)

    def hold_alone(self) -> None:
        """Take the bounds of the phases alone as one of all of them."""
        months = (phase.months for phase in self.phases)
        self.bound = max(self.bound, sum((m * b for m, b in zip(months, self.bounds, strict=True)), Fraction(0)))

    def _sized(self, number: int, case: Case, budget: Budget) -> Clusters:
        """Return the clusters of a phase in a case, idle ones too; note its bound when the case is its own."""
        phase, own = self.phases[number], case is self.phases[number].case
        clusters: Clusters = ()
        if phase.pools:
            search = PoolsSearch(case, self.site, phase.pools)
            search.start(budget)
            if not budget.spent:
                search.improve(budget)
            clusters = search.plan.clusters
            if own:
                self.bounds[number] = max(self.bounds[number], search.plan.bound)
        return (*clusters, *self.idle(number, case))

    def idle(self, number: int, case: Case) -> Iterator[Cluster]:
        """Yield the clusters that stand in pools without a VM in a phase."""
        loaded = {pool.name for pool in self.phases[number].pools}
        for each in standing_clusters(case):
            if each.site == self.site and each.pool in self.names and each.pool not in loaded:
                yield idle_cluster(case, each)

    def _one_by_one(self, budget: Budget) -> None:
        self.consider_dealt(lambda number, case: self._sized(number, case, budget))

    def _last_at_once(self, budget: Budget) -> None:
        """Buy what the last phase needs on day one."""
        last, case = len(self.phases) - 1, self.phases[0].case
        standing = [
            idle_cluster(case, each)
            for each in standing_clusters(case)
            if each.site == self.site and each.pool in self.names
        ]
        bought = self._sized(last, standing_on(self.phases[last].case, standing), budget)
        self.consider_dealt(lambda number, case: self._sized(number, case, budget.until(0.0)), bought)

    def consider_dealt(self, deal: Deal, standing: Clusters | None = None) -> None:
        """Deal phase by phase, each on top of the one before; keep what comes of it if it is the best."""
        plans: list[Clusters] = []
        for number, phase in enumerate(self.phases):
            before = standing if number == 0 else plans[-1]
            plans.append(deal(number, phase.case if before is None else standing_on(phase.case, before)))
        self._consider(plans)

    def _consider(self, plans: Sequence[Clusters]) -> None:
        most = self.phases[0].case.workload.policy.max_clusters
        if most is not None and any(len(each) > most for each in plans):
            return
        costs = (p.months * clusters_cost(p.case, clusters) for p, clusters in zip(self.phases, plans, strict=True))
        cost = sum(costs, Fraction(0))
        if self.best is None or cost < self.cost:
            self.best, self.cost = tuple(plans), cost

    def close(self, budget: Budget) -> bool:
        """Return whether the best plans are as close to the bound as asked for."""
        return self.best is not None and self.cost <= self.bound * (1 + max(Fraction(budget.gap), CLOSE))


class _Together:
    """The model of all phases: its bound, and the plans that come of its hosts."""

    def __init__(self, search: SiteOverTime, budget: Budget):
        self._search, self._budget = search, replace(budget, gap=max(budget.gap, GAPS[-1]))
        self._columns = [CoveringLp(phase.case, phase.pools) if phase.pools else None for phase in search.phases]
        self._cuts: list[list[Cut]] = [[] for _ in search.phases]
        self._dives: dict[tuple[int, tuple[int, ...]], Dive | None] = {}

    def search(self) -> None:
        """Improve bound and plans, with cuts and dives."""
        for number in range(len(self._search.phases)):
            self._sharpen_alone(number)
        self._search.hold_alone()
        self._sharpen()
        self._placements()

    def _fleets(self, slack: Fraction = Fraction(0), *, sums: bool = True) -> list[FleetIlp]:
        """Return the ILPs of all phases on one model."""
        search, model, made = self._search, Model(), list[FleetIlp]()
        blades: dict[str, dict[str, None]] = {name: {} for name in search.names}
        for each in standing_clusters(search.phases[0].case):
            if each.site == search.site and each.pool in blades:
                blades[each.pool][each.blade] = None
        for number, phase in enumerate(search.phases):
            carried = {name: tuple(some) for name, some in blades.items()} if number else None
            fleets = FleetIlp(phase.case, search.site, phase.pools, model=model, named=search.names, carried=carried)
            if sums:
                fleets.bound(self._cuts[number], slack)
            if made:
                self._tie(made[-1], fleets, carried or {})
            for entry in fleets.types:
                blades[entry.pool.name][entry.blade] = None
            made.append(fleets)
        if sums:
            model.relax(unknown for fleets in made for unknown in fleets.loosen())
        return made

    def _tie(self, before: FleetIlp, after: FleetIlp, carried: dict[str, tuple[str, ...]]) -> None:
        """Hosts and clusters never fall; a new cluster brings hosts of its own (TIME-2)."""
        least = self._search.phases[0].case.workload.policy.host_failures + 1
        for pool, blades in carried.items():
            for blade in blades:
                (hosts, clusters), (later, more) = before.standing(pool, blade), after.standing(pool, blade)
                after.model.at_most(clusters - more, 0)
                after.model.at_most(hosts + least * (more - clusters) - later, 0)

    def _objective(self, fleets: Sequence[FleetIlp]) -> Linear:
        pairs = zip(self._search.phases, fleets, strict=True)
        return add(phase.months * each.objective for phase, each in pairs)

    def _note(self, bound: Fraction) -> None:
        search = self._search
        search.bound = max(search.bound, bound)
        best = search.cost if search.best else None
        self._budget.report(f"placing VMs of all phases at {search.site}", search.bound, best)

    def solve(self, patterns: Sequence[Mapping[tuple[str, ClusterKind], Sequence[Pattern]]]) -> None:
        """Solve with every pattern of every phase listed."""
        search, fleets = self._search, self._fleets(sums=False)
        pairs = zip(search.phases, fleets, patterns, strict=True)
        listed = [list_patterns(phase.case, each, known) for phase, each, known in pairs]
        outcome = fleets[0].model.minimise(self._objective(fleets), self._budget)
        if outcome.infeasible:
            self._refuse()
        if outcome.found:
            self._note(outcome.bound)
            hosts = [loaded_hosts(each, some) for each, some in zip(fleets, listed, strict=True)]
            search.consider_dealt(
                lambda number, case: (
                    *clusters_of_hosts(case, search.phases[number].pools, fleets[number], hosts[number]),
                    *search.idle(number, case),
                )
            )

    def _refuse(self) -> None:
        limit = self._search.phases[0].case.workload.policy.max_clusters
        message = f"no plan for {self._search.site} with max_clusters {limit} in all phases; raise it or merge pools"
        raise NoPlanError([Fault(message, path="policy.max_clusters", rule=MAX_CLUSTERS.id)])

    def _sharpen_alone(self, number: int) -> None:
        """Find the cuts of a phase that its own cheapest hosts break, and its bound with them."""
        phase, columns = self._search.phases[number], self._columns[number]
        if columns is None:
            return
        fleets = FleetIlp(phase.case, self._search.site, phase.pools)
        fleets.bound(())
        while (outcome := fleets.minimise(self._budget)).found:
            self._search.bounds[number] = max(self._search.bounds[number], outcome.bound)
            full = len(self._cuts[number]) >= CUTS_MAX or self._budget.spent
            cut = None if full else find_cut(columns, fleets.target(), self._budget)
            if cut is None:
                break
            self._cuts[number].append(cut)
            fleets.add_cut(cut)

    def _sharpen(self) -> None:
        """Raise the bound by cuts of each phase until the hosts that the model wants could hold the items.

        The model is solved roughly first, and finer where that leads to no cut.
        """
        fleets = self._fleets()
        objective, model = self._objective(fleets), fleets[0].model
        for gap in GAPS:
            search = replace(self._budget, gap=max(self._budget.gap, gap), nodes=NODES)
            while (outcome := model.minimise(objective, search)).found:
                self._note(outcome.bound)
                if not self._cut(fleets) or self._budget.spent:
                    break
            if outcome.infeasible:
                self._refuse()
            if self._budget.spent:
                break

    def _cut(self, fleets: Sequence[FleetIlp]) -> bool:
        """Add a cut of each phase whose hosts could not hold its items; return whether there was one."""
        targets, added = [each.target() for each in fleets], False
        for number, columns in enumerate(self._columns):
            if columns is None or len(self._cuts[number]) >= CUTS_MAX or self._budget.spent:
                continue
            cut = find_cut(columns, targets[number], self._budget)
            if cut is not None:
                self._cuts[number].append(cut)
                fleets[number].add_cut(cut)
                added = True
        return added

    def _placements(self) -> None:
        """Fill the hosts that the model wants, with more and more slack, until that leads no further."""
        search, tried = self._search, set[tuple[tuple[int, ...], ...]]()
        for slack in SLACKS:
            fleets = self._fleets(slack)
            objective = self._objective(fleets)
            if self._budget.spent or search.close(self._budget):
                return
            if not fleets[0].model.minimise(objective, replace(self._budget, nodes=NODES)).found:
                return
            if search.best is not None and fleets[0].model.exact(objective) >= search.cost:
                return
            loaded = tuple(each.target().loaded for each in fleets)
            if loaded not in tried:
                tried.add(loaded)
                dives = [self._dive(number, hosts) for number, hosts in enumerate(loaded)]
                search.consider_dealt(partial(self._dealt, fleets, dives))

    def _dive(self, number: int, loaded: tuple[int, ...]) -> Dive | None:
        """Fill the hosts of a phase; what finds no place gets as few hosts more as hold it, where that is not much."""
        phase, columns = self._search.phases[number], self._columns[number]
        if columns is None:
            return None
        if (number, loaded) not in self._dives:
            found = dive(phase.case, phase.pools, columns, loaded, self._budget, always=True)
            if found is not None and found.rest.any():
                found = next(iter(completed(phase.case, columns.types, found)), found)
            self._dives[number, loaded] = found
        return self._dives[number, loaded]

    def _dealt(self, fleets: Sequence[FleetIlp], dives: Sequence[Dive | None], number: int, case: Case) -> Clusters:
        columns, found, idle = self._columns[number], dives[number], self._search.idle(number, case)
        if columns is None or found is None:
            return tuple(idle)
        pools = self._search.phases[number].pools
        return (*clusters_of_dive(case, pools, columns, fleets[number], found), *idle)
