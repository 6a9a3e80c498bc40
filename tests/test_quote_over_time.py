"""The quote of a roadmap: the first order is quoted, all orders are told at its terms, and each file is made again."""

import csv
import dataclasses
import importlib
import io
import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, bad_input
from roadmaps import asked_of, phase_by_phase
from test_again import again, carrying_other, parts_of, zipped
from test_quote import TERMS, by_another_engine
from test_roadmap import GROWING, PRICES

import cloudplan as cp
from cloudplan.base.cells import read_book
from cloudplan.base.language import language
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.bill_csv import bill_csv
from cloudplan.presentation.html_page import render_quote_page
from cloudplan.presentation.pdf import render_html
from cloudplan.presentation.table_csv import Dialect
from cloudplan.presentation.tables import extension, over_time
from cloudplan.presentation.workbook import write_quote
from cloudplan.sales.extension import splits
from cloudplan.sales.phase_quotes import phase_quotes, quote_over_time
from cloudplan.sales.priced import Priced
from cloudplan.sales.quote import Quote
from cloudplan.sales.remade import remade
from cloudplan.sales.terms import read_terms

Run = Callable[..., Ran]
DISCOUNT = Decimal("0.05")
PROOF = {"status", "lower_bound", "gap", "search", "list_price", "discount", "lower_bound_otherwise"}


@pytest.fixture(scope="module")
def roadmap(edition: cp.Edition) -> Roadmap:
    return phase_by_phase(asked_of(GROWING, PRICES, edition))


@pytest.fixture(scope="module")
def quotes(roadmap: Roadmap) -> dict[str, Quote]:
    terms = read_terms({**TERMS, "discount": DISCOUNT})
    return {audience: quote_over_time(roadmap, terms, audience) for audience in ("customer", "internal")}


@pytest.fixture(scope="module")
def workbooks(quotes: dict[str, Quote]) -> dict[str, bytes]:
    return {audience: write_quote(quote, language("en")) for audience, quote in quotes.items()}


@pytest.fixture(scope="module")
def page(quotes: dict[str, Quote]) -> str:
    return render_quote_page(quotes["customer"], language("fr"))


def test_every_phase_is_quoted_at_the_same_terms(roadmap: Roadmap, quotes: dict[str, Quote]) -> None:
    for quote in quotes.values():
        told = phase_quotes(quote)
        assert [each.phase.from_ for each in told] == [each.from_ for each in roadmap.phases]
        assert (told[0].monthly, quote.plan.workload) == (quote.monthly, roadmap.phases[0].plan.workload)
        for each, phase in zip(told, roadmap.phases, strict=True):
            net = [line.quantity * line.unit_price * (1 - DISCOUNT) for line in phase.plan.bom]
            assert each.monthly == sum(amount.quantize(Decimal("0.01"), "ROUND_HALF_UP") for amount in net)
            assert each.licences == (phase.plan.owed.monthly if phase.plan.owed else 0)
            assert each.cost == phase.months * (each.monthly + each.licences)
            assert abs(each.owed_after - phase.owed_after * (1 - DISCOUNT)) < 1
        assert any(each.owed_after for each in told) and any(each.licences for each in told)
        table = over_time.by_phase(quote)
        costs = [cost for cost in table.values("Cost of the phase") if isinstance(cost, Decimal)]
        assert costs[-1] == sum(costs[:-1]) == over_time.total(quote)


def test_how_full_is_of_what_may_be_used(quotes: dict[str, Quote]) -> None:
    found = over_time.filled(quotes["customer"])
    assert {(each.resource, each.site) for each in found} >= {
        ("memory", "az05"),
        ("cores", "az05"),
        ("storage", "az06"),
    }
    assert all(0 < share <= 1 for each in found for share in each.shares if share is not None)


def fields_of(tree: Any) -> set[str]:
    if isinstance(tree, dict):
        return set(tree).union(*map(fields_of, tree.values()))
    return set().union(*map(fields_of, tree)) if isinstance(tree, list) else set()


