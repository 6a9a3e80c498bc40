"""The phases of a workload over time: what is ordered at one date, for the demand of the last month until the next.

Each phase has an ordinary workload, without horizon; every other part of the program sees only that.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import misfit
from cloudplan.base.units import MIB_PER_GIB, month_number, month_text
from cloudplan.catalog.edition import Edition
from cloudplan.workload.horizon import TIMES
from cloudplan.workload.reading import as_given, instance_names, read_workload
from cloudplan.workload.workload import MAX_INSTANCES, Disk, Growth, Horizon, VmGroup, Workload

DIGITS, PLACES = 50, 12
"""Digits with which a growth is raised to a power, and decimals to which the factor is rounded, half to even."""
FIRST_MONTH = "2000-01"
"""A month to begin with where none matters."""


@dataclass(frozen=True)
class Phase:
    """The months from an order date to the next, and the workload that stands in them."""

    start: str
    """The first month, YYYY-MM."""
    months: int
    workload: Workload

    @property
    def last(self) -> str:
        """The last month, YYYY-MM: its demand is that of the phase."""
        return month_text(month_number(self.start) + self.months - 1)


def phases(workload: Workload, edition: Edition) -> tuple[Phase, ...]:
    """Return the phases of a workload that has a horizon, in their order.

    Raises BadInputError for phases in which no VM stands or too many do, and for a workload without a horizon.
    """
    if workload.horizon is None:
        raise BadInputError([Fault("the workload has no horizon; add horizon to have phases", where=workload.name)])
    return _Calendar(workload, workload.horizon, edition).phases()


def sized_alone(workload: Workload, edition: Edition, month: str | None = None) -> Workload:
    """Return the workload that one plan is for: of a horizon that of the phase at a month, else of the first phase.

    Raises BadInputError as `phase_at` does.
    """
    if workload.horizon is None and month is None:
        return workload
    return (phase_at(workload, edition, month) if month else phases(workload, edition)[0]).workload


def phase_of(workload: Workload, edition: Edition, name: str) -> Workload:
    """Return the workload of the phase that has a name; without one, or without a horizon, what is sized alone.

    Raises BadInputError as `phases` does.
    """
    if workload.horizon is None:
        return workload
    found = [phase.workload for phase in phases(workload, edition)]
    return next((each for each in found if each.name == name), found[0])


def phase_at(workload: Workload, edition: Edition, month: str) -> Phase:
    """Return the phase that contains a month, YYYY-MM.

    Raises BadInputError as `phases` does, and for a month outside the horizon.
    """
    found = phases(workload, edition)
    for phase in found:
        if phase.start <= month <= phase.last:
            return phase
    allowed = f"a month from {found[0].start} to {found[-1].last}"
    raise BadInputError([replace(misfit(month, allowed), where=workload.name, path="horizon")])


def grown_by(workload: Workload, edition: Edition, growth: Growth, months: int) -> Workload:
    """Return a workload without a horizon, what stands with it, after so many months of growth."""
    horizon = Horizon(start=FIRST_MONTH, months=months, step=months, growth=growth)
    return phases(workload.model_copy(update={"horizon": horizon}), edition)[0].workload


@lru_cache(maxsize=1000)
def grown(growth: Decimal, months: int) -> Fraction:
    """Return the factor of a growth a year, compounded, after so many months: exact to 12 decimals."""
    with localcontext() as context:
        context.prec, context.rounding = DIGITS, ROUND_HALF_EVEN
        return Fraction(((1 + growth) ** (Decimal(months) / 12)).quantize(Decimal(1).scaleb(-PLACES)))


class _Calendar:
    """When each group stands, and how it grows."""

    def __init__(self, workload: Workload, horizon: Horizon, edition: Edition):
        self.workload, self.horizon, self.edition = workload, horizon, edition
        self.start = month_number(horizon.start)
        self.end = self.start + horizon.months
        self.spans = {group.name: self._span(group) for group in workload.vms}
        self.taken = {name for group in workload.vms for name in group.names}

    def _span(self, group: VmGroup) -> tuple[int, int]:
        """Return the month in which a group begins, and the one after its last."""
        begins = month_number(group.from_) if group.from_ else self.start
        return begins, month_number(group.until) + 1 if group.until else self.end

    def phases(self) -> tuple[Phase, ...]:
        dates = {*range(self.start, self.end, self.horizon.step), self.end}
        dates.update(date for span in self.spans.values() for date in span)
        return tuple(self._phase(begin, end) for begin, end in pairwise(sorted(dates)))

    def _phase(self, begin: int, end: int) -> Phase:
        """Return the phase of some months, the last one left out."""
        standing = [group for group in self.workload.vms if self._stands(group, begin, end)]
        more = self._dealt(end)
        counts = {group.name: self._count(group, end, more) for group in standing}
        where = f"{self.workload.name}: {month_text(begin)}"
        if not standing:
            raise BadInputError([Fault(f"no VM stands from {month_text(begin)} to {month_text(end - 1)}", where=where)])
        if sum(counts.values()) > MAX_INSTANCES:
            message = f"more than {MAX_INSTANCES} instances; allowed: at most {MAX_INSTANCES}"
            raise BadInputError([Fault(message, where=where)])
        tree = as_given(self.workload, self.edition)
        given = {group["name"]: group for group in tree["vms"]}
        tree["vms"] = [self._group(group, given[group.name], counts[group.name], end) for group in standing]
        del tree["horizon"]
        if begin > self.start:
            tree.pop("existing", None)
        tree |= {"name": f"{self.workload.name}@{month_text(begin)}", "catalog": self.workload.catalog}
        read = read_workload(tree, self.edition, obey_pin=False).with_given(self.workload.given)
        return Phase(month_text(begin), end - begin, read)

    def _stands(self, group: VmGroup, begin: int, end: int) -> bool:
        first, after = self.spans[group.name]
        return first <= begin and end <= after

    def _count(self, group: VmGroup, end: int, more: Mapping[str, int]) -> int:
        """Return how many instances a group has at the end of a phase."""
        if group.name in more:
            return group.count + more[group.name]
        rate = self._rate(group, "vms")
        return math.ceil(group.count * grown(rate, end - self.spans[group.name][0]))

    def _rate(self, group: VmGroup, what: str) -> Decimal:
        own = getattr(group.growth, what) if group.growth else None
        rate: Decimal = getattr(self.horizon.growth, what) if own is None else own
        return rate

    def _dealt(self, end: int) -> dict[str, int]:
        """Return how many instances more than at first the groups have by then that take the horizon's growth."""
        together: dict[int, list[VmGroup]] = {}
        for group in self.workload.vms:
            if group.growth is None or group.growth.vms is None:
                together.setdefault(self.spans[group.name][0], []).append(group)
        more: dict[str, int] = {}
        for begin, groups in together.items():
            if begin < end:
                counts = [group.count for group in groups]
                dealt = deal(counts, grown(self.horizon.growth.vms, end - begin))
                more |= {group.name: extra for group, extra in zip(groups, dealt, strict=True)}
        return more

    def _group(self, group: VmGroup, given: dict[str, Any], count: int, end: int) -> dict[str, Any]:
        """Return a group, as plain values, at the end of a phase."""
        size = grown(self._rate(group, "storage"), end - self.spans[group.name][0])
        made = {name: value for name, value in given.items() if name not in TIMES} | {"count": count}
        made["disks"] = [
            _grown_disk(disk, plain, size) for disk, plain in zip(group.disks, given["disks"], strict=True)
        ]
        names = [*group.names, *self._further_names(group, count - group.count)]
        made.pop("names", None)
        if names != instance_names(made):
            made["names"] = names
        return made

    def _further_names(self, group: VmGroup, more: int) -> Iterator[str]:
        """Yield the names of further instances of a group: its own and a number from its count on, none taken."""
        number = group.count
        while more > 0:
            number += 1
            if (name := f"{group.name}-{number}") not in self.taken:
                more -= 1
                yield name


