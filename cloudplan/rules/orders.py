"""How much one order at the console may take, and how a total is split over orders (ORD-1, ORD-2)."""

from collections.abc import Sequence

from cloudplan.base.units import GIB_PER_TIB
from cloudplan.plan.plan import BackupTarget, Cluster, Datastore
from cloudplan.rules.storage import ORD_1, ORD_2
from cloudplan.workload.case import Case


def portions(total: int, most: int, least: int = 1) -> list[int]:
    """Return how a total is split: as few portions as possible, none above `most`, the last one not below `least`.

    A total below `least` is one portion all the same.
    """
    sizes = [most] * (total // most) + ([total % most] if total % most else [])
    if len(sizes) > 1 and sizes[-1] < least:
        sizes[-2], sizes[-1] = sizes[-2] - (least - sizes[-1]), least
    return sizes


def cluster_portions(case: Case, cluster: Cluster) -> list[int]:
    """Return the hosts of each order that builds a cluster: the first makes it, the others add to it (ORD-2)."""
    return portions(cluster.hosts, ORD_2.figure(case.edition, "hosts_max"))


def datastore_portions(case: Case, stores: Sequence[Datastore]) -> list[int]:
    """Return how many datastores of one site and class each order takes (ORD-1, ORD-2)."""
    most, least = ORD_2.figure(case.edition, "datastores_max"), ORD_1.figure(case.edition, "datastores_advised")
    return portions(len(stores), most, least)


def backup_portions_gib(case: Case, target: BackupTarget) -> list[int]:
    """Return the GiB of each order of backup storage; less than an order takes is ordered as the least (ORD-2)."""
    least, most = ORD_2.figure(case.edition, "backup_min_gib"), ORD_2.figure(case.edition, "backup_max_gib")
    return portions(max(target.tib * GIB_PER_TIB, least), most, least) if target.tib else []
