"""Solve the compute side of a workload with a textbook model, as a yardstick for cloudplan; the last line is JSON.

    python benchmarks/textbook.py WORKLOAD PRICES --model counts --solver highs --seconds 45

`binary` has one binary unknown for each VM and host, `counts` one whole unknown for each shape and host. Demand, rules
and prices are cloudplan's own. The model takes the memory of all clusters of a blade type together, as cloudplan's
bound does. It knows one site with one pool, no anti-affinity, no `max_clusters`, and memory that is billed.

CBC and HiGHS are used through PuLP. CP-SAT needs `pip install ortools`, and uses all cores. OR-tools and HiGHS cannot
be loaded into one process: so cloudplan and PuLP, which load HiGHS, are imported only inside functions.
"""

import argparse
import itertools
import json
import math
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

MIB_PER_GIB, MIB = 1024, 1024
"""MiB in a GiB; KiB in a MiB, because the system counts peak memory in KiB."""


@dataclass(frozen=True)
class Type:
    """A blade type: needs and offer in whole numbers, the most loaded hosts worth having, prices."""

    shapes: tuple[int, ...]
    needs: tuple[tuple[int, ...], ...]
    offer: tuple[int, ...]
    most: int
    usable_gib: int
    price: Fraction


@dataclass(frozen=True)
class Instance:
    """All that the models need, as plain numbers."""

    counts: tuple[int, ...]
    memory_mib: tuple[int, ...]
    types: tuple[Type, ...]
    hosts_max: int
    failures: int
    included_gib: int
    ceiling: Fraction
    gib_price: Fraction

    def one_by_one(self) -> "Instance":
        """Return the same with a shape for each VM."""
        owners = [shape for shape, count in enumerate(self.counts) for _ in range(count)]
        types = []
        for entry in self.types:
            needs = dict(zip(entry.shapes, entry.needs, strict=True))
            mine = tuple(vm for vm, shape in enumerate(owners) if shape in needs)
            types.append(replace(entry, shapes=mine, needs=tuple(needs[owners[vm]] for vm in mine)))
        memory_mib = tuple(self.memory_mib[shape] for shape in owners)
        return replace(self, counts=(1,) * len(owners), memory_mib=memory_mib, types=tuple(types))


def read(workload: Path, prices: Path) -> Instance:
    """Read an instance as cloudplan does."""
    import cloudplan as cp  # noqa: PLC0415
    from cloudplan.evaluation.items import Decision, cost, items  # noqa: PLC0415
    from cloudplan.optimiser.compute.patterns import Grid, first_fit  # noqa: PLC0415
    from cloudplan.optimiser.compute.shapes import pools_at  # noqa: PLC0415
    from cloudplan.rules.compute import hosts_max, included_gib, memory_is_unpriced, usable_gib  # noqa: PLC0415
    from cloudplan.workload.case import Case  # noqa: PLC0415
    from cloudplan.workload.reading import pinned_edition  # noqa: PLC0415

    edition = cp.load_edition(pinned_edition(workload))
    case = Case.of(cp.read_workload(workload, edition), edition, cp.load_prices(prices, edition))
    policy, included = case.workload.policy, included_gib(edition)
    pools = [pool for site in case.sites for pool in pools_at(case, site)]
    plain = len(pools) == 1 and policy.max_clusters is None and policy.memory_model == "base128_plus_memory"
    if not plain or memory_is_unpriced(case) or pools[0].faults or any(shape.apart for shape in pools[0].shapes):
        raise SystemExit("the textbook model does not know what this workload asks for")
    shapes, types = pools[0].shapes, []
    for blade in case.blades:
        able = pools[0].shapes_on(blade)
        if able:
            mine, counts = [shapes[index] for index in able], [shapes[index].count for index in able]
            grid = Grid.of(case, blade, mine, counts)
            price = Fraction(cost(case, items(case, Decision([(pools[0].site, blade, 1, included)]))))
            usable = usable_gib(case, edition.blades[blade])
            types.append(Type(tuple(able), grid.needs, grid.offer, len(first_fit(grid)), usable, price))
    return Instance(
        tuple(shape.count for shape in shapes),
        tuple(shape.memory_mib for shape in shapes),
        tuple(types),
        hosts_max(edition),
        policy.host_failures,
        included,
        Fraction(policy.memory_ceiling),
        Fraction(case.prices.net(edition.services.memory)),
    )


