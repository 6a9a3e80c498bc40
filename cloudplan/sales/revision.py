"""What a quote changes of an earlier one: its plan under the same terms, before and now, by cause and line by line."""

from dataclasses import dataclass
from decimal import Decimal

from cloudplan.base.brief import Brief


@dataclass(frozen=True)
class Figures:
    """A line of the plan in one of the two quotes: its quantity, and its prices under the terms."""

    quantity: int
    unit_net: Decimal
    net: Decimal


NO_LINE = Figures(0, Decimal("0.00"), Decimal("0.00"))


@dataclass(frozen=True, repr=False)
class Cause(Brief):
    """Causes that were applied together, as `diff` names them, and what they move the plan by, a month."""

    names: tuple[str, ...]
    difference: Decimal


@dataclass(frozen=True, repr=False)
class Move(Brief):
    """A line that moved: before and now, None where there is none, and the causes that moved it."""

    site: str
    label: str
    unit: str
    before: Figures | None
    after: Figures | None
    causes: tuple[str, ...]

    @property
    def difference(self) -> Decimal:
        """What the line costs more a month than before."""
        return (self.after or NO_LINE).net - (self.before or NO_LINE).net


@dataclass(frozen=True, repr=False)
class Revision(Brief):
    """The difference from an earlier plan, at the terms of the new quote; causes sum to it, and so do lines."""

    before: Decimal
    after: Decimal
    causes: tuple[Cause, ...]
    lines: tuple[Move, ...]

    @property
    def difference(self) -> Decimal:
        """What the plan costs more a month than before."""
        return self.after - self.before
