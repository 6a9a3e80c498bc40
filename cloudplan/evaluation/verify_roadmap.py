"""A roadmap put into every rule: each phase as a plan of its workload, what ties the phases, and its own document."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from cloudplan.base.program import program
from cloudplan.base.schema import date_of
from cloudplan.base.schema import found as shown
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import bears_shipped_name
from cloudplan.evaluation.findings import OUTSIDE_DATES
from cloudplan.evaluation.roadmap_document import Asked, roadmap_of_plans
from cloudplan.evaluation.verify import NOT_CHECKED, Verdict, verify
from cloudplan.plan.origin import edition_of
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.prices.book import PriceBook
from cloudplan.rules import bill as bill_rules
from cloudplan.rules.bill import BOM, DOC, PROOF
from cloudplan.rules.over_time import TIME_1, TIME_2, TIME_3, choices_stay
from cloudplan.rules.rule import Check, Condition
from cloudplan.rules.standing import EXI_1, EXI_2
from cloudplan.workload.phases import phases
from cloudplan.workload.workload import Workload

TIED = {EXI_1: TIME_2, EXI_2: TIME_3}
"""What stands before a later phase is what the phase before it has: there these rules are those of time."""


def verify_roadmap(roadmap: Roadmap, workload: Workload, edition: Edition, prices: PriceBook) -> Verdict:
    """Check a roadmap against every rule, and its document against its plans, for the workload it is said to be for.

    The phases are derived again. Those after one that breaks a rule of its own choice are not looked at. Raises
    BadInputError for a workload without phases, and for an edition that no plan can be made with.
    """
    asked = Asked(workload, edition, prices, phases(workload, edition))
    found = _Found(roadmap)
    found.checks += _calendar(asked, roadmap)
    own = edition if edition.files == roadmap.inputs.catalog else edition_of(roadmap)
    found.checks += bill_rules.repeats_inputs(roadmap, own, free=not bears_shipped_name(own))
    found.checks += bill_rules.proof_over_time(roadmap)
    if all(check.holds for check in found.checks if check.rule is TIME_1):
        found.add_phases(asked)
    return found.verdict()


def proved_over_time(verdict: Verdict, roadmap: Roadmap, again: Roadmap) -> Verdict:
    """Return a verdict with the proof of a roadmap, and of each phase, held against the one that was planned again."""
    if again.search and again.search.ended == "time-limit":
        return verdict
    unit, place = roadmap.prices.currency, "lower_bound, sized again"
    shown: list[Check] = [PROOF.at_most(roadmap.lower_bound, again.lower_bound, place, unit)]
    for phase, other in zip(roadmap.phases, again.phases, strict=True):
        check = PROOF.at_most(phase.plan.lower_bound, other.plan.lower_bound, place, unit)
        shown.append(_placed(phase.from_, tied=False)(check))
    left = tuple(name for name in verdict.not_checked if name not in NOT_CHECKED)
    return replace(verdict, checks=(*verdict.checks, *shown), not_checked=left)


class _Found:
    """What was found of a roadmap so far."""

    def __init__(self, roadmap: Roadmap):
        self.roadmap = roadmap
        self.checks: list[Check] = []
        self.words: list[Check] = []
        self.not_checked = dict.fromkeys(NOT_CHECKED)
        self.document: Roadmap | None = None
        if roadmap.search and roadmap.search.ended != "proven":
            self.not_checked["search"] = None

    def add_phases(self, asked: Asked) -> None:
        """Check the phases in their order, then what ties them and the document."""
        plans: list[Plan] = []
        for number, phase in enumerate(self.roadmap.phases):
            case = asked.case(number, plans[-1] if plans else None)
            verdict = verify(phase.plan, case.workload, asked.edition, asked.book)
            at = _placed(phase.from_, tied=number > 0)
            self.checks += map(at, verdict.checks)
            self.checks += map(at, _carried(self.roadmap, phase.plan, case.workload))
            self.words += map(at, verdict.other_words)
            self.not_checked |= dict.fromkeys(name for name in verdict.not_checked if name != "search")
            if verdict.document is None:
                return
            plans.append(verdict.document)
        choices = [(phase.from_, phase.plan.choice) for phase in self.roadmap.phases]
        self.checks += choices_stay(choices)
        self.document = self._document(asked, plans)

    def _document(self, asked: Asked, plans: list[Plan]) -> Roadmap:
        """Check the document of the roadmap against the one that follows from its plans, and return that."""
        told, dates = self.roadmap, (date_of(each.values.get("date")) for each in self._outside_dates())
        ended = told.search if told.search and told.search.ended != "proven" else None
        expected = roadmap_of_plans(
            asked, plans, lower_bound=told.lower_bound, ended=ended, on=next(dates, None), by=told.program
        )
        for phase, due in zip(told.phases, expected.phases, strict=True):
            at = _placed(phase.from_, tied=False)
            self.checks += map(at, bill_rules.changes_are(due.changes, phase.changes))
            for name in ("moved", "owed_after"):
                self.checks.append(at(_same(name, getattr(phase, name), getattr(due, name), BOM)))
        self.checks.append(_same("total", told.total, expected.total, BOM))
        self.checks.append(_same("owed_after", told.owed_after, expected.owed_after, BOM))
        words = [*bill_rules.findings_are(expected.findings, told.findings)]
        said = [each.search and each.search.said for each in (told, expected)]
        words.append(_same("search.said", said[0], said[1], DOC))
        (self.words if self._other_version else self.checks).extend(words)
        return expected

    def _outside_dates(self) -> Iterator[Any]:
        return (each for each in self.roadmap.findings if each.code == OUTSIDE_DATES and "date" in each.values)

    @property
    def _other_version(self) -> bool:
        return self.roadmap.program != program()

    def verdict(self) -> Verdict:
        """Return the verdict."""
        words = tuple(check for check in self.words if not check.holds)
        written_by = self.roadmap.program if self._other_version else ""
        return Verdict(tuple(self.checks), None, written_by, words, tuple(self.not_checked), self.document)


def _placed(month: str, *, tied: bool) -> Callable[[Check], Check]:
    """Return how a check of a phase is told: with its first month; of a later phase what stands is tied."""

    def at(check: Check) -> Check:
        rule = TIED.get(check.rule, check.rule) if tied else check.rule
        return replace(check, rule=rule, place=f"phase {month}, {check.place}")

    return at


def _calendar(asked: Asked, roadmap: Roadmap) -> Iterator[Condition]:
    """Yield that the phases are those of the horizon (TIME-1)."""
    horizon = asked.horizon
    for name, told, due in (
        ("start", roadmap.start, horizon.start),
        ("months", roadmap.months, horizon.months),
        ("phases", len(roadmap.phases), len(asked.phases)),
    ):
        yield _same(name, told, due, TIME_1)
    for number, (phase, wanted) in enumerate(zip(roadmap.phases, asked.phases, strict=False)):
        yield _same(f"phases[{number}].from", phase.from_, wanted.start, TIME_1)
        yield _same(f"phases[{number}].months", phase.months, wanted.months, TIME_1)


def _carried(roadmap: Roadmap, plan: Plan, workload: Workload) -> Iterator[Condition]:
    """Yield that the plan of a phase carries what the roadmap was made from, with the workload of its phase."""
    words = f"is of {shown(plan.workload.name)}, expected the workload of the phase, {shown(workload.name)}"
    yield TIME_1.require(plan.inputs.workload == workload.canonical(), "inputs.workload", words)
    standing = workload.existing.canonical() if workload.existing else None
    pairs: Iterable[tuple[str, object, object]] = (
        ("inputs.existing", plan.inputs.existing, standing),
        *((f"inputs.{name}", getattr(plan.inputs, name), getattr(roadmap.inputs, name)) for name in CARRIED),
        *((name, getattr(plan, name), getattr(roadmap, name)) for name in ("program", "catalog", "prices")),
    )
    for name, told, due in pairs:
        yield DOC.require(told == due, name, "is not that of the roadmap")


CARRIED = ("prices", "catalog", "given")


def _same(place: str, told: object, due: object, rule: Any) -> Condition:
    made: Condition = rule.require(told == due, place, f"{shown(told)}, expected {shown(due)}")
    return made
