"""Plans and reports for the terminal (100 columns; a plan's long lists shortened) and as Markdown (nothing cut)."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Literal

from tabulate import tabulate

from cloudplan.money import amount
from cloudplan.plan import BomLine, Plan
from cloudplan.sheets import plan as sheets
from cloudplan.sheets.grid import Cell, Column, Notes, Report, Table, clean, words
from cloudplan.units import number

WIDTH = 100
ROWS_SHOWN = 20
MESSAGE_SHOWN = 400
INDENT = GAP = "  "
NO_BREAK = "\u00a0"

Style = Literal["terminal", "markdown"]

_MARKDOWN = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|~&#$"} | {"\n": "<br>", "\t": " "})


def render(plan: Plan, *, style: Style) -> str:
    """Return a plan as text for a terminal or as Markdown."""
    return _joined(_terminal(plan) if style == "terminal" else _markdown(plan))


def render_report(report: Report, *, style: Style) -> str:
    """Return a report as text for a terminal or as Markdown; no row of it is left out."""
    return _joined(_terminal_report(report) if style == "terminal" else _markdown_report(report))


def _joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


# --- terminal ----------------------------------------------------------------------------------------------------


def _terminal(plan: Plan) -> Iterator[str]:
    if plan.prices.illustrative:
        yield "\n".join(["*" * WIDTH, f"*{sheets.ILLUSTRATIVE:^{WIDTH - 2}}*", "*" * WIDTH])
    yield _headline(plan)
    yield _section(
        sheets.clusters(plan).only(
            *("Cluster", "Blade", "Hosts", "Of which spare", "Instances", "Activated", "Used", "Filled")
        )
    )
    datastores = sheets.datastores(plan).without_empty()
    yield _section(datastores.only(*(column.name for column in datastores.columns if column.name != "Site")))
    yield _section(sheets.protection(plan))
    yield _section(sheets.backup(plan))
    yield _bill(plan)
    yield from (_whole(part) for part in sheets.ledger(plan))
    yield _findings(plan)
    yield _made_with(plan)


def _headline(plan: Plan) -> str:
    currency = plan.prices.currency
    mark = " (illustrative prices)" if plan.prices.illustrative else ""
    status = f"{sheets.status(plan)}; lower bound {amount(plan.lower_bound)} {currency} a month."
    return "\n".join(
        [
            f"{_cut(_one_line(clean(plan.workload.name)), 50)}: {amount(plan.monthly)} {currency} a month{mark}",
            *_wrap(status[:1].upper() + status[1:]),
            *_wrap(sheets.in_short(plan)),
        ]
    )


def _terminal_report(report: Report) -> Iterator[str]:
    yield _cut(_one_line(clean(report.title)), WIDTH)
    yield "\n".join(line for text in report.summary for line in _wrap(_one_line(clean(text))))
    for part in report.parts:
        yield _whole(part) if isinstance(part, Table) else _notes(part)


def _notes(notes: Notes) -> str:
    """Return a heading with the entries below it, wrapped."""
    lines = [notes.title.upper()]
    for head, text in notes.entries:
        lines += _wrap(_one_line(clean(head)), INDENT, 2 * INDENT)
        lines += _wrap(_one_line(clean(text)), 2 * INDENT, 2 * INDENT)
    return "\n".join(lines if notes.entries else [f"{lines[0]}  None."])


def _section(table: Table) -> str:
    """Return a heading with the table below it, shortened to the rows that are shown."""
    heading = table.title.upper() + (f"  {_cut(table.note, WIDTH - len(table.title) - 2)}" if table.note else "")
    if not table.rows:
        return heading if table.note else f"{heading}  None."
    more = len(table.rows) - ROWS_SHOWN
    lines = _grid(table.columns, [_cells(table, row) for row in table.rows[:ROWS_SHOWN]])
    if more > 0:
        lines.append(f"... and {number(more)} more; --format json has them all")
    return "\n".join([heading, *(INDENT + line for line in lines)])


def _whole(table: Table) -> str:
    """Return a heading with all of the table below it: what is too wide goes on in the next line."""
    heading = table.title.upper() + (f"  {_one_line(clean(table.note))}" if table.note or not table.rows else "")
    lines = _grid(table.columns, [_cells(table, row) for row in table.rows], folded=True) if table.rows else []
    return "\n".join(
        [*_wrap(heading if lines or table.note else f"{heading}None."), *(INDENT + line for line in lines)]
    )


def _grid(columns: Sequence[Column], rows: list[list[str]], *, folded: bool = False) -> list[str]:
    """Return the lines of a table, units below names, no wider than the terminal: wide texts are cut or folded."""
    units = [column.unit for column in columns]
    heads = [[column.name for column in columns], *([units] if any(units) else [])]
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


def _bill(plan: Plan) -> str:
    """Return the bill: for each line its figures, and below them its SKU and the reason."""
    discounted = any(line.discount for line in plan.bom)
    names = ["Item", "Quantity", "Unit", *(["List price", "Discount"] if discounted else []), "Unit price", "Monthly"]
    table = sheets.bill(plan).only(*names)
    columns = [Column(column.name, column.kind) for column in table.columns]
    rows = list(_bill_rows(plan, table))
    head, rule, *body = _grid(columns, [cells for cells, _ in rows])
    lines = [head, rule]
    for text, (_, detail) in zip(body, rows, strict=True):
        lines += [text, *detail]
    if plan.prices.illustrative:
        lines += ["", f"*** {sheets.ILLUSTRATIVE} ***"]
    heading = f"BILL OF MATERIALS  {plan.prices.currency}, for one month."
    return "\n".join([heading, *(INDENT + line if line else "" for line in lines)])


def _bill_rows(plan: Plan, table: Table) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the rows of the bill, sites with their totals, each with the lines to print below it."""
    blanks = [""] * (len(table.columns) - 2)
    for site, total in sheets.site_totals(plan).rows:
        name, total_text = _one_line(words(site, "text")), words(total, "money")
        yield [f"Site {name}", *blanks, ""], []
        for row, line in zip(table.rows, plan.bom, strict=True):
            if line.site == site:
                yield _cells(table, row), _reason(line)
        yield ["", *blanks, "-" * len(total_text)], []
        yield [f"Total {name}", *blanks, total_text], [""]
    yield ["TOTAL A MONTH", *blanks, amount(plan.monthly)], []


