"""Inventories in: what is read, what is left out, and that the two add up."""

import random
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import inventories as make
import openpyxl
import pytest
import yaml
from conftest import Ran, bad_input
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.base.units import mib
from cloudplan.inventory.headers import folded
from cloudplan.inventory.importing import Imported, Options, import_inventory
from cloudplan.inventory.ledger import Ledger
from cloudplan.inventory.liveoptics import spread
from cloudplan.inventory.machines import Amount, VirtualDisk
from cloudplan.inventory.numbers import decimal_numbers, whole_numbers
from cloudplan.inventory.rightsize import RightSizing
from cloudplan.inventory.selection import Selection
from cloudplan.inventory.tables import tab
from cloudplan.inventory.writing import gib_text
from cloudplan.workload.workload import Workload

Sizes = tuple[int, int, tuple[int, ...], bool]


def sizes(workload: Workload) -> dict[str, Sizes]:
    """Return what each VM of a workload has: vCPUs, memory and disks in MiB, whether it is on."""
    return {
        name: (group.vcpus, group.memory_mib, tuple(disk.size_mib for disk in group.disks), group.powered_on)
        for group in workload.vms
        for name in group.names
    }


def lines(imported: Imported, step: str = "left out") -> dict[str, tuple[int, int, int, int, int]]:
    """Return the lines of one step of the ledger: rows, vCPUs, memory, disks and their size, by reason."""
    return {entry.reason: entry.amount.figures for entry in imported.ledger.entries if entry.step == step}


@pytest.fixture
def estate(tmp_path: Path) -> Callable[..., Path]:
    """Write some VMs as an RVTools workbook."""

    def write(*vms: dict[str, Any], name: str = "export.xlsx", server: str = "vcenter-1") -> Path:
        return make.workbook(tmp_path / name, make.tables(vms, server))

    return write


# --- real files --------------------------------------------------------------------------------------------------


def test_the_export_of_805_rows_adds_up_to_its_own_totals(shared: Path) -> None:
    imported = import_inventory([shared / "examples" / "inventories" / "rvtools-3-805vm.xlsx"])
    assert imported.ledger.total("imported").figures == (795, 2721, 10_733_908, 795, 233_556_214)
    assert lines(imported, "imported")["powered on"][:3] == (763, 2629, 10_420_492)
    assert {reason: figures[0] for reason, figures in lines(imported).items()} == {
        "blank row or total": 2698,
        "template": 10,
    }
    assert imported.candidates["vInfo In Use"] > 127_336_285
    assert any("795" not in text and "Provisioned" in text for text in imported.ledger.warnings)
    on = [each for each in sizes(imported.workload).values() if each[3]]
    assert (len(on), sum(each[0] for each in on), sum(each[1] for each in on)) == (763, 2629, 10_420_492)


def test_the_small_export_and_the_plain_list(shared: Path) -> None:
    folder = shared / "examples" / "inventories"
    small = import_inventory([folder / "rvtools-small.xlsx"])
    assert small.ledger.total("imported").figures == (3, 8, 28_672, 5, 532_480)
    assert not sizes(small.workload)["sample-archive-01"][3]
    plain = import_inventory([folder / "generic-45vm.csv"])
    assert plain.ledger.total("imported").rows == 45
    assert any("Dr_protected of 5 VMs" in text for text in plain.ledger.warnings)
    assert any("GB in a header" in text for text in plain.ledger.warnings)


@pytest.fixture(scope="module")
def real(shared: Path) -> tuple[dict[str, make.Rows], dict[str, Sizes]]:
    """Return the estate of 571 VMs as RVTools would export it, and what its VMs have."""
    workload = cp.read_workload(shared / "examples" / "real-571.yaml", cp.load_edition("2025-01-17"))
    vms = [
        make.vm(group.name, vcpus=group.vcpus, memory_mib=group.memory_mib, disks=[d.size_mib for d in group.disks])
        for group in workload.vms
    ]
    return make.tables(vms), sizes(workload)


VARIANTS: dict[str, Callable[[Path, dict[str, make.Rows]], Path]] = {
    "3.x": lambda path, sheets: make.workbook(path / "a.xlsx", make.legacy(sheets)),
    "database": lambda path, sheets: make.workbook(path / "a.xlsx", make.database(sheets)),
    "custom attributes": lambda path, sheets: make.workbook(path / "a.xlsx", make.customised(sheets)),
    "French UTF-16": lambda path, sheets: make.csv_folder(path / "a", sheets, ";", "\u202f", "utf-16"),
    "French UTF-8": lambda path, sheets: make.csv_folder(path / "a", sheets, ";", "\u00a0", "utf-8-sig"),
    "German Windows": lambda path, sheets: make.csv_folder(path / "a", sheets, ";", ".", "cp1252"),
    "US thousands": lambda path, sheets: make.csv_zip(path / "a.zip", sheets, ",", ",", "utf-8"),
    "Swiss": lambda path, sheets: make.csv_zip(path / "a.zip", make.legacy(sheets), ";", "'", "utf-8"),
}


