"""Pinning and requoting: a plan holds what it was made from, and a newer one says what each cause costs."""

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import strategies
import yaml
from conftest import EDITION, REPOSITORY, Ran, bad_input, by_hand, examples, price_book, vm, workload
from hypothesis import given

import cloudplan as cp
from cloudplan.analysis.changes import OPTIMISER, MadeT, Requote, cost_of
from cloudplan.analysis.requote import CAUSES, difference, requote
from cloudplan.catalog.loading import catalog_folder
from cloudplan.plan.origin import origin_of, read_plan
from cloudplan.presentation.tables.requote import report, values
from cloudplan.presentation.text import render_report
from cloudplan.workload.reading import as_given

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]

NEWEST = "2026-04-30"
MORE = [vm(name="a", count=3), vm(name="b", vcpus=8, memory_gib=64, disks=[{"size_gib": 400}])]


def planned(edition: str | Path = EDITION, prices: dict[str, Any] | None = None, **fields: Any) -> cp.Plan:
    """Return the plan of a small workload."""
    loaded = cp.load_edition(edition)
    wanted = cp.read_workload(workload(**{"vms": MORE, **fields}), loaded, obey_pin=False)
    return cp.optimise(wanted, loaded, cp.load_prices(prices or price_book(), loaded))


def moved(change: Requote[MadeT]) -> dict[str, Decimal]:
    """Return what each step moved the total by."""
    return {step.name: cost_of(step.made) - cost_of(change.previous(step)) for step in change.steps}


def assert_sums(change: Requote[MadeT]) -> None:
    """Assert that causes, lines and totals agree to the cent."""
    difference = cost_of(change.after) - cost_of(change.before)
    assert sum(moved(change).values()) == difference
    assert sum(line.difference for line in change.lines) == difference
    for line in change.lines:
        assert sum(line.by_step.values()) == line.difference
    for name, amount in moved(change).items():
        assert sum(line.by_step[name] for line in change.lines) == amount


