"""The lines a plan is made of, and their cost: the objective and the quote share what is written here.

Each `…_items` function says which items a decision takes and how many, as numbers or as the solver's unknowns.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cloudplan.base import money
from cloudplan.base.errors import BadInputError, Fault, InternalError
from cloudplan.base.language import ENGLISH
from cloudplan.base.units import GIB_PER_TIB
from cloudplan.catalog.edition import Item, StorageClass, in_region
from cloudplan.plan.plan import VM_REPLICATION, BackupSource, BackupTarget, BomLine, Choice, Cluster, Datastore
from cloudplan.plan.wording import reason
from cloudplan.rules.backup import backup_flows
from cloudplan.rules.rule import Linear, Rule
from cloudplan.rules.storage import LUN_1, datastore_limits
from cloudplan.workload.case import Case

Quantity = tuple[Item, Linear]


def cluster_items(case: Case, blade: str, hosts: Linear, memory_gib: Linear) -> Iterator[Quantity]:
    """Yield the items of a cluster: its blades, and the memory beyond what they include (MEM-4)."""
    yield case.edition.blades[blade], hosts
    if case.workload.policy.memory_model == "base128_plus_memory":
        included = case.edition.count("MEM-1", "included_gib_per_blade")
        yield case.edition.services.memory, memory_gib - included * hosts


def datastore_items(case: Case, storage_class: str, size_gib: Linear) -> Iterator[Quantity]:
    """Yield the items of a datastore: its size in billing units."""
    item = case.edition.storage_classes[storage_class]
    yield item, size_gib * Fraction(1, item.unit_gib)


def cost(case: Case, quantities: Iterable[Quantity]) -> Linear:
    """Return the monthly cost of items, exact; an item without a price must have no quantity."""
    amount: Linear = Fraction(0)
    for item, quantity in quantities:
        if case.prices.offer(item) is not None:
            amount = amount + Fraction(case.prices.net(item)) * quantity
        elif not isinstance(quantity, int | Fraction) or quantity:
            raise InternalError(f"{item.sku} is counted but has no price")
    return amount


@dataclass
class _Entry:
    """A line being gathered: quantity so far, why, and the rule."""

    item: Item
    unit: str
    rule: str
    quantity: int = 0
    values: dict[str, Any] = field(default_factory=dict)


class _Bill:
    """The entries by site and item."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], _Entry] = {}

    def take(self, site: str, item: Item | None, unit: str, quantity: int, rule: str, values: dict[str, Any]) -> None:
        """Add a line; nothing is written for a quantity of 0."""
        if quantity:
            if item is None:
                raise InternalError(f"{rule}: nothing to bill {quantity} {unit} with")
            self.entries[site, item.sku] = _Entry(item, unit, rule, quantity, values)


def bill(case: Case, choice: Choice) -> tuple[BomLine, ...]:
    """Return the bill of materials of a choice: one line per site and SKU, sites first, then catalogue order.

    Raises BadInputError, listing them all, for items that the plan cannot do without and the price book does not price.
    """
    entries = _Bill()
    for site in case.sites:
        _compute(case, entries, site, [cluster for cluster in choice.clusters if cluster.site == site])
        _storage(case, entries, site, [store for store in choice.datastores if store.site == site])
        _protection(case, entries, site, choice)
        _services(case, entries, site)
    _extras(case, entries)
    order = {item.sku: position for position, item in enumerate(case.edition.items())}
    keys = sorted(entries.entries, key=lambda key: (case.sites.index(key[0]), order[key[1]]))
    unpriced = [entries.entries[key].item for key in keys if case.prices.offer(entries.entries[key].item) is None]
    if unpriced:
        raise BadInputError(missing_prices(case, unpriced))
    return tuple(_line(case, site, entries.entries[site, sku]) for site, sku in keys)


def missing_prices(case: Case, items: Iterable[Item]) -> list[Fault]:
    """Return one fault for each item that a plan needs and the price book does not price."""
    return [
        Fault(
            f"no price for {item.sku} ({item.label}), which the plan needs", where=f"price book {case.prices.book.name}"
        )
        for item in dict.fromkeys(items)
    ]


def monthly(lines: Iterable[BomLine]) -> Decimal:
    """Return the monthly total: the exact sum of the lines."""
    return sum((line.monthly for line in lines), Decimal("0.00"))


def fixed_items(case: Case) -> list[tuple[Item, int]]:
    """Return what no decision changes: backup, encryption, zones, extras."""
    entries = _Bill()
    for site in case.sites:
        _services(case, entries, site)
    _extras(case, entries)
    return [(entry.item, entry.quantity) for entry in entries.entries.values()]


def backup_targets(case: Case) -> tuple[BackupTarget, ...]:
    """Return the backup storage to order at each backup site, and what it holds (BKP-2, BKP-3)."""
    flows = backup_flows(case)
    targets = []
    for site in case.sites:
        sources = [flow for flow in flows if flow.target == site]
        stored = sum((flow.stored_gib for flow in sources), Fraction(0))
        if sources:
            targets.append(
                BackupTarget.model_validate(
                    {
                        "site": site,
                        "tib": math.ceil(stored / GIB_PER_TIB),
                        "stored_gib": _hundredths(stored),
                        "from": tuple(
                            BackupSource(site=flow.source, vms=flow.vms, stored_gib=_hundredths(flow.stored_gib))
                            for flow in sources
                        ),
                    }
                )
            )
    return tuple(targets)


