"""What a list of one's own wants for its VMs: protection, site, storage class, backup, pool and tags.

Everything is checked here, so that a fault is told at its cell.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudplan.base.errors import Fault
from cloudplan.base.schema import found, labelled, unknown
from cloudplan.base.units import minutes, number
from cloudplan.catalog.edition import Edition
from cloudplan.inventory.headers import Columns, Field, Layout
from cloudplan.inventory.machines import FLAGS

LAYOUT: Layout = {
    "site": Field(("site",)),
    "dr_protected": Field(("dr_protected", "protected", "dr")),
    "rpo": Field(("rpo",)),
    "rto": Field(("rto",)),
    "class": Field(("class", "storage_class")),
    "backup": Field(("backup", "backup_policy")),
    "pool": Field(("pool",)),
    "tags": Field(("tags",)),
}
LOOSEST = "1d"
"""The RPO of a VM that is protected without saying how closely: any mechanism keeps it."""
SHOWN = 5
"""Names that a warning lists."""

_ROLES = {
    **dict.fromkeys(("primary", "main", "principal", "primaire"), "primary"),
    **dict.fromkeys(("standby", "secondary", "dr", "secours", "secondaire"), "standby"),
}
_BETWEEN_TAGS = re.compile("[;,|]")


@dataclass(frozen=True)
class Names:
    """What a list may name, by the edition and by what stands beside the rules."""

    classes: Mapping[str, str]
    """Labels of storage classes, by name."""
    zones: Sequence[str]
    primary: str
    standby: str | None
    """The standby site; where none is named, another zone that can be it."""
    policies: frozenset[str] = frozenset()
    """Backup policies."""

    @classmethod
    def of(cls, edition: Edition, workload: Mapping[str, Any]) -> "Names":
        """Return the names that an edition has, and a workload by the fields beside its VMs."""
        region = workload.get("region", next(iter(edition.regions)))
        zones = edition.zones(region)
        sites = workload.get("sites") or {}
        primary = sites.get("primary", zones[0])
        other = next((zone for zone in zones if zone != primary), None)
        classes = {name: item.label for name, item in edition.storage_classes.items()}
        return cls(
            classes, zones, primary, sites.get("standby", other), frozenset(workload.get("backup_policies") or {})
        )


@dataclass
class Intent:
    """What a row wants: fields of a group of a workload, and of all its disks."""

    fields: dict[str, Any] = field(default_factory=dict)
    disks: dict[str, Any] = field(default_factory=dict)


def read(columns: Columns, names: Names, faults: list[Fault], warnings: list[str]) -> list[Intent]:
    """Return what each row of a list wants; what cannot be read is added to the faults, assumptions to the warnings."""
    intents = [Intent() for _ in columns.rows]
    _protections(columns, intents, faults, warnings)
    _sites(columns, names, intents, warnings)
    for row, text in enumerate(columns.texts("class")):
        if text:
            known = text if text in names.classes else labelled(text, names.classes)
            if known:
                intents[row].disks["class"] = known
            else:
                fault = unknown("storage class", text, names.classes, labels=names.classes)
                _refuse(columns, row, "class", fault, faults)
    for row, text in enumerate(columns.texts("backup")):
        _backup(columns, row, text, names, intents[row], faults)
    for row, text in enumerate(columns.texts("tags")):
        pairs = [part.partition("=") for part in _BETWEEN_TAGS.split(text) if part.strip()]
        if not all(sign and key.strip() and value.strip() for key, sign, value in pairs):
            fault = Fault(f"found {found(text)}; allowed: key=value, several with ; between them")
            _refuse(columns, row, "tags", fault, faults)
        elif pairs:
            intents[row].fields["tags"] = {key.strip(): value.strip() for key, _, value in pairs}
    for name in ("pool", "os"):
        for row, text in enumerate(columns.texts(name)):
            if text:
                intents[row].fields[name] = text
    return intents


def _refuse(columns: Columns, row: int, name: str, fault: Fault, faults: list[Fault]) -> None:
    columns.refuse(row, Fault(fault.message, where=columns.at(row, name), suggestion=fault.suggestion), faults)


def _protections(columns: Columns, intents: Sequence[Intent], faults: list[Fault], warnings: list[str]) -> None:
    """Set the protection of the VMs that have a recovery target, or are to be protected."""
    loose = 0
    told = {name: columns.texts(name) for name in ("rpo", "rto")}
    wanted = columns.choices("dr_protected", {**FLAGS, "": None}, None, faults)
    for row, intent in enumerate(intents):
        wish = {name: texts[row] for name, texts in told.items() if texts[row]}
        for name, text in wish.items():
            try:
                minutes(text)
            except ValueError as error:
                _refuse(columns, row, name, Fault(f"found {found(text)}; allowed: {error}"), faults)
        if wish and wanted[row] is False:
            fault = Fault(f"not to be protected, beside {' and '.join(wish)}; allowed: one of the two")
            _refuse(columns, row, "dr_protected", fault, faults)
        if wanted[row] and not wish:
            wish, loose = {"rpo": LOOSEST}, loose + 1
        if wish:
            intent.fields["protection"] = wish
    if loose:
        warnings.append(
            f"dr_protected of {number(loose)} VMs comes without RPO and RTO: {LOOSEST} is written, which any mechanism "
            "keeps; add the columns rpo and rto"
        )


def _sites(columns: Columns, names: Names, intents: Sequence[Intent], warnings: list[str]) -> None:
    """Set the sites of VMs: a zone, or the part that the site plays; any other name is the datacenter."""
    other: dict[str, None] = {}
    parts = {"primary": names.primary, "standby": names.standby}
    for row, text in enumerate(columns.texts("site")):
        zone = text if text in names.zones else parts.get(_ROLES.get(text.casefold(), ""))
        if zone:
            intents[row].fields |= {} if zone == names.primary else {"site": zone}
        elif text:
            other[text] = None
    if other:
        listed = ", ".join(list(other)[:SHOWN])
        warnings.append(f"site: {listed}: no zone ({', '.join(names.zones)}); read as the datacenter")


def _backup(columns: Columns, row: int, text: str, names: Names, intent: Intent, faults: list[Fault]) -> None:
    """Set the backup of a VM: a policy by its name, or none."""
    wanted = FLAGS.get(text.casefold()) if text else True
    if text in names.policies:
        intent.fields["backup"] = text
    elif wanted is False:
        intent.disks["backup"] = "false"
    elif wanted is None:
        _refuse(columns, row, "backup", unknown("backup policy", text, {*names.policies, "yes", "no"}), faults)
