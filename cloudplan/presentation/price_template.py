"""A price book to fill in, or a filled one, as an Excel workbook or as YAML; the same book gives the same bytes."""

import contextlib
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import xlsxwriter
import yaml
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from cloudplan.base import yamlfile
from cloudplan.base.errors import BadInputError
from cloudplan.base.foreign_text import clean
from cloudplan.catalog.edition import Edition
from cloudplan.presentation.tables import prices as tables
from cloudplan.presentation.tables.table import Cell, Table
from cloudplan.presentation.worksheet import (
    ACCENT,
    CREATED,
    GREY,
    HAIRLINE,
    INPUT_FILL,
    NUMBER_FORMATS,
    WARNING_TEXT,
    set_up,
)
from cloudplan.prices import excel
from cloudplan.prices.book import PRICES_SCHEMA, PriceBook, book_of
from cloudplan.prices.excel import (
    BOOK_SHEET,
    DISCOUNT_SHEET,
    EDITION,
    FIELD,
    FIELDS,
    ITEM,
    PRICE,
    PRICE_SHEET,
    SKU,
    VALUE,
)

ILLUSTRATIVE = "ILLUSTRATIVE PRICES, not an offer"
SPARE_PRICES, SPARE_DISCOUNTS = 20, 12
EXACT_DIGITS = 15
"""A number of so many digits comes out of a spreadsheet as it went in; one of more is written as text."""
FIRST_REAL_DATE = date(1901, 1, 1)
"""Spreadsheets know no dates before 1900, and do not agree on its first months."""
LONGEST_LABEL = 90

MEANINGS = {
    "Name": "Shown on every plan and quote.",
    "Currency": "Three capital letters, for example EUR.",
    "Illustrative": "true: every output says that the prices are invented and are not an offer.",
    "Valid from": "The first day; may stay empty.",
    "Valid until": "The last day; may stay empty.",
    EDITION: "The edition of the catalogue whose SKUs are listed; for information.",
    "Schema": "The format of this workbook; leave it as it is.",
}
HOW_TO = (
    "1. Fill in the coloured cells of the three sheets. The other cells are protected, without a password.",
    "2. A price is that of one unit for one month, before discounts. An empty price means: not priced.",
    "3. A blade or a storage class without a price is not on offer. Whatever else a plan needs must have a price.",
    "4. (region) stands for any region; a SKU that is written with its region goes before it.",
    "5. To add, move or sort rows and columns, unprotect the sheet. Keep the names of the sheets and of the columns.",
    "6. Save the workbook as .xlsx and check it:  cloudplan prices check FILE",
    "7. Size with it:  cloudplan size WORKLOAD --prices FILE",
)
PRICES_NOTE = "One unit of each SKU for one month, before discounts. An empty price means: not priced."
DISCOUNTS_NOTE = (
    "For each SKU the largest discount that matches counts; they never add up. In a pattern * is any text. "
    "Percent: 12.5 is 12.5 %. No minimum term: from one month on."
)
MARK = f'=IF(OR({{cell}}=TRUE,{{cell}}="true"),"{ILLUSTRATIVE}","")'


# --- the workbook ------------------------------------------------------------------------------------------------


def as_workbook(edition: Edition, book: PriceBook | None = None) -> bytes:
    """Return a price book of an edition as the bytes of an xlsx file: to fill in, or with what a book has.

    Raises BadInputError when a workbook cannot hold the book.
    """
    buffer = io.BytesIO()
    target = xlsxwriter.Workbook(buffer, {"in_memory": True})
    target.set_properties(
        {"title": "Price book", "subject": f"Catalogue edition {edition.edition}", "created": CREATED}
    )
    styles = _Styles(target)
    mark = _header(_sheet(target, BOOK_SHEET), styles, edition, book)
    _prices(_sheet(target, PRICE_SHEET), styles, tables.template(edition, book), mark, book)
    _discounts(_sheet(target, DISCOUNT_SHEET), styles, tables.template_discounts(book))
    target.close()
    data = buffer.getvalue()
    if book is not None:
        _refuse_loss(excel.parse(data, "the workbook"), edition, book)
    return data


class _Styles:
    """The formats of the workbook; inputs are coloured and not locked."""

    def __init__(self, book: xlsxwriter.Workbook):
        cell = {"valign": "top", "text_wrap": True}
        entry = {**cell, "bg_color": INPUT_FILL, "border": 1, "border_color": HAIRLINE, "locked": False}
        self.title = book.add_format({"bold": True, "font_size": 18, "font_color": ACCENT, "valign": "vcenter"})
        self.heading = book.add_format({"bold": True, "font_size": 13, "font_color": ACCENT})
        self.note = book.add_format({"italic": True, "font_color": GREY})
        self.warning = book.add_format({"bold": True, "font_color": WARNING_TEXT})
        self.head = book.add_format({**cell, "bold": True, "font_color": "white", "bg_color": ACCENT})
        self.body = book.add_format({**cell, "bottom": 1, "bottom_color": HAIRLINE})
        self.text = book.add_format({**entry, "num_format": "@"})
        self.date = book.add_format({**entry, "num_format": "yyyy-mm-dd", "align": "left"})
        self.price = book.add_format({**entry, "num_format": NUMBER_FORMATS["price"], "align": "right"})
        self.number = book.add_format({**entry, "align": "right"})


