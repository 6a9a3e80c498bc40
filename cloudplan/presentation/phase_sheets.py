"""The sheets of a workbook that show a roadmap: a column for each phase with charts, and the lines of every order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import xlsxwriter
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from cloudplan.base.language import Message, known, message
from cloudplan.presentation.styles import ACCENT
from cloudplan.presentation.tables import over_time as tables
from cloudplan.presentation.tables import roadmap as roadmap_tables
from cloudplan.presentation.tables.table import Cell, Column, Kind
from cloudplan.presentation.worksheet import Area, Page, quoted
from cloudplan.sales.phase_quotes import PhaseQuote, phase_quotes
from cloudplan.sales.quote import FAMILIES, Quote

NAME_WIDTH, WIDTH = 38, 13
UPRIGHT = 4
"""Phases that an upright page has room for."""
WIDE, SCALE = 10, 75
"""Columns beside the first that a printed page has room for, and at which size it has, in percent."""
NOTED = 6
"""Columns beside the first that a title and a note stand over."""
AMOUNTS = {"Monthly": "Quantity", "Added a month": "Added"}
"""The amounts of a line, each with the quantity that it is of."""
SHADES = (ACCENT, "#2F6FA8", "#C55A11", "#66809F", "#A6A6A6")
"""The colours of the families."""
LINES = {"memory": "#2F6FA8", "cores": "#C55A11", "storage": "#3F8050"}
CHART_WIDTH, WIDEST_CHART, CHART_HEIGHT, PER_PHASE = 620, 960, 290, 46
"""In pixels, as spreadsheets count them."""
CHART_ROWS = 34
"""Rows that the charts stand over."""


def lines(page: Page, quote: Quote) -> Area:
    """Write the lines of every order as data, with what is added by it; return where they stand."""
    price = "{List price}*(1-{Discount})*(1-cp_discount)" if quote.internal else "{Unit price}"
    formulas = {name: f"=ROUND({{{quantity}}}*{price},2)" for name, quantity in AMOUNTS.items()}
    if quote.internal:
        formulas["Unit price"] = f"={price}"
    return page.data(tables.lines(quote), "order_lines", formulas)


@dataclass(frozen=True)
class Placed:
    """Where a figure of the phases stands: a row, with a cell for each phase, and one for the total."""

    sheet: str
    row: int

    def cell(self, at: int) -> str:
        """Return the address of the figure of a phase, 0 is the first, as used elsewhere."""
        return f"{quoted(self.sheet)}!{xl_rowcol_to_cell(self.row, at + 1, True, True)}"


class Phases:
    """The sheet with a column for each phase."""

    def __init__(self, page: Page, quote: Quote, data: Area, book: xlsxwriter.Workbook):
        self.page, self.quote, self.data, self.book = page, quote, data, book
        self.phases = phase_quotes(quote)
        self.places: dict[str, Placed] = {}
        self.row = 0

    def write(self) -> dict[str, Placed]:
        """Write figures, costs and charts; return where the costs stand, by name."""
        page, count = self.page, len(self.phases)
        page.widen((NAME_WIDTH, *([WIDTH] * (count + 1))))
        noted = min(count + 1, NOTED)
        self.row = page.title(tables.TITLE, marked=noted + 1) - 1
        for text in (*tables.beside(self.quote), known(tables.FULL_NOTE)):
            page.across(self.row, (0, noted, text, page.styles.wrapped_note))
            self.row += 1
        months = [page.spoken.said(tables.month(each.phase.from_)) for each in self.phases]
        head = self.row = self.row + 1
        page.header([Column("Order of"), *(Column(name, "money") for name in months), Column("Total", "money")], head)
        page.sheet.freeze_panes(head + 1, 1)
        page.sheet.repeat_rows(head)
        self.row += 1
        self._capacity()
        costs = self._costs()
        self._charts(head, costs, self._shares())
        if count + 1 > WIDE:
            self._on_several_pages(head)
        return self.places

    def _on_several_pages(self, head: int) -> None:
        """Print more phases than a page has room for: names on every page, what stands above the table on none."""
        sheet = self.page.sheet
        sheet.set_print_scale(SCALE)
        sheet.repeat_columns(0)
        sheet.print_area(head, 0, self.row + CHART_ROWS, len(self.phases) + 1)
        sheet.set_header("&L&14&B" + self.page.full_name.replace("&", "&&"))
        sheet.set_margins(left=0.3, right=0.3, top=0.8, bottom=0.7)

    # --- rows --------------------------------------------------------------------------------------------------------

    def _capacity(self) -> None:
        assert self.quote.over_time is not None
        self._values("order", message("Order"), "whole", range(1, len(self.phases) + 1))
        for number, (label, figure) in enumerate(roadmap_tables.capacity(self.quote.over_time.roadmap)):
            self._values("" if number else "months", label, "whole", [figure(each.phase) for each in self.phases])

    def _costs(self) -> list[int]:
        """Write what each phase costs; return the rows of the families."""
        currency = self.quote.plan.prices.currency
        families = []
        for name in (name for name in FAMILIES if any(name in each.quote.by_family() for each in self.phases)):
            families.append(self.row)
            self._formulas("", known(name), self._family(self.row), _of(name))
        first, last = families[0], families[-1]
        self._formulas(
            "monthly",
            message("A month ({currency})", currency=currency),
            lambda at: f"=SUM({_here(first, at)}:{_here(last, at)})",
            lambda each: each.monthly,
            bold=True,
        )
        if any(each.licences for each in self.phases):
            label = message("Licences of third parties ({currency})", currency=currency)
            self._values("licences", label, "money", [each.licences for each in self.phases])
        self._formulas(
            "cost",
            message("Cost of the phase ({currency})", currency=currency),
            self._whole_cost,
            lambda each: each.cost,
            bold=True,
            total=True,
        )
        self._so_far(message("All so far ({currency})", currency=currency))
        if any(each.owed_after for each in self.phases):
            label = message("Owed after the horizon ({currency})", currency=currency)
            self._formulas("owed", label, self._owed, lambda each: each.owed_after, total=True)
        return families

    def _family(self, row: int) -> Callable[[int], str]:
        monthly, orders, names = (self.data.cells(name, elsewhere=True) for name in ("Monthly", "Order", "Family"))
        label, order = xl_rowcol_to_cell(row, 0, False, True), self.places["order"].row
        return lambda at: f"=SUMIFS({monthly},{orders},{_here(order, at)},{names},{label})"

    def _whole_cost(self, at: int) -> str:
        parts = [_here(self.places[name].row, at) for name in ("monthly", "licences") if name in self.places]
        return f"={_here(self.places['months'].row, at)}*({'+'.join(parts)})"

    def _so_far(self, label: Message) -> None:
        """Write what all phases until the end of one cost together."""
        cost, here, so_far = self.places["cost"].row, self.row, Decimal("0.00")
        self._begin("", label, "money", bold=False)
        for at, each in enumerate(self.phases):
            so_far += each.cost
            formula = f"={_here(cost, at)}" + (f"+{_here(here, at - 1)}" if at else "")
            self.page.formula(here, at + 1, formula, so_far, self.page.styles.body["money"])
        self.row += 1

    def _owed(self, at: int) -> str:
        added, orders = (self.data.cells(name, elsewhere=True) for name in ("Added a month", "Order"))
        return f"={self.phases[at].months_left}*SUMIFS({added},{orders},{_here(self.places['order'].row, at)})"

    def _shares(self) -> list[int]:
        rows = []
        for each in tables.filled(self.quote):
            rows.append(self.row)
            self._values("", each.name, "share", each.shares)
        return rows

    def _values(self, name: str, label: Message, kind: Kind, values: Sequence[Cell]) -> None:
        self._begin(name, label, kind, bold=False)
        for at, value in enumerate(values):
            self.page.put(self.row, at + 1, value, self.page.styles.body[kind])
        self.row += 1

    def _formulas(
        self,
        name: str,
        label: Message,
        formula: Callable[[int], str],
        value: Callable[[PhaseQuote], Decimal],
        *,
        bold: bool = False,
        total: bool = False,
    ) -> None:
        self._begin(name, label, "money", bold=bold)
        form = (self.page.styles.total if bold else self.page.styles.body)["money"]
        values = [value(each) for each in self.phases]
        for at, amount in enumerate(values):
            self.page.formula(self.row, at + 1, formula(at), amount, form)
        if total:
            area = f"{_here(self.row, 0)}:{_here(self.row, len(values) - 1)}"
            self.page.formula(self.row, len(values) + 1, f"=SUM({area})", sum(values, Decimal(0)), form)
        self.row += 1

    def _begin(self, name: str, label: Message, kind: Kind, *, bold: bool) -> None:
        forms = self.page.styles.total if bold else self.page.styles.body
        if name:
            self.places[name] = Placed(self.page.name, self.row)
        self.page.across(self.row, (0, 0, label, forms["text"]))
        self.page.put(self.row, len(self.phases) + 1, None, forms[kind])

    # --- charts ------------------------------------------------------------------------------------------------------

    def _charts(self, head: int, costs: Sequence[int], shares: Sequence[int]) -> None:
        """Draw what a month costs by family, and how full all is, phase by phase."""
        cost = self.book.add_chart({"type": "column", "subtype": "stacked"})
        for row, colour in zip(costs, SHADES, strict=False):
            cost.add_series({**self._series(head, row), "fill": {"color": colour}, "gap": 40})
        cost.set_y_axis({"num_format": "#,##0"})
        full = self.book.add_chart({"type": "line"})
        primary = self.quote.case.workload.sites.primary
        for row, each in zip(shares, tables.filled(self.quote), strict=True):
            colour = LINES[each.resource]
            line = {"color": colour, "width": 2.25, **({} if each.site == primary else {"dash_type": "dash"})}
            marker = {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": colour}}
            full.add_series({**self._series(head, row), "line": line, "marker": marker})
        full.set_y_axis({"num_format": "0%", "min": 0, "max": 1})
        titles = tables.cost_title(self.quote), tables.FULL_TITLE
        self.page.sheet.set_h_pagebreaks([self.row + 1])
        width = min(WIDEST_CHART, max(CHART_WIDTH, PER_PHASE * len(self.phases)))
        for at, (chart, title) in enumerate(zip((cost, full), titles, strict=True)):
            name = self.page.spoken.said(title)
            chart.set_title({"name": name, "name_font": {"size": 11}})
            chart.set_legend({"position": "bottom"})
            chart.set_size({"width": width, "height": CHART_HEIGHT})
            place = {"y_offset": at * (CHART_HEIGHT + 20), "description": name}
            self.page.sheet.insert_chart(self.row + 1, 0, chart, place)

    def _series(self, head: int, row: int) -> dict[str, str]:
        sheet, last = quoted(self.page.name), len(self.phases)
        return {
            "name": f"={sheet}!{xl_rowcol_to_cell(row, 0, True, True)}",
            "categories": f"={sheet}!{xl_range_abs(head, 1, head, last)}",
            "values": f"={sheet}!{xl_range_abs(row, 1, row, last)}",
        }


def _of(family: str) -> Callable[[PhaseQuote], Decimal]:
    return lambda each: each.quote.by_family().get(family, Decimal("0.00"))


def _here(row: int, at: int) -> str:
    """Return the address of a figure of a phase on the sheet itself."""
    return str(xl_rowcol_to_cell(row, at + 1))
