"""What is paid to others for software beside the provider's bill: its lines, and its share of what is minimised.

The lines of a plan and the price of a host in the search count units by the same rule (LIC-2).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cloudplan.base import money
from cloudplan.base.errors import Fault
from cloudplan.base.language import ENGLISH
from cloudplan.base.schema import unknown
from cloudplan.evaluation.items import Decision, cost, items
from cloudplan.evaluation.reasons import reason
from cloudplan.plan.plan import Choice, Cluster, ThirdParty, ThirdPartyLine
from cloudplan.rules import licences
from cloudplan.rules.licences import Owed
from cloudplan.workload.case import Case


def third_party(case: Case, choice: Choice) -> ThirdParty | None:
    """Return what a choice owes to others; None when no VM names a licence and nothing is said of what stands."""
    if not any(group.licences for group in case.workload.vms) and case.workload.existing is None:
        return None
    lines = tuple(_line(case, each) for each in licences.owed(case, choice.clusters))
    return ThirdParty(monthly=sum((line.monthly for line in lines), Decimal("0.00")), lines=lines)


def licences_of_host(case: Case, site: str, blade: str, needed: Iterable[str]) -> Fraction:
    """Return what the licences of a host of a blade type cost a month at a site, beside the blade.

    `needed` are those of its own cluster; those of every cluster at the site come with them.
    """
    book, offered = case.prices.book.licences, case.edition.blades[blade]
    names = licences.of_every_cluster(case, site).union(needed)
    prices = (Fraction(book[name].price) * licences.units_of_host(book[name], offered) for name in sorted(names))
    return sum(prices, Fraction(0))


def clusters_cost(case: Case, clusters: Sequence[Cluster]) -> Fraction:
    """Return what clusters cost a month with the licences of their hosts, exact."""
    decision = Decision([(cluster.site, cluster.blade, cluster.hosts, cluster.memory_gib) for cluster in clusters])
    owed = (
        cluster.hosts * licences_of_host(case, cluster.site, cluster.blade, licences.of_cluster(case, cluster))
        for cluster in clusters
    )
    return Fraction(cost(case, items(case, decision))) + sum(owed, Fraction(0))


def licences_of_instances(case: Case) -> Fraction:
    """Return what the licences per vCPU and VM cost a month, which no choice changes; exact."""
    book = case.prices.book.licences
    return sum((Fraction(book[each.licence].price) * each.quantity for each in licences.owed(case, ())), Fraction(0))


def unknown_licences(case: Case) -> list[Fault]:
    """Return one fault for each licence that a VM names and the price book lacks."""
    book = case.prices.book
    return [
        replace(
            unknown("licence", name, book.licences),
            **{"where": f"price book {book.name}", "path": f"vms[{index}].licences[{position}]"},
        )
        for index, group in enumerate(case.workload.vms)
        for position, name in enumerate(group.licences)
        if name not in book.licences
    ]


def _line(case: Case, each: Owed) -> ThirdPartyLine:
    licence, cluster = case.prices.book.licences[each.licence], each.cluster
    rule, values = _why(case, each)
    return ThirdPartyLine(
        licence=each.licence,
        label=licence.label or each.licence,
        site=each.site,
        cluster=cluster and cluster.name,
        hosts=cluster and cluster.hosts,
        quantity=each.quantity,
        unit=licence.per,
        unit_price=licence.price,
        monthly=money.line(each.quantity, licence.price),
        source=licence.source,
        rule=rule,
        because=ENGLISH.said(reason(rule, values)),
        values=values,
    )


def _why(case: Case, each: Owed) -> tuple[str, Mapping[str, Any]]:
    """Return the id of the rule behind a line, and the values that its reason is made of."""
    licence, cluster = case.prices.book.licences[each.licence], each.cluster
    values: dict[str, Any] = {"per": licence.per, "vms": list(each.vms), "site_wide": licence.of_the_site}
    if cluster is None:
        groups = case.workload.groups
        return licences.LIC_2.id, {**values, "instances": sum(groups[name].count for name in each.vms)}
    cores = max(licence.least, case.edition.blades[cluster.blade].cores)
    counted = {"hosts": cluster.hosts, "spare": cluster.spare_hosts, "units": each.quantity // cluster.hosts}
    return licences.LIC_1.id, {**values, **counted, **({"cores": cores} if licence.per == "core" else {})}
