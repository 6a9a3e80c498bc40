"""Plans and reports for the terminal: as wide as it is, with a plan's long lists shortened."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cloudplan.base.foreign_text import clean
from cloudplan.base.language import Language, Message
from cloudplan.evaluation.assumptions import words_of
from cloudplan.plan.plan import BomLine, Plan
from cloudplan.presentation.grid import cut, grid, whole_lines
from cloudplan.presentation.tables import assumptions as resting
from cloudplan.presentation.tables import plan as tables
from cloudplan.presentation.tables import standing, third_party
from cloudplan.presentation.tables.table import Column, Notes, Report, Table, Text, say, words
from cloudplan.workload.workload import Workload

WIDTH, NARROWEST, WIDEST = 100, 80, 200
"""Columns of a text that goes to no terminal, and to the smallest and the largest one."""
ROWS_SHOWN = 20
MESSAGE_SHOWN = 400
INDENT = "  "

Colour = Literal["bold", "yellow"]
_CODES: dict[Colour, str] = {"bold": "1", "yellow": "33"}


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a text is shown: how wide it is, and whether it has colours."""

    width: int = WIDTH
    colours: bool = False

    def painted(self, text: str, colour: Colour) -> str:
        """Return a text in a colour where there are any."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colours else text


PAPER = Screen()
"""What is no terminal."""


@dataclass(frozen=True)
class Terminal:
    """Says plans and reports in a language on a screen; what it returns are blocks, to be set apart by blank lines."""

    spoken: Language
    screen: Screen

    def plan(self, plan: Plan, workload: Workload) -> Iterator[str]:
        """Yield a plan, with the workload that it was made from."""
        mark, width = self.spoken.said(tables.ILLUSTRATIVE), self.screen.width
        if plan.prices.illustrative:
            lines = [f"*{line:^{width - 2}}*" for line in _wrapped(mark, "", "", width - 4)]
            yield self._painted(["*" * width, *lines, "*" * width], "yellow")
        yield self._headline(plan, workload)
        clusters = tables.clusters(plan, workload).only(
            *("Cluster", "Blade", "Hosts", "Of which spare", "Instances", "Activated", "Used", "Filled")
        )
        datastores = tables.datastores(plan).without("Site").without_empty()
        for table in (clusters, datastores):
            yield self._section(table, folded=True)
        for table in (tables.protection(plan, workload), tables.backup(plan)):
            yield self._section(table, folded=False)
        yield self._bill(plan)
        yield self._licences(plan)
        if plan.changes:
            yield self._section(standing.changes(plan).without("SKU").without_empty(), folded=True)
        yield from (self._whole(part) for part in tables.ledger(workload))
        yield self._assumptions(plan)
        yield self._findings(plan)
        yield self._made_with(plan)

    def report(self, report: Report) -> Iterator[str]:
        """Yield a report; no row of it is left out."""
        yield self.screen.painted(cut(_one_line(clean(say(report.title, self.spoken))), self.screen.width), "bold")
        yield "\n".join(line for text in report.summary for line in self._wrap(self._line(text)))
        for part in report.parts:
            yield self._whole(part) if isinstance(part, Table) else self._notes(part)

    def _painted(self, lines: list[str], colour: Colour) -> str:
        return "\n".join(self.screen.painted(line, colour) for line in lines)

    def _headline(self, plan: Plan, workload: Workload) -> str:
        name, cost = cut(_one_line(clean(plan.workload.name)), 50), cost_of(plan, self.spoken)
        if plan.prices.illustrative:
            headline = self.spoken.text("{name}: {cost} a month (illustrative prices)", name=name, cost=cost)
        else:
            headline = self.spoken.text("{name}: {cost} a month", name=name, cost=cost)
        status = status_of(plan, self.spoken)
        in_short = self.spoken.said(tables.in_short(plan, workload))
        head = self._painted(self._wrap(headline), "bold")
        parts = third_party.in_short(plan)
        of_which = self._wrap(self.spoken.said(parts)) if parts else []
        return "\n".join(
            [head, *of_which, *self._wrap(status[:1].upper() + status[1:]), *self._wrap(in_short), *self._resting(plan)]
        )

    def _resting(self, plan: Plan) -> Iterator[str]:
        """Yield the lines of the largest assumptions."""
        if plan.assumptions:
            yield from self._wrap(self.spoken.said(resting.head(plan)))
        for each in resting.in_short(plan):
            yield from self._wrap(_one_line(clean(self.spoken.said(each))), f"{INDENT}- ", 2 * INDENT)

    def _notes(self, notes: Notes) -> str:
        """Return a heading with the entries below it, wrapped."""
        lines = [say(notes.title, self.spoken).upper()]
        for head, text in notes.entries:
            lines += self._wrap(self._line(head), INDENT, 2 * INDENT)
            lines += self._wrap(self._line(text), 2 * INDENT, 2 * INDENT)
        return "\n".join(lines if notes.entries else [f"{lines[0]}  {self.spoken.word('None.')}"])

    def _line(self, text: Text) -> str:
        """Return a text of a report on one line; a str is foreign."""
        return _one_line(words(text, "text", self.spoken))

    def _section(self, table: Table, *, folded: bool) -> str:
        """Return a heading with the table below it, shortened to the rows that are shown."""
        title, note = say(table.title, self.spoken), say(table.note, self.spoken)
        heading = title.upper() + (f"  {cut(note, self.screen.width - len(title) - 2)}" if note else "")
        if not table.rows:
            return heading if note else f"{heading}  {self.spoken.word('None.')}"
        more = len(table.rows) - ROWS_SHOWN
        lines = self._grid(table.columns, self._cells(table)[:ROWS_SHOWN], folded=folded)
        if more > 0:
            lines.append(self.spoken.text("... and {count:n} more; --format json has them all", count=more))
        return "\n".join([heading, *(INDENT + line for line in lines)])

    def _whole(self, table: Table) -> str:
        """Return a heading with all of the table below it: what is too wide goes on in the next line."""
        title, note = say(table.title, self.spoken), say(table.note, self.spoken)
        heading = title.upper() + (f"  {_one_line(clean(note))}" if note or not table.rows else "")
        lines = self._grid(table.columns, self._cells(table), folded=True) if table.rows else []
        none = self.spoken.word("None.")
        head = self._wrap(heading if lines or note else f"{heading}{none}")
        return "\n".join([*head, *(INDENT + line for line in lines)])

    def _grid(self, columns: tuple[Column, ...], rows: list[list[str]], *, folded: bool) -> list[str]:
        return grid(columns, rows, self.spoken, self.screen.width - len(INDENT), folded=folded).lines

    def _bill(self, plan: Plan) -> str:
        """Return the bill: for each line its figures, and below them its SKU and the reason."""
        discounted = any(line.discount for line in plan.bom)
        prices = ["List price", "Discount"] if discounted else []
        table = tables.bill(plan).only("Item", "Quantity", "Unit", *prices, "Unit price", "Monthly")
        columns = [Column(column.name, column.kind) for column in table.columns]
        rows = list(self._bill_rows(plan, table))
        shown = grid(columns, [cells for cells, _ in rows], self.spoken, self.screen.width - len(INDENT), folded=True)
        lines = [*shown.top]
        for texts, (_, detail) in zip(shown.rows, rows, strict=True):
            lines += [*texts, *detail]
        if plan.prices.illustrative:
            mark = f"*** {self.spoken.said(tables.ILLUSTRATIVE)} ***"
            lines += ["", *_wrapped(mark, "", "", self.screen.width - len(INDENT))]
        note = self.spoken.text("{currency}, for one month.", currency=plan.prices.currency)
        head = f"{say(table.title, self.spoken).upper()}  {note}"
        return "\n".join([head, *(INDENT + line if line else "" for line in lines)])

    def _bill_rows(self, plan: Plan, table: Table) -> Iterator[tuple[list[str], list[str]]]:
        """Yield the rows of the bill, sites with their totals, each with the lines to print below it."""
        spoken = self.spoken
        blanks, cells = [""] * (len(table.columns) - 2), self._cells(table)
        for site, total in tables.site_totals(plan).rows:
            name, total_text = _one_line(words(site, "text")), words(total, "money", spoken)
            yield [spoken.text("Site {site}", site=name), *blanks, ""], []
            for row, line in zip(cells, plan.bom, strict=True):
                if line.site == site:
                    yield row, self._reason(line)
            yield ["", *blanks, "-" * len(total_text)], []
            yield [spoken.text("Total {site}", site=name), *blanks, total_text], [""]
        yield [spoken.word("Total a month").upper(), *blanks, spoken.amount(plan.monthly)], []

    def _licences(self, plan: Plan) -> str:
        """Return what is owed to others, below each line who needs it, and the grand total."""
        if plan.owed is None:
            return ""
        spoken, table = self.spoken, third_party.licences(plan)
        shown = table.only("Licence", "Cluster", "Quantity", "Unit", "Unit price", "Monthly")
        columns = [Column(column.name, column.kind) for column in shown.columns]
        cells, blanks = self._cells(shown), [""] * (len(columns) - 2)
        totals = [[_one_line(text) for text in row] for row in third_party.totals(plan).texts(spoken)]
        sums = [
            [first.upper() if at == len(totals) - 1 else first, *blanks, last]
            for at, (first, last) in enumerate(totals)
        ]
        made = grid(columns, [*cells, *sums], spoken, self.screen.width - len(INDENT), folded=True)
        lines = [*made.top]
        for texts, line in zip(made.rows, plan.owed.lines, strict=False):
            lines += [*texts, *self._why(line.site, third_party.because(line), line.rule)]
        lines += ["", *(text for texts in made.rows[len(cells) :] for text in texts)]
        note = spoken.text("{currency}, for one month.", currency=plan.prices.currency)
        head = f"{say(table.title, spoken).upper()}  {note}"
        return "\n".join([head, *(INDENT + line if line else "" for line in lines)])

    def _why(self, what: str, why: Message, rule: str) -> list[str]:
        """Return what a line is about, the reason and the rule, wrapped."""
        said = clean(self.spoken.said(why))
        text = self.spoken.text("{sku}: {reason} [{rule}]", sku=clean(what), reason=said, rule=clean(rule))
        return _wrapped(_one_line(text), INDENT, 2 * INDENT, self.screen.width - len(INDENT))

    def _reason(self, line: BomLine) -> list[str]:
        """Return the SKU of a bill line, the reason and the rule, wrapped."""
        return self._why(line.sku, tables.because(line), line.rule)

    def _findings(self, plan: Plan) -> str:
        """Return the findings; of many with the same code the first ones, and how many more there are."""
        table, spoken, width = tables.findings(plan.findings), self.spoken, self.screen.width - len(INDENT)
        lines, shown = [f"{say(table.title, spoken).upper()}  {say(table.note, spoken)}"], dict[str, int]()
        for finding in plan.findings:
            shown[finding.code] = shown.get(finding.code, 0) + 1
            if shown[finding.code] <= ROWS_SHOWN:
                rule = f" [{finding.rule}]" if finding.rule else ""
                severity = spoken.said(tables.SEVERITIES[finding.severity]).upper()
                head = cut(
                    _one_line(clean(f"{severity} {finding.code}{rule}, {spoken.said(tables.about(finding))}")), width
                )
                warns = finding.severity == "warning"
                lines.append(INDENT + (self.screen.painted(head, "yellow") if warns else head))
                message = cut(_one_line(clean(spoken.said(tables.told(finding)))), MESSAGE_SHOWN)
                lines += self._wrap(message, 2 * INDENT, 2 * INDENT)
        for code, count in shown.items():
            if count > ROWS_SHOWN:
                more = spoken.text(
                    "... and {count:n} more {code}; --format json has them all", count=count - ROWS_SHOWN, code=code
                )
                lines.append(f"{INDENT}{more}")
        return "\n".join(lines)

    def _assumptions(self, plan: Plan) -> str:
        """Return what the price rests on: each assumption, and below it what else it might be."""
        said = self.spoken.said
        lines = self._wrap(f"{self.spoken.word(resting.TITLE).upper()}  {said(resting.note(plan))}", "", INDENT)
        for each in plan.assumptions:
            words, origin = words_of(each), said(resting.ORIGINS[each.origin])
            first = self.spoken.text("{what} ({origin}): {value}", what=words.what, value=words.value, origin=origin)
            lines += self._wrap(_one_line(clean(first)), INDENT, 2 * INDENT)
            lines += self._wrap(_one_line(clean(said(resting.detail(plan, each)))), 2 * INDENT, 2 * INDENT)
        return "\n".join(lines) if plan.assumptions else ""

    def _made_with(self, plan: Plan) -> str:
        """Return what the plan was made from; each name with its whole SHA-256 below it."""
        table, spoken = tables.made_with(plan), self.spoken
        entries = []
        for *head, sha in table.rows:
            what, name = (words(cell, "text", spoken) for cell in head)
            entries.append((spoken.text("{what}: {name}", what=what, name=name), str(sha or "")))
        return self._notes(Notes(table.title, tuple(entries)))

    def _cells(self, table: Table) -> list[list[str]]:
        """Return the rows of a table as texts of one line."""
        return [[_one_line(text) for text in row] for row in table.texts(self.spoken)]

    def _wrap(self, text: str, first: str = "", others: str = "") -> list[str]:
        return _wrapped(text, first, others, self.screen.width)


def cost_of(plan: Plan, spoken: Language) -> str:
    """Return what a plan costs a month, licences of others included."""
    return spoken.amount(plan.cost, plan.prices.currency)


def status_of(plan: Plan, spoken: Language) -> str:
    """Return how far a plan is proven, with its bound."""
    bound = spoken.amount(plan.lower_bound, plan.prices.currency)
    return spoken.text("{status}; lower bound {bound} a month.", status=tables.status(plan), bound=bound)


def _wrapped(text: str, first: str, others: str, width: int) -> list[str]:
    """Return a text as lines; a number stays whole and with its unit."""
    return whole_lines(text, width, first, others)


def _one_line(text: str) -> str:
    """Return a text on one line; blanks that never break a line stay."""
    return re.sub(r"[ \t\n\r\f\v]+", " ", text).strip()
