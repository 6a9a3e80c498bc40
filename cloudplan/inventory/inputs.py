"""What the files of an inventory hold: tables told by their names and headers, and the VMs in them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.schema import unknown
from cloudplan.inventory import headers, liveoptics, plain, rightsize, rvtools
from cloudplan.inventory.headers import Columns, Layout
from cloudplan.inventory.intent import Names
from cloudplan.inventory.machines import Reading
from cloudplan.inventory.tables import Row, Source, Table, tab

_OTHER_TAB = re.compile("^(RVTools_)?(tab)?(v|dv)[A-Z]")
"""The name of a tab of RVTools, whether anyone reads it or not."""
Tabs = dict[str, list[Columns]]
LISTS = ("vinfo", "vms", "plain")
"""The tables that have a row for each VM."""
NO_LIST = "no list of VMs among the tables"
"""How the fault of a source without such a table begins."""


@dataclass(frozen=True)
class How:
    """How files are read: what lists may name, and what is looked at besides the VMs."""

    names: Names
    columns: Mapping[str, str]
    """Headers of further columns, and where they are asked for."""
    use: bool = False
    """Whether the tabs of measured use are read."""
    leave_out: bool = False
    """Whether rows that cannot be read are marked, instead of being faults."""


def read_all(given: Sequence[Source], unread: list[str], how: How) -> tuple[list[Reading], list[Tabs]]:
    """Read all sources.

    Raises BadInputError with the faults of all together, and those of columns that rules ask for and none has.
    """
    faults: list[Fault] = []
    readings: list[Reading] = []
    tabs: list[Tabs] = []
    for source in given:
        with gathered(faults):
            tabs.append(tabs_of(source, unread, use=how.use, asked=how.columns))
            for columns in (each for listed in tabs[-1].values() for each in listed):
                columns.leave_out = how.leave_out
            readings += _readings(source, tabs[-1], how.names, faults)
    if not faults:
        faults += _missing(how.columns, tabs)
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


def tabs_of(source: Source, unread: list[str], *, use: bool, asked: Iterable[str] = ()) -> Tabs:
    """Return the columns of the tables of a source that someone reads, by what they are; `use` has those of use too.

    `unread` gets the CSV files that no program is known to write. Raises BadInputError when a source cannot be read.
    """
    tabs: Tabs = {}
    seen: list[str] = []
    faults: list[Fault] = []
    read = _by_tab(use=use)

    def nobody_reads(title: str) -> bool:
        """Return whether a title is that of a tab of RVTools that is not read, not even its header."""
        return bool(tab(title)) and tab(title) not in read

    for table in source.tables(nobody_reads):
        seen.append(table.title)
        if table.kind == "sheet" and nobody_reads(table.title):
            continue
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
        message = f"{NO_LIST} {', '.join(seen) or '(none)'}; allowed: {allowed}"
        raise BadInputError([Fault(message, where=source.name)])
    return tabs


def _by_tab(*, use: bool) -> dict[str, Layout]:
    """Return the layouts of the tabs of RVTools that are read."""
    return {**rvtools.LAYOUTS, **(rightsize.LAYOUTS if use else {})}


def _kind(table: Table, header: Row | None, *, use: bool) -> tuple[str, Layout | None]:
    """Return what a table is and the layout to read it by, None for one that nobody reads."""
    named = tab(table.title)
    if named:
        return named, _by_tab(use=use).get(named)
    lists = {"vinfo": rvtools.VINFO, "vms": liveoptics.VMS, "plain": plain.LAYOUT}
    kind = next((kind for kind, layout in lists.items() if header and headers.matches(header[1], layout)), "")
    if kind:
        return kind, lists[kind]
    title = table.title.strip().lower()
    return title, liveoptics.LAYOUTS.get(title)


def _readings(source: Source, tabs: Tabs, names: Names, faults: list[Fault]) -> Iterator[Reading]:
    if "vinfo" in tabs:
        yield rvtools.read(tabs, faults)
    elif "vms" in tabs:
        yield liveoptics.read(tabs, faults)
    else:
        for columns in tabs["plain"]:
            yield plain.read(columns, names, faults)
