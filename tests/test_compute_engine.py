"""The parts of the compute engine, each by itself: what it is given, what it must return, against enumeration."""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from conftest import case, examples, price_book, vm
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.evaluation.items import Decision, cost, items
from cloudplan.optimiser.compute.best_content import QUICK, USUAL, best_contents
from cloudplan.optimiser.compute.best_fit import Filling
from cloudplan.optimiser.compute.clusters import Fleet, deal_hosts
from cloudplan.optimiser.compute.column_generation import UNLIMITED_GIB, CoveringLp, Target
from cloudplan.optimiser.compute.cuts import Cut, find_cut
from cloudplan.optimiser.compute.exchange_columns import Exchange, exchanges, made
from cloudplan.optimiser.compute.fleet_ilp import FleetIlp
from cloudplan.optimiser.compute.kinds import ClusterKind
from cloudplan.optimiser.compute.knapsack import SEARCHES, Knapsack
from cloudplan.optimiser.compute.patterns import DEEPEST, Grid, Host, Pattern, maximal_patterns, room_for
from cloudplan.optimiser.compute.shapes import Pool, deal, pools_at, rivals
from cloudplan.optimiser.solver import Budget, Cover
from cloudplan.rules import compute
from cloudplan.workload.case import Case

SITE = "az05"
INFINITE = float("inf")
ALONE = examples(40)
SMALL = examples(15, suppress_health_check=list(HealthCheck))

Vms = list[dict[str, Any]]


def one_pool(**fields: Any) -> tuple[Case, Pool]:
    """Return a case whose VMs are one pool, and the pool."""
    asked = case(**fields)
    [pool] = pools_at(asked, SITE)
    return asked, pool


def mix(*sizes: tuple[int, int, float], **fields: Any) -> Vms:
    """Return groups of VMs from (count, vCPUs, GiB)."""
    return [
        vm(name=f"g{number}", count=count, vcpus=vcpus, memory_gib=memory_gib, **fields)
        for number, (count, vcpus, memory_gib) in enumerate(sizes)
    ]


mixes = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from([1, 8, 24, 40]), st.sampled_from([4, 31.5, 90, 120, 200])),
    min_size=1,
    max_size=3,
).map(lambda sizes: mix(*sizes))


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_like_vms_of_several_groups_are_one_shape_with_their_names() -> None:
    _, pool = one_pool(vms=[vm(name="b", count=2), vm(name="a", count=3), vm(name="c", vcpus=4)])
    large, small = pool.shapes
    assert (large.count, large.items) == (1, (({"c": 1}, 1),))
    assert (small.count, small.items) == (5, (({"a": 1}, 3), ({"b": 1}, 2)))
    assert small.needs == (Fraction(1, 2), 8 * 1024, 0)


def test_an_affinity_group_is_one_item_with_the_needs_of_all() -> None:
    _, pool = one_pool(vms=[vm(name="a", count=3, affinity="x"), vm(name="b", affinity="x", gpus=1)])
    [shape] = pool.shapes
    assert shape.items == (({"a": 3, "b": 1}, 1),)
    assert (shape.needs, shape.memory_mib) == ((2, 32 * 1024, 1), 32 * 1024)
    assert shape.blades == {"perf4:v3"}


def test_an_affinity_group_that_anti_affinity_pulls_apart_is_a_fault() -> None:
    _, pool = one_pool(vms=[vm(name="a", count=2, affinity="x", anti_affinity="y")])
    [fault] = pool.faults
    assert (fault.rule, fault.path) == ("AFF-2", "a")
    assert "'x' puts on one host what anti-affinity 'y' keeps apart" in fault.message


def test_a_vm_that_fits_on_no_blade_is_a_fault_with_the_reason_of_each_blade_allowed() -> None:
    _, pool = one_pool(policy={"blades": ["eco:v3", "perf1:v3"]}, vms=[vm(memory_gib=400), vm(name="b")])
    [fault] = pool.faults
    assert (fault.rule, fault.path) == ("MEM-3", "a")
    assert "; nearest eco:v3: 400 GiB > 326.4 (MEM-3); reduce the VM to that, raise the limit" in fault.message
    assert fault.message.endswith(" (perf1:v3: 400 GiB > 326.4 (MEM-3))")
    assert "standard:v3" not in fault.message


def test_blades_without_a_price_that_alone_could_hold_a_vm_are_named() -> None:
    _, pool = one_pool(prices=price_book("perf4"), vms=[vm(gpus=1), vm(name="b")])
    assert (pool.unpriced, pool.faults) == (("perf4:v3",), ())
    gpu = next(shape for shape in pool.shapes if shape.needs[2])
    assert gpu.blades == frozenset()


