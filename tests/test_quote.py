"""The quote: what it comes to, and a workbook whose formulas, recalculated by another engine, give just that."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import formualizer
import openpyxl
import pytest
from conftest import Ran, bad_input, examples, price_book, vm, workload
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from test_presentation import HOSTILE

import cloudplan as cp
from cloudplan.base import money
from cloudplan.base.language import language
from cloudplan.plan.plan import Plan
from cloudplan.presentation.bill_csv import COLUMNS, OF_PARTS, OF_PHASES, bill_csv
from cloudplan.presentation.table_csv import Dialect
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.workbook import write_annex, write_quote, write_workbook
from cloudplan.sales.quote import Quote, quote
from cloudplan.sales.terms import Terms, read_terms, with_dates

pytestmark = pytest.mark.usefixtures("solved_once")

EN, FR = language("en"), language("fr")
SHEETS = [
    *("Quote", "Bill of materials", "Lines", "Further lines", "Parameters", "Capacity", "Storage", "Backup and DR"),
    *("Assumptions", "Findings"),
]
TECHNICAL = ["Placement", "Orders", "Settings that were chosen", "Rules", "About"]
FOR_READING = ("Quote", "Bill of materials", "Parameters", "Backup and DR", "About")
TERMS = {
    "number": "Q-2026-7",
    "issued": "2026-11-26",
    "valid_until": "2026-12-26",
    "issuer": {"name": "Issuer SA", "registration": "123 456 789", "contact": {"email": "sales@example.com"}},
    "customer": {"name": "Customer SA"},
    "discount": "0.0375",
    "vat_rate": "0.2",
    "payment": "30 days",
    "mentions": ["=1+1"],
    "lines": [
        {"label": "@setup", "one_off": True, "quantity": 3, "unit": "day", "unit_price": "950.55"},
        {"label": "support", "unit_price": "199.99"},
        {"label": "more support", "kind": "optional", "unit_price": "999.99"},
    ],
}
DISCOUNTED = price_book(
    items={"csp:(region):iaas:vmware:eco:v3": "620.000001"},
    name="discounted",
    discounts=[{"match": "*", "percent": "12.345", "min_term_months": 12}],
    illustrative=False,
)


def planned(prices: dict[str, Any] | None = None, **fields: Any) -> Plan:
    """Return the plan of a small workload."""
    edition = cp.load_edition("2025-01-17")
    return cp.optimise(cp.read_workload(workload(**fields), edition), edition, cp.load_prices(prices))


@pytest.fixture(scope="module")
def dr_plan() -> Plan:
    """A plan with two sites, discounts, every sheet in use."""
    return planned(
        DISCOUNTED,
        name="=cmd|' /C calc'!A0",
        term_months=36,
        sites={"primary": "az05", "standby": "az07"},
        customer={"organization": "Customer SA", "lang": "fr"},
        policy={"snapshot_headroom": 0.2},
        vms=[
            vm(name="web", count=6, anti_affinity="web"),
            vm(name="db", vcpus=8, memory_gib=64, protection={"rpo": "15m"}, disks=[{"size_gib": 900, "iops": 2000}]),
            vm(name="app", count=3, protection={"mechanism": "vm-replication"}),
            vm(name="old", powered_on=False),
        ],
    )


@pytest.fixture(scope="module")
def made(dr_plan: Plan) -> Quote:
    return quote(dr_plan, read_terms(TERMS))


def opened(data: bytes) -> tuple[Workbook, Workbook]:
    """Return a workbook read twice: with its formulas, and with their cached values."""
    return openpyxl.load_workbook(io.BytesIO(data)), openpyxl.load_workbook(io.BytesIO(data), data_only=True)


def sheets(book: Workbook) -> list[Worksheet]:
    """Return the sheets that are shown."""
    return [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]


def cells(book: Workbook) -> Iterator[Cell]:
    for sheet in sheets(book):
        for row in sheet.iter_rows():
            yield from row


def exact(value: Any) -> Decimal:
    return Decimal(repr(value)).quantize(money.CENT, ROUND_HALF_UP)


def shown(data: bytes) -> dict[str, Decimal]:
    """Return net, tax and gross of the first page, a month, once and over the term, as they are cached."""
    page = opened(data)[1].worksheets[0]
    row = next(cell.row for cell in page["A"] if cell.value in ("Net, without tax", "Total HT"))
    names = [(name, line) for line, name in enumerate(("net", "vat", "gross"))]
    return {
        f"{name} {what}": exact(page.cell(row + line, column).value)
        for name, line in names
        for column, what in enumerate(("monthly", "once", "term"), start=3)
    }


# --- what it comes to --------------------------------------------------------------------------------------------


def test_each_line_is_rounded_then_summed_and_tax_comes_last(made: Quote) -> None:
    share = Decimal(1) - Decimal("0.0375")
    lines = [(line.quantity * line.unit_price * share).quantize(money.CENT, ROUND_HALF_UP) for line in made.plan.bom]
    assert [line.net for line in made.lines] == lines
    assert made.monthly == sum(lines) == sum(made.by_site().values()) == sum(made.by_family().values())
    assert made.monthly_net == made.monthly + Decimal("199.99")
    assert made.one_off_net == Decimal("2851.65")
    assert made.nets == (made.monthly_net, made.one_off_net, 36 * made.monthly_net + made.one_off_net)
    assert [line.listed - line.discounted for line in made.lines] == lines
    assert quote(made.plan).monthly_net == made.plan.monthly
    assert [line.label for line in made.offered] == ["more support"]


def test_a_plan_that_breaks_a_rule_is_not_quoted(dr_plan: Plan) -> None:
    shaved = dr_plan.model_copy(update={"clusters": dr_plan.clusters[:-1]})
    with bad_input() as faults:
        quote(shaved)
    assert faults


def test_terms_are_read_strictly() -> None:
    with bad_input() as faults:
        read_terms({"discount": "1.5", "vat_rates": "0.2", "lines": [{"label": "x"}], "issued": "26/11/2026"})
    text = "\n".join(map(str, faults))
    assert "discount: found '1.5'; allowed: a share >= 0 and <= 1" in text
    assert "unknown field 'vat_rates'; did you mean 'vat_rate'?" in text
    assert "required field 'unit_price' is missing" in text and "allowed: a date, YYYY-MM-DD" in text
    with bad_input() as faults:
        read_terms({"issued": "2026-02-01", "valid_until": "2026-01-01"})
    assert "allowed: the day of issue, 2026-02-01, or later" in str(faults[0])
    dated = with_dates(read_terms(TERMS), date(2026, 12, 1), None)
    assert (dated.issued, dated.valid_until) == (date(2026, 12, 1), date(2026, 12, 26))


# --- the workbook, recalculated ----------------------------------------------------------------------------------


def recalculated(path: Path) -> dict[str, Any]:
    """Return what an independent engine says of the cached values of a workbook."""
    command = [Path(sys.executable).parent / "formualizer", "recalc", path, "--check", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(run.stdout)
    return report


@pytest.mark.parametrize("audience", ["internal", "customer"])
@pytest.mark.parametrize("spoken", [EN, FR], ids=["en", "fr"])
def test_cached_values_are_those_of_another_engine(made: Quote, spoken: Any, audience: Any, tmp_path: Path) -> None:
    path = tmp_path / "quote.xlsx"
    path.write_bytes(write_quote(quote(made.plan, made.terms, audience), spoken))
    report = recalculated(path)
    assert report["status"] == "current" and report["cache_cells_changed"] == report["error_cells"] == 0
    assert report["formula_cells"] > 50
    figures = shown(path.read_bytes())
    assert figures["net monthly"] == made.monthly_net and figures["net once"] == made.one_off_net
    assert figures["net term"] == made.nets[2] and figures["gross term"] == made.grosses[2]


def evaluated(data: bytes, name: str, value: float, sheet: str, cell: str) -> Any:
    """Return the value of a cell after the cell of a name has changed."""
    book = opened(data)[0]
    where, address = next(book.defined_names[name].destinations)
    live = formualizer.Workbook.from_bytes(data)
    row, column = openpyxl.utils.cell.coordinate_to_tuple(address.replace("$", ""))
    live.set_value(where, row, column, value)
    return live.evaluate_cell(sheet, *openpyxl.utils.cell.coordinate_to_tuple(cell))


def test_a_changed_parameter_gives_what_the_library_gives(made: Quote) -> None:
    data = write_quote(made, EN)
    page = opened(data)[0]["Quote"]
    row = next(cell.row for cell in page["A"] if cell.value == "Net, without tax")
    other = quote(made.plan, made.terms.model_copy(update={"discount": Decimal("0.1")}))
    assert exact(evaluated(data, "cp_discount", 0.1, "Quote", f"C{row}")) == other.monthly_net
    term = 12 * made.monthly_net + made.one_off_net
    assert exact(evaluated(data, "cp_term_months", 12, "Quote", f"E{row}")) == term
    net = evaluated(data, "cp_discount", 0.1, "Price book", "F2")
    assert Decimal(repr(net)).quantize(Decimal("1e-9")) == other.lines[0].unit_net.quantize(Decimal("1e-9"))
    taxed = quote(made.plan, made.terms.model_copy(update={"vat_rate": Decimal("0.055")}))
    assert exact(evaluated(data, "cp_vat_rate", 0.055, "Quote", f"C{row + 1}")) == taxed.invoiced[0].taxes[0]
    check = next(
        cell.coordinate for cell in cells(opened(data)[0]) if str(cell.value).startswith("=IF(cp_term_months=36")
    )
    assert "is that of these parameters" in str(opened(data)[1]["Parameters"][check].value)
    assert "Stale" in str(evaluated(data, "cp_term_months", 12, "Parameters", check))


@examples(12)
@given(
    prices=st.lists(st.decimals(0, 5000, places=4), min_size=3, max_size=3),
    discount=st.decimals(0, 1, places=4),
    percent=st.decimals(0, 99, places=3),
)
def test_any_prices_and_discounts_recalculate_to_the_cent(
    prices: list[Decimal], discount: Decimal, percent: Decimal
) -> None:
    names = ("iaas:vmware:eco:v3", "iaas:storage:bloc:live:v1", "iaas:backup:vm:v1")
    items = {f"csp:(region):{name}": str(price) for name, price in zip(names, prices, strict=True)}
    rules = [{"match": "*", "percent": str(percent), "min_term_months": 1}]
    plan = planned(price_book(items=items, discounts=rules))
    made = quote(plan, Terms(discount=discount))
    data = write_quote(made, EN)
    live = formualizer.Workbook.from_bytes(data)
    column = next(cell.column for cell in opened(data)[0]["Lines"][1] if cell.value == "Monthly (EUR)")
    values = [exact(live.evaluate_cell("Lines", n, column)) for n in range(2, len(made.lines) + 2)]
    assert values == [line.net for line in made.lines]


NO_LIBREOFFICE = shutil.which("soffice") is None


@pytest.mark.skipif(
    NO_LIBREOFFICE and not os.environ.get("CLOUDPLAN_NO_SKIP"), reason="LibreOffice is not installed (soffice)"
)
def test_libreoffice_recalculates_the_same(made: Quote, tmp_path: Path) -> None:
    data = write_quote(made, FR)
    (tmp_path / "quote.xlsx").write_bytes(data)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "ods", "--outdir", tmp_path, tmp_path / "quote.xlsx"]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    again = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        tmp_path / "out",
    ]
    subprocess.run([*again, tmp_path / "quote.ods"], check=True, capture_output=True, timeout=240)
    assert shown((tmp_path / "out" / "quote.xlsx").read_bytes()) == shown(data)


def by_another_engine(data: bytes, changes: dict[str, float], folder: Path, engine: str) -> dict[tuple[str, str], Any]:
    """Return the value of every cell after the cells of these names have changed, reckoned by another program."""
    book = opened(data)[0]
    places = {name: next(book.defined_names[name].destinations) for name in changes}
    if engine == "formualizer":
        live = formualizer.Workbook.from_bytes(data)
        for name, value in changes.items():
            sheet, address = places[name]
            live.set_value(sheet, *openpyxl.utils.cell.coordinate_to_tuple(address.replace("$", "")), value)
        found = {(cell.parent.title, cell.coordinate): cell.value for cell in cells(book) if cell.value is not None}
        for cell in cells(book):
            if cell.data_type == "f":
                found[cell.parent.title, cell.coordinate] = live.evaluate_cell(cell.parent.title, cell.row, cell.column)
        found |= {(sheet, address.replace("$", "")): changes[name] for name, (sheet, address) in places.items()}
        return found
    for name, value in changes.items():
        sheet, address = places[name]
        book[sheet][address.replace("$", "")] = value
    book.save(folder / "changed.xlsx")  # without cached values
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    to = ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", folder / "out", folder / "changed.xlsx"]
    subprocess.run(["soffice", profile, "--headless", *to], check=True, capture_output=True, timeout=240)
    return values_of((folder / "out" / "changed.xlsx").read_bytes())


def values_of(data: bytes) -> dict[tuple[str, str], Any]:
    return {
        (cell.parent.title, cell.coordinate): cell.value for cell in cells(opened(data)[1]) if cell.value is not None
    }


def differing(one: dict[tuple[str, str], Any], other: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    """Return the cells that do not hold the same: numbers to nine significant digits, and not the fingerprint."""

    def same(a: Any, b: Any) -> bool:
        if str(a).startswith(("Fingerprint", "Empreinte")):
            return True
        numbers = isinstance(a, int | float) and isinstance(b, int | float)
        return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1) if numbers else (a or "") == (b or "")

    return {
        place: (one.get(place), other.get(place)) for place in one | other if not same(one.get(place), other.get(place))
    }


@pytest.mark.parametrize(
    "engine",
    [
        "formualizer",
        pytest.param(
            "libreoffice",
            marks=pytest.mark.skipif(
                NO_LIBREOFFICE and not os.environ.get("CLOUDPLAN_NO_SKIP"),
                reason="LibreOffice is not installed (soffice)",
            ),
        ),
    ],
)
def test_what_may_be_changed_changes_all_that_depends_on_it(made: Quote, tmp_path: Path, engine: str) -> None:
    changes = {"cp_discount": 0.1, "cp_vat_rate": 0.055}
    terms = made.terms.model_copy(update={"discount": Decimal("0.1"), "vat_rate": Decimal("0.055")})
    found = by_another_engine(write_quote(made, FR), changes, tmp_path, engine)
    assert differing(found, values_of(write_quote(quote(made.plan, terms), FR))) == {}


def test_a_changed_term_changes_all_of_the_first_page(tmp_path: Path) -> None:
    def data(months: int) -> bytes:
        return write_quote(quote(planned(DISCOUNTED, term_months=months), read_terms(TERMS), "customer"), EN)

    one_month = by_another_engine(data(36), {"cp_term_months": 12}, tmp_path, "formualizer")
    first = {place: pair for place, pair in differing(one_month, values_of(data(12))).items() if place[0] == "Quote"}
    assert [pair for pair in first.values() if "Quantities and prices are for a term of 36 months" not in pair[0]] == []
    assert len(first) == 1
    heads = [
        value
        for months in (1, 2)
        for (sheet, _), value in by_another_engine(
            data(36), {"cp_term_months": months}, tmp_path, "formualizer"
        ).items()
        if sheet == "Quote" and str(value).startswith("Over ")
    ]
    assert heads == ["Over 1 month", "Over 2 months"]


# --- what is in it -----------------------------------------------------------------------------------------------


def test_sheets_are_in_order(made: Quote) -> None:
    book, _ = opened(write_quote(made, EN))
    assert [sheet.title for sheet in sheets(book)] == [*SHEETS, "Price book", "Who pays for what", *TECHNICAL]
    customer = quote(made.plan, made.terms, "customer")
    assert [sheet.title for sheet in sheets(opened(write_quote(customer, EN))[0])] == SHEETS
    assert [sheet.title for sheet in sheets(opened(write_annex(customer, EN))[0])] == TECHNICAL
    first = book["Quote"]
    assert first.page_setup.orientation == "portrait"
    texts = {str(cell.value) for cell in cells(book) if cell.value}
    assert {"Quote Q-2026-7", "Issuer SA", "SIREN 123 456 789", "Issued on 2026-11-26"} <= texts
    assert any("Payment: 30 days." in str(cell.value) for cell in cells(book))
    french, _ = opened(write_quote(made, FR))
    texts = {str(cell.value) for cell in cells(french) if cell.value}
    assert {
        "Devis n° Q-2026-7",
        "Émis le 26/11/2026",
        "Total HT",
        '="TVA "&SUBSTITUTE(ROUND(cp_vat_rate*100,4),".",",")&"\u202f%"',
        "Total TTC",
        "Agreed by the customer",
    } - texts == {"Agreed by the customer"}
    for sheet in sheets(book):
        assert int(sheet.page_setup.paperSize) == 9 and sheet.sheet_properties.pageSetUpPr.fitToPage


WIDE_DIGIT, A4 = 0.636, {"portrait": 552, "landscape": 798}
"""A digit of DejaVu Sans, in ems: wider than those of Arial; the width in points of A4 less the margins."""


@pytest.mark.parametrize("spoken", [EN, FR], ids=["en", "fr"])
def test_sheets_of_data_are_excel_tables_and_all_can_be_read_in_print(made: Quote, spoken: Any) -> None:
    book, _ = opened(write_quote(made, spoken))
    names = {spoken.word(name).partition(" (")[0] for name in FOR_READING}
    seen = set()
    for sheet in sheets(book):
        width = sum(each.width * (each.max - each.min + 1) for each in sheet.column_dimensions.values())
        scale = min(1, A4[sheet.page_setup.orientation] / (width * WIDE_DIGIT * 10))
        sizes = {cell.font.sz for row in sheet.iter_rows() for cell in row if cell.value is not None}
        assert min(sizes) * scale >= 7.95, (sheet.title, scale)
        assert bool(sheet.tables) == (sheet.title not in names), sheet.title
        for table in sheet.tables.values():
            assert re.fullmatch(r"cp_[a-z_]+", table.name) and table.name not in seen
            seen.add(table.name)
            left, top, right, bottom = openpyxl.utils.cell.range_boundaries(table.ref)
            heads = [cell.value for cell in sheet[1]]
            assert (left, top, right) == (1, 1, len(heads)) and sheet.print_title_rows == "$1:$1"
            assert heads == [column.name for column in table.tableColumns]
            assert len({head.casefold() for head in heads}) == len(heads)
            assert all(any(cell.value is not None for cell in row) for row in sheet.iter_rows(2, bottom))
            assert not any(cell.value is not None for cell in sheet[bottom + 1])
            assert all(merged.min_row > bottom for merged in sheet.merged_cells.ranges)
    assert {"cp_lines", "cp_further_lines", "cp_capacity", "cp_placement", "cp_orders"} <= seen


def test_the_bill_to_read_has_the_sku_under_the_item_and_totals_by_site(made: Quote) -> None:
    sheet = opened(write_quote(made, EN))[1]["Bill of materials"]
    rows = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    items = [row[1] for row in rows if len(row) > 3 and isinstance(row[0], int)]
    assert items == [f"{line.line.label}\n{line.line.sku}" for line in made.lines]
    totals = [row[-1] for row in rows if row and row[0] in ("Total of the site", "Total a month")]
    assert list(map(exact, totals)) == [*made.by_site().values(), made.monthly]


@pytest.mark.parametrize("text", ['"' * 700, "clause " * 2000])
def test_no_text_makes_a_formula_that_excel_refuses(made: Quote, text: str) -> None:
    terms = {**TERMS, "conditions": {"delivery": text, "start": "2027-01-01"}}
    data = write_quote(quote(made.plan, read_terms(terms), "customer"), EN)
    formulas = [cell.value for cell in cells(opened(data)[0]) if cell.data_type == "f"]
    assert formulas and all(len(formula) <= 8192 for formula in formulas)
    assert all(len(part) <= 255 for formula in formulas for part in re.findall(r'"((?:[^"]|"")*)"', formula))
    assert any(text.strip() in str(cell.value) for cell in cells(opened(data)[1]))


def test_long_texts_are_whole(made: Quote) -> None:
    """Every row of the first page is as high as its texts ask for, and none is over another."""
    name, address = (
        "Compagnie générale des assurances mutuelles du Sud-Ouest " * 4,
        "128 boulevard, Bâtiment C, 4e étage, " * 9,
    )
    party = {"name": name, "address": address}
    terms = {**TERMS, "issuer": party, "customer": party, "mentions": [address * 3], "payment": address}
    data = write_quote(quote(made.plan, read_terms(terms), "customer"), EN)
    sheet = opened(data)[0]["Quote"]
    widths = [sheet.column_dimensions[letter].width for letter in "ABCDE"]
    spans = {merged.start_cell.coordinate: merged.max_col for merged in sheet.merged_cells.ranges}
    long = [
        cell for row in sheet.iter_rows() for cell in row if len(str(cell.value or "")) > 100 and cell.data_type == "s"
    ]
    assert len(long) >= 6
    for cell in long:
        room = sum(widths[cell.column - 1 : spans.get(cell.coordinate, cell.column)])
        assert sheet.row_dimensions[cell.row].height >= 11.6 * len(str(cell.value)) * 0.9 / room


def test_only_parameters_may_be_changed(made: Quote) -> None:
    book, _ = opened(write_quote(made, EN))
    sheet = book["Parameters"]
    assert all(each.protection.sheet for each in book)
    assert not any(each.protection.autoFilter for each in sheets(book))
    assert not [
        cell
        for each in book
        if each is not sheet
        for row in each.iter_rows()
        for cell in row
        if not cell.protection.locked
    ]
    names = {name: next(each.destinations) for name, each in book.defined_names.items()}
    assert set(names) == {"cp_discount", "cp_term_months", "cp_vat_rate"}
    assert {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked} == {
        address.replace("$", "") for _, address in names.values()
    }
    assert len(sheet.data_validations.dataValidation) == 3
    for name in ("Parameters", "Quote"):
        rules = [rule.formula[0] for each in book[name].conditional_formatting for rule in each.rules]
        assert rules == ["cp_term_months<>36"], name


def test_capacity_storage_and_placement_say_what_the_plan_says(made: Quote) -> None:
    plan = made.plan
    capacity = tables.clusters(made)
    assert [row[0] for row in capacity.rows] == [cluster.name for cluster in plan.clusters]
    assert all(
        share is None or 0 < share <= 1 for name in ("Of physical", "Cores filled") for share in capacity.values(name)
    )
    assert all(share <= 1 for share in capacity.values("Cores after failure"))
    storage = tables.datastores(made)
    assert all(share >= Decimal("0.2") for share in storage.values("Free share"))
    placed = tables.placement(made)
    names = [name for group in made.case.workload.vms for name in group.names]
    assert sorted(set(placed.values("VM"))) == sorted(names)
    assert len(placed.rows) == len(names) + 4  # the protected ones stand twice
    assert sum(host is not None for host in placed.values("Host")) == len(placed.rows) - 1


def test_the_ledger_goes_to_the_quote(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name,vcpus,memory_gib,disk_gib,template\na,2,8,60,\nt,2,8,60,true\n")
    imported = cp.import_inventory([path])
    edition = cp.load_edition()
    plan = cp.optimise(imported.workload, edition, cp.load_prices())
    book, _ = opened(write_workbook(plan, lang="fr"))
    assert "Registre d’import" in book.sheetnames
    assert "modèle" in {cell.value for cell in cells(book)}


def test_the_customer_workbook_has_no_discount_and_no_list_price(dr_plan: Plan) -> None:
    made = quote(dr_plan, read_terms({**TERMS, "discount": "0.0613"}), "customer")
    for spoken in (EN, FR):
        data = write_quote(made, spoken)
        archive = zipfile.ZipFile(io.BytesIO(data))
        whole = b"\n".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "ignore")
        prices = {line.list_price for line in dr_plan.bom} | {line.unit_price for line in dr_plan.bom}
        known = {item.net for item in made.lines} | {item.unit_net for item in made.lines}
        secret = {f"{price:f}".rstrip("0").rstrip(".") for price in prices - known if price >= 100}
        assert secret and not [price for price in secret if re.search(rf"[>(*]{re.escape(price)}[<)*]", whole)]
        for word in ("0.0613", "6.13", "12.345", "0.12345", "cp_discount", "List price", "Prix catalogue", "Remise"):
            assert word not in whole, word
        assert str(dr_plan.lower_bound) not in whole and str(dr_plan.monthly) not in whole
    internal = zipfile.ZipFile(io.BytesIO(write_quote(quote(dr_plan, read_terms({**TERMS, "discount": "0.0613"})), EN)))
    assert b"0.0613" in b"".join(internal.read(name) for name in internal.namelist())


def test_hostile_names_stay_text(edition: cp.Edition) -> None:
    vms = [vm(name=name, pool="=1+1\x08", disks=[{"size_gib": 20, "backup": False}]) for name in HOSTILE]
    plan = cp.optimise(cp.read_workload(workload(name="=1+2", vms=vms), edition), edition, cp.load_prices())
    data = write_workbook(plan, read_terms(TERMS))
    formulas, values = opened(data)
    texts = [cell.value for cell in cells(formulas) if cell.data_type == "s"]
    for name in ('=HYPERLINK("x")', "@SUM(A1)", "+1+1", "http://example.com", "]:*?/\\", "=1+2", "@setup", "=1+1"):
        assert name in texts
    assert "bell escape[31m" in texts and "x" * 32_767 in texts
    assert not any(cell.hyperlink for cell in cells(formulas))
    for cell in cells(formulas):
        if cell.data_type == "f":
            assert re.fullmatch(r"=(ROUND|SUM|SUMIFS|IF|cp_|$|\(?\$?[A-Z]|'|0)[^\"]*", cell.value.split('"')[0]), (
                cell.value
            )
            assert values[cell.parent.title][cell.coordinate].value is not None
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert b"<hyperlink" not in b"".join(archive.read(name) for name in archive.namelist())
    assert b"_x005F_x0041_" in archive.read("xl/sharedStrings.xml")


@examples(12)
@given(st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and text.isprintable()))
def test_any_name_gives_a_workbook_that_opens(name: str) -> None:
    data = write_workbook(planned(vms=[vm(name=name)]), read_terms({"number": name, "issuer": {"name": name}}))
    book, _ = opened(data)
    assert not [cell for cell in cells(book) if cell.data_type == "f" and name in str(cell.value) and len(name) > 6]


def test_the_same_input_gives_the_same_bytes(made: Quote) -> None:
    data = write_quote(made, FR)
    again = quote(Plan.model_validate_json(made.plan.to_json()), read_terms(TERMS))
    assert data == write_quote(again, FR)
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    core = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core)) == {"2026-11-26T00:00:00Z"}
    assert made.plan.workload.sha256 in core and "<dc:creator>Issuer SA</dc:creator>" in core


def test_illustrative_prices_are_marked_on_top_and_on_every_page(made: Quote) -> None:
    book, _ = opened(write_workbook(planned()))
    for name in ("Quote", "Bill of materials"):
        assert "ILLUSTRATIVE PRICES" in book[name]["A1"].value and book[name]["A1"].fill.fill_type == "solid"
    assert all("ILLUSTRATIVE PRICES" in sheet.oddFooter.left.text for sheet in sheets(book))
    plain = zipfile.ZipFile(io.BytesIO(write_quote(made, EN)))
    assert not [name for name in plain.namelist() if b"ILLUSTRATIVE" in plain.read(name)]


# --- CSV ---------------------------------------------------------------------------------------------------------


CSV_COLUMNS = [name for name in COLUMNS if name not in (*OF_PHASES, *OF_PARTS)]
"""The columns of the quote of a plan that starts from nothing."""


def test_the_bill_as_csv_in_both_dialects(made: Quote) -> None:
    data = bill_csv(made, EN, Dialect.rfc4180)
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"))))
    assert rows[0] == CSV_COLUMNS and len(rows) == len(made.lines) + len(made.terms.lines) + 1
    listed = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    for billed, total in (("month", made.monthly_net), ("once", made.one_off_net)):
        some = [row for row in listed if row["kind"] in ("plan", "included") and row["billed"] == billed]
        assert sum(Decimal(row["amount"]) for row in some) == total
    same = {(row["quote"], row["plan_sha256"], row["currency"], row["vat_rate"]) for row in listed}
    assert same == {("Q-2026-7", hashlib.sha256(made.plan.to_json().encode()).hexdigest(), "EUR", "0.2")}
    assert not [
        text for row in rows[1:] for text in row if re.fullmatch(r"\d+\.\d{2,}0", text) and len(text.split(".")[1]) > 2
    ]
    french = bill_csv(quote(made.plan, made.terms, "customer"), FR, Dialect.excel_fr)
    assert french.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(french.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == [name for name in CSV_COLUMNS if not re.search("list|discount", name)]
    amounts = [row[rows[0].index("amount")] for row in rows[1:] if row[rows[0].index("kind")] == "plan"]
    assert sum(Decimal(text.replace(",", ".")) for text in amounts) == made.monthly


def test_csv_never_starts_a_cell_with_a_formula(edition: cp.Edition) -> None:
    plan = planned()
    lines = tuple(line.model_copy(update={"label": f"{sign}1+1"}) for sign in "=+-@\t＝" for line in plan.bom[:1])
    made = quote(plan)
    hostile = Quote(plan.model_copy(update={"bom": lines}), made.terms, made.case)
    rows = list(csv.reader(io.StringIO(bill_csv(hostile, EN, Dialect.rfc4180).decode())))
    labels = [row[rows[0].index("item")] for row in rows[1:]]
    assert all(label.startswith("'") for label in labels)


# --- the command -------------------------------------------------------------------------------------------------


def test_quote_from_the_plan_alone(dr_plan: Plan, tmp_path: Path, run: Callable[..., Ran]) -> None:
    plan, output, table = tmp_path / "plan.json", tmp_path / "quote.xlsx", tmp_path / "bill.csv"
    plan.write_text(dr_plan.to_json())
    terms = tmp_path / "terms.yaml"
    terms.write_text(json.dumps(TERMS))
    ran = run("quote", plan, "--terms", terms, "-o", output, "-o", table, "--valid-until", "2027-01-31")
    assert (ran.status, ran.out, ran.err) == (0, "", f"Written: {output}\nWritten: {table}\n")
    texts = {cell.value for cell in cells(opened(output.read_bytes())[0])}
    assert "Valable jusqu’au 31/01/2027" in texts and "Prix catalogue (EUR)" not in texts
    assert run("quote", plan, "-o", output).status == 2
    ran = run("quote", plan, "-o", output, "--force", "--lang", "en", "--audience", "internal")
    assert ran.status == 0 and "List price (EUR)" in {c.value for c in cells(opened(output.read_bytes())[0])}
    annex = tmp_path / "annex.xlsx"
    ran = run("quote", plan, "--annex", annex, "--lang", "en")
    assert ran.status == 0 and [sheet.title for sheet in sheets(opened(annex.read_bytes())[0])] == TECHNICAL
    assert run("verify", annex).status == 0
    assert "found 'annex.csv'; allowed: a name that ends in .xlsx" in run("quote", plan, "--annex", "annex.csv").err
    assert run("quote", plan).status == 2
    broken = json.loads(plan.read_text())
    broken["bom"][0]["quantity"] += 1
    plan.write_text(json.dumps(broken))
    terms.write_text("discount: 2")
    ran = run("quote", plan, "--terms", terms, "-o", tmp_path / "new.xlsx")
    assert ran.status == 2 and not (tmp_path / "new.xlsx").exists()
