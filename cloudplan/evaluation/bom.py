"""The bill of materials of a choice: the items it takes, their prices, and why each line is there."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cloudplan.base import money
from cloudplan.base.errors import BadInputError, InternalError
from cloudplan.base.language import ENGLISH
from cloudplan.catalog.edition import Item, Service, StorageClass, in_region
from cloudplan.evaluation import items
from cloudplan.evaluation.backup_storage import backup_targets
from cloudplan.evaluation.reasons import EXTRAS, ZONE, reason
from cloudplan.plan.plan import BomLine, Choice
from cloudplan.rules import backup, compute, networks, protection, storage
from cloudplan.workload.case import Case

Why = tuple[str, dict[str, Any]]
"""The id of the rule behind a line, and the values that its reason is made of."""


def bill(case: Case, choice: Choice) -> tuple[BomLine, ...]:
    """Return the bill of materials of a choice: one line per site and item, sites first, then catalogue order.

    Raises BadInputError, listing them all, for items that the plan cannot do without and the price book does not price,
    and InternalError for a quantity that is not whole.
    """
    quantities: dict[str, Counter[str]] = {site: Counter() for site in case.sites}
    for each in (*items.items(case, items.decision_of(case, choice)), *items.fixed_items(case)):
        quantities[each.site][each.key] += each.quantity
    sold = dict(case.edition.keyed_items())
    taken = [(site, key) for site in case.sites for key in sold if quantities[site][key]]
    unpriced = [sold[key] for _, key in taken if case.prices.offer(sold[key]) is None]
    if unpriced:
        raise BadInputError(items.missing_prices(case, unpriced))
    why = {site: _why(case, choice, site, quantities[site]) for site in case.sites}
    return tuple(_line(case, site, sold[key], quantities[site][key], why[site][key]) for site, key in taken)


def monthly(lines: Iterable[BomLine]) -> Decimal:
    """Return the monthly total: the exact sum of the lines."""
    return sum((line.monthly for line in lines), Decimal("0.00"))


def _line(case: Case, site: str, item: Item, quantity: Fraction | int, why: Why) -> BomLine:
    offer = case.prices.offer(item)
    if offer is None or quantity != int(quantity):
        raise InternalError(f"{item.sku} at {site}: {quantity} cannot be billed")
    rule, values = why
    return BomLine(
        site=site,
        sku=in_region(item.sku, case.workload.region),
        label=item.label,
        unit=unit_of(item),
        quantity=int(quantity),
        list_price=offer.list_price,
        discount=offer.discount,
        unit_price=offer.unit_price,
        monthly=money.line(int(quantity), offer.unit_price),
        rule=rule,
        because=ENGLISH.said(reason(rule, values)),
        values=values,
    )


def unit_of(item: Item) -> str:
    """Return what an item is counted in."""
    if isinstance(item, StorageClass | Service):
        return item.unit
    return "blade"


def _why(case: Case, choice: Choice, site: str, quantities: Mapping[str, int]) -> dict[str, Why]:
    """Return why each item is taken at a site, by its key."""
    here = [group for group in case.workload.vms if group.site == site]
    stored = {target.site: str(target.stored_gib) for target in backup_targets(case)}
    mirrored_gib = protection.mirrored_at_source_gib(case, choice, site)
    why: dict[str, Why] = {
        items.MIRROR: (protection.GM_3.id, {"mirrored_gib": mirrored_gib}),
        items.REPLICATION: (protection.VMR_1.id, {"vms": quantities[items.REPLICATION]}),
        items.ACCESS: (backup.BKP_1.id, {"vms": quantities[items.ACCESS]}),
        items.BACKUP: (backup.BKP_3.id, {"stored_gib": stored.get(site)}),
        items.ENCRYPTION: (protection.ENC_1.id, {"vms": sum(group.count for group in here if group.encrypted)}),
        items.ZONE: (ZONE, {}),
    }
    asked = (key for key in quantities if key.startswith(f"{items.EXTRAS}."))
    why |= {key: (EXTRAS, {"asked": quantities[key]}) for key in asked}
    if case.workload.networks:
        why[items.NETWORK] = (networks.NET_1.id, {"networks": networks.vlans(case)[site]})
    return why | _why_compute(case, choice, site) | _why_storage(case, choice, site)


def _why_compute(case: Case, choice: Choice, site: str) -> dict[str, Why]:
    why: dict[str, Why] = {}
    clusters = [cluster for cluster in choice.clusters if cluster.site == site]
    for name in case.edition.blades:
        mine = [cluster for cluster in clusters if cluster.blade == name]
        hosts, loaded = sum(c.hosts for c in mine), sum(len(c.placement) for c in mine)
        spare = sum(c.spare_hosts for c in mine)
        values = {"loaded": loaded, "spare": spare, "extra": hosts - loaded - spare, "clusters": len(mine)}
        failures = case.workload.policy.host_failures
        why[f"{items.BLADES}.{name}"] = (compute.HA_1.id, {**values, "failures": failures})
    activated = {
        "activated_gib": sum(cluster.memory_gib for cluster in clusters),
        "included_gib_per_blade": compute.included_gib(case.edition),
        "hosts": sum(cluster.hosts for cluster in clusters),
    }
    return {**why, items.MEMORY: (compute.MEM_2.id, activated)}


def _why_storage(case: Case, choice: Choice, site: str) -> dict[str, Why]:
    why: dict[str, Why] = {}
    for name in case.edition.storage_classes:
        mine = [store for store in choice.datastores if (store.site, store.storage_class) == (site, name)]
        sized: Counter[str] = Counter()
        for store in mine:
            sized[storage.binding(case, store).id] += store.size_gib
        values = {
            **{"datastores": len(mine), "size_gib": sum(store.size_gib for store in mine)},
            **{"mirrored": sum(1 for store in mine if store.replication), "sized_by": dict(sized)},
        }
        why[f"{items.CLASSES}.{name}"] = (max(sorted(sized), key=sized.__getitem__, default=""), values)
    return why