def own_catalogue(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """Return a copy of the edition, under another name, with texts replaced in its files."""
    shutil.copytree(catalog_folder() / EDITION, folder)
    for part, old, new in (("edition", f'edition: "{EDITION}"', "edition: mine"), *changes):
        text = (folder / f"{part}.yaml").read_text(encoding="utf-8")
        assert old in text
        (folder / f"{part}.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


# --- a plan holds what it was made from ------------------------------------------------------------------------------


def test_a_plan_is_read_back_from_its_json(tmp_path: Path) -> None:
    plan = planned()
    (tmp_path / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    assert read_plan(tmp_path / "plan.json") == plan


def test_the_inputs_of_a_plan_are_what_it_was_made_from() -> None:
    plan = planned(term_months=12, policy={"vcpu_per_core": 3})
    origin = origin_of(plan)
    assert origin.workload == cp.read_workload(
        workload(vms=MORE, term_months=12, policy={"vcpu_per_core": 3}), cp.load_edition(EDITION)
    )
    assert (origin.edition, origin.prices) == (cp.load_edition(EDITION), cp.load_prices(price_book()))
    assert cp.optimise(origin.workload, origin.edition, origin.prices).to_json() == plan.to_json()


def test_a_plan_carries_a_catalogue_of_ones_own_whole(tmp_path: Path) -> None:
    folder = own_catalogue(tmp_path / "mine", ("blades", "cores: 20", "cores: 30"))
    plan = planned(folder)
    shutil.rmtree(folder)
    read = cp.Plan.model_validate_json(plan.to_json())
    origin = origin_of(read)
    assert origin.edition.blades["eco:v3"].cores == 30
    assert origin.edition.sha256 == plan.catalog.sha256
    assert cp.verify(read, origin.workload, origin.edition, origin.prices).holds


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("workload", lambda tree: tree["inputs"]["workload"]["vms"][0].update(vcpus=3)),
        ("workload", lambda tree: tree["workload"].update(sha256="0" * 64)),
        ("prices", lambda tree: tree["inputs"]["prices"]["items"].update({"csp:tenant:v1": "1.00"})),
        ("catalog", lambda tree: tree["catalog"].update(sha256="0" * 64)),
    ],
)
def test_an_altered_plan_is_refused(what: str, change: Callable[[dict[str, Any]], object]) -> None:
    tree = json.loads(planned().to_json())
    change(tree)
    with bad_input() as faults:
        origin_of(cp.Plan.model_validate(tree), "plan.json")
    assert [(fault.where, fault.path) for fault in faults] == [("plan.json", f"{what}.sha256")]


def test_an_altered_catalogue_in_a_plan_is_refused(tmp_path: Path) -> None:
    tree = json.loads(planned(own_catalogue(tmp_path / "mine")).to_json())
    files = tree["inputs"]["catalog"]
    files["blades.yaml"] = files["blades.yaml"].replace("cores: 20", "cores: 22")
    with bad_input() as faults:
        origin_of(cp.Plan.model_validate(tree))
    assert [fault.path for fault in faults] == ["catalog.sha256"]


def test_an_edition_that_this_program_does_not_have_is_named() -> None:
    plan = planned()
    unknown = plan.model_copy(update={"catalog": plan.catalog.model_copy(update={"edition": "2031-01-01"})})
    with bad_input() as faults:
        origin_of(unknown)
    assert "'2031-01-01'" in faults[0].message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schema: cloudplan/plan/v1\n", "not a plan in JSON"),
        ('{"schema": "cloudplan/plan/v1", "schema": 1}', "key given twice: 'schema'"),
        ('{"schema": "cloudplan/workload/v1"}', "a workload, not a plan"),
        ("[]", "a mapping"),
        ("[" * 100_000, "not a plan in JSON"),
        ("", "not a plan in JSON"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text)
    with bad_input() as faults:
        read_plan(tmp_path / "plan.json")
    assert any(words in str(fault) for fault in faults)
    assert all(str(tmp_path / "plan.json") in str(fault) for fault in faults)


@given(strategies.workloads())
@examples(60)
def test_a_workload_without_its_defaults_is_the_same_workload(wish: dict[str, Any]) -> None:
    edition = cp.load_edition(EDITION)
    wanted = cp.read_workload(wish, edition)
    assert cp.read_workload(as_given(wanted, edition), edition) == wanted
    assert cp.read_workload(wanted.canonical(), edition) == wanted


def test_defaults_follow_the_edition_and_what_was_given_stays(tmp_path: Path) -> None:
    folder = own_catalogue(
        tmp_path / "mine",
        ("rules", "vcpu_per_core: 4", "vcpu_per_core: 2"),
        ("rules", "ceiling: 0.85", "ceiling: 0.80"),
        ("rules", "daily: 7", "daily: 5"),
    )
    old, new = cp.load_edition(EDITION), cp.load_edition(folder)
    vms = [vm(), vm(name="own", vcpu_per_core=8, backup={"daily": 30}), vm(name="named", backup="gold")]
    wanted = cp.read_workload(
        workload(vms=vms, policy={"memory_ceiling": "0.7"}, backup_policies={"gold": {"weekly": 9}}), old
    )
    moved_on = cp.read_workload(as_given(wanted, old), new)
    assert [group.vcpu_per_core for group in moved_on.vms] == [2, 8, 2]
    assert [(group.backup.daily, group.backup.weekly) for group in moved_on.vms] == [(5, 4), (30, 4), (5, 9)]
    assert moved_on.policy.memory_ceiling == Decimal("0.7")
    assert moved_on.catalog == "mine"


# --- requote ---------------------------------------------------------------------------------------------------------


def test_nothing_new_moves_nothing() -> None:
    plan = planned()
    change = requote(plan)
    assert [step.name for step in change.steps] == [OPTIMISER, *CAUSES]
    assert set(moved(change).values()) == {Decimal("0.00")}
    assert change.after.to_json() == plan.to_json()


def test_each_cause_has_its_share_in_order() -> None:
    plan = planned()
    newer = price_book(items={"csp:(region):iaas:vmware:eco:v3": "700.00", "csp:(region):iaas:backup:vm:v1": "8.00"})
    wish = workload(vms=[*MORE, vm(name="c", vcpus=30)], policy={"vcpu_per_core": 1})
    change = requote(plan, workload=wish, edition=cp.load_edition(NEWEST), prices=cp.load_prices(newer))
    assert_sums(change)
    assert [step.name for step in change.steps] == [OPTIMISER, *CAUSES]
    shares = moved(change)
    assert shares[OPTIMISER] == 0
    assert shares["workload"] > 0
    assert shares["policy"] > 0
    assert shares["catalogue"] == 450
    assert shares["prices"] != 0
    final = cp.optimise(
        cp.read_workload(wish, cp.load_edition(NEWEST), obey_pin=False),
        cp.load_edition(NEWEST),
        cp.load_prices(newer),
    )
    assert change.after.monthly == final.monthly


def test_prices_of_licences_are_a_cause_of_their_own() -> None:
    def book(licence: str, **more: Any) -> dict[str, Any]:
        return {**price_book(), "licences": {"db": {"per": "vm", "price": licence}}, **more}

    plan = planned(vms=[vm(count=2, licences=["db"])], prices=book("10.00"))
    items = {**price_book()["items"], "csp:(region):iaas:backup:vm:v1": "8.00"}
    change = requote(plan, prices=cp.load_prices(book("12.50", items=items)))
    assert_sums(change)
    assert [step.name for step in change.steps] == [OPTIMISER, *CAUSES, "licence prices"]
    shares = moved(change)
    assert shares["licence prices"] == 5 and shares["prices"] == -3
    assert "db 10.00 → 12.50" in render_report(report(change), style="terminal")
    other = {**price_book(), "licences": {"db": {"per": "vcpu", "price": "10.00"}, "x": {"per": "vm", "price": "1"}}}
    assert "db changed, x new" in render_report(report(requote(plan, prices=cp.load_prices(other))), style="terminal")


def test_a_cause_that_cannot_stand_alone_is_applied_with_the_next() -> None:
    plan = planned(prices=price_book("az:v1"))
    change = requote(plan, edition=cp.load_edition(NEWEST), prices=cp.load_prices(price_book()))
    assert [step.name for step in change.steps] == [OPTIMISER, "workload", "policy", "catalogue and prices"]
    assert "iaas:az:v1" in change.steps[-1].because
    assert moved(change)["catalogue and prices"] == 450
    assert_sums(change)


def test_what_the_optimiser_leaves_is_its_own_cause() -> None:
    plan = planned()
    cluster = plan.clusters[0]
    larger = {"hosts": cluster.hosts + 1, "memory_gib": cluster.memory_gib + 128}
    worse = by_hand(plan, clusters=(cluster.model_copy(update=larger),))
    change = requote(worse)
    assert moved(change)[OPTIMISER] == plan.monthly - worse.monthly < 0
    assert_sums(change)


def test_an_extra_that_the_new_edition_bills_by_itself_is_left_to_it() -> None:
    zone = {"sku": "csp:(region):iaas:az:v1", "quantity": 1}
    change = requote(planned(extras=[zone]), edition=cp.load_edition(NEWEST))
    assert moved(change)["catalogue"] == 0
    line = next(line for line in change.lines if line.sku == "csp:fr1:iaas:az:v1")
    assert line.before and line.after
    assert (line.before.line.rule, line.after.line.rule) == ("extras", "zone")


def test_a_sku_that_is_spelled_anew_is_one_line() -> None:
    sites = {"primary": "az05", "standby": "az07"}
    protected = vm(protection={"mechanism": "vm-replication"})
    plan = planned(vms=[protected], sites=sites)
    change = requote(plan, edition=cp.load_edition(NEWEST))
    before, after = [
        {line.sku for line in made.bom if "replication" in line.sku} for made in (change.before, change.after)
    ]
    assert before != after
    lines = [line for line in change.lines if "replication" in line.sku]
    assert [(line.sku, line.difference) for line in lines] == [(*after, Decimal("0.00"))]


def test_another_currency_is_refused() -> None:
    with bad_input() as faults:
        requote(planned(), prices=cp.load_prices(price_book(currency="USD")))
    assert "USD" in faults[0].message
    assert "EUR" in faults[0].message


def test_a_plan_that_breaks_a_rule_is_refused() -> None:
    plan = planned()
    with bad_input() as faults:
        requote(plan.model_copy(update={"monthly": plan.monthly - 1, "lower_bound": Decimal(0)}), name="plan.json")
    assert {fault.where for fault in faults} == {"plan.json"}
    assert "BOM" in {fault.rule for fault in faults}


def test_no_new_plan_is_said_as_by_size() -> None:
    with pytest.raises(cp.NoPlanError) as refused:
        requote(planned(), workload=workload(vms=[vm(memory_gib=4000)]))
    assert refused.value.exit_status == 3


@given(strategies.price_books())
@examples(3)
def test_lines_and_causes_sum_to_the_difference(book: dict[str, Any]) -> None:
    vms = [vm(count=4, vcpus=12, memory_gib=160), vm(name="b", disks=[{"size_gib": 900, "iops": 2000}])]
    try:
        change = requote(planned(vms=vms), prices=cp.load_prices(book), edition=cp.load_edition("2025-02-21"))
    except cp.BadInputError as error:
        assert all("no price" in fault.message for fault in error.faults)
        return
    assert_sums(change)
    shown = values(change)
    assert Decimal(shown["difference"]) == sum(Decimal(cause["difference"]) for cause in shown["causes"])
    assert shown["order"][-1] == OPTIMISER


def test_the_report_names_both_editions_books_and_hashes() -> None:
    change = requote(planned(), edition=cp.load_edition(NEWEST), prices=cp.load_prices(price_book(name="acme")))
    for style in ("terminal", "markdown"):
        text = render_report(report(change), style=style)  # type: ignore[arg-type]
        for made in (change.before, change.after):
            for said in (made.catalog.sha256, made.prices.sha256, made.workload.sha256, made.catalog.edition):
                assert said in text
        assert "ILLUSTRATIVE" in text
        assert "+450.00" in text
        assert "acme" in text


# --- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture
def plan_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan as `size` writes it, in the current folder, with its workload and price book."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workload.yaml").write_text(yaml.safe_dump(workload(vms=MORE), sort_keys=False), encoding="utf-8")
    (tmp_path / "prices.yaml").write_text(yaml.safe_dump(price_book(), sort_keys=False), encoding="utf-8")
    path = tmp_path / "plan.json"
    path.write_text(planned().to_json(), encoding="utf-8")
    return path


