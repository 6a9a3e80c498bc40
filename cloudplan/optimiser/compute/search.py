"""The cheapest clusters of a site, with a placement for every VM and a proven lower bound.

When the patterns of one host can be listed, they stand in the ILP of hosts, clusters and memory, and its optimum is
exact. Otherwise that ILP keeps sums, and cuts that column generation adds until the hosts it wants could hold all
items in fractions; it is a bound then. A dive along the columns fills those hosts. While items are left over, it is
tried with a little more room; the cheapest placement counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cloudplan.base.errors import BadInputError, Fault, NoPlanError, TimeLimitError
from cloudplan.evaluation.items import missing_prices
from cloudplan.evaluation.third_party import clusters_cost
from cloudplan.optimiser.compute.apart import with_worth
from cloudplan.optimiser.compute.clusters import Fleet, deal_hosts
from cloudplan.optimiser.compute.column_generation import CoveringLp, Target
from cloudplan.optimiser.compute.cuts import Cut, find_cut
from cloudplan.optimiser.compute.diving import Dive, dive
from cloudplan.optimiser.compute.first_plan import greedy, least_cost, on_one_type
from cloudplan.optimiser.compute.fleet_ilp import FleetIlp, FleetType
from cloudplan.optimiser.compute.further_hosts import cheapest_hosts, completed
from cloudplan.optimiser.compute.kinds import ClusterKind
from cloudplan.optimiser.compute.patterns import Grid, Pattern, maximal_patterns
from cloudplan.optimiser.compute.shapes import Pool
from cloudplan.optimiser.solver import Budget, Outcome, Unknown, add, total
from cloudplan.plan.plan import Cluster
from cloudplan.rules.compute import MAX_CLUSTERS, memory_ceiling, memory_is_unpriced
from cloudplan.workload.case import Case

PATTERN_STEPS = 100_000
"""Steps of the pattern search of one blade type after which its patterns count as too many to list."""

PATTERNS_MAX = 5_000
"""Patterns in one ILP beyond which the sums are used instead."""

CUTS_MAX = 100
"""Cuts after which the bound is left as it is."""

CLOSE = Fraction(1, 20_000)
"""A placement this close to the bound, as a share of it, ends the search."""

SLACKS = tuple(
    Fraction(share, 100_000) for share in (0, 2, 5, 10, 20, 40, 70, 100, 140, 200, 400, 800, 1500, 3000, 6000)
)
"""What hosts are asked to offer beyond the sums and cuts, as a share of them."""

ALIKE = 2
"""Targets that are filled with each slack: others cost as much, or little more."""


@dataclass(frozen=True)
class SitePlan:
    """The clusters of a site, their cost, and the bound that proves how good they are."""

    site: str
    clusters: tuple[Cluster, ...]
    cost: Fraction
    bound: Fraction


@dataclass(frozen=True)
class Listed:
    """A blade type in a pool with its items and its patterns: how many items of each shape, hosts of each pattern."""

    fleet: FleetType
    items: Mapping[int, Unknown]
    patterns: Sequence[tuple[Pattern, Unknown]]


@dataclass(frozen=True)
class Known:
    """What was found before for pools that are the same but for what stands already: patterns, and valid cuts."""

    columns: CoveringLp
    cuts: list[Cut]

    def suits(self, case: Case, pools: Sequence[Pool]) -> bool:
        """Return whether it tells of the very kinds of clusters that pools may have."""
        return [entry.key for entry in self.columns.types] == [
            (pool.name, kind) for pool in pools for kind in pool.kinds(case)
        ]


class PoolsSearch:
    """The search for the clusters of the pools of a site that are solved together: its plan gets better and better.

    Pools with something `known` are too large to list their patterns.
    """

    def __init__(self, case: Case, site: str, pools: Sequence[Pool], known: Known | None = None):
        self._case, self._site, self._pools = case, site, [with_worth(case, pool) for pool in pools]
        self._known = known if known and known.suits(case, self._pools) else None
        self._plan: SitePlan | None = None

    @property
    def plan(self) -> SitePlan:
        """The best clusters so far; raises TimeLimitError when none have few enough."""
        if self._plan is None:
            raise TimeLimitError(f"no placement with few enough clusters was found for {self._site} in the time given")
        return self._plan

    @property
    def left(self) -> Fraction | None:
        """What is left between cost and bound; None while there is no plan."""
        return self._plan.cost - self._plan.bound if self._plan else None

    def start(self, budget: Budget) -> None:
        """Place first-fit, each shape on its best blade type or all on one, with a bound that needs no solver."""
        most = self._case.workload.policy.max_clusters
        bound = sum((least_cost(self._case, pool) for pool in self._pools), Fraction(0))
        for clusters in (greedy(self._case, self._pools), *on_one_type(self._case, self._pools)):
            if most is None or len(clusters) <= most:
                self._keep(SitePlan(self._site, clusters, clusters_cost(self._case, clusters), bound))

    def improve(self, budget: Budget) -> None:
        """Search until cost and bound meet, or the budget is spent.

        Raises NoPlanError when `max_clusters` is too low for any plan.
        """
        budget.progress(f"placing VMs at {self._site}")
        if self._known:
            self._keep(_Search(self._case, self._site, self._pools, budget, self._known).run())
        else:
            self._keep(_plan(self._case, self._site, self._pools, budget))

    def _keep(self, found: SitePlan | None) -> None:
        """Keep the better plan and the better bound."""
        if found and self._plan:
            better = min(self._plan, found, key=lambda plan: plan.cost)
            found = replace(better, bound=max(self._plan.bound, found.bound))
        self._plan = found or self._plan


def searches(case: Case, site: str, pools: Sequence[Pool]) -> list[PoolsSearch]:
    """Return the searches of a site: pools meet only in `max_clusters`; without it each is solved alone."""
    together = [list(pools)] if case.workload.policy.max_clusters is not None else [[pool] for pool in pools]
    return [PoolsSearch(case, site, part) for part in together]


def _plan(case: Case, site: str, pools: Sequence[Pool], budget: Budget) -> SitePlan | None:
    """Return the cheapest clusters of pools that are solved together: exactly if their patterns can be listed."""
    patterns = all_patterns(case, pools)
    if patterns is not None:
        fleets = FleetIlp(case, site, pools)
        listed = list_patterns(case, fleets, patterns)
        if any(len(pool.licence_sets) > 1 for pool in pools):
            fleets.add_sums()  # they follow from the patterns, and help where kinds are many
        outcome = _minimise(case, site, pools, fleets, budget)
        if outcome.found:
            fleets.settle_ties(budget)
            clusters = clusters_of_hosts(case, pools, fleets, loaded_hosts(fleets, listed))
            return SitePlan(site, clusters, clusters_cost(case, clusters), outcome.bound)
    return _Search(case, site, pools, budget, Known(CoveringLp(case, pools), [])).run()


class _Search:
    """The search for the clusters of pools with too many patterns to list."""

    def __init__(self, case: Case, site: str, pools: Sequence[Pool], budget: Budget, known: Known):
        self._case, self._site, self._pools, self._budget = case, site, pools, budget
        self._columns, self._cuts = known.columns, known.cuts
        self._columns.turn_to(pools)
        self._kept: set[Target] = set()
        """Targets for which there is no cut."""
        self._bound = Fraction(0)
        self._best: SitePlan | None = None

    def run(self) -> SitePlan | None:
        """Return the best clusters found; None when none are few enough."""
        self._consider(greedy(self._case, self._pools))
        self._sharpen()
        for clusters in self._placements():
            self._consider(clusters)
            if self._close or self._budget.spent:
                break
        return replace(self._best, bound=self._bound) if self._best else None

    @property
    def _close(self) -> bool:
        """Whether the best placement is as close to the bound as asked for."""
        enough = self._bound + max(Fraction(self._budget.gap), CLOSE) * self._bound
        return self._best is not None and self._best.cost <= enough

    def _consider(self, clusters: tuple[Cluster, ...]) -> None:
        """Keep clusters that are the best so far."""
        limit, price = self._case.workload.policy.max_clusters, clusters_cost(self._case, clusters)
        if (limit is None or len(clusters) <= limit) and (self._best is None or price < self._best.cost):
            self._best = SitePlan(self._site, clusters, price, self._bound)
        self._report()

    def _report(self) -> None:
        best = self._best.cost if self._best else None
        self._budget.report(f"placing VMs at {self._site}", self._bound, best)

    def _fleets(self, slack: Fraction = Fraction(0)) -> FleetIlp:
        """Return the ILP with its sums and with the cuts so far."""
        fleets = FleetIlp(self._case, self._site, self._pools)
        fleets.bound(self._cuts, slack)
        return fleets

    def _sharpen(self) -> None:
        """Raise the bound by cuts until the hosts that the ILP wants could hold the items."""
        fleets = self._fleets()
        outcome = _minimise(self._case, self._site, self._pools, fleets, self._budget.unlimited)  # it is small
        while outcome.found:
            self._bound = max(self._bound, outcome.bound)
            self._report()
            cut = self._cut(fleets.target())
            if cut is None:
                break
            fleets.add_cut(cut)
            outcome = _minimise(self._case, self._site, self._pools, fleets, self._budget, self._cuts)

    def _cut(self, target: Target) -> Cut | None:
        """Return a new cut that a target breaks, if there is one and not enough of them."""
        if target in self._kept or len(self._cuts) >= CUTS_MAX or self._budget.spent:
            return None
        cut = find_cut(self._columns, target, self._budget)
        if cut is None:
            self._kept.add(target)
        else:
            self._cuts.append(cut)
        return cut

    def _placements(self) -> Iterator[tuple[Cluster, ...]]:
        """Yield placements on the hosts that the ILP wants, with hosts more where need be.

        Ends with the first that needs no more than the ILP says.
        """
        for fleets, found in self._dives():
            clusters = self._clusters(fleets, found)
            yield clusters
            if not found.rest.any() and clusters_cost(self._case, clusters) <= fleets.model.exact(fleets.objective):
                break
            for complete in completed(self._case, self._columns.types, found):
                yield self._clusters(fleets, complete)

    def _dives(self) -> Iterator[tuple[FleetIlp, Dive]]:
        """Yield the hosts that the ILP wants, with more and more slack, filled by a dive.

        Where no patterns can cover the items on them, a cut leads the ILP to other hosts. Hosts that were tried are
        left alone then, and so is any part of them.
        """
        failed: list[tuple[int, ...]] = []
        for slack in SLACKS:
            fleets = self._fleets(slack)
            for loaded in failed:
                fleets.exclude(loaded)
            for _ in range(ALIKE):
                target = self._target(fleets, slack)
                if target is None:
                    return
                yield fleets, dive(self._case, self._pools, self._columns, target.loaded, self._budget)
                failed.append(target.loaded)
                fleets.exclude(target.loaded)

    def _target(self, fleets: FleetIlp, slack: Fraction) -> Target | None:
        """Return hosts that keep all rows, could hold the items and cost less than the best placement, if there are."""
        while self._promises(fleets):
            target = fleets.target()
            cut = self._cut(target)
            if cut is None:
                return target
            fleets.add_cut(cut, slack)
        return None

    def _promises(self, fleets: FleetIlp) -> bool:
        """Return whether there are hosts that keep all rows and cost less than the best placement."""
        if not fleets.minimise(self._budget).found:
            return False
        return self._best is None or fleets.model.exact(fleets.objective) < self._best.cost

    def _clusters(self, fleets: FleetIlp, found: Dive) -> tuple[Cluster, ...]:
        return clusters_of_dive(self._case, self._pools, self._columns, fleets, found)


def clusters_of_dive(
    case: Case, pools: Sequence[Pool], columns: CoveringLp, fleets: FleetIlp, found: Dive
) -> tuple[Cluster, ...]:
    """Return the clusters of a dive, with more hosts for what is left over."""
    held: dict[tuple[str, ClusterKind], list[Pattern]] = {}
    for number, entry in enumerate(fleets.types):
        contents = found.filling.held[found.filling.kinds == number][:, columns.rows_of(entry.pool)]
        held[entry.key] = [tuple(map(int, content)) for content in contents if content.any()]
    for pool in pools:
        left = found.rest[columns.rows_of(pool)]
        for kind, more in cheapest_hosts(case, pool, [int(count) for count in left]).items():
            if more:
                held[pool.name, kind] += more
    return clusters_of_hosts(case, pools, fleets, held)


def _minimise(
    case: Case, site: str, pools: Sequence[Pool], fleets: FleetIlp, budget: Budget, cuts: Sequence[Cut] = ()
) -> Outcome:
    """Search for the least cost; raise if there is no plan at all."""
    outcome = fleets.minimise(budget)
    if outcome.infeasible:
        if memory_is_unpriced(case):
            free = FleetIlp(case, site, pools, any_memory=True)
            free.bound(cuts)
            if not free.model.impossible(budget):
                raise BadInputError(missing_prices(case, [case.edition.services.memory]))
        limit = case.workload.policy.max_clusters
        message = f"no plan for {site} with max_clusters {limit}; raise it or merge pools"
        raise NoPlanError([Fault(message, path="policy.max_clusters", rule=MAX_CLUSTERS.id)])
    return outcome


def all_patterns(case: Case, pools: Sequence[Pool]) -> dict[tuple[str, ClusterKind], list[Pattern]] | None:
    """Return every maximal pattern of each pool and kind of cluster, or None when there are too many to list."""
    listed: dict[tuple[str, ClusterKind], list[Pattern]] = {}
    for pool in pools:
        for kind in pool.kinds(case):
            shapes = [pool.shapes[index] for index in pool.shapes_on(kind.blade, kind.licences.names)]
            grid = Grid.of(case, kind.blade, shapes, [shape.count for shape in shapes])
            patterns = maximal_patterns(grid, PATTERN_STEPS)
            if patterns is None:
                return None
            listed[pool.name, kind] = patterns
    return listed if sum(map(len, listed.values())) <= PATTERNS_MAX else None


def list_patterns(
    case: Case, fleets: FleetIlp, patterns: Mapping[tuple[str, ClusterKind], Sequence[Pattern]]
) -> list[Listed]:
    """Add items and patterns to the ILP: each item stands in a pattern of a loaded host."""
    model, types = fleets.model, []
    for fleet in fleets.types:
        indexes = fleet.pool.shapes_on(fleet.blade, fleet.kind.licences.names)
        items = {index: model.whole(0, fleet.pool.shapes[index].count) for index in indexes}
        types.append(Listed(fleet, items, [(pattern, model.whole()) for pattern in patterns[fleet.key]]))
    for entry in types:
        for position, unknown in enumerate(entry.items.values()):
            model.at_most(unknown, total((times, pattern[position]) for pattern, times in entry.patterns))
        model.at_most(add(times for _, times in entry.patterns), entry.fleet.loaded)
        shapes = entry.fleet.pool.shapes
        used = total((unknown, shapes[index].memory_mib) for index, unknown in entry.items.items())
        model.keep(memory_ceiling(case, entry.fleet.place, used_mib=used, memory_gib=entry.fleet.memory_gib))
    for pool in fleets.pools:
        mine = [entry for entry in types if entry.fleet.pool is pool]
        for index, shape in enumerate(pool.shapes):
            model.equal(add(entry.items[index] for entry in mine if index in entry.items), shape.count)
    return types


def loaded_hosts(fleets: FleetIlp, listed: Sequence[Listed]) -> dict[tuple[str, ClusterKind], list[Pattern]]:
    """Return what each loaded host holds: the chosen patterns, filled with the items there are."""
    loaded: dict[tuple[str, ClusterKind], list[Pattern]] = {}
    for entry in listed:
        left = {index: fleets.model.value(unknown) for index, unknown in entry.items.items()}
        hosts = loaded[entry.fleet.key] = []
        for pattern, times in entry.patterns:
            for _ in range(fleets.model.value(times)):
                counts = [0] * len(entry.fleet.pool.shapes)
                for index, room in zip(entry.items, pattern, strict=True):
                    counts[index] = min(room, left[index])
                    left[index] -= counts[index]
                if any(counts):
                    hosts.append(tuple(counts))
    return loaded


def clusters_of_hosts(
    case: Case, pools: Sequence[Pool], fleets: FleetIlp, loaded: Mapping[tuple[str, ClusterKind], Sequence[Pattern]]
) -> tuple[Cluster, ...]:
    """Return the clusters of loaded hosts, with as many hosts in all as the model wants."""
    clusters: list[Cluster] = []
    for pool in pools:
        mine = [entry for entry in fleets.types if entry.pool is pool]
        wanted = [Fleet(entry.blade, loaded[entry.key], fleets.model.value(entry.hosts)) for entry in mine]
        clusters += deal_hosts(case, pool, list(_with_idle(fleets, pool, wanted)) if fleets.idle else wanted)
    return tuple(clusters)


def _with_idle(fleets: FleetIlp, pool: Pool, wanted: Sequence[Fleet]) -> Iterator[Fleet]:
    """Yield fleets with the idle hosts of each blade type among those of its first one: dealing decides who is idle."""
    seen: set[str] = set()
    for fleet in wanted:
        more = 0 if fleet.blade in seen else fleets.idle_hosts(pool.name, fleet.blade)
        seen.add(fleet.blade)
        yield replace(fleet, hosts=fleet.hosts + more)
