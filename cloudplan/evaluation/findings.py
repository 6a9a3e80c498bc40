"""What the reader of a plan must know: consequences of choices, gaps in the input, contradictions of the catalogue."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from cloudplan.evaluation.affinity_findings import affinity_findings
from cloudplan.evaluation.iops_findings import iops_findings
from cloudplan.evaluation.items import zones_in_use
from cloudplan.evaluation.licence_findings import licence_findings
from cloudplan.evaluation.memory_models import under_the_other
from cloudplan.evaluation.order_limits import order_limits
from cloudplan.evaluation.recovery_findings import recovery_findings
from cloudplan.evaluation.standby_findings import standby_findings
from cloudplan.evaluation.standing_findings import standing_findings
from cloudplan.evaluation.tenant_findings import tenant_findings
from cloudplan.plan.plan import VM_REPLICATION, Choice, Finding, Search
from cloudplan.plan.wording import finding_of
from cloudplan.prices.book import PriceBook
from cloudplan.rules import backup, compute, protection, storage
from cloudplan.rules.backup import is_backed_up
from cloudplan.rules.bill import PROOF
from cloudplan.workload.case import Case

MUCH = Decimal("0.01")
"""The share of the cost from which on a gap is a warning."""
NOT_PINNED, OUTSIDE_DATES = "catalog-not-pinned", "prices-outside-dates"
"""The findings that say what a plan does not carry: that no edition was asked for, and the date of the quote."""


def find(case: Case, choice: Choice, *, pinned: bool, on: date | None) -> tuple[Finding, ...]:
    """Return the findings of a choice, warnings first.

    `pinned` says whether an edition was asked for; `on` is the date of the quote, None when nobody gave one.
    """
    found = [
        *book_findings(case.prices.book, on),
        *_prices(case),
        *_catalogue(case, choice, pinned=pinned),
        *_availability(case, choice),
        *standby_findings(case),
        *_storage(case, choice),
        *standing_findings(case, choice),
        *iops_findings(case, choice),
        *_thin(case),
        *_protection(case, choice),
        *recovery_findings(case, choice),
        *affinity_findings(case, choice),
        *_backup(case),
        *order_limits(case, choice),
        *tenant_findings(case, choice),
        *licence_findings(case, choice),
        *_commitments(case),
        *_inventory(case),
    ]
    return sorted_findings(found)


def not_proven(search: Search, monthly: Decimal, lower_bound: Decimal, currency: str) -> Finding:
    """Return the finding of a plan whose search was ended by a gap, a budget or a limit of time before the proof."""
    saving = monthly - lower_bound
    much = saving > monthly * MUCH and search.of is None
    severity: Literal["info", "warning"] = "warning" if much else "info"
    values = {"saving": str(saving), "currency": currency}
    return finding_of(severity, "not-proven", "lower_bound", PROOF.id, about=search.of or search.ended, **values)


def not_proven_over(months: int, total: Decimal, lower_bound: Decimal, currency: str) -> Finding:
    """Return the finding of a roadmap whose search was ended before the proof; amounts are for all its months."""
    saving = total - lower_bound
    severity: Literal["info", "warning"] = "warning" if saving > total * MUCH else "info"
    values = {"saving": str(saving), "currency": currency, "months": months}
    return finding_of(severity, "not-proven", "lower_bound", PROOF.id, about="horizon", **values)


def sorted_findings(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with the warnings first."""
    return tuple(sorted(found, key=lambda finding: finding.severity != "warning"))


def _prices(case: Case) -> Iterator[Finding]:
    book = case.prices.book
    for name in case.workload.policy.blades:
        if not case.prices.offer(case.edition.blades[name]):
            yield finding_of("warning", "not-priced", name, "", about="blade", blade=name, book=book.name)
    for name, storage_class in case.edition.storage_classes.items():
        if not case.prices.offer(storage_class):
            yield finding_of("warning", "not-priced", name, "", about="class", storage_class=name, book=book.name)
    memory = case.edition.services.memory
    if not compute.memory_is_included(case) and not case.prices.offer(memory):
        yield finding_of("warning", "not-priced", memory.sku, "", about="memory", book=book.name)
    for item in case.edition.computed_items():
        prices = list(case.prices.spelled(item).values())
        if len(set(prices)) > 1:
            yield finding_of("warning", "alias-prices", item.sku, "", sku=item.sku, price=str(prices[0]))


def _catalogue(case: Case, choice: Choice, *, pinned: bool) -> Iterator[Finding]:
    edition = case.edition.edition
    if not pinned:
        yield finding_of("info", NOT_PINNED, "catalog", "", edition=edition)
    if compute.MEM_4.figure(case.edition, "contradicted") == "true":
        values: dict[str, Any] = {"model": case.workload.policy.memory_model}
        about = ""
        if other := under_the_other(case, choice):
            model, monthly = other
            values |= {"other": model, "monthly": str(monthly), "currency": case.prices.book.currency}
            about = "total"
        yield finding_of("warning", "memory-model", "catalog", compute.MEM_4.id, about=about, **values)


