"""What a fact of the catalogue is for a plan: one table, field by field, of what it means when the fact moves."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from pydantic import BaseModel

from cloudplan.base.language import ENGLISH, Message, counted, known, message
from cloudplan.base.units import GIB_PER_TIB, number
from cloudplan.catalog.edition import Edition, Item
from cloudplan.rules.book import ALL
from cloudplan.rules.compute import MEM_4
from cloudplan.rules.storage import LUN_2

Kind = Literal["limit", "new", "gone", "sku", "figure", "level", "text"]
"""Limits and rules; things new and gone; SKUs; other figures; service levels; texts, which move no plan and no bill."""

NOUNS = {
    "edition": ("edition", "edition"),
    "regions": ("region", "regions"),
    "zones": ("zone", "zones"),
    "blades": ("blade", "blades"),
    "storage_classes": ("storage class", "storage classes"),
    "services": ("service", "services"),
    "extras": ("extra", "extras"),
    "withdrawn": ("withdrawn item", "withdrawn items"),
    "rules": ("rule", "rules"),
    "service_levels": ("service level", "service levels"),
    "conditions": ("condition of the service", "conditions of the service"),
    "certifications": ("certification", "certifications"),
    "limits": ("limit", "limits"),
    "documents": ("document", "documents"),
}
"""The sections of an edition, with what one and several things in each are called."""

ORDER = "order"
"""The field that stands for the order of the things in a section."""

RULES = {rule.id: rule for rule in ALL}


@dataclass(frozen=True, slots=True)
class Moved:
    """A fact that differs between two editions, as plain values; None is nothing, no field is the whole thing."""

    section: str
    key: str
    field: str
    before: Any
    after: Any
    old: Edition
    new: Edition

    @property
    def came(self) -> bool:
        """Whether nothing was there before."""
        return self.before is None

    @property
    def went(self) -> bool:
        """Whether nothing is there any more."""
        return self.after is None

    @property
    def grew(self) -> bool:
        """Whether a figure is larger than before; none is 0."""
        return Decimal(self.after or 0) > Decimal(self.before or 0)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the catalogue: how a change of it counts, what it is called, its unit, what a change means."""

    kind: Kind
    what: str
    meaning: str | Callable[[Moved], str]
    unit: str = ""

    def means(self, moved: Moved) -> str:
        """Return what a change means."""
        return self.meaning if isinstance(self.meaning, str) else self.meaning(moved)


def field_of(moved: Moved) -> Field:
    """Return what is known of the field that moved: in its section, or in any."""
    if (moved.key, moved.field) == (MEM_4.id, "figures.contradicted"):
        return Field("limit", "contradiction between the provider's pages", _contradiction)
    if moved.field.startswith("figures."):
        figure = moved.field.removeprefix("figures.")
        return Field("limit", f"figure {figure}", _formula, "GiB" if figure.endswith("_gib") else "")
    if moved.field == "aliases":
        return Field("text" if _spelled(moved.old, moved) == _spelled(moved.new, moved) else "sku", "aliases", _aliases)
    found = FIELDS.get(f"{moved.section}.{moved.field}") or FIELDS.get(f"*.{moved.field}")
    return found or Field("figure", moved.field, "This program does not know what it means for a plan.")


def things(edition: Edition) -> dict[str, dict[str, BaseModel]]:
    """Return what an edition lists, by section and key."""
    listed: dict[str, dict[str, Any]] = {}
    for section in NOUNS:
        if section == "zones":
            regions = edition.regions.items()
            listed[section] = {
                f"{name}/{zone}": facts for name, region in regions for zone, facts in region.zones.items()
            }
        elif section != "edition":
            found = dict(getattr(edition, section))
            listed[section] = {key: item for key, item in found.items() if item is not None}
    return listed


def subject(section: str, *keys: str) -> Message:
    """Return the name of a thing of a section, or of several: storage classes premium, ultra."""
    noun = NOUNS[section][len([key for key in keys if key]) != 1]
    if noun == "extra":  # a word that stands for other things too
        return message("extra {names}", names=", ".join(keys))
    return message("{noun:w} {names}", noun=noun, names=", ".join(keys)) if any(keys) else known(noun)


def subject_of(section: str, *keys: str) -> str:
    """Return the name of a thing, or of several, in English."""
    return ENGLISH.said(subject(section, *keys))


