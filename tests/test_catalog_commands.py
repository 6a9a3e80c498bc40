"""`cloudplan catalog`: what the commands print, what they refuse, and catalogues of one's own."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import EDITION, Ran

import cloudplan as cp
from cloudplan.analysis.release_notes import compare
from cloudplan.catalog.loading import catalog_folder
from cloudplan.rules.book import ALL, rule_book

Run = Callable[..., Ran]

FIRST, LAST, NEWEST = "2025-01-16", "2026-04-30", cp.editions()[-1]
FUTURE = "9999-12-31"
"""The date of a draft: no edition that ships will have it."""

COMMANDS = {
    "list": ["list"],
    "edition": ["show", EDITION],
    "newest": ["show"],
    "item": ["show", "encryption"],
    "diff": ["diff", FIRST, LAST],
    "check": ["check"],
    "check one": ["check", EDITION],
    "rules": ["rules"],
    "rule": ["rules", "MEM-4"],
}

SCHEMAS = {
    "list": "cloudplan/catalog-list/v1",
    "show": "cloudplan/catalog-edition/v1",
    "item": "cloudplan/catalog-item/v1",
    "diff": "cloudplan/catalog-diff/v1",
    "check": "cloudplan/catalog-check/v1",
    "rules": "cloudplan/catalog-rules/v1",
}


def values(run: Run, *arguments: object) -> dict[str, Any]:
    """Return what a command prints as JSON."""
    ran = run("catalog", *arguments, "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out)
    return found


def one_line(text: str) -> str:
    return " ".join(text.split())


def rewrite(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the first and the last edition in a catalogue of one's own, beside nothing else."""
    monkeypatch.chdir(tmp_path)
    for name in (FIRST, LAST):
        copy = shutil.copytree(catalog_folder() / name, tmp_path / "catalogue" / name)
        rewrite(copy / "edition.yaml", f'edition: "{name}"', f'edition: "my {name}"')
    return tmp_path / "catalogue"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all that ships, in the place of it."""
    folder = Path(shutil.copytree(catalog_folder(), tmp_path / "shipped"))
    monkeypatch.setattr(sys.modules["cloudplan.catalog.loading"], "catalog_folder", lambda: folder)
    return folder


# --- every command in every format -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_a_table_of_100_columns_is_the_default(name: str, run: Run) -> None:
    ran = run("catalog", *COMMANDS[name])
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == run("catalog", *COMMANDS[name], "--format", "table").out
    assert max(map(len, ran.out.splitlines())) <= 100
    assert "…" not in ran.out
    assert "\n\n" in ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_markdown_has_headings_and_tables(name: str, run: Run) -> None:
    ran = run("catalog", *COMMANDS[name], "--format", "markdown")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("# ")
    assert "\n## " in ran.out and "\n| " in ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_json_names_its_schema(name: str, run: Run) -> None:
    key = "item" if name == "item" else COMMANDS[name][0]
    assert values(run, *COMMANDS[name])["schema"] == SCHEMAS[key]


@pytest.mark.parametrize("style", ["table", "markdown", "json"])
@pytest.mark.parametrize("name", ["list", "edition", "diff", "check one", "rules"])
def test_output_writes_what_would_be_printed(
    name: str, style: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = run("catalog", *COMMANDS[name], "--format", style).out
    ran = run("catalog", *COMMANDS[name], "--format", style, "--output", "out")
    assert (ran.status, ran.out, ran.err) == (0, "", "Written: out\n")
    assert Path("out").read_text(encoding="utf-8") == shown
    ran = run("catalog", *COMMANDS[name], "--output", "out")
    assert (ran.status, ran.out, ran.faults) == (2, "", ["out: exists already; use --force to overwrite it"])
    assert run("catalog", *COMMANDS[name], "--output", "out", "--force").status == 0


@pytest.mark.parametrize(
    "arguments", [["--help"], *([name, "--help"] for name in ("list", "show", "diff", "check", "rules", "new"))]
)
def test_help_is_printed(arguments: list[str], run: Run) -> None:
    ran = run("catalog", *arguments)
    assert ran.status == 0
    assert "Usage" in ran.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["diff", EDITION], "missing argument"),
        (["show", EDITION, "medium", "--catalog", EDITION], "the edition is given twice"),
        (["list", "--colour"], "no such option"),
        (["lists"], "no such command"),
        (["rules", "--format", "xml"], "--format: found 'xml'; allowed: table, json, markdown"),
    ],
)
def test_a_wrong_command_line_is_bad_input(arguments: list[str], words: str, run: Run) -> None:
    ran = run("catalog", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


# --- list ------------------------------------------------------------------------------------------------------------


def test_list_has_every_edition_with_what_it_brings(run: Run) -> None:
    listed = values(run, "list")["editions"]
    assert [item["edition"] for item in listed] == cp.editions()
    assert [item["sha256"] for item in listed] == [cp.load_edition(name).sha256 for name in cp.editions()]
    assert [item["superseded"] for item in listed] == [*cp.editions()[1:], None]
    assert [item["default"] for item in listed] == [False] * (len(listed) - 1) + [True]
    assert {item["state"] for item in listed} == {"published"}
    news = {item["edition"]: item["news"] for item in listed}
    assert news[FIRST] == "the first edition"
    assert news["2025-09-02"] == "new service encryption"


def test_list_marks_the_default(run: Run) -> None:
    [line] = [line for line in run("catalog", "list").out.splitlines() if "default" in line]
    assert line.split()[0] == NEWEST
    assert cp.load_edition(NEWEST).sha256[:12] in line


def test_a_draft_is_marked(run: Run, shipped: Path) -> None:
    draft = shutil.copytree(shipped / NEWEST, shipped / FUTURE)
    rewrite(draft / "edition.yaml", f'edition: "{NEWEST}"', f'edition: "{FUTURE}"')
    listed = {item["edition"]: item for item in values(run, "list")["editions"]}
    assert (listed[FUTURE]["state"], listed[FUTURE]["default"]) == ("draft", True)
    assert listed[NEWEST]["superseded"] == FUTURE
    assert f"1 draft, {len(listed) - 1} published" in run("catalog", "check").out


def test_list_shows_a_catalogue_of_ones_own(run: Run, own: Path) -> None:
    rewrite(own / LAST / "blades.yaml", "cores: 20", "cores: 24")
    first, last = values(run, "list", "--catalog", own)["editions"]
    assert (first["state"], last["state"]) == ("own", "own")
    assert (first["default"], last["default"]) == (False, True)
    assert last["news"].startswith("IOPS ceiling")


def test_list_of_one_folder_has_one_edition(run: Run, own: Path) -> None:
    [only] = values(run, "list", "--catalog", own / FIRST)["editions"]
    assert only["edition"] == f"my {FIRST}"


def test_the_faults_of_all_listed_editions_are_told_together(run: Run, own: Path) -> None:
    for name in (FIRST, LAST):
        rewrite(own / name / "blades.yaml", "cores: 20", "cores: none")
    ran = run("catalog", "list", "--catalog", own)
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 2)


# --- show ------------------------------------------------------------------------------------------------------------


def test_show_has_the_whole_edition(run: Run, edition: cp.Edition) -> None:
    shown = values(run, "show", EDITION)
    assert cp.Edition.model_validate(shown["catalog"]).blades == edition.blades
    assert shown["state"] == "published"
    text = run("catalog", "show", EDITION).out
    for part in ("BLADES", "STORAGE CLASSES", "SERVICES", "EXTRAS", "NO LONGER SOLD", "AVAILABILITY ZONES"):
        assert f"\n{part}  " in text or f"\n{part}\n" in text
    for item in edition.items():
        assert item.sku in text
    for name in (*edition.documents, *edition.service_levels):
        assert name in text


def test_the_newest_edition_is_the_default(run: Run) -> None:
    assert values(run, "show")["catalog"]["edition"] == NEWEST


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("eco:v3", "blades eco:v3"),
        ("ECO:V3", "blades eco:v3"),
        ("medium", "storage_classes medium"),
        ("encryption", "services encryption"),
        ("global-mirror", "services global_mirror"),
        ("vlan", "extras vlan"),
        ("metro_mirror", "withdrawn metro_mirror"),
        ("fr1", "regions fr1"),
        ("az05", "zones fr1/az05"),
        ("PAR7S", "zones fr1/az05"),
        ("MEM-4", "rules MEM-4"),
        ("mem-4", "rules MEM-4"),
        ("penalties", "service_levels penalties"),
        ("concepts", "documents concepts"),
        ("csp:fr1:iaas:storage:bloc:medium:v1", "storage_classes medium"),
        ("csp:(region):iaas:storage:block:medium:v1", "storage_classes medium"),
        ("csp:fr1:iaas:storage:block:medium:v1", "storage_classes medium"),
        ("csp:fr1:network:memory:v2", "services memory"),
        ("csp:(region):iaas:storage:licence:metromirror:v1", "withdrawn metro_mirror"),
        ("RSIP-IP4-UNIT", "extras rsip-ipv4"),
    ],
)
def test_an_item_is_found_by_any_of_its_names(word: str, place: str, run: Run) -> None:
    shown = values(run, "show", word)
    assert [f"{item['section']} {item['key']}" for item in shown["items"]] == [place]
    assert shown["catalog"]["edition"] == NEWEST
    assert shown["items"] == values(run, "show", NEWEST, word)["items"]
    assert shown["items"] == values(run, "show", word, "--catalog", NEWEST)["items"]


def test_all_that_a_name_means_is_shown(run: Run) -> None:
    assert [item["section"] for item in values(run, "show", "zones")["items"]] == ["documents"]
    found = values(run, "show", "internet")["items"]
    assert [item["section"] for item in found] == ["extras", "documents"]


def test_an_item_has_all_its_fields_and_its_source(run: Run) -> None:
    text = one_line(run("catalog", "show", EDITION, "vm_replication").out)
    item = cp.load_edition(EDITION).services.vm_replication
    for words in (item.label, item.sku, *item.aliases, item.note, item.source.section, "2025-01-17"):
        assert words in text
    [shown] = values(run, "show", EDITION, "vm_replication")["items"]
    assert shown["fields"]["source"]["document"] == "concepts"
    assert shown["document"]["date"] == "2025-01-17"


def test_a_figure_is_shown_with_its_unit(run: Run) -> None:
    text = one_line(run("catalog", "show", "ultra").out)
    for words in ("15 000 IOPS/TiB", "30 000 IOPS", "1 024 MB/s"):
        assert words in text
    assert "36 months" in one_line(run("catalog", "show", "link-1g").out)


def test_a_document_says_what_cites_it(run: Run) -> None:
    assert "extras firewall-ftg2, firewall-ftg4" in one_line(run("catalog", "show", "fortinet").out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["encrytion"], "did you mean 'encryption'?"),
        (["2025-01-18"], "did you mean '2025-01-17'?"),
        ([EDITION, "mediun"], f"no item of edition {EDITION}; did you mean 'medium'?"),
        ([EDITION, "encryption"], f"no item of edition {EDITION}; it is in 2025-09-02,"),
        ([EDITION, "qqq"], "cloudplan catalog show lists them"),
        (["2025-01-18", "medium"], "unknown edition '2025-01-18'; did you mean '2025-01-17'?"),
        (["medium", "--catalog", "2025-01-18"], "unknown edition '2025-01-18'; did you mean '2025-01-17'?"),
    ],
)
def test_an_unknown_item_is_refused_with_what_was_meant(arguments: list[str], words: str, run: Run) -> None:
    ran = run("catalog", "show", *arguments)
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1)
    assert words in ran.faults[0]


def test_a_folder_without_an_edition_is_no_edition(run: Run, own: Path) -> None:
    (own.parent / "concepts").mkdir()
    assert values(run, "show", "concepts")["items"][0]["section"] == "documents"
    (own / FIRST / "edition.yaml").unlink()
    assert run("catalog", "show", own / FIRST).faults == [f"{own / FIRST / 'edition.yaml'}: no such file"]


def test_an_edition_of_ones_own_is_shown(run: Run, own: Path) -> None:
    rewrite(own / LAST / "blades.yaml", "cores: 20", "cores: 24")
    for arguments in ([own / LAST, "eco:v3"], [own, "eco:v3"], ["eco:v3", "--catalog", own]):
        [item] = values(run, "show", *arguments)["items"]
        assert item["fields"]["cores"] == 24
    assert f"Catalogue my {LAST} (your own)" in run("catalog", "show", own).out


# --- diff ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["table", "markdown"])
def test_the_release_notes_of_the_whole_history(style: str, run: Run) -> None:
    text = one_line(run("catalog", "diff", FIRST, LAST, "--format", style).out).replace("\\", "")
    for words in (
        "One LUN of ultra delivers at most 30 000 IOPS, reached at 2 TiB: where more is needed, plans take more LUNs",
        "A plan now bills one unit for each zone with a cluster or a datastore.",
        "VMs may ask for `encrypted: true`, one unit each (ENC-1); they cannot be replicated (ENC-2).",
        "Rule MEM-4: contradiction between the provider's pages now true (before: false)",
        "Extra ipv4-block: billing unit now unit (before: block)",
        "csp:fr1:licence:fw:ftg2",
        "csp:(region):hosting:dedicated:rack:v1",
    ):
        assert words in text


def test_what_moves_plans_is_told_before_texts(run: Run) -> None:
    text = run("catalog", "diff", FIRST, LAST).out
    heads = ["LIMITS AND RULES", "NEW", "NEW EXTRAS", "GONE", "UNITS AND", "SERVICE LEVELS", "TEXTS AND CITATIONS ONLY"]
    places = [text.index(f"\n{head}") for head in heads]
    assert places == sorted(places)


def test_alike_changes_are_told_once(run: Run) -> None:
    text = one_line(run("catalog", "diff", FIRST, LAST).out)
    assert "Storage classes medium, premium, enterprise, ultra: bandwidth ceiling now 1 024 MB/s" in text


def test_json_has_every_change_with_both_values(run: Run) -> None:
    notes = values(run, "diff", FIRST, LAST)
    assert (notes["before"]["edition"], notes["after"]["edition"], notes["backwards"]) == (FIRST, LAST, False)
    [ceiling] = [item for item in notes["changes"] if (item["key"], item["field"]) == ("ultra", "iops_max")]
    assert (ceiling["before"], ceiling["after"], ceiling["unit"]) == (None, 30000, "IOPS")
    assert (ceiling["kind"], ceiling["subject"]) == ("limit", "storage class ultra")
    assert len(notes["changes"]) == len(compare(cp.load_edition(FIRST), cp.load_edition(LAST)))


def test_an_edition_against_itself_has_no_notes(run: Run) -> None:
    assert run("catalog", "diff", EDITION, EDITION).out == f"Catalogue {EDITION} to {EDITION}\n\nNothing moved.\n"
    assert values(run, "diff", EDITION, EDITION)["changes"] == []


def test_backwards_is_said(run: Run) -> None:
    text = run("catalog", "diff", LAST, FIRST).out
    assert f"{LAST} is the newer one: these notes go backwards." in text
    assert "EXTRAS GONE" in text
    assert values(run, "diff", LAST, FIRST)["backwards"]


def test_a_changed_copy_is_compared_with_what_ships(run: Run, own: Path) -> None:
    rewrite(own / LAST / "blades.yaml", "cores: 20", "cores: 24")
    ran = run("catalog", "diff", LAST, own / LAST)
    assert f"Catalogue {LAST} to my {LAST} (your own)" in ran.out
    assert "Blade eco:v3: cores now 24 (before: 20)\n    A host carries more vCPUs (CPU-1)." in ran.out
    assert "1 change to plans and bills" in ran.out


def test_both_unknown_editions_are_told(run: Run) -> None:
    ran = run("catalog", "diff", "2025-01-18", "nowhere")
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 2)
    assert "did you mean '2025-01-17'?" in ran.faults[0]


def test_an_output_never_overwrites_a_catalogue_that_is_read(run: Run, own: Path) -> None:
    file = own / LAST / "blades.yaml"
    before = file.read_bytes()
    ran = run("catalog", "diff", FIRST, own / LAST, "--output", file, "--force")
    assert (ran.status, ran.out) == (2, "")
    assert "this is an input" in ran.faults[0]
    assert file.read_bytes() == before


# --- check -----------------------------------------------------------------------------------------------------------


def test_check_counts_what_it_checks(run: Run) -> None:
    counts = values(run, "check")["editions"]
    assert [count["edition"] for count in counts] == cp.editions()
    assert all(count["rules"] == len(cp.load_edition(count["edition"]).rules) for count in counts)
    text = run("catalog", "check").out
    for word in ("schema", "sources", "locks", "SKUs", "rules"):
        assert len([line for line in text.splitlines() if line.startswith(f"  {word} ")]) == 1


def test_check_tells_every_fault_of_every_edition(run: Run, shipped: Path) -> None:
    rewrite(shipped / FIRST / "blades.yaml", "cores: 20", "cores: none")
    rewrite(shipped / FIRST / "storage.yaml", "unit_gib: 1024", "unit_gib: 0")
    rewrite(shipped / "2025-09-02" / "rules.yaml", "hosts_max: 32", "hosts_max: 33")
    shutil.rmtree(shipped / "2025-03-11")
    draft = shutil.copytree(shipped / NEWEST, shipped / FUTURE)
    rewrite(draft / "edition.yaml", f'edition: "{NEWEST}"', f'edition: "{FUTURE}"')
    rewrite(draft / "rules.yaml", "hosts_max: 32", "hosts_most: 32")
    shutil.copytree(shipped / EDITION, shipped / "9999-12-30")
    ran = run("catalog", "check")
    assert (ran.status, ran.out) == (2, "")
    told = "\n".join(ran.faults)
    for words in (
        "found 'none'",
        "storage_classes.mass.unit_gib",
        "edition 2025-09-02 was changed after it was published",
        "edition 2025-03-11 was published, but its folder is missing",
        "the figure 'hosts_max' is missing",
        "no rule reads the figure 'hosts_most'",
        f"the folder 9999-12-30 has the edition {EDITION}",
    ):
        assert words in told
    assert len(ran.faults) == 7


def test_check_names_documents_that_nothing_cites(run: Run, own: Path) -> None:
    document = "documents:\n  spare: {title: Spare, publisher: nobody, date: 2025-01-01}\n"
    rewrite(own / LAST / "edition.yaml", "documents:\n", document)
    text = run("catalog", "check", own / LAST).out
    assert "1 uncited" in text
    assert f"  my {LAST}: spare\n" in text
    assert values(run, "check", own)["editions"][1]["uncited"] == ["spare"]


@pytest.mark.parametrize("place", ["nowhere", "2025-01-18"])
def test_check_of_what_is_not_there_is_refused(place: str, run: Run) -> None:
    ran = run("catalog", "check", place)
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1)


# --- rules -----------------------------------------------------------------------------------------------------------


def test_rules_has_all_of_them(run: Run) -> None:
    listed = values(run, "rules")["rules"]
    assert {rule["id"] for rule in listed} == {rule.id for rule in ALL}
    text, standing = run("catalog", "rules", "--catalog", EDITION).out, rule_book(cp.load_edition(EDITION))
    assert {rule.id for rule in ALL if f"\n  {rule.id} " in text} == set(standing)


def test_a_rule_has_formula_figures_and_source(run: Run) -> None:
    text = one_line(run("catalog", "rules", "max-1").out)
    for words in ("Hosts of a cluster", "hosts <=", "plan rule: an inequality", "hosts_max 32", "rules.md#rule-max-1"):
        assert words in text
    [rule] = values(run, "rules", "MAX-1", "--catalog", EDITION)["rules"]
    assert (rule["figures"], rule["document"]["date"]) == ({"hosts_max": "32"}, "2025-01-17")


def test_an_unknown_rule_is_refused_with_what_was_meant(run: Run) -> None:
    ran = run("catalog", "rules", "MEM4")
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1)
    assert "did you mean 'MEM-4'?" in ran.faults[0]


def test_the_rules_of_a_broken_edition_are_refused(run: Run, own: Path) -> None:
    rewrite(own / LAST / "rules.yaml", "hosts_max: 32", "hosts_max: many")
    ran = run("catalog", "rules", "--catalog", own)
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1)
