"""The rules of an import to start from: a commented file that is read as it stands and that says what may be in it."""

import textwrap
from collections.abc import Iterable

from cloudplan.catalog.edition import Edition
from cloudplan.inventory.import_rules import NAMING, Match
from cloudplan.inventory.rule_reading import DISK_FACTS, FACTS, IOPS_PER_GIB
from cloudplan.workload.workload import Disk, VmGroup

WIDTH = 100

_TEXT = """\
# The rules of an import: what the VMs of an inventory get that no export knows.
# Import with them: cloudplan import EXPORT.xlsx --rules FILE -o workload.yaml
# A line that begins with # and no blank is left out: take the # away to use it.

schema: cloudplan/import-rules/v1

# Fields of the workload beside the VMs, written to it as they are.
workload:
  catalog: "{edition}"
  sites: {{{sites}}}
  backup_policies:
    gold: {{daily: 30, weekly: 8, monthly: 12}}
#  policy: {{vcpu_per_core: 3}}

# Every rule is put to every VM, in this order; a later rule wins field by field.
# match: all that is given must hold; without it the rule is about every VM.
{match}
# Globs: * is any text, ? one character, in any case of letters; of a list one is enough.
# vcpus, memory_gib and disk_gib (of all disks) are numbers or ranges: 4, ">=4", "<16", "4..16".
# power is on, off, suspended or a list; tags has globs by the header of a column.
#
# set: fields of a VM group.
{fields}
# disks: fields for all disks, or a list for the first disk, the second, ...
{disks}
# A field without a value takes back what an earlier rule set.
# In pool, affinity, anti_affinity, os and tags a text may have parts in braces:
# {parts}.
# {{name}} is the name of the VM without the number at its end: web01 and web02 are web.
rules:
  - name: all
    set: {{disks: {{iops_per_gib: 1}}}}
  - name: databases
    match: {{name: ["*sql*", "*ora*", "*db*"], vcpus: ">=2"}}
    set:
      protection: {{rpo: 1h, rto: 4h}}
      backup: gold
      anti_affinity: "{{name}}"
      disks: {{iops_per_gib: 2}}
#  - name: test
#    match: {{folder: "*/test*"}}
#    set: {{pool: test, vcpu_per_core: 6, disks: {{class: live}}}}
"""


def rules_text(edition: Edition) -> str:
    """Return the text of rules to start from, pinned to an edition, between two of its zones."""
    zones = edition.zones(next(iter(edition.regions)))
    return _TEXT.format(
        edition=edition.edition,
        sites=", ".join(f"{role}: {zone}" for role, zone in zip(("primary", "standby"), zones, strict=False)),
        match=_listed("Conditions: ", Match.model_fields),
        fields=_listed("Fields: ", [name for name in VmGroup.model_fields if name not in FACTS]),
        disks=_listed("Their fields: ", [*(name for name in _disk_fields() if name not in DISK_FACTS), IOPS_PER_GIB]),
        parts=", ".join(f"{{{part}}}" for part in NAMING),
    )


def _disk_fields() -> list[str]:
    return [field.alias or name for name, field in Disk.model_fields.items()]


def _listed(start: str, names: Iterable[str]) -> str:
    text = f"{start}{', '.join(names)}."
    return "\n".join(f"# {line}" for line in textwrap.wrap(text, WIDTH - 2, break_on_hyphens=False))
