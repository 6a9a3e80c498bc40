"""The tables in a file: sheets of a workbook, CSV files of a folder or a zip, read row by row with their addresses.

Limits keep time and memory within bounds whatever a file says of itself.
"""

import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from cloudplan.base import kinds, limits, spreadsheet
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import DASH, opened, reading, too_large

CSV_SUFFIXES = (".csv", ".tsv", ".txt")

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_TAB = re.compile(r"(?:^|tab|_)(v(?:info|cpu|memory|disk|partition|snapshot|host|datastore|metadata))$")

Row = tuple[int, Sequence[Any]]
"""The number of a row in its file, and its cells from the first column on."""


@dataclass(frozen=True)
class Table:
    """A sheet or a CSV file: its title, the file it is in, and its rows, which can be read once."""

    title: str
    file: str
    kind: Literal["sheet", "csv"]
    rows: Iterable[Row]

    def address(self, row: int, column: int) -> str:
        """Return where a cell is: ``export.xlsx:vInfo!C7``, or line and column of a CSV file."""
        letters = ""
        while column >= 0:
            letters, column = chr(65 + column % 26) + letters, column // 26 - 1
        return f"{self.file}:{self.title}!{letters}{row}" if self.kind == "sheet" else f"{self.file}:{row}:{letters}"


@dataclass(frozen=True)
class Source:
    """A file that was given, or the CSV files of a folder: what belongs together in one inventory."""

    path: Path
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The name for people."""
        return self.path.name or str(self.path)

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each file, by name; raise BadInputError for what cannot be read."""
        found = {}
        for file in self.files:
            with opened(file, limits.INVENTORY_BYTES) as content:
                found[file.name] = hashlib.file_digest(content, "sha256").hexdigest()
        return found

    def tables(self, left_out: Callable[[str], bool]) -> Iterator[Table]:
        """Yield the tables, each to be read before the next; sheets whose titles are left out may come without rows.

        Raises BadInputError for what cannot be read.
        """
        for file in self.files:
            yield from _tables(file, left_out)


def sources(paths: Sequence[Path]) -> list[Source]:
    """Return what is given as sources: a folder is its CSV files, and so are single CSV files of one folder.

    Raises BadInputError for a folder without CSV files, or with too many.
    """
    found: list[Source] = []
    loose: dict[Path, list[Path]] = {}
    for path in dict.fromkeys(paths):
        if path.is_dir():
            with reading(path):
                files = sorted(file for file in path.iterdir() if file.suffix.lower() in CSV_SUFFIXES)
            if not files:
                raise BadInputError([Fault("the folder has no CSV file", where=str(path))])
            _refuse_many(len(files), str(path))
            found.append(Source(path, tuple(files)))
        elif path.suffix.lower() in CSV_SUFFIXES:
            if path.parent not in loose:
                loose[path.parent] = []
                found.append(Source(path, ()))
            loose[path.parent].append(path)
        else:
            found.append(Source(path, (path,)))
    return [source if source.files else Source(source.path, tuple(loose[source.path.parent])) for source in found]


def _refuse_many(count: int, name: str) -> None:
    """Raise BadInputError for more CSV files than are read."""
    if count > limits.INVENTORY_FILES:
        message = f"found {count} CSV files; allowed: at most {limits.INVENTORY_FILES}"
        raise BadInputError([Fault(message, where=name)])


def _tables(path: Path, left_out: Callable[[str], bool]) -> Iterator[Table]:
    with opened(path, limits.INVENTORY_BYTES) as file:
        if path.suffix.lower() in CSV_SUFFIXES or (path == DASH and not _is_packed(file)):
            yield _csv(file.read(limits.INVENTORY_TEXT_BYTES + 1), path.stem, str(path))
        elif _is_workbook(file, str(path)):
            yield from _sheets(file, str(path), left_out)
        else:
            yield from _members(file, str(path))


def _is_packed(file: IO[bytes]) -> bool:
    """Return whether a file without a name is a workbook or a zip."""
    packed = kinds.is_workbook(file.read(4))
    file.seek(0)
    return packed


def _is_workbook(file: IO[bytes], name: str) -> bool:
    """Return whether a file is to be read as a workbook: all that is not a zip of other files."""
    with spreadsheet.damage_told(name):
        return not zipfile.is_zipfile(file) or "[Content_Types].xml" in zipfile.ZipFile(file).namelist()


