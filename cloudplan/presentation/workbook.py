"""A quote as an Excel workbook: money is live formulas that carry their computed values.

What the optimiser chose is a value and says so; when a parameter makes the plan stale, a check says what to run again.
What a customer's workbook leaves out is in the technical annex.
"""

import io
from dataclasses import replace
from datetime import datetime, time
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from cloudplan.base.language import Code, Language, Message, language, message
from cloudplan.plan.origin import Made
from cloudplan.plan.plan import language_of
from cloudplan.presentation import bill_sheets, phase_sheets, plan_sheets
from cloudplan.presentation.carried import SHEET, Carried, Output, cells_of
from cloudplan.presentation.front_page import FRESH, FrontPage
from cloudplan.presentation.phase_sheets import Phases, Placed
from cloudplan.presentation.styles import Styles
from cloudplan.presentation.tables import extension, third_party
from cloudplan.presentation.tables import over_time as over_time_tables
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables import service as service_tables
from cloudplan.presentation.tables.table import Text
from cloudplan.presentation.tables.third_party import beside_quote
from cloudplan.presentation.technical_sheets import technical
from cloudplan.presentation.worksheet import CREATED, MARKED_FOOTER, NARROW_FOOTER, Page, cell_text, new_book, quoted
from cloudplan.sales.phase_quotes import phase_quotes, quote_made
from cloudplan.sales.priced import Audience
from cloudplan.sales.quote import Quote
from cloudplan.sales.terms import Terms

REVISED_WIDTHS = (28, 36, 9, 11, 11, 12, 12, 14, 20)
PARAMETER_WIDTHS = (38, 16, 72)


def write_workbook(
    plan: Made, terms: Terms | None = None, *, lang: Code | None = None, audience: Audience = "internal"
) -> bytes:
    """Return the quote of a plan, or a roadmap, as the bytes of an xlsx file; the same input gives the same bytes.

    `lang` is by default that of the customer. Raises BadInputError when the plan breaks a rule.
    """
    quote = quote_made(plan, terms, audience)
    return write_quote(quote, language(lang or language_of(quote.plan)))


def write_quote(quote: Quote, spoken: Language) -> bytes:
    """Return a quote as the bytes of an xlsx file."""
    buffer = io.BytesIO()
    book = new_book(buffer)
    _Book(book, quote, spoken).write()
    book.close()
    return buffer.getvalue()


def write_annex(quote: Quote, spoken: Language) -> bytes:
    """Return the technical annex of a quote as the bytes of an xlsx file: no amount is in it."""
    buffer = io.BytesIO()
    book = new_book(buffer)
    _Book(book, quote, spoken).write_annex()
    book.close()
    return buffer.getvalue()


