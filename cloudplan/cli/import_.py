"""`cloudplan import`: an inventory becomes a workload, with a ledger of what became of every row."""

from decimal import Decimal
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import DASH
from cloudplan.base.schema import decimal_of
from cloudplan.cli import talking, values
from cloudplan.cli.options import Force, Output, emit, suffix_of, tell_beside
from cloudplan.cli.verbs import commands
from cloudplan.inventory.importing import Imported, Options, PoolBy, Used, import_inventory
from cloudplan.inventory.rightsize import Measure, RightSizing
from cloudplan.inventory.rounding import Rounding
from cloudplan.inventory.selection import Damaged, OnDuplicate, PoweredOff, RawDisks, Selection
from cloudplan.inventory.used_space import by_origin, used_mib_of
from cloudplan.presentation.tables import inventory as tables
from cloudplan.presentation.tables.table import Report
from cloudplan.presentation.text import render_report


@commands.command("import", example="cloudplan import RVTools_export_all.xlsx -o workload.yaml")
def import_(
    inventory: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="RVTools, Live Optics or a list: xlsx, CSV, zip or folder."),
    ] = None,
    output: Output = None,
    force: Force = False,
    name: Annotated[str | None, typer.Option(help="Name of the workload; default: that of the first file.")] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(help="Only VMs that match field=glob: name, cluster, folder, datacenter, power."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="No VM that matches field=glob, or a glob of names.")
    ] = None,
    powered_off: Annotated[
        PoweredOff, typer.Option(help="VMs that are off: keep disks and backup only, drop them, or size them as on.")
    ] = "keep",
    pool_by: Annotated[PoolBy | None, typer.Option(help="One pool for each cluster or datacenter.")] = None,
    on_duplicate: Annotated[
        OnDuplicate, typer.Option(help="One VM twice with different figures: fail, the newest, or keep both.")
    ] = "fail",
    raw_disks: Annotated[
        RawDisks, typer.Option(help="Raw device mappings: drop them, or keep them as disks.")
    ] = "drop",
    damaged: Annotated[
        Damaged, typer.Option(help="Rows that cannot be read: refuse the inventory, or leave them out.")
    ] = "refuse",
    used: Annotated[
        Used, typer.Option(help="What disks hold: measured (partitions, In Use), or all that is provisioned.")
    ] = "measured",
    without_swap: Annotated[
        bool, typer.Option("--without-swap", help="Take the swap file out of Provisioned where it looks in it.")
    ] = False,
    round_memory: Annotated[
        int, typer.Option(help="Memory up to multiples of so many GiB.", parser=values.whole(0), metavar="GIB")
    ] = 0,
    round_disks: Annotated[
        int, typer.Option(help="Disks up to multiples of so many GiB.", parser=values.whole(0), metavar="GIB")
    ] = 0,
    totals: Annotated[
        str | None,
        typer.Option(help="No file: average VMs of these figures, vms=100,vcpus=400,memory=1600,disk=20000 (GiB)."),
    ] = None,
    anonymise: Annotated[bool, typer.Option("--anonymise", help="Pseudonyms in place of all names.")] = False,
    rules: Annotated[
        Path | None, typer.Option(help="What VMs that match get: storage class, site, protection, backup, tags.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="A secret that gives other files the same pseudonyms.")] = None,
    right_size: Annotated[bool, typer.Option("--right-size", help="Smaller figures where measured use allows it.")] = (
        False
    ),
    usage: Annotated[list[Path] | None, typer.Option(help="A further export of the same vCenters, as samples.")] = None,
    percentile: Annotated[str, typer.Option(help="Percentile of the samples.")] = "95",
    margin: Annotated[str, typer.Option(help="Margin on top, as a share.")] = "0.25",
    min_samples: Annotated[
        int, typer.Option(help="Samples that a VM must have.", parser=values.whole(1), metavar="COUNT")
    ] = 5,
    memory: Annotated[Measure, typer.Option(help="The measure of used memory.")] = "consumed",
) -> None:
    """Turn an inventory into a workload, and tell what became of every row."""
    if bool(inventory) == (totals is not None):
        raise typer.BadParameter("give an inventory, or --totals", param_hint="FILE...")
    suffix_of(output, (".yaml", ".yml"))
    beside = output.with_suffix(".ledger.md") if output and output != DASH else None
    files.refuse_existing([output, beside], force=force, inputs=[*(inventory or ()), *(usage or ()), rules])
    how = RightSizing(_number(percentile, "--percentile", 100), _number(margin, "--margin", 10), min_samples, memory)
    options = Options(
        name=name,
        selection=Selection(tuple(include or ()), tuple(exclude or ()), powered_off, on_duplicate, raw_disks, damaged),
        pool_by=pool_by,
        right_sizing=how if right_size else None,
        rounding=Rounding(round_memory, round_disks),
        totals=totals,
        used=used,
        without_swap=without_swap,
        usage=tuple(usage or ()),
        anonymise=anonymise,
        key=key,
        rules=rules,
    )
    imported = import_inventory(inventory or (), options)
    shown = partial(render_report, _report(imported))
    full = partial(render_report, _report(imported, every_vm=True))
    emit(imported.text, output, {beside: full(style="markdown", spoken=talking.spoken()).encode()} if beside else {})
    tell_beside(lambda screen: shown(style="terminal", screen=screen, spoken=talking.spoken()), output)


def _report(imported: Imported, *, every_vm: bool = False) -> Report:
    inventory = imported.workload.inventory
    assert inventory is not None
    changes = [(change.name, change.what, change.before, change.after, change.why) for change in imported.changes]
    left_out = {
        entry.reason: [f"{name} ({note})" if note else name for name, note in zip_longest(entry.names, entry.notes)]
        for entry in imported.ledger.entries
        if entry.names
    }
    vms = [
        (
            machine.name,
            ", ".join(str(rule + 1) for rule in machine.met),
            sum(disk.size_mib for disk in machine.disks),
            used_mib_of(machine),
            machine.used_from,
            machine.held_swap_mib,
        )
        for machine in (imported.machines if every_vm else ())
    ]
    return tables.report(
        inventory,
        left_out=left_out,
        changes=changes,
        candidates=imported.candidates,
        used=by_origin(imported.machines),
        vms=vms,
    )


def _number(text: str, option: str, most: int) -> Decimal:
    value = decimal_of(text)
    if value is None or not 0 < value <= most:
        raise BadInputError([Fault(f"found {text!r}; allowed: a number > 0 and <= {most}", where=option)])
    return value