def worded(value: Any, unit: str = "") -> Message:
    """Return a plain value for reading, with its unit."""
    if value in (None, "", []):
        return message("none")
    if isinstance(value, bool):
        return message("yes") if value else message("no")
    if isinstance(value, list):
        return message("{names}", names=", ".join(value))
    if not (str(value).isdecimal() and (unit or isinstance(value, int))):
        return message("{value} {unit:w}", value=value, unit=unit) if unit else known(str(value))
    if unit == "months":
        return counted("{count:n} month", "{count:n} months", int(value))
    return (
        message("{value:n} {unit:w}", value=int(value), unit=unit) if unit else message("{value:n}", value=int(value))
    )


def words(value: Any, unit: str = "") -> str:
    """Return a plain value for reading, in English."""
    return ENGLISH.said(worded(value, unit))


def unit_of(item: BaseModel) -> str:
    """Return what an item is counted in; a blade is a unit itself."""
    return str(getattr(item, "unit", "blade"))


# --- limits and rules --------------------------------------------------------------------------------------------


def _contradiction(moved: Moved) -> str:
    if moved.after == "true":
        return "They contradict each other on the memory model: every plan has the finding `memory-model` (MEM-4)."
    return "They agree on the memory model: no plan has the finding `memory-model` (MEM-4)."


def _formula(moved: Moved) -> str:
    rule = RULES.get(moved.key)
    return f"{rule.title}: {rule.formula}" if rule else "No rule of this program."


def _iops_ceiling(moved: Moved) -> str:
    """Say where the ceiling of a LUN begins to bind: ceiling / rate, against the size of the largest LUN."""
    edition = moved.old if moved.went else moved.new
    rate, largest = edition.storage_classes[moved.key].iops_per_tib, LUN_2.figure(edition, "maximum_gib")
    reached = Fraction(moved.before if moved.went else moved.after, rate) if rate else Fraction(0)
    if moved.went:
        says = f"One LUN of {moved.key} delivers what its size gives"
    else:
        says = f"One LUN of {moved.key} delivers at most {words(moved.after, 'IOPS')}"
        says += f", reached at {number(reached)} TiB" if rate else ""
    if reached * GIB_PER_TIB >= largest:
        size = "the size of" if reached * GIB_PER_TIB == largest else "beyond"
        return f"{says}{'' if moved.went else f', {size} the largest LUN'}: plans stay as they are (IOPS-1)."
    if moved.went:
        return f"{says}: plans may take fewer LUNs (IOPS-1)."
    return f"{says}: where more is needed, plans take more LUNs (IOPS-1)."


def _bandwidth_ceiling(moved: Moved) -> str:
    if moved.went:
        return "The bandwidth of one LUN has no ceiling: plans may take fewer LUNs (IOPS-4)."
    most = words(moved.after, "MB/s")
    return f"The disks on one LUN may ask for {most} together: where more is needed, plans take more LUNs (IOPS-4)."


# --- what is sold ------------------------------------------------------------------------------------------------


def _service(moved: Moved) -> str:
    if moved.key == "zone":
        again = "now" if moved.came else "no longer"
        return f"A plan {again} bills one unit for each zone with a cluster or a datastore."
    if moved.key == "encryption":
        if moved.came:
            return "VMs may ask for `encrypted: true`, one unit each (ENC-1); they cannot be replicated (ENC-2)."
        return "A workload with `encrypted: true` is refused (ENC-1)."
    return f"A plan can {'now' if moved.came else 'no longer'} bill it."


def _extra(moved: Moved) -> str:
    item = (moved.old if moved.went else moved.new).extras[moved.key]
    billed = (moved.new if moved.went else moved.old).computed_items()
    by_plan = any(item.sku in _spellings(other) for other in billed)
    if moved.came:
        return "Can be ordered through `extras`" + ("; a plan no longer bills it itself." if by_plan else ".")
    if by_plan:
        return "A plan bills it itself now; a workload that still lists it in `extras` is refused."
    return f"Not sold in {moved.new.edition}; a workload that lists it in `extras` is refused."


def _withdrawn(moved: Moved) -> str:
    if moved.went:
        return "Asking for it is no longer answered with what to use instead."
    return f"Asking for it is refused; use {' or '.join(moved.new.withdrawn[moved.key].alternatives)} instead."


