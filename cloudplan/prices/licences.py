"""Software of others as a price book has it: what one unit of a licence costs a month, and what counts as a unit.

What of it is owed, and where, say the rules LIC-1 and LIC-2. Discounts of the book never apply to it.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from cloudplan.base.errors import Fault
from cloudplan.base.schema import Flag, Frozen, Name, misfit, quantity, whole
from cloudplan.base.yamlfile import Document
from cloudplan.prices.price import Price

Per = Literal["core", "host", "vcpu", "vm"]
"""What is licensed: each physical core of a host, each host, each vCPU of a VM, each VM."""
Scope = Literal["cluster", "site"]

_ONLY_FOR = {"factor": ("core",), "minimum": ("core", "vcpu"), "scope": ("core", "host")}
"""Fields that say something of some kinds of units only."""


class Licence(Frozen):
    """The price of one unit of a licence, and how units are counted; a field that is not given has its default."""

    label: Name | None = None
    per: Per
    price: Price
    factor: Annotated[Decimal, quantity("a factor", high="1000", above=True)] | None = None
    minimum: Annotated[int, whole(0, 1_000_000)] | None = None
    scope: Scope | None = None
    standby: Flag = True
    source: Name | None = None

    @property
    def by_host(self) -> bool:
        """Whether hosts need it, and not the VMs one by one."""
        return self.per in ("core", "host")

    @property
    def exact_factor(self) -> Fraction:
        """The units of a core."""
        return Fraction(self.factor if self.factor is not None else 1)

    @property
    def least(self) -> int:
        """The cores that a host counts at least, or the vCPUs that a VM does."""
        return self.minimum or 0

    @property
    def of_the_site(self) -> bool:
        """Whether every cluster of a site needs it as soon as one does."""
        return self.scope == "site"


def licence_faults(document: Document) -> Iterator[Fault]:
    """Yield the fields of licences that say nothing where they stand: a factor per host, a scope per VM …"""
    listed = document.tree.get("licences")
    for name, entry in listed.items() if isinstance(listed, dict) else ():
        for field, units in _ONLY_FOR.items():
            if isinstance(entry, dict) and entry.get(field) is not None and entry.get("per", "core") not in units:
                allowed = f"nothing per {entry['per']}; only per {' or '.join(units)}"
                yield document.fault(("licences", name, field), misfit(entry[field], allowed), key=True)
