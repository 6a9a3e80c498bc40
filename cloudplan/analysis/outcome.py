"""What became of one workload of many: the figures of its plan, or why there is none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from cloudplan.base.errors import CloudplanError, InternalError
from cloudplan.base.schema import Frozen
from cloudplan.plan.plan import Plan
from cloudplan.workload.workload import Workload

OUTCOME_SCHEMA: Literal["cloudplan/batch-outcome/v1"] = "cloudplan/batch-outcome/v1"


class Figures(Frozen):
    """The figures of a plan that a summary shows; amounts in `currency` a month, as exact numbers."""

    workload: str
    customer: str | None = None
    edition: str
    currency: str
    illustrative: bool
    status: Literal["optimal", "feasible"]
    ended: str | None = None
    monthly: Decimal
    total_monthly: Decimal
    """With the licences of others; `monthly` without them."""
    lower_bound: Decimal
    gap: float
    vms: int
    hosts: int
    findings: dict[str, dict[str, int]]
    """How many there are, by severity and code."""

    @classmethod
    def of(cls, plan: Plan, workload: Workload) -> "Figures":
        """Return those of the plan of a workload."""
        counted = Counter((found.severity, found.code) for found in plan.findings)
        findings: dict[str, dict[str, int]] = {}
        for (severity, code), count in sorted(counted.items()):
            findings.setdefault(severity, {})[code] = count
        return cls(
            workload=plan.workload.name,
            customer=workload.customer.organization if workload.customer else None,
            edition=plan.catalog.edition,
            currency=plan.prices.currency,
            illustrative=plan.prices.illustrative,
            status=plan.status,
            ended=plan.search.ended if plan.search else None,
            monthly=plan.monthly,
            total_monthly=plan.cost,
            lower_bound=plan.lower_bound,
            gap=plan.gap,
            vms=sum(group.count for group in workload.vms),
            hosts=sum(cluster.hosts for cluster in plan.clusters),
            findings=findings,
        )

    def found(self, severity: str) -> int:
        """Return how many findings of a severity there are."""
        return sum(self.findings.get(severity, {}).values())


class Outcome(Frozen):
    """What became of one workload: figures when there is a plan, else faults, and the exit status `size` would have.

    `key` is the hash of all that it follows from, `files` are the SHA-256 of what was written, by name.
    """

    schema_name: Literal["cloudplan/batch-outcome/v1"] = Field(default=OUTCOME_SCHEMA, alias="schema")
    name: str
    key: str
    exit_status: int = 0
    figures: Figures | None = None
    faults: tuple[str, ...] = ()
    seconds: float = 0.0
    files: dict[str, str] = Field(default_factory=dict)

    @property
    def lasting(self) -> bool:
        """Whether the same inputs come to the same again: a plan, bad input, no plan; not a machine that failed."""
        return self.exit_status != InternalError.exit_status

    @classmethod
    def failed(cls, name: str, key: str, error: CloudplanError, seconds: float = 0.0) -> "Outcome":
        """Return that of a workload without a plan."""
        faults = tuple(map(str, error.faults))
        return cls(name=name, key=key, exit_status=error.exit_status, faults=faults, seconds=seconds)


def totals(outcomes: Sequence[Outcome]) -> Mapping[str, Decimal]:
    """Return what all plans cost a month together, by currency."""
    found: dict[str, Decimal] = {}
    for each in outcomes:
        if each.figures:
            found[each.figures.currency] = found.get(each.figures.currency, Decimal(0)) + each.figures.total_monthly
    return dict(sorted(found.items()))


def plain(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain values."""
    made: dict[str, Any] = outcome.model_dump(mode="json", by_alias=True)
    return made
