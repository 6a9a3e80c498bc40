"""What the customer wants, as typed values: sites, policy, groups of virtual machines, disks, protection, backup.

A workload is complete: every default is filled in, every name is known. `reading` makes it from a file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema

from cloudplan.base.hashing import canonical_sha256
from cloudplan.base.schema import Duration, Flag, Frozen, Month, Name, quantity, refused, whole
from cloudplan.base.units import SIZES, mib
from cloudplan.workload.existing import Existing

MAX_INSTANCES = 1_000_000
MAX_SIZE_GIB = "1000000000"
MAX_SUM = 10**12 - 1

Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(
        lambda value: tuple(value) if isinstance(value, list) else value,
        json_schema_input_type=Annotated[list[Name], Field(min_length=1)],
    ),
]
Tags = Annotated[
    dict[Name, Name],
    WithJsonSchema(
        {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"], "pattern": r"\S"}}
    ),
]
Share = Annotated[Decimal, quantity("a share", high="1", above=True)]
Ratio = Annotated[Decimal, quantity("vCPUs for each core", high="1000", above=True)]
SizeGib = Annotated[Decimal, quantity("a number of GiB", high=MAX_SIZE_GIB, above=True)]
USED_PLACES = 24
"""Decimals of what is written on a disk: those of a size times those of the factor by which it grows."""
UsedGib = Annotated[Decimal, quantity("a number of GiB", high=MAX_SIZE_GIB, places=USED_PLACES)]
Rate = Annotated[Decimal, quantity("a number", high="1000000000")]
GrowthRate = Annotated[Decimal, quantity("growth a year, as a share,", high="10")]
CountOrZero = Annotated[int, whole(0, 1_000_000)]
NO_STANDBY: Final = "none"
"""What a group says that holds nothing but its data at the other site (DR-1)."""


class Contact(Frozen):
    """Who answers for the customer."""

    name: Name | None = None
    email: Name | None = None
    phone: Name | None = None


class Customer(Frozen):
    """Who the quote is for."""

    organization: Name | None = None
    tenant: Name | None = None
    contact: Contact | None = None
    lang: Literal["fr", "en"] = "en"


class Sites(Frozen):
    """The availability zones in use; `standby` holds what is protected, `backup` the copies (BKP-2)."""

    primary: Name
    standby: Name | None = None
    backup: Name | None = None


class Standby(Frozen):
    """The share of the demand that is held at the standby site (degraded mode)."""

    vcpu_share: Share
    memory_share: Share


def _standby_of_a_group(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Standby.model_validate(value)
    if value == NO_STANDBY or isinstance(value, Standby) or value is None:
        return value
    raise refused(f"a mapping, or {NO_STANDBY}")


class DefaultDisk(Frozen):
    """What disks get that do not say: a class, and IOPS by the GiB (never on mass storage)."""

    storage_class: Name | None = Field(default=None, alias="class")
    iops_per_gib: Annotated[Decimal, quantity("a number", high="1000000", above=True)] | None = None


class BackupPolicy(Frozen):
    """Retention points of each kind, daily change rate and data reduction (BKP-3)."""

    daily: Annotated[int, whole(0, 100_000)]
    weekly: Annotated[int, whole(0, 100_000)]
    monthly: Annotated[int, whole(0, 100_000)]
    yearly: Annotated[int, whole(0, 100_000)]
    change_rate: Annotated[Decimal, quantity("a share", high="1")]
    reduction: Annotated[Decimal, quantity("a factor", low="1")]


class Policy(Frozen):
    """How the estate is to be run."""

    vcpu_per_core: Ratio
    memory_ceiling: Share
    memory_model: Literal["base128_plus_memory", "included_full"]
    host_memory_reserve_gib: Annotated[int, whole(0, 1_000_000)]
    host_failures: Annotated[int, whole(0, 31)]
    blades: Names
    max_clusters: Annotated[int, whole(1)] | None = None
    snapshot_headroom: Annotated[Decimal, quantity("a share", high="0.99")]
    datastore_max_gib: Annotated[int, whole(1)]
    min_datastores: Annotated[int, whole(0, 1000)] = 1
    default_disk: DefaultDisk | None = None
    vswp: Name = "home"
    standby: Standby
    backup: BackupPolicy


class Disk(Frozen):
    """A virtual disk; sizes in GiB as provisioned, `used_gib` as written (backup)."""

    size_gib: SizeGib
    storage_class: Name | None = Field(default=None, alias="class")
    iops: Rate = Decimal(0)
    mbps: Rate = Decimal(0)
    used_gib: UsedGib
    replicated: Flag = True
    constant_writes: Flag = False
    backup: Flag = True
    by_default: tuple[Literal["class", "iops"], ...] = ()
    """The fields that `policy.default_disk` gave; written by the program."""
    thin: Flag | None = None
    """Whether it was thin where it came from; it is sized whole."""

    @property
    def size_mib(self) -> int:
        """Provisioned size in whole MiB."""
        return mib(self.size_gib)


class Protection(Frozen):
    """What the business needs of disaster recovery; `metro-mirror` is recognised and refused (MM-1)."""

    rpo: Duration | None = None
    rto: Duration | None = None
    mechanism: Literal["global-mirror", "vm-replication", "metro-mirror"] | None = None


class Growth(Frozen):
    """Growth a year, compounded, as a share: of the instances, of the sizes of their disks."""

    vms: GrowthRate = Decimal(0)
    storage: GrowthRate = Decimal(0)


class OwnGrowth(Frozen):
    """The growth of a group, in place of the horizon's where it is given."""

    vms: GrowthRate | None = None
    storage: GrowthRate | None = None


