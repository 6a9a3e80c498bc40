"""`policy.default_disk`: the class and the IOPS of disks that name none, filled in when a workload is read.

Rules see plain disks. `by_default` of a disk says which of its fields came from the policy; a file that says so of
other values is refused.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from cloudplan.base.errors import Fault
from cloudplan.base.schema import decimal_of
from cloudplan.base.yamlfile import Document, Where
from cloudplan.catalog.edition import Edition
from cloudplan.workload.raw import mapping_at, mappings, texts


def class_named(policy: dict[str, Any], edition: Edition) -> list[tuple[Where, str, Any, Any]]:
    """Return the class that the policy gives, as a name to be looked up."""
    given = mapping_at(policy, "default_disk").get("class")
    place = ("policy", "default_disk", "class")
    return [] if given is None else [(place, "storage class", given, edition.storage_classes)]


def fill_in(group: dict[str, Any], policy: dict[str, Any], edition: Edition) -> None:
    """Give, in place, the disks of a group what they do not say."""
    default = mapping_at(policy, "default_disk")
    for _, disk in mappings(group.get("disks")):
        told = disk.get("by_default", [])
        values = {name: value for name, value in _values(default, disk, edition).items() if name not in disk}
        if values and isinstance(told, list):
            disk.update(values, by_default=[*told, *(name for name in values if name not in told)])


def drop(tree: dict[str, Any]) -> None:
    """Take out, in place, what the policy gave to disks, so that another policy's can take its place.

    No IOPS count as not given where the policy gives none.
    """
    rate = mapping_at(tree["policy"], "default_disk").get("iops_per_gib")
    for group in tree["vms"]:
        for disk in group["disks"]:
            for name in disk.pop("by_default", ()):
                disk.pop(name, None)
            if rate is None and disk.get("iops") == "0":
                del disk["iops"]


def faults(tree: dict[str, Any], document: Document, edition: Edition) -> Iterator[Fault]:
    """Yield a policy that gives nothing, and each disk that wrongly says what the policy gave it."""
    policy = mapping_at(tree, "policy")
    default = mapping_at(policy, "default_disk")
    if policy.get("default_disk") == {}:
        where: Where = ("policy", "default_disk")
        yield document.fault(where, "found nothing; allowed: at least one of class, iops_per_gib")
    for index, group in mappings(tree.get("vms")):
        for number, disk in mappings(group.get("disks")):
            values = _values(default, disk, edition)
            for position, name in texts(disk.get("by_default")):
                if name in ("class", "iops") and (name not in values or disk.get(name) != values[name]):
                    message = f"found {name}, which policy.default_disk does not give so; leave by_default out"
                    yield document.fault(("vms", index, "disks", number, "by_default", position), message)


def _values(default: dict[str, Any], disk: dict[str, Any], edition: Edition) -> dict[str, str]:
    """Return what the policy gives to a disk: its class, and IOPS by its size, rounded up."""
    values = {"class": default["class"]} if isinstance(default.get("class"), str) else {}
    item = edition.storage_classes.get(str(disk.get("class", values.get("class"))))
    size, rate = decimal_of(disk.get("size_gib")), decimal_of(default.get("iops_per_gib"))
    if size is not None and rate is not None and (item is None or item.flash):
        values["iops"] = str(math.ceil(Fraction(size) * Fraction(rate)))
    return values
