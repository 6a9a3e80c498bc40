"""A price book in Excel: read as its YAML would be, every refusal with its cell, written and read back without loss."""

import datetime
import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest
import xlsxwriter
from conftest import EDITION, REPOSITORY, bad_input, examples, price_book
from hypothesis import given
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.base import yamlfile
from cloudplan.presentation.price_template import as_workbook, as_yaml
from cloudplan.prices import excel
from cloudplan.prices.book import book_of

ECO = "csp:(region):iaas:vmware:eco:v3"
ECO_FR1 = "csp:fr1:iaas:vmware:eco:v3"
LIVE = "csp:(region):iaas:storage:bloc:live:v1"
SCHEMA = "cloudplan/prices/v1"
HEADER = (("Field", "Value"), ("Schema", SCHEMA), ("Name", "book"), ("Currency", "EUR"))
PRICES = (("SKU", "Price a month"), (ECO, 620))
DISCOUNTS = (("Match", "Percent", "Minimum term (months)"),)
DATE_FORMAT = {"num_format": "yyyy-mm-dd"}


class Shown(NamedTuple):
    """A number in a format."""

    value: float
    form: str


class Formula(NamedTuple):
    """A formula with its stored value; an empty one is none."""

    text: str
    value: Any = ""


def workbook(folder: Path, name: str = "prices.xlsx", **sheets: Any) -> Path:
    """Write a workbook of the three sheets of a price book, each given as rows of cells."""
    path = folder / name
    given = {"Price book": HEADER, "Prices": PRICES, "Discounts": DISCOUNTS}
    given |= {key.replace("_", " "): rows for key, rows in sheets.items()}
    with xlsxwriter.Workbook(path) as book:
        for title, rows in given.items():
            if rows is not None:
                sheet = book.add_worksheet(title)
                for at, row in enumerate(rows):
                    for column, value in enumerate(row):
                        put(book, sheet, at, column, value)
    return path


def put(book: Any, sheet: Any, row: int, column: int, value: Any) -> None:
    """Write a value as what it is."""
    if isinstance(value, Formula):
        sheet.write_formula(row, column, value.text, None, value.value)
    elif isinstance(value, Shown):
        sheet.write_number(row, column, value.value, book.add_format({"num_format": value.form}))
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, datetime.date):
        sheet.write_datetime(row, column, value, book.add_format(DATE_FORMAT))
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value is not None:
        sheet.write_string(row, column, value)


def header(**fields: Any) -> tuple[tuple[Any, ...], ...]:
    """Return the rows of the header; `fields` are added or replaced."""
    rows = {"Schema": SCHEMA, "Name": "book", "Currency": "EUR"}
    rows |= {key.replace("_", " ").capitalize(): value for key, value in fields.items()}
    return (("Field", "Value"), *rows.items())


def faults_of(path: Path) -> list[str]:
    """Return the faults of a book that is refused, without the folder."""
    with bad_input() as faults:
        cp.load_prices(path)
    return [str(fault).removeprefix(f"{path.parent}/") for fault in faults]


# --- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "price"),
    [
        (620, "620.00"),
        (0.085, "0.085"),
        (0.00001, "0.00001"),
        (0, "0.00"),
        (1234567.891234, "1234567.891234"),
        ("620.00", "620.00"),
        ("0.120", "0.12"),
        (Shown(0.085, "0.00 €"), "0.085"),
        (Shown(12.5, '0.00"%"'), "12.50"),
        (Formula("=0.06*2", 0.12), "0.12"),
        (Formula('="1.5"', "1.5"), "1.50"),
    ],
)
def test_a_price_is_the_exact_decimal_of_its_cell(value: Any, price: str, tmp_path: Path) -> None:
    book = cp.load_prices(workbook(tmp_path, Prices=[("SKU", "Price a month"), (ECO, value)]))
    assert {sku: str(read) for sku, read in book.items.items()} == {ECO: price}


