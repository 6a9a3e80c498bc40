"""Exact quantities: memory and disks in whole MiB, ratios and CPU demand as fractions.

1 GB of blade memory in the catalogue is 1 GiB, and "To" in an IOPS rate is 1 TiB (the careful reading).
"""

import math
import operator
import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

MIB_PER_GIB = 1024
GIB_PER_TIB = 1024
SIZES = 10_000
"""Sizes whose conversion is remembered: thousands of VMs have the same ones."""

MOMENT = 0.001
"""Seconds that a search has at least: enough for a first plan."""

DURATION = re.compile(r"([1-9][0-9]{0,6})([mhd])")
_MINUTES = {"m": 1, "h": 60, "d": 1440}
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@lru_cache(maxsize=SIZES)
def rational(value: Decimal) -> Fraction | int:
    """Return an exact number; a whole one is an int, which counts ten times as fast as a fraction."""
    ratio = Fraction(value)
    return ratio.numerator if ratio.denominator == 1 else ratio


def exact_sum(amounts: Iterable[Fraction | int], times: Iterable[int] | None = None) -> Fraction:
    """Return the sum of exact numbers, each so many `times`, by default once.

    It is reckoned over one common denominator; `sum` looks for another at every step.
    """
    terms = list(amounts)
    common = math.lcm(*(each.denominator for each in terms))
    wholes = (each.numerator * (common // each.denominator) for each in terms)
    return Fraction(sum(wholes if times is None else map(operator.mul, wholes, times)), common)


@lru_cache(maxsize=SIZES)
def mib(gib: Decimal) -> int:
    """Return a size in GiB as whole MiB, rounded up."""
    return math.ceil(Fraction(gib) * MIB_PER_GIB)


@lru_cache(maxsize=SIZES)
def gib(mebibytes: int | Fraction) -> Fraction:
    """Return a size in MiB as an exact number of GiB."""
    return Fraction(mebibytes) / MIB_PER_GIB


def minutes(duration: str) -> int:
    """Return the minutes of a duration such as ``15m``, ``4h`` or ``1d``; raise ValueError for any other text."""
    match = DURATION.fullmatch(duration)
    if not match:
        raise ValueError("a duration is a whole number >= 1 and m, h or d, such as 15m")
    return int(match[1]) * _MINUTES[match[2]]


def duration(total_minutes: int) -> str:
    """Return minutes as the shortest duration text: 240 is ``4h``."""
    for unit in ("d", "h"):
        if total_minutes % _MINUTES[unit] == 0:
            return f"{total_minutes // _MINUTES[unit]}{unit}"
    return f"{total_minutes}m"


def month_number(month: str) -> int:
    """Return the months since the year 0 of a month such as ``2027-01``; raise ValueError for any other text."""
    if not MONTH.fullmatch(month):
        raise ValueError("a month, YYYY-MM")
    return 12 * int(month[:4]) + int(month[5:]) - 1


def month_text(number: int) -> str:
    """Return the month, ``2027-01``, of a number of months since the year 0."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def number(value: Fraction | Decimal | int, places: int = 2) -> str:
    """Return a number for reading: at most `places` decimals, rounded half up, no trailing zeros, thousands apart."""
    text = f"{rounded(value, places):,f}".replace(",", " ")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: Fraction | Decimal | int, places: int) -> Decimal:
    """Return a number with so many decimals, rounded half up."""
    over, under = value.as_integer_ratio()
    return Decimal((2 * over * 10**places + under) // (2 * under)).scaleb(-places)


def for_people(amount: Fraction | Decimal | int, unit: str) -> tuple[Fraction, str]:
    """Return an amount in the unit that people read: MiB become GiB, any other unit stays."""
    return (Fraction(amount) / MIB_PER_GIB, "GiB") if unit == "MiB" else (Fraction(amount), unit)
