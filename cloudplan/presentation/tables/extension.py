"""What of a quote stands already and what is new: each line in two parts, and what these come to."""

from dataclasses import replace
from decimal import Decimal

from cloudplan.base.language import known, message
from cloudplan.plan.plan import Change
from cloudplan.presentation.tables.table import Cell, Column, Table
from cloudplan.sales.extension import Split, given_back, splits
from cloudplan.sales.quote import Quote

TITLE = "Existing and new"
PARTS = ("Of it existing", "Of it new")
PRICES = ("List price", "Discount", "Unit price")


def table(quote: Quote) -> Table:
    """Return the lines with what stood, what is new and what there is in all; no rows where nothing stood."""
    currency, parts, gone = quote.plan.prices.currency, splits(quote), given_back(quote)
    columns = (
        *(Column("Site"), Column("Item"), Column("Unit"), Column("Existing", "whole"), Column("New", "whole")),
        *(Column("Given back", "whole"), Column("In all", "whole"), Column("List price", "price", currency)),
        *(Column("Discount", "discount"), Column("Unit price", "price", currency)),
        *(Column("Of it existing", "money", currency), Column("Of it new", "money", currency)),
        Column("Monthly", "money", currency),
    )
    untold = any(part.before is None for part in parts)
    note = message("Empty: nobody told how much stands.") if untold else ""
    whole = Table(TITLE, columns, (*map(_row, parts), *map(_gone, gone)), note)
    less = gone or any(part.given_back for part in parts)
    return whole.without(*(() if less else ("Given back",)), *(() if quote.internal else PRICES[:2]))


def in_short(quote: Quote) -> tuple[Table, ...]:
    """Return the lines without prices, and below them what they come to; nothing where nothing stood."""
    parts = table(quote)
    if not parts.rows:
        return ()
    shown = parts.without(*(PRICES if quote.internal else PRICES[2:]))
    rows = tuple((message("{site}: {what}", site=site, what=item), *others) for site, item, *others in shown.rows)
    return replace(shown, columns=shown.columns[1:], rows=rows), totals(quote)


def _row(part: Split) -> tuple[Cell, ...]:
    line = part.line.line
    return (
        *(line.site.upper(), known(line.label), known(line.unit), part.before, part.new, part.given_back),
        *(line.quantity, line.list_price, line.discount, part.line.unit_net, part.net_kept, part.net_new),
        part.line.net,
    )


def _gone(each: Change) -> tuple[Cell, ...]:
    nothing = Decimal("0.00")
    quantities, amounts = (each.before, 0, each.before, 0), (nothing, nothing, nothing)
    return (each.site.upper(), known(each.label), known(each.unit), *quantities, None, None, None, *amounts)


def totals(quote: Quote) -> Table:
    """Return what the existing, the new and what is neither come to a month; no rows where nothing stood."""
    columns = (Column("Figure"), Column("Monthly", "money", quote.plan.prices.currency))
    parts, nothing = splits(quote), Decimal("0.00")
    if not parts:
        return Table(TITLE, columns, ())
    kept = sum((part.net_kept or nothing for part in parts), nothing)
    new = sum((part.net_new or nothing for part in parts), nothing)
    untold = sum((part.line.net for part in parts if part.before is None), nothing)
    rows: list[tuple[Cell, ...]] = [(message("Existing, kept"), kept), (message("New"), new)]
    if untold:
        rows.append((message("Of which nobody told whether it stands"), untold))
    rows.append((message("Total a month"), quote.monthly))
    return Table(TITLE, columns, tuple(rows))
