"""Growth that nobody knows: what each first order costs when growth turns out otherwise.

Roadmaps are planned for low, likely and high growth. The first order of each is then kept under the other two, and the
rest planned anew: what that costs more than the best first order for that growth is its regret.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.plan.origin import Origin
from cloudplan.plan.roadmap import Roadmap
from cloudplan.plan.standing import existing_of
from cloudplan.workload.workload import Growth, Workload

Name = Literal["low", "likely", "high"]
NAMES: tuple[Name, ...] = ("low", "likely", "high")
Between = Mapping[str, tuple[Decimal, Decimal]]
"""The lowest and the highest growth a year, of `vms` and `storage`, as shares."""

Solve = Callable[[Origin], Roadmap]
Each = Callable[[Sequence[Origin]], Sequence[Roadmap]]


@dataclass(frozen=True, repr=False)
class Outcome(Brief):
    """What a first order comes to over all months when growth turns out in some way, and what is proven of it."""

    total: Decimal
    lower_bound: Decimal
    gap: float


@dataclass(frozen=True, repr=False)
class GrowthRange(Brief):
    """The outcomes of each first order (of the roadmap for a growth) under each growth."""

    growths: Mapping[Name, Growth]
    outcomes: Mapping[tuple[Name, Name], Outcome]
    """By the growth that the first order was planned for, and the growth that comes."""

    def regret(self, planned: Name, comes: Name) -> Decimal:
        """Return what a first order costs more than the best of the three when some growth comes."""
        best = min(self.outcomes[other, comes].total for other in NAMES)
        return self.outcomes[planned, comes].total - best

    def worst(self, planned: Name) -> Decimal:
        """Return the largest regret of a first order."""
        return max(self.regret(planned, comes) for comes in NAMES)

    @property
    def least_worst(self) -> Name:
        """The first order whose largest regret is least; of equal ones the likely one, then the low."""
        return min(("likely", "low", "high"), key=self.worst)


def growth_range(origin: Origin, between: Between, each: Each) -> GrowthRange:
    """Return what each first order costs under each growth; `each` plans roadmaps that do not depend on each other.

    Raises BadInputError for a workload without a horizon and for a range that its growth is not in, and what `each`
    raises.
    """
    horizon = origin.workload.horizon
    if horizon is None:
        message = "the workload has no horizon; add horizon to have growth"
        raise BadInputError([Fault(message, where=origin.workload.name)])
    faults = []
    for name, (low, high) in between.items():
        likely = getattr(horizon.growth, name)
        if not low <= likely <= high:
            message = f"found {low}..{high}; allowed: a range with the horizon's growth, {likely}, in it"
            faults.append(Fault(message, where=f"--growth-range {name}"))
    if faults:
        raise BadInputError(faults)
    ends = [{name: pair[place] for name, pair in between.items()} for place in (0, 1)]
    least, most = (horizon.growth.model_copy(update=rates) for rates in ends)
    growths: dict[Name, Growth] = {"low": least, "likely": horizon.growth, "high": most}
    own = dict(zip(NAMES, each([_with(origin, growths[name]) for name in NAMES]), strict=True))
    outcomes = {(name, name): _outcome(made) for name, made in own.items()}
    others = [(planned, comes) for planned in NAMES for comes in NAMES if comes != planned]
    firsts = {name: existing_of(made.phases[0].plan) for name, made in own.items()}
    kept = each([_with(origin, growths[comes], firsts[planned]) for planned, comes in others])
    outcomes |= {pair: _outcome(made) for pair, made in zip(others, kept, strict=True)}
    return GrowthRange(growths, outcomes)


def in_turn(solve: Solve) -> Each:
    """Return what plans roadmaps one after the other."""
    return lambda asked: [solve(origin) for origin in asked]


def _outcome(made: Roadmap) -> Outcome:
    return Outcome(made.total, made.lower_bound, made.gap)


def _with(origin: Origin, growth: Growth, existing: object = None) -> Origin:
    """Return inputs with another growth of the horizon, and with what stands."""
    workload = origin.workload
    assert workload.horizon is not None
    changed: Workload = workload.model_copy(
        update={
            "horizon": workload.horizon.model_copy(update={"growth": growth}),
            **({} if existing is None else {"existing": existing}),
        }
    )
    return Origin(changed, origin.edition, origin.prices)
