"""Every rule of the book on both sides of its limit, by its id.

Inequalities are asked with numbers; what is true by construction or by logic is asked of the verifier, with a choice
made by hand: one that keeps every rule, and the same with one thing changed.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

import pytest
from conftest import bad_input, case, price_book, vm, workload

import cloudplan as cp
from cloudplan.catalog.edition import Service, StorageClass
from cloudplan.evaluation.bom import backup_targets, bill
from cloudplan.evaluation.findings import find
from cloudplan.evaluation.third_party import third_party
from cloudplan.evaluation.verify import check_choice
from cloudplan.plan.plan import Choice
from cloudplan.rules import bill as bill_rules
from cloudplan.rules import compute, protection, storage
from cloudplan.rules.backup import backup_flows, backup_site, backup_storage, stored_factor
from cloudplan.rules.book import ALL
from cloudplan.rules.certifications import all_certified
from cloudplan.rules.orders import order_form
from cloudplan.rules.rule import Check
from cloudplan.workload.case import Case, instances_at

COVERED: set[str] = set()
"""The ids of the rules that a test of this file asks on both sides."""

Test = TypeVar("Test", bound=Callable[..., None])
DR = {"standby": "az06"}


def covers(*rules: str) -> Callable[[Test], Test]:
    """Note that a test asks rules on both sides of their limits."""
    COVERED.update(rules)
    return lambda test: test


def broken(rows: Iterable[Check]) -> set[str]:
    """Return the ids of the rules that are broken."""
    return {row.rule.id for row in rows if not row.holds}


def test_every_rule_of_the_book_has_a_test_on_both_sides_of_its_limit() -> None:
    import test_existing  # noqa: F401, PLC0415 - the rules of what stands, of phases, and those that make findings
    import test_findings  # noqa: F401, PLC0415
    import test_roadmap  # noqa: F401, PLC0415

    assert {rule.id for rule in ALL} == COVERED


# --- certifications, what replication pushes -------------------------------------------------------------------------


@covers("CRT-1")
@pytest.mark.parametrize(
    ("requires", "key", "rules"),
    [
        ([], "extras.kasten", set()),
        (["hds"], "extras.vlan", set()),
        (["hds"], "blades.eco:v3", set()),
        (["hds"], "extras.kasten", {"CRT-1"}),
    ],
)
def test_an_item_has_the_certifications_required(requires: list[str], key: str, rules: set[str]) -> None:
    asked = case(edition=cp.load_edition("2026-08-20"), requires=requires)
    assert broken(all_certified(asked, [key])) == rules
    assert broken(all_certified(case(requires=requires), [])) == ({"CRT-1"} if requires else set())


@covers("VMR-5")
@pytest.mark.parametrize(
    ("rpo", "minutes", "push_gib"), [("59m", 60, "1/8"), ("2h", 120, "1/4"), ("24h", 1440, "3"), ("25h", 1440, "3")]
)
def test_a_push_follows_the_rpo_within_what_the_mechanism_offers(rpo: str, minutes: int, push_gib: str) -> None:
    asked = case(sites=DR, vms=[vm(protection={"rpo": rpo}, disks=[{"size_gib": 100}])])
    found = protection.pushed(asked, asked.workload.vms[0])
    assert (found.first_copy_gib, found.push_gib, found.rpo_minutes) == (100, Fraction(push_gib), minutes)


# --- one VM and one blade --------------------------------------------------------------------------------------------


@covers("CPU-2", "CPU-3", "policy.blades")
@pytest.mark.parametrize(
    ("group", "policy", "blade", "rules"),
    [
        ({"vcpus": 64}, {}, "standard:v3", set()),
        ({"vcpus": 65}, {}, "standard:v3", {"CPU-2"}),
        ({"vcpus": 112}, {}, "perf3:v3", set()),
        ({"vcpus": 113}, {}, "perf3:v3", {"CPU-2"}),
        ({"min_ghz": "2.4"}, {}, "standard:v3", set()),
        ({"min_ghz": "2.41"}, {}, "standard:v3", {"CPU-3"}),
        ({"min_ghz": "3.4"}, {}, "standard:v3", {"CPU-3"}),  # turbo is not base
        ({}, {"blades": ["eco:v3"]}, "eco:v3", set()),
        ({}, {"blades": ["eco:v3"]}, "perf1:v3", {"policy.blades"}),
        ({"blades": ["eco:v3"]}, {}, "eco:v3", set()),
        ({"blades": ["eco:v3"]}, {}, "perf1:v3", {"policy.blades"}),
        ({"blades": ["eco:v3"]}, {"blades": ["perf1:v3"]}, "perf1:v3", {"policy.blades"}),
        ({"blades": ["eco:v3"]}, {"blades": ["perf1:v3"]}, "eco:v3", {"policy.blades"}),
    ],
)
def test_what_one_vm_asks_of_a_blade(
    group: dict[str, Any], policy: dict[str, Any], blade: str, rules: set[str]
) -> None:
    asked = case(policy=policy, vms=[vm(**group)])
    assert broken(compute.fit_of_one(asked, asked.instances[0], blade)) == rules


def test_a_standby_vm_asks_for_all_its_vcpus_at_once() -> None:
    """CPU-2 counts full vCPUs at the standby site too, whatever share of them is held there."""
    group = vm(vcpus=65, protection={"rpo": "1h"})
    asked = case(sites=DR, policy={"standby": {"vcpu_share": 0.1}}, vms=[group])
    standby = instances_at(asked.workload, asked.workload.vms[0], "az06")
    assert broken(compute.fit_of_one(asked, standby, "standard:v3")) == {"CPU-2"}


# --- one host --------------------------------------------------------------------------------------------------------

HOSTS = [
    ({"vcpus": 16, "memory_gib": 1}, {}, "standard:v3", 8, set()),
    ({"vcpus": 16, "memory_gib": 1}, {}, "standard:v3", 9, {"CPU-1"}),
    ({"vcpus": 1, "memory_gib": 1, "vcpu_per_core": 3}, {}, "standard:v3", 96, set()),
    ({"vcpus": 1, "memory_gib": 1, "vcpu_per_core": 3}, {}, "standard:v3", 97, {"CPU-1"}),
    ({"vcpus": 1, "memory_gib": "326.4"}, {}, "standard:v3", 1, {"MEM-3"}),  # 326.4 GiB are 334 234 MiB, rounded up
    ({"vcpus": 1, "memory_gib": "326.399"}, {}, "standard:v3", 1, set()),
    ({"vcpus": 1, "memory_gib": 51}, {}, "standard:v3", 6, set()),
    ({"vcpus": 1, "memory_gib": 51}, {}, "standard:v3", 7, {"MEM-3"}),
    ({"vcpus": 1, "memory_gib": 68}, {"memory_ceiling": 0.5}, "standard:v3", 2, set()),
    ({"vcpus": 1, "memory_gib": 68}, {"memory_ceiling": 0.5}, "standard:v3", 3, {"MEM-3"}),
    ({"vcpus": 1, "memory_gib": 272}, {"host_memory_reserve_gib": 64}, "standard:v3", 1, set()),
    ({"vcpus": 1, "memory_gib": 272}, {"host_memory_reserve_gib": 65}, "standard:v3", 1, {"MEM-3"}),
    ({"vcpus": 1, "memory_gib": 1, "gpus": 1}, {}, "perf4:v3", 2, set()),
    ({"vcpus": 1, "memory_gib": 1, "gpus": 1}, {}, "perf4:v3", 3, {"GPU-1"}),
    ({"vcpus": 1, "memory_gib": 1, "gpus": 2}, {}, "perf4:v3", 1, set()),
    ({"vcpus": 1, "memory_gib": 1, "gpus": 2}, {}, "perf4:v3", 2, {"GPU-1"}),
    ({"vcpus": 1, "memory_gib": 1, "gpus": 1}, {}, "perf3:v3", 1, {"GPU-1"}),
    ({"vcpus": 1, "memory_gib": 1}, {}, "perf4:v3", 128, set()),
]


@covers("CPU-1", "MEM-3", "GPU-1")
@pytest.mark.parametrize(("group", "policy", "blade", "count", "rules"), HOSTS)
def test_what_stands_on_one_host(
    group: dict[str, Any], policy: dict[str, Any], blade: str, count: int, rules: set[str]
) -> None:
    asked = case(policy=policy, vms=[vm(**group)])
    [item] = asked.instances
    assert broken(compute.room(asked, blade, compute.needs(asked, [(item, count)]), "host")) == rules


# --- one cluster -----------------------------------------------------------------------------------------------------


def cluster_rows(asked: Case, hosts: int, loaded: int, memory_gib: int) -> set[str]:
    """Return the rules that a cluster of standard blades breaks."""
    blade = asked.edition.blades["standard:v3"]
    return broken(compute.cluster_limits(asked, blade, "c", compute.ClusterSize(hosts, loaded, memory_gib)))


@covers("MAX-1", "HA-1", "HA-2", "MEM-1", "MEM-4")
@pytest.mark.parametrize(
    ("policy", "hosts", "loaded", "memory_gib", "rules"),
    [
        ({}, 32, 31, 4096, set()),
        ({}, 33, 31, 4224, {"MAX-1"}),
        ({}, 5, 4, 640, set()),
        ({}, 5, 5, 640, {"HA-1"}),
        ({"host_failures": 2}, 6, 4, 768, set()),
        ({"host_failures": 2}, 5, 4, 640, {"HA-1"}),
        ({"host_failures": 0}, 5, 5, 640, set()),
        ({"host_failures": 0}, 5, 6, 640, {"HA-1"}),
        ({}, 2, 0, 256, set()),
        ({}, 1, 0, 128, {"HA-2"}),
        ({"host_failures": 2}, 3, 0, 384, set()),
        ({"host_failures": 2}, 2, 0, 256, {"HA-2"}),
        ({"host_failures": 0}, 1, 1, 128, set()),
        ({}, 3, 2, 384, set()),
        ({}, 3, 2, 383, {"MEM-1"}),
        ({}, 3, 2, 1152, set()),
        ({}, 3, 2, 1153, {"MEM-1"}),
        ({"host_memory_reserve_gib": 16}, 3, 2, 1104, set()),
        ({"host_memory_reserve_gib": 16}, 3, 2, 1105, {"MEM-1"}),
        ({"memory_model": "included_full"}, 3, 2, 1152, set()),
        ({"memory_model": "included_full"}, 3, 2, 1151, {"MEM-4"}),
        ({"memory_model": "included_full", "host_memory_reserve_gib": 16}, 3, 2, 1104, set()),
        ({"memory_model": "included_full", "host_memory_reserve_gib": 16}, 3, 2, 1103, {"MEM-4"}),
    ],
)
def test_the_limits_of_a_cluster(
    policy: dict[str, Any], hosts: int, loaded: int, memory_gib: int, rules: set[str]
) -> None:
    assert cluster_rows(case(policy=policy), hosts, loaded, memory_gib) == rules


def test_several_like_clusters_together_keep_the_sum_of_their_limits() -> None:
    asked = case()
    blade = asked.edition.blades["standard:v3"]
    for hosts, rules in ((64, set()), (65, {"MAX-1"}), (3, {"HA-2"})):
        size = compute.ClusterSize(hosts, min(hosts, 4) - 2, 128 * hosts, clusters=2)
        assert broken(compute.cluster_limits(asked, blade, "c", size)) == rules


@covers("MEM-2")
@pytest.mark.parametrize(
    ("ceiling", "used_gib", "memory_gib", "rules"),
    [
        ("0.85", Fraction("326.4"), 384, set()),
        ("0.85", Fraction("326.4") + Fraction(1, 1024), 384, {"MEM-2"}),
        ("0.85", 979, 1152, set()),
        ("0.85", 980, 1152, {"MEM-2"}),
        ("0.5", 192, 384, set()),
        ("0.5", 193, 384, {"MEM-2"}),
    ],
)
def test_the_memory_ceiling_of_a_cluster(ceiling: str, used_gib: Fraction, memory_gib: int, rules: set[str]) -> None:
    asked = case(policy={"memory_ceiling": ceiling})
    row = compute.memory_ceiling(asked, "c", used_mib=used_gib * 1024, memory_gib=memory_gib)
    assert broken([row]) == rules


@covers("policy.max_clusters")
@pytest.mark.parametrize(
    ("most", "clusters", "rules"), [(2, 2, set()), (2, 3, {"policy.max_clusters"}), (None, 99, set())]
)
def test_the_clusters_of_a_site(most: int | None, clusters: int, rules: set[str]) -> None:
    asked = case(policy={} if most is None else {"max_clusters": most})
    assert broken(compute.cluster_count(asked, "az05", clusters)) == rules


# --- one datastore ---------------------------------------------------------------------------------------------------


def lun_rows(asked: Case, item: StorageClass, **given: Any) -> set[str]:
    """Return the rules that a datastore breaks; what is not given is harmless."""
    numbers = {"size_gib": 1024, "used_gib": 0, "iops": Fraction(0), "mbps": Fraction(0), "mirrored": False, **given}
    load = (numbers.pop("used_gib") * 1024, numbers.pop("iops"), numbers.pop("mbps"))
    return broken(storage.lun_limits(asked, item, "store", load=load, **numbers))


@covers("LUN-1", "LUN-2", "LUN-3", "IOPS-1", "IOPS-3")
@pytest.mark.parametrize(
    ("policy", "storage_class", "given", "rules"),
    [
        ({}, "live", {"size_gib": 500}, set()),
        ({}, "live", {"size_gib": 499}, {"LUN-1"}),
        ({}, "mass", {"size_gib": 1024}, set()),
        ({}, "live", {"size_gib": 20_480}, set()),
        ({}, "live", {"size_gib": 20_481}, {"LUN-2"}),
        ({"datastore_max_gib": 8192}, "live", {"size_gib": 8192}, set()),
        ({"datastore_max_gib": 8192}, "live", {"size_gib": 8193}, {"LUN-2"}),
        ({"datastore_max_gib": 3000}, "mass", {"size_gib": 2048}, set()),
        ({"datastore_max_gib": 3000}, "mass", {"size_gib": 3000}, {"LUN-2"}),  # whole units of 1 TiB
        ({}, "live", {"size_gib": 1000, "used_gib": 900}, set()),
        ({}, "live", {"size_gib": 1000, "used_gib": Fraction("900.001")}, {"LUN-3"}),
        ({"snapshot_headroom": "0.25"}, "live", {"size_gib": 1000, "used_gib": 750}, set()),
        ({"snapshot_headroom": "0.25"}, "live", {"size_gib": 1000, "used_gib": 751}, {"LUN-3"}),
        ({}, "medium", {"size_gib": 512, "iops": Fraction(750)}, set()),
        ({}, "medium", {"size_gib": 512, "iops": Fraction(751)}, {"IOPS-1"}),
        ({}, "ultra", {"size_gib": 10_240, "iops": Fraction(150_000)}, set()),
        ({}, "ultra", {"size_gib": 10_240, "iops": Fraction(150_001)}, {"IOPS-1"}),
        ({}, "mass", {"iops": Fraction(1)}, {"IOPS-1"}),
        ({}, "premium", {"size_gib": 1024, "iops": Fraction(2700), "mirrored": True}, set()),
        ({}, "premium", {"size_gib": 1024, "iops": Fraction("2700.01"), "mirrored": True}, {"IOPS-3"}),
    ],
)
def test_the_limits_of_a_datastore(
    policy: dict[str, Any], storage_class: str, given: dict[str, Any], rules: set[str]
) -> None:
    asked = case(policy=policy)
    assert lun_rows(asked, asked.edition.storage_classes[storage_class], **given) == rules


@covers("IOPS-1", "IOPS-3", "IOPS-4")
@pytest.mark.parametrize(
    ("ceilings", "given", "rules"),
    [
        ({"iops_max": 1000}, {"iops": Fraction(1000)}, set()),
        ({"iops_max": 1000}, {"iops": Fraction(1001)}, {"IOPS-1"}),
        ({"iops_max": 1000}, {"iops": Fraction(900), "mirrored": True}, set()),
        ({"iops_max": 1000}, {"iops": Fraction(901), "mirrored": True}, {"IOPS-3"}),
        ({"mbps_max": 200}, {"mbps": Fraction(200)}, set()),
        ({"mbps_max": 200}, {"mbps": Fraction(201)}, {"IOPS-4"}),
        ({}, {"mbps": Fraction(10**9)}, set()),
    ],
)
def test_an_edition_may_limit_one_lun(
    ceilings: dict[str, int], given: dict[str, Any], rules: set[str], edition: cp.Edition
) -> None:
    item = edition.storage_classes["premium"].model_copy(update=ceilings)
    assert lun_rows(case(), item, **given) == rules


@covers("CLS-1", "IOPS-2", "GM-1")
@pytest.mark.parametrize(
    ("disk", "storage_class", "mirrored", "rules"),
    [
        *(({}, name, False, set()) for name in ("live", "medium", "premium", "enterprise", "ultra")),
        ({}, "mass", False, {"CLS-1"}),
        ({"class": "mass"}, "mass", False, set()),
        ({"class": "premium"}, "premium", False, set()),
        ({"class": "premium"}, "ultra", False, {"CLS-1"}),
        ({"class": "mass", "iops": 1}, "mass", False, {"IOPS-2"}),
        ({"class": "mass", "iops": 0}, "mass", False, set()),
        ({"iops": 300}, "live", False, set()),
        *(({}, name, True, set()) for name in ("live", "medium", "premium")),
        *(({}, name, True, {"GM-1"}) for name in ("enterprise", "ultra")),
        ({"class": "mass"}, "mass", True, {"GM-1"}),
    ],
)
def test_the_class_of_a_disk(disk: dict[str, Any], storage_class: str, *, mirrored: bool, rules: set[str]) -> None:
    asked = case(vms=[vm(disks=[{"size_gib": 60, **disk}])])
    [wanted] = asked.workload.vms[0].disks
    assert broken(storage.disk_class(asked, wanted, storage_class, "disk", mirrored=mirrored)) == rules


@covers("ORD-1")
@pytest.mark.parametrize(
    ("least", "datastores", "rules"),
    [(1, 1, set()), (1, 0, {"ORD-1"}), (2, 2, set()), (2, 1, {"ORD-1"}), (0, 0, set())],
)
def test_the_datastores_of_a_site(least: int, datastores: int, rules: set[str]) -> None:
    row = storage.datastores_of_site(case(policy={"min_datastores": least}), "az05", datastores)
    assert broken([row]) == rules


# --- mechanisms ------------------------------------------------------------------------------------------------------

CONSTANT = [{"size_gib": 60}, {"size_gib": 60, "constant_writes": True}]
LEFT_BEHIND = [{"size_gib": 60}, {"size_gib": 60, "constant_writes": True, "replicated": False}]


@covers("DR-2", "GM-1", "VMR-1", "VMR-4")
@pytest.mark.parametrize(
    ("mechanism", "wish", "disks", "rules"),
    [
        ("global-mirror", {"rpo": "15m", "rto": "4h"}, [], set()),
        ("global-mirror", {"rpo": "14m"}, [], {"GM-1"}),
        ("global-mirror", {"rto": "239m"}, [], {"GM-1"}),
        ("global-mirror", {"rto": "240m"}, [], set()),
        ("global-mirror", {"rpo": "1d"}, [], set()),
        ("vm-replication", {"rpo": "1h", "rto": "15m"}, [], set()),
        ("vm-replication", {"rpo": "60m"}, [], set()),
        ("vm-replication", {"rpo": "59m"}, [], {"VMR-1"}),
        ("vm-replication", {"rto": "14m"}, [], {"VMR-1"}),
        ("vm-replication", {"rpo": "7d"}, [], set()),
        ("global-mirror", {"mechanism": "global-mirror"}, [], set()),
        ("global-mirror", {"mechanism": "vm-replication"}, [], {"DR-2"}),
        ("vm-replication", {"mechanism": "vm-replication"}, [], set()),
        ("vm-replication", {"mechanism": "global-mirror"}, [], {"DR-2"}),
        ("vm-replication", {"rpo": "1h"}, CONSTANT, {"VMR-4"}),
        ("vm-replication", {"rpo": "1h"}, LEFT_BEHIND, set()),
        ("global-mirror", {"rpo": "1h"}, CONSTANT, set()),
    ],
)
def test_what_a_vm_asks_of_a_mechanism(
    mechanism: Any, wish: dict[str, str], disks: list[dict[str, Any]], rules: set[str]
) -> None:
    asked = case(sites=DR, vms=[vm(protection=wish, disks=disks or [{"size_gib": 60}])])
    assert broken(protection.mechanism_fit(asked, asked.workload.vms[0], mechanism)) == rules


@covers("ENC-2")
@pytest.mark.parametrize("mechanism", ["global-mirror", "vm-replication"])
@pytest.mark.parametrize(("encrypted", "rules"), [(False, set()), (True, {"ENC-2"})])
def test_an_encrypted_vm_cannot_be_replicated(
    mechanism: Any, *, encrypted: bool, rules: set[str], edition: cp.Edition
) -> None:
    group = vm(encrypted=encrypted, protection={"rpo": "1d"})
    asked = case(edition=selling_encryption(edition), sites=DR, vms=[group])
    assert broken(protection.mechanism_fit(asked, asked.workload.vms[0], mechanism)) == rules


@covers("MM-1")
@pytest.mark.parametrize(
    ("mechanism", "rules"), [("metro-mirror", {"MM-1"}), ("global-mirror", set()), ("vm-replication", set())]
)
def test_metro_mirror_is_no_longer_sold(mechanism: str, rules: set[str]) -> None:
    asked = case(sites=DR, vms=[vm(protection={"mechanism": mechanism})])
    row = protection.metro_mirror(asked, asked.workload.vms[0])
    assert broken([row]) == rules
    assert all(word in row.words for word in ("2024-01-01", "global-mirror", "vm-replication"))


@covers("GM-3")
@pytest.mark.parametrize(
    ("mirrored_gib", "licences", "rules"),
    [(4096, 4, set()), (4097, 4, {"GM-3"}), (4097, 5, set()), (0, 0, set()), (500, 0, {"GM-3"})],
)
def test_the_licences_of_global_mirror(mirrored_gib: int, licences: int, rules: set[str]) -> None:
    assert broken([protection.mirror_licence("az05", mirrored_gib=mirrored_gib, licences_tib=licences)]) == rules


# --- a choice made by hand -------------------------------------------------------------------------------------------


def cluster(*placement: dict[str, int], site: str = "az05", **fields: Any) -> dict[str, Any]:
    """Return a cluster of eco blades with one host more than its placement."""
    hosts = len(placement) + 1
    made = {"name": f"{site}-c", "site": site, "pool": "default", "blade": "eco:v3", "hosts": hosts, "spare_hosts": 1}
    return {**made, "memory_gib": 128 * hosts, "placement": placement, **fields}


def store(
    disks: Sequence[tuple[str, int, int]] = (("a", 0, 1),),
    vswp: dict[str, int] | None = None,
    site: str = "az05",
    **fields: Any,
) -> dict[str, Any]:
    """Return a datastore of class live with disks (group, number, count) and swap files."""
    made = {"name": f"{site}-s", "site": site, "class": "live", "size_gib": 1000, "replication": None, "peer": None}
    placed = [{"vm": name, "disk": number, "count": count} for name, number, count in disks]
    return {**made, "disks": placed, "vswp": {"a": 1} if vswp is None else vswp, **fields}


def mirrored(site: str, peer: str, **fields: Any) -> dict[str, Any]:
    """Return one of two mirrored datastores."""
    return store(site=site, **{"replication": "global-mirror", "peer": f"{peer}-s", **fields})


def choice(clusters: Sequence[Any], datastores: Sequence[Any], mechanisms: dict[str, str] | None = None) -> Choice:
    """Return a choice of these parts."""
    parts = {"clusters": clusters, "datastores": datastores, "protection": mechanisms or {}}
    return Choice.model_validate(parts)


MASS: dict[str, Any] = {"class": "mass", "size_gib": 1024}
MEDIUM: dict[str, Any] = {"class": "medium"}
GOLD: dict[str, Any] = {"class": "gold"}
SIDES = (("az05", "az06"), ("az06", "az05"))
DISKS = [{"size_gib": 60}, {"size_gib": 60}]
ONE, ON_ONE, ON_TWO = [cluster({"a": 1})], [cluster({"a": 2})], [cluster({"a": 1}, {"a": 1})]
BOTH = [cluster({"a": 1}), cluster({"a": 1}, site="az06")]
HOME, HOMES = [store()], [store([("a", 0, 2)], {"a": 2})]
APART = [store(vswp={}), store((), {"a": 1}, name="swap")]
ON_MASS = [store(vswp={}), store((), {"a": 1}, name="swap", **MASS)]
PEERS = [mirrored("az05", "az06"), mirrored("az06", "az05")]
COPIES = [store(), store(site="az06")]
PROTECTED = vm(protection={"rpo": "1d"})
DATA_ONLY = {**PROTECTED, "standby": "none"}
COPY_ALONE = store(site="az06", vswp={})
PARTLY = vm(protection={"rpo": "1d"}, disks=[{"size_gib": 60}, {"size_gib": 80, "replicated": False}])
REPLICA, MIRROR = {"a": "vm-replication"}, {"a": "global-mirror"}


def scene(name: str, rules: str, made: Choice, **fields: Any) -> Any:
    """Return a choice for a workload, with the rules that it breaks."""
    return pytest.param(set(rules.split()), fields, made, id=name)


def group(**fields: Any) -> dict[str, Any]:
    """Return the fields of a workload of one group."""
    return {"vms": [vm(**fields)]}


def dr(wanted: dict[str, Any] = PROTECTED, *others: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the fields of a workload with a standby site."""
    return {"sites": DR, "vms": [wanted, *others], **fields}