@pytest.fixture(scope="module")
def reference(
    real: tuple[dict[str, make.Rows], dict[str, Sizes]], tmp_path_factory: pytest.TempPathFactory
) -> Imported:
    """Return what is imported of the 4.7 layout."""
    path = make.workbook(tmp_path_factory.mktemp("reference") / "export.xlsx", real[0])
    return import_inventory([path], Options(name="estate"))


@pytest.mark.parametrize("variant", ["4.7", *VARIANTS])
def test_every_layout_of_the_571_vms_gives_the_same_workload(
    variant: str, real: tuple[dict[str, make.Rows], dict[str, Sizes]], reference: Imported, tmp_path: Path
) -> None:
    sheets, expected = real
    imported = reference
    if variant in VARIANTS:
        imported = import_inventory([VARIANTS[variant](tmp_path, sheets)], Options(name="estate"))
    assert sizes(imported.workload) == expected
    figures = imported.ledger.total("imported").figures
    assert (figures[0], figures[1], figures[3]) == (571, 4136, 1720)
    plain, other = (made.workload.model_copy(update={"inventory": None}) for made in (imported, reference))
    assert plain == other


def test_nothing_of_hosts_is_read_into_anything(estate: Callable[..., Path]) -> None:
    imported = import_inventory([estate(make.vm("a"))])
    assert "secret" not in imported.text.lower()


# --- what is left out --------------------------------------------------------------------------------------------


def test_what_is_no_vm_of_the_customer_is_left_out_and_counted(estate: Callable[..., Path]) -> None:
    imported = import_inventory(
        [
            estate(
                make.vm("web"),
                make.vm("golden", vcpus=4, info={"Template": "True"}),
                make.vm("placeholder", info={"SRM Placeholder": "TRUE"}),
                make.vm("vCLS-4c4c4544-0042", vcpus=1, memory_mib=128, disks=[2048]),
                make.vm("vCLS (3)", vcpus=1, memory_mib=128, disks=[2048]),
                make.vm("vCLS-monitor", vcpus=2, memory_mib=1024),
                make.vm("lost", vcpus=None, memory_mib=None, info={"Connection state": "inaccessible"}),
                make.vm("off", info={"Powerstate": "poweredOff"}),
                make.vm("sleeping", info={"Powerstate": "suspended"}),
            )
        ]
    )
    assert {reason: figures[0] for reason, figures in lines(imported).items()} == {
        "template": 1,
        "SRM placeholder (counted at its own site)": 1,
        "vCLS agent of a vSphere cluster": 2,
        "not connected: its figures cannot be relied on": 1,
    }
    assert lines(imported)["template"] == (1, 4, 4096, 1, 20480)
    assert {name: each[3] for name, each in sizes(imported.workload).items()} == {
        "web": True,
        "vCLS-monitor": True,
        "off": False,
        "sleeping": True,
    }
    left = {entry.reason: entry.names for entry in imported.ledger.entries if entry.names}
    assert left["vCLS agent of a vSphere cluster"] == ("vCLS-4c4c4544-0042", "vCLS (3)")


def test_vms_that_are_off_can_be_dropped_or_sized_as_on(estate: Callable[..., Path]) -> None:
    path = estate(make.vm("on"), make.vm("off", info={"Powerstate": "poweredOff"}))
    dropped = import_inventory([path], Options(selection=Selection(powered_off="drop")))
    assert list(sizes(dropped.workload)) == ["on"] and lines(dropped)["powered off"][0] == 1
    on = import_inventory([path], Options(selection=Selection(powered_off="on")))
    assert sizes(on.workload)["off"][3]


def test_blank_rows_totals_and_repeated_headers_are_counted(tmp_path: Path) -> None:
    sheets = make.tables([make.vm("a"), make.vm("b")])
    info = sheets["vInfo"]
    total = ["Total", *[""] * 6, 4, 8192, *[""] * (len(info[0]) - 9)]
    sheets["vInfo"] = [info[0], info[1], [None] * 5, info[0], ["", " "], info[2], total]
    imported = import_inventory([make.workbook(tmp_path / "a.xlsx", sheets)])
    assert {reason: figures[0] for reason, figures in lines(imported).items()} == {
        "blank row or total": 3,
        "repeated header": 1,
    }
    assert lines(imported, "read")["rows of the lists of VMs"][0] == 6


