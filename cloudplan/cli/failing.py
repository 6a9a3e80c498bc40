"""How a command fails: its faults on stderr, one line each or as JSON, and the exit status."""

import contextlib
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO, cast

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError, CloudplanError, Fault, MachineError

INTERRUPTED = 1
_NO_COMMAND = "NoArgsIsHelpError"
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""What typer raises for options and arguments; it has no public name there."""
_HINT = re.compile(r"^Invalid value for (?P<name>.+?): (Value error, )?(?P<words>.*)$", re.DOTALL)
_CHOICE = re.compile(r"^(?P<found>'.*') is not one of (?P<allowed>.*?)\.?$", re.DOTALL)
_MISFIT = re.compile(r"^found (?P<found>'.*'); allowed: (?P<allowed>.*)$", re.DOTALL)


class _Stdout:
    """Stdout that tells what stops it from being written; None is one that was closed before the program began."""

    def __init__(self, stream: TextIO | None):
        self._stream: Any = stream
        self._error: OSError | None = None if stream else OSError(None, "it is closed")

    def write(self, text: str | bytes) -> int:
        """Write a text, or bytes as they are; raise MachineError when that cannot be."""
        with self._telling():
            return int((self._stream if isinstance(text, str) else self._stream.buffer).write(text))

    @property
    def buffer(self) -> "_Stdout":
        """Where bytes are written."""
        return self

    def flush(self) -> None:
        """Flush what was written; raise MachineError when that cannot be."""
        with self._telling():
            self._stream.flush()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        if self._error is None:
            try:
                yield
            except OSError as error:  # it stays so: typer tries to write nothing first, and does not mind
                self._error = error
                self._forget()
        if isinstance(self._error, BrokenPipeError):
            raise self._error  # typer ends quietly then
        if self._error is not None:
            fault = Fault(f"cannot be written: {files.words_of(self._error)}", where="stdout")
            raise MachineError([fault])

    def _forget(self) -> None:
        """Let the rest go nowhere, so that the end of the program does not stumble over it again."""
        with contextlib.suppress(OSError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def status_of(run: Callable[..., Any], arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status; what goes wrong is told on stderr."""
    pairs = {*itertools.pairwise(arguments), *(tuple(each.split("=", 1)) for each in arguments if "=" in each)}
    in_lines = ("--messages", "json") in pairs
    as_json = in_lines or ("--format", "json") in pairs
    before = sys.stdout
    sys.stdout = cast(TextIO, _Stdout(before))
    try:
        status = run(arguments, standalone_mode=False)
        if before is not None:
            sys.stdout.flush()
    except CloudplanError as error:
        status = _told(error, as_json=as_json, in_lines=in_lines)
    except _UsageError as error:
        if type(error).__name__ == _NO_COMMAND:
            typer.echo(str(error), err=True)
            status = BadInputError.exit_status
        else:
            status = _told(BadInputError([_fault(error)]), as_json=as_json, in_lines=in_lines)
    except typer.Abort:
        status = INTERRUPTED
    finally:
        sys.stdout = before
    return status if isinstance(status, int) else 0


def _told(error: CloudplanError, *, as_json: bool, in_lines: bool) -> int:
    """Tell the faults of an error on stderr, as text, as JSON or on a line of it, and return its exit status."""
    count = len(error.faults)
    heading = error.title if count == 1 else f"{error.title} ({count} faults)"
    lines = [f"cloudplan: {heading}{error.advice}", *(f"  {fault}" for fault in error.faults)]
    text = files.json_text(_values(error)) if as_json else "\n".join(lines) + "\n"
    if in_lines:
        text = files.json_line(_values(error))
    with contextlib.suppress(OSError):  # nobody can be told then, but the status stays
        typer.echo(text, nl=False, err=True)
    return error.exit_status


def _values(error: CloudplanError) -> dict[str, object]:
    """Return an error as JSON has it: null where there is nothing to say."""
    return {"status": error.exit_status, "faults": [fault.values for fault in error.faults]}


def _fault(error: Exception) -> Fault:
    """Return what is wrong with an option or an argument in the words of the house."""
    words = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
    hint = _HINT.match(words)
    if hint is None:
        context = getattr(error, "ctx", None)
        more = f"; see {context.command_path} --help" if context else ""
        return Fault(words[:1].lower() + words[1:].removesuffix(".") + more)
    name = hint["name"].strip("'").split("' / '")[0]
    said = _CHOICE.match(hint["words"]) or _MISFIT.match(hint["words"])
    if said is None:
        return Fault(hint["words"].removesuffix("."), where=name)
    allowed = said["allowed"].replace("'", "")
    return Fault(f"found {said['found']}; allowed: {allowed}", where=name, found=said["found"][1:-1], allowed=allowed)
