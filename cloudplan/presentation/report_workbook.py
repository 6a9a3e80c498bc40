"""A report as an Excel workbook: what it tells first, then a sheet for each of its tables."""

import io
from dataclasses import dataclass

import xlsxwriter

from cloudplan.base.language import Language, message
from cloudplan.presentation.plan_sheets import listed
from cloudplan.presentation.styles import ACCENT, Styles
from cloudplan.presentation.tables.table import Notes, Report, Text, say
from cloudplan.presentation.worksheet import CREATED, Area, Page, cell_text, new_book

FIRST_WIDTHS = (50, 90)
CHART_SIZE = {"width": 900, "height": 420}


@dataclass(frozen=True)
class Chart:
    """A chart of the points of a table: the columns that are across and up, and the one that names a point.

    Points that have something in the column `unnamed` have no name.
    """

    table: Text
    across: str
    up: str
    name: str
    unnamed: str


def write_report(report: Report, spoken: Language, *, without: str, chart: Chart | None = None) -> bytes:
    """Return a report as the bytes of an xlsx file; the same input gives the same bytes.

    The column `without` is left out of every table: what is drawn with characters elsewhere.
    """
    buffer = io.BytesIO()
    book = new_book(buffer)
    title = cell_text(say(report.title, spoken))
    book.set_properties({"title": title, "created": CREATED})
    styles = Styles(book, spoken)
    first = Page(book, styles, message("Summary"), spoken)
    first.widen(FIRST_WIDTHS)
    row = first.title(report.title)
    for text in report.summary:
        first.across(row, (0, 1, text, styles.text))
        row += 1
    drawn: Area | None = None
    for number, part in enumerate(report.parts, 1):
        if isinstance(part, Notes):
            row += 1
            first.tell(row, 0, part.title, styles.heading)
            for head, told in part.entries:
                row += 1
                first.across(row, (0, 0, head, styles.text), (1, 1, told, styles.text))
            continue
        page = Page(book, styles, part.title, spoken)
        area = listed(page, part.without(without), f"part_{number}")
        if chart and part.title == chart.table:
            drawn = area
    if chart and drawn:
        _draw(book, first, row + 1, drawn, chart)
    book.close()
    return buffer.getvalue()


def _draw(book: xlsxwriter.Workbook, page: Page, row: int, area: Area, chart: Chart) -> None:
    """Draw the points of a table."""
    heads = dict(zip((each.name for each in area.table.columns), area.table.headers(page.spoken), strict=True))
    picture = book.add_chart({"type": "scatter"})
    pairs = zip(area.table.values(chart.name), area.table.values(chart.unnamed), strict=True)
    labels = [{"value": str(name)} if unnamed is None else {"delete": True} for name, unnamed in pairs]
    picture.add_series(
        {
            "categories": f"={area.cells(chart.across, elsewhere=True)}",
            "values": f"={area.cells(chart.up, elsewhere=True)}",
            "marker": {"type": "circle", "size": 8, "fill": {"color": ACCENT}, "border": {"color": ACCENT}},
            "data_labels": {"custom": labels, "value": True, "position": "above"},
        }
    )
    picture.set_x_axis({"name": heads[chart.across], "num_format": "#,##0"})
    picture.set_y_axis({"name": heads[chart.up], "num_format": "#,##0"})
    picture.set_legend({"none": True})
    picture.set_size(CHART_SIZE)
    page.sheet.insert_chart(row, 0, picture, {"description": say(area.table.title, page.spoken)})
