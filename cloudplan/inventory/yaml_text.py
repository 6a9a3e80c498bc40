"""Values as YAML that people read: plain where every reader takes it for the same, on one line where it fits."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDTH = 120

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_VALUE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(:[A-Za-z0-9_.-]+)*|(0|[1-9][0-9]*)(\.[0-9]+)?|[1-9][0-9]*[mhd]")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def scalar(text: str) -> str:
    """Return a text as YAML has it: plain where no reader takes it for anything else, else between double quotes."""
    plain = _PLAIN.fullmatch(text) and text.casefold() not in _WORDS
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    """Return a text between double quotes, what nobody can see as its code."""
    written = json.dumps(text, ensure_ascii=False)
    return written if written.isprintable() else "".join(map(_seen, written))


def _seen(char: str) -> str:
    return char if char.isprintable() else f"\\U{ord(char):08X}"


def flow(value: Any) -> str:
    """Return a value of a file of ours on one line; numbers and flags, which such files have as texts, stay plain."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "null"
    text = str(value)
    plain = text in ("true", "false") or (_VALUE.fullmatch(text) and text.casefold() not in _WORDS)
    return text if plain else quoted(text)


def fields(tree: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield the lines of a mapping, each field on one line where it fits."""
    for key, value in tree.items():
        line = f"{indent}{scalar(str(key))}: {flow(value)}"
        if len(line) <= WIDTH or not value or not isinstance(value, Mapping | list):
            yield line
        elif isinstance(value, Mapping):
            yield f"{indent}{scalar(str(key))}:"
            yield from fields(value, f"{indent}  ")
        else:
            yield f"{indent}{scalar(str(key))}:"
            yield from (f"{indent}  - {flow(one)}" for one in value)


def wrapped(start: str, items: Sequence[str]) -> Iterator[str]:
    """Yield a list in brackets, broken between its items."""
    line, indent = start, " " * len(start)
    for position, item in enumerate(items):
        part = item + ("]" if position == len(items) - 1 else ",")
        if len(line) + len(part) > WIDTH and line.strip() and line != start:
            yield line.rstrip()
            line = indent
        line += part if line in (start, indent) else f" {part}"
    yield line
