"""PuLP and HiGHS, and nothing but them: whole unknowns, exact rows, and an answer that is not believed blindly.

Rows come from the rules as exact inequalities and become floating point only here. What comes back is rounded to whole
numbers; the bound is the solver's own dual bound, less its tolerance.
"""

import math
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pulp
from numpy.typing import NDArray

from cloudplan.base.errors import InternalError
from cloudplan.base.steps import Step
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.rules.rule import Inequality, Linear

NODE_LIMIT = 200_000
"""Branch-and-bound nodes after which a search stops: a limit that is the same on every machine."""

INTEGRALITY = 1e-5
TOLERANCE = Fraction(1, 10**6)
"""What is subtracted from a bound, relative to it: HiGHS works to 1e-6."""

NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.]+")
"""What the LP format does not allow in the name of a row."""

Unknown = Any
"""One of the solver's unknowns; arithmetic on it gives linear expressions."""


@dataclass(frozen=True)
class Budget:
    """How long to search: until this relative gap, and until this moment (None: no limit in time)."""

    gap: float = 0.0
    deadline: float | None = None
    nodes: int = NODE_LIMIT
    progress: Callable[[str], None] = lambda _: None
    stopped: Callable[[], bool] = lambda: False
    heard: Callable[[Fraction], None] = lambda _: None
    """Told each bound that is proven."""

    @classmethod
    def of(
        cls, gap: float, seconds: float | None, progress: Callable[[str], None], stopped: Callable[[], bool]
    ) -> "Budget":
        """Return a budget that ends `seconds` from now, or as soon as it is stopped."""
        return cls(gap, None if seconds is None else time.monotonic() + seconds, progress=progress, stopped=stopped)

    @property
    def unlimited(self) -> "Budget":
        """The same budget for a search that must end by itself."""
        return replace(self, deadline=None, stopped=lambda: False)

    def share(self, part: Fraction) -> "Budget":
        """Return the budget that has this part of the time that is left."""
        seconds = self.seconds_left
        return self if self.deadline is None or seconds is None else self.until(seconds * float(part))

    def less(self, seconds: float) -> "Budget":
        """Return the budget that ends so many seconds earlier."""
        return self if self.deadline is None else replace(self, deadline=self.deadline - seconds)

    def until(self, seconds: float) -> "Budget":
        """Return the budget that ends so many seconds from now."""
        return replace(self, deadline=time.monotonic() + seconds)

    def report(self, step: str, bound: Fraction, best: Fraction | None) -> None:
        """Tell a step, the proven bound, and the best found so far with its gap."""
        self.heard(bound)
        gap = float((best - bound) / best) if best else None
        figures = f"bound {float(bound):,.2f}"
        if best and gap is not None:
            figures += f", best {float(best):,.2f}, gap {gap:.4%}"
        self.progress(Step(f"{step}: {figures}", step, float(bound), float(best) if best else None, gap))

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, None without one; none at all once stopped."""
        if self.stopped():
            return 0.0
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    @property
    def spent(self) -> bool:
        """Whether the deadline has passed, or somebody stopped the search."""
        return self.stopped() or (self.deadline is not None and time.monotonic() >= self.deadline)


@dataclass(frozen=True)
class Outcome:
    """The answer of one search: whether a plan was found, a proven lower bound of the objective, and what was found."""

    found: bool
    infeasible: bool
    bound: Fraction
    objective: float = math.inf


class Model:
    """An ILP over whole unknowns, minimised."""

    def __init__(self) -> None:
        self._problem = pulp.LpProblem("cloudplan", pulp.LpMinimize)
        self._values: dict[Unknown, int] = {}
        self._rules = 0
        self._found: Sequence[float] = ()
        self._relaxed: frozenset[Unknown] = frozenset()
        self._continuous: frozenset[Unknown] = frozenset()

    def relax(self, unknowns: Iterable[Unknown]) -> None:
        """Let these, and no others, be any number in the searches to come: easier, and the bound is still one.

        The whole values read of them are rounded up.
        """
        self._relaxed = frozenset(unknowns)

    def whole(self, low: int = 0, high: int | None = None) -> Unknown:
        """Return a new whole unknown between `low` and `high`."""
        unknown = self._problem.add_variable(f"x{len(self._values)}", low, high, pulp.LpInteger)
        self._values[unknown] = 0
        return unknown

    def keep(self, *rows: Inequality) -> None:
        """Add rules as constraints; one between mere numbers must hold by itself."""
        for row in rows:
            difference = row.left - row.right
            if row.unit == "MiB":  # rows of like size are solved better: memory and space in GiB
                difference = difference * Fraction(1, MIB_PER_GIB)
            if isinstance(difference, pulp.LpAffineExpression) and len(difference):
                self._add(row, difference <= 0)
            elif (difference.constant if isinstance(difference, pulp.LpAffineExpression) else difference) > 0:
                self._add(row, pulp.LpAffineExpression(self._never()) <= -1)

    def _add(self, row: Inequality, constraint: Any) -> None:
        """Add a constraint under the name of its rule, its place, and a number of its own."""
        self._rules += 1
        name = f"{row.rule.id} {row.place} {self._rules}"
        self._problem.addConstraint(constraint, NOT_IN_A_NAME.sub("_", name))

    def equal(self, left: Linear, right: Linear) -> None:
        """Add left == right."""
        self._problem += left == right

    def at_most(self, left: Linear, right: Linear) -> None:
        """Add left <= right, a relation of the model's own unknowns that is no rule."""
        self._problem += left <= right

    def _never(self) -> Unknown:
        return self.whole(0, 0)

    def text(self) -> str:
        """Return the model in the LP format of CPLEX, each row of a rule named after the rule and its place."""
        plain = pulp.LpProblem(self._problem.name, self._problem.sense)
        if self._problem.objective is not None:
            plain.setObjective(_in_floats(self._problem.objective))
        for row in self._problem.constraints():
            plain.addConstraint(pulp.LpConstraint(_in_floats(row), row.sense, row.name))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.lp"
            plain.writeLP(str(path))
            return path.read_text(encoding="utf-8")

    def minimise(
        self, objective: Linear, budget: Budget, start: Callable[[], Mapping[Unknown, int]] | None = None
    ) -> Outcome:
        """Search for the least objective, from a solution if there is one; the values found are read with `value`.

        Raises InternalError when the solver fails, or gives a number that is not whole.
        """
        self._problem.setObjective(pulp.LpAffineExpression(objective))
        if not self._values:
            return Outcome(True, False, Fraction(0))
        highs = self._problem.solverModel = _quiet()
        self._continuous = frozenset()
        highs.setOptionValue("mip_abs_gap", 0.0)
        pulp.HiGHS().buildSolverModel(self._problem)  # exact fractions become floats here and nowhere else
        highs.changeObjectiveOffset(float(self._problem.objective.constant))
        highs.cbMipInterrupt.subscribe(lambda event: event.interrupt(budget.stopped()))
        return self._run(budget, start() if start else None)

    def cut(self, terms: Mapping[Unknown, float], low: float) -> None:
        """Add sum of factor x unknown >= low to the model that was minimised last, for `again`."""
        columns = [unknown.index for unknown in terms]
        self._problem.solverModel.addRow(low, highspy.kHighsInf, len(columns), columns, list(terms.values()))

    def again(
        self, budget: Budget, start: Mapping[Unknown, int] | None = None, charges: Mapping[Unknown, float] | None = None
    ) -> Outcome:
        """Search once more, with the cuts added since, from a solution if there is one.

        `charges` are added to the objective for this search: its bound is then none of the objective.
        """
        costs = {unknown: float(factor) for unknown, factor in self._problem.objective.items()}
        for unknown, charge in (charges or {}).items():
            self._problem.solverModel.changeColCost(unknown.index, costs.get(unknown, 0.0) + charge)
        outcome = self._run(budget, start)
        for unknown in charges or {}:
            self._problem.solverModel.changeColCost(unknown.index, costs.get(unknown, 0.0))
        return outcome

    def among(
        self, most: Fraction, order: Mapping[Unknown, float], budget: Budget, start: Mapping[Unknown, int]
    ) -> bool:
        """Search for the least `order` among the solutions that cost no more than `most`; return whether one was found.

        Nothing can be searched for after that but such solutions.
        """
        objective = self._problem.objective
        highs, costs = self._problem.solverModel, {unknown: -float(factor) for unknown, factor in objective.items()}
        self.cut(costs, float(objective.constant - most))
        for unknown in self._values:
            highs.changeColCost(unknown.index, order.get(unknown, 0.0))
        highs.changeObjectiveOffset(0.0)
        return self._run(budget, start).found

    def _run(self, budget: Budget, start: Mapping[Unknown, int] | None) -> Outcome:
        highs = self._problem.solverModel
        for unknown in self._relaxed ^ self._continuous:
            kind = highspy.HighsVarType.kContinuous if unknown in self._relaxed else highspy.HighsVarType.kInteger
            highs.changeColIntegrality(unknown.index, kind)
        self._continuous = self._relaxed
        highs.setOptionValue("mip_rel_gap", budget.gap)
        for first in (start, None) if start is not None and not self._relaxed else (None,):
            highs.clearSolver()
            if first is not None:
                values = [0.0] * highs.getNumCol()
                for unknown, value in first.items():
                    values[unknown.index] = float(value)
                solution = highspy.HighsSolution()
                solution.col_value = values
                highs.setSolution(solution)
            _limit(highs, budget)
            highs.run()
            if first is None or _is_itself(highs):
                break
        return self._read(highs)

    def _read(self, highs: Any) -> Outcome:
        status, info = highs.getModelStatus(), highs.getInfo()
        impossible = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
        if status in impossible:
            return Outcome(False, True, Fraction(0))
        failed = (highspy.HighsModelStatus.kSolveError, highspy.HighsModelStatus.kModelError)
        if status in failed:
            raise InternalError(f"the solver failed: {highs.modelStatusToString(status)}")
        dual = info.mip_dual_bound
        bound = Fraction(dual) if abs(dual) < highspy.kHighsInf else Fraction(0)
        bound -= TOLERANCE * max(Fraction(1), abs(bound))
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        if found:
            self._found = columns = highs.getSolution().col_value
            for unknown in self._values:
                index = getattr(unknown, "index", None)
                exact = columns[index] if index is not None else 0.0
                if unknown in self._relaxed:
                    exact = math.ceil(exact - INTEGRALITY)
                if abs(exact - round(exact)) > INTEGRALITY:
                    raise InternalError(f"the solver gave {exact} for a whole number")
                self._values[unknown] = round(exact)
        return Outcome(found, False, bound, info.objective_function_value if found else math.inf)

    def impossible(self, budget: Budget) -> bool:
        """Return whether nothing at all keeps the constraints."""
        return self.minimise(0, budget).infeasible

    def prefer(self, objective: Linear, orders: Iterable[Linear], budget: Budget) -> None:
        """Among the solutions that cost no more than the one found, keep the least by each order in turn."""
        for order in (objective, *orders):
            if order is not objective and (budget.spent or not self.minimise(order, budget).found):
                return
            self.at_most(order, self.exact(order) + TOLERANCE)

    def exact(self, expression: Linear) -> Fraction:
        """Return the value of an expression in the solution found, in exact arithmetic."""
        if isinstance(expression, pulp.LpVariable):
            return Fraction(self._values[expression])
        if isinstance(expression, pulp.LpAffineExpression):
            terms = (Fraction(factor) * self._values[unknown] for unknown, factor in expression.items())
            return sum(terms, Fraction(expression.constant))
        return Fraction(expression)

    def number(self, unknown: Unknown) -> float:
        """Return the value of an unknown as the solver gave it."""
        return float(self._found[unknown.index])

    def value(self, expression: Linear) -> int:
        """Return the value of an unknown, or of an expression with whole coefficients, in the solution found."""
        return int(self.exact(expression))


