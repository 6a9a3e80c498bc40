"""Rows as CSV, for other programs or for French Excel.

A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers are never touched.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from cloudplan.base.language import Language, Message
from cloudplan.presentation.tables.table import Cell, words

FORMULA_STARTS = tuple("=+-@\t\r＝＋－＠")


class Dialect(StrEnum):
    """How a CSV file is written: RFC 4180 in UTF-8, or semicolons, decimal commas and a byte order mark."""

    rfc4180 = "rfc4180"
    excel_fr = "excel-fr"


def csv_of(names: Sequence[str], rows: Iterable[Mapping[str, Cell]], spoken: Language, dialect: Dialect) -> bytes:
    """Return rows by the names of their columns as the bytes of a CSV file; what a row lacks is empty."""
    french = dialect is Dialect.excel_fr
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if french else ",", lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name), spoken, french=french) for name in names])
    return text.getvalue().encode("utf-8-sig" if french else "utf-8")


def _cell(value: Cell, spoken: Language, *, french: bool) -> str:
    if isinstance(value, str | Message) or value is None:
        text = words(value, "text", spoken)
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    number = _bare(Decimal(value))
    return number.replace(".", ",") if french else number


def _bare(value: Decimal) -> str:
    """Return a number without the zeros that end a fraction, two decimals of an amount kept."""
    text = f"{value:f}"
    whole, point, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}" if point and len(decimals) > 2 else text
