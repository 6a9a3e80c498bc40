"""The search for large pools: small twins of the families that are hard at scale, and what it is made of."""

import itertools
import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import highspy
import numpy as np
import oracle
import pytest
from conftest import case, price_book, vm, workload
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine import facts, size, verdict

import cloudplan as cp
from cloudplan.base.errors import InternalError
from cloudplan.optimiser.compute import search
from cloudplan.optimiser.compute.best_content import CLOSE, Effort, best_contents
from cloudplan.optimiser.compute.knapsack import SEARCHES, Knapsack
from cloudplan.optimiser.compute.patterns import Grid, first_fit
from cloudplan.optimiser.compute.shapes import pools_at
from cloudplan.optimiser.solver import Cover
from cloudplan.rules.compute import capacity

CONTESTED = price_book(
    items={"csp:(region):iaas:vmware:eco:v3": "760.00", "csp:(region):iaas:vmware:perf2:v3": "1290.00"}
)
TWINS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "cpu-bound": (
        workload(
            policy={"vcpu_per_core": 2},
            vms=[vm(name="a", count=4, vcpus=24, memory_gib=48), vm(name="b", count=3, vcpus=16, memory_gib=24)],
        ),
        CONTESTED,
    ),
    "memory-bound": (
        workload(vms=[vm(name="a", count=4, memory_gib=200.5), vm(name="b", count=3, memory_gib=111.25)]),
        price_book(),
    ),
    "gpu": (
        workload(vms=[vm(name="a", count=3, gpus=1, memory_gib=64), vm(name="b", count=4, memory_gib=120)]),
        price_book(),
    ),
    "anti-affinity": (
        workload(vms=[vm(name=name, count=3, memory_gib=20, anti_affinity=name) for name in ("a", "b", "c")]),
        price_book(),
    ),
    "two failures": (
        workload(policy={"host_failures": 2}, vms=[vm(name="a", count=5, memory_gib=150), vm(name="b", memory_gib=90)]),
        price_book(),
    ),
    "allow-lists": (
        workload(
            vms=[
                vm(name="a", count=3, memory_gib=150, blades=["standard:v3", "perf1:v3"]),
                vm(name="b", count=3, memory_gib=100, blades=["eco:v3", "perf1:v3"]),
            ]
        ),
        price_book(),
    ),
    "pools": (
        workload(vms=[vm(name=f"p{n}", pool=f"p{n}", count=2 + n, memory_gib=100 + 40 * n) for n in range(3)]),
        price_book(),
    ),
    "giants": (
        workload(vms=[vm(name=f"g{n}", vcpus=8, memory_gib=310 + 37 * n) for n in range(6)]),
        price_book(),
    ),
}


@pytest.mark.parametrize("family", TWINS)
def test_a_small_twin_of_each_hard_family_is_solved_like_by_brute_force(
    family: str, edition: cp.Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish, book = TWINS[family]
    best = oracle.optimum(wish, book, facts(edition))
    monkeypatch.setattr(search, "PATTERN_STEPS", 0)  # no pattern is listed, so that the search must find them
    plan = size(wish, edition, book)
    assert best.total is not None
    assert abs(Fraction(plan.monthly) - best.total) <= Fraction(len(plan.bom), 100)
    assert plan.lower_bound <= best.total
    assert verdict(plan, wish, edition, book)


def test_cuts_that_leave_no_hosts_prove_that_there_is_no_plan(
    edition: cp.Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = workload(policy={"max_clusters": 1, "blades": ["eco:v3"]}, vms=[vm(count=40, memory_gib=200)])
    monkeypatch.setattr(search, "PATTERN_STEPS", 0)
    with pytest.raises(cp.NoPlanError, match="max_clusters"):
        size(wish, edition)


def test_a_search_that_is_stopped_at_once_still_gives_a_verified_plan(edition: cp.Edition) -> None:
    wish = workload(vms=[vm(name=f"s{n}", vcpus=1 + n % 9, memory_gib=4 + 11 * n % 90) for n in range(40)])
    plan = size(wish, edition, stopped=lambda: True)
    assert verdict(plan, wish, edition)
    assert plan.lower_bound > 0


FEW_AND_FINE = (np.array([False, False, True]), np.array([False, True, False]))
"""Cores, memory and GPUs: of the last a host offers few, the second is counted in fine parts."""

needs = st.lists(st.tuples(st.integers(0, 7), st.integers(1, 3000), st.integers(0, 1)), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(
    needs=needs,
    offer=st.tuples(st.integers(4, 12), st.integers(900, 6000), st.integers(0, 2)),
    values=st.lists(st.floats(0.0, 10.0), min_size=5, max_size=5),
    left=st.lists(st.integers(0, 3), min_size=5, max_size=5),
    below=st.sampled_from((0.0, 0.9, 0.999, 1.1)),
)
def test_the_table_of_a_host_is_a_bound_and_its_contents_fit(
    needs: Sequence[tuple[int, int, int]],
    offer: tuple[int, int, int],
    values: list[float],
    left: list[int],
    below: float,
) -> None:
    knapsack = Knapsack(np.array(needs, dtype=np.int64), offer, *FEW_AND_FINE)
    worth = np.array(values[: len(needs)])
    most = knapsack.most(np.array(left[: len(needs)], dtype=np.int64))

    def fits(counts: Sequence[int]) -> bool:
        return all(sum(n[axis] * c for n, c in zip(needs, counts, strict=True)) <= offer[axis] for axis in range(3))

    contents = [counts for counts in itertools.product(*(range(n + 1) for n in most)) if fits(counts)]
    best = max(float(worth @ np.array(counts)) for counts in contents)
    for steps in (300, 5_000):
        assert knapsack.bound(worth, most, 0.0, steps) >= best - 1e-9
    for level in range(len(SEARCHES)):
        assert set(map(tuple, knapsack.better(worth, most, 0.0, level).tolist())) <= set(contents)
    for effort in (CLOSE, Effort(20, 1 << 22, 20_000), Effort(20, 1 << 22, 3)):
        found, bound = best_contents(knapsack, worth, most, below * best, effort)
        assert set(map(tuple, found.tolist())) <= set(contents)
        assert bound >= max(best, below * best) - 1e-9
        if effort.partial > 3 and below < 1 and best > 1e-9:
            assert worth @ found[0] == pytest.approx(best)
            assert bound == pytest.approx(best)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 9), st.booleans()), min_size=1, max_size=6))
