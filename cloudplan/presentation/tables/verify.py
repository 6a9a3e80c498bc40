"""A verdict as a report and as plain values: every rule with its tightest place, and all that is broken."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from cloudplan.base.language import Message, counted, known, message
from cloudplan.base.program import program
from cloudplan.base.units import SIZES
from cloudplan.evaluation.verify import Verdict
from cloudplan.plan.origin import Made
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.tables.plan import own_catalog, priced
from cloudplan.presentation.tables.table import Cell, Column, Report, Table, Text
from cloudplan.rules.rule import Check, Condition, Inequality

_LAST = 1_000_000
"""A slack that is no share of anything."""

VERDICT_SCHEMA = "cloudplan/verdict/v1"


def report(plan: Made, verdict: Verdict, strangers: Iterable[str]) -> Report:
    """Return a verdict for people; `strangers` are inputs that are not those the plan says it was made from."""
    broken, others = verdict.violations, list(strangers)
    proved, name = "lower_bound" not in verdict.not_checked, plan.workload.name
    checks = counted("{count:n} check", "{count:n} checks", len(verdict.checks))
    how = message("sized again") if proved else message("without a solver")
    if broken:
        lost = counted("{count:n} check", "{count:n} checks", len(broken))
        first = message("{name} breaks {lost}: {checks}, {how}.", name=name, lost=lost, checks=checks, how=how)
    else:
        first = message("{name} keeps every rule: {checks}, {how}.", name=name, checks=checks, how=how)
    summary: list[Text] = [first, message("It says: {priced}.", priced=priced(plan))]
    if verdict.not_checked:
        fields = ", ".join(verdict.not_checked)
        asked = "Not checked: {fields}." if proved else "Not checked: {fields} (--prove sizes again)."
        summary.append(message(asked, fields=fields))
    if verdict.written_by:
        summary.append(message("Written by {other}; this is {this}.", other=verdict.written_by, this=program()))
    summary += own_catalog(verdict.document or plan)
    summary += [
        message("Checked with another {what:w} than the plan says it was made from.", what=what) for what in others
    ]
    tables = [violations(broken)] if broken else []
    if verdict.other_words:
        rows = tuple((check.rule.id, phrase(check.place), phrase(check.shown[2])) for check in verdict.other_words)
        columns = (Column("Rule"), Column("Place"), Column("What differs"))
        title = message("Written by {other}", other=verdict.written_by)
        tables.append(Table(title, columns, rows, "Other words; no rule is broken."))
    return Report(message("{name}: verdict", name=plan.workload.name), tuple(summary), (*tables, _by_rule(verdict)))


def violations(broken: Iterable[Check]) -> Table:
    """Return the checks that are broken, with both sides and what is wrong."""
    rows = tuple((check.rule.id, phrase(check.place), *_sides(check), phrase(check.shown[2])) for check in broken)
    columns = (
        *(Column("Rule"), Column("Place"), Column("Left side"), Column("Right side"), Column("Slack")),
        Column("What is wrong"),
    )
    return Table("Violations", columns, rows)


def _by_rule(verdict: Verdict) -> Table:
    """Return one row for each rule: how often it was checked, and where it is tightest."""
    found: dict[str, list[Check]] = {}
    for check in verdict.checks:
        found.setdefault(check.rule.id, []).append(check)
    rows: list[tuple[Cell, ...]] = []
    for name, checks in found.items():
        tightest = min(checks, key=_relative_slack)
        measured = isinstance(tightest, Inequality) and (tightest.left or tightest.right)
        sides = _sides(tightest) if measured else (None, None, None)
        unit = tightest.shown[2] if measured else None
        rows.append(
            (name, known(tightest.rule.title), len(checks), phrase(tightest.place), *sides, unit and known(unit))
        )
    columns = (
        *(Column("Rule"), Column("Title"), Column("Checks", "whole"), Column("Tightest at"), Column("Left side")),
        *(Column("Right side"), Column("Slack"), Column("Unit")),
    )
    return Table("Rules", columns, tuple(rows), "Every rule says: left side <= right side.")


def _relative_slack(check: Check) -> Fraction | int:
    """Return the slack as a share of the right side, those without one last."""
    if isinstance(check, Condition):
        return _LAST - (not check.holds)
    return _share_left(check.left, check.right) if check.right else _LAST - check.shown[0]


@lru_cache(maxsize=SIZES)
def _share_left(left: Any, right: Any) -> Fraction:
    return Fraction(right - left) / abs(Fraction(right))


def _sides(check: Check) -> tuple[Message, Message, Message]:
    left, right, _ = check.shown
    return figure(left), figure(right), figure(right - left)


def figure(value: Fraction) -> Message:
    """Return a number of a check, with at most three decimals."""
    return message("{value:n3}", value=value)


def values(plan: Made, verdict: Verdict, strangers: Iterable[str]) -> dict[str, Any]:
    """Return a verdict as the plain values of the JSON document: every check, numbers exact."""
    return {
        "schema": VERDICT_SCHEMA,
        "workload": plan.workload.model_dump(mode="json"),
        **plan.model_dump(mode="json", include={"monthly", "total", "status", "gap"}),
        "holds": verdict.holds,
        "other_inputs": list(strangers),
        "not_checked": list(verdict.not_checked),
        "written_by": verdict.written_by or None,
        "other_words": [{"rule": e.rule.id, "place": e.place, "words": e.shown[2]} for e in verdict.other_words],
        "violations": [check_values(check) for check in verdict.violations],
        "checks": [check_values(check) for check in verdict.checks],
    }


def check_values(check: Check) -> dict[str, Any]:
    """Return a check as plain values."""
    left, right, unit = check.shown
    return {
        **{"rule": check.rule.id, "place": check.place, "unit": unit, "holds": check.holds},
        **{"left": exact_text(left), "right": exact_text(right), "slack": exact_text(right - left)},
    }


def exact_text(value: Any) -> str:
    """Return an exact number as text: a decimal where there is one, else a fraction."""
    ratio = Fraction(value)
    rest = ratio.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return str(ratio)
    return f"{(Decimal(ratio.numerator) / Decimal(ratio.denominator)).normalize():f}"
