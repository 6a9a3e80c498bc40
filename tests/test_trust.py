"""Verify, diff and explain as commands: what a plan keeps and breaks, and what two plans differ in."""

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, by_hand, price_book, vm
from hypothesis import given
from hypothesis import strategies as st
from test_quote import dr_plan, planned  # noqa: F401 - a fixture

import cloudplan as cp
from cloudplan.analysis import explain
from cloudplan.analysis.allocation import allocation
from cloudplan.analysis.requote import difference
from cloudplan.evaluation import utilisation
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables.verify import exact_text
from cloudplan.sales.quote import quote

pytestmark = pytest.mark.usefixtures("solved_once")


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(plan: Plan | dict[str, Any], name: str = "plan.json") -> Path:
        text = plan.to_json() if isinstance(plan, Plan) else json.dumps(plan)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


# --- verify ------------------------------------------------------------------------------------------------------


def test_verify_tells_every_rule_with_its_slack(
    dr_plan: Plan,  # noqa: F811
    written: Callable[..., Path],
    run: Callable[..., Ran],
) -> None:
    ran = run("verify", written(dr_plan))
    assert ran.status == 0 and "keeps every rule" in ran.out and "VIOLATIONS" not in ran.out
    document = json.loads(run("verify", written(dr_plan), "--format", "json").out)
    assert document["holds"] and document["violations"] == [] and document["other_inputs"] == []
    rules = {check["rule"] for check in document["checks"]}
    assert {"CPU-1", "MEM-1", "MEM-2", "MEM-3", "HA-1", "LUN-3", "GM-2", "BKP-3", "BOM", "PROOF"} <= rules
    for check in document["checks"]:
        slack = Fraction(check["right"]) - Fraction(check["left"])
        assert Fraction(check["slack"]) == slack >= 0 and check["holds"]


def mutations() -> dict[str, Callable[[dict[str, Any]], None]]:
    def drop_host(tree: dict[str, Any]) -> None:
        tree["clusters"][0]["placement"].pop()

    def shave_memory(tree: dict[str, Any]) -> None:
        tree["clusters"][0]["memory_gib"] -= 200

    def shave_lun(tree: dict[str, Any]) -> None:
        tree["datastores"][0]["size_gib"] -= 100

    def duplicate_vm(tree: dict[str, Any]) -> None:
        placement = tree["clusters"][0]["placement"]
        name = next(iter(placement[0]))
        placement[0][name] += 1

    def swap_class(tree: dict[str, Any]) -> None:
        tree["datastores"][0]["class"] = "mass"

    def break_peer(tree: dict[str, Any]) -> None:
        next(store for store in tree["datastores"] if store["peer"])["peer"] = "nowhere"

    def change_price(tree: dict[str, Any]) -> None:
        tree["bom"][0]["unit_price"] = "1.00"

    def change_quantity(tree: dict[str, Any]) -> None:
        tree["bom"][0]["quantity"] += 1

    def claim_more(tree: dict[str, Any]) -> None:
        tree["lower_bound"] = "999999999.00"

    return {function.__name__: function for function in list(locals().values())}


@pytest.mark.parametrize("name", mutations())
def test_a_changed_plan_ends_with_status_4_and_says_all(
    name: str,
    dr_plan: Plan,  # noqa: F811
    written: Callable[..., Path],
    run: Callable[..., Ran],
) -> None:
    tree = json.loads(dr_plan.to_json())
    mutations()[name](tree)
    ran = run("verify", written(tree))
    assert ran.status == 4 and "VIOLATIONS" in ran.out
    document = json.loads(run("verify", written(tree), "--format", "json").out)
    assert not document["holds"] and document["violations"]
    assert all(not check["holds"] and Fraction(check["slack"]) < 0 for check in document["violations"])


def test_verify_for_other_inputs(
    dr_plan: Plan,  # noqa: F811
    written: Callable[..., Path],
    run: Callable[..., Ran],
    tmp_path: Path,
) -> None:
    book = tmp_path / "prices.json"
    book.write_text(json.dumps(price_book()))
    ran = run("verify", written(dr_plan), "--prices", book)
    assert ran.status == 4 and "another price book than" in ran.out
    edition = run("verify", written(dr_plan), "--catalog", "2026-04-30")
    assert "another catalogue than" in edition.out
    assert run("verify", tmp_path / "none.json").status == 2


