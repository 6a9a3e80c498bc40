"""The command line: read, call, show, exit; one module a command.

Start with `size`; `options` has what commands share.
"""

import gc
import sys
from typing import Annotated, NoReturn

import typer

from cloudplan.base.errors import CloudplanError
from cloudplan.cli.options import commands as app
from cloudplan.evaluation.document import program

# each command adds itself, in the order of the help
from cloudplan.cli import size, quote, orders, report, verify, explain  # isort: skip # noqa: F401
from cloudplan.cli import compare, relax, diff, requote, import_, catalog, prices  # isort: skip # noqa: F401


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    """Proven-optimal sizing and quoting for Cloud Temple's dedicated VMware IaaS."""
    if version:
        typer.echo(program())
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line; failures go to stderr, one line a fault, and set the exit status."""
    gc.disable()  # millions of small objects, hardly a cycle: looking for them takes a seventh of a large run
    try:
        app()
    except CloudplanError as error:
        count = len(error.faults)
        heading = error.title if count == 1 else f"{error.title} ({count} faults)"
        typer.echo(f"cloudplan: {heading}", err=True)
        for fault in error.faults:
            typer.echo(f"  {fault}", err=True)
        sys.exit(error.exit_status)
    finally:
        gc.enable()
    sys.exit(0)
