"""What the reader of a plan must know: consequences of choices, gaps in the input, contradictions of the catalogue."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

from cloudplan.bom import backup_targets, zones_in_use
from cloudplan.demand import Case
from cloudplan.plan import VM_REPLICATION, Choice, Finding
from cloudplan.price_review import book_findings
from cloudplan.rules.backup import is_backed_up
from cloudplan.units import GIB_PER_TIB


def find(case: Case, choice: Choice, *, pinned: bool, on: date | None) -> tuple[Finding, ...]:
    """Return the findings of a choice, warnings first.

    `pinned` says whether an edition was asked for; `on` is the date of the quote, None when nobody gave one.
    """
    found = [
        *book_findings(case.prices.book, on),
        *_prices(case),
        *_catalogue(case, pinned=pinned),
        *_availability(case, choice),
        *_storage(case, choice),
        *_protection(case, choice),
        *_backup(case),
        *_orders(case, choice),
        *_commitments(case),
        *_inventory(case),
    ]
    return tuple(sorted(found, key=lambda finding: finding.severity != "warning"))


def _finding(
    severity: Literal["info", "warning"], code: str, subject: str, rule: str, message: str, **values: Any
) -> Finding:
    return Finding(
        severity=severity, code=code, subject=subject, rule=rule, message=message.format(**values), values=values
    )


def _prices(case: Case) -> Iterator[Finding]:
    book = case.prices.book
    for name in case.workload.policy.blades:
        if name not in case.blades:
            message = "Blade {blade} has no price in {book} and was not considered."
            yield _finding("warning", "not-priced", name, "", message, blade=name, book=book.name)
    for name in case.edition.storage_classes:
        if name not in case.classes:
            message = "Storage class {storage_class} has no price in {book} and was not considered."
            yield _finding("warning", "not-priced", name, "", message, storage_class=name, book=book.name)
    memory = case.edition.services.memory
    if case.workload.policy.memory_model == "base128_plus_memory" and case.prices.offer(memory) is None:
        message = "Additional memory has no price in {book}; the plan activates only what blades include."
        yield _finding("warning", "not-priced", memory.sku, "", message, book=book.name)
    for item in case.edition.computed_items():
        prices = list(case.prices.spelled(item).values())
        if len(set(prices)) > 1:
            message = "{sku} is priced differently under another spelling; the edition's own spelling counts: {price}."
            yield _finding("warning", "alias-prices", item.sku, "", message, sku=item.sku, price=str(prices[0]))


def _catalogue(case: Case, *, pinned: bool) -> Iterator[Finding]:
    edition = case.edition.edition
    if not pinned:
        message = 'Sized with the newest edition, {edition}; write catalog: "{edition}" in the workload to pin it.'
        yield _finding("info", "catalog-not-pinned", "catalog", "", message, edition=edition)
    if case.edition.figure("MEM-4", "contradicted") == "true":
        message = "The provider's pages contradict each other on the memory active at delivery; this plan uses {model}."
        yield _finding("warning", "memory-model", "catalog", "MEM-4", message, model=case.workload.policy.memory_model)


def _availability(case: Case, choice: Choice) -> Iterator[Finding]:
    sla = case.edition.count("HA-2", "hosts_for_sla")
    if case.workload.policy.host_failures == 0 and choice.clusters:
        message = "host_failures is 0: no SLA and no automatic restart; a lost host takes its VMs with it."
        yield _finding("warning", "no-sla", "policy.host_failures", "HA-2", message, hosts_for_sla=sla)
    for group in case.workload.vms:
        if group.gpus:
            message = "{vm} uses GPUs: restart after a failure, snapshot backup and replication are to be confirmed."
            yield _finding("warning", "gpu-passthrough", group.name, "GPU-1", message, vm=group.name)
    share = case.workload.policy.standby
    if choice.protection and min(share.vcpu_share, share.memory_share) < 1:
        message = "The standby site runs degraded: {vcpu} of the vCPUs and {memory} of the memory are held there."
        values = {"vcpu": str(share.vcpu_share), "memory": str(share.memory_share)}
        yield _finding("warning", "degraded-standby", "policy.standby", "DR-1", message, **values)


def _storage(case: Case, choice: Choice) -> Iterator[Finding]:
    for site in case.sites:
        here = [store for store in choice.datastores if store.site == site]
        if len(here) == 1 and site in case.cluster_sites:
            message = "{site} has one datastore; vSphere wants two for heartbeats and an order takes two or more."
            yield _finding("warning", "one-datastore", site, "ORD-1", message, site=site)
        on_mass = sorted({name for store in here if not _flash(case, store.storage_class) for name in store.vswp})
        if on_mass:
            message = (
                "Swap files of {count} VM groups at {site} stand on mass storage, which has no performance commitment."
            )
            yield _finding("warning", "swap-on-mass", site, "VSWP-2", message, site=site, count=len(on_mass))


def _flash(case: Case, storage_class: str) -> bool:
    return case.edition.storage_classes[storage_class].flash


def _protection(case: Case, choice: Choice) -> Iterator[Finding]:
    replicated = [name for name, mechanism in choice.protection.items() if mechanism == VM_REPLICATION]
    if replicated:
        message = (
            "{count} VM groups under VM replication keep their storage class at the other site (full performance after "
            "failover); the provider does not ask for it."
        )
        yield _finding("info", "replica-class", "protection", "VMR-2", message, count=len(replicated))
    if choice.protection:
        sites = sorted(zones_in_use(case))
        message = "Replication comes beside backup, not instead of it; failover to the other site is a service request."
        yield _finding("info", "failover-request", "protection", "DR-2", message, sites=sites)


def _backup(case: Case) -> Iterator[Finding]:
    for index, group in enumerate(case.workload.vms):
        subject = f"vms[{index}]"
        for number_, disk in enumerate(group.disks):
            if disk.constant_writes:
                message = "{vm} disk {disk} writes constantly and is left out of backup: protect its data another way."
                yield _finding("warning", "disk-not-backed-up", subject, "BKP-4", message, vm=group.name, disk=number_)
            elif not disk.backup:
                message = "{vm} disk {disk} is excluded from backup, as asked."
                yield _finding("info", "disk-not-backed-up", subject, "BKP-4", message, vm=group.name, disk=number_)
        if not any(is_backed_up(disk) for disk in group.disks):
            message = "Nothing of {vm} is backed up; its access unit is billed all the same."
            yield _finding("warning", "vm-without-backup", subject, "BKP-4", message, vm=group.name)


def _orders(case: Case, choice: Choice) -> Iterator[Finding]:
    """What takes more than one order of the console, or more than is needed (ORD-2)."""
    hosts, datastores = case.edition.count("ORD-2", "hosts_max"), case.edition.count("ORD-2", "datastores_max")
    for cluster in choice.clusters:
        if cluster.hosts > hosts:
            message = "{cluster} has {hosts} hosts; order it with {most}, then add {rest} by further orders."
            values = {"cluster": cluster.name, "hosts": cluster.hosts, "most": hosts, "rest": cluster.hosts - hosts}
            yield _finding("info", "order-limit", cluster.name, "ORD-2", message, **values)
    for site in case.sites:
        count = sum(store.site == site for store in choice.datastores)
        if count > datastores:
            message = "{site} has {datastores} datastores, an order at most {most}; place {orders} orders in turn."
            values = {"site": site, "datastores": count, "most": datastores, "orders": -(-count // datastores)}
            yield _finding("info", "order-limit", site, "ORD-2", message, **values)
    least, most = case.edition.count("ORD-2", "backup_min_gib"), case.edition.count("ORD-2", "backup_max_gib")
    for target in backup_targets(case):
        size_gib = target.tib * GIB_PER_TIB
        values = {"tib": target.tib, "site": target.site, "least": least, "most": most}
        if size_gib > most:
            message = "{site} takes {tib} TiB of backups, an order at most {most} GiB; place {orders} orders in turn."
            yield _finding("info", "order-limit", target.site, "ORD-2", message, **values, orders=-(-size_gib // most))
        elif 0 < size_gib < least:
            message = "{site} takes {tib} TiB of backups, an order at least {least} GiB; order {least} GiB."
            yield _finding("info", "order-limit", target.site, "ORD-2", message, **values)


def _commitments(case: Case) -> Iterator[Finding]:
    """Extras that are committed for longer than the term of the workload."""
    term = case.workload.term_months
    for index, extra in enumerate(case.workload.extras):
        least = case.edition.extra(extra.sku, case.workload.region).min_term_months
        if least is not None and least > term:
            message = "{sku} has a minimum commitment of {least} months, longer than the term of {term}."
            values = {"sku": extra.sku, "least": least, "term": term}
            yield _finding("warning", "minimum-commitment", f"extras[{index}]", "", message, **values)


def _inventory(case: Case) -> Iterator[Finding]:
    """What the import of the inventory warned of: the figures of the workload rest on it."""
    for text in case.workload.inventory.warnings if case.workload.inventory else ():
        yield _finding("warning", "inventory", "inventory", "", "{text}", text=text)
