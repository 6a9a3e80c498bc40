"""Exchanges: the place of a large item serves small ones. Which there are, and how to make them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cloudplan.optimiser.compute.host_table import Flags, Ints
from cloudplan.optimiser.compute.shapes import Pool, Shape, rivals

EXCHANGED, CANDIDATES = (1, 2, 3, 4), 60
"""How many small items the place of a large one is offered to, and how many shapes of them are looked at."""

NOTHING = 1e-6
"""What floating point may leave of an exchange, in items, or of a content, in hosts."""


@dataclass(frozen=True)
class Exchange:
    """The place of one item of a row is enough for so many of another."""

    large: int
    small: int
    times: int


_SURPLUS = Exchange(-1, -1, 0)
"""Of a place that nobody needs: nothing comes of it."""


def exchanges(shapes: Sequence[tuple[Pool, Shape]]) -> list[Exchange]:
    """Return the exchanges among the shapes of each pool; rows are their positions.

    A pattern then stands for all that follow from it, and the LP needs far fewer of them. Of the small items only the
    largest are named: what follows from one of those follows from it in turn. Rows that give come before those that
    are given to.
    """
    needs = np.array([[float(need) for need in shape.needs] for _, shape in shapes])
    shares = (needs / np.maximum(needs.max(axis=0, initial=0.0), 1e-12)).sum(axis=1)
    alone: Flags = np.asarray(rivals([shape.apart for _, shape in shapes]).any(axis=1))
    found = []
    for row in sorted(range(len(shapes)), key=lambda row: (-shares[row], len(shapes[row][1].blades))):
        pool, large = shapes[row]
        able = np.array([own is pool and _may_follow(small, large) for own, small in shapes]) & ~alone
        able &= not alone[row]
        for times in EXCHANGED:
            others = np.flatnonzero((needs[row] >= times * needs).all(axis=1) & able)
            others = others[others != row]
            others = others[np.argsort(-shares[others], kind="stable")[:CANDIDATES]]
            within = (needs[others][:, None, :] >= needs[others][None, :, :]).all(axis=2)
            largest = others[~np.triu(within, 1).any(axis=0)]
            found += [Exchange(row, int(other), times) for other in largest]
    return found


def _may_follow(small: Shape, large: Shape) -> bool:
    """Return whether one may stand wherever another may: on its blades, where its licences are paid."""
    return large.blades <= small.blades and small.licences <= large.licences


def made(
    contents: Sequence[tuple[Ints, float]], items: Ints, done: Sequence[tuple[Exchange, float]]
) -> Iterator[tuple[int, Ints]]:
    """Yield contents of hosts with the exchanges made, so that as many hosts hold the same items without any.

    Each comes with the number of the content that it was. `contents` are what hosts hold, by row, and how many hosts;
    `items` what the places are for, and `done` how many places of a row are exchanged. The places of each row are
    handed out in turn: to its own items, to each exchange, and the surplus to nobody. A content is split where a place
    goes to somebody else than before.
    """
    heirs: list[list[tuple[float, Exchange | None]]] = [[(float(count), None)] for count in items]
    for exchange, times in done:
        if times > NOTHING:
            heirs[exchange.large].append((times, exchange))
    giving = [row for row in dict.fromkeys(exchange.large for exchange, _ in done) if len(heirs[row]) > 1]
    for queue in heirs:
        queue.append((math.inf, _SURPLUS))
    turn = np.zeros(len(items), dtype=np.int64)
    wanted = items.astype(np.float64)
    own = np.ones(len(items), dtype=np.bool_)
    for number, (content, hosts) in enumerate(contents):
        left = hosts
        while left > NOTHING:
            places = content.copy()
            for row in giving:
                heir = heirs[row][turn[row]][1]
                if heir and heir.times:
                    places[heir.small] += heir.times * places[row]
            used = np.flatnonzero(places)
            share = min(left, float((wanted[used] / places[used]).min(initial=math.inf)))
            yield number, np.where(own, places, 0)
            wanted[used] -= share * places[used]
            left -= share
            for row in used[wanted[used] <= NOTHING]:
                turn[row] += 1
                wanted[row] = heirs[row][turn[row]][0]
                own[row] = False
