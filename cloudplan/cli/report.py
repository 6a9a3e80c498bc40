"""`cloudplan report`: a plan as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base import files
from cloudplan.cli.options import Force, Lang, emit
from cloudplan.plan.origin import read_plan
from cloudplan.presentation.html_page import render_page


def report(
    plan: Annotated[Path, typer.Argument(help="The plan, as `size --format json` wrote it.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.")] = None,
    lang: Lang = None,
    force: Force = False,
) -> None:
    """Show a plan as one HTML page, for reading and for print."""
    files.refuse_existing([output], force=force, inputs=[plan])
    emit(render_page(read_plan(plan), lang=lang.value if lang else None), output)