def test_the_document_carries_the_roadmap_once_and_for_its_reader(quotes: dict[str, Quote]) -> None:
    for audience, quote in quotes.items():
        tree = quote.priced.tree()
        assert not any("plan" in phase for phase in tree["roadmap"]["phases"][:1])
        left = {**tree["roadmap"], "inputs": {}, "phases": []}
        known = fields_of(
            [tree["plan"]["bom"], left, *(phase["plan"]["bom"] for phase in tree["roadmap"]["phases"][1:])]
        )
        assert bool(known & PROOF) is (audience == "internal")
        read = Priced.model_validate(tree)
        assert read == quote.priced and remade(read, "").verdict.holds
        tree["roadmap"]["phases"][0]["plan"] = tree["plan"]
        with pytest.raises(ValueError, match="that of the quote"):
            Priced.model_validate(tree)
    customer = quotes["customer"].priced.tree()
    customer["roadmap"]["phases"][1]["plan"]["gap"] = 0.1
    with pytest.raises(ValueError, match="without gap"):
        Priced.model_validate(customer)


def test_files_are_made_again(workbooks: dict[str, bytes], page: str) -> None:
    for data in (workbooks["internal"], page.encode()):
        assert again(data).identical


def test_a_pdf_has_the_orders(quotes: dict[str, Quote]) -> None:
    words = render_html(quotes["customer"], language("en"))
    assert (
        language("en").amount(over_time.total(quotes["customer"])) in words
        and "var(--" not in words.partition("<svg")[2]
    )
    assert "Existing and new" in words and "Totals of the order of 2027-01" in words


def test_what_stands_and_what_is_new_are_the_whole_bill(quotes: dict[str, Quote]) -> None:
    for quote in quotes.values():
        parts = splits(quote)
        told = [part for part in parts if part.before is not None]
        assert told and len(told) < len(parts)  # nobody told what stands of memory, of backups
        for part in told:
            assert part.net_kept is not None and part.net_new is not None
            assert part.net_kept + part.net_new == part.line.net and part.net_kept >= 0
        hosts = next(part for part in parts if part.line.line.sku.endswith("eco:v3") and part.line.line.site == "az05")
        assert hosts.before == 3
        *some, whole = extension.totals(quote).values("Monthly")
        assert sum(amount for amount in some if isinstance(amount, Decimal)) == whole == quote.monthly
    changes = quotes["customer"].plan.changes or ()
    less = changes[0].model_copy(update={"before": changes[0].after + 5})
    gone = changes[0].model_copy(update={"sku": "csp:gone", "before": 2, "after": 0})
    plan = quotes["customer"].plan.model_copy(update={"changes": (less, gone, *changes[1:])})
    table = extension.table(dataclasses.replace(quotes["customer"], plan=plan))
    rows = list(zip(*map(table.values, ("Existing", "New", "Given back", "In all", "Of it new")), strict=True))
    assert (less.after + 5, 0, 5, less.after, 0) in rows and rows[-1] == (2, 0, 2, 0, 0)


def test_the_csv_has_the_lines_of_every_phase(quotes: dict[str, Quote]) -> None:
    rows = list(csv.DictReader(io.StringIO(bill_csv(quotes["customer"], language("en"), Dialect.rfc4180).decode())))
    plan = [row for row in rows if row["kind"] == "plan"]
    for each in phase_quotes(quotes["customer"]):
        own = [row for row in plan if row["phase"] == each.phase.from_]
        assert sum(Decimal(row["amount"]) for row in own) == each.monthly
        assert {int(row["phase_months"]) for row in own} == {each.phase.months}
        stood = [row for row in own if row["existing"]]
        assert all(int(row["existing"]) + int(row["new"]) >= int(row["quantity"]) for row in stood) and stood
    assert [int(row["line"]) for row in rows] == list(range(1, len(rows) + 1))


