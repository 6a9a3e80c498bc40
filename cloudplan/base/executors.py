"""Work that falls into parts, given to a `concurrent.futures.Executor`: processes here, or those of somebody else.

The work is a function of a module, and what crosses is JSON, there and back: so it may be done on another machine, and
without an executor, here and in turn, the same comes out.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from typing import Any

from cloudplan.base.errors import CloudplanError, InternalError
from cloudplan.base.pool import Processes

Plain = Any
"""What JSON can say; no floats where digits count."""
Work = Callable[[Plain], Plain]

Ahead = int | Callable[[], int]
AHEAD = 8
"""Parts that are given to an executor at once: enough for its processes, and few enough to hold."""
TICK = 0.5
"""Seconds between two looks at whether to go on."""


def _raised(error: Exception) -> Plain:
    elsewhere = type(error).__module__.startswith("distributed.")
    if elsewhere or isinstance(error, BrokenExecutor | CancelledError):
        raise InternalError("a process ended without a result") from error
    raise error


def as_done(
    work: Work,
    parts: Iterable[Plain],
    executor: Executor | None = None,
    ahead: Ahead = AHEAD,
    *,
    tick: Callable[[], None] = lambda: None,
    lost: Callable[[Exception], Plain] = _raised,
) -> Iterator[tuple[int, Plain]]:
    """Yield the results of `work` for all parts, each with its number from 0, as they come; in turn without executor.

    At most `ahead` are under way, and parts are taken only when their turn comes: any number of them needs no more
    memory. What ends first comes first, so a caller whose bytes must repeat puts them in order (`in_order`). `tick` is
    called before each part and every half second; what it raises ends the work. `lost` is told why a part has no
    result, its process being gone or the work having failed otherwise than is announced, and returns one.

    Raises what `work` raises, and InternalError when a process ends; those under way are then given up.
    """
    waiting, under_way = enumerate(parts), dict[Future[str], int]()
    if executor is None:
        for number, part in waiting:
            tick()
            yield number, json.loads(_done(work, json.dumps(part)))
        return
    most = ahead if callable(ahead) else lambda: ahead
    try:
        while True:
            while len(under_way) < most() and (following := next(waiting, None)):
                number, part = following
                under_way[executor.submit(_done, work, json.dumps(part))] = number
            if not under_way:
                return
            tick()
            for future in wait(under_way, timeout=TICK, return_when=FIRST_COMPLETED).done:
                number = under_way.pop(future)
                yield number, _result(future, lost)
    finally:
        for future in under_way:
            future.cancel()


def in_order(work: Work, parts: Sequence[Plain], executor: Executor | None = None, ahead: Ahead = AHEAD) -> list[Plain]:
    """Return the results of `work` for all parts, in their order, however many processes there are."""
    found = dict(as_done(work, parts, executor, ahead))
    return [found[number] for number in range(len(parts))]


@contextmanager
def local(workers: int) -> Iterator[Executor | None]:
    """Give an executor of so many processes of this machine, for as long as the block lasts; None for one.

    They start from nothing, not as copies of this process: what a solver has set up here would be dead there.
    """
    if workers == 1:
        yield None
        return
    pool = Processes(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _done(work: Work, part: str) -> str:
    return json.dumps(work(json.loads(part)))


def _result(future: Future[str], lost: Callable[[Exception], Plain]) -> Plain:
    try:
        return json.loads(future.result())
    except CloudplanError:
        raise
    except Exception as error:
        return lost(error)
