"""A quote made again from the priced document that its file carries, and what can be checked of that document alone."""

import re
from dataclasses import dataclass, replace

from cloudplan.catalog.loading import refuse_shipped_name
from cloudplan.evaluation.roadmap_document import Asked
from cloudplan.evaluation.verify import Verdict, verify
from cloudplan.evaluation.verify_roadmap import verify_roadmap
from cloudplan.plan.origin import edition_of, prices_of, workload_of
from cloudplan.rules.rule import Check
from cloudplan.sales.net import net_book
from cloudplan.sales.over_time import OverTime
from cloudplan.sales.priced import Priced
from cloudplan.sales.quote import Quote
from cloudplan.workload.case import Case
from cloudplan.workload.phases import phases

LEFT_OUT = ("prices.sha256", "findings", "assumptions", "search.said")
"""What does not follow from a plan at net prices: it rests on the whole price book, and on the proof."""
_PHASE = re.compile(r"phase \d{4}-\d{2}, ")


@dataclass(frozen=True)
class Remade:
    """A quote, and the verdict on the plan in it: its placement, its bill, what it says of its inputs.

    Of a roadmap the verdict is on all of it.
    """

    quote: Quote
    verdict: Verdict


def remade(priced: Priced, name: str) -> Remade:
    """Return the quote that a priced document is of; `name` stands for the document in messages.

    Raises BadInputError when it names an edition that there is none of, or its inputs are faulty or not complete.
    """
    plan, roadmap, internal = priced.plan, priced.roadmap, priced.audience == "internal"
    made = roadmap or plan
    edition = edition_of(made, name)
    refuse_shipped_name(edition, f"{name}: plan.inputs.catalog: ")
    workload = workload_of(made, edition, name)
    plans = [phase.plan for phase in roadmap.phases] if roadmap else [plan]
    book = prices_of(made, edition, name) if internal else net_book(*plans)
    over_time: OverTime | None = None
    if roadmap:
        verdict = verify_roadmap(roadmap, workload, edition, book)
        over_time = OverTime(roadmap, Asked(workload, edition, book, phases(workload, edition)))
        case = over_time.asked.case(0, None)
    else:
        verdict, case = verify(plan, workload, edition, book), Case.of(workload, edition, book)
    quote = Quote(
        plan,
        priced.terms,
        case,
        priced.audience,
        revision=priced.revision,
        whatifs=priced.whatifs,
        plan_sha256=priced.plan_sha256,
        program=priced.program,
        over_time=over_time,
    )
    return Remade(quote, verdict if internal else _of_net(verdict))


def _of_net(verdict: Verdict) -> Verdict:
    """Return a verdict on a plan at net prices without what does not follow from one; that is named as not checked."""

    def follows(check: Check) -> bool:
        return not _PHASE.sub("", check.place, count=1).startswith(LEFT_OUT)

    checks, words = (tuple(filter(follows, each)) for each in (verdict.checks, verdict.other_words))
    return replace(verdict, checks=checks, other_words=words, not_checked=("prices", "findings", "assumptions"))
