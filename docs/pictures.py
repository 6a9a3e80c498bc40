"""Draw the pictures of the documentation from examples: what `cloudplan` makes of them, as an image.

    python docs/pictures.py                # draw all of them anew into docs/pictures
    python docs/pictures.py page.png       # draw some of them

It needs the environment of the tests, and Chromium for the page. A picture is drawn anew where what it shows has
changed.
"""

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
import yaml
from PIL import Image

import cloudplan as cp
from cloudplan.analysis.breakpoints import breakpoints
from cloudplan.analysis.compare import compare
from cloudplan.base.language import Code, language
from cloudplan.optimiser.memory import Memory
from cloudplan.optimiser.optimise import optimise
from cloudplan.plan.origin import Origin, origin_of
from cloudplan.presentation.html_page import render_quote_page
from cloudplan.presentation.tables.compare import values
from cloudplan.sales.phase_quotes import quote_over_time
from cloudplan.sales.quote import quote as quoted
from cloudplan.sales.whatifs import ComparisonFile, whatifs

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES, FOLDER = REPOSITORY / "examples", REPOSITORY / "docs" / "pictures"
PIXELS = 1000
"""Width of a page on paper."""
WINDOW, SHOWN = "1180,2200", (0, 0, 1180, 1560)
"""Size of the window of the browser, and what of it is shown."""
SHOWN_OVER_TIME = (0, 0, 1180, 1097)


@cache
def planned(name: str, optimise: Callable[..., Any] = cp.optimise) -> Any:
    """Return the plan of an example, or its roadmap, at the prices of examples/prices.yaml."""
    path = EXAMPLES / f"{name}.yaml"
    edition = cp.load_edition(yaml.safe_load(path.read_text(encoding="utf-8"))["catalog"])
    return optimise(cp.read_workload(path, edition), edition, cp.load_prices(EXAMPLES / "prices.yaml", edition))


def quote(lang: Code, terms: str) -> bytes:
    """Return page 1 of the quote of an example for its customer, as a PNG."""
    data = cp.write_pdf(planned("gpu-and-databases"), cp.read_terms(EXAMPLES / terms), lang=lang, audience="customer")
    page = pypdfium2.PdfDocument(data)[0]
    file = io.BytesIO()
    page.render(scale=PIXELS / page.get_width()).to_pil().quantize(256).save(file, "PNG", optimize=True)
    return file.getvalue()


@cache
def compared(name: str) -> ComparisonFile:
    """Return what else there was to choose for an example, as `compare -o compare.json --breakpoints` writes it."""
    plan = planned(name)
    origin = origin_of(plan)
    memory = Memory()

    def solved(asked: Origin) -> cp.Plan:
        return optimise(asked.workload, asked.edition, asked.prices, memory=memory)

    return ComparisonFile.model_validate(values(compare(origin, solved), breakpoints(origin, plan, solved)))


def page(lang: Code) -> bytes:
    """Return the top of the page of an example for its customer, as a PNG."""
    plan = planned("two-zones-dr")
    told = whatifs(compared("two-zones-dr"), plan, "comparison", amounts=True, internal=False)
    return drawn(render_quote_page(replace(quoted(plan, audience="customer"), whatifs=told), language(lang)), SHOWN)


def over_time(lang: Code) -> bytes:
    """Return the top of the page of a roadmap for its customer, as a PNG."""
    made = quote_over_time(planned("three-years", cp.roadmap), audience="customer")
    return drawn(render_quote_page(made, language(lang)), SHOWN_OVER_TIME)


def drawn(shown: str, box: tuple[int, int, int, int]) -> bytes:
    """Return what a browser shows of a page in a box, as a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "page.html", Path(folder) / "page.png"
        source.write_text(shown, encoding="utf-8")
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={folder}/profile", f"--window-size={WINDOW}", f"--screenshot={target}"]
        subprocess.run([*command, source.as_uri()], check=True, capture_output=True, timeout=120)
        file = io.BytesIO()
        Image.open(target).convert("RGB").crop(box).quantize(256).save(file, "PNG", optimize=True)
        return file.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "quote.png": lambda: quote("en", "terms.yaml"),
    "devis.png": lambda: quote("fr", "terms.fr.yaml"),
    "page.png": lambda: page("en"),
    "page-fr.png": lambda: page("fr"),
    "over-time.png": lambda: over_time("en"),
}
"""What draws each picture."""


def main(names: Sequence[str]) -> None:
    """Draw the pictures of these names, or every one."""
    FOLDER.mkdir(exist_ok=True)
    for name in names or PICTURES:
        (FOLDER / name).write_bytes(PICTURES[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
