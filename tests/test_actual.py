"""What stands or is invoiced beside a plan: every line that differs is found, and the sums are exact."""

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from conftest import EDITION, Ran, price_book, vm, workload
from inventories import Rows, csv_folder, database, legacy, tables, workbook
from inventories import vm as exported_vm

import cloudplan as cp
from cloudplan.analysis.actual import Comparison, compare_actual
from cloudplan.analysis.actual_estate import EstateComparison, compare_estate
from cloudplan.evaluation.utilisation import placements
from cloudplan.plan.origin import origin_of
from cloudplan.plan.plan import Plan
from cloudplan.workload.case import Case

Run = Callable[..., Ran]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def plan() -> Plan:
    edition = cp.load_edition(EDITION)
    tree = workload(vms=[vm(count=3), vm(name="b", protection={"rpo": "1h"})], sites={"standby": "az06"})
    return cp.size(cp.read_workload(tree, edition), edition, cp.load_prices(price_book(), edition))


def invoice(plan: Plan) -> list[Row]:
    return [
        {"site": line.site, "sku": line.sku, "quantity": line.quantity, "amount": line.monthly} for line in plan.bom
    ]


def compared(plan: Plan, rows: list[Row], tmp_path: Path) -> Comparison:
    found = listed(plan, rows, tmp_path)
    assert found is not None
    return found


def listed(plan: Plan, rows: list[Row], tmp_path: Path) -> Comparison | None:
    file = tmp_path / "list.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return compare_actual(origin_of(plan), plan, file)


def test_an_invoice_of_the_plan_is_right(plan: Plan, tmp_path: Path) -> None:
    found = compared(plan, invoice(plan), tmp_path)
    assert all(each.is_right for each in found.entries) and len(found.entries) == len(plan.bom)
    assert (found.planned, found.actual, found.by_quantity, found.by_price) == (plan.monthly, plan.monthly, 0, 0)


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"quantity": 1, "amount": 0}, "too many"),
        ({"amount": Decimal("0.01")}, "same"),
        ({"amount": Decimal("-0.01")}, "same"),
        (None, "missing"),
    ],
)
def test_every_line_that_differs_is_found_to_the_cent(
    plan: Plan, tmp_path: Path, place: int, change: Row | None, verdict: str
) -> None:
    rows = invoice(plan)
    if change is None:
        del rows[place]
    else:
        rows[place] |= {name: rows[place][name] + more for name, more in change.items()}
    found = compared(plan, rows, tmp_path)
    [wrong] = [each for each in found.entries if not each.is_right]
    assert (wrong.sku, wrong.site, wrong.verdict) == (plan.bom[place].sku, plan.bom[place].site, verdict)
    assert found.planned + found.by_quantity + found.by_price + found.unknown == found.actual
    if change and "quantity" not in change:
        assert found.by_price == change["amount"] and found.by_quantity == 0


def test_lists_without_sites_or_amounts_and_in_other_spellings_do(plan: Plan, tmp_path: Path) -> None:
    rows = [{"SKU": row["sku"].replace("fr1", "(region)"), "Quantité": row["quantity"]} for row in invoice(plan)]
    found = compared(plan, [*rows, {"SKU": "csp:other:v1", "Quantité": 2}], tmp_path)
    assert [each.sku for each in found.entries if not each.is_right] == ["csp:other:v1"]
    assert not found.priced and all(each.amount is None for each in found.entries)
    book = xlsxwriter.Workbook(tmp_path / "list.xlsx")
    sheet = book.add_worksheet()
    for number, row in enumerate([{name: name for name in rows[0]}, *rows]):
        sheet.write_row(number, 0, list(row.values()))
    book.close()
    found_too = compare_actual(origin_of(plan), plan, tmp_path / "list.xlsx")
    assert found_too is not None and all(each.is_right for each in found_too.entries)


