"""What a quote of a roadmap tells beside its first order: every order with its cost, what is new, how full all is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from cloudplan.base import money
from cloudplan.base.language import Message, counted, known, message
from cloudplan.evaluation import utilisation
from cloudplan.plan.plan import Change
from cloudplan.plan.roadmap import Roadmap
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables import orders as order_tables
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables import quote as quote_tables
from cloudplan.presentation.tables.table import Cell, Column, Table
from cloudplan.sales.phase_orders import orders_of
from cloudplan.sales.phase_quotes import PhaseQuote, phase_quotes
from cloudplan.sales.quote import Quote, QuoteLine

TITLE = "Orders over time"
MEASURED = ("GiB", "TiB")
"""Units that are told beside a quantity; the others are in the name of the item."""
FULL_TITLE = message("How full, in the last month of each phase")
RESOURCES = {
    "memory": message("Memory used"),
    "cores": message("Cores used"),
    "storage": message("Storage used"),
}


def month(text: str) -> Message:
    """Return a month, YYYY-MM, as the reader's language writes it."""
    return message("{month:month}", month=text)


def cost_title(quote: Quote) -> Message:
    """Return what stands above a chart of the cost."""
    return message("Cost a month ({currency}, without tax)", currency=quote.plan.prices.currency)


def total(quote: Quote) -> Decimal:
    """Return what all phases cost together at the terms of a quote, licences of others included."""
    return sum((each.cost for each in phase_quotes(quote)), Decimal("0.00"))


def by_phase(quote: Quote) -> Table:
    """Return the orders one below the other: when, for how long, what it costs from then on, what is new."""
    phases, currency = phase_quotes(quote), quote.plan.prices.currency
    licensed, owing = (any(getattr(each, name) for each in phases) for name in ("licences", "owed_after"))
    columns = [Column("Order of"), Column("Duration", "whole", "months"), Column("A month", "money", currency)]
    if licensed:
        columns.append(Column("Licences of third parties", "money", currency))
    columns.append(Column("Cost of the phase", "money", currency))
    if owing:
        columns.append(Column("Owed after the horizon", "money", currency))
    columns.append(Column("What is new"))
    rows: list[tuple[Cell, ...]] = []
    for number, each in enumerate(phases):
        rows.append(
            (
                *(month(each.phase.from_), each.phase.months, each.monthly),
                *([each.licences] if licensed else []),
                each.cost,
                *([each.owed_after] if owing else []),
                _what_is_new(quote, each, number),
            )
        )
    owed = [sum((each.owed_after for each in phases), Decimal("0.00"))] if owing else []
    months = sum(each.phase.months for each in phases)
    rows.append((message("Total"), months, None, *([None] if licensed else []), total(quote), *owed, None))
    return Table(TITLE, tuple(columns), tuple(rows), _note(quote))


def _note(quote: Quote) -> Message:
    if quote.terms.lines:
        return message("Without tax and without the further lines. Each order is added to what stands by then.")
    return message("Without tax. Each order is added to what stands by then.")


def _what_is_new(quote: Quote, phase: PhaseQuote, number: int) -> Message:
    if number == 0 and phase.quote.plan.changes is None:
        return message("everything: it is the order of this quote")
    sites: dict[str, list[Message]] = {}
    for each in phase.changes:
        sites.setdefault(each.site, []).append(changed(each))
    told = [joined(*listed, between=", ") for listed in sites.values()]
    if len(quote.case.sites) > 1:
        told = [message("{site}: {what}", site=site.upper(), what=what) for site, what in zip(sites, told, strict=True)]
    return joined(*told, between="; ") if told else message("no change")


def changed(change: Change) -> Message:
    """Return what is new of an item, or given back, or how much it is where nobody told what stood."""
    item = known(change.label) if change.sku else message("licence {name}", name=change.label)
    measured = change.unit in MEASURED
    if change.before is None:
        text = "{item} {number:n}\u00a0{unit:w} in all" if measured else "{item} {number:n} in all"
        return message(text, item=item, number=change.after, unit=change.unit)
    added = change.after - change.before
    text = "{item} {sign}{number:n}\u00a0{unit:w}" if measured else "{item} {sign}{number:n}"
    return message(text, item=item, sign="+" if added > 0 else "−", number=abs(added), unit=change.unit)


