"""The workload file: defaults, bounds, every refusal where it stands, the canonical form and its hash."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import EDITION, bad_input, vm, workload
from hypothesis import given, settings
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.workload.reading import as_given

MARK = "§"
"""Stands in a table for the place where a fault must point."""

TOP = {"schema": "cloudplan/workload/v1", "name": "small", "sites": "{standby: az07}"}
VM = {"name": "a", "vcpus": "2", "memory_gib": "8"}
DISK = {"size_gib": "60"}
SCOPES = {"top": "", "policy": "policy.", "vm": "vms[0].", "disk": "vms[0].disks[0]."}


def text_with(scope: str, field: str, value: str) -> str:
    """Return a small workload file with one field written into the file, its policy, its VM or its disk."""
    fields = {"top": dict(TOP), "policy": {}, "vm": dict(VM), "disk": dict(DISK)}
    fields[scope].pop(field.lstrip(MARK), None)
    fields[scope][field] = value
    lines = [f"{name}: {text}" for name, text in fields["top"].items()]
    if fields["policy"]:
        lines += ["policy:", *(f"  {name}: {text}" for name, text in fields["policy"].items())]
    if not any(name.lstrip(MARK) == "vms" for name in fields["top"]):
        lines += ["vms:", "  -", *(f"    {name}: {text}" for name, text in fields["vm"].items())]
        if not any(name.lstrip(MARK) == "disks" for name in fields["vm"]):
            lines += ["    disks:", "      -", *(f"        {name}: {text}" for name, text in fields["disk"].items())]
    return "\n".join(lines) + "\n"


def written(text: str, folder: Path) -> tuple[Path, str]:
    """Write a file without the mark and return it with the place (file:line:column) where the mark stood."""
    path = folder / "workload.yaml"
    path.write_text(text.replace(MARK, ""), encoding="utf-8")
    before = text.partition(MARK)[0].split("\n")
    return path, f"{path}:{len(before)}:{len(before[-1]) + 1}"


def value_at(tree: Any, path: str) -> Any:
    """Return a value of a tree by its dotted path; None when it is absent."""
    for step in path.split("."):
        tree = tree[int(step)] if step.isdigit() else tree.get(step)
    return tree


# --- defaults --------------------------------------------------------------------------------------------------------

DEFAULTS = {
    "region": "fr1",
    "catalog": EDITION,
    "term_months": 1,
    "sites": {"primary": "az05"},
    "customer": None,
    "policy.vcpu_per_core": "4",
    "policy.memory_ceiling": "0.85",
    "policy.memory_model": "base128_plus_memory",
    "policy.host_memory_reserve_gib": 0,
    "policy.host_failures": 1,
    "policy.blades": ["eco:v3", "standard:v3", "advance:v3", "perf1:v3", "perf2:v3", "perf3:v3", "perf4:v3"],
    "policy.max_clusters": None,
    "policy.snapshot_headroom": "0.1",
    "policy.datastore_max_gib": 20_480,
    "policy.min_datastores": 1,
    "policy.vswp": "home",
    "policy.standby": {"vcpu_share": "1", "memory_share": "1"},
    "policy.backup": {"daily": 7, "weekly": 4, "monthly": 0, "yearly": 0, "change_rate": "0.03", "reduction": "2"},
    "backup_policies": {},
    "extras": [],
    "vms.0.count": 1,
    "vms.0.names": ["a"],
    "vms.0.gpus": 0,
    "vms.0.min_ghz": "0",
    "vms.0.vcpu_per_core": "4",
    "vms.0.site": "az05",
    "vms.0.pool": "default",
    "vms.0.anti_affinity": None,
    "vms.0.affinity": None,
    "vms.0.powered_on": True,
    "vms.0.encrypted": False,
    "vms.0.protection": None,
    "vms.0.backup.daily": 7,
    "vms.0.disks.0.class": None,
    "vms.0.disks.0.iops": "0",
    "vms.0.disks.0.mbps": "0",
    "vms.0.disks.0.used_gib": "60",
    "vms.0.disks.0.replicated": True,
    "vms.0.disks.0.constant_writes": False,
    "vms.0.disks.0.backup": True,
}


@pytest.mark.parametrize(("path", "value"), DEFAULTS.items(), ids=DEFAULTS)
def test_a_field_that_is_absent_has_its_default(path: str, value: Any, edition: cp.Edition) -> None:
    fields = workload()
    del fields["catalog"]
    assert value_at(cp.read_workload(fields, edition).canonical(), path) == value


def test_the_language_of_a_customer_is_english_by_default(edition: cp.Edition) -> None:
    assert cp.read_workload(workload(customer={}), edition).canonical()["customer"] == {"lang": "en"}


@pytest.mark.parametrize(
    ("overrides", "path", "value"),
    [
        ({"sites": {"primary": "az06"}}, "vms.0.site", "az06"),
        ({"sites": {"primary": "az06"}, "extras": [{"sku": "csp:tenant:v1", "quantity": 1}]}, "extras.0.site", "az06"),
        ({"policy": {"vcpu_per_core": 3}}, "vms.0.vcpu_per_core", "3"),
        ({"policy": {"blades": ["eco:v3"]}, "vms": [vm(blades=["perf4:v3"])]}, "vms.0.blades", ["perf4:v3"]),
        ({"policy": {"vcpu_per_core": 3}, "vms": [vm(vcpu_per_core=1)]}, "vms.0.vcpu_per_core", "1"),
        ({"policy": {"standby": {"vcpu_share": 0.5}}}, "policy.standby", {"vcpu_share": "0.5", "memory_share": "1"}),
        ({"policy": {"backup": {"daily": 9}}}, "vms.0.backup.daily", 9),
        ({"policy": {"backup": {"daily": 9}}}, "vms.0.backup.weekly", 4),
        ({"policy": {"backup": {"daily": 9}}, "vms": [vm(backup={"weekly": 1})]}, "vms.0.backup.daily", 9),
        ({"vms": [vm(backup={"weekly": 1})]}, "vms.0.backup.weekly", 1),
        ({"backup_policies": {"gold": {"yearly": 5}}, "vms": [vm(backup="gold")]}, "vms.0.backup.yearly", 5),
        ({"backup_policies": {"gold": {"yearly": 5}}, "vms": [vm(backup="gold")]}, "vms.0.backup.daily", 7),
        ({"policy": {"backup": {"daily": 9}}, "backup_policies": {"gold": {}}}, "backup_policies.gold.daily", 9),
        ({"vms": [vm(count=3)]}, "vms.0.names", ["a-1", "a-2", "a-3"]),
        ({"vms": [vm(count=2, names=["x", "y"])]}, "vms.0.names", ["x", "y"]),
        ({"vms": [vm(names=["x"])]}, "vms.0.names", ["x"]),
        ({"vms": [vm(disks=[{"size_gib": 60, "used_gib": 0}])]}, "vms.0.disks.0.used_gib", "0"),
        ({"vms": [vm(disks=[{"size_gib": "16.50"}])]}, "vms.0.disks.0.used_gib", "16.5"),
    ],
)
def test_a_default_follows_what_is_given_elsewhere(
    overrides: dict[str, Any], path: str, value: Any, edition: cp.Edition
) -> None:
    assert value_at(cp.read_workload(workload(**overrides), edition).canonical(), path) == value


def test_the_term_of_the_command_line_wins(edition: cp.Edition) -> None:
    assert cp.read_workload(workload(term_months=12), edition, term_months=36).term_months == 36


def test_sizes_are_whole_mib_rounded_up(edition: cp.Edition) -> None:
    read = cp.read_workload(workload(vms=[vm(memory_gib=2.0001, disks=[{"size_gib": "0.0001"}])]), edition)
    assert (read.vms[0].memory_mib, read.vms[0].disks[0].size_mib) == (2049, 1)


@pytest.mark.parametrize(("site", "other"), [("az05", "az07"), ("az06", "az05"), ("az07", "az05")])
def test_the_other_site_is_the_standby_for_a_vm_at_the_primary_and_else_the_primary(
    site: str, other: str, edition: cp.Edition
) -> None:
    protected = vm(site=site, protection={"rpo": "1h"})
    read = cp.read_workload(workload(sites={"standby": "az07"}, vms=[protected]), edition)
    assert read.sites_of(read.vms[0]) == (site, other)


def test_a_vm_elsewhere_may_be_protected_without_a_standby_site(edition: cp.Edition) -> None:
    read = cp.read_workload(workload(vms=[vm(site="az06", protection={"rpo": "1h"})]), edition)
    assert read.sites_of(read.vms[0]) == ("az06", "az05")


# --- networks, a standby of one's own, disks that say nothing --------------------------------------------------------


def test_a_network_stands_at_every_site_of_the_workload_unless_it_names_its_own(edition: cp.Edition) -> None:
    fields = workload(sites={"standby": "az07"}, networks=[{"name": "prod"}, {"name": "dmz", "sites": ["az07"]}])
    assert [network.sites for network in cp.read_workload(fields, edition).networks] == [("az05", "az07"), ("az07",)]
    elsewhere = cp.read_workload({**fields, "vms": [vm(site="az06", networks=["prod"])]}, edition)
    assert elsewhere.networks[0].sites == ("az05", "az07", "az06")


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"vms": [vm(networks=["prdo"])]}, "vms[0].networks[0]", "did you mean 'prod'?"),
        ({"vms": [vm(networks=["prod", "prod"])]}, "vms[0].networks[1]", "the network 'prod' is named twice"),
        ({"vms": [vm(networks=["dmz"])]}, "vms[0].networks[0]", "stands at az07, the VM at az05; allowed: one at az05"),
        *(
            ({"extras": [{"sku": sku, "quantity": 1}]}, "extras[0].sku", "is a VLAN of the bill already")
            for sku in ("csp:(region):network:vlan:v1", "csp:fr1:network:vlan:v1")
        ),
    ],
)
def test_networks_that_do_not_go_together_are_refused(
    fields: dict[str, Any], path: str, words: str, edition: cp.Edition
) -> None:
    networks = [{"name": "prod"}, {"name": "dmz", "sites": ["az07"]}]
    with bad_input() as faults:
        cp.read_workload(workload(sites={"standby": "az07"}, networks=networks, **fields), edition)
    [fault] = faults
    assert fault.path == path
    assert words in fault.message


@pytest.mark.parametrize(
    ("own", "held"),
    [
        (None, ("0.5", "0.25")),
        ({}, ("0.5", "0.25")),
        ({"vcpu_share": 1}, ("1", "0.25")),
        ({"memory_share": "0.75"}, ("0.5", "0.75")),
        ("none", None),
    ],
)
def test_a_group_holds_its_own_shares_in_place_of_those_of_the_policy(
    own: Any, held: tuple[str, str] | None, edition: cp.Edition
) -> None:
    policy = {"standby": {"vcpu_share": 0.5, "memory_share": 0.25}}
    read = cp.read_workload(
        workload(sites={"standby": "az07"}, policy=policy, vms=[vm(protection={"rpo": "1h"}, standby=own)]), edition
    )
    found = read.standby_of(read.vms[0])
    assert (None if found is None else (str(found.vcpu_share), str(found.memory_share))) == held
    assert read.sites_of(read.vms[0]) == ("az05", "az07")
    assert read.sites_of_instances(read.vms[0]) == (("az05", "az07") if held else ("az05",))


@pytest.mark.parametrize(
    ("own", "path", "words"),
    [
        ("all", "vms[0].standby", "allowed: a mapping, or none"),
        ([], "vms[0].standby", "allowed: a mapping, or none"),
        ({"vcpu_share": 0}, "vms[0].standby.vcpu_share", "found '0'; allowed: a share > 0 and <= 1"),
        ({"cpu_share": 1}, "vms[0].standby.cpu_share", "did you mean 'vcpu_share'?"),
    ],
)
def test_a_standby_that_is_none_is_refused(own: Any, path: str, words: str, edition: cp.Edition) -> None:
    with bad_input() as faults:
        protected = vm(protection={"rpo": "1h"}, standby=own)
        cp.read_workload(workload(sites={"standby": "az07"}, vms=[protected]), edition)
    assert [(fault.path, words in fault.message) for fault in faults] == [(path, True)]


DEFAULT_DISKS = [
    ({"class": "medium", "iops_per_gib": 1.5}, {"size_gib": 33.5}, "medium", "51", ["class", "iops"]),  # 50.25 up
    ({"class": "medium", "iops_per_gib": 1.5}, {"size_gib": 2}, "medium", "3", ["class", "iops"]),
    ({"class": "medium", "iops_per_gib": 1.5}, {"size_gib": 60, "class": "live"}, "live", "90", ["iops"]),
    ({"class": "medium", "iops_per_gib": 1.5}, {"size_gib": 60, "class": "mass"}, "mass", "0", None),
    ({"class": "medium", "iops_per_gib": 1.5}, {"size_gib": 60, "iops": 0}, "medium", "0", ["class"]),
    ({"class": "mass", "iops_per_gib": 1.5}, {"size_gib": 60}, "mass", "0", ["class"]),
    ({"iops_per_gib": "0.1"}, {"size_gib": "0.3"}, None, "1", ["iops"]),
    ({"class": "live"}, {"size_gib": 60, "iops": 7}, "live", "7", ["class"]),
    ({"class": "live"}, {"size_gib": 60, "class": "ultra"}, "ultra", "0", None),
]


@pytest.mark.parametrize(("default", "disk", "storage_class", "iops", "filled"), DEFAULT_DISKS)
def test_a_disk_that_says_nothing_is_the_default_disk_of_the_policy(
    default: Any, disk: Any, storage_class: str | None, iops: str, filled: list[str] | None, edition: cp.Edition
) -> None:
    read = cp.read_workload(workload(policy={"default_disk": default}, vms=[vm(disks=[disk])]), edition)
    found = read.canonical()["vms"][0]["disks"][0]
    assert (found.get("class"), found["iops"], found.get("by_default")) == (storage_class, iops, filled)
    assert cp.read_workload(read.canonical(), edition) == read
    given = as_given(read, edition)
    assert cp.read_workload(given, edition) == read
    other = cp.read_workload({**given, "policy": {"default_disk": {"class": "premium"}}}, edition)
    assert other.vms[0].disks[0].storage_class == (disk.get("class") or "premium")


def test_fields_that_say_nothing_do_not_stand_in_the_canonical_form(edition: cp.Edition) -> None:
    """What hashes were made of before these fields is what they are made of now."""
    tree = cp.read_workload(workload(networks=[], vms=[vm(networks=[], tags={})]), edition).canonical()
    later = {"networks", "tags", "os", "standby", "by_default", "default_disk"}
    assert not later & {*tree, *tree["vms"][0], *tree["vms"][0]["disks"][0]}
    assert tree["policy"].keys() & later == {"standby"}


# --- what may be written ---------------------------------------------------------------------------------------------

ACCEPTED: list[tuple[str, str, str]] = [
    ("top", "name", "12:30"),
    ("top", "region", "fr1"),
    ("top", "catalog", f'"{EDITION}"'),
    ("top", "catalog", EDITION),
    ("top", "term_months", "1"),
    ("top", "customer", "{organization: ACME, tenant: t, contact: {name: n, email: e, phone: +33 1}, lang: fr}"),
    ("top", "sites", "{primary: az06, standby: az07, backup: az06}"),
    ("top", "backup_policies", "{gold: {daily: 0, weekly: 0, monthly: 12, yearly: 3}}"),
    ("top", "extras", '[{sku: "csp:(region):network:vlan:v1", quantity: 5, site: az06}]'),
    ("top", "extras", "[{sku: csp:fr1:network:vlan:v1, quantity: 1}]"),
    ("top", "extras", "[]"),
    ("top", "networks", "[{name: prod}, {name: dmz, sites: [az07]}]"),
    ("top", "networks", "[]"),
    ("top", "requires", "[hds, secnumcloud]"),
    ("top", "requires", "[]"),
    ("policy", "default_disk", "{class: mass}"),
    ("policy", "default_disk", "{iops_per_gib: 0.5}"),
    ("policy", "vcpu_per_core", "0.5"),
    ("policy", "memory_ceiling", "0.85"),
    ("policy", "memory_ceiling", "0.01"),
    ("policy", "memory_model", "included_full"),
    ("policy", "host_memory_reserve_gib", "16"),
    ("policy", "host_failures", "0"),
    ("policy", "host_failures", "31"),
    ("policy", "blades", "[perf4:v3]"),
    ("policy", "max_clusters", "1"),
    ("policy", "snapshot_headroom", "0.10"),
    ("policy", "snapshot_headroom", "0.5"),
    ("policy", "datastore_max_gib", "500"),
    ("policy", "datastore_max_gib", "20480"),
    ("policy", "min_datastores", "2"),
    *(
        ("policy", "vswp", name)
        for name in ("home", "auto", "live", "medium", "premium", "enterprise", "ultra", "mass")
    ),
    ("policy", "standby", "{vcpu_share: 0.01, memory_share: 1}"),
    ("policy", "backup", "{change_rate: 0, reduction: 1}"),
    ("policy", "backup", "{change_rate: 1, reduction: 2.5}"),
    ("vm", "count", "1"),
    ("vm", "vcpus", "1"),
    ("vm", "memory_gib", "0.5"),
    ("vm", "memory_gib", "16.0"),
    ("vm", "gpus", "0"),
    ("vm", "gpus", "2"),
    ("vm", "min_ghz", "3.2"),
    ("vm", "blades", "[eco:v3, perf4:v3]"),
    ("vm", "site", "az07"),
    ("vm", "pool", "databases"),
    ("vm", "anti_affinity", "x"),
    ("vm", "affinity", "x"),
    ("vm", "powered_on", "false"),
    ("vm", "encrypted", "false"),
    *(("vm", "protection", f"{{mechanism: {name}}}") for name in ("global-mirror", "vm-replication", "metro-mirror")),
    ("vm", "protection", "{rpo: 15m, rto: 4h}"),
    ("vm", "protection", "{rto: 1d}"),
    ("vm", "protection", "{mechanism: vm-replication, rpo: 2h, rto: 1h}"),
    ("vm", "backup", "{daily: 30}"),
    ("vm", "networks", "[]"),
    ("vm", "tags", "{application: erp, cost centre: 42}"),
    ("vm", "tags", "{}"),
    ("vm", "os", "Microsoft Windows Server 2022 (64-bit)"),
    *(("disk", "class", name) for name in ("live", "medium", "premium", "enterprise", "ultra", "mass")),
    ("disk", "iops", "0"),
    ("disk", "iops", "6000.5"),
    ("disk", "mbps", "200"),
    ("disk", "used_gib", "0"),
    ("disk", "used_gib", "60"),
    ("disk", "replicated", "false"),
    ("disk", "constant_writes", "true"),
    ("disk", "backup", "false"),
]


@pytest.mark.parametrize(("scope", "field", "value"), ACCEPTED)
def test_what_the_contract_allows_is_read(
    scope: str, field: str, value: str, tmp_path: Path, edition: cp.Edition
) -> None:
    path, _ = written(text_with(scope, field, value), tmp_path)
    read = cp.read_workload(path, edition)
    assert read.name == ("12:30" if field == "name" else "small")


def test_a_whole_file_of_every_field_is_read(edition: cp.Edition, shared: Path) -> None:
    read = cp.read_workload(shared / "examples" / "erp-dr.yaml", edition)
    assert [group.name for group in read.vms] == ["erp-db", "erp-app", "ad", "video-ftp", "test", "old-erp"]
    assert read.groups["erp-db"].backup.yearly == 3
    assert read.groups["test"].backup.daily == 3
    assert read.groups["test"].backup.change_rate == Decimal("0.03")


def test_json_is_the_same_workload(tmp_path: Path, edition: cp.Edition) -> None:
    path = tmp_path / "workload.json"
    path.write_text(json.dumps(workload(), indent=2))
    assert cp.read_workload(path, edition).sha256 == cp.read_workload(workload(), edition).sha256


# --- what is refused, and where --------------------------------------------------------------------------------------

WHOLE, COUNT = "a whole number >= 1", "allowed: a whole number from"
REFUSED: list[tuple[str, str, str, str, list[str]]] = [
    ("top", "schema", "§cloudplan/workload/v2", "schema", ["found 'cloudplan/workload/v2'", "cloudplan/workload/v1"]),
    ("top", "name", "§''", "name", ["found ''", "not empty"]),
    ("top", "name", "§[a]", "name", ["found a list"]),
    ("top", "catalog", "§[2025-01-17]", "catalog", ["found a list"]),
    ("top", "term_months", "§0", "term_months", ["found '0'", COUNT]),
    ("top", "term_months", "§1.5", "term_months", ["found '1.5'", COUNT]),
    ("top", "term_months", "§-12", "term_months", ["found '-12'"]),
    ("top", "customer", "§ACME", "customer", ["found 'ACME'", "allowed: a mapping"]),
    ("top", "customer", "{§organisation: ACME}", "customer.organisation", ["did you mean 'organization'?"]),
    ("top", "customer", "{lang: §de}", "customer.lang", ["found 'de'", "fr or en"]),
    ("top", "customer", "{contact: {§mail: x}}", "customer.contact.mail", ["did you mean 'email'?"]),
    ("top", "sites", "§az05", "sites", ["found 'az05'", "a mapping"]),
    ("top", "sites", "{primary: §az5}", "sites.primary", ["unknown zone 'az5'", "did you mean 'az05'?", "az06, az07"]),
    ("top", "sites", "{standby: §az08}", "sites.standby", ["unknown zone 'az08'"]),
    ("top", "sites", "{backup: §paris}", "sites.backup", ["unknown zone 'paris' (allowed: az05, az06, az07)"]),
    ("top", "sites", "{standby: §az05}", "sites.standby", ["found 'az05', the primary site", "another zone"]),
    ("top", "sites", "{primary: az07, standby: §az07}", "sites.standby", ["the primary site"]),
    ("top", "sites", "{§secondary: az07}", "sites.secondary", ["unknown field 'secondary'"]),
    ("top", "policy", "§[1]", "policy", ["found a list", "a mapping"]),
    ("top", "§polciy", "{}", "polciy", ["unknown field 'polciy'", "did you mean 'policy'?"]),
    ("top", "backup_policies", "§[gold]", "backup_policies", ["found a list", "a mapping"]),
    ("top", "backup_policies", "{gold: §7}", "backup_policies.gold", ["found '7'", "a mapping"]),
    ("top", "backup_policies", "{gold: {§day: 7}}", "backup_policies.gold.day", ["did you mean 'daily'?"]),
    ("top", "backup_policies", "{gold: {daily: §-1}}", "backup_policies.gold.daily", ["found '-1'"]),
    ("top", "extras", "§{sku: x}", "extras", ["found a mapping", "a list"]),
    ("top", "extras", "[§x]", "extras[0]", ["found 'x'", "a mapping"]),
    ("top", "extras", "[{sku: §csp:tenant:v2, quantity: 1}]", "extras[0].sku", ["did you mean 'csp:tenant:v1'?"]),
    ("top", "extras", "[{sku: csp:tenant:v1, quantity: §0}]", "extras[0].quantity", ["found '0'", "from 1"]),
    ("top", "extras", "[{sku: csp:tenant:v1, quantity: §1.5}]", "extras[0].quantity", ["found '1.5'"]),
    ("top", "extras", "[§{sku: csp:tenant:v1}]", "extras[0].quantity", ["required field 'quantity' is missing"]),
    ("top", "extras", "[§{quantity: 1}]", "extras[0].sku", ["required field 'sku' is missing"]),
    ("top", "extras", "[{sku: csp:tenant:v1, quantity: 1, site: §az01}]", "extras[0].site", ["unknown zone 'az01'"]),
    ("top", "vms", "§[]", "vms", ["found an empty list", "at least one entry"]),
    ("top", "vms", "§{name: a}", "vms", ["found a mapping", "a list"]),
    ("top", "vms", "[§a]", "vms[0]", ["found 'a'", "a mapping"]),
    ("policy", "memory_ceiling", "§0", "policy.memory_ceiling", ["found '0'", "> 0"]),
    ("policy", "memory_ceiling", "§0.8500001", "policy.memory_ceiling", ["found 0.8500001", "<= 0.85", "catalogue"]),
    ("policy", "memory_ceiling", "§85%", "policy.memory_ceiling", ["found '85%'"]),
    ("policy", "memory_model", "§full", "policy.memory_model", ["base128_plus_memory or included_full"]),
    ("policy", "host_memory_reserve_gib", "§-1", "policy.host_memory_reserve_gib", ["found '-1'", "from 0"]),
    ("policy", "host_memory_reserve_gib", "§1.5", "policy.host_memory_reserve_gib", ["found '1.5'"]),
    ("policy", "host_failures", "§-1", "policy.host_failures", ["found '-1'"]),
    ("policy", "host_failures", "§32", "policy.host_failures", ["found", "32", "31"]),
    ("policy", "blades", "[eco:v3, §eco]", "policy.blades[1]", ["unknown blade 'eco'", "did you mean 'eco:v3'?"]),
    ("policy", "max_clusters", "§0", "policy.max_clusters", ["found '0'", WHOLE]),
    ("policy", "snapshot_headroom", "§0.0999", "policy.snapshot_headroom", ["found 0.0999", ">= 0.1", "catalogue"]),
    ("policy", "snapshot_headroom", "§1", "policy.snapshot_headroom", ["found '1'"]),
    ("policy", "datastore_max_gib", "§20481", "policy.datastore_max_gib", ["found 20481", "<= 20480"]),
    ("policy", "datastore_max_gib", "§499", "policy.datastore_max_gib", ["found 499", ">= 500"]),
    ("policy", "min_datastores", "§-1", "policy.min_datastores", ["found '-1'"]),
    ("policy", "vswp", "§here", "policy.vswp", ["'here'", "home", "auto", "mass"]),
    ("policy", "vswp", "§premum", "policy.vswp", ["did you mean 'premium'?"]),
    ("policy", "standby", "{vcpu_share: §0}", "policy.standby.vcpu_share", ["found '0'", "> 0 and <= 1"]),
    ("policy", "standby", "{memory_share: §1.01}", "policy.standby.memory_share", ["found '1.01'", "> 0 and <= 1"]),
    ("policy", "standby", "{§memory: 1}", "policy.standby.memory", ["did you mean 'memory_share'?"]),
    ("policy", "backup", "§gold", "policy.backup", ["found 'gold'", "a mapping"]),
    ("top", "requires", "[hds, §hsd]", "requires[1]", ["unknown certification 'hsd'", "'hds'?"]),
    ("top", "requires", "§hds", "requires", ["found 'hds'", "a list"]),
    ("top", "networks", "[{name: prod}, {name: §prod}]", "networks[1].name", ["'prod' is taken by networks[0]"]),
    ("top", "networks", "[{name: x, sites: §[]}]", "networks[0].sites", ["found an empty list", "at least one entry"]),
    ("top", "networks", "[{name: x, sites: [§az5]}]", "networks[0].sites[0]", ["unknown zone 'az5'", "'az05'?"]),
    ("top", "networks", "[{name: x, sites: [az05, §az05]}]", "networks[0].sites[1]", ["site 'az05' is named twice"]),
    ("top", "networks", "[{name: x, §site: az05}]", "networks[0].site", ["did you mean 'sites'?"]),
    ("top", "networks", "[§prod]", "networks[0]", ["found 'prod'", "a mapping"]),
    ("policy", "default_disk", "§{}", "policy.default_disk", ["found nothing", "class, iops_per_gib"]),
    ("policy", "default_disk", "{class: §Standard}", "policy.default_disk.class", ["did you mean 'medium'?"]),
    ("policy", "default_disk", "{iops_per_gib: §0}", "policy.default_disk.iops_per_gib", ["found '0'", "> 0"]),
    ("policy", "default_disk", "{§iops_gib: 1}", "policy.default_disk.iops_gib", ["did you mean 'iops_per_gib'?"]),
    ("vm", "networks", "[§prod]", "vms[0].networks[0]", ["unknown network 'prod' (allowed: none)"]),
    ("vm", "networks", "§prod", "vms[0].networks", ["found 'prod'", "a list"]),
    ("vm", "tags", "§[erp]", "vms[0].tags", ["found a list", "a mapping"]),
    ("vm", "tags", "{application: §[erp]}", "vms[0].tags.application", ["found a list"]),
    ("vm", "os", "§[linux]", "vms[0].os", ["found a list"]),
    ("vm", "standby", "§none", "vms[0].standby", ["the VM is not protected", "add protection"]),
    ("disk", "by_default", "[§class]", "vms[0].disks[0].by_default[0]", ["policy.default_disk does not give so"]),
    ("policy", "§ceiling", "0.8", "policy.ceiling", ["unknown field 'ceiling'"]),
    ("vm", "count", "§0", "vms[0].count", ["found '0'", "from 1 to 1000000"]),
    ("vm", "count", "§two", "vms[0].count", ["found 'two'"]),
    ("vm", "count", "§2.5", "vms[0].count", ["found '2.5'"]),
    ("vm", "names", "§[x, y]", "vms[0].names", ["found 2 names", "allowed: 1"]),
    ("vm", "names", "§[]", "vms[0].names", ["found 0 names", "allowed: 1"]),
    ("vm", "names", "§x", "vms[0].names", ["found 'x'", "a list"]),
    ("vm", "vcpus", "§0", "vms[0].vcpus", ["found '0'", "from 1"]),
    ("vm", "vcpus", "§0.5", "vms[0].vcpus", ["found '0.5'", "from 1"]),
    ("vm", "vcpus", "§four", "vms[0].vcpus", ["found 'four'"]),
    ("vm", "vcpus", "§1e3", "vms[0].vcpus", ["found '1e3'"]),
    ("vm", "memory_gib", "§0", "vms[0].memory_gib", ["found '0'", "GiB > 0"]),
    ("vm", "memory_gib", "§-16", "vms[0].memory_gib", ["found '-16'"]),
    ("vm", "memory_gib", "§16 GB", "vms[0].memory_gib", ["found '16 GB'"]),
    ("vm", "memory_gib", "§.inf", "vms[0].memory_gib", ["found '.inf'"]),
    ("vm", "memory_gib", "§1_000", "vms[0].memory_gib", ["found '1_000'"]),
    ("vm", "memory_gib", '§"1,5"', "vms[0].memory_gib", ["found '1,5'"]),
    ("vm", "gpus", "§-1", "vms[0].gpus", ["found '-1'"]),
    ("vm", "gpus", "§0.5", "vms[0].gpus", ["found '0.5'"]),
    ("vm", "min_ghz", "§-1", "vms[0].min_ghz", ["found '-1'"]),
    ("vm", "min_ghz", "§2.8 GHz", "vms[0].min_ghz", ["found '2.8 GHz'"]),
    ("vm", "vcpu_per_core", "§0", "vms[0].vcpu_per_core", ["found '0'", "> 0"]),
    ("vm", "blades", "§[]", "vms[0].blades", ["an empty list", "at least one blade"]),
    ("vm", "blades", "[§advance:v4]", "vms[0].blades[0]", ["'advance:v4'", "did you mean 'advance:v3'?"]),
    ("vm", "site", "§az9", "vms[0].site", ["unknown zone 'az9'"]),
    ("vm", "pool", "§''", "vms[0].pool", ["found ''"]),
    ("vm", "affinity", "§{}", "vms[0].affinity", ["found a mapping"]),
    ("vm", "powered_on", "§no", "vms[0].powered_on", ["found 'no'", "true or false"]),
    ("vm", "encrypted", "§true", "vms[0].encrypted", [EDITION, "does not sell", "allowed: false"]),
    ("vm", "protection", "§{}", "vms[0].protection", ["at least one of rpo, rto, mechanism"]),
    ("vm", "protection", "§15m", "vms[0].protection", ["found '15m'", "a mapping"]),
    ("vm", "protection", "{rpo: §15}", "vms[0].protection.rpo", ["found '15'", "m, h or d"]),
    ("vm", "protection", "{rpo: §0m}", "vms[0].protection.rpo", ["found '0m'", ">= 1"]),
    ("vm", "protection", "{rto: §1.5h}", "vms[0].protection.rto", ["found '1.5h'"]),
    ("vm", "protection", "{mechanism: §mirror}", "vms[0].protection.mechanism", ["global-mirror", "vm-replication"]),
    ("vm", "protection", "{rto: 4h, §rp: 1h}", "vms[0].protection.rp", ["unknown field 'rp'", "did you mean 'rpo'?"]),
    ("vm", "backup", "§silver", "vms[0].backup", ["unknown backup policy 'silver'"]),
    ("vm", "backup", "§[1]", "vms[0].backup", ["found a list", "a mapping"]),
    ("vm", "backup", "{weekly: §many}", "vms[0].backup.weekly", ["found 'many'"]),
    ("vm", "disks", "§[]", "vms[0].disks", ["found an empty list", "at least one entry"]),
    ("vm", "disks", "§{size_gib: 60}", "vms[0].disks", ["found a mapping", "a list"]),
    ("vm", "disks", "[§60]", "vms[0].disks[0]", ["found '60'", "a mapping"]),
    ("vm", "§memory", "8", "vms[0].memory", ["unknown field 'memory'", "did you mean 'memory_gib'?"]),
    ("vm", "§colour", "red", "vms[0].colour", ["unknown field 'colour'"]),
    ("disk", "size_gib", "§0", "vms[0].disks[0].size_gib", ["found '0'", "GiB > 0"]),
    ("disk", "class", "§gold", "vms[0].disks[0].class", ["'gold'", "enterprise, live, mass, medium, premium, ultra"]),
    ("disk", "class", "§Premium", "vms[0].disks[0].class", ["did you mean 'premium'?"]),
    ("disk", "class", "§standard", "vms[0].disks[0].class", ["unknown storage class 'standard'"]),
    ("disk", "iops", "§-1", "vms[0].disks[0].iops", ["found '-1'", ">= 0"]),
    ("disk", "mbps", "§-1", "vms[0].disks[0].mbps", ["found '-1'", ">= 0"]),
    ("disk", "used_gib", "§60.1", "vms[0].disks[0].used_gib", ["found 60.1", "<= 60, the size"]),
    ("disk", "used_gib", "§-1", "vms[0].disks[0].used_gib", ["found '-1'"]),
    ("disk", "replicated", "§yes", "vms[0].disks[0].replicated", ["found 'yes'", "true or false"]),
    ("disk", "constant_writes", "§1", "vms[0].disks[0].constant_writes", ["found '1'", "true or false"]),
    ("disk", "backup", "§off", "vms[0].disks[0].backup", ["found 'off'", "true or false"]),
    ("disk", "§size", "60", "vms[0].disks[0].size", ["unknown field 'size'", "did you mean 'size_gib'?"]),
]  # fmt: skip
DEFAULTED: list[tuple[str, str, str, str, list[str]]] = [
    ("top", "region", "§fr2", "region", ["unknown region 'fr2'", "did you mean 'fr1'?", "allowed: fr1"]),
    ("top", "region", "§[fr1]", "region", ["region"]),
    ("policy", "vcpu_per_core", "§0", "policy.vcpu_per_core", ["found '0'", "> 0"]),
    ("policy", "vcpu_per_core", "§4:1", "policy.vcpu_per_core", ["found '4:1'"]),
    ("policy", "blades", "§eco:v3", "policy.blades", ["found 'eco:v3'", "a list"]),
    ("policy", "blades", "§[]", "policy.blades", ["an empty list", "at least one blade"]),
    ("policy", "blades", "[§[eco:v3]]", "policy.blades[0]", ["found a list"]),
    ("policy", "backup", "{daily: §1.5}", "policy.backup.daily", ["found '1.5'"]),
    ("policy", "backup", "{yearly: §-1}", "policy.backup.yearly", ["found '-1'"]),
    ("policy", "backup", "{change_rate: §1.01}", "policy.backup.change_rate", ["found '1.01'", ">= 0 and <= 1"]),
    ("policy", "backup", "{change_rate: §-0.1}", "policy.backup.change_rate", ["found '-0.1'"]),
    ("policy", "backup", "{reduction: §0.99}", "policy.backup.reduction", ["found '0.99'", ">= 1"]),
    ("policy", "backup", "{§dayly: 7}", "policy.backup.dayly", ["did you mean 'daily'?"]),
    ("vm", "name", "§''", "vms[0].name", ["found ''"]),
    ("disk", "size_gib", "§-1", "vms[0].disks[0].size_gib", ["found '-1'"]),
    ("top", "sites", "{primary: §[az05]}", "sites.primary", ["found a list"]),
]  # fmt: skip
"""Wrong values that are defaults elsewhere: they are told where they are given, and not again where they are used."""


def refusals() -> Iterator[Any]:
    """Yield every refusal as a parameter of a test."""
    for row in (*REFUSED, *DEFAULTED):
        name = f"{row[0]} {row[1]}: {row[2]}".replace(MARK, "")
        yield pytest.param(*row, id=name)


@pytest.mark.parametrize(("scope", "field", "value", "path", "words"), list(refusals()))
def test_a_wrong_field_is_one_fault_where_it_stands(
    scope: str, field: str, value: str, path: str, words: list[str], tmp_path: Path, edition: cp.Edition
) -> None:
    file, where = written(text_with(scope, field, value), tmp_path)
    with bad_input() as faults:
        cp.read_workload(file, edition)
    assert [(fault.where, fault.path) for fault in faults] == [(where, path)]
    assert [word for word in words if word not in faults[0].message] == []


REQUIRED = [
    ("top", "schema"),
    ("top", "name"),
    ("vm", "name"),
    ("vm", "vcpus"),
    ("vm", "memory_gib"),
    ("disk", "size_gib"),
]


@pytest.mark.parametrize(("scope", "field"), REQUIRED)
def test_a_required_field_that_is_missing_is_one_fault_at_its_parent(
    scope: str, field: str, tmp_path: Path, edition: cp.Edition
) -> None:
    other = {"top": "customer", "vm": "pool", "disk": "iops"}[scope]
    text = text_with(scope, other, {"customer": "{}", "pool": "p", "iops": "1"}[other])
    lines = text.splitlines()
    indent = {"top": "", "vm": "    ", "disk": "        "}[scope]
    gone = next(index for index, line in enumerate(lines) if line.startswith(f"{indent}{field}: "))
    del lines[gone]
    path = tmp_path / "workload.yaml"
    path.write_text("\n".join(lines))
    with bad_input() as faults:
        cp.read_workload(path, edition)
    assert [(fault.path, fault.message) for fault in faults] == [
        (SCOPES[scope] + field, f"required field {field!r} is missing")
    ]
    assert faults[0].where.startswith(f"{path}:")


def test_a_long_value_is_shortened_in_its_fault(edition: cp.Edition) -> None:
    with bad_input() as faults:
        cp.read_workload(workload(vms=[vm(vcpus="x" * 500)]), edition)
    assert "found 'xxx" in faults[0].message
    assert len(faults[0].message) < 200


@pytest.mark.parametrize("field", ["vms", "disks"])
def test_a_required_list_that_is_missing_is_one_fault(field: str, edition: cp.Edition) -> None:
    fields = workload()
    del (fields if field == "vms" else fields["vms"][0])[field]
    with bad_input() as faults:
        cp.read_workload(fields, edition)
    assert [fault.message for fault in faults] == [f"required field {field!r} is missing"]


@pytest.mark.parametrize(
    ("scope", "wrong", "meant"),
    [
        ("vm", "vcpu", "vcpus"),
        ("vm", "memory", "memory_gib"),
        ("disk", "size", "size_gib"),
        ("top", "schemas", "schema"),
    ],
)
def test_an_unknown_field_that_stands_for_a_missing_one_is_one_fault(
    scope: str, wrong: str, meant: str, edition: cp.Edition
) -> None:
    fields = workload()
    place = {"top": fields, "vm": fields["vms"][0], "disk": fields["vms"][0]["disks"][0]}[scope]
    place[wrong] = place.pop(meant)
    with bad_input() as faults:
        cp.read_workload(fields, edition)
    assert [(fault.path, fault.message) for fault in faults] == [
        (SCOPES[scope] + wrong, f"unknown field {wrong!r}; did you mean {meant!r}?")
    ]


@pytest.mark.parametrize("tree", ["[1, 2]", "just text", "---", "5"])
def test_a_file_that_is_no_mapping_is_one_fault(tree: str, tmp_path: Path, edition: cp.Edition) -> None:
    path = tmp_path / "workload.yaml"
    path.write_text(tree)
    with bad_input() as faults:
        cp.read_workload(path, edition)
    assert len(faults) == 1
    assert "allowed: a mapping" in faults[0].message


@pytest.mark.parametrize("scope", ["policy", "sites", "customer", "backup_policies", "extras", "region"])
def test_a_field_with_nothing_in_it_is_at_most_one_fault(scope: str, tmp_path: Path, edition: cp.Edition) -> None:
    path, _ = written(text_with("top", scope, ""), tmp_path)
    try:
        assert cp.read_workload(path, edition).name == "small"
    except cp.BadInputError as error:
        assert [fault.path for fault in error.faults] == [scope]


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "path", "words"),
    [
        ([vm(), vm()], "vms[1].name", "the name 'a' is taken by vms[0]"),
        ([vm(count=2), vm(name="a-2")], "vms[1].name", "the instance name 'a-2' is taken by vms[0]"),
        ([vm(name="b-1"), vm(name="b", count=2)], "vms[1].name", "the instance name 'b-1' is taken by vms[0]"),
        ([vm(count=2, names=["x", "x"])], "vms[0].names[1]", "the instance name 'x' is taken by vms[0]"),
        ([vm(names=["x"]), vm(name="b", names=["x"])], "vms[1].names[0]", "the instance name 'x' is taken by vms[0]"),
        ([vm(), vm(name="b", names=["a"])], "vms[1].names[0]", "the instance name 'a' is taken by vms[0]"),
    ],
)
def test_names_of_groups_and_instances_are_unique(
    groups: list[dict[str, Any]], path: str, words: str, edition: cp.Edition
) -> None:
    with bad_input() as faults:
        cp.read_workload(workload(vms=groups), edition)
    assert [fault.path for fault in faults] == [path]
    assert words in faults[0].message


def test_numbers_as_names_are_unique_too(edition: cp.Edition) -> None:
    with bad_input() as faults:
        cp.read_workload(workload(vms=[vm(name=5), vm(name=5)]), edition)
    assert [fault.path for fault in faults] == ["vms[1].name"]


def test_a_group_may_bear_the_name_that_no_instance_has(edition: cp.Edition) -> None:
    read = cp.read_workload(workload(vms=[vm(count=2), vm(name="b", names=["a"])]), edition)
    assert [group.names for group in read.vms] == [("a-1", "a-2"), ("a",)]


@pytest.mark.parametrize("counts", [[1_000_001], [999_999, 2]])
def test_a_workload_has_at_most_a_million_instances(counts: list[int], edition: cp.Edition) -> None:
    groups = [vm(name=f"g{index}", count=count) for index, count in enumerate(counts)]
    with bad_input() as faults:
        cp.read_workload(workload(vms=groups), edition)
    assert len(faults) == 1
    assert "1000000" in faults[0].message


def test_many_instances_are_read(edition: cp.Edition) -> None:
    read = cp.read_workload(workload(vms=[vm(count=100_000)]), edition)
    assert read.vms[0].names[-1] == "a-100000"


# --- fields that contradict each other -------------------------------------------------------------------------------

TAGGED = {"affinity": "together"}


@pytest.mark.parametrize("protection", [{"rpo": "1h"}, {"mechanism": "global-mirror"}])
def test_a_protected_vm_at_the_primary_site_needs_a_standby_site(
    protection: dict[str, str], edition: cp.Edition
) -> None:
    with bad_input() as faults:
        cp.read_workload(workload(vms=[vm(protection=protection)]), edition)
    assert [fault.path for fault in faults] == ["vms[0].protection"]
    assert "sites.standby" in faults[0].message


def test_disk_0_of_a_protected_vm_is_replicated(edition: cp.Edition) -> None:
    protected = vm(protection={"rpo": "1h"}, disks=[{"size_gib": 60, "replicated": False}])
    with bad_input() as faults:
        cp.read_workload(workload(sites={"standby": "az06"}, vms=[protected]), edition)
    assert [fault.path for fault in faults] == ["vms[0].disks[0].replicated"]


def test_other_disks_of_a_protected_vm_may_stay_behind(edition: cp.Edition) -> None:
    disks = [{"size_gib": 60}, {"size_gib": 60, "replicated": False}]
    read = cp.read_workload(
        workload(sites={"standby": "az06"}, vms=[vm(protection={"rpo": "1h"}, disks=disks)]), edition
    )
    assert [disk.replicated for disk in read.vms[0].disks] == [True, False]


def test_an_affinity_group_stands_in_one_pool(edition: cp.Edition) -> None:
    groups = [vm(**TAGGED), vm(name="b", pool="other", **TAGGED), vm(name="c", pool="other", **TAGGED)]
    with bad_input() as faults:
        cp.read_workload(workload(vms=groups), edition)
    assert {fault.path for fault in faults} == {"vms[1].affinity", "vms[2].affinity"}
    assert all("'default'" in fault.message and "'other'" in fault.message for fault in faults)


def test_an_affinity_group_of_one_pool_is_read(edition: cp.Edition) -> None:
    read = cp.read_workload(workload(vms=[vm(pool="x", **TAGGED), vm(name="b", pool="x", **TAGGED)]), edition)
    assert {group.pool for group in read.vms} == {"x"}


@pytest.mark.parametrize("region", ["(region)", "fr1"])
def test_an_extra_that_the_plan_computes_itself_is_refused(region: str, edition: cp.Edition) -> None:
    computed = [item.sku for item in edition.computed_items()] + [
        alias for item in edition.computed_items() for alias in item.aliases
    ]
    extras = [{"sku": sku.replace("(region)", region), "quantity": 1} for sku in computed]
    with bad_input() as faults:
        cp.read_workload(workload(extras=extras), edition)
    assert [fault.path for fault in faults] == [f"extras[{index}].sku" for index in range(len(computed))]
    assert all("computes" in fault.message for fault in faults)


@pytest.mark.parametrize("region", ["(region)", "fr1"])
def test_every_extra_of_the_edition_may_be_asked_for(region: str, edition: cp.Edition) -> None:
    skus = [item.sku.replace("(region)", region) for item in edition.extras.values()]
    read = cp.read_workload(workload(extras=[{"sku": sku, "quantity": 1} for sku in skus]), edition)
    assert [extra.sku for extra in read.extras] == skus


# --- all faults at once, and no echoes -------------------------------------------------------------------------------


def test_every_fault_of_a_file_is_told_at_once_in_the_order_of_the_file(tmp_path: Path, edition: cp.Edition) -> None:
    path = tmp_path / "workload.yaml"
    path.write_text(
        "schema: cloudplan/workload/v1\n"
        "sites: {primary: az5}\n"
        "policy: {memory_ceiling: high, blades: [eco]}\n"
        "extras: [{sku: csp:tenant:v9, quantity: 1}]\n"
        "vms:\n"
        "  - {name: a, vcpus: 0, memory_gib: 8, disks: [{size_gib: 60, class: gold}]}\n"
        "  - {name: a, vcpus: 2, memory_gib: 8, colour: red, disks: []}\n"
    )
    with bad_input() as faults:
        cp.read_workload(path, edition)
    assert [(fault.where.removeprefix(f"{path}:").split(":")[0], fault.path) for fault in faults] == [
        ("1", "name"),
        ("2", "sites.primary"),
        ("3", "policy.memory_ceiling"),
        ("3", "policy.blades[0]"),
        ("4", "extras[0].sku"),
        ("6", "vms[0].vcpus"),
        ("6", "vms[0].disks[0].class"),
        ("7", "vms[1].name"),
        ("7", "vms[1].colour"),
        ("7", "vms[1].disks"),
    ]


def test_values_and_limits_are_told_together(edition: cp.Edition) -> None:
    """What needs typed values (used_gib above size_gib) does not wait until everything else is mended."""
    groups = [vm(vcpus=0), vm(name="b", disks=[{"size_gib": 60, "used_gib": 61}])]
    with bad_input() as faults:
        cp.read_workload(workload(policy={"memory_ceiling": 0.9}, vms=groups), edition)
    assert {fault.path for fault in faults} == {
        "policy.memory_ceiling",
        "vms[0].vcpus",
        "vms[1].disks[0].used_gib",
    }


@pytest.mark.parametrize("policy", ["{daily: x}", "{dayly: 7}", "7", "[1]"])
def test_a_wrong_backup_policy_is_told_once_and_not_again_by_the_vms_that_pick_it(
    policy: str, tmp_path: Path, edition: cp.Edition
) -> None:
    text = text_with("vm", "backup", "gold") + f"backup_policies: {{gold: {policy}}}\n"
    path, _ = written(text, tmp_path)
    with bad_input() as faults:
        cp.read_workload(path, edition)
    assert len(faults) == 1
    assert faults[0].path.startswith("backup_policies.gold")


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        ({"sites": {"primary": 5}}, "sites.primary"),
        ({"sites": {"standby": 5}}, "sites.standby"),
        ({"sites": {"backup": 5}}, "sites.backup"),
        ({"policy": {"blades": [5]}}, "policy.blades[0]"),
        ({"policy": {"vswp": 5}}, "policy.vswp"),
        ({"extras": [{"sku": 5, "quantity": 1}]}, "extras[0].sku"),
        ({"extras": [{"sku": "csp:tenant:v1", "quantity": 1, "site": 5}]}, "extras[0].site"),
        ({"vms": [vm(site=5)]}, "vms[0].site"),
        ({"vms": [vm(blades=[5])]}, "vms[0].blades[0]"),
        ({"vms": [vm(disks=[{"size_gib": 60, "class": 5}])]}, "vms[0].disks[0].class"),
        ({"region": 5}, "region"),
        ({"catalog": 5}, "catalog"),
    ],
)
def test_a_number_from_python_where_a_name_belongs_is_no_known_name(
    overrides: dict[str, Any], path: str, edition: cp.Edition
) -> None:
    with bad_input() as faults:
        cp.read_workload(workload(**overrides), edition)
    assert [fault.path for fault in faults] == [path]


# --- anything at all -------------------------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-10, 10**13)
    | st.floats()
    | st.decimals()
    | st.text(max_size=4)
    | st.sampled_from(
        ["az05", "gold", "1h", "eco:v3", "mass", "home", "1e9", "-1", "0.5", "+3", "fr1", "csp:tenant:v1"]
    )
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "daily", "rpo", "size_gib", "class", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FULL = workload(
    customer={"organization": "o", "contact": {"name": "n"}, "lang": "fr"},
    region="fr1",
    term_months=12,
    sites={"primary": "az05", "standby": "az06", "backup": "az07"},
    policy={
        **{"vcpu_per_core": 4, "memory_ceiling": 0.8, "host_failures": 1, "blades": ["eco:v3"], "max_clusters": 2},
        **{"snapshot_headroom": 0.2, "datastore_max_gib": 1000, "min_datastores": 1, "vswp": "auto"},
        "standby": {"vcpu_share": 0.5, "memory_share": 1},
        "default_disk": {"class": "live", "iops_per_gib": 1.5},
        "backup": {"daily": 1, "reduction": 2},
    },
    backup_policies={"gold": {"daily": 30}},
    extras=[{"sku": "csp:tenant:v1", "quantity": 1, "site": "az05"}],
    networks=[{"name": "prod", "sites": ["az05"]}, {"name": "dmz"}],
    vms=[
        vm(
            **{"count": 2, "names": ["x", "y"], "gpus": 0, "min_ghz": 2, "vcpu_per_core": 2, "blades": ["eco:v3"]},
            **{"site": "az05", "pool": "p", "affinity": "t", "powered_on": True, "encrypted": False, "backup": "gold"},
            anti_affinity="s",
            protection={"rpo": "1h", "rto": "4h", "mechanism": "global-mirror"},
            **{"standby": {"vcpu_share": 0.5}, "networks": ["prod"], "tags": {"application": "erp"}, "os": "linux"},
            disks=[{"size_gib": 60, "class": "live", "iops": 1, "used_gib": 5, "replicated": True, "backup": False}],
        ),
        vm(name="b", backup={"weekly": 3}),
        vm(name="c", protection={"rpo": "1h"}, standby="none", disks=[{"size_gib": 60, "by_default": ["class"]}]),
    ],
)


def steps(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a tree."""
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    return [before, *(path for key, inner in entries for path in steps(inner, (*before, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a tree with the value at a path replaced."""
    if not path:
        return new
    inner = replaced(value[path[0]], path[1:], new)
    if isinstance(value, list):
        return [*value[: path[0]], inner, *value[path[0] + 1 :]]
    return {**value, path[0]: inner}


def test_the_full_workload_is_valid(edition: cp.Edition) -> None:
    assert cp.read_workload(FULL, edition).vms[0].backup.daily == 30


@settings(max_examples=250)
@given(changes=st.lists(st.tuples(st.sampled_from(steps(FULL)[1:]), JUNK), min_size=1, max_size=2))
def test_junk_in_any_field_is_bad_input_or_a_workload_that_reads_back(
    changes: list[tuple[tuple[Any, ...], Any]], edition: cp.Edition
) -> None:
    tree: Any = FULL
    for path, junk in changes:
        if path in steps(tree):
            tree = replaced(tree, path, junk)
    try:
        read = cp.read_workload(tree, edition)
    except cp.BadInputError as error:
        assert error.faults
    else:
        assert cp.read_workload(read.canonical(), edition).sha256 == read.sha256


@given(tree=st.dictionaries(st.sampled_from([*FULL, "junk"]), JUNK))
def test_a_document_of_junk_is_bad_input(tree: dict[str, Any], edition: cp.Edition) -> None:
    with pytest.raises(cp.BadInputError):
        cp.read_workload(tree, edition)


# --- the canonical form and its hash ---------------------------------------------------------------------------------

PLAIN = """\
schema: cloudplan/workload/v1
name: small
policy: {vcpu_per_core: 4, vswp: auto}
vms:
  - {name: a, vcpus: 2, memory_gib: 16, disks: [{size_gib: 60, iops: 100}]}
"""
SAME = {
    "comments and blank lines": PLAIN.replace("vms:", "# our VMs\n\nvms: # all of them"),
    "the order of keys": (
        "vms: [{disks: [{iops: 100, size_gib: 60}], memory_gib: 16, vcpus: 2, name: a}]\n"
        "policy: {vswp: auto, vcpu_per_core: 4}\nname: small\nschema: cloudplan/workload/v1\n"
    ),
    "16.0 for 16": PLAIN.replace("memory_gib: 16", "memory_gib: 16.0"),
    "16.000 for 16": PLAIN.replace("memory_gib: 16", "memory_gib: 16.000"),
    "016 for 16": PLAIN.replace("memory_gib: 16", "memory_gib: 016"),
    "+16 for 16": PLAIN.replace("memory_gib: 16", "memory_gib: +16"),
    "a quoted number": PLAIN.replace("memory_gib: 16", 'memory_gib: "16"'),
    "4.0 for the ratio": PLAIN.replace("vcpu_per_core: 4", "vcpu_per_core: 4.0"),
    "100.0 IOPS": PLAIN.replace("iops: 100", "iops: 100.0"),
    "+2 vCPUs": PLAIN.replace("vcpus: 2", "vcpus: +2"),
    "defaults written out": PLAIN.replace("name: a,", "name: a, count: 1, site: az05, powered_on: true,"),
    "the edition pinned": f'catalog: "{EDITION}"\n{PLAIN}',
    "a byte order mark": "\ufeff" + PLAIN,
    "Windows line ends": PLAIN.replace("\n", "\r\n"),
}
OTHER = {
    "another name": PLAIN.replace("name: small", "name: smaller"),
    "another size": PLAIN.replace("memory_gib: 16", "memory_gib: 16.001"),
    "another policy": PLAIN.replace("vswp: auto", "vswp: home"),
    "another term": PLAIN + "term_months: 12\n",
    "another VM": PLAIN + "  - {name: b, vcpus: 2, memory_gib: 16, disks: [{size_gib: 60}]}\n",
}


def hash_of(text: str, folder: Path, edition: cp.Edition) -> str:
    path = folder / "workload.yaml"
    path.write_bytes(text.encode())
    return cp.read_workload(path, edition).sha256


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_how_a_workload_is_written_does_not_change_its_hash(text: str, tmp_path: Path, edition: cp.Edition) -> None:
    assert hash_of(text, tmp_path, edition) == hash_of(PLAIN, tmp_path, edition)


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_what_a_workload_says_changes_its_hash(text: str, tmp_path: Path, edition: cp.Edition) -> None:
    assert hash_of(text, tmp_path, edition) != hash_of(PLAIN, tmp_path, edition)


@pytest.mark.parametrize("memory", [16, 16.0, "16", Decimal("16.0")])
def test_a_workload_built_in_python_has_the_hash_of_its_file(memory: Any, tmp_path: Path, edition: cp.Edition) -> None:
    group = vm(memory_gib=memory, disks=[{"size_gib": 60, "iops": 100}])
    fields = {
        **{"schema": "cloudplan/workload/v1", "name": "small", "policy": {"vcpu_per_core": 4, "vswp": "auto"}},
        "vms": (group,),
    }
    assert cp.read_workload(fields, edition).sha256 == hash_of(PLAIN, tmp_path, edition)


def test_reading_does_not_change_what_it_is_given(edition: cp.Edition) -> None:
    given_, before = workload(), json.dumps(workload())
    cp.read_workload(given_, edition)
    assert json.dumps(given_) == before


def test_the_hash_is_that_of_the_canonical_json(edition: cp.Edition) -> None:
    read = cp.read_workload(workload(name="café", vms=[vm(memory_gib=2.50)]), edition)
    text = json.dumps(read.canonical(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert read.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert read.canonical()["vms"][0]["memory_gib"] == "2.5"


def test_the_canonical_form_reads_back_as_the_same_workload(edition: cp.Edition, shared: Path) -> None:
    read = cp.read_workload(shared / "examples" / "erp-dr.yaml", edition)
    assert cp.read_workload(read.canonical(), edition) == read


# --- well-formed, but no plan keeps the rules ------------------------------------------------------------------------

DR = {"standby": "az07"}
INFEASIBLE: dict[str, tuple[dict[str, Any], str, str, list[str]]] = {
    "more vCPUs than threads": ({"vms": [vm(vcpus=113, vcpu_per_core=8)]}, "a", "CPU-2", ["113", "112"]),
    "more vCPUs than cores sell": ({"vms": [vm(vcpus=57, vcpu_per_core=1)]}, "a", "CPU-1", ["57", "56"]),
    "more memory than any blade": ({"vms": [vm(memory_gib=1306)]}, "a", "MEM-3", ["1 306", "1 305.6"]),
    "a faster blade than any": ({"vms": [vm(min_ghz=3.3)]}, "a", "CPU-3", ["3.3", "3.2"]),
    "more GPUs than a blade has": ({"vms": [vm(gpus=3)]}, "a", "GPU-1", ["3", "2"]),
    "no allowed blade": (
        {"policy": {"blades": ["eco:v3"]}, "vms": [vm(blades=["perf3:v3"])]},
        *("a", "policy.blades", ["eco:v3"]),
    ),
    "affinity larger than a host": ({"vms": [vm(count=2, memory_gib=700, affinity="x")]}, "a", "MEM-3", ["1 400"]),
    "affinity against anti-affinity": (
        {"vms": [vm(count=2, affinity="together", anti_affinity="apart")]},
        *("a", "AFF-2", ["together", "apart"]),
    ),
    "affinity against anti-affinity of another group": (
        {"vms": [vm(affinity="x", anti_affinity="y"), vm(name="b", affinity="x", anti_affinity="y")]},
        *("b", "AFF-2", ["'x'", "'y'"]),
    ),
    "a disk larger than any LUN": ({"vms": [vm(disks=[{"size_gib": 18433}])]}, "a", "LUN-2", ["18 433", "20480"]),
    "IOPS on mass storage": (
        {"vms": [vm(disks=[{"size_gib": 60}, {"size_gib": 60, "class": "mass", "iops": 1}])]},
        *("a", "IOPS-2", ["mass", "1"]),
    ),
    "more IOPS than any LUN": ({"vms": [vm(disks=[{"size_gib": 60, "iops": 300_001}])]}, "a", "", ["300001"]),
    "RPO of a minute": ({"sites": DR, "vms": [vm(protection={"rpo": "1m"})]}, "a", "DR-2", ["1m", "15m", "1h"]),
    "RPO and RTO of no one mechanism": (
        {"sites": DR, "vms": [vm(protection={"rpo": "15m", "rto": "1h"})]},
        *("a", "DR-2", ["RPO 15m", "RTO 1h", "4h"]),
    ),
    "a mechanism that misses the RPO": (
        {"sites": DR, "vms": [vm(protection={"mechanism": "vm-replication", "rpo": "59m"})]},
        *("a", "DR-2", ["59m", "1h"]),
    ),
    "Metro Mirror": (
        {"sites": DR, "vms": [vm(protection={"mechanism": "metro-mirror"})]},
        *("a", "MM-1", ["2024-01-01", "global-mirror", "vm-replication"]),
    ),
    "Global Mirror with class ultra": (
        {
            "sites": DR,
            "vms": [vm(protection={"mechanism": "global-mirror"}, disks=[{"size_gib": 60, "class": "ultra"}])],
        },
        *("a", "DR-2", ["GM-1", "ultra", "premium"]),
    ),
    "constant writes under VM replication": (
        {
            "sites": DR,
            "vms": [vm(protection={"rto": "15m"}, disks=[{"size_gib": 60}, {"size_gib": 9, "constant_writes": True}])],
        },
        *("a", "DR-2", ["VMR-4", "disk 1"]),
    ),
    "too few clusters allowed": (
        {"policy": {"max_clusters": 1}, "vms": [vm(pool="p"), vm(name="b", pool="q")]},
        *("policy.max_clusters", "policy.max_clusters", ["1", "az05"]),
    ),
    "too few hosts in the clusters allowed": (
        {"policy": {"max_clusters": 1}, "vms": [vm(count=32, anti_affinity="x")]},
        *("policy.max_clusters", "policy.max_clusters", ["1", "az05"]),
    ),
    "a swap file that fits with no disk": (
        {"policy": {"datastore_max_gib": 500}, "vms": [vm(memory_gib=300, disks=[{"size_gib": 300}])]},
        *("a", "VSWP-1", ["300", "500"]),
    ),
}


@pytest.mark.parametrize(("overrides", "path", "rule", "words"), INFEASIBLE.values(), ids=INFEASIBLE)
def test_what_no_plan_keeps_names_the_vm_the_rule_and_the_figures(
    overrides: dict[str, Any],
    path: str,
    rule: str,
    words: list[str],
    edition: cp.Edition,
    example_prices: cp.PriceBook,
) -> None:
    wanted = cp.read_workload(workload(**overrides), edition)
    with pytest.raises(cp.NoPlanError) as refusal:
        cp.optimise(wanted, edition, example_prices)
    [fault] = refusal.value.faults
    assert refusal.value.exit_status == 3
    assert path in fault.path
    assert rule in (fault.rule, "") or f"({rule})" in fault.message
    assert [word for word in words if word not in fault.message] == []


def test_all_that_fits_nowhere_is_told_at_once(edition: cp.Edition, example_prices: cp.PriceBook) -> None:
    groups = [
        vm(vcpus=500),
        vm(name="b", disks=[{"size_gib": 60_000}]),
        vm(name="c", protection={"mechanism": "metro-mirror"}),
        vm(name="d", count=2, affinity="x", anti_affinity="y"),
    ]
    wanted = cp.read_workload(workload(sites={"standby": "az06"}, vms=groups), edition)
    with pytest.raises(cp.NoPlanError) as refusal:
        cp.optimise(wanted, edition, example_prices)
    assert sorted(fault.path for fault in refusal.value.faults) == ["a", "b", "c", "d"]


def test_what_fits_at_neither_site_is_told_once(edition: cp.Edition, example_prices: cp.PriceBook) -> None:
    torn = vm(count=2, affinity="x", anti_affinity="y", protection={"rpo": "1h"})
    wanted = cp.read_workload(workload(sites={"standby": "az06"}, vms=[torn]), edition)
    with pytest.raises(cp.NoPlanError) as refusal:
        cp.optimise(wanted, edition, example_prices)
    assert len({str(fault) for fault in refusal.value.faults}) == len(refusal.value.faults)
