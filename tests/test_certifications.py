"""`requires`: every item of a plan has the certifications asked for, or there is no plan, item by item (CRT-1)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, by_hand, case, price_book, vm, workload

import cloudplan as cp
from cloudplan.base.errors import NoPlanError
from cloudplan.catalog.edition import Certification, Edition
from cloudplan.rules.certifications import all_certified
from cloudplan.rules.protection import mechanism_fit

NEWEST = cp.load_edition()
ALL = list(NEWEST.certifications)
DR = {"standby": "az06"}


def edition_without(*keys: str) -> Edition:
    """Return the newest edition in which HDS covers neither these items nor these sections."""
    items = [key for key, _ in NEWEST.keyed_items() if key not in keys and key.partition(".")[0] not in keys]
    facts = NEWEST.certifications["hds"].model_dump() | {"items": items}
    return NEWEST.model_copy(
        update={"certifications": {**NEWEST.certifications, "hds": Certification.model_validate(facts)}}
    )


def sized(edition: Edition, **fields: Any) -> cp.Plan:
    """Return the plan of a workload that requires HDS, with a price for everything."""
    prices = price_book()
    prices["items"] |= {item.sku: "10.00" for item in NEWEST.extras.values() if item.sku not in prices["items"]}
    wish = {"requires": ["hds"], "catalog": NEWEST.edition, **fields}
    wanted, book = cp.read_workload(workload(**wish), edition), cp.load_prices(prices)
    plan = cp.optimise(wanted, edition, book)
    assert cp.verify(plan, wanted, edition, book).holds
    return plan


def refused(edition: Edition, **fields: Any) -> list[tuple[str, str, str]]:
    """Return what keeps a workload from a plan: where, the rule, the words."""
    with pytest.raises(NoPlanError) as refusal:
        sized(edition, **fields)
    return [(fault.path, fault.rule, fault.message) for fault in refusal.value.faults]


def test_a_plan_of_certified_items_is_made_and_verified() -> None:
    extras = [{"sku": NEWEST.extras["vlan"].sku, "quantity": 1}]
    assert sized(NEWEST, requires=ALL, extras=extras).status == "optimal"


def test_each_item_that_lacks_one_is_named() -> None:
    extras = [{"sku": NEWEST.extras[key].sku, "quantity": 1} for key in ("kasten", "vlan", "bastion")]
    found = refused(NEWEST, requires=["hds", "secnumcloud"], extras=extras)
    assert [(path, rule) for path, rule, _ in found] == [("extras.kasten", "CRT-1"), ("extras.bastion", "CRT-1")]
    assert found[0][2] == "Kasten K10 for OpenShift lacks what the workload requires: HDS, SecNumCloud"


def test_a_blade_or_class_that_lacks_one_is_not_taken() -> None:
    plain = sized(NEWEST, requires=[])
    taken, storage_class = plain.clusters[0].blade, plain.datastores[0].storage_class
    plan = sized(edition_without(f"blades.{taken}", f"storage_classes.{storage_class}"))
    assert taken not in {cluster.blade for cluster in plan.clusters}
    assert storage_class not in {store.storage_class for store in plan.datastores}
    assert not {finding.subject for finding in plan.findings if finding.code == "not-priced"} & {taken, storage_class}
    assert plan.monthly > plain.monthly


@pytest.mark.parametrize(
    ("missing", "fields", "path"),
    [
        ("blades", {}, "a"),
        ("storage_classes", {}, "a"),
        ("storage_classes.mass", {"vms": [vm(disks=[{"size_gib": 60, "class": "mass"}])]}, "a"),
        ("storage_classes.mass", {"policy": {"vswp": "mass"}}, "storage_classes.mass"),
        ("services.backup_access", {}, "services.backup_access"),
        ("services.encryption", {"vms": [vm(encrypted=True)]}, "services.encryption"),
        ("extras.vlan", {"networks": [{"name": "prod"}]}, "extras.vlan"),
    ],
)
def test_there_is_no_plan_where_nothing_else_will_do(missing: str, fields: dict[str, Any], path: str) -> None:
    found = refused(edition_without(missing), **fields)
    assert path in {where for where, rule, _ in found if rule == "CRT-1"}
    sized(edition_without(missing), requires=["secnumcloud"], **fields)


@pytest.mark.parametrize(
    ("missing", "mechanism"),
    [("services.global_mirror", "vm-replication"), ("services.vm_replication", "global-mirror")],
)
def test_the_other_mechanism_is_taken(missing: str, mechanism: Any) -> None:
    edition = edition_without(missing)
    fields: dict[str, Any] = {"sites": DR, "vms": [vm(protection={"rpo": "1d"})]}
    assert sized(edition, **fields).protection == {"a": mechanism}
    asked = case(edition=edition, requires=["hds"], **fields)
    for name in ("global-mirror", "vm-replication"):
        broken = [row.rule.id for row in mechanism_fit(asked, asked.workload.vms[0], name) if not row.holds]
        assert broken == ([] if name == mechanism else ["CRT-1"])


def test_no_memory_is_activated_that_lacks_one() -> None:
    plan = sized(edition_without("services.memory"), vms=[vm(memory_gib=200)])
    assert all(cluster.memory_gib == 128 * cluster.hosts for cluster in plan.clusters)


def test_an_edition_without_certifications_has_no_plan() -> None:
    older = cp.load_edition("2026-04-30")
    [(path, rule, words)] = refused(older, catalog=older.edition)
    assert (path, rule) == ("requires", "CRT-1") and "carries no certifications" in words
    assert sized(older, catalog=older.edition, requires=[]).status == "optimal"


def test_verify_asks_the_bill() -> None:
    plan = sized(NEWEST)
    edition, prices = edition_without(f"blades.{plan.clusters[0].blade}"), cp.load_prices(price_book())
    wanted = cp.read_workload(workload(requires=["hds"], catalog=NEWEST.edition), edition)
    verdict = cp.verify(by_hand(plan), wanted, edition, prices)
    assert "CRT-1" in {check.rule.id for check in verdict.violations}
    asked = case(edition=edition, requires=["hds"])
    rows = all_certified(asked, ["extras.vlan", f"blades.{plan.clusters[0].blade}"])
    assert [row.holds for row in rows] == [True, True, False]


@pytest.mark.parametrize("catalog", [NEWEST.edition, "2026-04-30"])
def test_a_certification_that_is_not_known_is_bad_input(catalog: str, run: Callable[..., Ran], tmp_path: Path) -> None:
    wish = tmp_path / "wish.json"
    wish.write_text(json.dumps(workload(catalog=catalog, requires=["hds", "secnumclod"])))
    ran = run("size", wish)
    assert (ran.status, ran.out) == (2, "")
    assert "requires[1]" in ran.err and "did you mean 'secnumcloud'?" in ran.err
    wish.write_text(json.dumps(workload(catalog=catalog, requires=["hds"])))
    assert run("size", wish).status == (0 if catalog == NEWEST.edition else 3)


def test_a_workload_that_requires_nothing_hashes_as_before() -> None:
    assert "requires" not in case(edition=NEWEST, requires=[]).workload.canonical()
    assert case(edition=NEWEST, requires=["hds"]).workload.canonical()["requires"] == ["hds"]


def test_explain_finds_what_would_have_to_give(run: Callable[..., Ran], tmp_path: Path) -> None:
    wish = tmp_path / "wish.json"
    wish.write_text(json.dumps(workload(catalog="2026-04-30", requires=["hds"])))
    assert "no certifications required" in run("explain", wish).out
