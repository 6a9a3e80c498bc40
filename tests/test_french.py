"""French as it is written: no calque of the list, the provider's names on the bill, every command in French."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY, Ran
from test_language import Missing

import cloudplan as cp
from cloudplan.base import kinds
from cloudplan.base.language import language
from cloudplan.base.yamlfile import Document
from cloudplan.catalog.loading import editions, load_edition
from cloudplan.plan.plan import Plan
from cloudplan.presentation.html_page import render_page
from cloudplan.presentation.text import render
from cloudplan.presentation.workbook import write_workbook
from cloudplan.sales.terms import read_terms
from cloudplan.workload.reading import pinned_edition

pytestmark = pytest.mark.usefixtures("solved_once")

CALQUES = (
    *("Hypothèses des chiffres", "Le plan par", "Le plan correspond", "Nomenclature", "Prix utilisés", "Constats"),
    *("hôtes chargés", "hôte chargé", "un LUN", "LUN maximal", "dont 1 répliqués", "tel que demandé dans extras"),
    *("De l’activée", "De la physique", "Physique après panne", "Cœurs remplis", "sur l’activée", "La panne :"),
    *("Taux de changement", "Pair", "se demandent par demande", "vSphere en veut", "Périmé", "Établi avec"),
    *("Obtenu par", "Accord du client", "policy.", "host_failures", "0.5 des"),
)
"""What must stand in no French output; spaces that never break a line are told as blanks."""
ENGLISH_WORDS = re.compile(r"\b(the|of|and|is|are|with|from|which|without|nothing|every|was|its)\b")
"""What an English sentence hardly does without."""
FRENCH_NAMES = {
    "ECO blade v3": "Lame ECO v3",
    "PERFORMANCE 1 blade v3": "Lame PERFORMANCE 1 v3",
    "DR - VMware replication between availability zones": "PRA - Replication VMware inter-AZ",
    "STORAGE - Global replication SAN": "STOCKAGE - Global Replication SAN",
}
EXAMPLES = ("two-zones-dr", "web-shop")


def plain(text: str) -> str:
    return " ".join(re.sub("[\u00a0\u202f]", " ", text).split())


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    examples = REPOSITORY / "examples"
    read = {name: kinds.document(examples / f"{name}.yaml", kinds.WORKLOAD) for name in EXAMPLES}
    return {name: sized(document) for name, document in read.items()}


def sized(document: Document) -> Plan:
    edition = cp.load_edition(pinned_edition(document))
    return cp.optimise(cp.read_workload(document, edition), edition, cp.load_prices())


def texts_of(plan: Plan, folder: Path) -> dict[str, str]:
    """Everything that is said of a plan in French."""
    import openpyxl  # noqa: PLC0415

    path = folder / "quote.xlsx"
    path.write_bytes(write_workbook(plan, lang="fr"))
    book = openpyxl.load_workbook(path)
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    return {
        "terminal": render(plan, style="terminal", lang="fr"),
        "markdown": render(plan, style="markdown", lang="fr"),
        "page": re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]*>", " ", render_page(plan, lang="fr"), flags=re.S),
        "workbook": "\n".join([*book.sheetnames, *cells]),
    }


def test_no_calque_of_the_list_stands_in_any_output(plans: dict[str, Plan], tmp_path: Path) -> None:
    said = set()
    for plan in plans.values():
        for where, text in texts_of(plan, tmp_path).items():
            whole = plain(text)
            said |= {word for word in ("Tarifs", "Points d’attention", "hôtes actifs", "1 LUN") if word in whole}
            for calque in CALQUES:
                assert not re.search(rf"(?<!\w){re.escape(calque)}(?!\w)", whole), (where, calque)
    assert said == {"Tarifs", "Points d’attention", "hôtes actifs", "1 LUN"}


def test_items_of_every_edition_have_a_french_name() -> None:
    french = language("fr")
    for name in editions():
        for item in load_edition(name).items():
            said = french.word(item.label)
            assert said and (said != item.label or not ENGLISH_WORDS.search(said)), item.label
    for english, name in FRENCH_NAMES.items():
        assert french.word(english) == name


COMMANDS = (
    *("explain plan.json", "explain plan.json {vm}", "explain plan.json 1", "verify plan.json"),
    *("explain plan.json {cluster}", "explain plan.json {store}", "explain plan.json --by group"),
    *("verify workload.yaml", "verify prices.yaml"),
    *("diff plan.json --term 36", "compare workload.yaml --vary policy.host_failures=0,1 --breakpoints"),
    *("relax workload.yaml", "prices check prices.yaml", "prices diff prices.yaml prices.yaml"),
    *("import vms.csv -o imported.yaml", "size --locked plan.json --format table"),
    *("catalog list", "catalog show 2025-01-17", "catalog show eco:v3", "catalog check", "catalog rules"),
    *("catalog rules HA-1", "catalog rules AFF-1", "catalog diff 2025-01-17 2025-01-30"),
)
NOT_YET = ("catalog diff 2025-01-17 2026-04-30", "catalog show 2025-09-02 encryption")
"""Commands that still say sentences in English: what a change means for a plan, remarks on items."""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_nothing_in_english(
    command: str, plans: dict[str, Plan], tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plans["web-shop"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    for name, source in {"workload": "web-shop", "prices": "prices"}.items():
        text = (REPOSITORY / "examples" / f"{source}.yaml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "vms.csv").write_text("name,vcpus,memory_gib,disk_gib\na,2,8,60\n", encoding="utf-8")
    french, missing = language("fr"), Missing()
    monkeypatch.setattr(french._texts, "_fallback", missing)
    names = {"vm": next(iter(plan.clusters[0].placement[0])), "cluster": plan.clusters[0].name}
    ran = run(*command.format(**names, store=plan.datastores[0].name).split(), "--lang", "fr")
    assert ran.status == 0, ran.err
    templates = {text for text in missing.asked if "{" in text and re.sub(r"{[^}]*}|[^\w]", "", text)}
    assert templates == set()
    lines = [line for line in plain_lines(ran.out) if ENGLISH_WORDS.search(line)]
    assert lines == []


def plain_lines(text: str) -> list[str]:
    """Return the lines without what is a citation of the catalogue."""
    return [line for line in text.splitlines() if not re.search("documentation|Usage|KASTEN", line)]


def test_every_command_has_lang(run: Callable[..., Ran]) -> None:
    for command in (
        "explain",
        "compare",
        "relax",
        "diff",
        "requote",
        "verify",
        "import",
        "catalog list",
        "prices check",
    ):
        assert "--lang" in run(*command.split(), "--help").out, command


@pytest.mark.parametrize("command", NOT_YET)
def test_what_is_not_in_french_yet_is_listed(command: str, run: Callable[..., Ran]) -> None:
    out = run(*command.split(), "--lang", "fr").out
    assert any(map(ENGLISH_WORDS.search, out.splitlines())), f"{command} is in French now: move it to COMMANDS"


def test_the_french_terms_are_those_of_the_english_ones() -> None:
    english, french = (read_terms(REPOSITORY / "examples" / name) for name in ("terms.yaml", "terms.fr.yaml"))
    words = {"number", "reference", "issuer", "billing", "payment", "conditions", "mentions", "lines"}
    kept = [terms.model_dump(exclude=words) for terms in (english, french)]
    assert kept[0] == kept[1]
    assert french.conditions.model_fields_set == english.conditions.model_fields_set
    amounts = [[(line.quantity, line.unit_price, line.kind) for line in terms.lines] for terms in (english, french)]
    assert amounts[0] == amounts[1]
