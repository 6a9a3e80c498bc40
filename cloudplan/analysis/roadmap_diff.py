"""Two roadmaps side by side over time: what each month costs in both, and what each orders at which date."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from cloudplan.analysis.changes import NOTHING, Place, Requote, Spelled, spellings
from cloudplan.base.units import month_number, month_text
from cloudplan.evaluation.estate_changes import LICENCE
from cloudplan.plan.plan import Change
from cloudplan.plan.roadmap import Roadmap, RoadmapPhase


@dataclass(frozen=True)
class Span:
    """Months in which neither roadmap changes, and the phase of each; None where a roadmap does not reach."""

    start: str
    """The first month, YYYY-MM."""
    months: int
    before: RoadmapPhase | None
    after: RoadmapPhase | None

    @property
    def ordered_before(self) -> bool:
        """Whether the first roadmap has a phase that begins here."""
        return self.before is not None and self.before.from_ == self.start

    @property
    def ordered_after(self) -> bool:
        """Whether the second one has."""
        return self.after is not None and self.after.from_ == self.start

    @property
    def difference(self) -> Decimal:
        """What all these months cost more in the second."""
        costs = [phase.plan.cost if phase else NOTHING for phase in (self.before, self.after)]
        return self.months * (costs[1] - costs[0])


@dataclass(frozen=True)
class OrderChange:
    """What two roadmaps order at one date of an item at a site, in its unit; less than nothing is given back.

    What nobody told before the first phase counts as ordered.
    """

    month: str
    site: str
    line: Change
    """How the item is called, in the second roadmap where that has it."""
    before: int
    after: int


def spans(before: Roadmap, after: Roadmap) -> tuple[Span, ...]:
    """Return the months of both roadmaps, cut wherever one has a phase; the differences sum to that of the totals."""
    phases = [*before.phases, *after.phases]
    dates = sorted({month_number(each.from_) for each in phases} | {month_number(each.last) + 1 for each in phases})
    cut = (
        Span(month_text(begin), end - begin, _at(before, month_text(begin)), _at(after, month_text(begin)))
        for begin, end in pairwise(dates)
    )
    return tuple(span for span in cut if span.before or span.after)


def order_changes(change: Requote[Roadmap]) -> tuple[OrderChange, ...]:
    """Return what either roadmap orders at each date, by site and in the order in which the roadmaps have the items."""
    spelled = spellings(change.origin.workload.region, (change.origin.edition, change.renewed.edition))
    found: dict[str, dict[Place, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    lines: dict[Place, Change] = {}
    for number, roadmap in enumerate((change.before, change.after)):
        for month, place, line in _changes(roadmap, spelled):
            found[month][place][number] += line.after - (line.before or 0)
            lines[place] = line
    return tuple(
        OrderChange(month, place[0], lines[place], *found[month][place])
        for month in sorted(found)
        for place in sorted(lines, key=lambda each: each[0])
        if place in found[month]
    )


def _changes(roadmap: Roadmap, spelled: Spelled) -> Iterator[tuple[str, Place, Change]]:
    for phase in roadmap.phases:
        for each in phase.changes:
            sku = f"{LICENCE}{each.licence}" if each.sku is None else spelled.get(each.sku, each.sku)
            yield phase.from_, (each.site, sku), each


def _at(roadmap: Roadmap, month: str) -> RoadmapPhase | None:
    """Return the phase that contains a month, None where the roadmap does not reach."""
    return next((phase for phase in roadmap.phases if phase.from_ <= month <= phase.last), None)
