"""The rules of an import: which VMs they meet, what those get, and what is refused at which place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY, Ran, bad_input, rules_of
from hypothesis import given
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.base import yamlfile
from cloudplan.inventory.import_rules import NAMING, Match, matcher
from cloudplan.inventory.importing import Imported, Options, import_inventory
from cloudplan.inventory.machines import Machine, VirtualDisk
from cloudplan.inventory.rule_reading import DISK_FACTS, FACTS, read_rules
from cloudplan.inventory.yaml_text import fields, flow
from cloudplan.presentation.rules_template import rules_text
from cloudplan.workload.workload import VmGroup

Run = Callable[..., Ran]

LIST = """\
name,vcpus,memory_gib,disks_gib,power,cluster,datacenter,folder,Owner
web01,2,8,60,on,PROD-A,Paris,/apps/shop,Alice
web02,2,8,60,on,PROD-A,Paris,/apps/shop,Bob
sql-1,8,64,100+500,on,PROD-B,Paris,/apps/shop,Alice
sql-2,8,64,100+500,on,PROD-B,Lyon,/apps/shop,Alice
old,4,16,200,off,LAB,Lyon,/old,
"""
SITES = {"sites": {"primary": "az05", "standby": "az07"}}


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., Imported]:
    """Import the list above with some rules."""

    def run(*rules: dict[str, Any], workload: dict[str, Any] | None = None, **options: Any) -> Imported:
        (tmp_path / "vms.csv").write_text(LIST, encoding="utf-8")
        path = rules_of(tmp_path / "rules.yaml", *rules, workload=workload)
        return import_inventory([tmp_path / "vms.csv"], Options(rules=path, **options))

    return run


def group_of(result: Imported, name: str) -> VmGroup:
    return next(group for group in result.workload.vms if name in group.names)


def machine(**known: Any) -> Machine:
    asked = {"name": "vm", "power": "on", "vcpus": 4, "memory_mib": 8192, "disks": (VirtualDisk(2048),), **known}
    return Machine(where="row", **asked)


# --- which VMs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "meets"),
    [
        ({}, True),
        ({"name": "V*"}, True),
        ({"name": ["x", "v?"]}, True),
        ({"name": "v"}, False),
        ({"cluster": "prod-*", "name": "vm"}, True),
        ({"cluster": "prod-*", "name": "other"}, False),
        ({"folder": "*/shop"}, True),
        ({"datacenter": "paris"}, True),
        ({"resource_pool": "gold*"}, True),
        ({"os": "*server 2022*"}, True),
        ({"annotation": "*backup*"}, True),
        ({"tags": {"Owner": "ali*"}}, True),
        ({"tags": {"Owner": "bob"}}, False),
        ({"vcpus": "4"}, True),
        ({"vcpus": ">4"}, False),
        ({"vcpus": ">=4", "memory_gib": "<=8"}, True),
        ({"memory_gib": "<8"}, False),
        ({"memory_gib": "8..16"}, True),
        ({"disk_gib": "2"}, True),
        ({"disk_gib": "2.5..3"}, False),
        ({"power": "on"}, True),
        ({"power": ["off", "suspended"]}, False),
    ],
)
def test_a_rule_meets_what_has_all_that_it_asks_for(match: dict[str, Any], meets: bool) -> None:
    vm = machine(
        cluster="PROD-A", folder="/apps/Shop", datacenter="Paris", resource_pool="Gold 1", columns={"Owner": "Alice"},
        os="Microsoft Windows Server 2022 (64-bit)", annotation="no backup, please",
    )  # fmt: skip
    asked = Match.model_validate(yamlfile.document_of(match).tree)
    assert matcher(asked)(vm) is meets


# --- what they get ------------------------------------------------------------------------------------------------


def test_later_rules_win_field_by_field(imported: Callable[..., Imported]) -> None:
    result = imported(
        {"set": {"disks": {"iops_per_gib": 1.5, "class": "medium"}}},
        {"match": {"name": "sql*"}, "set": {"disks": {"class": "premium"}, "protection": {"rpo": "1h"}}},
        {"match": {"name": "sql-2"}, "set": {"protection": None, "disks": [{}, {"iops": 7, "replicated": False}]}},
        workload=SITES,
    )
    first, second = group_of(result, "sql-1"), group_of(result, "sql-2")
    assert [(disk.storage_class, int(disk.iops)) for disk in first.disks] == [("premium", 150), ("premium", 750)]
    assert [(disk.storage_class, int(disk.iops)) for disk in second.disks] == [("premium", 150), ("premium", 7)]
    assert first.protection and first.protection.rpo == "1h"
    assert second.protection is None
    assert [disk.replicated for disk in second.disks] == [True, False]
    assert group_of(result, "web01").disks[0].storage_class == "medium"


def test_iops_from_the_size_are_rounded_up_and_none_on_mass(imported: Callable[..., Imported]) -> None:
    result = imported(
        {"set": {"disks": {"iops_per_gib": "0.01"}}}, {"match": {"power": "off"}, "set": {"disks": {"class": "mass"}}}
    )
    assert [disk.iops for disk in group_of(result, "sql-1").disks] == [1, 5]
    assert group_of(result, "old").disks[0].iops == 0


def test_twins_by_name_are_kept_apart_and_a_lone_label_is_none(imported: Callable[..., Imported]) -> None:
    result = imported({"set": {"anti_affinity": "{name}", "pool": "{datacenter}"}})
    twins = group_of(result, "web01")
    assert (twins.names, twins.anti_affinity, twins.pool) == (("web01", "web02"), "web", "Paris")
    assert group_of(result, "sql-1").anti_affinity == group_of(result, "sql-2").anti_affinity == "sql"
    assert group_of(result, "old").anti_affinity is None
    assert group_of(imported({"set": {"anti_affinity": "own"}}), "old").anti_affinity == "own"


@pytest.mark.parametrize(
    ("name", "part"), [("web01", "web"), ("sql-1", "sql"), ("a_b.3", "a_b"), ("42", "42"), ("x1y", "x1y"), ("db", "db")]
)
def test_the_name_without_its_number(name: str, part: str) -> None:
    assert NAMING["name"](machine(name=name)) == part


def test_fields_beside_the_rules_are_written_as_they_are(imported: Callable[..., Imported]) -> None:
    beside = {
        **SITES, "catalog": "2025-01-17", "name": "renewal", "policy": {"vcpu_per_core": 3},
        "backup_policies": {"gold": {"daily": 30}}, "term_months": 12,
    }  # fmt: skip
    result = imported({"match": {"name": "sql*"}, "set": {"backup": "gold"}}, workload=beside)
    wanted = result.workload
    assert (wanted.name, wanted.catalog, wanted.term_months) == ("renewal", "2025-01-17", 12)
    assert wanted.policy.vcpu_per_core == 3 and group_of(result, "sql-1").backup.daily == 30
    tree = yaml.safe_load(result.text)
    assert {key: tree[key] for key in beside} == beside
    assert imported({"set": {"pool": "x"}}, workload=beside, name="other").workload.name == "other"
    assert imported({"set": {"pool": "x"}}).workload.catalog == cp.load_edition().edition


def test_columns_of_the_list_may_be_asked_for(imported: Callable[..., Imported]) -> None:
    result = imported({"match": {"tags": {"owner": "bob"}}, "set": {"pool": "bobs"}})
    assert [group.names for group in result.workload.vms if group.pool == "bobs"] == [("web02",)]
    assert not any("Owner" in text for text in result.ledger.warnings)
    with bad_input() as faults:
        imported({"match": {"tags": {"Ownr": "bob"}}, "set": {"pool": "bobs"}})
    assert [fault.message for fault in faults] == ["unknown column 'Ownr'; did you mean 'Owner'? (allowed: Owner)"]


def test_the_ledger_says_which_rules_met_how_many(imported: Callable[..., Imported]) -> None:
    rules: list[dict[str, Any]] = [
        {"name": "shop", "match": {"folder": "*shop"}, "set": {"pool": "shop"}},
        {"match": {"name": ["sql*", "ora*"], "vcpus": ">=4"}, "set": {"vcpu_per_core": 2}},
        {"match": {"power": "suspended"}, "set": {"pool": "x"}},
    ]
    result = imported(*rules)
    assert result.ledger.rules == [("shop", 4), ("name sql* or ora* and vcpus >=4", 2), ("power suspended", 0)]
    assert "Rules that met no VM: 3 (power suspended)." in result.ledger.warnings
    assert "1 VMs met no rule: old." in result.ledger.warnings
    assert result.workload.inventory and [met.vms for met in result.workload.inventory.rules] == [4, 2, 0]
    assert "  # set by rule 1, 2\n" in result.text
    hidden = imported(*rules, {"set": {"anti_affinity": "{name}"}}, anonymise=True, key="k")
    for word in ("web01", '"web"', "sql", "Alice", "shop:"):
        assert word not in hidden.text
    assert group_of(hidden, hidden.workload.vms[0].names[0]).anti_affinity


def test_the_example_makes_an_estate_of_two_sites_and_three_tiers(shared: Path) -> None:
    export = shared / "examples" / "inventories" / "rvtools-3-805vm.xlsx"
    result = import_inventory([export], Options(rules=REPOSITORY / "examples" / "import-rules.yaml"))
    assert result.ledger.total("imported").figures == (795, 2721, 10_733_908, 795, 233_556_214)
    assert [met for _, met in result.ledger.rules] == [795, 267, 114, 93, 41]
    assert not any("met no rule" in text or "met no VM" in text for text in result.ledger.warnings)
    tiers: dict[tuple[str, str, bool], int] = {}
    for group in result.workload.vms:
        key = (group.tags["tier"], group.site, group.protection is not None)
        tiers[key] = tiers.get(key, 0) + group.count
        assert all(disk.iops > 0 for disk in group.disks)
    assert tiers.keys() == {("gold", "az05", True), ("silver", "az05", False), ("bronze", "az07", False)}
    assert sum(tiers.values()) == 795 and tiers["gold", "az05", True] == 114
    assert all(machine.met and machine.met[0] == 0 for machine in result.machines)


# --- what is refused ----------------------------------------------------------------------------------------------


FAULTY = """\
schema: cloudplan/import-rules/v1
workload:
  sites: {primary: az5}
  vms: []
