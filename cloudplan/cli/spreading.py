"""Where the work of a command is done: in processes of this machine, or by the workers of a Dask scheduler."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from cloudplan.analysis.identity import differences, identity
from cloudplan.analysis.spread import OfOneProgram
from cloudplan.base import processes
from cloudplan.base.errors import BadInputError, Fault, MachineError
from cloudplan.base.pool import Processes
from cloudplan.cli import values
from cloudplan.cli.searching import Interrupt

PATIENCE = 10
"""Seconds in which a scheduler must answer and have a worker."""
FRESH = 5.0
"""Seconds that the number of workers is believed for."""
SCHEMES = ("tcp://", "tls://")
_MISSING = "a scheduler needs the extra cloudplan[cluster]: pip install 'cloudplan[cluster]'; found: {error}"
_LOST = "the connection to the scheduler was lost"

Workers = Annotated[
    int | None,
    typer.Option(
        parser=values.whole(1, 1000), metavar="NUMBER", help="Processes on this machine; default: one for each core."
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Instead: the workers of a Dask scheduler, such as tcp://10.0.0.5:8786."),
]


Able = Callable[[], None] | None
"""A function of a module, which raises MachineError where some work cannot be done."""


@dataclass(frozen=True)
class Spreading:
    """An executor, how many tasks it is given at once, and what looks whether it is still there."""

    executor: Executor
    ahead: Callable[[], int]
    check: Callable[[], None] = lambda: None


@contextlib.contextmanager
def spread_over(workers: int | None, scheduler: str | None, able: Able = None) -> Iterator[Spreading]:
    """Give what work is spread over, for as long as the block lasts; what is under way then is given up.

    `able` raises MachineError where the work cannot be done; it is asked of every worker. Raises BadInputError for both
    or for an address that is none, MachineError when no scheduler answers, when it has no worker, and when a worker has
    another program, catalogue or solver than this one, or is not able.
    """
    refuse_both(workers, scheduler)
    if scheduler is None:
        if able:
            able()
        count = workers or processes.cores()
        pool = Processes(count)
        try:
            yield Spreading(pool, lambda: count + 1)
        finally:
            pool.shutdown(cancel_futures=True)
        return
    with _client(scheduler) as client:
        _compare(client, able)
        executor = client.get_executor(pure=False)
        cluster = _Cluster(client, scheduler)
        try:
            yield Spreading(executor, cluster.ahead, cluster.check)
        finally:
            with contextlib.suppress(Exception):  # a scheduler that is gone has nothing to give up
                executor.shutdown(wait=False)


@contextlib.contextmanager
def side_by_side(workers: int | None, scheduler: str | None) -> Iterator[Spreading | None]:
    """Give what work of one command is spread over, None when it is done here: without options, or by one worker.

    Ctrl-C is for the searches in processes of this machine, which end with what they have; a scheduler's are given up.
    Raises as `spread_over` does.
    """
    if scheduler is None and (workers or 1) == 1:
        yield None
        return
    with spread_over(workers, scheduler) as spreading, Interrupt() if scheduler is None else contextlib.nullcontext():
        yield replace(spreading, executor=OfOneProgram(spreading.executor))


def refuse_both(workers: int | None, scheduler: str | None) -> None:
    """Raise BadInputError when both are given, and for an address that is none."""
    if workers is not None and scheduler is not None:
        raise BadInputError([Fault("allowed: one of --workers and --scheduler", where="--scheduler")])
    if scheduler is not None and not scheduler.startswith(SCHEMES):
        allowed = "tcp://HOST:PORT or tls://HOST:PORT"
        raise BadInputError([Fault(f"found {scheduler!r}; allowed: {allowed}", where="--scheduler", found=scheduler)])


class _Cluster:
    """The workers of a scheduler, which may come and go."""

    def __init__(self, client: Any, address: str):
        self._client, self._address = client, address
        self._threads, self._counted = 1, -FRESH

    def ahead(self) -> int:
        """Return how many tasks keep all workers busy: as many again as they work on."""
        if time.monotonic() - self._counted >= FRESH:
            self.check()
            try:
                self._threads = sum(self._client.nthreads().values())
            except Exception:  # whatever the connection makes of it
                raise MachineError([Fault(_LOST, where=self._address)]) from None
            self._counted = time.monotonic()
        return max(2, 2 * self._threads)

    def check(self) -> None:
        """Raise MachineError when there is no connection any more."""
        if self._client.status != "running":
            raise MachineError([Fault(_LOST, where=self._address)])


@contextlib.contextmanager
def _client(address: str) -> Iterator[Any]:
    """Give a client of a scheduler that has a worker."""
    try:
        import distributed  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise MachineError([Fault(_MISSING.format(error=error), where="--scheduler")]) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is told in the words of the house
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except ValueError as error:
        raise BadInputError([Fault(f"no address of a scheduler: {error}", where=address)]) from None
    except OSError:
        message = f"no scheduler answers within {PATIENCE} s"
        raise MachineError([Fault(message, where=address)]) from None
    try:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            message = f"the scheduler has no worker within {PATIENCE} s; start one: dask worker {address} --nthreads 1"
            raise MachineError([Fault(message, where=address)]) from None
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=PATIENCE)


def _compare(client: Any, able: Able) -> None:
    """Raise MachineError, with a fault for each, for workers whose program is not this one, or that are not able."""
    wanted, faults = dict(identity()), list[Fault]()
    for worker, found in client.run(identity, on_error="return").items():
        if isinstance(found, Exception):
            faults.append(Fault(f"cannot tell its program: {type(found).__name__}: {found}", where=worker))
        elif others := differences(found, wanted):
            faults.append(Fault(f"another program than this one: {', '.join(others)}", where=worker))
    if faults:
        raise MachineError(faults)
    for worker, found in client.run(able, on_error="return").items() if able else ():
        if isinstance(found, Exception):
            faults.append(Fault(str(found), where=worker))
    if faults:
        raise MachineError(faults)
