"""Excel workbooks that others made: opened with care, whatever they are or pretend to be."""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import IO, Any

from cloudplan.base import limits
from cloudplan.base.errors import BadInputError, Fault, told_as_damage

SUFFIXES = (".xlsx", ".xlsm")
OTHER_SUFFIXES = (".xls", ".xlsb", ".ods")
SAVE_AS = "save it as an Excel workbook (.xlsx)"
DAMAGED = "damaged, or not an Excel workbook"

_OLD_CONTAINER = b"\xd0\xcf\x11\xe0"
_SHARED_TEXTS = "xl/sharedStrings.xml"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def refuse_other_files(file: IO[bytes], name: str, largest_bytes: int, largest_text_bytes: int) -> None:
    """Raise BadInputError for what is no workbook, cannot be opened, or unpacks to more than these bytes.

    `largest_text_bytes` is for the texts that its sheets share, which are read whole.
    """
    message = ""
    file.seek(0)
    if file.read(4) == _OLD_CONTAINER:
        locked = "protected by a password; save it without one"
        message = locked if _ENCRYPTED in file.read() else f"a workbook of Excel 97-2003; {SAVE_AS}"
    elif not zipfile.is_zipfile(file):
        message = DAMAGED
    else:
        with damage_told(name):
            message = _too_large(file, largest_bytes, largest_text_bytes)
    if message:
        raise BadInputError([Fault(message, where=name)])


def _too_large(file: IO[bytes], largest_bytes: int, largest_text_bytes: int) -> str:
    """Return what is too large in a zip file, or an empty text."""
    if unpacked_bytes(file) > largest_bytes:
        return f"too large: more than {largest_bytes // limits.MB} MB unpacked"
    if any(part.file_size > largest_text_bytes for part in _parts(file) if part.filename == _SHARED_TEXTS):
        return f"too large: more than {largest_text_bytes // limits.MB} MB of texts"
    return ""


def unpacked_bytes(file: IO[bytes]) -> int:
    """Return what the parts of a zip file take unpacked; no part is ever read beyond what it says of itself."""
    return sum(part.file_size for part in _parts(file))


def _parts(file: IO[bytes]) -> list[zipfile.ZipInfo]:
    return zipfile.ZipFile(file).infolist()


def opened(file: IO[bytes], *, values: bool) -> Any:
    """Return a workbook that is read row by row: with the stored values, or else the formulas."""
    from openpyxl import load_workbook  # noqa: PLC0415 - a tenth of a second, only for those who have a workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of extensions that it leaves out
        return load_workbook(file, read_only=True, data_only=values, keep_links=False)


def sheets(file: IO[bytes]) -> Iterator[tuple[str, Iterator[Sequence[Any]]]]:
    """Yield the sheets of a workbook that is read row by row: the title and the rows of each."""
    for sheet in list(opened(file, values=True).worksheets):
        sheet.reset_dimensions()
        yield str(sheet.title), sheet.iter_rows(max_row=limits.ROWS, values_only=True)


def names_in(file: IO[bytes], name: str) -> tuple[set[str], set[str]]:
    """Return the names of the sheets of a workbook, and those that it defines; none for a zip of other files.

    Raises BadInputError for a file that is damaged, locked or too large.
    """
    refuse_other_files(file, name, limits.INVENTORY_BYTES, limits.INVENTORY_TEXT_BYTES)
    with damage_told(name):
        if "[Content_Types].xml" not in (part.filename for part in _parts(file)):
            return set(), set()
        book = opened(file, values=True)
        return set(book.sheetnames), set(book.defined_names)


def moved(formula: str, start: str, address: str) -> str:
    """Return a formula, without its equals sign, that stands at one address as it reads at another."""
    from openpyxl.formula.translate import Translator  # noqa: PLC0415 - only for workbooks that Excel saved

    return str(Translator(f"={formula}", start).translate_formula(address))[1:]


def damage_told(name: str) -> AbstractContextManager[None]:
    """Turn whatever a damaged workbook makes its reader stumble over into one fault."""
    return told_as_damage(DAMAGED, name)
