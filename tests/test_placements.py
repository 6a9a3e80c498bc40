"""Every search ends in a placement made from its patterns: hosts left alone, dives that go on, hosts more."""

from fractions import Fraction

import numpy as np
import oracle
import pytest
from conftest import price_book, vm, workload
from test_engine import facts, size, verdict
from test_search import TWINS

import cloudplan as cp
from cloudplan.optimiser.compute import knapsack, search
from cloudplan.optimiser.compute.best_fit import Filling
from cloudplan.optimiser.compute.column_generation import CoveringLp
from cloudplan.optimiser.compute.diving import Dive, dive
from cloudplan.optimiser.compute.further_hosts import completed
from cloudplan.optimiser.compute.knapsack import Knapsack
from cloudplan.optimiser.compute.shapes import Pool, pools_at
from cloudplan.optimiser.solver import Budget
from cloudplan.workload.case import Case

ENDLESS = Budget()
BIG_AND_SMALL = workload(vms=[vm(name="big", count=2, memory_gib=250), vm(name="small", count=5, memory_gib=50)])


@pytest.fixture
def columns(edition: cp.Edition) -> tuple[Case, list[Pool], CoveringLp]:
    case = Case.of(cp.read_workload(BIG_AND_SMALL, edition), edition, cp.load_prices(price_book(), edition))
    pools = pools_at(case, case.sites[0])
    return case, pools, CoveringLp(case, pools)


def hosts(columns: CoveringLp, **wanted: int) -> list[int]:
    return [wanted.get(entry.blade.partition(":")[0], 0) for entry in columns.types]


def nothing_is_lost(columns: CoveringLp, found: Dive) -> bool:
    return bool((found.filling.held.sum(axis=0) + found.rest == columns.items).all())


def unproven(*_: object) -> None:
    """Prove nothing."""


def test_a_search_that_proves_nothing_still_places_by_its_patterns(
    edition: cp.Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish, book = TWINS["pools"]
    monkeypatch.setattr(search, "PATTERN_STEPS", 0)
    monkeypatch.setattr(search, "find_cut", unproven)
    plan = size(wish, edition, book)
    assert verdict(plan, wish, edition, book)
    best = oracle.optimum(wish, book, facts(edition)).total
    assert best is not None
    assert plan.lower_bound < best
    assert abs(Fraction(plan.monthly) - best) <= Fraction(len(plan.bom), 100)


def test_hosts_that_are_too_few_are_filled_as_far_as_they_can_be(
    columns: tuple[Case, list[Pool], CoveringLp],
) -> None:
    case, pools, lp = columns
    few = hosts(lp, eco=2)
    found = dive(case, pools, lp, few, ENDLESS)
    assert nothing_is_lost(lp, found)
    assert found.rest.any()


def test_one_host_more_is_enough_when_items_make_room_for_what_is_left(
    columns: tuple[Case, list[Pool], CoveringLp],
) -> None:
    case, pools, lp = columns
    filling = Filling(case, [(pools[0], shape) for shape in pools[0].shapes], [(e.pool, e.kind) for e in lp.types])
    eco = next(kind for kind, entry in enumerate(lp.types) if entry.blade.startswith("eco"))
    filling.open([(eco, np.array([1, 1]), 1), (eco, np.array([0, 4]), 1)])
    before = Dive(filling, np.array([1, 0]))
    after = list(completed(case, lp.types, before))
    assert after
    assert all(not each.rest.any() and len(each.filling.kinds) == 3 for each in after)
    assert all(nothing_is_lost(lp, each) for each in after)
    assert before.rest.tolist() == [1, 0]
    assert before.filling.held.tolist() == [[1, 1], [0, 4]]


def test_hosts_are_opened_until_all_that_is_left_has_a_place(columns: tuple[Case, list[Pool], CoveringLp]) -> None:
    case, pools, lp = columns
    filling = Filling(case, [(pools[0], shape) for shape in pools[0].shapes], [(e.pool, e.kind) for e in lp.types])
    filling.open([(0, np.array([0, 0]), 1)])
    after = list(completed(case, lp.types, Dive(filling, lp.items)))
    assert after
    assert all(not each.rest.any() and nothing_is_lost(lp, each) for each in after)


def test_finer_tables_are_bounds_that_prove_more_and_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = np.array([[1, 33_700, 0], [1, 41_300, 0], [1, 7_900, 0]], dtype=np.int64)
    host = Knapsack(sizes, (12, 334_233, 0), np.array([False, False, True]), np.array([False, True, False]))
    worth, most = np.array([3.37, 4.13, 0.79]) + 0.001, np.array([9, 8, 12])
    best = max(
        float(worth @ np.array(counts))
        for counts in np.ndindex(10, 9, 13)
        if sum(counts) <= 12 and np.array(counts) @ sizes[:, 1] <= 334_233
    )
    rough, fine = (host.bound(worth, most, 0.0, steps) for steps in (300, 80_000))
    assert best - 1e-9 <= fine < rough
    monkeypatch.setattr(knapsack, "CELLS", 1000)
    assert host.bound(worth, most, 0.0, 80_000) >= best - 1e-9