def test_first_fit_places_every_item_on_hosts_that_can_hold_it(groups: list[tuple[int, int, bool]]) -> None:
    needs, counts = tuple((size, 3 * size, 0) for size, _, _ in groups), tuple(count for _, count, _ in groups)
    alone = np.array([apart for _, _, apart in groups])
    hosts_found = first_fit(Grid(needs, np.outer(alone, alone), counts, (30, 93, 0)))
    assert [sum(column) for column in zip(*hosts_found, strict=True)] == list(counts)
    for host in hosts_found:
        assert sum(size * count for (size, _, _), count in zip(needs, host, strict=True)) <= 30
        assert sum(size * count for (_, size, _), count in zip(needs, host, strict=True)) <= 93
        assert sum(count for apart, count in zip(alone, host, strict=True) if apart) <= 1


def test_a_covering_lp_whose_basis_led_nowhere_is_solved_anew() -> None:
    """After many warm starts HiGHS can end a little outside its tolerances, and say only that it does not know."""

    class Doubtful:
        def __init__(self, highs: Any):
            self._highs, self.doubts, self.cleared = highs, 1, 0

        def getModelStatus(self) -> Any:  # noqa: N802 - the solver's name
            self.doubts -= 1
            return highspy.HighsModelStatus.kUnknown if self.doubts >= 0 else self._highs.getModelStatus()

        def clearSolver(self) -> None:  # noqa: N802 - the solver's name
            self.cleared += 1
            self._highs.clearSolver()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._highs, name)

    cover = Cover([(3.0, highspy.kHighsInf)])
    cover.column(2.0, [(0, 1.5)])
    cover._highs = doubtful = Doubtful(cover._highs)
    assert cover.solve() == (4.0, [2.0], [pytest.approx(4 / 3)])
    assert doubtful.cleared == 1
    doubtful.doubts = 2
    with pytest.raises(InternalError, match="no optimum"):
        cover.solve()


# --- needs on a grid finer than 64 bits ------------------------------------------------------------------------------


def many_ratios(count: int, places: int) -> list[dict[str, Any]]:
    """Return groups whose vCPUs for each core have so many decimals, no two alike."""
    base = 10**places
    ratios = [Decimal(2 * base + 7919 * at % (2 * base)) / base for at in range(1, count + 1)]
    return [vm(name=f"a{at}", vcpus=3, vcpu_per_core=f"{ratio:f}") for at, ratio in enumerate(ratios)]


@pytest.mark.parametrize(("count", "places"), [(20, 3), (40, 2), (200, 6)])
def test_cores_at_many_ratios_are_sized_and_proven(count: int, places: int) -> None:
    made = case(vms=many_ratios(count, places))
    grid = math.lcm(*(item.group.cores.denominator for item in made.instances))
    assert places == 2 or grid > 2**63
    plan = cp.optimise(made.workload, made.edition, made.prices.book)
    assert plan.status == "optimal"
    assert plan.lower_bound <= plan.monthly


def test_a_rounded_knapsack_offers_only_what_fits_and_bounds_all_that_does() -> None:
    """Ten VMs of 3.2 cores fill a host of 32 to the last bit: rounding may lose them, but never below its bound."""
    groups = [vm(name="tie", vcpus=16, vcpu_per_core=5, memory_gib=1, count=20), *many_ratios(30, 6)]
    made = case(vms=groups, policy={"blades": ["standard:v3"]})
    [pool] = pools_at(made, "az05")
    host = Knapsack.of(made, "standard:v3", pool.shapes)
    assert np.any(host.rounded)
    most = host.most(np.array([shape.count for shape in pool.shapes]))
    cores = [shape.needs[0] for shape in pool.shapes]
    tie = cores.index(Fraction(16, 5))
    assert most[tie] == 10
    offer = capacity(made, "standard:v3")
    for seed in range(20):
        values = np.random.default_rng(seed).uniform(0.9, 1.1, len(cores)) * [float(need) for need in cores]
        values[tie] = 3.2 * 1.2
        best = 10 * float(values[tie])  # nothing is worth more for its cores
        for steps in (20, 300):
            assert host.bound(values, most, 0.0, steps) >= best * (1 - 1e-12)
        contents, bound = best_contents(host, values, most, 0.0)
        assert bound >= best * (1 - 1e-12)
        for found in [*contents.tolist(), *host.better(values, most, 0.0, 0).tolist()]:
            for axis, limit in enumerate(offer):
                assert sum(times * shape.needs[axis] for times, shape in zip(found, pool.shapes, strict=True)) <= limit
