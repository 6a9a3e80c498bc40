"""The check of a catalogue: schema, sources, locks, SKUs, and the figures of the rules, over all its editions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import citations, editions, load_edition, published
from cloudplan.rules.book import rule_book


@dataclass(frozen=True, slots=True)
class Counts:
    """What was checked in an edition: what of it was counted, and the documents that nothing cites."""

    edition: str
    state: str
    facts: int
    documents: int
    uncited: tuple[str, ...]
    skus: int
    spellings: int
    rules: int
    figures: int


def check(names: Sequence[str | Path]) -> tuple[Counts, ...]:
    """Return what was checked in these editions.

    Raises BadInputError with every fault of all of them, and with those of the lock when all that ship are checked.
    """
    counts, faults = [], _lost() if list(names) == editions() else []
    for name in names:
        with gathered(faults):
            edition = load_edition(name)
            rule_book(edition)
            faults += _misnamed(edition, name)
            counts.append(_counts(edition))
    if faults:
        raise BadInputError(dict.fromkeys(faults))
    return tuple(counts)


def state(edition: Edition) -> str:
    """Return whether an edition is published (its files are locked), a draft, or one's own."""
    locks = published()
    if edition.shipped:
        return "published" if edition.edition in locks else "draft"
    return "own"


def _lost() -> list[Fault]:
    """Return a fault for each published edition that is not there any more."""
    return [
        Fault(f"edition {name} was published, but its folder is missing", where="published.yaml")
        for name in sorted(published().keys() - editions())
    ]


def _misnamed(edition: Edition, name: str | Path) -> list[Fault]:
    """Return a fault when an edition that ships is not named as its folder."""
    if name not in editions() or edition.edition == name:
        return []
    return [Fault(f"the folder {name} has the edition {edition.edition}; both have one name", where="edition.yaml")]


def _counts(edition: Edition) -> Counts:
    cited = [document for _, document in citations(edition)]
    items = list(edition.items())
    return Counts(
        edition=edition.edition,
        state=state(edition),
        facts=len(cited),
        documents=len(edition.documents),
        uncited=tuple(name for name in edition.documents if name not in cited),
        skus=len(items),
        spellings=sum(1 + len(item.aliases) for item in items),
        rules=len(edition.rules),
        figures=sum(len(facts.figures) for facts in edition.rules.values()),
    )
