"""What do I send, and what do I click? The quote and the orders of a plan or a roadmap."""

from dataclasses import replace

from cloudplan.analysis.requote import difference
from cloudplan.analysis.revision import revision
from cloudplan.plan.origin import Made
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
    made: Made, terms: Terms | None = None, audience: Audience = "internal", *, previous: Plan | None = None
) -> Quote:
    """Return the quote of a plan, or of a roadmap, verified and made again from its choice.

    For the customer there are no list prices, discounts and bounds in it. `previous` is the plan of the revision
    before: the quote tells what changed since. Raises BadInputError when the plan breaks a rule, or when its inputs are
    not those that it was made from.
    """
    found = quote_made(made, terms, audience)
    if previous is None or isinstance(made, Roadmap):
        return found
    return replace(found, revision=revision(difference(previous, made), terms or Terms()))


def orders(made: Made) -> tuple[Orders, ...]:
    """Return the orders and service requests that build a plan: one pack, and of a roadmap one for each phase.

    Where something stands already, only what is new. Raises BadInputError when the plan breaks a rule.
    """
    if isinstance(made, Roadmap):
        return tuple(orders_over_time(made, "roadmap"))
    found = quoted(made)
    return (orders_of(found.case, found.plan),)
