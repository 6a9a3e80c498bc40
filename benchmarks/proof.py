"""Size thousands of random small workloads and compare each with brute force; judge mutated plans; print the counts.

    python benchmarks/proof.py --cases 10000
    python benchmarks/proof.py --cases 2000 --checker ../shared/tools --prices ../shared/examples/prices.yaml

The workloads are those of the property tests: up to 6 VMs with up to 4 disks, all rules active. Brute force enumerates
compute and storage apart, without the program's rules. With `--checker`, plans changed at random are judged by an
independent checker and by the verifier: both must catch them, or both let them pass.
"""

import argparse
import importlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from pydantic import ValidationError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import oracle
from mutations import mutated
from strategies import price_books, workloads
from test_engine import facts

import cloudplan as cp
from cloudplan.plan.plan import Plan

EDITION = "2025-01-17"
MUTATED = 5
"""Changed plans of each workload."""


def compared(wish: dict[str, Any], book: dict[str, Any], edition: cp.Edition) -> str:
    """Return how the program and brute force compare on a workload."""
    try:
        best = oracle.optimum(wish, book, facts(edition))
    except oracle.TooLarge:
        return "too large for brute force"
    try:
        wanted = cp.read_workload(wish, edition)
        plan = cp.optimise(wanted, edition, cp.load_prices(book))
    except cp.NoPlanError:
        return "no plan, proven by both" if best.total is None else "NO PLAN FOUND THOUGH THERE IS ONE"
    if best.total is None:
        return "A PLAN WHERE THERE IS NONE"
    tolerance = Fraction(1, 100) * len(plan.bom)
    right = (
        abs(Fraction(plan.monthly) - best.total) <= tolerance and Fraction(plan.lower_bound) <= best.total + tolerance
    )
    held = cp.verify(plan, wanted, edition, cp.load_prices(book)).holds
    return "equal to the cent of each line" if right and held else "DIFFERENT"


def judged(
    wish: dict[str, Any],
    book: Path,
    edition: cp.Edition,
    checker: ModuleType,
    known: dict[str, Any],
    dice: random.Random,
) -> Counter[str]:
    """Return how plans changed at random are judged by the verifier and by the checker."""
    counts: Counter[str] = Counter()
    wanted, prices = cp.read_workload(wish, edition), cp.load_prices(book)
    values = yaml.safe_load(book.read_text(encoding="utf-8"))
    try:
        tree = json.loads(cp.optimise(wanted, edition, prices).to_json())
    except cp.NoPlanError:
        return counts
    for _ in range(MUTATED):
        _, changed = mutated(tree, dice)
        theirs = bool(checker.check(known, wish, values, changed))
        try:
            mine = not cp.verify(Plan.model_validate(changed), wanted, edition, prices).holds
        except ValidationError:
            counts["refused as no plan"] += 1
            continue
        words = {(True, True): "caught by both", (False, False): "legal for both", (True, False): "caught by us alone"}
        counts[words.get((mine, theirs), "CAUGHT BY THE CHECKER ALONE")] += 1
    return counts


def drawn(cases: int, number: int, judge: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Give random workloads and price books to a judge."""

    @seed(number)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(wish=workloads(), book=price_books())
    def each(wish: dict[str, Any], book: dict[str, Any]) -> None:
        judge(wish, book)

    each()


def main() -> None:
    """Compare as many cases as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checker", type=Path, help="folder of the independent checker")
    parser.add_argument("--prices", type=Path, help="price book for the checker")
    asked = parser.parse_args()
    edition, counts, start = cp.load_edition(EDITION), Counter[str](), time.monotonic()
    drawn(asked.cases, asked.seed, lambda wish, book: counts.update([compared(wish, book, edition)]))
    print(f"{asked.cases} workloads against brute force, {time.monotonic() - start:.0f} s: {dict(counts)}", flush=True)
    if not asked.checker:
        return
    sys.path.insert(0, str(asked.checker))  # it has modules of its own beside it
    checker = importlib.import_module("check_plan")
    known = json.loads((asked.checker / f"facts-{EDITION}.json").read_text(encoding="utf-8"))
    dice, counts, start = random.Random(asked.seed), Counter[str](), time.monotonic()
    drawn(
        asked.cases,
        asked.seed + 1,
        lambda wish, _: counts.update(judged(wish, asked.prices, edition, checker, known, dice)),
    )
    print(f"{sum(counts.values())} changed plans, {time.monotonic() - start:.0f} s: {dict(counts)}")


if __name__ == "__main__":
    main()
