"""What kind of document a file is, by what it says of itself (`schema:`), and where one of another kind belongs."""

import re
from pathlib import Path

from cloudplan.base import limits, yamlfile
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import DASH, opened, read_bytes, text_of
from cloudplan.base.yamlfile import Document

WORKLOAD, PRICES, TERMS, PLAN, EDITION = "workload", "prices", "terms", "plan", "edition"
IMPORT_RULES, COMPARISON, ROADMAP = "import-rules", "comparison", "roadmap"
INVENTORY, WORKBOOK, TABLE, QUOTE = "inventory", "workbook", "table", "quote"
"""Kinds of files that have no schema."""
QUOTE_SHEET = "cloudplan"
"""The sheet of the workbook of a quote that carries the priced document."""

NAMES = {
    WORKLOAD: "a workload",
    PRICES: "a price book",
    TERMS: "the terms of a quote",
    PLAN: "a plan",
    ROADMAP: "a roadmap",
    EDITION: "a file of an edition",
    IMPORT_RULES: "the rules of an import",
    COMPARISON: "a comparison",
    INVENTORY: "an inventory",
    WORKBOOK: "a workbook",
    TABLE: "a table",
    QUOTE: "a quote",
}
_ADVICE = {
    WORKLOAD: "`cloudplan size` takes it",
    PRICES: "give it with --prices",
    TERMS: "give them with `cloudplan quote --terms`",
    PLAN: "`cloudplan verify`, `quote`, `orders`, `explain` and `diff` take it",
    ROADMAP: "`cloudplan verify`, `quote`, `orders`, `explain` and `diff` take it",
    EDITION: "give its folder with --catalog",
    IMPORT_RULES: "give them with `cloudplan import --rules`",
    COMPARISON: "give it with `cloudplan quote --comparison`",
}
"""What to do with a file of a kind where another one is wanted."""
_ADVICE_FOR = {
    (WORKLOAD, PLAN): "`cloudplan size WORKLOAD -o plan.json` makes one of it",
    (WORKBOOK, WORKLOAD): "use `cloudplan import`",
    (TABLE, WORKLOAD): "use `cloudplan import`",
}
"""Likewise, where it is the way to the kind that is wanted."""

_SCHEMA = re.compile(r"""^[{ \t]{0,3}["']?schema["']?\s*:\s*["']?(cloudplan/([\w-]+)/v\d+)""", re.MULTILINE)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How workbooks begin: a zip, or the container of older ones and of those with a password."""
_TABLE = re.compile(r"(?![#\[-])[^\n:{]*[^\n:{,;\t][,;\t][^\n:{]*(\n|$)")
"""How a list or an export as CSV begins: a line of names with commas, semicolons or tabs between them."""
_HEAD = 100
_PRINTED = (b"%pdf", b"<!doctype html", b"<html")
"""How files begin that are written for people only, in small letters."""


def is_workbook(data: bytes) -> bool:
    """Return whether the first bytes of a file are those of a workbook."""
    return data.startswith(_WORKBOOKS)


def refuse_other(text: str, name: str, wanted: str) -> None:
    """Raise BadInputError when a text says that it is of another kind than the one that is wanted."""
    said = _SCHEMA.search(text)
    if said and said[2] != wanted:
        line = text.count("\n", 0, said.start(1)) + 1
        raise BadInputError([_other(said[2], wanted, f"{name}:{line}", said[1])])


def _other(kind: str, wanted: str, where: str, schema: str = "") -> Fault:
    what, allowed = NAMES.get(kind, schema), NAMES[wanted]
    advice = _ADVICE_FOR.get((kind, wanted)) or _ADVICE.get(kind, "")
    message = f"{what}, not {allowed}" + (f"; {advice}" if advice else "")
    return Fault(message, where=where, found=what, allowed=allowed)


def kind_of(path: Path) -> str:
    """Return what kind a file is by what is in it, an empty text when it does not say; raise BadInputError as `text`.

    A workbook may be a price book, an inventory or a quote.
    """
    with opened(path, limits.PLAN_BYTES if path == DASH else limits.INVENTORY_BYTES) as file:
        head = file.read(_HEAD)
    if is_workbook(head):
        return WORKBOOK
    if head.lstrip().lower().startswith(_PRINTED):
        return QUOTE
    said = _SCHEMA.search(head.decode("utf-8-sig", errors="ignore"))
    if said is None:
        said = _SCHEMA.search(text_of(read_bytes(path, limits.PLAN_BYTES), str(path)))
    return said[2] if said else ""


def text(path: Path, most: int, wanted: str) -> str:
    """Return the text of a file; raise BadInputError when it cannot be read or is of another kind than `wanted`."""
    return text_in(read_bytes(path, most), str(path), wanted)


def text_in(data: bytes, name: str, wanted: str) -> str:
    """Return bytes as the text of a file; raise BadInputError as `text` does."""
    if is_workbook(data):
        raise BadInputError([_other(WORKBOOK, wanted, name)])
    read = text_of(data, name)
    refuse_other(read, name, wanted)
    if wanted == WORKLOAD and _TABLE.match(read):
        raise BadInputError([_other(TABLE, wanted, name)])
    return read


def document(path: Path, wanted: str) -> Document:
    """Return a YAML file as read; raise BadInputError as `text` does, and when it is not YAML."""
    return yamlfile.parse(text(path, limits.TEXT_BYTES, wanted), str(path))