def _availability(case: Case, choice: Choice) -> Iterator[Finding]:
    sla = compute.HA_2.figure(case.edition, "hosts_for_sla")
    if case.workload.policy.host_failures == 0 and choice.clusters:
        yield finding_of("warning", "no-sla", "policy.host_failures", compute.HA_2.id, hosts_for_sla=sla)
    for group in case.workload.vms:
        if group.gpus:
            yield finding_of("warning", "gpu-passthrough", group.name, compute.GPU_1.id, vm=group.name)


def _storage(case: Case, choice: Choice) -> Iterator[Finding]:
    for site in case.sites:
        here = [store for store in choice.datastores if store.site == site]
        if len(here) == 1 and site in case.cluster_sites:
            yield finding_of("warning", "one-datastore", site, storage.ORD_1.id, site=site)
        on_mass = sorted({name for store in here if not _flash(case, store.storage_class) for name in store.vswp})
        if on_mass:
            yield finding_of("warning", "swap-on-mass", site, storage.VSWP_2.id, site=site, count=len(on_mass))


def _thin(case: Case) -> Iterator[Finding]:
    """What disks that were thin may still take."""
    thin = [(group.count, disk) for group in case.workload.vms for disk in group.disks if disk.thin]
    size, used = (sum(count * getattr(disk, name) for count, disk in thin) for name in ("size_gib", "used_gib"))
    if size > used:
        values = {"disks": sum(count for count, _ in thin), "size": size, "used": used, "beyond": size - used}
        yield finding_of("info", "thin-risk", "vms", "", **{key: str(value) for key, value in values.items()})


def _flash(case: Case, storage_class: str) -> bool:
    return case.edition.storage_classes[storage_class].flash


def _protection(case: Case, choice: Choice) -> Iterator[Finding]:
    replicated = [name for name, mechanism in choice.protection.items() if mechanism == VM_REPLICATION]
    if replicated:
        yield finding_of("info", "replica-class", "protection", protection.VMR_2.id, count=len(replicated))
    if choice.protection:
        sites = sorted(zones_in_use(case))
        yield finding_of("info", "failover-request", "protection", protection.DR_2.id, sites=sites)


def _backup(case: Case) -> Iterator[Finding]:
    for index, group in enumerate(case.workload.vms):
        subject = f"vms[{index}]"
        for number, disk in enumerate(group.disks):
            values: dict[str, Any] = {"vm": group.name, "disk": number}
            if disk.constant_writes:
                yield finding_of("warning", "disk-not-backed-up", subject, backup.BKP_4.id, about="constant", **values)
            elif not disk.backup:
                yield finding_of("info", "disk-not-backed-up", subject, backup.BKP_4.id, about="asked", **values)
        if not any(is_backed_up(disk) for disk in group.disks):
            yield finding_of("warning", "vm-without-backup", subject, backup.BKP_4.id, vm=group.name)


def _commitments(case: Case) -> Iterator[Finding]:
    """Extras that are committed for longer than the term of the workload."""
    term = case.workload.term_months
    for index, extra in enumerate(case.workload.extras):
        least = case.edition.extra(extra.sku, case.workload.region).min_term_months
        if least is not None and least > term:
            values: dict[str, Any] = {"sku": extra.sku, "least": least, "term": term}
            yield finding_of("warning", "minimum-commitment", f"extras[{index}]", "", **values)


def _inventory(case: Case) -> Iterator[Finding]:
    """What the import of the inventory warned of: the figures of the workload rest on it."""
    if case.workload.inventory and case.workload.inventory.totals:
        groups = case.workload.vms
        values: dict[str, Any] = {
            "vms": sum(group.count for group in groups),
            "vcpus": sum(group.count * group.vcpus for group in groups),
            "memory": str(sum(group.count * group.memory_gib for group in groups)),
            "disks": str(sum(group.count * disk.size_gib for group in groups for disk in group.disks)),
        }
        yield finding_of("warning", "totals", "inventory", "", **values)
    for text in case.workload.inventory.warnings if case.workload.inventory else ():
        yield finding_of("warning", "inventory", "inventory", "", text=text)


def book_findings(book: PriceBook, on: date | None) -> Iterator[Finding]:
    """Yield what the reader of any output must know of its price book; `on` is the date of the quote, if given."""
    if book.illustrative:
        yield finding_of("warning", "illustrative-prices", "prices", "", book=book.name)
    if on is not None and not book.valid_on(on):
        dates = {"valid_from": str(book.valid_from or "ever"), "valid_until": str(book.valid_until or "further notice")}
        yield finding_of("warning", OUTSIDE_DATES, "prices", "", date=str(on), book=book.name, **dates)