A0, A1, B0 = ("a", 0, 1), ("a", 1, 1), ("b", 0, 1)
A_AND_B = {"a": 1, "b": 1}
TOGETHER = [store([A0, B0], A_AND_B)]

SCENES = [
    scene("one VM", "", choice(ONE, HOME)),
    scene("nothing runs", "", choice([], [store(vswp={})]), **group(powered_on=False)),
    # hosts
    scene("two VMs on two hosts", "", choice(ON_TWO, HOMES), **group(count=2)),
    scene("too many vCPUs on a host", "CPU-1", choice(ONE, HOME), **group(vcpus=40, vcpu_per_core=1)),
    scene("a VM of too many vCPUs", "CPU-2", choice(ONE, HOME), **group(vcpus=41)),
    scene("a slow blade", "CPU-3", choice(ONE, HOME), **group(min_ghz="2.3")),
    scene("no GPU", "GPU-1", choice(ONE, HOME), **group(gpus=1)),
    scene("much memory", "MEM-3", choice([cluster({"a": 1}, memory_gib=400)], HOME), **group(memory_gib=340)),
    scene("little activated", "MEM-2", choice([cluster({"a": 1}, memory_gib=300)], HOME), **group(memory_gib=256)),
    scene("enough activated", "", choice([cluster({"a": 1}, memory_gib=300)], HOME), **group(memory_gib=255)),
    scene("a blade not allowed", "policy.blades", choice(ONE, HOME), policy={"blades": ["perf1:v3"]}),
    scene("affinity on two hosts", "AFF-1", choice(ON_TWO, HOMES), **group(count=2, affinity="x")),
    scene("affinity on one host", "", choice(ON_ONE, HOMES), **group(count=2, affinity="x")),
    scene("anti-affinity on one host", "AFF-2", choice(ON_ONE, HOMES), **group(count=2, anti_affinity="x")),
    scene("anti-affinity on two hosts", "", choice(ON_TWO, HOMES), **group(count=2, anti_affinity="x")),
    scene(
        "anti-affinity across groups",
        "AFF-2",
        choice([cluster(A_AND_B)], TOGETHER),
        vms=[vm(anti_affinity="x"), vm(name="b", anti_affinity="x")],
    ),
    # clusters
    scene("another pool", "HOM-1", choice(ONE, HOME), **group(pool="x")),
    scene("its own pool", "", choice([cluster({"a": 1}, pool="x")], HOME), **group(pool="x")),
    scene("an unknown blade", "HOM-1", choice([cluster({"a": 1}, blade="eco:v9")], HOME)),
    scene("an unknown site", "HOM-1", choice([cluster({"a": 1}, site="az09")], HOME)),
    scene("two clusters of one name", "HOM-1", choice([*ONE, *ONE], HOMES), **group(count=2)),
    scene("no spare host", "HA-1", choice([cluster({"a": 1}, {"a": 1}, hosts=2)], HOMES), **group(count=2)),
    scene("spare hosts that are not the policy's", "HA-1", choice([cluster({"a": 1}, spare_hosts=0)], HOME)),
    scene("a VM forgotten", "HA-1", choice(ONE, TOGETHER), vms=[vm(), vm(name="b")]),
    scene("a VM placed twice", "HA-1", choice(ON_ONE, HOME)),
    scene("an unknown VM", "HA-1", choice([cluster({"a": 1, "z": 1})], HOME)),
    scene("an empty host that counts as loaded", "HA-1", choice([cluster({"a": 1}, {})], HOME)),
    scene("no whole instances", "HA-1", choice([cluster({"a": 0})], HOME)),
    scene("a powered-off VM that runs", "HA-1", choice(ONE, [store(vswp={})]), **group(powered_on=False)),
    scene("33 hosts", "MAX-1", choice([cluster({"a": 1}, hosts=33, memory_gib=4224)], HOME)),
    scene("less activated than included", "MEM-1", choice([cluster({"a": 1}, memory_gib=255)], HOME)),
    scene("not all activated", "MEM-4", choice(ONE, HOME), policy={"memory_model": "included_full"}),
    scene(
        "two clusters of one allowed",
        "policy.max_clusters",
        choice([*ONE, cluster({"a": 1}, name="other")], HOMES),
        **group(count=2),
        policy={"max_clusters": 1},
    ),
    # datastores
    scene("too small", "LUN-1", choice(ONE, [store(size_gib=499)])),
    scene("an unknown class", "LUN-1", choice(ONE, [store(**GOLD)])),
    scene("whole billing units", "", choice(ONE, [store(**MASS)]), **group(disks=[{"size_gib": 60, "class": "mass"}])),
    scene(
        "no whole billing units",
        "LUN-1",
        choice(ONE, [store(**{**MASS, "size_gib": 1500})]),
        **group(disks=[{"size_gib": 60, "class": "mass"}]),
    ),
    scene("too large", "LUN-2", choice(ONE, [store(size_gib=20_481)])),
    scene("a disk forgotten", "LUN-2", choice(ONE, [store(), store([], {}, name="e")]), **group(disks=DISKS)),
    scene("a disk placed twice", "LUN-2", choice(ONE, [store([A0, ("a", 1, 2)])]), **group(disks=DISKS)),
    scene("no whole disk", "LUN-2", choice(ONE, [store(), store([("a", 0, 0)], {}, name="e")])),
    scene("a disk that is not there", "LUN-2", choice(ONE, [store([A0, A1])])),
    scene("a disk at another site", "LUN-2", choice(ONE, [store(), store([A0], {}, site="az06")])),
    scene("just enough headroom", "", choice(ONE, HOME), **group(disks=[{"size_gib": 892}])),
    scene("no headroom", "LUN-3", choice(ONE, HOME), **group(disks=[{"size_gib": 893}])),
    scene("just enough IOPS", "", choice(ONE, HOME), **group(disks=[{"size_gib": 60, "iops": 488}])),
    scene("too many IOPS", "IOPS-1", choice(ONE, HOME), **group(disks=[{"size_gib": 60, "iops": 489}])),
    scene("not the class asked for", "CLS-1", choice(ONE, HOME), **group(disks=[{"size_gib": 60, "class": "ultra"}])),
    scene("mass unasked", "CLS-1", choice(ONE, [store(**MASS)])),
    scene(
        "IOPS on mass",
        "IOPS-1 IOPS-2",
        choice(ONE, [store(**MASS)]),
        **group(disks=[{"size_gib": 60, "class": "mass", "iops": 1}]),
    ),
    scene(
        "instances of two classes",
        "CLS-2",
        choice(ON_ONE, [store(), store(name="m", **MEDIUM)]),
        **group(count=2),
    ),
    scene("two datastores of one class", "", choice(ON_ONE, [store(), store(name="m")]), **group(count=2)),
    scene("one datastore of two", "ORD-1", choice(ONE, HOME), policy={"min_datastores": 2}),
    scene("an empty one beside it", "", choice(ONE, [store(), store([], {}, name="e")]), policy={"min_datastores": 2}),
    # swap files
    scene("no swap file", "VSWP-1", choice(ONE, [store(vswp={})])),
    scene("a swap file of nothing that runs", "VSWP-1", choice([], HOME), **group(powered_on=False)),
    scene("two swap files", "VSWP-1", choice(ONE, [*APART, store([], {"a": 1}, name="t")]), policy={"vswp": "live"}),
    scene("not with disk 0", "VSWP-2", choice(ONE, APART)),
    scene("with disk 0, for auto", "", choice(ONE, HOME), policy={"vswp": "auto"}),
    scene("on a flash class, for auto", "", choice(ONE, APART), policy={"vswp": "auto"}),
    scene("on mass, for auto", "VSWP-2", choice(ONE, ON_MASS), policy={"vswp": "auto"}),
    scene("on mass, as the policy says", "", choice(ONE, ON_MASS), policy={"vswp": "mass"}),
    scene("on the class of the policy", "", choice(ONE, APART), policy={"vswp": "live"}),
    scene("on another class than the policy's", "VSWP-2", choice(ONE, HOME), policy={"vswp": "medium"}),
    scene(
        "in two ways within one group",
        "VSWP-2",
        choice(ON_ONE, [store([("a", 0, 2)]), store([], {"a": 1}, name="m", **MEDIUM)]),
        **group(count=2),
        policy={"vswp": "auto"},
    ),
    # protection
    scene("replicated", "", choice(BOTH, COPIES, REPLICA), **dr()),
    scene("mirrored", "", choice(BOTH, PEERS, MIRROR), **dr()),
    scene("no standby", "DR-1", choice(ONE, COPIES, REPLICA), **dr()),
    scene("a standby of nothing protected", "DR-1", choice(BOTH, [store(), store([], {}, site="az06")]), **dr(vm())),
    scene("no mechanism", "DR-2", choice(BOTH, COPIES), **dr()),
    scene("a mechanism for a VM that is not protected", "DR-2", choice(ONE, HOME, REPLICA), **dr(vm())),
    scene(
        "another mechanism than asked for",
        "DR-2",
        choice(BOTH, COPIES, REPLICA),
        **dr(vm(protection={"mechanism": "global-mirror"})),
    ),
    scene("Metro Mirror", "MM-1 DR-2", choice(BOTH, PEERS, MIRROR), **dr(vm(protection={"mechanism": "metro-mirror"}))),
    scene("an RPO that no mirror meets", "GM-1", choice(BOTH, PEERS, MIRROR), **dr(vm(protection={"rpo": "1m"}))),
    scene("an RPO that no replica meets", "VMR-1", choice(BOTH, COPIES, REPLICA), **dr(vm(protection={"rpo": "15m"}))),
    scene("a disk that stays behind", "", choice(BOTH, [store([A0, A1]), COPIES[1]], REPLICA), **dr(PARTLY)),
    scene(
        "a disk that should stay behind",
        "DR-3",
        choice(BOTH, [store([A0, A1]), store([A0, A1], site="az06")], REPLICA),
        **dr(PARTLY),
    ),
    scene("a disk behind a mirror", "", choice(BOTH, [*PEERS, store([A1], {}, name="rest")], MIRROR), **dr(PARTLY)),
    scene(
        "a disk on the mirror that should stay behind",
        "DR-3 GM-2",
        choice(BOTH, [mirrored(*pair, disks=[A0, A1]) for pair in SIDES], MIRROR),
        **dr(PARTLY),
    ),
    scene(
        "a mirror without a peer",
        "GM-2",
        choice(BOTH, [mirrored("az05", "az09"), mirrored("az06", "az09")], MIRROR),
        **dr(),
    ),
    scene(
        "peers of two sizes", "GM-2", choice(BOTH, [PEERS[0], mirrored("az06", "az05", size_gib=999)], MIRROR), **dr()
    ),
    scene(
        "peers of two classes",
        "GM-2 CLS-2",
        choice(BOTH, [PEERS[0], mirrored("az06", "az05", **MEDIUM)], MIRROR),
        **dr(),
    ),
    scene("a mirror for a replica", "GM-2", choice(BOTH, PEERS, REPLICA), **dr()),
    scene("a peer without a mirror", "GM-2", choice(BOTH, [store(peer="az06-s"), COPIES[1]], REPLICA), **dr()),
    scene(
        "a foreign VM on a mirror",
        "GM-2",
        choice([cluster(A_AND_B), BOTH[1]], [mirrored(*SIDES[0], disks=[A0, B0], vswp=A_AND_B), PEERS[1]], MIRROR),
        **dr(PROTECTED, vm(name="b")),
    ),
    scene(
        "a mirror in both directions",
        "GM-2",
        choice(
            [cluster(A_AND_B), cluster(A_AND_B, site="az06")],
            [mirrored(*pair, disks=[A0, B0], vswp=A_AND_B) for pair in SIDES],
            {"a": "global-mirror", "b": "global-mirror"},
        ),
        **dr(PROTECTED, {**PROTECTED, "name": "b", "site": "az06"}),
    ),
    scene(
        "swap files apart from the mirror",
        "",
        choice(
            BOTH,
            [
                *(mirrored(*pair, vswp={}) for pair in SIDES),
                *(store([], {"a": 1}, site=site, name=f"{site}-swap") for site, _ in SIDES),
            ],
            MIRROR,
        ),
        **dr(policy={"vswp": "live"}),
    ),
    scene(
        "swap files on one side of the mirror",
        "GM-2 VSWP-2",
        choice(
            BOTH,
            [PEERS[0], mirrored(*SIDES[1], vswp={}), store([], {"a": 1}, site="az06", name="swap")],
            MIRROR,
        ),
        **dr(policy={"vswp": "auto"}),
    ),
    # data only at the other site
    scene("data only, replicated", "", choice(ONE, [store(), store(site="az06", vswp={})], REPLICA), **dr(DATA_ONLY)),
    scene("data only, with CPU", "DR-1", choice(BOTH, [store(), COPY_ALONE], REPLICA), **dr(DATA_ONLY)),
    scene("data only, with a swap file", "DR-1", choice(ONE, COPIES, REPLICA), **dr(DATA_ONLY)),
    scene("data only, no data", "LUN-2", choice(ONE, HOME, REPLICA), **dr(DATA_ONLY)),
    scene("data only, swap mirrored with its disk", "", choice(ONE, PEERS, MIRROR), **dr(DATA_ONLY)),
    scene(
        "data only, swap mirrored at one peer",
        "GM-2",
        choice(ONE, [PEERS[0], mirrored(*SIDES[1], vswp={})], MIRROR),
        **dr(DATA_ONLY),
    ),
    scene(
        "data only, swap apart at home",
        "",
        choice(ONE, [*(mirrored(*pair, vswp={}) for pair in SIDES), store([], {"a": 1}, name="swap")], MIRROR),
        **dr(DATA_ONLY, policy={"vswp": "live"}),
    ),
    scene(
        "data only, swap apart at both",
        "DR-1",
        choice(
            ONE,
            [
                *(mirrored(*pair, vswp={}) for pair in SIDES),
                *(store([], {"a": 1}, site=site, name=f"{site}-swap") for site, _ in SIDES),
            ],
            MIRROR,
        ),
        **dr(DATA_ONLY, policy={"vswp": "live"}),
    ),
]