def deal(counts: Sequence[int], factor: Fraction) -> list[int]:
    """Return how many more instances each group gets when groups of these counts grow together by a factor, rounded up.

    They are dealt one by one to the group that is furthest behind its share; ties go to the smallest van der Corput
    number of its position, so that they spread over the file.
    """
    import numpy as np  # noqa: PLC0415 - slow to import, and only who has a horizon needs it

    together = sum(counts)
    # Whoever is furthest behind is never dealt more than a whole above its share: after `together` turns all are even.
    rounds, rest = divmod(math.ceil(together * factor) - together, together)
    order = sorted(range(len(counts)), key=_van_der_corput)
    sizes = np.array([counts[index] for index in order], dtype=np.int64)
    dealt = np.zeros(len(counts), dtype=np.int64)
    for turn in range(1, rest + 1):
        dealt[np.argmax(sizes * turn - dealt * together)] += 1  # of several the first
    late = dict(zip(order, dealt.tolist(), strict=True))
    return [count * rounds + late[index] for index, count in enumerate(counts)]


def _van_der_corput(position: int) -> Fraction:
    """Return the binary digits of a position mirrored behind the point: 0, 1/2, 1/4, 3/4, 1/8 …"""
    digits = f"{position:b}"
    return Fraction(int(digits[::-1], 2), 2 ** len(digits))


def _grown_disk(disk: Disk, given: dict[str, Any], factor: Fraction) -> dict[str, Any]:
    """Return a disk, as plain values, that is larger by a factor; written through, it stays so."""
    size = Fraction(math.ceil(disk.size_mib * factor), MIB_PER_GIB)
    made = {**given, "size_gib": _exact(size)}
    if "used_gib" in given:
        made["used_gib"] = _exact(min(Fraction(disk.used_gib) * factor, size))
    return made


def _exact(value: Fraction) -> str:
    """Return a fraction that ends as the text of its decimal."""
    with localcontext() as context:
        context.prec = 60
        text = f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
