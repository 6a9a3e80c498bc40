"""Which VMs count: what is no VM of the customer, what is there twice, what was filtered out.

Every VM that is left out is counted under one reason, the first that applies, in the order of the functions here.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import unknown
from cloudplan.inventory.ledger import Ledger
from cloudplan.inventory.machines import Amount, Machine, VirtualDisk

PoweredOff = Literal["keep", "drop", "on"]
OnDuplicate = Literal["fail", "newest", "keep"]
Damaged = Literal["refuse", "leave-out"]
RawDisks = Literal["drop", "keep"]

FIELDS: Mapping[str, Callable[[Machine], str]] = {
    "name": lambda machine: machine.name,
    "cluster": lambda machine: machine.cluster,
    "datacenter": lambda machine: machine.datacenter,
    "folder": lambda machine: machine.folder,
    "power": lambda machine: machine.power,
}
"""What filters may look at."""

MOST_VCPUS, MOST_MEMORY_MIB, MOST_DISK_MIB = 768, 24 * 1024 * 1024, 62 * 1024 * 1024
"""What a VM of vSphere 8 may have: vCPUs, memory (24 TiB) and size of a disk (62 TiB)."""

HOME_MIB = 1024
"""Size of the disk that stands for the home directory of a VM without a virtual disk of its own."""

DAMAGED, ABSURD = "cannot be read", "a figure is missing, or no VM can have it"
"""Why rows are left out that would stop the import otherwise."""

_VCLS = re.compile(r"vCLS(-[0-9a-f]+(-[0-9a-f]+)*| ?\([0-9]+\))?")
_VCLS_VCPUS, _VCLS_MEMORY_MIB = 2, 1024
_APPLIANCES = re.compile(r"vcenter|\bvcsa|\bnsx|\bhcx|vsan file service|backup.?proxy|veeam.?proxy", re.IGNORECASE)


@dataclass(frozen=True, repr=False)
class Selection(Brief):
    """What the user wants: filters as field=glob (a bare glob is of the name), and how to treat what has a choice."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    powered_off: PoweredOff = "keep"
    on_duplicate: OnDuplicate = "fail"
    raw_disks: RawDisks = "drop"
    damaged: Damaged = "refuse"
    """Rows that cannot be read: refuse them, or leave them out."""


@dataclass
class _Globs:
    """Filters by field, as they were given."""

    of: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, option: str, filters: Iterable[str]) -> "_Globs":
        """Read filters; raise BadInputError for fields that no VM has."""
        globs, faults = cls(), []
        for text in filters:
            name, sign, glob = text.partition("=")
            name, glob = (name.strip().lower(), glob) if sign else ("name", text)
            if name in FIELDS:
                globs.of.setdefault(name, []).append(glob)
            else:
                faults.append(replace(unknown("field", name, FIELDS), where=f"{option} {text}"))
        if faults:
            raise BadInputError(faults)
        return globs

    def match(self, name: str, machine: Machine) -> str | None:
        """Return the first glob of a field that a VM matches, in any case of letters."""
        value = FIELDS[name](machine).casefold()
        return next((glob for glob in self.of[name] if fnmatch.fnmatchcase(value, glob.casefold())), None)


def select(machines: Sequence[Machine], selection: Selection, ledger: Ledger) -> list[Machine]:
    """Return the VMs that count, with a line in the ledger for all that do not.

    Raises BadInputError for filters on fields that no VM has, and for VMs without a name or with an absurd size.
    """
    include, exclude = _Globs.read("--include", selection.include), _Globs.read("--exclude", selection.exclude)
    kept = _without_kinds(machines, ledger)
    kept = _without_repeats(kept, selection.on_duplicate, ledger)
    kept = _filtered(kept, include, exclude, ledger)
    if selection.powered_off == "drop":
        kept = _split(kept, lambda machine: "powered off" if machine.power == "off" else "", ledger)
    elif selection.powered_off == "on":
        kept = [replace(machine, power="on") if machine.power == "off" else machine for machine in kept]
    kept = _without_absurd(kept, selection.damaged, ledger)
    return _own_disks(kept, selection.raw_disks, ledger)


