"""Many workloads, each sized by itself: one that is slow, has no plan or is broken stops no other."""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from cloudplan.analysis.identity import identity
from cloudplan.analysis.outcome import Figures, Outcome
from cloudplan.analysis.sized import sized, task_of
from cloudplan.analysis.spread import Came, spread
from cloudplan.base import kinds, limits
from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, CloudplanError, Fault
from cloudplan.base.executors import AHEAD, Work
from cloudplan.base.files import read_bytes
from cloudplan.base.hashing import canonical_sha256
from cloudplan.base.schema import validate
from cloudplan.base.yamlfile import json_document
from cloudplan.catalog.edition import Edition
from cloudplan.plan.plan import Plan
from cloudplan.prices.book import PriceBook, load_prices

PLAN = ".json"


@dataclass(frozen=True, repr=False)
class Entry(Brief):
    """A workload of a batch: its name, and what is to be done, which may raise BadInputError."""

    name: str
    task: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, repr=False)
class Done(Brief):
    """What a workload came to, and its files by their extension: the plan's is ``.json``."""

    outcome: Outcome
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def plan(self) -> Plan | None:
        """The plan, None where there is none; raise BadInputError for a text that is no plan."""
        if PLAN not in self.files:
            return None
        faults: list[Fault] = []
        document = json_document(self.files[PLAN].decode(), self.outcome.name, kinds.NAMES[kinds.PLAN])
        plan = validate(Plan, document, faults)
        if plan is None:
            raise BadInputError(faults)
        return plan


def batch(
    workloads: Mapping[str, str | Path | Mapping[str, Any]],
    edition: Edition | None = None,
    prices: PriceBook | None = None,
    *,
    gap: float = 0.0,
    time_limit: float | None = None,
    executor: Executor | None = None,
    ahead: int = AHEAD,
) -> Iterator[Done]:
    """Size many workloads, by name, each from its file or its plain values; yield what each came to as it is done.

    Without `edition` that of each workload counts, else the newest; without `prices` the example. `gap` (a share) and
    `time_limit` (seconds, reading included) are for each. `executor` is any of `concurrent.futures`, that of a Dask
    cluster too; at most `ahead` workloads are given to it at once, so that any number of them needs no more memory.
    Without one they are sized here, in turn. A workload that fails raises nothing: its outcome says why.
    """
    book = (prices or load_prices(edition=edition)).canonical()
    making = partial(task_of, prices=book, edition=edition, gap=gap, time_limit=time_limit)
    entries = (Entry(name, partial(_task, name, source, making)) for name, source in workloads.items())
    return each_done(entries, executor=executor, ahead=lambda: ahead)


def _task(name: str, source: str | Path | Mapping[str, Any], making: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    if isinstance(source, Mapping):
        return making(yaml.safe_dump(dict(source), sort_keys=False, allow_unicode=True), name)
    return making(*read_task(Path(source)))


def read_task(path: Path) -> tuple[str, str]:
    """Return text and name of a workload's file; raise BadInputError when it cannot be read or is something else."""
    return kinds.text_in(read_bytes(path, limits.TEXT_BYTES), path.name, kinds.WORKLOAD), path.name


def each_done(
    entries: Iterable[Entry],
    work: Work = sized,
    *,
    executor: Executor | None = None,
    ahead: Callable[[], int] = lambda: AHEAD,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Done]:
    """Yield what the entries of a batch come to, as they are done; `work` is `sized`, or does more than that.

    `ahead` and `tick` are those of `spread`.
    """
    names: dict[int, tuple[str, str]] = {}
    broken: list[Done] = []

    def tasks() -> Iterator[Mapping[str, Any]]:
        number = 0
        for entry in entries:
            try:
                task = entry.task()
            except CloudplanError as error:
                broken.append(Done(Outcome.failed(entry.name, "", error)))
                continue
            names[number] = entry.name, key_of(task)
            number += 1
            yield task

    for came in spread(work, tasks(), executor, ahead=ahead, tick=tick):
        yield from _taken(broken)
        yield _done(*names.pop(came.number), came)
    yield from _taken(broken)


def key_of(task: Mapping[str, Any]) -> str:
    """Return the hash of a task and of the program: where it is the same, so is what the task comes to."""
    return canonical_sha256({"task": task, "from": identity()})


def _taken(broken: list[Done]) -> Iterator[Done]:
    while broken:
        yield broken.pop(0)


def _done(name: str, key: str, came: Came) -> Done:
    if isinstance(came.result, CloudplanError):
        return Done(Outcome.failed(name, key, came.result, came.seconds))
    figures = Figures.model_validate(came.result["figures"])
    quotes = {f".{format}": base64.b64decode(data) for format, data in came.result.get("files", {}).items()}
    files = {PLAN: came.result["plan"].encode(), **quotes}
    return Done(Outcome(name=name, key=key, figures=figures, seconds=came.seconds), files)