def test_pools_are_apart_and_in_the_order_of_their_names() -> None:
    asked = case(vms=[vm(name="b", pool="two"), vm(name="a", pool="one"), vm(name="c", pool="two", count=2)])
    found = pools_at(asked, SITE)
    assert [(pool.name, sum(shape.count for shape in pool.shapes)) for pool in found] == [("one", 1), ("two", 3)]
    assert pools_at(asked, "az06") == []


@ALONE
@given(vms=mixes, seed=st.randoms(use_true_random=False))
def test_the_order_of_the_vms_changes_no_shape(vms: Vms, seed: Any) -> None:
    assert one_pool(vms=vms)[1] == one_pool(vms=seed.sample(vms, len(vms)))[1]


@ALONE
@given(st.lists(st.frozensets(st.sampled_from("xyz")), max_size=6))
def test_rivals_are_those_that_share_a_label_and_each_with_one_is_its_own(apart: list[frozenset[str]]) -> None:
    expected = [[bool(one & other) for other in apart] for one in apart]
    assert rivals(apart).tolist() == expected


@ALONE
@given(vms=mixes, data=st.data())
def test_dealing_hands_out_every_instance_once(vms: Vms, data: st.DataObject) -> None:
    _, pool = one_pool(vms=[*vms, vm(name="pair", count=2, affinity="x", memory_gib=1)])
    left, hosts = [shape.count for shape in pool.shapes], list[list[int]]()
    while any(left):
        hosts.append([data.draw(st.integers(0, count)) for count in left])
        if not any(hosts[-1]):
            hosts[-1] = list(left)
        left = [count - taken for count, taken in zip(left, hosts[-1], strict=True)]
    placed = deal(pool, hosts)
    assert sum(map(Counter, placed), Counter()) == {**{each["name"]: each["count"] for each in vms}, "pair": 2}
    assert [sum(host.values()) for host in placed] == [
        sum(count * sum(shape.items[0][0].values()) for count, shape in zip(host, pool.shapes, strict=True))
        for host in hosts
    ]


# --- patterns of one host --------------------------------------------------------------------------------------------


@ALONE
@given(vms=mixes, blade=st.sampled_from(["eco:v3", "advance:v3"]), data=st.data())
def test_what_fits_a_grid_is_what_fits_a_host_exactly(vms: Vms, blade: str, data: st.DataObject) -> None:
    asked, pool = one_pool(vms=vms)
    shapes = [pool.shapes[index] for index in pool.shapes_on(blade)]
    assume(shapes)
    grid = Grid.of(asked, blade, shapes, [shape.count for shape in shapes])
    counts = [data.draw(st.integers(0, 12)) for _ in shapes]
    used = [sum(count * shape.needs[axis] for count, shape in zip(counts, shapes, strict=True)) for axis in range(3)]
    exact = all(need <= offer for need, offer in zip(used, compute.capacity(asked, blade), strict=True))
    assert fits(grid, counts) == exact
    host = Host(grid)
    for index, count in enumerate(counts):
        host.put(index, count)
    assert (min(host.free) >= 0) == exact


def test_what_a_host_offers_is_rounded_down_to_the_grid_and_loses_nothing() -> None:
    """Two VMs of 163.2 GiB are 334 234 MiB, rounded up; 85 % of 384 GiB are 334 233.6 MiB."""
    for memory_gib, hosts in (("163.2", [(1,)]), ("163.199", [(2,)])):
        asked, pool = one_pool(vms=[vm(count=2, vcpus=1, memory_gib=memory_gib)])
        assert maximal_patterns(Grid.of(asked, "eco:v3", pool.shapes, [2]), 1000) == hosts


def fits(grid: Grid, counts: Sequence[int]) -> bool:
    """Return whether a host of a grid holds some items, rivals left aside."""
    used = [sum(count * need[axis] for count, need in zip(counts, grid.needs, strict=True)) for axis in range(3)]
    return all(amount <= offer for amount, offer in zip(used, grid.offer, strict=True))


def allowed(grid: Grid, counts: Sequence[int]) -> bool:
    """Return whether a host of a grid holds some items, none of them beside a rival."""
    here = [index for index, count in enumerate(counts) for _ in range(count)]
    apart = not any(grid.rivals[one, other] for one, other in itertools.combinations(here, 2))
    return apart and fits(grid, counts)


def enumerated(grid: Grid) -> set[Pattern]:
    """Return every pattern to which nothing can be added, by looking at all there are."""
    every = itertools.product(*(range(count + 1) for count in grid.counts))
    holding = {counts for counts in every if allowed(grid, counts)}
    more = [tuple(int(index == one) for index in range(len(grid.counts))) for one in range(len(grid.counts))]
    return {
        counts
        for counts in holding
        if not any(tuple(map(sum, zip(counts, one, strict=True))) in holding for one in more)
    }


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    shapes = draw(st.integers(1, 4))
    need = st.tuples(st.integers(0, 5), st.integers(1, 9), st.integers(0, 1))
    labels = [draw(st.frozensets(st.sampled_from("xy"), max_size=1)) for _ in range(shapes)]
    return Grid(
        tuple(draw(need) for _ in range(shapes)),
        rivals(labels),
        tuple(draw(st.integers(1, 3)) for _ in range(shapes)),
        draw(st.tuples(st.integers(3, 9), st.integers(5, 20), st.integers(0, 2))),
    )


