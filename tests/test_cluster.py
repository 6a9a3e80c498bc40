"""Processes of this machine, and a real Dask scheduler with two workers: killed in the middle, and nothing lost."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from conftest import Ran, vm, workload
from tasks import ended, once_more, slow

from cloudplan.analysis.batch import Done
from cloudplan.analysis.outcome import Outcome
from cloudplan.base import executors
from cloudplan.base.pool import Processes
from cloudplan.cli.batch_folder import LEDGER, Folder

CUSTOMERS = [f"customer-{number}" for number in range(6)]
PATIENCE = 60.0


def write_customers(folder: Path) -> None:
    folder.mkdir()
    for number, name in enumerate(CUSTOMERS):
        wanted = workload(name=name, vms=[vm(count=30, vcpus=2 + number), vm(name="b", memory_gib=40, count=9)])
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(wanted), encoding="utf-8")


def wait_for(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def told(out: Path) -> list[str]:
    """Return the names in the ledger."""
    ledger = out / LEDGER
    return [json.loads(line)["name"] for line in ledger.read_text("utf-8").splitlines()] if ledger.exists() else []


@contextlib.contextmanager
def started(*words: object) -> Iterator[subprocess.Popen[bytes]]:
    """Have a process of this Python for as long as the block lasts."""
    command = [sys.executable, "-m", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its two workers; skipped only where the extra is not installed."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("dask")
    where, quiet = folder / "scheduler.json", ("--no-dashboard", "--host", "127.0.0.1")
    run = ("distributed.cli.dask_scheduler", "--port", 0, "--scheduler-file", where, *quiet)
    with started(*run), contextlib.ExitStack() as stack:
        wait_for(where.exists)
        address = json.loads(where.read_text("utf-8"))["address"]
        one = (
            "distributed.cli.dask_worker",
            address,
            "--nthreads",
            1,
            "--no-nanny",
            *quiet,
            "--local-directory",
            folder,
        )
        yield address, [stack.enter_context(started(*one)) for _ in range(2)]


def test_a_worker_and_the_client_are_killed_and_nothing_is_lost(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
    tmp_path: Path,
    run: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, workers = cluster
    monkeypatch.chdir(tmp_path)
    write_customers(tmp_path / "in")
    out = tmp_path / "out"
    batch = ("batch", "in", "-o", "out", "--scheduler", address)
    with started("cloudplan", *batch) as client:
        wait_for(lambda: len(told(out)) > 0)
        client.kill()  # the client, with no time to say so
        client.wait()
    assert len(told(out)) < len(CUSTOMERS)
    keep = Folder.keep

    def killing(folder: Folder, done: Done) -> Outcome:
        workers[0].kill()
        return keep(folder, done)

    monkeypatch.setattr(Folder, "keep", killing)
    assert run(*batch).status == 0
    assert sorted(told(out)) == CUSTOMERS  # each once: nothing lost, nothing done again
    assert not list(out.glob(".*")) and (out / "summary.html").exists()
    for name in (CUSTOMERS[0], CUSTOMERS[-1]):
        assert run("size", f"in/{name}.yaml", "-o", f"{name}.json").status == 0
        assert (out / f"{name}.json").read_bytes() == (tmp_path / f"{name}.json").read_bytes()


def test_alternatives_are_those_of_this_process(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
    tmp_path: Path,
    run: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("w.yaml").write_text(yaml.safe_dump(workload(vms=[vm(count=3)])), encoding="utf-8")
    asked = ("compare", "w.yaml", "--vary", "policy.host_failures=0,2", "--format", "json")
    found = run(*asked, "--scheduler", cluster[0])
    assert (found.status, found) == (0, run(*asked, "--workers", 1))


def test_no_scheduler_and_none_that_answers(
    tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cloudplan.cli.spreading.PATIENCE", 0.2)
    write_customers(tmp_path / "in")
    ran = run("batch", "in", "-o", "out", "--scheduler", "tcp://127.0.0.1:1")
    assert (ran.status, ran.faults) == (1, ["tcp://127.0.0.1:1: no scheduler answers within 0.2 s"])
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = run("batch", "in", "-o", "out", "--scheduler", "tcp://127.0.0.1:1")
    assert ran.status == 1 and ran.faults[0].startswith("--scheduler: a scheduler needs the extra cloudplan[cluster]")
    assert not (tmp_path / "out").exists()


# --- processes of this machine ---------------------------------------------------------------------------------------


def test_a_task_whose_process_ends_is_begun_once_more_and_takes_no_other_with_it(tmp_path: Path) -> None:
    with Processes(2) as pool:
        assert executors.in_order(once_more, [str(tmp_path / "marker")], pool) == [["done"]]
        parts, lost = ["a", "die", "b"], lambda error: str(error)[:17]
        assert dict(executors.as_done(ended, parts, pool, lost=lost)) == {0: "a", 1: "the process ended", 2: "b"}
    with Processes(1) as pool:
        begun = time.monotonic()
        pool.submit(slow, 30)
        time.sleep(0.1)
        pool.shutdown(cancel_futures=True)  # what is under way is given up
        assert time.monotonic() - begun < 20
