"""Files: read with every trouble told as a fault, written whole or not at all, over another one only when asked to."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cloudplan.base.errors import BadInputError, Fault


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what stops a file from being read into one fault: the block raises BadInputError instead."""
    try:
        yield
    except FileNotFoundError:
        raise BadInputError([Fault("no such file", where=str(path))]) from None
    except IsADirectoryError:
        raise BadInputError([Fault("this is a folder; a file is needed", where=str(path))]) from None
    except UnicodeDecodeError as error:
        raise BadInputError([Fault(f"not UTF-8 text (byte {error.start})", where=str(path))]) from None
    except OSError as error:
        raise BadInputError([Fault(f"cannot be read: {error.strerror}", where=str(path))]) from None


def read_text(path: Path) -> str:
    """Return the text of a file; raise BadInputError when it is not there or not UTF-8."""
    with reading(path):
        return path.read_text(encoding="utf-8-sig")


def read_bytes(path: Path) -> bytes:
    """Return the content of a file; raise BadInputError when it is not there."""
    with reading(path):
        return path.read_bytes()


def json_text(value: Any) -> str:
    """Return plain values as the text of a JSON file."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def refuse_existing(targets: Sequence[Path | None], *, force: bool, inputs: Sequence[Path | None] = ()) -> None:
    """Raise BadInputError for each target that exists (unless `force`), has no folder, is an input, or comes twice.

    None stands for one that was not given.
    """
    paths = [path for path in targets if path]
    faults = [
        Fault("exists already; use --force to overwrite it", where=str(p)) for p in paths if p.exists() and not force
    ]
    faults += [Fault("the folder does not exist", where=str(p)) for p in paths if not p.absolute().parent.is_dir()]
    faults += [Fault("this is a folder", where=str(p)) for p in paths if p.is_dir()]
    read = {path.resolve() for path in inputs if path}
    faults += [Fault("this is an input; write to another file", where=str(p)) for p in paths if p.resolve() in read]
    if len({path.resolve() for path in paths}) < len(paths):
        faults.append(Fault("two outputs have the same name", where=str(paths[0])))
    if faults:
        raise BadInputError(faults)


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write every file beside its place first, then move all into place; on failure none is left behind.

    Raises BadInputError for a folder and for what cannot be written.
    """
    staged: list[tuple[str, Path]] = []
    folders = [path for path in contents if path.is_dir()]
    if folders:
        raise BadInputError([Fault("cannot be written: this is a folder", where=str(path)) for path in folders])
    try:
        with _writing():
            for path, data in contents.items():
                handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
                staged.append((name, path))
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                Path(name).chmod(0o666 & ~_umask())
            for name, path in staged:
                Path(name).replace(path)
    finally:
        for name, _ in staged:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a new folder with these files, whole or not at all; raise BadInputError when it is there or cannot be."""
    if os.path.lexists(folder):
        raise BadInputError([Fault("exists already", where=str(folder))])
    with _writing(folder):
        staged = Path(tempfile.mkdtemp(dir=folder.absolute().parent, prefix=f".{folder.name}."))
        try:
            for name, data in contents.items():
                (staged / name).write_bytes(data)
            staged.chmod(0o777 & ~_umask())
            staged.rename(folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)


@contextlib.contextmanager
def _writing(where: Path | None = None) -> Iterator[None]:
    """Turn what stops files from being written into a fault, of `where` or of the file that it is about."""
    try:
        yield
    except OSError as error:
        place = str(where or error.filename)
        raise BadInputError([Fault(f"cannot be written: {error.strerror}", where=place)]) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
