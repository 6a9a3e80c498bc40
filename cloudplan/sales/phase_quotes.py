"""The quote of a roadmap: the first phase as the quote of a plan, and every phase at the same terms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from cloudplan.base.errors import BadInputError
from cloudplan.evaluation.roadmap_document import Asked, owed_after
from cloudplan.evaluation.verify_roadmap import verify_roadmap
from cloudplan.plan.origin import Made, Origin, origin_of
from cloudplan.plan.plan import Change
from cloudplan.plan.roadmap import Roadmap, RoadmapPhase
from cloudplan.sales.net import net_book, net_terms, roadmap_at_net
from cloudplan.sales.over_time import OverTime
from cloudplan.sales.priced import Audience
from cloudplan.sales.quote import Quote, quote
from cloudplan.sales.terms import Terms
from cloudplan.workload.phases import phases


@dataclass(frozen=True)
class PhaseQuote:
    """A phase at the terms of a quote, without the lines beside the plan and without tax.

    `months_left` are the months after the horizon for which its orders are still owed.
    """

    phase: RoadmapPhase
    quote: Quote
    months_left: int

    @property
    def monthly(self) -> Decimal:
        """What the provider's bill comes to a month."""
        return self.quote.monthly

    @property
    def licences(self) -> Decimal:
        """What licences of third parties cost a month beside it."""
        owed = self.quote.plan.owed
        return owed.monthly if owed else Decimal("0.00")

    @property
    def cost(self) -> Decimal:
        """What all months of the phase cost, licences included."""
        return self.phase.months * (self.monthly + self.licences)

    @property
    def changes(self) -> Sequence[Change]:
        """What is new or given back at its first month."""
        return self.phase.changes

    @property
    def owed_after(self) -> Decimal:
        """What its orders still owe the provider after the horizon."""
        prices = {(line.line.site, line.line.sku): line.unit_net for line in self.quote.lines}
        return owed_after(self.changes, prices, self.months_left)


def phase_quotes(quote: Quote) -> tuple[PhaseQuote, ...]:
    """Return the phases of the roadmap that a quote is of, each at its terms; none where it is of a plan."""
    over_time = quote.over_time
    if over_time is None:
        return ()
    return tuple(
        PhaseQuote(
            phase,
            replace(quote, plan=phase.plan, case=case, over_time=None),
            over_time.asked.months_left(phase.from_),
        )
        for phase, case in zip(over_time.roadmap.phases, over_time.cases, strict=True)
    )


def quote_made(made: Made, terms: Terms | None = None, audience: Audience = "internal", name: str = "roadmap") -> Quote:
    """Return the quote of a plan or of a roadmap; raise BadInputError as the quotes of both do."""
    if isinstance(made, Roadmap):
        return quote_over_time(made, terms, audience, name)
    return quote(made, terms, audience)


def quote_over_time(
    roadmap: Roadmap, terms: Terms | None = None, audience: Audience = "internal", name: str = "roadmap"
) -> Quote:
    """Return the quote of a roadmap, verified against its own inputs and made again from its choices.

    `name` stands for it in messages. Raises BadInputError when the roadmap breaks a rule, or its text does not follow
    from its plans.
    """
    origin = origin_of(roadmap, name)
    verdict = verify_roadmap(roadmap, origin.workload, origin.edition, origin.prices)
    if not verdict.holds or verdict.roadmap is None:
        raise BadInputError([replace(fault, where=name) for fault in verdict.faults()])
    made = quote_of_roadmap(verdict.roadmap, origin, terms, audience)
    return replace(made, plan_sha256=roadmap.sha256)


def quote_of_roadmap(
    roadmap: Roadmap, origin: Origin, terms: Terms | None = None, audience: Audience = "internal"
) -> Quote:
    """Return the quote of a roadmap that was verified already, with what it was made from."""
    shown, shown_terms = roadmap, terms or Terms()
    asked = Asked(origin.workload, origin.edition, origin.prices, phases(origin.workload, origin.edition))
    if audience == "customer":
        shown, shown_terms = roadmap_at_net(shown, shown_terms, asked), net_terms(shown_terms)
        asked = replace(asked, book=net_book(*(phase.plan for phase in shown.phases)))
    over_time = OverTime(shown, asked)
    first = shown.phases[0].plan
    return Quote(first, shown_terms, over_time.cases[0], audience, plan_sha256=roadmap.sha256, over_time=over_time)