@covers(*{rule for entry in SCENES for rule in entry.values[0]})
@pytest.mark.parametrize(("rules", "fields", "made"), SCENES)
def test_a_choice_breaks_the_rules_that_it_breaks_and_no_other(
    rules: set[str], fields: dict[str, Any], made: Choice
) -> None:
    assert broken(check_choice(case(**fields), made)) == rules


@covers("VMR-2")
@pytest.mark.parametrize(
    ("fields", "holds"),
    [
        ({}, True),
        ({"class": "medium"}, False),
        ({"disks": [], "vswp": {"a": 1}}, False),
    ],
    ids=["alike", "another class", "missing"],
)
def test_a_replica_needs_the_same_space_and_class_at_the_other_site(fields: dict[str, Any], *, holds: bool) -> None:
    made = choice(BOTH, [store(), store(**{"site": "az06", **fields})], REPLICA)
    assert all(row.holds for row in check_choice(case(sites=DR, vms=[PROTECTED]), made)) is holds


# --- standby demand --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "memory_gib", "cores", "mib"),
    [
        ({}, 8, Fraction(1, 2), 8192),
        ({"vcpu_share": 0.5}, 8, Fraction(1, 4), 8192),
        ({"memory_share": 0.5}, 8, Fraction(1, 2), 4096),
        ({"memory_share": "0.33"}, 8, Fraction(1, 2), 2704),  # 2703.36 MiB, rounded up
    ],
)
def test_standby_demand_is_the_share_of_the_policy(
    share: dict[str, Any], memory_gib: int, cores: Fraction, mib: int
) -> None:
    asked = case(sites=DR, policy={"standby": share}, vms=[{**PROTECTED, "memory_gib": memory_gib}])
    active, standby = asked.instances
    assert (active.site, active.active, active.cores, active.memory_mib) == ("az05", True, Fraction(1, 2), 8192)
    assert (standby.site, standby.active, standby.cores, standby.memory_mib) == ("az06", False, cores, mib)