def _reason(line: BomLine) -> list[str]:
    """Return the SKU of a bill line, the reason and the rule, wrapped."""
    text = _one_line(f"{clean(line.sku)}: {clean(line.because)} [{clean(line.rule)}]")
    return _wrap(text, INDENT, 2 * INDENT, WIDTH - len(INDENT))


def _findings(plan: Plan) -> str:
    """Return the findings; of many with the same code the first ones, and how many more there are."""
    table = sheets.findings(plan)
    lines, shown = [f"FINDINGS  {table.note}"], dict[str, int]()
    for finding in plan.findings:
        shown[finding.code] = shown.get(finding.code, 0) + 1
        if shown[finding.code] <= ROWS_SHOWN:
            rule = f" [{finding.rule}]" if finding.rule else ""
            head = f"{finding.severity.upper()} {finding.code}{rule}, {finding.subject}"
            lines.append(INDENT + _cut(_one_line(clean(head)), WIDTH - len(INDENT)))
            message = _cut(_one_line(clean(finding.message)), MESSAGE_SHOWN)
            lines += _wrap(message, 2 * INDENT, 2 * INDENT)
    for code, count in shown.items():
        if count > ROWS_SHOWN:
            lines.append(f"{INDENT}... and {number(count - ROWS_SHOWN)} more {code}; --format json has them all")
    return "\n".join(lines)


def _made_with(plan: Plan) -> str:
    """Return what the plan was made from; each name with its whole SHA-256 below it."""
    table = sheets.made_with(plan)
    return _notes(Notes(table.title, tuple((f"{what}: {name}", str(sha or "")) for what, name, sha in table.rows)))


def _cells(table: Table, row: Sequence[Cell]) -> list[str]:
    return [_one_line(words(cell, column.kind)) for cell, column in zip(row, table.columns, strict=True)]


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


def _markdown(plan: Plan) -> Iterator[str]:
    currency = plan.prices.currency
    mark = f"> **{sheets.ILLUSTRATIVE}**" if plan.prices.illustrative else ""
    yield f"# {_escape(plan.workload.name)}"
    yield mark
    yield f"**{amount(plan.monthly)} {currency} a month**"
    yield f"Status: {sheets.status(plan)}; lower bound {amount(plan.lower_bound)} {currency} a month."
    yield _block(sheets.size(plan))
    yield _block(sheets.clusters(plan))
    yield _block(sheets.datastores(plan))
    yield _block(sheets.protection(plan))
    yield _block(sheets.backup(plan))
    yield _block(sheets.bill(plan))
    yield _block(sheets.site_totals(plan))
    yield f"**Total: {amount(plan.monthly)} {currency} a month**"
    yield mark
    yield from (_block(part) for part in sheets.ledger(plan))
    yield _block(sheets.findings(plan))
    yield _block(sheets.made_with(plan))


def _markdown_report(report: Report) -> Iterator[str]:
    yield f"# {_escape(report.title)}"
    yield from (_escape(text) for text in report.summary)
    for part in report.parts:
        if isinstance(part, Table):
            yield _block(part)
        else:
            yield f"## {_escape(part.title)}"
            yield "\n".join(f"- **{_escape(head)}** {_escape(text)}".rstrip() for head, text in part.entries)


def _block(table: Table) -> str:
    """Return a heading, the note and the table in GitHub's notation."""
    parts = [f"## {table.title}"]
    if table.note:
        parts.append(_escape(table.note))
    if table.rows:
        rows = [
            [_escape(words(cell, column.kind)) for cell, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ]
        parts.append(_tabulate(table.columns, [[column.header for column in table.columns], *rows], "pipe"))
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
