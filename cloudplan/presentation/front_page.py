"""The first page of a quote: who offers what to whom, for how much, until when, and where to sign."""

from dataclasses import dataclass

from xlsxwriter.utility import xl_rowcol_to_cell

from cloudplan.base.language import Message, counted, message
from cloudplan.presentation.tables import assumptions as resting
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import Table
from cloudplan.presentation.worksheet import Area, Page, total_of
from cloudplan.sales.quote import Quote
from cloudplan.sales.terms import Party

QUOTE_WIDTHS = (34, 20, 34, 20)
FRESH = "The plan is that of these parameters."


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
        row += 1
        self.page.tell(row, 0, "What the figures rest on", styles.heading)
        for text in tables.assumptions_in_short(quote):
            row += 1
            self.page.put(row, 0, text)
        row += 2
        self.page.tell(row, 0, resting.TITLE, styles.heading)
        for text in resting.in_short(quote.plan):
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
        terms, spoken = self.quote.terms, self.page.spoken
        texts = [
            message("Issued on {day}", day=spoken.date(terms.issued)) if terms.issued else None,
            message("Valid until {day}", day=spoken.date(terms.valid_until)) if terms.valid_until else None,
            message("Revision {number}", number=terms.revision) if terms.revision else None,
            message("Reference: {text}", text=terms.reference) if terms.reference else None,
            message("Billing: {text}", text=terms.billing) if terms.billing else None,
            message("Payment: {text}", text=terms.payment) if terms.payment else None,
            message("Prices in {currency}, without tax unless stated.", currency=self.quote.plan.prices.currency),
        ]
        shown = [text for text in texts if text]
        for position, text in enumerate(shown):
            self.page.put(row + position // 2, 2 * (position % 2), text)
        return row + (len(shown) + 1) // 2

    def _totals(self, row: int) -> int:
        """Write net, tax and gross: of a month, once, and over the term."""
        quote, styles = self.quote, self.page.styles
        term = quote.case.workload.term_months
        extra = {one_off: self._further(one_off) for one_off in (False, True)}
        monthly = f"SUM({self.bill.cells('Monthly', elsewhere=True)})" + extra[False]
        once = extra[True].lstrip("+") or "0"
        nets = (quote.monthly_net, quote.one_off_net, quote.term_net)
        heads = (
            *(message("Total"), message("A month"), message("Once")),
            counted("Over {count} month", "Over {count} months", term),
        )
        for position, head in enumerate(heads):
            self.page.put(row, position, None, styles.head["money" if position else "text"])
            self.page.tell(row, position, head, styles.head["money" if position else "text"])
        cells = [xl_rowcol_to_cell(row + 1, column) for column in (1, 2, 3)]
        formulas = [f"={monthly}", f"={once}", f"={cells[0]}*cp_term_months+{cells[1]}"]
        self.page.tell(row + 1, 0, "Net, without tax", styles.total["text"])
        self.page.tell(row + 2, 0, "VAT", styles.body["text"])
        self.page.tell(row + 3, 0, "Gross, with tax", styles.total["text"])
        for column, (formula, net) in enumerate(zip(formulas, nets, strict=True), start=1):
            self.page.formula(row + 1, column, formula, net, styles.total["money"])
            top, tax = (xl_rowcol_to_cell(row + line, column) for line in (1, 2))
            self.page.formula(row + 2, column, f"=ROUND({top}*cp_vat_rate,2)", quote.vat(net), styles.body["money"])
            self.page.formula(row + 3, column, f"={top}+{tax}", net + quote.vat(net), styles.total["money"])
        return row + 4

    def _further(self, one_off: bool) -> str:
        """Return the terms of a sum for the further lines that count, billed once or a month."""
        if self.further is None:
            return ""
        lines = enumerate(self.quote.terms.lines)
        some = [index for index, line in lines if line.kind == "included" and line.one_off == one_off]
        return "".join(f"+{self.further.cell('Amount', index)}" for index in some)

    def _families(self, row: int, table: Table, left: int) -> int:
        """Write the monthly cost by family or by site, as sums over the bill."""
        key = table.columns[0].name
        lines, names = (self.bill.cells(name, elsewhere=True) for name in ("Monthly", key))
        formulas = {"Monthly": f"=SUMIFS({lines},{names},{{{key}}})"}
        area = self.page.block(table, row, QUOTE_WIDTHS, left=left, formulas=formulas)
        total = {"Monthly": (f"=SUM({area.cells('Monthly')})", total_of(table, "Monthly"))}
        self.page.total(area, area.last + 1, [message("Total a month")], total)
        return area.last + 2
