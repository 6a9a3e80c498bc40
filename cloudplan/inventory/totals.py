"""Totals instead of an inventory: so many VMs with so much together, as average VMs that add up to it."""

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import closest, decimal_of, found
from cloudplan.base.units import mib
from cloudplan.inventory.machines import Machine, Reading, VirtualDisk
from cloudplan.inventory.used_space import WHOLE

OPTION = "--totals"
PARTS = ("vms", "vcpus", "memory", "disk")
"""What is given: VMs, and their vCPUs, GiB of memory and GiB of disk together."""
MOST_VMS = 100_000
_ALLOWED = "vms=COUNT,vcpus=COUNT,memory=GIB,disk=GIB, all together"


def read_totals(text: str) -> Reading:
    """Return average VMs that come to what a text says; raise BadInputError with all that is wrong in it."""
    faults: list[Fault] = []
    given: dict[str, int] = {}
    for part in text.split(","):
        name, sign, figure = (word.strip() for word in part.partition("="))
        if name not in PARTS or not sign or name in given:
            meant = closest(name, PARTS)
            hint = f"; did you mean {meant!r}?" if meant and meant != name else ""
            faults.append(Fault(f"found {found(part.strip())}{hint}; allowed: {_ALLOWED}", where=OPTION))
            continue
        value = decimal_of(figure)
        is_count = name in ("vms", "vcpus")
        most = MOST_VMS if name == "vms" else 10**9
        if value is None or not 0 < value <= most or (is_count and value != int(value)):
            kind = "a whole number" if is_count else "a number of GiB"
            faults.append(Fault(f"found {found(figure)}; allowed: {kind} > 0 and <= {most}", where=OPTION, path=name))
            continue
        given[name] = int(value) if is_count else mib(value)
    missing = [name for name in PARTS if name not in given]
    if missing and not faults:
        faults.append(Fault(f"no {' and no '.join(missing)}; allowed: {_ALLOWED}", where=OPTION))
    if faults:
        raise BadInputError(faults)
    return Reading([_average(given, index) for index in range(given["vms"])], basis={OPTION: given["vms"]})


def _average(given: dict[str, int], index: int) -> Machine:
    """Return one of the VMs: the first ones have what is left over when all have the same."""
    vms = given["vms"]
    vcpus, memory_mib, disk_mib = (given[name] // vms + (index < given[name] % vms) for name in PARTS[1:])
    return Machine(
        where=OPTION,
        name=f"average-{index + 1}",
        power="on",
        vcpus=vcpus,
        memory_mib=memory_mib,
        disks=(VirtualDisk(disk_mib),),
        used_from=WHOLE,
        server=OPTION,
    )
