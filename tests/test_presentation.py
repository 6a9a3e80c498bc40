"""What a reader sees of a plan: terminal, Markdown and workbook say the same, and foreign text stays text."""

import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import cloudplan as cp
from cloudplan import money
from cloudplan.plan import Finding, Plan
from cloudplan.sheets import grid
from cloudplan.sheets import plan as sheets
from cloudplan.table import render
from cloudplan.workbook import write_workbook

WEB_SHOP = {
    "schema": "cloudplan/workload/v1",
    "name": "web-shop",
    "region": "fr1",
    "catalog": "2025-01-17",
    "vms": [
        {
            "name": "web",
            "count": 6,
            "vcpus": 4,
            "memory_gib": 16,
            "anti_affinity": "web",
            "disks": [{"size_gib": 60}],
        },
        {"name": "app", "count": 4, "vcpus": 8, "memory_gib": 32, "disks": [{"size_gib": 80}, {"size_gib": 200}]},
        {
            "name": "db",
            "count": 2,
            "vcpus": 8,
            "memory_gib": 64,
            "vcpu_per_core": 2,
            "anti_affinity": "db",
            "disks": [{"size_gib": 80}, {"size_gib": 800, "iops": 2500}],
        },
    ],
}
HOSTILE = [
    '=HYPERLINK("x")',
    "@SUM(A1)",
    "+1+1",
    "http://example.com",
    "a|b\nc<script>[d](e)*f*",
    "bell\x07 escape\x1b[31m",
    "x" * 40_000,
    "\U0001f600" * 20_000,
    "]:*?/\\",
    "_x0041_",
]
SHEETS = ["Summary", "Bill of materials", "Clusters", "Datastores", "Findings"]
OUR_FORMULA = re.compile(r"=(ROUND|SUM|SUMIFS)\([^\"]*\)|=[A-Z]+\d+(/[A-Z]+\d+|\*\(1-[A-Z]+\d+\))")
MARK = "ILLUSTRATIVE PRICES"


@pytest.fixture(scope="module")
def plan(edition: cp.Edition, example_prices: cp.PriceBook) -> Plan:
    """The plan of a small web shop."""
    return cp.optimise(cp.read_workload(WEB_SHOP, edition), edition, example_prices)


@pytest.fixture(scope="module")
def hostile(edition: cp.Edition, example_prices: cp.PriceBook) -> Plan:
    """A plan whose VMs, pool and workload have hostile names, which show as protected groups and in findings."""
    fields: dict[str, Any] = {
        "vcpus": 1,
        "memory_gib": 2,
        "pool": "=1+1\x08",
        "disks": [{"size_gib": 20, "backup": False}],
        "protection": {"mechanism": "vm-replication"},
    }
    workload = {
        "schema": "cloudplan/workload/v1",
        "name": "=cmd|' /C calc'!A0\x0b | <b>\n# x",
        "catalog": "2025-01-17",
        "sites": {"primary": "az05", "standby": "az07"},
        "vms": [{"name": name, **fields} for name in HOSTILE],
    }
    return cp.optimise(cp.read_workload(workload, edition), edition, example_prices)


def not_illustrative(plan: Plan) -> Plan:
    """Return the plan with prices that are no illustration, and without the finding that says they are."""
    prices = plan.prices.model_copy(update={"illustrative": False})
    findings = tuple(item for item in plan.findings if item.code != "illustrative-prices")
    return plan.model_copy(update={"prices": prices, "findings": findings})


def discounted(plan: Plan) -> Plan:
    """Return the plan with a discount of 12.345 % on every line, and prices of six decimals."""
    lines = []
    for line in plan.bom:
        price = line.list_price + Decimal("0.000001")
        unit = money.net(price, Decimal("0.12345"))
        update = {"list_price": price, "discount": Decimal("0.12345"), "unit_price": unit}
        lines.append(line.model_copy(update={**update, "monthly": money.line(line.quantity, unit)}))
    total = sum((line.monthly for line in lines), Decimal(0))
    return plan.model_copy(update={"bom": tuple(lines), "monthly": total, "lower_bound": total})


