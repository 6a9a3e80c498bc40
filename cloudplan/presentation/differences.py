"""Where a file of a quote is not as it was made: what stands there, and what was there when it was made."""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from cloudplan.base.cells import Book, Cell, Sheet, Value, column_row
from cloudplan.base.printed import PrintedPage
from cloudplan.base.schema import found as shown
from cloudplan.presentation.held import Difference, Kind
from cloudplan.presentation.page_pieces import pieces_of

DIGITS = 1e-13
"""What a number may be off, of itself: programs save fifteen digits."""
AROUND = 3
"""Words of a page before and after those that differ."""
NEAR = 40
"""Characters of a line before the first that differs."""
_NAMES = "_xlnm."
"""How names begin that programs give areas of print and filters."""
_SHEET_NAME = re.compile(r"'((?:[^']|'')+)'!")
_SPECIAL = frozenset("0#?.,%@*_[];eE/dDmMyYhHsSgGbB")
"""Characters that mean something in a number format."""
_LOCALE = re.compile(r"\[\$-[0-9A-Fa-f]+\]")
"""What says whose marks and months a format has; some programs keep the first of several."""
_LITERAL = re.compile(r'\\(.)|"([^"]*)"')


def of_books(made: Book, found: Book, left_out: str) -> Iterator[Difference]:
    """Yield where a workbook is not as it was made; `left_out` is a sheet that is not compared."""
    names = [name for name in made.sheets if name != left_out]
    for name in names:
        if name in found.sheets:
            yield from _of_sheets(name, made.sheets[name], found.sheets[name])
        else:
            yield Difference(name, "sheet", None, name)
    others = [name for name in found.sheets if name != left_out]
    yield from (Difference(name, "sheet", name, None) for name in others if name not in made.sheets)
    kept = [name for name in others if name in made.sheets]
    if kept != names and set(kept) == set(names):
        yield Difference("sheets", "order", ", ".join(kept), ", ".join(names))
    yield from _of_names(made.names, found.names)


