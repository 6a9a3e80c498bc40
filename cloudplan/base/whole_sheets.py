"""Sheets of a workbook read whole: quick, and only where a scan tells beforehand that they take no more than they may.

A reader of whole sheets makes room for every cell up to the last, and copies a text that cells share for each of them:
a small file can ask it for any memory. So what is in the file is scanned first. A workbook that asks for more, or is
not written as workbooks commonly are, is left to the reader of rows, which is slow and needs little.
"""

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import IO, Any

import numpy as np
from defusedxml.ElementTree import fromstring
from numpy.typing import NDArray

from cloudplan.base import limits

Row = Sequence[Any]
"""The values of a row, from the first column on; None for an empty cell."""

CELL_BYTES = 64
"""What a cell takes, without its text."""

SLICE_BYTES = 16 * limits.MB
"""What is scanned at once."""

FEW_ROWS, FEW_COLUMNS = 99_999, 104
"""Rows and columns (up to CZ) that are quick to tell from more: room for so many is room for any that has no more."""

WHOLE = 2**53
"""Numbers below this are whole when they have no fraction."""

_SHARED_TEXTS = "xl/sharedStrings.xml"
_KEPT = (".xml", ".rels")
_END_OF_TEXT = re.compile(rb"</si>")
_TEXT_ENDS_ODDLY = re.compile(rb"</si(?!>)|<si\s*/|:si[\s/>]")
_BUT = rb'<c(?=[\s/>])(?! r="%s"(?: s="\d+")?(?: t="(?:s|n|str|b|inlineStr)")?/?>)'
_ODD_CELL = re.compile(_BUT % rb"[A-Z]{1,3}[1-9]\d{0,6}")
_ODD_OR_BEYOND_FEW = re.compile(_BUT % rb"[A-C]?[A-Z][1-9]\d{0,4}")
_CELL_OF_A_PREFIX = re.compile(rb":c[\s/>]")
_COLUMN = re.compile(rb'c r="([A-Z]+)')
_LINE = re.compile(rb'c r="[A-Z]+(\d+)')
_ROW = re.compile(rb'row [^<>]*?r="(\d{1,7})"')
_SHARED = re.compile(rb' t="s"><v>(\d+)</v>')


def whole_sheets(file: IO[bytes], left_out: Callable[[str], bool]) -> Iterator[tuple[str, Iterator[Row]]] | None:
    """Return the sheets of a workbook, each with its title and its rows; None when it is to be read row by row.

    Rows are there from the first of the sheet on. A sheet is read when its first row is asked for. Those whose titles
    are `left_out` are neither scanned nor read: they have no rows.
    """
    clean = tempfile.NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115 - it lasts as long as its sheets are read
    last_rows = None
    try:
        last_rows = _copied(file, clean, left_out)
    finally:
        if last_rows is None:
            clean.close()
    return None if last_rows is None else _sheets(clean, last_rows, left_out)


def _sheets(
    clean: Any, last_rows: dict[str, int], left_out: Callable[[str], bool]
) -> Iterator[tuple[str, Iterator[Row]]]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum  # noqa: PLC0415 - only who has a workbook needs it

    with clean:
        book = _calmly(CalamineWorkbook.from_path, clean.name)
        for each in book.sheets_metadata:
            if each.typ == SheetTypeEnum.WorkSheet:
                yield each.name, iter(()) if left_out(each.name) else _rows(book, each.name, last_rows[each.name])


def _rows(book: Any, name: str, last_row: int) -> Iterator[Row]:
    """Yield the rows of a sheet; the reader leaves out the blank ones at its end."""
    sheet = _calmly(book.get_sheet_by_name, name)
    before, count = [None] * (sheet.start[1] if sheet.start else 0), 0
    for count, row in enumerate(sheet.iter_rows(), start=1):  # noqa: B007 - counted for what comes after
        values = [(value or None) if type(value) is str else _value(value) for value in row]
        yield [*before, *values] if before else values
    for _ in range(last_row - count):
        yield []


