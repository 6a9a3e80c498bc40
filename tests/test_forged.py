"""Plans whose text was edited: every edit is told, no output is made of one, and what cannot be checked is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import EDITION, REPOSITORY, Ran, by_hand, price_book, vm, workload
from test_quote import planned

import cloudplan as cp
from cloudplan.base.program import program
from cloudplan.catalog.loading import FILES, catalog_folder
from cloudplan.presentation.text import render

pytestmark = pytest.mark.usefixtures("solved_once")

Tree = dict[str, Any]
Run = Callable[..., Ran]
COMMANDS = (
    *(("quote", "-o", "out.csv"), ("report", "-o", "out"), ("orders", "-o", "out"), ("explain", "--output", "out")),
    ("requote", "--output", "out"),
)


@pytest.fixture(scope="module")
def plan() -> cp.Plan:
    """A plan at two sites, with an illustrative price book."""
    return planned(
        sites={"standby": "az06"},
        catalog=EDITION,
        vms=[vm(count=3, protection={"rpo": "1h"}), vm(name="b", disks=[{"size_gib": 700}])],
    )


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Tree | str], Path]:
    """Write a plan into the folder where commands run."""
    monkeypatch.chdir(tmp_path)

    def written(tree: Tree | str) -> Path:
        text = tree if isinstance(tree, str) else json.dumps(tree)
        Path("plan.json").write_text(text, encoding="utf-8")
        return Path("plan.json")

    return written


def tree_of(plan: cp.Plan) -> Tree:
    tree: Tree = json.loads(plan.to_json())
    return tree


def put(tree: Tree, path: str, value: Any) -> None:
    """Put a value at a path of keys and indexes with dots between."""
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner: Any = tree
    for step in parents:
        inner = inner[step]
    inner[last] = value


EDITS: dict[str, tuple[str, Any]] = {
    "prices.name": ("prices.name", "our best prices"),
    "prices.currency": ("prices.currency", "XTS"),
    "prices.illustrative": ("prices.illustrative", False),
    "prices.sha256": ("prices.sha256", "0" * 64),
    "workload.name": ("workload.name", "another estate"),
    "workload.sha256": ("workload.sha256", "0" * 64),
    "catalog.edition": ("catalog.edition", "2025-01-16"),
    "catalog.sha256": ("catalog.sha256", "0" * 64),
    "program": ("program", "the best program"),
    "label": ("bom.0.label", "Blade of gold"),
    "unit": ("bom.0.unit", "rack"),
    "list_price": ("bom.0.list_price", "99999.00"),
    "discount": ("bom.0.discount", "0.9"),
    "rule": ("bom.0.rule", "HA-2"),
    "because": ("bom.0.because", "the customer insists"),
    "values": ("bom.0.values", {"loaded": 1}),
    "values of another type": ("bom.0.values.loaded", "1"),
    "no findings": ("findings", []),
    "findings": ("findings.0.message", "Nothing to see here."),
    "severity": ("findings.0.severity", "info"),
    "search.said": ("search.said", "proven: nothing is cheaper anywhere"),
    "backup": ("backup.0.stored_gib", "1.00"),
    "inputs.prices": ("inputs.prices.illustrative", False),
}
FIELDS = {
    "values of another type": "values",
    **{"no findings": "findings", "severity": "findings", "inputs.prices": "prices.sha256"},
}


@pytest.mark.parametrize("name", EDITS)
def test_a_forged_plan_is_refused_and_the_field_is_named(name: str, plan: cp.Plan, write: Any, run: Run) -> None:
    tree, field = tree_of(plan), FIELDS.get(name, name)
    put(tree, *EDITS[name])
    path = write(tree)
    document = json.loads(run("verify", path, "--format", "json").out)
    assert not document["holds"]
    told = [f"{check['place']}: {check['unit']}" for check in document["violations"]]
    assert any(field in text for text in told), told
    assert run("verify", path).status == run("verify", path, "--format", "markdown").status == 4
    for command, *options in COMMANDS:
        ran = run(command, path, *options)
        assert (ran.status, ran.out, [*Path().glob("out*")]) == (2, "", []), command
        assert field in ran.faults[0]
    write(plan.to_json()).rename("good.json")
    write(tree)
    for pair in (("good.json", "plan.json"), ("plan.json", "good.json")):
        assert run("diff", *pair, "--output", "out").status == 2 and not Path("out").exists()


@pytest.mark.parametrize("path", ["inputs.workload.policy", "inputs.workload", "inputs.prices"])
def test_inputs_that_are_not_complete_are_refused(path: str, plan: cp.Plan, write: Any, run: Run) -> None:
    key = {"inputs.workload.policy": "host_failures", "inputs.workload": "sites", "inputs.prices": "illustrative"}[path]
    tree = tree_of(plan)
    inner = tree
    for step in path.split("."):
        inner = inner[step]
    inner[key if key != "sites" else "term_months"] = None
    for command, *options in (("verify",), *COMMANDS):
        ran = run(command, write(tree), *options)
        assert ran.status == 2 and path in ran.faults[0], command


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("workload.name", "\ud800", "surrogate"),
        ("bom.0.values", {"\udfff": 1}, "surrogate"),
        ("bom.0.monthly", "1e999999", "digits before and after"),
        ("bom.0.monthly", "NaN", "finite"),
        ("gap", float("nan"), "finite"),
        ("clusters.0.hosts", 10**30, "1000000000000000000"),
        ("inputs.workload.customer", "somebody", "customer"),
        ("inputs.workload.vms.0.count", 10**30, "vms[0].count"),
        ("inputs.prices.items", [], "items"),
        ("inputs.catalog", {"edition.yaml": 5}, "no such file"),
        ("bom.0.values", json.loads("[" * 50 + "]" * 50), "nested too deeply"),
    ],
)
def test_hostile_values_are_one_clear_error(
    path: str, value: Any, words: str, plan: cp.Plan, write: Any, run: Run
) -> None:
    tree = tree_of(plan)
    put(tree, path, value)
    for command, *options in (("verify",), *COMMANDS):
        ran = run(command, write(tree), *options)
        assert ran.status == 2 and any(words in fault for fault in ran.faults), (command, ran.err)


# --- what is not checked, and what is of another version --------------------------------------------------------------


def test_what_is_not_checked_is_said(plan: cp.Plan, write: Any, run: Run) -> None:
    path = write(plan.to_json())
    assert json.loads(run("verify", path, "--format", "json").out)["not_checked"] == ["lower_bound", "status", "gap"]
    for style in ("table", "markdown"):
        assert "Not checked: lower" in run("verify", path, "--format", style).out.replace("\\", "")
    ran = run("verify", path, "--prove")
    assert ran.status == 0 and "sized again" in ran.out and "Not checked" not in ran.out
    assert json.loads(run("verify", path, "--prove", "--format", "json").out)["not_checked"] == []


def test_a_bound_that_was_made_up_is_refused_when_it_is_proven(write: Any, run: Run) -> None:
    tree = tree_of(planned(vms=[vm(count=9, memory_gib=100), vm(name="b", count=5, vcpus=9, memory_gib=70)]))
    assert tree["lower_bound"] != tree["monthly"]
    put(tree, "lower_bound", tree["monthly"])
    put(tree, "gap", 0.0)
    put(tree, "search.said", "proven: a cheaper plan could save at most 0.00 a month")
    path = write(tree)
    ran = run("verify", path)
    assert ran.status == 0 and "Not checked: lower_bound, status, gap" in ran.out
    ran = run("verify", path, "--prove", "--format", "json")
    assert ran.status == 4
    assert [check["place"] for check in json.loads(ran.out)["violations"]] == ["lower_bound, sized again"]


@pytest.mark.parametrize(("value", "status"), [(1e80, 4), (-1e80, 4), (1e40, 4), (1e308, 2)])
def test_a_gap_of_any_size_is_refused_in_words(value: float, status: int, plan: cp.Plan, write: Any, run: Run) -> None:
    ran = run("verify", write({**tree_of(plan), "gap": value}))
    assert ran.status == status and (ran.out if status == 4 else ran.faults)
    huge = {**tree_of(plan), "lower_bound": "9" * 40, "gap": value}
    assert run("verify", write(huge)).status == status


def test_why_a_search_ended_before_the_proof_is_not_checked(plan: cp.Plan, write: Any, run: Run) -> None:
    cluster = plan.clusters[0]
    larger = {"hosts": cluster.hosts + 2, "memory_gib": cluster.memory_gib + 256}
    dearer = by_hand(plan, clusters=(cluster.model_copy(update=larger), *plan.clusters[1:]))
    path = write(dearer.to_json())
    expected = ["lower_bound", "status", "gap", "search"]
    assert json.loads(run("verify", path, "--format", "json").out)["not_checked"] == expected
    assert json.loads(run("verify", path, "--prove", "--format", "json").out)["not_checked"] == ["search"]


@pytest.mark.parametrize("name", ["rule", "because", "values", "no findings", "findings", "search.said"])
def test_words_of_another_version_are_told(name: str, plan: cp.Plan, write: Any, run: Run) -> None:
    tree = tree_of(plan)
    put(tree, *EDITS[name])
    put(tree, "program", "cloudplan 0.0.9")
    path = write(tree)
    for style in ("table", "markdown"):
        ran = run("verify", path, "--format", style)
        assert ran.status == 0 and "ritten by cloudplan 0.0.9" in ran.out.replace(
            "WRITTEN BY CLOUDPLAN", "written by cloudplan"
        )
    document = json.loads(run("verify", path, "--format", "json").out)
    assert document["holds"] and document["written_by"] == "cloudplan 0.0.9"
    assert any(FIELDS.get(name, name) in entry["place"] for entry in document["other_words"])
    assert render(cp.read_plan(path), style="markdown") == render(plan, style="markdown").replace(
        program(), "cloudplan 0.0.9"
    )


@pytest.mark.parametrize(
    "name", sorted(EDITS.keys() - FIELDS.keys() - {"program", "rule", "because", "values", "findings", "search.said"})
)
def test_figures_and_names_of_another_version_count(name: str, plan: cp.Plan, write: Any, run: Run) -> None:
    tree = tree_of(plan)
    put(tree, "program", "cloudplan 0.0.9")
    put(tree, *EDITS[name])
    assert run("verify", write(tree)).status == 4


def test_findings_that_a_plan_does_not_carry_the_facts_of_are_accepted(write: Any, run: Run, tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps({**workload(), "catalog": None}))
    book = price_book(valid_until="2039-12-31")
    (tmp_path / "p.json").write_text(json.dumps(book))
    ran = run("size", tmp_path / "w.json", "--prices", tmp_path / "p.json", "--date", "2040-01-01", "--format", "json")
    codes = [finding["code"] for finding in json.loads(ran.out)["findings"]]
    assert {"catalog-not-pinned", "prices-outside-dates"} <= set(codes)
    assert run("verify", write(ran.out)).status == 0
    tree = json.loads(ran.out)
    put(tree, f"findings.{codes.index('prices-outside-dates')}.values.date", "2039-06-01")  # within the dates
    assert run("verify", write(tree)).status == 4


# --- an edition of one's own ------------------------------------------------------------------------------------------


def own(folder: Path, name: str | None) -> Path:
    """Write an edition with another ceiling into a folder, under a name of its own or of the one that it copies."""
    folder.mkdir()
    for file in FILES:
        text = (catalog_folder() / EDITION / file).read_text(encoding="utf-8").replace("ceiling: 0.85", "ceiling: 1.0")
        (folder / file).write_text(text.replace(f'edition: "{EDITION}"', f"edition: {name}") if name else text)
    return folder


def test_a_shipped_name_is_refused(write: Any, run: Run, tmp_path: Path, plan: cp.Plan) -> None:
    thief = own(tmp_path / "own", None)
    (tmp_path / "w.json").write_text(json.dumps(workload()))
    for arguments in (("size", tmp_path / "w.json", "--catalog", thief), ("catalog", "check", thief)):
        ran = run(*arguments)
        assert ran.status == 2 and "rename your own" in ran.faults[0]
    tree = tree_of(plan)
    put(tree, "inputs.catalog", {file: (thief / file).read_text(encoding="utf-8") for file in FILES})
    ran = run("verify", write(tree))
    assert ran.status == 4 and "rename your own" in " ".join(ran.out.split())
    for command, *options in COMMANDS:
        ran = run(command, write(tree), *options)
        assert ran.status == 2 and "rename your own" in ran.faults[0]


def test_an_unchanged_copy_is_the_edition_that_ships(write: Any, run: Run, plan: cp.Plan) -> None:
    copied = REPOSITORY / "catalog" / EDITION
    tree = tree_of(plan)
    put(tree, "inputs.catalog", {file: (copied / file).read_text(encoding="utf-8") for file in FILES})
    ran = run("verify", write(tree))
    assert ran.status == 0 and "wn catalogue" not in ran.out
    assert run("report", write(tree)).out == run("report", write(plan.to_json())).out


def test_every_output_says_own_catalogue_with_its_hash(write: Any, run: Run, tmp_path: Path) -> None:
    folder = own(tmp_path / "own", "mine")
    (tmp_path / "w.json").write_text(json.dumps({**workload(), "catalog": "mine"}))
    size = ("size", tmp_path / "w.json", "--catalog", folder)
    plan = write(run(*size, "--format", "json").out)
    sha = cp.load_edition(folder).sha256
    for arguments in (
        *(size, (*size, "--format", "markdown"), ("verify", plan), ("verify", plan, "--format", "markdown")),
        *(
            ("report", plan),
            ("orders", plan),
            ("explain", plan),
            ("compare", *size[1:], "--vary", "policy.host_failures=2"),
        ),
        ("requote", plan),
    ):
        ran = run(*arguments)
        assert ran.status == 0, ran.err
        assert "own catalogue" in ran.out.lower().replace("\\", "") and sha in ran.out.replace("\n", ""), arguments
    run("quote", plan, "-o", "out.xlsx", "--annex", "annex.xlsx")
    pages = {**texts(Path("out.xlsx")), **texts(Path("annex.xlsx"))}
    for page in ("Quote", "About"):
        assert "own catalogue" in pages[page].lower() and sha in pages[page], page


def texts(path: Path) -> dict[str, str]:
    """Return the texts of each sheet of a workbook."""
    import openpyxl  # noqa: PLC0415

    book = openpyxl.load_workbook(path)
    return {sheet.title: "\n".join(str(cell.value) for row in sheet.rows for cell in row) for sheet in book}


def test_a_path_is_no_name_of_an_edition(write: Any, run: Run, tmp_path: Path, plan: cp.Plan) -> None:
    folder = own(tmp_path / "own", "mine")
    (tmp_path / "w.json").write_text(json.dumps({**workload(), "catalog": str(folder)}))
    ran = run("size", tmp_path / "w.json")
    assert ran.status == 2 and "--catalog" in ran.faults[0]
    assert run("size", tmp_path / "w.json", "--catalog", folder).status == 0
    tree = tree_of(plan)
    put(tree, "catalog.edition", str(folder))
    for command in ("verify", "quote", "report"):
        ran = run(command, write(tree), *(["-o", "out.csv"] if command == "quote" else []))
        assert ran.status == 2 and "unknown edition" in ran.faults[0]
    ran = run("requote", write(plan.to_json()), "--workload", tmp_path / "w.json")
    assert ran.status == 2 and "unknown edition" in ran.faults[0]