def _in_floats(expression: Linear) -> Linear:
    """Return an expression for writing: PuLP cannot write fractions."""
    factors = {unknown: float(factor) for unknown, factor in expression.items()}
    return pulp.LpAffineExpression(factors, float(expression.constant))


def total(terms: Iterable[tuple[Unknown, Fraction | int]]) -> Linear:
    """Return the sum of coefficient x unknown, built in one go (adding one by one is quadratic)."""
    gathered: dict[Unknown, Fraction | int] = {}
    for unknown, factor in terms:
        gathered[unknown] = gathered.get(unknown, 0) + factor
    return pulp.LpAffineExpression(gathered)


def add(expressions: Iterable[Linear]) -> Linear:
    """Return the sum of expressions, built in one go."""
    return pulp.lpSum(expressions)


class Cover:
    """A covering LP that grows by columns and keeps its basis."""

    def __init__(self, rows: Sequence[tuple[float, float]]):
        self._highs = _quiet()
        for low, high in rows:
            self._highs.addRow(low, high, 0, [], [])

    def column(self, cost: float, entries: Sequence[tuple[int, float]]) -> None:
        """Add an unknown >= 0."""
        rows, values = [row for row, _ in entries], [value for _, value in entries]
        self._highs.addCol(cost, 0.0, highspy.kHighsInf, len(entries), rows, values)

    def at_least(self, row: int, low: float) -> None:
        """Change what a row must be at least."""
        self._highs.changeRowBounds(row, low, highspy.kHighsInf)

    def at_most(self, row: int, high: float) -> None:
        """Change what a row may be at most."""
        self._highs.changeRowBounds(row, -highspy.kHighsInf, high)

    def remove(self, columns: Sequence[int]) -> None:
        """Remove unknowns, none of them used in the solution; those after them move up."""
        self._highs.deleteCols(len(columns), columns)

    def solve(self) -> tuple[float, list[float], list[float]]:
        """Return the least cost, the unknowns in the order they were added, and the duals of the rows.

        Raises InternalError when the solver has no optimum.
        """
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self._highs.clearSolver()  # a basis kept for long can end a little outside the tolerances
            self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise InternalError("the covering LP has no optimum")
        solution = self._highs.getSolution()
        return float(self._highs.getInfo().objective_function_value), list(solution.col_value), list(solution.row_dual)


