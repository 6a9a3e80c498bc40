"""The command line: read, call, show, exit; one module a command, imported when it is called.

Start with `size`; `options` has what commands share, `failing` how they fail.
"""

import gc
import sys
from functools import cache
from typing import Annotated, Any, NoReturn

import typer

from cloudplan.base.program import program
from cloudplan.cli import failing
from cloudplan.cli.verbs import commands as app


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    """Sizes and quotes Cloud Temple's dedicated VMware IaaS, with a proof."""
    if version:
        typer.echo(program())
        raise typer.Exit


@cache
def command_line() -> Any:
    """Return the command line as it is run: made once a process, since that takes longer than many a command."""
    return typer.main.get_command(app)


def main() -> NoReturn:
    """Run the command line; failures go to stderr, one line a fault or as JSON, and set the exit status."""
    gc.disable()  # millions of small objects, hardly a cycle: looking for them takes a seventh of a large run
    try:
        status = failing.status_of(command_line().main, sys.argv[1:])
    finally:
        gc.enable()
    sys.exit(status)
