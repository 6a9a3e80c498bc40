"""What findings and bill lines say: templates by code and rule, so that a plan can be read in any language.

A plan has each of these texts in English, with its values; here the message that it was made of is found again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudplan.base.language import ENGLISH, Message, counted, message

FINDINGS: Mapping[str, Mapping[str, str]] = {
    "illustrative-prices": {
        "": "The prices of {book} are invented, for illustration only. They are not an offer.",
    },
    "prices-outside-dates": {
        "": "{date} is outside the dates of {book}: valid from {valid_from} until {valid_until}.",
    },
    "not-priced": {
        "blade": "Blade {blade} has no price in {book} and was not considered.",
        "class": "Storage class {storage_class} has no price in {book} and was not considered.",
        "memory": "Additional memory has no price in {book}; the plan activates only what blades include.",
    },
    "alias-prices": {
        "": "{sku} is priced differently under another spelling; the edition's own spelling counts: {price}.",
        "book": "{sku} is priced differently under another spelling; what counts: {price}, of {spelled}.",
    },
    "discount-matches-nothing": {
        "": "{match} matches no SKU that the book prices.",
    },
    "catalog-not-pinned": {
        "": 'Sized with the newest edition, {edition}; write catalog: "{edition}" in the workload to pin it.',
    },
    "memory-model": {
        "": "The provider's pages contradict each other on the memory active at delivery; this plan uses {model}.",
    },
    "no-sla": {
        "": "host_failures is 0: no SLA and no automatic restart; a lost host takes its VMs with it.",
    },
    "gpu-passthrough": {
        "": "{vm} uses GPUs: restart after a failure, snapshot backup and replication are to be confirmed.",
    },
    "degraded-standby": {
        "": "The standby site runs degraded: {vcpu} of the vCPUs and {memory} of the memory are held there.",
    },
    "one-datastore": {
        "": "{site} has one datastore; vSphere wants two for heartbeats and an order takes two or more.",
    },
    "swap-on-mass": {
        "": "Swap files of {count} VM groups at {site} stand on mass storage, which has no performance commitment.",
    },
    "replica-class": {
        "": "{count} VM groups under VM replication keep their storage class at the other site (full performance after "
        "failover); the provider does not ask for it.",
    },
    "failover-request": {
        "": "Replication comes beside backup, not instead of it; failover to the other site is a service request.",
    },
    "disk-not-backed-up": {
        "constant": "{vm} disk {disk} writes constantly and is left out of backup: protect its data another way.",
        "asked": "{vm} disk {disk} is excluded from backup, as asked.",
    },
    "vm-without-backup": {
        "": "Nothing of {vm} is backed up; its access unit is billed all the same.",
    },
    "order-limit": {
        "hosts": "{cluster} has {hosts} hosts; order it with {most}, then add {rest} by further orders.",
        "datastores": "{site} has {datastores} datastores, an order at most {most}; place {orders} orders in turn.",
        "backup": "{site} takes {tib} TiB of backups, an order at most {most} GiB; place {orders} orders in turn.",
        "little backup": "{site} takes {tib} TiB of backups, an order at least {least} GiB; order {least} GiB.",
    },
    "minimum-commitment": {
        "": "{sku} has a minimum commitment of {least} months, longer than the term of {term}.",
    },
    "inventory": {
        "": "{text}",
    },
}
"""Templates by code and, where a code says several things, by which of them."""


def finding_text(code: str, about: str, values: Mapping[str, Any]) -> str:
    """Return what a finding says, in English."""
    return ENGLISH.said(Message(FINDINGS[code][about], values))


def finding_message(code: str, english: str, values: Mapping[str, Any]) -> Message:
    """Return the message that a finding's English text was made of; the text itself when it is another program's."""
    made = (Message(template, values) for template in FINDINGS.get(code, {}).values())
    return next((each for each in made if _says(each) == english), message("{text}", text=english))


def reason(rule: str, values: Mapping[str, Any]) -> Message:
    """Return why a line is on the bill, from its rule and its values; nothing for values of another program."""
    try:
        return joined(*_reasons(rule, values))
    except KeyError:
        return message("")


def reason_message(rule: str, english: str, values: Mapping[str, Any]) -> Message:
    """Return the message that a line's English reason was made of; the text itself when it is another program's."""
    made = reason(rule, values)
    return made if _says(made) == english else message("{text}", text=english)


def joined(*messages: Message, between: str = "") -> Message:
    """Return several messages as one."""
    names = [f"part{number}" for number in range(len(messages))]
    return Message(between.join(f"{{{name}}}" for name in names), dict(zip(names, messages, strict=True)))


def _says(made: Message) -> str | None:
    try:
        return ENGLISH.said(made)
    except (KeyError, ValueError, IndexError):
        return None


def _reasons(rule: str, values: Mapping[str, Any]) -> Iterator[Message]:
    if rule == "HA-1":
        yield from _hosts(values)
    elif rule == "MEM-2":
        one = "{activated_gib} GiB activated - {included_gib_per_blade} GiB included x {hosts} blade"
        many = "{activated_gib} GiB activated - {included_gib_per_blade} GiB included x {hosts} blades"
        yield counted(one, many, values["hosts"], **values)
    elif "datastores" in values:
        yield from _datastores(values)
    elif rule == "GM-3":
        yield message("{mirrored_gib:n} GiB of replicated datastores at their source site, in whole TiB", **values)
    elif rule == "VMR-1":
        one, many = "{vms} VM of this site under VM replication", "{vms} VMs of this site under VM replication"
        yield counted(one, many, values["vms"], **values)
    elif rule == "BKP-1":
        one = "{vms} VM of this site, backup cannot be switched off"
        many = "{vms} VMs of this site, backup cannot be switched off"
        yield counted(one, many, values["vms"], **values)
    elif rule == "BKP-3":
        yield message("{stored_gib:n} GiB stored, in whole TiB", **values)
    elif rule == "ENC-1":
        yield counted("{vms} encrypted VM", "{vms} encrypted VMs", values["vms"], **values)
    elif rule == "zone":
        yield message("the zone has a cluster or a datastore")
    elif rule == "extras":
        yield message("as asked for in extras")


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
        yield message(", {mirrored} of them mirrored", **values)
    if len(values["sized_by"]) > 1:
        for rule, size_gib in sorted(values["sized_by"].items()):
            yield message("; {size_gib:n} GiB sized by {rule}", size_gib=size_gib, rule=rule)
