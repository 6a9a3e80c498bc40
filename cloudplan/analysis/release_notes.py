"""Release notes of the catalogue: what moved between two editions, figure by figure, and what it means for a plan."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from cloudplan.analysis.edition_fields import (
    NOUNS,
    ORDER,
    RULES,
    Kind,
    Moved,
    field_of,
    subject,
    subject_of,
    things,
    unit_of,
    worded,
    words,
)
from cloudplan.base.brief import Brief
from cloudplan.base.language import Message, message
from cloudplan.catalog.edition import Edition
from cloudplan.plan.wording import joined

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FEW = 5


@dataclass(frozen=True, slots=True, repr=False)
class Change(Brief):
    """One thing that moved: what of which thing (no field: the whole of it), from what to what, and what that means."""

    kind: Kind
    section: str
    key: str
    field: str
    what: str
    before: Any
    after: Any
    unit: str
    meaning: str

    @property
    def subject(self) -> str:
        """The thing that the change is about: storage class ultra."""
        return subject_of(self.section, self.key)

    @property
    def was(self) -> str:
        """The value before, for reading."""
        return words(self.before, self.unit)

    @property
    def now(self) -> str:
        """The value after, for reading."""
        return words(self.after, self.unit)

    @property
    def as_was(self) -> Message:
        """The value before, as a message."""
        return worded(self.before, self.unit)

    @property
    def as_now(self) -> Message:
        """The value after, as a message."""
        return worded(self.after, self.unit)


def compare(before: Edition, after: Edition) -> tuple[Change, ...]:
    """Return all that moved from one edition to another, nothing left out; what moves plans and bills stands first."""
    changes = [_change(moved) for moved in _moved(before, after)]
    return tuple(sorted(changes, key=lambda change: get_args(Kind).index(change.kind)))


def goes_backwards(before: Edition, after: Edition) -> bool:
    """Return whether the first of two editions is the newer one; only dates can tell."""
    return all(_DATE.fullmatch(edition.edition) for edition in (before, after)) and before.edition > after.edition


def in_short(changes: Iterable[Change]) -> Message:
    """Return what moves plans, bills and service levels, in a line."""
    moved = gathered(change for change in changes if change.kind != "text")
    return joined(*map(_told, moved), between="; ") if moved else message("texts and citations only")


def gathered(changes: Iterable[Change]) -> list[list[Change]]:
    """Return changes in groups: the same fields of the same things, or things that came or went together."""
    alike: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        came = "" if change.field else str(change.before is None)
        alike.setdefault((change.kind, change.section, change.field, came), []).append(change)
    same: dict[tuple[Any, ...], list[Change]] = {}
    for (kind, section, field, came), group in alike.items():
        keys = tuple(change.key for change in group)
        same.setdefault((kind, section, bool(field), came, keys), []).extend(group)
    return list(same.values())


def _told(changes: list[Change]) -> Message:
    """Return a group of changes in a few words."""
    first, keys = changes[0], list(dict.fromkeys(change.key for change in changes))
    about = subject(first.section, *keys)
    if len(keys) > _FEW:
        about = message("{count} {noun:w}", count=len(keys), noun=NOUNS[first.section][1])
    if first.field:
        what = list(dict.fromkeys(change.what for change in changes))
        if len(changes) == 1:
            return message("{what:w} of {subject} now {value}", what=what, subject=about, value=first.as_now)
        return message("{what:w} of {subject}", what=what, subject=about)
    if first.before is not None:
        return message("{subject} gone", subject=about)
    if len(keys) > _FEW:
        return message("{count} new {noun:w}", count=len(keys), noun=NOUNS[first.section][1])
    return message("new {subject}", subject=about)


def _change(moved: Moved) -> Change:
    known = field_of(moved)
    kind: Kind = "gone" if known.kind == "new" and moved.went else known.kind
    place = (moved.section, moved.key, moved.field)
    return Change(kind, *place, known.what, moved.before, moved.after, known.unit, known.means(moved))


def _moved(old: Edition, new: Edition) -> Iterator[Moved]:
    all_before, all_after = _facts(old), _facts(new)
    for section in NOUNS:
        before, after = all_before[section], all_after[section]
        for key in dict.fromkeys([*after, *before]):
            if key not in before or key not in after:
                yield Moved(section, key, "", _whole(old, section, key), _whole(new, section, key), old, new)
                continue
            for field in dict.fromkeys([*after[key], *before[key]]):
                was, now = before[key].get(field), after[key].get(field)
                if was != now:
                    yield Moved(section, key, field, was, now, old, new)
        was, now = [key for key in before if key in after], [key for key in after if key in before]
        if was != now:
            yield Moved(section, "", ORDER, was, now, old, new)


def _facts(edition: Edition) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the facts of an edition as plain values, by section, thing and field."""
    listed = things(edition)
    found = {section: {key: _fields(item) for key, item in listed[section].items()} for section in listed}
    return {"edition": {"": _fields(edition, set(listed))}, **found}


def _fields(thing: BaseModel, without: Iterable[str] = ("zones",)) -> dict[str, Any]:
    return dict(_flat(thing.model_dump(mode="json", exclude=set(without), exclude_none=True)))


def _flat(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields of a thing; those inside a field have its name before theirs."""
    for name, value in facts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _whole(edition: Edition, section: str, key: str) -> str | None:
    """Return a thing in a line; None when the edition does not list it."""
    thing: Any = things(edition)[section].get(key)
    if thing is None:
        return None
    if section == "rules":
        return RULES[key].title if key in RULES else "no rule of this program"
    if section in ("service_levels", "conditions", "limits"):
        return words(thing.value)
    if section == "documents":
        return str(thing.title)
    if section in ("regions", "zones", "withdrawn", "certifications"):
        return str(thing.label)
    term = f", {words(thing.min_term_months, 'months')} or more" if thing.min_term_months else ""
    return f"{thing.label}, {thing.sku}, per {unit_of(thing)}{term}"
