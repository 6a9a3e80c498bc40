"""The summary of many workloads as CSV for other programs, as a workbook and as a page."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cloudplan.analysis.outcome import Outcome
from cloudplan.base.language import Language
from cloudplan.presentation.html_page import render_report_page
from cloudplan.presentation.plan_sheets import listed, summed
from cloudplan.presentation.styles import Styles
from cloudplan.presentation.table_csv import FORMULA_STARTS
from cloudplan.presentation.tables import batch as tables
from cloudplan.presentation.tables.table import Column, Table
from cloudplan.presentation.worksheet import CREATED, Page, new_book

COLUMNS = (
    *("name", "workload", "customer", "status", "exit_status", "monthly", "total_monthly", "currency"),
    *(
        "illustrative",
        "lower_bound",
        "gap",
        "ended",
        "vms",
        "hosts",
        "warnings",
        "infos",
        "warning_codes",
        "info_codes",
        "edition",
    ),
    *("why", "seconds", "plan_sha256"),
)
ABOUT = (110,)


def summary_files(outcomes: Sequence[Outcome], folder: Path, spoken: Language) -> dict[Path, bytes]:
    """Return the files of a summary, in a folder, with their bytes."""
    return {
        folder / "summary.csv": as_csv(outcomes),
        folder / "summary.xlsx": as_workbook(outcomes, spoken),
        folder / "summary.html": render_report_page(tables.report(outcomes), bars=tables.BARS, spoken=spoken).encode(),
    }


def as_csv(outcomes: Sequence[Outcome]) -> bytes:
    """Return one workload a row, by lasting names: RFC 4180 in UTF-8, numbers with a point."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for each in outcomes:
        writer.writerow({name: _safe(value) for name, value in _fields(each).items()})
    return text.getvalue().encode()


def _fields(outcome: Outcome) -> dict[str, Any]:
    figures = outcome.figures
    every = {
        **{"name": outcome.name, "exit_status": outcome.exit_status, "seconds": outcome.seconds},
        **{"why": " | ".join(outcome.faults), "plan_sha256": outcome.files.get(f"{outcome.name}.json", "")},
    }
    if figures is None:
        return {**every, "status": "failed"}
    named = figures.model_dump(exclude={"findings"})
    counts: dict[str, Any] = {}
    for severity in ("warning", "info"):
        found = figures.findings.get(severity, {})
        counts[f"{severity}s"] = figures.found(severity)
        counts[f"{severity}_codes"] = " ".join(f"{code}:{count}" for code, count in found.items())
    return {**named, **counts, **every, "illustrative": "yes" if figures.illustrative else "no"}


def _safe(value: Any) -> Any:
    """Return a value as it is, a text that a spreadsheet would take for a formula with an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def as_workbook(outcomes: Sequence[Outcome], spoken: Language) -> bytes:
    """Return the summary as the bytes of an xlsx file: in all, and sheets of data."""
    buffer = io.BytesIO()
    book = new_book(buffer)
    book.set_properties({"title": spoken.text("Batch"), "created": CREATED})
    styles = Styles(book, spoken)
    page = Page(book, styles, "Summary", spoken)
    page.widen(ABOUT)
    row = page.title("Batch")
    for text in tables.summary(outcomes):
        page.across(row, (0, 0, text, styles.text))
        row += 1
    table = tables.workloads(outcomes).without("Cost").without_empty()
    one = not any(column.name == "Currency" for column in table.columns)
    sums = [column.name for column in table.columns if column.name in ("VMs", "Hosts", "Warnings", "Time")]
    summed(
        Page(book, styles, "Workloads", spoken), table, "workloads", None, *(["Monthly"] if one and sums else []), *sums
    )
    if (found := tables.findings(outcomes)).rows:
        listed(Page(book, styles, "Findings", spoken), found, "findings")
    if entries := tables.failures(outcomes).entries:
        failed = Table("Without a plan", (Column("Name"), Column("Why")), entries)
        listed(Page(book, styles, failed.title, spoken), failed, "failures")
    book.close()
    return buffer.getvalue()
