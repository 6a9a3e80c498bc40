"""The price book: what one unit costs a month, where it was written, and which discount applies.

Prices come from the user and never from the catalogue. A SKU is priced by its spelling in the edition, with the
region filled in or left as a placeholder; another spelling (alias) serves when that one is absent.
"""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cloudplan.base import kinds, limits, money, yamlfile
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.hashing import canonical_sha256
from cloudplan.base.schema import (
    Date,
    Flag,
    Frozen,
    Name,
    closest,
    quantity,
    refused,
    short,
    validate,
    whole,
)
from cloudplan.catalog.edition import REGION_PLACEHOLDER, Edition, Item, in_any_region, in_region
from cloudplan.catalog.loading import catalog_folder, load_edition, other_skus
from cloudplan.catalog.loading import editions as shipped_editions
from cloudplan.prices import excel
from cloudplan.prices.licences import Licence, licence_faults
from cloudplan.prices.price import Price

PricesSchema = Literal["cloudplan/prices/v1"]
PRICES_SCHEMA: PricesSchema = "cloudplan/prices/v1"


def _not_empty(value: Any) -> Any:
    if value is None or value == {}:
        raise refused("at least one SKU with a price")
    return value


_Items = Annotated[dict[str, Price | None], Field(min_length=1)]
"""What a file has: a SKU without a price is one that is not priced."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Discount(Frozen):
    """A discount on every SKU that matches, from a commitment of `min_term_months` on."""

    match: Name
    percent: Annotated[Decimal, quantity("a percentage", high="100")]
    min_term_months: Annotated[int, whole(1)] = 1

    def matches(self, spellings: Iterable[str]) -> bool:
        """Return whether the pattern matches one of the spellings of a SKU."""
        return any(fnmatch.fnmatchcase(sku, self.match) for sku in spellings)


class PriceBook(Frozen):
    """Monthly unit prices by SKU, in one currency, and the licences of others."""

    schema_name: PricesSchema = Field(alias="schema")
    name: Name
    currency: Currency
    illustrative: Flag = False
    valid_from: Date | None = None
    valid_until: Date | None = None
    items: Annotated[dict[str, Price], BeforeValidator(_not_empty, json_schema_input_type=_Items)]
    discounts: tuple[Discount, ...] = ()
    licences: dict[Name, Licence] = Field(default_factory=dict)

    def __repr__(self) -> str:
        marked = ", illustrative" if self.illustrative else ""
        return f"<PriceBook {self.name!r}: {len(self.items)} prices in {self.currency}{marked}>"

    def valid_on(self, day: date) -> bool:
        """Return whether a day lies within the dates of the book."""
        return (self.valid_from or day) <= day <= (self.valid_until or day)

    def canonical(self) -> dict[str, Any]:
        """Return the book as plain values, decimals as text: what is hashed and kept in a plan.

        Licences came after the first plans, and are left out where there are none, so that hashes stay.
        """
        tree = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        if not tree["licences"]:
            del tree["licences"]
        return tree

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON of the book."""
        return canonical_sha256(self.canonical())

    @cached_property
    def without_licences_sha256(self) -> str:
        """The same, without the licences of others."""
        return canonical_sha256({name: value for name, value in self.canonical().items() if name != "licences"})


class Offer(Frozen):
    """What one unit of a SKU costs a month: list price, discount as a share, net price; all exact."""

    list_price: Decimal
    discount: Decimal
    unit_price: Decimal


class Prices:
    """A price book applied to an edition, a region and a term: the offers by SKU."""

    def __init__(self, book: PriceBook, region: str, term_months: int):
        self.book = book
        self.region = region
        self.term_months = term_months
        self._offers: dict[str, Offer | None] = {}

    def offer(self, item: Item) -> Offer | None:
        """Return the offer for an item, or None when the book does not price it."""
        if item.sku not in self._offers:
            self._offers[item.sku] = self._find(item)
        return self._offers[item.sku]

    def net(self, item: Item) -> Decimal:
        """Return the net monthly price of one unit of an item that is on offer."""
        offer = self.offer(item)
        if offer is None:
            raise KeyError(item.sku)
        return offer.unit_price

    def spellings(self, sku: str) -> tuple[str, str]:
        """Return the keys that may price a SKU, the one with its region first."""
        return spellings(sku, self.region)

    def spelled(self, item: Item) -> dict[str, Decimal]:
        """Return what each spelling of an item costs, as it stands in the book; the first one counts."""
        return {
            key: self.book.items[key]
            for sku in item.skus
            for key in self._keys.get(in_region(sku, self.region), [])[:1]
        }

    @cached_property
    def _keys(self) -> dict[str, list[str]]:
        """The keys of the book by the SKU that they price, the one with its region before the placeholder."""
        keys: dict[str, list[str]] = {}
        for key in sorted(self.book.items, key=self._rank):
            keys.setdefault(in_region(key, self.region), []).append(key)
        return keys

    def _rank(self, key: str) -> tuple[bool, bool]:
        return in_region(key, self.region) != key, REGION_PLACEHOLDER not in key

    def _find(self, item: Item) -> Offer | None:
        for key, price in self.spelled(item).items():
            share = self._discount(self.spellings(key))
            return Offer(list_price=price, discount=share, unit_price=money.net(price, share))
        return None

    def _discount(self, keys: Iterable[str]) -> Decimal:
        """Return the largest discount that matches one of the spellings at this term, as a share."""
        shares = [
            money.EXACT.divide(discount.percent, Decimal(100))
            for discount in self.book.discounts
            if self.term_months >= discount.min_term_months and discount.matches(keys)
        ]
        return max(shares, default=Decimal(0))


