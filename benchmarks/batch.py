"""Measure many workloads: a shell loop, one process, two of them, and a Dask scheduler with two workers.

    python benchmarks/batch.py --workloads 200 --folder /tmp/batch
    python benchmarks/batch.py --workloads 200 --folder /tmp/batch --only dask --kill
    python benchmarks/batch.py --workloads 5000 --folder /tmp/many --vms 2 4 --only two

Wall seconds, CPU seconds of all processes, peak memory of the process that gives the work out, or of its children. The
plans of all ways must be the same bytes. With `--kill` a worker is killed after a quarter of the workloads, the client
after a half, and the same command goes on; each workload must then stand in the ledger once. `dask` needs
`cloudplan[cluster]`.
"""

import argparse
import contextlib
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import estates
import yaml

WAYS = ("loop", "one", "two", "dask")
NAMES = {"loop": "shell loop", "one": "one process", "two": "2 processes", "dask": "Dask, 2 workers"}
WORKERS = 2
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def write(folder: Path, count: int, low: int, high: int) -> Path:
    """Write so many estates of `low` to `high` VMs, the same ones each time, a fifth as many shapes; return where."""
    place = folder / "customers"
    place.mkdir(parents=True, exist_ok=True)
    dice = random.Random(f"{count} {low} {high}")
    for number in range(count):
        vms = dice.randint(low, high)
        tree = estates.estate(vms, max(1, vms // 5), "memory", seed=number)
        tree["name"] = f"customer-{number:04}"
        (place / f"{tree['name']}.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return place


def cloudplan(*words: object) -> list[str]:
    """Return a command line of the program."""
    return [sys.executable, "-m", "cloudplan", *map(str, words), "--quiet"]


def ended(process: subprocess.Popen[bytes], *, kill: bool = False) -> tuple[float, float]:
    """Wait for a process, which must end well unless it is killed; return its CPU seconds and peak MiB."""
    if kill:
        process.kill()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and not kill:
        raise RuntimeError(f"{process.args} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def loop(customers: Path, out: Path) -> tuple[float, float]:
    """Size one after the other, each in a process of its own."""
    out.mkdir()
    cpu = most = 0.0
    for path in sorted(customers.iterdir()):
        command = cloudplan("size", path, "-o", out / f"{path.stem}.json")
        seconds, mib = ended(subprocess.Popen(command, **QUIET))
        cpu, most = cpu + seconds, max(most, mib)
    return cpu, most


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]], Callable[[], float]]]:
    """Have a scheduler with workers: its address, the workers, and what ends all and returns their CPU seconds."""
    where, quiet = folder / "scheduler.json", ("--no-dashboard", "--host", "127.0.0.1")
    where.unlink(missing_ok=True)

    def started(module: str, *words: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", *map(str, words), *quiet]
        return subprocess.Popen(command, **QUIET)

    scheduler = started("dask_scheduler", "--port", 0, "--scheduler-file", where)
    while not where.exists():
        time.sleep(0.1)
    address = json.loads(where.read_text("utf-8"))["address"]
    alone = ("--nthreads", 1, "--no-nanny", "--local-directory", folder)
    workers = [started("dask_worker", address, *alone) for _ in range(WORKERS)]

    def end() -> float:
        return sum(ended(each, kill=True)[0] for each in (scheduler, *workers) if each.returncode is None)

    try:
        yield address, workers, end
    finally:
        end()


def told(out: Path) -> list[str]:
    """Return the names in the ledger of a batch."""
    ledger = out / "batch.jsonl"
    return [json.loads(line)["name"] for line in ledger.read_text("utf-8").splitlines()] if ledger.exists() else []


def killed(command: list[str], out: Path, workers: list[subprocess.Popen[bytes]], count: int) -> tuple[float, float]:
    """Kill a worker after a quarter, the client after a half, and go on; return CPU seconds and the peak in MiB."""
    client = subprocess.Popen(command, **QUIET)
    while len(told(out)) < count // 4:
        time.sleep(0.1)
    cpu = ended(workers[0], kill=True)[0]
    while len(told(out)) < count // 2:
        time.sleep(0.1)
    cpu += ended(client, kill=True)[0]
    print(f"killed a worker, and the client when {len(told(out))} of {count} were done", file=sys.stderr)
    seconds, mib = ended(subprocess.Popen(command, **QUIET))
    if len(told(out)) != count or len(set(told(out))) != count:
        raise RuntimeError(f"{len(told(out))} lines of {len(set(told(out)))} workloads in the ledger, of {count}")
    return cpu + seconds, mib


def batch(way: str, customers: Path, out: Path, *, kill: bool) -> tuple[float, float]:
    """Size all by one command; return CPU seconds of all processes and the peak of the client in MiB."""
    command = cloudplan("batch", customers, "-o", out)
    if way != "dask":
        return ended(subprocess.Popen([*command, "--workers", "1" if way == "one" else str(WORKERS)], **QUIET))
    with cluster(customers.parent) as (address, workers, end):
        command += ["--scheduler", address]
        if kill:
            cpu, mib = killed(command, out, workers, len(list(customers.iterdir())))
        else:
            cpu, mib = ended(subprocess.Popen(command, **QUIET))
        return cpu + end(), mib


def main() -> None:
    """Measure each way, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workloads", type=int, default=200)
    parser.add_argument("--vms", type=int, nargs=2, default=(20, 200), metavar=("LOW", "HIGH"))
    parser.add_argument(
        "--folder", type=Path, required=True, help="where workloads and plans go; must be empty of plans"
    )
    parser.add_argument("--only", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--kill", action="store_true", help="kill a worker and the client of `dask` in the middle")
    asked = parser.parse_args()
    customers = write(asked.folder, asked.workloads, *asked.vms)
    print("| way | wall seconds | CPU seconds | peak MiB |\n| --- | --- | --- | --- |", flush=True)
    plans: dict[str, dict[str, bytes]] = {}
    for way in asked.only:
        out, begun = asked.folder / way, time.monotonic()
        cpu, mib = loop(customers, out) if way == "loop" else batch(way, customers, out, kill=asked.kill)
        seconds = time.monotonic() - begun
        print(f"| {NAMES[way]} | {seconds:.1f} | {cpu:.1f} | {mib:.0f} |", flush=True)
        plans[way] = {path.name: path.read_bytes() for path in out.glob("customer-*.json")}
        if len(plans[way]) != asked.workloads or plans[way] != next(iter(plans.values())):
            raise RuntimeError(f"{way}: other plans than those before")
    print(
        f"peak of any process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB", file=sys.stderr
    )


if __name__ == "__main__":
    main()
