"""`cloudplan relax`: what `cloudplan explain WORKLOAD` does, under the name that it had."""

from functools import partial

from cloudplan.analysis.relax import why_no_plan
from cloudplan.base.errors import NoPlanError
from cloudplan.cli.inputs import read_inputs
from cloudplan.cli.options import (
    EachTimeLimit,
    Force,
    Gap,
    Output,
    PricesFile,
    Shown,
    Term,
    WorkloadCatalog,
    WorkloadFile,
    target,
)
from cloudplan.cli.searching import optimised
from cloudplan.cli.verbs import commands
from cloudplan.optimiser.memory import Memory
from cloudplan.plan.origin import Origin
from cloudplan.presentation.tables import relax as tables


@commands.command(hidden=True)
def relax(
    workload: WorkloadFile,
    prices: PricesFile = None,
    catalog: WorkloadCatalog = None,
    term: Term = None,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Say why a workload has no plan: the VMs in conflict, and the cheapest requirement to give up."""
    to = target(output, format, force=force, inputs=[workload, prices])
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
    to.show(tables.report(name, found, origin.prices.currency), tables.values(name, found))
