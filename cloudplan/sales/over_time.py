"""The roadmap that a quote is of: its first phase is what is quoted, the phases after it are told beside it."""

from dataclasses import dataclass
from functools import cached_property

from cloudplan.base.brief import Brief
from cloudplan.evaluation.roadmap_document import Asked
from cloudplan.plan.roadmap import Roadmap
from cloudplan.workload.case import Case


@dataclass(frozen=True, repr=False)
class OverTime(Brief):
    """A roadmap at the prices of the reader of a quote, and what it is for."""

    roadmap: Roadmap
    asked: Asked

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The case of each phase, with what the phase before leaves standing."""
        before = (None, *(phase.plan for phase in self.roadmap.phases[:-1]))
        return tuple(self.asked.case(number, plan) for number, plan in enumerate(before))