def test_a_row_that_repeats_a_vm_is_left_out(tmp_path: Path) -> None:
    sheets = make.tables([make.vm("a"), make.vm("b")])
    sheets["vInfo"].append(sheets["vInfo"][1])
    imported = import_inventory([make.workbook(tmp_path / "a.xlsx", sheets)])
    assert lines(imported)["repeats another row"][0] == 1
    assert imported.ledger.total("imported").figures == (2, 4, 8192, 2, 40960)


def test_one_name_in_two_vcenters_is_two_vms(estate: Callable[..., Path]) -> None:
    one = estate(make.vm("web"), name="one.xlsx", server="paris")
    two = estate(make.vm("web", vcpus=8), name="two.xlsx", server="lyon")
    imported = import_inventory([one, two])
    assert {name: each[0] for name, each in sizes(imported.workload).items()} == {"web": 2, "web (2)": 8}
    assert set(imported.ledger.files) == {"one.xlsx", "two.xlsx"}


def _dated(path: Path, vcpus: int, taken: str | None) -> Path:
    sheets = make.tables([make.vm("web", vcpus=vcpus)])
    if taken:
        header = ["RVTools major version", "RVTools version", "xlsx creation datetime", "Server"]
        sheets["vMetaData"] = [header, ["4.7", "4.7.1.4", taken, "vcenter-1"]]
    return make.workbook(path, sheets)


def test_one_vm_at_two_dates_is_a_question(tmp_path: Path) -> None:
    old = _dated(tmp_path / "old.xlsx", 2, "2026-01-01 10:00:00")
    new = _dated(tmp_path / "new.xlsx", 4, "2026-02-01 10:00:00")
    with bad_input() as faults:
        import_inventory([old, new])
    assert "--on-duplicate newest or keep" in str(faults[0])
    newest = import_inventory([old, new], Options(selection=Selection(on_duplicate="newest")))
    assert sizes(newest.workload)["web"][0] == 4 and lines(newest)["older row of the same VM"][1] == 2
    kept = import_inventory([old, new], Options(selection=Selection(on_duplicate="keep")))
    assert sorted(sizes(kept.workload)) == ["web", "web (2)"]
    undated = _dated(tmp_path / "undated.xlsx", 8, None)
    with bad_input() as faults:
        import_inventory(
            [undated, new, _dated(tmp_path / "again.xlsx", 6, None)],
            Options(selection=Selection(on_duplicate="newest")),
        )
    assert "cannot be told which is the newest" in str(faults[0])


def test_filters_by_field(estate: Callable[..., Path]) -> None:
    path = estate(
        make.vm("web-1", info={"Cluster": "Prod"}),
        make.vm("web-2", info={"Cluster": "Lab"}),
        make.vm("db-1", info={"Cluster": "Prod", "Powerstate": "poweredOff"}),
    )

    def left(**filters: Any) -> list[str]:
        return list(sizes(import_inventory([path], Options(selection=Selection(**filters))).workload))

    assert left(include=("web-*",)) == ["web-1", "web-2"]
    assert left(include=("web-*", "cluster=prod")) == ["web-1"]
    assert left(exclude=("cluster=L?b", "power=off")) == ["web-1"]
    imported = import_inventory([path], Options(selection=Selection(exclude=("name=db-*",))))
    assert lines(imported)["--exclude name=db-*"][0] == 1
    with bad_input() as faults:
        left(include=("clutser=a",), exclude=())
    assert "did you mean 'cluster'" in str(faults[0])
    with bad_input() as faults:
        left(exclude=("*",))
    assert "no VM is left" in str(faults[0])


# --- disks -------------------------------------------------------------------------------------------------------


def test_raw_and_shared_disks(estate: Callable[..., Path]) -> None:
    shared = {
        "Capacity MiB": 1000,
        "Disk UUID": "shared",
        "Disk Path": "[ds] quorum.vmdk",
        "Sharing mode": "sharingMultiWriter",
    }
    raw = {"Capacity MiB": 5000, "Raw": "True"}
    path = estate(make.vm("a", disks=[20480, shared, raw]), make.vm("b", disks=[shared]), make.vm("c", disks=[raw]))
    imported = import_inventory([path])
    assert {name: each[2] for name, each in sizes(imported.workload).items()} == {
        "a": (20480, 1000),
        "b": (1024,),
        "c": (1024,),
    }
    assert lines(imported)["raw device mapping: its capacity is no datastore's"] == (0, 0, 0, 2, 10000)
    assert lines(imported)["shared disk, counted once"] == (0, 0, 0, 1, 1000)
    assert lines(imported, "repaired")["no disk of its own: 1 GiB for its home directory"] == (0, 0, 0, 2, 2048)
    kept = import_inventory([path], Options(selection=Selection(raw_disks="keep")))
    assert sizes(kept.workload)["c"][2] == (5000,)


