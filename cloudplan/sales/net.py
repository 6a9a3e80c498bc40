"""A plan, or a roadmap, at the net prices of a quote: what a customer may know of it, and nothing else.

List prices, discounts, bounds, the gap and the solver are not in it; so no output that is made of it can tell them.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cloudplan.base import money, yamlfile
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import refused, validate
from cloudplan.evaluation.assumptions import CLOSE
from cloudplan.evaluation.roadmap_document import Asked, owed_after
from cloudplan.plan.plan import Assumption, BomLine, Inputs, Plan, gap_of, is_optimal
from cloudplan.plan.roadmap import Roadmap, RoadmapPhase
from cloudplan.plan.wording import without_amounts
from cloudplan.prices.book import PriceBook
from cloudplan.sales.terms import Terms

FINDINGS_LEFT_OUT = ("alias-prices", "discount-matches-nothing", "not-proven")
"""Findings that name list prices, discounts, or what a plan may cost less."""
ASSUMPTIONS_LEFT_OUT = ("term",)
"""Assumptions that tell which discounts the price book has."""
NO_BOUND = Decimal("0.00")
"""What is known of the cost of other plans: it is not below nothing."""
OF_PLANS = ("status", "lower_bound", "gap", "search")
OF_LINES = ("list_price", "discount")
OF_ASSUMPTIONS = ("lower_bound_otherwise",)
OF_TERMS = ("discount",)
"""The fields that are left out of the plain values."""
_BOOK = ("schema", "name", "currency", "illustrative", "valid_from", "valid_until", "licences")
"""What remains of the price book: all but the provider's prices and discounts; licences of others are not his."""


def unit_net(line: BomLine, terms: Terms) -> Decimal:
    """Return what a unit of a line of a plan costs under terms, exactly."""
    return money.net(line.unit_price, terms.discount)


def at_net(plan: Plan, terms: Terms) -> Plan:
    """Return a plan at its net prices under terms: each is the list price of its line, without a discount.

    The price book keeps its name and hash, so that who made the quote finds it again.
    """
    lines = tuple(_line(line, terms) for line in plan.bom)
    monthly = sum((line.monthly for line in lines), Decimal("0.00"))
    cost = monthly + (plan.third_party.monthly if plan.third_party else 0)
    told = [found for found in plan.findings if found.code not in FINDINGS_LEFT_OUT]
    resting = [each for each in plan.assumptions if each.code not in ASSUMPTIONS_LEFT_OUT]
    return plan.model_copy(
        update={
            "inputs": plan.inputs.model_copy(update={"prices": _without_prices(plan.inputs)}),
            "status": "optimal" if is_optimal(cost, NO_BOUND, plan.lines) else "feasible",
            "monthly": monthly,
            "total_monthly": cost if plan.third_party else None,
            "lower_bound": NO_BOUND,
            "gap": gap_of(cost, NO_BOUND),
            "search": None,
            "bom": lines,
            "findings": tuple(without_amounts(found) for found in told),
            "assumptions": tuple(_assumption(each, plan, cost) for each in resting),
        }
    )


def roadmap_at_net(roadmap: Roadmap, terms: Terms, asked: Asked) -> Roadmap:
    """Return a roadmap at its net prices under terms, as `at_net` does a plan; `asked` is what it is for."""
    phases = tuple(_phase(phase, terms, asked.months_left(phase.from_)) for phase in roadmap.phases)
    total = sum((phase.cost for phase in phases), Decimal("0.00"))
    told = [found for found in roadmap.findings if found.code not in FINDINGS_LEFT_OUT]
    lines = sum(phase.months * phase.plan.lines for phase in phases)
    return roadmap.model_copy(
        update={
            "inputs": roadmap.inputs.model_copy(update={"prices": _without_prices(roadmap.inputs)}),
            "phases": phases,
            "total": total,
            "status": "optimal" if is_optimal(total, NO_BOUND, lines) else "feasible",
            "lower_bound": NO_BOUND,
            "gap": gap_of(total, NO_BOUND),
            "search": None,
            "owed_after": sum((phase.owed_after for phase in phases), Decimal("0.00")),
            "findings": tuple(without_amounts(found) for found in told),
        }
    )


def net_terms(terms: Terms) -> Terms:
    """Return terms without their discount, which is in the prices."""
    return terms.model_copy(update={"discount": Decimal(0)})


def net_book(*plans: Plan) -> PriceBook:
    """Return the prices of plans at net prices as a book; its name and dates are those that the first plan carries.

    Raises BadInputError when these are faulty.
    """
    items, faults = {line.sku: line.unit_price for plan in plans for line in plan.bom}, list[Fault]()
    document = yamlfile.document_of({**plans[0].inputs.prices, "items": {"none": "0"}})
    blank = validate(PriceBook, document, faults)
    if blank is None:
        raise BadInputError(faults)
    return blank.model_copy(update={"items": items})


# --- as plain values ----------------------------------------------------------------------------------------------


