"""Work that falls into parts, in several processes where the system can copy this one; in turn where it cannot."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from cloudplan.base.errors import InternalError

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item], Result], items: Sequence[Item], processes: int | None = None) -> list[Result]:
    """Return the results of `work` for all items, in their order; by default in as many processes as there are cores.

    Each item is worked on in a fresh copy of this process: what one changes no other sees. Without copies (other
    systems than Linux, a process with threads, one core) the items are worked on here, one after the other. Raises what
    `work` raises, and InternalError when a copy ends without a result.
    """
    processes = min(cores() if processes is None else processes, len(items))
    if processes < 2 or sys.platform != "linux" or threading.active_count() > 1:
        return [work(item) for item in items]
    sys.stdout.flush()
    sys.stderr.flush()
    waiting, results = list(range(len(items)))[::-1], dict[int, Result]()
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                index = waiting.pop()
                connection, process = _begun(work, items[index])
                running[connection] = index, process
            for done in wait(list(running)):
                assert isinstance(done, Connection)
                index, process = running.pop(done)
                results[index] = _received(done)
                process.join()
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()
    return [results[index] for index in range(len(items))]


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begun(work: Callable[[Item], Any], item: Item) -> tuple[Connection, BaseProcess]:
    """Return a copy of this process that works on an item, and where its result comes from."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)

    def run() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that waits, and for a search that listens
        here.close()
        try:
            there.send((True, work(item)))
        except Exception as error:
            there.send((False, error))

    process = context.Process(target=run, daemon=True)
    process.start()
    there.close()
    return here, process


def _received(connection: Connection) -> Any:
    try:
        well, result = connection.recv()
    except EOFError:
        raise InternalError("a process ended without a result") from None
    finally:
        connection.close()
    if not well:
        raise result
    return result