@given(st.fractions())
def test_numbers_are_told_exactly(value: Fraction) -> None:
    assert Fraction(exact_text(value)) == value


# --- diff --------------------------------------------------------------------------------------------------------


def test_causes_sum_to_the_difference(written: Callable[..., Path], run: Callable[..., Ran]) -> None:
    before = planned(vms=[vm(name="a", count=6, memory_gib=64)])
    after = planned(
        price_book(items={"csp:(region):iaas:vmware:eco:v3": "700.00"}, name="newer"),
        vms=[vm(name="a", count=9, memory_gib=64)],
        policy={"host_failures": 2},
        catalog="2025-01-17",
    )
    first, second = written(before, "a.json"), written(after, "b.json")
    document = json.loads(run("diff", first, second, "--format", "json").out)
    assert document["schema"] == "cloudplan/diff/v1" and "plan" not in document
    assert Decimal(document["difference"]) == after.monthly - before.monthly
    causes = {entry["cause"]: Decimal(entry["difference"]) for entry in document["causes"]}
    assert sum(causes.values()) == after.monthly - before.monthly
    assert list(causes) == ["workload", "policy", "catalogue", "prices", "optimiser"]
    assert causes["workload"] > 0 and causes["policy"] > 0 and causes["catalogue"] == causes["optimiser"] == 0
    lines = sum(Decimal(line["difference"]) for line in document["lines"])
    assert lines == after.monthly - before.monthly
    for shape, words in (("table", "CAUSES"), ("markdown", "## Causes")):
        assert words in run("diff", first, second, "--format", shape).out
    back = json.loads(run("diff", second, first, "--format", "json").out)
    assert Decimal(back["difference"]) == -Decimal(document["difference"])


def test_a_line_that_stands_in_between_only_is_told(written: Callable[..., Path], run: Callable[..., Ran]) -> None:
    """The first policy with the second workload needs a blade that neither plan has."""
    before = planned(policy={"vcpu_per_core": 1}, vms=[vm(name="a", vcpus=2)])
    after = planned(policy={"vcpu_per_core": 8}, vms=[vm(name="a", vcpus=30)])
    text = run("diff", written(before, "a.json"), written(after, "b.json")).out
    assert "in between only" in text
    document = json.loads(run("diff", written(before, "a.json"), written(after, "b.json"), "--format", "json").out)
    gone = [line for line in document["lines"] if line["before"] is None and line["after"] is None]
    assert gone and all(Decimal(line["difference"]) == 0 for line in gone)
    assert all(sum(map(Decimal, line["by_cause"].values())) == 0 for line in gone)


def test_what_a_hand_did_is_the_second_optimisers(written: Callable[..., Path], run: Callable[..., Ran]) -> None:
    plan = planned(vms=[vm(name="a", count=6, memory_gib=64)])
    cluster, line = plan.clusters[0], next(line for line in plan.bom if "vmware" in line.sku)
    larger = {"hosts": cluster.hosts + 1, "memory_gib": cluster.memory_gib + 128}
    tree = json.loads(by_hand(plan, clusters=(cluster.model_copy(update=larger),)).to_json())
    other = written(tree, "b.json")
    assert run("verify", other).status == 0
    change = difference(plan, cp.read_plan(other))
    assert change.difference == change.moved_by(change.steps[-1]) == line.unit_price
    assert change.steps[-1].name == "the second optimiser"
    assert "the second plan beside the cheapest" in run("diff", written(plan), other).out
    tree["bom"][0]["quantity"] += 1
    assert run("diff", written(plan), written(tree, "c.json")).status == 2


# --- explain -----------------------------------------------------------------------------------------------------


def estates() -> list[Plan]:
    return [
        planned(),
        planned(vms=[vm(name="a", count=40, vcpus=7, memory_gib=33.5), vm(name="b", gpus=1), vm(name="c", pool="p")]),
        planned(policy={"host_failures": 0}, vms=[vm(name="a", powered_on=False), vm(name="b", count=3)]),
    ]


def test_what_vms_cost_sums_to_the_plan(dr_plan: Plan) -> None:  # noqa: F811
    for plan in (dr_plan, *estates()):
        case = quote(plan).case
        shares = explain.shares(case, plan)
        whole = sum(share.monthly * case.workload.groups[name].count for name, own in shares.items() for share in own)
        aside = sum(Fraction(line.monthly) for line in plan.bom if line.rule in ("zone", "extras"))
        assert whole + aside == Fraction(plan.monthly)
        assert explain.rest(case, plan, explain.shares(case, plan)) == aside
        assert all(share.monthly >= 0 for own in shares.values() for share in own)


