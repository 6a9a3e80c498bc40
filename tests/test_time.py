"""A limit of time holds for everything together: some plan first, then what leaves most, and an end that says so."""

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY, Ran, case, vm, workload
from hypothesis import given, settings
from strategies import workloads

import cloudplan as cp
from cloudplan.evaluation.items import cost, fixed_items
from cloudplan.optimiser.compute.search import searches
from cloudplan.optimiser.compute.shapes import pools_at
from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.time_shares import improve_all

EXACT = Fraction(1, 100)


class Part:
    """A part that takes note of what is asked of it; each improvement closes the gap."""

    def __init__(self, name: str, left: int | None, log: list[tuple[str, str, float | None]]):
        self._name, self._left, self._log = name, left, log

    @property
    def left(self) -> Fraction | None:
        """What is left."""
        return None if self._left is None else Fraction(self._left)

    def start(self, budget: Budget) -> None:
        """Take note."""
        self._log.append((self._name, "start", None))

    def improve(self, budget: Budget) -> None:
        """Take note of the share of the time."""
        self._log.append((self._name, "improve", budget.seconds_left))
        self._left = 0


def budget(seconds: float | None) -> Budget:
    return Budget.of(0.0, seconds, lambda _: None, lambda: False)


def test_without_a_limit_each_part_is_improved_in_turn_to_its_end() -> None:
    log: list[tuple[str, str, float | None]] = []
    parts = [Part("storage", None, log), Part("az05", None, log)]
    assert not improve_all(parts, budget(None), lambda: 1 / 0)
    assert log == [("storage", "improve", None), ("az05", "improve", None)]


def test_under_a_limit_every_part_starts_and_the_one_that_leaves_most_gets_most_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)  # the parts take no time here, however slow the machine
    log: list[tuple[str, str, float | None]] = []
    parts = [Part("a", 10, log), Part("b", 80, log), Part("c", 10, log)]
    assert not improve_all(parts, budget(100.0), lambda: 20.0)
    assert [entry[:2] for entry in log[:3]] == [("a", "start"), ("b", "start"), ("c", "start")]
    assert [name for name, _, _ in log[3:]] == ["a", "c", "b"]  # what the others leave of their time is for b
    shares = [seconds for _, _, seconds in log[3:] if seconds is not None]
    assert shares == pytest.approx([8.0, 80 / 9, 80.0], abs=0.5)


def test_parts_that_their_share_ended_get_what_the_one_that_leaves_most_does_not_need() -> None:
    log: list[tuple[str, str, float | None]] = []

    class Slow(Part):
        def improve(self, budget: Budget) -> None:
            super().improve(budget)
            time.sleep(0.3)

    parts = [Slow("a", 10, log), Part("b", 970, log), Slow("c", 20, log)]
    assert not improve_all(parts, budget(5.0), lambda: 0.0)
    assert [name for name, what, _ in log if what == "improve"] == ["a", "c", "b", "a", "c"]


def test_a_part_that_its_share_ended_is_not_left_while_there_is_time() -> None:
    asked = cp.read_workload(REPOSITORY / "examples" / "gpu-and-databases.yaml")
    begun = time.monotonic()
    plan = cp.size(asked, time_limit=1.0)
    if plan.status == "optimal":  # a machine that needs no second for it
        return
    assert plan.search is not None and plan.search.ended == "time-limit"
    assert time.monotonic() - begun > 0.8


def test_a_part_without_a_plan_comes_first_and_a_spent_limit_ends_it() -> None:
    log: list[tuple[str, str, float | None]] = []
    assert improve_all([Part("a", 10, log), Part("b", None, log)], budget(0.0), lambda: 0.0)
    assert [entry[:2] for entry in log] == [("a", "start"), ("b", "start")]
    log.clear()
    improve_all([Part("a", 10, log), Part("b", None, log)], budget(10.0), lambda: 1 / 0)
    assert [name for name, what, _ in log if what == "improve"] == ["b", "a"]


@settings(max_examples=6)
@given(workloads())
def test_the_first_plan_of_a_site_has_a_bound_that_needs_no_solver(wish: dict[str, object]) -> None:
    edition = cp.load_edition(str(wish.get("catalog") or cp.editions()[-1]))
    book = cp.load_prices()
    try:
        asked = cp.read_workload(wish, edition)
        plan = cp.optimise(asked, edition, book)
    except cp.CloudplanError:
        return
    case_of = case(edition=edition)
    here = type(case_of).of(asked, edition, book)
    paid = Fraction(cost(here, fixed_items(here)))
    for site in sorted(here.cluster_sites):
        for part in searches(here, site, pools_at(here, site)):
            part.start(budget(0.0))
            if part.left is None:
                continue
            first = part.plan.bound
            assert part.left >= 0
            part.improve(budget(None))
            assert first <= part.plan.cost + EXACT
            paid += part.plan.bound
    assert paid <= Fraction(plan.monthly) + EXACT * len(plan.bom)


def test_a_limit_that_reading_alone_exceeds_is_status_1(tmp_path: Path, run: Callable[..., Ran]) -> None:
    groups = [vm(name=f"vm{number}") for number in range(30_000)]
    path = tmp_path / "large.yaml"
    path.write_text(yaml.dump(workload(vms=groups), Dumper=yaml.CSafeDumper), encoding="utf-8")
    begun = time.process_time()
    ran = run("size", path, "--time-limit", "0.2", "--output", tmp_path / "plan.txt")
    assert time.process_time() - begun < 3
    assert (ran.status, ran.out, len(ran.faults)) == (1, "", 1)
    assert "before the inputs were read" in ran.faults[0]
    assert not (tmp_path / "plan.txt").exists()


def test_a_plan_that_was_stopped_says_so_and_what_it_may_cost(edition: cp.Edition) -> None:
    groups = [vm(name=f"s{n}", count=3, vcpus=1 + n % 9, memory_gib=4 + 11 * n % 90) for n in range(40)]
    asked = cp.read_workload(workload(vms=groups), edition)
    plan = cp.optimise(asked, edition, cp.load_prices(), time_limit=0.05)
    assert plan.search is not None
    if plan.status == "optimal":
        assert plan.search.ended == "proven"
        return
    assert plan.search.ended == "time-limit"
    [finding] = [finding for finding in plan.findings if finding.code == "not-proven"]
    assert finding.severity == ("warning" if plan.gap > 0.01 else "info")
    assert finding.values["saving"] == str(plan.monthly - plan.lower_bound)
