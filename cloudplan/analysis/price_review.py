"""What a price book says about an edition of the catalogue, and what two price books differ in."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import zip_longest
from typing import Any, Literal

from pydantic import Field

from cloudplan.base.errors import BadInputError
from cloudplan.base.money import CENT, EXACT
from cloudplan.base.schema import Frozen
from cloudplan.catalog.edition import REGION_PLACEHOLDER, Edition, Item, in_any_region
from cloudplan.evaluation.findings import book_findings
from cloudplan.plan.plan import Finding
from cloudplan.plan.wording import finding_text
from cloudplan.prices.book import Discount, PriceBook, Prices, labels, sold, spellings
from cloudplan.prices.licences import Licence


class _Document(Frozen):
    """A document that is printed as JSON."""

    def values(self) -> dict[str, Any]:
        """Return the document as plain values."""
        return self.model_dump(mode="json", by_alias=True)


class BookRef(Frozen):
    """A price book, without its prices."""

    name: str
    currency: str
    illustrative: bool
    valid_from: date | None
    valid_until: date | None
    sha256: str

    @classmethod
    def of(cls, book: PriceBook) -> "BookRef":
        """Return the reference of a book."""
        return cls.model_validate({name: getattr(book, name) for name in cls.model_fields})


# --- a book and an edition ---------------------------------------------------------------------------------------


class Unpriced(Frozen):
    """A SKU of the edition that the book does not price, with the group it belongs to."""

    group: str
    sku: str
    label: str


class OtherPrice(Frozen):
    """A price of a SKU that the edition does not have."""

    sku: str
    label: str
    price: Decimal


class Spelling(Frozen):
    """One of several spellings of a SKU that are priced differently; one of them counts."""

    sku: str
    spelled: str
    price: Decimal
    counts: bool


class DiscountUse(Discount):
    """A discount with the SKUs of the book that it matches."""

    skus: tuple[str, ...]


class PriceCheck(_Document):
    """The report on a price book, version 1."""

    schema_name: Literal["cloudplan/prices-check/v1"] = Field(default="cloudplan/prices-check/v1", alias="schema")
    book: BookRef
    edition: str
    priced: int
    unpriced: tuple[Unpriced, ...]
    other: tuple[OtherPrice, ...]
    spellings: tuple[Spelling, ...]
    discounts: tuple[DiscountUse, ...]
    licences: dict[str, Licence]
    findings: tuple[Finding, ...]


def check(book: PriceBook, edition: Edition, on: date | None = None) -> PriceCheck:
    """Compare a price book with what an edition sells; `on` is a date on which the prices ought to be valid."""
    applied = [Prices(book, region, 1) for region in edition.regions]
    unpriced = tuple(
        Unpriced(group=group, sku=item.sku, label=item.label)
        for group, item in grouped(edition)
        if not any(prices.offer(item) for prices in applied)
    )
    here, names = sold(edition), labels(book.items, edition)
    other = tuple(
        OtherPrice(sku=sku, label=names.get(sku, ""), price=price)
        for sku, price in book.items.items()
        if in_any_region(sku, REGION_PLACEHOLDER) not in here
    )
    differing = tuple(dict.fromkeys(spelling for prices in applied for spelling in _differing(prices, edition)))
    discounts = tuple(_use(discount, book, edition) for discount in book.discounts)
    return PriceCheck(
        book=BookRef.of(book),
        edition=edition.edition,
        priced=len(book.items),
        unpriced=unpriced,
        other=other,
        spellings=differing,
        discounts=discounts,
        licences=dict(book.licences),
        findings=tuple(_findings(book, on, differing, discounts)),
    )


def grouped(edition: Edition) -> Iterator[tuple[str, Item]]:
    """Yield every item of an edition with the group it is listed in, in the order of the bill of materials."""
    groups = {item.sku: "Blades" for item in edition.blades.values()}
    groups |= {edition.services.memory.sku: "Memory"}
    groups |= {item.sku: "Storage classes" for item in edition.storage_classes.values()}
    groups |= {item.sku: "Extras" for item in edition.extras.values()}
    for item in edition.items():
        yield groups.get(item.sku, "Services"), item


def _differing(prices: Prices, edition: Edition) -> Iterator[Spelling]:
    for item in edition.items():
        spelled = prices.spelled(item)
        if len(set(spelled.values())) > 1:
            for at, (key, price) in enumerate(spelled.items()):
                yield Spelling(sku=item.sku, spelled=key, price=price, counts=at == 0)


def _use(discount: Discount, book: PriceBook, edition: Edition) -> DiscountUse:
    skus = [sku for sku in book.items if any(discount.matches(spellings(sku, region)) for region in edition.regions)]
    return DiscountUse(**discount.model_dump(), skus=tuple(skus))


def _findings(
    book: PriceBook, on: date | None, differing: tuple[Spelling, ...], discounts: tuple[DiscountUse, ...]
) -> Iterator[Finding]:
    yield from book_findings(book, on)
    for spelling in differing:
        if spelling.counts:
            values = {"price": str(spelling.price), "spelled": spelling.spelled}
            yield _warning("alias-prices", spelling.sku, about="book", sku=spelling.sku, **values)
    for at, discount in enumerate(discounts):
        if not discount.skus:
            yield _warning("discount-matches-nothing", f"discounts[{at}]", match=discount.match)


def _warning(code: str, subject: str, *, about: str = "", **values: Any) -> Finding:
    text = finding_text(code, about, values)
    return Finding(severity="warning", code=code, subject=subject, message=text, values=values)


# --- two books ---------------------------------------------------------------------------------------------------


class FieldChange(Frozen):
    """A field of the book that differs, as text; None where it is not given."""

    field: str
    before: str | None
    after: str | None


class DiscountChange(Frozen):
    """A discount that differs: its percentage before and after, None where it is not there."""

    match: str
    min_term_months: int
    before: Decimal | None
    after: Decimal | None


class PriceChange(Frozen):
    """A price that differs; one that was added or removed has no difference. `percent` is rounded half up."""

    sku: str
    label: str
    before: Decimal | None
    after: Decimal | None
    difference: Decimal | None
    percent: Decimal | None


class PriceDiff(_Document):
    """The differences of two price books, version 1."""

    schema_name: Literal["cloudplan/prices-diff/v1"] = Field(default="cloudplan/prices-diff/v1", alias="schema")
    before: BookRef
    after: BookRef
    fields: tuple[FieldChange, ...]
    discounts: tuple[DiscountChange, ...]
    prices: tuple[PriceChange, ...]
    unchanged: int


def diff(before: PriceBook, after: PriceBook, edition: Edition | None = None) -> PriceDiff:
    """Return what differs between two price books in one currency; `edition` says first what SKUs are called.

    Raises BadInputError for books in two currencies.
    """
    if before.currency != after.currency:
        message = f"{before.name} is in {before.currency} and {after.name} in {after.currency}; they cannot be compared"
        raise BadInputError(message)
    names = labels([*before.items, *after.items], edition)
    prices = [
        _price_change(sku, names.get(sku, ""), before.items.get(sku), after.items.get(sku))
        for sku in dict.fromkeys([*before.items, *after.items])
        if before.items.get(sku) != after.items.get(sku)
    ]
    return PriceDiff(
        before=BookRef.of(before),
        after=BookRef.of(after),
        fields=tuple(_field_changes(before, after)),
        discounts=tuple(_discount_changes(before, after)),
        prices=tuple(prices),
        unchanged=sum(after.items.get(sku) == price for sku, price in before.items.items()),
    )


def _field_changes(before: PriceBook, after: PriceBook) -> Iterator[FieldChange]:
    """Yield the fields that differ, those of licences with the name of the licence before theirs."""
    old, new = (_fields(book) for book in (before, after))
    for field in dict.fromkeys([*old, *new]):
        if old.get(field) != new.get(field):
            texts = [None if value is None else _text(value) for value in (old.get(field), new.get(field))]
            yield FieldChange(field=field, before=texts[0], after=texts[1])


def _fields(book: PriceBook) -> dict[str, Any]:
    fields: dict[str, Any] = book.model_dump(mode="json", include={*BookRef.model_fields})
    for name, licence in book.licences.items():
        own = licence.model_dump(mode="json", exclude_none=True)
        fields |= {f"licences.{name}.{field}": value for field, value in own.items()}
    return fields


def _text(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _discount_changes(before: PriceBook, after: PriceBook) -> Iterator[DiscountChange]:
    """Yield the discounts that differ; those with one pattern and one term are compared with each other."""
    old, new = _percents(before), _percents(after)
    for match, term in dict.fromkeys([*old, *new]):
        gone = old.get((match, term), Counter()) - new.get((match, term), Counter())
        come = new.get((match, term), Counter()) - old.get((match, term), Counter())
        for was, now in zip_longest(sorted(gone.elements()), sorted(come.elements())):
            yield DiscountChange(match=match, min_term_months=term, before=was, after=now)


def _percents(book: PriceBook) -> dict[tuple[str, int], Counter[Decimal]]:
    percents: dict[tuple[str, int], Counter[Decimal]] = {}
    for discount in book.discounts:
        percents.setdefault((discount.match, discount.min_term_months), Counter())[discount.percent] += 1
    return percents


def _price_change(sku: str, label: str, before: Decimal | None, after: Decimal | None) -> PriceChange:
    difference = percent = None
    if before is not None and after is not None:
        difference = EXACT.subtract(after, before)
        percent = (difference * 100 / before).quantize(CENT, ROUND_HALF_UP) if before else None
    return PriceChange(sku=sku, label=label, before=before, after=after, difference=difference, percent=percent)
