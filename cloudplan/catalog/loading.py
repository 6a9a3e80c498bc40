"""Where the editions of the catalogue are: find them, load one, hash its files, refuse a changed one."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cloudplan.base import limits, yamlfile
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import is_folder, read_text
from cloudplan.base.schema import date_of, unknown, validate
from cloudplan.base.yamlfile import Document, Where, dotted
from cloudplan.catalog.edition import Edition, Item, Source

PARTS = ("edition", "blades", "storage", "services", "rules")
FILES = tuple(f"{part}.yaml" for part in PARTS)


@cache
def catalog_folder() -> Path:
    """Return the folder of the shipped catalogue: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_catalog"
    return inside if inside.is_dir() else package.parent / "catalog"


def editions() -> list[str]:
    """Return the names of the shipped editions, oldest first."""
    folder = catalog_folder()
    return list(_names_in(folder, folder.stat().st_mtime_ns))


@lru_cache(maxsize=10)
def _names_in(folder: Path, changed_ns: int) -> tuple[str, ...]:
    """Return the names of the editions in a folder that was changed then, oldest first: nearly every step asks."""
    return tuple(sorted(path.name for path in folder.iterdir() if (path / FILES[0]).is_file()))


def published() -> dict[str, str]:
    """Return the SHA-256 of every edition that was published, by its name; a shipped edition without one is a draft."""
    return dict(yamlfile.read(catalog_folder() / "published.yaml").tree["editions"])


def load_edition(name: str | Path | None = None) -> Edition:
    """Load an edition: a shipped one by its name, one's own by its folder; None is the newest.

    A folder may also be a catalogue, a folder of editions: the newest is taken, the last by name. An unchanged copy of
    an edition that ships is that edition. Raises BadInputError with one fault for everything that is wrong in the
    files, for a published edition that was changed, and for one's own that bears the name of one that ships.
    """
    folder = edition_folder(name)
    if name is None or str(name) in editions():
        return _shipped(folder)
    edition = _known(_in_folder(folder))
    refuse_shipped_name(edition, f"{folder}{os.sep}")
    return edition


def load_shipped(name: str) -> Edition:
    """Load an edition that ships, by its name; raise BadInputError when none bears it, a path included."""
    if name not in editions():
        raise BadInputError([not_shipped(name)])
    return load_edition(name)


def bears_shipped_name(edition: Edition) -> bool:
    """Return whether an edition is one's own and bears the name of one that ships."""
    return not edition.shipped and edition.edition in editions()


def refuse_shipped_name(edition: Edition, prefix: str) -> None:
    """Raise BadInputError for an edition of one's own that bears the name of one that ships."""
    if bears_shipped_name(edition):
        message = f"{edition.edition!r} is the name of an edition that ships, with other files; rename your own"
        raise BadInputError([Fault(message, where=f"{prefix}{FILES[0]}", path="edition")])


def _known(edition: Edition) -> Edition:
    """Return the edition that ships in place of an unchanged copy of it."""
    if edition.edition in editions():
        shipped = load_edition(edition.edition)
        return shipped if shipped.sha256 == edition.sha256 else edition
    return edition


def edition_folder(name: str | Path | None = None) -> Path:
    """Return the folder of an edition, named as for `load_edition`; raise BadInputError when there is none."""
    shipped = editions()
    if name is None or str(name) in shipped:
        return catalog_folder() / (str(name) if name else shipped[-1])
    if is_folder(name):
        return _newest_in(Path(name))
    fault = unknown_edition(str(name))
    raise BadInputError([replace(fault, message=f"{fault.message} or the path of a catalogue folder")])


def not_shipped(name: str) -> Fault:
    """Return the fault, without a place, where only the name of an edition that ships is taken, and no path."""
    fault = unknown_edition(name)
    return replace(fault, message=f"{fault.message}; the folder of one's own is given with --catalog")


def unknown_edition(name: str) -> Fault:
    """Return the fault, without a place, of a name that no edition that ships has.

    For a date the edition that was the newest on that day is suggested, or else the oldest.
    """
    shipped = editions()
    if date_of(name) is None:
        return unknown("edition", name, shipped)
    meant = max((edition for edition in shipped if edition <= name), default=shipped[0])
    allowed = ", ".join(shipped)
    words = f"unknown edition {name!r}; did you mean {meant!r}? (allowed: {allowed})"
    return Fault(words, found=name, allowed=allowed, suggestion=meant)


def edition_from(files: Mapping[str, str], name: str) -> Edition:
    """Return the edition whose files have these texts; `name` stands before a file in every message.

    Raises BadInputError with one fault for everything that is wrong in the files; the name is not looked at.
    """
    missing = [file for file in FILES if not isinstance(files.get(file), str)]
    if missing:
        raise BadInputError([Fault("no such file", where=f"{name}: {file}") for file in missing])
    return _known(_edition({file: files[file] for file in FILES}, f"{name}: "))


