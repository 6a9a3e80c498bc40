"""A price book in an Excel workbook, read as the document that its YAML would be; the places are cells.

Sheets are found by their names and columns by their headers; other sheets, other columns and blank rows do not matter.
A number counts as its shortest decimal text, a formula as the value that was stored with it.
"""

import io
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from cloudplan.base import kinds, limits, spreadsheet
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import opened, read_bytes
from cloudplan.base.schema import closest
from cloudplan.base.yamlfile import Document, Where, number_text

SHEETS = ("Price book", "Prices", "Discounts")
LICENCES_SHEET = "Licences"
"""The sheet that a workbook without licences need not have."""
FIELD, VALUE = "Field", "Value"
FIELDS = {
    "Schema": "schema",
    "Name": "name",
    "Currency": "currency",
    "Illustrative": "illustrative",
    "Valid from": "valid_from",
    "Valid until": "valid_until",
}
EDITION = "Edition"
"""The edition that a template was made for: a note for people, not a field of the book."""
GROUP, SKU, ITEM, UNIT, COMMITMENT, PRICE = (
    *("Group", "SKU", "Item", "Unit"),
    *("Minimum commitment (months)", "Price a month"),
)
LICENCE = "Licence"
LICENCES = {
    **{"Label": "label", "Per": "per", PRICE: "price", "Factor": "factor", "Minimum": "minimum", "Scope": "scope"},
    **{"Standby": "standby", "Source": "source"},
}
DISCOUNTS = {"Match": "match", "Percent": "percent", "Minimum term (months)": "min_term_months"}

_QUOTED = re.compile(r'"[^"]*"|\\.')


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell that is not blank: its text, its address with the name of the sheet, and why it says nothing."""

    text: str
    address: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet: its name and its rows, each the cells that are not blank by column."""

    name: str
    rows: tuple[Mapping[int, _Cell], ...]


Row = Mapping[str, _Cell]
"""The cells of a row that are not blank, by the header of their column."""


def is_workbook(path: Path) -> bool:
    """Return whether a file is a spreadsheet, by its name or by how it begins; raise BadInputError as `opened` does."""
    if path.suffix.lower() in (*spreadsheet.SUFFIXES, *spreadsheet.OTHER_SUFFIXES):
        return True
    with opened(path, limits.TEXT_BYTES) as file:
        return kinds.is_workbook(file.read(4))


def read(path: Path) -> Document:
    """Read a price book from a workbook; raise BadInputError when it cannot be read or its cells cannot be meant."""
    if path.suffix.lower() in spreadsheet.OTHER_SUFFIXES:
        raise BadInputError([Fault(f"{path.suffix} files are not read; {spreadsheet.SAVE_AS}", where=str(path))])
    return parse(read_bytes(path, limits.PRICE_BOOK_BYTES), str(path))


def parse(data: bytes, name: str) -> Document:
    """Read a price book from the bytes of a workbook; `name` stands for the file in every message.

    Raises BadInputError for bytes that are no workbook, and with one fault for each cell that cannot be meant.
    """
    document = Document({"items": {}}, name)
    faults: list[Fault] = []
    (header, prices, discounts), licences = _sheets(data, name)
    _read_header(header, document, faults)
    _read_prices(prices, document, faults)
    _read_discounts(discounts, document, faults)
    if licences is not None:
        _read_licences(licences, document, faults)
    if faults:
        raise BadInputError(faults)
    return document


# --- what the sheets say -----------------------------------------------------------------------------------------


def _read_header(sheet: _Sheet, document: Document, faults: list[Fault]) -> None:
    """Read the sheet of fields and values; a text in the first column without a value is a heading."""
    known = {_same(name): field for label, field in FIELDS.items() for name in (label, field)}
    first: dict[str, _Cell] = {}
    for row in _table(sheet, (FIELD, VALUE), document, faults):
        name, value = row.get(FIELD), row.get(VALUE)
        field = known.get(_same(name.text)) if name else None
        if name is None or field is None:
            if value is not None and (name is None or _same(name.text) != _same(EDITION)):
                faults.append(_fault(document, name or value, _unknown(name)))
        elif field in first:
            faults.append(_fault(document, name, f"field given twice: {name.text!r} (first in {first[field].address})"))
        else:
            first[field] = name
            document.keys[(field,)] = name.address
            document.marks[(field,)] = value.address if value else _crossing(name.address, str(document.marks[()]))
            document.tree[field] = value.text if value else None


