"""What an edition of the provider's catalogue says: blades, storage classes, services, zones, figures of the rules.

An edition is data and complete in itself; every fact names the document and the section it was read in.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from cloudplan.base.errors import CloudplanError
from cloudplan.base.schema import Date, Flag, Frozen, Name, one_of, quantity, whole

REGION_PLACEHOLDER = "(region)"
_PLACEHOLDERS = re.compile(r"\(regione?\)|\*\(REGION\)\*")
"""The placeholder as the provider's pages and their translations spell it."""

UNITS = {1: "GiB", 1024: "TiB"}
"""The billing units of storage, by their GiB."""

Tags = Annotated[tuple[str, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)]
Count = Annotated[int, whole(1)]
UnitGib = Annotated[int, one_of(UNITS)]
CountOrZero = Annotated[int, whole(0)]
Ghz = Annotated[Decimal, quantity("GHz", above=True)]


class Source(Frozen):
    """Where a fact was read: a document of the edition and the section in it."""

    document: Name
    section: Name


class SourceDocument(Frozen):
    """A document that facts cite; `date` is the date of the text that was read."""

    title: Name
    publisher: Name
    date: Date


class Zone(Frozen):
    """An availability zone."""

    label: Name
    source: Source


class Region(Frozen):
    """A region and its availability zones, in the provider's order."""

    label: Name
    zones: dict[str, Zone] = Field(min_length=1)
    source: Source


class Item(Frozen):
    """Anything sold: label, SKU (with other spellings of it) and where it says so."""

    label: Name
    sku: Name
    aliases: Tags = ()
    note: str = ""
    min_term_months: Count | None = None
    source: Source

    @property
    def skus(self) -> tuple[str, ...]:
        """The SKU in each of its spellings, its own first."""
        return (self.sku, *self.aliases)


class Blade(Item):
    """A compute blade; `ram_gib` is its physical memory."""

    ram_gib: Count
    base_ghz: Ghz
    turbo_ghz: Ghz
    cpu: Name
    cores: Count
    threads: Count
    connectivity: Name
    gpus: CountOrZero = 0
    gpu_model: str = ""


class StorageClass(Item):
    """A class of block storage, sold in units of `unit_gib`; the ceilings, where given, are those of one LUN."""

    unit_gib: UnitGib
    iops_per_tib: CountOrZero
    flash: Flag
    iops_max: Count | None = None
    mbps_max: Count | None = None

    @property
    def unit(self) -> str:
        """The billing unit: GiB or TiB."""
        return UNITS[self.unit_gib]


class Service(Item):
    """A service or licence with its billing unit; one that is sold `by_request` is not in the provider's order form."""

    unit: Name
    by_request: Flag = False


class Services(Frozen):
    """What a plan bills beside blades and storage; an item that the edition does not sell is None."""

    memory: Service
    global_mirror: Service
    vm_replication: Service
    backup_access: Service
    backup_storage: Service
    encryption: Service | None = None
    zone: Service | None = None


class Withdrawn(Frozen):
    """Something that is no longer sold, kept so that asking for it can be answered."""

    label: Name
    withdrawn: Date
    sku: Name
    alternatives: Tags
    source: Source


class ServiceLevel(Frozen):
    """A service level as the provider states it; `zones_min` is over how many zones a service has to stand for it."""

    title: str = ""
    value: Name
    zones_min: Count | None = None
    source: Source


class ServiceCondition(Frozen):
    """A condition of the service as the provider states it, and what it asks of the `customer`."""

    title: Name
    value: Name
    customer: str = ""
    source: Source


class Certification(Frozen):
    """A certification and the items that it covers: ``blades`` for all of a section, or ``extras.vlan``."""

    label: Name
    note: str = ""
    items: Tags
    source: Source

    def covers(self, item: str) -> bool:
        """Return whether it covers an item, by its key as in `Edition.keyed_items`."""
        return item in self.items or item.partition(".")[0] in self.items


class Limit(Frozen):
    """A figure that limits something else than a plan."""

    value: Count
    source: Source


class Limits(Frozen):
    """What a tenant holds at least, and the disks that a VM takes, more with ParaVirtual controllers; None: unsaid."""

    tenant_zones: Limit | None = None
    tenant_clusters: Limit | None = None
    tenant_datastores: Limit | None = None
    tenant_vlans: Limit | None = None
    vm_disks: Limit | None = None
    vm_disks_paravirtual: Limit | None = None


class RuleFacts(Frozen):
    """The figures of one rule in this edition, as text, and their citation."""

    figures: dict[str, str] = Field(default_factory=dict)
    source: Source


FIGURES = {
    "vcpu_per_core": ("CPU-1", "vcpu_per_core"),
    "memory_ceiling": ("MEM-2", "ceiling"),
    "memory_model": ("MEM-4", "memory_model"),
    "host_memory_reserve_gib": ("MEM-1", "host_memory_reserve_gib"),
    "host_failures": ("HA-1", "host_failures"),
    "hosts_max": ("MAX-1", "hosts_max"),
    "snapshot_headroom": ("LUN-3", "headroom"),
    "datastore_max_gib": ("LUN-2", "maximum_gib"),
    "datastore_min_gib": ("LUN-1", "minimum_gib"),
}
"""Where the defaults and the limits of a policy stand among the figures of the rules, for the reader of workloads."""
STANDBY, RETENTION = "DR-1", "BKP-3"


