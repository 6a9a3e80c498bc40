"""One list of items: what the optimiser minimises is what is billed, whatever is decided."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from conftest import bad_input, case, examples, price_book, vm, workload
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from strategies import BLADES, SOLD, ZONES, price_books

import cloudplan as cp
from cloudplan.base.errors import InternalError
from cloudplan.evaluation.bom import bill
from cloudplan.evaluation.items import (
    ENCRYPTION,
    MEMORY,
    MIRROR,
    REPLICATION,
    ZONE,
    Decision,
    Taken,
    cost,
    decision_of,
    fixed_items,
    items,
    key_of,
    lines_by_key,
    missing_prices,
)
from cloudplan.evaluation.verify import verify
from cloudplan.optimiser.solver import Budget, Model
from cloudplan.plan.plan import BomLine, Choice
from cloudplan.workload.case import Case

DR = {"standby": "az06"}
VLAN = "csp:(region):network:vlan:v1"
SELLING = cp.load_edition(cp.editions()[-1])
"""An edition that sells zones and encryption."""
GROUPS = [
    vm(name="a", count=3, protection={"rpo": "1d"}),
    vm(name="b", count=2),
    vm(name="c", count=5, site="az06", protection={"rpo": "1d"}),
    vm(name="d", site="az07"),
]


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Any clusters, datastores and mechanisms; whether they keep the rules does not matter to a bill."""
    site = st.sampled_from(ZONES)
    clusters = [
        {
            **{"name": f"c{number}", "site": draw(site), "pool": "default", "placement": []},
            **{"blade": draw(st.sampled_from(BLADES)), "spare_hosts": 1},
            **{"hosts": (hosts := draw(st.integers(1, 40))), "memory_gib": 128 * hosts + draw(st.integers(0, 999))},
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    stores = []
    for number in range(draw(st.integers(0, 4))):
        group = draw(st.sampled_from([None, "a", "b", "c", "d"]))
        storage_class = draw(st.sampled_from(list(SOLD.storage_classes)))
        unit_gib = SOLD.storage_classes[storage_class].unit_gib
        stores.append(
            {
                **{"name": f"d{number}", "site": draw(site), "class": storage_class},
                **{"size_gib": draw(st.integers(1, 20_000 // unit_gib)) * unit_gib},
                "disks": [{"vm": group, "disk": 0, "count": 1}] if group else [],
                "vswp": {},
                "replication": draw(st.sampled_from([None, "global-mirror"])),
            }
        )
    mechanisms = st.sampled_from(["global-mirror", "vm-replication"])
    protection = draw(st.dictionaries(st.sampled_from(["a", "c"]), mechanisms))
    return Choice.model_validate({"clusters": clusters, "datastores": stores, "protection": protection})


def unrounded(lines: tuple[BomLine, ...]) -> Fraction:
    """Return the exact sum of quantity x price, before any line is rounded."""
    return sum((Fraction(line.quantity * line.unit_price) for line in lines), Fraction(0))


def objective(asked: Case, decision: Decision) -> Fraction:
    """Return what the optimiser takes a decision to cost, with what no decision changes."""
    return Fraction(cost(asked, items(asked, decision))) + Fraction(cost(asked, fixed_items(asked)))


@examples(40, suppress_health_check=list(HealthCheck))
@given(made=choices(), book=price_books(), model=st.sampled_from(["base128_plus_memory", "included_full"]))
def test_the_objective_of_any_choice_is_its_bill_before_rounding(
    made: Choice, book: dict[str, Any], model: str
) -> None:
    extras = [{"sku": VLAN, "quantity": 3}, {"sku": VLAN, "quantity": 2, "site": "az06"}]
    asked = case(sites=DR, vms=GROUPS, extras=extras, prices=book, policy={"memory_model": model})
    assert objective(asked, decision_of(asked, made)) == unrounded(bill(asked, made))


@examples(20, suppress_health_check=list(HealthCheck))
@given(made=choices())
def test_the_objective_in_unknowns_is_the_objective_in_numbers(made: Choice) -> None:
    asked = case(sites=DR, vms=GROUPS)
    numbers = decision_of(asked, made)
    model = Model()

    def fixed(value: int) -> Any:
        return model.whole(value, value)

    unknown = Decision(
        [(site, blade, fixed(hosts), fixed(memory_gib)) for site, blade, hosts, memory_gib in numbers.clusters],
        [(site, name, fixed(size_gib)) for site, name, size_gib in numbers.datastores],
        {site: fixed(tib) for site, tib in numbers.licences_tib.items()},
        {site: fixed(vms) for site, vms in numbers.replicated_vms.items()},
    )
    total = cost(asked, items(asked, unknown))
    assert model.minimise(total, Budget()).found
    assert model.exact(total) == cost(asked, items(asked, numbers))


def replace_items(monkeypatch: pytest.MonkeyPatch, under: str, other: Callable[..., Iterator[Taken]]) -> None:
    """Let the modules of a room see another list of items."""
    modules = [module for name, module in sys.modules.items() if name.startswith(under)]
    seeing = [module for module in modules if vars(module).get("items") is items]
    assert seeing
    for module in seeing:
        monkeypatch.setattr(module, "items", other)


def test_an_item_that_is_added_to_the_list_alone_shows_in_the_bill(
    edition: cp.Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A further item for each host, written in one place, is minimised, billed, verified and proven."""

    def with_a_vlan_for_each_host(asked: Case, decision: Decision) -> Iterator[Taken]:
        yield from items(asked, decision)
        vlan = asked.edition.extra(VLAN, "fr1")
        yield from (Taken(site, "extras.vlan", vlan, 2 * hosts) for site, _, hosts, _ in decision.clusters)

    asked = case(vms=[vm(count=5, memory_gib=100)])
    before = cp.optimise(asked.workload, edition, asked.prices.book)
    replace_items(monkeypatch, "cloudplan.", with_a_vlan_for_each_host)
    plan = cp.optimise(asked.workload, edition, asked.prices.book)
    hosts = sum(cluster.hosts for cluster in plan.clusters)
    [line] = [line for line in plan.bom if line.sku == VLAN.replace("(region)", "fr1")]
    assert (line.quantity, line.monthly) == (2 * hosts, 2 * hosts * asked.prices.net(asked.edition.extra(VLAN, "fr1")))
    assert plan.monthly == before.monthly + line.monthly
    assert plan.status == "optimal"
    assert verify(plan, asked.workload, edition, asked.prices.book).holds


@pytest.mark.parametrize("room", ["compute", "storage"])
def test_an_objective_above_the_bill_is_an_internal_error_and_never_a_plan(
    room: str, edition: cp.Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a blade more a host, or half a unit more a datastore, is minimised but not billed."""

    def dearer(asked: Case, decision: Decision) -> Iterator[Taken]:
        for each in items(asked, decision):
            more = Fraction(3, 2) if each.key.startswith(("blades.", "storage_classes.")) else 1
            yield Taken(each.site, each.key, each.item, each.quantity * more)

    replace_items(monkeypatch, f"cloudplan.optimiser.{room}.", dearer)
    with pytest.raises(InternalError, match="is above the bill"):
        cp.optimise(cp.read_workload(workload(vms=[vm(count=5)]), edition), edition, cp.load_prices())


def test_a_relabelled_licence_line_is_found_by_the_key_of_its_item(edition: cp.Edition) -> None:
    wish = workload(sites=DR, vms=[vm(protection={"mechanism": "global-mirror"})])
    asked, book = cp.read_workload(wish, edition), cp.load_prices()
    plan = cp.optimise(asked, edition, book)
    licence = lines_by_key(Case.of(asked, edition, book), plan.bom)["az05", MIRROR]
    assert licence.rule == "GM-3"

    def with_licence(**changes: Any) -> cp.Plan:
        lines = [line.model_copy(update=changes) if line is licence else line for line in plan.bom]
        return plan.model_copy(update={"bom": tuple(lines)})

    def broken(changed: cp.Plan) -> set[str]:
        return {check.rule.id for check in verify(changed, asked, edition, book).violations}

    assert broken(with_licence(label="Licence of another name")) == {"BOM"}
    assert broken(with_licence(quantity=0, label="Licence of another name")) == {"BOM", "GM-3"}
    missing = plan.model_copy(update={"bom": tuple(line for line in plan.bom if line is not licence)})
    assert broken(missing) == {"BOM", "GM-3"}


# --- the items themselves --------------------------------------------------------------------------------------------


def taken(found: Iterator[Taken]) -> dict[tuple[str, str], Any]:
    quantities: Counter[tuple[str, str]] = Counter()
    for each in found:
        quantities[each.site, each.key] += each.quantity
    return {key: quantity for key, quantity in quantities.items() if quantity}


def test_what_a_decision_takes_by_site_and_key() -> None:
    asked = case(sites=DR, vms=GROUPS)
    decision = Decision(
        clusters=[("az05", "eco:v3", 3, 400), ("az06", "perf1:v3", 2, 256)],
        datastores=[("az05", "live", 500), ("az05", "mass", 3072)],
        licences_tib={"az05": 2},
        replicated_vms={"az06": 5},
    )
    assert taken(items(asked, decision)) == {
        ("az05", "blades.eco:v3"): 3,
        ("az05", MEMORY): 16,
        ("az06", "blades.perf1:v3"): 2,
        ("az05", "storage_classes.live"): 500,
        ("az05", "storage_classes.mass"): 3,
        ("az05", MIRROR): 2,
        ("az06", REPLICATION): 5,
    }


def test_what_no_decision_changes() -> None:
    asked = case(edition=SELLING, catalog=SELLING.edition, sites=DR, vms=GROUPS, extras=[{"sku": VLAN, "quantity": 3}])
    assert taken(fixed_items(asked)) == {
        ("az05", "services.backup_access"): 5,
        ("az06", "services.backup_access"): 5,
        ("az07", "services.backup_access"): 1,
        ("az05", "services.backup_storage"): 1,
        ("az06", "services.backup_storage"): 1,
        ("az05", ZONE): 1,
        ("az06", ZONE): 1,
        ("az07", ZONE): 1,
        ("az05", "extras.vlan"): 3,
    }


def test_an_edition_without_zones_on_sale_bills_none(edition: cp.Edition) -> None:
    assert edition.services.zone is None
    assert not any(key == ZONE for _, key in taken(fixed_items(case())))


def test_an_item_that_the_edition_does_not_sell_is_a_fault_with_its_key(edition: cp.Edition) -> None:
    """A workload with encryption, read under an edition that sells it, and sized under one that does not."""
    assert edition.services.encryption is None
    wanted = case(edition=SELLING, catalog=SELLING.edition, vms=[vm(encrypted=True)])
    assert taken(fixed_items(wanted))["az05", ENCRYPTION] == 1
    asked = Case.of(wanted.workload, edition, wanted.prices.book)
    with bad_input() as faults:
        list(fixed_items(asked))
    assert "does not sell services.encryption, which the workload needs" in faults[0].message


def test_an_item_without_a_price_costs_nothing_while_none_is_taken_and_else_is_an_internal_error() -> None:
    asked = case(prices=price_book("globalmirror"))
    none, some = Decision(licences_tib={"az05": 0}), Decision(licences_tib={"az05": 1})
    assert cost(asked, items(asked, none)) == 0
    with pytest.raises(InternalError, match="globalmirror:v1 is counted but has no price"):
        cost(asked, items(asked, some))
    assert cost(asked, items(asked, Decision(licences_tib={"az05": Model().whole()}))) == 0


def test_a_bill_with_unpriced_items_names_each_once() -> None:
    asked = case(sites=DR, vms=GROUPS, prices=price_book("backup:vm", "backup:v1"))
    with bad_input() as faults:
        bill(asked, Choice(clusters=(), datastores=(), protection={}))
    assert len(faults) == 2
    assert all(fault.where == "price book example-eur" for fault in faults)
    item = asked.edition.services.backup_access
    assert len(missing_prices(asked, [item, item])) == 1


@pytest.mark.parametrize(
    ("sku", "key"),
    [
        ("csp:(region):iaas:vmware:memory:v2", MEMORY),
        ("csp:fr1:iaas:vmware:memory:v2", MEMORY),
        ("csp:fr1:network:vlan:v1", "extras.vlan"),
        ("csp:fr2:network:vlan:v1", ""),
        ("nothing", ""),
    ],
)
def test_the_key_of_a_sku_with_its_region_filled_in_or_not(sku: str, key: str) -> None:
    assert key_of(case(), sku) == key


def test_a_bill_has_a_line_for_each_site_and_item_in_the_order_of_the_catalogue(edition: cp.Edition) -> None:
    asked = case(sites=DR, vms=GROUPS)
    plan = cp.optimise(asked.workload, edition, asked.prices.book)
    order = [key for key, _ in edition.keyed_items()]
    places = [(asked.sites.index(line.site), order.index(key_of(asked, line.sku))) for line in plan.bom]
    assert places == sorted(set(places))
    assert all(line.quantity > 0 and line.monthly > Decimal(0) for line in plan.bom)
