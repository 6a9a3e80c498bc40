"""The textbook model and cloudplan agree on tiny estates: neither's bound is above the other's cost."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import EDITION, REPOSITORY

import cloudplan as cp

CENT = Decimal("0.01")


def run(script: str, *arguments: object) -> str:
    command = [sys.executable, str(REPOSITORY / "benchmarks" / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY).stdout


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
