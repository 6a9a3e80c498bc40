"""`cloudplan explain`: where each figure of a plan comes from."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base import files, kinds
from cloudplan.base.errors import BadInputError
from cloudplan.cli.options import Force, Format, Output, PlanFile, commands, emit, text_of
from cloudplan.plan.origin import read_plan
from cloudplan.presentation.tables import explain as tables
from cloudplan.sales.quote import quote_of, verified


@commands.command()
def explain(
    plan: PlanFile,
    subject: Annotated[
        str | None, typer.Argument(help="A line (number or SKU), a rule, a VM, a cluster or a datastore; default: all.")
    ] = None,
    workload: Annotated[Path | None, typer.Option(help="The workload file, to tell lines of it.")] = None,
    format: Annotated[Format, typer.Option(help="How the explanation is printed.")] = "table",
    output: Output = None,
    force: Force = False,
) -> None:
    """Explain a figure: its formula with numbers, the rule, the source, and the VMs that it comes from."""
    files.refuse_existing([output], force=force, inputs=[plan, workload])
    read = read_plan(plan)
    origin, verdict, document = verified(read)
    report = tables.report(quote_of(document, origin), verdict, subject, _places(workload) if workload else {})
    emit(files.json_text(tables.values(report)) if format == "json" else text_of(report, format), output)


def _places(workload: Path) -> dict[str, str]:
    """Return where each group stands in a workload file: file and line."""
    document = kinds.document(workload, kinds.WORKLOAD)
    places: dict[str, str] = {}
    with contextlib.suppress(KeyError, TypeError, AttributeError):
        for index, entry in enumerate(document.tree["vms"]):
            places[entry["name"]] = document.at(("vms", index)).rpartition(":")[0]
    if not places:
        raise BadInputError([document.fault(("vms",), "no VM groups; allowed: the workload of the plan")])
    return places