def opened(data: bytes) -> tuple[Workbook, Workbook]:
    """Return a workbook read twice: with its formulas, and with their cached values."""
    return openpyxl.load_workbook(io.BytesIO(data)), openpyxl.load_workbook(io.BytesIO(data), data_only=True)


def header_row(sheet: Worksheet) -> int:
    """Return the row of the header: that of the automatic filter."""
    return sheet[sheet.auto_filter.ref][0][0].row


def column(sheet: Worksheet, header: str) -> int:
    """Return the column with a header."""
    return next(cell.column for cell in sheet[header_row(sheet)] if cell.value == header)


def cells(book: Workbook) -> Iterator[Cell]:
    """Yield every cell of a workbook."""
    for sheet in book:
        for row in sheet.iter_rows():
            yield from row


def exact(value: Any) -> Decimal:
    """Return a number of a cell as the decimal that was meant."""
    return Decimal(repr(value))


# --- terminal and Markdown ---------------------------------------------------------------------------------------


def test_terminal_fits_100_columns_and_shows_every_line_and_finding(plan: Plan) -> None:
    text = render(plan, style="terminal")
    assert max(map(len, text.splitlines())) <= 100
    flat = " ".join(text.split())
    for line in plan.bom:
        assert line.label in flat
        assert f"{line.sku}: {line.because} [{line.rule}]" in flat
        assert money.amount(line.monthly) in flat
    for finding in plan.findings:
        assert finding.code in flat
        assert finding.message in flat
    assert f"TOTAL A MONTH {money.amount(plan.monthly)}" in flat


def test_terminal_marks_illustrative_prices_first_and_at_the_total(plan: Plan) -> None:
    lines = render(plan, style="terminal").splitlines()
    assert MARK in lines[1]
    total = next(number for number, line in enumerate(lines) if "TOTAL A MONTH" in line)
    assert any(MARK in line for line in lines[total : total + 3])
    for style in ("terminal", "markdown"):
        assert "illustrative" not in render(not_illustrative(plan), style=style).lower()


def test_terminal_shows_memory_used_of_what_is_activated(plan: Plan) -> None:
    text = render(plan, style="terminal")
    used = 6 * 16 + 4 * 32 + 2 * 64
    assert f"{money.amount(Decimal(used))}" in text
    assert "85 % of the activated memory" in text


def test_terminal_shortens_long_lists_and_long_names(plan: Plan) -> None:
    stores = tuple(plan.datastores[0].model_copy(update={"name": f"{'long-' * 20}{n}"}) for n in range(300))
    finding = Finding(severity="info", code="many", subject="s" * 300, message="word " * 300)
    changed = plan.model_copy(update={"datastores": stores, "findings": (finding,) * 30})
    text = render(changed, style="terminal")
    assert max(map(len, text.splitlines())) <= 100
    assert "... and 280 more; --format json has them all" in text
    assert "... and 10 more many; --format json has them all" in text
    assert "FINDINGS  0 warnings, 30 for information." in text
    assert render(changed, style="markdown").count("long-" * 20) == 300


def test_terminal_of_hostile_names_has_no_control_characters(hostile: Plan) -> None:
    text = render(hostile, style="terminal")
    assert max(map(len, text.splitlines())) <= 100
    assert all(character == "\n" or character.isprintable() for character in text)
    assert '=HYPERLINK("x")' in text


def test_terminal_states_discounts_only_when_there_are_any(plan: Plan) -> None:
    assert "Discount" not in render(plan, style="terminal")
    text = render(discounted(plan), style="terminal")
    assert "12.345 %" in text
    assert max(map(len, text.splitlines())) <= 100


