"""Where the editions of the catalogue are: find them, load one, hash its files."""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cloudplan import yamlfile
from cloudplan.catalog import Edition, Source
from cloudplan.errors import BadInputError, Fault
from cloudplan.schema import unknown, validate

PARTS = ("edition", "blades", "storage", "services", "rules")


def catalog_folder() -> Path:
    """Return the folder of the shipped catalogue: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parent
    inside = package / "_catalog"
    return inside if inside.is_dir() else package.parent / "catalog"


def editions() -> list[str]:
    """Return the names of the shipped editions, oldest first."""
    return sorted(path.parent.name for path in catalog_folder().glob("*/edition.yaml"))


def load_edition(name: str | Path | None = None) -> Edition:
    """Load an edition: a shipped one by its name, one's own by its folder; None is the newest.

    Raises BadInputError with one fault for everything that is wrong in the files of the edition.
    """
    shipped = editions()
    if name is None:
        return _load(catalog_folder() / shipped[-1], shipped=True)
    if str(name) in shipped:
        return _load(catalog_folder() / str(name), shipped=True)
    if Path(name).is_dir():
        return _load(Path(name), shipped=False)
    raise BadInputError([Fault(unknown("edition", str(name), shipped) + " or the path of a catalogue folder")])


def other_skus() -> dict[str, str]:
    """Return SKUs that belong to states of the provider's catalogue without an edition here, with what they are."""
    tree = yamlfile.read(catalog_folder() / "other-skus.yaml").tree
    return dict(tree["skus"])


@cache
def _load(folder: Path, *, shipped: bool) -> Edition:
    merged: dict[str, Any] = {}
    joined = yamlfile.Document(merged, str(folder))
    digest = hashlib.sha256()
    for part in PARTS:
        path = folder / f"{part}.yaml"
        document = yamlfile.read(path)
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
        if not isinstance(document.tree, dict):
            raise BadInputError([document.fault((), "found no mapping; allowed: a mapping")])
        for key, value in document.tree.items():
            joined.files[key] = str(path)
            if key in merged:
                raise BadInputError([document.fault((key,), f"{key!r} is given in two files of the edition")])
            merged[key] = value
        joined.marks.update((where, mark) for where, mark in document.marks.items() if where)
        joined.keys.update(document.keys)
    faults: list[Fault] = []
    edition = validate(Edition, joined, faults)
    if edition is None:
        raise BadInputError(faults)
    faults.extend(_citations(edition, folder))
    if faults:
        raise BadInputError(faults)
    return edition.model_copy(update={"sha256": digest.hexdigest(), "shipped": shipped})


def _citations(edition: Edition, folder: Path) -> list[Fault]:
    """Return a fault for each SKU that is sold twice and each source that cites an unknown document."""
    faults, seen = [], set()
    for item in edition.items():
        for sku in (item.sku, *item.aliases):
            if sku in seen:
                faults.append(Fault(f"SKU {sku} is given twice", where=str(folder)))
            seen.add(sku)
    for document in _cited(edition):
        if document not in edition.documents:
            faults.append(Fault(unknown("document", document, edition.documents), where=str(folder)))
    return faults


def _cited(value: Any) -> Iterator[str]:
    """Yield the documents that the facts of an edition cite, wherever they stand."""
    if isinstance(value, Source):
        yield value.document
    elif isinstance(value, BaseModel):
        for _, inner in value:
            yield from _cited(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _cited(inner)
