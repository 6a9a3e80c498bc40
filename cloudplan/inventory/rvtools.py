"""RVTools: one tab of VMs, and tabs of disks, memory and CPU use that are joined to it.

VMs are joined by vCenter and UUID, else by the id, else by the name: never by the SMBIOS UUID, which clones share.
Sizes are MiB whatever the header says. The name of a host, licences, serial numbers and certificates are never read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cloudplan.base.errors import Fault
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.inventory.headers import Columns, Field, Layout
from cloudplan.inventory.machines import CONNECTED, FLAGS, POWERS, Machine, Reading, VirtualDisk
from cloudplan.inventory.used_space import Partition, held_swap_mib, measured

NAME = Field(("VM", "VM Name", "Name"), required=True)
IDS: Layout = {
    "uuid": Field(("VM UUID", "UUID"), last=True),
    "id": Field(("VM ID", "Object ID"), last=True),
    "server_uuid": Field(("VI SDK UUID", "vCenter UUID"), last=True),
    "server": Field(("VI SDK Server",), last=True),
}
VINFO: Layout = {
    "name": NAME,
    "power": Field(("Powerstate", "Power State"), required=True),
    "vcpus": Field(("CPUs", "Num CPUs", "vCPUs"), required=True),
    "memory_mib": Field(("Memory", "Memory MiB", "Size MiB"), required=True),
    "template": Field(("Template",)),
    "placeholder": Field(("SRM Placeholder",)),
    "connected": Field(("Connection state",)),
    "total_mib": Field(("Total disk capacity MiB", "Total disk capacity")),
    "provisioned_mib": Field(("Provisioned MiB", "Provisioned")),
    "in_use_mib": Field(("In Use MiB", "In Use")),
    "folder": Field(("Folder",)),
    "resource_pool": Field(("Resource pool",)),
    "annotation": Field(("Annotation",)),
    "os_tools": Field(("OS according to the VMware Tools",), last=True),
    "os_file": Field(("OS according to the configuration file", "OS"), last=True),
    "rules": Field(("Cluster rule name(s)", "Cluster rule names")),
    "datacenter": Field(("Datacenter",), last=True),
    "cluster": Field(("Cluster",), last=True),
    **IDS,
}
VDISK: Layout = {
    "name": NAME,
    "size_mib": Field(("Capacity MiB", "Capacity"), required=True),
    "raw": Field(("Raw",)),
    "sharing": Field(("Sharing mode",)),
    "bus": Field(("Shared Bus",)),
    "disk_uuid": Field(("Disk UUID",)),
    "path": Field(("Disk Path", "Path")),
    "mode": Field(("Disk Mode",)),
    "thin": Field(("Thin",)),
    "disk_key": Field(("Disk Key",)),
    **IDS,
}
VPARTITION: Layout = {
    "name": NAME,
    "size_mib": Field(("Capacity MiB", "Capacity"), required=True),
    "used_mib": Field(("Consumed MiB", "Consumed")),
    "disk_key": Field(("Disk Key",)),
    **IDS,
}
VMEMORY: Layout = {"name": NAME, "reserved_mib": Field(("Reservation",)), **IDS}
VMETADATA: Layout = {"taken": Field(("xlsx creation datetime",), required=True), "server": Field(("Server",))}

LAYOUTS: Mapping[str, Layout] = {
    "vinfo": VINFO,
    "vdisk": VDISK,
    "vpartition": VPARTITION,
    "vmemory": VMEMORY,
    "vmetadata": VMETADATA,
}
PROVISIONED = "vInfo Provisioned"
_CANDIDATES = {
    "total_mib": "vInfo Total disk capacity",
    "provisioned_mib": PROVISIONED,
    "in_use_mib": "vInfo In Use",
}
_WORDS = {"uuid": "VM UUID", "id": "VM ID", "name": "name"}
_NOT_SHARED = {"", "sharingnone", "nosharing"}


@dataclass
class _Disks:
    """The disks of a source by the key of their VM."""

    by_vm: dict[tuple[str, ...], list[VirtualDisk]] = field(default_factory=dict)
    seen: set[tuple[str, ...]] = field(default_factory=set)
    independent: int = 0
    repeated: int = 0
    damaged: dict[tuple[str, ...], str] = field(default_factory=dict)
    """Why the disks of a VM cannot be read."""


@dataclass
class _Use:
    """What else the tabs tell of VMs, by their keys: partitions, and memory that is reserved and has no swap file."""

    keys: Sequence[tuple[str, ...]]
    """The key of each row of vInfo in the two others."""
    partitions: Mapping[tuple[str, ...], Sequence[Partition]]
    reserved_keys: Sequence[tuple[str, ...]]
    reserved_mib: Mapping[tuple[str, ...], int]
    taken: Mapping[str, str]
    """When the export of each vCenter was made."""


def read(tabs: Mapping[str, Sequence[Columns]], faults: list[Fault]) -> Reading:
    """Return the VMs of the tabs of one source; what cannot be read is added to the faults."""
    reading = Reading()
    strength = _common_key([*tabs["vinfo"], *tabs.get("vdisk", ())])
    disks = _Disks()
    for columns in tabs.get("vdisk", ()):
        _read_disks(columns, strength, disks, faults)
    found = set[tuple[str, ...]]()
    for columns in tabs["vinfo"]:
        use = _use(columns, tabs, faults)
        _read_machines(columns, keys(columns, strength), disks, use, reading, found, faults)
    _warn(tabs, strength, disks, found, reading)
    for columns in tabs.get("vpartition", ()):
        reading.add_candidate("vPartition Capacity", columns.whole("size_mib", faults))
        reading.add_candidate("vPartition Consumed", columns.whole("used_mib", faults))
    return reading


def _common_key(tables: Iterable[Columns]) -> str:
    """Return what VMs are joined by: the strongest key that every table has."""
    listed = list(tables)
    return next((key for key in ("uuid", "id") if all(key in columns.values for columns in listed)), "name")


def keys(columns: Columns, strength: str, *, with_server: bool = True) -> list[tuple[str, ...]]:
    """Return for each row the vCenter, if it counts, and the key of its VM there."""
    servers = columns.texts("server_uuid" if "server_uuid" in columns.values else "server")
    servers = servers if with_server else [""] * len(columns.rows)
    return list(zip(servers, columns.texts(strength), strict=True))


def _use(info: Columns, tabs: Mapping[str, Sequence[Columns]], faults: list[Fault]) -> _Use:
    """Return what the tabs of partitions and of memory tell of the VMs of a table."""
    by_vm: dict[tuple[str, ...], list[Partition]] = {}
    own_keys, joined = _joined(info, tabs.get("vpartition", ()))
    for columns, listed in joined:
        sizes, used = columns.whole("size_mib", faults), columns.whole("used_mib", faults)
        for key, disk, size, consumed in zip(listed, columns.texts("disk_key"), sizes, used, strict=True):
            if size is not None and consumed is not None:
                by_vm.setdefault(key, []).append(Partition(disk, size, consumed))
    reserved: dict[tuple[str, ...], int] = {}
    memory_keys, joined = _joined(info, tabs.get("vmemory", ()))
    for columns, listed in joined:
        figures = columns.whole("reserved_mib", faults)
        reserved |= {key: mib or 0 for key, mib in zip(listed, figures, strict=True)}
    return _Use(own_keys, by_vm, memory_keys, reserved, _taken(tabs))


def _joined(
    info: Columns, tables: Sequence[Columns]
) -> tuple[list[tuple[str, ...]], list[tuple[Columns, list[tuple[str, ...]]]]]:
    """Return the keys of the VMs of a table, and those of other tables, as strong as all have them.

    A key that several VMs of the table bear is empty: what another table says may be of any of them.
    """
    strength = _common_key([info, *tables])
    with_server = all({"server_uuid", "server"} & columns.values.keys() for columns in (info, *tables))
    own = keys(info, strength, with_server=with_server)
    times = Counter(own)
    listed = [(columns, keys(columns, strength, with_server=with_server)) for columns in tables]
    return [key if times[key] == 1 else () for key in own], listed


def _read_disks(columns: Columns, strength: str, disks: _Disks, faults: list[Fault]) -> None:
    sizes, raw = columns.whole("size_mib", faults), columns.choices("raw", FLAGS, False, faults)
    thin, disk_keys = columns.choices("thin", FLAGS, False, faults), columns.texts("disk_key")
    modes, uuids, paths = columns.texts("mode"), columns.texts("disk_uuid"), columns.texts("path")
    shared = [
        {sharing.casefold(), bus.casefold()} - _NOT_SHARED
        for sharing, bus in zip(columns.texts("sharing"), columns.texts("bus"), strict=True)
    ]
    for row, key in enumerate(keys(columns, strength)):
        size = sizes[row]
        if size is None:
            columns.refuse_blank(row, "size_mib", "the size of a disk", faults)
        if row in columns.damaged:
            disks.damaged.setdefault(key, columns.damaged[row])
        if size is None:
            continue
        itself = paths[row] or uuids[row]
        if itself and (*key, itself) in disks.seen:
            disks.repeated += 1
            continue
        disks.seen.add((*key, itself))
        same = (uuids[row] or paths[row] or columns.at(row, "name")) if shared[row] else ""
        disks.by_vm.setdefault(key, []).append(VirtualDisk(size, raw[row], same, thin=thin[row], key=disk_keys[row]))
        disks.independent += modes[row].casefold().startswith("independent")


def _read_machines(
    columns: Columns,
    own_keys: Sequence[tuple[str, ...]],
    disks: _Disks,
    use: _Use,
    reading: Reading,
    found: set[tuple[str, ...]],
    faults: list[Fault],
) -> None:
    reading.blank += columns.blank
    reading.repeated += columns.repeated
    names, powers = columns.texts("name"), columns.choices("power", POWERS, None, faults)
    vcpus, memory = columns.whole("vcpus", faults), columns.whole("memory_mib", faults)
    flags = {name: columns.choices(name, FLAGS, False, faults) for name in ("template", "placeholder")}
    connected = columns.choices("connected", CONNECTED, True, faults)
    texts = {name: columns.texts(name) for name in ("datacenter", "cluster", "folder", "rules", "server")}
    noted = {name: columns.texts(name) for name in ("resource_pool", "annotation", "os_tools", "os_file")}
    further = columns.further()
    uuids, ids = columns.texts("uuid"), columns.texts("id")
    sizes = {name: columns.whole(name, faults) for name in _CANDIDATES}
    for name, label in _CANDIDATES.items():
        reading.add_candidate(label, sizes[name] if name in columns.values else ())
    for row, key in enumerate(own_keys):
        own = disks.by_vm.get(key, []) if key not in found else []
        found.add(key)
        basis, listed = _disks_of(own, sizes["total_mib"][row], sizes["provisioned_mib"][row])
        reading.add_basis(basis)
        power = powers[row]
        if power is None:
            columns.refuse_blank(row, "power", "the power state", faults)
        swap_mib = max((memory[row] or 0) - use.reserved_mib.get(use.reserved_keys[row], 0), 0) if power == "on" else 0
        partitions = use.partitions.get(use.keys[row], ())
        held = held_swap_mib(listed[0].size_mib, partitions, swap_mib) if basis == PROVISIONED else 0
        used_from, listed = measured(listed, partitions, sizes["in_use_mib"][row], swap_mib, held)
        reading.machines.append(
            Machine(
                where=columns.at(row, "name"),
                name=names[row],
                power=power or "off",
                vcpus=vcpus[row],
                memory_mib=memory[row],
                disks=listed,
                damaged=columns.damaged.get(row, "") or disks.damaged.get(key, ""),
                used_from=used_from,
                held_swap_mib=held,
                template=flags["template"][row],
                placeholder=flags["placeholder"][row],
                connected=connected[row],
                datacenter=texts["datacenter"][row],
                cluster=texts["cluster"][row],
                folder=texts["folder"][row],
                rules=texts["rules"][row],
                server=key[0] or columns.table.file,
                id=uuids[row] or ids[row],
                uuid=uuids[row],
                taken=use.taken.get(texts["server"][row], use.taken.get("", "")),
                resource_pool=noted["resource_pool"][row],
                os=noted["os_tools"][row] or noted["os_file"][row],
                annotation=noted["annotation"][row],
                columns=further[row],
            )
        )


def _disks_of(
    own: Sequence[VirtualDisk], total_mib: int | None, provisioned_mib: int | None
) -> tuple[str, tuple[VirtualDisk, ...]]:
    """Return where the disks of a VM come from, and the disks: the list, else the total, else what is provisioned."""
    if own:
        return "vDisk Capacity", tuple(own)
    for name, size_mib in (("total_mib", total_mib), ("provisioned_mib", provisioned_mib)):
        if size_mib:
            return _CANDIDATES[name], (VirtualDisk(size_mib),)
    return "nothing", ()


def _taken(tabs: Mapping[str, Sequence[Columns]]) -> dict[str, str]:
    """Return when the export of each vCenter was made, under the empty name that of all."""
    found: dict[str, str] = {}
    for columns in tabs.get("vmetadata", ()):
        for server, taken in zip(columns.texts("server"), columns.texts("taken"), strict=True):
            found[server] = taken
    if found:
        found.setdefault("", max(found.values()))
    return found


def _warn(
    tabs: Mapping[str, Sequence[Columns]],
    strength: str,
    disks: _Disks,
    found: set[tuple[str, ...]],
    reading: Reading,
) -> None:
    """Add what was read otherwise than one might think."""
    if "vdisk" in tabs:
        listed = [disk for own in disks.by_vm.values() for disk in own]
        reading.candidates = {"vDisk Capacity": sum(disk.size_mib for disk in listed), **reading.candidates}
        strays = [disk for key, own in disks.by_vm.items() if key not in found for disk in own]
        if strays:
            size_gib = sum(disk.size_mib for disk in strays) // MIB_PER_GIB
            reading.warnings.append(
                f"{len(strays)} disks of vDisk ({size_gib} GiB) belong to no VM of vInfo and are not imported; "
                f"they were joined by the {_WORDS[strength]}"
            )
        if strength == "name":
            reading.warnings.append("the tabs have no id of VMs in common: disks are joined by the name of their VM")
        if disks.repeated:
            reading.warnings.append(f"{disks.repeated} rows of vDisk repeat a disk of the same VM and count once")
        if disks.independent:
            reading.warnings.append(
                f"{disks.independent} disks are independent: they have no snapshots and no image backup; "
                "set constant_writes: true where that is to stay so"
            )
    for columns in tabs["vinfo"]:
        if "template" not in columns.values:
            reading.warnings.append(f"{columns.table.title} has no column Template: templates cannot be told from VMs")
        reading.warnings.extend(
            f"{columns.table.title} has two columns {header!r}; one is a custom attribute, the one of RVTools counts"
            for header in columns.doubled
        )
