"""`cloudplan orders`: the console orders and service requests that build a plan."""

from cloudplan.base.language import language
from cloudplan.cli.options import Force, Lang, Output, PlanFile, Shown, commands, target
from cloudplan.plan.origin import read_plan
from cloudplan.plan.plan import language_of
from cloudplan.presentation.tables import orders as tables
from cloudplan.sales.orders import orders as all_orders
from cloudplan.sales.quote import quote


@commands.command(question="What do I click?", example="cloudplan orders plan.json -o orders.md")
def orders(
    plan: PlanFile,
    format: Shown = None,
    output: Output = None,
    lang: Lang = None,
    force: Force = False,
) -> None:
    """List the console orders that build a plan, in sequence, and the service requests."""
    to = target(output, format, force=force, inputs=[plan], default="markdown")
    made = quote(read_plan(plan))
    read = made.plan
    found = all_orders(made.case, read.choice, read.backup)
    spoken = language(lang or language_of(read))
    to.show(tables.report(found, read, spoken), tables.values(found, read.workload.name), spoken=spoken)
