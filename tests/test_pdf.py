"""The quote as PDF: nothing is cut, the same bytes, no network, what public buyers read, what a letterhead may be."""

import html
import io
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import weasyprint
from conftest import Ran, bad_input, png, vm, workload
from PIL import Image
from pypdf import PdfReader
from weasyprint.formatting_structure.boxes import TextBox

import cloudplan as cp
from cloudplan.base.errors import InternalError, MachineError
from cloudplan.base.language import language
from cloudplan.plan.plan import Plan
from cloudplan.presentation import pdf
from cloudplan.presentation.pdf import render_html, render_pdf
from cloudplan.sales.letterhead import SIDE_MAX, contrast_of, logo_text, size_of
from cloudplan.sales.quote import quote
from cloudplan.sales.terms import Terms, lacking, read_terms

pytestmark = pytest.mark.usefixtures("solved_once")

ISO_DATES = {"11", "26", "12", "2026"}
"""Parts of the dates, which French writes otherwise."""
EN, FR = language("en"), language("fr")
NUMBER = "D-2026-118"
COMPANY: dict[str, Any] = {
    **{
        "name": "Example Hosting",
        "legal_form": "SAS",
        "capital": "1 000 000 €",
        "address": "1 rue de l’Exemple, Paris",
    },
    **{"trade_register": "RCS Paris 123 456 789", "registration": "123 456 789", "vat_number": "FR00 123456789"},
}
TERMS: dict[str, Any] = {
    **{"number": NUMBER, "issued": "2026-11-26", "valid_until": "2026-12-26", "revision": 1},
    **{"issuer": COMPANY, "customer": {"name": "Customer SA"}, "payment": "30 days"},
    "lines": [{"label": "Set-up", "one_off": True, "unit": "day", "unit_price": 950}],
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    edition = cp.load_edition()
    vms = [vm(name="web", count=4), vm(name="db", vcpus=8, memory_gib=64, protection={"rpo": "15m"})]
    wanted = workload(catalog=edition.edition, sites={"primary": "az05", "standby": "az07"}, term_months=36, vms=vms)
    return cp.optimise(cp.read_workload(wanted, edition), edition, cp.load_prices())


def made(plan: Plan, terms: dict[str, Any], audience: Any = "customer", spoken: Any = FR) -> str:
    return html.unescape(render_html(quote(plan, read_terms(terms), audience), spoken))


def texts(tree: Any) -> Iterator[str]:
    """Yield the texts of plain values, without those that are keys."""
    if isinstance(tree, dict | list):
        for inner in tree.values() if isinstance(tree, dict) else tree:
            yield from texts(inner)
    elif isinstance(tree, str):
        yield tree


def numbered(word: str, count: int) -> str:
    """Return a text in which every word is another one."""
    return " ".join(f"{word}{number:04}" for number in range(count))


# --- nothing is cut ----------------------------------------------------------------------------------------------


def test_every_word_of_long_terms_is_on_a_page(plan: Plan) -> None:
    party = {**COMPANY, **{name: numbered(name[:4], 60) for name in ("name", "address", "capital", "trade_register")}}
    long = {
        **TERMS,
        **{"number": numbered("number", 12), "reference": numbered("reference", 60), "subject": numbered("subj", 90)},
        **{"issuer": party, "customer": {**party, "name": numbered("buyer", 300), "address": numbered("street", 500)}},
        "conditions": {
            name: numbered(f"{name[:3]}cond", 80) for name in ("late_interest", "service_level", "delivery")
        },
        "mentions": [numbered("mention", 900), "x" * 3000],
        "lines": [
            {"label": numbered(f"label{number:03}x", 12), "unit": f"unit{number:04}", "unit_price": "999999999.99"}
            for number in range(70)
        ],
    }
    data = render_pdf(quote(plan, read_terms(long), "customer"), FR)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]
    flat = re.sub(r"\s", "", "\n".join(pages))
    wanted = {word for text in texts(long) for word in re.findall(r"\w+", text)}
    assert len(wanted) > 3000 and {word for word in wanted if word not in flat} <= ISO_DATES
    assert "x" * 3000 in flat and flat.count("999999999,99") == 2 * 70
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} / {len(pages)}" in page and "Devis n° number0000" in page.replace("\u00a0", " ")
    with_lines = [page for page in pages if "unit00" in page]
    assert len(with_lines) > 1 and all("Désignation" in page for page in with_lines)