def _sku(moved: Moved) -> str:
    if moved.before in getattr(things(moved.new)[moved.section][moved.key], "aliases", ()):
        return "The bill shows the new spelling; a price book with the old one still serves, since it is an alias."
    return "The bill shows the new SKU; the old one is no alias of it, so a price book needs the new one."


def _aliases(moved: Moved) -> str:
    old, new = _spelled(moved.old, moved), _spelled(moved.new, moved)
    says = [f"A price book may now say {', '.join(sorted(new - old))}."] if new - old else []
    says += [f"A price book may no longer say {', '.join(sorted(old - new))}."] if old - new else []
    return " ".join(says) or "The spellings are the same, in another order."


def _spelled(edition: Edition, moved: Moved) -> set[str]:
    """Return the spellings of the thing that moved in one of the two editions."""
    item = things(edition)[moved.section][moved.key]
    return _spellings(item) if isinstance(item, Item) else set()


def _spellings(item: Item) -> set[str]:
    return {item.sku, *item.aliases}


def _either(more: str, less: str) -> Callable[[Moved], str]:
    """Return what it means when something grew or came, and when it shrank or went."""
    return lambda moved: more if (moved.grew if moved.field else moved.came) else less


def _term(moved: Moved) -> str:
    if moved.went:
        return "It is sold without a minimum commitment."
    return f"It is sold for {words(moved.after, 'months')} or more; a plan with a shorter term says so."


def _flash(moved: Moved) -> str:
    may = "may now" if moved.after else "may no longer"
    return f"Disks with `iops` or without a class {may} stand on it (CLS-1, IOPS-2)."


# --- the table ---------------------------------------------------------------------------------------------------


TENANT, ORDER_LIMIT = "tenant-minimum", "order-limit"
"""The findings of plans beyond a limit."""


def _limit(moved: Moved) -> str:
    if moved.went:
        return "No plan is measured by it."
    of_a_tenant = moved.key.startswith("tenant_")
    side, code = ("below", TENANT) if of_a_tenant else ("above", ORDER_LIMIT)
    return f"A plan {side} it has the finding `{code}`."


_BILL_TEXT = "The bill has other words; plans stay as they are."
_DESCRIPTION = "A description; plans stay as they are."
_CITATION = "Where the provider says so; plans stay as they are."
_IDENTITY = "Which files a plan names as its catalogue; plans stay as they are."
_PROMISE = "What the provider promises; plans stay as they are."
_REFUSAL = "A refusal has other words; plans stay as they are."
_TIES = "Between equal plans the order of the catalogue decides; bills follow it."
_UNIT = "Check quantities, and the price of a unit in the price book."

