"""`cloudplan explain`: where each figure of a plan comes from."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.base import files, yamlfile
from cloudplan.base.errors import BadInputError
from cloudplan.cli.options import Force, Format, Output, emit, text_of
from cloudplan.evaluation.verify import verify
from cloudplan.plan.origin import read_plan
from cloudplan.presentation.tables import explain as tables
from cloudplan.sales.quote import quote


def explain(
    plan: Annotated[Path, typer.Argument(help="The plan, as `size --format json` wrote it.")],
    subject: Annotated[
        str | None, typer.Argument(help="A line (number or SKU), a rule, a VM, a cluster or a datastore; default: all.")
    ] = None,
    workload: Annotated[Path | None, typer.Option(help="The workload file, to tell lines of it.")] = None,
    format: Annotated[Format, typer.Option(help="How the explanation is printed.")] = Format.table,
    output: Output = None,
    force: Force = False,
) -> None:
    """Explain a figure: its formula with numbers, the rule, the source, and the VMs that it comes from."""
    files.refuse_existing([output], force=force, inputs=[plan, workload])
    made = quote(read_plan(plan))
    case = made.case
    verdict = verify(made.plan, case.workload, case.edition, case.prices.book)
    report = tables.report(made, verdict, subject, _places(workload) if workload else {})
    emit(files.json_text(tables.values(report)) if format is Format.json else text_of(report, format), output)


def _places(workload: Path) -> dict[str, str]:
    """Return where each group stands in a workload file: file and line."""
    document = yamlfile.read(workload)
    places: dict[str, str] = {}
    with contextlib.suppress(KeyError, TypeError, AttributeError):
        for index, entry in enumerate(document.tree["vms"]):
            places[entry["name"]] = document.at(("vms", index)).rpartition(":")[0]
    if not places:
        raise BadInputError([document.fault(("vms",), "no VM groups; allowed: the workload of the plan")])
    return places