@examples(80)
@given(grids())
def test_the_maximal_patterns_are_those_of_enumeration(grid: Grid) -> None:
    found = maximal_patterns(grid, 10**6)
    assert found is not None
    assert len(found) == len(set(found))
    assert set(found) == enumerated(grid)


def test_patterns_are_not_listed_beyond_a_number_of_steps_or_of_shapes() -> None:
    grid = Grid(((1, 1, 0),) * 3, rivals([frozenset()] * 3), (9, 9, 9), (9, 9, 0))
    assert maximal_patterns(grid, 20) is None
    many = DEEPEST + 1
    deep = Grid(((1, 1, 0),) * many, rivals([frozenset()] * many), (0,) * many, (9, 9, 0))
    assert maximal_patterns(deep, 10**6) is None


def test_a_host_takes_back_what_was_put_on_it() -> None:
    grid = Grid(((2, 3, 0), (1, 1, 1)), rivals([frozenset("x"), frozenset("x")]), (5, 5), (10, 10, 1))
    host = Host(grid)
    assert (host.room(0, 5), host.room(1, 5)) == (1, 1)
    host.put(0, 1)
    assert (host.room(0, 5), host.room(1, 5), host.free) == (0, 0, [8, 7, 1])
    host.put(0, -1)
    assert (host.room(0, 5), host.free, host.counts) == (1, [10, 10, 1], [0, 0])


def test_room_is_counted_in_the_dimension_that_is_short() -> None:
    free = np.array([[10, 9, 0], [3, 90, 4], [0, 90, 4]])
    assert room_for(free, np.array([2, 3, 0])).tolist() == [3, 1, 0]


# --- the ILP of hosts ------------------------------------------------------------------------------------------------


def loaded_of(asked: Case, pool: Pool, **options: Any) -> FleetIlp:
    """Return the ILP of a pool with its sums, solved."""
    fleets = FleetIlp(asked, SITE, [pool], **options)
    fleets.add_sums()
    assert fleets.minimise(Budget()).found
    return fleets


@examples(4, suppress_health_check=list(HealthCheck))
@given(vms=mixes, failures=st.integers(0, 2))
def test_the_sums_have_room_for_all_and_are_a_bound_of_the_bill(vms: Vms, failures: int, edition: cp.Edition) -> None:
    asked, pool = one_pool(vms=vms, policy={"host_failures": failures})
    fleets = loaded_of(asked, pool)
    target = fleets.target()
    for axis in range(3):
        offers = [compute.capacity(asked, entry.blade)[axis] for entry in fleets.types]
        room = sum(offer * count for offer, count in zip(offers, target.loaded, strict=True))
        assert room >= sum(shape.needs[axis] * shape.count for shape in pool.shapes)
    plan = cp.optimise(asked.workload, edition, asked.prices.book)
    clusters = [(entry.site, entry.blade, entry.hosts, entry.memory_gib) for entry in plan.clusters]
    least = fleets.minimise(Budget()).bound
    assert 0 < least <= Fraction(cost(asked, items(asked, Decision(clusters))))


def test_a_blade_that_alone_can_hold_some_vms_has_room_for_those_by_themselves() -> None:
    asked, pool = one_pool(vms=[vm(name="fast", count=5, vcpus=32, min_ghz="3.2"), vm(name="slow", count=5, vcpus=64)])
    fleets = loaded_of(asked, pool)
    able = [name for name, blade in asked.blades.items() if blade.base_ghz >= Decimal("3.2")]
    room = [
        compute.capacity(asked, entry.blade)[0] * count
        for entry, count in zip(fleets.types, fleets.target().loaded, strict=True)
        if entry.blade in able
    ]
    assert sum(room) >= 5 * 8


def test_members_of_an_anti_affinity_group_have_a_host_each() -> None:
    asked, pool = one_pool(vms=[vm(count=6, anti_affinity="x")])
    assert sum(loaded_of(asked, pool).target().loaded) == 6


def test_a_cut_is_kept_on_hosts_and_on_memory() -> None:
    asked, pool = one_pool(policy={"blades": ["eco:v3"]}, vms=[vm()])
    fleets = loaded_of(asked, pool)
    assert fleets.target().loaded == (1,)
    fleets.add_cut(Cut(10.0, (3.0,), (0.0,)))
    assert fleets.minimise(Budget()).found
    assert fleets.target().loaded == (4,)
    fleets.add_cut(Cut(1000.0, (0.0,), (1.0,)))
    assert fleets.minimise(Budget()).found
    target = fleets.target()
    assert target.included_gib[0] + target.more_gib == pytest.approx(1000, abs=1)


