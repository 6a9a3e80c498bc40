"""The cheapest plan of a workload and its proof.

Compute and storage meet only in the replication mechanism, which changes no compute demand: the clusters of each site
and the storage of all sites are solved apart, and their bounds add up.
"""

import operator
import time
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial

from cloudplan.base import money
from cloudplan.base.errors import BadInputError, InternalError, NoPlanError
from cloudplan.catalog.edition import Edition, Item
from cloudplan.evaluation.bom import bill, monthly
from cloudplan.evaluation.document import document
from cloudplan.evaluation.items import cost, fixed_items, missing_prices
from cloudplan.evaluation.verify import verify
from cloudplan.optimiser.compute.search import SitePlan, searches
from cloudplan.optimiser.compute.shapes import Pool, pools_at
from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.storage.disaggregation import deal_storage
from cloudplan.optimiser.storage.parts import storage_faults, unpriced_items
from cloudplan.optimiser.storage.search import StoragePlan, StorageSearch
from cloudplan.optimiser.time_shares import improve_all
from cloudplan.plan.plan import Choice, Plan, Search, gap_of, is_optimal
from cloudplan.prices.book import PriceBook
from cloudplan.rules.book import rule_book
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Workload

HALF_A_CENT = Fraction(1, 200)


def optimise(
    workload: Workload,
    edition: Edition,
    prices: PriceBook,
    *,
    gap: float = 0.0,
    time_limit: float | None = None,
    pinned: bool = True,
    on: date | None = None,
    progress: Callable[[str], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Plan:
    """Return the cheapest plan that keeps every rule, verified, with a proven lower bound of its cost.

    `gap` (a share >= 0) and `time_limit` (seconds) end the search early with the best plan so far, and so does
    `stopped` once it says yes; `pinned` is False when nobody asked for this edition; `on` is the date of the quote, for
    the validity of the prices; `progress` is told each step in words.

    Raises BadInputError for prices that no plan can do without, NoPlanError when no plan keeps the rules,
    TimeLimitError when time ran out before any plan was found, and InternalError when the program contradicts itself.
    """
    rule_book(edition)
    case = Case.of(workload, edition, prices)
    budget = Budget.of(gap, time_limit, progress, stopped)
    pools = {site: pools_at(case, site) for site in case.sites if site in case.cluster_sites}
    _refuse(case, [pool for parts in pools.values() for pool in parts])
    storage = StorageSearch(case)
    sites = [part for site, parts in pools.items() for part in searches(case, site, parts)]
    documented = partial(document, case, pinned=pinned, on=on)

    first: list[tuple[StoragePlan, list[SitePlan], Plan]] = []

    def proven(*, out_of_time: bool) -> Plan:
        layout, clusters = storage.plan, [part.plan for part in sites]
        for known, placed, plan in first:
            if layout is known and all(map(operator.is_, clusters, placed)):
                return plan
        plan = _proven(case, layout, clusters, budget, documented, out_of_time=out_of_time)
        first.append((layout, clusters, plan))
        return plan

    def seconds_to_prove() -> float:
        begun = time.monotonic()
        proven(out_of_time=True)
        return time.monotonic() - begun

    out_of_time = improve_all([storage, *sites], budget, seconds_to_prove)
    progress("verifying the plan")
    return proven(out_of_time=out_of_time)


def _refuse(case: Case, pools: Sequence[Pool]) -> None:
    """Raise for everything that no plan can mend, all at once: missing prices first, then VMs that fit nowhere."""
    unpriced: list[Item] = [case.edition.blades[name] for pool in pools for name in pool.unpriced]
    unpriced += unpriced_items(case)
    unpriced += [each.item for each in fixed_items(case) if each.quantity and case.prices.offer(each.item) is None]
    if unpriced:
        raise BadInputError(missing_prices(case, unpriced))
    faults = [fault for pool in pools for fault in pool.faults]
    faults += storage_faults(case)
    if faults:
        raise NoPlanError(dict.fromkeys(faults))


def _proven(
    case: Case,
    storage: StoragePlan,
    sites: Sequence[SitePlan],
    budget: Budget,
    documented: Callable[..., Plan],
    *,
    out_of_time: bool,
) -> Plan:
    """Return the plan document of a choice, verified; a plan that breaks a rule is an internal error, never a plan."""
    datastores, protection = deal_storage(case, storage)
    choice = Choice(
        clusters=tuple(cluster for site in sites for cluster in site.clusters),
        datastores=datastores,
        protection=protection,
    )
    fixed = Fraction(cost(case, fixed_items(case)))
    bound = fixed + storage.bound + sum((site.bound for site in sites), Fraction(0))
    lines = bill(case, choice)
    total = monthly(lines)
    lower = max(Decimal("0.00"), money.floor_cents(bound - HALF_A_CENT * len(lines)))
    if lower > total:
        raise InternalError(f"the bound, {lower}, is above the bill, {total}: what was minimised is not what is billed")
    proven = is_optimal(total, lower, len(lines))
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
