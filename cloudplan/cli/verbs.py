"""The verbs of the command line: their groups in the help, and what every one of them has beside its own options."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cloudplan.base.language import Code
from cloudplan.cli import talking

GROUPS = {
    "Prepare": ("init", "import"),
    "Decide": ("size", "roadmap", "compare", "explain"),
    "Trust and hand on": ("verify", "diff", "quote", "orders"),
    "Run and data": ("catalog", "prices"),
}
"""The verbs as the help lists them."""

Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, and no word of what was written.")]
Lang = Annotated[Code | None, typer.Option(help="Language of what is told; default: English.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Versions, and the files read with their SHA-256; progress also to a file.")
]
_COMMON = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
    for name, kind in (("quiet", Quiet), ("verbose", Verbose))
]

_LANG = inspect.Parameter("lang", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Lang)
"""Of commands that have no such option of their own, as those have whose result is for a customer."""


class Group(TyperGroup):
    """The root of the command line, whose help lists the verbs in their groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the verbs that are there, group by group, each with its question."""
        longest = max(map(len, self.commands))
        for group, names in GROUPS.items():
            there = [(name.ljust(longest), self.commands[name]) for name in names if name in self.commands]
            with formatter.section(group):
                formatter.write_dl([(name, command.get_short_help_str(limit=200)) for name, command in there])


class Verbs(typer.Typer):
    """Commands, each with `--quiet` and `--verbose`, a question that it answers and an example."""

    def command(  # type: ignore[override]
        self, name: str | None = None, *, question: str | None = None, example: str = "", hidden: bool = False
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Register a function as a command; `example` is a whole command line."""
        epilog = f"\b\nExample: {example}" if example else None
        register = super().command(name, short_help=question, epilog=epilog, hidden=hidden)

        def decorate(function: Callable[..., None]) -> Callable[..., None]:
            register(_spoken(function))
            return function

        return decorate


def _spoken(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the options that every command has."""
    shape = inspect.signature(function)

    common = _COMMON if "lang" in shape.parameters else [_LANG, *_COMMON]

    @functools.wraps(function)
    def command(*, quiet: bool, verbose: bool, **given: Any) -> None:
        lang = given.get("lang") if common is _COMMON else given.pop("lang")
        talking.begin(quiet=quiet, verbose=verbose, lang=lang)
        talking.name_inputs(given)
        function(**given)

    own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in shape.parameters.values()]
    command.__signature__ = shape.replace(parameters=[*own, *common])  # type: ignore[attr-defined]
    command.__annotations__ = {**function.__annotations__, **{each.name: each.annotation for each in common}}
    return command
