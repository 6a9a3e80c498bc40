"""A quote: a verified plan with terms, for a reader, and what they come to. It feeds workbook, page and CSV alike.

Each line is rounded once, then summed. Tax is that of the invoices: one a month and one for what is billed once, each
rounded by rate.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from cloudplan.base import money
from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError
from cloudplan.base.program import program
from cloudplan.base.views import Tabled
from cloudplan.catalog.edition import Edition, Item, in_region
from cloudplan.evaluation.verify import Verdict, verify
from cloudplan.plan.origin import Made, Origin, origin_of
from cloudplan.plan.plan import BomLine, Plan
from cloudplan.sales.net import at_net, net_book, net_terms, unit_net
from cloudplan.sales.over_time import OverTime
from cloudplan.sales.priced import Audience, Priced
from cloudplan.sales.revision import Revision
from cloudplan.sales.terms import Customer, ExtraLine, Terms
from cloudplan.sales.whatifs import WhatIfs
from cloudplan.workload.case import Case

FAMILIES = ("Compute", "Storage", "Disaster recovery", "Backup", "Other services")


@dataclass(frozen=True, repr=False)
class QuoteLine(Brief):
    """A line of the bill under the terms: its family, and its price after the commercial discount."""

    line: BomLine
    family: str
    unit_net: Decimal
    net: Decimal

    @property
    def listed(self) -> Decimal:
        """Quantity x list price, rounded half up to the cent."""
        return money.line(self.line.quantity, self.line.list_price)

    @property
    def discounted(self) -> Decimal:
        """What the price book and the terms take off together: list less net."""
        return self.listed - self.net


@dataclass(frozen=True)
class Invoiced:
    """What is billed at one rate of tax on an invoice of a month, on the one for what is billed once, and in all."""

    rate: Decimal
    monthly: Decimal
    one_off: Decimal
    months: int

    @property
    def amounts(self) -> tuple[Decimal, Decimal, Decimal]:
        """The net amounts: a month, once, over the term."""
        return self.monthly, self.one_off, self.monthly * self.months + self.one_off

    @property
    def taxes(self) -> tuple[Decimal, Decimal, Decimal]:
        """The tax of each invoice, rounded half up to the cent; over the term their sum."""
        monthly, one_off = (_tax(net, self.rate) for net in (self.monthly, self.one_off))
        return monthly, one_off, monthly * self.months + one_off


@dataclass(frozen=True, repr=False)
class Quote(Brief, Tabled):
    """A plan, its terms and who reads it; every amount is exact, without tax unless it says so.

    For the customer the plan is at net prices, and so is the case. `plan_sha256` is the hash of the file of the plan;
    `revision` is what the quote changes of an earlier one, `whatifs` what else there was to choose, where these were
    given; `program` is the one that made the quote, by default this one. Of a roadmap the plan is that of the first
    phase, `over_time` the whole, and `plan_sha256` is that of its file.
    """

    plan: Plan
    terms: Terms
    case: Case
    audience: Audience = "internal"
    revision: Revision | None = None
    whatifs: WhatIfs | None = None
    plan_sha256: str = ""
    program: str = ""
    over_time: OverTime | None = None

    def __repr__(self) -> str:
        cost = f"{self.monthly_net} {self.plan.prices.currency} a month without tax"
        return f"<Quote {self.name!r}: {cost}, for the {self.audience} reader>"

    @property
    def internal(self) -> bool:
        """Whether the reader may see list prices, discounts and the proof."""
        return self.audience == "internal"

    @property
    def made(self) -> Made:
        """What it is the quote of: the roadmap, or the plan."""
        return self.over_time.roadmap if self.over_time else self.plan

    @property
    def name(self) -> str:
        """The name of what is quoted."""
        return self.made.workload.name

    @cached_property
    def priced(self) -> Priced:
        """What every file of the quote carries."""
        return Priced(
            program=self.program or program(),
            audience=self.audience,
            plan_sha256=self.plan_sha256,
            terms=self.terms,
            plan=self.plan,
            revision=self.revision,
            whatifs=self.whatifs,
            roadmap=self.over_time.roadmap if self.over_time else None,
        )

    @cached_property
    def lines(self) -> tuple[QuoteLine, ...]:
        """The lines of the plan under the commercial discount."""
        families = _families(self.case.edition, self.case.workload.region)
        found = []
        for line in self.plan.bom:
            price = unit_net(line, self.terms)
            family = families.get(line.sku, FAMILIES[-1])
            found.append(QuoteLine(line, family, price, money.line(line.quantity, price)))
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
    def months(self) -> int:
        """The term."""
        return self.case.workload.term_months

    @cached_property
    def invoiced(self) -> tuple[Invoiced, ...]:
        """What is billed by rate of tax, the rate of the terms first, at which the plan is."""
        rates = dict.fromkeys((self.terms.vat_rate, *map(self.rate_of, self.included)))
        found = []
        for rate in rates:
            lines = [line for line in self.included if self.rate_of(line) == rate]
            plan = self.monthly if rate == self.terms.vat_rate else Decimal("0.00")
            monthly, once = (_total(line.total for line in lines if line.one_off == kind) for kind in (False, True))
            found.append(Invoiced(rate, plan + monthly, once, self.months))
        return tuple(found)

    def rate_of(self, line: ExtraLine) -> Decimal:
        """Return the rate of tax of a further line: its own, else that of the terms."""
        return self.terms.vat_rate if line.vat_rate is None else line.vat_rate

    @property
    def nets(self) -> tuple[Decimal, Decimal, Decimal]:
        """What is billed without tax: a month, once, over the term."""
        return self.monthly_net, self.one_off_net, self.monthly_net * self.months + self.one_off_net

    @property
    def grosses(self) -> tuple[Decimal, Decimal, Decimal]:
        """What is billed with tax: a month, once, over the term, where it is the sum of the invoices."""
        taxes = zip(*(each.taxes for each in self.invoiced), strict=True)
        return tuple(net + sum(tax) for net, tax in zip(self.nets, taxes, strict=True))

    @property
    def customer(self) -> Customer:
        """Who is offered to: of the terms, else of the workload."""
        known = self.case.workload.customer
        if self.terms.customer or known is None:
            return self.terms.customer or Customer()
        return Customer(name=known.organization, contact=known.contact)

    def by_family(self) -> dict[str, Decimal]:
        """Return the monthly total of each family that has lines."""
        return _grouped((line.family, line.net) for line in sorted(self.lines, key=_family_order))

    def by_site(self) -> dict[str, Decimal]:
        """Return the monthly total of each site."""
        return _grouped((line.line.site, line.net) for line in self.lines)


def quote(plan: Plan, terms: Terms | None = None, audience: Audience = "internal") -> Quote:
    """Return the quote of a plan, verified against its own inputs and made again from its choice.

    Raises BadInputError when the plan breaks a rule, or when its inputs are not those that it was made from.
    """
    origin, _, document = verified(plan)
    return quote_of(document, origin, terms, audience)


def quote_of(plan: Plan, origin: Origin, terms: Terms | None = None, audience: Audience = "internal") -> Quote:
    """Return the quote of a plan that was verified already, with what it was made from."""
    terms, book = terms or Terms(), origin.prices
    if audience == "customer":
        shown = at_net(plan, terms)
        shown_terms, book = net_terms(terms), net_book(shown)
    else:
        shown, shown_terms = plan, terms
    case = Case.of(origin.workload, origin.edition, book)
    return Quote(shown, shown_terms, case, audience, plan_sha256=plan.sha256)


def unwritten(plan: Plan, origin: Origin) -> Quote:
    """Return a plan that was verified already, for tables alone: without the hash that the files of a quote carry."""
    return Quote(plan, Terms(), Case.of(origin.workload, origin.edition, origin.prices))


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


def _tax(net: Decimal, rate: Decimal) -> Decimal:
    """Return the tax on a net amount, rounded half up to the cent."""
    return money.EXACT.multiply(net, rate).quantize(money.CENT, ROUND_HALF_UP)


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
