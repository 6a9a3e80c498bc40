"""A plan at the net prices of a quote: what a customer may know of it, and nothing else.

List prices, discounts, bounds, the gap and the solver are not in it; so no output that is made of it can tell them.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cloudplan.base import money, yamlfile
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import refused, validate
from cloudplan.evaluation.assumptions import CLOSE
from cloudplan.plan.plan import Assumption, BomLine, Inputs, Plan, gap_of, is_optimal
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


def net_terms(terms: Terms) -> Terms:
    """Return terms without their discount, which is in the prices."""
    return terms.model_copy(update={"discount": Decimal(0)})


def net_book(plan: Plan) -> PriceBook:
    """Return the prices of a plan at net prices as a book; its name and dates are those that the plan carries.

    Raises BadInputError when these are faulty.
    """
    items, faults = {line.sku: line.unit_price for line in plan.bom}, list[Fault]()
    document = yamlfile.document_of({**plan.inputs.prices, "items": {"none": "0"}})
    blank = validate(PriceBook, document, faults)
    if blank is None:
        raise BadInputError(faults)
    return blank.model_copy(update={"items": items})


# --- as plain values ----------------------------------------------------------------------------------------------


def left_out(values: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of a document with a plan at net prices without the fields that it has no use for."""
    plan = dict(values["plan"])
    rows = [{**each, "exact": each["lower_bound_otherwise"] is not None} for each in plan["assumptions"]]
    plan["bom"] = [_without(line, OF_LINES) for line in plan["bom"]]
    plan["assumptions"] = [_without(each, OF_ASSUMPTIONS) for each in rows]
    return {**values, "terms": _without(values["terms"], OF_TERMS), "plan": _without(plan, OF_PLANS)}


def filled_in(values: dict[str, Any]) -> dict[str, Any]:
    """Return such plain values with the fields that were left out; what is no such document stays as it is.

    Raises PydanticCustomError where one of the fields stands all the same.
    """
    try:
        terms, plan = values["terms"], values["plan"]
        lines, resting = plan["bom"], plan["assumptions"]
        placed = [(terms, OF_TERMS), (plan, OF_PLANS), *((line, OF_LINES) for line in lines)]
        placed += [(each, OF_ASSUMPTIONS) for each in resting]
        strays = sorted({name for fields, names in placed for name in names if name in fields})
        cost, owed = Decimal(plan.get("total_monthly") or plan["monthly"]), plan.get("third_party") or {"lines": []}
        whole = {
            **plan,
            **{"lower_bound": str(NO_BOUND), "gap": gap_of(cost, NO_BOUND), "search": None},
            "status": "optimal" if is_optimal(cost, NO_BOUND, len(lines) + len(owed["lines"])) else "feasible",
            "bom": [{**line, "list_price": line["unit_price"], "discount": "0"} for line in lines],
            "assumptions": [_with_proof(each) for each in resting],
        }
    except (KeyError, TypeError, AttributeError, ArithmeticError):
        return values
    if strays:
        raise refused(f"a document for a customer, without {', '.join(strays)}")
    return {**values, "terms": {**terms, "discount": "0"}, "plan": whole}


def _with_proof(each: dict[str, Any]) -> dict[str, Any]:
    proof = each["monthly_otherwise"] if each["exact"] else None
    return {**_without(each, ("exact",)), "lower_bound_otherwise": proof}


def _without(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


# --- figures ------------------------------------------------------------------------------------------------------


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