def test_markdown_cuts_nothing(plan: Plan) -> None:
    text = render(plan, style="markdown").replace("\\", "")
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    for line in plan.bom:
        assert any({line.site, line.sku, line.label, line.because, line.rule} <= set(row) for row in rows)
    for finding in plan.findings:
        assert any({finding.severity, finding.code, finding.message} <= set(row) for row in rows)
    assert text.count(MARK) == 2


def test_markdown_escapes_foreign_text(hostile: Plan) -> None:
    text = render(hostile, style="markdown")
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "a\\|b<br>c\\<script\\>\\[d\\](e)\\*f\\*" in text
    assert "x" * 40_000 in text
    assert text.splitlines()[0].endswith("\\| \\<b\\><br>\\# x")
    protected = text.split("## Protection")[1].split("## Backup")[0]
    rows = [line for line in protected.splitlines() if line.startswith("|")]
    assert len(rows) == len(HOSTILE) + 2
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


def test_status_in_words(plan: Plan) -> None:
    def words(status: str, gap: float) -> str:
        return sheets.status(plan.model_copy(update={"status": status, "gap": gap}))

    assert words("optimal", 0.0) == "optimal: proven, no plan costs less"
    assert words("optimal", 6.5013e-06) == "optimal: proven within 0.0007 %"
    assert words("optimal", 1e-12) == "optimal: proven within 0.0001 %"
    assert words("feasible", 0.2) == "feasible: the search stopped first, a cheaper plan could save at most 20 %"


def test_numbers_in_words() -> None:
    assert grid.words(Decimal("0.0850"), "price") == "0.085"
    assert grid.words(Decimal("1620"), "price") == "1 620.00"
    assert grid.words(Decimal("0.125"), "discount") == "12.5 %"
    assert grid.words(Decimal("0.85"), "share") == "85.0 %"
    assert grid.words(1234567, "whole") == "1 234 567"
    assert grid.words(None, "money") == ""


def test_text_is_cleaned_of_what_readers_cannot_bear() -> None:
    assert grid.clean("a\r\nb\rc\u2028d") == "a\nb\nc\nd"
    assert grid.clean("\x00\x1b[31m\x9b\x7f\ufffe\ud800ok\u202e") == "[31mok"


# --- workbook ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [lambda plan: plan, discounted], ids=["list prices", "discounts"])
def test_amounts_are_formulas_with_the_values_of_the_plan(plan: Plan, change: Any) -> None:
    plan = change(plan)
    formulas, values = opened(write_workbook(plan))
    bill, cached = formulas["Bill of materials"], values["Bill of materials"]
    first, money_column, unit_column = (
        header_row(bill) + 1,
        column(bill, "Monthly (EUR)"),
        column(bill, "Unit price (EUR)"),
    )
    for row, line in enumerate(plan.bom, start=first):
        monthly, unit = bill.cell(row, money_column), bill.cell(row, unit_column)
        assert monthly.value.startswith("=ROUND(")
        assert unit.data_type == monthly.data_type == "f"
        assert exact(cached.cell(row, money_column).value) == line.monthly
        assert exact(cached.cell(row, unit_column).value) == line.unit_price
        quantity, price, share = (exact(cached[name].value) for name in re.findall(r"[A-Z]+\d+", monthly.value))
        assert money.line(int(quantity), money.net(price, share)) == line.monthly
    sums = [
        exact(cached.cell(row, money_column).value)
        for row in range(first + len(plan.bom) + 1, cached.max_row + 1)
        if cached.cell(row, money_column).value is not None
    ]
    by_site = [value for _, value in sheets.site_totals(plan).rows]
    assert sums == [*by_site, plan.monthly]
    assert sum(by_site) == plan.monthly
    totals = [cell for cell in cells(formulas) if str(cell.value).startswith(("=SUM(", "=SUMIFS("))]
    money_totals = [cell for cell in totals if cell.parent.title in SHEETS[:2]]
    expected = [plan.monthly, *by_site, plan.monthly]
    assert [exact(values[cell.parent.title][cell.coordinate].value) for cell in money_totals] == [*expected, *sums]


