"""The cheapest plan of a workload and its proof.

Compute and storage meet only in the replication mechanism, which changes no compute demand: the clusters of each site
and the storage of all sites are solved apart, and their bounds add up.
"""

import operator
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial

from cloudplan.base import money
from cloudplan.base.errors import BadInputError, Fault, InternalError, NoPlanError
from cloudplan.catalog.edition import Edition, Item
from cloudplan.evaluation.bom import bill, monthly
from cloudplan.evaluation.document import document
from cloudplan.evaluation.items import CLASSES, cost, fixed_items, missing_prices
from cloudplan.evaluation.third_party import clusters_cost, licences_of_instances, third_party, unknown_licences
from cloudplan.evaluation.verify import verify
from cloudplan.optimiser.compute.clusters import idle_cluster
from cloudplan.optimiser.compute.search import PoolsSearch, SitePlan, searches
from cloudplan.optimiser.compute.shapes import Pool, pools_at
from cloudplan.optimiser.memory import (
    Memory,
    Remembered,
    clusters_key,
    rival_clusters,
    rival_storage,
    storage_cost,
    storage_key,
)
from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.storage.disaggregation import deal_storage
from cloudplan.optimiser.storage.parts import storage_faults, unpriced_items
from cloudplan.optimiser.storage.search import StoragePlan, StorageSearch
from cloudplan.optimiser.time_shares import improve_all
from cloudplan.plan.origin import origin_for
from cloudplan.plan.plan import Choice, Cluster, Plan, Search, gap_of, is_optimal
from cloudplan.prices.book import PriceBook
from cloudplan.rules.book import rule_book
from cloudplan.rules.certifications import all_certified
from cloudplan.rules.standing import standing_clusters, standing_gib, too_many
from cloudplan.workload.case import Case
from cloudplan.workload.phases import sized_alone
from cloudplan.workload.workload import Workload

HALF_A_CENT = Fraction(1, 200)


