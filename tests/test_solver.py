"""The solver by itself: rows from exact rules, whole answers, honest bounds, and the covering LP that grows."""

import itertools
import time
from fractions import Fraction
from typing import Any

import highspy
import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from cloudplan.base.errors import InternalError
from cloudplan.base.steps import Step
from cloudplan.optimiser.solver import TOLERANCE, Budget, Cover, Model, add, total
from cloudplan.rules.rule import Inequality, Rule

RULE = Rule("TEST-1", "A rule", "left <= right", "plan")
INFINITE = float("inf")


def row(left: Any, right: Any, unit: str = "") -> Inequality:
    return RULE.at_most(left, right, "here", unit)


# --- the model -------------------------------------------------------------------------------------------------------


@examples(60)
@given(
    costs=st.lists(st.integers(1, 9), min_size=3, max_size=3),
    rows=st.lists(st.tuples(*[st.integers(0, 4)] * 3, st.integers(0, 12)), min_size=1, max_size=3),
    equal=st.integers(0, 6),
)
def test_the_optimum_is_that_of_enumeration(
    costs: list[int], rows: list[tuple[int, int, int, int]], equal: int
) -> None:
    """Three unknowns from 0 to 4: least cost, with some sums at least so much, and two of them together exactly so."""
    kept = [
        values
        for values in itertools.product(range(5), repeat=3)
        if all(sum(f * v for f, v in zip(factors, values, strict=True)) >= least for *factors, least in rows)
        and values[0] + values[1] == equal
    ]
    model = Model()
    unknowns = [model.whole(0, 4) for _ in range(3)]
    for *factors, least in rows:
        model.keep(row(least, total(zip(unknowns, factors, strict=True))))
    model.equal(add(unknowns[:2]), equal)
    objective = total(zip(unknowns, costs, strict=True)) + Fraction(1, 4)
    outcome = model.minimise(objective, Budget())
    assert (outcome.found, outcome.infeasible) == (bool(kept), not kept)
    if kept:
        best = min(sum(c * v for c, v in zip(costs, values, strict=True)) for values in kept) + Fraction(1, 4)
        assert model.exact(objective) == best
        assert tuple(map(model.value, unknowns)) in kept
        assert best - 2 * TOLERANCE * max(1, best) <= outcome.bound <= best


def test_bounds_of_an_unknown_are_kept() -> None:
    model = Model()
    low, high = model.whole(3, 7), model.whole(0, 7)
    assert model.minimise(low - high, Budget()).found
    assert (model.value(low), model.value(high), model.exact(low - high)) == (3, 7, -4)


def test_a_rule_between_numbers_must_hold_by_itself() -> None:
    model = Model()
    unknown = model.whole(2)
    model.keep(row(1, 1), row(Fraction(1, 3), 2))
    assert model.minimise(unknown, Budget()).found
    model.keep(row(unknown - unknown, Fraction(1, 9)))  # nothing is left of the unknown
    assert model.minimise(unknown, Budget()).found
    model.keep(row(2, 1))
    assert model.minimise(unknown, Budget()).infeasible
    assert model.impossible(Budget())


def test_a_rule_in_which_nothing_is_left_of_the_unknowns_can_be_broken() -> None:
    model = Model()
    unknown = model.whole()
    model.keep(row(unknown + 1, unknown))
    assert model.impossible(Budget())


def test_rows_in_mib_are_scaled_to_gib_and_mean_the_same() -> None:
    """Rows of like size are solved better; what they allow does not change."""
    model = Model()
    gib = model.whole()
    model.keep(row(10 * 1024 + 1, 1024 * gib, "MiB"))
    model.keep(row(10 * 1024 + 1, 1024 * gib, "GiB"))
    lines = [line for line in model.text().splitlines() if line.startswith("TEST_1_here")]
    assert lines == ["TEST_1_here_1: - x0 <= -10.0009765625", "TEST_1_here_2: - 1024 x0 <= -10241"]
    assert model.minimise(gib, Budget()).found
    assert model.value(gib) == 11


