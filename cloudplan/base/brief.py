"""Values on one line: what `repr` shows of a plan with thousands of VMs, of a verdict, of a quote."""

import dataclasses
import reprlib
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

WIDTH = 120
"""The most characters of a line, but for the name of a type that is longer by itself."""
_WORD = 40
"""The most characters of one text within it."""
_SCALARS = (bool, int, float, Decimal, Fraction, date)


def brief(value: object, fields: Iterable[tuple[str, Any]]) -> str:
    """Return a value on one line: its type, and what its fields say in short, as far as there is room."""
    name = type(value).__name__
    shown = [f"{field}={text}" for field, inner in fields if (text := _of_field(inner))]
    line = f"{name}({', '.join(shown)})"
    while len(line) > WIDTH and shown:
        shown.pop()
        line = f"{name}({', '.join([*shown, '…'])})"
    return line


def _of_field(value: Any) -> str:
    """Return what a field says in short: how many entries it has, the name of a value; nothing where it is empty."""
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, _SCALARS):
        return str(value)
    if isinstance(value, Mapping | Sequence | Set):
        return f"[{len(value)}]"
    named = getattr(value, "name", getattr(value, "id", None))
    return _text(named) if isinstance(named, str) else f"{type(value).__name__}(…)"


def _text(value: str) -> str:
    short = reprlib.Repr()
    short.maxstring = _WORD
    short.fillvalue = "…"
    return short.repr(value)


class Brief:
    """Base of dataclasses that many values hang on: `repr` is one line. They are made with ``repr=False``."""

    __slots__ = ()

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]  # of dataclasses alone
        return brief(self, ((field.name, getattr(self, field.name)) for field in fields if field.repr))