def test_slack_asks_for_more_room_but_not_for_more_of_what_hosts_have_few() -> None:
    asked, pool = one_pool(vms=[vm(count=4, gpus=1, memory_gib=200)], policy={"blades": ["perf4:v3"]})
    usual = loaded_of(asked, pool).target().loaded
    fleets = FleetIlp(asked, SITE, [pool])
    fleets.add_sums(Fraction(1, 2))
    assert fleets.minimise(Budget()).found
    assert (usual, fleets.target().loaded) == ((2,), (3,))
    gpus, many = one_pool(vms=[vm(count=4, gpus=1)], policy={"blades": ["perf4:v3"]})
    fleets = FleetIlp(gpus, SITE, [many])
    fleets.add_sums(Fraction(1, 2))
    assert fleets.minimise(Budget()).found
    assert fleets.target().loaded == (2,)


TIES = [
    ({"eco:v3": 600, "advance:v3": 900}, "advance:v3", 2),  # 3 x 600 = 2 x 900: fewer hosts
    ({"standard:v3": 700, "eco:v3": 700}, "eco:v3", 3),  # alike: the order of the catalogue
]


@pytest.mark.parametrize(("prices", "blade", "hosts"), TIES)
def test_ties_go_to_fewer_hosts_and_then_to_the_order_of_the_catalogue(
    prices: Mapping[str, int], blade: str, hosts: int, edition: cp.Edition
) -> None:
    book = price_book(items={edition.blades[name].sku.replace(":fr1:", ":(region):"): p for name, p in prices.items()})
    policy = {"memory_model": "included_full", "blades": list(prices)}
    asked, pool = one_pool(prices=book, policy=policy, vms=[vm(count=2, memory_gib=300)])
    fleets = loaded_of(asked, pool)
    before = fleets.model.exact(fleets.objective)
    fleets.settle_ties(Budget())
    assert fleets.model.exact(fleets.objective) == before
    chosen = {entry.blade: fleets.model.value(entry.hosts) for entry in fleets.types if fleets.model.value(entry.hosts)}
    assert chosen == {blade: hosts}


def test_memory_without_a_price_is_what_hosts_include_unless_any_may_be_had() -> None:
    asked, pool = one_pool(prices=price_book("vmware:memory"), vms=[vm(count=2, memory_gib=300)])
    fleets = loaded_of(asked, pool)
    activated = sum(fleets.model.value(entry.memory_gib) for entry in fleets.types)
    hosts = sum(fleets.model.value(entry.hosts) for entry in fleets.types)
    assert activated == 128 * hosts >= 600 / 0.85
    free = loaded_of(asked, pool, any_memory=True)
    assert sum(free.model.value(entry.hosts) for entry in free.types) < hosts


# --- the covering LP -------------------------------------------------------------------------------------------------


def patterns_on(asked: Case, pool: Pool, blade: str) -> tuple[Pattern, ...]:
    """Return the maximal patterns of a blade, over all the shapes of a pool."""
    indexes = pool.shapes_on(blade)
    shapes = [pool.shapes[index] for index in indexes]
    grid = Grid.of(asked, blade, shapes, [shape.count for shape in shapes])
    found = [dict(zip(indexes, pattern, strict=True)) for pattern in sorted(enumerated(grid))]
    return tuple(tuple(pattern.get(index, 0) for index in range(len(pool.shapes))) for pattern in found)


def least_hosts(asked: Case, pool: Pool, blade: str) -> float:
    """Return the least hosts of one type that hold all items in fractions, from an LP over every pattern."""
    cover = Cover([(float(shape.count), INFINITE) for shape in pool.shapes])
    for pattern in patterns_on(asked, pool, blade):
        cover.column(1.0, [(row, float(count)) for row, count in enumerate(pattern) if count])
    return cover.solve()[0]


@SMALL
@given(vms=mixes)
def test_column_generation_misses_nothing_exactly_when_some_patterns_would_not(vms: Vms) -> None:
    asked, pool = one_pool(vms=vms, policy={"blades": ["advance:v3"]})
    least = least_hosts(asked, pool, "advance:v3")
    columns = CoveringLp(asked, [pool])
    enough = math.ceil(least - 1e-6)
    assert columns.cover([enough], columns.items, 0.0, Budget(), rounds=200) < 1e-5
    assert columns.cover([enough - 1], columns.items, 0.0, Budget(), rounds=200) > 1e-5


