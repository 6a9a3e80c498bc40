"""A quote made again from the priced document that its file carries, and what can be checked of that document alone."""

from dataclasses import dataclass, replace

from cloudplan.catalog.loading import refuse_shipped_name
from cloudplan.evaluation.verify import Verdict, verify
from cloudplan.plan.origin import edition_of, prices_of, workload_of
from cloudplan.sales.net import net_book
from cloudplan.sales.priced import Priced
from cloudplan.sales.quote import Quote
from cloudplan.workload.case import Case

LEFT_OUT = ("prices.sha256", "findings", "assumptions", "search.said")
"""What does not follow from a plan at net prices: it rests on the whole price book, and on the proof."""


@dataclass(frozen=True)
class Remade:
    """A quote, and the verdict on the plan in it: its placement, its bill, what it says of its inputs."""

    quote: Quote
    verdict: Verdict


def remade(priced: Priced, name: str) -> Remade:
    """Return the quote that a priced document is of; `name` stands for the document in messages.

    Raises BadInputError when it names an edition that there is none of, or its inputs are faulty or not complete.
    """
    plan, internal = priced.plan, priced.audience == "internal"
    edition = edition_of(plan, name)
    refuse_shipped_name(edition, f"{name}: plan.inputs.catalog: ")
    workload = workload_of(plan, edition, name)
    book = prices_of(plan, edition, name) if internal else net_book(plan)
    verdict = verify(plan, workload, edition, book)
    quote = Quote(
        plan,
        priced.terms,
        Case.of(workload, edition, book),
        priced.audience,
        revision=priced.revision,
        whatifs=priced.whatifs,
        plan_sha256=priced.plan_sha256,
        program=priced.program,
    )
    return Remade(quote, verdict if internal else _of_net(verdict))


def _of_net(verdict: Verdict) -> Verdict:
    """Return a verdict on a plan at net prices without what does not follow from one; that is named as not checked."""
    checks = tuple(check for check in verdict.checks if not check.place.startswith(LEFT_OUT))
    words = tuple(check for check in verdict.other_words if not check.place.startswith(LEFT_OUT))
    return replace(verdict, checks=checks, other_words=words, not_checked=("prices", "findings", "assumptions"))
