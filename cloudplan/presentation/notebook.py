"""Values as a notebook shows them: plans as pictures of the page, what was compared or explained as tables."""

from functools import singledispatch
from typing import Any

from markupsafe import Markup, escape

from cloudplan.analysis.compare import Comparison
from cloudplan.analysis.options import Options
from cloudplan.base.errors import BadInputError
from cloudplan.base.language import ENGLISH, language
from cloudplan.plan.plan import Plan, language_of
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.listed import listed
from cloudplan.presentation.pictures import picture
from cloudplan.presentation.tables import compare as compare_tables
from cloudplan.presentation.tables import options as options_tables
from cloudplan.presentation.tables import roadmap as roadmap_tables
from cloudplan.presentation.tables.table import Notes, Report, Table, say, words
from cloudplan.sales.quote import Quote
from cloudplan.sales.quote import quote as quoted

MOST_ROWS = 60
"""Rows of a table that are shown; a frame has all of them."""


@singledispatch
def html_of(value: Any) -> str | None:
    """Return a value as HTML for a notebook, without scripts and styles of a page; None where `repr` has to do."""
    del value
    return None


@html_of.register
def _of_plan(plan: Plan) -> str | None:
    try:
        return _of_quote(quoted(plan))
    except BadInputError:  # a plan that breaks a rule has no picture, and `repr` says what it is
        return None


@html_of.register
def _of_quote(quote: Quote) -> str:
    spoken = language(language_of(quote.plan))
    return "".join(f"<div>{picture(quote, name, spoken)}</div>" for name in ("cost", "sites"))


@html_of.register
def _of_roadmap(roadmap: Roadmap) -> str:
    return _of_report(roadmap_tables.report(roadmap))


@html_of.register
def _of_comparison(found: Comparison) -> str:
    return _of_report(compare_tables.report(found, None))


@html_of.register
def _of_options(found: Options) -> str:
    return _of_report(options_tables.report(found, None))


@html_of.register
def _of_report(report: Report) -> str:
    parts = [f"<h4>{escape(say(report.title, ENGLISH))}</h4>"]
    parts += [f"<p>{escape(words(text, 'text'))}</p>" for text in report.summary]
    for part in report.parts:
        parts.append(f"<h5>{escape(say(part.title, ENGLISH))}</h5>")
        parts.append(_notes(part) if isinstance(part, Notes) else _table(part))
    return "".join(parts)


def _notes(part: Notes) -> str:
    entries = (tuple(escape(words(text, "text")) for text in entry) for entry in part.entries)
    return f"<ul>{''.join(f'<li><b>{head}</b> {text}</li>' for head, text in entries)}</ul>"


def _table(part: Table) -> str:
    shown = listed(part, ENGLISH)
    sides = ["left" if kind == "text" else "right" for _, kind in shown["columns"]]

    def row(cells: list[str], tag: str) -> str:
        return "".join(
            Markup('<{tag} style="text-align:{side}">{cell}</{tag}>').format(tag=tag, side=side, cell=cell)
            for cell, side in zip(cells, sides, strict=True)
        )

    head = row([name for name, _ in shown["columns"]], "th")
    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in shown["rows"][:MOST_ROWS])
    left = len(shown["rows"]) - MOST_ROWS
    more = f"<p>and {left} more rows</p>" if left > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