class _Book:
    """The workbook that is being written."""

    def __init__(self, book: xlsxwriter.Workbook, quote: Quote, spoken: Language):
        self.book, self.quote, self.spoken, self.internal = book, quote, spoken, quote.internal
        self.mark = spoken.said(plan_tables.ILLUSTRATIVE) if quote.plan.prices.illustrative else ""
        self.styles = Styles(book, spoken)
        self.name = cell_text(quote.name)[:200]
        self.stale = f"=cp_term_months<>{quote.months}"

    def write(self) -> None:
        """Write all sheets in their order; the first refers to those behind it."""
        quote = self.quote
        self._properties(message("{name}: quote", name=self.name))
        first = self.page("Quote", portrait=True)
        over_time = self._phases_page() if quote.over_time else None
        detail = self.page("Bill of materials")
        bill = bill_sheets.lines(self.page("Lines"), quote)
        parts = None
        if quote.plan.changes is not None:
            parts = bill_sheets.existing_and_new(self.page(extension.TITLE), quote)
        orders: dict[str, Placed] = {}
        if over_time:
            data = phase_sheets.lines(self.page("Lines of the orders"), quote)
            orders = Phases(over_time, quote, data, self.book).write()
        bill_sheets.detail(detail, quote, bill)
        further = bill_sheets.further_lines(self.page("Further lines"), quote) if quote.terms.lines else None
        if quote.revision:
            self._revised(self.page("Changes"))
        if beside := beside_quote(quote):
            plan_sheets.licences(self.page(third_party.TITLE), quote, beside[0], bill)
        self._parameters(self.page("Parameters"))
        plan_sheets.capacity(self.page("Capacity"), quote, self.book)
        plan_sheets.storage(self.page("Storage"), quote)
        plan_sheets.backup(self.page("Backup and DR"), quote)
        plan_sheets.assumptions(self.page("Assumptions"), quote)
        plan_sheets.findings(self.page("Findings"), quote)
        if conditions := service_tables.table(quote.case.edition):
            plan_sheets.listed(self.page("Service and conditions"), conditions, "service")
        if self.internal:
            net = {"Net price": "={List price}*(1-{Discount})*(1-cp_discount)"}
            plan_sheets.listed(self.page("Price book"), tables.prices(quote), "prices", net)
            plan_sheets.payers(self.page("Who pays for what"), quote)
            technical(self.page, quote)
        FrontPage(first, quote, bill, further, parts, orders, self.check, self.stale).write()
        self._carried("workbook")

    def _phases_page(self) -> Page:
        """Add the sheet with a column for each phase, upright where a page so has room for them."""
        few = len(phase_quotes(self.quote)) <= phase_sheets.UPRIGHT
        title, footer = over_time_tables.TITLE, NARROW_FOOTER if few else MARKED_FOOTER
        return Page(self.book, self.styles, title, self.spoken, self.mark, portrait=few, footer=footer)

    def write_annex(self) -> None:
        """Write the technical sheets alone."""
        self._properties(message("{name}: technical annex", name=self.name))
        technical(self.page, self.quote)
        self._carried("annex")

    def page(self, name: Text, *, portrait: bool = False) -> Page:
        """Add a sheet."""
        return Page(self.book, self.styles, name, self.spoken, self.mark, portrait=portrait)

    def _carried(self, output: Output) -> None:
        """Write what the quote is made again from, on a sheet that is not shown."""
        sheet = self.book.add_worksheet(SHEET)
        for row, text in enumerate(cells_of(Carried.of(self.quote.priced, output, self.spoken.code))):
            sheet.write_string(row, 0, text)
        sheet.protect()
        sheet.very_hidden()

    def _properties(self, title: Message) -> None:
        quote, plan = self.quote, self.quote.plan
        hashes = {"workload": plan.workload.sha256, "prices": plan.prices.sha256, "catalogue": plan.catalog.sha256}
        issued = quote.terms.issued
        self.book.set_properties(
            {
                "title": self.spoken.said(title),
                "subject": self.spoken.word("Dedicated VMware IaaS: sizing and monthly cost"),
                "author": cell_text(quote.terms.issuer.name or ""),
                "keywords": ", ".join(f"{name} {sha256}" for name, sha256 in hashes.items()),
                "created": datetime.combine(issued, time()) if issued else CREATED,
            }
        )

    def _revised(self, page: Page) -> None:
        """Write what the quote changes of the one before."""
        page.widen(REVISED_WIDTHS)
        causes, *lines = tables.revised(self.quote, self.spoken)
        row = page.title(causes.title, causes.note)
        for table in (replace(causes, title=message("By cause"), note=""), *lines):
            row = page.block(table, row).last + 2

    def _parameters(self, page: Page) -> None:
        """Write the cells that a reader may change: named, coloured, checked, the only ones that are not locked."""
        quote, styles, sheet = self.quote, self.styles, page.sheet
        page.widen(PARAMETER_WIDTHS)
        row = page.title("Parameters", "Coloured cells may be changed; everything that depends on them follows.")
        entries: list[tuple[str, Message, Any, Any, Any, Message]] = [
            (
                "cp_term_months",
                message("Term (months)"),
                quote.months,
                "whole",
                ("integer", 1, 1200),
                message("How many monthly invoices there are."),
            ),
            (
                "cp_vat_rate",
                message("VAT rate"),
                quote.terms.vat_rate,
                "discount",
                ("decimal", 0, 1),
                message("Of the plan and of further lines at this rate; rounded on each invoice."),
            ),
        ]
        if self.internal:
            text = message("On every line of the plan, before rounding.")
            entries.insert(
                0,
                (
                    "cp_discount",
                    message("Commercial discount"),
                    quote.terms.discount,
                    "discount",
                    ("decimal", 0, 1),
                    text,
                ),
            )
        cells = {}
        for name, label, value, kind, (check, low, high), meaning in entries:
            page.across(row, (0, 0, label, styles.text), (2, 2, meaning, styles.indented_note))
            page.put(row, 1, value, styles.entry[kind])
            validation = {"validate": check, "criteria": "between", "minimum": low, "maximum": high}
            error = self.spoken.text("From {low} to {high}.", low=low, high=high)
            sheet.data_validation(row, 1, row, 1, {**validation, "error_message": error})
            cells[name] = xl_rowcol_to_cell(row, 1, True, True)
            self.book.define_name(name, f"={quoted(page.name)}!{cells[name]}")
            row += 1
        self.check = f"={quoted(page.name)}!{xl_rowcol_to_cell(row + 1, 2, True, True)}"
        page.tell(row + 1, 0, "Check", styles.box_heading)
        self._stale(page, row + 1, 2)
        sheet.set_row(row + 1, 48)
        for text in plan_tables.own_catalog(quote.plan):
            page.note(row + 3, text)

    def _stale(self, page: Page, row: int, column: int) -> None:
        """Write the check that turns red when the plan is no longer the one that the figures were proven for."""
        months = self.quote.months
        good = self.spoken.word(FRESH)
        if self.internal:
            bad = self.spoken.word(
                "Stale: the optimum was proven for other parameters. Change the workload and run again:"
            )
            bad += " cloudplan size --term"
        else:
            bad = self.spoken.text("Quantities and prices are for a term of {months} months; ask again.", months=months)
        quotes = [text.replace('"', '""') for text in (good, bad)]
        formula = f'=IF(cp_term_months={months},"{quotes[0]}","{quotes[1]}")'
        page.formula(row, column, formula, good, self.styles.good)
        page.redden(row, column, self.stale)
