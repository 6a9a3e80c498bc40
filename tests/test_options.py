"""Cost against risk: each point is the optimum of its workload, with less to search, and dominance is as defined."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from conftest import EDITION, Ran, bad_input, vm, workload

import cloudplan as cp
from cloudplan.analysis.compare import Alternative
from cloudplan.analysis.edits import Asked, edited
from cloudplan.analysis.options import Option, Options, options
from cloudplan.analysis.side_by_side import SideBySide
from cloudplan.base.language import language
from cloudplan.plan.origin import Origin, origin_of
from cloudplan.plan.plan import Plan
from cloudplan.presentation import scatter
from cloudplan.presentation.scatter import Dot
from cloudplan.presentation.tables import options as tables
from cloudplan.presentation.text import render_report
from cloudplan.workload.reading import as_given

TREE = workload(
    name="shop",
    vms=[vm(name="app", count=24, vcpus=8, memory_gib=32), vm(name="db", count=2, vcpus=8, memory_gib=64)],
)
VARY = ["policy.memory_ceiling=0.85", "policy.vcpu_per_core=2,8,4,6,4.0", "policy.host_memory_reserve_gib=0"]
MORE_IS_CAREFUL = (True, False, False, True)


class Here(Executor):
    """Does all at once, in this process."""

    def submit(self, work: Any, *parts: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*parts, **named))
        return future


def origin(tree: dict[str, Any] = TREE) -> Origin:
    edition = cp.load_edition(EDITION)
    return Origin(cp.read_workload(tree, edition), edition, cp.load_prices())


def sized(executor: Executor | None = None, vary: list[str] = VARY) -> tuple[Options, list[str]]:
    """Return options, and the alternatives that were searched for."""
    searched: list[str] = []

    def each(work: Callable[[Asked], Alternative], asked: Any) -> Any:
        searched.extend(name for _, name, _ in asked)
        return sizing.each(work, asked)

    sizing = SideBySide(origin(), executor=executor)
    return options(origin(), sizing.solve, vary, each), searched


@pytest.fixture(scope="module")
def found() -> Iterator[tuple[Options, list[str]]]:
    yield sized()


def plan_of(option: Option) -> Plan:
    assert option.alternative.plan is not None
    return option.alternative.plan


def test_every_point_is_the_optimum_of_its_workload(found: tuple[Options, list[str]]) -> None:
    inputs = origin()
    tree = as_given(inputs.workload, inputs.edition)
    assert [list(map(str, option.values)) for option in found[0].options][:3] == [
        *(["1", "8", "0.85", "0"], ["1", "6", "0.85", "0"], ["1", "4", "0.85", "0"]),
    ]
    assert len(found[0].options) == 8
    for option in found[0].options:
        workload = cp.read_workload(edited(tree, option.alternative.edits), inputs.edition)
        alone, plan = cp.size(workload, inputs.edition, inputs.prices), plan_of(option)
        assert plan.monthly == alone.monthly and plan.workload == alone.workload, option.values
        assert plan.status == "optimal" and plan.lower_bound <= alone.monthly
        assert cp.verify(plan, workload, inputs.edition, inputs.prices).holds


def test_points_between_are_not_searched(found: tuple[Options, list[str]]) -> None:
    told, searched = found
    assert 0 < len(searched) < len(told.options) - 2
    assert len(searched) + 1 == sum(option.searched for option in told.options)  # and the workload as asked for


def test_dominance_is_as_defined(found: tuple[Options, list[str]]) -> None:
    def covers(one: Option, other: Option) -> bool:
        pairs = zip(one.values, other.values, MORE_IS_CAREFUL, strict=True)
        return all(mine >= its if more else mine <= its for mine, its, more in pairs)

    every = found[0].options
    dominated = 0
    for option in every:
        better = [
            other
            for other in every
            if other is not option and covers(other, option) and plan_of(other).cost <= plan_of(option).cost
        ]
        assert (option.dominated_by is not None) == bool(better)
        if option.dominated_by is not None:
            dominated += 1
            assert every[option.dominated_by] in better and every[option.dominated_by].dominated_by is None
    assert 0 < dominated < len(every)


def test_what_is_left_when_hosts_are_lost(found: tuple[Options, list[str]]) -> None:
    for option in found[0].options:
        (cluster,) = plan_of(option).clusters
        assert option.may_fail == option.values[0] == cluster.spare_hosts
        assert option.cores == 20 * (cluster.hosts - cluster.spare_hosts)
        assert option.vcpus_per_core == round(Decimal(208) / option.cores, 2) <= option.values[1]


def test_steps_are_differences(found: tuple[Options, list[str]]) -> None:
    told = found[0]
    cost = {tuple(map(str, option.values)): plan_of(option).cost for option in told.options}
    by_field = {(step.field, str(step.high)): step for step in told.steps}
    failures = by_field["policy.host_failures", "2"]
    assert failures.cost == cost["2", "4", "0.85", "0"] - cost["1", "4", "0.85", "0"] > 0 and failures.proven
    ratio = by_field["policy.vcpu_per_core", "2"]
    every = [cost[f, "2", "0.85", "0"] - cost[f, "4", "0.85", "0"] for f in "12"]
    assert (ratio.least, ratio.most) == (min(every), max(every))
    assert len(told.steps) == 1 + 3


def test_options_in_words(found: tuple[Options, list[str]]) -> None:
    text = render_report(tables.report(found[0]), style="terminal")
    assert "host failures: N+1 → N+2" in text and "OPTIONS NOT DOMINATED" in text
    assert "proven by itself or by others: within 0.00" in text
    french = render_report(tables.report(found[0]), style="terminal", spoken=language("fr"))
    assert "OPTIONS NON DOMINÉES" in french and "N+1, 4 vCPU par cœur, plafond" in french


def test_an_executor_finds_the_same_bytes(found: tuple[Options, list[str]]) -> None:
    there, searched = sized(Here())
    assert searched == found[1]
    for one, other in zip(there.options, found[0].options, strict=True):
        assert plan_of(one).to_json() == plan_of(other).to_json()
    assert tables.values(there) == tables.values(found[0])


def test_what_a_short_search_leaves_open_other_points_prove(found: tuple[Options, list[str]]) -> None:
    """Searches of N+2 end without a bound, and the one at 8 vCPUs a core with the dear plan of 2 vCPUs a core."""
    dear = plan_of(found[0].options[-1])
    ended = {"lower_bound": Decimal(0), "status": "feasible", "gap": 1.0, "search": None}

    def each(work: Callable[[Asked], Alternative], asked: Any) -> Any:
        short = []
        for alternative in sizing.each(work, asked):
            changed: dict[str, Any] = ended if "host_failures 2" in alternative.name else {}
            if changed and "core 8" in alternative.name:
                changed = {**ended, "clusters": dear.clusters, "monthly": dear.monthly, "bom": dear.bom}
            assert alternative.plan
            short.append(replace(alternative, plan=alternative.plan.model_copy(update=changed)))
        return short

    sizing = SideBySide(origin())
    told = options(origin(), sizing.solve, VARY, each)
    plans = {tuple(map(str, option.values[:2])): plan_of(option) for option in told.options}
    for (failures, ratio), plan in plans.items():
        known = next(option for option in found[0].options if tuple(map(str, option.values[:2])) == (failures, ratio))
        assert plan.cost == plan_of(known).cost
        assert plan.lower_bound >= plans["1", ratio].lower_bound > 0
        assert cp.verify(plan, *inputs_of(plan)).holds


def inputs_of(plan: Plan) -> tuple[cp.Workload, cp.Edition, cp.PriceBook]:
    made = origin_of(plan)
    return made.workload, made.edition, made.prices


def test_a_point_without_a_plan_and_what_others_give_up() -> None:
    tight = {**TREE, "vms": [vm(name="app", vcpus=20, memory_gib=32, blades=["eco:v3"])]}
    sizing = SideBySide(origin(tight))
    vary = ["policy.vcpu_per_core=4,0.5", "policy.host_failures=0,1", "policy.memory_ceiling=0.85"]
    told = options(origin(tight), sizing.solve, [*vary, "policy.host_memory_reserve_gib=0"], sizing.each)
    assert [(option.alternative.plan is None, option.alternative.gives_up) for option in told.options] == [
        *((False, ("host_failures 1",)), (True, ("host_failures 1",)), (False, ()), (True, ()))
    ]
    assert "CPU-1" in told.options[1].alternative.why and told.steps[1].cost is None
    assert "no plan" in str(tables.proofs(told).texts())
    assert tables.values(told)["steps"][1]["monthly"] is None


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        (["vms.app.count=1,2"], "unknown axis of the options 'vms.app.count' (allowed: policy.host_failures"),
        (["policy.host_failure=1"], "did you mean 'policy.host_failures'"),
        (["policy.host_failures=1", "policy.host_failures=2"], "given twice"),
        (["policy.memory_ceiling=0.9"], "0.85"),
        (["policy.vcpu_per_core=x"], "policy.vcpu_per_core"),
    ],
)
def test_axes_that_are_none(vary: list[str], words: str) -> None:
    with bad_input() as faults:
        sized(vary=vary)
    assert words in "\n".join(map(str, faults))


@pytest.mark.usefixtures("solved_once")
def test_the_command(tmp_path: Path, run: Callable[..., Ran]) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps(TREE))
    vary = ["policy.memory_ceiling=0.85", "policy.host_memory_reserve_gib=0", "policy.vcpu_per_core=4,3"]
    command = ["compare", path, "--options", *(word for each in vary for word in ("--vary", each))]
    document = json.loads(run(*command, "--format", "json").out)
    assert [each["option"]["number"] for each in document["alternatives"][1:]] == [1, 2, 3, 4]
    assert document["axes"][1] == {"field": "policy.vcpu_per_core", "values": ["4", "3"]}


@pytest.mark.usefixtures("solved_once")
def test_page_and_workbook_have_a_picture(tmp_path: Path, run: Callable[..., Ran]) -> None:
    path, page, book = tmp_path / "w.json", tmp_path / "o.html", tmp_path / "o.xlsx"
    path.write_text(json.dumps(TREE))
    vary = ["policy.memory_ceiling=0.85", "policy.host_memory_reserve_gib=0", "policy.vcpu_per_core=4,3"]
    command = ["compare", path, "--options", "--workers", 1, *(word for each in vary for word in ("--vary", each))]
    assert run(*command, "-o", page).status == run(*command, "-o", book).status == 0
    text = page.read_text()
    drawn = re.findall(r'fill="var\(--ink\)">(\d)</text>', text)
    assert drawn == ["1", "2", "3", "4"] and "N+2</text>" in text and text.count("<circle") == 3
    read = openpyxl.load_workbook(book)
    assert read.sheetnames == [
        *("Summary", "Options", "Options not dominated", "What each step costs", "What each option gives up")
    ]
    assert [cell.value for cell in read["Options"]["A"]][:5] == ["No.", 1, 2, 3, 4]
    assert len(read["Summary"]._charts) == 1
    assert run(*command, "--format", "xlsx").status == 2


def test_axes_of_pictures_are_round_and_hold_all() -> None:
    for points in ([(60, "4602.77"), (80, "5346.17")], [(500, "100000")], [(0, "0.00")], []):
        dots = [Dot(across, Decimal(up), at, "x") for at, (across, up) in enumerate(points)]
        svg = ElementTree.fromstring(scatter.dots(dots, ("a", "b"), ["s"], language("en")))
        places = [float(each.get("x", 0)) for each in svg.iter("text") if each.text == "x"]
        assert len(places) == len(points) and all(96 <= x <= 736 for x in places)