def _value(value: Any) -> Any:
    """Return the value of a cell that is no text: a whole number as one, a day as its midnight."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < WHOLE else value
    if type(value) is date:
        return datetime.combine(value, time())
    return value


def _calmly(read: Any, name: str) -> Any:
    """Return what a function reads; a panic of the reader is an error like any other: ValueError."""
    try:
        return read(name)
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError(str(error)) from None
        raise


def _copied(file: IO[bytes], clean: Any, left_out: Callable[[str], bool]) -> dict[str, int] | None:
    """Write what was scanned, and nothing else, to a file of its own.

    Return the last row of each sheet that is not left out, by title; None when any of it may not be read whole.
    """
    archive = zipfile.ZipFile(file)
    parts = [part for part in archive.infolist() if part.filename.lower().endswith(_KEPT)]
    names = {part.filename.lower() for part in parts}
    if len(names) < len(parts) or sum(part.file_size for part in parts) > limits.WHOLE_SHEETS_BYTES:
        return None
    titles = _parts_by_title(archive)
    read = {title: part for title, part in titles.items() if not left_out(title)}
    nobody_reads = {*titles.values()} - {*read.values()}
    parts = [part for part in parts if part.filename not in nobody_reads]
    parts.sort(key=lambda part: part.filename != _SHARED_TEXTS)
    texts, needed, last_rows = np.zeros(0, dtype=np.int64), 0, dict[str, int]()
    with zipfile.ZipFile(clean, "w") as written:
        for part in parts:
            content = archive.read(part)
            if b"\0" in content or b"<!DOCTYPE" in content:
                return None
            if part.filename == _SHARED_TEXTS:
                if _TEXT_ENDS_ODDLY.search(content):
                    return None
                texts = np.diff([0, *(match.end() for match in _END_OF_TEXT.finditer(content))])
            else:
                cells = _cells(content, texts)
                if cells is None:
                    return None
                last_rows[part.filename] = cells.last_row
                needed = max(needed, cells.bytes_needed)  # sheets are read one after the other
            written.writestr(part.filename, content)
    clean.flush()
    if needed > limits.WHOLE_SHEETS_BYTES or not {*read.values()} <= {*last_rows}:
        return None
    return {title: last_rows[part] for title, part in read.items()}


def _parts_by_title(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part that each sheet of a workbook is in, by title."""
    related = {
        each.get("Id"): each.get("Target", "").removeprefix("/xl/")
        for each in fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    sheets = fromstring(archive.read("xl/workbook.xml")).iterfind("{*}sheets/{*}sheet")
    ids = {
        each.get("name", ""): next((value for key, value in each.items() if key.endswith("}id")), "") for each in sheets
    }
    return {title: f"xl/{related.get(each, '')}" for title, each in ids.items()}


@dataclass(frozen=True)
class _Cells:
    """The last row of a part, and what its cells take when they are read whole."""

    last_row: int
    bytes_needed: int


def _cells(content: bytes, texts: NDArray[np.int64]) -> _Cells | None:
    """Return what is known of the cells of a part before it is read; None when they are not written as usual."""
    shared, copied, few = 0, 0, True
    for piece in _pieces(content):
        if _CELL_OF_A_PREFIX.search(piece):
            return None
        if _ODD_OR_BEYOND_FEW.search(piece):
            if _ODD_CELL.search(piece):
                return None
            few = False
        numbers = np.array(_SHARED.findall(piece), dtype=np.int64)
        if len(numbers) and numbers.max() >= len(texts):
            return None
        shared += len(numbers)
        copied += int(texts[numbers].sum())
    if shared != content.count(b' t="s"'):
        return None
    area = FEW_ROWS * FEW_COLUMNS
    if not few or CELL_BYTES * area + copied + len(content) > limits.WHOLE_SHEETS_BYTES:
        area = _area(content)
    last_row = _ROW.search(content, max(content.rfind(b"<row "), 0))
    return _Cells(int(last_row[1]) if last_row else 0, CELL_BYTES * area + copied + len(content))


def _area(content: bytes) -> int:
    """Return for how many cells there has to be room: up to the last row and the last column."""
    columns, lines = set[bytes](), set[bytes]()
    for piece in _pieces(content):
        columns.update(_COLUMN.findall(piece))
        lines.update(_LINE.findall(piece))
    return max(map(int, lines), default=0) * max(map(_number, columns), default=0)


def _number(letters: bytes) -> int:
    """Return the number of a column, from 1 on."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _pieces(content: bytes) -> Iterator[bytes]:
    """Yield the content in pieces that end before a cell."""
    start = 0
    while start < len(content):
        end = start + SLICE_BYTES
        if end < len(content):
            end = content.rfind(b"<c ", start + 1, end)
            end = end if end > start else len(content)
        yield content[start:end]
        start = end
