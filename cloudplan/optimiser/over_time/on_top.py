"""Clusters of several phases, each phase on top of the one before: the best found so far, and what was proven.

What one phase leaves standing is what the next begins with, so that the plans keep the rules whatever leads to them.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from cloudplan.base.errors import TimeLimitError
from cloudplan.evaluation.third_party import clusters_cost
from cloudplan.optimiser.compute.clusters import idle_cluster
from cloudplan.optimiser.compute.search import CLOSE, PoolsSearch
from cloudplan.optimiser.over_time.sharing import Sharing, SitePhase
from cloudplan.optimiser.solver import Budget
from cloudplan.plan.plan import Cluster
from cloudplan.plan.standing import standing_cluster
from cloudplan.rules.standing import standing_clusters
from cloudplan.workload.case import Case
from cloudplan.workload.existing import Existing

Clusters = tuple[Cluster, ...]

Deal = Callable[[int, Case], Clusters]
"""Deals the clusters of a phase, by its number, in a case in which those of the phase before stand."""


def standing_on(case: Case, clusters: Sequence[Cluster]) -> Case:
    """Return a case in which clusters, and nothing else, stand already."""
    standing = Existing(clusters=tuple(map(standing_cluster, clusters)), bill=())
    return Case(case.workload.model_copy(update={"existing": standing}), case.edition, case.prices)


class PlansOverTime:
    """The best clusters of some pools of a site over all phases, and the bound of what they cost."""

    def __init__(self, site: str, names: Sequence[str], phases: Sequence[SitePhase]):
        self.site, self.names, self.phases = site, tuple(names), tuple(phases)
        self.bound = Fraction(0)
        self.bounds = [Fraction(0)] * len(phases)
        """Bounds of each phase alone, a month."""
        self.best: tuple[Clusters, ...] | None = None
        self.cost = Fraction(0)
        self.sharing: Sharing | None = None
        """What is known of phases with too many patterns to list."""

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

    def hold_alone(self) -> None:
        """Take the bounds of the phases alone as one of all of them."""
        months = (phase.months for phase in self.phases)
        self.bound = max(self.bound, sum((m * b for m, b in zip(months, self.bounds, strict=True)), Fraction(0)))

    def sized(self, number: int, case: Case, budget: Budget) -> Clusters:
        """Return the clusters of a phase in a case, idle ones too; note its bound when the case is its own."""
        phase, own = self.phases[number], case is self.phases[number].case
        clusters: Clusters = ()
        if phase.pools:
            known = self.sharing.known[number] if self.sharing else None
            search = PoolsSearch(case, self.site, phase.pools, known)
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

    def one_by_one(self, budget: Budget) -> None:
        """Plan each phase on top of the one before."""
        self.consider_dealt(lambda number, case: self.sized(number, case, budget))

    def last_at_once(self, budget: Budget) -> None:
        """Buy what the last phase needs on day one."""
        last, case = len(self.phases) - 1, self.phases[0].case
        standing = [
            idle_cluster(case, each)
            for each in standing_clusters(case)
            if each.site == self.site and each.pool in self.names
        ]
        bought = self.sized(last, standing_on(self.phases[last].case, standing), budget)
        self.consider_dealt(lambda number, case: self.sized(number, case, budget.until(0.0)), bought)

    def consider_dealt(self, deal: Deal, standing: Clusters | None = None) -> None:
        """Deal phase by phase, each on top of the one before; keep what comes of it if it is the best."""
        plans: list[Clusters] = []
        for number, phase in enumerate(self.phases):
            before = standing if number == 0 else plans[-1]
            plans.append(deal(number, phase.case if before is None else standing_on(phase.case, before)))
        self.consider(plans)

    def consider(self, plans: Sequence[Clusters]) -> None:
        """Keep the clusters of all phases if they are the best so far."""
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
