"""What if: every alternative is the workload changed and sized again, and nothing is dearer than it must be."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, bad_input, price_book, vm, workload
from test_report import parsed

import cloudplan as cp
from cloudplan.analysis.breakpoints import breakpoints
from cloudplan.analysis.compare import Comparison, compare, usual
from cloudplan.analysis.edits import edited, varied
from cloudplan.analysis.requirements import given_up
from cloudplan.analysis.requote import plan_of
from cloudplan.optimiser.memory import Memory
from cloudplan.optimiser.optimise import optimise
from cloudplan.plan.origin import Origin
from cloudplan.presentation.tables.compare import bar, report, values
from cloudplan.presentation.tables.table import Table
from cloudplan.presentation.tables.table import words as said
from cloudplan.workload.reading import as_given

pytestmark = pytest.mark.usefixtures("solved_once")

TWO = {"primary": "az05", "standby": "az07"}


def origin(prices: dict[str, Any] | None = None, **fields: Any) -> Origin:
    edition = cp.load_edition("2025-01-17")
    return Origin(cp.read_workload(workload(**fields), edition), edition, cp.load_prices(prices))


def found(comparison: Comparison) -> dict[tuple[str, str], Decimal | None]:
    return {(each.theme, each.name): each.plan.monthly if each.plan else None for each in comparison.alternatives}


def test_the_usual_alternatives() -> None:
    vms = [vm(name="a", count=9, vcpus=8, memory_gib=60), vm(name="b", protection={"rpo": "4h"})]
    asked = origin(vms=vms, sites={"primary": "az05", "standby": "az07"})
    comparison = compare(asked, plan_of)
    assert comparison.optimum.plan is not None
    best, costs = comparison.optimum.plan.monthly, found(comparison)
    blades = {name: cost for (theme, name), cost in costs.items() if theme == "one blade type"}
    assert set(blades) == set(asked.edition.blades)
    assert min(cost for cost in blades.values() if cost is not None) >= best
    assert costs["host failures", "N+0"] is not None and costs["host failures", "N+2"] is not None
    assert costs["host failures", "N+0"] < best < costs["host failures", "N+2"]
    assert costs["memory ceiling", "0.7"] >= best and costs["swap files", "auto"] <= best
    assert ("vCPUs a core", "4") not in costs and {("vCPUs a core", ratio) for ratio in "2368"} <= set(costs)
    assert costs["mechanism", "none"] < best
    assert costs["mechanism", "global-mirror"] is not None and costs["mechanism", "global-mirror"] >= best
    assert ("memory model", "included_full") in costs and ("host memory reserve", "16 GiB") in costs
    assert costs["datastores of a site", "at least 2"] >= best


def test_alternatives_keep_the_targets_and_say_what_they_give_up() -> None:
    vms = [vm(name="a", protection={"rpo": "15m", "rto": "4h"}), vm(name="b", protection={"rto": "15m"}), vm(name="c")]
    comparison = compare(origin(vms=vms, sites={"primary": "az05", "standby": "az07"}), plan_of)
    each = {(one.theme, one.name): one for one in comparison.alternatives}
    for name, group in (("vm-replication", "a"), ("global-mirror", "b")):
        mechanism = each["mechanism", name]
        assert mechanism.plan is None and mechanism.why.startswith(f"{group}: [DR-2]"), name
    assert each["mechanism", "none"].gives_up == ("protection, RPO, RTO of a", "protection, RTO of b")
    assert each["host failures", "N+0"].gives_up == ("host_failures 1",)
    assert each["host failures", "N+2"].gives_up == each["memory ceiling", "0.8"].gives_up == ()
    assert each["vCPUs a core", "6"].gives_up == ("vcpu_per_core 4",) and not each["vCPUs a core", "3"].gives_up
    assert each["memory model", "included_full"].gives_up == ("memory_model base128_plus_memory",)
    assert comparison.cheapest is None or not comparison.cheapest.gives_up


def test_without_protection_there_is_no_standby_either() -> None:
    vms = [vm(name="a", protection={"rto": "15m"}, standby="none"), vm(name="b", protection={"rto": "15m"})]
    asked = origin(vms=vms, sites={"primary": "az05", "standby": "az07"})
    edits = {name: edits for theme, name, edits in usual(asked, plan_of(asked)) if theme == "mechanism"}["none"]
    assert edits == dict.fromkeys(("vms[0].protection", "vms[0].standby", "vms[1].protection"))
    changed = cp.read_workload(edited(as_given(asked.workload, asked.edition), edits), asked.edition)
    assert given_up(asked.workload, changed) == ("protection, RTO",)


def test_the_headline_names_the_cheapest_that_keeps_all() -> None:
    comparison = compare(origin(), plan_of, ["policy.host_failures=0,2"])
    assert comparison.cheapest is None
    first = said(report(comparison, None).summary[2], "text")
    assert "ILLUSTRATIVE" in said(report(comparison, None).summary[0], "text")
    assert first == "No alternative that keeps every requirement costs less."
    dear = origin(policy={"blades": ["perf4:v3"]})
    comparison = compare(dear, plan_of, ["policy.blades=perf4:v3,eco:v3"])
    assert comparison.cheapest and comparison.cheapest.name == "blades eco:v3"
    assert "every requirement: blades eco:v3, " in said(report(comparison, None).summary[2], "text")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("vms.a.count", "1", "count 2"),
        ("vms.a.affinity", "null", "affinity x"),
        ("vms.a.anti_affinity", "null", "anti_affinity y"),
        ("vms.a.protection.rpo", "4h", "RPO 1h"),
        ("vms.a.protection.mechanism", "global-mirror", "mechanism vm-replication"),
        ("vms.a.protection.rpo", "15m", ""),
        ("vms.a.memory_gib", "1", "memory_gib 8"),
        ("policy.memory_ceiling", "0.85", "memory_ceiling 0.8"),
        ("policy.host_memory_reserve_gib", "0", "host_memory_reserve_gib 4"),
        ("vms.a.standby", "none", "standby"),
        ("vms.a.standby.vcpu_share", "0.25", "standby vcpu_share 0.5"),
        ("vms.a.standby", "null", ""),
        ("policy.standby.vcpu_share", "0.75", "vcpu_share 1"),
        ("term_months", "36", "term of 1 months"),
    ],
)
def test_what_a_changed_workload_gives_up(field: str, value: str, words: str) -> None:
    edition = cp.load_edition("2025-01-17")
    protection = {"rpo": "1h", "mechanism": "vm-replication"}
    mine = vm(name="a", count=2, affinity="x", anti_affinity="y", protection=protection, standby={"vcpu_share": 0.5})
    tree = workload(vms=[mine], sites=TWO, policy={"memory_ceiling": "0.8", "host_memory_reserve_gib": 4})
    _, _, edits = next(varied([f"{field}={value}"]))
    changed = cp.read_workload(edited(tree, edits), edition)
    assert given_up(cp.read_workload(tree, edition), changed) == ((words,) if words else ())


def test_what_only_widens_the_choice_is_never_dearer(shared: Path) -> None:
    """Each search has next to no time: alone it ends dearer than the plan as asked for, which was proven."""
    edition, memory = cp.load_edition("2025-01-17"), Memory()
    book = cp.load_prices(shared / "examples" / "prices.yaml", edition)
    tree = as_given(cp.read_workload(shared / "examples" / "real-571.yaml", edition), edition)
    asked = cp.read_workload(edited(tree, {"policy.blades": ["eco:v3"]}), edition)
    wider = cp.read_workload(edited(tree, {"policy.vcpu_per_core": "8"}), edition)
    first = optimise(asked, edition, book, memory=memory)
    alone = optimise(wider, edition, book, time_limit=0.001)
    found = optimise(wider, edition, book, memory=memory, time_limit=0.001)
    assert found.monthly <= first.monthly < alone.monthly
    assert found.lower_bound <= alone.monthly


def test_a_difference_within_the_gaps_is_not_proven() -> None:
    comparison = compare(origin(), plan_of, ["policy.host_failures=2,0"])
    base, (dear, cheap) = comparison.optimum.plan, comparison.alternatives
    assert base and dear.plan and cheap.plan and dear.is_proven(base) and cheap.is_proven(base)
    unsure = replace(dear, plan=dear.plan.model_copy(update={"lower_bound": base.monthly}))
    assert not unsure.is_proven(base)
    loose = base.model_copy(update={"lower_bound": cheap.plan.monthly})
    assert not cheap.is_proven(loose)
    told = report(replace(comparison, alternatives=(unsure, cheap)), None).parts[0]
    assert isinstance(told, Table) and [said(cell, "text") for cell in told.values("Proof")] == ["", "not proven", ""]
    assert said(told.values("Difference")[1], "text").startswith("≤ +")
    assert values(replace(comparison, alternatives=(unsure,)), None)["alternatives"][1]["difference_proven"] is False


def test_an_alternative_without_a_plan_says_why() -> None:
    comparison = compare(origin(vms=[vm(min_ghz="3.0")]), plan_of)
    eco = next(each for each in comparison.alternatives if each.name == "eco:v3")
    assert eco.plan is None and "CPU-3" in eco.why


def test_fields_are_varied_in_every_combination() -> None:
    asked = origin(vms=[vm(name="a", count=4, vcpus=16, memory_gib=16)])
    comparison = compare(
        asked, plan_of, ["policy.vcpu_per_core=1,4", "vms.a.count=4,8", "policy.blades=eco:v3+perf1:v3"]
    )
    names = [each.name for each in comparison.alternatives]
    assert names[0] == "vcpu_per_core 1, count 4, blades eco:v3+perf1:v3" and len(names) == 4
    dear, cheap = comparison.alternatives[0].plan, comparison.alternatives[2].plan
    assert dear and cheap and dear.monthly > cheap.monthly
    for vary, words in (
        ("policy.vcpu_per_core", "allowed: field=value,value"),
        ("vms[7].count=1", "there are 1 entries"),
        ("vms.b.count=1", "unknown name 'b'"),
        ("name.x=1", "nothing stands below"),
        ("policy.vcpu_per_cor=1", "did you mean 'vcpu_per_core'"),
        ("policy.vcpu_per_core=0", "allowed: vCPUs for each core > 0"),
    ):
        with bad_input() as faults:
            compare(asked, plan_of, [vary])
        assert words in "\n".join(map(str, faults)), vary
    with bad_input() as faults:
        compare(asked, plan_of, ["name=" + ",".join(map(str, range(30))), "policy.host_failures=" + "1," * 29 + "1"])
    assert "at most 500" in str(faults[0])


def test_editing_leaves_the_tree_as_it_was() -> None:
    tree = {"policy": {"blades": ["a"]}, "vms": [{"name": "x", "count": "1"}]}
    assert edited(tree, {"policy.blades": ["b"], "vms.x.count": "2", "sites.primary": "az05"}) == {
        "policy": {"blades": ["b"]},
        "vms": [{"name": "x", "count": "2"}],
        "sites": {"primary": "az05"},
    }
    assert tree == {"policy": {"blades": ["a"]}, "vms": [{"name": "x", "count": "1"}]}


def test_breakpoints_are_where_the_next_blade_comes() -> None:
    """A host holds 4 such VMs in its 326.4 GiB: 4 x 80.8 GiB fit, 4 x 81.6 GiB are too much by 3 MiB of rounding up."""
    asked = origin(vms=[vm(name="a", count=8, vcpus=1, memory_gib=80)], policy={"blades": ["eco:v3"]})
    best = plan_of(asked)
    found = breakpoints(asked, best, plan_of)
    assert found.hosts == 3 and found.fits_percent == 1
    assert found.next_plan and sum(c.hosts for c in found.next_plan.clusters) == 4
    assert found.saves_percent is not None and found.saving_plan
    assert sum(c.hosts for c in found.saving_plan.clusters) == 2
    tiny = origin()
    assert breakpoints(tiny, plan_of(tiny), plan_of).saves_percent is None


def test_bars_are_as_long_as_the_cost() -> None:
    assert bar(Decimal(100), Decimal(100)) == "█" * 8 and bar(Decimal(0), Decimal(100)) == ""
    assert bar(Decimal(50), Decimal(100)) == "█" * 4 and bar(Decimal(0), Decimal(0)) == ""


@pytest.mark.parametrize("shape", ["table", "markdown", "json", "html"])
def test_the_command_in_every_form(shape: str, tmp_path: Path, run: Callable[..., Ran]) -> None:
    path, book = tmp_path / "w.json", tmp_path / "p.json"
    path.write_text(json.dumps(workload(name="<b>x")))
    book.write_text(json.dumps(price_book()))
    ran = run(
        "compare", path, "--prices", book, "--vary", "policy.host_failures=0,1,2", "--breakpoints", "--format", shape
    )
    assert ran.status == 0
    if shape == "json":
        document = json.loads(ran.out)
        assert [each["hosts"] for each in document["alternatives"]] == [2, 1, 2, 3]
        assert document["breakpoints"]["saves_percent"] is None
    elif shape == "html":
        page = parsed(ran.out)
        assert "<b>x: compared" in "".join(page.texts) and "script" not in {tag for tag, _ in page.tags}
    else:
        assert "host_failures 2" in ran.out.replace("\\", "") and "saves no host" in ran.out


def test_alternatives_sized_side_by_side_are_those_sized_in_turn(tmp_path: Path, run: Callable[..., Ran]) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps(workload(vms=[vm(count=7), vm(name="b", vcpus=16, memory_gib=200)])))
    program = "import sys, os; os.sched_getaffinity = lambda _: {0, 1}; from cloudplan.cli import main; main()"
    command = ["compare", str(path), "--format", "json"]
    apart = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, check=True)
    in_turn = run(*command)  # this process has threads
    assert in_turn.status == 0 and apart.stdout == in_turn.out
