"""A plan as an Excel workbook: amounts are live formulas that carry their computed values.

Foreign text is only ever written as text. What the optimiser chose is a value, never a formula.
"""

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from cloudplan.plan import Plan
from cloudplan.sheets import plan as sheets
from cloudplan.sheets.grid import Cell, Kind, Table, clean, words

Formulas = Mapping[str, str] | None
CREATED = datetime(2025, 1, 1)
"""The date in the file's properties: fixed, so that the same plan gives the same bytes."""
LONGEST_TEXT, TALLEST_ROW = 32_767, 409
ILLUSTRATIVE = "ILLUSTRATIVE PRICES, not an offer"
LIVE = "Amounts are live formulas; quantities are values that the optimiser chose: a new price does not change them."
CHOSEN = "Values that the optimiser chose, not formulas."

ACCENT, TINT, HAIRLINE, GREY = "#1F4E79", "#EAF1F8", "#D0D7DE", "#595959"
WARNING_FILL, WARNING_TEXT = "#FFC000", "#5C2E00"
NUMBER_FORMATS: dict[Kind, str] = {
    "text": "@",
    "hash": "@",
    "whole": "#,##0",
    "decimal": "#,##0.00",
    "money": "#,##0.00",
    "price": "#,##0.00####",
    "change": "+#,##0.00;-#,##0.00;0.00",
    "share": "0.0%",
    "discount": '0.00##%;-0.00##%;"–"',
}
WIDEST = {"Item": 34, "SKU": 48, "Why": 50, "Message": 100}
SUMMARY_WIDTHS, RIGHT_BLOCK, SUMMARY_PAGE_ROWS = (36, 30, 18, 26, 18), 3, 45


class _Styles:
    """The formats of a workbook; those of tables by the kind of the column."""

    def __init__(self, book: xlsxwriter.Workbook):
        warning = {"bold": True, "font_color": WARNING_TEXT}
        large = {"bold": True, "font_size": 18, "font_color": ACCENT, "valign": "vcenter"}
        self.title = book.add_format(large)
        self.amount = book.add_format({**large, "num_format": NUMBER_FORMATS["money"]})
        self.heading = book.add_format({"bold": True, "font_size": 13, "font_color": ACCENT})
        self.note = book.add_format({"italic": True, "font_color": GREY})
        self.warning = book.add_format(warning)
        self.banner = book.add_format({**warning, "font_size": 13, "bg_color": WARNING_FILL, "valign": "vcenter"})
        head = {"bold": True, "font_color": "white", "bg_color": ACCENT, "text_wrap": True, "valign": "top"}
        body = {"valign": "top", "bottom": 1, "bottom_color": HAIRLINE}
        total = {"bold": True, "top": 1, "top_color": ACCENT, "bg_color": TINT}
        self.head = {kind: book.add_format(head | _alignment(kind)) for kind in NUMBER_FORMATS}
        self.body = {kind: book.add_format(body | _alignment(kind) | _number(kind)) for kind in NUMBER_FORMATS}
        self.total = {kind: book.add_format(total | _alignment(kind) | _number(kind)) for kind in NUMBER_FORMATS}


def _alignment(kind: Kind) -> dict[str, Any]:
    return {"align": "left", "indent": 1} if kind in ("text", "hash") else {"align": "right"}


def _number(kind: Kind) -> dict[str, Any]:
    return {"num_format": NUMBER_FORMATS[kind], "text_wrap": kind == "text"}


def set_up(sheet: Worksheet, footer: str) -> None:
    """Set a sheet up for reading and for print on A4, as wide as one page."""
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    sheet.set_footer(footer)
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})


@dataclass(frozen=True, slots=True)
class _Area:
    """Where the rows of a table stand on a sheet."""

    sheet: str
    table: Table
    first: int
    last: int

    def column(self, name: str) -> int:
        """Return the position of a column."""
        return [item.name for item in self.table.columns].index(name)

    def cells(self, name: str, *, elsewhere: bool = False) -> str:
        """Return the address of the cells of a column, as used on this sheet or elsewhere."""
        address = str(xl_range_abs(self.first, self.column(name), self.last, self.column(name)))
        return f"'{self.sheet}'!{address}" if elsewhere else address


