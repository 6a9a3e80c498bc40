"""What already stands at the start: clusters, datastores, backup storage, and the bill when a plan told them.

It is no part of what the VMs need, and so of no hash of the workload; a plan carries it beside its workload.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from cloudplan.base.errors import Fault
from cloudplan.base.schema import Flag, Frozen, Name, misfit, whole
from cloudplan.base.yamlfile import Document, Where
from cloudplan.catalog.edition import Edition
from cloudplan.workload.raw import mapping_at, mappings

Count = Annotated[int, whole(1, 1_000_000)]
MOST = 10**12 - 1
Size = Annotated[int, whole(1, 1_000_000_000)]


class StandingCluster(Frozen):
    """A cluster that stands; `memory_gib`, what is activated, is only told."""

    name: Name
    site: Name
    pool: Name = "default"
    blade: Name
    hosts: Count
    memory_gib: Size | None = None


class StandingDatastore(Frozen):
    """A datastore that stands: its class and size in GiB; under Global Mirror whether it is the source or the copy."""

    site: Name
    storage_class: Name = Field(alias="class")
    size_gib: Size
    replication: Literal["source", "copy"] | None = None


class StandingBackup(Frozen):
    """Backup storage that is ordered, in TiB; only told."""

    site: Name
    tib: Annotated[int, whole(0, 1_000_000_000)]


class StandingLine(Frozen):
    """A line of the bill so far, of an item or of a licence of third parties; written by the program, from a plan."""

    site: Name
    sku: Name | None = None
    licence: Name | None = None
    quantity: Annotated[int, whole(0, MOST)]


class Existing(Frozen):
    """What stands at the start; unless `keep` is false it stays, or grows (EXI-1, EXI-2)."""

    keep: Flag = True
    clusters: tuple[StandingCluster, ...] = ()
    datastores: tuple[StandingDatastore, ...] = ()
    backup: tuple[StandingBackup, ...] | None = None
    bill: tuple[StandingLine, ...] | None = None

    def canonical(self) -> dict[str, Any]:
        """Return it as plain values, as a plan carries it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def least_gib(self) -> dict[tuple[str, str], int]:
        """Return the GiB that datastores have at least, by site and class (EXI-2)."""
        sizes: Counter[tuple[str, str]] = Counter()
        for store in self.datastores if self.keep else ():
            sizes[store.site, store.storage_class] += store.size_gib
        return dict(sizes)

    def kept_clusters(self) -> tuple[StandingCluster, ...]:
        """Return the clusters that stay (EXI-1)."""
        return self.clusters if self.keep else ()


def names(tree: dict[str, Any], zones: Any, edition: Edition) -> list[tuple[Where, str, Any, Any]]:
    """Return the names of what stands, to be looked up: zones, blades, classes, pools."""
    wanted: list[tuple[Where, str, Any, Any]] = []
    pools = {str(group.get("pool", "default")) for _, group in mappings(tree.get("vms"))}
    choices: dict[str, Mapping[str, tuple[str, Any]]] = {
        "clusters": {"site": ("zone", zones), "blade": ("blade", edition.blades), "pool": ("pool", pools)},
        "datastores": {"site": ("zone", zones), "class": ("storage class", edition.storage_classes)},
        "backup": {"site": ("zone", zones)},
        "bill": {},
    }
    standing = mapping_at(tree, "existing")
    if "bill" in standing:  # told by a plan, whose pools need not be those of this workload
        choices["clusters"] = {name: each for name, each in choices["clusters"].items() if name != "pool"}
    for kind, fields in choices.items():
        for index, entry in mappings(standing.get(kind)):
            for name, (what, known) in fields.items():
                if name in entry:
                    wanted.append((("existing", kind, index, name), what, entry[name], known))
    return wanted


def faults(tree: dict[str, Any], document: Document, edition: Edition) -> Iterator[Fault]:
    """Yield names of clusters given twice, and sizes that are no whole billing unit."""
    standing = mapping_at(tree, "existing")
    first: dict[str, int] = {}
    for index, cluster in mappings(standing.get("clusters")):
        name = cluster.get("name")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            message = f"the name {name!r} is taken by existing.clusters[{first[name]}]; names are unique"
            yield document.fault(("existing", "clusters", index, "name"), message)
    for index, store in mappings(standing.get("datastores")):
        item, size = edition.storage_classes.get(str(store.get("class"))), str(store.get("size_gib"))
        if item and size.isdigit() and len(size) < 10 and int(size) % item.unit_gib:
            allowed = f"whole units of {item.unit_gib} GiB, as the class is sold"
            yield document.fault(("existing", "datastores", index, "size_gib"), misfit(size, allowed))
    for index, line in mappings(standing.get("bill")):
        if ("sku" in line) == ("licence" in line):
            yield document.fault(("existing", "bill", index), "allowed: one of sku and licence")
