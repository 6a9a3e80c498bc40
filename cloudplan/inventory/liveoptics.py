"""Live Optics: sheets of VMs, of their disks, and of their performance, the only public export with IOPS of each VM."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from cloudplan.base.errors import Fault
from cloudplan.inventory.headers import Columns, Field, Layout
from cloudplan.inventory.machines import FLAGS, POWERS, Machine, Reading, VirtualDisk
from cloudplan.inventory.used_space import WHOLE, shared_out

_NAME = Field(("VM Name", "VM"), required=True)
_ID = Field(("MOB ID", "Instance UUID", "InstanceUUID"))
VMS: Layout = {
    "name": _NAME,
    "power": Field(("Power State",), required=True),
    "vcpus": Field(("Virtual CPU", "vCPU", "CPUs"), required=True),
    "memory_mib": Field(("Provisioned Memory (MiB)",), required=True),
    "size_mib": Field(("Virtual Disk Size (MiB)",)),
    "used_mib": Field(("Virtual Disk Used (MiB)",)),
    "template": Field(("Template",)),
    "datacenter": Field(("Datacenter",), last=True),
    "cluster": Field(("Cluster",), last=True),
    "os": Field(("VM OS", "OS", "Guest OS"), last=True),
    "id": _ID,
}
DISKS: Layout = {"name": _NAME, "size_mib": Field(("Capacity (MiB)",), required=True), "id": _ID}
PERFORMANCE: Layout = {"name": _NAME, "iops": Field(("Peak IOPS",)), "id": _ID}

LAYOUTS: Mapping[str, Layout] = {"vms": VMS, "vm disks": DISKS, "vm performance": PERFORMANCE}


def read(tabs: Mapping[str, Sequence[Columns]], faults: list[Fault]) -> Reading:
    """Return the VMs of the sheets of one source; what cannot be read is added to the faults."""
    reading = Reading()
    listed = [columns for sheets in tabs.values() for columns in sheets]
    key = "id" if all("id" in columns.values for columns in listed) else "name"
    disks: dict[str, list[VirtualDisk]] = {}
    damaged: dict[str, str] = {}
    for columns in tabs.get("vm disks", ()):
        for row, (vm, size) in enumerate(zip(columns.texts(key), _sizes(columns, "size_mib", faults), strict=True)):
            if size is None:
                columns.refuse_blank(row, "size_mib", "the size of a disk", faults)
            if row in columns.damaged:
                damaged.setdefault(vm, columns.damaged[row])
            elif size is not None:
                disks.setdefault(vm, []).append(VirtualDisk(size))
    iops: dict[str, Decimal] = {}
    for columns in tabs.get("vm performance", ()):
        iops |= {
            vm: peak or Decimal(0)
            for vm, peak in zip(columns.texts(key), columns.decimals("iops", faults, "."), strict=True)
        }
    for columns in tabs["vms"]:
        _read_machines(columns, key, disks, damaged, iops, reading, faults)
    known = {vm for columns in tabs["vms"] for vm in columns.texts(key)}
    strays = sum(len(own) for vm, own in disks.items() if vm not in known)
    if strays:
        reading.warnings.append(f"{strays} disks of VM Disks belong to no VM of the list and are not imported")
    if iops:
        reading.warnings.append(
            "IOPS are the peak of each VM, spread over its disks by size; peaks seldom fall together: the sum is high"
        )
    return reading


def _sizes(columns: Columns, name: str, faults: list[Fault]) -> list[int | None]:
    """Return a column of sizes in MiB; parts of a MiB are rounded up."""
    return [
        None if size is None else int(size.to_integral_value(ROUND_CEILING))
        for size in columns.decimals(name, faults, ".")
    ]


def _read_machines(
    columns: Columns,
    key: str,
    disks: Mapping[str, Sequence[VirtualDisk]],
    damaged: Mapping[str, str],
    iops: Mapping[str, Decimal],
    reading: Reading,
    faults: list[Fault],
) -> None:
    reading.blank += columns.blank
    reading.repeated += columns.repeated
    sizes = {name: _sizes(columns, name, faults) for name in ("memory_mib", "size_mib", "used_mib")}
    vcpus, powers = columns.whole("vcpus", faults), columns.choices("power", POWERS, None, faults)
    templates = columns.choices("template", FLAGS, False, faults)
    texts = {name: columns.texts(name) for name in ("name", "datacenter", "cluster", "id", "os")}
    further = columns.further()
    for row, vm in enumerate(columns.texts(key)):
        own = disks.get(vm, ())
        size = sizes["size_mib"][row]
        basis = "VM Disks Capacity" if own else "VMs Virtual Disk Size" if size else "nothing"
        reading.add_basis(basis)
        power = powers[row]
        if power is None:
            columns.refuse_blank(row, "power", "the power state", faults)
        listed = spread(own or ((VirtualDisk(size),) if size else ()), iops.get(vm, Decimal(0)))
        used_mib = sizes["used_mib"][row]
        reading.machines.append(
            Machine(
                where=columns.at(row, "name"),
                name=texts["name"][row],
                power=power or "off",
                vcpus=vcpus[row],
                memory_mib=sizes["memory_mib"][row],
                disks=listed if used_mib is None else shared_out(listed, used_mib),
                used_from=WHOLE if used_mib is None else "VMs Virtual Disk Used",
                damaged=columns.damaged.get(row, "") or damaged.get(vm, ""),
                template=templates[row],
                datacenter=texts["datacenter"][row],
                cluster=texts["cluster"][row],
                server=columns.table.file,
                id=texts["id"][row],
                os=texts["os"][row],
                columns=further[row],
            )
        )
    reading.add_candidate("VM Disks Capacity", [disk.size_mib for own in disks.values() for disk in own])
    for name, label in (("size_mib", "VMs Virtual Disk Size"), ("used_mib", "VMs Virtual Disk Used")):
        reading.add_candidate(label, sizes[name] if name in columns.values else ())


def spread(disks: Sequence[VirtualDisk], iops: Decimal) -> tuple[VirtualDisk, ...]:
    """Return the disks with the IOPS of their VM, whole numbers by size: together what it draws, rounded up."""
    left, size_mib = int(iops.to_integral_value(ROUND_CEILING)), sum(disk.size_mib for disk in disks)
    found = []
    for disk in disks:
        share = -(-left * disk.size_mib // size_mib) if size_mib else 0
        found.append(replace(disk, iops=Decimal(share)))
        left, size_mib = left - share, size_mib - disk.size_mib
    return tuple(found)
