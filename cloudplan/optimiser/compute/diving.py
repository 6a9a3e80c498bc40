"""Patterns become hosts: what the covering LP wants whole is fixed, the LP is solved for the rest, and so on.

Where no pattern is wanted whole, as many of the most wanted are fixed as leave the LP no worse, down to a single one.
What is left in the end is squeezed into the gaps, and returned where that fails.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cloudplan.optimiser.compute.best_fit import Filling
from cloudplan.optimiser.compute.column_generation import CoveringLp
from cloudplan.optimiser.compute.cuts import allowed
from cloudplan.optimiser.compute.host_table import Ints
from cloudplan.optimiser.compute.last_hosts import last_hosts
from cloudplan.optimiser.compute.patterns import Pattern
from cloudplan.optimiser.compute.shapes import Pool
from cloudplan.optimiser.solver import Budget
from cloudplan.workload.case import Case

WHOLE = 1 - 1e-6
"""How often a pattern must be wanted to be fixed at once."""

SINGLE = 60
"""Hosts to be filled from which on best fit is tried after each step."""

SHARE, TRIES = 0.1, 6
"""Share of the hosts left that is filled in one step at most, and patterns tried where that ends at one host."""

NEAR = 0.1
"""What the LP may miss, in shares of a host, for best fit to be tried."""

LOSS = 0.2
"""What best fit may lose of the hosts it fills: the dive ends when this and what the LP misses are within the gap."""

SQUEEZED = 20
"""Items left over up to which exchanges between hosts are tried."""


@dataclass(frozen=True)
class _Way:
    """How closely to look at each step; all but `last` in shares of a host.

    The LP has as many hosts less as `short` says. With a little too few, its duals tell which patterns fill hosts best;
    with enough, all are worth nothing. A step leaves it no worse when it misses at most `little`, or no more than
    `loss` beyond what it missed before. When so many hosts are left as `last` says, they are all filled together.
    """

    short: float
    little: float
    loss: float
    last: tuple[int, ...]


WAYS = _Way(0.0, 0.01, 0.0, ()), _Way(0.05, 0.0, 0.003, (12, 8)), _Way(0.05, 0.0, 0.001, (12, 8))
"""The ways that are tried, one after the other, while items are left over."""

MANY = 400
"""Hosts beyond which only the first way is tried: the others take long then, and a host more is little of the whole."""


@dataclass(frozen=True)
class Dive:
    """Hosts that were filled, and how many items of each row found no place."""

    filling: Filling
    rest: Ints

    @property
    def left(self) -> float:
        """What found no place, in shares of a host."""
        return self.filling.size(self.rest)

    def with_host(self, kind: int) -> "Dive":
        """Return it with one host more of a type, and what then finds a place."""
        filling = self.filling.with_host(kind)
        return _squeezed(Dive(filling, filling.best_fit(self.rest)))


_Choice = tuple[float, int, Pattern]
"""How often the LP uses a pattern, the type of its hosts, and the pattern."""


@dataclass(frozen=True)
class _State:
    """What was fixed so far: type, content and number of hosts; and what is left: items by row, hosts by type."""

    fixed: tuple[tuple[int, Ints, int], ...]
    left: Ints
    free: tuple[int, ...]

    def fixing(self, columns: CoveringLp, choices: Sequence[_Choice]) -> "_State":
        """Return what becomes of it with patterns fixed on as many hosts as have use for them."""
        fixed, left, free = list(self.fixed), self.left, list(self.free)
        for times, kind, pattern in choices:
            full = np.zeros_like(left)
            full[columns.types[kind].rows] = pattern
            some = np.flatnonzero(full)
            most = min(max(1, math.floor(times + 1 - WHOLE)), free[kind])
            whole = min(most, int((left[some] // full[some]).min()))
            for content, hosts in ((full, whole), (np.minimum(full, left - whole * full), int(whole < most))):
                if hosts and content.any():
                    fixed.append((kind, content, hosts))
                    left = left - hosts * content
                    free[kind] -= hosts
        return _State(tuple(fixed), left, tuple(free))

    def filled(self, hosts: Sequence[tuple[int, Ints, int]]) -> "_State":
        """Return what becomes of it with hosts that hold all that is left, and some of it more than once perhaps."""
        fixed, left, free = list(self.fixed), self.left, list(self.free)
        for kind, content, number in hosts:
            for _ in range(number):
                fixed.append((kind, np.minimum(content, left), 1))
                left, free[kind] = left - fixed[-1][1], free[kind] - 1
        return _State(tuple(fixed), left, tuple(free))


def dive(case: Case, pools: Sequence[Pool], columns: CoveringLp, loaded: Sequence[int], budget: Budget) -> Dive:
    """Fill so many hosts of each type as far as they can be: quickly, and where that leaves something over, closely."""
    found = _dive(case, pools, columns, loaded, budget, WAYS[0])
    for way in WAYS[1:]:
        if not 0 < found.rest.sum() <= SQUEEZED or sum(loaded) > MANY or budget.spent:
            break
        found = min(found, _dive(case, pools, columns, loaded, budget, way), key=lambda each: each.left)
    return found


def _dive(
    case: Case, pools: Sequence[Pool], columns: CoveringLp, loaded: Sequence[int], budget: Budget, way: _Way
) -> Dive:
    little = allowed(loaded, budget.gap)
    literal = columns.literal(loaded, little, budget, way.short)
    state, missing = _State((), columns.items, tuple(loaded)), literal.cover(loaded, columns.items, little, budget)
    tried, gap, last = math.inf, budget.gap * sum(loaded), way.last
    while any(state.free) and state.left.any() and missing + LOSS * sum(state.free) > gap:
        step = _step(literal, state, max(missing + way.loss, way.little), budget)
        if step is None:
            break
        state, missing = step
        if budget.spent:
            break
        if missing <= NEAR and sum(state.free) <= max(SINGLE, tried / 2):
            tried = sum(state.free)
            found = _filled(case, pools, literal, state)
            if not found.rest.any():
                return found
        if last and sum(state.free) <= last[0]:
            last = tuple(hosts for hosts in last if hosts < sum(state.free))
            filled = last_hosts(literal, state.free, state.left, budget)
            if filled is not None:
                return _filled(case, pools, literal, state.filled(filled))
    return _squeezed(_filled(case, pools, literal, state))


def _squeezed(found: Dive) -> Dive:
    """Return a dive with what is left over squeezed in, as far as it goes, if that is not much."""
    if 0 < found.rest.sum() <= SQUEEZED:
        return Dive(found.filling, found.filling.squeeze_in(found.rest))
    return found


def _filled(case: Case, pools: Sequence[Pool], columns: CoveringLp, state: _State) -> Dive:
    """Open all hosts, and place what is left by best fit."""
    shapes = [(pool, shape) for pool in pools for shape in pool.shapes]
    filling = Filling(case, shapes, [(entry.pool, entry.kind) for entry in columns.types])
    empty = np.zeros_like(state.left)
    filling.open([*state.fixed, *((kind, empty, hosts) for kind, hosts in enumerate(state.free))])
    return Dive(filling, filling.best_fit(state.left))


def _step(columns: CoveringLp, state: _State, least: float, budget: Budget) -> tuple[_State, float] | None:
    """Fix some patterns; return what is left then, and how much of it the LP misses; None when it uses no pattern.

    These are the patterns wanted whole, or else as many of the most wanted as leave the LP no worse, or else the one
    that leaves it best.
    """
    ranked = sorted(_choices(columns, state), key=lambda choice: (-choice[0], *choice[1:]))
    whole = [choice for choice in ranked if choice[0] >= WHOLE]
    several = math.ceil(SHARE * sum(state.free))
    groups = [whole] if whole else [ranked[: several >> halved] for halved in range(several.bit_length() - 1)]
    best = None
    for choices in [*groups, *([choice] for choice in ranked[:TRIES])]:
        trial = state.fixing(columns, choices)
        after = columns.cover(trial.free, trial.left, least, budget)
        if after <= least:
            return trial, after
        if len(choices) == 1 and (best is None or after < best[1]):
            best = trial, after
    return best


def _choices(columns: CoveringLp, state: _State) -> Iterator[_Choice]:
    """Yield the patterns that the LP uses and that have a host and items left."""
    for kind, listed in enumerate(columns.solution()):
        wanted = state.left[columns.types[kind].rows] > 0
        for pattern, times in listed:
            if state.free[kind] and np.array(pattern)[wanted].any():
                yield times, kind, pattern
