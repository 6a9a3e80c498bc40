"""`cloudplan roadmap`: when to buy what."""

from typing import Annotated

import typer

from cloudplan.base import files
from cloudplan.cli.inputs import read_over_time
from cloudplan.cli.options import Force, Output, Shown, WorkloadCatalog, WorkloadFile, commands, target
from cloudplan.cli.values import A_MONTH, month
from cloudplan.presentation.tables import roadmap as tables
from cloudplan.workload.phases import phase_at, phases

YAML = "yaml"


@commands.command(question="When do I buy what?", example="cloudplan roadmap workload.yaml --at 2027-04 -o april.yaml")
def roadmap(
    workload: WorkloadFile,
    catalog: WorkloadCatalog = None,
    listed: Annotated[bool, typer.Option("--list", help="List the phases with their demand.")] = False,
    at: Annotated[
        str | None,
        typer.Option(
            parser=month,
            metavar=A_MONTH,
            help="Write the workload of the phase that contains a month, as YAML or JSON.",
        ),
    ] = None,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
) -> None:
    """List the phases of a workload that has a horizon, or write the workload of one; `size` sizes it."""
    if listed == (at is not None):
        raise typer.BadParameter("one of --list and --at is needed", param_hint="--list")
    also = {".yaml": YAML, ".yml": YAML} if at else {}
    to = target(output, format, force=force, inputs=[workload], also=also)
    wanted, edition = read_over_time(workload, catalog)
    if at is None:
        times = phases(wanted, edition)
        return to.show(tables.report(wanted, times), tables.values(wanted, times))
    tree, text = tables.file_of(phase_at(wanted, edition, at), edition)
    return to.emit(files.json_text(tree) if to.format == "json" else text)