class Edition(Frozen):
    """One immutable state of the catalogue, named by its date.

    `superseded` is the date of the next edition that ships, `checked_until` the day up to which the documents of the
    provider were read for it, `files` the text of the edition's files by their names.
    """

    schema_name: Literal["cloudplan/edition/v1"] = Field(alias="schema")
    edition: Name
    title: Name
    provider: Name
    checked_until: Date | None = None
    superseded: str | None = None
    documents: dict[str, SourceDocument]
    regions: dict[str, Region] = Field(min_length=1)
    service_levels: dict[str, ServiceLevel]
    blades: dict[str, Blade] = Field(min_length=1)
    storage_classes: dict[str, StorageClass] = Field(min_length=1)
    services: Services
    withdrawn: dict[str, Withdrawn]
    extras: dict[str, Service]
    rules: dict[str, RuleFacts]
    conditions: dict[str, ServiceCondition] = Field(default_factory=dict)
    certifications: dict[str, Certification] = Field(default_factory=dict)
    limits: Limits = Limits()
    sha256: str = ""
    shipped: bool = True
    files: dict[str, str] = Field(default_factory=dict, exclude=True, repr=False)

    def __repr__(self) -> str:
        own = "" if self.shipped else ", one's own"
        return (
            f"<Edition {self.edition!r}{own}: {len(self.blades)} blades, {len(self.storage_classes)} storage classes>"
        )

    def figure(self, rule: str, name: str) -> str:
        """Return a figure of a rule as its text; raise CloudplanError when the edition does not have it."""
        try:
            return self.rules[rule].figures[name]
        except KeyError:
            raise CloudplanError(f"edition {self.edition}: rule {rule} has no figure {name!r}") from None

    def default(self, field: str) -> str:
        """Return what a field of a workload's policy is when none is given, or where it ends (see FIGURES)."""
        return self.figure(*FIGURES[field])

    @property
    def standby_default(self) -> dict[str, str]:
        """The shares of the demand that are held at the standby site when none are given."""
        return dict(self.rules[STANDBY].figures)

    @property
    def backup_default(self) -> dict[str, str]:
        """The backup policy when none is given."""
        return dict(self.rules[RETENTION].figures)

    def limit(self, name: str) -> int | None:
        """Return one of `limits`; None when the edition does not say it."""
        found: Limit | None = getattr(self.limits, name)
        return found.value if found else None

    def lacking(self, key: str, required: Iterable[str]) -> tuple[str, ...]:
        """Return the certifications among those required that an item, by its key, does not have."""
        known = {name: self.certifications[name] for name in required if name in self.certifications}
        return tuple(name for name, certification in known.items() if not certification.covers(key))

    @property
    def flash_classes(self) -> tuple[str, ...]:
        """Storage classes with a performance commitment, in catalogue order."""
        return tuple(name for name, item in self.storage_classes.items() if item.flash)

    def zones(self, region: str) -> tuple[str, ...]:
        """Availability zones of a region, in the provider's order."""
        return tuple(self.regions[region].zones)

    def keyed_items(self) -> Iterator[tuple[str, Item]]:
        """Return every item on sale with its key, such as ``blades.eco:v3``, in the order of the bill of materials."""
        services = {name: item for name, item in self.services if item is not None}
        memory = {"memory": services.pop("memory")}
        groups: tuple[tuple[str, Mapping[str, Item]], ...] = (
            *(("blades", self.blades), ("services", memory), ("storage_classes", self.storage_classes)),
            *(("services", services), ("extras", self.extras)),
        )
        return ((f"{group}.{name}", item) for group, items in groups for name, item in items.items())

    def computed_items(self) -> Iterator[Item]:
        """Yield the items whose quantity a plan computes, in the order of the bill of materials."""
        return (item for key, item in self.keyed_items() if not key.startswith("extras."))

    def items(self) -> Iterator[Item]:
        """Yield every item on sale, in the order of the bill of materials."""
        return (item for _, item in self.keyed_items())

    def extra(self, sku: str, region: str) -> Service:
        """Return the extra that a SKU stands for, in any of its spellings."""
        wanted = in_region(sku, region)
        return next(
            item for item in self.extras.values() if wanted in (in_region(spelling, region) for spelling in item.skus)
        )


def in_region(sku: str, region: str) -> str:
    """Return a SKU with its region filled in."""
    return _PLACEHOLDERS.sub(region, sku)


def in_any_region(sku: str, region: str) -> str:
    """Return a SKU with the placeholder in place of its region."""
    return _PLACEHOLDERS.sub(REGION_PLACEHOLDER, sku).replace(f"csp:{region}:", f"csp:{REGION_PLACEHOLDER}:")
