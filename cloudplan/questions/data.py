"""What does the provider sell, and at which prices? Editions and price books beside each other, and reviewed."""

from datetime import date

from cloudplan.analysis import price_review, release_notes
from cloudplan.analysis.price_review import PriceCheck, PriceDiff
from cloudplan.analysis.release_notes import Change
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import load_edition
from cloudplan.prices.book import PriceBook


def diff_editions(before: Edition, after: Edition) -> tuple[Change, ...]:
    """Return all that moved from one edition of the catalogue to another; what moves plans and bills stands first."""
    return release_notes.compare(before, after)


def diff_prices(before: PriceBook, after: PriceBook, edition: Edition | None = None) -> PriceDiff:
    """Return what differs between two price books; `edition`, by default the newest, says what SKUs are.

    Raises BadInputError for books in two currencies.
    """
    return price_review.diff(before, after, edition or load_edition())


def check_prices(book: PriceBook, edition: Edition | None = None, on: date | None = None) -> PriceCheck:
    """Return what a price book lacks for an edition, by default the newest, and what looks wrong in it.

    `on` is a day that its dates are held against.
    """
    return price_review.check(book, edition or load_edition(), on)
