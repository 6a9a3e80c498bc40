"""A quote as an Excel workbook: money is live formulas that carry their computed values.

What the optimiser chose is a value and says so; when a parameter makes the plan stale, a check says what to run again.
"""

import io
from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from cloudplan.base.language import Code, Language, Message, language, message
from cloudplan.plan.plan import Plan, language_of
from cloudplan.presentation.front_page import FRESH, FrontPage
from cloudplan.presentation.tables import assumptions as resting
from cloudplan.presentation.tables import orders as order_tables
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables import service as service_tables
from cloudplan.presentation.tables.table import Table, Text
from cloudplan.presentation.worksheet import ACCENT, CREATED, Area, Page, Styles, cell_text, quoted
from cloudplan.sales.orders import orders
from cloudplan.sales.quote import Audience, Quote, QuoteLine
from cloudplan.sales.quote import quote as quoted_plan
from cloudplan.sales.terms import Terms

REVISED = (28, 40, 12, 14, 14, 16, 16, 16, 30)
WIDE = (30, 40, 20, 20, 20, 20, 20)
CHART = {"width": 860, "height": 300}


def write_workbook(
    plan: Plan, terms: Terms | None = None, *, lang: Code | None = None, audience: Audience = "internal"
) -> bytes:
    """Return the quote of a plan as the bytes of an xlsx file; the same input gives the same bytes.

    `lang` is by default that of the customer. Raises BadInputError when the plan breaks a rule.
    """
    quote = quoted_plan(plan, terms, audience)
    return write_quote(quote, language(lang or language_of(quote.plan)))