@pytest.mark.parametrize("style", ["table", "markdown", "json"])
def test_requote_prints_and_writes(style: str, run: Run, plan_file: Path, tmp_path: Path) -> None:
    ran = run("requote", plan_file, "--catalog", NEWEST, "--format", style, "--plan", "new.json", "--xlsx", "new.xlsx")
    assert (ran.status, ran.err) == (0, "Written: new.json\nWritten: new.xlsx\n")
    assert NEWEST in ran.out
    assert "450.00" in ran.out
    assert read_plan(tmp_path / "new.json").catalog.edition == NEWEST
    assert (tmp_path / "new.xlsx").read_bytes()[:2] == b"PK"
    if style == "json":
        assert json.loads(ran.out)["plan"] == json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))


def test_requote_works_from_the_plan_alone(run: Run, plan_file: Path, tmp_path: Path) -> None:
    (tmp_path / "workload.yaml").unlink()
    (tmp_path / "prices.yaml").unlink()
    assert run("requote", plan_file).status == 0


def test_requote_takes_a_new_workload_with_its_pin(run: Run, plan_file: Path, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(workload(vms=MORE[:1], catalog="2025-09-02")), encoding="utf-8")
    ran = run("requote", plan_file, "--workload", "new.yaml", "--term", 12, "--format", "json")
    shown = json.loads(ran.out)
    assert shown["after"]["catalog"]["edition"] == "2025-09-02"
    assert "4 VMs in 2 groups → 3 VMs in 1 group, term 1 → 12 months" in [cause["what"] for cause in shown["causes"]]


