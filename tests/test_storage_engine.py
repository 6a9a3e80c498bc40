"""The parts of the storage engine that are no search: loads, the smallest LUN, what is decided together, names."""

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from conftest import case, examples, price_book, vm
from hypothesis import given
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.optimiser.storage.luns import NOTHING, Load
from cloudplan.optimiser.storage.parts import mechanisms_of, parts_of, storage_faults, unpriced_items
from cloudplan.rules.storage import (
    least_lun_gib,
    lun_dimensions,
    lun_limits,
    minimum_lun_gib,
)
from cloudplan.workload.case import Case

NEWEST = cp.load_edition(cp.editions()[-1])
"""An edition with ceilings of a LUN in IOPS and MB/s."""
DR = {"standby": "az06"}
DAY = {"rpo": "1d"}


def asked_of(**fields: Any) -> Case:
    return case(edition=NEWEST, catalog=NEWEST.edition, **fields)


# --- loads and LUNs --------------------------------------------------------------------------------------------------

amounts = st.tuples(st.integers(0, 9), st.fractions(0, 9), st.integers(0, 9))


@examples(40)
@given(one=amounts, other=amounts, times=st.integers(0, 5))
def test_loads_add_up_in_each_dimension_and_nothing_adds_nothing(
    one: tuple[Any, ...], other: tuple[Any, ...], times: int
) -> None:
    assert (Load(one) + Load(other)).amounts == tuple(mine + its for mine, its in zip(one, other, strict=True))
    assert Load(one) + NOTHING == NOTHING + Load(one) == Load(one)
    assert Load(one) * times == sum([Load(one)] * times, Load((0, 0, 0)))
    assert NOTHING * times == NOTHING + NOTHING == NOTHING


@examples(80)
@given(
    storage_class=st.sampled_from(["live", "ultra", "mass"]),
    load=st.tuples(st.integers(0, 12_000_000), st.integers(0, 12_000), st.integers(0, 600)),
    mirrored=st.booleans(),
    headroom=st.sampled_from(["0.1", "0.25"]),
)
def test_the_smallest_lun_keeps_every_rule_and_a_unit_less_breaks_one(
    storage_class: str, load: tuple[int, int, int], headroom: str, *, mirrored: bool
) -> None:
    asked = asked_of(policy={"snapshot_headroom": headroom, "datastore_max_gib": 10_240})
    item = asked.edition.storage_classes[storage_class]

    def kept(size_gib: int) -> bool:
        rows = lun_limits(asked, item, "", size_gib=size_gib, load=load, mirrored=mirrored)
        return all(row.holds for row in rows)

    size_gib = least_lun_gib(asked, item, load, mirrored=mirrored)
    if size_gib is None:
        assert not kept(10_240)
    else:
        assert size_gib % item.unit_gib == 0
        assert kept(size_gib)
        assert not kept(size_gib - item.unit_gib)


def test_an_empty_lun_is_the_least_there_is() -> None:
    asked = asked_of()
    classes = asked.edition.storage_classes
    nothing = (0,) * len(lun_dimensions(asked))
    assert least_lun_gib(asked, classes["live"], nothing, mirrored=False) == minimum_lun_gib(asked) == 500
    assert least_lun_gib(asked, classes["mass"], nothing, mirrored=False) == 1024


# --- what is decided together ----------------------------------------------------------------------------------------


def test_disks_are_decided_apart_and_like_ones_of_different_groups_together() -> None:
    disks = [{"size_gib": 60}, {"size_gib": 300}]
    asked = case(vms=[vm(name=name, disks=disks) for name in "ba"])
    parts = parts_of(asked)
    assert [
        (part.first, [disk.size_gib for disk in part.disks], [(member.group, member.disks) for member in members])
        for part, members in parts.items()
    ] == [(True, [60], [("a", (0,)), ("b", (0,))]), (False, [300], [("a", (1,)), ("b", (1,))])]
    assert [part.swap_mib for part in parts] == [8192, 0]