class Horizon(Frozen):
    """The months that are planned, from order to order; hosts and storage are given back only if they may `shrink`."""

    start: Month
    months: Annotated[int, whole(1, 120)]
    step: Annotated[int, whole(1, 120)]
    growth: Growth = Field(default_factory=Growth)
    shrink: Flag = False


class VmGroup(Frozen):
    """A group of identical virtual machines."""

    name: Name
    count: Annotated[int, whole(1, MAX_INSTANCES)] = 1
    names: Names
    vcpus: Annotated[int, whole(1, 100_000)]
    memory_gib: SizeGib
    gpus: CountOrZero = 0
    min_ghz: Annotated[Decimal, quantity("GHz", high="100")] = Decimal(0)
    vcpu_per_core: Ratio
    blades: Names
    site: Name
    pool: Name = "default"
    anti_affinity: Name | None = None
    affinity: Name | None = None
    powered_on: Flag = True
    encrypted: Flag = False
    disks: tuple[Disk, ...] = Field(min_length=1)
    protection: Protection | None = None
    standby: Annotated[Standby | Literal["none"], BeforeValidator(_standby_of_a_group)] | None = None
    """Shares in place of the policy's; `none`: data only."""
    networks: tuple[Name, ...] = ()
    licences: tuple[Name, ...] = ()
    """Names of the price book's `licences`; one that stands there twice counts once (LIC-2)."""
    tags: Tags = Field(default_factory=dict)
    os: Name | None = None
    from_: Month | None = Field(default=None, alias="from")
    until: Month | None = None
    growth: OwnGrowth | None = None
    backup: BackupPolicy

    def __hash__(self) -> int:
        """Hash by the name, which is unique: tags have no hash."""
        return hash(self.name)

    @property
    def data_only(self) -> bool:
        """Whether it holds nothing but its data at the other site (DR-1)."""
        return self.standby == NO_STANDBY

    @property
    def memory_mib(self) -> int:
        """Configured memory in whole MiB."""
        return mib(self.memory_gib)

    @property
    def cores(self) -> Fraction:
        """Demand of one instance in physical cores (CPU-1)."""
        return _cores(self.vcpus, self.vcpu_per_core)


@lru_cache(maxsize=SIZES)
def _cores(vcpus: int, vcpu_per_core: Decimal) -> Fraction:
    return Fraction(vcpus) / Fraction(vcpu_per_core)


class Network(Frozen):
    """A layer-2 network of the tenant: one VLAN, at the sites where it stands (NET-1)."""

    name: Name
    sites: tuple[Name, ...] = Field(min_length=1)


class Extra(Frozen):
    """Any other catalogue item, passed through to the bill of materials."""

    sku: Name
    quantity: Annotated[int, whole(1, 10**9)]
    site: Name


class InventoryFile(Frozen):
    """A file that an inventory was imported from."""

    name: Name
    sha256: Name


class LedgerLine(Frozen):
    """What became of some rows of an inventory: rows (a VM is one), vCPUs, memory and disks in MiB."""

    step: Literal["read", "left out", "repaired", "imported"]
    reason: Name
    touched: Annotated[int, whole(0)]
    rows: Annotated[int, whole(-MAX_SUM, MAX_SUM)]
    vcpus: Annotated[int, whole(-MAX_SUM, MAX_SUM)]
    memory_mib: Annotated[int, whole(-MAX_SUM, MAX_SUM)]
    disks: Annotated[int, whole(-MAX_SUM, MAX_SUM)]
    disk_mib: Annotated[int, whole(-MAX_SUM, MAX_SUM)]


