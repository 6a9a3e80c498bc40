"""The order pack: placed at the simulated form in any order that its graph allows, just the plan stands."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from conftest import GOLDEN, REPOSITORY, Ran, price_book, vm, workload
from hypothesis import given
from hypothesis import strategies as st
from order_form import Form, RefusedError, ancestors, place, refuse_two_at_once
from test_quote import dr_plan, planned  # noqa: F401 - a fixture

import cloudplan as cp
from cloudplan.evaluation.bom import bill
from cloudplan.evaluation.document import document as plan_document
from cloudplan.plan.plan import Choice, Plan, Search
from cloudplan.presentation.tables.orders import Head, values
from cloudplan.rules.orders import portions
from cloudplan.sales.orders import orders
from cloudplan.sales.quote import quote
from cloudplan.sales.requests import further_requests
from cloudplan.sales.steps import Queue
from cloudplan.sales.terms import Terms
from cloudplan.workload.case import Case
from cloudplan.workload.phases import sized_alone

pytestmark = pytest.mark.usefixtures("solved_once")

NOT_ORDERED = ("network:vlan", "iaas:az")
"""What of the extras has a field of its own in a form."""


EXAMPLES = sorted(path.stem for path in GOLDEN.glob("*.json"))


def document(plan: Plan) -> dict[str, Any]:
    made = quote(plan)
    found = orders(made.case, made.plan.choice, made.plan.backup)
    plain: dict[str, Any] = json.loads(json.dumps(values(found, plan.workload.name, Head.of(plan, Terms()))))
    return plain


@given(st.integers(1, 10_000), st.integers(1, 50), st.data())
def test_portions_add_up_within_their_limits(total: int, most: int, data: st.DataObject) -> None:
    least = data.draw(st.integers(1, (most + 1) // 2))
    sizes = portions(total, most, least)
    assert sum(sizes) == total and max(sizes) <= most and len(sizes) == -(-total // most)
    assert total < least or min(sizes) >= least


# --- every plan can be placed -----------------------------------------------------------------------------------------


def placed(plan: Plan, times: int = 3) -> dict[str, Any]:
    """Place the orders of a plan several times; return their document. Just the plan stands each time."""
    found = document(plan)
    numbers = sorted(step["number"] for step in (*found["orders"], *found["requests"]))
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(max(step["after"], default=0) < step["number"] for step in (*found["orders"], *found["requests"]))
    refuse_two_at_once(found)
    for seed in range(times):
        stands_as_planned(place(found, seed), plan)
    return found


def stands_as_planned(form: Form, plan: Plan) -> None:
    inputs = plan.inputs.workload
    assert form.clusters == {
        item.name: {"site": item.site, "blade": item.blade, "hosts": item.hosts, "memory_gib": item.memory_gib}
        for item in plan.clusters
    }
    assert form.datastores == {
        item.name: {"site": item.site, "class": item.storage_class, "size_gib": item.size_gib}
        for item in plan.datastores
    }
    assert {site: size for site, size in form.backup.items() if size} == {
        target.site: target.tib * 1024 for target in plan.backup if target.tib
    }
    assert not form.without_storage & {target.site for target in plan.backup if target.tib}
    assert form.highly_available == {item.name for item in plan.clusters if item.spare_hosts}
    networks_stand(form, plan)
    extras = Counter[tuple[str, str]]()
    for extra in inputs.get("extras", ()):
        extras[extra["sku"], extra["site"]] += extra["quantity"]
    for (sku, site), count in extras.items():
        if "network:ipv4:v2" in sku:
            assert form.items[sku, site] + form.addresses[site] == count
        elif not any(part in sku for part in NOT_ORDERED):
            assert form.items[sku, site] == count, sku
        if "iaas:az" in sku:
            assert site in form.zones
    groups = {group["name"]: group for group in inputs["vms"]}
    names = {name: group["names"] for name, group in groups.items()}
    assert set(form.policies) == {vm for listed in names.values() for vm in listed}
    for name, mechanism in plan.protection.items():
        sites = inputs["sites"]
        other = sites["standby"] if groups[name]["site"] == sites["primary"] else sites["primary"]
        assert set(names[name]) <= form.tested
        assert {form.replicated.get(vm) for vm in names[name]} == {other if mechanism == "vm-replication" else None}
    assert len(form.replicated) == sum(
        len(names[name]) for name, mechanism in plan.protection.items() if mechanism == "vm-replication"
    )
    pairs = {frozenset(pair) for pair in form.pairs}
    assert pairs == {frozenset((item.name, item.peer)) for item in plan.datastores if item.peer}
    assert form.encrypted == {vm for name, group in groups.items() if group["encrypted"] for vm in names[name]}
    assert_reached(form, plan, groups)


def networks_stand(form: Form, plan: Plan) -> None:
    """Assert that each network was created, and reaches every cluster of each of its zones; VLANs have all zones."""
    inputs = plan.inputs.workload
    vlans = sum(extra["quantity"] for extra in inputs.get("extras", ()) if "network:vlan" in extra["sku"])
    zones = {item.site for item in plan.clusters}
    wanted = {network["name"]: set(network["sites"]) for network in inputs.get("networks", ())}
    wanted |= {f"vlan-{number}": zones for number in range(1, vlans + 1)}
    assert form.networks == wanted.keys()
    assert form.propagated == {
        (name, item.name) for name, sites in wanted.items() for item in plan.clusters if item.site in sites
    }


def assert_reached(form: Form, plan: Plan, groups: dict[str, Any]) -> None:
    """Assert that the cluster of every VM reaches its datastores, dealt as the contract of plans says."""
    for site in {item.site for item in plan.clusters}:
        runs: dict[str, list[str]] = {}
        for cluster in plan.clusters:
            for host in cluster.placement if cluster.site == site else ():
                for name, count in host.items():
                    runs.setdefault(name, []).extend([cluster.name] * count)
        disks: dict[tuple[str, int], list[str]] = {}
        for store in plan.datastores:
            copy = store.peer and all(groups[disk.vm]["site"] != site for disk in store.disks)
            for disk in store.disks if store.site == site else ():
                disks.setdefault((disk.vm, disk.disk), []).extend(["" if copy else store.name] * disk.count)
        for (name, _), stores in disks.items():
            for store_name, cluster_name in zip(stores, runs.get(name, ()), strict=False):
                assert not store_name or cluster_name in form.reach[store_name]


def golden_plan(name: str) -> Plan:
    """Return the plan of an example as it is kept, without solving it again."""
    edition = cp.load_edition("2025-01-17")
    wanted = sized_alone(cp.read_workload(REPOSITORY / "examples" / f"{name}.yaml", edition), edition)
    kept = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    asked = Case.of(wanted, edition, cp.load_prices())
    chosen = Choice(**{key: kept[key] for key in ("clusters", "datastores", "protection")})
    ended = Search(ended="budget", said="kept")
    return plan_document(asked, chosen, bill(asked, chosen), lower_bound=Decimal(0), ended=ended, pinned=True, on=None)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_orders_of_an_example_can_be_placed(name: str) -> None:
    plan = golden_plan(name)
    found = placed(plan, times=20)
    if len(plan.datastores) == 1:  # the form takes two or more: the zone is a request
        assert found["orders"] == [] and found["requests"]
        return
    first = found["orders"][0]
    assert first["kind"] == "new zone" and len(first["content"]["datastores"]) >= 2


@pytest.mark.parametrize("name", ["erp-dr", "gpu-lab", "web-shop", "real-571"])
def test_the_orders_of_a_shared_example_can_be_placed(name: str, shared: Path) -> None:
    edition = cp.load_edition("2025-01-17")
    wanted = cp.read_workload(shared / "examples" / f"{name}.yaml", edition)
    found = placed(cp.optimise(wanted, edition, cp.load_prices(), gap=0.2))
    asked = Counter(step["kind"] for step in found["requests"])
    if name == "gpu-lab":  # the form has neither PERFORMANCE 4 nor Enterprise
        assert asked["new cluster"] == asked["datastores"] == 1
    if name == "real-571":
        assert Counter(step["kind"] for step in found["orders"])["backup storage"] >= 1


# --- what a form takes, and what it does not --------------------------------------------------------------------------


def kinds(found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the steps by kind; requests bear an exclamation mark."""
    listed: dict[str, list[dict[str, Any]]] = {}
    for mark, steps in (("", found["orders"]), ("!", found["requests"])):
        for step in steps:
            listed.setdefault(f"{mark}{step['kind']}", []).append(step)
    return listed


