"""Texts with a figure in them that may be changed in a workbook, as formulas."""

from collections.abc import Callable
from dataclasses import replace

from cloudplan.base.language import Language, Message
from cloudplan.sales.quote import Quote

TERM = "cp_term_months"
"""The name of the cell that has the term."""
SPLIT = "\x00"
"""Where a figure goes into a text, while it is being made a formula."""
LONGEST_PART, LONGEST_FORMULA = 120, 8_000
"""Characters of a text in a formula, where Excel takes 255 and a quotation mark is two, and of a formula: 8 192."""
_OTHER_TERMS = range(999, 1, -1)
"""Terms to try: one that the texts do not tell otherwise, in as many digits as no language sets apart."""


def of_term(texts: Callable[[Quote], tuple[Message, ...]], quote: Quote, spoken: Language) -> tuple[str | None, ...]:
    """Return for each text of a quote the formula that tells it for the term of the workbook; None where it tells none.

    Likewise for a text too long for a formula: the check of the first page says then that it is of another term.
    How a text is said of one month and of several is the language's own.
    """
    one = [spoken.said(text) for text in texts(_for(quote, 1))]
    other = next(months for months in _OTHER_TERMS if not any(str(months) in text for text in one))
    many = [spoken.said(text) for text in texts(_for(quote, other))]
    return tuple(_formula(*pair, str(other)) for pair in zip(one, many, strict=True))


def _formula(single: str, several: str, other: str) -> str | None:
    formula = f"=IF({TERM}=1,{literal(single)},{joined(several.replace(other, SPLIT), TERM)})"
    return formula if single != several and len(formula) <= LONGEST_FORMULA else None


def _for(quote: Quote, months: int) -> Quote:
    """Return a quote for another term: for its texts only, quantities and prices stay as they are."""
    workload = quote.case.workload.model_copy(update={"term_months": months})
    return replace(quote, case=replace(quote.case, workload=workload))


def literal(text: str) -> str:
    """Return a text as formulas have it, in parts that are short enough."""
    parts = [text[at : at + LONGEST_PART] for at in range(0, len(text), LONGEST_PART)] or [""]
    return "&".join('"' + part.replace('"', '""') + '"' for part in parts)


def joined(text: str, figure: str) -> str:
    """Return a text with marks in it as a formula that joins its parts around a figure."""
    return f"&{figure}&".join(map(literal, text.split(SPLIT)))
