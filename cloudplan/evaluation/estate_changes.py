"""What a plan changes about what already stands: quantities before and after, item by item.

A plan tells its whole bill. A list of clusters and datastores tells less: what it cannot tell is unknown, not nothing.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.base.units import GIB_PER_TIB
from cloudplan.catalog.edition import Item, in_region
from cloudplan.evaluation.bom import unit_of
from cloudplan.evaluation.items import BACKUP, BLADES, CLASSES, MEMORY, MIRROR, key_of
from cloudplan.plan.plan import BomLine, Change, ThirdParty
from cloudplan.rules.compute import included_gib
from cloudplan.workload.case import Case
from cloudplan.workload.existing import Existing, StandingLine

Place = tuple[str, str]
"""A site, and the key of an item, or `LICENCE` and the name of a licence."""

LICENCE = "licence "


@dataclass(frozen=True)
class Before:
    """Quantities that stood, and of which places they are told."""

    quantities: Mapping[Place, int]
    told: Callable[[Place], bool] = lambda place: True

    def at(self, place: Place) -> int | None:
        """Return how much stood, None where nothing is told of it."""
        return self.quantities.get(place, 0) if self.told(place) else None


def changes(case: Case, lines: Sequence[BomLine], owed: ThirdParty | None) -> tuple[Change, ...] | None:
    """Return what a bill changes about what stood; None when nothing is said of that."""
    existing = case.workload.existing
    return None if existing is None else changed(case, before(case, existing), lines, owed)


def before(case: Case, existing: Existing) -> Before:
    """Return the quantities that stood."""
    if existing.bill is not None:
        return Before(Counter({(line.site, _key(case, line)): line.quantity for line in existing.bill}))
    found: Counter[Place] = Counter()
    mute = {cluster.site for cluster in existing.clusters if cluster.memory_gib is None}
    for cluster in existing.clusters:
        found[cluster.site, f"{BLADES}.{cluster.blade}"] += cluster.hosts
        if cluster.site not in mute:
            included = included_gib(case.edition) * cluster.hosts
            found[cluster.site, MEMORY] += max(0, (cluster.memory_gib or 0) - included)
    mirrored: Counter[str] = Counter()
    for store in existing.datastores:
        unit_gib = case.edition.storage_classes[store.storage_class].unit_gib
        found[store.site, f"{CLASSES}.{store.storage_class}"] += -(-store.size_gib // unit_gib)
        mirrored[store.site] += store.size_gib * (store.replication == "source")
    for site, gib in mirrored.items():
        found[site, MIRROR] = math.ceil(Fraction(gib, GIB_PER_TIB))
    for target in existing.backup or ():
        found[target.site, BACKUP] += target.tib

    def told(place: Place) -> bool:
        site, key = place
        if key == MEMORY:
            return site not in mute
        return (
            key.startswith((f"{BLADES}.", f"{CLASSES}."))
            or key == MIRROR
            or (key == BACKUP and existing.backup is not None)
        )

    return Before(found, told)


def changed(case: Case, stood: Before, lines: Iterable[BomLine], owed: ThirdParty | None) -> tuple[Change, ...]:
    """Return an entry for each place whose quantity differs from what stood, sites first, then catalogue order."""
    after = quantities(case, lines, owed)
    sold, sites = dict(case.edition.keyed_items()), list(case.sites)
    order = {key: number for number, key in enumerate(sold)}
    places = {*after, *(place for place, quantity in stood.quantities.items() if quantity)}
    listed = sorted(places, key=lambda place: (sites.index(place[0]), order.get(place[1], len(order)), place[1]))
    return tuple(
        _change(case, place, sold.get(place[1]), stood.at(place), after.get(place, 0))
        for place in listed
        if stood.at(place) != after.get(place, 0)
    )


def quantities(case: Case, lines: Iterable[BomLine], owed: ThirdParty | None) -> dict[Place, int]:
    """Return the quantities of a bill and of licences of others, the clusters of a licence together."""
    found: Counter[Place] = Counter()
    for line in lines:
        found[line.site, key_of(case, line.sku) or line.sku] += line.quantity
    for each in owed.lines if owed else ():
        found[each.site, f"{LICENCE}{each.licence}"] += each.quantity
    return dict(found)


def _key(case: Case, line: StandingLine) -> str:
    return f"{LICENCE}{line.licence}" if line.licence else key_of(case, line.sku or "") or (line.sku or "")


def _change(case: Case, place: Place, item: Item | None, was: int | None, now: int) -> Change:
    site, key = place
    if key.startswith(LICENCE):
        name = key.removeprefix(LICENCE)
        licence = case.prices.book.licences.get(name)
        label, unit = (licence.label or name, licence.per) if licence else (name, "")
        return Change(site=site, licence=name, label=label, unit=unit, before=was, after=now)
    if item is None:  # an item of another edition, that this one no longer sells
        return Change(site=site, sku=key, label=key, unit="", before=was, after=now)
    sku = in_region(item.sku, case.workload.region)
    return Change(site=site, sku=sku, label=item.label, unit=unit_of(item), before=was, after=now)
