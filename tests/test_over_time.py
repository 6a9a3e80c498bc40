"""The search over several phases: optima from outside, never dearer than the naive ways, bounds that hold."""

import json
import time
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import EDITION, examples, price_book, vm, workload
from hypothesis import given
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.base.yamlfile import parse
from cloudplan.evaluation.bom import bill, monthly
from cloudplan.evaluation.third_party import third_party
from cloudplan.evaluation.verify import check_choice
from cloudplan.optimiser.compute.column_generation import Target
from cloudplan.optimiser.compute.shapes import pools_at
from cloudplan.optimiser.over_time import clusters
from cloudplan.optimiser.over_time.choose import OverTime, choose_over_time
from cloudplan.optimiser.over_time.sharing import Sharing, SitePhase
from cloudplan.optimiser.solver import Budget
from cloudplan.plan.plan import Choice
from cloudplan.plan.standing import standing_cluster
from cloudplan.workload.case import Case
from cloudplan.workload.existing import Existing
from cloudplan.workload.phases import phases

CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def edition() -> cp.Edition:
    return cp.load_edition(EDITION)


def cost(case: Case, choice: Choice) -> tuple[Decimal, int]:
    """Return what a choice costs a month, and how many lines were rounded."""
    lines, owed = bill(case, choice), third_party(case, choice)
    more = (owed.monthly, len(owed.lines)) if owed else (Decimal(0), 0)
    return monthly(lines) + more[0], len(lines) + more[1]


def chosen(
    tree: Any, prices: Any, edition: cp.Edition, seconds: float | None = None
) -> tuple[list[Case], list[int], OverTime]:
    """Return cases, months and what was chosen over time; every choice keeps its rules, and they hang together."""
    wanted, book = cp.read_workload(tree, edition), cp.load_prices(prices, edition)
    assert wanted.horizon
    times = phases(wanted, edition)
    cases, months = [Case.of(each.workload, edition, book) for each in times], [each.months for each in times]
    budget = Budget.of(0.0, seconds, lambda _: None, lambda: False)
    found = choose_over_time(cases, months, shrink=wanted.horizon.shrink, budget=budget)
    for case, choice in zip(cases, found.choices, strict=True):
        assert [check.words for check in check_choice(case, choice) if not check.holds] == []
    if not wanted.horizon.shrink:
        for choice, case, after in zip(found.choices, cases[1:], found.choices[1:], strict=False):
            hang_together(choice, case, after)
    return cases, months, found


def hang_together(before: Choice, case: Case, after: Choice) -> None:
    """Assert that what a choice bought stands in the next."""
    standing = Existing(clusters=tuple(map(standing_cluster, before.clusters)), bill=())
    kept = Case(case.workload.model_copy(update={"existing": standing}), case.edition, case.prices)
    assert [check.words for check in check_choice(kept, after) if check.rule.id == "EXI-1" and not check.holds] == []
    gib = [
        {
            (store.site, store.storage_class): sum(
                each.size_gib
                for each in choice.datastores
                if (each.site, each.storage_class) == (store.site, store.storage_class)
            )
            for store in choice.datastores
        }
        for choice in (before, after)
    ]
    assert all(gib[1].get(place, 0) >= size for place, size in gib[0].items())


def total(cases: Sequence[Case], months: Sequence[int], choices: Sequence[Choice]) -> tuple[Decimal, Decimal]:
    """Return what choices cost over all months, and half a cent for each line and month."""
    costs = [(number, *cost(case, choice)) for case, number, choice in zip(cases, months, choices, strict=True)]
    return sum((n * each for n, each, _ in costs), Decimal(0)), sum((n * k * CENT / 2 for n, _, k in costs), Decimal(0))


