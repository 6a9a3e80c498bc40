"""The library as its user has it: what works alone, and how values look at a prompt and in a notebook."""

import pickle
import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import EDITION, REPOSITORY, bad_input, by_hand, price_book, vm, workload
from pydantic import BaseModel

import cloudplan as cp
from cloudplan.base.brief import WIDTH
from cloudplan.base.errors import MachineError
from cloudplan.plan.origin import origin_of
from cloudplan.presentation.frames import frames_of

pytestmark = pytest.mark.usefixtures("solved_once")
WEB_SHOP = REPOSITORY / "examples" / "web-shop.yaml"


@pytest.fixture(scope="module")
def plan() -> cp.Plan:
    """The plan of an example, of its file alone."""
    return cp.size(cp.read_workload(WEB_SHOP))


# --- what works alone ------------------------------------------------------------------------------------------------


def test_a_workload_names_its_edition_and_the_newest_is_that_of_one_that_names_none(plan: cp.Plan) -> None:
    assert plan.catalog.edition == cp.read_workload(WEB_SHOP).catalog == EDITION
    free = {name: value for name, value in workload().items() if name != "catalog"}
    assert cp.read_workload(free).catalog == cp.editions()[-1]
    with bad_input() as faults:
        cp.read_workload(workload(catalog="2025-01-18"))
    assert faults[0].path == "catalog" and faults[0].suggestion == EDITION


def test_size_alone_is_size_with_the_edition_of_the_workload_and_the_example_prices(plan: cp.Plan) -> None:
    edition = cp.load_edition(EDITION)
    assert cp.size(cp.read_workload(WEB_SHOP, edition), edition, cp.load_prices()) == plan


def test_a_workload_of_an_edition_of_ones_own_is_sized_with_that() -> None:
    wanted = cp.read_workload(workload()).model_copy(update={"catalog": "mine"})
    with bad_input() as faults:
        cp.size(wanted)
    assert "unknown edition 'mine'" in faults[0].message


def test_a_plan_is_verified_alone_and_against_other_inputs(plan: cp.Plan) -> None:
    assert cp.verify(plan).holds
    assert cp.verify(plan) == cp.verify(plan, *(getattr(origin_of(plan), f.name) for f in fields(origin_of(plan))))
    dearer = cp.load_prices(price_book(items={"csp:(region):iaas:vmware:eco:v3": "999.00"}))
    assert not cp.verify(plan, prices=dearer).holds
    cluster, *rest = plan.clusters
    broken = cp.verify(by_hand(plan, clusters=(cluster.model_copy(update={"hosts": cluster.hosts - 1}), *rest)))
    assert {fault.rule for fault in broken.faults()} >= {"HA-1"}
    assert repr(broken).startswith("<Verdict: ") and "checks broken" in repr(broken)


def test_a_proof_is_checked_where_it_is_asked_for(plan: cp.Plan) -> None:
    assert "lower_bound" in cp.verify(plan).not_checked
    assert "lower_bound" not in cp.verify(plan, prove=True).not_checked
    too_good = plan.model_copy(update={"lower_bound": plan.monthly, "gap": 0.0})
    made = cp.verify(too_good, prove=True, solve=lambda _: plan.model_copy(update={"lower_bound": plan.monthly - 1}))
    assert not made.holds


# --- on one line -----------------------------------------------------------------------------------------------------


def inside(value: Any, seen: set[type]) -> Iterator[Any]:
    """Yield a value and what hangs on it, one of each type."""
    if isinstance(value, dict | list | tuple):
        for inner in list(value.values() if isinstance(value, dict) else value)[:3]:
            yield from inside(inner, seen)
    elif (isinstance(value, BaseModel) or is_dataclass(value)) and type(value) not in seen:
        seen.add(type(value))
        yield value
        names = type(value).model_fields if isinstance(value, BaseModel) else [each.name for each in fields(value)]
        for name in names:
            yield from inside(getattr(value, name), seen)