rules:
  - match: {nam: x, vcpus: ">=x", power: maybe}
    set: {protection: {rpo: 15q}, backup: gold, disks: {clas: medium, size_gib: 3}}
  - set: {anti_affinity: "{nam}", vcpus: 3, disks: [{}, {class: medum, iops_per_gib: -1}]}
  - match:
    set: {}
  - match: {name: x}
"""


def test_each_fault_is_told_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(FAULTY, encoding="utf-8")
    with bad_input() as faults:
        read_rules(tmp_path / "r.yaml")
    told = [(fault.where.removeprefix(f"{tmp_path}/"), fault.path, fault.suggestion) for fault in faults]
    assert told == [
        ("r.yaml:3:20", "workload.sites.primary", "az05"),
        ("r.yaml:4:3", "workload.vms", None),
        ("r.yaml:6:13", "rules[0].match.nam", "name"),
        ("r.yaml:6:28", "rules[0].match.vcpus", None),
        ("r.yaml:6:42", "rules[0].match.power", None),
        ("r.yaml:7:23", "rules[0].set.protection", None),
        ("r.yaml:7:29", "rules[0].set.protection.rpo", None),
        ("r.yaml:7:43", "rules[0].set.backup", None),
        ("r.yaml:7:57", "rules[0].set.disks.clas", "class"),
        ("r.yaml:7:71", "rules[0].set.disks.size_gib", None),
        ("r.yaml:8:26", "rules[1].set.anti_affinity", "name"),
        ("r.yaml:8:35", "rules[1].set.vcpus", None),
        ("r.yaml:8:65", "rules[1].set.disks[1].class", "medium"),
        ("r.yaml:8:86", "rules[1].set.disks[1].iops_per_gib", None),
        ("r.yaml:10:10", "rules[2].set", None),
        ("r.yaml:11:5", "rules[3].set", None),
    ]


def test_what_rules_set_together_is_refused_at_a_rule(imported: Callable[..., Imported]) -> None:
    with bad_input() as faults:
        imported(
            {"set": {"protection": {"rpo": "1h"}}},
            {"match": {"name": "web*"}, "set": {"disks": [{"replicated": False}]}},
            workload=SITES,
        )
    assert [fault.path for fault in faults] == ["rules[1].set.disks[0].replicated"]
    assert faults[0].where.endswith("rules.yaml:14:19")


def test_another_file_is_told_from_rules_and_rules_from_another(tmp_path: Path, run: Run) -> None:
    rules = rules_of(tmp_path / "rules.yaml", {"set": {"pool": "x"}})
    assert "give them with `cloudplan import --rules`" in run("size", rules).err
    (tmp_path / "vms.csv").write_text(LIST, encoding="utf-8")
    (tmp_path / "w.yaml").write_text("schema: cloudplan/workload/v1\n", encoding="utf-8")
    ran = run("import", tmp_path / "vms.csv", "--rules", tmp_path / "w.yaml")
    assert (ran.status, ran.out) == (2, "")
    assert "a workload, not the rules of an import" in ran.err
    shown = run("verify", rules)
    assert (shown.status, shown.err) == (0, "")
    assert "Rule 1" in shown.out and "every VM" in shown.out


# --- a file to start from, and how values are written -------------------------------------------------------------


def test_what_is_begun_is_read_and_names_every_field(run: Run, tmp_path: Path) -> None:
    text = rules_text(cp.load_edition())
    assert run("init", "rules").out == text
    assert max(map(len, text.splitlines())) <= 100
    (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
    assert read_rules(tmp_path / "rules.yaml").titles == ["all", "databases"]
    (tmp_path / "all.yaml").write_text(text.replace("\n#  ", "\n  "), encoding="utf-8")
    assert read_rules(tmp_path / "all.yaml").titles == ["all", "databases", "test"]
    words = set(text.replace(",", " ").replace(".", " ").split())
    assert {name for name in VmGroup.model_fields if name not in FACTS} <= words
    assert not words & {*FACTS} - {"name", "names", "vcpus", "memory_gib"}
    assert not words & {*DISK_FACTS}
    assert "not of rules; edit the file" in run("init", "rules", "--name", "x").err


VALUES = st.recursive(
    st.text(max_size=8) | st.sampled_from(["on", "15m", "1.50", "010", "az05", "advance:v3", "true", "a: b", "{x}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
def test_values_are_written_so_that_they_are_read_again(value: Any) -> None:
    text = "\n".join(["a: " + flow(value), *fields({"b": value, "c": {"d": value}})])
    tree = yamlfile.parse(text, "text").tree
    assert tree == {"a": value, "b": value, "c": {"d": value}}
