"""The tables of price books: a template to fill in, the report on a book, the differences of two."""

from collections.abc import Iterator
from decimal import Decimal

from cloudplan.analysis.price_review import BookRef, PriceCheck, PriceDiff, grouped
from cloudplan.base.language import Message, counted, known, message
from cloudplan.catalog.edition import Blade, Edition, Item
from cloudplan.presentation.tables import third_party
from cloudplan.presentation.tables.plan import about, told
from cloudplan.presentation.tables.table import Cell, Column, Kind, Notes, Report, Table
from cloudplan.prices.book import Discount, PriceBook, labels, spellings
from cloudplan.prices.excel import COMMITMENT, DISCOUNTS, GROUP, ITEM, LICENCE, LICENCES, PRICE, SKU, UNIT
from cloudplan.prices.licences import Licence

OTHER_SKUS = "Other SKUs"
EFFECTS = {
    "Blades": "not on offer",
    "Memory": "blades activate only what they include",
    "Storage classes": "not on offer",
    "Services": "a plan that needs it is refused",
    "Extras": "a workload that asks for it is refused",
}
"""What it means that a SKU of a group has no price."""


# --- the template ------------------------------------------------------------------------------------------------


def template(edition: Edition, book: PriceBook | None = None) -> Table:
    """Return a row for each SKU of an edition, with the price in a book, and below for each other SKU of the book.

    A SKU that the book prices for another set of regions only has those rows instead of its own.
    """
    left = dict(book.items) if book else {}
    rows: list[tuple[Cell, ...]] = []
    for group, item in grouped(edition):
        labelled = {item.sku: item.label}
        labelled |= {sku: f"{item.label}, {where}" for sku, where in _regional(item, edition).items()}
        for sku in [sku for sku in labelled if sku in left] or [item.sku]:
            rows.append((group, sku, labelled[sku], _unit(item), item.min_term_months, left.pop(sku, None)))
    named = labels(left, edition)
    rows += [(OTHER_SKUS, sku, named.get(sku), None, None, price) for sku, price in left.items()]
    columns = (
        *(Column(name) for name in (GROUP, SKU, ITEM, UNIT)),
        Column(COMMITMENT, "whole"),
        Column(PRICE, "price"),
    )
    return Table("Prices", columns, tuple(rows))


def _regional(item: Item, edition: Edition) -> dict[str, str]:
    """Return the other spellings of an item's SKU with which regions they are for."""
    regional: dict[str, str] = {}
    for region in edition.regions:
        full, anywhere = spellings(item.sku, region)
        if full != anywhere:
            regional |= {full: f"region {region} only", anywhere: "any region"}
    return {sku: where for sku, where in regional.items() if sku != item.sku}


def _unit(item: Item) -> str:
    return "blade" if isinstance(item, Blade) else str(getattr(item, "unit", ""))


def template_discounts(book: PriceBook | None) -> Table:
    """Return the discounts of a book."""
    rows = tuple((item.match, item.percent, item.min_term_months) for item in book.discounts) if book else ()
    kinds: tuple[Kind, ...] = ("text", "decimal", "whole")
    columns = tuple(Column(name, kind) for name, kind in zip(DISCOUNTS, kinds, strict=True))
    return Table("Discounts", columns, rows)


def template_licences(book: PriceBook | None) -> Table:
    """Return the licences of others in a book."""
    kinds: tuple[Kind, ...] = ("text", "text", "price", "decimal", "whole", "text", "text", "text")
    columns = (Column(LICENCE), *(Column(name, kind) for name, kind in zip(LICENCES, kinds, strict=True)))
    rows = tuple(_licence(name, licence) for name, licence in book.licences.items()) if book else ()
    return Table("Licences", columns, rows)


def _licence(name: str, licence: Licence) -> tuple[Cell, ...]:
    values = licence.model_dump() | {"standby": str(licence.standby).lower()}
    return (name, *(values[field] for field in LICENCES.values()))


# --- the report on a book ----------------------------------------------------------------------------------------


def check(found: PriceCheck) -> Report:
    """Return the report on a price book."""
    book = found.book
    summary = (
        message(
            "{prices} in {currency}; {validity}.",
            prices=_prices(found.priced),
            currency=book.currency,
            validity=_validity(book),
        ),
        f"SHA-256 {book.sha256}.",
        message(
            "Compared with edition {edition:day}: {skus} without a price, {prices} of SKUs that it does not have.",
            edition=found.edition,
            skus=_skus(len(found.unpriced)),
            prices=_prices(len(found.other)),
        ),
    )
    tables = (_licences(found), *_unpriced(found), _spellings(found), _other(found))
    tables = tuple(table for table in tables if table.rows)
    return Report(message("Price book {name}", name=book.name), summary, (_findings(found), _discounts(found), *tables))


def _prices(count: int) -> Message:
    return counted("{count:n} price", "{count:n} prices", count)


def _skus(count: int) -> Message:
    return counted("{count:n} SKU", "{count:n} SKUs", count)


def _validity(book: BookRef) -> Message:
    start, end = book.valid_from, book.valid_until
    if start and end:
        return message("valid from {start:day} until {end:day}", start=start, end=end)
    if start:
        return message("valid from {start:day}", start=start)
    return message("valid until {end:day}", end=end) if end else message("valid without dates")


def _findings(found: PriceCheck) -> Notes:
    return Notes(
        "Warnings",
        tuple(
            (message("{code}, {subject}", code=item.code, subject=about(item)), told(item)) for item in found.findings
        ),
    )


