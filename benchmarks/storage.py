"""Measure storage on generated workloads, families x sizes x seeds; compare tiny ones with brute force.

    python benchmarks/storage.py --generator ../shared/examples/storage/gen.py --prices ../shared/examples/prices.yaml
    python benchmarks/storage.py --generator GEN --prices BOOK --only max4096-small mirror-middle --seeds 1000 1010
    python benchmarks/storage.py --brute 300

The generator takes a family, a size and a seed and prints a workload. For each family and size: gap of the whole bill
and CPU seconds of the whole search, median and worst over the seeds. With `--limit` the search has a time limit, in
wall seconds. With `--each` every workload is a row.
"""

import argparse
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import cloudplan as cp

FAMILIES = ("mixed20", "max4096", "max8192", "ceilings", "mirror", "vswp-auto", "sites", "min2", "min3", "min4")
SIZES = ("small", "middle")
EDITION = "2025-01-17"


def generated(generator: Path, family: str, size: str, seed: int) -> dict[str, Any]:
    """Return a workload of the generator."""
    command = [sys.executable, str(generator), family, size, str(seed)]
    return dict(yaml.safe_load(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def sized(wish: dict[str, Any], prices: Path | None, limit: float | None) -> tuple[cp.Plan, float]:
    """Return the plan of a workload and the CPU seconds that it took."""
    edition = cp.load_edition(wish["catalog"])
    wanted, book = cp.read_workload(wish, edition), cp.load_prices(prices)
    start = time.process_time()
    plan = cp.optimise(wanted, edition, book, time_limit=limit)
    return plan, time.process_time() - start


def tiny(dice: random.Random) -> dict[str, Any]:
    """Return a workload of few disks that fill several small datastores."""
    sites = {"sites": {"primary": "az05", "standby": "az07"}} if dice.random() < 1 / 3 else {}
    vms: list[dict[str, Any]] = []
    for number in range(dice.randint(1, 3)):
        disks = []
        for _ in range(dice.randint(1, 2)):
            disk: dict[str, Any] = {"size_gib": dice.choice([40, 130, 260, 410, 520, 700])}
            if dice.random() < 2 / 3:
                disk["iops"] = round(disk["size_gib"] * dice.choice([0.2, 0.6, 1.1, 1.6]))
            disks.append(disk)
        vm = {"name": f"g{number}", "count": dice.randint(1, 2), "vcpus": 2, "memory_gib": dice.choice([4, 32, 64])}
        if sites and dice.random() < 1 / 2:
            vm["protection"] = {"rpo": "15m", "rto": "4h"} if dice.random() < 1 / 2 else {"rpo": "4h", "rto": "4h"}
        vms.append({**vm, "disks": disks})
    policy: dict[str, Any] = {"datastore_max_gib": dice.choice([1000, 1200, 2048])}
    if dice.random() < 1 / 3:
        policy["vswp"] = "auto"
    if dice.random() < 1 / 3:
        policy["min_datastores"] = dice.choice([2, 3])
    return {
        "schema": "cloudplan/workload/v1",
        "name": "tiny",
        "catalog": EDITION,
        **sites,
        "policy": policy,
        "vms": vms,
    }


def compared(wish: dict[str, Any]) -> str:
    """Return how the program and brute force compare on a workload."""
    import oracle  # noqa: PLC0415
    from test_engine import facts  # noqa: PLC0415

    edition = cp.load_edition(EDITION)
    book = yaml.safe_load((Path(cp.__file__).parents[1] / "catalog" / "prices" / "example-eur.yaml").read_text("utf-8"))
    book["valid_from"] = str(book["valid_from"])
    try:
        best = oracle.optimum(wish, book, facts(edition))
    except oracle.TooLarge:
        return "too large for brute force"
    try:
        plan = cp.optimise(cp.read_workload(wish, edition), edition, cp.load_prices(book))
    except cp.NoPlanError:
        return "no plan, proven by both" if best.total is None else "NO PLAN FOUND THOUGH THERE IS ONE"
    if best.total is None:
        return "A PLAN WHERE THERE IS NONE"
    tolerance = Fraction(1, 100) * len(plan.bom)
    if Fraction(plan.lower_bound) > best.total + tolerance:
        return "A BOUND ABOVE THE OPTIMUM"
    return "equal to the cent of each line" if abs(Fraction(plan.monthly) - best.total) <= tolerance else "DEARER"


def row(*cells: object) -> None:
    """Print a row of the table."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def main() -> None:
    """Print the table, or the counts of the comparison with brute force."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", type=Path, help="the script that prints workloads")
    parser.add_argument("--prices", type=Path, help="price book; the example without it")
    parser.add_argument("--only", nargs="+", default=[f"{family}-{size}" for size in SIZES for family in FAMILIES])
    parser.add_argument(
        "--seeds", type=int, nargs=2, default=(1000, 1010), help="first seed, and the one after the last"
    )
    parser.add_argument("--limit", type=float, help="time limit of each search in wall seconds")
    parser.add_argument("--each", action="store_true", help="a row for each workload")
    parser.add_argument("--brute", type=int, default=0, help="compare so many tiny workloads with brute force")
    asked = parser.parse_args()
    if asked.brute:
        dice = random.Random(1)
        print(f"{asked.brute} workloads: {dict(Counter(compared(tiny(dice)) for _ in range(asked.brute)))}")
        return
    if not asked.generator:
        parser.error("--generator or --brute is needed")
    row("family", "seeds", "gap: median", "worst", "CPU seconds: median", "worst")
    row(*["---"] * 6)
    for name in asked.only:
        family, size = name.rsplit("-", 1)
        gaps, times = [], []
        for seed in range(*asked.seeds):
            plan, seconds = sized(generated(asked.generator, family, size, seed), asked.prices, asked.limit)
            gaps.append(plan.gap)
            times.append(seconds)
            if asked.each:
                row(f"{name}-{seed}", plan.monthly, f"{plan.gap:.1e}", plan.lower_bound, f"{seconds:.1f}", "")
        middle = f"{statistics.median(gaps):.1e}", f"{max(gaps):.1e}"
        row(name, len(gaps), *middle, f"{statistics.median(times):.1f}", f"{max(times):.1f}")


if __name__ == "__main__":
    main()
