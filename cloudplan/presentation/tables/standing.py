"""What a plan changes about what stands already, as a table."""

from collections.abc import Sequence

from cloudplan.base.language import Message, known, message
from cloudplan.plan.plan import Change, Plan
from cloudplan.presentation.tables.table import Cell, Column, Table, Text

NOTE = "Against what stands already; a quantity of which nobody told is empty before."


def changes(plan: Plan) -> Table:
    """Return what has to be ordered, or given back; no rows where nothing changes, or nothing stands."""
    return changed("Changes", plan.changes or (), NOTE)


def changed(title: Text, listed: Sequence[Change], note: Text = "") -> Table:
    """Return changes under a title."""
    columns = (
        *(Column("Site"), Column("Item"), Column("SKU", "hash"), Column("Unit")),
        *(Column("Before", "whole"), Column("After", "whole"), Column("Change", "whole")),
    )
    return Table(title, columns, tuple(_row(each) for each in listed), note)


def item_of(change: Change) -> Message:
    """Return what an item is called; a licence of others by its name."""
    return known(change.label) if change.sku else message("licence {name}", name=change.label)


def _row(change: Change) -> tuple[Cell, ...]:
    difference = None if change.before is None else change.after - change.before
    return (change.site, item_of(change), change.sku, known(change.unit), change.before, change.after, difference)
