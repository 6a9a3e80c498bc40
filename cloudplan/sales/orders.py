"""The orders that build a plan: at the provider's console, within its limits and in sequence, and as service requests.

One order of a kind runs at a time. What exceeds one order becomes several; what is below a minimum is a note.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cloudplan.base.language import Message, message
from cloudplan.base.units import GIB_PER_TIB
from cloudplan.catalog.edition import in_any_region
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION, BackupTarget, Choice, Cluster, Datastore
from cloudplan.rules.compute import HA_2, included_gib
from cloudplan.rules.orders import backup_portions_gib, cluster_portions, datastore_portions, order_form, portions
from cloudplan.workload.case import Case
from cloudplan.workload.workload import BackupPolicy, VmGroup

NAMED = 20
"""Names that a field of a request lists."""
VLAN = "csp:(region):network:vlan"
"""What the SKU of a private network begins with."""

CLUSTER, HOSTS, MEMORY, STORAGE, BACKUP, NETWORKS, OTHER = (
    *("new cluster", "hosts", "memory", "datastores", "backup storage", "networks", "other items"),
)
POLICY, MIRROR, REPLICATION, FAILOVER, ENCRYPTION = (
    *("backup policy", "Global Mirror", "VM replication", "failover", "encryption"),
)

Value = str | int | Message | None
Field = tuple[str | Message, Value]
"""A field of a form: a label of the program, or a name out of the plan, and what to fill in."""


@dataclass(frozen=True)
class Order:
    """One order: its number in the sequence, kind, site, the fields to fill in, and the order that it waits for."""

    number: int
    kind: str
    site: str
    fields: tuple[Field, ...]
    waits_for: int | None = None
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Request:
    """One service request with its fields filled in; None is what the plan does not know."""

    kind: str
    site: str | None
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Orders:
    """All orders in their sequence, and the service requests."""

    orders: tuple[Order, ...]
    requests: tuple[Request, ...]


def orders(case: Case, choice: Choice, backup: Sequence[BackupTarget]) -> Orders:
    """Return the orders and the service requests of a plan."""
    queue = _Queue()
    for site in case.sites:
        _compute(case, queue, site, [cluster for cluster in choice.clusters if cluster.site == site])
        _storage(case, queue, site, [store for store in choice.datastores if store.site == site])
        for target in backup:
            if target.site == site:
                _backup(case, queue, target)
        _extras(case, queue, site)
    return Orders(tuple(queue.orders), tuple(_requests(case, choice)))


@dataclass
class _Queue:
    """Orders in sequence; each waits for the one of its kind before it."""

    orders: list[Order] = field(default_factory=list)

    def add(self, kind: str, site: str, *fields: Field, notes: Sequence[Message] = ()) -> None:
        """Add an order."""
        before = next((order.number for order in reversed(self.orders) if order.kind == kind), None)
        self.orders.append(Order(len(self.orders) + 1, kind, site, fields, before, tuple(notes)))


def _compute(case: Case, queue: _Queue, site: str, clusters: Sequence[Cluster]) -> None:
    advised = HA_2.figure(case.edition, "hosts_for_sla")
    for cluster in clusters:
        first, *further = cluster_portions(case, cluster)
        blade = f"{case.edition.blades[cluster.blade].label} ({cluster.blade})"
        notes = []
        if first < advised:
            few = (
                "An order of a cluster takes {advised} hosts or more; fewer have no SLA: agree on it with the provider."
            )
            notes.append(message(few, advised=advised))
        included = included_gib(case.edition)
        head = ((message("Cluster"), cluster.name), (message("Blade"), blade), (message("Hosts"), first))
        at_once = cluster.memory_gib if not further else first * included
        queue.add(CLUSTER, site, *head, (message("Memory (GiB)"), at_once), notes=notes)
        for more in further:
            queue.add(
                HOSTS,
                site,
                (message("Cluster"), cluster.name),
                (message("Blade"), blade),
                (message("Hosts to add"), more),
            )
        if further and cluster.memory_gib > cluster.hosts * included:
            queue.add(
                MEMORY,
                site,
                (message("Cluster"), cluster.name),
                (message("Memory of the cluster (GiB)"), cluster.memory_gib),
            )


def _storage(case: Case, queue: _Queue, site: str, stores: Sequence[Datastore]) -> None:
    advised = order_form(case.edition).datastores_min
    for name, item in case.edition.storage_classes.items():
        mine = [store for store in stores if store.storage_class == name]
        for count in datastore_portions(case, mine):
            some, mine = mine[:count], mine[count:]
            notes = []
            if count < advised:
                few = "An order takes {advised} datastores or more: order it with those of a new zone, or ask support."
                notes.append(message(few, advised=advised))
            listed = [(store.name, message("{size_gib:n} GiB", size_gib=store.size_gib)) for store in some]
            queue.add(
                STORAGE,
                site,
                (message("Class"), f"{item.label} ({name})"),
                (message("Datastores"), count),
                *listed,
                notes=notes,
            )


def _backup(case: Case, queue: _Queue, target: BackupTarget) -> None:
    least = order_form(case.edition).backup_min_gib
    needed = target.tib * GIB_PER_TIB
    notes = [message("The plan needs {needed:n} GiB; an order takes {least} GiB or more.", needed=needed, least=least)]
    for size_gib in backup_portions_gib(case, target):
        few = notes if needed < least else ()
        queue.add(
            BACKUP, target.site, (message("Backup storage"), message("{size_gib:n} GiB", size_gib=size_gib)), notes=few
        )


def _extras(case: Case, queue: _Queue, site: str) -> None:
    """What the workload asks for besides: networks in portions, the rest as one order for each item."""
    for extra in case.workload.extras:
        if extra.site != site:
            continue
        item = case.edition.extra(extra.sku, case.workload.region)
        if in_any_region(item.sku, case.workload.region).startswith(VLAN):
            for count in portions(extra.quantity, order_form(case.edition).networks_max):
                queue.add(
                    NETWORKS, site, (message("Networks to create and propagate"), count), (message("SKU"), item.sku)
                )
        else:
            queue.add(
                OTHER,
                site,
                (message("Item"), item.label),
                (message("SKU"), item.sku),
                (message("Quantity"), extra.quantity),
            )


# --- service requests ---------------------------------------------------------------------------------------------


def _requests(case: Case, choice: Choice) -> Iterator[Request]:
    yield from _policies(case)
    mirrored = [store for store in choice.datastores if store.replication == GLOBAL_MIRROR]
    sources = [store for store in mirrored if _is_source(case, store)]
    for site in dict.fromkeys(store.site for store in sources):
        mine = [store for store in sources if store.site == site]
        pairs = tuple((store.name, message("to {peer}", peer=store.peer or "")) for store in mine)
        standby = next((store.site for store in mirrored if store.name == mine[0].peer), None)
        yield Request(MIRROR, site, (*_who(case), (message("Present at"), standby), *pairs))
    replicated = [case.workload.groups[name] for name, chosen in choice.protection.items() if chosen == VM_REPLICATION]
    for site in case.sites:
        groups = [group for group in replicated if group.site == site]
        if groups:
            other = case.workload.other_site(groups[0])
            yield Request(REPLICATION, site, (*_who(case), (message("To"), other), *_wishes(groups)))
    if choice.protection:
        groups = [case.workload.groups[name] for name in choice.protection]
        words = message("failover and return are asked for by service request")
        yield Request(
            FAILOVER, case.workload.sites.standby, (*_who(case), (message("Agreed"), words), *_wishes(groups))
        )
    encrypted = [group for group in case.workload.vms if group.encrypted]
    if encrypted:
        yield Request(
            ENCRYPTION,
            None,
            (*_who(case), (message("VMs"), _listed([name for group in encrypted for name in group.names]))),
        )


def _listed(names: Sequence[str]) -> Value:
    """Return names as one value; of many the first ones, and how many more there are."""
    shown = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return message("{names} and {more:n} more, see the workload", names=shown, more=more) if more > 0 else shown


def _is_source(case: Case, store: Datastore) -> bool:
    return any(case.workload.groups[disk.vm].site == store.site for disk in store.disks)


def _who(case: Case) -> Iterator[Field]:
    customer = case.workload.customer
    contact = customer.contact if customer else None
    yield message("Organisation"), customer.organization if customer else None
    yield message("Tenant"), customer.tenant if customer else None
    yield message("Contact"), contact.name if contact else None
    yield message("E-mail"), contact.email if contact else None
    yield message("Phone"), contact.phone if contact else None


def _wishes(groups: Sequence[VmGroup]) -> Iterator[Field]:
    for group in groups:
        wish = group.protection
        times = {"RPO": wish.rpo, "RTO": wish.rto} if wish else {}
        told = ", ".join(f"{name} {text}" for name, text in times.items() if text)
        yield group.name, message("{vms} VM(s) {times}", vms=group.count, times=told)


def _policies(case: Case) -> Iterator[Request]:
    """Yield a request for each backup policy that VMs have; each lies in another zone than its VMs (BKP-2)."""
    named = {policy: name for name, policy in reversed(case.workload.backup_policies.items())}
    used: dict[BackupPolicy, list[VmGroup]] = {}
    for group in case.workload.vms:
        used.setdefault(group.backup, []).append(group)
    for number, (policy, groups) in enumerate(used.items(), start=1):
        name = named.get(policy) or ("default" if policy == case.workload.policy.backup else f"policy-{number}")
        kept: list[Field] = [
            *((message("Days"), policy.daily), (message("Weeks"), policy.weekly)),
            *((message("Months"), policy.monthly), (message("Years"), policy.yearly)),
        ]
        vms: list[Field] = [(message("VM groups"), _listed([group.name for group in groups]))]
        yield Request(POLICY, None, (*_who(case), (message("Policy"), name), *kept, *vms))
