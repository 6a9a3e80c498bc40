"""The steps that build a plan, as a graph: orders at the console and service requests, and what each waits for."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cloudplan.base.brief import Brief
from cloudplan.base.language import Message
from cloudplan.sales.affinity import AffinityRule
from cloudplan.workload.case import Case
from cloudplan.workload.workload import BackupPolicy

ZONE, CLUSTER, HOSTS, MEMORY, STORAGE, BACKUP, NETWORKS, PROPAGATION, OTHER = (
    *("new zone", "new cluster", "hosts", "memory", "datastores", "backup storage"),
    *("networks", "network propagation", "other items"),
)
"""The kinds of orders; what the form does not take is a request of the same kind."""
TENANT, SHARING, AVAILABILITY, POLICY, MIRROR, REPLICATION, TEST, ENCRYPTION, LINK = (
    *("tenant", "datastore sharing", "High Availability", "backup policy"),
    *("Global Mirror", "VM replication", "DR test", "encryption", "link"),
)
"""The kinds of requests beside those."""

TOUCHES = {
    ZONE: ("compute", "storage", "backup", "network", "other"),
    CLUSTER: ("compute", "network"),
    **dict.fromkeys((HOSTS, MEMORY), ("compute",)),
    STORAGE: ("storage",),
    BACKUP: ("backup",),
    **dict.fromkeys((NETWORKS, PROPAGATION), ("network",)),
    OTHER: ("other",),
}
"""The types of resources that an order of a kind is about: one order of a type runs at a time."""


@dataclass(frozen=True)
class Lun:
    """A datastore to be ordered; its size in GiB."""

    name: str
    storage_class: str
    size_gib: int


@dataclass(frozen=True)
class Wish:
    """What is asked for a group of VMs that is protected: how many VMs, their zone, RPO and RTO as they were given."""

    group: str
    vms: int
    site: str
    rpo: str | None
    rto: str | None


@dataclass(frozen=True)
class Content:
    """What a step brings, or what it is about; the parts that it does not have are empty.

    `hosts` are those that it adds to `cluster`, `memory_gib` is all that the cluster has activated from then on; the
    datastores are tied to that cluster. `networks` are created and, where the step has a cluster, reach it like those
    `propagated`. `pairs` are datastores with their peers in `target`, `shared` datastores with a further cluster.
    """

    cluster: str = ""
    blade: str = ""
    hosts: int = 0
    memory_gib: int = 0
    datastores: tuple[Lun, ...] = ()
    backup_gib: int = 0
    backup_site: str = ""
    networks: tuple[str, ...] = ()
    propagated: tuple[str, ...] = ()
    addresses: int = 0
    sku: str = ""
    label: str = ""
    quantity: int = 0
    target: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    clusters: tuple[str, ...] = ()
    policy: str = ""
    retention: BackupPolicy | None = None
    wishes: tuple[Wish, ...] = ()
    vms: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Step(Brief):
    """One order or request: its number, kind and site, what it brings, and the steps that it waits for.

    The numbers are those of one sequence in which every step comes after those that it waits for.
    """

    number: int
    kind: str
    site: str
    content: Content
    after: tuple[int, ...]
    is_request: bool = False
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, repr=False)
class Orders(Brief):
    """All that builds a plan, in a sequence that works, and the rules that its clusters keep then."""

    case: Case
    steps: tuple[Step, ...]
    rules: tuple[AffinityRule, ...] = ()

    @property
    def orders(self) -> tuple[Step, ...]:
        """The orders at the console."""
        return tuple(step for step in self.steps if not step.is_request)

    @property
    def requests(self) -> tuple[Step, ...]:
        """The service requests."""
        return tuple(step for step in self.steps if step.is_request)


@dataclass
class Queue:
    """Steps in sequence. An order also waits for the one before it that is about the same type of resource."""

    steps: list[Step] = field(default_factory=list)
    _last: dict[str, int] = field(default_factory=dict)
    _before: dict[int, frozenset[int]] = field(default_factory=dict)

    def add(
        self,
        kind: str,
        site: str,
        content: Content,
        after: Iterable[int],
        *,
        request: bool = False,
        notes: Iterable[Message] = (),
    ) -> int:
        """Add an order or a request that waits for others; return its number.

        Of those that it waits for only the ones are kept that no other of them waits for already.
        """
        number, waits, types = len(self.steps) + 1, set(after), () if request else TOUCHES[kind]
        waits.update(self._last[name] for name in types if name in self._last)
        implied = frozenset[int]().union(*(self._before[each] for each in waits))
        self._before[number] = implied | waits
        self._last.update(dict.fromkeys(types, number))
        self.steps.append(Step(number, kind, site, content, tuple(sorted(waits - implied)), request, tuple(notes)))
        return number
