"""The verbs of the command line: their groups in the help, and what every one of them has beside its own options."""

import functools
import importlib
import inspect
import itertools
import keyword
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group_from_info
from typer.models import TyperInfo

from cloudplan.base.language import Code
from cloudplan.cli import talking

GROUPS: Mapping[str, Mapping[str, str]] = {
    "Prepare": {
        "init": "Where do I start?",
        "import": "What is there?",
    },
    "Decide": {
        "size": "What do I need, what does it cost, is it proven?",
        "roadmap": "When do I buy what?",
        "compare": "What if?",
        "explain": "Why?",
    },
    "Trust and hand on": {
        "verify": "Is it right?",
        "diff": "What changed, and why?",
        "quote": "What do I send?",
        "orders": "What do I click?",
    },
    "Run and data": {
        "batch": "And for all my customers?",
        "serve": "And in a browser?",
        "catalog": "What does the provider sell?",
        "prices": "At which prices?",
    },
}
"""The verbs as the help lists them, each with the question that it answers."""

HIDDEN = ("relax", "report", "requote")
"""The verbs of before, which still do what they did."""

ROOMS = {"serve": "web"}
"""The rooms of verbs that stand above this one."""

NAMES = (*itertools.chain(*GROUPS.values()), *HIDDEN)

Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, and no word of what was written.")]
Lang = Annotated[Code | None, typer.Option(help="Language of what is told; default: English.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Versions, and the files read with their SHA-256; progress also to a file.")
]
Messages = Annotated[
    talking.Manner, typer.Option(help="What is told on stderr beside the result: as text, or as lines of JSON.")
]
_COMMON = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
    for name, kind, default in (("quiet", Quiet, False), ("verbose", Verbose, False), ("messages", Messages, "text"))
]

_LANG = inspect.Parameter("lang", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Lang)
"""Of commands that have no such option of their own, as those have whose result is for a customer."""


class Known(Mapping[str, Any]):
    """The verbs of the command line; the module of one is imported when it is asked for, and adds it to `commands`."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made and name in NAMES:
            room = ROOMS.get(name, "cli")
            importlib.import_module(f"cloudplan.{room}.{name}{'_' if keyword.iskeyword(name) else ''}")
            added = TyperInfo(commands, cls=TyperGroup)
            made = get_group_from_info(
                added, pretty_exceptions_short=False, suggest_commands=True, rich_markup_mode=None
            )
            self._made.update(made.commands)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


class Group(TyperGroup):
    """The root of the command line, whose help lists the verbs in their groups."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands: Mapping[str, Any] = Known()  # type: ignore[assignment]  # nothing is added to them

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the verbs that are there, group by group, each with its question."""
        longest = max(map(len, self.commands))
        for group, questions in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name.ljust(longest), question) for name, question in questions.items()])


class Verbs(typer.Typer):
    """Commands, each with `--quiet` and `--verbose`, and an example."""

    def command(  # type: ignore[override]
        self, name: str | None = None, *, example: str = "", hidden: bool = False
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Register a function as a command; `example` is a whole command line."""
        epilog = f"\b\nExample: {example}" if example else None
        register = super().command(name, epilog=epilog, hidden=hidden)

        def decorate(function: Callable[..., None]) -> Callable[..., None]:
            register(_spoken(function))
            return function

        return decorate


def _spoken(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the options that every command has."""
    shape = inspect.signature(function)

    common = _COMMON if "lang" in shape.parameters else [_LANG, *_COMMON]

    @functools.wraps(function)
    def command(*, quiet: bool, verbose: bool, messages: talking.Manner, **given: Any) -> None:
        lang = given.get("lang") if common is _COMMON else given.pop("lang")
        talking.begin(quiet=quiet, verbose=verbose, lang=lang, messages=messages)
        talking.name_inputs(given)
        function(**given)

    own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in shape.parameters.values()]
    command.__signature__ = shape.replace(parameters=[*own, *common])  # type: ignore[attr-defined]
    command.__annotations__ = {**function.__annotations__, **{each.name: each.annotation for each in common}}
    return command


commands = Verbs(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Sizes and quotes Cloud Temple's dedicated VMware IaaS, with a proof.",
)
"""The command line; each command adds itself."""
