"""What stands already stays, or grows, at least cost; what changes is told. Agreed with optima from outside."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EDITION, Ran, case, price_book, vm, workload
from test_rules import broken, covers

import cloudplan as cp
from cloudplan.evaluation.verify import check_choice
from cloudplan.plan.plan import Plan
from cloudplan.plan.standing import existing_of

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def edition() -> cp.Edition:
    return cp.load_edition(EDITION)


def cluster(name: str = "old", hosts: int = 3, blade: str = "eco:v3", **fields: Any) -> dict[str, Any]:
    return {"name": name, "site": "az05", "blade": blade, "hosts": hosts, **fields}


def store(size_gib: int, name: str = "live", **fields: Any) -> dict[str, Any]:
    return {"site": "az05", "class": name, "size_gib": size_gib, **fields}


def sized(tree: dict[str, Any], edition: cp.Edition, prices: dict[str, Any] | None = None) -> Plan:
    """Return the plan of a workload, verified as it was read back."""
    book = cp.load_prices(prices or price_book(), edition)
    wanted = cp.read_workload(tree, edition)
    plan = cp.size(wanted, edition, book)
    assert cp.verify(plan, wanted, edition, book).holds
    return plan


CASES = ["road-15", "road-101", "road-111", "road-135", "road-165", "road-1065"]


@pytest.mark.parametrize("name", CASES)
def test_optima_from_outside_are_met(name: str, shared: Path) -> None:
    lines = (shared / "examples" / "roadmap-cases.jsonl").read_text(encoding="utf-8").splitlines()
    given = next(each for each in map(json.loads, lines) if each["id"] == name)
    tree = yaml.load(given["workload"], Loader=yaml.BaseLoader)
    prices = yaml.load(given["prices"], Loader=yaml.BaseLoader)
    plan = sized(tree, cp.load_edition(tree["catalog"]), prices)
    assert plan.lower_bound <= Decimal(given["exact"]) + Decimal("0.01")
    assert abs(plan.cost - Decimal(given["exact"])) <= Decimal("0.005") * plan.lines
    told = [f"{each.blade} x {each.hosts}" for each in plan.clusters]
    assert sorted(told) == sorted(each.partition(" owes")[0] for group in given["clusters"] for each in _listed(group))


def _listed(group: Any) -> list[str]:
    return [group] if isinstance(group, str) else list(group)


@covers("EXI-1", "EXI-2")
@pytest.mark.parametrize(
    ("changed", "rules"),
    [
        ({}, set()),
        ({"clusters": [cluster(hosts=2)], "datastores": [store(500)]}, set()),
        ({"clusters": [cluster(hosts=4)]}, {"EXI-1"}),
        ({"clusters": [cluster("gone")]}, {"EXI-1"}),
        ({"clusters": [cluster(blade="standard:v3")]}, {"EXI-1"}),
        ({"clusters": [cluster(site="az06")]}, {"EXI-1"}),
        ({"datastores": [store(600)]}, {"EXI-2"}),
        ({"datastores": [store(600)], "keep": False}, set()),
        ({"datastores": [store(500, "medium")]}, {"EXI-2"}),
    ],
)
def test_what_stands_stays(changed: dict[str, Any], rules: set[str], edition: cp.Edition) -> None:
    standing = {"clusters": [cluster()], "datastores": [store(500)]}
    plan = sized(workload(existing=standing), edition)
    assert [(each.name, each.hosts) for each in plan.clusters] == [("old", 3)]
    assert broken(check_choice(case(existing={**standing, **changed}), plan.choice)) == rules


def test_a_fleet_takes_the_clusters_that_stand_and_buys_the_least_beside_them(edition: cp.Edition) -> None:
    groups = [vm(count=8, vcpus=40, memory_gib=64)]  # two to a host of 20 cores
    plain = sized(workload(vms=groups), edition)
    assert [(each.hosts, len(each.placement)) for each in plain.clusters] == [(5, 4)]
    split = sized(workload(vms=groups, existing={"clusters": [cluster("a", 3), cluster("b", 3)]}), edition)
    assert [(each.name, each.hosts, len(each.placement)) for each in split.clusters] == [("a", 3, 2), ("b", 3, 2)]
    more = sized(workload(vms=groups, existing={"clusters": [cluster("a", 2), cluster("b", 6)]}), edition)
    assert {each.name: each.hosts for each in more.clusters} == {"a": 2, "b": 6}
    assert sum(len(each.placement) for each in more.clusters) == 4
    assert more.monthly - plain.monthly == 3 * next(line.unit_price for line in plain.bom if "eco" in line.sku)


def test_clusters_stand_empty_where_nothing_may_run_on_them(edition: cp.Edition) -> None:
    other = [cluster("pool", pool="p"), cluster("site", site="az06"), cluster("blade", blade="advance:v3", hosts=1)]
    groups = [vm(), vm(name="b", pool="p", powered_on=False)]
    plan = sized(workload(vms=groups, policy={"blades": ["eco:v3"]}, existing={"clusters": other}), edition)
    empty = {each.name: (each.hosts, each.memory_gib) for each in plan.clusters if not each.placement}
    assert empty == {"pool": (3, 384), "site": (3, 384), "blade": (2, 256)}  # one host more: of N+1 there are two
    assert {each.subject for each in plan.findings if each.code == "cluster-idle"} == set(empty)


def test_storage_that_stands_is_used_first_and_stays(edition: cp.Edition) -> None:
    asked = [vm(disks=[{"size_gib": 400, "iops": 300}])]
    plain = sized(workload(vms=asked), edition)
    assert {each.storage_class for each in plain.datastores} == {"live"}
    plan = sized(workload(vms=asked, existing={"datastores": [store(2000, "premium"), store(2048, "mass")]}), edition)
    sizes = {each.storage_class: each.size_gib for each in plan.datastores}
    assert sizes == {"premium": 2000, "mass": 2048}
    told = {each.values["storage_class"]: each.values["idle"] for each in plan.findings if each.code == "storage-idle"}
    assert told == {"premium": 2000 - 500, "mass": 2048}


@pytest.mark.parametrize(("standing", "sizes"), [(30_000, [20_480, 9_520]), (20_800, [20_300, 500]), (500, [500])])
def test_idle_storage_fills_luns_to_the_largest_and_leaves_none_too_small(
    edition: cp.Edition, standing: int, sizes: list[int]
) -> None:
    plan = sized(workload(existing={"datastores": [store(standing)]}), edition)
    assert sorted((each.size_gib for each in plan.datastores), reverse=True) == sizes


def test_nothing_is_kept_that_need_not_be(edition: cp.Edition) -> None:
    standing = {"keep": False, "clusters": [cluster(hosts=9)], "datastores": [store(9000)]}
    plan, plain = sized(workload(existing=standing), edition), sized(workload(), edition)
    assert plan.choice == plain.choice and plain.changes is None
    assert {(each.label, each.before, each.after) for each in plan.changes or () if each.before is not None} >= {
        ("ECO blade v3", 9, 2),
        ("FLASH - Essentiel", 9000, 500),
    }


def test_what_nobody_told_is_not_nothing(edition: cp.Edition) -> None:
    standing: dict[str, Any] = {"clusters": [cluster()], "datastores": [store(500)]}
    told = sized(workload(existing=standing), edition).changes or ()
    assert {each.label.split(" - ")[0]: each.before for each in told} == {"BACKUP": None, "MASS STORAGE": None}
    standing |= {"clusters": [cluster(memory_gib=400)], "backup": [{"site": "az06", "tib": 1}]}
    told = sized(workload(existing=standing), edition).changes or ()
    assert {(each.label.split(" - ")[0], each.before, each.after) for each in told} == {
        ("BACKUP", None, 1),
        ("Additional activated memory", 16, 0),
    }


def test_a_plan_stands_for_itself(edition: cp.Edition) -> None:
    tree = workload(vms=[vm(count=9), vm(name="b", protection={"rpo": "1h"}, count=2)], sites={"standby": "az06"})
    first = sized(tree, edition)
    again = sized({**tree, "existing": existing_of(first).canonical()}, edition)
    assert again.changes == () and again.monthly == first.monthly
    assert again.inputs.workload == first.inputs.workload and again.workload == first.workload
    assert "existing" not in json.loads(first.to_json())["inputs"]


def test_no_plan_has_more_than_may_be(edition: cp.Edition) -> None:
    book = cp.load_prices(price_book(), edition)
    for fields in (
        {"existing": {"clusters": [cluster(hosts=33)]}},
        {"existing": {"clusters": [cluster("a"), cluster("b")]}, "policy": {"max_clusters": 1}},
    ):
        with pytest.raises(cp.NoPlanError) as refused:
            cp.size(cp.read_workload(workload(**fields), edition), edition, book)
        assert [fault.rule for fault in refused.value.faults] == ["EXI-1"]


FAULTS = [
    ({"clusters": [cluster(blade="eco:v9")]}, "existing.clusters[0].blade", "unknown blade 'eco:v9'"),
    ({"clusters": [cluster(pool="x")]}, "existing.clusters[0].pool", "unknown pool 'x'"),
    ({"clusters": [cluster(site="az99")]}, "existing.clusters[0].site", "unknown zone 'az99'"),
    ({"clusters": [cluster(), cluster()]}, "existing.clusters[1].name", "the name 'old' is taken"),
    ({"clusters": [cluster(hosts=0)]}, "existing.clusters[0].hosts", "allowed: a whole number from 1"),
    ({"datastores": [store(1000, "mass")]}, "existing.datastores[0].size_gib", "whole units of 1024 GiB"),
    ({"datastores": [store(500, "gold")]}, "existing.datastores[0].class", "unknown storage class 'gold'"),
    ({"datastores": [store(500, replication="both")]}, "existing.datastores[0].replication", "source"),
    ({"bill": [{"site": "az05", "quantity": 1}]}, "existing.bill[0]", "one of sku and licence"),
    ({"racks": 1}, "existing.racks", "unknown field 'racks'"),
]


@pytest.mark.parametrize(("existing", "path", "words"), FAULTS)
def test_what_cannot_stand_is_told(existing: dict[str, Any], path: str, words: str, edition: cp.Edition) -> None:
    with pytest.raises(cp.BadInputError) as refused:
        cp.read_workload(workload(existing=existing), edition)
    [fault] = refused.value.faults
    assert fault.path == path and words in fault.message


def test_what_stands_has_a_price(edition: cp.Edition) -> None:
    book = cp.load_prices(price_book("advance:v3", "bloc:ultra"), edition)
    standing = {"clusters": [cluster(blade="advance:v3")], "datastores": [store(500, "ultra")]}
    with pytest.raises(cp.BadInputError) as refused:
        cp.size(cp.read_workload(workload(existing=standing), edition), edition, book)
    assert [fault.message.split()[3] for fault in refused.value.faults] == [
        "csp:fr1:iaas:vmware:advance:v3",
        "csp:(region):iaas:storage:bloc:ultra:v1",
    ]


def test_the_command_line_grows_a_plan(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(workload(vms=[vm(count=4)])), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(workload(vms=[vm(count=40)])), encoding="utf-8")
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    assert run("size", tmp_path / "a.yaml", "-o", first).status == 0
    ran = run("size", tmp_path / "b.yaml", "--existing", first, "--format", "table")
    assert ran.status == 0 and "CHANGES" in ran.out
    assert run("size", tmp_path / "b.yaml", "--existing", first, "-o", second).status == 0
    assert run("verify", second).status == 0
    plan = json.loads(second.read_text(encoding="utf-8"))
    assert plan["clusters"][0]["name"] == json.loads(first.read_text(encoding="utf-8"))["clusters"][0]["name"]
    plan["changes"][0]["before"] += 1
    second.write_text(json.dumps(plan), encoding="utf-8")
    ran = run("verify", second)
    assert ran.status == 4 and "changes, " in ran.out
    assert run("size", tmp_path / "b.yaml", "--existing", tmp_path / "b.yaml").status == 2


def test_what_stands_is_of_the_first_phase(run: Run, shared: Path, tmp_path: Path) -> None:
    file, plan = shared / "examples" / "web-shop-growth.yaml", tmp_path / "p.json"
    assert run("size", file, "-o", plan).status == 0
    assert json.loads(run("size", file, "--existing", plan, "--format", "json").out)["changes"] == []
    ran = run("size", file, "--existing", plan, "--at", "2028-01")
    assert ran.status == 2 and "what stands is of the first phase" in ran.err
