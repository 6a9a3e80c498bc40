"""What the formulas of a quote's workbook give when its reader has changed parameters: those that we write, no others.

Numbers are exact, and rounded as spreadsheets round: half away from nothing.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from cloudplan.base.cells import Book, Value, column_row, place

Result = Fraction | str | bool | None
Operand = Result | list[Result]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"]|"")*")|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<cell>(?:(?:'(?:[^']|'')+'|[^\W\d][\w.]*)!)?\$?[A-Z]{1,3}\$?\d{1,7}(?::\$?[A-Z]{1,3}\$?\d{1,7})?)(?![\w(])
    |(?P<function>[A-Z]+)\(|(?P<name>[^\W\d]\w*)|(?P<sign><>|<=|>=|[-+*/&=<>(),]))""",
    re.VERBOSE,
)
_DIGITS = 15
"""What a spreadsheet shows of a number in a text."""


def recalculated(book: Book, before: Book) -> Iterator[tuple[str, str, Value]]:
    """Yield the cells whose formulas give another value than in the workbook before: sheet, address and value.

    The two are one workbook with other numbers in some cells. A formula that is none of ours gives what it gave.
    """
    now, then = _Formulas(book), _Formulas(before)
    for name, sheet in book.sheets.items():
        for address, cell in sheet.cells.items():
            if not cell.formula:
                continue
            try:
                new, old = (each.value(name, address) for each in (now, then))
            except (ValueError, ArithmeticError, KeyError, RecursionError):
                continue
            if new != old:
                yield name, address, float(new) if isinstance(new, Fraction) else new


def with_value(book: Book, sheet: str, address: str, value: Value) -> None:
    """Put a value into a cell of a workbook, its formula and format kept."""
    cells = book.sheets[sheet].cells
    cells[address] = replace(cells[address], value=value)


class _Formulas:
    """The values of the cells of a workbook; each formula is reckoned once."""

    def __init__(self, book: Book):
        self.book = book
        self.known: dict[tuple[str, str], Result] = {}

    def value(self, sheet: str, address: str) -> Result:
        """Return the value of a cell; raise ValueError for a formula that is none of ours."""
        key = (sheet, address)
        if key not in self.known:
            cell = self.book.sheets[sheet].cells.get(address)
            if cell is None or not cell.formula:
                value = None if cell is None else cell.value
                self.known[key] = Fraction(Decimal(repr(value))) if isinstance(value, float) else value
            else:
                self.known[key] = _single(_Reading(self, sheet, cell.formula).whole())
        return self.known[key]

    def area(self, sheet: str, text: str) -> Operand:
        """Return the value of a cell, or those of an area; an address may name its sheet."""
        named, _, address = text.rpartition("!")
        sheet = named.strip("'").replace("''", "'") or sheet
        first, _, last = address.replace("$", "").partition(":")
        if not last:
            return self.value(sheet, first)
        (left, top), (right, bottom) = column_row(first), column_row(last)
        return [
            self.value(sheet, place(column, row)) for row in range(top, bottom + 1) for column in range(left, right + 1)
        ]


