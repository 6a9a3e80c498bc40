"""A plan made again with a newer workload, edition or price book, and the difference of the bills split by cause.

The causes are applied one after the other, and the plan is solved again after each. A cause that cannot stand alone (an
old price book does not price what a new edition bills) is applied together with the next one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cloudplan.analysis.changes import OPTIMISER, SECOND, Requote, Step, line_changes
from cloudplan.base.errors import BadInputError, Fault, NoPlanError
from cloudplan.base.program import program
from cloudplan.catalog.edition import Edition, in_region
from cloudplan.optimiser.optimise import optimise
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.prices.book import PriceBook
from cloudplan.sales.quote import verified
from cloudplan.workload.phases import sized_alone
from cloudplan.workload.reading import as_given, computed_skus, read_workload

CAUSES = ("workload", "policy", "catalogue", "prices")


@dataclass(frozen=True)
class _Given:
    """The inputs of a plan before defaults are filled in: each cause replaces one of them."""

    workload: Mapping[str, Any]
    policy: Any
    edition: Edition
    prices: PriceBook

    def origin(self) -> Origin:
        """Return the inputs, complete."""
        tree = {**self.workload, "policy": self.policy}
        workload = read_workload(tree, self.edition, obey_pin=False)
        return Origin(sized_alone(workload, self.edition), self.edition, self.prices)


def plan_of(inputs: Origin) -> Plan:
    """Return the cheapest plan of these inputs."""
    return optimise(inputs.workload, inputs.edition, inputs.prices)


def requote(
    plan: Plan,
    *,
    workload: Mapping[str, Any] | None = None,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    term_months: int | None = None,
    solve: Callable[[Origin], Plan] = plan_of,
    name: str = "plan",
) -> Requote:
    """Make a plan again with what is given, and split the difference of the bills by cause.

    What is not given stays as it was, out of the plan's own inputs; `workload` is a workload file as plain values.
    `solve` makes a plan of its inputs (by `optimise`, unless another gap or time limit is wanted); `name` stands for
    the plan in messages. A plan that this program has proven is its own new plan where nothing changes: nothing is
    solved then. Raises BadInputError when the plan does not match its hashes, breaks a rule or is in another currency,
    and what `solve` raises for the new plan.
    """
    origin, _, plan = verified(plan, name)
    if prices is not None and prices.currency != origin.prices.currency:
        words = f"is in {prices.currency} and the plan in {origin.prices.currency}: their amounts cannot be compared"
        raise BadInputError([Fault(words, where=f"price book {prices.name}")])
    solved: dict[tuple[str, str, str], Plan] = {}

    def once(inputs: Origin) -> Plan:
        key = _hashes(inputs)
        if key not in solved:
            solved[key] = solve(inputs)
        return solved[key]

    stages = _stages(origin, workload, edition or origin.edition, prices or origin.prices, term_months)
    renewed = stages[-1][1].origin()
    if _hashes(origin) == _hashes(renewed) and plan.status == "optimal" and plan.program == program():
        solved[_hashes(origin)] = plan
    once(renewed)
    steps = tuple(_steps(stages, once))
    return Requote(plan, origin, renewed, steps, line_changes(plan, steps, (origin.edition, renewed.edition)))


def _hashes(inputs: Origin) -> tuple[str, str, str]:
    return inputs.workload.sha256, inputs.edition.sha256, inputs.prices.sha256


def difference(
    before: Plan, after: Plan, *, solve: Callable[[Origin], Plan] = plan_of, names: tuple[str, str] = ("plan", "plan")
) -> Requote:
    """Return what differs between two plans, split by cause; the causes and what is left sum to the difference.

    The first plan is made again with the second's workload, policy, catalogue and prices, one after the other; what
    then still differs from the second plan is its optimiser's. Raises BadInputError when either plan does not match its
    hashes or breaks a rule, or when their currencies differ, and what `solve` raises.
    """
    second, _, after = verified(after, names[1])
    given = as_given(second.workload, second.edition)
    change = requote(before, workload=given, edition=second.edition, prices=second.prices, solve=solve, name=names[0])
    if change.after.bom == after.bom:
        return change
    steps = (*change.steps, Step((SECOND,), after))
    lines = line_changes(before, steps, (change.origin.edition, second.edition))
    return replace(change, renewed=second, steps=steps, lines=lines)


def _stages(
    origin: Origin, tree: Mapping[str, Any] | None, edition: Edition, prices: PriceBook, term_months: int | None
) -> list[tuple[str, _Given]]:
    """Return the causes in order, each with all inputs after it was applied."""
    given = as_given(origin.workload, origin.edition)
    old = _given(given, origin.edition, origin.prices)
    wanted = {**(given if tree is None else tree), **({"term_months": term_months} if term_months else {})}
    asked = _given(wanted, origin.edition, origin.prices)
    new = _given(wanted if tree is not None else _left_to(edition, wanted), edition, prices)
    after = [replace(old, workload=asked.workload), asked, replace(new, prices=old.prices), new]
    return [(OPTIMISER, old), *zip(CAUSES, after, strict=True)]


def _left_to(edition: Edition, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a workload without the extras that an edition bills by itself."""
    region = given["region"]
    computed = computed_skus(edition, region)
    return {**given, "extras": [extra for extra in given["extras"] if in_region(extra["sku"], region) not in computed]}


def _given(tree: Mapping[str, Any], edition: Edition, prices: PriceBook) -> _Given:
    rest = {key: value for key, value in tree.items() if key != "policy"}
    return _Given(rest, tree.get("policy"), edition, prices)


def _steps(stages: Sequence[tuple[str, _Given]], solve: Callable[[Origin], Plan]) -> list[Step]:
    """Return the plan after each cause; a cause without a plan of its own waits for the next."""
    steps: list[Step] = []
    waiting: list[str] = []
    because = ""
    for cause, given in stages:
        waiting.append(cause)
        try:
            plan = solve(given.origin())
        except (BadInputError, NoPlanError) as error:
            if cause == OPTIMISER:
                raise
            because = because or f"no plan with {cause} alone: {error.faults[0]}"
            continue
        steps.append(Step(tuple(waiting), plan, because))
        waiting, because = [], ""
    return steps