def _sheet(book: xlsxwriter.Workbook, name: str) -> Worksheet:
    """Return a new sheet, set up for print and protected against slips."""
    sheet = book.add_worksheet(name)
    set_up(sheet, "&L&8&A&R&8Page &P of &N")
    sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})
    return sheet


def _header(sheet: Worksheet, styles: _Styles, edition: Edition, book: PriceBook | None) -> str:
    """Write the fields of the book and how to fill it in; return the cell that says whether it is illustrative."""
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 40)
    sheet.set_column(2, 2, 76)
    _title(sheet, styles, "Price book", "What one unit of each SKU costs for one month.")
    for column, name in enumerate((FIELD, VALUE, "What it is")):
        sheet.write_string(3, column, name, styles.head)
    values = {**_fields(book), EDITION: edition.edition}
    for row, (label, meaning) in enumerate(MEANINGS.items(), start=4):
        given = label in (EDITION, "Schema")
        form = styles.body if given else styles.date if label.startswith("Valid") else styles.text
        sheet.write_string(row, 0, label, styles.body)
        _put(sheet, row, 1, values[label], form)
        sheet.write_string(row, 2, meaning, styles.body)
        if label in _RULES:
            sheet.data_validation(row, 1, row, 1, _RULES[label])
    below = 4 + len(MEANINGS) + 1
    sheet.write_string(below, 0, "How to use it", styles.heading)
    for row, text in enumerate(HOW_TO, start=below + 1):
        sheet.write_string(row, 0, text)
    return f"'{BOOK_SHEET}'!$B${5 + list(MEANINGS).index('Illustrative')}"


def _prices(sheet: Worksheet, styles: _Styles, table: Table, mark: str, book: PriceBook | None) -> None:
    """Write a row for each SKU, and some empty ones for more."""
    spare = (tables.OTHER_SKUS, *[None] * (len(table.columns) - 1))
    rows = [*table.rows, *[spare] * SPARE_PRICES]
    _title(sheet, styles, str(table.title), PRICES_NOTE)
    shown = ILLUSTRATIVE if book and book.illustrative else ""
    sheet.write_formula(2, 0, MARK.format(cell=mark), styles.warning, shown)
    names = [column.name for column in table.columns]
    for at, cells in enumerate(rows, start=4):
        other = cells[0] == tables.OTHER_SKUS
        inputs = {names.index(PRICE): styles.price} | ({names.index(SKU): styles.text} if other else {})
        for column, cell in enumerate(cells):
            _put(sheet, at, column, cell, inputs.get(column, styles.body))
    longest = max(len(str(label)) for label in table.values(ITEM))
    _list(sheet, styles, names, (16, 50, min(longest + 2, LONGEST_LABEL), 16, 14, 16), len(rows))
    sheet.data_validation(4, names.index(PRICE), 3 + len(rows), names.index(PRICE), _PRICE)


def _discounts(sheet: Worksheet, styles: _Styles, table: Table) -> None:
    """Write the discounts, and some empty rows for more."""
    _title(sheet, styles, str(table.title), DISCOUNTS_NOTE)
    rows = [*table.rows, *[(None,) * len(table.columns)] * SPARE_DISCOUNTS]
    for at, cells in enumerate(rows, start=4):
        for column, cell in enumerate(cells):
            _put(sheet, at, column, cell, styles.number if column else styles.text)
    _list(sheet, styles, [column.name for column in table.columns], (60, 14, 16), len(rows))
    for column, rule in enumerate((_PERCENT, _TERM), start=1):
        sheet.data_validation(4, column, 3 + len(rows), column, rule)


def _title(sheet: Worksheet, styles: _Styles, title: str, note: str) -> None:
    sheet.set_row(0, 30)
    sheet.write_string(0, 0, title, styles.title)
    sheet.write_string(1, 0, note, styles.note)