def test_faults_of_the_new_workload_have_their_line(run: Run, plan_file: Path, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(yaml.safe_dump(workload(vms=[vm(vcpus=0)])), encoding="utf-8")
    ran = run("requote", plan_file, "--workload", "new.yaml", "--plan", "new.json")
    assert (ran.status, ran.out) == (2, "")
    assert ran.faults[0].startswith("new.yaml:")
    assert not (tmp_path / "new.json").exists()


def test_requote_never_overwrites_what_it_reads(run: Run, plan_file: Path) -> None:
    before = plan_file.read_bytes()
    ran = run("requote", plan_file, "--plan", plan_file, "--force")
    assert (ran.status, plan_file.read_bytes()) == (2, before)


def test_a_locked_run_gives_the_same_bytes(run: Run, plan_file: Path) -> None:
    for inputs in ([], ["workload.yaml"], ["workload.yaml", "--prices", "prices.yaml", "--catalog", EDITION]):
        ran = run("size", *inputs, "--locked", plan_file, "--format", "json")
        assert (ran.status, ran.out) == (0, plan_file.read_text(encoding="utf-8"))


def test_a_locked_run_refuses_every_input_that_differs(run: Run, plan_file: Path, tmp_path: Path) -> None:
    (tmp_path / "workload.yaml").write_text(yaml.safe_dump(workload(vms=MORE[:1])), encoding="utf-8")
    (tmp_path / "prices.yaml").write_text(yaml.safe_dump(price_book("tenant")), encoding="utf-8")
    words = ("size", "workload.yaml", "--prices", "prices.yaml", "--catalog", NEWEST, "--locked", plan_file)
    ran = run(*words, "--output", "new.json")
    assert (ran.status, ran.out) == (2, "")
    for what in ("workload", "catalog", "prices"):
        assert any(f"{what}.sha256" in fault for fault in ran.faults)
    assert not (tmp_path / "new.json").exists()


def test_a_locked_run_refuses_another_term(run: Run, plan_file: Path) -> None:
    assert run("size", "--locked", plan_file, "--term", 12).status == 2


def test_size_needs_a_workload_or_a_plan(run: Run) -> None:
    ran = run("size")
    assert (ran.status, ran.out) == (2, "")
    assert "--locked" in ran.err


def test_the_tutorials_promise_every_output_carries_its_pins(run: Run, tmp_path: Path) -> None:
    example = REPOSITORY / "examples" / "web-shop.yaml"
    plan = json.loads(run("size", example, "--format", "json").out)
    pins = [plan[what]["sha256"] for what in ("workload", "catalog", "prices")]
    for style in ("table", "markdown"):
        text = run("size", example, "--format", style).out
        assert all(pin in text for pin in (*pins, plan["catalog"]["edition"], plan["program"]))


def test_what_did_not_change_is_verified_and_not_solved_again() -> None:
    def never(inputs: Any) -> cp.Plan:
        raise AssertionError("solved again")

    plan = planned()
    change = requote(plan, solve=never)
    assert change.after == plan and not change.solved
    assert change.after.bom == difference(plan, plan, solve=never).after.bom
    assert "not solved again" in " ".join(map(str, report(change).summary))
    assert_sums(change)
    older = plan.model_copy(update={"program": "cloudplan 0.0.1"})
    for other in (older, plan.model_copy(update={"status": "feasible"})):
        with pytest.raises((AssertionError, cp.BadInputError)):
            requote(other, solve=never)
