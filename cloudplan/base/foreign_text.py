"""Foreign text made harmless: control characters, reordering marks and half characters are taken out."""

import re

_LINE_END = re.compile("\r\n|[\r\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_REORDERING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Return foreign text without what could harm a reader: control characters, reordering marks, half characters."""
    lines = _LINE_END.sub("\n", text)
    return _REORDERING.sub("", _CONTROL.sub("", lines)).encode("utf-8", "ignore").decode("utf-8")
