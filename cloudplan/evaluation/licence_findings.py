"""What a licence would come to if its contract were read otherwise: `scope` is the customer's reading of it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cloudplan.base import money
from cloudplan.plan.plan import Choice, Finding
from cloudplan.plan.wording import finding_of
from cloudplan.rules import licences
from cloudplan.workload.case import Case


def licence_findings(case: Case, choice: Choice) -> Iterator[Finding]:
    """Yield what each licence of single clusters would cost if every cluster of their site owed it (LIC-1)."""
    owed = list(licences.owed(case, choice.clusters))
    for site in case.sites:
        here = [cluster for cluster in choice.clusters if cluster.site == site]
        for name, licence in case.prices.book.licences.items():
            own = [each for each in owed if (each.licence, each.site) == (name, site) and each.cluster]
            if not own or len(own) == len(here):
                continue
            units = sum(
                cluster.hosts * licences.units_of_host(licence, case.edition.blades[cluster.blade]) for cluster in here
            )
            told: dict[str, Any] = {"licence": licence.label or name, "site": site, "clusters": len(here)}
            told |= {"units": units, "monthly": _amount(units, licence.price), "currency": case.prices.book.currency}
            told |= {"now": _amount(sum(each.quantity for each in own), licence.price), "own": len(own)}
            yield finding_of("info", "licence-scope", name, licences.LIC_1.id, **told)


def _amount(units: int, price: Decimal) -> str:
    return str(money.line(units, price))
