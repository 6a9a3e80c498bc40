"""The translations of a language, read from the file that people write: there is no compiled one beside it.

A `.po` file is compiled in memory, in a fiftieth of a second, when its language is first spoken; so what is said is
always what stands there. It is as Babel writes it (docs/translations.py).
"""

import gettext
import io
import itertools
import json
import re
import struct
from pathlib import Path

_MAGIC, _HEAD, _ENTRY = 0x950412DE, "<7I", "<2I"
"""The format of compiled catalogues: its first number, its head, and where a text stands in it."""
_FIELD = re.compile(r'^(msg\w+)(?:\[\d+\])? ((?:".*"\n)+)', re.MULTILINE)
"""A field of an entry: its name, and its text in quotes, on one or more lines."""


def translations(path: Path) -> gettext.NullTranslations:
    """Return the translations of a `.po` file; raise OSError when it cannot be read."""
    return gettext.GNUTranslations(io.BytesIO(_compiled(_entries(path.read_text(encoding="utf-8")))))


def _entries(text: str) -> dict[str, str]:
    """Return the translations of a catalogue by what they translate; forms of the plural have a NUL between them.

    What is not translated is left out.
    """
    found: dict[str, str] = {}
    names: list[str] = []
    forms: list[str] = []
    for field in [*_FIELD.findall(f"{text}\n"), ("msgid", '""\n')]:
        value = "".join(json.loads(line) if "\\" in line else line[1:-1] for line in field[1].splitlines())
        if field[0] == "msgid":
            if all(forms) and forms:
                found["\0".join(names)] = "\0".join(forms)
            names, forms = [value], []
        else:
            (names if field[0] == "msgid_plural" else forms).append(value)
    return found


def _compiled(entries: dict[str, str]) -> bytes:
    """Return a catalogue in the format of compiled ones: a head, where each text stands, the texts."""
    names = sorted(entries)
    texts = [text.encode() for text in (*names, *(entries[name] for name in names))]
    first, size = struct.calcsize(_HEAD), struct.calcsize(_ENTRY)
    places = itertools.accumulate((len(text) + 1 for text in texts), initial=first + size * len(texts))
    tables = [struct.pack(_ENTRY, len(text), place) for text, place in zip(texts, places, strict=False)]
    head = struct.pack(_HEAD, _MAGIC, 0, len(names), first, first + size * len(names), 0, 0)
    return b"".join([head, *tables, *(text + b"\0" for text in texts)])
