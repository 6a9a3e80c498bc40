"""The roadmap of a workload with a horizon: chosen over time, documented, verified."""

from collections.abc import Callable
from datetime import date

from cloudplan.base.errors import InternalError
from cloudplan.catalog.edition import Edition
from cloudplan.evaluation.roadmap_document import Asked, roadmap_of_choices
from cloudplan.evaluation.verify_roadmap import verify_roadmap
from cloudplan.optimiser.over_time.choose import OverTime, choose_over_time
from cloudplan.optimiser.solver import Budget
from cloudplan.plan.origin import origin_for
from cloudplan.plan.roadmap import Roadmap
from cloudplan.prices.book import PriceBook
from cloudplan.rules.book import rule_book
from cloudplan.workload.case import Case
from cloudplan.workload.phases import phases
from cloudplan.workload.workload import Workload


def plan_over_time(
    workload: Workload,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    *,
    gap: float = 0.0,
    time_limit: float | None = None,
    pinned: bool = True,
    on: date | None = None,
    progress: Callable[[str], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Roadmap:
    """Return the cheapest roadmap of a workload with a horizon, verified, with a proven lower bound of its total.

    The options are those of `optimise`. Raises BadInputError for a workload without phases and for prices that no plan
    can do without, NoPlanError when some phase has no plan or no choice serves them all, TimeLimitError when time ran
    out before any roadmap was found, and InternalError when the program contradicts itself.
    """
    given = origin_for(workload, edition, prices)
    edition, prices = given.edition, given.prices
    rule_book(edition)
    asked = Asked(workload, edition, prices, phases(workload, edition))
    cases = [Case.of(phase.workload, edition, prices) for phase in asked.phases]
    months = [phase.months for phase in asked.phases]
    budget = Budget.of(gap, time_limit, progress, stopped)

    first: list[tuple[OverTime, Roadmap]] = []

    def proven(found: OverTime) -> Roadmap:
        for known, roadmap in first:
            if known is found:
                return roadmap
        made = roadmap_of_choices(
            asked,
            found.choices,
            bound=found.bound,
            phase_bounds=found.phase_bounds,
            ended=found.ended,
            pinned=pinned,
            on=on,
        )
        if made.lower_bound > made.total:
            raise InternalError(f"the bound, {made.lower_bound}, is above the total, {made.total}")
        verdict = verify_roadmap(made, workload, edition, prices)
        if not verdict.holds:
            raise InternalError(verdict.faults())
        first.append((found, made))
        return made

    found = choose_over_time(cases, months, shrink=asked.horizon.shrink, budget=budget, prove=proven)
    progress("verifying the plan")
    return proven(found)
