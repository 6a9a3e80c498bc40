"""What the reader of a plan must know: consequences of choices, gaps in the input, contradictions of the catalogue."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from cloudplan.bom import backup_targets, zones_in_use
from cloudplan.demand import Case
from cloudplan.plan import VM_REPLICATION, Choice, Finding
from cloudplan.rules.backup import is_backed_up

MANY_DATASTORES = 10
BACKUP_ORDER_GIB = 40_960


def find(case: Case, choice: Choice, *, pinned: bool, on: date | None) -> tuple[Finding, ...]:
    """Return the findings of a choice, warnings first.

    `pinned` says whether an edition was asked for; `on` is the date of the quote, None when nobody gave one.
    """
    found = [
        *_prices(case),
        *_dates(case, on),
        *_catalogue(case, pinned=pinned),
        *_availability(case, choice),
        *_storage(case, choice),
        *_protection(case, choice),
        *_backup(case),
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
    if book.illustrative:
        message = "The prices of {book} are invented, for illustration only. They are not an offer."
        yield _finding("warning", "illustrative-prices", "prices", "", message, book=book.name)
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
        spellings = {sku: price for sku in (item.sku, *item.aliases) if (price := _price_of(case, sku)) is not None}
        if len(set(spellings.values())) > 1:
            message = "{sku} is priced differently under another spelling; the edition's own spelling counts: {price}."
            counts = spellings.get(item.sku, next(iter(spellings.values())))
            yield _finding("warning", "alias-prices", item.sku, "", message, sku=item.sku, price=str(counts))


def _dates(case: Case, on: date | None) -> Iterator[Finding]:
    book = case.prices.book
    early = on is not None and book.valid_from is not None and on < book.valid_from
    late = on is not None and book.valid_until is not None and on > book.valid_until
    if early or late:
        message = "{date} is outside the dates of {book}: valid from {valid_from} until {valid_until}."
        dates = {"valid_from": str(book.valid_from or "ever"), "valid_until": str(book.valid_until or "further notice")}
        yield _finding("warning", "prices-outside-dates", "prices", "", message, date=str(on), book=book.name, **dates)


def _price_of(case: Case, sku: str) -> Decimal | None:
    items = case.prices.book.items
    return next((items[key] for key in case.prices.spellings(sku) if key in items), None)


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
        if len(here) > MANY_DATASTORES:
            message = "{site} has {datastores} datastores; an order takes at most {most}, so several are needed."
            values = {"site": site, "datastores": len(here), "most": MANY_DATASTORES}
            yield _finding("info", "order-limit", site, "ORD-1", message, **values)
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
    for target in backup_targets(case):
        if target.tib * 1024 > BACKUP_ORDER_GIB:
            message = "{tib} TiB of backup storage at {site} exceed one order of {most} GiB; several are needed."
            values = {"tib": target.tib, "site": target.site, "most": BACKUP_ORDER_GIB}
            yield _finding("info", "order-limit", target.site, "BKP-3", message, **values)