def test_every_value_is_one_line_however_much_hangs_on_it(plan: cp.Plan) -> None:
    values = [plan, cp.read_workload(WEB_SHOP), cp.load_edition(EDITION), cp.load_prices(), cp.verify(plan)]
    shown = [repr(each) for value in values for each in inside(value, set())]
    assert len(shown) > 30
    assert [text for text in shown if "\n" in text or len(text) > WIDTH] == []
    assert repr(plan) == str(plan) == "<Plan 'web-shop': 5043.30 EUR a month, optimal; 7 hosts, 2 datastores>"
    assert repr(cp.quote(plan)) == "<Quote 'web-shop': 5043.30 EUR a month without tax, for the internal reader>"


def test_a_fault_says_all_that_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WEB_SHOP.read_text(encoding="utf-8").replace("vcpus:", "vcpu:", 1), encoding="utf-8")
    with bad_input() as faults:
        cp.read_workload(path)
    assert "did you mean 'vcpus'" in repr(faults[0]) and str(path) in repr(faults[0])
    told = faults[0].values
    assert (told["where"], told["suggestion"], told["rule"]) == (faults[0].where, "vcpus", None)
    again = pickle.loads(pickle.dumps(cp.BadInputError(faults)))
    assert again.faults == faults and again.faults[0].values == told


# --- every question --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> cp.Plan:
    """The plan of one VM."""
    return cp.size(cp.read_workload(workload()))


@pytest.fixture(scope="module")
def roadmap() -> cp.Roadmap:
    """The roadmap of a small workload of two phases."""
    horizon = {"start": "2027-01", "months": 12, "step": 6, "growth": {"vms": "0.5"}}
    return cp.roadmap(cp.read_workload(workload(horizon=horizon)))


def test_what_if(small: cp.Plan) -> None:
    found = cp.compare(
        cp.read_workload(workload()), vary={"policy.vcpu_per_core": [3], "policy.blades": [["eco:v3", "standard:v3"]]}
    )
    assert found == cp.compare(small, vary=["policy.vcpu_per_core=3", "policy.blades=eco:v3+standard:v3"])
    (other,) = found.alternatives
    assert found.optimum.plan == small and other.plan and other.edits["policy.blades"] == ["eco:v3", "standard:v3"]
    axes = {"policy.host_failures": [1], "policy.vcpu_per_core": [3], "policy.memory_ceiling": ["0.85"]}
    assert len(cp.compare_options(small, vary={**axes, "policy.host_memory_reserve_gib": [0, 8]}).options) == 2
    assert cp.compare_target(small, small.monthly).optimum.plan == small


def test_why(plan: cp.Plan, small: cp.Plan) -> None:
    assert cp.explain(plan, "HA-1").parts and cp.explain(plan, by="group").parts
    with bad_input() as faults:
        cp.explain(plan, "web-shpo")
    assert "web-shpo" in faults[0].message
    assert cp.why_no_plan(small) is None
    impossible = cp.read_workload(workload(vms=[vm(memory_gib=9999)]))
    told = cp.why_no_plan(impossible)
    assert told and told.groups == ("a",)
    assert cp.fit(small, 2, 8).count > 0
    lasting = cp.headroom(small, cp.Growth(), "2027-01")
    assert lasting and all(each.runs_out is None and each.used <= each.capacity for each in lasting)


def test_what_changed(plan: cp.Plan, roadmap: cp.Roadmap) -> None:
    dearer = cp.load_prices(price_book(items={"csp:(region):iaas:vmware:eco:v3": "621.00"}))
    change = cp.diff(plan, prices=dearer)
    assert change.after.monthly - plan.monthly == sum(line.difference for line in change.lines) == 7
    assert cp.diff(plan, change.after).after == change.after
    assert not any(line.difference for line in cp.diff(roadmap, roadmap).lines)
    for wrong in ({}, {"after": plan, "prices": dearer}):
        with bad_input() as faults:
            cp.diff(plan, **wrong)  # type: ignore[arg-type]
        assert "not both" in faults[0].message


