"""Options, cost against risk, as a report, as points of a picture, and as plain values."""

from decimal import Decimal
from typing import Any

from markupsafe import Markup

from cloudplan.analysis.breakpoints import Breakpoints
from cloudplan.analysis.options import Option, Options, Step
from cloudplan.base.language import Language, Message, message
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.scatter import Dot, dots
from cloudplan.presentation.tables import compare
from cloudplan.presentation.tables.compare import bar, lost
from cloudplan.presentation.tables.plan import gap, own_catalog
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, Text

TITLE = "Options"
COST, CORES, NUMBER, DOMINATED = "Monthly", "Cores then", "No.", "Dominated by"
BARS = ("Picture", "More than the cheapest")
"""Of the page: the column that is drawn, and the one with the numbers."""
WORDS = {
    "policy.host_failures": message("host failures"),
    "policy.vcpu_per_core": message("vCPUs a core"),
    "policy.memory_ceiling": message("memory ceiling"),
    "policy.host_memory_reserve_gib": message("host memory reserve"),
}


def report(found: Options, breaks: Breakpoints | None = None) -> Report:
    """Return options for people."""
    plan = found.optimum.plan
    assert plan is not None
    summary: tuple[Text, ...] = (*compare.head(found.optimum), _proven(found), _dominated(found), *own_catalog(plan))
    parts: list[Table | Notes] = [table(found), frontier(found), steps(found), proofs(found)]
    none = tuple(
        (phrase(option.alternative.name), phrase(option.alternative.why))
        for option in found.options
        if option.alternative.plan is None
    )
    if none:
        parts.append(Notes("No plan", none))
    if breaks:
        parts.append(compare.breakpoints(breaks, plan))
    return Report(message("{name}: cost against risk", name=plan.workload.name), summary, tuple(parts))


def _proven(found: Options) -> Message:
    """Return how well all options are proven."""
    most = max((gap(option.alternative.plan) for option in found.options if option.alternative.plan), default=0)
    return message(
        "{count:n} options, each proven by itself or by others: within {share:n4} %.",
        count=len(found.options),
        share=Decimal(most) * 100,
    )


def _dominated(found: Options) -> Message:
    count = sum(option.dominated_by is not None for option in found.options)
    if not count:
        return message("None is dominated: each saves something, or is more careful in something.")
    return message(
        "{count:n} of them are dominated: another is at least as careful in everything and costs no more.", count=count
    )


def table(found: Options) -> Table:
    """Return every option with its cost, its risk, and which one dominates it."""
    rows: list[tuple[Cell, ...]] = []
    for number, option in enumerate(found.options, 1):
        plan, beside = option.alternative.plan, option.dominated_by
        figures: tuple[Cell, ...] = (None,) * 5
        if plan:
            better = None if beside is None else beside + 1
            figures = (plan.cost, option.alternative.hosts, option.may_fail, option.cores, better)
        rows.append((number, *_values(option), *figures))
    columns = (
        *(Column(NUMBER, "whole"), Column("N+f"), Column("vCPUs a core", "quantity"), Column("Ceiling", "share")),
        *(Column("Reserve", "whole", "GiB"), Column(COST, "money", _currency(found)), Column("Hosts", "whole")),
        *(Column("May fail", "whole"), Column(CORES, "whole"), Column(DOMINATED, "whole")),
    )
    note = "May fail: hosts that can be lost, of each cluster its share; then: the cores of the others."
    return Table(TITLE, columns, tuple(rows), note)


def proofs(found: Options) -> Table:
    """Return every option beside the workload as asked for, with its proof and what it gives up."""
    base = found.optimum.plan
    assert base is not None
    rows: list[tuple[Cell, ...]] = []
    for number, option in enumerate(found.options, 1):
        each, plan = option.alternative, option.alternative.plan
        gone = lost(each.gives_up) if each.gives_up else None
        if plan is None:
            rows.append((number, None, None, None, message("no plan"), gone))
        else:
            figures = (each.difference(base), plan.lower_bound, gap(plan), option.vcpus_per_core)
            rows.append((number, *figures, gone))
    currency = _currency(found)
    columns = (
        *(Column(NUMBER, "whole"), Column("Difference", "change", currency), Column("Lower bound", "money", currency)),
        *(Column("Gap", "discount"), Column("vCPUs a core then", "quantity"), Column("Gives up")),
    )
    return Table("What each option gives up", columns, tuple(rows)).without_empty()


def _currency(found: Options) -> str:
    assert found.optimum.plan is not None
    return found.optimum.plan.prices.currency


