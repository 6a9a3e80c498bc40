"""What a command says on stderr beside its result: what it reads, how far it is, what it wrote."""

import contextlib
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError
from cloudplan.base.language import Code, Language, language
from cloudplan.base.program import program

OUTPUTS = ("output", "new_plan", "xlsx", "csv")
"""The parameters of commands that name what is written."""
_LIBRARIES = ("highspy", "pulp")
_SHOWN, _MINUTE = 5, 60


@dataclass
class _Manner:
    quiet: bool = False
    verbose: bool = False
    lang: Code = "en"


_manner = _Manner()


def begin(*, quiet: bool, verbose: bool, lang: str | None = None) -> None:
    """Set how much the command that begins says, and in which language; one that is none of ours is left to it.

    Raises BadParameter when it is to say both less and more.
    """
    if quiet and verbose:
        raise typer.BadParameter("allowed: one of --quiet and --verbose", param_hint="--quiet")
    _manner.quiet, _manner.verbose = quiet, verbose
    _manner.lang = "fr" if lang == "fr" else "en"
    files.forget_stdin()


def spoken() -> Language:
    """Return the language that the command speaks."""
    return language(_manner.lang)


def shows_progress() -> bool:
    """Return whether progress is told: to a terminal unless it is to be quiet, to a file only when asked for."""
    return sys.stderr is not None and (_manner.verbose or (sys.stderr.isatty() and not _manner.quiet))


def written(paths: Iterable[Path]) -> None:
    """Say what was written."""
    if not _manner.quiet:
        for path in paths:
            _say(spoken().text("Written: {path}", path=path))


def lacking(fields: Sequence[str]) -> None:
    """Say which fields of the terms a quote in France has and this one lacks, when there are any."""
    if fields and not _manner.quiet:
        _say(spoken().text("What a quote in France also has, and the terms lack: {fields}.", fields=", ".join(fields)))


def passed_over(others: Sequence[tuple[Path, str]]) -> None:
    """Say which files of a folder of workloads are something else, the first of them, when there are any."""
    if not others or _manner.quiet:
        return
    some = ", ".join(f"{path.name} ({spoken().word(what)})" for path, what in others[:_SHOWN])
    if len(others) > _SHOWN:
        some = spoken().text("{some} and {count} more", some=some, count=len(others) - _SHOWN)
    _say(spoken().text("No workloads, and passed over: {files}.", files=some))


def how_far(done: int, whole: int, failed: int, seconds: float | None) -> str:
    """Return how far a batch is: how many workloads are done, without a plan, and about how many seconds are left."""
    told = spoken().text("{done} of {whole} done", done=done, whole=whole)
    if failed:
        told = spoken().text("{told}, {failed} without a plan", told=told, failed=failed)
    if seconds is None:
        return told
    minutes = round(seconds / _MINUTE)
    left = f"{max(1, round(seconds))} s" if seconds < 2 * _MINUTE else f"{minutes} min"
    if minutes >= 2 * _MINUTE:
        left = f"{minutes // _MINUTE} h {minutes % _MINUTE:02} min"
    return spoken().text("{told}; about {left} left", told=told, left=left)


def name_inputs(given: Mapping[str, Any]) -> None:
    """Say, when much is to be said, what reads, and each file among the arguments of a command that is read."""
    if not _manner.verbose:
        return
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    _say(f"{program()}, Python {platform.python_version()}, {libraries}")
    for name, value in given.items():
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, Path) and name not in OUTPUTS and (path == files.DASH or path.is_file()):
                _say_read(path)


def _say_read(path: Path) -> None:
    try:
        _say(spoken().text("Read: {path}, SHA-256 {sha256}", path=path, sha256=files.sha256_of(path)))
    except BadInputError:
        return  # the command tells it


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # nobody can be told then
        typer.echo(text, err=True)