def left_out(values: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of a document with a plan at net prices without the fields that it has no use for."""
    made = {**values, "terms": _without(values["terms"], OF_TERMS), "plan": _plan_left_out(values["plan"])}
    if "roadmap" in values:
        first, *later = values["roadmap"]["phases"]
        phases = [first, *({**phase, "plan": _plan_left_out(phase["plan"])} for phase in later)]
        made["roadmap"] = {**_without(values["roadmap"], OF_PLANS), "phases": phases}
    return made


def _plan_left_out(values: dict[str, Any]) -> dict[str, Any]:
    plan = dict(values)
    rows = [{**each, "exact": each["lower_bound_otherwise"] is not None} for each in plan["assumptions"]]
    plan["bom"] = [_without(line, OF_LINES) for line in plan["bom"]]
    plan["assumptions"] = [_without(each, OF_ASSUMPTIONS) for each in rows]
    return _without(plan, OF_PLANS)


def filled_in(values: dict[str, Any]) -> dict[str, Any]:
    """Return such plain values with the fields that were left out; what is no such document stays as it is.

    Raises PydanticCustomError where one of the fields stands all the same.
    """
    strays: set[str] = set()
    try:
        terms = values["terms"]
        strays.update(name for name in OF_TERMS if name in terms)
        made = {**values, "terms": {**terms, "discount": "0"}, "plan": _plan_filled_in(values["plan"], strays)}
        if values.get("roadmap") is not None:
            made["roadmap"] = _roadmap_filled_in(values["roadmap"], made["plan"], strays)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return values
    if strays:
        raise refused(f"a document for a customer, without {', '.join(sorted(strays))}")
    return made


def _plan_filled_in(plan: dict[str, Any], strays: set[str]) -> dict[str, Any]:
    """Return a plan with the fields that were left out; note those that stand all the same."""
    lines, resting = plan["bom"], plan["assumptions"]
    placed = [(plan, OF_PLANS), *((line, OF_LINES) for line in lines), *((each, OF_ASSUMPTIONS) for each in resting)]
    strays.update(name for fields, names in placed for name in names if name in fields)
    return {
        **plan,
        **_unproven(_cost(plan), _lines(plan)),
        "bom": [{**line, "list_price": line["unit_price"], "discount": "0"} for line in lines],
        "assumptions": [_with_proof(each) for each in resting],
    }


def _roadmap_filled_in(roadmap: dict[str, Any], plan: dict[str, Any], strays: set[str]) -> dict[str, Any]:
    """Return a roadmap, whose first plan stands elsewhere, with the fields that were left out."""
    first, *later = roadmap["phases"]
    strays.update(name for name in OF_PLANS if name in roadmap)
    phases = [{**phase, "plan": _plan_filled_in(phase["plan"], strays)} for phase in later]
    count = sum(
        phase["months"] * _lines(each)
        for phase, each in zip((first, *later), (plan, *(phase["plan"] for phase in phases)), strict=True)
    )
    return {**roadmap, **_unproven(Decimal(roadmap["total"]), count), "phases": [first, *phases]}


def _unproven(cost: Decimal, lines: int) -> dict[str, Any]:
    """Return what is said of the proof where none is known."""
    status = "optimal" if is_optimal(cost, NO_BOUND, lines) else "feasible"
    return {"lower_bound": str(NO_BOUND), "gap": gap_of(cost, NO_BOUND), "search": None, "status": status}


def _cost(plan: dict[str, Any]) -> Decimal:
    return Decimal(plan.get("total_monthly") or plan["monthly"])


def _lines(plan: dict[str, Any]) -> int:
    return len(plan["bom"]) + len((plan.get("third_party") or {"lines": []})["lines"])


def _with_proof(each: dict[str, Any]) -> dict[str, Any]:
    proof = each["monthly_otherwise"] if each["exact"] else None
    return {**_without(each, ("exact",)), "lower_bound_otherwise": proof}


def _without(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


# --- figures ------------------------------------------------------------------------------------------------------


def _phase(phase: RoadmapPhase, terms: Terms, months_left: int) -> RoadmapPhase:
    """Return a phase at net prices; what it adds is owed for so many months after the horizon."""
    plan = at_net(phase.plan, terms)
    prices = {(line.site, line.sku): line.unit_price for line in plan.bom}
    owed = owed_after(phase.changes, prices, months_left)
    return phase.model_copy(update={"plan": plan, "owed_after": owed})


def _line(line: BomLine, terms: Terms) -> BomLine:
    price = unit_net(line, terms)
    prices = {"list_price": price, "discount": Decimal(0), "unit_price": price}
    return line.model_copy(update={**prices, "monthly": money.line(line.quantity, price)})


def _without_prices(inputs: Inputs) -> dict[str, Any]:
    return {name: inputs.prices[name] for name in _BOOK if name in inputs.prices}


def _assumption(each: Assumption, plan: Plan, cost: Decimal) -> Assumption:
    """Return an assumption with its amount beside so high a cost, and of its proof only whether it is exact enough."""
    other = each.monthly_otherwise
    if other is None:
        return each.model_copy(update={"no_plan": None if each.no_plan is None else ""})
    share = other / plan.cost if plan.cost else Decimal(1)
    net = cost if other == plan.cost else (share * cost).quantize(money.CENT, ROUND_HALF_UP)
    exact = gap_of(other, each.lower_bound_otherwise or NO_BOUND) <= CLOSE
    return each.model_copy(update={"monthly_otherwise": net, "lower_bound_otherwise": net if exact else None})
