"""How much one order at the console may take, and how a total is split over orders (ORD-1, ORD-2, ORD-3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloudplan.base.units import GIB_PER_TIB
from cloudplan.catalog.edition import Edition
from cloudplan.plan.plan import BackupTarget, Cluster, Datastore
from cloudplan.rules.storage import LUN_1, LUN_2, ORD_1, ORD_2, ORD_3
from cloudplan.workload.case import Case


@dataclass(frozen=True, slots=True)
class OrderForm:
    """What the provider's order form takes, as an edition says it; None is what the edition does not say (ORD-3).

    Memory and sizes in GiB. A cluster is made with `hosts_min` to `hosts_max` hosts and at most physical memory less
    `memory_reserve_gib` a host; an order has `datastores_min` to `datastores_max` datastores, propagates at most
    `networks_max` networks and gives `addresses_min` to `addresses_max` public addresses. `without_blades` and
    `without_classes` are sold, but not in the form.
    """

    hosts_min: int | None
    hosts_max: int
    memory_reserve_gib: int | None
    datastores_min: int
    datastores_max: int
    datastore_min_gib: int
    datastore_max_gib: int
    backup_min_gib: int
    backup_max_gib: int
    networks_max: int | None
    addresses_min: int | None
    addresses_max: int | None
    without_blades: tuple[str, ...]
    without_classes: tuple[str, ...]

    def memory_max_gib(self, hosts: int, ram_gib: int) -> int:
        """Return the most memory of a cluster that the form takes, of hosts with `ram_gib` physical memory each."""
        return hosts * (ram_gib - (self.memory_reserve_gib or 0))


def order_form(edition: Edition) -> OrderForm:
    """Return what the order form takes, as an edition says it (ORD-1, ORD-2, ORD-3, LUN-1, LUN-2)."""
    stands = ORD_3.stands_in(edition)
    said: dict[str, Any] = {name: ORD_2.figure(edition, name) for name in ORD_2.figures}
    said |= {name: ORD_3.figure(edition, name) if stands else None for name in ORD_3.figures}
    said |= {name: said[name] or () for name in ("without_blades", "without_classes")}
    return OrderForm(
        datastores_min=ORD_1.figure(edition, "datastores_advised"),
        datastore_min_gib=LUN_1.figure(edition, "minimum_gib"),
        datastore_max_gib=LUN_2.figure(edition, "maximum_gib"),
        **said,
    )


def portions(total: int, most: int | None, least: int = 1) -> list[int]:
    """Return how a total is split: as few portions as possible, none above `most`, the last one not below `least`.

    A total below `least` is one portion all the same; without a `most` all of it is one.
    """
    if most is None:
        return [total] if total else []
    sizes = [most] * (total // most) + ([total % most] if total % most else [])
    if len(sizes) > 1 and sizes[-1] < least:
        sizes[-2], sizes[-1] = sizes[-2] - (least - sizes[-1]), least
    return sizes


def cluster_portions(case: Case, cluster: Cluster) -> list[int]:
    """Return the hosts of each order that builds a cluster: the first makes it, the others add to it (ORD-2)."""
    return portions(cluster.hosts, order_form(case.edition).hosts_max)


def datastore_portions(case: Case, stores: Sequence[Datastore]) -> list[int]:
    """Return how many datastores of one site and class each order takes (ORD-1, ORD-2)."""
    form = order_form(case.edition)
    return portions(len(stores), form.datastores_max, form.datastores_min)


def backup_portions_gib(case: Case, target: BackupTarget) -> list[int]:
    """Return the GiB of each order of backup storage; less than an order takes is ordered as the least (ORD-2)."""
    least, most = order_form(case.edition).backup_min_gib, order_form(case.edition).backup_max_gib
    return portions(max(target.tib * GIB_PER_TIB, least), most, least) if target.tib else []
