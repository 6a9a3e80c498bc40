"""The folder that a batch writes to: plans, quotes, and a ledger of what became of each workload.

A line of the ledger is written before the files that it tells of, and files are written whole or not at all. So a file
that stands here is known to be ours, whenever a run was cut; a workload is done when the ledger and its files agree.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from cloudplan.analysis.batch import Done
from cloudplan.analysis.outcome import Outcome, plain
from cloudplan.base import files, limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.hashing import canonical_json
from cloudplan.base.schema import validate
from cloudplan.base.yamlfile import json_document

LEDGER, SUMMARIES = "batch.jsonl", ("summary.csv", "summary.xlsx", "summary.html")
SHOWN = 5
"""Faults of one kind that are told."""


@dataclass(frozen=True)
class Wanted:
    """A workload that is to be sized: its name, the hash of all that it follows from, the files that are written."""

    name: str
    key: str
    files: Sequence[str]


class Folder:
    """A folder of a batch, and what its ledger says."""

    def __init__(self, path: Path):
        self.path = path
        self._outcomes: dict[str, Outcome] = {}
        self._written: dict[str, set[str]] = {}
        """The SHA-256 of all that was ever written here by a name."""
        self._read()

    @property
    def _ledger(self) -> Path:
        return self.path / LEDGER

    def _read(self) -> None:
        if not self._ledger.exists():
            return
        text = files.read_text(self._ledger, limits.PLAN_BYTES)
        whole, _, cut = text.rpartition("\n")
        if cut:  # the last run was cut in the middle of a line
            files.write_all({self._ledger: f"{whole}\n".encode() if whole else b""})
        faults: list[Fault] = []
        for number, line in enumerate(whole.splitlines(), start=1):
            where = f"{self._ledger}:{number}"
            outcome = validate(Outcome, json_document(line, where, "an outcome of a batch"), faults)
            if outcome:
                self._note(outcome)
        if faults:
            raise BadInputError(faults)

    def _note(self, outcome: Outcome) -> None:
        self._outcomes[outcome.name] = outcome
        for name, sha256 in outcome.files.items():
            self._written.setdefault(name, set()).add(sha256)

    def kept(self, name: str, key: str) -> Outcome | None:
        """Return what became of a workload when that still holds: of the same key, lasting, with its files in place."""
        found = self._outcomes.get(name)
        if found is None or found.key != key or not key or not found.lasting:
            return None
        return found if all(self._sha256(file) == sha256 for file, sha256 in found.files.items()) else None

    def refuse(self, wanted: Sequence[Wanted], inputs: Sequence[Path], *, force: bool) -> None:
        """Raise BadInputError for files that would be replaced: an input, with `force` too; what is not ours.

        What is ours, but was made from other inputs, is not replaced either.
        """
        read = {path.resolve() for path in inputs}
        faults = [
            Fault("exists, and no batch wrote here; use --force to overwrite it", where=str(self.path / name))
            for name in SUMMARIES
            if (self.path / name).exists() and not self._outcomes and not force
        ]
        faults += [
            Fault(words, where=str(self.path / name))
            for each in wanted
            for name in each.files
            for words in self._refusals(each, name, read, force=force)
        ]
        if len(faults) > SHOWN:
            faults = [*faults[:SHOWN], Fault(f"and {len(faults) - SHOWN} more like these", where=str(self.path))]
        if faults:
            raise BadInputError(faults)

    def _refusals(self, wanted: Wanted, name: str, read: Set[Path], *, force: bool) -> Iterator[str]:
        path, known = self.path / name, self._outcomes.get(wanted.name)
        if path.resolve() in read:
            yield "this is an input; give another folder"
        elif force or not path.exists():
            return
        elif known is None or self._sha256(name) not in self._written.get(name, ()):
            yield "exists, and no batch wrote it so; use --force to overwrite it"
        elif known.key != wanted.key:
            yield "exists, made from other inputs, options or another program; use --force, or another folder"

    def begin(self) -> None:
        """Take away the summary of an earlier run: one that is there is of a run that came to its end."""
        for name in SUMMARIES:
            (self.path / name).unlink(missing_ok=True)

    def keep(self, done: Done) -> Outcome:
        """Write what a workload came to, and return it with the hashes of its files."""
        contents = {f"{done.outcome.name}{extension}": data for extension, data in done.files.items()}
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
        outcome = done.outcome.model_copy(update={"files": hashes})
        with self._ledger.open("ab") as ledger:
            ledger.write(f"{canonical_json(plain(outcome))}\n".encode())
        files.write_all({self.path / name: data for name, data in contents.items()})
        self._note(outcome)
        return outcome

    def _sha256(self, name: str) -> str | None:
        path = self.path / name
        return files.sha256_of(path) if path.is_file() else None

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Have the folder for this run alone; raise BadInputError when another one writes to it."""
        try:
            import fcntl  # noqa: PLC0415 - not on every system
        except ImportError:
            yield
            return
        handle = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BadInputError([Fault("another batch writes here now", where=str(self.path))]) from None
            yield
        finally:
            os.close(handle)
