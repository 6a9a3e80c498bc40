"""The orders of a roadmap: phase by phase, only what is new at each date."""

from collections.abc import Sequence
from typing import Any

from cloudplan.base.language import Language, message
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.tables.orders import Head
from cloudplan.presentation.tables.plan import own_catalog
from cloudplan.presentation.tables.table import Report, Table
from cloudplan.sales.steps import Orders


def report(roadmap: Roadmap, found: Sequence[Orders], head: Head, spoken: Language) -> Report:
    """Return the orders of all phases as a document, `found` those of each."""
    parts: list[Table] = [tables.about(head, spoken)]
    for phase, orders in zip(roadmap.phases, found, strict=True):
        sequence = tables.overview(orders)
        title = message("To order in {month}", month=phase.from_)
        parts.append(Table(title, sequence.columns, sequence.rows, "" if sequence.rows else "None."))
        parts += [tables.step(each, orders, phase.from_) for each in orders.steps]
    summary = (
        message("Each phase orders only what is new; what is given back stands in the changes of the roadmap."),
        *own_catalog(roadmap),
    )
    return Report(message("{name}: orders", name=roadmap.workload.name), summary, tuple(parts))


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