class _Page:
    """A sheet of the workbook and what can be written on it."""

    def __init__(self, book: xlsxwriter.Workbook, styles: _Styles, plan: Plan, name: str):
        self.styles, self.name, self.illustrative = styles, name, plan.prices.illustrative
        self.sheet = book.add_worksheet(name)
        set_up(self.sheet, f"&L&8{ILLUSTRATIVE if self.illustrative else ''}&C&8&A&R&8Page &P of &N")

    def put(self, row: int, column: int, value: Cell, form: Format | None = None) -> None:
        """Write a value; text is only ever text, whatever it begins with."""
        if value is None:
            self.sheet.write_blank(row, column, None, form)
        elif isinstance(value, str):
            self.sheet.write_string(row, column, _text(value), form)
        else:
            self.sheet.write_number(row, column, float(value), form)

    def title(self, title: str, note: str, *, marked: int = 0) -> int:
        """Write a title and a note, above them the mark of illustrative prices, `marked` columns wide."""
        row = 0
        if self.illustrative and marked:
            self.sheet.set_row(row, 28)
            for column in range(marked):
                self.put(row, column, None if column else sheets.ILLUSTRATIVE, self.styles.banner)
            row = 1
        self.sheet.set_row(row, 30)
        self.put(row, 0, title, self.styles.title)
        self.put(row + 1, 0, note, self.styles.note)
        return row + 3

    def list(self, table: Table, row: int, formulas: Formulas = None) -> _Area:
        """Write the table a sheet is for: wide enough, filtered, its header in sight and on every page."""
        widths = [_width(table, position) for position in range(len(table.columns))]
        for position, width in enumerate(widths):
            self.sheet.set_column(position, position, width)
        area = self.table(table, row, widths, formulas)
        lines = _lines([column.header for column in table.columns], widths)
        self.sheet.set_row(row, 15 * lines + 17)  # a line more, for the buttons of the filter
        self.sheet.autofilter(row, 0, area.last, len(table.columns) - 1)
        self.sheet.freeze_panes(row + 1, 0)
        self.sheet.repeat_rows(row)
        return area

    def block(self, table: Table, row: int, *, left: int = 0, formulas: Formulas = None) -> _Area:
        """Write a small table of the summary below its heading and note."""
        self.put(row, left, table.title, self.styles.heading)
        if table.note:
            row += 1
            self.put(row, left, table.note, self.styles.note)
        if not table.rows:
            return _Area(self.name, table, row, row)
        return self.table(table, row + 1, SUMMARY_WIDTHS[left:], formulas, left)

    def table(self, table: Table, row: int, widths: Sequence[int], formulas: Formulas = None, left: int = 0) -> _Area:
        """Write header and rows; a formula names in braces the columns it takes from its own row."""
        names = [column.name for column in table.columns]
        for position, column in enumerate(table.columns, start=left):
            self.put(row, position, column.header, self.styles.head[column.kind])
        for at, cells in enumerate(table.rows, start=row + 1):
            wrapped = [column.kind == "text" for column in table.columns]
            texts = [cell if wrap and isinstance(cell, str) else "" for wrap, cell in zip(wrapped, cells, strict=True)]
            lines = _lines(texts, widths)
            if lines > 1:
                self.sheet.set_row(at, min(TALLEST_ROW, 15 * lines + 2))
            places = {name: xl_rowcol_to_cell(at, position) for position, name in enumerate(names, start=left)}
            for position, (column, value) in enumerate(zip(table.columns, cells, strict=True), start=left):
                formula = (formulas or {}).get(column.name)
                if formula and isinstance(value, Decimal):
                    filled = formula.format_map(places)
                    self.sheet.write_formula(at, position, filled, self.styles.body[column.kind], float(value))
                else:
                    self.put(at, position, value, self.styles.body[column.kind])
        return _Area(self.name, table, row + 1, row + max(1, len(table.rows)))

    def total(self, area: _Area, row: int, labels: Sequence[str], sums: Mapping[str, tuple[str, Decimal]]) -> None:
        """Write a row of totals: labels in the first columns of a table, formulas with their values in others."""
        for position, column in enumerate(area.table.columns):
            form = self.styles.total[column.kind]
            self.put(row, position, labels[position] if position < len(labels) else None, form)
            if column.name in sums:
                formula, value = sums[column.name]
                self.sheet.write_formula(row, position, formula, form, float(value))


# --- the sheets --------------------------------------------------------------------------------------------------


