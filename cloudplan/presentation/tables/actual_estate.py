"""An export of what stands beside a plan, as a report and as plain values: hosts, datastores, VMs."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from cloudplan.analysis.actual import MISSING, SAME, UNPLANNED
from cloudplan.analysis.actual_estate import (
    OTHER,
    UNKNOWN,
    ClusterEntry,
    EstateComparison,
    StoreEntry,
    VmEntry,
    VmSize,
)
from cloudplan.base.language import Message, counted, message
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.plan.plan import Plan
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables import actual
from cloudplan.presentation.tables.table import Cell, Column, Report, Table, Text

ESTATE_SCHEMA = "cloudplan/actual-estate/v1"
SHOWN, NAMED = 50, 20
"""Rows that a table lists, and names in a row."""
VERDICTS = {**actual.VERDICTS, OTHER: message("another size"), UNKNOWN: message("size not told")}
FIELDS: dict[str, Callable[[VmSize], Message]] = {
    "vcpus": lambda size: counted("{count:n} vCPU", "{count:n} vCPUs", size.vcpus or 0),
    "memory_mib": lambda size: message("{gib:n} GiB", gib=_gib(size.memory_mib or 0)),
    "disks_mib": lambda size: message(
        "disks {sizes} GiB",
        sizes=joined(*(message("{gib:n}", gib=_gib(mib)) for mib in size.disks_mib), between=" + "),
    ),
    "powered_on": lambda size: message("powered on") if size.powered_on else message("powered off"),
}
"""How the fields of a VM are told."""


def report(plan: Plan, found: EstateComparison) -> Report:
    """Return what differs, for people."""
    name = plan.workload.name
    parts = [table for table in (_clusters(found), _datastores(found), _vms(found)) if table.rows]
    return Report(message("{name}: what stands beside the plan", name=name), tuple(_summary(found)), tuple(parts))


def _summary(found: EstateComparison) -> list[Text]:
    told: list[Text] = []
    if found.clusters is None:
        told.append(message("The export tells nothing of hosts."))
    else:
        planned, there = (sum(figures) for figures in zip(*((e.planned, e.hosts) for e in found.clusters), strict=True))
        told.append(message("Hosts: {planned:n} planned, {there:n} stand.", planned=planned, there=there))
    if found.datastores is None:
        told.append(message("The export tells nothing of datastores."))
    else:
        planned_gib = [each.plan.size_gib for each in found.datastores if each.plan]
        there_mib = [each.actual.size_mib or 0 for each in found.datastores if each.actual]
        told.append(
            message(
                "Datastores: {planned:n} planned with {size:n} GiB, {there:n} stand with {actual:n} GiB.",
                planned=len(planned_gib),
                size=sum(planned_gib),
                there=len(there_mib),
                actual=_gib(sum(there_mib)),
            )
        )
    verdicts = Counter(each.verdict for each in found.vms)
    told.append(
        message(
            "VMs: {same:n} as planned, {missing:n} missing, {unplanned:n} not planned, {other:n} of another size.",
            same=verdicts[SAME],
            missing=verdicts[MISSING],
            unplanned=verdicts[UNPLANNED],
            other=verdicts[OTHER],
        )
    )
    return told


def _gib(mib: int) -> Fraction:
    return Fraction(mib, MIB_PER_GIB)


def _clusters(found: EstateComparison) -> Table:
    """Return all clusters: what stands for each, and how many hosts it has."""
    rows: list[tuple[Cell, ...]] = []
    for each in found.clusters or ():
        names = ", ".join(cluster.name for cluster in each.plan) or None
        blades = ", ".join(dict.fromkeys(cluster.blade for cluster in each.plan)) or None
        rows.append((names, blades, ", ".join(each.actual) or None, each.planned, each.hosts, _host_verdict(each)))
    columns = (
        *(Column("Cluster"), Column("Blade"), Column("In the export")),
        *(Column("Planned", "whole"), Column("Actual", "whole"), Column("Verdict")),
    )
    note = "A cluster of the export stands for the one of its name, else for the one where most of its VMs are planned."
    return Table("Hosts", columns, tuple(rows), note).without_empty()


def _host_verdict(entry: ClusterEntry) -> Message:
    if not entry.other_cores:
        return VERDICTS[entry.verdict]
    cores = ", ".join(str(number) for number in sorted(set(entry.other_cores)))
    others = counted(
        "{count:n} host of other cores ({cores})",
        "{count:n} hosts of other cores ({cores})",
        len(entry.other_cores),
        cores=cores,
    )
    return others if entry.verdict == SAME else joined(VERDICTS[entry.verdict], others, between=", ")


def _datastores(found: EstateComparison) -> Table:
    """Return the datastores that are not as planned."""
    rows: list[tuple[Cell, ...]] = []
    wrong = [each for each in found.datastores or () if each.verdict != SAME]
    for each in wrong[:SHOWN]:
        planned = (each.plan.name, each.plan.storage_class, each.plan.size_gib) if each.plan else (None, None, None)
        size_mib = each.actual.size_mib if each.actual else None
        size = None if size_mib is None else message("{gib:n}", gib=_gib(size_mib))
        rows.append((*planned, each.actual.name if each.actual else None, size, VERDICTS[each.verdict]))
    columns = (
        *(Column("Datastore"), Column("Class"), Column("Planned", "whole", "GiB"), Column("In the export")),
        *(Column("Actual", "whole", "GiB"), Column("Verdict")),
    )
    note = message(
        "A datastore of the export stands for the one of its name, else by its disks, else by its size to the GiB."
    )
    return Table("Datastores", columns, tuple(rows), _noted(note, len(wrong))).without_empty()


def _vms(found: EstateComparison) -> Table:
    """Return the VMs that are not as planned, those that differ alike in one row."""
    alike: dict[tuple[VmSize | None, VmSize | None], list[VmEntry]] = {}
    for each in found.vms:
        if each.verdict != SAME:
            alike.setdefault((each.plan, each.actual), []).append(each)
    rows: tuple[tuple[Cell, ...], ...] = tuple(map(_vm_row, [*alike.values()][:SHOWN]))
    columns = (Column("VMs"), Column("Planned"), Column("Actual"), Column("Verdict"))
    return Table("VMs", columns, rows, _noted(None, len(alike)))


def _vm_row(alike: Sequence[VmEntry]) -> tuple[Cell, ...]:
    first, names = alike[0], ", ".join(each.name for each in alike[:NAMED])
    more = len(alike) - NAMED
    shown = message("{names} and {more:n} more", names=names, more=more) if more > 0 else names
    named = first.differences or tuple(name for name in FIELDS if name != "powered_on")
    return (shown, *(_told(size, named) for size in (first.plan, first.actual)), VERDICTS[first.verdict])


def _told(size: VmSize | None, named: Sequence[str]) -> Message | None:
    """Return some fields of a VM in words, but for those that nobody tells."""
    if size is None:
        return None
    return joined(*(FIELDS[name](size) for name in named if getattr(size, name) is not None), between=", ")


def _noted(note: Message | None, count: int) -> Text:
    """Return a note, with how many more rows there are than a table lists."""
    more = message("{more:n} more are in --format json.", more=count - SHOWN) if count > SHOWN else None
    told = [each for each in (note, more) if each]
    return joined(*told, between=" ") if told else ""


def values(found: EstateComparison) -> dict[str, Any]:
    """Return it as the plain values of the JSON document, all entries in it; null where the export tells nothing."""
    return {
        "schema": ESTATE_SCHEMA,
        "clusters": None if found.clusters is None else [_cluster_values(each) for each in found.clusters],
        "datastores": None if found.datastores is None else [_store_values(each) for each in found.datastores],
        "vms": [
            {
                "name": each.name,
                "verdict": each.verdict,
                "differences": list(each.differences),
                "planned": asdict(each.plan) if each.plan else None,
                "actual": asdict(each.actual) if each.actual else None,
            }
            for each in found.vms
        ],
    }


def _cluster_values(entry: ClusterEntry) -> dict[str, Any]:
    return {
        "clusters": [cluster.name for cluster in entry.plan],
        "actual_clusters": list(entry.actual),
        "planned": entry.planned,
        "actual": entry.hosts,
        "verdict": entry.verdict,
        "other_cores": list(entry.other_cores),
    }


def _store_values(entry: StoreEntry) -> dict[str, Any]:
    planned = {"name": entry.plan.name, "size_gib": entry.plan.size_gib} if entry.plan else None
    there = {"name": entry.actual.name, "size_mib": entry.actual.size_mib} if entry.actual else None
    return {"verdict": entry.verdict, "planned": planned, "actual": there}
