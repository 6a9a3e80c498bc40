"""Instances per site, active and standby, before anything is chosen.

A `Case` is what every later step works on: a workload, the edition it is sized with, and the prices.
"""

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

from cloudplan.base.brief import Brief
from cloudplan.catalog.edition import Blade, Edition, StorageClass
from cloudplan.prices.book import PriceBook, Prices
from cloudplan.workload.workload import VmGroup, Workload

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Instances:
    """The instances of one group at one site: how many, and what each takes of a host.

    Standby instances take vCPU x `vcpu_share` and memory x `memory_share`, rounded up to whole MiB.
    """

    group: VmGroup
    site: str
    active: bool
    cores: Fraction
    memory_mib: int

    @property
    def count(self) -> int:
        """Number of instances."""
        return self.group.count


@dataclass(frozen=True, repr=False)
class Case(Brief):
    """A workload under an edition of the catalogue and a price book."""

    workload: Workload
    edition: Edition
    prices: Prices
    _answers: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, question: Hashable, answer: Callable[[], Answer]) -> Answer:
        """Return the answer to a question about this case, found only once: thousands of VMs ask the same."""
        if question not in self._answers:
            self._answers[question] = answer()
        found: Answer = self._answers[question]
        return found

    def once_of(self, question: Hashable, thing: object, answer: Callable[[], Answer]) -> Answer:
        """Return the answer to a question about one object, such as a datastore of a plan, found only once."""
        kept = self.once((question, id(thing)), lambda: (thing, answer()))  # kept beside it: no other has its id
        return kept[1]

    @classmethod
    def of(cls, workload: Workload, edition: Edition, book: PriceBook) -> "Case":
        """Return the case of a workload, its prices those of its region and term."""
        return cls(workload, edition, Prices(book, workload.region, workload.term_months))

    @cached_property
    def blades(self) -> dict[str, Blade]:
        """The blades on offer: allowed by the policy, priced, and with the certifications required."""
        allowed = self.workload.policy.blades
        return {
            name: blade
            for name, blade in self.edition.blades.items()
            if name in allowed and self.prices.offer(blade) and self.is_certified(f"blades.{name}")
        }

    @cached_property
    def classes(self) -> dict[str, StorageClass]:
        """The storage classes on offer: those that are priced and have the certifications required."""
        return {
            name: item
            for name, item in self.edition.storage_classes.items()
            if self.prices.offer(item) and self.is_certified(f"storage_classes.{name}")
        }

    def is_certified(self, key: str) -> bool:
        """Return whether an item, by its key as in `Edition.keyed_items`, has all certifications required (CRT-1)."""
        return not self.edition.lacking(key, self.workload.requires)

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Every zone of the region: the primary first, then the standby, then the others in the provider's order."""
        named = self.workload.sites
        zones = self.edition.zones(self.workload.region)
        return tuple(dict.fromkeys(site for site in (named.primary, named.standby, *zones) if site))

    @cached_property
    def instances(self) -> tuple[Instances, ...]:
        """Every group that runs, at each site where it may run; a powered-off group has no demand anywhere."""
        return tuple(self._instances())

    def _instances(self) -> Iterator[Instances]:
        for group in self.workload.vms:
            for site in self.workload.sites_of_instances(group) if group.powered_on else ():
                yield instances_at(self.workload, group, site)

    def instances_of(self, name: str, site: str) -> Instances:
        """Return what the instances of a group take at a site, whether they may run there or not."""
        return self._by_place.get((name, site)) or instances_at(self.workload, self.workload.groups[name], site)

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], Instances]:
        return {(item.group.name, item.site): item for item in self.instances}

    @cached_property
    def cluster_sites(self) -> frozenset[str]:
        """The sites that need a cluster."""
        return frozenset(item.site for item in self.instances)


def instances_at(workload: Workload, group: VmGroup, site: str) -> Instances:
    """Return what the instances of a group take at one of its sites (DR-1)."""
    if site == group.site:
        return Instances(group, site, True, group.cores, group.memory_mib)
    share = workload.standby_of(group) or workload.policy.standby
    memory_mib = math.ceil(group.memory_mib * Fraction(share.memory_share))
    return Instances(group, site, False, group.cores * Fraction(share.vcpu_share), memory_mib)
