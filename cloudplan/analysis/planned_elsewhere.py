"""Roadmaps that other processes or other machines plan: inputs there and roadmaps back, as JSON."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from typing import Any

from cloudplan.base.executors import AHEAD, Ahead, Plain, in_order
from cloudplan.base.pool import interrupted
from cloudplan.catalog.loading import edition_from, load_shipped
from cloudplan.evaluation.document import made_from
from cloudplan.optimiser.over_time.roadmap import plan_over_time
from cloudplan.plan.origin import Origin
from cloudplan.plan.roadmap import Roadmap
from cloudplan.prices.book import load_prices
from cloudplan.workload.reading import read_workload


@dataclass(frozen=True)
class PlannedElsewhere:
    """Plans roadmaps by an executor, at most `ahead` at once; the limits are those of `plan_over_time`, for each."""

    executor: Executor
    ahead: Ahead = AHEAD
    gap: float = 0.0
    time_limit: float | None = None
    on: date | None = None
    pinned: bool = True

    def each(self, asked: Sequence[Origin]) -> list[Roadmap]:
        """Return the roadmaps of several inputs, in their order; raise what `plan_over_time` raises."""
        limits = {"gap": self.gap, "time_limit": self.time_limit, "pinned": self.pinned}
        day = self.on.isoformat() if self.on else None
        parts = [{"limits": limits, "on": day, **_sent(each)} for each in asked]
        return [Roadmap.model_validate(made) for made in in_order(planned, parts, self.executor, self.ahead)]


def planned(part: Plain) -> Plain:
    """Return the roadmap of inputs: from JSON to JSON; raise what `plan_over_time` raises."""
    inputs = part["inputs"]
    edition = edition_from(inputs["catalog"], "catalog") if inputs["catalog"] else load_shipped(part["edition"])
    standing = {"existing": inputs["existing"]} if inputs.get("existing") else {}
    workload = read_workload({**inputs["workload"], **standing}, edition).with_given(inputs["given"])
    on = date.fromisoformat(part["on"]) if part["on"] else None
    prices = load_prices(inputs["prices"], edition)
    made = plan_over_time(workload, edition, prices, on=on, stopped=interrupted, **part["limits"])
    return made.model_dump(mode="json", by_alias=True)


def _sent(origin: Origin) -> dict[str, Any]:
    carried = made_from(origin.workload, origin.edition, origin.prices)["inputs"]
    return {"edition": origin.edition.edition, "inputs": carried.model_dump(mode="json")}
