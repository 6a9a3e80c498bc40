"""The textbook model and cloudplan agree on tiny estates: neither's bound is above the other's cost."""

import contextlib
import importlib
import io
import json
import re
import runpy
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from conftest import EDITION, REPOSITORY, vm, workload

import cloudplan as cp

CENT = Decimal("0.01")


def run(script: str, *arguments: object) -> str:
    """Run a script in this process, as its command line does; return what it prints."""
    path, printed = REPOSITORY / "benchmarks" / script, io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(sys, "argv", [str(path), *map(str, arguments)])
        patch.syspath_prepend(str(path.parent))
        patch.chdir(REPOSITORY)
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as end:
            assert not end.code, printed.getvalue()
    return printed.getvalue()


@pytest.mark.parametrize("family", ["memory", "cpu"])
def test_textbook_and_cloudplan_agree(tmp_path: Path, family: str) -> None:
    run("estates.py", "--vms", 24, "--shapes", 8, "--family", family, "--folder", tmp_path)
    workload, prices = tmp_path / "workload.yaml", tmp_path / "prices.yaml"
    printed = run("textbook.py", workload, prices, "--model", "counts", "--solver", "highs", "--seconds", 20)
    found = json.loads(printed.splitlines()[-1])
    edition = cp.load_edition(EDITION)
    plan = cp.optimise(cp.read_workload(workload, edition), edition, cp.load_prices(prices, edition))
    compute = sum((line.monthly for line in plan.bom if ":vmware:" in line.sku), Decimal(0))
    others = plan.monthly - compute
    assert found["status"] in ("optimal", "feasible")
    assert Decimal(found["bound"]) <= compute + CENT
    assert plan.lower_bound - others <= Decimal(found["cost"]) + CENT


def test_the_table_measures_estates() -> None:
    names = ["memory-16-6", "apart-24"]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in run("table.py", "--only", *names).splitlines()]
    assert [row[0] for row in rows[2:]] == names
    for row in rows[2:]:
        assert Decimal(row[5]) <= Decimal(row[4])
        assert float(row[6]) < 0.02


def test_results_of_seeds_are_kept_with_their_commit_and_shown(tmp_path: Path) -> None:
    asked = ("--estates", "memory-16-6", "--seeds", 3, "--results", tmp_path / "results.jsonl")
    printed = run("seeds.py", *asked)
    [result] = map(json.loads, (tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines())
    assert (result["estate"], result["seed"]) == ("memory-16-6", 3)
    assert result["commit"]
    assert Decimal(result["bound"]) <= Decimal(result["cost"])
    assert run("seeds.py", *asked) == run("seeds.py", "--show", tmp_path / "results.jsonl") == printed
    assert len((tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.parametrize("family", ["cpu", "gpu", "spare", "allowed", "pools", "giants"])
def test_the_other_families_can_be_measured(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    estates, edition = importlib.import_module("estates"), cp.load_edition(EDITION)
    wish, prices = estates.estate(16, 6, family, groups=True), estates.prices(family)
    plan = cp.optimise(cp.read_workload(wish, edition), edition, cp.load_prices(prices, edition))
    assert plan.lower_bound <= plan.monthly
    assert plan.gap < 0.02


def test_compute_is_measured_alone() -> None:
    lines = run("compute.py", "--family", "cpu", "--vms", 60, "--shapes", 20, "--seeds", 1, 2).splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| cpu-60-20-")]
    assert [row[0] for row in rows] == ["cpu-60-20-1", "cpu-60-20-2"]
    assert all(Decimal(bound) <= Decimal(cost) and float(gap) < 0.001 for _, _, cost, bound, gap in rows)
    assert [line.split()[1] for line in lines[-2:]] == ["median", "worst"]


def test_threads_and_hash_seeds_change_no_byte() -> None:
    """The estate has so many shapes that its patterns are generated; runs that differ end the table with an error."""
    assert run("table.py", "--only", "cpu-80-30", "--runs", 2, "--vary").splitlines()[2].startswith("| cpu-80-30 |")


def test_imports_are_measured_and_fuzzed() -> None:
    imported, fuzzed = run("inventories.py", "--vms", 60, "--fuzz", 10).splitlines()
    assert imported.startswith("| 60 VMs, 180 disks") and "10 damaged workbooks" in fuzzed


def test_the_proof_is_counted() -> None:
    line = run("proof.py", "--cases", 8)
    assert line.startswith("8 workloads against brute force") and not re.search("[A-Z]{4}", line)


def test_changed_plans_end_with_a_result_or_one_clear_error() -> None:
    """benchmarks/fuzz_plans.py has the long run, and docs/explanation/trust.md its counts."""
    lines = run("fuzz_plans.py", "--plans", 80, "--seed", 7).splitlines()
    counts = dict(re.split(r"  +", line, maxsplit=1) for line in lines[:-1])
    assert int(counts["changed"]) == 80 and int(counts["read"]) >= 32
    assert lines[-1] == "nothing went wrong"


def test_phases_together_are_measured_beside_both_naive_ways(tmp_path: Path) -> None:
    tree = workload(vms=[vm(count=3)], horizon={"start": "2027-01", "months": 24, "growth": {"vms": 0.5}})
    (tmp_path / "w.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    [row] = run("roadmaps.py", tmp_path / "w.yaml").splitlines()[2:]
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    together, bound, apart, at_once = (Decimal(cells[place]) for place in (2, 3, 5, 6))
    assert cells[:2] == ["w", "2"] and bound <= together + CENT and together <= min(apart, at_once)