def summary(quote: Quote) -> Iterator[Message]:
    """Yield in sentences what all orders come to, what they owe after that, and what else is to be known of them."""
    if quote.over_time is None:
        return
    yield in_all(quote)
    owed = sum((each.owed_after for each in phase_quotes(quote)), Decimal("0.00"))
    if owed:
        yield message(
            "Beside the total: after {last:month} the orders still owe {owed:m} {currency}, to the end of their "
            "commitments.",
            last=quote.over_time.roadmap.phases[-1].last,
            owed=owed,
            currency=quote.plan.prices.currency,
        )
    yield from beside(quote)


def in_all(quote: Quote) -> Message:
    """Return in a sentence what all orders of a roadmap come to."""
    assert quote.over_time is not None
    roadmap = quote.over_time.roadmap
    return counted(
        "{total:m} {currency} without tax from {first:month} to {last:month}, in {count} order.",
        "{total:m} {currency} without tax from {first:month} to {last:month}, in {count} orders.",
        len(roadmap.phases),
        total=total(quote),
        currency=quote.plan.prices.currency,
        first=roadmap.start,
        last=roadmap.phases[-1].last,
    )


def beside(quote: Quote) -> Iterator[Message]:
    """Yield what is offered of it, and for who may know what is proven."""
    over_time = quote.over_time
    if over_time is None:
        return
    roadmap = over_time.roadmap
    yield message(
        "Only the first order, of {month:month}, is offered here, and shown in detail; later ones are planned at the "
        "prices of today.",
        month=roadmap.start,
    )
    if quote.internal:
        yield message("The roadmap's own bill: {priced}.", priced=plan_tables.priced(roadmap))
        yield message(
            "Lower bound: no roadmap that keeps the rules costs less than {bound:m} {currency}.",
            bound=roadmap.lower_bound,
            currency=quote.plan.prices.currency,
        )


def proof(roadmap: Roadmap) -> Table:
    """Return what is proven of the cost, in figures: those of the roadmap's own bill, without the terms of a quote."""
    months, currency = roadmap.months, roadmap.prices.currency
    rows: tuple[tuple[Cell, ...], ...] = (
        (
            counted("The roadmap's own bill of {count} month", "The roadmap's own bill of {count} months", months),
            roadmap.total,
        ),
        (message("Lower bound of that sum: no roadmap costs less"), roadmap.lower_bound),
        (message("Proven gap"), roadmap.total - roadmap.lower_bound),
    )
    note = message("Of the bill at the prices of the book, before the commercial discount and further lines.")
    return Table("Proof", (Column("Figure"), Column("Amount", "money", currency)), rows, note)


def lines(quote: Quote) -> Table:
    """Return the lines of the bill of every phase, with the quantity that its order adds to what stood."""
    phases = phase_quotes(quote)
    bills = [quote_tables.bill(each.quote).without("Line", "Rule", "Why") for each in phases]
    head = tuple(column for column in bills[0].columns if column.name not in OF_SUMS)
    added = (Column("Added", "whole"), Column("Added a month", "money", quote.plan.prices.currency))
    columns = (Column("Order", "whole"), Column("Order of"), *head, *added)
    rows = tuple(
        (number, month(each.phase.from_), *cells, *_added(each, line))
        for number, (each, bill) in enumerate(zip(phases, bills, strict=True), start=1)
        for cells, line in zip(bill.only(*(column.name for column in head)).rows, each.quote.lines, strict=True)
    )
    return Table("Lines of the orders", columns, rows)


OF_SUMS = ("List amount", "Discount amount")
"""Columns of a bill that the lines of all orders lack."""


