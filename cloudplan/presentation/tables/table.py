"""What a table is: columns, rows of values, and how a value reads.

A cell is a value, never a formatted text; a column says what kind of value it holds. The terminal, Markdown and the
workbook each dress the same rows, so they cannot disagree.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cloudplan.base.brief import Brief
from cloudplan.base.foreign_text import clean
from cloudplan.base.language import ENGLISH, Language, Message
from cloudplan.base.units import number
from cloudplan.base.views import Tabled

Kind = Literal["text", "hash", "whole", "decimal", "quantity", "share", "discount", "price", "money", "change"]
Text = str | Message
"""A text of the program: an English one as it is translated, or a message with figures in it."""
Cell = str | int | Decimal | Message | None
"""A value; a str is foreign text and never translated."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it holds, and the unit of its numbers."""

    name: str
    kind: Kind = "text"
    unit: str = ""

    def header(self, language: Language = ENGLISH) -> str:
        """Return the name with its unit."""
        name = language.word(self.name)
        return f"{name} ({language.word(self.unit)})" if self.unit else name

    @property
    def is_text(self) -> bool:
        """Whether it holds texts; a hash is one that is never broken into lines."""
        return self.kind in ("text", "hash")


@dataclass(frozen=True, slots=True, repr=False)
class Table(Brief):
    """A table: a title, columns, rows of values in the order of the columns, and a note for the reader."""

    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: Text = ""

    def values(self, name: str) -> tuple[Cell, ...]:
        """Return the cells of a column."""
        position = self._names.index(name)
        return tuple(row[position] for row in self.rows)

    def only(self, *names: str) -> "Table":
        """Return the table with these columns, in this order."""
        positions = [self._names.index(name) for name in names]
        rows = tuple(tuple(row[position] for position in positions) for row in self.rows)
        return Table(self.title, tuple(self.columns[position] for position in positions), rows, self.note)

    def without(self, *names: str) -> "Table":
        """Return the table without these columns."""
        return self.only(*(name for name in self._names if name not in names))

    def without_empty(self) -> "Table":
        """Return the table without the columns in which no row has a value."""
        return self.only(*(name for name in self._names if any(cell not in (None, "") for cell in self.values(name))))

    def headers(self, language: Language = ENGLISH) -> list[str]:
        """Return the names of the columns with their units."""
        return [column.header(language) for column in self.columns]

    def texts(self, language: Language = ENGLISH) -> list[list[str]]:
        """Return the rows as texts."""
        kinds = [column.kind for column in self.columns]
        return [[words(cell, kind, language) for cell, kind in zip(row, kinds, strict=True)] for row in self.rows]

    @property
    def _names(self) -> list[str]:
        return [column.name for column in self.columns]


def words(value: Cell, kind: Kind, language: Language = ENGLISH) -> str:
    """Return a value as text, numbers with their thousands apart; a missing value is empty."""
    if value is None:
        return ""
    if isinstance(value, Message):
        return clean(language.said(value))
    return clean(value) if isinstance(value, str) else _WORDS[kind](language, Decimal(value))


def say(text: Text, language: Language) -> str:
    """Return a text of the program in a language."""
    return language.said(text) if isinstance(text, Message) else language.word(text)


_WORDS: dict[Kind, Callable[[Language, Decimal], str]] = {
    "text": lambda _, value: str(value),
    "hash": lambda _, value: str(value),
    "whole": Language.number,
    "decimal": Language.amount,
    "quantity": lambda language, value: language.number(value, 12),
    "money": Language.amount,
    "price": Language.price,
    "share": Language.filled,
    "change": Language.change,
    "discount": lambda language, value: language.percent(value, 12),
}


@dataclass(frozen=True, slots=True, repr=False)
class Notes(Brief):
    """Text under a title: each entry a line and, below it, the sentences that explain it."""

    title: Text
    entries: tuple[tuple[str | Message, str | Message], ...]
    """A str is foreign text, as in a cell."""


@dataclass(frozen=True, slots=True, repr=False)
class Report(Brief, Tabled):
    """What a command tells: a title, a summary in a few lines, tables and notes."""

    title: Text
    summary: tuple[str | Message, ...]
    parts: tuple[Table | Notes, ...]

    def __repr__(self) -> str:
        return f"<Report {say(self.title, ENGLISH)!r}: {', '.join(say(part.title, ENGLISH) for part in self.parts)}>"


def number_of(count: int, word: str) -> str:
    """Return a count with its noun, in the plural when needed."""
    return f"{number(count)} {word}" if count == 1 else f"{number(count)} {word}s"