def other_skus() -> dict[str, str]:
    """Return SKUs that belong to states of the provider's catalogue without an edition here, with what they are."""
    tree = yamlfile.read(catalog_folder() / "other-skus.yaml").tree
    return dict(tree["skus"])


def editions_in(folder: Path) -> list[Path]:
    """Return the folders of the editions in a catalogue, the oldest first by name; that of an edition is its own."""
    if not is_folder(folder):
        return []
    if any((folder / file).is_file() for file in FILES):
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*/{FILES[0]}"))


def _newest_in(folder: Path) -> Path:
    inside = editions_in(folder)
    if not inside:
        message = f"no edition here: neither the folder nor one in it has {FILES[0]}; an edition is {', '.join(FILES)}"
        raise BadInputError([Fault(message, where=str(folder))])
    return inside[-1]


@cache
def _shipped(folder: Path) -> Edition:
    """Return an edition that ships, as it was published, with the name of the next one."""
    edition = _in_folder(folder)
    if published().get(folder.name, edition.sha256) != edition.sha256:
        message = (
            f"edition {folder.name} was changed after it was published; publish a new edition "
            "(to use your own, copy the folder, rename the edition in it and give its path)"
        )
        raise BadInputError([Fault(message, where=str(folder))])
    later = [name for name in editions() if name > folder.name]
    return edition.model_copy(update={"shipped": True, "superseded": later[0] if later else None})


def _in_folder(folder: Path) -> Edition:
    return _edition({file: read_text(folder / file, limits.TEXT_BYTES) for file in FILES}, f"{folder}{os.sep}")


def _edition(texts: dict[str, str], prefix: str) -> Edition:
    """Return the edition of five files with these texts, checked; `prefix` stands before a file in every message."""
    joined = _joined([yamlfile.parse(text, prefix + file) for file, text in texts.items()])
    faults: list[Fault] = []
    edition = validate(Edition, joined, faults)
    if edition is not None:
        faults.extend(_sold_twice(edition, joined))
        faults.extend(_unknown_documents(edition, joined))
        faults.extend(_unknown_items(edition, joined))
    if edition is None or faults:
        raise BadInputError(faults)
    digest = hashlib.sha256("".join(f"{file}\n{text}" for file, text in texts.items()).encode())
    return edition.model_copy(update={"sha256": digest.hexdigest(), "shipped": False, "files": texts})


def _joined(documents: list[Document]) -> Document:
    """Return one document of the parts of an edition; each value keeps its place in its own file."""
    merged: dict[str, Any] = {}
    joined = Document(merged, documents[0].name)
    for document in documents:
        if not isinstance(document.tree, dict):
            raise BadInputError([document.fault((), "found no mapping; allowed: a mapping")])
        for key, value in document.tree.items():
            if key in merged:
                message = f"{key!r} is given in two files of the edition"
                raise BadInputError([document.fault((key,), message, key=True)])
            joined.files[key] = document.name
            merged[key] = value
        joined.marks.update((where, mark) for where, mark in document.marks.items() if where)
        joined.keys.update(document.keys)
    return joined


def _sold_twice(edition: Edition, document: Document) -> Iterator[Fault]:
    """Yield a fault for each SKU that two items have, or one has twice, as its own or as an alias."""
    first: dict[str, str] = {}
    for where, item in _items(edition):
        spellings = {(*where, "sku"): item.sku}
        spellings |= {(*where, "aliases", index): alias for index, alias in enumerate(item.aliases)}
        for place, sku in spellings.items():
            if sku in first:
                yield document.fault(place, f"SKU {sku} is given twice, by {first[sku]} and by {dotted(where)}")
            first.setdefault(sku, dotted(where))


def _items(edition: Edition) -> Iterator[tuple[Where, Item]]:
    """Yield every item on sale with its place in the files."""
    for group in ("blades", "storage_classes", "services", "extras"):
        for name, item in dict(getattr(edition, group)).items():
            if item is not None:
                yield (group, name), item


def _unknown_documents(edition: Edition, document: Document) -> Iterator[Fault]:
    """Yield a fault for each source that cites a document which the edition does not list."""
    for where, cited in citations(edition):
        if cited not in edition.documents:
            yield document.fault(where, unknown("document", cited, edition.documents))


def _unknown_items(edition: Edition, document: Document) -> Iterator[Fault]:
    """Yield a fault for each item of a certification that is neither an item of the edition nor a section of them."""
    keys = [key for key, _ in edition.keyed_items()]
    allowed = [*dict.fromkeys(key.partition(".")[0] for key in keys), *keys]
    for name, certification in edition.certifications.items():
        for index, item in enumerate(certification.items):
            if item not in allowed:
                yield document.fault(("certifications", name, "items", index), unknown("item", item, allowed))


def citations(value: Any, where: Where = ()) -> Iterator[tuple[Where, str]]:
    """Yield the place of each source in an edition, wherever it stands, and the document that it cites."""
    if isinstance(value, Source):
        yield (*where, "document"), value.document
    elif isinstance(value, BaseModel | dict):
        for name, inner in dict(value).items():
            yield from citations(inner, (*where, name))
