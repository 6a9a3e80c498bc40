"""What a rule of an import is: which VMs it is about, and which words may stand in what they get."""

import fnmatch
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from cloudplan.base.schema import Frozen, Name, as_json, decimal_of, refused
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.inventory.machines import Machine

_LAST_NUMBER = re.compile(r"[-_. ]*[0-9]+$")

NAMING: Mapping[str, Callable[[Machine], str]] = {
    "name": lambda machine: _LAST_NUMBER.sub("", machine.name) or machine.name,
    "cluster": lambda machine: machine.cluster,
    "datacenter": lambda machine: machine.datacenter,
    "folder": lambda machine: machine.folder.rpartition("/")[2],
    "resource_pool": lambda machine: machine.resource_pool.rpartition("/")[2],
    "os": lambda machine: machine.os,
}
"""What may stand in braces in a text that is set: `{name}` is the name of the VM without the number at its end."""
NAMED = ("pool", "anti_affinity", "affinity", "os")
"""Fields whose text may have parts in braces; those of `tags` may too."""

PART = re.compile(r"\{([^{}]*)\}")
_COMPARISON = re.compile(r"(>=|<=|>|<|)\s*([0-9.]+)")
_BETWEEN = re.compile(r"([0-9.]+)\s*\.\.\s*([0-9.]+)")


def _globs(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, str) and one.strip() for one in listed):
        raise refused("a text in which * stands for any text and ? for one character, or a list of such texts")
    return tuple(listed)


def _range(value: Any) -> tuple[tuple[str, Decimal], ...]:
    text = str(value).strip() if isinstance(value, str | int | float | Decimal) else ""
    between, comparison = _BETWEEN.fullmatch(text), _COMPARISON.fullmatch(text)
    if between:
        limits = [(">=", decimal_of(between[1])), ("<=", decimal_of(between[2]))]
    elif comparison:
        limits = [(comparison[1], decimal_of(comparison[2]))]
    else:
        limits = []
    found = tuple((sign, limit) for sign, limit in limits if limit is not None)
    if not found or len(found) < len(limits) or (len(found) == 2 and found[0][1] > found[1][1]):
        raise refused("a number, or a range such as >=4, <16 or 4..16")
    return found


def _powers(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed or any(one not in ("on", "off", "suspended") for one in listed):
        raise refused("on, off, suspended, or a list of these")
    return tuple(listed)


_TEXT = {"type": ["string", "number"], "pattern": r"\S"}
_POWER = {"enum": ["on", "off", "suspended"]}


def _one_or_more(one: dict[str, Any]) -> Any:
    return as_json(anyOf=[one, {"type": "array", "items": one, "minItems": 1}])


Globs = Annotated[tuple[str, ...], BeforeValidator(_globs, json_schema_input_type=_one_or_more(_TEXT))]
Range = Annotated[
    tuple[tuple[str, Decimal], ...],
    BeforeValidator(
        _range,
        json_schema_input_type=as_json(
            anyOf=[
                {"type": "number", "minimum": 0, "exclusiveMaximum": 10**12},
                {"type": "string", "pattern": r"^\s*((>=|<=|>|<)?\s*[0-9.]+|[0-9.]+\s*\.\.\s*[0-9.]+)\s*$"},
            ]
        ),
    ),
]
Powers = Annotated[tuple[str, ...], BeforeValidator(_powers, json_schema_input_type=_one_or_more(_POWER))]


class Match(Frozen):
    """Which VMs a rule is about: all that is given must hold; of several globs one is enough."""

    name: Globs | None = None
    folder: Globs | None = None
    cluster: Globs | None = None
    datacenter: Globs | None = None
    resource_pool: Globs | None = None
    os: Globs | None = None
    annotation: Globs | None = None
    tags: dict[str, Globs] = Field(default_factory=dict)
    """Globs by the header of a column of the inventory: custom attributes and tags."""
    vcpus: Range | None = None
    memory_gib: Range | None = None
    disk_gib: Range | None = None
    """Of all disks of the VM."""
    power: Powers | None = None


class Rule(Frozen):
    """One rule: which VMs, and what they get."""

    name: Name | None = None
    match: Match = Field(default_factory=Match)
    given: dict[str, Any] = Field(alias="set")


class RuleFile(Frozen):
    """The rules in their order, and the fields of the workload beside them."""

    schema_name: Literal["cloudplan/import-rules/v1"] = Field(alias="schema")
    workload: dict[str, Any] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = Field(min_length=1)


# --- parts in braces ----------------------------------------------------------------------------------------------


def filled(text: str, machine: Machine) -> str:
    """Return a text with the parts in braces filled in for a VM."""
    return PART.sub(lambda part: NAMING[part[1]](machine), text)


def has_parts(text: str) -> bool:
    """Return whether a text has parts in braces."""
    return bool(PART.search(text))


# --- which VMs ----------------------------------------------------------------------------------------------------

_SIGNS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    ">=": lambda value, limit: value >= limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    "<": lambda value, limit: value < limit,
    "": lambda value, limit: value == limit,
}


def matcher(match: Match) -> Callable[[Machine], bool]:
    """Return what tells whether a VM is meant: globs in any case of letters, ranges, the power state."""
    texts: list[tuple[Callable[[Machine], str], re.Pattern[str]]] = []
    for name in ("name", "folder", "cluster", "datacenter", "resource_pool", "os", "annotation"):
        globs = getattr(match, name)
        if globs:
            texts.append((_reader(name), _pattern(globs)))
    texts += [(_tag(header), _pattern(globs)) for header, globs in match.tags.items()]
    figures: list[tuple[Callable[[Machine], Decimal], tuple[tuple[str, Decimal], ...]]] = [
        (read, limits)
        for read, limits in (
            (lambda machine: Decimal(machine.vcpus or 0), match.vcpus),
            (lambda machine: Decimal(machine.memory_mib or 0) / MIB_PER_GIB, match.memory_gib),
            (lambda machine: Decimal(sum(disk.size_mib for disk in machine.disks)) / MIB_PER_GIB, match.disk_gib),
        )
        if limits
    ]

    def meets(machine: Machine) -> bool:
        return (
            (match.power is None or machine.power in match.power)
            and all(pattern.fullmatch(read(machine).casefold()) for read, pattern in texts)
            and all(_SIGNS[sign](read(machine), limit) for read, limits in figures for sign, limit in limits)
        )

    return meets


def _reader(name: str) -> Callable[[Machine], str]:
    return lambda machine: str(getattr(machine, name))


def _tag(header: str) -> Callable[[Machine], str]:
    return lambda machine: machine.columns.get(header, "")


def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{fnmatch.translate(glob.casefold())})" for glob in globs))