def frontier(found: Options) -> Table:
    """Return the options that no other dominates, the cheapest first, each with a bar of what it costs more."""
    plans = {number: option for number, option in enumerate(found.options, 1) if option.alternative.plan}
    kept = [number for number, option in plans.items() if option.dominated_by is None]
    costs = {number: _cost(plans[number]) for number in kept}
    least, most = min(costs.values(), default=Decimal(0)), max(costs.values(), default=Decimal(0))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            number,
            phrase(plans[number].alternative.name),
            costs[number],
            costs[number] - least,
            _bar(costs[number], least, most),
        )
        for number in sorted(kept, key=lambda number: (costs[number], number))
    )
    currency = _currency(found)
    columns = (
        *(Column(NUMBER, "whole"), Column("Option"), Column(COST, "money", currency)),
        *(Column("More than the cheapest", "change", currency), Column("Picture")),
    )
    return Table("Options not dominated", columns, rows, "The cheapest first.")


def _bar(cost: Decimal, least: Decimal, most: Decimal) -> str:
    return bar(cost - least, most - least) or "▏"


def picture(found: Options, spoken: Language) -> Markup:
    """Return cost against the cores that are left: options that none dominates by number, the others small."""
    failures = sorted({option.values[0] for option in found.options})
    points = [
        Dot(
            option.cores,
            _cost(option),
            failures.index(option.values[0]),
            str(number) if option.dominated_by is None else "",
        )
        for number, option in enumerate(found.options, 1)
        if option.alternative.plan
    ]
    titles = spoken.word("Cores that are left when hosts are lost"), f"{spoken.word('Monthly')} ({_currency(found)})"
    series = [spoken.said(value_of("policy.host_failures", value)) for value in failures]
    return dots(points, titles, series, spoken)


def steps(found: Options) -> Table:
    """Return what each step to the next more careful value costs."""
    currency = _currency(found)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            message("{field}: {low} → {high}", field=WORDS[step.field], low=_low(step), high=_high(step)),
            step.cost,
            message("") if step.proven or step.cost is None else message("not proven"),
            step.least,
            step.most,
        )
        for step in found.steps
    )
    columns = (
        *(Column("Step"), Column("A month", "change", currency), Column("Proof")),
        *(Column("Least of all", "change", currency), Column("Most of all", "change", currency)),
    )
    note = "All else as asked for; least and most are those of all options."
    whole = Table("What each step costs", columns, rows, note)
    return whole if any(step.cost is not None and not step.proven for step in found.steps) else whole.without("Proof")


def _low(step: Step) -> Message:
    return value_of(step.field, step.low)


def _high(step: Step) -> Message:
    return value_of(step.field, step.high)


def value_of(field: str, value: Decimal) -> Message:
    """Return a value of an axis as a reader has it."""
    if field == "policy.host_failures":
        return message("N+{failures}", failures=value)
    if field == "policy.memory_ceiling":
        return message("{share:p}", share=value)
    if field == "policy.host_memory_reserve_gib":
        return message("{gib:n} GiB", gib=value)
    return message("{value:n2}", value=value)


def _values(option: Option) -> tuple[Cell, ...]:
    failures, ratio, ceiling, reserve = option.values
    return (value_of("policy.host_failures", failures), ratio, ceiling, reserve)


def _cost(option: Option) -> Decimal:
    assert option.alternative.plan is not None
    return option.alternative.plan.cost


def values(found: Options, breaks: Breakpoints | None = None) -> dict[str, Any]:
    """Return options as the plain values of the JSON document: a comparison, with what options have beside."""
    document = compare.values(found.comparison, breaks)
    first, *others = document["alternatives"]
    points = [
        {**each, "option": _plain(found, number, option)}
        for number, (each, option) in enumerate(zip(others, found.options, strict=True), 1)
    ]
    return {
        **document,
        "alternatives": [first, *points],
        "axes": [{"field": axis.field, "values": [f"{value:f}" for value in axis.values]} for axis in found.axes],
        "steps": [
            {
                "field": step.field,
                "from": f"{step.low:f}",
                "to": f"{step.high:f}",
                "monthly": _text(step.cost),
                "proven": step.proven,
                "least": _text(step.least),
                "most": _text(step.most),
            }
            for step in found.steps
        ],
    }


def _plain(found: Options, number: int, option: Option) -> dict[str, Any]:
    pairs = zip(found.axes, option.values, strict=True)
    return {
        "number": number,
        "values": {axis.field: f"{value:f}" for axis, value in pairs},
        "dominated_by": None if option.dominated_by is None else option.dominated_by + 1,
        "searched": option.searched,
        "may_fail": option.may_fail,
        "cores_left": option.cores,
        "vcpus_per_core_left": _text(option.vcpus_per_core),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
