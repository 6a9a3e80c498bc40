"""Right-sizing from measured use: off unless asked for, careful, and told VM by VM.

One export is one moment; what is measured must be enough of them, each a sample of each VM. A figure is only ever made
smaller, never below a floor, and never for a VM that is off, that swaps, or that has too few samples.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.units import MIB_PER_GIB, number
from cloudplan.inventory import rvtools
from cloudplan.inventory.headers import Columns, Field, Layout
from cloudplan.inventory.ledger import Ledger
from cloudplan.inventory.machines import Amount, Machine
from cloudplan.inventory.rvtools import IDS, NAME, keys

VMEMORY: Layout = {
    "name": NAME,
    "active": Field(("Active MiB", "Active"), required=True),
    "consumed": Field(("Consumed MiB", "Consumed"), required=True),
    "swapped": Field(("Swapped MiB", "Swapped")),
    "ballooned": Field(("Ballooned MiB", "Ballooned")),
    **rvtools.VMEMORY,
}
VCPU: Layout = {
    "name": NAME,
    "used_mhz": Field(("Overall",), required=True),
    "most_mhz": Field(("Max",), required=True),
    **IDS,
}
LAYOUTS: Mapping[str, Layout] = {"vmemory": VMEMORY, "vcpu": VCPU}

FLOOR_VCPUS, FLOOR_MEMORY_MIB, FLOOR_SHARE = 2, 2 * MIB_PER_GIB, Fraction(1, 2)
"""What is never gone below: vCPUs, memory, and the share of what is configured."""

Measure = Literal["consumed", "active"]
"""Which memory of a VM counts as used."""


@dataclass(frozen=True)
class RightSizing:
    """How to right-size: a percentile of the samples, a margin on top, and the samples that a VM must have."""

    percentile: Decimal = Decimal(95)
    margin: Decimal = Decimal("0.25")
    least_samples: int = 5
    memory: Measure = "consumed"


@dataclass(frozen=True)
class Change:
    """A figure that was made smaller: of which VM, what, before, after, and why."""

    name: str
    what: str
    before: int
    after: int
    why: str


@dataclass(frozen=True)
class _Samples:
    """What was measured of all VMs, sample by sample, by their keys."""

    memory_mib: Mapping[tuple[str, ...], Sequence[int]]
    cpu: Mapping[tuple[str, ...], Sequence[Fraction]]
    pressed: frozenset[tuple[str, ...]]
    """VMs whose memory was swapped or ballooned: what they use says nothing of what they need."""


def right_size(
    machines: Sequence[Machine],
    exports: Iterable[Mapping[str, Sequence[Columns]]],
    how: RightSizing,
    ledger: Ledger,
) -> tuple[list[Machine], list[Change]]:
    """Return the VMs with smaller figures where use allows it, and the changes.

    Raises BadInputError when what was measured is too thin for every VM.
    """
    faults: list[Fault] = []
    samples = _read(exports, how, faults)
    if faults:
        raise BadInputError(faults)
    changes: list[Change] = []
    sized, thin = [], 0
    for machine in machines:
        memory, cpu = (_of(machine, known) for known in (samples.memory_mib, samples.cpu))
        enough = machine.power == "on" and min(len(memory), len(cpu)) >= how.least_samples
        thin += machine.power == "on" and not enough
        pressed = any(key in samples.pressed for key in _keys_of(machine))
        own = list(_changes(machine, memory, cpu, how)) if enough and not pressed else []
        changes += own
        after = {change.what: change.after for change in own}
        vcpus, memory_mib = after.get("vCPUs", machine.vcpus), after.get("MiB of memory", machine.memory_mib)
        sized.append(replace(machine, vcpus=vcpus, memory_mib=memory_mib))
    running = sum(machine.power == "on" for machine in machines)
    if running and thin == running:
        most = max((len(listed) for listed in samples.memory_mib.values()), default=0)
        message = f"too thin to right-size: at most {most} samples of a VM; allowed: {how.least_samples} or more"
        raise BadInputError([Fault(f"{message} (give further exports with --usage, or lower --min-samples)")])
    difference = Amount.of(sized) - Amount.of(machines)
    ledger.note("repaired", "right-sized from measured use", len({change.name for change in changes}), difference)
    if thin:
        ledger.warn(f"{thin} VMs that are on have fewer than {how.least_samples} samples and keep their size")
    return sized, changes


def _read(exports: Iterable[Mapping[str, Sequence[Columns]]], how: RightSizing, faults: list[Fault]) -> _Samples:
    memory: dict[tuple[str, ...], list[int]] = {}
    cpu: dict[tuple[str, ...], list[Fraction]] = {}
    pressed: set[tuple[str, ...]] = set()
    for tabs in exports:
        for columns in tabs.get("vmemory", ()):
            used = columns.whole(how.memory, faults)
            tight = [columns.whole(name, faults) for name in ("swapped", "ballooned")]
            for row, key in enumerate(_keys(columns)):
                memory.setdefault(key, []).append(used[row] or 0)
                if any(column[row] for column in tight):
                    pressed.add(key)
        for columns in tabs.get("vcpu", ()):
            most = columns.whole("most_mhz", faults)
            for key, used_mhz, most_mhz in zip(_keys(columns), columns.whole("used_mhz", faults), most, strict=True):
                if most_mhz:
                    cpu.setdefault(key, []).append(Fraction(used_mhz or 0, most_mhz))
    return _Samples(memory, cpu, frozenset(pressed))


def _keys(columns: Columns) -> list[tuple[str, ...]]:
    """Return for each row what its VM is known by: its UUID, else its id in its vCenter, else its name."""
    if "uuid" in columns.values:
        return [(uuid,) for uuid in columns.texts("uuid")]
    return keys(columns, "id") if "id" in columns.values else [("name", name) for name in columns.texts("name")]


def _keys_of(machine: Machine) -> list[tuple[str, ...]]:
    return [(machine.uuid,), (machine.server, machine.id), ("name", machine.name)]


def _of(machine: Machine, known: Mapping[tuple[str, ...], Sequence[Fraction | int]]) -> Sequence[Fraction | int]:
    return next((known[key] for key in _keys_of(machine) if key in known), ())


def _changes(
    machine: Machine, memory: Sequence[Fraction | int], cpu: Sequence[Fraction | int], how: RightSizing
) -> Iterable[Change]:
    """Yield what of a VM can be smaller: an even number of vCPUs, whole GiB of memory."""
    vcpus, memory_mib, margin = machine.vcpus or 0, machine.memory_mib or 0, 1 + Fraction(how.margin)
    share, used_mib = _percentile(cpu, how.percentile), _percentile(memory, how.percentile)
    wanted = max(math.ceil(vcpus * share * margin), FLOOR_VCPUS, math.ceil(vcpus * FLOOR_SHARE))
    after = wanted + wanted % 2
    if after < vcpus:
        why = f"{number(share * 100, 1)} % of its CPU used"
        yield Change(machine.name, "vCPUs", vcpus, after, _because(why, len(cpu), how))
    wanted = max(math.ceil(used_mib * margin), FLOOR_MEMORY_MIB, math.ceil(memory_mib * FLOOR_SHARE))
    after = -(-wanted // MIB_PER_GIB) * MIB_PER_GIB
    if after < memory_mib:
        why = f"{number(used_mib)} MiB {how.memory}"
        yield Change(machine.name, "MiB of memory", memory_mib, after, _because(why, len(memory), how))


def _because(why: str, samples: int, how: RightSizing) -> str:
    return f"{why} ({number(how.percentile)}th percentile of {samples} samples), {number(how.margin * 100)} % on top"


def _percentile(values: Sequence[Fraction | int], percentile: Decimal) -> Fraction:
    """Return the smallest value that at least so many per cent of the values do not exceed (nearest rank)."""
    rank = max(1, math.ceil(Fraction(percentile) / 100 * len(values)))
    return Fraction(sorted(values)[rank - 1])
