"""One quote feeds workbook, page, PDF and CSV: they say the same, and customers never read what is not for them."""

import csv
import html
import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import openpyxl
import pytest
import yaml
from conftest import REPOSITORY
from pypdf import PdfReader

import cloudplan as cp
from cloudplan.base.language import Language, language
from cloudplan.plan.plan import Plan
from cloudplan.presentation.bill_csv import OF_BILL, bill_csv
from cloudplan.presentation.carried import of_workbook
from cloudplan.presentation.html_page import render_quote_page
from cloudplan.presentation.pdf import render_html, render_pdf
from cloudplan.presentation.table_csv import Dialect
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.table import words
from cloudplan.presentation.workbook import write_quote
from cloudplan.sales.quote import Quote, quote
from cloudplan.sales.terms import read_terms

pytestmark = pytest.mark.usefixtures("solved_once")

EXAMPLES = ("web-shop", "two-zones-dr")
BOOK_DISCOUNT, DISCOUNT = "13.7", "0.073"
TERMS = {
    "number": "Q-1",
    "issued": "2026-11-26",
    "discount": DISCOUNT,
    "lines": [
        {"label": "set-up", "one_off": True, "quantity": "2.5", "unit": "day", "unit_price": "950.55"},
        {"label": "books", "quantity": 3, "unit_price": "33.31", "vat_rate": "0.055"},
        {"label": "training", "kind": "optional", "one_off": True, "unit_price": "1234.56"},
    ],
}
NOT_FOR_CUSTOMERS = {
    "en": r"(?i)\bgap\b|\bbound|solver|highs|optimi[sz]|\bproven|\bproof|\blist (price|amount)|discount|cp_growth",
    "fr": r"(?i)\bécart\b|minorant|\bborne|solveur|highs|optimi|prouv|preuve|(prix|montant) catalogue|remise|discount",
}


def odd_prices() -> dict[str, Any]:
    """Return the example's prices with digits that nothing else has, one discount on all of them."""
    book: dict[str, Any] = yaml.safe_load((REPOSITORY / "examples" / "prices.yaml").read_text(encoding="utf-8"))
    items = {
        sku: f"{Decimal(str(price)) + Decimal(f'0.{107 + 17 * number}'):f}"
        for number, (sku, price) in enumerate(book["items"].items())
    }
    return {**book, "items": items, "discounts": [{"match": "*", "percent": BOOK_DISCOUNT, "min_term_months": 1}]}


@pytest.fixture(scope="module", params=EXAMPLES)
def plan(request: pytest.FixtureRequest) -> Plan:
    tree = yaml.safe_load((REPOSITORY / "examples" / f"{request.param}.yaml").read_text(encoding="utf-8"))
    edition = cp.load_edition(tree.get("catalog"))
    return cp.optimise(cp.read_workload(tree, edition), edition, cp.load_prices(odd_prices(), edition), gap=0.05)


