"""The textbook model and cloudplan agree on tiny estates: neither's bound is above the other's cost."""

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import EDITION, REPOSITORY

import cloudplan as cp

CENT = Decimal("0.01")


def run(script: str, *arguments: object) -> str:
    return started([str(REPOSITORY / "benchmarks" / script), *map(str, arguments)])


def started(arguments: list[str], **environment: str) -> str:
    command, env = [sys.executable, *arguments], os.environ | environment
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY, env=env).stdout


@pytest.mark.parametrize("family", ["memory", "cpu"])
def test_textbook_and_cloudplan_agree(tmp_path: Path, family: str) -> None:
    run("estates.py", "--vms", 24, "--shapes", 8, "--family", family, "--folder", tmp_path)
    workload, prices = tmp_path / "workload.yaml", tmp_path / "prices.yaml"
    found = json.loads(run("textbook.py", workload, prices, "--model", "counts", "--solver", "highs", "--seconds", 20))
    edition = cp.load_edition(EDITION)
    plan = cp.optimise(cp.read_workload(workload, edition), edition, cp.load_prices(prices, edition))
    compute = sum((line.monthly for line in plan.bom if ":vmware:" in line.sku), Decimal(0))
    others = plan.monthly - compute
    assert found["status"] in ("optimal", "feasible")
    assert Decimal(found["bound"]) <= compute + CENT
    assert plan.lower_bound - others <= Decimal(found["cost"]) + CENT


def test_the_table_measures_every_family() -> None:
    names = [f"{family}-40-12" for family in ("memory", "cpu", "gpu", "spare", "allowed", "pools", "giants")]
    rows = [line.split("|")[1:-1] for line in run("table.py", "--only", *names, "apart-40").splitlines()]
    assert [row[0].strip() for row in rows[2:]] == [*names, "apart-40"]
    for row in rows[2:]:
        assert Decimal(row[5].strip()) <= Decimal(row[4].strip())
        assert float(row[6]) < 0.02


def test_threads_and_hash_seeds_change_no_byte(tmp_path: Path) -> None:
    run("estates.py", "--vms", 150, "--shapes", 50, "--family", "cpu", "--folder", tmp_path)
    command = ["-m", "cloudplan", "size", str(tmp_path / "workload.yaml"), "--prices", str(tmp_path / "prices.yaml")]
    plans = [
        started(
            [*command, "--format", "json"], OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads, PYTHONHASHSEED=seed
        )
        for threads, seed in (("1", "1"), ("4", "2"))
    ]
    assert plans[0] == plans[1]


def test_imports_are_measured_and_fuzzed() -> None:
    imported, fuzzed = run("inventories.py", "--vms", 60, "--fuzz", 10).splitlines()
    assert imported.startswith("| 60 VMs, 180 disks") and "10 damaged workbooks" in fuzzed


def test_the_proof_is_counted() -> None:
    line = run("proof.py", "--cases", 8)
    assert line.startswith("8 workloads against brute force") and not re.search("[A-Z]{4}", line)
