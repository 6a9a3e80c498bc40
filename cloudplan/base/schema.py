"""Text to typed values: the scalar types that documents are made of, and their faults in words.

Pydantic does the walking; here is what a whole number, a quantity or a share looks like in a file, and how a
fault reads: what was found, what is allowed, and what was probably meant.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, TypeVar, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from cloudplan.base import limits, spelling
from cloudplan.base.brief import brief
from cloudplan.base.errors import Fault
from cloudplan.base.units import DURATION, MONTH, SIZES, minutes, month_number
from cloudplan.base.yamlfile import Document, Where

Model = TypeVar("Model", bound=BaseModel)

_DIGITS = 12
_WHOLE = re.compile(r"[+-]?[0-9]{1,12}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.([0-9]+))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_JSON = f"^{_DATE.pattern}$"
_MONTH_JSON = f"^{MONTH.pattern}$"
_DURATION_JSON = f"^{DURATION.pattern}$"
_FOUND_LENGTH = 60
_KIND = "schema_name"
"""What says of which kind a document is: its type says so already."""
_WORD_LENGTH = 200
"""The longest word to look for what was meant by it."""


class Frozen(BaseModel):
    """Base of every model: immutable, no unknown fields, keys as in the file; `repr` is one line."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def __repr__(self) -> str:
        shown = ((name, field) for name, field in type(self).model_fields.items() if field.repr and name != _KIND)
        return brief(self, ((name, getattr(self, name)) for name, _ in shown))

    def __str__(self) -> str:
        return repr(self)


def refused(allowed: str, read: Callable[[str], Any] | None = None) -> PydanticCustomError:
    """Return the error of a value that is not `allowed`; `read` reads one, so that another spelling can be tried."""
    return PydanticCustomError("cloudplan", "{allowed}", {"allowed": allowed, "read": read})


def as_json(**schema: Any) -> Any:
    """Return a type of its own for the JSON Schema of a value: what a file may have there."""
    return Annotated[Any, WithJsonSchema(schema)]


def number_as_json(limits: Mapping[str, int | float], places: int = _DIGITS) -> Any:
    """Return the type of an exact number: a number within `limits`, or its text, which JSON Schema cannot compare."""
    text = {"type": "string", "pattern": rf"^\+?[0-9]{{1,{_DIGITS}}}(\.[0-9]{{1,{places}}})?$"}
    most = {} if "maximum" in limits else {"exclusiveMaximum": 10**_DIGITS}
    return as_json(anyOf=[{"type": "number", **limits, **most}, text])


def decimal_of(value: Any, places: int = _DIGITS) -> Decimal | None:
    """Return the exact decimal that a scalar stands for, or None: no exponents, separators, infinities.

    It has at most so many decimal `places`.
    """
    if isinstance(value, str):
        return _decimal(value, places)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return _decimal(repr(value) if isinstance(value, float) else str(value), places)


@lru_cache(maxsize=SIZES)
def _decimal(text: str, places: int) -> Decimal | None:
    number = _NUMBER.fullmatch(text)
    return Decimal(text) if number and len(number[2] or "") <= places else None


def whole(low: int, high: int | None = None) -> BeforeValidator:
    """Annotate an int: whole numbers from `low` to `high`."""
    allowed = f"a whole number from {low} to {high}" if high is not None else f"a whole number >= {low}"

    def read(value: Any) -> int:
        if isinstance(value, str):
            return read_text(value)
        return reckon(str(value) if isinstance(value, int) and not isinstance(value, bool) else "")

    def reckon(text: str) -> int:
        if not _WHOLE.fullmatch(text) or int(text) < low or (high is not None and int(text) > high):
            raise refused(allowed, read)
        return int(text)

    read_text = lru_cache(maxsize=SIZES)(reckon)
    most = 10**_DIGITS - 1 if high is None else high
    return BeforeValidator(read, json_schema_input_type=as_json(type="integer", minimum=low, maximum=most))


def one_of(numbers: Iterable[int]) -> BeforeValidator:
    """Annotate an int: one of these."""
    choices = list(numbers)
    allowed = f"one of {', '.join(map(str, choices))}"

    def read(value: Any) -> int:
        if str(value) not in map(str, choices) or isinstance(value, bool):
            raise refused(allowed)
        return int(value)

    return BeforeValidator(read)


