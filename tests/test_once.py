"""Each input of a command is read and validated once, and a plan is verified once."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import EDITION, REPOSITORY, Ran, case, vm

import cloudplan as cp
from cloudplan.evaluation.verify import verify
from cloudplan.workload.workload import Workload

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]
EXAMPLE = REPOSITORY / "examples" / "two-zones-dr.yaml"


class Counter:
    """Counts how often workloads are validated and plans verified, whoever asks for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.workloads = self.verdicts = 0
        validate = Workload.model_validate

        def validated(tree: Any) -> Workload:
            self.workloads += 1
            return validate(tree)

        def verified(*arguments: Any) -> Any:
            self.verdicts += 1
            return verify(*arguments)

        monkeypatch.setattr(Workload, "model_validate", validated)
        for module in [module for name, module in sys.modules.items() if name.split(".")[0] == "cloudplan"]:
            for name, value in list(vars(module).items()):
                if value is verify:
                    monkeypatch.setattr(module, name, verified)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a plan, and the workload that it was made from beside it, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plan.json"
    asked = case(vms=[vm(), vm(name="b", count=3)])
    path.write_text(cp.optimise(asked.workload, asked.edition, asked.prices.book).to_json(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "command",
    [
        ["size", EXAMPLE],
        ["size", EXAMPLE, "--format", "markdown", "--xlsx", "quote.xlsx"],
        ["size", EXAMPLE, "--format", "json"],
        ["size", "--locked", "plan.json", "--xlsx", "quote.xlsx"],
        ["quote", "plan.json", "--output", "quote.xlsx", "--csv", "bill.csv"],
        ["quote", "plan.json", "--output", "quote.xlsx", "--audience", "internal"],
        ["report", "plan.json"],
        ["orders", "plan.json"],
        ["orders", "plan.json", "--format", "json"],
        ["explain", "plan.json"],
        ["explain", "plan.json", "HA-1", "--format", "json"],
        ["verify", "plan.json"],
        ["verify", "plan.json", "--catalog", EDITION],
    ],
    ids=lambda command: " ".join(getattr(word, "name", word) for word in command),
)
def test_a_command_validates_its_workload_once_and_verifies_its_plan_once(
    command: list[object], run: Run, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(monkeypatch)
    assert run(*command).status == 0
    assert (counter.workloads, counter.verdicts) == (1, 1)


def test_a_workload_that_is_given_beside_a_plan_is_an_input_of_its_own(
    run: Run, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(monkeypatch)
    assert run("size", "--locked", plan, "--term", "1").status == 0
    assert (counter.workloads, counter.verdicts) == (2, 1)
