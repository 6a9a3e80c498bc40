"""The tables in a file: sheets of a workbook, CSV files of a folder or a zip, read row by row with their addresses.

Limits keep time and memory within bounds whatever a file says of itself.
"""

import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from cloudplan.base import spreadsheet
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import reading

LARGEST_BYTES = 2_000_000_000
"""What the parts of a workbook or a zip may take unpacked."""
LARGEST_TEXT_BYTES = 300_000_000
"""What one CSV file may take, and the texts that a workbook's sheets share: these are read whole."""
COLUMNS, CELLS = 16_384, 200_000_000
"""Columns and cells of a table; RVTools writes about 100 columns, and a row for each VM or disk."""
CSV_SUFFIXES = (".csv", ".tsv", ".txt")

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_TAB = re.compile(r"(?:^|tab|_)(v(?:info|cpu|memory|disk|partition|snapshot|host|metadata))$")
_SHARED_TEXTS = "xl/sharedStrings.xml"

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
            with reading(file), file.open("rb") as content:
                found[file.name] = hashlib.file_digest(content, "sha256").hexdigest()
        return found

    def tables(self) -> Iterator[Table]:
        """Yield the tables, each to be read before the next; raise BadInputError for what cannot be read."""
        for file in self.files:
            yield from _tables(file)


def sources(paths: Sequence[Path]) -> list[Source]:
    """Return what is given as sources: a folder is its CSV files, and so are single CSV files of one folder.

    Raises BadInputError for a folder without CSV files.
    """
    found: list[Source] = []
    loose: dict[Path, list[Path]] = {}
    for path in dict.fromkeys(paths):
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.suffix.lower() in CSV_SUFFIXES)
            if not files:
                raise BadInputError([Fault("the folder has no CSV file", where=str(path))])
            found.append(Source(path, tuple(files)))
        elif path.suffix.lower() in CSV_SUFFIXES:
            if path.parent not in loose:
                loose[path.parent] = []
                found.append(Source(path, ()))
            loose[path.parent].append(path)
        else:
            found.append(Source(path, (path,)))
    return [source if source.files else Source(source.path, tuple(loose[source.path.parent])) for source in found]


def _tables(path: Path) -> Iterator[Table]:
    with reading(path), path.open("rb") as file:
        if path.suffix.lower() in CSV_SUFFIXES:
            yield _csv(file.read(LARGEST_TEXT_BYTES + 1), path.stem, str(path))
        elif _is_workbook(file, str(path)):
            yield from _sheets(file, str(path))
        else:
            yield from _members(file, str(path))


def _is_workbook(file: IO[bytes], name: str) -> bool:
    """Return whether a file is to be read as a workbook: all that is not a zip of other files."""
    with spreadsheet.damage_told(name):
        return not zipfile.is_zipfile(file) or "[Content_Types].xml" in zipfile.ZipFile(file).namelist()


# --- workbooks ---------------------------------------------------------------------------------------------------


def _sheets(file: IO[bytes], name: str) -> Iterator[Table]:
    spreadsheet.refuse_other_files(file, name, LARGEST_BYTES)
    with spreadsheet.damage_told(name):
        texts = [part for part in zipfile.ZipFile(file).infolist() if part.filename == _SHARED_TEXTS]
        if any(part.file_size > LARGEST_TEXT_BYTES for part in texts):
            message = f"too large: more than {LARGEST_TEXT_BYTES // 10**6} MB of texts"
            raise BadInputError([Fault(message, where=name)])
        book = spreadsheet.opened(file, values=True)
        sheets = list(book.worksheets)
    for sheet in sheets:
        yield Table(str(sheet.title), name, "sheet", _bounded(_rows_of(sheet, name), f"{name}:{sheet.title}"))


def _rows_of(sheet: Any, name: str) -> Iterator[Row]:
    with spreadsheet.damage_told(name):
        sheet.reset_dimensions()
        yield from enumerate(sheet.iter_rows(max_row=spreadsheet.ROWS, values_only=True), start=1)


def _bounded(rows: Iterable[Row], name: str) -> Iterator[Row]:
    """Yield the rows that have a cell with something in it, as long as there are not too many cells."""
    cells = 0
    for number, row in rows:
        cells += len(row) + 1
        if cells > CELLS:
            raise BadInputError([Fault(f"too large: more than {CELLS // 10**6} million cells", where=name)])
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
        if sum(part.file_size for part in parts) > LARGEST_BYTES:
            raise BadInputError([Fault(f"too large: more than {LARGEST_BYTES // 10**6} MB unpacked", where=name)])
        for part in parts:
            with archive.open(part) as content:
                yield _csv(content.read(LARGEST_TEXT_BYTES + 1), Path(part.filename).stem, f"{name}/{part.filename}")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadInputError([Fault(f"damaged, or locked by a password: {error}", where=name)]) from None


def _csv(data: bytes, title: str, name: str) -> Table:
    if len(data) > LARGEST_TEXT_BYTES:
        raise BadInputError([Fault(f"too large: more than {LARGEST_TEXT_BYTES // 10**6} MB", where=name)])
    text = _decoded(data, name)
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
            if len(cells) > COLUMNS:
                message = f"{len(cells)} columns; allowed: at most {COLUMNS}"
                raise BadInputError([Fault(message, where=f"{name}:{line}")])
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadInputError([Fault(f"not CSV: {error}", where=f"{name}:{line}")]) from None


def tab(title: str) -> str:
    """Return the RVTools tab that a title names, in lower case, or an empty text: ``RVTools_tabvInfo`` is vinfo."""
    match = _TAB.search(title.strip().lower())
    return match[1] if match else ""
