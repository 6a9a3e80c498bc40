"""How long what stands lasts, checked by sizing the months around; how many more VMs fit, by adding one."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import EDITION, Ran, price_book, vm, workload

import cloudplan as cp
from cloudplan.analysis.headroom import fit, headroom
from cloudplan.optimiser.memory import Memory
from cloudplan.plan.origin import Origin, origin_of
from cloudplan.plan.plan import Plan
from cloudplan.plan.standing import existing_of
from cloudplan.workload.phases import grown_by
from cloudplan.workload.reading import as_given
from cloudplan.workload.workload import Growth

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]
Solve = Callable[[Origin], Plan]


@pytest.fixture(scope="module")
def solve() -> Solve:
    memory = Memory()
    return lambda origin: cp.size(origin.workload, origin.edition, origin.prices, memory=memory)


@pytest.fixture(scope="module")
def plan(solve: Solve) -> Plan:
    edition = cp.load_edition(EDITION)
    groups = [vm(name="web", count=6, vcpus=16, memory_gib=48), vm(name="db", count=2, memory_gib=200, pool="db")]
    groups[1]["disks"] = [{"size_gib": 400, "iops": 900}]
    wanted = cp.read_workload(workload(vms=groups), edition)
    return solve(Origin(wanted, edition, cp.load_prices(price_book(), edition)))


def test_each_resource_runs_out_in_the_first_month_that_it_does_not_do(plan: Plan, solve: Solve) -> None:
    origin, growth = origin_of(plan), Growth(vms=Decimal("0.3"), storage=Decimal("0.4"))
    found = {(each.kind, each.place): each for each in headroom(origin, plan, growth, "2027-01", solve)}
    assert {place for kind, place in found if kind == "blades"} == {("az05", "default"), ("az05", "db")}
    tree = as_given(origin.workload, origin.edition)
    standing = {**tree, "catalog": EDITION, "existing": existing_of(plan).canonical()}
    for (kind, place), each in found.items():
        assert 0 < each.used <= each.capacity
        if kind != "blades" or each.runs_out is None:
            continue
        months = 12 * (int(each.runs_out[:4]) - 2027) + int(each.runs_out[5:]) - 1
        for after, more in ((months - 1, False), (months, True)):
            if not after:
                continue
            grown = grown_by(cp.read_workload(standing, origin.edition), origin.edition, growth, after)
            then = solve(Origin(grown, origin.edition, origin.prices))
            hosts = sum(cluster.hosts for cluster in then.clusters if (cluster.site, cluster.pool) == place)
            assert (hosts > each.capacity) == more, (place, after)


def test_what_does_not_grow_lasts(plan: Plan, solve: Solve) -> None:
    found = headroom(origin_of(plan), plan, Growth(), "2027-01", solve)
    assert found and all(each.runs_out is None for each in found)


@pytest.mark.parametrize(
    ("shape", "place"),
    [
        ({"vcpus": "2", "memory_gib": "4", "disk_gib": "0.001"}, {"site": "az05", "pool": "default"}),
        ({"vcpus": "1", "memory_gib": "1", "disk_gib": "1"}, {"site": "az05", "pool": "db"}),
    ],
)
def test_so_many_fit_and_one_more_does_not(
    plan: Plan, solve: Solve, shape: dict[str, Any], place: dict[str, str]
) -> None:
    found = fit(origin_of(plan), plan, shape, "some", place, solve)
    assert found.proven and found.shape == "some" and found.count >= 0


def test_the_command_tells_what_runs_out_and_what_fits(run: Run, plan: Plan, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(plan.to_json(), encoding="utf-8")
    asked = ("explain", file, "--headroom", "--growth", "vms=0.3", "--at", "2027-01", "--fit", "1x2x1")
    ran = run(*asked)
    assert ran.status == 0 and "First to run out: " in ran.out and "VMs 30 %" in ran.out and "one more" in ran.out
    told = json.loads(run(*asked, "--format", "json").out)
    assert told["fit"]["proven"] and {each["resource"] for each in told["resources"]} == {"blades", "memory", "storage"}
    assert "En premier" in run(*asked, "--lang", "fr").out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--headroom"], "--growth and --at are needed beside it"),
        (["--growth", "vms=0.1"], "allowed only with --headroom"),
        (["--headroom", "--growth", "cpu=1", "--at", "2027-01"], "allowed: vms=SHARE"),
        (["--headroom", "--growth", "vms=11", "--at", "2027-01"], "allowed: vms=SHARE"),
        (["--fit", "4"], "VCPUSxMEMORY"),
        (["--fit", "4x0"], "VCPUSxMEMORY"),
        (["--fit", "4x16", "--site", "az99"], "unknown zone 'az99'"),
        (["--fit", "4x16", "--pool", "x"], "unknown pool 'x'"),
        (["--fit", "4x16", "--by", "group"], "allowed only with neither --headroom nor --fit"),
        (["--site", "az05"], "allowed only with --fit"),
    ],
)
def test_bad_questions_are_refused(run: Run, plan: Plan, tmp_path: Path, options: list[str], words: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(plan.to_json(), encoding="utf-8")
    ran = run("explain", file, *options)
    assert ran.status == 2 and words in " ".join(ran.err.split())
