"""The cheapest datastores and mechanisms, with every disk and swap file on a LUN and a proven lower bound.

A *part* is what may be decided by itself: one disk, or disk 0 with its swap file, or all disks of a VM while its mechanism
is open. Equal parts are one part with a multiplicity. A *bucket* is where content may stand: a site and a class, mirrored
from a source site or not. The ILP chooses mechanisms, classes and swap places; a bucket has one *slot* that stands for any
number of LUNs (sums only: a bound), or one slot for each LUN when that is what it takes to be exact.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from cloudplan.bom import cost, datastore_items, missing_prices
from cloudplan.catalog import StorageClass
from cloudplan.demand import Case
from cloudplan.errors import BadInputError, Fault, NoPlanError, TimeLimitError
from cloudplan.plan import GLOBAL_MIRROR, VM_REPLICATION, Datastore, DiskPlacement, Mechanism
from cloudplan.rules.protection import mechanism_fit, metro_mirror, mirror_licence
from cloudplan.rules.rule import Linear
from cloudplan.rules.storage import (
    LUN_2,
    datastores_of_site,
    disk_class,
    largest_lun_gib,
    lun_limits,
    swap_at_home,
    swap_classes,
)
from cloudplan.solver import Budget, Model, Outcome, Unknown, add
from cloudplan.units import GIB_PER_TIB, gib, number
from cloudplan.workload import Disk, VmGroup

EXACT_ITEMS = 400
"""Placements (kinds of item x slots) up to which every LUN is a slot of its own in a second ILP."""

SWAP = -1
"""The place of a swap file that stands apart from disk 0, where a disk has its number."""


@dataclass(frozen=True)
class Load:
    """What one thing takes of a LUN."""

    size_mib: int
    iops: Fraction = Fraction(0)
    mbps: Fraction = Fraction(0)

    def __add__(self, other: "Load") -> "Load":
        """Return both together."""
        return Load(self.size_mib + other.size_mib, self.iops + other.iops, self.mbps + other.mbps)

    def __mul__(self, times: int) -> "Load":
        """Return it several times."""
        return Load(self.size_mib * times, self.iops * times, self.mbps * times)


@dataclass(frozen=True)
class Bucket:
    """Where content may stand: LUNs of one class at one site, mirrored from `source` to its peer site, or not."""

    site: str
    storage_class: str
    peer: str | None = None

    @property
    def mirrored(self) -> bool:
        """Whether its LUNs are replicated by Global Mirror; `site` is then the source."""
        return self.peer is not None


@dataclass(frozen=True)
class Part:
    """What is decided together: some disks of like VM groups, their swap file, and the mechanism while it is open."""

    site: str
    other: str | None
    mechanisms: tuple[Mechanism | None, ...]
    count: int
    swap_mib: int
    disks: tuple[Disk, ...]
    first: bool
    """Whether disk 0 is among the disks (it is then the first of them)."""


@dataclass(frozen=True)
class Member:
    """One group that a part stands for, and the numbers of its disks in the part."""

    group: str
    disks: tuple[int, ...]


@dataclass(frozen=True)
class Kind:
    """Items that are laid out alike: disk `disk` of the members of a part (or its swap file), with the swap file or not."""

    part: int
    disk: int
    with_swap: bool
    mechanism: Mechanism | None
    load: Load


@dataclass
class _Chosen:
    """The unknowns of one part under one mechanism; each counts groups."""

    groups: Unknown
    classes: list[dict[str, Unknown]]
    home: dict[str, dict[str, Unknown]]
    """Swap files that stand with disk 0: by site, by class of disk 0."""
    apart: dict[str, dict[str, Unknown]]
    """Swap files that stand by themselves: by site, by class."""


@dataclass
class _Slot:
    """One LUN, or any number of like ones: how many, how large, and how many items of each kind."""

    bucket: Bucket
    units: Unknown
    luns: Unknown
    single: bool
    content: dict[Kind, Linear] = field(default_factory=dict)


@dataclass(frozen=True)
class Lun:
    """A LUN as laid out: items of each kind."""

    bucket: Bucket
    size_gib: int
    content: Mapping[Kind, int]


@dataclass(frozen=True)
class StoragePlan:
    """Datastores and mechanisms, their cost with licences, and the bound that proves how good they are."""

    datastores: tuple[Datastore, ...]
    protection: dict[str, Mechanism]
    cost: Fraction
    bound: Fraction


def protection_faults(case: Case) -> Iterator[Fault]:
    """Yield a fault for each protected group that no mechanism suits, and for each disk that no class can hold."""
    for group in case.workload.vms:
        refused = metro_mirror(case, group)
        if not refused.holds:
            yield Fault(refused.unit, path=group.name, rule=refused.rule.id)
            continue
        broken = {}
        for mechanism in (GLOBAL_MIRROR, VM_REPLICATION) if group.protection else ():
            broken[mechanism] = [
                (row.rule.id, row.unit) for row in mechanism_fit(case, group, mechanism) if not row.holds
            ] or list(_homeless(case, group, mechanism))
        if broken and all(broken.values()):
            yield _no_way(group, broken, "no mechanism suits")
        if not group.protection:
            reasons = list(_homeless(case, group, None))
            if reasons:
                yield Fault(f"no storage class can hold it: {reasons[0][1]}", path=group.name, rule=reasons[0][0])


def _no_way(group: VmGroup, broken: Mapping[str, Sequence[tuple[str, str]]], words: str) -> Fault:
    wish = group.protection
    assert wish is not None
    reasons = "; ".join(f"{name}: {rows[0][1]} ({rows[0][0]})" for name, rows in broken.items())
    asked = ", ".join(
        f"{what} {value}"
        for what, value in (("rpo", wish.rpo), ("rto", wish.rto), ("mechanism", wish.mechanism))
        if value
    )
    rules = {rows[0][0] for rows in broken.values()}
    rule = rules.pop() if len(rules) == 1 else "DR-2"
    return Fault(f"{words} ({asked}): {reasons}", path=group.name, rule=rule)


def _homeless(case: Case, group: VmGroup, mechanism: Mechanism | None) -> Iterator[tuple[str, str]]:
    """Yield rule and reason for each disk of a group that can stand nowhere under a mechanism."""
    for index, disk in enumerate(group.disks):
        mirrored = mechanism == GLOBAL_MIRROR and disk.replicated
        load, place = _disk_load(disk), f"{group.name} disk {index}"
        if any(_may_stand(case, disk, load, name, mirrored) for name in case.classes):
            continue
        wanted = [disk.storage_class] if disk.storage_class else list(case.classes)
        rows = [row for name in wanted for row in disk_class(case, disk, name, place, mirrored=mirrored)]
        broken = [row for row in rows if not row.holds]
        if broken and disk.storage_class:
            yield broken[0].rule.id, f"disk {index}: {broken[0].unit}"
        else:
            yield LUN_2.id, f"disk {index} of {number(disk.size_gib)} GiB and {disk.iops} IOPS exceeds the largest LUN"


def _disk_load(disk: Disk) -> Load:
    return Load(disk.size_mib, Fraction(disk.iops), Fraction(disk.mbps))


def _may_stand(case: Case, disk: Disk, load: Load, name: str, mirrored: bool) -> bool:
    """Return whether a disk may stand on a class, and a load with it fits the largest LUN of the class."""
    rows = disk_class(case, disk, name, "", mirrored=mirrored)
    return all(row.holds for row in rows) and _least_gib(case, name, load, mirrored) is not None


def _least_gib(case: Case, name: str, load: Load, mirrored: bool) -> int | None:
    """Return the size of the smallest LUN of a class that holds a load, in GiB; None when the largest is too small."""
    item = case.edition.storage_classes[name]
    largest = largest_lun_gib(case, item)
    low, high = 1, largest // item.unit_gib
    if not high or not _holds(case, item, load, largest, mirrored):
        return None
    while low < high:
        middle = (low + high) // 2
        if _holds(case, item, load, middle * item.unit_gib, mirrored):
            high = middle
        else:
            low = middle + 1
    return low * item.unit_gib


def _holds(case: Case, item: StorageClass, load: Load, size_gib: int, mirrored: bool) -> bool:
    rows = lun_limits(
        case,
        item,
        "",
        size_gib=size_gib,
        used_gib=gib(load.size_mib),
        iops=load.iops,
        mbps=load.mbps,
        mirrored=mirrored,
    )
    return all(row.holds for row in rows)


def plan_storage(case: Case, budget: Budget) -> StoragePlan:
    """Return the cheapest datastores and mechanisms of a workload, over all sites together.

    Raises NoPlanError when no choice keeps the rules, and TimeLimitError when time ran out before any was found.
    """
    parts = _parts(case)
    model = _Storage(case, parts, {})
    outcome = model.solve(budget)
    luns = model.layout()
    best, bound = (model, luns), outcome.bound
    if _gap(case, model, luns, bound) and not budget.spent:
        slots = model.slots_needed()
        if slots is not None:
            finer = _Storage(case, parts, slots)
            finest = finer.solve(budget)
            bound = max(bound, finest.bound)
            if finest.found:
                best = min(best, (finer, finer.layout()), key=lambda pair: pair[0].price(pair[1]))
    model, luns = best
    return model.result(luns, bound)


def _gap(case: Case, model: "_Storage", luns: Sequence[Lun], bound: Fraction) -> bool:
    return model.price(luns) - bound > Fraction(1, 1000)


def _parts(case: Case) -> dict[Part, list[Member]]:
    """Return the parts of a workload with the groups that each stands for, independent of the order of the file."""
    parts: dict[Part, list[Member]] = {}
    for group in sorted(case.workload.vms, key=lambda group: group.name):
        mechanisms = _mechanisms(case, group)
        other = case.workload.other_site(group) if group.protection else None
        swap = group.memory_mib if group.powered_on else 0
        numbers = tuple(range(len(group.disks)))
        clusters = [numbers] if len(mechanisms) > 1 else [(index,) for index in numbers]
        for indexes in clusters:
            first = indexes[0] == 0
            disks = tuple(_bare(group.disks[index]) for index in indexes)
            part = Part(group.site, other, mechanisms, group.count, swap if first else 0, disks, first)
            parts.setdefault(part, []).append(Member(group.name, indexes))
    return parts


def _bare(disk: Disk) -> Disk:
    """Return a disk without what storage does not look at, so that equal disks are equal."""
    return disk.model_copy(update={"used_gib": disk.size_gib, "backup": True, "constant_writes": False})


def _mechanisms(case: Case, group: VmGroup) -> tuple[Mechanism | None, ...]:
    if not group.protection:
        return (None,)
    wanted: tuple[Mechanism, ...] = (GLOBAL_MIRROR, VM_REPLICATION)
    services = {
        GLOBAL_MIRROR: case.edition.services.global_mirror,
        VM_REPLICATION: case.edition.services.vm_replication,
    }
    allowed = [
        name
        for name in wanted
        if all(row.holds for row in mechanism_fit(case, group, name)) and not list(_homeless(case, group, name))
    ]
    priced = [name for name in allowed if case.prices.offer(services[name])]
    if not priced:
        raise BadInputError(missing_prices(case, [services[name] for name in allowed]))
    return tuple(priced)


class _Storage:
    """The ILP of a workload's storage; `slots` says how many LUNs of their own a bucket has (none: one slot of sums)."""

    def __init__(self, case: Case, parts: Mapping[Part, Sequence[Member]], slots: Mapping[Bucket, int]):
        self.case = case
        self.parts = list(parts.items())
        self.model = Model()
        self.supply: dict[Bucket, dict[Kind, list[Linear]]] = {}
        self.chosen: list[dict[Mechanism | None, _Chosen]] = [
            self._choose(index, part, len(members)) for index, (part, members) in enumerate(self.parts)
        ]
        self.slots = [slot for bucket in self._order() for slot in self._slots(bucket, slots.get(bucket, 0))]
        self.licences = {site: self.model.whole() for site in case.sites}
        self._limits()

    # What may be chosen

    def _choose(self, index: int, part: Part, multiplicity: int) -> dict[Mechanism | None, _Chosen]:
        chosen = {name: self._under(index, part, name, multiplicity) for name in part.mechanisms}
        self.model.equal(add(choice.groups for choice in chosen.values()), multiplicity)
        return chosen

    def _under(self, index: int, part: Part, mechanism: Mechanism | None, multiplicity: int) -> _Chosen:
        """Add the choices of a part under one mechanism: a class for each disk, a place for each swap file."""
        model = self.model
        groups = model.whole(0, multiplicity)
        sites = (part.site, part.other) if part.other else (part.site,)
        choice = _Chosen(groups, [], {site: {} for site in sites}, {site: {} for site in sites})
        for disk in part.disks:
            mirrored = mechanism == GLOBAL_MIRROR and disk.replicated
            options = [
                name for name in self.case.classes if _may_stand(self.case, disk, _disk_load(disk), name, mirrored)
            ]
            choice.classes.append({name: model.whole(0, multiplicity) for name in options})
            model.equal(add(choice.classes[-1].values()), groups)
        if part.swap_mib:
            self._swap(part, mechanism, choice, sites, multiplicity)
        self._supply(index, part, mechanism, choice, sites)
        return choice

    def _swap(
        self, part: Part, mechanism: Mechanism | None, choice: _Chosen, sites: Sequence[str], multiplicity: int
    ) -> None:
        """Each swap file stands with disk 0 or apart; under Global Mirror it is with disk 0 at both peers or at none."""
        case, model = self.case, self.model
        mirrored = mechanism == GLOBAL_MIRROR
        swap = Load(part.swap_mib)
        joint = _disk_load(part.disks[0]) + swap
        for site in sites:
            for name, with_class in choice.classes[0].items():
                if swap_at_home(case, name) and _least_gib(case, name, joint, mirrored) is not None:
                    choice.home[site][name] = model.whole(0, multiplicity)
                    model.at_most(choice.home[site][name], with_class)
            for name in swap_classes(case):
                if name in case.classes and _least_gib(case, name, swap, mirrored=False) is not None:
                    choice.apart[site][name] = model.whole(0, multiplicity)
            places = [*choice.home[site].values(), *choice.apart[site].values()]
            model.equal(add(places), choice.groups)
        if mirrored:
            for name, home in choice.home[sites[0]].items():
                model.equal(home, choice.home[sites[1]][name])

    def _supply(
        self, index: int, part: Part, mechanism: Mechanism | None, choice: _Chosen, sites: Sequence[str]
    ) -> None:
        """Note how many items each choice brings to each bucket."""
        for position, (disk, classes) in enumerate(zip(part.disks, choice.classes, strict=True)):
            load = _disk_load(disk)
            for bucket_sites, peer in self._stands(part, mechanism, disk, sites):
                for site in bucket_sites:
                    for name, unknown in classes.items():
                        bucket = Bucket(site, name, peer)
                        home = choice.home[site].get(name, 0) if position == 0 and part.first else 0
                        alone = Kind(index, position, False, mechanism, load)
                        self._bring(bucket, alone, part.count * (unknown - home))
                        if not isinstance(home, int):
                            both = Kind(index, position, True, mechanism, load + Load(part.swap_mib))
                            self._bring(bucket, both, part.count * home)
        for site in sites:
            for name, unknown in choice.apart[site].items():
                kind = Kind(index, SWAP, True, mechanism, Load(part.swap_mib))
                self._bring(Bucket(site, name), kind, part.count * unknown)

    def _stands(
        self, part: Part, mechanism: Mechanism | None, disk: Disk, sites: Sequence[str]
    ) -> list[tuple[Sequence[str], str | None]]:
        """Return where a disk stands: sites, and the peer site when mirrored (DR-3, GM-2, VMR-2)."""
        if mechanism is None or not disk.replicated:
            return [((part.site,), None)]
        if mechanism == GLOBAL_MIRROR:
            return [((part.site,), part.other)]
        return [(tuple(sites), None)]

    def _bring(self, bucket: Bucket, kind: Kind, count: Linear) -> None:
        self.supply.setdefault(bucket, {}).setdefault(kind, []).append(count)

    # Where it stands

    def _order(self) -> list[Bucket]:
        """Return every bucket, also the empty ones that may serve to reach `min_datastores`, in a fixed order."""
        buckets = set(self.supply)
        if self.case.workload.policy.min_datastores > 1:
            buckets |= {Bucket(site, name) for site in self.case.cluster_sites for name in self.case.classes}
        names = list(self.case.classes)
        return sorted(
            buckets,
            key=lambda b: (self.case.sites.index(b.site), b.peer or "", names.index(b.storage_class)),
        )

    def _slots(self, bucket: Bucket, separate: int) -> list[_Slot]:
        model = self.model
        supply = {kind: add(counts) for kind, counts in self.supply.get(bucket, {}).items()}
        if not separate:
            return [_Slot(bucket, model.whole(), model.whole(), False, dict(supply))]
        slots = [_Slot(bucket, model.whole(), model.whole(0, 1), True) for _ in range(separate)]
        for kind, count in supply.items():
            for slot in slots:
                slot.content[kind] = model.whole()
            model.equal(add(slot.content[kind] for slot in slots), count)
        for larger, smaller in zip(slots, slots[1:], strict=False):
            model.at_most(smaller.units, larger.units)
        return slots

    def _limits(self) -> None:
        case, model = self.case, self.model
        for slot in self.slots:
            item = case.edition.storage_classes[slot.bucket.storage_class]
            content = slot.content.items()
            model.keep(
                *lun_limits(
                    case,
                    item,
                    slot.bucket.site,
                    size_gib=item.unit_gib * slot.units,
                    used_gib=add(gib(kind.load.size_mib) * count for kind, count in content),
                    iops=add(kind.load.iops * count for kind, count in content),
                    mbps=add(kind.load.mbps * count for kind, count in content),
                    mirrored=slot.bucket.mirrored,
                    luns=slot.luns,
                )
            )
        for site in case.sites:
            mirrored = add(self._size(slot) for slot in self.slots if slot.bucket.mirrored and slot.bucket.site == site)
            model.keep(mirror_licence(site, mirrored_gib=mirrored, licences_tib=self.licences[site]))
            if site in case.cluster_sites:
                here = add(slot.luns for slot in self.slots if site in (slot.bucket.site, slot.bucket.peer))
                model.keep(datastores_of_site(case, site, here))

    def _size(self, slot: _Slot) -> Linear:
        return self.case.edition.storage_classes[slot.bucket.storage_class].unit_gib * slot.units

    def _objective(self) -> Linear:
        case = self.case
        terms = []
        for slot in self.slots:
            copies = 2 if slot.bucket.mirrored else 1
            terms.append(copies * cost(case, datastore_items(case, slot.bucket.storage_class, self._size(slot))))
        terms += [self._licence_cost({site: unknown}) for site, unknown in self.licences.items()]
        for (part, _), chosen in zip(self.parts, self.chosen, strict=True):
            if part.first and VM_REPLICATION in chosen:
                licence = (case.edition.services.vm_replication, part.count * chosen[VM_REPLICATION].groups)
                terms.append(cost(case, [licence]))
        return add(terms)

    def _licence_cost(self, licences: Mapping[str, Linear]) -> Linear:
        item = self.case.edition.services.global_mirror
        priced = self.case.prices.offer(item) is not None
        return add(cost(self.case, [(item, count)]) for count in licences.values()) if priced else 0

    # Solving, and what comes of it

    def solve(self, budget: Budget) -> Outcome:
        """Search for the cheapest storage; ties go to fewer datastores."""
        outcome = self.model.minimise(self._objective(), budget)
        if outcome.infeasible:
            raise NoPlanError([Fault("no layout of the datastores keeps the rules", rule=LUN_2.id)])
        if not outcome.found:
            raise TimeLimitError("no storage layout was found in the time given")
        if len(self.slots) + sum(len(slot.content) for slot in self.slots) <= EXACT_ITEMS:
            self.model.prefer(self._objective(), [add(slot.luns for slot in self.slots)], budget)
        return outcome

    def slots_needed(self) -> dict[Bucket, int] | None:
        """Return how many LUNs of their own each bucket needs at most in some cheapest plan; None when too many.

        Two LUNs of a bucket that fit together cost no less apart, so all but one are more than half full (as seen from
        the resource that fills them), except for those that only serve to reach `min_datastores`.
        """
        extra = max(0, self.case.workload.policy.min_datastores - 1)
        slots = {}
        items = 0
        for bucket in self._order():
            loads = [
                (kind.load, self.parts[kind.part][0].count * len(self.parts[kind.part][1]))
                for kind in self.supply.get(bucket, {})
            ]
            slots[bucket] = max(1, self._most_luns(bucket, loads)) + extra
            items += slots[bucket] * len(loads)
        return slots if items <= EXACT_ITEMS else None

    def _most_luns(self, bucket: Bucket, loads: Sequence[tuple[Load, int]]) -> int:
        """Return how many LUNs a bucket can need: two that both leave half of every resource free could be merged."""
        case, item = self.case, self.case.edition.storage_classes[bucket.storage_class]
        largest = largest_lun_gib(case, item)
        share = 1 / case.edition.exact("IOPS-3", "performance_left") if bucket.mirrored else Fraction(1)
        room = (1 - Fraction(case.workload.policy.snapshot_headroom)) * largest
        rate = Fraction(item.iops_per_tib * largest, GIB_PER_TIB)
        if item.iops_max is not None:
            rate = min(rate, Fraction(item.iops_max))
        fill = sum((gib(load.size_mib) * times for load, times in loads), Fraction(0)) / room
        if rate:
            fill += sum((load.iops * share * times for load, times in loads), Fraction(0)) / rate
        if item.mbps_max is not None:
            fill += sum((load.mbps * times for load, times in loads), Fraction(0)) / item.mbps_max
        return min(math.floor(2 * fill) + 1, sum(times for _, times in loads))

    def layout(self) -> list[Lun]:
        """Return the LUNs of the solution found: a slot of its own is one LUN, sums are laid out first-fit."""
        luns: list[Lun] = []
        for slot in self.slots:
            content = {kind: self.model.value(count) for kind, count in slot.content.items()}
            content = {kind: count for kind, count in content.items() if count}
            wanted = self.model.value(slot.luns)
            if not content and not wanted:
                continue
            bins = [Counter(content)] if slot.single or wanted <= 1 else self._first_fit(slot.bucket, content, wanted)
            luns += [self._lun(slot.bucket, bin_content) for bin_content in bins]
        return luns

    def _lun(self, bucket: Bucket, content: Mapping[Kind, int]) -> Lun:
        load = sum((kind.load * count for kind, count in content.items()), Load(0))
        size = _least_gib(self.case, bucket.storage_class, load, bucket.mirrored)
        if size is None:
            raise NoPlanError([Fault(f"the content of a datastore at {bucket.site} exceeds it", rule=LUN_2.id)])
        return Lun(bucket, size, {kind: count for kind, count in content.items() if count})

    def _first_fit(self, bucket: Bucket, content: Mapping[Kind, int], wanted: int) -> list[Counter[Kind]]:
        """Place items on LUNs, largest first, each on the first LUN with room; at least `wanted` LUNs come out."""
        item = self.case.edition.storage_classes[bucket.storage_class]
        largest = largest_lun_gib(self.case, item)
        bins: list[tuple[Counter[Kind], Load]] = [(Counter(), Load(0)) for _ in range(wanted)]
        for kind in sorted(content, key=lambda kind: (-kind.load.size_mib, -kind.load.iops, kind.part, kind.disk)):
            for _ in range(content[kind]):
                for position, (held, load) in enumerate(bins):
                    if _holds(self.case, item, load + kind.load, largest, bucket.mirrored):
                        held[kind] += 1
                        bins[position] = (held, load + kind.load)
                        break
                else:
                    bins.append((Counter({kind: 1}), kind.load))
        return [held for held, _ in bins]

    def price(self, luns: Sequence[Lun]) -> Fraction:
        """Return the exact cost of LUNs and licences."""
        case = self.case
        amount = Fraction(0)
        mirrored: Counter[str] = Counter()
        for lun in luns:
            copies = 2 if lun.bucket.mirrored else 1
            amount += copies * Fraction(cost(case, datastore_items(case, lun.bucket.storage_class, lun.size_gib)))
            if lun.bucket.mirrored:
                mirrored[lun.bucket.site] += lun.size_gib
        licences = sum(math.ceil(Fraction(size, GIB_PER_TIB)) for size in mirrored.values())
        vms = sum(
            part.count * self.model.value(chosen[VM_REPLICATION].groups)
            for (part, _), chosen in zip(self.parts, self.chosen, strict=True)
            if part.first and VM_REPLICATION in chosen
        )
        services = case.edition.services
        taken = [(item, n) for item, n in ((services.global_mirror, licences), (services.vm_replication, vms)) if n]
        return amount + Fraction(cost(case, taken))

    def result(self, luns: Sequence[Lun], bound: Fraction) -> StoragePlan:
        """Name the datastores and hand their content out to the groups, in the order of names."""
        dealer = _Dealer(self)
        datastores: list[Datastore] = []
        numbers: Counter[tuple[str, str]] = Counter()
        for lun in luns:
            disks, swap = dealer.deal(lun)
            names = []
            for site in (lun.bucket.site, lun.bucket.peer):
                if site:
                    numbers[site, lun.bucket.storage_class] += 1
                    names.append(f"{site}-{lun.bucket.storage_class}-{numbers[site, lun.bucket.storage_class]}")
            for site, name in zip((lun.bucket.site, lun.bucket.peer), names, strict=False):
                datastores.append(
                    Datastore.model_validate(
                        {
                            "name": name,
                            "site": site,
                            "class": lun.bucket.storage_class,
                            "size_gib": lun.size_gib,
                            "replication": GLOBAL_MIRROR if lun.bucket.mirrored else None,
                            "peer": next((peer for peer in names if peer != name), None),
                            "disks": disks,
                            "vswp": swap,
                        }
                    )
                )
        order = {site: position for position, site in enumerate(self.case.sites)}
        datastores.sort(key=lambda store: order[store.site])
        return StoragePlan(tuple(datastores), dealer.protection(), self.price(luns), bound)


