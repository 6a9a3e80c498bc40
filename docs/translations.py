"""Collect every text that a plan, a quote or a report may show, and keep the French catalogue in step.

    python docs/translations.py            # add what is new to the catalogue, drop what is gone
    python docs/translations.py --check    # status 1 when the catalogue is not in step, a text is not translated

A text is a literal in a call that says something, such as `message("…")` or `Column("…")`, or one of a table of texts.
"""

import ast
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import cloudplan
from cloudplan.analysis.edition_fields import FIELDS, NOUNS
from cloudplan.base.kinds import NAMES
from cloudplan.catalog.loading import editions, load_edition
from cloudplan.evaluation.assumption_kinds import KINDS
from cloudplan.evaluation.resting import MODELS
from cloudplan.plan.wording import FINDINGS
from cloudplan.presentation.phrases import CAUSES, PHRASES
from cloudplan.presentation.tables.prices import EFFECTS
from cloudplan.presentation.tables.release_notes import TITLES as CHANGES
from cloudplan.rules.book import rule_book
from cloudplan.rules.rule import KINDS as RULE_KINDS
from cloudplan.sales.quote import FAMILIES
from cloudplan.workload.workload import BackupPolicy, Policy, Standby

PACKAGE = Path(cloudplan.__file__).parent
PO = PACKAGE / "locale" / "fr" / "LC_MESSAGES" / "cloudplan.po"
MODULES = (
    *("plan/wording", "evaluation/reasons", "evaluation/assumptions"),
    *(
        f"presentation/{name}"
        for name in (
            *(
                "text",
                "terminal",
                "workbook",
                "orders_workbook",
                "report_workbook",
                "batch_summary",
                "front_page",
                "worksheet",
            ),
            *("bill_sheets", "plan_sheets", "technical_sheets"),
        )
    ),
    *("sales/orders", "sales/further_orders", "sales/requests", "sales/terraform"),
    *("presentation/html_page", "presentation/cost_panels", "presentation/site_panels", "presentation/tables/site_map"),
    *("presentation/html_page", "presentation/pdf", "presentation/tables/offer", "presentation/tables/conditions"),
    "presentation/tables/whatifs",
    *(
        f"presentation/tables/{name}"
        for name in (
            "plan",
            "third_party",
            "licence",
            "quote",
            "inventory",
            "orders",
            "terraform",
            "assumptions",
            "service",
        )
    ),
    *(
        f"presentation/tables/{name}"
        for name in (
            "verify",
            "again",
            "explain",
            "allocation",
            "relax",
            "batch",
            "compare",
            "options",
            "target",
            "phases",
            "phase_orders",
            "roadmap_diff",
            "causes",
            "roadmap",
            "standing",
            "headroom",
            "growth_range",
            "actual",
            "actual_estate",
            "requote",
            "contents",
            "prices",
            "catalog",
            "release_notes",
            "over_time",
            "extension",
        )
    ),
    *("presentation/phase_sheets", "presentation/time_panels"),
    *("web/view", "web/pages", "web/job_pages", "web/starters", "web/app"),
    *("presentation/phrases", "cli/talking", "analysis/edition_fields", "analysis/release_notes"),
)
SAYING: dict[str, tuple[int, ...]] = {
    **{"message": (0,), "counted": (0, 1), "word": (0,), "text": (0,), "tell": (2,), "page": (0,), "title": (0, 1)},
    **{"Column": (0, 2), "Table": (0, 3), "Notes": (0,), "Report": (0,)},
}
"""Functions that say something, with the positions of their texts."""
FIRST = datetime(2026, 11, 26, tzinfo=UTC)
"""The date in the catalogue: fixed, so that the same texts give the same bytes."""
ORDERS = (
    *("new zone", "new cluster", "hosts", "memory", "datastores", "backup storage", "networks", "network propagation"),
    *("other items", "tenant", "datastore sharing", "High Availability", "backup policy", "Global Mirror"),
    *("VM replication", "DR test", "encryption", "link", "affinity", "anti-affinity", "on", "on after failover"),
)
UNITS = ("blade", "GiB", "TiB", "MiB", "VM", "zone", "cores", "cluster", "datastore", "VLAN")
BILL = (
    *("loaded", "spare", "failures", "extra", "clusters", "datastores", "size_gib", "mirrored", "sized_by"),
    *("activated_gib", "mirrored_gib", "stored_gib", "vms", "networks"),
)
"""Names of the values behind a line of a bill."""
FACTS = ("title", "formula", "kind", "reference", "zones", "contradiction between the provider's pages")
"""Names of facts of a rule or a region."""
WORDS = ("home", "auto", "rpo", "rto", "group", "pool", "price book", "members", "threads", "blades")
"""Values of fields, names of targets and of what a cost is split by."""
LEDGER = (
    *("read", "left out", "repaired", "imported", "rows of the lists of VMs", "blank row or total", "repeated header"),
    *("template", "SRM placeholder (counted at its own site)", "vCLS agent of a vSphere cluster"),
    *("not connected: its figures cannot be relied on", "repeats another row", "older row of the same VM"),
    *("powered off", "raw device mapping: its capacity is no datastore's", "shared disk, counted once"),
    *("no disk of its own: 1 GiB for its home directory", "right-sized from measured use"),
    *("powered on", "suspended, counts as on", "cannot be read", "a figure is missing, or no VM can have it"),
    *("swap file taken out of Provisioned", "vInfo In Use less the swap file", "the size, for nothing tells less"),
    *("average VMs of the totals", "memory rounded up to whole GiB", "disks rounded up to whole GiB"),
)