class _Quiet(highspy.Highs):
    """HiGHS that writes nothing, and that is heard when it refuses."""

    def enableCallbacks(self) -> None:  # noqa: N802 - the solver's name
        """Be silent first: from 1.16 on it writes a banner before an option can be set."""
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call]

    def run(self) -> Any:
        """Search; raise InternalError when the solver refuses to.

        It refuses one thread where somebody else in this process has used it with more: then its threads start anew.
        """
        status = super().run()
        if status == highspy.HighsStatus.kError:
            highspy.Highs.resetGlobalScheduler(True)
            status = super().run()
        if status == highspy.HighsStatus.kError:
            raise InternalError("the solver refused to search")
        return status


@dataclass(frozen=True)
class Answer:
    """What a search for whole numbers found (None: nothing), and a proven lower bound of its objective."""

    values: list[int] | None
    bound: float


class WholeModel:
    """A small ILP in plain numbers, minimised: for what is solved thousands of times, without names or expressions."""

    def __init__(self, costs: Sequence[float], least: Sequence[float], most: Sequence[float]):
        self._highs = _quiet()
        count, nothing = len(costs), np.zeros(0)
        bounds = (np.asarray(costs, dtype=float), np.asarray(least, dtype=float), np.asarray(most, dtype=float))
        self._highs.addCols(count, *bounds, 0, np.zeros(count, dtype=np.int32), nothing.astype(np.int32), nothing)
        whole = np.full(count, highspy.HighsVarType.kInteger)
        self._highs.changeColsIntegrality(count, np.arange(count, dtype=np.int32), whole)

    def row(self, low: float, high: float, columns: NDArray[Any], factors: NDArray[Any]) -> None:
        """Add low <= sum of factor x unknown <= high."""
        used = factors != 0
        self._highs.addRow(low, high, int(used.sum()), columns[used].astype(np.int32), factors[used].astype(float))

    def least(self, budget: Budget, start: Sequence[float] | None = None, *, absolute: float = 0.0) -> Answer:
        """Search until the budget's gap, an absolute one, or its nodes, from a solution if there is one."""
        _limit(self._highs, budget)
        self._highs.setOptionValue("mip_abs_gap", absolute)
        self._highs.setOptionValue("mip_rel_gap", budget.gap)
        if start is not None:
            solution = highspy.HighsSolution()
            solution.col_value = list(start)
            self._highs.setSolution(solution)
        self._highs.run()
        info, status = self._highs.getInfo(), self._highs.getModelStatus()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return Answer(None, highspy.kHighsInf)
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        values = [round(value) for value in self._highs.getSolution().col_value] if found else None
        bound = float(info.mip_dual_bound)
        return Answer(values, bound - float(TOLERANCE) * max(1.0, abs(bound)))


def _is_itself(highs: Any) -> bool:
    """Return whether the solution costs what the solver says: HiGHS 1.16 can misjudge one that it was given."""
    told, found = highs.getInfo(), highs.getSolution().col_value
    if told.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return True
    objective = float(np.dot(highs.getLp().col_cost_, found)) + highs.getLp().offset_
    return bool(abs(told.objective_function_value - objective) <= 1e-6 * max(1.0, abs(objective)))


def _limit(highs: Any, budget: Budget) -> None:
    """Limit the nodes and the time of the next search for whole numbers, whose clock HiGHS starts anew."""
    highs.setOptionValue("mip_max_nodes", budget.nodes)
    left = budget.seconds_left
    highs.setOptionValue("time_limit", highspy.kHighsInf if left is None else left)


def _quiet() -> Any:
    highs = _Quiet()  # type: ignore[no-untyped-call]
    highs.setOptionValue("threads", 1)
    return highs
