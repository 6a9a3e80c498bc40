"""The values of options: numbers and dates, refused in the words that files are refused in."""

import contextlib
import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import typer

from cloudplan.base.schema import date_of, misfit
from cloudplan.base.units import MONTH

DAY, A_MONTH = "YYYY-MM-DD", "YYYY-MM"
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,2})?")


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """Return the reader of a whole number from `low` to `high`."""
    allowed = f"a whole number >= {low}" if high is None else f"a whole number from {low} to {high}"

    def read(text: str) -> int:
        digits = str(text)
        if not (digits.isascii() and digits.isdigit() and len(digits) < 12) or not low <= int(digits) <= (
            high or int(digits)
        ):
            raise _refused(text, allowed)
        return int(digits)

    return read


def number(what: str, low: float, high: float | None = None) -> Callable[[str], float]:
    """Return the reader of a number from `low` to `high`; `what` says what it is."""
    allowed = f"{what} >= {low:g}" + (f" and <= {high:g}" if high is not None else "")

    def read(text: str) -> float:
        value = math.nan
        with contextlib.suppress(ValueError):
            value = float(text)
        if not low <= value <= (math.inf if high is None else high):
            raise _refused(text, allowed)
        return value

    return read


def amount(text: str) -> Decimal:
    """Read an amount of money: decimal text >= 0, with at most two decimals."""
    if not _AMOUNT.fullmatch(text):
        raise _refused(text, "an amount such as 12345.67")
    return Decimal(text)


def day(text: str) -> datetime:
    """Read a date, YYYY-MM-DD."""
    read = date_of(text)
    if read is None:
        raise _refused(text, f"a date, {DAY}")
    return datetime(read.year, read.month, read.day)


def month(text: str) -> str:
    """Read a month, YYYY-MM."""
    if not MONTH.fullmatch(text):
        raise _refused(text, f"a month, {A_MONTH}")
    return text


def _refused(text: str, allowed: str) -> typer.BadParameter:
    return typer.BadParameter(misfit(text, allowed).message)
