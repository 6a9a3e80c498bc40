"""The difference of two plans, split by cause as `diff` does, at the terms of the quote of the second."""

from decimal import Decimal

from cloudplan.analysis.changes import Item, LineChange, Requote
from cloudplan.base import money
from cloudplan.plan.plan import BomLine, Plan
from cloudplan.sales.net import unit_net
from cloudplan.sales.revision import Cause, Figures, Move, Revision
from cloudplan.sales.terms import Terms


def revision(change: Requote[Plan], terms: Terms) -> Revision:
    """Return what a difference of plans comes to at these terms; a cause that moved nothing is left out.

    The plans between the two are those that `diff` sized for each cause. Licences of others are no part of a quote.
    """
    totals = {id(plan): _total(plan, terms) for plan in (change.before, *(step.made for step in change.steps))}
    causes = tuple(
        Cause(step.causes, totals[id(step.made)] - totals[id(change.previous(step))])
        for step in (*change.steps[1:], change.steps[0])
    )
    lines = [_move(change, line, terms) for line in change.lines if isinstance(line.item.line, BomLine)]
    return Revision(
        totals[id(change.before)],
        totals[id(change.after)],
        tuple(cause for cause in causes if cause.difference),
        tuple(line for line in lines if line.before != line.after),
    )


def _total(plan: Plan, terms: Terms) -> Decimal:
    return sum((_figures(line, terms).net for line in plan.bom), Decimal("0.00"))


def _figures(line: BomLine, terms: Terms) -> Figures:
    price = unit_net(line, terms)
    return Figures(line.quantity, price, money.line(line.quantity, price))


def _of(item: Item | None, terms: Terms) -> Figures | None:
    return _figures(item.line, terms) if item and isinstance(item.line, BomLine) else None


def _move(change: Requote[Plan], line: LineChange, terms: Terms) -> Move:
    moved = [step for step in (*change.steps[1:], change.steps[0]) if line.by_step[step.name]]
    return Move(
        site=line.site,
        label=line.item.line.label,
        unit=line.item.line.unit,
        before=_of(line.before, terms),
        after=_of(line.after, terms),
        causes=tuple(dict.fromkeys(cause for step in moved for cause in step.causes)),
    )
