"""Who pays for what, as a report."""

from decimal import Decimal

from cloudplan.analysis.allocation import GROUP, POOL, TAG, Part, allocation
from cloudplan.base.language import message
from cloudplan.presentation.tables.plan import priced
from cloudplan.presentation.tables.table import Cell, Column, Report, Table
from cloudplan.sales.quote import Quote

SHARE = Decimal("0.0001")
MOST_NAMED = 3
"""Groups of a value that are named; of more, how many they are."""


def report(quote: Quote, by: str) -> Report:
    """Return what each value costs a month; raise BadInputError for what no plan is allocated by."""
    plan, currency = quote.plan, quote.plan.prices.currency
    what = {GROUP: "VM group", POOL: "Pool"}.get(by, f"Tag {by.removeprefix(TAG)}")
    rows: list[tuple[Cell, ...]] = []
    for part in allocation(quote.case, plan, by):
        share = (part.monthly / plan.monthly).quantize(SHARE) if plan.monthly else None
        groups = () if by == GROUP else (_named(part),)
        rows.append((_value(part, by), *groups, part.vms or None, part.monthly, share))
    every = sum(group.count for group in quote.case.workload.vms)
    whole = Decimal(1) if plan.monthly else None
    rows.append((message("the whole plan"), *(() if by == GROUP else (None,)), every, plan.monthly, whole))
    groups_column = () if by == GROUP else (Column("VM groups"),)
    columns = (
        *(Column(what), *groups_column, Column("VMs", "whole"), Column("Monthly", "money", currency)),
        Column("Share", "share"),
    )
    summary = (
        message("{name}: {priced}.", name=plan.workload.name, priced=priced(plan)),
        message("Shares by what the VMs use, not what would be saved without them."),
    )
    title = message("Who pays for what, by {by:w}", by=by)
    return Report(
        message("{name}: who pays for what", name=plan.workload.name), summary, (Table(title, columns, tuple(rows)),)
    )


def _value(part: Part, by: str) -> Cell:
    if part.value is not None:
        return part.value
    if part.groups:
        return message("without {tag}", tag=by.removeprefix(TAG))
    return message("what belongs to no VM")


def _named(part: Part) -> Cell:
    names = ", ".join(part.groups[:MOST_NAMED])
    if len(part.groups) > MOST_NAMED:
        return message("{names} and {more} more", names=names, more=len(part.groups) - MOST_NAMED)
    return names or None
