"""Plans and reports for the terminal (100 columns; a plan's long lists shortened) and as Markdown (nothing cut)."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Literal

from tabulate import tabulate

from cloudplan.base.foreign_text import clean
from cloudplan.base.language import ENGLISH, Code, Language, language
from cloudplan.plan.plan import BomLine, Plan, language_of
from cloudplan.presentation.tables import plan as tables
from cloudplan.presentation.tables.table import Column, Notes, Report, Table, say, words
from cloudplan.sales.quote import quote
from cloudplan.workload.workload import Workload

WIDTH = 100
ROWS_SHOWN = 20
MESSAGE_SHOWN = 400
INDENT = GAP = "  "
NO_BREAK = "\u00a0"

Style = Literal["terminal", "markdown"]

_MARKDOWN = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|~&#$"} | {"\n": "<br>", "\t": " "})


def render(plan: Plan, *, style: Style, lang: Code | None = None) -> str:
    """Return a plan as text for a terminal or as Markdown, in a language, by default that of its customer.

    Raises BadInputError when the plan breaks a rule, or its text does not follow from its choice.
    """
    made = quote(plan)
    return render_plan(made.plan, made.case.workload, language(lang or language_of(made.plan)), style)


def render_plan(plan: Plan, workload: Workload, spoken: Language, style: Style) -> str:
    """Return a plan, with the workload that it was made from, as text for a terminal or as Markdown."""
    shown = _terminal if style == "terminal" else _markdown
    return _joined(shown(plan, workload, spoken))


def render_report(report: Report, *, style: Style, spoken: Language = ENGLISH) -> str:
    """Return a report as text for a terminal or as Markdown; no row of it is left out."""
    return _joined(_terminal_report(report, spoken) if style == "terminal" else _markdown_report(report, spoken))


def _joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


# --- terminal ----------------------------------------------------------------------------------------------------


def _terminal(plan: Plan, workload: Workload, spoken: Language) -> Iterator[str]:
    mark = spoken.said(tables.ILLUSTRATIVE)
    if plan.prices.illustrative:
        yield "\n".join(["*" * WIDTH, f"*{mark:^{WIDTH - 2}}*", "*" * WIDTH])
    yield _headline(plan, workload, spoken)
    clusters = tables.clusters(plan, workload).only(
        *("Cluster", "Blade", "Hosts", "Of which spare", "Instances", "Activated", "Used", "Filled")
    )
    datastores = tables.datastores(plan).without("Site").without_empty()
    for table in (clusters, datastores, tables.protection(plan, workload), tables.backup(plan)):
        yield _section(table, spoken)
    yield _bill(plan, spoken)
    yield from (_whole(part, spoken) for part in tables.ledger(workload))
    yield _findings(plan, spoken)
    yield _made_with(plan, spoken)


def _headline(plan: Plan, workload: Workload, spoken: Language) -> str:
    name, cost = _cut(_one_line(clean(plan.workload.name)), 50), _cost(plan, spoken)
    illustrative = "{name}: {cost} a month (illustrative prices)"
    headline = spoken.text(illustrative if plan.prices.illustrative else "{name}: {cost} a month", name=name, cost=cost)
    status = _status(plan, spoken)
    in_short = spoken.said(tables.in_short(plan, workload))
    return "\n".join([headline, *_wrap(status[:1].upper() + status[1:]), *_wrap(in_short)])


def _cost(plan: Plan, spoken: Language) -> str:
    return spoken.amount(plan.monthly, plan.prices.currency)


def _status(plan: Plan, spoken: Language) -> str:
    bound = spoken.amount(plan.lower_bound, plan.prices.currency)
    return spoken.text("{status}; lower bound {bound} a month.", status=tables.status(plan), bound=bound)


def _terminal_report(report: Report, spoken: Language) -> Iterator[str]:
    yield _cut(_one_line(clean(report.title)), WIDTH)
    yield "\n".join(line for text in report.summary for line in _wrap(_one_line(clean(text))))
    for part in report.parts:
        yield _whole(part, spoken) if isinstance(part, Table) else _notes(part)


def _notes(notes: Notes) -> str:
    """Return a heading with the entries below it, wrapped."""
    lines = [notes.title.upper()]
    for head, text in notes.entries:
        lines += _wrap(_one_line(clean(head)), INDENT, 2 * INDENT)
        lines += _wrap(_one_line(clean(text)), 2 * INDENT, 2 * INDENT)
    return "\n".join(lines if notes.entries else [f"{lines[0]}  None."])


def _section(table: Table, spoken: Language) -> str:
    """Return a heading with the table below it, shortened to the rows that are shown."""
    title, note = say(table.title, spoken), say(table.note, spoken)
    heading = title.upper() + (f"  {_cut(note, WIDTH - len(title) - 2)}" if note else "")
    if not table.rows:
        return heading if note else f"{heading}  {spoken.word('None.')}"
    more = len(table.rows) - ROWS_SHOWN
    lines = _grid(table.columns, _cells(table, spoken)[:ROWS_SHOWN], spoken)
    if more > 0:
        lines.append(spoken.text("... and {count:n} more; --format json has them all", count=more))
    return "\n".join([heading, *(INDENT + line for line in lines)])


def _whole(table: Table, spoken: Language) -> str:
    """Return a heading with all of the table below it: what is too wide goes on in the next line."""
    title, note = say(table.title, spoken), say(table.note, spoken)
    heading = title.upper() + (f"  {_one_line(clean(note))}" if note or not table.rows else "")
    lines = _grid(table.columns, _cells(table, spoken), spoken, folded=True) if table.rows else []
    none = spoken.word("None.")
    return "\n".join([*_wrap(heading if lines or note else f"{heading}{none}"), *(INDENT + line for line in lines)])


def _grid(columns: Sequence[Column], rows: list[list[str]], spoken: Language, *, folded: bool = False) -> list[str]:
    """Return the lines of a table, units below names, no wider than the terminal: wide texts are cut or folded."""
    units = [spoken.word(column.unit) for column in columns]
    heads = [[spoken.word(column.name) for column in columns], *([units] if any(units) else [])]
    cells = [*heads, *rows]
    widths = [max(len(row[position]) for row in cells) for position in range(len(columns))]
    whole = [max(len(word) for row in cells for word in ["", *row[at].split()]) for at in range(len(columns))]
    texts = [position for position, column in enumerate(columns) if column.is_text]
    room = WIDTH - len(INDENT) - len(GAP) * (len(columns) - 1)
    while sum(widths) > room:
        widest = max(texts, key=lambda position: (folded and widths[position] > whole[position], widths[position]))
        widths[widest] -= 1
    fit = _folded if folded else _trimmed
    top = [line for row in heads for line in fit(row, widths)]
    body = [line for row in rows for line in fit(row, widths)]
    return _tabulate(columns, [*top, ["-" * width for width in widths], *body], "plain").splitlines()


def _trimmed(row: list[str], widths: list[int]) -> list[list[str]]:
    """Return a row with its cells cut to these widths."""
    return [[_cut(cell, width) for cell, width in zip(row, widths, strict=True)]]


def _folded(row: list[str], widths: list[int]) -> list[list[str]]:
    """Return a row as the rows that its cells take when they are folded to these widths."""
    cells = [textwrap.wrap(cell, width, break_on_hyphens=False) for cell, width in zip(row, widths, strict=True)]
    return [list(line) for line in zip_longest(*cells, fillvalue="")] or [row]


def _bill(plan: Plan, spoken: Language) -> str:
    """Return the bill: for each line its figures, and below them its SKU and the reason."""
    discounted = any(line.discount for line in plan.bom)
    names = ["Item", "Quantity", "Unit", *(["List price", "Discount"] if discounted else []), "Unit price", "Monthly"]
    table = tables.bill(plan).only(*names)
    columns = [Column(column.name, column.kind) for column in table.columns]
    rows = list(_bill_rows(plan, table, spoken))
    head, rule, *body = _grid(columns, [cells for cells, _ in rows], spoken)
    lines = [head, rule]
    for text, (_, detail) in zip(body, rows, strict=True):
        lines += [text, *detail]
    if plan.prices.illustrative:
        lines += ["", f"*** {spoken.said(tables.ILLUSTRATIVE)} ***"]
    note = spoken.text("{currency}, for one month.", currency=plan.prices.currency)
    return "\n".join(
        [f"{say(table.title, spoken).upper()}  {note}", *(INDENT + line if line else "" for line in lines)]
    )


def _bill_rows(plan: Plan, table: Table, spoken: Language) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the rows of the bill, sites with their totals, each with the lines to print below it."""
    blanks, cells = [""] * (len(table.columns) - 2), _cells(table, spoken)
    for site, total in tables.site_totals(plan).rows:
        name, total_text = _one_line(words(site, "text")), words(total, "money", spoken)
        yield [spoken.text("Site {site}", site=name), *blanks, ""], []
        for row, line in zip(cells, plan.bom, strict=True):
            if line.site == site:
                yield row, _reason(line, spoken)
        yield ["", *blanks, "-" * len(total_text)], []
        yield [spoken.text("Total {site}", site=name), *blanks, total_text], [""]
    yield [spoken.word("Total a month").upper(), *blanks, spoken.amount(plan.monthly)], []