def test_what_is_no_rule_is_kept_too() -> None:
    model = Model()
    one, other = model.whole(), model.whole(0, 5)
    model.at_most(other + 2, one)
    assert model.minimise(one - 3 * other, Budget()).found
    assert (model.value(one), model.value(other)) == (7, 5)


def test_a_model_without_unknowns_has_a_solution_of_no_cost() -> None:
    outcome = Model().minimise(0, Budget())
    assert (outcome.found, outcome.infeasible, outcome.bound) == (True, False, 0)


def test_ties_are_settled_by_each_order_in_turn_at_no_cost() -> None:
    model = Model()
    x, y, z = (model.whole(0, 9) for _ in range(3))
    model.equal(add([x, y, z]), 9)
    assert model.minimise(add([x, y, z]), Budget()).found
    model.prefer(add([x, y, z]), [x + y, y - x], Budget())
    assert [model.value(each) for each in (x, y, z)] == [0, 0, 9]
    dearer = Model()
    cheap, dear = dearer.whole(0, 9), dearer.whole(0, 9)
    dearer.equal(cheap + dear, 9)
    assert dearer.minimise(cheap + 2 * dear, Budget()).found
    dearer.prefer(cheap + 2 * dear, [cheap], Budget())
    assert (dearer.value(cheap), dearer.value(dear)) == (9, 0)


def test_an_answer_that_is_not_whole_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    unknown = model.whole(3)
    solution = type("Solution", (), {"col_value": [3.4]})()
    monkeypatch.setattr(highspy.Highs, "getSolution", lambda _: solution)
    with pytest.raises(InternalError, match=r"3\.4 for a whole number"):
        model.minimise(unknown, Budget())


def test_a_solver_that_fails_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    unknown = model.whole(3)
    monkeypatch.setattr(highspy.Highs, "getModelStatus", lambda _: highspy.HighsModelStatus.kSolveError)
    with pytest.raises(InternalError, match="the solver failed"):
        model.minimise(unknown, Budget())


def test_others_in_the_process_may_have_used_the_solver_with_more_threads() -> None:
    other = highspy.Highs()  # type: ignore[no-untyped-call]
    highspy.Highs.resetGlobalScheduler(True)
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 2)
    other.addVar(0, 3)
    other.changeColIntegrality(0, highspy.HighsVarType.kInteger)
    assert other.run() == highspy.HighsStatus.kOk  # type: ignore[no-untyped-call]
    model = Model()
    unknown = model.whole(2, 4)
    assert (model.minimise(unknown, Budget()).found, model.value(unknown)) == (True, 2)


def test_a_solver_that_refuses_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highspy.Highs, "run", lambda self: highspy.HighsStatus.kError)
    model = Model()
    with pytest.raises(InternalError, match="refused"):
        model.minimise(model.whole(2, 4), Budget())


def test_the_model_as_a_text_is_what_a_solver_reads(tmp_path: Any) -> None:
    model = Model()
    unknowns = [model.whole(1, 9) for _ in range(3)]
    model.keep(row(Fraction(20, 3), total(zip(unknowns, (1, 2, 3), strict=True))))
    model.equal(unknowns[0], unknowns[1])
    assert model.minimise(total(zip(unknowns, (3, 5, 8), strict=True)), Budget()).found
    path = tmp_path / "model.lp"
    path.write_text(model.text())
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    highs.run()
    found = highs.getInfo().objective_function_value
    assert found == model.exact(total(zip(unknowns, (3, 5, 8), strict=True)))


@examples(40)
@given(st.lists(st.tuples(st.integers(0, 2), st.fractions(-3, 3, max_denominator=9)), max_size=8))
def test_a_sum_is_exact_however_often_an_unknown_is_in_it(terms: list[tuple[int, Fraction]]) -> None:
    model = Model()
    unknowns = [model.whole(value, value) for value in (2, 5, 11)]
    assert model.minimise(add(unknowns), Budget()).found
    expected = sum((factor * (2, 5, 11)[number] for number, factor in terms), Fraction(0))
    assert model.exact(total((unknowns[number], factor) for number, factor in terms)) == expected


