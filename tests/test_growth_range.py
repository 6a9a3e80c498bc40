"""What first orders cost under other growth: three roadmaps, six more on top of their first orders, regrets."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EDITION, Ran, price_book, vm, workload

import cloudplan as cp
from cloudplan.analysis.growth_range import NAMES, GrowthRange, Outcome, growth_range, in_turn
from cloudplan.analysis.planned_elsewhere import PlannedElsewhere
from cloudplan.optimiser.over_time.roadmap import plan_over_time
from cloudplan.plan.origin import Origin
from cloudplan.plan.roadmap import Roadmap
from cloudplan.plan.standing import existing_of
from cloudplan.presentation.tables import growth_range as tables
from cloudplan.workload.workload import Growth

Run = Callable[..., Ran]
TREE: dict[str, Any] = workload(
    vms=[vm(count=2)],
    horizon={"start": "2027-01", "months": 24, "growth": {"vms": "0.2"}},
)


def test_first_orders_are_kept_and_the_rest_is_planned_anew() -> None:
    edition = cp.load_edition(EDITION)
    origin = Origin(cp.read_workload(TREE, edition), edition, cp.load_prices(price_book(), edition))
    asked: list[Origin] = []

    def solve(inputs: Origin) -> Roadmap:
        asked.append(inputs)
        return plan_over_time(inputs.workload, inputs.edition, inputs.prices)

    found = growth_range(origin, {"vms": (Decimal(0), Decimal(1))}, in_turn(solve))
    assert len(asked) == 9 and [each.workload.existing is None for each in asked] == [True] * 3 + [False] * 6
    assert [found.growths[name].vms for name in NAMES] == [0, Decimal("0.2"), 1]
    for name in NAMES:
        own = found.outcomes[name, name]
        for planned in NAMES:  # what has to be kept makes nothing cheaper, but for what is not proven
            assert found.outcomes[planned, name].total >= own.lower_bound
            assert found.regret(planned, name) >= 0
    assert found.worst(found.least_worst) == min(map(found.worst, NAMES))


def test_roadmaps_planned_elsewhere_are_those_planned_here() -> None:
    edition = cp.load_edition(EDITION)
    grown = {**TREE, "horizon": {**TREE["horizon"], "months": 12}, "term_months": 12}
    origin = Origin(cp.read_workload(grown, edition), edition, cp.load_prices(price_book(name="mine"), edition))
    here = plan_over_time(origin.workload, origin.edition, origin.prices)
    stands = origin.workload.model_copy(update={"existing": existing_of(here.phases[0].plan)})
    again = Origin(stands.with_given(origin.workload.given), edition, origin.prices)
    with ThreadPoolExecutor(1) as executor:
        first, second = PlannedElsewhere(executor).each([origin, again])
    assert first == here
    assert second == plan_over_time(again.workload, again.edition, again.prices)


def test_the_least_worst_is_that_whose_largest_regret_is_least() -> None:
    totals = {"low": (10, 30, 50), "likely": (12, 20, 41), "high": (16, 22, 40)}
    outcomes = {
        (planned, comes): Outcome(Decimal(total), Decimal(total), 0.0)
        for planned, row in totals.items()
        for comes, total in zip(NAMES, row, strict=True)
    }
    found = GrowthRange(dict.fromkeys(NAMES, Growth()), outcomes)  # type: ignore[arg-type]
    assert [found.worst(name) for name in NAMES] == [10, 2, 6] and found.least_worst == "likely"


def test_the_command_tells_totals_and_regrets(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(yaml.safe_dump(workload(horizon={"start": "2027-01", "months": 12})), encoding="utf-8")
    ran = run("roadmap", file, "--growth-range", "vms=0..0.5")
    assert ran.status == 0 and "Least worst regret: the first order for " in ran.out and "REGRET" in ran.out


def test_the_document_has_every_outcome() -> None:
    outcomes = {(one, other): Outcome(Decimal(2), Decimal(1), 0.5) for one in NAMES for other in NAMES}
    told = json.loads(json.dumps(tables.values("w", GrowthRange(dict.fromkeys(NAMES, Growth()), outcomes))))  # type: ignore[arg-type]
    assert len(told["outcomes"]) == 9 and told["least_worst"] == "likely"


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ("vms=0.3..0.5", "allowed: a range with the horizon's growth, 0.2, in it"),
        ("vms=0.5..0.1", "allowed: vms=LOW..HIGH"),
        ("vms=0.5", "allowed: vms=LOW..HIGH"),
        ("cpu=0..1", "allowed: vms=LOW..HIGH"),
    ],
)
def test_bad_ranges_are_refused(run: Run, tmp_path: Path, ranges: str, words: str) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(yaml.safe_dump(TREE), encoding="utf-8")
    ran = run("roadmap", file, "--growth-range", ranges)
    assert ran.status == 2 and words in " ".join(ran.err.split())
    file.write_text(yaml.safe_dump(workload()), encoding="utf-8")
    assert run("roadmap", file, "--growth-range", "vms=0..1").status == 2
