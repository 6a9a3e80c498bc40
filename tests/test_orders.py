"""The order pack: what is ordered adds up to the plan, within what one order takes."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, vm, workload
from hypothesis import given
from hypothesis import strategies as st
from test_quote import dr_plan, planned  # noqa: F401 - a fixture

import cloudplan as cp
from cloudplan.base.language import ENGLISH, message
from cloudplan.plan.plan import Plan
from cloudplan.rules.orders import order_form, portions
from cloudplan.sales.orders import Orders, orders
from cloudplan.sales.quote import quote


def ordered(plan: Plan) -> Orders:
    return orders(quote(plan).case, plan.choice, plan.backup)


def field(order: Any, name: str) -> Any:
    return next((value for label, value in order.fields if label == message(name)), None)


@given(st.integers(1, 10_000), st.integers(1, 50), st.data())
def test_portions_add_up_within_their_limits(total: int, most: int, data: st.DataObject) -> None:
    least = data.draw(st.integers(1, (most + 1) // 2))
    sizes = portions(total, most, least)
    assert sum(sizes) == total and max(sizes) <= most and len(sizes) == -(-total // most)
    assert total < least or min(sizes) >= least


def whole(plan: Plan) -> Orders:
    """Return the orders of a plan, which add up to it and keep the limits of one order."""
    found = ordered(plan)
    hosts, memory, stores, backup = Counter[str](), dict[str, int](), Counter[str](), Counter[str]()
    for order in found.orders:
        if order.kind in ("new cluster", "hosts"):
            hosts[field(order, "Cluster")] += field(order, "Hosts") or field(order, "Hosts to add")
            assert (field(order, "Hosts") or field(order, "Hosts to add")) <= 20
        if order.kind == "new cluster":
            memory[field(order, "Cluster")] = field(order, "Memory (GiB)")
        if order.kind == "hosts":
            memory[field(order, "Cluster")] += 128 * field(order, "Hosts to add")
        if order.kind == "memory":
            memory[field(order, "Cluster")] = field(order, "Memory of the cluster (GiB)")
        if order.kind == "datastores":
            names = [name for name, _ in order.fields[2:]]
            assert field(order, "Datastores") == len(names) <= 10
            assert len(names) >= 2 or order.notes
            stores.update(names)
        if order.kind == "backup storage":
            size = ENGLISH.said(field(order, "Backup storage")).removesuffix(" GiB").replace(" ", "")
            assert 500 <= int(size) <= 40_960
            backup[order.site] += int(size)
    assert hosts == {cluster.name: cluster.hosts for cluster in plan.clusters}
    assert memory == {cluster.name: cluster.memory_gib for cluster in plan.clusters}
    assert stores == Counter(store.name for store in plan.datastores)
    assert backup == {target.site: target.tib * 1024 for target in plan.backup}
    last: dict[str, int] = {}
    for number, order in enumerate(found.orders, start=1):
        assert order.number == number and order.waits_for == last.get(order.kind)
        last[order.kind] = number
    return found


def test_orders_of_a_plan_with_two_sites(dr_plan: Plan) -> None:  # noqa: F811
    found = whole(dr_plan)
    kinds = Counter(request.kind for request in found.requests)
    assert kinds["Global Mirror"] == kinds["VM replication"] == kinds["failover"] == 1 and kinds["backup policy"] >= 1
    mirror = next(request for request in found.requests if request.kind == "Global Mirror")
    assert field(mirror, "Present at") == "az07" and field(mirror, "Organisation") == "Customer SA"
    assert field(mirror, "Phone") is None

    policy = next(request for request in found.requests if request.kind == "backup policy")
    assert (field(policy, "Days"), field(policy, "Weeks"), field(policy, "Months")) == (7, 4, 0)


def test_a_large_plan_takes_several_orders_of_a_kind() -> None:
    plan = planned(vms=[vm(name="a", count=300, vcpus=8, memory_gib=64, disks=[{"size_gib": 1500}])])
    found = whole(plan)
    kinds = Counter(order.kind for order in found.orders)
    assert kinds["hosts"] >= 1 and kinds["datastores"] >= 3
    limits = [finding for finding in plan.findings if finding.code == "order-limit"]
    said = {finding.subject: finding.values.get("orders") for finding in limits}
    assert said["az05"] == kinds["datastores"]


def test_what_is_below_a_minimum_is_a_note() -> None:
    found = whole(planned(policy={"host_failures": 0}))
    notes = [ENGLISH.said(note) for order in found.orders for note in order.notes]
    assert any("2 hosts or more" in note for note in notes) and any("2 datastores or more" in note for note in notes)


@pytest.mark.parametrize("count", [20, 21, 45])
def test_networks_in_portions_of_twenty(count: int) -> None:
    extras = [
        {"sku": "csp:(region):network:vlan:v1", "quantity": count, "site": "az05"},
        {"sku": "csp:tenant:v1", "quantity": 1, "site": "az05"},
    ]
    newest = cp.load_edition()
    most = order_form(newest).networks_max
    found = whole(cp.optimise(cp.read_workload(workload(extras=extras), newest), newest, cp.load_prices()))
    sizes = [field(order, "Networks to create and propagate") for order in found.orders if order.kind == "networks"]
    assert most and sum(sizes) == count and max(sizes) <= most and len(sizes) == -(-count // most)
    assert [field(order, "SKU") for order in found.orders if order.kind == "other items"] == ["csp:tenant:v1"]


def test_the_command_in_every_format(dr_plan: Plan, tmp_path: Path, run: Callable[..., Ran]) -> None:  # noqa: F811
    plan = tmp_path / "plan.json"
    plan.write_text(dr_plan.to_json())
    ran = run("orders", plan)
    assert ran.status == 0 and "## 1. nouveau cluster, az05" in ran.out and "à compléter" in ran.out
    assert run("orders", plan, "--lang", "en", "-o", tmp_path / "orders.md").status == 0
    text = (tmp_path / "orders.md").read_text()
    assert "## 1. new cluster, az05" in text and "## Request: Global Mirror az05" in text
    document = json.loads(run("orders", plan, "--format", "json").out)
    assert document["schema"] == "cloudplan/orders/v1" and len(document["orders"]) == len(ordered(dr_plan).orders)
    assert "1. NEW CLUSTER" in run("orders", plan, "--format", "table", "--lang", "en").out
