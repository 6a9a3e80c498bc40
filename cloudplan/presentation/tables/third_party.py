"""The tables of licences of others: what is owed beside the provider's bill, and what both come to."""

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from cloudplan.base.language import Message, known, message
from cloudplan.evaluation.reasons import reason_message
from cloudplan.plan.plan import Plan, ThirdPartyLine
from cloudplan.presentation.tables.table import Cell, Column, Table

if TYPE_CHECKING:
    from cloudplan.sales.quote import Quote

TITLE = "Licences of third parties"
NOTE = "Software of others, paid to them: no line of the provider's bill. Prices are for one unit and one month."
UNITS = {
    "core": message("core"),
    "host": message("host"),
    "vcpu": message("vCPU"),
    "vm": message("VM"),
}


def licences(plan: Plan) -> Table:
    """Return the lines of the licences of others; none where nothing is owed."""
    currency = plan.prices.currency
    lines = plan.owed.lines if plan.owed else ()
    columns = (
        *(Column("Licence"), Column("Site"), Column("Cluster"), Column("Hosts", "whole")),
        *(Column("Quantity", "whole"), Column("Unit")),
        *(Column("Unit price", "price", currency), Column("Monthly", "money", currency)),
        *(Column("Rule"), Column("Why"), Column("Source")),
    )
    return Table(TITLE, columns, tuple(_row(line) for line in lines), NOTE)


def _row(line: ThirdPartyLine) -> tuple[Cell, ...]:
    return (
        *(known(line.label), line.site, line.cluster, line.hosts),
        *(line.quantity, UNITS.get(line.unit, known(line.unit)), line.unit_price, line.monthly),
        *(line.rule, because(line), line.source),
    )


def because(line: ThirdPartyLine) -> Message:
    """Return why a licence is owed."""
    return reason_message(line.rule, line.because, line.values)


def beside_quote(quote: "Quote") -> tuple[Table, ...]:
    """Return the licences that a reader of a quote pays to others, and what both come to; nothing where none is owed.

    The quote is the provider's alone: its discount, tax and further lines do not touch licences.
    """
    if quote.plan.owed is None:
        return ()
    both = replace(totals(quote.plan, quote.monthly), note=message("Without tax."))
    return licences(quote.plan).without("Rule").without_empty(), both


def totals(plan: Plan, bill: Decimal | None = None) -> Table:
    """Return what the provider and others are paid, and the sum; `bill` takes the place of the plan's own."""
    rows: tuple[tuple[Cell, ...], ...] = ()
    bill = plan.monthly if bill is None else bill
    if plan.owed:
        rows = (
            (message("The provider's bill"), bill),
            (message("Licences of third parties"), plan.owed.monthly),
            (message("Both together"), bill + plan.owed.monthly),
        )
    return Table("Grand total", (Column("Figure"), Column("Monthly", "money", plan.prices.currency)), rows)


def in_short(plan: Plan) -> Message | None:
    """Return who is paid how much, in a sentence; None without licences of others."""
    if plan.owed is None:
        return None
    return message(
        "Of which {bill:m} {currency} is the provider's bill, and {owed:m} {currency} licences of third parties.",
        bill=plan.monthly,
        owed=plan.owed.monthly,
        currency=plan.prices.currency,
    )
