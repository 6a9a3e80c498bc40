"""A search for a plan as a command runs it: with progress, a limit of time, and an ear for Ctrl-C."""

import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from cloudplan.analysis import assumptions
from cloudplan.base import processes
from cloudplan.base.errors import TimeLimitError
from cloudplan.base.steps import Step
from cloudplan.base.units import MOMENT
from cloudplan.cli import talking
from cloudplan.evaluation.assumptions import Otherwise
from cloudplan.evaluation.resting import Change
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.phrases import said

if TYPE_CHECKING:
    from cloudplan.optimiser.memory import Memory

QUIET_SECONDS = 1.0


class Progress:
    """Says on stderr what is going on, once it takes longer than a second: on one line of a terminal, else on many.

    As lines of JSON it is told from the beginning.
    """

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = False

    def __call__(self, words: str) -> None:
        """Show one step."""
        elapsed = time.monotonic() - self._start
        if talking.in_lines():
            talking.progress(Step.of(words), elapsed)
        elif elapsed >= QUIET_SECONDS and talking.shows_progress():
            self._shown = sys.stderr.isatty()
            line = f"{elapsed:6.1f} s  {said(words, talking.spoken())}"
            sys.stderr.write(f"\r\x1b[K{line}" if self._shown else f"{line}\n")
            sys.stderr.flush()

    def repeat(self, words: str) -> None:
        """Show the same step anew, where that takes no further line."""
        if sys.stderr is not None and sys.stderr.isatty():
            self(words)

    def __enter__(self) -> "Progress":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Clear the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class Limit:
    """A limit of time that holds from here on: `with` it for reading, then for what is left."""

    def __init__(self, seconds: float | None):
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def seconds_left(self) -> float | None:
        """Seconds that are left, at least enough for a first plan; None without a limit."""
        return None if self._end is None else max(MOMENT, self._end - time.monotonic())

    def __enter__(self) -> "Limit":
        """Raise TimeLimitError when the limit is reached before the block ends."""
        self._before = None
        in_time = self._end is not None and threading.current_thread() is threading.main_thread()
        if in_time and hasattr(signal, "SIGALRM"):
            self._before = signal.signal(signal.SIGALRM, self._too_long)
            signal.setitimer(signal.ITIMER_REAL, self.seconds_left or MOMENT)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the alarm as it was; raise TimeLimitError where there is none and the limit was reached."""
        if self._before is not None:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, self._before)
        elif self._end is not None and time.monotonic() > self._end:
            self._too_long()

    def _too_long(self, *_: object) -> None:
        raise TimeLimitError("the time limit was reached before the inputs were read; allow more time")


class Interrupt:
    """Ctrl-C ends the search with the best plan so far; a second Ctrl-C ends the program. Other signals likewise."""

    def __init__(self, *others: signal.Signals) -> None:
        self._asked = False
        self._signals = (signal.SIGINT, *others)
        self._before: list[Any] = []

    def __call__(self) -> bool:
        """Return whether Ctrl-C was pressed."""
        return self._asked

    def __enter__(self) -> "Interrupt":
        """Listen."""
        if threading.current_thread() is threading.main_thread():
            self._before = [signal.signal(each, self._note) for each in self._signals]
        return self

    def __exit__(self, *_: object) -> None:
        """Leave Ctrl-C as it was."""
        for each, before in zip(self._signals, self._before, strict=False):
            signal.signal(each, before)

    def _note(self, *_: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


def optimised(
    inputs: Origin,
    *,
    gap: float,
    time_limit: float | None,
    date: datetime | None = None,
    pinned: bool = True,
    memory: "Memory | None" = None,
) -> Plan:
    """Return the cheapest plan of these inputs, with progress on stderr; Ctrl-C ends the search."""
    from cloudplan.optimiser.optimise import optimise  # noqa: PLC0415 - slow to import, and many a plan is only read

    with Progress() as progress, Interrupt() as interrupt:
        return optimise(
            inputs.workload,
            inputs.edition,
            inputs.prices,
            gap=gap,
            time_limit=time_limit,
            pinned=pinned,
            on=date.date() if date else None,
            progress=progress,
            stopped=interrupt,
            memory=memory,
        )


def one_after_the_other() -> Callable[..., Plan]:
    """Return how the cheapest plans of several inputs are found, each with what the searches before it found."""
    from cloudplan.optimiser.memory import Memory  # noqa: PLC0415 - slow to import

    return partial(optimised, gap=0.0, time_limit=None, memory=Memory())


def planned_over_time(
    inputs: Origin, *, gap: float, time_limit: float | None, date: datetime | None = None, pinned: bool = True
) -> Roadmap:
    """Return the cheapest roadmap of these inputs, with progress on stderr; Ctrl-C ends the search."""
    from cloudplan.optimiser.over_time.roadmap import plan_over_time  # noqa: PLC0415 - slow to import

    with Progress() as progress, Interrupt() as interrupt:
        return plan_over_time(
            inputs.workload,
            inputs.edition,
            inputs.prices,
            gap=gap,
            time_limit=time_limit,
            pinned=pinned,
            on=date.date() if date else None,
            progress=progress,
            stopped=interrupt,
        )


def with_amounts(origin: Origin, plan: Plan, memory: "Memory", gap: float, limit: Limit) -> Plan:
    """Return a plan with what it would cost if its assumptions did not hold, sized side by side."""

    def side_by_side(work: Callable[[Change], Otherwise], changes: Sequence[Change]) -> Sequence[Otherwise]:
        memory.close()  # each rests on the plan alone, in whatever order they end
        with Interrupt():  # Ctrl-C ends the searches under way
            return processes.each(work, changes)

    rounds = math.ceil(len(plan.assumptions) / processes.cores())
    seconds = None if limit.seconds_left is None else limit.seconds_left / max(rounds, 1)
    solve = partial(optimised, gap=gap, time_limit=seconds, memory=memory)
    return assumptions.with_amounts(origin, plan, solve, side_by_side)
