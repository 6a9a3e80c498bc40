"""What two roadmaps differ in: causes, months, orders and lines that sum to the difference, to the cent."""

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EDITION, Ran, bad_input, price_book, vm, workload
from roadmaps import phase_by_phase
from test_requote import assert_sums

import cloudplan as cp
from cloudplan.analysis.changes import OPTIMISER, SECOND, Requote
from cloudplan.analysis.requote import CAUSES, CAUSES_OVER_TIME, EXISTING, LICENCE_PRICES, difference, requote
from cloudplan.analysis.roadmap_diff import order_changes, spans
from cloudplan.evaluation.roadmap_document import Asked
from cloudplan.plan.origin import Origin, read_roadmap
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation import phrases
from cloudplan.presentation.tables import quote, roadmap_diff
from cloudplan.presentation.tables.causes import WORDS
from cloudplan.workload.phases import phases

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]
Tree = dict[str, Any]

NEWEST = "2026-04-30"
LICENCES = {"sql": {"per": "core", "price": "10.00", "label": "SQL"}}
TREE = workload(
    term_months=12,
    horizon={"start": "2027-01", "months": 12, "growth": {"vms": "0.5"}},
    policy={"default_disk": {"class": "live"}, "blades": ["eco:v3"]},
    vms=[vm(name="web", count=3, memory_gib=40), vm(name="late", licences=["sql"], **{"from": "2027-07"})],
)
NEW: Tree = {
    **TREE,
    "horizon": {"start": "2027-04", "months": 15, "growth": {"vms": "0.9"}},
    "policy": {**TREE["policy"], "vcpu_per_core": 2},
    "vms": [*TREE["vms"], vm(name="more", vcpus=12)],
}
OLD_BOOK = price_book(licences=LICENCES)
NEW_BOOK = price_book(licences=LICENCES, items={"csp:(region):iaas:vmware:eco:v3": "700.00"})


PLANNED: dict[str, Roadmap] = {}
"""Roadmaps by their inputs."""


def planned(inputs: Origin) -> Roadmap:
    """Return a roadmap of some inputs, each phase on top of the last; the same one for the same inputs."""
    listed = phases(inputs.workload, inputs.edition)
    asked = Asked(inputs.workload, inputs.edition, inputs.prices, listed)
    key = f"{inputs.workload.sha256} {inputs.workload.existing} {inputs.edition.sha256} {inputs.prices.sha256}"
    if key not in PLANNED:
        PLANNED[key] = phase_by_phase(asked)
    return PLANNED[key].model_copy()


def made(tree: Tree, book: Tree, edition: str = EDITION) -> Roadmap:
    loaded = cp.load_edition(edition)
    wanted = cp.read_workload(tree, loaded, obey_pin=False)
    return planned(Origin(wanted, loaded, cp.load_prices(book, loaded)))


@pytest.fixture(scope="module")
def before() -> Roadmap:
    return made(TREE, OLD_BOOK)


@pytest.fixture(scope="module")
def change(before: Roadmap) -> Requote[Roadmap]:
    """The roadmap made again with everything new."""
    loaded = cp.load_edition(NEWEST)
    return requote(before, workload=NEW, edition=loaded, prices=cp.load_prices(NEW_BOOK, loaded), solve=planned)


def test_each_cause_has_its_share_and_all_sum_to_the_difference(change: Requote[Roadmap]) -> None:
    assert [step.name for step in change.steps] == [OPTIMISER, *CAUSES_OVER_TIME]
    assert_sums(change)
    moved = {step.name: change.moved_by(step) for step in change.steps}
    assert moved.pop(OPTIMISER) == 0 and all(moved.values())
    assert moved["catalogue"] == 15 * 450
    assert change.after.total == made({**NEW, "catalog": NEWEST}, NEW_BOOK, NEWEST).total
    labels = {line.item.line.label for line in change.lines}
    assert "SQL" in labels


def test_months_and_orders_tell_the_same_difference(change: Requote[Roadmap]) -> None:
    listed = spans(change.before, change.after)
    assert sum(span.difference for span in listed) == change.difference
    assert (listed[0].start, listed[0].months, listed[0].after) == ("2027-01", 3, None)
    assert listed[-1].before is None
    both = {span.start for span in listed if span.ordered_before and span.ordered_after}
    assert both == {each.from_ for each in change.before.phases} & {each.from_ for each in change.after.phases}
    stands: Counter[tuple[str, str]] = Counter()
    for each in order_changes(change):
        stands[each.site, each.line.label] += each.after
    last = change.after.phases[-1].plan
    assert {(line.site, line.label): line.quantity for line in last.bom}.items() <= stands.items()


