"""Size estates of many seeds; keep each result as a line of JSON, and print medians, quantiles and the worst.

    python benchmarks/seeds.py --estates memory-1000 cpu-1000 --seeds 101 102 --results benchmarks/results/compute.jsonl
    python benchmarks/seeds.py --show benchmarks/results/compute.jsonl

Each run is a process of its own, the whole command. With `--checker` each plan is judged by an independent checker: the
folder of `check_plan.py` and of what it knows of the edition. An estate and seed that a file of results has already
from this commit are not run again. `--show` takes the newest result of each estate and seed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import estates
from table import estate, measured, row

CLOSE, FAR = 1e-4, 3e-4
"""Gaps that are counted."""


def commit() -> str:
    """Return the commit that is measured, with a plus where files differ from it."""
    asked = ["git", "-C", str(Path(__file__).parent)]
    name = subprocess.run([*asked, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    changed = subprocess.run(
        [*asked, "status", "--short", "../cloudplan"], capture_output=True, text=True, check=True
    ).stdout
    return name.strip() + ("+" if changed else "")


def checked(checker: Path, workload: Path, prices: Path, plan: Path) -> bool:
    """Return whether an independent checker finds nothing in a plan; print what it finds."""
    command = [sys.executable, str(checker / "check_plan.py"), str(checker / f"facts-{estates.EDITION}.json")]
    done = subprocess.run(
        [*command, str(workload), str(prices), str(plan)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
    return not done.returncode


def run(name: str, seed: int, folder: Path, checker: Path | None) -> dict[str, Any]:
    """Size an estate of a seed; return its result."""
    workload, prices = estate(name, folder, seed)
    command = [sys.executable, "-m", "cloudplan", "size", str(workload), "--prices", str(prices), "--format", "json"]
    sized = measured(command)
    (folder / "plan.json").write_text(sized.printed, encoding="utf-8")
    plan = json.loads(sized.printed)
    result = {"estate": name, "seed": seed, "commit": commit(), "seconds": round(sized.seconds, 2)}
    result |= {"cpu_seconds": round(sized.cpu_seconds, 2), "mib": round(sized.mib), "cost": plan["monthly"]}
    result |= {"bound": plan["lower_bound"], "gap": float(plan["gap"])}
    if checker:
        result["checked"] = checked(checker, workload, prices, folder / "plan.json")
    return result


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the results that a file has."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def show(results: Iterable[dict[str, Any]]) -> None:
    """Print a row for each estate, over the newest result of each seed."""
    newest = {(result["estate"], result["seed"]): result for result in results}
    row(
        "estate",
        "seeds",
        "seconds: median",
        "9 of 10",
        "worst",
        "CPU seconds: median",
        "MiB",
        "gap: median",
        "worst",
        f"within {CLOSE:.0e}",
        f"{FAR:.0e}",
    )
    row(*["---"] * 11)
    for name in dict.fromkeys(of for of, _ in newest):
        mine = [result for (of, _), result in newest.items() if of == name]
        seconds, gaps = (sorted(result[key] for result in mine) for key in ("seconds", "gap"))
        cells = [f"{statistics.median(seconds):.1f}", f"{seconds[-1 - len(seconds) // 10]:.1f}", f"{seconds[-1]:.1f}"]
        cells += [
            f"{statistics.median(result['cpu_seconds'] for result in mine):.1f}",
            max(result["mib"] for result in mine),
        ]
        cells += [f"{statistics.median(gaps):.1e}", f"{gaps[-1]:.1e}"]
        row(name, len(mine), *cells, *(sum(gap <= limit for gap in gaps) for limit in (CLOSE, FAR)))


def main() -> None:
    """Run what is asked for, and show it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estates", nargs="+", default=[], help="family-vms, or family-vms-shapes")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--results", type=Path, help="the file that results are added to")
    parser.add_argument("--checker", type=Path, help="the folder of an independent checker")
    parser.add_argument("--show", type=Path, help="only show the results of a file")
    asked = parser.parse_args()
    if asked.show:
        show(lines(asked.show))
        return
    known = lines(asked.results) if asked.results else []
    done = {(result["estate"], result["seed"]) for result in known if result["commit"] == commit()}
    made = []
    for name in asked.estates:
        for seed in asked.seeds:
            if (name, seed) not in done:
                with tempfile.TemporaryDirectory() as folder:
                    made.append(run(name, seed, Path(folder), asked.checker))
                if asked.results:
                    asked.results.parent.mkdir(parents=True, exist_ok=True)
                    with asked.results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(made[-1]) + "\n")
    show([*known, *made])
    if not all(result.get("checked", True) for result in made):
        sys.exit("a plan does not hold")


if __name__ == "__main__":
    main()
