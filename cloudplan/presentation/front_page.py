"""The first page of a quote: who offers what to whom, for how much, until when, and where to sign."""

from dataclasses import dataclass, replace

from xlsxwriter.utility import xl_rowcol_to_cell

from cloudplan.base.language import Message, message
from cloudplan.presentation.tables import assumptions as resting
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import Table
from cloudplan.presentation.worksheet import Area, Page, total_of
from cloudplan.sales.quote import Invoiced, Quote
from cloudplan.sales.terms import Party

QUOTE_WIDTHS = (34, 20, 34, 20)
FRESH = "The plan is that of these parameters."
SPLIT = "\x00"
"""Where a figure goes into a text, while it is being made a formula."""


@dataclass(frozen=True)
class FrontPage:
    """The first page; its amounts are sums over the lines of the bill and of the lines beside it."""

    page: Page
    quote: Quote
    bill: Area
    further: Area | None
    check: str
    """A formula: the text that says whether the plan is that of the parameters."""
    stale: str
    """A formula: whether it is not."""

    def write(self) -> None:
        """Write the quote on one page: who, what, how much, until when, and the place to sign."""
        quote, terms, styles, spoken = self.quote, self.quote.terms, self.page.styles, self.page.spoken
        self.page.widen(QUOTE_WIDTHS)
        number = message("Quote {number}", number=terms.number) if terms.number else message("Quote")
        row = self.page.title(number, marked=len(QUOTE_WIDTHS), foreign=True) - 1
        self.page.put(row - 1, 0, quote.plan.workload.name, styles.heading)
        row = max(
            self._party(row, 0, message("Issuer"), terms.issuer),
            self._party(row, 2, message("Customer"), quote.customer),
        )
        row = self._dates(row + 1)
        row = self._totals(row + 1)
        row = max(
            self._families(row + 1, tables.by_family(quote), 0),
            self._families(row + 1, tables.by_site(quote), 2),
        )
        if quote.revision:
            row = self._revised(row + 1)
        row += 1
        self.page.tell(row, 0, "What the figures rest on", styles.heading)
        for text in tables.assumptions_in_short(quote):
            row += 1
            self.page.put(row, 0, text)
        row += 2
        self.page.tell(row, 0, resting.TITLE, styles.heading)
        for text in resting.in_short(quote.plan, internal=quote.internal):
            row = self.page.spread(row + 1, text, QUOTE_WIDTHS)
        for mention in terms.mentions:
            row += 1
            self.page.put(row, 0, mention, styles.note)
        row += 2
        self.page.formula(row, 0, self.check, spoken.word(FRESH), styles.note)
        self.page.redden(row, 0, self.stale)
        row += 2
        for column, title, text in (
            (0, message("Issuer"), message("Date, name and signature")),
            (2, message("Agreed by the customer"), message("Date, name and signature, preceded by “Agreed”")),
        ):
            self.page.tell(row, column, title, styles.heading)
            self.page.tell(row + 1, column, text, styles.note)
        self.page.sheet.set_row(row + 2, 60)
        self.page.sheet.print_area(0, 0, row + 2, len(QUOTE_WIDTHS) - 1)
        self.page.sheet.fit_to_pages(1, 1)

    def _party(self, row: int, column: int, title: Message, who: Party) -> int:
        self.page.tell(row, column, title, self.page.styles.heading)
        for text in tables.party(who):
            if text:
                row += 1
                self.page.put(row, column, text)
        return row + 1

    def _dates(self, row: int) -> int:
        shown = tables.particulars(self.quote, self.page.spoken)
        for position, text in enumerate(shown):
            self.page.put(row + position // 2, 2 * (position % 2), text)
        return row + (len(shown) + 1) // 2

    def _totals(self, row: int) -> int:
        """Write net, tax by rate and gross: of a month, once, and over the term, where tax is that of the invoices."""
        quote, styles, spoken = self.quote, self.page.styles, self.page.spoken
        for position, head in enumerate((message("Total"), *tables.total_heads(quote))):
            form = styles.head["money" if position else "text"]
            if position < len(QUOTE_WIDTHS) - 1:
                self.page.put(row, position, head, form)
            else:
                self.page.formula(row, position, self._over(), spoken.said(head), form)
        rows = tables.totals(quote, spoken)
        last = row + len(rows)
        for at, (label, amounts) in enumerate(rows, start=row + 1):
            bold = styles.total if at in (row + 1, last) else styles.body
            if at == row + 2:  # the rate of the terms may be changed
                self.page.formula(at, 0, self._vat_label(), spoken.said(label), bold["text"])
            else:
                self.page.put(at, 0, label, bold["text"])
            for column, (formula, amount) in enumerate(
                zip(self._figures(row, at, last), amounts, strict=True), start=1
            ):
                self.page.formula(at, column, f"={formula}", amount, bold["money"])
        return last + 1

    def _figures(self, head: int, at: int, last: int) -> tuple[str, str, str]:
        """Return the formulas of a row of the totals: the first is net, the last gross, those between are tax."""
        here = [xl_rowcol_to_cell(at, column) for column in (1, 2)]
        if head + 1 < at < last:
            invoiced = self.quote.invoiced[at - head - 2]
            rate = "cp_vat_rate" if at == head + 2 else f"{invoiced.rate:f}"
            bases = (self._billed(invoiced, one_off=False), self._billed(invoiced, one_off=True))
            monthly, once = (f"ROUND(({base})*{rate},2)" for base in bases)
        elif at == last:
            monthly, once = (
                f"SUM({xl_rowcol_to_cell(head + 1, column)}:{xl_rowcol_to_cell(last - 1, column)})" for column in (1, 2)
            )
        else:
            monthly, once = (
                "+".join(self._billed(invoiced, one_off=kind) for invoiced in self.quote.invoiced)
                for kind in (False, True)
            )
        return monthly, once, f"{here[0]}*cp_term_months+{here[1]}"

    def _billed(self, invoiced: Invoiced, *, one_off: bool) -> str:
        """Return the sum of what is billed at a rate of tax, a month or once."""
        quote = self.quote
        plan = not one_off and invoiced.rate == quote.terms.vat_rate
        some = [f"SUM({self.bill.cells('Monthly', elsewhere=True)})"] if plan else []
        if self.further is not None:
            some += [
                self.further.cell("Amount", index)
                for index, line in enumerate(quote.terms.lines)
                if line.kind == "included" and line.one_off == one_off and quote.rate_of(line) == invoiced.rate
            ]
        return "+".join(some) or "0"

    def _over(self) -> str:
        """Return the formula of what stands above the total over the term."""
        one, many = (
            _joined(self.page.spoken.said(_with_count(tables.over(months), SPLIT)), "cp_term_months")
            for months in (1, 2)
        )
        return f"=IF(cp_term_months=1,{one},{many})"

    def _vat_label(self) -> str:
        """Return the formula of the name of the tax: every program shows the rate with the mark of the language."""
        spoken = self.page.spoken
        said = spoken.text("VAT {percent} %", percent=SPLIT)
        marks = '",","."' if spoken.code == "en" else '".",","'
        return "=" + _joined(said, f"SUBSTITUTE(ROUND(cp_vat_rate*100,4),{marks})")

    def _revised(self, row: int) -> int:
        """Write what the quote changes of the one before, by cause; its lines have a sheet of their own."""
        causes = tables.revised(self.quote, self.page.spoken)[0]
        row = self.page.block(replace(causes, note=""), row, QUOTE_WIDTHS).last + 1
        return self.page.spread(row, causes.note, QUOTE_WIDTHS) + 1

    def _families(self, row: int, table: Table, left: int) -> int:
        """Write the monthly cost by family or by site, as sums over the bill."""
        key = table.columns[0].name
        lines, names = (self.bill.cells(name, elsewhere=True) for name in ("Monthly", key))
        formulas = {"Monthly": f"=SUMIFS({lines},{names},{{{key}}})"}
        area = self.page.block(table, row, QUOTE_WIDTHS, left=left, formulas=formulas)
        total = {"Monthly": (f"=SUM({area.cells('Monthly')})", total_of(table, "Monthly"))}
        self.page.total(area, area.last + 1, [message("Total a month")], total)
        return area.last + 2


def _with_count(counted: Message, count: str) -> Message:
    """Return a message about a number of things with another text for the number, in the same plural."""
    return Message(counted.template, {**counted.values, "count": count}, counted.many, counted.count)


def _joined(text: str, figure: str) -> str:
    """Return a text with a mark in it as a formula that joins its parts around a figure."""
    before, after = (part.replace('"', '""') for part in text.split(SPLIT))
    return f'"{before}"&{figure}&"{after}"'