@pytest.mark.parametrize(
    ("value", "found", "meant"),
    [
        ("1 234,56", "'1 234,56'", "1234.56"),
        ("1\u00a0234", "'1\\xa0234'", "1234"),
        ("640,00", "'640,00'", "640.00"),
        ("1,234", "'1,234'", ""),
        ("1e3", "'1e3'", ""),
        ("1_000", "'1_000'", "1000"),
        ("12.50 EUR", "'12.50 EUR'", "12.50"),
        (" 620 ", "' 620 '", "620"),
        ("-", "'-'", ""),
        (-1, "'-1'", ""),
        (1e15, "'1000000000000000'", ""),
        (True, "'true'", ""),
        (Shown(0.125, "0.00%"), "'12.500 %'", ""),
        (datetime.date(2026, 1, 2), "'2026-01-02'", ""),
    ],
)
def test_any_other_price_is_refused_with_its_cell(value: Any, found: str, meant: str, tmp_path: Path) -> None:
    path = workbook(tmp_path, Prices=[(), ("Item", "SKU", "Price a month"), ("eco", ECO, value), ("", LIVE, 1)])
    allowed = "allowed: a decimal number >= 0, at most 6 places"
    hint = f"; did you mean {meant!r}?" if meant else ""
    assert faults_of(path) == [f"prices.xlsx:Prices!C3: items.{ECO}: found {found}; {allowed}{hint}"]


def stored(folder: Path, digits: str) -> Path:
    """Write a workbook whose price is stored with these digits, as Excel does with 17 of them."""
    return replaced(workbook(folder), "<v>620</v>", f"<v>{digits}</v>")


def replaced(path: Path, old: str, new: str) -> Path:
    """Replace a text in the parts of a workbook."""
    parts = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    assert any(old.encode() in parts.read(name) for name in parts.namelist())
    with zipfile.ZipFile(path, "w") as archive:
        for name in parts.namelist():
            archive.writestr(name, parts.read(name).replace(old.encode(), new.encode()))
    return path


def test_a_number_that_excel_stores_with_all_its_digits_is_the_one_that_was_typed(tmp_path: Path) -> None:
    assert str(cp.load_prices(stored(tmp_path, "8.5000000000000006E-2")).items[ECO]) == "0.085"


def test_a_number_that_is_not_quite_what_is_shown_is_refused(tmp_path: Path) -> None:
    [fault] = faults_of(stored(tmp_path, "0.30000000000000004"))
    assert fault.startswith(f"prices.xlsx:Prices!B2: items.{ECO}: found '0.30000000000000004'; allowed: a decimal")


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?"])
def test_a_cell_that_shows_an_error_is_refused(error: str, tmp_path: Path) -> None:
    path = workbook(tmp_path, Prices=[("SKU", "Price a month"), (ECO, Formula("=1/0", error))])
    assert faults_of(path) == [f"prices.xlsx:Prices!B2: the cell shows the error {error}"]


def test_a_formula_without_a_stored_value_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, Prices=[("SKU", "Price a month"), (ECO, Formula("=1+1"))])
    message = "a formula without a stored value; open and save the workbook in a spreadsheet program"
    assert faults_of(path) == [f"prices.xlsx:Prices!B2: {message}"]


def test_a_cell_that_is_not_read_may_show_an_error(tmp_path: Path) -> None:
    rows = [("SKU", "Price a month", "Margin"), (ECO, 620, Formula("=1/0", "#DIV/0!")), (None, None, Formula("=1"))]
    assert len(cp.load_prices(workbook(tmp_path, Prices=rows)).items) == 1


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_row_without_a_price_is_not_priced(empty: Any, tmp_path: Path) -> None:
    rows = [("SKU", "Price a month"), (ECO, empty), ("Storage", empty), (), (LIVE, 1), ("Storage", empty)]
    assert [*cp.load_prices(workbook(tmp_path, Prices=rows)).items] == [LIVE]


def test_a_book_without_any_price_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, Prices=[("SKU", "Price a month"), (ECO, None)])
    assert faults_of(path) == ["prices.xlsx:Prices!B1: items: found nothing; allowed: at least one SKU with a price"]


def test_a_price_without_a_sku_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, Prices=[*PRICES, (None, 5), ("  ", 6)])
    message = "a price without a SKU in column 'SKU'"
    assert faults_of(path) == [f"prices.xlsx:Prices!B{row}: {message}" for row in (3, 4)]


@pytest.mark.parametrize(("first", "second"), [(1, 2), (1, 1), (1, None), (None, 1)])
def test_a_sku_given_twice_is_refused_with_both_cells(first: Any, second: Any, tmp_path: Path) -> None:
    path = workbook(tmp_path, Prices=[("SKU", "Price a month"), (LIVE, 1), (ECO, first), (ECO, second)])
    assert faults_of(path) == [f"prices.xlsx:Prices!A4: SKU given twice: {ECO!r} (first in Prices!A3)"]