def test_what_was_changed_is_named(workbooks: dict[str, bytes], page: str, quotes: dict[str, Quote]) -> None:
    parts = parts_of(workbooks["customer"])
    second = phase_quotes(quotes["customer"])[1]
    stands = f"<v>{float(second.cost)!r}</v>".encode()
    name = next(name for name, part in parts.items() if stands in part)
    edited = {**parts, name: parts[name].replace(stands, b"<v>1.5</v>")}
    assert {each.where.partition("!")[0] for each in again(zipped(edited)).differences} <= {"Quote", "Orders over time"}
    assert not again(zipped(edited)).holds
    shown = language("fr").amount(second.cost)
    assert shown in page and not again(page.replace(shown, "1,50", 1)).holds

    def cheaper(tree: dict[str, Any]) -> None:
        phase = tree["roadmap"]["phases"][1]["plan"]
        phase["bom"][0]["quantity"] -= 1

    def later(tree: dict[str, Any]) -> None:
        tree["roadmap"]["phases"][1]["owed_after"] = "0.00"

    for edit in (cheaper, later):
        assert not again(carrying_other(workbooks["customer"], edit)).remade.verdict.holds


def test_formulas_are_reckoned_as_another_engine_does(workbooks: dict[str, bytes], tmp_path: Path) -> None:
    book = read_book(io.BytesIO(workbooks["internal"]), "")
    others = by_another_engine(workbooks["internal"], {"cp_discount": float(DISCOUNT)}, tmp_path, "formualizer")
    for title in ("Orders over time", "Lines of the orders", "Existing and new", "Quote"):
        for address, cell in book.sheets[title].cells.items():
            if cell.formula and isinstance(cell.value, float):
                assert math.isclose(float(others[title, address]), cell.value, rel_tol=1e-12), (title, address)


def test_the_command_quotes_a_roadmap(roadmap: Roadmap, tmp_path: Path, run: Run) -> None:
    source, terms = tmp_path / "roadmap.json", tmp_path / "terms.json"
    source.write_text(roadmap.to_json())
    terms.write_text(json.dumps({**TERMS, "discount": str(DISCOUNT)}))
    page = tmp_path / "quote.html"
    assert run("quote", source, "--terms", terms, "-o", page).status == 0
    ran = run("verify", page, "--plan", source, "--terms", terms)
    assert ran.status == 0 and "It is the quote of the plan and the terms that were given." in ran.out
    before = tmp_path / "plan.json"
    before.write_text(roadmap.phases[0].plan.to_json())
    ran = run("quote", source, "--previous", before, "-o", tmp_path / "other.html")
    assert ran.status == 2 and "--previous" in ran.err


def test_planning_writes_the_internal_workbook_too(
    roadmap: Roadmap, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, tree in (("workload.json", GROWING), ("prices.json", PRICES)):
        (tmp_path / name).write_text(json.dumps(tree, default=str))
    module = importlib.import_module("cloudplan.cli.roadmap")
    monkeypatch.setattr(module, "planned_over_time", lambda *_, **__: roadmap)
    files = ["--xlsx", tmp_path / "roadmap.xlsx", "-o", tmp_path / "roadmap.json"]
    assert run("roadmap", tmp_path / "workload.json", "--prices", tmp_path / "prices.json", *files).status == 0
    book = read_book(io.BytesIO((tmp_path / "roadmap.xlsx").read_bytes()), "")
    costs = [each.cost for each in phase_quotes(quote_over_time(roadmap))]
    values = {cell.value for cell in book.sheets["Orders over time"].cells.values()}
    assert {float(cost) for cost in costs} | {float(roadmap.total)} <= values
    ran = run("roadmap", tmp_path / "workload.json", "--list", "--xlsx", tmp_path / "other.xlsx")
    assert ran.status == 2 and "--xlsx" in ran.err


def test_a_broken_roadmap_is_not_quoted(roadmap: Roadmap) -> None:
    tree = json.loads(roadmap.to_json())
    tree["phases"][1]["owed_after"] = "0.00"
    with bad_input() as faults:
        quote_over_time(Roadmap.model_validate(tree))
    assert any("owed_after" in str(fault) for fault in faults)
