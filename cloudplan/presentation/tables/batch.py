"""What became of many workloads, as a report and as plain values: in all, one by one, what was found, what failed."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from cloudplan.analysis.outcome import Figures, Outcome, plain, totals
from cloudplan.base.language import Message, counted, message
from cloudplan.presentation.tables.compare import bar
from cloudplan.presentation.tables.plan import ILLUSTRATIVE, SEVERITIES, WIDE
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table

BATCH_SCHEMA = "cloudplan/batch/v1"
STATUS = {"optimal": message("optimal"), "feasible": message("feasible")}
FAILURES = {1: message("failed"), 2: message("bad input"), 3: message("no plan")}
BARS = ("Cost", "Monthly")
SHOWN = 40
"""Workloads that a shortened report lists."""


def report(outcomes: Sequence[Outcome], *, shortened: bool = False) -> Report:
    """Return what became of them for people, what failed first; a shortened one lists only so many workloads."""
    table, found, failed = workloads(outcomes), findings(outcomes), failures(outcomes)
    parts: list[Table | Notes] = [failed] if failed.entries else []
    if shortened:
        parts += [table.without("Cost").without_empty()] if len(outcomes) <= SHOWN else []
    else:
        parts += [*([found] if found.rows else []), table.without_empty()]
    return Report(message("Batch"), tuple(summary(outcomes)), tuple(parts))


def summary(outcomes: Sequence[Outcome]) -> Iterator[Message]:
    """Yield what they come to in all."""
    planned = [each.figures for each in outcomes if each.figures]
    if any(each.illustrative for each in planned):
        yield ILLUSTRATIVE
    one, many = "{planned} of {count} workload has a plan.", "{planned} of {count} workloads have a plan."
    yield counted(one, many, len(outcomes), planned=len(planned))
    for currency, amount in totals(outcomes).items():
        yield message("In all {amount:m} {currency} a month.", amount=amount, currency=currency)
    if planned:
        worst = max(planned, key=lambda each: each.gap)
        values = {"optimal": sum(each.status == "optimal" for each in planned), "count": len(planned)}
        if values["optimal"] == values["count"]:
            yield message("All plans are optimal.")
        else:
            yield message(
                "{optimal} of {count} plans are optimal; the largest gap is {gap:n4} %, of {name}.",
                **values,
                gap=_gap(worst) * 100,
                name=worst.workload,
            )
    seconds = sum((Decimal(str(each.seconds)) for each in outcomes), Decimal(0))
    yield message("{seconds:n1} s of work in all, reading and writing the plans included.", seconds=seconds)


def workloads(outcomes: Sequence[Outcome]) -> Table:
    """Return the workloads, one a row; with one currency also a bar for what each costs."""
    currencies = list(totals(outcomes))
    one = currencies[0] if len(currencies) == 1 else ""
    columns = (
        *(Column("Name"), Column("Customer"), Column("Status"), Column("Monthly", "money", one), Column("Currency")),
        *(Column("Gap", "discount"), Column("VMs", "whole"), Column("Hosts", "whole")),
        *(Column("Warnings", "whole"), Column("Time", "decimal", "s"), Column("Cost")),
    )
    most = max((each.figures.total_monthly for each in outcomes if each.figures), default=Decimal(0))
    return Table("Workloads", columns, tuple(_row(each, one, most) for each in outcomes))


def _row(each: Outcome, currency: str, most: Decimal) -> tuple[Cell, ...]:
    figures, seconds = each.figures, Decimal(str(each.seconds))
    if figures is None:
        return (each.name, None, FAILURES[each.exit_status], *([None] * 6), seconds, "")
    return (
        *(each.name, figures.customer, STATUS[figures.status], figures.total_monthly),
        *(None if currency else figures.currency, _gap(figures), figures.vms, figures.hosts),
        *(figures.found("warning"), seconds, bar(figures.total_monthly, most) if currency else ""),
    )


def _gap(figures: Figures) -> Decimal:
    """Return what a cheaper plan could save at most, as a share."""
    return Decimal(str(figures.gap)).quantize(Decimal("0.000001"), ROUND_CEILING, WIDE)


def findings(outcomes: Sequence[Outcome]) -> Table:
    """Return the findings by kind: how many workloads have one, and how many there are."""
    counts: dict[tuple[str, str], list[int]] = {}
    for each in outcomes:
        for severity, codes in each.figures.findings.items() if each.figures else ():
            for code, count in codes.items():
                counts.setdefault((severity, code), []).append(count)
    order = sorted(counts.items(), key=lambda entry: (entry[0][0] != "warning", -len(entry[1]), entry[0][1]))
    rows = tuple((SEVERITIES[severity], code, len(found), sum(found)) for (severity, code), found in order)
    columns = (Column("Severity"), Column("Finding"), Column("Workloads", "whole"), Column("Findings", "whole"))
    return Table("Findings", columns, rows, "Each plan has its findings in full.")


def failures(outcomes: Sequence[Outcome]) -> Notes:
    """Return the workloads without a plan, and why there is none."""
    return Notes("Without a plan", tuple((each.name, why(each)) for each in outcomes if each.figures is None))


def why(outcome: Outcome) -> Message:
    """Return why a workload has no plan, the first reason in full."""
    rest = len(outcome.faults) - 1
    first = outcome.faults[0] if outcome.faults else ""
    return message("{first} (and {rest} more)", first=first, rest=rest) if rest > 0 else message("{first}", first=first)


def values(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return it as the plain values of the JSON document."""
    return {
        "schema": BATCH_SCHEMA,
        "total_monthly": {currency: str(amount) for currency, amount in totals(outcomes).items()},
        "workloads": [plain(each) for each in outcomes],
    }