def test_no_formula_lacks_its_value_and_no_other_formula_exists(plan: Plan, hostile: Plan) -> None:
    for each in (plan, hostile):
        formulas, values = opened(write_workbook(each))
        live = [cell for cell in cells(formulas) if cell.data_type == "f"]
        assert live
        for cell in live:
            assert OUR_FORMULA.fullmatch(cell.value), cell.value
            assert isinstance(values[cell.parent.title][cell.coordinate].value, int | float)


def test_hostile_names_stay_text(hostile: Plan) -> None:
    data = write_workbook(hostile)
    formulas, _ = opened(data)
    assert formulas.sheetnames == SHEETS
    texts = [cell.value for cell in cells(formulas) if cell.data_type == "s"]
    for name in ('=HYPERLINK("x")', "@SUM(A1)", "+1+1", "http://example.com", "]:*?/\\"):
        assert name in texts
    assert "bell escape[31m" in texts
    assert "x" * 32_767 in texts
    assert "\U0001f600" * 16_383 in texts
    assert all(len(str(text).encode("utf-16-le")) <= 2 * 32_767 for text in texts)
    assert any(str(text).startswith("=cmd|") for text in texts)
    assert not any(cell.hyperlink for cell in cells(formulas))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not [
            name for name in archive.namelist() if "external" in name.lower() or name.endswith("sheet1.xml.rels")
        ]
        assert b"<hyperlink" not in b"".join(archive.read(name) for name in archive.namelist())
        assert b"_x005F_x0041_" in archive.read("xl/sharedStrings.xml")


def test_the_same_plan_gives_the_same_bytes(plan: Plan) -> None:
    data = write_workbook(plan)
    assert data == write_workbook(Plan.model_validate_json(plan.to_json()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core)) == {"2025-01-01T00:00:00Z"}
    assert "<dc:title>web-shop: sizing plan</dc:title>" in core
    assert "<dc:subject>" in core
    assert plan.workload.sha256 in core


def test_illustrative_prices_are_marked_on_top_and_on_every_printed_page(plan: Plan) -> None:
    marked, _ = opened(write_workbook(plan))
    for name in SHEETS[:2]:
        assert MARK in marked[name]["A1"].value
        assert marked[name]["A1"].fill.fill_type == "solid"
    assert all(MARK in sheet.oddFooter.left.text for sheet in marked)
    plain = write_workbook(not_illustrative(plan))
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        assert not [name for name in archive.namelist() if MARK.encode() in archive.read(name)]


def test_sheets_are_set_up_for_reading_and_printing(plan: Plan) -> None:
    book, _ = opened(write_workbook(plan))
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert int(sheet.page_setup.paperSize) == 9
        assert sheet.page_setup.fitToWidth == 1 or sheet.page_setup.fitToWidth is None
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "&P" in sheet.oddFooter.right.text or "Page" in sheet.oddFooter.right.text
    for name in SHEETS[1:]:
        sheet = book[name]
        assert sheet.freeze_panes == f"A{header_row(sheet) + 1}"
        assert sheet.print_title_rows == f"${header_row(sheet)}:${header_row(sheet)}"
        assert not sheet.merged_cells.ranges


def test_every_presentation_shows_the_same_rows(plan: Plan) -> None:
    book, _ = opened(write_workbook(plan))
    terminal, markdown = render(plan, style="terminal"), render(plan, style="markdown")
    for name, table in (("Clusters", sheets.clusters(plan)), ("Datastores", sheets.datastores(plan))):
        sheet = book[name]
        first = header_row(sheet) + 1
        assert [sheet.cell(row, 1).value for row in range(first, first + len(table.rows))] == [
            row[0] for row in table.rows
        ]
        assert all(str(row[0]) in terminal and str(row[0]) in markdown for row in table.rows)
    findings = book["Findings"]
    message = column(findings, "Message")
    rows = range(header_row(findings) + 1, findings.max_row + 1)
    assert [findings.cell(row, message).value for row in rows] == [item.message for item in plan.findings]