Text = str | tuple[str, str]
"""A text, or one with its plural."""


def texts() -> list[Text]:
    """Return every text once, in a lasting order."""
    found: dict[Text, None] = {}
    for module in MODULES:
        tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
        found |= dict.fromkeys(_of_module(tree))
    found |= dict.fromkeys(text for templates in FINDINGS.values() for text in templates.values())
    found |= dict.fromkeys(text for kind in KINDS for text in (kind.what, kind.value, kind.otherwise))
    found |= dict.fromkeys((*PHRASES, *map(str.capitalize, CAUSES), *NAMES.values(), *EFFECTS, *EFFECTS.values()))
    found |= dict.fromkeys((*MODELS, *MODELS.values()))
    for path in sorted(PACKAGE.glob("*/templates/*.html.j2")):
        said = re.findall(r"""\bt\((["'])(.+?)\1""", path.read_text(encoding="utf-8"))
        found |= dict.fromkeys(text for _, text in said)
    for rule in rule_book(load_edition()).values():
        found |= dict.fromkeys((rule.title, rule.formula))
    found |= dict.fromkeys((*FAMILIES, *UNITS, *WORDS, *LEDGER, *ORDERS))
    found |= dict.fromkeys((*_units(), *_labels(), *_fields(), *_sources(), *_service(), *_editions()))
    plurals = {text[0] for text in found if isinstance(text, tuple)}
    return [text for text in found if text not in plurals and any(map(str.isalpha, str(text)))]


def _units() -> Iterator[str]:
    """Yield the units in which the items of any edition are sold."""
    for name in editions():
        for item in load_edition(name).items():
            unit = getattr(item, "unit", "")
            if unit:
                yield unit
            if unit.isalpha() and not unit.endswith("iB"):
                yield f"{unit}s"


def _labels() -> Iterator[str]:
    """Yield what the items of any edition are called; the catalogue has beside each where its French name was read."""
    for name in editions():
        edition = load_edition(name)
        yield from (item.label for item in edition.items() if getattr(item, "label", ""))
        yield from (item.label for item in edition.withdrawn.values())


def _fields() -> Iterator[str]:
    """Yield the names of the figures of rules and of the settings, which reports show beside their values."""
    for name in editions():
        for rule in load_edition(name).rules.values():
            yield from rule.figures
    yield from (*Policy.model_fields, *BackupPolicy.model_fields, *Standby.model_fields, *BILL)