def _crossing(row: str, column: str) -> str:
    """Return the address in the row of one address and in the column of another."""
    sheet, _, cell = row.rpartition("!")
    letters = column.rpartition("!")[2].rstrip(string.digits)
    return f"{sheet}!{letters}{cell.lstrip(string.ascii_letters)}"


def _unknown(name: _Cell | None) -> str:
    if name is None:
        return f"a value without a name in column {FIELD!r}"
    meant = closest(name.text, FIELDS)
    return f"unknown field {name.text!r}" + (f"; did you mean {meant!r}?" if meant else "")


def _read_prices(sheet: _Sheet, document: Document, faults: list[Fault]) -> None:
    """Read the prices; a row without a price is not priced, or a heading."""
    seen: dict[str, tuple[_Cell, bool]] = {}
    for row in _table(sheet, (SKU, PRICE), document, faults, ("items",)):
        sku, price = row.get(SKU), row.get(PRICE)
        if sku is None:
            if price is not None:
                faults.append(_fault(document, price, f"a price without a SKU in column {SKU!r}"))
            continue
        first, priced = seen.setdefault(sku.text, (sku, price is not None))
        if first is not sku and (priced or price is not None):
            faults.append(_fault(document, sku, f"SKU given twice: {sku.text!r} (first in {first.address})"))
        elif price is not None:
            _note(document, ("items", sku.text), sku, price)
            document.tree["items"][sku.text] = price.text


def _read_discounts(sheet: _Sheet, document: Document, faults: list[Fault]) -> None:
    discounts: list[dict[str, str]] = []
    for row in _table(sheet, tuple(DISCOUNTS), document, faults, ("discounts",)):
        where = ("discounts", len(discounts))
        for name, cell in row.items():
            _note(document, (*where, DISCOUNTS[name]), cell, cell)
            document.marks.setdefault(where, cell.address)
        discounts.append({DISCOUNTS[name]: cell.text.removesuffix(" %") for name, cell in row.items()})
    if discounts:
        document.tree["discounts"] = discounts


def _read_licences(sheet: _Sheet, document: Document, faults: list[Fault]) -> None:
    licences: dict[str, dict[str, str]] = {}
    first: dict[str, str] = {}
    for row in _table(sheet, (LICENCE, *LICENCES), document, faults, ("licences",)):
        name = row.get(LICENCE)
        if name is None:
            faults.append(_fault(document, next(iter(row.values())), f"no name in column {LICENCE!r}"))
        elif name.text in first:
            words = f"licence given twice: {name.text!r} (first in {first[name.text]})"
            faults.append(_fault(document, name, words))
        else:
            first[name.text] = name.address
            where: Where = ("licences", name.text)
            _note(document, where, name, name)
            for header, cell in row.items():
                if header != LICENCE:
                    _note(document, (*where, LICENCES[header]), cell, cell)
            licences[name.text] = {LICENCES[header]: cell.text for header, cell in row.items() if header != LICENCE}
    if licences:
        document.tree["licences"] = licences


def _table(
    sheet: _Sheet, names: tuple[str, ...], document: Document, faults: list[Fault], where: Where = ()
) -> Iterator[Row]:
    """Yield the rows below the header, the cells by the columns' names; `where` is the place of the table itself."""
    at = next((at for at, row in enumerate(sheet.rows) if _columns(row, names[0])), None)
    if at is None:
        raise BadInputError([Fault(f"no column {names[0]!r}", where=f"{document.name}:{sheet.name}")])
    header = sheet.rows[at]
    found = {name: _columns(header, name) for name in names}
    heads = [f"no column {name!r}" for name, columns in found.items() if not columns]
    heads += [
        f"column given twice: {name!r} ({' and '.join(header[column].address for column in columns)})"
        for name, columns in found.items()
        if len(columns) > 1
    ]
    if heads:
        raise BadInputError([Fault(words, where=f"{document.name}:{sheet.name}") for words in heads])
    document.marks[where] = header[found[names[-1]][0]].address
    for row in sheet.rows[at + 1 :]:
        cells = {name: row[column] for name, (column,) in found.items() if column in row}
        troubled = [cell for cell in cells.values() if cell.trouble]
        faults.extend(_fault(document, cell, cell.trouble) for cell in troubled)
        if cells and not troubled:
            yield cells


