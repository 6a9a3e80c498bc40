"""Hosts that are being filled with items: what is free on each, and how a last item finds its place.

Rows are the shapes of all pools, as in the covering LP; needs and offers are whole numbers in each dimension of a host.
"""

import copy
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cloudplan.optimiser.compute.host_table import Flags, Floats, Ints
from cloudplan.optimiser.compute.kinds import ClusterKind
from cloudplan.optimiser.compute.shapes import Pool, Shape, factor_of, rivals
from cloudplan.rules.compute import capacity, dimensions
from cloudplan.workload.case import Case

TRIED = 40
"""Hosts that are tried for an item that fits nowhere, those that lack least first."""

LEAST = 1e-9
"""What an exchange must make a host lack less, in shares of a host."""

NOTHING = -1


class Filling:
    """Hosts of several types and the items on them."""

    def __init__(self, case: Case, shapes: Sequence[tuple[Pool, Shape]], types: Sequence[tuple[Pool, ClusterKind]]):
        most = [capacity(case, kind.blade) for _, kind in types]
        factors = [
            factor_of((shape.needs[axis] for _, shape in shapes), (offer[axis] for offer in most))
            for axis in range(len(dimensions(case)))
        ]
        needs = [
            [math.ceil(need * factor) for need, factor in zip(shape.needs, factors, strict=True)] for _, shape in shapes
        ]
        offers = [
            [math.floor(amount * factor) for amount, factor in zip(offer, factors, strict=True)] for offer in most
        ]
        fits = [[pool.name == own.name and shape.stands_on(kind) for own, kind in types] for pool, shape in shapes]
        self._needs, self._offers = np.array(needs, dtype=np.int64), np.array(offers, dtype=np.int64)
        self._fits = np.array(fits, dtype=np.bool_)
        self._rivals = rivals([shape.apart for _, shape in shapes])
        self._plain: Flags = np.asarray(~self._rivals.any(axis=1))
        self._plenty = np.array([not entry.few for entry in dimensions(case)])
        self._sizes: Floats = (self._needs / np.maximum(self._offers.max(axis=0), 1)).max(axis=1)
        self._large_first = [int(row) for row in np.argsort(-self._sizes, kind="stable")]
        self._free = np.zeros((0, len(factors)), dtype=np.int64)
        self.kinds: Ints = np.zeros(0, dtype=np.int64)
        """The type of each host."""
        self.held: NDArray[np.int32] = np.zeros((0, len(shapes)), dtype=np.int32)
        """How many items of each row stand on each host."""

    def open(self, hosts: Sequence[tuple[int, Ints, int]]) -> None:
        """Add hosts: their type, their content, how many."""
        kinds, times = [kind for kind, _, _ in hosts], [number for _, _, number in hosts]
        contents = np.array([content for _, content, _ in hosts], dtype=np.int32)
        free = self._offers[kinds] - contents.astype(np.int64) @ self._needs
        self.kinds = np.concatenate([self.kinds, np.repeat(np.array(kinds, dtype=np.int64), times)])
        self._free = np.concatenate([self._free, np.repeat(free, times, axis=0)])
        self.held = np.concatenate([self.held, np.repeat(contents, times, axis=0)])

    def with_host(self, kind: int) -> "Filling":
        """Return a copy with one empty host more of a type."""
        more = copy.copy(self)
        more.open([(kind, np.zeros(len(self._needs), dtype=np.int64), 1)])  # replaces what it changes
        return more

    def size(self, left: Ints) -> float:
        """Return the size of items, in shares of the largest host."""
        return float((self._sizes * left).sum())

    def best_fit(self, left: Ints) -> Ints:
        """Place what is left, large items first, each where least stays free; return what fits nowhere."""
        left = left.copy()
        for row in self._large_first:
            while left[row]:
                places = np.flatnonzero(self._room(row))
                if not len(places):
                    break
                rest = (self._free[places] - self._needs[row]) / np.maximum(self._offers[self.kinds[places]], 1)
                self._put(int(places[np.argmin(rest[:, self._plenty].sum(axis=1))]), row, 1)
                left[row] -= 1
        return left

    def squeeze_in(self, left: Ints) -> Ints:
        """Place what is left by exchanging items between hosts, large ones first; return what still fits nowhere.

        Stops at the first item that finds no room: a host more is needed then anyway.
        """
        left = left.copy()
        for row in self._large_first:
            while left[row]:
                if not self._squeezed(row):
                    return left
                left[row] -= 1
        return left

    def _room(self, row: int) -> NDArray[np.bool_]:
        """Return on which hosts one more item of a row fits."""
        fits = (self._free >= self._needs[row]).all(axis=1) & self._fits[row][self.kinds]
        if not self._plain[row]:
            fits &= ~self.held[:, self._rivals[row]].any(axis=1)
        return np.asarray(fits)

    def _put(self, host: int, row: int, times: int) -> None:
        self.held[host, row] += times
        self._free[host] -= times * self._needs[row]

    def _squeezed(self, row: int) -> bool:
        """Place one item of a row on a host where exchanges with other hosts make enough room for it."""
        if not self._plain[row]:
            return False
        able = np.flatnonzero(self._fits[row][self.kinds])
        lacks = self._lacks(row, self.kinds[able], self._free[able])
        for host in able[np.argsort(lacks, kind="stable")[:TRIED]]:
            if self._emptied(int(host), row):
                self._put(int(host), row, 1)
                return True
        return False

    def _lacks(self, row: int, kinds: Ints, free: Ints) -> Floats:
        """Return what hosts lack for one more item of a row, in shares of a host."""
        lacks = np.maximum(self._needs[row] - free, 0) / np.maximum(self._offers[kinds], 1)
        return np.asarray(lacks.sum(axis=1))

    def _emptied(self, host: int, row: int) -> bool:
        """Exchange items of a host for others until one of a row fits; leave all as it was if that fails."""
        done: list[tuple[int, int, int]] = []
        while (self._free[host] < self._needs[row]).any():
            best = self._best_exchange(host, row)
            if best is None:
                for away, place, back in reversed(done):
                    self._exchange(place, away, host, back)
                return False
            done.append(best)
            self._exchange(host, *best)
        return True

    def _exchange(self, host: int, away: int, place: int, back: int) -> None:
        """Move an item of a host to another place, and one from there (or nothing) back."""
        self._put(host, away, -1)
        self._put(place, away, 1)
        if back != NOTHING:
            self._put(place, back, -1)
            self._put(host, back, 1)

    def _best_exchange(self, host: int, row: int) -> tuple[int, int, int] | None:
        """Return the exchange (item away, place, item back) after which a host lacks least for a row, if any helps."""
        kind = self.kinds[[host]]
        most = float(self._lacks(row, kind, self._free[[host]])[0]) - LEAST
        best = None
        movable = np.flatnonzero(self._plain & self._fits[:, kind[0]])
        for away in np.flatnonzero((self.held[host] > 0) & self._plain):
            room = self._free[host] + self._needs[away]
            back = np.concatenate([[NOTHING], movable[(self._needs[movable] <= room).all(axis=1)]])
            taken = np.where(back[:, None] == NOTHING, 0, self._needs[back])
            lacks = self._lacks(row, kind, room - taken)
            order = np.argsort(lacks, kind="stable")
            order = order[lacks[order] < most]
            back, change = back[order], self._needs[away] - taken[order]
            fits = (self._free[:, None, :] >= change[None]).all(axis=2) & self._fits[away][self.kinds][:, None]
            fits &= (back == NOTHING) | (self.held[:, back] > 0)
            fits[host] = False
            possible = np.flatnonzero(fits.any(axis=0))
            if len(possible):
                first = possible[0]
                most = float(lacks[order[first]]) - LEAST
                best = int(away), int(np.argmax(fits[:, first])), int(back[first])
        return best
