"""Roadmaps: the document of all phases, what ties them, and that nothing in it can be changed unseen."""

import importlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EDITION, Ran, price_book, vm, workload
from openpyxl import load_workbook
from pydantic import ValidationError
from roadmaps import STOPPED, asked_of, phase_by_phase
from test_rules import broken, covers

import cloudplan as cp
from cloudplan.cli.inputs import read_over_all
from cloudplan.evaluation.roadmap_document import Asked, roadmap_of_choices
from cloudplan.evaluation.verify import Verdict
from cloudplan.evaluation.verify_roadmap import verify_roadmap
from cloudplan.plan.origin import origin_of, read_roadmap
from cloudplan.plan.plan import Choice, Datastore, Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.plan.standing import existing_of
from cloudplan.rules.over_time import choices_stay

Tree = dict[str, Any]
Run = Callable[..., Ran]

GROWING = workload(
    sites={"standby": "az06"},
    term_months=24,
    horizon={"start": "2027-01", "months": 24, "growth": {"vms": "0.5", "storage": "0.2"}},
    existing={
        "clusters": [{"name": "old", "site": "az05", "pool": "default", "blade": "eco:v3", "hosts": 3}],
        "datastores": [{"site": "az05", "class": "live", "size_gib": 1000}],
    },
    policy={"default_disk": {"class": "medium"}, "blades": ["eco:v3", "standard:v3"]},
    vms=[
        vm(name="web", count=4, memory_gib=64),
        vm(name="db", count=2, memory_gib=96, protection={"mechanism": "global-mirror"}, growth={"vms": 0}),
        vm(name="campaign", pool="b", licences=["sql"], **{"from": "2027-07", "until": "2027-12"}),
    ],
)
SQL = {"sql": {"per": "core", "price": "10.00", "label": "SQL"}}
PRICES = price_book(licences=SQL, valid_until="2027-12-31")


@pytest.fixture(scope="module")
def asked(edition: cp.Edition) -> Asked:
    return asked_of(GROWING, PRICES, edition)


@pytest.fixture(scope="module")
def roadmap(asked: Asked) -> Roadmap:
    return phase_by_phase(asked)


@pytest.fixture
def file(roadmap: Roadmap, tmp_path: Path) -> Path:
    path = tmp_path / "roadmap.json"
    path.write_text(roadmap.to_json(), encoding="utf-8")
    return path


def verdict_of(roadmap: Roadmap) -> Verdict:
    origin = origin_of(roadmap)
    return verify_roadmap(roadmap, origin.workload, origin.edition, origin.prices)


@pytest.fixture(scope="module")
def checker(shared: Path) -> Any:
    sys.path.insert(0, str(shared / "tools"))
    try:
        return importlib.import_module("check_roadmap")
    finally:
        sys.path.pop(0)


def test_a_roadmap_keeps_every_rule_and_the_checker_agrees(roadmap: Roadmap, checker: Any, shared: Path) -> None:
    verdict = verdict_of(roadmap)
    assert verdict.holds, verdict.faults()
    assert {"TIME-1", "TIME-2", "TIME-3", "TIME-4", "EXI-1", "EXI-2"} <= {check.rule.id for check in verdict.checks}
    facts = json.loads((shared / "tools" / f"facts-{EDITION}.json").read_text(encoding="utf-8"))
    plain = json.loads(json.dumps(GROWING, default=str))
    assert checker.check(facts, plain, json.loads(json.dumps(PRICES, default=str)), json.loads(roadmap.to_json())) == []


def test_a_roadmap_is_read_as_it_was_written(roadmap: Roadmap, file: Path) -> None:
    assert read_roadmap(file) == roadmap
    assert [phase.from_ for phase in roadmap.phases] == ["2027-01", "2027-07", "2028-01"]
    assert roadmap.total == sum(phase.months * phase.plan.cost for phase in roadmap.phases)
    assert roadmap.phase_at("2027-08") is roadmap.phases[1] and roadmap.phase_at("2031-01") is roadmap.phases[-1]


