"""What findings say: templates by code, so that a plan can be read in any language.

A plan has each of these texts in English, with its values; here the message that it was made of is found again.
"""

from collections.abc import Mapping
from typing import Any, Literal

from cloudplan.base.language import ENGLISH, Message, message
from cloudplan.plan.plan import Finding

FINDINGS: Mapping[str, Mapping[str, str]] = {
    "illustrative-prices": {
        "": "The prices of {book} are invented, for illustration only. They are not an offer.",
    },
    "prices-outside-dates": {
        "": "{date} is outside the dates of {book}: valid from {valid_from} until {valid_until}.",
        "horizon": "The horizon ends in {month}, outside the dates of {book}: valid from {valid_from} until "
        "{valid_until}.",
    },
    "prices-constant": {
        "": "Prices are those of {book} for all {months} months of the horizon; the provider may change them.",
    },
    "term-shorter-than-horizon": {
        "": "The commitment of {term} month(s) is shorter than the horizon of {months}: prices and discounts of the "
        "term are taken for the whole horizon.",
    },
    "not-proven": {
        "gap": "The search ended at the gap asked for: a cheaper plan could save at most {saving} {currency} a month.",
        "budget": "The search spent its limits of nodes and rounds: a cheaper plan could save at most {saving} "
        "{currency} a month.",
        "time-limit": "The search was stopped: a cheaper plan could save at most {saving} {currency} a month.",
        "roadmap": "One phase of a roadmap, which is cheapest as a whole: for this phase alone a plan could cost at "
        "most {saving} {currency} a month less.",
        "horizon": "The search stopped first: a cheaper roadmap could save at most {saving} {currency} in {months} "
        "months.",
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
        "total": "The provider's pages contradict each other on the memory active at delivery; this plan uses {model}. "
        "Under {other} its clusters as they are come to {monthly} {currency} a month in all.",
    },
    "no-sla": {
        "": "host_failures is 0: no SLA and no automatic restart; a lost host takes its VMs with it.",
    },
    "gpu-passthrough": {
        "": "{vm} uses GPUs: restart after a failure, snapshot backup and replication are to be confirmed.",
    },
    "degraded-standby": {
        "": "The standby site runs degraded: {vcpu} of the vCPUs and {memory} of the memory are held there.",
        "own": "Degraded at the other site: of {vms}, {vcpu} of the vCPUs and {memory} of the memory are held there.",
        "memory": "After a failover the VMs of {cluster} are configured with {configured_gib} GiB, {percent} % of the "
        "{activated_gib} GiB activated.",
        "ballooning": "After a failover the VMs of {cluster} are configured with {configured_gib} GiB, {percent} % of "
        "the {activated_gib} GiB activated: if they use it, VMware compresses memory and moves it to disk "
        "(ballooning), which slows every VM on that datastore and looks like a lack of CPU. Activate more memory, or "
        "add hosts, then.",
    },
    "standby-none": {
        "": "Only the data of {vms} stand at the other site (standby: none): no CPU and no memory is held there.",
        "rto": "Only the data of {vms} stand at the other site (standby: none): no CPU and no memory is held there, "
        "and the RTO asked for is met only if hosts are found after the loss.",
    },
    "network-not-at-standby": {
        "": "Network {network} does not stand at {site}: it is missing there after a failover of {vms}.",
    },
    "cluster-idle": {
        "": "{cluster} ({hosts} hosts, {blade}) stands already and holds no VM: it can be given back.",
    },
    "storage-idle": {
        "": "Of {standing:n} GiB of {storage_class} that stand at {site}, {idle:n} GiB hold nothing.",
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
        "few hosts": "{cluster} has {hosts} host(s), the order form makes clusters of {least} or more: ask support.",
        "memory": "{cluster} activates {memory_gib} GiB, the order form at most {most} ({reserve} GiB a host less than "
        "physical): ask for the rest by service request.",
        "blade": "The order form has no {blade}: order {cluster} by service request.",
        "class": "The order form has no class {storage_class}: order {datastores} datastore(s) of it at {site} by "
        "service request.",
        "networks": "{site} takes {networks} networks, an order at most {most}; place {orders} orders in turn.",
        "addresses": "{site} takes {addresses} public addresses, the order of a zone at most {most}: order more apart.",
        "by request": "{item} is not in the order form: ask for it by service request.",
        "disks": "{vm} has {disks} disks, a VM takes {most}; with ParaVirtual controllers {paravirtual}.",
    },
    "iops-not-told": {
        "priced": "{disks:n} disks ({size:n} GiB) say neither IOPS nor a class, and stand on {storage_class}; on "
        "{next} they would cost {monthly} {currency} a month more. policy.default_disk says what such disks draw.",
        "": "{disks:n} disks ({size:n} GiB) say neither IOPS nor a class, and stand on {storage_class}. "
        "policy.default_disk says what such disks draw.",
    },
    "thin-risk": {
        "": "{disks:n} disks were thin: they may grow to {size:n} GiB and hold {used:n} GiB, so {beyond:n} GiB are "
        "promised beyond what is used. Datastores are sized for all of it, backup for what is used.",
    },
    "tenant-minimum": {
        "priced": "A tenant holds {least} {what:w} or more, this plan {has}: what is missing costs {monthly} "
        "{currency} a month.",
        "": "A tenant holds {least} {what:w} or more, this plan {has}: what is missing is not in the total.",
    },
    "sla-one-zone": {
        "": "This plan stands in {zones} zone(s); what the provider promises over {least} or more only: {levels:w}.",
    },
    "mirror-risk": {
        "": "{vms} VM(s) are under Global Mirror: after a disaster the last writes may be missing and data "
        "inconsistent (treat it in the risk analysis), and it may cost {impact_percent} % of performance.",
    },
    "prefer-vm-replication": {
        "": "{vms} VM(s) are under Global Mirror; the provider prefers replication by the application or of VMs, whose "
        "RPO and RTO would do for {able} of them.",
    },
    "replication-volume": {
        "": "VM replication from {site} to {other}, {vms} VM(s) at an RPO of {rpo}: first copy {first_copy_gib:n} GiB, "
        "then {push_gib:n} GiB a push, {mbit_per_s:n} Mbit/s.",
    },
    "backup-at-standby": {
        "": "After a failover {vms} VM(s) of {site} stand at {other} beside their only backups; sites.backup: {third} "
        "keeps them apart.",
        "no third": "After a failover {vms} VM(s) of {site} stand at {other} beside their only backups; the region has "
        "no third zone.",
    },
    "anti-affine-one-lun": {
        "": "All members of anti-affinity group {group} have disks on datastore {datastore}: without it they all stop.",
    },
    "totals": {
        "": "The VMs are averages of totals: {vms:n} VMs with {vcpus:n} vCPUs, {memory:n} GiB of memory and {disks:n} "
        "GiB of disks together. Real VMs differ: the largest may need other blades, and groups, peaks and protection "
        "show in an inventory only.",
    },
    "licence-scope": {
        "": "{licence} is counted for {own} of the {clusters} clusters at {site}, {now:m} {currency} a month. That is "
        "your reading of its contract: with scope: site, for all of them, it is {units:n} units and {monthly:m} "
        "{currency}.",
    },
    "minimum-commitment": {
        "": "{sku} has a minimum commitment of {least} months, longer than the term of {term}.",
    },
    "inventory": {
        "": "{text}",
    },
}
"""Templates by code and, where a code says several things, by which of them."""
WITH_AMOUNTS = ("tenant-minimum", "memory-model", "iops-not-told")
"""The codes whose first words are without an amount, and others with one."""


