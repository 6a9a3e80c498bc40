"""The folder of a server: projects and jobs, each in a folder of its own, and who uses it.

What is in it is found by looking, so that nothing can be out of step after a crash. A folder is made beside its place
and moved there whole.
"""

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.web.job import OVER, Job, Said, job_at, locked
from cloudplan.web.project import MAKING, Project, project_at, removed

MARK = "cloudplan-serve"
"""The file that says whose folder it is: what stands in a folder without it is somebody else's."""
_ID = re.compile(r"[0-9a-f]{12}")


class Folder:
    """The folder of a server."""

    def __init__(self, path: Path):
        self.path = path.absolute()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Have the folder for this server alone, made if it is not there.

        Raises BadInputError for a folder that another server or somebody else has, and for one that holds something
        else.
        """
        with contextlib.ExitStack() as held:
            try:
                self.path.mkdir(mode=0o700, exist_ok=True)
                if not (self.path / MARK).exists() and any(self.path.iterdir()):
                    message = "there is something else in this folder; give a new one, or one of `cloudplan serve`"
                    raise BadInputError([Fault(message, where=str(self.path))])
                self.path.chmod(0o700)  # it may have been there before, for others too
                if not held.enter_context(locked(self.path / MARK, fcntl.LOCK_EX | fcntl.LOCK_NB)):
                    raise BadInputError([Fault("another server uses this folder now", where=str(self.path))])
                for name in ("projects", "jobs", "tmp"):
                    (self.path / name).mkdir(mode=0o700, exist_ok=True)
                for pattern in (f"*/{MAKING}*", f"projects/*/files/{MAKING}*", "tmp/*"):
                    for left in self.path.glob(pattern):
                        _gone(left)
            except OSError as error:
                raise BadInputError([Fault(f"cannot be used: {error.strerror}", where=str(self.path))]) from None
            yield

    # --- jobs --------------------------------------------------------------------------------------------------------

    def jobs(self) -> list[Job]:
        """Return all jobs, the newest first."""
        found = [job for job in (job_at(path) for path in _inside(self.path / "jobs")) if job]
        return sorted(found, key=lambda job: -job.said.order)

    def job(self, id: str) -> Job | None:
        """Return a job, None when there is none of this id."""
        return job_at(self.path / "jobs" / id) if _ID.fullmatch(id) else None

    def add_job(
        self,
        kind: str,
        arguments: Sequence[str],
        inputs: Mapping[str, Path | bytes],
        *,
        project: str = "",
        of: Job | None = None,
        after: Job | None = None,
        takes: Mapping[str, str] | None = None,
    ) -> Job:
        """Add a job to the queue, with its input files by their names in `in`."""
        said = Said(
            kind=kind,
            arguments=tuple(arguments),
            order=time.time_ns(),
            project=project,
            of=of.id if of else "",
            after=after.id if after else "",
            takes={name: f"in/{place}" for name, place in (takes or {}).items()},
        )
        return self._queued(said, inputs)

    def again(self, job: Job) -> Job:
        """Add a job once more, with its inputs, and the jobs that were to take its files."""
        new = self._copy(job, {})
        for other in self.jobs():
            if other.said.after == job.id and other.state == "dropped":
                self._copy(other, {"after": new.id, "of": new.id if other.said.of == job.id else other.said.of})
        return new

    def _copy(self, job: Job, changed: Mapping[str, str]) -> Job:
        said = job.said.model_copy(update={"order": time.time_ns(), **changed})
        taken = {Path(place).name for place in said.takes.values()}
        return self._queued(said, {path.name: path for path in job.inputs() if path.name not in taken})

    def _queued(self, said: Said, inputs: Mapping[str, Path | bytes]) -> Job:
        with self._made("jobs") as (path, id):
            (path / "files" / "in").mkdir(parents=True)
            for name, source in inputs.items():
                _put(source, path / "files" / "in" / name)
            (path / "job.json").write_text(said.model_dump_json(by_alias=True, indent=1), encoding="utf-8")
        return Job(id, self.path / "jobs" / id, said)

    def taken_in(self, content: BinaryIO) -> Path:
        """Return a file of this folder with some content, which `add_job` takes from, and `let_go` removes."""
        handle, name = tempfile.mkstemp(dir=self.path / "tmp")
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(content, file)
        return Path(name)

    def let_go(self, taken: Iterable[Path | bytes]) -> None:
        """Remove the files that `taken_in` made, among others."""
        for each in taken:
            if isinstance(each, Path) and each.parent == self.path / "tmp":
                each.unlink(missing_ok=True)

    # --- projects ----------------------------------------------------------------------------------------------------

    def projects(self) -> list[Project]:
        """Return all projects, the newest first."""
        found = [each for each in (project_at(path) for path in _inside(self.path / "projects")) if each]
        return sorted(found, key=lambda each: -each.said.order)

    def project(self, id: str) -> Project | None:
        """Return a project, None when there is none of this id."""
        return project_at(self.path / "projects" / id) if _ID.fullmatch(id) else None

    def add_project(self, name: str) -> Project:
        """Add a project without files."""
        with self._made("projects") as (path, id):
            Project.begin(path, name)
        made = self.project(id)
        assert made is not None
        return made

    def of_project(self, project: Project) -> list[Job]:
        """Return the jobs of a project, the newest first."""
        return [job for job in self.jobs() if job.said.project == project.id]

    # --- emptying ----------------------------------------------------------------------------------------------------

    def remove(self, projects: Sequence[Project], jobs: Sequence[Job]) -> bool:
        """Remove projects and jobs; do nothing and return False while one of the jobs is not over."""
        if any(job.state not in OVER for job in jobs):
            return False
        for path in (*(each.path for each in projects), *(job.path for job in jobs)):
            removed(path)
        return True

    def empty(self) -> bool:
        """Remove all there is, be it well-formed or not; do nothing and return False while a job is not over."""
        if any(job.state not in OVER for job in self.jobs()):
            return False
        for path in (*_inside(self.path / "projects"), *_inside(self.path / "jobs")):
            removed(path)
        return True

    @contextlib.contextmanager
    def _made(self, kind: str) -> Iterator[tuple[Path, str]]:
        """Make a folder beside its place, and move it there when the block ends well."""
        id = secrets.token_hex(6)
        staged = self.path / kind / f"{MAKING}{id}"
        staged.mkdir(mode=0o700)
        try:
            yield staged, id
            staged.rename(self.path / kind / id)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise


def _gone(path: Path) -> None:
    """Remove what was left, whatever it is."""
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _inside(path: Path) -> list[Path]:
    return [each for each in path.iterdir() if _ID.fullmatch(each.name) and not each.is_symlink()]


def _put(source: Path | bytes, place: Path) -> None:
    """Put a file in place; one on this disk is linked to, for nobody writes into it."""
    if isinstance(source, bytes):
        place.write_bytes(source)
        return
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)