def test_the_command_tells_only_what_differs(run: Run, plan: Plan, tmp_path: Path) -> None:
    rows = invoice(plan)
    rows[0]["amount"] += 5
    compared(plan, rows, tmp_path)
    file = tmp_path / "p.json"
    file.write_text(plan.to_json(), encoding="utf-8")
    ran = run("diff", file, "--actual", tmp_path / "list.csv")
    assert ran.status == 0 and "priced otherwise by 5.00" in ran.out and ran.out.count("az05") == 1
    told = json.loads(run("diff", file, "--actual", tmp_path / "list.csv", "--format", "json").out)
    assert told["by_price"] == "5.00" and len(told["items"]) == len(plan.bom)
    assert "face au plan" in run("diff", file, "--actual", tmp_path / "list.csv", "--lang", "fr").out
    assert run("diff", file, "--actual", tmp_path / "list.csv", "--term", "3").status == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"site": "az99", "sku": "x", "quantity": 1}, "unknown zone 'az99'"),
        ({"site": "az05", "sku": "x", "quantity": "1.5"}, "allowed: a whole number"),
        ({"site": "az05", "sku": "x", "quantity": "-1"}, "allowed: a number >= 0"),
    ],
)
def test_bad_lists_are_refused(plan: Plan, tmp_path: Path, row: Row, words: str) -> None:
    with pytest.raises(cp.BadInputError, match=words):
        compared(plan, [row], tmp_path)


# --- an export of what stands -----------------------------------------------------------------------------------------


def exported(plan: Plan) -> dict[str, Rows]:
    """Return the tabs of an RVTools export of a plan; the provider called what is at home otherwise."""
    origin = origin_of(plan)
    named = {each.name: f"{each.name}-x" if each.site == "az05" else each.name for each in plan.clusters}
    vms = []
    for placed in placements(Case.of(origin.workload, origin.edition, origin.prices), plan):
        group = origin.workload.groups[placed.group]
        if placed.site == group.site:
            paths = [f"[{store}-x] {placed.vm}/disk.vmdk" for store in placed.disks]
            sizes = [disk.size_mib for disk in group.disks]
            disks = [{"Capacity MiB": size, "Disk Path": path} for size, path in zip(sizes, paths, strict=True)]
            figures = {"vcpus": group.vcpus, "memory_mib": group.memory_mib, "disks": disks}
            vms.append(exported_vm(placed.vm, **figures, info={"Cluster": named[placed.cluster]}))
    cores = {each.name: origin.edition.blades[each.blade].cores for each in plan.clusters}
    hosts = [["esx", named[each.name], cores[each.name]] for each in plan.clusters for _ in range(each.hosts)]
    stores = [[f"{each.name}-x", 1024 * each.size_gib - 256, f"url{n}"] for n, each in enumerate(plan.datastores)]
    return {
        **tables(vms),
        "vHost": [["Host", "Cluster", "# Cores"], *hosts],
        "vDatastore": [["Name", "Capacity MiB", "URL"], *stores, stores[0]],
    }


def beside(plan: Plan, sheets: dict[str, Rows], tmp_path: Path) -> EstateComparison:
    return compare_estate(origin_of(plan), plan, workbook(tmp_path / "export.xlsx", sheets))


def test_an_export_of_the_plan_is_right_whatever_the_provider_called_it(plan: Plan, tmp_path: Path) -> None:
    found = beside(plan, exported(plan), tmp_path)
    assert found.clusters and [each.plan for each in found.clusters] == [(cluster,) for cluster in plan.clusters]
    assert all(each.is_right for each in found.clusters) and found.clusters[0].actual == ("az05-default-1-x",)
    assert found.datastores and len(found.datastores) == len(plan.datastores)
    assert {each.verdict for each in found.datastores} == {"same"}
    assert {each.verdict for each in found.vms} == {"same"} and len(found.vms) == 4


