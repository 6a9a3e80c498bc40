"""A quote is made again from what its file carries: every edit is named, and what was only saved again is told so."""

import base64
import copy
import dataclasses
import io
import json
import math
import os
import random
import re
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pypdf.annotations
import pytest
from conftest import Ran, bad_input, vm
from test_quote import DISCOUNTED, TERMS, by_another_engine, planned

from cloudplan.base import limits
from cloudplan.base.cells import Book, Cell, read_book
from cloudplan.base.language import Code, language
from cloudplan.base.printed import read_pdf
from cloudplan.presentation import carried as carrying
from cloudplan.presentation.again import Again, made_again
from cloudplan.presentation.carried import BLOCK, SHEET, Carried, Output, of_page, of_workbook
from cloudplan.presentation.differences import format_text, formula_text, of_books, of_pages, of_prints
from cloudplan.presentation.html_page import render_quote_page
from cloudplan.presentation.page_pieces import pieces_of
from cloudplan.presentation.pdf import render_pdf
from cloudplan.presentation.recalculated import recalculated, with_value
from cloudplan.presentation.workbook import write_annex, write_quote
from cloudplan.sales.quote import Quote, quote
from cloudplan.sales.revision import Cause, Figures, Move, Revision
from cloudplan.sales.terms import read_terms

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]
EDITS = 1000
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def quotes() -> dict[str, Quote]:
    """The quote of a plan at two sites with what changed since another one, for each reader."""
    plan = planned(
        DISCOUNTED,
        name="estate",
        sites={"primary": "az05", "standby": "az07"},
        term_months=36,
        vms=[vm(name="web", count=4), vm(name="db", protection={"rpo": "15m"}, disks=[{"size_gib": 900}])],
    )
    figures = Figures(2, Decimal("1.5"), Decimal("3.00"))
    move = Move("az05", "label", "unit", None, figures, ("workload",))
    change = Revision(Decimal("1.00"), Decimal("4.00"), (Cause(("workload",), Decimal("3.00")),), (move,))
    terms = read_terms({**TERMS, "revision": 1})
    return {
        audience: dataclasses.replace(quote(plan, terms, audience), revision=change)
        for audience in ("customer", "internal")
    }


@pytest.fixture(scope="module")
def workbook(quotes: dict[str, Quote]) -> bytes:
    return write_quote(quotes["customer"], language("fr"))


@pytest.fixture(scope="module")
def page(quotes: dict[str, Quote]) -> str:
    return render_quote_page(quotes["customer"], language("fr"))


@pytest.fixture(scope="module")
def printed(quotes: dict[str, Quote]) -> bytes:
    return render_pdf(quotes["customer"], language("fr"))


def again(data: bytes | str) -> Again:
    return made_again(data.encode() if isinstance(data, str) else data, "file")


def parts_of(data: bytes) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


# --- what a file carries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("audience", "lang"), [("customer", "fr"), ("internal", "en")])
def test_a_quote_is_made_again_byte_for_byte(quotes: dict[str, Quote], audience: str, lang: Code) -> None:
    made, spoken = quotes[audience], language(lang)
    data, text = write_quote(made, spoken), render_quote_page(made, spoken)
    files: dict[Output, bytes | str] = {"workbook": data, "page": text, "annex": write_annex(made, spoken)}
    for output, written in files.items():
        found = again(written)
        assert found.identical and found.holds and found.remade.verdict.checks and found.compared > 200
        assert found.carried == Carried.of(made.priced, output, lang) and found.remade.quote.priced == made.priced
        assert found.remade.quote.revision == made.revision
        assert found.carried.sha256 == made.priced.sha256 and found.carried.lang == lang
    assert made.priced.fingerprint in text and made.priced.fingerprint.replace("-", "") == made.priced.sha256[:20]
    texts = {cell.value for cell in read_book(io.BytesIO(data), "").sheets[spoken.word("Quote")].cells.values()}
    assert any(made.priced.fingerprint in str(text) for text in texts)