def test_an_unknown_sku_is_refused_with_its_cell(tmp_path: Path) -> None:
    path = workbook(tmp_path, Prices=[*PRICES, ("csp:(region):iaas:vmware:ecco:v3", 1)])
    [fault] = faults_of(path)
    assert fault.startswith("prices.xlsx:Prices!A3: ")
    assert f"did you mean {ECO!r}?" in fault


# --- the header ------------------------------------------------------------------------------------------------------


def test_the_header_is_read_in_any_order_and_case(tmp_path: Path) -> None:
    rows = [
        *(("Prices of ACME",), (), ("note", "VALUE", " field ")),
        *((1, datetime.date(2026, 1, 1), "Valid from"), (None, "2026-12-31", "valid_until")),
        *((None, True, "illustrative"), (None, "EUR", "CURRENCY"), (None, "007", "name"), (None, SCHEMA, "schema")),
        *((None, None, "How to use it"), (None, "2025-01-17", "Edition")),
    ]
    book = cp.load_prices(workbook(tmp_path, Price_book=rows))
    assert (book.name, book.currency, book.illustrative) == ("007", "EUR", True)
    assert (book.valid_from, book.valid_until) == (datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))


@pytest.mark.parametrize("flag", [True, "true", Formula("=TRUE()", True)])
def test_a_flag_is_a_boolean_or_its_text(flag: Any, tmp_path: Path) -> None:
    assert cp.load_prices(workbook(tmp_path, Price_book=header(illustrative=flag))).illustrative


@pytest.mark.parametrize(("name", "text"), [(2026, "2026"), ("=1+1", "=1+1"), ("\N{ROCKET} été", "\N{ROCKET} été")])
def test_a_name_is_the_text_of_its_cell(name: Any, text: str, tmp_path: Path) -> None:
    assert cp.load_prices(workbook(tmp_path, Price_book=header(name=name))).name == text


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"currency": "euro"}, "B4: currency: found 'euro'"),
        ({"illustrative": "yes"}, "B5: illustrative: found 'yes'; allowed: true or false"),
        ({"illustrative": 1}, "B5: illustrative: found '1'"),
        ({"valid_from": datetime.datetime(2026, 1, 1, 12)}, "B5: valid_from: found '2026-01-01 12:00:00'"),
        ({"valid_from": 46023}, "B5: valid_from: found '46023'; allowed: a date, YYYY-MM-DD"),
        ({"valid_from": "01/02/2026"}, "B5: valid_from: found '01/02/2026'"),
        ({"valid_until": "2026-02-30"}, "B5: valid_until: found '2026-02-30'"),
        (
            {"valid_from": datetime.date(2026, 1, 2), "valid_until": datetime.date(2026, 1, 1)},
            "B6: valid_until: found a date before valid_from",
        ),
        ({"schema": "cloudplan/prices/v2"}, "B2: schema: found 'cloudplan/prices/v2'"),
        ({"name": None}, "B3: name: found nothing"),
        ({"curency": "EUR"}, "A5: unknown field 'Curency'; did you mean 'Currency'?"),
        ({"": "EUR"}, "B5: a value without a name in column 'Field'"),
        ({"valid from ": "2026-01-01", "valid_from": "2026-01-02"}, "A6: field given twice: 'Valid from'"),
        ({"name": Formula("=A1")}, "B3: a formula without a stored value"),
    ],
)
def test_a_wrong_field_is_refused_with_its_cell(fields: dict[str, Any], fault: str, tmp_path: Path) -> None:
    [found] = faults_of(workbook(tmp_path, Price_book=header(**fields)))
    assert found.startswith(f"prices.xlsx:Price book!{fault}")


def test_a_field_that_is_missing_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, Price_book=HEADER[:3])
    assert faults_of(path) == ["prices.xlsx:Price book!B1: currency: required field 'currency' is missing"]


