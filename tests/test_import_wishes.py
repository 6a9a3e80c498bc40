"""What a list wants for its VMs, sizes rounded so that twins are one group, and totals in place of an inventory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, bad_input, examples, rules_of
from hypothesis import given
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.inventory.importing import Imported, Options, import_inventory
from cloudplan.inventory.machines import Amount
from cloudplan.inventory.rounding import Rounding
from cloudplan.inventory.selection import Selection
from cloudplan.inventory.totals import read_totals
from cloudplan.workload.workload import VmGroup

Run = Callable[..., Ran]
HEAD = "name;vcpus;memory_gib;disks_gib;site;dr_protected;rpo;rto;class;iops;backup;pool;os;tags\n"


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., Imported]:
    """Import a list with the header above."""

    def run(*rows: str, beside: dict[str, Any] | None = None, **options: Any) -> Imported:
        (tmp_path / "a.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
        rules = rules_of(tmp_path / "r.yaml", {"match": {"name": "none"}, "set": {"pool": "x"}}, workload=beside)
        return import_inventory([tmp_path / "a.csv"], Options(rules=rules if beside else None, **options))

    return run


def groups(imported: Imported) -> dict[str, VmGroup]:
    return {name: group for group in imported.workload.vms for name in group.names}


def test_a_list_says_what_its_vms_want(listed: Callable[..., Imported]) -> None:
    imported = listed(
        "erp;4;16;100+200;Primary;yes;15m;4h;Standard;300;gold;erp;windows-2022;application=erp, tier=1",
        "web;2;4;50;az07;;;;live;;no;;;",
        "far;2;4;50;standby;no;;;;;yes;;;",
        "odd;2;4;50;Lyon;true;;;;;;;;",
        beside={"sites": {"primary": "az05", "standby": "az07"}, "backup_policies": {"gold": {"daily": 30}}},
    )
    found = groups(imported)
    erp, web = found["erp"], found["web"]
    assert erp.protection and (erp.protection.rpo, erp.protection.rto) == ("15m", "4h")
    assert (erp.site, erp.pool, erp.os, erp.backup.daily) == ("az05", "erp", "windows-2022", 30)
    assert erp.tags == {"application": "erp", "tier": "1"}
    assert [(disk.storage_class, int(disk.iops)) for disk in erp.disks] == [("medium", 100), ("medium", 200)]
    assert (web.site, web.disks[0].storage_class, web.disks[0].backup) == ("az07", "live", False)
    assert (found["far"].site, found["far"].disks[0].backup) == ("az07", True)
    assert found["odd"].protection and found["odd"].protection.rpo == "1d"
    warnings = "\n".join(imported.ledger.warnings)
    assert "of 1 VMs comes without RPO and RTO: 1d is written" in warnings
    assert "Site: Lyon: no zone (az05, az06, az07); read as the datacenter" in warnings
    assert "standby site is named" not in warnings


def test_a_list_that_wants_a_standby_site_gets_one_and_a_warning(listed: Callable[..., Imported]) -> None:
    imported = listed("a;2;4;50;;;1h;;;;;;;")
    assert (imported.workload.sites.primary, imported.workload.sites.standby) == ("az05", "az06")
    assert (
        "No standby site is named, and VMs want one: az06 is written; name it in `sites`." in imported.ledger.warnings
    )


def test_what_a_list_cannot_want_is_told_at_its_cell(listed: Callable[..., Imported]) -> None:
    rows = ["a;2;4;50;;no;1h;;medum;;silver;;;erp", "b;2;4;50;;;soon;;;;;;;", "c;2;4;50;;maybe;;;;;;;;"]
    with bad_input() as faults:
        listed(*rows)
    told = {fault.where.rpartition("csv:")[2]: fault.message for fault in faults}
    assert told.keys() == {"2:F", "2:I", "2:K", "2:N", "3:G", "4:F"}
    assert "did you mean 'medium'?" in told["2:I"]
    assert "allowed: no, yes" in told["2:K"]
    assert "key=value" in told["2:N"]
    kept = listed("good;2;4;50;;;;;;;;;;", *rows, selection=Selection(damaged="leave-out"))
    assert [group.names for group in kept.workload.vms] == [("good",)]


def test_the_list_of_45_becomes_an_estate_of_two_sites(shared: Path) -> None:
    imported = import_inventory([shared / "examples" / "inventories" / "generic-45vm.csv"])
    found = groups(imported)
    assert imported.ledger.total("imported").figures == (45, 176, 1_050_624, 45, 35_965_952)
    assert (sum(vm.protection is not None for vm in found.values()), len(found)) == (5, 45)
    assert sum(vm.site == "az06" for vm in found.values()) == 6


def test_sizes_are_rounded_so_that_twins_are_one_group(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "name,vcpus,memory_mib,disks_mib\na,2,4000,10240+1\nb,2,4096,10239+1024\nc,2,4097,10240+1024\n"
    )
    imported = import_inventory([tmp_path / "a.csv"], Options(rounding=Rounding(1, 1)))
    made = [
        (vms.count, int(vms.memory_gib), [int(disk.size_gib) for disk in vms.disks]) for vms in imported.workload.vms
    ]
    assert made == [(2, 4, [10, 1]), (1, 5, [10, 1])]
    repaired = {
        entry.reason: (entry.touched, entry.amount) for entry in imported.ledger.entries if entry.step == "repaired"
    }
    assert repaired == {
        "memory rounded up to whole GiB": (2, Amount(memory_mib=96 + 1023)),
        "disks rounded up to whole GiB": (2, Amount(disk_mib=1023 + 1)),
    }
    assert len(import_inventory([tmp_path / "a.csv"]).workload.vms) == 3
    coarse = import_inventory([tmp_path / "a.csv"], Options(rounding=Rounding(8, 20)))
    assert [(group.count, int(group.memory_gib)) for group in coarse.workload.vms] == [(3, 8)]


def test_the_805_rows_are_fewer_groups_when_rounded(shared: Path) -> None:
    export = shared / "examples" / "inventories" / "rvtools-3-805vm.xlsx"
    rounded = import_inventory([export], Options(rounding=Rounding(1, 1), without_swap=True))
    assert rounded.ledger.total("imported").rows == 795
    assert len(rounded.workload.vms) < 450


# --- totals -------------------------------------------------------------------------------------------------------


@examples(40)
@given(st.integers(1, 300), st.integers(0, 5000), st.integers(1, 10**6), st.integers(1, 10**6))
def test_averages_add_up_to_the_totals(vms: int, more: int, memory: int, disk: int) -> None:
    text = f"vms={vms}, vcpus={vms + more}, memory={memory}, disk={disk}.5"
    machines = read_totals(text).machines
    assert Amount.of(machines).figures == (vms, vms + more, memory * 1024, vms, disk * 1024 + 512)
    assert max(one.vcpus or 0 for one in machines) - min(one.vcpus or 0 for one in machines) <= 1


def test_totals_make_a_workload_that_says_so(run: Run, tmp_path: Path) -> None:
    ran = run("import", "--totals", "vms=10,vcpus=45,memory=160,disk=1000", "-o", tmp_path / "t.yaml")
    assert ran.status == 0
    workload = cp.read_workload(tmp_path / "t.yaml", cp.load_edition())
    assert [(group.count, group.vcpus) for group in workload.vms] == [(5, 5), (5, 4)]
    sized = run("size", tmp_path / "t.yaml", "--format", "json", "--gap", "0.05")
    assert '"totals"' in sized.out and "10 VMs with 45 vCPUs, 160 GiB of memory and 1 000 GiB" in sized.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vms=0,vcpus=1,memory=1,disk=1", "vms: found '0'; allowed: a whole number > 0 and <= 100000"),
        ("vms=1,vcpus=1.5,memory=1,disk=1", "vcpus: found '1.5'; allowed: a whole number"),
        ("vms=1,vcpu=1,memory=1,disk=1", "found 'vcpu=1'; did you mean 'vcpus'?"),
        ("vms=1,vms=1,vcpus=1,memory=1,disk=1", "found 'vms=1'"),
        ("vms=1,disk=1", "no vcpus and no memory"),
        ("vms=1,vcpus=900,memory=1,disk=1", "900 vCPUs; allowed: 1 to 768 vCPUs"),
        ("vms=2,vcpus=1,memory=1,disk=1", "no vCPUs"),
    ],
)
def test_totals_that_cannot_be_are_refused(text: str, words: str, run: Run) -> None:
    ran = run("import", "--totals", text)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_an_inventory_or_totals(run: Run) -> None:
    for arguments in ((), ("a.csv", "--totals", "vms=1")):
        ran = run("import", *arguments)
        assert ran.status == 2 and "give an inventory, or --totals" in ran.err
