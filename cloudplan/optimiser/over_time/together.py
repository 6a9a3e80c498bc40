"""The model of the clusters of all phases: its bound, and the plans that come of its hosts.

The ILPs of hosts of all phases stand in one model, tied by rows: hosts and clusters of a blade type in a pool never
fall. Its optimum, with the cuts of each phase, is the bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial

from cloudplan.base.errors import Fault, NoPlanError
from cloudplan.optimiser.compute.diving import Dive, dive
from cloudplan.optimiser.compute.fleet_ilp import FleetIlp
from cloudplan.optimiser.compute.further_hosts import completed
from cloudplan.optimiser.compute.kinds import ClusterKind
from cloudplan.optimiser.compute.patterns import Pattern
from cloudplan.optimiser.compute.search import SLACKS, clusters_of_dive, clusters_of_hosts, list_patterns, loaded_hosts
from cloudplan.optimiser.over_time.on_top import Clusters, PlansOverTime
from cloudplan.optimiser.over_time.sharing import Sharing
from cloudplan.optimiser.solver import TOLERANCE, Budget, Model, add
from cloudplan.rules.compute import MAX_CLUSTERS
from cloudplan.rules.rule import Linear
from cloudplan.rules.standing import standing_clusters
from cloudplan.workload.case import Case

GAPS, FINEST, NODES = (1e-3, 1e-3, 1e-4), 1e-5, 500
"""Gaps to which the model of all phases is solved for cuts, one after the other, and at last for placements; and its
nodes: its bound holds all the same."""

PAIR_NODES = 1500
"""Nodes of the model when it is solved for the cost of two phases."""


class Together:
    """The model of all phases of one search."""

    def __init__(self, search: PlansOverTime, budget: Budget):
        self._search, self._budget = search, budget

    def fleets(self) -> list[FleetIlp]:
        """Return the ILPs of all phases on one model."""
        search, model, made = self._search, Model(), list[FleetIlp]()
        blades: dict[str, dict[str, None]] = {name: {} for name in search.names}
        for each in standing_clusters(search.phases[0].case):
            if each.site == search.site and each.pool in blades:
                blades[each.pool][each.blade] = None
        for number, phase in enumerate(search.phases):
            carried = {name: tuple(some) for name, some in blades.items()} if number else None
            fleets = FleetIlp(phase.case, search.site, phase.pools, model=model, named=search.names, carried=carried)
            if made:
                self._tie(made[-1], fleets, carried or {})
            for entry in fleets.types:
                blades[entry.pool.name][entry.blade] = None
            made.append(fleets)
        return made

    def _tie(self, before: FleetIlp, after: FleetIlp, carried: dict[str, tuple[str, ...]]) -> None:
        """Hosts and clusters never fall; a new cluster brings hosts of its own (TIME-2)."""
        least = self._search.phases[0].case.workload.policy.host_failures + 1
        for pool, blades in carried.items():
            for blade in blades:
                (hosts, clusters), (later, more) = before.standing(pool, blade), after.standing(pool, blade)
                after.model.at_most(clusters - more, 0)
                after.model.at_most(hosts + least * (more - clusters) - later, 0)

    def objective(self, fleets: Sequence[FleetIlp]) -> Linear:
        """Return what all phases cost over their months."""
        pairs = zip(self._search.phases, fleets, strict=True)
        return add(phase.months * each.objective for phase, each in pairs)

    def note(self, bound: Fraction) -> None:
        """Keep a bound if it is the best, and tell it."""
        search = self._search
        search.bound = max(search.bound, bound)
        best = search.cost if search.best else None
        self._budget.report(f"placing VMs of all phases at {search.site}", search.bound, best)

    def solve(self, patterns: Sequence[Mapping[tuple[str, ClusterKind], Sequence[Pattern]]]) -> None:
        """Solve with every pattern of every phase listed."""
        search, fleets = self._search, self.fleets()
        pairs = zip(search.phases, fleets, patterns, strict=True)
        listed = [list_patterns(phase.case, each, known) for phase, each, known in pairs]
        outcome = fleets[0].model.minimise(self.objective(fleets), self._budget)
        if outcome.infeasible:
            self.refuse()
        if outcome.found:
            self.note(outcome.bound)
            hosts = [loaded_hosts(each, some) for each, some in zip(fleets, listed, strict=True)]
            search.consider_dealt(
                lambda number, case: (
                    *clusters_of_hosts(case, search.phases[number].pools, fleets[number], hosts[number]),
                    *search.idle(number, case),
                )
            )

    def refuse(self) -> None:
        """Raise NoPlanError: no clusters keep the rules of all phases."""
        limit = self._search.phases[0].case.workload.policy.max_clusters
        message = f"no plan for {self._search.site} with max_clusters {limit} in all phases; raise it or merge pools"
        raise NoPlanError([Fault(message, path="policy.max_clusters", rule=MAX_CLUSTERS.id)])


class TogetherByCuts(Together):
    """The model of all phases where patterns are too many to list: sums and cuts stand for them."""

    def __init__(self, search: PlansOverTime, sharing: Sharing, budget: Budget):
        super().__init__(search, replace(budget, gap=max(budget.gap, FINEST)))
        self._sharing = sharing
        self._dives: dict[tuple[int, tuple[int, ...]], tuple[Dive, bool]] = {}

    def sharpen(self) -> None:
        """Raise the bound, by cuts of each phase alone, then of all together, and by what two in a row cost."""
        for number in reversed(range(len(self._search.phases))):
            self._sharpen_alone(number)
        self._search.hold_alone()
        self._sharpen()
        self._sharpen_pairs()

    def _bounded(self, slacks: Sequence[Fraction] = ()) -> list[FleetIlp]:
        """Return the ILPs with sums and cuts, with a slack for each phase; none costs less than it would alone."""
        made = self.fleets()
        for number, fleets in enumerate(made):
            known = self._sharing.known[number]
            fleets.bound(known.cuts if known else (), slacks[number] if slacks else Fraction(0))
            fleets.model.at_most(self._search.bounds[number] * (1 - TOLERANCE), fleets.objective)
        made[0].model.relax(unknown for fleets in made for unknown in fleets.loosen())
        return made

    def _sharpen_alone(self, number: int) -> None:
        """Find the cuts of a phase that its own cheapest hosts break, and its bound with them."""
        phase, known = self._search.phases[number], self._sharing.known[number]
        if known is None:
            return
        fleets = FleetIlp(phase.case, self._search.site, phase.pools)
        fleets.bound(known.cuts)
        while (outcome := fleets.minimise(self._budget)).found:
            self._search.bounds[number] = max(self._search.bounds[number], outcome.bound)
            cut = self._sharing.cut(number, fleets.target(), self._budget)
            if cut is None:
                break
            fleets.add_cut(cut)

    def _sharpen(self) -> None:
        """Raise the bound by cuts of each phase whose hosts, as the model wants them, could not hold the items.

        The model is solved roughly first, and finer then.
        """
        fleets = self._bounded()
        objective, model = self.objective(fleets), fleets[0].model
        for gap in GAPS:
            outcome = model.minimise(objective, replace(self._budget, gap=max(self._budget.gap, gap), nodes=NODES))
            if outcome.infeasible:
                self.refuse()
            if not outcome.found:
                return
            self.note(outcome.bound)
            if self._budget.spent:
                return
            self._cut(fleets)

    def _pair(self, fleets: Sequence[FleetIlp], number: int) -> Linear:
        """Return what a phase and the next one cost over their months."""
        both = self._search.phases[number : number + 2]
        return add(phase.months * each.objective for phase, each in zip(both, fleets[number:], strict=False))

    def _sharpen_pairs(self) -> None:
        """Raise the bound by what two phases in a row cost at least: that is proven long before what all of them do."""
        fleets, search = self._bounded(), replace(self._budget, nodes=PAIR_NODES)
        model, pairs = fleets[0].model, list[tuple[Fraction, Linear]]()
        for number in range(len(fleets) - 1):
            if self._budget.spent:
                break
            both = self._pair(fleets, number)
            outcome = model.minimise(both, search)
            if outcome.found:
                pairs.append((outcome.bound, both))
        for bound, both in pairs:
            model.at_most(bound * (1 - TOLERANCE), both)
        self.note(model.minimise(self.objective(fleets), replace(self._budget, nodes=1)).bound)

    def _cut(self, fleets: Sequence[FleetIlp]) -> None:
        """Add a cut of each phase whose hosts could not hold its items."""
        targets = [each.target() for each in fleets]
        for number in reversed(range(len(fleets))):
            cut = self._sharing.cut(number, targets[number], self._budget)
            if cut is not None:
                fleets[number].add_cut(cut)

    def place(self) -> None:
        """Fill the hosts that the model wants; ask for more room in the phases where that fails, until all is full."""
        search, slacks = self._search, [0] * len(self._search.phases)
        while not self._budget.spent and not search.close(self._budget):
            fleets = self._bounded([SLACKS[slack] for slack in slacks])
            objective = self.objective(fleets)
            outcome = fleets[0].model.minimise(objective, replace(self._budget, nodes=NODES))
            if not outcome.found:
                return
            if not any(slacks):
                self.note(outcome.bound)
            if search.best is not None and fleets[0].model.exact(objective) >= search.cost:
                return
            dives = [self._dive(number, each.target().loaded) for number, each in enumerate(fleets)]
            search.consider_dealt(partial(self._dealt, fleets, dives))
            failed = [number for number, found in enumerate(dives) if found and found[1]]
            if not failed or all(slacks[number] + 1 == len(SLACKS) for number in failed):
                return
            for number in failed:
                slacks[number] = min(slacks[number] + 1, len(SLACKS) - 1)

    def _dive(self, number: int, loaded: tuple[int, ...]) -> tuple[Dive, bool] | None:
        """Fill the hosts of a phase; what finds no place gets as few hosts more as hold it, where that is not much.

        Return what they hold, and whether anything had found no place.
        """
        phase, known = self._search.phases[number], self._sharing.known[number]
        if known is None:
            return None
        if (number, loaded) not in self._dives:
            known.columns.turn_to(phase.pools)
            found = dive(phase.case, phase.pools, known.columns, loaded, self._budget)
            failed = bool(found.rest.any())
            if failed:
                found = next(iter(completed(phase.case, known.columns.types, found)), found)
            self._dives[number, loaded] = found, failed
        return self._dives[number, loaded]

    def _dealt(
        self, fleets: Sequence[FleetIlp], dives: Sequence[tuple[Dive, bool] | None], number: int, case: Case
    ) -> Clusters:
        known, found, idle = self._sharing.known[number], dives[number], self._search.idle(number, case)
        if known is None or found is None:
            return tuple(idle)
        pools = self._search.phases[number].pools
        return (*clusters_of_dive(case, pools, known.columns, fleets[number], found[0]), *idle)
