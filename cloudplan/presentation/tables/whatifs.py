"""The what-ifs of a quote: what else there was to choose, what it costs, and what of the requirements each gives up."""

from collections.abc import Sequence
from decimal import Decimal

from cloudplan.base.language import Message, message
from cloudplan.plan.wording import joined
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.tables.compare import lost, named
from cloudplan.presentation.tables.table import Cell, Column, Table
from cloudplan.sales.quote import Quote
from cloudplan.sales.whatifs import WhatIf, WhatIfs

TITLE = "What if"
KEEPS = message("✓ keeps every requirement")
AS_QUOTED = message("As quoted")


def ordered(found: WhatIfs) -> list[WhatIf]:
    """Return the alternatives that cost something else: those that keep every requirement first, the cheapest first."""
    moved = [each for each in found.alternatives if each.change is not None and not _same(each)]
    return sorted(moved, key=lambda each: (bool(each.gives_up), each.difference or each.change))


def table(quote: Quote, found: WhatIfs) -> Table:
    """Return the alternatives that cost something else, below the plan itself; amounts where the reader gets them."""
    currency = quote.plan.prices.currency
    rows: list[tuple[Cell, ...]] = [(AS_QUOTED, quote.plan.cost, Decimal(0), None, KEEPS)]
    for each in ordered(found):
        gone = message("✗ gives up: {what}", what=lost(each.gives_up)) if each.gives_up else KEEPS
        rows.append((name(each), each.monthly, _difference(each), _signed(each), gone))
    columns = (
        *(Column("Alternative"), Column("A month", "money", currency), Column("Difference", "change", currency)),
        *(Column("Change of the total"), Column("Requirements")),
    )
    whole = Table(TITLE, columns, tuple(rows))
    if all(each.monthly is None for each in found.alternatives):
        return whole.without("A month", "Difference")
    return whole.without("Change of the total")


def name(each: WhatIf) -> Message:
    """Return what an alternative is called."""
    return named(each.theme, each.name)


def unmoved(found: WhatIfs) -> Message | None:
    """Return the alternatives that cost the same, in a sentence; None without any."""
    names = [name(each) for each in found.alternatives if _same(each)]
    return message("Cost the same: {names}.", names=joined(*names, between="; ")) if names else None


def without_plan(found: WhatIfs) -> Sequence[tuple[Message, Message]]:
    """Return the alternatives that have no plan, and why."""
    return [(name(each), phrase(each.why)) for each in found.alternatives if each.change is None]


def fits(found: WhatIfs) -> Message | None:
    """Return how much growth fits before the next blade; None where nobody asked."""
    if found.growth is None:
        return None
    if found.growth.fits_percent is None:
        return message("≥ 100 %")
    return message("+{percent} %", percent=found.growth.fits_percent)


def growth(found: WhatIfs) -> Message:
    """Return how much growth fits, and what the next blade costs, in a sentence; nothing where nobody asked."""
    if found.growth is None:
        return message("")
    percent, then, hosts = found.growth.fits_percent, found.growth.then, found.growth.hosts
    if percent is None:
        return message("100 % more of CPU and memory still fits {hosts} hosts.", hosts=hosts)
    if then is None:
        return message(
            "{percent} % more of CPU and memory fits {hosts} hosts; then nothing fits.", percent=percent, hosts=hosts
        )
    return message(
        "{percent} % more of CPU and memory fits {hosts} hosts; the next blade changes the cost by {change}.",
        percent=percent,
        hosts=hosts,
        change=_percent(then),
    )


def changes(found: WhatIfs) -> list[tuple[Message, Decimal, bool]]:
    """Return what the alternatives change of the total, for a chart: name, share, whether a requirement is given up."""
    return [(name(each), each.change, bool(each.gives_up)) for each in ordered(found) if each.change is not None]


def _same(each: WhatIf) -> bool:
    return each.difference == 0 if each.difference is not None else each.change == 0


def _difference(each: WhatIf) -> Cell:
    if each.difference is None or each.proven is not False:
        return each.difference
    template = "≤ {difference:+}" if each.difference > 0 else "{difference:+}"
    return message("{shown} (not proven)", shown=message(template, difference=each.difference))


def _signed(each: WhatIf) -> Cell:
    return None if each.change is None else _percent(each.change)


def _percent(change: Decimal) -> Message:
    return message("{sign}{share:n1} %", sign="+" if change > 0 else "-" if change < 0 else "", share=abs(change) * 100)
