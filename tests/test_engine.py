"""The optimiser against brute force, and properties that every plan has."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import oracle
import pytest
from conftest import examples, price_book, vm, workload
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st
from strategies import price_books, workloads

import cloudplan as cp
from cloudplan.optimiser.compute import search
from cloudplan.rules.storage import LUN_2

SLOW = examples(8, suppress_health_check=list(HealthCheck))
BRUTE = examples(40, suppress_health_check=list(HealthCheck))


def facts(edition: cp.Edition) -> dict[str, Any]:
    """Return what the oracle must know of an edition, as plain values."""
    return {
        "zones": {region: list(edition.zones(region)) for region in edition.regions},
        "blades": {
            name: {
                "ram_gib": blade.ram_gib,
                "base_ghz": str(blade.base_ghz),
                "cores": blade.cores,
                "threads": blade.threads,
                "gpus": blade.gpus,
                "sku": blade.sku,
            }
            for name, blade in edition.blades.items()
        },
        "classes": {
            name: {"iops_per_tib": item.iops_per_tib, "unit_gib": item.unit_gib, "sku": item.sku}
            for name, item in edition.storage_classes.items()
        },
        "gm_classes": edition.figure("GM-1", "classes").split(),
        "lun_max_gib": LUN_2.figure(edition, "maximum_gib"),
        "memory_sku_tail": "iaas:vmware:memory:v2",
        "backup_sku_tail": "iaas:storage:bloc:backup:v1",
    }


def size(wish: dict[str, Any], edition: cp.Edition, book: dict[str, Any] | None = None, **options: Any) -> cp.Plan:
    return cp.optimise(cp.read_workload(wish, edition), edition, cp.load_prices(book), **options)


def verdict(plan: cp.Plan, wish: dict[str, Any], edition: cp.Edition, book: dict[str, Any] | None = None) -> bool:
    return cp.verify(plan, cp.read_workload(wish, edition), edition, cp.load_prices(book)).holds


@BRUTE
@given(wish=workloads(), book=price_books())
def test_cost_equals_brute_force_and_the_bound_is_one(
    wish: dict[str, Any], book: dict[str, Any], edition: cp.Edition
) -> None:
    try:
        best = oracle.optimum(wish, book, facts(edition))
    except oracle.TooLarge:
        assume(False)
    if best.total is None:
        with pytest.raises(cp.NoPlanError):
            size(wish, edition, book)
        return
    plan = size(wish, edition, book)
    tolerance = Fraction(1, 100) * len(plan.bom)
    assert abs(Fraction(plan.monthly) - best.total) <= tolerance
    assert Fraction(plan.lower_bound) <= best.total + tolerance
    assert plan.status == "optimal"
    assert verdict(plan, wish, edition, book)


@pytest.mark.parametrize(
    ("own", "recovery", "vswp"),
    [
        (None, {"rpo": "1h"}, "auto"),
        ({"vcpu_share": 0.25, "memory_share": 0.5}, {"rpo": "1h"}, "home"),
        ("none", {"mechanism": "global-mirror"}, "home"),
        ("none", {"mechanism": "global-mirror"}, "auto"),
        ("none", {"mechanism": "vm-replication"}, "live"),
        ("none", {"rpo": "1h"}, "home"),
    ],
)
def test_what_a_group_holds_at_its_other_site_costs_what_brute_force_says(
    own: Any, recovery: dict[str, Any], vswp: str, edition: cp.Edition
) -> None:
    group = {"protection": recovery, **({} if own is None else {"standby": own})}
    groups = [
        vm(count=2, vcpus=24, vcpu_per_core=1, memory_gib=250, disks=[{"size_gib": 700, "iops": 600}], **group),
        vm(name="b", memory_gib=64, disks=[{"size_gib": 300, "class": "premium"}], **group),
        vm(name="c", site="az07", memory_gib=64, disks=[{"size_gib": 300}]),
    ]
    policy = {"vswp": vswp, "standby": {"vcpu_share": 0.75}, "blades": ["standard:v3", "advance:v3"]}
    wish = workload(sites={"standby": "az07"}, policy=policy, networks=[{"name": "prod"}], vms=groups)
    plan, best = size(wish, edition), oracle.optimum(wish, price_book(), facts(edition))
    assert best.total is not None
    assert abs(Fraction(plan.monthly) - best.total) <= Fraction(1, 100) * len(plan.bom)
    assert plan.status == "optimal" and verdict(plan, wish, edition)
    held = sum(count for cluster in plan.clusters for host in cluster.placement for count in host.values())
    assert held == (4 if own == "none" else 7)


@SLOW
@given(wish=workloads(), seed=st.randoms(use_true_random=False))
def test_the_order_of_the_vms_changes_nothing(wish: dict[str, Any], seed: Any, edition: cp.Edition) -> None:
    shuffled = {**wish, "vms": seed.sample(wish["vms"], len(wish["vms"]))}
    try:
        plan = size(wish, edition)
    except cp.NoPlanError:
        with pytest.raises(cp.NoPlanError):
            size(shuffled, edition)
        return
    other = size(shuffled, edition)
    assert (other.choice, other.bom, other.lower_bound) == (plan.choice, plan.bom, plan.lower_bound)


@examples(5, suppress_health_check=list(HealthCheck))
@given(wish=workloads())
def test_a_smaller_workload_is_never_proven_dearer(wish: dict[str, Any], edition: cp.Edition) -> None:
    assume(len(wish["vms"]) > 1)
    smaller = {**wish, "vms": wish["vms"][:-1]}
    try:
        large, small = size(wish, edition), size(smaller, edition)
    except cp.NoPlanError:
        assume(False)
    assert small.lower_bound <= large.monthly + Decimal("0.01") * len(large.bom)


def test_the_same_input_gives_the_same_bytes(edition: cp.Edition) -> None:
    wish = workload(vms=[vm(name="a", count=9, memory_gib=100), vm(name="b", count=3, vcpus=16)])
    assert size(wish, edition).to_json() == size(wish, edition).to_json()


def test_more_than_32_hosts_become_several_clusters(edition: cp.Edition) -> None:
    wish = workload(policy={"blades": ["eco:v3"]}, vms=[vm(count=70, memory_gib=300)])
    plan = size(wish, edition)
    assert [cluster.hosts for cluster in plan.clusters] == [24, 24, 25]
    assert plan.status == "optimal"


def test_without_host_failures_one_host_is_enough_and_said_to_have_no_sla(edition: cp.Edition) -> None:
    plan = size(workload(policy={"host_failures": 0}), edition)
    assert [cluster.hosts for cluster in plan.clusters] == [1]
    assert "no-sla" in {finding.code for finding in plan.findings}


def test_extra_hosts_are_taken_when_they_are_cheaper_than_memory(edition: cp.Edition) -> None:
    book = price_book(items={"csp:(region):iaas:vmware:eco:v3": "10", "csp:(region):iaas:vmware:memory:v2": "1"})
    plan = size(workload(vms=[vm(count=2, memory_gib=300)]), edition, book)
    (cluster,) = plan.clusters
    assert (cluster.blade, cluster.hosts, cluster.memory_gib) == ("eco:v3", 6, 768)
    assert not any(":memory:" in line.sku for line in plan.bom)


def test_memory_without_a_price_is_not_activated(edition: cp.Edition) -> None:
    plan = size(workload(vms=[vm(count=4, memory_gib=100)]), edition, price_book("memory"))
    assert all(cluster.memory_gib == 128 * cluster.hosts for cluster in plan.clusters)
    assert "not-priced" in {finding.code for finding in plan.findings}


def test_memory_that_must_be_activated_needs_a_price(edition: cp.Edition) -> None:
    wish = workload(policy={"max_clusters": 1, "host_failures": 0}, vms=[vm(count=60, memory_gib=300)])
    with pytest.raises(cp.BadInputError, match="memory:v2"):
        size(wish, edition, price_book("memory"))


def test_too_few_clusters_allowed_is_no_plan(edition: cp.Edition) -> None:
    wish = workload(policy={"max_clusters": 1}, vms=[vm(name="a"), vm(name="b", pool="other")])
    with pytest.raises(cp.NoPlanError, match="max_clusters"):
        size(wish, edition)


def test_every_vm_that_fits_nowhere_is_named_at_once(edition: cp.Edition) -> None:
    wish = workload(vms=[vm(name="huge", memory_gib=4000), vm(name="fine"), vm(name="fast", min_ghz=5)])
    with pytest.raises(cp.NoPlanError) as caught:
        size(wish, edition)
    assert [(fault.path, fault.rule) for fault in caught.value.faults] == [("huge", "MEM-3"), ("fast", "CPU-3")]


def test_a_discount_can_change_the_optimum(edition: cp.Edition) -> None:
    wish = workload(vms=[vm(count=20, vcpus=16, memory_gib=32)], term_months=36)
    sku = "csp:(region):iaas:vmware:advance:v3"
    discounts = [{"match": sku, "percent": "60", "min_term_months": 36}]
    plain = size(wish, edition)
    discounted = size(wish, edition, price_book(discounts=discounts))
    assert {cluster.blade for cluster in plain.clusters} != {"advance:v3"}
    assert {cluster.blade for cluster in discounted.clusters} == {"advance:v3"}


def test_a_gap_of_one_still_gives_a_verified_plan(edition: cp.Edition) -> None:
    plan = size(workload(vms=[vm(count=5)]), edition, gap=1.0)
    assert plan.lower_bound <= plan.monthly
    assert verdict(plan, workload(vms=[vm(count=5)]), edition)


@pytest.fixture(scope="module")
def estate() -> dict[str, Any]:
    """An estate with so many shapes that the patterns of a host cannot be listed."""
    vms = [
        vm(name=f"s{index}", count=1 + index % 3, vcpus=1 + 7 * index % 16, memory_gib=4 + 13 * index % 97)
        for index in range(30)
    ]
    vms[3]["anti_affinity"], vms[4]["gpus"] = "apart", 1
    return workload(vms=vms)


def test_a_large_pool_is_placed_and_its_gap_is_honest(estate: dict[str, Any], edition: cp.Edition) -> None:
    plan = size(estate, edition)
    assert verdict(plan, estate, edition)
    assert 0 <= plan.gap < 0.03


def test_a_time_limit_gives_a_verified_plan(estate: dict[str, Any], edition: cp.Edition) -> None:
    plan = size(estate, edition, time_limit=3.0)
    assert verdict(plan, estate, edition)


@SLOW
@given(wish=workloads(), book=price_books())
def test_the_bound_of_column_generation_is_one(wish: dict[str, Any], book: dict[str, Any], edition: cp.Edition) -> None:
    try:
        best = oracle.optimum(wish, book, facts(edition))
    except oracle.TooLarge:
        assume(False)
    assume(best.total is not None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "PATTERN_STEPS", 0)  # no pattern is listed, so that columns must be generated
        plan = size(wish, edition, book)
    tolerance = Fraction(1, 100) * len(plan.bom)
    assert best.total is not None
    assert Fraction(plan.lower_bound) - tolerance <= best.total <= Fraction(plan.monthly) + tolerance
    assert verdict(plan, wish, edition, book)


def test_the_order_of_the_vms_changes_nothing_in_a_large_pool(estate: dict[str, Any], edition: cp.Edition) -> None:
    plan, other = size(estate, edition), size({**estate, "vms": estate["vms"][::-1]}, edition)
    assert (other.choice, other.bom, other.lower_bound) == (plan.choice, plan.bom, plan.lower_bound)
