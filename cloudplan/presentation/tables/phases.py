"""The phases of a workload over time: their demand, as a report and as plain values; the workload of one as a file."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from cloudplan.base.language import message
from cloudplan.base.units import GIB_PER_TIB, MIB_PER_GIB, rounded
from cloudplan.catalog.edition import Edition
from cloudplan.inventory import yaml_text
from cloudplan.presentation.tables.table import Cell, Column, Report, Table
from cloudplan.workload.phases import Phase
from cloudplan.workload.reading import as_given
from cloudplan.workload.workload import Workload

PHASES_SCHEMA = "cloudplan/phases/v1"


def report(workload: Workload, phases: Sequence[Phase]) -> Report:
    """Return the phases for people, each with the demand of its last month."""
    columns = (
        Column("First month"),
        Column("Last month"),
        Column("Duration", "whole", "months"),
        Column("VM groups", "whole"),
        Column("VMs", "whole"),
        Column("vCPUs", "whole"),
        Column("Memory", "quantity", "GiB"),
        Column("Disks", "quantity", "TiB"),
    )
    rows = tuple((phase.start, phase.last, phase.months, *_demand(phase)) for phase in phases)
    summary = (message("Each phase is ordered at its first month, for the demand of its last one."),)
    title = message("{name}: phases", name=workload.name)
    return Report(title, summary, (Table("Phases", columns, rows),))


def _demand(phase: Phase) -> tuple[Cell, ...]:
    """Return groups, VMs, vCPUs, GiB of memory and TiB of disks of a phase."""
    groups = phase.workload.vms
    memory_mib = sum(group.count * group.memory_mib for group in groups)
    disks_mib = sum(group.count * disk.size_mib for group in groups for disk in group.disks)
    return (
        len(groups),
        sum(group.count for group in groups),
        sum(group.count * group.vcpus for group in groups),
        rounded(Fraction(memory_mib, MIB_PER_GIB), 2),
        rounded(Fraction(disks_mib, MIB_PER_GIB * GIB_PER_TIB), 2),
    )


def file_of(phase: Phase, edition: Edition) -> tuple[dict[str, Any], str]:
    """Return the workload of a phase as what its file says: plain values, and YAML."""
    own = phase.workload.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    given = _both(as_given(phase.workload, edition), own)
    tree = {"schema": phase.workload.schema_name, "name": given.pop("name"), "catalog": phase.workload.catalog, **given}
    return tree, "\n".join(yaml_text.fields(tree)) + "\n"


def _both(one: Any, other: Any) -> Any:
    """Return what two trees of one shape have both, without what is empty."""
    if isinstance(one, dict):
        found = {name: _both(value, other[name]) for name, value in one.items() if name in other}
        return {name: value for name, value in found.items() if value not in ({}, [])}
    return [_both(*pair) for pair in zip(one, other, strict=True)] if isinstance(one, list) else one


def values(workload: Workload, phases: Sequence[Phase]) -> dict[str, Any]:
    """Return the phases as the plain values of the JSON document, each with its whole workload."""
    return {
        "schema": PHASES_SCHEMA,
        "workload": {"name": workload.name, "sha256": workload.sha256},
        "phases": [
            {"from": phase.start, "months": phase.months, "workload": phase.workload.canonical()} for phase in phases
        ],
    }
