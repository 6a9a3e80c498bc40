"""What of its disks a VM has written: from its partitions where they cover them, else from In Use less the swap file.

And whether Provisioned holds the swap file: where it exceeds the partitions by about the memory, it looks so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cloudplan.base.units import MIB_PER_GIB, number
from cloudplan.inventory.ledger import Ledger
from cloudplan.inventory.machines import Amount, Machine, VirtualDisk

COVERS = Fraction(9, 10)
"""The share of the disks from which on partitions cover them; partition tables and hidden partitions are the rest."""
BEYOND = Fraction(1, 50)
"""The share by which partitions may be larger than the disks; more are shares of a network or disks of another kind."""
SLACK = Fraction(1, 10)
"""The share of Provisioned that may be left when the partitions and the swap file are taken away."""
PARTITIONS, IN_USE, LESS_SWAP = "vPartition Consumed", "vInfo In Use", "vInfo In Use less the swap file"
WHOLE = "the size, for nothing tells less"


@dataclass(frozen=True)
class Partition:
    """A partition of a guest: the key of its disk, empty when it is not told, and sizes in MiB."""

    disk: str
    size_mib: int
    used_mib: int


def measured(
    disks: Sequence[VirtualDisk], partitions: Sequence[Partition], in_use_mib: int | None, swap_mib: int, held_mib: int
) -> tuple[str, tuple[VirtualDisk, ...]]:
    """Return where the used space of a VM comes from, and its disks with it, never above their sizes.

    `swap_mib` is the swap file of a VM that runs, `held_mib` what of it the sizes of the disks seem to hold.
    """
    size_mib = sum(disk.size_mib for disk in disks) - held_mib
    seen_mib = sum(partition.size_mib for partition in partitions)
    if partitions and COVERS * size_mib <= seen_mib <= (1 + BEYOND) * size_mib:
        return PARTITIONS, _by_partition(disks, partitions)
    if in_use_mib is None or not disks:
        return WHOLE, tuple(disks)
    holds = 0 < swap_mib < in_use_mib
    return LESS_SWAP if holds else IN_USE, shared_out(disks, in_use_mib - (swap_mib if holds else 0))


def _by_partition(disks: Sequence[VirtualDisk], partitions: Sequence[Partition]) -> tuple[VirtualDisk, ...]:
    """Return the disks with what their own partitions hold where these tell their disk, else with what all hold."""
    used: dict[str, int] = {}
    for partition in partitions:
        used[partition.disk] = used.get(partition.disk, 0) + partition.used_mib
    sizes = {disk.key: disk.size_mib for disk in disks if disk.key}
    told = len(sizes) == len(disks) and used.keys() <= sizes.keys()
    if told and all(used[key] <= sizes[key] for key in used):
        return tuple(replace(disk, used_mib=used.get(disk.key, 0)) for disk in disks)
    return shared_out(disks, sum(used.values()))


def shared_out(disks: Sequence[VirtualDisk], used_mib: int) -> tuple[VirtualDisk, ...]:
    """Return the disks of a VM with what it uses, whole MiB by size: together the same, never above a size."""
    size_mib = sum(disk.size_mib for disk in disks)
    left = min(used_mib, size_mib)
    found = []
    for disk in disks:
        share = -(-left * disk.size_mib // size_mib) if size_mib else 0
        found.append(replace(disk, used_mib=share))
        left, size_mib = left - share, size_mib - disk.size_mib
    return tuple(found)


def held_swap_mib(provisioned_mib: int, partitions: Sequence[Partition], swap_mib: int) -> int:
    """Return the swap file that Provisioned looks as if it held, in MiB: it exceeds the partitions by about that."""
    beyond = provisioned_mib - sum(partition.size_mib for partition in partitions)
    looks_so = bool(partitions) and 0 < swap_mib <= beyond <= swap_mib + SLACK * provisioned_mib
    return swap_mib if looks_so else 0


def settled(machines: Sequence[Machine], ledger: Ledger, *, provisioned: bool, take_swap: bool) -> list[Machine]:
    """Return the VMs with their used space as it was asked for, and enter swap files in Provisioned.

    `provisioned` counts all that is provisioned as used; `take_swap` takes the swap files out, else they are warned of.
    """
    holding = [machine for machine in machines if machine.held_swap_mib]
    held_mib = sum(machine.held_swap_mib for machine in holding)
    kept = list(machines)
    if holding and take_swap:
        kept = [_without_swap(machine) for machine in kept]
        ledger.note("repaired", "swap file taken out of Provisioned", len(holding), Amount(disk_mib=-held_mib))
    elif holding:
        ledger.warn(
            f"Provisioned of {number(len(holding))} VMs looks as if it held the swap file: it exceeds their partitions "
            f"by about their memory, {number(Fraction(held_mib, MIB_PER_GIB), 0)} GiB in all; "
            "--without-swap takes it out"
        )
    if not provisioned:
        return kept
    return [
        replace(machine, used_from=WHOLE, disks=tuple(replace(disk, used_mib=None) for disk in machine.disks))
        for machine in kept
    ]


def _without_swap(machine: Machine) -> Machine:
    """Return a VM whose disk, which is Provisioned, no longer holds the swap file that it seemed to hold."""
    if not machine.held_swap_mib:
        return machine
    [disk] = machine.disks
    size_mib = disk.size_mib - machine.held_swap_mib
    used_mib = None if disk.used_mib is None else min(disk.used_mib, size_mib)
    return replace(machine, disks=(replace(disk, size_mib=size_mib, used_mib=used_mib),), held_swap_mib=0)


def used_mib_of(machine: Machine) -> int:
    """Return what a VM uses of its disks in MiB: their size where nothing tells less."""
    return sum(disk.size_mib if disk.used_mib is None else disk.used_mib for disk in machine.disks)


def by_origin(machines: Iterable[Machine]) -> dict[str, tuple[int, int, int]]:
    """Return where used space comes from: of how many VMs, the size of their disks and what is used, in MiB."""
    found: dict[str, tuple[int, int, int]] = {}
    for machine in machines:
        count, size_mib, used_mib = found.get(machine.used_from or WHOLE, (0, 0, 0))
        own_mib = sum(disk.size_mib for disk in machine.disks)
        found[machine.used_from or WHOLE] = (count + 1, size_mib + own_mib, used_mib + used_mib_of(machine))
    return found


def told(machines: Iterable[Machine]) -> str:
    """Return where used space comes from, as a sentence."""
    listed = ", ".join(f"{origin} ({number(count)} VMs)" for origin, (count, *_) in by_origin(machines).items())
    return f"used_gib from {listed}; in a group it is the mean of its VMs, rounded up to whole MiB."
