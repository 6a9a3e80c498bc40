"""What was found is used again: only for what is equal in all that it depends on, and never against the rules."""

from pathlib import Path
from typing import Any

import pytest
from conftest import price_book, vm, workload

import cloudplan as cp
from cloudplan.analysis.compare import compare
from cloudplan.optimiser.compute.search import PoolsSearch
from cloudplan.optimiser.compute.shapes import pools_at
from cloudplan.optimiser.memory import NOT_OF_CLUSTERS, NOT_OF_STORAGE, Memory, storage_key
from cloudplan.optimiser.optimise import optimise
from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.storage.disaggregation import deal_storage
from cloudplan.optimiser.storage.parts import storage_faults, unpriced_items
from cloudplan.optimiser.storage.search import StorageSearch
from cloudplan.plan.origin import Origin
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Policy, VmGroup, Workload

BUDGET = Budget()
VMS = [
    vm(name="a", count=3, vcpus=8, memory_gib=60, protection={"rpo": "4h"}, disks=[{"size_gib": 100, "iops": 10}]),
    vm(name="b", count=5, anti_affinity="x", pool="q", disks=[{"size_gib": 60}, {"size_gib": 900, "class": "mass"}]),
    vm(name="c", powered_on="false"),
]


def case_of(**fields: Any) -> Case:
    edition = cp.load_edition("2025-01-17")
    given = {"vms": VMS, "sites": {"primary": "az05", "standby": "az07"}, **fields}
    return Case.of(cp.read_workload(workload(**given), edition), edition, cp.load_prices())


class Read:
    """Notes which fields of some types are read."""

    def __init__(self, patch: pytest.MonkeyPatch, *types: type):
        self.names: dict[type, set[str]] = {each: set() for each in types}
        for each in types:
            patch.setattr(each, "__getattribute__", self._noting(each))

    def _noting(self, kind: type) -> Any:
        def read(instance: Any, name: str) -> Any:
            if name in kind.model_fields:  # type: ignore[attr-defined]
                self.names[kind].add(name)
            return object.__getattribute__(instance, name)

        return read


def test_storage_reads_nothing_that_its_key_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for policy in ({}, {"vswp": "auto", "min_datastores": 3}, {"vswp": "medium"}):
        case = case_of(policy=policy)
        assert case.cluster_sites == {"az05", "az07"}  # which come with demand, but depend on the groups' sites alone
        with monkeypatch.context() as patch:
            read = Read(patch, Workload, Policy, VmGroup)
            search = StorageSearch(case)
            search.improve(BUDGET)
            list(storage_faults(case)), list(unpriced_items(case)), deal_storage(case, search.plan)
        for kind, left_out in zip((Workload, Policy, VmGroup), NOT_OF_STORAGE, strict=True):
            assert left_out <= kind.model_fields.keys()
            assert read.names[kind] and not read.names[kind] & left_out, kind


def test_clusters_read_nothing_that_their_key_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for policy in ({}, {"max_clusters": 3}, {"memory_model": "included_full"}):
        case = case_of(policy=policy)
        pools = pools_at(case, "az05")
        with monkeypatch.context() as patch:
            read = Read(patch, Workload, Policy, VmGroup)
            search = PoolsSearch(case, "az05", pools)
            search.start(BUDGET)
            search.improve(BUDGET)
        assert search.plan.clusters and read.names[Workload] <= {"policy", "requires", "existing"}  # all are in it
        assert read.names[Policy] and not read.names[Policy] & NOT_OF_CLUSTERS and not read.names[VmGroup]


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({"policy": {"host_failures": 2, "vcpu_per_core": 3, "max_clusters": 4}}, True),
        ({"vms": [{**VMS[0], "vcpus": 4}, *VMS[1:]], "name": "other"}, True),
        ({"policy": {"vswp": "auto"}}, False),
        ({"policy": {"min_datastores": 2}}, False),
        ({"vms": [{**VMS[0], "memory_gib": 61}, *VMS[1:]]}, False),
        ({"vms": [{**VMS[0], "name": "z"}, *VMS[1:]]}, False),
        ({"term_months": 36}, False),
    ],
)
def test_the_key_of_storage(fields: dict[str, Any], same: bool) -> None:
    assert (storage_key(case_of(), 0.0) == storage_key(case_of(**fields), 0.0)) is same
    assert storage_key(case_of(), 0.0) != storage_key(case_of(), 0.01)


def test_equal_storage_is_searched_once_and_gives_the_same_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[Case] = []
    improve = StorageSearch.improve
    with monkeypatch.context() as patch:
        patch.setattr(StorageSearch, "improve", lambda self, budget: (searched.append(self), improve(self, budget))[1])
        memory, plans = Memory(), []
        for failures in (1, 2, 0, 1):
            case = case_of(policy={"host_failures": failures})
            plans.append(optimise(case.workload, case.edition, case.prices.book, memory=memory))
        assert len(searched) == 1
    for failures, plan in zip((1, 2, 0, 1), plans, strict=True):
        case = case_of(policy={"host_failures": failures})
        alone = optimise(case.workload, case.edition, case.prices.book)
        assert (plan.monthly, plan.datastores) == (alone.monthly, alone.datastores)
    assert plans[3].to_json() == plans[0].to_json()


def test_a_search_that_was_cut_short_is_taken_up_again(shared: Path) -> None:
    edition, memory = cp.load_edition("2025-01-17"), Memory()
    book = cp.load_prices(shared / "examples" / "prices.yaml", edition)
    wanted = cp.read_workload(shared / "examples" / "real-571.yaml", edition)
    hasty = optimise(wanted, edition, book, memory=memory, time_limit=0.001)
    proven = optimise(wanted, edition, book, memory=memory)
    assert hasty.status == "feasible" and proven.status == "optimal" and proven.monthly <= hasty.monthly


def test_an_earlier_placement_that_breaks_a_rule_is_not_taken() -> None:
    """Twice the memory: the placement of the first plan holds too much, and more hosts are taken."""
    edition, memory, book = cp.load_edition("2025-01-17"), Memory(), cp.load_prices(price_book())
    plans = []
    for memory_gib in (40, 80):
        tree = workload(vms=[vm(name="a", count=8, vcpus=1, memory_gib=memory_gib)], policy={"blades": ["eco:v3"]})
        plans.append(optimise(cp.read_workload(tree, edition), edition, book, memory=memory))
    assert [sum(cluster.hosts for cluster in plan.clusters) for plan in plans] == [2, 3]


def test_the_default_comparison_searches_storage_once_for_each_storage_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As asked for, swap files apart, two datastores a site: all other alternatives have the storage of the first."""
    searched, memory, improve = [], Memory(), StorageSearch.improve
    monkeypatch.setattr(
        StorageSearch, "improve", lambda self, budget: (searched.append(self), improve(self, budget))[1]
    )
    edition, book = cp.load_edition("2025-01-17"), cp.load_prices()
    wish = workload(vms=[vm(name="a", count=40, vcpus=8, memory_gib=60), vm(name="b", count=9, memory_gib=200)])
    asked = Origin(cp.read_workload(wish, edition), edition, book)
    found = compare(asked, lambda inputs: optimise(inputs.workload, edition, book, memory=memory))
    assert len(found.alternatives) >= 19 and len(searched) == 3
    assert all(each.plan and each.plan.status == "optimal" for each in found.alternatives)
