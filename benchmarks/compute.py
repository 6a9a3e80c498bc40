"""Measure the search for clusters alone, seed by seed: cost, bound, gap and CPU seconds; print a Markdown table.

    python benchmarks/compute.py --family cpu --vms 1000 --shapes 120 --seeds 41 42 43 44

Storage, verification and the reading of files are left out. Gaps are those of compute, relative to the bound.
"""

import argparse
import statistics
import time
from fractions import Fraction

from estates import EDITION, FAMILIES, estate, prices

import cloudplan as cp
from cloudplan.optimiser.compute.search import searches
from cloudplan.optimiser.compute.shapes import pools_at
from cloudplan.optimiser.solver import Budget
from cloudplan.workload.case import Case


def planned(case: Case) -> tuple[Fraction, Fraction]:
    """Return what the clusters of a case cost, and its bound."""
    parts = [part for site in sorted(case.cluster_sites) for part in searches(case, site, pools_at(case, site))]
    for part in parts:
        part.improve(Budget())
    plans = [part.plan for part in parts]
    return sum((plan.cost for plan in plans), Fraction(0)), sum((plan.bound for plan in plans), Fraction(0))


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=FAMILIES, default="cpu")
    parser.add_argument("--vms", type=int, default=1000)
    parser.add_argument("--shapes", type=int, default=120)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    asked = parser.parse_args()
    edition = cp.load_edition(EDITION)
    book = cp.load_prices(prices(asked.family), edition)
    gaps, times = [], []
    print("| estate | CPU seconds | cost | bound | gap |\n| --- | --- | --- | --- | --- |")
    for seed in asked.seeds:
        workload = cp.read_workload(estate(asked.vms, asked.shapes, asked.family, seed), edition)
        case, start = Case.of(workload, edition, book), time.process_time()
        cost, bound = planned(case)
        times.append(time.process_time() - start)
        gaps.append(float(cost / bound - 1))
        print(
            f"| {workload.name} | {times[-1]:.1f} | {float(cost):.2f} | {float(bound):.2f} | {gaps[-1]:.1e} |",
            flush=True,
        )
    for name, of in (("median", statistics.median), ("worst", max)):
        print(f"| {name} | {of(times):.1f} | | | {of(gaps):.1e} |")


if __name__ == "__main__":
    main()
