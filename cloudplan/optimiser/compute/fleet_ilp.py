"""The ILP of hosts, clusters and activated memory of each kind of cluster in each pool, and what it costs.

Clusters of one kind are alike, so none is named: the rules of a cluster are summed over them. What the hosts
must hold is for others to add: patterns, or the sums and cuts of this module, which keep no item and are bounds all the
same.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.base.units import gib
from cloudplan.evaluation.items import Decision, cost, items
from cloudplan.evaluation.third_party import licences_of_host
from cloudplan.optimiser.compute.column_generation import Target
from cloudplan.optimiser.compute.cuts import Cut
from cloudplan.optimiser.compute.kinds import ClusterKind
from cloudplan.optimiser.compute.shapes import Pool
from cloudplan.optimiser.solver import TOLERANCE, Budget, Model, Outcome, Unknown, add, total
from cloudplan.rules.compute import (
    ClusterSize,
    capacity,
    cluster_count,
    cluster_limits,
    dimensions,
    hosts_max,
    included_gib,
    memory_is_unpriced,
)
from cloudplan.rules.rule import Linear
from cloudplan.rules.standing import hosts_stand, least_hosts, standing_at, standing_clusters
from cloudplan.workload.case import Case


@dataclass(frozen=True)
class FleetType:
    """The unknowns of one kind of cluster in one pool."""

    pool: Pool
    kind: ClusterKind
    loaded: Unknown
    hosts: Unknown
    clusters: Unknown
    memory_gib: Unknown

    @property
    def blade(self) -> str:
        """The blade type."""
        return self.kind.blade

    @property
    def key(self) -> tuple[str, ClusterKind]:
        """Pool and kind of cluster."""
        return self.pool.name, self.kind

    @property
    def place(self) -> str:
        """Where this is, for messages."""
        return f"{self.pool.site} {self.pool.name} {self.blade}"


@dataclass(frozen=True)
class Idle:
    """Clusters of a blade type in a pool that stand and hold nothing: hosts and how many, in unknowns or numbers."""

    pool: str
    blade: str
    hosts: Linear
    clusters: Linear


class FleetIlp:
    """The model, its unknowns by kind of cluster (in the order of pools and catalogue), and its objective.

    Of several phases each has its own on one `model`. `named` are the pools that any of them has; `carried`, of a phase
    that is not the first, are the blade types by pool of which clusters may stand from before.
    """

    def __init__(
        self,
        case: Case,
        site: str,
        pools: Sequence[Pool],
        *,
        any_memory: bool = False,
        model: Model | None = None,
        named: Sequence[str] | None = None,
        carried: Mapping[str, Sequence[str]] | None = None,
    ):
        self._case, self._site, self.pools = case, site, pools
        self.model = model or Model()
        self.types = [
            FleetType(pool, kind, *(self.model.whole() for _ in range(4)))
            for pool in pools
            for kind in pool.kinds(case)
        ]
        for entry in self.types:
            size = ClusterSize(entry.hosts, entry.loaded, entry.memory_gib, entry.clusters)
            self.model.keep(*cluster_limits(case, case.edition.blades[entry.blade], entry.place, size))
            self.model.at_most(entry.clusters, entry.loaded)
            if memory_is_unpriced(case) and not any_memory:
                self.model.at_most(entry.memory_gib, included_gib(case.edition) * entry.hosts)
        for pool in pools:
            for name, most in pool.worth:
                mine = [(entry.hosts, entry.kind.price_of(case, name)) for entry in self.types if entry.pool is pool]
                self.model.at_most(total((hosts, price) for hosts, price in mine if price), most)
        self._idle_hosts: list[Unknown] = []
        names = [pool.name for pool in pools] if named is None else named
        self.idle = (
            [each for name in names for each in self._standing(name)]
            if carried is None
            else [each for name, blades in carried.items() for each in self._carried(name, blades)]
        )
        elsewhere = sum(each.site == site and each.pool not in names for each in standing_clusters(case))
        idle = add(each.clusters for each in self.idle)
        self.model.keep(*cluster_count(case, site, add(entry.clusters for entry in self.types) + idle + elsewhere))

    def _standing(self, pool: str) -> Iterator[Idle]:
        """Give each cluster that stands to a kind of its blade type, or to none (EXI-1); yield those without."""
        case, model = self._case, self.model
        alike = Counter((each.blade, least_hosts(case, each)) for each in standing_at(case, self._site, pool))
        kinds: dict[str, list[FleetType]] = {}
        for entry in self.types:
            if entry.pool.name == pool:
                kinds.setdefault(entry.blade, []).append(entry)
        given: dict[ClusterKind, list[tuple[int, Unknown]]] = {}
        for (blade, hosts), number in alike.items():
            if blade not in kinds:
                yield Idle(pool, blade, hosts * number, number)
                continue
            idle = model.whole(0, number)
            taken = [(entry, model.whole(0, number)) for entry in kinds[blade]]
            model.equal(add([idle, *(unknown for _, unknown in taken)]), number)
            for entry, unknown in taken:
                given.setdefault(entry.kind, []).append((hosts, unknown))
            yield Idle(pool, blade, hosts * idle, idle)
        least = case.workload.policy.host_failures + 1
        for entry in (each for those in kinds.values() for each in those if each.kind in given):
            some = given[entry.kind]
            count = add(unknown for _, unknown in some)
            standing = total((unknown, hosts - least) for hosts, unknown in some) + least * entry.clusters
            model.keep(hosts_stand(entry.place, standing, entry.hosts))
            model.at_most(count, entry.clusters)

    def _carried(self, pool: str, blades: Sequence[str]) -> Iterator[Idle]:
        """Let clusters from before stand idle: as many of a blade type as stood, and no smaller than any."""
        for blade in blades:
            hosts, clusters = self.model.whole(), self.model.whole()
            self.model.at_most((self._case.workload.policy.host_failures + 1) * clusters, hosts)
            self.model.at_most(hosts, hosts_max(self._case.edition) * clusters)
            self._idle_hosts.append(hosts)
            yield Idle(pool, blade, hosts, clusters)

    def standing(self, pool: str, blade: str) -> tuple[Linear, Linear]:
        """Return hosts and clusters of a blade type in a pool, loaded or not."""
        mine = [entry for entry in self.types if (entry.pool.name, entry.blade) == (pool, blade)]
        idle = [each for each in self.idle if (each.pool, each.blade) == (pool, blade)]
        return (
            add([*(entry.hosts for entry in mine), *(each.hosts for each in idle)]),
            add([*(entry.clusters for entry in mine), *(each.clusters for each in idle)]),
        )

    @property
    def objective(self) -> Linear:
        """What the clusters cost a month, with the licences of their hosts, and those that stand idle."""
        case, site = self._case, self._site
        clusters: list[tuple[str, str, Linear, Linear]] = [
            (site, entry.blade, entry.hosts, entry.memory_gib) for entry in self.types
        ]
        owed = [(entry.hosts, entry.kind.licences_price(case, site)) for entry in self.types]
        idle: Linear = Fraction(0)
        for each in self.idle:
            clusters.append((site, each.blade, each.hosts, included_gib(case.edition) * each.hosts))
            idle = idle + licences_of_host(case, site, each.blade, ()) * each.hosts
        licensed = total((hosts, price) for hosts, price in owed if price)
        return cost(case, items(case, Decision(clusters))) + licensed + idle

    def idle_hosts(self, pool: str, blade: str) -> int:
        """Return how many hosts of a blade type stand idle in the solution found."""
        some = (each.hosts for each in self.idle if (each.pool, each.blade) == (pool, blade))
        return sum(self.model.value(hosts) for hosts in some)

    def minimise(self, budget: Budget) -> Outcome:
        """Search for the least cost."""
        return self.model.minimise(self.objective, budget)

    def settle_ties(self, budget: Budget) -> None:
        """Among plans of equal cost prefer fewer hosts, then clusters, then activated memory, then catalogue order."""
        order = list(self._case.blades)
        orders = [
            add([*(entry.hosts for entry in self.types), *(each.hosts for each in self.idle)]),
            add([*(entry.clusters for entry in self.types), *(each.clusters for each in self.idle)]),
            add(entry.memory_gib for entry in self.types),
            total((entry.hosts, order.index(entry.blade)) for entry in self.types),
        ]
        self.model.prefer(self.objective, orders, budget)

    def add_sums(self, slack: Fraction = Fraction(0)) -> None:
        """Ask for hosts with room for the sum of all items, and for the share `slack` of it besides.

        Items that only some clusters can hold are summed apart as well: one row for each set of blades and licences.
        """
        ceiling = Fraction(self._case.workload.policy.memory_ceiling)
        for pool in self.pools:
            mine = [entry for entry in self.types if entry.pool is pool]
            for blades, licences in dict.fromkeys((shape.blades, shape.licences) for shape in pool.shapes):
                within = [shape for shape in pool.shapes if shape.blades <= blades and shape.licences >= licences]
                able = [entry for entry in mine if entry.blade in blades and entry.kind.licences.names >= licences]
                if licences:
                    used_gib = sum((gib(shape.memory_mib) * shape.count for shape in within), Fraction(0))
                    self.model.at_most(used_gib, total((entry.memory_gib, ceiling) for entry in able))
                for axis, dimension in enumerate(dimensions(self._case)):
                    used = sum((shape.needs[axis] * shape.count for shape in within), Fraction(0)) / dimension.whole
                    offers = ((entry, capacity(self._case, entry.blade)[axis] / dimension.whole) for entry in able)
                    room = total((entry.loaded, offer) for entry, offer in offers)
                    self.model.at_most(used * (1 + slack * (not dimension.few)), room)
            for label in sorted({label for shape in pool.shapes for label in shape.apart}):
                members = [shape for shape in pool.shapes if label in shape.apart]
                able = [entry for entry in mine if any(shape.stands_on(entry.kind) for shape in members)]
                self.model.at_most(sum(shape.count for shape in members), add(entry.loaded for entry in able))
            used_gib = sum((gib(shape.memory_mib) * shape.count for shape in pool.shapes), Fraction(0))
            self.model.at_most(used_gib, total((entry.memory_gib, ceiling) for entry in mine))

    def bound(self, cuts: Sequence[Cut], slack: Fraction = Fraction(0)) -> None:
        """Keep the sums and some cuts."""
        self.add_sums(slack)
        for cut in cuts:
            self.add_cut(cut, slack)

    def add_cut(self, cut: Cut, slack: Fraction = Fraction(0)) -> None:
        """Keep a cut of column generation, with the share `slack` of its demand besides."""
        ceiling = Fraction(self._case.workload.policy.memory_ceiling)
        terms = [(entry.loaded, Fraction(host)) for entry, host in zip(self.types, cut.host, strict=True)]
        terms += [(e.memory_gib, Fraction(price) * ceiling) for e, price in zip(self.types, cut.memory, strict=True)]
        self.model.at_most(Fraction(cut.demand) * (1 + slack - TOLERANCE), total(terms))

    def exclude(self, loaded: Sequence[int]) -> None:
        """Ask for more loaded hosts than these of some type."""
        more = [(entry.loaded, self.model.whole(0, 1), hosts) for entry, hosts in zip(self.types, loaded, strict=True)]
        self.model.at_most(1, add(some for _, some, _ in more))
        for unknown, some, hosts in more:
            self.model.at_most((hosts + 1) * some, unknown)

    def loosen(self) -> list[Unknown]:
        """Return the unknowns that may be any number where hosts and clusters are whole: it loses next to nothing.

        Loaded and idle hosts are at their whole limits then, or might be. So is memory, but where a cut or a licence
        asks for some, since rows that are added here round up what each pool needs.
        """
        ceiling = Fraction(self._case.workload.policy.memory_ceiling)
        for pool in self.pools:
            used_gib = sum((gib(shape.memory_mib) * shape.count for shape in pool.shapes), Fraction(0))
            mine = add(entry.memory_gib for entry in self.types if entry.pool is pool)
            self.model.at_most(math.ceil(used_gib / ceiling), mine)
        return [*(unknown for entry in self.types for unknown in (entry.loaded, entry.memory_gib)), *self._idle_hosts]

    def target(self) -> Target:
        """Return the hosts and the memory of the solution found."""
        case, value = self._case, self.model.value
        ceiling = Fraction(case.workload.policy.memory_ceiling)
        active_gib = included_gib(case.edition)
        hosts = [value(entry.hosts) for entry in self.types]
        more_gib = sum(value(entry.memory_gib) for entry in self.types) - active_gib * sum(hosts)
        return Target(
            tuple(value(entry.loaded) for entry in self.types),
            tuple(float(ceiling * active_gib * count) for count in hosts),
            float(ceiling * more_gib),
        )
