"""The lines of a quote in its workbook: the data, with live amounts, and the same lines to read, site by site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell

from cloudplan.base.language import Message, message
from cloudplan.presentation import lettering
from cloudplan.presentation.tables import extension, offer
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import Cell, Column, words
from cloudplan.presentation.worksheet import INDENT, Area, Page, cell_text
from cloudplan.sales.quote import Quote

DETAIL_WIDTHS = {
    "customer": (6, 40, 10, 9, 12, 16, 42),
    "internal": (7, 31, 10, 7, 11, 9, 11, 14, 12, 14, 16),
}
BESIDE = ("Family", "Site", "SKU", "Rule")
"""Columns of the data that the detail tells otherwise: lines stand below their site, the SKU below its item."""
AMOUNTS = ("List amount", "Discount amount", "Monthly")


def lines(page: Page, quote: Quote) -> Area:
    """Write every line of the plan as data; return where they stand."""
    formulas = {"Monthly": "=ROUND({Quantity}*{Unit price},2)"}
    if quote.internal:
        formulas["Unit price"] = "={List price}*(1-{Discount})*(1-cp_discount)"
        formulas["Monthly"] = "=ROUND({Quantity}*{List price}*(1-{Discount})*(1-cp_discount),2)"
        formulas["List amount"] = "=ROUND({Quantity}*{List price},2)"
        formulas["Discount amount"] = "={List amount}-{Monthly}"
    return page.data(tables.bill(quote).without("Why"), "lines", formulas)


def further_lines(page: Page, quote: Quote) -> Area:
    """Write the lines beside the plan as data; return where they stand."""
    table = tables.extra_lines(quote)
    area = page.data(table, "further_lines", {"Amount": "=ROUND({Quantity}*{Unit price},2)"})
    for row, line in enumerate(quote.terms.lines, start=area.first):
        if quote.rate_of(line) == quote.terms.vat_rate:  # the rate of the terms may be changed
            form = page.styles.body["discount"]
            page.formula(row, area.column("VAT rate"), "=cp_vat_rate", quote.terms.vat_rate, form)
    note = message("Beside the plan, without tax.")
    if quote.internal:
        note = message("Beside the plan; without the commercial discount, without tax.")
    page.note(area.last + 2, note)
    return area


def existing_and_new(page: Page, quote: Quote) -> Area:
    """Write the lines in two parts, of what stood and what is new, as data with their sums; return where they stand."""
    table = extension.table(quote)
    price = "{List price}*(1-{Discount})*(1-cp_discount)" if quote.internal else "{Unit price}"
    formulas = {
        **({"Unit price": f"={price}"} if quote.internal else {}),
        "Of it existing": "={Monthly}-{Of it new}",
        "Of it new": f"=ROUND({{New}}*{price},2)",
        "Monthly": f"=ROUND({{In all}}*{price},2)",
    }
    sums = (*extension.PARTS, "Monthly")
    area = page.data(table, "existing_and_new", formulas, sums)
    page.total(area, area.last + 2, ["", message("Total a month")], page.sums(area, *sums))
    if table.note:
        page.note(area.last + 4, table.note)
    return area


def detail(page: Page, quote: Quote, data: Area) -> None:
    """Write the bill to read: by site, and what each family comes to."""
    page.widen(DETAIL_WIDTHS[quote.audience])
    note = message("Amounts are live formulas, without tax.")
    if quote.internal:
        note = message("Amounts are live formulas, without tax; quantities are results of the optimiser.")
    row = page.title("Bill of materials", note, marked=len(page.widths))
    page.sheet.freeze_panes(row + 1, 0)
    page.sheet.repeat_rows(row)
    columns = tuple(column for column in tables.bill(quote).columns if column.name not in BESIDE)
    bill = BySite(page, quote, data, columns, sku=True)
    sites, end = bill.write(row)
    bill.families(end + 1)
    page.keep_together([0, *sites[1:], end + 1], end + 2 + len(tables.by_family(quote).rows))


@dataclass(frozen=True)
class BySite:
    """The lines of the plan to read, below the site that they are billed for; each figure is that of the data."""

    page: Page
    quote: Quote
    data: Area
    columns: Sequence[Column]
    sku: bool = False
    """Whether the SKU stands under the item."""

    def write(self, row: int) -> tuple[list[int], int]:
        """Write header, lines, a sum for each site and the total; return where each site begins, and the row below."""
        begun = []
        sites = self.data.table.values("Site")
        self.page.header(self.columns, row)
        sums: dict[str, list[str]] = {name: [] for name in self._summed()}
        for site in dict.fromkeys(sites):
            row += 1
            begun.append(row)
            for position in range(len(self.columns)):
                self.page.put(
                    row, position, None if position else offer.site_name(self.quote, str(site)), self.page.styles.group
                )
            first = row + 1
            listed = [index for index, name in enumerate(sites) if name == site]
            for index in listed:
                row += 1
                self._line(row, index)
            row += 1
            formulas = {name: f"=SUM({self._at(first, name)}:{self._at(row - 1, name)})" for name in sums}
            self._sum(row, message("Total of the site"), formulas, listed)
            for name, cells in sums.items():
                cells.append(self._at(row, name))
        totals = {name: "=" + ("+".join(cells) or "0") for name, cells in sums.items()}
        self._sum(row + 1, message("Total a month"), totals, range(len(sites)))
        return begun, row + 2

    def families(self, row: int) -> None:
        """Write what the lines of each family come to."""
        page, label = self.page, self._place("Item")
        table = tables.by_family(self.quote)
        page.tell(row, label, table.title, page.styles.heading)
        families = self.data.cells("Family", elsewhere=True)
        for at, (name, _) in enumerate(table.rows, start=row + 1):
            for position in range(len(self.columns)):
                page.put(at, position, name if position == label else None, page.styles.body["text"])
            listed = [index for index, line in enumerate(self.quote.lines) if words(name, "text") == line.family]
            for column in self._summed():
                amounts, cell = self.data.cells(column, elsewhere=True), xl_rowcol_to_cell(at, label)
                formula = f"=SUMIFS({amounts},{families},{cell})"
                page.formula(at, self._place(column), formula, self._total(column, listed), page.styles.body["money"])

    def _line(self, row: int, index: int) -> None:
        page, cells = self.page, self._bill[index]
        tall = 1
        for position, column in enumerate(self.columns):
            value, form = cells[column.name], page.styles.body[column.kind]
            room = page.widths[position] - INDENT
            if column.name == "Item" and self.sku:
                tall = max(tall, self._item(row, position, cells, form, room))
            elif isinstance(value, int | Decimal) and column.name != "Line":
                page.formula(row, position, f"={self.data.cell(column.name, index)}", Decimal(value), form)
            else:
                page.put(row, position, value, form)
                tall = max(tall, lettering.lines(words(value, column.kind, page.spoken), room))
        page.heighten(row, tall)

    def _item(self, row: int, position: int, cells: Mapping[str, Cell], form: Format, room: float) -> int:
        """Write an item with its SKU below it; return how many lines they take."""
        label, sku = (cell_text(words(cells[name], "text", self.page.spoken)) for name in ("Item", "SKU"))
        self.page.sheet.write_rich_string(row, position, label, self.page.styles.small, f"\n{sku}", form)
        return lettering.lines(label, room) + lettering.lines(sku, room)

    def _sum(self, row: int, label: Message, formulas: Mapping[str, str], listed: Sequence[int]) -> None:
        page, place = self.page, self._place("Item")
        for position, column in enumerate(self.columns):
            form = page.styles.total[column.kind]
            if formula := formulas.get(column.name):
                page.formula(row, position, formula, self._total(column.name, listed), form)
            else:
                page.put(row, position, label if position == place else None, form)

    def _total(self, name: str, listed: Sequence[int]) -> Decimal:
        values = self.data.table.values(name)
        return sum((Decimal(str(values[index])) for index in listed), Decimal("0.00"))

    def _at(self, row: int, name: str) -> str:
        return str(xl_rowcol_to_cell(row, self._place(name)))

    def _place(self, name: str) -> int:
        return [column.name for column in self.columns].index(name)

    def _summed(self) -> list[str]:
        return [column.name for column in self.columns if column.name in AMOUNTS]

    @cached_property
    def _bill(self) -> list[dict[str, Cell]]:
        table = tables.bill(self.quote)
        names = [column.name for column in table.columns]
        return [dict(zip(names, row, strict=True)) for row in table.rows]
