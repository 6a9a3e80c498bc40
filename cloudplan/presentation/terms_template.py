"""The terms of a quote to start from: what is asked, and the commented file that the answers make."""

from collections.abc import Mapping
from typing import Any

from cloudplan.base import yamlfile
from cloudplan.base.errors import BadInputError
from cloudplan.presentation.starter import Answers, Layout, Question, Starter, commented, number, refuse_odd
from cloudplan.sales.terms import Terms, read_terms

HEADING = (
    "The terms of a quote: who offers what to whom, until when, at which discount and tax.",
    "Quote with it: cloudplan quote PLAN --terms FILE -o quote.xlsx",
)
PARTY: Mapping[str, Any] = {
    "name": "Example SA",
    "legal_form": "SA",
    "capital": "1 000 000 €",
    "address": "1 rue de l'Exemple, 75000 Paris",
    "trade_register": "RCS Paris 000 000 000",
    "registration": "000 000 000",
    "vat_number": "FR00 000000000",
    "contact": {"name": "Camille Martin", "email": "camille.martin@example.org", "phone": "+33 1 99 00 12 34"},
}
EXAMPLES: Mapping[str, Any] = {
    "number": "Q-0001",
    "reference": "Call for tenders 17",
    "issued": "2026-01-01",
    "valid_until": "2026-01-31",
    "subject": "Hosting of the shop",
    "letterhead": {"colour": "#0b4a3a"},
    "issuer": PARTY,
    "customer": {**PARTY, "kind": "company"},
    "billing": "monthly, in arrears",
    "payment": "30 days",
    "conditions": {"late_interest": "three times the legal rate of interest"},
    "mentions": ["Prices are firm until the end of validity."],
    "lines": [{"label": "Set-up", "one_off": True, "quantity": 4, "unit": "day", "unit_price": 900}],
}
_FIELDS = {
    "number": ("number",),
    "issuer": ("issuer", "name"),
    "customer": ("customer", "name"),
    "issued": ("issued",),
    "valid-until": ("valid_until",),
    "discount": ("discount",),
    "vat-rate": ("vat_rate",),
    "payment": ("payment",),
}
"""The field that each question decides."""
_QUESTIONS = (
    Question("number", "Number of the quote", "left out"),
    Question("issuer", "Who offers", "left out"),
    Question("customer", "Who is offered to", "the customer of the workload"),
    Question("issued", "Day of issue, YYYY-MM-DD", "left out"),
    Question("valid-until", "Last day of the offer, YYYY-MM-DD", "left out"),
    Question("discount", "Commercial discount on every line, a share: 0.05 is 5 %", "0"),
    Question("vat-rate", "Value-added tax, a share: 0.2 is 20 %", "0.2"),
    Question("payment", "Terms of payment", "left out"),
)


def terms_starter() -> Starter:
    """Return the questions about the terms of a quote, and what makes their file.

    Answers that `cloudplan quote` would refuse are not allowed.
    """
    return Starter(_QUESTIONS, _read, _text)


def _read(answers: Answers) -> tuple[dict[str, Any], Terms]:
    """Return the values that answers make, and the terms; raise BadInputError for answers that are not allowed."""
    refuse_odd(answers)
    tree = _tree(answers)
    return tree, read_terms({key: value for key, value in tree.items() if value != {}})


def _text(answers: Answers) -> str:
    """Return the file; raise BadInputError for answers that are not allowed."""
    tree, read = _read(answers)
    days = {name: tree[name] for name in ("issued", "valid_until") if name in tree}
    dates = {name: day for day in days.values() for name in ("issued", "valid_until")} if len(days) == 1 else {}
    unanswered = frozenset(".".join(path) for name, path in _FIELDS.items() if name not in answers)
    layout = Layout(values=tree, examples={**EXAMPLES, **dates}, defaults={}, unanswered=unanswered)
    text = commented(HEADING, Terms, layout)
    if read_terms(yamlfile.parse(text, "the terms").tree) != read:
        raise BadInputError("YAML cannot hold these answers: a text is too long or has odd characters")
    return text


def _tree(answers: Answers) -> dict[str, Any]:
    """Return the terms that the answers make; what nobody knew is a default, or left out."""
    tree: dict[str, Any] = {"schema": "cloudplan/terms/v1", "issuer": {}, "customer": {}}
    tree |= {"discount": number("0"), "vat_rate": number("0.2")}
    for name, answer in answers.items():
        *inside, key = _FIELDS[name]
        place = tree[inside[0]] if inside else tree
        place[key] = number(str(answer)) if name in ("discount", "vat-rate") else str(answer)
    return tree
