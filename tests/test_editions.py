"""The editions: what each says is what the provider's history says, none changes, and plans follow their edition."""

import importlib
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import EDITION, Ran, bad_input, price_book, vm, workload
from pydantic import BaseModel
from test_shared import judged

import cloudplan as cp
from cloudplan.base.errors import NoPlanError
from cloudplan.catalog.edition import Source, in_any_region, in_region
from cloudplan.catalog.loading import FILES, catalog_folder, edition_from, published
from cloudplan.rules.book import rule_book
from cloudplan.rules.orders import order_form

NAMES = cp.editions()
NEWEST = NAMES[-1]
LAST = "2026-04-30"
"""The last edition of the history that these tests know; a later one says what it likes."""
KNOWN = [name for name in NAMES if name <= LAST]
each_edition = pytest.mark.parametrize("name", NAMES)
each_known = pytest.mark.parametrize("name", KNOWN)

PUBLISH = "an edition that was published is final: undo the change and publish a new edition"


def since(first: str, until: str = "9999") -> list[str]:
    """Return the known editions from a date on, up to another."""
    return [name for name in KNOWN if first <= name < until]


def skus(edition: cp.Edition) -> set[str]:
    """Return all that an edition sells, in the spelling of the edition."""
    return {item.sku for item in edition.items()}


def spellings(edition: cp.Edition) -> set[str]:
    """Return all that an edition sells, in every spelling."""
    return {sku for item in edition.items() for sku in (item.sku, *item.aliases)}


# --- whole, final, in a row ------------------------------------------------------------------------------------------


def test_there_is_an_edition_for_each_change_of_the_history(shared: Path) -> None:
    history = (shared / "domain" / "catalogue-history.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \**(\d{4}-\d{2}-\d{2})", history, re.MULTILINE)
    assert len(KNOWN) > 1
    assert set(KNOWN) <= set(rows)


@each_edition
def test_an_edition_is_whole_and_its_rule_book_builds(name: str) -> None:
    edition = cp.load_edition(name)
    assert (edition.edition, edition.shipped) == (name, True)
    assert set(edition.files) == set(FILES) == {path.name for path in (catalog_folder() / name).iterdir()}
    assert set(rule_book(edition)) >= set(edition.rules)


@each_edition
def test_every_document_of_an_edition_is_cited(name: str) -> None:
    edition = cp.load_edition(name)
    assert set(cited(edition)) == set(edition.documents)


def cited(value: Any) -> Iterator[str]:
    """Yield every document that a tree of facts cites."""
    if isinstance(value, Source):
        yield value.document
    elif isinstance(value, BaseModel | dict):
        for inner in dict(value).values():
            yield from cited(inner)


def test_an_edition_is_superseded_by_the_next_one() -> None:
    assert [cp.load_edition(name).superseded for name in NAMES] == [*NAMES[1:], None]


def test_two_editions_in_a_row_differ_in_more_than_their_names() -> None:
    for before, after in pairwise(map(cp.load_edition, NAMES)):
        facts = [
            edition.model_dump(exclude={"edition", "title", "superseded", "sha256"}) for edition in (before, after)
        ]
        assert facts[0] != facts[1], after.edition


# --- what only some editions carry -----------------------------------------------------------------------------------


@each_edition
def test_what_an_edition_names_of_itself_is_there(name: str) -> None:
    edition, form = cp.load_edition(name), order_form(cp.load_edition(name))
    assert set(form.without_blades) < set(edition.blades) and set(form.without_classes) < set(edition.storage_classes)
    assert (form.hosts_max >= (form.hosts_min or 1) and form.addresses_max is None) or form.addresses_min
    assert all(edition.certifications[key].covers("blades.eco:v3") for key in edition.certifications)
    assert edition.checked_until is None or str(edition.checked_until) >= name