def _list(sheet: Worksheet, styles: _Styles, names: Sequence[str], widths: Sequence[int], rows: int) -> None:
    """Write the header of a list: wide enough, filtered, in sight and on every page."""
    sheet.set_row(3, 47)
    for column, (name, width) in enumerate(zip(names, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(3, column, name, styles.head)
    sheet.autofilter(3, 0, 3 + rows, len(names) - 1)
    sheet.freeze_panes(4, 0)
    sheet.repeat_rows(3)


def _put(sheet: Worksheet, row: int, column: int, value: Cell | date, form: Format) -> None:
    """Write a value so that it is read as it is: text only as text, a number only if a spreadsheet can hold it."""
    if value is None:
        sheet.write_blank(row, column, None, form)
    elif isinstance(value, date) and value >= FIRST_REAL_DATE:
        sheet.write_datetime(row, column, value, form)
    elif isinstance(value, int | Decimal) and len(Decimal(value).normalize().as_tuple().digits) <= EXACT_DIGITS:
        sheet.write_number(row, column, float(value), form)
    else:
        sheet.write_string(row, column, f"{value:f}" if isinstance(value, Decimal) else str(value), form)


def _rule(title: str, message: str, **rule: Any) -> dict[str, Any]:
    return {**rule, "ignore_blank": True, "error_title": title, "error_message": message}


_PRICE = _rule("Price", "A price is a number, 0 or more.", validate="decimal", criteria=">=", value=0)
_PERCENT = _rule(
    "Percent", "12.5 means 12.5 %; from 0 to 100.", validate="decimal", criteria="between", minimum=0, maximum=100
)
_TERM = _rule("Minimum term", "Whole months, 1 or more.", validate="integer", criteria=">=", value=1)
_DATE = _rule("Date", "A date, without a time.", validate="date", criteria=">=", value=FIRST_REAL_DATE)
_RULES = {
    "Currency": _rule("Currency", MEANINGS["Currency"], validate="length", criteria="==", value=3),
    "Illustrative": _rule("Illustrative", "true or false.", validate="list", source=["true", "false"]),
    "Valid from": _DATE,
    "Valid until": _DATE,
}


# --- YAML --------------------------------------------------------------------------------------------------------


def as_yaml(edition: Edition, book: PriceBook | None = None) -> str:
    """Return a price book of an edition as YAML: to fill in, or with what a book has.

    Raises BadInputError when YAML cannot hold the book.
    """
    lines = [
        f"# A price book, with the SKUs of catalogue edition {_comment(edition.edition)}.",
        "# Prices are decimal numbers with a point, for one unit and one month; a SKU without one is not priced.",
        *(f"{FIELDS[label]}: {_plain(label, value)}".rstrip() for label, value in _fields(book).items()),
        "",
        "items:",
        *_items(tables.template(edition, book)),
        "",
        *_discount_lines(book),
    ]
    text = "\n".join(lines) + "\n"
    if book is not None:
        _refuse_loss(yamlfile.parse(text, "the YAML"), edition, book)
    return text


def _items(table: Table) -> Iterator[str]:
    for group, rows in groupby(table.rows, key=lambda row: row[0]):
        yield f"  # {group}"
        for _, sku, label, unit, months, price in rows:
            term = f"at least {months} months" if months else ""
            comment = "; ".join(_comment(str(part)) for part in (label, unit, term) if part)
            yield f"  {_scalar(sku)}: {_scalar(price)}".rstrip() + (f"  # {comment}" if comment else "")


def _discount_lines(book: PriceBook | None) -> Iterator[str]:
    if not book or not book.discounts:
        yield "# For each SKU the largest discount that matches counts; `*` is any text."
        yield "# discounts:"
        yield '#   - {match: "csp:*:iaas:vmware:*", percent: "12.5", min_term_months: 36}'
        return
    yield "discounts:"
    for item in book.discounts:
        match, percent = _scalar(item.match), _scalar(item.percent)
        yield f"  - {{match: {match}, percent: {percent}, min_term_months: {item.min_term_months}}}"


def _scalar(value: Cell | date) -> str:
    """Return a value as YAML: text and decimals in quotes."""
    if value is None or isinstance(value, date):
        return str(value or "")
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return str(yaml.safe_dump(text, default_style='"', allow_unicode=True, width=math.inf)).rstrip("\n")


def _plain(label: str, value: Cell | date) -> str:
    """Return the value of a field as YAML; what is the same in every language needs no quotes."""
    return str(value) if label in ("Schema", "Illustrative") else _scalar(value)


def _comment(text: str) -> str:
    return " ".join(clean(text).split())


# --- both --------------------------------------------------------------------------------------------------------


def _fields(book: PriceBook | None) -> Mapping[str, Cell | date]:
    """Return the fields of a book by their labels; without a book what a template has."""
    given: dict[str, Any] = {name: getattr(book, name, None) for name in FIELDS.values()}
    given |= {"schema": PRICES_SCHEMA, "illustrative": "true" if book and book.illustrative else "false"}
    return {label: given[name] for label, name in FIELDS.items()}


def _refuse_loss(document: yamlfile.Document, edition: Edition, book: PriceBook) -> None:
    """Raise BadInputError when what was written is not read as the book that it was made from."""
    with contextlib.suppress(BadInputError):
        if book_of(document, edition).sha256 == book.sha256:
            return
    raise BadInputError(
        f"{document.name} cannot hold the book: its name or a pattern is too long or has odd characters"
    )