def test_a_phase_says_of_what_its_search_was_a_part(roadmap: Roadmap) -> None:
    searches = [phase.plan.search for phase in roadmap.phases if phase.plan.status == "feasible"]
    assert {(each.ended, each.of) for each in searches if each} == {("budget", "roadmap")}
    assert roadmap.search and "of" not in json.loads(roadmap.to_json())["search"]


def test_what_the_reader_must_know_is_said(roadmap: Roadmap) -> None:
    codes = [finding.code for finding in roadmap.findings]
    assert {"prices-constant", "prices-outside-dates", "illustrative-prices"} <= set(codes)
    assert "term-shorter-than-horizon" not in codes


def test_orders_owe_what_their_term_has_left(roadmap: Roadmap) -> None:
    """A term as long as the horizon: the second and the third phase owe 6 and 12 months of what they add."""
    assert [phase.owed_after > 0 for phase in roadmap.phases] == [False, True, True]
    third = roadmap.phases[2]
    prices = {(line.site, line.sku): line.unit_price for line in third.plan.bom}
    added = [(each, each.after - (each.before or 0)) for each in third.changes if each.sku]
    cents = [(prices[each.site, each.sku or ""] * more).quantize(Decimal("0.01")) for each, more in added if more > 0]
    assert third.owed_after == 12 * sum(cents)
    assert roadmap.owed_after == sum(phase.owed_after for phase in roadmap.phases)


# --- the search, and the command --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cases(shared: Path) -> dict[str, Tree]:
    """The roadmaps from outside, by name."""
    lines = (shared / "examples" / "roadmap-cases.jsonl").read_text(encoding="utf-8").splitlines()
    listed = [json.loads(line) for line in lines]
    return {each["id"]: each for each in listed if "horizon:" in each["workload"]}


def planned(run: Run, given: Tree, folder: Path, *options: object) -> Ran:
    """Return the run of the command for a case, its files in a folder."""
    for name in ("workload", "prices"):
        (folder / f"{name}.yaml").write_text(given[name], encoding="utf-8")
    return run("roadmap", folder / "workload.yaml", "--prices", folder / "prices.yaml", *options)


@pytest.mark.parametrize("name", ["road-72", "road-76", "road-1062"])
def test_optima_from_outside_are_met(
    name: str, cases: dict[str, Tree], run: Run, tmp_path: Path, checker: Any, shared: Path
) -> None:
    given, file = cases[name], tmp_path / "r.json"
    assert planned(run, given, tmp_path, "-o", file).status == 0
    made, (wanted, prices) = read_roadmap(file), (yaml.safe_load(given[each]) for each in ("workload", "prices"))
    assert abs(made.total - Decimal(given["exact"])) <= Decimal("0.005") * made.lines
    assert made.status == "optimal" and made.lower_bound <= Decimal(given["exact"])
    facts = json.loads((shared / "tools" / f"facts-{wanted['catalog']}.json").read_text(encoding="utf-8"))
    assert checker.check(facts, wanted, prices, json.loads(made.to_json()), given["exact"]) == []
    assert run("verify", file).status == run("verify", file, "--workload", tmp_path / "workload.yaml").status == 0


def test_what_is_bad_or_has_no_plan_is_told(cases: dict[str, Tree], run: Run, tmp_path: Path) -> None:
    refused = {name: each for name, each in cases.items() if each["result"] != "optimal"}
    assert len(refused) >= 6
    for name, given in refused.items():
        ran = planned(run, given, tmp_path, "-o", tmp_path / "none.json")
        assert ran.status in given["exit"] and ran.faults and not (tmp_path / "none.json").exists(), name


