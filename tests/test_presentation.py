"""What a reader sees of a plan: terminal and Markdown say the same, and foreign text stays text."""

import re
from decimal import Decimal
from typing import Any

import pytest

import cloudplan as cp
from cloudplan.base import money
from cloudplan.base.language import ENGLISH
from cloudplan.plan.plan import Finding, Plan
from cloudplan.presentation.tables import plan as tables
from cloudplan.presentation.tables import table
from cloudplan.presentation.text import Style, render, render_plan
from cloudplan.workload.workload import Workload

WEB_SHOP = {
    "schema": "cloudplan/workload/v1",
    "name": "web-shop",
    "region": "fr1",
    "catalog": "2025-01-17",
    "vms": [
        {
            "name": "web",
            "count": 6,
            "vcpus": 4,
            "memory_gib": 16,
            "anti_affinity": "web",
            "disks": [{"size_gib": 60}],
        },
        {"name": "app", "count": 4, "vcpus": 8, "memory_gib": 32, "disks": [{"size_gib": 80}, {"size_gib": 200}]},
        {
            "name": "db",
            "count": 2,
            "vcpus": 8,
            "memory_gib": 64,
            "vcpu_per_core": 2,
            "anti_affinity": "db",
            "disks": [{"size_gib": 80}, {"size_gib": 800, "iops": 2500}],
        },
    ],
}
HOSTILE = [
    '=HYPERLINK("x")',
    "@SUM(A1)",
    "+1+1",
    "http://example.com",
    "a|b\nc<script>[d](e)*f*",
    "bell\x07 escape\x1b[31m",
    "x" * 40_000,
    "\U0001f600" * 20_000,
    "]:*?/\\",
    "_x0041_",
]
MARK = "ILLUSTRATIVE PRICES"


@pytest.fixture(scope="module")
def plan(edition: cp.Edition, example_prices: cp.PriceBook) -> Plan:
    """The plan of a small web shop."""
    return cp.optimise(cp.read_workload(WEB_SHOP, edition), edition, example_prices)


@pytest.fixture(scope="module")
def hostile(edition: cp.Edition, example_prices: cp.PriceBook) -> Plan:
    """A plan whose VMs, pool and workload have hostile names, which show as protected groups and in findings."""
    fields: dict[str, Any] = {
        "vcpus": 1,
        "memory_gib": 2,
        "pool": "=1+1\x08",
        "disks": [{"size_gib": 20, "backup": False}],
        "protection": {"mechanism": "vm-replication"},
    }
    workload = {
        "schema": "cloudplan/workload/v1",
        "name": "=cmd|' /C calc'!A0\x0b | <b>\n# x",
        "catalog": "2025-01-17",
        "sites": {"primary": "az05", "standby": "az07"},
        "vms": [{"name": name, **fields} for name in HOSTILE],
    }
    return cp.optimise(cp.read_workload(workload, edition), edition, example_prices)


def not_illustrative(plan: Plan) -> Plan:
    """Return the plan with prices that are no illustration, and without the finding that says they are."""
    prices = plan.prices.model_copy(update={"illustrative": False})
    findings = tuple(item for item in plan.findings if item.code != "illustrative-prices")
    return plan.model_copy(update={"prices": prices, "findings": findings})


def discounted(plan: Plan) -> Plan:
    """Return the plan with a discount of 12.345 % on every line, and prices of six decimals."""
    lines = []
    for line in plan.bom:
        price = line.list_price + Decimal("0.000001")
        unit = money.net(price, Decimal("0.12345"))
        update = {"list_price": price, "discount": Decimal("0.12345"), "unit_price": unit}
        lines.append(line.model_copy(update={**update, "monthly": money.line(line.quantity, unit)}))
    total = sum((line.monthly for line in lines), Decimal(0))
    return plan.model_copy(update={"bom": tuple(lines), "monthly": total, "lower_bound": total})


# --- terminal and Markdown ---------------------------------------------------------------------------------------


def test_terminal_fits_100_columns_and_shows_every_line_and_finding(plan: Plan) -> None:
    text = render(plan, style="terminal")
    assert max(map(len, text.splitlines())) <= 100
    flat = " ".join(text.split())
    for line in plan.bom:
        assert line.label in flat
        assert f"{line.sku}: {line.because} [{line.rule}]" in flat
        assert money.amount(line.monthly) in flat
    for finding in plan.findings:
        assert finding.code in flat
        assert finding.message in flat
    assert f"TOTAL A MONTH {money.amount(plan.monthly)}" in flat


