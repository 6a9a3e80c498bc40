"""What of a quote stands already: where something stood, each line is what is kept of it, and what is new."""

from dataclasses import dataclass
from decimal import Decimal

from cloudplan.base import money
from cloudplan.plan.plan import Change
from cloudplan.sales.quote import Quote, QuoteLine


@dataclass(frozen=True)
class Split:
    """A line of a quote, and how much of the item stood before; None where nobody told."""

    line: QuoteLine
    before: int | None

    @property
    def new(self) -> int | None:
        """How many units are new."""
        return None if self.before is None else max(0, self.line.line.quantity - self.before)

    @property
    def given_back(self) -> int | None:
        """How many units are given back."""
        return None if self.before is None else max(0, self.before - self.line.line.quantity)

    @property
    def net_new(self) -> Decimal | None:
        """What the new units cost a month."""
        return None if self.new is None else money.line(self.new, self.line.unit_net)

    @property
    def net_kept(self) -> Decimal | None:
        """What is left of the line: what those cost that are kept."""
        return None if self.net_new is None else self.line.net - self.net_new


def splits(quote: Quote) -> tuple[Split, ...]:
    """Return the lines of a quote with what stood of each; none where nothing is said of what stands."""
    if quote.plan.changes is None:
        return ()
    changes = {(each.site, each.sku): each for each in quote.plan.changes}
    return tuple(Split(line, _before(line, changes.get((line.line.site, line.line.sku)))) for line in quote.lines)


def _before(line: QuoteLine, change: Change | None) -> int | None:
    return change.before if change else line.line.quantity


def given_back(quote: Quote) -> tuple[Change, ...]:
    """Return the items that stood and of which nothing is left; licences of others are no part of a quote."""
    return tuple(each for each in quote.plan.changes or () if each.sku and not each.after)
