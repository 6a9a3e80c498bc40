"""The last hosts of a dive, filled together: an ILP over the patterns that fill a host best.

One by one they would end in a single item that fits nowhere, because each step of a dive loses a little.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cloudplan.optimiser.compute.column_generation import LITERAL_ROUNDS, CoveringLp
from cloudplan.optimiser.compute.host_table import Ints
from cloudplan.optimiser.solver import Budget, WholeModel

NODES = 100
"""Nodes of the search for whole numbers."""

BELOW = 0.05
"""How much less than its host a pattern may be worth, in shares of a host."""


def last_hosts(
    columns: CoveringLp, free: Sequence[int], left: Ints, budget: Budget
) -> list[tuple[int, Ints, int]] | None:
    """Return contents of hosts that hold all that is left: type, content, how many; None where none were found."""
    columns.cover(free, left, 0.0, budget, LITERAL_ROUNDS)
    _, duals = columns.solve()
    patterns = columns.worth_most(duals, BELOW)
    if not patterns:
        return None
    kinds, contents = np.array([kind for kind, _ in patterns]), np.array([content for _, content in patterns])
    hosts, unknowns = np.array(free), np.arange(len(patterns))
    nothing = [0.0] * len(patterns)
    model = WholeModel(nothing, nothing, hosts[kinds].tolist())
    for row in np.flatnonzero(left):
        model.row(float(left[row]), float("inf"), unknowns, contents[:, row])
    for kind in np.flatnonzero(hosts):
        model.row(-float("inf"), float(hosts[kind]), unknowns, (kinds == kind).astype(np.int64))
    answer = model.least(replace(budget, gap=0.0, nodes=NODES))
    if answer.values is None:
        return None
    return [(int(kinds[at]), contents[at], answer.values[at]) for at in np.flatnonzero(answer.values)]
