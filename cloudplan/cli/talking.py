"""What a command says on stderr beside its result: what it reads, how far it is, what it wrote."""

import contextlib
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError
from cloudplan.base.language import Code, Language, language
from cloudplan.base.program import program
from cloudplan.base.steps import Step

Manner = Literal["text", "json"]
"""How it is said: in words for people, or a line of JSON each for programs."""
OUTPUTS = ("output", "new_plan", "xlsx", "csv")
"""The parameters of commands that name what is written."""
_LIBRARIES = ("highspy", "pulp")
_SHOWN, _MINUTE = 5, 60


@dataclass
class _Manner:
    quiet: bool = False
    verbose: bool = False
    lang: Code = "en"
    in_lines: bool = False


_manner = _Manner()


def begin(*, quiet: bool, verbose: bool, lang: str | None = None, messages: Manner = "text") -> None:
    """Set how much the command that begins says, how, and in which language; one that is none of ours is left to it.

    Raises BadParameter when it is to say both less and more.
    """
    if quiet and verbose:
        raise typer.BadParameter("allowed: one of --quiet and --verbose", param_hint="--quiet")
    _manner.quiet, _manner.verbose = quiet, verbose
    _manner.lang = "fr" if lang == "fr" else "en"
    _manner.in_lines = messages == "json"
    files.forget_stdin()


def spoken() -> Language:
    """Return the language that the command speaks."""
    return language(_manner.lang)


def in_lines() -> bool:
    """Return whether what is said are lines of JSON, for a program that listens."""
    return _manner.in_lines and not _manner.quiet


def progress(step: Step, seconds: float) -> None:
    """Say how far a search is, as a line of JSON: amounts a month, the gap as a share, null where there is none yet."""
    amounts = {name: None if value is None else round(value, 2) for name, value in step.amounts.items()}
    _say_line({"progress": {"seconds": round(seconds, 1), "step": step.step, **amounts, "gap": step.gap}})


def shows_progress() -> bool:
    """Return whether progress is told: to a terminal unless it is to be quiet, to a file only when asked for."""
    return sys.stderr is not None and (_manner.verbose or (sys.stderr.isatty() and not _manner.quiet))


def written(paths: Iterable[Path]) -> None:
    """Say what was written."""
    if not _manner.quiet:
        for path in paths:
            if _manner.in_lines:
                _say_line({"written": str(path)})
            else:
                _say(spoken().text("Written: {path}", path=path))


def lacking(fields: Sequence[str]) -> None:
    """Say which fields of the terms a quote in France has and this one lacks, when there are any."""
    if fields and not _manner.quiet:
        _say(spoken().text("What a quote in France also has, and the terms lack: {fields}.", fields=", ".join(fields)))


def serving(address: str, folder: Path) -> None:
    """Say where pages are served, and where what is handed in there stays."""
    if _manner.in_lines:
        _say_line({"serving": address, "folder": str(folder)})
        return
    _say(spoken().text("Open this address in a browser: {address}", address=address))
    if not _manner.quiet:
        _say(spoken().text("Files and results stay in {folder}. Ctrl-C ends the server.", folder=folder))


def left_running(jobs: Sequence[str]) -> None:
    """Say which jobs still run when a server is gone, when there are any."""
    if jobs and not _manner.quiet:
        some = ", ".join(jobs)
        _say(spoken().text("Still running, and found again by the next server: {jobs}.", jobs=some))


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
    if _manner.in_lines:
        return _say_line({"note": text})
    with contextlib.suppress(OSError):  # nobody can be told then
        typer.echo(text, err=True)
    return None


def _say_line(values: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):
        typer.echo(files.json_line(values), nl=False, err=True)
