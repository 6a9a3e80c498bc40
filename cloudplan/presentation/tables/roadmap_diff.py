"""What differs between two roadmaps: the cost of each phase, the total, and the inputs that are others."""

from collections.abc import Iterator
from typing import Any

from cloudplan.base.language import message
from cloudplan.plan.roadmap import Roadmap, RoadmapPhase
from cloudplan.presentation.tables import plan as tables
from cloudplan.presentation.tables.table import Cell, Column, Report, Table, Text


def report(before: Roadmap, after: Roadmap) -> Report:
    """Return the differences for people."""
    title = message("{one} and {other}: two roadmaps", one=before.workload.name, other=after.workload.name)
    return Report(title, tuple(_summary(before, after)), (_phases(before, after),))


def _summary(before: Roadmap, after: Roadmap) -> Iterator[Text]:
    yield message("Before: {priced}.", priced=tables.priced(before))
    yield message("After: {priced}.", priced=tables.priced(after))
    yield message("Change: {change:+} {currency}.", change=after.total - before.total, currency=after.prices.currency)
    others = _others(before, after)
    if not others:
        yield message("The inputs are the same.")
    for what in others:
        yield message("Another {what:w}.", what=what)


def _others(before: Roadmap, after: Roadmap) -> list[str]:
    """Return which inputs are others."""
    pairs = {
        "workload": (before.workload.sha256, after.workload.sha256),
        "catalogue": (before.catalog.sha256, after.catalog.sha256),
        "price book": (before.prices.sha256, after.prices.sha256),
    }
    return [what for what, (one, other) in pairs.items() if one != other]


def _pairs(before: Roadmap, after: Roadmap) -> Iterator[tuple[str, RoadmapPhase | None, RoadmapPhase | None]]:
    """Yield the phases that begin in the same month, and those that only one of both has."""
    one, other = ({phase.from_: phase for phase in each.phases} for each in (before, after))
    for month in sorted({*one, *other}):
        yield month, one.get(month), other.get(month)


def _phases(before: Roadmap, after: Roadmap) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for month, one, other in _pairs(before, after):
        change = other.cost - one.cost if one and other and one.months == other.months else None
        rows.append((month, *_figures(one), *_figures(other), change))
    rows.append((message("Total"), before.months, before.total, after.months, after.total, after.total - before.total))
    columns = (
        *(Column("First month"), Column("Months before", "whole"), Column("In all before", "money")),
        *(Column("Months after", "whole"), Column("In all after", "money"), Column("Change", "change")),
    )
    return Table("Phases", columns, tuple(rows), "A change is told where both phases have as many months.")


def _figures(phase: RoadmapPhase | None) -> tuple[Cell, Cell]:
    return (phase.months, phase.cost) if phase else (None, None)


def values(before: Roadmap, after: Roadmap) -> dict[str, Any]:
    """Return the differences as the plain values of the JSON document."""
    phases = [
        {"from": month, "before": _plain(one), "after": _plain(other)} for month, one, other in _pairs(before, after)
    ]
    return {
        "schema": "cloudplan/roadmap-diff/v1",
        "before": {**before.workload.model_dump(mode="json"), "total": str(before.total)},
        "after": {**after.workload.model_dump(mode="json"), "total": str(after.total)},
        "change": str(after.total - before.total),
        "other_inputs": _others(before, after),
        "phases": phases,
    }


def _plain(phase: RoadmapPhase | None) -> dict[str, Any] | None:
    return {"months": phase.months, "total_monthly": str(phase.plan.cost), "total": str(phase.cost)} if phase else None