def _of_names(made: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted({*made, *found}):
        pair = [None if text is None else formula_text(text) for text in (found.get(name), made.get(name))]
        if not name.startswith(_NAMES) and pair[0] != pair[1]:
            yield Difference(name, "name", *pair)


def _of_sheets(name: str, made: Sheet, found: Sheet) -> Iterator[Difference]:
    if made.state != found.state:
        yield Difference(name, "sheet", found.state, made.state)
    differing = (at for at in {*made.cells, *found.cells} if made.cells.get(at) != found.cells.get(at))
    for address in sorted(differing, key=_in_order):
        yield from _of_cells(f"{name}!{address}", made.cells.get(address), found.cells.get(address))
    for hidden in sorted(made.hidden ^ found.hidden):
        is_hidden = hidden in found.hidden
        yield Difference(f"{name}, {hidden}", "hidden", *(("hidden", "shown") if is_hidden else ("shown", "hidden")))
    if made.printed != found.printed:
        yield Difference(f"{name}, head and foot", "text", found.printed or None, made.printed or None)
    if made.drawn != found.drawn:
        yield Difference(name, "drawing", str(found.drawn), str(made.drawn))


def _in_order(address: str) -> tuple[int, int]:
    column, row = column_row(address)
    return row, column


def _of_cells(where: str, made: Cell | None, found: Cell | None) -> Iterator[Difference]:
    formulas = [
        None if cell is None or not cell.formula else f"={formula_text(cell.formula)}" for cell in (found, made)
    ]
    if formulas[0] != formulas[1]:
        values = [_shown(None if cell is None else cell.value) for cell in (found, made)]
        yield Difference(where, "formula", formulas[0] or values[0], formulas[1] or values[1])
    elif not same_value(None if made is None else made.value, None if found is None else found.value):
        pair = [_shown(None if cell is None else cell.value) for cell in (found, made)]
        kind: Kind = "text" if made is not None and isinstance(made.value, str) else "value"
        yield Difference(where, kind, *pair)
    if made and found and isinstance(found.value, float) and format_text(made.form) != format_text(found.form):
        yield Difference(where, "format", found.form, made.form)


def same_value(one: Value, other: Value) -> bool:
    """Return whether two values of cells are the same, numbers to fifteen digits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=DIGITS, abs_tol=0.0)
    return (type(one) is type(other) and one == other) or (one in (None, "") and other in (None, ""))


def _shown(value: Value) -> str | None:
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return None if value is None else str(value)


def formula_text(formula: str) -> str:
    """Return a formula with the names of its sheets as every program may write them: without quotes."""
    parts = formula.split('"')
    return '"'.join(_SHEET_NAME.sub(r"\1!", part) if at % 2 == 0 else part for at, part in enumerate(parts))


def format_text(form: str) -> str:
    """Return a number format with its literal texts in one spelling, of several that show the same."""

    def spelled(match: re.Match[str]) -> str:
        text = match[1] if match[1] is not None else match[2]
        return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in text)

    return _LITERAL.sub(spelled, _LOCALE.sub("", form))


# --- pages -------------------------------------------------------------------------------------------------------


def of_pages(made: str, found: str, left_out: str) -> Iterator[Difference]:
    """Yield where a page is not as it was made: texts and attributes by their place.

    Where only its source differs, the first line that does; ends of lines do not count, nor the block `left_out`.
    """
    if lines_of(made) == lines_of(found):
        return
    pieces, others = pieces_of(made, left_out), pieces_of(found, left_out)
    differing = [where for where in pieces if pieces[where] != others.get(where)]
    differing += [where for where in others if where not in pieces]
    for where in differing:
        yield Difference(where, "text", others.get(where), pieces.get(where))
    if not differing:
        number, stands, due = next(
            (number, *pair)
            for number, pair in enumerate(zip_longest(lines_of(found), lines_of(made)), start=1)
            if pair[0] != pair[1]
        )
        same = zip(stands or "", due or "", strict=False)
        first = next((at for at, letters in enumerate(same) if letters[0] != letters[1]), 0)
        at = max(first - NEAR, 0)
        yield Difference(f"line {number}", "source", *(text and text[at : at + 3 * NEAR] for text in (stands, due)))


def lines_of(text: str) -> list[str]:
    """Return the lines of a page without blanks at their ends, and without blank ones at the end of the page."""
    return [line.rstrip() for line in text.removeprefix("\ufeff").rstrip().splitlines()]


# --- documents ---------------------------------------------------------------------------------------------------


def of_documents(made: Any, found: Any, left_out: Collection[str], where: str = "") -> Iterator[Difference]:
    """Yield where the plain values of a document are not those of another one; fields of these names are left out."""
    if isinstance(made, dict) and isinstance(found, dict):
        for name in dict.fromkeys((*made, *found)):
            if name not in left_out:
                inside = f"{where}.{name}" if where else str(name)
                yield from of_documents(made.get(name), found.get(name), left_out, inside)
    elif isinstance(made, list) and isinstance(found, list):
        for index, (one, other) in enumerate(zip_longest(made, found)):
            yield from of_documents(one, other, left_out, f"{where}[{index}]")
    elif made != found:
        yield Difference(where, "value", *(None if each is None else misfit_text(each) for each in (found, made)))


def misfit_text(value: Any) -> str:
    """Return a plain value as a verdict shows it: on one line, not too long."""
    return value[: 3 * NEAR] if isinstance(value, str) else shown(value)


# --- PDFs --------------------------------------------------------------------------------------------------------


def of_prints(made: Sequence[PrintedPage], found: Sequence[PrintedPage]) -> Iterator[Difference]:
    """Yield where the pages of a PDF are not as they were made: words, and what lies on them."""
    for number, (one, other) in enumerate(zip_longest(made, found), start=1):
        where = f"page {number}"
        if one is None or other is None:
            yield Difference(where, "text", _of_page(other), _of_page(one))
            continue
        if one.words != other.words:
            yield from _of_words(where, one.words, other.words)
        for kind in sorted({*one.laid, *other.laid}):
            counts = [str(page.laid.get(kind, 0)) for page in (other, one)]
            if counts[0] != counts[1]:
                yield Difference(f"{where}, {kind}", "drawing", *counts)


def _of_page(page: PrintedPage | None) -> str | None:
    return None if page is None else " ".join(page.words)[: 3 * NEAR]


def _of_words(where: str, made: Sequence[str], found: Sequence[str]) -> Iterator[Difference]:
    """Yield the words that differ, with those around them."""
    for kind, low, high, start, end in SequenceMatcher(None, made, found, autojunk=False).get_opcodes():
        if kind != "equal":
            stands, due = (
                " ".join(words[max(first - AROUND, 0) : last + AROUND])
                for words, first, last in ((found, start, end), (made, low, high))
            )
            yield Difference(f"{where}, word {start + 1}", "text", stands, due)
