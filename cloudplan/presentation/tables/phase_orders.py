"""The orders of a roadmap: phase by phase, only what is new at each date."""

from collections.abc import Iterator, Sequence
from typing import Any

from cloudplan.base.language import Language, message
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.tables.orders import Head
from cloudplan.presentation.tables.plan import own_catalog
from cloudplan.presentation.tables.table import Column, Report, Table, Text
from cloudplan.sales.phase_orders import new_rules
from cloudplan.sales.steps import Orders


def report(roadmap: Roadmap, found: Sequence[Orders], head: Head, spoken: Language) -> Report:
    """Return the orders of all phases as a document, `found` those of each."""
    parts: list[Table] = [tables.about(head, spoken)]
    for phase, orders, rules in zip(roadmap.phases, found, new_rules(found), strict=True):
        sequence = tables.overview(orders)
        title = message("To order in {month}", month=phase.from_)
        parts.append(Table(title, sequence.columns, sequence.rows, "" if sequence.rows else "None."))
        parts += [tables.step(each, orders, phase.from_) for each in orders.steps]
        if rules:
            due = tables.affinity(rules)
            parts.append(Table(message("Affinity rules from {month} on", month=phase.from_), due.columns, due.rows))
    summary = (_NOTE, *own_catalog(roadmap))
    return Report(message("{name}: orders", name=roadmap.workload.name), summary, tuple(parts))


_NOTE = message("Each phase orders only what is new; what is given back stands in the changes of the roadmap.")


def sheets(roadmap: Roadmap, found: Sequence[Orders]) -> Iterator[tuple[str, Table]]:
    """Yield the tables of a workbook by a lasting name: the steps of all phases, their fields, the rules that are new.

    Each row has the month of its phase.
    """
    months = [phase.from_ for phase in roadmap.phases]
    yield "steps", _of_months(months, [tables.overview(orders) for orders in found], _NOTE)
    yield "orders", _of_months(months, [tables.table(orders) for orders in found])
    yield "affinity", _of_months(months, [tables.affinity(rules) for rules in new_rules(found)])


def _of_months(months: Sequence[str], each: Sequence[Table], note: Text = "") -> Table:
    """Return the tables of all phases as one, with a month in front of each row."""
    rows = tuple((month, *row) for month, table in zip(months, each, strict=True) for row in table.rows)
    notes = [table.note for table in each if table.note]
    return Table(each[0].title, (Column("Month"), *each[0].columns), rows, note or (notes[0] if notes else ""))


def values(roadmap: Roadmap, found: Sequence[Orders], head: Head) -> dict[str, Any]:
    """Return the orders of all phases as the plain values of the JSON document."""
    plain = []
    for phase, orders in zip(roadmap.phases, found, strict=True):
        told = tables.values(orders, phase.plan.workload.name, head)
        kept = {name: told[name] for name in ("name", "orders", "requests", "affinity")}
        plain.append({"from": phase.from_, **kept})
    named = {"name": roadmap.workload.name, "number": head.number, "issued": head.issued and head.issued.isoformat()}
    hashes = {"roadmap": {"sha256": head.plan}, "prices": {"sha256": head.prices}}
    return {"schema": "cloudplan/phase-orders/v1", **named, **hashes, "phases": plain}
