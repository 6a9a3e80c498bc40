"""The catalogue as reports and as plain values: its editions, one edition, one thing in it, the rules, the check."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from cloudplan.analysis.catalog_check import Counts, state
from cloudplan.analysis.edition_fields import FIELDS, RULES, subject, things, worded
from cloudplan.analysis.release_notes import compare, in_short
from cloudplan.base.language import ENGLISH, Message, counted, known, message
from cloudplan.catalog.edition import Edition, Source
from cloudplan.catalog.loading import FILES
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables.plan import figures
from cloudplan.presentation.tables.release_notes import extras_table, name_of, reference
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, Text
from cloudplan.rules.book import rule_book
from cloudplan.rules.rule import KINDS

LIST_SCHEMA = "cloudplan/catalog-list/v1"
EDITION_SCHEMA = "cloudplan/catalog-edition/v1"
ITEM_SCHEMA = "cloudplan/catalog-item/v1"
RULES_SCHEMA = "cloudplan/catalog-rules/v1"
CHECK_SCHEMA = "cloudplan/catalog-check/v1"

STATES = {"published": message("published"), "draft": message("draft"), "own": message("own")}
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
    news = tuple(
        (
            message("{edition}: {title:w}", edition=each.edition, title=each.title),
            message("{news:c}.", news=told),
        )
        for each, told in zip(editions, _news(editions), strict=True)
    )
    counts = counted("{count} edition", "{count} editions", len(listed))
    summary = message("{editions}. In full: cloudplan catalog diff A B.", editions=counts)
    parts = (Table("Editions", columns, tuple(rows)), Notes("What is new", news))
    return Report("Editions of the catalogue", (summary,), parts)


def _news(editions: Sequence[Edition]) -> Iterable[Message]:
    before: Sequence[Edition | None] = [None, *editions]
    for older, edition in zip(before, editions, strict=False):
        yield in_short(compare(older, edition)) if older else message("the first edition")


def list_values(editions: Sequence[Edition]) -> dict[str, Any]:
    """Return the editions of a catalogue as plain values."""
    listed = [
        {
            **reference(edition),
            "superseded": edition.superseded,
            "state": state(edition),
            "default": edition is editions[-1],
            "news": ENGLISH.said(told),
        }
        for edition, told in zip(editions, _news(editions), strict=True)
    ]
    return {"schema": LIST_SCHEMA, "editions": listed}


def _state(item: Mapping[str, Any]) -> Message:
    said = STATES[item["state"]]
    return message("{state}, default", state=said) if item["default"] else said


# --- one edition -------------------------------------------------------------------------------------------------


def edition(shown: Edition) -> Report:
    """Return all of an edition but the citations."""
    what = [message("{title:w} ({provider})", title=shown.title, provider=shown.provider), STATES[state(shown)]]
    if shown.superseded:
        what.append(message("superseded by {edition}", edition=shown.superseded))
    if shown.checked_until:
        what.append(message("checked until {day:day}", day=shown.checked_until.isoformat()))
    summary = (
        message("{what}.", what=joined(*what, between=", ")),
        f"SHA-256 {shown.sha256}",
        message("One thing with its aliases, remarks and source: cloudplan catalog show EDITION ITEM."),
    )
    orders = message("A workload orders them through `extras`.")
    extras = extras_table("Extras", shown.extras.values(), orders)
    figures = _rule_table(shown, [key for key, facts in shown.rules.items() if facts.figures])
    parts = (
        *(_blades(shown), _classes(shown), _services(shown), extras, _withdrawn(shown)),
        *(_zones(shown), _levels(shown), *_service(shown), figures, *_limits(shown), _documents(shown)),
    )
    return Report(message("Catalogue {edition}", edition=name_of(shown)), summary, parts)


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
        (key, known(item.label), item.iops_per_tib or None, item.iops_max, item.mbps_max, item.sku)
        for key, item in shown.storage_classes.items()
    )
    units: dict[str, list[str]] = {}
    for key, item in shown.storage_classes.items():
        units.setdefault(item.unit, []).append(key)
    by_unit = (message("{classes} by the {unit:w}", classes=", ".join(keys), unit=unit) for unit, keys in units.items())
    capped = any(item.iops_max or item.mbps_max for item in shown.storage_classes.values())
    of_one, none = (
        message("Ceiling and bandwidth are those of one LUN."),
        message("A LUN has no ceiling of IOPS or bandwidth."),
    )
    note = message("Sold: {sold}. {says}", sold=joined(*by_unit, between="; "), says=of_one if capped else none)
    return Table("Storage classes", columns, rows, note)


def _services(shown: Edition) -> Table:
    columns = (Column("Service"), Column("Name"), Column("Unit"), Column("SKU"))
    sold = [(key, item) for key, item in shown.services if item is not None]
    rows = tuple((key, known(item.label), known(item.unit), item.sku) for key, item in sold)
    return Table("Services", columns, rows, "A plan computes their quantities.")


def _withdrawn(shown: Edition) -> Table:
    columns = (Column("Name"), Column("Since"), Column("Instead"), Column("SKU"))
    rows = tuple(
        (
            known(item.label),
            message("{day:day}", day=item.withdrawn.isoformat()),
            ", ".join(item.alternatives),
            item.sku,
        )
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
    rows = tuple((key, known(level.value)) for key, level in shown.service_levels.items())
    return Table("Service levels", (Column("Level"), Column("Promise")), rows)


def _service(shown: Edition) -> Iterable[Table]:
    """Yield the conditions of the service and the certifications, where the edition carries them."""
    if shown.conditions:
        rows = tuple(
            (key, known(item.value), known(item.customer) if item.customer else None)
            for key, item in shown.conditions.items()
        )
        columns = (Column("Condition"), Column("The provider says"), Column("The customer's part"))
        yield Table("Conditions of the service", columns, rows)
    if shown.certifications:
        sold = tuple((key, known(item.label), ", ".join(item.items)) for key, item in shown.certifications.items())
        note = "A workload may require them with `requires`."
        yield Table("Certifications", (Column("Certification"), Column("Name"), Column("Items")), sold, note)


def _limits(shown: Edition) -> Iterable[Table]:
    """Yield the limits that are no rule of a plan, where the edition carries them."""
    rows = tuple((key, limit.value) for key, limit in shown.limits if limit is not None)
    if rows:
        yield Table("Limits", (Column("Limit"), Column("Figure", "whole")), rows)


def _documents(shown: Edition) -> Table:
    columns = (Column("Document"), Column("Title"), Column("Publisher"), Column("Text of"))
    rows = tuple(
        (key, known(item.title), known(item.publisher), _day(item.date)) for key, item in shown.documents.items()
    )
    return Table("Documents", columns, rows, "`Text of` is the date of the text that was read.")


# --- one thing ---------------------------------------------------------------------------------------------------


def item(shown: Edition, found: Sequence[Found]) -> Report:
    """Return things of an edition with all their fields and sources."""
    subjects = [subject(section, key) for section, key in found]
    parts = [
        _thing(shown, *place, title if len(found) > 1 else "Facts")
        for place, title in zip(found, subjects, strict=True)
    ]
    named = joined(*subjects, between=", ")
    title = message("{what:c} of catalogue {edition}", what=named, edition=name_of(shown))
    return Report(title, (), tuple(parts))


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


def _thing(shown: Edition, section: str, key: str, title: Text) -> Table:
    thing: Any = things(shown)[section][key]
    rows = [(known(name), text) for name, text in _fields(section, key, thing) if text != message("none")]
    rows += _source(shown, getattr(thing, "source", None))
    if section == "documents":
        citing = list(_citing(shown, key))
        rows.append((message("cited by"), joined(*citing, between="; ") if citing else message("nothing")))
    return Table(title, (Column("Field"), Column("Value")), tuple(rows))


def _fields(section: str, key: str, thing: Any) -> Iterable[tuple[str, Message]]:
    """Yield the fields of a thing in words; a rule has its formula too."""
    if section == "rules":
        yield from _rule_fields(key, thing.figures)
        return
    for name, value in thing.model_dump(mode="json").items():
        field = FIELDS.get(f"{section}.{name}") or FIELDS.get(f"*.{name}")
        if name == "zones":
            yield "zones", message("{names}", names=", ".join(value))
        elif name != "source":
            yield (field.what if field else name), worded(value, field.unit if field else "")


def _source(shown: Edition, source: Source | None) -> list[tuple[Message, Message]]:
    if source is None:
        return []
    document = shown.documents[source.document]
    return [
        (
            message("source"),
            message(
                "{title:w} ({publisher:w}), document {name}",
                title=document.title,
                publisher=document.publisher,
                name=source.document,
            ),
        ),
        (message("section"), known(source.section)),
        (message("text of"), _day(document.date)),
    ]


def _document_values(shown: Edition, source: Source | None) -> dict[str, Any] | None:
    return shown.documents[source.document].model_dump(mode="json") if source else None


def _day(day: date) -> Message:
    return message("{day:day}", day=day.isoformat())


def _citing(shown: Edition, document: str) -> Iterable[Message]:
    """Yield the things whose source is a document."""
    for section, listed in things(shown).items():
        keys = [key for key, thing in listed.items() if _cites(thing, document)]
        if keys:
            yield subject(section, *keys)


def _cites(thing: Any, document: str) -> bool:
    source = getattr(thing, "source", None)
    return source is not None and bool(source.document == document)


# --- the rules ---------------------------------------------------------------------------------------------------


def rules(shown: Edition) -> Report:
    """Return the rules with their figures in an edition."""
    kinds = Notes(
        "Kinds",
        tuple(
            (known(text) if kind in text else message("{kind:w}: {text:w}", kind=kind, text=text), "")
            for kind, text in KINDS.items()
        ),
    )
    summary = message("Formula and source of one: cloudplan catalog rules ID.")
    return Report(
        message("Rules, with the figures of catalogue {edition}", edition=name_of(shown)),
        (summary,),
        (_rule_table(shown, rule_book(shown)), kinds),
    )


def rule(shown: Edition, key: str) -> Report:
    """Return one rule with its formula and, where the edition gives them, its figures and its source."""
    if key in shown.rules:
        return item(shown, [("rules", key)])
    rows = [(known(name), text) for name, text in _rule_fields(key, {})]
    rows.append((message("source"), message("a rule of the program's own")))
    facts = Table("Facts", (Column("Field"), Column("Value")), tuple(rows))
    title = message("{what:c} of catalogue {edition}", what=subject("rules", key), edition=name_of(shown))
    return Report(title, (), (facts,))


def rules_values(shown: Edition, ids: Iterable[str]) -> dict[str, Any]:
    """Return rules as plain values, with their figures and sources in an edition."""
    listed = []
    for key in ids:
        rule, facts = RULES[key], shown.rules.get(key)
        source = facts.source if facts else None
        listed.append(
            {
                **{"id": key, "title": rule.title, "formula": rule.formula, "kind": rule.kind},
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
        told = figures(facts.figures) if facts else None
        rule = RULES.get(key)
        rows.append((key, known(rule.title), known(rule.kind), told) if rule else (key, None, None, told))
    return Table("Rules", columns, tuple(rows))


def _rule_fields(key: str, values: Mapping[str, str]) -> Iterable[tuple[str, Message]]:
    rule = RULES.get(key)
    if rule:
        yield from (("title", known(rule.title)), ("formula", known(rule.formula)), ("kind", known(KINDS[rule.kind])))
    yield from ((name, known(value)) for name, value in values.items())
    if rule:
        yield "reference", message("{text}", text=f"{REFERENCE}#{rule.anchor}")


# --- the check ---------------------------------------------------------------------------------------------------


def check(counts: Sequence[Counts]) -> Report:
    """Return what was checked of a catalogue, a line for each check."""
    states = Counter(count.state for count in counts)
    facts, documents = sum(count.facts for count in counts), sum(count.documents for count in counts)
    uncited = sum(len(count.uncited) for count in counts)
    rows = (
        (
            message("schema"),
            counted(
                "{count} edition of {files} files each",
                "{count} editions of {files} files each",
                len(counts),
                files=len(FILES),
            ),
        ),
        (
            message("sources"),
            message(
                "{facts:n} facts, each citing one of {documents:n} dated documents; {uncited} uncited",
                facts=facts,
                documents=documents,
                uncited=uncited,
            ),
        ),
        (message("locks"), joined(*(_locked(count, name) for name, count in sorted(states.items())), between=", ")),
        (
            message("SKUs"),
            message(
                "{items:n} items, {spellings:n} spellings, none twice in an edition",
                items=_sum(counts, "skus"),
                spellings=_sum(counts, "spellings"),
            ),
        ),
        (
            message("rules"),
            message(
                "{rules} rules, {figures:n} figures, each read by its rule",
                rules=len(RULES),
                figures=_sum(counts, "figures"),
            ),
        ),
    )
    title = (
        message("Catalogue check of {edition}", edition=counts[0].edition)
        if len(counts) == 1
        else message("Catalogue check of {count} editions", count=len(counts))
    )
    notes = [
        (message("{edition}: {documents}", edition=count.edition, documents=", ".join(count.uncited)), "")
        for count in counts
        if count.uncited
    ]
    table = Table("Checks", (Column("Check"), Column("Found")), rows)
    return Report(
        title,
        (message("No fault."),),
        (table, *([Notes("Documents that no fact cites", tuple(notes))] if notes else [])),
    )


def check_values(counts: Sequence[Counts]) -> dict[str, Any]:
    """Return what was checked of a catalogue as plain values."""
    return {"schema": CHECK_SCHEMA, "editions": [asdict(count) for count in counts]}


def _locked(count: int, name: str) -> Message:
    return message("{count:n} {state}", count=count, state=STATES[name])


def _sum(counts: Sequence[Counts], name: str) -> int:
    return sum(getattr(count, name) for count in counts)
