"""Work in copies of the process: results in order, nothing shared, failures told, and the same without copies."""

import os
import threading
from collections.abc import Callable

import pytest

from cloudplan.base import processes
from cloudplan.base.errors import BadInputError, Fault, InternalError


@pytest.fixture(params=["copies", "in turn"])
def each(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[object]]:
    alone = 1 if request.param == "copies" else 2
    monkeypatch.setattr(threading, "active_count", lambda: alone)  # the tests run in a process with threads
    return processes.each


def test_results_come_in_the_order_of_the_items(each: Callable[..., list[object]]) -> None:
    assert each(lambda item: item * item, range(7), processes=3) == [0, 1, 4, 9, 16, 25, 36]
    assert each(lambda item: item, [], processes=3) == []
    assert each(lambda item: item, ["one"], processes=3) == ["one"]


def test_a_failure_is_raised_with_its_faults(each: Callable[..., list[object]]) -> None:
    def work(item: int) -> int:
        if item == 2:
            raise BadInputError([Fault("first", where="a"), Fault("second", rule="MEM-1")])
        return item

    with pytest.raises(BadInputError) as raised:
        each(work, range(5), processes=2)
    assert [fault.message for fault in raised.value.faults] == ["first", "second"]
    assert raised.value.faults[1].rule == "MEM-1"


def test_a_copy_changes_nothing_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    known: list[int] = []

    def work(item: int) -> int:
        known.append(item)
        return len(known)

    assert processes.each(work, range(4), processes=2) == [1, 1, 1, 1]
    assert not known


def test_a_copy_that_dies_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    with pytest.raises(InternalError, match="without a result"):
        processes.each(lambda item: os._exit(3) if item == 1 else item, range(3), processes=2)


def test_there_are_cores() -> None:
    assert 1 <= processes.cores() <= (os.cpu_count() or 1)