def _sources() -> Iterator[str]:
    """Yield the titles of documents of any edition, and where its assumptions were read."""
    for name in editions():
        edition = load_edition(name)
        yield from (document.title for document in edition.documents.values())
        for kind in KINDS:
            if kind.rule and kind.rule.id in edition.rules:
                cited = edition.rules[kind.rule.id].source
                yield f"{edition.documents[cited.document].title}, {cited.section}"


def _service() -> Iterator[str]:
    """Yield what the newest edition says of the service, which is read by customers."""
    newest = load_edition()
    for level in newest.service_levels.values():
        yield from (level.title, level.value)
    for condition in newest.conditions.values():
        yield from (condition.title, condition.value, condition.customer)
    for certification in newest.certifications.values():
        yield from (certification.label, certification.note)


def _editions() -> Iterator[str]:
    """Yield what `catalog` says of any edition: titles, publishers, promises, names of sections and fields, kinds."""
    for name in editions():
        edition = load_edition(name)
        yield edition.title
        yield from (document.publisher for document in edition.documents.values())
        yield from (level.value for level in edition.service_levels.values())
    yield from (noun for nouns in NOUNS.values() for noun in nouns)
    yield from (field.what for field in FIELDS.values())
    yield from (field.unit for field in FIELDS.values())
    yield from (field.meaning for field in FIELDS.values() if isinstance(field.meaning, str))
    yield from (*CHANGES.values(), "new", "gone")
    yield from (*RULE_KINDS, *RULE_KINDS.values(), *FACTS)


def _of_module(tree: ast.Module) -> Iterator[Text]:
    """Yield the texts of the calls in a module; a name stands for all literals that it is given anywhere in it."""
    named: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                for name, value in zip(names, values, strict=False):
                    if isinstance(name, ast.Name):
                        named.setdefault(name.id, []).extend(_literals(value, {}))
    for node in ast.walk(tree):
        function = getattr(node, "func", None)
        name = getattr(function, "id", "") or getattr(function, "attr", "")
        if isinstance(node, ast.Call) and name in SAYING:
            said = [_literals(node.args[at], named) for at in SAYING[name] if at < len(node.args)]
            if name == "counted":
                yield from zip(*said, strict=True)
            else:
                yield from (text for listed in said for text in listed)


def _literals(node: ast.expr, named: dict[str, list[str]]) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _literals(node.body, named) + _literals(node.orelse, named)
    return named.get(node.id, []) if isinstance(node, ast.Name) else []


def catalogue() -> Catalog:
    """Return the catalogue as it is."""
    with PO.open("rb") as file:
        return read_po(file, locale="fr")


def in_step(old: Catalog) -> Catalog:
    """Return a catalogue with every text, translated as in another one."""
    new = Catalog(
        locale="fr",
        header_comment="# What cloudplan says, in French. Kept in step by docs/translations.py.",
        project="cloudplan",
        version="1",
        creation_date=FIRST,
        revision_date=FIRST,
        last_translator="The cloudplan developers",
        language_team="French",
        fuzzy=False,
    )
    for text in texts():
        known = old.get(text)
        if known and isinstance(known.id, tuple) != isinstance(text, tuple):
            known = None
        new.add(text, known.string if known else "", user_comments=known.user_comments if known else ())
    return new


def po_bytes(given: Catalog) -> bytes:
    """Return a catalogue as the bytes of its file."""
    file = io.BytesIO()
    write_po(file, given, width=120, omit_header=False, ignore_obsolete=True)
    return file.getvalue()


def untranslated(given: Catalog) -> list[Text]:
    """Return the texts without a translation."""
    return [
        entry.id
        for entry in given
        if entry.id and not (all(entry.string) if isinstance(entry.string, tuple) else entry.string)
    ]


def main(arguments: list[str]) -> int:
    """Bring the catalogue in step, or check it."""
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    old = catalogue() if PO.exists() else Catalog(locale="fr")
    new = in_step(old)
    missing = untranslated(new)
    for text in missing:
        print(f"not translated: {text!r}")
    if arguments:
        return int(bool(missing) or PO.read_bytes() != po_bytes(new))
    PO.parent.mkdir(parents=True, exist_ok=True)
    PO.write_bytes(po_bytes(new))
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
