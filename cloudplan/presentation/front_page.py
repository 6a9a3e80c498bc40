"""The first page of a quote: who offers what to whom, for how much, until when, and where to sign."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell

from cloudplan.base.language import Message, message
from cloudplan.presentation import live_texts
from cloudplan.presentation.bill_sheets import BySite
from cloudplan.presentation.phase_sheets import Placed
from cloudplan.presentation.tables import conditions, extension, offer, over_time
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import Column, say
from cloudplan.presentation.worksheet import Area, Page, kind_of
from cloudplan.sales.phase_quotes import phase_quotes
from cloudplan.sales.quote import Invoiced, Quote

QUOTE_WIDTHS = (40, 12, 15, 16, 18)
LEFT, RIGHT, WHOLE = (0, 0), (1, 4), (0, 4)
"""The columns of the left half, of the right one, and of both."""
SHOWN = ("Item", "Quantity", "Unit", "Unit price", "Monthly")
FRESH = "The plan is that of these parameters."
OF_PHASES = {"monthly": "monthly", "licences": "licences", "cost": "cost", "owed": "owed_after"}
"""The amounts of a phase by the name of their row on the sheet of the orders."""
SIGNING = 70
"""The height in points of a place to sign."""


@dataclass(frozen=True)
class FrontPage:
    """The first page; its amounts are sums over the lines of the bill and of the lines beside it."""

    page: Page
    quote: Quote
    bill: Area
    further: Area | None
    parts: Area | None
    """The lines in two parts, where something stood before."""
    orders: Mapping[str, Placed]
    """Where the figures of the phases of a roadmap stand; none of a plan."""
    check: str
    """A formula: the text that says whether the plan is that of the parameters."""
    stale: str
    """A formula: whether it is not."""

    def write(self) -> None:
        """Write the quote: who, what, how much, until when, what it rests on, and the place to sign."""
        page, terms, styles = self.page, self.quote.terms, self.page.styles
        page.widen(QUOTE_WIDTHS)
        number = message("Quote {number}", number=terms.number) if terms.number else message("Quote")
        row = page.title(number, marked=len(QUOTE_WIDTHS), foreign=True) - 2
        row = self._parties(self._dates(row) + 1) + 1
        page.across(row, (*WHOLE, message("Subject: {text}", text=offer.subject(self.quote)), styles.text))
        self._of_term(row + 1, lambda quote: (offer.commitment(quote),), styles.strong)
        row += 3
        columns = [column for name in SHOWN for column in self.bill.table.columns if column.name == name]
        _, row = BySite(page, self.quote, self.bill, columns).write(row)
        blocks = [0, row := row + 1]
        if self.further is not None:
            blocks.append(row := self._further(row, self.further) + 1)
        blocks.append(row := self._totals(row) + 1)
        if self.parts is not None:
            blocks.append(row := self._parts(row, self.parts) + 1)
        if self.orders:
            blocks.append(row := self._orders(row) + 1)
        if self.quote.revision:
            blocks.append(row := self._revised(row) + 1)
        page.tell(row, 0, message("Conditions"), styles.heading)
        row = self._of_term(row + 1, self._conditions, styles.text) + 1
        page.tell(row, 0, message("What the figures rest on"), styles.heading)
        for text in conditions.premises(self.quote, page.spoken):
            row += 1
            page.across(row, (*WHOLE, text, styles.text))
        row += 2
        page.across(row, (*WHOLE, tables.fingerprint(self.quote), styles.note))
        row += 1
        page.formula(row, 0, self.check, page.spoken.word(FRESH), styles.note)
        page.redden(row, 0, self.stale)
        page.keep_together(blocks, self._places_to_sign(row + 2))

    def _parties(self, row: int) -> int:
        """Write who offers and who is offered to, side by side."""
        styles = self.page.styles
        self.page.across(
            row, (*LEFT, message("Issuer"), styles.box_heading), (*RIGHT, message("Customer"), styles.box_heading)
        )
        named = [offer.identity(who) for who in (self.quote.terms.issuer, self.quote.customer)]
        for at, (one, other) in enumerate(zip_longest(*named), start=row + 1):
            form = styles.box if at > row + 1 else styles.strong_box
            self.page.across(at, (*LEFT, _foreign(one), form), (*RIGHT, _foreign(other), form))
        return row + 1 + max(map(len, named))

    def _dates(self, row: int) -> int:
        shown = tables.dates(self.quote, self.page.spoken)
        for at in range(0, len(shown), 2):
            pair = [
                (*where, text, self.page.styles.text) for where, text in zip((LEFT, RIGHT), shown[at:], strict=False)
            ]
            self.page.across(row + at // 2, *pair)
        return row + (len(shown) + 1) // 2

    def _conditions(self, quote: Quote) -> tuple[Message, ...]:
        prices = message("Prices in {currency}, without tax unless stated.", currency=quote.plan.prices.currency)
        return (*conditions.conditions(quote), prices)

    def _of_term(self, row: int, texts: Callable[[Quote], tuple[Message, ...]], form: Format) -> int:
        """Write sentences, those that tell the term as formulas; return the row below."""
        spoken = self.page.spoken
        for text, formula in zip(texts(self.quote), live_texts.of_term(texts, self.quote, spoken), strict=True):
            self.page.across(row, (*WHOLE, text, form))
            if formula:
                self.page.formula(row, 0, formula, spoken.said(text), form)
            row += 1
        return row

    def _further(self, row: int, area: Area) -> int:
        """Write the lines beside the plan; those that do not count in the totals look otherwise, and say so."""
        page, table = self.page, area.table
        page.tell(row, 0, table.title, page.styles.heading)
        names = ("Item", "Quantity", "Unit", "Unit price", "Amount")
        columns = [column for name in names for column in table.columns if column.name == name]
        page.header(columns, row + 1)
        told = tables.extra_labels(self.quote)
        for index, (line, label) in enumerate(zip(self.quote.terms.lines, told, strict=True)):
            at = row + 2 + index
            forms = page.styles.body if line.kind == "included" else page.styles.offered
            page.across(at, (*LEFT, label, forms["text"]))
            for position, column in enumerate(columns[1:], start=1):
                value = table.values(column.name)[index]
                form = forms[kind_of(value, column.kind)]
                if isinstance(value, str | Message) or value is None:
                    page.put(at, position, value, form)
                else:
                    page.formula(at, position, f"={area.cell(column.name, index)}", Decimal(value), form)
        return row + 2 + len(told)

    def _totals(self, row: int) -> int:
        """Write net, tax by rate and gross: of a month, once, and over the term, where tax is that of the invoices."""
        page, quote, styles, spoken = self.page, self.quote, self.page.styles, self.page.spoken
        total = message("Order of {month:month}", month=quote.over_time.roadmap.start) if quote.over_time else "Total"
        heads = (say(total, spoken), "", *map(spoken.said, tables.total_heads(quote)))
        forms = [styles.head["money"] if at > 1 else styles.head["text"] for at in range(len(heads))]
        page.across(row, *((at, at, text, form) for at, (text, form) in enumerate(zip(heads, forms, strict=True))))
        page.formula(row, len(heads) - 1, self._over(), heads[-1], styles.head["money"])
        rows = tables.totals(quote, spoken)
        last = row + len(rows)
        for at, (label, amounts) in enumerate(rows, start=row + 1):
            bold = styles.total if at in (row + 1, last) else styles.body
            page.put(at, 1, None, bold["text"])
            if at == row + 2:  # the rate of the terms may be changed
                page.formula(at, 0, self._vat_label(), spoken.said(label), bold["text"])
            else:
                page.put(at, 0, label, bold["text"])
            for column, (formula, amount) in enumerate(
                zip(self._figures(row, at, last), amounts, strict=True), start=2
            ):
                page.formula(at, column, f"={formula}", amount, bold["money"])
        return last + 1

    def _parts(self, row: int, area: Area) -> int:
        """Write what the existing and the new come to a month, each figure that of the sheet of the parts."""
        page, table = self.page, extension.totals(self.quote)
        kept, new, whole = (f"SUM({area.cells(name, elsewhere=True)})" for name in (*extension.PARTS, "Monthly"))
        formulas = [kept, new, *([f"{whole}-{kept}-{new}"] if len(table.rows) > len((kept, new, whole)) else []), whole]
        page.tell(row, 0, table.title, page.styles.heading)
        page.header(table.columns, row + 1)
        for at, ((label, amount), formula) in enumerate(zip(table.rows, formulas, strict=True), start=row + 2):
            form = page.styles.total if formula == whole else page.styles.body
            page.put(at, 0, label, form["text"])
            page.formula(at, 1, f"={formula}", Decimal(str(amount)), form["money"])
        return row + 2 + len(formulas)

    def _orders(self, row: int) -> int:
        """Write the orders of a roadmap with what they cost, each figure that of their own sheet."""
        page, styles, phases = self.page, self.page.styles, phase_quotes(self.quote)
        currency = self.quote.plan.prices.currency
        page.tell(row, 0, over_time.TITLE, styles.heading)
        for text in over_time.beside(self.quote):
            row += 1
            page.across(row, (*WHOLE, text, styles.wrapped_note))
        wanted = (
            *((Column("Duration", "whole", "months"), "months"), (Column("A month", "money", currency), "monthly")),
            *((Column("Licences of third parties", "money", currency), "licences"),),
            *((Column("Cost of the phase", "money", currency), "cost"),),
            *((Column("Owed after the horizon", "money", currency), "owed"),),
        )
        shown = [(column, name) for column, name in wanted if name in self.orders]
        shown = shown[max(0, len(shown) + 1 - len(QUOTE_WIDTHS)) :]  # the dates tell the durations too
        page.header([Column("Order of"), *(column for column, _ in shown)], row + 1)
        row += 2
        for at, each in enumerate(phases):
            page.put(row, 0, over_time.month(each.phase.from_), styles.body["text"])
            for position, (column, name) in enumerate(shown, start=1):
                value = each.phase.months if name == "months" else getattr(each, OF_PHASES[name])
                page.formula(row, position, f"={self.orders[name].cell(at)}", Decimal(value), styles.body[column.kind])
            row += 1
        page.put(row, 0, message("Total"), styles.total["text"])
        for position, (column, name) in enumerate(shown, start=1):
            if name in ("cost", "owed"):
                whole = sum((getattr(each, OF_PHASES[name]) for each in phases), Decimal(0))
                formula = f"={self.orders[name].cell(len(phases))}"
                page.formula(row, position, formula, whole, styles.total[column.kind])
            else:
                page.put(row, position, None, styles.total[column.kind])
        return row + 1

    def _figures(self, head: int, at: int, last: int) -> tuple[str, str, str]:
        """Return the formulas of a row of the totals: the first is net, the last gross, those between are tax."""
        here = [xl_rowcol_to_cell(at, column) for column in (2, 3)]
        if head + 1 < at < last:
            invoiced = self.quote.invoiced[at - head - 2]
            rate = "cp_vat_rate" if at == head + 2 else f"{invoiced.rate:f}"
            bases = (self._billed(invoiced, one_off=False), self._billed(invoiced, one_off=True))
            monthly, once = (f"ROUND(({base})*{rate},2)" for base in bases)
        elif at == last:
            monthly, once = (
                f"SUM({xl_rowcol_to_cell(head + 1, column)}:{xl_rowcol_to_cell(last - 1, column)})" for column in (2, 3)
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
        (formula,) = live_texts.of_term(lambda quote: (tables.over(quote.months),), self.quote, self.page.spoken)
        return formula or ""

    def _vat_label(self) -> str:
        """Return the formula of the name of the tax: every program shows the rate with the mark of the language."""
        spoken = self.page.spoken
        said = spoken.text("VAT {percent} %", percent=live_texts.SPLIT)
        marks = '",","."' if spoken.code == "en" else '".",","'
        return "=" + live_texts.joined(said, f"SUBSTITUTE(ROUND(cp_vat_rate*100,4),{marks})")

    def _revised(self, row: int) -> int:
        """Write what the quote changes of the one before, by cause; its lines have a sheet of their own."""
        causes = tables.revised(self.quote, self.page.spoken)[0]
        area = self.page.block(replace(causes, note=""), row)
        self.page.note(area.last + 1, causes.note)
        return area.last + 2

    def _places_to_sign(self, row: int) -> int:
        """Write where to sign; return the row below."""
        styles = self.page.styles
        titles, texts = zip(*offer.boxes(self.quote), strict=True)
        halves = (LEFT, RIGHT)
        self.page.across(row, *((*half, text, styles.box_heading) for half, text in zip(halves, titles, strict=True)))
        self.page.across(row + 1, *((*half, text, styles.sign) for half, text in zip(halves, texts, strict=True)))
        self.page.rise(row + 1, SIGNING)
        self.page.sheet.print_area(0, 0, row + 1, len(QUOTE_WIDTHS) - 1)
        return row + 2


def _foreign(text: Message | None) -> str | Message:
    return text or ""
