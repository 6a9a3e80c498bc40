"""How much one order at the console may take, and how a plan is split over orders (ORD-1, ORD-2, ORD-3)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from cloudplan.base.units import GIB_PER_TIB
from cloudplan.catalog.edition import Edition, Service, in_any_region
from cloudplan.catalog.loading import load_edition
from cloudplan.plan.plan import BackupTarget, Choice, Cluster, Datastore
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

    def takes(self, cluster: Cluster) -> bool:
        """Return whether a cluster can be ordered: the form has its blade, and it has hosts enough."""
        return cluster.blade not in self.without_blades and cluster.hosts >= (self.hosts_min or 1)


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


def form_of_today(edition: Edition) -> OrderForm:
    """Return what the order form takes now, whatever edition a plan was sized with: orders are placed at this one.

    It is that of the edition, with what it does not say from the newest one that ships.
    """
    form, newest = order_form(edition), order_form(load_edition())
    if ORD_3.stands_in(edition):
        return form
    return replace(form, **{name: getattr(newest, name) for name in ORD_3.figures})


def is_asked_for(case: Case, item: Service) -> bool:
    """Return whether an extra is sold by service request, as its edition or the newest one says."""
    newest = {extra.sku for extra in load_edition().extras.values() if extra.by_request}
    return item.by_request or in_any_region(item.sku, case.workload.region) in newest


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


# --- clusters and backup storage -------------------------------------------------------------------------------------


def cluster_portions(case: Case, cluster: Cluster) -> list[int]:
    """Return the hosts of each order that builds a cluster: the first makes it, the others add to it (ORD-2)."""
    return portions(cluster.hosts, order_form(case.edition).hosts_max)


def most_memory_gib(case: Case, blade: str, hosts: int) -> int:
    """Return the GiB that the form activates on so many hosts: physical memory less the hypervisor's (ORD-3)."""
    return form_of_today(case.edition).memory_max_gib(hosts, case.edition.blades[blade].ram_gib)


def lead_cluster(case: Case, choice: Choice, site: str) -> Cluster | None:
    """Return the cluster that a zone is ordered with: the first of its clusters that the form takes, else the first."""
    here = [cluster for cluster in choice.clusters if cluster.site == site]
    form = form_of_today(case.edition)
    return next((cluster for cluster in here if form.takes(cluster)), here[0] if here else None)


def backup_portions_gib(case: Case, target: BackupTarget) -> list[int]:
    """Return the GiB of each order of backup storage; less than an order takes is ordered as the least (ORD-2)."""
    least, most = order_form(case.edition).backup_min_gib, order_form(case.edition).backup_max_gib
    return portions(max(target.tib * GIB_PER_TIB, least), most, least) if target.tib else []


# --- datastores ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """Datastores that are ordered together, and the cluster that they are tied to.

    With a zone they may be of several classes, else of one; what the form does not take is asked for.
    """

    cluster: str
    datastores: tuple[Datastore, ...]
    how: Literal["with the zone", "order", "request"]


def datastore_batches(case: Case, choice: Choice, site: str) -> list[Batch]:
    """Return how the datastores of a site are ordered: as few orders as possible, none of one datastore (ORD-1, ORD-2).

    Each is tied to the cluster that has most of the disks on it, or to another one where it would stand alone in its
    order. The first batch is that of the zone.
    """
    form, lead = form_of_today(case.edition), lead_cluster(case, choice, site)
    first = lead.name if lead else ""
    clusters = [first, *(item.name for item in choice.clusters if item.site == site and item is not lead)]
    classes = list(case.edition.storage_classes)
    stands = _stands(choice, site)
    piles: dict[tuple[str, str], list[Datastore]] = {(name, kind): [] for name in clusters for kind in classes}
    for store in choice.datastores:
        if store.site == site:
            piles[_home(stands, store, clusters), store.storage_class].append(store)
    lacking = {key: piles.pop(key) for key in list(piles) if key[1] in form.without_classes}
    _join(piles, first, form.datastores_min)
    mine = [kind for name, kind in piles if name == first]
    taken = _with_the_zone([len(piles[first, kind]) for kind in mine], form)
    with_zone: list[Datastore] = []
    for kind, count in zip(mine, taken, strict=True):
        with_zone += piles[first, kind][:count]
        del piles[first, kind][:count]
    batches = [Batch(first, tuple(with_zone), "with the zone")]
    for (name, _), pile in piles.items():
        for count in portions(len(pile), form.datastores_max, form.datastores_min):
            some = tuple(pile[:count])
            batches.append(Batch(name, some, "order" if count >= form.datastores_min else "request"))
            del pile[:count]
    return [*batches, *(Batch(name, tuple(pile), "request") for (name, _), pile in lacking.items() if pile)]


def _stands(choice: Choice, site: str) -> dict[str, Counter[str]]:
    """Return how many instances of each group run on each cluster of a site."""
    found: dict[str, Counter[str]] = {}
    for cluster in choice.clusters:
        for host in cluster.placement if cluster.site == site else ():
            for group, count in host.items():
                found.setdefault(group, Counter())[cluster.name] += count
    return found


def _home(stands: Mapping[str, Counter[str]], store: Datastore, clusters: Sequence[str]) -> str:
    """Return the cluster with most of the VMs that have disks or swap files on a datastore, of several the first."""
    runs: Counter[str] = Counter()
    for group in dict.fromkeys((*(disk.vm for disk in store.disks), *store.vswp)):
        runs.update(stands.get(group, Counter()))
    return max(clusters, key=lambda name: runs[name])


def _join(piles: dict[tuple[str, str], list[Datastore]], first: str, least: int) -> None:
    """Tie datastores that would be too few for an order of their own to a cluster with more of their class."""
    for (name, kind), pile in piles.items():
        if name != first and 0 < len(pile) < least:
            others = [key for key in piles if key[1] == kind and key[0] not in (first, name) and piles[key]]
            piles[max(others, key=lambda key: len(piles[key]), default=(first, kind))] += pile
            pile.clear()
    if sum(len(pile) for (name, _), pile in piles.items() if name == first) < least:
        for (name, kind), pile in piles.items():
            if name != first:
                piles[first, kind] += pile
                pile.clear()


def _with_the_zone(counts: Sequence[int], form: OrderForm) -> list[int]:
    """Return how many datastores of each class are ordered with the zone, of so many in each.

    As few as possible are left alone, then as few orders as possible follow, then as many as possible are taken.
    """
    best: dict[int, tuple[tuple[int, int, int], list[int]]] = {0: ((0, 0, 0), [])}
    for count in counts:
        found: dict[int, tuple[tuple[int, int, int], list[int]]] = {}
        for total, ((alone, orders, taken), chosen) in best.items():
            for some in range(min(count, form.datastores_max - total) + 1):
                left = count - some
                cost = (
                    alone + (0 < left < form.datastores_min),
                    orders + len(portions(left, form.datastores_max)),
                    taken - some,
                )
                entry = (cost, [*chosen, some])
                if total + some not in found or entry < found[total + some]:
                    found[total + some] = entry
        best = found
    return min(best.values())[1]
