"""Protection rules: which mechanism meets an RPO and an RTO, and what each mechanism asks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.base.units import GIB_PER_TIB, duration, minutes
from cloudplan.plan.plan import (
    GLOBAL_MIRROR,
    MECHANISMS,
    METRO_MIRROR,
    VM_REPLICATION,
    Choice,
    Mechanism,
)
from cloudplan.rules.certifications import certified
from cloudplan.rules.rule import FIRST, Check, Condition, Inequality, Linear, Rule, exact, names
from cloudplan.workload.case import Case
from cloudplan.workload.workload import VmGroup

DAY_MINUTES = 24 * 60

DR_1 = Rule(
    "DR-1",
    "Standby capacity",
    "A protected VM holds standby CPU and memory at the other site, under all compute rules: its own shares, else the "
    "policy's; with standby: none its data only, without a swap file of its own.",
    "plan",
    {"vcpu_share": exact, "memory_share": exact},
    since=FIRST,
)
DR_2 = Rule(
    "DR-2",
    "Mechanism of a VM",
    "The mechanism meets the VM's RPO and RTO; when several do, the cheapest for the whole plan.",
    "choice",
    since=FIRST,
)
DR_3 = Rule(
    "DR-3",
    "Disks that stay behind",
    "A disk with replicated: false stands at the VM's own site only, on a not replicated datastore.",
    "plan",
)
GM_1 = Rule(
    "GM-1",
    "Global Mirror",
    "Meets an RPO from rpo and an RTO from rto on; works with these classes only.",
    "choice",
    {"rpo": minutes, "rto": minutes, "classes": names},
    since=FIRST,
)
GM_2 = Rule(
    "GM-2",
    "Whole LUNs are mirrored",
    "A mirrored datastore has one source site and a peer at the other site, of the same class, size and content.",
    "plan",
    since=FIRST,
)
GM_3 = Rule(
    "GM-3",
    "Global Mirror licence",
    "Licences of a source site >= sum of the sizes of its replicated datastores in TiB, in whole TiB.",
    "plan",
    since=FIRST,
)
ENC_1 = Rule(
    "ENC-1", "Encryption", "One encryption unit per encrypted VM, in editions that sell it.", "plan", since=FIRST
)
ENC_2 = Rule(
    "ENC-2", "Encrypted VMs", "An encrypted VM cannot be replicated, by either mechanism.", "choice", since=FIRST
)
MM_1 = Rule("MM-1", "Metro Mirror", "Metro Mirror is not sold since 2024-01-01.", "choice", since=FIRST)
VMR_1 = Rule(
    "VMR-1",
    "VM replication",
    "Meets an RPO from rpo to rpo_max and an RTO from rto on; one licence per VM.",
    "choice",
    {"rpo": minutes, "rpo_max": minutes, "rto": minutes},
    since=FIRST,
)
VMR_2 = Rule(
    "VMR-2",
    "Replica of a VM",
    "Its replicated disks need the same space and class at the other site.",
    "plan",
    since=FIRST,
)
VMR_4 = Rule(
    "VMR-4",
    "Constant writers",
    "A VM with a replicated constant_writes disk cannot use VM replication.",
    "choice",
    since=FIRST,
)

VMR_5 = Rule(
    "VMR-5",
    "Volume of VM replication",
    "Each interval pushes change_rate (of the VM's backup policy) x used GiB of its replicated disks x RPO / 24 h.",
    "finding",
)

RULES = (DR_1, DR_2, DR_3, GM_1, GM_2, GM_3, ENC_1, ENC_2, MM_1, VMR_1, VMR_2, VMR_4, VMR_5)

_BY_MECHANISM = {GLOBAL_MIRROR: GM_1, VM_REPLICATION: VMR_1}
_LICENCES = {GLOBAL_MIRROR: "services.global_mirror", VM_REPLICATION: "services.vm_replication"}


def mechanism_fit(case: Case, group: VmGroup, mechanism: Mechanism) -> Iterator[Check]:
    """Yield what a protected group asks of a mechanism (DR-2 with GM-1 or VMR-1, VMR-4, ENC-2, CRT-1)."""
    wish, rule, place = group.protection, _BY_MECHANISM[mechanism], group.name
    if wish is None:
        return
    asked = wish.mechanism in (None, mechanism)
    yield DR_2.require(asked, place, f"{wish.mechanism} is asked for, not {mechanism}")
    for what, limit in (("rpo", wish.rpo), ("rto", wish.rto)):
        if limit is not None:
            offered = rule.figure(case.edition, what)
            words = f"{what.upper()} {limit} asked for, {mechanism} offers {duration(offered)}"
            yield rule.require(offered <= minutes(limit), place, words)
    if mechanism == VM_REPLICATION:
        constant = [index for index, disk in enumerate(group.disks) if disk.constant_writes and disk.replicated]
        words = f"disk {', '.join(map(str, constant))} writes constantly: its snapshot never closes"
        yield VMR_4.require(not constant, place, words)
    yield ENC_2.require(not group.encrypted, place, "an encrypted VM cannot be replicated")
    if case.workload.requires:
        yield certified(case, _LICENCES[mechanism], place)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What VM replication sends: the first copy, then a push in each interval of the RPO (VMR-5)."""

    first_copy_gib: Fraction
    push_gib: Fraction
    rpo_minutes: int

    @property
    def mbit_per_s(self) -> Fraction:
        """The rate at which a push ends with its interval, in Mbit/s of 10^6 bits."""
        return self.push_gib * 1024**3 * 8 / (10**6 * self.rpo_minutes * 60)

    def __add__(self, other: "Pushed") -> "Pushed":
        """Return what two send together, at one RPO."""
        return Pushed(self.first_copy_gib + other.first_copy_gib, self.push_gib + other.push_gib, self.rpo_minutes)


