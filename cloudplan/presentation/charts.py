"""Charts with axes, drawn by leather as static SVG in the colours of the page; what they show stands in a table too."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import leather
from leather.scales.base import Scale
from markupsafe import Markup, escape

from cloudplan.base.language import Language

WIDTH, BAR, AROUND = 520, 24, 90
"""Width of a chart, height of a bar with its gap, and of what is above and below the bars."""
MOST_OF_A_NAME = 34
SIZE, CHARACTER = 12, 7.2
"""Height of the letters, and how wide a letter is taken to be at most on average."""
TALL, SAMPLE = 230, (26, 10)
"""Height of a chart over time, and the size of the piece of a line that stands in its key."""
APART = 58
"""How far apart the dates below a chart are at least."""
DASHES = "7 4"
_INK = re.compile(r"var\(--(\w+)\)")

for _name in ("tick", "axis_title", "legend", "title"):
    setattr(leather.theme, f"{_name}_font_family", "inherit")
    setattr(leather.theme, f"{_name}_font_size", SIZE)
    setattr(leather.theme, f"{_name}_font_char_width", CHARACTER)
leather.theme.background_color = "none"
leather.theme.tick_color = "var(--line)"
leather.theme.zero_color = "var(--edge)"
leather.theme.label_color = leather.theme.axis_title_color = "var(--soft)"
leather.theme.margin = 0.02


def bars(rows: Sequence[tuple[str, Decimal, bool]], title: str, spoken: Language) -> Markup:
    """Return bars of shares from a zero line, the first row on top: name, share, whether it is a loss."""
    named = {f"{number}\u2060{_short(name)}": (share, loss) for number, (name, share, loss) in enumerate(rows)}
    chart = leather.Chart()
    chart.add_bars(
        [(float(share), name) for name, (share, _) in named.items()],
        fill_color=lambda datum: "var(--lost)" if named[datum.y][1] else "var(--memory)",
    )
    chart.add_x_axis(
        name=title, tick_formatter=lambda value, *_: spoken.percent(Decimal(str(value)).quantize(Decimal("0.0001")))
    )
    chart.add_y_axis(tick_formatter=lambda value, *_: str(value).partition("\u2060")[2])
    return _drawn(chart, BAR * len(rows) + AROUND, 'aria-hidden="true"')


@dataclass(frozen=True)
class Curve:
    """Values that hold for one span of months after the other, None for none; the colour is one of the page's."""

    colour: str
    values: Sequence[Decimal | None]
    dashed: bool = False

    def sample(self, inks: Mapping[str, str] | None = None) -> Markup:
        """Return a piece of its line, for the key of a chart."""
        width, height = SAMPLE
        dashes = f' stroke-dasharray="{DASHES}"' if self.dashed else ""
        line = f'<path d="M0 {height // 2}h{width}" stroke="var(--{self.colour})" stroke-width="2.5"{dashes}/>'
        box = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        return _inked(f'<svg aria-hidden="true" {box}>{line}</svg>', inks)


def over_time(
    curves: Sequence[Curve],
    starts: Sequence[tuple[int, str]],
    end: int,
    shown: Callable[[Decimal], str],
    described: str,
    inks: Mapping[str, str] | None = None,
) -> Markup:
    """Return curves that step from span to span of months, from nothing up.

    `starts` are the first month of each span, counted from 0, and its name, `end` is the month after the last; `shown`
    is how a value reads, `described` what the chart shows, for those who do not see it. `inks` are colours in place of
    those of the page.
    """
    chart = leather.Chart()
    spans = list(pairwise([*(start for start, _ in starts), end]))
    for curve in curves:
        held = zip(spans, curve.values, strict=True)
        points = [(month, None if value is None else float(value)) for span, value in held for month in span]
        line = _Line(f"var(--{curve.colour})", 2.5, DASHES if curve.dashed else None)
        chart.add_series(leather.Series(points), line)
    most = max((value for curve in curves for value in curve.values if value is not None), default=Decimal(1))
    chart.set_x_scale(_Months(end))
    chart.add_y_scale(0, float(most) or 1)
    named = dict(_thinned(starts, end))
    chart.add_x_axis(ticks=list(named), tick_formatter=lambda month, *_: named[month])
    chart.add_y_axis(tick_formatter=lambda value, *_: shown(Decimal(str(value))))
    return _inked(_drawn(chart, TALL, f'role="img" aria-label="{escape(described)}"'), inks)


class _Line(leather.Line):  # type: ignore[misc]
    """A line whose name stands in a key outside of the chart."""

    def legend_to_svg(self, *_: Any) -> Iterator[Any]:
        """Return nothing."""
        return iter(())


class _Months(Scale):  # type: ignore[misc]
    """Months from 0 to the end, as wide as the chart is."""

    def __init__(self, end: int):
        self.end = end

    def contains(self, value: Any) -> bool:
        """Return whether a month is one of them."""
        return bool(0 <= value <= self.end)

    def project(self, value: Any, low: float, high: float) -> float:
        """Return where a month is."""
        return float(low) + (float(high) - float(low)) * float(value) / self.end


def _thinned(starts: Sequence[tuple[int, str]], end: int) -> Iterator[tuple[int, str]]:
    """Yield the first months with their names that have room below a chart."""
    last = -end
    for start, name in starts:
        if (start - last) * WIDTH * 0.85 >= APART * end:
            yield start, name
            last = start


def _drawn(chart: leather.Chart, height: int, attributes: str) -> Markup:
    """Return a chart as SVG, with numbers of two decimals and these attributes."""
    svg = chart.to_svg(width=WIDTH, height=height)
    whole = re.sub(r"-?\d+(?:\.\d{3,}|(?:\.\d+)?E-?\d+)(?=[\" ,)])", lambda found: f"{float(found[0]):.2f}", svg)
    size = f'width="{WIDTH}" height="{height}"'
    return Markup(whole.replace(f"<svg {size}", f'<svg {attributes} viewBox="0 0 {WIDTH} {height}" {size}', 1))


def _inked(svg: str, inks: Mapping[str, str] | None) -> Markup:
    """Return a drawing in the colours of the page, or in others."""
    return Markup(svg if inks is None else _INK.sub(lambda found: inks[found[1]], svg))


def _short(name: str) -> str:
    return name if len(name) <= MOST_OF_A_NAME else name[: MOST_OF_A_NAME - 1] + "…"