def finding_text(code: str, about: str, values: Mapping[str, Any]) -> str:
    """Return what a finding says, in English."""
    return ENGLISH.said(Message(FINDINGS[code][about], values))


def finding_of(
    severity: Literal["info", "warning"], code: str, subject: str, rule: str, *, about: str = "", **values: Any
) -> Finding:
    """Return a finding that says a template of its code, filled with the values."""
    text = finding_text(code, about, values)
    return Finding(severity=severity, code=code, subject=subject, rule=rule, message=text, values=values)


def without_amounts(finding: Finding) -> Finding:
    """Return a finding as its code says it without an amount, where it has such words; any other as it is.

    A customer's quote has a commercial discount of its own, so that amounts of the plan are not told in it.
    """
    if finding.code not in WITH_AMOUNTS or "monthly" not in finding.values:
        return finding
    values = {name: value for name, value in finding.values.items() if name not in ("monthly", "currency")}
    return finding.model_copy(update={"message": finding_text(finding.code, "", values), "values": values})


def finding_message(code: str, english: str, values: Mapping[str, Any]) -> Message:
    """Return the message that a finding's English text was made of; the text itself when it is another program's."""
    made = (Message(template, values) for template in FINDINGS.get(code, {}).values())
    return next((each for each in made if says(each) == english), message("{text}", text=english))


def joined(*messages: Message, between: str = "") -> Message:
    """Return several messages as one."""
    names = [f"part{number}" for number in range(len(messages))]
    return Message(between.join(f"{{{name}}}" for name in names), dict(zip(names, messages, strict=True)))


def says(made: Message) -> str | None:
    """Return what a message says in English; None when it lacks a value."""
    try:
        return ENGLISH.said(made)
    except (KeyError, ValueError, IndexError):
        return None