def test_every_line_says_which_vms_it_comes_from(dr_plan: Plan) -> None:  # noqa: F811
    case = quote(dr_plan).case
    for line in dr_plan.bom:
        names = explain.groups_behind(case, dr_plan, line)
        assert bool(names) == (line.rule not in ("zone", "extras")), line
        if line.rule == "BKP-1":
            assert sum(case.workload.groups[name].count for name in names) == line.quantity
        if line.rule == "VMR-1":
            assert names == ["app"]


def test_what_decides_a_cluster() -> None:
    def decides(**fields: Any) -> str:
        plan = planned(**fields)
        case = quote(plan).case
        return explain.binding(utilisation.clusters(case, plan)[0], case)

    eco = {"policy": {"blades": ["eco:v3"]}}
    assert decides(**eco, vms=[vm(name="a", count=4, vcpus=40, memory_gib=8)]) == "CPU-1"
    assert decides(**eco, vms=[vm(name="a", count=4, vcpus=1, memory_gib=160)]) == "MEM-3"
    assert decides(**eco, vms=[vm(name="a", count=3, anti_affinity="x")]) == "AFF-2 (x on 3 hosts)"
    assert decides(**eco, vms=[vm(name="a", count=3, memory_gib=200)]).startswith("packing")


@pytest.fixture(scope="module")
def charged() -> Plan:
    """A plan whose groups have tags, pools and networks."""
    erp, networks = {"application": "erp"}, [{"name": "prod"}, {"name": "dmz", "sites": ["az07"]}]
    groups = [
        vm(name="app", count=3, tags=erp, os="linux", networks=["prod"], disks=[{"size_gib": 33.5}]),
        vm(name="db", pool="db", tags={**erp, "owner": "a"}, disks=[{"size_gib": 60, "class": "live", "iops": 7}]),
        vm(name="web", count=2, tags={"application": "a web"}, site="az07", networks=["prod", "dmz"]),
        vm(name="tools", protection={"rpo": "1h"}, standby="none"),
    ]
    policy = {"default_disk": {"class": "medium", "iops_per_gib": 1.5}}
    return planned(sites={"standby": "az07"}, networks=networks, policy=policy, vms=groups)


@pytest.mark.parametrize(
    ("by", "values"),
    [
        ("group", ["app", "db", "web", "tools"]),
        ("pool", ["db", "default"]),
        ("tag:application", ["a web", "erp", "without application"]),
        ("tag:owner", ["a", "without owner"]),
    ],
)
def test_who_pays_sums_to_the_plan(
    by: str, values: list[str], charged: Plan, written: Callable[..., Path], run: Callable[..., Ran]
) -> None:
    [table] = json.loads(run("explain", written(charged), "--by", by, "--format", "json").out)["parts"]
    rows = [list(row.values()) for row in table["rows"]]
    assert [row[0] for row in rows] == [*values, "what belongs to no VM", "the whole plan"]
    amounts = [Decimal(row[-2]) for row in rows]
    assert sum(amounts[:-1]) == amounts[-1] == charged.monthly
    assert sum(row[-3] or 0 for row in rows[:-1]) == rows[-1][-3] == 7
    case = quote(charged).case
    parts = allocation(case, charged, by)
    for part in parts[:-1]:
        own = sum(
            share.monthly * case.workload.groups[name].count
            for name in part.groups
            for share in explain.shares(case, charged)[name]
        )
        assert abs(Fraction(part.monthly) - own) < Fraction(1, 100)


