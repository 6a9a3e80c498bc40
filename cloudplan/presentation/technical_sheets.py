"""The technical sheets of a quote: what stands where, what is ordered, and what the plan was made from.

They are in the workbook for internal readers, and in the technical annex.
"""

from collections.abc import Callable
from dataclasses import replace

from cloudplan.base.language import message
from cloudplan.presentation.plan_sheets import listed
from cloudplan.presentation.tables import orders as order_tables
from cloudplan.presentation.tables import over_time
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import Text
from cloudplan.presentation.worksheet import Page
from cloudplan.sales.phase_orders import orders_of
from cloudplan.sales.quote import Quote

ABOUT_WIDTHS = (44, 34, 68)


def technical(page: Callable[[Text], Page], quote: Quote) -> None:
    """Add the technical sheets: placement, import ledger, orders, settings, rules, and what it was made from."""
    listed(page("Placement"), tables.placement(quote), "placement")
    for ledger in plan_tables.ledger(quote.case.workload):
        sheet, check = page(ledger.title), ledger.rows[-1]
        area = sheet.data(replace(ledger, rows=ledger.rows[:-1]), "ledger")
        for position, (column, value) in enumerate(zip(ledger.columns, check, strict=True)):
            sheet.put(area.last + 2, position, value, sheet.styles.total[column.kind])
        sheet.note(area.last + 4, ledger.note)
    orders = over_time.orders(quote) if quote.over_time else order_tables.table(orders_of(quote.case, quote.plan))
    listed(page("Orders"), orders, "orders")
    listed(page("Settings that were chosen"), tables.overridden(quote), "settings")
    listed(page("Rules"), tables.rules(quote), "rules")
    about(page("About"), quote)


def about(page: Page, quote: Quote) -> None:
    """Write versions and hashes; internal readers are told what is proven, others how large the plan is."""
    page.widen(ABOUT_WIDTHS)
    plan, row = quote.plan, page.title("About")
    proof = over_time.proof(quote.over_time.roadmap) if quote.over_time else plan_tables.proof(plan)
    second = proof if quote.internal else plan_tables.size(plan, quote.case.workload)
    for table in (plan_tables.made_with(quote.made), second):
        row = page.block(table, row).last + 2
    for text in plan_tables.own_catalog(plan):
        page.note(row, text)
        row += 1
    if quote.internal:
        page.put(row, 0, plan_tables.status(quote.made))
        page.tell(
            row + 1,
            0,
            "The bound is that of the solver (HiGHS) less its tolerance; the plan was verified without it.",
        )
        row += 2
    command = (
        "cloudplan roadmap WORKLOAD --prices PRICES" if quote.over_time else "cloudplan size WORKLOAD --prices PRICES"
    )
    page.put(row, 0, message("Made by: {command}", command=f"{command} --format json"))