def quantity(
    what: str, low: str = "0", high: str | None = None, *, above: bool = False, places: int = _DIGITS
) -> BeforeValidator:
    """Annotate a Decimal: exact, without trailing zeros; `above` leaves the lower limit itself out."""
    sign = ">" if above else ">="
    allowed = f"{what} {sign} {low}" + (f" and <= {high}" if high is not None else "")

    least, most = Decimal(low), None if high is None else Decimal(high)

    def read(value: Any) -> Decimal:
        return read_text(value) if isinstance(value, str) else reckon(value)

    def reckon(value: Any) -> Decimal:
        found = decimal_of(value, places)
        if found is None or found < least or (above and found == least) or (most is not None and found > most):
            raise refused(allowed, read)
        return Decimal(_plain_text(found))

    read_text = lru_cache(maxsize=SIZES)(reckon)
    limits = {"exclusiveMinimum" if above else "minimum": _json_number(low)}
    limits |= {} if high is None else {"maximum": _json_number(high)}
    return BeforeValidator(read, json_schema_input_type=number_as_json(limits, places))


def _json_number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _plain_text(value: Decimal) -> str:
    """Return the one spelling of a decimal that hashes use: 16, 0.5 (no trailing zeros, no exponent)."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise refused("true or false")


def _name(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value
    raise refused("a text that is not empty")


def _duration(value: Any) -> str:
    try:
        minutes(str(value))
    except ValueError as error:
        raise refused(str(error)) from None
    return str(value)


def _month(value: Any) -> str:
    try:
        month_number(str(value))
    except ValueError as error:
        raise refused(str(error)) from None
    return str(value)


def date_of(value: Any) -> date | None:
    """Return the day that a text stands for, YYYY-MM-DD, or None."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _DATE.fullmatch(value) else None
    except ValueError:
        return None


def _date(value: Any) -> date:
    day = date_of(value)
    if day is None:
        raise refused("a date, YYYY-MM-DD")
    return day


Date = Annotated[
    date, BeforeValidator(_date, json_schema_input_type=as_json(type="string", format="date", pattern=_DATE_JSON))
]
Flag = Annotated[bool, BeforeValidator(_flag, json_schema_input_type=as_json(type="boolean"))]
Name = Annotated[str, BeforeValidator(_name, json_schema_input_type=as_json(type="string", pattern=r"\S"))]
Duration = Annotated[
    str, BeforeValidator(_duration, json_schema_input_type=as_json(type="string", pattern=_DURATION_JSON))
]
Month = Annotated[str, BeforeValidator(_month, json_schema_input_type=as_json(type="string", pattern=_MONTH_JSON))]


def faults_of(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Fault]:
    """Turn pydantic's findings into one fault each: place, what was found, what is allowed, what was meant."""
    details = error.errors()
    missing = {tuple(item["loc"]) for item in details if item["type"] == "missing"}
    faults: list[Fault] = []
    explained = set()
    for item in details:
        if item["type"] != "extra_forbidden":
            continue
        where, name = tuple(item["loc"]), str(item["loc"][-1])
        absent = [str(loc[-1]) for loc in missing if loc[:-1] == where[:-1]]
        meant = spelling.comma_in(document.tree, where)
        if meant is None and len(faults) < limits.SUGGESTIONS:
            meant = closest(name, absent) or closest(name, _fields_at(model, where[:-1]))
        explained.update({(*where[:-1], meant)} & missing if meant else set())
        words = f"unknown field {short(name)}" + (f"; did you mean {meant!r}?" if meant else "")
        faults.append(document.fault(where, Fault(words, found=name, suggestion=meant), key=True))
    for item in details:
        where = tuple(item["loc"])
        short_by_faults = item["type"] == "too_short" and item["input"]
        if item["type"] != "extra_forbidden" and where not in explained and not short_by_faults:
            faults.append(document.fault(where, _fault(item)))
    return faults


