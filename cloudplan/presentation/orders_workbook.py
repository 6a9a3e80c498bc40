"""The orders of a plan as a workbook: an overview, every field of every step, and the affinity rules."""

import io

import xlsxwriter

from cloudplan.base.language import Language
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables import orders as tables
from cloudplan.presentation.tables.orders import Head
from cloudplan.presentation.tables.plan import own_catalog
from cloudplan.presentation.worksheet import CREATED, Page, Styles, cell_text
from cloudplan.sales.steps import Orders

ABOUT = (24, 70)


def write_orders(orders: Orders, plan: Plan, head: Head, spoken: Language) -> bytes:
    """Return the orders of a plan as the bytes of an xlsx file; the same input gives the same bytes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    title = spoken.text("{name}: orders", name=cell_text(plan.workload.name)[:200])
    book.set_properties({"title": title, "created": CREATED})
    styles = Styles(book)
    for table in (tables.overview(orders), tables.table(orders), tables.affinity(orders)):
        if table.rows:
            page = Page(book, styles, table.title, spoken)
            page.list(table, page.title(table.title, table.note))
    page = Page(book, styles, "Reference", spoken)
    page.widen(ABOUT)
    row = page.title(title, foreign=True)
    row = page.block(tables.about(head, spoken), row, ABOUT).last + 2
    for text in own_catalog(plan):
        page.tell(row, 0, text)
        row += 1
    book.close()
    return buffer.getvalue()
