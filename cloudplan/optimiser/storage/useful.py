"""Storage classes that no cheapest plan needs beside the others."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cloudplan.catalog.edition import StorageClass
from cloudplan.evaluation.items import Decision, cost, items
from cloudplan.optimiser.storage.luns import Load, disk_load, swap_load
from cloudplan.optimiser.storage.parts import Part
from cloudplan.rules.protection import GM_1
from cloudplan.rules.standing import standing_gib
from cloudplan.rules.storage import LunDimension, largest_lun_gib, lun_dimensions
from cloudplan.workload.case import Case


def useful_classes(case: Case, parts: Sequence[Part]) -> list[str]:
    """Return the classes worth a choice for what asks for none.

    Class b is not, when a class a costs no more and takes over whole LUNs of b as they are: at most as large there.
    A class that somebody asks for always stays, because its LUNs may hold what must not move, and so does one of which
    GiB stand: they cost the same whatever is on them.
    """
    asked = {disk.storage_class for part in parts for disk in part.disks} | {case.workload.policy.vswp}
    asked |= {name for _, name in standing_gib(case)}
    loads = set(_loads(case, parts))
    price = {name: _price(case, name) for name in case.classes}
    order = list(case.classes)

    def superseded(name: str) -> bool:
        mine = case.classes[name]
        return any(
            (price[other], order.index(other)) < (price[name], order.index(name))
            and _takes_over(case, case.classes[other], mine, loads)
            and (_mirrors(case, other) or not _mirrors(case, name))
            for other in order
            if other != name and case.classes[other].flash
        )

    return [name for name in order if name in asked or not case.classes[name].flash or not superseded(name)]


def _loads(case: Case, parts: Sequence[Part]) -> Iterator[Load]:
    """Yield the loads that may come to a LUN; of disk 0 and its swap file both, because each asks less alone."""
    for part in parts:
        yield from (disk_load(case, disk) for disk in part.disks)
        if part.swap_mib:
            yield swap_load(case, part.swap_mib)


def _price(case: Case, name: str) -> Fraction:
    """Return the price of a TiB."""
    return Fraction(cost(case, items(case, Decision(datastores=[(case.sites[0], name, 1024)]))))


def _mirrors(case: Case, name: str) -> bool:
    return name in GM_1.figure(case.edition, "classes")


def _takes_over(case: Case, mine: StorageClass, its: StorageClass, loads: set[Load]) -> bool:
    """Return whether every LUN of a class may be one of another class, no larger."""
    if its.unit_gib % mine.unit_gib or largest_lun_gib(case, mine) < largest_lun_gib(case, its):
        return False
    dimensions = list(enumerate(lun_dimensions(case)))
    for axis, entry in dimensions:
        ceiling, other = entry.ceiling(case, mine), entry.ceiling(case, its)
        if ceiling is not None and (other is None or ceiling < other):
            return False
        rate = entry.per_gib(case, mine)
        enough = (_no_dearer(case, (axis, entry), (place, each), mine, its, loads) for place, each in dimensions)
        if rate is not None and not any(enough):
            return False
    return True


def _no_dearer(
    case: Case,
    one: tuple[int, LunDimension],
    other: tuple[int, LunDimension],
    mine: StorageClass,
    its: StorageClass,
    loads: set[Load],
) -> bool:
    """Return whether what each load needs in one dimension asks for no more GiB of `mine` than in another of `its`."""
    (axis, entry), (place, each) = one, other
    rate, theirs = entry.per_gib(case, mine), each.per_gib(case, its)
    if theirs is None:
        return False
    if entry is each and rate is not None and rate >= theirs:
        return True
    factor = max(entry.factor(case, mirrored=True), entry.factor(case, mirrored=False))
    return all(
        not load.amounts[axis] or (rate and load.amounts[axis] * factor * theirs <= load.amounts[place] * rate)
        for load in loads
    )
