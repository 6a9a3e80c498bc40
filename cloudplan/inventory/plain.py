"""A plain list of VMs, such as people keep in a spreadsheet: documented headers, sizes in GiB or MiB.

GB in a header is read as GiB, for that is how VMware and the people who copy from it count.
"""

import math
import re
from decimal import Decimal

from cloudplan.base.errors import Fault
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.inventory import intent
from cloudplan.inventory.headers import Columns, Field, Layout
from cloudplan.inventory.liveoptics import spread
from cloudplan.inventory.machines import FLAGS, POWERS, Machine, Reading, VirtualDisk
from cloudplan.inventory.numbers import decimal_mark
from cloudplan.inventory.used_space import WHOLE, shared_out

LAYOUT: Layout = {
    "name": Field(("name", "VM", "VM name"), required=True),
    "vcpus": Field(("vcpus", "vcpu", "cpus", "cpu", "cores"), required=True),
    "memory_gib": Field(("memory_gib", "ram_gib", "memory", "ram")),
    "memory_mib": Field(("memory_mib", "ram_mib")),
    "disks_gib": Field(("disks_gib", "disk_gib", "storage_gib", "disk")),
    "disks_mib": Field(("disks_mib", "disk_mib", "storage_mib")),
    "used_gib": Field(("used_gib", "used_disk_gib", "disk_used_gib")),
    "power": Field(("powered_on", "power", "powerstate", "power_state", "state")),
    "template": Field(("template",)),
    "gpus": Field(("gpus", "gpu")),
    "iops": Field(("iops", "peak_iops")),
    "datacenter": Field(("datacenter",)),
    "cluster": Field(("cluster",)),
    "folder": Field(("folder",)),
    "resource_pool": Field(("resource_pool",)),
    "annotation": Field(("annotation", "notes", "comment")),
    "os": Field(("os",)),
    **intent.LAYOUT,
}
_ONE_OF = (("memory_gib", "memory_mib"), ("disks_gib", "disks_mib"))
_TEXTS = ("name", "datacenter", "site", "cluster", "folder", "resource_pool", "annotation", "os")
_BETWEEN_DISKS = re.compile("[+|]")


def read(columns: Columns, names: intent.Names, faults: list[Fault]) -> Reading:
    """Return the VMs of a plain list; what cannot be read is added to the faults. `names` are those that it may use."""
    reading = Reading(blank=columns.blank, repeated=columns.repeated)
    for needed in _ONE_OF:
        if not any(name in columns.values for name in needed):
            message = (
                f"no column {' or '.join(map(repr, needed))} (there are: {', '.join(columns.names + columns.unread)})"
            )
            faults.append(Fault(message, where=columns.table.file, path=columns.table.title))
    if faults:
        return reading
    mark = _file_mark(columns)
    memory = {name: columns.decimals(name, faults, mark) for name in ("memory_gib", "memory_mib")}
    disks = {name: _disks(columns, name, mark, faults) for name in ("disks_gib", "disks_mib")}
    used = columns.decimals("used_gib", faults, mark)
    vcpus, gpus = columns.whole("vcpus", faults), columns.whole("gpus", faults)
    iops, powers = columns.decimals("iops", faults, mark), columns.choices("power", POWERS, "on", faults)
    templates = columns.choices("template", FLAGS, False, faults)
    texts = {name: columns.texts(name) for name in _TEXTS}
    further = columns.further()
    wanted = intent.read(columns, names, faults, reading.warnings)
    if faults:
        return reading
    for row, name in enumerate(texts["name"]):
        sizes = _mib(disks["disks_gib"][row], MIB_PER_GIB) or _mib(disks["disks_mib"][row], 1)
        memory_mib = _mib(_some(memory["memory_gib"][row]), MIB_PER_GIB) or _mib(_some(memory["memory_mib"][row]), 1)
        fields = wanted[row].disks
        listed = spread([VirtualDisk(size, fields=fields) for size in sizes if size], iops[row] or Decimal(0))
        used_mib = _mib(_some(used[row]), MIB_PER_GIB)
        reading.machines.append(
            Machine(
                where=columns.at(row, "name"),
                name=name,
                power=powers[row],
                vcpus=vcpus[row],
                memory_mib=memory_mib[0] if memory_mib else None,
                disks=shared_out(listed, used_mib[0]) if used_mib else listed,
                used_from="used_gib" if used_mib else WHOLE,
                damaged=columns.damaged.get(row, ""),
                gpus=gpus[row] or 0,
                template=templates[row],
                datacenter=texts["datacenter"][row] or texts["site"][row],
                cluster=texts["cluster"][row],
                folder=texts["folder"][row],
                resource_pool=texts["resource_pool"][row],
                annotation=texts["annotation"][row],
                os=texts["os"][row],
                columns=further[row],
                fields=wanted[row].fields,
                server=columns.table.file,
            )
        )
    sized = columns.positions.keys() & {"disks_gib", "disks_mib"}
    reading.basis[f"{columns.table.title} {' and '.join(sorted(sized))}"] = len(reading.machines)
    if columns.unread:
        reading.warnings.append(f"columns that are not read: {', '.join(columns.unread)}")
    if any(re.search("gb", header, re.IGNORECASE) for header in columns.names):
        reading.warnings.append("GB in a header is read as GiB")
    if "power" not in columns.values:
        reading.warnings.append("no column of the power state: every VM counts as powered on")
    return reading


def _some(value: Decimal | None) -> list[Decimal]:
    return [] if value is None else [value]


def _mib(sizes: list[Decimal], unit_mib: int) -> list[int]:
    """Return sizes in whole MiB, rounded up."""
    return [math.ceil(size * unit_mib) for size in sizes]


def _file_mark(columns: Columns) -> str:
    """Return the decimal mark that the numbers of a file prove, or nothing when they prove none or two."""
    written = [
        part
        for name in ("memory_gib", "memory_mib", "disks_gib", "disks_mib", "used_gib", "iops")
        for value in columns.values.get(name, ())
        if isinstance(value, str)
        for part in _BETWEEN_DISKS.split(value)
    ]
    proven = {evidence for text in written for evidence in [decimal_mark(text.strip())] if evidence}
    return proven.pop() if len(proven) == 1 else ""


def _disks(columns: Columns, name: str, mark: str, faults: list[Fault]) -> list[list[Decimal]]:
    """Return for each VM the sizes of its disks: one number, or several with + or | between them."""
    if name not in columns.values:
        return [[] for _ in columns.rows]
    parts: list[tuple[int, object]] = []
    for row, value in enumerate(columns.values[name]):
        listed = _BETWEEN_DISKS.split(value) if isinstance(value, str) else [value]
        parts += [(row, part) for part in listed]
    whole = Columns(columns.table, [columns.rows[row] for row, _ in parts], {name: [part for _, part in parts]})
    whole.positions = columns.positions
    whole.leave_out = columns.leave_out
    sizes: list[list[Decimal]] = [[] for _ in columns.rows]
    for (row, _), size in zip(parts, whole.decimals(name, faults, mark), strict=True):
        sizes[row] += _some(size)
    for part, why in whole.damaged.items():
        columns.damaged.setdefault(parts[part][0], why)
    return sizes
