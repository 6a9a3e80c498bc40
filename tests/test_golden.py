"""Golden plans: what the examples of the project choose and cost, kept as files.

When a change moves them on purpose, run ``UPDATE_GOLDEN=1 pytest tests/test_golden.py`` and read the difference.
"""

import json
import os
from pathlib import Path

import pytest

import cloudplan as cp

HERE = Path(__file__).parent
EXAMPLES = sorted(
    path for path in (HERE.parent / "examples").glob("*.yaml") if path.name not in ("prices.yaml", "terms.yaml")
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_gives_its_golden_plan(path: Path, edition: cp.Edition) -> None:
    plan = cp.optimise(cp.read_workload(path, edition), edition, cp.load_prices())
    kept = {
        "monthly": str(plan.monthly),
        "status": plan.status,
        **json.loads(plan.choice.model_dump_json(by_alias=True)),
        "bom": [f"{line.site} {line.sku} {line.quantity} {line.monthly} {line.rule}" for line in plan.bom],
        "findings": [finding.code for finding in plan.findings],
    }
    golden = HERE / "golden" / f"{path.stem}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(kept, indent=1) + "\n")
    assert kept == json.loads(golden.read_text())
