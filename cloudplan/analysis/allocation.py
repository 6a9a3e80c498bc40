"""Who pays for what: the cost of a plan by tag, by pool or by group, as the shares of their VMs come to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cloudplan.analysis import explain
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import misfit, unknown
from cloudplan.plan.plan import Plan
from cloudplan.workload.case import Case
from cloudplan.workload.workload import VmGroup

GROUP, POOL, TAG = "group", "pool", "tag:"
"""What a plan may be allocated by; a tag with its name behind."""
ALLOWED = "group, pool, or tag:NAME"
_PLACE = "--by"


@dataclass(frozen=True)
class Part:
    """What is allocated to one value: its groups, how many VMs, and the amount a month, to the cent.

    `value` is None for groups that have none, and for what belongs to no VM, which has no groups.
    """

    value: str | None
    groups: tuple[str, ...]
    vms: int
    monthly: Decimal


def allocation(case: Case, plan: Plan, by: str) -> tuple[Part, ...]:
    """Return what each group, pool or value of a tag costs a month: values by name, those without one, then the rest.

    The amounts sum to the plan: the cents that rounding leaves go where most was cut off. Raises BadInputError for
    another word, and for a tag that no VM has.
    """
    values = {group.name: _value(group, by) for group in case.workload.vms}
    if by not in (GROUP, POOL) and not any(values.values()):
        raise BadInputError([_fault(case, by)])
    shares = explain.shares(case, plan)
    found: dict[str | None, list[VmGroup]] = {}
    for group in case.workload.vms:
        found.setdefault(values[group.name], []).append(group)
    order = sorted(found, key=lambda value: (value is None, "" if by == GROUP else value or ""))
    exact = [
        sum((share.monthly * group.count for group in found[value] for share in shares[group.name]), Fraction(0))
        for value in order
    ]
    amounts = _cents([*exact, explain.rest(case, plan)])
    parts = [
        Part(value, tuple(group.name for group in found[value]), sum(group.count for group in found[value]), amount)
        for value, amount in zip(order, amounts, strict=False)
    ]
    return (*parts, Part(None, (), 0, amounts[-1]))


def _value(group: VmGroup, by: str) -> str | None:
    if by.startswith(TAG):
        return group.tags.get(by.removeprefix(TAG))
    return {GROUP: group.name, POOL: group.pool}.get(by)


def _fault(case: Case, by: str) -> Fault:
    if not by.startswith(TAG) or by == TAG:
        fault = misfit(by, ALLOWED)
    else:
        fault = unknown("tag", by.removeprefix(TAG), {name for group in case.workload.vms for name in group.tags})
    return Fault(fault.message, where=_PLACE, found=fault.found, allowed=fault.allowed, suggestion=fault.suggestion)


def _cents(amounts: Sequence[Fraction]) -> list[Decimal]:
    """Return amounts to the cent that sum to the sum of all, which is whole cents: the largest remainders go up."""
    floors = [math.floor(amount * 100) for amount in amounts]
    left = round(sum(amounts) * 100) - sum(floors)
    first = sorted(range(len(amounts)), key=lambda at: floors[at] - amounts[at] * 100)[:left]
    return [Decimal(cents + (at in first)).scaleb(-2) for at, cents in enumerate(floors)]
