"""How much growth fits before the next blade, and how much less would save one."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cloudplan.analysis.compare import Solve
from cloudplan.base.errors import NoPlanError
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.workload.reading import as_given, read_workload


@dataclass(frozen=True)
class Breakpoints:
    """How much growth fits before the next blade, and how much less would save one; None beyond what was tried.

    Growth is of CPU and memory of every VM alike, in whole per cent; disks stay as they are.
    """

    hosts: int
    fits_percent: int | None
    next_plan: Plan | None
    saves_percent: int | None
    saving_plan: Plan | None


MOST_GROWTH, MOST_SHRINKING = 100, 50
"""Per cent of growth and of shrinking that are tried."""


def breakpoints(origin: Origin, optimum: Plan, solve: Solve) -> Breakpoints:
    """Return the breakpoints of a workload, by bisection over whole per cent.

    The number of blades is taken to rise with demand; where another mix makes it fall in between, the first is missed.
    """
    hosts = sum(cluster.hosts for cluster in optimum.clusters)
    plans: dict[int, Plan | None] = {0: optimum}

    def count(percent: int) -> int | None:
        if percent not in plans:
            try:
                plans[percent] = solve(_scaled(origin, percent))
            except NoPlanError:
                plans[percent] = None
        plan = plans[percent]
        return sum(cluster.hosts for cluster in plan.clusters) if plan else None

    def more(percent: int) -> bool:
        found = count(percent)
        return found is None or found > hosts

    def fewer(percent: int) -> bool:
        found = count(-percent)
        return found is not None and found < hosts

    up, down = first(more, MOST_GROWTH), first(fewer, MOST_SHRINKING)
    return Breakpoints(
        hosts,
        up - 1 if up else None,
        plans.get(up) if up else None,
        down,
        plans.get(-down) if down else None,
    )


def first(holds: Callable[[int], bool], most: int) -> int | None:
    """Return the first whole number from 1 to `most` where something holds that holds from there on, if any."""
    if not holds(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _scaled(origin: Origin, percent: int) -> Origin:
    """Return inputs in which every VM needs so many per cent more cores and memory."""
    factor = 1 + Fraction(percent, 100)
    tree = as_given(origin.workload, origin.edition)
    policy = tree.setdefault("policy", {})
    policy["vcpu_per_core"] = _text(Fraction(origin.workload.policy.vcpu_per_core) / factor)
    for entry, group in zip(tree["vms"], origin.workload.vms, strict=True):
        entry["memory_gib"] = _text(Fraction(group.memory_gib) * factor)
        if "vcpu_per_core" in entry:
            entry["vcpu_per_core"] = _text(Fraction(group.vcpu_per_core) / factor)
    return Origin(read_workload(tree, origin.edition, obey_pin=False), origin.edition, origin.prices)


def _text(value: Fraction) -> str:
    """Return a number to nine decimals, as a workload file has it."""
    return f"{Decimal(value.numerator * 10**9 // value.denominator).scaleb(-9):f}"