def test_disks_without_a_list_come_from_the_total_else_from_provisioned(tmp_path: Path) -> None:
    sheets = make.tables([make.vm("a", disks=[1000, 500])])
    del sheets["vDisk"]
    total = import_inventory([make.workbook(tmp_path / "total.xlsx", sheets)])
    assert sizes(total.workload)["a"][2] == (1500,) and not total.ledger.warnings
    assert total.candidates == {"vInfo Total disk capacity": 1500, "vInfo Provisioned": 2734, "vInfo In Use": 750}
    provisioned = import_inventory([make.workbook(tmp_path / "legacy.xlsx", make.legacy(sheets))])
    assert sizes(provisioned.workload)["a"][2] == (2734,)
    assert "come from Provisioned" in provisioned.ledger.warnings[0]


def test_disks_that_belong_to_no_vm_are_told(tmp_path: Path) -> None:
    sheets = make.tables([make.vm("a"), make.vm("gone", disks=[2048, 2048])])
    sheets["vInfo"].pop()
    imported = import_inventory([make.workbook(tmp_path / "a.xlsx", sheets)])
    assert "2 disks of vDisk (4 GiB) belong to no VM of vInfo" in imported.ledger.warnings[0]
    sheets["vDisk"] += sheets["vDisk"][1:]
    repeated = import_inventory([make.workbook(tmp_path / "b.xlsx", sheets)])
    assert sizes(repeated.workload) == sizes(imported.workload)
    assert any("repeat a disk" in text for text in repeated.ledger.warnings)


# --- a workload one can read -------------------------------------------------------------------------------------


def test_identical_vms_are_one_group_with_their_names(estate: Callable[..., Path]) -> None:
    imported = import_inventory([estate(*(make.vm(f"web-{n}") for n in range(3)), make.vm("db", vcpus=16))])
    tree = yaml.safe_load(imported.text)
    assert tree["vms"] == [
        {
            "name": "2vcpu-4gib-20gib",
            "count": 3,
            "names": ["web-0", "web-1", "web-2"],
            "vcpus": 2,
            "memory_gib": 4,
            "disks": [{"size_gib": 20, "used_gib": 6}],
        },
        {"name": "db", "vcpus": 16, "memory_gib": 4, "disks": [{"size_gib": 20, "used_gib": 6}]},
    ]
    assert "# left out" not in imported.text and "# imported: 4, powered on" in imported.text


def test_drs_rules_are_comments_and_part_a_group(estate: Callable[..., Path]) -> None:
    ruled = {"info": {"Cluster rule name(s)": "sql\napart"}}
    imported = import_inventory([estate(make.vm("a"), make.vm("sql1", **ruled), make.vm("sql2", **ruled))])
    assert "# DRS rules of the source, together or apart is not told: sql apart\n" in imported.text
    assert [group.names for group in imported.workload.vms] == [("a",), ("sql1", "sql2")]
    assert not any(group.affinity or group.anti_affinity for group in imported.workload.vms)


def test_pools_by_cluster_or_datacenter(estate: Callable[..., Path]) -> None:
    path = estate(make.vm("a", info={"Cluster": "no"}), make.vm("b", info={"Cluster": "Prod: 1"}))
    assert {group.pool for group in import_inventory([path]).workload.vms} == {"default"}
    by = import_inventory([path], Options(pool_by="cluster")).workload
    assert [group.pool for group in by.vms] == ["no", "Prod: 1"]
    assert {group.pool for group in import_inventory([path], Options(pool_by="datacenter")).workload.vms} == {"DC1"}


@given(st.integers(1, 62 * 2**20))
def test_sizes_are_written_to_the_mib(size_mib: int) -> None:
    assert mib(Decimal(gib_text(size_mib))) == size_mib
    assert Decimal(gib_text(size_mib)) * 1024 == size_mib


def test_pseudonyms_are_stable_and_say_nothing(estate: Callable[..., Path]) -> None:
    vms = [make.vm("acme-erp", info={"Cluster": "acme", "Cluster rule name(s)": "acme rule"}), make.vm("acme-vcenter")]
    path = estate(*vms, make.vm("acme-template", info={"Template": "True"}))
    options = Options(anonymise=True, pool_by="cluster", selection=Selection(exclude=("acme-x*",)))
    first, again = import_inventory([path], options), import_inventory([path], options)
    assert first.text == again.text and "acme" not in first.text and "export" not in first.text
    assert "acme" not in str(first.ledger.entries)
    assert any("old platform" in text for text in first.ledger.warnings)
    other = estate(*vms, make.vm("more"), name="other.xlsx")
    names = [set(sizes(import_inventory([file], Options(anonymise=True, key="k")).workload)) for file in (path, other)]
    assert names[0] < names[1]
    assert not names[0] & set(sizes(first.workload))


