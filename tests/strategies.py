"""Random small workloads and price books for property tests: plain mappings, as YAML would give them.

Every workload is well-formed, so that a refusal can only say "no feasible plan", which happens now and then. Sizes are
chosen near the figures of the edition, where rules bind, and small enough for the brute-force oracle.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

import cloudplan as cp

Fields = dict[str, Any]

EDITION = "2025-01-17"
SOLD = cp.load_edition(EDITION)
ZONES, BLADES, FLASH = list(SOLD.zones("fr1")), list(SOLD.blades), list(SOLD.flash_classes)
MECHANISMS = ["global-mirror", "vm-replication"]
MOST_GROUPS, MOST_INSTANCES = 4, 6

VCPUS = [1, 2, 4, 8, 12, 16, 24, 32, 40, 64]
MEMORY_GIB = [4, 2.5, 8, 16, 31.996094, 48, 64.001, 110, 160, 256, 326.4, 330, 512]
DISK_GIB = [20, 40, 99.999023, 120, 200, 300, 450, 500.5, 600, 1000, 2048, 4000, 7000]
IOPS = [100, 300, 500, 1000, 1500, 2500, 4000, 9000]
DATASTORE_MAX_GIB = [500, 1000, 1024, 2048, 4096, 8192, 10240, 20480]
RPO_RTO = [("15m", "4h"), ("30m", "8h"), ("1h", "4h"), ("1h", "15m"), ("1d", "1d"), ("2h", None), (None, "4h")]

EXAMPLE_PRICES = {
    "csp:(region):iaas:vmware:eco:v3": "620.00",
    "csp:(region):iaas:vmware:standard:v3": "860.00",
    "csp:(region):iaas:vmware:advance:v3": "1390.00",
    "csp:(region):iaas:vmware:perf1:v3": "910.00",
    "csp:(region):iaas:vmware:perf2:v3": "1340.00",
    "csp:(region):iaas:vmware:perf3:v3": "2150.00",
    "csp:(region):iaas:vmware:perf4:v3": "2950.00",
    "csp:(region):iaas:vmware:memory:v2": "2.60",
    "csp:(region):iaas:storage:bloc:live:v1": "0.085",
    "csp:(region):iaas:storage:bloc:medium:v1": "0.120",
    "csp:(region):iaas:storage:bloc:premium:v1": "0.190",
    "csp:(region):iaas:storage:bloc:enterprise:v1": "0.340",
    "csp:(region):iaas:storage:bloc:ultra:v1": "0.560",
    "csp:(region):iaas:storage:bloc:mass:v1": "28.00",
    "csp:(region):iaas:storage:bloc:backup:v1": "32.00",
    "csp:(region):iaas:storage:licence:globalmirror:v1": "45.00",
    "csp:(region):iaas:vmware:licence:replication:v1": "38.00",
    "csp:(region):iaas:backup:vm:v1": "9.50",
    "csp:(region):iaas:az:v1": "450.00",
    "csp:tenant:v1": "120.00",
    "csp:(region):network:vlan:v1": "15.00",
    "csp:(region):network:ipv4:v2": "4.00",
}
LICENCE, ALIAS = "csp:(region):iaas:vmware:licence:replication:v1", "csp:(region):iaas:vmware:license:replication:v1"
EXTRA_SKUS = ["csp:(region):network:vlan:v1", "csp:(region):network:ipv4:v2", "csp:tenant:v1"]
DISCOUNT_MATCHES = ["*", "csp:*:iaas:vmware:*", "csp:*:storage:*", "csp:(region):iaas:vmware:eco:v3", "csp:fr1:iaas:*"]


# --- building blocks -------------------------------------------------------------------------------------------------


def present(fields: Fields) -> Fields:
    """The fields that are there: None stands for an absent one."""
    return {name: value for name, value in fields.items() if value is not None}


def fields(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Fields]:
    """A mapping without the fields that came out as None."""
    return st.fixed_dictionaries(strategies).map(present)


def one_in(odds: int, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value one time in `odds`; else None, to which examples shrink."""
    return st.integers(1, odds).flatmap(lambda number: strategy if number == odds else st.none())


