"""What a LUN holds: loads, the buckets where they may stand, and the smallest LUN for a load."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.catalog.edition import StorageClass
from cloudplan.plan.plan import Mechanism
from cloudplan.rules import storage
from cloudplan.rules.rule import Inequality
from cloudplan.rules.storage import (
    disk_class,
    largest_lun_gib,
    least_lun_gib,
    lun_dimensions,
    lun_limits,
)
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Disk

Amount = Fraction | int


@dataclass(frozen=True)
class Load:
    """What one thing takes of a LUN, in each dimension of one (`lun_dimensions`)."""

    amounts: tuple[Amount, ...]

    def __add__(self, other: "Load") -> "Load":
        """Return both together."""
        if not self.amounts or not other.amounts:
            return self if self.amounts else other
        return Load(tuple(mine + its for mine, its in zip(self.amounts, other.amounts, strict=True)))

    def __mul__(self, times: int) -> "Load":
        """Return it several times."""
        return Load(tuple(amount * times for amount in self.amounts))


NOTHING = Load(())
"""No load, whatever the dimensions."""


@dataclass(frozen=True)
class Bucket:
    """Where content may stand: LUNs of one class at one site, mirrored to its peer site, or not."""

    site: str
    storage_class: str
    peer: str | None = None

    @property
    def mirrored(self) -> bool:
        """Whether its LUNs are replicated by Global Mirror; `site` is then their source."""
        return self.peer is not None

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites where its LUNs stand."""
        return (self.site, self.peer) if self.peer else (self.site,)


@dataclass(frozen=True)
class Kind:
    """Items that are laid out alike: disk number `disk` of a part (or its swap file), alone or with the swap file."""

    part: int
    disk: int
    with_swap: bool
    mechanism: Mechanism | None
    load: Load


@dataclass(frozen=True)
class Lun:
    """A LUN as laid out: how many items of each kind."""

    bucket: Bucket
    size_gib: int
    content: Mapping[Kind, int]


def disk_load(case: Case, disk: Disk) -> Load:
    """Return what a disk takes of a LUN."""
    return Load(storage.disk_load(case, disk))


def swap_load(case: Case, memory_mib: int) -> Load:
    """Return what the swap file of a VM with so much memory takes of a LUN."""
    return Load(storage.swap_load(case, memory_mib))


def limits(case: Case, item: StorageClass, load: Load, size_gib: int, *, mirrored: bool) -> Iterator[Inequality]:
    """Yield every rule of a LUN of a class and size with a load on it."""
    return lun_limits(case, item, "", size_gib=size_gib, load=_amounts(case, load), mirrored=mirrored)


def least_gib(case: Case, name: str, load: Load, *, mirrored: bool) -> int | None:
    """Return the size of the smallest LUN of a class that holds a load, in GiB; None when the largest is too small."""
    return least_lun_gib(case, case.edition.storage_classes[name], _amounts(case, load), mirrored=mirrored)


def _amounts(case: Case, load: Load) -> tuple[Amount, ...]:
    return load.amounts or (0,) * len(lun_dimensions(case))


def may_stand(case: Case, disk: Disk, name: str, *, mirrored: bool) -> bool:
    """Return whether a disk may stand on a class, and fits its largest LUN."""

    def answer() -> bool:
        allowed = all(row.holds for row in disk_class(case, disk, name, "", mirrored=mirrored))
        return allowed and least_gib(case, name, disk_load(case, disk), mirrored=mirrored) is not None

    return case.once((may_stand, disk, name, mirrored), answer)


def nearest_miss(case: Case, disk: Disk, *, mirrored: bool) -> tuple[str, Inequality] | None:
    """Return, for a disk that the largest LUN of no class holds, the class that comes nearest and the rule it breaks.

    None when the disk may stand on no class at all.
    """
    misses = []
    for name, item in case.edition.storage_classes.items():
        if all(row.holds for row in disk_class(case, disk, name, "", mirrored=mirrored)):
            rows = limits(case, item, disk_load(case, disk), largest_lun_gib(case, item), mirrored=mirrored)
            misses.append((name, max((row for row in rows if not row.holds), key=_excess)))
    return min(misses, key=lambda miss: _excess(miss[1]), default=None)


def _excess(row: Inequality) -> Fraction:
    return Fraction(row.left) / (row.right or 1)