class RuleMet(Frozen):
    """A rule of an import, and how many VMs it met."""

    rule: Name
    vms: Annotated[int, whole(0)]


class Inventory(Frozen):
    """Where a workload was imported from, and what was left out: for the quote, without effect on the plan."""

    files: tuple[InventoryFile, ...] = ()
    ledger: tuple[LedgerLine, ...] = ()
    warnings: tuple[Name, ...] = ()
    rules: tuple[RuleMet, ...] = ()
    totals: Flag | None = None
    """Whether the VMs are averages, made from figures of all of them together."""


@dataclass(frozen=True, slots=True)
class Given:
    """Which fields the source of a workload gave; all are equal, for it is no part of the workload."""

    paths: frozenset[str] | None = field(default=None, compare=False)


class Workload(Frozen):
    """A complete workload: every default of the edition filled in."""

    schema_name: Literal["cloudplan/workload/v1"] = Field(alias="schema")
    requires: tuple[Name, ...] = ()
    """Certifications that every item must have, by their names in the edition."""
    name: Name
    customer: Customer | None = None
    region: Name
    catalog: Name
    term_months: Annotated[int, whole(1, 1200)] = 1
    sites: Sites
    policy: Policy
    backup_policies: dict[str, BackupPolicy] = Field(default_factory=dict)
    horizon: Horizon | None = None
    existing: Existing | None = None
    """What already stands; no part of the canonical values, nor of the hash."""
    extras: tuple[Extra, ...] = ()
    networks: tuple[Network, ...] = ()
    vms: tuple[VmGroup, ...] = Field(min_length=1)
    inventory: Inventory | None = None
    _given: Given = PrivateAttr(default=Given())

    def __repr__(self) -> str:
        vms = sum(group.count for group in self.vms)
        return f"<Workload {self.name!r}: {vms} VMs in {len(self.vms)} groups, edition {self.catalog}>"

    @property
    def given(self) -> frozenset[str] | None:
        """The fields of the policy, and the term, that the source gives, as paths such as ``policy.vcpu_per_core``.

        None when nobody knows. No part of the workload: two that differ in it alone are equal.
        """
        return self._given.paths

    def with_given(self, paths: Iterable[str] | None) -> "Workload":
        """Return the workload as one of which these fields were given, None when nobody knows."""
        other = self.model_copy()
        other._given = Given(None if paths is None else frozenset(paths))
        return other

    def other_site(self, group: VmGroup) -> str | None:
        """Return the other site of a group: the standby site for one at the primary, else the primary (DR-1)."""
        return self.sites.standby if group.site == self.sites.primary else self.sites.primary

    def sites_of(self, group: VmGroup) -> tuple[str, ...]:
        """Return the sites where the data of a group stand: its own, and the other one when it is protected."""
        other = self.other_site(group)
        return (group.site, other) if group.protection and other else (group.site,)

    def standby_of(self, group: VmGroup) -> Standby | None:
        """Return what a protected group holds at its other site: its own shares, else the policy's; None: data only."""
        own = self.policy.standby if group.standby is None else group.standby
        return own if isinstance(own, Standby) else None

    def sites_of_instances(self, group: VmGroup) -> tuple[str, ...]:
        """Return the sites where instances of a group may run: without the other one when only its data stand there."""
        return (group.site,) if group.data_only else self.sites_of(group)

    def canonical(self) -> dict[str, Any]:
        """Return the workload as plain values, decimals as text: what is hashed and kept in a plan.

        Fields that came after the first plans are left out where they say nothing, so that hashes stay.
        """
        tree = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"existing"})
        _leave_out_empty(tree, "networks", "requires")
        for group in tree["vms"]:
            _leave_out_empty(group, "networks", "licences", "tags")
            for disk in group["disks"]:
                _leave_out_empty(disk, "by_default")
        return tree

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON of the workload."""
        return canonical_sha256(self.canonical())

    @cached_property
    def groups(self) -> dict[str, VmGroup]:
        """The groups by name."""
        return {group.name: group for group in self.vms}


def _leave_out_empty(tree: dict[str, Any], *names: str) -> None:
    for name in names:
        if not tree[name]:
            del tree[name]
