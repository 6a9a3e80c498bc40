"""How wide texts are in the sans serif of the workbooks, and how many lines they take in a cell.

Widths are in those of a digit, as the widths of columns are. Each is the larger one of Arial and of DejaVu Sans, which
takes its place where Arial is missing, so that a text hardly ever takes more room than is told here.
"""

import re
import unicodedata
from functools import cache

_WIDTHS = {
    0.45: "'ijl",
    0.5: " ,.Iîï·’\u00a0\u202f",
    0.6: "/:;\\|-f",
    0.65: "!()[]rt",
    0.85: '"*`°“”',
    0.9: "Jcszç",
    0.95: "kvxy",
    1.0: "?L_abdeghnopquéèêëàâôùûü–«»",
    1.05: "$0123456789{}€",
    1.1: "FTZ",
    1.2: "ABEKPSVXYÉÈÀÊ&",
    1.3: "CDHNRUwÇ",
    1.4: "GOQ#+<=>^~×−≥≤",
    1.55: "Mm",
    1.7: "%æWœ",
    1.85: "—…@",
}
_OF = {char: width for width, chars in _WIDTHS.items() for char in chars}
OTHERS, WIDE = 1.4, 1.9
"""Characters that are not listed, and those that East Asian texts write twice as wide."""
BOLD = 1.1
"""Bold letters, compared with plain ones."""
_PARTS = re.compile(r"[^ \t-]*-+|[^ \t-]+|[ \t]+")


def width(text: str, *, bold: bool = False) -> float:
    """Return how wide a text of one line is."""
    return sum(map(_of, text)) * (BOLD if bold else 1)


def widest_word(text: str, *, bold: bool = False) -> float:
    """Return how wide the widest part is that is not broken into lines."""
    return max((width(part, bold=bold) for part in _PARTS.findall(text.replace("\n", " "))), default=0)


def lines(text: str, room: float, *, bold: bool = False) -> int:
    """Return how many lines a text takes in a cell that is so wide: broken at blanks and behind hyphens."""
    return sum(_folded(line, room / (BOLD if bold else 1)) for line in text.split("\n"))


@cache
def _folded(line: str, room: float) -> int:
    count, used = 1, 0.0
    for part in _PARTS.findall(line):
        wide = width(part)
        if part.isspace() or used + wide <= room:
            used += wide
            continue
        count += 1 if used else 0
        while wide > room:  # a word that is longer than a line
            count, wide = count + 1, wide - room
        used = wide
    return count


@cache
def _of(char: str) -> float:
    return _OF.get(char) or (WIDE if unicodedata.east_asian_width(char) in "WF" else OTHERS)
