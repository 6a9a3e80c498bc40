"""Disks that say neither IOPS nor a class: the cheapest class takes them without a word, unless this says so."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from cloudplan.base import money
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.catalog.edition import StorageClass
from cloudplan.plan.plan import Choice, Finding
from cloudplan.plan.wording import finding_of
from cloudplan.workload.case import Case

NOT_TOLD = "iops-not-told"


def iops_findings(case: Case, choice: Choice) -> Iterator[Finding]:
    """Yield for each class how many disks it took that say nothing, and what the next class would cost for them.

    Copies at the other site are in the cost, and not among the disks.
    """
    groups = case.workload.groups
    disks, size_mib, placed_mib = Counter[str](), Counter[str](), Counter[str]()
    for store in choice.datastores:
        for placed in store.disks:
            group = groups.get(placed.vm)
            disk = group.disks[placed.disk] if group and placed.disk < len(group.disks) else None
            if group is None or disk is None or disk.iops or disk.storage_class is not None:
                continue
            placed_mib[store.storage_class] += placed.count * disk.size_mib
            if store.site == group.site:
                disks[store.storage_class] += placed.count
                size_mib[store.storage_class] += placed.count * disk.size_mib
    for name in case.edition.storage_classes:
        if disks[name]:
            item = case.edition.storage_classes[name]
            size_gib = -(-size_mib[name] // MIB_PER_GIB)
            values: dict[str, Any] = {"disks": disks[name], "size": size_gib, "storage_class": item.label}
            following = _next(case, name)
            if following is not None:
                values |= {"next": following.label, "monthly": _more(case, item, following, placed_mib[name])}
                values["currency"] = case.prices.book.currency
            about = "" if following is None else "priced"
            yield finding_of("warning", NOT_TOLD, "vms", "", about=about, **values)


def _next(case: Case, name: str) -> StorageClass | None:
    """Return the flash class after one in the order of the edition, of those that are priced."""
    flash = list(case.edition.flash_classes)
    later = flash[flash.index(name) + 1 :] if name in flash and name in case.classes else []
    return next((case.classes[each] for each in later if each in case.classes), None)


def _more(case: Case, item: StorageClass, following: StorageClass, placed_mib: int) -> str:
    """Return what disks cost more a month on another class, with the share of a LUN that snapshots keep free."""
    lun_gib = Fraction(placed_mib, MIB_PER_GIB) / (1 - Fraction(case.workload.policy.snapshot_headroom))
    each = [Fraction(case.prices.net(one)) / one.unit_gib for one in (item, following)]
    return str(money.floor_cents(lun_gib * (each[1] - each[0])))
