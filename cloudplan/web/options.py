"""The options of the command line as values: the word of each, what it may be, and what the help says of it."""

import inspect
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from typer.models import OptionInfo

from cloudplan.cli import command_line
from cloudplan.cli.verbs import commands


@dataclass(frozen=True)
class Option:
    """An option of a command."""

    word: str
    help: str
    default: Any
    choices: tuple[str, ...] = ()
    is_flag: bool = False
    is_list: bool = False
    is_number: bool = False

    @property
    def name(self) -> str:
        """Its name in JSON, and in forms."""
        return self.word.removeprefix("--").replace("-", "_")


@cache
def options_of(verb: str) -> Mapping[str, Option]:
    """Return the options of a command, by their names."""
    assert command_line().commands[verb]  # its module adds it
    [function] = [each.callback for each in commands.registered_commands if _name(each) == verb]
    assert function is not None
    return {option.name: option for option in _options(inspect.signature(function))}


def _name(command: Any) -> str:
    return str(command.name or getattr(command.callback, "__name__", ""))


def _options(shape: inspect.Signature) -> Iterator[Option]:
    for parameter in shape.parameters.values():
        annotation, *told = typing.get_args(parameter.annotation)
        info = next((each for each in told if isinstance(each, OptionInfo)), None)
        if info is None:
            continue
        said = [each for each in (info.default, *(info.param_decls or ())) if str(each).startswith("--")]
        word = str(said[0]) if said else f"--{parameter.name.replace('_', '-')}"
        kinds = [*_kinds(annotation)]
        choices = tuple(each for kind in kinds if typing.get_origin(kind) is Literal for each in typing.get_args(kind))
        yield Option(
            word=word,
            help=str(info.help or ""),
            default=parameter.default,
            choices=choices,
            is_flag=bool in kinds,
            is_list=list in [typing.get_origin(kind) for kind in kinds],
            is_number=bool({int, float} & {*kinds}),
        )


def _kinds(annotation: Any) -> Iterator[Any]:
    """Yield what a value may be; a union and a list are looked into."""
    origin = typing.get_origin(annotation)
    yield annotation
    if origin is not Literal:
        for part in typing.get_args(annotation):
            yield from _kinds(part)
