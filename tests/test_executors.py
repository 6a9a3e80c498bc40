"""Parts of work given to an executor: the same results as in turn, in order or as they come, and few at a time."""

import os
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from cloudplan.base import executors
from cloudplan.base.errors import BadInputError, Fault, InternalError


def doubled(part: Any) -> Any:
    if part == "bad":
        raise BadInputError([Fault("first", where="a"), Fault("second", rule="MEM-1")])
    if part == "die":
        os._exit(3)
    return [part, part]


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor | None]:
    with executors.local(2) as pool:
        yield pool


def test_results_are_those_of_work_in_turn(processes: Executor) -> None:
    parts = [{"a": number} for number in range(20)]
    assert executors.in_order(doubled, parts, processes) == executors.in_order(doubled, parts)
    assert sorted(executors.as_done(doubled, parts, processes, ahead=3))[7] == (7, [{"a": 7}, {"a": 7}])
    assert executors.in_order(doubled, [], processes) == []


def test_one_worker_is_this_process() -> None:
    with executors.local(1) as nobody:
        assert nobody is None


@pytest.mark.parametrize("alone", [True, False])
def test_a_failure_is_raised_with_its_faults(processes: Executor, alone: bool) -> None:
    with pytest.raises(BadInputError) as raised:
        executors.in_order(doubled, [1, "bad", 2], None if alone else processes)
    assert [fault.message for fault in raised.value.faults] == ["first", "second"]
    assert raised.value.faults[1].rule == "MEM-1"


def test_a_process_that_dies_is_an_internal_error() -> None:
    with executors.local(2) as pool, pytest.raises(InternalError, match="without a result"):
        executors.in_order(doubled, ["die"], pool)


def test_only_so_many_are_under_way() -> None:
    taken: list[int] = []

    def parts() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    with ThreadPoolExecutor(2) as threads:
        for done, _ in enumerate(executors.as_done(doubled, parts(), threads, ahead=4)):
            assert len(taken) <= done + 1 + 4


def test_what_is_given_up_is_not_begun() -> None:
    class Slow(Executor):
        def __init__(self) -> None:
            self.given: list[Future[str]] = []

        def submit(self, *_: Any, **__: Any) -> Future[str]:
            self.given.append(Future())
            if len(self.given) == 2:
                self.given[0].set_result("[]")
            return self.given[-1]

    slow = Slow()
    results = executors.as_done(doubled, [1, 2], slow)
    assert next(results) == (0, [])
    results.close()  # type: ignore[attr-defined]
    assert slow.given[1].cancelled()
