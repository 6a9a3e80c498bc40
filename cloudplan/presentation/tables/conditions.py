"""The conditions of a quote in sentences: what its terms say, and what the law or the catalogue says where they do not.

French law. Companies: code de commerce, L441-10 (interest for late payment: unless agreed otherwise the rate of the
European Central Bank plus 10 points) and D441-5 (EUR 40 for recovery). Public buyers: code de la commande publique,
R2192-10 and -11 (30 days, 50 for hospitals, 60 for public undertakings), R2192-31 (that rate plus 8 points), D2192-35
(EUR 40), L2192-1 (invoices by electronic means).
"""

from collections.abc import Iterator

from cloudplan.base.language import Language, Message, counted, message
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables import assumptions as resting
from cloudplan.presentation.tables import quote as tables
from cloudplan.sales.quote import Quote

PUBLIC_DAYS = 30
"""The term of payment of public buyers that name no other."""
LEVELS = ("platform_availability", "penalties")
"""The service levels of the catalogue that a quote tells where its terms have none, by key."""


def conditions(quote: Quote) -> tuple[Message, ...]:
    """Return the conditions: of paying, of the service, of the contract, then each of the issuer's own mentions."""
    parts = (tuple(_paying(quote)), tuple(_service(quote)), tuple(_contract(quote)))
    mentions = (message("{text}", text=text) for text in quote.terms.mentions)
    return (*(joined(*part, between=" ") for part in parts if part), *mentions)


def _paying(quote: Quote) -> Iterator[Message]:
    terms, customer, more = quote.terms, quote.customer, quote.terms.conditions
    if terms.billing:
        yield message("Billing: {text}.", text=_bare(terms.billing))
    if customer.is_public:
        days = PUBLIC_DAYS if customer.payment_days is None else customer.payment_days
        yield counted(
            "Payment within {count} day of receipt of the invoice (R2192-10, code de la commande publique).",
            "Payment within {count} days of receipt of the invoice (R2192-10, code de la commande publique).",
            days,
        )
    if terms.payment:
        yield message("Payment: {text}.", text=_bare(terms.payment))
    if customer.is_public:
        yield from _invoices(quote)
    if more.early_payment:
        yield message("Early payment: {text}.", text=_bare(more.early_payment))
    yield _late(quote)


def _late(quote: Quote) -> Message:
    """Return what late payment costs: at the rate of the terms, else at that of the law."""
    rate = quote.terms.conditions.late_interest
    public = quote.customer.is_public
    if rate and public:
        text = "Late payment: {rate}; EUR 40 for recovery (D2192-35, code de la commande publique)."
        return message(text, rate=_bare(rate))
    if rate:
        text = "Late payment: {rate}; EUR 40 for recovery (L441-10 and D441-5, code de commerce)."
        return message(text, rate=_bare(rate))
    if public:
        return message(
            "Late payment: interest at the rate of the European Central Bank plus 8 points; EUR 40 for recovery "
            "(R2192-31 and D2192-35, code de la commande publique)."
        )
    return message(
        "Late payment: interest at the rate of the European Central Bank plus 10 points; EUR 40 for recovery "
        "(L441-10 and D441-5, code de commerce)."
    )


def _invoices(quote: Quote) -> Iterator[Message]:
    """Yield under which references a public buyer wants its invoices."""
    customer = quote.customer
    if customer.commitment and customer.service_code:
        text = "Invoices by Chorus Pro: engagement {commitment}, service {service}."
        yield message(text, commitment=customer.commitment, service=customer.service_code)
    elif customer.commitment:
        yield message("Invoices by Chorus Pro: engagement {commitment}.", commitment=customer.commitment)
    elif customer.service_code:
        yield message("Invoices by Chorus Pro: service {service}.", service=customer.service_code)
    else:
        yield message("Invoices by Chorus Pro.")


def _service(quote: Quote) -> Iterator[Message]:
    said = quote.terms.conditions.service_level
    if said:
        yield message("Service level: {text}.", text=_bare(said))
        return
    levels = quote.case.edition.service_levels
    for name in LEVELS:
        if name in levels and levels[name].title:
            yield message("{title:w}: {value:w}.", title=levels[name].title, value=levels[name].value)


def _contract(quote: Quote) -> Iterator[Message]:
    more = quote.terms.conditions
    if more.delivery:
        yield message("Delivery: {text}.", text=_bare(more.delivery))
    if more.start:
        yield counted(
            "Start: {start:day}; duration: {count} month.",
            "Start: {start:day}; duration: {count} months.",
            quote.months,
            start=_bare(more.start),
        )
    else:
        yield counted("Duration: {count} month.", "Duration: {count} months.", quote.months)
    if more.renewal:
        yield message("Renewal: {text}.", text=_bare(more.renewal))
    if more.price_revision:
        yield message("Price revision: {text}.", text=_bare(more.price_revision))
    if more.general_terms:
        yield message("General terms: {text}.", text=_bare(more.general_terms))


def _others(quote: Quote) -> Iterator[Message]:
    """Yield what software the plan needs that is licensed by others, and is no part of the quote."""
    if quote.plan.owed:
        names = dict.fromkeys(line.label for line in quote.plan.owed.lines)
        yield message("Licences of third parties are not in this quote: {names:w}.", names=list(names))


def _bare(text: str) -> str:
    """Return a text without the full stop that ends it, for the sentence that it goes into has one."""
    return text.rstrip().removesuffix(".")


def premises(quote: Quote, spoken: Language) -> tuple[Message, ...]:
    """Return what the figures rest on: the rules of sizing, then the largest assumptions with what they move."""
    quoted = (quote.monthly, spoken.symbol(quote.plan.prices.currency))
    others = tuple(_others(quote))
    largest = resting.in_short(quote.plan, internal=quote.internal, quoted=quoted)
    return (joined(*tables.assumptions_in_short(quote), between=" "), *largest, *others)