def _split(machines: Sequence[Machine], reason: Callable[[Machine], str], ledger: Ledger) -> list[Machine]:
    """Return the VMs that have no reason to be left out, and enter the others, reason by reason."""
    kept: list[Machine] = []
    out: dict[str, list[Machine]] = {}
    for machine in machines:
        why = reason(machine)
        (out.setdefault(why, []) if why else kept).append(machine)
    for why, left in out.items():
        ledger.leave_out(why, left)
    return kept


def _without_kinds(machines: Sequence[Machine], ledger: Ledger) -> list[Machine]:
    """Leave out what is no VM to be sized, in this order."""

    def reason(machine: Machine) -> str:
        if machine.template:
            return "template"
        if machine.placeholder:
            return "SRM placeholder (counted at its own site)"
        if _is_vcls(machine):
            return "vCLS agent of a vSphere cluster"
        if not machine.connected:
            return "not connected: its figures cannot be relied on"
        return DAMAGED if machine.damaged else ""

    return _split(machines, reason, ledger)


def _is_vcls(machine: Machine) -> bool:
    small = (machine.vcpus or 0) <= _VCLS_VCPUS and (machine.memory_mib or 0) <= _VCLS_MEMORY_MIB
    return bool(_VCLS.fullmatch(machine.name)) and small


def _key(machine: Machine) -> tuple[str, ...]:
    """Return what one VM is told from another by: its id in its vCenter, or where it stands and its name."""
    if machine.id:
        return (machine.server, machine.id)
    return (machine.server, machine.datacenter, machine.folder, machine.name)


def _twin_key(machine: Machine) -> tuple[str, ...]:
    """Return what is the same for one VM in two vCenters or at two dates; an id is that of one vCenter only."""
    return (machine.uuid,) if machine.uuid else (machine.server, machine.id)


def _without_repeats(machines: Sequence[Machine], on_duplicate: OnDuplicate, ledger: Ledger) -> list[Machine]:
    """Leave out rows that repeat a VM, and decide about one that stands there twice with different figures."""
    first: dict[tuple[str, ...], Machine] = {}
    repeats: list[Machine] = []
    kept: list[Machine] = []
    for machine in machines:
        same = first.setdefault(_key(machine), machine)
        (kept if same is machine or not same.alike(machine) else repeats).append(machine)
    ledger.leave_out("repeats another row", repeats)
    alike: dict[tuple[str, ...], list[Machine]] = {}
    for machine in kept:
        if machine.id:
            alike.setdefault(_twin_key(machine), []).append(machine)
    twins = {key: listed for key, listed in alike.items() if len(listed) > 1}
    if not twins or on_duplicate == "keep":
        return kept
    if on_duplicate == "fail":
        raise BadInputError([_twins_fault(listed) for listed in twins.values()])
    newest = [max(listed, key=lambda machine: machine.taken) for listed in twins.values()]
    undated = [listed for listed in twins.values() if len({machine.taken for machine in listed}) < len(listed)]
    if undated:
        message = "cannot be told which is the newest: the exports do not say when they were made, or say the same"
        raise BadInputError([Fault(message, where=listed[0].where, path=listed[0].name) for listed in undated])
    gone = {id(machine) for listed in twins.values() for machine in listed} - set(map(id, newest))
    ledger.leave_out("older row of the same VM", [machine for machine in kept if id(machine) in gone])
    return [machine for machine in kept if id(machine) not in gone]


def _twins_fault(listed: Sequence[Machine]) -> Fault:
    others = ", ".join(machine.where for machine in listed[1:])
    message = (
        f"the same VM UUID stands in {others}: a replica, a clone, or two dates of one export; "
        "allowed: --on-duplicate newest or keep, or import one of the files"
    )
    return Fault(message, where=listed[0].where, path=listed[0].name)