@pytest.mark.parametrize(
    ("own", "cores", "mib"),
    [
        ({"vcpu_share": "0.25", "memory_share": "0.33"}, Fraction(1, 8), 2704),
        ({"vcpu_share": "1"}, Fraction(1, 2), 4096),
        ({}, Fraction(1, 4), 4096),
    ],
)
def test_standby_demand_is_the_share_of_the_group_before_that_of_the_policy(
    own: dict[str, Any], cores: Fraction, mib: int
) -> None:
    policy = {"standby": {"vcpu_share": "0.5", "memory_share": "0.5"}}
    asked = case(sites=DR, policy=policy, vms=[{**PROTECTED, "standby": own}])
    _, standby = asked.instances
    assert (standby.site, standby.cores, standby.memory_mib) == ("az06", cores, mib)


def test_blades_that_the_policy_leaves_out_are_not_on_offer() -> None:
    assert list(case(policy={"blades": ["perf1:v3", "eco:v3"]}).blades) == ["eco:v3", "perf1:v3"]


@pytest.mark.parametrize(("reserve", "usable"), [(0, 384), (16, 368), (384, 0), (500, 0)])
def test_usable_memory_is_what_the_reserve_leaves(reserve: int, usable: int) -> None:
    asked = case(policy={"host_memory_reserve_gib": reserve})
    assert compute.usable_gib(asked, asked.edition.blades["eco:v3"]) == usable


