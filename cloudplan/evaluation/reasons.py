"""Why a line is on the bill: templates by the rule of the line, so that a bill can be read in any language.

A line has its reason in English, with its values; here the message that it was made of is found again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cloudplan.base.language import Message, counted, message
from cloudplan.plan.wording import joined, says
from cloudplan.rules import backup, compute, licences, networks, protection

ZONE, EXTRAS = "zone", "extras"
"""What stands in place of a rule on the lines of a zone and of extras, which no rule of the book asks for."""

SHOWN = 3
"""VM groups that a reason names."""


def reason(rule: str, values: Mapping[str, Any]) -> Message:
    """Return why a line is on the bill, from its rule and its values; nothing for values of another program."""
    made = _REASONS.get(rule, _datastores if "datastores" in values else _nothing)
    try:
        return joined(*made(values))
    except (KeyError, TypeError):
        return message("")


def reason_message(rule: str, english: str, values: Mapping[str, Any]) -> Message:
    """Return the message that a line's English reason was made of; the text itself when it is another program's."""
    made = reason(rule, values)
    return made if says(made) == english else message("{text}", text=english)


def _hosts(values: Mapping[str, Any]) -> Iterator[Message]:
    one, many = (
        "{loaded} loaded host + {spare} spare (N+{failures})",
        "{loaded} loaded hosts + {spare} spare (N+{failures})",
    )
    yield counted(one, many, values["loaded"], **values)
    if values["extra"]:
        yield message(" + {extra} for their included memory", **values)
    if values["clusters"] > 1:
        yield message(" in {clusters} clusters", **values)


def _datastores(values: Mapping[str, Any]) -> Iterator[Message]:
    one, many = "{datastores} datastore, {size_gib:n} GiB", "{datastores} datastores, {size_gib:n} GiB"
    yield counted(one, many, values["datastores"], **values)
    if values["mirrored"]:
        mirrored = ", {mirrored} of them mirrored"
        yield counted(mirrored, mirrored, values["mirrored"], **values)
    if len(values["sized_by"]) > 1:
        for rule, size_gib in sorted(values["sized_by"].items()):
            yield message("; {size_gib:n} GiB sized by {rule}", size_gib=size_gib, rule=rule)


def _memory(values: Mapping[str, Any]) -> Iterator[Message]:
    one = "{activated_gib} GiB activated - {included_gib_per_blade} GiB included x {hosts} blade"
    many = "{activated_gib} GiB activated - {included_gib_per_blade} GiB included x {hosts} blades"
    included_gib = values["included_gib_per_blade"] * values["hosts"]
    yield counted(one, many, values["hosts"], included_gib=included_gib, **values)


def _mirrored(values: Mapping[str, Any]) -> Iterator[Message]:
    yield message("{mirrored_gib:n} GiB of replicated datastores at their source site, in whole TiB", **values)


def _replicated(values: Mapping[str, Any]) -> Iterator[Message]:
    one, many = "{vms} VM of this site under VM replication", "{vms} VMs of this site under VM replication"
    yield counted(one, many, values["vms"], **values)


def _backup_access(values: Mapping[str, Any]) -> Iterator[Message]:
    one = "{vms} VM of this site, backup cannot be switched off"
    many = "{vms} VMs of this site, backup cannot be switched off"
    yield counted(one, many, values["vms"], **values)


def _stored(values: Mapping[str, Any]) -> Iterator[Message]:
    yield message("{stored_gib:n} GiB stored, in whole TiB", **values)


def _encrypted(values: Mapping[str, Any]) -> Iterator[Message]:
    yield counted("{vms} encrypted VM", "{vms} encrypted VMs", values["vms"], **values)


def _zone(values: Mapping[str, Any]) -> Iterator[Message]:
    yield message("the zone has a cluster or a datastore")


def _networks(values: Mapping[str, Any]) -> Iterator[Message]:
    one, many = "{networks} network, one VLAN each", "{networks} networks, one VLAN each"
    yield counted(one, many, values["networks"], **values)


def _licensed_hosts(values: Mapping[str, Any]) -> Iterator[Message]:
    one, many = "{hosts} host", "{hosts} hosts"
    if values["per"] == "core":
        one, many = (
            "{hosts} host, {units:n} for its {cores} cores",
            "{hosts} hosts, {units:n} for the {cores} cores of each",
        )
    yield counted(one, many, values["hosts"], **values)
    if values["spare"]:
        yield message(", {spare} of them spare", **values)
    if values["site_wide"]:
        yield message(", as every cluster of the site")
    yield message("; for {names}", names=_some(values["vms"]))


def _licensed_vms(values: Mapping[str, Any]) -> Iterator[Message]:
    yield counted(
        "{instances} VM: {names}", "{instances} VMs: {names}", values["instances"], names=_some(values["vms"]), **values
    )


def _some(names: Sequence[str]) -> Message:
    """Return the first of some names, and how many there are beyond."""
    first = ", ".join(names[:SHOWN])
    if len(names) <= SHOWN:
        return message("{text}", text=first)
    return message("{names} and {more:n} more", names=first, more=len(names) - SHOWN)


def _extras(values: Mapping[str, Any]) -> Iterator[Message]:
    yield message("as asked for in extras")


def _nothing(values: Mapping[str, Any]) -> Iterator[Message]:
    return iter(())


_REASONS: dict[str, Callable[[Mapping[str, Any]], Iterator[Message]]] = {
    compute.HA_1.id: _hosts,
    compute.MEM_2.id: _memory,
    protection.GM_3.id: _mirrored,
    protection.VMR_1.id: _replicated,
    backup.BKP_1.id: _backup_access,
    backup.BKP_3.id: _stored,
    protection.ENC_1.id: _encrypted,
    networks.NET_1.id: _networks,
    licences.LIC_1.id: _licensed_hosts,
    licences.LIC_2.id: _licensed_vms,
    ZONE: _zone,
    EXTRAS: _extras,
}
