"""A verdict as a report and as plain values: every rule with its tightest place, and all that is broken."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cloudplan.base.units import number
from cloudplan.evaluation.verify import Verdict, describe
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables.table import Cell, Column, Report, Table, counted
from cloudplan.rules.rule import Inequality

VERDICT_SCHEMA = "cloudplan/verdict/v1"


def report(plan: Plan, verdict: Verdict, strangers: Iterable[str]) -> Report:
    """Return a verdict for people; `strangers` are inputs that are not those the plan says it was made from."""
    broken, others = verdict.violations, list(strangers)
    state = "keeps every rule" if not broken else f"breaks {counted(len(broken), 'check')}"
    summary = [f"{plan.workload.name} {state}: {counted(len(verdict.checks), 'check')}, without a solver."]
    summary += [f"Checked with another {what} than the plan says it was made from." for what in others]
    tables = [_violations(broken)] if broken else []
    return Report(f"{plan.workload.name}: verdict", tuple(summary), (*tables, _by_rule(verdict)))


def _violations(broken: Iterable[Inequality]) -> Table:
    rows = tuple((check.rule.id, check.place, *_sides(check), _words(check)) for check in broken)
    columns = (
        *(Column("Rule"), Column("Place"), Column("Left side"), Column("Right side"), Column("Slack")),
        Column("What is wrong"),
    )
    return Table("Violations", columns, rows)


def _words(check: Inequality) -> str:
    return describe(check) if check.right == 0 and check.left == 1 else check.unit


def _by_rule(verdict: Verdict) -> Table:
    """Return one row for each rule: how often it was checked, and where it is tightest."""
    found: dict[str, list[Inequality]] = {}
    for check in verdict.checks:
        found.setdefault(check.rule.id, []).append(check)
    rows: list[tuple[Cell, ...]] = []
    for name, checks in found.items():
        tightest = min(checks, key=_share)
        measured = not (tightest.right == 0 and tightest.left in (0, 1))
        sides = _sides(tightest) if measured else (None, None, None)
        unit = tightest.unit if measured else None
        rows.append((name, tightest.rule.title, len(checks), tightest.place, *sides, unit))
    columns = (
        *(Column("Rule"), Column("Title"), Column("Checks", "whole"), Column("Tightest at"), Column("Left side")),
        *(Column("Right side"), Column("Slack"), Column("Unit")),
    )
    return Table("Rules", columns, tuple(rows), "Every rule says: left side <= right side.")


def _share(check: Inequality) -> Fraction:
    """Return the slack as a share of the right side, conditions last."""
    right = Fraction(check.right)
    return check.slack / abs(right) if right else Fraction(1_000_000) + check.slack


def _sides(check: Inequality) -> tuple[str, str, str]:
    return number(Fraction(check.left), 3), number(Fraction(check.right), 3), number(check.slack, 3)


def values(plan: Plan, verdict: Verdict, strangers: Iterable[str]) -> dict[str, Any]:
    """Return a verdict as the plain values of the JSON document: every check, numbers exact."""
    return {
        "schema": VERDICT_SCHEMA,
        "workload": plan.workload.model_dump(mode="json"),
        "holds": verdict.holds,
        "other_inputs": list(strangers),
        "violations": [_check(check) for check in verdict.violations],
        "checks": [_check(check) for check in verdict.checks],
    }


def _check(check: Inequality) -> dict[str, Any]:
    return {
        **{"rule": check.rule.id, "place": check.place, "unit": check.unit, "holds": check.holds},
        **{"left": exact_text(check.left), "right": exact_text(check.right), "slack": exact_text(check.slack)},
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
