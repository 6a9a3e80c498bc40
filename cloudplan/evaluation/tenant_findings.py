"""What the provider asks of a tenant, and promises, beyond the rules of a plan: its least content, zones of an SLA."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from cloudplan.base import money
from cloudplan.catalog.edition import Item
from cloudplan.evaluation.items import zones_in_use
from cloudplan.plan.plan import Choice, Finding
from cloudplan.plan.wording import finding_of
from cloudplan.rules.orders import order_form
from cloudplan.workload.case import Case
from cloudplan.workload.networks import VLAN

TENANT = "tenant-minimum"


def tenant_findings(case: Case, choice: Choice) -> Iterator[Finding]:
    """Yield what a tenant of this plan lacks, and service levels that it stands in too few zones for."""
    yield from _least(case, choice)
    yield from _zones(case)


def _least(case: Case, choice: Choice) -> Iterator[Finding]:
    """Yield each thing of which a tenant holds more at least than the plan has, with what it would cost a month."""
    for limit, what, has in (
        ("tenant_zones", "zone", len(zones_in_use(case))),
        ("tenant_clusters", "cluster", len(choice.clusters)),
        ("tenant_datastores", "datastore", len(choice.datastores)),
        ("tenant_vlans", "VLAN", _vlans(case)),
    ):
        least = case.edition.limit(limit)
        if least is None or has >= least:
            continue
        each = _price_of_one(case, what)
        values: dict[str, Any] = {"what": what, "least": least, "has": has}
        values |= {} if each is None else {"monthly": str(money.line(least - has, each))}
        values["currency"] = case.prices.book.currency
        yield finding_of("warning", TENANT, "catalog", "", about="" if each is None else "priced", **values)


def _vlans(case: Case) -> int:
    """Return the VLANs of a workload: its networks, each one VLAN, and those among the extras (NET-1)."""
    item, workload = case.edition.extras.get(VLAN), case.workload
    asked = (extra for extra in workload.extras if case.edition.extra(extra.sku, workload.region) is item)
    return len(workload.networks) + sum(extra.quantity for extra in asked)


def _price_of_one(case: Case, what: str) -> Decimal | None:
    """Return the least that one of a thing costs a month, None without a price: a cluster has the fewest hosts."""
    form, edition = order_form(case.edition), case.edition
    if what == "zone":
        return _cheapest(case, [edition.services.zone], 1)
    if what == "cluster":
        return _cheapest(case, case.blades.values(), form.hosts_min or 1)
    if what == "datastore":
        return _cheapest(case, [item for item in case.classes.values() if item.flash], form.datastore_min_gib)
    return _cheapest(case, [edition.extras.get(VLAN)], 1)


def _cheapest(case: Case, items: Iterable[Item | None], units: int) -> Decimal | None:
    offers = [case.prices.offer(item) for item in items if item is not None]
    return min((offer.unit_price * units for offer in offers if offer is not None), default=None)


def _zones(case: Case) -> Iterator[Finding]:
    """Yield the service levels that hold only over more zones than the plan stands in."""
    zones, promises = len(zones_in_use(case)), case.edition.service_levels.values()
    for least in sorted({level.zones_min for level in promises if level.zones_min}):
        if zones < least:
            lost = [level.title or level.value for level in promises if level.zones_min == least]
            yield finding_of("warning", "sla-one-zone", "sites", "", zones=zones, least=least, levels=lost)