class Rows(HTMLParser):
    """Gathers the rows of the tables of a page, by the section that they stand in."""

    def __init__(self) -> None:
        super().__init__()
        self.section, self.inside = "", False
        self.rows: dict[str, list[list[str]]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self.section = dict(attrs)["id"] or ""
        if tag == "tr":
            self.rows.setdefault(self.section, []).append([])
        if tag in ("td", "th"):
            self.rows[self.section][-1].append("")
        self.inside = tag in ("td", "th")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[self.section][-1][-1] += data


def page_bill(page: str) -> list[dict[str, str]]:
    """Return the lines of the bill of a page by the heads of its columns; quantity and unit stand together."""
    section = page[page.index('<section id="bill"') : page.index("</section>", page.index('<section id="bill"'))]
    heads = [html.unescape(text) for text in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', section)]
    lines = []
    for site, body in re.findall(r'<th scope="rowgroup"[^>]*>\S+ (.*?)</th>(.*?)</tbody>', section, re.S):
        for row in body.split("<tr>")[1:]:
            words = dict(re.findall(r'<span class="(item|sku|reason|rule)">([^<]*)', row))
            cells = re.findall(r'<td class="number" data-head="([^"]*)">([^<]*)</td>', row)
            assert [html.unescape(head) for head, _ in cells] == heads[1:]
            line = {"Site": site, "Item": words["item"], "SKU": words["sku"], "Why": words["reason"]}
            line |= {"Rule": words["rule"].removeprefix(" · "), **dict(cells)}
            lines.append({html.unescape(head): html.unescape(text) for head, text in line.items()})
    return lines


def page_rows(page: str) -> dict[str, list[list[str]]]:
    found = Rows()
    found.feed(page)
    return found.rows


def sheet_rows(sheet: Any) -> Iterator[list[Any]]:
    for row in sheet.iter_rows(values_only=True):
        cells = [cell for cell in row if cell is not None]
        if cells:
            yield cells


def number(text: str) -> Decimal:
    """Return an amount as a page shows it, in either language."""
    return Decimal(re.sub(r"\s", "", text).replace(",", "."))


def said(value: Any, spoken: Language, kind: Any) -> str:
    """Return a value of a cell as a page shows it."""
    return words(value if isinstance(value, str) else Decimal(repr(value)), kind, spoken)


def costs_sum_to_the_bill(rows: list[list[str]], made: Quote, spoken: Language) -> None:
    """Check that what applications cost, and what VM groups cost, sums to the bill of a quote to the cent."""
    applications = [(row[0], row[1], row[3]) for row in rows[1:]]
    end = next(at for at, row in enumerate(applications) if row[0] == spoken.word("the whole plan"))
    assert applications[end][1:] == (
        str(sum(group.count for group in made.case.workload.vms)),
        spoken.amount(made.monthly),
    )
    assert sum(number(row[2]) for row in applications[:end]) == made.monthly
    costs = rows[end + 3 :]
    at = len(costs[0]) - 2
    assert sum(number(row[at]) for row in costs[:-1]) == number(costs[-1][at]) == made.monthly


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("audience", ["customer", "internal"])
def test_workbook_page_and_csv_say_the_same(plan: Plan, audience: Any, lang: Any) -> None:
    made, spoken = quote(plan, read_terms(TERMS), audience), language(lang)
    book = openpyxl.load_workbook(io.BytesIO(write_quote(made, spoken)), data_only=True)
    shown_page = render_quote_page(made, spoken)
    page, page_lines = page_rows(shown_page), page_bill(shown_page)
    table = list(csv.reader(io.StringIO(bill_csv(made, spoken, Dialect.rfc4180).decode())))

    heads, *bill = sheet_rows(book.worksheets[2])
    kinds = {}
    for head in heads:
        kinds[head] = "text"
        for name, kind in (
            *(("Quantity", "whole"), ("List price", "price"), ("Unit price", "price"), ("Discount", "discount")),
            *(("List amount", "money"), ("Discount amount", "money"), ("Monthly", "money")),
        ):
            if head.split(" (")[0] == spoken.word(name):
                kinds[head] = kind
    assert ("discount" in kinds.values()) == (audience == "internal")
    in_csv = {spoken.word(head): name for name, head in {"line": "Line", **OF_BILL}.items()}
    count, whys = len(made.lines), []
    for cells, shown, written in zip(bill[:count], page_lines, table[1 : 1 + count], strict=True):
        in_book = {head: said(cell, spoken, kinds[head]) for head, cell in zip(heads[2:], cells[2:], strict=True)}
        whys.append(shown.pop("Why"))
        parts = {spoken.word(name): shown.pop(name) for name in ("Site", "Item", "SKU", "Rule")}
        quantity, unit = (spoken.word(name) for name in ("Quantity", "Unit"))
        in_book[quantity] += f" {in_book.pop(unit)}"
        assert in_book == {**shown, **parts}
        for head, cell in zip(heads, cells, strict=True):
            text = written[table[0].index(in_csv[head.split(" (")[0]])]
            assert text == cell if isinstance(cell, str) else Decimal(repr(cell)) == Decimal(text), head

    front = list(sheet_rows(book.worksheets[0]))
    at = next(number for number, row in enumerate(front) if row[0] == spoken.word("Net, without tax"))
    monthly = next(head for head in heads if head.startswith(spoken.word("Monthly")))
    detail = list(sheet_rows(book.worksheets[1]))
    read = [row for row in detail if isinstance(row[0], int)]
    assert [row[-1] for row in read] == whys
    assert [row[-2] for row in read] == [row[heads.index(monthly)] for row in bill]
    totals = [[row[0], *(said(cell, spoken, "money") for cell in row[1:])] for row in front[at - 1 : at + 4]]
    assert totals == page["quote"][-5:] and len(totals[0]) == 4
    assert [row[1:] for row in totals[1:]] == [
        [spoken.amount(value) for value in amounts]
        for amounts in (made.nets, *(each.taxes for each in made.invoiced), made.grosses)
    ]
    currency = made.plan.prices.currency
    families = re.findall(r'<span class="what">([^<]*)</span> <span class="much">([^<]*)</span>', shown_page)
    shown_sites = re.findall(r'<h3><span>(\w+)[^<]*</span><span class="figure">([^<]*)</span></h3>', shown_page)
    assert [(html.unescape(name), amount) for name, amount in families] == [
        (spoken.word(name), spoken.amount(amount, currency)) for name, amount in made.by_family().items()
    ]
    assert {name.lower(): amount for name, amount in shown_sites} == {
        name: spoken.amount(amount, currency) for name, amount in made.by_site().items()
    }
    assert [(row[0], row[-1]) for row in detail[-len(made.by_family()) :]] == [
        (spoken.word(name), float(amount)) for name, amount in made.by_family().items()
    ]
    sites = [float(amount) for amount in made.by_site().values()]
    for sheet in (front, detail):
        assert [row[-1] for row in sheet if row[0] == spoken.word("Total of the site")] == sites

    costs_sum_to_the_bill(page["applications"], made, spoken)

    further = list(sheet_rows(book.worksheets[3]))[1 : 1 + len(made.terms.lines)]
    kinds_of = ("text", "text", "text", "quantity", "text", "price", "money", "discount")
    shown_lines = [[said(c, spoken, k) for c, k in zip(row, kinds_of, strict=True)] for row in further]
    assert shown_lines == page["quote"][1:4]
    beside = [dict(zip(table[0], row, strict=True)) for row in table[1 + count :]]
    told = [
        (row["item"], *(Decimal(row[name]) for name in ("quantity", "unit_price", "amount", "vat_rate")))
        for row in beside
    ]
    assert told == [(row[0], *(Decimal(repr(row[at])) for at in (3, 5, 6, 7))) for row in further]


def pdf_text(made: Quote, spoken: Language) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(render_pdf(made, spoken))).pages)


