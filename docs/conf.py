"""How Sphinx makes a site of these pages: `just site`.

The pages stay plain Markdown. What only a site has is added as they are read: where each stands among the others.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import cloudplan

ROOT = Path(__file__).parent.parent

_project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
project, release = "cloudplan", _project["version"]
author = copyright = _project["authors"][0]["name"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
source_suffix = {".md": "markdown"}
include_patterns = [
    "docs/*.md",
    "docs/**/*.md",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "benchmarks/README.md",
    "examples/README.md",
]
exclude_patterns = [".*/**", "build/**"]

myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
suppress_warnings = ["misc.highlighting_failure"]  # of csv, which Pygments does not know
autodoc_typehints = "signature"

html_theme = "furo"
html_title = f"cloudplan {release}"
html_static_path: list[str] = []
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}

DOORS = {
    "Tutorials": ["/README", "/docs/tutorial", "/docs/tutorial-export-to-quote", "/docs/gallery"],
    "How to": ["/docs/how-to/[!a]*"],
    "Reference": ["/docs/reference/*", "/docs/glossary", "/examples/README"],
    "Explanation": ["/docs/explanation/*", "/benchmarks/README", "/docs/decisions/*"],
    "The program itself": ["/CONTRIBUTING", "/docs/how-to/add-*", "/CHANGELOG", "/SECURITY"],
}
"""What stands together in the navigation, as patterns of pages."""


def _as_site(_app: Any, name: str, source: list[str]) -> None:
    """Add what plain Markdown has no word for: the navigation, names to link to, and the docstrings of the library."""
    text = re.sub(r'^<a id="([\w-]+)"></a>$', r"(\1)=", source[0], flags=re.MULTILINE)
    if name == root_doc:
        for caption, pages in DOORS.items():
            text += _block("{toctree}", ":hidden:", ":glob:", f":caption: {caption}", "", *pages)
    if name == "docs/reference/api":
        for public in cloudplan.__all__:
            kind = "autofunction" if not isinstance(getattr(cloudplan, public), type) else "autoclass"
            text += f"\n## {public}\n" + _block("{eval-rst}", f".. {kind}:: cloudplan.{public}")
    source[0] = text


def _block(kind: str, *lines: str) -> str:
    return "\n".join(["", f"```{kind}", *lines, "```", ""])


def _with_first_page(app: Any, failure: Exception | None) -> None:
    """Send who opens the site to its first page."""
    if failure is None and app.builder.format == "html":
        page = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={root_doc}.html">'
        (Path(app.outdir) / "index.html").write_text(
            f'{page}<title>cloudplan</title>\n<a href="{root_doc}.html">cloudplan</a>\n'
        )


def _without_fields(
    _app: Any, _kind: str, _name: str, thing: Any, _options: Any, *_signature: str
) -> tuple[str, str] | None:
    """Leave out the signature of what is read from files: its fields are in the reference of the file."""
    return ("", "") if isinstance(thing, type) and issubclass(thing, BaseModel) else None


def setup(app: Any) -> None:
    """Connect what these pages need beside their text."""
    app.connect("source-read", _as_site)
    app.connect("autodoc-process-signature", _without_fields)
    app.connect("build-finished", _with_first_page)
