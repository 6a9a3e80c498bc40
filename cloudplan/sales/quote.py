"""A quote: a verified plan with terms, and what both come to. Each line is rounded once, then summed; tax is last."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from cloudplan.base import money
from cloudplan.base.errors import BadInputError
from cloudplan.catalog.edition import Edition, Item, in_region
from cloudplan.evaluation.verify import Verdict, verify
from cloudplan.plan.origin import Origin, origin_of
from cloudplan.plan.plan import BomLine, Plan
from cloudplan.sales.terms import ExtraLine, Party, Terms
from cloudplan.workload.case import Case

FAMILIES = ("Compute", "Storage", "Disaster recovery", "Backup", "Other services")


@dataclass(frozen=True)
class QuoteLine:
    """A line of the bill under the terms: its family, and its price after the commercial discount."""

    line: BomLine
    family: str
    unit_net: Decimal
    net: Decimal


@dataclass(frozen=True)
class Quote:
    """A plan and its terms; every amount is exact, without tax unless it says so."""

    plan: Plan
    terms: Terms
    case: Case

    @cached_property
    def lines(self) -> tuple[QuoteLine, ...]:
        """The lines of the plan under the commercial discount."""
        families = _families(self.case.edition, self.case.workload.region)
        found = []
        for line in self.plan.bom:
            unit_net = money.net(line.unit_price, self.terms.discount)
            family = families.get(line.sku, FAMILIES[-1])
            found.append(QuoteLine(line, family, unit_net, money.line(line.quantity, unit_net)))
        return tuple(found)

    @property
    def monthly(self) -> Decimal:
        """What the plan costs a month after the discount."""
        return _total(line.net for line in self.lines)

    @property
    def included(self) -> tuple[ExtraLine, ...]:
        """The further lines that count."""
        return tuple(line for line in self.terms.lines if line.kind == "included")

    @property
    def offered(self) -> tuple[ExtraLine, ...]:
        """The optional and alternative lines, which do not count."""
        return tuple(line for line in self.terms.lines if line.kind != "included")

    @property
    def monthly_net(self) -> Decimal:
        """What is billed a month: the plan and further monthly lines."""
        return self.monthly + _total(line.total for line in self.included if not line.one_off)

    @property
    def one_off_net(self) -> Decimal:
        """What is billed once."""
        return _total(line.total for line in self.included if line.one_off)

    @property
    def term_net(self) -> Decimal:
        """What is billed over the whole term."""
        return self.monthly_net * self.case.workload.term_months + self.one_off_net

    def vat(self, net: Decimal) -> Decimal:
        """Return the tax on a net amount, rounded half up to the cent."""
        return money.EXACT.multiply(net, self.terms.vat_rate).quantize(money.CENT, ROUND_HALF_UP)

    @property
    def customer(self) -> Party:
        """Who is offered to: of the terms, else of the workload."""
        known = self.case.workload.customer
        if self.terms.customer or known is None:
            return self.terms.customer or Party()
        return Party(name=known.organization, contact=known.contact)

    def by_family(self) -> dict[str, Decimal]:
        """Return the monthly total of each family that has lines."""
        return _grouped((line.family, line.net) for line in sorted(self.lines, key=_family_order))

    def by_site(self) -> dict[str, Decimal]:
        """Return the monthly total of each site."""
        return _grouped((line.line.site, line.net) for line in self.lines)


def quote(plan: Plan, terms: Terms | None = None) -> Quote:
    """Return the quote of a plan, verified against its own inputs and made again from its choice.

    Raises BadInputError when the plan breaks a rule, or when its inputs are not those that it was made from.
    """
    origin, _, document = verified(plan)
    return quote_of(document, origin, terms)


def quote_of(plan: Plan, origin: Origin, terms: Terms | None = None) -> Quote:
    """Return the quote of a plan that was verified already, with what it was made from."""
    return Quote(plan, terms or Terms(), Case.of(origin.workload, origin.edition, origin.prices))


def verified(plan: Plan, name: str = "") -> tuple[Origin, Verdict, Plan]:
    """Return what a plan was made from, its verdict, and its document as it follows from its choice.

    `name` stands for the plan in messages. What is shown of a plan comes from that document, never from its text.

    Raises BadInputError as `quote` does.
    """
    origin = origin_of(plan, name or "plan")
    verdict = verify(plan, origin.workload, origin.edition, origin.prices)
    if not verdict.holds or verdict.document is None:
        raise BadInputError([replace(fault, where=name) for fault in verdict.faults()])
    return origin, verdict, verdict.document


def _family_order(line: QuoteLine) -> int:
    return FAMILIES.index(line.family)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))


def _grouped(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for name, amount in pairs:
        totals[name] = totals.get(name, Decimal("0.00")) + amount
    return totals


def _families(edition: Edition, region: str) -> dict[str, str]:
    """Return the family of each SKU that a plan computes; extras are other services."""
    services = edition.services
    groups: dict[str, list[Item | None]] = {
        "Compute": [*edition.blades.values(), services.memory, services.zone],
        "Storage": [*edition.storage_classes.values()],
        "Disaster recovery": [services.global_mirror, services.vm_replication],
        "Backup": [services.backup_access, services.backup_storage],
        "Other services": [services.encryption],
    }
    return {in_region(item.sku, region): family for family, items in groups.items() for item in items if item}
