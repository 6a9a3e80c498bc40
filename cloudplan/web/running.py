"""The queue: jobs are begun in their order, so many at a time, each as a process of its own that outlives this one.

It keeps nothing that is not in the folders of the jobs. A server that is started again finds the jobs that wait, those
that still run, and those whose process is gone.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from cloudplan.web.job import OVER, RESULT, Job, locked
from cloudplan.web.job_process import write

SEARCHES = ("size", "compare")
"""Jobs that end early with the best that they found."""
_BREATH = 1.0
"""Seconds after which jobs are begun again when the machine could not."""
_PATIENCE = 5.0
"""Seconds that a process has to say its number."""


class Queue:
    """What runs, and what is to run next."""

    def __init__(self, jobs: Callable[[], Sequence[Job]], most: int):
        """`jobs` tells all jobs, the newest first; at `most` so many run at a time."""
        self._jobs, self._most = jobs, most
        self._turn = threading.Condition()
        self._watched: set[str] = set()
        self._is_closed = False

    def open(self) -> None:
        """Begin to run what waits."""
        threading.Thread(target=self._keep_on, daemon=True, name="queue").start()

    def look(self) -> None:
        """Look for jobs that have been added."""
        with self._turn:
            self._turn.notify()

    def cancel(self, job: Job, words: str = "asked") -> None:
        """Let a job never begin, or end with the best that it found; asked again, it is ended without a result."""
        with self._turn:
            state = job.state
            if state in OVER:
                return
            write(job.path / "cancel", words)
            self._turn.notify()
        if state != "queued":
            _signal(job, signal.SIGINT if state == "running" else signal.SIGKILL)

    def close(self, seconds: float) -> list[Job]:
        """Begin nothing any more, let searches end, wait for what runs; return what still does."""
        with self._turn:
            self._is_closed = True
            running = [job for job in self._jobs() if job.state in ("running", "stopping")]
        for job in running:
            if job.said.kind in SEARCHES and job.state == "running":
                self.cancel(job, "the server was stopped")
        end = time.monotonic() + seconds
        while running and time.monotonic() < end:
            time.sleep(0.05)
            running = [job for job in running if job.state not in OVER]
        return running

    def _keep_on(self) -> None:
        with self._turn:
            while not self._is_closed:
                try:
                    if not self._begin_some():
                        self._turn.wait()
                except OSError:  # a full disk, a job that was removed just now: it is tried again
                    self._turn.wait(_BREATH)

    def _begin_some(self) -> bool:
        """Begin what may begin now; return whether that changed what others wait for."""
        waiting, running, dropped = [], 0, False
        known = {job.id: job for job in self._jobs()}
        for job in known.values():
            if job.id in self._watched:
                running += 1
            elif (state := job.state) in ("running", "stopping"):  # begun by a server before this one
                running += 1
                self._watch(job, None)
            elif state == "queued":
                waiting.append(job)
        for job in reversed(waiting):  # the oldest first
            first = known.get(job.said.after)
            if job.said.after and (first is None or first.state in OVER - RESULT):
                write(job.path / "ended.json", '{"status": null}')
                dropped = True
            elif running < self._most and (first is None or first.state in RESULT):
                if first:
                    _take(job, first)
                self._watch(job, begun(job))
                running += 1
        return dropped

    def _watch(self, job: Job, process: subprocess.Popen[bytes] | None) -> None:
        self._watched.add(job.id)
        threading.Thread(target=self._wait, args=(job, process), daemon=True, name=f"job {job.id}").start()

    def _wait(self, job: Job, process: subprocess.Popen[bytes] | None) -> None:
        if process:
            process.wait()
        with contextlib.suppress(FileNotFoundError), locked(job.path / "lock", fcntl.LOCK_SH):
            pass  # it is removed, or its process and all that this began are gone
        with self._turn:
            self._watched.discard(job.id)
            self._turn.notify()


def _take(job: Job, first: Job) -> None:
    """Put the files that a job takes of another one into its own folder; the command tells what is missing."""
    found = first.outputs()
    for name, place in job.said.takes.items():
        if name in found and not (job.files / place).exists():
            shutil.copyfile(found[name], job.files / place)


def begun(job: Job) -> subprocess.Popen[bytes]:
    """Begin the process of a job, in a session of its own: it holds the lock, and hears no Ctrl-C of this terminal."""
    lock = os.open(job.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the process listens
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write(job.path / "started", "")
        with (job.path / "stdout").open("wb") as out, (job.path / "stderr").open("wb") as err:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "cloudplan.web.job_process", str(job.path)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "TMPDIR": str(job.path)},
                pass_fds=(lock,),
                start_new_session=True,
            )
    except OSError:
        (job.path / "started").unlink(missing_ok=True)  # it waits on
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(lock)


def _signal(job: Job, number: signal.Signals) -> None:
    """Send a signal to the process of a job, and to those that it began: SIGINT is what Ctrl-C does."""
    end = time.monotonic() + _PATIENCE
    while job.pid is None and time.monotonic() < end:
        time.sleep(0.01)
    if job.pid is not None and job.state not in OVER:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, number)
