"""English and French: every text of a plan, a quote and a report is an English template, and may be said in French.

A template is translated first and filled in then, so that figures and foreign names are never translated. Translations
are gettext catalogues in `cloudplan/locale`. Numbers, amounts and dates of other languages are Babel's; those of
English are the program's own, for plans keep English texts, which no other version of a library may move.
"""

import gettext
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

from cloudplan.base import money
from cloudplan.base.translations import translations
from cloudplan.base.units import number, rounded

Code = Literal["en", "fr"]

_LOCALE = Path(__file__).parents[1] / "locale"
_TEXTS = Path("LC_MESSAGES", "cloudplan.po")

NARROW = "\u202f"
"""The narrow space that French puts before a percent sign; it never breaks a line."""
WIDE = Context(prec=150)
"""For numbers of any size: what a forged plan says is shown before it is refused."""
_DURATION = re.compile(r"(\d+)([mhd])")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_ENDING = re.compile(r"(?<=})(; )(?={)")
"""What stands between texts that are told one after the other."""
_UNITS_OF_TIME = {"m": "min", "h": "h", "d": "j"}
"""As French abbreviates them."""
_SIGNED = "+#,##0.00;-#,##0.00"


@dataclass(frozen=True)
class Message:
    """A text of the program: a template, what goes into it, and another template for a `count` other than 1.

    A value written ``{name:n}`` is a number with its thousands apart and at most two decimals, ``{name:n4}`` four;
    ``{name:w}`` is a word that may be translated, or a list of them; ``{name:m}`` an amount, ``{name:+}`` one with its
    sign, ``{name:u}`` a unit price, ``{name:p}`` a share as a percentage, ``{name:d}`` a duration such as 4h,
    ``{name:day}`` an ISO date, ``{name:month}`` a month, YYYY-MM; each of these stays as it is when it is none. A value
    may be a message itself; ``{name:c}`` begins it with a capital.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    many: str = ""
    count: int = 1


class Figure(str):
    """A number as an English text has it, such as 3 100.5; every language writes it in its own way."""

    __slots__ = ()


def message(template: str, **values: Any) -> Message:
    """Return a message."""
    return Message(template, values)


def known(text: str) -> Message:
    """Return a word that comes from a file: one of the program's is translated, any other stays as it is."""
    return Message("{text:w}", {"text": text})


def counted(one: str, many: str, count: int, **values: Any) -> Message:
    """Return a message about a number of things, which is {count} in both templates."""
    return Message(one, {"count": count, **values}, many, count)


class _Filling(string.Formatter):
    def __init__(self, language: "Language"):
        self._language = language

    def format_field(self, value: Any, form: str) -> str:
        if isinstance(value, Message):
            text = self._language.said(value)
            return text[:1].upper() + text[1:] if form == "c" else text
        if isinstance(value, Figure):
            value = value.replace(" ", "") if form else self._language.figure(value)
        if form == "w":
            words = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
            return str(value) if not words else ", ".join(map(self._language.word, words))
        if form in ("d", "day", "month"):
            return self._time(value, form)
        if form in ("m", "p", "+", "u") or form[:1] == "n":
            return self._number(value, form)
        return str(value) if not form else format(value, form)

    def _time(self, value: Any, form: str) -> str:
        if form == "d":
            return self._language.duration(value)
        return self._language.date(value) if form == "day" else self._language.month(value)

    def _number(self, value: Any, form: str) -> str:
        try:
            exact = Decimal(value) if isinstance(value, str) else value
            if form in ("m", "u"):
                return self._language.amount(exact) if form == "m" else self._language.price(exact)
            if form in ("p", "+"):
                return self._language.percent(exact) if form == "p" else self._language.change(exact)
            return self._language.number(exact, int(form[1:] or 2))
        except (ArithmeticError, TypeError) as error:
            if isinstance(value, str):  # of a plan that somebody edited
                return value
            raise ValueError(f"{value!r} is no number") from error