def subset(names: Sequence[str], at_least: int) -> st.SearchStrategy[list[str]]:
    """Some of the names, each once."""
    return st.lists(st.sampled_from(names), min_size=at_least, unique=True)


# --- workloads -------------------------------------------------------------------------------------------------------


@st.composite
def workloads(draw: st.DrawFn) -> Fields:
    """A well-formed workload of at most six instances in at most four groups."""
    sites = draw(site_choices())
    policy = draw(policies())
    named = draw(one_in(3, fields(gold=backup_policies(), lite=backup_policies())))
    groups = [
        draw(groups_of(f"g{number}", count, sites=sites, policy=policy, named=sorted(named or ())))
        for number, count in enumerate(draw(instance_counts()))
    ]
    workload: Fields = {
        "schema": "cloudplan/workload/v1",
        "name": "random",
        "catalog": EDITION,
        "region": draw(one_in(2, st.just("fr1"))),
        "term_months": draw(one_in(2, st.sampled_from([1, 12, 36]))),
        "sites": sites or None,
        "policy": policy or None,
        "backup_policies": named,
        **draw(ordered()),
        "vms": affinity_in_one_pool(groups),
    }
    return present(workload)


def ordered() -> st.SearchStrategy[Fields]:
    """What is ordered beside the VMs: extras, and networks, which are not VLANs of the extras as well (NET-1)."""
    networks = st.lists(fields(sites=one_in(2, subset(ZONES, at_least=1))), min_size=1, max_size=3).map(
        lambda each: [{"name": f"n{number}", **network} for number, network in enumerate(each)]
    )
    extra = one_in(4, st.lists(extras(), min_size=1, max_size=2))
    return fields(extras=extra, networks=one_in(5, networks)).map(
        lambda found: {key: found[key] for key in found if key != "networks" or "extras" not in found}
    )


