"""PDFs that others may have touched: the words of each page, what lies on it, and the files that are attached.

pypdf comes with the extra `cloudplan[pdf]`; only here is it imported, and only when a PDF is read.
"""

import io
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloudplan.base import limits
from cloudplan.base.errors import BadInputError, Fault, MachineError, told_as_damage

DAMAGED = "damaged, or not a PDF"
_MISSING = "a PDF is read with the extra cloudplan[pdf]: pip install 'cloudplan[pdf]'; found: {error}"
_LINKS = ("/Link", "/Popup")
"""Notes that show nothing of their own."""


@dataclass(frozen=True)
class PrintedPage:
    """A page: its words in their order, and how many notes, stamps, fields and pictures lie on it, by kind."""

    words: tuple[str, ...]
    laid: Mapping[str, int]


@dataclass(frozen=True)
class Printed:
    """The pages of a PDF, and its attached files by name; a name may be there more than once."""

    pages: tuple[PrintedPage, ...]
    attached: Mapping[str, tuple[bytes, ...]]
    producer: str


def read_pdf(data: bytes, name: str) -> Printed:
    """Return what stands in a PDF; raise BadInputError when it is damaged, locked, none, or has too many pages.

    Raises MachineError when pypdf is not installed.
    """
    pypdf = _pypdf()
    with told_as_damage(DAMAGED, name):
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise BadInputError([Fault("protected by a password; save it without one", where=name)])
        if len(reader.pages) > limits.QUOTE_PAGES:
            raise BadInputError([Fault(f"too large: more than {limits.QUOTE_PAGES} pages", where=name)])
        pages = tuple(_page(page) for page in reader.pages)
        attached = {str(title): tuple(found) for title, found in reader.attachments.items()}
        producer = str(reader.metadata.producer or "") if reader.metadata else ""
    return Printed(pages, attached, producer)


def _page(page: Any) -> PrintedPage:
    laid: Counter[str] = Counter()
    for note in page.get("/Annots") or ():
        kind = str(note.get_object().get("/Subtype", "")).removeprefix("/")
        is_signature = kind == "Widget" and note.get_object().get("/FT") == "/Sig"
        if f"/{kind}" not in _LINKS and not is_signature:
            laid[kind] += 1
    laid.update("Image" for _ in _images(page.get("/Resources")))
    return PrintedPage(tuple(page.extract_text().split()), dict(laid))


def _images(resources: Any) -> Iterator[str]:
    named = resources.get_object().get("/XObject") if resources else None
    for title, drawn in named.get_object().items() if named else ():
        if drawn.get_object().get("/Subtype") == "/Image":
            yield title


def _pypdf() -> Any:
    """Return pypdf, quiet: what is wrong with a file is told as a fault."""
    try:
        import pypdf  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MachineError([Fault(_MISSING.format(error=error))]) from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    return pypdf
