"""Inventories in: RVTools, Live Optics and plain lists become a workload, and a ledger of what became of every row.

The walk: files → tables → columns → VMs → the VMs that count → groups → the text of a workload, read back and compared.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import DASH
from cloudplan.base.units import number
from cloudplan.base.yamlfile import parse
from cloudplan.catalog.edition import Edition
from cloudplan.inventory import rightsize, used_space, writing
from cloudplan.inventory.inputs import How, read_all, tabs_of
from cloudplan.inventory.intent import Names
from cloudplan.inventory.ledger import Ledger
from cloudplan.inventory.machines import Amount, Machine, Reading
from cloudplan.inventory.pseudonyms import anonymous, pseudonym
from cloudplan.inventory.rightsize import Change, RightSizing
from cloudplan.inventory.rounding import Rounding, rounded
from cloudplan.inventory.rule_reading import ImportRules, pinned, read_rules
from cloudplan.inventory.ruling import apply_rules, tell
from cloudplan.inventory.selection import Selection, looks_like_platform, select
from cloudplan.inventory.tables import sources
from cloudplan.inventory.totals import OPTION, read_totals
from cloudplan.workload.reading import read_workload
from cloudplan.workload.workload import Workload

PoolBy = Literal["cluster", "datacenter"]
Used = Literal["measured", "provisioned"]


@dataclass(frozen=True, repr=False)
class Options(Brief):
    """What may be asked of an import; the defaults change nothing of what the inventory says."""

    name: str | None = None
    selection: Selection = field(default_factory=Selection)
    pool_by: PoolBy | None = None
    right_sizing: RightSizing | None = None
    used: Used = "measured"
    """Whether disks hold what the inventory measured of them, or all that is provisioned."""
    without_swap: bool = False
    """Whether the swap file is taken out where Provisioned looks as if it held it."""
    rounding: Rounding = field(default_factory=Rounding)
    totals: str | None = None
    """Figures of all VMs together, in place of an inventory: `vms=10,vcpus=40,memory=160,disk=1000`."""
    usage: tuple[Path, ...] = ()
    """Further exports of the same vCenters, read for what their VMs use only."""
    anonymise: bool = False
    rules: Path | None = None
    """What VMs get that match: a file of rules."""
    key: str | None = None
    """Gives the same pseudonyms for other files too; without it they are those of these files."""


@dataclass(frozen=True, repr=False)
class Imported(Brief):
    """The result: the text of the workload, the same as read, its ledger, and the figures that were made smaller."""

    text: str
    workload: Workload
    ledger: Ledger
    changes: tuple[Change, ...]
    candidates: Mapping[str, int]
    """The disk size of all rows in MiB, as each column that knows one has it."""
    machines: tuple[Machine, ...] = ()
    """The VMs that were imported, with the rules that they met and where their used space comes from."""


def import_inventory(paths: Sequence[str | Path], options: Options | None = None) -> Imported:
    """Return the workload of some files (or folders of CSV files).

    Raises BadInputError with a fault for each thing that cannot be read for certain.
    """
    asked = options or Options()
    rules = read_rules(asked.rules) if asked.rules else None
    given = sources([Path(path) for path in paths])
    ledger = Ledger({name: sha256 for source in given for name, sha256 in source.hashes().items()})
    unread: list[str] = []
    edition = pinned(rules.edition if rules else None)
    head: dict[str, Any] = dict(rules.file.workload) if rules else {}
    names = Names.of(edition, head)
    how = How(
        names,
        rules.columns if rules else {},
        use=asked.right_sizing is not None,
        leave_out=asked.selection.damaged == "leave-out",
    )
    readings, tabs = read_all(given, unread, how)
    if asked.totals is not None:
        readings.append(read_totals(asked.totals))
        ledger.totals = True
    machines = [machine for reading in readings for machine in reading.machines]
    _enter(readings, machines, ledger)
    if unread and not asked.anonymise:
        ledger.warn(f"files that are no table known here were not read: {', '.join(unread)}")
    kept = select(machines, asked.selection, ledger)
    if not kept:
        raise BadInputError([Fault("no VM is left to import", where=str(paths[0]) if paths else OPTION)])
    kept = used_space.settled(kept, ledger, provisioned=asked.used == "provisioned", take_swap=asked.without_swap)
    changes: list[Change] = []
    if asked.right_sizing:
        further = [tabs_of(source, unread, use=True) for source in sources(asked.usage)]
        kept, changes = rightsize.right_size(kept, [*tabs, *further], asked.right_sizing, ledger)
    kept = rounded(kept, asked.rounding, ledger)
    key = asked.key or "".join(ledger.files.values())
    if rules:
        kept = apply_rules(
            kept, rules, edition.flash_classes, partial(pseudonym, key, "label") if asked.anonymise else str
        )
    platform = list(map(looks_like_platform, kept))
    if asked.anonymise:
        kept, changes = anonymous(kept, changes, key)
        ledger.anonymise(lambda kind, name: pseudonym(key, kind, name))
    if rules:
        tell(kept, rules, ledger, anonymous=asked.anonymise)
    _enter_kept(kept, platform, ledger)
    by_place = [getattr(machine, asked.pool_by) if asked.pool_by else "" for machine in kept]
    pools = [str(machine.fields.get("pool", pool)) for machine, pool in zip(kept, by_place, strict=True)]
    _add_standby(head, kept, names, ledger)
    nameless = asked.anonymise or not given or given[0].path == DASH
    named = asked.name or head.get("name") or ("inventory" if nameless else given[0].path.stem)
    head = {"name": named, "catalog": edition.edition, **head} | {"name": named}
    comments = [*_comments(readings, ledger), *(f"Warning: {text}" for text in ledger.warnings)]
    comments.insert(-len(ledger.warnings) or len(comments), used_space.told(kept))
    written = writing.write(head, kept, pools, ledger, comments)
    workload = _read_back(written, kept, edition, rules)
    ledger.close(_written(workload))
    candidates = _summed(reading.candidates for reading in readings)
    return Imported(written.text, workload, ledger, tuple(changes), candidates, tuple(kept))


def _read_back(
    written: writing.Written, machines: Sequence[Machine], edition: Edition, rules: ImportRules | None
) -> Workload:
    """Return the workload that was written; what rules set together and is refused raises BadInputError, at a rule."""
    try:
        return read_workload(parse(written.text, "the imported workload"), edition)
    except BadInputError as error:
        if rules is None:
            raise
        firsts = [machines[members[0]] for members in written.groups]
        faults = [rules.placed(fault, lambda group, field: firsts[group].set_by.get(field)) for fault in error.faults]
        raise BadInputError(list(dict.fromkeys(faults))) from None


def _add_standby(head: dict[str, Any], machines: Sequence[Machine], names: Names, ledger: Ledger) -> None:
    """Add, in place, a standby site where a list wants one and nobody named it."""
    sites = head.get("sites") or {}
    own = [machine.fields for machine in machines if "protection" not in machine.set_by]
    wanted = any("protection" in fields or fields.get("site") == names.standby for fields in own)
    if names.standby and wanted and "standby" not in sites:
        head["sites"] = {"primary": names.primary, **sites, "standby": names.standby}
        ledger.warn(f"no standby site is named, and VMs want one: {names.standby} is written; name it in `sites`")


def _summed(figures: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of figures by their names."""
    sums: dict[str, int] = {}
    for name, figure in (item for each in figures for item in each.items()):
        sums[name] = sums.get(name, 0) + figure
    return sums


