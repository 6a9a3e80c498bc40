"""The service and its conditions, as an edition carries them: what is promised, and what that asks of the customer."""

from collections.abc import Iterator

from cloudplan.base.language import Message, known, message
from cloudplan.catalog.edition import Edition, Source
from cloudplan.presentation.tables.table import Cell, Column, Table


def table(edition: Edition) -> Table | None:
    """Return levels, conditions and certifications with their sources; None for an edition that carries no conditions.

    What the provider says is translated where the program knows it; so are the titles of documents.
    """
    if not edition.conditions:
        return None
    columns = (Column("About"), Column("The provider says"), Column("The customer's part"), Column("Source"))
    rows = (*_levels(edition), *_conditions(edition), *_certifications(edition))
    return Table("Service and conditions", columns, rows, _checked(edition))


def _checked(edition: Edition) -> Message | str:
    if edition.checked_until is None:
        return ""
    text = "Catalogue of {edition}; the provider's documents were checked until {date}."
    return message(text, edition=edition.edition, date=edition.checked_until.isoformat())


def _levels(edition: Edition) -> Iterator[tuple[Cell, ...]]:
    for level in edition.service_levels.values():
        if level.title:
            yield (known(level.title), known(level.value), None, _source(edition, level.source))


def _conditions(edition: Edition) -> Iterator[tuple[Cell, ...]]:
    for condition in edition.conditions.values():
        asked = known(condition.customer) if condition.customer else None
        yield (known(condition.title), known(condition.value), asked, _source(edition, condition.source))


def _certifications(edition: Edition) -> Iterator[tuple[Cell, ...]]:
    sold = [key for key, _ in edition.keyed_items()]
    for item in edition.certifications.values():
        covered = sum(item.covers(key) for key in sold)
        text = "{name:w}, {note:w}: {covered:n} of {all:n} items of the catalogue"
        said = message(text, name=item.label, note=item.note, covered=covered, all=len(sold))
        yield (message("Certification"), said, None, _source(edition, item.source))


def _source(edition: Edition, source: Source) -> Message:
    document = edition.documents[source.document]
    return message("{title:w}, {day:day}", title=document.title, day=document.date.isoformat())
