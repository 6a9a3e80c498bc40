"""What loads take of the LUNs of a bucket, in numbers that a search can add up quickly.

Every dimension becomes GiB of size that an amount asks for, or a share of what one LUN has at most, or both. The
figures are those of `rules.storage`, read off its inequalities; the exact size of a LUN is asked there in the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudplan.optimiser.storage.luns import Bucket, Load, least_gib, limits
from cloudplan.rules.storage import LUN_1, LUN_2, largest_lun_gib, lun_dimensions, minimum_lun_gib
from cloudplan.workload.case import Case

Numbers = NDArray[Any]
"""An array of numbers; which, says its name."""

Counts = tuple[int, ...]
"""How many items of each load, in the order of the measure."""

ROUNDING = 1e-9
"""What a size may exceed a whole billing unit by, as floating point, and still be that unit; the exact size decides."""


@dataclass(frozen=True, eq=False)
class Measure:
    """The loads that may come to a bucket, and what each takes of a LUN there."""

    case: Case
    bucket: Bucket
    loads: tuple[Load, ...]
    most: Counts
    """How many of each load the bucket may ever hold."""
    whole: tuple[bool, ...]
    """Of each load, whether all of them come or none."""
    gib: Numbers
    """Size that one item asks for: a row for each load, a column for each dimension that grows with the size."""
    share: Numbers
    """Share of what a LUN has at most: a row for each load, a column for each such limit."""
    minimum: float
    largest: float
    unit: float

    @classmethod
    def of(
        cls, case: Case, bucket: Bucket, loads: Sequence[Load], most: Sequence[int], whole: Sequence[bool]
    ) -> "Measure":
        """Return the measure of some loads in a bucket."""
        item = case.edition.storage_classes[bucket.storage_class]
        gib: list[list[Fraction]] = []
        share: list[list[Fraction]] = []
        for load in loads or (Load((0,) * len(lun_dimensions(case))),):
            one, two = (
                [
                    row
                    for row in limits(case, item, load, size_gib, mirrored=bucket.mirrored)
                    if row.rule not in (LUN_1, LUN_2)
                ]
                for size_gib in (1, 2)
            )
            grows = [Fraction(b.right) - Fraction(a.right) for a, b in zip(one, two, strict=True)]
            pairs = list(zip(one, grows, strict=True))
            gib.append([Fraction(row.left) / growth for row, growth in pairs if growth])
            share.append([Fraction(row.left) / row.right for row, growth in pairs if not growth and row.right])
        return cls(
            case,
            bucket,
            tuple(loads),
            tuple(most),
            tuple(whole),
            _used(np.array(gib, dtype=float)[: len(loads)]),
            _used(np.array(share, dtype=float)[: len(loads)]),
            float(-(-minimum_lun_gib(case) // item.unit_gib) * item.unit_gib),
            float(largest_lun_gib(case, item)),
            float(item.unit_gib),
        )

    @cached_property
    def parts_of_lun(self) -> Numbers:
        """Share of the largest LUN that each item takes, of every resource."""
        return np.asarray(np.hstack([self.gib / self.largest, self.share]))

    @cached_property
    def alone_gib(self) -> Numbers:
        """Size of a LUN with one item of each load alone."""
        return self.sizes(self.gib)

    def needs(self, gib: Numbers) -> Numbers:
        """Return the sizes, not rounded, for sums of GiB by dimension (the last axis)."""
        return np.maximum(largest_of(gib), self.minimum)

    def sizes(self, gib: Numbers) -> Numbers:
        """Return the sizes, in whole billing units, for sums of GiB by dimension (the last axis)."""
        return np.asarray(np.ceil(self.needs(gib) / self.unit - ROUNDING) * self.unit)

    def fits(self, gib: Numbers, share: Numbers) -> Numbers:
        """Return whether sums of GiB and of shares keep within one LUN."""
        return np.asarray((largest_of(gib) <= self.largest * (1 + ROUNDING)) & (largest_of(share) <= 1 + ROUNDING))

    def sums_gib(self, counts: Sequence[int]) -> float:
        """Return what all LUNs with this content take at least together: the larger of the sums, in whole units."""
        return float(self.sizes(np.asarray(counts, dtype=float) @ self.gib)) if any(counts) else 0.0

    def exact_gib(self, counts: Sequence[int]) -> int | None:
        """Return the exact size of one LUN with this content; None when there is none."""
        load = Load(())
        for one, count in zip(self.loads, counts, strict=True):
            if count:
                load = load + one * int(count)
        return least_gib(self.case, self.bucket.storage_class, load, mirrored=self.bucket.mirrored)


def largest_of(amounts: Numbers) -> Numbers:
    """Return the largest over the last axis, or 0; that axis is so short that walking it is quickest."""
    largest = np.zeros(amounts.shape[:-1])
    for axis in range(amounts.shape[-1]):
        largest = np.maximum(largest, amounts[..., axis])
    return np.asarray(largest)


def _used(needs: Numbers) -> Numbers:
    """Return the columns in which some load needs anything."""
    return np.asarray(needs[:, needs.any(axis=0)])
