"""The sheets of a workbook that show the plan of a quote: capacity, storage, backup, findings, assumptions."""

import xlsxwriter

from cloudplan.analysis.allocation import by_application
from cloudplan.base.language import message
from cloudplan.presentation.styles import ACCENT
from cloudplan.presentation.tables import allocation
from cloudplan.presentation.tables import assumptions as resting
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import Table
from cloudplan.presentation.tables.third_party import TITLE
from cloudplan.presentation.worksheet import Area, Formulas, Page, total_of
from cloudplan.sales.quote import Quote

BACKUP_WIDTHS = (26, 14, 14, 18, 18, 16, 16)
CHART_WIDTH, CHART_HEIGHT, BAR_HEIGHT = 510, 150, 30
"""In pixels, as spreadsheets count them; two stand side by side."""
MANY_CLUSTERS = 12
"""Above which the charts stand on a page of their own."""


def listed(page: Page, table: Table, name: str, formulas: Formulas = None) -> Area:
    """Write a table as data, its note below."""
    area = page.data(table, name, formulas)
    if table.note:
        page.note(area.last + 2, table.note)
    return area


def summed(page: Page, table: Table, name: str, formulas: Formulas, *sums: str) -> int:
    """Write a table as data, the sums of some columns and its note apart below; return the row below them."""
    area = page.data(table, name, formulas, sums)
    page.total(area, area.last + 2, [message("Total")], page.sums(area, *sums))
    if table.note:
        page.note(area.last + 4, table.note)
    return area.last + 6


def capacity(page: Page, quote: Quote, book: xlsxwriter.Workbook) -> None:
    """Write the clusters, and charts of how full they are before and after the failures provided for."""
    table = tables.clusters(quote)
    formulas = {"Of activated": "={Memory used}/{Memory activated}", "Cores filled": "={Cores used}/{Cores}"}
    sums = ("Hosts", "Of which spare", "Instances", "Memory activated", "Memory used", "Cores used")
    row = summed(page, table, "capacity", formulas, *sums)
    area = Area(page.name, table, 1, max(1, len(table.rows)))
    if len(table.rows) > MANY_CLUSTERS:
        page.sheet.set_h_pagebreaks([row])
    for at, (title, names) in enumerate(
        (
            (message("Memory used of the physical memory"), ("Of physical", "Physical after failure")),
            (message("Cores used"), ("Cores filled", "Cores after failure")),
        )
    ):
        if not table.rows:
            break
        chart = book.add_chart({"type": "bar"})
        for name, colour in zip(names, (ACCENT, "#C55A11"), strict=True):
            head = next(column for column in table.columns if column.name == name).header(page.spoken)
            chart.add_series(
                {
                    "name": head,
                    "categories": f"={area.cells('Cluster', elsewhere=True)}",
                    "values": f"={area.cells(name, elsewhere=True)}",
                    "fill": {"color": colour},
                }
            )
        chart.set_title({"name": page.spoken.said(title), "name_font": {"size": 11}})
        chart.set_x_axis({"num_format": "0%", "min": 0, "max": 1})
        chart.set_y_axis({"reverse": True})
        chart.set_legend({"position": "bottom"})
        height = CHART_HEIGHT + BAR_HEIGHT * len(table.rows)
        chart.set_size({"width": CHART_WIDTH, "height": height})
        place = {"x_offset": at * (CHART_WIDTH + 20), "description": page.spoken.said(title)}
        page.sheet.insert_chart(row, 0, chart, place)


def storage(page: Page, quote: Quote) -> None:
    """Write the datastores."""
    formulas = {"Free": "={Size}-{Disks}-{Swap files}", "Free share": "={Free}/{Size}"}
    table = tables.datastores(quote)
    if not any(table.values("Peer")):
        table = table.without("Replication", "Peer")
    summed(page, table, "storage", formulas, "Size", "Disks", "Swap files", "Free")


def backup(page: Page, quote: Quote) -> None:
    """Write what is backed up to where, how long it is kept, and what is replicated."""
    page.widen(BACKUP_WIDTHS)
    row = page.title("Backup and DR")
    for table in (tables.backup(quote), tables.policies(quote), tables.protection(quote)):
        row = page.block(table, row).last + 2


def licences(page: Page, quote: Quote, lines: Table, bill: Area) -> None:
    """Write what is paid to others beside the quote: the lines with their sum, and below it that of both together.

    `bill` is where the lines of the plan stand.
    """
    area = page.data(lines, "licences", {"Monthly": "=ROUND({Quantity}*{Unit price},2)"})
    own = f"SUM({area.cells('Monthly')})"
    provider = f"SUM({bill.cells('Monthly', elsewhere=True)})"
    owed = total_of(lines, "Monthly")
    for row, (label, formula, value) in enumerate(
        (
            (message("Licences of third parties"), f"={own}", owed),
            (message("The provider's bill"), f"={provider}", quote.monthly),
            (message("Both together"), f"={own}+{provider}", owed + quote.monthly),
        ),
        start=area.last + 2,
    ):
        page.total(area, row, [label], {"Monthly": (formula, value)})
    page.note(area.last + 6, lines.note)
    page.note(area.last + 7, message("Without tax."))


def payers(page: Page, quote: Quote) -> None:
    """Write what each application costs, with the licences of third parties of those whose VMs need them."""
    table = allocation.sheet(quote, by_application(quote.case.workload))
    amounts = [column.name for column in table.columns if column.kind == "money"]
    summed(page, table, "payers", {"Both together": f"={{Monthly}}+{{{TITLE}}}"}, "VMs", *amounts)


def findings(page: Page, quote: Quote) -> None:
    """Write what the reader must know, warnings in another colour."""
    table = plan_tables.findings(tables.findings(quote))
    area = listed(page, table if quote.internal else table.without("Code"), "findings")
    warning = page.spoken.said(plan_tables.SEVERITIES["warning"])
    rule = {"type": "cell", "criteria": "==", "value": f'"{warning}"', "format": page.styles.warning}
    page.sheet.conditional_format(area.first, 0, area.last, 0, rule)


def assumptions(page: Page, quote: Quote) -> None:
    """Write what the price rests on."""
    listed(page, resting.table(quote.plan, internal=quote.internal), "assumptions")
