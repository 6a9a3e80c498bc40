"""Inventories in: RVTools, Live Optics and plain lists become a workload, and a ledger of what became of every row.

The walk: files → tables → columns → VMs → the VMs that count → groups → the text of a workload, read back and compared.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.files import DASH
from cloudplan.base.schema import unknown
from cloudplan.base.units import number
from cloudplan.base.yamlfile import parse
from cloudplan.catalog.edition import Edition
from cloudplan.inventory import headers, liveoptics, plain, rightsize, rvtools, used_space, writing
from cloudplan.inventory.headers import Columns, Layout
from cloudplan.inventory.ledger import Ledger
from cloudplan.inventory.machines import Amount, Machine, Reading
from cloudplan.inventory.pseudonyms import anonymous, pseudonym
from cloudplan.inventory.rightsize import Change, RightSizing
from cloudplan.inventory.rule_reading import ImportRules, pinned, read_rules
from cloudplan.inventory.ruling import apply_rules, tell
from cloudplan.inventory.selection import Selection, looks_like_platform, select
from cloudplan.inventory.tables import Row, Source, Table, sources, tab
from cloudplan.workload.reading import read_workload
from cloudplan.workload.workload import Workload

_OTHER_TAB = re.compile("^(RVTools_)?(tab)?(v|dv)[A-Z]")
"""The name of a tab of RVTools, whether anyone reads it or not."""
PoolBy = Literal["cluster", "datacenter"]
Used = Literal["measured", "provisioned"]
Tabs = dict[str, list[Columns]]
LISTS = ("vinfo", "vms", "plain")
"""The tables that have a row for each VM."""


@dataclass(frozen=True)
class Options:
    """What may be asked of an import; the defaults change nothing of what the inventory says."""

    name: str | None = None
    selection: Selection = field(default_factory=Selection)
    pool_by: PoolBy | None = None
    right_sizing: RightSizing | None = None
    used: Used = "measured"
    """Whether disks hold what the inventory measured of them, or all that is provisioned."""
    without_swap: bool = False
    """Whether the swap file is taken out where Provisioned looks as if it held it."""
    usage: tuple[Path, ...] = ()
    """Further exports of the same vCenters, read for what their VMs use only."""
    anonymise: bool = False
    rules: Path | None = None
    """What VMs get that match: a file of rules."""
    key: str | None = None
    """Gives the same pseudonyms for other files too; without it they are those of these files."""


@dataclass(frozen=True)
class Imported:
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
    readings, tabs = _read_all(given, unread, asked, rules.columns if rules else {})
    machines = [machine for reading in readings for machine in reading.machines]
    _enter(readings, machines, ledger)
    if unread and not asked.anonymise:
        ledger.warn(f"files that are no table known here were not read: {', '.join(unread)}")
    kept = select(machines, asked.selection, ledger)
    if not kept:
        raise BadInputError([Fault("no VM is left to import", where=str(paths[0]))])
    kept = used_space.settled(kept, ledger, provisioned=asked.used == "provisioned", take_swap=asked.without_swap)
    changes: list[Change] = []
    if asked.right_sizing:
        further = [_tabs(source, unread, use=True) for source in sources(asked.usage)]
        kept, changes = rightsize.right_size(kept, [*tabs, *further], asked.right_sizing, ledger)
    edition = pinned(rules.edition if rules else None)
    key = asked.key or "".join(ledger.files.values())
    if rules:
        kept = apply_rules(
            kept, rules, edition.flash_classes, partial(pseudonym, key, "label") if asked.anonymise else str
        )
    platform = [index for index, machine in enumerate(kept) if looks_like_platform(machine)]
    if asked.anonymise:
        kept, changes = anonymous(kept, changes, key)
        ledger.anonymise(lambda kind, name: pseudonym(key, kind, name))
    if rules:
        tell(kept, rules, ledger, anonymous=asked.anonymise)
    if platform:
        names = ", ".join(kept[index].name for index in platform)
        ledger.warn(f"by their names these may be parts of the old platform, and were imported: {names}")
    for state, words in (("on", "powered on"), ("suspended", "suspended, counts as on"), ("off", "powered off")):
        mine = [machine for machine in kept if machine.power == state]
        ledger.note("imported", words, len(mine), Amount.of(mine))
    by_place = [getattr(machine, asked.pool_by) if asked.pool_by else "" for machine in kept]
    pools = [str(machine.fields.get("pool", pool)) for machine, pool in zip(kept, by_place, strict=True)]
    nameless = asked.anonymise or given[0].path == DASH
    head = {"name": "inventory" if nameless else given[0].path.stem, "catalog": edition.edition}
    head |= {**(rules.file.workload if rules else {}), **({"name": asked.name} if asked.name else {})}
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


def _summed(figures: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of figures by their names."""
    sums: dict[str, int] = {}
    for name, figure in (item for each in figures for item in each.items()):
        sums[name] = sums.get(name, 0) + figure
    return sums


