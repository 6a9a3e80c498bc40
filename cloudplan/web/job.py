"""A job: a command line in a folder of its own. All that is known of it stands in that folder, and nowhere else.

`job.json` says what is to be run. `started` stands there once it was begun, `ended.json` once it came to its end, and
`cancel` once somebody asked it to stop. The process holds a lock on `lock` for as long as it lives, whoever started it:
that tells a job that runs from one whose process is gone.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloudplan.base import files, limits
from cloudplan.base.errors import BadInputError, Fault

State = Literal["queued", "running", "stopping", "done", "stopped", "failed", "cancelled", "cut", "dropped"]
"""What may be of a job: `stopped` is ended early with a result, `cut` a process that is gone, `dropped` never run."""

OVER: frozenset[State] = frozenset({"done", "stopped", "failed", "cancelled", "cut", "dropped"})
RESULT: frozenset[State] = frozenset({"done", "stopped"})
_TAIL, _ALL = 64_000, 20_000_000
"""Bytes at the end of what a job told that are read for how far it is, and for all else."""
_LINE = 1_000


class Said(BaseModel):
    """What `job.json` says: what is run, for whom, and in which place of the queue."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    schema_name: Literal["cloudplan/job/v1"] = Field(default="cloudplan/job/v1", alias="schema")
    kind: str
    arguments: tuple[str, ...]
    """The command line behind `cloudplan`, as it is run in the folder `files` of the job."""
    order: int
    """The place in the queue: nanoseconds since 1970."""
    project: str = ""
    """The project that it belongs to; empty for one that came by the API."""
    after: str = ""
    """The job that has to end first, whose files it takes."""
    of: str = ""
    """The job whose plan it is about, on whose page it is shown."""
    takes: Mapping[str, str] = {}
    """Which files of that job it takes, and where they stand in its own folder."""


class Ended(BaseModel):
    """What `ended.json` says: the exit status of the command, and None for one that was never run."""

    status: int | None


@dataclass(frozen=True)
class Job:
    """A job, by its folder."""

    id: str
    path: Path
    said: Said

    @property
    def files(self) -> Path:
        """The folder that the command line runs in: its inputs in `in`, its outputs beside them."""
        return self.path / "files"

    @property
    def state(self) -> State:
        """What is of the job now."""
        known = self._ended_state()
        if known:
            return known
        if not (self.path / "started").exists():
            return "cancelled" if self.is_asked_to_end else "queued"
        if self._is_held():
            return "stopping" if self.is_asked_to_end else "running"
        gone: State = "cancelled" if self.is_asked_to_end else "cut"
        return self._ended_state() or gone  # it may have ended in between

    def _ended_state(self) -> State | None:
        ended = self.ended
        if ended is None:
            return None
        if ended.status is None:
            return "dropped"
        if ended.status == 0:
            return "stopped" if self.is_asked_to_end and self.said.kind in ("size", "compare") else "done"
        return "cancelled" if self.is_asked_to_end else "failed"

    @property
    def ended(self) -> Ended | None:
        """How the command ended; None while it has not, or when its process or its machine is gone without a word."""
        try:
            return Ended.model_validate_json((self.path / "ended.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    @property
    def is_asked_to_end(self) -> bool:
        """Whether somebody asked it to stop."""
        return (self.path / "cancel").exists()

    def _is_held(self) -> bool:
        with locked(self.path / "lock", fcntl.LOCK_SH | fcntl.LOCK_NB) as free:
            return not free

    @property
    def pid(self) -> int | None:
        """The process, once it said so itself; it is that of the job only while the lock is held."""
        try:
            return int((self.path / "pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    # --- what it told ------------------------------------------------------------------------------------------------

    def told(self, most: int = _ALL) -> Iterator[dict[str, Any]]:
        """Yield what the command told on stderr, a line of JSON each, the oldest first; of so many bytes at its end."""
        try:
            with (self.path / "stderr").open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - most))
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines:
            with contextlib.suppress(ValueError):
                values = json.loads(line)
                if isinstance(values, dict):
                    yield values

    @property
    def progress(self) -> dict[str, Any] | None:
        """How far a search is, as the command told it last."""
        found = [each["progress"] for each in self.told(_TAIL) if isinstance(each.get("progress"), dict)]
        return found[-1] if found else None

    @property
    def faults(self) -> list[dict[str, Any]]:
        """What is wrong, as the command told it; a crash has its last line."""
        for each in self.told():
            if isinstance(each.get("faults"), list):
                return [fault for fault in each["faults"] if isinstance(fault, dict)]
        ended = self.ended
        if ended and ended.status not in (0, None) and not self.is_asked_to_end:
            lines = _text(self.path / "stderr").strip().splitlines() or [f"exit status {ended.status}"]
            return [Fault(lines[-1][:_LINE]).values]
        return []

    @property
    def notes(self) -> list[str]:
        """What else the command had to say."""
        return [str(each["note"]) for each in self.told() if "note" in each]

    # --- what it wrote -----------------------------------------------------------------------------------------------

    def outputs(self) -> dict[str, Path]:
        """Return the files that the command wrote, by their names below the folder: no links, none half-written."""
        found: dict[str, Path] = {}
        for folder, inner, names in os.walk(self.files):
            below = Path(folder).relative_to(self.files)
            inner[:] = sorted(name for name in inner if (below / name) != Path("in"))
            for name in sorted(names):
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink() and not name.startswith("."):
                    found[str(below / name)] = path
        return found

    def inputs(self) -> Sequence[Path]:
        """Return the files that the command reads."""
        return sorted(path for path in (self.files / "in").iterdir() if path.is_file())


def job_at(path: Path) -> Job | None:
    """Return the job of a folder; None when the folder is none of a job, or one that is being made."""
    try:
        return Job(path.name, path, Said.model_validate_json(files.read_bytes(path / "job.json", limits.TEXT_BYTES)))
    except (BadInputError, ValidationError):
        return None


@contextlib.contextmanager
def locked(path: Path, how: int) -> Iterator[bool]:
    """Hold a lock on a file, as `fcntl.flock` does; say whether it was to be had at once."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, how)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[-_TAIL:].decode(errors="replace")
    except FileNotFoundError:
        return ""
