"""The pages in a browser: from an export to a French quote, for the eye, the keyboard and screen readers."""

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import axe_core_python
import pytest
from browser import WANTED, Browser, Page, browser
from conftest import REPOSITORY, Ran
from serving import Server, estate

from cloudplan.base.printed import read_pdf

pytestmark = pytest.mark.skipif(not WANTED, reason="Chromium is not installed")

EXAMPLES = REPOSITORY / "examples"
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
LONG = "<u id=hit>a</u>" + "very-long-name" * 20
SETTLED = "document.readyState === 'complete' && !document.querySelector('[data-poll]')"
"""A page that is there, with no job on it that goes on."""
WIDTHS = (1440, 390)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that the tests share."""
    with browser(tmp_path_factory.mktemp("profile")) as one:
        yield one


def looked_at(page: Page) -> None:
    """Look at a page in light and dark, at both widths: axe finds nothing, and nothing is wider than the window."""
    page.value(AXE + "; 1")
    page.value("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    for width in WIDTHS:
        page.look(width, dark=width == WIDTHS[1])
        assert page.value("document.documentElement.scrollWidth <= innerWidth"), (width, page.value("location.href"))
        found = page.value(
            "axe.run(document, {resultTypes: ['violations']}).then(told => told.violations.flatMap("
            "each => each.nodes.map(node => [each.id, node.html.slice(0, 200)])))"
        )
        assert found == [], (width, page.value("location.href"))
    page.look(WIDTHS[0])


def test_from_the_export_to_a_french_quote(
    chromium: Browser, served: Server, shared: Path, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    export = shared / "examples" / "inventories" / "rvtools-small.xlsx"
    page = chromium.tab()
    page.look(WIDTHS[0])
    page.open(f"{served.address}fr/")
    names = ("import-rules.yaml", "prices.yaml", "terms.fr.yaml", "logo.png")
    page.choose("#files", export, *(EXAMPLES / name for name in names))
    page.follow("Commencer")
    page.until(f"{SETTLED} && document.querySelector('#keep')")
    text = page.text()
    for words in ("Un inventaire", "Des tarifs", "Les conditions d’un devis", "Les règles d’un import", "Un logo"):
        assert words in text
    assert re.search(r"importé\s+allumée\s+2\s+2\s+6\s+24\s576", text)  # the ledger
    assert re.search(r"silver, all that no later rule says otherwise\s+3", text)  # the rules
    assert "vCPU par cœur physique" in text  # the assumptions
    looked_at(page)
    page.follow("Dimensionner")
    page.until(SETTLED)
    page.follow("Produire le devis et les commandes")
    page.until(f"{SETTLED} && document.querySelectorAll('.job').length === 3")
    assert page.value("document.querySelectorAll('.fault').length") == 0
    looked_at(page)

    links = page.value("[...document.querySelectorAll('a[download]')].map(each => each.href)")
    files = {link.rpartition("/")[2]: served.ask(link.removeprefix(served.address)) for link in links}
    made = {"plan.json", "quote.pdf", "quote.xlsx", "quote.csv", "orders.xlsx", "vms.tfvars.json"}
    box = served.ask(next(link for link in links if link.endswith(".html")).replace("/files/", "/page/"), base="")
    assert "script-src 'sha256-" in box.headers["content-security-policy"]
    assert made <= {name.rpartition("%2F")[2] for name in files}
    pdf = tmp_path / "quote.pdf"
    pdf.write_bytes(files["quote.pdf"].body)
    assert files["quote.pdf"].headers["content-disposition"].startswith("attachment")
    ran = run("verify", pdf)
    assert ran.status == 0 and "As it was made, byte for byte." in ran.out
    taken = [tmp_path / name for name in ("plan.json", "terms.fr.yaml", "logo.png")]
    for path, data in zip(
        taken, [files["plan.json"].body, *((EXAMPLES / path.name).read_bytes() for path in taken[1:])], strict=True
    ):
        path.write_bytes(data)
    assert run("quote", taken[0], "--terms", taken[1], "--lang", "fr", "-o", tmp_path / "quote.xlsx").status == 0
    assert (tmp_path / "quote.xlsx").read_bytes() == files["quote.xlsx"].body
    first = " ".join(read_pdf(pdf.read_bytes(), pdf.name).pages[0].words)
    assert "Devis n° D-2026-0042" in first and "Valable jusqu’au 31/12/2026" in first

    page.follow("Ouvrir la page du dimensionnement")
    assert page.value("document.title").startswith("rvtools-small")
    assert page.value("document.querySelectorAll('#applications button').length") > 0  # its script ran
    assert page.value("self.origin") == "null"  # in a box of its own
    assert page.faults() == []
    assert [each for each in page.requests() if not each.startswith((served.address, "data:"))] == []


def test_how_far_a_search_is_is_shown_and_it_ends_with_its_best_plan(chromium: Browser, served: Server) -> None:
    job = served.add("size", {"workload": estate()})["id"]
    page = chromium.tab()
    page.look(WIDTHS[0])
    page.open(f"{served.address}fr/jobs/{job}")
    while True:  # until it is held where it has a gap to tell
        served.until(job, lambda each: each["progress"] and each["progress"]["gap"])
        served.signal(job, signal.SIGSTOP)
        if served.job(job)["progress"]["gap"]:
            break
        served.signal(job, signal.SIGCONT)
    page.until("document.querySelector('dd[data-text=gap]')?.textContent.includes('%')")
    assert "Meilleur coût trouvé" in page.text()
    looked_at(page)
    served.signal(job, signal.SIGCONT)
    page.follow("Arrêter, et garder le meilleur résultat")
    page.until(SETTLED)
    assert "Arrêté avant la fin, avec le meilleur résultat" in page.text()
    assert "plan.json" in page.text() and "Coût par mois" in page.text()
    assert page.faults() == []


def test_faults_stand_beside_their_lines_and_names_are_text(chromium: Browser, served: Server, tmp_path: Path) -> None:
    vms = [{"name": LONG, "vcpus": "many", "memory_gib": 8, "disks": [{"size_gib": 60}]}]
    tree = {"schema": "cloudplan/workload/v1", "name": LONG, "vms": vms}
    handed_in = tmp_path / f"{LONG[:8].replace('/', '')}{'x' * 200}.yaml"
    handed_in.write_text(json.dumps(tree, indent=1), encoding="utf-8")
    page = chromium.tab()
    page.look(WIDTHS[0])
    page.open(f"{served.address}en/")
    page.choose("#files", handed_in)
    page.follow("Begin")
    assert "vms[0].vcpus: found 'many'" in page.text()
    looked_at(page)
    assert page.value("document.querySelector('.gutter b').textContent") == "▶7\n"
    page.click("Line 7")
    assert page.value(
        "document.getSelection().toString() || text.value.slice(text.selectionStart, text.selectionEnd)"
    ) == ('   "vcpus": "many",')
    page.value("text.value = text.value.replace('\"many\"', '2')")
    page.follow("Keep and check")
    assert "What is wrong" not in page.text()
    assert LONG in page.value("text.value") and page.value("document.querySelector('#hit')") is None
    page.open(f"{served.address}en/")
    looked_at(page)
    assert page.faults() == []
