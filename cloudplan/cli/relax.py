"""`cloudplan relax`: what `cloudplan explain WORKLOAD` does, under the name that it had."""

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
from cloudplan.presentation.tables import relax as tables
from cloudplan.questions.explain import why_no_plan


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
    found = why_no_plan(origin, gap=gap, time_limit=time_limit, search=optimised)
    name = origin.workload.name
    to.show(tables.report(name, found, origin.prices.currency), tables.values(name, found))
