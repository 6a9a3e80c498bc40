"""French: every text of a plan and a quote is translated, with its figures, and as French is set."""

import gettext
import importlib.util
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from conftest import REPOSITORY
from test_quote import TERMS, dr_plan, planned  # noqa: F401 - a fixture

import cloudplan as cp
from cloudplan.base.language import ENGLISH, Language, Message, counted, known, language, message
from cloudplan.base.translations import translations as texts_of
from cloudplan.evaluation.reasons import reason_message
from cloudplan.plan.plan import Plan
from cloudplan.plan.wording import finding_message
from cloudplan.presentation.workbook import write_quote
from cloudplan.sales.quote import quote
from cloudplan.sales.terms import read_terms

pytestmark = pytest.mark.usefixtures("solved_once")


@pytest.fixture(scope="module")
def translations() -> ModuleType:
    """The script that keeps the catalogue in step."""
    spec = importlib.util.spec_from_file_location("translations", REPOSITORY / "docs" / "translations.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_text_is_translated(translations: ModuleType) -> None:
    assert translations.main(["--check"]) == 0, "run: python docs/translations.py, and translate what it lists"
    assert len(translations.texts()) > 300


def test_the_program_reads_the_catalogue_as_babel_does(translations: ModuleType, tmp_path: Path) -> None:
    odd = Catalog(locale="fr")
    odd.add('a "quoted"\n\ttext \\n ' * 20, "un texte «\u202f\\\u202f»\n" * 20)
    odd.add(("one {file:w}", "{count} files"), ("un \\t", '{count} "fichiers"', "{count} fichiers"))
    odd.add("not translated", "")
    (tmp_path / "odd.po").write_bytes(translations.po_bytes(odd))
    for catalogue, path in ((translations.catalogue(), translations.PO), (odd, tmp_path / "odd.po")):
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        theirs, ours = gettext.GNUTranslations(compiled), texts_of(path)
        for entry in catalogue:
            for name in entry.id if isinstance(entry.id, tuple) else (entry.id,):
                assert ours.gettext(name) == theirs.gettext(name)
            if isinstance(entry.id, tuple):
                for count in (0, 1, 2, 10**6):
                    assert ours.ngettext(*entry.id, count) == theirs.ngettext(*entry.id, count)


def pairs(translations: ModuleType) -> Iterator[tuple[str, str]]:
    for entry in translations.catalogue():
        if entry.id:
            given = entry.id if isinstance(entry.id, tuple) else (entry.id,)
            said = entry.string if isinstance(entry.string, tuple) else (entry.string,)
            yield from ((given[min(number, len(given) - 1)], text) for number, text in enumerate(said))


NOT_IN_ENGLISH = {
    "{activated_gib} GiB activated ": {"included_gib"},
    "vms[{index}]": {"number"},
    "extras[{index}]": {"number"},
}
"""Values that only French says, by the beginning of the English text: a product, a place counted from 1."""
NOT_IN_FRENCH = {
    "the workload, {place}": {"place"},
    "vms[{index}]": {"index"},
    "extras[{index}]": {"index"},
    "{model} ({value:w})": {"model"},
    "{other_model} ({other:w})": {"other_model"},
    "{quantity:n} {unit:w} x {price": {"unit"},
}
"""Values that French leaves out: field names of the input."""


def test_translations_keep_their_figures_and_french_spaces(translations: ModuleType) -> None:
    for english, french in pairs(translations):
        names, own = (set(re.findall(r"{(\w*)", text)) for text in (english, french))
        assert own - names <= NOT_IN_ENGLISH.get(english[:30], set()), english
        assert names - own <= NOT_IN_FRENCH.get(english[:30], set()), english
        assert not re.search(r"[^\u00a0\u202f][;!?](\s|$)| [;!?:»%](\s|$)|«[^\u202f]", french), french
        assert "'" not in french and '"' not in french.replace('"{edition}"', ""), french


class Missing(gettext.NullTranslations):
    """Notes every text that the catalogue does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.asked.add(msgid1)
        return msgid1 if n == 1 else msgid2


def test_no_text_of_a_plan_or_a_quote_is_left_in_english(
    dr_plan: Plan,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoken, missing = Language("fr"), Missing()
    spoken._texts.add_fallback(missing)
    monkeypatch.setattr("cloudplan.presentation.text.language", lambda _: spoken)
    for plan in (dr_plan, planned(), planned(policy={"host_failures": 0})):
        for style in ("terminal", "markdown"):
            assert "par mois" in cp.render(plan, style=style, lang="fr")  # type: ignore[arg-type]
        for audience in ("internal", "customer"):
            write_quote(quote(plan, read_terms(TERMS), audience), spoken)  # type: ignore[arg-type]
    foreign = {"EUR"}
    figures_only = {text for text in missing.asked if not re.sub(r"{[^}]*}|\d", "", text).strip(" ,.()[]:;-")}
    assert missing.asked - foreign - figures_only == set()


def test_every_finding_and_reason_is_found_again(dr_plan: Plan) -> None:  # noqa: F811
    french = language("fr")
    for plan in (dr_plan, planned(), planned(policy={"host_failures": 0})):
        for finding in plan.findings:
            made = finding_message(finding.code, finding.message, finding.values)
            assert ENGLISH.said(made) == finding.message and french.said(made) != finding.message
        for line in plan.bom:
            made = reason_message(line.rule, line.because, line.values)
            assert ENGLISH.said(made) == line.because and french.said(made) != line.because
    assert ENGLISH.said(finding_message("unheard-of", "a {b}", {})) == "a {b}"
    assert french.said(reason_message("HA-1", "another program's {words}", {})) == "another program's {words}"


def test_numbers_amounts_and_dates() -> None:
    from datetime import date  # noqa: PLC0415

    french = language("fr")
    assert french.amount(Decimal("1234567.5"), "EUR") == "1\u202f234\u202f567,50\u00a0€"
    assert ENGLISH.amount(Decimal("1234567.5"), "EUR") == "1 234 567.50 EUR"
    assert (french.date(date(2026, 11, 6)), ENGLISH.date(date(2026, 11, 6))) == ("06/11/2026", "2026-11-06")
    assert french.number(Decimal("1234.567")) == "1\u202f234,57"


def test_what_is_filled_in_is_never_translated_nor_taken_for_a_template() -> None:
    french = language("fr")
    assert french.text("Site {site}", site="{name} Total") == "Site {name} Total"
    assert french.said(known("template")) == "modèle"
    assert french.said(known("{x} %s")) == "{x} %s"
    outer = message("{what}: {name}", what=message("Price book"), name="Total")
    assert french.said(outer) == "Tarifs\u00a0: Total"
    assert [french.said(counted("{count:n} host", "{count:n} hosts", n)) for n in (1, 2)] == ["1 hôte", "2 hôtes"]
    assert ENGLISH.said(Message("")) == ""


@pytest.mark.parametrize(("lang", "words"), [("fr", "par mois (prix fictifs)"), ("en", "a month (illustrative")])
def test_the_customer_chooses_the_language_and_the_option_wins(lang: Any, words: str) -> None:
    plan = planned(customer={"lang": lang})
    assert words in cp.render(plan, style="terminal")
    other = "en" if lang == "fr" else "fr"
    assert words not in cp.render(plan, style="terminal", lang=other)