def bare(*texts: str) -> str:
    return re.sub(r"\s", "", "".join(texts))


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("audience", ["customer", "internal"])
def test_the_pdf_says_what_the_csv_says(plan: Plan, audience: Any, lang: Any) -> None:
    made, spoken = quote(plan, read_terms(TERMS), audience), language(lang)
    shown = bare(pdf_text(made, spoken))
    rows = list(csv.DictReader(io.StringIO(bill_csv(made, spoken, Dialect.rfc4180).decode())))
    assert len(rows) == len(made.lines) + len(made.terms.lines)
    kinds: dict[str, Any] = {"quantity": "quantity", "unit": "text", "unit_price": "price"}
    kinds |= {"list_amount": "money", "discount_amount": "money"} if audience == "internal" else {}
    for row in rows:
        if row["kind"] != "plan" and audience == "internal":
            row |= {"list_amount": row["amount"], "discount_amount": "0.00"}
        cells = [
            spoken.word(row[name]) if kind == "text" else words(Decimal(row[name]), kind, spoken)
            for name, kind in {**kinds, "amount": "money"}.items()
        ]
        if row["kind"] == "plan":
            cells.insert(0, row["item"])
        assert shown.count(bare(*cells)) >= 1, row
        shown = shown.replace(bare(*cells), "|", 1)
    for site, amount in made.by_site().items():
        head, sum_of_site = (
            bare(text) for text in (spoken.text("Subtotal {site}", site=site.upper()), spoken.amount(amount))
        )
        assert re.search(rf"{head}[^a-zA-Z]*{re.escape(sum_of_site)}", shown)
    for label, amounts in tables.totals(made, spoken):
        assert bare(spoken.said(label), *map(spoken.amount, amounts)) in shown
    currency = made.plan.prices.currency
    for name, amount in made.by_family().items():
        assert bare(spoken.word(name), spoken.amount(amount, currency)) in shown