def _discounts(found: PriceCheck) -> Notes:
    """Return the discounts, each with the SKUs that it matches."""
    entries = tuple(
        (
            _discount(item),
            message("{skus}: {names}", skus=_skus(len(item.skus)), names=", ".join(item.skus))
            if item.skus
            else message("No SKU."),
        )
        for item in found.discounts
    )
    return Notes("Discounts and what they match", entries)


def _discount(item: Discount) -> Message:
    values = {"match": item.match, "percent": item.percent, "months": item.min_term_months}
    if item.min_term_months > 1:
        return message("{match}: {percent:n12} % from {months:n} months on", **values)
    return message("{match}: {percent:n12} %", **values)


def _unpriced(found: PriceCheck) -> Iterator[Table]:
    """Yield the SKUs without a price, a table for each group."""
    for group, effect in EFFECTS.items():
        rows = tuple((item.sku, known(item.label)) for item in found.unpriced if item.group == group)
        title = message("{group:w} without a price", group=group)
        note = message("Effect: {effect:w}.", effect=effect)
        yield Table(title, (Column("SKU"), Column("Item")), rows, note)


def _licences(found: PriceCheck) -> Table:
    """Return the licences of third parties, each with its price and how its units are counted."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            *(name, known(licence.label) if licence.label else None, licence.price, third_party.UNITS[licence.per]),
            *(licence.factor, licence.minimum, SCOPES.get(licence.scope or ""), _standby(licence), licence.source),
        )
        for name, licence in found.licences.items()
    )
    columns = (
        *(Column(LICENCE), Column("Label"), Column(PRICE, "price", found.book.currency), Column("Unit")),
        *(
            Column("Factor", "quantity"),
            Column("Minimum", "whole"),
            Column("Scope"),
            Column("Standby"),
            Column("Source"),
        ),
    )
    note = "For one unit and one month; the discounts of the book do not touch them."
    return Table(third_party.TITLE, columns, rows, note).without_empty()


SCOPES = {"cluster": message("cluster"), "site": message("site")}


def _standby(licence: Licence) -> Message | None:
    return None if licence.standby else message("needs none")


def _spellings(found: PriceCheck) -> Table:
    rows = tuple(
        (item.sku, item.spelled, item.price, known("yes" if item.counts else "no")) for item in found.spellings
    )
    columns = (Column("SKU"), Column("Spelling"), Column("Price", "price", found.book.currency), Column("Counts"))
    return Table("Spellings with different prices", columns, rows)


def _other(found: PriceCheck) -> Table:
    rows = tuple((item.sku, item.label and known(item.label), item.price) for item in found.other)
    columns = (Column("SKU"), Column("Item"), Column("Price", "price", found.book.currency))
    title = message("Prices of SKUs that edition {edition:day} does not have", edition=found.edition)
    return Table(title, columns, rows)


# --- two books ---------------------------------------------------------------------------------------------------


def diff(found: PriceDiff, *, narrow: bool) -> Report:
    """Return the differences of two price books; `narrow` leaves out what SKUs are called, so that they stay whole."""
    added = sum(item.before is None for item in found.prices)
    removed = sum(item.after is None for item in found.prices)
    changed = len(found.prices) - added - removed
    summary = (
        message(
            "Prices: {changed:n} changed, {added:n} added, {removed:n} removed, {same:n} unchanged; {discounts} of "
            "discounts, {fields:n} of other fields.",
            changed=changed,
            added=added,
            removed=removed,
            same=found.unchanged,
            discounts=counted("{count:n} difference", "{count:n} differences", len(found.discounts)),
            fields=len(found.fields),
        ),
    )
    prices = [table.without("Item") if narrow else table for table in _price_changes(found)]
    parts = [_fields(found), _discount_changes(found), *prices]
    title = message("Price books: {before} and {after}", before=found.before.name, after=found.after.name)
    return Report(title, summary, tuple(part for part in parts if part.rows))


def _fields(found: PriceDiff) -> Table:
    rows = tuple((item.field, item.before, item.after) for item in found.fields)
    return Table("Fields", (Column("Field"), Column("Before"), Column("After")), rows)


def _discount_changes(found: PriceDiff) -> Table:
    rows = tuple((item.match, item.min_term_months, item.before, item.after) for item in found.discounts)
    columns = (
        *(Column("Match"), Column("From term", "whole", "months")),
        *(Column("Before", "discount"), Column("After", "discount")),
    )
    shares = tuple((*row[:2], *(_share(value) for value in row[2:])) for row in rows)
    return Table("Discounts", columns, shares)


def _share(percent: Decimal | None) -> Decimal | None:
    return None if percent is None else percent / 100


def _price_changes(found: PriceDiff) -> Iterator[Table]:
    currency = found.before.currency
    before, after = Column("Before", "price", currency), Column("After", "price", currency)
    sku, item = Column("SKU"), Column("Item")
    both = [change for change in found.prices if change.before is not None and change.after is not None]
    yield Table(
        "Prices changed",
        (sku, item, before, after, Column("Difference", "price", currency), Column("Percent", "change")),
        tuple(
            (row.sku, row.label and known(row.label), row.before, row.after, row.difference, row.percent)
            for row in both
        ),
    )
    come = tuple((row.sku, row.label and known(row.label), row.after) for row in found.prices if row.before is None)
    yield Table("Prices added", (sku, item, after), come)
    gone = tuple((row.sku, row.label and known(row.label), row.before) for row in found.prices if row.after is None)
    yield Table("Prices removed", (sku, item, before), gone)