def optimise(  # noqa: PLR0913 - all but the inputs have defaults
    workload: Workload,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    *,
    gap: float = 0.0,
    time_limit: float | None = None,
    pinned: bool = True,
    on: date | None = None,
    progress: Callable[[str], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    memory: Memory | None = None,
) -> Plan:
    """Return the cheapest plan that keeps every rule, verified, with a proven lower bound of its cost.

    Without `edition` it is the one that the workload was completed with, without `prices` they are the example that
    ships. `gap` (a share >= 0) and `time_limit` (seconds) end the search early with the best plan so far, and so does
    `stopped` once it says yes; `pinned` is False when nobody asked for this edition; `on` is the date of the quote, for
    the validity of the prices; `progress` is told each step in words. What is in `memory` is not searched again, and
    what is found goes there.

    Of a workload with a horizon it is the plan of the first phase.

    Raises BadInputError for prices that no plan can do without, NoPlanError when no plan keeps the rules,
    TimeLimitError when time ran out before any plan was found, and InternalError when the program contradicts itself.
    """
    asked = origin_for(workload, edition, prices)
    rule_book(asked.edition)
    case = Case.of(sized_alone(workload, asked.edition), asked.edition, asked.prices)
    budget = Budget.of(gap, time_limit, progress, stopped)
    pools = {site: pools_at(case, site) for site in case.sites if site in case.cluster_sites}
    memory = memory or Memory()
    key = storage_key(case, gap)
    refuse(case, [pool for parts in pools.values() for pool in parts], memory, key)
    storage = Remembered(StorageSearch(case), memory, key)
    rivals: list[tuple[Cluster, ...]] = []

    def rival(site: str, pools: Sequence[Pool]) -> SitePlan | None:
        """Return the clusters of an earlier plan that would do for some pools of a site."""
        if not rivals:
            rivals.append(rival_clusters(case, memory, _stored(case, memory, key, storage.plan)))
        names = {pool.name for pool in pools}
        clusters = tuple(each for each in rivals[0] if each.site == site and each.pool in names)
        return SitePlan(site, clusters, clusters_cost(case, clusters), Fraction(0)) if clusters else None

    sites = [
        Remembered(search, memory, clusters_key(case, site, together, gap), partial(rival, site, together))
        for site, parts in pools.items()
        for search, together in _searches(case, site, parts)
    ]
    documented = partial(document, case, pinned=pinned, on=on)

    first: list[tuple[StoragePlan, list[SitePlan], Plan]] = []

    def proven(*, out_of_time: bool) -> Plan:
        layout, clusters = storage.plan, [part.plan for part in sites]
        for known, those, plan in first:
            if layout is known and all(map(operator.is_, clusters, those)):
                return plan
        stored = _stored(case, memory, key, layout)
        placed = tuple(each for part in clusters for each in part.clusters)
        choice = stored.model_copy(update={"clusters": (*placed, *_left_standing(case, pools))})
        cheaper = rival_storage(case, memory, choice)
        found = layout if cheaper is None else replace(layout, cost=storage_cost(case, cheaper))
        plan = _proven(case, cheaper or choice, found, clusters, budget, documented, out_of_time=out_of_time)
        first.append((layout, clusters, plan))
        return plan

    def seconds_to_prove() -> float:
        begun = time.monotonic()
        proven(out_of_time=True)
        return time.monotonic() - begun

    out_of_time = improve_all([storage, *sites], budget, seconds_to_prove)
    progress("verifying the plan")
    plan = proven(out_of_time=out_of_time)
    memory.add(case, plan.choice)
    return plan


def _searches(case: Case, site: str, pools: Sequence[Pool]) -> list[tuple[PoolsSearch, Sequence[Pool]]]:
    """Return the searches of a site, each with its pools: one has all of them, or each its own."""
    made = searches(case, site, pools)
    return [(made[0], pools)] if len(made) == 1 else [(each, [pool]) for each, pool in zip(made, pools, strict=True)]


def _left_standing(case: Case, pools: Mapping[str, Sequence[Pool]]) -> tuple[Cluster, ...]:
    """Return the clusters that stand where no VM runs any more: no search looks at them."""
    searched = {(site, pool.name) for site, parts in pools.items() for pool in parts}
    return tuple(idle_cluster(case, each) for each in standing_clusters(case) if (each.site, each.pool) not in searched)


def refuse(case: Case, pools: Sequence[Pool], memory: Memory, key: str) -> None:
    """Raise for everything that no plan can mend, all at once: missing prices first, then VMs that fit nowhere.

    BadInputError for prices, NoPlanError for the rest. `memory` and `key` are those of the storage of the case.
    """
    unpriced: list[Item] = [case.edition.blades[name] for pool in pools for name in pool.unpriced]
    unpriced += memory.once(("unpriced", key), lambda: list(unpriced_items(case)))
    unpriced += [case.edition.blades[each.blade] for each in standing_clusters(case)]
    unpriced += [case.edition.storage_classes[name] for _, name in standing_gib(case)]
    unpriced = [item for item in unpriced if case.prices.offer(item) is None]
    fixed = [each for each in fixed_items(case) if each.quantity]
    unpriced += [each.item for each in fixed if case.prices.offer(each.item) is None]
    lacking = [*missing_prices(case, unpriced), *unknown_licences(case)]
    if lacking:
        raise BadInputError(lacking)
    needed = [*(each.key for each in fixed), *_swap_class(case)]
    faults = [
        Fault(row.words, path=row.place, rule=row.rule.id) for row in all_certified(case, needed) if not row.holds
    ]
    faults += [fault for pool in pools for fault in pool.faults]
    faults += [Fault(row.words, path=row.place, rule=row.rule.id) for row in too_many(case) if not row.holds]
    faults += memory.once(("faults", key), lambda: list(storage_faults(case)))
    if faults:
        raise NoPlanError(dict.fromkeys(faults))


def _swap_class(case: Case) -> Iterator[str]:
    """Yield the key of the storage class that the policy names for swap files."""
    if case.workload.policy.vswp in case.edition.storage_classes:
        yield f"{CLASSES}.{case.workload.policy.vswp}"


def _stored(case: Case, memory: Memory, key: str, storage: StoragePlan) -> Choice:
    """Return the choice of a storage plan, without clusters; of one that is known, as it was dealt then."""

    def dealt() -> tuple[StoragePlan, Choice]:
        datastores, protection = deal_storage(case, storage)
        return storage, Choice(clusters=(), datastores=datastores, protection=protection)

    return memory.once(("dealt", key, id(storage)), dealt)[1]  # kept beside it, so that no other has its id


def _proven(
    case: Case,
    choice: Choice,
    storage: StoragePlan,
    sites: Sequence[SitePlan],
    budget: Budget,
    documented: Callable[..., Plan],
    *,
    out_of_time: bool,
) -> Plan:
    """Return the plan document of a choice, verified; a plan that breaks a rule is an internal error, never a plan."""
    fixed = Fraction(cost(case, fixed_items(case)))
    fixed += licences_of_instances(case)
    left = choice.clusters[sum(len(site.clusters) for site in sites) :]
    bound = fixed + clusters_cost(case, left) + storage.bound + sum((site.bound for site in sites), Fraction(0))
    lines = bill(case, choice)
    owed = third_party(case, choice)
    total, count = monthly(lines) + (owed.monthly if owed else 0), len(lines) + (len(owed.lines) if owed else 0)
    lower = max(Decimal("0.00"), money.floor_cents(bound - HALF_A_CENT * count))
    if lower > total:
        raise InternalError(f"the bound, {lower}, is above the bill, {total}: what was minimised is not what is billed")
    proven = is_optimal(total, lower, count)
    ended = None if proven else _ending(budget, total, lower, storage, sites, out_of_time=out_of_time)
    plan = documented(choice, lines, lower_bound=lower, ended=ended)
    verdict = verify(plan, case.workload, case.edition, case.prices.book)
    if not verdict.holds:
        raise InternalError(verdict.faults())
    return plan


def _ending(
    budget: Budget,
    total: Decimal,
    lower: Decimal,
    storage: StoragePlan,
    sites: Sequence[SitePlan],
    *,
    out_of_time: bool,
) -> Search:
    """Return why the search ended before the proof."""
    if budget.stopped():
        return Search(ended="time-limit", said="stopped by hand")
    if out_of_time:
        return Search(ended="time-limit", said="the time limit was reached")
    if gap_of(total, lower) <= budget.gap:
        return Search(ended="gap", said=f"within the gap asked for, {budget.gap:g}")
    left = {"storage": storage.cost - storage.bound}
    for site in sites:
        left[site.site] = left.get(site.site, Fraction(0)) + site.cost - site.bound
    largest_first = sorted(left, key=lambda name: -left[name])
    named = ", ".join(f"{name} {money.amount(money.floor_cents(left[name]))}" for name in largest_first)
    said = f"the limits of nodes and rounds were spent; left between cost and bound: {named}"
    return Search(ended="budget", said=said)
