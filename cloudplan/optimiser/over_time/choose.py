"""The cheapest choices of several phases together, with a proven bound of what they cost. Start here.

Storage of all phases is chosen together, and so are the clusters of each site; the two meet nowhere, as in one plan.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction

from cloudplan.base import money
from cloudplan.base.errors import NoPlanError
from cloudplan.evaluation.items import cost, fixed_items
from cloudplan.evaluation.third_party import clusters_cost, licences_of_instances
from cloudplan.optimiser.compute.clusters import idle_cluster
from cloudplan.optimiser.compute.shapes import Pool, pools_at
from cloudplan.optimiser.memory import Memory, storage_key
from cloudplan.optimiser.optimise import refuse
from cloudplan.optimiser.over_time.clusters import SiteOverTime
from cloudplan.optimiser.over_time.sharing import SitePhase
from cloudplan.optimiser.over_time.storage import StorageOverTime
from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.storage.disaggregation import deal_storage
from cloudplan.optimiser.storage.search import plan_storage
from cloudplan.optimiser.time_shares import improve_all
from cloudplan.plan.plan import Choice, Cluster, Search
from cloudplan.rules.standing import standing_clusters
from cloudplan.workload.case import Case


@dataclass(frozen=True)
class OverTime:
    """The choices of the phases, and what was proven.

    `bound` is a lower bound of the sum of months x cost a month, licences included, before cents; `phase_bounds` are
    those of each phase alone, a month. `ended` says why the search ended, if it did before the proof.
    """

    choices: tuple[Choice, ...]
    bound: Fraction
    phase_bounds: tuple[Fraction, ...]
    ended: Search


def choose_over_time(
    cases: Sequence[Case],
    months: Sequence[int],
    *,
    shrink: bool,
    budget: Budget,
    prove: Callable[[OverTime], object] = lambda _: None,
) -> OverTime:
    """Return the cheapest choices of phases, so many months each, that keep what was bought unless they may `shrink`.

    Under a limit of time `prove` is called once with the first choices: what it takes is kept for the end. What stands
    before the first phase is in its workload. Raises BadInputError for prices that no plan can do without, NoPlanError
    when some phase has no plan or no choice serves them all, TimeLimitError when time ran out before any.
    """
    pools = [{site: pools_at(case, site) for site in case.sites if site in case.cluster_sites} for case in cases]
    for case, here in zip(cases, pools, strict=True):
        with _named(case):
            refuse(case, [pool for parts in here.values() for pool in parts], Memory(), storage_key(case, budget.gap))
    storage = StorageOverTime(cases, months, shrink=shrink)
    sites = _searches(cases, months, pools, shrink=shrink)

    def found(budget: Budget, *, out_of_time: bool) -> OverTime:
        choices, bound, bounds = [], storage.bound + sum((search.bound for search in sites), Fraction(0)), []
        for number, (case, stored) in enumerate(zip(cases, storage.plans, strict=True)):
            datastores, protection = deal_storage(case, stored)
            placed = [each for search in sites for each in search.plans[number]]
            left = _left_standing(cases[0], sites) if number == 0 or not shrink else ()
            choices.append(Choice(clusters=(*placed, *left), datastores=datastores, protection=protection))
            fixed = Fraction(cost(case, fixed_items(case))) + licences_of_instances(case) + clusters_cost(case, left)
            bound += months[number] * fixed
            alone = plan_storage(case, budget).bound + sum((search.bounds[number] for search in sites), Fraction(0))
            bounds.append(fixed + alone)
        bound = max(bound, sum((number * each for number, each in zip(months, bounds, strict=True)), Fraction(0)))
        ended = _ending(budget, storage, sites, out_of_time=out_of_time)
        return OverTime(tuple(choices), bound, tuple(bounds), ended)

    first: list[tuple[list[Fraction], OverTime]] = []
    seconds: list[float] = []

    def reached() -> list[Fraction]:
        return [storage.cost, storage.bound, *(figure for search in sites for figure in (search.cost, search.bound))]

    def seconds_to_prove() -> float:
        begun = time.monotonic()
        first.append((reached(), found(budget.until(0.0), out_of_time=True)))
        prove(first[0][1])
        seconds.append(time.monotonic() - begun)
        return seconds[0]

    out_of_time = improve_all([storage, *sites], budget, seconds_to_prove)
    if out_of_time and first and first[0][0] == reached():
        return first[0][1]
    return found(budget.less(sum(seconds)) if seconds else budget, out_of_time=out_of_time)


@contextmanager
def _named(case: Case) -> Iterator[None]:
    """Name the phase in what it has no plan for."""
    try:
        yield
    except NoPlanError as error:
        raise NoPlanError(replace(fault, where=fault.where or case.workload.name) for fault in error.faults) from None


def _ending(budget: Budget, storage: StorageOverTime, sites: Sequence[SiteOverTime], *, out_of_time: bool) -> Search:
    """Return why the search ended, if it did before the proof."""
    if budget.stopped():
        return Search(ended="time-limit", said="stopped by hand")
    if out_of_time:
        return Search(ended="time-limit", said="the time limit was reached")
    left = {"storage": storage.left or Fraction(0)}
    for search in sites:
        left[search.site] = left.get(search.site, Fraction(0)) + (search.left or 0)
    total = storage.cost + sum((search.cost for search in sites), Fraction(0))
    if sum(left.values()) <= Fraction(budget.gap) * total:
        return Search(ended="gap", said=f"within the gap asked for, {budget.gap:g}")
    named = ", ".join(
        f"{name} {money.amount(money.floor_cents(left[name]))}" for name in sorted(left, key=lambda n: -left[n])
    )
    said = f"the limits of nodes and rounds were spent; left between cost and bound over all months: {named}"
    return Search(ended="budget", said=said)


def _searches(
    cases: Sequence[Case], months: Sequence[int], pools: Sequence[dict[str, list[Pool]]], *, shrink: bool
) -> list[SiteOverTime]:
    """Return the searches: one for each pool of a site, or for all of them where its clusters are limited."""
    found, limited = list[SiteOverTime](), cases[0].workload.policy.max_clusters is not None
    for site in cases[0].sites:
        names = sorted({pool.name for here in pools for pool in here.get(site, ())})
        together = [names] if limited and names else [[name] for name in names]
        for some in together:
            phases = [
                SitePhase(case, number, tuple(pool for pool in here.get(site, ()) if pool.name in some))
                for case, number, here in zip(cases, months, pools, strict=True)
            ]
            found.append(SiteOverTime(site, some, phases, shrink=shrink))
    return found


def _left_standing(case: Case, searches: Sequence[SiteOverTime]) -> tuple[Cluster, ...]:
    """Return the clusters that stand where no VM runs in any phase."""
    searched = {(search.site, name) for search in searches for name in search.names}
    left = (each for each in standing_clusters(case) if (each.site, each.pool) not in searched)
    return tuple(idle_cluster(case, each) for each in left)
