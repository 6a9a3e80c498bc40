"""A project: what was handed in for one estate, file by file, each told by its content. Nothing is ever overwritten.

The newest workload counts, be it handed in, edited, or imported; likewise the newest price book, terms and rules. All
inventories are one export.
"""

import json
import re
import shutil
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloudplan.analysis import contents
from cloudplan.analysis.recognised import kind_of
from cloudplan.base import files, kinds, limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.foreign_text import clean
from cloudplan.sales.letterhead import size_of
from cloudplan.web.verbs import INVENTORY, LOGO, PRICES, RULES, TERMS, WORKLOAD

KINDS = {
    kinds.INVENTORY: INVENTORY,
    kinds.WORKLOAD: WORKLOAD,
    kinds.PRICES: PRICES,
    kinds.TERMS: TERMS,
    kinds.IMPORT_RULES: RULES,
}
"""The kinds of files that a project takes, and the documents of verbs that they are."""
MAKING = ".making-"
"""How the names of folders begin that are not yet whole, or not any more."""
_NAME = re.compile(r"[^\w.() +-]")
_LONGEST = 100
_LOGO = "letterhead.logo"
"""The field of terms that names a file beside them, which may be handed in later."""


class ProjectSaid(BaseModel):
    """What `project.json` says."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    schema_name: Literal["cloudplan/web-project/v1"] = Field(default="cloudplan/web-project/v1", alias="schema")
    name: str
    order: int


class HandedIn(BaseModel):
    """What `told.json` says of a file that was handed in."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    schema_name: Literal["cloudplan/web-file/v1"] = Field(default="cloudplan/web-file/v1", alias="schema")
    name: str
    """Its name where it came from: foreign text."""
    file: str
    """Its name here."""
    document: str
    """What it is; empty when it is nothing that a project takes."""
    order: int
    edited: bool = False
    facts: Mapping[str, str] = {}
    faults: Sequence[Mapping[str, str | None]] = ()


@dataclass(frozen=True)
class File:
    """A file that was handed in, by its folder."""

    id: str
    path: Path
    said: HandedIn


@dataclass(frozen=True)
class Project:
    """A project, by its folder."""

    id: str
    path: Path
    said: ProjectSaid

    @staticmethod
    def begin(path: Path, name: str) -> None:
        """Write the folder of a project without files."""
        (path / "files").mkdir()
        said = ProjectSaid(name=name, order=time.time_ns())
        (path / "project.json").write_text(said.model_dump_json(by_alias=True), encoding="utf-8")

    def files(self) -> list[File]:
        """Return the files that were handed in, in their order."""
        found = []
        for folder in (self.path / "files").iterdir():
            if folder.name.startswith(MAKING):
                continue
            try:
                told = HandedIn.model_validate_json((folder / "told.json").read_bytes())
            except (OSError, ValidationError):
                continue
            found.append(File(folder.name, folder / told.file, told))
        return sorted(found, key=lambda file: file.said.order)

    def of(self, document: str) -> list[File]:
        """Return the files of a document, in their order; a faulty one too, for what takes it tells why it cannot."""
        return [file for file in self.files() if file.said.document == document]

    def newest(self, document: str) -> File | None:
        """Return the newest file of a document."""
        return next(reversed(self.of(document)), None)

    def hand_in(self, name: str, content: BinaryIO, *, edited: bool = False) -> File:
        """Keep a file, and tell what it is by what is in it."""
        order = time.time_ns()
        staged = self.path / "files" / f"{MAKING}{order}"
        staged.mkdir(mode=0o700)
        try:
            place = staged / safe_name(name)
            with place.open("wb") as file:
                shutil.copyfileobj(content, file)
            document, facts, faults = told_by_content(place, clean(name))
            said = HandedIn(
                name=clean(name)[:_LONGEST],
                file=place.name,
                document=document,
                order=order,
                edited=edited,
                facts=facts,
                faults=[fault.values for fault in faults],
            )
            (staged / "told.json").write_text(said.model_dump_json(by_alias=True), encoding="utf-8")
            staged.rename(self.path / "files" / str(order))
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        return File(str(order), self.path / "files" / str(order) / place.name, said)

    def drop(self, id: str) -> None:
        """Remove a file that was handed in."""
        for file in self.files():
            if file.id == id:
                removed(file.path.parent)


def removed(path: Path) -> None:
    """Remove a folder: at once, so that nobody sees half of it."""
    gone = path.with_name(f"{MAKING}{path.name}")
    path.rename(gone)
    shutil.rmtree(gone)


def project_at(path: Path) -> Project | None:
    """Return the project of a folder; None when the folder is none of a project."""
    try:
        return Project(path.name, path, ProjectSaid.model_validate_json((path / "project.json").read_bytes()))
    except (OSError, ValidationError):
        return None


def safe_name(name: str) -> str:
    """Return a name that any file may have and no command takes for an option, with the extension of another one."""
    last = unicodedata.normalize("NFC", clean(name)).replace("\\", "/").rpartition("/")[2]
    plain = _NAME.sub("_", last).strip(" .").lstrip("-") or "file"
    stem, dot, suffix = plain.rpartition(".")
    return plain if len(plain) <= _LONGEST else f"{stem[: _LONGEST - 10]}{dot}{suffix[:9]}"


def told_by_content(path: Path, name: str) -> tuple[str, Mapping[str, str], Sequence[Fault]]:
    """Return which document a file is, what is in it, and what is wrong with it."""
    try:
        with files.opened(path, limits.INVENTORY_BYTES) as file:
            if size_of(file.read(limits.LOGO_BYTES)):
                return LOGO, {}, ()
        kind = kind_of(path)
        if kind not in KINDS:
            what = kinds.NAMES.get(kind, "nothing that is known here")
            allowed = "an inventory, a workload, a price book, terms, the rules of an import, a logo"
            refused = [Fault(f"{what}; allowed: {allowed}", where=name)]
        else:
            refused = _named(_other_files(path, kind), path, name)
        if refused:
            return "", {}, refused
        if kind == kinds.INVENTORY:  # which is read with the files beside it
            return KINDS[kind], {}, ()
    except BadInputError as error:
        return "", {}, _named(error.faults, path, name)
    try:
        return KINDS[kind], contents.contents(path, kind, None).facts, ()
    except BadInputError as error:
        found = [fault for fault in _named(error.faults, path, name) if fault.path != _LOGO]
        return KINDS[kind], {}, found


def _other_files(path: Path, kind: str) -> list[Fault]:
    """Return the fault of terms that name a logo by a path: they would show a file that nobody handed in."""
    if kind != kinds.TERMS:
        return []
    try:
        document = kinds.document(path, kinds.TERMS)
    except BadInputError:
        return []  # they are told as faulty terms
    letterhead = document.tree.get("letterhead") if isinstance(document.tree, dict) else None
    logo = letterhead.get("logo") if isinstance(letterhead, dict) else None
    if isinstance(logo, str) and not logo.startswith("data:") and Path(logo).name != str(Path(logo)):
        message = "a path; allowed: the name of a file that is handed in"
        return [document.fault(tuple(_LOGO.split(".")), message)]
    return []


def _named(faults: Sequence[Fault], path: Path, name: str) -> list[Fault]:
    """Return faults with the name that a file has for people."""
    return [replace(fault, where=fault.where.replace(str(path), name)) for fault in faults]


def json_of(value: Any) -> bytes:
    """Return plain values as the bytes of a JSON file."""
    return json.dumps(value, ensure_ascii=False).encode()
