"""The bill of a quote as CSV, for other programs or for French Excel.

A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers are never touched.
"""

import csv
import io
from decimal import Decimal
from enum import StrEnum

from cloudplan.base.language import Language, Message
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import Cell, words
from cloudplan.sales.quote import Quote

FORMULA_STARTS = tuple("=+-@\t\r＝＋－＠")


class Dialect(StrEnum):
    """How a CSV file is written: RFC 4180 in UTF-8, or semicolons, decimal commas and a byte order mark."""

    rfc4180 = "rfc4180"
    excel_fr = "excel-fr"


def bill_csv(quote: Quote, spoken: Language, dialect: Dialect) -> bytes:
    """Return the lines of the bill, those of the plan, as the bytes of a CSV file."""
    french = dialect is Dialect.excel_fr
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if french else ",", lineterminator="\r\n")
    table = tables.bill(quote)
    writer.writerow(table.headers(spoken))
    for row in table.rows:
        writer.writerow([_cell(value, spoken, french=french) for value in row])
    return text.getvalue().encode("utf-8-sig" if french else "utf-8")


def _cell(value: Cell, spoken: Language, *, french: bool) -> str:
    if isinstance(value, str | Message) or value is None:
        text = words(value, "text", spoken)
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    number = f"{Decimal(value):f}"
    return number.replace(".", ",") if french else number
