"""Cost against risk: the best plan for every combination of host failures, ratio, memory ceiling and host reserve.

Each of the four only ever narrows what a plan may be as it becomes more careful. So what is proven of any plan of a
point holds for all more careful ones too, and a placement of a more careful point keeps the rules of the others:
between two points that cost the same nothing has to be searched. Points are sized from the least careful on.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cloudplan.analysis.carried_over import carried_over
from cloudplan.analysis.compare import CEILINGS, RATIOS, Alternative, Comparison, Each, Solve, in_turn, tried
from cloudplan.analysis.edits import VARY, Asked, edited, fields_of, varied
from cloudplan.analysis.requirements import given_up
from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import unknown
from cloudplan.base.views import Tabled
from cloudplan.evaluation import utilisation
from cloudplan.evaluation.resting import RESERVE_GIB
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.workload.case import Case
from cloudplan.workload.reading import as_given, read_workload
from cloudplan.workload.workload import Policy, Workload

MORE_IS_CAREFUL: Mapping[str, bool] = {
    "policy.host_failures": True,
    "policy.vcpu_per_core": False,
    "policy.memory_ceiling": False,
    "policy.host_memory_reserve_gib": True,
}
"""The fields that options are made of, and whether a higher value is the more careful one."""

Careful = tuple[Decimal, ...]
"""How careful a point is in each field: more is more careful."""


@dataclass(frozen=True, repr=False)
class Axis(Brief):
    """A field with its values, the least careful first."""

    field: str
    values: tuple[Decimal, ...]


@dataclass(frozen=True, repr=False)
class Option(Brief):
    """A point: its value on each axis, the alternative that it is, and what is left of it when hosts are lost.

    `dominated_by` is the number, from 0, of one that is at least as careful in everything and costs no more. `searched`
    is False where other points left nothing to search. `may_fail` hosts can be lost, of each cluster its share; `cores`
    and `vcpus_per_core` are what stays then.
    """

    values: tuple[Decimal, ...]
    alternative: Alternative
    searched: bool = True
    dominated_by: int | None = None
    may_fail: int = 0
    cores: int = 0
    vcpus_per_core: Decimal | None = None


@dataclass(frozen=True, repr=False)
class Step(Brief):
    """What the step from a value of a field to the next more careful one costs a month.

    `cost` is that with everything else as asked for, or the least careful value where that is no point; `least` and
    `most` are those of all points. None where there is no plan.
    """

    field: str
    low: Decimal
    high: Decimal
    cost: Decimal | None
    proven: bool
    least: Decimal | None
    most: Decimal | None


@dataclass(frozen=True, repr=False)
class Options(Brief, Tabled):
    """Every point, in the order of the axes, beside the workload as asked for."""

    optimum: Alternative
    axes: tuple[Axis, ...]
    options: tuple[Option, ...]
    steps: tuple[Step, ...]

    @property
    def comparison(self) -> Comparison:
        """The points as alternatives, as those of any comparison."""
        return Comparison(self.optimum, tuple(option.alternative for option in self.options))


def options(origin: Origin, solve: Solve, vary: Sequence[str] = (), each: Each = in_turn) -> Options:
    """Return the best plan of every combination of values that the axes have.

    `vary` gives the values of an axis as ``field=value,value``, in place of its usual ones; `solve` and `each` are as
    `compare` has them. Raises BadInputError for another field, and for values that no workload has.
    """
    tree = as_given(origin.workload, origin.edition)
    axes = tuple(_axes(origin, tree, vary))
    optimum = Alternative("", "as asked for", {}, solve(origin))
    texts = [f"{axis.field}={','.join(f'{value:f}' for value in axis.values)}" for axis in axes]
    asked = dict(zip(itertools.product(*(axis.values for axis in axes)), varied(texts), strict=True))
    found = _Sizing(origin, tree, axes, solve, each).run(optimum, asked)
    sized = [_option(origin, point, asked[point], *found[point]) for point in asked]
    numbered = tuple(_with_dominator(option, axes, sized) for option in sized)
    return Options(optimum, axes, numbered, tuple(_steps(origin.workload, axes, numbered)))


# --- the axes -----------------------------------------------------------------------------------------------------


def _axes(origin: Origin, tree: Mapping[str, Any], vary: Sequence[str]) -> Iterator[Axis]:
    """Yield the axes with the values that are given, or the usual ones."""
    given = dict(fields_of(vary))
    faults = [replace(unknown("axis of the options", name, MORE_IS_CAREFUL), where=VARY) for name in given]
    faults = [fault for fault, name in zip(faults, given, strict=True) if name not in MORE_IS_CAREFUL]
    if len(given) < len(vary):
        faults.append(Fault("a field is given twice", where=VARY))
    if faults:
        raise BadInputError(faults)
    one = {name: value for name, value in tree.items() if name != "existing"}
    one["vms"] = tree["vms"][:1]  # a policy is read the faster the fewer VMs there are
    for field, more in MORE_IS_CAREFUL.items():
        texts = given.get(field) or _usual(field, origin.workload.policy)
        values = {_value(_read(origin, one, {field: text or None}), field) for text in texts}
        yield Axis(field, tuple(sorted(values, reverse=not more)))


def _usual(field: str, policy: Policy) -> list[str]:
    """Return the values that an axis has by default: what the workload asks for, and what is a step away."""
    name = field.rpartition(".")[2]
    own = Decimal(getattr(policy, name))
    others: list[Decimal]
    if name == "host_failures":
        others = [Decimal(1), Decimal(2)]
    elif name == "host_memory_reserve_gib":
        others = [Decimal(RESERVE_GIB if own < RESERVE_GIB else 0)]
    elif name == "memory_ceiling":
        others = [value for value in map(Decimal, CEILINGS) if value < own][:1]
    else:
        known = list(map(Decimal, RATIOS))
        others = [*[value for value in known if value < own][-1:], *[value for value in known if value > own][:1]]
    return [f"{value:f}" for value in {own, *others}]


def _read(origin: Origin, tree: Mapping[str, Any], edits: Mapping[str, Any]) -> Workload:
    return read_workload(edited(tree, edits), origin.edition, obey_pin=False)


def _value(workload: Workload, field: str) -> Decimal:
    return Decimal(getattr(workload.policy, field.rpartition(".")[2]))


def careful(axes: Sequence[Axis], values: Sequence[Decimal]) -> Careful:
    """Return how careful a point is on each axis."""
    pairs = zip(axes, values, strict=True)
    return tuple(value if MORE_IS_CAREFUL[axis.field] else -value for axis, value in pairs)


# --- sizing -------------------------------------------------------------------------------------------------------

Point = tuple[Decimal, ...]


class _Sizing:
    """Sizes points stage by stage: the ends of all axes first, those in between after them."""

    def __init__(self, origin: Origin, tree: Mapping[str, Any], axes: Sequence[Axis], solve: Solve, each: Each):
        self._origin, self._tree, self._axes, self._solve, self._each = origin, tree, axes, solve, each
        self._found: dict[Point, tuple[Alternative, bool]] = {}
        self._known: dict[Careful, Plan] = {}

    def run(self, optimum: Alternative, asked: Mapping[Point, Asked]) -> Mapping[Point, tuple[Alternative, bool]]:
        """Return the alternative of every point, and whether it was searched for."""
        own = tuple(_value(self._origin.workload, axis.field) for axis in self._axes)
        self._keep(own, optimum)
        if own in asked:
            self._found[own] = optimum, True
        stages = sorted(asked, key=self._stage)
        for _, stage in itertools.groupby(stages, key=self._stage):
            points = [point for point in stage if point not in self._found]
            for point in points:
                if carried := self._carried(point, asked[point]):
                    self._found[point] = carried, False
            left = [point for point in points if point not in self._found]
            sized = self._each(self._tried, [asked[point] for point in left]) if left else []
            self._found |= {point: (alternative, True) for point, alternative in zip(left, sized, strict=True)}
            for point in points:
                self._keep(point, self._found[point][0])
        for point in sorted(self._found, key=lambda point: careful(self._axes, point), reverse=True):
            self._take_better(point, asked[point])
        return self._found

    def _stage(self, point: Point) -> tuple[bool, int]:
        """Return when a point is sized: whether it lies between the ends of an axis, and how many it ends carefully."""
        pairs = list(zip(self._axes, point, strict=True))
        between = any(value not in (axis.values[0], axis.values[-1]) for axis, value in pairs)
        return between, sum(value != axis.values[0] for axis, value in pairs)

    def _keep(self, point: Point, alternative: Alternative) -> None:
        if alternative.plan:
            self._known[careful(self._axes, point)] = alternative.plan

    def _carried(self, point: Point, asked: Asked) -> Alternative | None:
        """Return the alternative of a point that other points leave nothing to search for."""
        mine = careful(self._axes, point)
        bound = max((plan.lower_bound for at, plan in self._known.items() if at_least(mine, at)), default=None)
        if bound is None:
            return None
        theme, name, edits = asked
        workload = _read(self._origin, self._tree, edits)
        plans = [plan for at, plan in self._known.items() if at_least(mine, at) or at_least(at, mine)]
        plan = carried_over(replace(self._origin, workload=workload), plans, bound)
        if plan is None:
            return None
        return Alternative(theme, name, edits, plan, gives_up=given_up(self._origin.workload, workload))

    def _take_better(self, point: Point, asked: Asked) -> None:
        """Let a point have what another one found for less and will do, and what is proven of less careful ones.

        Searches end a little above their bounds, or far above where their time is short.
        """
        alternative, mine = self._found[point][0], careful(self._axes, point)
        own = alternative.plan
        if own is None or not alternative.edits:
            return
        others = {at: plan for at, plan in self._known.items() if at_least(at, mine) or at_least(mine, at)}
        cheaper = [plan for plan in others.values() if plan.cost < own.cost]
        bound = max(plan.lower_bound for at, plan in others.items() if at_least(mine, at))
        if not cheaper and (own.status == "optimal" or bound <= own.lower_bound):
            return
        inputs = replace(self._origin, workload=_read(self._origin, self._tree, asked[2]))
        if plan := carried_over(inputs, [*cheaper, own], bound, own):
            self._found[point] = replace(alternative, plan=plan), True
            self._known[mine] = plan

    def _tried(self, asked: Asked) -> Alternative:
        return tried(self._origin, self._tree, asked, self._solve)


def at_least(one: Careful, other: Careful) -> bool:
    """Return whether one point is at least as careful as another on every axis."""
    return all(mine >= its for mine, its in zip(one, other, strict=True))


# --- what is told of points ---------------------------------------------------------------------------------------


def _option(origin: Origin, point: Point, asked: Asked, found: Alternative, searched: bool) -> Option:
    """Return a point with what stays of it when as many hosts are lost as may be."""
    theme, _, edits = asked
    alternative, plan = replace(found, theme=theme, name=_name(point), edits=edits), found.plan
    if plan is None:
        return Option(point, alternative, searched)
    case = Case.of(origin.workload, origin.edition, origin.prices)
    uses = utilisation.clusters(case, plan)
    may_fail = sum(use.cluster.spare_hosts for use in uses)
    cores = sum(use.cores_left(use.cluster.spare_hosts) for use in uses)
    groups = origin.workload.groups
    vcpus = sum(
        groups[name].vcpus * count for use in uses for host in use.cluster.placement for name, count in host.items()
    )
    ratio = (Decimal(vcpus) / cores).quantize(Decimal("0.01")) if cores else None
    return Option(point, alternative, searched, None, may_fail, cores, ratio)


def _name(point: Point) -> str:
    """Return what a point is called, in English."""
    failures, ratio, ceiling, reserve_gib = point
    percent = (ceiling * 100).normalize()
    return f"N+{failures}, {ratio:f} vCPUs a core, ceiling {percent:f} %, reserve {reserve_gib} GiB"


def _with_dominator(option: Option, axes: Sequence[Axis], all_options: Sequence[Option]) -> Option:
    """Return a point with the number of the most careful one that costs no more, if there is one."""
    mine, plan = careful(axes, option.values), option.alternative.plan
    if plan is None:
        return option
    better = [
        (careful(axes, other.values), number)
        for number, other in enumerate(all_options)
        if other.values != option.values
        and other.alternative.plan
        and other.alternative.plan.cost <= plan.cost
        and at_least(careful(axes, other.values), mine)
    ]
    undominated = [
        (at, number) for at, number in better if not any(at_least(other, at) and other != at for other, _ in better)
    ]
    return replace(option, dominated_by=undominated[0][1]) if undominated else option


def _steps(workload: Workload, axes: Sequence[Axis], points: Sequence[Option]) -> Iterator[Step]:
    """Yield what each step of each axis costs."""
    by_values = {option.values: option.alternative.plan for option in points}
    own = tuple(_value(workload, axis.field) for axis in axes)
    beside = tuple(value if value in axis.values else axis.values[0] for axis, value in zip(axes, own, strict=True))
    for at, axis in enumerate(axes):
        for low, high in itertools.pairwise(axis.values):
            pairs = {
                values: (plan, by_values[*values[:at], high, *values[at + 1 :]])
                for values, plan in by_values.items()
                if values[at] == low
            }
            costs = {values: other.cost - plan.cost for values, (plan, other) in pairs.items() if plan and other}
            here = (*beside[:at], low, *beside[at + 1 :])
            plan, other = pairs[here]
            proven = bool(plan and other and Alternative("", "", {}, other).is_proven(plan))
            least, most = min(costs.values(), default=None), max(costs.values(), default=None)
            yield Step(axis.field, low, high, costs.get(here), proven, least, most)
