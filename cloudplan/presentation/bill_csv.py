"""The bill of a quote as CSV, for other programs or for French Excel.

One line of the quote a row, those of the plan and those beside it. The names of the columns and the words of `kind` and
`billed` are English and stay so in every language.
"""

from collections.abc import Iterator
from itertools import count, zip_longest

from cloudplan.base.language import Language
from cloudplan.presentation.table_csv import Dialect, csv_of
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import Cell, Table
from cloudplan.sales.extension import splits
from cloudplan.sales.phase_quotes import phase_quotes
from cloudplan.sales.quote import Quote
from cloudplan.sales.terms import ExtraLine

OF_BILL = {
    **{"family": "Family", "site": "Site", "item": "Item", "sku": "SKU", "quantity": "Quantity", "unit": "Unit"},
    **{"list_price": "List price", "discount": "Discount", "unit_price": "Unit price"},
    **{"list_amount": "List amount", "discount_amount": "Discount amount", "amount": "Monthly"},
    **{"rule": "Rule", "why": "Why"},
}
"""The columns that a line of the plan fills, with those of the bill; the customer's bill lacks some of them."""
OF_PHASES = ("phase", "phase_months")
"""The columns of the quote of a roadmap: the first month of the phase that a line is of, and how many it has."""
OF_PARTS = ("existing", "new")
"""The columns where something stood before: how much of the quantity that was, and what is new."""
COLUMNS = (
    *("quote", "revision", "plan_sha256", *OF_PHASES, "line", "kind", "billed", *OF_BILL, *OF_PARTS),
    *("currency", "vat_rate"),
)


def bill_csv(quote: Quote, spoken: Language, dialect: Dialect) -> bytes:
    """Return the lines of a quote, those of the plan and those beside it, as the bytes of a CSV file."""
    bill = tables.bill(quote)
    told = {column.name for column in bill.columns}
    names = [name for name in COLUMNS if OF_BILL.get(name) in {None, *told}]
    left_out = {*(() if quote.over_time else OF_PHASES), *(() if _parted(quote) else OF_PARTS)}
    names = [name for name in names if name not in left_out]
    return csv_of(names, _rows(quote, bill), spoken, dialect)


def _parted(quote: Quote) -> bool:
    """Return whether lines are told in two parts: of what stood, and what is new."""
    return quote.over_time is not None or quote.plan.changes is not None


def _rows(quote: Quote, bill: Table) -> Iterator[dict[str, Cell]]:
    """Yield the lines of the plan, or those of each phase, and the lines beside it."""
    plan, terms = quote.plan, quote.terms
    every: dict[str, Cell] = {"quote": terms.number, "revision": terms.revision or None}
    every |= {"plan_sha256": quote.plan_sha256, "currency": plan.prices.currency}
    phases = phase_quotes(quote)
    bills: list[tuple[dict[str, Cell], Quote]] = [
        ({"phase": each.phase.from_, "phase_months": each.phase.months}, each.quote) for each in phases
    ]
    numbers = count(1)
    for of_phase, each in bills or [({}, quote)]:
        heads = [column.name for column in bill.columns]
        for row, part in zip_longest(tables.bill(each).rows, splits(each)):
            cells = dict(zip(heads, row, strict=True))
            shown = {name: cells[head] for name, head in OF_BILL.items() if head in cells}
            told = {"line": next(numbers), "kind": "plan", "billed": "month", **shown, "vat_rate": terms.vat_rate}
            parts = {"existing": part.before, "new": part.new} if part else {}
            yield {**every, **of_phase, **told, **parts}
    for line in terms.lines:
        yield {**every, "line": next(numbers), **_beside(quote, line)}


def _beside(quote: Quote, line: ExtraLine) -> dict[str, Cell]:
    return {
        **{"kind": line.kind, "billed": "once" if line.one_off else "month", "item": line.label},
        **{"quantity": line.quantity, "unit": line.unit, "unit_price": line.unit_price, "amount": line.total},
        "vat_rate": quote.rate_of(line),
    }
