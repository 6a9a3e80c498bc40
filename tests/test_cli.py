"""The command line: what it prints and writes, what it refuses, and with which exit status it ends."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EDITION, REPOSITORY, Ran, price_book, vm, workload

import cloudplan as cp

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a small workload file, in a folder of its own that is the current one."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return written(folder / "workload.yaml", workload())


def written(path: Path, fields: dict[str, Any]) -> Path:
    """Write values as YAML."""
    path.write_text(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def names(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


# --- what is printed -------------------------------------------------------------------------------------------------


def test_json_is_the_plan(run: Run, small: Path, edition: cp.Edition) -> None:
    ran = run("size", small, "--format", "json")
    plan = json.loads(ran.out)
    assert (ran.status, ran.err) == (0, "")
    assert plan["schema"] == "cloudplan/plan/v1"
    assert plan["workload"]["sha256"] == cp.read_workload(workload(), edition).sha256
    assert plan["catalog"] == {"edition": EDITION, "sha256": edition.sha256}
    assert plan["status"] == "optimal"


def test_the_same_command_prints_the_same_bytes(run: Run, small: Path) -> None:
    assert run("size", small, "--format", "json").out == run("size", small, "--format", "json").out


def test_a_table_for_the_terminal_is_the_default(run: Run, small: Path) -> None:
    ran = run("size", small)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == run("size", small, "--format", "table").out
    assert "BILL OF MATERIALS" in ran.out
    assert "1 324.00" in ran.out


def test_markdown_has_headings_and_tables(run: Run, small: Path) -> None:
    ran = run("size", small, "--format", "markdown")
    assert ran.status == 0
    assert ran.out.startswith("# small\n")
    assert "\n| " in ran.out


@pytest.mark.parametrize("style", ["table", "markdown", "json"])
def test_invented_prices_are_marked_in_every_format(style: str, run: Run, small: Path) -> None:
    assert "illustrative" in run("size", small, "--format", style).out.lower()


@pytest.mark.parametrize("style", ["table", "markdown"])
def test_prices_of_ones_own_are_not_marked(style: str, run: Run, small: Path) -> None:
    prices = written(small.with_name("prices.yaml"), price_book(illustrative=False, name="mine"))
    ran = run("size", small, "--prices", prices, "--format", style)
    assert ran.status == 0
    assert "illustrative" not in ran.out.lower()
    assert "mine" in ran.out


def test_json_workloads_are_read_too(run: Run, small: Path) -> None:
    path = small.with_suffix(".json")
    path.write_text(json.dumps(workload()))
    assert run("size", path).out == run("size", small).out


@pytest.mark.parametrize("name", ["web-shop", "erp-dr", "gpu-lab"])
def test_the_examples_are_sized(name: str, run: Run, shared: Path) -> None:
    examples = shared / "examples"
    ran = run(
        "size", examples / f"{name}.yaml", "--prices", examples / "prices.yaml", "--format", "json", "--gap", "0.05"
    )
    assert (ran.status, ran.err) == (0, "")
    assert json.loads(ran.out)["gap"] <= 0.05


@pytest.mark.parametrize("arguments", [["--gap", "0.5"], ["--gap", "0"], ["--time-limit", "60"]])
def test_the_search_may_be_ended_early(arguments: list[str], run: Run, small: Path) -> None:
    ran = run("size", small, "--format", "json", *arguments)
    assert (ran.status, json.loads(ran.out)["monthly"]) == (0, "1324.00")


# --- what is written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["table", "markdown", "json"])
def test_output_writes_what_would_be_printed(style: str, run: Run, small: Path) -> None:
    ran = run("size", small, "--format", style, "--output", "plan")
    assert (ran.status, ran.out, ran.err) == (0, "", "Written: plan\n")
    assert Path("plan").read_text(encoding="utf-8") == run("size", small, "--format", style).out


def test_a_workbook_is_written_beside_what_is_printed(run: Run, small: Path) -> None:
    ran = run("size", small, "--xlsx", "quote.xlsx")
    assert ran.status == 0
    assert ran.out == run("size", small).out
    assert zipfile.ZipFile("quote.xlsx").testzip() is None


def test_plan_and_workbook_are_written_together(run: Run, small: Path) -> None:
    ran = run("size", small, "--format", "json", "--output", "plan.json", "--xlsx", "quote.xlsx")
    assert (ran.status, ran.out) == (0, "")
    assert names(small.parent) == ["plan.json", "quote.xlsx", "workload.yaml"]


@pytest.mark.parametrize("option", ["--output", "--xlsx"])
def test_a_file_that_exists_is_never_overwritten_unasked(option: str, run: Run, small: Path) -> None:
    Path("old").write_text("old")
    ran = run("size", small, option, "old")
    assert (ran.status, ran.out) == (2, "")
    assert ran.faults == ["old: exists already; use --force to overwrite it"]
    assert Path("old").read_text() == "old"


@pytest.mark.parametrize("option", ["--output", "--xlsx"])
def test_force_overwrites(option: str, run: Run, small: Path) -> None:
    Path("old").write_text("old")
    assert run("size", small, option, "old", "--force").status == 0
    assert Path("old").read_bytes()[:3] != b"old"


def test_one_target_that_exists_stops_both(run: Run, small: Path) -> None:
    Path("quote.xlsx").write_text("old")
    ran = run("size", small, "--output", "plan.txt", "--xlsx", "quote.xlsx")
    assert ran.status == 2
    assert names(small.parent) == ["quote.xlsx", "workload.yaml"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output", "none/plan.json"], "none/plan.json: the folder does not exist"),
        (["--output", "same", "--xlsx", "same"], "same: two outputs have the same name"),
    ],
)
def test_a_target_that_cannot_be_is_refused_before_anything_is_done(
    arguments: list[str], words: str, run: Run, small: Path
) -> None:
    ran = run("size", small, *arguments)
    assert (ran.status, ran.out, ran.faults) == (2, "", [words])
    assert names(small.parent) == ["workload.yaml"]


# --- what is refused -------------------------------------------------------------------------------------------------

BAD = {
    "unknown-field": (2, 1),
    "negative-and-text": (2, 4),
    "no-standby": (2, 1),
    "too-large-vm": (3, 1),
    "metro-mirror": (3, 1),
    "rpo-zero": (3, 1),
    "constant-writes-replicated": (3, 1),
    "affinity-conflict": (3, 1),
    "iops-on-mass": (3, 1),
    "mirror-on-ultra": (3, 1),
}
"""The inputs that must be refused: exit status and number of faults."""


@pytest.mark.parametrize(("name", "status", "count"), [(name, *expected) for name, expected in BAD.items()])
def test_a_bad_example_is_refused_with_one_line_a_fault(
    name: str, status: int, count: int, run: Run, shared: Path, small: Path
) -> None:
    ran = run("size", shared / "examples" / "bad" / f"{name}.yaml", "--output", "plan.json", "--xlsx", "quote.xlsx")
    assert (ran.status, ran.out) == (status, "")
    assert len(ran.faults) == count
    assert ran.err.startswith("cloudplan: " + {2: "bad input", 3: "no feasible plan"}[status])
    assert names(small.parent) == ["workload.yaml"]


def test_every_bad_example_is_tested(shared: Path) -> None:
    assert {path.stem for path in (shared / "examples" / "bad").glob("*.yaml")} == set(BAD)


def test_the_typo_of_the_bad_examples_is_placed_and_explained(run: Run, shared: Path) -> None:
    path = shared / "examples" / "bad" / "unknown-field.yaml"
    [fault] = run("size", path).faults
    assert fault == f"{path}:4:15: vms[0].vcpu: unknown field 'vcpu'; did you mean 'vcpus'?"


def test_the_faults_of_workload_and_price_book_are_told_together(run: Run, small: Path) -> None:
    bad = written(small.with_name("bad.yaml"), workload(vms=[vm(vcpus=0)], term_months=0))
    prices = written(small.with_name("prices.yaml"), price_book(currency="euro", items={"csp:x": "1"}))
    ran = run("size", bad, "--prices", prices)
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 4)
    assert ran.err.startswith("cloudplan: bad input (4 faults)\n")
    assert [sum(str(path) in fault for fault in ran.faults) for path in (bad, prices)] == [2, 2]


def test_bad_input_outweighs_a_requirement_that_no_plan_keeps(run: Run, small: Path) -> None:
    groups = [vm(vcpus=500), vm(name="b", memory_gib=0)]
    ran = run("size", written(small, workload(vms=groups)))
    assert (ran.status, len(ran.faults)) == (2, 1)
    assert "vms[1].memory_gib" in ran.faults[0]


@pytest.mark.parametrize("text", ["a: [1, 2", "", "- 1", "a: &x 1\nb: *x"])
def test_a_workload_that_cannot_be_read_is_one_fault(text: str, run: Run, small: Path) -> None:
    small.write_text(text)
    ran = run("size", small)
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1)
    assert str(small) in ran.faults[0]


def test_a_missing_workload_is_one_fault(run: Run, small: Path) -> None:
    ran = run("size", "none.yaml")
    assert (ran.status, ran.out, ran.faults) == (2, "", ["none.yaml: no such file"])


def test_a_missing_price_book_is_one_fault(run: Run, small: Path) -> None:
    ran = run("size", small, "--prices", "none.yaml")
    assert (ran.status, ran.out, ran.faults) == (2, "", ["none.yaml: no such file"])


def test_a_missing_workload_and_a_missing_price_book_are_told_together(run: Run, small: Path) -> None:
    ran = run("size", "none.yaml", "--prices", "neither.yaml")
    assert (ran.status, ran.out) == (2, "")
    assert ran.faults == ["none.yaml: no such file", "neither.yaml: no such file"]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "WORKLOAD: a workload file is needed, or --locked with a plan"),
        (["workload.yaml", "--format", "xml"], "--format: found 'xml'; allowed: table, json, markdown"),
        (["workload.yaml", "--lang", "de"], "--lang: found 'de'; allowed: en, fr"),
        (["workload.yaml", "--gap", "-0.1"], "--gap: found '-0.1'; allowed: a share >= 0 and <= 1"),
        (["workload.yaml", "--gap", "1.1"], "--gap: found '1.1'; allowed: a share >= 0 and <= 1"),
        (["workload.yaml", "--gap", "nan"], "--gap: found 'nan'; allowed: a share >= 0 and <= 1"),
        (["workload.yaml", "--time-limit", "0"], "--time-limit: found '0'; allowed: a number of seconds >= 0.1"),
        (["workload.yaml", "--term", "0"], "--term: found '0'; allowed: a whole number from 1 to 1200"),
        (["workload.yaml", "--term", "1201"], "--term: found '1201'; allowed: a whole number from 1 to 1200"),
        (["workload.yaml", "--term", "1.5"], "--term: found '1.5'; allowed: a whole number from 1 to 1200"),
        (["workload.yaml", "--date", "28/11/2026"], "--date: found '28/11/2026'; allowed: a date, YYYY-MM-DD"),
        (["workload.yaml", "--date", "2026-02-30"], "--date: found '2026-02-30'; allowed: a date, YYYY-MM-DD"),
    ],
)
def test_a_wrong_option_is_one_line_in_the_words_of_the_house(
    arguments: list[str], fault: str, run: Run, small: Path
) -> None:
    ran = run("size", *arguments)
    assert (ran.status, ran.out, ran.err) == (2, "", f"cloudplan: bad input\n  {fault}\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["size", "workload.yaml", "--colour"], "no such option: --colour"),
        (["resize", "workload.yaml"], "no such command 'resize'"),
        (["verify"], "missing argument"),
    ],
)
def test_a_wrong_command_line_is_one_line_that_names_the_help(
    arguments: list[str], words: str, run: Run, small: Path
) -> None:
    ran = run(*arguments)
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1)
    assert words in ran.faults[0]
    assert ran.faults[0].endswith("--help")


# --- date, term and edition ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "net"), [(None, "620.00"), (35, "620.00"), (36, "542.5")], ids=["default", "35", "36"]
)
def test_the_term_of_the_command_line_picks_the_discounts(term: int | None, net: str, run: Run, small: Path) -> None:
    discount = {"match": "csp:*:iaas:vmware:*", "percent": "12.5", "min_term_months": 36}
    prices = written(small.with_name("prices.yaml"), price_book(discounts=[discount]))
    ran = run("size", small, "--prices", prices, "--format", "json", *(["--term", term] if term else []))
    plan = json.loads(ran.out)
    assert [Decimal(line["unit_price"]) for line in plan["bom"] if line["unit"] == "blade"] == [Decimal(net)]
    assert plan["inputs"]["workload"]["term_months"] == (term or 1)


@pytest.mark.parametrize(("date", "warned"), [("2025-12-31", True), ("2026-01-01", False)])
def test_the_date_of_the_quote_is_compared_with_the_dates_of_the_prices(
    date: str, *, warned: bool, run: Run, small: Path
) -> None:
    plan = json.loads(run("size", small, "--date", date, "--format", "json").out)
    assert ("prices-outside-dates" in [finding["code"] for finding in plan["findings"]]) is warned


def test_an_unknown_edition_is_refused_with_the_list(run: Run, small: Path) -> None:
    ran = run("size", small, "--catalog", "2025-01-71")
    assert (ran.status, ran.out) == (2, "")
    assert f"did you mean '{EDITION}'" in ran.faults[0]
    assert all(name in ran.faults[0] for name in cp.editions())


def test_an_unknown_edition_in_the_workload_is_placed(run: Run, small: Path) -> None:
    small.write_text(small.read_text().replace(EDITION, "2025-01-71"))
    ran = run("size", small)
    assert (ran.status, ran.out) == (2, "")
    assert ran.faults[0].startswith(f"{small}:3:10: catalog: unknown edition '2025-01-71'")


def test_an_unknown_edition_in_the_workload_hides_no_other_fault(run: Run, small: Path) -> None:
    bad = workload(catalog="2025-01-71", vms=[vm(vcpus=0)])
    prices = written(small.with_name("prices.yaml"), price_book(currency="euro"))
    assert len(run("size", written(small, bad), "--prices", prices).faults) >= 2


def test_the_edition_of_the_command_line_wins(run: Run, small: Path) -> None:
    written(small, workload(catalog="2025-01-71"))
    ran = run("size", small, "--catalog", EDITION, "--format", "json")
    assert (ran.status, json.loads(ran.out)["catalog"]["edition"]) == (0, EDITION)


def test_an_edition_of_ones_own_is_a_folder_and_travels_with_the_plan(run: Run, small: Path) -> None:
    folder = shutil.copytree(REPOSITORY / "catalog" / EDITION, small.with_name("mine"))
    named = folder / "edition.yaml"
    named.write_text(named.read_text(encoding="utf-8").replace(f'edition: "{EDITION}"', "edition: mine"))
    plan = json.loads(run("size", small, "--catalog", folder, "--format", "json").out)
    assert plan["inputs"]["catalog"] == {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert json.loads(run("size", small, "--format", "json").out)["inputs"]["catalog"] is None


def test_an_edition_that_nobody_asked_for_is_made_known(run: Run, small: Path) -> None:
    fields = workload()
    del fields["catalog"]
    plan = json.loads(run("size", written(small, fields), "--format", "json").out)
    assert "catalog-not-pinned" in [finding["code"] for finding in plan["findings"]]


# --- the program -----------------------------------------------------------------------------------------------------


def test_the_version_is_printed(run: Run) -> None:
    ran = run("--version")
    assert ran.status == 0
    assert ran.out.startswith("cloudplan ")


@pytest.mark.parametrize("arguments", [["--help"], ["size", "--help"]])
def test_help_is_printed(arguments: list[str], run: Run) -> None:
    ran = run(*arguments)
    assert ran.status == 0
    assert "Usage" in ran.out


def module(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the package as a module, in a process of its own."""
    paths = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-m", "cloudplan", *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_package_runs_as_a_module(run: Run, small: Path) -> None:
    ran = module("size", str(small), "--format", "json")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == run("size", small, "--format", "json").out


def test_a_plan_in_json_is_all_that_a_process_prints(small: Path, tmp_path: Path) -> None:
    """Also where the solver is a library that could write to the same stdout: by an ILP, and by a growing LP."""
    shapes = [
        vm(name=f"s{index}", count=1 + index % 3, vcpus=1 + 7 * index % 16, memory_gib=4 + 13 * index % 97)
        for index in range(20)
    ]
    many = tmp_path / "many.yaml"
    many.write_text(yaml.safe_dump(workload(vms=shapes)), encoding="utf-8")
    for path in (small, many):
        ran = module("size", str(path), "--format", "json")
        assert (ran.returncode, ran.stderr) == (0, "")
        assert json.loads(ran.stdout)["schema"] == "cloudplan/plan/v1"
        assert ran.stdout[0] == "{" and ran.stdout.endswith("}\n")


def test_the_module_ends_with_the_status_of_the_command(small: Path) -> None:
    ran = module("size", str(written(small, workload(vms=[vm(vcpus=500)]))))
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr.startswith(
        "cloudplan: no feasible plan; `cloudplan explain WORKLOAD` says what would have to give\n"
    )
