"""Sizes rounded up to whole GiB on request, so that VMs that differ by a few MiB are twins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cloudplan.base.units import MIB_PER_GIB
from cloudplan.inventory.ledger import Ledger
from cloudplan.inventory.machines import Amount, Machine


@dataclass(frozen=True)
class Rounding:
    """Multiples of so many GiB to which sizes are rounded up; 0 leaves them as they are."""

    memory_gib: int = 0
    disks_gib: int = 0


def rounded(machines: Sequence[Machine], to: Rounding, ledger: Ledger) -> list[Machine]:
    """Return the VMs with their memory and disks rounded up, and enter what that adds."""
    kept = list(machines)
    if to.memory_gib:
        kept = [replace(machine, memory_mib=_up(machine.memory_mib or 0, to.memory_gib)) for machine in kept]
        _enter(machines, kept, f"memory rounded up to {_steps(to.memory_gib)}", ledger)
    before = kept
    if to.disks_gib:
        kept = [
            replace(
                machine,
                disks=tuple(replace(disk, size_mib=_up(disk.size_mib, to.disks_gib)) for disk in machine.disks),
            )
            for machine in kept
        ]
        _enter(before, kept, f"disks rounded up to {_steps(to.disks_gib)}", ledger)
    return kept


def _up(size_mib: int, gib: int) -> int:
    step = gib * MIB_PER_GIB
    return -(-size_mib // step) * step


def _steps(gib: int) -> str:
    return "whole GiB" if gib == 1 else f"multiples of {gib} GiB"


def _enter(before: Sequence[Machine], after: Sequence[Machine], reason: str, ledger: Ledger) -> None:
    touched = sum(old != new for old, new in zip(before, after, strict=True))
    ledger.note("repaired", reason, touched, Amount.of(after) - Amount.of(before))
