"""`cloudplan relax`: why a workload has no plan, and what would have to give."""

from functools import partial
from typing import Annotated

import typer

from cloudplan.analysis.relax import why_no_plan
from cloudplan.base import files
from cloudplan.base.errors import NoPlanError
from cloudplan.cli.inputs import read_inputs
from cloudplan.cli.options import (
    EachTimeLimit,
    Force,
    Format,
    Gap,
    Output,
    PricesFile,
    Term,
    WorkloadCatalog,
    WorkloadFile,
    commands,
    emit,
    optimised,
    text_of,
)
from cloudplan.optimiser.memory import Memory
from cloudplan.plan.origin import Origin
from cloudplan.presentation.tables import relax as tables


@commands.command()
def relax(
    workload: WorkloadFile,
    prices: PricesFile = None,
    catalog: WorkloadCatalog = None,
    term: Term = None,
    format: Annotated[Format, typer.Option(help="How the answer is printed.")] = "table",
    output: Output = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Say why a workload has no plan: the VMs in conflict, and the cheapest requirement to give up."""
    files.refuse_existing([output], force=force, inputs=[workload, prices])
    origin, _ = read_inputs(workload, prices, catalog, term)

    memory = Memory()

    def feasible(inputs: Origin) -> bool:
        try:
            optimised(inputs, gap=1.0, time_limit=time_limit, memory=memory)
        except NoPlanError:
            return False
        return True

    found = why_no_plan(origin, partial(optimised, gap=gap, time_limit=time_limit, memory=memory), feasible)
    name = origin.workload.name
    if format == "json":
        return emit(files.json_text(tables.values(name, found)), output)
    return emit(text_of(tables.report(name, found, origin.prices.currency), format), output)
