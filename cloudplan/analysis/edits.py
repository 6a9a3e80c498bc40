"""Fields of a workload changed: where a path leads, and every combination of the values that some may have."""

import copy
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import unknown

Edits = Mapping[str, Any]
"""Values by the path of the field that has them then."""
Asked = tuple[str, str, Edits]
"""An alternative that is asked for: its theme, its name, and what it changes."""

MOST_ALTERNATIVES = 500
VARY = "--vary"
_STEP = re.compile(r"[^.\[\]]+|\[\d+\]")


def varied(vary: Sequence[str]) -> Iterator[tuple[str, str, Edits]]:
    """Yield every combination of the values given for some fields; a list is written with + between its entries.

    Raises BadInputError for a text that is not field=value,value and for more than `MOST_ALTERNATIVES` combinations.
    """
    fields = fields_of(vary)
    combinations = list(itertools.product(*(values for _, values in fields)))
    if len(combinations) > MOST_ALTERNATIVES:
        message = f"{len(combinations)} alternatives; allowed: at most {MOST_ALTERNATIVES}"
        raise BadInputError([Fault(message, where=VARY)])
    for chosen in combinations:
        edits = {path: _typed(path, value) for (path, _), value in zip(fields, chosen, strict=True)}
        name = ", ".join(f"{path.rpartition('.')[2]} {value}" for (path, _), value in zip(fields, chosen, strict=True))
        yield " x ".join(path for path, _ in fields), name, edits


def fields_of(vary: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return the fields of texts such as field=value,value, each with its values; raise BadInputError for others."""
    fields: list[tuple[str, list[str]]] = []
    for text in vary:
        path, sign, values = text.partition("=")
        if not sign or not values:
            raise BadInputError([Fault(f"found {text!r}; allowed: field=value,value", where=VARY)])
        fields.append((path.strip(), [value.strip() for value in values.split(",")]))
    return fields


def texts_of(vary: Mapping[str, Sequence[Any]] | Sequence[str]) -> Sequence[str]:
    """Return the values of fields as the texts that `fields_of` reads; texts are what they are."""
    if not isinstance(vary, Mapping):
        return vary
    return [f"{path}={','.join(map(_as_text, values))}" for path, values in vary.items()]


def _as_text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "+".join(map(str, value))
    return "null" if value is None else str(value)


def _typed(path: str, value: str) -> Any:
    """Return a value as the tree would have it: a list where a list stands, or where + joins several."""
    if value in ("", "null"):
        return None
    listed = path.rpartition(".")[2] in ("blades", "names", "networks", "requires", "licences")
    return value.split("+") if listed else value


def edited(tree: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """Return a tree with fields replaced; raise BadInputError for a path that leads nowhere.

    A path is ``policy.vcpu_per_core``, ``vms[0].count`` or ``vms.NAME.count``.
    """
    changed, copied = dict(tree), set[tuple[str, ...]]()  # only what leads to a change is copied, and once
    for path, value in edits.items():
        *steps, last = _STEP.findall(path)
        place: Any = changed
        for depth, step in enumerate(steps, 1):
            key = _inside(place, step, path)
            if (way := tuple(steps[:depth])) not in copied:
                place[key] = copy.copy(place[key])
                copied.add(way)
            place = place[key]
        if not isinstance(place, dict):
            raise BadInputError([Fault(f"{path}: nothing stands below {steps[-1]!r}", where=VARY)])
        place[last] = value
    return changed


def _inside(place: Any, step: str, path: str) -> int | str:
    """Return the index or the key of what a step of a path leads to."""
    if isinstance(place, list):
        if step.startswith("["):
            index = int(step[1:-1])
            if index < len(place):
                return index
            raise BadInputError([Fault(f"{path}: there are {len(place)} entries, counted from 0", where=VARY)])
        named = {entry.get("name"): index for index, entry in enumerate(place) if isinstance(entry, dict)}
        if step in named:
            return named[step]
        raise BadInputError([replace(unknown("name", step, map(str, named)), where=VARY, path=path)])
    if isinstance(place, dict):
        place.setdefault(step, {})
        return step
    raise BadInputError([Fault(f"{path}: nothing stands below {step!r}", where=VARY)])
