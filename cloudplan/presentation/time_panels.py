"""The orders over time of a quote of a roadmap: what they cost and how full all is, as tables and as curves."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from cloudplan.base.language import Language, Message, message
from cloudplan.base.units import month_number
from cloudplan.presentation.charts import Curve, over_time
from cloudplan.presentation.listed import listed
from cloudplan.presentation.tables import over_time as tables
from cloudplan.sales.phase_quotes import phase_quotes
from cloudplan.sales.quote import Quote

COLOURS = {"memory": "memory", "cores": "cores", "storage": "c2"}
"""The colours of resources; a site other than the primary one has dashes."""


@dataclass(frozen=True)
class Panel:
    """A chart, its title, and its key: a piece of each line, and its name."""

    title: str
    chart: Markup
    key: tuple[tuple[Markup, str], ...]


@dataclass(frozen=True)
class TimePanels:
    """The orders over time, as values for a template; `inks` are colours in place of those of the page."""

    quote: Quote
    spoken: Language
    inks: Mapping[str, str] | None = None

    def values(self) -> dict[str, Any] | None:
        """Return all of it; None for the quote of a plan."""
        if self.quote.over_time is None:
            return None
        return {
            "title": self.spoken.word(tables.TITLE),
            "summary": [self.spoken.said(each) for each in tables.summary(self.quote)],
            "orders": listed(tables.by_phase(self.quote), self.spoken),
            "panels": [self._cost(), self._fullness()],
            "full": listed(tables.fullness(self.quote), self.spoken),
            "full_title": self.spoken.word("How full"),
        }

    def _cost(self) -> Panel:
        phases = phase_quotes(self.quote)
        whole = Curve("memory", [each.monthly + each.licences for each in phases])
        bill = Curve("cores", [each.monthly for each in phases], dashed=True)
        licensed = any(each.licences for each in phases)
        named = [(whole, message("with licences of third parties")), (bill, message("the provider's bill"))]
        return self._panel(
            tables.cost_title(self.quote), named if licensed else named[:1], self._amount, keyed=licensed
        )

    def _fullness(self) -> Panel:
        primary = self.quote.case.workload.sites.primary
        found = tables.filled(self.quote)
        curves = [(Curve(COLOURS[each.resource], each.shares, each.site != primary), each.name) for each in found]
        return self._panel(tables.FULL_TITLE, curves, self._percent)

    def _panel(self, title: Message, curves: Any, shown: Any, *, keyed: bool = True) -> Panel:
        assert self.quote.over_time is not None
        roadmap, said = self.quote.over_time.roadmap, self.spoken.said
        begun = month_number(roadmap.start)
        starts = [(month_number(each.from_) - begun, said(tables.month(each.from_))) for each in roadmap.phases]
        drawn = [curve for curve, _ in curves]
        described = self.spoken.text("{title}; the table below has the figures", title=title)
        chart = over_time(drawn, starts, roadmap.months, shown, described, self.inks)
        key = tuple((curve.sample(self.inks), said(name)) for curve, name in curves)
        return Panel(said(title), chart, key if keyed else ())

    def _amount(self, value: Decimal) -> str:
        return self.spoken.number(value, 0)

    def _percent(self, share: Decimal) -> str:
        return self.spoken.percent(share, 0)
