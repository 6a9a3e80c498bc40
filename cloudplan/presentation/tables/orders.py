"""The orders as tables: one line for each field, and a document of all."""

from typing import Any

from cloudplan.base.language import ENGLISH, Language, Message, known, message
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables.plan import own_catalog
from cloudplan.presentation.tables.table import Cell, Column, Report, Table
from cloudplan.sales.orders import Field, Order, Orders, Value

UNKNOWN = message("to be filled in")


def table(orders: Orders) -> Table:
    """Return all orders and requests, one row for each field: what is worked off from top to bottom."""
    rows: list[tuple[Cell, ...]] = []
    for order in orders.orders:
        head: tuple[Cell, ...] = (order.number, known(order.kind), order.site)
        rows += [(*head, name, _cell(value), order.waits_for) for name, value in order.fields]
        rows += [(*head, message("Note"), note, order.waits_for) for note in order.notes]
    for request in orders.requests:
        head = (None, message("request: {kind}", kind=known(request.kind)), request.site or None)
        rows += [(*head, name, _cell(value), None) for name, value in request.fields]
    columns = (
        *(Column("Step", "whole"), Column("Kind"), Column("Site"), Column("Field"), Column("Content")),
        Column("After step", "whole"),
    )
    note = message("One order of a kind at a time: place the next when the one before it is delivered.")
    return Table("Orders", columns, tuple(rows), note)


def report(orders: Orders, plan: Plan, spoken: Language) -> Report:
    """Return the orders of a plan as a document."""
    parts = [_order(order) for order in orders.orders]
    for request in orders.requests:
        title = message("Request: {kind} {site}", kind=known(request.kind), site=request.site or "")
        parts.append(Table(title, (Column("Field"), Column("Content")), _rows(request.fields)))
    summary = (
        spoken.text("{count} orders at the console, in this sequence, then the requests.", count=len(orders.orders)),
        spoken.word("One order of a kind at a time: place the next when the one before it is delivered."),
        *map(spoken.said, own_catalog(plan)),
    )
    return Report(spoken.text("{name}: orders", name=plan.workload.name), summary, tuple(parts))


def _order(order: Order) -> Table:
    title = message("{number}. {kind}, {site}", number=order.number, kind=known(order.kind), site=order.site)
    rows = list(_rows(order.fields))
    if order.waits_for:
        rows.append((message("After step"), order.waits_for))
    rows += [(message("Note"), note) for note in order.notes]
    return Table(title, (Column("Field"), Column("Content")), tuple(rows))


def _rows(fields: tuple[Field, ...]) -> tuple[tuple[Cell, ...], ...]:
    return tuple((name, _cell(value)) for name, value in fields)


def _cell(value: Value) -> Cell:
    """Return a value as a cell of texts."""
    if value is None:
        return UNKNOWN
    return message("{value:n}", value=value) if isinstance(value, int) else value


def _english(value: Value) -> str | int | None:
    return ENGLISH.said(value) if isinstance(value, Message) else value


def values(orders: Orders, name: str) -> dict[str, Any]:
    """Return the orders as the plain values of the JSON document."""

    def plain(fields: tuple[Field, ...]) -> dict[str, Any]:
        return {str(_english(key)): _english(value) for key, value in fields}

    return {
        "schema": "cloudplan/orders/v1",
        "name": name,
        "orders": [
            {
                **{"number": order.number, "kind": order.kind, "site": order.site, "after": order.waits_for},
                **{"fields": plain(order.fields), "notes": [ENGLISH.said(note) for note in order.notes]},
            }
            for order in orders.orders
        ],
        "requests": [
            {"kind": request.kind, "site": request.site, "fields": plain(request.fields)} for request in orders.requests
        ],
    }
