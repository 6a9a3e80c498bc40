"""Processes that work side by side: started afresh, so that nothing a solver has begun is copied into them.

A process that ends in the middle of a task (killed, out of memory) takes no other with it: its task is begun once more
in a new one.
"""

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

TRIES = 2
"""How often a task is begun that ends its process."""
_PATIENCE = 5.0
"""Seconds that a process has to end by itself."""


class Processes(Executor):
    """An executor of so many processes; a function is sent by its name, its arguments as they are."""

    def __init__(self, workers: int):
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="cloudplan")
        self._of_thread = threading.local()
        self._children: list[_Child] = []
        self._closed = threading.Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the future of a call; it raises BrokenExecutor when its process ends in the middle of it, twice."""
        return self._threads.submit(self._call, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes: when all is done, or at once with `cancel_futures` or without `wait`."""
        at_once = cancel_futures or not wait
        self._threads.shutdown(wait=not at_once, cancel_futures=at_once)
        self._closed.set()
        for child in self._children:
            child.end(at_once=at_once)
        self._threads.shutdown(wait=True)

    def _call(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        for _ in range(TRIES):
            if self._closed.is_set():
                break
            child: _Child | None = getattr(self._of_thread, "child", None)
            if child is None:
                child = self._of_thread.child = _Child()
                self._children.append(child)
            try:
                return child.call(fn, args, kwargs)
            except (EOFError, OSError):
                self._of_thread.child = None
                self._children.remove(child)
                child.end(at_once=True)
        raise BrokenExecutor("the process ended in the middle of the task; was there too little memory?")


class _Child:
    """A process that waits for calls."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there,), daemon=True)
        self._process.start()
        there.close()

    def call(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Return what a call returns, or raise what it raises; EOFError or OSError when the process ends."""
        self._connection.send((fn, args, kwargs))
        well, result = self._connection.recv()
        if not well:
            raise result
        return result

    def end(self, *, at_once: bool) -> None:
        """End the process."""
        if at_once:
            self._process.terminate()
        else:
            with contextlib.suppress(OSError):
                self._connection.send(None)
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        with contextlib.suppress(OSError):
            self._connection.close()


def interrupted() -> bool:
    """Return whether Ctrl-C was pressed while this process of a pool was there: its work is to end soon, and well."""
    return bool(_NOTED)


_NOTED: list[int] = []


def _serve(connection: Connection) -> None:
    """Do what is asked for, one call after the other, until nothing more is."""
    signal.signal(signal.SIGINT, lambda number, _: _NOTED.append(number))  # Ctrl-C is for the one that waits
    with contextlib.suppress(EOFError, OSError):
        while (asked := connection.recv()) is not None:
            fn, args, kwargs = asked
            try:
                answer = True, fn(*args, **kwargs)
            except Exception as error:
                answer = False, error
            connection.send(answer)
