"""Sheets that are read whole say what those say that are read row by row; what could take much memory is not."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from cloudplan.base import limits, spreadsheet
from cloudplan.base.whole_sheets import whole_sheets

Rows = list[list[Any]]
SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def written(sheets: dict[str, Rows], *, shared: bool = True) -> io.BytesIO:
    """Return a workbook with some sheets, its texts shared or in the cells."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": not shared, "default_date_format": "yyyy-mm-dd"})
    for title, rows in sheets.items():
        sheet = book.add_worksheet(title)
        for row, cells in enumerate(rows):
            for column, value in enumerate(cells):
                if value is not None:
                    sheet.write(row, column, value)
    book.close()
    return file


def changed(file: io.BytesIO, part: str, change: Callable[[bytes], bytes]) -> io.BytesIO:
    """Return a workbook with one of its parts changed."""
    other = io.BytesIO()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(other, "w") as copy:
        for info in archive.infolist():
            content = archive.read(info)
            copy.writestr(info.filename, change(content) if info.filename == part else content)
    return other


def trimmed(rows: Any) -> Rows:
    """Return rows without the empty cells at their ends, which a reader may give or not."""
    found = [[None if value == "" else value for value in row] for row in rows]
    for row in found:
        while row and row[-1] is None:
            row.pop()
    return found


def read_whole(file: io.BytesIO) -> dict[str, Rows] | None:
    """Return the sheets as they are read whole, or None."""
    sheets = whole_sheets(file, lambda title: False)
    return None if sheets is None else {title: trimmed(rows) for title, rows in sheets}


def read_by_rows(file: io.BytesIO) -> dict[str, Rows]:
    """Return the sheets as they are read row by row."""
    return {title: trimmed(rows) for title, rows in spreadsheet.sheets(file)}


CELLS = st.one_of(
    st.none(),
    st.integers(-(2**40), 2**40),
    st.floats(-1e15, 1e15, allow_nan=False),
    st.booleans(),
    st.text("abc é €,;01", min_size=1, max_size=8).filter(lambda text: text.strip()),
    st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(lambda when: when.replace(microsecond=0)),
)


@given(
    rows=st.lists(st.lists(CELLS, max_size=5), min_size=1, max_size=8),
    more=st.lists(st.lists(CELLS, max_size=3), max_size=3),
    shared=st.booleans(),
)
def test_both_readers_read_the_same(rows: Rows, more: Rows, shared: bool) -> None:
    file = written({"one": rows, "two & three": more}, shared=shared)
    assert read_whole(file) == read_by_rows(file)


def test_both_readers_read_the_shared_exports_the_same(shared: Path) -> None:
    for path in sorted((shared / "examples" / "inventories").glob("*.xlsx")):
        file = io.BytesIO(path.read_bytes())
        assert read_whole(file) == read_by_rows(file), path.name


def test_sheets_that_are_left_out_have_no_rows_whatever_is_in_them() -> None:
    odd = changed(written({"a": [["x"]], "b": [["y"]]}), SHEET, lambda text: text.replace(b"<c ", b"<c  "))
    assert whole_sheets(odd, lambda title: title == "b") is None
    sheets = whole_sheets(odd, lambda title: title == "a")
    assert sheets is not None and {title: list(rows) for title, rows in sheets} == {"a": [], "b": [["y"]]}


def test_a_part_that_two_sheets_share_is_read_for_the_one_that_is_not_left_out() -> None:
    file = changed(
        written({"a": [["x"]], "b": [["y"]]}),
        "xl/_rels/workbook.xml.rels",
        lambda text: text.replace(b"sheet2.xml", b"sheet1.xml"),
    )
    sheets = whole_sheets(file, lambda title: title == "a")
    assert sheets is not None and {title: list(rows) for title, rows in sheets} == {"a": [], "b": [["x"]]}


def test_blank_rows_at_the_end_are_rows() -> None:
    file = changed(
        written({"a": [["x"]]}), SHEET, lambda text: text.replace(b"</sheetData>", b'<row r="9" ht="12"/></sheetData>')
    )
    whole = read_whole(file)
    assert whole is not None and [len(rows) for rows in whole.values()] == [9] == [len(read_by_rows(file)["a"])]


def test_a_cell_far_away_is_not_given_room(monkeypatch: pytest.MonkeyPatch) -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    file = changed(written({"a": [["x"]]}), SHEET, lambda text: text.replace(b"</sheetData>", far))
    assert read_whole(file) is None
    near = written({"a": [["x"], ["y"]]})
    assert read_whole(near) is not None
    monkeypatch.setattr(limits, "WHOLE_SHEETS_BYTES", 5000)
    assert read_whole(near) is None


def test_a_long_text_is_not_copied_for_each_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    many: Rows = [["x" * 30_000] for _ in range(400)]
    monkeypatch.setattr(limits, "WHOLE_SHEETS_BYTES", 10_000_000)
    assert read_whole(written({"a": many})) is None
    assert read_whole(written({"a": many[:100]})) is not None


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        (SHEET, rb'<c r="A1"', rb"<c r='A1'"),
        (SHEET, rb'<c r="A1"', rb'<c  r="A1"'),
        (SHEET, rb'<c r="A1"', rb'<x:c r="A1"'),
        (SHEET, rb'<c r="A1"', rb'<c r="&#88;FD1"'),
        (SHEET, rb'<c r="A1"', rb'<c\nr="A1"'),
        (SHEET, rb'<c r="A1"', rb"<c"),
        (SHEET, rb' t="s"><v>0</v>', rb' t="s"> <v>0</v>'),
        (SHEET, rb"<v>0</v>", rb"<v>7</v>"),
        (SHEET, rb' t="s"', rb' t="e"'),
        (SHEET, rb"^<\?xml", rb'<!DOCTYPE a [<!ENTITY b "c">]><?xml'),
        (SHEET, rb"<sheetData>", b"<sheetData>\0"),
        (TEXTS, rb"</si>", rb"</si >"),
        (TEXTS, rb"<si>", rb"<si/><si>"),
    ],
)
def test_what_is_written_in_another_way_is_left_to_the_reader_of_rows(part: str, old: bytes, new: bytes) -> None:
    file = written({"a": [["x", 1]]})
    assert read_whole(file) is not None
    other = changed(file, part, lambda text: re.sub(old, new, text))
    assert zipfile.ZipFile(file).read(part) != zipfile.ZipFile(other).read(part)
    try:
        found = read_whole(other)
    except Exception:
        return
    assert found is None


def test_two_parts_of_one_name_are_not_read_whole() -> None:
    file = written({"a": [["x"]]})
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr(SHEET, archive.read(SHEET))
    assert read_whole(file) is None
