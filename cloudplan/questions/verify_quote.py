"""Is it what was sent? The file of a quote, made again from the priced document that it carries."""

from pathlib import Path

from cloudplan.base import limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.files import read_bytes
from cloudplan.plan.origin import Made
from cloudplan.presentation.again import held_against, made_again
from cloudplan.presentation.held import Again
from cloudplan.sales.terms import Terms


def verify_quote(file: str | Path, made: Made | None = None, terms: Terms | None = None) -> Again:
    """Return what became of the file of a quote, .xlsx, .pdf or .html: every amount, text and formula that differs.

    With a plan or a roadmap, and `terms`, also whether it is the quote of that. Raises BadInputError for a file that
    carries no quote, when the plan breaks a rule, and for terms alone.
    """
    if terms is not None and made is None:
        raise BadInputError([Fault("allowed only with --plan", where="--terms")])
    again = made_again(read_bytes(Path(file), limits.QUOTE_BYTES), str(file))
    if made is not None and again.remade.verdict.holds:
        again = held_against(again, made, terms)
    return again