def outside(shared: Path) -> list[dict[str, Any]]:
    lines = (shared / "examples" / "roadmap-cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    return [each for each in cases if each["result"] == "optimal" and "horizon:" in each["workload"]]


def test_optima_from_outside_are_met(shared: Path) -> None:
    listed = outside(shared)
    assert len(listed) >= 12
    for each in listed:
        tree, prices = (parse(each[name], name).tree for name in ("workload", "prices"))
        cases, months, found = chosen(tree, prices, cp.load_edition(tree["catalog"]))
        amount, rounding = total(cases, months, found.choices)
        assert abs(amount - Decimal(each["exact"])) <= rounding, each["id"]
        assert found.bound <= Fraction(each["exact"]), each["id"]
        for case, choice, bound in zip(cases, found.choices, found.phase_bounds, strict=True):
            monthly_cost, lines = cost(case, choice)
            assert bound <= Fraction(monthly_cost + CENT / 2 * lines), each["id"]


def test_what_is_bought_first_suits_what_comes(shared: Path, edition: cp.Edition) -> None:
    folder = shared / "examples"
    cases, months, found = chosen(folder / "web-shop-growth.yaml", folder / "prices-contested.yaml", edition)
    amount, _ = total(cases, months, found.choices)
    assert amount == Decimal("209504.70")  # phase by phase 223 425.84, the last phase on day one 257 621.94
    assert 0 <= Fraction(amount) - found.bound <= 1


def test_cuts_alone_prove_no_more_than_the_optimum(
    shared: Path, edition: cp.Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "all_patterns", lambda *_: None)
    folder = shared / "examples"
    cases, months, found = chosen(folder / "web-shop-growth.yaml", folder / "prices-contested.yaml", edition)
    amount, rounding = total(cases, months, found.choices)
    assert Decimal("209504.70") <= amount
    assert Decimal("209504.70") * Decimal("0.97") <= found.bound <= Decimal("209504.70") + rounding


@st.composite
def growing(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a small workload over two or three phases."""
    groups = [
        vm(
            name=f"g{number}",
            count=draw(st.integers(1, 3)),
            vcpus=draw(st.sampled_from([4, 16, 40])),
            memory_gib=draw(st.sampled_from([16, 100, 300])),
            disks=[{"size_gib": draw(st.sampled_from([50, 400])), "iops": draw(st.sampled_from([0, 900]))}],
        )
        for number in range(draw(st.integers(1, 2)))
    ]
    groups[-1] |= draw(st.sampled_from([{}, {"until": "2027-12"}, {"from": "2028-01"}])) if len(groups) > 1 else {}
    growth = {"vms": draw(st.sampled_from([0, 0.5, 1])), "storage": draw(st.sampled_from([0, 0.7]))}
    return workload(vms=groups, horizon={"start": "2027-01", "months": 24, "growth": growth})


@given(tree=growing())
@examples(6)
def test_no_naive_way_is_cheaper_and_no_bound_is_too_high(tree: dict[str, Any], edition: cp.Edition) -> None:
    cases, months, found = chosen(tree, price_book(), edition)
    amount, rounding = total(cases, months, found.choices)
    assert found.bound <= Fraction(amount + rounding)
    loose = {**tree, "horizon": {**tree["horizon"], "shrink": True}}
    cases, months, free = chosen(loose, price_book(), edition)
    assert total(cases, months, free.choices)[0] <= amount + rounding
    assert free.bound <= Fraction(amount + rounding)


def test_a_budget_of_time_ends_the_search(edition: cp.Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", time.process_time)  # other work on the machine does not count
    groups = [vm(name=f"g{number}", count=4, vcpus=2 + number, memory_gib=7 * number + 9) for number in range(30)]
    tree = workload(vms=groups, horizon={"start": "2027-01", "months": 24, "growth": {"vms": 0.3}})
    _, _, found = chosen(tree, price_book(), edition, seconds=0.5)
    assert found.ended.ended in ("time-limit", "budget", "gap")


def test_what_stands_in_no_pool_is_paid_in_every_phase(edition: cp.Edition) -> None:
    old = {"name": "old", "site": "az06", "blade": "eco:v3", "hosts": 3}
    tree = workload(existing={"clusters": [old]}, horizon={"start": "2027-01", "months": 24})
    _, _, found = chosen(tree, price_book(), edition)
    assert [[each.name for each in choice.clusters] for choice in found.choices] == [["az05-default-1", "old"]] * 2
    tree["horizon"]["shrink"] = True
    _, _, found = chosen(tree, price_book(), edition)
    assert [len(choice.clusters) for choice in found.choices] == [2, 1]


def test_a_cut_of_one_phase_is_known_in_the_others(edition: cp.Edition) -> None:
    horizon = {"start": "2027-01", "months": 24, "growth": {"vms": 1}}
    groups = [vm(name="odd", count=9, vcpus=24, memory_gib=40), vm(name="even", count=9, vcpus=2, memory_gib=90)]
    tree = workload(horizon=horizon, policy={"blades": ["eco:v3"]}, vms=groups)
    book = cp.load_prices(price_book(), edition)
    cases = [Case.of(each.workload, edition, book) for each in phases(cp.read_workload(tree, edition), edition)]
    times = [SitePhase(case, 12, tuple(pools_at(case, case.sites[0]))) for case in cases]
    sharing = Sharing(times)
    few, many = sharing.known
    assert few and many
    assert few.columns is many.columns
    nothing = Target((0,), (0.0,), 0.0)
    found, known = sharing.cut(1, nothing, Budget()), sharing.cut(0, nothing, Budget())
    assert found and known
    assert (known.host, known.worth) == (found.host, found.worth)
    assert found.demand == pytest.approx(2 * known.demand)
    assert (few.cuts, many.cuts) == ([known], [found])
    assert sharing.cut(0, Target((99,), (99 * 128.0,), 9999.0), Budget()) is None
