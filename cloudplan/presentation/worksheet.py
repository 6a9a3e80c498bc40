"""What the workbooks have in common: sheets for reading and sheets of data, and how values are written on them.

A sheet of data is one Excel table: its header in the first row, one fact a cell, totals and notes apart below it.
Foreign text is only ever written as text. A formula always carries its computed value.
"""

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import count, pairwise

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from cloudplan.base.foreign_text import clean
from cloudplan.base.language import ENGLISH, Language, Message
from cloudplan.presentation import lettering
from cloudplan.presentation.styles import FONT, LINE, PADDING, Styles
from cloudplan.presentation.tables.table import Cell, Column, Kind, Table, Text, say, words

Formulas = Mapping[str, str] | None
PROTECTED = {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True}
"""What a sheet allows without a password being set: protection is against slips, it is no secret."""
CREATED = datetime(2025, 1, 1)
"""The date in the file's properties where no other is given: fixed, so that the same plan gives the same bytes."""
LONGEST_TEXT, TALLEST_ROW = 32_767, 409
EXACT_DIGITS = 15
"""A number of so many digits comes out of a spreadsheet as it went in."""
ROW_HEIGHT, DIGIT = 13, 6.36
"""In points: how high a row with one line is, and how wide a digit of DejaVu Sans."""
PAPER, MARGINS = (595, 842), (43, 130, 95)
"""Width and height of A4 in points; what is left free of its width, of its height, and of that on its side."""
FIRST_REAL_DATE = date(1901, 1, 1)
"""Spreadsheets know no dates before 1900, and do not agree on its first months."""


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
MARKED_FOOTER, PLAIN_FOOTER = "&L&8{mark}&C&8&A&R&8{page}", "&L&8&A&R&8{page}"
NARROW_FOOTER = "&L&8{mark}&R&8&A  {page}"
"""Of upright pages with a name that has no room in the middle."""
WIDEST_PAGE, BETWEEN = 156, 0.72
"""How wide all columns may be for letters of at least 8 points on A4, turned on its side; what is between two."""
WIDEST_COLUMN, LEAST_TEXT, LEAST_NAME, LEAST_WORD = 60, 12, 16, 20
INDENT, MARGIN = 1.5, 0.6
"""The margins of a cell with text, and of one with a number."""
SHOWN_DECIMALS = 6
FILTERED = 30
"""Rows above which a table has a filter; its buttons stand on a line of their own below the names of the columns."""


