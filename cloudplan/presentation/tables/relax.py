"""Why there is no plan, as a report and as plain values."""

from typing import Any

from cloudplan.analysis.relax import NoPlan
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, counted

NO_PLAN_SCHEMA = "cloudplan/no-plan/v1"


def report(name: str, found: NoPlan | None, currency: str) -> Report:
    """Return for people why a workload has no plan."""
    if found is None:
        return Report(f"{name}: there is a plan", ("Nothing has to give: run cloudplan size.",), ())
    names = ", ".join(found.groups) or "no VM group in particular"
    summary = (
        f"No plan keeps the rules. Smallest set of VM groups without one: {names}.",
        f"{counted(len(found.relaxations), 'way')} to a plan found, cheapest first."
        if found.relaxations
        else "No requirement helps when it is given up, alone or with another one.",
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (" and ".join(each.words), each.plan.monthly, sum(cluster.hosts for cluster in each.plan.clusters))
        for each in found.relaxations
    )
    columns = (Column("What would have to give"), Column("Monthly", "money", currency), Column("Hosts", "whole"))
    parts: list[Table | Notes] = [Notes("What stands against it", tuple((str(fault), "") for fault in found.faults))]
    if rows:
        parts.append(Table("Ways to a plan", columns, rows))
    if found.tried:
        parts.append(Notes("Given up alone, in vain", tuple((words, "") for words in found.tried)))
    return Report(f"{name}: why no plan", summary, tuple(parts))


def values(name: str, found: NoPlan | None) -> dict[str, Any]:
    """Return why a workload has no plan as the plain values of the JSON document."""
    head: dict[str, Any] = {"schema": NO_PLAN_SCHEMA, "workload": name, "feasible": found is None}
    if found is None:
        return head
    return {
        **head,
        "faults": [{"rule": fault.rule, "path": fault.path, "message": fault.message} for fault in found.faults],
        "groups": list(found.groups),
        "relaxations": [
            {"words": list(each.words), "edits": dict(each.edits), "monthly": str(each.plan.monthly)}
            for each in found.relaxations
        ],
        "in_vain": list(found.tried),
    }
