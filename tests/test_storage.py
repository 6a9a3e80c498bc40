"""Storage: workloads whose best plans are known, limits of time, and what people expect of a layout."""

import importlib
import json
import random
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TIMES, case, vm, workload

import cloudplan as cp
from cloudplan.evaluation.verify import verify
from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.storage.disaggregation import deal_storage
from cloudplan.optimiser.storage.parts import parts_of
from cloudplan.optimiser.storage.search import StoragePlan, plan_storage
from cloudplan.optimiser.storage.useful import useful_classes
from cloudplan.workload.case import Case

FAMILIES = {
    "ceilings-middle-104": 1e-4,
    "max4096-small-108": 1e-4,
    "max8192-large-103": 1e-3,
    "min3-small-105": 1e-4,
    "mirror-small-105": 1e-4,
    "mixed20-middle-101": 1e-4,
    "sites-middle-107": 1e-4,
    "vswp-auto-middle-106": 1e-4,
}
"""The workloads beside the repository, and what a bill may be above the best that is known."""
LONG = {"ceilings-middle-104": ("ceilings", 1001), "sites-middle-107": ("sites", 107)}
"""Those that take as long as the other six together, with family and seed of a small one; they are for long runs."""


def findings(wish: dict[str, Any], plan: cp.Plan, shared: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what the independent checker finds in a plan."""
    monkeypatch.syspath_prepend(str(shared / "tools"))
    checker = importlib.import_module("check_plan")
    known = json.loads((shared / "tools" / f"facts-{wish['catalog']}.json").read_text())
    prices = yaml.safe_load((shared / "examples" / "prices.yaml").read_text())
    return list(checker.judge(known, wish, prices, json.loads(plan.to_json())))


@pytest.mark.parametrize("name", [name for name in FAMILIES if TIMES > 1 or name not in LONG])
def test_a_workload_comes_near_the_best_plan_known(name: str, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, prices = shared / "examples" / "storage" / f"{name}.yaml", shared / "examples" / "prices.yaml"
    best = json.loads((path.parent / "best.json").read_text())[name]
    wish, edition = yaml.safe_load(path.read_text()), cp.load_edition(yaml.safe_load(path.read_text())["catalog"])
    plan = cp.optimise(cp.read_workload(path, edition), edition, cp.load_prices(prices), gap=FAMILIES[name] / 2)
    assert plan.monthly <= Decimal(best["monthly"]) * (1 + Decimal(FAMILIES[name]))
    assert plan.lower_bound <= Decimal(best["monthly"])
    assert plan.gap <= FAMILIES[name]
    assert findings(wish, plan, shared, monkeypatch) == []


@pytest.mark.parametrize(("family", "seed"), LONG.values())
def test_a_small_workload_of_a_family_is_proven_to_be_near_the_optimum(
    family: str, seed: int, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(shared / "examples" / "storage"))
    wish, prices = importlib.import_module("gen").workload(family, "small", seed), shared / "examples" / "prices.yaml"
    edition = cp.load_edition(wish["catalog"])
    plan = cp.optimise(cp.read_workload(wish, edition), edition, cp.load_prices(prices), gap=5e-5)
    assert plan.gap <= 1e-4
    assert findings(wish, plan, shared, monkeypatch) == []


def planned(some: Case, **budget: Any) -> StoragePlan:
    return plan_storage(some, Budget(**budget))


def mixed(groups: int, seed: int = 1, most: int = 4) -> list[dict[str, Any]]:
    """Return groups of VMs whose disks differ in size and IOPS."""
    dice, drawn = random.Random(seed), []
    for number in range(groups):
        size = dice.randint(100, 3000)
        disks = [{"size_gib": 40}, {"size_gib": size, "iops": size * dice.randint(1, 5)}]
        drawn.append(vm(name=f"g{number}", count=dice.randint(1, most), disks=disks))
    return drawn


def test_the_same_input_gives_the_same_storage() -> None:
    one, other = (planned(case(vms=mixed(6), policy={"datastore_max_gib": 4096})) for _ in range(2))
    assert (one.luns, one.cost, one.bound) == (other.luns, other.cost, other.bound)


def test_a_plan_says_why_its_search_ended() -> None:
    some = case(vms=mixed(6), policy={"datastore_max_gib": 4096})
    assert planned(some, gap=0.9).ended == "gap"
    assert planned(some, deadline=0.0).ended == "time-limit"
    assert planned(case()).ended == "proven"


def test_without_any_time_there_is_a_plan_that_keeps_the_rules(edition: cp.Edition) -> None:
    wish = workload(
        vms=[*mixed(5), vm(name="safe", protection={"rpo": "15m", "rto": "4h"}), vm(name="far", site="az06")],
        sites={"primary": "az05", "standby": "az07"},
        policy={"vswp": "auto", "datastore_max_gib": 6000, "min_datastores": 2},
    )
    read = cp.read_workload(wish, edition)
    best = cp.optimise(read, edition, cp.load_prices())
    some = case(**wish)
    rough = planned(some, deadline=0.0)
    fine = planned(some)
    assert rough.bound <= fine.cost <= rough.cost
    datastores, protection = deal_storage(some, rough)
    other = best.model_copy(update={"datastores": datastores, "protection": protection})
    broken = {check.rule.id for check in verify(other, read, edition, cp.load_prices()).violations}
    assert broken <= {"BOM", "DOC", "PROOF"}  # of the bill, the findings and the proof of `best`


@pytest.mark.parametrize(
    "fields",
    [
        {"vms": [vm(count=1_000_000, disks=[{"size_gib": 60}, {"size_gib": 900, "iops": 2000}])]},
        {"vms": [vm(name=f"v{n}", pool=f"p{n}", disks=[{"size_gib": 20 + n % 700}]) for n in range(2000)]},
        {"vms": mixed(40, most=30), "policy": {"vswp": "auto"}},
    ],
    ids=["a million VMs", "2000 pools", "IOPS and vswp auto"],
)
def test_a_time_limit_is_kept(fields: dict[str, Any]) -> None:
    """CPU seconds, so that other work on the machine does not count; the limit itself is in wall seconds."""
    some = case(**fields)
    start = time.process_time()
    plan = plan_storage(some, Budget.of(0.0, 4.0, lambda _: None, lambda: False))
    assert time.process_time() - start < 7.0
    assert plan.bound <= plan.cost


def test_a_content_is_dealt_over_the_datastores_that_are_asked_for() -> None:
    plan = planned(case(vms=[vm(count=6, disks=[{"size_gib": 400}])], policy={"min_datastores": 3}))
    assert [sum(lun.content.values()) for lun in plan.luns] == [2, 2, 2]
    assert plan.ended == "proven"


def test_an_empty_datastore_is_taken_where_nothing_is_left_to_deal() -> None:
    plan = planned(case(vms=[vm()], policy={"min_datastores": 2}))
    assert sorted(sum(lun.content.values()) for lun in plan.luns) == [0, 1]


def test_ties_go_to_fewer_datastores() -> None:
    plan = planned(case(vms=[vm(count=30, disks=[{"size_gib": 300}, {"size_gib": 200}])]))
    assert len(plan.luns) == 1


def test_a_class_that_another_takes_over_is_no_choice() -> None:
    def useful(disk: dict[str, Any]) -> list[str]:
        some = case(vms=[vm(disks=[{"size_gib": 100, **disk}])])
        return [name for name in useful_classes(some, list(parts_of(some))) if name in some.edition.flash_classes]

    assert useful({}) == ["live"]
    assert useful({"class": "premium"}) == ["live", "premium"]
    assert useful({"iops": 100}) == ["live", "medium"]
    assert len(useful({"iops": 1400})) == 5


def test_leaving_classes_out_changes_no_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"vms": mixed(4, seed=5), "policy": {"datastore_max_gib": 4096}}
    one = planned(case(**fields))
    monkeypatch.setattr("cloudplan.optimiser.storage.choice_ilp.useful_classes", lambda case, parts: list(case.classes))
    other = planned(case(**fields))
    assert abs(one.cost - other.cost) <= max(one.cost - one.bound, other.cost - other.bound)


def test_brute_force_agrees_on_tiny_workloads_with_several_datastores() -> None:
    from test_benchmarks import run  # noqa: PLC0415

    line = run("storage.py", "--brute", 12)
    assert "equal to the cent of each line" in line
    assert not [word for word in line.split() if word.strip("'{:").isupper()]


def test_disks_of_anti_affine_vms_stand_apart_where_that_costs_nothing() -> None:
    disks = [{"size_gib": 400}]
    vms = [vm(name=f"a{number}", disks=disks, anti_affinity="x") for number in range(3)]
    vms += [vm(name=f"b{number}", disks=disks) for number in range(3)]
    some = case(vms=vms, policy={"min_datastores": 3})
    datastores, _ = deal_storage(some, planned(some))
    assert [sum(disk.vm.startswith("a") for disk in store.disks) for store in datastores] == [1, 1, 1]


def test_like_disks_of_a_vm_stand_together_where_that_costs_nothing() -> None:
    vms = [vm(name=name, powered_on=False, disks=[{"size_gib": 400}, {"size_gib": 400}]) for name in "abc"]
    some = case(vms=vms, policy={"datastore_max_gib": 1000})
    datastores, _ = deal_storage(some, planned(some))
    assert [len({disk.vm for disk in store.disks}) for store in datastores] == [1, 1, 1]
