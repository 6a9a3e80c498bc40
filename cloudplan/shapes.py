"""What the packer sees of VMs: shapes with a count, pool by pool.

A *shape* has needs, blade types that can hold it, and groups it must stay apart from. Identical VMs are one shape with a
count; an affinity group is one composite item.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from cloudplan.demand import Case, Instances
from cloudplan.errors import Fault
from cloudplan.rules.compute import AFF_2, DIMENSIONS, fit_of_one
from cloudplan.rules.rule import Inequality
from cloudplan.units import number

Needs = tuple[Fraction, ...]
"""A quantity in each dimension (cores, GiB, GPUs)."""


@dataclass(frozen=True)
class Shape:
    """Items that the packer need not tell apart; `items` lists what they are, as (instances by group, how many)."""

    needs: Needs
    memory_mib: int
    blades: frozenset[str]
    apart: frozenset[str]
    items: tuple[tuple[Mapping[str, int], int], ...]

    @property
    def count(self) -> int:
        """Number of items."""
        return sum(times for _, times in self.items)


@dataclass(frozen=True)
class Pool:
    """The demand of one pool at one site: VMs that may share a cluster."""

    site: str
    name: str
    shapes: tuple[Shape, ...]
    faults: tuple[Fault, ...] = field(default=())

    def shapes_on(self, blade: str) -> list[int]:
        """Return the indexes of the shapes that a blade type can hold."""
        return [index for index, shape in enumerate(self.shapes) if blade in shape.blades]


def pools_at(case: Case, site: str) -> list[Pool]:
    """Return the pools of a site; a VM that fits on no blade at all is among the faults of its pool."""
    here = [item for item in case.instances if item.site == site]
    names = sorted({item.group.pool for item in here})
    return [_pool(case, site, name, [item for item in here if item.group.pool == name]) for name in names]


def _pool(case: Case, site: str, name: str, demand: Sequence[Instances]) -> Pool:
    bundles: dict[str, list[Instances]] = {}
    alike: dict[tuple[Needs, int, frozenset[str], frozenset[str]], list[tuple[Mapping[str, int], int]]] = {}
    faults: list[Fault] = []
    for item in demand:
        if item.group.affinity:
            bundles.setdefault(item.group.affinity, []).append(item)
    singles = [[item] for item in demand if not item.group.affinity]
    for members in singles + list(bundles.values()):
        bundled = bool(members[0].group.affinity)
        times = 1 if bundled else members[0].count
        content = {item.group.name: item.count if bundled else 1 for item in members}
        needs, memory = _needs(members, content)
        blades, refusals = _blades_for(case, members, content, needs)
        together = Counter(
            label for item in members if (label := item.group.anti_affinity) for _ in range(content[item.group.name])
        )
        if not blades:
            faults.append(_misfit(members, refusals))
        faults += [
            Fault(
                f"affinity {members[0].group.affinity!r} puts on one host what anti-affinity {label!r} keeps apart",
                path=", ".join(content),
                rule=AFF_2.id,
            )
            for label, members_of_label in together.items()
            if members_of_label > 1
        ]
        key = (needs, memory, blades, frozenset(together))
        alike.setdefault(key, []).append((content, times))
    shapes = [
        Shape(*key, items=tuple(sorted(items, key=lambda entry: sorted(entry[0])))) for key, items in alike.items()
    ]
    return Pool(site, name, tuple(sorted(shapes, key=_by_size)), tuple(faults))


def _by_size(shape: Shape) -> tuple[object, ...]:
    """Order shapes from large to small, and fully, so that the order of the workload does not matter."""
    return (
        tuple(-need for need in shape.needs),
        sorted(shape.blades),
        sorted(shape.apart),
        [sorted(content) for content, _ in shape.items],
    )


def _needs(members: Sequence[Instances], content: Mapping[str, int]) -> tuple[Needs, int]:
    counts = [(item, content[item.group.name]) for item in members]
    needs = tuple(sum((rule.need(item) * count for item, count in counts), Fraction(0)) for rule in DIMENSIONS)
    return needs, sum(item.memory_mib * count for item, count in counts)


def capacity(case: Case, blade: str) -> Needs:
    """Return what one blade offers in each dimension."""
    return tuple(dimension.offer(case, case.edition.blades[blade]) for dimension in DIMENSIONS)


def _blades_for(
    case: Case, members: Sequence[Instances], content: Mapping[str, int], needs: Needs
) -> tuple[frozenset[str], dict[str, list[Inequality]]]:
    """Return the blade types on offer that hold the members together, and what is broken on the others."""
    refusals: dict[str, list[Inequality]] = {}
    for name, blade in case.blades.items():
        rows = [row for item in members for row in fit_of_one(case, item, name, blade)]
        offers = capacity(case, name)
        together = " + ".join(content)
        rows += [
            dimension.rule.at_most(need, offer, together, dimension.unit)
            for dimension, need, offer in zip(DIMENSIONS, needs, offers, strict=True)
        ]
        refusals[name] = [row for row in rows if not row.holds]
    return frozenset(name for name, broken in refusals.items() if not broken), refusals


def _misfit(members: Sequence[Instances], refusals: Mapping[str, Sequence[Inequality]]) -> Fault:
    """Return the fault of items that fit on no blade: each blade's first reason, and what would have to give."""
    names = ", ".join(item.group.name for item in members)
    reasons = [f"{blade}: {_reason(broken[0])}" for blade, broken in refusals.items()]
    nearest = min(refusals.values(), key=len, default=[])
    rule = nearest[0].rule.id if nearest else ""
    what = "an affinity group that" if len(members) > 1 else "VM"
    hint = "; reduce the VM, raise the limit that fails, or allow another blade"
    return Fault(
        f"{what} fits on no blade on offer at {members[0].site} ({'; '.join(reasons) or 'none is on offer'}){hint}",
        path=names,
        rule=rule,
    )


def _reason(row: Inequality) -> str:
    if row.rule.kind == "choice" and row.left == 1 and row.right == 0:
        return f"{row.unit} ({row.rule.id})"
    return f"{number(row.left)} {row.unit} > {number(row.right)} ({row.rule.id})"


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
