"""The letterhead of a quote: a logo and two colours, checked so that whoever prints it need not ask again.

A logo is carried as a data URI, so that terms are whole without the file that it came from.
"""

import base64
import binascii
import re
import zlib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import read_bytes, too_large
from cloudplan.base.limits import LOGO_BYTES
from cloudplan.base.schema import Frozen, as_json, refused

SIDE_MAX = 4_000
"""Pixels of a side of a logo."""
CONTRAST = 4.5
"""The least contrast of white text on a colour: WCAG 2.2, 1.4.3."""
ALLOWED = f"a PNG or JPEG image of at most {SIDE_MAX} pixels a side"

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_DATA = re.compile(r"data:image/(?:png|jpeg);base64,(.*)", re.DOTALL)
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of a JPEG that tell its size."""
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length behind them."""


def contrast_of(colour: str) -> float:
    """Return the contrast, 1 to 21, of white on a colour such as ``#1f4e79`` (WCAG 2.2, relative luminance)."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)


def mixed(colour: str, share: float) -> str:
    """Return a colour mixed with white; `share`, 0 to 1, is how much of it stays."""
    parts = (round(255 + share * (int(colour[at : at + 2], 16) - 255)) for at in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return the width and height of a PNG or a JPEG in pixels, None for anything else, and when it is cut short."""
    if data.startswith(_PNG):
        return _png_size(data)
    return _jpeg_size(data) if data.startswith(_JPEG) else None


def _png_size(data: bytes) -> tuple[int, int] | None:
    at, size = len(_PNG), None
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        body, check = data[at + 4 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if int.from_bytes(check) != zlib.crc32(body) or len(check) < 4:
            return None
        if size is None and (kind != b"IHDR" or length != 13):
            return None
        size = size or (int.from_bytes(body[4:8]), int.from_bytes(body[8:12]))
        if kind == b"IEND":
            return size
        at += 12 + length
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _STANDALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _SIZES:
            height, width = int.from_bytes(data[at + 5 : at + 7]), int.from_bytes(data[at + 7 : at + 9])
            return (width, height) if data.rstrip(b"\0").endswith(b"\xff\xd9") else None
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def logo_text(data: bytes) -> str:
    """Return an image as the data URI that terms carry; raise ValueError, with what is wrong, when it is no logo."""
    if len(data) > LOGO_BYTES:
        raise ValueError(too_large(LOGO_BYTES))
    size = size_of(data)
    if size is None or min(size) < 1 or max(size) > SIDE_MAX:
        found = f"{size[0]} x {size[1]} pixels" if size else "not an image, or a damaged one"
        raise ValueError(f"{found}; allowed: {ALLOWED}")
    kind = "png" if data.startswith(_PNG) else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def logo_bytes(text: str) -> bytes:
    """Return the image of a data URI; raise ValueError as `logo_text` does, and when it is no such URI."""
    match = _DATA.fullmatch(text)
    try:
        data = base64.b64decode(match[1], validate=True) if match else b""
    except binascii.Error:
        data = b""
    logo_text(data)
    return data


def read_logo(name: str, folder: Path) -> str:
    """Return the logo in a file, which a relative name has in a folder, as a data URI; one that is such stays.

    Raises BadInputError with one fault, without a place, when there is no such file, and as `logo_text`.
    """
    if name.startswith("data:"):
        return name
    path = folder / name
    try:
        return logo_text(read_bytes(path, LOGO_BYTES))
    except BadInputError as error:
        said = error.faults[0].message
    except ValueError as error:
        said = str(error)
    raise BadInputError([Fault(f"{path}: {said}", found=name, allowed=ALLOWED)])


def _logo(value: Any) -> str:
    try:
        logo_bytes(value if isinstance(value, str) else "")
    except ValueError:
        raise refused(ALLOWED) from None
    return str(value)


def _colour(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    if not _COLOUR.fullmatch(text):
        raise refused("a colour, # and six hexadecimal digits, as #1f4e79")
    if contrast_of(text) < CONTRAST:
        raise refused(f"a colour on which white can be read: contrast >= {CONTRAST}, here {contrast_of(text):.1f}")
    return text.lower()


Logo = Annotated[str, BeforeValidator(_logo, json_schema_input_type=as_json(type="string", pattern=r"\S"))]
Colour = Annotated[
    str, BeforeValidator(_colour, json_schema_input_type=as_json(type="string", pattern=f"^{_COLOUR.pattern}$"))
]


class Letterhead(Frozen):
    """What a quote looks like: a logo, the `colour` of headings and tables, the `accent` of what stands out."""

    logo: Logo | None = None
    colour: Colour = "#1f4e79"
    accent: Colour = "#b8500f"