def test_a_roadmap_is_shown_in_both_languages(cases: dict[str, Tree], run: Run, tmp_path: Path) -> None:
    ran = planned(run, cases["road-30"], tmp_path, "--lang", "fr")
    assert "feuille de route" in ran.out and "Hôtes standard:v3, az05" in ran.out and "EUR en 24 mois" in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())


def test_one_phase_is_explained(file: Path, run: Run) -> None:
    assert "small@2027-01" in run("explain", file).out
    assert "Explanation of VM campaign" in run("explain", file, "campaign", "--at", "2027-08").out
    assert run("explain", file, "campaign").status == 2  # it does not stand yet
    assert "allowed: a month from 2027-01 to 2028-12" in run("explain", file, "--at", "2029-01").err


def test_a_phase_lasts_under_the_growth_of_the_horizon(file: Path, run: Run) -> None:
    ran = run("explain", file, "--headroom", "--at", "2028-02", "--fit", "2x8")
    assert ran.status == 0 and "from 2028-12 on; growth a year: VMs 50 %, storage 20 %" in ran.out


def test_each_phase_orders_only_what_is_new(roadmap: Roadmap, file: Path, run: Run) -> None:
    told = json.loads(run("orders", file, "--format", "json").out)
    hosts: Counter[str] = Counter(old=3)  # of the existing cluster
    memory: dict[str, int] = {}
    for phase, ordered in zip(roadmap.phases, told["phases"], strict=True):
        contents = [step["content"] for step in (*ordered["orders"], *ordered["requests"])]
        for content in contents:
            hosts[content.get("cluster", "")] += content.get("hosts", 0)
            memory |= {content["cluster"]: content["memory_gib"]} if "memory_gib" in content else {}
        assert all(hosts[each.name] == each.hosts for each in phase.plan.clusters), phase.from_
        assert all(memory[each.name] == each.memory_gib for each in phase.plan.clusters), phase.from_
        sizes = {each.size_gib for each in phase.plan.datastores}
        assert {lun["size_gib"] for content in contents for lun in content.get("datastores", ())} <= sizes
    assert [each["from"] for each in told["phases"]] == ["2027-01", "2027-07", "2028-01"]
    assert "À commander en 2027-07" in run("orders", file, "--lang", "fr").out


def test_the_orders_of_all_phases_are_a_workbook_and_files_for_terraform(
    roadmap: Roadmap, file: Path, run: Run, tmp_path: Path
) -> None:
    book, folder = tmp_path / "orders.xlsx", tmp_path / "tf"
    assert run("orders", file, "-o", book, "--tfvars", folder, "--lang", "fr").status == 0
    told = json.loads(run("orders", file, "--format", "json").out)
    steps = load_workbook(book)["Déroulement"]
    listed = Counter(row[0] for row in steps.iter_rows(min_row=2, values_only=True) if row[1])
    assert listed == {each["from"]: len(each["orders"]) + len(each["requests"]) for each in told["phases"]}
    months = [phase.from_ for phase in roadmap.phases]
    vms = [json.loads((folder / f"{month}-vms.tfvars.json").read_text(encoding="utf-8"))["vms"] for month in months]
    assert [len(each) for each in vms] == [len(group_names(phase.plan)) for phase in roadmap.phases]
    beside = [(folder / f"{month}-beside-terraform.md").read_text(encoding="utf-8") for month in months]
    assert "Nouveautés" not in beside[0] and "nouvelles VM" in beside[1] and "campaign" in beside[1]
    assert "supprimées : Terraform les détruit | campaign" in " ".join(beside[2].split())
    assert "disque 0 : 72 → 86,4 Gio" in " ".join(beside[2].split())
    assert run("orders", file, "--tfvars", folder).status == 2
    assert run("orders", file, "--tfvars", folder, "--force").status == 0


def group_names(plan: Plan) -> list[str]:
    return [name for group in plan.inputs.workload["vms"] for name in group["names"]]


