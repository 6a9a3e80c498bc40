"""The price book: exact decimals read strictly, known SKUs, discounts by term, and what has no price."""

import datetime
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import bad_input, case, price_book, vm, workload
from hypothesis import given
from hypothesis import strategies as st

import cloudplan as cp
from cloudplan.prices import book as prices
from cloudplan.prices.book import Offer, Prices

pytestmark = pytest.mark.usefixtures("solved_once")

ECO = "csp:(region):iaas:vmware:eco:v3"
ECO_FR1 = "csp:fr1:iaas:vmware:eco:v3"
LICENSE = "csp:(region):iaas:vmware:license:replication:v1"
LICENCE = "csp:(region):iaas:vmware:licence:replication:v1"
HEAD = "schema: cloudplan/prices/v1\nname: book\ncurrency: EUR\n"


def book(items: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a price book of a few items."""
    head = {"schema": "cloudplan/prices/v1", "name": "book", "currency": "EUR"}
    return {**head, "items": items or {ECO: "620.00"}, **fields}


def offer(edition: cp.Edition, fields: dict[str, Any], blade: str = "eco:v3", term_months: int = 1) -> Offer | None:
    """Return the offer for a blade in a price book at a term."""
    return Prices(cp.load_prices(fields), "fr1", term_months).offer(edition.blades[blade])


def written(text: str, folder: Path) -> Path:
    """Write a price book file."""
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# --- how a price is read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "read"),
    [
        *(("0.085", "0.085"), ('"0.085"', "0.085"), ("0.000001", "0.000001"), ("1.10", "1.10"), ("0.120", "0.12")),
        *(("620", "620.00"), ("620.00", "620.00"), ("620.000000", "620.00"), ("0", "0.00"), ("-0", "0.00")),
        ("+1.5", "1.50"),
        ("999999999999", "999999999999.00"),
    ],
)
def test_a_price_is_the_exact_decimal_of_its_text_however_it_is_spelled(price: str, read: str, tmp_path: Path) -> None:
    prices = cp.load_prices(written(f'{HEAD}items: {{"{ECO}": {price}}}', tmp_path))
    assert str(prices.items[ECO]) == read


@pytest.mark.parametrize(
    ("price", "exact"), [(0.085, "0.085"), (1e-5, "0.00001"), (1.1, "1.1"), (3, "3"), (Decimal("2.60"), "2.60")]
)
def test_a_number_counts_as_its_shortest_decimal_text(price: Any, exact: str) -> None:
    assert cp.load_prices(book({ECO: price})).items[ECO] == Decimal(exact)


@pytest.mark.parametrize(
    "price",
    [
        *(
            "1e3",
            "1E-2",
            ".inf",
            "inf",
            "NaN",
            ".nan",
            "1_000",
            '"1,000"',
            '"1 000"',
            '"1\u00a0000"',
            '"1,50"',
            "1.000.000",
        ),
        *(
            "-1",
            "-0.01",
            "1.1234567",
            "1.1000000",
            "0x10",
            "1:30",
            "true",
            ".5",
            "5.",
            "٣",
            "€5",
            '""',
            "[1]",
            "{a: 1}",
        ),
    ],
)
def test_any_other_price_is_refused_where_it_stands(price: str, tmp_path: Path) -> None:
    path = written(f'{HEAD}items:\n  "{ECO}": {price}\n', tmp_path)
    with bad_input() as faults:
        cp.load_prices(path)
    column = len(f'  "{ECO}": ') + 1
    assert [(fault.where, fault.path) for fault in faults] == [(f"{path}:5:{column}", f"items.{ECO}")]
    assert "allowed: a decimal number >= 0, at most 6 places" in faults[0].message


@pytest.mark.parametrize("price", [float("inf"), float("nan"), 1e22, 1e-7, True, [1], -1, -0.5, Decimal("1E+3")])
def test_a_value_that_is_no_price_is_refused(price: Any) -> None:
    with bad_input() as faults:
        cp.load_prices(book({ECO: price}))
    assert [fault.path for fault in faults] == [f"items.{ECO}"]


@pytest.mark.parametrize("empty", ["", "~", "null"])
def test_a_sku_without_a_price_is_not_priced(empty: str, tmp_path: Path) -> None:
    path = written(f'{HEAD}items:\n  "{ECO}": {empty}\n  "{LICENCE}": 1\n', tmp_path)
    assert cp.load_prices(path).items == {LICENCE: 1}
    assert cp.load_prices(book({ECO: None, LICENCE: 1})) == cp.load_prices(book({LICENCE: 1}))


@given(st.decimals(min_value=0, max_value=10**12 - 1, places=6))
def test_every_price_of_six_places_is_kept_exactly(price: Decimal) -> None:
    assert cp.load_prices(book({ECO: f"{price:f}"})).items[ECO] == price


# --- the fields ------------------------------------------------------------------------------------------------------


def test_the_example_book_ships_and_is_marked_illustrative(example_prices: cp.PriceBook, shared: Path) -> None:
    assert example_prices.illustrative
    assert cp.load_prices(shared / "examples" / "prices.yaml").items.items() <= example_prices.items.items()


def test_optional_fields_have_defaults() -> None:
    prices = cp.load_prices(book())
    assert (prices.illustrative, prices.valid_until, prices.discounts) == (False, None, ())


def test_dates_are_read_as_dates(tmp_path: Path) -> None:
    text = f'{HEAD}valid_from: 2026-01-01\nvalid_until: "2026-12-31"\nitems: {{"{ECO}": 1}}'
    prices = cp.load_prices(written(text, tmp_path))
    assert (prices.valid_from, prices.valid_until) == (datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"schema": "cloudplan/prices/v2"}, "schema", "allowed: cloudplan/prices/v1"),
        ({"name": ""}, "name", "found ''"),
        ({"currency": "eur"}, "currency", "found 'eur'"),
        ({"currency": "EURO"}, "currency", "found 'EURO'"),
        ({"illustrative": "yes"}, "illustrative", "found 'yes'; allowed: true or false"),
        ({"valid_from": "2026-02-30"}, "valid_from", "found '2026-02-30'"),
        ({"valid_from": "soon"}, "valid_from", "found 'soon'"),
        pytest.param(
            *({"valid_from": "86400"}, "valid_from", "found '86400'"),
        ),
        ({"valid_from": "2026-02-01", "valid_until": "2026-01-31"}, "valid_until", "before valid_from"),
        ({"items": {}}, "items", "found nothing; allowed: at least one SKU with a price"),
        ({"items": {ECO: None}}, "items", "found nothing; allowed: at least one SKU with a price"),
        ({"items": [1]}, "items", "found a list; allowed: a mapping"),
        ({"price": {}}, "price", "unknown field 'price'"),
        ({"discount": []}, "discount", "did you mean 'discounts'?"),
        ({"discounts": {}}, "discounts", "allowed: a list"),
        ({"discounts": [{"match": "*", "percent": "100.01"}]}, "discounts[0].percent", "found '100.01'"),
        ({"discounts": [{"match": "*", "percent": "-0.01"}]}, "discounts[0].percent", "found '-0.01'"),
        ({"discounts": [{"match": "*", "percent": "12.5 %"}]}, "discounts[0].percent", "found '12.5 %'"),
        ({"discounts": [{"match": "*", "percent": "1e1"}]}, "discounts[0].percent", "found '1e1'"),
        ({"discounts": [{"match": "", "percent": "1"}]}, "discounts[0].match", "found ''"),
        ({"discounts": [{"percent": "1"}]}, "discounts[0].match", "'match' is missing"),
        ({"discounts": [{"match": "*"}]}, "discounts[0].percent", "'percent' is missing"),
        ({"discounts": [{"match": "*", "percent": "1", "min_term_months": 0}]}, "discounts[0].min_term_months", ">= 1"),
        (
            {"discounts": [{"match": "*", "percent": "1", "min_term_months": 1.5}]},
            "discounts[0].min_term_months",
            "1.5",
        ),
        ({"discounts": [{"match": "*", "percent": "1", "min_term": 3}]}, "discounts[0].min_term", "'min_term_months'?"),
    ],
)
def test_a_wrong_field_is_one_fault_with_its_path(fields: dict[str, Any], path: str, words: str) -> None:
    with bad_input() as faults:
        cp.load_prices({**book(), **fields})
    assert [fault.path for fault in faults] == [path]
    assert words in faults[0].message


def test_a_book_may_be_valid_for_one_day() -> None:
    assert cp.load_prices(book(valid_from="2026-01-01", valid_until="2026-01-01")).valid_until is not None


@pytest.mark.parametrize("field", ["schema", "name", "currency", "items"])
def test_a_required_field_that_is_missing_is_named(field: str) -> None:
    fields = book()
    del fields[field]
    with bad_input() as faults:
        cp.load_prices(fields)
    assert [(fault.path, fault.message) for fault in faults] == [(field, f"required field {field!r} is missing")]


@pytest.mark.parametrize("text", ["- 1\n", "text\n", "---\n"])
def test_a_book_that_is_no_mapping_is_refused(text: str, tmp_path: Path) -> None:
    with bad_input() as faults:
        cp.load_prices(written(text, tmp_path))
    assert "allowed: a mapping" in faults[0].message


def test_every_fault_of_a_book_is_told_at_once() -> None:
    with bad_input() as faults:
        cp.load_prices(book({ECO: "-1", "csp:x": "1"}, currency="€", discounts=[{"match": "*", "percent": "200"}]))
    assert {fault.path for fault in faults} == {"currency", f"items.{ECO}", "items.csp:x", "discounts[0].percent"}


# --- SKUs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sku", "meant"),
    [
        ("csp:(region):iaas:vmware:ecco:v3", ECO),
        ("csp:fr2:iaas:vmware:eco:v3", ECO_FR1),
        ("csp:(region):iaas:storage:bloc:medium:v2", "csp:(region):iaas:storage:bloc:medium:v1"),
    ],
)
def test_an_unknown_sku_is_refused_where_it_stands_with_what_was_meant(sku: str, meant: str, tmp_path: Path) -> None:
    path = written(f'{HEAD}items:\n  "{ECO}": 1\n  "{sku}": 1\n', tmp_path)
    with bad_input() as faults:
        cp.load_prices(path)
    assert [(fault.where, fault.path) for fault in faults] == [(f"{path}:6:3", f"items.{sku}")]
    assert f"{sku!r}; did you mean {meant!r}?" in faults[0].message


def test_a_sku_like_no_other_gets_no_suggestion() -> None:
    with bad_input() as faults:
        cp.load_prices(book({"zzz": "1"}))
    assert faults[0].message == "no edition knows the SKU 'zzz'"


def test_a_sku_given_twice_is_refused_where_it_stands(tmp_path: Path) -> None:
    path = written(f'{HEAD}items:\n  "{ECO}": 1\n  "{ECO}": 1\n', tmp_path)
    with bad_input() as faults:
        cp.load_prices(path)
    assert [(fault.where, fault.path) for fault in faults] == [(f"{path}:6:3", f"items.{ECO}")]
    assert "given twice" in faults[0].message


@pytest.mark.parametrize("sku", ["csp:fr1:iaas:vmware:eco:v2", "csp:(region):iaas:vmware:encryption:hsm:v1"])
def test_a_sku_of_another_edition_is_allowed_and_unused(sku: str, edition: cp.Edition) -> None:
    plain, more = book(), book({ECO: "620.00", sku: "1"})
    assert offer(edition, more) == offer(edition, plain)


@pytest.mark.parametrize(
    ("items", "price"),
    [
        ({ECO: "620"}, "620"),
        ({ECO_FR1: "610"}, "610"),
        ({ECO: "620", ECO_FR1: "610"}, "610"),
        ({ECO_FR1: "630", ECO: "620"}, "630"),
    ],
)
def test_a_sku_with_its_region_wins_over_the_placeholder(
    items: dict[str, str], price: str, edition: cp.Edition
) -> None:
    found = offer(edition, book(items))
    assert found is not None
    assert found.list_price == Decimal(price)


def test_the_placeholder_may_be_spelled_as_in_a_translation(edition: cp.Edition) -> None:
    spelled = ECO.replace("(region)", "(regione)")
    found = offer(edition, book({spelled: "620"}))
    assert found is not None
    assert found.list_price == 620
    assert offer(edition, book({spelled: "620", ECO: "610"})) == offer(edition, book({ECO: "610"}))


@pytest.mark.parametrize("sku", [LICENSE, LICENCE, LICENCE.replace("(region)", "fr1")])
def test_any_spelling_of_a_sku_prices_it(sku: str, edition: cp.Edition) -> None:
    found = Prices(cp.load_prices(book({sku: "38"})), "fr1", 1).offer(edition.services.vm_replication)
    assert found is not None
    assert found.unit_price == 38


def test_two_spellings_of_one_sku_may_have_one_price(edition: cp.Edition) -> None:
    found = Prices(cp.load_prices(book({LICENSE: "38", LICENCE: "38.00"})), "fr1", 1).offer(
        edition.services.vm_replication
    )
    assert found is not None
    assert found.unit_price == 38


@pytest.mark.parametrize(("license", "licence"), [("38", "39"), ("39", "38")])
def test_of_two_spellings_with_two_prices_the_edition_s_own_counts_and_a_finding_says_so(
    license: str, licence: str, edition: cp.Edition
) -> None:
    replicated = vm(protection={"rpo": "1h", "rto": "1h"})
    made = plan(price_book(items={LICENSE: license, LICENCE: licence}), edition, vms=[replicated], **DR)
    (line,) = [line for line in made.bom if line.rule == "VMR-1"]
    assert line.list_price == Decimal(license)
    assert "alias-prices" in {finding.code for finding in made.findings}


def test_the_skus_of_an_edition_of_ones_own_are_known(edition: cp.Edition) -> None:
    own = edition.blades["eco:v3"].model_copy(update={"sku": "acme:blade"})
    mine = edition.model_copy(update={"blades": {"eco:v3": own}})
    assert cp.load_prices(book({"acme:blade": "1"}), mine).items == {"acme:blade": 1}
    with bad_input() as faults:
        cp.load_prices(book({"acme:blade": "1"}), edition)
    assert faults[0].message.startswith("no edition knows the SKU 'acme:blade'")


def test_editions_are_loaded_only_while_skus_are_unknown(edition: cp.Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(prices, "load_edition", lambda name: loaded.append(name) or cp.load_edition(name))
    cp.load_prices(book({ECO: "1"}), edition)
    assert loaded == []
    cp.load_prices(book({ECO: "1"}))
    assert loaded == cp.editions()[-1:]


# --- discounts -------------------------------------------------------------------------------------------------------


def discounts(*given: tuple[str, str, int]) -> list[dict[str, Any]]:
    """Return discounts from (match, percent, min_term_months)."""
    return [{"match": match, "percent": percent, "min_term_months": term} for match, percent, term in given]


@pytest.mark.parametrize(
    ("match", "applies"),
    [
        ("*", True),
        ("csp:*:iaas:vmware:*", True),
        ("csp:*:eco:v3", True),
        (ECO, True),
        (ECO_FR1, True),
        ("csp:fr1:*", True),
        ("csp:?region?:iaas:vmware:eco:v3", True),
        ("csp:*:iaas:storage:*", False),
        ("CSP:*", False),
        ("eco", False),
        ("csp:*:eco:v2", False),
    ],
)
@pytest.mark.parametrize("priced_as", [ECO, ECO_FR1])
def test_a_discount_matches_a_sku_in_either_spelling_of_its_region(
    match: str, *, applies: bool, priced_as: str, edition: cp.Edition
) -> None:
    found = offer(edition, book({priced_as: "100"}, discounts=discounts((match, "10", 1))))
    assert found is not None
    assert found.discount == (Decimal("0.1") if applies else 0)


@pytest.mark.parametrize(
    ("match", "priced_as", "applies"),
    [(LICENSE, LICENSE, True), (LICENCE, LICENCE, True), (LICENSE, LICENCE, False), (LICENCE, LICENSE, False)],
)
def test_a_discount_matches_the_spelling_that_carries_the_price(
    match: str, priced_as: str, *, applies: bool, edition: cp.Edition
) -> None:
    fields = book({priced_as: "100"}, discounts=discounts((match, "10", 1)))
    found = Prices(cp.load_prices(fields), "fr1", 1).offer(edition.services.vm_replication)
    assert found is not None
    assert found.discount == (Decimal("0.1") if applies else 0)


def test_the_largest_discount_that_matches_counts_alone(edition: cp.Edition) -> None:
    given = discounts(("*", "5", 1), (ECO, "12.5", 1), ("csp:*", "10", 1), ("csp:*:mass:*", "50", 1))
    found = offer(edition, book(discounts=given))
    assert found is not None
    assert (found.discount, found.unit_price) == (Decimal("0.125"), Decimal("542.5"))


@pytest.mark.parametrize(("term", "percent"), [(1, 0), (11, 0), (12, 5), (35, 5), (36, 12), (60, 12)])
def test_a_discount_needs_its_term(term: int, percent: int, edition: cp.Edition) -> None:
    found = offer(edition, book(discounts=discounts(("*", "5", 12), ("*", "12", 36))), term_months=term)
    assert found is not None
    assert found.discount * 100 == percent


def test_a_discount_without_a_term_counts_from_one_month_on(edition: cp.Edition) -> None:
    found = offer(edition, book(discounts=[{"match": "*", "percent": "5"}]), term_months=1)
    assert found is not None
    assert found.discount == Decimal("0.05")


@pytest.mark.parametrize(
    ("price", "percent", "net"),
    [
        ("0.085", "12.5", "0.074375"),
        ("0.000001", "33.333333", "0.00000066666667"),
        ("620.00", "0", "620.00"),
        ("620.00", "100", "0"),
        ("999999999999", "0.000000000001", "999999999998.99000000000001"),
    ],
)
def test_a_net_price_is_exact_and_not_rounded(price: str, percent: str, net: str, edition: cp.Edition) -> None:
    found = offer(edition, book({ECO: price}, discounts=discounts(("*", percent, 1))))
    assert found is not None
    assert found.list_price == Decimal(price)
    assert found.unit_price == Decimal(net)


def test_a_discount_can_change_the_optimum(edition: cp.Edition) -> None:
    wanted = cp.read_workload(workload(term_months=36), edition)
    given = discounts(("csp:*:vmware:standard:v3", "50", 36))
    dear, cheap = (cp.optimise(wanted, edition, cp.load_prices(price_book(discounts=d))) for d in ([], given))
    assert [cluster.blade for cluster in dear.clusters] == ["eco:v3"]
    assert [cluster.blade for cluster in cheap.clusters] == ["standard:v3"]


# --- what has no price -----------------------------------------------------------------------------------------------


def plan(prices: dict[str, Any], edition: cp.Edition, **fields: Any) -> cp.Plan:
    """Return the plan of a small workload with a price book."""
    return cp.optimise(cp.read_workload(workload(**fields), edition), edition, cp.load_prices(prices))


def test_blades_and_classes_without_a_price_are_not_on_offer() -> None:
    offered = case(prices=price_book("eco:v3", "bloc:live"))
    assert "eco:v3" not in offered.blades
    assert "live" not in offered.classes
    assert len(offered.blades) == 6
    assert len(offered.classes) == 5


def test_what_is_not_on_offer_is_named_in_a_finding(edition: cp.Edition) -> None:
    made = plan(price_book("eco:v3", "bloc:live"), edition)
    named = {finding.subject: finding.severity for finding in made.findings if finding.code == "not-priced"}
    assert named == {"eco:v3": "warning", "live": "warning"}
    assert [cluster.blade for cluster in made.clusters] == ["standard:v3"]
    assert [store.storage_class for store in made.datastores] == ["medium"]


def test_memory_without_a_price_is_done_without(edition: cp.Edition) -> None:
    made = plan(price_book("memory:v2"), edition, vms=[vm(memory_gib=300)])
    assert [(cluster.hosts, cluster.memory_gib) for cluster in made.clusters] == [(3, 384)]
    assert [finding.code for finding in made.findings].count("not-priced") == 1


DR = {"sites": {"standby": "az06"}}
MIRRORED = vm(name="m", protection={"rpo": "15m"})
REPLICATED = vm(name="r", protection={"rto": "15m"})
MISSING: dict[str, tuple[dict[str, Any], list[str]]] = {
    "backup access": ({}, ["backup:vm:v1"]),
    "backup storage": ({}, ["bloc:backup:v1"]),
    "backup access and storage": ({}, ["backup:vm:v1", "bloc:backup:v1"]),
    "extras": ({"extras": [{"sku": "csp:tenant:v1", "quantity": 1}]}, ["csp:tenant:v1"]),
    "the licence of the only mechanism": ({"vms": [MIRRORED], **DR}, ["globalmirror:v1"]),
    "the licences of two only mechanisms": (
        {"vms": [MIRRORED, REPLICATED], **DR},
        ["globalmirror:v1", "replication:v1"],
    ),
    "a licence and backup": ({"vms": [MIRRORED], **DR}, ["globalmirror:v1", "backup:vm:v1"]),
    "the class asked for": ({"vms": [vm(disks=[{"size_gib": 60, "class": "ultra"}])]}, ["bloc:ultra:v1"]),
    "two classes asked for": (
        {"vms": [vm(disks=[{"size_gib": 60, "class": "ultra"}, {"size_gib": 60, "class": "live"}])]},
        ["bloc:ultra:v1", "bloc:live:v1"],
    ),
    "the class of the swap files": ({"policy": {"vswp": "ultra"}}, ["bloc:ultra:v1"]),
    "the last class that fits": (
        {"vms": [vm(disks=[{"size_gib": 1000, "iops": 200_000}])]},
        ["bloc:ultra:v1"],
    ),
    "the last blade that fits": ({"vms": [vm(gpus=1)]}, ["vmware:perf4:v3"]),
    "the only blade allowed": ({"policy": {"blades": ["eco:v3"]}}, ["vmware:eco:v3"]),
}


@pytest.mark.parametrize(("fields", "skus"), MISSING.values(), ids=MISSING)
def test_what_no_plan_can_do_without_is_bad_input_that_lists_it_all(
    fields: dict[str, Any], skus: list[str], edition: cp.Edition
) -> None:
    with bad_input() as faults:
        plan(price_book(*skus), edition, **fields)
    assert len(faults) == len(skus)
    assert all(any(sku in str(fault) for fault in faults) for sku in skus)


LARGE = vm(count=3, memory_gib=1300)
"""VMs that need 4589 GiB of activated memory; the 32 hosts of a cluster include 4096."""


def test_memory_that_must_be_activated_needs_a_price(edition: cp.Edition) -> None:
    with bad_input() as faults:
        plan(price_book("memory:v2"), edition, vms=[LARGE], policy={"max_clusters": 1})
    assert ["memory:v2" in str(fault) for fault in faults] == [True]


def test_memory_without_a_price_may_take_more_clusters(edition: cp.Edition) -> None:
    made = plan(price_book("memory:v2"), edition, vms=[LARGE])
    assert sorted((cluster.hosts, cluster.memory_gib) for cluster in made.clusters) == [(12, 1536), (24, 3072)]


def test_a_licence_without_a_price_leaves_the_other_mechanism(edition: cp.Edition) -> None:
    made = plan(price_book("replication:v1"), edition, vms=[vm(protection={"rpo": "4h", "rto": "8h"})], **DR)
    assert made.protection == {"a": "global-mirror"}


def test_a_missing_price_outweighs_a_requirement_that_no_plan_keeps(edition: cp.Edition) -> None:
    with bad_input() as faults:
        plan(price_book("backup:vm:v1"), edition, vms=[vm(vcpus=500)])
    assert all("backup:vm:v1" in str(fault) for fault in faults)


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dates", "on", "outside"),
    [
        ({"valid_from": "2026-01-01", "valid_until": "2026-12-31"}, "2026-01-01", False),
        ({"valid_from": "2026-01-01", "valid_until": "2026-12-31"}, "2026-12-31", False),
        ({"valid_from": "2026-01-01", "valid_until": "2026-12-31"}, "2025-12-31", True),
        ({"valid_from": "2026-01-01", "valid_until": "2026-12-31"}, "2027-01-01", True),
        ({"valid_from": "2026-01-01"}, "2099-01-01", False),
        ({"valid_from": "2026-01-01"}, None, False),
    ],
)
def test_a_quote_outside_the_dates_of_the_prices_gets_a_warning(
    dates: dict[str, Any], on: str | None, *, outside: bool, edition: cp.Edition
) -> None:
    day = datetime.date.fromisoformat(on) if on else None
    wanted, book_ = cp.read_workload(workload(), edition), cp.load_prices(price_book(**dates))
    found = cp.optimise(wanted, edition, book_, on=day).findings
    assert [finding.severity for finding in found if finding.code == "prices-outside-dates"] == ["warning"] * outside


# --- the hash --------------------------------------------------------------------------------------------------------


def test_the_hash_of_a_book_is_that_of_its_canonical_json() -> None:
    prices = cp.load_prices(book(name="été", discounts=discounts(("*", "12.5", 36)), valid_from="2026-01-01"))
    text = json.dumps(prices.canonical(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert prices.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert prices.canonical()["schema"] == "cloudplan/prices/v1"
    assert prices.canonical()["items"] == {ECO: "620.00"}


@pytest.mark.parametrize("price", [620, "620", "620.0", "620.00", 620.0, Decimal("620.000")])
def test_the_hash_does_not_depend_on_how_a_price_is_spelled(price: Any) -> None:
    assert cp.load_prices(book({ECO: price})).sha256 == cp.load_prices(book({ECO: "620.00"})).sha256


def test_comments_quotes_and_the_order_of_keys_do_not_change_the_hash(tmp_path: Path) -> None:
    items = f'{{"{ECO_FR1}": 1, "{ECO}": 620.00}}'
    text = f"# mine\nname: book\nitems: {items} # two\ncurrency: EUR\nschema: cloudplan/prices/v1\n"
    one = cp.load_prices(written(text, tmp_path))
    assert one.sha256 == cp.load_prices(book({ECO: "620.00", ECO_FR1: 1})).sha256


def test_a_changed_price_changes_the_hash() -> None:
    assert cp.load_prices(book({ECO: "620.00"})).sha256 != cp.load_prices(book({ECO: "620.01"})).sha256
