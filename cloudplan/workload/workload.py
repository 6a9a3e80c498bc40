"""What the customer wants, as typed values: sites, policy, groups of virtual machines, disks, protection, backup.

A workload is complete: every default is filled in, every name is known. `reading` makes it from a file.
"""

from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cloudplan.base.hashing import canonical_sha256
from cloudplan.base.schema import Duration, Flag, Frozen, Name, quantity, whole
from cloudplan.base.units import mib

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
Share = Annotated[Decimal, quantity("a share", high="1", above=True)]
Ratio = Annotated[Decimal, quantity("vCPUs for each core", high="1000", above=True)]
SizeGib = Annotated[Decimal, quantity("a number of GiB", high=MAX_SIZE_GIB, above=True)]
Rate = Annotated[Decimal, quantity("a number", high="1000000000")]
CountOrZero = Annotated[int, whole(0, 1_000_000)]


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
    vswp: Name = "home"
    standby: Standby
    backup: BackupPolicy


class Disk(Frozen):
    """A virtual disk; sizes in GiB as provisioned, `used_gib` as written (backup)."""

    size_gib: SizeGib
    storage_class: Name | None = Field(default=None, alias="class")
    iops: Rate = Decimal(0)
    mbps: Rate = Decimal(0)
    used_gib: Annotated[Decimal, quantity("a number of GiB", high=MAX_SIZE_GIB)]
    replicated: Flag = True
    constant_writes: Flag = False
    backup: Flag = True

    @property
    def size_mib(self) -> int:
        """Provisioned size in whole MiB."""
        return mib(self.size_gib)


class Protection(Frozen):
    """What the business needs of disaster recovery; `metro-mirror` is recognised and refused (MM-1)."""

    rpo: Duration | None = None
    rto: Duration | None = None
    mechanism: Literal["global-mirror", "vm-replication", "metro-mirror"] | None = None


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
    backup: BackupPolicy

    @property
    def memory_mib(self) -> int:
        """Configured memory in whole MiB."""
        return mib(self.memory_gib)

    @property
    def cores(self) -> Fraction:
        """Demand of one instance in physical cores (CPU-1)."""
        return Fraction(self.vcpus) / Fraction(self.vcpu_per_core)


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


class Workload(Frozen):
    """A complete workload: every default of the edition filled in."""

    schema_name: Literal["cloudplan/workload/v1"] = Field(alias="schema")
    name: Name
    customer: Customer | None = None
    region: Name
    catalog: Name
    term_months: Annotated[int, whole(1, 1200)] = 1
    sites: Sites
    policy: Policy
    backup_policies: dict[str, BackupPolicy] = Field(default_factory=dict)
    extras: tuple[Extra, ...] = ()
    vms: tuple[VmGroup, ...] = Field(min_length=1)
    inventory: Inventory | None = None

    def other_site(self, group: VmGroup) -> str | None:
        """Return the other site of a group: the standby site for one at the primary, else the primary (DR-1)."""
        return self.sites.standby if group.site == self.sites.primary else self.sites.primary

    def sites_of(self, group: VmGroup) -> tuple[str, ...]:
        """Return the sites where a group stands: its own, and the other one when it is protected."""
        other = self.other_site(group)
        return (group.site, other) if group.protection and other else (group.site,)

    def canonical(self) -> dict[str, Any]:
        """Return the workload as plain values, decimals as text: what is hashed and kept in a plan."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON of the workload."""
        return canonical_sha256(self.canonical())

    @cached_property
    def groups(self) -> dict[str, VmGroup]:
        """The groups by name."""
        return {group.name: group for group in self.vms}