FIELDS = {
    "blades.": Field(
        "new", "blade", _either("Plans may use it once it has a price.", "Plans take other blades instead.")
    ),
    "blades.ram_gib": Field(
        "figure",
        "physical memory",
        _either("A host holds more VMs (MEM-1, MEM-3).", "A host holds fewer VMs (MEM-1, MEM-3)."),
        "GiB",
    ),
    "blades.cores": Field(
        "figure", "cores", _either("A host carries more vCPUs (CPU-1).", "A host carries fewer vCPUs (CPU-1).")
    ),
    "blades.threads": Field("figure", "threads", "A VM on this blade has at most so many vCPUs (CPU-2)."),
    "blades.base_ghz": Field("figure", "base frequency", "VMs with `min_ghz` up to it may run there (CPU-3).", "GHz"),
    "blades.gpus": Field("figure", "GPUs", "The VMs of a host share so many GPUs (GPU-1)."),
    "blades.turbo_ghz": Field("text", "turbo frequency", _DESCRIPTION, "GHz"),
    "blades.cpu": Field("text", "CPU", _DESCRIPTION),
    "blades.connectivity": Field("text", "connectivity", _DESCRIPTION),
    "blades.gpu_model": Field("text", "GPU model", _DESCRIPTION),
    "blades.order": Field("figure", "order", _TIES),
    "storage_classes.": Field(
        "new",
        "storage class",
        _either("Plans may use it once it has a price.", "Plans take other classes; a disk that names it is refused."),
    ),
    "storage_classes.iops_max": Field("limit", "IOPS ceiling", _iops_ceiling, "IOPS"),
    "storage_classes.mbps_max": Field("limit", "bandwidth ceiling", _bandwidth_ceiling, "MB/s"),
    "storage_classes.iops_per_tib": Field(
        "figure",
        "IOPS for each TiB",
        _either("LUNs sized by IOPS may be smaller (IOPS-1).", "LUNs sized by IOPS must be larger (IOPS-1)."),
        "IOPS/TiB",
    ),
    "storage_classes.unit_gib": Field("figure", "billing unit", f"LUNs have whole units (LUN-1). {_UNIT}", "GiB"),
    "storage_classes.flash": Field("figure", "performance commitment", _flash),
    "storage_classes.order": Field("figure", "order", _TIES),
    "services.": Field("new", "service", _service),
    "services.order": Field("text", "order", _DESCRIPTION),
    "extras.": Field("new", "extra", _extra),
    "extras.order": Field("text", "order", "Bills follow it; plans stay as they are."),
    "withdrawn.": Field("gone", "withdrawn item", _withdrawn),
    "withdrawn.withdrawn": Field("text", "date of withdrawal", _REFUSAL),
    "withdrawn.alternatives": Field("text", "alternatives", _REFUSAL),
    "withdrawn.order": Field("text", "order", _DESCRIPTION),
    "regions.": Field("new", "region", _either("A workload may name it.", "A workload that names it is refused.")),
    "regions.order": Field("figure", "order", "A workload without a region is in the first."),
    "zones.": Field(
        "new",
        "zone",
        _either(
            "VMs and backups may stand there; where nothing else decides, backups go to the next zone (BKP-2).",
            "A workload that names it is refused; backups that would go there go to the next zone (BKP-2).",
        ),
    ),
    "zones.order": Field("figure", "order", "Where nothing else decides, backups go to the next zone (BKP-2)."),
    "service_levels.": Field("level", "service level", _PROMISE),
    "service_levels.value": Field("level", "promise", _PROMISE),
    "service_levels.order": Field("text", "order", _DESCRIPTION),
    "service_levels.title": Field("text", "title", _DESCRIPTION),
    "service_levels.zones_min": Field("level", "zones it needs", _PROMISE, "zones"),
    "conditions.": Field("level", "condition", _PROMISE),
    "conditions.title": Field("text", "title", _DESCRIPTION),
    "conditions.value": Field("level", "what the provider says", _PROMISE),
    "conditions.customer": Field("level", "what it asks of the customer", _PROMISE),
    "conditions.order": Field("text", "order", _DESCRIPTION),
    "certifications.": Field(
        "level", "certification", _either("A workload may require it.", "A workload that requires it is refused.")
    ),
    "certifications.items": Field("level", "items it covers", "Plans that require it take these items only."),
    "certifications.order": Field("text", "order", _DESCRIPTION),
    "limits.": Field("limit", "limit", _limit),
    "limits.value": Field("limit", "figure", _limit),
    "limits.order": Field("text", "order", _DESCRIPTION),
    "rules.": Field("limit", "rule", _formula),
    "rules.order": Field("text", "order", _DESCRIPTION),
    "documents.": Field("text", "document", _CITATION),
    "documents.title": Field("text", "title", _CITATION),
    "documents.publisher": Field("text", "publisher", _CITATION),
    "documents.date": Field("text", "date of the text", _CITATION),
    "documents.order": Field("text", "order", _DESCRIPTION),
    "edition.schema_name": Field("text", "schema", _IDENTITY),
    "edition.edition": Field("text", "name", _IDENTITY),
    "edition.title": Field("text", "title", _DESCRIPTION),
    "edition.provider": Field("text", "provider", _DESCRIPTION),
    "edition.checked_until": Field("text", "checked until", _CITATION),
    "edition.superseded": Field("text", "superseded by", _IDENTITY),
    "edition.sha256": Field("text", "SHA-256", _IDENTITY),
    "edition.shipped": Field("text", "ships with the program", _IDENTITY),
    "*.sku": Field("sku", "SKU", _sku),
    "*.unit": Field("figure", "billing unit", _UNIT),
    "*.by_request": Field("figure", "sold by service request", "It is ordered elsewhere; plans stay as they are."),
    "*.min_term_months": Field("figure", "minimum commitment", _term, "months"),
    "*.label": Field("text", "name", _BILL_TEXT),
    "*.note": Field("text", "remark", _DESCRIPTION),
    "*.source.document": Field("text", "document cited", _CITATION),
    "*.source.section": Field("text", "section cited", _CITATION),
}
"""Every field of an edition by its section (no name: the whole thing), those that all things have under ``*``."""
