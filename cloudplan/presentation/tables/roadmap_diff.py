"""What differs between two roadmaps, as a report and as plain values: by cause, by date, line by line."""

from collections.abc import Iterator, Sequence
from typing import Any

from cloudplan.analysis.changes import Item, LineChange, Requote
from cloudplan.analysis.roadmap_diff import OrderChange, Span, order_changes, spans
from cloudplan.base.language import Message, known, message
from cloudplan.plan.roadmap import Roadmap
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
from cloudplan.presentation.tables.standing import item_of
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table

DIFF_SCHEMA = "cloudplan/roadmap-diff/v1"
REQUOTE_SCHEMA = "cloudplan/roadmap-requote/v1"
_KEPT = {"program", "workload", "catalog", "prices", "start", "months", "status", "total"}
_KEPT |= {"lower_bound", "gap", "owed_after"}
"""Fields that are told of each roadmap."""
ORDERED = {
    (True, True): message("both"),
    (True, False): message("before only"),
    (False, True): message("now only"),
    (False, False): message("none"),
}
"""Which of both roadmaps have an order date, the first one first."""


def report(change: Requote[Roadmap]) -> Report:
    """Return the differences for people."""
    before, after, currency = change.before, change.after, change.after.prices.currency
    moved = moved_lines(change)
    summary = (
        *illustrative(change),
        message(
            "{before:m} {currency} in {old} months before, {now:m} in {new} months now: {difference:+} {currency}.",
            before=before.total,
            old=before.months,
            now=after.total,
            new=after.months,
            difference=change.difference,
            currency=currency,
        ),
        *proofs(change),
        *_owed(before, after),
    )
    parts: tuple[Table | Notes, ...] = (
        causes(change),
        *beside_causes(change),
        _spans(spans(before, after), change),
        _orders([each for each in order_changes(change) if each.before != each.after]),
        line_table(change, moved),
        *([_reasons(moved, currency)] if moved else []),
        findings(after),
        made_with(change),
    )
    names = dict.fromkeys((before.workload.name, after.workload.name))
    title = message("{name}: difference", name=" → ".join(names))
    return Report(title, summary, parts)


def _owed(before: Roadmap, after: Roadmap) -> Iterator[Message]:
    """Yield what the orders of both still owe after their horizons, where one does."""
    if before.owed_after or after.owed_after:
        yield message(
            "Beside the totals: the orders still owe {before:m} {currency} after the horizon before, {now:m} now.",
            before=before.owed_after,
            now=after.owed_after,
            currency=after.prices.currency,
        )


def _spans(listed: Sequence[Span], change: Requote[Roadmap]) -> Table:
    """Return what each month costs in both, between the dates at which one of them changes."""
    currency = change.after.prices.currency
    rows: list[tuple[Cell, ...]] = []
    for span in listed:
        costs = (phase.plan.cost if phase else None for phase in (span.before, span.after))
        rows.append((span.start, span.months, _dates(span), *costs, span.difference))
    total = (message("total"), sum(span.months for span in listed), "", None, None, change.difference)
    columns = (
        *(Column("From"), Column("Duration (months)", "whole"), Column("Order date")),
        *(Column("A month before", "money", currency), Column("A month now", "money", currency)),
        Column("Difference", "change", currency),
    )
    note = "The difference is that of all these months. An order date of one roadmap only is a phase of it alone."
    return Table("Month by month", columns, (*rows, total), note)


def _dates(span: Span) -> Message:
    return ORDERED[span.ordered_before, span.ordered_after]


def _orders(listed: Sequence[OrderChange]) -> Table:
    """Return what is ordered otherwise."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (each.month, each.site, item_of(each.line), known(each.line.unit), each.before, each.after) for each in listed
    )
    columns = (
        *(Column("Month"), Column("Site"), Column("Item"), Column("Unit")),
        *(Column("Before", "whole"), Column("Now", "whole")),
    )
    if not rows:
        return Table("Orders by date", columns, (), "Both order the same at the same dates.")
    note = "What is ordered at each date; what is given back is below 0. Orders that are the same are left out."
    return Table("Orders by date", columns, rows, note)


def _reasons(moved: Sequence[LineChange], currency: str) -> Notes:
    """Return the quantity of each line that moved over time, in both roadmaps, and its price where that moved."""
    entries = []
    for line in moved:
        texts = [*price_moved(line, currency), *_courses(line)]
        entries.append((head(line, currency), joined(*texts, between="; ")))
    return Notes("Why", tuple(entries))


def _courses(line: LineChange) -> Iterator[Message]:
    before, after = line.before, line.after
    if before and after and before.course == after.course:
        yield message("{course}, as before", course=_course(after))
        return
    yield message("before: {course}", course=_course(before) if before else message("none"))
    yield message("now: {course}", course=_course(after) if after else message("none"))


def _course(item: Item) -> Message:
    """Return a quantity over time: 3 from 2027-01, 4 from 2027-10."""
    steps = (message("{count:n} from {month}", count=count, month=month) for month, count in item.course)
    return joined(*steps, between=", ")


def requote_values(change: Requote[Roadmap]) -> dict[str, Any]:
    """Return the differences as plain values, with the new roadmap as a part of them."""
    roadmap = change.after.model_dump(mode="json", by_alias=True)
    return {**values(change), "schema": REQUOTE_SCHEMA, "roadmap": roadmap}


def values(change: Requote[Roadmap]) -> dict[str, Any]:
    """Return the differences as the plain values of the JSON document."""
    return {
        "schema": DIFF_SCHEMA,
        **difference_values(change, _KEPT, "total"),
        "months": [_span_values(span) for span in spans(change.before, change.after)],
        "orders": [_order_values(each) for each in order_changes(change)],
        "lines": [
            {
                **line_named(line),
                "before": _item_values(line.before),
                "after": _item_values(line.after),
                "difference": str(line.difference),
                "by_cause": {step.name: str(line.by_step[step.name]) for step in ordered(change)},
            }
            for line in change.lines
        ],
    }


def _span_values(span: Span) -> dict[str, Any]:
    monthly = {"before": span.before, "after": span.after}
    return {
        **{"from": span.start, "months": span.months},
        "order_date": {"before": span.ordered_before, "after": span.ordered_after},
        "monthly": {name: str(phase.plan.cost) if phase else None for name, phase in monthly.items()},
        "difference": str(span.difference),
    }


def _order_values(each: OrderChange) -> dict[str, Any]:
    name = {"licence": each.line.licence} if each.line.sku is None else {"sku": each.line.sku}
    label = {"label": each.line.label, "unit": each.line.unit}
    return {"month": each.month, "site": each.site, **name, **label, "before": each.before, "after": each.after}


def _item_values(item: Item | None) -> dict[str, Any] | None:
    if item is None:
        return None
    course = [{"from": month, "quantity": quantity} for month, quantity in item.course]
    return {"unit_price": str(item.line.unit_price), "total": str(item.amount), "quantities": course}
