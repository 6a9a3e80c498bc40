"""What of a plan takes more than one order of the console, more than is needed, or a service request."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from cloudplan.base.units import GIB_PER_TIB
from cloudplan.evaluation.backup_storage import backup_targets
from cloudplan.plan.plan import Choice, Finding
from cloudplan.plan.wording import finding_of
from cloudplan.rules.compute import memory_is_included
from cloudplan.rules.orders import OrderForm, backup_portions_gib, cluster_portions, datastore_batches, order_form
from cloudplan.rules.orders import portions as in_portions
from cloudplan.rules.storage import ORD_2, ORD_3
from cloudplan.workload.case import Case
from cloudplan.workload.networks import VLAN

LIMIT = "order-limit"
ADDRESS = "ipv4"
"""The extra that is a public address, which the order form counts as it counts networks."""


def order_limits(case: Case, choice: Choice) -> Iterator[Finding]:
    """Yield what an order form does not take as it is; what an edition does not say limits nothing (ORD-2, ORD-3)."""
    form = order_form(case.edition)
    yield from _several_orders(case, choice, form)
    yield from _not_in_the_form(case, choice, form)
    yield from _extras(case, form)
    yield from _disks(case)


def _several_orders(case: Case, choice: Choice, form: OrderForm) -> Iterator[Finding]:
    for cluster in choice.clusters:
        first, *further = cluster_portions(case, cluster)
        if further:
            values = {"cluster": cluster.name, "hosts": cluster.hosts, "most": first, "rest": sum(further)}
            yield finding_of("info", LIMIT, cluster.name, ORD_2.id, about="hosts", **values)
    for site in case.sites:
        here = [store for store in choice.datastores if store.site == site]
        if len(here) > form.datastores_max:
            batches = datastore_batches(case, choice, site)
            placed = sum(bool(batch.datastores) for batch in batches if batch.how != "request")
            values = {"site": site, "datastores": len(here), "most": form.datastores_max, "orders": placed}
            yield finding_of("info", LIMIT, site, ORD_2.id, about="datastores", **values)
    least, most = form.backup_min_gib, form.backup_max_gib
    for target in backup_targets(case):
        order: dict[str, Any] = {"tib": target.tib, "site": target.site, "least": least, "most": most}
        placed = len(backup_portions_gib(case, target))
        if placed > 1:
            yield finding_of("info", LIMIT, target.site, ORD_2.id, about="backup", **order, orders=placed)
        elif 0 < target.tib * GIB_PER_TIB < least:
            yield finding_of("info", LIMIT, target.site, ORD_2.id, about="little backup", **order)


def _not_in_the_form(case: Case, choice: Choice, form: OrderForm) -> Iterator[Finding]:
    """What is ordered by service request: clusters too small, too much memory, blades and classes that it lacks."""
    for cluster in choice.clusters:
        name, blade = cluster.name, case.edition.blades[cluster.blade]
        if form.hosts_min is not None and cluster.hosts < form.hosts_min:
            values: dict[str, Any] = {"cluster": name, "hosts": cluster.hosts, "least": form.hosts_min}
            yield finding_of("info", LIMIT, name, ORD_3.id, about="few hosts", **values)
        most = form.memory_max_gib(cluster.hosts, blade.ram_gib)
        if not memory_is_included(case) and cluster.memory_gib > most:
            values = {"memory_gib": cluster.memory_gib, "most": most, "reserve": form.memory_reserve_gib}
            yield finding_of("warning", LIMIT, name, ORD_3.id, about="memory", cluster=name, **values)
        if cluster.blade in form.without_blades:
            yield finding_of("warning", LIMIT, name, ORD_3.id, about="blade", cluster=name, blade=blade.label)
    placed = Counter((store.site, store.storage_class) for store in choice.datastores)
    for (site, storage_class), count in placed.items():
        if storage_class in form.without_classes:
            values = {"site": site, "storage_class": storage_class, "datastores": count}
            yield finding_of("warning", LIMIT, site, ORD_3.id, about="class", **values)


def _extras(case: Case, form: OrderForm) -> Iterator[Finding]:
    """Extras and networks that take several orders, or a service request."""
    ordered = Counter((VLAN, site) for network in case.workload.networks for site in network.sites)
    for extra in case.workload.extras:
        item = case.edition.extra(extra.sku, case.workload.region)
        key = next(key for key, other in case.edition.extras.items() if other is item)
        ordered[key, extra.site] += extra.quantity
    for (key, site), count in ordered.items():
        item = case.edition.extras[key]
        if item.by_request:
            yield finding_of("info", LIMIT, item.sku, ORD_3.id, about="by request", item=item.label)
        if key == VLAN and form.networks_max is not None and count > form.networks_max:
            orders = len(in_portions(count, form.networks_max))
            values = {"site": site, "networks": count, "most": form.networks_max, "orders": orders}
            yield finding_of("info", LIMIT, site, ORD_3.id, about="networks", **values)
        if key == ADDRESS and form.addresses_max is not None and count > form.addresses_max:
            values = {"site": site, "addresses": count, "most": form.addresses_max}
            yield finding_of("info", LIMIT, site, ORD_3.id, about="addresses", **values)


def _disks(case: Case) -> Iterator[Finding]:
    """VMs with more disks than their controllers take."""
    most = case.edition.limit("vm_disks")
    for index, group in enumerate(case.workload.vms):
        if most is not None and len(group.disks) > most:
            more = case.edition.limit("vm_disks_paravirtual") or most
            values = {"vm": group.name, "disks": len(group.disks), "most": most, "paravirtual": more}
            yield finding_of("warning", LIMIT, f"vms[{index}]", "", about="disks", **values)
