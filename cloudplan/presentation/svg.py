"""A drawing that stands by itself: shapes and texts from top to bottom, in the colours of the page by day."""

import re
import textwrap
from functools import cache
from importlib.resources import files

from markupsafe import escape

from cloudplan.base.foreign_text import clean

WIDTH, EDGE = 760, 16
"""Width of a drawing, and of its margin."""
LETTER = 0.58
"""How wide a letter is on average, of its size."""
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_COLOUR = re.compile(r"--(\w+(?:-\w+)?): (#[0-9a-f]{6})")


@cache
def colours() -> dict[str, str]:
    """Return the colours of the page by day, by their names."""
    style = files(__package__).joinpath("templates", "style.css.j2").read_text(encoding="utf-8")
    return dict(_COLOUR.findall(style.partition("@media")[0]))


class Drawing:
    """What was drawn so far; `y` is where the next thing begins."""

    def __init__(self, described: str):
        self.described, self.y = described, float(EDGE)
        self._parts: list[str] = []

    def mark(self) -> int:
        """Return the place behind all that was drawn so far, to draw something there later."""
        return len(self._parts)

    def rect(
        self, x: float, y: float, width: float, height: float, colour: str, *, frame: str = "", at: int | None = None
    ) -> None:
        """Draw a box filled with a colour of the page, or with none; a `frame` has a colour too, and may be dashed.

        `at` is a mark: it is drawn there, behind what came after.
        """
        ink, _, dashed = frame.partition(" ")
        edge = f' stroke="{colours()[ink]}"' if ink else ""
        dashes = ' stroke-dasharray="4 3"' if dashed else ""
        fill = colours()[colour] if colour else "none"
        size = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        drawn = f'<rect {size} fill="{fill}"{edge}{dashes}/>'
        self._parts.insert(len(self._parts) if at is None else at, drawn)

    def path(self, d: str, colour: str, *, x: float, y: float, frame: str = "", by: str = "") -> None:
        """Draw a path at a place, as `rect` draws a box; `by` changes its size."""
        ink, _, dashed = frame.partition(" ")
        edge = f' stroke="{colours()[ink]}" stroke-width="0.8"' if ink else ""
        dashes = ' stroke-dasharray="2 1.5"' if dashed else ""
        fill = colours()[colour] if colour else "none"
        self._parts.append(f'<path transform="translate({_n(x)} {_n(y)}) {by}" d="{d}" fill="{fill}"{edge}{dashes}/>')

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 12,
        ink: str = "ink",
        bold: bool = False,
        to: str = "start",
    ) -> None:
        """Write a line whose foot is at `y`; `to` is the end of it that is at `x`: start, middle or end."""
        weight = ' font-weight="600"' if bold else ""
        anchor = "" if to == "start" else f' text-anchor="{to}"'
        place = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" fill="{colours()[ink]}"'
        self._parts.append(f"<text {place}{weight}{anchor}>{escape(clean(words))}</text>")

    def lines(self, x: float, words: str, *, size: float = 12, ink: str = "ink", bold: bool = False) -> None:
        """Write a text below all that was drawn, on as many lines as it needs."""
        for line in textwrap.wrap(clean(words), int((WIDTH - EDGE - x) / (size * LETTER))) or [""]:
            self.y += size * 1.4
            self.text(x, self.y - size * 0.35, line, size=size, ink=ink, bold=bold)

    def key(self, x: float, entries: list[tuple[str, str]], *, size: float = 11) -> None:
        """Write the names of colours below all that was drawn, side by side as far as there is room."""
        left, self.y = x, self.y + 18
        for colour, name in entries:
            shown = clean(name)
            width = 16 + len(shown) * size * LETTER + 18
            if left + width > WIDTH - EDGE and left > x:
                left, self.y = x, self.y + 17
            dashed = colour == "spare"
            self.rect(left, self.y - 10, 10, 10, "" if dashed else colour, frame="edge dashed" if dashed else "")
            self.text(left + 15, self.y - 1, shown, size=size)
            left += width
        self.y += 4

    def svg(self) -> str:
        """Return it as the text of an SVG file."""
        height = _n(self.y + EDGE)
        size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        about = f'role="img" aria-label="{escape(clean(self.described))}"'
        paper = f'<rect width="{WIDTH}" height="{height}" fill="{colours()["paper"]}"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {about} font-family="{FONT}">'
        return "\n".join([head, paper, *self._parts, "</svg>"]) + "\n"


def _n(value: float) -> str:
    """Return a number of a drawing, as short as it can be."""
    return f"{value:.1f}".removesuffix(".0")