Terms = list[tuple[int, int]]
"""(unknown, factor): the unknowns are numbered."""


class Textbook:
    """The model in whole numbers: upper limits of the unknowns, costs of some (over `scale`), and rows made on demand.

    The unknowns are: whether a host is loaded, and what is on it; clusters, hosts and activated GiB by blade type.
    """

    def __init__(self, instance: Instance):
        self._instance, self.upper = instance, list[int]()
        self._loaded: list[list[int]] = []
        self._first: list[list[int]] = []
        self._fleets: list[tuple[int, int, int]] = []
        for entry in instance.types:
            self._loaded.append([self._new(1) for _ in range(entry.most)])
            fits = [
                min(
                    instance.counts[shape],
                    *(room // need for need, room in zip(needs, entry.offer, strict=True) if need),
                )
                for shape, needs in zip(entry.shapes, entry.needs, strict=True)
            ]
            self._first.append([len(self.upper) + host * len(fits) for host in range(entry.most)])
            self.upper += fits * entry.most
            hosts = entry.most * instance.hosts_max
            self._fleets.append((self._new(entry.most), self._new(hosts), self._new(hosts * entry.usable_gib)))
        prices = [entry.price - instance.included_gib * instance.gib_price for entry in instance.types]
        self.scale = math.lcm(*(price.denominator for price in (*prices, instance.gib_price)))
        self.costs: Terms = []
        for price, (_, hosts, memory) in zip(prices, self._fleets, strict=True):
            self.costs += [(hosts, int(price * self.scale)), (memory, int(instance.gib_price * self.scale))]

    def _new(self, upper: int) -> int:
        self.upper.append(upper)
        return len(self.upper) - 1

    def placed(self) -> Iterator[tuple[list[int], int]]:
        """Yield for each shape the unknowns that add up to its count."""
        holders: list[list[int]] = [[] for _ in self._instance.counts]
        for entry, firsts in zip(self._instance.types, self._first, strict=True):
            for first in firsts:
                for position, shape in enumerate(entry.shapes):
                    holders[shape].append(first + position)
        yield from zip(holders, self._instance.counts, strict=True)

    def limits(self) -> Iterator[Terms]:
        """Yield sums that are at most 0."""
        given, ceiling = self._instance, self._instance.ceiling * MIB_PER_GIB
        for entry, loaded, firsts, fleet in zip(given.types, self._loaded, self._first, self._fleets, strict=True):
            clusters, hosts, memory = fleet
            for host, first in zip(loaded, firsts, strict=True):
                for axis, room in enumerate(entry.offer):
                    held = [(first + at, needs[axis]) for at, needs in enumerate(entry.needs) if needs[axis]]
                    if held:
                        yield [*held, (host, -room)]
            for host, following in itertools.pairwise(loaded):
                yield [(following, 1), (host, -1)]
            used = [
                (first + position, given.memory_mib[shape] * ceiling.denominator)
                for first in firsts
                for position, shape in enumerate(entry.shapes)
            ]
            yield [*used, (memory, -ceiling.numerator)]
            yield [*((host, 1) for host in loaded), (clusters, given.failures), (hosts, -1)]
            yield [(clusters, 1), *((host, -1) for host in loaded)]
            yield [(clusters, given.failures + 1), (hosts, -1)]
            yield [(hosts, 1), (clusters, -given.hosts_max)]
            yield [(hosts, given.included_gib), (memory, -1)]
            yield [(memory, 1), (hosts, -entry.usable_gib)]

    def cost(self, values: Sequence[float]) -> float:
        """Return the cost of a solution."""
        return sum(factor * round(values[unknown]) for unknown, factor in self.costs) / self.scale


FEASIBLE_IN_HIGHS = 2
"""HiGHS's number for a solution that keeps all rows."""

Answer = tuple[str, float | None, float | None]
"""Status, cost, and proven lower bound."""


def solve_with_pulp(model: Textbook, solver: str, deadline: float) -> Answer:
    """Solve with CBC or HiGHS."""
    import pulp  # noqa: PLC0415

    problem = pulp.LpProblem("textbook", pulp.LpMinimize)
    unknowns = [problem.add_variable(f"x{at}", 0, most, pulp.LpInteger) for at, most in enumerate(model.upper)]

    def expression(terms: Terms, scale: int) -> Any:
        return pulp.LpAffineExpression([(unknowns[at], factor / scale) for at, factor in terms])

    problem.setObjective(expression(model.costs, model.scale))
    for held, count in model.placed():
        problem += pulp.lpSum(unknowns[at] for at in held) == count
    for terms in model.limits():
        left(deadline)
        problem += expression(terms, max(abs(factor) for _, factor in terms)) <= 0
    bound, found = None, True
    if solver == "cbc":
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            problem.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=left(deadline), logPath=str(log)))
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("Lower bound:"):
                    bound = float(line.split(":")[1])
    else:
        problem.solve(pulp.HiGHS(msg=False, timeLimit=left(deadline), gapRel=0))
        facts = problem.solverModel.getInfo()
        bound = facts.mip_dual_bound
        found = facts.primal_solution_status == FEASIBLE_IN_HIGHS  # PuLP says so at every time limit
    names = {pulp.LpSolutionOptimal: "optimal", pulp.LpSolutionIntegerFeasible: "feasible"}
    status = names.get(problem.sol_status, "infeasible" if problem.status == pulp.LpStatusInfeasible else "none")
    if status not in names.values() or not found:
        return status if status == "infeasible" else "none", None, bound
    cost = model.cost([unknown.value() for unknown in unknowns])
    return status, cost, cost if status == "optimal" and bound is None else bound