def spellings(sku: str, region: str) -> tuple[str, str]:
    """Return the two spellings of a SKU: with its region filled in, and with the placeholder."""
    full = in_region(sku, region)
    return full, in_any_region(full, region)


def load_prices(source: str | Path | Mapping[str, Any] | None = None, edition: Edition | None = None) -> PriceBook:
    """Read a price book from a YAML file, an Excel workbook or plain values; None is the example, marked illustrative.

    The SKUs of `edition`, which may be one's own, are known beside those of the editions that ship. Raises
    BadInputError with one fault for everything that is wrong.
    """
    return book_of(_document(source), edition)


def book_of(document: yamlfile.Document, edition: Edition | None = None) -> PriceBook:
    """Return the price book that a document is; raise BadInputError as `load_prices` does."""
    faults: list[Fault] = []
    if isinstance(document.tree, dict):
        document.tree = {key: value for key, value in document.tree.items() if value is not None or not _optional(key)}
        items = document.tree.get("items")
        if isinstance(items, dict):
            document.tree["items"] = {sku: price for sku, price in items.items() if price is not None} or None
            faults.extend(_unknown_skus(document, edition))
    book = validate(PriceBook, document, faults)
    if isinstance(document.tree, dict):
        faults.extend(licence_faults(document))
    if book is not None and book.valid_from and book.valid_until and book.valid_until < book.valid_from:
        faults.append(document.fault(("valid_until",), "found a date before valid_from; allowed: valid_from or later"))
    if book is None or faults:
        raise BadInputError(faults)
    return book


def _document(source: str | Path | Mapping[str, Any] | None) -> yamlfile.Document:
    if source is None:
        source = catalog_folder() / "prices" / "example-eur.yaml"
    if isinstance(source, Mapping):
        return yamlfile.document_of(source)
    path = Path(source)
    return excel.read(path) if excel.is_workbook(path) else kinds.document(path, kinds.PRICES)


def _optional(key: str) -> bool:
    """Return whether a field of a price book may be left empty."""
    field = PriceBook.model_fields.get(key)
    return field is not None and not field.is_required()


# --- the SKUs that may be priced ---------------------------------------------------------------------------------


def labels(skus: Iterable[str], edition: Edition | None = None) -> dict[str, str]:
    """Return what SKUs are called, for those that are known: in `edition`, in one that ships, or in an older state."""
    found: dict[str, str] = {}
    left = {sku: in_any_region(sku, REGION_PLACEHOLDER) for sku in skus}  # the placeholder in its usual spelling
    for named in _labels(edition):
        found.update({sku: named[spelled] for sku, spelled in left.items() if spelled in named})
        left = {sku: spelled for sku, spelled in left.items() if sku not in found}
        if not left:
            break
    return found


def known_skus(edition: Edition | None = None) -> set[str]:
    """Return every SKU that an edition (or an older state of the catalogue) knows, in all its spellings."""
    return {sku for named in _labels(edition) for sku in named}


def _unknown_skus(document: yamlfile.Document, edition: Edition | None) -> list[Fault]:
    skus = document.tree["items"] or {}
    known = labels(skus, edition)
    unknown = [sku for sku in skus if sku not in known]
    everything = known_skus(edition) if unknown else set()
    faults = []
    for number, sku in enumerate(unknown):
        meant = closest(sku, everything) if number < limits.SUGGESTIONS else None
        words = f"no edition knows the SKU {short(sku)}" + (f"; did you mean {meant!r}?" if meant else "")
        faults.append(document.fault(("items", sku), Fault(words, found=sku, suggestion=meant), key=True))
    return faults


def _labels(edition: Edition | None) -> Iterator[dict[str, str]]:
    """Yield what SKUs are called in all their spellings: in `edition`, in what ships, newest first, in older states."""
    if edition is not None:
        yield sold(edition)
    regions: set[str] = set()
    for name in reversed(shipped_editions()):
        shipped = load_edition(name)
        regions.update(shipped.regions)
        yield sold(shipped)
    yield {key: label for sku, label in other_skus().items() for region in regions for key in spellings(sku, region)}


def sold(edition: Edition) -> dict[str, str]:
    """Return what the SKUs of an edition are called, by all their spellings, those that are withdrawn included."""
    items = [(sku, item.label) for item in edition.items() for sku in item.skus]
    items += [(item.sku, item.label) for item in edition.withdrawn.values()]
    return {key: label for sku, label in items for region in edition.regions for key in spellings(sku, region)}