def test_names_are_kept_to_one_line_and_never_a_formula(estate: Callable[..., Path]) -> None:
    names = ['=HYPERLINK("x")', "two\nlines", "no", "1e3", "- a: b", "café ☕", "a'b\"c\\d", "#x", "@SUM(1)"]
    imported = import_inventory([estate(*(make.vm(name, vcpus=n + 1) for n, name in enumerate(names)))])
    expected = [" ".join(name.split()) for name in names]
    assert list(sizes(imported.workload)) == expected
    assert [group["name"] for group in yaml.safe_load(imported.text)["vms"]] == expected


# --- numbers -----------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 10**12), min_size=1), st.sampled_from([",", ".", " ", "\u00a0", "\u202f", "'", "’", ""]))
def test_whole_numbers_with_any_thousands_mark(values: list[int], mark: str) -> None:
    faults: list[cp.Fault] = []
    texts = [f"{value:,}".replace(",", mark) for value in values]
    assert whole_numbers(texts, str, faults) == values and not faults


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["1,234", "12,75"], "found '12,75'"),
        (["1.5"], "found '1.5'"),
        (["1,234", "1.234"], "found '1.234' beside '1,234'"),
        (["1234", "-1"], "found '-1'"),
        (["12,34,567"], "found '12,34,567'"),
        (["4 GiB"], "found '4 GiB'"),
        (["#N/A"], "found '#N/A'"),
        ([4096.5], "found '4096.5'"),
        (["9" * 40], "found '999"),
        ([True], "found 'True'"),
    ],
)
def test_a_whole_number_that_may_be_another_is_refused(texts: list[Any], message: str) -> None:
    faults: list[cp.Fault] = []
    assert whole_numbers(texts, lambda row: f"row {row}", faults) == [None] * len(texts)
    assert message in str(faults[0]) and f"row {len(texts) - 1}" in str(faults[0])


@given(
    st.lists(st.decimals(0, 10**9, places=2), min_size=1),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("", ".")]),
)
def test_decimals_in_any_locale(values: list[Decimal], marks: tuple[str, str]) -> None:
    thousands, point = marks
    texts = [f"{value:,.2f}".replace(",", "\0").replace(".", point).replace("\0", thousands) for value in values]
    faults: list[cp.Fault] = []
    assert decimal_numbers(texts, str, faults) == values and not faults


def test_a_decimal_that_may_be_another_needs_evidence() -> None:
    faults: list[cp.Fault] = []
    assert decimal_numbers(["1,234"], str, faults) == [None] and "may be 1.234 or 1234" in str(faults[0])
    assert decimal_numbers(["1,234", "0,5"], str, []) == [Decimal("1.234"), Decimal("0.5")]
    assert decimal_numbers(["1,234", "2.5"], str, []) == [Decimal(1234), Decimal("2.5")]
    assert decimal_numbers(["1,234"], str, [], ".") == [Decimal(1234)]
    assert decimal_numbers([1.5, None, 2], str, []) == [Decimal("1.5"), None, Decimal(2)]
    for texts in (["1,5", "1.5"], ["-1"], ["a"], ["1,2,3"], ["1.5", "1,23,456.0"]):
        faults = []
        assert decimal_numbers(texts, str, faults) == [None] * len(texts) and faults


def test_headers_and_tabs_are_told_however_they_are_spelt() -> None:
    for header in (
        "Provisioned MiB",
        "provisioned mb",
        " Provisioned\u00a0MB ",
        "vInfoProvisionedMiB",
        "PROVISIONED (MB)",
    ):
        assert folded(header) == "provisionedmib"
    assert folded("VM") == folded("vInfoVM") == "vm" and folded("vCPU") == "vcpu"
    for title in ("vInfo", "tabvInfo", "RVTools_tabvInfo", "rvtools_tabVINFO", "site1_vInfo"):
        assert tab(title) == "vinfo"
    assert tab("my vInfo notes") == tab("Sheet1") == ""


# --- other kinds of files ----------------------------------------------------------------------------------------


