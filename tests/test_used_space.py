"""Used space, thin disks, swap files in Provisioned, and rows that cannot be read."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import inventories as make
import pytest
from conftest import Ran, bad_input, case, examples, vm
from hypothesis import given
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.evaluation.findings import find
from cloudplan.inventory.importing import Imported, Options, import_inventory
from cloudplan.inventory.machines import VirtualDisk
from cloudplan.inventory.selection import Selection
from cloudplan.inventory.used_space import (
    IN_USE,
    LESS_SWAP,
    PARTITIONS,
    WHOLE,
    Partition,
    held_swap_mib,
    measured,
    shared_out,
)
from cloudplan.plan.plan import Choice, Datastore, DiskPlacement, Finding
from cloudplan.plan.wording import without_amounts

Run = Callable[..., Ran]
NOTHING = Choice(clusters=(), datastores=(), protection={})


def used(imported: Imported) -> dict[str, list[int]]:
    """Return what each VM uses of each disk, in MiB, as the workload has it."""
    return {
        name: [int(disk.used_gib * 1024) for disk in group.disks]
        for group in imported.workload.vms
        for name in group.names
    }


# --- where used space comes from ----------------------------------------------------------------------------------

DISKS = (VirtualDisk(10_000, key="2000"), VirtualDisk(30_000, key="2001"))


@pytest.mark.parametrize(
    ("partitions", "in_use", "swap", "origin", "mib"),
    [
        ([("2000", 9_900, 4_000), ("2001", 29_900, 900)], 40_000, 0, PARTITIONS, [4_000, 900]),
        ([("2001", 20_000, 500), ("2001", 16_000, 600)], 40_000, 0, PARTITIONS, [0, 1_100]),
        ([("", 38_000, 4_000)], 40_000, 0, PARTITIONS, [1_000, 3_000]),
        ([("2000", 38_000, 12_000)], 40_000, 0, PARTITIONS, [3_000, 9_000]),  # more than disk 2000 has
        ([("2000", 35_999, 4_000)], 20_000, 0, IN_USE, [5_000, 15_000]),  # below nine tenths
        ([("2000", 40_801, 4_000)], 20_000, 0, IN_USE, [5_000, 15_000]),  # more than the disks: a share of a network
        ([], 20_000, 8_000, LESS_SWAP, [3_000, 9_000]),
        ([], 20_000, 20_000, IN_USE, [5_000, 15_000]),  # the swap file stands elsewhere
        ([], 90_000, 8_000, LESS_SWAP, [10_000, 30_000]),  # snapshots; never above the size
        ([], None, 8_000, WHOLE, [None, None]),
    ],
)
def test_used_space_comes_from_partitions_else_from_in_use(
    partitions: list[tuple[str, int, int]], in_use: int | None, swap: int, origin: str, mib: list[int | None]
) -> None:
    found, disks = measured(DISKS, [Partition(*each) for each in partitions], in_use, swap, 0)
    assert (found, [disk.used_mib for disk in disks]) == (origin, mib)


@examples(60)
@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6), st.integers(0, 10**7))
def test_used_space_is_shared_out_without_loss(sizes: list[int], mib: int) -> None:
    disks = shared_out([VirtualDisk(size) for size in sizes], mib)
    assert sum(disk.used_mib or 0 for disk in disks) == min(mib, sum(sizes))
    assert all(0 <= (disk.used_mib or 0) <= disk.size_mib for disk in disks)


def test_used_space_of_an_export(tmp_path: Path) -> None:
    sheets = make.tables(
        [
            make.vm("a", disks=[20_480, 10_240]),
            make.vm("b", disks=[20_480], info={"Memory": 1_024}),
            make.vm("off", disks=[20_480], info={"Powerstate": "poweredOff"}),
            make.vm("twin-1", disks=[4_096], info={"In Use MiB": 5_096}),
            make.vm("twin-2", disks=[4_096], info={"In Use MiB": 4_599}),
        ]
    )
    sheets["vPartition"] = [
        ["VM", "Disk Key", "Capacity MiB", "Consumed MiB"],
        *[["a", "2000", 20_000, 7_000], ["a", "2001", 10_000, 10], ["stranger", "2000", 1, 1]],
    ]
    sheets["vMemory"] = [["VM", "Size MiB", "Reservation"], ["b", 1_024, 1_024], ["twin-1", 4_096, 0]]
    imported = import_inventory([make.workbook(tmp_path / "a.xlsx", sheets)])
    assert used(imported) == {
        "a": [7_000, 10],
        "b": [10_240],  # all memory is reserved: no swap file
        "off": [10_240],
        "twin-1": [752],  # the mean of 1 000 and 503
        "twin-2": [752],
    }
    assert [machine.used_from for machine in imported.machines] == [PARTITIONS, IN_USE, IN_USE, LESS_SWAP, LESS_SWAP]
    whole = import_inventory([tmp_path / "a.xlsx"], Options(used="provisioned"))
    assert used(whole)["a"] == [20_480, 10_240]
    assert {machine.used_from for machine in whole.machines} == {WHOLE}
    assert "used_gib:" not in whole.text


def test_a_list_may_tell_what_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,vcpus,memory_gib,disks_gib,used_gib\na,1,1,10+30,20\nb,1,1,10,\n")
    imported = import_inventory([tmp_path / "a.csv"])
    assert used(imported) == {"a": [5_120, 15_360], "b": [10_240]}


# --- swap files in Provisioned ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beyond", "swap", "held"), [(8_191, 8_192, 0), (8_192, 8_192, 8_192), (20_000, 8_192, 0), (9_000, 0, 0)]
)
def test_provisioned_looks_as_if_it_held_the_swap_file(beyond: int, swap: int, held: int) -> None:
    assert held_swap_mib(40_000 + beyond, [Partition("", 40_000, 1)], swap) == held
    assert held_swap_mib(40_000 + beyond, [], swap) == 0


def test_the_swap_file_is_told_and_taken_out_on_request(tmp_path: Path) -> None:
    sheets = make.tables([make.vm("a", info={"Provisioned MiB": 44_600}), make.vm("b")])
    del sheets["vDisk"]
    sheets["vInfo"] = [[cell for cell, name in zip(row, sheets["vInfo"][0], strict=True) if "Total" not in name]
                       for row in sheets["vInfo"]]  # fmt: skip
    sheets["vPartition"] = [["VM", "Capacity MiB", "Consumed MiB"], ["a", 40_400, 9_000], ["b", 20_000, 1]]
    path = make.workbook(tmp_path / "a.xlsx", sheets)
    told = import_inventory([path])
    assert any(
        "Provisioned of 1 VMs looks" in text and "4 GiB in all; --without-swap" in text for text in told.ledger.warnings
    )
    assert [machine.held_swap_mib for machine in told.machines] == [4_096, 0]
    taken = import_inventory([path], Options(without_swap=True))
    assert {name: int(group.disks[0].size_gib * 1024) for group in taken.workload.vms for name in group.names} == {
        "a": 40_504, "b": 21_714,
    }  # fmt: skip
    assert used(taken)["a"] == [9_000]
    assert not any("--without-swap" in text for text in taken.ledger.warnings)
    repaired = [entry for entry in taken.ledger.entries if entry.step == "repaired"]
    assert [(entry.reason, entry.touched, entry.amount.disk_mib) for entry in repaired] == [
        ("swap file taken out of Provisioned", 1, -4_096)
    ]


def test_the_export_of_805_rows_needs_about_half_of_its_disks_backed_up(shared: Path, run: Run, tmp_path: Path) -> None:
    export = shared / "examples" / "inventories" / "rvtools-3-805vm.xlsx"
    ran = run("import", export, "-o", tmp_path / "w.yaml", "--without-swap")
    assert ran.status == 0
    ledger = (tmp_path / "w.ledger.md").read_text(encoding="utf-8")
    [line] = [line for line in ledger.splitlines() if "swap file taken out of Provisioned" in line]
    assert "79" in line and "1 543 040" in line
    vms = [line for line in ledger.split("## Every VM")[1].split("\n## ")[0].splitlines() if line.startswith("|")]
    assert len(vms) == 2 + 795
    assert sum(PARTITIONS in line for line in vms) == 683
    workload = cp.read_workload(tmp_path / "w.yaml", cp.load_edition())
    used_gib = sum(group.count * disk.used_gib for group in workload.vms for disk in group.disks)
    assert 102_000 < used_gib < 103_000  # of 228 082 GiB that are provisioned


# --- thin disks ---------------------------------------------------------------------------------------------------


def test_thin_disks_are_marked_and_told(tmp_path: Path) -> None:
    vms = [make.vm("a", disks=[{"Capacity MiB": 20_480, "Thin": "True"}, {"Capacity MiB": 1_024, "Thin": "False"}])]
    imported = import_inventory([make.workbook(tmp_path / "a.xlsx", make.tables(vms))])
    assert [disk.thin for disk in imported.workload.vms[0].disks] == [True, None]
    disks: list[dict[str, Any]] = [{"size_gib": 100, "used_gib": 40, "thin": True}, {"size_gib": 50, "used_gib": 1}]
    found = {
        finding.code: finding
        for finding in find(case(vms=[vm(count=3, disks=disks)]), NOTHING, pinned=True, on=None)
    }  # fmt: skip
    assert found["thin-risk"].severity == "info"
    assert "3 disks were thin: they may grow to 300 GiB and hold 120 GiB, so 180 GiB are" in found["thin-risk"].message
    full = case(vms=[vm(disks=[{"size_gib": Decimal(100), "thin": True}])])
    assert "thin-risk" not in {finding.code for finding in find(full, NOTHING, pinned=True, on=None)}


# --- disks that say no IOPS -----------------------------------------------------------------------------------------


def told(disks: list[dict[str, Any]], **fields: Any) -> list[Finding]:
    """Return what a plan of one group of two VMs says about disks without IOPS, on the cheapest class and the next."""
    asked = case(vms=[vm(count=2, disks=disks)], **fields)
    placed = tuple(DiskPlacement(vm="a", disk=number, count=2) for number in range(len(disks)))
    store = Datastore(name="d", site="az05", storage_class="live", size_gib=1_000, disks=placed, vswp={"a": 2})
    choice = Choice(clusters=(), datastores=(store,), protection={})
    return [each for each in find(asked, choice, pinned=True, on=None) if each.code == "iops-not-told"]


def test_disks_that_say_no_iops_are_told_with_the_next_class() -> None:
    asked = case()
    live, medium = (
        Fraction(asked.prices.net(asked.edition.storage_classes[name])) / asked.edition.storage_classes[name].unit_gib
        for name in ("live", "medium")
    )
    [finding] = told([{"size_gib": 60}, {"size_gib": 30}, {"size_gib": 9, "iops": 1}, {"size_gib": 7, "class": "live"}])
    assert (finding.severity, finding.values["disks"], finding.values["size"]) == ("warning", 4, 180)
    more = Fraction(180) / Fraction(9, 10) * (medium - live)
    assert Decimal(finding.values["monthly"]) == Decimal(int(more * 100)) / 100
    assert "4 disks (180 GiB) say neither IOPS nor a class, and stand on FLASH - Essentiel; on" in finding.message
    hidden = without_amounts(finding)
    assert "cost" not in hidden.message and "4 disks (180 GiB)" in hidden.message
    assert not told([{"size_gib": 60, "iops": 1}])
    assert not told([{"size_gib": 60}], policy={"default_disk": {"iops_per_gib": 1}})


# --- rows that cannot be read -------------------------------------------------------------------------------------


def test_a_row_that_cannot_be_read_stops_the_import_or_goes_to_the_ledger(tmp_path: Path, run: Run) -> None:
    blank = {"CPUs": None, "Memory": None, "Total disk capacity MiB": None, "Provisioned MiB": None, "In Use MiB": None}
    vms = [
        make.vm("good"),
        make.vm("blank", info=blank),
        make.vm("text", info={"CPUs": "n/a"}),
        make.vm("state", info={"Powerstate": "who knows"}),
        make.vm("none", info={"Powerstate": ""}),
        make.vm("disk", disks=[4_096, {"Capacity MiB": 0}]),
        make.vm("size", disks=[{"Capacity MiB": 5_120, "Thin": "perhaps"}]),
    ]
    path = make.workbook(tmp_path / "a.xlsx", make.tables(vms))
    with bad_input() as faults:
        import_inventory([path])
    assert {fault.where.rpartition("!")[2] for fault in faults} == {"H4", "B5", "B6", "J9"}
    imported = import_inventory([path], Options(selection=Selection(damaged="leave-out")))
    assert [group.names for group in imported.workload.vms] == [("good",)]
    left = {entry.reason: dict(zip(entry.names, entry.notes, strict=True)) for entry in imported.ledger.entries[1:-1]}
    assert "a.xlsx:vInfo!H4: found 'n/a'; allowed: a whole number" in left["cannot be read"]["text"]
    assert {*left["cannot be read"]} == {"text", "state", "none", "size"}
    assert left["a figure is missing, or no VM can have it"]["blank"].endswith("vInfo!A3: no vCPUs")
    ran = run("import", path, "--damaged", "leave-out", "--anonymise", "-o", tmp_path / "w.yaml")
    assert ran.status == 0 and "a.xlsx" not in (tmp_path / "w.ledger.md").read_text(encoding="utf-8")


def test_a_figure_that_throws_doubt_on_its_column_stays_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "name;vcpus;memory_gib;disks_gib\na;2;4;10+x\nb;1,5;4;10\nc;2;4;20\n", encoding="utf-8"
    )
    with bad_input() as faults:
        import_inventory([tmp_path / "a.csv"], Options(selection=Selection(damaged="leave-out")))
    assert ["found '1,5'" in fault.message for fault in faults] == [True]
    (tmp_path / "a.csv").write_text("name;vcpus;memory_gib;disks_gib\na;2;4;10+x\nc;2;4;20\n", encoding="utf-8")
    imported = import_inventory([tmp_path / "a.csv"], Options(selection=Selection(damaged="leave-out")))
    assert [group.names for group in imported.workload.vms] == [("c",)]
