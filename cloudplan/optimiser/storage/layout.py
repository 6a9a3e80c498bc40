"""Which items of a bucket stand together on a LUN, so that its sizes are least: by balance, savings, and exchanges.

What costs is imbalance: the sizes add up to the larger of the sums of space and of IOPS only if the same one binds on
every LUN. A layout is good when no exchange between two LUNs makes them smaller. Nothing here is proven.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cloudplan.optimiser.storage.measure import Counts, Measure, Numbers, largest_of

WIDER = 1.12
"""By how much the number of LUNs grows when the content did not fit."""

LOT = 4
"""So many items of a load for each LUN are dealt evenly; the rest one by one."""

PIECES = 240
"""Up to so many pieces the savings start from single items, beyond from handfuls."""

MANY, MOST_LUNS = 4000, 300
"""Beyond so many items, or LUNs, a content is laid out in pieces."""

EXCHANGES = 3000
"""Moves and swaps of one layout at most."""

ROUGH = 1e-3
"""What a GiB counts that does not change the billing units yet, beside one that does."""

NEAR = 1e-6
"""GiB below which two sizes are the same."""


@dataclass(frozen=True)
class Layout:
    """The LUNs of a content: how many items of each load on each, and their sizes together in GiB."""

    luns: tuple[Counts, ...]
    gib: int


class Luns:
    """LUNs while they are laid out: their items, and the sums of GiB and of shares."""

    def __init__(self, measure: Measure, items: Numbers):
        self.measure = measure
        self.items = items
        self.gib = items @ measure.gib
        self.share = items @ measure.share

    def drop_empty(self) -> None:
        """Forget the LUNs without items."""
        used = self.items.any(axis=1)
        self.items, self.gib, self.share = self.items[used], self.gib[used], self.share[used]

    def value(self) -> float:
        """Return what the search makes least: billing units, and a little for what is not one yet."""
        return float(worth(self.measure, self.gib).sum())


def worth(measure: Measure, gib: Numbers) -> Numbers:
    """Return the sizes for sums of GiB, and a little for what is not a billing unit yet."""
    return np.asarray(measure.sizes(gib) + ROUGH * measure.needs(gib))


def lay_out(measure: Measure, counts: Counts, *, luns: int = 0, quick: bool = False) -> Layout:
    """Return a layout of a content: on as few LUNs as its cost allows, or on at least `luns`.

    A quick one is balanced, and nothing more.
    """
    total = sum(counts)
    if not total:
        return Layout((), 0)
    if luns <= 1 and total > 1 and (pieces := _pieces_of_content(measure, counts)) > 1:
        return _apart(measure, counts, pieces, quick)
    aim = max(measure.sums_gib(counts), luns * measure.minimum)
    best: Luns | None = None
    for found in _starts(measure, counts, min(luns, total)):
        if quick:
            return exact_layout(measure, found.items)
        _improve(found, luns)
        if best is None or found.value() < best.value() - NEAR:
            best = found
        if measure.sizes(best.gib).sum() <= aim:
            break
    assert best is not None
    return exact_layout(measure, best.items)


def _needed(measure: Measure, counts: Counts) -> float:
    """Return how many LUNs the content fills at least, by the resource that is shortest."""
    return float((np.asarray(counts, dtype=float) @ measure.parts_of_lun).max(initial=0.0))


def _pieces_of_content(measure: Measure, counts: Counts) -> int:
    """Return in how many pieces a content is laid out, each apart: 1 for all that a search can take in at once."""
    pieces = math.ceil(max(sum(counts) / MANY, _needed(measure, counts) / MOST_LUNS))
    return min(pieces, sum(counts))


def _apart(measure: Measure, counts: Counts, pieces: int, quick: bool) -> Layout:
    """Return the layouts of like pieces of the content, copied, and of what is left, some kinds in each piece."""
    part = tuple(count // pieces for count in counts)
    rest = [count % pieces for count in counts]
    one = lay_out(measure, part, quick=quick)
    luns, gib = one.luns * pieces, one.gib * pieces
    order = [int(kind) for kind in np.argsort(-measure.parts_of_lun.max(axis=1), kind="stable") if rest[kind]]
    chunks = min(len(order), math.ceil(_pieces_of_content(measure, tuple(rest)) * 1.5))
    for start in range(chunks):
        mine = set(order[start::chunks])
        piece = tuple(count if kind in mine else 0 for kind, count in enumerate(rest))
        other = lay_out(measure, piece, quick=quick)
        luns, gib = luns + other.luns, gib + other.gib
    return Layout(luns, gib)


def exact_layout(measure: Measure, items: Numbers) -> Layout:
    """Return LUNs with their exact sizes; one that exceeds the largest by its floating point alone is taken apart."""
    luns: list[Counts] = []
    total = 0
    waiting = [tuple(int(count) for count in row) for row in items]
    waiting.reverse()
    while waiting:
        row = waiting.pop()
        size = measure.exact_gib(row)
        if size is None:
            first = next(index for index, count in enumerate(row) if count)
            alone = tuple(int(index == first) for index in range(len(row)))
            waiting += [tuple(a - b for a, b in zip(row, alone, strict=True)), alone]
            continue
        luns.append(row)
        total += size
    return Layout(tuple(luns), total)


# --- layouts to start from -----------------------------------------------------------------------------------------


def _starts(measure: Measure, counts: Counts, luns: int) -> Iterator[Luns]:
    """Yield layouts: balanced ones on few LUNs and on more, and one by savings."""
    number, most = max(1, luns, math.ceil(_needed(measure, counts) - 1e-9)), sum(counts)
    found = None
    while found is None:
        found = balanced(measure, counts, number)
        if found is None:
            number = min(most, max(number + 1, math.ceil(number * WIDER)))
    yield found
    wider = [number + 1, max(number + 2, math.ceil(number * WIDER))] if most > number else []
    for more in wider:
        other = balanced(measure, counts, min(more, most))
        if other is not None:
            yield other
    if luns <= 1:
        yield by_savings(measure, counts)


def balanced(measure: Measure, counts: Counts, number: int) -> Luns | None:
    """Deal the items over LUNs, largest first, each where it disturbs the balance least; None when one fits nowhere."""
    each = np.array([count // number if count >= LOT * number else 0 for count in counts])
    luns = Luns(measure, np.tile(each, (number, 1)))
    left = np.asarray(counts) - each * number
    parts = measure.parts_of_lun
    mean = np.maximum(np.asarray(counts, dtype=float) @ parts / number, 1e-12)
    loads = luns.items @ parts
    for kind in np.argsort(-parts.max(axis=1), kind="stable"):
        towards = parts[kind] / mean**2
        for _ in range(left[kind]):
            room = largest_of(loads + parts[kind]) <= 1 + 1e-9
            if not room.any():
                return None
            chosen = int(np.argmin(np.where(room, loads @ towards, np.inf)))
            loads[chosen] += parts[kind]
            luns.items[chosen, kind] += 1
    luns = Luns(measure, luns.items)
    return luns if measure.fits(luns.gib, luns.share).all() else None


def by_savings(measure: Measure, counts: Counts) -> Luns:
    """Merge pieces, single items or handfuls, always the two whose union saves most."""
    pieces = Luns(measure, _pieces(measure, counts))
    size = worth(measure, pieces.gib)
    alive = np.ones(len(size), dtype=bool)
    saved = np.full((len(size), len(size)), -np.inf)

    def compare(one: int) -> None:
        gib, share = pieces.gib + pieces.gib[one], pieces.share + pieces.share[one]
        union = np.where(measure.fits(gib, share) & alive, worth(measure, gib), np.inf)
        gain = size + size[one] - union + 1e-9 * measure.needs(gib)
        gain[one] = -np.inf
        saved[one, :] = saved[:, one] = np.where(alive, gain, -np.inf)

    for one in range(len(size)):
        compare(one)
    while True:
        one, other = divmod(int(np.argmax(saved)), len(size))
        if saved[one, other] < -NEAR:
            break
        pieces.items[one] += pieces.items[other]
        pieces.gib[one] += pieces.gib[other]
        pieces.share[one] += pieces.share[other]
        size[one] = worth(measure, pieces.gib[one])
        alive[other] = False
        saved[other, :] = saved[:, other] = -np.inf
        compare(one)
    return Luns(measure, pieces.items[alive])


def _pieces(measure: Measure, counts: Counts) -> Numbers:
    """Return single items, or handfuls of like ones where there are many, that fill no more than an eighth of a LUN."""
    parts = measure.parts_of_lun.max(axis=1)
    total, rows = sum(counts), []
    for kind, count in enumerate(counts):
        handful = max(1, min(math.ceil(total / PIECES), int(0.125 / max(parts[kind], 1e-9))))
        for start in range(0, count, handful):
            row = np.zeros(len(counts), dtype=int)
            row[kind] = min(handful, count - start)
            rows.append(row)
    if len(rows) > 2 * PIECES:  # many different ones: small neighbours together, largest first
        rows.sort(key=lambda row: -float(row @ parts))
        large, small = rows[:PIECES], rows[PIECES:]
        merged = [small[start :: len(small) // PIECES + 1] for start in range(len(small) // PIECES + 1)]
        joined: list[Numbers] = []
        for group in merged:
            held = np.zeros(len(counts), dtype=int)
            for row in group:
                if float(((held + row) @ measure.parts_of_lun).max()) > 0.125 and held.any():
                    joined.append(held)
                    held = np.zeros(len(counts), dtype=int)
                held = held + row
            joined.append(held)
        rows = large + joined
    return np.array(rows)


# --- exchanges -------------------------------------------------------------------------------------------------------


def _improve(luns: Luns, least: int) -> None:
    """Exchange items between two LUNs while that makes them smaller, the pairs with most to gain first; then merge."""
    measure = luns.measure
    worths = worth(measure, luns.gib)
    count = len(worths)
    if count > 1:
        gain = np.full((count, count), -np.inf)
        for one in range(count):
            _hope(luns, worths, gain, one)
        for _ in range(EXCHANGES):
            one, other = divmod(int(np.argmax(gain)), count)
            if gain[one, other] <= NEAR:
                break
            if not _exchange(luns, worths, one, other):
                gain[one, other] = gain[other, one] = -np.inf
                continue
            _hope(luns, worths, gain, one)
            _hope(luns, worths, gain, other)
    luns.drop_empty()
    _merge(luns, least)


def _hope(luns: Luns, worths: Numbers, gain: Numbers, one: int) -> None:
    """Note what each LUN could gain with this one at most: their sizes less those of their sum."""
    measure = luns.measure
    union = np.maximum(measure.needs(luns.gib + luns.gib[one]), measure.minimum)
    hope = worths + worths[one] - union * (1 + ROUGH)
    hope[one] = -np.inf
    gain[one, :] = gain[:, one] = hope


def _exchange(luns: Luns, worths: Numbers, one: int, other: int) -> bool:
    """Move one item or swap two between two LUNs, the best way; return whether that made them smaller."""
    measure = luns.measure
    mine, its = np.flatnonzero(luns.items[one]), np.flatnonzero(luns.items[other])
    given = np.vstack([np.zeros(measure.gib.shape[1]), measure.gib[mine]])
    taken = np.vstack([np.zeros(measure.gib.shape[1]), measure.gib[its]])
    change = taken[None, :, :] - given[:, None, :]
    total = worth(measure, luns.gib[one] + change) + worth(measure, luns.gib[other] - change)
    given = np.vstack([np.zeros(measure.share.shape[1]), measure.share[mine]])
    taken = np.vstack([np.zeros(measure.share.shape[1]), measure.share[its]])
    shares = taken[None, :, :] - given[:, None, :]
    fits = measure.fits(luns.gib[one] + change, luns.share[one] + shares)
    fits &= measure.fits(luns.gib[other] - change, luns.share[other] - shares)
    total = np.where(fits, total, np.inf)
    first, second = divmod(int(np.argmin(total)), total.shape[1])
    if total[first, second] >= worths[one] + worths[other] - NEAR:
        return False
    for index, sign in ((mine[first - 1] if first else None, 1), (its[second - 1] if second else None, -1)):
        if index is not None:
            luns.items[one, index] -= sign
            luns.items[other, index] += sign
    for number in (one, other):
        luns.gib[number] = luns.items[number] @ measure.gib
        luns.share[number] = luns.items[number] @ measure.share
        worths[number] = worth(measure, luns.gib[number])
    return True


def _merge(luns: Luns, least: int) -> None:
    """Merge two LUNs wherever one for both is no larger, while there are more than asked for."""
    measure = luns.measure
    while len(luns.items) > max(1, least):
        sizes = measure.sizes(luns.gib)
        gib = luns.gib[:, None, :] + luns.gib[None, :, :]
        share = luns.share[:, None, :] + luns.share[None, :, :]
        saved = np.where(measure.fits(gib, share), sizes[:, None] + sizes[None, :] - measure.sizes(gib), -np.inf)
        np.fill_diagonal(saved, -np.inf)
        one, other = divmod(int(np.argmax(saved)), len(sizes))
        if saved[one, other] < -NEAR:
            return
        luns.items[one] += luns.items[other]
        luns.items[other] = 0
        luns.gib, luns.share = luns.items @ measure.gib, luns.items @ measure.share
        luns.drop_empty()
