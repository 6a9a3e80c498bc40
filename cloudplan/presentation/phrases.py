"""What lower rooms say in English words, found again: reasons of an analysis, what searches are doing, what differs.

They reach presentation as texts. Each is looked up among these templates, translated and filled in again; one that no
template gives stays as it is.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from cloudplan.base.language import Figure, Language, Message, message
from cloudplan.plan.wording import joined

NUMBER = r"-?\d[\d ]*(?:\.\d+)?"


def phrase(english: str) -> Message:
    """Return the message that an English text of the program was made of; the text itself where none is known."""
    for pattern, template in _patterns():
        if found := pattern.fullmatch(english):
            return message(template, **{name: _value(name, text) for name, text in found.groupdict().items()})
    return message("{text:day}", text=english)


def _value(name: str, text: str) -> Message | str:
    if name in _NESTED or (name == "vms" and _COUNTED.fullmatch(text)):
        return phrase(text)
    return Figure(text) if name.startswith("n_") else text


def all_of(texts: Sequence[str]) -> Message:
    """Return several such texts as a list in words."""
    some = [phrase(each) for each in texts]
    if len(some) == 1:
        return some[0]
    return message("{some} and {last}", some=joined(*some[:-1], between=", "), last=some[-1])


def said(english: str, spoken: Language) -> str:
    """Return an English text of the program in a language."""
    return english if spoken.code == "en" else spoken.said(phrase(english))


_COUNTED = re.compile(r"\d+ VM groups")
_NESTED = frozenset({"one", "other", "theme"})
"""Names of values that are such texts themselves."""


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    particular = sorted(PHRASES, key=lambda template: -len(re.sub(r"{\w+}", "", template)))
    return tuple((re.compile(_pattern(template), re.DOTALL), template) for template in particular)


def _pattern(template: str) -> str:
    """Return what matches a template: a name that begins with `n_` stands for a number, any other for any text."""
    return "".join(_pieces(template))


def _pieces(template: str) -> Iterator[str]:
    for text, name in re.findall(r"([^{]*)(?:\{(\w+)\})?", template):
        yield re.escape(text)
        if name:
            yield f"(?P<{name}>{NUMBER if name.startswith('n_') else '.+?'})"


CAUSES = (
    *("workload", "growth", "horizon", "existing", "policy", "catalogue", "prices", "licence prices"),
    *("optimiser", "the second optimiser"),
)
"""Causes of a difference; a column has the name of each, capitalised."""
CONTENTS = (
    *(
        "Region and sites",
        "Commitment (months)",
        "Months",
        "Phases",
        "VM groups",
        "vCPUs",
        "Memory (GiB)",
        "Disks (GiB)",
    ),
    *("Protected VM groups", "Currency", "Illustrative", "Valid from", "Valid until", "Prices", "Discounts", "Issuer"),
    *("Revision", "Issued", "Discount", "Further lines", "Fields of the workload", "VMs read", "VMs imported"),
    *("Warnings", "Terms", "yes", "no", "none", "no date", "Catalogue edition", "VMs", "VAT rate", "Customer", "Rules"),
    *("Rule {n_number}",),
)
"""What facts about a file are called, and some of their values."""

PHRASES = (
    # what searches are doing
    "placing VMs at {site}",
    "laying out storage",
    "verifying the plan",
    # what decides a cluster, and how costs are shared
    "packing: VMs are whole, and do not fill hosts to the brim",
    "AFF-2 ({label} on {n_count} hosts)",
    "half by cores, half by memory of the cluster's VMs",
    "blades and memory of {name}",
    "half of a host by cores, half by memory; activated memory by GiB",
    "by the space on it",
    "by replicated space",
    "by what is stored",
    "one for each VM",
    # what may be given up, and alternatives
    "as asked for",
    "one blade type",
    "clusters of a site",
    "at most {n_most}",
    "at least {n_least}",
    "host failures",
    "vCPUs a core",
    "memory ceiling",
    "memory model",
    "host memory reserve",
    "swap files",
    "datastores of a site",
    "licences",
    "licensed VMs apart",
    "all together",
    "mechanism",
    "memory ceiling: {n_share}",
    "memory model: {model}",
    "host memory reserve: {n_gib} GiB",
    "{theme}: {one}",
    "every blade allowed by the policy",
    "no limit of clusters",
    "max_clusters {n_most}",
    "host_failures {n_failures}",
    "no default_disk of the policy",
    "vswp auto",
    "the catalogue's {name}",
    "term of {n_months} months",
    "certification {name}",
    "the VMs of {names}",
    "the VMs",
    "protection, RPO, RTO of {names}",
    "protection, RPO, RTO",
    "RPO {rpo} of {names}",
    "RTO {rto} of {names}",
    "RPO {rpo}",
    "RTO {rto}",
    "mechanism {name} of {names}",
    "mechanism {name}",
    "host_memory_reserve_gib {n_gib}",
    "snapshot_headroom {n_share}",
    "min_datastores {n_least}",
    "memory_ceiling {n_share}",
    "memory_model {model}",
    "vcpu_share {n_share}",
    "memory_share {n_share}",
    "vcpu_per_core {n_ratio} of {names}",
    "vcpu_per_core {n_ratio}",
    "{mechanism} for {vms}, whatever its RPO and RTO",
    "every blade allowed for {vms}",
    "no min_ghz for {vms}",
    "no anti-affinity of {vms}",
    "no affinity of {vms}",
    "no protection of {vms}",
    "no GPUs for {vms}",
    "no encryption of {vms}",
    "any class for disks of {vms}",
    "no IOPS for disks of {vms}",
    "no MB/s for disks of {vms}",
    "no constant writes of {vms}",
    "{n_vcpus} vCPUs for {vm}",
    "{n_gib} GiB of memory for {vm}",
    "disk {n_disk} of {vm} no larger than {n_gib} GiB",
    "N+{n_failures}, {n_ratio} vCPUs a core, ceiling {n_percent} %, reserve {n_gib} GiB",
    "{n_count} VM groups",
    "{n_ratio} vCPUs a core",
    "a commitment of {n_months} months",
    "half of the vCPUs and memory on standby",
    # causes of a difference
    *CAUSES,
    "{one} and {other}",
    # what is in a file
    *CONTENTS,
    # warnings of an import; where a rule is counted, and what is wrong there
    "No column of the power state: every VM counts as powered on.",
    "GB in a header is read as GiB.",
    "Columns that are not read: {names}.",
    "Files that are no table known here were not read: {names}.",
    "Disks of {n_count} VMs come from Provisioned, as one disk a VM, because neither vDisk nor Total disk "
    "capacity tells them; Provisioned may hold snapshots and swap files too.",
    "Provisioned of {n_count} VMs looks as if it held the swap file: it exceeds their partitions by about their "
    "memory, {n_gib} GiB in all; --without-swap takes it out.",
    "By their names these may be parts of the old platform, and were imported: {names}.",
    "Site: {names}: no zone ({zones}); read as the datacenter.",
    "{n_count} disks of VM Disks belong to no VM of the list and are not imported.",
    "IOPS are the peak of each VM, spread over its disks by size; peaks seldom fall together: the sum is high.",
    "{n_count} VMs that are on have fewer than {n_least} samples and keep their size.",
    "Rules that met no VM: {names}.",
    "{n_count} VMs met no rule: {names}.",
    "{n_count} disks of vDisk ({n_gib} GiB) belong to no VM of vInfo and are not imported; they were joined "
    "by the {name}.",
    "The tabs have no id of VMs in common: disks are joined by the name of their VM.",
    "{n_count} rows of vDisk repeat a disk of the same VM and count once.",
    "{n_count} disks are independent: they have no snapshots and no image backup; set constant_writes: true "
    "where that is to stay so.",
    "{name} has no column Template: templates cannot be told from VMs.",
    "No standby site is named, and VMs want one: {site} is written; name it in `sites`.",
    "phase {month}, {one}",
    "swap of {vm} at {site}",
    "{vm} at {site}",
    "{cluster} host {n_host}, {vm}",
    "{cluster} host {n_host}",
    "{store}, {vm} disk {n_disk}",
    "{vm} disk {n_disk}",
    "is missing",
    "is not what is taken",
    "{n_left} > {n_right} {unit}",
    "{n_placed} instances placed of {n_due}",
    "{n_placed} disks placed of {n_due}",
    "{n_placed} swap files placed of {n_due}",
    "a host holds nothing, or an unknown VM, or no whole instances",
    "unknown blade or site",
    "unknown class or site",
    "spare_hosts is not {n_count}",
    "{found}, expected {wanted}",
    "is not what BKP-2 and BKP-3 give",
    "mechanism of {vm}",
    "class of {vm} disk {n_disk}",
    "is not that of the roadmap",
    "is of {found}, expected the workload of the phase, {wanted}",
    "{found}, expected {wanted} as in the phases before",
    "two lines for one site and SKU",
    "the disk has no business at this site",
    "only flash classes unless asked by name",
    "an encrypted VM cannot be replicated",
    "protected, but without a mechanism",
    "{n_total} is not the sum of the lines, {n_sum}",
)
"""The templates; of several that match, the one with most words counts."""
