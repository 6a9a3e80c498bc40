"""`networks` of a workload, read: names, sites, who uses them, and no VLAN ordered a second time (NET-1)."""

from collections.abc import Iterator, Sequence
from typing import Any

from cloudplan.base.errors import Fault
from cloudplan.base.yamlfile import Document, Where
from cloudplan.catalog.edition import Edition, in_region
from cloudplan.workload.raw import mapping_at, mappings, texts

VLAN = "vlan"
"""The extra of an edition that a network is."""

Reference = tuple[Where, str, Any, Any]
"""A name to be looked up: where it stands, what it names, the name, and the names that there are."""


def zones_named(tree: dict[str, Any], zones: Sequence[str]) -> list[Reference]:
    """Return the zones that networks name, to be looked up."""
    return [
        (("networks", index, "sites", position), "zone", name, zones)
        for index, network in mappings(tree.get("networks"))
        for position, name in texts(network.get("sites"))
    ]


def names_used(group: dict[str, Any], where: Where, tree: dict[str, Any]) -> list[Reference]:
    """Return the networks that a group names, to be looked up."""
    known = [str(network.get("name")) for _, network in mappings(tree.get("networks"))]
    return [((*where, "networks", position), "network", name, known) for position, name in texts(group.get("networks"))]


def faults(tree: dict[str, Any], document: Document, edition: Edition, region: str) -> Iterator[Fault]:
    """Yield names taken or given twice, networks that do not stand where their VMs do, and VLANs among the extras.

    Sites are those of the file, before defaults: a network that names none stands at every site.
    """
    first: dict[str, int] = {}
    for index, network in mappings(tree.get("networks")):
        yield from _twice(network.get("sites"), ("networks", index, "sites"), "site", document)
        name = network.get("name")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            message = f"the name {name!r} is taken by networks[{first[name]}]; names are unique"
            yield document.fault(("networks", index, "name"), message)
    sites = {name: _sites(tree, index) for name, index in first.items()}
    primary = mapping_at(tree, "sites").get("primary", edition.zones(region)[0])
    for index, group in mappings(tree.get("vms")):
        yield from _twice(group.get("networks"), ("vms", index, "networks"), "network", document)
        site = group.get("site", primary)
        for position, name in texts(group.get("networks")):
            if sites.get(name) and site not in sites[name]:
                message = (
                    f"network {name!r} stands at {', '.join(sites[name])}, the VM at {site}; allowed: one at {site}"
                )
                yield document.fault(("vms", index, "networks", position), message)
    for index, extra in mappings(tree.get("extras") if tree.get("networks") else None):
        if is_vlan(extra.get("sku"), edition, region):
            message = "each of networks is a VLAN of the bill already; leave it out of extras, or networks out"
            yield document.fault(("extras", index, "sku"), message)


def is_vlan(sku: Any, edition: Edition, region: str) -> bool:
    """Return whether a SKU, with its region filled in or not, is that of a VLAN."""
    item = edition.extras.get(VLAN)
    spellings = item.skus if item else ()
    return isinstance(sku, str) and in_region(sku, region) in {in_region(each, region) for each in spellings}


def fill_in(tree: dict[str, Any]) -> None:
    """Give, in place, networks that name no sites every site of the workload."""
    for _, network in mappings(tree.get("networks")):
        network.setdefault("sites", every_site(tree))


def drop_defaults(tree: dict[str, Any]) -> None:
    """Take out, in place, sites of networks that are every site of the workload."""
    for _, network in mappings(tree.get("networks")):
        if network["sites"] == every_site(tree):
            del network["sites"]


def every_site(tree: dict[str, Any]) -> list[str]:
    """Return the sites where VMs of a completed workload may run: the primary, the standby, and those of groups."""
    named = mapping_at(tree, "sites")
    listed = [
        named.get("primary"),
        named.get("standby"),
        *(group.get("site") for _, group in mappings(tree.get("vms"))),
    ]
    return list(dict.fromkeys(site for site in listed if isinstance(site, str)))


def _sites(tree: dict[str, Any], index: int) -> list[str]:
    return [name for _, name in texts(tree["networks"][index].get("sites"))]


def _twice(names: Any, where: Where, what: str, document: Document) -> Iterator[Fault]:
    """Yield the names of a list that stand in it twice."""
    seen: set[str] = set()
    for position, name in texts(names):
        if name in seen:
            yield document.fault((*where, position), f"the {what} {name!r} is named twice; allowed: once")
        seen.add(name)
