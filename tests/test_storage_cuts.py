"""Layouts, patterns and cuts on buckets so small that every content and every layout can be listed."""

import itertools
import math
import random
from collections.abc import Callable
from functools import cache

import pytest
from conftest import case

import cloudplan as cp
from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.storage.cuts import cut_of_content, least_by_luns
from cloudplan.optimiser.storage.layout import lay_out
from cloudplan.optimiser.storage.lun_patterns import LunPatterns, greedy, priced
from cloudplan.optimiser.storage.luns import Bucket, Load
from cloudplan.optimiser.storage.measure import Counts, Measure
from cloudplan.optimiser.storage.slots import slotted, tightened

SEEDS = range(24)
CLOSE = 0.01
"""GiB that a bound may be off: billing units are whole."""


def tiny(seed: int) -> Measure:
    """Return a bucket with three loads of at most three items each."""
    dice = random.Random(seed)
    some = case(policy={"datastore_max_gib": dice.choice([1000, 1500, 4096])}, edition=cp.load_edition("2026-04-30"))
    peer = "az07" if seed % 4 == 3 else None
    name = "mass" if seed % 6 == 5 and not peer else "medium"
    loads = []
    for _ in range(3):
        gib = dice.choice([30, 200, 333, 450, 600, 800])
        loads.append(
            Load((gib * 1024, 0 if name == "mass" else round(gib * dice.choice([0, 0.7, 1.2])), dice.choice([0, 200])))
        )
    return Measure.of(some, Bucket("az05", name, peer), loads, [3, 2, 2], [False, True, False])


def brute(measure: Measure) -> Callable[[Counts, int], float]:
    """Return the least size of a content on exactly so many LUNs, by trying every LUN."""

    @cache
    def size(counts: Counts) -> float:
        return measure.exact_gib(counts) or math.inf

    @cache
    def least(counts: Counts, luns: int) -> float:
        if luns == 0:
            return math.inf if any(counts) else 0.0
        ways = itertools.product(*(range(count + 1) for count in counts))
        return min(
            size(some) + least(tuple(a - b for a, b in zip(counts, some, strict=True)), luns - 1) for some in ways
        )

    return least


def contents(measure: Measure) -> list[Counts]:
    ways = itertools.product(*(range(most + 1) for most in measure.most))
    return [
        counts
        for counts in ways
        if all(
            not whole or count in (0, most)
            for count, most, whole in zip(counts, measure.most, measure.whole, strict=True)
        )
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_layout_places_every_item_and_is_the_smallest(seed: int) -> None:
    measure = tiny(seed)
    least = brute(measure)
    for counts in contents(measure)[1:]:
        layout = tightened(measure, counts, lay_out(measure, counts), Budget())
        assert tuple(map(sum, zip(*layout.luns, strict=True))) == counts
        assert layout.gib == sum(measure.exact_gib(lun) or math.inf for lun in layout.luns)
        assert layout.gib == min(least(counts, number) for number in range(1, sum(counts) + 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_dual_cuts_hold_for_every_content(seed: int) -> None:
    measure = tiny(seed)
    least, patterns, dice = brute(measure), LunPatterns(measure), random.Random(seed)
    made = 0
    for counts in dice.sample(contents(measure)[1:], 4):
        for luns in (1, 2.5, 3):
            cut = patterns.cut(counts, luns, 0.0, 1e9, Budget())
            if cut is not None:
                made += 1
                for other, number in itertools.product(contents(measure), range(5)):
                    assert cut.at(other, number) <= least(other, number) + CLOSE
    assert made


@pytest.mark.parametrize("seed", SEEDS)
def test_cuts_of_a_content_hold_for_every_content_and_are_sharp(seed: int) -> None:
    measure = tiny(seed)
    least, full = brute(measure), measure.most
    for counts in (full, contents(measure)[len(contents(measure)) // 2]):
        layout = tightened(measure, counts, lay_out(measure, counts), Budget())
        bounds = least_by_luns(measure, counts, layout, Budget())
        for luns in range(1, 5):
            cut = cut_of_content(measure, counts, luns, bounds)
            for other, number in itertools.product(contents(measure), range(5)):
                assert cut.at(other, number) <= least(other, number) + CLOSE
        if counts == full:
            best = min(bounds, key=lambda number: bounds[number])
            assert cut_of_content(measure, counts, best, bounds).at(counts, best) >= layout.gib - CLOSE


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_of_a_pricing_is_below_every_lun(seed: int) -> None:
    import numpy as np  # noqa: PLC0415

    measure, dice = tiny(seed), random.Random(seed)
    prices = np.array([dice.uniform(0, 1.3) for _ in measure.loads]) * measure.alone_gib
    found, bound = priced(measure, prices, Budget())
    sizes = {
        counts: measure.exact_gib(counts) for counts in itertools.product(*(range(most + 1) for most in measure.most))
    }
    least = min(size - float(np.dot(counts, prices)) for counts, size in sizes.items() if size is not None)
    assert found is not None
    assert bound <= least <= bound + CLOSE
    assert all(measure.exact_gib(pattern) is not None for pattern in greedy(measure, prices))


@pytest.mark.parametrize("seed", SEEDS)
def test_slots_prove_the_least_size_of_so_many_luns(seed: int) -> None:
    measure = tiny(seed)
    least = brute(measure)
    for number in (1, 2, 3):
        layout, bound = slotted(measure, measure.most, number, Budget())
        best = least(measure.most, number)
        assert (layout is None) == math.isinf(best)
        assert bound <= best + CLOSE
        assert layout is None or layout.gib <= best


def test_a_content_of_very_many_items_is_laid_out_in_pieces() -> None:
    measure = tiny(0)
    counts = (3_001, 2_002, 1_003)
    layout = lay_out(measure, counts)
    assert tuple(map(sum, zip(*layout.luns, strict=True))) == counts
    assert layout.gib <= measure.sums_gib(counts) * 1.5
