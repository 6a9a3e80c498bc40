"""The orders of a plan, or of a roadmap, as a workbook: an overview, every field of every step, the affinity rules."""

import io
from collections.abc import Mapping, Sequence

from cloudplan.base.language import Language
from cloudplan.plan.origin import Made
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.plan_sheets import listed
from cloudplan.presentation.styles import Styles
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.tables import phase_orders as phase_tables
from cloudplan.presentation.tables.orders import Head
from cloudplan.presentation.tables.plan import own_catalog
from cloudplan.presentation.tables.table import Table
from cloudplan.presentation.worksheet import CREATED, Page, cell_text, new_book
from cloudplan.sales.steps import Orders

ABOUT = (24, 70)


def write_orders(orders: Orders, plan: Plan, head: Head, spoken: Language) -> bytes:
    """Return the orders of a plan as the bytes of an xlsx file; the same input gives the same bytes."""
    sheets = {
        "steps": tables.overview(orders),
        "orders": tables.table(orders),
        "affinity": tables.affinity(orders.rules),
    }
    return _written(sheets, plan, head, spoken)


def write_phase_orders(roadmap: Roadmap, found: Sequence[Orders], head: Head, spoken: Language) -> bytes:
    """Return the orders of all phases of a roadmap likewise, `found` those of each."""
    return _written(dict(phase_tables.sheets(roadmap, found)), roadmap, head, spoken)


def _written(sheets: Mapping[str, Table], made: Made, head: Head, spoken: Language) -> bytes:
    """Return a workbook with a sheet for each table that has rows, by its lasting name."""
    buffer = io.BytesIO()
    book = new_book(buffer)
    title = spoken.text("{name}: orders", name=cell_text(made.workload.name)[:200])
    book.set_properties({"title": title, "created": CREATED})
    styles = Styles(book, spoken)
    for name, table in sheets.items():
        if table.rows:
            listed(Page(book, styles, table.title, spoken), table, name)
    page = Page(book, styles, "Reference", spoken)
    page.widen(ABOUT)
    row = page.title(title, foreign=True)
    row = page.block(tables.about(head, spoken), row).last + 2
    for text in own_catalog(made):
        page.note(row, text)
        row += 1
    book.close()
    return buffer.getvalue()
