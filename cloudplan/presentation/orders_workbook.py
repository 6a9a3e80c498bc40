"""The orders of a plan as a workbook: an overview, every field of every step, and the affinity rules."""

import io

from cloudplan.base.language import Language
from cloudplan.plan.plan import Plan
from cloudplan.presentation.plan_sheets import listed
from cloudplan.presentation.styles import Styles
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.tables.orders import Head
from cloudplan.presentation.tables.plan import own_catalog
from cloudplan.presentation.worksheet import CREATED, Page, cell_text, new_book
from cloudplan.sales.steps import Orders

ABOUT = (24, 70)


def write_orders(orders: Orders, plan: Plan, head: Head, spoken: Language) -> bytes:
    """Return the orders of a plan as the bytes of an xlsx file; the same input gives the same bytes."""
    buffer = io.BytesIO()
    book = new_book(buffer)
    title = spoken.text("{name}: orders", name=cell_text(plan.workload.name)[:200])
    book.set_properties({"title": title, "created": CREATED})
    styles = Styles(book, spoken)
    for name, table in (
        ("steps", tables.overview(orders)),
        ("orders", tables.table(orders)),
        ("affinity", tables.affinity(orders)),
    ):
        if table.rows:
            listed(Page(book, styles, table.title, spoken), table, name)
    page = Page(book, styles, "Reference", spoken)
    page.widen(ABOUT)
    row = page.title(title, foreign=True)
    row = page.block(tables.about(head, spoken), row).last + 2
    for text in own_catalog(plan):
        page.note(row, text)
        row += 1
    book.close()
    return buffer.getvalue()
