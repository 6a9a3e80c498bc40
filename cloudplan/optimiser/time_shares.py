"""How a limit of time is shared by the parts of a plan, storage and the pools of each site, which are solved apart.

Each part first makes some plan and some bound. Of the time that is left each part gets as large a share as its share of
what all leave between their cost and their bound. The part that leaves most comes after the others: what they do not
need of their time is left to it. What that part does not need goes to those that their share ended, again by what they
leave. Without a limit each part is improved in turn until it ends by itself.
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
    if all(part.left is not None for part in parts):
        budget = budget.less(reserve())
    waiting = parts
    while waiting and not budget.spent:
        waiting = _improved(sorted(waiting, key=_left), budget)
    return bool(waiting)


def _improved(parts: Sequence[Part], budget: Budget) -> Sequence[Part]:
    """Improve parts in turn, each within its share of the time left; return those that their share ended.

    The last one has all that is left: it ends by itself, or the budget is spent.
    """
    cut: list[Part] = []
    for number, part in enumerate(parts):
        budget_of_part = budget.share(_share(part, parts[number:]))
        if not budget_of_part.spent:
            part.improve(budget_of_part)
        if budget_of_part.spent:
            cut.append(part)
    return cut


def _share(part: Part, waiting: Sequence[Part]) -> Fraction:
    """Return the share of a part among those that wait: by what it leaves, or all for those without a plan."""
    without = sum(other.left is None for other in waiting)
    if without:
        return Fraction(part.left is None, without)
    left = sum((other.left or Fraction(0) for other in waiting), Fraction(0))
    return (part.left or Fraction(0)) / left if left else Fraction(1, len(waiting))


def _left(part: Part) -> tuple[bool, Fraction]:
    """Return what a part leaves, as an order: those without a plan come last, and get what the others do not need."""
    return part.left is None, part.left or Fraction(0)
