"""Why there is no plan, as a report and as plain values."""

from typing import Any

from cloudplan.analysis.relax import NoPlan
from cloudplan.presentation.tables.plan import gap
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, counted

NO_PLAN_SCHEMA = "cloudplan/no-plan/v1"


def report(name: str, found: NoPlan | None, currency: str) -> Report:
    """Return for people why a workload has no plan."""
    if found is None:
        return Report(f"{name}: there is a plan", ("Nothing has to give: run cloudplan size.",), ())
    summary = (f"No plan keeps the rules. {_sets(found)}", *_outcome(found))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (" and ".join(each.words), each.plan.monthly, gap(each.plan), sum(item.hosts for item in each.plan.clusters))
        for each in found.relaxations
    )
    columns = (
        *(Column("What would have to give"), Column("Monthly", "money", currency), Column("Gap", "discount")),
        Column("Hosts", "whole"),
    )
    parts: list[Table | Notes] = [Notes("What stands against it", tuple((str(fault), "") for fault in found.faults))]
    if rows:
        parts.append(Table("Ways to a plan", columns, rows))
    if found.tried:
        parts.append(Notes("Given up alone, in vain", tuple((words, "") for words in found.tried)))
    return Report(f"{name}: why no plan", summary, tuple(parts))


def _sets(found: NoPlan) -> str:
    sets = [", ".join(each.groups) for each in found.conflicts if each.groups]
    if len(sets) > 1:
        return f"{counted(len(sets), 'set')} of VM groups have none, each even by itself: {'; '.join(sets)}."
    return f"Smallest set of VM groups without one: {sets[0] if sets else 'no VM group in particular'}."


def _outcome(found: NoPlan) -> tuple[str, ...]:
    """Return what came of all that was tried, and no more than that."""
    if found.relaxations:
        return (f"{counted(len(found.relaxations), 'way')} to a plan found, cheapest first.",)
    stuck = [each for each in found.conflicts if not each.mends]
    if not stuck:
        return (f"Each set can be mended by itself; {counted(found.combined, 'combination')} of mends tried in vain.",)
    return tuple(
        f"Tried in vain for {', '.join(each.groups)}: {counted(len(each.in_vain), 'requirement')} given up alone, "
        f"{counted(each.pairs, 'pair')} of them, and all together."
        for each in stuck
    )


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
            {
                "words": list(each.words),
                "edits": dict(each.edits),
                "monthly": str(each.plan.monthly),
                "gap": each.plan.gap,
            }
            for each in found.relaxations
        ],
        "in_vain": list(found.tried),
        "conflicts": [
            {
                "groups": list(each.groups),
                "mends": [{"words": list(words), "edits": dict(edits)} for words, edits in each.mends],
                "in_vain": list(each.in_vain),
                "pairs_tried": each.pairs,
            }
            for each in found.conflicts
        ],
        "combinations_tried": found.combined,
    }
