"""Which kind of ours a file or a folder is: by what it says of itself, by its sheets, by its name."""

from pathlib import Path

from cloudplan.base import files, kinds, limits, spreadsheet
from cloudplan.base.errors import BadInputError
from cloudplan.catalog.loading import editions_in
from cloudplan.inventory.tables import CSV_SUFFIXES
from cloudplan.prices.excel import SHEETS

QUOTE_NAME = "cp_term_months"
"""A name that the workbooks of quotes define."""


def kind_of(path: Path) -> str:
    """Return which kind of ours a file or folder is; raise BadInputError when it is none, or cannot be read."""
    if files.is_folder(path):
        return kinds.EDITION if editions_in(path) else kinds.INVENTORY
    is_list = path.suffix.lower() in CSV_SUFFIXES
    try:
        kind = kinds.kind_of(path)
    except BadInputError:
        if is_list:  # which may be in other encodings, and larger
            return kinds.INVENTORY
        raise
    if kind == kinds.WORKBOOK:
        return _workbook(path)
    return kinds.INVENTORY if is_list and not kind else kind


def _workbook(path: Path) -> str:
    """Return what a workbook, or a zip, is."""
    with files.opened(path, limits.INVENTORY_BYTES) as file:
        sheets, names = spreadsheet.names_in(file, str(path))
    if QUOTE_NAME in names or kinds.QUOTE_SHEET in sheets:
        return kinds.QUOTE
    return kinds.PRICES if set(SHEETS) <= sheets else kinds.INVENTORY