def _fields_at(model: type[BaseModel], where: Where) -> list[str]:
    """Return the fields of the model that stands at a path: follow the annotations step by step."""
    current: Any = model
    inside_mapping = False
    for step in where:
        if isinstance(step, str):
            field = getattr(current, "model_fields", {}).get(step)
            if field is not None:
                inside_mapping = get_origin(field.annotation) is dict
                current = model_in(field.annotation)
            elif inside_mapping:
                inside_mapping = False
            else:
                current = None
    return [info.alias or name for name, info in getattr(current, "model_fields", {}).items()]


def model_in(annotation: Any) -> Any:
    """Return the model class inside an annotation such as ``list[Disk]`` or ``Protection | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(model_in, getattr(annotation, "__args__", ()))), None)


def _fault(item: ErrorDetails) -> Fault:
    """Return a finding of pydantic as a fault without a place."""
    kinds = {
        "list_type": "a list",
        "tuple_type": "a list",
        "dict_type": "a mapping",
        "model_type": "a mapping",
        "model_attributes_type": "a mapping",
        "string_type": "a text",
        "too_short": "at least one entry",
    }
    if item["type"] == "missing":
        return Fault(f"required field {item['loc'][-1]!r} is missing")
    context = item.get("ctx") or {}
    if item["type"] == "literal_error":
        allowed = str(context["expected"]).replace("'", "")
    else:
        allowed = str(context.get("allowed") or kinds.get(item["type"]) or item["msg"])
    read = context.get("read")
    wanted = "GiB" if item["loc"] and str(item["loc"][-1]).endswith("_gib") else allowed
    return misfit(item["input"], allowed, spelling.respelled(item["input"], read, wanted) if read else None)


def misfit(value: Any, allowed: str, meant: str | None = None) -> Fault:
    """Return the fault, without a place, of a value that is not allowed; `meant` is what it probably stands for."""
    words = f"found {found(value)}; allowed: {allowed}" + (f"; did you mean {meant!r}?" if meant else "")
    plain = str(value) if isinstance(value, str | int | float | Decimal) else found(value)
    return Fault(words, found=plain, allowed=allowed, suggestion=meant)


def found(value: Any) -> str:
    """Return a value as a message shows it: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, list | tuple):
        return "an empty list" if not value else "a list"
    if isinstance(value, dict):
        return "a mapping"
    return short(str(value))


def short(text: str) -> str:
    """Return a text between quotes as a message shows it: not too long, on one line."""
    text = repr(text[: 2 * _FOUND_LENGTH])
    return text if len(text) <= _FOUND_LENGTH else text[:_FOUND_LENGTH] + "…'"


def closest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that was probably meant by `word`, if any is near."""
    return _closest(word, tuple(choices)) if len(word) <= _WORD_LENGTH else None


@lru_cache(maxsize=1000)
def _closest(word: str, choices: tuple[str, ...]) -> str | None:
    matches = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return matches[0] if matches else None


def unknown(
    what: str, word: str, choices: Iterable[str], *, labels: Mapping[str, str] | None = None, hint: bool = True
) -> Fault:
    """Return the fault, without a place, of a name that is none of `choices`.

    `labels` say what choices are called in the trade; without `hint` nothing is suggested.
    """
    known = sorted(set(choices))
    meant = (labelled(word, labels or {}) or closest(word, known)) if hint else None
    suggestion = f"; did you mean {meant!r}?" if meant else ""
    allowed = ", ".join(known) or "none"
    words = f"unknown {what} {short(word)}{suggestion} (allowed: {allowed})"
    return Fault(words, found=word, allowed=allowed, suggestion=meant)


def labelled(word: str, labels: Mapping[str, str]) -> str | None:
    """Return the one choice whose label is a word or has it as one of its own, if there is one."""
    wanted = word.casefold().split()
    named = [name for name, label in labels.items() if wanted and set(wanted) <= set(label.casefold().split())]
    return named[0] if len(named) == 1 else None


def validate(model: type[Model], document: Document, faults: list[Fault]) -> Model | None:
    """Validate a document's tree; on failure add its faults and return None."""
    try:
        return model.model_validate(document.tree)
    except ValidationError as error:
        faults.extend(faults_of(error, document, model))
        return None
