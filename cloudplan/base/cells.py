"""The cells of a workbook as they stand: formula, stored value and number format of each, whoever saved it last.

Readers of values make numbers of texts and dates of numbers; here nothing is made of anything, so that two workbooks
can be compared. Only what is written is read: a cell far away takes no room for those before it.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from cloudplan.base import limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.spreadsheet import damage_told, moved, refuse_other_files

Value = str | float | bool | None

_BUILT_IN = {
    **{0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00"},
    **{37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)"},
    49: "@",
}
"""Number formats that a workbook names by number only."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLACE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_DRAWN = re.compile(r"/(drawings/drawing|comments|threadedComments/)[^/]*\.xml$")
_ANCHORS = ("twoCellAnchor", "oneCellAnchor", "absoluteAnchor", "comment", "threadedComment")
"""Parts with what lies on the cells of a sheet, and the elements in them."""
_HEADS = ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter")
_CODES = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|[0-9]+|[A-Z])')
_TAG = re.compile(r"^\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is not empty: its formula without the equals sign, its value, and how a number is shown."""

    formula: str
    value: Value
    form: str


@dataclass
class Sheet:
    """A sheet: its cells by address, whether it is shown, and which of its rows and columns are not."""

    state: str = "visible"
    cells: dict[str, Cell] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    printed: str = ""
    """What stands at the head and the foot of its printed pages, without how that looks."""
    drawn: int = 0
    """How many pictures, text boxes, charts and comments lie on it."""


@dataclass(frozen=True)
class Book:
    """The sheets of a workbook by name, in their order, and what its names stand for."""

    sheets: Mapping[str, Sheet]
    names: Mapping[str, str]


def read_book(file: IO[bytes], name: str) -> Book:
    """Return the cells of a workbook; raise BadInputError when it is damaged, locked, none, or too large."""
    refuse_other_files(file, name, limits.QUOTE_UNPACKED_BYTES, limits.QUOTE_UNPACKED_BYTES)
    with damage_told(name):
        return _Reader(zipfile.ZipFile(file), name).book()


def place(column: int, row: int) -> str:
    """Return the address of a cell, both counted from 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def column_row(address: str) -> tuple[int, int]:
    """Return the column and the row of an address, both counted from 1."""
    found = _PLACE.fullmatch(address)
    if found is None:
        raise ValueError(f"{address!r} is no address of a cell")
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column, int(found[2])


class _Reader:
    """Reads the parts of a workbook, one after the other."""

    def __init__(self, archive: zipfile.ZipFile, name: str):
        self.archive, self.name = archive, name
        self.parts = set(archive.namelist())
        self.texts: list[str] = []
        self.forms: list[str] = []
        self.count = 0

    def book(self) -> Book:
        """Return the workbook."""
        if "xl/sharedStrings.xml" in self.parts:
            self.texts = [_text_of(each) for each in self._each("xl/sharedStrings.xml", "si")]
        self.forms = self._formats() if "xl/styles.xml" in self.parts else []
        root = self._root("xl/workbook.xml")
        targets = self._targets("xl/workbook.xml")
        sheets = {}
        for each in root.iterfind("{*}sheets/{*}sheet"):
            part = targets.get(next((value for key, value in each.items() if key.endswith("}id")), ""), "")
            sheets[each.get("name", "")] = self._sheet(part, each.get("state", "visible"))
        named = root.iterfind("{*}definedNames/{*}definedName")
        return Book(sheets, {each.get("name", ""): each.text or "" for each in named})

    def _root(self, part: str) -> Any:
        from defusedxml.ElementTree import fromstring  # noqa: PLC0415 - only who has a workbook needs it

        return fromstring(self.archive.read(part), forbid_dtd=True)

    def _each(self, part: str, *tags: str) -> Iterator[Any]:
        """Yield the elements of a part that bear one of these names, each when it is complete."""
        from defusedxml.ElementTree import iterparse  # noqa: PLC0415

        with self.archive.open(part) as content:
            for _, element in iterparse(content, events=("end",), forbid_dtd=True):
                if _TAG.sub("", element.tag) in tags:
                    yield element
                    element.clear()

    def _targets(self, part: str) -> dict[str, str]:
        """Return the parts that a part refers to, by the id that it does so with."""
        folder, _, file = part.rpartition("/")
        related = f"{folder}/_rels/{file}.rels"
        if related not in self.parts:
            return {}
        found = {}
        for each in self._root(related):
            target = each.get("Target", "")
            steps: list[str] = [] if target.startswith("/") else folder.split("/")
            for step in target.strip("/").split("/"):
                steps = steps[:-1] if step == ".." else [*steps, step]
            found[each.get("Id", "")] = "/".join(steps)
        return found

    def _formats(self) -> list[str]:
        """Return the number format of each style of cells."""
        root = self._root("xl/styles.xml")
        own = {each.get("numFmtId"): each.get("formatCode", "") for each in root.iterfind("{*}numFmts/{*}numFmt")}
        ids = [each.get("numFmtId", "0") for each in root.iterfind("{*}cellXfs/{*}xf")]
        return [own.get(each) or _BUILT_IN.get(int(each), f"number format {each}") for each in ids]

    def _sheet(self, part: str, state: str) -> Sheet:
        sheet = Sheet(state)
        if part not in self.parts:
            return sheet
        shared: dict[str, tuple[str, str]] = {}
        row, column = 0, 0
        for element in self._each(part, "c", "row", "col", *_HEADS):
            kind = _TAG.sub("", element.tag)
            if kind == "c":
                self.count += 1
                address = element.get("r") or place(column + 1, row + 1)
                column = column_row(address)[0]
                cell = self._cell(element, address, shared)
                if cell is not None:
                    sheet.cells[address] = cell
            elif kind == "row":
                row, column = int(element.get("r", row + 1)), 0
                if element.get("hidden") in ("1", "true"):
                    sheet.hidden.add(f"row {row}")
            elif kind in _HEADS:
                sheet.printed = " ".join(f"{sheet.printed} {_CODES.sub(' ', element.text or '')}".split())
            elif element.get("hidden") in ("1", "true"):
                sheet.hidden.update(f"column {number}" for number in _columns(element))
            if self.count > limits.QUOTE_CELLS:
                raise BadInputError([Fault(f"too large: more than {limits.QUOTE_CELLS} cells", where=self.name)])
        related = [each for each in self._targets(part).values() if each in self.parts and _DRAWN.search(each)]
        sheet.drawn = sum(1 for each in related for _ in self._each(each, *_ANCHORS))
        return sheet

    def _cell(self, element: Any, address: str, shared: dict[str, tuple[str, str]]) -> Cell | None:
        formula, text, inline = (element.find(f"{{*}}{name}") for name in ("f", "v", "is"))
        value = self._value(element.get("t", "n"), None if text is None else text.text or "", inline)
        written = "" if formula is None else _formula(formula, address, shared)
        if value in (None, "") and not written:
            return None
        style = int(element.get("s", 0))
        return Cell(written, value, self.forms[style] if style < len(self.forms) else "General")

    def _value(self, kind: str, text: str | None, inline: Any) -> Value:
        if kind == "inlineStr":
            return "" if inline is None else _text_of(inline)
        if text is None:
            return None
        if kind == "s":
            return self.texts[int(text)]
        if kind == "b":
            return text == "1"
        return float(text) if kind == "n" else _unescaped(text)


def _columns(element: Any) -> range:
    return range(int(element.get("min", 1)), min(int(element.get("max", 1)), limits.COLUMNS) + 1)


def _formula(element: Any, address: str, shared: dict[str, tuple[str, str]]) -> str:
    """Return the formula of a cell; one that cells share is moved to where it stands."""
    text, number = element.text or "", element.get("si")
    if element.get("t") != "shared" or number is None:
        return text
    if text:
        shared[number] = (text, address)
        return text
    return moved(*shared[number], address)


def _text_of(element: Any) -> str:
    """Return the text of an element: its own, or that of its runs; not how it is pronounced."""
    runs = [each.findtext("{*}t") or "" for each in element.iterfind("{*}r")]
    return _unescaped("".join(runs) if runs else element.findtext("{*}t") or "")


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text).replace("\r\n", "\n")