def test_tax_is_that_of_the_invoices(plan: Plan) -> None:
    made = quote(plan, read_terms(TERMS))
    cents, months = Decimal("0.01"), made.months
    taxes = [
        ((made.monthly * Decimal("0.2")).quantize(cents, "ROUND_HALF_UP"), Decimal("475.28")),
        (Decimal("5.50"), Decimal("0.00")),
    ]
    assert [each.taxes for each in made.invoiced] == [(month, once, months * month + once) for month, once in taxes]
    assert made.grosses[2] == months * made.grosses[0] + made.grosses[1]
    assert made.one_off_net == Decimal("2376.38")  # 2.5 days


def outputs(made: Quote, spoken: Language) -> dict[str, str]:
    """Return all that is sent as texts: the parts of the workbook, the source of the page, the PDF, the CSV."""
    archive = zipfile.ZipFile(io.BytesIO(write_quote(made, spoken)))
    parts = {name: archive.read(name).decode("utf-8", "ignore") for name in archive.namelist()}
    carried, _ = of_workbook(io.BytesIO(write_quote(made, spoken)), "")
    return {
        **parts,
        "page": re.sub(r' (?:x|y|width|height|viewBox|d|style)="[^"]*"', "", render_quote_page(made, spoken)),
        "pdf": pdf_text(made, spoken),
        "source of the pdf": render_html(made, spoken),
        "carried": carried.text(),
        "csv": bill_csv(made, spoken, Dialect.rfc4180).decode(),
        "excel": bill_csv(made, spoken, Dialect.excel_fr).decode(),
    }


def written(value: Decimal) -> set[str]:
    """Return how a number may be written."""
    plain = f"{value:f}"
    bare = plain.rstrip("0").rstrip(".") if "." in plain else plain
    texts = {plain, bare, *(words(value, "price", language(code)) for code in ("en", "fr"))}
    return texts | {text.replace(".", ",") for text in texts}


def found(texts: dict[str, str], secrets: set[str]) -> list[tuple[str, str]]:
    return [
        (name, secret)
        for name, text in texts.items()
        for secret in secrets
        if secret in text and re.search(rf"(?<![\d.,]){re.escape(secret)}(?![\d]|[.,]\d)", text)
    ]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_customers_read_no_list_price_no_discount_no_bound(plan: Plan, lang: Any) -> None:
    spoken = language(lang)
    customer = quote(plan, read_terms(TERMS), "customer")
    internal = quote(plan, read_terms(TERMS), "internal")
    amounts = {line.list_price for line in plan.bom} | {line.unit_price for line in plan.bom}
    amounts |= {amount for line in internal.lines for amount in (line.listed, line.discounted, line.line.monthly)}
    amounts |= {plan.monthly, plan.lower_bound, *(each.monthly_otherwise or Decimal(0) for each in plan.assumptions)}
    amounts -= {amount for line in customer.lines for amount in (line.net, line.unit_net)} | {Decimal(0)}
    secrets = {text for amount in amounts if len(amount.normalize().as_tuple().digits) > 3 for text in written(amount)}
    for share in (Decimal(BOOK_DISCOUNT), Decimal(DISCOUNT) * 100):
        secrets |= written(share) | written(share / 100)
    told, inside = outputs(customer, spoken), outputs(internal, spoken)
    assert found(told, secrets) == []
    assert len({secret for _, secret in found(inside, secrets)}) > 3 * len(plan.bom)  # the search finds what is there
    for name, text in told.items() - {("carried", told["carried"])}:
        texts = re.sub(r"(?s)<style>.*</style>|<script.*</script>", "", text)
        assert [texts[m.start() - 40 : m.end() + 40] for m in re.finditer(NOT_FOR_CUSTOMERS[lang], texts)] == [], name
    assert re.findall(NOT_FOR_CUSTOMERS[lang], inside["page"]) and re.findall(NOT_FOR_CUSTOMERS[lang], inside["pdf"])