def test_a_roadmap_made_by_hand_is_the_optimisers(before: Roadmap) -> None:
    origin = Origin(
        cp.read_workload(TREE, cp.load_edition(EDITION)), cp.load_edition(EDITION), cp.load_prices(OLD_BOOK)
    )
    kept = requote(before, solve=planned)
    assert kept.difference == 0 and planned(origin).to_json() == before.to_json()
    same = difference(before, before, solve=lambda _: before)
    assert same.lines == kept.lines and SECOND not in same.steps[-1].causes


def test_what_stood_already_is_a_cause_of_its_own(before: Roadmap) -> None:
    stores = [{"site": "az05", "class": "live", "size_gib": 3000}]
    extended = requote(before, workload={**TREE, "existing": {"datastores": stores}}, solve=planned)
    moved = {step.name: change for step in extended.steps if (change := extended.moved_by(step))}
    assert list(moved) == ["existing"] and moved["existing"] > 0
    assert_sums(extended)
    again = requote(extended.after, workload=TREE, solve=planned)
    assert again.difference == 0, "what stood stays where a workload says nothing of it"
    back = difference(extended.after, before, solve=planned)
    assert back.difference == -extended.difference


def test_every_cause_is_told_in_words() -> None:
    causes = {*CAUSES, *CAUSES_OVER_TIME, EXISTING, LICENCE_PRICES}
    assert set(WORDS) == causes and {*WORDS, OPTIMISER, SECOND} == set(phrases.CAUSES)
    assert set(quote.CAUSES) == {*CAUSES, EXISTING, LICENCE_PRICES, OPTIMISER, SECOND}


def test_what_cannot_be_compared_is_refused(before: Roadmap) -> None:
    with bad_input() as faults:
        requote(before, prices=cp.load_prices(price_book(currency="USD")), solve=planned)
    assert "USD" in faults[0].message
    alone = {name: value for name, value in TREE.items() if name != "horizon"} | {"vms": TREE["vms"][:1]}
    with bad_input() as faults:
        requote(before, workload=alone, solve=planned)
    assert "no horizon" in faults[0].message
    with bad_input() as faults:
        requote(before.model_copy(update={"total": before.total + 1}), solve=planned, name="r.json")
    assert {fault.where for fault in faults} == {"r.json"}


@pytest.fixture
def files(before: Roadmap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The roadmap and new inputs in the current folder; the command makes roadmaps phase by phase."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cloudplan.cli.diff.planned_over_time", lambda inputs, **_: planned(inputs))
    (tmp_path / "before.json").write_text(before.to_json(), encoding="utf-8")
    for name, tree in (("new.yaml", NEW), ("prices.yaml", NEW_BOOK)):
        (tmp_path / name).write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return tmp_path


def test_the_command_makes_a_roadmap_again_and_tells_two_apart(
    run: Run, files: Path, before: Roadmap, change: Requote[Roadmap]
) -> None:
    newer = ("--workload", "new.yaml", "--catalog", NEWEST, "--prices", "prices.yaml")
    ran = run("diff", "before.json", *newer, "-o", "after.json", "--format", "json")
    after, told = read_roadmap(files / "after.json"), json.loads(ran.out.removeprefix("Written: after.json\n"))
    assert (ran.status, after.total) == (0, change.after.total)
    assert told["roadmap"] == json.loads(after.to_json()) and told["schema"] == "cloudplan/roadmap-requote/v1"
    between = json.loads(run("diff", "before.json", "after.json", "--format", "json").out)
    assert between == {**roadmap_diff.values(change)}
    for what in ("causes", "months", "lines"):
        assert sum(Decimal(each["difference"]) for each in between[what]) == after.total - before.total
    assert run("diff", "before.json", *newer, "-o", "after.json").status == 2


def test_the_difference_is_told_in_both_languages(run: Run, files: Path, change: Requote[Roadmap]) -> None:
    (files / "after.json").write_text(change.after.to_json(), encoding="utf-8")
    french = run("diff", "before.json", "after.json", "--lang", "fr").out
    for words in ("MOIS PAR MOIS", "avant seulement", "COMMANDES PAR DATE", "croissance", "licence SQL", "dès 2027-07"):
        assert words in french
    english = run("diff", "before.json", "after.json", "--format", "markdown").out
    assert "VMs 50 % → 90 % a year" in english and "start 2027-01 → 2027-04, months 12 → 15" in english
    assert all(len(line) <= 100 for line in french.splitlines())