@pytest.mark.parametrize("audience", ["customer", "internal"])
def test_nothing_leaves_its_page(plan: Plan, audience: Any) -> None:
    dear = [{"label": "W" * 300, "unit": "U" * 60, "quantity": "999999999", "unit_price": "1.123456789012"}]
    wide = {**TERMS, "customer": {"name": "W" * 400, "address": "w@" * 800}, "number": "N" * 300, "lines": dear}
    source = render_html(quote(plan, read_terms(wide), audience), EN)
    for page in weasyprint.HTML(string=source, url_fetcher=pdf._fetcher(weasyprint, None)).render().pages:
        texts = [box for box in page._page_box.descendants() if isinstance(box, TextBox) and box.text.strip()]
        assert len(texts) > 5
        for box in texts:
            assert box.position_x >= 0 and box.position_x + box.width <= page.width, box.text
            assert box.position_y >= 0 and box.position_y + box.height <= page.height, box.text


# --- the same bytes, nothing fetched -------------------------------------------------------------------------------


def test_the_same_quote_is_the_same_bytes(plan: Plan, tmp_path: Path) -> None:
    offered = quote(plan, read_terms(TERMS), "customer")
    data = render_pdf(offered, FR)
    reader = PdfReader(io.BytesIO(data))
    assert reader.metadata and reader.metadata.title == f"Devis n° {NUMBER}"
    assert reader.metadata.author == "Example Hosting" and plan.workload.sha256 in str(reader.metadata["/Keywords"])
    assert str(reader.metadata["/CreationDate"]).startswith("D:20261126")
    assert list(reader.attachments) == ["cloudplan-quote.json"]
    (tmp_path / "plan.json").write_text(plan.to_json())
    (tmp_path / "terms.yaml").write_text(json.dumps(TERMS))
    code = (
        "import cloudplan as cp, sys; plan, terms = cp.read_plan(sys.argv[1]), cp.read_terms(sys.argv[2]); "
        "sys.stdout.buffer.write(cp.write_pdf(plan, terms, lang='fr', audience='customer'))"
    )
    other = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", code, tmp_path / "plan.json", tmp_path / "terms.yaml"]
    assert subprocess.run(command, capture_output=True, check=True, env=other).stdout == data