def _filtered(machines: Sequence[Machine], include: _Globs, exclude: _Globs, ledger: Ledger) -> list[Machine]:
    """Leave out what an exclusion matches, and what no inclusion of a field that has some matches."""

    def reason(machine: Machine) -> str:
        for name in exclude.of:
            glob = exclude.match(name, machine)
            if glob is not None:
                return f"--exclude {name}={glob}"
        missed = next((name for name in include.of if include.match(name, machine) is None), None)
        return f"--include {name_and_globs(missed, include)}" if missed else ""

    def name_and_globs(name: str, globs: _Globs) -> str:
        return " or ".join(f"{name}={glob}" for glob in globs.of[name]) + " does not match"

    return _split(machines, reason, ledger)


def _without_absurd(machines: Sequence[Machine], damaged: Damaged, ledger: Ledger) -> list[Machine]:
    """Refuse, or leave out, each VM with a figure that no VM can have, or that is not there: raise BadInputError."""
    wrong = {id(machine): found for machine in machines if (found := list(_absurd(machine)))}
    if damaged == "refuse" and wrong:
        raise BadInputError([fault for found in wrong.values() for fault in found])
    kept = [machine for machine in machines if id(machine) not in wrong]
    left = [
        replace(machine, damaged=f"{machine.where}: {wrong[id(machine)][0].message.partition(';')[0]}")
        for machine in machines
        if id(machine) in wrong
    ]
    ledger.leave_out(ABSURD, left)
    return kept


def _absurd(machine: Machine) -> Iterator[Fault]:
    for what, value, most in (
        ("vCPUs", machine.vcpus, MOST_VCPUS),
        ("MiB of memory", machine.memory_mib, MOST_MEMORY_MIB),
        *(("MiB of a disk", disk.size_mib, MOST_DISK_MIB) for disk in machine.disks),
    ):
        if not value or value > most:
            reads = f"{value} {what}" if value else f"no {what}"
            advice = "correct it, or leave the VM out with --exclude or --damaged leave-out"
            message = f"{reads}; allowed: 1 to {most} {what}; {advice}"
            yield Fault(message, where=machine.where, path=machine.name)
    if not machine.name:
        yield Fault("a VM without a name", where=machine.where)


def _own_disks(machines: Sequence[Machine], raw_disks: RawDisks, ledger: Ledger) -> list[Machine]:
    """Leave out raw device mappings and further sightings of shared disks; give a VM without a disk a home."""
    seen: set[str] = set()
    raw: list[VirtualDisk] = []
    again: list[VirtualDisk] = []
    homeless: list[Machine] = []
    kept = []
    for machine in machines:
        disks = []
        for disk in machine.disks:
            if disk.shared and disk.shared in seen:
                again.append(disk)
            elif disk.raw and raw_disks == "drop":
                raw.append(disk)
            else:
                disks.append(disk)
            if disk.shared:
                seen.add(disk.shared)
        if not disks:
            disks = [VirtualDisk(HOME_MIB)]
            homeless.append(machine)
        kept.append(replace(machine, disks=tuple(disks)))
    for reason, left in (
        ("raw device mapping: its capacity is no datastore's", raw),
        ("shared disk, counted once", again),
    ):
        ledger.note(
            "left out", reason, len(left), Amount(disks=len(left), disk_mib=sum(disk.size_mib for disk in left))
        )
    amount = Amount(disks=len(homeless), disk_mib=HOME_MIB * len(homeless))
    ledger.note("repaired", f"no disk of its own: {HOME_MIB // 1024} GiB for its home directory", len(homeless), amount)
    return kept


def looks_like_platform(machine: Machine) -> bool:
    """Return whether a VM's name says that it is a part of the platform, which the new one may bring itself."""
    return bool(_APPLIANCES.search(machine.name))
