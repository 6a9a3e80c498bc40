"""A first plan of pools, and a first bound of their cost: neither needs a solver."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from cloudplan.base.units import gib
from cloudplan.optimiser.compute.clusters import Fleet, deal_hosts
from cloudplan.optimiser.compute.further_hosts import cheapest_hosts, packed
from cloudplan.optimiser.compute.kinds import NONE, ClusterKind, LicenceSet
from cloudplan.optimiser.compute.shapes import Pool
from cloudplan.plan.plan import Cluster
from cloudplan.rules.compute import (
    capacity,
    dimensions,
    included_gib,
    memory_is_included,
    memory_is_unpriced,
)
from cloudplan.workload.case import Case


def greedy(case: Case, pools: Sequence[Pool]) -> tuple[Cluster, ...]:
    """Return a placement that needs no solver: each shape on the kind of cluster whose largest share costs least."""
    clusters: list[Cluster] = []
    for pool in pools:
        hosts = cheapest_hosts(case, pool, [shape.count for shape in pool.shapes])
        clusters += deal_hosts(case, pool, [Fleet(kind.blade, loaded, 0) for kind, loaded in hosts.items()])
    return tuple(clusters)


def on_one_type(case: Case, pools: Sequence[Pool]) -> Iterator[tuple[Cluster, ...]]:
    """Yield a placement for each blade type that can hold every item of the pools, all on it.

    Where VMs need licences, they share all hosts first, and stand apart by what they need then.
    """
    for blade in case.blades:
        if all(blade in shape.blades for pool in pools for shape in pool.shapes):
            yield _on(case, blade, pools, apart=False)
            if any(len(pool.licence_sets) > 1 for pool in pools):
                yield _on(case, blade, pools, apart=True)


def _on(case: Case, blade: str, pools: Sequence[Pool], *, apart: bool) -> tuple[Cluster, ...]:
    """Return the clusters of pools on one blade type, one fleet in each for all that need the same licences."""
    clusters = []
    for pool in pools:
        every = NONE.union(*(shape.licences for shape in pool.shapes))
        sets = dict.fromkeys(shape.licences if apart else every for shape in pool.shapes)
        fleets = []
        for names in sets:
            counts = [shape.count * (not apart or shape.licences == names) for shape in pool.shapes]
            loaded = packed(case, pool, ClusterKind(blade, LicenceSet(names)), counts)
            fleets.append(Fleet(blade, loaded, 0))
        clusters.append(deal_hosts(case, pool, fleets))
    return tuple(itertools.chain.from_iterable(clusters))


def least_cost(case: Case, pool: Pool) -> Fraction:
    """Return a bound of the cost of a pool, in plain sums, the largest of these:

    a host and its spares of the cheapest type that can hold it, for the shape that costs most so; of each dimension the
    sum of all needs at its best price a unit, and spares; the same with the price of a blade less that of the memory it
    includes, and the price of all memory that must be active.
    """
    edition, failures = case.edition, case.workload.policy.host_failures
    prices = {kind: kind.host_price(case, pool.site) for kind in pool.kinds(case)}
    blades: dict[str, Fraction] = {}
    for kind, price in prices.items():
        blades[kind.blade] = min(price, blades.get(kind.blade, price))
    single = [
        (1 + failures) * min(price for kind, price in prices.items() if shape.stands_on(kind)) for shape in pool.shapes
    ]
    priced = not memory_is_included(case) and not memory_is_unpriced(case)
    gib_price = Fraction(case.prices.net(edition.services.memory)) if priced else Fraction(0)
    used_gib = gib(sum(shape.memory_mib * shape.count for shape in pool.shapes))
    active = gib_price * used_gib / Fraction(case.workload.policy.memory_ceiling)
    net = {blade: price - gib_price * included_gib(edition) for blade, price in blades.items()}
    bounds = [max(single, default=Fraction(0)), _least_of_hosts(case, pool, blades)]
    if priced and min(net.values(), default=Fraction(0)) >= 0:
        bounds.append(active + _least_of_hosts(case, pool, net))
    return max(bounds)


def _least_of_hosts(case: Case, pool: Pool, prices: Mapping[str, Fraction]) -> Fraction:
    """Return a bound of what the hosts of a pool cost at prices >= 0: each dimension at its best price, and spares."""
    bounds = [Fraction(0)]
    for axis in range(len(dimensions(case))):
        need = sum((shape.needs[axis] * shape.count for shape in pool.shapes), Fraction(0))
        units = [(price, capacity(case, blade)[axis]) for blade, price in prices.items()]
        if need:
            bounds.append(need * min(price / offer for price, offer in units if offer))
    return max(bounds) + case.workload.policy.host_failures * min(prices.values(), default=Fraction(0))