def test_what_is_invoiced_and_what_is_sent_and_ordered(plan: cp.Plan, roadmap: cp.Roadmap, tmp_path: Path) -> None:
    invoice = tmp_path / "invoice.csv"
    lines = [f"{line.site},{line.sku},{line.quantity},{line.monthly}" for line in plan.bom]
    invoice.write_text("\n".join(["site,sku,quantity,amount", *lines]), encoding="utf-8")
    found = cp.diff_actual(plan, invoice)
    assert found.actual == plan.monthly  # type: ignore[union-attr]
    assert cp.quote(plan).monthly == plan.monthly and cp.quote(roadmap).over_time
    assert cp.quote(plan, previous=plan).revision
    with bad_input():
        cp.quote(roadmap, previous=plan)
    assert [len(cp.orders(each)) for each in (plan, roadmap)] == [1, len(roadmap.phases)]
    assert cp.render_page(roadmap, lang="fr").startswith("<!doctype html>") and cp.write_workbook(roadmap)


def test_a_quote_is_what_was_sent(plan: cp.Plan, small: cp.Plan, tmp_path: Path) -> None:
    page = tmp_path / "quote.html"
    page.write_text(cp.render_page(plan, audience="customer"), encoding="utf-8")
    assert cp.verify_quote(page).holds and cp.verify_quote(page, plan, cp.Terms()).holds
    assert not cp.verify_quote(page, small).holds
    page.write_text(page.read_text(encoding="utf-8").replace("5 043.30", "5 043.31"), encoding="utf-8")
    assert repr(cp.verify_quote(page)).endswith("differences>")
    with bad_input() as faults:
        cp.verify_quote(page, terms=cp.Terms())
    assert faults[0].where == "--terms"


def test_a_workload_starts_from_what_a_plan_leaves_standing(small: cp.Plan, roadmap: cp.Roadmap) -> None:
    grown = cp.read_workload(workload(vms=[vm(count=40)]))
    further = cp.size(cp.extending(grown, small))
    assert further.changes and all(each.before is not None for each in further.changes)
    assert cp.verify(further).holds
    last = cp.extending(grown, roadmap).existing
    assert last and [each.hosts for each in last.clusters] == [each.hosts for each in roadmap.phases[-1].plan.clusters]
    with bad_input() as faults:
        cp.fit(small, 2, 8, site="az99")
    assert "unknown zone 'az99'" in faults[0].message


def test_editions_and_price_books_are_held_beside_each_other() -> None:
    first, *_, last = cp.editions()
    assert cp.diff_editions(cp.load_edition(first), cp.load_edition(last))
    assert not cp.diff_editions(cp.load_edition(last), cp.load_edition(last))
    dearer = cp.load_prices(price_book(items={"csp:(region):iaas:vmware:eco:v3": "621.00"}))
    (change,) = cp.diff_prices(cp.load_prices(), dearer).prices
    assert (change.before, change.after) == (620, 621)
    lacking = cp.check_prices(cp.load_prices(price_book("eco:v3"))).unpriced
    assert any("eco:v3" in each.sku for each in lacking)


# --- tables of data --------------------------------------------------------------------------------------------------


def test_every_frame_of_a_plan_and_a_roadmap_holds_what_it_says(plan: cp.Plan, roadmap: cp.Roadmap) -> None:
    for name, frame in frames_of(plan).items():
        table = plan.frame(name)
        assert table.column_names == list(frame.columns)
        later = roadmap.frame(name)
        assert later.column_names == ["from", *table.column_names]
        assert {*later["from"].to_pylist()} <= {phase.from_ for phase in roadmap.phases}
    bill = plan.frame("bom")
    assert str(bill.schema.field("monthly").type) == "decimal128(38, 2)"
    assert sum(bill["monthly"].to_pylist()) == plan.monthly
    assert bill["unit_price"].to_pylist() == [line.unit_price for line in plan.bom]
    hosts = plan.frame("hosts").to_pylist()
    assert len(hosts) == 7 and sum(host["spare"] for host in hosts) == 1
    assert all(host["memory_gib_used"] <= host["memory_gib"] for host in hosts)
    assert sum(host["vms"] for host in hosts) == plan.frame("placement").num_rows == 12
    phases = roadmap.frame("phases").to_pylist()
    assert sum(phase["cost"] for phase in phases) == roadmap.total