def test_live_optics_with_iops(tmp_path: Path) -> None:
    header = [
        "VM Name",
        "Power State",
        "Virtual CPU",
        "Provisioned Memory (MiB)",
        "Virtual Disk Size (MiB)",
        "MOB ID",
        "Template",
    ]
    path = make.workbook(
        tmp_path / "lo.xlsx",
        {
            "Details": [["Project", "x"]],
            "VMs": [
                header,
                ["a", "poweredOn", 4, 8192, 102400, "m1", "FALSE"],
                ["b", "poweredOff", 2, 4096.0, 2048, "m2", "FALSE"],
            ],
            "VM Disks": [["VM Name", "MOB ID", "Capacity (MiB)"], ["a", "m1", 102400], ["a", "m1", 51200]],
            "VM Performance": [["VM Name", "MOB ID", "Peak IOPS"], ["a", "m1", 300.4]],
        },
    )
    imported = import_inventory([path])
    assert sizes(imported.workload) == {"a": (4, 8192, (102400, 51200), True), "b": (2, 4096, (2048,), False)}
    assert [int(disk.iops) for disk in imported.workload.groups["a"].disks] == [201, 100]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), st.decimals(0, 10**6, places=2))
def test_iops_are_spread_without_loss(disks: list[int], iops: Decimal) -> None:
    shares = [disk.iops for disk in spread([VirtualDisk(size) for size in disks], iops)]
    assert sum(shares) == iops.to_integral_value("ROUND_CEILING") and all(share >= 0 for share in shares)


def test_a_plain_list(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "Name;vCPU;RAM_GB;Disks_GB;Power;GPUs\nweb;4;7,5;100+50,25;on;0\nold;2;4;60;off;\nai;8;64;500;on;2\n",
        "utf-8-sig",
    )
    imported = import_inventory([path])
    assert sizes(imported.workload) == {
        "web": (4, 7680, (102400, 51456), True),
        "old": (2, 4096, (61440,), False),
        "ai": (8, 65536, (512000,), True),
    }
    assert imported.workload.groups["ai"].gpus == 2
    path.write_text("name,vcpus\nweb,4\n")
    with bad_input() as faults:
        import_inventory([path])
    assert [str(fault).split(": ")[2][:30] for fault in faults] == [
        "no column 'memory_gib' or 'mem",
        "no column 'disks_gib' or 'disk",
    ]


def test_single_csv_files_of_one_folder_belong_together(tmp_path: Path) -> None:
    folder = make.csv_folder(tmp_path / "a", make.tables([make.vm("a", disks=[1, 2])]), ",", "", "utf-8")
    both = import_inventory([folder / "RVTools_tabvInfo.csv", folder / "RVTools_tabvDisk.csv"])
    assert sizes(both.workload)["a"][2] == (1, 2)
    one = import_inventory([folder / "RVTools_tabvInfo.csv"])
    assert sizes(one.workload)["a"][2] == (3,)
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    told = import_inventory([folder]).ledger.warnings
    assert [text for text in told if "not read: notes" in text] and "vHost" not in "".join(told)
    (folder / "renamed.csv").write_bytes((folder / "RVTools_tabvInfo.csv").read_bytes())
    assert sizes(import_inventory([folder / "renamed.csv"]).workload) == sizes(one.workload)


# --- right-sizing ------------------------------------------------------------------------------------------------


