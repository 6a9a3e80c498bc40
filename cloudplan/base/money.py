"""Money is Decimal and exact; the only rounding is here: a line to the cent, half up, and a bound down."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, Inexact
from fractions import Fraction

CENT = Decimal("0.01")
EXACT = Context(prec=80, traps=[Inexact])
"""Arithmetic that raises rather than round."""


def net(list_price: Decimal, discount: Decimal) -> Decimal:
    """Return list x (1 - discount), exactly; `discount` is a share, 0.125 for 12.5 %."""
    return EXACT.multiply(list_price, EXACT.subtract(Decimal(1), discount))


def line(quantity: int | Decimal, unit_price: Decimal) -> Decimal:
    """Return quantity x unit price, rounded half up to the cent."""
    return EXACT.multiply(Decimal(quantity), unit_price).quantize(CENT, ROUND_HALF_UP)


def floor_cents(amount: Fraction) -> Decimal:
    """Return an amount rounded down to the cent: a bound may lose, never gain."""
    cents = (amount * 100).__floor__()
    return Decimal(cents).scaleb(-2).quantize(CENT, ROUND_FLOOR)


def amount(value: Decimal) -> str:
    """Return an amount for reading: two decimals, thousands apart."""
    return f"{value:,.2f}".replace(",", " ")


def price(value: Decimal) -> str:
    """Return a unit price for reading: all its decimals, at least two, thousands apart."""
    whole, _, decimals = f"{value:,f}".replace(",", " ").partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def signed(value: Decimal) -> str:
    """Return a change for reading: two decimals and its sign, thousands apart; nothing has no sign."""
    return f"{value:+,.2f}".replace(",", " ") if value else "0.00"