def test_a_plan_with_two_sites(dr_plan: Plan) -> None:  # noqa: F811
    found = kinds(placed(dr_plan))
    zones = [step["site"] for step in found["new zone"]]
    assert zones == ["az05", "az07"]
    (mirror,), (replication,), (test,) = found["!Global Mirror"], found["!VM replication"], found["!DR test"]
    assert (mirror["site"], mirror["content"]["target"]) == ("az05", "az07")
    assert replication["site"] == replication["content"]["target"] == "az07"
    assert set(test["after"]) >= {mirror["number"], replication["number"]}
    assert mirror["fields"]["Organisation"] == "Customer SA" and mirror["fields"]["Phone"] is None
    policy = next(step for step in found["!backup policy"] if step["site"] == "az05")
    assert [policy["fields"][name] for name in ("Days", "Weeks", "Months")] == [7, 4, 0]


def test_replication_is_asked_for_once_for_each_zone_that_holds_replicas() -> None:
    wish = {"mechanism": "vm-replication"}
    groups = [vm(name=f"at-{site}", site=site, count=2, protection=wish) for site in ("az05", "az06", "az07")]
    found = kinds(placed(planned(sites={"primary": "az05", "standby": "az07"}, vms=groups)))
    asked = {step["site"]: step["content"]["vms"] for step in found["!VM replication"]}
    assert asked == {"az07": ["at-az05-1", "at-az05-2"], "az05": ["at-az06-1", "at-az06-2", "at-az07-1", "at-az07-2"]}
    assert [step["site"] for step in found["!DR test"]] == ["az05", "az07"]