# --- reading -----------------------------------------------------------------------------------------------------


def _read_all(
    given: Sequence[Source], unread: list[str], options: Options, asked: Mapping[str, str]
) -> tuple[list[Reading], list[Tabs]]:
    """Read all sources; the faults of all are told together, and those of columns that rules ask for and none has.

    `asked` are the headers of those columns, and where they are asked for.
    """
    faults: list[Fault] = []
    readings: list[Reading] = []
    tabs: list[Tabs] = []
    for source in given:
        with gathered(faults):
            tabs.append(_tabs(source, unread, use=options.right_sizing is not None, asked=asked))
            for columns in (each for listed in tabs[-1].values() for each in listed):
                columns.leave_out = options.selection.damaged == "leave-out"
            readings += _readings(source, tabs[-1], faults)
    if not faults:
        faults += _missing(asked, tabs)
    if faults:
        raise BadInputError(faults)
    return readings, tabs


def _missing(asked: Mapping[str, str], tabs: Sequence[Tabs]) -> Iterator[Fault]:
    """Yield a fault for each column that rules ask for and that no list of VMs has."""
    lists = [columns for each in tabs for kind in LISTS for columns in each.get(kind, ())]
    for header, where in asked.items():
        if not any(headers.FURTHER + header in columns.values for columns in lists):
            fault = unknown("column", header, {name for columns in lists for name in columns.unread})
            yield replace(fault, where=where, path="match.tags")


def _tabs(source: Source, unread: list[str], *, use: bool, asked: Iterable[str] = ()) -> Tabs:
    """Return the columns of the tables of a source that someone reads, by what they are; `use` has those of use too.

    `unread` gets the CSV files that no program is known to write.
    """
    tabs: Tabs = {}
    seen: list[str] = []
    faults: list[Fault] = []
    for table in source.tables():
        seen.append(table.title)
        rows = iter(table.rows)
        header = headers.find_header(rows)
        kind, layout = _kind(table, header, use=use)
        if header is None or layout is None:
            if table.kind == "csv" and not _OTHER_TAB.search(table.title):
                unread.append(table.title)
            continue
        if kind in LISTS:
            layout = headers.with_columns(layout, asked)
        with gathered(faults):
            tabs.setdefault(kind, []).append(headers.read(table, header, rows, layout))
    if faults:
        raise BadInputError(faults)
    if not tabs.keys() & set(LISTS):
        allowed = "vInfo of RVTools, VMs of Live Optics, or a list with the columns name, vcpus, memory and disk"
        message = f"no list of VMs among the tables {', '.join(seen) or '(none)'}; allowed: {allowed}"
        raise BadInputError([Fault(message, where=source.name)])
    return tabs


def _kind(table: Table, header: Row | None, *, use: bool) -> tuple[str, Layout | None]:
    """Return what a table is and the layout to read it by, None for one that nobody reads."""
    named = tab(table.title)
    if named:
        return named, {**rvtools.LAYOUTS, **(rightsize.LAYOUTS if use else {})}.get(named)
    lists = {"vinfo": rvtools.VINFO, "vms": liveoptics.VMS, "plain": plain.LAYOUT}
    kind = next((kind for kind, layout in lists.items() if header and headers.matches(header[1], layout)), "")
    if kind:
        return kind, lists[kind]
    title = table.title.strip().lower()
    return title, liveoptics.LAYOUTS.get(title)


def _readings(source: Source, tabs: Tabs, faults: list[Fault]) -> Iterator[Reading]:
    if "vinfo" in tabs:
        yield rvtools.read(tabs, faults)
    elif "vms" in tabs:
        yield liveoptics.read(tabs, faults)
    else:
        for columns in tabs["plain"]:
            yield plain.read(columns, faults)


# --- the ledger and the words about it ---------------------------------------------------------------------------


def _enter(readings: Sequence[Reading], machines: Sequence[Machine], ledger: Ledger) -> None:
    """Enter what was read, rows without a VM at once as left out."""
    blank, repeated = sum(reading.blank for reading in readings), sum(reading.repeated for reading in readings)
    amount = Amount.of(machines)
    ledger.note("read", "rows of the lists of VMs", amount.rows, amount + Amount(rows=blank + repeated))
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


def _comments(readings: Sequence[Reading], ledger: Ledger) -> Iterator[str]:
    """Yield the comments at the head of the workload: from what, with what in it, and what the figures are."""
    files = ", ".join(f"{name} (sha256 {sha256[:12]}…)" for name, sha256 in ledger.files.items())
    yield f"Imported from {files} by cloudplan import."
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