def shown(plan: Plan, style: Style) -> str:
    """Return a plan as text, as it is."""
    return render_plan(plan, Workload.model_validate(plan.inputs.workload), ENGLISH, style)


def test_terminal_marks_illustrative_prices_first_and_at_the_total(plan: Plan) -> None:
    lines = render(plan, style="terminal").splitlines()
    assert MARK in lines[1]
    total = next(number for number, line in enumerate(lines) if "TOTAL A MONTH" in line)
    assert any(MARK in line for line in lines[total : total + 3])
    for style in ("terminal", "markdown"):
        assert "illustrative" not in shown(not_illustrative(plan), style).lower()


def test_terminal_shows_memory_used_of_what_is_activated(plan: Plan) -> None:
    text = render(plan, style="terminal")
    used = 6 * 16 + 4 * 32 + 2 * 64
    assert f"{money.amount(Decimal(used))}" in text
    assert "85 % of the activated memory" in text


def test_terminal_shortens_long_lists_and_long_names(plan: Plan) -> None:
    stores = tuple(plan.datastores[0].model_copy(update={"name": f"{'long-' * 20}{n}"}) for n in range(300))
    finding = Finding(severity="info", code="many", subject="s" * 300, message="word " * 300)
    changed = plan.model_copy(update={"datastores": stores, "findings": (finding,) * 30})
    text = shown(changed, "terminal")
    assert max(map(len, text.splitlines())) <= 100
    assert "... and 280 more; --format json has them all" in text
    assert "... and 10 more many; --format json has them all" in text
    assert "FINDINGS  0 warnings, 30 for information." in text
    assert shown(changed, "markdown").count("long-" * 20) == 300


def test_terminal_of_hostile_names_has_no_control_characters(hostile: Plan) -> None:
    text = render(hostile, style="terminal")
    assert max(map(len, text.splitlines())) <= 100
    assert all(character == "\n" or character.isprintable() for character in text)
    assert '=HYPERLINK("x")' in text


def test_terminal_states_discounts_only_when_there_are_any(plan: Plan) -> None:
    assert "Discount" not in render(plan, style="terminal")
    text = shown(discounted(plan), "terminal")
    assert "12.345 %" in text
    assert max(map(len, text.splitlines())) <= 100


def test_markdown_cuts_nothing(plan: Plan) -> None:
    text = render(plan, style="markdown").replace("\\", "")
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()]
    for line in plan.bom:
        assert any({line.site, line.sku, line.label, line.because, line.rule} <= set(row) for row in rows)
    for finding in plan.findings:
        assert any({finding.severity, finding.code, finding.message} <= set(row) for row in rows)
    assert text.count(MARK) == 2


def test_markdown_escapes_foreign_text(hostile: Plan) -> None:
    text = render(hostile, style="markdown")
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "a\\|b<br>c\\<script\\>\\[d\\](e)\\*f\\*" in text
    assert "x" * 40_000 in text
    assert text.splitlines()[0].endswith("\\| \\<b\\><br>\\# x")
    protected = text.split("## Protection")[1].split("## Backup")[0]
    rows = [line for line in protected.splitlines() if line.startswith("|")]
    assert len(rows) == len(HOSTILE) + 2
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


def test_status_in_words(plan: Plan) -> None:
    def words(status: str, gap: float) -> str:
        return ENGLISH.said(tables.status(plan.model_copy(update={"status": status, "gap": gap})))

    assert words("optimal", 0.0) == "cheapest for these assumptions: proven, no plan costs less"
    assert words("optimal", 6.5013e-06) == "cheapest for these assumptions: proven within 0.0007 %"
    assert words("optimal", 1e-12) == "cheapest for these assumptions: proven within 0.0001 %"
    assert words("feasible", 0.2) == "feasible: the search stopped first, a cheaper plan could save at most 20 %"


def test_numbers_in_words() -> None:
    assert table.words(Decimal("0.0850"), "price") == "0.085"
    assert table.words(Decimal("1620"), "price") == "1 620.00"
    assert table.words(Decimal("0.125"), "discount") == "12.5 %"
    assert table.words(Decimal("0.85"), "share") == "85.0 %"
    assert table.words(1234567, "whole") == "1 234 567"
    assert table.words(None, "money") == ""


def test_text_is_cleaned_of_what_readers_cannot_bear() -> None:
    assert table.clean("a\r\nb\rc\u2028d") == "a\nb\nc\nd"
    assert table.clean("\x00\x1b[31m\x9b\x7f\ufffe\ud800ok\u202e") == "[31mok"
