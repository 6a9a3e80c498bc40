"""Who pays for what, as a report."""

from decimal import Decimal

from cloudplan.analysis.allocation import GROUP, POOL, TAG, Part, allocation
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
    rows.append(("the whole plan", *(() if by == GROUP else (None,)), every, plan.monthly, whole))
    groups_column = () if by == GROUP else (Column("VM groups"),)
    columns = (
        *(Column(what), *groups_column, Column("VMs", "whole"), Column("Monthly", "money", currency)),
        Column("Share", "share"),
    )
    summary = (
        f"{plan.workload.name}: {priced(plan)}.",
        "Shares by what the VMs use, not what would be saved without them.",
    )
    title = f"Who pays for what, by {by}"
    return Report(f"{plan.workload.name}: who pays for what", summary, (Table(title, columns, tuple(rows)),))


def _value(part: Part, by: str) -> str:
    if part.value is not None:
        return part.value
    return f"without {by.removeprefix(TAG)}" if part.groups else "what belongs to no VM"


def _named(part: Part) -> str | None:
    more = f" and {len(part.groups) - MOST_NAMED} more" if len(part.groups) > MOST_NAMED else ""
    return ", ".join(part.groups[:MOST_NAMED]) + more or None