def test_the_customer_carries_no_list_price_no_discount_and_no_bound(quotes: dict[str, Quote]) -> None:
    made, inside = quotes["customer"].priced, quotes["internal"]
    tree = json.dumps(made.tree())
    for field in ("list_price", "discount", "lower_bound", "gap", "status", "search", "items", "discounts"):
        assert f'"{field}"' not in tree, field
    assert "items" not in made.plan.inputs.prices and "discounts" not in made.plan.inputs.prices
    assert {line.discount for line in made.plan.bom} == {Decimal(0)} == {made.terms.discount}
    assert [line.monthly for line in made.plan.bom] == [line.net for line in inside.lines]
    assert (made.plan.lower_bound, made.plan.search) == (0, None)
    for secret in (inside.plan.monthly, inside.plan.lower_bound, "12.345", "0.0375", "0.12345", "620.000001"):
        assert str(secret) not in tree
    assert str(inside.plan.monthly) in json.dumps(inside.priced.tree())
    assert made.plan_sha256 == inside.plan.sha256 == inside.priced.plan_sha256


def test_the_fingerprint_is_that_of_all_that_is_agreed(quotes: dict[str, Quote]) -> None:
    made = quotes["customer"]
    other = dataclasses.replace(made, terms=made.terms.model_copy(update={"payment": "60 days"}))
    assert other.priced.fingerprint != made.priced.fingerprint == dataclasses.replace(made).priced.fingerprint


# --- edits --------------------------------------------------------------------------------------------------------


def edited(cell: Cell, dice: random.Random) -> Cell | None:
    """Return a cell as somebody might edit it; None when it is emptied."""
    value: Any = cell.value
    if dice.random() < 0.05:
        return None
    if cell.formula and dice.random() < 0.4:
        digit = dice.choice([at for at, letter in enumerate(cell.formula) if letter.isalnum()])
        other = "7" if cell.formula[digit] != "7" else "8"
        return dataclasses.replace(cell, formula=cell.formula[:digit] + other + cell.formula[digit + 1 :])
    if isinstance(value, float):
        if dice.random() < 0.1:
            return dataclasses.replace(cell, form='0.00"0"')
        return dataclasses.replace(cell, value=value + dice.choice([0.01, -0.01, 1.0, 1000.0]))
    text = str(value)
    at = dice.randrange(len(text))
    return dataclasses.replace(cell, value=dice.choice([text[:at] + text[at + 1 :] + "x", text + " ", text[:at] + "€"]))


