"""Measure what planning phases together saves; print a Markdown table.

    python benchmarks/roadmaps.py WORKLOAD --prices PRICES
    python benchmarks/roadmaps.py --vms 1000 --phases 5 --seeds 1 2 3

A workload with a horizon, or estates of `estates.py` that grow by 10 % a year (storage by 15 %). Beside all phases
together stand the two naive ways: each phase on top of the one before, and the last phase bought on day one. Costs are
of all months; seconds are CPU seconds of the search for all phases together.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import estates

import cloudplan as cp
from cloudplan.evaluation.bom import bill, monthly
from cloudplan.evaluation.third_party import third_party
from cloudplan.optimiser.over_time.choose import choose_over_time
from cloudplan.optimiser.solver import Budget
from cloudplan.plan.plan import Choice, Plan
from cloudplan.plan.standing import existing_of
from cloudplan.workload.case import Case
from cloudplan.workload.phases import Phase, phases

EDITION = "2025-01-17"
HEAD = "| workload | phases | together | bound | gap | phase by phase | last on day one | seconds |"


def cost(case: Case, choice: Choice) -> Decimal:
    """Return what a choice costs a month, licences of others included."""
    owed = third_party(case, choice)
    return monthly(bill(case, choice)) + (owed.monthly if owed else 0)


def on_top(phase: Phase, before: Plan | None, edition: cp.Edition, book: cp.PriceBook) -> Plan:
    """Return the plan of a phase on top of another."""
    wanted = phase.workload
    if before is not None:
        wanted = wanted.model_copy(update={"existing": existing_of(before)})
    return cp.size(wanted, edition, book)


def naive(times: Sequence[Phase], edition: cp.Edition, book: cp.PriceBook, *, last_first: bool) -> Decimal:
    """Return what the phases cost one after the other, with all that the last one needs bought on day one or not."""
    before = on_top(times[-1], None, edition, book) if last_first else None
    total = Decimal(0)
    for phase in times:
        before = on_top(phase, before, edition, book)
        total += phase.months * before.cost
    return total


def row(name: str, wanted: cp.Workload, edition: cp.Edition, book: cp.PriceBook, asked: argparse.Namespace) -> str:
    """Return the row of a workload."""
    times = phases(wanted, edition)
    cases = [Case.of(phase.workload, edition, book) for phase in times]
    begun = time.process_time()
    assert wanted.horizon
    budget = Budget.of(0.0, asked.limit, lambda _: None, lambda: False)
    found = choose_over_time(cases, [phase.months for phase in times], shrink=wanted.horizon.shrink, budget=budget)
    seconds = time.process_time() - begun
    pairs = zip(times, cases, found.choices, strict=True)
    total = sum((phase.months * cost(case, choice) for phase, case, choice in pairs), Decimal(0))
    gap = max(0.0, float(total) - float(found.bound)) / float(total)
    naively = () if asked.together else (False, True)
    ways = [f"{naive(times, edition, book, last_first=last_first):.2f}" for last_first in naively] or ["", ""]
    figures = [
        f"{total:.2f}",
        f"{float(found.bound):.2f}",
        f"{gap:.1e}",
        *ways,
        f"{seconds:.1f}",
    ]
    return f"| {name} | {len(times)} | {' | '.join(figures)} |"


def asked_for(asked: argparse.Namespace, edition: cp.Edition) -> Iterator[tuple[str, cp.Workload, cp.PriceBook]]:
    """Yield the workloads that were asked for, each with its prices."""
    if asked.workload:
        yield asked.workload.stem, cp.read_workload(asked.workload, edition), cp.load_prices(asked.prices, edition)
    growth = {"vms": "0.1", "storage": "0.15"}
    for seed in asked.seeds:
        tree: dict[str, Any] = estates.estate(asked.vms, asked.shapes, asked.family, seed)
        tree |= {"horizon": {"start": "2027-01", "months": 12 * asked.phases, "growth": growth}}
        book = cp.load_prices(estates.prices(asked.family), edition)
        yield f"{asked.family}-{asked.vms}, seed {seed}", cp.read_workload(tree, edition), book


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", nargs="?", type=Path)
    parser.add_argument("--prices", type=Path)
    parser.add_argument("--family", choices=estates.FAMILIES, default="memory")
    parser.add_argument("--vms", type=int, default=1000)
    parser.add_argument("--shapes", type=int, default=120)
    parser.add_argument("--phases", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="*", default=[])
    parser.add_argument("--limit", type=float)
    parser.add_argument("--together", action="store_true", help="without the naive ways")
    asked = parser.parse_args()
    edition = cp.load_edition(EDITION)
    print(f"{HEAD}\n|{' --- |' * HEAD.count(' | ')} --- |")
    for name, wanted, book in asked_for(asked, edition):
        print(row(name, wanted, edition, book, asked), flush=True)


if __name__ == "__main__":
    main()
