"""What a plan says of recovery, the tenant and its service: each finding on both sides of its condition."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import case, price_book, vm, workload
from test_rules import choice, cluster, store

import cloudplan as cp
from cloudplan.evaluation.bom import bill, monthly
from cloudplan.evaluation.findings import find
from cloudplan.plan.plan import Choice, Finding
from cloudplan.plan.wording import without_amounts
from cloudplan.workload.case import Case

NEWEST, OLDER = cp.load_edition(), cp.load_edition("2026-04-30")
"""An edition that carries conditions of the service and limits, and one that does not."""
DR = {"standby": "az06"}
VLAN = {"sku": "csp:(region):network:vlan:v1", "quantity": 1}
MIRROR, REPLICATION = "global-mirror", "vm-replication"


def found(code: str, made: Choice, **fields: Any) -> list[Finding]:
    """Return the findings of a code, under the newest edition by default."""
    asked = case(**{"edition": NEWEST, **fields})
    return [finding for finding in find(asked, made, pinned=True, on=None) if finding.code == code]


def without(**sections: Any) -> cp.Edition:
    """Return the newest edition with other sections."""
    return NEWEST.model_copy(update=sections)


def protected(mechanism: str | None = None, **fields: Any) -> dict[str, Any]:
    wish = {"mechanism": mechanism} if mechanism else {"rpo": "1d"}
    return vm(**{"protection": wish, **fields})


def test_an_edition_that_does_not_carry_the_facts_says_none_of_it() -> None:
    codes = {"tenant-minimum", "sla-one-zone", "mirror-risk", "prefer-vm-replication"}
    made = choice([], [], {"a": MIRROR})
    fields = {"sites": DR, "vms": [protected()]}
    told = {finding.code for finding in find(case(edition=NEWEST, **fields), made, pinned=True, on=None)}
    older = {finding.code for finding in find(case(edition=OLDER, **fields), made, pinned=True, on=None)}
    assert told & codes == codes - {"sla-one-zone"}
    assert older & codes == set()


# --- the tenant and its zones ----------------------------------------------------------------------------------------

WHOLE = choice([cluster({"a": 1})], [store()])


@pytest.mark.parametrize(("extras", "networks"), [([], 0), ([VLAN], 1)])
def test_a_tenant_without_a_vlan_lacks_one(extras: list[Any], networks: int) -> None:
    told = found("tenant-minimum", WHOLE, extras=extras)
    price = cp.load_prices().items["csp:(region):network:vlan:v1"]
    assert [finding.values for finding in told] == [
        {"what": "VLAN", "least": 1, "has": networks, "monthly": f"{price:.2f}", "currency": "EUR"}
    ][networks:]


def test_a_network_is_a_vlan_of_the_tenant() -> None:
    assert found("tenant-minimum", WHOLE, networks=[{"name": "prod"}]) == []


@pytest.mark.parametrize(("count", "orders"), [(20, []), (21, [2])])
def test_networks_beyond_one_order_are_told(count: int, orders: list[int]) -> None:
    told = found("order-limit", WHOLE, networks=[{"name": f"n{number}"} for number in range(count)])
    assert [finding.values["orders"] for finding in told if "networks" in finding.values] == orders


def test_a_customer_is_told_no_amount_of_the_plan() -> None:
    [told] = found("tenant-minimum", WHOLE)
    bare = without_amounts(told)
    assert "monthly" not in bare.values and "EUR" in told.message and "EUR" not in bare.message
    [other] = found("backup-at-standby", choice([], [], {"a": MIRROR}), sites=DR, vms=[protected()])
    assert without_amounts(other) is other


def test_what_a_tenant_lacks_without_a_price_is_told_without() -> None:
    prices = price_book()
    prices["items"].pop("csp:(region):network:vlan:v1", None)
    [told] = found("tenant-minimum", WHOLE, prices=prices)
    assert "monthly" not in told.values and told.message.endswith("what is missing is not in the total.")


def test_a_tenant_without_a_cluster_lacks_the_cheapest_that_can_be_ordered() -> None:
    told = found("tenant-minimum", choice([], [store(vswp={})]), extras=[VLAN], vms=[vm(powered_on=False)])
    offers = case(edition=NEWEST).prices.offer
    cheapest = min(offer.unit_price for blade in NEWEST.blades.values() if (offer := offers(blade)))
    assert [(finding.values["what"], finding.values["monthly"]) for finding in told] == [
        ("cluster", f"{2 * cheapest:.2f}")
    ]


@pytest.mark.parametrize(("sites", "vms"), [({}, [vm()]), (DR, [protected()])])
def test_service_levels_over_two_zones_are_lost_in_one(sites: dict[str, str], vms: list[Any]) -> None:
    told = found("sla-one-zone", WHOLE, sites=sites, vms=vms)
    levels = [level.title for level in NEWEST.service_levels.values() if level.zones_min]
    assert [finding.values for finding in told] == [{"zones": 1, "least": 2, "levels": levels}][len(sites) :]


# --- replication -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["mirror-risk", "prefer-vm-replication"])
@pytest.mark.parametrize(("mechanism", "count"), [(MIRROR, 3), (REPLICATION, 0)])
def test_global_mirror_is_told_with_what_it_risks(code: str, mechanism: str, count: int) -> None:
    told = found(code, choice([], [], {"a": mechanism}), sites=DR, vms=[protected(count=3)])
    assert [finding.values["vms"] for finding in told] == [3][:count]


@pytest.mark.parametrize(
    ("wish", "disk", "able"),
    [
        ({"rpo": "1h"}, {}, 1),
        ({"rpo": "59m"}, {}, 0),
        ({"rpo": "1h"}, {"constant_writes": True}, 0),
        ({"mechanism": MIRROR}, {}, 1),
        ({"mechanism": MIRROR, "rpo": "15m"}, {}, 0),
    ],
)
def test_vm_replication_is_preferred_where_it_would_do(wish: dict[str, Any], disk: dict[str, Any], able: int) -> None:
    vms = [vm(protection=wish, disks=[{"size_gib": 60, **disk}])]
    [told] = found("prefer-vm-replication", choice([], [], {"a": MIRROR}), sites=DR, vms=vms)
    assert told.values["able"] == able


@pytest.mark.parametrize(
    ("rpo", "push_gib", "told_rpo"),
    [("6h", "1.50", "6h"), ("1h", "0.25", "1h"), ("24h", "6.00", "1d"), ("3d", "6.00", "1d"), (None, "0.25", "1h")],
)
def test_what_vm_replication_pushes(rpo: str | None, push_gib: str, told_rpo: str) -> None:
    """Two VMs with 100 of 120 GiB used on a replicated disk, 3 % of which change a day."""
    disks = [{"size_gib": 120, "used_gib": 100}, {"size_gib": 500, "replicated": False}]
    wish = {"mechanism": REPLICATION, **({"rpo": rpo} if rpo else {})}
    fields: dict[str, Any] = {"sites": DR, "vms": [vm(count=2, protection=wish, disks=disks)]}
    [told] = found("replication-volume", choice([], [], {"a": REPLICATION}), **fields)
    rate = 0.03 * 200 * 1024**3 * 8 / 86400 / 1e6
    assert (told.rule, told.subject, told.values) == (
        "VMR-5",
        "az05",
        {
            **{"site": "az05", "other": "az06", "vms": 2, "rpo": told_rpo, "first_copy_gib": "200.00"},
            **{"push_gib": push_gib, "mbit_per_s": f"{-(-rate * 100 // 1) / 100:.2f}"},
        },
    )
    assert found("replication-volume", choice([], [], {"a": MIRROR}), **fields) == []


def test_vms_with_one_rpo_push_together() -> None:
    vms = [
        protected(name=name, protection={"mechanism": REPLICATION, "rpo": rpo})
        for name, rpo in ("a1", "b1", "c2")
        for rpo in [f"{rpo}h"]
    ]
    told = found("replication-volume", choice([], [], dict.fromkeys("abc", REPLICATION)), sites=DR, vms=vms)
    assert [(finding.values["vms"], finding.values["rpo"]) for finding in told] == [(2, "1h"), (1, "2h")]


@pytest.mark.parametrize(
    ("sites", "disk", "words"),
    [
        (DR, {}, "sites.backup: az07 keeps them apart"),
        ({**DR, "backup": "az07"}, {}, ""),
        ({**DR, "backup": "az06"}, {}, "sites.backup: az07 keeps them apart"),
        (DR, {"backup": False}, ""),
    ],
)
def test_backups_at_the_standby_site_are_told(sites: dict[str, str], disk: dict[str, Any], words: str) -> None:
    vms = [protected(disks=[{"size_gib": 60, **disk}])]
    told = found("backup-at-standby", choice([], [], {"a": MIRROR}), sites=sites, vms=vms)
    assert [finding.values["vms"] for finding in told] == [1][: bool(words)]
    assert all(words in finding.message for finding in told)


def test_a_region_of_two_zones_has_no_third() -> None:
    region = NEWEST.regions["fr1"]
    two = region.model_copy(update={"zones": {name: region.zones[name] for name in ("az05", "az06")}})
    made = choice([], [], {"a": MIRROR})
    [told] = found("backup-at-standby", made, edition=without(regions={"fr1": two}), sites=DR, vms=[protected()])
    assert "no third zone" in told.message


def degraded(share: str, memory_gib: int) -> list[tuple[str, dict[str, Any]]]:
    """Return what is told of a standby cluster of three VMs of 100 GiB, one of them active there."""
    vms = [protected(memory_gib=100, count=2), vm(name="b", memory_gib=100, site="az06")]
    shares = {"vcpu_share": share, "memory_share": share}
    made = choice([cluster({"a": 2, "b": 1}, site="az06", memory_gib=memory_gib)], [], {"a": MIRROR})
    told = found("degraded-standby", made, sites=DR, vms=vms, policy={"standby": shares})
    return [(finding.severity, finding.values) for finding in told if finding.subject == "az06-c"]


def test_memory_after_a_failover_is_told_against_what_is_activated() -> None:
    values = {"cluster": "az06-c", "configured_gib": 300}
    assert degraded("1", 256) == []
    assert degraded("0.5", 300) == [("info", {**values, "activated_gib": 300, "percent": 100})]
    assert degraded("0.5", 299) == [("warning", {**values, "activated_gib": 299, "percent": 101})]


@pytest.mark.parametrize(
    ("standby", "subjects"),
    [({"vcpu_share": 1, "memory_share": "0.5"}, ["a", "az06-c"]), ({"vcpu_share": "0.5"}, ["a"]), ("none", [])],
)
def test_a_standby_of_its_own_counts(standby: Any, subjects: list[str]) -> None:
    made = choice([cluster({"a": 1}, site="az06")], [], {"a": MIRROR})
    told = found("degraded-standby", made, sites=DR, vms=[protected(standby=standby)])
    assert [finding.subject for finding in told] == subjects


def test_a_cluster_without_degraded_vms_tells_nothing() -> None:
    fields: dict[str, Any] = {"sites": DR, "policy": {"standby": {"vcpu_share": "0.5", "memory_share": "0.5"}}}
    made = choice([cluster({"a": 1}), cluster({"a": 1}, site="az06")], [], {"a": MIRROR})
    told = found("degraded-standby", made, vms=[protected()], **fields)
    assert [finding.subject for finding in told] == ["policy.standby", "az06-c"]


# --- the memory model, anti-affinity ---------------------------------------------------------------------------------


def test_the_other_memory_model_is_told_with_its_total() -> None:
    """Both ways: what a choice costs under the other model is what it costs when asked for, with its least memory."""
    for model, other, memory_gib in (("base128_plus_memory", "included_full", 768), ("included_full", None, 471)):
        fields: dict[str, Any] = {"policy": {"memory_model": model}, "vms": [vm(memory_gib=200, count=2)]}
        asked: Case = case(edition=NEWEST, **fields)
        made = choice([cluster({"a": 2}, memory_gib=471 if other else 768)], [store([("a", 0, 2)], {"a": 2})])
        [told] = [it for it in find(asked, made, pinned=True, on=None) if it.code == "memory-model"]
        there = case(edition=NEWEST, **{**fields, "policy": {"memory_model": told.values["other"]}})
        moved = choice([cluster({"a": 2}, memory_gib=memory_gib)], [store([("a", 0, 2)], {"a": 2})])
        assert told.values["monthly"] == str(monthly(bill(there, moved)))
        assert (told.values["monthly"] < str(monthly(bill(asked, made)))) == (other is not None)


def test_a_model_without_a_price_is_told_without_a_total() -> None:
    prices = price_book()
    prices["items"] = {sku: price for sku, price in prices["items"].items() if ":memory:" not in sku}
    fields: dict[str, Any] = {"policy": {"memory_model": "included_full"}, "vms": [vm(memory_gib=300)]}
    made = choice([cluster({"a": 1}, memory_gib=768)], [store()])
    [told] = found("memory-model", made, prices=prices, **fields)
    assert told.values == {"model": "included_full"}


@pytest.mark.parametrize(
    ("datastores", "group"),
    [
        ([store([("a", 0, 2)], {"a": 2})], "one"),
        ([store([("a", 0, 1)]), store([("a", 0, 1)], name="t")], ""),
        ([store([("a", 0, 1), ("a", 1, 1)]), store([("a", 0, 1)], name="t"), store([("a", 1, 1)], name="u")], ""),
        ([store([("a", 0, 1)]), store([("a", 0, 1), ("a", 1, 1)], name="t"), store([("a", 1, 1)], name="u")], "both"),
        ([store([("a", 0, 2)], {"a": 2}, site="az06")], ""),
    ],
)
def test_anti_affine_vms_on_one_datastore_are_told(datastores: list[Any], group: str) -> None:
    """The last but one: t has disk 0 of the second VM and disk 1 of the first."""
    vms = [vm(count=2, anti_affinity="x", disks=[{"size_gib": 60}, {"size_gib": 60}])]
    told = found("anti-affine-one-lun", choice([], datastores), vms=vms)
    names = {"one": "az05-s", "both": "t"}
    assert [finding.values for finding in told] == ([{"group": "x", "datastore": names[group]}] if group else [])


def test_one_member_or_none_has_nothing_in_common() -> None:
    for vms in ([vm(anti_affinity="x")], [vm(count=2)]):
        assert found("anti-affine-one-lun", choice([], [store([("a", 0, len(vms))])]), vms=vms) == []


def test_findings_are_in_the_plan_and_in_french(run: Callable[..., Any], tmp_path: Any) -> None:
    wish = tmp_path / "wish.json"
    wish.write_text(json.dumps(workload(catalog=NEWEST.edition, sites=DR, vms=[protected(MIRROR, count=2)])))
    ran = run("size", wish, "-o", tmp_path / "plan.json", "--format", "json")
    assert ran.status == 0
    codes = {finding["code"] for finding in json.loads((tmp_path / "plan.json").read_text())["findings"]}
    assert codes >= {"tenant-minimum", "mirror-risk", "prefer-vm-replication", "backup-at-standby", "memory-model"}
    french = " ".join(run("size", wish, "--lang", "fr").out.split())
    assert "les dernières écritures peuvent manquer" in french and "à côté de leurs seules sauvegardes" in french
