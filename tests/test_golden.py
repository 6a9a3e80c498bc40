"""Golden plans: what the examples of the project choose and cost, kept as files.

When a change moves them on purpose, run ``pytest --update-golden tests/test_golden.py`` and read the difference.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY

import cloudplan as cp

EXAMPLES = sorted(
    path
    for path in (REPOSITORY / "examples").glob("*.yaml")
    if path.name not in ("prices.yaml", "terms.yaml", "terms.fr.yaml", "import-rules.yaml")
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_gives_its_golden_plan(path: Path, edition: cp.Edition, golden: Callable[[str, str], None]) -> None:
    plan = cp.optimise(cp.read_workload(path, edition), edition, cp.load_prices())
    kept = {
        "monthly": str(plan.monthly),
        "status": plan.status,
        **json.loads(plan.choice.model_dump_json(by_alias=True)),
        "bom": [f"{line.site} {line.sku} {line.quantity} {line.monthly} {line.rule}" for line in plan.bom],
        "findings": [finding.code for finding in plan.findings],
        "assumptions": [f"{each.code} {each.origin}: {each.value}; {each.otherwise}" for each in plan.assumptions],
    }
    golden(f"{path.stem}.json", json.dumps(kept, indent=1) + "\n")
