"""The ILP that chooses mechanisms, classes and swap places, counting groups.

Each bucket has sums alone: how many LUNs, how many billing units in all. The rules of one LUN hold for the sums of
several, so that the optimum is a bound; cuts bring it nearer to what LUNs with whole items take.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from cloudplan.evaluation.items import Decision, cost, items
from cloudplan.optimiser.solver import Budget, Model, Outcome, Unknown, add, total
from cloudplan.optimiser.storage.luns import Bucket, Kind, Load, disk_load, least_gib, may_stand, swap_load
from cloudplan.optimiser.storage.parts import SWAP, Chosen, Member, Part
from cloudplan.optimiser.storage.useful import useful_classes
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION, Mechanism
from cloudplan.rules.protection import mirror_licence, mirror_licences_tib
from cloudplan.rules.rule import Linear
from cloudplan.rules.standing import standing_gib, storage_stands
from cloudplan.rules.storage import datastores_of_site, lun_dimensions, lun_limits, swap_at_home, swap_classes
from cloudplan.workload.case import Case

Choices = list[dict[Mechanism | None, Chosen[Unknown]]]
"""For each part, what is chosen under each mechanism."""

Numbers = list[dict[Mechanism | None, Chosen[int]]]
"""The same as numbers."""

Contents = dict[Bucket, dict[Kind, int]]
"""How many items of each kind stand in each bucket."""

Terms = dict[Unknown, int]
"""A sum of factor x unknown."""


@dataclass(frozen=True)
class Sums:
    """The LUNs of a bucket taken together: billing units, how many, and what comes to it by kind."""

    bucket: Bucket
    units: Unknown
    luns: Unknown
    supply: dict[Kind, Terms] = field(default_factory=dict)


class ChoiceIlp:
    """The ILP over the parts of a workload.

    Of several phases each has its own on one `model`: `useful` are the classes worth a choice in any of them, `kept`
    the sites and classes of which GiB may stand from before.
    """

    def __init__(
        self,
        case: Case,
        parts: Sequence[tuple[Part, Sequence[Member]]],
        *,
        model: Model | None = None,
        useful: Sequence[str] | None = None,
        kept: Collection[tuple[str, str]] = (),
    ):
        self.case = case
        self.parts = parts
        self.solved = False
        self.model = model or Model()
        self.useful = useful_classes(case, [part for part, _ in parts]) if useful is None else useful
        self._kept = {*standing_gib(case), *kept}
        self._supply: dict[Bucket, dict[Kind, Terms]] = {}
        self.chosen: Choices = [self._choose(index, part) for index, (part, _) in enumerate(self.parts)]
        self.sums = [
            Sums(bucket, self.model.whole(), self.model.whole(), self._supply.get(bucket, {}))
            for bucket in self._buckets()
        ]
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
            useful = [name for name in options if name in self.useful or name == disk.storage_class] or options
            choice.classes.append({name: self.model.whole(0, most) for name in useful})
            self.model.equal(add(choice.classes[-1].values()), choice.groups)
        for site in part.swap_sites:
            choice.home[site], choice.apart[site] = {}, {}
        if part.swap_mib:
            self._place_swap(part, mechanism, choice, most)
        self._bring_all(index, part, mechanism, choice)
        return choice

    def _place_swap(self, part: Part, mechanism: Mechanism | None, choice: Chosen[Unknown], most: int) -> None:
        """Each swap file stands with disk 0 or apart; under Global Mirror with disk 0 at both peers or at none."""
        case, model, mirrored = self.case, self.model, mechanism == GLOBAL_MIRROR
        swap = swap_load(case, part.swap_mib)
        together = disk_load(case, part.disks[0]) + swap
        for site in part.swap_sites:
            for name, with_class in choice.classes[0].items():
                if swap_at_home(case) and least_gib(case, name, together, mirrored=mirrored) is not None:
                    choice.home[site][name] = model.whole(0, most)
                    model.at_most(choice.home[site][name], with_class)
            fits = [
                name
                for name in swap_classes(case)
                if name in case.classes and least_gib(case, name, swap, mirrored=False) is not None
            ]
            for name in [name for name in fits if name in self.useful] or fits:
                choice.apart[site][name] = model.whole(0, most)
            model.equal(add([*choice.home[site].values(), *choice.apart[site].values()]), choice.groups)
        if mirrored and not part.data_only:
            source, peer = (choice.home[site] for site in part.swap_sites)
            for name in source:
                model.equal(source[name], peer[name])

    def _bring_all(self, index: int, part: Part, mechanism: Mechanism | None, choice: Chosen[Unknown]) -> None:
        """Note how many items each choice brings to each bucket."""
        for bucket, kind, groups, home in supplies(self.case, index, part, mechanism, choice):
            terms = self._supply.setdefault(bucket, {}).setdefault(kind, {})
            terms[groups] = terms.get(groups, 0) + part.count
            if home is not None:
                terms[home] = terms.get(home, 0) - part.count

    # Where it stands

    def _buckets(self) -> list[Bucket]:
        """Return every bucket in a fixed order, also the empty ones that may serve to reach `min_datastores`."""
        buckets = set(self._supply)
        if self.case.workload.policy.min_datastores > 1:
            buckets |= {Bucket(site, name) for site in self.case.cluster_sites for name in flash_on_offer(self.case)}
        buckets |= {Bucket(site, name) for site, name in self._kept}
        sites, names = self.case.sites, list(self.case.classes)
        return sorted(buckets, key=lambda b: (sites.index(b.site), b.peer or "", names.index(b.storage_class)))

    def _limits(self) -> None:
        case, model = self.case, self.model
        flash = flash_on_offer(case)
        for sums in self.sums:
            axes = range(len(lun_dimensions(case)))
            terms = [(unknown, count, kind) for kind, some in sums.supply.items() for unknown, count in some.items()]
            rows = lun_limits(
                case,
                case.edition.storage_classes[sums.bucket.storage_class],
                sums.bucket.site,
                size_gib=self._size(sums),
                load=[
                    total((unknown, kind.load.amounts[axis] * count) for unknown, count, kind in terms) for axis in axes
                ],
                mirrored=sums.bucket.mirrored,
                luns=sums.luns,
            )
            model.keep(*rows)
            stands = not sums.bucket.mirrored and (sums.bucket.site, sums.bucket.storage_class) in self._kept
            if not stands and (sums.bucket.mirrored or sums.bucket.storage_class not in flash):
                # an empty LUN is of a flash class, or of one of which GiB stand
                model.at_most(sums.luns, total((unknown, count) for unknown, count, _ in terms))
        for site, licences in self.licences.items():
            mirrored_gib = add(
                self._size(sums) for sums in self.sums if sums.bucket.mirrored and sums.bucket.site == site
            )
            model.keep(mirror_licence(site, mirrored_gib=mirrored_gib, licences_tib=licences))
        for site, name in standing_gib(case):
            model.keep(storage_stands(case, site, name, self.size_gib(site, name)))
        for site in case.cluster_sites:
            here = add(sums.luns for sums in self.sums if site in sums.bucket.sites)
            model.keep(datastores_of_site(case, site, here))

    def size_gib(self, site: str, name: str) -> Linear:
        """Return the GiB of all datastores of a class at a site, mirrored or not."""
        mine = [sums for sums in self.sums if sums.bucket.storage_class == name and site in sums.bucket.sites]
        return add(self._size(sums) for sums in mine)

    def _size(self, sums: Sums) -> Linear:
        """Return the size of the LUNs of a bucket in GiB."""
        return self.case.edition.storage_classes[sums.bucket.storage_class].unit_gib * sums.units

    # What it costs

    def objective(self) -> Linear:
        """Return the cost in the unknowns."""
        sizes = {sums.bucket: self._size(sums) for sums in self.sums}
        return cost(self.case, items(self.case, _decision(self.parts, sizes, self.licences, self.chosen)))

    def sizes(self) -> list[Unknown]:
        """Return the unknowns that are sizes in small billing units."""
        classes = self.case.edition.storage_classes
        return [sums.units for sums in self.sums if classes[sums.bucket.storage_class].unit_gib == 1]

    def order(self) -> dict[Unknown, float]:
        """Return what is preferred among plans of equal cost: fewer LUNs, then fewer swap files apart from disk 0."""
        choices = [choice for part in self.chosen for choice in part.values()]
        apart = [each for choice in choices for some in choice.apart.values() for each in some.values()]
        most = 1 + sum(part.count * len(part.sites) * len(members) for part, members in self.parts)
        return dict.fromkeys(apart, 1.0) | {sums.luns: float(most) for sums in self.sums}

    @property
    def unknowns(self) -> int:
        """How many unknowns count groups."""
        return sum(
            len(some)
            for part in self.chosen
            for choice in part.values()
            for some in (*choice.classes, *choice.home.values(), *choice.apart.values())
        )

    # Solving, and what comes of it

    def solve(self, budget: Budget, start: Callable[[], Mapping[Unknown, int]] | None) -> Outcome:
        """Search for the cheapest choice, for the first time."""
        self.solved = True
        return self.model.minimise(self.objective(), budget, start)

    def numbers(self) -> Numbers:
        """Return what the solution found chooses."""
        value = self.model.value
        return [
            {
                name: Chosen(
                    value(choice.groups),
                    [_values(value, classes) for classes in choice.classes],
                    {site: _values(value, home) for site, home in choice.home.items()},
                    {site: _values(value, apart) for site, apart in choice.apart.items()},
                )
                for name, choice in part.items()
            }
            for part in self.chosen
        ]

    def start(self, chosen: Numbers, luns: Mapping[Bucket, tuple[int, int]]) -> dict[Unknown, int]:
        """Return a plan, LUNs and GiB by bucket, as values of the unknowns, to start a search from."""
        values: dict[Unknown, int] = {}
        for mine, its in zip(self.chosen, chosen, strict=True):
            for name, choice in mine.items():
                number = its[name]
                values[choice.groups] = number.groups
                pairs = list(zip(choice.classes, number.classes, strict=True))
                pairs += [(choice.home[site], number.home[site]) for site in choice.home]
                pairs += [(choice.apart[site], number.apart[site]) for site in choice.apart]
                for unknowns, counts in pairs:
                    values |= {unknown: counts[key] for key, unknown in unknowns.items()}
        mirrored: Counter[str] = Counter()
        for sums in self.sums:
            number_of_luns, gib = luns.get(sums.bucket, (0, 0))
            values[sums.luns] = number_of_luns
            values[sums.units] = gib // self.case.edition.storage_classes[sums.bucket.storage_class].unit_gib
            if sums.bucket.mirrored:
                mirrored[sums.bucket.site] += gib
        return values | {unknown: mirror_licences_tib(mirrored[site]) for site, unknown in self.licences.items()}


def _values(value: Callable[[Unknown], int], unknowns: Mapping[str, Unknown]) -> dict[str, int]:
    return {name: value(unknown) for name, unknown in unknowns.items()}


def supplies(
    case: Case, index: int, part: Part, mechanism: Mechanism | None, choice: Chosen[Any]
) -> Iterator[tuple[Bucket, Kind, Any, Any]]:
    """Yield what each choice of a part brings: bucket, kind, groups, and the groups to take off (None: none)."""
    for position, (disk, classes) in enumerate(zip(part.disks, choice.classes, strict=True)):
        sites, peer = part.stands(disk, mechanism)
        alone = part.kind(case, index, position, mechanism, with_swap=False)
        both = part.kind(case, index, position, mechanism, with_swap=True) if position == 0 else alone
        for site, (name, groups) in itertools.product(sites, classes.items()):
            home = choice.home.get(site, {}).get(name) if position == 0 else None
            if home is not None:
                yield Bucket(site, name, peer), both, home, None
            yield Bucket(site, name, peer), alone, groups, home
    if part.swap_mib:
        swap = part.kind(case, index, SWAP, mechanism, with_swap=True)
        for site, apart in choice.apart.items():
            for name, groups in apart.items():
                yield Bucket(site, name), swap, groups, None


def contents_of(case: Case, parts: Sequence[tuple[Part, Sequence[Member]]], chosen: Numbers) -> Contents:
    """Return what stands in each bucket."""
    contents: Contents = {}
    for index, ((part, _), choices) in enumerate(zip(parts, chosen, strict=True)):
        for mechanism, choice in choices.items():
            for bucket, kind, groups, home in supplies(case, index, part, mechanism, choice):
                count = part.count * (groups - (home or 0))
                if count:
                    held = contents.setdefault(bucket, {})
                    held[kind] = held.get(kind, 0) + count
    return contents


def price_of(
    case: Case,
    parts: Sequence[tuple[Part, Sequence[Member]]],
    chosen: Numbers,
    gib: Mapping[Bucket, int],
) -> Fraction:
    """Return the exact cost of LUNs of so many GiB in each bucket, with the licences that they and the choices take."""
    mirrored: Counter[str] = Counter()
    for bucket, size_gib in gib.items():
        if bucket.mirrored:
            mirrored[bucket.site] += size_gib
    licences = {site: mirror_licences_tib(size_gib) for site, size_gib in mirrored.items()}
    return Fraction(cost(case, items(case, _decision(parts, gib, licences, chosen))))


def _decision(
    parts: Sequence[tuple[Part, Sequence[Member]]],
    sizes: Mapping[Bucket, Linear],
    licences_tib: Mapping[str, Linear],
    chosen: Sequence[Mapping[Mechanism | None, Chosen[Any]]],
) -> Decision:
    """Return what is decided: datastores (on both sites when mirrored), licences and replicated VMs."""
    vms: dict[str, list[Linear]] = {}
    for (part, _), choices in zip(parts, chosen, strict=True):
        if part.first and VM_REPLICATION in choices:
            vms.setdefault(part.site, []).append(part.count * choices[VM_REPLICATION].groups)
    stores = [(site, bucket.storage_class, size_gib) for bucket, size_gib in sizes.items() for site in bucket.sites]
    replicated = {site: sum(counts, start=Fraction(0)) for site, counts in vms.items()}
    return Decision(datastores=stores, licences_tib=licences_tib, replicated_vms=replicated)


def flash_on_offer(case: Case) -> list[str]:
    """Return the classes for an empty datastore: mass storage only when asked for by name (CLS-1)."""
    return [name for name in case.edition.flash_classes if name in case.classes]


def loads_of(kinds: Mapping[Kind, object]) -> tuple[Load, ...]:
    """Return the loads of some kinds, each once, in a fixed order."""
    return tuple(dict.fromkeys(kind.load for kind in kinds))
