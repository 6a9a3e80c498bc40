"""Hosts and datastores as RVTools tells of them: cores of each host of a cluster, size of each datastore, its disks.

Names of hosts, licences, serial numbers and certificates are never read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.inventory import headers
from cloudplan.inventory.headers import Columns, Field, Layout
from cloudplan.inventory.rvtools import NAME
from cloudplan.inventory.tables import sources, tab

LAYOUTS: Mapping[str, Layout] = {
    "vhost": {"cores": Field(("# Cores",), required=True), "cluster": Field(("Cluster",))},
    "vdatastore": {
        "name": Field(("Name",), required=True),
        "size_mib": Field(("Capacity MiB", "Capacity"), required=True),
        "url": Field(("URL",)),
    },
    "vdisk": {"name": NAME, "path": Field(("Disk Path", "Path"), required=True)},
}


_DATASTORE = re.compile(r"\[(.+?)\]")
"""How the path of a disk begins: with its datastore."""


@dataclass(frozen=True)
class ActualHost:
    """A host: its cluster (empty where that is not told) and its physical cores (None likewise)."""

    cluster: str
    cores: int | None


@dataclass(frozen=True)
class ActualDatastore:
    """A datastore: its name, and its size in MiB (None where it is not told)."""

    name: str
    size_mib: int | None


@dataclass(frozen=True)
class Estate:
    """What an export tells of the platform; None where it has no such table."""

    hosts: tuple[ActualHost, ...] | None = None
    datastores: tuple[ActualDatastore, ...] | None = None
    disks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The datastores of the disks of each VM, by its name and in the order of its disks."""


def read_estate(path: Path) -> Estate:
    """Return what an export tells of the platform: a workbook, a zip or a folder of CSV files, or one of these.

    A datastore that several vCenters list counts once, by its URL. Raises BadInputError for what cannot be read.
    """
    faults: list[Fault] = []
    hosts: list[ActualHost] | None = None
    stores: dict[str, ActualDatastore] | None = None
    disks: dict[str, list[str]] = {}
    for source in sources([path]):
        for table in source.tables(lambda title: tab(title) not in LAYOUTS):
            layout, rows = LAYOUTS.get(tab(table.title)), iter(table.rows)
            header = headers.find_header(rows) if layout else None
            if layout is None or header is None or not headers.matches(header[1], layout):
                continue
            columns = headers.read(table, header, rows, layout)
            if tab(table.title) == "vhost":
                hosts = [*(hosts or ()), *_hosts(columns, faults)]
            elif tab(table.title) == "vdatastore":
                stores = {**(stores or {}), **_datastores(columns, faults)}
            else:
                for name, file in zip(columns.texts("name"), columns.texts("path"), strict=True):
                    place = _DATASTORE.match(file)
                    disks.setdefault(name, []).append(place[1] if place else "")
    if faults:
        raise BadInputError(faults)
    known = None if stores is None else tuple(stores.values())
    return Estate(None if hosts is None else tuple(hosts), known, disks)


def _hosts(columns: Columns, faults: list[Fault]) -> list[ActualHost]:
    pairs = zip(columns.texts("cluster"), columns.whole("cores", faults), strict=True)
    return [ActualHost(cluster, cores) for cluster, cores in pairs]


def _datastores(columns: Columns, faults: list[Fault]) -> dict[str, ActualDatastore]:
    """Return datastores by their URL, else by their name."""
    names, sizes, urls = columns.texts("name"), columns.whole("size_mib", faults), columns.texts("url")
    return {
        url or name: ActualDatastore(name, size_mib) for name, size_mib, url in zip(names, sizes, urls, strict=True)
    }
