"""Charts with axes, drawn by leather as static SVG in the colours of the page; what they show stands in a table too."""

import re
from collections.abc import Sequence
from decimal import Decimal

import leather
from markupsafe import Markup

from cloudplan.base.language import Language

WIDTH, BAR, AROUND = 520, 24, 90
"""Width of a chart, height of a bar with its gap, and of what is above and below the bars."""
MOST_OF_A_NAME = 34
SIZE, CHARACTER = 12, 7.2
"""Height of the letters, and how wide a letter is taken to be at most on average."""

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
    height = BAR * len(rows) + AROUND
    svg = chart.to_svg(width=WIDTH, height=height)
    whole = re.sub(r"-?\d+(?:\.\d{3,}|(?:\.\d+)?E-?\d+)(?=[\" ,)])", lambda found: f"{float(found[0]):.2f}", svg)
    size = f'width="{WIDTH}" height="{height}"'
    return Markup(whole.replace(f"<svg {size}", f'<svg aria-hidden="true" viewBox="0 0 {WIDTH} {height}" {size}', 1))


def _short(name: str) -> str:
    return name if len(name) <= MOST_OF_A_NAME else name[: MOST_OF_A_NAME - 1] + "…"