def test_a_powered_off_vm_has_no_demand_at_either_site() -> None:
    assert case(sites=DR, vms=[{**PROTECTED, "powered_on": False}]).instances == ()


# --- backup ----------------------------------------------------------------------------------------------------------


@covers("BKP-2")
@pytest.mark.parametrize(
    ("sites", "group", "target"),
    [
        ({}, {}, "az06"),
        ({"primary": "az06"}, {}, "az07"),
        ({"primary": "az07"}, {}, "az05"),
        ({"standby": "az07"}, {}, "az07"),
        ({"standby": "az07"}, {"site": "az07"}, "az05"),
        ({"standby": "az07"}, {"site": "az06"}, "az05"),
        ({}, {"site": "az06"}, "az05"),
        ({"backup": "az07"}, {}, "az07"),
        ({"backup": "az07", "standby": "az06"}, {}, "az07"),
        ({"backup": "az07"}, {"site": "az07"}, "az05"),
        ({"backup": "az05", "standby": "az07"}, {}, "az07"),
        ({"backup": "az05"}, {}, "az06"),
    ],
)
def test_backups_stand_in_another_zone_than_the_vm(sites: dict[str, str], group: dict[str, Any], target: str) -> None:
    asked = case(sites=sites, vms=[vm(**group)])
    assert backup_site(asked, asked.workload.vms[0]) == target != asked.workload.vms[0].site


