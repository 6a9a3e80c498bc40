"""A comparison as a report and as plain values: each alternative beside the optimum, with a bar for its cost."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cloudplan.analysis.breakpoints import Breakpoints
from cloudplan.analysis.compare import Alternative, Comparison
from cloudplan.base.language import Message, message
from cloudplan.plan.plan import Plan
from cloudplan.plan.wording import joined
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.tables.plan import ILLUSTRATIVE, gap, own_catalog, priced, status
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, Text

COMPARISON_SCHEMA = "cloudplan/comparison/v1"
PROOF = "Proof"
BARS = ("Cost", "Monthly")
"""Of the page: the column that is drawn, and the one with the numbers."""
LONGEST_BAR, BLOCKS = 8, " ▏▎▍▌▋▊▉█"


def report(comparison: Comparison, breaks: Breakpoints | None) -> Report:
    """Return a comparison for people."""
    optimum = comparison.optimum
    assert optimum.plan is not None
    plan = optimum.plan
    found = [each for each in comparison.alternatives if each.plan]
    most = max(each.plan.cost for each in (optimum, *found) if each.plan)
    rows = tuple(_row(each, plan, most) for each in (optimum, *comparison.alternatives))
    currency = plan.prices.currency
    columns = (
        *(Column("Alternative"), Column("Monthly", "money", currency)),
        *(Column("Difference", "change", currency), Column(PROOF), Column("Hosts", "whole"), Column("Spare", "whole")),
        *(Column("Clusters", "whole"), Column("Gap", "discount"), Column("Gives up"), Column("Cost")),
    )
    table = Table("Alternatives", columns, rows, "Each is sized again and proven by itself.")
    parts: list[Table | Notes] = [table if any(table.values(PROOF)) else table.without(PROOF)]
    none = tuple((_name(each), each.why) for each in comparison.alternatives if not each.plan)
    if none:
        parts.append(Notes("No plan", none))
    if breaks:
        parts.append(breakpoints(breaks, plan))
    summary: tuple[Text, ...] = (*head(optimum), _headline(comparison, plan), *own_catalog(plan))
    return Report(message("{name}: compared", name=plan.workload.name), summary, tuple(parts))


def head(optimum: Alternative) -> tuple[Message, ...]:
    """Return what the workload costs as asked for, below the mark of illustrative prices."""
    plan = optimum.plan
    assert plan is not None
    first = message(
        "{name} as asked for: {priced}; {hosts} hosts.",
        name=plan.workload.name,
        priced=priced(plan),
        hosts=optimum.hosts,
    )
    return (ILLUSTRATIVE, first) if plan.prices.illustrative else (first,)


def _headline(comparison: Comparison, plan: Plan) -> Message:
    """Return which alternative that keeps every requirement is the cheapest."""
    cheapest = comparison.cheapest
    if cheapest is None:
        return message("No alternative that keeps every requirement costs less.")
    sure = "Cheapest that keeps every requirement: {name}, {less:m} {currency} a month less."
    unsure = (
        "Cheapest that keeps every requirement: {name}, {less:m} {currency} a month less, within the gaps of the two "
        "plans."
    )
    values = {"name": _name(cheapest), "less": -cheapest.difference(plan), "currency": plan.prices.currency}
    return message(sure if cheapest.is_proven(plan) else unsure, **values)


def _row(each: Alternative, optimum: Plan, most: Decimal) -> tuple[Cell, ...]:
    gone = lost(each.gives_up) if each.gives_up else None
    if each.plan is None:
        return (_name(each), None, None, None, None, None, None, message("no plan"), gone, "")
    plan = each.plan
    figures = (each.hosts, each.spare, len(plan.clusters))
    return (_name(each), plan.cost, *_difference(each, optimum), *figures, gap(plan), gone, bar(plan.cost, most))


def _difference(each: Alternative, optimum: Plan) -> tuple[Cell, Cell]:
    """Return what an alternative costs more, at most where the gaps leave it open, and a word for that."""
    difference = each.difference(optimum)
    if each.is_proven(optimum):
        return difference, ""
    shown = message("{difference:+}", difference=difference)
    return message("≤ {difference:+}", difference=difference) if difference > 0 else shown, message("not proven")


def _name(each: Alternative) -> Message:
    return named(each.theme, each.name)


def named(theme: str, name: str) -> Message:
    """Return what an alternative is; the name of one that varies fields, whose theme is their paths, says it all."""
    if not theme or "." in theme:
        return phrase(name)
    found = phrase(f"{theme}: {name}")
    apart = message("{theme}: {one}", theme=phrase(theme), one=phrase(name))
    return found if found.template.startswith(f"{theme}: ") else apart


def lost(gives_up: Sequence[str]) -> Message:
    """Return what an alternative does not keep."""
    return joined(*map(phrase, gives_up), between="; ")


def bar(value: Decimal, most: Decimal) -> str:
    """Return a bar of characters, as long as a value is of the most."""
    eighths = int(value * LONGEST_BAR * 8 / most) if most else 0
    return (BLOCKS[8] * (eighths // 8) + BLOCKS[eighths % 8]).rstrip()


def breakpoints(breaks: Breakpoints, plan: Plan) -> Notes:
    """Return how much growth fits, and what would save a host."""
    return Notes("Breakpoints", tuple(_breaks(breaks, plan)))


def _breaks(breaks: Breakpoints, plan: Plan) -> list[tuple[Text, Text]]:
    found: list[tuple[Text, Text]] = []
    if breaks.fits_percent is None:
        found.append((message("100 % more of CPU and memory still fits {hosts} hosts", hosts=breaks.hosts), ""))
    else:
        then = "{percent} % more of CPU and memory fits {hosts} hosts; then {change}"
        last = "{percent} % more of CPU and memory fits {hosts} hosts; then nothing fits"
        change = {"change": _change(breaks.next_plan, plan)} if breaks.next_plan else {}
        found.append((message(then if change else last, percent=breaks.fits_percent, hosts=breaks.hosts, **change), ""))
    if breaks.saves_percent is None:
        found.append((message("50 % less of CPU and memory saves no host"), ""))
    else:
        change = {"change": _change(breaks.saving_plan, plan)}
        found.append((message("{percent} % less saves a host: {change}", percent=breaks.saves_percent, **change), ""))
    return found


def _change(other: Plan | None, plan: Plan) -> Message:
    assert other is not None
    hosts = sum(cluster.hosts for cluster in other.clusters)
    return message(
        "{hosts} hosts, {difference:+} {currency} a month ({status})",
        hosts=hosts,
        difference=other.cost - plan.cost,
        currency=plan.prices.currency,
        status=status(other),
    )


def values(comparison: Comparison, breaks: Breakpoints | None) -> dict[str, Any]:
    """Return a comparison as the plain values of the JSON document."""
    optimum = comparison.optimum.plan
    assert optimum is not None
    return {
        "schema": COMPARISON_SCHEMA,
        "workload": optimum.workload.model_dump(mode="json"),
        "currency": optimum.prices.currency,
        "alternatives": [_values(each, optimum) for each in (comparison.optimum, *comparison.alternatives)],
        "breakpoints": breaks
        and {
            "hosts": breaks.hosts,
            "fits_percent": breaks.fits_percent,
            "saves_percent": breaks.saves_percent,
            "next_monthly": str(breaks.next_plan.cost) if breaks.next_plan else None,
            "next_gap": breaks.next_plan.gap if breaks.next_plan else None,
            "saving_monthly": str(breaks.saving_plan.cost) if breaks.saving_plan else None,
            "saving_gap": breaks.saving_plan.gap if breaks.saving_plan else None,
        },
    }


def _values(each: Alternative, optimum: Plan) -> dict[str, Any]:
    plan = each.plan
    return {
        **{"theme": each.theme, "name": each.name, "edits": dict(each.edits), "why": each.why},
        "monthly": str(plan.monthly) if plan else None,
        **({"total_monthly": str(plan.cost)} if plan and plan.third_party else {}),
        "difference": str(each.difference(optimum)) if plan else None,
        "difference_proven": each.is_proven(optimum) if plan else None,
        "gives_up": list(each.gives_up),
        "lower_bound": str(plan.lower_bound) if plan else None,
        "gap": plan.gap if plan else None,
        **{"hosts": each.hosts, "spare_hosts": each.spare},
    }
