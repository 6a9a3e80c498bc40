"""What-ifs of a quote: read from a comparison, for the reader of the quote, never sized again."""

import html
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran
from test_quote import dr_plan  # noqa: F401 - a fixture

from cloudplan.analysis.breakpoints import Breakpoints
from cloudplan.analysis.compare import Alternative, Comparison
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables.compare import values

Run = Callable[..., Ran]


def costing(plan: Plan, more: str) -> Plan:
    cost = plan.monthly + Decimal(more)
    return plan.model_copy(update={"monthly": cost, "lower_bound": cost})


@pytest.fixture
def compared(dr_plan: Plan, tmp_path: Path) -> Callable[..., Path]:  # noqa: F811
    def write(**changed: Any) -> Path:
        lost = ("host_failures 1", "RPO 15m of db")
        found = Comparison(
            Alternative("", "as asked for", {}, dr_plan),
            (
                Alternative("host failures", "N+0", {}, costing(dr_plan, "-1234.56"), gives_up=lost),
                Alternative("host failures", "N+2", {}, costing(dr_plan, "777.70")),
                Alternative("clusters of a site", "at most 2", {}, costing(dr_plan, "333.30")),
                Alternative("vCPUs a core", "2", {}, costing(dr_plan, "0")),
                Alternative("one blade type", "eco:v3", {}, None, "db: <b>[CPU-3]</b> fits nowhere"),
            ),
        )
        breaks = Breakpoints(7, 69, costing(dr_plan, "100"), None, None)
        (tmp_path / "plan.json").write_text(dr_plan.to_json(), encoding="utf-8")
        path = tmp_path / "compare.json"
        path.write_text(json.dumps({**values(found, breaks), **changed}), encoding="utf-8")
        return path

    return write


def shown(run: Run, compared: Path, *options: object) -> str:
    page = compared.with_name("page.html")
    ran = run(
        "quote",
        compared.with_name("plan.json"),
        "--comparison",
        compared,
        "-o",
        page,
        "--force",
        "--lang",
        "en",
        *options,
    )
    assert ran.status == 0, ran.err
    return page.read_text(encoding="utf-8")


def rows(page: str) -> list[list[str]]:
    section = page[page.index('<section id="whatifs"') :].partition("</table>")[0]
    return [
        [html.unescape(cell) for cell in re.findall(r"<td[^>]*>([^<]*)</td>", row)]
        for row in section.partition("<tbody>")[2].split("<tr")[1:]
    ]


def test_the_page_tells_what_each_alternative_gives_up(
    dr_plan: Plan,  # noqa: F811
    compared: Callable[..., Path],
    run: Run,
) -> None:
    page = shown(run, compared(), "--audience", "internal")
    money = "{:,.2f}".format
    cost = dr_plan.monthly
    wanted = [
        ("As quoted", cost, "0.00", "✓ keeps every requirement"),
        ("clusters of a site: at most 2", cost + Decimal("333.30"), "+333.30", "✓ keeps every requirement"),
        ("host failures: N+2", cost + Decimal("777.70"), "+777.70", "✓ keeps every requirement"),
        ("host failures: N+0", cost - Decimal("1234.56"), "-1 234.56", "✗ gives up: host_failures 1; RPO 15m of db"),
    ]
    assert rows(page) == [
        [name, money(amount).replace(",", " "), change, what] for name, amount, change, what in wanted
    ]
    flat = " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())
    assert "Cost the same: vCPUs a core: 2." in flat
    assert "Alternatives without a plan: 1" in flat and "db: <b>[CPU-3]</b> fits nowhere" in flat
    assert "growth left +69 % of CPU and memory" in flat and "69 % more of CPU and memory fits 7 hosts" in flat
    assert page.count('<rect x="') > 3 and 'fill="var(--lost)"' in page


def test_under_a_discount_customers_read_shares_only(
    dr_plan: Plan,  # noqa: F811
    compared: Callable[..., Path],
    run: Run,
    tmp_path: Path,
) -> None:
    terms = tmp_path / "terms.yaml"
    terms.write_text("schema: cloudplan/terms/v1\ndiscount: 0.0731\n", encoding="utf-8")
    page = shown(run, compared(), "--terms", terms)
    percents = [f"{Decimal(more) / dr_plan.monthly * 100:+.1f} %" for more in ("333.30", "777.70", "-1234.56")]
    assert [row[1].replace(".0 %", " %") for row in rows(page)[1:]] == [text.replace(".0 %", " %") for text in percents]
    assert not re.search("333.30|777.70|1 234.56|not proven", page)
    assert f"{dr_plan.monthly:,.2f}".replace(",", " ") not in page


def test_without_a_comparison_nothing_of_it_is_there(dr_plan: Plan, tmp_path: Path, run: Run) -> None:  # noqa: F811
    plan, page = tmp_path / "plan.json", tmp_path / "page.html"
    plan.write_text(dr_plan.to_json(), encoding="utf-8")
    assert run("quote", plan, "-o", page).status == 0
    assert "whatifs" not in page.read_text(encoding="utf-8").partition("</style>")[2]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"workload": {"name": "other", "sha256": "0" * 64}}, "compares 'other', or another state of it; allowed: the"),
        ({"currency": "USD"}, "USD a month, the plan costs"),
        ({"schema": "cloudplan/plan/v1"}, "a plan, not a comparison"),
        ({"alternatives": []}, "no alternatives"),
        ({"alternatives": [{}]}, "alternatives[0]"),
    ],
)
def test_a_comparison_of_something_else_is_refused(
    changed: dict[str, Any], words: str, compared: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    path = compared(**changed)
    ran = run("quote", tmp_path / "plan.json", "--comparison", path, "-o", tmp_path / "page.html")
    assert (ran.status, words in ran.err, str(path) in ran.err) == (2, True, True), ran.err
    assert not (tmp_path / "page.html").exists()


def test_options_are_told_without_those_that_others_dominate(compared: Callable[..., Path], run: Run) -> None:
    path = compared()
    document = json.loads(path.read_text(encoding="utf-8"))
    names = ("N+1, 3 vCPUs a core, ceiling 80 %, reserve 16 GiB", "N+2, 4 vCPUs a core, ceiling 85 %, reserve 0 GiB")
    for each, name, beside in zip(document["alternatives"][1:3], names, (None, 2), strict=True):
        each.update(name=name, theme="policy.host_failures x policy.vcpu_per_core", option={"dominated_by": beside})
    path.write_text(json.dumps(document), encoding="utf-8")
    text = shown(run, path, "--lang", "fr")
    assert "N+1, 3 vCPU par cœur, plafond 80 %, réserve 16 Gio" in text and "N+2, 4" not in text
