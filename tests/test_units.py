"""Exact quantities: MiB, fractions, durations, numbers for reading."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudplan.base import units


@pytest.mark.parametrize(
    ("gib", "mib"),
    [
        ("1", 1024),
        ("0.5", 512),
        ("384", 393_216),
        ("2.5", 2560),
        ("0.0009765625", 1),
        ("0.0009765626", 2),
        ("0.1", 103),
    ],
)
def test_sizes_round_up_to_whole_mib(gib: str, mib: int) -> None:
    assert units.mib(Decimal(gib)) == mib


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_rounding_up_adds_less_than_one_mib(gib: Decimal) -> None:
    assert 0 <= units.mib(gib) - Fraction(gib) * 1024 < 1


@given(st.integers(0, 10**12))
def test_mib_to_gib_and_back_is_exact(mib: int) -> None:
    assert units.gib(mib) * 1024 == mib


@pytest.mark.parametrize(
    ("text", "minutes"), [("1m", 1), ("15m", 15), ("60m", 60), ("1h", 60), ("24h", 1440), ("1d", 1440), ("7d", 10_080)]
)
def test_durations_are_read_as_minutes(text: str, minutes: int) -> None:
    assert units.minutes(text) == minutes


@pytest.mark.parametrize(
    "text", ["", "15", "m", "0m", "00h", "-1h", "+1h", "1.5h", "1 h", "1H", "1s", "1h30m", "1h ", "١h"]
)
def test_any_other_text_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        units.minutes(text)


@pytest.mark.parametrize(
    ("minutes", "text"), [(15, "15m"), (60, "1h"), (90, "90m"), (240, "4h"), (1440, "1d"), (1500, "25h")]
)
def test_durations_are_printed_in_the_largest_whole_unit(minutes: int, text: str) -> None:
    assert units.duration(minutes) == text


@given(st.integers(1, 10**6))
def test_printed_durations_read_back(minutes: int) -> None:
    assert units.minutes(units.duration(minutes)) == minutes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (Fraction(1, 3), "0.33"),
        (Fraction(2, 3), "0.67"),
        (Decimal("0.125"), "0.13"),
        (Decimal("326.40"), "326.4"),
        (1000, "1 000"),
        (1_234_567, "1 234 567"),
        (Decimal("1999.999"), "2 000"),
    ],
)
def test_numbers_for_reading_round_half_up_without_trailing_zeros(value: Fraction | Decimal | int, text: str) -> None:
    assert units.number(value) == text


FRACTIONS = st.fractions(max_denominator=10**6) | st.integers()


@given(st.lists(FRACTIONS, max_size=20))
def test_an_exact_sum_is_the_sum(amounts: list[Fraction | int]) -> None:
    assert units.exact_sum(amounts) == sum(amounts)


@given(st.decimals(min_value=0, max_value=10**9, places=3))
def test_a_decimal_counts_as_the_number_that_it_is_and_a_whole_one_as_an_int(value: Decimal) -> None:
    assert units.rational(value) == Fraction(value)
    assert isinstance(units.rational(value), int) == (value % 1 == 0)


LARGE = 10**12


@given(st.fractions(-LARGE, LARGE) | st.decimals(-LARGE, LARGE, places=9), st.integers(0, 6))
def test_a_number_is_rounded_half_up(value: Fraction | Decimal, places: int) -> None:
    scaled = math.floor(Fraction(value) * 10**places + Fraction(1, 2))
    assert Fraction(units.rounded(value, places)) == Fraction(scaled, 10**places)
