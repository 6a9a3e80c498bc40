"""Why no plan: the smallest set in conflict, and what would have to give, for each way a workload can be infeasible."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, vm, workload
from test_compare import origin

import cloudplan as cp
from cloudplan.analysis.edits import edited
from cloudplan.analysis.relax import NoPlan, why_no_plan
from cloudplan.analysis.requote import plan_of
from cloudplan.base.language import Message
from cloudplan.optimiser.optimise import optimise
from cloudplan.plan.origin import Origin
from cloudplan.presentation.tables.relax import report
from cloudplan.presentation.tables.table import words
from cloudplan.workload.reading import as_given

pytestmark = pytest.mark.usefixtures("solved_once")

TWO = {"primary": "az05", "standby": "az07"}


def feasible(inputs: Origin) -> bool:
    try:
        optimise(inputs.workload, inputs.edition, inputs.prices, gap=1.0)
    except cp.NoPlanError:
        return False
    return True


def why(**fields: Any) -> NoPlan:
    found = why_no_plan(origin(**fields), plan_of, feasible)
    assert found is not None
    return found


WAYS: dict[str, tuple[dict[str, Any], str, str]] = {
    "memory": ({"vms": [vm(name="big", memory_gib=2000), vm(name="b")]}, "big", "1305 GiB of memory for big"),
    "threads": ({"vms": [vm(name="big", vcpus=600)]}, "big", "112 vCPUs for big"),
    "frequency": ({"vms": [vm(name="fast", min_ghz="3.9"), vm(name="b")]}, "fast", "no min_ghz for fast"),
    "blades of the group": (
        {"vms": [vm(name="a", gpus=1, blades=["eco:v3"])]},
        "a",
        "every blade allowed for a",
    ),
    "blades of the policy": (
        {"policy": {"blades": ["eco:v3"]}, "vms": [vm(name="a", memory_gib=500)]},
        "a",
        "every blade allowed by the policy",
    ),
    "gpus": ({"vms": [vm(name="a", gpus=9)]}, "a", "no GPUs for a"),
    "affinity": (
        {"vms": [vm(name="a", count=2, affinity="x", anti_affinity="y"), vm(name="b")]},
        "a",
        "no affinity of a",
    ),
    "affinity too large": (
        {"vms": [vm(name="a", memory_gib=700, affinity="x"), vm(name="b", memory_gib=700, affinity="x"), vm(name="c")]},
        "a,b",
        "no affinity of a, b",
    ),
    "iops on mass storage": (
        {"vms": [vm(name="a", disks=[{"size_gib": 60, "class": "mass", "iops": 10}])]},
        "a",
        "any class for disks of a",
    ),
    "iops": ({"vms": [vm(name="a", disks=[{"size_gib": 60, "iops": 900000}])]}, "a", "no IOPS for disks of a"),
    "disk": ({"vms": [vm(name="a", disks=[{"size_gib": 30000}])]}, "a", "disk 0 of a no larger than 18432 GiB"),
    "rpo": ({"sites": TWO, "vms": [vm(name="a", protection={"rpo": "1m"})]}, "a", "no protection of a"),
    "class under Global Mirror": (
        {
            "sites": TWO,
            "vms": [
                vm(name="a", protection={"rpo": "15m"}, disks=[{"size_gib": 60}, {"size_gib": 9, "class": "ultra"}])
            ],
        },
        "a",
        "any class for disks of a",
    ),
    "too few clusters": (
        {
            "policy": {"max_clusters": 1},
            "vms": [vm(name="a", pool="p"), vm(name="b", pool="q"), vm(name="c", pool="q")],
        },
        "a,c",
        "no limit of clusters",
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_each_way_has_its_smallest_set_and_a_way_out(name: str) -> None:
    fields, groups, way = WAYS[name]
    found = why(**fields)
    if name == "too few clusters":
        assert len(found.groups) == 2 and "a" in found.groups
    else:
        assert ",".join(found.groups) == groups
    assert found.faults and way in {words for each in found.relaxations for words in each.words}
    costs = [each.plan.monthly for each in found.relaxations]
    assert costs == sorted(costs)
    for each in found.relaxations:
        assert each.plan.clusters and each.edits


def test_two_requirements_are_given_up_together_when_one_is_not_enough() -> None:
    found = why(vms=[vm(name="a", memory_gib=2000, min_ghz="3.9")])
    assert found.relaxations and all(len(each.words) == 2 for each in found.relaxations)
    assert ("no min_ghz for a", "1305 GiB of memory for a") in {each.words for each in found.relaxations}


HUGE, FAST = {"memory_gib": 2000}, {"protection": {"rpo": "1m"}}
SEVERAL: dict[str, tuple[dict[str, Any], int]] = {
    "too large": ({"vms": [vm(name="a", **HUGE), vm(name="b", vcpus=600), vm(name="c")]}, 2),
    "unreachable RPOs": ({"sites": TWO, "vms": [vm(name="a", **FAST), vm(name="b", **FAST), vm(name="c")]}, 2),
    "both kinds": ({"sites": TWO, "vms": [vm(name="a", **HUGE), vm(name="b", **FAST), vm(name="c")]}, 2),
    "both kinds in one": ({"sites": TWO, "vms": [vm(name="a", **HUGE, **FAST), vm(name="b", min_ghz="3.9")]}, 2),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_each_of_several_sets_is_mended_by_itself_and_the_mends_are_combined(name: str) -> None:
    fields, sets = SEVERAL[name]
    found = why(**fields)
    assert len(found.conflicts) == sets and all(each.mends for each in found.conflicts)
    assert found.relaxations and found.combined >= len(found.relaxations)
    best = found.relaxations[0]
    asked = origin(**fields)
    tree = edited(as_given(asked.workload, asked.edition), best.edits)
    mended = Origin(cp.read_workload(tree, asked.edition), asked.edition, asked.prices)
    assert plan_of(mended).monthly == best.plan.monthly
    for conflict in found.conflicts:
        assert set(best.words) & {word for words, _ in conflict.mends for word in words}


def test_as_few_as_will_do_are_given_up_when_no_pair_helps() -> None:
    found = why(sites=TWO, vms=[vm(name="a", memory_gib=2000, min_ghz="3.9", **FAST), vm(name="b")])
    assert [len(words) for words, _ in found.conflicts[0].mends] == [3] and found.conflicts[0].pairs
    assert found.relaxations


def said(text: str | Message) -> str:
    return words(text, "text")


def test_it_says_what_was_tried_and_no_more() -> None:
    extra = {"vms": [vm(name="a", encrypted=False, disks=[{"size_gib": 60}])], "policy": {"datastore_max_gib": 500}}
    stuck = replace(why(**extra | {"vms": [vm(name="a", memory_gib=2000)]}), relaxations=())
    conflict = replace(stuck.conflicts[0], mends=(), pairs=3)
    summary = " ".join(map(said, report("w", replace(stuck, conflicts=(conflict,)), "EUR").summary))
    alone = len(conflict.in_vain)
    assert f"{alone} requirements given up alone, 3 pairs of them, and all together" in summary
    assert "in vain" in " ".join(map(said, report("w", stuck, "EUR").summary)) and "No requirement" not in summary


def test_a_workload_with_a_plan_has_nothing_to_give() -> None:
    assert why_no_plan(origin(), plan_of, feasible) is None


@pytest.mark.parametrize("shape", ["table", "markdown", "json"])
def test_the_command(shape: str, tmp_path: Path, run: Callable[..., Ran]) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps(workload(vms=[vm(name="fast", min_ghz="3.9"), vm(name="b")])))
    assert run("size", path).status == 3
    ran = run("relax", path, "--format", shape)
    assert ran.status == 0 and "no min_ghz for fast" in ran.out.replace("\\", "")
    if shape == "json":
        document = json.loads(ran.out)
        assert document["groups"] == ["fast"] and not document["feasible"] and document["in_vain"]
    path.write_text(json.dumps(workload()))
    done = run("relax", path, "--format", shape)
    assert done.status == 0 and ("there is a plan" in done.out or json.loads(done.out)["feasible"])
