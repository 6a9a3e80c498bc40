"""Files: read with every trouble told as a fault, written whole or not at all, over another one only when asked to.

Only regular files are read, and only so much of them; only regular files are replaced. A device or a pipe that can be
written to is written through and stays what it is; a symbolic link stays, and what it names is written. The name ``-``
stands for stdin where a file is read, and for stdout where one is written.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from io import BufferedReader, BytesIO
from json.encoder import encode_basestring as _quoted
from pathlib import Path
from typing import Any

from cloudplan.base.errors import BadInputError, Fault, MachineError
from cloudplan.base.limits import INVENTORY_BYTES, MB

_SCALAR = json.JSONEncoder(ensure_ascii=False)
DASH = Path("-")
"""The name that stands for stdin or stdout."""

_OF_THE_MACHINE = {
    errno.ENOSPC: "no space left on the device",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EFBIG: "the file would be too large",
    errno.EIO: "the device failed",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
    errno.EPIPE: "nobody reads it any more",
}
"""What is wrong with the machine rather than with the name of a file."""

_HEAD, _NEAR = 1000, 20
"""Bytes of a file, and around a byte that is not UTF-8, that tell what it looks like."""

_STAGED = ".cloudplan-"
"""How the names of files begin that are not yet in their place."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what stops a file from being read into one fault: the block raises BadInputError instead."""
    try:
        yield
    except FileNotFoundError:
        raise BadInputError([Fault("no such file", where=str(path))]) from None
    except IsADirectoryError:
        raise BadInputError([Fault("this is a folder; a file is needed", where=str(path))]) from None
    except OSError as error:
        raise BadInputError([Fault(f"cannot be read: {error.strerror}", where=str(path))]) from None


@contextlib.contextmanager
def opened(path: Path, most: int) -> Iterator[BufferedReader | BytesIO]:
    """Open a regular file of at most so many bytes; raise BadInputError for any other, and for what cannot be read.

    ``-`` is what stdin has.
    """
    with reading(path):
        if path == DASH:
            yield BytesIO(_stdin(most))
            return
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError
        if not stat.S_ISREG(found.st_mode):
            raise BadInputError([Fault("a device or a pipe; only regular files are read", where=str(path))])
        if found.st_size > most:
            raise BadInputError([Fault(too_large(most), where=str(path))])
        with path.open("rb") as file:
            yield file


_taken = bytearray()
"""What was read of stdin: a file may be opened more than once."""


def _stdin(most: int) -> bytes:
    """Return what stdin has; raise BadInputError when that is more bytes than `most`, or when it is closed."""
    if sys.stdin is None:
        raise BadInputError([Fault("stdin is closed", where=str(DASH))])
    _taken.extend(sys.stdin.buffer.read(max(0, most + 1 - len(_taken))))
    if len(_taken) > most:
        raise BadInputError([Fault(too_large(most), where=str(DASH))])
    return bytes(_taken)


def forget_stdin() -> None:
    """Let the next one who opens ``-`` read stdin anew."""
    _taken.clear()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file; raise BadInputError as `opened` does."""
    with opened(path, INVENTORY_BYTES) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def too_large(most: int) -> str:
    """Return the message for more bytes than are read."""
    return f"too large: more than {most // MB} MB"


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a regular file; raise BadInputError when it is not there or has more bytes than `most`."""
    with opened(path, most) as file:
        data = file.read(most + 1)  # a file may grow, and those of /proc say that they are empty
        if len(data) > most:
            raise BadInputError([Fault(too_large(most), where=str(path))])
        return data


def read_text(path: Path, most: int) -> str:
    """Return the text of a regular file; raise BadInputError as `read_bytes` does, and when it is not UTF-8."""
    return text_of(read_bytes(path, most), str(path))


def text_of(data: bytes, name: str) -> str:
    """Return bytes as text, every line end a newline; raise BadInputError when they are not UTF-8."""
    at = data[:_HEAD].find(b"\0")
    if at < 0:
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as error:
            at = error.start
    likely = _encoding(data, at)
    advice = f"; it looks like {likely}: save it as UTF-8" if likely else ""
    raise BadInputError([Fault(f"not UTF-8 text (byte {at}){advice}", where=name)])


def _encoding(data: bytes, at: int) -> str:
    """Return the encoding that bytes which are not UTF-8 from some byte on look like, or an empty text."""
    head = data[:_HEAD]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(b"\0") * 3 > len(head):
        return "UTF-16"
    with contextlib.suppress(UnicodeDecodeError):
        near = data[max(0, at - _NEAR) : at + _NEAR].decode("cp1252")
        return "Windows-1252" if "".join(near.split()).isprintable() else ""
    return ""


def is_folder(name: str | Path) -> bool:
    """Return whether a name is that of a folder; one that no file can have is not."""
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False


def json_text(value: Any) -> str:
    """Return plain values as the text of a JSON file: one value a line, indented by one blank."""
    return _json(value, "\n") + "\n"


def json_line(value: Any) -> str:
    """Return plain values as JSON on a line of its own."""
    return _SCALAR.encode(value) + "\n"


