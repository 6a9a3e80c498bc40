"""Draw the pictures of the documentation from examples: what `cloudplan` makes of them, as an image.

    python docs/pictures.py            # draw all of them anew into docs/pictures

It needs the environment of the tests. A picture is drawn anew where what it shows has changed.
"""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pypdfium2
import yaml

import cloudplan as cp
from cloudplan.base.language import Code

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLES, FOLDER = REPOSITORY / "examples", REPOSITORY / "docs" / "pictures"
PIXELS = 1000
"""Width of a page."""


@cache
def planned(name: str) -> cp.Plan:
    """Return the plan of an example, at the prices of examples/prices.yaml."""
    path = EXAMPLES / f"{name}.yaml"
    edition = cp.load_edition(yaml.safe_load(path.read_text(encoding="utf-8"))["catalog"])
    return cp.optimise(cp.read_workload(path, edition), edition, cp.load_prices(EXAMPLES / "prices.yaml", edition))


def quote(lang: Code, terms: str) -> bytes:
    """Return page 1 of the quote of an example for its customer, as a PNG."""
    data = cp.write_pdf(planned("gpu-and-databases"), cp.read_terms(EXAMPLES / terms), lang=lang, audience="customer")
    page = pypdfium2.PdfDocument(data)[0]
    file = io.BytesIO()
    page.render(scale=PIXELS / page.get_width()).to_pil().quantize(256).save(file, "PNG", optimize=True)
    return file.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "quote.png": lambda: quote("en", "terms.yaml"),
    "devis.png": lambda: quote("fr", "terms.fr.yaml"),
}
"""What draws each picture."""


def main() -> None:
    """Draw every picture."""
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        (FOLDER / name).write_bytes(draw())


if __name__ == "__main__":
    main()
