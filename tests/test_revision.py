"""A revision of a quote: what changed since the one before, by cause and line by line, at the terms of the new one."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import Ran, price_book, vm
from test_one_truth import found, outputs, page_rows, sheet_rows, written
from test_quote import TERMS, planned

from cloudplan.analysis.requote import difference
from cloudplan.analysis.revision import revision
from cloudplan.base.language import language
from cloudplan.plan.plan import Plan
from cloudplan.presentation.html_page import render_quote_page
from cloudplan.presentation.tables.table import words
from cloudplan.sales.quote import Quote, quote
from cloudplan.sales.terms import read_terms

pytestmark = pytest.mark.usefixtures("solved_once")

DISCOUNTS = [{"match": "*", "percent": "12.345", "min_term_months": 1}]
ECO = "csp:(region):iaas:vmware:eco:v3"


def plans() -> tuple[Plan, Plan]:
    before = planned(price_book(items={ECO: "620.017"}, discounts=DISCOUNTS), vms=[vm(count=4)])
    prices = price_book(items={ECO: "640.019"}, discounts=DISCOUNTS)
    return before, planned(prices, vms=[vm(count=9, memory_gib=48)], policy={"host_failures": 2})


AGREED = read_terms({**TERMS, "revision": 3, "discount": "0.0613"})


@pytest.fixture(scope="module")
def both() -> tuple[Plan, Plan]:
    return plans()


@pytest.fixture(scope="module")
def revised(both: tuple[Plan, Plan]) -> Quote:
    change = difference(*both)
    return replace(quote(both[1], AGREED, "customer"), revision=revision(change, AGREED))


def test_causes_and_lines_sum_to_the_difference_at_the_terms(both: tuple[Plan, Plan], revised: Quote) -> None:
    moved = revised.revision
    assert moved and (moved.before, moved.after) == (quote(both[0], AGREED).monthly, revised.monthly)
    assert sum(cause.difference for cause in moved.causes) == moved.difference != 0
    assert sum(line.difference for line in moved.lines) == moved.difference
    assert [cause.names for cause in moved.causes] == [("workload",), ("policy",), ("prices",)]
    eco = next(line for line in moved.lines if line.label.startswith("ECO"))
    assert eco.before and eco.after and eco.after.quantity > eco.before.quantity
    assert eco.before.unit_net == Decimal("620.017") * Decimal("0.87655") * Decimal("0.9387")
    assert set(eco.causes) >= {"policy", "prices"}


def test_no_change_is_no_cause_and_no_line(both: tuple[Plan, Plan]) -> None:
    moved = revision(difference(both[0], both[0]), read_terms(TERMS))
    assert (moved.causes, moved.lines, moved.difference) == ((), (), 0)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_workbook_and_page_say_it_and_customers_read_nothing_else(
    both: tuple[Plan, Plan], revised: Quote, lang: Any
) -> None:
    spoken, moved = language(lang), revised.revision
    assert moved
    rows = page_rows(render_quote_page(revised, spoken))["quote"]
    signed = {words(cause.difference, "change", spoken) for cause in moved.causes}
    assert signed <= {row[-1] for row in rows}
    lines = [row for row in rows if len(row) == 9]
    assert len(lines) == len(moved.lines) + 1
    told = outputs(revised, spoken)
    assert spoken.text("Changes since revision {number}", number=2) in told["page"]
    amounts = {line.list_price for plan in both for line in plan.bom}
    amounts |= {line.unit_price for plan in both for line in plan.bom}
    amounts -= {figures.unit_net for line in moved.lines for figures in (line.before, line.after) if figures}
    amounts -= {line.unit_net for line in revised.lines}
    secrets = {text for each in amounts if len(each.normalize().as_tuple().digits) > 3 for text in written(each)}
    assert secrets and found(told, secrets) == []


def test_the_command(both: tuple[Plan, Plan], tmp_path: Path, run: Callable[..., Ran]) -> None:
    old, new, output = tmp_path / "old.json", tmp_path / "new.json", tmp_path / "quote.xlsx"
    old.write_text(both[0].to_json())
    new.write_text(both[1].to_json())
    assert run("quote", new, "--previous", old, "-o", output).status == 0
    book = openpyxl.load_workbook(output, data_only=True)
    rows = list(sheet_rows(book["Changes"]))
    difference = both[1].monthly - both[0].monthly
    assert ["Total", float(difference)] in rows and ["Total", float(difference)] in list(sheet_rows(book["Quote"]))
    euros = both[0].model_copy(update={"monthly": both[0].monthly + 1})
    old.write_text(euros.to_json())
    ran = run("quote", new, "--previous", old, "-o", tmp_path / "other.xlsx")
    assert ran.status == 2 and str(old) in ran.err and not (tmp_path / "other.xlsx").exists()