# --- the ledger and the words about it ---------------------------------------------------------------------------


def _enter(readings: Sequence[Reading], machines: Sequence[Machine], ledger: Ledger) -> None:
    """Enter what was read, rows without a VM at once as left out."""
    blank, repeated = sum(reading.blank for reading in readings), sum(reading.repeated for reading in readings)
    amount = Amount.of(machines)
    what = "average VMs of the totals" if ledger.totals else "rows of the lists of VMs"
    ledger.note("read", what, amount.rows, amount + Amount(rows=blank + repeated))
    ledger.note("left out", "blank row or total", blank, Amount(rows=blank))
    ledger.note("left out", "repeated header", repeated, Amount(rows=repeated))
    for reading in readings:
        for text in reading.warnings:
            ledger.warn(text)
        provisioned = reading.basis.get("vInfo Provisioned", 0)
        if provisioned:
            ledger.warn(
                f"disks of {number(provisioned)} VMs come from Provisioned, as one disk a VM, because neither vDisk "
                "nor Total disk capacity tells them; Provisioned may hold snapshots and swap files too"
            )


def _enter_kept(machines: Sequence[Machine], platform: Sequence[bool], ledger: Ledger) -> None:
    """Enter what is imported, by the power state, and warn of VMs that look like parts of the old platform."""
    parts = [machine.name for machine, looks_so in zip(machines, platform, strict=True) if looks_so]
    if parts:
        ledger.warn(f"by their names these may be parts of the old platform, and were imported: {', '.join(parts)}")
    for state, words in (("on", "powered on"), ("suspended", "suspended, counts as on"), ("off", "powered off")):
        mine = [machine for machine in machines if machine.power == state]
        ledger.note("imported", words, len(mine), Amount.of(mine))


def _comments(readings: Sequence[Reading], ledger: Ledger) -> Iterator[str]:
    """Yield the comments at the head of the workload: from what, with what in it, and what the figures are."""
    files = ", ".join(f"{name} (sha256 {sha256[:12]}…)" for name, sha256 in ledger.files.items())
    yield f"Imported from {files or OPTION} by cloudplan import."
    for entry in ledger.entries:
        vms = number(entry.touched)
        yield f"{entry.step}: {vms}, {entry.reason}" + (
            f" ({number(entry.amount.vcpus)} vCPUs, {number(entry.amount.memory_mib)} MiB of memory, "
            f"{number(entry.amount.disk_mib)} MiB of disks)"
        )
    basis = _summed(reading.basis for reading in readings)
    listed = ", ".join(f"{label} ({number(count)} VMs)" for label, count in basis.items())
    yield f"vCPUs and memory as configured; disks from {listed}."


def _written(workload: Workload) -> Amount:
    """Return what a workload comes to, counted from its groups."""
    total = Amount()
    for group in workload.vms:
        sizes = [disk.size_mib for disk in group.disks]
        each = (1, group.vcpus, group.memory_mib, len(sizes), sum(sizes))
        total += Amount(*(figure * group.count for figure in each))
    return total