def solve_with_cpsat(model: Textbook, deadline: float) -> Answer:
    """Solve with CP-SAT."""
    from ortools.sat.python import cp_model  # noqa: PLC0415

    problem = cp_model.CpModel()
    unknowns = [problem.new_int_var(0, most, "") for most in model.upper]

    def expression(terms: Terms) -> Any:
        return cp_model.LinearExpr.weighted_sum([unknowns[at] for at, _ in terms], [factor for _, factor in terms])

    problem.minimize(expression(model.costs))
    for held, count in model.placed():
        problem.add(cp_model.LinearExpr.sum([unknowns[at] for at in held]) == count)
    for terms in model.limits():
        left(deadline)
        problem.add(expression(terms) <= 0)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = left(deadline)
    status = solver.solve(problem)
    names = {cp_model.OPTIMAL: "optimal", cp_model.FEASIBLE: "feasible", cp_model.INFEASIBLE: "infeasible"}
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    cost = model.cost([solver.value(unknown) for unknown in unknowns]) if found else None
    return names.get(status, "none"), cost, solver.best_objective_bound / model.scale


def left(deadline: float) -> float:
    """Return the seconds that are left; raise TimeoutError when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def main() -> None:
    """Solve one model with one solver.

    The time includes building the model, but not reading the workload; the peak memory of CBC is that of the larger
    process, CBC or the one that builds the model.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", type=Path)
    parser.add_argument("prices", type=Path)
    parser.add_argument("--model", choices=["binary", "counts"], default="counts")
    parser.add_argument("--solver", choices=["cbc", "highs", "cpsat"], default="highs")
    parser.add_argument("--seconds", type=float, default=45)
    asked = parser.parse_args()
    if asked.solver == "cpsat":
        with multiprocessing.get_context("spawn").Pool(1) as reader:
            instance = reader.apply(read, (asked.workload, asked.prices))
    else:
        instance = read(asked.workload, asked.prices)
    start = time.monotonic()
    deadline = start + asked.seconds
    try:
        model = Textbook(instance.one_by_one() if asked.model == "binary" else instance)
        if asked.solver == "cpsat":
            status, cost, bound = solve_with_cpsat(model, deadline)
        else:
            status, cost, bound = solve_with_pulp(model, asked.solver, deadline)
    except TimeoutError:
        status, cost, bound = "not built", None, None
    bound = bound if bound is not None and math.isfinite(bound) and abs(bound) < 1e20 else None
    processes = [resource.RUSAGE_SELF] + [resource.RUSAGE_CHILDREN] * (asked.solver == "cbc")
    answer = {
        "model": asked.model,
        "solver": asked.solver,
        "seconds": round(time.monotonic() - start, 2),
        "peak_mib": round(max(resource.getrusage(process).ru_maxrss for process in processes) / MIB),
        "cost": cost,
        "bound": bound,
        "gap": max(0.0, (cost - bound) / cost) if cost and bound is not None else None,
        "status": status,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
