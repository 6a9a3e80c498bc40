"""What a question is asked about: one phase of what is wanted or made."""

from dataclasses import replace

from cloudplan.base.errors import BadInputError
from cloudplan.base.schema import misfit
from cloudplan.catalog.edition import Edition
from cloudplan.plan.origin import Made, Origin, origin_for
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.prices.book import PriceBook
from cloudplan.workload.phases import sized_alone
from cloudplan.workload.workload import Workload

Asked = Workload | Plan | Origin
"""A workload, what a plan was made from, or what plans are made from."""


def of_one_phase(asked: Asked, edition: Edition | None = None, prices: PriceBook | None = None) -> Origin:
    """Return the inputs of a question as `origin_for` does; of a workload with a horizon those of the first phase.

    Raises BadInputError as that does.
    """
    origin = origin_for(asked, edition, prices)
    return replace(origin, workload=sized_alone(origin.workload, origin.edition))


def plan_at(made: Made, month: str | None = None) -> Plan:
    """Return a plan; of a roadmap that of the phase that contains a month, YYYY-MM, by default of the first.

    Raises BadInputError for a month outside the horizon.
    """
    if not isinstance(made, Roadmap):
        return made
    first, last = made.phases[0], made.phases[-1]
    if month is not None and not first.from_ <= month <= last.last:
        raise BadInputError([replace(misfit(month, f"a month from {first.from_} to {last.last}"), where="--at")])
    return made.phase_at(month or first.from_).plan
