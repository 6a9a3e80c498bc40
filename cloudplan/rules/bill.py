"""Rules of the program on the bill of a plan and on its proof."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from cloudplan.base import money
from cloudplan.plan.plan import BomLine, Plan, gap_of, is_optimal
from cloudplan.rules.rule import Check, Condition, Rule

BOM = Rule("BOM", "Bill of materials", "One line per site and SKU; quantity x unit price, rounded to the cent.", "plan")
PROOF = Rule("PROOF", "Proof", "lower_bound <= monthly; gap and status follow from them.", "plan")

RULES = (BOM, PROOF)

GAP_DIGITS = 1e-9
"""What a printed gap may be off: it is rounded to ten digits."""


def lines_are(expected: Mapping[tuple[str, str], BomLine], plan: Plan) -> Iterator[Condition]:
    """Yield that the lines of a plan are those that its choice takes, and sum to its total (BOM)."""
    printed = {(line.site, line.sku): line for line in plan.bom}
    yield BOM.require(len(printed) == len(plan.bom), "bom", "two lines for one site and SKU")
    for key in sorted(expected.keys() | printed.keys()):
        yield from _line_is(key, expected.get(key), printed.get(key))
    total = sum((line.monthly for line in plan.bom), Decimal(0))
    yield BOM.require(plan.monthly == total, "monthly", f"{plan.monthly} is not the sum of the lines, {total}")


def _line_is(key: tuple[str, str], expected: BomLine | None, printed: BomLine | None) -> Iterator[Condition]:
    place = f"{key[1]} at {key[0]}"
    wanted, found = expected.quantity if expected else 0, printed.quantity if printed else 0
    yield BOM.require(wanted == found, place, f"quantity {found}, expected {wanted}")
    if expected and printed:
        same = printed.unit_price == expected.unit_price and printed.monthly == money.line(found, expected.unit_price)
        words = f"{found} x {printed.unit_price} = {printed.monthly} is not the price book's {expected.unit_price}"
        yield BOM.require(same, place, words)


def proof(plan: Plan) -> Iterator[Check]:
    """Yield that the bound is below the cost, and that gap and status follow from both (PROOF)."""
    yield PROOF.at_most(plan.lower_bound, plan.monthly, "lower_bound", plan.prices.currency)
    wanted = "optimal" if is_optimal(plan.monthly, plan.lower_bound, len(plan.bom)) else "feasible"
    yield PROOF.require(plan.status == wanted, "status", f"{plan.status}, but the gap says {wanted}")
    if plan.search:
        says = (plan.search.ended == "proven") == (wanted == "optimal")
        yield PROOF.require(says, "search.ended", f"{plan.search.ended}, but the gap says {wanted}")
    gap = gap_of(plan.monthly, plan.lower_bound)
    words = f"{plan.gap}, but monthly and lower_bound give {gap}"
    yield PROOF.require(abs(plan.gap - gap) < GAP_DIGITS, "gap", words)