def new_book(buffer: io.BytesIO) -> xlsxwriter.Workbook:
    """Return a workbook that will be written to a buffer, in the font of all."""
    return xlsxwriter.Workbook(buffer, {"in_memory": True, "default_format_properties": {**FONT}})


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
        self.full_name, self.name = title, title if len(title) <= LONGEST_NAME else title.partition(" (")[0]
        self.styles, self.spoken, self.mark = styles, spoken, mark
        self.widths: Sequence[int] = ()
        self.heights: dict[int, float] = {}
        self._portrait = portrait
        self.sheet = book.add_worksheet(self.name)
        self.sheet.hide_gridlines(2)
        if portrait:
            self.sheet.set_portrait()
        else:
            self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_margins(left=0.3, right=0.3, top=0.5, bottom=0.7)
        page = spoken.text("Page {page} of {pages}", page="&P", pages="&N")
        self.sheet.set_footer(footer.format(mark=mark, page=page), {"scale_with_doc": False})
        self.sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self.sheet.protect("", PROTECTED)

    # --- single values -----------------------------------------------------------------------------------------------

    def put(self, row: int, column: int, value: Cell, form: Format | None = None) -> None:
        """Write a value; text is only ever text, whatever it begins with."""
        if value is None:
            self.sheet.write_blank(row, column, None, form)
        elif isinstance(value, str | Message):
            self.sheet.write_string(row, column, cell_text(words(value, "text", self.spoken)), form)
        else:
            self.sheet.write_number(row, column, float(value), form)

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

    # --- sheets for reading ------------------------------------------------------------------------------------------

    def widen(self, widths: Sequence[int]) -> None:
        """Make the first columns so many characters wide."""
        self.widths = tuple(widths)
        for position, width in enumerate(widths):
            self.sheet.set_column(position, position, width)

    def title(self, title: Text, note: Text = "", *, marked: int = 0, foreign: bool = False) -> int:
        """Write a title and a note, above them the mark of illustrative prices, `marked` columns wide."""
        row = 0
        if self.mark and marked:
            self.rise(row, 28)
            for column in range(marked):
                self.put(row, column, None if column else self.mark, self.styles.banner)
            row = 1
        text = words(title, "text", self.spoken) if foreign else say(title, self.spoken)
        wide = self.widths[: marked or len(self.widths)]
        if len(wide) > 1:
            self.sheet.merge_range(row, 0, row, len(wide) - 1, "", self.styles.title)
        self.put(row, 0, text, self.styles.title)
        times = self.styles.title.font_size / self.styles.text.font_size
        tall = lettering.lines(cell_text(text), sum(wide) / times, bold=True) if wide else 1
        self.rise(row, min(TALLEST_ROW, 30 + (tall - 1) * times * LINE))
        if note:
            self.note(row + 1, note)
        return row + 3

    def note(self, row: int, note: Text, left: int = 0) -> None:
        """Write a note as wide as the columns of the sheet are."""
        last = len(self.widths) - 1
        if left < last:
            self.across(row, (left, last, say(note, self.spoken), self.styles.wrapped_note))
        else:
            self.tell(row, left, note, self.styles.note)

    def across(self, row: int, *parts: tuple[int, int, str | Message, Format]) -> None:
        """Write texts, each over the columns from the first to the last of its part, in a row high enough for all."""
        most = 1
        for first, last, value, form in parts:
            text = cell_text(words(value, "text", self.spoken))
            if first < last:
                self.sheet.merge_range(row, first, row, last, "", form)
            self.put(row, first, text or None, form)
            room = sum(self.widths[first : last + 1]) - 1
            most = max(most, lettering.lines(text, room, bold=bool(form.bold)))
        self.heighten(row, most)

    def heighten(self, row: int, lines: int) -> None:
        """Make a row high enough for so many lines: not every reader does it by itself."""
        if lines > 1:
            self.rise(row, min(TALLEST_ROW, LINE * lines + PADDING))

    def rise(self, row: int, height: float) -> None:
        """Make a row so many points high."""
        self.heights[row] = height
        self.sheet.set_row(row, height)

    def keep_together(self, blocks: Sequence[int], end: int) -> None:
        """Begin a new page before a block of rows that the page has no room for; they begin at these rows."""
        breaks, used, room = [], 0.0, self._room()
        for first, behind in pairwise([*blocks, end]):
            tall = sum(self.heights.get(row, ROW_HEIGHT) for row in range(first, behind))
            if used and used + tall > room:
                breaks.append(first)
                used = 0
            used = used + tall if used + tall <= room else (used + tall) % room
        self.sheet.set_h_pagebreaks(breaks)

    def _room(self) -> float:
        """Return how many points of rows a printed page has room for, made as small as its width asks for."""
        width, height = PAPER if self._portrait else reversed(PAPER)
        asked = (sum(self.widths) + BETWEEN * len(self.widths)) * DIGIT
        return (height - MARGINS[1 if self._portrait else 2]) / min(1, (width - MARGINS[0]) / asked)

    def block(self, table: Table, row: int, *, left: int = 0, formulas: Formulas = None) -> Area:
        """Write a small table below its heading and note, in columns that are wide enough."""
        self.tell(row, left, table.title, self.styles.heading)
        if table.note:
            row += 1
            self.note(row, table.note, left)
        if not table.rows:
            return Area(self.name, table, row, row, left)
        self.header(table.columns, row + 1, left)
        return self._rows(table, row + 2, formulas, left)

    def header(self, columns: Sequence[Column], row: int, left: int = 0, *, below: int = 0) -> None:
        """Write the names of columns, in a row that is high enough for them and some lines below."""
        heads = [column.header(self.spoken) for column in columns]
        for position, (column, head) in enumerate(zip(columns, heads, strict=True), start=left):
            self.sheet.write_string(row, position, head, self.styles.head[column.kind])
        margins = [INDENT if column.is_text else MARGIN for column in columns]
        rooms = [width - margin for width, margin in zip(self.widths[left:], margins, strict=False)]
        self.heighten(row, _most(zip(heads, rooms, strict=False), bold=True) + below)

    def filter(self, area: Area, lines: int) -> None:
        """Give a table, whose header has so many lines, a filter; keep its header in sight and on every page."""
        row = area.first - 1
        self.sheet.set_row(row, 15 * lines + 17)  # a line more, for the buttons of the filter
        self.sheet.autofilter(row, 0, area.last, len(area.table.columns) - 1)
        self.sheet.freeze_panes(row + 1, 0)
        self.sheet.repeat_rows(row)

    # --- sheets of data ----------------------------------------------------------------------------------------------

    def data(self, table: Table, name: str, formulas: Formulas = None, summed: Sequence[str] = ()) -> Area:
        """Write the Excel table that a sheet is for, by a lasting name: its header in the first row and on every page.

        What is to be said below it stands apart, as sums of columns do, which are wide enough for them.
        """
        self.sheet.set_header("&L&14&B" + self.full_name.replace("&", "&&"), {"scale_with_doc": False})
        self.sheet.set_margins(left=0.3, right=0.3, top=0.8, bottom=0.7)
        self.sheet.freeze_panes(1, 0)
        self.sheet.repeat_rows(0)
        filtered = len(table.rows) > FILTERED
        self.widen(_widths(table, self.spoken, summed))
        self.header(table.columns, 0, below=int(filtered))
        area = self._rows(table, 1, formulas)
        if table.rows:
            heads = [
                {"header": column.header(self.spoken), "header_format": self.styles.head[column.kind]}
                for column in table.columns
            ]
            shape = {"name": f"cp_{name}", "columns": heads, "style": None, "autofilter": filtered}
            self.sheet.add_table(0, 0, area.last, len(heads) - 1, shape)
        return area

    def _rows(self, table: Table, row: int, formulas: Formulas = None, left: int = 0) -> Area:
        """Write rows; a formula names in braces the columns it takes from its own row."""
        names = [column.name for column in table.columns]
        rooms = [width - INDENT for width in self.widths[left : left + len(names)]]
        for at, cells in enumerate(table.rows, start=row):
            texts = [self._wrapped(column, cell) for column, cell in zip(table.columns, cells, strict=True)]
            self.heighten(at, _most(zip(texts, rooms, strict=False)))
            places = {name: xl_rowcol_to_cell(at, position) for position, name in enumerate(names, start=left)}
            for position, (column, value) in enumerate(zip(table.columns, cells, strict=True), start=left):
                formula, form = (formulas or {}).get(column.name), self.styles.body[kind_of(value, column.kind)]
                if formula and isinstance(value, Decimal | int):
                    self.formula(at, position, formula.format_map(places), Decimal(value), form)
                else:
                    self.put(at, position, value, form)
        return Area(self.name, table, row, row + max(1, len(table.rows)) - 1, left)

    def _wrapped(self, column: Column, cell: Cell) -> str:
        return words(cell, "text", self.spoken) if column.kind == "text" and isinstance(cell, str | Message) else ""

    def total(self, area: Area, row: int, labels: Sequence[Text], sums: Mapping[str, tuple[str, Decimal]]) -> None:
        """Write a row of totals: labels in the first columns of a table, formulas with their values in others."""
        for position, column in enumerate(area.table.columns):
            form = self.styles.total[column.kind]
            self.put(row, area.left + position, None, form)
            if position < len(labels) and labels[position]:
                self.tell(row, area.left + position, labels[position], form)
            if column.name in sums:
                formula, value = sums[column.name]
                self.formula(row, area.left + position, formula, value, form)

    def sums(self, area: Area, *names: str) -> dict[str, tuple[str, Decimal]]:
        """Return formula and value of the sum of each of these columns."""
        return {name: (f"=SUM({area.cells(name)})", total_of(area.table, name)) for name in names}