# --- discounts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "read"),
    [(12.5, "12.5"), ("12.5", "12.5"), (Shown(0.125, "0.00%"), "12.5"), (Shown(0.07, "0%"), "7"), (8, "8")],
)
def test_a_percentage_counts_as_it_is_shown(percent: Any, read: str, tmp_path: Path) -> None:
    book = cp.load_prices(workbook(tmp_path, Discounts=[*DISCOUNTS, ("*", percent, 36), (), ("csp:*", 1)]))
    found = [(item.match, str(item.percent), item.min_term_months) for item in book.discounts]
    assert found == [("*", read, 36), ("csp:*", "1", 1)]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("*", None, 36), "A3: discounts[0].percent: required field 'percent' is missing"),
        ((None, 5, 36), "B3: discounts[0].match: required field 'match' is missing"),
        (("*", 101), "B3: discounts[0].percent: found '101'"),
        (("*", "5 %", 1.5), "C3: discounts[0].min_term_months: found '1.5'"),
        (("*", "x"), "B3: discounts[0].percent: found 'x'"),
        (("*", Formula("=1/0", "#N/A")), "B3: the cell shows the error #N/A"),
    ],
)
def test_a_wrong_discount_is_refused_with_its_cell(row: tuple[Any, ...], fault: str, tmp_path: Path) -> None:
    [found] = faults_of(workbook(tmp_path, Discounts=[*DISCOUNTS, (), row]))
    assert found.startswith(f"prices.xlsx:Discounts!{fault}")


# --- the workbook ----------------------------------------------------------------------------------------------------


def test_columns_are_found_by_their_headers(tmp_path: Path) -> None:
    rows = [("Our prices",), (), ("price  A MONTH", "Comment", "sku", "Price"), (0.085, "cheap", LIVE, 99)]
    path = workbook(tmp_path, Prices=rows, Notes=[("SKU", "Price a month"), ("x", "y")])
    assert cp.load_prices(path).items == {LIVE: Decimal("0.085")}


@pytest.mark.parametrize(
    ("sheets", "faults"),
    [
        ({"Prices": None}, ["prices.xlsx: the workbook has no sheet 'Prices'"]),
        (
            {"Prices": None, "Discounts": None},
            [f"prices.xlsx: the workbook has no sheet {name!r}" for name in ("Prices", "Discounts")],
        ),
        ({"Prices": [("SKU", "Price"), (ECO, 1)]}, ["prices.xlsx:Prices: no column 'Price a month'"]),
        ({"Prices": []}, ["prices.xlsx:Prices: no column 'SKU'"]),
        (
            {"Discounts": [("Match",)]},
            [f"prices.xlsx:Discounts: no column {name!r}" for name in ("Percent", "Minimum term (months)")],
        ),
        ({"Price_book": [("a", "b")]}, ["prices.xlsx:Price book: no column 'Field'"]),
        (
            {"Prices": [("SKU", "Price a month", "price a month"), (ECO, 1, 2)]},
            ["prices.xlsx:Prices: column given twice: 'Price a month' (Prices!B1 and Prices!C1)"],
        ),
    ],
)
def test_a_sheet_or_a_column_that_is_missing_is_one_fault(
    sheets: dict[str, Any], faults: list[str], tmp_path: Path
) -> None:
    assert faults_of(workbook(tmp_path, **sheets)) == faults


def test_all_cells_that_mean_nothing_are_told_at_once(tmp_path: Path) -> None:
    discounts = [*DISCOUNTS, ("*", Formula("=1"))]
    path = workbook(tmp_path, Price_book=header(x=1), Prices=[*PRICES, (None, 1)], Discounts=discounts)
    cells = ["prices.xlsx:Price book!A5", "prices.xlsx:Prices!B3", "prices.xlsx:Discounts!B2"]
    assert [fault.split(": ")[0] for fault in faults_of(path)] == cells


OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("prices.xls", OLD, ".xls files are not read; save it as an Excel workbook (.xlsx)"),
        ("prices.ODS", b"PK", ".ODS files are not read"),
        ("prices.xlsx", OLD, "a workbook of Excel 97-2003; save it as an Excel workbook (.xlsx)"),
        (
            *("prices.xlsx", OLD + "EncryptedPackage".encode("utf-16-le")),
            "protected by a password; save it without one",
        ),
        ("prices.xlsx", b"", "damaged, or not an Excel workbook"),
        ("prices.xlsx", b"schema: cloudplan/prices/v1\n", "damaged, or not an Excel workbook"),
        ("prices.XLSX", b"PK\x03\x04 and no more", "damaged, or not an Excel workbook"),
    ],
)
def test_a_file_that_is_no_workbook_is_one_fault(name: str, data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    [fault] = faults_of(path)
    assert fault.startswith(f"{name}: {words}")


def test_a_workbook_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "prices.xlsx") == ["prices.xlsx: no such file"]


