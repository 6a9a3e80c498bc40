"""The report on a licence: where it is owed and why, and at which prices the layout would change."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cloudplan.analysis.licence_prices import BreakEven, LicencePrices, Point
from cloudplan.base.language import Message, counted, message
from cloudplan.plan.plan import Plan
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables.plan import priced
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, Text
from cloudplan.presentation.tables.third_party import because
from cloudplan.prices.licences import Licence

LICENCE_SCHEMA = "cloudplan/licence/v1"
SCOPES = {
    "cluster": message("owed for every host of each cluster where it runs"),
    "site": message("owed for every host of every cluster of a site where it runs"),
    "instances": message("owed for each instance, wherever it runs: no choice changes it"),
}


def report(found: LicencePrices, licence: Licence) -> Report:
    """Return the report on a licence."""
    plan, now = found.now.plan, found.now
    scope = SCOPES["instances"] if not licence.by_host else SCOPES["site" if licence.of_the_site else "cluster"]
    summary: list[Message] = [
        message(
            "{label}: {units} at {price:u} {currency} come to {monthly:m} {currency} a month; {scope}.",
            label=licence.label or found.name,
            units=_units(now.units, licence),
            price=licence.price,
            currency=plan.prices.currency,
            monthly=sum((line.monthly for line in now.lines), Decimal(0)),
            scope=scope,
        ),
        message("Source of price and policy: {source}.", source=licence.source or message("none given")),
        message("The plan: {priced}.", priced=priced(plan)),
    ]
    if licence.by_host and now.lines and not found.breaks:
        words = "Whatever a unit costs, from 0 to {most:u} {currency}, the layout stays as it is."
        summary.append(message(words, most=_decimal(found.most), currency=plan.prices.currency))
    if not found.complete:
        summary.append(message("The search for break-even prices spent its sizings: there may be more of them."))
    parts: list[Table | Notes] = [_owed(found)]
    if found.breaks:
        parts += [_layouts(found), _breaks(found, licence)]
    return Report(message("Explanation of licence {name}", name=found.name), tuple(summary), tuple(parts))


def _units(count: int, licence: Licence) -> Message:
    if licence.per == "core":
        return counted("{count:n} core", "{count:n} cores", count)
    if licence.per == "host":
        return counted("{count:n} host", "{count:n} hosts", count)
    return counted("{count:n} vCPU", "{count:n} vCPUs", count) if licence.per == "vcpu" else _vms(count)


def _vms(count: int) -> Message:
    return counted("{count:n} VM", "{count:n} VMs", count)


def _owed(found: LicencePrices) -> Table:
    currency = found.now.plan.prices.currency
    rows = tuple(
        (line.site, line.cluster, line.hosts, line.quantity, line.monthly, because(line)) for line in found.now.lines
    )
    columns = (
        *(Column("Site"), Column("Cluster"), Column("Hosts", "whole"), Column("Quantity", "whole")),
        *(Column("Monthly", "money", currency), Column("Why")),
    )
    return Table("Where it is owed", columns, rows).without_empty()


def _layouts(found: LicencePrices) -> Table:
    """Return the layouts from the lowest price to the highest."""
    currency = found.now.plan.prices.currency
    points = [found.breaks[0].below, *(each.above for each in found.breaks)]
    lows = [Fraction(0), *(each.high for each in found.breaks)]
    highs = [*(each.low for each in found.breaks), found.most]
    rows: list[tuple[Cell, ...]] = [
        (_decimal(low), _decimal(high), point.units, _clusters(point), _others(point), _decimal(point.beside))
        for low, high, point in zip(lows, highs, points, strict=True)
    ]
    columns = (
        *(Column("From", "price", currency), Column("To", "price", currency), Column("Units", "whole")),
        *(Column("Clusters that owe it"), Column("Others"), Column("All but the licence", "money", currency)),
    )
    return Table("Cheapest layout by the price of a unit", columns, tuple(rows))


def _clusters(point: Point) -> Message:
    owing = {line.cluster for line in point.lines}
    return _hosts(point.plan, owing=True, names=owing)


def _others(point: Point) -> Message:
    return _hosts(point.plan, owing=False, names={line.cluster for line in point.lines})


def _hosts(plan: Plan, *, owing: bool, names: set[str | None]) -> Message:
    """Return the hosts by blade type of the clusters that are, or are not, among some."""
    hosts: Counter[str] = Counter()
    for cluster in plan.clusters:
        if (cluster.name in names) is owing:
            hosts[cluster.blade] += cluster.hosts
    told = [message("{hosts:n} x {blade}", hosts=count, blade=blade) for blade, count in hosts.items()]
    return joined(*told, between=", ") if told else message("none")


def _breaks(found: LicencePrices, licence: Licence) -> Notes:
    """Return the intervals in which neither layout is proven cheaper, with what sizing says on both sides."""
    currency = found.now.plan.prices.currency
    entries: list[tuple[Text, Text]] = []
    for each in found.breaks:
        values = {"low": _decimal(each.low), "high": _decimal(each.high), "currency": currency}
        values |= {"below": _units(each.below.units, licence), "above": _units(each.above.units, licence)}
        told = message(
            "Below {low:u} {currency} {below} are cheaper, above {high:u} {currency} {above}; in between neither is "
            "proven.",
            **values,
        )
        entries.append((told, _sizing(each)))
    return Notes("Break-even prices of a unit", tuple(entries))


def _sizing(each: BreakEven) -> Message:
    if each.confirmed:
        return message("Sized at both ends: each side is confirmed.")
    return message("Sized at both ends: other plans that cost as much stand there.")


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def values(found: LicencePrices, licence: Licence) -> dict[str, Any]:
    """Return the report as the plain values of the JSON document."""
    return {
        "schema": LICENCE_SCHEMA,
        "licence": found.name,
        "label": licence.label or found.name,
        "per": licence.per,
        "price": str(licence.price),
        "currency": found.now.plan.prices.currency,
        "units": found.now.units,
        "tried_up_to": str(_decimal(found.most)),
        "complete": found.complete,
        "lines": [line.model_dump(mode="json") for line in found.now.lines],
        "break_even": [
            {
                **{"low": str(_decimal(each.low)), "high": str(_decimal(each.high)), "confirmed": each.confirmed},
                "below": _layout(each.below),
                "above": _layout(each.above),
            }
            for each in found.breaks
        ],
    }


def _layout(point: Point) -> dict[str, Any]:
    owing = {line.cluster for line in point.lines}
    return {
        "units": point.units,
        "monthly_without_it": str(_decimal(point.beside)),
        "clusters": [
            {"name": cluster.name, "blade": cluster.blade, "hosts": cluster.hosts, "owes": cluster.name in owing}
            for cluster in point.plan.clusters
        ],
    }
