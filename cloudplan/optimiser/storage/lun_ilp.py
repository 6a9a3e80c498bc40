"""The cheapest datastores and mechanisms, over all sites together, with a proven lower bound.

The ILP chooses mechanisms, classes and swap places, counting groups. Each bucket has one *slot* that stands for any
number of LUNs, by their sums alone: a bound, and exact when one LUN holds everything. Where the LUNs laid out come
dearer than the sums, the bucket gets a slot for each LUN, and the ILP is solved again.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from cloudplan.base.errors import Fault, NoPlanError, TimeLimitError
from cloudplan.evaluation.items import Decision, cost, items
from cloudplan.optimiser.solver import Budget, Model, Outcome, Unknown, add
from cloudplan.optimiser.storage.luns import (
    NOTHING,
    Bucket,
    Kind,
    Lun,
    disk_load,
    first_fit,
    least_gib,
    may_stand,
    shares,
    swap_load,
)
from cloudplan.optimiser.storage.parts import SWAP, Chosen, Member, Part, parts_of
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION, Mechanism
from cloudplan.rules.protection import mirror_licence, mirror_licences_tib
from cloudplan.rules.rule import Linear
from cloudplan.rules.storage import (
    LUN_2,
    datastores_of_site,
    lun_dimensions,
    lun_limits,
    swap_at_home,
    swap_classes,
)
from cloudplan.workload.case import Case

EXACT_ITEMS = 400
"""Placements (kinds of item x slots) up to which LUNs get slots of their own."""

SETTLED = Fraction(1, 1000)
"""A cost this close to the bound, in currency units, is the optimum."""

Choices = list[dict[Mechanism | None, Chosen[Unknown]]]
"""For each part, what is chosen under each mechanism."""


@dataclass
class _Slot:
    """One LUN, or any number of like ones: how many, how many billing units in all, how many items of each kind."""

    bucket: Bucket
    units: Unknown
    luns: Unknown
    single: bool
    content: dict[Kind, Linear] = field(default_factory=dict)


@dataclass(frozen=True)
class StoragePlan:
    """The LUNs and what was chosen for each part, their cost with licences, and the bound that is their proof."""

    parts: Sequence[tuple[Part, Sequence[Member]]]
    chosen: Sequence[Mapping[Mechanism | None, Chosen[int]]]
    luns: Sequence[Lun]
    cost: Fraction
    bound: Fraction


class StorageSearch:
    """The search for the storage of a workload: its plan gets better and better."""

    def __init__(self, case: Case):
        self._case = case
        self._plan: StoragePlan | None = None

    @property
    def plan(self) -> StoragePlan:
        """The best storage so far; raises TimeLimitError when there is none."""
        if self._plan is None:
            raise TimeLimitError("no storage layout was found in the time given")
        return self._plan

    @property
    def left(self) -> Fraction | None:
        """What is left between cost and bound; None while there is no plan."""
        return self._plan.cost - self._plan.bound if self._plan else None

    def start(self, budget: Budget) -> None:
        """Find some storage and some bound, quickly."""
        self.improve(budget.until(0.0))

    def improve(self, budget: Budget) -> None:
        """Search until cost and bound meet, or the budget is spent.

        Raises NoPlanError when no choice keeps the rules.
        """
        budget.progress("laying out storage")
        found = plan_storage(self._case, budget)
        if self._plan:
            better = min(self._plan, found, key=lambda plan: plan.cost)
            found = replace(better, bound=max(self._plan.bound, found.bound))
        self._plan = found


def plan_storage(case: Case, budget: Budget) -> StoragePlan:
    """Return the cheapest storage of a workload.

    The first ILP is small and has no time limit, so that there is always a plan. Raises NoPlanError when no choice
    keeps the rules.
    """
    parts = parts_of(case)
    model = _StorageModel(case, parts, {})
    bound = model.solve(budget.unlimited).bound
    best = model.result(bound)
    while best.cost - bound > max(SETTLED, Fraction(budget.gap) * best.cost) and not budget.spent:
        slots = model.refined(model.layout())
        if slots == model.separate or model.placements(slots) > EXACT_ITEMS:
            break
        model = _StorageModel(case, parts, slots)
        bound = max(bound, model.solve(budget).bound)
        best = min(best, model.result(bound), key=lambda plan: plan.cost)
    return StoragePlan(best.parts, best.chosen, best.luns, best.cost, bound)


class _StorageModel:
    """The ILP; `separate` says which buckets have a slot for each LUN, and how many."""

    def __init__(self, case: Case, parts: Mapping[Part, Sequence[Member]], separate: Mapping[Bucket, int]):
        self.case = case
        self.separate = dict(separate)
        self.parts = list(parts.items())
        self.model = Model()
        self.supply: dict[Bucket, dict[Kind, list[Linear]]] = {}
        self.chosen: Choices = [self._choose(index, part) for index, (part, _) in enumerate(self.parts)]
        self.buckets = self._buckets()
        self.slots = [slot for bucket in self.buckets for slot in self._slots(bucket)]
        self.licences = {site: self.model.whole() for site in case.sites}
        self._limits()

    # What may be chosen

    def _choose(self, index: int, part: Part) -> dict[Mechanism | None, Chosen[Unknown]]:
        chosen = {mechanism: self._under(index, part, mechanism) for mechanism in part.mechanisms}
        self.model.equal(add(choice.groups for choice in chosen.values()), len(self.parts[index][1]))
        return chosen

    def _under(self, index: int, part: Part, mechanism: Mechanism | None) -> Chosen[Unknown]:
        """Add the choices of a part under one mechanism: a class for each disk, a place for each swap file."""
        most = len(self.parts[index][1])
        choice: Chosen[Unknown] = Chosen(self.model.whole(0, most), [], {}, {})
        for disk in part.disks:
            mirrored = mechanism == GLOBAL_MIRROR and disk.replicated
            options = [name for name in self.case.classes if may_stand(self.case, disk, name, mirrored=mirrored)]
            choice.classes.append({name: self.model.whole(0, most) for name in options})
            self.model.equal(add(choice.classes[-1].values()), choice.groups)
        for site in part.sites:
            choice.home[site], choice.apart[site] = {}, {}
        if part.swap_mib:
            self._place_swap(part, mechanism, choice, most)
        self._supply(index, part, mechanism, choice)
        return choice

    def _place_swap(self, part: Part, mechanism: Mechanism | None, choice: Chosen[Unknown], most: int) -> None:
        """Each swap file stands with disk 0 or apart; under Global Mirror with disk 0 at both peers or at none."""
        case, model, mirrored = self.case, self.model, mechanism == GLOBAL_MIRROR
        swap = swap_load(case, part.swap_mib)
        together = disk_load(case, part.disks[0]) + swap
        for site in part.sites:
            for name, with_class in choice.classes[0].items():
                if swap_at_home(case) and least_gib(case, name, together, mirrored=mirrored) is not None:
                    choice.home[site][name] = model.whole(0, most)
                    model.at_most(choice.home[site][name], with_class)
            for name in swap_classes(case):
                if name in case.classes and least_gib(case, name, swap, mirrored=False) is not None:
                    choice.apart[site][name] = model.whole(0, most)
            model.equal(add([*choice.home[site].values(), *choice.apart[site].values()]), choice.groups)
        if mirrored:
            source, peer = (choice.home[site] for site in part.sites)
            for name in source:
                model.equal(source[name], peer[name])

    def _supply(self, index: int, part: Part, mechanism: Mechanism | None, choice: Chosen[Unknown]) -> None:
        """Note how many items each choice brings to each bucket."""
        for position, (disk, classes) in enumerate(zip(part.disks, choice.classes, strict=True)):
            sites, peer = part.stands(disk, mechanism)
            for site, (name, groups) in itertools.product(sites, classes.items()):
                bucket, home = Bucket(site, name, peer), None
                if position == 0:
                    home = choice.home[site].get(name)
                if home is not None:
                    both = part.kind(self.case, index, position, mechanism, with_swap=True)
                    self._bring(bucket, both, part.count * home)
                alone = part.kind(self.case, index, position, mechanism, with_swap=False)
                self._bring(bucket, alone, part.count * (groups if home is None else groups - home))
        for site, apart in choice.apart.items():
            for name, groups in apart.items():
                self._bring(
                    Bucket(site, name),
                    part.kind(self.case, index, SWAP, mechanism, with_swap=True),
                    part.count * groups,
                )

    def _bring(self, bucket: Bucket, kind: Kind, count: Linear) -> None:
        self.supply.setdefault(bucket, {}).setdefault(kind, []).append(count)

    # Where it stands

    def _buckets(self) -> list[Bucket]:
        """Return every bucket in a fixed order, also the empty ones that may serve to reach `min_datastores`."""
        buckets = set(self.supply)
        if self.case.workload.policy.min_datastores > 1:
            buckets |= {Bucket(site, name) for site in self.case.cluster_sites for name in self._flash()}
        sites, names = self.case.sites, list(self.case.classes)
        return sorted(buckets, key=lambda b: (sites.index(b.site), b.peer or "", names.index(b.storage_class)))

    def _flash(self) -> list[str]:
        """Return the classes for an empty datastore: mass storage only when asked for by name (CLS-1)."""
        return [name for name in self.case.edition.flash_classes if name in self.case.classes]

    def _slots(self, bucket: Bucket) -> list[_Slot]:
        model = self.model
        supply = {kind: add(counts) for kind, counts in self.supply.get(bucket, {}).items()}
        if bucket not in self.separate:
            return [_Slot(bucket, model.whole(), model.whole(), False, supply)]
        slots = [_Slot(bucket, model.whole(), model.whole(0, 1), True) for _ in range(self.separate[bucket])]
        for kind, count in supply.items():
            for slot in slots:
                slot.content[kind] = model.whole()
            model.equal(add(slot.content[kind] for slot in slots), count)
        for larger, smaller in itertools.pairwise(slots):
            model.at_most(smaller.units, larger.units)
        return slots

    def _limits(self) -> None:
        case, model = self.case, self.model
        for slot in self.slots:
            content, mirrored = slot.content.items(), slot.bucket.mirrored
            rows = lun_limits(
                case,
                case.edition.storage_classes[slot.bucket.storage_class],
                slot.bucket.site,
                size_gib=self._size(slot),
                load=[
                    add(kind.load.amounts[axis] * count for kind, count in content)
                    for axis in range(len(lun_dimensions(case)))
                ],
                mirrored=mirrored,
                luns=slot.luns,
            )
            model.keep(*rows)
        for site, licences in self.licences.items():
            mirrored_gib = add(
                self._size(slot) for slot in self.slots if slot.bucket.mirrored and slot.bucket.site == site
            )
            model.keep(mirror_licence(site, mirrored_gib=mirrored_gib, licences_tib=licences))
        for site in case.cluster_sites:
            here = add(slot.luns for slot in self.slots if site in slot.bucket.sites)
            model.keep(datastores_of_site(case, site, here))

    def _size(self, slot: _Slot) -> Linear:
        """Return the size of a slot in GiB."""
        return self.case.edition.storage_classes[slot.bucket.storage_class].unit_gib * slot.units

    # What it costs

    def _objective(self) -> Linear:
        sizes = [(slot.bucket, self._size(slot)) for slot in self.slots]
        return cost(self.case, items(self.case, self._decision(sizes, self.licences, self.chosen)))

    def _decision(
        self,
        sizes: Sequence[tuple[Bucket, Linear]],
        licences_tib: Mapping[str, Linear],
        chosen: Sequence[Mapping[Mechanism | None, Chosen[Any]]],
    ) -> Decision:
        """Return what is decided: datastores (on both sites when mirrored), licences and replicated VMs."""
        vms: dict[str, list[Linear]] = {}
        for (part, _), choices in zip(self.parts, chosen, strict=True):
            if part.first and VM_REPLICATION in choices:
                vms.setdefault(part.site, []).append(part.count * choices[VM_REPLICATION].groups)
        stores = [(site, bucket.storage_class, size_gib) for bucket, size_gib in sizes for site in bucket.sites]
        replicated = {site: sum(counts, start=Fraction(0)) for site, counts in vms.items()}
        return Decision(datastores=stores, licences_tib=licences_tib, replicated_vms=replicated)

    def price(self, luns: Sequence[Lun], chosen: Sequence[Mapping[Mechanism | None, Chosen[int]]]) -> Fraction:
        """Return the exact cost of LUNs, and of the licences that they and the choices take."""
        mirrored: Counter[str] = Counter()
        for lun in luns:
            if lun.bucket.mirrored:
                mirrored[lun.bucket.site] += lun.size_gib
        licences = {site: mirror_licences_tib(size_gib) for site, size_gib in mirrored.items()}
        sizes = [(lun.bucket, lun.size_gib) for lun in luns]
        return Fraction(cost(self.case, items(self.case, self._decision(sizes, licences, chosen))))

    # Solving, and what comes of it

    def solve(self, budget: Budget) -> Outcome:
        """Search for the cheapest storage; while the model is small, ties go to fewer datastores."""
        outcome = self.model.minimise(self._objective(), budget)
        if outcome.infeasible:
            raise NoPlanError([Fault("no layout of the datastores keeps the rules", rule=LUN_2.id)])
        if not outcome.found:
            raise TimeLimitError("no storage layout was found in the time given")
        if sum(1 + len(slot.content) for slot in self.slots) <= EXACT_ITEMS:
            self.model.prefer(self._objective(), [add(slot.luns for slot in self.slots)], budget)
        return outcome

    def result(self, bound: Fraction) -> StoragePlan:
        """Return the solution found, laid out."""
        luns, chosen = self.layout(), [{name: self._numbers(c) for name, c in part.items()} for part in self.chosen]
        return StoragePlan(self.parts, chosen, luns, self.price(luns, chosen), bound)

    def _numbers(self, choice: Chosen[Unknown]) -> Chosen[int]:
        value = self.model.value
        return Chosen(
            value(choice.groups),
            [{name: value(groups) for name, groups in by_class.items()} for by_class in choice.classes],
            {site: {name: value(groups) for name, groups in home.items()} for site, home in choice.home.items()},
            {site: {name: value(groups) for name, groups in apart.items()} for site, apart in choice.apart.items()},
        )

    def layout(self) -> list[Lun]:
        """Return the LUNs of the solution found: a slot of its own is one LUN, sums are laid out first-fit."""
        luns: list[Lun] = []
        for slot in self.slots:
            counts = {kind: self.model.value(count) for kind, count in slot.content.items()}
            content = {kind: count for kind, count in counts.items() if count}
            if slot.single and (content or self.model.value(slot.luns)):
                luns.append(self._lun(slot.bucket, content))
            elif content:
                luns += [self._lun(slot.bucket, part) for part in first_fit(self.case, slot.bucket, content)]
        return luns + list(self._empty_luns(luns))

    def _lun(self, bucket: Bucket, content: Mapping[Kind, int]) -> Lun:
        load = sum((kind.load * count for kind, count in content.items()), NOTHING)
        size = least_gib(self.case, bucket.storage_class, load, mirrored=bucket.mirrored)
        if size is None:
            raise NoPlanError([Fault(f"the content of a datastore at {bucket.site} exceeds it", rule=LUN_2.id)])
        return Lun(bucket, size, dict(content))

    def _empty_luns(self, luns: Sequence[Lun]) -> Iterator[Lun]:
        """Yield the empty LUNs, of the cheapest class, that a site lacks to reach `min_datastores`."""
        case = self.case
        sizes = {name: least_gib(case, name, NOTHING, mirrored=False) for name in self._flash()}
        offers = [
            (Fraction(cost(case, items(case, Decision(datastores=[(case.sites[0], name, size)])))), size, name)
            for name, size in sizes.items()
            if size
        ]
        for site in sorted(case.cluster_sites):
            here = sum(site in lun.bucket.sites for lun in luns)
            for _ in range(case.workload.policy.min_datastores - here):
                _, size, name = min(offers)
                yield Lun(Bucket(site, name), size, {})

    # Where sums are not enough

    def refined(self, luns: Sequence[Lun]) -> dict[Bucket, int]:
        """Return the slots of the next ILP: one for each LUN also in buckets whose LUNs came out larger than the sums.

        A site that was filled up with empty datastores has all its buckets refined.
        """
        sizes: Counter[Bucket] = Counter()
        for lun in luns:
            sizes[lun.bucket] += lun.size_gib
        sums = {slot.bucket: self.model.value(self._size(slot)) for slot in self.slots if not slot.single}
        filled_up = {lun.bucket.site for lun in luns if not lun.content}
        return {
            bucket: self._most_luns(bucket)
            for bucket in self.buckets
            if bucket in self.separate
            or sizes[bucket] > sums.get(bucket, sizes[bucket])
            or filled_up & set(bucket.sites)
        }

    def placements(self, slots: Mapping[Bucket, int]) -> int:
        """Return how many placements (kinds of item x slots) an ILP with these slots has."""
        return sum(count * len(self.supply.get(bucket, {})) for bucket, count in slots.items())

    def _most_luns(self, bucket: Bucket) -> int:
        """Return how many LUNs a bucket has at most in some cheapest plan, with those that reach `min_datastores`.

        Two LUNs that fit together cost no less apart, so of any two the shares of the resources sum to more than 1.
        """
        case, item = self.case, self.case.edition.storage_classes[bucket.storage_class]
        loads = (
            kind.load * (self.parts[kind.part][0].count * len(self.parts[kind.part][1]))
            for kind in self.supply.get(bucket, {})
        )
        load = sum(loads, NOTHING)
        taken = sum(shares(case, item, load, mirrored=bucket.mirrored), Fraction(0))
        return math.floor(2 * taken) + 1 + max(0, case.workload.policy.min_datastores - 1)
