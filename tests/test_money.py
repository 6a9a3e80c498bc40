"""Money: exact in between, one rounding at the end of a line, bounds rounded down."""

import math
from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudplan.base import money

PRICES = st.decimals(min_value=0, max_value=10**6, places=6)
SHARES = st.integers(0, 10_000).map(lambda n: Decimal(n) / 10_000)


@pytest.mark.parametrize(
    ("quantity", "unit_price", "expected"),
    [
        (1, "0.005", "0.01"),
        (1, "0.0049", "0.00"),
        (1, "0.025", "0.03"),
        (5, "0.085", "0.43"),
        (507, "0.085", "43.10"),
        (3, "620.00", "1860.00"),
        (1_000_000, "0.000001", "1.00"),
        (7, "0", "0.00"),
    ],
)
def test_a_line_rounds_half_up_to_the_cent(quantity: int, unit_price: str, expected: str) -> None:
    assert str(money.line(quantity, Decimal(unit_price))) == expected


@given(st.integers(1, 10**9), PRICES, SHARES)
def test_a_line_is_the_exact_product_rounded_once(quantity: int, price: Decimal, share: Decimal) -> None:
    exact = quantity * Fraction(price) * (1 - Fraction(share))
    assert Fraction(money.line(quantity, money.net(price, share))) == Fraction(
        math.floor(exact * 100 + Fraction(1, 2)), 100
    )


@pytest.mark.parametrize(
    ("price", "share", "expected"),
    [
        ("860.00", "0.125", "752.5"),
        ("0.085", "0.125", "0.074375"),
        ("0.000001", "0.333333333333", "0.000000666666666667"),
        ("1", "0", "1"),
        ("9", "1", "0"),
    ],
)
def test_a_net_price_is_never_rounded(price: str, share: str, expected: str) -> None:
    assert money.net(Decimal(price), Decimal(share)) == Decimal(expected)


def test_arithmetic_that_would_round_raises() -> None:
    with pytest.raises(Inexact):
        money.EXACT.divide(Decimal(1), Decimal(3))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (Fraction(1, 3), "0.33"),
        (Fraction(2, 3), "0.66"),
        (Fraction(1), "1.00"),
        (Fraction(1999, 1000), "1.99"),
        (Fraction(-1, 1000), "-0.01"),
        (Fraction(0), "0.00"),
    ],
)
def test_a_bound_is_rounded_down_to_the_cent(amount: Fraction, expected: str) -> None:
    assert str(money.floor_cents(amount)) == expected


@given(st.fractions(min_value=-(10**9), max_value=10**9))
def test_a_bound_loses_less_than_a_cent_and_never_gains(amount: Fraction) -> None:
    assert 0 <= amount - Fraction(money.floor_cents(amount)) < Fraction(1, 100)


@pytest.mark.parametrize(
    ("value", "text"), [("0", "0.00"), ("5043.3", "5 043.30"), ("1234567.89", "1 234 567.89"), ("-12.5", "-12.50")]
)
def test_amounts_for_reading_have_two_decimals_and_thousands_apart(value: str, text: str) -> None:
    assert money.amount(Decimal(value)) == text