class Language:
    """A language that texts are said in."""

    def __init__(self, code: Code):
        self.code = code
        self._texts = gettext.NullTranslations() if code == "en" else translations(_LOCALE / code / _TEXTS)
        self._filling = _Filling(self)

    def word(self, text: str) -> str:
        """Return a text without figures in this language; one that is not known stays as it is."""
        return self._texts.gettext(text) if text else ""

    def text(self, template: str, **values: Any) -> str:
        """Return a template in this language, filled in."""
        return self.said(Message(template, values))

    def said(self, message: Message) -> str:
        """Return a message in this language."""
        if not message.template:
            return ""
        if message.many:
            template = self._texts.ngettext(message.template, message.many, message.count)
        else:
            template = self._texts.gettext(message.template)
            if self.code == "fr" and template == message.template:
                template = _ENDING.sub(NARROW + r"\1", template)
        return self._filling.vformat(template, (), message.values)

    def number(self, value: Fraction | Decimal | int | str, places: int = 2) -> str:
        """Return a number with at most so many decimals, thousands apart."""
        exact = Decimal(value) if isinstance(value, str) else value
        return self._shown(number(exact, places), lambda: rounded(exact, places), "#,##0.#")

    def figure(self, text: str) -> str:
        """Return a number that an English text has, with as many decimals."""
        bare = text.replace(" ", "")
        decimals = len(bare.partition(".")[2])
        return self._shown(text, lambda: Decimal(bare), f"#,##0.{'0' * decimals}".rstrip("."))

    def amount(self, value: Decimal, currency: str = "") -> str:
        """Return an amount with two decimals, the currency behind it."""
        if self.code == "en":
            text = money.amount(value)
            return f"{text} {currency}" if currency else text
        cents = value.quantize(money.CENT, context=WIDE)
        return self._currency(cents, currency) if currency else self._babel(cents, "#,##0.00")

    def symbol(self, currency: str) -> str:
        """Return a currency as it stands above a column of amounts: its symbol, in English its code."""
        if self.code == "en":
            return currency
        from babel.numbers import get_currency_symbol  # noqa: PLC0415 - slow to import, and English needs none

        return str(get_currency_symbol(currency, locale=self.code))

    def price(self, value: Decimal) -> str:
        """Return a unit price with all its decimals, at least two."""
        return self._shown(money.price(value), lambda: value, "#,##0.00#")

    def change(self, value: Decimal) -> str:
        """Return an amount with its sign; nothing has none."""
        pattern = _SIGNED if value else "#,##0.00"
        return self._shown(money.signed(value), lambda: value.quantize(money.CENT, context=WIDE), pattern)

    def percent(self, share: Decimal, places: int = 2) -> str:
        """Return a share as a percentage with at most so many decimals: 0.125 is 12.5 %."""
        return f"{self.number(share * 100, places)}{self._space}%"

    def filled(self, share: Decimal) -> str:
        """Return a share as a percentage with one decimal, for columns of them."""
        tenths = Decimal(f"{share * 100:.1f}")
        return f"{self._shown(str(tenths), lambda: tenths, '0.0')}{self._space}%"

    def date(self, day: date | str) -> str:
        """Return a date as this language writes it; a text that is no ISO date stays as it is."""
        try:
            exact = date.fromisoformat(day) if isinstance(day, str) else day
        except ValueError:
            return self.word(str(day))
        if self.code == "en":
            return exact.isoformat()
        from babel.dates import format_date  # noqa: PLC0415 - slow to import, and English needs none

        return format_date(exact, "dd/MM/y", locale=self.code)

    def month(self, text: str) -> str:
        """Return a month, YYYY-MM, as this language writes it; a text that is none stays as it is."""
        match = _MONTH.fullmatch(str(text))
        return str(text) if not match or self.code == "en" else f"{match[2]}/{match[1]}"

    def duration(self, text: str) -> str:
        """Return a duration such as 4h or 15m as this language writes it."""
        match = _DURATION.fullmatch(str(text))
        if not match or self.code == "en":
            return str(text)
        return f"{match[1]}\u00a0{_UNITS_OF_TIME[match[2]]}"

    @property
    def _space(self) -> str:
        return " " if self.code == "en" else NARROW

    def _shown(self, english: str, value: Callable[[], Decimal], pattern: str) -> str:
        """Return a number as English has it, or as Babel writes the value in another language."""
        return english if self.code == "en" else self._babel(value(), pattern)

    def _babel(self, value: Decimal, pattern: str) -> str:
        from babel.numbers import format_decimal  # noqa: PLC0415 - slow to import, and English needs none

        with localcontext(WIDE):
            return format_decimal(value, format=pattern, locale=self.code, decimal_quantization=False)

    def _currency(self, value: Decimal, currency: str) -> str:
        from babel.numbers import format_currency  # noqa: PLC0415 - slow to import, and English needs none

        with localcontext(WIDE):
            return format_currency(value, currency, "#,##0.00\u00a0¤", locale=self.code, currency_digits=False)


@cache
def language(code: Code) -> Language:
    """Return a language."""
    return Language(code)


ENGLISH = language("en")
