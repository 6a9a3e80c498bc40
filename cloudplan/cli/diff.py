"""`cloudplan diff`: what differs between two plans, or between one and the same with newer inputs, and why."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cloudplan.analysis.actual import Comparison
from cloudplan.analysis.requote import difference
from cloudplan.base import files, kinds
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.cli.inputs import read_plan_at
from cloudplan.cli.options import (
    EachTimeLimit,
    Force,
    Gap,
    Output,
    QuoteDate,
    Shown,
    Target,
    Term,
    emit,
    refuse_options,
    suffix_of,
    target,
    tell_beside,
)
from cloudplan.cli.requote import NewCatalog, NewPrices, NewWorkload, made_again
from cloudplan.cli.searching import optimised, planned_over_time
from cloudplan.cli.values import A_MONTH, month
from cloudplan.cli.verbs import commands
from cloudplan.plan.origin import read_either, read_plan, read_roadmap
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.tables import actual as actual_tables
from cloudplan.presentation.tables import actual_estate as estate_tables
from cloudplan.presentation.tables import roadmap_diff
from cloudplan.presentation.tables.requote import diff_report, diff_values, values
from cloudplan.questions.diff import diff_actual


@commands.command(example="cloudplan diff plan.json --prices prices-2027.yaml")
def diff(
    before: Annotated[Path, typer.Argument(help="A plan or a roadmap, as it was written; - is stdin.")],
    after: Annotated[Path | None, typer.Argument(help="Another one; or say what is new for it.")] = None,
    actual: Annotated[
        Path | None,
        typer.Option(
            help="What stands or is invoiced, against the plan: an inventory as import reads it, or a list of SKU and "
            "quantity, with site and amount if known."
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            parser=month,
            metavar=A_MONTH,
            help="With --actual, of a roadmap: the phase that contains this month; default: the first.",
        ),
    ] = None,
    workload: NewWorkload = None,
    catalog: NewCatalog = None,
    prices: NewPrices = None,
    term: Term = None,
    date: QuoteDate = None,
    format: Shown = None,
    output: Output = None,
    force: Force = False,
    gap: Gap = 0.0,
    time_limit: EachTimeLimit = None,
) -> None:
    """Say what differs between two plans, split by cause: workload, policy, catalogue, prices, then the optimiser.

    Of two roadmaps also growth and horizon, month by month and order by order. With one plan or roadmap and --workload,
    --catalog, --prices or --term: make it again with what is new. The difference is printed then, and --output keeps
    the new one, as JSON. With --actual: what stands or is invoiced, line by line, or host by host.
    """
    if actual:
        others = {"AFTER": after, "--workload": workload, "--catalog": catalog, "--prices": prices, "--term": term}
        refuse_options("no --actual", others)
        to = target(output, format, force=force, inputs=[before, actual])
        if kinds.kind_of(before) != kinds.ROADMAP:
            refuse_options("a roadmap", {"--at": at})
        plan = read_plan_at(before, at)
        found = diff_actual(plan, actual, name=str(before))
        if isinstance(found, Comparison):
            return to.show(actual_tables.report(plan, found), actual_tables.values(found))
        return to.show(estate_tables.report(plan, found), estate_tables.values(found))
    refuse_options("--actual", {"--at": at})
    new = {"--workload": workload, "--catalog": catalog, "--prices": prices, "--term": term}
    names = (str(before), str(after))
    one = partial(optimised, gap=gap, time_limit=time_limit)
    all_phases = partial(planned_over_time, gap=gap, time_limit=time_limit)
    if after:
        refuse_options("one plan", {**new, "--date": date})
        to = target(output, format, force=force, inputs=[before, after])
        if kinds.kind_of(before) == kinds.ROADMAP:
            over_time = difference(read_roadmap(before), read_roadmap(after), solve=all_phases, names=names)
            return to.show(roadmap_diff.report(over_time), roadmap_diff.values(over_time))
        change = difference(read_plan(before), read_plan(after), solve=one, names=names)
        return to.show(diff_report(change), diff_values(change))
    if not any(new.values()):
        raise BadInputError([Fault(f"another plan is needed, or what is new: {', '.join(new)}", where="AFTER")])
    suffix_of(output, (".json",))
    files.refuse_existing([output], force=force, inputs=[before, workload, prices])
    made = read_either(before)
    told = Target(None, format or "table")
    if isinstance(made, Roadmap):
        again = made_again(made, before, workload, catalog, prices, term, partial(all_phases, date=date))
        shown = partial(told.text, roadmap_diff.report(again), roadmap_diff.requote_values(again))
        document = again.after.to_json()
    else:
        change = made_again(made, before, workload, catalog, prices, term, partial(one, date=date))
        shown = partial(told.text, diff_report(change), values(change))
        document = change.after.to_json()
    if output:
        emit(document, output)
    return tell_beside(shown, output or Path())
