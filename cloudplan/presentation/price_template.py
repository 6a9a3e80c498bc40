"""A price book to fill in, or a filled one, as an Excel workbook or as YAML; the same book gives the same bytes."""

import contextlib
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import xlsxwriter
import yaml
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell

from cloudplan.base import yamlfile
from cloudplan.base.errors import BadInputError
from cloudplan.base.foreign_text import clean
from cloudplan.catalog.edition import Edition
from cloudplan.presentation.styles import ACCENT, HAIRLINE, INPUT_FILL, NUMBER_FORMATS, Styles
from cloudplan.presentation.tables import prices as tables
from cloudplan.presentation.tables.table import Cell, Kind, Table
from cloudplan.presentation.worksheet import CREATED, FIRST_REAL_DATE, PLAIN_FOOTER, Area, Page, new_book, quoted
from cloudplan.prices import excel
from cloudplan.prices.book import PRICES_SCHEMA, PriceBook, book_of
from cloudplan.prices.excel import EDITION, FIELD, FIELDS, ITEM, PRICE, SKU, VALUE

ILLUSTRATIVE = "ILLUSTRATIVE PRICES, not an offer"
SPARE_PRICES, SPARE_DISCOUNTS, SPARE_LICENCES = 20, 12, 12
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
    "1. Fill in the coloured cells of the four sheets. The other cells are protected, without a password.",
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
LICENCES_NOTE = (
    "Software of others that VMs name, for one month and unit; discounts do not touch it. Per: core, host, vcpu or vm. "
    "Factor: per core only. Scope: cluster or site, per core or host only. Standby false: none for standby VMs."
)
MARK = f'=IF(OR({{cell}}=TRUE,{{cell}}="true"),"{ILLUSTRATIVE}","")'


# --- the workbook ------------------------------------------------------------------------------------------------


def as_workbook(edition: Edition, book: PriceBook | None = None) -> bytes:
    """Return a price book of an edition as the bytes of an xlsx file: to fill in, or with what a book has.

    Raises BadInputError when a workbook cannot hold the book.
    """
    buffer = io.BytesIO()
    target = new_book(buffer)
    target.set_properties(
        {"title": "Price book", "subject": f"Catalogue edition {edition.edition}", "created": CREATED}
    )
    styles = _Styles(target)
    names = (*excel.SHEETS, excel.LICENCES_SHEET)
    first, prices, discounts, licences = (Page(target, styles, name, footer=PLAIN_FOOTER) for name in names)
    mark = _header(first, styles, edition, book)
    _prices(prices, styles, tables.template(edition, book), mark, book)
    _discounts(discounts, styles, tables.template_discounts(book))
    _licences(licences, styles, tables.template_licences(book))
    target.close()
    data = buffer.getvalue()
    if book is not None:
        _refuse_loss(excel.parse(data, "the workbook"), edition, book)
    return data


class _Styles(Styles):
    """The formats of the workbook: those of a quote, texts wrapped in every column, inputs framed more lightly."""

    def __init__(self, book: xlsxwriter.Workbook):
        super().__init__(book)
        cell = {"valign": "top", "text_wrap": True}
        entry = {**cell, "bg_color": INPUT_FILL, "border": 1, "border_color": HAIRLINE, "locked": False}
        self.heading = book.add_format({"bold": True, "font_size": 13, "font_color": ACCENT})
        self.name = book.add_format({**cell, "bold": True, "font_color": "white", "bg_color": ACCENT})
        self.given = book.add_format({**cell, "bottom": 1, "bottom_color": HAIRLINE})
        self.text = book.add_format({**entry, "num_format": NUMBER_FORMATS["text"]})
        self.date = book.add_format({**entry, "num_format": "yyyy-mm-dd", "align": "left"})
        self.price = book.add_format({**entry, "num_format": NUMBER_FORMATS["price"], "align": "right"})
        self.number = book.add_format({**entry, "align": "right"})


def _header(page: Page, styles: _Styles, edition: Edition, book: PriceBook | None) -> str:
    """Write the fields of the book and how to fill it in; return the cell that says whether it is illustrative."""
    page.widen((18, 40, 76))
    row = page.title("Price book", "What one unit of each SKU costs for one month.")
    for column, name in enumerate((FIELD, VALUE, "What it is")):
        page.tell(row, column, name, styles.name)
    values = {**_fields(book), EDITION: edition.edition}
    illustrative = ""
    for label, meaning in MEANINGS.items():
        row += 1
        given = label in (EDITION, "Schema")
        form = styles.given if given else styles.date if label.startswith("Valid") else styles.text
        page.tell(row, 0, label, styles.given)
        page.put_exactly(row, 1, values[label], form)
        page.tell(row, 2, meaning, styles.given)
        if label in _RULES:
            page.sheet.data_validation(row, 1, row, 1, _RULES[label])
        if label == "Illustrative":
            illustrative = f"{quoted(page.name)}!{xl_rowcol_to_cell(row, 1, True, True)}"
    page.tell(row + 2, 0, "How to use it", styles.heading)
    for below, text in enumerate(HOW_TO, start=row + 3):
        page.tell(below, 0, text)
    return illustrative