def test_only_the_logo_and_the_fonts_are_fetched(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = {**TERMS, "customer": {"name": '<img src="http://example.com/x.png">', "address": "url(http://a.b/)"}}
    hostile["mentions"] = ["<style>@import url(http://example.com)</style>", "</p><script>1</script>"]
    offered = quote(plan, read_terms(hostile), "customer")
    assert '<img src="http://example.com/x.png">' in made(plan, hostile)
    assert not [tag for tag in ("<script>", '<img src="http', "<style>@import") if tag in render_html(offered, FR)]
    monkeypatch.setattr(
        pdf, "render_html", lambda *_: '<p>x</p><img src="http://example.com/x.png"><img src="file:///etc/passwd">'
    )
    with pytest.raises(InternalError, match=r"example\.com"):
        render_pdf(offered, FR)


def test_without_the_extra_an_error_says_what_to_install(
    plan: Plan, tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MachineError, match=r"cloudplan\[pdf\].*libpango-1.0-0"):
        cp.write_pdf(plan)
    (tmp_path / "plan.json").write_text(plan.to_json())
    ran = run("quote", tmp_path / "plan.json", "-o", tmp_path / "q.pdf", "-o", tmp_path / "q.csv")
    assert ran.status == 1 and "pip install 'cloudplan[pdf]'" in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json"]


# --- what it says ------------------------------------------------------------------------------------------------


def test_a_company_agrees_and_a_public_buyer_orders(plan: Plan) -> None:
    company = made(plan, TERMS)
    assert (
        "« Bon pour accord »" in company.replace("\u202f", " ") and "majoré de 10" in company and "40\u00a0€" in company
    )
    assert "SAS au capital de 1 000 000 €" in company and "RCS Paris 123 456 789" in company and "SIREN" not in company
    buyer = {"name": "CHU", "kind": "public", "payment_days": 50, "commitment": "E-77", "registration": "1" * 14}
    public = made(plan, {**TERMS, "customer": buyer})
    assert "Bon pour accord" not in public and "Pour l’acheteur" in public and f"SIRET {'1' * 14}" in public
    assert "50\u00a0jours" in public and "engagement n°\u00a0E-77" in public and "majoré de 8" in public
    assert "30 days of receipt" in made(plan, {**TERMS, "customer": {"name": "CHU", "kind": "public"}}, spoken=EN)


def test_illustrative_prices_are_marked_on_every_page(plan: Plan) -> None:
    long = {**TERMS, "mentions": [numbered("mention", 500)]}
    pages = PdfReader(io.BytesIO(render_pdf(quote(plan, read_terms(long)), EN))).pages
    assert len(pages) > 1 and all("ILLUSTRATIVE PRICES" in page.extract_text() for page in pages)
    book = plan.prices.model_copy(update={"illustrative": False})
    real = replace(quote(plan), plan=plan.model_copy(update={"prices": book}))
    assert "ILLUSTRATIVE" not in render_html(real, EN) and "ILLUSTRATIVE" in render_html(quote(plan), EN)


# --- the letterhead ----------------------------------------------------------------------------------------------


def test_a_letterhead_is_refused_with_one_fault_for_each_thing(tmp_path: Path) -> None:
    (tmp_path / "logo.gif").write_bytes(b"GIF89a")
    (tmp_path / "cut.png").write_bytes(png()[:-8])
    (tmp_path / "wide.png").write_bytes(png(SIDE_MAX + 1, 1))
    (tmp_path / "large.png").write_bytes(png() + bytes(1_000_001))
    for logo, message in {
        "none.png": "no such file",
        "logo.gif": "allowed: a PNG or JPEG image of at most 4000 pixels a side",
        "cut.png": "not an image, or a damaged one",
        "wide.png": "4001 x 1 pixels; allowed",
        "large.png": "too large: more than 1 MB",
        ".": "this is a folder",
    }.items():
        (tmp_path / "terms.yaml").write_text(f'letterhead: {{logo: "{logo}", colour: red}}')
        with bad_input() as faults:
            read_terms(tmp_path / "terms.yaml")
        assert len(faults) == 2 and faults[0].path == "letterhead.logo" and message in faults[0].message, logo
        assert "found 'red'; allowed: a colour, # and six hexadecimal digits" in faults[1].message
    with bad_input() as faults:
        read_terms({"letterhead": {"colour": "#ffcc00"}})
    assert "white can be read: contrast >= 4.5, here 1.5" in str(faults[0])
    with bad_input() as faults:
        read_terms({"customer": {"payment_days": 30, "commitment": "x"}})
    assert [fault.path for fault in faults] == ["customer.payment_days", "customer.commitment"]
    with bad_input() as faults:
        read_terms({"customer": {"kind": "public", "payment_days": 61}})
    assert "allowed: a whole number from 1 to 60" in str(faults[0])


def test_a_logo_travels_with_the_terms(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png(30, 20))
    (tmp_path / "terms.yaml").write_text("letterhead: {logo: logo.png, colour: '#0B4A3A'}")
    terms = read_terms(tmp_path / "terms.yaml")
    assert terms == Terms.model_validate_json(terms.model_dump_json(by_alias=True))
    assert terms.letterhead.colour == "#0b4a3a" and size_of(png(30, 20)) == (30, 20)
    assert len(PdfReader(io.BytesIO(render_pdf(quote(plan, terms), FR))).pages[0].images) == 1
    assert "<img" in render_html(quote(plan, terms), FR) and "<img" not in render_html(quote(plan), FR)
    damaged = png()[:41] + b"\0" * 4 + png()[45:]
    with pytest.raises(ValueError, match="damaged"):
        logo_text(damaged)


def test_a_jpeg_is_measured_and_a_damaged_image_is_refused(plan: Plan) -> None:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(file, "JPEG", progressive=True)
    data = file.getvalue()
    assert size_of(data) == (40, 30) and size_of(data[:-20]) is None and size_of(data[:8]) is None
    assert logo_text(data).startswith("data:image/jpeg;base64,")
    head, tail = data[:-60], data[-2:]
    unreadable = png(9, 9).replace(zlib.compress((b"\0" + b"\x1f\x4e\x79" * 9) * 9), b"")
    assert size_of(head + tail) == (40, 30) and size_of(unreadable) is None
    kind = b"IDAT" + b"junk"
    at = png().index(b"IDAT") - 4
    broken = png()[:at] + len(b"junk").to_bytes(4) + kind + zlib.crc32(kind).to_bytes(4) + png()[-12:]
    terms = read_terms({"letterhead": {"logo": logo_text(broken)}})
    with bad_input() as faults:
        render_pdf(quote(plan, terms), EN)
    assert faults[0].path == "letterhead.logo" and "the image is damaged" in faults[0].message


def test_what_a_french_quote_lacks_is_told(plan: Plan, tmp_path: Path, run: Callable[..., Ran]) -> None:
    assert lacking(read_terms(TERMS)) == ()
    buyer = {"name": "CHU", "kind": "public"}
    assert lacking(read_terms({**TERMS, "customer": buyer})) == ("customer.registration",)
    (tmp_path / "plan.json").write_text(plan.to_json())
    ran = run("quote", tmp_path / "plan.json", "-o", tmp_path / "q.pdf")
    told = "number, issued, issuer.name, issuer.legal_form, issuer.address, issuer.trade_register"
    assert (ran.status, ran.err.splitlines()[1:]) == (
        0,
        [f"What a quote in France also has, and the terms lack: {told}."],
    )


def test_contrast_is_that_of_wcag() -> None:
    assert (round(contrast_of("#000000"), 1), round(contrast_of("#ffffff"), 1)) == (21.0, 1.0)
    assert round(contrast_of("#767676"), 2) == 4.54
