"""The document of a roadmap: the plan of each phase, what changes from one to the next, and what all cost together."""

import hashlib
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from cloudplan.base.files import json_text
from cloudplan.base.schema import Frozen
from cloudplan.base.units import month_number, month_text
from cloudplan.base.views import Pictured
from cloudplan.plan.plan import (
    MOST_GAP,
    Amount,
    CatalogRef,
    Change,
    Count,
    Finding,
    Inputs,
    Plan,
    PricesRef,
    Search,
    WorkloadRef,
)

ROADMAP_SCHEMA: Literal["cloudplan/roadmap/v1"] = "cloudplan/roadmap/v1"


class RoadmapPhase(Frozen):
    """The months from an order date to the next: the plan for them, and what it changes.

    `moved` are the VMs that stand on another cluster than in the phase before. `owed_after` is what the orders of the
    phase still owe after the horizon, at the provider, under the term of the workload.
    """

    from_: str = Field(alias="from")
    months: Count
    plan: Plan
    changes: tuple[Change, ...]
    moved: Count
    owed_after: Amount

    @property
    def last(self) -> str:
        """The last month, YYYY-MM."""
        return month_text(month_number(self.from_) + self.months - 1)

    @property
    def cost(self) -> Decimal:
        """What all its months cost together."""
        return self.plan.cost * self.months


class Roadmap(Pictured, Frozen):
    """The roadmap document, version 1; amounts are for the whole horizon.

    `owed_after` is told beside the total and no part of it.
    """

    schema_name: Literal["cloudplan/roadmap/v1"] = Field(default=ROADMAP_SCHEMA, alias="schema")
    program: str
    workload: WorkloadRef
    catalog: CatalogRef
    prices: PricesRef
    inputs: Inputs
    start: str
    months: Count
    phases: tuple[RoadmapPhase, ...] = Field(min_length=1)
    total: Amount
    lower_bound: Amount
    gap: Annotated[float, Field(ge=-MOST_GAP, le=MOST_GAP, allow_inf_nan=False)]
    status: Literal["optimal", "feasible"]
    search: Search | None = None
    owed_after: Amount
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        cost = f"{self.total} {self.prices.currency} in {self.months} months from {self.start}"
        return f"<Roadmap {self.workload.name!r}: {cost}, {self.status}; {len(self.phases)} phases>"

    @property
    def lines(self) -> int:
        """The lines that were rounded to cents, each as often as it is paid."""
        return sum(phase.months * phase.plan.lines for phase in self.phases)

    @property
    def sha256(self) -> str:
        """SHA-256 of the document as `to_json` has it: that of the file which `roadmap` writes."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return the document as JSON text; the same roadmap gives the same bytes."""
        return json_text(self.model_dump(mode="json", by_alias=True))

    def phase_at(self, month: str | None) -> RoadmapPhase:
        """Return the phase that contains a month, YYYY-MM; the last one where none does, or no month is given."""
        found = (phase for phase in self.phases if month and phase.from_ <= month <= phase.last)
        return next(found, self.phases[-1])
