"""Two plans: what differs in their bills, line by line, and through which cause."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cloudplan.catalog.edition import Edition, in_region
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import BomLine, Plan

NOTHING = Decimal("0.00")
OPTIMISER = "optimiser"
"""What no input moved: the same inputs solved again, with another gap or another version of the program."""

SECOND = "the second optimiser"
"""What a second plan differs by from the cheapest of its own inputs: its gap, another program, or a hand."""


@dataclass(frozen=True)
class Step:
    """A plan after one more cause was applied; causes that cannot stand alone are applied together."""

    causes: tuple[str, ...]
    plan: Plan
    because: str = ""
    """Why several causes are one step."""

    @property
    def name(self) -> str:
        """The causes as one name."""
        return " and ".join(self.causes)


@dataclass(frozen=True)
class LineChange:
    """One site and item in both bills; amounts a month by the name of the step that moved them."""

    site: str
    sku: str
    line: BomLine
    """The newest line of this item, in any of the bills: it may stand in none but one in between."""
    before: BomLine | None
    after: BomLine | None
    by_step: Mapping[str, Decimal]

    @property
    def difference(self) -> Decimal:
        """What the line costs more a month than before."""
        return _monthly(self.after) - _monthly(self.before)


@dataclass(frozen=True)
class Requote:
    """A plan and the new one, what each was made from, and the steps between them; the first one is the optimiser's."""

    before: Plan
    origin: Origin
    renewed: Origin
    steps: tuple[Step, ...]
    lines: tuple[LineChange, ...]

    @property
    def after(self) -> Plan:
        """The new plan."""
        return self.steps[-1].plan

    @property
    def solved(self) -> bool:
        """Whether anything was solved: not where nothing changed and a plan is proven already."""
        return any(step.plan is not self.before for step in self.steps if step.causes != (SECOND,))

    @property
    def difference(self) -> Decimal:
        """What the new plan costs more a month; the steps sum to it, and so do the lines."""
        return self.after.monthly - self.before.monthly

    def moved_by(self, step: Step) -> Decimal:
        """Return what a step moved the total by."""
        return step.plan.monthly - self.previous(step).monthly

    def previous(self, step: Step) -> Plan:
        """Return the plan that a step starts from."""
        position = self.steps.index(step)
        return self.steps[position - 1].plan if position else self.before


def line_changes(before: Plan, steps: Sequence[Step], editions: Iterable[Edition]) -> tuple[LineChange, ...]:
    """Return every line of these bills, with what each step moved; lines as in the last bill, then those that left.

    Two spellings of one SKU, in any of `editions`, are one line. The amounts of a line sum to its difference, and the
    differences of all lines to that of the totals.
    """
    spelled = _spellings(before.inputs.workload["region"], editions)
    bills = [_by_item(plan, spelled) for plan in (before, *(step.plan for step in steps))]
    keys = list(dict.fromkeys(key for bill in reversed(bills) for key in bill))
    return tuple(
        LineChange(
            site=site,
            sku=sku,
            line=next(bill[site, sku] for bill in reversed(bills) if (site, sku) in bill),
            before=bills[0].get((site, sku)),
            after=bills[-1].get((site, sku)),
            by_step={
                step.name: _monthly(new.get((site, sku))) - _monthly(old.get((site, sku)))
                for step, old, new in zip(steps, bills[:-1], bills[1:], strict=True)
            },
        )
        for site, sku in keys
    )


def _spellings(region: str, editions: Iterable[Edition]) -> dict[str, str]:
    """Return one spelling for each SKU of the editions, that of the last edition which sells it."""
    spelled: dict[str, str] = {}
    for edition in editions:
        for item in edition.items():
            for sku in item.skus:
                spelled[in_region(sku, region)] = in_region(item.sku, region)
    return spelled


def _by_item(plan: Plan, spelled: Mapping[str, str]) -> dict[tuple[str, str], BomLine]:
    return {(line.site, spelled.get(line.sku, line.sku)): line for line in plan.bom}


def _monthly(line: BomLine | None) -> Decimal:
    return line.monthly if line else NOTHING