def _measured(path: Path, use: dict[str, tuple[int, int, int]]) -> Path:
    """Write an export with use: consumed MiB, MHz used of 10 000, swapped MiB."""
    sheets = make.tables([make.vm(name, vcpus=16, memory_mib=65536) for name in use])
    ids = ["VM UUID", "VI SDK UUID"]
    rows = [[row[make.INFO.index(name)] for name in ids] for row in sheets["vInfo"][1:]]
    sheets["vMemory"] = [["VM", "Size MiB", "Consumed", "Active", "Swapped", "Ballooned", *ids]]
    sheets["vCPU"] = [["VM", "CPUs", "Max", "Overall", *ids]]
    for (name, (consumed, mhz, swapped)), id_ in zip(use.items(), rows, strict=True):
        sheets["vMemory"].append([name, 65536, consumed, consumed // 4, swapped, 0, *id_])
        sheets["vCPU"].append([name, 16, 10_000, mhz, *id_])
    return make.workbook(path, sheets)


def test_right_sizing_is_careful_and_told(tmp_path: Path) -> None:
    moments = [
        _measured(
            tmp_path / f"{n}.xlsx", {"idle": (1000, 100, 0), "half": (40_000, 5000 + n, 0), "swaps": (1000, 100, n)}
        )
        for n in range(5)
    ]
    asked = Options(right_sizing=RightSizing(), usage=tuple(moments[1:]))
    imported = import_inventory(moments[:1], asked)
    assert {name: each[:2] for name, each in sizes(imported.workload).items()} == {
        "idle": (8, 32768),
        "half": (12, 49 * 1024),
        "swaps": (16, 65536),
    }
    assert [(change.name, change.what, change.before, change.after) for change in imported.changes] == [
        ("idle", "vCPUs", 16, 8),
        ("idle", "MiB of memory", 65536, 32768),
        ("half", "vCPUs", 16, 12),
        ("half", "MiB of memory", 65536, 49 * 1024),
    ]
    assert "95th percentile of 5 samples), 25 % on top" in imported.changes[0].why
    assert lines(imported, "repaired")["right-sized from measured use"] == (0, -12, -(32768 + 15360), 0, 0)
    assert import_inventory(moments[:1]).changes == ()
    with bad_input() as faults:
        import_inventory(moments[:1], Options(right_sizing=RightSizing()))
    assert "too thin to right-size: at most 1 samples" in str(faults[0])


# --- hostile files -----------------------------------------------------------------------------------------------


def test_figures_that_no_vm_can_have_are_refused_by_name(estate: Callable[..., Path]) -> None:
    path = estate(
        make.vm("a", vcpus=1000),
        make.vm("b", disks=[4 * 2**30]),
        make.vm("c", vcpus=None),
        make.vm("", memory_mib=10**9),
    )
    with bad_input() as faults:
        import_inventory([path])
    text = "\n".join(map(str, faults))
    assert "1000 vCPUs; allowed: 1 to 768" in text and "4294967296 MiB of a disk" in text and "no vCPUs" in text
    assert "export.xlsx:vInfo!A2" in text and "a VM without a name" in text
    with bad_input() as faults:
        import_inventory([estate(make.vm("a", info={"Powerstate": "zzz"}), name="b.xlsx")])
    assert "found 'zzz'; allowed: poweredon" in str(faults[0]) and "vInfo!B2" in str(faults[0])


def test_a_missing_column_is_told_with_what_is_there(tmp_path: Path) -> None:
    sheets = make.renamed(
        make.tables([make.vm("a")]), lambda _, cell: {"CPUs": "CPU count", "Memory": "RAM"}.get(cell, cell)
    )
    with bad_input() as faults:
        import_inventory([make.workbook(tmp_path / "a.xlsx", sheets)])
    assert len(faults) == 2
    assert "vInfo: no column 'CPUs' or 'Num CPUs' or 'vCPUs'; nearest: " in str(faults[0])
    assert "CPU count (there are: VM, Powerstate" in str(faults[0])
    with bad_input() as faults:
        import_inventory([make.workbook(tmp_path / "b.xlsx", {"vHost": [["Host", "Speed"], ["a", 1]]})])
    assert "no list of VMs among the tables vHost" in str(faults[0])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", b"", "damaged"),
        ("a.xlsx", b"PK\x03\x04 truncated", "damaged"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        ("a.xls", b"\xd0\xcf\x11\xe0 old", "Excel 97-2003"),
        ("a.csv", b"\x00\x01\x02", "not a text file"),
        ("a.csv", b'name,vcpus\n"unclosed', "not CSV"),
        ("a.csv", b"", "no list of VMs"),
        ("a.zip", b"PK\x05\x06" + b"\x00" * 18, "no list of VMs"),
    ],
)
def test_files_that_are_no_inventory(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with bad_input() as faults:
        import_inventory([tmp_path / name])
    assert message in str(faults[0])


def test_a_bomb_entities_and_endless_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make.workbook(tmp_path / "a.xlsx", make.tables([make.vm("a")]))
    parts = {info.filename: zipfile.ZipFile(path).read(info) for info in zipfile.ZipFile(path).infolist()}
    sheet = "xl/worksheets/sheet1.xml"

    def rewritten(name: str, **changed: bytes) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, content in parts.items():
                archive.writestr(part, changed.get("sheet", content) if part == sheet else content)
        return tmp_path / name

    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData>&a;</sheetData></worksheet>'
    with bad_input() as faults:
        import_inventory([rewritten("entity.xlsx", sheet=entity)])
    assert "damaged" in str(faults[0])
    text = parts[sheet]
    last = re.sub(
        rb"</sheetData>",
        b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t> </t></is></c></row></sheetData>',
        text,
    )
    imported = import_inventory([rewritten("rows.xlsx", sheet=last)])
    assert lines(imported)["blank row or total"][0] == 1_048_576 - 2
    wide = re.sub(
        rb"</sheetData>", b'<row r="3"><c r="XFD3" t="inlineStr"><is><t>x</t></is></c></row></sheetData>', text
    )
    assert sizes(import_inventory([rewritten("wide.xlsx", sheet=wide)]).workload) == sizes(imported.workload)
    monkeypatch.setattr("cloudplan.base.limits.INVENTORY_CELLS", 20)
    with bad_input() as faults:
        import_inventory([path])
    assert "too large" in str(faults[0])
    monkeypatch.setattr("cloudplan.base.limits.INVENTORY_BYTES", 1000)
    with bad_input() as faults:
        import_inventory([path])
    assert "too large: more than" in str(faults[0])


@settings(max_examples=90, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_damaged_workbook_is_a_fault_or_an_inventory(seed: int, tmp_path: Path) -> None:
    """Bytes of the container, and of the XML within it, are changed at random."""
    dice = random.Random(seed)
    whole = tmp_path / "whole.xlsx"
    if not whole.exists():
        make.workbook(whole, make.tables([make.vm("a"), make.vm("b", disks=[1, 2])]))
    data = bytearray(whole.read_bytes())
    if dice.random() < 0.5:
        for _ in range(dice.randint(1, 5)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        data = data[: dice.randint(1, len(data))] if dice.random() < 0.3 else data
        (tmp_path / "damaged.xlsx").write_bytes(data)
    else:
        source = zipfile.ZipFile(whole)
        with zipfile.ZipFile(tmp_path / "damaged.xlsx", "w") as archive:
            for info in source.infolist():
                content = bytearray(source.read(info))
                if content and dice.random() < 0.3:
                    content[dice.randrange(len(content))] = dice.randrange(32, 127)
                archive.writestr(info.filename, bytes(content))
    try:
        imported = import_inventory([tmp_path / "damaged.xlsx"])
    except cp.BadInputError as error:
        assert error.faults
    else:
        assert imported.ledger.total("imported").rows == len(sizes(imported.workload))


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from('VMPowerstateCPUsMemory,;"\n\r\t 0123456789.on'), max_size=300))
def test_any_text_is_a_fault_or_an_inventory(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("VM,Powerstate,CPUs,Memory,Provisioned MiB\na,poweredOn,1,4,9\n" + text, "utf-8")
    try:
        imported = import_inventory([tmp_path / "a.csv"])
    except cp.BadInputError as error:
        assert error.faults
    else:
        assert imported.ledger.total("imported").rows == len(sizes(imported.workload))


def test_a_ledger_that_does_not_add_up_is_an_internal_error() -> None:
    ledger = Ledger({})
    ledger.note("read", "rows", 1, Amount(1, 2, 3, 4, 5))
    ledger.note("imported", "on", 1, Amount(1, 2, 3, 4, 5))
    ledger.close(Amount(1, 2, 3, 4, 5))
    with pytest.raises(cp.CloudplanError, match="does not add up"):
        ledger.close(Amount(1, 2, 3, 4, 6))


# --- the command -------------------------------------------------------------------------------------------------


def test_import_then_size_then_quote(estate: Callable[..., Path], tmp_path: Path, run: Callable[..., Ran]) -> None:
    path = estate(*(make.vm(f"web-{n}") for n in range(4)), make.vm("t", info={"Template": "True"}))
    output, beside = tmp_path / "workload.yaml", tmp_path / "workload.ledger.md"
    ran = run("import", path, "-o", output)
    assert ran.status == 0 and "4 VMs imported from export.xlsx." in ran.out
    assert "**template (1)** t" in beside.read_text() and re.search(r"check .*0\s+0\s+0\s+0\s+0", ran.out)
    assert run("import", path, "-o", output).status == 2
    plan = tmp_path / "plan.json"
    assert run("size", output, "--format", "json", "--output", plan, "--xlsx", tmp_path / "quote.xlsx").status == 0
    placed = Counter(vm for cluster in cp.read_plan(plan).clusters for host in cluster.placement for vm in host)
    assert set(placed) == {"2vcpu-4gib-20gib"}
    shown = run("size", output).out
    assert "LEDGER" in shown and "template" in shown
    assert "## Ledger" in run("size", output, "--format", "markdown").out
    printed = run("import", path)
    assert printed.out == output.read_text() and "LEDGER" in printed.err


def test_nothing_is_written_on_failure(estate: Callable[..., Path], tmp_path: Path, run: Callable[..., Ran]) -> None:
    path = estate(make.vm("a", vcpus=None))
    before = sorted(tmp_path.iterdir())
    ran = run("import", path, "-o", tmp_path / "w.yaml")
    assert ran.status == 2 and not ran.out and sorted(tmp_path.iterdir()) == before
    assert run("import", tmp_path / "missing.xlsx", "-o", tmp_path / "w.yaml").status == 2
    assert run("import", path, "--percentile", "x").status == 2


def test_a_formula_counts_as_its_stored_value_and_without_one_as_nothing(tmp_path: Path) -> None:
    sheets = make.tables([make.vm("a"), make.vm("b")])
    book = openpyxl.Workbook()
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book["vInfo"].cell(3, make.INFO.index("CPUs") + 1).value = "=1+1"
    book.save(tmp_path / "a.xlsx")
    with bad_input() as faults:
        import_inventory([tmp_path / "a.xlsx"])
    assert [str(fault).partition("vInfo!")[2][:14] for fault in faults] == ["A3: b: no vCPU"]
