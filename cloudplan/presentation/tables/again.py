"""The file of a quote, held against what is made of the document that it carries, as a report and as plain values."""

from collections.abc import Iterator, Sequence
from typing import Any

from cloudplan.base.language import Message, counted, message
from cloudplan.base.program import program
from cloudplan.presentation.held import Again, Difference
from cloudplan.presentation.tables import over_time
from cloudplan.presentation.tables import verify as verdicts
from cloudplan.presentation.tables.table import Column, Report, Table, Text
from cloudplan.sales.quote import Quote

QUOTE_VERDICT_SCHEMA = "cloudplan/quote-verdict/v1"
SHOWN = 100
"""Differences that are listed for people; the JSON document has them all."""
AUDIENCES = {"customer": message("for the customer"), "internal": message("internal")}
GIVEN = {
    "plan": message("It is a quote of the plan that was given."),
    "terms": message("It is the quote of the plan and the terms that were given."),
}
KINDS = {
    **{"value": message("number"), "formula": message("formula"), "text": message("text")},
    **{"format": message("number format"), "sheet": message("sheet"), "hidden": message("what is shown")},
    **{"drawing": message("pictures and comments"), "name": message("name"), "order": message("order of sheets")},
    "source": message("source"),
}
"""What differs, by kind."""


def report(name: str, again: Again) -> Report:
    """Return a verdict on the file of a quote for people."""
    verdict = again.remade.verdict
    summary = [*_outcome(again), *_against(again), *_quote(again.remade.quote, again), *_trust(again)]
    parts = [verdicts.violations(verdict.violations)] if not verdict.holds else []
    if again.changed:
        rows = tuple((each.where, _number(each.stands), _number(each.made)) for each in again.changed)
        columns = (Column("Where"), Column("Stands"), Column("When it was made"))
        parts.append(Table("Parameters that were changed", columns, rows, "The workbook lets its reader change them."))
    if again.differences:
        parts.append(_differences("Differences", again.differences, message("When it was made")))
    if again.strangers:
        title = "Not of the plan and the terms that were given"
        parts.append(_differences(title, again.strangers, message("In those")).without("What"))
    return Report(message("{name}: verdict", name=name), tuple(summary), tuple(parts))


def _outcome(again: Again) -> Iterator[Text]:
    """Yield whether the file is as it was made."""
    broken = len(again.remade.verdict.violations)
    if broken:
        yield counted(
            "The plan that it carries breaks {count:n} check: nothing was made of it.",
            "The plan that it carries breaks {count:n} checks: nothing was made of it.",
            broken,
        )
    elif again.differences:
        yield counted(
            "Not as it was made: {count:n} place differs.",
            "Not as it was made: {count:n} places differ.",
            len(again.differences),
        )
    elif again.identical:
        yield message("As it was made, byte for byte.")
    elif again.changed:
        yield message("As it was made, but for parameters that were changed and what follows from them.")
    elif again.output == "pdf":
        yield message(
            "Saved again by another program, and not changed: {words:n} words are as they were made. Drawings and "
            "colours were not compared.",
            words=again.compared,
        )
    elif again.output != "page":
        yield message(
            "Saved again by another program, and not changed: {cells:n} cells are as they were made. Colours, fonts "
            "and widths were not compared.",
            cells=again.compared,
        )
    else:
        yield message("Saved again, and not changed: only ends of lines differ.")


def _against(again: Again) -> Iterator[Text]:
    """Yield whether it is the quote of what was given, if anything was."""
    if again.strangers:
        yield counted(
            "Not a quote of what was given: {count:n} field differs.",
            "Not a quote of what was given: {count:n} fields differ.",
            len(again.strangers),
        )
    elif again.against:
        yield GIVEN[again.against]


