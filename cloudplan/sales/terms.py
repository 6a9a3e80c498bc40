"""The terms of a quote: who offers what to whom, until when, at which discount and tax. Never read from the clock."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from cloudplan.base import kinds, money, yamlfile
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import Date, Flag, Frozen, Name, quantity, validate, whole
from cloudplan.workload.workload import Contact

LINES_MAX = 200

Amount = Annotated[Decimal, quantity("an amount", high="1000000000")]
Quantity = Annotated[Decimal, quantity("a quantity", high="1000000000", above=True)]
Rate = Annotated[Decimal, quantity("a share", high="1")]


class Party(Frozen):
    """Who offers, or who is offered to; `registration` is a SIREN, `vat_number` the number for value-added tax."""

    name: Name | None = None
    address: Name | None = None
    registration: Name | None = None
    vat_number: Name | None = None
    contact: Contact | None = None


class ExtraLine(Frozen):
    """A line beside the plan: `included` counts in the totals, `optional` and `alternative` do not.

    `unit_price` is net, without tax, a month, or once when `one_off`; the commercial discount does not touch it.
    `vat_rate` is that of the terms where the line has none.
    """

    label: Name
    kind: Literal["included", "optional", "alternative"] = "included"
    one_off: Flag = False
    quantity: Quantity = Decimal(1)
    unit: Name = "unit"
    unit_price: Amount
    vat_rate: Rate | None = None

    @property
    def total(self) -> Decimal:
        """Quantity x unit price, rounded half up to the cent."""
        return money.line(self.quantity, self.unit_price)


class Terms(Frozen):
    """The terms of a quote, version 1. `discount` is commercial, on every line of the plan; shares, not per cent."""

    schema_name: Literal["cloudplan/terms/v1"] = Field(default="cloudplan/terms/v1", alias="schema")
    number: Name | None = None
    revision: Annotated[int, whole(0, 10_000)] = 0
    reference: Name | None = None
    issued: Date | None = None
    valid_until: Date | None = None
    issuer: Party = Party()
    customer: Party | None = None
    discount: Rate = Decimal(0)
    vat_rate: Rate = Decimal("0.2")
    billing: Name | None = None
    payment: Name | None = None
    mentions: tuple[Name, ...] = ()
    lines: tuple[ExtraLine, ...] = Field(default=(), max_length=LINES_MAX)


def read_terms(source: str | Path | Mapping[str, Any]) -> Terms:
    """Read terms from a YAML file or from plain values; raise BadInputError with one fault for all that is wrong."""
    document = (
        yamlfile.document_of(source) if isinstance(source, Mapping) else kinds.document(Path(source), kinds.TERMS)
    )
    document.tree = yamlfile.without_nulls(document.tree)
    faults: list[Fault] = []
    terms = validate(Terms, document, faults)
    if terms and terms.issued and terms.valid_until and terms.valid_until < terms.issued:
        message = f"found {terms.valid_until}; allowed: the day of issue, {terms.issued}, or later"
        faults.append(document.fault(("valid_until",), message))
    if terms is None or faults:
        raise BadInputError(faults)
    return terms


def with_dates(terms: Terms, issued: date | None, valid_until: date | None) -> Terms:
    """Return terms with dates that were given apart; those win."""
    given = {"issued": issued, "valid_until": valid_until}
    return terms.model_copy(update={name: day for name, day in given.items() if day})
