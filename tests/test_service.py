"""The service and its conditions in the quote: from the edition's data, in both languages, absent where not carried."""

import io

import openpyxl
import pytest
from conftest import vm, workload

import cloudplan as cp
from cloudplan.base.language import Code, language
from cloudplan.presentation.html_page import render_page
from cloudplan.presentation.tables.service import table
from cloudplan.presentation.workbook import write_workbook

NEWEST, OLDER = cp.load_edition(), cp.load_edition("2026-04-30")


def planned(edition: cp.Edition) -> cp.Plan:
    wanted = cp.read_workload(workload(catalog=edition.edition, vms=[vm()]), edition)
    return cp.optimise(wanted, edition, cp.load_prices())


def test_every_condition_level_and_certification_is_told_with_its_source() -> None:
    shown = table(NEWEST)
    assert shown and table(OLDER) is None
    texts = [" ".join(row) for row in shown.texts(language("en"))]
    for fact in (*NEWEST.conditions.values(), *NEWEST.service_levels.values()):
        title = NEWEST.documents[fact.source.document].title
        assert [row for row in texts if fact.title in row and fact.value in row and title in row]
    assert all(item.customer in " ".join(texts) for item in NEWEST.conditions.values())
    assert all(item.label in " ".join(texts) for item in NEWEST.certifications.values())


def test_nothing_of_it_is_left_in_english() -> None:
    french = language("fr")
    for condition in NEWEST.conditions.values():
        assert french.word(condition.value) != condition.value
        assert not condition.customer or french.word(condition.customer) != condition.customer


@pytest.mark.parametrize(("lang", "title"), [("en", "Service and conditions"), ("fr", "Service et conditions")])
def test_it_is_a_sheet_and_a_section_where_the_edition_carries_it(lang: Code, title: str) -> None:
    for edition in (NEWEST, OLDER):
        plan, carried = planned(edition), edition is NEWEST
        book = openpyxl.load_workbook(io.BytesIO(write_workbook(plan, lang=lang, audience="customer")))
        assert (title in book.sheetnames) == carried
        page = render_page(plan, lang=lang)
        assert (f">{title}</h2>" in page, 'href="#service"' in page) == (carried, carried)