@pytest.mark.parametrize("by", ["group", "pool", "tag:application"])
def test_spare_hosts_and_headroom_may_stand_apart(
    by: str, charged: Plan, written: Callable[..., Path], run: Callable[..., Ran]
) -> None:
    ran = run("explain", written(charged), "--by", by, "--spare", "apart", "--format", "json")
    [table] = json.loads(ran.out)["parts"]
    rows = {row[0]: Decimal(row[-2]) for row in (list(row.values()) for row in table["rows"])}
    assert list(rows)[-4:] == ["spare hosts", "headroom", "what belongs to no VM", "the whole plan"]
    assert sum(rows.values()) - rows["the whole plan"] == rows["the whole plan"] == charged.monthly
    case = quote(charged).case
    spare = sum(
        line.monthly / line.quantity * cluster.spare_hosts
        for cluster in charged.clusters
        for line in charged.bom
        if (line.site, line.sku) == (cluster.site, case.edition.blades[cluster.blade].sku.replace("(region)", "fr1"))
    )
    assert abs(rows["spare hosts"] - spare) <= Decimal("0.01") and rows["headroom"] > 0
    shared = {part.value: part.monthly for part in allocation(case, charged, by) if part.groups}
    used = {part.value: part.monthly for part in allocation(case, charged, by, "apart") if part.groups}
    assert set(shared) == set(used) and all(0 < used[value] < shared[value] for value in used)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--spare", "apart"], "--spare: allowed only with --by"),
        (["--by", "tag:aplication"], "--by: unknown tag 'aplication'; did you mean 'application'?"),
        (["--by", "site"], "--by: found 'site'; allowed: group, pool, or tag:NAME"),
        (["--by", "tag:"], "--by: found 'tag:'; allowed: group, pool, or tag:NAME"),
        (["db", "--by", "pool"], "SUBJECT: allowed only without --by"),
    ],
)
def test_who_pays_by_nothing_that_there_is(
    options: list[str], words: str, charged: Plan, written: Callable[..., Path], run: Callable[..., Ran]
) -> None:
    ran = run("explain", written(charged), *options)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_a_vm_is_explained_with_what_its_group_says(
    charged: Plan, written: Callable[..., Path], run: Callable[..., Ran]
) -> None:
    def notes(name: str) -> list[list[str]]:
        parts = json.loads(run("explain", written(charged), name, "--format", "json").out)["parts"]
        return [entry for part in parts for entry in part.get("notes", ())]

    assert notes("app-1")[2:] == [
        ["os: linux", ""],
        ["tag application: erp", ""],
        ["network prod", "stands at az05, az07"],
        ["disk 0: class medium", "policy.default_disk: the disk names none"],
        ["disk 0: 51 IOPS", "policy.default_disk, 1.5 IOPS a GiB: the disk gives none"],
    ]
    assert not any("policy.default_disk" in entry[1] for entry in notes("db"))
    assert ["standby: data only, no CPU and no memory", "rule DR-1: standby of the group: none"] in notes("tools")


def test_a_line_of_networks_comes_from_their_vms(charged: Plan) -> None:
    case = quote(charged).case
    lines = {line.site: line for line in charged.bom if line.rule == "NET-1"}
    assert {site: explain.groups_behind(case, charged, line) for site, line in lines.items()} == {
        "az05": ["app", "web"],
        "az07": ["web"],
    }


def test_explain_in_every_form(
    dr_plan: Plan,  # noqa: F811
    written: Callable[..., Path],
    run: Callable[..., Ran],
    tmp_path: Path,
) -> None:
    path = written(dr_plan)
    subjects = ["1", dr_plan.bom[0].sku, "MEM-2", "mem-2", "db", "web-1", dr_plan.clusters[0].name]
    subjects += [dr_plan.datastores[0].name]
    titles = ["a line", "a line", "rule MEM-2", "rule MEM-2", "VM db", "VM web-1", "cluster", "datastore"]
    for subject, title in zip(subjects, titles, strict=True):
        ran = run("explain", path, subject)
        assert ran.status == 0 and f"Explanation of {title}" in ran.out, subject
        document = json.loads(run("explain", path, subject, "--format", "json").out)
        assert document["schema"] == "cloudplan/explanation/v1" and document["parts"]
    assert (
        "WHAT VMS COST" in run("explain", path).out and "## Lines" in run("explain", path, "--format", "markdown").out
    )
    ran = run("explain", path, "webb")
    assert ran.status == 2 and "did you mean 'web'" in ran.err and "the number or SKU of a line" in ran.err
    source = tmp_path / "w.yaml"
    source.write_text("vms:\n  - name: web\n  - name: db\n")
    document = json.loads(run("explain", path, "db", "--workload", source, "--format", "json").out)
    assert f"In the workload: {source}:3." in document["summary"]
    source.write_text("name: x")
    assert run("explain", path, "db", "--workload", source).status == 2
