"""What became of every row of an inventory, as tables."""

from collections.abc import Mapping, Sequence

from cloudplan.base.language import known, message
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table
from cloudplan.workload.workload import Inventory

_SPACE = (Column("Disk size", "whole", "MiB"), Column("Used", "whole", "MiB"))
_SUMS = ("rows", "vcpus", "memory_mib", "disks", "disk_mib")


def ledger(inventory: Inventory) -> Table:
    """Return the ledger: what was read, less what was left out, with what was repaired, is what was imported."""
    columns = (
        *(Column("Step"), Column("Reason"), Column("Touched", "whole"), Column("Rows", "whole")),
        *(Column("vCPUs", "whole"), Column("Memory", "whole", "MiB"), Column("Disks", "whole")),
        Column("Disk size", "whole", "MiB"),
    )
    rows: list[tuple[Cell, ...]] = [
        (known(line.step), known(line.reason), line.touched, *(getattr(line, name) for name in _SUMS))
        for line in inventory.ledger
    ]
    signs = {"read": 1, "left out": -1, "repaired": 1, "imported": -1}
    rest = [sum(signs[line.step] * getattr(line, name) for line in inventory.ledger) for name in _SUMS]
    rows.append((message("check"), message("read - left out + repaired - imported"), None, *rest))
    return Table("Ledger", columns, tuple(rows), "A VM is a row; the check is 0 in every column.")


def report(
    inventory: Inventory,
    *,
    left_out: Mapping[str, Sequence[str]],
    changes: Sequence[tuple[str, str, int, int, str]],
    candidates: Mapping[str, int],
    used: Mapping[str, tuple[int, int, int]],
    vms: Sequence[tuple[str, str, int, int, str, int]],
) -> Report:
    """Return what an import tells: the ledger, figures that were changed, what disks come to in each column, warnings.

    `left_out` has names of VMs by reason; `changes` are VM, what, before, after and why; `candidates` sizes in MiB;
    `used` how many VMs, size and used space in MiB by where it comes from; `vms` name, rules, size, used space, where
    that comes from, and the swap file that the size seems to hold.
    """
    made = (Column("VM"), Column("What"), Column("Before", "whole"), Column("After", "whole"), Column("Why"))
    sizes = (Column("Column of the export"), Column("All rows", "whole", "MiB"))
    parts: list[Table | Notes] = [ledger(inventory)]
    if candidates:
        parts.append(Table("Size of all disks, by the columns that tell it", sizes, tuple(candidates.items())))
    if used:
        origins = (Column("Used space from"), Column("VMs", "whole"), *_SPACE)
        spaces = tuple((known(origin), *figures) for origin, figures in used.items())
        parts.append(Table("Used space, by where it comes from", origins, spaces, "It is what backup takes."))
    if inventory.rules:
        columns = (Column("Rule"), Column("About"), Column("VMs", "whole"))
        met = tuple((str(number), rule.rule, rule.vms) for number, rule in enumerate(inventory.rules, start=1))
        parts.append(Table("Rules, and how many VMs each met", columns, met))
    if changes:
        moved = tuple((name, known(what), before, after, phrase(why)) for name, what, before, after, why in changes)
        parts.append(Table("Right-sized", made, moved))
    if vms:
        every = (Column("VM"), Column("Rules"), *_SPACE, Column("Used space from"), Column("Swap file", "whole", "MiB"))
        each = tuple((*vm[:4], known(vm[4]), vm[5] or None) for vm in vms)
        parts.append(Table("Every VM", every, each, "A swap file is one that Provisioned looks as if it held."))
    if left_out:
        entries = tuple(
            (message("{reason:w} ({count:n})", reason=reason, count=len(names)), ", ".join(names))
            for reason, names in left_out.items()
        )
        parts.append(Notes("Left out, by name", entries))
    if inventory.warnings:
        parts.append(Notes("Warnings", tuple((phrase(text), "") for text in inventory.warnings)))
    read = ", ".join(file.name for file in inventory.files) or "--totals"
    imported = sum(line.touched for line in inventory.ledger if line.step == "imported")
    summary = message("{count:n} VMs imported from {files}.", count=imported, files=read)
    return Report("Import of an inventory", (summary,), tuple(parts))
