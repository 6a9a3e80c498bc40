"""How an amount is reached, as a report and as plain values."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cloudplan.analysis.compare import Alternative
from cloudplan.analysis.target import Reaching, cost
from cloudplan.base.language import Message, counted, message
from cloudplan.plan.plan import Plan
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.tables import compare
from cloudplan.presentation.tables.compare import bar, lost
from cloudplan.presentation.tables.plan import gap, own_catalog
from cloudplan.presentation.tables.table import Cell, Column, Report, Table, Text

TARGET_SCHEMA = "cloudplan/target/v1"
BARS = ("Picture", "Saves")
"""Of the page: the column that is drawn, and the one with the numbers."""


def report(found: Reaching) -> Report:
    """Return for people how an amount is reached."""
    plan = _plan(found.optimum)
    summary: tuple[Text, ...] = (*compare.head(found.optimum), *_outcome(found, plan), *own_catalog(plan))
    parts = [_in_order(found, plan)] if found.concessions else []
    saving = [each for each in found.alone if cost(each) < plan.cost]
    if saving:
        parts.append(_alone(found, saving, plan))
    title = message("{name}: down to {target:m} {currency} a month", name=plan.workload.name, **_target(found, plan))
    return Report(title, summary, tuple(parts))


def _outcome(found: Reaching, plan: Plan) -> tuple[Message, ...]:
    target = _target(found, plan)
    if plan.cost <= found.target:
        return (message("That is no more than {target:m} {currency}: nothing has to be given up.", **target),)
    told: list[Message] = []
    if plan.lower_bound > found.target:
        told.append(
            message(
                "Without a concession no plan costs less than {bound:m} {currency}.",
                bound=plan.lower_bound,
                currency=plan.prices.currency,
            )
        )
    count = len(found.concessions)
    if found.reached:
        told.append(
            counted(
                "{count:n} concession reaches it: {cost:m} {currency}.",
                "{count:n} concessions reach it: {cost:m} {currency}.",
                count,
                cost=cost(found.least),
                currency=plan.prices.currency,
            )
        )
    elif found.concessions:
        told.append(
            message(
                "Not reached: with all concessions that save something {cost:m} {currency} are left.",
                cost=cost(found.least),
                currency=plan.prices.currency,
            )
        )
    else:
        told.append(message("Not reached: no concession saves anything."))
    return (*told, _discount(found, plan))


def _discount(found: Reaching, plan: Plan) -> Message:
    if found.discount is None:
        return message("No discount of the provider reaches it: licences of third parties alone cost more.")
    return message(
        "Or a discount of {discount:p} on every line of the provider's bill: {cost:m} {currency}.",
        discount=found.discount,
        cost=found.discounted,
        currency=plan.prices.currency,
    )


def _target(found: Reaching, plan: Plan) -> dict[str, Any]:
    return {"target": found.target, "currency": plan.prices.currency}


def _in_order(found: Reaching, plan: Plan) -> Table:
    """Return the concessions, each with all before it."""
    rows: list[tuple[Cell, ...]] = []
    before: Alternative = found.optimum
    for number, each in enumerate(found.concessions, 1):
        new = tuple(words for words in each.gives_up if words not in before.gives_up)
        gone = lost(new) if new else message("nothing required")
        rows.append((number, phrase(each.name), gone, cost(before) - cost(each), cost(each), gap(_plan(each))))
        before = each
    currency = plan.prices.currency
    columns = (
        *(Column("No.", "whole"), Column("Concession"), Column("Gives up"), Column("Saves", "money", currency)),
        *(Column("Monthly", "money", currency), Column("Gap", "discount")),
    )
    note = "Each is sized with all before it, and proven."
    return Table("Concessions, in order", columns, tuple(rows), note)


def _alone(found: Reaching, saving: Sequence[Alternative], plan: Plan) -> Table:
    """Return what each concession saves by itself."""
    most = plan.cost - min(map(cost, saving))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            *(phrase(each.name), lost(each.gives_up) if each.gives_up else message("nothing required")),
            *(plan.cost - cost(each), cost(each), _enough(each, found.target), bar(plan.cost - cost(each), most)),
        )
        for each in saving
    )
    currency = plan.prices.currency
    columns = (
        *(Column("Concession"), Column("Gives up"), Column("Saves", "money", currency)),
        *(Column("Monthly", "money", currency), Column("Enough"), Column("Picture")),
    )
    return Table("Each by itself", columns, rows)


def _enough(each: Alternative, target: Decimal) -> Message:
    return message("yes") if cost(each) <= target else message("")


def _plan(each: Alternative) -> Plan:
    assert each.plan is not None
    return each.plan


def values(found: Reaching) -> dict[str, Any]:
    """Return how an amount is reached as the plain values of the JSON document."""
    plan = _plan(found.optimum)
    return {
        "schema": TARGET_SCHEMA,
        "workload": plan.workload.model_dump(mode="json"),
        "currency": plan.prices.currency,
        "target": f"{found.target:f}",
        "monthly": str(plan.cost),
        "lower_bound": str(plan.lower_bound),
        "reached": found.reached,
        "concessions": [_values(each) for each in found.concessions],
        "alone": [_values(each) for each in found.alone],
        "discount": None if found.discount is None else f"{found.discount:f}",
        "discounted": None if found.discounted is None else str(found.discounted),
    }


def _values(each: Alternative) -> dict[str, Any]:
    plan = _plan(each)
    return {
        **{"name": each.name, "edits": dict(each.edits), "gives_up": list(each.gives_up)},
        **{"monthly": str(plan.cost), "lower_bound": str(plan.lower_bound), "gap": plan.gap, "hosts": each.hosts},
    }
