"""Measure cloudplan, and textbook models beside it, on generated estates; print a Markdown table.

    python benchmarks/table.py --only memory-1000 cpu-1000 --runs 3
    python benchmarks/table.py --only memory-1000 cpu-1000 --textbook 45
    python benchmarks/table.py --workload workload.yaml --prices prices.yaml

Each run is a process of its own: wall seconds of the whole command (the median, with several runs) and its peak memory.
The plans of several runs must be the same bytes; with `--vary` each run has its own hash seed and number of threads.
Costs, bounds and gaps of cloudplan are those of the whole plan; those of the textbook models are of compute alone.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import estates

HERE = Path(__file__).parent
SHAPES = {24: 24, 40: 40, 300: 60, 1_000: 120, 5_000: 260, 10_000: 360, 100_000: 800}
GROUPED = 100_000
"""VMs from which on an estate is written as groups; so is one whose shapes are named."""

MODELS = [("binary", "cbc"), ("binary", "highs"), ("counts", "cbc"), ("counts", "highs"), ("counts", "cpsat")]


def estate(name: str, folder: Path, seed: int = 1) -> tuple[Path, Path]:
    """Write an estate of a seed, named family-vms or family-vms-shapes, and return its workload and price book."""
    family, vms, *shapes = name.split("-")
    sorts, groups = int(shapes[0]) if shapes else SHAPES[int(vms)], int(vms) >= GROUPED or bool(shapes)
    return estates.write(folder / name, estates.estate(int(vms), sorts, family, seed, groups=groups), family)


class Run(NamedTuple):
    """A command that was run: wall and CPU seconds, its peak memory in MiB, and what it printed."""

    seconds: float
    cpu_seconds: float
    mib: float
    printed: str


def measured(command: list[str], **environment: str) -> Run:
    """Run a command and measure it."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, env=os.environ | environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
        output.seek(0)
        return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read())


def row(*cells: object) -> None:
    """Print a row of the table."""
    print("| " + " | ".join("" if cell is None else str(cell) for cell in cells) + " |", flush=True)


def varied(number: int) -> dict[str, str]:
    """Return the environment of a run that shares neither hash seed nor threads with the others."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(1 + 3 * number))
    return {"PYTHONHASHSEED": str(1 + number), **threads}


def cloudplan(name: str, workload: Path, prices: Path, environments: list[dict[str, str]], options: list[str]) -> None:
    """Measure cloudplan on an estate, once in each environment."""
    command = [sys.executable, "-m", "cloudplan", "size", str(workload), "--prices", str(prices), "--format", "json"]
    results = [measured([*command, *options], **environment) for environment in environments]
    plan: dict[str, Any] = json.loads(results[0].printed)
    if any(each.printed != results[0].printed for each in results):
        raise RuntimeError(f"{name}: the runs differ")
    seconds = statistics.median(each.seconds for each in results)
    peak = max(each.mib for each in results)
    model = " ".join(["cloudplan", *options])
    row(name, model, f"{seconds:.1f}", f"{peak:.0f}", plan["monthly"], plan["lower_bound"], f"{float(plan['gap']):.1e}")


def textbook(name: str, workload: Path, prices: Path, limit: int) -> None:
    """Measure each textbook model on an estate."""
    for model, solver in MODELS:
        command = [sys.executable, str(HERE / "textbook.py"), str(workload), str(prices)]
        command += ["--model", model, "--solver", solver, "--seconds", str(limit)]
        found = json.loads(measured(command).printed.splitlines()[-1])  # after what solvers print
        gap = None if found["gap"] is None else f"{found['gap']:.1e}"
        cost, bound = (None if found[key] is None else f"{found[key]:.2f}" for key in ("cost", "bound"))
        row(name, f"{model}, {solver}", f"{found['seconds']:.1f}", f"{found['peak_mib']:.0f}", cost, bound, gap)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only",
        nargs="+",
        default=[f"{family}-{vms}" for vms in SHAPES if vms >= 1000 for family in ("memory", "cpu")],
    )
    parser.add_argument("--workload", type=Path, help="a workload of your own, in place of generated estates")
    parser.add_argument("--prices", type=Path, help="the price book for it")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--vary", action="store_true", help="another hash seed and number of threads in each run")
    parser.add_argument("--gap", help="relative gap at which cloudplan stops")
    parser.add_argument("--textbook", type=int, metavar="SECONDS", help="the textbook models too, each so long at most")
    asked = parser.parse_args()
    environments = [varied(number) if asked.vary else {} for number in range(asked.runs)]
    row("estate", "model", "seconds", "MiB", "cost", "bound", "gap")
    row(*["---"] * 7)
    with tempfile.TemporaryDirectory() as folder:
        own = [(asked.workload.stem, asked.workload, asked.prices)] if asked.workload else []
        for name, workload, prices in own or ((name, *estate(name, Path(folder))) for name in asked.only):
            cloudplan(name, workload, prices, environments, ["--gap", asked.gap] if asked.gap else [])
            if asked.textbook:
                textbook(name, workload, prices, asked.textbook)


if __name__ == "__main__":
    main()
