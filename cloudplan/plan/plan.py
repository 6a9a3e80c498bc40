"""What is chosen, and the document that carries it: clusters, datastores, protection, backup, bill, findings, proof."""

import hashlib
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from cloudplan.base.files import json_text
from cloudplan.base.schema import Frozen
from cloudplan.base.views import Pictured

PLAN_SCHEMA: Literal["cloudplan/plan/v1"] = "cloudplan/plan/v1"
Mechanism = Literal["global-mirror", "vm-replication"]
GLOBAL_MIRROR: Mechanism = "global-mirror"
VM_REPLICATION: Mechanism = "vm-replication"
MECHANISMS = (GLOBAL_MIRROR, VM_REPLICATION)
METRO_MIRROR = "metro-mirror"


_PLACES = 40
_MOST = 10**18
MOST_GAP = 10.0 ** (2 * _PLACES + 2)  # of amounts with so many places


def _in_range(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    if not value.is_finite() or value.adjusted() > _PLACES or int(exponent) < -_PLACES or int(exponent) > _PLACES:
        allowed = f"a number with at most {_PLACES} digits before and after its point"
        raise PydanticCustomError("cloudplan", "{allowed}", {"allowed": allowed})
    return value


Amount = Annotated[Decimal, AfterValidator(_in_range)]
"""An exact number of a plan, within the range in which the program reckons."""
Count = Annotated[int, Field(ge=-_MOST, le=_MOST)]
"""A whole number of a plan; that it is positive is a rule."""


def _is_absent(value: object) -> bool:
    """Return whether a field is left out of the document."""
    return value is None


class Cluster(Frozen):
    """A cluster of one blade type; `placement` has one entry for each loaded host: instances by group."""

    name: str
    site: str
    pool: str
    blade: str
    hosts: Count
    spare_hosts: Count
    memory_gib: Count
    placement: tuple[dict[str, Count], ...]


class DiskPlacement(Frozen):
    """How many instances of a group have their disk number `disk` on a datastore."""

    vm: str
    disk: Count
    count: Count


class Datastore(Frozen):
    """A datastore: one LUN of one class, with the disks and swap files on it."""

    name: str
    site: str
    storage_class: str = Field(alias="class")
    size_gib: Count
    replication: Literal["global-mirror"] | None = None
    peer: str | None = None
    disks: tuple[DiskPlacement, ...]
    vswp: dict[str, Count]


class Choice(Frozen):
    """The decisions of a plan: all that the optimiser chooses, and all that the verifier needs."""

    clusters: tuple[Cluster, ...]
    datastores: tuple[Datastore, ...]
    protection: dict[str, Mechanism]


class BackupSource(Frozen):
    """What one site sends to a backup site."""

    site: str
    vms: Count
    stored_gib: Amount


class BackupTarget(Frozen):
    """The backup storage of one site, and where its content comes from."""

    site: str
    tib: Count
    stored_gib: Amount
    sources: tuple[BackupSource, ...] = Field(alias="from")


class BomLine(Frozen):
    """One line of the bill of materials: site, SKU, quantity, prices, and the rule that says why."""

    site: str
    sku: str
    label: str
    unit: str
    quantity: Count
    list_price: Amount
    discount: Amount
    unit_price: Amount
    monthly: Amount
    rule: str
    because: str
    values: dict[str, Any]


class ThirdPartyLine(Frozen):
    """Units of a licence of others: for the hosts of a cluster, or for the VMs of a site, which has no cluster."""

    licence: str
    label: str
    site: str
    cluster: str | None
    hosts: Count | None
    quantity: Count
    unit: str
    unit_price: Amount
    monthly: Amount
    source: str | None = None
    rule: str
    because: str
    values: dict[str, Any]


class ThirdParty(Frozen):
    """What is paid to others for software, beside the provider's bill."""

    monthly: Amount
    lines: tuple[ThirdPartyLine, ...]


class Change(Frozen):
    """A quantity that differs from what stood, of an item or of a licence of others; `before` None: nobody told."""

    site: str
    sku: str | None = Field(default=None, exclude_if=_is_absent)
    licence: str | None = Field(default=None, exclude_if=_is_absent)
    label: str
    unit: str
    before: Count | None
    after: Count


class Finding(Frozen):
    """Something the reader must know; `message` is the English rendering of `code` and `values`."""

    severity: Literal["info", "warning"]
    code: str
    subject: str
    rule: str = ""
    message: str
    values: dict[str, Any] = Field(default_factory=dict)


class WorkloadRef(Frozen):
    """Which workload a plan is for."""

    name: str
    sha256: str


class CatalogRef(Frozen):
    """Which edition a plan was made with."""

    edition: str
    sha256: str


class PricesRef(Frozen):
    """Which price book a plan was made with."""

    name: str
    currency: str
    illustrative: bool
    sha256: str


class Inputs(Frozen):
    """All that is needed to solve and verify a plan again; the edition only when it is not one that ships.

    `given` are the fields of the policy, and the term, that the workload gave; None when nobody knows. `existing` is
    what stood already, outside the hash of the workload.
    """

    workload: dict[str, Any]
    prices: dict[str, Any]
    catalog: dict[str, Any] | None = None
    given: tuple[str, ...] | None = None
    existing: dict[str, Any] | None = Field(default=None, exclude_if=_is_absent)


Basis = Literal["given", "default", "export", "contradicted"]
"""Where the value of an assumption comes from; contradicted: the provider's sources disagree, whoever chose it."""


class Assumption(Frozen):
    """Something that the bill rests on and that may be otherwise; `what`, `value` and `otherwise` are English.

    `monthly_otherwise` is what the plan would cost a month then, `lower_bound_otherwise` what is proven of that, and
    `no_plan` why there would be none; without any of them nothing was computed.
    """

    code: str
    what: str
    value: str
    origin: Basis
    source: str
    otherwise: str
    monthly_otherwise: Amount | None = None
    lower_bound_otherwise: Amount | None = None
    no_plan: str | None = None
    values: dict[str, Any] = Field(default_factory=dict)


class Search(Frozen):
    """Why the search ended: proven within the tolerance of `optimal`, or what stopped it first, and that in words.

    `of` tells a plan that is one phase of a roadmap, whose sum over the phases is what is minimised and proven.
    """

    ended: Literal["proven", "gap", "budget", "time-limit"]
    said: str
    of: Literal["roadmap"] | None = Field(default=None, exclude_if=_is_absent)


class Plan(Pictured, Frozen):
    """The plan document, version 1; `search` is None in plans of programs that did not say.

    `monthly` is the provider's bill. Where VMs name licences of others, `total_monthly` has these beside it, and proof
    and status speak of that; both fields are left out of the document of any other plan.
    """

    schema_name: Literal["cloudplan/plan/v1"] = Field(default=PLAN_SCHEMA, alias="schema")
    program: str
    workload: WorkloadRef
    catalog: CatalogRef
    prices: PricesRef
    inputs: Inputs
    status: Literal["optimal", "feasible"]
    monthly: Amount
    lower_bound: Amount
    gap: Annotated[float, Field(ge=-MOST_GAP, le=MOST_GAP, allow_inf_nan=False)]
    search: Search | None = None
    clusters: tuple[Cluster, ...]
    datastores: tuple[Datastore, ...]
    protection: dict[str, Mechanism]
    backup: tuple[BackupTarget, ...]
    bom: tuple[BomLine, ...]
    findings: tuple[Finding, ...]
    assumptions: tuple[Assumption, ...] = ()
    third_party: ThirdParty | None = Field(default=None, exclude_if=_is_absent)
    total_monthly: Amount | None = Field(default=None, exclude_if=_is_absent)
    changes: tuple[Change, ...] | None = Field(default=None, exclude_if=_is_absent)

    def __repr__(self) -> str:
        hosts = sum(cluster.hosts for cluster in self.clusters)
        size = f"{hosts} hosts, {len(self.datastores)} datastores"
        return f"<Plan {self.workload.name!r}: {self.cost} {self.prices.currency} a month, {self.status}; {size}>"

    @property
    def cost(self) -> Decimal:
        """What is minimised and proven: the provider's bill, and licences of others where VMs name any."""
        return self.monthly if self.total_monthly is None else self.total_monthly

    @property
    def owed(self) -> ThirdParty | None:
        """What is owed to others, None where nothing is."""
        return self.third_party if self.third_party and self.third_party.lines else None

    @property
    def lines(self) -> int:
        """The lines that were rounded to cents: of the bill, and of the licences of others."""
        return len(self.bom) + (len(self.third_party.lines) if self.third_party else 0)

    @property
    def choice(self) -> Choice:
        """The decisions of the plan."""
        return Choice(clusters=self.clusters, datastores=self.datastores, protection=self.protection)

    @property
    def sha256(self) -> str:
        """SHA-256 of the document as `to_json` has it: that of the file which `size` writes."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return the document as JSON text; the same plan gives the same bytes."""
        return json_text(self.model_dump(mode="json", by_alias=True))


class Carrier(Protocol):
    """What carries the inputs that it was made from."""

    @property
    def inputs(self) -> Inputs:
        """All that is needed to make it again."""


def language_of(plan: Carrier) -> Literal["en", "fr"]:
    """Return the language of the customer of a plan or roadmap; English when none is named."""
    customer = plan.inputs.workload.get("customer") or {}
    return "fr" if customer.get("lang") == "fr" else "en"


def is_optimal(monthly: Decimal, lower_bound: Decimal, lines: int) -> bool:
    """Return whether the proven gap is at most 0.0001, or no more than the rounding of the lines."""
    difference = monthly - lower_bound
    return difference <= monthly * Decimal("0.0001") or difference <= Decimal("0.01") * lines


def gap_of(cost: Decimal, lower_bound: Decimal) -> float:
    """Return the relative gap between a cost and its proven lower bound; 0 when nothing costs anything."""
    return round(float((cost - lower_bound) / cost), 10) if cost else 0.0
