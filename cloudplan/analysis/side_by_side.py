"""A workload sized as asked for, then changes of it stage by stage, with the work shared.

What is found for the workload as asked for is not searched again, and the choices of earlier stages bound those of
later ones. Within a stage nothing depends on anything else: in whatever order, in however many processes its
alternatives are sized, the same comes out.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from cloudplan.analysis.compare import Alternative, Each, in_turn, tried
from cloudplan.analysis.edits import Asked
from cloudplan.base import executors
from cloudplan.base.executors import AHEAD, Ahead, Plain
from cloudplan.base.pool import interrupted
from cloudplan.optimiser.memory import Memory
from cloudplan.optimiser.optimise import optimise
from cloudplan.plan.origin import Origin, origin_of
from cloudplan.plan.plan import Choice, Plan
from cloudplan.workload.case import Case
from cloudplan.workload.reading import as_given

Search = Callable[..., Plan]
"""`optimise` of inputs, with the words `gap`, `time_limit` and `memory`."""


def searched(inputs: Origin, **limits: Any) -> Plan:
    """Return the cheapest plan of inputs."""
    return optimise(inputs.workload, inputs.edition, inputs.prices, stopped=interrupted, **limits)


class SideBySide:
    """Sizes a workload and its alternatives: `solve` and `each` are what `compare` asks for.

    `spread` sizes the alternatives of a stage by a function of this process; an executor does it on inputs and plans
    as JSON instead, on at most `ahead` of them at once.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        search: Search = searched,
        spread: Each = in_turn,
        executor: Executor | None = None,
        ahead: Ahead = AHEAD,
        gap: float = 0.0,
        time_limit: float | None = None,
    ):
        self._origin, self._spread, self._executor, self._ahead = origin, spread, executor, ahead
        self._limits = {"gap": gap, "time_limit": time_limit}
        self._search = partial(search, **self._limits)
        self._memory = Memory()
        self._case = Case.of(origin.workload, origin.edition, origin.prices)
        self._first: Plan | None = None
        self._learned: list[Choice] = []

    def solve(self, inputs: Origin) -> Plan:
        """Return the cheapest plan of inputs; the first are those of the workload as asked for."""
        plan = self._search(inputs, memory=self._memory)
        self._first = self._first or plan
        return plan

    def each(self, work: Callable[[Asked], Alternative], asked: Sequence[Asked]) -> Sequence[Alternative]:
        """Return the alternatives of a stage, in their order."""
        self._memory.close()  # an alternative rests on what was found before its stage, in whatever order they end
        found = self._spread(work, asked) if self._executor is None else self._elsewhere(self._executor, asked)
        learned = [each.plan.choice for each in found if each.plan]
        self._memory.learn(self._case, learned)
        self._learned += learned
        return found

    def _elsewhere(self, executor: Executor, asked: Sequence[Asked]) -> list[Alternative]:
        assert self._first is not None
        known = [choice.model_dump(mode="json", by_alias=True) for choice in self._learned]
        stage = {"base": self._first.to_json(), "known": known, "limits": self._limits}
        done = executors.in_order(sized, [{**stage, "asked": each} for each in asked], executor, self._ahead)
        return [
            Alternative(
                *each,
                Plan.model_validate(one["plan"]) if one["plan"] else None,
                one["why"],
                tuple(one["gives_up"]),
            )
            for each, one in zip(asked, done, strict=True)
        ]


def sized(part: Plain) -> Plain:
    """Return the plan of an alternative of what a plan was made from, or why there is none: from JSON to JSON."""
    begun = _begun(part["base"], json.dumps(part["limits"]))
    choices = [begun.first.choice, *(Choice.model_validate(each) for each in part["known"])]
    case = Case.of(begun.origin.workload, begun.origin.edition, begun.origin.prices)
    solve = partial(searched, memory=begun.memory.resting_on(case, choices), **part["limits"])
    theme, name, edits = part["asked"]
    found = tried(begun.origin, begun.tree, (theme, name, edits), solve)
    plan = found.plan.model_dump(mode="json", by_alias=True) if found.plan else None
    return {"plan": plan, "why": found.why, "gives_up": found.gives_up}


@dataclass(frozen=True)
class _Begun:
    """What a process knows before it sizes alternatives: the workload as asked for, with what was found for it."""

    origin: Origin
    tree: dict[str, Any]
    first: Plan
    memory: Memory


@lru_cache(maxsize=1)
def _begun(base: str, limits: str) -> _Begun:
    """Return what is found for the workload of a plan, as found where the plan was made."""
    memory, origin = Memory(), origin_of(Plan.model_validate(json.loads(base)))
    first = searched(origin, memory=memory, **json.loads(limits))
    memory.close()
    return _Begun(origin, as_given(origin.workload, origin.edition), first, memory)
