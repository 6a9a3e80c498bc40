"""Who pays for what: the cost of a plan by tag, by pool or by group, as the shares of their VMs come to."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cloudplan.analysis import explain
from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import misfit, unknown
from cloudplan.base.units import exact_sum
from cloudplan.plan.plan import Plan, ThirdPartyLine
from cloudplan.rules import licences
from cloudplan.sales.quote import Quote
from cloudplan.workload.case import Case
from cloudplan.workload.workload import VmGroup, Workload

GROUP, POOL, TAG = "group", "pool", "tag:"
"""What a plan may be allocated by; a tag with its name behind."""
ALLOWED = "group, pool, or tag:NAME"
APPLICATION = ("application", "app", "service")
"""Names of the tag that says what application a VM belongs to."""
_PLACE = "--by"
Spare = Literal["shared", "apart"]
"""Whether VMs bear spare hosts and headroom, by the same keys, or each of the two is a part of its own."""

Kind = Literal["vms", "spare", "headroom", "rest"]


@dataclass(frozen=True, repr=False)
class Part(Brief):
    """What is allocated to one value: its groups, how many VMs, and the amount a month, to the cent.

    `value` is None for groups that have none, and for what belongs to no VM, which has no groups: `kind` says what that
    is.
    """

    value: str | None
    groups: tuple[str, ...]
    vms: int
    monthly: Decimal
    kind: Kind = "vms"


def as_quoted(quote: Quote) -> Plan:
    """Return the plan of a quote with every line at its price there, for what is shared of it."""
    lines = tuple(
        item.line.model_copy(update={"unit_price": item.unit_net, "monthly": item.net}) for item in quote.lines
    )
    return quote.plan.model_copy(update={"bom": lines, "monthly": quote.monthly})


def by_application(workload: Workload) -> str:
    """Return what tells applications apart: a tag that says so, else the tag of most VMs, else the groups or pools.

    Pools count where there are several, and more groups than a reader tells apart.
    """
    tagged: Counter[str] = Counter()
    for group in workload.vms:
        tagged.update(dict.fromkeys(group.tags, group.count))
    for name in tagged:
        if name.lower() in APPLICATION:
            return f"{TAG}{name}"
    if tagged:
        return f"{TAG}{max(tagged, key=lambda name: (tagged[name], name))}"
    several = len({group.pool for group in workload.vms}) > 1
    return POOL if several and len(workload.vms) > FEW else GROUP


FEW = 8
"""Groups that a reader tells apart."""


def value_of(group: VmGroup, by: str) -> str | None:
    """Return the value of a group that a plan is allocated by; None where it has none."""
    if by.startswith(TAG):
        return group.tags.get(by.removeprefix(TAG))
    return {GROUP: group.name, POOL: group.pool}.get(by)


def allocation(case: Case, plan: Plan, by: str, spare: Spare = "shared") -> tuple[Part, ...]:
    """Return what each group, pool or value of a tag costs a month: values by name, those without one, then the rest.

    The amounts sum to the plan: the cents that rounding leaves go where most was cut off. Raises BadInputError for
    another word, and for a tag that no VM has.
    """
    values = {group.name: value_of(group, by) for group in case.workload.vms}
    if by not in (GROUP, POOL) and not any(values.values()):
        raise BadInputError([_fault(case, by)])
    shared = explain.shares(case, plan)
    shares = shared if spare == "shared" else explain.shares(case, plan, apart=True)
    found: dict[str | None, list[VmGroup]] = {}
    for group in case.workload.vms:
        found.setdefault(values[group.name], []).append(group)
    order = sorted(found, key=lambda value: (value is None, "" if by == GROUP else value or ""))
    of_one = {name: exact_sum(share.monthly for share in own) for name, own in shares.items()}
    exact = [
        exact_sum((of_one[group.name] for group in found[value]), (group.count for group in found[value]))
        for value in order
    ]
    kinds: tuple[Kind, ...] = ("rest",) if spare == "shared" else ("spare", "headroom", "rest")
    reserves = () if spare == "shared" else explain.reserves(case, plan, shared, shares)
    others = [*reserves, explain.rest(case, plan, shared)]
    amounts = _cents([*exact, *others])
    parts = [
        Part(value, tuple(group.name for group in found[value]), sum(group.count for group in found[value]), amount)
        for value, amount in zip(order, amounts, strict=False)
    ]
    beside = zip(kinds, amounts[len(order) :], strict=True)
    return (*parts, *(Part(None, (), 0, amount, kind) for kind, amount in beside))


def licences_by(case: Case, plan: Plan, by: str) -> tuple[tuple[str | None, Decimal], ...]:
    """Return what each value pays to others for software: licences go to the VMs that need them, to the cent.

    Those of the hosts of a cluster are shared by the cores of the VMs there that bring them; where a site owes one, of
    those at the site. Those per vCPU or VM are their own.
    """
    found: dict[str | None, Fraction] = {}
    for line in plan.owed.lines if plan.owed else ():
        weights = {name: _weight(case, plan, line, name) for name in line.values["vms"]}
        for name, weight in weights.items():
            value = value_of(case.workload.groups[name], by)
            share = Fraction(line.monthly) * weight / sum(weights.values())
            found[value] = found.get(value, Fraction(0)) + share
    order = sorted(found, key=lambda value: (value is None, value or ""))
    return tuple(zip(order, _cents([found[value] for value in order]), strict=True))


def _weight(case: Case, plan: Plan, line: ThirdPartyLine, name: str) -> Fraction:
    """Return by what a group shares a line of a licence that it brings."""
    group = case.workload.groups[name]
    if line.cluster is None:
        licence = case.prices.book.licences[line.licence]
        return Fraction(licences.units_of_instance(licence, group) * group.count)
    cores = case.instances_of(name, line.site).cores
    if line.values["site_wide"]:
        return cores * group.count
    placement = next(cluster.placement for cluster in plan.clusters if cluster.name == line.cluster)
    return cores * sum(host.get(name, 0) for host in placement)


def _fault(case: Case, by: str) -> Fault:
    if not by.startswith(TAG) or by == TAG:
        fault = misfit(by, ALLOWED)
    else:
        fault = unknown("tag", by.removeprefix(TAG), {name for group in case.workload.vms for name in group.tags})
    return Fault(fault.message, where=_PLACE, found=fault.found, allowed=fault.allowed, suggestion=fault.suggestion)


def _cents(amounts: Sequence[Fraction]) -> list[Decimal]:
    """Return amounts to the cent that sum to the sum of all, which is whole cents: the largest remainders go up."""
    common = math.lcm(*(amount.denominator for amount in amounts))  # whole numbers are sorted faster than fractions
    cut = [divmod(100 * amount.numerator * (common // amount.denominator), common) for amount in amounts]
    left = round(Fraction(sum(remainder for _, remainder in cut), common))
    first = set(sorted(range(len(cut)), key=lambda at: -cut[at][1])[:left])
    return [Decimal(cents + (at in first)).scaleb(-2) for at, (cents, _) in enumerate(cut)]