def test_a_large_plan_takes_several_orders_of_a_kind() -> None:
    plan = planned(vms=[vm(name="a", count=300, vcpus=8, memory_gib=64, disks=[{"size_gib": 1500}])])
    found = kinds(placed(plan))
    assert found["hosts"] and found["datastores"]
    limits = {
        finding.subject: finding.values.get("orders") for finding in plan.findings if finding.code == "order-limit"
    }
    assert limits["az05"] == 1 + len(found["datastores"])


def test_memory_that_the_form_keeps_for_the_hypervisor_is_asked_for() -> None:
    policy = {"blades": ["eco:v3"], "host_failures": 0, "min_datastores": 2}
    found = kinds(placed(planned(vms=[vm(memory_gib=320, count=2)], policy=policy)))
    (zone,), (request,) = found["new zone"], found["!memory"]
    hosts = zone["content"]["hosts"]
    assert zone["content"]["memory_gib"] == hosts * 368 < request["content"]["memory_gib"] <= hosts * 384
    assert request["after"] == [zone["number"]]


def test_what_is_below_a_minimum_is_a_request() -> None:
    found = kinds(placed(planned(policy={"host_failures": 0})))
    (zone,) = found["!new zone"]
    assert "new zone" not in found and len(zone["notes"]) == 2
    assert "2 hosts or more" in zone["notes"][0] and "2 datastores or more" in zone["notes"][1]
    assert "!High Availability" not in found


