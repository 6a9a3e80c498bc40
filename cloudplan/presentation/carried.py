"""What the file of a quote carries: the priced document, in which language it is said, and how that is put into a file.

A workbook has it on a sheet that is not shown, which spreadsheets keep when they save; a page in a block of data, a PDF
as an attached file.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import IO, Annotated, Literal

from pydantic import Field

from cloudplan.base import kinds, limits
from cloudplan.base.cells import Book, read_book
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import text_of
from cloudplan.base.language import Code
from cloudplan.base.printed import Printed, read_pdf
from cloudplan.base.schema import Frozen, validate
from cloudplan.base.yamlfile import json_document
from cloudplan.sales.priced import Priced

Output = Literal["workbook", "annex", "page", "pdf"]
"""What is made of a quote: the workbook, its technical sheets alone, the page, the PDF."""
ATTACHED = "cloudplan-quote.json"
"""The file that is attached to a PDF."""
SHEET = kinds.QUOTE_SHEET
"""The sheet of a workbook that carries the document; its other texts are for people who find it."""
SAYS = "The priced document of this quote, from which `cloudplan verify` makes it again. Do not change it."
CHUNK = 32_000
"""Characters of a cell: Excel takes 32 767."""
LONG = 100_000
"""Characters of the document from which a page has it packed, as a workbook does: a plan of 10 000 VMs has millions."""
BLOCK = "cloudplan-quote"
"""The id of the block of data in a page."""
_WHAT = "the priced document of a quote"
_LACKS = "carries no priced document ({where}): not a quote of cloudplan, or that was taken out of it"


class Carried(Frozen):
    """What a file carries: the priced document with its hash, which output the file is, and in which language."""

    schema_name: Literal["cloudplan/quote-file/v1"] = Field(default="cloudplan/quote-file/v1", alias="schema")
    output: Output
    lang: Code
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    quote: Priced

    @classmethod
    def of(cls, priced: Priced, output: Output, lang: Code) -> "Carried":
        """Return what a file carries."""
        return cls(output=output, lang=lang, sha256=priced.sha256, quote=priced)

    def text(self) -> str:
        """Return it as JSON text without blanks; the same document gives the same text."""
        tree = {**self.model_dump(mode="json", by_alias=True, exclude={"quote"}), "quote": self.quote.tree()}
        return json.dumps(tree, separators=(",", ":"), ensure_ascii=False)


def cells_of(carried: Carried) -> Iterator[str]:
    """Yield the texts of the cells that carry it, one below the other: for people, then for the program."""
    packed = _packed(carried.text())
    yield SAYS
    yield from (packed[start : start + CHUNK] for start in range(0, len(packed), CHUNK))


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def block_of(carried: Carried) -> str:
    """Return it as text that may stand in a `<script>` of data: no tag can end or begin in it; a long one is packed."""
    text = carried.text()
    if len(text) > LONG:
        return _packed(text)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def of_workbook(file: IO[bytes], name: str) -> tuple[Carried, Book]:
    """Return what a workbook carries, and its cells.

    Raises BadInputError when it carries nothing, or what cannot be read.
    """
    book = read_book(file, name)
    if SHEET not in book.sheets:
        raise BadInputError([Fault(_LACKS.format(where=f"sheet {SHEET!r}"), where=name)])
    cells = book.sheets[SHEET].cells
    texts: list[str] = []
    while isinstance(text := getattr(cells.get(f"A{len(texts) + 2}"), "value", None), str):
        texts.append(text)
    return _read(_unpacked("".join(texts), f"{name}: sheet {SHEET!r}"), f"{name}: sheet {SHEET!r}"), book


def of_page(text: str, name: str) -> Carried:
    """Return what a page carries; raise BadInputError as `of_workbook` does."""
    found = _Block()
    found.feed(text)
    if not found.texts:
        raise BadInputError([Fault(_LACKS.format(where=f"block {BLOCK!r}"), where=name)])
    if len(found.texts) > 1:
        raise BadInputError([Fault(f"carries {len(found.texts)} priced documents; allowed: one", where=name)])
    place, said = f"{name}: block {BLOCK!r}", found.texts[0]
    return _read(said if said.lstrip().startswith("{") else _unpacked(said, place), place)


def of_pdf(data: bytes, name: str) -> tuple[Carried, Printed]:
    """Return what a PDF carries, and its pages; raise BadInputError as `of_workbook` does."""
    printed = read_pdf(data, name)
    found = printed.attached.get(ATTACHED, ())
    if not found:
        raise BadInputError([Fault(_LACKS.format(where=f"attached file {ATTACHED!r}"), where=name)])
    if len(found) > 1:
        raise BadInputError([Fault(f"carries {len(found)} priced documents; allowed: one", where=name)])
    place = f"{name}: {ATTACHED}"
    return _read(text_of(found[0], place), place), printed


class _Block(HTMLParser):
    """Gathers the blocks of data of a page that bear the id."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag == "script" and ("id", BLOCK) in attrs
        if self.inside:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[-1] += data


def _unpacked(text: str, name: str) -> str:
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(base64.b64decode(text, validate=True), limits.QUOTE_UNPACKED_BYTES)
        if not unpacking.eof and not unpacking.unconsumed_tail:
            raise ValueError("it ends too early")
        if unpacking.unconsumed_tail:
            most = limits.QUOTE_UNPACKED_BYTES // limits.MB
            raise BadInputError([Fault(f"too large: more than {most} MB unpacked", where=name)])
        return data.decode()
    except (ValueError, binascii.Error, zlib.error) as error:
        raise BadInputError([Fault(f"{_WHAT} is damaged: {error}", where=name)]) from None


def _read(text: str, name: str) -> Carried:
    faults: list[Fault] = []
    document = json_document(text, name, _WHAT)
    carried = validate(Carried, document, faults)
    if carried is None:
        raise BadInputError(faults)
    return carried
