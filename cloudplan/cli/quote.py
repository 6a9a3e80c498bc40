"""`cloudplan quote`: a plan and its terms as PDF, as an Excel workbook, as a page, or the bill as CSV."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from cloudplan.base import files
from cloudplan.base.errors import BadInputError, Fault, gathered
from cloudplan.base.language import Language, language
from cloudplan.cli import talking, values
from cloudplan.cli.options import Force, Lang, MadeFile, deliver, format_of, refuse_options
from cloudplan.cli.searching import optimised
from cloudplan.cli.verbs import commands
from cloudplan.plan.origin import Made, read_either, read_plan
from cloudplan.plan.plan import Plan, language_of
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.table_csv import Dialect
from cloudplan.questions.sell import quote as quoted
from cloudplan.sales.priced import Audience
from cloudplan.sales.quote import Quote
from cloudplan.sales.terms import Terms, lacking, read_terms, with_dates
from cloudplan.sales.whatifs import ComparisonFile, read_comparison, whatifs

_SUFFIXES = {".xlsx": "xlsx", ".pdf": "pdf", ".html": "html", ".csv": "csv"}
_ALLOWED = ", ".join(_SUFFIXES)


@commands.command(example="cloudplan quote plan.json --terms terms.yaml -o quote.pdf -o quote.xlsx")
def quote(
    plan: MadeFile,
    terms: Annotated[Path | None, typer.Option(help="The terms: issuer, customer, dates, discount, VAT.")] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help=f"Write this file, {_ALLOWED}; may be repeated. - is stdout."
        ),
    ] = None,
    format: Annotated[
        Literal["xlsx", "pdf", "html", "csv"] | None,
        typer.Option(help="What is written where the name does not say it."),
    ] = None,
    annex: Annotated[
        Path | None,
        typer.Option(metavar="FILE.xlsx", help="Also the technical annex: placement, orders, rules, hashes."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(hidden=True, help="The bill as CSV; now --output FILE.csv.")] = None,
    csv_dialect: Annotated[Dialect, typer.Option(help="Comma and point, or as French Excel wants it.")] = (
        Dialect.rfc4180
    ),
    audience: Annotated[
        Audience, typer.Option(help="For the customer: no list prices, discounts, proof.")
    ] = "customer",
    previous: Annotated[
        Path | None, typer.Option(help="The plan of the revision before: what changed since, by cause.")
    ] = None,
    comparison: Annotated[
        Path | None,
        typer.Option(help="What `cloudplan compare -o compare.json` found: the page shows its what-ifs and growth."),
    ] = None,
    lang: Lang = None,
    issued: Annotated[
        datetime | None, typer.Option(parser=values.day, metavar=values.DAY, help="Day of issue; wins over the terms.")
    ] = (None),
    valid_until: Annotated[
        datetime | None,
        typer.Option(parser=values.day, metavar=values.DAY, help="Last day of validity; wins over the terms."),
    ] = None,
    force: Force = False,
) -> None:
    """Write the quote of a plan, or of a roadmap, as PDF, as a workbook, as a page or as CSV; the extension says which.

    All that are written together are one quote: the same terms, for the same reader. Of a roadmap the first order is
    quoted, and the later ones are told beside it.
    """
    if not output and csv is None and annex is None:
        raise BadInputError([Fault(f"a file to write is needed; allowed: {_ALLOWED}", where="--output")])
    if annex is not None and annex.suffix.lower() != ".xlsx":
        raise BadInputError([Fault(f"found {str(annex)!r}; allowed: a name that ends in .xlsx", where="--annex")])
    beside = {path: format for path, format in ((csv, "csv"), (annex, "annex")) if path}
    formats = {**_formats(output or [], format), **beside}
    files.refuse_existing([*(output or []), csv, annex], force=force, inputs=[plan, terms, previous, comparison])
    faults: list[Fault] = []
    read: Made | None = None
    before: Plan | None = None
    agreed: Terms | None = None
    compared: ComparisonFile | None = None
    with gathered(faults):
        read = read_either(plan)
    with gathered(faults):
        agreed = read_terms(terms) if terms else Terms()
    with gathered(faults):
        before = read_plan(previous) if previous else None
    with gathered(faults):
        compared = read_comparison(comparison) if comparison else None
    if read is None or agreed is None or faults:
        raise BadInputError(faults)
    dates = [day.date() if day else None for day in (issued, valid_until)]
    agreed = with_dates(agreed, *dates)
    if isinstance(read, Roadmap):
        refuse_options("a plan", {"--previous": previous, "--comparison": comparison})
    solve = partial(optimised, gap=0.0, time_limit=None)
    made = quoted(read, agreed, audience, previous=before, solve=solve, names=(str(previous), str(plan)))
    if compared and isinstance(read, Plan):
        internal = audience == "internal"
        told = whatifs(compared, read, str(comparison), amounts=internal or not agreed.discount, internal=internal)
        made = replace(made, whatifs=told)
    spoken = language(lang or language_of(made.plan))
    deliver({path: _file(made, format, spoken, csv_dialect) for path, format in formats.items()})
    if "pdf" in formats.values() and audience == "customer":
        talking.lacking(lacking(agreed))


def _file(made: Quote, format: str, spoken: Language, dialect: Dialect) -> bytes:
    """Return a quote in a format; of what makes them, each slow to import, only that one's is imported."""
    if format == "csv":
        from cloudplan.presentation.bill_csv import bill_csv  # noqa: PLC0415

        return bill_csv(made, spoken, dialect)
    if format == "html":
        from cloudplan.presentation.html_page import render_quote_page  # noqa: PLC0415

        return render_quote_page(made, spoken).encode()
    if format == "pdf":
        from cloudplan.presentation.pdf import render_pdf  # noqa: PLC0415

        return render_pdf(made, spoken)
    from cloudplan.presentation.workbook import write_annex, write_quote  # noqa: PLC0415

    return (write_annex if format == "annex" else write_quote)(made, spoken)


def _formats(paths: Sequence[Path], format: str | None) -> dict[Path, str]:
    """Return the format of each file: as its extension says, or `format` for those without one, if there are any.

    Raises BadInputError with a fault for each file that has none.
    """
    found: dict[Path, str] = {}
    faults: list[Fault] = []
    nameless = not all(path.suffix for path in paths)
    for path in paths:
        with gathered(faults):
            said = format_of(path, None if nameless and path.suffix else format, _SUFFIXES)
            if said is None:
                message = f"no extension says what is written; allowed: {_ALLOWED}, or --format"
                raise BadInputError([Fault(message, where=str(path), allowed=_ALLOWED)])
            found[path] = said
    if faults:
        raise BadInputError(faults)
    return found
