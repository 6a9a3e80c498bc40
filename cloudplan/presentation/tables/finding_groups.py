"""Findings for a reader, those that say the same as one: a plan of many clusters says the same of each."""

from dataclasses import dataclass

from cloudplan.base.language import Message
from cloudplan.plan.plan import Finding
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables.quote import findings
from cloudplan.sales.quote import Quote


@dataclass(frozen=True)
class FindingGroup:
    """Findings that say the same, but for names and figures."""

    found: tuple[Finding, ...]

    @property
    def severity(self) -> str:
        """Severity as a plan has it."""
        return self.found[0].severity

    @property
    def word(self) -> Message:
        """The severity in words."""
        return plan_tables.SEVERITIES[self.found[0].severity]

    @property
    def told(self) -> list[tuple[Message, Message]]:
        """What each is about, and what it says."""
        return [(plan_tables.about(each), plan_tables.told(each)) for each in self.found]


def grouped_findings(quote: Quote) -> tuple[FindingGroup, ...]:
    """Return the findings that the reader of a quote is told, those that say the same as one."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for each in findings(quote):
        groups.setdefault((each.severity, each.code, plan_tables.told(each).template), []).append(each)
    return tuple(FindingGroup(tuple(found)) for found in groups.values())
