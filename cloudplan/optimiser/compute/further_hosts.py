"""Hosts beyond those that a dive filled, for what found no place on them, and hosts without any dive."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cloudplan.optimiser.compute.column_generation import HostType
from cloudplan.optimiser.compute.diving import SQUEEZED, Dive
from cloudplan.optimiser.compute.kinds import ClusterKind
from cloudplan.optimiser.compute.patterns import Grid, Pattern, first_fit
from cloudplan.optimiser.compute.shapes import Pool, Shape
from cloudplan.rules.compute import capacity
from cloudplan.workload.case import Case


def completed(case: Case, types: Sequence[HostType], found: Dive) -> Iterator[Dive]:
    """Yield what becomes of a dive with as few hosts more as hold what is left over, if that is not much.

    Hosts are opened one by one, and items exchanged to make room for those left over. As soon as one host is enough,
    there is a result for each type on which it is; until then the one is opened that holds most for its price.
    """
    prices = [entry.kind.host_price(case, entry.pool.site) for entry in types]
    while 0 < found.rest.sum() <= SQUEEZED:
        pools = {entry.pool.name for entry in types if found.rest[entry.rows].any()}
        trials = [(found.with_host(kind), kind) for kind, entry in enumerate(types) if entry.pool.name in pools]
        enough = [trial for trial, _ in trials if not trial.rest.any()]
        yield from enough
        if enough:
            return
        before = found.left
        found = max(trials, key=lambda trial: ((before - trial[0].left) / float(prices[trial[1]]), -trial[1]))[0]


def cheapest_hosts(case: Case, pool: Pool, left: Sequence[int]) -> dict[ClusterKind, list[Pattern]]:
    """Return hosts by kind for items of a pool, each on the kind of cluster whose largest share of it costs least."""
    kinds = pool.kinds(case)
    by_name = sorted(kinds, key=lambda kind: kind.blade)
    prices = {kind: kind.host_price(case, pool.site) for kind in kinds}
    counts = {kind: [0] * len(pool.shapes) for kind in kinds}
    for index, shape in enumerate(pool.shapes):
        able = [kind for kind in by_name if shape.stands_on(kind)]
        counts[min(able, key=lambda kind: _share(case, shape, kind.blade) * prices[kind])][index] = left[index]
    return {kind: packed(case, pool, kind, counts[kind]) for kind in kinds}


def _share(case: Case, shape: Shape, blade: str) -> Fraction:
    offers = zip(shape.needs, capacity(case, blade), strict=True)
    return max(need / offer for need, offer in offers if offer)


def packed(case: Case, pool: Pool, kind: ClusterKind, counts: Sequence[int]) -> list[Pattern]:
    """Return hosts of a kind of cluster for some items of a pool, as many as it takes."""
    indexes = [index for index in pool.shapes_on(kind.blade, kind.licences.names) if counts[index]]
    if not indexes:
        return []
    shapes, left = [pool.shapes[index] for index in indexes], [counts[index] for index in indexes]
    packed = first_fit(Grid.of(case, kind.blade, shapes, left))
    held = [dict(zip(indexes, pattern, strict=True)) for pattern in packed]
    return [tuple(host.get(index, 0) for index in range(len(pool.shapes))) for host in held]
