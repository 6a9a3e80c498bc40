"""A table as values for a template: its columns with what they hold, its rows as texts, and its note."""

from typing import Any

from cloudplan.base.language import Language
from cloudplan.presentation.tables.table import Table, say


def listed(table: Table, spoken: Language) -> dict[str, Any]:
    """Return a table as texts in a language."""
    kinds = ["text" if column.is_text else "number" for column in table.columns]
    columns = list(zip(table.headers(spoken), kinds, strict=True))
    return {"columns": columns, "rows": table.texts(spoken), "note": say(table.note, spoken)}


def by_name(table: Table, spoken: Language) -> list[dict[str, str]]:
    """Return the rows of a table as texts by the English name of their column."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.texts(spoken)]
