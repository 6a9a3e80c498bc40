"""Tasks that are spread over an executor, this machine's or that of many: what comes of each, a failure too.

Any `concurrent.futures.Executor` does, that of a Dask cluster too (`Client.get_executor`). With a task goes which
program it is from, and another program refuses it.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import asdict, dataclass
from functools import partial
from platform import node
from typing import Any

from cloudplan.analysis.identity import differences, identity
from cloudplan.base.errors import (
    BadInputError,
    CloudplanError,
    Fault,
    InternalError,
    MachineError,
    NoPlanError,
    TimeLimitError,
)
from cloudplan.base.executors import AHEAD, Plain, Work, as_done

_KINDS = (BadInputError, InternalError, MachineError, NoPlanError, TimeLimitError)
_TURN = threading.RLock()
"""Where an executor has threads, they take turns: a search has its process for itself."""


@dataclass(frozen=True)
class Came:
    """What came of a task, by its number: plain values, or why there are none; and the seconds that it took."""

    number: int
    result: Plain | CloudplanError
    seconds: float


def spread(
    work: Work,
    tasks: Iterable[Plain],
    executor: Executor | None = None,
    *,
    ahead: int | Callable[[], int] = AHEAD,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Came]:
    """Yield what came of each task, as they are done; all but `work` as `as_done` has it.

    A failure is not raised, but for MachineError when the executor has another program than this one.
    """
    same = OfOneProgram(executor) if executor else None
    for number, answer in as_done(partial(attempted, work), tasks, same, ahead, tick=tick, lost=_lost):
        yield Came(number, _result(answer), answer.get("seconds", 0.0))


class OfOneProgram(Executor):
    """An executor that gives work to the program that this one is, and to no other: that raises MachineError."""

    def __init__(self, executor: Executor):
        self._executor = executor

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the future of a call."""
        return self._executor.submit(called, dict(identity()), fn, *args, **kwargs)


def called(asking: Mapping[str, str], fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Return what a call returns; raise MachineError when the program here is not the one that asks."""
    if others := differences(identity(), asking):
        raise MachineError([Fault(f"another program than the one that asks: {', '.join(others)}", where=node())])
    return fn(*args, **kwargs)


def attempted(work: Work, task: Plain) -> dict[str, Any]:
    """Do a task, wherever that is, and return its result or its failure, and the seconds that it took."""
    with _TURN:
        begun, collecting = time.monotonic(), gc.isenabled()
        gc.disable()  # as the command line does: looking for cycles takes a seventh of a large run
        try:
            return {"result": work(task), "seconds": _since(begun)}
        except CloudplanError as error:
            return {**_failed(error), "seconds": _since(begun)}
        except Exception as error:  # a fault of the program in one task ends no other
            return {**_failed(InternalError(f"{type(error).__name__}: {error}")), "seconds": _since(begun)}
        finally:
            if collecting:
                gc.enable()


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 2)


def _failed(error: CloudplanError) -> dict[str, Any]:
    return {"error": type(error).__name__, "faults": [asdict(fault) for fault in error.faults]}


def _lost(error: Exception) -> dict[str, Any]:
    words = str(error).splitlines()
    return _failed(MachineError(f"the task was lost: {words[0] if words else type(error).__name__}"))


def _result(answer: Mapping[str, Any]) -> Plain | CloudplanError:
    if "error" not in answer:
        return answer["result"]
    kind = next((each for each in _KINDS if each.__name__ == answer["error"]), CloudplanError)
    return kind([Fault(**fault) for fault in answer["faults"]])