def test_the_order_form_takes_what_was_read(shared: Path) -> None:
    """Compare with the facts that were collected, since an edition carries them."""
    text = (shared / "domain" / "order-limits.md").read_text(encoding="utf-8")
    edition, form = cp.load_edition("2026-08-20"), order_form(cp.load_edition("2026-08-20"))
    for words in (
        f"Hosts in a new cluster (slider) | **{form.hosts_min} – {form.hosts_max}**",
        f"**min 256 GO, max {form.memory_max_gib(2, edition.blades['eco:v3'].ram_gib)} GO**",
        f"**min {form.datastores_min}, max {form.datastores_max}**",
        f"**min {form.datastore_min_gib} GO, max {form.datastore_max_gib} GO**",
        f"**min {form.backup_min_gib} GO, max {form.backup_max_gib} GO**",
        f"**{form.networks_max} at a time**",
        f"**{form.addresses_min} – {form.addresses_max}**",
        "**No performance4.**",
        "**No Enterprise/Ultra in the form.**",
        f"{edition.limit('vm_disks_paravirtual')} disks if hardware version",
        "at least 1 AZ, 1 compute cluster, 1 storage space, 1 VLAN",
    ):
        assert words in text
    tenant = [edition.limit(f"tenant_{what}") for what in ("zones", "clusters", "datastores", "vlans")]
    assert (tenant, edition.limit("vm_disks")) == ([1] * 4, 4 * 15)
    assert [key for key, item in edition.extras.items() if item.by_request] == [
        key for key in edition.extras if key.startswith("link-")
    ]


def test_facts_that_an_edition_does_not_carry_are_none() -> None:
    form = order_form(cp.load_edition(LAST))
    assert (form.hosts_min, form.networks_max, form.without_blades) == (None, None, ())
    assert cp.load_edition(LAST).limit("tenant_vlans") is None


def test_the_figures_of_the_edition_of_august_2026_are_those_of_april() -> None:
    before, after = cp.load_edition(LAST), cp.load_edition("2026-08-20")
    assert [(item.sku, item.label) for item in before.items()] == [(item.sku, item.label) for item in after.items()]
    assert (before.blades, before.storage_classes, before.services) == (
        *(after.blades, after.storage_classes, after.services),
    )
    assert {key: facts.figures for key, facts in after.rules.items() if key != "ORD-3"} == {
        key: facts.figures for key, facts in before.rules.items()
    }


def test_a_certification_of_what_is_not_sold_is_refused(tmp_path: Path) -> None:
    copy = shutil.copytree(catalog_folder() / "2026-08-20", tmp_path / "mine")
    rewrite(copy / "edition.yaml", "extras.vlan", "extras.vlans")
    with bad_input() as faults:
        cp.load_edition(copy)
    assert [fault.path for fault in faults] == ["certifications.secnumcloud.items[4]"]
    assert "did you mean 'extras.vlan'?" in faults[0].message


# --- published is final ----------------------------------------------------------------------------------------------


def test_every_edition_that_ships_is_locked_by_its_hash() -> None:
    now = {name: cp.load_edition(catalog_folder() / name).sha256 for name in NAMES}
    assert now == published(), PUBLISH


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the catalogue, in place of the one that ships."""
    folder = Path(shutil.copytree(catalog_folder(), tmp_path / "catalog"))
    monkeypatch.setattr(sys.modules["cloudplan.catalog.loading"], "catalog_folder", lambda: folder)
    return folder


def rewrite(path: Path, old: str, new: str) -> None:
    """Replace the first of a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def rename(copy: Path, name: str) -> None:
    """Give a copied edition a name that none bears that ships."""
    rewrite(copy / "edition.yaml", f'edition: "{name}"', "edition: mine")


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("blades", "cores: 20", "cores: 22"),
        ("rules", "# The", "# These"),
        ("edition", f'edition: "{EDITION}"', 'edition: "2025-01-18"'),
    ],
)
def test_an_edition_changed_after_it_was_published_is_refused(part: str, old: str, new: str, catalogue: Path) -> None:
    rewrite(catalogue / EDITION / f"{part}.yaml", old, new)
    with bad_input() as faults:
        cp.load_edition(EDITION)
    assert [fault.where for fault in faults] == [str(catalogue / EDITION)]
    assert f"edition {EDITION} was changed after it was published; publish a new edition" in faults[0].message
    assert cp.load_edition("2025-01-30").shipped


