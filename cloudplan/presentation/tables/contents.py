"""What is in a file, as a report and as plain values."""

from typing import Any

from cloudplan.analysis.contents import Contents
from cloudplan.base import kinds
from cloudplan.base.language import known, message
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.tables.table import Column, Notes, Report, Table

CONTENTS_SCHEMA = "cloudplan/contents/v1"
_EDITIONS = message("an edition of the catalogue, or several").template


def report(found: Contents) -> Report:
    """Return what is in a file for people."""
    rows = tuple((phrase(what), message("{text:day}", text=value)) for what, value in found.facts.items())
    table = Table("Contents", (Column("What"), Column("Found")), rows)
    hashes = Notes("SHA-256", tuple((known(what), sha256) for what, sha256 in found.hashes.items()))
    what = _EDITIONS if found.kind == kinds.EDITION else kinds.NAMES[found.kind]
    return Report(message("{name}: {what:w}", name=found.name, what=what), (message("Well-formed."),), (table, hashes))


def values(found: Contents) -> dict[str, Any]:
    """Return what is in a file as the plain values of the JSON document."""
    return {
        "schema": CONTENTS_SCHEMA,
        "kind": found.kind,
        "name": found.name,
        "well_formed": True,
        "contents": dict(found.facts),
        "sha256": dict(found.hashes),
    }
