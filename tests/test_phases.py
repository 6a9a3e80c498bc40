"""Phases of a workload over time: when they begin, what stands in them, how it grows; agreed with a checker apart."""

import importlib
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.workload.phases import deal, grown, phase_at, phases, sized_alone
from cloudplan.workload.workload import Workload
from tests.conftest import EDITION, Ran, examples, vm, workload

START = 2027 * 12

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def edition() -> cp.Edition:
    return cp.load_edition(EDITION)


@pytest.fixture(scope="module")
def checker(shared: Path) -> Any:
    sys.path.insert(0, str(shared / "tools"))
    try:
        return importlib.import_module("check_roadmap")
    finally:
        sys.path.pop(0)


def month(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def horizon(**fields: Any) -> dict[str, Any]:
    return {"start": "2027-01", "months": 36, **fields}


def over_time(edition: cp.Edition, *groups: dict[str, Any], **fields: Any) -> Workload:
    return cp.read_workload(workload(horizon=horizon(**fields), vms=list(groups)), edition)


RATES = st.fixed_dictionaries(
    {}, optional={name: st.decimals(0, 3, places=3).map("{:f}".format) for name in ("vms", "storage")}
)


@st.composite
def times(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a workload with a horizon, groups that come and go, and growth of their own or together."""
    months = draw(st.integers(1, 50))
    made: dict[str, Any] = {"start": month(START + draw(st.integers(0, 11))), "months": months}
    start = 12 * int(made["start"][:4]) + int(made["start"][5:]) - 1
    if draw(st.booleans()):
        made["step"] = draw(st.integers(1, months))
    if draw(st.booleans()):
        made["growth"] = draw(RATES)
    groups = []
    for index in range(draw(st.integers(1, 5))):
        group = vm(name=f"g{index}", count=draw(st.integers(1, 4)))
        group["disks"] = [{"size_gib": draw(st.sampled_from(["10", "100.5", "33.3"]))}]
        if draw(st.booleans()):
            group["disks"][0]["used_gib"] = f"{draw(st.decimals(0, 9, places=9)):f}"
        begins = draw(st.integers(0, months - 1)) if draw(st.booleans()) else 0
        if begins:
            group["from"] = month(start + begins)
        if draw(st.booleans()):
            group["until"] = month(start + draw(st.integers(begins, months - 1)))
        if draw(st.booleans()):
            group["growth"] = draw(RATES)
        groups.append(group)
    return workload(horizon=made, vms=groups)


@given(tree=times())
@examples(60)
def test_phases_are_those_that_the_checker_derives(checker: Any, edition: cp.Edition, tree: dict[str, Any]) -> None:
    try:
        wanted = checker.phases(json.loads(json.dumps(tree)))
    except checker.Bad:
        with pytest.raises(cp.BadInputError):
            phases(cp.read_workload(tree, edition), edition)
        return
    found = phases(cp.read_workload(tree, edition), edition)
    assert [(phase.start, phase.months) for phase in found] == [each[:2] for each in wanted]
    for phase, (_, _, derived) in zip(found, wanted, strict=True):
        read = cp.read_workload(derived, edition)
        assert phase.workload.name == read.name
        for group, other in zip(phase.workload.vms, read.vms, strict=True):
            assert group.model_copy(update={"names": other.names}) == other


def test_the_phases_of_the_shared_example_are_those_of_the_checker(
    checker: Any, edition: cp.Edition, shared: Path
) -> None:
    file = shared / "examples" / "web-shop-growth.yaml"
    wanted = checker.phases(yaml.safe_load(file.read_text(encoding="utf-8")))
    found = phases(cp.read_workload(file, edition), edition)
    assert [(phase.start, phase.months, phase.workload.name) for phase in found] == [
        (start, months, derived["name"]) for start, months, derived in wanted
    ]


def test_an_order_date_is_one_for_every_group(edition: cp.Edition) -> None:
    wanted = over_time(edition, vm(), vm(name="b", **{"from": "2027-06", "until": "2028-07"}), step=12)
    found = phases(wanted, edition)
    assert [(phase.start, phase.last) for phase in found] == [
        ("2027-01", "2027-05"),
        ("2027-06", "2027-12"),
        ("2028-01", "2028-07"),
        ("2028-08", "2028-12"),
        ("2029-01", "2029-12"),
    ]
    assert [len(phase.workload.vms) for phase in found] == [1, 2, 2, 1, 1]


def test_a_step_is_a_year_or_the_whole_horizon(edition: cp.Edition) -> None:
    assert [phase.months for phase in phases(over_time(edition, vm()), edition)] == [12, 12, 12]
    assert [phase.months for phase in phases(over_time(edition, vm(), months=7), edition)] == [7]


def test_instances_keep_their_names_and_take_none_that_is_taken(edition: cp.Edition) -> None:
    wanted = over_time(edition, vm(name="web"), vm(name="web-3", growth={"vms": 0}), growth={"vms": 1})
    first, second, third = phases(wanted, edition)
    assert first.workload.vms[0].names == ("web", "web-2")
    assert second.workload.vms[0].names == ("web", "web-2", "web-4", "web-5")
    assert third.workload.vms[0].names[:4] == second.workload.vms[0].names
    assert [group.names for group in third.workload.vms[1:]] == [("web-3",)]


def test_iops_by_the_size_follow_it_and_others_do_not(edition: cp.Edition) -> None:
    groups = vm(name="a"), vm(name="b", disks=[{"size_gib": 60, "iops": 100}])
    tree = workload(
        horizon=horizon(growth={"storage": 1}), vms=list(groups), policy={"default_disk": {"iops_per_gib": 2}}
    )
    first = phases(cp.read_workload(tree, edition), edition)[0].workload
    assert [group.disks[0].size_gib for group in first.vms] == [120, 120]
    assert [group.disks[0].iops for group in first.vms] == [240, 100]


def test_a_disk_written_through_stays_so_and_another_keeps_its_share(edition: cp.Edition) -> None:
    groups = vm(name="a"), vm(name="b", disks=[{"size_gib": "10", "used_gib": "3.000000000001"}])
    last = phases(over_time(edition, *groups, growth={"storage": "0.1"}), edition)[-1].workload
    assert last.vms[0].disks[0].used_gib == last.vms[0].disks[0].size_gib
    assert Fraction(last.vms[1].disks[0].used_gib) == Fraction("3.000000000001") * Fraction("1.331")


def test_a_factor_has_twelve_decimals() -> None:
    assert grown(Decimal("0.1"), 12) == Fraction(11, 10)
    assert grown(Decimal(1), 6) == Fraction("1.414213562373")
    assert grown(Decimal(0), 7) == 1


@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=9), percent=st.integers(0, 400))
@examples(60)
def test_dealing_stays_near_each_share(counts: list[int], percent: int) -> None:
    factor = 1 + Fraction(percent, 100)
    more = deal(counts, factor)
    assert sum(counts) + sum(more) == -(-sum(counts) * factor.numerator // factor.denominator)
    share = Fraction(sum(more), sum(counts))
    assert all(dealt < count * share + 1 for count, dealt in zip(counts, more, strict=True))


def test_groups_of_one_do_not_double_at_once() -> None:
    assert deal([1] * 8, Fraction(11, 10)) == [1, 0, 0, 0, 0, 0, 0, 0]
    assert deal([1] * 8, Fraction(3, 2)) == [1, 0, 1, 0, 1, 0, 1, 0]


def test_one_plan_is_of_one_phase(edition: cp.Edition) -> None:
    wanted = over_time(edition, vm(count=2), growth={"vms": "0.5"}, months=24)
    plan = cp.size(wanted, edition, cp.load_prices(None, edition))
    assert plan.workload.name == "small@2027-01"
    assert sum(group["count"] for group in plan.inputs.workload["vms"]) == 3
    assert sized_alone(wanted, edition, "2028-05").vms[0].count == 5
    assert phase_at(wanted, edition, "2028-05").workload == sized_alone(wanted, edition, "2028-05")


def test_the_file_of_a_phase_is_its_workload(edition: cp.Edition, run: Run, tmp_path: Path, shared: Path) -> None:
    file = shared / "examples" / "web-shop-growth.yaml"
    wanted = phase_at(cp.read_workload(file, edition), edition, "2028-02").workload
    for name in ("w.yaml", "w.json"):
        assert run("roadmap", str(file), "--at", "2028-02", "-o", str(tmp_path / name)).status == 0
        assert cp.read_workload(tmp_path / name, edition) == wanted
    assert "horizon" not in (tmp_path / "w.yaml").read_text(encoding="utf-8")


def test_the_list_of_phases(edition: cp.Edition, run: Run, shared: Path) -> None:
    file = shared / "examples" / "web-shop-growth.yaml"
    ran = run("roadmap", str(file), "--list")
    assert ran.status == 0 and ran.out.count("2027-") == 6 and "15.5" in ran.out
    told = json.loads(run("roadmap", str(file), "--list", "--format", "json").out)
    found = phases(cp.read_workload(file, edition), edition)
    assert [each["workload"] for each in told["phases"]] == [phase.workload.canonical() for phase in found]


def test_size_takes_the_phase_of_a_month(run: Run, shared: Path, tmp_path: Path) -> None:
    file, plan = shared / "examples" / "web-shop-growth.yaml", tmp_path / "p.json"
    assert run("size", str(file), "--at", "2027-08", "-o", str(plan)).status == 0
    assert json.loads(plan.read_text(encoding="utf-8"))["workload"]["name"] == "web-shop-growth@2027-07"
    assert run("verify", str(plan), "--workload", str(file)).status == 0
    assert run("size", str(file), "--locked", str(plan)).status == 0
    assert run("size", "--locked", str(plan), "--at", "2027-08").status == 2


FAULTS = [
    ({"from": "2027-01"}, None, "from: there is no horizon for it; add horizon, or leave it out"),
    ({"growth": {}}, None, "growth: there is no horizon for it; add horizon, or leave it out"),
    ({"from": "2026-12"}, {}, "found '2026-12'; allowed: a month from 2027-01 to 2029-12"),
    ({"until": "2030-01"}, {}, "found '2030-01'; allowed: a month from 2027-01 to 2029-12"),
    ({"from": "2028-01", "until": "2027-12"}, {}, "found '2027-12'; allowed: a month from 2028-01 to 2029-12"),
    ({"until": "2028-13"}, {}, "found '2028-13'; allowed: a month, YYYY-MM"),
    ({"growth": {"vms": 11}}, {}, "found '11'; allowed: growth a year, as a share, >= 0 and <= 10"),
    ({}, {"step": 40}, "found '40'; allowed: a whole number from 1 to 36, months"),
    ({}, {"months": 121}, "found '121'; allowed: a whole number from 1 to 120"),
    ({}, {"start": "2027"}, "found '2027'; allowed: a month, YYYY-MM"),
]


@pytest.mark.parametrize(("group", "changed", "message"), FAULTS)
def test_bad_times_are_told_once(
    edition: cp.Edition, group: dict[str, Any], changed: dict[str, Any] | None, message: str
) -> None:
    tree = workload(vms=[vm(**group)], **({} if changed is None else {"horizon": horizon(**changed)}))
    with pytest.raises(cp.BadInputError) as refused:
        cp.read_workload(tree, edition)
    assert [fault.message for fault in refused.value.faults] == [message]


def test_bad_phases_are_told(edition: cp.Edition) -> None:
    empty = over_time(edition, vm(**{"from": "2027-06"}))
    with pytest.raises(cp.BadInputError, match="no VM stands from 2027-01 to 2027-05"):
        phases(empty, edition)
    many = over_time(edition, vm(count=600_000), growth={"vms": 1})
    with pytest.raises(cp.BadInputError, match="small: 2027-01: more than 1000000 instances"):
        phases(many, edition)
    with pytest.raises(cp.BadInputError, match="the workload has no horizon"):
        phases(cp.read_workload(workload(), edition), edition)


def test_months_outside_the_horizon_are_refused(run: Run, shared: Path) -> None:
    file = str(shared / "examples" / "web-shop-growth.yaml")
    assert "allowed: a month from 2027-01 to 2029-12" in run("size", file, "--at", "2030-01").err
    assert "a month, YYYY-MM" in run("size", file, "--at", "2030").err
    assert "allowed: one of --list and --at" in run("roadmap", file, "--list", "--at", "2028-01").err
    assert "--gap: allowed only with neither" in run("roadmap", file, "--list", "--gap", "0.1").err