def test_a_changed_edition_under_another_name_is_loaded_by_its_path(catalogue: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(catalogue / EDITION, tmp_path / "mine")
    rewrite(copy / "blades.yaml", "cores: 20", "cores: 22")
    rename(copy, EDITION)
    mine = cp.load_edition(copy)
    assert (mine.shipped, mine.blades["eco:v3"].cores) == (False, 22)


def test_a_folder_that_is_not_published_is_a_draft(catalogue: Path) -> None:
    draft = shutil.copytree(catalogue / NEWEST, catalogue / "9999-12-31")
    rewrite(draft / "edition.yaml", f'edition: "{NEWEST}"', 'edition: "9999-12-31"')
    assert (cp.load_edition().edition, cp.load_edition(NEWEST).superseded) == ("9999-12-31", "9999-12-31")


def test_line_ends_are_no_change(catalogue: Path) -> None:
    path = catalogue / EDITION / "blades.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert cp.load_edition(EDITION).sha256 == published()[EDITION]


# --- an edition of one's own: a folder, a catalogue, texts -----------------------------------------------------------


def test_a_folder_of_editions_is_a_catalogue_and_its_newest_is_taken(tmp_path: Path) -> None:
    for name in ("2025-03-12", "2025-09-02"):
        shutil.copytree(catalog_folder() / name, tmp_path / name)
    (tmp_path / "zones").mkdir()
    assert cp.load_edition(tmp_path).edition == "2025-09-02"


def test_a_folder_without_an_edition_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with bad_input() as faults:
        cp.load_edition(tmp_path)
    assert [fault.where for fault in faults] == [str(tmp_path)]
    assert all(file in faults[0].message for file in FILES)


def test_a_sku_given_twice_is_placed_and_both_items_are_named(tmp_path: Path) -> None:
    copy = shutil.copytree(catalog_folder() / EDITION, tmp_path / "mine")
    rewrite(copy / "services.yaml", "sku: csp:tenant:v1", "sku: csp:fr1:iaas:vmware:eco:v3")
    lines = (copy / "services.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "eco:v3" in text)
    with bad_input() as faults:
        cp.load_edition(copy)
    assert [str(fault) for fault in faults] == [
        f"{copy / 'services.yaml'}:{line}:10: extras.tenant.sku: SKU csp:fr1:iaas:vmware:eco:v3 is given twice, "
        "by blades.eco:v3 and by extras.tenant"
    ]


def test_an_edition_is_the_same_from_its_texts(tmp_path: Path) -> None:
    copy = shutil.copytree(catalog_folder() / NEWEST, tmp_path / "mine")
    assert edition_from(cp.load_edition(copy).files, "plan.json") is cp.load_edition(NEWEST)
    rename(copy, NEWEST)
    mine = cp.load_edition(copy)
    assert edition_from(mine.files, "plan.json") == mine and not mine.shipped
    assert edition_from(mine.files, "plan.json").files == mine.files


def test_the_texts_of_an_edition_are_left_out_of_dumps() -> None:
    newest = cp.load_edition()
    assert "files" not in newest.model_dump()
    assert "storage_classes:" not in repr(newest)


def test_the_fault_of_a_text_names_the_file_the_line_and_the_column() -> None:
    files = {**cp.load_edition().files}
    line = files["blades.yaml"].splitlines().index("    ram_gib: 384") + 1
    files["blades.yaml"] = files["blades.yaml"].replace("ram_gib: 384", "ram_gib: lots", 1)
    with bad_input() as faults:
        edition_from(files, "plan.json")
    assert [fault.where for fault in faults] == [f"plan.json: blades.yaml:{line}:14"]


@pytest.mark.parametrize("value", [None, 5, {}])
def test_texts_that_are_missing_are_named(value: Any) -> None:
    files = {**cp.load_edition().files, "rules.yaml": value}
    del files["storage.yaml"]
    with bad_input() as faults:
        edition_from(files, "plan.json")
    assert [str(fault) for fault in faults] == [
        "plan.json: storage.yaml: no such file",
        "plan.json: rules.yaml: no such file",
    ]


def test_a_plan_carries_an_edition_of_ones_own_whole(tmp_path: Path) -> None:
    copy = shutil.copytree(catalog_folder() / EDITION, tmp_path / "mine")
    rewrite(copy / "blades.yaml", "cores: 20", "cores: 22")
    rename(copy, EDITION)
    mine = cp.load_edition(copy)
    plan = cp.optimise(cp.read_workload(workload(catalog="mine"), mine), mine, cp.load_prices())
    carried = json.loads(plan.to_json())["inputs"]["catalog"]
    assert edition_from(carried, "plan.json") == mine
    assert plan.catalog.sha256 == mine.sha256


# --- what each edition says ------------------------------------------------------------------------------------------

LICENSE = {"2025-01-17": "vmr", "2025-01-30": "vmr", "2025-02-21": "vmr gm", "2025-03-11": "vmr gm"}
"""The editions that follow an English page, and the licences that it spells `license`."""


@each_known
def test_the_licences_are_spelled_as_on_the_page_of_the_edition(name: str) -> None:
    services, wrong = cp.load_edition(name).services, LICENSE.get(name, "").split()
    for key, item, form in (
        ("gm", services.global_mirror, "csp:(region):iaas:storage:{}:globalmirror:v1"),
        ("vmr", services.vm_replication, "csp:(region):iaas:vmware:{}:replication:v1"),
    ):
        own, other = ("license", "licence") if key in wrong else ("licence", "license")
        assert item.sku == form.format(own)
        assert form.format(other) in item.aliases


@each_known
def test_every_spelling_of_the_history_is_an_alias(name: str) -> None:
    edition = cp.load_edition(name)
    for item in (*edition.storage_classes.values(), edition.services.backup_storage):
        assert item.sku.replace("bloc", "block") in item.aliases
    assert "csp:(region):iaas:storage:backup:v1" in edition.services.backup_storage.aliases
    assert "csp:fr1:network:memory:v2" in edition.services.memory.aliases
    for words in ("licencia:replicacion", "licenza:replica", "lizenz:replikation"):
        assert f"csp:(region):iaas:vmware:{words}:v1" in edition.services.vm_replication.aliases
    assert "csp:mandant:v1" in edition.extras["tenant"].aliases
    assert "csp:(region):network:traffic:internet:v1" in edition.extras["internet"].aliases
    for item in edition.extras.values():
        assert item.sku.replace("licence", "license") in (item.sku, *item.aliases)


SOLD = {
    "csp:(region):iaas:az:v1": since("2025-01-16"),
    "csp:(region):iaas:vmware:encryption:hsm:v1": since("2025-09-02"),
    "csp:fr1:licence:fw:ftg2": since("2025-03-11"),
    "csp:fr1:licence:fw:vdom": since("2025-03-11"),
    "csp:(region):openiaas:backup:vm:v1": since("2025-03-12"),
    "csp:(region):hosting:dedicated:rack:v1": since("2025-03-12"),
    "csp:(region):network:ipv4:v1": [*since("2025-01-16", "2025-09-04"), *since("2026-04-17")],
    "csp:(region):network:ipv4:v2": since("2025-01-16"),
    "RSIP-IP4-UNIT": since("2025-09-04"),
    "RSIP-IP6-UNIT": since("2025-09-04"),
    "csp:(region):network:epl:1g:v1": since("2026-04-17"),
    "csp:(region):network:fcpl:16g:v1": since("2026-04-17"),
    "cmp:bastion:session:std": since("2026-04-30"),
    "csp:fr1:paas:kasten:3wkr:v1": since("2026-04-30"),
}


@pytest.mark.parametrize("sku", SOLD)
def test_a_sku_is_sold_in_the_editions_of_its_dates(sku: str) -> None:
    assert [name for name in KNOWN if sku in skus(cp.load_edition(name))] == SOLD[sku]


def holding(fact: Callable[[cp.Edition], bool]) -> list[str]:
    """Return the known editions of which a fact is true."""
    return [name for name in KNOWN if fact(cp.load_edition(name))]


def section(edition: cp.Edition, rule: str) -> str:
    """Return the document and the section that a rule cites."""
    source = edition.rules[rule].source
    return f"{source.document}: {source.section}"


def test_what_changes_with_the_editions() -> None:
    assert holding(lambda it: it.services.zone is not None) == since("2025-03-12")
    assert holding(lambda it: it.services.encryption is not None) == since("2025-09-02")
    assert holding(lambda it: it.figure("MEM-4", "contradicted") == "true") == since("2025-10-13")
    assert holding(lambda it: it.figure("MEM-4", "memory_model") == "base128_plus_memory") == KNOWN
    assert holding(lambda it: it.extras["ipv4"].unit == "IPv4/32") == since("2025-11-27")
    assert holding(lambda it: it.extras["ipv6"].unit == "IPv6/48") == since("2025-11-27")
    assert holding(lambda it: section(it, "BKP-1").startswith("quickstart")) == since("2025-01-30")
    assert holding(lambda it: "replicat" in section(it, "ENC-2")) == since("2025-01-30")
    assert holding(lambda it: "Tera allocated" in section(it, "IOPS-1")) == since("2025-02-19")
    assert holding(lambda it: "ceiling of each LUN" in section(it, "IOPS-4")) == since("2026-04-30")
    assert holding(lambda it: "sla_condition" in it.service_levels) == since("2025-02-19", "2026-04-17")
    assert holding(lambda it: "console_availability" in it.service_levels) == since("2026-04-17")


def test_the_contract_promises_by_service() -> None:
    levels = cp.load_edition("2026-04-17").service_levels
    assert all("two or more" in levels[f"{name}_availability"].value for name in ("compute", "storage", "network"))
    found = {name: level.value.split()[0] for name, level in levels.items() if name.endswith("_availability")}
    assert found == dict.fromkeys(found, "99.99") | {"console_availability": "97", "api_availability": "99.9"}


def test_the_ceilings_are_those_of_the_history(shared: Path) -> None:
    history = (shared / "domain" / "catalogue-history.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (\d+) \| ([\d ]+) \| \d+ To \| (\d+) \|$", history, re.MULTILINE)
    ceilings = {label: (int(rate), int(iops.replace(" ", "")), int(mbps)) for label, rate, iops, mbps in rows}
    assert len(ceilings) == 5
    classes = cp.load_edition(LAST).storage_classes
    said = {item.label: (item.iops_per_tib, item.iops_max, item.mbps_max) for item in classes.values()}
    assert said == {f"FLASH - {label}": row for label, row in ceilings.items()} | {
        "MASS STORAGE - Archivage": (0, None, None)
    }
    for name in KNOWN[:-1]:
        items = cp.load_edition(name).storage_classes.values()
        assert {(item.iops_max, item.mbps_max) for item in items} == {(None, None)}


@each_known
def test_blades_ratios_and_limits_never_changed(name: str, edition: cp.Edition) -> None:
    """The history: no blade, ratio or licence of the concepts page was ever removed or specified anew."""
    other = cp.load_edition(name)
    assert other.blades == edition.blades
    assert [(item.sku, item.unit_gib, item.iops_per_tib, item.flash) for item in other.storage_classes.values()] == [
        (item.sku, item.unit_gib, item.iops_per_tib, item.flash) for item in edition.storage_classes.values()
    ]
    figures = {rule: facts.figures for rule, facts in other.rules.items() if rule != "MEM-4"}
    assert figures == {rule: facts.figures for rule, facts in edition.rules.items() if rule != "MEM-4"}


# --- every SKU of the provider ---------------------------------------------------------------------------------------


def listed_skus(text: str) -> Iterator[tuple[str, str]]:
    """Yield every SKU of the inventory with its row; a row shortens those that end otherwise, and lists in braces."""
    for row in (line for line in text.splitlines() if line.startswith("|")):
        first = ""
        for code in re.findall(r"`([^`]+)`", row):
            if code.endswith("…"):
                continue
            if code.startswith(("csp:", "cmp:", "RSIP-")):
                first = code
            elif not first or not re.fullmatch(r":?[a-z0-9]+(:[a-z0-9]+)*", code):
                continue
            tail = code.lstrip(":").split(":")
            sku = code if code == first else ":".join([*first.split(":")[: -len(tail)], *tail])
            prefix, choices, suffix = re.fullmatch(r"([^{]*)(?:\{(.*)\})?(.*)", sku).groups()  # type: ignore[union-attr]
            for word in (choices or "").split(","):
                yield f"{prefix}{word}{suffix}", row


def test_every_sku_of_the_provider_is_in_the_last_known_edition(shared: Path) -> None:
    text = (shared / "domain" / "skus.md").read_text(encoding="utf-8")
    inventory = dict(listed_skus(text[text.index("## 1.") : text.index("## 6.")]))
    assert len(inventory) == 18 + 13 + 5 + 14 + 9  # its five sections
    assert set(inventory) - spellings(cp.load_edition(LAST)) == set()


def test_a_minimum_term_is_the_printed_one(shared: Path) -> None:
    text = (shared / "domain" / "skus.md").read_text(encoding="utf-8")
    printed = {}
    for sku, row in listed_skus(text[text.index("## 1.") : text.index("## 6.")]):
        months = re.search(r"(\d+) months\b", row)
        printed[sku] = int(months[1]) if months else None
    said = {item.sku: item.min_term_months for item in cp.load_edition(LAST).items()}
    assert {sku: months for sku, months in said.items() if months} == {sku: m for sku, m in printed.items() if m}


@pytest.mark.parametrize("spelled", ["(region)", "(regione)", "*(REGION)*", "fr1"])
def test_the_region_of_a_sku_is_filled_in_however_it_is_spelled(spelled: str) -> None:
    assert in_region(f"csp:{spelled}:iaas:az:v1", "fr1") == "csp:fr1:iaas:az:v1"
    assert in_any_region(f"csp:{spelled}:iaas:az:v1", "fr1") == "csp:(region):iaas:az:v1"


# --- the same workload under two editions ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checker(shared: Path) -> ModuleType:
    sys.path.insert(0, str(shared / "tools"))
    return importlib.import_module("check_plan")


def facts_of(name: str, shared: Path) -> dict[str, Any]:
    """Return the facts of an edition for the independent checker: the seed's, and what the history changed since."""
    facts = json.loads((shared / "tools" / "facts-2025-01-17.json").read_text())
    facts |= {"edition": name, "az_billed": name >= "2025-03-12", "encryption_sold": name >= "2025-09-02"}
    for storage_class in ("live", "medium", "premium", "enterprise", "ultra") if name >= "2026-04-30" else ():
        iops, mbps = (10000, 512) if storage_class == "live" else (30000, 1024)
        facts["classes"][storage_class] |= {"iops_max": iops, "mbps_max": mbps}
    return facts


@pytest.fixture
def sized(checker: ModuleType, shared: Path) -> Callable[..., cp.Plan]:
    """Size a workload under an edition: verified, and judged by the independent checker, which knows no aliases."""

    def plan_of(name: str, **fields: Any) -> cp.Plan:
        edition, prices = cp.load_edition(name), price_book()
        prices["items"] |= {sku.replace("licence", "license"): price for sku, price in prices["items"].items()}
        wish = workload(**fields, catalog=name)
        wanted, book = cp.read_workload(wish, edition), cp.load_prices(prices)
        plan = cp.optimise(wanted, edition, book)
        assert plan.status == "optimal"
        assert cp.verify(plan, wanted, edition, book).holds
        assert judged(checker, facts_of(name, shared), wish, prices, plan) == []
        return plan

    return plan_of


def luns(plan: cp.Plan) -> list[int]:
    """Return the sizes of a plan's LUNs, in GiB."""
    return sorted(store.size_gib for store in plan.datastores)


def quantities(plan: cp.Plan) -> dict[str, int]:
    """Return what a plan bills, by SKU, over all sites."""
    total: dict[str, int] = {}
    for line in plan.bom:
        total[line.sku] = total.get(line.sku, 0) + line.quantity
    return total


def disks(count: int, **disk: Any) -> list[dict[str, Any]]:
    """Return VMs of one disk each."""
    return [vm(count=count, disks=[disk])]


@each_known
def test_every_edition_is_sized_with_the_example_prices(name: str, sized: Callable[..., cp.Plan]) -> None:
    vms = [
        vm(name="a", protection={"mechanism": "global-mirror"}),
        vm(name="b", protection={"mechanism": "vm-replication"}),
        vm(name="c", memory_gib=300, disks=[{"size_gib": 900, "class": "mass"}]),
    ]
    bought = quantities(sized(name, sites={"standby": "az06"}, vms=vms))
    spelled = "license" if name in LICENSE else "licence"
    assert bought[f"csp:fr1:iaas:vmware:{spelled}:replication:v1"] == 1
    assert ("csp:fr1:iaas:az:v1" in bought) == (name >= "2025-03-12")


def test_150_000_iops_on_one_ultra_lun_take_five_since_the_ceilings(sized: Callable[..., cp.Plan]) -> None:
    fields = {"vms": disks(10, size_gib=900, iops=15000, **{"class": "ultra"})}
    before, after = sized("2026-04-17", **fields), sized("2026-04-30", **fields)
    assert luns(before) == [10240]
    assert luns(after) == [2048] * 5
    assert before.monthly == after.monthly


def test_a_lun_of_20_tib_is_split_when_its_disks_need_more_than_the_ceiling(sized: Callable[..., cp.Plan]) -> None:
    def big(iops: int) -> dict[str, Any]:
        return {"vms": disks(2, size_gib=9000, iops=iops, **{"class": "enterprise"})}

    assert [len(luns(sized(name, **big(15000)))) for name in ("2026-04-17", "2026-04-30")] == [1, 1]
    assert [len(luns(sized(name, **big(15001)))) for name in ("2026-04-17", "2026-04-30")] == [1, 2]


def test_a_disk_beyond_the_ceiling_has_no_plan_since_then(sized: Callable[..., cp.Plan]) -> None:
    fields = {"vms": disks(1, size_gib=18000, iops=200_000)}
    assert luns(sized("2026-04-17", **fields)) == [20009]
    newest = cp.load_edition(LAST)
    with pytest.raises(NoPlanError) as refused:
        cp.optimise(cp.read_workload(workload(**fields, catalog=LAST), newest), newest, cp.load_prices())
    assert [(fault.path, fault.rule) for fault in refused.value.faults] == [("a", "IOPS-1")]
    assert "delivers at most 30 000" in str(refused.value)


def test_a_disk_beyond_the_bandwidth_of_a_lun_is_refused_by_its_rule() -> None:
    newest = cp.load_edition(LAST)
    wanted = cp.read_workload(workload(vms=disks(1, size_gib=60, mbps=1025), catalog=LAST), newest)
    with pytest.raises(NoPlanError) as refused:
        cp.optimise(wanted, newest, cp.load_prices())
    assert [fault.rule for fault in refused.value.faults] == ["IOPS-4"]
    assert "needs 1 025 MB/s" in str(refused.value)


def test_bandwidth_splits_luns_since_the_ceilings(sized: Callable[..., cp.Plan]) -> None:
    fields = {"vms": disks(4, size_gib=300, mbps=512, **{"class": "medium"})}
    assert [len(luns(sized(name, **fields))) for name in ("2026-04-17", "2026-04-30")] == [1, 2]


def test_the_activation_of_a_zone_is_billed_since_it_has_a_price(sized: Callable[..., cp.Plan]) -> None:
    before, after = sized(EDITION), sized("2025-03-12")
    assert "csp:fr1:iaas:az:v1" not in quantities(before)
    assert quantities(after) == quantities(before) | {"csp:fr1:iaas:az:v1": 1}


@pytest.mark.parametrize("name", since("2025-01-16", "2025-09-02"))
def test_an_encrypted_vm_is_refused_before_encryption_is_sold(
    name: str, run: Callable[..., Ran], tmp_path: Path
) -> None:
    wish = tmp_path / "workload.yaml"
    wish.write_text(json.dumps(workload(catalog=name, vms=[vm(encrypted=True)])))
    ran = run("size", wish)
    assert ran.status == 2
    assert "does not sell VM encryption" in ran.err


@pytest.mark.parametrize("name", since("2025-09-02"))
def test_an_encrypted_vm_is_sold_since(name: str, sized: Callable[..., cp.Plan]) -> None:
    plan = sized(name, vms=[vm(encrypted=True, count=3), vm(name="b")])
    assert quantities(plan)["csp:fr1:iaas:vmware:encryption:hsm:v1"] == 3


@pytest.mark.parametrize("mechanism", ["global-mirror", "vm-replication", None])
def test_an_encrypted_vm_cannot_be_protected(mechanism: str | None) -> None:
    edition = cp.load_edition("2025-09-02")
    wish = {"rpo": "1d", **({"mechanism": mechanism} if mechanism else {})}
    fields = {"sites": {"standby": "az06"}, "catalog": "2025-09-02"}
    wanted = cp.read_workload(workload(**fields, vms=[vm(encrypted=True, protection=wish)]), edition)
    with pytest.raises(NoPlanError) as refused:
        cp.optimise(wanted, edition, cp.load_prices())
    assert "an encrypted VM cannot be replicated (ENC-2)" in str(refused.value)


@each_known
def test_the_memory_model_is_contradicted_since_october_2025(name: str, sized: Callable[..., cp.Plan]) -> None:
    codes = [finding.code for finding in sized(name).findings]
    assert ("memory-model" in codes) == (name >= "2025-10-13")
