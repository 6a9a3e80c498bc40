"""Numbers as people write them: `16,5`, `640,00`, `1 234,56`, `16 GiB`, and how a file wants them spelled."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

_WRITTEN = re.compile(r"([+-]?[0-9][0-9 \u00a0\u202f'_.,]*?)\s*([^\W\d_]{1,5}|[%€$])?")
_BLANKS = re.compile("[ \u00a0\u202f'_]")
_IN_GIB = {unit: Decimal(1) / 1024 for unit in ("mib", "mb", "mo", "m")} | {
    unit: Decimal(1024) for unit in ("tib", "tb", "to", "t")
}
"""The GiB of other units; those that are none, and GiB itself, count as one."""
_LONGEST = 40


def respelled(value: Any, read: Callable[[str], Any], *, in_gib: bool = False) -> str | None:
    """Return the spelling of a number that `read` takes, for a text that people take for one; None if there is none.

    With `in_gib` other units are converted to GiB.
    """
    match = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST else None
    if not match:
        return None
    factor = _IN_GIB.get((match[2] or "").lower(), Decimal(1)) if in_gib else Decimal(1)
    for text in _figures(match[1]):
        plain = text if factor == 1 else f"{(Decimal(text) * factor).normalize():f}"
        if plain != value and _is_read(plain, read):
            return plain
    return None


def _figures(text: str) -> Iterator[str]:
    """Yield the number that digits with blanks, commas and points stand for, unless a comma may mean thousands."""
    digits = _BLANKS.sub("", text)
    whole, comma, decimals = digits.rpartition(",")
    if not comma:
        if digits.count(".") <= 1:
            yield digits.removesuffix(".")
    elif "." in decimals:
        yield digits.replace(",", "")
    elif "," not in whole and ("." in whole or len(decimals) != 3):
        yield f"{whole.replace('.', '')}.{decimals}".removesuffix(".")


def _is_read(text: str, read: Callable[[str], Any]) -> bool:
    try:
        read(text)
    except ValueError:  # pydantic's own errors are of this kind
        return False
    return True


def comma_in(tree: Any, where: tuple[str | int, ...]) -> str | None:
    """Return ``size_gib: 60.5`` where ``{size_gib: 60,5}`` made a field of the decimals; None anywhere else."""
    for step in where[:-1]:
        inside = isinstance(tree, dict) and step in tree or isinstance(tree, list) and isinstance(step, int)
        tree = tree[step] if inside else None  # type: ignore[index]
    name = where[-1] if where else ""
    if not isinstance(tree, dict) or not isinstance(name, str) or not name.isdigit() or tree.get(name) is not None:
        return None
    keys = list(tree)
    before = keys[keys.index(name) - 1] if name in keys and keys.index(name) else None
    value = tree.get(before)
    return f"{before}: {value}.{name}" if isinstance(value, str) and value.isdigit() else None