def _reason(line: BomLine, spoken: Language) -> list[str]:
    """Return the SKU of a bill line, the reason and the rule, wrapped."""
    reason = clean(spoken.said(tables.because(line)))
    text = spoken.text("{sku}: {reason} [{rule}]", sku=clean(line.sku), reason=reason, rule=clean(line.rule))
    return _wrap(_one_line(text), INDENT, 2 * INDENT, WIDTH - len(INDENT))


def _findings(plan: Plan, spoken: Language) -> str:
    """Return the findings; of many with the same code the first ones, and how many more there are."""
    table = tables.findings(plan)
    lines, shown = [f"{say(table.title, spoken).upper()}  {say(table.note, spoken)}"], dict[str, int]()
    for finding in plan.findings:
        shown[finding.code] = shown.get(finding.code, 0) + 1
        if shown[finding.code] <= ROWS_SHOWN:
            rule = f" [{finding.rule}]" if finding.rule else ""
            severity = spoken.said(tables.SEVERITIES[finding.severity]).upper()
            head = f"{severity} {finding.code}{rule}, {finding.subject}"
            lines.append(INDENT + _cut(_one_line(clean(head)), WIDTH - len(INDENT)))
            message = _cut(_one_line(clean(spoken.said(tables.told(finding)))), MESSAGE_SHOWN)
            lines += _wrap(message, 2 * INDENT, 2 * INDENT)
    for code, count in shown.items():
        if count > ROWS_SHOWN:
            more = spoken.text(
                "... and {count:n} more {code}; --format json has them all", count=count - ROWS_SHOWN, code=code
            )
            lines.append(f"{INDENT}{more}")
    return "\n".join(lines)


