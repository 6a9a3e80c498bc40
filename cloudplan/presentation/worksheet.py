"""What the workbooks have in common: how sheets, tables and amounts look, and how they are written.

Foreign text is only ever written as text. A formula always carries its computed value.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from cloudplan.base.foreign_text import clean
from cloudplan.base.language import ENGLISH, Language, Message
from cloudplan.presentation.tables.table import Cell, Column, Kind, Table, Text, say, words

Formulas = Mapping[str, str] | None
PROTECTED = {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True}
"""What a sheet allows without a password being set: protection is against slips, it is no secret."""
CREATED = datetime(2025, 1, 1)
"""The date in the file's properties where no other is given: fixed, so that the same plan gives the same bytes."""
LONGEST_TEXT, TALLEST_ROW = 32_767, 409
EXACT_DIGITS = 15
"""A number of so many digits comes out of a spreadsheet as it went in."""
FIRST_REAL_DATE = date(1901, 1, 1)
"""Spreadsheets know no dates before 1900, and do not agree on its first months."""

ACCENT, TINT, HAIRLINE, GREY = "#1F4E79", "#EAF1F8", "#D0D7DE", "#595959"
WARNING_FILL, WARNING_TEXT = "#FFC000", "#5C2E00"
INPUT_FILL = "#FFF8DC"
NUMBER_FORMATS: dict[Kind, str] = {
    "text": "@",
    "hash": "@",
    "whole": "#,##0",
    "decimal": "#,##0.00",
    "quantity": "#,##0.00##########",
    "money": "#,##0.00",
    "price": "#,##0.00####",
    "change": "+#,##0.00;-#,##0.00;0.00",
    "share": "0.0%",
    "discount": '0.00##%;-0.00##%;"–"',
}
MARKED_FOOTER, PLAIN_FOOTER = "&L&8{mark}&C&8&A&R&8{page}", "&L&8&A&R&8{page}"
WIDEST = {"Item": 34, "SKU": 48, "Why": 50, "Message": 90, "Formula": 70, "Names": 60, "Value": 44, "Otherwise": 44}


class Styles:
    """The formats of a workbook; those of tables by the kind of the column."""

    def __init__(self, book: xlsxwriter.Workbook):
        warning = {"bold": True, "font_color": WARNING_TEXT}
        large = {"bold": True, "font_size": 18, "font_color": ACCENT, "valign": "vcenter"}
        self.title = book.add_format(large)
        self.heading = book.add_format({"bold": True, "font_size": 12, "font_color": ACCENT})
        self.note = book.add_format({"italic": True, "font_color": GREY})
        self.warning = book.add_format(warning)
        self.banner = book.add_format({**warning, "font_size": 13, "bg_color": WARNING_FILL, "valign": "vcenter"})
        self.good = book.add_format({"bold": True, "font_color": "#1B5E20", "bg_color": "#E3F4E4", "text_wrap": True})
        self.bad = book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": "#B3261E", "text_wrap": True})
        head = {"bold": True, "font_color": "white", "bg_color": ACCENT, "text_wrap": True, "valign": "top"}
        body = {"valign": "top", "bottom": 1, "bottom_color": HAIRLINE}
        total = {"bold": True, "top": 1, "top_color": ACCENT, "bg_color": TINT}
        entry = {"bg_color": INPUT_FILL, "border": 1, "border_color": ACCENT, "locked": False}
        self.head = {kind: book.add_format(head | _alignment(kind)) for kind in NUMBER_FORMATS}
        self.body = {kind: book.add_format(body | _alignment(kind) | _number(kind)) for kind in NUMBER_FORMATS}
        self.total = {kind: book.add_format(total | _alignment(kind) | _number(kind)) for kind in NUMBER_FORMATS}
        self.entry = {kind: book.add_format(entry | _alignment(kind) | _number(kind)) for kind in NUMBER_FORMATS}


def _alignment(kind: Kind) -> dict[str, Any]:
    return {"align": "left", "indent": 1} if kind in ("text", "hash") else {"align": "right"}


def _number(kind: Kind) -> dict[str, Any]:
    return {"num_format": NUMBER_FORMATS[kind], "text_wrap": kind == "text"}


@dataclass(frozen=True, slots=True)
class Area:
    """Where the rows of a table stand on a sheet."""

    sheet: str
    table: Table
    first: int
    last: int
    left: int = 0

    def column(self, name: str) -> int:
        """Return the position of a column on the sheet."""
        return self.left + [item.name for item in self.table.columns].index(name)

    def cells(self, name: str, *, elsewhere: bool = False) -> str:
        """Return the address of the cells of a column, as used on this sheet or elsewhere."""
        address = str(xl_range_abs(self.first, self.column(name), self.last, self.column(name)))
        return f"{quoted(self.sheet)}!{address}" if elsewhere else address

    def cell(self, name: str, index: int) -> str:
        """Return the address of the cell of a column in a row of the table, as used elsewhere."""
        return f"{quoted(self.sheet)}!{xl_rowcol_to_cell(self.first + index, self.column(name), True, True)}"