def _columns(row: Mapping[int, _Cell], name: str) -> list[int]:
    return [column for column, cell in row.items() if _same(cell.text) == _same(name)]


def _same(text: str) -> str:
    """Return a header or a name as it is compared: case and spacing do not matter."""
    return " ".join(text.casefold().split())


def _note(document: Document, where: Where, key: _Cell, value: _Cell) -> None:
    document.keys[where] = key.address
    document.marks[where] = value.address


def _fault(document: Document, cell: _Cell, message: str) -> Fault:
    return Fault(message, where=f"{document.name}:{cell.address}")


# --- the workbook ------------------------------------------------------------------------------------------------


def _sheets(data: bytes, name: str) -> tuple[list[_Sheet], _Sheet | None]:
    """Return the three sheets of a price book, and that of its licences if there is one."""
    with spreadsheet.damage_told(name):
        bounds = (limits.PRICE_BOOK_UNPACKED_BYTES, limits.PRICE_BOOK_TEXT_BYTES)
        spreadsheet.refuse_other_files(io.BytesIO(data), name, *bounds)
        sheets = _worksheets(data, name)
    missing = [sheet for sheet in SHEETS if sheet.casefold() not in sheets]
    if missing:
        raise BadInputError([Fault(f"the workbook has no sheet {sheet!r}", where=name) for sheet in missing])
    return [sheets[sheet.casefold()] for sheet in SHEETS], sheets.get(LICENCES_SHEET.casefold())


def _worksheets(data: bytes, name: str) -> dict[str, _Sheet]:
    """Return the sheets that a price book has, by name in lower case, with their cells read."""
    formulas = {
        title: {cell.coordinate for row in rows for cell in row if cell.data_type == "f"}
        for title, rows in _rows(data, name, values=False).items()
    }
    sheets = {}
    for title, rows in _rows(data, name, values=True).items():
        read = [
            {cell.column: _read(cell, title, formula=cell.coordinate in formulas[title]) for cell in row}
            for row in rows
        ]
        sheets[title.casefold()] = _Sheet(title, tuple({at: cell for at, cell in row.items() if cell} for row in read))
    return sheets


def _rows(data: bytes, name: str, *, values: bool) -> dict[str, list[list[Any]]]:
    """Return the rows of each sheet that a price book has, as cells: with the stored values, or else the formulas."""
    book = spreadsheet.opened(io.BytesIO(data), values=values)
    read = [name.casefold() for name in (*SHEETS, LICENCES_SHEET)]
    sheets = [sheet for sheet in book.worksheets if sheet.title.casefold() in read]
    left = limits.PRICE_BOOK_CELLS
    rows: dict[str, list[list[Any]]] = {}
    for sheet in sheets:
        sheet.reset_dimensions()
        rows[sheet.title] = []
        for row in sheet.iter_rows(max_row=limits.ROWS):
            left -= len(row)
            if left < 0:
                message = f"too large: more than {limits.PRICE_BOOK_CELLS} cells"
                raise BadInputError([Fault(message, where=f"{name}:{sheet.title}")])
            cells = [cell for cell in row if hasattr(cell, "coordinate")]
            rows[sheet.title] += [cells] if cells else []
    return rows


def _read(cell: Any, sheet: str, *, formula: bool) -> _Cell | None:
    """Return what a cell says, or None for a blank one."""
    address = f"{sheet}!{cell.coordinate}"
    if cell.value is None and formula and cell.data_type == "n":
        return _Cell(
            "", address, "a formula without a stored value; open and save the workbook in a spreadsheet program"
        )
    if cell.data_type == "e":
        return _Cell("", address, f"the cell shows the error {cell.value}")
    text = _text(cell)
    return _Cell(text, address) if text.strip() else None


def _text(cell: Any) -> str:
    """Return a value as the text that YAML would have."""
    value = cell.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, int | float):
        number = number_text(value).removesuffix(".0")
        return f"{Decimal(number) * 100:f} %" if "%" in _QUOTED.sub("", cell.number_format) else number
    return "" if value is None else str(value)
