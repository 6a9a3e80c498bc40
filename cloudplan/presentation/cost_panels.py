"""What a quote costs, for the top of the page: its figures, families, sites, applications and VM groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from cloudplan.analysis.allocation import GROUP, Part, allocation, as_quoted, by_application
from cloudplan.base.language import Language, Message, counted, known, message
from cloudplan.base.units import GIB_PER_TIB
from cloudplan.presentation.colours import Colours
from cloudplan.presentation.listed import listed
from cloudplan.presentation.tables import allocation as words
from cloudplan.presentation.tables import over_time
from cloudplan.presentation.tables import whatifs as whatif_words
from cloudplan.presentation.tables.table import words as cell_words
from cloudplan.sales.quote import Quote

MOST, FEW, MANY = 10, 6, 100
"""Applications with a row of their own, fewer where there are many; the rest are summed, every group is told below."""


@dataclass(frozen=True)
class Row:
    """A part of the cost: what, how many VMs, the amounts of one VM and of all, and its share of the dearest."""

    name: str
    colour: str
    vms: str
    each: str
    monthly: str
    share: float


@dataclass(frozen=True)
class CostPanels:
    """The cost of a quote, as values for the template."""

    quote: Quote
    spoken: Language

    @cached_property
    def by(self) -> str:
        """What tells the applications apart."""
        return by_application(self.quote.case.workload)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What each application costs, at the prices of the quote."""
        return allocation(self.quote.case, as_quoted(self.quote), self.by)

    @cached_property
    def colours(self) -> Colours:
        """The colours of the applications."""
        return Colours.of(self.by, self.parts)

    def values(self) -> dict[str, Any]:
        """Return all of it."""
        spoken = self.spoken
        return {
            "cards": [tuple(spoken.said(each) for each in card) for card in self._cards()],
            "families": self._families(),
            "legend": [
                (colour, self._name(part))
                for part in self.parts
                if (colour := self.colours.classes.get(part.value, "")) and part.groups and colour != "others"
            ],
            "has_others": "others" in self.colours.classes.values(),
            "costs_title": spoken.word(
                "What each VM group costs" if self.by == GROUP else "What each application costs"
            ),
            "application_head": spoken.said(words.what(self.by)),
            "applications": self._applications(),
            "groups": self._groups(),
            "keys": [spoken.said(each) for each in words.keys("shared")],
            "whole": spoken.amount(self.quote.monthly),
            "vms": spoken.number(self._vms()),
        }

    def _vms(self) -> int:
        return sum(group.count for group in self.quote.case.workload.vms)

    def _cards(self) -> Iterator[tuple[Message, Message, Message]]:
        """Yield what stands on top: a title, a figure, and a line about it."""
        quote, plan, spoken = self.quote, self.quote.plan, self.spoken
        currency = plan.prices.currency
        yield (
            message("a month, without tax"),
            message("{text}", text=spoken.amount(quote.monthly_net, currency)),
            self._term(),
        )
        protected = sum(quote.case.workload.groups[name].count for name in plan.protection)
        yield (
            message("VMs"),
            message("{count:n}", count=self._vms()),
            message("{count:n} of them replicated", count=protected) if protected else message("none replicated"),
        )
        hosts, spare = (sum(getattr(each, name) for each in plan.clusters) for name in ("hosts", "spare_hosts"))
        yield (
            message("hosts"),
            message("{count:n}", count=hosts),
            message(
                "{count:n} of them spare (N+{failures})", count=spare, failures=quote.case.workload.policy.host_failures
            ),
        )
        size_gib = sum(each.size_gib for each in plan.datastores)
        yield (
            message("storage"),
            message("{tib:n1} TiB", tib=Fraction(size_gib, GIB_PER_TIB)),
            counted("{count:n} datastore", "{count:n} datastores", len(plan.datastores)),
        )
        if plan.backup:
            yield (
                message("backups"),
                message("{tib:n} TiB", tib=sum(each.tib for each in plan.backup)),
                message("at {sites}", sites=", ".join(each.site for each in plan.backup)),
            )
        growth = whatif_words.fits(quote.whatifs) if quote.whatifs else None
        if quote.whatifs and growth:
            yield message("growth left"), growth, message("of CPU and memory, before the next blade")

    def _term(self) -> Message:
        """Return what a quote comes to over its term, or in a year where the term is a month."""
        spoken, currency = self.spoken, self.quote.plan.prices.currency
        monthly, once, whole = self.quote.nets
        if self.quote.over_time:
            return message(
                "first order; {amount} from {first:month} to {last:month} in all",
                amount=spoken.amount(over_time.total(self.quote), currency),
                first=self.quote.over_time.roadmap.start,
                last=self.quote.over_time.roadmap.phases[-1].last,
            )
        if self.quote.months == 1 and not once:
            return message("{amount} a year", amount=spoken.amount(12 * monthly, currency))
        term = counted(
            "{amount} over {count} month",
            "{amount} over {count} months",
            self.quote.months,
            amount=spoken.amount(whole, currency),
        )
        return message("{term}, {once} of it once", term=term, once=spoken.amount(once, currency)) if once else term

    def _families(self) -> list[dict[str, Any]]:
        """Return the families of the plan, from left to right in shares of its cost."""
        total, left, found = self.quote.monthly, 0.0, []
        for at, (name, amount) in enumerate(self.quote.by_family().items()):
            width = float(100 * amount / total) if total else 0.0
            found.append(
                {
                    "name": self.spoken.said(known(name)),
                    "amount": self.spoken.amount(amount, self.quote.plan.prices.currency),
                    "percent": self.spoken.percent(Decimal(round(width)) / 100, 0),
                    "x": left,
                    "width": width,
                    "colour": f"f{at}",
                }
            )
            left += width
        return found

    def _name(self, part: Part) -> str:
        return cell_words(words.name_of(part, self.by), "text", self.spoken)

    def _applications(self) -> list[Row]:
        """Return the dearest applications, the rest of them in one row, and what belongs to no VM."""
        vms = sorted((part for part in self.parts if part.groups), key=lambda part: -part.monthly)
        shown = vms if len(vms) <= MOST + 1 else vms[: MOST if len(vms) < MANY else FEW]
        rest = vms[len(shown) :]
        most = max((part.monthly for part in shown), default=Decimal(1))
        rows = [self._row(self._name(part), self.colours.classes[part.value], (part,), most) for part in shown]
        if rest:
            more = self.spoken.said(message("{count:n} more", count=len(rest)))
            rows.append(self._row(more, "", rest, most))
        return rows + [
            self._row(self._name(part), "", (part,), most) for part in self.parts if not part.groups and part.monthly
        ]

    def _row(self, name: str, colour: str, parts: Sequence[Part], most: Decimal) -> Row:
        vms, monthly = sum(part.vms for part in parts), sum((part.monthly for part in parts), Decimal(0))
        each = self.spoken.amount(monthly / vms) if vms else ""
        share = float(monthly / most) if most else 0.0
        return Row(name, colour, self.spoken.number(vms) if vms else "", each, self.spoken.amount(monthly), share)

    def _groups(self) -> dict[str, Any]:
        """Return what every VM group costs, and how much of that is for spare hosts and headroom."""
        table = words.groups(self.quote, self.by, self.parts)
        return listed(table, self.spoken)