def _prices(page: Page, styles: _Styles, table: Table, mark: str, book: PriceBook | None) -> None:
    """Write a row for each SKU, and some empty ones for more."""
    spare = (tables.OTHER_SKUS, *[None] * (len(table.columns) - 1))
    table = replace(table, rows=(*table.rows, *[spare] * SPARE_PRICES))
    row = page.title(table.title, PRICES_NOTE)
    page.formula(row - 1, 0, MARK.format(cell=mark), ILLUSTRATIVE if book and book.illustrative else "", styles.warning)
    names = [column.name for column in table.columns]
    inputs = {names.index(PRICE): styles.price}
    others = {**inputs, names.index(SKU): styles.text}
    longest = max(len(str(label or "")) for label in table.values(ITEM))
    widths = (16, 50, min(longest + 2, LONGEST_LABEL), 16, 14, 16)
    forms = [others if cells[0] == tables.OTHER_SKUS else inputs for cells in table.rows]
    area = _list(page, styles, table, row, forms, widths)
    _validate(page, area, PRICE, _PRICE)


def _discounts(page: Page, styles: _Styles, table: Table) -> None:
    """Write the discounts, and some empty rows for more."""
    row = page.title(table.title, DISCOUNTS_NOTE)
    table = replace(table, rows=(*table.rows, *[(None,) * len(table.columns)] * SPARE_DISCOUNTS))
    forms = [{0: styles.text, 1: styles.number, 2: styles.number}] * len(table.rows)
    area = _list(page, styles, table, row, forms, (60, 14, 16))
    for column, rule in zip(table.columns[1:], (_PERCENT, _TERM), strict=True):
        _validate(page, area, column.name, rule)


def _licences(page: Page, styles: _Styles, table: Table) -> None:
    """Write the licences of others, and some empty rows for more."""
    row = page.title(table.title, LICENCES_NOTE)
    table = replace(table, rows=(*table.rows, *[(None,) * len(table.columns)] * SPARE_LICENCES))
    kinds: Mapping[Kind, Format] = {"text": styles.text, "price": styles.price}
    forms = {at: kinds.get(column.kind, styles.number) for at, column in enumerate(table.columns)}
    area = _list(page, styles, table, row, [forms] * len(table.rows), (20, 40, 10, 16, 10, 10, 10, 10, 40))
    for name, rule in ((PRICE, _PRICE), ("Per", _PER), ("Scope", _SCOPE), ("Standby", _RULES["Illustrative"])):
        _validate(page, area, name, rule)


def _list(
    page: Page, styles: _Styles, table: Table, row: int, forms: Sequence[Mapping[int, Format]], widths: Sequence[int]
) -> Area:
    """Write a table, its inputs, by their columns, in the forms of its rows."""
    for at, (cells, inputs) in enumerate(zip(table.rows, forms, strict=True), start=row + 1):
        for column, cell in enumerate(cells):
            page.put_exactly(at, column, cell, inputs.get(column, styles.given))
    page.widen(widths)
    for column, name in enumerate(table.headers()):
        page.tell(row, column, name, styles.name)
    area = Area(page.name, table, row + 1, row + len(table.rows))
    page.filter(area, 2)
    return area


def _validate(page: Page, area: Area, name: str, rule: dict[str, Any]) -> None:
    column = area.column(name)
    page.sheet.data_validation(area.first, column, area.last, column, rule)


def _rule(title: str, message: str, **rule: Any) -> dict[str, Any]:
    return {**rule, "ignore_blank": True, "error_title": title, "error_message": message}


_PRICE = _rule("Price", "A price is a number, 0 or more.", validate="decimal", criteria=">=", value=0)
_PERCENT = _rule(
    "Percent", "12.5 means 12.5 %; from 0 to 100.", validate="decimal", criteria="between", minimum=0, maximum=100
)
_TERM = _rule("Minimum term", "Whole months, 1 or more.", validate="integer", criteria=">=", value=1)
_PER = _rule("Per", "core, host, vcpu or vm.", validate="list", source=["core", "host", "vcpu", "vm"])
_SCOPE = _rule("Scope", "cluster or site; empty for cluster.", validate="list", source=["cluster", "site"])
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
        "",
        *_licence_lines(book),
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


def _licence_lines(book: PriceBook | None) -> Iterator[str]:
    if not book or not book.licences:
        yield "# Software of others that VMs name in `licences`, by core, host, vcpu or vm; discounts do not touch it."
        yield "# licences:"
        yield '#   oracle-ee: {label: "Oracle Database EE", per: core, price: "395.00", factor: "0.5", scope: cluster}'
        return
    yield "licences:"
    for name, licence in book.licences.items():
        yield f"  {_scalar(name)}:"
        for field, value in licence.model_dump(exclude_none=True).items():
            yield f"    {field}: {str(value).lower() if isinstance(value, bool | int) else _scalar(value)}"


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
