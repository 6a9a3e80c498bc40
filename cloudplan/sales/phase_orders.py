"""The orders of a plan, and those of each phase of a roadmap: all of a plan from nothing, else what is new."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cloudplan.base.errors import BadInputError
from cloudplan.evaluation.roadmap_document import Asked
from cloudplan.evaluation.verify_roadmap import verify_roadmap
from cloudplan.plan.origin import Origin, origin_of
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.sales.affinity import AffinityRule
from cloudplan.sales.further_orders import further_orders
from cloudplan.sales.orders import orders
from cloudplan.sales.steps import Orders
from cloudplan.workload.case import Case
from cloudplan.workload.phases import phases


def orders_of(case: Case, plan: Plan) -> Orders:
    """Return the orders of a plan: where something stands, only what is new."""
    if case.workload.existing is None:
        return orders(case, plan.choice, plan.backup)
    return further_orders(case, plan)


def new_rules(found: Sequence[Orders]) -> list[tuple[AffinityRule, ...]]:
    """Return for each phase the affinity rules that the phase before does not have, or has for other machines."""
    before: tuple[AffinityRule, ...] = ()
    fresh = []
    for each in found:
        fresh.append(tuple(rule for rule in each.rules if rule not in before))
        before = each.rules
    return fresh


def in_order(roadmap: Roadmap, name: str) -> Origin:
    """Return what a roadmap was made from; `name` stands for it in messages.

    Raises BadInputError when the roadmap breaks a rule, or its text does not follow from its plans.
    """
    origin = origin_of(roadmap, name)
    verdict = verify_roadmap(roadmap, origin.workload, origin.edition, origin.prices)
    if not verdict.holds:
        raise BadInputError([replace(fault, where=name) for fault in verdict.faults()])
    return origin


def orders_over_time(roadmap: Roadmap, name: str) -> Iterator[Orders]:
    """Yield the orders of each phase of a roadmap; `name` stands for it in messages.

    Raises BadInputError when the roadmap breaks a rule, or its text does not follow from its plans.
    """
    origin = in_order(roadmap, name)
    asked = Asked(origin.workload, origin.edition, origin.prices, phases(origin.workload, origin.edition))
    before: tuple[Case, Plan] | None = None
    for number, phase in enumerate(roadmap.phases):
        case = asked.case(number, before[1] if before else None)
        if before is None:
            yield orders_of(case, phase.plan)
        else:
            yield further_orders(case, phase.plan, (before[0], before[1].choice))
        before = case, phase.plan