class _Dealer:
    """Hands the items of each kind out to the groups of its part, in the order of names."""

    def __init__(self, storage: _Storage):
        self._storage = storage
        self._mechanism: list[dict[Mechanism | None, list[Member]]] = []
        for (_, members), chosen in zip(storage.parts, storage.chosen, strict=True):
            queue = list(members)
            self._mechanism.append({})
            for mechanism, choice in chosen.items():
                taken = storage.model.value(choice.groups)
                self._mechanism[-1][mechanism], queue = queue[:taken], queue[taken:]
        self._queues: dict[tuple[Bucket, Kind], list[tuple[str, int, int]]] = {}
        for index in range(len(storage.parts)):
            self._assign(index)

    def _assign(self, index: int) -> None:
        """Say which groups of a part have which class, and where their swap files stand, site by site."""
        storage, part = self._storage, self._storage.parts[index][0]
        for mechanism, members in self._mechanism[index].items():
            choice = storage.chosen[index][mechanism]
            sites = list(choice.home)
            for position, (disk, classes) in enumerate(zip(part.disks, choice.classes, strict=True)):
                queue = list(members)
                for name, unknown in classes.items():
                    taken = storage.model.value(unknown)
                    mine, queue = queue[:taken], queue[taken:]
                    for bucket_sites, peer in storage._stands(part, mechanism, disk, sites):
                        for site in bucket_sites:
                            home = choice.home[site].get(name, 0) if position == 0 and part.first else 0
                            at_home = storage.model.value(home)
                            bucket = Bucket(site, name, peer)
                            self._queue(bucket, index, position, True, mechanism, mine[:at_home])
                            self._queue(bucket, index, position, False, mechanism, mine[at_home:])
            self._assign_swap(index, mechanism, members, choice)

    def _assign_swap(self, index: int, mechanism: Mechanism | None, members: Sequence[Member], choice: _Chosen) -> None:
        """Groups whose swap file does not stand with disk 0 take the classes apart, in order."""
        value = self._storage.model.value
        for site, apart in choice.apart.items():
            home: list[Member] = []
            queue = list(members)
            for name, unknown in choice.classes[0].items():
                taken = value(unknown)
                mine, queue = queue[:taken], queue[taken:]
                home += mine[: value(choice.home[site].get(name, 0))]
            rest = [member for member in members if member not in home]
            for name, unknown in apart.items():
                taken = value(unknown)
                mine, rest = rest[:taken], rest[taken:]
                self._queue(Bucket(site, name), index, SWAP, True, mechanism, mine)

    def _queue(
        self,
        bucket: Bucket,
        index: int,
        position: int,
        with_swap: bool,
        mechanism: Mechanism | None,
        members: Sequence[Member],
    ) -> None:
        part = self._storage.parts[index][0]
        for kind in self._storage.supply.get(bucket, {}):
            if (kind.part, kind.disk, kind.with_swap, kind.mechanism) == (index, position, with_swap, mechanism):
                entries = [
                    (member.group, member.disks[position] if position != SWAP else SWAP, part.count)
                    for member in members
                ]
                self._queues[bucket, kind] = entries

    def deal(self, lun: Lun) -> tuple[list[DiskPlacement], dict[str, int]]:
        """Return the disks and swap files of a LUN, by group."""
        disks: Counter[tuple[str, int]] = Counter()
        swap: Counter[str] = Counter()
        for kind, count in lun.content.items():
            left, queue = count, self._queues[lun.bucket, kind]
            while left:
                group, disk, held = queue.pop(0)
                taken = min(left, held)
                left -= taken
                if taken < held:
                    queue.insert(0, (group, disk, held - taken))
                if kind.with_swap:
                    swap[group] += taken
                if disk != SWAP:
                    disks[group, disk] += taken
        placed = [DiskPlacement(vm=vm, disk=disk, count=count) for (vm, disk), count in sorted(disks.items())]
        return placed, dict(sorted(swap.items()))

    def protection(self) -> dict[str, Mechanism]:
        """Return the mechanism of each protected group, by name."""
        return {
            member.group: mechanism
            for by_mechanism in self._mechanism
            for mechanism, members in by_mechanism.items()
            if mechanism
            for member in members
        }
