"""A roadmap as a report: a column for each phase, what changes at each date, the total and its proof."""

from collections.abc import Callable, Iterator, Sequence

from cloudplan.base.language import Message, message
from cloudplan.plan.plan import Finding, Plan
from cloudplan.plan.roadmap import Roadmap, RoadmapPhase
from cloudplan.presentation.tables import plan as tables
from cloudplan.presentation.tables import standing
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, Text

COLUMNS = 4
"""Phases side by side: what 80 columns of a terminal hold."""
IDLE = ("cluster-idle", "storage-idle")
"""Findings of phases that speak of time."""


def report(roadmap: Roadmap) -> Report:
    """Return a roadmap for people."""
    parts: tuple[Table | Notes, ...] = (
        *_side_by_side(roadmap),
        *_orders(roadmap),
        *_idle(roadmap),
        _findings(roadmap),
        _made_with(roadmap),
    )
    title = message("{name}: roadmap", name=roadmap.workload.name)
    return Report(title, tuple(_summary(roadmap)), parts)


def _summary(roadmap: Roadmap) -> Iterator[Text]:
    currency = roadmap.prices.currency
    if roadmap.prices.illustrative:
        yield tables.ILLUSTRATIVE
    yield message("{priced}.", priced=tables.priced(roadmap))
    yield message(
        "Lower bound: no roadmap that keeps the rules costs less than {bound:m} {currency}.",
        bound=roadmap.lower_bound,
        currency=currency,
    )
    if roadmap.owed_after:
        yield message(
            "Beside the total: after {last} the orders still owe {owed:m} {currency}, to the end of their commitments.",
            last=roadmap.phases[-1].last,
            owed=roadmap.owed_after,
            currency=currency,
        )
    yield from tables.own_catalog(roadmap)


def _side_by_side(roadmap: Roadmap) -> Iterator[Table]:
    """Yield the phases, a column for each, as many side by side as are readable."""
    for first in range(0, len(roadmap.phases), COLUMNS):
        some = roadmap.phases[first : first + COLUMNS]
        columns = (Column("Figure"), *(Column(phase.from_, "money") for phase in some))
        title = "Phases" if first == 0 else message("Phases from {month} on", month=some[0].from_)
        yield Table(title, columns, tuple(_figures(roadmap, some)), "Each ordered at its first month.")


Figure = Callable[[RoadmapPhase], int]


def _figures(roadmap: Roadmap, phases: Sequence[RoadmapPhase]) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows: what stands, and what it costs."""
    currency = roadmap.prices.currency
    for label, figure in capacity(roadmap):
        yield (label, *(message("{number:n}", number=figure(phase)) for phase in phases))
    yield (message("A month ({currency})", currency=currency), *(phase.plan.cost for phase in phases))
    yield (message("In all ({currency})", currency=currency), *(phase.cost for phase in phases))


def capacity(roadmap: Roadmap) -> list[tuple[Message, Figure]]:
    """Return what stands in a phase, whole numbers by name: hosts by blade, memory, GiB by class, backup."""
    rows: list[tuple[Message, Figure]] = [
        (message("Duration (months)"), lambda phase: phase.months),
        (message("VMs"), lambda phase: sum(group["count"] for group in phase.plan.inputs.workload["vms"])),
    ]
    plans = [phase.plan for phase in roadmap.phases]
    for site, blade in _places((each.site, each.blade) for plan in plans for each in plan.clusters):
        label = message("Hosts {blade}, {site}", blade=blade, site=site)
        rows.append((label, _hosts(site, blade)))
    rows.append((message("Clusters"), _sum(lambda plan: len(plan.clusters))))
    rows.append((message("Activated memory (GiB)"), _sum(lambda plan: sum(e.memory_gib for e in plan.clusters))))
    for site, name in _places((each.site, each.storage_class) for plan in plans for each in plan.datastores):
        label = message("Storage {name}, {site} (GiB)", name=name, site=site)
        rows.append((label, _gib(site, name)))
    rows.append((message("Backup storage (TiB)"), _sum(lambda plan: sum(each.tib for each in plan.backup))))
    rows.append((message("VMs moved"), lambda phase: phase.moved))
    return rows


def _places(found: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(set(found))


def _sum(count: Callable[[Plan], int]) -> Figure:
    return lambda phase: count(phase.plan)


def _hosts(site: str, blade: str) -> Figure:
    return _sum(lambda plan: sum(each.hosts for each in plan.clusters if (each.site, each.blade) == (site, blade)))


def _gib(site: str, name: str) -> Figure:
    def gib(plan: Plan) -> int:
        return sum(each.size_gib for each in plan.datastores if (each.site, each.storage_class) == (site, name))

    return _sum(gib)


def _orders(roadmap: Roadmap) -> Iterator[Table]:
    """Yield what changes at each date."""
    for phase in roadmap.phases:
        yield standing.changed(message("Changes in {month}", month=phase.from_), phase.changes).without("SKU")


def _idle(roadmap: Roadmap) -> Iterator[Notes]:
    """Yield the clusters and the storage that stand idle, by the phases in which they do; nothing where none does."""
    found: dict[tuple[str, str], tuple[Finding, list[str]]] = {}
    for phase in roadmap.phases:
        for each in phase.plan.findings:
            if each.code in IDLE:
                found.setdefault((each.code, each.message), (each, []))[1].append(phase.from_)
    entries = [
        (message("Phases from {months}", months=", ".join(at)), tables.told(each)) for each, at in found.values()
    ]
    if entries:
        yield Notes("Idle", tuple(entries))


def _findings(roadmap: Roadmap) -> Notes:
    entries = [
        (message("{severity}, {code}", severity=tables.SEVERITIES[each.severity], code=each.code), tables.told(each))
        for each in roadmap.findings
    ]
    return Notes("Findings", tuple(entries))


def _made_with(roadmap: Roadmap) -> Notes:
    rows = tables.made_with(roadmap).rows
    return Notes(
        "Made with",
        tuple((message("{what}: {name}", what=what, name=name), str(sha or "")) for what, name, sha in rows),
    )
