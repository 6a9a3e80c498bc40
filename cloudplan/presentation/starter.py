"""A file to start from: every field with a comment, those that are left out as lines to take the # away from.

Questions are data; a starter makes the text from their answers. What may be answered is what the reader of the file
takes: the answers go through it.
"""

import math
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import yaml
from pydantic import BaseModel

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import decimal_of, misfit, model_in, validate
from cloudplan.base.yamlfile import Document
from cloudplan.presentation.field_notes import NOTES

WIDTH = 100
NOT_ANSWERED = "Not answered."
HOW_TO = (
    "A line that begins with # and no blank is a field that is left out: take the # away to use it.",
    f'"{NOT_ANSWERED}" stands above what nobody decided: a default or nothing, to be checked.',
)

Answers = Mapping[str, str | Sequence[str]]
"""The answers by the names of their questions; what nobody knew is left out."""


@dataclass(frozen=True)
class Question:
    """What is asked: the name of its option, the words, and what counts when nobody knows.

    With `many` it is asked until nothing more is answered. One that is not `asked` is an option only.
    """

    name: str
    words: str
    default: str
    many: bool = False
    asked: bool = True


@dataclass(frozen=True)
class Starter:
    """A kind of file: its questions, what checks their answers, and what makes its text.

    Both raise BadInputError for answers that are not allowed.
    """

    questions: tuple[Question, ...]
    check: Callable[[Answers], object]
    text: Callable[[Answers], str]


@dataclass(frozen=True)
class Layout:
    """What stands in a file: values, what else is shown as examples, defaults, and which paths nobody answered."""

    values: Mapping[str, Any]
    examples: Mapping[str, Any]
    defaults: Mapping[str, Any]
    unanswered: frozenset[str] = frozenset()


def refuse_odd(answers: Answers) -> None:
    """Raise BadInputError for an answer that is no Unicode text."""
    for answer in answers.values():
        text = "".join(answer)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadInputError([misfit(text, "Unicode text")]) from None


def number(text: str) -> Decimal | str:
    """Return the number that a text stands for; any other text stays, for the reader to refuse."""
    found = decimal_of(text.strip())
    return text if found is None else found


def commented(heading: Sequence[str], model: type[BaseModel], layout: Layout) -> str:
    """Return the text of a file."""
    head = [line for text in (*heading, *HOW_TO) for line in _comment(text, "")]
    return "\n".join([*head, *_fields(model, layout, "", ""), ""])


def _fields(model: type[BaseModel], layout: Layout, path: str, indent: str, *, brief: bool = False) -> Iterator[str]:
    """Yield the lines of a mapping, each field below its comment; `brief` leaves out comments and what is not given."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        default = layout.defaults.get(
            key, None if field.is_required() else field.get_default(call_default_factory=True)
        )
        shown = layout.examples.get(key, default)
        is_unanswered = f"{path}{key}" in layout.unanswered
        is_empty = shown is None or shown in ((), {})
        if key not in layout.values and (brief or (is_empty and not is_unanswered)):
            continue
        if not brief:
            yield from () if path else ("",)
            yield from _comment(_note(model, key, default), indent)
            yield from _comment(NOT_ANSWERED, indent) if is_unanswered else ()
        if key not in layout.values:
            yield from () if is_empty else (f"{indent}#{key}: {flow(shown)}",)
            continue
        value = layout.values[key]
        inner = model_in(field.annotation)
        if inner is not None and isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _fields(inner, _inside(layout, key), f"{path}{key}.", f"{indent}  ", brief=brief)
        elif inner is not None and isinstance(value, list):
            yield f"{indent}{key}:"
            for index in range(len(value)):
                entry = _fields(
                    inner, _inside(layout, key, index), f"{path}{key}.", f"{indent}    ", brief=brief or index > 0
                )
                yield from _entry(entry, f"{indent}    ")
        else:
            yield f"{indent}{key}: {flow(value)}"


def _entry(lines: Iterator[str], indent: str) -> Iterator[str]:
    """Yield the lines of an entry of a list: its first field gets the dash."""
    dashed = False
    for line in lines:
        if dashed or line.startswith(f"{indent}#"):
            yield line
        else:
            dashed = True
            yield f"{indent[:-2]}- {line[len(indent) :]}"


def _inside(layout: Layout, key: str, index: int | None = None) -> Layout:
    """Return what stands in a mapping of a file, or in an entry of a list; only the first entry has examples."""

    def part(tree: Mapping[str, Any]) -> Any:
        inner = tree.get(key) or {}
        if index is None:
            return inner
        return inner[index] if index < len(inner) else {}

    return Layout(part(layout.values), part(layout.examples), part(layout.defaults), layout.unanswered)


def _note(model: type[BaseModel], key: str, default: Any) -> str:
    """Return the comment of a field: what it is for, what is allowed, the default."""
    allowed = _allowed(model, key)
    said = [NOTES[model][key]]
    said += [f"Allowed: {allowed}."] if allowed else []
    if isinstance(default, str | int | Decimal) and key != "schema":
        said.append(f"Default: `{default}`." if isinstance(default, str) else f"Default: {flow(default)}.")
    return " ".join(said)


@lru_cache(maxsize=1000)
def _allowed(model: type[BaseModel], key: str) -> str | None:
    """Return what the reader allows for a field, in its words; None where that is any text or has fields of its own."""
    faults: list[Fault] = []
    validate(model, Document({key: "?"}), faults)
    allowed = next((fault.allowed for fault in faults if fault.path == key), None)
    return None if allowed in ("a list", "a mapping") or key == "schema" else allowed


def _comment(text: str, indent: str) -> list[str]:
    return [f"{indent}# {line}" for line in textwrap.wrap(text, WIDTH - len(indent) - 2, break_on_hyphens=False)]


# --- values as YAML ----------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Writes values on one line, without aliases, decimals as they are."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


def _decimal(dumper: _Dumper, value: Decimal) -> yaml.Node:
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _decimal)


def flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, sort_keys=False, width=math.inf
    )
    return text.removesuffix("...\n").rstrip("\n")
