"""Work that falls into parts, given to a `concurrent.futures.Executor`: processes here, or those of somebody else.

The work is a function of a module, and what crosses is JSON, there and back: so it may be done on another machine, and
without an executor, here and in turn, the same comes out.
"""

import json
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from cloudplan.base.errors import InternalError

Plain = Any
"""What JSON can say; no floats where digits count."""

AHEAD = 8
"""Parts that are given to an executor at once: enough for its processes, and few enough to hold."""


def as_done(
    work: Callable[[Plain], Plain], parts: Iterable[Plain], executor: Executor | None = None, ahead: int = AHEAD
) -> Iterator[tuple[int, Plain]]:
    """Yield the results of `work` for all parts, each with its number from 0, as they come; in turn without executor.

    At most `ahead` are under way, and parts are taken only when their turn comes: any number of them needs no more
    memory. What ends first comes first, so a caller whose bytes must repeat puts them in order (`in_order`). Raises
    what `work` raises, and InternalError when a process ends without a result; those under way are then given up.
    """
    if executor is None:
        yield from ((number, json.loads(_done(work, json.dumps(part)))) for number, part in enumerate(parts))
        return
    waiting, under_way = enumerate(parts), dict[Future[str], int]()
    try:
        while True:
            for number, part in waiting:
                under_way[executor.submit(_done, work, json.dumps(part))] = number
                if len(under_way) >= ahead:
                    break
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                yield under_way.pop(future), json.loads(_result(future))
    finally:
        for future in under_way:
            future.cancel()


def in_order(
    work: Callable[[Plain], Plain], parts: Sequence[Plain], executor: Executor | None = None, ahead: int = AHEAD
) -> list[Plain]:
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
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_note_interrupts)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _done(work: Callable[[Plain], Plain], part: str) -> str:
    return json.dumps(work(json.loads(part)))


def interrupted() -> bool:
    """Return whether Ctrl-C was pressed while this process of `local` was there: its work is to end soon, and well."""
    return bool(_NOTED)


_NOTED: list[int] = []


def _note_interrupts() -> None:
    """Leave Ctrl-C to the process that waits, and to work that asks."""
    signal.signal(signal.SIGINT, lambda number, _: _NOTED.append(number))


def _result(future: Future[str]) -> str:
    try:
        return future.result()
    except BrokenExecutor as error:
        raise InternalError("a process ended without a result") from error
