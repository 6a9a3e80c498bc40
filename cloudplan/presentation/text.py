"""Plans and reports as text: for the terminal, and as Markdown, which leaves nothing out."""

from collections.abc import Iterable, Iterator
from typing import Literal

from cloudplan.base.foreign_text import clean
from cloudplan.base.language import ENGLISH, Code, Language, language
from cloudplan.plan.plan import Plan, language_of
from cloudplan.presentation.grid import tabulated
from cloudplan.presentation.tables import assumptions as resting
from cloudplan.presentation.tables import plan as tables
from cloudplan.presentation.tables import standing, third_party
from cloudplan.presentation.tables.table import Report, Table, say, words
from cloudplan.presentation.terminal import PAPER, Screen, Terminal, cost_of, status_of
from cloudplan.sales.quote import quote
from cloudplan.workload.workload import Workload

Style = Literal["terminal", "markdown"]

_MARKDOWN = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|~&#$"} | {"\n": "<br>", "\t": " "})


def render(plan: Plan, *, style: Style, lang: Code | None = None) -> str:
    """Return a plan as text for a terminal or as Markdown, in a language, by default that of its customer.

    Raises BadInputError when the plan breaks a rule, or its text does not follow from its choice.
    """
    made = quote(plan)
    return render_plan(made.plan, made.case.workload, language(lang or language_of(made.plan)), style)


def render_plan(plan: Plan, workload: Workload, spoken: Language, style: Style, screen: Screen = PAPER) -> str:
    """Return a plan, with the workload that it was made from, as text for a terminal or as Markdown."""
    if style == "terminal":
        return _joined(Terminal(spoken, screen).plan(plan, workload))
    return _joined(_markdown(plan, workload, spoken))


def render_report(report: Report, *, style: Style, spoken: Language = ENGLISH, screen: Screen = PAPER) -> str:
    """Return a report as text for a terminal or as Markdown; no row of it is left out."""
    if style == "terminal":
        return _joined(Terminal(spoken, screen).report(report))
    return _joined(_markdown_report(report, spoken))


def _joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


# --- Markdown ----------------------------------------------------------------------------------------------------


def _markdown(plan: Plan, workload: Workload, spoken: Language) -> Iterator[str]:
    mark = f"> **{spoken.said(tables.ILLUSTRATIVE)}**" if plan.prices.illustrative else ""
    cost = _escape(cost_of(plan, spoken))
    yield f"# {_escape(plan.workload.name)}"
    yield mark
    yield f"**{spoken.text('{cost} a month', cost=cost)}**"
    if parts := third_party.in_short(plan):
        yield _escape(spoken.said(parts))
    yield _escape(spoken.text("Status: {status}", status=status_of(plan, spoken)))
    if plan.assumptions:
        yield _escape(spoken.said(resting.head(plan)))
        yield "\n".join(f"- {_escape(spoken.said(each))}" for each in resting.in_short(plan))
    for table in (
        *(tables.size(plan, workload), tables.clusters(plan, workload), tables.datastores(plan)),
        *(tables.protection(plan, workload), tables.backup(plan), tables.bill(plan), tables.site_totals(plan)),
    ):
        yield _block(table, spoken)
    if plan.owed:
        yield _block(third_party.licences(plan).without_empty(), spoken)
        yield _block(third_party.totals(plan), spoken)
    yield f"**{spoken.text('Total: {cost} a month', cost=cost)}**"
    yield mark
    if plan.changes:
        yield _block(standing.changes(plan), spoken)
    yield from (_block(part, spoken) for part in tables.ledger(workload))
    yield _block(resting.table(plan), spoken)
    yield _block(tables.findings(plan.findings), spoken)
    yield _block(tables.made_with(plan), spoken)


def _markdown_report(report: Report, spoken: Language) -> Iterator[str]:
    yield f"# {_escape(say(report.title, spoken))}"
    yield from (_escape(words(text, "text", spoken)) for text in report.summary)
    for part in report.parts:
        if isinstance(part, Table):
            yield _block(part, spoken)
        else:
            yield f"## {_escape(say(part.title, spoken))}"
            entries = [[_escape(words(text, "text", spoken)) for text in entry] for entry in part.entries]
            yield "\n".join(f"- **{head}** {text}".rstrip() for head, text in entries)


def _block(table: Table, spoken: Language) -> str:
    """Return a heading, the note and the table in GitHub's notation."""
    parts = [f"## {say(table.title, spoken)}"]
    if table.note:
        parts.append(_escape(say(table.note, spoken)))
    if table.rows:
        rows = [[_escape(text) for text in row] for row in table.texts(spoken)]
        parts.append(tabulated(table.columns, [table.headers(spoken), *rows], "pipe"))
    return "\n\n".join(parts)


def _escape(text: str) -> str:
    """Return foreign text so that Markdown shows it as it is, on one line of its source."""
    return clean(text).translate(_MARKDOWN)