def test_a_workbook_that_unpacks_to_a_giant_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(201_000_000))
    [fault] = faults_of(path)
    assert fault == "prices.xlsx: too large: more than 200 MB unpacked"


def test_merged_hidden_and_filtered_cells_are_read_like_others(tmp_path: Path) -> None:
    path = workbook(tmp_path, Prices=[*PRICES, (LIVE, 0.085)])
    book = openpyxl.load_workbook(path)
    sheet = book["Prices"]
    sheet.merge_cells("D1:F3")
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["A"].hidden = True
    sheet.sheet_state = "hidden"
    sheet["A20000"] = "far below"
    book.save(path)
    assert [*cp.load_prices(path).items] == [ECO, LIVE]


def test_a_row_that_no_sheet_can_have_is_not_waited_for(tmp_path: Path) -> None:
    path = workbook(tmp_path, Prices=[*PRICES, (LIVE, 1), (), ("far", "below")])
    far = replaced(replaced(path, '<row r="5"', '<row r="99999999999"'), 'r="B5"', 'r="B99999999999"')
    assert [*cp.load_prices(far).items] == [ECO, LIVE]


def test_a_damaged_part_is_one_fault(example_prices: cp.PriceBook, edition: cp.Edition) -> None:
    data = as_workbook(edition, example_prices)
    parts = zipfile.ZipFile(io.BytesIO(data))
    for part in ("xl/worksheets/sheet2.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "[Content_Types].xml"):
        for content in (b"", b"<a>", parts.read(part)[:-40], parts.read(part).replace(b"<", b"<<", 3)):
            damaged = io.BytesIO()
            with zipfile.ZipFile(damaged, "w") as archive:
                for name in parts.namelist():
                    archive.writestr(name, content if name == part else parts.read(name))
            with bad_input() as faults:
                excel.parse(damaged.getvalue(), "prices.xlsx")
            assert len(faults) == 1, part
            assert faults[0].message.startswith("damaged, or not an Excel workbook"), part


@examples(40)
@given(data=st.data())
def test_any_change_of_any_byte_gives_a_book_or_faults(data: st.DataObject) -> None:
    parts = zipfile.ZipFile(io.BytesIO(FILLED))
    name = data.draw(st.sampled_from([name for name in parts.namelist() if "sheet" in name or "Strings" in name]))
    content = bytearray(parts.read(name))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(0, 30))] = data.draw(
        st.sampled_from([b"", b'"', b"1e999", b' t="e"', b' t="b"', b' t="d"', b's="999"', b"<f>1</f>", b"99999999999"])
    )
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as archive:
        for part in parts.namelist():
            archive.writestr(part, bytes(content) if part == name else parts.read(part))
    try:
        book_of(excel.parse(changed.getvalue(), "prices.xlsx"))
    except cp.BadInputError as error:
        assert all(fault.where.startswith("prices.xlsx") or not fault.where for fault in error.faults)


FILLED = as_workbook(cp.load_edition(EDITION), cp.load_prices())


# --- written and read back -------------------------------------------------------------------------------------------

ODD = ["=1+1", "007", "\N{ROCKET}", "_x0041_", "#N/A", "true", "1e3", "-", "~"]
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).filter(str.strip)
AMOUNTS = st.decimals(min_value=0, max_value=10**12 - 1, places=6).map(str) | st.integers(0, 9999).map(str)
SKUS = [ECO, ECO_FR1, LIVE, "csp:tenant:v1", "csp:mandant:v1", "csp:fr1:iaas:vmware:eco:v2"]
DISCOUNT = st.fixed_dictionaries(
    {
        "match": st.sampled_from(["*", "=csp:*", "é\t*", ECO]),
        "percent": st.decimals(0, 100, places=12).map(lambda share: f"{share:f}"),
    },
    optional={"min_term_months": st.integers(1, 1200)},
)
BOOKS = st.fixed_dictionaries(
    {
        "schema": st.just(SCHEMA),
        "name": NAMES.filter(lambda name: "x005F_" not in name) | st.sampled_from(ODD),
        "currency": st.sampled_from(["EUR", "USD", "CHF"]),
        "illustrative": st.booleans(),
        "items": st.dictionaries(st.sampled_from(SKUS), AMOUNTS, min_size=1),
        "discounts": st.lists(DISCOUNT, max_size=3),
    },
    optional={"valid_from": st.dates().map(str)},
)


