"""Roadmaps made without the search over time: each phase on top of the last."""

from fractions import Fraction
from typing import Any

import cloudplan as cp
from cloudplan.evaluation.roadmap_document import Asked, roadmap_of_choices
from cloudplan.plan.plan import Plan, Search
from cloudplan.plan.roadmap import Roadmap
from cloudplan.workload.phases import phases

STOPPED = Search(ended="budget", said="each phase on top of the last")


def asked_of(tree: Any, prices: Any, edition: cp.Edition) -> Asked:
    """Return what a roadmap of a workload is for."""
    wanted = cp.read_workload(tree, edition)
    return Asked(wanted, edition, cp.load_prices(prices, edition), phases(wanted, edition))


def phase_by_phase(asked: Asked) -> Roadmap:
    """Return the roadmap whose phases are sized one after the other, and not to the end.

    The classes of disks have to be given: nothing else ties the choices of storage (TIME-4). What is proven of each
    phase alone is proven of their sum.
    """
    plans: list[Plan] = []
    bounds: list[Fraction] = []
    for number, phase in enumerate(asked.phases):
        case = asked.case(number, plans[-1] if plans else None)
        plans.append(cp.size(case.workload, asked.edition, asked.book, gap=0.3))
        alone = cp.size(phase.workload, asked.edition, asked.book, gap=0.3) if number else plans[0]
        bounds.append(Fraction(alone.lower_bound))
    return roadmap_of_choices(
        asked,
        [plan.choice for plan in plans],
        bound=sum((phase.months * bound for phase, bound in zip(asked.phases, bounds, strict=True)), Fraction(0)),
        phase_bounds=bounds,
        ended=STOPPED,
        pinned=True,
        on=None,
    )