# --- the budget ------------------------------------------------------------------------------------------------------


def test_a_budget_is_spent_when_its_time_is_up_or_somebody_stops_it() -> None:
    def silent(_: str) -> None:
        pass

    free = Budget.of(0.0, None, silent, lambda: False)
    assert (free.spent, free.seconds_left) == (False, None)
    hour = Budget.of(0.0, 3600.0, silent, lambda: False)
    assert not hour.spent
    assert 3500 < (hour.seconds_left or 0) <= 3600
    over = Budget(deadline=time.monotonic() - 1)
    assert (over.spent, over.seconds_left) == (True, 0.0)
    stopped = Budget.of(0.0, 3600.0, silent, lambda: True)
    assert (stopped.spent, stopped.seconds_left) == (True, 0.0)
    for budget in (over, stopped):
        assert (budget.unlimited.spent, budget.unlimited.seconds_left) == (False, None)


def test_a_step_is_told_with_its_bound_and_its_gap() -> None:
    told: list[str] = []
    budget = Budget(progress=told.append)
    budget.report("step", Fraction(90), None)
    budget.report("step", Fraction(90), Fraction(100))
    assert told == ["step: bound 90.00", "step: bound 90.00, best 100.00, gap 10.0000%"]


def test_a_search_that_is_stopped_at_once_gives_an_honest_bound() -> None:
    model = Model()
    unknowns = [model.whole(0, 9) for _ in range(30)]
    model.keep(row(100, total((each, 7 + n) for n, each in enumerate(unknowns))))
    outcome = model.minimise(total((each, 5 + n) for n, each in enumerate(unknowns)), Budget(stopped=lambda: True))
    assert not outcome.infeasible
    assert outcome.bound <= 75


# --- the best content of a host --------------------------------------------------------------------------------------


# --- the covering LP -------------------------------------------------------------------------------------------------


def test_a_covering_lp_grows_changes_and_forgets() -> None:
    cover = Cover([(4.0, INFINITE), (2.0, INFINITE), (-INFINITE, 10.0)])
    cover.column(3.0, [(0, 1.0)])
    cover.column(5.0, [(1, 1.0)])
    cost, values, duals = cover.solve()
    assert (cost, values, duals[:2]) == (22.0, [4.0, 2.0], [3.0, 5.0])
    cover.column(4.0, [(0, 1.0), (1, 1.0), (2, 1.0)])  # both at once
    cost, values, _ = cover.solve()
    assert (cost, values) == (14.0, [2.0, 0.0, 2.0])
    cover.at_most(2, 1.0)
    assert cover.solve()[0] == 18.0
    cover.at_least(0, 5.0)
    assert cover.solve()[0] == 21.0
    cover.at_most(2, 10.0)
    assert cover.solve()[1] == [3.0, 0.0, 2.0]
    cover.remove([1])
    assert cover.solve()[1] == [3.0, 2.0]


def test_a_covering_lp_that_nothing_covers_is_an_internal_error() -> None:
    cover = Cover([(4.0, INFINITE)])
    cover.column(1.0, [])
    with pytest.raises(InternalError, match="no optimum"):
        cover.solve()


# --- what is told ----------------------------------------------------------------------------------------------------


def test_a_step_is_told_in_words_with_its_figures_apart() -> None:
    told: list[str] = []
    budget = Budget(progress=told.append)
    budget.report("placing VMs at az05", Fraction(90), Fraction(100))
    budget.report("storage", Fraction(90), None)
    assert told == ["placing VMs at az05: bound 90.00, best 100.00, gap 10.0000%", "storage: bound 90.00"]
    with_best, without = map(Step.of, told)
    assert (with_best.step, with_best.amounts, with_best.gap) == (
        "placing VMs at az05",
        {"bound": 90.0, "best": 100.0},
        0.1,
    )
    assert (without.step, without.amounts, without.gap) == ("storage", {"bound": 90.0, "best": None}, None)
    assert Step.of("verifying the plan").step == "verifying the plan"