@covers("BKP-3")
@pytest.mark.parametrize(
    ("stored_gib", "tib", "rules"),
    [(1024, 1, set()), (Fraction("1024.01"), 1, {"BKP-3"}), (0, 0, set()), (Fraction(1, 10), 0, {"BKP-3"})],
)
def test_backup_storage_covers_what_is_stored(stored_gib: Fraction, tib: int, rules: set[str]) -> None:
    assert broken([backup_storage("az06", stored_gib=stored_gib, ordered_tib=tib)]) == rules


@pytest.mark.parametrize(
    ("policy", "factor"),
    [
        ({"daily": 0, "weekly": 0, "reduction": 1}, "1"),
        ({"daily": 0, "weekly": 0}, "0.5"),
        ({"weekly": 0, "reduction": 1}, "1.21"),
        ({"daily": 0, "weekly": 0, "monthly": 1, "change_rate": 1, "reduction": 1}, "2"),
        ({"daily": 1, "weekly": 1, "monthly": 1, "yearly": 1, "change_rate": 0}, "0.5"),
        ({"daily": 0, "weekly": 1, "change_rate": "0.5", "reduction": 1}, "1.9921875"),
    ],
)
def test_what_a_backup_policy_stores_of_each_gib(policy: dict[str, Any], factor: str) -> None:
    asked = case(policy={"backup": policy})
    assert stored_factor(asked.workload.policy.backup) == Fraction(factor)


def test_the_order_of_backup_storage_is_rounded_once_for_each_backup_site() -> None:
    """Two VMs of 1500 GiB store half of it each: 1500 GiB together, 2 TiB at one site, 1 TiB each at two."""
    policy = {"backup": {"daily": 0, "weekly": 0}}
    groups = [vm(disks=[{"size_gib": 1500}]), vm(name="b", disks=[{"size_gib": 1500}])]
    together = backup_targets(case(policy=policy, vms=groups))
    apart = backup_targets(case(policy=policy, vms=[groups[0], {**groups[1], "site": "az06"}]))
    assert [(target.site, target.tib) for target in together] == [("az06", 2)]
    assert [(target.site, target.tib) for target in apart] == [("az05", 1), ("az06", 1)]


def test_a_backup_site_knows_how_many_vms_it_keeps_and_where_they_are() -> None:
    groups = [vm(count=3), vm(name="b", count=2), vm(name="c", site="az07")]
    flows = backup_flows(case(sites={"backup": "az06"}, vms=groups))
    assert [(flow.target, flow.source, flow.vms) for flow in flows] == [("az06", "az05", 5), ("az06", "az07", 1)]


@pytest.mark.parametrize(
    ("disk", "stored"),
    [({}, 50), ({"used_gib": 60}, 30), ({"backup": False}, 0), ({"constant_writes": True}, 0)],
)
def test_what_is_stored_of_a_disk(disk: dict[str, Any], stored: int) -> None:
    asked = case(
        policy={"backup": {"daily": 0, "weekly": 0}}, vms=[vm(powered_on=False, disks=[{"size_gib": 100, **disk}])]
    )
    assert [flow.stored_gib for flow in backup_flows(asked)] == [stored]


# --- what a rule puts on the bill or among the findings --------------------------------------------------------------


def selling_encryption(edition: cp.Edition) -> cp.Edition:
    """Return an edition that sells VM encryption, as later ones do."""
    sku = "csp:(region):iaas:vmware:encryption:hsm:v1"
    item = Service(label="Encryption", unit="VM", sku=sku, source=edition.services.memory.source)
    return edition.model_copy(update={"services": edition.services.model_copy(update={"encryption": item})})


def billed(asked: Case, made: Choice, rule: str) -> dict[str, int]:
    """Return the quantities by site of the lines that a rule is the reason of."""
    return {line.site: line.quantity for line in bill(asked, made) if line.rule == rule}


@covers("ENC-1")
@pytest.mark.parametrize(("encrypted", "units"), [(False, {}), (True, {"az05": 3})])
def test_encryption_is_one_unit_for_each_encrypted_vm_at_its_site(
    *, encrypted: bool, units: dict[str, int], edition: cp.Edition
) -> None:
    groups = [vm(count=3, encrypted=encrypted), vm(name="b", count=2)]
    prices = price_book(items={"csp:(region):iaas:vmware:encryption:hsm:v1": "5"})
    asked = case(edition=selling_encryption(edition), prices=prices, vms=groups)
    assert billed(asked, choice([], []), "ENC-1") == units


def test_encryption_is_refused_by_an_edition_that_does_not_sell_it(edition: cp.Edition) -> None:
    with bad_input() as faults:
        cp.read_workload(workload(vms=[vm(encrypted=True)]), edition)
    assert [fault.path for fault in faults] == ["vms[0].encrypted"]


VLAN = "csp:(region):network:vlan:v1"


@covers("NET-1")
@pytest.mark.parametrize(
    ("networks", "prices", "lines"),
    [
        ([], price_book(), {}),
        ([{"name": "prod"}], price_book(), {"az05": 1}),
        ([{"name": "prod"}, {"name": "dmz", "sites": ["az06", "az05"]}], price_book(), {"az05": 2}),
        ([{"name": "prod"}, {"name": "far", "sites": ["az07", "az06"]}], price_book(), {"az05": 1, "az07": 1}),
        ([{"name": "prod"}], price_book("network:vlan"), {}),
    ],
)
def test_a_network_is_one_vlan_at_the_primary_site_if_it_stands_there(
    networks: list[dict[str, Any]], prices: dict[str, Any], lines: dict[str, int]
) -> None:
    asked = case(sites=DR, networks=networks, prices=prices)
    assert billed(asked, choice([], []), "NET-1") == lines
    bought = {line.sku for line in bill(asked, choice([], [])) if "vlan" in line.sku}
    assert bought == ({VLAN.replace("(region)", "fr1")} if lines else set())


def test_an_edition_that_sells_no_vlan_bills_none(edition: cp.Edition) -> None:
    extras = {name: item for name, item in edition.extras.items() if name != "vlan"}
    asked = case(edition=edition.model_copy(update={"extras": extras}), networks=[{"name": "prod"}])
    assert billed(asked, choice([], []), "NET-1") == {}


def owed(asked: Case, *clusters: dict[str, Any]) -> dict[tuple[str, str], int]:
    """Return the units owed by licence and by cluster or, where there is none, site."""
    found = third_party(asked, choice([cluster(**each) for each in clusters], []))
    return {(line.licence, line.cluster or line.site): line.quantity for line in found.lines} if found else {}


@covers("LIC-1")
@pytest.mark.parametrize(
    ("licence", "units"),
    [
        ({"per": "host"}, {("db", "one"): 3, ("db", "dr"): 2}),
        ({"per": "host", "standby": False}, {("db", "one"): 3}),
        ({"per": "host", "scope": "cluster"}, {("db", "one"): 3, ("db", "dr"): 2}),
        ({"per": "host", "scope": "site"}, {("db", "one"): 3, ("db", "two"): 2, ("db", "dr"): 2}),
        ({"per": "host", "scope": "site", "standby": False}, {("db", "one"): 3, ("db", "two"): 2}),
        ({"per": "vm"}, {("db", "az05"): 2, ("db", "az06"): 2}),
        ({"per": "vm", "standby": False}, {("db", "az05"): 2}),
    ],
)
def test_every_host_of_a_cluster_with_a_licensed_instance_owes_it(
    licence: dict[str, Any], units: dict[tuple[str, str], int]
) -> None:
    prices = price_book(licences={"db": {**licence, "price": 1}, "unused": {"per": "vm", "price": 1}})
    vms = [vm(count=2, licences=["db", "db"], protection={"rpo": "1d"}), vm(name="b")]
    asked = case(sites=DR, vms=vms, prices=prices)
    placed = ({"a": 1, "b": 1}, {"a": 1})
    one, dr = {"placement": placed, "name": "one", "hosts": 3}, {"placement": ({"a": 2},), "name": "dr", "site": "az06"}
    two = {"placement": ({"b": 1},), "name": "two", "hosts": 2}
    clusters = [{**each, "hosts": each.get("hosts", 2)} for each in (one, two, dr)]
    assert owed(asked, *clusters) == units
    off = case(sites=DR, vms=[{**vms[0], "powered_on": False}, vms[1]], prices=prices)
    assert owed(off, {"placement": ({"b": 1},)}) == {}
    assert third_party(off, choice([], [])) is not None and third_party(case(prices=prices), choice([], [])) is None


@covers("LIC-2")
@pytest.mark.parametrize(
    ("licence", "units"),
    [
        ({"per": "core"}, 40),  # two hosts of 20 cores
        ({"per": "core", "factor": "0.5"}, 20),
        ({"per": "core", "factor": "0.51"}, 22),
        ({"per": "core", "factor": "1.5", "minimum": 21}, 64),
        ({"per": "core", "minimum": 20}, 40),
        ({"per": "core", "minimum": 21}, 42),
        ({"per": "host"}, 2),
        ({"per": "vm"}, 3),
        ({"per": "vcpu"}, 12),
        ({"per": "vcpu", "minimum": 4}, 12),
        ({"per": "vcpu", "minimum": 5}, 15),
    ],
)
def test_the_units_of_a_host_and_of_an_instance(licence: dict[str, Any], units: int) -> None:
    asked = case(
        vms=[vm(count=3, vcpus=4, licences=["db"])], prices=price_book(licences={"db": {**licence, "price": 1}})
    )
    assert list(owed(asked, {"placement": ({"a": 3},), "hosts": 2}).values()) == [units]