@pytest.mark.parametrize("count", [20, 45])
def test_networks_are_created_once_and_reach_every_cluster(count: int) -> None:
    extras = [
        {"sku": "csp:(region):network:vlan:v1", "quantity": count, "site": "az05"},
        {"sku": "csp:(region):network:ipv4:v2", "quantity": 11},
        {"sku": "csp:tenant:v1", "quantity": 1, "site": "az05"},
        {"sku": "csp:(region):iaas:az:v1", "quantity": 1, "site": "az06"},
    ]
    groups = [vm(), vm(name="b", pool="other"), vm(name="c", site="az07")]
    found = kinds(placed(planned(extras=extras, vms=groups, policy={"min_datastores": 2})))
    assert sum(len(step["content"].get("networks", ())) for step in found["new zone"]) == 20
    assert len(found.get("networks", ())) == -(-(count - 20) // 20)
    assert found["new zone"][0]["content"]["addresses"] == 8 and found["other items"][0]["content"]["quantity"] == 3
    assert len(found["!new zone"]) == 1
    assert found["new zone"][0]["after"] == [found["!tenant"][0]["number"]] == [1]


def test_networks_reach_the_clusters_of_their_own_zones_only() -> None:
    networks = [{"name": "prod", "sites": ["az05", "az07"]}, {"name": "lab", "sites": ["az07"]}]
    networks += [{"name": f"n{number}", "sites": ["az05"]} for number in range(25)]
    networks.append({"name": "elsewhere", "sites": ["az06"]})
    groups = [vm(networks=["prod"]), vm(name="b", pool="other"), vm(name="c", site="az07", networks=["lab"])]
    sites = {"primary": "az05", "standby": "az07", "backup": "az06"}
    found = kinds(placed(planned(networks=networks, vms=groups, sites=sites, policy={"min_datastores": 2})))
    created = [
        name for step in (*found["new zone"], *found["networks"]) for name in step["content"].get("networks", ())
    ]
    assert sorted(created) == sorted(network["name"] for network in networks)
    assert {step["content"]["cluster"] for step in found["network propagation"]} == {"az05-default-1", "az05-other-1"}


def test_a_zone_that_holds_data_only_is_asked_for() -> None:
    group = vm(protection={"mechanism": "global-mirror"}, standby="none", networks=["prod"])
    sites = {"primary": "az05", "standby": "az07"}
    plan = planned(vms=[group], sites=sites, networks=[{"name": "prod"}], policy={"min_datastores": 2})
    found = kinds(placed(plan))
    assert {item.site for item in plan.clusters} == {"az05"}
    (zone,) = found["!new zone"]
    assert zone["site"] == "az07" and "cluster" not in zone["content"] and "with a cluster only" in zone["notes"][0]


@pytest.mark.parametrize("name", ["fuzz-32", "fuzz-62", "fuzz-92"])
def test_zones_that_are_asked_for_come_before_what_needs_them(name: str, shared: Path) -> None:
    """Zones by request, VMs that are off where no cluster is, policies of which nothing is stored."""
    lines = (shared / "examples" / "tiny-cases.jsonl").read_text(encoding="utf-8").splitlines()
    kept = next(found for found in map(json.loads, lines) if found["id"] == name)
    edition = cp.load_edition("2025-01-17")
    wanted = cp.read_workload(yaml.safe_load(kept["workload"]), edition)
    prices = cp.load_prices(yaml.safe_load(kept["prices"]) if kept["prices"] else None, edition)
    found = placed(cp.optimise(wanted, edition, prices, gap=0.2), times=10)
    assert name == "fuzz-62" or any(step["kind"] == "new zone" for step in found["requests"])


def test_links_are_asked_for() -> None:
    edition, link = cp.load_edition("2026-04-30"), "csp:(region):network:epl:1g:v1"
    wanted = workload(catalog="2026-04-30", extras=[{"sku": link, "quantity": 2}], policy={"min_datastores": 2})
    prices = cp.load_prices(price_book(items={link: "900"}), edition)
    found = kinds(placed(cp.optimise(cp.read_workload(wanted, edition), edition, prices)))
    (request,), (zone,) = found["!link"], found["new zone"]
    assert request["content"]["quantity"] == 2 and request["after"] == [zone["number"]]


def test_datastores_never_stand_alone_in_an_order_when_they_need_not() -> None:
    # eleven LUNs of one class and one of each of two more: the zone takes those two, and eight
    disks = [{"size_gib": 17_000, "class": "live"}]
    groups = [vm(name="a", count=11, disks=disks), vm(name="b", disks=[{"size_gib": 60, "class": "medium"}])]
    groups.append(vm(name="c", disks=[{"size_gib": 60, "class": "premium"}]))
    found = kinds(placed(planned(vms=groups, policy={"datastore_max_gib": 20480})))
    assert Counter(lun["class"] for lun in found["new zone"][0]["content"]["datastores"]) == {
        "live": 8,
        "medium": 1,
        "premium": 1,
    }
    assert [len(step["content"]["datastores"]) for step in found["datastores"]] == [3] and "!datastores" not in found


# --- affinity rules ---------------------------------------------------------------------------------------------------


def test_affinity_rules_by_cluster() -> None:
    found = document(golden_plan("gpu-and-databases"))["affinity"]
    rules = {(rule["cluster"], rule["type"]): rule["machines"] for rule in found}
    assert rules["az06-default-1", "affinity"] == ["cache", "feeder"]
    assert rules["az06-licensed-1", "anti-affinity"] == ["oltp-1", "oltp-2", "oltp-3"]
    assert len({rule["name"] for rule in found}) == len(found) and {rule["status"] for rule in found} == {"on"}


def test_affinity_rules_hold_where_a_plan_fails_over_to() -> None:
    plan = golden_plan("two-zones-dr")
    found = document(plan)["affinity"]
    runs = {item.name: {name for host in item.placement for name in host} for item in plan.clusters}
    for rule in found:
        groups = {vm.rpartition("-")[0] for vm in rule["machines"]}
        assert groups <= runs[rule["cluster"]] and len(rule["machines"]) > 1
        assert rule["status"] == ("on after failover" if rule["cluster"].startswith("az07") else "on")
    assert {rule["status"] for rule in found} == {"on", "on after failover"}


# --- the simulated form refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "change", "why"),
    [
        ("new zone", {"hosts": 1}, "1 hosts"),
        ("new zone", {"hosts": 21}, "21 hosts"),
        ("new zone", {"blade": "perf4:v3"}, "no blade"),
        ("new zone", {"memory_gib": 99_999}, "GiB on"),
        ("new zone", {"backup_gib": 499}, "backup storage"),
        ("new zone", {"addresses": 9}, "addresses"),
        ("new zone", {"networks": [f"n{number}" for number in range(21)]}, "21 networks"),
        ("new zone", {"datastores": [{"name": "x", "class": "live", "size_gib": 500}]}, "1 datastores"),
        ("new zone", {"datastores": [{"name": name, "class": "ultra", "size_gib": 500} for name in "xy"]}, "types"),
        ("new cluster", {"cluster": "az05-default-1"}, "stands"),
        ("new cluster", {"datastores": []}, "does not ask"),
    ],
)
def test_the_form_refuses(kind: str, change: dict[str, Any], why: str) -> None:
    found = document(golden_plan("two-zones-dr"))
    next(step for step in found["orders"] if step["kind"] == kind)["content"].update(change)
    with pytest.raises(RefusedError, match=why):
        place(found, 0)


