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

import cloudplan as cp
from cloudplan.analysis.actual import Comparison, compare_actual
from cloudplan.plan.origin import origin_of
from cloudplan.plan.plan import Plan

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
    assert all(each.is_right for each in compare_actual(origin_of(plan), plan, tmp_path / "list.xlsx").entries)


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
        ({"site": "az05", "article number": "x"}, "no table with the columns SKU and quantity"),
    ],
)
def test_bad_lists_are_refused(plan: Plan, tmp_path: Path, row: Row, words: str) -> None:
    with pytest.raises(cp.BadInputError, match=words):
        compared(plan, [row], tmp_path)