def _made_with(plan: Plan, spoken: Language) -> str:
    """Return what the plan was made from; each name with its whole SHA-256 below it."""
    table = tables.made_with(plan)
    entries = []
    for *head, sha in table.rows:
        what, name = (words(cell, "text", spoken) for cell in head)
        entries.append((spoken.text("{what}: {name}", what=what, name=name), str(sha or "")))
    return _notes(Notes(say(table.title, spoken), tuple(entries)))


def _cells(table: Table, spoken: Language) -> list[list[str]]:
    """Return the rows of a table as texts of one line."""
    return [[_one_line(text) for text in row] for row in table.texts(spoken)]


def _wrap(text: str, first: str = "", others: str = "", width: int = WIDTH) -> list[str]:
    """Return a text as lines; a number stays whole and with its unit."""
    whole = re.sub(r"(?<=\d) (?=\d{3}\b|[GT]iB\b|%)", NO_BREAK, text)
    lines = textwrap.wrap(whole, width, initial_indent=first, subsequent_indent=others)
    return [line.replace(NO_BREAK, " ") for line in lines]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


# --- Markdown ----------------------------------------------------------------------------------------------------


def _markdown(plan: Plan, workload: Workload, spoken: Language) -> Iterator[str]:
    mark = f"> **{spoken.said(tables.ILLUSTRATIVE)}**" if plan.prices.illustrative else ""
    cost = _escape(_cost(plan, spoken))
    yield f"# {_escape(plan.workload.name)}"
    yield mark
    yield f"**{spoken.text('{cost} a month', cost=cost)}**"
    yield _escape(spoken.text("Status: {status}", status=_status(plan, spoken)))
    for table in (
        *(tables.size(plan, workload), tables.clusters(plan, workload), tables.datastores(plan)),
        *(tables.protection(plan, workload), tables.backup(plan), tables.bill(plan), tables.site_totals(plan)),
    ):
        yield _block(table, spoken)
    yield f"**{spoken.text('Total: {cost} a month', cost=cost)}**"
    yield mark
    yield from (_block(part, spoken) for part in tables.ledger(workload))
    yield _block(tables.findings(plan), spoken)
    yield _block(tables.made_with(plan), spoken)


def _markdown_report(report: Report, spoken: Language) -> Iterator[str]:
    yield f"# {_escape(report.title)}"
    yield from (_escape(text) for text in report.summary)
    for part in report.parts:
        if isinstance(part, Table):
            yield _block(part, spoken)
        else:
            yield f"## {_escape(part.title)}"
            yield "\n".join(f"- **{_escape(head)}** {_escape(text)}".rstrip() for head, text in part.entries)


def _block(table: Table, spoken: Language) -> str:
    """Return a heading, the note and the table in GitHub's notation."""
    parts = [f"## {say(table.title, spoken)}"]
    if table.note:
        parts.append(_escape(say(table.note, spoken)))
    if table.rows:
        rows = [[_escape(text) for text in row] for row in table.texts(spoken)]
        parts.append(_tabulate(table.columns, [table.headers(spoken), *rows], "pipe"))
    return "\n\n".join(parts)


def _escape(text: str) -> str:
    """Return foreign text so that Markdown shows it as it is, on one line of its source."""
    return clean(text).translate(_MARKDOWN)


# --- both --------------------------------------------------------------------------------------------------------


def _tabulate(columns: Sequence[Column], rows: list[list[str]], form: str) -> str:
    """Return a table in a notation of tabulate, the headers first: texts to the left, numbers to the right."""
    align = ["left" if column.is_text else "right" for column in columns]
    headers, rows = ([], rows) if form == "plain" else (rows[0], rows[1:])
    text = tabulate(rows, headers=headers, tablefmt=form, colalign=align, disable_numparse=True)
    return "\n".join(line.rstrip() for line in text.splitlines())