@SMALL
@given(vms=mixes)
def test_columns_without_exchanges_cover_as_much_and_their_patterns_fit(vms: Vms) -> None:
    asked, pool = one_pool(vms=vms, policy={"blades": ["eco:v3", "advance:v3"]})
    assume(all(len(shape.blades) for shape in pool.shapes))
    columns = CoveringLp(asked, [pool])
    loaded = [3 if entry.blade == "advance:v3" else 2 for entry in columns.types]
    missing = columns.cover(loaded, columns.items, 0.0, Budget(), rounds=50)
    plain = columns.literal(loaded, 0.0, Budget())
    assert plain.cover(loaded, columns.items, 0.0, Budget(), rounds=0) <= missing + 1e-5
    held = np.zeros(len(pool.shapes))
    for entry, hosts, used in zip(plain.types, loaded, plain.solution(), strict=True):
        assert sum(times for _, times in used) <= hosts + 1e-6
        for pattern, times in used:
            assert fits_blade(asked, pool, entry.blade, dict(zip(entry.rows.tolist(), pattern, strict=True)))
            held[entry.rows] += times * np.array(pattern)
    if missing < 1e-6:
        assert (held >= columns.items - 1e-5).all()


def fits_blade(asked: Case, pool: Pool, blade: str, counts: Mapping[int, int]) -> bool:
    used = [sum(count * pool.shapes[index].needs[axis] for index, count in counts.items()) for axis in range(3)]
    return all(need <= offer for need, offer in zip(used, compute.capacity(asked, blade), strict=True))


def test_a_target_limits_hosts_and_memory_and_what_is_aimed_at_is_what_is_left() -> None:
    asked, pool = one_pool(policy={"blades": ["eco:v3"]}, vms=[vm(count=9, memory_gib=100)])
    columns = CoveringLp(asked, [pool])

    def missing(hosts: int, included_gib: float, more_gib: float, left: int = 9) -> float:
        columns.aim(Target((hosts,), (included_gib,), more_gib), np.array([left]))
        return columns.solve()[0]

    assert missing(3, 0.0, UNLIMITED_GIB) == pytest.approx(0, abs=1e-9)
    one = missing(3, 0.0, UNLIMITED_GIB, left=10)
    assert one > 0.01
    assert missing(2, 0.0, UNLIMITED_GIB) == pytest.approx(3 * one)
    assert missing(3, 800.0, 0.0) == pytest.approx(one)
    assert missing(3, 300.0, 500.0) == pytest.approx(one)
    assert missing(3, 300.0, 600.0) == pytest.approx(0, abs=1e-9)
    assert missing(0, 0.0, 0.0) == pytest.approx(9 * one)
    assert missing(0, 0.0, 0.0, left=0) == pytest.approx(0, abs=1e-9)


@SMALL
@given(vms=mixes)
def test_bounds_of_a_host_are_above_every_pattern(vms: Vms) -> None:
    asked, pool = one_pool(vms=vms, policy={"blades": ["advance:v3"]})
    columns = CoveringLp(asked, [pool])
    columns.aim(Target((1,), (100.0,), 50.0), columns.items)
    _, duals = columns.solve()
    values = duals.values(0, columns.types[0])
    best = max(float(np.array(pattern) @ values) for pattern in patterns_on(asked, pool, "advance:v3"))
    assert columns.bounds(duals)[0] >= best - 1e-9
    exact, _ = columns.exact(duals, USUAL, QUICK, Budget())
    assert exact[0] >= best - 1e-9


# --- the best content of one host ------------------------------------------------------------------------------------

FOUR = st.tuples(st.integers(0, 7), st.integers(1, 3000), st.integers(0, 1), st.integers(0, 40))


@examples(100)
@given(
    needs=st.lists(FOUR, min_size=1, max_size=4),
    offer=st.tuples(st.integers(4, 12), st.integers(900, 6000), st.integers(0, 2), st.integers(0, 90)),
    values=st.lists(st.floats(0.0, 10.0), min_size=4, max_size=4),
    left=st.lists(st.integers(0, 3), min_size=4, max_size=4),
    known=st.sampled_from([0.0, 0.5, 0.8, 0.95]),
    fine=st.booleans(),
)
def test_with_a_fourth_dimension_a_bound_is_one_and_contents_fit(
    needs: list[tuple[int, ...]],
    offer: tuple[int, ...],
    values: list[float],
    left: list[int],
    known: float,
    *,
    fine: bool,
) -> None:
    """Cores, memory, GPUs, and one more of which a host offers plenty, in fine parts or not.

    `known` is the worth of a content that is to be beaten, as a share of the best.
    """
    few, parts = np.array([False, False, True, False]), np.array([False, True, False, fine])
    knapsack = Knapsack(np.array(needs, dtype=np.int64), offer, few, parts)
    worth = np.array(values[: len(needs)])
    most = knapsack.most(np.array(left[: len(needs)], dtype=np.int64))
    contents = [
        counts
        for counts in itertools.product(*(range(count + 1) for count in most))
        if (np.array(counts) @ np.array(needs) <= np.array(offer)).all()
    ]
    best = max(float(worth @ np.array(counts)) for counts in contents)
    least = known * best
    assert knapsack.bound(worth, most, least) >= best - 1e-9
    for level in range(len(SEARCHES)):
        better = knapsack.better(worth, most, least, level)
        assert set(map(tuple, better.tolist())) <= set(contents)
        assert (better @ worth > least).all()
    found, bound = best_contents(knapsack, worth, most, least)
    assert set(map(tuple, found.tolist())) <= set(contents)
    assert bound == pytest.approx(best)
    assert best < 1e-9 or worth @ found[0] == pytest.approx(best)


