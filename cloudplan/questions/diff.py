"""What changed, and why? Two plans or roadmaps; one under newer inputs; one and what stands or is invoiced."""

from collections.abc import Callable
from pathlib import Path

from cloudplan.analysis.actual import Comparison, compare_actual
from cloudplan.analysis.actual_estate import EstateComparison, compare_estate
from cloudplan.analysis.changes import MadeT, Requote
from cloudplan.analysis.requote import difference, requote
from cloudplan.base.errors import BadInputError
from cloudplan.catalog.edition import Edition
from cloudplan.plan.origin import Made, Origin, edition_of, origin_of
from cloudplan.prices.book import PriceBook
from cloudplan.questions.asked import plan_at
from cloudplan.workload.reading import as_given
from cloudplan.workload.workload import Workload


def diff(
    before: MadeT,
    after: MadeT | None = None,
    *,
    workload: Workload | None = None,
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    term_months: int | None = None,
    solve: Callable[[Origin], MadeT] | None = None,
) -> Requote[MadeT]:
    """Return what differs between two plans, or two roadmaps, split by cause and line by line.

    With one alone it is made again with what is new, and that is the second. `solve` makes plans of inputs, by default
    the cheapest. Raises BadInputError when there is neither or both, when one breaks a rule, and when their currencies
    differ.
    """
    new = (workload, edition, prices, term_months)
    if (after is None) == all(each is None for each in new):
        raise BadInputError("a second plan is needed, or what is new: workload, edition, prices, term_months; not both")
    if after is not None:
        return difference(before, after, solve=solve)
    given = as_given(workload, edition or edition_of(before)) if workload else None
    return requote(before, workload=given, edition=edition, prices=prices, term_months=term_months, solve=solve)


def diff_actual(
    made: Made, actual: str | Path, *, at: str | None = None, name: str = "plan"
) -> Comparison | EstateComparison:
    """Return what stands or is invoiced beside a plan: of a list or invoice its lines, of an inventory its estate.

    Of a roadmap it is the phase that contains the month `at`, by default the first. `name` stands for the plan in
    messages. Raises BadInputError for a file that cannot be read, and when the inputs of the plan are not those that it
    was made from.
    """
    plan = plan_at(made, at)
    origin, path = origin_of(plan, name), Path(actual)
    return compare_actual(origin, plan, path) or compare_estate(origin, plan, path)
