"""YAML read strictly: every scalar stays text, a double key is a fault, every value knows its line and column.

Ordinary loaders lie: ``no`` becomes False, ``12:30`` becomes 750, ``1.10`` becomes 1.1, a double key is lost.
Here a scalar is the text that was written and the schema decides what it means. Anchors, aliases and tags are refused.
"""

import contextlib
import itertools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from cloudplan.base import limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import read_text

Where = tuple[str | int, ...]
"""The steps from the root of a document to a value: ``("vms", 2, "disks", 0)``."""
Mark = tuple[int, int] | str
"""A line and a column, or the address of a cell: ``Prices!F7``."""

MAX_DEPTH = 20
NO_ANCHORS = "anchors and aliases (&, *) are not read; write the value out"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_KINDS = ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq")
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in _PLAIN_KINDS}
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NULLS = {"", "~", "null", "Null", "NULL"}


def dotted(where: Where) -> str:
    """Return a path as it is printed: ``vms[2].disks[0].size_gib``."""
    text = ""
    for step in where:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


@dataclass
class Document:
    """A tree of mappings, lists and text, with the place of each value (and of each key) in its file."""

    tree: Any
    name: str = ""
    marks: dict[Where, Mark] = field(default_factory=dict)
    keys: dict[Where, Mark] = field(default_factory=dict)
    files: dict[str | int, str] = field(default_factory=dict)
    """The file of each part, by its first key, when a document is made of several files."""

    def at(self, where: Where, *, key: bool = False) -> str:
        """Return ``file:line:column`` (or ``file:cell``) of a value, its key or its nearest parent; else empty."""
        for length in range(len(where), -1, -1):
            mark = (self.keys if key else self.marks).get(where[:length]) or self.marks.get(where[:length])
            if mark:
                place = mark if isinstance(mark, str) else f"{mark[0]}:{mark[1]}"
                return f"{self.files.get(where[0], self.name) if where else self.name}:{place}"
        return self.name

    def fault(self, where: Where, said: str | Fault, *, key: bool = False) -> Fault:
        """Return a fault placed at a value of this document: a message, or a fault without a place."""
        fault = Fault(said) if isinstance(said, str) else said
        return replace(fault, where=self.at(where, key=key), path=dotted(where))


def without_nulls(value: Any) -> Any:
    """Return a tree without the keys that have no value: an empty optional field is one that is not given."""
    if isinstance(value, dict):
        return {
            key: inner if type(inner) is str else without_nulls(inner)
            for key, inner in value.items()
            if inner is not None
        }
    if isinstance(value, list):
        return [inner if type(inner) is str else without_nulls(inner) for inner in value]
    return value


def read(path: Path) -> Document:
    """Read one YAML (or JSON) file; raise BadInputError when it is not there, too large, not UTF-8 or not YAML."""
    return parse(read_text(path, limits.TEXT_BYTES), str(path))


