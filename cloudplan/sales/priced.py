"""The priced document: what every file of a quote carries, and what the quote is made again from.

It is the plan at the prices that its reader may know, the terms, who reads it, and what it changes of the quote before.
Its hash is the fingerprint of the quote, in whatever format and language.
"""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from cloudplan.base.hashing import canonical_sha256
from cloudplan.base.schema import Frozen, refused
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.sales.net import filled_in, left_out
from cloudplan.sales.revision import Revision
from cloudplan.sales.terms import Terms
from cloudplan.sales.whatifs import WhatIfs

Audience = Literal["customer", "internal"]
"""Who reads a quote: the customer gets no list prices, no discounts and nothing of the proof."""
SHORT, GROUP = 20, 4
"""How many digits of the hash a fingerprint has, and how many stand together."""


class Priced(Frozen):
    """The priced document, version 1.

    `program` is the one that made the quote, which may be another than that of the plan; `plan_sha256` is the hash of
    the plan as `size` wrote it, with all that a customer does not read. Of a roadmap the plan is that of the first
    phase, which is not written twice, and the hash is that of the roadmap.
    """

    schema_name: Literal["cloudplan/quote/v1"] = Field(default="cloudplan/quote/v1", alias="schema")
    program: str
    audience: Audience
    plan_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    terms: Terms
    plan: Plan
    revision: Revision | None = None
    whatifs: WhatIfs | None = None
    roadmap: Roadmap | None = None

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, values: Any) -> Any:
        """Fill in what a customer's document does not have, and the first plan of a roadmap."""
        if not isinstance(values, dict):
            return values
        whole = filled_in(values) if values.get("audience") == "customer" else values
        return _with_first_plan(whole)

    def tree(self) -> dict[str, Any]:
        """Return the document as plain values, without what was not given and what a customer's does not have."""
        made = self.model_dump(mode="json", by_alias=True)
        values = {name: value for name, value in made.items() if value is not None}
        if self.roadmap:
            first, *later = values["roadmap"]["phases"]
            first = {name: value for name, value in first.items() if name != "plan"}
            values["roadmap"] = {**values["roadmap"], "phases": [first, *later]}
        return left_out(values) if self.audience == "customer" else values

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON of the document."""
        return canonical_sha256(self.tree())

    @property
    def fingerprint(self) -> str:
        """The first digits of the hash, in groups, as they are printed."""
        return "-".join(self.sha256[start : start + GROUP] for start in range(0, SHORT, GROUP))


def _with_first_plan(values: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of a document with the plan in the first phase of its roadmap; others stay as they are.

    Raises PydanticCustomError where one stands there already.
    """
    try:
        roadmap = values["roadmap"]
        first, *later = roadmap["phases"]
        stands = "plan" in first
        whole = {**values, "roadmap": {**roadmap, "phases": [{**first, "plan": values["plan"]}, *later]}}
    except (KeyError, TypeError, ValueError, AttributeError):
        return values
    if stands:
        raise refused("a roadmap without the plan of its first phase, which is that of the quote")
    return whole
