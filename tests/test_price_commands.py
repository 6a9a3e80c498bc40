"""`cloudplan prices`: templates to fill in, the report on a book, the differences of two."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from conftest import EDITION, REPOSITORY, Ran, price_book

import cloudplan as cp
from cloudplan.base import yamlfile

Run = Callable[..., Ran]
ECO = "csp:(region):iaas:vmware:eco:v3"
ECO_FR1 = "csp:fr1:iaas:vmware:eco:v3"
LIVE = "csp:(region):iaas:storage:bloc:live:v1"
TENANT = "csp:tenant:v1"
LICENSE = "csp:(region):iaas:vmware:license:replication:v1"
LICENCE = "csp:(region):iaas:vmware:licence:replication:v1"
OLD = "csp:fr1:iaas:vmware:eco:v2"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of each test, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(path: str, items: dict[str, Any] | None = None, **fields: Any) -> str:
    """Write a price book of a few items."""
    head = {"schema": "cloudplan/prices/v1", "name": "book", "currency": "EUR"}
    book = {**head, "items": items or {ECO: "620.00", LIVE: "0.085"}, **fields}
    Path(path).write_text(yaml.safe_dump(book, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def rows(path: str) -> list[tuple[Any, ...]]:
    """Return the rows of the prices in a workbook that have a SKU."""
    sheet = openpyxl.load_workbook(path)["Prices"]
    return [row for row in sheet.iter_rows(min_row=5, values_only=True) if row[1]]


def skus(edition: cp.Edition) -> list[str]:
    """Return the SKUs that an edition sells."""
    return [item.sku for item in edition.items()]


# --- template --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", cp.editions())
def test_a_template_lists_every_sku_of_the_edition_without_a_price(name: str, run: Run) -> None:
    assert run("prices", "template", "--catalog", name, "-o", "prices.xlsx") == Ran(0, "", "Written: prices.xlsx\n")
    ran = run("prices", "template", "--catalog", name)
    edition = cp.load_edition(name)
    assert [(row[1], row[5]) for row in rows("prices.xlsx")] == [(sku, None) for sku in skus(edition)]
    assert yamlfile.parse(ran.out, "").tree["items"] == dict.fromkeys(skus(edition))


def test_a_template_says_what_is_sold_by_which_unit(run: Run) -> None:
    run("prices", "template", "-o", "prices.xlsx", "--catalog", "2026-04-30")
    by_sku = {row[1]: row for row in rows("prices.xlsx")}
    assert by_sku[ECO_FR1] == ("Blades", ECO_FR1, "ECO blade v3", "blade", None, None)
    assert by_sku[LIVE][3] == "GiB"
    assert by_sku["csp:(region):network:epl:1g:v1"][3:5] == ("package", 36)
    out = run("prices", "template", "--catalog", "2026-04-30").out
    assert f'\n  # Blades\n  "{ECO_FR1}":  # ECO blade v3; blade\n' in out
    assert "package; at least 36 months\n" in out


@pytest.mark.parametrize("kind", ["xlsx", "yaml"])
def test_an_unfilled_template_is_refused_where_something_is_needed(kind: str, run: Run) -> None:
    run("prices", "template", "-o", f"prices.{kind}")
    ran = run("prices", "check", f"prices.{kind}")
    places = {
        "xlsx": ["Price book!B5: name", "Price book!B6: currency", "Prices!F4: items"],
        "yaml": ["4:6: name", "5:10: currency", "12:3: items"],
    }[kind]
    assert (ran.status, ran.out) == (2, "")
    assert len(ran.faults) == len(places)
    for fault, place in zip(ran.faults, places, strict=True):
        assert fault.startswith(f"prices.{kind}:{place}: found nothing")


def test_a_template_filled_in_as_a_user_would_is_sized_with(run: Run) -> None:
    run("prices", "template", "--catalog", EDITION, "-o", "prices.xlsx")
    book = openpyxl.load_workbook("prices.xlsx")
    header, prices = book["Price book"], book["Prices"]
    header["B5"], header["B6"] = "mine", "EUR"
    example = {row["sku"]: row["price"] for row in _example()}
    for row in prices.iter_rows(min_row=5):
        row[5].value = example.get(row[1].value)
    book["Discounts"]["A5"], book["Discounts"]["B5"] = "csp:*:iaas:vmware:*", 10
    book.save("prices.xlsx")
    size = (
        "size",
        REPOSITORY / "examples" / "web-shop.yaml",
        "--catalog",
        EDITION,
        "--format",
        "json",
        "--gap",
        "0.05",
    )
    plan = json.loads(run(*size, "--prices", "prices.xlsx").out)
    assert plan["prices"]["name"] == "mine"
    assert {line["list_price"] for line in plan["bom"] if line["sku"] == LIVE.replace("(region)", "fr1")} <= {"0.085"}
    assert {line["discount"] for line in plan["bom"] if line["unit"] == "blade"} == {"0.1"}


def _example() -> list[dict[str, Any]]:
    edition, book = cp.load_edition(EDITION), cp.load_prices()
    return [
        {"sku": item.sku, "price": float(book.items[key])}
        for item in edition.items()
        for key in (item.sku, item.sku.replace("csp:fr1:", "csp:(region):"))
        if key in book.items
    ]


@pytest.mark.parametrize("kind", ["xlsx", "yaml", "yml"])
def test_a_filled_template_is_the_book(kind: str, run: Run) -> None:
    book = price_book(discounts=[{"match": "*", "percent": "12.5", "min_term_months": 36}], valid_until="2026-12-31")
    written("prices.yaml", **book)
    assert run("prices", "template", "--prices", "prices.yaml", "-o", f"again.{kind}").status == 0
    assert cp.load_prices(f"again.{kind}").sha256 == cp.load_prices(book).sha256


def test_rows_of_a_book_that_the_edition_does_not_have_are_kept(run: Run) -> None:
    written("prices.yaml", {OLD: "1", ECO: "2", ECO_FR1: "3", LICENCE: "4", LICENSE: "5"})
    run("prices", "template", "--catalog", EDITION, "--prices", "prices.yaml", "-o", "prices.xlsx")
    listed = [(row[0], row[1], row[2], row[5]) for row in rows("prices.xlsx")]
    assert listed[:3] == [
        ("Blades", ECO_FR1, "ECO blade v3", 3),
        ("Blades", ECO, "ECO blade v3, any region", 2),
        ("Blades", "csp:fr1:iaas:vmware:standard:v3", "STANDARD blade v3", None),
    ]
    assert [row[1] for row in listed if row[0] == "Services"][1] == LICENSE
    labels = ("ECO blade v2, sold until 2024-03-31", "DR - VMware replication between availability zones")
    assert listed[-2:] == [("Other SKUs", OLD, labels[0], 1), ("Other SKUs", LICENCE, labels[1], 4)]


def test_a_row_for_one_region_stands_below_the_one_for_any(run: Run) -> None:
    fr1 = LIVE.replace("(region)", "fr1")
    written("prices.yaml", {fr1: "2", LIVE: "1"})
    run("prices", "template", "--prices", "prices.yaml", "-o", "prices.xlsx")
    listed = [row[1:3] for row in rows("prices.xlsx")]
    at = listed.index((LIVE, "FLASH - Essentiel"))
    assert listed[at + 1] == (fr1, "FLASH - Essentiel, region fr1 only")


def test_an_item_that_is_priced_for_any_region_has_no_empty_row_for_one(run: Run) -> None:
    written("prices.yaml", {ECO: "2"})
    run("prices", "template", "--catalog", EDITION, "--prices", "prices.yaml", "-o", "prices.xlsx")
    assert [row[1] for row in rows("prices.xlsx")][:2] == [ECO, "csp:fr1:iaas:vmware:standard:v3"]


def test_the_workbook_says_when_its_prices_are_invented(run: Run) -> None:
    for name, flag in (("yes", True), ("no", False)):
        run("prices", "template", "--prices", written(f"{name}.yaml", illustrative=flag), "-o", f"{name}.xlsx")
        cell = openpyxl.load_workbook(f"{name}.xlsx", data_only=True)["Prices"]["A3"].value
        assert (cell == "ILLUSTRATIVE PRICES, not an offer") is flag


def test_only_input_cells_can_be_written_and_they_are_checked(run: Run) -> None:
    run("prices", "template", "-o", "prices.xlsx")
    book = openpyxl.load_workbook("prices.xlsx")
    prices = book["Prices"]
    assert all(sheet.protection.sheet and not sheet.protection.password for sheet in book)
    assert (prices["A5"].protection.locked, prices["F5"].protection.locked) == (True, False)
    assert prices["F5"].number_format == "#,##0.00####"
    rules = {rule.type: str(rule.sqref) for rule in prices.data_validations.dataValidation}
    assert rules == {"decimal": f"F5:F{prices.max_row}"}
    assert (prices.freeze_panes, prices.auto_filter.ref) == ("A5", f"A4:F{prices.max_row}")
    assert prices.print_title_rows == "$4:$4"
    assert not book["Discounts"]["A5"].protection.locked


@pytest.mark.parametrize("name", ["prices.xls", "prices.csv"])
def test_a_template_has_one_of_two_forms(name: str, run: Run, folder: Path) -> None:
    ran = run("prices", "template", "-o", name)
    assert (ran.status, ran.out) == (2, "")
    assert "is not written here; allowed: .yaml, .yml, .xlsx or no extension" in ran.faults[0]
    assert list(folder.iterdir()) == []


def test_a_template_overwrites_nothing_unasked(run: Run) -> None:
    Path("prices.xlsx").write_text("old")
    assert run("prices", "template", "-o", "prices.xlsx").faults == [
        "prices.xlsx: exists already; use --force to overwrite it"
    ]
    assert run("prices", "template", "--output", "prices.xlsx", "--force").status == 0
    ran = run("prices", "template", "--prices", written("b.yaml"), "-o", "b.yaml", "--force")
    assert ran.faults == ["b.yaml: this is an input; write to another file"]


def test_an_edition_of_ones_own_has_skus_of_its_own(run: Run) -> None:
    own = Path("mine")
    own.mkdir()
    for path in (REPOSITORY / "catalog" / EDITION).iterdir():
        (own / path.name).write_text(path.read_text(encoding="utf-8").replace(TENANT, "acme:tenant:v9"))
    edition = own / "edition.yaml"
    edition.write_text(edition.read_text(encoding="utf-8").replace(f'edition: "{EDITION}"', "edition: mine"))
    run("prices", "template", "--catalog", own, "-o", "prices.xlsx")
    assert "acme:tenant:v9" in [row[1] for row in rows("prices.xlsx")]
    book = written("prices.yaml", {"acme:tenant:v9": "1"})
    assert run("prices", "check", book, "--catalog", own).status == 0
    assert run("prices", "diff", book, book, "--catalog", own).status == 0
    for command in (["check", book], ["diff", book, book]):
        assert "no edition knows the SKU 'acme:tenant:v9'" in run("prices", *command).faults[0]


# --- check -----------------------------------------------------------------------------------------------------------


def checked(run: Run, *arguments: object) -> Any:
    """Return the report on a book as values."""
    ran = run("prices", "check", *arguments, "--catalog", EDITION, "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    return json.loads(ran.out)


def test_the_report_identifies_the_book(run: Run) -> None:
    name = written("prices.yaml", valid_from="2026-01-01")
    report, book = checked(run, name), cp.load_prices(name)
    assert report["schema"] == "cloudplan/prices-check/v1"
    assert report["book"] == {
        **{"name": "book", "currency": "EUR", "illustrative": False},
        **{"valid_from": "2026-01-01", "valid_until": None, "sha256": book.sha256},
    }
    assert (report["edition"], report["priced"], report["findings"]) == (EDITION, 2, [])


def test_skus_without_a_price_are_listed_by_group(run: Run, edition: cp.Edition) -> None:
    report = checked(run, written("prices.yaml", {ECO: "1", LIVE: "1", LICENCE: "1", TENANT: "1"}))
    found = {entry["sku"]: entry["group"] for entry in report["unpriced"]}
    assert found.keys() == {*skus(edition)} - {ECO_FR1, LIVE, LICENSE, TENANT}
    assert found["csp:fr1:iaas:vmware:standard:v3"] == "Blades"
    assert found["csp:(region):iaas:storage:bloc:mass:v1"] == "Storage classes"
    assert found["csp:(region):iaas:vmware:memory:v2"] == "Memory"
    assert found["csp:(region):iaas:backup:vm:v1"] == "Services"
    assert found["csp:(region):network:vlan:v1"] == "Extras"


def test_prices_of_other_editions_are_named(run: Run) -> None:
    report = checked(run, written("prices.yaml", {OLD: "7", ECO: "1", "RSIP-IP4-UNIT": "4"}))
    assert [(entry["sku"], entry["price"]) for entry in report["other"]] == [(OLD, "7.00"), ("RSIP-IP4-UNIT", "4.00")]
    assert report["other"][0]["label"] == "ECO blade v2, sold until 2024-03-31"


def test_spellings_with_different_prices_are_told(run: Run) -> None:
    report = checked(run, written("prices.yaml", {LICENCE: "2", LICENSE: "3"}))
    assert [(entry["spelled"], entry["price"], entry["counts"]) for entry in report["spellings"]] == [
        (LICENSE, "3.00", True),
        (LICENCE, "2.00", False),
    ]
    assert [finding["code"] for finding in report["findings"]] == ["alias-prices"]
    assert checked(run, written("same.yaml", {LICENCE: "2", LICENSE: "2.00"}))["spellings"] == []
    assert checked(run, written("region.yaml", {ECO: "2", ECO_FR1: "3"}))["spellings"] == []


def test_discounts_are_shown_with_what_they_match(run: Run) -> None:
    given = [{"match": "csp:fr1:*:vmware:*", "percent": "5"}, {"match": "csp:*:mass:*", "percent": "1"}]
    report = checked(run, written("prices.yaml", discounts=given))
    assert [entry["skus"] for entry in report["discounts"]] == [[ECO], []]
    assert [(finding["code"], finding["subject"]) for finding in report["findings"]] == [
        ("discount-matches-nothing", "discounts[1]")
    ]


@pytest.mark.parametrize(
    ("day", "outside"),
    [("2025-12-31", True), ("2026-01-01", False), ("2026-12-31", False), ("2027-01-01", True), (None, False)],
)
def test_a_date_outside_those_of_the_book_is_a_warning(day: str | None, *, outside: bool, run: Run) -> None:
    name = written("prices.yaml", valid_from="2026-01-01", valid_until="2026-12-31")
    report = checked(run, name, *(["--date", day] if day else []))
    assert [finding["code"] for finding in report["findings"]] == ["prices-outside-dates"] * outside


def test_invented_prices_are_a_warning(run: Run) -> None:
    report = checked(run, written("prices.yaml", illustrative=True))
    assert [finding["code"] for finding in report["findings"]] == ["illustrative-prices"]


@pytest.mark.parametrize("style", ["table", "markdown"])
def test_the_report_is_printed_for_people(style: str, run: Run) -> None:
    given = [{"match": "csp:*:eco:*", "percent": "12.5", "min_term_months": 12}]
    name = written("prices.yaml", {ECO: "620", OLD: "7", LICENCE: "2", LICENSE: "3"}, discounts=given)
    ran = run("prices", "check", name, "--catalog", EDITION, "--format", style)
    assert (ran.status, ran.err) == (0, "")
    for words in ("4 prices in EUR; valid without dates.", "alias", "12.5 %", "not on offer", "STANDARD blade v3"):
        assert words in ran.out
    for title in ("spellings with different prices", f"prices of skus that edition {EDITION} does not have"):
        assert title in ran.out.lower()


def test_the_report_is_written_to_a_file(run: Run) -> None:
    name = written("prices.yaml")
    assert run("prices", "check", name, "--output", "report.txt") == Ran(0, "", "Written: report.txt\n")
    assert Path("report.txt").read_text(encoding="utf-8") == run("prices", "check", name).out
    assert run("prices", "check", name, "--output", "report.txt").status == 2
    assert run("prices", "check", name, "--output", "report.txt", "--force").status == 0


def test_a_wrong_book_is_refused_with_all_its_faults(run: Run) -> None:
    name = written("prices.yaml", {ECO: "1e3", "csp:x": "1"}, currency="€")
    ran = run("prices", "check", name)
    assert (ran.status, ran.out) == (2, "")
    assert [fault.split(": ")[0] for fault in ran.faults] == [f"{name}:{place}" for place in ("6:3", "3:11", "5:36")]


# --- diff ------------------------------------------------------------------------------------------------------------


def compared(run: Run, before: str, after: str) -> Any:
    """Return the differences of two books as values."""
    ran = run("prices", "diff", before, after, "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    return json.loads(ran.out)


def test_prices_that_changed_came_or_went_are_listed(run: Run) -> None:
    before = written("a.yaml", {ECO: "600", LIVE: "0.085", TENANT: "0", OLD: "1"})
    after = written("b.yaml", {LIVE: "0.09", ECO: "600.00", TENANT: "5", LICENCE: "38"})
    found = compared(run, before, after)
    assert found["schema"] == "cloudplan/prices-diff/v1"
    assert found["unchanged"] == 1
    columns = ("sku", "before", "after", "difference", "percent")
    assert [tuple(entry[name] for name in columns) for entry in found["prices"]] == [
        (LIVE, "0.085", "0.09", "0.005", "5.88"),
        (TENANT, "0.00", "5.00", "5.00", None),
        (OLD, "1.00", None, None, None),
        (LICENCE, None, "38.00", None, None),
    ]
    assert found["prices"][0]["label"] == "FLASH - Essentiel"


def test_fields_that_differ_are_listed(run: Run) -> None:
    before = written("a.yaml", name="one", valid_from="2026-01-01", illustrative=True)
    after = written("b.yaml", name="two", valid_until="2026-12-31")
    assert [tuple(entry.values()) for entry in compared(run, before, after)["fields"]] == [
        ("name", "one", "two"),
        ("illustrative", "true", "false"),
        ("valid_from", "2026-01-01", None),
        ("valid_until", None, "2026-12-31"),
    ]


def test_discounts_are_compared_by_pattern_and_term(run: Run) -> None:
    same, other = {"match": "*", "percent": "5"}, {"match": "*", "percent": "7", "min_term_months": 36}
    before = written("a.yaml", discounts=[same, other, {"match": "csp:*", "percent": "1"}])
    after = written("b.yaml", discounts=[{**other, "percent": "8"}, same, {"match": "RSIP*", "percent": "2"}])
    assert [tuple(entry.values()) for entry in compared(run, before, after)["discounts"]] == [
        ("*", 36, "7", "8"),
        ("csp:*", 1, "1", None),
        ("RSIP*", 1, None, "2"),
    ]


def test_a_workbook_and_its_yaml_do_not_differ(run: Run) -> None:
    name = written("a.yaml", **price_book(discounts=[{"match": "*", "percent": "5"}]))
    run("prices", "template", "--prices", name, "-o", "a.xlsx")
    found = compared(run, name, "a.xlsx")
    assert (found["fields"], found["discounts"], found["prices"]) == ([], [], [])
    assert found["before"] == found["after"]


@pytest.mark.parametrize("style", ["table", "markdown"])
def test_differences_are_printed_for_people(style: str, run: Run) -> None:
    before = written("a.yaml", {ECO: "600", TENANT: "1"}, discounts=[{"match": "*", "percent": "5"}])
    after = written("b.yaml", {ECO: "570", LIVE: "1"}, name="new")
    ran = run("prices", "diff", before, after, "--format", style)
    assert (ran.status, ran.err) == (0, "")
    assert "Prices: 1 changed, 1 added, 1 removed, 0 unchanged" in ran.out
    for words in (ECO, "-30.00", "-5.00", TENANT, LIVE, "5 %", "new"):
        assert words in ran.out
    assert ("ECO blade v3" in ran.out) is (style == "markdown")


def test_books_in_two_currencies_are_not_compared(run: Run) -> None:
    ran = run("prices", "diff", written("a.yaml"), written("b.yaml", currency="USD", name="us"))
    assert (ran.status, ran.out) == (2, "")
    assert ran.faults == ["book is in EUR and us in USD; they cannot be compared"]


def test_the_faults_of_both_books_are_told_together(run: Run) -> None:
    ran = run("prices", "diff", written("a.yaml", currency="€"), "none.xlsx")
    assert (ran.status, ran.out) == (2, "")
    assert [fault.split(":")[0] for fault in ran.faults] == ["a.yaml", "none.xlsx"]


@pytest.mark.parametrize("arguments", [[], ["template", "--help"], ["check", "--help"], ["diff", "--help"]])
def test_help_is_printed(arguments: list[str], run: Run) -> None:
    ran = run("prices", *arguments)
    assert "Usage" in ran.out + ran.err