def test_a_forged_roadmap_is_refused(roadmap: Roadmap, file: Path, run: Run, tmp_path: Path) -> None:
    tree = json.loads(roadmap.to_json())
    tree["total"] = "1.00"
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(tree), encoding="utf-8")
    assert run("diff", file, forged).status == 2
    ran = run("verify", forged)
    assert ran.status == 4 and "total" in ran.out and run("verify", file, "--lang", "fr").status == 0


def test_the_phase_at_the_start_stands_already(asked: Asked, roadmap: Roadmap, file: Path, tmp_path: Path) -> None:
    for horizon, wanted in (({"start": "2027-09", "months": 6}, 1), ({"start": "2032-01", "months": 6}, 2), (None, 2)):
        tree = {name: each for name, each in GROWING.items() if name not in ("existing", "horizon")}
        tree |= {"vms": GROWING["vms"][:1], **({"horizon": horizon} if horizon else {})}
        (tmp_path / "w.json").write_text(json.dumps(tree), encoding="utf-8")
        origin, _ = read_over_all(tmp_path / "w.json", None, None, None, file)
        assert origin.workload.existing == existing_of(roadmap.phases[wanted].plan)


# --- what ties the phases ---------------------------------------------------------------------------------------------


def remade(asked: Asked, roadmap: Roadmap, number: int, **choice: Any) -> Roadmap:
    """Return the roadmap of the same choices but for some of a phase, its document made anew."""
    choices = [phase.plan.choice for phase in roadmap.phases]
    choices[number] = choices[number].model_copy(update=choice)
    none = [Fraction(0) for _ in choices]
    return roadmap_of_choices(asked, choices, bound=Fraction(0), phase_bounds=none, ended=STOPPED, pinned=True, on=None)


def larger(roadmap: Roadmap, number: int) -> dict[str, Any]:
    """Return clusters and datastores of a phase, one host and one datastore more."""
    plan = roadmap.phases[number].plan
    cluster, *rest = plan.clusters
    more = {"hosts": cluster.hosts + 1, "memory_gib": cluster.memory_gib + 128}
    store = Datastore.model_validate(
        {"name": "spare", "site": "az05", "class": "ultra", "size_gib": 500, "disks": (), "vswp": {}}
    )
    return {
        "clusters": (cluster.model_copy(update=more), *rest),
        "datastores": (*plan.datastores, store),
    }


@covers("TIME-2", "TIME-3")
@pytest.mark.parametrize(("field", "rule"), [("clusters", "TIME-2"), ("datastores", "TIME-3")])
def test_what_was_bought_stays(field: str, rule: str, asked: Asked, roadmap: Roadmap) -> None:
    bought = {field: larger(roadmap, 1)[field]}
    made = remade(asked, roadmap, 1, **bought)
    assert broken(verdict_of(made).checks) == {rule}
    kept = remade(asked, roadmap, 2, **{field: larger(roadmap, 2)[field]})
    assert verdict_of(kept).holds
    loose = asked_of({**GROWING, "horizon": {**GROWING["horizon"], "shrink": True}}, PRICES, asked.edition)
    assert verdict_of(remade(loose, roadmap, 1, **bought)).holds


@covers("TIME-1")
def test_the_phases_are_those_of_the_horizon(asked: Asked, roadmap: Roadmap) -> None:
    later = asked.workload.model_copy(update={"name": "other"})
    assert broken(verdict_of(roadmap).checks) == set()
    verdict = verify_roadmap(roadmap, later, asked.edition, asked.book)
    assert "TIME-1" in broken(verdict.checks)
    first, second, third = roadmap.phases
    for phases in ([first, third], [first, second.model_copy(update={"months": 5}), third]):
        made = roadmap.model_copy(update={"phases": tuple(phases)})
        assert broken(verdict_of(made).checks) >= {"TIME-1"}


