"""Patterns become hosts: what the covering LP wants whole is fixed, the LP is solved for the rest, and so on.

Once no pattern is wanted whole, one is fixed at a time: of the most wanted, the first after which the LP can still
cover the rest. What is left in the end is squeezed into the gaps, and returned where that fails.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cloudplan.columns import Columns, HostType
from cloudplan.demand import Case
from cloudplan.filling import Filling
from cloudplan.knapsack import Ints
from cloudplan.packing import Pattern
from cloudplan.shapes import Pool
from cloudplan.solver import Budget

WHOLE = 1 - 1e-6
"""How often a pattern must be wanted to be fixed at once."""

NOISE = 1e-6
"""What the LP may miss more by floating point alone."""

SINGLE, SHARE = 60, 0.1
"""Hosts to be filled from which on they are fixed one at a time, and the share of them that is before."""

TRIES, HOPELESS = 6, 0.2
"""Patterns of which the one is fixed that leaves most room for the rest, unless too much is missing already."""

FEW = 1500
"""Items left from which on best fit is tried now and then: it may succeed before the dive ends."""

SQUEEZED = 20
"""Items left over up to which exchanges between hosts are tried."""


@dataclass(frozen=True)
class Dive:
    """Hosts that were filled, and how many items of each row found no place."""

    filling: Filling
    rest: Ints


@dataclass
class _State:
    """What was fixed so far: type, content and number of hosts; and what is left: items by row, hosts by type."""

    fixed: list[tuple[int, Ints, int]]
    left: Ints
    free: list[int]
    missing: float = 0.0
    """What the LP cannot cover of what is left."""

    def take(self, kind: int, entry: HostType, pattern: Pattern, times: int) -> None:
        """Fix a pattern on as many hosts as have use for it, up to `times`."""
        full = np.zeros_like(self.left)
        full[entry.rows] = pattern
        some = np.flatnonzero(full)
        whole = min(times, self.free[kind], int((self.left[some] // full[some]).min()))
        contents = [(full, whole)] if whole else []
        if whole < min(times, self.free[kind]):
            contents.append((np.minimum(full, self.left - whole * full), 1))
        for content, hosts in contents:
            if content.any():
                self.fixed.append((kind, content, hosts))
                self.left = self.left - hosts * content
                self.free[kind] -= hosts


def dive(case: Case, pools: Sequence[Pool], columns: Columns, loaded: Sequence[int], budget: Budget) -> Dive:
    """Fill so many hosts of each type."""
    state = _State([], columns.items, list(loaded))
    state.missing = columns.be_literal(state.free, budget.gap)
    tried = math.inf
    while any(state.free) and state.left.any() and not budget.spent:
        if state.left.sum() <= FEW and sum(state.free) <= tried / 2:
            tried = sum(state.free)
            found = _filled(case, pools, columns, state)
            if not found.rest.any():
                return found
        if not _step(columns, state):
            break
    found = _filled(case, pools, columns, state)
    if 0 < found.rest.sum() <= SQUEEZED:
        return Dive(found.filling, found.filling.squeeze_in(found.rest))
    return found


def _filled(case: Case, pools: Sequence[Pool], columns: Columns, state: _State) -> Dive:
    """Open all hosts, and place what is left by best fit."""
    shapes = [(pool, shape) for pool in pools for shape in pool.shapes]
    filling = Filling(case, shapes, [(entry.pool, entry.blade) for entry in columns.types])
    empty = np.zeros_like(state.left)
    filling.open([*state.fixed, *((kind, empty, hosts) for kind, hosts in enumerate(state.free))])
    return Dive(filling, filling.best_fit(state.left))


def _step(columns: Columns, state: _State) -> bool:
    """Fix the patterns wanted whole, or else one that leaves room for the rest; return whether there were any."""
    ranked = sorted(
        (
            (times, kind, pattern)
            for kind, listed in enumerate(columns.solution())
            for pattern, times in listed
            if state.free[kind] and state.left[columns.types[kind].rows][np.array(pattern) > 0].any()
        ),
        key=lambda entry: (-entry[0], entry[1], entry[2]),
    )
    several = [entry for entry in ranked if entry[0] >= WHOLE]
    if not several and sum(state.free) > SINGLE:
        several = ranked[: math.ceil(SHARE * sum(state.free))]
    if several:
        for times, kind, pattern in several:
            state.take(kind, columns.types[kind], pattern, max(1, math.floor(times + 1 - WHOLE)))
    elif ranked:
        tries = TRIES if state.missing < HOPELESS else 1
        kind, pattern = _roomiest(columns, state, [entry[1:] for entry in ranked[:tries]])
        state.take(kind, columns.types[kind], pattern, 1)
    state.missing = columns.cover(state.free, state.left, state.missing + NOISE)
    return bool(ranked)


def _roomiest(columns: Columns, state: _State, choices: Sequence[tuple[int, Pattern]]) -> tuple[int, Pattern]:
    """Return the pattern after which the LP misses least: the first after which it misses no more than before."""
    if len(choices) == 1:
        return choices[0]
    best, least = choices[0], math.inf
    for kind, pattern in choices:
        trial = _State([], state.left, list(state.free))
        trial.take(kind, columns.types[kind], pattern, 1)
        after = columns.cover(trial.free, trial.left, state.missing + NOISE)
        if after < least:
            best, least = (kind, pattern), after
        if after <= state.missing + NOISE:
            break
    return best
