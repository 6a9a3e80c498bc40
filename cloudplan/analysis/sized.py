"""A workload sized from plain values to plain values, as another process or another machine does it.

The plan is the one that `size` makes of the same inputs, to the byte.
"""

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

from cloudplan.analysis.outcome import Figures
from cloudplan.base import yamlfile
from cloudplan.base.units import MOMENT
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import edition_from, load_edition, load_shipped
from cloudplan.optimiser.optimise import optimise
from cloudplan.plan.origin import Origin, read_origin
from cloudplan.plan.plan import Plan
from cloudplan.workload.phases import sized_alone
from cloudplan.workload.reading import shipped_pin


def task_of(
    text: str,
    name: str,
    prices: Mapping[str, Any],
    edition: Edition | None,
    *,
    term: int | None = None,
    on: date | None = None,
    gap: float = 0.0,
    time_limit: float | None = None,
) -> dict[str, Any]:
    """Return the task of sizing a workload, whose file has this text and name, as plain values.

    `prices` are the canonical values of a price book; without `edition` the workload's counts, else the newest. `term`
    is in months, `gap` a share, `time_limit` in seconds, reading included.
    """
    catalog = None
    if edition is not None:
        catalog = edition.edition if edition.shipped else dict(edition.files)
    return {
        **{"text": text, "name": name, "prices": dict(prices), "catalog": catalog, "term": term},
        **{"on": on.isoformat() if on else None, "gap": gap, "time_limit": time_limit},
    }


def sized(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan of a task, as the text of its file, and its figures; raise what `plan_of` raises."""
    return told(*plan_of(task))


def told(plan: Plan, origin: Origin) -> dict[str, Any]:
    """Return a plan as plain values: the text of its file, and its figures."""
    return {"plan": plan.to_json(), "figures": Figures.of(plan, origin.workload).model_dump(mode="json")}


def plan_of(task: Mapping[str, Any]) -> tuple[Plan, Origin]:
    """Return the plan of a task, and what it was made from.

    Raises BadInputError for its inputs, and what `optimise` raises.
    """
    begun = time.monotonic()
    own = _edition(task["catalog"])
    source = yamlfile.parse(task["text"], task["name"])
    pin = None if own else shipped_pin(source)
    edition = own or load_edition(pin)
    origin = read_origin(source, task["prices"], edition, task["term"], obey_pin=own is None)
    left = task["time_limit"]
    if left is not None:
        left = max(MOMENT, left - (time.monotonic() - begun))
    workload = sized_alone(origin.workload, edition)
    plan = optimise(
        workload,
        edition,
        origin.prices,
        gap=task["gap"],
        time_limit=left,
        pinned=own is not None or pin is not None,
        on=date.fromisoformat(task["on"]) if task["on"] else None,
    )
    return plan, Origin(workload, edition, origin.prices)


def _edition(asked: str | Mapping[str, str] | None) -> Edition | None:
    """Return the edition that is asked for: one that ships by its name, one's own by its files."""
    if asked is None:
        return None
    return load_shipped(asked) if isinstance(asked, str) else edition_from(asked, "--catalog")