# --- workbooks ---------------------------------------------------------------------------------------------------


def _sheets(file: IO[bytes], name: str, left_out: Callable[[str], bool]) -> Iterator[Table]:
    from cloudplan.base.whole_sheets import whole_sheets  # noqa: PLC0415 - slow to import; lists as CSV need it not

    file.seek(0)
    if not kinds.is_workbook(file.read(4)):
        file.seek(0)
        kinds.refuse_other(file.read(limits.TEXT_BYTES).decode("utf-8", "replace"), name, kinds.INVENTORY)
    spreadsheet.refuse_other_files(file, name, limits.INVENTORY_BYTES, limits.INVENTORY_TEXT_BYTES)
    with spreadsheet.damage_told(name):
        for title, rows in whole_sheets(file, left_out) or spreadsheet.sheets(file):
            yield Table(title, name, "sheet", _bounded(_rows_of(rows, name), f"{name}:{title}"))


def _rows_of(rows: Iterable[Sequence[Any]], name: str) -> Iterator[Row]:
    with spreadsheet.damage_told(name):
        yield from enumerate(rows, start=1)


def _bounded(rows: Iterable[Row], name: str) -> Iterator[Row]:
    """Yield rows as long as there are not too many of them, and not too many cells."""
    cells = 0
    for count, (number, row) in enumerate(rows, start=1):
        cells += len(row) + 1
        if count > limits.ROWS:
            raise BadInputError([Fault(f"too large: more than {limits.ROWS} rows", where=name)])
        if cells > limits.INVENTORY_CELLS:
            words = f"too large: more than {limits.INVENTORY_CELLS // limits.MB} million cells"
            raise BadInputError([Fault(words, where=name)])
        yield number, row


# --- CSV ---------------------------------------------------------------------------------------------------------


def _members(file: IO[bytes], name: str) -> Iterator[Table]:
    """Yield the CSV files of a zip; anything else in it is a fault, for it would be lost."""
    try:
        archive = zipfile.ZipFile(file)
        parts = [part for part in archive.infolist() if not part.is_dir()]
        others = [part.filename for part in parts if Path(part.filename).suffix.lower() not in CSV_SUFFIXES]
        if others:
            raise BadInputError([Fault(f"not a CSV file: {other}", where=name) for other in others])
        _refuse_many(len(parts), name)
        if sum(part.file_size for part in parts) > limits.INVENTORY_BYTES:
            raise BadInputError([Fault(f"{too_large(limits.INVENTORY_BYTES)} unpacked", where=name)])
        for part in parts:
            with archive.open(part) as content:
                yield _csv(
                    content.read(limits.INVENTORY_TEXT_BYTES + 1), Path(part.filename).stem, f"{name}/{part.filename}"
                )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadInputError([Fault(f"damaged, or locked by a password: {error}", where=name)]) from None


def _csv(data: bytes, title: str, name: str) -> Table:
    if len(data) > limits.INVENTORY_TEXT_BYTES:
        raise BadInputError([Fault(too_large(limits.INVENTORY_TEXT_BYTES), where=name)])
    text = _decoded(data, name)
    kinds.refuse_other(text, name, kinds.INVENTORY)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(";,\t", key=first.count)
    return Table(title, name, "csv", _bounded(_csv_rows(text, delimiter, name), name))


def _decoded(data: bytes, name: str) -> str:
    """Return the text of a CSV file: by its byte order mark, else UTF-8, else Windows' western characters."""
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    for encoding in [marked] if marked else ["utf-8", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    allowed = "UTF-8, UTF-16 with a byte order mark, or Windows-1252"
    raise BadInputError([Fault(f"not a text file that can be read; allowed: {allowed}", where=name)])


def _csv_rows(text: str, delimiter: str, name: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if len(cells) > limits.COLUMNS:
                message = f"{len(cells)} columns; allowed: at most {limits.COLUMNS}"
                raise BadInputError([Fault(message, where=f"{name}:{line}")])
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadInputError([Fault(f"not CSV: {error}", where=f"{name}:{line}")]) from None


def tab(title: str) -> str:
    """Return the RVTools tab that a title names, in lower case, or an empty text: ``RVTools_tabvInfo`` is vinfo."""
    match = _TAB.search(title.strip().lower())
    return match[1] if match else ""