def standby_findings(*groups: dict[str, Any], **fields: Any) -> list[tuple[str, str, str]]:
    """Return severity, code and subject of the findings on what is missing at the other site."""
    found = find(case(sites=DR, vms=groups, **fields), choice([], []), pinned=True, on=None)
    told = ("degraded-standby", "standby-none", "network-not-at-standby")
    return [(finding.severity, finding.code, finding.subject) for finding in found if finding.code in told]


def test_what_is_not_held_at_the_other_site_is_made_known() -> None:
    def asked(name: str, **fields: Any) -> dict[str, Any]:
        return vm(name=name, **{"protection": {"rpo": "1d"}, **fields})

    timed, half = {"protection": {"rpo": "1d", "rto": "1d"}}, {"standby": {"vcpu_share": 0.5, "memory_share": 0.5}}
    assert standby_findings(asked("a"), asked("b", standby={"vcpu_share": 1})) == []
    assert standby_findings(asked("a", standby="none")) == [("info", "standby-none", "a")]
    assert standby_findings(asked("a", standby="none", **timed), asked("b", standby="none")) == [
        ("warning", "standby-none", "a"),
        ("info", "standby-none", "b"),
    ]
    assert standby_findings(asked("a"), asked("b"), asked("c", **half), asked("d", **half)) == [
        ("warning", "degraded-standby", "c, d")
    ]
    assert standby_findings(asked("a"), asked("b", **half), policy=half) == [
        ("warning", "degraded-standby", "policy.standby"),
        ("warning", "degraded-standby", "b"),
    ]
    assert standby_findings(asked("a", standby="none"), policy=half) == [("info", "standby-none", "a")]
    assert standby_findings(vm(), policy=half) == []
    many = [asked(f"vm{number}", standby="none") for number in range(7)]
    assert standby_findings(*many) == [("info", "standby-none", "vm0, vm1, vm2, vm3, vm4, … (7)")]


def test_a_network_that_is_not_at_the_other_site_is_made_known() -> None:
    networks = [{"name": "prod"}, {"name": "dmz", "sites": ["az05"]}, {"name": "far", "sites": ["az07"]}]
    groups = [
        vm(protection={"rpo": "1d"}, networks=["prod", "dmz"]),
        vm(name="b", networks=["dmz"]),
        vm(name="c", site="az07", protection={"rpo": "1d"}, networks=["far"]),
    ]
    assert standby_findings(*groups, networks=networks) == [
        ("warning", "network-not-at-standby", "dmz"),
        ("warning", "network-not-at-standby", "far"),
    ]


@covers("BKP-1")
@pytest.mark.parametrize(
    "group",
    [{}, {"powered_on": False}, {"backup": {"daily": 0, "weekly": 0}}, {"disks": [{"size_gib": 9, "backup": False}]}],
)
def test_every_vm_takes_one_backup_access_at_its_own_site(group: dict[str, Any]) -> None:
    asked = case(vms=[vm(count=3, **group), vm(name="b", site="az07", count=2)])
    assert billed(asked, choice([], []), "BKP-1") == {"az05": 3, "az07": 2}


@covers("BKP-4")
@pytest.mark.parametrize(
    ("disks", "codes"),
    [
        ([{"size_gib": 60}, {"size_gib": 60}], []),
        ([{"size_gib": 60}, {"size_gib": 60, "constant_writes": True}], ["disk-not-backed-up"]),
        ([{"size_gib": 60}, {"size_gib": 60, "backup": False}], ["disk-not-backed-up"]),
        ([{"size_gib": 60, "constant_writes": True}], ["disk-not-backed-up", "vm-without-backup"]),
        ([{"size_gib": 60, "backup": False}], ["vm-without-backup", "disk-not-backed-up"]),
    ],
)
def test_what_is_not_backed_up_is_a_finding(disks: list[dict[str, Any]], codes: list[str]) -> None:
    found = find(case(vms=[vm(disks=disks)]), choice([], []), pinned=True, on=None)
    assert [finding.code for finding in found if finding.rule == "BKP-4"] == codes


def codes(asked: Case, made: Choice, *, pinned: bool = True) -> set[str]:
    """Return the codes of the findings, without those of every example: its price book, its disks without IOPS."""
    found = {finding.code for finding in find(asked, made, pinned=pinned, on=None)}
    return found - {"illustrative-prices", "iops-not-told"}


@pytest.mark.parametrize(
    ("fields", "made", "expected"),
    [
        ({}, choice(ONE, [store(), store(name="t")]), set()),
        ({}, choice(ONE, [store()]), {"one-datastore"}),
        ({"vms": [vm(powered_on=False)]}, choice([], [store(vswp={})]), set()),
        ({"policy": {"host_failures": 0}}, choice(ONE, [store(), store(name="t")]), {"no-sla"}),
        ({"vms": [vm(gpus=1)]}, choice(ONE, [store(), store(name="t")]), {"gpu-passthrough"}),
        (
            {"policy": {"vswp": "mass"}},
            choice(ONE, [store(vswp={}), store((), name="t", **MASS)]),
            {"swap-on-mass"},
        ),
        ({}, choice(ONE, [store(name=f"s{n}") for n in range(10)]), set()),
        ({}, choice(ONE, [store(name=f"s{n}") for n in range(11)]), {"order-limit"}),
    ],
)
def test_what_a_rule_makes_known(fields: dict[str, Any], made: Choice, expected: set[str]) -> None:
    assert codes(case(**fields), made) == expected


def order_limits(asked: Case, made: Choice) -> list[str]:
    """Return what takes more than one order, or more than is needed."""
    found = find(asked, made, pinned=True, on=None)
    return [finding.message for finding in found if (finding.code, finding.rule) == ("order-limit", "ORD-2")]


@covers("ORD-2")
@pytest.mark.parametrize(
    ("hosts", "luns", "tib", "words"),
    [
        (20, 10, 40, []),
        (21, 10, 40, ["az05-c has 21 hosts; order it with 20, then add 1 by further orders."]),
        (20, 11, 40, ["az05 has 11 datastores, an order at most 10; place 2 orders in turn."]),
        (20, 21, 40, ["az05 has 21 datastores, an order at most 10; place 3 orders in turn."]),
        (20, 10, 41, ["az06 takes 41 TiB of backups, an order at most 40960 GiB; place 2 orders in turn."]),
        (20, 10, 81, ["az06 takes 81 TiB of backups, an order at most 40960 GiB; place 3 orders in turn."]),
    ],
)
def test_what_one_order_takes(hosts: int, luns: int, tib: int, words: list[str]) -> None:
    backup = {"daily": 0, "weekly": 0, "reduction": 1}
    asked = case(policy={"backup": backup}, vms=[vm(disks=[{"size_gib": tib * 1024}])])
    made = choice([cluster({"a": 1}, hosts=hosts)], [store(name=f"s{n}") for n in range(luns)])
    assert order_limits(asked, made) == words


@pytest.mark.parametrize(("least", "words"), [("1024", 0), ("1025", 1)])
def test_an_order_takes_a_least_of_backup_storage(least: str, words: int, edition: cp.Edition) -> None:
    facts = edition.rules["ORD-2"]
    other = facts.model_copy(update={"figures": {**facts.figures, "backup_min_gib": least}})
    asked = case(edition=edition.model_copy(update={"rules": {**edition.rules, "ORD-2": other}}))
    assert (
        order_limits(asked, choice([], []))
        == [f"az06 takes 1 TiB of backups, an order at least {least} GiB; order {least} GiB."][:words]
    )


def lacking(asked: Case, made: Choice) -> list[str]:
    """Return what the order form does not take."""
    found = find(asked, made, pinned=True, on=None)
    return [finding.message for finding in found if (finding.code, finding.rule) == ("order-limit", "ORD-3")]


NEWEST = cp.load_edition()
FORM = order_form(NEWEST)
PHYSICAL_GIB = NEWEST.blades["eco:v3"].ram_gib
VLAN, ADDRESS, LINK = (NEWEST.extras[key].sku for key in ("vlan", "ipv4", "link-1g"))