def pushed(case: Case, group: VmGroup) -> Pushed:
    """Return what VM replication sends of all instances of a group, at the RPO that it asks for (VMR-5).

    Without an RPO, and beyond what the mechanism offers (VMR-1), the nearest that it offers counts.
    """
    least, most = (VMR_1.figure(case.edition, name) for name in ("rpo", "rpo_max"))
    wished = group.protection.rpo if group.protection else None
    rpo = min(max(minutes(wished), least), most) if wished else least
    used_gib = sum((Fraction(disk.used_gib) for disk in group.disks if disk.replicated), Fraction(0)) * group.count
    return Pushed(used_gib, Fraction(group.backup.change_rate) * used_gib * rpo / DAY_MINUTES, rpo)


def metro_mirror(case: Case, group: VmGroup) -> Condition:
    """Return the refusal of Metro Mirror (MM-1)."""
    item = case.edition.withdrawn.get("metro_mirror")
    since = f" since {item.withdrawn}" if item else ""
    instead = item.alternatives if item else MECHANISMS
    words = f"Metro Mirror is not sold{since}; use {' or '.join(instead)}"
    wish = group.protection.mechanism if group.protection else None
    return MM_1.require(wish != METRO_MIRROR, group.name, words)


def mirror_licence(site: str, *, mirrored_gib: Linear, licences_tib: Linear) -> Inequality:
    """Return the licences that a source site needs for its replicated datastores (GM-3)."""
    return GM_3.at_most(mirrored_gib, GIB_PER_TIB * licences_tib, site, "GiB")


def mirror_licences_tib(mirrored_gib: int) -> int:
    """Return the least licences for replicated datastores of such a size together, in whole TiB (GM-3)."""
    return math.ceil(Fraction(mirrored_gib, GIB_PER_TIB))


def mirrored_at_source_gib(case: Case, choice: Choice, site: str) -> int:
    """Return the size of the replicated datastores whose source is `site`: those that hold VMs of that site (GM-3)."""
    groups = case.workload.groups
    return sum(
        store.size_gib
        for store in choice.datastores
        if store.site == site and store.replication and any(groups[disk.vm].site == site for disk in store.disks)
    )