def test_what_storage_does_not_look_at_keeps_nothing_apart() -> None:
    alike = [{"backup": False}, {"constant_writes": True}, {"used_gib": 1}, {}]
    asked = case(vms=[vm(name=f"g{n}", disks=[{"size_gib": 60, **disk}]) for n, disk in enumerate(alike)])
    [(_, members)] = parts_of(asked).items()
    assert len(members) == 4
    apart: list[dict[str, Any]] = [{"count": 2}, {"memory_gib": 9}, {"site": "az06"}, {"powered_on": False}, {}]
    assert len(parts_of(case(vms=[vm(name=f"g{n}", **fields) for n, fields in enumerate(apart)]))) == 5


def test_all_disks_of_a_vm_are_decided_together_while_its_mechanism_is_open() -> None:
    disks = [{"size_gib": 60}, {"size_gib": 300}]
    soon = {"rto": "15m"}  # VM replication alone is that quick
    asked = case(sites=DR, vms=[vm(protection=DAY, disks=disks), vm(name="b", protection=soon, disks=disks)])
    found = [
        ([member.group for member in members], len(part.disks), part.mechanisms, part.sites)
        for part, members in parts_of(asked).items()
    ]
    both, one = ("az05", "az06"), (["b"], 1, ("vm-replication",), ("az05", "az06"))
    assert found == [(["a"], 2, ("global-mirror", "vm-replication"), both), one, one]


def test_the_order_of_the_file_changes_no_part() -> None:
    groups = [vm(name=name, count=1 + index % 2, protection=DAY) for index, name in enumerate("cadb")]
    one, other = (parts_of(case(sites=DR, vms=each)) for each in (groups, groups[::-1]))
    assert list(one.items()) == list(other.items())


@pytest.mark.parametrize(
    ("group", "prices", "expected"),
    [
        ({}, (), (None,)),
        ({"protection": DAY}, (), ("global-mirror", "vm-replication")),
        ({"protection": {"rto": "15m"}}, (), ("vm-replication",)),
        ({"protection": {"rpo": "15m"}}, (), ("global-mirror",)),
        ({"protection": DAY}, ("globalmirror",), ("vm-replication",)),
        ({"protection": DAY}, ("replication:v1",), ("global-mirror",)),
        ({"protection": DAY, "disks": [{"size_gib": 60, "class": "ultra"}]}, (), ("vm-replication",)),
    ],
)
def test_the_mechanisms_that_suit_a_group_and_are_on_offer(
    group: dict[str, Any], prices: tuple[str, ...], expected: tuple[str | None, ...]
) -> None:
    asked = case(sites=DR, prices=price_book(*prices), vms=[vm(**group)])
    assert mechanisms_of(asked, asked.workload.vms[0]) == expected


def test_items_without_a_price_that_no_plan_can_do_without_are_named() -> None:
    def unpriced(*without: str, **fields: Any) -> list[str]:
        return [item.sku.split(":")[-2] for item in unpriced_items(case(prices=price_book(*without), **fields))]

    mass = vm(disks=[{"size_gib": 60, "class": "mass"}])
    assert unpriced("bloc:live") == []
    assert unpriced("bloc:mass", vms=[mass]) == ["mass"]
    assert unpriced("bloc:mass", policy={"vswp": "mass"}) == ["mass"]
    only_mirror = vm(protection={"mechanism": "global-mirror"})
    assert unpriced("globalmirror", sites=DR, vms=[only_mirror]) == ["globalmirror"]