def test_what_was_compared_quoted_and_explained_has_frames_too(plan: cp.Plan, small: cp.Plan) -> None:
    found = cp.compare(small, vary={"vms[0].count": [9]})
    rows = found.frame("alternatives").to_pylist()
    assert [row["name"] for row in rows] == ["as asked for", "count 9"]
    assert rows[1]["difference"] == rows[1]["monthly"] - small.cost > 0
    change = cp.diff(small, prices=cp.load_prices(price_book(items={"csp:(region):iaas:vmware:eco:v3": "700.00"})))
    assert sum(change.frame("causes")["difference"].to_pylist()) == change.difference
    assert sum(cp.quote(plan).frame("lines")["net"].to_pylist()) == plan.monthly
    assert cp.explain(plan, "web").frame("Where it stands")["VM"].to_pylist()[0] == "web-1"


def test_a_frame_that_is_not_there_is_one_fault(plan: cp.Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    with bad_input() as faults:
        plan.frame("hots")
    assert faults[0].suggestion == "hosts" and "bom" in str(faults[0].allowed)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MachineError, match=r"pip install 'cloudplan\[frames\]'"):
        plan.frame("bom")


def test_the_reference_names_every_public_name_and_every_frame(plan: cp.Plan, roadmap: cp.Roadmap) -> None:
    text = (REPOSITORY / "docs" / "reference" / "library.md").read_text(encoding="utf-8")
    said = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`", text))))
    assert {*cp.__all__} - said == set()
    assert {*frames_of(plan), *frames_of(roadmap)} - said == set()


# --- pictures and notebooks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sites", "hosts", "cost"])
def test_a_picture_stands_by_itself(plan: cp.Plan, name: str) -> None:
    text = plan.picture(name)
    tree = ElementTree.fromstring(text)
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    assert [part for part in ("var(", "href", "class=", "<style", "<script") if part in text] == []
    height = float(tree.attrib["height"])
    assert all(0 < float(each.attrib["y"]) < height for each in tree.iter("{http://www.w3.org/2000/svg}text"))
    said = " ".join(each.text or "" for each in tree.iter("{http://www.w3.org/2000/svg}text"))
    assert "5 043.30 EUR a month" in said and "ILLUSTRATIVE" in said
    assert "par mois" in plan.picture(name, lang="fr")


def test_a_picture_shows_every_host_and_what_each_family_costs(plan: cp.Plan) -> None:
    assert plan.picture("hosts").count("% mem.") == 6 and plan.picture("hosts").count('stroke-dasharray="4 3"') == 2
    cost = plan.picture("cost")
    assert all(f"{amount:,}".replace(",", " ") in cost for amount in cp.quote(plan).by_family().values())
    with bad_input() as faults:
        plan.picture("host")
    assert faults[0].suggestion == "hosts" and faults[0].allowed == "cost, hosts, sites"


def test_many_hosts_are_cells() -> None:
    many = cp.size(cp.read_workload(workload(vms=[vm(count=60, memory_gib=300)])))
    hosts = many.frame("hosts").to_pylist()
    assert len(hosts) > 60
    for name in ("hosts", "sites"):
        cells = re.findall(r'd="((?:M[\d.]+ 1h5.5v9h-5.5z)+)"', many.picture(name))
        assert sum(path.count("M") for path in cells) == len(hosts)


def test_names_from_a_workload_are_text_in_pictures_and_notebooks() -> None:
    forged = cp.size(cp.read_workload(workload(name="<script>&", vms=[vm(name="<b>x</b>")])))
    for text in (*(forged.picture(name) for name in ("sites", "hosts", "cost")), forged._repr_html_() or ""):
        assert "<script" not in text and "<b>x" not in text and "&lt;script&gt;&amp;" in text


def test_a_notebook_shows_what_it_can(plan: cp.Plan, small: cp.Plan, roadmap: cp.Roadmap) -> None:
    shown = plan._repr_html_() or ""
    assert shown.count("<svg") == 2 and "<style" not in shown
    cluster = plan.clusters[0].model_copy(update={"hosts": 1})
    assert by_hand(plan, clusters=(cluster,))._repr_html_() is None
    assert "<table>" in (roadmap._repr_html_() or "")
    assert "count 9" in (cp.compare(small, vary={"vms[0].count": [9]})._repr_html_() or "")
    assert "Where it stands" in (cp.explain(plan, "web")._repr_html_() or "")
