"""A quote as PDF: page 1 is the quote, from one HTML template with print CSS, laid out by WeasyPrint.

WeasyPrint comes with the extra `cloudplan[pdf]` and needs Pango of the system; it is imported only here, and only when
a PDF is made. Fonts are the program's own, nothing is fetched, and dates come from the terms: the same quote gives the
same bytes with the same WeasyPrint.
"""

import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime, time
from importlib.resources import files
from typing import Any

from cloudplan.base.errors import BadInputError, Fault, InternalError, MachineError
from cloudplan.base.foreign_text import clean
from cloudplan.base.language import Code, Language, Message, language, message
from cloudplan.plan.origin import Made
from cloudplan.plan.plan import language_of
from cloudplan.presentation.carried import ATTACHED, Carried
from cloudplan.presentation.tables import conditions, extension, offer
from cloudplan.presentation.tables import plan as plan_tables
from cloudplan.presentation.tables import quote as tables
from cloudplan.presentation.tables.offer import Group, Row
from cloudplan.presentation.tables.table import Column, say, words
from cloudplan.presentation.tables.third_party import beside_quote
from cloudplan.presentation.template import template
from cloudplan.presentation.time_panels import TimePanels
from cloudplan.sales.letterhead import logo_bytes, mixed
from cloudplan.sales.phase_quotes import quote_made
from cloudplan.sales.priced import Audience
from cloudplan.sales.quote import Quote
from cloudplan.sales.terms import Terms

FONTS = {
    "regular": ("LiberationSans-Regular.ttf", "normal", "normal"),
    "bold": ("LiberationSans-Bold.ttf", "bold", "normal"),
    "italic": ("LiberationSans-Italic.ttf", "normal", "italic"),
}
"""File, weight and style of each font."""
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
"""The date in the file of a quote that has none."""
FOOT_LENGTH = 40
"""Characters of a number and of a name at the foot of pages, where there is little room; page 1 has them whole."""
SHADES = (1.0, 0.72, 0.5, 0.32)
"""How much of the colour stays in the bars of families; recovery has the accent."""
CHART_INKS = {"line": "#d5d9de", "edge": "#7a828a", "soft": "#444", "c2": "#3f8050"}
"""The colours of charts by their names on the page, but for those of the letterhead."""
_SCHEME = "cloudplan:"
_MISSING = (
    "a PDF needs the extra cloudplan[pdf]: pip install 'cloudplan[pdf]', and Pango of the system "
    "(Debian, Ubuntu: apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0); found: {error}"
)


def write_pdf(
    plan: Made, terms: Terms | None = None, *, lang: Code | None = None, audience: Audience = "internal"
) -> bytes:
    """Return the quote of a plan, or a roadmap, as the bytes of a PDF, in a language, by default that of its customer.

    Raises BadInputError when the plan breaks a rule or the logo is damaged, MachineError without WeasyPrint.
    """
    quote = quote_made(plan, terms, audience)
    return render_pdf(quote, language(lang or language_of(quote.plan)))


def render_pdf(quote: Quote, spoken: Language) -> bytes:
    """Return a quote as the bytes of a PDF, which carries the priced document.

    Raises BadInputError when the logo is damaged, MachineError without WeasyPrint, InternalError when it fails.
    """
    weasyprint = _weasyprint()
    html = render_html(quote, spoken)
    carried, dated = Carried.of(quote.priced, "pdf", spoken.code), quote.terms.issued
    at = datetime.combine(dated, time(), UTC) if dated else UNDATED
    document = io.BytesIO(carried.text().encode())
    attached = weasyprint.Attachment(file_obj=document, name=ATTACHED, created=at, modified=at, relationship="Data")
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    fetcher = _fetcher(weasyprint, _logo(quote))
    try:
        laid_out = weasyprint.HTML(string=html, url_fetcher=fetcher)
        made: bytes = laid_out.write_pdf(attachments=[attached], pdf_identifier=identifier, pdf_tags=True)
    except weasyprint.urls.FatalURLFetchingError as error:
        raise InternalError(f"the page of a quote asks for something: {error}") from None
    return made


def render_html(quote: Quote, spoken: Language) -> str:
    """Return the HTML that is laid out as the pages of a quote; its logo and fonts are known only to `render_pdf`."""
    return template("quote.html.j2").render(_Pages(quote, spoken).values())


