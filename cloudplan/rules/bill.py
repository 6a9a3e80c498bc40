"""Rules of the program on the document of a plan: its bill, all that it repeats of its inputs, and its proof."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

from pydantic_core import to_jsonable_python

from cloudplan.base.hashing import canonical_sha256
from cloudplan.base.schema import found as shown
from cloudplan.catalog.edition import Edition
from cloudplan.plan.plan import (
    Assumption,
    BomLine,
    Change,
    Finding,
    Plan,
    ThirdPartyLine,
    gap_of,
    is_optimal,
)
from cloudplan.plan.roadmap import Roadmap
from cloudplan.rules.licences import LIC_1, LIC_2
from cloudplan.rules.rule import Check, Condition, Rule

BOM = Rule(
    "BOM",
    "Bill of materials",
    "One line per site and SKU, each field of it as the choice, the edition and the price book give it; "
    "quantity x unit price, rounded to the cent.",
    "plan",
)
DOC = Rule(
    "DOC",
    "Document",
    "Names, currency and hashes are those of the inputs that the plan carries, its findings those of its choice; an "
    "edition of one's own does not bear the name of one that ships.",
    "plan",
)
PROOF = Rule(
    "PROOF",
    "Proof",
    "lower_bound <= monthly, or total_monthly where there are licences of others; gap and status follow from them.",
    "plan",
)

RULES = (BOM, DOC, PROOF)

GAP_DIGITS = 1e-9
"""What a printed gap may be off: it is rounded to ten digits."""


REASON = ("rule", "because", "values")
"""The fields of a line that are words of a version of the program."""
_Line = TypeVar("_Line", BomLine, ThirdPartyLine)
PROGRAM = re.compile(r"cloudplan (\(not installed\)|[0-9][0-9A-Za-z.+!-]{0,60})")


def lines_are(expected: Plan, plan: Plan) -> Iterator[Condition]:
    """Yield that the lines of a plan are those that its choice takes, and sum to its total (BOM)."""
    wanted, printed = _by_key(expected), _by_key(plan)
    yield BOM.require(len(printed) == len(plan.bom), "bom", "two lines for one site and SKU")
    fields = [name for name in BomLine.model_fields if name not in REASON]
    for key in sorted(wanted.keys() | printed.keys()):
        if key in wanted and key in printed:
            yield from _same(BOM, wanted[key], printed[key], fields, f"{key[1]} at {key[0]}")
        else:
            yield BOM.require(False, f"{key[1]} at {key[0]}", "is missing" if key in wanted else "is not what is taken")
    total = sum((line.monthly for line in plan.bom), Decimal(0))
    yield BOM.require(plan.monthly == total, "monthly", f"{plan.monthly} is not the sum of the lines, {total}")


def third_party_is(expected: Plan, plan: Plan) -> Iterator[Condition]:
    """Yield that the licences of a plan are those that its choice owes, line by line, and sum to its totals (LIC-1)."""
    wanted, printed = _licences_by_key(expected), _licences_by_key(plan)
    told = plan.third_party
    there = "is there" if told else "is missing"
    yield LIC_1.require((told is None) == (expected.third_party is None), "third_party", there)
    if told is None:
        words = f"{plan.total_monthly}, without third_party"
        yield LIC_1.require(plan.total_monthly is None, "total_monthly", words)
        return
    yield LIC_1.require(len(printed) == len(told.lines), "third_party", "two lines for one licence and place")
    fields = [name for name in ThirdPartyLine.model_fields if name not in REASON]
    for key in sorted(wanted.keys() | printed.keys()):
        place = f"{key[0]} at {key[2] or key[1]}"
        if key in wanted and key in printed:
            yield from _same(LIC_2, wanted[key], printed[key], fields, place)
        else:
            yield LIC_1.require(False, place, "is missing" if key in wanted else "is not owed")
    total = sum((line.monthly for line in told.lines), Decimal(0))
    words = f"{told.monthly} is not the sum of the lines, {total}"
    yield LIC_1.require(told.monthly == total, "third_party.monthly", words)
    words = f"{plan.total_monthly} is not monthly and third_party.monthly, {plan.monthly + told.monthly}"
    yield LIC_1.require(plan.total_monthly == plan.monthly + told.monthly, "total_monthly", words)


Changes = tuple[Change, ...] | None


def changes_are(expected: Changes, said: Changes) -> Iterator[Condition]:
    """Yield that a plan tells what it changes about what stood, neither more nor less (BOM)."""
    if said is None and expected is None:
        return
    wanted, told = (_changes(each) for each in (expected, said))
    yield BOM.require((said is None) == (expected is None), "changes", "what stood is not told of so")
    yield BOM.require(len(said or ()) == len(told), "changes", "two entries for one item and site")
    for key in sorted(wanted.keys() | told.keys()):
        words = f"{_from_to(told.get(key))}, expected {_from_to(wanted.get(key))}"
        yield BOM.require(wanted.get(key) == told.get(key), f"changes, {key[1]} at {key[0]}", words)


def _from_to(change: Change | None) -> str:
    return "no entry" if change is None else f"from {change.before} to {change.after} {shown(change.unit)}"


def _changes(changes: Changes) -> dict[tuple[str, str], Change]:
    return {(each.site, each.sku or f"licence {each.licence}"): each for each in changes or ()}


def words_are(expected: Plan, plan: Plan) -> Iterator[Condition]:
    """Yield that the words of a plan are those of this program: reasons (BOM), findings, assumptions and end
    of the search (DOC)."""
    wanted, printed = _by_key(expected), _by_key(plan)
    for key in sorted(wanted.keys() & printed.keys()):
        yield from _same(BOM, wanted[key], printed[key], REASON, f"{key[1]} at {key[0]}")
    owed, shown_owed = _licences_by_key(expected), _licences_by_key(plan)
    for name in sorted(owed.keys() & shown_owed.keys()):
        yield from _same(LIC_1, owed[name], shown_owed[name], REASON, f"{name[0]} at {name[2] or name[1]}")
    yield from findings_are(expected.findings, plan.findings)
    for number, assumption in enumerate(expected.assumptions):
        own = plan.assumptions[number] if number < len(plan.assumptions) else None
        words = f"{shown(own and own.code)}, expected {assumption.code}: {shown(assumption.value)}"
        yield DOC.require(own is not None and _text(own) == _text(assumption), f"assumptions[{number}]", words)
    more = len(plan.assumptions) - len(expected.assumptions)
    yield DOC.require(more <= 0, "assumptions", f"{more} more than follow from the plan")
    said = [plan.search and plan.search.said, expected.search and expected.search.said]
    yield DOC.require(said[0] == said[1], "search.said", f"{shown(said[0])}, expected {shown(said[1])}")


def findings_are(expected: Iterable[Finding], findings: Iterable[Finding]) -> Iterator[Condition]:
    """Yield that findings are those that follow from the rest of a document (DOC)."""
    listed, wanted = list(findings), list(expected)
    told, due = Counter(map(_text, listed)), Counter(map(_text, wanted))
    for number, finding in enumerate(listed):
        words = f"{finding.code} of {shown(finding.subject)} does not follow from the plan: {shown(finding.message)}"
        yield DOC.require(told[_text(finding)] <= due[_text(finding)], f"findings[{number}]", words)
    for finding in wanted:
        words = f"{finding.code} of {shown(finding.subject)} is missing"
        yield DOC.require(due[_text(finding)] <= told[_text(finding)], "findings", words)


def repeats_inputs(plan: Plan | Roadmap, edition: Edition, *, free: bool) -> Iterator[Condition]:
    """Yield that a plan names the inputs that it carries, with their hashes (DOC).

    `edition` is the one that it carries or names; `free` says that this edition may bear its name.
    """
    workload, prices = plan.inputs.workload, plan.inputs.prices
    pairs: dict[str, tuple[Any, Any]] = {
        "workload.name": (plan.workload.name, workload.get("name")),
        "workload.sha256": (plan.workload.sha256, canonical_sha256(workload)),
        "catalog.edition": (plan.catalog.edition, edition.edition),
        "catalog.sha256": (plan.catalog.sha256, edition.sha256),
        **{f"prices.{name}": (getattr(plan.prices, name), prices.get(name)) for name in ("name", "currency")},
        "prices.illustrative": (plan.prices.illustrative, prices.get("illustrative")),
        "prices.sha256": (plan.prices.sha256, canonical_sha256(prices)),
    }
    for place, (printed, wanted) in pairs.items():
        yield DOC.require(printed == wanted, place, f"{shown(printed)}, expected {shown(wanted)}")
    taken = f"{shown(edition.edition)} is the name of an edition that ships, with other files; rename your own"
    yield DOC.require(free, "catalog.edition", taken)
    words = f"{shown(plan.program)}; allowed: cloudplan and a version of it"
    yield DOC.require(bool(PROGRAM.fullmatch(plan.program)), "program", words)


def _by_key(plan: Plan) -> dict[tuple[str, str], BomLine]:
    return {(line.site, line.sku): line for line in plan.bom}


def _licences_by_key(plan: Plan) -> dict[tuple[str, str, str], ThirdPartyLine]:
    lines = plan.third_party.lines if plan.third_party else ()
    return {(line.licence, line.site, line.cluster or ""): line for line in lines}


def _same(rule: Rule, expected: _Line, printed: _Line, fields: Iterable[str], place: str) -> Iterator[Condition]:
    """Yield that two lines are alike in some fields, or each that differs."""
    differing = [name for name in fields if not _alike(getattr(expected, name), getattr(printed, name))]
    for name in differing:
        words = f"{_shown(getattr(printed, name))}, expected {_shown(getattr(expected, name))}"
        yield rule.require(False, f"{place}, {name}", words)
    if not differing:
        yield rule.require(True, place, "")


def _alike(one: Any, other: Any) -> bool:
    """Return whether two values are the same figure, or the same JSON."""
    if isinstance(one, Decimal):
        return bool(one == other)
    return _text(one) == _text(other)


def _shown(value: Any) -> str:
    return shown(_text(value) if isinstance(value, dict) else value)


def _text(value: Any) -> str:
    return json.dumps(to_jsonable_python(value), sort_keys=True)


def proof(plan: Plan) -> Iterator[Check]:
    """Yield that the bound of a plan is below its cost, and that gap and status follow from both (PROOF)."""
    yield from _proven(plan, plan.cost, "monthly" if plan.total_monthly is None else "total_monthly")


def proof_over_time(roadmap: Roadmap) -> Iterator[Check]:
    """Yield that the bound of a roadmap is below its total, and that gap and status follow from both (PROOF)."""
    yield from _proven(roadmap, roadmap.total, "total")


def _proven(made: Plan | Roadmap, cost: Decimal, named: str) -> Iterator[Check]:
    yield PROOF.at_most(made.lower_bound, cost, "lower_bound", made.prices.currency)
    wanted = "optimal" if is_optimal(cost, made.lower_bound, made.lines) else "feasible"
    yield PROOF.require(made.status == wanted, "status", f"{made.status}, but the gap says {wanted}")
    if made.search:
        says = (made.search.ended == "proven") == (wanted == "optimal")
        yield PROOF.require(says, "search.ended", f"{made.search.ended}, but the gap says {wanted}")
    gap = gap_of(cost, made.lower_bound)
    words = f"{made.gap}, but {named} and lower_bound give {gap}"
    yield PROOF.require(abs(made.gap - gap) < GAP_DIGITS, "gap", words)


def amounts_otherwise(told: Iterable[Assumption], again: Iterable[Assumption], unit: str) -> Iterator[Check]:
    """Yield that what a plan says it would cost otherwise, and its proof, suit what was sized again (PROOF).

    Both are costs of plans of one workload: neither may be below the proof of the other.
    """
    sized = {each.code: each for each in again}
    for each in told:
        other, place = sized.get(each.code), f"assumptions, {each.code}, sized again"
        if other is None or (each.monthly_otherwise is None and each.no_plan is None):
            continue
        agree = (each.no_plan is None) == (other.no_plan is None)
        yield PROOF.require(
            agree, place, f"{each.no_plan or each.monthly_otherwise}; now: {other.no_plan or other.monthly_otherwise}"
        )
        if each.monthly_otherwise is not None and other.monthly_otherwise is not None:
            yield PROOF.at_most(other.lower_bound_otherwise or 0, each.monthly_otherwise, place, unit)
            yield PROOF.at_most(each.lower_bound_otherwise or 0, other.monthly_otherwise, place, unit)
