"""The difference of two plans, split by cause as `diff` does, at the terms of the quote of the second."""

from decimal import Decimal

from cloudplan.analysis.changes import LineChange, Requote
from cloudplan.base import money
from cloudplan.plan.plan import BomLine, Plan
from cloudplan.sales.net import unit_net
from cloudplan.sales.revision import NO_LINE, Cause, Figures, Move, Revision
from cloudplan.sales.terms import Terms


def revision(change: Requote, terms: Terms) -> Revision:
    """Return what a difference of plans comes to at these terms; a cause that moved nothing is left out.

    The plans between the two are those that `diff` sized for each cause.
    """
    totals = {id(plan): _total(plan, terms) for plan in (change.before, *(step.plan for step in change.steps))}
    causes = tuple(
        Cause(step.causes, totals[id(step.plan)] - totals[id(change.previous(step))])
        for step in (*change.steps[1:], change.steps[0])
    )
    lines = [_move(change, line, terms) for line in change.lines]
    return Revision(
        totals[id(change.before)],
        totals[id(change.after)],
        tuple(cause for cause in causes if cause.difference),
        tuple(line for line in lines if line.before != line.after),
    )


def _total(plan: Plan, terms: Terms) -> Decimal:
    return sum((_figures(line, terms).net for line in plan.bom), Decimal("0.00"))


def _figures(line: BomLine | None, terms: Terms) -> Figures:
    if line is None:
        return NO_LINE
    price = unit_net(line, terms)
    return Figures(line.quantity, price, money.line(line.quantity, price))


def _move(change: Requote, line: LineChange, terms: Terms) -> Move:
    moved = [step for step in (*change.steps[1:], change.steps[0]) if line.by_step[step.name]]
    return Move(
        site=line.site,
        label=line.line.label,
        unit=line.line.unit,
        before=_figures(line.before, terms) if line.before else None,
        after=_figures(line.after, terms) if line.after else None,
        causes=tuple(dict.fromkeys(cause for step in moved for cause in step.causes)),
    )
