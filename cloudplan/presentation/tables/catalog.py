"""The catalogue as reports and as plain values: its editions, one edition, one thing in it, the rules, the check."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cloudplan.analysis.catalog_check import Counts, state
from cloudplan.analysis.edition_fields import FIELDS, RULES, subject_of, things, words
from cloudplan.analysis.release_notes import compare, in_short
from cloudplan.base.units import number
from cloudplan.catalog.edition import Edition, Source
from cloudplan.catalog.loading import FILES
from cloudplan.presentation.tables.release_notes import extras_table, name_of, reference
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, number_of
from cloudplan.rules.book import rule_book
from cloudplan.rules.rule import KINDS

LIST_SCHEMA = "cloudplan/catalog-list/v1"
EDITION_SCHEMA = "cloudplan/catalog-edition/v1"
ITEM_SCHEMA = "cloudplan/catalog-item/v1"
RULES_SCHEMA = "cloudplan/catalog-rules/v1"
CHECK_SCHEMA = "cloudplan/catalog-check/v1"

REFERENCE = "docs/reference/rules.md"
_SHORT_SHA = 12

Found = tuple[str, str]
"""A thing of an edition: its section and its key."""


# --- the editions ------------------------------------------------------------------------------------------------


def listing(editions: Sequence[Edition]) -> Report:
    """Return the editions of a catalogue, oldest first, with what each brings."""
    listed = list_values(editions)["editions"]
    columns = (Column("Edition"), Column("State"), Column("Superseded by"), Column("SHA-256 (start)"))
    rows = [(item["edition"], _state(item), item["superseded"], item["sha256"][:_SHORT_SHA]) for item in listed]
    news = tuple((f"{item['edition']}: {item['title']}", _sentence(item["news"])) for item in listed)
    summary = f"{number_of(len(listed), 'edition')}. In full: cloudplan catalog diff A B."
    parts = (Table("Editions", columns, tuple(rows)), Notes("What is new", news))
    return Report("Editions of the catalogue", (summary,), parts)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def list_values(editions: Sequence[Edition]) -> dict[str, Any]:
    """Return the editions of a catalogue as plain values."""
    before: Sequence[Edition | None] = [None, *editions]
    listed = [
        {
            **reference(edition),
            "superseded": edition.superseded,
            "state": state(edition),
            "default": edition is editions[-1],
            "news": in_short(compare(older, edition)) if older else "the first edition",
        }
        for older, edition in zip(before, editions, strict=False)
    ]
    return {"schema": LIST_SCHEMA, "editions": listed}


def _state(item: Mapping[str, Any]) -> str:
    return f"{item['state']}, default" if item["default"] else str(item["state"])


# --- one edition -------------------------------------------------------------------------------------------------


def edition(shown: Edition) -> Report:
    """Return all of an edition but the citations."""
    later = f", superseded by {shown.superseded}" if shown.superseded else ""
    later += f", checked until {shown.checked_until}" if shown.checked_until else ""
    summary = (
        f"{shown.title} ({shown.provider}), {state(shown)}{later}.",
        f"SHA-256 {shown.sha256}",
        "One thing with its aliases, remarks and source: cloudplan catalog show EDITION ITEM.",
    )
    extras = extras_table("Extras", shown.extras.values(), "A workload orders them through `extras`.")
    figures = _rule_table(shown, [key for key, facts in shown.rules.items() if facts.figures])
    parts = (
        *(_blades(shown), _classes(shown), _services(shown), extras, _withdrawn(shown)),
        *(_zones(shown), _levels(shown), *_service(shown), figures, *_limits(shown), _documents(shown)),
    )
    return Report(f"Catalogue {name_of(shown)}", summary, parts)


def edition_values(shown: Edition) -> dict[str, Any]:
    """Return all of an edition as plain values."""
    facts = shown.model_dump(mode="json", by_alias=True, exclude={"shipped"})
    return {"schema": EDITION_SCHEMA, "state": state(shown), "catalog": facts}


def _blades(shown: Edition) -> Table:
    columns = (
        *(Column("Blade"), Column("Memory", "whole", "GiB"), Column("Cores", "whole"), Column("Threads", "whole")),
        *(Column("Base", "decimal", "GHz"), Column("Turbo", "decimal", "GHz"), Column("GPUs"), Column("SKU")),
    )
    rows = tuple(
        (
            *(key, item.ram_gib, item.cores, item.threads, item.base_ghz, item.turbo_ghz),
            *(f"{item.gpus} x {item.gpu_model}" if item.gpus else None, item.sku),
        )
        for key, item in shown.blades.items()
    )
    return Table("Blades", columns, rows)


def _classes(shown: Edition) -> Table:
    columns = (
        *(Column("Class"), Column("Name"), Column("Rate", "whole", "IOPS/TiB"), Column("Ceiling", "whole", "IOPS")),
        *(Column("Bandwidth", "whole", "MB/s"), Column("SKU")),
    )
    rows = tuple(
        (key, item.label, item.iops_per_tib or None, item.iops_max, item.mbps_max, item.sku)
        for key, item in shown.storage_classes.items()
    )
    units: dict[str, list[str]] = {}
    for key, item in shown.storage_classes.items():
        units.setdefault(item.unit, []).append(key)
    sold = "; ".join(f"{', '.join(keys)} by the {unit}" for unit, keys in units.items())
    capped = any(item.iops_max or item.mbps_max for item in shown.storage_classes.values())
    says = "Ceiling and bandwidth are those of one LUN." if capped else "A LUN has no ceiling of IOPS or bandwidth."
    return Table("Storage classes", columns, rows, f"Sold: {sold}. {says}")


def _services(shown: Edition) -> Table:
    columns = (Column("Service"), Column("Name"), Column("Unit"), Column("SKU"))
    sold = [(key, item) for key, item in shown.services if item is not None]
    rows = tuple((key, item.label, item.unit, item.sku) for key, item in sold)
    return Table("Services", columns, rows, "A plan computes their quantities.")


def _withdrawn(shown: Edition) -> Table:
    columns = (Column("Name"), Column("Since"), Column("Instead"), Column("SKU"))
    rows = tuple(
        (item.label, item.withdrawn.isoformat(), ", ".join(item.alternatives), item.sku)
        for item in shown.withdrawn.values()
    )
    return Table("No longer sold", columns, rows)


def _zones(shown: Edition) -> Table:
    rows = tuple(
        (name, region.label, key, zone.label)
        for name, region in shown.regions.items()
        for key, zone in region.zones.items()
    )
    columns = (Column("Region"), Column("Country"), Column("Zone"), Column("Name"))
    return Table("Availability zones", columns, rows, "In the order in which backups go to the next one (BKP-2).")


def _levels(shown: Edition) -> Table:
    rows = tuple((key, level.value) for key, level in shown.service_levels.items())
    return Table("Service levels", (Column("Level"), Column("Promise")), rows)


def _service(shown: Edition) -> Iterable[Table]:
    """Yield the conditions of the service and the certifications, where the edition carries them."""
    if shown.conditions:
        rows = tuple((key, item.value, item.customer or None) for key, item in shown.conditions.items())
        columns = (Column("Condition"), Column("The provider says"), Column("The customer's part"))
        yield Table("Conditions of the service", columns, rows)
    if shown.certifications:
        rows = tuple((key, item.label, ", ".join(item.items)) for key, item in shown.certifications.items())
        note = "A workload may require them with `requires`."
        yield Table("Certifications", (Column("Certification"), Column("Name"), Column("Items")), rows, note)


def _limits(shown: Edition) -> Iterable[Table]:
    """Yield the limits that are no rule of a plan, where the edition carries them."""
    rows = tuple((key, limit.value) for key, limit in shown.limits if limit is not None)
    if rows:
        yield Table("Limits", (Column("Limit"), Column("Figure", "whole")), rows)


def _documents(shown: Edition) -> Table:
    columns = (Column("Document"), Column("Title"), Column("Publisher"), Column("Text of"))
    rows = tuple((key, item.title, item.publisher, item.date.isoformat()) for key, item in shown.documents.items())
    return Table("Documents", columns, rows, "`Text of` is the date of the text that was read.")


# --- one thing ---------------------------------------------------------------------------------------------------


def item(shown: Edition, found: Sequence[Found]) -> Report:
    """Return things of an edition with all their fields and sources."""
    subjects = [subject_of(section, key) for section, key in found]
    parts = [
        _thing(shown, *place, title if len(found) > 1 else "Facts")
        for place, title in zip(found, subjects, strict=True)
    ]
    title = ", ".join(subjects)
    return Report(f"{title[:1].upper()}{title[1:]} of catalogue {name_of(shown)}", (), tuple(parts))


def item_values(shown: Edition, found: Sequence[Found]) -> dict[str, Any]:
    """Return things of an edition as plain values, with their documents."""
    listed = things(shown)
    items = [
        {
            "section": section,
            "key": key,
            "fields": listed[section][key].model_dump(mode="json"),
            "document": _document_values(shown, getattr(listed[section][key], "source", None)),
        }
        for section, key in found
    ]
    return {"schema": ITEM_SCHEMA, "catalog": reference(shown), "items": items}


def _thing(shown: Edition, section: str, key: str, title: str) -> Table:
    thing: Any = things(shown)[section][key]
    rows = [(name, text) for name, text in _fields(section, key, thing) if text != "none"]
    rows += _source(shown, getattr(thing, "source", None))
    if section == "documents":
        rows.append(("cited by", "; ".join(_citing(shown, key)) or "nothing"))
    return Table(title, (Column("Field"), Column("Value")), tuple(rows))


def _fields(section: str, key: str, thing: Any) -> Iterable[tuple[str, str]]:
    """Yield the fields of a thing in words; a rule has its formula too."""
    if section == "rules":
        yield from _rule_fields(key, thing.figures)
        return
    for name, value in thing.model_dump(mode="json").items():
        known = FIELDS.get(f"{section}.{name}") or FIELDS.get(f"*.{name}")
        if name == "zones":
            yield "zones", ", ".join(value)
        elif name != "source":
            yield (known.what if known else name), words(value, known.unit if known else "")


def _source(shown: Edition, source: Source | None) -> list[tuple[str, str]]:
    if source is None:
        return []
    document = shown.documents[source.document]
    return [
        ("source", f"{document.title} ({document.publisher}), document {source.document}"),
        ("section", source.section),
        ("text of", document.date.isoformat()),
    ]


def _document_values(shown: Edition, source: Source | None) -> dict[str, Any] | None:
    return shown.documents[source.document].model_dump(mode="json") if source else None


def _citing(shown: Edition, document: str) -> Iterable[str]:
    """Yield the things whose source is a document."""
    for section, listed in things(shown).items():
        keys = [key for key, thing in listed.items() if _cites(thing, document)]
        if keys:
            yield subject_of(section, *keys)


def _cites(thing: Any, document: str) -> bool:
    source = getattr(thing, "source", None)
    return source is not None and bool(source.document == document)


# --- the rules ---------------------------------------------------------------------------------------------------


def rules(shown: Edition) -> Report:
    """Return the rules with their figures in an edition."""
    kinds = Notes(
        "Kinds", tuple((text, "") if kind in text else (f"{kind}: {text}", "") for kind, text in KINDS.items())
    )
    summary = "Formula and source of one: cloudplan catalog rules ID."
    return Report(
        f"Rules, with the figures of catalogue {name_of(shown)}",
        (summary,),
        (_rule_table(shown, rule_book(shown)), kinds),
    )


def rule(shown: Edition, key: str) -> Report:
    """Return one rule with its formula and, where the edition gives them, its figures and its source."""
    if key in shown.rules:
        return item(shown, [("rules", key)])
    rows = (*_rule_fields(key, {}), ("source", "a rule of the program's own"))
    facts = Table("Facts", (Column("Field"), Column("Value")), tuple(rows))
    return Report(f"Rule {key} of catalogue {name_of(shown)}", (), (facts,))


def rules_values(shown: Edition, ids: Iterable[str]) -> dict[str, Any]:
    """Return rules as plain values, with their figures and sources in an edition."""
    listed = []
    for key in ids:
        known, facts = RULES[key], shown.rules.get(key)
        source = facts.source if facts else None
        listed.append(
            {
                **{"id": key, "title": known.title, "formula": known.formula, "kind": known.kind},
                **{"figures": facts.figures if facts else {}, "source": source.model_dump() if source else None},
                "document": _document_values(shown, source) if source else None,
            }
        )
    return {"schema": RULES_SCHEMA, "catalog": reference(shown), "rules": listed}


def _rule_table(shown: Edition, ids: Iterable[str]) -> Table:
    columns = (Column("Rule"), Column("Title"), Column("Kind"), Column("Figures"))
    rows: list[tuple[Cell, ...]] = []
    for key in ids:
        facts = shown.rules.get(key)
        figures = ", ".join(f"{name} {value}" for name, value in facts.figures.items()) if facts else ""
        rows.append((key, RULES[key].title, RULES[key].kind, figures) if key in RULES else (key, None, None, figures))
    return Table("Rules", columns, tuple(rows))


def _rule_fields(key: str, figures: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    known = RULES.get(key)
    if known:
        yield from (("title", known.title), ("formula", known.formula), ("kind", KINDS[known.kind]))
    yield from figures.items()
    if known:
        yield "reference", f"{REFERENCE}#{known.anchor}"


# --- the check ---------------------------------------------------------------------------------------------------


def check(counts: Sequence[Counts]) -> Report:
    """Return what was checked of a catalogue, a line for each check."""
    states = Counter(count.state for count in counts)
    facts, documents = sum(count.facts for count in counts), sum(count.documents for count in counts)
    uncited = sum(len(count.uncited) for count in counts)
    rows = (
        ("schema", f"{number_of(len(counts), 'edition')} of {len(FILES)} files each"),
        (
            "sources",
            f"{number(facts)} facts, each citing one of {number(documents)} dated documents; {uncited} uncited",
        ),
        ("locks", ", ".join(f"{number(count)} {name}" for name, count in sorted(states.items()))),
        ("SKUs", f"{_sum(counts, 'skus')} items, {_sum(counts, 'spellings')} spellings, none twice in an edition"),
        ("rules", f"{len(RULES)} rules, {_sum(counts, 'figures')} figures, each read by its rule"),
    )
    title = (
        f"Catalogue check of {counts[0].edition}" if len(counts) == 1 else f"Catalogue check of {len(counts)} editions"
    )
    notes = [(f"{count.edition}: {', '.join(count.uncited)}", "") for count in counts if count.uncited]
    table = Table("Checks", (Column("Check"), Column("Found")), rows)
    return Report(
        title, ("No fault.",), (table, *([Notes("Documents that no fact cites", tuple(notes))] if notes else []))
    )


def check_values(counts: Sequence[Counts]) -> dict[str, Any]:
    """Return what was checked of a catalogue as plain values."""
    return {"schema": CHECK_SCHEMA, "editions": [asdict(count) for count in counts]}


def _sum(counts: Sequence[Counts], name: str) -> str:
    return number(sum(getattr(count, name) for count in counts))
