"""The whole document of a roadmap: all that follows from the plans of its phases, beside what only solving gives.

The phases after the first stand on what the phase before leaves standing; so each plan is verified by itself.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from cloudplan.base import money
from cloudplan.base.program import program
from cloudplan.base.units import month_number, month_text
from cloudplan.catalog.edition import Edition
from cloudplan.evaluation.bom import bill
from cloudplan.evaluation.document import document, made_from
from cloudplan.evaluation.estate_changes import Before, changed
from cloudplan.evaluation.findings import OUTSIDE_DATES, book_findings, not_proven_over, sorted_findings
from cloudplan.evaluation.third_party import third_party
from cloudplan.plan.plan import Change, Choice, Finding, Plan, Search, gap_of, is_optimal
from cloudplan.plan.roadmap import Roadmap, RoadmapPhase
from cloudplan.plan.standing import existing_of
from cloudplan.plan.wording import finding_of
from cloudplan.prices.book import PriceBook
from cloudplan.rules.over_time import moved
from cloudplan.workload.case import Case
from cloudplan.workload.phases import Phase
from cloudplan.workload.workload import Horizon, Workload

HALF_A_CENT = Fraction(1, 200)
PHASE_ENDED = Search(ended="budget", said="one phase of a roadmap, which is minimised as a whole", of="roadmap")


@dataclass(frozen=True)
class Asked:
    """What a roadmap is for: a workload with a horizon, its phases, and what it is priced with."""

    workload: Workload
    edition: Edition
    book: PriceBook
    phases: tuple[Phase, ...]

    @property
    def horizon(self) -> Horizon:
        """The horizon of the workload."""
        assert self.workload.horizon is not None
        return self.workload.horizon

    def months_left(self, start: str) -> int:
        """Return for how many months after the horizon what is ordered in a month is still owed."""
        before = month_number(start) - month_number(self.horizon.start)
        return max(0, before + self.workload.term_months - self.horizon.months)

    def case(self, number: int, before: Plan | None) -> Case:
        """Return the case of a phase; what the plan of the phase before leaves standing stands already."""
        wanted = self.phases[number].workload
        if before is not None:
            standing = existing_of(before, keep=not self.horizon.shrink)
            wanted = wanted.model_copy(update={"existing": standing}).with_given(wanted.given)
        return Case.of(wanted, self.edition, self.book)


def roadmap_of_choices(
    asked: Asked,
    choices: Sequence[Choice],
    *,
    bound: Fraction,
    phase_bounds: Sequence[Fraction],
    ended: Search | None,
    pinned: bool,
    on: date | None,
) -> Roadmap:
    """Return the roadmap of a choice for each phase.

    `bound` is what was proven of the sum over the phases of months x cost a month, `phase_bounds` of the cost a month
    of each phase by itself, all before rounding; `ended` is why the search ended before the proof, if it did; `pinned`
    and `on` are those of the findings.
    """
    plans: list[Plan] = []
    for number, choice in enumerate(choices):
        case = asked.case(number, plans[-1] if plans else None)
        lines, owed = bill(case, choice), third_party(case, choice)
        count = len(lines) + (len(owed.lines) if owed else 0)
        lower = lowered(phase_bounds[number], count)
        plans.append(document(case, choice, lines, lower_bound=lower, ended=PHASE_ENDED, pinned=pinned, on=on))
    rounded = sum(phase.months * plan.lines for phase, plan in zip(asked.phases, plans, strict=True))
    return roadmap_of_plans(asked, plans, lower_bound=lowered(bound, rounded), ended=ended, on=on)


def lowered(bound: Fraction, lines: int) -> Decimal:
    """Return a bound in cents: half a cent less for each line that was rounded, and rounded down."""
    return max(Decimal("0.00"), money.floor_cents(bound - HALF_A_CENT * lines))


def roadmap_of_plans(
    asked: Asked,
    plans: Sequence[Plan],
    *,
    lower_bound: Decimal,
    ended: Search | None,
    on: date | None,
    by: str | None = None,
) -> Roadmap:
    """Return the roadmap that follows from the plans of its phases, and from what was proven of it."""
    workload, edition, book, horizon = asked.workload, asked.edition, asked.book, asked.horizon
    phases = tuple(_phases(asked, plans))
    total = sum((phase.cost for phase in phases), Decimal("0.00"))
    lines = sum(phase.months * phase.plan.lines for phase in phases)
    optimal = is_optimal(total, lower_bound, lines)
    search = _proven(total, lower_bound) if optimal else ended
    found = [*book_findings(book, on), *_over_time(workload, horizon, book)]
    if not optimal:
        found.append(not_proven_over(horizon.months, total, lower_bound, book.currency))
    return Roadmap(
        program=by or program(),
        **made_from(workload, edition, book),
        start=horizon.start,
        months=horizon.months,
        phases=phases,
        total=total,
        lower_bound=lower_bound,
        gap=gap_of(total, lower_bound),
        status="optimal" if optimal else "feasible",
        search=search,
        owed_after=sum((phase.owed_after for phase in phases), Decimal("0.00")),
        findings=sorted_findings(found),
    )


def _proven(total: Decimal, lower_bound: Decimal) -> Search:
    return Search(ended="proven", said=f"proven: a cheaper roadmap could save at most {total - lower_bound} in all")


def _phases(asked: Asked, plans: Sequence[Plan]) -> Iterator[RoadmapPhase]:
    """Yield the phases, each with what it changes about the one before."""
    before: Plan | None = None
    for number, (phase, plan) in enumerate(zip(asked.phases, plans, strict=True)):
        case = asked.case(number, before)
        lines = plan.changes
        if lines is None:  # nothing stood
            lines = changed(case, Before({}), plan.bom, plan.third_party)
        prices = {(line.site, line.sku): line.unit_price for line in plan.bom}
        yield RoadmapPhase.model_validate(
            {
                **{"from": phase.start, "months": phase.months, "plan": plan, "changes": lines},
                "moved": moved(case, before.choice, plan.choice) if before else 0,
                "owed_after": owed_after(lines, prices, asked.months_left(phase.start)),
            }
        )
        before = plan


def owed_after(changes: Sequence[Change], prices: Mapping[tuple[str, str], Decimal], months: int) -> Decimal:
    """Return what the units that a phase adds cost in some months; of what nobody told, all counts as added.

    `prices` are those of a unit, by site and SKU.
    """
    total = Decimal("0.00")
    for each in changes if months else ():
        added = each.after - (each.before or 0)
        if each.sku and added > 0:
            total += months * money.line(added, prices[each.site, each.sku])
    return total


def _over_time(workload: Workload, horizon: Horizon, book: PriceBook) -> Iterator[Finding]:
    """Yield what the reader of every roadmap must know of its prices."""
    yield finding_of("info", "prices-constant", "prices", "", book=book.name, months=horizon.months)
    term = workload.term_months
    if term < horizon.months:
        yield finding_of("info", "term-shorter-than-horizon", "term_months", "", term=term, months=horizon.months)
    last = month_text(month_number(horizon.start) + horizon.months - 1)
    if book.valid_until and _ends_within(book.valid_until, last):
        dates = {"valid_from": str(book.valid_from or "ever"), "valid_until": str(book.valid_until)}
        yield finding_of("warning", OUTSIDE_DATES, "horizon", "", about="horizon", month=last, book=book.name, **dates)


def _ends_within(day: date, month: str) -> bool:
    """Return whether a day is before the last one of a month, YYYY-MM."""
    year, number = divmod(month_number(month), 12)
    return (day.year, day.month, day.day) < (year, number + 1, monthrange(year, number + 1)[1])
