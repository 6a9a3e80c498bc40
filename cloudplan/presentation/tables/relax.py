"""Why there is no plan, as a report and as plain values."""

from typing import Any

from cloudplan.analysis.relax import NoPlan
from cloudplan.base.language import Message, counted, message
from cloudplan.presentation.phrases import all_of, phrase
from cloudplan.presentation.tables.plan import gap
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, Text

NO_PLAN_SCHEMA = "cloudplan/no-plan/v1"


def report(name: str, found: NoPlan | None, currency: str) -> Report:
    """Return for people why a workload has no plan."""
    if found is None:
        nothing = message("Nothing has to give: run cloudplan size.")
        return Report(message("{name}: there is a plan", name=name), (nothing,), ())
    summary: tuple[Text, ...] = (message("No plan keeps the rules. {sets}", sets=_sets(found)), *_outcome(found))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (all_of(each.words), each.plan.cost, gap(each.plan), sum(item.hosts for item in each.plan.clusters))
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
        parts.append(Notes("Given up alone, in vain", tuple((phrase(words), "") for words in found.tried)))
    return Report(message("{name}: why no plan", name=name), summary, tuple(parts))


def _sets(found: NoPlan) -> Message:
    sets = [", ".join(each.groups) for each in found.conflicts if each.groups]
    if len(sets) > 1:
        return message(
            "{count} sets of VM groups have none, each even by itself: {sets}.", count=len(sets), sets="; ".join(sets)
        )
    if not sets:
        return message("Smallest set of VM groups without one: no VM group in particular.")
    return message("Smallest set of VM groups without one: {names}.", names=sets[0])


def _outcome(found: NoPlan) -> tuple[Message, ...]:
    """Return what came of all that was tried, and no more than that."""
    if found.relaxations:
        one, many = "{count:n} way to a plan found, cheapest first.", "{count:n} ways to a plan found, cheapest first."
        return (counted(one, many, len(found.relaxations)),)
    stuck = [each for each in found.conflicts if not each.mends]
    if not stuck:
        one = "Each set can be mended by itself; {count:n} combination of mends tried in vain."
        many = "Each set can be mended by itself; {count:n} combinations of mends tried in vain."
        return (counted(one, many, found.combined),)
    return tuple(
        message(
            "Tried in vain for {names}: {alone} given up alone, {pairs} of them, and all together.",
            names=", ".join(each.groups),
            alone=counted("{count:n} requirement", "{count:n} requirements", len(each.in_vain)),
            pairs=counted("{count:n} pair", "{count:n} pairs", each.pairs),
        )
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
                "monthly": str(each.plan.cost),
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
