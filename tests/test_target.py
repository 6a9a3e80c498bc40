"""Down to an amount: concessions in order that are all needed, each sized with those before it, or a discount."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from conftest import EDITION, Ran, price_book, vm, workload

import cloudplan as cp
from cloudplan.analysis.edits import edited
from cloudplan.analysis.side_by_side import SideBySide
from cloudplan.analysis.target import Reaching, cost, reaching
from cloudplan.base import money
from cloudplan.base.language import language
from cloudplan.plan.origin import Origin
from cloudplan.presentation.tables import target as tables
from cloudplan.presentation.text import render_report
from cloudplan.workload.reading import as_given

pytestmark = pytest.mark.usefixtures("solved_once")

TREE = workload(
    name="shop",
    policy={"memory_ceiling": "0.7", "host_failures": 2, "blades": ["eco:v3"]},
    vms=[
        vm(name="app", count=9, vcpus=8, memory_gib=64),
        vm(name="db", vcpus=8, memory_gib=64, disks=[{"size_gib": 300, "class": "premium"}]),
    ],
)


def origin() -> Origin:
    edition = cp.load_edition(EDITION)
    return Origin(cp.read_workload(TREE, edition), edition, cp.load_prices(price_book()))


@cache
def reached(amount: str | Decimal) -> Reaching:
    sizing = SideBySide(origin())
    return reaching(origin(), Decimal(amount), sizing.solve, sizing.each)


def test_every_concession_is_needed_and_sized_with_those_before_it() -> None:
    whole = reached("0")
    assert not whole.reached and len(whole.concessions) > 2
    target = cost(whole.concessions[1])
    found, inputs = reached(target), origin()
    assert found.reached and cost(found.least) <= target
    tree, before = as_given(inputs.workload, inputs.edition), found.optimum
    own = []
    for each in found.concessions:
        alone = cp.size(cp.read_workload(edited(tree, each.edits), inputs.edition), inputs.edition, inputs.prices)
        assert each.plan and each.plan.monthly == alone.monthly < cost(before)
        own.append({path: value for path, value in each.edits.items() if before.edits.get(path, ...) != value})
        before = each
    names = {each.name for each in found.alone if each.gives_up}
    for each, left_out in zip(found.concessions, own, strict=True):
        if each.name not in names:
            continue
        edits = {path: value for one in own if one is not left_out for path, value in one.items()}
        other = cp.read_workload(edited(tree, edits), inputs.edition)
        assert cp.size(other, inputs.edition, inputs.prices).monthly > target


def test_the_mildest_that_reaches_it_is_enough() -> None:
    alone = [each for each in reached("1000000").alone if each.gives_up]
    costs = sorted({cost(each) for each in alone})
    found = reached(costs[1])
    assert [cost(each) for each in found.concessions] == [costs[1]]


def test_the_discount_is_the_least() -> None:
    found = reached("3000")
    plan = found.optimum.plan
    assert plan and found.discount and found.discounted

    def left(share: Decimal) -> Decimal:
        return sum((money.line(each.quantity, money.net(each.unit_price, share)) for each in plan.bom), Decimal(0))

    assert left(found.discount) == found.discounted <= 3000 < left(found.discount - Decimal("0.0001"))
    assert reached(plan.monthly).discount == 0 and not reached(plan.monthly).concessions


def test_no_discount_pays_for_others() -> None:
    edition = cp.load_edition(EDITION)
    book = {**price_book(), "licences": {"x": {"label": "X", "per": "vm", "price": "50.00"}}}
    inputs = Origin(
        cp.read_workload(workload(vms=[vm(licences=["x"])]), edition), edition, cp.load_prices(book, edition)
    )
    sizing = SideBySide(inputs)
    found = reaching(inputs, Decimal(49), sizing.solve, sizing.each)
    assert found.discount is None and "licences of third parties alone" in str(tables.report(found).summary)
    assert tables.values(found)["discounted"] is None


def test_the_command(tmp_path: Path, run: Callable[..., Ran]) -> None:
    path, book = tmp_path / "w.json", tmp_path / "p.json"
    path.write_text(json.dumps(TREE))
    book.write_text(json.dumps(price_book()))
    command = ["compare", path, "--prices", book, "--workers", 1]
    document = json.loads(run(*command, "--target", "3000", "--format", "json").out)
    assert document["reached"] is True and document["concessions"][-1]["gives_up"] and Decimal(document["discount"]) > 0
    text = render_report(tables.report(reached("3000")), style="terminal")
    assert "CONCESSIONS, IN ORDER" in text and "Or a discount of" in text
    french = render_report(tables.report(reached("0")), style="terminal", spoken=language("fr"))
    assert "Pas atteint" in french and "CONCESSIONS, DANS L’ORDRE" in french
    for wrong in (["--target", "x"], ["--target", "3000", "--options"], ["--target", "7", "--vary", "name=x"]):
        assert run(*command, *wrong).status == 2