def test_a_knapsack_knows_what_hosts_offer_few_of_and_what_is_counted_in_fine_parts() -> None:
    asked, pool = one_pool(vms=[vm(vcpus=1), vm(name="b", vcpus=3, gpus=1)])
    knapsack = Knapsack.of(asked, "perf4:v3", pool.shapes)
    assert (knapsack.few.tolist(), knapsack.fine.tolist()) == ([False, False, True], [False, True, False])
    blade = asked.blades["perf4:v3"]
    assert (knapsack.offer[0], knapsack.offer[2]) == (4 * blade.cores, blade.gpus)
    assert knapsack.needs.tolist() == [[3, 8192, 1], [1, 8192, 0]]
    assert knapsack.most(np.array([99, 99])).tolist()[0] == 2


def test_nothing_better_is_found_than_what_is_asked_to_be_beaten() -> None:
    knapsack = Knapsack(np.array([[2, 100, 0]]), (8, 1000, 0), np.array([False, False, True]), np.array([False] * 3))
    worth, most = np.array([1.0]), np.array([9])
    assert knapsack.better(worth, most, 3.5, 0)[0].tolist() == [4]
    assert len(knapsack.better(worth, most, 4.5, 0)) == 0
    assert knapsack.bound(worth, most, 4.5) == 4.5


# --- exchanges -------------------------------------------------------------------------------------------------------


@ALONE
@given(vms=mixes)
def test_the_place_of_a_large_item_is_enough_for_what_it_is_exchanged_for(vms: Vms) -> None:
    vms = [*vms, vm(name="alone", anti_affinity="x"), vm(name="slow", blades=["eco:v3"], memory_gib=1, vcpus=1)]
    _, pool = one_pool(vms=vms)
    for exchange in exchanges([(pool, shape) for shape in pool.shapes]):
        large, small = pool.shapes[exchange.large], pool.shapes[exchange.small]
        assert large is not small
        assert all(need >= exchange.times * its for need, its in zip(large.needs, small.needs, strict=True))
        assert large.blades <= small.blades
        assert not large.apart
        assert not small.apart


def test_nothing_is_exchanged_between_pools() -> None:
    asked = case(vms=[vm(name="a", pool="one", memory_gib=64), vm(name="b", pool="two")])
    assert exchanges([(pool, shape) for pool in pools_at(asked, SITE) for shape in pool.shapes]) == []
    _, together = one_pool(vms=[vm(name="a", memory_gib=64, vcpus=8), vm(name="b")])
    assert exchanges([(together, shape) for shape in together.shapes])


@ALONE
@given(
    contents=st.lists(
        st.tuples(st.tuples(*[st.integers(0, 3)] * 3).filter(any), st.sampled_from([0.5, 1.0, 2.0, 7.25])),
        min_size=1,
        max_size=4,
    ),
    shares=st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 1.0])] * 3),
)
def test_exchanges_made_hand_out_every_item_on_as_many_hosts(
    contents: list[tuple[tuple[int, int, int], float]], shares: tuple[float, float, float]
) -> None:
    """Rows from large to small: two of the second, or four of the third, in the place of one of the row before."""
    offered = [Exchange(0, 1, 2), Exchange(0, 2, 4), Exchange(1, 2, 2)]
    places = np.array([sum(hosts * content[row] for content, hosts in contents) for row in range(3)])
    done = []
    for exchange, share in zip(offered, shares, strict=True):
        times = share * places[exchange.large]
        places[exchange.large] -= times
        places[exchange.small] += exchange.times * times
        done.append((exchange, float(times)))
    wanted = np.floor(places).astype(np.int64)
    assume(wanted.any())
    arrays = [(np.array(content), hosts) for content, hosts in contents]
    found = list(made(arrays, wanted, done))
    cover = Cover([(float(count), INFINITE) for count in wanted])
    for number, content in found:
        size = np.array([4, 2, 1])
        assert content @ size <= arrays[number][0] @ size
        cover.column(1.0, [(row, float(count)) for row, count in enumerate(content) if count])
    assert cover.solve()[0] <= sum(hosts for _, hosts in contents) + 1e-4