def _json(value: Any, line: str) -> str:
    """Return what `json.dumps` with an indent does, which takes three times as long; `line` begins a line."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    inner = f"{line} "
    if isinstance(value, dict) and value:
        entries = [
            f"{_quoted(name if isinstance(name, str) else _SCALAR.encode(name))}: "
            f"{_quoted(each) if type(each) is str else _json(each, inner)}"
            for name, each in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(entries)}{line}}}"
    if isinstance(value, list | tuple) and value:
        entries = [_quoted(each) if type(each) is str else _json(each, inner) for each in value]
        return f"[{inner}{f',{inner}'.join(entries)}{line}]"
    return _SCALAR.encode(value)


# --- writing -----------------------------------------------------------------------------------------------------


def refuse_existing(targets: Sequence[Path | None], *, force: bool, inputs: Sequence[Path | None] = ()) -> None:
    """Raise BadInputError for each target that would be replaced (unless `force`) or that cannot be written.

    That is one without a folder, a folder, a disk, an input, a name that no file can have, or one that comes twice.
    None stands for one that was not given; stdin may be an input once.
    """
    paths = [path for path in targets if path and path != DASH]
    faults: list[Fault] = []
    if list(inputs).count(DASH) > 1:
        faults.append(Fault("stdin can be one input only", where=str(DASH)))
    if list(targets).count(DASH) > 1:
        faults.append(Fault("stdout can be one output only", where=str(DASH)))
    for path in paths:
        try:
            faults += [Fault(words, where=str(path)) for words in _refusals(path, inputs, force=force)]
        except OSError as error:
            faults += _unwritable(error, path).faults
    if not faults and len({path.resolve() for path in paths}) < len(paths):
        faults.append(Fault("two outputs have the same name", where=str(paths[0])))
    if faults:
        raise BadInputError(faults)


def _refusals(path: Path, inputs: Sequence[Path | None], *, force: bool) -> Iterator[str]:
    """Yield what speaks against writing to a path."""
    if path.is_dir():
        yield "this is a folder"
    elif path.is_block_device():
        yield "this is a disk, or a part of one"
    elif path.exists() and not force and not _written_through(path):
        yield "exists already; use --force to overwrite it"
    if not path.absolute().parent.is_dir():
        yield "the folder does not exist"
    if path.resolve() in {read.resolve() for read in inputs if read and read != DASH}:
        yield "this is an input; write to another file"


def _written_through(path: Path) -> bool:
    """Return whether writing to a path replaces nothing: it is a device, a pipe, or the file that stdout goes to."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(found.st_mode) or _is_stdout(found)


def _is_stdout(found: os.stat_result) -> bool:
    try:
        return os.path.samestat(found, os.fstat(1))
    except OSError:
        return False


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write every file beside its place first, then move all into place; on failure none is left behind.

    What cannot be replaced, a device or a pipe, is written to before anything is moved into place. Raises BadInputError
    for a folder, a disk and what cannot be written, MachineError when that is the machine's fault.
    """
    staged: list[tuple[str, Path]] = []
    through: list[Path] = []
    folders = [path for path in contents if is_folder(path)]
    if folders:
        raise BadInputError([Fault("cannot be written: this is a folder", where=str(path)) for path in folders])
    try:
        for path, data in contents.items():
            with _writing(path):
                if _written_through(path):
                    through.append(path)
                    continue
                place = Path(os.path.realpath(path))
                handle, name = tempfile.mkstemp(dir=place.parent, prefix=_STAGED)
                staged.append((name, place))
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                Path(name).chmod(0o666 & ~_umask())
        for path in through:
            with _writing(path):
                _write_through(path, contents[path])
        for name, place in staged:
            with _writing(place):
                Path(name).replace(place)
    finally:
        for name, _ in staged:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()


def _write_through(path: Path, data: bytes) -> None:
    """Write to a device, a pipe or the file that stdout goes to, as it is."""
    found = path.stat()
    if stat.S_ISBLK(found.st_mode):
        raise BadInputError([Fault("cannot be written: this is a disk, or a part of one", where=str(path))])
    if _is_stdout(found):
        sys.stdout.flush()
        handle = os.dup(1)
    else:
        handle = os.open(path, os.O_WRONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a new folder with these files, whole or not at all; raise BadInputError when it is there or cannot be."""
    with _writing(folder):
        if os.path.lexists(folder):
            raise BadInputError([Fault("exists already", where=str(folder))])
        staged = Path(tempfile.mkdtemp(dir=folder.absolute().parent, prefix=_STAGED))
        try:
            for name, data in contents.items():
                (staged / name).write_bytes(data)
            staged.chmod(0o777 & ~_umask())
            staged.rename(folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)


@contextlib.contextmanager
def made_folder(folder: Path | None) -> Iterator[None]:
    """Have a folder for what the block writes; one that was made for it goes again when the block fails.

    None stands for one that was not given. Raises BadInputError for anything but a folder, and when none can be made.
    """
    makes = folder is not None and not os.path.lexists(folder)
    if folder is not None:
        if folder == DASH or not (makes or is_folder(folder)):
            raise BadInputError([Fault("a folder is needed", where=str(folder))])
        with _writing(folder):
            folder.mkdir(exist_ok=True)
    try:
        yield
    except BaseException:
        if makes and folder is not None:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what stops a file from being written into a fault of its own."""
    try:
        yield
    except OSError as error:
        raise _unwritable(error, path) from None


def _unwritable(error: OSError, path: Path) -> BadInputError | MachineError:
    """Return the error of a file that cannot be written: bad input, or the machine's fault."""
    fault = Fault(f"cannot be written: {words_of(error)}", where=str(path))
    return MachineError([fault]) if error.errno in _OF_THE_MACHINE else BadInputError([fault])


def words_of(error: OSError) -> str:
    """Return what an error of the operating system says."""
    return _OF_THE_MACHINE.get(error.errno or 0, str(error.strerror))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