def a_choice(storage_class: str, swap: str | None = None, mechanism: str = "vm-replication") -> Choice:
    """Return the choice of one VM with a disk of a class, its swap file with it or on a datastore of its own."""
    disk = {"vm": "a", "disk": 0, "count": 1}
    stores = [
        {"name": "one", "site": "az05", "class": storage_class, "size_gib": 500, "disks": [disk]},
        {"name": "two", "site": "az05", "class": swap or "mass", "size_gib": 500, "disks": []},
    ]
    for store, holds in zip(stores, (swap is None, swap is not None), strict=True):
        store["vswp"] = {"a": 1} if holds else {}
    return Choice.model_validate({"clusters": [], "datastores": stores, "protection": {"a": mechanism}})


@covers("TIME-4")
@pytest.mark.parametrize(
    ("choices", "places"),
    [
        ([a_choice("live"), a_choice("live")], []),
        ([a_choice("live"), a_choice("medium")], ["phase 2, class of a disk 0"]),
        ([a_choice("live", mechanism="global-mirror"), a_choice("live")], ["phase 2, mechanism of a"]),
        ([a_choice("live", "mass"), a_choice("live")], ["phase 2, swap of a at az05"]),
        ([a_choice("live", "live"), a_choice("live")], []),  # may be with disk 0 or on its class
        ([a_choice("live", "live"), a_choice("live"), a_choice("live", "medium")], ["phase 3, swap of a at az05"]),
    ],
)
def test_choices_stay(choices: list[Choice], places: list[str]) -> None:
    checks = [*choices_stay((str(number), choice) for number, choice in enumerate(choices, start=1))]
    assert sorted(check.place for check in checks if not check.holds) == places


# --- nothing is changed unseen ----------------------------------------------------------------------------------------


def shapes(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each leaf, of lists all entries."""
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    if not children:
        yield path
    for key, child in children:
        yield from shapes(child, (*path, key))


def other(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value[:-1]}{'2' if value.endswith('1') else '1'}"
    return ["more"] if isinstance(value, list) else {"more": 1}


def changed(tree: Tree, path: tuple[Any, ...]) -> Tree:
    """Return a tree with another value at a path; what is not on the way is shared."""
    made: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    made[path[0]] = changed(tree[path[0]], path[1:]) if len(path) > 1 else other(tree[path[0]])
    return made  # type: ignore[no-any-return]


def sampled(tree: Tree) -> list[tuple[Any, ...]]:
    """Return a leaf of each shape: fields of entries of lists once, a tenth of those of the plan of one phase.

    Every field of a plan is asked for in the tests of plans.
    """
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for path in shapes(tree):
        if path[:1] == ("phases",) and path[1] != 1:
            continue
        found.setdefault(tuple("*" if isinstance(step, int) else step for step in path), path)
    inner = [path for path in found.values() if path[0] == "phases" and path[2] == "plan"]
    return [*(path for path in found.values() if path not in inner), *inner[::10]]


def is_seen(tree: Tree) -> bool:
    try:
        return not verdict_of(Roadmap.model_validate(tree)).holds
    except (ValidationError, cp.BadInputError):
        return True


def test_whatever_is_changed_is_seen(roadmap: Roadmap) -> None:
    tree = json.loads(roadmap.to_json())
    paths = sampled(tree)
    assert len(paths) > 100
    unseen = [path for path in paths if not is_seen(changed(tree, path))]
    assert unseen == [("search", "said")]  # the search ended before its proof, and only it knows why
    assert verdict_of(roadmap).not_checked == ("lower_bound", "status", "gap", "search")


@pytest.mark.parametrize(
    "path", ["phases", "phases.1.changes", "phases.2.plan.clusters", "phases.2.plan.bom", "findings"]
)
def test_whatever_is_left_out_is_seen(path: str, roadmap: Roadmap) -> None:
    tree = json.loads(roadmap.to_json())
    inner: Any = tree
    for step in path.split("."):
        inner = inner[int(step) if step.isdigit() else step]
    inner.pop()
    assert is_seen(tree)
