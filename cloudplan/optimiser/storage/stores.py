"""The LUNs of all buckets for what was chosen, with those that `min_datastores` asks for.

A site that lacks datastores gets them where one more costs least: the content of a bucket dealt over one LUN more, or
an empty one of the cheapest class.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from cloudplan.base.errors import Fault, InternalError, NoPlanError
from cloudplan.base.units import GIB_PER_TIB
from cloudplan.evaluation.items import Decision, cost, items
from cloudplan.optimiser.solver import Budget, Unknown
from cloudplan.optimiser.storage.choice_ilp import Numbers, Sums, contents_of, flash_on_offer, loads_of, price_of
from cloudplan.optimiser.storage.layout import Layout, lay_out
from cloudplan.optimiser.storage.luns import NOTHING, Bucket, Kind, Lun, least_gib
from cloudplan.optimiser.storage.measure import Counts, Measure
from cloudplan.optimiser.storage.parts import Member, Part
from cloudplan.optimiser.storage.slots import tightened
from cloudplan.rules.standing import standing_gib
from cloudplan.rules.storage import ORD_1
from cloudplan.workload.case import Case


class Place:
    """A bucket: its measure, what may come to it, and the layouts found so far."""

    def __init__(self, case: Case, parts: Sequence[tuple[Part, Sequence[Member]]], sums: Sums):
        self.sums, self.bucket = sums, sums.bucket
        loads = loads_of(sums.supply)
        number = {load: index for index, load in enumerate(loads)}
        self.load_of = {kind: number[kind.load] for kind in sums.supply}
        sources: list[set[tuple[int, int]]] = [set() for _ in loads]
        self.terms: list[Counter[Unknown]] = [Counter() for _ in loads]
        for kind, index in self.load_of.items():
            sources[index].add((kind.part, kind.disk))
            for unknown, count in sums.supply[kind].items():
                self.terms[index][unknown] += count
        most = [sum(parts[part][0].count * len(parts[part][1]) for part, _ in some) for some in sources]
        whole = [len(some) == 1 and len(parts[next(iter(some))[0]][1]) == 1 for some in sources]
        self.measure = Measure.of(case, self.bucket, loads, most, whole)
        self._layouts: dict[tuple[Counts, int], Layout] = {}
        self._tight: set[tuple[Counts, int]] = set()

    def counts(self, content: Mapping[Kind, int]) -> Counts:
        """Return how many items of each load a content has."""
        counts = [0] * len(self.measure.loads)
        for kind, count in content.items():
            counts[self.load_of[kind]] += count
        return tuple(counts)

    def layout(self, counts: Counts, budget: Budget, luns: int = 0, negligible: float = 0.0) -> Layout:
        """Return a layout of a content on at least so many LUNs, or fewer when there are fewer items.

        It is made better by ILPs only where it takes more than the sums by what is not negligible, in GiB.
        """
        key = counts, luns
        if key not in self._layouts:
            if budget.spent:
                return lay_out(self.measure, counts, luns=luns, quick=True)
            self._layouts[key] = lay_out(self.measure, counts, luns=luns)
        layout = self._layouts[key]
        aim = max(self.measure.sums_gib(counts), luns * self.measure.minimum)
        if layout.gib > aim + negligible and key not in self._tight and not budget.spent:
            self._tight.add(key)
            self._layouts[key] = tightened(self.measure, counts, layout, budget, luns=luns)
        return self._layouts[key]

    def dealt(self, content: Mapping[Kind, int], layout: Layout) -> list[Lun]:
        """Return the LUNs of a layout with kinds in place of loads.

        Raises InternalError if a LUN of the layout holds more than one may.
        """
        left: list[dict[Kind, int]] = [{} for _ in self.measure.loads]
        for kind, count in content.items():
            left[self.load_of[kind]][kind] = count
        luns, sizes = [], {counts: self.measure.exact_gib(counts) for counts in set(layout.luns)}
        for counts in layout.luns:
            held: dict[Kind, int] = {}
            for index in [number for number, count in enumerate(counts) if count]:
                needed = counts[index]
                while needed:  # as many of each kind: like disks of a VM are of several
                    each = -(-needed // len(left[index]))
                    for kind, waiting in list(left[index].items()):
                        taken = min(needed, waiting, each)
                        held[kind] = held.get(kind, 0) + taken
                        needed -= taken
                        left[index][kind] = waiting - taken
                        if not needed:
                            break
                    left[index] = {kind: count for kind, count in left[index].items() if count}
            size = sizes[counts]
            if size is None:
                raise InternalError(f"a LUN of {self.bucket.storage_class} was given more than it holds")
            luns.append(Lun(self.bucket, size, {kind: count for kind, count in held.items() if count}))
        return luns


@dataclass(frozen=True)
class Stored:
    """What was chosen, laid out: the content and LUNs of each bucket, empty LUNs by bucket, and the exact cost.

    `idle` are the GiB by which LUNs are larger than they need be, and the LUNs more, so that what stands stays (EXI-2).
    """

    chosen: Numbers
    contents: Mapping[Bucket, Mapping[Kind, int]]
    counts: Mapping[Bucket, Counts]
    layouts: Mapping[Bucket, Layout]
    empty: Mapping[Bucket, int]
    gib: Mapping[Bucket, int]
    cost: Fraction
    idle: Mapping[Bucket, "Idle"] = field(default_factory=dict)

    @property
    def luns(self) -> dict[Bucket, int]:
        """How many LUNs each bucket has."""
        counts = Counter({bucket: len(layout.luns) for bucket, layout in self.layouts.items()})
        more = Counter({bucket: len(idle.luns_gib) for bucket, idle in self.idle.items()})
        return dict(counts + Counter(self.empty) + more)


@dataclass(frozen=True)
class Idle:
    """GiB that stand and nothing needs: by how much LUNs are larger, in their order, and the sizes of LUNs more."""

    more_gib: tuple[int, ...]
    luns_gib: tuple[int, ...]

    @property
    def gib(self) -> int:
        """All of them."""
        return sum(self.more_gib) + sum(self.luns_gib)


class Stores:
    """Lays out whatever the ILP chooses."""

    def __init__(self, case: Case, parts: Sequence[tuple[Part, Sequence[Member]]], sums: Sequence[Sums]):
        self.case, self.parts = case, parts
        self.places = {each.bucket: Place(case, parts, each) for each in sums}
        self._offers = sorted(self._empty_offers())
        self.standing: Mapping[tuple[str, str], int] = standing_gib(case)
        """The GiB that datastores have at least, by site and class."""
        self._negligible = 0.0

    def _empty_offers(self) -> list[tuple[Fraction, int, str]]:
        case = self.case
        sizes = {name: least_gib(case, name, NOTHING, mirrored=False) for name in flash_on_offer(case)}
        return [
            (Fraction(cost(case, items(case, Decision(datastores=[(case.sites[0], name, size)])))), size, name)
            for name, size in sizes.items()
            if size is not None
        ]

    def price_of_gib(self, bucket: Bucket) -> float:
        """Return what a GiB of a bucket costs, at both sites and with its licence when mirrored."""

        def answer() -> float:
            stores = [(site, bucket.storage_class, 1) for site in bucket.sites]
            licences = {bucket.site: Fraction(1, GIB_PER_TIB)} if bucket.mirrored else {}
            return float(cost(self.case, items(self.case, Decision(datastores=stores, licences_tib=licences))))

        return self.case.once((Stores.price_of_gib, bucket), answer)

    def of(self, chosen: Numbers, budget: Budget, negligible: float = 0.0) -> Stored:
        """Return the LUNs for a choice; raises NoPlanError when a site cannot have as many as `min_datastores`.

        Layouts that take more than their sums by no more than `negligible`, in money, are taken as they are.
        """
        self._negligible = negligible
        contents = contents_of(self.case, self.parts, chosen)
        counts = {bucket: self.places[bucket].counts(content) for bucket, content in contents.items()}
        layouts = {bucket: self._layout(bucket, some, budget) for bucket, some in counts.items()}
        stored = self._priced(Stored(chosen, contents, counts, layouts, {}, {}, Fraction(0)))
        while lacking := self._lacking(stored):
            stored = self._one_more(stored, lacking, budget)
        return stored

    def _layout(self, bucket: Bucket, counts: Counts, budget: Budget, luns: int = 0) -> Layout:
        price = self.price_of_gib(bucket)
        negligible = self._negligible / price if price else float("inf")
        return self.places[bucket].layout(counts, budget, luns, negligible)

    def _priced(self, stored: Stored) -> Stored:
        """Return the same with its sizes and its cost."""
        gib = {bucket: layout.gib for bucket, layout in stored.layouts.items()}
        for bucket, number in stored.empty.items():
            gib[bucket] = gib.get(bucket, 0) + number * self._empty_gib(bucket)
        idle = self._idle(stored, gib)
        for bucket, each in idle.items():
            gib[bucket] = gib.get(bucket, 0) + each.gib
        amount = price_of(self.case, self.parts, stored.chosen, gib)
        return replace(stored, gib=gib, cost=amount, idle=idle)

    def _empty_gib(self, bucket: Bucket) -> int:
        """Return the size of an empty LUN."""
        return next(size for _, size, name in self._offers if name == bucket.storage_class)

    def _sizes(self, stored: Stored, bucket: Bucket) -> list[int]:
        """Return the sizes of the LUNs of a bucket that need be, in their order, the empty ones last."""
        luns = stored.layouts[bucket].luns if bucket in stored.layouts else ()
        sizes = [self.places[bucket].measure.exact_gib(counts) or 0 for counts in luns]
        return sizes + [self._empty_gib(bucket) for _ in range(stored.empty.get(bucket, 0))]

    def _idle(self, stored: Stored, gib: Mapping[Bucket, int]) -> dict[Bucket, Idle]:
        """Return what is lacking to the GiB that stand: LUNs grow first, up to the largest, then there are more."""
        found: dict[Bucket, Idle] = {}
        for (site, name), standing in self.standing.items():
            here = sum(size for bucket, size in gib.items() if bucket.storage_class == name and site in bucket.sites)
            left = standing - here
            if left <= 0:
                continue
            bucket = Bucket(site, name)
            found[bucket] = self._grown_by(bucket, self._sizes(stored, bucket), left)
        return found

    def _lacking(self, stored: Stored) -> dict[str, int]:
        """Return how many datastores each site with a cluster lacks."""
        here: Counter[str] = Counter()
        for bucket, number in stored.luns.items():
            here.update(dict.fromkeys(bucket.sites, number))
        wanted = self.case.workload.policy.min_datastores
        return {site: wanted - here[site] for site in sorted(self.case.cluster_sites) if here[site] < wanted}

    def _one_more(self, stored: Stored, lacking: Mapping[str, int], budget: Budget) -> Stored:
        """Return the same with one LUN more, or as few more as a bucket can have, where that costs least a LUN."""
        ways: list[tuple[Fraction, int, int, Stored]] = []
        for order, (bucket, layout) in enumerate(stored.layouts.items()):
            serves = sum(site in lacking for site in bucket.sites)
            counts = stored.counts[bucket]
            if not serves or len(layout.luns) >= sum(counts):
                continue
            wider = self._layout(bucket, counts, budget, luns=len(layout.luns) + 1)
            gained = len(wider.luns) - len(layout.luns)
            if gained > 0:
                way = self._with(stored, layouts={**stored.layouts, bucket: wider})
                ways.append(((way.cost - stored.cost) / (serves * gained), 0, order, way))
        for amount, _, name in self._offers[:1]:
            site = next(iter(lacking))
            empty = Counter(stored.empty) + Counter({Bucket(site, name): 1})
            ways.append((amount, 1, 0, self._with(stored, empty=empty)))
        if not ways:
            raise NoPlanError([Fault("no datastore on offer may stand empty to reach min_datastores", rule=ORD_1.id)])
        return min(ways, key=lambda way: way[:3])[3]

    def _grown_by(self, bucket: Bucket, sizes: Sequence[int], gib: int) -> Idle:
        """Deal GiB over LUNs of these sizes, and over as few LUNs more as it takes, none of them too small."""
        largest, least = (int(getattr(self.places[bucket].measure, name)) for name in ("largest", "minimum"))
        room = sum(largest - size for size in sizes)
        luns = -(-max(0, gib - room) // largest)
        apart = max(gib - room, luns * least) if luns else 0
        more, left = [], max(0, gib - apart)
        for size in sizes:
            more.append(min(left, largest - size))
            left -= more[-1]
        others = []
        for number in range(luns, 0, -1):  # as large as the least for those after it allows
            others.append(min(largest, apart - (number - 1) * least))
            apart -= others[-1]
        return Idle(tuple(more), tuple(others))

    def _with(
        self,
        stored: Stored,
        layouts: Mapping[Bucket, Layout] | None = None,
        empty: Mapping[Bucket, int] | None = None,
    ) -> Stored:
        layouts = stored.layouts if layouts is None else layouts
        empty = stored.empty if empty is None else empty
        return self._priced(replace(stored, layouts=layouts, empty=empty))

    def named(self, stored: Stored) -> list[Lun]:
        """Return the LUNs with the kinds that stand on them, bucket by bucket."""
        luns: list[Lun] = []
        for bucket, place in self.places.items():
            if bucket in stored.layouts:
                luns += place.dealt(stored.contents[bucket], stored.layouts[bucket])
        for bucket, number in stored.empty.items():
            luns += [Lun(bucket, self._empty_gib(bucket), {})] * number
        for bucket, idle in stored.idle.items():
            luns = list(_grown(luns, bucket, idle))
        return luns


def _grown(luns: Sequence[Lun], bucket: Bucket, idle: Idle) -> Iterator[Lun]:
    """Yield LUNs with the GiB of a bucket that nothing needs, and the LUNs more."""
    more = iter(idle.more_gib)
    for lun in luns:
        yield replace(lun, size_gib=lun.size_gib + next(more)) if lun.bucket == bucket else lun
    yield from (Lun(bucket, size_gib, {}) for size_gib in idle.luns_gib)
