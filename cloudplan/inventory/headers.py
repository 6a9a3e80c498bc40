"""Columns by their headers: every spelling that the programs have used, never the position.

Custom attributes stand among the real columns under any name, even that of a real one: of two alike, the one where the
program writes its own counts. A column that no reader asks for is never looked at.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import found
from cloudplan.base.units import number
from cloudplan.inventory import numbers
from cloudplan.inventory.tables import Row, Table

SHOWN = 40
"""Headers that a fault lists."""
NEAREST, LIKE = 3, 0.45
"""Headers that are shown as near to the one that is missing, and how like they are at least."""

Value = TypeVar("Value")

_TAB_PREFIX = re.compile("v(?:info|cpu|memory|disk|partition|snapshot|host|datastore|metadata)(?=..)")
_TOTALS = {"total", "totals", "totaux", "somme", "sum", "summe", "gesamt"}
_FIRST_ROWS = 20
"""Rows among which the header is looked for."""


@dataclass(frozen=True)
class Field:
    """What a reader asks for: the names of its column, whether it must be there, and which of two alike counts."""

    names: tuple[str, ...]
    required: bool = False
    last: bool = False

    @property
    def folded(self) -> list[str]:
        """The names as headers are compared."""
        return [folded(name) for name in self.names]


Layout = Mapping[str, Field]
FURTHER = "further: "
"""What stands before the header in the name of a column that only a rule asks for."""


def with_columns(layout: Layout, asked: Iterable[str]) -> Layout:
    """Return a layout with further columns, by their headers."""
    return {**layout, **{f"{FURTHER}{header}": Field((header,)) for header in asked}}


@lru_cache(maxsize=10_000, typed=True)
def folded(header: object) -> str:
    """Return a header as it is compared: letters and digits in lower case, MB as MiB, no prefix of a database."""
    text = unicodedata.normalize("NFKC", str(header)).casefold()
    text = _TAB_PREFIX.sub("", "".join(char for char in text if char.isalnum() or char == "%"), count=1)
    return re.sub("(?<=.)([gm])b$", r"\1ib", text)


@dataclass
class Columns:
    """The columns of a table that were asked for, value by value, with the numbers of their rows."""

    table: Table
    rows: list[int] = field(default_factory=list)
    values: dict[str, list[Any]] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """Headers that nothing was read from."""
    doubled: list[str] = field(default_factory=list)
    """Headers that stand there twice."""
    blank: int = 0
    """Rows with nothing in them, or nothing but a total."""
    repeated: int = 0
    """Rows that repeat the header."""
    names: list[str] = field(default_factory=list)
    """Headers by which the columns were found."""
    leave_out: bool = False
    """Whether a row that cannot be read is marked, instead of being a fault."""
    damaged: dict[int, str] = field(default_factory=dict)
    """Why rows cannot be read, by their index, with the cell."""

    def refuse(self, row: int, fault: Fault, faults: list[Fault]) -> None:
        """Add the fault of a row, or mark the row where such rows are left out."""
        if self.leave_out:
            self.damaged.setdefault(row, str(fault))
        else:
            faults.append(fault)

    def at(self, row: int, name: str) -> str:
        """Return the address of the value of a column in the row at an index."""
        return self.table.address(self.rows[row], self.positions[name])

    def refuse_blank(self, row: int, name: str, what: str, faults: list[Fault]) -> None:
        """Refuse a row without a value that it must have."""
        self.refuse(row, Fault(f"{what} is blank", where=self.at(row, name)), faults)

    def where(self, name: str) -> Callable[[int], str]:
        """Return how to tell the address of a value of a column."""
        return lambda row: self.at(row, name)

    def texts(self, name: str) -> list[str]:
        """Return a column of texts on one line, without blanks around; all empty where there is no such column."""
        if name not in self.values:
            return [""] * len(self.rows)
        return ["" if value is None else " ".join(str(value).split()) for value in self.values[name]]

    def further(self) -> list[dict[str, str]]:
        """Return for each row what stands in the columns that only rules ask for, by their headers."""
        names = [name for name in self.values if name.startswith(FURTHER)]
        listed = [self.texts(name) for name in names]
        headers = [name.removeprefix(FURTHER) for name in names]
        return [dict(zip(headers, (texts[row] for texts in listed), strict=True)) for row in range(len(self.rows))]

    def whole(self, name: str, faults: list[Fault]) -> list[int | None]:
        """Return a column of whole numbers; all None where there is no such column."""
        if name not in self.values:
            return [None] * len(self.rows)
        return numbers.whole_numbers(self.values[name], self.where(name), faults, self._marked())

    def decimals(self, name: str, faults: list[Fault], mark: str = "") -> list[Decimal | None]:
        """Return a column of numbers that may have decimals; all None where there is no such column."""
        if name not in self.values:
            return [None] * len(self.rows)
        return numbers.decimal_numbers(self.values[name], self.where(name), faults, mark, self._marked())

    def _marked(self) -> Callable[[int, Fault], None] | None:
        """Return how a cell that is no number marks its row, None where it is a fault."""
        return (lambda row, fault: self.refuse(row, fault, [])) if self.leave_out else None

    def choices(self, name: str, meant: Mapping[str, Value], default: Value, faults: list[Fault]) -> list[Value]:
        """Return a column of words from a closed list, blanks and a missing column as the default."""
        values: list[Value] = []
        texts = self.texts(name)
        words = {text: re.sub("[\\s_-]", "", text).casefold() for text in set(texts)}
        for row, text in enumerate(texts):
            word = words[text]
            if word and word not in meant:
                allowed = ", ".join(meant)
                fault = Fault(f"found {found(text)}; allowed: {allowed}", where=self.at(row, name))
                self.refuse(row, fault, faults)
            values.append(meant.get(word, default))
        return values


def find_header(rows: Iterator[Row]) -> Row | None:
    """Return the first row that has two cells or more, and leave the rows below it; None when there is none."""
    some = (row for row in islice(rows, _FIRST_ROWS) if sum(bool(str(cell or "").strip()) for cell in row[1]) > 1)
    return next(some, None)


def matches(header: Sequence[object], layout: Layout) -> bool:
    """Return whether a header has all that a layout requires."""
    seen = {folded(cell) for cell in header if cell is not None}
    return all(seen.intersection(item.folded) for item in layout.values() if item.required)


def read(table: Table, header: Row, rows: Iterator[Row], layout: Layout) -> Columns:
    """Read the columns of a layout; raise BadInputError with a fault for each that must be there and is not."""
    columns = Columns(table)
    places: dict[str, list[int]] = {}
    for position, cell in enumerate(header[1]):
        if str(cell or "").strip():
            places.setdefault(folded(cell), []).append(position)
    for name, item in layout.items():
        known = next((names for names in item.folded if names in places), None)
        if known is None:
            continue
        columns.positions[name] = places[known][-1 if item.last else 0]
        columns.names.append(str(header[1][columns.positions[name]]).strip())
        if len(places[known]) > 1:
            columns.doubled.append(str(header[1][places[known][0]]).strip())
    _refuse_missing(table, header, columns, layout)
    taken = set(columns.positions.values())
    columns.unread = [
        str(cell).strip()
        for position, cell in enumerate(header[1])
        if position not in taken and str(cell or "").strip()
    ]
    _fill(columns, header, rows, layout)
    return columns


def _refuse_missing(table: Table, header: Row, columns: Columns, layout: Layout) -> None:
    seen = [" ".join(str(cell).split()) for cell in header[1] if str(cell or "").strip()]
    listed = ", ".join(seen[:SHOWN]) + (f" and {number(len(seen) - SHOWN)} more" if len(seen) > SHOWN else "")
    faults = []
    for name, item in layout.items():
        if item.required and name not in columns.positions:
            near = ", ".join(_nearest(item.names, seen))
            hint = f"; nearest: {near}" if near else ""
            message = f"no column {' or '.join(repr(wanted) for wanted in item.names[:3])}{hint} (there are: {listed})"
            faults.append(Fault(message, where=table.file, path=table.title))
    if faults:
        raise BadInputError(faults)


def _nearest(names: Sequence[str], seen: Sequence[str]) -> list[str]:
    """Return the headers that are most like one of some names."""

    def likeness(header: str) -> float:
        return max(difflib.SequenceMatcher(None, name.casefold(), header.casefold()).ratio() for name in names)

    return [header for header in sorted(seen, key=likeness, reverse=True)[:NEAREST] if likeness(header) >= LIKE]


def _fill(columns: Columns, header: Row, rows: Iterator[Row], layout: Layout) -> None:
    """Read the rows below the header; blank ones, totals and repeated headers are counted."""
    places = list(columns.positions.items())
    lists: list[list[Any]] = [[] for _ in places]
    key = next(index for index, (name, _) in enumerate(places) if layout[name].required)
    titles = [folded(header[1][position]) for _, position in places]
    for number_, cells in rows:
        values = [cells[position] if position < len(cells) else None for _, position in places]
        if _says_nothing(values, key):
            columns.blank += 1
        elif all(folded(value) == title for value, title in zip(values[::-1], titles[::-1], strict=True)):
            columns.repeated += 1
        else:
            columns.rows.append(number_)
            for one, value in zip(lists, values, strict=True):
                one.append(value)
    columns.values = {name: one for (name, _), one in zip(places, lists, strict=True)}


def _says_nothing(values: Sequence[Any], key: int) -> bool:
    """Return whether a row is of no thing: it is empty, or the total below a list, with numbers only."""
    if isinstance(values[key], str) and (name := values[key].strip()) and name.casefold() not in _TOTALS:
        return False
    texts = ["" if value is None else str(value).strip() for value in values]
    name = texts.pop(key).casefold()
    return (not any(texts) and not name) or (name in _TOTALS and not any(text[:1].isalpha() for text in texts))
