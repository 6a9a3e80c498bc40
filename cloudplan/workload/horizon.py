"""`horizon` of a workload, read: months in their order, and nothing that speaks of time where there is none."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudplan.base.errors import Fault
from cloudplan.base.schema import misfit
from cloudplan.base.units import MONTH, month_number, month_text
from cloudplan.base.yamlfile import Document, Where
from cloudplan.workload.raw import mappings

STEP = 12
"""Months from order to order, unless the horizon says otherwise or is shorter."""

TIMES = ("from", "until", "growth")
"""What a group says of time."""


def fill_in(tree: dict[str, Any]) -> None:
    """Complete the horizon, in place: its step."""
    horizon = tree.get("horizon")
    months = _whole(horizon.get("months")) if isinstance(horizon, dict) else None
    if months and isinstance(horizon, dict):
        horizon.setdefault("step", str(min(STEP, months)))


def drop(tree: dict[str, Any]) -> None:
    """Take out, in place, the step that the horizon has anyway."""
    horizon = tree.get("horizon")
    if horizon and horizon["step"] == min(STEP, horizon["months"]):
        del horizon["step"]


def faults(tree: dict[str, Any], document: Document) -> Iterator[Fault]:
    """Yield what a group says of time without a horizon, months outside it or in the wrong order, a step too long."""
    horizon = tree.get("horizon")
    if horizon is None:
        for index, group in mappings(tree.get("vms")):
            for name in TIMES:
                if name in group:
                    message = "there is no horizon for it; add horizon, or leave it out"
                    yield document.fault(("vms", index, name), f"{name}: {message}", key=True)
        return
    start, months = _month(horizon, "start"), _whole(horizon.get("months")) if isinstance(horizon, dict) else None
    if start is None or months is None:
        return
    step = _whole(horizon.get("step"))
    if step is not None and step > months:
        yield document.fault(("horizon", "step"), misfit(step, f"a whole number from 1 to {months}, months"))
    for index, group in mappings(tree.get("vms")):
        yield from _month_faults(group, ("vms", index), start, start + months - 1, document)


def _month_faults(group: dict[str, Any], where: Where, first: int, last: int, document: Document) -> Iterator[Fault]:
    begins = _month(group, "from")
    for name in ("from", "until"):
        month = _month(group, name)
        low = max(first, begins) if name == "until" and begins is not None and first <= begins <= last else first
        if month is not None and not low <= month <= last:
            allowed = f"a month from {month_text(low)} to {month_text(last)}"
            yield document.fault((*where, name), misfit(group[name], allowed))


def _month(tree: Any, name: str) -> int | None:
    value = tree.get(name) if isinstance(tree, Mapping) else None
    return month_number(value) if isinstance(value, str) and MONTH.fullmatch(value) else None


def _whole(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) else None