def test_exports_of_every_form_are_read(plan: Plan, tmp_path: Path) -> None:
    sheets = exported(plan)
    tabs = {f"RVTools_tab{name}": rows for name, rows in sheets.items()}
    folder = csv_folder(tmp_path / "export", tabs, ";", " ", "cp1252")
    for file in (
        folder,
        workbook(tmp_path / "old.xlsx", legacy(sheets)),
        workbook(tmp_path / "d.xlsx", database(sheets)),
    ):
        found = compare_estate(origin_of(plan), plan, file)
        verdicts = [each.verdict for each in (*(found.clusters or ()), *(found.datastores or ()), *found.vms)]
        assert verdicts == ["same"] * (len(plan.clusters) + len(plan.datastores) + 4), file


def test_what_stands_otherwise_is_found(plan: Plan, tmp_path: Path, run: Run) -> None:
    sheets = exported(plan)
    info, disk, hosts, stores = (sheets[name] for name in ("vInfo", "vDisk", "vHost", "vDatastore"))
    head = info[0]
    info[1][head.index("VM")] = disk[1][0] = "stranger"
    info[2][head.index("CPUs")] += 2
    info[3][head.index("Powerstate")] = "poweredOff"
    disk[4][disk[0].index("Capacity MiB")] += 1024
    hosts += [["esx", hosts[1][1], 12], ["esx", "elsewhere", 20]]
    stores[1][1] += 4096
    del stores[-1]
    stores.append(["scratch", 1024, "url"])
    found = beside(plan, sheets, tmp_path)
    vms = {each.name: (each.verdict, each.differences) for each in found.vms if each.verdict != "same"}
    assert vms == {
        "a-1": ("missing", ()),
        "a-2": ("other", ("vcpus",)),
        "a-3": ("other", ("powered_on",)),
        "b": ("other", ("disks_mib",)),
        "stranger": ("not planned", ()),
    }
    assert found.clusters and found.datastores
    first, last = found.clusters[0], found.clusters[-1]
    assert (first.verdict, first.hosts - first.planned, first.other_cores) == ("too many", 1, (12,))
    assert (last.verdict, last.plan, last.actual) == ("not planned", (), ("elsewhere",))
    assert [each.verdict for each in found.datastores if each.verdict != "same"] == ["other", "not planned"]
    file = tmp_path / "p.json"
    file.write_text(plan.to_json(), encoding="utf-8")
    ran = run("diff", file, "--actual", tmp_path / "export.xlsx", "--lang", "fr")
    assert "1 hôte avec un autre nombre de cœurs (12)" in " ".join(ran.out.split()) and "éteinte" in ran.out
    told = json.loads(run("diff", file, "--actual", tmp_path / "export.xlsx", "--format", "json").out)
    assert len(told["vms"]) == 5 and told["clusters"][0]["other_cores"] == [12]


def test_what_an_export_does_not_tell_is_said(plan: Plan, tmp_path: Path, run: Run) -> None:
    sheets = exported(plan)
    del sheets["vDatastore"]
    sheets["vHost"] = [["Host", "# Cores"], *([name, cores] for name, _, cores in sheets["vHost"][1:])]
    found = beside(plan, sheets, tmp_path)
    assert found.datastores is None and found.clusters
    assert [(each.plan, each.verdict) for each in found.clusters] == [(plan.clusters, "same")]
    (tmp_path / "p.json").write_text(plan.to_json(), encoding="utf-8")
    assert "tells nothing of datastores" in run("diff", tmp_path / "p.json", "--actual", tmp_path / "export.xlsx").out
    (tmp_path / "x.csv").write_text("one,two\n1,2\n", encoding="utf-8")
    ran = run("diff", tmp_path / "p.json", "--actual", tmp_path / "x.csv")
    assert ran.status == 2 and "no table with the columns SKU and quantity" in ran.err
    assert run("diff", tmp_path / "p.json", "--actual", tmp_path / "x.csv", "--at", "2027-01").status == 2
