"""Licences of others: read strictly, counted in the optimum and its proof, never in the provider's bill."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import oracle
import pytest
import yaml
from conftest import EDITION, REPOSITORY, Ran, bad_input, case, examples, price_book, rules_of, vm, workload
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st
from strategies import licensed
from test_engine import facts, size

import cloudplan as cp
from cloudplan.analysis.allocation import licences_by
from cloudplan.analysis.compare import usual
from cloudplan.analysis.edits import edited
from cloudplan.analysis.licence_prices import at_price, licence_prices
from cloudplan.analysis.price_review import diff
from cloudplan.analysis.requirements import given_up
from cloudplan.base.language import ENGLISH
from cloudplan.optimiser.compute import search
from cloudplan.optimiser.compute.kinds import NONE, SETS_MAX, ClusterKind, LicenceSet, licence_sets
from cloudplan.optimiser.compute.search import PoolsSearch
from cloudplan.optimiser.compute.shapes import pools_at
from cloudplan.optimiser.memory import clusters_key
from cloudplan.optimiser.solver import Budget
from cloudplan.plan.origin import Origin
from cloudplan.presentation.html_page import render_quote_page
from cloudplan.presentation.pdf import render_html
from cloudplan.presentation.price_template import as_workbook, as_yaml
from cloudplan.presentation.tables.allocation import report as allocation_report
from cloudplan.presentation.tables.licence import report as licence_report
from cloudplan.presentation.tables.third_party import beside_quote
from cloudplan.presentation.text import render
from cloudplan.presentation.workbook import write_quote
from cloudplan.rules.licences import units_of_host
from cloudplan.sales.quote import quote
from cloudplan.workload.reading import as_given

LICENCES = {
    "ora": {"label": "Oracle", "per": "core", "price": "195.00", "factor": "0.5", "source": "contract"},
    "agent": {"per": "vm", "price": "4.5", "standby": False},
}
SOME = examples(6, suppress_health_check=list(HealthCheck))
AGENT = {"per": "vm", "price": "4.50", "standby": "false"}
Change = Callable[[dict[str, Any]], Any]


def sized(prices: dict[str, Any], **fields: Any) -> cp.Plan:
    """Return the plan of a small workload."""
    edition = cp.load_edition(EDITION)
    return cp.optimise(cp.read_workload(workload(**fields), edition), edition, cp.load_prices(prices))


@pytest.fixture(scope="module")
def oracle_plan(shared: Path) -> cp.Plan:
    """Return the plan of two databases among other VMs."""
    edition, folder = cp.load_edition(EDITION), shared / "examples"
    asked = cp.read_workload(folder / "oracle-licence.yaml", edition)
    return cp.optimise(asked, edition, cp.load_prices(folder / "prices-licences.yaml"))


# --- the price book and the workload ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "path", "parts"),
    [
        ({"per": "core", "price": "1", "factor": 0}, "factor", ["found '0'", "> 0"]),
        ({"per": "host", "price": "1", "factor": "0.5"}, "factor", ["found '0.5'", "nothing per host", "per core"]),
        ({"per": "host", "price": "1", "minimum": 4}, "minimum", ["nothing per host", "per core or vcpu"]),
        ({"per": "vm", "price": "1", "minimum": 4}, "minimum", ["nothing per vm"]),
        ({"per": "vcpu", "price": "1", "scope": "site"}, "scope", ["nothing per vcpu", "per core or host"]),
        ({"per": "vm", "price": "1", "scope": "cluster"}, "scope", ["nothing per vm"]),
        ({"per": "core", "price": "0.1234567"}, "price", ["at most 6 places"]),
        ({"per": "core", "price": "-1"}, "price", ["found '-1'"]),
        ({"per": "socket", "price": "1"}, "per", ["found 'socket'", "core, host, vcpu or vm"]),
        ({"per": "core"}, "", ["required field 'price' is missing"]),
        ({"per": "core", "price": 1, "standbye": False}, "standbye", ["did you mean 'standby'"]),
    ],
)
def test_a_licence_that_cannot_be_meant_is_refused(entry: dict[str, Any], path: str, parts: list[str]) -> None:
    with bad_input() as faults:
        cp.load_prices(price_book(licences={"x": entry}))
    [fault] = faults
    assert fault.path.startswith(f"licences.x.{path}".rstrip("."))
    assert all(part in str(fault) for part in parts), fault


def test_a_book_without_licences_has_the_hash_that_it_had() -> None:
    plain = cp.load_prices(price_book())
    assert cp.load_prices(price_book(licences={})).sha256 == cp.load_prices(price_book(licences=None)).sha256
    assert "licences" not in plain.canonical() and plain.sha256 == cp.load_prices(price_book(licences={})).sha256
    assert cp.load_prices(price_book(licences=LICENCES)).sha256 != plain.sha256


def test_licences_in_a_workbook_and_in_yaml(tmp_path: Path) -> None:
    edition, book = cp.load_edition(EDITION), cp.load_prices(price_book(licences=LICENCES))
    path = tmp_path / "prices.xlsx"
    path.write_bytes(as_workbook(edition, book))
    (tmp_path / "prices.yaml").write_text(as_yaml(edition, book), encoding="utf-8")
    assert {cp.load_prices(each).sha256 for each in (path, tmp_path / "prices.yaml")} == {book.sha256}
    sheets = openpyxl.load_workbook(path)
    head = next(row for row in sheets["Licences"].iter_rows() if row[0].value == "Licence")
    columns = {cell.value: cell.column for cell in head}
    first = head[0].row + 1
    for name, value in (("Scope", "everywhere"), ("Price a month", "1 000")):
        sheets["Licences"].cell(first, columns[name], value)
    sheets["Licences"].cell(first + 2, 1, "ora")
    sheets.save(path)
    with bad_input() as faults:
        cp.load_prices(path)
    [fault] = faults
    assert str(fault).endswith(f"Licences!A{first + 2}: licence given twice: 'ora' (first in Licences!A{first})")
    sheets["Licences"].cell(first + 2, 1).value = None
    sheets.save(path)
    with bad_input() as faults:
        cp.load_prices(path)
    assert {fault.path for fault in faults} == {"licences.ora.scope", "licences.ora.price"}
    del sheets["Licences"]
    sheets.save(path)
    assert cp.load_prices(path).licences == {}


def test_two_books_differ_in_the_fields_of_their_licences() -> None:
    before = cp.load_prices(price_book(licences=LICENCES))
    after = cp.load_prices(price_book(licences={"ora": {**LICENCES["ora"], "price": "200"}, "new": LICENCES["agent"]}))
    found = {each.field: (each.before, each.after) for each in diff(before, after).fields}
    assert found == {
        "licences.ora.price": ("195.00", "200.00"),
        **{f"licences.agent.{name}": (value, None) for name, value in AGENT.items()},
        **{f"licences.new.{name}": (None, value) for name, value in AGENT.items()},
    }


def test_a_licence_that_the_book_lacks_is_told_with_all_that_it_lacks() -> None:
    with bad_input() as faults:
        sized(price_book("backup:vm", licences=LICENCES), vms=[vm(licences=["agent", "orra"])])
    assert [(fault.path, fault.suggestion) for fault in faults] == [("", None), ("vms[0].licences[1]", "ora")]
    assert all(fault.where == "price book example-eur" for fault in faults)


# --- the optimum and its proof ---------------------------------------------------------------------------------------


def test_the_databases_live_apart_on_the_fewest_cores(oracle_plan: cp.Plan) -> None:
    plan = oracle_plan
    assert (plan.cost, plan.monthly, plan.status) == (Decimal("10161.55"), Decimal("5176.55"), "optimal")
    assert plan.monthly == sum(line.monthly for line in plan.bom) and plan.lower_bound <= plan.cost
    assert plan.third_party and plan.third_party.monthly == plan.cost - plan.monthly
    [line] = [line for line in plan.third_party.lines if line.licence == "oracle-ee"]
    [cluster] = [cluster for cluster in plan.clusters if cluster.name == line.cluster]
    assert (cluster.blade, line.hosts, line.quantity) == ("perf1:v3", 3, 24)
    assert line.because == "3 hosts, 8 for the 16 cores of each, 1 of them spare; for ora"
    assert not any("oracle" in line.label.casefold() for line in plan.bom)


def test_tiny_cases_cost_what_brute_force_found(shared: Path) -> None:
    """The optimum of each of them, or how it ends, was computed outside the program."""
    for line in (shared / "examples" / "licence-cases.jsonl").read_text(encoding="utf-8").splitlines():
        known = json.loads(line)
        given, prices = (yaml.safe_load(known[name]) for name in ("workload", "prices"))
        edition = cp.load_edition(given["catalog"])
        try:
            plan = cp.optimise(cp.read_workload(given, edition), edition, cp.load_prices(prices))
        except cp.CloudplanError as refused:
            assert refused.exit_status in known["exit"] and 0 not in known["exit"], known["id"]
            continue
        assert 0 in known["exit"] and plan.status == "optimal", known["id"]
        assert abs(Fraction(plan.cost) - Fraction(known["exact"])) <= Fraction(plan.lines, 200), known["id"]


def test_a_licence_without_a_price_moves_nothing() -> None:
    vms = [vm(name="db", count=3, vcpus=8, memory_gib=64), vm(name="web", count=9, vcpus=4, memory_gib=16)]
    free = {"ora": {"per": "core", "price": 0}}
    plain, with_it = (
        sized(price_book(), vms=vms),
        sized(price_book(licences=free), vms=[{**vms[0], "licences": ["ora"]}, vms[1]]),
    )
    assert with_it.cost == plain.cost and with_it.third_party is not None
    assert "third_party" not in plain.to_json() and "total_monthly" not in plain.to_json()


def test_what_clusters_depend_on_is_in_their_key() -> None:
    book = price_book(licences={"s": {"per": "host", "price": 9, "scope": "site"}, **LICENCES})
    keys = set()
    for names, other in (([], []), (["ora"], []), (["s"], []), (["agent"], []), ([], ["s"])):
        asked = case(prices=book, vms=[vm(licences=names), vm(name="b", pool="other", licences=other)])
        keys.add(clusters_key(asked, "az05", pools_at(asked, "az05")[:1], 0.0))
    assert len(keys) == 3  # nothing and an agent per VM are one; a licence of the site is one, whoever brings it


@pytest.mark.parametrize(
    ("brought", "sets"),
    [
        (
            [""],
            [
                "",
            ],
        ),
        (["a", "a"], ["", "a"]),
        (["a", "ab"], ["", "a", "ab"]),
        (["a", "b"], ["", "a", "b", "ab"]),
        (["ab", "bc", "c"], ["", "c", "ab", "bc", "abc"]),
    ],
)
def test_the_sets_that_clusters_may_pay_are_unions_of_those_brought(brought: list[str], sets: list[str]) -> None:
    assert [each.names for each in licence_sets(map(frozenset, brought))] == [frozenset(each) for each in sets]


def test_of_too_many_unions_one_kind_stands_for_all_and_costs_no_more_than_any() -> None:
    names = "abcdef"
    sets = licence_sets(frozenset(each) for each in names)
    assert len(sets) == len(names) + 2 <= SETS_MAX and sets[-1].names == frozenset(names)
    asked = case(prices=price_book(licences={each: {"per": "host", "price": 7} for each in names}))
    assert ClusterKind("eco:v3", sets[-1]).licences_price(asked, "az05") == 14
    assert ClusterKind("eco:v3", LicenceSet(frozenset("abc"))).licences_price(asked, "az05") == 21
    assert ClusterKind("eco:v3", LicenceSet(NONE)).licences_price(asked, "az05") == 0


def test_many_licences_still_make_a_plan_with_a_bound() -> None:
    names = [f"l{number}" for number in range(6)]
    prices = price_book(licences={name: {"per": "core", "price": 3 + at} for at, name in enumerate(names)})
    plan = sized(prices, vms=[vm(name=name, vcpus=4, memory_gib=40, licences=[name]) for name in names])
    assert plan.lower_bound <= plan.cost and plan.third_party and len(plan.third_party.lines) >= len(names)


def test_the_units_of_a_blade_are_exact() -> None:
    book = cp.load_prices(price_book(licences={"x": {"per": "core", "price": 1, "factor": "0.1"}}))
    assert units_of_host(book.licences["x"], cp.load_edition(EDITION).blades["eco:v3"]) == 2


def test_the_first_bound_counts_licences() -> None:
    asked = case(prices=price_book(licences=LICENCES), vms=[vm(licences=["ora"])])
    search = PoolsSearch(asked, "az05", pools_at(asked, "az05"))
    search.start(Budget())
    assert search.plan.cost >= search.plan.bound == 2 * (910 + 195 * 8)


def cost_of(wish: dict[str, Any], book: dict[str, Any]) -> Fraction | None:
    """Return what brute force says a workload costs, None when there is no plan; give up on one that is too large."""
    try:
        return oracle.optimum(wish, book, facts(cp.load_edition(EDITION))).total
    except oracle.TooLarge:
        assume(False)
        return None


@SOME
@given(both=licensed())
def test_cost_equals_brute_force(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    wish, book = both
    best, edition = cost_of(wish, book), cp.load_edition(EDITION)
    if best is None:
        with pytest.raises(cp.NoPlanError):
            size(wish, edition, book)
        return
    plan = size(wish, edition, book)
    tolerance = Fraction(plan.lines, 100)
    assert abs(Fraction(plan.cost) - best) <= tolerance and Fraction(plan.lower_bound) <= best + tolerance
    assert plan.status == "optimal" and verdict(json.loads(plan.to_json())).holds


@SOME
@given(both=licensed())
def test_the_bound_of_column_generation_is_one(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    wish, book = both
    best = cost_of(wish, book)
    assume(best is not None)
    assert best is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "PATTERN_STEPS", 0)
        plan = size(wish, cp.load_edition(EDITION), book)
    tolerance = Fraction(plan.lines, 100)
    assert Fraction(plan.lower_bound) - tolerance <= best <= Fraction(plan.cost) + tolerance


def test_the_scope_of_a_licence_is_a_reading_of_its_contract(oracle_plan: cp.Plan) -> None:
    found = {item.subject: item for item in oracle_plan.findings if item.code == "licence-scope"}
    assert found.keys() == {"oracle-ee", "windows-dc"} and {item.severity for item in found.values()} == {"info"}
    hosts = {cluster.blade: cluster.hosts for cluster in oracle_plan.clusters}
    blades = cp.load_edition(EDITION).blades
    assert found["oracle-ee"].values["units"] == sum(blades[name].cores * count // 2 for name, count in hosts.items())
    assert found["oracle-ee"].values["monthly"] == "8580.00" and "4 680.00 EUR" in found["oracle-ee"].message


def test_the_example_costs_what_it_says() -> None:
    edition, folder = cp.load_edition(EDITION), REPOSITORY / "examples"
    asked, book = cp.read_workload(folder / "licences.yaml", edition), cp.load_prices(folder / "prices-licences.yaml")
    told = (folder / "licences.yaml").read_text(encoding="utf-8")
    for price, bill, cores in (("0.9", "31302.80", 400), ("45", "31590.00", 100), ("80", "33042.60", 80)):
        own = {"oracle-ee": book.licences["oracle-ee"].model_copy(update={"price": Decimal(price)})}
        plan = cp.optimise(asked, edition, book.model_copy(update={"licences": own}))
        assert plan.third_party
        assert (str(plan.monthly), plan.third_party.lines[0].quantity, plan.status) == (bill, cores, "optimal")
        assert f"{plan.monthly:,} EUR".replace(",", " ") in told


# --- beside other choices -------------------------------------------------------------------------------------------


def test_licensed_vms_apart_and_all_together_are_compared() -> None:
    edition, book = cp.load_edition(EDITION), cp.load_prices(price_book(licences=LICENCES))
    vms = [
        vm(name="db", licences=["ora", "agent"], affinity="x"),
        vm(name="near", affinity="x"),
        vm(name="web", licences=["agent"]),
        vm(name="far", pool="other"),
    ]
    asked = cp.read_workload(workload(vms=vms), edition)
    plan = cp.optimise(asked, edition, book)
    found = {name: edits for theme, name, edits in usual(Origin(asked, edition, book), plan) if theme == "licences"}
    assert found == {
        "licensed VMs apart": {"vms[0].pool": "default, licensed", "vms[1].pool": "default, licensed"},
        "all together": {"vms[1].licences": ["ora"], "vms[2].licences": ["agent", "ora"]},
    }
    for edits in found.values():
        other = cp.read_workload(edited(as_given(asked, edition), edits), edition)
        assert given_up(asked, other) == ()
        assert cp.optimise(other, edition, book).cost >= plan.cost
    merged = {"vms[3].pool": "default"}
    assert given_up(asked, cp.read_workload(edited(as_given(asked, edition), merged), edition)) == (
        "pool default of db, near, web",
        "pool other of far",
    )
    plain = cp.read_workload(workload(), edition)
    assert not [theme for theme, *_ in usual(Origin(plain, edition, book), plan) if theme == "licences"]


def test_the_rules_of_an_import_give_licences_by_name_and_by_operating_system(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    (tmp_path / "vms.csv").write_text(
        "name,vcpus,memory_gib,disk_gib,os\nora-1,8,64,500,Linux\nweb-1,2,8,60,Microsoft Windows Server 2022\n"
        "app-1,2,8,60,Ubuntu\n",
        encoding="utf-8",
    )
    given = rules_of(
        tmp_path / "rules.yaml",
        {"match": {"name": "ora-*"}, "set": {"licences": ["oracle-ee"]}},
        {"match": {"os": "*windows server*"}, "set": {"licences": ["windows-dc"]}},
    )
    out = tmp_path / "w.yaml"
    ran = run("import", tmp_path / "vms.csv", "--rules", given, "-o", out)
    assert ran.status == 0, ran.err
    read = {group.name: group.licences for group in cp.read_workload(out, cp.load_edition()).vms}
    assert read == {"ora-1": ("oracle-ee",), "web-1": ("windows-dc",), "app-1": ()}


# --- at which prices the layout changes ------------------------------------------------------------------------------


def priced(plan: cp.Plan, layouts: Sequence[tuple[int, int]], price: Fraction) -> cp.Plan:
    """Return a plan with the cheapest of some layouts: what it costs in whole units beside a licence, and its units."""
    beside, units = min(layouts, key=lambda each: (each[0] + each[1] * price, each[1]))
    assert plan.third_party
    unit = Decimal(price.numerator) / price.denominator
    line = plan.third_party.lines[0].model_copy(update={"quantity": units, "monthly": round(unit * units, 2)})
    total = beside + line.monthly
    owed = plan.third_party.model_copy(update={"monthly": line.monthly, "lines": (line,)})
    return plan.model_copy(
        update={"monthly": Decimal(beside), "third_party": owed, "total_monthly": total, "lower_bound": total}
    )


@given(
    layouts=st.lists(st.tuples(st.integers(1000, 9000), st.integers(1, 200)), min_size=1, max_size=6),
    price=st.integers(0, 900).map(lambda cents: Fraction(cents, 100)),
)
def test_break_even_prices_are_those_of_the_cheapest_layouts(
    layouts: list[tuple[int, int]], price: Fraction, oracle_plan: cp.Plan
) -> None:
    edition, name = cp.load_edition(EDITION), "oracle-ee"
    asked = cp.read_workload(oracle_plan.inputs.workload, edition)
    book = at_price(cp.load_prices(oracle_plan.inputs.prices), name, price)

    def solve(origin: Origin) -> cp.Plan:
        return priced(oracle_plan, layouts, Fraction(origin.prices.licences[name].price))

    found = licence_prices(Origin(asked, edition, book), priced(oracle_plan, layouts, price), name, solve)
    assert found.complete and found.now.price == price
    for each in found.breaks:
        assert each.low <= each.high <= found.most and each.below.units > each.above.units
        for point, other, at in ((each.below, each.above, each.low), (each.above, each.below, each.high)):
            least = min(beside + units * at for beside, units in layouts)
            assert point.cost_at(at) <= other.cost_at(at) + Fraction(1, 50) * 3
            assert point.cost_at(at) <= least + Fraction(1, 5)
    ends = [0, *(at for each in found.breaks for at in (each.low, each.high)), found.most]
    units = [found.breaks[0].below.units if found.breaks else found.now.units]
    units += [each.above.units for each in found.breaks]
    for (low, high), count in zip(zip(ends[::2], ends[1::2], strict=True), units, strict=True):
        middle = Fraction(low + high) / 2
        least = min(beside + own * middle for beside, own in layouts)
        alike = [beside + own * middle for beside, own in layouts if own == count]
        assert min(alike) <= least + Fraction(1, 5), (low, high, count)


def test_a_licence_that_no_choice_changes_is_not_sized_again(oracle_plan: cp.Plan) -> None:
    edition = cp.load_edition(EDITION)
    asked, book = cp.read_workload(oracle_plan.inputs.workload, edition), cp.load_prices(oracle_plan.inputs.prices)
    found = licence_prices(Origin(asked, edition, book), oracle_plan, "sql-std", lambda _: pytest.fail("was sized"))
    assert (found.breaks, found.complete, found.now.units) == ((), True, 8)
    report = licence_report(found, book.licences["sql-std"])
    assert any("no choice changes it" in ENGLISH.said(text) for text in report.summary if not isinstance(text, str))


# --- the document, verified ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda tree: tree["third_party"]["lines"][0].update(quantity=23), "LIC-2"),
        (lambda tree: tree["third_party"]["lines"][0].update(unit_price="1.00"), "LIC-2"),
        (lambda tree: tree["third_party"]["lines"][0].update(monthly="1.00"), "LIC-2"),
        (lambda tree: tree["third_party"]["lines"].pop(), "LIC-1"),
        (lambda tree: tree["third_party"]["lines"].append(tree["third_party"]["lines"][0]), "LIC-1"),
        (lambda tree: tree["third_party"].update(monthly="1.00"), "LIC-1"),
        (lambda tree: tree.update(total_monthly="5176.55"), "LIC-1"),
        (lambda tree: tree.update(third_party=None), "LIC-1"),
        (lambda tree: tree["third_party"]["lines"][0].update(because="for nothing"), "LIC-1"),
    ],
)
def test_a_document_that_owes_something_else_is_found_out(oracle_plan: cp.Plan, change: Change, rule: str) -> None:
    tree = json.loads(oracle_plan.to_json())
    assert verdict(tree).holds
    change(tree)
    assert rule in {check.rule.id for check in verdict(tree).violations}


def verdict(tree: dict[str, Any]) -> Any:
    """Return the verdict on a plan document."""
    plan = cp.Plan.model_validate(tree)
    edition = cp.load_edition(plan.catalog.edition)
    asked = cp.read_workload(plan.inputs.workload, edition)
    return cp.verify(plan, asked, edition, cp.load_prices(plan.inputs.prices))


def test_licences_are_paid_by_those_whose_vms_need_them(oracle_plan: cp.Plan) -> None:
    made = quote(oracle_plan)
    assert licences_by(made.case, oracle_plan, "pool") == (("default", Decimal("4985.00")),)
    found = dict(licences_by(made.case, oracle_plan, "group"))
    windows = Decimal("128.00")  # shared by sql, of 2 cores, and web, of 8
    assert found == {"ora": Decimal("4689.00"), "sql": 168 + windows / 5, "web": windows * 4 / 5}
    [table] = [part for part in allocation_report(made, "group").parts if part.title == "Licences of third parties"]
    assert table.rows[-1][-1] == Decimal("4985.00")  # type: ignore[union-attr]


def test_who_pays_for_what_as_csv_and_in_the_workbook(
    oracle_plan: cp.Plan, tmp_path: Path, run: Callable[..., Ran]
) -> None:
    path, written = tmp_path / "plan.json", tmp_path / "who.csv"
    path.write_text(oracle_plan.to_json())
    assert run("explain", path, "--by", "group", "-o", written).status == 0
    rows = list(csv.DictReader(written.read_text().splitlines()))
    assert {row["value"]: Decimal(row["licences"]) for row in rows if Decimal(row["licences"])} == {
        **{"ora": Decimal("4689.00"), "sql": Decimal("193.60"), "web": Decimal("102.40")}
    }
    for name, whole in (("monthly", oracle_plan.monthly), ("total_monthly", oracle_plan.total_monthly)):
        assert sum(Decimal(row[name]) for row in rows) == whole
    assert rows[-1]["kind"] == "rest" and rows[0]["currency"] == "EUR" and rows[0]["by"] == "group"
    assert run("explain", path, "--format", "csv").status == 2
    book = openpyxl.load_workbook(io.BytesIO(write_quote(quote(oracle_plan), ENGLISH)), data_only=True)
    told = {row[0]: row for row in book["Who pays for what"].iter_rows(values_only=True)}
    total = [Decimal(str(cell)) for cell in told["Total"] if isinstance(cell, float)]
    assert total == [17, oracle_plan.monthly, Decimal("4985.00"), oracle_plan.total_monthly]


def test_prices_check_lists_the_licences_of_a_book(shared: Path, run: Callable[..., Ran]) -> None:
    book = shared / "examples" / "prices-licences.yaml"
    ran = run("prices", "check", book)
    assert "LICENCES OF THIRD PARTIES" in ran.out and "Monitoring agent" in ran.out
    assert json.loads(run("prices", "check", book, "--format", "json").out)["licences"]["sql-std"]["minimum"] == 4


def test_a_quote_tells_licences_beside_the_providers_totals(oracle_plan: cp.Plan) -> None:
    """The quote is the provider's: discount, tax and totals do not touch what is paid to others."""
    terms = cp.Terms.model_validate({"schema": "cloudplan/terms/v1", "discount": "0.1"})
    made = quote(oracle_plan, terms, "internal")
    table, both = beside_quote(made)
    assert both.values("Monthly") == (made.monthly, Decimal("4985.00"), made.monthly + Decimal("4985.00"))
    assert made.monthly < oracle_plan.monthly and made.monthly_net == made.monthly
    assert table.values("Monthly") == tuple(line.monthly for line in oracle_plan.third_party.lines)  # type: ignore[union-attr]
    amounts = [ENGLISH.amount(value) for value in both.values("Monthly")]  # type: ignore[arg-type]
    for html in (render_html(made, ENGLISH), render_quote_page(made, ENGLISH)):
        shown = html[html.index("Licences of third parties</h2>") :]
        assert all(amount in shown for amount in amounts) and "Oracle Database Enterprise Edition" in shown
    sheet = openpyxl.load_workbook(io.BytesIO(write_quote(made, ENGLISH)), data_only=True)["Licences of third parties"]
    told = {row[0]: row for row in sheet.iter_rows(values_only=True)}
    names = ("The provider's bill", "Licences of third parties", "Both together")
    for name, amount in zip(names, both.values("Monthly"), strict=True):
        assert [Decimal(str(cell)) for cell in told[name] if isinstance(cell, int | float)] == [amount], name


def test_licences_are_shown_beside_the_bill(oracle_plan: cp.Plan) -> None:
    for style, lang, parts in (
        ("terminal", "en", ["10 161.55 EUR a month", "LICENCES OF THIRD PARTIES", "4 985.00", "BOTH TOGETHER"]),
        ("terminal", "fr", ["LICENCES DE TIERS", "Facture du fournisseur", "3 hôtes, 8 pour les 16 cœurs de chacun"]),
        ("markdown", "en", ["Licences of third parties", "Grand total", "Total: 10 161.55 EUR a month"]),
    ):
        text = render(oracle_plan, style=style, lang=lang)  # type: ignore[arg-type]
        assert all(part in text for part in parts), (style, lang)
