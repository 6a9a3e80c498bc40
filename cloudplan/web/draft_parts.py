"""What a page shows of a workload: faults beside lines, the ledger of its import, what any plan of it rests on."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cloudplan.base import kinds
from cloudplan.base.errors import BadInputError
from cloudplan.presentation.listed import listed
from cloudplan.presentation.tables import assumptions, inventory
from cloudplan.presentation.tables.table import Notes, say, words
from cloudplan.web.desk import Draft
from cloudplan.web.project import Project
from cloudplan.web.view import View
from cloudplan.workload.workload import Inventory

_LINE = re.compile(r":(\d+):\d+$")
"""The end of where a fault is: its line, and its column."""


def faulty(draft: Draft) -> Sequence[Mapping[str, Any]]:
    """Return what is wrong with a workload, each with its line and what stands there."""
    lines = draft.text.split("\n")
    found = []
    for fault in draft.faults:
        place = _LINE.search(fault.get("where") or "")
        number = int(place[1]) if place else 0
        text = lines[number - 1] if 0 < number <= len(lines) else ""
        path = f"{fault['path']}: " if fault.get("path") else ""
        found.append({"line": number, "text": text[:300], "message": f"{path}{fault['message']}"})
    return found


def assumed(view: View, project: Project, draft: Draft) -> Mapping[str, Any] | None:
    """Return what any plan of a workload rests on; None where the workload or the price book is faulty."""
    try:
        table = assumptions.told(view.desk.assumed(project, draft))
    except BadInputError:
        return None  # sizing tells what is wrong
    return {"title": say(table.title, view.spoken), "table": listed(table, view.spoken)}


def ledger(view: View, draft: Draft) -> Sequence[Mapping[str, Any]]:
    """Return what a workload says of the inventory that it was imported from, part by part."""
    try:
        tree = kinds.document(draft.path, kinds.WORKLOAD).tree
        said = tree.get("inventory") if isinstance(tree, dict) else None
        if not said:
            return []
        read = Inventory.model_validate(said)
    except (BadInputError, ValueError):
        return []  # the workload is told as faulty elsewhere
    report = inventory.report(read, left_out={}, changes=(), candidates={}, used={}, vms=())
    parts: list[Mapping[str, Any]] = []
    for part in report.parts:
        title = say(part.title, view.spoken)
        if isinstance(part, Notes):
            notes = [words(head, "text", view.spoken) for head, _ in part.entries]
            parts.append({"title": title, "notes": notes})
        else:
            parts.append({"title": title, "table": listed(part, view.spoken)})
    return parts
