"""Numbers as people's programs write them: what is a thousands mark is decided for a whole column, with evidence.

Sizes in MiB and counts are whole numbers in every export, so there a mark before three digits stands for thousands.
Where decimals may occur, a single mark before three digits proves nothing: other cells must, or the column is refused.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from cloudplan.base.errors import Fault
from cloudplan.base.schema import found
from cloudplan.base.yamlfile import number_text

LONGEST = 24
"""Characters of a number: more than a petabyte in bytes with marks takes."""

_BLANKS = re.compile("[\u0020\u00a0\u202f\u2009]")
_PLAIN = re.compile(r"[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}([., '’])[0-9]{3}(?:\1[0-9]{3})*")
_WHOLE_BINARY = re.compile(r"([0-9]+)\.0+")
_SIGNS = re.compile(r"[0-9]*([., '’][0-9]+)*")

Where = Callable[[int], str]
"""The address of a value of the column."""


def _text(value: Any) -> str:
    """Return a value as its text without blanks around, every kind of blank inside as the plain one."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value)
    text = number_text(value) if isinstance(value, float) else str(value)
    return _BLANKS.sub(" ", text).strip()


Marked = Callable[[int, Fault], None]
"""What is done about a cell that is no number at all, where such rows are left out."""


def whole_numbers(
    values: Sequence[Any], where: Where, faults: list[Fault], marked: Marked | None = None
) -> list[int | None]:
    """Return a column of whole numbers >= 0, blanks as None; the first cell that is none is a fault.

    With `marked`, a cell that is no number at all is told to it; one that throws doubt on the column stays a fault.
    """
    numbers: list[int | None] = []
    marks: dict[str, int] = {}
    for position, value in enumerate(values):
        if type(value) is int and value >= 0:
            numbers.append(value)
            continue
        text = _text(value)
        if isinstance(value, float):
            text = _WHOLE_BINARY.sub(r"\1", text)
        grouped = _GROUPED.fullmatch(text) if len(text) <= LONGEST else None
        if grouped:
            marks.setdefault(grouped[1], position)
        if text and (len(marks) > 1 or not (grouped or (_PLAIN.fullmatch(text) and len(text) <= LONGEST))):
            fault = Fault(_unlike(text, marks, values), where=where(position))
            if not _left_out(text, position, fault, marked):
                faults.append(fault)
                return [None] * len(values)
            numbers.append(None)
            continue
        numbers.append(int(re.sub("[^0-9]", "", text)) if text else None)
    return numbers


def _left_out(text: str, position: int, fault: Fault, marked: Marked | None) -> bool:
    """Tell `marked`, if there is one, of a cell that is no number at all; return whether it was told."""
    if marked is None or _SIGNS.fullmatch(text):
        return False
    marked(position, fault)
    return True


def _unlike(text: str, marks: dict[str, int], values: Sequence[Any]) -> str:
    allowed = "a whole number, its thousands marked all alike in the column or not at all"
    if len(marks) > 1:
        first = next(iter(marks.values()))
        return f"found {found(text)} beside {found(_text(values[first]))}; allowed: {allowed}"
    return f"found {found(text)}; allowed: {allowed}"


def decimal_numbers(
    values: Sequence[Any], where: Where, faults: list[Fault], mark: str = "", marked: Marked | None = None
) -> list[Decimal | None]:
    """Return a column of numbers >= 0, blanks as None, decimal marks by what the column proves, else by `mark`.

    A cell that is no number, contradicts the others, or may mean two numbers is a fault; with `marked`, one that is no
    number at all is told to it instead.
    """
    texts = [_text(value) for value in values]
    written = [text if isinstance(value, str) else "" for text, value in zip(texts, values, strict=True)]
    proven = {evidence for text in written for evidence in [decimal_mark(text)] if evidence}
    mark = next(iter(proven)) if len(proven) == 1 else "" if proven else mark
    numbers: list[Decimal | None] = []
    for position, text in enumerate(texts):
        own = mark if written[position] else "."
        if not text:
            numbers.append(None)
            continue
        reason = _doubt(text, own, proven)
        if reason:
            fault = Fault(f"found {found(text)}; {reason}", where=where(position))
            if not _left_out(text, position, fault, marked):
                faults.append(fault)
                return [None] * len(values)
            numbers.append(None)
            continue
        numbers.append(Decimal(re.sub(rf"[^0-9{re.escape(own)}]", "", text).replace(own or ".", ".")))
    return numbers


def _doubt(text: str, mark: str, proven: set[str]) -> str:
    """Return why a text is not one number, or an empty text."""
    if len(text) > LONGEST or not _SIGNS.fullmatch(text) or text.count(mark or "\0") > 1:
        return "allowed: a number >= 0"
    if len(proven) > 1:
        return "other cells of the column have another decimal mark; write them all alike"
    whole, _, decimals = text.partition(mark) if mark else (text, "", "")
    if not mark and re.search("[.,]", text):
        return f"it may be {text.replace(',', '.')} or {re.sub('[.,]', '', text)}; write it without a thousands mark"
    if decimals and not decimals.isdigit():
        return "allowed: a number >= 0"
    if whole and not (_PLAIN.fullmatch(whole) or _GROUPED.fullmatch(whole)):
        return "allowed: a number >= 0"
    return ""


def decimal_mark(text: str) -> str:
    """Return the decimal mark that a text proves: a point or a comma, or nothing."""
    marks = re.findall("[.,]", text)
    if not marks or len(text) > LONGEST:
        return ""
    last = marks[-1]
    if len(set(marks)) == 2:
        return str(last) if marks.count(last) == 1 else ""
    if len(marks) > 1:
        return "," if last == "." else "."
    whole, _, decimals = text.partition(last)
    if len(decimals) != 3 or not 1 <= len(whole) <= 3 or whole.startswith("0"):
        return str(last)
    return ""