def test_the_form_refuses_two_orders_at_once_and_circles() -> None:
    found = document(golden_plan("two-zones-dr"))
    step = next(step for step in found["orders"] if step["kind"] == "new cluster")
    step["after"] = []
    with pytest.raises(RefusedError, match="run at once"):
        refuse_two_at_once(found)
    with pytest.raises(RefusedError, match=r"no zone|no network|stands"):
        for seed in range(50):
            place(found, seed)
    step["after"] = [step["number"]]
    with pytest.raises(RefusedError, match="wait for one another"):
        ancestors(found["orders"])


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_in_every_format(dr_plan: Plan, tmp_path: Path, run: Callable[..., Ran]) -> None:  # noqa: F811
    plan = tmp_path / "plan.json"
    plan.write_text(dr_plan.to_json())
    ran = run("orders", plan)
    assert ran.status == 0 and "## 1. nouvelle zone de disponibilité, az05" in ran.out and "à compléter" in ran.out
    assert run("orders", plan, "--lang", "en", "-o", tmp_path / "orders.md").status == 0
    text = (tmp_path / "orders.md").read_text()
    assert "## 1. new zone, az05" in text and "request: Global Mirror, az05" in text
    read = json.loads(run("orders", plan, "--format", "json").out)
    assert read["schema"] == "cloudplan/orders/v1" and read["orders"] == document(dr_plan)["orders"]
    assert "1. NEW ZONE" in run("orders", plan, "--format", "table", "--lang", "en").out


