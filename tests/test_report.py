"""The page: in headless Chromium nothing leaves it, nothing fails, and foreign text stays text."""

import base64
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import axe_core_python
import pytest
from conftest import Ran, vm
from test_quote import dr_plan, planned  # noqa: F401 - a fixture

from cloudplan.base.language import language
from cloudplan.plan.plan import Plan
from cloudplan.plan.wording import finding_of
from cloudplan.presentation import site_panels
from cloudplan.presentation.html_page import render_page, render_quote_page
from cloudplan.sales.quote import quote

pytestmark = pytest.mark.usefixtures("solved_once")

CHROMIUM = shutil.which("chromium")
WANTED = bool(CHROMIUM) or bool(os.environ.get("CLOUDPLAN_NO_SKIP"))
BARE = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--enable-logging=stderr", "--v=0"),
)
THE_BROWSERS_OWN = ("google.com", "googleapis.com", "gvt1.com")
"""What Chromium asks for by itself, whatever page it shows."""
HOSTILE = "<script>document.title='hit'</script><img src=http://example.com/x onerror=alert(1)>"


class Texts(HTMLParser):
    """Gathers tags, attributes and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def parsed(page: str) -> Texts:
    texts = Texts()
    texts.feed(page)
    return texts


def test_the_page_says_what_the_plan_says(dr_plan: Plan) -> None:  # noqa: F811
    page = render_page(dr_plan, lang="en")
    flat = " ".join(" ".join(parsed(page).texts).split())
    for line in dr_plan.bom:
        assert line.label in flat and line.because in flat and f"{line.monthly:,.2f}".replace(",", " ") in flat
    for cluster in dr_plan.clusters:
        assert cluster.name in flat
    for store in dr_plan.datastores:
        assert store.name in flat
    for finding in dr_plan.findings:
        assert finding.message in flat
    assert "Global Mirror, az05 → az07 · 1 VM · RPO" in flat and "VM replication, az05 → az07 · 3 VMs" in flat
    french = render_page(dr_plan)
    assert '<html lang="fr">' in french and "bordereau des prix" in french
    assert render_page(dr_plan) == render_page(Plan.model_validate_json(dr_plan.to_json()))


def test_the_page_needs_nothing_and_can_be_read_aloud(dr_plan: Plan) -> None:  # noqa: F811
    page = render_page(dr_plan, lang="en")
    found = parsed(page)
    tags = [tag for tag, _ in found.tags]
    data = [given["type"] for tag, given in found.tags if tag == "script" and given]
    assert data == ["application/json"] and tags.count("script") == 2
    assert "img" not in tags and "iframe" not in tags
    script = re.search(r"<script>(.*?)</script>", page, re.S)
    assert script and not re.search("fetch|XMLHttp|import|innerHTML|eval|https?:", script[1])
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page and "default-src 'none'" in page
    links = [value for _, attributes in found.tags for name, value in attributes.items() if name in ("href", "src")]
    assert links and all(value and value.startswith(("#", "data:")) for value in links)
    ids = {attributes["id"] for _, attributes in found.tags if attributes.get("id")}
    assert {value[1:] for value in links if value and value.startswith("#")} <= ids
    assert {"main", "nav", "header", "footer"} <= set(tags) and tags.count("h1") == 1
    assert all(attributes.get("scope") for tag, attributes in found.tags if tag == "th")
    assert all(
        attributes.get("aria-label") or attributes.get("aria-hidden") for tag, attributes in found.tags if tag == "svg"
    )
    shares = re.findall(r"(?:width|left):([0-9.]+)%", render_page(dr_plan))
    assert shares and all(0 <= float(share) <= 100 for share in shares)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_many_clusters_are_folded_below_a_heat_map(dr_plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(site_panels, "FEW_CLUSTERS", 0)
    page = render_page(dr_plan, lang="en")
    capacity = page[page.index('<section id="capacity"') : page.index('<section id="applications"')]
    shown, _, _ = capacity.partition("<details>")
    cells = [len(re.findall("M[0-9.]+ 1h", path)) for path in re.findall(r'<path class="host[^"]*" d="([^"]*)"', shown)]
    first = [cluster for cluster in dr_plan.clusters if cluster.site == "az05"]
    assert sum(cells) == sum(cluster.hosts for cluster in first)
    for cluster in dr_plan.clusters:
        assert f"<h4>{cluster.name}</h4>" in capacity and f"<h4>{cluster.name}</h4>" not in shown
    tips = re.findall(r'<svg class="heat"[^>]*aria-label="([^"]*)"', shown)
    assert [tip.partition(":")[0] for tip in tips] == [cluster.name for cluster in first]


def test_findings_that_say_the_same_are_one_line(dr_plan: Plan) -> None:  # noqa: F811
    names = ("one", "two", "three")
    repeated = [finding_of("info", "vm-without-backup", name, "BKP-4", vm=name) for name in names]
    made = quote(dr_plan)
    some = [found for found in made.plan.findings if found.code != "vm-without-backup"]
    made = replace(made, plan=made.plan.model_copy(update={"findings": (*some, *repeated)}))
    page = render_quote_page(made, language("en"))
    section = page[page.index('<section id="findings"') :].partition("</section>")[0]
    told = [html.unescape(row) for row in section.partition("<tbody>")[2].split("<tr>")[1:]]
    [row] = [row for row in told if "Nothing of one is backed up" in row]
    assert "and 2 more alike" in row and all(f"Nothing of {name} is backed up" in row for name in names)


TEXTS = (
    *(
        ("ink", "paper"),
        ("soft", "paper"),
        ("ink", "panel"),
        ("soft", "panel"),
        ("accent", "paper"),
        ("accent", "panel"),
    ),
    *(("warn-ink", "warn"), ("lost", "paper"), ("paper", "ink")),
)
"""Colours of texts, each on what is behind it."""
BARS = ("memory", "cores", "disks", "swap", "limit")
GRAPHICS = (
    *(*BARS, "edge", "others", "lost", "sb"),
    *(f"{kind}{number}" for kind, most in (("c", 8), ("f", 5), ("s", 6), ("t", 3)) for number in range(most)),
)
"""Colours of what is drawn; bars stand on their track too."""


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_texts_and_graphics_stand_out_in_light_and_dark() -> None:
    page = render_page(planned())
    schemes = re.findall(r":root \{ ([^}]*--warn-ink[^}]*)\}", page)
    assert len(schemes) == 2
    for block in schemes:
        colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block))
        wanted = [(*pair, 4.5) for pair in TEXTS]
        wanted += [(name, paper, 3.0) for name in GRAPHICS for paper in ("paper", "panel")]
        wanted += [(name, "track", 3.0) for name in BARS]
        assert [
            (one, two, round(contrast(colours[one], colours[two]), 2))
            for one, two, least in wanted
            if contrast(colours[one], colours[two]) < least
        ] == []
        drawn = set(re.findall(r"(?:fill|stroke|background): var\(--([a-z0-9-]+)\)", page))
        assert drawn <= {*GRAPHICS, "paper", "panel", "track", "line", "warn", "ink"}


@pytest.mark.skipif(not WANTED, reason="Chromium is not installed")
def test_axe_finds_nothing_in_light_and_dark(dr_plan: Plan, tmp_path: Path) -> None:  # noqa: F811
    """Axe looks at the page with everything unfolded; what it cannot tell is text over a drawing, in charts."""
    engine = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    asked = """;(async () => {
      const found = [];
      for (const scheme of ["light", "dark"]) {
        const style = document.querySelector("style");
        if (scheme === "dark") style.textContent = style.textContent.replace("(prefers-color-scheme: dark)", "all");
        const told = await axe.run(document, {resultTypes: ["violations", "incomplete"]});
        found.push(told.passes.length);
        for (const each of [...told.violations, ...told.incomplete])
          for (const node of each.nodes) found.push([scheme, each.id, node.html.slice(0, 200)]);
      }
      const table = document.querySelector("#applications table"), button = table.querySelectorAll("button")[3];
      const amounts = () => [...table.tBodies[0].rows].map(row => row.cells[3].textContent);
      for (let times = 0; times < 2; times++) { button.click(); found.push({amounts: amounts()}); }
      const shown = document.createElement("pre");
      shown.id = "axe";
      shown.textContent = JSON.stringify(found);
      document.body.append(shown);
    })();"""
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", render_page(dr_plan, lang="en"))
    page = page.replace("<details>", "<details open>").replace("</body>", f"<script>{engine}{asked}</script></body>")
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    assert CHROMIUM
    command = [CHROMIUM, *BARE, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=60000", "--dump-dom"]
    run = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    told = re.search(r'<pre id="axe">(.*?)</pre>', run.stdout, re.DOTALL)
    assert told
    found = json.loads(html.unescape(told[1]))
    passed = [each for each in found if isinstance(each, int)]
    assert len(passed) == 2 and min(passed) > 30
    assert [each for each in found if isinstance(each, list)] == []
    amounts = [[float(text.replace(" ", "")) for text in each["amounts"]] for each in found if isinstance(each, dict)]
    assert len(amounts[0]) > 3 and amounts == [sorted(amounts[0]), sorted(amounts[0], reverse=True)]  # by the script


@pytest.mark.skipif(not WANTED, reason="Chromium is not installed")
def test_in_a_browser_nothing_leaves_and_nothing_fails(tmp_path: Path) -> None:
    plan = planned(
        name=HOSTILE, vms=[vm(name=HOSTILE, pool=HOSTILE[:30]), vm(name="b", disks=[{"size_gib": 9, "backup": False}])]
    )
    page = tmp_path / "report.html"
    page.write_text(render_page(plan), encoding="utf-8")
    log = tmp_path / "net.json"
    assert CHROMIUM
    command = [CHROMIUM, *BARE, f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", "--dump-dom"]
    run = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in run.stderr
    shown = parsed(run.stdout)
    assert HOSTILE in "".join(shown.texts) and "<title>hit" not in run.stdout
    assert [tag for tag, _ in shown.tags if tag in ("script", "img")] == ["script", "script"]  # one is data
    assert "button" in {tag for tag, _ in shown.tags}  # the policy let the script run
    net = json.loads(log.read_text())
    urls = {event["params"]["url"] for event in net["events"] if "url" in event.get("params", {})}
    hosts = {urlsplit(url).hostname or "" for url in urls if url.startswith("http")}
    assert {host for host in hosts if not host.endswith(THE_BROWSERS_OWN)} == set()


def test_the_command(dr_plan: Plan, tmp_path: Path, run: Callable[..., Ran]) -> None:  # noqa: F811
    plan, page = tmp_path / "plan.json", tmp_path / "report.html"
    plan.write_text(dr_plan.to_json())
    assert run("report", plan, "-o", page, "--lang", "en").status == 0
    assert page.read_text(encoding="utf-8") == render_page(dr_plan, lang="en")
    assert run("report", plan, "-o", page).status == 2
    assert run("report", plan).out == render_page(dr_plan)