# --- cuts ------------------------------------------------------------------------------------------------------------


def splits(pool: Pool, blades: Sequence[str]) -> Iterator[list[Pattern]]:
    """Yield every way to give the items of each shape to blade types that can hold them."""
    ways = []
    for shape in pool.shapes:
        able = [blade in shape.blades for blade in blades]
        counts = itertools.product(*(range(shape.count + 1 if holds else 1) for holds in able))
        ways.append([split for split in counts if sum(split) == shape.count])
    for split in itertools.product(*ways):
        yield [tuple(counts[number] for counts in split) for number in range(len(blades))]


def hosts_for(patterns: Sequence[Pattern], wanted: Pattern) -> int:
    """Return the fewest hosts that hold some items, by trying every pattern."""
    reached, hosts = {wanted}, 0
    while tuple(0 for _ in wanted) not in reached:
        reached = {
            tuple(max(0, left - held) for left, held in zip(state, pattern, strict=True))
            for state in reached
            for pattern in patterns
        }
        hosts += 1
    return hosts


@SMALL
@given(vms=mixes, hosts=st.tuples(st.integers(0, 2), st.integers(0, 2)), gib=st.sampled_from([50.0, 300.0, 1e6]))
def test_a_cut_is_broken_by_its_target_and_holds_for_every_way_to_place_the_vms(
    vms: Vms, hosts: tuple[int, int], gib: float
) -> None:
    asked, pool = one_pool(vms=vms, policy={"blades": ["eco:v3", "advance:v3"]})
    columns = CoveringLp(asked, [pool])
    blades = [entry.blade for entry in columns.types]
    target = Target(hosts[: len(blades)], (gib,) * len(blades), 0.0)
    cut = find_cut(columns, target, Budget())
    assume(cut is not None)
    assert cut is not None
    assert cut.is_broken_by(target)
    listed = [patterns_on(asked, pool, blade) for blade in blades]
    for split in splits(pool, blades):
        room = 0.0
        for number, wanted in enumerate(split):
            used_gib = sum(count * s.memory_mib for count, s in zip(wanted, pool.shapes, strict=True)) / 1024
            room += cut.host[number] * hosts_for(listed[number], wanted) + cut.memory[number] * used_gib
        assert cut.demand <= room * (1 + 1e-9) + 1e-9


def test_hosts_that_can_hold_all_give_no_cut() -> None:
    asked, pool = one_pool(policy={"blades": ["eco:v3"]}, vms=[vm(count=9, memory_gib=100)])
    columns = CoveringLp(asked, [pool])
    assert find_cut(columns, Target((3,), (900.0,), 0.0), Budget()) is None
    assert find_cut(columns, Target((2,), (900.0,), 0.0), Budget()) is not None
    assert find_cut(columns, Target((2,), (900.0,), 0.0), Budget(stopped=lambda: True)) is None


# --- hosts being filled ----------------------------------------------------------------------------------------------


def filling(*contents: Sequence[int], vms: Vms, blade: str = "eco:v3") -> tuple[Filling, Pool]:
    """Return hosts of one type with some contents; rows are the shapes of the VMs, from large to small."""
    asked, pool = one_pool(policy={"blades": [blade]}, vms=vms)
    hosts = Filling(asked, [(pool, shape) for shape in pool.shapes], [(pool, ClusterKind(blade))])
    hosts.open([(0, np.array(content), 1) for content in contents])
    return hosts, pool


BY_MEMORY = mix((1, 1, 200), (1, 1, 160), (1, 1, 120), (1, 1, 100), (1, 1, 60))
"""A host of eco blades holds 326.4 GiB of them."""


