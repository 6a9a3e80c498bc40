"""What moved between two editions of the catalogue, as a report and as plain values."""

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from cloudplan.analysis.edition_fields import NOUNS, RULES, Kind, subject
from cloudplan.analysis.release_notes import Change, gathered, goes_backwards
from cloudplan.base.language import Message, counted, known, message
from cloudplan.catalog.edition import Edition, Service
from cloudplan.presentation.tables.table import Column, Notes, Report, Table, Text

DIFF_SCHEMA = "cloudplan/catalog-diff/v1"
_FEW = 2

TITLES: dict[Kind, str] = {
    "limit": "Limits and rules",
    "new": "New",
    "gone": "Gone",
    "sku": "SKUs",
    "figure": "Units and other figures",
    "level": "Service levels",
    "text": "Texts and citations only",
}


def report(before: Edition, after: Edition, changes: Sequence[Change]) -> Report:
    """Return the release notes for people."""
    parts = [part for kind in get_args(Kind) for part in _parts(kind, _of(changes, kind), before, after)]
    title = message("Catalogue {before} to {after}", before=name_of(before), after=name_of(after))
    return Report(title, _summary(before, after, changes), tuple(parts))


def values(before: Edition, after: Edition, changes: Sequence[Change]) -> dict[str, Any]:
    """Return the release notes as plain values, every change with both values."""
    return {
        "schema": DIFF_SCHEMA,
        "before": reference(before),
        "after": reference(after),
        "backwards": goes_backwards(before, after),
        "changes": [
            {
                "kind": change.kind,
                "subject": change.subject,
                "section": change.section,
                "key": change.key,
                "field": change.field,
                "what": change.what,
                "before": change.before,
                "after": change.after,
                "unit": change.unit,
                "meaning": change.meaning,
            }
            for change in changes
        ],
    }


def reference(edition: Edition) -> dict[str, Any]:
    """Return which edition it is: name, title, hash, and whether it ships."""
    return {
        "edition": edition.edition,
        "title": edition.title,
        "sha256": edition.sha256,
        "shipped": edition.shipped,
    }


def name_of(edition: Edition) -> Message:
    """Return the name of an edition; one's own is marked."""
    template = "{edition}" if edition.shipped else "{edition} (your own)"
    return message(template, edition=edition.edition)


def _of(changes: Iterable[Change], kind: Kind) -> list[Change]:
    return [change for change in changes if change.kind == kind]


def _summary(before: Edition, after: Edition, changes: Sequence[Change]) -> tuple[Message, ...]:
    if not changes:
        return (message("Nothing moved."),)
    texts, levels = len(_of(changes, "text")), len(_of(changes, "level"))
    rest = len(changes) - texts - levels
    told = counted(
        "{count} change to plans and bills, {levels} to service levels, {texts} to texts only.",
        "{count} changes to plans and bills, {levels} to service levels, {texts} to texts only.",
        rest,
        levels=levels,
        texts=texts,
    )
    if goes_backwards(before, after):
        return (message("{edition} is the newer one: these notes go backwards.", edition=before.edition), told)
    return (told,)


def _parts(kind: Kind, changes: list[Change], before: Edition, after: Edition) -> list[Notes | Table]:
    if not changes:
        return []
    if kind == "text":
        return [_texts(changes)]
    if kind == "level":
        return [_levels(changes)]
    listed = [] if kind not in ("new", "gone") else [group for group in _extras_alike(changes) if len(group) > _FEW]
    others = [change for change in changes if not any(change in group for group in listed)]
    notes = Notes(TITLES[kind], tuple(_entry(group) for group in _alike(others)))
    tables = [_extras(kind, group, after if kind == "new" else before) for group in listed]
    return [*([notes] if others else []), *tables]


def _extras_alike(changes: Iterable[Change]) -> list[list[Change]]:
    """Return the extras that came or went, those with the same meaning together."""
    alike: dict[str, list[Change]] = {}
    for change in changes:
        if change.section == "extras":
            alike.setdefault(change.meaning, []).append(change)
    return list(alike.values())


def _alike(changes: Iterable[Change]) -> list[list[Change]]:
    """Return the changes gathered: one field after the other, those that say the same together."""
    fields: dict[tuple[str, str], dict[str, list[Change]]] = {}
    for change in changes:
        same = repr((change.before, change.after, change.meaning))
        fields.setdefault((change.section, change.field), {}).setdefault(same, []).append(change)
    return [group for groups in fields.values() for group in groups.values()]


def _entry(group: list[Change]) -> tuple[Message, Message]:
    """Return changes that say the same as a headline and what they mean."""
    first = group[0]
    about = subject(first.section, *(change.key for change in group))
    if first.field:
        template = "{subject:c}: {what:w} now {now} (before: {was})"
        told = message(template, subject=about, what=first.what, now=first.as_now, was=first.as_was)
    else:
        told = message("{subject:c}: {what}", subject=about, what=first.as_was if first.after is None else first.as_now)
    return told, _meaning(first.meaning)


def _extras(kind: Kind, changes: list[Change], edition: Edition) -> Table:
    """Return extras that came or went, for one reason, as a table."""
    title = "New extras" if kind == "new" else "Extras gone"
    return extras_table(title, [edition.extras[change.key] for change in changes], _meaning(changes[0].meaning))


def extras_table(title: Text, items: Iterable[Service], note: Message) -> Table:
    """Return extras as a table: what each is, its unit and minimum commitment, its SKU."""
    columns = (Column("Name"), Column("Unit"), Column("Term", "whole", "months"), Column("SKU"))
    rows = tuple((known(item.label), known(item.unit), item.min_term_months, item.sku) for item in items)
    return Table(title, columns, rows, message("{note} Term: the minimum commitment.", note=note))


def _meaning(text: str) -> Message:
    """Return what a change means: a rule with its formula, or a sentence, translated where it is always the same."""
    title, _, formula = text.partition(": ")
    if any(title == rule.title for rule in RULES.values()):
        return message("{title:w}: {formula:w}", title=title, formula=formula)
    return known(text)


def _levels(changes: list[Change]) -> Table:
    rows = tuple((change.key, change.as_now, change.as_was) for change in changes)
    columns = (Column("Level"), Column("Now"), Column("Before"))
    return Table(TITLES["level"], columns, rows, _meaning(changes[0].meaning))


def _texts(changes: list[Change]) -> Table:
    """Return what moved without moving a plan, in short: which fields of which things."""
    rows = []
    for group in gathered(changes):
        first = group[0]
        moved = [change.what for change in group] if first.field else ["new" if first.before is None else "gone"]
        keys = dict.fromkeys(change.key for change in group)
        what = message("{what:w}", what=list(dict.fromkeys(moved)))
        rows.append((known(NOUNS[first.section][0]), what, ", ".join(keys)))
    columns = (Column("Of"), Column("What"), Column("Which"))
    return Table(TITLES["text"], columns, tuple(rows), "Plans stay as they are; --format json has every text.")