def _widths(table: Table, spoken: Language, summed: Sequence[str]) -> list[int]:
    """Return how wide the columns of a table are: as their content, while a page is wide enough for all of them.

    Else the widest give way first: texts and headers are broken into lines, a figure or a word never.
    """
    widths: list[float] = []
    floors: list[float] = []
    for at, (column, cells) in enumerate(zip(table.columns, zip(*table.rows, strict=True), strict=False)):
        head = column.header(spoken)
        texts = dict.fromkeys(words(_as_shown(cell, column.kind), column.kind, spoken) for cell in cells)
        margin = INDENT if column.is_text else MARGIN
        content = max((lettering.width(line) for text in texts for line in text.split("\n")), default=0) + margin + 0.5
        least = lettering.widest_word(head, bold=True) + margin
        wanted = next(room for room in count(least, 0.5) if lettering.lines(head, room - margin, bold=True) <= 2)
        if column.kind == "text":
            word = max(map(lettering.widest_word, texts), default=0) + INDENT
            floor = max(least, min(content, max(LEAST_TEXT if at else LEAST_NAME, min(word, LEAST_WORD))))
            widths.append(max(min(content, WIDEST_COLUMN), wanted))
            floors.append(floor)
        else:
            if column.name in summed:
                total = words(total_of(table, column.name), column.kind, spoken)
                content = max(content, lettering.width(total, bold=True) + margin + 0.5)
            widths.append(max(content, wanted))
            floors.append(max(content, least))
    if not table.rows:
        return [20] * len(table.columns)
    return _fitted([math.ceil(width) for width in widths], [math.ceil(floor) for floor in floors])


def _as_shown(cell: Cell, kind: Kind) -> Cell:
    """Return a value as the format of its cell shows it: a price with six decimals at most."""
    return round(cell, SHOWN_DECIMALS) if kind == "price" and isinstance(cell, Decimal) else cell


def _fitted(widths: list[int], floors: Sequence[int]) -> list[int]:
    """Return widths that a page is wide enough for, none below its floor."""
    while sum(widths) + BETWEEN * len(widths) > WIDEST_PAGE:
        wide = [at for at, floor in enumerate(floors) if widths[at] > floor]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def _most(texts: Iterable[tuple[str, float]], *, bold: bool = False) -> int:
    """Return how many lines a row of texts takes, each in the room that it has."""
    return max((lettering.lines(cell_text(text), room, bold=bold) for text, room in texts if text), default=1)


def kind_of(value: Cell, kind: Kind) -> Kind:
    """Return as what a value is shown: a quantity without a fraction as the whole number it is."""
    return "whole" if kind == "quantity" and isinstance(value, Decimal) and value == int(value) else kind


def total_of(table: Table, name: str) -> Decimal:
    """Return the sum of a column of numbers."""
    return sum((Decimal(value) for value in table.values(name) if isinstance(value, int | Decimal)), Decimal(0))


def cell_text(text: str) -> str:
    """Return text that a cell can hold: no control characters, no longer than Excel allows, counted as Excel does."""
    return clean(text).encode("utf-16-le")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")
