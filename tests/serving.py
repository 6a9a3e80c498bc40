"""A server of pages in a process of its own, and what asks it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OVER = ("done", "stopped", "failed", "cancelled", "cut", "dropped")
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves it to the one who asks whether an answer leads on."""

    def redirect_request(self, *_: Any) -> None:
        """Lead nowhere."""


OPENER = urllib.request.build_opener(NoRedirects, urllib.request.ProxyHandler({}))


@dataclass
class Server:
    """A server that runs: its process, its address with the token in it, and its folder."""

    process: subprocess.Popen[str]
    address: str
    folder: Path

    @property
    def token(self) -> str:
        """The word in the address that lets one in."""
        return self.address.split("/")[3]

    @property
    def door(self) -> str:
        """The address without the token."""
        return self.address.removesuffix(f"{self.token}/")

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
        base: str | None = None,
    ) -> Answer:
        """Ask for a path below the token, or below another base; with a body it is sent."""
        url = f"{self.address if base is None else base}{path}"
        request = urllib.request.Request(url, body, dict(headers or {}), method=method)
        try:
            with OPENER.open(request, timeout=30) as told:
                return Answer(told.status, told.read(), dict(told.headers))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), dict(error.headers))

    def add(self, verb: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add a job by JSON."""
        told = self.ask(f"api/{verb}", json.dumps(values).encode(), JSON)
        assert told.status == 202, told.body
        return dict(told.json)

    def send(self, path: str, fields: Mapping[str, Any]) -> Answer:
        """Send a form: a value is a text, a file as a name and bytes, or a list of these."""
        body, kind = form(fields)
        return self.ask(path, body, {"Content-Type": kind})

    def job(self, id: str) -> dict[str, Any]:
        """Return what is of a job."""
        return dict(self.ask(f"api/jobs/{id}").json)

    def ended(self, id: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until a job is over, and return what became of it."""
        return self.until(id, lambda job: job["state"] in OVER, seconds)

    def until(self, id: str, holds: Any, seconds: float = 60) -> dict[str, Any]:
        """Wait until something holds of a job."""
        end = time.monotonic() + seconds
        while not holds(job := self.job(id)):
            assert time.monotonic() < end, job
            time.sleep(0.05)
        return job

    def signal(self, id: str, number: signal.Signals) -> None:
        """Send a signal to the process of a job, and to those that it began, once it said its number."""
        pid = self.folder / "jobs" / id / "pid"
        self.until(id, lambda _: pid.exists())
        os.killpg(int(pid.read_text()), number)

    def file(self, job: Mapping[str, Any], name: str) -> bytes:
        """Return a file that a job wrote."""
        return self.ask(f"api/jobs/{job['id']}/files/{name}").body

    def kill(self) -> None:
        """End the server as a machine does that goes down."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Press Ctrl-C, and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)


def estate() -> dict[str, Any]:
    """Return a workload that takes some seconds, and has a plan long before."""
    groups = [
        {
            **{"name": f"s{n}", "count": 5, "vcpus": 1 + 7 * n % 24, "memory_gib": 2 + 13 * n % 120},
            "disks": [{"size_gib": 40 + n}],
        }
        for n in range(200)
    ]
    return {"schema": "cloudplan/workload/v1", "name": "estate", "vms": groups}


def form(fields: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return a form as a browser sends it, and its type."""
    parts = []
    for name, given in fields.items():
        for value in given if isinstance(given, list) else [given]:
            file, data = value if isinstance(value, tuple) else (None, str(value).encode())
            named = "" if file is None else '; filename="' + file.replace('"', "%22") + '"'
            parts.append(f'--limit\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + data)
    return b"\r\n".join([*parts, b"--limit--\r\n"]), "multipart/form-data; boundary=limit"


@contextmanager
def server(folder: Path, *options: str) -> Iterator[Server]:
    """Have a server on a port that is free."""
    command = [sys.executable, "-m", "cloudplan", "serve", "-o", str(folder), "--port", "0", "--messages", "json"]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True, env={**os.environ})
    assert process.stderr
    first = process.stderr.readline()
    try:
        yield Server(process, str(json.loads(first)["serving"]), folder)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        process.stderr.close()
