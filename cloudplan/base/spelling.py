"""Numbers as people write them: `16,5`, `640,00`, `1 234,56`, `16 GiB`, and how a file wants them spelled."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

_WRITTEN = re.compile(r"([+-]?[0-9][0-9 \u00a0\u202f'_.,]*?)\s*([^\W\d_]{1,5}|[%€$])?")
_BLANKS = re.compile("[ \u00a0\u202f'_]")
_GIB = {
    **dict.fromkeys(("mib", "mb", "mo", "m"), Decimal(1) / 1024),
    **dict.fromkeys(("gib", "gb", "go", "g"), Decimal(1)),
    **dict.fromkeys(("tib", "tb", "to", "t"), Decimal(1024)),
}
_UNITS: Mapping[str, Mapping[str, Decimal]] = {
    "GiB": _GIB,
    "a share": {"%": Decimal("0.01")},
    "a percentage": {"%": Decimal(1)},
}
"""What units written behind a number make of it, where the file wants GiB, a share or a percentage."""
_SCALES = {unit for units in _UNITS.values() for unit in units} - {"gib", "gb", "go", "g"}
"""Units that mean another number where they are not known."""
_LONGEST = 40


def respelled(value: Any, read: Callable[[str], Any], wanted: str = "") -> str | None:
    """Return the spelling of a number that `read` takes, for a text that people take for one; None if there is none.

    `wanted` begins with GiB, a share or a percentage where that is what the number is of: other units are converted.
    """
    match = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST else None
    if not match:
        return None
    unit = (match[2] or "").lower()
    known = next((units for of, units in _UNITS.items() if wanted.startswith(of)), {})
    factor = known.get(unit, None if unit in _SCALES else Decimal(1))
    if factor is None:
        return None
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
        inside = (isinstance(tree, dict) and step in tree) or (isinstance(tree, list) and isinstance(step, int))
        tree = tree[step] if inside else None
    name = where[-1] if where else ""
    if not isinstance(tree, dict) or not isinstance(name, str) or not name.isdigit() or tree.get(name) is not None:
        return None
    keys = list(tree)
    before = keys[keys.index(name) - 1] if name in keys and keys.index(name) else None
    value = tree.get(before)
    return f"{before}: {value}.{name}" if isinstance(value, str) and value.isdigit() else None
