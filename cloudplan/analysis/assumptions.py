"""What a plan would cost if one of its assumptions did not hold: each is sized again, with the work shared."""

from collections.abc import Callable, Mapping, Sequence

from cloudplan.analysis.edits import edited
from cloudplan.base.errors import BadInputError, NoPlanError, TimeLimitError
from cloudplan.evaluation.assumptions import Otherwise, assumptions, bases
from cloudplan.evaluation.resting import Change
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.prices.book import PriceBook, load_prices
from cloudplan.workload.case import Case
from cloudplan.workload.reading import as_given, read_workload

Solve = Callable[[Origin], Plan]
Each = Callable[[Callable[[Change], Otherwise], Sequence[Change]], Sequence[Otherwise]]


def in_turn(work: Callable[[Change], Otherwise], changes: Sequence[Change]) -> Sequence[Otherwise]:
    """Return what plans would cost, one sized after the other."""
    return [work(change) for change in changes]


def with_amounts(origin: Origin, plan: Plan, solve: Solve, each: Each = in_turn) -> Plan:
    """Return a plan with what it would cost if each of its assumptions did not hold, the largest first.

    `solve` makes the cheapest plan of inputs, and is called for each assumption alone; one that remembers searches
    equal parts once. What ran out of time before there was a plan stays without an amount.
    """
    case = Case.of(origin.workload, origin.edition, origin.prices)
    tree = as_given(origin.workload, origin.edition)
    listed = list(bases(case, plan.choice))
    amounts = each(lambda change: _otherwise(origin, tree, change, solve), [found.change for _, found in listed])
    computed = {kind.code: amount for (kind, _), amount in zip(listed, amounts, strict=True)}
    return plan.model_copy(update={"assumptions": assumptions(case, plan.choice, plan.cost, computed)})


def _otherwise(origin: Origin, tree: Mapping[str, object], change: Change, solve: Solve) -> Otherwise:
    try:
        workload = read_workload(edited(tree, change.workload), origin.edition, obey_pin=False)
        found = solve(Origin(workload, origin.edition, _priced(origin, change)))
    except (NoPlanError, BadInputError) as error:
        return Otherwise(no_plan=str(error.faults[0]))
    except TimeLimitError:
        return Otherwise()
    return Otherwise(found.cost, found.lower_bound)


def _priced(origin: Origin, change: Change) -> PriceBook:
    """Return the price book with the prices of a change."""
    if not change.prices:
        return origin.prices
    book = origin.prices.canonical()
    items = {
        sku: str(price * change.prices[sku]) if sku in change.prices else str(price)
        for sku, price in origin.prices.items.items()
    }
    return load_prices({**book, "items": items}, origin.edition)
