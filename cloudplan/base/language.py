"""English and French: every text of a plan, a quote and a report is an English template, and may be said in French.

A template is translated first and filled in then, so that figures and foreign names are never translated. Translations
are gettext catalogues in `cloudplan/locale`.
"""

import gettext
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

from cloudplan.base import money
from cloudplan.base.units import number

Code = Literal["en", "fr"]

NARROW = "\u202f"
"""The narrow space that French puts between thousands and before a percent sign; it never breaks a line."""
_FRENCH = str.maketrans({" ": NARROW, ".": ","})


@dataclass(frozen=True)
class Message:
    """A text of the program: a template, what goes into it, and another template for a `count` other than 1.

    A value written ``{name:n}`` is a number with its thousands apart and at most two decimals, ``{name:n4}`` four;
    ``{name:w}`` is a word that may be translated, or a list of them; a value may be a message itself.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    many: str = ""
    count: int = 1


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
            return self._language.said(value)
        if form == "w":
            words = [value] if isinstance(value, str) else value
            return ", ".join(map(self._language.word, words))
        if form[:1] == "n":
            return self._language.number(value, int(form[1:] or 2))
        return str(value) if not form else format(value, form)


class Language:
    """A language that texts are said in."""

    def __init__(self, code: Code):
        self.code = code
        self._texts = gettext.translation(
            "cloudplan", Path(__file__).parents[1] / "locale", [code], fallback=code == "en"
        )
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
        return self._filling.vformat(template, (), message.values)

    def figures(self, english: str) -> str:
        """Return a number as English has it with the marks of this language."""
        return english.translate(_FRENCH) if self.code == "fr" else english

    def number(self, value: Fraction | Decimal | int | str, places: int = 2) -> str:
        """Return a number with at most so many decimals, thousands apart."""
        return self.figures(number(Decimal(value) if isinstance(value, str) else value, places))

    def amount(self, value: Decimal, currency: str = "") -> str:
        """Return an amount with two decimals, the currency behind it."""
        text = self.figures(money.amount(value))
        space = "\u00a0" if self.code == "fr" else " "
        return f"{text}{space}{currency}" if currency else text

    def date(self, day: date) -> str:
        """Return a date as this language writes it."""
        return f"{day:%d/%m/%Y}" if self.code == "fr" else day.isoformat()


@cache
def language(code: Code) -> Language:
    """Return a language."""
    return Language(code)


ENGLISH = language("en")