def write_quote(quote: Quote, spoken: Language) -> bytes:
    """Return a quote as the bytes of an xlsx file."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    _Book(book, quote, spoken).write()
    book.close()
    return buffer.getvalue()


class _Book:
    """The workbook that is being written."""

    def __init__(self, book: xlsxwriter.Workbook, quote: Quote, spoken: Language):
        self.book, self.quote, self.spoken, self.internal = book, quote, spoken, quote.internal
        self.mark = spoken.said(plan_tables.ILLUSTRATIVE) if quote.plan.prices.illustrative else ""
        self.styles = Styles(book)
        self.stale = f"=cp_term_months<>{quote.months}"

    def write(self) -> None:
        """Write all sheets in their order; the first refers to those behind it."""
        self._properties()
        first = self.page("Quote", portrait=True)
        self.bill = self._bill(self.page("Bill of materials"))
        self.further = self._further_lines(self.page("Further lines")) if self.quote.terms.lines else None
        if self.quote.revision:
            self._revised(self.page("Changes"))
        self._parameters(self.page("Parameters"))
        net = {"Net price": "={List price}*(1-{Discount})*(1-cp_discount)"} if self.internal else None
        self._listed(self.page("Price book"), tables.prices(self.quote), net)
        self._capacity(self.page("Capacity"))
        self._storage(self.page("Storage"))
        self._backup(self.page("Backup and DR"))
        self._listed(self.page("Placement"), tables.placement(self.quote))
        for ledger in plan_tables.ledger(self.quote.case.workload):
            self._listed(self.page(ledger.title), ledger)
        self._findings(self.page("Findings"))
        found = orders(self.quote.case, self.quote.plan.choice, self.quote.plan.backup)
        self._listed(self.page("Orders"), order_tables.table(found))
        self._assumptions(self.page("Assumptions"))
        if conditions := service_tables.table(self.quote.case.edition):
            self._listed(self.page("Service and conditions"), conditions)
        self._listed(self.page("Rules"), tables.rules(self.quote))
        self._about(self.page("About"))
        FrontPage(first, self.quote, self.bill, self.further, self.check, self.stale).write()

    def page(self, name: Text, *, portrait: bool = False) -> Page:
        """Add a sheet."""
        return Page(self.book, self.styles, name, self.spoken, self.mark, portrait=portrait)

    def _properties(self) -> None:
        quote, plan = self.quote, self.quote.plan
        hashes = {"workload": plan.workload.sha256, "prices": plan.prices.sha256, "catalogue": plan.catalog.sha256}
        issued = quote.terms.issued
        name = cell_text(plan.workload.name)[:200]
        self.book.set_properties(
            {
                "title": self.spoken.text("{name}: quote", name=name),
                "subject": self.spoken.word("Dedicated VMware IaaS: sizing and monthly cost"),
                "author": cell_text(quote.terms.issuer.name or ""),
                "keywords": ", ".join(f"{name} {sha256}" for name, sha256 in hashes.items()),
                "created": datetime.combine(issued, time()) if issued else CREATED,
            }
        )

    # --- the bill and its parameters -----------------------------------------------------------------------------

    def _bill(self, page: Page) -> Area:
        """Write the bill with its totals; return where its lines stand."""
        table = tables.bill(self.quote)
        formulas = {"Monthly": "=ROUND({Quantity}*{Unit price},2)"}
        note = message("Amounts are live formulas, without tax.")
        if self.internal:
            formulas["Unit price"] = "={List price}*(1-{Discount})*(1-cp_discount)"
            formulas["Monthly"] = "=ROUND({Quantity}*{List price}*(1-{Discount})*(1-cp_discount),2)"
            formulas["List amount"] = "=ROUND({Quantity}*{List price},2)"
            formulas["Discount amount"] = "={List amount}-{Monthly}"
            note = message("Amounts are live formulas, without tax; quantities are results of the optimiser.")
        area = page.list(table, page.title(table.title, note, marked=len(table.columns)), formulas)
        summed = ("List amount", "Discount amount", "Monthly") if self.internal else ("Monthly",)
        row, names = area.last + 2, area.cells("Site")  # a blank row keeps the totals out of the filter
        for site in self.quote.by_site():
            cell = xl_rowcol_to_cell(row, area.column("Site"))
            of_site = [line for line in self.quote.lines if line.line.site == site]
            sums = self._amounts(of_site)
            shown = {name: (f"=SUMIFS({area.cells(name)},{names},{cell})", sums[name]) for name in summed}
            page.total(area, row, ["", message("Total of the site")], shown)
            page.put(row, area.column("Site"), site, self.styles.total["text"])
            row += 1
        sums = self._amounts(self.quote.lines)
        shown = {name: (f"=SUM({area.cells(name)})", sums[name]) for name in summed}
        page.total(area, row, ["", message("Total a month")], shown)
        return area

    def _amounts(self, lines: Sequence[QuoteLine]) -> dict[str, Decimal]:
        """Return what lines come to, by the columns of the bill."""
        zero = Decimal("0.00")
        return {
            "List amount": sum((line.listed for line in lines), zero),
            "Discount amount": sum((line.discounted for line in lines), zero),
            "Monthly": sum((line.net for line in lines), zero),
        }

    def _further_lines(self, page: Page) -> Area:
        """Write the lines beside the plan."""
        note = message("Beside the plan, without tax.")
        if self.internal:
            note = message("Beside the plan; without the commercial discount, without tax.")
        table = tables.extra_lines(self.quote)
        area = page.list(table, page.title(table.title, note), {"Amount": "=ROUND({Quantity}*{Unit price},2)"})
        rate = self.quote.terms.vat_rate
        for row, line in enumerate(self.quote.terms.lines, start=area.first):
            if self.quote.rate_of(line) == rate:  # the rate of the terms may be changed
                page.formula(row, area.column("VAT rate"), "=cp_vat_rate", rate, self.styles.body["discount"])
        return area

    def _revised(self, page: Page) -> None:
        """Write what the quote changes of the one before."""
        causes, *lines = tables.revised(self.quote, self.spoken)
        row = page.title(causes.title, causes.note)
        area = page.table(causes, row, REVISED)
        for table in lines:
            area = page.block(table, area.last + 2, REVISED)
        page.widen(REVISED)

    def _parameters(self, page: Page) -> None:
        """Write the cells that a reader may change: named, coloured, checked, the only ones that are not locked."""
        quote, styles, sheet = self.quote, self.styles, page.sheet
        page.widen((38, 16, 70))
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
                "share",
                ("decimal", 0, 1),
                message("Of the plan and of further lines at this rate; rounded on each invoice."),
            ),
        ]
        if self.internal:
            text = message("On every line of the plan, before rounding.")
            entries.insert(
                0,
                ("cp_discount", message("Commercial discount"), quote.terms.discount, "share", ("decimal", 0, 1), text),
            )
        cells = {}
        for name, label, value, kind, (check, low, high), meaning in entries:
            page.tell(row, 0, label)
            page.put(row, 1, value, styles.entry[kind])
            page.tell(row, 2, meaning, styles.note)
            validation = {"validate": check, "criteria": "between", "minimum": low, "maximum": high}
            error = self.spoken.text("From {low} to {high}.", low=low, high=high)
            sheet.data_validation(row, 1, row, 1, {**validation, "error_message": error})
            cells[name] = xl_rowcol_to_cell(row, 1, True, True)
            self.book.define_name(name, f"={quoted(page.name)}!{cells[name]}")
            row += 1
        self.check = f"={quoted(page.name)}!{xl_rowcol_to_cell(row + 1, 2, True, True)}"
        page.tell(row + 1, 0, "Check", styles.heading)
        self._stale(page, row + 1, 2)
        sheet.set_row(row + 1, 48)
        for text in plan_tables.own_catalog(quote.plan):
            page.tell(row + 3, 0, text)

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

    # --- the plan ------------------------------------------------------------------------------------------------

    def _listed(self, page: Page, table: Table, formulas: dict[str, str] | None = None) -> Area:
        return page.list(table, page.title(table.title, table.note), formulas)

    def _capacity(self, page: Page) -> None:
        table = tables.clusters(self.quote)
        formulas = {"Of activated": "={Memory used}/{Memory activated}", "Cores filled": "={Cores used}/{Cores}"}
        area = self._listed(page, table, formulas)
        sums = page.sums(area, "Hosts", "Of which spare", "Instances", "Memory activated", "Memory used", "Cores used")
        page.total(area, area.last + 1, [message("Total")], sums)
        row = area.last + 4
        for title, names in (
            (message("Memory used of the physical memory"), ("Of physical", "Physical after failure")),
            (message("Cores used"), ("Cores filled", "Cores after failure")),
        ):
            chart = self.book.add_chart({"type": "bar"})
            for name, colour in zip(names if table.rows else (), (ACCENT, "#C55A11"), strict=False):
                chart.add_series(
                    {
                        "name": next(c.header(self.spoken) for c in table.columns if c.name == name),
                        "categories": f"={area.cells('Cluster', elsewhere=True)}",
                        "values": f"={area.cells(name, elsewhere=True)}",
                        "fill": {"color": colour},
                    }
                )
            chart.set_title({"name": self.spoken.said(title), "name_font": {"size": 11}})
            chart.set_x_axis({"num_format": "0%", "min": 0, "max": 1})
            chart.set_y_axis({"reverse": True})
            chart.set_size({**CHART, "height": 140 + 45 * max(1, len(table.rows))})
            if table.rows:
                page.sheet.insert_chart(row, 0, chart, {"description": self.spoken.said(title)})
            row += 9 + 3 * len(table.rows)

    def _storage(self, page: Page) -> None:
        formulas = {"Free": "={Size}-{Disks}-{Swap files}", "Free share": "={Free}/{Size}"}
        area = self._listed(page, tables.datastores(self.quote), formulas)
        page.total(area, area.last + 1, [message("Total")], page.sums(area, "Size", "Disks", "Swap files", "Free"))

    def _backup(self, page: Page) -> None:
        page.widen(WIDE)
        row = page.title("Backup and DR")
        for table in (tables.backup(self.quote), tables.policies(self.quote), tables.protection(self.quote)):
            row = page.block(table, row, WIDE).last + 2

    def _findings(self, page: Page) -> None:
        area = self._listed(page, plan_tables.findings(tables.findings(self.quote)))
        warning = self.spoken.said(plan_tables.SEVERITIES["warning"])
        rule = {"type": "cell", "criteria": "==", "value": f'"{warning}"', "format": self.styles.warning}
        page.sheet.conditional_format(area.first, 0, area.last, 0, rule)

    def _assumptions(self, page: Page) -> None:
        area = self._listed(page, resting.table(self.quote.plan, internal=self.internal))
        page.block(tables.overridden(self.quote), area.last + 3, [30, 30])

    def _about(self, page: Page) -> None:
        widths = (44, 40, 68)
        page.widen(widths)
        plan, row = self.quote.plan, page.title("About")
        second = plan_tables.proof(plan) if self.internal else plan_tables.size(plan, self.quote.case.workload)
        for table in (plan_tables.made_with(plan), second):
            row = page.block(table, row, widths).last + 2
        if self.internal:
            page.put(row, 0, plan_tables.status(plan))
            page.tell(
                row + 1,
                0,
                "The bound is that of the solver (HiGHS) less its tolerance; the plan was verified without it.",
            )
            row += 2
        command = message("Made by: {command}", command="cloudplan size WORKLOAD --prices PRICES --format json")
        page.put(row, 0, command)
