"""What stands or is invoiced beside a plan, as a report and as plain values."""

from typing import Any

from cloudplan.analysis.actual import MISSING, SAME, TOO_FEW, TOO_MANY, UNPLANNED, Comparison, Entry
from cloudplan.base.language import Message, known, message
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables.table import Cell, Column, Report, Table, Text

ACTUAL_SCHEMA = "cloudplan/actual/v1"
VERDICTS = {
    SAME: message("as planned"),
    MISSING: message("missing"),
    TOO_FEW: message("too few"),
    TOO_MANY: message("too many"),
    UNPLANNED: message("not planned"),
}


def report(plan: Plan, found: Comparison) -> Report:
    """Return what differs, for people: only the lines that are not as planned."""
    currency = plan.prices.currency
    wrong = [each for each in found.entries if not each.is_right]
    right = len(found.entries) - len(wrong)
    summary: list[Text] = [message("{same:n} of {all:n} items are as planned.", same=right, all=len(found.entries))]
    if found.priced:
        summary.append(
            message(
                "Planned {planned:m}, charged {actual:m} {currency} a month. By quantities {quantity:m}, by prices "
                "{price:m}, for items without a price {unknown:m}.",
                planned=found.planned,
                actual=found.actual,
                currency=currency,
                quantity=found.by_quantity,
                price=found.by_price,
                unknown=found.unknown,
            )
        )
    columns = (
        *(Column("Site"), Column("Item"), Column("Planned", "whole"), Column("Actual", "whole")),
        *(Column("Planned amount", "money", currency), Column("Charged", "money", currency), Column("Verdict")),
    )
    table = Table("Beside the plan", columns, tuple(_row(each) for each in wrong)).without_empty()
    tables = (table,) if wrong else ()
    return Report(message("{name}: what stands beside the plan", name=plan.workload.name), tuple(summary), tables)


def _row(entry: Entry) -> tuple[Cell, ...]:
    bill = entry.planned_amount if entry.amount is not None else None
    return (entry.site or None, known(entry.label), entry.planned, entry.actual, bill, entry.amount, _verdict(entry))


def _verdict(entry: Entry) -> Message:
    if not entry.mispriced:
        return VERDICTS[entry.verdict]
    if entry.verdict == SAME:
        return message("priced otherwise by {price:m}", price=entry.mispriced)
    return message("{quantity}, priced otherwise by {price:m}", quantity=VERDICTS[entry.verdict], price=entry.mispriced)


def values(found: Comparison) -> dict[str, Any]:
    """Return it as the plain values of the JSON document, all items in it."""
    return {
        "schema": ACTUAL_SCHEMA,
        "items": [
            {
                "site": each.site or None,
                "sku": each.sku,
                "planned": each.planned,
                "actual": each.actual,
                "verdict": each.verdict,
                "planned_amount": str(each.planned_amount),
                "due": None if each.due is None else str(each.due),
                "amount": None if each.amount is None else str(each.amount),
                "mispriced": None if each.mispriced is None else str(each.mispriced),
            }
            for each in found.entries
        ],
        "planned": str(found.planned),
        **(
            {
                "charged": str(found.actual),
                "by_quantity": str(found.by_quantity),
                "by_price": str(found.by_price),
                "without_price": str(found.unknown),
            }
            if found.priced
            else {}
        ),
    }