def quoted(sheet: str) -> str:
    """Return the name of a sheet as formulas have it."""
    doubled = sheet.replace("'", "''")
    return f"'{doubled}'"


LONGEST_NAME = 31
"""Characters that Excel allows in the name of a sheet; what is in brackets is left out of a longer one."""


class Page:
    """A sheet of a workbook, in a language, and what can be written on it.

    It is set up for reading, and for print on A4 as wide as one page, with its name and page numbers at the foot, and
    protected against slips.
    """

    def __init__(
        self,
        book: xlsxwriter.Workbook,
        styles: Styles,
        name: Text,
        spoken: Language = ENGLISH,
        mark: str = "",
        *,
        portrait: bool = False,
        footer: str = MARKED_FOOTER,
    ):
        title = say(name, spoken)
        self.name = title if len(title) <= LONGEST_NAME else title.partition(" (")[0]
        self.styles, self.spoken, self.mark = styles, spoken, mark
        self.sheet = book.add_worksheet(self.name)
        self.sheet.hide_gridlines(2)
        if portrait:
            self.sheet.set_portrait()
        else:
            self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        page = spoken.text("Page {page} of {pages}", page="&P", pages="&N")
        self.sheet.set_footer(footer.format(mark=mark, page=page))
        self.sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self.sheet.protect("", PROTECTED)

    def put(self, row: int, column: int, value: Cell, form: Format | None = None) -> None:
        """Write a value; text is only ever text, whatever it begins with."""
        if value is None:
            self.sheet.write_blank(row, column, None, form)
        elif isinstance(value, str | Message):
            self.sheet.write_string(row, column, cell_text(words(value, "text", self.spoken)), form)
        else:
            self.sheet.write_number(row, column, float(value), form)

    def spread(self, row: int, text: Text, widths: Sequence[int]) -> int:
        """Write a long text in as many rows as columns of these widths need for it; return the last of them."""
        lines = textwrap.wrap(cell_text(clean(say(text, self.spoken))), sum(widths))
        for at, line in enumerate(lines):
            self.put(row + at, 0, line if at == 0 else f"    {line}")
        return row + max(len(lines), 1) - 1

    def put_exactly(self, row: int, column: int, value: Cell | date, form: Format) -> None:
        """Write a value that is read back as it is: every character of a text, a number only if a cell can hold it."""
        if isinstance(value, date) and value >= FIRST_REAL_DATE:
            self.sheet.write_datetime(row, column, value, form)
        elif isinstance(value, int | Decimal) and len(Decimal(value).normalize().as_tuple().digits) <= EXACT_DIGITS:
            self.put(row, column, value, form)
        elif value is None:
            self.put(row, column, None, form)
        else:
            self.sheet.write_string(row, column, f"{value:f}" if isinstance(value, Decimal) else str(value), form)

    def tell(self, row: int, column: int, text: Text, form: Format | None = None) -> None:
        """Write a text of the program."""
        self.sheet.write_string(row, column, cell_text(say(text, self.spoken)), form)

    def formula(self, row: int, column: int, formula: str, value: Decimal | str, form: Format | None = None) -> None:
        """Write a formula with its computed value."""
        self.sheet.write_formula(row, column, formula, form, value if isinstance(value, str) else float(value))

    def redden(self, row: int, column: int, when: str) -> None:
        """Turn a cell red when a formula is true."""
        rule = {"type": "formula", "criteria": when, "format": self.styles.bad}
        self.sheet.conditional_format(row, column, row, column, rule)

    def title(self, title: Text, note: Text = "", *, marked: int = 0, foreign: bool = False) -> int:
        """Write a title and a note, above them the mark of illustrative prices, `marked` columns wide."""
        row = 0
        if self.mark and marked:
            self.sheet.set_row(row, 28)
            for column in range(marked):
                self.put(row, column, None if column else self.mark, self.styles.banner)
            row = 1
        self.sheet.set_row(row, 30)
        (self.put if foreign else self.tell)(row, 0, title, self.styles.title)
        self.tell(row + 1, 0, note, self.styles.note)
        return row + 3

    def list(self, table: Table, row: int, formulas: Formulas = None) -> Area:
        """Write the table a sheet is for: wide enough, filtered, its header in sight and on every page."""
        widths = [self._width(table, position) for position in range(len(table.columns))]
        self.widen(widths)
        area = self.table(table, row, widths, formulas)
        self.filter(area, _lines(table.headers(self.spoken), widths))
        return area

    def widen(self, widths: Sequence[int]) -> None:
        """Make the first columns so many characters wide."""
        for position, width in enumerate(widths):
            self.sheet.set_column(position, position, width)

    def filter(self, area: Area, lines: int) -> None:
        """Give a table, whose header has so many lines, a filter; keep its header in sight and on every page."""
        row = area.first - 1
        self.sheet.set_row(row, 15 * lines + 17)  # a line more, for the buttons of the filter
        self.sheet.autofilter(row, 0, area.last, len(area.table.columns) - 1)
        self.sheet.freeze_panes(row + 1, 0)
        self.sheet.repeat_rows(row)

    def block(self, table: Table, row: int, widths: Sequence[int], *, left: int = 0, formulas: Formulas = None) -> Area:
        """Write a small table below its heading and note; `widths` are those of the sheet's columns."""
        self.tell(row, left, table.title, self.styles.heading)
        if table.note:
            row += 1
            self.tell(row, left, table.note, self.styles.note)
        if not table.rows:
            return Area(self.name, table, row, row, left)
        return self.table(table, row + 1, widths[left:], formulas, left)

    def table(self, table: Table, row: int, widths: Sequence[int], formulas: Formulas = None, left: int = 0) -> Area:
        """Write header and rows; a formula names in braces the columns it takes from its own row."""
        for position, column in enumerate(table.columns, start=left):
            self.sheet.write_string(row, position, column.header(self.spoken), self.styles.head[column.kind])
        names = [column.name for column in table.columns]
        for at, cells in enumerate(table.rows, start=row + 1):
            texts = [self._wrapped(column, cell) for column, cell in zip(table.columns, cells, strict=True)]
            lines = _lines(texts, widths)
            if lines > 1:
                self.sheet.set_row(at, min(TALLEST_ROW, 15 * lines + 2))
            places = {name: xl_rowcol_to_cell(at, position) for position, name in enumerate(names, start=left)}
            for position, (column, value) in enumerate(zip(table.columns, cells, strict=True), start=left):
                formula, form = (formulas or {}).get(column.name), self.styles.body[_kind_of(value, column.kind)]
                if formula and isinstance(value, Decimal | int):
                    self.formula(at, position, formula.format_map(places), Decimal(value), form)
                else:
                    self.put(at, position, value, form)
        return Area(self.name, table, row + 1, row + max(1, len(table.rows)), left)

    def _wrapped(self, column: Column, cell: Cell) -> str:
        return words(cell, "text", self.spoken) if column.kind == "text" and isinstance(cell, str | Message) else ""

    def total(self, area: Area, row: int, labels: Sequence[Text], sums: Mapping[str, tuple[str, Decimal]]) -> None:
        """Write a row of totals: labels in the first columns of a table, formulas with their values in others."""
        for position, column in enumerate(area.table.columns):
            form = self.styles.total[column.kind]
            label = labels[position] if position < len(labels) else ""
            self.tell(row, area.left + position, label, form)
            if column.name in sums:
                formula, value = sums[column.name]
                self.formula(row, area.left + position, formula, value, form)

    def sums(self, area: Area, *names: str) -> dict[str, tuple[str, Decimal]]:
        """Return formula and value of the sum of each of these columns."""
        return {name: (f"=SUM({area.cells(name)})", total_of(area.table, name)) for name in names}

    def _width(self, table: Table, position: int) -> int:
        """Return a column's width in characters: its longest content, within limits, and the words of its header."""
        column = table.columns[position]
        texts = [words(row[position], column.kind, self.spoken) for row in table.rows]
        longest = max((len(line) for text in texts for line in text.split("\n")), default=0)
        head = column.header(self.spoken)
        header = min(len(head) + 3, max(13, max(len(word) for word in head.split()) + 4))
        return max(header, min(longest + (3 if column.kind == "text" else 5), WIDEST.get(column.name, 30)))


def _kind_of(value: Cell, kind: Kind) -> Kind:
    """Return as what a value is shown: a quantity without a fraction as the whole number it is."""
    return "whole" if kind == "quantity" and isinstance(value, Decimal) and value == int(value) else kind


def total_of(table: Table, name: str) -> Decimal:
    """Return the sum of a column of numbers."""
    return sum((Decimal(value) for value in table.values(name) if isinstance(value, int | Decimal)), Decimal(0))


def cell_text(text: str) -> str:
    """Return text that a cell can hold: no control characters, no longer than Excel allows, counted as Excel does."""
    return clean(text).encode("utf-16-le")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")


def _lines(texts: Sequence[str], widths: Sequence[int]) -> int:
    """Return how many lines a row of wrapped texts needs: not every reader makes rows high enough by itself."""
    return max(
        sum(max(1, len(textwrap.wrap(line, width - 1))) for line in cell_text(text).split("\n"))
        for text, width in zip(texts, widths, strict=False)
    )