def instance_counts() -> st.SearchStrategy[list[int]]:
    """How many groups, and how many instances in each."""
    return st.integers(1, MOST_GROUPS).flatmap(
        lambda groups: st.lists(st.integers(1, MOST_INSTANCES // groups), min_size=groups, max_size=groups)
    )


@st.composite
def site_choices(draw: st.DrawFn) -> Fields:
    """Zones for each role: the standby site, if any, differs from the primary, which is the first zone by default."""
    primary, standby, _ = draw(st.permutations(ZONES))
    with_standby = draw(st.integers(1, 3)) > 1
    may_be_left_out = primary == ZONES[0] and draw(st.booleans())
    return present(
        {
            "primary": None if may_be_left_out else primary,
            "standby": standby if with_standby else None,
            "backup": draw(one_in(4, st.sampled_from(ZONES))),
        }
    )


def policies() -> st.SearchStrategy[Fields]:
    """The policy of a workload."""
    return fields(
        vcpu_per_core=one_in(2, st.sampled_from([1, 1.5, 2, 2.5, 3, 4, 6])),
        memory_ceiling=one_in(4, st.sampled_from([0.85, 0.8, 0.77])),
        memory_model=one_in(5, st.sampled_from(["base128_plus_memory", "included_full"])),
        host_memory_reserve_gib=one_in(4, st.sampled_from([0, 16, 64])),
        host_failures=one_in(2, st.sampled_from([0, 1, 2])),
        blades=one_in(6, subset(BLADES, at_least=4)),
        max_clusters=one_in(4, st.integers(1, 3)),
        snapshot_headroom=one_in(4, st.sampled_from([0.1, 0.15, 0.25])),
        datastore_max_gib=one_in(3, st.sampled_from(DATASTORE_MAX_GIB)),
        min_datastores=one_in(3, st.integers(1, 2)),
        vswp=one_in(2, st.sampled_from(["home", "auto", "auto", "mass", *FLASH])),
        standby=one_in(3, standbys()),
        default_disk=one_in(6, default_disks()),
        backup=one_in(4, backup_policies()),
    )


def standbys() -> st.SearchStrategy[Fields]:
    """Shares of demand that are left at the standby site; missing ones come from the default."""
    return fields(vcpu_share=one_in(2, shares()), memory_share=one_in(2, shares()))


def default_disks() -> st.SearchStrategy[Fields]:
    """What disks get that do not say."""
    rates = st.sampled_from([0.25, 1, 1.5])
    return st.sampled_from(FLASH).flatmap(
        lambda name: fields(**{"class": one_in(2, st.just(name)), "iops_per_gib": rates})
    )


def shares() -> st.SearchStrategy[float]:
    """A share of demand that is left at the standby site."""
    return st.sampled_from([1.0, 0.75, 0.5, 0.33])


def backup_policies() -> st.SearchStrategy[Fields]:
    """A backup policy: missing fields come from the default."""
    return fields(
        daily=one_in(2, st.integers(0, 30)),
        weekly=one_in(2, st.integers(0, 8)),
        monthly=one_in(3, st.integers(0, 12)),
        yearly=one_in(4, st.integers(0, 5)),
        change_rate=one_in(3, st.sampled_from([0.01, 0.03, 0.1])),
        reduction=one_in(3, st.sampled_from([1.0, 2.0, 2.5])),
    )


def extras() -> st.SearchStrategy[Fields]:
    """A SKU that no plan computes, passed through to the bill."""
    return fields(
        sku=st.sampled_from(EXTRA_SKUS),
        quantity=st.integers(1, 9),
        site=one_in(2, st.sampled_from(ZONES)),
    )


@st.composite
def groups_of(draw: st.DrawFn, name: str, count: int, *, sites: Fields, policy: Fields, named: Sequence[str]) -> Fields:
    """One group of VMs; it is protected only where there is a standby site."""
    protection = draw(st.one_of(st.none(), protections(), protections())) if "standby" in sites else None
    demand = draw(demands())
    disks = draw(disk_lists(demand["memory_gib"], policy, protected=protection is not None))
    group: Fields = {
        "name": name,
        "count": count if count > 1 else draw(one_in(2, st.just(1))),
        **demand,
        "site": draw(one_in(4, st.sampled_from(ZONES))),
        "pool": draw(one_in(4, st.sampled_from(["default", "db"]))),
        "affinity": draw(one_in(6, st.sampled_from(["a", "b"]))),
        "anti_affinity": draw(one_in(4, st.sampled_from(["x", "y"]))),
        "powered_on": draw(one_in(6, st.just(False))),
        "protection": protection,
        "standby": draw(one_in(3, st.just("none") | standbys())) if protection else None,
        "disks": disks,
        "backup": draw(one_in(4, st.sampled_from(named) if named else backup_policies())),
    }
    return present(group)


@st.composite
def demands(draw: st.DrawFn) -> Fields:
    """What a VM asks of a host."""
    gpus = draw(one_in(8, st.sampled_from([1, 2])))
    return present(
        {
            "vcpus": draw(st.sampled_from(VCPUS)),
            "memory_gib": draw(st.sampled_from(MEMORY_GIB)),
            "gpus": gpus,
            "min_ghz": draw(one_in(5, st.sampled_from([2.3, 2.5] if gpus else [2.3, 2.5, 2.8, 3.2]))),
            "vcpu_per_core": draw(one_in(4, st.sampled_from([1, 2, 3, 8, 8]))),
            "blades": None if gpus else draw(one_in(10, subset(BLADES, at_least=4))),
        }
    )


def protections() -> st.SearchStrategy[Fields]:
    """What the business needs, or a mechanism by name, or both; rarely one that is no longer sold."""
    needs = st.sampled_from(RPO_RTO).map(lambda pair: present({"rpo": pair[0], "rto": pair[1]}))
    asked = st.sampled_from(MECHANISMS).map(lambda name: {"mechanism": name})
    refused = st.just({"mechanism": "metro-mirror"})
    both = st.sampled_from(MECHANISMS).map(lambda name: {"mechanism": name, "rpo": "2h", "rto": "6h"})
    return st.integers(1, 40).flatmap(lambda n: needs if n < 25 else asked if n < 35 else both if n < 40 else refused)


@st.composite
def disk_lists(draw: st.DrawFn, memory_gib: float, policy: Fields, protected: bool) -> list[Fields]:
    """One to three disks that fit a datastore, mostly; disk 0 is always replicated."""
    room = 0.7 * policy.get("datastore_max_gib", DATASTORE_MAX_GIB[-1]) - memory_gib
    sizes = [size for size in DISK_GIB if size <= room] or DISK_GIB[:1]
    disks = draw(st.lists(disks_of(sizes), min_size=1, max_size=3))
    for disk in disks[1:]:
        if protected and draw(one_in(5, st.just(True))):
            disk["replicated"] = False
    return disks


@st.composite
def disks_of(draw: st.DrawFn, sizes: Sequence[float]) -> Fields:
    """One disk; mass storage has no IOPS to promise."""
    size = draw(st.sampled_from(sizes))
    storage_class = draw(one_in(5, st.sampled_from([*FLASH, "mass"])))
    iops = None if storage_class == "mass" else draw(one_in(3, st.sampled_from(IOPS)))
    used = draw(one_in(3, st.sampled_from([0.3, 0.5, 0.9])))
    return present(
        {
            "size_gib": size,
            "class": storage_class,
            "iops": iops,
            "mbps": draw(one_in(8, st.sampled_from([50, 200]))),
            "used_gib": round(size * used, 3) if used else None,
            "constant_writes": draw(one_in(12, st.just(True))),
            "backup": draw(one_in(8, st.just(False))),
        }
    )


def affinity_in_one_pool(groups: list[Fields]) -> list[Fields]:
    """Members of an affinity group take the pool of its first member: across pools would be bad input."""
    pools: dict[str, str] = {}
    for group in groups:
        if "affinity" in group:
            group["pool"] = pools.setdefault(group["affinity"], group.get("pool", "default"))
    return groups


# --- price books -----------------------------------------------------------------------------------------------------


@st.composite
def price_books(draw: st.DrawFn) -> Fields:
    """Every price of the example book, moved by up to a half; both spellings of the licence cost the same."""
    items = {sku: draw(prices_near(price)) for sku, price in EXAMPLE_PRICES.items()}
    items[ALIAS] = items[LICENCE]
    return present(
        {
            "schema": "cloudplan/prices/v1",
            "name": "random-eur",
            "currency": "EUR",
            "illustrative": True,
            "valid_from": "2026-01-01",
            "items": items,
            "discounts": draw(one_in(2, st.lists(discounts(), min_size=1, max_size=2))),
        }
    )


def prices_near(price: str) -> st.SearchStrategy[str]:
    """Decimal text between a half and one and a half times the price."""
    return st.integers(50, 150).map(lambda percent: str(Decimal(price) * percent / 100))


def discounts() -> st.SearchStrategy[Fields]:
    """A discount on some SKUs, from some term on."""
    return fields(
        match=st.sampled_from(DISCOUNT_MATCHES),
        percent=st.sampled_from(["5", "12.5", "30"]),
        min_term_months=one_in(2, st.sampled_from([1, 12, 36])),
    )


# --- licences of others ----------------------------------------------------------------------------------------------


@st.composite
def licensed(draw: st.DrawFn) -> tuple[Fields, Fields]:
    """A workload and a price book with one or two licences, one at least on some VMs."""
    wish, book = draw(workloads()), draw(price_books())
    names = ["ora", "win"][: draw(st.integers(1, 2))]
    book["licences"] = {name: draw(licences()) for name in names}
    groups = wish["vms"]
    marked = draw(st.lists(one_in(2, subset(names, at_least=1)), min_size=len(groups), max_size=len(groups)))
    if not any(marked):
        marked[0] = names[:1]
    wish["vms"] = [present({**group, "licences": own}) for group, own in zip(groups, marked, strict=True)]
    return wish, book


@st.composite
def licences(draw: st.DrawFn) -> Fields:
    """A licence, at prices where a cluster of its own may pay or not."""
    per = draw(st.sampled_from(["core", "core", "core", "host", "vcpu", "vm"]))
    by_host = per in ("core", "host")
    prices = ["0", "1.25", "12.5", "100"] if per == "core" else ["40", "150", "900"]
    return present(
        {
            "per": per,
            "price": draw(st.sampled_from(prices)),
            "factor": draw(one_in(3, st.sampled_from(["0.5", "0.75"]))) if per == "core" else None,
            "minimum": draw(one_in(3, st.sampled_from([4, 24, 40]))) if per in ("core", "vcpu") else None,
            "scope": draw(one_in(4, st.just("site"))) if by_host else None,
            "standby": draw(one_in(3, st.just(False))),
        }
    )