def test_a_thousand_edits_are_all_found(workbook: bytes, page: str, printed: bytes) -> None:
    dice = random.Random(18)
    made = read_book(io.BytesIO(workbook), "")
    places = [(name, at) for name, sheet in made.sheets.items() if name != SHEET for at in sheet.cells]
    for number in range(EDITS * 6 // 10):
        name, at = dice.choice(places)
        sheet = copy.copy(made.sheets[name])
        cell = edited(sheet.cells[at], dice)
        sheet.cells = {**sheet.cells, at: cell} if cell else {k: v for k, v in sheet.cells.items() if k != at}
        found = list(of_books(made, Book({**made.sheets, name: sheet}, made.names), SHEET))
        assert [each.where for each in found] == [f"{name}!{at}"], (number, cell, made.sheets[name].cells[at])

    start = page.index(f'id="{BLOCK}"')
    inside = [match.span(1) for match in re.finditer(r'[>"]([^<>"]*\w[^<>"]*)[<"]', page) if match.end() < start]
    spots = [at for low, high in inside for at in range(low, high) if re.match(r"(?<![&#\w])\w+(?!;)\b", page[at:high])]
    at_once = 6
    for _ in range(EDITS * 3 // 10 // at_once):
        text, chosen = page, sorted(dice.sample(spots, at_once), reverse=True)
        for at in chosen:
            text = text[:at] + ("7" if text[at] != "7" else "8") + text[at + 1 :]
        found = list(of_pages(page, text, BLOCK))
        told = " ".join(f"{each.where} {each.stands}" for each in found)
        for at in chosen:
            word = re.match(r"\w+", text[at:])
            assert word and word[0].lower() in told.lower(), (word, text[at - 60 : at + 60])

    sheets = read_pdf(printed, "").pages
    for _ in range(EDITS // 10):
        at = dice.randrange(len(sheets))
        words = list(sheets[at].words)
        word = dice.randrange(len(words))
        words[word] = dice.choice([words[word] + "0", "9" + words[word], words[word][:-1] + "€€"])
        other = [*sheets[:at], dataclasses.replace(sheets[at], words=tuple(words)), *sheets[at + 1 :]]
        (told_of,) = of_prints(sheets, other)
        assert told_of.where == f"page {at + 1}, word {word + 1}" and words[word] in str(told_of.stands)


def resaved(data: bytes, change: Callable[[Any], None]) -> bytes:
    """Return a PDF as another program saves it, after a change."""
    writer, buffer = pypdf.PdfWriter(clone_from=io.BytesIO(data)), io.BytesIO()
    change(writer)
    writer.write(buffer)
    return buffer.getvalue()


def test_a_pdf_is_made_again(quotes: dict[str, Quote], printed: bytes, tmp_path: Path, run: Run) -> None:
    found = again(printed)
    assert found.identical and found.holds and found.remade.quote.priced == quotes["customer"].priced
    pages = read_pdf(printed, "").pages
    assert quotes["customer"].priced.fingerprint in pages[0].words and found.compared > 300
    assert list(of_prints(pages, read_pdf(resaved(printed, lambda _: None), "").pages)) == []

    def edit(writer: Any) -> None:
        content = writer.pages[0].get_contents()
        content.set_data(content.get_data().replace(b"<0013>", b"<0014>", 1))  # another digit
        writer.pages[0][pypdf.generic.NameObject("/Contents")] = content
        writer.add_annotation(0, pypdf.annotations.FreeText(text="50 %", rect=(50, 50, 200, 80)))

    path = tmp_path / "quote.pdf"
    path.write_bytes(resaved(printed, edit))
    ran = run("verify", path, "--format", "json")
    told = json.loads(ran.out)["differences"]
    assert ran.status == 4 and {each["kind"] for each in told} == {"text", "drawing"}, told
    assert {each["where"] for each in told if each["kind"] == "drawing"} == {"page 1, FreeText"}


def test_an_edited_file_is_told_with_what_stands_and_what_stood(workbook: bytes, tmp_path: Path, run: Run) -> None:
    parts = parts_of(workbook)
    bill = next(name for name in parts if name.endswith("sheet2.xml"))
    amount = re.search(rb"</f><v>(\d+)", parts[bill])
    assert amount
    parts[bill] = parts[bill].replace(amount[0], amount[0].replace(b"<v>", b"<v>9"), 1)
    strings = parts["xl/sharedStrings.xml"]
    parts["xl/sharedStrings.xml"] = strings.replace(b">30 days<", b">90 days<").replace(b"30 days", b"90 days")
    assert parts["xl/sharedStrings.xml"] != strings
    path = tmp_path / "quote.xlsx"
    path.write_bytes(zipped(parts))
    ran = run("verify", path, "--format", "json")
    told = json.loads(ran.out)
    assert ran.status == 4 and told["holds"] is told["identical"] is False and told["plan"]["holds"]
    found = {each["where"]: (each["stands"], each["made"]) for each in told["differences"]}
    assert [pair for pair in found.values() if pair[0] == "9" + pair[1] and pair[1].startswith(amount[1].decode())]
    assert [pair for pair in found.values() if "90 days" in pair[0]] and len(found) == 2
    ran = run("verify", path, "--lang", "fr")
    assert ran.status == 4 and "2 endroits diffèrent" in ran.out and "90 days" in ran.out


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("xl/workbook.xml", (b'<sheet name="Capacit\xc3\xa9"', b'<sheet state="hidden" name="Capacit\xc3\xa9"')),
        ("xl/workbook.xml", (b'name="Capacit\xc3\xa9"', b'name="Capacity"')),
        ("xl/workbook.xml", (b"cp_vat_rate", b"cp_vat_rote")),
        ("xl/worksheets/sheet2.xml", (b"&amp;R&amp;8Page", b"&amp;R&amp;8Offre")),
        ("xl/worksheets/sheet2.xml", (b'<row r="6"', b'<row hidden="1" r="6"')),
        ("xl/worksheets/sheet2.xml", (b'<col min="2"', b'<col hidden="1" min="2"')),
        ("xl/styles.xml", (b'formatCode="[$-40C]#,##0.00"', b'formatCode="[$-40C]#,##0.0&quot;0&quot;"')),
    ],
)
def test_what_is_hidden_or_shown_otherwise_is_told(workbook: bytes, name: str, change: tuple[bytes, bytes]) -> None:
    parts = parts_of(workbook)
    assert change[0] in parts[name]
    found = again(zipped({**parts, name: parts[name].replace(*change)}))
    assert not found.holds and found.differences and not found.identical


def test_a_picture_over_the_amounts_is_told(workbook: bytes) -> None:
    parts = parts_of(workbook)
    drawing = b'<wsDr xmlns="x"><absoluteAnchor/></wsDr>'
    rels = b'<Relationships xmlns="r"><Relationship Id="rId9" Target="../drawings/drawing9.xml"/></Relationships>'
    found = again(zipped({**parts, "xl/drawings/drawing9.xml": drawing, "xl/worksheets/_rels/sheet1.xml.rels": rels}))
    assert [(each.kind, each.stands, each.made) for each in found.differences] == [("drawing", "1", "0")]


def carrying_other(data: bytes, edit: Callable[[dict[str, Any]], None]) -> bytes:
    """Return a workbook that carries another document, with its hash: what is seen stays as it was."""
    carried, _ = of_workbook(io.BytesIO(data), "")
    tree = json.loads(carried.text())
    edit(tree["quote"])
    forged = Carried.model_validate({**tree, "sha256": "0" * 64})
    forged = Carried.of(forged.quote, forged.output, forged.lang)
    cells = list(carrying.cells_of(carried)), list(carrying.cells_of(forged))
    parts = parts_of(data)
    for old, new in zip(*cells, strict=True):
        parts["xl/sharedStrings.xml"] = parts["xl/sharedStrings.xml"].replace(old.encode(), new.encode())
    return zipped(parts)


def test_a_document_that_was_edited_too_is_told(workbook: bytes, page: str) -> None:
    def cheaper(tree: dict[str, Any]) -> None:
        tree["terms"]["lines"][0]["unit_price"] = "1.00"

    found = again(carrying_other(workbook, cheaper))
    assert not found.holds and any("2851.65" in str(each.stands) for each in found.differences)
    assert any("Empreinte" in str(each.stands) for each in found.differences)

    def fewer(tree: dict[str, Any]) -> None:
        tree["plan"]["bom"][0]["quantity"] -= 1

    found = again(carrying_other(workbook, fewer))
    assert found.remade.verdict.violations and not found.holds and not found.compared
    sha256 = of_page(page, "").sha256
    first = again(page.replace(sha256, "0" * 64)).differences[0]
    assert (first.where, first.stands, first.made) == ("sha256", "0" * 64, sha256)


# --- saved again --------------------------------------------------------------------------------------------------


def test_a_file_that_was_only_saved_again_is_told_as_such(workbook: bytes, page: str) -> None:
    found = again(zipped(parts_of(workbook)))
    assert found.holds and not found.identical and found.compared > 500
    found = again("\ufeff" + page.replace("\n", "\r\n") + "\n\n")
    assert found.holds and not found.identical


@pytest.mark.skipif(
    shutil.which("soffice") is None and not os.environ.get("CLOUDPLAN_NO_SKIP"),
    reason="LibreOffice is not installed (soffice)",
)
def test_libreoffice_saves_a_quote_that_is_not_told_as_forged(
    quotes: dict[str, Quote], tmp_path: Path, run: Run
) -> None:
    path, other = tmp_path / "quote.xlsx", tmp_path / "other.xlsx"
    path.write_bytes(write_quote(quotes["internal"], language("fr")))
    book = openpyxl.load_workbook(path)
    changes = {"cp_discount": 0.1, "cp_vat_rate": 0.055, "cp_term_months": 24}
    for name, value in changes.items():
        sheet, address = next(book.defined_names[name].destinations)
        book[sheet][address.replace("$", "")] = value
    book.save(other)  # without the values of formulas
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    to = ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", tmp_path / "out", path, other]
    subprocess.run(["soffice", profile, "--headless", *to], check=True, capture_output=True, timeout=240)
    ran = run("verify", tmp_path / "out" / "quote.xlsx")
    assert ran.status == 0 and "Saved again by another program, and not changed" in ran.out
    ran = run("verify", tmp_path / "out" / "other.xlsx", "--format", "json")
    told = json.loads(ran.out)
    assert ran.status == 0 and told["differences"] == []
    assert {each["name"]: each["stands"] for each in told["changed_parameters"]} == changes


def test_a_changed_parameter_is_told_with_what_should_follow_from_it(workbook: bytes, tmp_path: Path, run: Run) -> None:
    parts = parts_of(workbook)
    name = next(name for name, part in parts.items() if b"<v>0.2</v></c>" in part and b"dataValidation" in part)
    parts[name] = parts[name].replace(b"<v>0.2</v></c>", b"<v>0.1</v></c>", 1)
    path = tmp_path / "quote.xlsx"
    path.write_bytes(zipped(parts))
    ran = run("verify", path, "--format", "json")
    told = json.loads(ran.out)
    (changed,) = told["changed_parameters"]
    assert ran.status == 4 and (changed["name"], changed["stands"], changed["made"]) == ("cp_vat_rate", 0.1, 0.2)
    stale = {each["where"].partition("!")[0] for each in told["differences"]}  # what was not reckoned again
    assert "Devis" in stale and changed["where"] not in {each["where"] for each in told["differences"]}
    assert "PARAMETERS THAT WERE CHANGED" in run("verify", path).out


def test_formulas_are_reckoned_as_another_engine_does(quotes: dict[str, Quote], tmp_path: Path) -> None:
    data = write_quote(quotes["internal"], language("en"))
    changes = {"cp_discount": 0.07, "cp_vat_rate": 0.085, "cp_term_months": 12.0}
    others = by_another_engine(data, changes, tmp_path, "formualizer")
    before, after = read_book(io.BytesIO(data), ""), read_book(io.BytesIO(data), "")
    for name, value in changes.items():
        sheet, address = after.names[name].rsplit("!", 1)
        with_value(after, sheet.strip("'"), address.replace("$", ""), value)
    for sheet, address, new in list(recalculated(after, before)):
        with_value(after, sheet, address, new)
    moved = 0
    for title, shown in after.sheets.items():
        for address, cell in shown.cells.items():
            if cell.formula:
                moved += cell.value != before.sheets[title].cells[address].value
                other = others[title, address]
                same = isinstance(cell.value, str) or math.isclose(float(other), float(cell.value or 0), rel_tol=1e-12)
                assert same if isinstance(other, int | float) else other == cell.value, (title, address, cell, other)
    assert moved > 40


def test_formulas_and_formats_have_several_spellings() -> None:
    assert formula_text("SUM('Bill'!A1)&\"'x'!\"") == "SUM(Bill!A1)&\"'x'!\""
    assert format_text('0.00##%;-0.00##%;"–"') == format_text("0.00##%;\\-0.00##%;\\–")
    assert format_text('[$-40C]0%;[$-40C]-0%;"–"') == format_text("[$-40C]0%;\\-0%;\\–")
    assert format_text('#,##0.0"0"') != format_text("#,##0.00")


def test_formulas_that_cells_share_are_read_where_they_stand(workbook: bytes) -> None:
    sheet = (
        b'<worksheet xmlns="m"><sheetData><row r="1"><c r="A1"><f t="shared" si="0">B1*2</f><v>4</v></c></row>'
        b'<row r="2"><c r="A2"><f t="shared" si="0"/><v>6</v></c></row></sheetData></worksheet>'
    )
    book = read_book(io.BytesIO(zipped({**parts_of(workbook), "xl/worksheets/sheet1.xml": sheet})), "")
    assert {at: (c.formula, c.value) for at, c in book.sheets["Devis"].cells.items()} == {
        "A1": ("B1*2", 4.0),
        "A2": ("B2*2", 6.0),
    }


# --- hostile files ------------------------------------------------------------------------------------------------


def hostile(workbook: bytes, page: str) -> Iterator[tuple[str, bytes, str]]:
    parts = parts_of(workbook)
    texts = parts["xl/sharedStrings.xml"]
    carried, _ = of_workbook(io.BytesIO(workbook), "")
    packed = list(carrying.cells_of(carried))[1].encode()
    yield (
        "no document in a workbook",
        zipped({**parts, "xl/workbook.xml": parts["xl/workbook.xml"].replace(b'name="cloudplan"', b'name="other"')}),
        "carries no priced document (sheet 'cloudplan')",
    )
    yield "no document in a page", b"<!doctype html><p>1 000.00</p>", "carries no priced document"
    yield "two documents", page.replace("</body>", page[page.index("<script type") :]).encode(), "allowed: one"
    cut = {**parts, "xl/sharedStrings.xml": texts.replace(packed, packed[:-40])}
    yield "a document that was cut", zipped(cut), "is damaged"
    other = {**parts, "xl/sharedStrings.xml": texts.replace(packed, b"~" + packed)}
    yield "no base64", zipped(other), "is damaged"
    bomb = base64.b64encode(zlib.compress(b" " * (limits.QUOTE_UNPACKED_BYTES + 1))).replace(b"\n", b"")
    yield "a bomb in a cell", zipped({**parts, "xl/sharedStrings.xml": texts.replace(packed, bomb)}), "too large"
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
    yield "a zip without a list", workbook.replace(b"PK\x01\x02", b"PK\x01\x00"), "damaged, or not an Excel workbook"
    yield "entities", zipped({**parts, "xl/worksheets/sheet1.xml": entities}), "damaged, or not an Excel workbook"
    yield "no XML", zipped({**parts, "xl/worksheets/sheet1.xml": b"<worksheet"}), "damaged, or not an Excel workbook"
    yield (
        "a field too many",
        page.replace('"audience":', '"author":"me","audience":').encode(),
        "unknown field 'author'",
    )
    yield "another schema", page.replace("cloudplan/quote/v1", "cloudplan/quote/v9").encode(), "cloudplan/quote/v1"
    yield "no date", page.replace('"valid_from":"2026-', '"valid_from":"26-').encode(), "allowed: a date, YYYY-MM-DD"
    yield "no JSON", page.replace('{"schema":"cloudplan/quote-file/v1"', "{schema").encode(), "in JSON"
    yield (
        "an edition that there is not",
        page.replace('"edition":"2025-01-17"', '"edition":"2025-01-18"')
        .replace('"catalog":"2025-01-17"', '"catalog":"2025-01-18"')
        .encode(),
        "unknown edition",
    )


def test_a_hostile_file_is_one_clear_error(
    workbook: bytes, page: str, printed: bytes, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "QUOTE_UNPACKED_BYTES", 3 * limits.MB)
    taken = resaved(printed, lambda writer: writer._root_object["/Names"].pop("/EmbeddedFiles"))
    twice = resaved(printed, lambda writer: writer.add_attachment("cloudplan-quote.json", b"{}"))
    of_pdf = [("none", taken, "carries no priced document"), ("two", twice, "carries 2 priced documents")]
    of_pdf.append(("cut", printed[:-900], "damaged, or not a PDF"))
    of_pdf.append(("locked", resaved(printed, lambda writer: writer.encrypt("x")), "protected by a password"))
    of_pdf.append(("junk", b"%PDF-1.7\n" + b"1 0 obj<</Length 9999999999>>stream" * 9, "damaged, or not a PDF"))
    for number, (what, data, words) in enumerate([*hostile(workbook, page), *of_pdf]):
        path = tmp_path / f"{number}{'.xlsx' if data.startswith(b'PK') else '.html'}"
        path.write_bytes(data)
        ran = run("verify", path)
        assert (ran.status, len(ran.faults)) == (2, 1) and words in ran.err, (what, ran.err, ran.out)
    monkeypatch.setattr(limits, "QUOTE_CELLS", 10)
    with bad_input() as faults:
        again(workbook)
    assert "too large: more than 10 cells" in str(faults[0])


def test_text_of_a_name_can_end_no_block(quotes: dict[str, Quote]) -> None:
    plan = planned(name="</script><script>alert(1)</script><!--&lt;")
    text = render_quote_page(quote(plan, None, "customer"), language("en"))
    assert (
        text.count("</script>") == text.count("<script")
        and of_page(text, "").quote.plan == quote(plan, None, "customer").plan
    )
    assert again(text).identical


def test_a_quote_is_held_against_a_plan_and_terms(tmp_path: Path, run: Run) -> None:
    plan = planned(DISCOUNTED, vms=[vm(count=2)])
    (tmp_path / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    (tmp_path / "other.json").write_text(planned(DISCOUNTED, vms=[vm(count=30, memory_gib=64)]).to_json())
    (tmp_path / "terms.yaml").write_text(json.dumps(TERMS))
    (tmp_path / "dearer.yaml").write_text(json.dumps({**TERMS, "discount": "0.01", "payment": "90 days"}))
    path = tmp_path / "q.html"
    path.write_text(render_quote_page(quote(plan, read_terms(TERMS), "customer"), language("en")), encoding="utf-8")

    def verified(given: str, *terms: str) -> tuple[int, set[str]]:
        more = ("--terms", tmp_path / terms[0]) if terms else ()
        ran = run("verify", path, "--plan", tmp_path / given, *more, "--format", "json")
        told = json.loads(ran.out)
        assert told["identical"] and told["held_against"] == ("terms" if terms else "plan")
        return ran.status, {each["where"] for each in told["strangers"]}

    assert verified("plan.json") == verified("plan.json", "terms.yaml") == (0, set())
    status, fields = verified("plan.json", "dearer.yaml")
    assert status == 4 and {"terms.payment", "plan.monthly", "plan.bom[0].unit_price"} <= fields
    assert not [field for field in fields if "quantity" in field]
    status, fields = verified("other.json")
    assert status == 4 and {"plan_sha256", "plan.workload.sha256"} <= fields
    ran = run("verify", path, "--plan", tmp_path / "other.json", "--lang", "fr")
    assert "Ce n’est pas un devis de ce qui est donné" in ran.out and ran.status == 4
    assert run("verify", path, "--terms", tmp_path / "terms.yaml").faults == ["--terms: allowed only with --plan"]
    assert "allowed only with a quote" in run("verify", tmp_path / "plan.json", "--plan", path).err


def test_other_options_are_for_plans(workbook: bytes, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "quote.xlsx"
    path.write_bytes(workbook)
    ran = run("verify", path, "--prove", "--catalog", "2025-01-17")
    assert ran.status == 2 and all("allowed only with a plan" in fault for fault in ran.faults)


def test_pieces_have_a_place_of_their_own() -> None:
    text = "<main id=a><p>one<br>two</p><p>three <b>four</b> five</p></main>"
    assert pieces_of(text, BLOCK)["main[1]#a/p[2]/text[2]"] == "five"


def test_a_long_document_is_packed_in_a_page(quotes: dict[str, Quote], monkeypatch: pytest.MonkeyPatch) -> None:
    made = next(iter(quotes.values()))
    plain = Carried.of(made.priced, "page", "en")
    monkeypatch.setattr(carrying, "LONG", 100)
    packed = carrying.block_of(plain)
    assert len(packed) < len(plain.text()) / 2 and not packed.startswith("{")
    page = f'<html><script type="application/json" id="{BLOCK}">{packed}</script></html>'
    assert of_page(page, "") == plain
    with bad_input() as faults:
        of_page(page.replace(packed, packed[:-8]), "page.html")
    assert "page.html: block" in str(faults[0])
