"""Tables for the terminal: no wider than it is, with every figure whole."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tabulate import tabulate

from cloudplan.base.language import Language
from cloudplan.presentation.tables.table import Column

GAP = "  "
SHORT, LEAST = 20, 6
"""Characters that a text keeps before names of columns are folded, and before the table is turned on its side."""


NO_BREAK = "\u00a0"
_NUMBER = re.compile(r"(?<=\d) (?=\d{3}\b|[GT]iB\b|%)")


@dataclass(frozen=True)
class Grid:
    """The lines of a table: those of its head, and those of each row."""

    top: list[str]
    rows: list[list[str]]

    @property
    def lines(self) -> list[str]:
        """All of them."""
        return [*self.top, *(line for row in self.rows for line in row)]


def grid(columns: Sequence[Column], rows: list[list[str]], spoken: Language, width: int, *, folded: bool) -> Grid:
    """Return a table, units below names: texts that are too wide are cut or folded, figures never.

    One that cannot be so narrow is turned on its side: a line for each cell.
    """
    names, units = ([spoken.word(getattr(column, part)) for column in columns] for part in ("name", "unit"))
    heads = [names, *([units] if any(units) else [])]
    widths = _widths(columns, heads, rows, width, folded=folded)
    if sum(widths) + len(GAP) * (len(columns) - 1) > width:
        return Grid([], [_on_its_side(columns, row, spoken, width) for row in rows])
    top = [line for head in heads for line in _folded(head, widths)] + [["-" * each for each in widths]]
    body = [_folded(row, widths) if folded else _trimmed(row, widths) for row in rows]
    lines = iter(tabulated(columns, [*top, *(line for row in body for line in row)], "plain").splitlines())
    return Grid(_next(lines, len(top)), [_next(lines, len(row)) for row in body])


def _next(lines: Iterator[str], count: int) -> list[str]:
    return [next(lines) for _ in range(count)]


def _widths(
    columns: Sequence[Column], heads: list[list[str]], rows: list[list[str]], width: int, *, folded: bool
) -> list[int]:
    """Return how wide columns are: first texts give way, then the names above figures, then texts again."""
    cells = [*heads, *rows]
    places = range(len(columns))
    widths = [max(len(row[at]) for row in cells) for at in places]
    words = [max(len(word) for row in cells for word in _parts(row[at])) for at in places]
    names = [max(len(word) for row in heads for word in _parts(row[at])) for at in places]
    room = width - len(GAP) * (len(columns) - 1)
    texts = [at for at in places if columns[at].is_text]
    for floors in (
        {at: max(SHORT, words[at] if folded else 0) for at in texts},
        {at: max([names[at], *(len(row[at]) for row in rows)]) for at in places if at not in texts},
        {at: words[at] for at in texts if folded},
        {at: LEAST for at in places if columns[at].kind == "text"},
    ):
        while sum(widths) > room:
            wide = [at for at, floor in floors.items() if widths[at] > floor]
            if not wide:
                break
            widths[max(wide, key=lambda at: widths[at])] -= 1
    return widths


def _on_its_side(columns: Sequence[Column], row: list[str], spoken: Language, width: int) -> list[str]:
    """Return a row as a line for each of its cells that says something, the first one not indented."""
    lines: list[str] = []
    for column, cell in zip(columns, row, strict=True):
        if cell:
            indent = GAP if lines else ""
            text = spoken.text("{what}: {name}", what=column.header(spoken), name=cell)
            lines += whole_lines(text, width, indent, GAP)
    return lines


def whole_lines(text: str, width: int, first: str = "", others: str = "", *, hyphens: bool = True) -> list[str]:
    """Return a text as lines no wider than that, as `textwrap` does; a number stays whole and with its unit."""
    if text.isprintable() and text and text == text.strip() and len(first) + len(text) <= width:
        return [first + text]
    whole = _NUMBER.sub(NO_BREAK, text)
    lines = textwrap.wrap(whole, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=hyphens)
    return [line.replace(NO_BREAK, " ") for line in lines]


def _parts(text: str) -> list[str]:
    """Return what may stand on lines of its own, and nothing."""
    return ["", *re.split(r"[ \t\n]+", _NUMBER.sub(NO_BREAK, text))]


def _trimmed(row: list[str], widths: list[int]) -> list[list[str]]:
    """Return a row with its cells cut to these widths."""
    return [[cut(cell, width) for cell, width in zip(row, widths, strict=True)]]


def _folded(row: list[str], widths: list[int]) -> list[list[str]]:
    """Return a row as the rows that its cells take when they are folded to these widths."""
    cells = [whole_lines(cell, width, hyphens=False) for cell, width in zip(row, widths, strict=True)]
    return [list(line) for line in zip_longest(*cells, fillvalue="")] or [row]


def cut(text: str, width: int) -> str:
    """Return a text that is no longer than a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def tabulated(columns: Sequence[Column], rows: list[list[str]], form: str) -> str:
    """Return a table in a notation of tabulate, the headers first: texts to the left, numbers to the right."""
    align = ["left" if column.is_text else "right" for column in columns]
    headers, rows = ([], rows) if form == "plain" else (rows[0], rows[1:])
    text = tabulate(rows, headers=headers, tablefmt=form, colalign=align, disable_numparse=True)
    return "\n".join(line.rstrip() for line in text.splitlines())
