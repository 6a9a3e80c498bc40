"""What each first order costs when growth turns out otherwise, as a report and as plain values."""

from typing import Any

from cloudplan.analysis.growth_range import NAMES, GrowthRange
from cloudplan.base.language import message
from cloudplan.presentation.tables.table import Cell, Column, Report, Table

RANGE_SCHEMA = "cloudplan/growth-range/v1"
WORDS = {"low": message("low"), "likely": message("likely"), "high": message("high")}


def report(name: str, currency: str, found: GrowthRange) -> Report:
    """Return totals and regrets for people: a row for each first order, a column for each growth that may come."""
    growths = tuple((WORDS[each], found.growths[each].vms, found.growths[each].storage) for each in NAMES)
    money = (
        Column("If growth is low", "money", currency),
        Column("If it is likely", "money", currency),
        Column("If it is high", "money", currency),
    )
    totals: list[tuple[Cell, ...]] = []
    regrets: list[tuple[Cell, ...]] = []
    gaps: list[tuple[Cell, ...]] = []
    for planned in NAMES:
        totals.append((WORDS[planned], *(found.outcomes[planned, comes].total for comes in NAMES)))
        regrets.append((WORDS[planned], *(found.regret(planned, comes) for comes in NAMES), found.worst(planned)))
        gaps.append((WORDS[planned], *(_gap(found, planned, comes) for comes in NAMES)))
    first = Column("First order for")
    best = found.least_worst
    summary = (
        message(
            "Least worst regret: the first order for {what} growth; it costs at most {regret:m} {currency} more.",
            what=WORDS[best],
            regret=found.worst(best),
            currency=currency,
        ),
        message("The first order is kept whatever comes, and the rest is planned anew."),
    )
    return Report(
        message("{name}: growth that nobody knows", name=name),
        summary,
        (
            Table("Growth a year", (Column("Growth"), Column("VMs", "share"), Column("Storage", "share")), growths),
            Table("Cost over all months", (first, *money), tuple(totals)),
            Table("Regret", (first, *money, Column("At worst", "money", currency)), tuple(regrets)),
            Table("What may be left to save", (first, *money), tuple(gaps)),
        ),
    )


def _gap(found: GrowthRange, planned: Any, comes: Any) -> Cell:
    outcome = found.outcomes[planned, comes]
    return outcome.total - outcome.lower_bound


def values(name: str, found: GrowthRange) -> dict[str, Any]:
    """Return it as the plain values of the JSON document."""
    return {
        "schema": RANGE_SCHEMA,
        "workload": name,
        "growth": {each: {"vms": str(rate.vms), "storage": str(rate.storage)} for each, rate in found.growths.items()},
        "outcomes": [
            {
                "first_order_for": planned,
                "comes": comes,
                "total": str(outcome.total),
                "lower_bound": str(outcome.lower_bound),
                "gap": outcome.gap,
                "regret": str(found.regret(planned, comes)),
            }
            for (planned, comes), outcome in sorted(found.outcomes.items())
        ],
        "least_worst": found.least_worst,
    }