def test_a_pack_has_the_number_the_day_and_the_hashes_of_what_it_was_made_from(
    dr_plan: Plan,  # noqa: F811
    tmp_path: Path,
    run: Callable[..., Ran],
) -> None:
    plan, terms = tmp_path / "plan.json", tmp_path / "terms.yaml"
    plan.write_text(dr_plan.to_json())
    terms.write_text("schema: cloudplan/terms/v1\nnumber: Q-7\nissued: 2026-11-26\n")
    sha256 = hashlib.sha256(plan.read_bytes()).hexdigest()
    plain = json.loads(run("orders", plan, "--format", "json").out)
    assert (plain["number"], plain["issued"]) == (sha256[:8], None)
    assert plain["plan"]["sha256"] == sha256 and plain["prices"]["sha256"] == dr_plan.prices.sha256
    dated = json.loads(run("orders", plan, "--terms", terms, "--format", "json").out)
    assert (dated["number"], dated["issued"]) == ("Q-7", "2026-11-26")
    text = run("orders", plan, "--terms", terms, "--issued", "2026-12-01").out
    assert "Q-7" in text and "01/12/2026" in text and sha256 in text
    assert run("orders", plan, "--terms", plan).status == 2


def test_a_workbook_of_the_orders(dr_plan: Plan, tmp_path: Path, run: Callable[..., Ran]) -> None:  # noqa: F811
    plan = tmp_path / "plan.json"
    plan.write_text(dr_plan.to_json())
    assert run("orders", plan, "--lang", "en", "-o", tmp_path / "orders.xlsx").status == 0
    assert run("orders", plan, "--lang", "en", "-o", tmp_path / "again.xlsx").status == 0
    assert (tmp_path / "orders.xlsx").read_bytes() == (tmp_path / "again.xlsx").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "orders.xlsx")
    assert book.sheetnames[:2] == ["Sequence", "Orders"] and book.sheetnames[-1] == "Reference"
    listed = [row[0] for row in book["Sequence"].iter_rows(min_row=2, values_only=True)]
    listed = listed[: listed.index(None)] if None in listed else listed
    found = document(dr_plan)
    assert listed == list(range(1, len(found["orders"]) + len(found["requests"]) + 1))
    cells = [cell for sheet in book for row in sheet for cell in row]
    assert any(cell.value == "Customer SA" for cell in cells) and not any(cell.data_type == "f" for cell in cells)
    assert run("orders", plan, "-o", tmp_path / "orders.xlsx").status == 2


def test_later_orders_ask_for_what_is_new_of_vms_only() -> None:
    edition = cp.load_edition("2026-04-30")
    guarded = vm(name="db", count=2, protection={"mechanism": "vm-replication"}, disks=[{"size_gib": 60}])
    grown = [
        vm(count=3),
        {**guarded, "count": 3},
        vm(name="vault", backup="gold", protection={"mechanism": "global-mirror"}),
        vm(name="safe", encrypted=True),
    ]
    cases = []
    for vms in ([vm(), guarded], grown):
        tree = workload(
            vms=vms, sites={"standby": "az06"}, backup_policies={"gold": {"daily": 30}}, catalog="2026-04-30"
        )
        wanted = cp.read_workload(tree, edition)
        prices = cp.load_prices(price_book(), edition)
        cases.append((Case.of(wanted, edition, prices), cp.size(wanted, edition, prices, gap=0.3).choice))
    (first, before), (second, choice) = cases
    queue = Queue()
    further_requests(first, before, (first, before), queue)
    assert queue.steps == []
    further_requests(second, choice, (first, before), queue)
    asked = {(step.kind, step.content.policy): step.content.vms for step in queue.steps}
    assert asked == {
        ("backup policy", "gold"): ("vault",),
        ("Global Mirror", ""): ("vault",),
        ("VM replication", ""): ("db-3",),
        ("DR test", ""): ("db-3", "vault"),
        ("encryption", ""): ("safe",),
    }
    test = next(step for step in queue.steps if step.kind == "DR test")
    assert [queue.steps[number - 1].kind for number in test.after] == ["Global Mirror", "VM replication"]
    assert [(wish.group, wish.vms) for wish in test.content.wishes] == [("db", 1), ("vault", 1)]
