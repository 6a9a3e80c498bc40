"""What a worker does for `cloudplan batch --quote`: a plan, and its quote in some formats, as plain values."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from cloudplan.analysis.sized import plan_of, told
from cloudplan.base.language import language
from cloudplan.plan.plan import language_of
from cloudplan.presentation.bill_csv import bill_csv
from cloudplan.presentation.html_page import render_quote_page
from cloudplan.presentation.pdf import render_pdf
from cloudplan.presentation.table_csv import Dialect
from cloudplan.presentation.workbook import write_quote
from cloudplan.sales.quote import Quote
from cloudplan.sales.quote import quote as quoted
from cloudplan.sales.terms import read_terms

MAKERS: Mapping[str, Callable[[Quote, Any], bytes]] = {
    "xlsx": write_quote,
    "pdf": render_pdf,
    "html": lambda quote, spoken: render_quote_page(quote, spoken).encode(),
    "csv": lambda quote, spoken: bill_csv(quote, spoken, Dialect.rfc4180),
}
"""What makes a quote in each format."""


def sized_and_quoted(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `sized` does, and the quote in the formats that are asked for, as base64."""
    plan, origin = plan_of(task)
    asked = task["quote"]
    quote = quoted(plan, read_terms(asked["terms"]), asked["audience"])
    spoken = language(asked["lang"] or language_of(plan))
    made = {format: MAKERS[format](quote, spoken) for format in asked["formats"]}
    files = {format: base64.b64encode(data).decode() for format, data in made.items()}
    return {**told(plan, origin), "files": files}
