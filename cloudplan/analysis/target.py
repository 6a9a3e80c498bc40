"""What would have to be given up for an amount: concessions in order, each sized with those before it, or a discount.

What gives up nothing that the workload requires comes first, then what does, at last what saves nothing by itself. Each
time the one that saves most is taken, with all before it; where one or more reach the amount, the one that saves least
of them. What is not needed for it then is left out again, but for what gives up nothing.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cloudplan.analysis.compare import RATIOS, Alternative, Each, Solve, in_turn, tried
from cloudplan.analysis.concessions import concessions
from cloudplan.analysis.edits import Asked, Edits
from cloudplan.base import money
from cloudplan.base.brief import Brief
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.workload.reading import as_given

STEPS = 10_000
"""Discounts that are tried: hundredths of a per cent."""

HALF = "0.5"


@dataclass(frozen=True, repr=False)
class Reaching(Brief):
    """How an amount is reached: the concessions, each with all before it, and what each one does alone.

    `discount` is the least uniform discount, a share, with which the plan as asked for costs no more than the amount;
    `discounted` is what it costs then. None where licences of others alone cost more.
    """

    target: Decimal
    optimum: Alternative
    concessions: tuple[Alternative, ...]
    alone: tuple[Alternative, ...]
    discount: Decimal | None
    discounted: Decimal | None

    @property
    def least(self) -> Alternative:
        """What is left with all concessions that were made."""
        return self.concessions[-1] if self.concessions else self.optimum

    @property
    def reached(self) -> bool:
        """Whether the concessions reach the amount."""
        return cost(self.least) <= self.target


def reaching(origin: Origin, target: Decimal, solve: Solve, each: Each = in_turn) -> Reaching:
    """Return the concessions that bring the cost of a workload down to an amount a month, as far as there are any.

    `solve` and `each` are as `compare` has them.
    """
    return _Search(origin, target, solve, each).run()


class _Search:
    def __init__(self, origin: Origin, target: Decimal, solve: Solve, each: Each):
        self._origin, self._target, self._solve, self._each = origin, target, solve, each
        self._tree = as_given(origin.workload, origin.edition)

    def run(self) -> Reaching:
        """Size the workload, each concession alone, and then as many together as are needed."""
        optimum = Alternative("", "as asked for", {}, self._solve(self._origin))
        kinds = [("concession", words, edits) for words, edits in _kinds(self._origin)]
        alone = [each for each in self._sized(kinds) if each.plan]
        alone.sort(key=lambda each: (cost(each), each.name))
        made = self._needed(self._greedy(optimum, alone), optimum, {each.name for each in alone if each.gives_up})
        assert optimum.plan is not None
        discount, discounted = _discount(optimum.plan, self._target)
        return Reaching(self._target, optimum, tuple(made), tuple(alone), discount, discounted)

    def _greedy(self, optimum: Alternative, alone: Sequence[Alternative]) -> list[Alternative]:
        """Return concessions in order, each with all before it, until the amount is reached or none saves any more."""
        made: list[Alternative] = []
        saving = [each for each in alone if cost(each) < cost(optimum)]
        free = [each for each in saving if not each.gives_up]
        for kinds in (free, [each for each in saving if each.gives_up], [each for each in alone if each not in saving]):
            left = list(kinds)
            while left and cost(made[-1] if made else optimum) > self._target:
                before = made[-1] if made else optimum
                together = [each for each in self._sized([_with(before, each) for each in left]) if each.plan]
                enough = [each for each in together if cost(each) <= self._target]
                best = max(enough, key=cost) if enough else min(together, key=cost, default=before)
                if cost(best) >= cost(before):
                    break
                made.append(best)
                left = [each for each in left if each.name != best.name]
        return made

    def _needed(self, made: list[Alternative], optimum: Alternative, costly: Set[str]) -> list[Alternative]:
        """Return concessions without those that the others reach the amount without, each with those before it."""
        singles = {each.name: each for each in made}
        for name in [name for name in list(singles)[:-1] if name in costly]:
            kept = [each for each in singles if each != name]
            last = self._chain(optimum, made, kept)[-1]
            if cost(last) <= max(self._target, cost(made[-1])):
                del singles[name]
        return self._chain(optimum, made, list(singles)) if len(singles) < len(made) else made

    def _chain(self, optimum: Alternative, made: Sequence[Alternative], kept: Sequence[str]) -> list[Alternative]:
        """Return some of the concessions that were made, each with those before it."""
        own: dict[str, Edits] = {}
        before: Edits = {}
        for each in made:
            own[each.name] = {path: value for path, value in each.edits.items() if before.get(path, ...) != value}
            before = each.edits
        chain: list[Alternative] = []
        for name in kept:
            edits = {**(chain[-1].edits if chain else {}), **own[name]}
            chain += self._sized([("concession", name, edits)])
        return chain

    def _sized(self, asked: Sequence[Asked]) -> Sequence[Alternative]:
        return self._each(lambda one: tried(self._origin, self._tree, one, self._solve), asked) if asked else []


def cost(each: Alternative) -> Decimal:
    """Return what an alternative costs a month."""
    assert each.plan is not None
    return each.plan.cost


def _with(before: Alternative, each: Alternative) -> Asked:
    return each.theme, each.name, {**before.edits, **each.edits}


def _kinds(origin: Origin) -> Iterator[tuple[str, Edits]]:
    """Yield what may be given up: what stands against plans, and what is only dear."""
    workload = origin.workload
    yield from concessions(origin, [group.name for group in workload.vms])
    for ratio in RATIOS:
        if Decimal(ratio) > workload.policy.vcpu_per_core:
            yield f"{ratio} vCPUs a core", {"policy.vcpu_per_core": ratio}
    shares = workload.policy.standby
    if any(group.protection for group in workload.vms) and min(shares.vcpu_share, shares.memory_share) > Decimal(HALF):
        edits: Mapping[str, Any] = {"policy.standby.vcpu_share": HALF, "policy.standby.memory_share": HALF}
        yield "half of the vCPUs and memory on standby", edits
    terms = {each.min_term_months for each in origin.prices.discounts if each.min_term_months > workload.term_months}
    for months in sorted(terms):
        yield f"a commitment of {months} months", {"term_months": months}


def _discount(plan: Plan, target: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """Return the least discount on every line of the provider's bill that reaches an amount, and what is left."""
    owed = plan.cost - plan.monthly

    def left(step: int) -> Decimal:
        share = Decimal(step) / STEPS
        lines = (money.line(line.quantity, money.net(line.unit_price, share)) for line in plan.bom)
        return owed + sum(lines, Decimal("0.00"))

    if left(STEPS) > target:
        return None, None
    low, high = -1, STEPS  # above the target, within it
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if left(middle) <= target else (middle, high)
    return Decimal(high) / STEPS, left(high)
