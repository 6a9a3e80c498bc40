"""The command line: read, call, show, exit."""

import gc
import sys
from typing import Annotated, NoReturn

import typer

from cloudplan.base.errors import CloudplanError
from cloudplan.cli import catalog, prices
from cloudplan.cli.compare import compare
from cloudplan.cli.diff import diff
from cloudplan.cli.explain import explain
from cloudplan.cli.import_ import import_
from cloudplan.cli.orders import orders
from cloudplan.cli.quote import quote
from cloudplan.cli.relax import relax
from cloudplan.cli.report import report
from cloudplan.cli.requote import requote
from cloudplan.cli.size import size
from cloudplan.cli.verify import verify
from cloudplan.optimiser.optimise import program

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Proven-optimal sizing and quoting for Cloud Temple's dedicated VMware IaaS.",
)
app.command()(size)
app.command()(quote)
app.command()(orders)
app.command()(report)
app.command()(verify)
app.command()(explain)
app.command()(compare)
app.command()(relax)
app.command()(diff)
app.command()(requote)
app.command("import")(import_)
app.add_typer(catalog.app, name="catalog")
app.add_typer(prices.app, name="prices")


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