class _Reading:
    """A formula that is being read from left to right, and reckoned as it is read."""

    def __init__(self, formulas: _Formulas, sheet: str, text: str):
        self.formulas, self.sheet, self.text, self.at = formulas, sheet, text, 0
        self.kind, self.word = "", ""
        self._next()

    def whole(self) -> Operand:
        """Return what the formula gives."""
        found = self._compared()
        if self.kind:
            raise ValueError(f"{self.word!r} is not expected in {self.text!r}")
        return found

    def _next(self) -> str:
        """Go to the next word; return the one before."""
        before, match = self.word, _TOKEN.match(self.text, self.at)
        if match is None or not match.lastgroup:
            if self.text[self.at :].strip():
                raise ValueError(f"{self.text!r} is none of our formulas")
            self.kind, self.word = "", ""
            return before
        self.kind, self.word, self.at = match.lastgroup, match[match.lastgroup], match.end()
        return before

    def _compared(self) -> Operand:
        left = self._joined()
        while self.kind == "sign" and self.word in ("=", "<>"):
            is_same = self._next() == "="
            left = (_single(left) == _single(self._joined())) is is_same
        return left

    def _joined(self) -> Operand:
        left = self._added()
        while self.kind == "sign" and self.word == "&":
            self._next()
            left = _text(_single(left)) + _text(_single(self._added()))
        return left

    def _added(self) -> Operand:
        left = self._multiplied()
        while self.kind == "sign" and self.word in "+-":
            sign = 1 if self._next() == "+" else -1
            left = _number(left) + sign * _number(self._multiplied())
        return left

    def _multiplied(self) -> Operand:
        left = self._signed()
        while self.kind == "sign" and self.word in "*/":
            times = self._next() == "*"
            right = _number(self._signed())
            left = _number(left) * right if times else _number(left) / right
        return left

    def _signed(self) -> Operand:
        if self.kind == "sign" and self.word == "-":
            self._next()
            return -_number(self._signed())
        return self._operand()

    def _operand(self) -> Operand:
        kind, word = self.kind, self._next()
        if kind == "text":
            return word[1:-1].replace('""', '"')
        if kind == "number":
            return Fraction(Decimal(word))
        if kind == "cell":
            return self.formulas.area(self.sheet, word)
        if kind == "name":
            return self.formulas.area(self.sheet, self.formulas.book.names[word])
        if kind == "function":
            return _called(word, self._arguments())
        if (kind, word) == ("sign", "("):
            inner = self._compared()
            self._expect(")")
            return inner
        raise ValueError(f"{word!r} is not expected in {self.text!r}")

    def _arguments(self) -> list[Operand]:
        found = [self._compared()]
        while (self.kind, self.word) == ("sign", ","):
            self._next()
            found.append(self._compared())
        self._expect(")")
        return found

    def _expect(self, sign: str) -> None:
        if (self.kind, self.word) != ("sign", sign):
            raise ValueError(f"{sign!r} is missing in {self.text!r}")
        self._next()


def _called(function: str, given: list[Operand]) -> Operand:
    """Return what a function of our formulas gives."""
    match function, given:
        case "SUM", [*areas]:
            return sum((value for each in areas for value in _all(each) if isinstance(value, Fraction)), Fraction(0))
        case "SUMIFS", [area, *criteria]:
            wanted = [_single(each) for each in criteria[1::2]]
            rows = zip(_all(area), *map(_all, criteria[::2]), strict=True)
            chosen = (value for value, *keys in rows if keys == wanted and isinstance(value, Fraction))
            return sum(chosen, Fraction(0))
        case "ROUND", [value, places]:
            exact, unit = _number(value), Fraction(1, 10 ** int(_number(places)))
            whole = math.floor(abs(exact) / unit + Fraction(1, 2))
            return (whole if exact >= 0 else -whole) * unit
        case "IF", [is_so, one, other]:
            return one if _single(is_so) else other
        case "SUBSTITUTE", [text, old, new]:
            return _text(_single(text)).replace(_text(_single(old)), _text(_single(new)))
    raise ValueError(f"{function} is none of our functions")


def _all(operand: Operand) -> list[Result]:
    return operand if isinstance(operand, list) else [operand]


def _single(operand: Operand) -> Result:
    if isinstance(operand, list):
        raise ValueError("an area where one value is expected")
    return operand


def _number(operand: Operand) -> Fraction:
    value = _single(operand)
    if value is None:
        return Fraction(0)
    if not isinstance(value, Fraction):
        raise ValueError(f"{value!r} where a number is expected")
    return value


def _text(value: Result) -> str:
    if isinstance(value, Fraction):
        shown = Decimal(value.numerator) / Decimal(value.denominator)
        places = max(_DIGITS - 1 - shown.adjusted(), 0)
        text = f"{shown.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return "" if value is None else str(value)
