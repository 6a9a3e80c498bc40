"""`cloudplan diff`: what differs between two plans, and through which cause."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.analysis.requote import difference
from cloudplan.base import files
from cloudplan.cli.options import EachTimeLimit, Force, Format, Gap, Output, commands, emit, optimised, text_of
from cloudplan.plan.origin import read_plan
from cloudplan.presentation.tables.requote import diff_report, diff_values


@commands.command()
def diff(
    before: Annotated[Path, typer.Argument(help="A plan, as `size --format json` wrote it.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
    format: Annotated[Format, typer.Option(help="How the difference is printed.")] = "table",
    output: Output = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Say what differs between two plans, split by cause: workload, policy, catalogue, prices, then the optimiser."""
    files.refuse_existing([output], force=force, inputs=[before, after])
    change = difference(
        read_plan(before),
        read_plan(after),
        solve=partial(optimised, gap=gap, time_limit=time_limit),
        names=(str(before), str(after)),
    )
    emit(files.json_text(diff_values(change)) if format == "json" else text_of(diff_report(change), format), output)
