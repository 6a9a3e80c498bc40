"""At which price of a licence the layout changes: break-even intervals, computed from proven plans.

A plan that owes q units costs c + q x at a price x of one unit, c being all the rest. The least cost over all plans is
concave in x, so what two plans are worth decides where one takes over from the other: at the price where they cost the
same. The search sizes there. If a third plan is cheaper, it stands between the two; else the break-even is found, up to
what is not proven of the plans. Outside of the interval that this leaves, each side is sized once more.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cloudplan.analysis.compare import Solve
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan, ThirdPartyLine
from cloudplan.prices.book import PriceBook
from cloudplan.workload.case import Case

TIMES = 10
"""How many times its own price a licence is tried at; the price of the dearest blade, if that is more."""

MOST_SIZINGS = 30
"""Sizings after which what is left is told as it is known."""

PLACES = 3
"""Decimals of the prices that an interval ends at."""

_CENT = Fraction(1, 100)


@dataclass(frozen=True)
class Point:
    """The plan at a price of one unit: how many units it owes, and what it costs beside them."""

    price: Fraction
    plan: Plan
    lines: tuple[ThirdPartyLine, ...]
    """The lines of the licence."""

    @property
    def units(self) -> int:
        """The units owed."""
        return sum(line.quantity for line in self.lines)

    @property
    def beside(self) -> Fraction:
        """What the plan costs a month without the licence."""
        return Fraction(self.plan.cost - sum((line.monthly for line in self.lines), Decimal(0)))

    @property
    def unproven(self) -> Fraction:
        """What a cheaper plan could save at most."""
        return Fraction(self.plan.cost - self.plan.lower_bound)

    def cost_at(self, price: Fraction) -> Fraction:
        """Return what the same plan costs at another price."""
        return self.beside + self.units * price


@dataclass(frozen=True)
class BreakEven:
    """Prices between which neither of two layouts is proven cheaper; each was sized at its end, if it is confirmed."""

    low: Fraction
    high: Fraction
    below: Point
    above: Point
    confirmed: bool


@dataclass(frozen=True)
class LicencePrices:
    """What the price of a licence decides, from 0 to `most`: the layout now, and where it changes, lowest price first.

    `complete` says whether all changes up to there were found.
    """

    name: str
    now: Point
    most: Fraction
    breaks: tuple[BreakEven, ...]
    complete: bool


class _SpentError(Exception):
    """So many sizings were made as may be."""


def licence_prices(origin: Origin, plan: Plan, name: str, solve: Solve) -> LicencePrices:
    """Return at which prices of a licence the cheapest layout changes; `plan` is the one at the price of the book.

    Of a licence that no choice changes (per vCPU or VM) nothing is sized.
    """
    return _Search(origin, plan, name, solve).run()


def at_price(book: PriceBook, name: str, price: Fraction) -> PriceBook:
    """Return a price book with another price of a licence, which has few enough decimals."""
    text = f"{Decimal(price.numerator) / Decimal(price.denominator):f}"
    tree = book.canonical()
    return PriceBook.model_validate(
        {**tree, "licences": {**tree["licences"], name: {**tree["licences"][name], "price": text}}}
    )


class _Search:
    def __init__(self, origin: Origin, plan: Plan, name: str, solve: Solve):
        self._origin, self._name, self._solve = origin, name, solve
        licence = origin.prices.licences[name]
        self._now = _point(Fraction(licence.price), plan, name)
        self._points = {self._now.price: self._now}
        self._by_host = licence.by_host

    def run(self) -> LicencePrices:
        """Return the layouts from price 0 to the highest that is tried."""
        most = max(TIMES * self._now.price, self._dearest)
        found: list[BreakEven] = []
        complete = True
        try:
            if self._by_host and self._now.lines:
                lowest, highest = self._at(Fraction(0)), self._at(most)
                for low, high in ((lowest, self._now), (self._now, highest)):
                    found += self._between(low, high)
        except _SpentError:
            complete = False
        return LicencePrices(self._name, self._now, most, tuple(sorted(found, key=lambda each: each.low)), complete)

    @property
    def _dearest(self) -> Fraction:
        """The net price of the dearest blade on offer, in whole units of money."""
        case = Case.of(self._origin.workload, self._origin.edition, self._origin.prices)
        return Fraction(max((math.ceil(case.prices.net(blade)) for blade in case.blades.values()), default=1))

    def _at(self, price: Fraction) -> Point:
        """Return the plan at a price, sized once."""
        if price not in self._points:
            if len(self._points) >= MOST_SIZINGS:
                raise _SpentError
            book = at_price(self._origin.prices, self._name, price)
            plan = self._solve(Origin(self._origin.workload, self._origin.edition, book))
            self._points[price] = _point(price, plan, self._name)
        return self._points[price]

    def _between(self, low: Point, high: Point) -> Iterator[BreakEven]:
        """Yield where the layout changes between two prices."""
        if low.units <= high.units or low.price >= high.price:
            return
        even = (high.beside - low.beside) / (low.units - high.units)
        middle = self._at(_within(even, low.price, high.price))
        if self._is_another(middle, low, high):
            yield from self._between(low, middle)
            yield from self._between(middle, high)
            return
        unproven = max(low.unproven, middle.unproven, high.unproven) + _CENT
        step = Fraction(1, 10**PLACES)
        width = unproven / (low.units - high.units)
        below = self._at(max(low.price, math.floor((even - width) / step) * step))
        above = self._at(min(high.price, math.ceil((even + width) / step) * step))
        for between, one, other in ((below, low, below), (above, above, high)):
            if self._is_another(between, low, high):
                yield from self._between(one, other)
        confirmed = below.units == low.units and above.units == high.units
        yield BreakEven(below.price, above.price, low, high, confirmed)

    def _is_another(self, point: Point, low: Point, high: Point) -> bool:
        """Return whether a plan is neither of two, and cheaper than both by more than rounding."""
        least = min(low.cost_at(point.price), high.cost_at(point.price))
        return point.units not in (low.units, high.units) and point.cost_at(point.price) < least - _CENT


def _within(price: Fraction, low: Fraction, high: Fraction) -> Fraction:
    """Return a price to the decimals of price books, between two others."""
    return min(max(Fraction(round(price * 10**6), 10**6), low), high)


def _point(price: Fraction, plan: Plan, name: str) -> Point:
    lines = plan.third_party.lines if plan.third_party else ()
    return Point(price, plan, tuple(line for line in lines if line.licence == name))