@examples(15)
@given(fields=BOOKS)
def test_a_book_survives_both_forms(fields: dict[str, Any]) -> None:
    edition, book = cp.load_edition(EDITION), cp.load_prices(fields)
    workbook_, text = as_workbook(edition, book), as_yaml(edition, book)
    for document in (excel.parse(workbook_, "prices.xlsx"), yamlfile.parse(text, "prices.yaml")):
        again = book_of(document)
        assert again == book
        assert again.sha256 == book.sha256


@pytest.mark.parametrize("price", ["999999999999.999999", "123456789012.123456", "0.000001"])
def test_a_price_that_a_number_cannot_hold_is_written_as_text(price: str, edition: cp.Edition) -> None:
    book = cp.load_prices(price_book(items={ECO: price}))
    data = as_workbook(edition, book)
    sheet = openpyxl.load_workbook(io.BytesIO(data))["Prices"]
    kinds = {row[1].value: row[5].data_type for row in sheet.iter_rows(min_row=5)}
    assert kinds[ECO] == ("s" if len(price) > 16 else "n")
    assert book_of(excel.parse(data, "")).items[ECO] == Decimal(price)


@pytest.mark.parametrize("name", ["a\x0bb", "x005F_", "x" * 40_000])
def test_a_name_that_a_workbook_would_change_is_refused(name: str, edition: cp.Edition) -> None:
    book = cp.load_prices(price_book(name=name))
    with bad_input() as faults:
        as_workbook(edition, book)
    assert "the workbook cannot hold" in faults[0].message
    assert book_of(yamlfile.parse(as_yaml(edition, book), "")).name == name


def test_the_same_book_gives_the_same_bytes(edition: cp.Edition, example_prices: cp.PriceBook) -> None:
    assert as_workbook(edition, example_prices) == FILLED
    assert as_workbook(edition) == as_workbook(edition)


def test_every_shipped_book_survives_every_edition(shared: Path) -> None:
    for path in (REPOSITORY / "examples" / "prices.yaml", shared / "examples" / "prices.yaml"):
        book = cp.load_prices(path)
        for name in cp.editions():
            read = book_of(excel.parse(as_workbook(cp.load_edition(name), book), ""))
            assert read.sha256 == book.sha256, name


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_book_survives_libreoffice(tmp_path: Path, edition: cp.Edition) -> None:
    fields = price_book(
        items={ECO: "999999999999.999999", LIVE: "0.085", "csp:fr1:iaas:vmware:eco:v3": "0.000001"},
        name="=007 \N{ROCKET}",
        valid_until="2026-12-31",
        discounts=[{"match": "csp:*", "percent": "12.5", "min_term_months": 36}, {"match": "*", "percent": "0.1"}],
    )
    book = cp.load_prices(fields)
    path = tmp_path / "prices.xlsx"
    path.write_bytes(as_workbook(edition, book))
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    convert = [*command, "--convert-to", "xlsx", "--outdir", str(tmp_path / "saved"), str(path)]
    subprocess.run(convert, check=True, capture_output=True, timeout=120)
    assert cp.load_prices(tmp_path / "saved" / "prices.xlsx").sha256 == book.sha256


# --- where a book is taken -------------------------------------------------------------------------------------------


def test_a_workbook_gives_the_same_plan_as_its_yaml(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "prices.xlsx").write_bytes(as_workbook(cp.load_edition(EDITION), cp.load_prices(price_book())))
    (tmp_path / "prices.yaml").write_text(as_yaml(cp.load_edition(EDITION), cp.load_prices(price_book())))
    size = ("size", REPOSITORY / "examples" / "web-shop.yaml", "--format", "json", "--gap", "0.05", "--prices")
    plans = [run(*size, tmp_path / f"prices.{kind}") for kind in ("xlsx", "yaml")]
    assert plans[0].status == 0
    assert plans[0] == plans[1]
