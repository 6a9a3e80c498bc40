"""The textbook model of the benchmarks and cloudplan agree on tiny estates: neither's bound is above the other's cost."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import cloudplan as cp

from conftest import EDITION, REPOSITORY

CENT = Decimal("0.01")


def run(script: str, *arguments: object) -> str:
    command = [sys.executable, str(REPOSITORY / "benchmarks" / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY).stdout


@pytest.mark.parametrize("model", ["counts", "binary"])
@pytest.mark.parametrize("family", ["memory", "cpu"])
def test_textbook_and_cloudplan_agree(tmp_path: Path, family: str, model: str) -> None:
    run("estates.py", "--vms", 24, "--shapes", 8, "--family", family, "--folder", tmp_path)
    workload, prices = tmp_path / "workload.yaml", tmp_path / "prices.yaml"
    found = json.loads(run("textbook.py", workload, prices, "--model", model, "--solver", "highs", "--seconds", 20))
    edition = cp.load_edition(EDITION)
    plan = cp.optimise(cp.read_workload(workload, edition), edition, cp.load_prices(prices, edition))
    skus = {item.sku for item in (*edition.blades.values(), edition.services.memory)}
    print(skus, [line.sku for line in plan.bom], found)