def _hundredths(value: Fraction) -> Decimal:
    return Decimal(math.floor(value * 100 + Fraction(1, 2))).scaleb(-2)


def _compute(case: Case, entries: _Bill, site: str, clusters: list[Cluster]) -> None:
    included = case.edition.count("MEM-1", "included_gib_per_blade")
    for name, blade in case.edition.blades.items():
        mine = [cluster for cluster in clusters if cluster.blade == name]
        hosts, loaded = sum(c.hosts for c in mine), sum(len(c.placement) for c in mine)
        spare = sum(c.spare_hosts for c in mine)
        values = {"loaded": loaded, "spare": spare, "extra": hosts - loaded - spare, "clusters": len(mine)}
        entries.take(site, blade, "blade", hosts, "HA-1", {**values, "failures": case.workload.policy.host_failures})
    hosts, activated = sum(c.hosts for c in clusters), sum(c.memory_gib for c in clusters)
    if case.workload.policy.memory_model == "base128_plus_memory":
        values = {"activated_gib": activated, "included_gib_per_blade": included, "hosts": hosts}
        entries.take(site, case.edition.services.memory, "GiB", activated - included * hosts, "MEM-2", values)


def _storage(case: Case, entries: _Bill, site: str, datastores: list[Datastore]) -> None:
    for name, item in case.edition.storage_classes.items():
        mine = [store for store in datastores if store.storage_class == name]
        size_gib = sum(store.size_gib for store in mine)
        mirrored = sum(1 for store in mine if store.replication)
        sized: Counter[str] = Counter()
        for store in mine:
            sized[_binding(case, item, store).id] += store.size_gib
        values = {"datastores": len(mine), "size_gib": size_gib, "mirrored": mirrored, "sized_by": dict(sized)}
        rule = max(sorted(sized), key=sized.__getitem__, default="")
        entries.take(site, item, item.unit, size_gib // item.unit_gib, rule, values)


def _binding(case: Case, item: StorageClass, store: Datastore) -> Rule:
    """Return the rule that a datastore would break if it were one billing unit smaller."""
    rows = datastore_limits(case, store, store.size_gib - item.unit_gib)
    return next((row.rule for row in rows if not row.holds), LUN_1)


def mirrored_at_source_gib(case: Case, choice: Choice, site: str) -> int:
    """Return the size of the replicated datastores whose source is `site`: those that hold VMs of that site."""
    groups = case.workload.groups
    return sum(
        store.size_gib
        for store in choice.datastores
        if store.site == site and store.replication and any(groups[disk.vm].site == site for disk in store.disks)
    )


def _protection(case: Case, entries: _Bill, site: str, choice: Choice) -> None:
    services, groups = case.edition.services, case.workload.groups
    mirrored_gib = mirrored_at_source_gib(case, choice, site)
    licences = math.ceil(Fraction(mirrored_gib, GIB_PER_TIB))
    entries.take(site, services.global_mirror, "TiB", licences, "GM-3", {"mirrored_gib": mirrored_gib})
    vms = sum(
        groups[name].count
        for name, mechanism in choice.protection.items()
        if mechanism == VM_REPLICATION and groups[name].site == site
    )
    entries.take(site, services.vm_replication, "VM", vms, "VMR-1", {"vms": vms})


def _services(case: Case, entries: _Bill, site: str) -> None:
    services = case.edition.services
    here = [group for group in case.workload.vms if group.site == site]
    vms = sum(group.count for group in here)
    entries.take(site, services.backup_access, "VM", vms, "BKP-1", {"vms": vms})
    for target in backup_targets(case):
        if target.site == site:
            values = {"stored_gib": str(target.stored_gib)}
            entries.take(site, services.backup_storage, "TiB", target.tib, "BKP-3", values)
    encrypted = sum(group.count for group in here if group.encrypted)
    entries.take(site, services.encryption, "VM", encrypted, "ENC-1", {"vms": encrypted})
    if services.zone is not None and site in zones_in_use(case):
        entries.take(site, services.zone, "zone", 1, "zone", {})


def zones_in_use(case: Case) -> set[str]:
    """Return the zones with a cluster or a datastore: those where a VM stands or is replicated to."""
    return {site for group in case.workload.vms for site in case.workload.sites_of(group)}


def _extras(case: Case, entries: _Bill) -> None:
    for extra in case.workload.extras:
        item = case.edition.extra(extra.sku, case.workload.region)
        known = entries.entries.get((extra.site, item.sku))
        quantity = extra.quantity + (known.quantity if known else 0)
        entries.take(extra.site, item, item.unit, quantity, "extras", {"asked": quantity})


def _line(case: Case, site: str, entry: _Entry) -> BomLine:
    offer = case.prices.offer(entry.item)
    assert offer is not None
    return BomLine(
        site=site,
        sku=in_region(entry.item.sku, case.workload.region),
        label=entry.item.label,
        unit=entry.unit,
        quantity=entry.quantity,
        list_price=offer.list_price,
        discount=offer.discount,
        unit_price=offer.unit_price,
        monthly=money.line(entry.quantity, offer.unit_price),
        rule=entry.rule,
        because=ENGLISH.said(reason(entry.rule, entry.values)),
        values=entry.values,
    )
