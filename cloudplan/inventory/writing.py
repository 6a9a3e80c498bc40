"""A workload file that people can read: identical VMs as one group with their names, sizes to the MiB, comments.

The text is written by hand, because what matters here is the layout; it is read back before anyone gets it.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cloudplan.base.foreign_text import clean
from cloudplan.base.units import MIB_PER_GIB, number
from cloudplan.inventory.ledger import Ledger
from cloudplan.inventory.machines import Machine, VirtualDisk
from cloudplan.inventory.yaml_text import WIDTH, fields, flow, scalar, wrapped

_OWN = {"pool"}
"""Further fields of a VM that stand at a place of their own."""
_Shape = tuple[object, ...]


@dataclass(frozen=True)
class Written:
    """The text of a workload, and which VMs are in each group, by their numbers."""

    text: str
    groups: tuple[tuple[int, ...], ...]


def write(
    head: Mapping[str, Any],
    machines: Sequence[Machine],
    pools: Sequence[str],
    ledger: Ledger,
    comments: Sequence[str] = (),
) -> Written:
    """Return the text of a workload; `pools` has the pool of each VM, empty for the default one.

    `head` has its fields beside the VMs; `comments` say where its figures come from.
    """
    named = unique_names(machines)
    groups: dict[_Shape, list[int]] = {}
    for index, machine in enumerate(machines):
        groups.setdefault(_shape(machine, pools[index]), []).append(index)
    lines = [*(f"# {line}" for text in comments for line in textwrap.wrap(text, WIDTH - 2)), ""]
    lines += ["schema: cloudplan/workload/v1", *fields(head), "vms:"]
    taken = set(named)
    for members in groups.values():
        first = members[0]
        by = sorted({rule + 1 for index in members for rule in machines[index].set_by.values()})
        lines += [f"  # set by rule {', '.join(map(str, by))}"] if by else []
        alike = [machines[index] for index in members]
        lines += _group([named[index] for index in members], alike, pools[first], taken)
    lines += ["", *_inventory(ledger)]
    return Written("\n".join(lines) + "\n", tuple(tuple(members) for members in groups.values()))


def _shape(machine: Machine, pool: str) -> _Shape:
    """Return what VMs of one group have in common."""
    disks = tuple((disk.size_mib, disk.iops, disk.thin, flow(disk.fields)) for disk in machine.disks)
    sizes = (machine.vcpus, machine.memory_mib, machine.gpus, disks)
    return flow(machine.fields), pool, machine.rules, machine.power == "off", sizes


def unique_names(machines: Sequence[Machine]) -> list[str]:
    """Return a name for each VM, on one line: its own, and where another has it a number behind."""
    taken: set[str] = set()
    names = []
    for machine in machines:
        own = " ".join(clean(machine.name).split()) or "unnamed"
        name, turn = own, 1
        while name in taken:
            turn += 1
            name = f"{own} ({turn})"
        taken.add(name)
        names.append(name)
    return names


def _group(names: Sequence[str], machines: Sequence[Machine], pool: str, taken: set[str]) -> Iterator[str]:
    """Yield the lines of a group: one VM under its own name, several under the name of their shape."""
    machine = machines[0]
    known = {"vcpus": str(machine.vcpus), "memory_gib": gib_text(machine.memory_mib or 0)}
    known |= {"gpus": str(machine.gpus)} if machine.gpus else {}
    known |= {"pool": scalar(pool)} if pool else {}
    known |= {"powered_on": "false"} if machine.power == "off" else {}
    known |= {key: flow(value) for key, value in machine.fields.items() if key not in _OWN}
    if machine.rules:
        yield f"  # DRS rules of the source, together or apart is not told: {_one_line(machine.rules)}"
    if len(names) == 1:
        yield f"  - name: {scalar(names[0])}"
    else:
        yield f"  - name: {scalar(_name_of_shape(machine, taken))}"
        yield f"    count: {len(names)}"
        yield from wrapped("    names: [", [scalar(name) for name in names])
    yield "    " + "\n    ".join(f"{name}: {value}" for name, value in known.items())
    alike = zip(*(each.disks for each in machines), strict=True)
    yield from wrapped("    disks: [", [flow(_disk(disks)) for disks in alike])


def _disk(alike: Sequence[VirtualDisk]) -> dict[str, object]:
    """Return the fields of a disk of a group, from those of its VMs: what is used is their mean, in MiB upwards."""
    disk = alike[0]
    used_mib = sum(each.size_mib if each.used_mib is None else each.used_mib for each in alike)
    mean_mib = -(-used_mib // len(alike))
    known: dict[str, object] = {"size_gib": gib_text(disk.size_mib)}
    known |= {"used_gib": gib_text(mean_mib)} if mean_mib < disk.size_mib else {}
    known |= {"thin": "true"} if disk.thin else {}
    known |= {"iops": disk.iops} if disk.iops else {}
    return {**known, **disk.fields}


def _name_of_shape(machine: Machine, taken: set[str]) -> str:
    """Return a name that tells the shape of a group and that no VM or group has."""
    disks_gib = number(Fraction(sum(disk.size_mib for disk in machine.disks), MIB_PER_GIB), 0).replace(" ", "")
    memory_gib = number(Fraction(machine.memory_mib or 0, MIB_PER_GIB), 1).replace(" ", "")
    shape = f"{machine.vcpus}vcpu-{memory_gib}gib-{disks_gib}gib" + ("-off" if machine.power == "off" else "")
    name, turn = shape, 1
    while name in taken:
        turn += 1
        name = f"{shape}-{turn}"
    taken.add(name)
    return name


def gib_text(size_mib: int) -> str:
    """Return a size in MiB as the exact decimal number of GiB."""
    return f"{(Decimal(size_mib) / MIB_PER_GIB).normalize():f}"


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())


def _inventory(ledger: Ledger) -> Iterator[str]:
    """Yield the ledger as the workload carries it to the quote."""
    values = ledger.canonical()
    yield "# What the import read and left out; it goes with the workload to the quote and changes nothing in it."
    yield "inventory:"
    if values["files"]:
        yield "  files:"
        yield from (f"    - {_flow(entry)}" for entry in values["files"])
    yield "  ledger:"
    yield from (f"    - {_flow(entry)}" for entry in values["ledger"])
    if values["totals"]:
        yield "  totals: true"
    if values["rules"]:
        yield "  rules:"
        yield from (f"    - {_flow(entry)}" for entry in values["rules"])
    if values["warnings"]:
        yield "  warnings:"
        yield from (f"    - {json.dumps(_one_line(text), ensure_ascii=False)}" for text in values["warnings"])


def _flow(entry: Mapping[str, object]) -> str:
    parts = (f"{key}: {scalar(value) if isinstance(value, str) else value}" for key, value in entry.items())
    return "{" + ", ".join(parts) + "}"
