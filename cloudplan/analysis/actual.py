"""What stands or is invoiced, held against a plan: what is missing, what is too much, what is priced otherwise.

The list names SKUs with their quantities, an invoice amounts too, by site where it has sites. Each line is held against
that of the bill, to the cent; the difference in all is that of quantities, at the plan's prices, and that of prices.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from cloudplan.base import money
from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import unknown
from cloudplan.catalog.edition import in_region
from cloudplan.inventory import headers
from cloudplan.inventory.headers import Field, Layout
from cloudplan.inventory.tables import sources
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.prices.book import Prices

LAYOUT: Layout = {
    "sku": Field(("sku", "reference", "référence", "article", "item"), required=True),
    "quantity": Field(("quantity", "qty", "quantité", "qté"), required=True),
    "site": Field(("site", "zone", "availability zone", "zone de disponibilité", "az")),
    "amount": Field(("amount", "monthly", "montant", "total", "montant ht")),
}
SAME, MISSING, TOO_FEW, TOO_MANY, UNPLANNED = "same", "missing", "too few", "too many", "not planned"


@dataclass(frozen=True, repr=False)
class Entry(Brief):
    """An item at a site (empty: at all sites together): planned and actual, in quantity and in money a month.

    `amount` is None where the list has no amounts; `due` is the actual quantity at the plan's price, None for an item
    that the plan has no price of.
    """

    site: str
    sku: str
    label: str
    unit: str
    planned: int
    actual: int
    planned_amount: Decimal
    due: Decimal | None
    amount: Decimal | None

    @property
    def verdict(self) -> str:
        """Whether the quantity is that of the plan."""
        if self.planned == self.actual:
            return SAME
        if not self.actual:
            return MISSING
        if not self.planned:
            return UNPLANNED
        return TOO_FEW if self.actual < self.planned else TOO_MANY

    @property
    def mispriced(self) -> Decimal | None:
        """What is charged beyond the plan's price of the actual quantity; None where nobody knows."""
        return None if self.amount is None or self.due is None else self.amount - self.due

    @property
    def is_right(self) -> bool:
        """Whether quantity and amount are those of the plan."""
        return self.verdict == SAME and not self.mispriced


@dataclass(frozen=True, repr=False)
class Comparison(Brief):
    """A list held against the bill of a plan, item by item; whether it has amounts."""

    entries: tuple[Entry, ...]
    priced: bool

    @property
    def planned(self) -> Decimal:
        """The bill of the plan."""
        return sum((each.planned_amount for each in self.entries), Decimal("0.00"))

    @property
    def by_quantity(self) -> Decimal:
        """What the actual quantities cost more at the plan's prices; of unknown items nothing."""
        return sum((each.due - each.planned_amount for each in self.entries if each.due is not None), Decimal("0.00"))

    @property
    def by_price(self) -> Decimal:
        """What is charged beyond that."""
        return sum((each.mispriced or Decimal(0) for each in self.entries), Decimal("0.00"))

    @property
    def unknown(self) -> Decimal:
        """What is charged for items that the plan has no price of."""
        charged = (each.amount for each in self.entries if each.due is None and each.amount is not None)
        return sum(charged, Decimal("0.00"))

    @property
    def actual(self) -> Decimal:
        """What is charged in all."""
        return sum((each.amount for each in self.entries if each.amount is not None), Decimal("0.00"))


@dataclass(frozen=True)
class _Sold:
    """What an item is sold as; without a price where the plan's price book has none."""

    sku: str
    label: str
    unit: str
    unit_price: Decimal | None


def compare_actual(origin: Origin, plan: Plan, path: Path) -> Comparison | None:
    """Return what a list or an invoice, a CSV file or a workbook, says beside a plan; None without SKU and quantity.

    Raises BadInputError for what cannot be read, is no number or no zone of the plan.
    """
    read = _read(path, origin)
    if read is None:
        return None
    rows, sited, priced = read
    keys = _spellings(origin)
    planned: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    sold: dict[str, _Sold] = {}
    for line in plan.bom:
        key = keys.get(line.sku, line.sku)
        sold[key] = _Sold(line.sku, line.label, line.unit, line.unit_price)
        entry = planned[line.site if sited else "", key]
        entry[0] += line.quantity
        entry[1] += line.monthly
    actual: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for site, sku, quantity, amount in rows:
        key = keys.get(in_region(sku, origin.workload.region), sku)
        sold.setdefault(key, _sold(origin, key, sku))
        entry = actual[site, key]
        entry[0] += quantity
        entry[1] += amount
    return Comparison(tuple(_entries(planned, actual, sold, priced=priced)), priced)


def _entries(
    planned: dict[tuple[str, str], list[Decimal]],
    actual: dict[tuple[str, str], list[Decimal]],
    sold: dict[str, _Sold],
    *,
    priced: bool,
) -> Iterator[Entry]:
    nothing = [Decimal(0), Decimal("0.00")]
    for place in dict.fromkeys((*planned, *actual)):
        site, key = place
        item = sold[key]
        (wanted, cost), (there, amount) = planned.get(place, nothing), actual.get(place, nothing)
        due = cost if there == wanted else None if item.unit_price is None else money.line(int(there), item.unit_price)
        charged = amount if priced else None
        yield Entry(site, item.sku, item.label, item.unit, int(wanted), int(there), Decimal(cost), due, charged)


def _sold(origin: Origin, key: str, sku: str) -> _Sold:
    """Return an item that the plan does not take."""
    item = dict(origin.edition.keyed_items()).get(key)
    if item is None:
        return _Sold(sku, sku, "", None)
    offer = Prices(origin.prices, origin.workload.region, origin.workload.term_months).offer(item)
    own = in_region(item.sku, origin.workload.region)
    return _Sold(own, item.label, getattr(item, "unit", ""), offer.unit_price if offer else None)


def _spellings(origin: Origin) -> dict[str, str]:
    """Return the key of each item by every spelling of its SKU, in the region."""
    region = origin.workload.region
    return {in_region(sku, region): key for key, item in origin.edition.keyed_items() for sku in item.skus}


def _read(path: Path, origin: Origin) -> tuple[list[tuple[str, str, Decimal, Decimal]], bool, bool] | None:
    """Return the rows of a list (site, SKU, quantity, amount), whether it has sites, and amounts; None for no list."""
    faults: list[Fault] = []
    zones = origin.edition.zones(origin.workload.region)
    for source in sources([path]):
        for table in source.tables(lambda _: False):
            rows = iter(table.rows)
            header = headers.find_header(rows)
            if header is None or not headers.matches(header[1], LAYOUT):
                continue
            columns = headers.read(table, header, rows, LAYOUT)
            quantities, amounts = columns.decimals("quantity", faults), columns.decimals("amount", faults)
            sited, priced = "site" in columns.values, "amount" in columns.values
            found = []
            named = zip(columns.texts("sku"), columns.texts("site"), quantities, amounts, strict=True)
            for row, (sku, site, quantity, amount) in enumerate(named):
                zone = site.lower()
                if sited and zone not in zones:
                    faults.append(replace(unknown("zone", site, zones), where=columns.at(row, "site")))
                if quantity is not None and quantity != int(quantity):
                    words = f"found {quantity}; allowed: a whole number"
                    faults.append(Fault(words, where=columns.at(row, "quantity")))
                found.append((zone, sku, quantity or Decimal(0), amount or Decimal(0)))
            if faults:
                raise BadInputError(faults)
            return found, sited, priced
    return None
