"""`cloudplan report`: what `cloudplan quote --audience internal -o plan.html` does, under the name that it had."""

from cloudplan.base import files
from cloudplan.cli.options import Force, Lang, Output, PlanFile, emit
from cloudplan.cli.verbs import commands
from cloudplan.plan.origin import read_plan
from cloudplan.presentation.html_page import render_page


@commands.command(hidden=True)
def report(
    plan: PlanFile,
    output: Output = None,
    lang: Lang = None,
    force: Force = False,
) -> None:
    """Show a plan as one HTML page, for reading and for print."""
    files.refuse_existing([output], force=force, inputs=[plan])
    emit(render_page(read_plan(plan), lang=lang), output)
