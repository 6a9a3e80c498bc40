"""A new edition begins as a copy of another one: its five files under a new name, marked as a draft."""

from pathlib import Path

from cloudplan.base import files, limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import date_of
from cloudplan.base.yamlfile import with_values
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import FILES, edition_folder, edition_from, load_edition

HEAD = FILES[0]
"""The file that has the name and the title of an edition."""
MARK = "# DRAFT of {name}, a copy of {origin}: edit the facts, then delete this line."


def draft(origin: str | Path, name: str, inside: Path | None = None) -> tuple[Path, Edition]:
    """Write a draft of an edition, the copy of another one, and return its folder with what it says.

    `origin` is an edition as `load_edition` takes it, `name` the date of the new one, YYYY-MM-DD; its folder bears that
    name and is made in the folder `inside`, by default beside that of the origin. Raises BadInputError when the origin
    has faults, when `name` is no date or not after that of the origin, and when the folder is there or cannot be
    written; then nothing is.
    """
    source, copied = edition_folder(origin), load_edition(origin)
    _refuse(name, copied.edition)
    folder = (inside or source.resolve().parent) / name
    contents = {file: files.read_bytes(source / file, limits.TEXT_BYTES) for file in FILES}
    mark = MARK.format(name=name, origin=" ".join(copied.edition.split()))
    try:
        text = with_values(contents[HEAD].decode("utf-8-sig"), {"edition": name, "title": _title(copied, name)})
    except ValueError:
        message = f"the draft needs the name and the title of its origin in {HEAD}, as YAML"
        raise BadInputError([Fault(message, where=str(source / HEAD))]) from None
    contents[HEAD] = f"{mark}\n{text}".encode()
    edition_from({file: data.decode("utf-8-sig") for file, data in contents.items()}, str(folder))
    files.write_folder(folder, contents)
    return folder, load_edition(folder)


def _refuse(name: str, origin: str) -> None:
    """Raise BadInputError unless a name is a date, and after that of the origin where this is one."""
    day, before = date_of(name), date_of(origin)
    if day is None:
        raise BadInputError([Fault(f"found {name!r}; allowed: a date, YYYY-MM-DD, the name of the new edition")])
    if before is not None and day <= before:
        raise BadInputError([Fault(f"found {name}; allowed: a date after {origin}, the edition that is copied")])


def _title(copied: Edition, name: str) -> str:
    """Return the title with the new date in place of the old one, be it written as in a name or in words."""
    for old, new in ((copied.edition, name), (_in_words(copied.edition), _in_words(name))):
        if old in copied.title:
            return copied.title.replace(old, new)
    return f"{copied.title}, {name}"


def _in_words(name: str) -> str:
    """Return the date that an edition is named by as 30 April 2026, any other name as it is."""
    day = date_of(name)
    return f"{day.day} {day:%B %Y}" if day else name