def _quote(quote: Quote, again: Again) -> Iterator[Text]:
    """Yield which quote the file says that it is."""
    terms, currency = quote.terms, quote.plan.prices.currency
    named = message("Quote {number}", number=terms.number) if terms.number else message("Quote without a number")
    yield message(
        "{named}, {audience}: {monthly:m} {currency} a month and {once:m} {currency} once, without tax.",
        named=named,
        audience=AUDIENCES[quote.audience],
        monthly=quote.monthly_net,
        once=quote.one_off_net,
        currency=currency,
    )
    if quote.over_time:
        yield over_time.in_all(quote)
    yield message("Fingerprint: {fingerprint}", fingerprint=again.carried.quote.fingerprint)
    if quote.over_time:
        yield message("Made from the roadmap with the SHA-256 {sha256}.", sha256=quote.plan_sha256)
    else:
        yield message("Made from the plan with the SHA-256 {sha256}.", sha256=quote.plan_sha256)


def _trust(again: Again) -> Iterator[Text]:
    """Yield what was checked of the plan, what was not, and what a file cannot prove of itself."""
    verdict, maker = again.remade.verdict, again.carried.quote.program
    if verdict.holds and again.remade.quote.over_time:
        yield counted(
            "The roadmap in it keeps every rule: {count:n} check.",
            "The roadmap in it keeps every rule: {count:n} checks.",
            len(verdict.checks),
        )
    elif verdict.holds:
        yield counted(
            "The plan in it keeps every rule: {count:n} check.",
            "The plan in it keeps every rule: {count:n} checks.",
            len(verdict.checks),
        )
    prices_too = again.against == "terms" and not again.remade.quote.internal  # held against the price book's
    if not prices_too:
        yield message("Not checked: {fields}.", fields=", ".join(verdict.not_checked))
    if maker != program():
        yield message("Made by {other}; this is {this}: what differs may come from that.", other=maker, this=program())
    yield message(
        "No file proves who made it: hold the fingerprint against that on the paper that was signed, or of the quote "
        "that was sent."
    )


def _differences(title: str, differences: Sequence[Difference], beside: Message) -> Table:
    some = differences[:SHOWN]
    rows = tuple((each.where, KINDS[each.kind], each.stands, each.made) for each in some)
    columns = (Column("Where"), Column("What"), Column("Stands"), Column(beside.template))
    left = len(differences) - len(some)
    note: Text = counted(
        "{count:n} more; --format json lists them all.", "{count:n} more; --format json lists them all.", left
    )
    return Table(title, columns, rows, note if left else "")


def _number(value: float) -> Message:
    return message("{value}", value=repr(value).removesuffix(".0"))


def values(name: str, again: Again) -> dict[str, Any]:
    """Return a verdict on the file of a quote as the plain values of the JSON document."""
    quote, verdict, carried = again.remade.quote, again.remade.verdict, again.carried
    return {
        "schema": QUOTE_VERDICT_SCHEMA,
        "file": name,
        "output": again.output,
        "quote": {
            **{"number": quote.terms.number, "revision": quote.terms.revision, "audience": quote.audience},
            **{"lang": carried.lang, "currency": quote.plan.prices.currency},
            **{"monthly_net": str(quote.monthly_net), "one_off_net": str(quote.one_off_net)},
            **{"sha256": carried.quote.sha256, "fingerprint": carried.quote.fingerprint},
            **{"plan_sha256": quote.plan_sha256, "program": carried.quote.program},
            **({"total": str(over_time.total(quote))} if quote.over_time else {}),
        },
        "holds": again.holds,
        "identical": again.identical,
        "compared": again.compared,
        "changed_parameters": [
            {"name": each.name, "where": each.where, "stands": each.stands, "made": each.made} for each in again.changed
        ],
        "differences": [
            {"where": each.where, "kind": each.kind, "stands": each.stands, "made": each.made}
            for each in again.differences
        ],
        "held_against": again.against or None,
        "strangers": [{"where": each.where, "stands": each.stands, "given": each.made} for each in again.strangers],
        "plan": {
            "holds": verdict.holds,
            "checks": len(verdict.checks),
            "violations": [verdicts.check_values(check) for check in verdict.violations],
            "not_checked": list(verdict.not_checked),
        },
    }