def require() -> None:
    """Raise MachineError, with what is to be installed, where no PDF can be made."""
    _weasyprint()


def _weasyprint() -> Any:
    """Return WeasyPrint; raise MachineError, with what is to be installed, when it or a library of the system lacks."""
    try:
        import weasyprint  # noqa: PLC0415 - slow to import, and an extra
        import weasyprint.urls  # noqa: PLC0415
    except (ImportError, OSError) as error:
        said = str(error).splitlines()[0]
        raise MachineError([Fault(_MISSING.format(error=said))]) from None
    return weasyprint


def _fetcher(weasyprint: Any, logo: bytes | None) -> Any:
    """Return what fetches for WeasyPrint: the logo and the fonts of the program; anything else stops it."""
    known = {f"{_SCHEME}{name}": files("cloudplan.presentation") / "fonts" / name for name, *_ in FONTS.values()}

    class Fetcher(weasyprint.urls.URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url == f"{_SCHEME}logo" and logo is not None:
                return weasyprint.urls.URLFetcherResponse(url, logo)
            return weasyprint.urls.URLFetcherResponse(url, known[url].read_bytes())

    return Fetcher(fail_on_errors=True)


def _logo(quote: Quote) -> bytes | None:
    """Return the logo; raise BadInputError when it cannot be drawn."""
    text = quote.terms.letterhead.logo
    if text is None:
        return None
    from PIL import Image, ImageFile  # noqa: PLC0415 - comes with WeasyPrint

    data, lenient = logo_bytes(text), ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint draws what there is of a damaged image
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise BadInputError([Fault(f"the image is damaged: {error}", path="letterhead.logo")]) from None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient
    return data


class _Pages:
    """What the pages show, as texts."""

    def __init__(self, quote: Quote, spoken: Language):
        self.quote, self.spoken, self.columns = quote, spoken, offer.columns(quote)

    def values(self) -> dict[str, Any]:
        """Return the values of the template."""
        quote, terms, say = self.quote, self.quote.terms, self._say
        number = message("Quote {number}", number=terms.number) if terms.number else message("Quote")
        issued = terms.issued
        plan = quote.plan
        hashes = {"workload": plan.workload.sha256, "prices": plan.prices.sha256, "catalogue": plan.catalog.sha256}
        return {
            "lang": self.spoken.code,
            "fonts": FONTS.values(),
            "colours": self._colours(),
            "dated": (issued or UNDATED).strftime("%Y-%m-%d"),
            "keywords": [f"{name} {sha256}" for name, sha256 in hashes.items()],
            "mark": say(plan_tables.ILLUSTRATIVE) if quote.plan.prices.illustrative else "",
            "logo": f"{_SCHEME}logo" if terms.letterhead.logo else "",
            "number": say(number),
            "internal": say(message("Internal: with list prices and discounts")) if quote.internal else "",
            "foot": " · ".join(_cut(text) for text in self._foot(say(number)) if text),
            "issuer_name": terms.issuer.name or "",
            "dates": self._dates(),
            "parties": [
                (say(title), [say(line) for line in offer.identity(who)])
                for title, who in ((message("Issuer"), terms.issuer), (message("Customer"), quote.customer))
            ],
            "subject_title": say(message("Subject:")),
            "subject": say(offer.subject(quote)),
            "commitment": say(offer.commitment(quote)),
            **self._lines(),
            **self._totals(),
            "parts": [self._table(table) for table in extension.in_short(quote)],
            "licences": self._licences(),
            "time": TimePanels(quote, self.spoken, self._inks()).values(),
            "conditions_title": say(message("Conditions")),
            "conditions": [say(each) for each in conditions.conditions(quote)],
            "premises_title": say(message("What the figures rest on")),
            "premises": [say(each) for each in conditions.premises(quote, self.spoken)],
            "boxes": [(say(title), say(text)) for title, text in offer.boxes(quote)],
        }

    def _say(self, text: Message) -> str:
        return self.spoken.said(text)

    def _foot(self, number: str) -> tuple[str, ...]:
        internal = self._say(message("internal")) if self.quote.internal else ""
        return number, self._say(tables.fingerprint(self.quote)), self.quote.terms.issuer.name or "", internal

    def _dates(self) -> list[str]:
        """Return the lines below the number: dates and revision, and what the quote answers to on a line of its own."""
        said = [self._say(each) for each in tables.dates(self.quote, self.spoken)]
        apart = len(said) - 1 if self.quote.terms.reference else len(said)
        return [line for line in (" · ".join(said[:apart]), *said[apart:]) if line]

    def _colours(self) -> dict[str, str]:
        head = self.quote.terms.letterhead
        main = head.colour
        return {"main": main, "accent": head.accent, "tint": mixed(main, 0.1), "faint": mixed(main, 0.05)}

    def _inks(self) -> dict[str, str]:
        """Return the colours of charts."""
        head = self.quote.terms.letterhead
        return {**CHART_INKS, "memory": head.colour, "cores": head.accent}

    def _lines(self) -> dict[str, Any]:
        """Return the lines by site, what is billed once, options, and the families with their bars."""
        quote, say, currency = self.quote, self._say, self.quote.plan.prices.currency
        other = [self._row(row) for row in (*offer.once(quote), *offer.options(quote))]
        return {
            "monthly_title": say(offer.monthly_title(quote)),
            "columns": [(self._head(column), column.kind) for column in self.columns],
            "groups": [self._group(group) for group in offer.monthly(quote)],
            "other_title": say(message("Set-up and options") if quote.terms.lines else message("Set-up")),
            "other": other,
            "families": [
                {
                    "text": f"{say(name)} {self.spoken.amount(amount, currency)} ({self.spoken.percent(share, 0)})",
                    "share": f"{100 * share:.4f}",
                    "colour": colour,
                }
                for (name, amount, share), colour in zip(
                    offer.by_family(quote), self._shades(offer.by_family(quote)), strict=True
                )
            ],
        }

    def _shades(self, families: Sequence[Any]) -> list[str]:
        head, shades = self.quote.terms.letterhead, iter(SHADES)
        recovery = "Disaster recovery"
        return [
            head.accent if name.values["text"] == recovery else mixed(head.colour, next(shades))
            for name, *_ in families
        ]

    def _head(self, column: Column) -> str:
        if column.kind not in ("money", "price", "change"):
            return column.header(self.spoken)
        return f"{self.spoken.word(column.name)} ({self.spoken.symbol(self.quote.plan.prices.currency)})"

    def _row(self, row: Row) -> dict[str, Any]:
        texts = [words(cell, column.kind, self.spoken) for cell, column in zip(row.cells, self.columns, strict=True)]
        return {"cells": texts, "option": row.is_option}

    def _group(self, group: Group) -> dict[str, Any]:
        return {
            "title": self._say(group.title),
            "rows": [self._row(row) for row in group.rows],
            "total_label": self._say(group.total_label),
            "totals": [self.spoken.amount(value) for value in group.totals],
        }

    def _totals(self) -> dict[str, Any]:
        """Return net, tax and gross, what they are at list for who may know, and what a revision changes."""
        quote, say, spoken = self.quote, self._say, self.spoken
        return {
            "totals_title": say(offer.totals_title(quote)),
            "currency": spoken.symbol(quote.plan.prices.currency),
            "total_heads": [say(head) for head in tables.total_heads(quote)],
            "totals": [
                (say(label), [spoken.amount(value) for value in amounts])
                for label, amounts in tables.totals(quote, spoken)
            ],
            "list_totals": [(say(label), spoken.amount(value)) for label, value in tables.list_totals(quote)],
            "revised": [self._table(table) for table in tables.revised(quote, spoken)],
        }

    def _licences(self) -> list[dict[str, Any]]:
        """Return what is paid to others beside the quote, in as many columns as a page has room for."""
        shown = beside_quote(self.quote)
        lines = [table.only("Licence", "Why", "Quantity", "Unit", "Unit price", "Monthly") for table in shown[:1]]
        return [self._table(table) for table in (*lines, *shown[1:])]

    def _table(self, table: Any) -> dict[str, Any]:
        kinds = ["text" if column.is_text else "money" for column in table.columns]
        return {
            "title": say(table.title, self.spoken),
            "columns": list(zip(map(self._head, table.columns), kinds, strict=True)),
            "rows": table.texts(self.spoken),
            "note": say(table.note, self.spoken),
        }


def _cut(text: str) -> str:
    """Return a text that has its place at the foot of a page."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= FOOT_LENGTH else f"{flat[: FOOT_LENGTH - 1]}…"
