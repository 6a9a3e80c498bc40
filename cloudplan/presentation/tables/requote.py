"""A plan made again, or two plans, as a report and as plain values: totals, causes, every line that moved, and why."""

from typing import Any

from cloudplan.analysis.changes import Item, LineChange, Requote, cost_of
from cloudplan.base.language import Message, message
from cloudplan.plan.plan import Plan
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables.causes import (
    beside_causes,
    causes,
    difference_values,
    findings,
    head,
    illustrative,
    line_named,
    line_table,
    made_with,
    moved_lines,
    ordered,
    price_moved,
    proofs,
)
from cloudplan.presentation.tables.plan import because
from cloudplan.presentation.tables.table import Notes, Report, Table

REQUOTE_SCHEMA = "cloudplan/requote/v1"
DIFF_SCHEMA = "cloudplan/diff/v1"
_KEPT = {"program", "workload", "catalog", "prices", "status", "monthly", "total_monthly", "lower_bound", "gap"}
"""Fields that are told of each plan."""


def diff_report(change: Requote[Plan]) -> Report:
    """Return the difference of two plans for people."""
    return report(change, title=message("{name}: difference").template)


def diff_values(change: Requote[Plan]) -> dict[str, Any]:
    """Return the difference of two plans as plain values, amounts as text."""
    return {**{key: value for key, value in values(change).items() if key != "plan"}, "schema": DIFF_SCHEMA}


def report(change: Requote[Plan], *, title: str = message("{name}: requote").template) -> Report:
    """Return a requote for people."""
    before, after, currency = change.before, change.after, change.after.prices.currency
    moved = moved_lines(change)
    summary = (
        *illustrative(change),
        message(
            "{before:m} {currency} a month before, {now:m} now: {difference:+} {currency} a month.",
            before=cost_of(before),
            now=cost_of(after),
            difference=change.difference,
            currency=currency,
        ),
        *proofs(change),
    )
    parts: tuple[Table | Notes, ...] = (
        causes(change),
        *beside_causes(change),
        line_table(change, moved),
        *([_reasons(moved, currency)] if moved else []),
        findings(after),
        made_with(change),
    )
    return Report(message(title, name=after.workload.name), summary, parts)


def values(change: Requote[Plan]) -> dict[str, Any]:
    """Return a requote as plain values, amounts as text; the new plan is a part of it."""
    return {
        "schema": REQUOTE_SCHEMA,
        **difference_values(change, _KEPT, "monthly"),
        "lines": [_line_values(change, line) for line in change.lines],
        "plan": change.after.model_dump(mode="json", by_alias=True),
    }


def _reasons(moved: list[LineChange], currency: str) -> Notes:
    """Return what moved in each line: quantity, unit price, and the reasons of both plans."""
    entries = []
    for line in moved:
        before, after = line.before, line.after
        texts = []
        if before is None or after is None:
            state = "new: {quantity}" if after else "gone: {quantity}" if before else "in between only: {quantity}"
            texts.append(message(state, quantity=_quantity(line.item)))
        else:
            if before.quantity != after.quantity:
                texts.append(message("{old:n} → {new}", old=before.quantity, new=_quantity(after)))
            texts += price_moved(line, currency)
        if before and not _same_reason(line):
            texts.append(message("before: {because} [{rule}]", because=because(before.line), rule=before.line.rule))
        if after:
            texts.append(message("now: {because} [{rule}]", because=because(after.line), rule=after.line.rule))
        entries.append((head(line, currency), joined(*texts, between="; ")))
    return Notes("Why", tuple(entries))


def _quantity(item: Item) -> Message:
    """Return a quantity with its unit: 7 blades, 3 485 GiB."""
    named = item.line.unit
    countable = named.isalpha() and not named.endswith("iB")
    unit = f"{named}s" if countable and item.quantity != 1 else named
    return message("{count:n} {unit:w}", count=item.quantity, unit=unit)


def _same_reason(line: LineChange) -> bool:
    return bool(line.before and line.after and line.before.line.because == line.after.line.because)


def _line_values(change: Requote[Plan], line: LineChange) -> dict[str, Any]:
    both = {"before": line.before, "after": line.after}
    return {
        **line_named(line),
        **{name: _item_values(item) if item else None for name, item in both.items()},
        "difference": str(line.difference),
        "by_cause": {step.name: str(line.by_step[step.name]) for step in ordered(change)},
    }


def _item_values(item: Item) -> dict[str, Any]:
    reason = {"rule": item.line.rule, "because": item.line.because}
    unit_price = str(item.line.unit_price)
    return {"quantity": item.quantity, "unit_price": unit_price, "monthly": str(item.amount), **reason}