FAULTS = [
    ({"disks": [{"size_gib": 30_000}]}, {}, "LUN-2", "disk 0 of 30 000 GiB exceeds the largest LUN"),
    ({"disks": [{"size_gib": 60, "iops": 40_000}]}, {}, "IOPS-1", "delivers at most 30 000"),
    ({"disks": [{"size_gib": 60, "mbps": 4000}]}, {}, "IOPS-4", "delivers at most 1 024"),
    ({"disks": [{"size_gib": 60, "class": "mass", "iops": 5}]}, {}, "IOPS-2", "no performance commitment"),
    ({"disks": [{"size_gib": 500}]}, {"datastore_max_gib": 560}, "VSWP-1", "with disk 0 of 500 GiB"),
    ({"protection": {"rpo": "5m"}}, {}, "DR-2", "no mechanism suits rpo 5m"),
    ({"protection": {"mechanism": "metro-mirror"}}, {}, "MM-1", "not sold since 2024-01-01"),
]


@pytest.mark.parametrize(("group", "policy", "rule", "words"), FAULTS)
def test_a_vm_that_no_datastore_or_mechanism_suits_is_a_fault(
    group: dict[str, Any], policy: dict[str, Any], rule: str, words: str
) -> None:
    asked = asked_of(sites=DR, policy=policy, vms=[vm(**group), vm(name="fine")])
    [fault] = storage_faults(asked)
    assert (fault.path, fault.rule) == ("a", rule)
    assert words in fault.message


# --- counts become names ---------------------------------------------------------------------------------------------


def test_datastores_are_numbered_by_site_and_class_and_hold_every_disk_and_swap_file() -> None:
    vms = [
        vm(name="b", count=3, disks=[{"size_gib": 9000}, {"size_gib": 60, "class": "mass"}]),
        vm(name="a", count=2, disks=[{"size_gib": 9000}]),
        vm(name="m", count=2, protection={"mechanism": "global-mirror"}),
    ]
    asked = case(sites=DR, vms=vms)
    plan = cp.optimise(asked.workload, asked.edition, asked.prices.book)
    numbers: Counter[tuple[str, str]] = Counter()
    for store in plan.datastores:
        numbers[store.site, store.storage_class] += 1
        assert store.name == f"{store.site}-{store.storage_class}-{numbers[store.site, store.storage_class]}"
        assert (store.peer is None) == (store.replication is None)
    disks: Counter[tuple[str, str, int]] = Counter()
    swap: Counter[tuple[str, str]] = Counter()
    for store in plan.datastores:
        disks.update({(store.site, disk.vm, disk.disk): disk.count for disk in store.disks})
        swap.update({(store.site, name): count for name, count in store.vswp.items()})
    both = {("az05", "m", 0): 2, ("az06", "m", 0): 2}
    assert disks == {("az05", "b", 0): 3, ("az05", "b", 1): 3, ("az05", "a", 0): 2, **both}
    assert swap == {("az05", "b"): 3, ("az05", "a"): 2, ("az05", "m"): 2, ("az06", "m"): 2}


def test_like_groups_are_dealt_in_the_order_of_their_names_whatever_that_of_the_file() -> None:
    vms = [vm(name=name, disks=[{"size_gib": 9000}], protection=DAY) for name in "dbac"]
    one, other = (case(sites=DR, vms=each) for each in (vms, vms[::-1]))
    plans = [cp.optimise(each.workload, each.edition, each.prices.book) for each in (one, other)]
    assert plans[0].choice == plans[1].choice
    assert list(plans[0].protection) == ["a", "b", "c", "d"]
    here = [disk.vm for store in plans[0].datastores if store.site == "az05" for disk in store.disks]
    assert here == ["a", "b", "c", "d"]


def test_what_a_lun_offers_is_counted_in_fractions() -> None:
    """500 IOPS for each TiB: 300 IOPS take 614.4 GiB, and 0.9 of that are left under Global Mirror."""
    asked = asked_of()
    live = asked.edition.storage_classes["live"]
    load = (0, Fraction(300), 0)
    assert least_lun_gib(asked, live, load, mirrored=False) == 615
    assert least_lun_gib(asked, live, load, mirrored=True) == 683
