"""The cheapest clusters of a site, with a placement for every VM and a proven lower bound.

The unknowns count: items of each shape on each blade type, and loaded hosts, hosts, clusters and activated memory of
each blade type. Clusters of one blade type are alike, so none is named until the end. When the patterns of one host can
be listed, they stand in the ILP and its optimum is exact. Otherwise the ILP keeps sums only, which is still a bound;
the VMs are packed as the sums say, with more and more slack, and an ILP over the patterns met then picks the best.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cloudplan.bom import Quantity, cluster_items, cost, missing_prices
from cloudplan.clusters import Fleet, deal_hosts
from cloudplan.columns import Columns, Target
from cloudplan.demand import Case
from cloudplan.errors import BadInputError, Fault, NoPlanError, TimeLimitError
from cloudplan.packing import Pattern, maximal_patterns, pack
from cloudplan.plan import Cluster
from cloudplan.rules.compute import AFF_2, DIMENSIONS, MAX_CLUSTERS, cluster_count, cluster_limits, memory_ceiling
from cloudplan.rules.rule import Linear
from cloudplan.shapes import Pool, Shape, capacity
from cloudplan.solver import Budget, Model, Outcome, Unknown, add, total
from cloudplan.units import gib

PATTERN_STEPS = 100_000
"""Steps of the pattern search of one blade type after which its patterns count as too many to list."""

PATTERNS_MAX = 5_000
"""Patterns in one ILP beyond which the sums are used instead."""

DUAL_FEASIBLE = range(1, 12)
"""Parameters of the dual feasible functions that sharpen the sums (see `_sharpened`)."""

SHAPES_MAX = 60
"""Shapes up to which column generation sharpens the bound and finds patterns."""

CUTS_MAX = 12
"""Cuts after which the bound is left as it is."""

SEARCH_NODES = 1_000
"""Branch-and-bound nodes of the ILPs that only look for placements and prove nothing."""

SEARCH_GAP = 0.0005
"""Relative gap at which those ILPs stop."""

CLOSE = Fraction(1, 20_000)
"""A placement this close to the bound, as a share of it, ends the search."""

SLACKS = (0, 5, 10, 20, 30, 50, 80, 120, 200, 300)
"""Shares of a host, in thousandths, that the sums leave free for first-fit."""


@dataclass(frozen=True)
class SitePlan:
    """The clusters of a site, their cost, and the bound that proves how good they are."""

    clusters: tuple[Cluster, ...]
    cost: Fraction
    bound: Fraction


@dataclass(frozen=True)
class _Type:
    """The unknowns of one blade type in one pool."""

    pool: Pool
    blade: str
    items: Mapping[int, Unknown]
    loaded: Unknown
    hosts: Unknown
    clusters: Unknown
    memory_gib: Unknown
    patterns: tuple[tuple[Pattern, Unknown], ...] | None = None
    """Patterns over the shapes that the type holds, and how many hosts have each; None: sums only."""

    @property
    def key(self) -> tuple[str, str]:
        """Pool and blade."""
        return self.pool.name, self.blade

    def narrowed(self, host: Pattern) -> Pattern:
        """Return a pattern over all shapes of the pool as one over the shapes that the type holds."""
        return tuple(host[index] for index in self.items)

    def place(self) -> str:
        """Return where this is, for messages."""
        return f"{self.pool.site} {self.pool.name} {self.blade}"


def plan_site(case: Case, site: str, pools: Sequence[Pool], budget: Budget) -> SitePlan:
    """Return the cheapest clusters for the pools of a site.

    Pools meet only in `max_clusters`; without it each is solved alone. Raises NoPlanError when the limit is too low,
    TimeLimitError when time ran out before any placement was found.
    """
    together = [list(pools)] if case.workload.policy.max_clusters is not None else [[pool] for pool in pools]
    parts = [_plan(case, site, part, budget) for part in together]
    return SitePlan(
        tuple(cluster for part in parts for cluster in part.clusters),
        sum((part.cost for part in parts), Fraction(0)),
        sum((part.bound for part in parts), Fraction(0)),
    )


def _plan(case: Case, site: str, pools: Sequence[Pool], budget: Budget) -> SitePlan:
    """Return the cheapest clusters of pools that are solved together: exactly if their patterns can be listed."""
    patterns = _all_patterns(case, pools)
    model, types = _model(case, site, pools, patterns, slack=0)
    outcome = _solve(case, site, model, types, budget)
    if patterns is not None and outcome.found:
        _settle_ties(case, model, types, budget)
        clusters = _clusters(case, pools, model, types, {entry.key: _loaded_hosts(model, entry) for entry in types})
        return SitePlan(clusters, _cost(case, clusters), outcome.bound)
    columns = Columns(case, pools) if sum(len(pool.shapes) for pool in pools) <= SHAPES_MAX else None
    if columns and outcome.found:
        outcome = _sharpen(case, model, types, outcome, columns, budget)
    found = [*_placements(case, site, pools, (model, types, outcome), columns, budget), _greedy(case, pools)]
    allowed = [clusters for clusters in found if not _too_many(case, clusters)]
    if not allowed:
        raise TimeLimitError(f"no placement with few enough clusters was found for {site} in the time given")
    best = min(allowed, key=lambda clusters: _cost(case, clusters))
    return SitePlan(best, _cost(case, best), outcome.bound)


def _sharpen(
    case: Case, model: Model, types: Sequence[_Type], outcome: Outcome, columns: Columns, budget: Budget
) -> Outcome:
    """Raise the bound of the sums by cuts of column generation, until the hosts that it wants could hold the items."""
    ceiling = Fraction(case.workload.policy.memory_ceiling)
    for _ in range(CUTS_MAX):
        targets = [Target(model.value(e.loaded), float(ceiling * model.value(e.memory_gib))) for e in types]
        cut = columns.cut(targets, budget)
        if cut is None or budget.spent:
            break
        terms = [(entry.loaded, Fraction(host)) for entry, host in zip(types, cut.host, strict=True)]
        terms += [(e.memory_gib, Fraction(price) * ceiling) for e, price in zip(types, cut.memory, strict=True)]
        model.at_most(Fraction(cut.demand), total(terms))
        sharper = model.minimise(_objective(case, types), budget)
        if not sharper.found:
            break
        outcome = replace(sharper, bound=max(outcome.bound, sharper.bound))
    return outcome


def _placements(
    case: Case,
    site: str,
    pools: Sequence[Pool],
    solved: tuple[Model, list[_Type], Outcome],
    columns: Columns | None,
    budget: Budget,
) -> Iterator[tuple[Cluster, ...]]:
    """Yield placements: of the sums with more and more slack, then of the ILP over the patterns met on the way."""
    model, types, outcome = solved
    search = replace(budget, nodes=SEARCH_NODES, gap=max(budget.gap, SEARCH_GAP))
    enough = outcome.bound + Fraction(budget.gap or CLOSE) * outcome.bound
    met: dict[tuple[str, str], dict[Pattern, None]] = {entry.key: {} for entry in types}
    for slack in SLACKS:
        if slack:
            model, types = _model(case, site, pools, None, slack)
            outcome = model.minimise(_objective(case, types), search)
        if outcome.found:
            loaded = {entry.key: _packed(case, entry.pool, entry.blade, _wanted(model, entry)) for entry in types}
            for entry in types:
                met[entry.key].update((entry.narrowed(host), None) for host in loaded[entry.key])
            clusters = _clusters(case, pools, model, types, loaded)
            yield clusters
            if _cost(case, clusters) <= enough and not _too_many(case, clusters):
                return
        if budget.spent:
            return
    generated = columns.types if columns else []
    more: list[dict[tuple[str, str], Iterable[Pattern]]] = [{}]
    if generated:
        more += [{entry.key: entry.used for entry in generated}, {entry.key: entry.patterns for entry in generated}]
    for addition in more:
        for key, patterns in addition.items():
            met[key].update(dict.fromkeys(patterns))
        model, types = _model(case, site, pools, {key: list(listed) for key, listed in met.items()}, 0)
        if model.minimise(_objective(case, types), search).found:
            clusters = _clusters(case, pools, model, types, {entry.key: _loaded_hosts(model, entry) for entry in types})
            yield clusters
            if _cost(case, clusters) <= enough or budget.spent:
                return


def _greedy(case: Case, pools: Sequence[Pool]) -> tuple[Cluster, ...]:
    """Return a placement that needs no solver: each shape on the blade type whose largest share of it costs least."""
    clusters: list[Cluster] = []
    for pool in pools:
        counts = {blade: [0] * len(pool.shapes) for blade in case.blades}
        for index, shape in enumerate(pool.shapes):
            counts[min(sorted(shape.blades), key=lambda blade: _share_cost(case, shape, blade))][index] = shape.count
        fleets = [Fleet(blade, _packed(case, pool, blade, counts[blade]), 0) for blade in case.blades]
        clusters += deal_hosts(case, pool, fleets)
    return tuple(clusters)


def _share_cost(case: Case, shape: Shape, blade: str) -> Fraction:
    shares = [need / offer for need, offer in zip(shape.needs, capacity(case, blade), strict=True) if offer]
    return max(shares) * Fraction(case.prices.net(case.edition.blades[blade]))


def _all_patterns(case: Case, pools: Sequence[Pool]) -> dict[tuple[str, str], list[Pattern]] | None:
    """Return every maximal pattern of each pool and blade type, or None when there are too many to list."""
    listed: dict[tuple[str, str], list[Pattern]] = {}
    for pool in pools:
        for blade in case.blades:
            shapes = [pool.shapes[index] for index in pool.shapes_on(blade)]
            patterns = maximal_patterns(shapes, capacity(case, blade), PATTERN_STEPS) if shapes else []
            if patterns is None:
                return None
            listed[pool.name, blade] = patterns
    return listed if sum(map(len, listed.values())) <= PATTERNS_MAX else None


def _model(
    case: Case,
    site: str,
    pools: Sequence[Pool],
    patterns: Mapping[tuple[str, str], Sequence[Pattern]] | None,
    slack: int,
    *,
    any_memory: bool = False,
) -> tuple[Model, list[_Type]]:
    """Return the ILP of a site: counts per blade type, under the cluster rules, and patterns or sums for the hosts."""
    model = Model()
    types = []
    for pool in pools:
        mine = [_type(model, pool, blade, patterns) for blade in case.blades if pool.shapes_on(blade)]
        types += mine
        for index, shape in enumerate(pool.shapes):
            model.equal(add(entry.items[index] for entry in mine if index in entry.items), shape.count)
    for entry in types:
        blade, used = case.edition.blades[entry.blade], _used_gib(entry)
        model.keep(
            *cluster_limits(
                case,
                blade,
                entry.place(),
                hosts=entry.hosts,
                loaded=entry.loaded,
                memory_gib=entry.memory_gib,
                clusters=entry.clusters,
            ),
            memory_ceiling(case, entry.place(), used_gib=used, memory_gib=entry.memory_gib),
        )
        model.at_most(entry.clusters, entry.loaded)
        if case.unpriced_memory and not any_memory:
            model.at_most(entry.memory_gib, case.edition.count("MEM-1", "included_gib_per_blade") * entry.hosts)
        if entry.patterns is not None:
            _pattern_rows(model, entry)
        else:
            _sum_rows(case, model, entry, slack)
    model.keep(*cluster_count(case, site, add(entry.clusters for entry in types)))
    return model, types


def _type(model: Model, pool: Pool, blade: str, patterns: Mapping[tuple[str, str], Sequence[Pattern]] | None) -> _Type:
    indexes = pool.shapes_on(blade)
    listed = (patterns or {}).get((pool.name, blade), ())
    return _Type(
        pool,
        blade,
        items={index: model.whole(0, pool.shapes[index].count) for index in indexes},
        loaded=model.whole(),
        hosts=model.whole(),
        clusters=model.whole(),
        memory_gib=model.whole(),
        patterns=None if patterns is None else tuple((pattern, model.whole()) for pattern in listed),
    )


def _used_gib(entry: _Type) -> Linear:
    return total((unknown, gib(entry.pool.shapes[index].memory_mib)) for index, unknown in entry.items.items())


def _pattern_rows(model: Model, entry: _Type) -> None:
    """Each item stands in a pattern of a loaded host; a part of a pattern is a pattern."""
    for position, (_, unknown) in enumerate(entry.items.items()):
        model.at_most(unknown, total((times, pattern[position]) for pattern, times in entry.patterns or ()))
    model.at_most(add(times for _, times in entry.patterns or ()), entry.loaded)


def _sum_rows(case: Case, model: Model, entry: _Type, slack: int) -> None:
    """Sums over all loaded hosts, and what dual feasible functions and anti-affinity add; `slack` in thousandths."""
    shapes = {index: entry.pool.shapes[index] for index in entry.items}
    offer = capacity(case, entry.blade)
    share = Fraction(1000 - slack, 1000)
    for axis, dimension in enumerate(DIMENSIONS):
        used = total((unknown, shapes[index].needs[axis]) for index, unknown in entry.items.items())
        model.keep(dimension.rule.at_most(used, share * offer[axis] * entry.loaded, entry.place(), dimension.unit))
        if not slack and offer[axis]:
            for weights in _sharpened(shapes, axis, offer[axis]):
                model.at_most(total((entry.items[index], weight) for index, weight in weights), entry.loaded)
    for label in sorted({label for shape in shapes.values() for label in shape.apart}):
        members = add(entry.items[index] for index, shape in shapes.items() if label in shape.apart)
        model.keep(AFF_2.at_most(members, entry.loaded, entry.place(), "hosts"))


def _sharpened(shapes: Mapping[int, Shape], axis: int, offer: Fraction) -> Iterator[list[tuple[int, Fraction]]]:
    """Yield weights whose sum on one host cannot exceed 1: the dual feasible functions of Fekete and Schepers.

    f_k(x) = x if (k + 1) x is whole, else floor((k + 1) x) / k, with x the share of a host.
    """
    shares = {index: shape.needs[axis] / offer for index, shape in shapes.items()}
    largest = max(shares.values(), default=Fraction(0))
    for k in DUAL_FEASIBLE:
        if (k + 1) * largest <= 1:
            continue
        weights = []
        for index, share in shares.items():
            grown = (k + 1) * share
            weights.append((index, share if grown.denominator == 1 else Fraction(math.floor(grown), k)))
        yield [(index, weight) for index, weight in weights if weight]


def _objective(case: Case, types: Sequence[_Type]) -> Linear:
    return add(cost(case, _priced(case, entry)) for entry in types)


def _priced(case: Case, entry: _Type) -> list[Quantity]:
    return [
        (item, quantity)
        for item, quantity in cluster_items(case, entry.blade, entry.hosts, entry.memory_gib)
        if case.prices.offer(item) is not None
    ]


def _solve(case: Case, site: str, model: Model, types: Sequence[_Type], budget: Budget) -> Outcome:
    outcome = model.minimise(_objective(case, types), budget)
    if outcome.infeasible:
        pools = list({entry.pool.name: entry.pool for entry in types}.values())
        if case.unpriced_memory and not _model(case, site, pools, None, 0, any_memory=True)[0].impossible(budget):
            raise BadInputError(missing_prices(case, [case.edition.services.memory]))
        limit = case.workload.policy.max_clusters
        message = f"no plan for {site} with max_clusters {limit}; raise it or merge pools"
        raise NoPlanError([Fault(message, path="policy.max_clusters", rule=MAX_CLUSTERS.id)])
    return outcome


def _settle_ties(case: Case, model: Model, types: Sequence[_Type], budget: Budget) -> None:
    """Among plans of equal cost prefer fewer hosts, then clusters, then activated memory, then catalogue order."""
    order = list(case.blades)
    model.prefer(
        _objective(case, types),
        [
            add(entry.hosts for entry in types),
            add(entry.clusters for entry in types),
            add(entry.memory_gib for entry in types),
            total((entry.hosts, order.index(entry.blade)) for entry in types),
        ],
        budget,
    )


def _loaded_hosts(model: Model, entry: _Type) -> list[Pattern]:
    """Return what each loaded host holds: the chosen patterns, filled with the items there are."""
    left = {index: model.value(unknown) for index, unknown in entry.items.items()}
    hosts = []
    for pattern, times in entry.patterns or ():
        for _ in range(model.value(times)):
            counts = [0] * len(entry.pool.shapes)
            for index, room in zip(entry.items, pattern, strict=True):
                counts[index] = min(room, left[index])
                left[index] -= counts[index]
            if any(counts):
                hosts.append(tuple(counts))
    return hosts


def _wanted(model: Model, entry: _Type) -> list[int]:
    """Return how many items of each shape of its pool the sums put on a blade type."""
    shapes = range(len(entry.pool.shapes))
    return [model.value(entry.items[index]) if index in entry.items else 0 for index in shapes]


def _packed(case: Case, pool: Pool, blade: str, counts: Sequence[int]) -> list[Pattern]:
    """Return hosts of a blade type for some items of a pool, as many as it takes."""
    indexes = [index for index in pool.shapes_on(blade) if counts[index]]
    if not indexes:
        return []
    packed = pack(
        [pool.shapes[index] for index in indexes], [counts[index] for index in indexes], capacity(case, blade)
    )
    held = [dict(zip(indexes, pattern, strict=True)) for pattern in packed]
    return [tuple(host.get(index, 0) for index in range(len(pool.shapes))) for host in held]


def _clusters(
    case: Case,
    pools: Sequence[Pool],
    model: Model,
    types: Sequence[_Type],
    loaded: Mapping[tuple[str, str], Sequence[Pattern]],
) -> tuple[Cluster, ...]:
    """Return the clusters of loaded hosts, with as many hosts in all as the model wants."""
    clusters: list[Cluster] = []
    for pool in pools:
        mine = [entry for entry in types if entry.pool is pool]
        fleets = [Fleet(entry.blade, loaded[entry.key], model.value(entry.hosts)) for entry in mine]
        clusters += deal_hosts(case, pool, fleets)
    return tuple(clusters)


def _cost(case: Case, clusters: Sequence[Cluster]) -> Fraction:
    return sum(
        (Fraction(cost(case, cluster_items(case, c.blade, c.hosts, c.memory_gib))) for c in clusters), Fraction(0)
    )


def _too_many(case: Case, clusters: Sequence[Cluster]) -> bool:
    limit = case.workload.policy.max_clusters
    return limit is not None and len(clusters) > limit
