"""The cheapest plan of a workload and its proof.

Compute and storage meet only in the replication mechanism, which changes no compute demand: the clusters of each site
and the storage of all sites are solved apart, and their bounds add up.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version

from cloudplan.base import money
from cloudplan.base.errors import BadInputError, InternalError, NoPlanError
from cloudplan.catalog.edition import Edition, Item
from cloudplan.evaluation.backup_storage import backup_targets
from cloudplan.evaluation.bom import bill, monthly
from cloudplan.evaluation.findings import find
from cloudplan.evaluation.items import cost, fixed_items, missing_prices
from cloudplan.evaluation.verify import verify
from cloudplan.optimiser.compute.search import plan_site
from cloudplan.optimiser.compute.shapes import Pool, pools_at
from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.storage.disaggregation import deal_storage
from cloudplan.optimiser.storage.parts import storage_faults, unpriced_items
from cloudplan.optimiser.storage.search import plan_storage
from cloudplan.plan.plan import CatalogRef, Choice, Finding, Inputs, Plan, PricesRef, WorkloadRef, gap_of, is_optimal
from cloudplan.prices.book import PriceBook
from cloudplan.rules.book import rule_book
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Workload

HALF_A_CENT = Fraction(1, 200)


def program() -> str:
    """Return the name and version of the program, as plans carry it."""
    try:
        return f"cloudplan {version('cloudplan')}"
    except PackageNotFoundError:
        return "cloudplan (not installed)"


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
    the validity of the prices; `progress` is told each step in words. Raises BadInputError for prices that no plan can
    do without, NoPlanError when no plan keeps the rules, TimeLimitError when time ran out before any plan was found.
    """
    rule_book(edition)
    case = Case.of(workload, edition, prices)
    budget = Budget.of(gap, time_limit, progress, stopped)
    pools = {site: pools_at(case, site) for site in case.sites if site in case.cluster_sites}
    _refuse(case, [pool for parts in pools.values() for pool in parts])
    fixed = Fraction(cost(case, fixed_items(case)))
    progress("laying out storage")
    storage = plan_storage(case, budget)
    datastores, protection = deal_storage(case, storage)
    sites = []
    for site, parts in pools.items():
        progress(f"placing VMs at {site}")
        sites.append(plan_site(case, site, parts, budget))
    choice = Choice(
        clusters=tuple(cluster for site in sites for cluster in site.clusters),
        datastores=datastores,
        protection=protection,
    )
    bound = fixed + storage.bound + sum((site.bound for site in sites), Fraction(0))
    progress("verifying the plan")
    return _proven(case, choice, bound, find(case, choice, pinned=pinned, on=on))


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


def _proven(case: Case, choice: Choice, bound: Fraction, findings: tuple[Finding, ...]) -> Plan:
    """Return the plan document of a choice, verified; a plan that breaks a rule is an internal error, never a plan."""
    lines = bill(case, choice)
    total = monthly(lines)
    lower = max(Decimal("0.00"), money.floor_cents(bound - HALF_A_CENT * len(lines)))
    if lower > total:
        raise InternalError(f"the bound, {lower}, is above the bill, {total}: what was minimised is not what is billed")
    workload, edition, book = case.workload, case.edition, case.prices.book
    plan = Plan(
        program=program(),
        workload=WorkloadRef(name=workload.name, sha256=workload.sha256),
        catalog=CatalogRef(edition=edition.edition, sha256=edition.sha256),
        prices=PricesRef(name=book.name, currency=book.currency, illustrative=book.illustrative, sha256=book.sha256),
        inputs=Inputs(
            workload=workload.canonical(),
            prices=book.canonical(),
            catalog=None if edition.shipped else edition.files,
        ),
        status="optimal" if is_optimal(total, lower, len(lines)) else "feasible",
        monthly=total,
        lower_bound=lower,
        gap=gap_of(total, lower),
        clusters=choice.clusters,
        datastores=choice.datastores,
        protection=choice.protection,
        backup=backup_targets(case),
        bom=lines,
        findings=findings,
    )
    verdict = verify(plan, workload, edition, book)
    if not verdict.holds:
        raise InternalError(verdict.faults())
    return plan
