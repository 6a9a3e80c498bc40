"""What do I send, and what do I click? The quote and the orders of a plan or a roadmap."""

from collections.abc import Callable
from dataclasses import replace

from cloudplan.analysis.requote import difference
from cloudplan.analysis.revision import revision
from cloudplan.base.errors import BadInputError
from cloudplan.plan.origin import Made, Origin
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.sales.phase_orders import orders_of, orders_over_time
from cloudplan.sales.phase_quotes import quote_made
from cloudplan.sales.priced import Audience
from cloudplan.sales.quote import Quote
from cloudplan.sales.quote import quote as quoted
from cloudplan.sales.steps import Orders
from cloudplan.sales.terms import Terms


def quote(
    made: Made,
    terms: Terms | None = None,
    audience: Audience = "internal",
    *,
    previous: Plan | None = None,
    solve: Callable[[Origin], Plan] | None = None,
    names: tuple[str, str] = ("plan", "plan"),
) -> Quote:
    """Return the quote of a plan, or of a roadmap, verified and made again from its choice.

    For the customer there are no list prices, discounts and bounds in it. `previous` is the plan of the revision
    before: the quote tells what changed since, by plans that `solve` makes of inputs, by default the cheapest. `names`
    stand for the two in messages. Raises BadInputError when the plan breaks a rule, when its inputs are not those that
    it was made from, and for a roadmap with a revision before.
    """
    if previous is None:
        return quote_made(made, terms, audience, names[1])
    if isinstance(made, Roadmap):
        raise BadInputError("a revision before is of a plan, and this is a roadmap")
    change = difference(previous, made, solve=solve, names=names)
    return replace(quote_made(made, terms, audience), revision=revision(change, terms or Terms()))


def orders(made: Made) -> tuple[Orders, ...]:
    """Return the orders and service requests that build a plan: one pack, and of a roadmap one for each phase.

    Where something stands already, only what is new. Raises BadInputError when the plan breaks a rule.
    """
    if isinstance(made, Roadmap):
        return tuple(orders_over_time(made, "roadmap"))
    found = quoted(made)
    return (orders_of(found.case, found.plan),)
