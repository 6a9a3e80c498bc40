"""Kinds of clusters: a blade type, and the licences of others that are paid on its hosts.

A VM with a licence stands only where it is paid, one without may stand anywhere. Which sets of licences a cluster may
come to pay is a finite matter: those that VMs bring, and unions of these.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.evaluation.third_party import licences_of_host
from cloudplan.rules.licences import units_of_host
from cloudplan.workload.case import Case

Licences = frozenset[str]
NONE: Licences = frozenset()

SETS_MAX = 16
"""Sets of licences of a pool beyond which their unions are not told apart: one kind stands for all of them."""


@dataclass(frozen=True)
class LicenceSet:
    """Licences that are paid on every host of a cluster; `least` are the sets of which one is at least paid.

    It is itself the only one, but where a set stands for many unions: then it costs no less than the cheapest.
    """

    names: Licences = NONE
    least: tuple[Licences, ...] = ()


@dataclass(frozen=True)
class ClusterKind:
    """A blade type and the licences that are paid on its hosts."""

    blade: str
    licences: LicenceSet = LicenceSet()

    def host_price(self, case: Case, site: str) -> Fraction:
        """Return what one host costs a month at a site, its licences included: never more than it really does."""
        return Fraction(case.prices.net(case.edition.blades[self.blade])) + self.licences_price(case, site)

    def licences_price(self, case: Case, site: str) -> Fraction:
        """Return what the licences of one host cost a month at a site."""
        sets = self.licences.least or (self.licences.names,)
        return min(licences_of_host(case, site, self.blade, names) for names in sets)

    def price_of(self, case: Case, name: str) -> Fraction:
        """Return what one of its licences costs for one host; 0 for another, and where a set stands for many unions."""
        if self.licences.least or name not in self.licences.names:
            return Fraction(0)
        licence = case.prices.book.licences[name]
        return Fraction(licence.price) * units_of_host(licence, case.edition.blades[self.blade])


def licence_sets(brought: Iterable[Licences]) -> tuple[LicenceSet, ...]:
    """Return the sets that clusters of a pool may come to pay: none, those brought by VMs, and their unions."""
    single = sorted({NONE, *brought}, key=_order)
    found = set(single)
    for one in single:
        found |= {one | other for other in found}
        if len(found) > SETS_MAX:
            pairs = {one | other for one, other in itertools.combinations(single, 2)} - set(single)
            every = LicenceSet(NONE.union(*single), tuple(sorted(pairs, key=_order)))
            return (*(LicenceSet(names) for names in single if names != every.names), every)
    return tuple(LicenceSet(names) for names in sorted(found, key=_order))


def _order(names: Licences) -> tuple[int, list[str]]:
    return len(names), sorted(names)
