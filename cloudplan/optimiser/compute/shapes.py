"""What the packer sees of VMs: shapes with a count, pool by pool.

A *shape* has needs, blade types that can hold it, and groups it must stay apart from. Identical VMs are one shape with
a count; an affinity group is one composite item.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cloudplan.base.errors import Fault
from cloudplan.base.units import for_people, number
from cloudplan.optimiser.compute.kinds import NONE, ClusterKind, LicenceSet, licence_sets
from cloudplan.rules.compute import AFF_2, BLADES, apart_of, asked_of_blade, fit_of_one, keep_apart, needs, room
from cloudplan.rules.licences import of_its_cluster
from cloudplan.rules.rule import Check, Condition
from cloudplan.workload.case import Case, Instances

Needs = tuple[Fraction, ...]
"""A quantity in each dimension of a host (cores, MiB, GPUs …)."""
_Sets = tuple[frozenset[str], frozenset[str], frozenset[str]]
"""Blades, anti-affinity groups, licences."""


@dataclass(frozen=True)
class Shape:
    """Items that the packer need not tell apart; `items` lists what they are, as (instances by group, how many)."""

    needs: Needs
    memory_mib: int
    blades: frozenset[str]
    apart: frozenset[str]
    licences: frozenset[str]
    """Licences that every host of the cluster needs where one of these stands (LIC-1)."""
    items: tuple[tuple[Mapping[str, int], int], ...]

    @property
    def count(self) -> int:
        """Number of items."""
        return sum(times for _, times in self.items)

    def stands_on(self, kind: ClusterKind) -> bool:
        """Return whether a kind of cluster can hold it."""
        return kind.blade in self.blades and self.licences <= kind.licences.names


@dataclass(frozen=True)
class Pool:
    """The demand of one pool at one site: VMs that may share a cluster."""

    site: str
    name: str
    shapes: tuple[Shape, ...]
    faults: tuple[Fault, ...] = ()
    """VMs that fit on no blade, and groups that contradict each other."""
    unpriced: tuple[str, ...] = ()
    """Blades without a price that alone could hold some VM."""

    licence_sets: tuple[LicenceSet, ...] = (LicenceSet(),)
    """The sets of licences that a cluster of the pool may pay."""
    worth: tuple[tuple[str, Fraction], ...] = ()
    """What each licence may cost in all, in some cheapest plan: where it would cost more, its VMs stand apart."""

    def shapes_on(self, blade: str, paid: frozenset[str] = NONE) -> list[int]:
        """Return the indexes of the shapes that a blade type can hold where some licences are paid."""
        fits = enumerate(self.shapes)
        return [index for index, shape in fits if blade in shape.blades and shape.licences <= paid]

    def kinds(self, case: Case) -> list[ClusterKind]:
        """Return the kinds of clusters that can hold some shape, in the order of the catalogue."""
        kinds = (ClusterKind(blade, licences) for blade in case.blades for licences in self.licence_sets)
        return [kind for kind in kinds if self._pays(case, kind) and self.shapes_on(kind.blade, kind.licences.names)]

    def _pays(self, case: Case, kind: ClusterKind) -> bool:
        """Return whether the least hosts of a kind may be worth each of their licences."""
        least = case.workload.policy.host_failures + 1
        return not any(least * kind.price_of(case, name) > most for name, most in self.worth)


EXACT, ABOUT = 2**60, 2**53
"""The largest amount in whole numbers: on the grid of all needs, and on the coarser one where that would be larger."""


def factor_of(needs: Iterable[Fraction], offers: Iterable[Fraction]) -> int:
    """Return what makes whole numbers of the needs in one dimension of a host, and of whole offers.

    Needs that have too fine a grid for 64 bits, such as cores at many different ratios, get one that is as fine as
    floating point: there they are to be rounded, up for contents and down for bounds.
    """
    listed = list(needs)
    factor, most = math.lcm(*(need.denominator for need in listed)), math.ceil(max(*listed, *offers, Fraction(1)))
    return factor if factor * most < EXACT else ABOUT >> most.bit_length()


def rivals(apart: Sequence[frozenset[str]]) -> NDArray[np.bool_]:
    """Return which shapes must not share a host, by their anti-affinity groups; alike on both sides (AFF-2).

    A shape of which a host may hold but one item is its own rival.
    """
    found = np.zeros((len(apart), len(apart)), dtype=np.bool_)
    some = [index for index, labels in enumerate(apart) if labels]
    for one, other in itertools.combinations_with_replacement(some, 2):
        found[one, other] = found[other, one] = keep_apart(apart[one], apart[other])
    return found


@dataclass(frozen=True)
class _Bundle:
    """VM instances that go together onto one host: one of a group, or a whole affinity group."""

    case: Case
    members: tuple[Instances, ...]
    content: Mapping[str, int]
    times: int

    @cached_property
    def needs(self) -> Needs:
        """What the bundle needs in each dimension."""
        return needs(self.case, [(item, self.content[item.group.name]) for item in self.members])

    @property
    def memory_mib(self) -> int:
        """The memory of the bundle."""
        return sum(item.memory_mib * self.content[item.group.name] for item in self.members)

    @property
    def apart(self) -> Counter[str]:
        """The anti-affinity groups of the bundle, with the number of members in it."""
        labels: Counter[str] = Counter()
        for item in self.members:
            labels.update(dict.fromkeys(apart_of(item.group), self.content[item.group.name]))
        return labels

    @property
    def licences(self) -> frozenset[str]:
        """The licences that its cluster needs for it (LIC-1)."""
        return NONE.union(*(of_its_cluster(self.case, item) for item in self.members))

    def refusals(self) -> dict[str, list[Check]]:
        """Return what is broken on each blade type of the edition."""
        place, refusals = " + ".join(self.content), {}
        for name in self.case.edition.blades:
            checks = [check for item in self.members for check in fit_of_one(self.case, item, name)]
            checks += room(self.case, name, self.needs, place)
            refusals[name] = [check for check in checks if not check.holds]
        return refusals

    def fits(self) -> list[str]:
        """Return the blade types of the edition that can hold it; bundles that ask the same share the answer."""
        asked = (_Bundle, self.needs, *(asked_of_blade(item) for item in self.members))
        return self.case.once(asked, lambda: [name for name, broken in self.refusals().items() if not broken])


def pools_at(case: Case, site: str) -> list[Pool]:
    """Return the pools of a site; a VM that fits on no blade at all is among the faults of its pool."""
    here = [item for item in case.instances if item.site == site]
    names = sorted({item.group.pool for item in here})
    return [_pool(case, site, name, [item for item in here if item.group.pool == name]) for name in names]


def _pool(case: Case, site: str, name: str, demand: Sequence[Instances]) -> Pool:
    alike: dict[tuple[Needs, int, *_Sets], list[tuple[Mapping[str, int], int]]] = {}
    faults: list[Fault] = []
    unpriced: set[str] = set()
    for bundle in _bundles(case, demand):
        fits = bundle.fits()
        blades = frozenset(blade for blade in fits if blade in case.blades)
        if not fits:
            faults.append(_misfit(bundle, bundle.refusals()))
        elif not blades:
            unpriced.update(fits)
        faults += _contradictions(bundle)
        key = (bundle.needs, bundle.memory_mib, blades, frozenset(bundle.apart), bundle.licences)
        alike.setdefault(key, []).append((bundle.content, bundle.times))
    shapes = [
        Shape(*key, items=tuple(sorted(items, key=lambda entry: sorted(entry[0])))) for key, items in alike.items()
    ]
    ordered = tuple(sorted(shapes, key=_by_size))
    named = tuple(blade for blade in case.edition.blades if blade in unpriced)
    return Pool(site, name, ordered, tuple(faults), named, licence_sets(shape.licences for shape in ordered))


def _bundles(case: Case, demand: Sequence[Instances]) -> Iterator[_Bundle]:
    """Yield what goes together: instances one by one, the members of an affinity group as one (AFF-1)."""
    together: dict[str, list[Instances]] = {}
    for item in demand:
        if item.group.affinity:
            together.setdefault(item.group.affinity, []).append(item)
        else:
            yield _Bundle(case, (item,), {item.group.name: 1}, item.count)
    for members in together.values():
        yield _Bundle(case, tuple(members), {item.group.name: item.count for item in members}, 1)


def _contradictions(bundle: _Bundle) -> Iterator[Fault]:
    for label, count in bundle.apart.items():
        if count > 1:
            affinity = bundle.members[0].group.affinity
            message = f"affinity {affinity!r} puts on one host what anti-affinity {label!r} keeps apart"
            yield Fault(f"{message}; take one of the two away", path=", ".join(bundle.content), rule=AFF_2.id)


def _by_size(shape: Shape) -> tuple[object, ...]:
    """Order shapes from large to small, and fully, so that the order of the workload does not matter."""
    return (
        tuple(-need for need in shape.needs),
        sorted(shape.blades),
        sorted(shape.apart),
        sorted(shape.licences),
        [sorted(content) for content, _ in shape.items],
    )


def _misfit(bundle: _Bundle, refusals: Mapping[str, Sequence[Check]]) -> Fault:
    """Return the fault of VMs that fit on no blade: all that fails on the nearest, what would have to give, the others.

    The nearest is the blade on which least fails, and by the least.
    """
    allowed = {blade: broken for blade, broken in refusals.items() if all(row.rule is not BLADES for row in broken)}
    considered = allowed or refusals
    blade, *others = sorted(
        considered, key=lambda blade: (len(considered[blade]), max(map(_excess, considered[blade])))
    )
    nearest = considered[blade]
    reasons = "; ".join(f"{other}: {_reason(considered[other][0])}" for other in others)
    what = "an affinity group that" if len(bundle.members) > 1 else "VM"
    hint = "reduce the VM to that, raise the limit that fails, or allow another blade"
    message = f"{what} fits on no blade at {bundle.members[0].site}; nearest {blade}: "
    message += f"{', '.join(map(_reason, nearest))}; {hint}" + (f" ({reasons})" if reasons else "")
    return Fault(message, path=", ".join(bundle.content), rule=nearest[0].rule.id)


def _excess(check: Check) -> Fraction:
    """Return how many times over its limit a broken check is, for the order of blades alone."""
    if isinstance(check, Condition):
        return Fraction(0)
    return Fraction(check.left) / max(Fraction(check.right), Fraction(1, 1000))


def _reason(check: Check) -> str:
    if isinstance(check, Condition):
        return f"{check.words} ({check.rule.id})"
    (left, unit), (right, _) = for_people(check.left, check.unit), for_people(check.right, check.unit)
    return f"{number(left)} {unit} > {number(right)} ({check.rule.id})"


def deal(pool: Pool, hosts: Sequence[Sequence[int]]) -> list[dict[str, int]]:
    """Return which instances stand on each host: the items of a shape are handed out in the order of their names."""
    queues = [list(shape.items) for shape in pool.shapes]
    placement = []
    for pattern in hosts:
        host: Counter[str] = Counter()
        for queue, wanted in zip(queues, pattern, strict=True):
            left = wanted
            while left:
                content, times = queue.pop(0)
                taken = min(left, times)
                for name, count in content.items():
                    host[name] += count * taken
                left -= taken
                if taken < times:
                    queue.insert(0, (content, times - taken))
        placement.append(dict(sorted(host.items())))
    return placement
