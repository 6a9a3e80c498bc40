"""A plan that needs no search: the choice of another one does, and it costs no more than was proven of any."""

from collections.abc import Sequence
from decimal import Decimal

from cloudplan.base.errors import InternalError
from cloudplan.evaluation.bom import bill, monthly
from cloudplan.evaluation.document import document
from cloudplan.evaluation.findings import NOT_PINNED
from cloudplan.evaluation.recast import recast
from cloudplan.evaluation.third_party import clusters_cost, third_party
from cloudplan.evaluation.verify import check_choice, verify
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Choice, Plan, Search
from cloudplan.workload.case import Case

CLOSE = Decimal("0.00005")
"""What a plan may cost more than is proven, as a share of it: where searches end too."""


def carried_over(
    origin: Origin, plans: Sequence[Plan], lower_bound: Decimal, instead: Plan | None = None
) -> Plan | None:
    """Return the cheapest plan of inputs that has VMs and disks where one of some plans has them, if it is good enough.

    Hosts to spare and memory are counted anew. `lower_bound` is what is proven of any plan of the inputs. None where
    no placement keeps the rules, and where it costs more than where a search would end; or, beside the plan that it
    would stand instead of, where it costs more, or no less while no more is proven. Raises InternalError for a bound
    that is above a bill.
    """
    case = Case.of(origin.workload, origin.edition, origin.prices)
    offers = [plan.choice.model_copy(update={"clusters": recast(case, plan.clusters)}) for plan in plans]
    for choice in sorted(offers, key=lambda each: clusters_cost(case, each.clusters)):
        if instead and clusters_cost(case, choice.clusters) > clusters_cost(case, instead.clusters):
            return None
        if all(check.holds for check in check_choice(case, choice)):
            pinned = all(found.code != NOT_PINNED for plan in plans for found in plan.findings)
            found = _documented(case, choice, lower_bound, instead.search if instead else None, pinned=pinned)
            if instead is None:
                return found if found.cost <= lower_bound * (1 + CLOSE) else None
            better = (found.cost, -found.lower_bound) < (instead.cost, -instead.lower_bound)
            return found if better else None
    return None


def _documented(case: Case, choice: Choice, lower_bound: Decimal, ended: Search | None, *, pinned: bool) -> Plan:
    """Return the plan of a choice, verified."""
    lines, owed = bill(case, choice), third_party(case, choice)
    total = monthly(lines) + (owed.monthly if owed else 0)
    if lower_bound > total:
        raise InternalError(f"the bound, {lower_bound}, is above the bill, {total}: it is none of these inputs")
    plan = document(case, choice, lines, lower_bound=lower_bound, ended=ended, pinned=pinned, on=None)
    verdict = verify(plan, case.workload, case.edition, case.prices.book)
    if not verdict.holds:
        raise InternalError(verdict.faults())
    return plan
