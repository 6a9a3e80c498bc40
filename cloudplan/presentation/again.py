"""The file of a quote held against the same quote, made again from the priced document that the file carries."""

import io
import re
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import replace

from cloudplan.base import kinds
from cloudplan.base.cells import Book, read_book
from cloudplan.base.files import text_of
from cloudplan.base.language import language
from cloudplan.base.printed import read_pdf
from cloudplan.plan.origin import Made
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation import carried as carrying
from cloudplan.presentation.carried import Carried
from cloudplan.presentation.differences import (
    formula_text,
    lines_of,
    of_books,
    of_documents,
    of_pages,
    of_prints,
    same_value,
)
from cloudplan.presentation.held import Again, Changed, Difference
from cloudplan.presentation.html_page import render_quote_page
from cloudplan.presentation.pdf import render_pdf
from cloudplan.presentation.recalculated import recalculated, with_value
from cloudplan.presentation.workbook import write_annex, write_quote
from cloudplan.sales.phase_quotes import quote_over_time
from cloudplan.sales.quote import quote as quoted
from cloudplan.sales.remade import remade
from cloudplan.sales.terms import Terms

PDF = b"%pdf"
"""How a PDF begins, in small letters."""
PRICED = {"unit_price", "monthly", "total_monthly", "monthly_otherwise", "total", "owed_after"}
"""The fields of a customer's document that rest on the discount of the terms."""
_PARAMETER = "cp_"
"""How the names of the cells begin that a reader may change."""
_TARGET = re.compile(r"(.+)!\$([A-Z]{1,3})\$([0-9]{1,7})")


def made_again(data: bytes, name: str) -> Again:
    """Return the file of a quote held against what is made of the document that it carries.

    Nothing is made of a document whose plan breaks a rule. Raises BadInputError when a file carries no document, or one
    that cannot be read.
    """
    if kinds.is_workbook(data):
        return _workbook(data, name)
    return _pdf(data, name) if data.lstrip()[: len(PDF)].lower() == PDF else _page(data, name)


def held_against(again: Again, plan: Made, terms: Terms | None) -> Again:
    """Return a verdict with that on whether the quote is of a plan or roadmap and, where these are given, of terms.

    Without terms a customer's prices cannot be held against those of the plan. What a revision changes, and what else
    there was to choose, is taken as the file has it. Raises BadInputError when the plan breaks a rule.
    """
    carried = again.carried.quote
    agreed = carried.terms if terms is None else terms
    if isinstance(plan, Roadmap):
        wanted = quote_over_time(plan, agreed, carried.audience).priced
    else:
        wanted = quoted(plan, agreed, carried.audience).priced
    left_out = {"program", "revision", "whatifs"}
    if terms is None and carried.audience == "customer":
        left_out |= PRICED
    strangers = tuple(of_documents(wanted.tree(), carried.tree(), left_out))
    return replace(again, strangers=strangers, against="plan" if terms is None else "terms")


def _workbook(data: bytes, name: str) -> Again:
    carried, found = carrying.of_workbook(io.BytesIO(data), name)
    again = _begun(carried, name)
    if not again.remade.verdict.holds:
        return again
    write = write_annex if carried.output == "annex" else write_quote
    written = write(again.remade.quote, language(carried.lang))
    if written == data:
        return replace(again, identical=True, compared=_cells(found))
    made = read_book(io.BytesIO(written), name)
    changed = tuple(_changed(made, found))
    if changed:
        made = _follow(made, changed)
    differences = tuple(of_books(made, found, carrying.SHEET))
    return replace(again, compared=_cells(made), changed=changed, differences=(*again.differences, *differences))


def _page(data: bytes, name: str) -> Again:
    text = text_of(data, name)
    carried = carrying.of_page(text, name)
    again = _begun(carried, name)
    if not again.remade.verdict.holds:
        return again
    written = render_quote_page(again.remade.quote, language(carried.lang))
    count = len(lines_of(written))
    if written.encode() == data:
        return replace(again, identical=True, compared=count)
    differences = tuple(of_pages(written, text, carrying.BLOCK))
    return replace(again, compared=count, differences=(*again.differences, *differences))


def _pdf(data: bytes, name: str) -> Again:
    carried, found = carrying.of_pdf(data, name)
    again = _begun(carried, name)
    if not again.remade.verdict.holds:
        return again
    written = render_pdf(again.remade.quote, language(carried.lang))
    count = sum(len(page.words) for page in found.pages)
    if written == data:
        return replace(again, identical=True, compared=count)
    made = read_pdf(written, name)
    differences = tuple(of_prints(made.pages, found.pages))
    return replace(again, compared=count, differences=(*again.differences, *differences))


def _begun(carried: Carried, name: str) -> Again:
    """Return the verdict on what a file carries, its hash among it."""
    wrong = carried.sha256 != carried.quote.sha256
    hashes = Difference("sha256", "value", carried.sha256, carried.quote.sha256)
    return Again(carried, remade(carried.quote, f"{name}: quote"), differences=(hashes,) if wrong else ())


def _changed(made: Book, found: Book) -> Iterator[Changed]:
    """Yield the parameters that were changed from one number to another."""
    for name in sorted(made.names):
        target = _TARGET.fullmatch(formula_text(made.names[name]))
        if not name.startswith(_PARAMETER) or target is None or target[1] not in found.sheets:
            continue
        sheet, address = target[1], f"{target[2]}{target[3]}"
        pair = [book.sheets[sheet].cells.get(address) for book in (found, made)]
        stands, due = (cell.value if cell and not cell.formula else None for cell in pair)
        if isinstance(stands, float) and isinstance(due, float) and not same_value(due, stands):
            yield Changed(name, f"{sheet}!{address}", stands, due)


def _follow(made: Book, changed: Iterable[Changed]) -> Book:
    """Return a workbook as its reader has it who changed parameters: with what follows from them."""
    followed = Book({name: copy(sheet) for name, sheet in made.sheets.items()}, made.names)
    for sheet in followed.sheets.values():
        sheet.cells = dict(sheet.cells)
    for each in changed:
        title, _, address = each.where.rpartition("!")
        with_value(followed, title, address, each.stands)
    for title, address, value in list(recalculated(followed, made)):
        with_value(followed, title, address, value)
    return followed


def _cells(book: Book) -> int:
    return sum(len(sheet.cells) for title, sheet in book.sheets.items() if title != carrying.SHEET)
