"""What the price of a plan rests on, as a table and in sentences.

A customer (`internal=False`) is told no amounts and nothing of the proof.
"""

from collections.abc import Iterable
from decimal import Decimal

from cloudplan.base.language import Message, counted, message
from cloudplan.evaluation.assumptions import CLOSE, largest, words_of
from cloudplan.plan.plan import Assumption, Plan, gap_of
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables.table import Cell, Column, Table

ORIGINS = {
    "given": message("as given"),
    "default": message("default"),
    "export": message("from the export"),
    "contradicted": message("sources contradict each other"),
}
TITLE = "What the price rests on"


def table(plan: Plan, *, internal: bool = True) -> Table:
    """Return every assumption with its source, and what the plan would cost otherwise where that was computed."""
    currency = plan.prices.currency
    rows = tuple(_row(plan, each, internal=internal) for each in plan.assumptions)
    columns = (
        *(Column("What"), Column("Value"), Column("Origin"), Column("Otherwise")),
        *(Column("Monthly", "money", currency), Column("Change", "change", currency), Column("Change of the total")),
        Column("Source"),
    )
    if not _is_computed(plan):
        whole = Table(TITLE, columns, rows, note(plan) if internal else "")
        return whole.without("Monthly", "Change", "Change of the total")
    if not internal:
        return Table(TITLE, columns, rows, note(plan)).without("Monthly", "Change")
    own = message("Amounts are those of the plan's own bill, before the commercial discount.")
    return Table(TITLE, columns, rows, joined(note(plan), own, between=" "))


def told(assumed: Iterable[Assumption]) -> Table:
    """Return assumptions with their sources, of which there is no plan yet."""
    columns = (Column("What"), Column("Value"), Column("Origin"), Column("Source"))
    worded = ((words_of(each), each.origin) for each in assumed)
    rows = tuple((words.what, words.value, ORIGINS[origin], words.source) for words, origin in worded)
    return Table(TITLE, columns, rows)


def _row(plan: Plan, each: Assumption, *, internal: bool) -> tuple[Cell, ...]:
    words, monthly = words_of(each), each.monthly_otherwise
    change = None if monthly is None else monthly - plan.cost
    figures = (monthly, change, moves(plan, each, internal=internal))
    return (words.what, words.value, ORIGINS[each.origin], words.otherwise, *figures, words.source)


def note(plan: Plan) -> Message:
    """Return how to read the list."""
    if _is_computed(plan):
        return message("Each alone, sized again; the largest first.")
    return message("size --assumptions says what each of them moves.")


def _is_computed(plan: Plan) -> bool:
    return any(each.monthly_otherwise is not None or each.no_plan is not None for each in plan.assumptions)


def moves(plan: Plan, each: Assumption, *, internal: bool = True) -> Message | None:
    """Return by how much the bill is another one otherwise; None where that was not computed."""
    if each.no_plan is not None:
        return message("no plan")
    if each.monthly_otherwise is None:
        return None
    if each.monthly_otherwise == plan.cost:
        return message("no difference")
    shown = message("{sign}{share:n1} %", **_share(plan.cost, each.monthly_otherwise))
    gap = gap_of(each.monthly_otherwise, each.lower_bound_otherwise or Decimal(0))
    if gap <= CLOSE:
        return shown
    if not internal:
        return message("about {change}", change=shown)
    return message("{change} (proven within {gap:n2} %)", change=shown, gap=Decimal(str(gap)) * 100)


def _share(monthly: Decimal, other: Decimal) -> dict[str, Cell]:
    """Return a change as a sign and a percentage."""
    share = (other - monthly) / monthly * 100 if monthly else Decimal(0)
    return {"sign": "-" if share <= Decimal("-0.05") else "+", "share": abs(share)}


def sentence(
    plan: Plan, each: Assumption, *, internal: bool = True, quoted: tuple[Decimal, str] | None = None
) -> Message:
    """Return an assumption in a sentence.

    With what the plan is `quoted` at a month, and the currency, it says too what the assumption moves of that.
    """
    words, change = words_of(each), moves(plan, each, internal=internal)
    if change and quoted is not None:
        change = _in_money(plan, each, change, quoted)
    values = {"what": words.what, "value": words.value, "origin": ORIGINS[each.origin], "otherwise": words.otherwise}
    if change is None:
        return message("{what} ({origin}): {value}; otherwise {otherwise}.", **values)
    return message("{what} ({origin}): {value}; otherwise {otherwise}: {change}.", **values, change=change)


def _in_money(plan: Plan, each: Assumption, change: Message, quoted: tuple[Decimal, str]) -> Message:
    """Return a change with its amount at the prices of a quote, in whole units of the currency."""
    if each.monthly_otherwise is None or each.monthly_otherwise == plan.monthly or not plan.monthly:
        return change
    monthly, currency = quoted
    moved = (monthly * (each.monthly_otherwise - plan.monthly) / plan.monthly).quantize(Decimal(1))
    values = {"sign": "-" if moved < 0 else "+", "amount": abs(moved), "currency": currency}
    return message("{change}, about {sign}{amount:n0} {currency} a month", change=change, **values)


def head(plan: Plan) -> Message:
    """Return what stands above the largest assumptions."""
    total = len(plan.assumptions)
    if _is_computed(plan):
        return counted("It rests on {count:n} assumption:", "It rests on {count:n} assumptions, most of all on:", total)
    return counted("It rests on {count:n} assumption:", "It rests on {count:n} assumptions, first of all on:", total)


def in_short(plan: Plan, *, internal: bool = True, quoted: tuple[Decimal, str] | None = None) -> tuple[Message, ...]:
    """Return the largest assumptions in sentences, as `sentence`; contradicted sources are among them."""
    told = largest(plan.assumptions)
    return tuple(sentence(plan, each, internal=internal, quoted=quoted) for each in told)


def detail(plan: Plan, each: Assumption) -> Message:
    """Return what an assumption might be otherwise, what the plan costs then, and its source."""
    words, change = words_of(each), moves(plan, each)
    parts = [message("Otherwise {otherwise}", otherwise=words.otherwise)]
    if change is not None:
        parts.append(message(": {change}", change=change))
    if each.monthly_otherwise is not None:
        currency = plan.prices.currency
        parts.append(message(", {monthly:n0} {currency} a month", monthly=each.monthly_otherwise, currency=currency))
    return joined(*parts, message(". {source}.", source=words.source))