def parse(text: str, name: str) -> Document:
    """Parse YAML text; `name` stands for the file in every message.

    Raises BadInputError when it is empty, too large, not YAML or JSON, or nested too deeply, and for keys and values
    that the strict reading refuses.
    """
    document = Document(None, name)
    if sum(map(text.count, "\n,[{")) > limits.TEXT_VALUES:
        words = f"too large: more than {limits.TEXT_VALUES // limits.MB} million lines and values"
        raise BadInputError([Fault(words, where=name)])
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        with contextlib.suppress(ValueError, RecursionError):
            return document_of(json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=unique_keys), name)
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise BadInputError([Fault(f"not valid YAML: {error.problem or error}", where=where)]) from None
    except yaml.YAMLError as error:
        raise BadInputError([Fault(f"not valid YAML: {error}".splitlines()[0], where=name)]) from None
    except RecursionError:
        raise BadInputError([Fault("nested too deeply", where=name)]) from None
    if root is None:
        raise BadInputError([Fault("the file is empty", where=name)])
    faults: list[Fault] = []
    document.tree = _plain(root, (), document, faults, set())
    if faults:
        raise BadInputError(faults)
    return document


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return YAML text with other values of some keys of its first level, in double quotes; all else stays as it is.

    Raises ValueError when the text is no YAML mapping with these keys.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    nodes = {key.value: value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    if not values.keys() <= nodes.keys():
        raise ValueError(f"not there: {', '.join(values.keys() - nodes.keys())}")
    for key in sorted(values, key=lambda key: nodes[key].start_mark.index, reverse=True):
        start, end = nodes[key].start_mark.index, nodes[key].end_mark.index
        blanks = text[start:end][len(text[start:end].rstrip()) :]  # a text of several lines ends below its last one
        text = text[:start] + json.dumps(values[key], ensure_ascii=False) + blanks + text[end:]
    return text


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the mapping of JSON pairs; a double key is a ValueError."""
    tree = dict(pairs)
    if len(tree) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"key given twice: {key!r}")
            seen.add(key)
    return tree


def json_document(text: str, name: str, what: str, parse_float: Callable[[str], Any] | None = None) -> Document:
    """Parse JSON text, numbers as numbers; `name` stands for the file in every message, `what` for what it should be.

    `parse_float` makes something else of numbers with a point or an exponent, such as their text.

    Raises BadInputError when it is not JSON, and for the first value that no document has: nested too deeply, text that
    is no Unicode, a number that is not finite.
    """
    try:
        tree = json.loads(text, object_pairs_hook=unique_keys, parse_float=parse_float)
    except (ValueError, RecursionError) as error:
        raise BadInputError([Fault(f"not {what} in JSON: {error}", where=name)]) from None
    document = Document(tree, name)
    if _usual(text, tree):
        return document
    left: list[tuple[Where, Any]] = [((), tree)]
    while left:
        where, value = left.pop()
        if len(where) > MAX_DEPTH:
            raise BadInputError([document.fault(where[:MAX_DEPTH], "nested too deeply")])
        if isinstance(value, dict):
            left += [((*where, key), inner) for key, inner in value.items()]
            value = "".join(value)
        if isinstance(value, list):
            left += [((*where, index), inner) for index, inner in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            raise BadInputError([document.fault(where, f"found {value}; allowed: a finite number")])
        elif isinstance(value, str) and _SURROGATE.search(value):
            raise BadInputError([document.fault(where, "half of a surrogate pair; allowed: Unicode text")])
    return document


def _usual(text: str, tree: Any) -> bool:
    """Return whether JSON text has none of what no document has, as nearly all have; False where one has to look."""
    if _ESCAPED_SURROGATE.search(text) or not _is_unicode(text):
        return False
    values = [tree]
    for _ in range(MAX_DEPTH + 1):
        if not all(math.isfinite(value) for value in values if type(value) is float):
            return False
        inside = [value.values() if type(value) is dict else value for value in values if type(value) in (dict, list)]
        values = list(itertools.chain.from_iterable(inside))
    return not values


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(node: Any, where: Where, document: Document, faults: list[Fault], seen: set[int]) -> Any:
    """Turn a YAML node into mappings, lists and text, noting where each value stands."""
    document.marks[where] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in seen:
        faults.append(document.fault(where, NO_ANCHORS))
        return None
    if len(where) > MAX_DEPTH:
        faults.append(document.fault(where, "nested too deeply"))
        return None
    seen.add(id(node))
    if node.tag not in _PLAIN_TAGS:
        faults.append(document.fault(where, f"tags are not read: {node.tag}"))
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, where, document, faults, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*where, index), document, faults, seen) for index, item in enumerate(node.value)]
    return None if not node.style and node.value in _NULLS else node.value


def _mapping(node: Any, where: Where, document: Document, faults: list[Fault], seen: set[int]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        mark = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if key is None or id(key_node) in seen:
            message = "a key must be plain text" if key is None else NO_ANCHORS
            faults.append(Fault(message, where=f"{document.name}:{mark[0]}:{mark[1]}"))
            continue
        inner = (*where, key)
        if key in tree:
            first = document.keys[inner][0]
            message = f"key given twice: {key!r} (first on line {first})"
            faults.append(Fault(message, where=f"{document.name}:{mark[0]}:{mark[1]}", path=dotted(inner)))
            continue
        document.keys[inner] = mark
        tree[key] = _plain(value_node, inner, document, faults, seen)
    return tree


def document_of(value: Any, name: str = "") -> Document:
    """Wrap plain Python values (numbers, Decimals, text) as a document without places, every scalar as its text."""
    return Document(_as_text(value), name)


def _as_text(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value) if isinstance(value, float) else str(value)
    if type(value) is list or (isinstance(value, Sequence) and not isinstance(value, Mapping)):
        return [inner if type(inner) is str else _as_text(inner) for inner in value]
    if isinstance(value, Mapping):
        return {str(key): inner if type(inner) is str else _as_text(inner) for key, inner in value.items()}
    return str(value)


def number_text(value: float) -> str:
    """Return the shortest decimal text that stands for a binary number, without an exponent."""
    return f"{Decimal(repr(value)):f}"
