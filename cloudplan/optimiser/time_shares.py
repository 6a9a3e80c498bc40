"""How a limit of time is shared by the parts of a plan, storage and the pools of each site, which are solved apart.

Each part first makes some plan and some bound. Of the time that is left each part gets as large a share as its share of
what all leave between their cost and their bound. The part that leaves most comes after the others: what they do not
need of their time is left to it. Without a limit each part is improved in turn until it ends by itself.
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
    most, *others = sorted(parts, key=_urgency)
    kept = _left(most) / (_left(most) + _all(others)) if _left(most) else Fraction(int(most.left is None))
    waiting = _improved(others, budget.share(1 - kept))
    _improved([most, *waiting], budget)
    return budget.spent


def _improved(parts: Sequence[Part], budget: Budget) -> Sequence[Part]:
    """Improve parts in turn within a budget; return those that it did not reach."""
    for number, part in enumerate(parts):
        if budget.spent:
            return parts[number:]
        waiting = parts[number:]
        share = _left(part) / _all(waiting) if _left(part) else Fraction(1, len(waiting))
        part.improve(budget.share(share))
    return ()


def _all(parts: Sequence[Part]) -> Fraction:
    return sum((_left(part) for part in parts), Fraction(0))


def _left(part: Part) -> Fraction:
    return part.left or Fraction(0)


def _urgency(part: Part) -> tuple[bool, Fraction]:
    """Parts without a plan come first, then those that leave most."""
    return part.left is not None, -_left(part)
