"""Golden plans: what the examples of the project choose and cost, kept as files.

When a change moves them on purpose, run ``pytest --update-golden tests/test_golden.py`` and read the difference.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY, book_beside

import cloudplan as cp

EXAMPLES = sorted(
    path
    for path in (REPOSITORY / "examples").glob("*.yaml")
    if "cloudplan/workload/" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_gives_its_golden_plan(path: Path, edition: cp.Edition, golden: Callable[[str, str], None]) -> None:
    plan = cp.optimise(cp.read_workload(path, edition), edition, cp.load_prices(book_beside(path)))
    licences = plan.third_party.lines if plan.third_party else ()
    owed = [
        f"{each.cluster or each.site} {each.licence} {each.quantity} {each.monthly} {each.rule}" for each in licences
    ]
    kept = {
        "monthly": str(plan.monthly),
        **({"total_monthly": str(plan.cost)} if plan.third_party else {}),
        "status": plan.status,
        **json.loads(plan.choice.model_dump_json(by_alias=True)),
        "bom": [f"{line.site} {line.sku} {line.quantity} {line.monthly} {line.rule}" for line in plan.bom],
        **({"third_party": owed} if owed else {}),
        "findings": [finding.code for finding in plan.findings],
        "assumptions": [f"{each.code} {each.origin}: {each.value}; {each.otherwise}" for each in plan.assumptions],
    }
    golden(f"{path.stem}.json", json.dumps(kept, indent=1) + "\n")