def orders(quote: Quote) -> Table:
    """Return the steps of the orders of every phase, one row for each field; of later ones only what is new."""
    phases = phase_quotes(quote)
    told = [order_tables.table(orders_of(each.quote.case, each.phase.plan)) for each in phases]
    rows = tuple(
        (month(each.phase.from_), *cells) for each, table in zip(phases, told, strict=True) for cells in table.rows
    )
    return replace(told[0], columns=(Column("Order of"), *told[0].columns), rows=rows)


def _added(phase: PhaseQuote, line: QuoteLine) -> tuple[int, Decimal]:
    changes = {(each.site, each.sku): each for each in phase.changes}
    change = changes.get((line.line.site, line.line.sku))
    added = max(0, change.after - (change.before or 0)) if change else 0
    return added, money.line(added, line.unit_net)


# --- how full -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filled:
    """How full a resource of a site is in the last month of each phase: shares of what may be used; None without it."""

    resource: str
    site: str
    shares: tuple[Decimal | None, ...]

    @property
    def name(self) -> Message:
        """What it is, and where."""
        return message("{resource}, {site}", resource=RESOURCES[self.resource], site=self.site.upper())


def filled(quote: Quote) -> tuple[Filled, ...]:
    """Return how full memory, cores and storage of each site are in each phase, those that there are.

    Memory is what VMs use of what the ceiling lets them use of the activated; cores of those that are left when the
    hosts fail that may; storage is disks and swap files of the LUNs less what stays free for snapshots.
    """
    phases = phase_quotes(quote)
    used = [_used(each.quote) for each in phases]
    found = []
    for site in sorted({site for each in used for _, site in each}, key=list(quote.case.sites).index):
        for resource in RESOURCES:
            shares = tuple(each.get((resource, site)) for each in used)
            if any(share is not None for share in shares):
                found.append(Filled(resource, site, shares))
    return tuple(found)


def _used(quote: Quote) -> dict[tuple[str, str], Decimal]:
    used: dict[tuple[str, str], Fraction] = {}
    there: dict[tuple[str, str], Fraction] = {}

    def add(resource: str, site: str, amount: Fraction, of: Fraction) -> None:
        key = resource, site
        used[key], there[key] = used.get(key, Fraction(0)) + amount, there.get(key, Fraction(0)) + of

    for cluster in utilisation.clusters(quote.case, quote.plan):
        site = cluster.cluster.site
        add("memory", site, cluster.memory_gib, cluster.most_memory_gib)
        add("cores", site, cluster.cores, Fraction(cluster.cores_left(cluster.failures)))
    usable = 1 - Fraction(quote.case.workload.policy.snapshot_headroom)
    for store in utilisation.datastores(quote.case, quote.plan):
        add("storage", store.store.site, store.disks_gib + store.swap_gib, usable * store.store.size_gib)
    return {key: _share(used[key] / there[key]) for key in used if there[key]}


def _share(exact: Fraction) -> Decimal:
    """Return a share with four decimals, rounded up: what is full never looks as if there were room."""
    return Decimal(-(-exact.numerator * 10_000 // exact.denominator)) / 10_000


def fullness(quote: Quote) -> Table:
    """Return how full memory, cores and storage of each site are in the last month of each phase."""
    found, phases = {(each.resource, each.site): each.shares for each in filled(quote)}, phase_quotes(quote)
    sites = list(dict.fromkeys(site for _, site in found))
    nothing: tuple[None, ...] = (None,) * len(phases)
    rows = tuple(
        (month(phase.phase.last), site.upper(), *(found.get((name, site), nothing)[number] for name in RESOURCES))
        for number, phase in enumerate(phases)
        for site in sites
    )
    columns = (
        *(Column("Last month"), Column("Site"), Column("Memory", "share")),
        *(Column("Cores", "share"), Column("Storage", "share")),
    )
    return Table("How full", columns, rows, FULL_NOTE)


FULL_NOTE = (
    "In the last month of each phase, when demand is largest: memory of what VMs may use of the activated, cores of "
    "those that are left after the failure, disks and swap files of the LUNs less what stays free for snapshots."
)