def by_memory(pool: Pool, *sizes: int) -> list[int]:
    """Return how many items of each shape: one for each size in GiB."""
    return [sizes.count(shape.memory_mib // 1024) for shape in pool.shapes]


def test_a_last_item_is_squeezed_in_by_moving_another() -> None:
    _, pool = one_pool(vms=BY_MEMORY)
    hosts, pool = filling(by_memory(pool, 200, 60), by_memory(pool, 160, 100), vms=BY_MEMORY)
    left = np.array(by_memory(pool, 120))
    assert hosts.best_fit(left).tolist() == left.tolist()
    assert not hosts.squeeze_in(left).any()
    assert sorted(host @ [shape.memory_mib // 1024 for shape in pool.shapes] for host in hosts.held) == [320, 320]
    assert hosts.held.sum(axis=0).tolist() == [1] * 5


def test_what_cannot_be_squeezed_in_leaves_the_hosts_as_they_were() -> None:
    _, pool = one_pool(vms=BY_MEMORY)
    hosts, pool = filling(by_memory(pool, 200, 100), by_memory(pool, 160, 120), vms=BY_MEMORY)
    before = hosts.held.copy()
    left = np.array(by_memory(pool, 100))
    assert hosts.squeeze_in(left).tolist() == left.tolist()
    assert hosts.held.tolist() == before.tolist()


def test_best_fit_takes_the_host_where_least_stays_free_and_keeps_rivals_apart() -> None:
    vms = [vm(name="a", memory_gib=100, anti_affinity="x"), vm(name="b", memory_gib=100.5), vm(name="c", memory_gib=9)]
    hosts, pool = filling((0, 0, 0), (1, 0, 0), (1, 0, 1), vms=vms)
    assert [shape.memory_mib for shape in pool.shapes] == [102912, 102400, 9216]
    assert hosts.best_fit(np.array([1, 2, 0])).tolist() == [0, 0, 0]
    assert hosts.held.tolist() == [[0, 0, 0], [1, 1, 0], [2, 1, 1]]


@ALONE
@given(vms=mixes, hosts=st.integers(1, 3), data=st.data())
def test_filling_loses_no_item_and_overfills_no_host(vms: Vms, hosts: int, data: st.DataObject) -> None:
    asked, pool = one_pool(policy={"blades": ["advance:v3"]}, vms=vms)
    filled = Filling(asked, [(pool, shape) for shape in pool.shapes], [(pool, ClusterKind("advance:v3"))])
    filled.open([(0, np.zeros(len(pool.shapes), dtype=np.int64), hosts)])
    wanted = np.array([data.draw(st.integers(0, 9)) for _ in pool.shapes])
    rest = filled.squeeze_in(filled.best_fit(wanted))
    assert (rest >= 0).all()
    assert (filled.held.sum(axis=0) + rest).tolist() == wanted.tolist()
    for host in filled.held.tolist():
        assert fits_blade(asked, pool, "advance:v3", dict(enumerate(host)))


# --- clusters --------------------------------------------------------------------------------------------------------


@ALONE
@given(
    loaded=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), min_size=1, max_size=70),
    extra=st.integers(0, 5),
    failures=st.integers(0, 2),
)
def test_hosts_are_dealt_to_as_few_clusters_as_may_be_and_each_keeps_its_rules(
    loaded: list[tuple[int, int]], extra: int, failures: int
) -> None:
    vms = [vm(name="a", count=200, memory_gib="64.5"), vm(name="b", count=500, memory_gib="31.25")]
    asked, pool = one_pool(vms=vms, policy={"host_failures": failures})
    wanted = len(loaded) + failures + extra
    clusters = deal_hosts(asked, pool, [Fleet("advance:v3", loaded, wanted), Fleet("eco:v3", [], 9)])
    fewest = max(-(-len(loaded) // (32 - failures)), -(-wanted // 32))
    assert len(clusters) in (fewest, fewest + 1)
    assert sum(cluster.hosts for cluster in clusters) == max(wanted, len(loaded) + failures * len(clusters))
    assert [cluster.name for cluster in clusters] == [f"az05-default-{n + 1}" for n in range(len(clusters))]
    placed: Counter[str] = Counter()
    for cluster in clusters:
        assert len(cluster.placement) + failures <= cluster.hosts <= 32
        used_mib = 0
        for host in cluster.placement:
            placed.update(host)
            used_mib += host.get("a", 0) * 66048 + host.get("b", 0) * 32000
        blade = asked.edition.blades["advance:v3"]
        assert cluster.memory_gib == compute.least_memory_gib(asked, blade, cluster.hosts, used_mib)
    assert sum(len(cluster.placement) for cluster in clusters) == len(loaded)
    assert placed == Counter({"a": sum(one for one, _ in loaded), "b": sum(other for _, other in loaded)})


def test_hosts_are_exchanged_between_clusters_so_that_rounding_up_costs_no_memory() -> None:
    vms = mix((40, 1, "300.3"), (25, 1, "290.9"))
    asked, pool = one_pool(vms=vms)
    hosts = [(1, 0)] * 40 + [(0, 1)] * 25
    clusters = deal_hosts(asked, pool, [Fleet("eco:v3", hosts, 0)])
    assert len(clusters) == 3
    used_mib = sum(shape.memory_mib * shape.count for shape in pool.shapes)
    least = compute.least_memory_gib(asked, asked.edition.blades["eco:v3"], 68, used_mib)
    assert sum(cluster.memory_gib for cluster in clusters) == least


def test_memory_without_a_price_is_had_from_more_hosts() -> None:
    asked, pool = one_pool(prices=price_book("vmware:memory"), vms=[vm(count=2, memory_gib=300)])
    [cluster] = deal_hosts(asked, pool, [Fleet("eco:v3", [(1,), (1,)], 0)])
    assert (cluster.hosts, cluster.memory_gib) == (6, 6 * 128)
