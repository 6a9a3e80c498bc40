"""What is in a file, as a report and as plain values."""

from typing import Any

from cloudplan.analysis.contents import Contents
from cloudplan.base import kinds
from cloudplan.presentation.tables.table import Column, Notes, Report, Table

CONTENTS_SCHEMA = "cloudplan/contents/v1"
_EDITIONS = "an edition of the catalogue, or several"


def report(found: Contents) -> Report:
    """Return what is in a file for people."""
    table = Table("Contents", (Column("What"), Column("Found")), tuple(found.facts.items()))
    hashes = Notes("SHA-256", tuple(found.hashes.items()))
    what = _EDITIONS if found.kind == kinds.EDITION else kinds.NAMES[found.kind]
    return Report(f"{found.name}: {what}", ("Well-formed.",), (table, hashes))


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
