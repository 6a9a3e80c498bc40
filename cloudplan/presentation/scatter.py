"""Points in a picture, drawn as static SVG in the colours of the page; what they show stands in a table too."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from cloudplan.base.language import Language

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 96, 24, 16, 56
RADIUS, SMALL = 11, 4
TICKS = 6


@dataclass(frozen=True)
class Dot:
    """A point: where it is, and its name; one without a name is drawn small. Series are told apart by their shape."""

    across: int
    up: Decimal
    series: int
    name: str = ""


def dots(points: Sequence[Dot], titles: tuple[str, str], series: Sequence[str], spoken: Language) -> Markup:
    """Return points, those with a name on top; `titles` are of what is across and of what is up."""
    across = _Axis.of([Decimal(point.across) for point in points], LEFT, WIDTH - RIGHT)
    up = _Axis.of([point.up for point in points], HEIGHT - BOTTOM, TOP)
    parts = [*_grid(across, up, titles, spoken)]
    for point in sorted(points, key=lambda point: bool(point.name)):
        parts.append(_drawn(point, across.place(Decimal(point.across)), up.place(point.up)))
    parts += _legend(series)
    head = f'<svg aria-hidden="true" viewBox="0 0 {WIDTH} {HEIGHT + 24}" width="{WIDTH}" height="{HEIGHT + 24}">'
    return Markup(f"{head}{''.join(parts)}</svg>")


@dataclass(frozen=True)
class _Axis:
    """Whole steps of a round size between two ends, and where they stand."""

    low: Decimal
    step: Decimal
    count: int
    first: int
    last: int

    @classmethod
    def of(cls, values: Sequence[Decimal], first: int, last: int) -> "_Axis":
        least, most = min(values, default=Decimal(0)), max(values, default=Decimal(1))
        room = max(most - least, abs(most) / 100, Decimal(1))
        rough = room / TICKS
        power = Decimal(10) ** math.floor(math.log10(rough))
        step = next(size * power for size in map(Decimal, (1, 2, 5, 10)) if size * power >= rough)
        low = math.floor((least - step / 4) / step) * step
        return cls(low, step, math.ceil((most + step / 4 - low) / step), first, last)

    def place(self, value: Decimal) -> float:
        """Return where a value stands."""
        share = float((value - self.low) / (self.step * self.count))
        return round(self.first + share * (self.last - self.first), 1)

    @property
    def ticks(self) -> list[Decimal]:
        """The values that are written."""
        return [self.low + self.step * number for number in range(self.count + 1)]


def _grid(across: _Axis, up: _Axis, titles: tuple[str, str], spoken: Language) -> Iterator[str]:
    """Yield lines, the figures at them and what they are."""
    bottom = HEIGHT - BOTTOM
    for value in up.ticks:
        y = up.place(value)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="var(--line)"/>'
        yield _text(LEFT - 8, y + 4, spoken.number(value), "end")
    for value in across.ticks:
        x = across.place(value)
        yield f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{bottom}" stroke="var(--line)"/>'
        yield _text(x, bottom + 18, spoken.number(value), "middle")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, titles[0], "middle")
    middle = (TOP + bottom) / 2
    yield f'<g transform="rotate(-90 14 {middle})">{_text(14, middle, titles[1], "middle")}</g>'


def _drawn(point: Dot, x: float, y: float) -> str:
    size = RADIUS if point.name else SMALL
    fill = "var(--paper)" if point.name else "var(--others)"
    shape = _shape(point.series, x, y, size, fill)
    return shape + (_text(x, y + 4, point.name, "middle", "var(--ink)") if point.name else "")


def _shape(series: int, x: float, y: float, size: int, fill: str) -> str:
    """Return a circle, a square or a diamond around a place."""
    drawn = f'fill="{fill}" stroke="var(--c{series % 8})" stroke-width="2"'
    if series % 3 == 0:
        return f'<circle cx="{x}" cy="{y}" r="{size}" {drawn}/>'
    turned = f' transform="rotate(45 {x} {y})"' if series % 3 == 2 else ""
    return f'<rect x="{x - size}" y="{y - size}" width="{2 * size}" height="{2 * size}" {drawn}{turned}/>'


def _legend(series: Sequence[str]) -> Iterator[str]:
    """Yield the shape of each series with its name, below everything."""
    for at, name in enumerate(series):
        x = LEFT + at * 110
        yield _shape(at, x, HEIGHT + 8, 6, "var(--paper)")
        yield _text(x + 14, HEIGHT + 12, name, "start")


def _text(x: float, y: float, text: str, anchor: str, colour: str = "var(--soft)") -> str:
    return f'<text x="{x}" y="{y}" font-size="12" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
