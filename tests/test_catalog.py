"""The catalogue: its facts are those of the provider's page, all cited; a broken edition is refused."""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import EDITION, REPOSITORY, bad_input, workload
from pydantic import BaseModel

import cloudplan as cp
from cloudplan.catalog.edition import Blade, Source, StorageClass
from cloudplan.catalog.loading import PARTS, catalog_folder
from cloudplan.rules.book import ALL, rule_book

SEED = "seed/iaas-vmware-concepts.md"


# --- the facts are those of the provider's page ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(shared: Path) -> dict[str, list[str]]:
    """The rows of the tables of the provider's page, by the SKU in their last cell."""
    rows = {}
    for line in (shared / SEED).read_text(encoding="utf-8").splitlines():
        cells = [" ".join(cell.split()) for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and cells[-1].startswith("csp:"):
            rows[cells[-1]] = cells
    return rows


def blade_row(blade: Blade) -> list[str]:
    """Return a blade as the provider's table has it."""
    return [
        blade.label,
        f"{blade.ram_gib} GB",
        f"{blade.base_ghz:.2f}/{blade.turbo_ghz:.1f} GHz ({blade.cpu})",
        f"{blade.cores} / {blade.threads} threads",
        blade.connectivity,
        f"{blade.gpus} x {blade.gpu_model}" if blade.gpus else "",
        blade.sku,
    ]


def class_row(item: StorageClass) -> list[str]:
    """Return a storage class as the provider's table has it."""
    rate = f" - {item.iops_per_tib} IOPS/To" if item.flash else ""
    return [item.label + rate, {"GiB": "1 Gio", "TiB": "1 Tio"}[item.unit], item.sku]


@pytest.mark.parametrize("name", cp.load_edition(EDITION).blades)
def test_a_blade_is_its_row_of_the_page(name: str, edition: cp.Edition, page: dict[str, list[str]]) -> None:
    blade = edition.blades[name]
    assert [cell.lower() for cell in blade_row(blade)] == [cell.lower() for cell in page[blade.sku]]


@pytest.mark.parametrize("name", cp.load_edition(EDITION).storage_classes)
def test_a_storage_class_is_its_row_of_the_page(name: str, edition: cp.Edition, page: dict[str, list[str]]) -> None:
    item = edition.storage_classes[name]
    assert class_row(item) == page[item.sku]


@pytest.mark.parametrize(
    ("name", "unit"),
    [("global_mirror", "1 Tio"), ("vm_replication", "1 vm"), ("backup_access", "1 VM"), ("backup_storage", "1 Tio")],
)
def test_a_service_has_the_unit_of_the_page(
    name: str, unit: str, edition: cp.Edition, page: dict[str, list[str]]
) -> None:
    service = getattr(edition.services, name)
    assert page[service.sku][1] == unit
    assert {"TiB": "1 tio", "VM": "1 vm"}[service.unit] == unit.lower()


def test_all_that_the_page_sells_is_in_the_edition_and_no_other_blade_or_class(
    edition: cp.Edition, page: dict[str, list[str]]
) -> None:
    computed = {item.sku for item in edition.computed_items()}
    assert computed == {*page, edition.services.memory.sku}


def test_the_zones_stand_in_the_providers_order(edition: cp.Edition) -> None:
    assert edition.zones("fr1") == ("az05", "az06", "az07")


def test_flash_classes_are_those_with_a_performance_commitment(edition: cp.Edition) -> None:
    assert edition.flash_classes == ("live", "medium", "premium", "enterprise", "ultra")


# --- every fact is cited ---------------------------------------------------------------------------------------------


def sources(value: Any) -> Iterator[Source]:
    """Yield every source in a tree of facts."""
    if isinstance(value, Source):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from sources(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from sources(inner)


def test_every_source_cites_a_document_that_is_listed(edition: cp.Edition) -> None:
    cited = {source.document for source in sources(edition)}
    assert cited <= set(edition.documents)


# --- the rule book ---------------------------------------------------------------------------------------------------


def with_rules(edition: cp.Edition, change: Callable[[dict[str, Any]], object]) -> cp.Edition:
    """Return the edition with other rules."""
    rules = {name: facts.model_copy(update={"figures": dict(facts.figures)}) for name, facts in edition.rules.items()}
    change(rules)
    return edition.model_copy(update={"rules": rules})


def test_the_rule_book_holds_every_rule_of_the_edition(edition: cp.Edition) -> None:
    standing = {rule.id for rule in ALL if rule.stands_in(edition)}
    with_figures = {rule.id for rule in ALL if rule.figures}
    assert set(rule_book(edition)) == standing >= set(edition.rules) >= with_figures & standing


def test_rule_ids_are_unique() -> None:
    assert len({rule.id for rule in ALL}) == len(ALL)


@pytest.mark.parametrize(("rule", "figure"), [(rule.id, figure) for rule in ALL for figure in rule.figures])
def test_a_missing_figure_stops_the_rule_book(rule: str, figure: str) -> None:
    with bad_input() as faults:
        rule_book(with_rules(cp.load_edition(), lambda rules: rules[rule].figures.pop(figure)))
    assert [(fault.rule, fault.message) for fault in faults] == [(rule, f"the figure {figure!r} is missing")]


def test_a_figure_that_no_rule_reads_stops_the_rule_book(edition: cp.Edition) -> None:
    with bad_input() as faults:
        rule_book(with_rules(edition, lambda rules: rules["CPU-2"].figures.update(more="1")))
    assert [(fault.rule, fault.message) for fault in faults] == [("CPU-2", "no rule reads the figure 'more'")]
    assert re.fullmatch(rf"edition {EDITION}: rules.yaml:\d+:\d+", faults[0].where)


def test_a_rule_without_facts_stops_the_rule_book(edition: cp.Edition) -> None:
    with bad_input() as faults:
        rule_book(with_rules(edition, lambda rules: rules.pop("CPU-2")))
    assert [fault.rule for fault in faults] == ["CPU-2"]


def test_facts_of_an_unknown_rule_stop_the_rule_book(edition: cp.Edition) -> None:
    with bad_input() as faults:
        rule_book(with_rules(edition, lambda rules: rules.update({"CPU-9": rules["CPU-2"]})))
    assert "unknown rule CPU-9" in faults[0].message


def test_every_mismatch_of_the_rule_book_is_told_at_once(edition: cp.Edition) -> None:
    def change(rules: dict[str, Any]) -> None:
        del rules["HA-2"]
        rules["MAX-1"].figures.clear()

    with bad_input() as faults:
        rule_book(with_rules(edition, change))
    assert [fault.rule for fault in faults] == ["MAX-1", "HA-2"]
    assert all(EDITION in fault.where for fault in faults)


def test_every_command_builds_the_rule_book_first(edition: cp.Edition, example_prices: cp.PriceBook) -> None:
    broken = with_rules(edition, lambda rules: rules.pop("CPU-2"))
    with bad_input() as faults:
        cp.optimise(cp.read_workload(workload(), broken), broken, example_prices)
    assert [fault.rule for fault in faults] == ["CPU-2"]


# --- finding and loading ---------------------------------------------------------------------------------------------


def test_the_catalogue_of_a_checkout_is_beside_the_package() -> None:
    assert catalog_folder() == REPOSITORY / "catalog"
    assert EDITION in cp.editions()


def test_editions_are_listed_oldest_first() -> None:
    assert cp.editions() == sorted(cp.editions())


def test_the_newest_edition_is_the_default() -> None:
    newest = cp.load_edition()
    assert (newest.edition, newest.shipped) == (cp.editions()[-1], True)


def test_an_unknown_edition_is_refused_with_the_list() -> None:
    with bad_input() as faults:
        cp.load_edition("2025-01-18")
    assert "'2025-01-18'" in faults[0].message
    assert f"did you mean '{EDITION}'" in faults[0].message
    assert all(name in faults[0].message for name in cp.editions())


def test_the_hash_of_an_edition_is_that_of_its_files(edition: cp.Edition) -> None:
    digest = hashlib.sha256()
    for part in PARTS:
        digest.update(f"{part}.yaml\n".encode() + (catalog_folder() / EDITION / f"{part}.yaml").read_bytes())
    assert edition.sha256 == digest.hexdigest()


# --- an edition of one's own -----------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the edition, to be broken."""
    return Path(shutil.copytree(catalog_folder() / EDITION, tmp_path / "mine"))


def rewrite(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def rename(copy: Path) -> None:
    """Give an edition a name that none bears that ships."""
    rewrite(copy / "edition.yaml", EDITION, "mine")


def test_an_edition_of_ones_own_is_loaded_from_its_folder(copy: Path, edition: cp.Edition) -> None:
    rename(copy)
    mine = cp.load_edition(copy)
    assert not mine.shipped
    assert mine.superseded is None
    same = {name: getattr(edition, name) for name in ("edition", "sha256", "shipped", "superseded", "files")}
    assert mine.model_copy(update=same) == edition


def test_an_edition_of_ones_own_may_not_bear_a_shipped_name(copy: Path, edition: cp.Edition) -> None:
    assert cp.load_edition(copy) is edition  # an unchanged copy is the edition that ships
    rewrite(copy / "rules.yaml", "ceiling: 0.85", "ceiling: 1.0")
    with bad_input() as faults:
        cp.load_edition(copy)
    assert [fault.where for fault in faults] == [str(copy / "edition.yaml")] and "rename" in faults[0].message


def test_the_hash_follows_the_files(copy: Path, edition: cp.Edition) -> None:
    rename(copy)
    before = cp.load_edition(copy).sha256
    rewrite(copy / "blades.yaml", "cores: 20", "cores: 22")
    assert cp.load_edition(copy).sha256 not in (before, edition.sha256)


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_file_is_named(part: str, copy: Path) -> None:
    (copy / f"{part}.yaml").unlink()
    with bad_input() as faults:
        cp.load_edition(copy)
    assert [str(fault) for fault in faults] == [f"{copy / part}.yaml: no such file"]


@pytest.mark.parametrize(("part", "text"), [("edition", "- a list"), ("blades", "just text"), ("rules", "---")])
def test_a_file_that_is_no_mapping_is_refused(part: str, text: str, copy: Path) -> None:
    (copy / f"{part}.yaml").write_text(text)
    with bad_input() as faults:
        cp.load_edition(copy)
    assert f"{part}.yaml" in str(faults[0])


BROKEN = {
    "unknown field": ("blades", "    threads: 40", "    thread: 40", "did you mean 'threads'?"),
    "missing field": ("blades", "    cores: 20\n", "", "'cores' is missing"),
    "negative": ("blades", "ram_gib: 384", "ram_gib: -384", "found '-384'"),
    "text for a number": ("storage", "iops_per_tib: 500", "iops_per_tib: many", "found 'many'"),
    "not a flag": ("storage", "flash: true", "flash: yes", "found 'yes'"),
    "SKU twice": (
        "blades",
        "vmware:standard:v3",
        "vmware:eco:v3",
        "SKU csp:fr1:iaas:vmware:eco:v3 is given twice, by blades.eco:v3 and by blades.standard:v3",
    ),
    "alias twice": (
        "services",
        "license:globalmirror",
        "licence:globalmirror",
        "is given twice, by services.global_mirror and by services.global_mirror",
    ),
    "key twice": ("blades", "    cores: 20", "    cores: 20\n    cores: 22", "key given twice: 'cores'"),
    "two files": ("storage", "storage_classes:", "title: again\nstorage_classes:", "'title' is given in two files"),
    "other schema": ("edition", "edition/v1", "edition/v2", "found 'cloudplan/edition/v2'"),
    "not a date": ("edition", "date: 2025-01-17}", "date: 2025-13-17}", "found '2025-13-17'"),
    "document of a blade": ("blades", "{document: concepts", "{document: concept", "unknown document 'concept'"),
    "document of a class": ("storage", "{document: concepts", "{document: concept", "unknown document 'concept'"),
    "document of a rule": ("rules", "{document: concepts", "{document: concept", "unknown document 'concept'"),
    "document of a zone": (
        "edition",
        "{document: regional, section: FR1}",
        "{document: x, section: FR1}",
        "unknown document 'x'",
    ),
    "document of a service level": (
        "edition",
        "{document: concepts, section: Benefits}",
        "{document: x, section: Benefits}",
        "unknown document 'x'",
    ),
    "document of what is withdrawn": (
        "services",
        'alternatives: [global-mirror, vm-replication]\n    source: {document: concepts',
        'alternatives: [global-mirror, vm-replication]\n    source: {document: x',
        "unknown document 'x'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("part", "old", "new", "words"),
    [pytest.param(*row, id=name) for name, row in BROKEN.items()],
)
def test_a_broken_edition_is_refused_with_one_clear_fault(
    part: str, old: str, new: str, words: str, copy: Path
) -> None:
    rewrite(copy / f"{part}.yaml", old, new)
    with bad_input() as faults:
        cp.load_edition(copy)
    assert len(faults) == 1
    assert words in faults[0].message


@pytest.mark.parametrize(
    "name",
    [
        *("unknown field", "missing field", "negative", "key twice", "two files", "SKU twice", "alias twice"),
        *(name for name in BROKEN if name.startswith("document of")),
    ],
)
def test_the_fault_of_a_broken_edition_names_the_file_and_the_line(name: str, copy: Path) -> None:
    part, old, new, _ = BROKEN[name]
    rewrite(copy / f"{part}.yaml", old, new)
    with bad_input() as faults:
        cp.load_edition(copy)
    assert re.fullmatch(re.escape(str(copy / f"{part}.yaml")) + r":\d+:\d+", faults[0].where)


@pytest.mark.parametrize(
    ("old", "new"),
    [("hosts_max: 32", "hosts_max: many"), ("ceiling: 0.85", "ceiling: lots"), ("rpo: 15m", "rpo: soon")],
)
def test_a_figure_that_cannot_be_read_is_refused(old: str, new: str, copy: Path) -> None:
    rename(copy)
    rewrite(copy / "rules.yaml", old, new)
    with bad_input() as faults:
        rule_book(cp.load_edition(copy))
    assert new.rpartition(" ")[2] in str(faults[0])


def test_every_fault_of_a_broken_edition_is_told_at_once(copy: Path) -> None:
    rewrite(copy / "blades.yaml", "cores: 20", "cores: none")
    rewrite(copy / "storage.yaml", "unit_gib: 1024", "unit_gib: 0")
    rewrite(copy / "rules.yaml", "  CPU-2: {source", "  CPU-2: {from")
    with bad_input() as faults:
        cp.load_edition(copy)
    paths = {fault.path for fault in faults}
    assert {"blades.eco:v3.cores", "storage_classes.mass.unit_gib"} <= paths
    assert any(path.startswith("rules.CPU-2") for path in paths)
