"""The kinds of assumptions that a bill may rest on: every default, unread fact and contradicted source that moves it.

`KINDS` is the one list of them: what each is, how a case has it and what it might be instead. A new one is one entry.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from cloudplan.evaluation.resting import (
    DATASTORES,
    HALF,
    LESS_CEILING,
    LESS_REDUCTION,
    MORE_CHANGE,
    MORE_HEADROOM,
    Found,
    as_full,
    as_used,
    host_reserve,
    memory_model,
    mirror_licence,
    no_iops,
    of_backup,
    powered_off,
    retention,
    setting,
    standby,
    term,
)
from cloudplan.plan.plan import Choice
from cloudplan.rules import backup, compute, protection, storage
from cloudplan.rules.rule import Rule
from cloudplan.workload.case import Case


@dataclass(frozen=True)
class Kind:
    """A kind of assumption: its texts, the rule whose source is cited, and how it is found in a case."""

    code: str
    what: str
    value: str
    otherwise: str
    rule: Rule | None
    find: Callable[[Case, Choice], Found | None]


KINDS: tuple[Kind, ...] = (
    Kind(
        "memory-model",
        *("Memory active at delivery", "{model} ({value:w})", "{other_model} ({other:w})"),
        *(compute.MEM_4, memory_model),
    ),
    Kind(
        "iops-not-told",
        "Performance of the disks",
        "neither IOPS nor class told for {disks:n} of {all:n} disks, which stand on {classes}",
        "one class faster ({others})",
        *(storage.CLS_1, no_iops),
    ),
    Kind(
        "vcpu-per-core",
        *("vCPUs for each physical core", "{value:n}", "{other:n}"),
        *(compute.CPU_1, setting("vcpu_per_core", lambda ratio: ratio - 1 if ratio > 1 else ratio * 2)),
    ),
    Kind(
        "used-not-told",
        "Data on the disks, for backup",
        "{disks:n} of {all:n} disks count as full, {size_gib:n} GiB",
        "half of that is written",
        *(backup.BKP_3, as_full),
    ),
    Kind(
        "used",
        *("Data on the disks, for backup", "{used_gib:n} GiB of {size_gib:n} GiB are written", "all of it is written"),
        *(None, as_used),
    ),
    Kind(
        "host-memory-reserve",
        "Memory of each blade that VMs cannot have ({form:n} GiB in the order form)",
        "{value:n} GiB",
        "{other:n} GiB",
        *(compute.MEM_1, host_reserve),
    ),
    Kind(
        "memory-ceiling",
        *("Most that VMs may use of the memory", "{value:n} %", "{other:n} %"),
        *(
            compute.MEM_2,
            setting(
                "memory_ceiling",
                lambda share: share - LESS_CEILING if share > LESS_CEILING else share * HALF,
                percent=True,
            ),
        ),
    ),
    Kind(
        "backup-retention",
        "Backups that are kept",
        "{daily} daily, {weekly} weekly, {monthly} monthly, {yearly} yearly",
        "{other_daily} daily, {other_weekly} weekly, {other_monthly} monthly, {other_yearly} yearly",
        *(backup.BKP_3, retention),
    ),
    Kind(
        "backup-reduction",
        *("Reduction of the backups", "{value:n} to 1", "{other:n} to 1"),
        *(backup.BKP_3, of_backup("reduction", lambda factor: max(factor - LESS_REDUCTION, Decimal(1)))),
    ),
    Kind(
        "backup-change-rate",
        *("Data that change in a day", "{value:n} %", "{other:n} %"),
        *(backup.BKP_3, of_backup("change_rate", lambda share: min(share + MORE_CHANGE, Decimal(1)), percent=True)),
    ),
    Kind(
        "standby",
        "What is held at the other site",
        "{vcpu_share:n} % of the vCPUs, {memory_share:n} % of the memory",
        "{other_vcpu_share:n} % of the vCPUs, {other_memory_share:n} % of the memory",
        *(protection.DR_1, standby),
    ),
    Kind(
        "snapshot-headroom",
        *("Datastore that stays free for snapshots", "{value:n} %", "{other:n} %"),
        *(
            storage.LUN_3,
            setting("snapshot_headroom", lambda share: min(share + MORE_HEADROOM, Decimal("0.9")), percent=True),
        ),
    ),
    Kind(
        "mirror-licence",
        "Licence of Global Mirror",
        "counted at the source site",
        "counted at both sites",
        *(protection.GM_3, mirror_licence),
    ),
    Kind(
        "host-failures",
        *("Hosts of each cluster that may fail", "N+{value}", "N+{other}"),
        *(compute.HA_1, setting("host_failures", lambda failures: failures + 1)),
    ),
    Kind(
        "swap-place",
        *("Place of the swap files", "{value}", "{other}"),
        *(storage.VSWP_2, setting("vswp", lambda _: "auto", "home")),
    ),
    Kind(
        "min-datastores",
        "Datastores of each site, at least (an order takes two or more)",
        "{value}",
        "{other}",
        *(storage.ORD_1, setting("min_datastores", lambda _: DATASTORES, 1)),
    ),
    Kind(
        "powered-off",
        "VMs that are off",
        "{vms:n} of {all:n} hold no cores, no memory and no swap file",
        "all of them run",
        *(None, powered_off),
    ),
    Kind(
        "term",
        *("Commitment in months", "{value}", "{other}, the longest with a discount"),
        *(None, term),
    ),
)
"""Every kind of assumption, roughly by how much it moves a bill."""