@covers("ORD-3")
@pytest.mark.parametrize(
    ("made", "extras", "words"),
    [
        (choice([cluster({"a": 1}, hosts=FORM.hosts_min)], []), [], ""),
        (choice([cluster({"a": 1}, hosts=1)], []), [], "has 1 host(s), the order form makes clusters of 2 or more"),
        (choice([cluster({"a": 1}, hosts=2, memory_gib=2 * (PHYSICAL_GIB - 16))], []), [], ""),
        (
            choice([cluster({"a": 1}, hosts=2, memory_gib=2 * (PHYSICAL_GIB - 16) + 1)], []),
            [],
            "activates 737 GiB, the order form at most 736 (16 GiB a host less than physical)",
        ),
        (choice([cluster({"a": 1}, blade="perf3:v3")], []), [], ""),
        (choice([cluster({"a": 1}, blade="perf4:v3")], []), [], "The order form has no PERFORMANCE 4 blade v3"),
        (choice([], [store(**{"class": "premium"})]), [], ""),
        (choice([], [store(**{"class": "ultra"})]), [], "no class ultra: order 1 datastore(s) of it at az05"),
        (choice([], []), [(VLAN, FORM.networks_max)], ""),
        (choice([], []), [(VLAN, 21)], "az05 takes 21 networks, an order at most 20; place 2 orders in turn."),
        (choice([], []), [(ADDRESS, FORM.addresses_max)], ""),
        (choice([], []), [(ADDRESS, 9)], "takes 9 public addresses, the order of a zone at most 8"),
        (choice([], []), [("csp:tenant:v1", 1)], ""),
        (choice([], []), [(LINK, 1)], "is not in the order form: ask for it by service request"),
    ],
)
def test_what_the_order_form_takes(made: Choice, extras: list[tuple[str, int]], words: str) -> None:
    wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in extras]
    told = lacking(case(edition=NEWEST, extras=wanted), made)
    assert len(told) == bool(words) and words in "".join(told)
    older = case(edition=cp.load_edition("2026-04-30"), extras=wanted)
    assert lacking(older, made) == []


def test_memory_that_comes_with_the_blades_is_not_ordered() -> None:
    made = choice([cluster({"a": 1}, hosts=2, memory_gib=2 * PHYSICAL_GIB)], [])
    assert lacking(case(edition=NEWEST), made) != []
    assert lacking(case(edition=NEWEST, policy={"memory_model": "included_full"}), made) == []


@pytest.mark.parametrize("more", [0, 1])
def test_a_vm_takes_so_many_disks(more: int) -> None:
    most = NEWEST.limit("vm_disks")
    assert most
    disks = [{"size_gib": 1}] * (most + more)
    told = {
        edition.edition: [
            finding.values
            for finding in find(case(edition=edition, vms=[vm(disks=disks)]), choice([], []), pinned=True, on=None)
            if finding.code == "order-limit" and "disks" in finding.values
        ]
        for edition in (NEWEST, cp.load_edition("2026-04-30"))
    }
    expected = {"vm": "a", "disks": most + 1, "most": most, "paravirtual": NEWEST.limit("vm_disks_paravirtual")}
    assert told == {NEWEST.edition: [expected] if more else [], "2026-04-30": []}


def test_nothing_backed_up_is_no_order() -> None:
    assert order_limits(case(vms=[vm(disks=[{"size_gib": 60, "backup": False}])]), choice([], [])) == []


@pytest.mark.parametrize(
    ("sku", "term", "months"),
    [
        ("csp:fr1:network:epl:1g:v1", 35, 36),
        ("csp:(region):network:epl:1g:v1", 36, None),
        ("csp:(region):hosting:dedicated:rack:v1", 11, 12),
        ("csp:(region):hosting:dedicated:rack:v1", 12, None),
        ("csp:mandant:v1", 1, None),
    ],
)
def test_an_extra_committed_beyond_the_term_is_made_known(sku: str, term: int, months: int | None) -> None:
    extras = [{"sku": "csp:tenant:v1", "quantity": 1}, {"sku": sku, "quantity": 1}]
    asked = case(edition=cp.load_edition("2026-04-30"), catalog="2026-04-30", term_months=term, extras=extras)
    found = find(asked, choice([], []), pinned=True, on=None)
    told = [finding for finding in found if finding.code == "minimum-commitment"]
    assert [(finding.severity, finding.subject) for finding in told] == ([("warning", "extras[1]")] if months else [])
    assert [finding.values for finding in told] == ([{"sku": sku, "least": months, "term": term}] if months else [])


def test_an_edition_that_nobody_asked_for_is_made_known() -> None:
    assert codes(case(), choice([], []), pinned=False) == {"catalog-not-pinned"}


def test_a_contradicted_memory_model_is_made_known(edition: cp.Edition) -> None:
    facts = edition.rules["MEM-4"]
    contradicted = facts.model_copy(update={"figures": {**facts.figures, "contradicted": "true"}})
    later = edition.model_copy(update={"rules": {**edition.rules, "MEM-4": contradicted}})
    assert codes(case(edition=later), choice([], [])) == {"memory-model"}


def test_a_replica_keeps_its_class_and_says_so() -> None:
    made = choice(BOTH, [store(), store(site="az06")], REPLICA)
    assert "replica-class" in codes(case(sites=DR, vms=[PROTECTED]), made)


# --- the examples of the provider's page -----------------------------------------------------------------------------


def test_three_standard_blades_activate_384_to_1152_gib() -> None:
    asked = case()
    allowed = [gib for gib in range(300, 1300) if not cluster_rows(asked, 3, 2, gib)]
    assert (allowed[0], allowed[-1]) == (384, 1152)


def test_ten_vms_of_64_gib_need_640_gib_for_their_swap_files() -> None:
    asked = case(policy={"vswp": "live"}, vms=[vm(count=10, memory_gib=64)])
    made = choice(
        [cluster({"a": 5}, {"a": 5}, memory_gib=760)],
        [store([("a", 0, 10)], {}), store((), {"a": 10}, name="swap", size_gib=1024)],
    )
    rows = list(check_choice(asked, made))
    [swap] = [row for row in rows if row.rule.id == "LUN-3" and row.place == "swap"]
    assert (swap.left, swap.slack) == (640 * 1024, Fraction("281.6") * 1024)
    assert broken(rows) == set()


@pytest.mark.parametrize(
    ("storage_class", "size_gib", "iops"), [("medium", 512, 750), ("medium", 2048, 3000), ("ultra", 10_240, 150_000)]
)
def test_the_iops_of_a_class_grow_with_the_size(storage_class: str, size_gib: int, iops: int) -> None:
    asked = case()
    rows = storage.lun_limits(
        asked,
        asked.edition.storage_classes[storage_class],
        "store",
        size_gib=size_gib,
        load=(0, 0, 0),
        mirrored=False,
    )
    assert [row.right for row in rows if row.rule.id == "IOPS-1"] == [iops]


@covers("GM-3")
@pytest.mark.parametrize(("size_gib", "licences"), [(4096, 4), (4097, 5), (500, 1)])
def test_mirrored_storage_takes_licences_at_its_source_by_the_tib(size_gib: int, licences: int) -> None:
    asked = case(sites=DR, vms=[PROTECTED])
    premium: dict[str, Any] = {"class": "premium", "size_gib": size_gib}
    made = choice(BOTH, [mirrored(*pair, **premium) for pair in SIDES], MIRROR)
    lines = {(line.site, line.sku.split(":")[-2]): line.quantity for line in bill(asked, made)}
    assert lines["az05", "globalmirror"] == licences
    assert ("az06", "globalmirror") not in lines
    assert lines["az05", "premium"] == lines["az06", "premium"] == size_gib


@covers("VMR-1")
def test_vm_replication_takes_one_licence_for_each_vm_at_its_own_site() -> None:
    groups = [{**PROTECTED, "count": 3}, vm(name="b", site="az06", protection={"rpo": "1h"}), vm(name="c")]
    asked = case(sites=DR, vms=groups)
    assert billed(asked, choice([], [], {"a": "vm-replication", "b": "vm-replication"}), "VMR-1") == {
        "az05": 3,
        "az06": 1,
    }


def test_the_default_backup_policy_stores_0_99_of_the_data() -> None:
    assert round(stored_factor(case().workload.policy.backup), 2) == Fraction("0.99")


def test_85_percent_of_a_blade_of_384_gib_is_326_4_gib() -> None:
    asked = case()
    assert compute.MEMORY.offer(asked, asked.edition.blades["eco:v3"]) == Fraction("326.4") * 1024


# --- the bill and the proof ------------------------------------------------------------------------------------------


@covers("BOM", "DOC", "PROOF")
@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({}, set()),
        ({"monthly": Decimal("1.00"), "lower_bound": Decimal("1.00"), "gap": 0.0}, {"BOM"}),
        ({"lower_bound": Decimal("99999.00")}, {"PROOF"}),
        ({"gap": 0.5}, {"PROOF"}),
        ({"status": "feasible"}, {"PROOF"}),
        ({"bom": ()}, {"BOM"}),
        ({"findings": ()}, {"DOC"}),
        ({"program": "another 1.0"}, {"DOC"}),
    ],
)
def test_the_bill_and_the_proof_follow_from_the_plan(change: dict[str, Any], rules: set[str]) -> None:
    asked = case()
    plan = cp.optimise(asked.workload, asked.edition, asked.prices.book)
    altered = plan.model_copy(update=change)
    checks = [*bill_rules.lines_are(plan, altered), *bill_rules.words_are(plan, altered), *bill_rules.proof(altered)]
    checks += bill_rules.repeats_inputs(altered, asked.edition, free=True)
    assert broken(checks) == rules
    assert broken(bill_rules.repeats_inputs(plan, asked.edition, free=False)) == {"DOC"}
