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
from cloudplan.sales.letterhead import Letterhead, read_logo
from cloudplan.workload.workload import Contact

LINES_MAX = 200

Amount = Annotated[Decimal, quantity("an amount", high="1000000000")]
Quantity = Annotated[Decimal, quantity("a quantity", high="1000000000", above=True)]
Rate = Annotated[Decimal, quantity("a share", high="1")]


class Party(Frozen):
    """Who offers, or who is offered to, as the letters of a company name it (French code de commerce, R123-237, -238).

    `registration` is a SIREN or SIRET, `trade_register` the register with the number in it (RCS Paris 000 000 000),
    `vat_number` the number for value-added tax.
    """

    name: Name | None = None
    legal_form: Name | None = None
    capital: Name | None = None
    address: Name | None = None
    trade_register: Name | None = None
    registration: Name | None = None
    vat_number: Name | None = None
    contact: Contact | None = None


class Customer(Party):
    """Who is offered to. A `public` buyer has a term of payment of its own, in days, and references for invoices.

    `commitment` is the number of the engagement, `service_code` that of the service, as French buyers name them.
    """

    kind: Literal["company", "public"] = "company"
    payment_days: Annotated[int, whole(1, 60)] | None = None
    commitment: Name | None = None
    service_code: Name | None = None

    @property
    def is_public(self) -> bool:
        """Whether the buyer is a hospital, an administration or the like, under the rules of public procurement."""
        return self.kind == "public"


class Conditions(Frozen):
    """Conditions in the words of who offers; what is left out is not said, but for what the law says by itself.

    `late_interest` is the rate of interest for late payment, `start` a day or an event.
    """

    late_interest: Name | None = None
    early_payment: Name | None = None
    service_level: Name | None = None
    delivery: Name | None = None
    start: Name | None = None
    renewal: Name | None = None
    price_revision: Name | None = None
    general_terms: Name | None = None


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
    subject: Name | None = None
    issued: Date | None = None
    valid_until: Date | None = None
    letterhead: Letterhead = Letterhead()
    issuer: Party = Party()
    customer: Customer | None = None
    discount: Rate = Decimal(0)
    vat_rate: Rate = Decimal("0.2")
    billing: Name | None = None
    payment: Name | None = None
    conditions: Conditions = Conditions()
    mentions: tuple[Name, ...] = ()
    lines: tuple[ExtraLine, ...] = Field(default=(), max_length=LINES_MAX)


def read_terms(source: str | Path | Mapping[str, Any]) -> Terms:
    """Read terms from a YAML file or from plain values; raise BadInputError with one fault for all that is wrong.

    The file of a logo is read too, from the folder of the terms.
    """
    document = (
        yamlfile.document_of(source) if isinstance(source, Mapping) else kinds.document(Path(source), kinds.TERMS)
    )
    document.tree = yamlfile.without_nulls(document.tree)
    faults: list[Fault] = []
    _take_logo(document, Path() if isinstance(source, Mapping) else Path(source).parent, faults)
    terms = validate(Terms, document, faults)
    faults += _of_customer(terms, document) if terms else []
    if terms and terms.issued and terms.valid_until and terms.valid_until < terms.issued:
        message = f"found {terms.valid_until}; allowed: the day of issue, {terms.issued}, or later"
        faults.append(document.fault(("valid_until",), message))
    if terms is None or faults:
        raise BadInputError(faults)
    return terms


def _take_logo(document: yamlfile.Document, folder: Path, faults: list[Fault]) -> None:
    """Put the image in the place of the name of its file; a fault is added, and the name goes."""
    head = document.tree.get("letterhead") if isinstance(document.tree, dict) else None
    if not isinstance(head, dict) or not isinstance(head.get("logo"), str):
        return
    head = dict(head)
    try:
        head["logo"] = read_logo(head["logo"], folder)
    except BadInputError as error:
        faults += [document.fault(("letterhead", "logo"), fault) for fault in error.faults]
        del head["logo"]
    document.tree = {**document.tree, "letterhead": head}


def _of_customer(terms: Terms, document: yamlfile.Document) -> list[Fault]:
    """Return what contradicts the kind of the customer."""
    customer = terms.customer or Customer()
    if customer.is_public:
        return []
    return [
        document.fault(("customer", name), "allowed only with kind: public")
        for name in ("payment_days", "commitment", "service_code")
        if getattr(customer, name) is not None
    ]


def lacking(terms: Terms) -> tuple[str, ...]:
    """Return the fields that a quote in France has, and these terms lack, by their place in the file.

    Number and date, and what a company names on its papers (code de commerce, R123-237 and R123-238); a public buyer is
    sent invoices by its SIRET.
    """
    issuer, customer = terms.issuer, terms.customer or Customer()
    given = {
        **{"number": terms.number, "issued": terms.issued, "issuer.name": issuer.name},
        **{"issuer.legal_form": issuer.legal_form, "issuer.address": issuer.address},
        "issuer.trade_register": issuer.trade_register or issuer.registration,
        "customer.registration": customer.registration or not customer.is_public,
    }
    return tuple(name for name, value in given.items() if not value)


def with_dates(terms: Terms, issued: date | None, valid_until: date | None) -> Terms:
    """Return terms with dates that were given apart; those win."""
    given = {"issued": issued, "valid_until": valid_until}
    return terms.model_copy(update={name: day for name, day in given.items() if day})
