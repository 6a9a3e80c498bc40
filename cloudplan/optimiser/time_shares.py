"""How a limit of time is shared by the parts of a plan, storage and the pools of each site, which are solved apart.

Each part first makes some plan and some bound. Then the part that leaves most between its cost and its bound is
improved first, for a share of the time that is left as large as its share of what all those still waiting leave.
Without a limit each part is improved in turn until it ends by itself.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Protocol

from cloudplan.optimiser.solver import Budget


class Part(Protocol):
    """A part of a plan that is solved by itself."""

    @property
    def left(self) -> Fraction | None:
        """What is left between its cost and its bound; None while it has no plan."""

    def start(self, budget: Budget) -> None:
        """Make some plan and some bound, quickly."""

    def improve(self, budget: Budget) -> None:
        """Make both better, until they are proven or the budget is spent."""


def improve_all(parts: Sequence[Part], budget: Budget, reserve: Callable[[], float]) -> bool:
    """Improve the parts of a plan within a budget; return whether its limit of time ended that.

    `reserve` says, once all have a plan, how many seconds to keep for its end.
    """
    if budget.deadline is None:
        for part in parts:
            part.improve(budget)
        return False
    for part in parts:
        part.start(budget)
    waiting = sorted(parts, key=_urgency)
    if all(part.left is not None for part in parts):
        budget = budget.less(reserve())
    while waiting and not budget.spent:
        part, rest = waiting[0], sum((_left(other) for other in waiting), Fraction(0))
        share = _left(part) / rest if rest else Fraction(1, len(waiting))
        part.improve(budget.share(Fraction(1, len(waiting)) if part.left is None else share))
        waiting = waiting[1:]
    return budget.spent


def _left(part: Part) -> Fraction:
    return part.left or Fraction(0)


def _urgency(part: Part) -> tuple[bool, Fraction]:
    """Parts without a plan come first, then those that leave most."""
    return part.left is not None, -_left(part)
