"""Two plans, or two roadmaps: what differs in what they cost, line by line, and through which cause."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from cloudplan.base.brief import Brief
from cloudplan.base.views import Tabled
from cloudplan.catalog.edition import Edition, in_region
from cloudplan.evaluation.estate_changes import LICENCE
from cloudplan.plan.origin import Made, Origin
from cloudplan.plan.plan import BomLine, Plan, ThirdPartyLine
from cloudplan.plan.roadmap import Roadmap

MadeT = TypeVar("MadeT", bound=Plan | Roadmap)
NOTHING = Decimal("0.00")
OPTIMISER = "optimiser"
"""What no input moved: the same inputs solved again, with another gap or another version of the program."""

SECOND = "the second optimiser"
"""What a second plan differs by from the cheapest of its own inputs: its gap, another program, or a hand."""

Line = BomLine | ThirdPartyLine
Place = tuple[str, str]
"""A site and the SKU of an item in one spelling, or `LICENCE` and the name of a licence of others."""
Spelled = Mapping[str, str]
"""The one spelling of each SKU."""


@dataclass(frozen=True, repr=False)
class Step(Brief, Generic[MadeT]):
    """A plan or a roadmap after one more cause was applied; causes that cannot stand alone are applied together."""

    causes: tuple[str, ...]
    made: MadeT
    because: str = ""
    """Why several causes are one step."""

    @property
    def name(self) -> str:
        """The causes as one name."""
        return " and ".join(self.causes)


@dataclass(frozen=True, repr=False)
class Item(Brief):
    """An item of a site, or a licence of others, as it is billed: a month by a plan, all months by a roadmap."""

    line: Line
    """Its line; of a roadmap that of the last phase that has it, of a licence that of the last cluster."""
    amount: Decimal
    course: tuple[tuple[str, int], ...]
    """The quantity from each month on, YYYY-MM, where it changes; of a plan one, without a month."""

    @property
    def quantity(self) -> int:
        """The last quantity."""
        return self.course[-1][1] if self.course else 0


@dataclass(frozen=True, repr=False)
class LineChange(Brief):
    """One site and item in both bills; amounts by the name of the step that moved them."""

    site: str
    sku: str
    """In one spelling; of a licence `LICENCE` and its name."""
    item: Item
    """The newest of this item, in any of the bills: it may stand in none but one in between."""
    before: Item | None
    after: Item | None
    by_step: Mapping[str, Decimal]

    @property
    def difference(self) -> Decimal:
        """What the line costs more than before."""
        return _amount(self.after) - _amount(self.before)


@dataclass(frozen=True, repr=False)
class Requote(Brief, Tabled, Generic[MadeT]):
    """A plan or roadmap and the new one, what each was made from, and the steps between them.

    The first step is the optimiser's. Amounts are those of `cost_of`.
    """

    before: MadeT
    origin: Origin
    renewed: Origin
    steps: tuple[Step[MadeT], ...]
    lines: tuple[LineChange, ...]

    @property
    def after(self) -> MadeT:
        """The new plan or roadmap."""
        return self.steps[-1].made

    @property
    def solved(self) -> bool:
        """Whether anything was solved: not where nothing changed and a plan is proven already."""
        return any(step.made is not self.before for step in self.steps if step.causes != (SECOND,))

    @property
    def difference(self) -> Decimal:
        """What the new one costs more; the steps sum to it, and so do the lines."""
        return cost_of(self.after) - cost_of(self.before)

    def moved_by(self, step: Step[MadeT]) -> Decimal:
        """Return what a step moved the total by."""
        return cost_of(step.made) - cost_of(self.previous(step))

    def previous(self, step: Step[MadeT]) -> MadeT:
        """Return the plan or roadmap that a step starts from."""
        position = self.steps.index(step)
        return self.steps[position - 1].made if position else self.before


def cost_of(made: Made) -> Decimal:
    """Return what is minimised, licences of others included: of a plan a month, of a roadmap all months."""
    return made.total if isinstance(made, Roadmap) else made.cost


def line_changes(before: MadeT, steps: Sequence[Step[MadeT]], spelled: Spelled) -> tuple[LineChange, ...]:
    """Return every line of these bills, with what each step moved; lines as in the last bill, then those that left.

    Two spellings of one SKU are one line. The amounts of a line sum to its difference, and the differences of all lines
    to that of the totals.
    """
    bills = [billed(made, spelled) for made in (before, *(step.made for step in steps))]
    keys = list(dict.fromkeys(key for bill in reversed(bills) for key in bill))
    return tuple(
        LineChange(
            site=site,
            sku=sku,
            item=next(bill[site, sku] for bill in reversed(bills) if (site, sku) in bill),
            before=bills[0].get((site, sku)),
            after=bills[-1].get((site, sku)),
            by_step={
                step.name: _amount(new.get((site, sku))) - _amount(old.get((site, sku)))
                for step, old, new in zip(steps, bills[:-1], bills[1:], strict=True)
            },
        )
        for site, sku in keys
    )


def spellings(region: str, editions: Iterable[Edition]) -> Spelled:
    """Return one spelling for each SKU of the editions, that of the last edition which sells it."""
    spelled: dict[str, str] = {}
    for edition in editions:
        for item in edition.items():
            for sku in item.skus:
                spelled[in_region(sku, region)] = in_region(item.sku, region)
    return spelled


def billed(made: Made, spelled: Spelled) -> dict[Place, Item]:
    """Return the items that a plan or a roadmap bills, by site and item in the order of its lines."""
    plans = (
        [("", 1, made)] if isinstance(made, Plan) else [(each.from_, each.months, each.plan) for each in made.phases]
    )
    bills = [_by_place(plan, spelled) for _, _, plan in plans]
    return {
        place: Item(
            line=next(bill[place][-1] for bill in reversed(bills) if place in bill),
            amount=sum(
                (
                    months * line.monthly
                    for (_, months, _), bill in zip(plans, bills, strict=True)
                    for line in bill.get(place, ())
                ),
                NOTHING,
            ),
            course=_course(
                (month, sum(line.quantity for line in bill.get(place, ())))
                for (month, _, _), bill in zip(plans, bills, strict=True)
            ),
        )
        for place in dict.fromkeys(place for bill in bills for place in bill)
    }


def _by_place(plan: Plan, spelled: Spelled) -> Mapping[Place, list[Line]]:
    found: defaultdict[Place, list[Line]] = defaultdict(list)
    for line in plan.bom:
        found[line.site, spelled.get(line.sku, line.sku)].append(line)
    for owed in plan.third_party.lines if plan.third_party else ():
        found[owed.site, f"{LICENCE}{owed.licence}"].append(owed)
    return found


def _course(quantities: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Return quantities from the month on in which they change, from the first that is not 0."""
    course: list[tuple[str, int]] = []
    for month, quantity in quantities:
        if quantity != (course[-1][1] if course else 0):
            course.append((month, quantity))
    return tuple(course)


def _amount(item: Item | None) -> Decimal:
    return item.amount if item else NOTHING
