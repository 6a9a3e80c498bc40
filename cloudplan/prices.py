"""The price book: what one unit costs a month, where it was written, and which discount applies.

Prices come from the user and never from the catalogue. A SKU is priced by its spelling in the edition, with the
region filled in or left as a placeholder; another spelling (alias) serves when that one is absent.
"""

import fnmatch
import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from cloudplan import money, yamlfile
from cloudplan.catalog import Edition, Item, in_any_region, in_region
from cloudplan.editions import catalog_folder, load_edition, other_skus
from cloudplan.editions import editions as shipped_editions
from cloudplan.errors import BadInputError, Fault
from cloudplan.schema import Date, Flag, Frozen, Name, closest, decimal_of, quantity, validate, whole

PRICE_PLACES = 6


def _price(value: Any) -> Decimal:
    found = decimal_of(value)
    if found is None or found < 0 or -int(found.as_tuple().exponent) > PRICE_PLACES:
        raise PydanticCustomError(
            "cloudplan", "{allowed}", {"allowed": f"a decimal number >= 0, at most {PRICE_PLACES} places"}
        )
    return found


Price = Annotated[Decimal, BeforeValidator(_price)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Discount(Frozen):
    """A discount on every SKU that matches, from a commitment of `min_term_months` on."""

    match: Name
    percent: Annotated[Decimal, quantity("a percentage", high="100")]
    min_term_months: Annotated[int, whole(1)] = 1


class PriceBook(Frozen):
    """Monthly unit prices by SKU, in one currency."""

    schema_name: Literal["cloudplan/prices/v1"] = Field(alias="schema")
    name: Name
    currency: Currency
    illustrative: Flag = False
    valid_from: Date | None = None
    valid_until: Date | None = None
    items: dict[str, Price] = Field(min_length=1)
    discounts: tuple[Discount, ...] = ()

    def canonical(self) -> dict[str, Any]:
        """Return the book as plain values, decimals as text: what is hashed and kept in a plan."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the canonical JSON of the book."""
        return canonical_sha256(self.canonical())


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
        full = in_region(sku, self.region)
        return full, in_any_region(full, self.region)

    def _find(self, item: Item) -> Offer | None:
        for sku in (item.sku, *item.aliases):
            keys = self.spellings(sku)
            price = next((self.book.items[key] for key in keys if key in self.book.items), None)
            if price is not None:
                share = self._discount(keys)
                return Offer(list_price=price, discount=share, unit_price=money.net(price, share))
        return None

    def _discount(self, keys: Iterable[str]) -> Decimal:
        """Return the largest discount that matches one of the spellings at this term, as a share."""
        shares = [
            money.EXACT.divide(discount.percent, Decimal(100))
            for discount in self.book.discounts
            if self.term_months >= discount.min_term_months
            and any(fnmatch.fnmatchcase(key, discount.match) for key in keys)
        ]
        return max(shares, default=Decimal(0))


def canonical_sha256(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON: sorted keys, no blanks, decimals as text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def load_prices(source: str | Path | Mapping[str, Any] | None = None) -> PriceBook:
    """Read a price book from a YAML file or from plain values; None is the shipped example, marked illustrative.

    Raises BadInputError with one fault for everything that is wrong.
    """
    if source is None:
        source = catalog_folder() / "prices" / "example-eur.yaml"
    document = yamlfile.document_of(source) if isinstance(source, Mapping) else yamlfile.read(Path(source))
    faults: list[Fault] = []
    if isinstance(document.tree, dict):
        document.tree = {key: value for key, value in document.tree.items() if value is not None or not _optional(key)}
    book = validate(PriceBook, document, faults)
    items = document.tree.get("items") if isinstance(document.tree, dict) else None
    if isinstance(items, dict):
        faults.extend(_unknown_skus(items, document))
    if book is not None and book.valid_from and book.valid_until and book.valid_until < book.valid_from:
        faults.append(document.fault(("valid_until",), "found a date before valid_from; allowed: valid_from or later"))
    if book is None or faults:
        raise BadInputError(faults)
    return book


def _optional(key: str) -> bool:
    """Return whether a field of a price book may be left empty."""
    field = PriceBook.model_fields.get(key)
    return field is not None and not field.is_required()


def _unknown_skus(items: Mapping[str, Any], document: yamlfile.Document) -> list[Fault]:
    known = known_skus()
    faults = []
    for sku in items:
        if sku not in known:
            meant = closest(sku, known)
            hint = f"; did you mean {meant!r}?" if meant else ""
            faults.append(document.fault(("items", sku), f"no edition knows the SKU {sku!r}{hint}", key=True))
    return faults


def known_skus() -> set[str]:
    """Return every SKU that an edition (or an older state of the catalogue) knows, in all its spellings."""
    known = set(other_skus())
    regions: set[str] = set()
    for name in shipped_editions():
        edition: Edition = load_edition(name)
        regions.update(edition.regions)
        for item in edition.items():
            known.update((item.sku, *item.aliases))
        known.update(item.sku for item in edition.withdrawn.values())
    full = {in_region(sku, region) for sku in known for region in regions}
    placeholders = {in_any_region(sku, region) for sku in full for region in regions}
    return known | full | placeholders