def write_workbook(plan: Plan) -> bytes:
    """Return a plan as the bytes of an xlsx file; the same plan gives the same bytes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    hashes = {"workload": plan.workload.sha256, "prices": plan.prices.sha256, "catalogue": plan.catalog.sha256}
    book.set_properties(
        {
            "title": f"{_text(plan.workload.name)[:200]}: sizing plan",
            "subject": "Dedicated VMware IaaS: sizing and monthly cost",
            "keywords": ", ".join(f"{name} {sha256}" for name, sha256 in hashes.items()),
            "created": CREATED,
        }
    )
    styles = _Styles(book)
    summary = _Page(book, styles, plan, "Summary")
    bill = _bill(_Page(book, styles, plan, "Bill of materials"), plan)
    _summary(summary, plan, bill)
    _clusters(_Page(book, styles, plan, "Clusters"), plan)
    _datastores(_Page(book, styles, plan, "Datastores"), plan)
    for table in sheets.ledger(plan):
        _ledger(_Page(book, styles, plan, table.title), table)
    _findings(_Page(book, styles, plan, "Findings"), plan)
    book.close()
    return buffer.getvalue()


def _summary(page: _Page, plan: Plan, bill: _Area) -> None:
    """Write the first sheet: the cost, its proof, the size, and what the plan was made with."""
    for position, width in enumerate(SUMMARY_WIDTHS):
        page.sheet.set_column(position, position, width)
    row = page.title(plan.workload.name, "Sizing and monthly cost of dedicated VMware IaaS", marked=len(SUMMARY_WIDTHS))
    status, lines = sheets.status(plan), bill.cells("Monthly", elsewhere=True)
    page.sheet.set_row(row, 28)
    page.put(row, 0, f"Total a month ({plan.prices.currency})", page.styles.title)
    page.sheet.write_formula(row, 1, f"=SUM({lines})", page.styles.amount, float(plan.monthly))
    page.put(row + 1, 0, f"{status[:1].upper()}{status[1:]}.")
    page.put(row + 2, 0, sheets.in_short(plan))
    page.put(row + 3, 0, LIVE, page.styles.note)
    size = page.block(sheets.size(plan), row + 5, left=RIGHT_BLOCK)
    by_site = f"=SUMIFS({lines},{bill.cells('Site', elsewhere=True)},{{Site}})"
    totals = page.block(sheets.site_totals(plan), row + 5, formulas={"Monthly": by_site})
    total = {"Monthly": (f"=SUM({totals.cells('Monthly')})", plan.monthly)}
    page.total(totals, totals.last + 1, ["Total a month"], total)
    row = max(size.last, page.block(sheets.proof(plan), totals.last + 3).last) + 2
    for table in (sheets.backup(plan), sheets.made_with(plan), sheets.protection(plan)):
        row = page.block(table, row).last + 2
    page.sheet.fit_to_pages(1, 1 if row <= SUMMARY_PAGE_ROWS else 0)


def _bill(page: _Page, plan: Plan) -> _Area:
    """Write the bill with its totals; return where its lines stand."""
    table = sheets.bill(plan)
    formulas = {
        "Unit price": "={List price}*(1-{Discount})",
        "Monthly": "=ROUND({Quantity}*{List price}*(1-{Discount}),2)",
    }
    area = page.list(table, page.title(table.title, LIVE, marked=len(table.columns)), formulas)
    lines, names = area.cells("Monthly"), area.cells("Site")
    row = area.last + 2  # a blank row keeps the totals out of the filter
    for site, value in sheets.site_totals(plan).rows:
        formula = f"=SUMIFS({lines},{names},{xl_rowcol_to_cell(row, 0)})"
        page.total(area, row, [str(site), "Total of the site"], {"Monthly": (formula, Decimal(value or 0))})
        row += 1
    page.total(area, row, ["", "Total a month"], {"Monthly": (f"=SUM({lines})", plan.monthly)})
    if plan.prices.illustrative:
        page.put(row + 1, 1, sheets.ILLUSTRATIVE, page.styles.warning)
    return area


def _clusters(page: _Page, plan: Plan) -> None:
    table = sheets.clusters(plan)
    row = page.title(table.title, f"{CHOSEN} {table.note}")
    area = page.list(table, row, {"Filled": "={Used}/{Activated}"})
    sums = _sums(area, "Hosts", "Of which spare", "Instances", "Activated", "Used")
    page.total(area, area.last + 1, ["Total"], sums)


def _datastores(page: _Page, plan: Plan) -> None:
    table = sheets.datastores(plan)
    area = page.list(table, page.title(table.title, CHOSEN))
    page.total(area, area.last + 1, ["Total"], _sums(area, "Size", "Disks", "Swap files"))


def _ledger(page: _Page, table: Table) -> None:
    page.list(table, page.title(table.title, table.note))


def _findings(page: _Page, plan: Plan) -> None:
    table = sheets.findings(plan)
    area = page.list(table, page.title(table.title, table.note))
    rule = {"type": "cell", "criteria": "==", "value": '"warning"', "format": page.styles.warning}
    page.sheet.conditional_format(area.first, 0, area.last, 0, rule)


# --- what cells hold ---------------------------------------------------------------------------------------------


def _sums(area: _Area, *names: str) -> dict[str, tuple[str, Decimal]]:
    """Return formula and value of the sum of each of these columns."""
    values = {name: [Decimal(value or 0) for value in area.table.values(name)] for name in names}
    return {name: (f"=SUM({area.cells(name)})", sum(values[name], Decimal(0))) for name in names}


def _text(text: str) -> str:
    """Return text that a cell can hold: no control characters, no longer than Excel allows, counted as Excel does."""
    return clean(text).encode("utf-16-le")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")


def _width(table: Table, position: int) -> int:
    """Return a column's width in characters: its longest content, within limits, and the words of its header."""
    column = table.columns[position]
    texts = [words(row[position], column.kind) for row in table.rows]
    longest = max((len(line) for text in texts for line in text.split("\n")), default=0)
    header = min(len(column.header) + 3, max(13, max(len(word) for word in column.header.split()) + 4))
    return max(header, min(longest + (3 if column.kind == "text" else 5), WIDEST.get(column.name, 30)))


def _lines(texts: Sequence[str], widths: Sequence[int]) -> int:
    """Return how many lines a row of wrapped texts needs: not every reader makes rows high enough by itself."""
    return max(
        sum(max(1, len(textwrap.wrap(line, width - 1))) for line in _text(text).split("\n"))
        for text, width in zip(texts, widths, strict=False)
    )
