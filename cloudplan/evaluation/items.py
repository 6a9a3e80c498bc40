"""Which items a decision takes, and how many: in numbers for the bill, in the solver's unknowns for the objective.

Both sum what is written here, so that the optimum is that of the bill.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from cloudplan.base.errors import BadInputError, Fault, InternalError
from cloudplan.catalog.edition import Item, in_region
from cloudplan.evaluation.backup_storage import backup_targets
from cloudplan.plan.plan import VM_REPLICATION, BomLine, Choice
from cloudplan.rules.compute import included_gib, memory_is_included
from cloudplan.rules.networks import vlans
from cloudplan.rules.protection import mirror_licences_tib, mirrored_at_source_gib
from cloudplan.rules.rule import Linear
from cloudplan.workload.case import Case
from cloudplan.workload.networks import VLAN

BLADES, CLASSES, EXTRAS = "blades", "storage_classes", "extras"
"""The first part of the key of a blade, of a storage class, and of an extra."""
MEMORY, MIRROR, REPLICATION = "services.memory", "services.global_mirror", "services.vm_replication"
NETWORK = f"{EXTRAS}.{VLAN}"
ACCESS, BACKUP, ENCRYPTION, ZONE = (
    *("services.backup_access", "services.backup_storage", "services.encryption", "services.zone"),
)


@dataclass(frozen=True)
class Taken:
    """A quantity of an item at a site, in the units that it is sold in."""

    site: str
    key: str
    item: Item
    quantity: Linear


@dataclass(frozen=True)
class Decision:
    """What is decided, in numbers or in unknowns: all of a plan, or what one part of the search looks at.

    Clusters are (site, blade, hosts, GiB activated), datastores (site, class, size in GiB); licences of Global Mirror
    in TiB and VMs under VM replication are by site.
    """

    clusters: Sequence[tuple[str, str, Linear, Linear]] = ()
    datastores: Sequence[tuple[str, str, Linear]] = ()
    licences_tib: Mapping[str, Linear] = field(default_factory=dict)
    replicated_vms: Mapping[str, Linear] = field(default_factory=dict)


def decision_of(case: Case, choice: Choice) -> Decision:
    """Return the decision that a choice is, with the least licences."""
    groups = case.workload.groups
    replicated: Counter[str] = Counter()
    for name, mechanism in choice.protection.items():
        if mechanism == VM_REPLICATION:
            replicated[groups[name].site] += groups[name].count
    return Decision(
        [(cluster.site, cluster.blade, cluster.hosts, cluster.memory_gib) for cluster in choice.clusters],
        [(store.site, store.storage_class, store.size_gib) for store in choice.datastores],
        {site: mirror_licences_tib(mirrored_at_source_gib(case, choice, site)) for site in case.sites},
        replicated,
    )


def items(case: Case, decision: Decision) -> Iterator[Taken]:
    """Yield the items that a decision takes.

    Raises BadInputError for one that the edition does not sell.
    """
    edition = case.edition
    for site, blade, hosts, memory_gib in decision.clusters:
        yield _taken(case, site, f"{BLADES}.{blade}", hosts)
        if not memory_is_included(case):
            yield _taken(case, site, MEMORY, memory_gib - included_gib(edition) * hosts)
    for site, name, size_gib in decision.datastores:
        unit_gib = edition.storage_classes[name].unit_gib
        yield _taken(case, site, f"{CLASSES}.{name}", size_gib * Fraction(1, unit_gib))
    for site, licences_tib in decision.licences_tib.items():
        yield _taken(case, site, MIRROR, licences_tib)
    for site, vms in decision.replicated_vms.items():
        yield _taken(case, site, REPLICATION, vms)


def fixed_items(case: Case) -> Iterator[Taken]:
    """Yield what no decision changes: backup, encryption, zones, networks, extras.

    Raises BadInputError for one that the edition does not sell.
    """
    for site in case.sites:
        here = [group for group in case.workload.vms if group.site == site]
        yield _taken(case, site, ACCESS, sum(group.count for group in here))
        for target in backup_targets(case):
            if target.site == site:
                yield _taken(case, site, BACKUP, target.tib)
        if encrypted := sum(group.count for group in here if group.encrypted):
            yield _taken(case, site, ENCRYPTION, encrypted)
        if case.edition.services.zone is not None and site in zones_in_use(case):
            yield _taken(case, site, ZONE, 1)
    for site, count in vlans(case).items():
        yield _taken(case, site, NETWORK, count)
    for extra in case.workload.extras:
        item = case.edition.extra(extra.sku, case.workload.region)
        yield _taken(case, extra.site, key_of(case, item.sku), extra.quantity)


def cost(case: Case, taken: Iterable[Taken]) -> Linear:
    """Return the monthly cost of items, exact.

    Of an item without a price whose quantity is unknown nothing is counted: the bill refuses a plan that takes some.
    Raises InternalError when the quantity is known and is not 0.
    """
    amount: Linear = Fraction(0)
    for each in taken:
        if case.prices.offer(each.item) is not None:
            amount = amount + Fraction(case.prices.net(each.item)) * each.quantity
        elif isinstance(each.quantity, int | Fraction) and each.quantity:
            raise InternalError(f"{each.item.sku} is counted but has no price")
    return amount


def missing_prices(case: Case, unpriced: Iterable[Item]) -> list[Fault]:
    """Return one fault for each item that a plan needs and the price book does not price."""
    return [
        Fault(
            f"no price for {item.sku} ({item.label}), which the plan needs", where=f"price book {case.prices.book.name}"
        )
        for item in dict.fromkeys(unpriced)
    ]


def zones_in_use(case: Case) -> set[str]:
    """Return the zones with a cluster or a datastore: those where a VM stands or is replicated to."""
    return {site for group in case.workload.vms for site in case.workload.sites_of(group)}


def key_of(case: Case, sku: str) -> str:
    """Return the key of the item that a SKU stands for, with its region filled in or not; empty for no item."""
    return _keys(case).get(in_region(sku, case.workload.region), "")


def lines_by_key(case: Case, lines: Iterable[BomLine]) -> dict[tuple[str, str], BomLine]:
    """Return lines of a bill by their site and the key of their item."""
    return {(line.site, key_of(case, line.sku)): line for line in lines}


def _taken(case: Case, site: str, key: str, quantity: Linear) -> Taken:
    item = case.once(_taken, lambda: dict(case.edition.keyed_items())).get(key)
    if item is None:
        message = f"edition {case.edition.edition} does not sell {key}, which the workload needs"
        raise BadInputError([Fault(message)])
    return Taken(site, key, item, quantity)


def _keys(case: Case) -> dict[str, str]:
    region = case.workload.region
    return case.once(_keys, lambda: {in_region(item.sku, region): key for key, item in case.edition.keyed_items()})
