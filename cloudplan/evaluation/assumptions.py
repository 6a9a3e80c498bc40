"""What the price of a plan rests on: its assumptions, with what was computed of them, the largest first."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cloudplan.base.language import ENGLISH, Message, known, message
from cloudplan.evaluation.assumption_kinds import KINDS, Kind
from cloudplan.evaluation.resting import Found
from cloudplan.plan.plan import Assumption, Choice
from cloudplan.plan.wording import says
from cloudplan.workload.case import Case

SHOWN = 3
"""Assumptions that stand below the cost."""
CLOSE = 0.0001
"""The gap up to which an amount counts as proven."""
_GIVEN = message("the workload, {place}").template
_INVENTORY = message("the inventory, {files}").template


@dataclass(frozen=True)
class Otherwise:
    """What a plan would cost a month if an assumption did not hold, with its proof; or why there would be none."""

    monthly: Decimal | None = None
    lower_bound: Decimal | None = None
    no_plan: str | None = None


@dataclass(frozen=True)
class Words:
    """An assumption in words that can be said in any language."""

    what: Message
    value: Message
    otherwise: Message
    source: Message


def bases(case: Case, choice: Choice) -> Iterator[tuple[Kind, Found]]:
    """Yield every assumption of a choice, in the order of the list."""
    for kind in KINDS:
        found = kind.find(case, choice)
        if found is not None:
            yield kind, found


def assumptions(
    case: Case, choice: Choice, monthly: Decimal, computed: Mapping[str, Otherwise] | None = None
) -> tuple[Assumption, ...]:
    """Return what a bill of so much a month rests on, with what was computed by code, the largest first.

    Without amounts, contradicted sources come first, then what nobody chose, then what the workload gives.
    """
    listed = [_told(case, kind, found, (computed or {}).get(kind.code)) for kind, found in bases(case, choice)]
    return tuple(sorted(listed, key=lambda each: _rank(each, monthly)))


def before_a_plan(case: Case) -> tuple[Assumption, ...]:
    """Return what any plan of a case rests on; what depends on the plan is not among them."""
    return assumptions(case, Choice(clusters=(), datastores=(), protection={}), Decimal(0))


def computed_of(listed: Iterable[Assumption]) -> dict[str, Otherwise]:
    """Return what was computed of assumptions, by code."""
    return {
        each.code: Otherwise(each.monthly_otherwise, each.lower_bound_otherwise, each.no_plan)
        for each in listed
        if each.monthly_otherwise is not None or each.no_plan is not None
    }


def largest(listed: Iterable[Assumption], shown: int = SHOWN) -> tuple[Assumption, ...]:
    """Return the first of a list, in its order; those with contradicted sources are among them."""
    everything = list(listed)
    first = sorted(everything, key=lambda each: each.origin != "contradicted")[:shown]
    return tuple(each for each in everything if each in first)


def words_of(assumption: Assumption) -> Words:
    """Return the words of an assumption; another program's stay as they are."""
    kind = next((each for each in KINDS if each.code == assumption.code), None)
    templates = (kind.what, kind.value, kind.otherwise) if kind else ("", "", "")
    english = (assumption.what, assumption.value, assumption.otherwise)
    what, value, otherwise = (
        _found_again([Message(template, assumption.values)], text)
        for template, text in zip(templates, english, strict=True)
    )
    sources = [Message(template, assumption.values) for template in (_GIVEN, _INVENTORY)]
    return Words(what, value, otherwise, _found_again(sources, assumption.source))


def _found_again(made: Iterable[Message], english: str) -> Message:
    """Return the message that says a text, else the text itself, which may be the name of a document."""
    return next((each for each in made if says(each) == english), known(english))


def _rank(each: Assumption, monthly: Decimal) -> tuple[int, Decimal]:
    """Return where an assumption stands in the list: by amounts, then by where it comes from."""
    if each.no_plan is not None:
        return 0, Decimal(0)
    if each.monthly_otherwise is not None:
        return 1, -abs(each.monthly_otherwise - monthly)
    return (2 if each.origin == "contradicted" else 4 if each.origin == "given" else 3), Decimal(0)


def _told(case: Case, kind: Kind, found: Found, computed: Otherwise | None) -> Assumption:
    computed = computed or Otherwise()
    source, more = _source(case, kind, found)
    values = {**found.values, **more}
    return Assumption(
        code=kind.code,
        what=ENGLISH.said(Message(kind.what, values)),
        value=ENGLISH.said(Message(kind.value, values)),
        origin=found.origin,
        source=source,
        otherwise=ENGLISH.said(Message(kind.otherwise, values)),
        monthly_otherwise=computed.monthly,
        lower_bound_otherwise=computed.lower_bound,
        no_plan=computed.no_plan,
        values=values,
    )


def _source(case: Case, kind: Kind, found: Found) -> tuple[str, dict[str, str]]:
    """Return where a value comes from, and what is named there."""
    inventory = case.workload.inventory
    if found.origin == "export" and inventory:
        named = {"files": ", ".join(file.name for file in inventory.files)}
        return ENGLISH.text(_INVENTORY, **named), named
    if found.origin in ("given", "export"):
        named = {"place": found.place}
        return ENGLISH.text(_GIVEN, **named), named
    if kind.rule is None or kind.rule.id not in case.edition.rules:
        return "cloudplan", {}
    cited = case.edition.rules[kind.rule.id].source
    return f"{case.edition.documents[cited.document].title}, {cited.section}", {}
