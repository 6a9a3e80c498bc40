"""How long what stands lasts, and how many more VMs fit, as a report and as plain values."""

from collections.abc import Sequence
from typing import Any

from cloudplan.analysis.headroom import MONTHS, Fit, Resource
from cloudplan.base.language import Message, message
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables.table import Cell, Column, Report, Table, Text

HEADROOM_SCHEMA = "cloudplan/headroom/v1"
KINDS = {
    "blades": message("hosts"),
    "memory": message("activated memory (GiB)"),
    "storage": message("storage (GiB)"),
}


def report(plan: Plan, resources: Sequence[Resource], growth: tuple[str, str, str], fit: Fit | None) -> Report:
    """Return it for people; `growth` are the growth of VMs and of storage, and the month that the plan is for."""
    rows = sorted(resources, key=lambda each: (each.runs_out or "9999", each.place, each.kind))
    columns = (
        *(Column("Site"), Column("Pool or class"), Column("Resource")),
        *(Column("Used", "whole"), Column("Available", "whole"), Column("Runs out")),
    )
    summary: list[Text] = []
    tables: tuple[Table, ...] = ()
    if resources:
        vms, storage, month = growth
        summary.append(
            message(
                "With nothing ordered from {month} on; growth a year: VMs {vms:p}, storage {storage:p}.",
                month=month,
                vms=vms,
                storage=storage,
            )
        )
        summary.append(_first(rows[0]))
        tables = (Table("Headroom", columns, tuple(map(_row, rows))),)
    if fit:
        summary.append(_fitting(fit))
    return Report(message("{name}: headroom", name=plan.workload.name), tuple(summary), tables)


def _fitting(fit: Fit) -> Message:
    if fit.proven:
        return message(
            "More VMs of {shape} that fit on what is there: {count:n}; one more does not.",
            shape=fit.shape,
            count=fit.count,
        )
    return message(
        "More VMs of {shape} that fit on what is there: {count:n}; whether one more does is not proven.",
        shape=fit.shape,
        count=fit.count,
    )


def _first(resource: Resource) -> Message:
    if resource.runs_out is None:
        return message("Nothing runs out within {months} months.", months=MONTHS)
    site, name = resource.place
    return message(
        "First to run out: {what} at {site}, {name}, in {month}.",
        what=KINDS[resource.kind],
        site=site,
        name=name,
        month=resource.runs_out,
    )


def _row(resource: Resource) -> tuple[Cell, ...]:
    site, name = resource.place
    out = resource.runs_out or message("not within {months} months", months=MONTHS)
    return (site, name, KINDS[resource.kind], resource.used, resource.capacity, out)


def values(resources: Sequence[Resource], fit: Fit | None) -> dict[str, Any]:
    """Return it as the plain values of the JSON document."""
    listed = [
        {
            "site": each.place[0],
            "class" if each.kind == "storage" else "pool": each.place[1],
            "resource": each.kind,
            "used": each.used,
            "capacity": each.capacity,
            "runs_out": each.runs_out,
        }
        for each in resources
    ]
    told = {"fit": {"shape": fit.shape, "k": fit.count, "proven": fit.proven}} if fit else {}
    return {"schema": HEADROOM_SCHEMA, "resources": listed, **told}
