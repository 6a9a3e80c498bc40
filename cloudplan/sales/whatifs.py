"""What if: the alternatives that `compare` set beside the plan of a quote, for the reader of the quote.

A quote never sizes: it reads what `cloudplan compare -o compare.json` found. A customer gets nothing of the proof, and
under a commercial discount no amounts but by how much the cost is another one.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field

from cloudplan.base import kinds, limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.schema import Frozen, validate
from cloudplan.base.yamlfile import json_document
from cloudplan.plan.plan import Amount, Count, Plan

_SHARE = Decimal("0.001")


class _Read(Frozen):
    """A part of a comparison as read; what else stands in the file is not needed."""

    model_config = ConfigDict(extra="ignore")


class _Workload(_Read):
    name: str
    sha256: str


class _Option(_Read):
    dominated_by: Count | None


class _Alternative(_Read):
    theme: str
    name: str
    monthly: Amount | None
    total_monthly: Amount | None = None
    difference: Amount | None
    difference_proven: bool | None
    gives_up: tuple[str, ...]
    why: str
    hosts: Count
    option: _Option | None = None

    @property
    def is_dominated(self) -> bool:
        """Whether it is an option that nobody need take: another costs no more and is more careful."""
        return self.option is not None and self.option.dominated_by is not None


class _Breakpoints(_Read):
    hosts: Count
    fits_percent: Count | None
    saves_percent: Count | None
    next_monthly: Amount | None
    saving_monthly: Amount | None


class ComparisonFile(_Read):
    """A comparison as `compare` writes it, version 1; the first alternative is the plan as asked for."""

    schema_name: Literal["cloudplan/comparison/v1"] = Field(alias="schema")
    workload: _Workload
    currency: str
    alternatives: tuple[_Alternative, ...]
    breakpoints: _Breakpoints | None


class WhatIf(Frozen):
    """An alternative: its theme and name, what it costs a month, what it costs more, and that as a share of the plan.

    `monthly` and `difference` are None where the reader gets no amounts, all three where there is no plan; then `why`
    says so. `gives_up` is what it does not keep of the workload, `proven` is None for customers.
    """

    theme: str
    name: str
    monthly: Amount | None
    difference: Amount | None
    change: Amount | None
    gives_up: tuple[str, ...] = ()
    why: str = ""
    hosts: Count = 0
    proven: bool | None = None


class Growth(Frozen):
    """How much growth of CPU and memory fits the hosts of the plan, in whole per cent; None: all that was tried.

    `then` is what the cost is moved by with the next blade, as a share of the plan's.
    """

    hosts: Count
    fits_percent: Count | None
    then: Amount | None


class WhatIfs(Frozen):
    """What a reader is told of a comparison."""

    alternatives: tuple[WhatIf, ...]
    growth: Growth | None = None


def read_comparison(path: Path) -> ComparisonFile:
    """Read the JSON file that `compare -o compare.json` writes; raise BadInputError for any other."""
    faults: list[Fault] = []
    document = json_document(kinds.text(path, limits.PLAN_BYTES, kinds.COMPARISON), str(path), "a comparison")
    read = validate(ComparisonFile, document, faults)
    if read is None or not read.alternatives or faults:
        raise BadInputError(faults or [Fault("no alternatives", where=str(path))])
    return read


def whatifs(read: ComparisonFile, plan: Plan, name: str, *, amounts: bool, internal: bool) -> WhatIfs:
    """Return what a reader is told of a comparison of the workload of a plan; `name` stands for it in messages.

    `amounts` says whether the reader gets amounts. Raises BadInputError when it is of another workload or other prices.
    """
    if read.workload.sha256 != plan.workload.sha256:
        message = f"compares {read.workload.name!r}, or another state of it; allowed: the workload of the plan"
        raise BadInputError([Fault(message, where=name, found=read.workload.name)])
    base = _cost(read.alternatives[0])
    if (base, read.currency) != (plan.cost, plan.prices.currency):
        found, wanted = f"{base} {read.currency}", f"{plan.cost} {plan.prices.currency}"
        message = f"compares with {found} a month, the plan costs {wanted}; allowed: the prices and gap of the plan"
        raise BadInputError([Fault(message, where=name, found=found, allowed=wanted)])
    others = [each for each in read.alternatives[1:] if not each.is_dominated]
    told = [_told(each, plan.cost, amounts=amounts, internal=internal) for each in others]
    breaks = read.breakpoints
    growth = breaks and Growth(
        hosts=breaks.hosts,
        fits_percent=breaks.fits_percent,
        then=None if breaks.next_monthly is None else _change(breaks.next_monthly - plan.cost, plan.cost),
    )
    return WhatIfs(alternatives=tuple(told), growth=growth)


def _cost(each: _Alternative) -> Decimal | None:
    return each.monthly if each.total_monthly is None else each.total_monthly


def _told(each: _Alternative, base: Decimal, *, amounts: bool, internal: bool) -> WhatIf:
    cost = _cost(each)
    figures: dict[str, Any] = {"monthly": None, "difference": None, "change": None}
    if cost is not None:
        figures["change"] = _change(cost - base, base)
        if amounts:
            figures |= {"monthly": cost, "difference": cost - base}
    return WhatIf(
        theme=each.theme,
        name=each.name,
        **figures,
        gives_up=each.gives_up,
        why=each.why,
        hosts=each.hosts,
        proven=each.difference_proven if internal else None,
    )


def _change(difference: Decimal, base: Decimal) -> Decimal:
    """Return a difference as a share of a cost, to a tenth of a per cent."""
    return (difference / base).quantize(_SHARE) if base else Decimal(0)
