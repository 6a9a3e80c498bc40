"""What a price rests on: which assumptions there are, where they come from, what they move, and that they are told."""

import json
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EDITION, Ran, price_book, vm, workload

import cloudplan as cp
from cloudplan.analysis.assumptions import with_amounts
from cloudplan.base.language import ENGLISH
from cloudplan.evaluation.assumption_kinds import KINDS
from cloudplan.evaluation.assumptions import Otherwise, assumptions, bases, largest, words_of
from cloudplan.evaluation.resting import Change
from cloudplan.evaluation.verify import NOT_CHECKED, verify
from cloudplan.inventory.importing import import_inventory
from cloudplan.optimiser.memory import Memory
from cloudplan.plan.origin import Origin, origin_of
from cloudplan.plan.plan import Assumption, Plan
from cloudplan.workload.case import Case

pytestmark = pytest.mark.usefixtures("solved_once")

CONTRADICTED = "2025-10-13"
DR = {"standby": "az07"}
APART = ("host-failures", "iops-not-told", "snapshot-headroom")
MIRRORED = vm(protection={"mechanism": "global-mirror"})
TERMS = {"discounts": [{"match": "*", "percent": 10, "min_term_months": 12}]}

APPLIES: dict[str, dict[str, Any]] = {
    "memory-model": {},
    "iops-not-told": {},
    "vcpu-per-core": {},
    "used-not-told": {},
    "used": {"vms": [vm(disks=[{"size_gib": 60, "used_gib": 40}])]},
    "host-memory-reserve": {},
    "memory-ceiling": {},
    "backup-retention": {},
    "backup-reduction": {},
    "backup-change-rate": {},
    "standby": {"sites": DR, "vms": [MIRRORED]},
    "snapshot-headroom": {},
    "mirror-licence": {"sites": DR, "vms": [MIRRORED]},
    "host-failures": {},
    "swap-place": {},
    "min-datastores": {},
    "powered-off": {"vms": [vm(), vm(name="b", powered_on=False)]},
    "term": {},
}
"""A workload that rests on each."""

APPLIES_NOT: dict[str, dict[str, Any]] = {
    "iops-not-told": {"vms": [vm(disks=[{"size_gib": 60, "iops": 10}])]},
    "used-not-told": {"vms": [vm(disks=[{"size_gib": 60, "used_gib": 40}])]},
    "used": {},
    "standby": {},
    "mirror-licence": {"sites": DR, "vms": [vm(protection={"mechanism": "vm-replication"})]},
    "powered-off": {},
    "term": {"term_months": 12},
}
"""A workload that does not."""


def planned(prices: dict[str, Any] | None = None, *, edition: str = EDITION, **fields: Any) -> Plan:
    found = cp.load_edition(edition)
    wanted = cp.read_workload(workload(**{"catalog": edition, **fields}), found)
    return cp.optimise(wanted, found, cp.load_prices(prices))


def computed(plan: Plan, *codes: str) -> Plan:
    """Return a plan with what it would cost otherwise, for some assumptions or for all."""
    return computed_from(origin_of(plan), plan, Memory(), codes)


def computed_from(origin: Origin, plan: Plan, memory: Memory, codes: Collection[str]) -> Plan:
    asked = [kind.code for kind, _ in bases(Case.of(*_parts(origin)), plan.choice)]

    def some(work: Callable[[Change], Otherwise], changes: Sequence[Change]) -> list[Otherwise]:
        wanted = [not codes or code in codes for code in asked]
        return [work(change) if yes else Otherwise() for yes, change in zip(wanted, changes, strict=True)]

    return with_amounts(origin, plan, partial(sized, memory=memory), some)


def sized(origin: Origin, memory: Memory | None = None) -> Plan:
    return cp.optimise(origin.workload, origin.edition, origin.prices, memory=memory)


def by_code(plan: Plan) -> dict[str, Assumption]:
    return {each.code: each for each in plan.assumptions}


# --- which there are -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [kind.code for kind in KINDS])
def test_a_plan_tells_what_it_rests_on_and_nothing_that_it_does_not(code: str) -> None:
    told = by_code(planned(price_book(**TERMS), **APPLIES[code]))[code]
    assert told.what and told.value and told.otherwise and told.source
    assert told.value != told.otherwise and told.monthly_otherwise is None
    if code in APPLIES_NOT:
        assert code not in by_code(planned(price_book(**TERMS), **APPLIES_NOT[code]))


@pytest.mark.parametrize("code", [kind.code for kind in KINDS])
def test_what_is_otherwise_is_another_case_that_no_longer_says_the_same(code: str) -> None:
    plan = planned(price_book(**TERMS), **APPLIES[code])
    seen: list[Origin] = []
    with_amounts(origin_of(plan), plan, lambda origin: seen.append(origin) or plan)
    place = [each.code for each, _ in bases(Case.of(*_parts(origin_of(plan))), plan.choice)].index(code)
    before, after = origin_of(plan), seen[place]
    assert (before.workload.sha256, before.prices.sha256) != (after.workload.sha256, after.prices.sha256)
    again = {each.code: each.value for each in assumptions(Case.of(*_parts(after)), plan.choice, plan.monthly)}
    if code != "mirror-licence":
        assert again.get(code) != by_code(plan)[code].value


def _parts(origin: Origin) -> tuple[cp.Workload, cp.Edition, cp.PriceBook]:
    return origin.workload, origin.edition, origin.prices


def test_a_value_is_given_when_the_file_gives_it_be_it_the_default() -> None:
    silent, said = planned(), planned(policy={"host_failures": 1, "backup": {"daily": 7}})
    assert by_code(silent)["host-failures"].origin == by_code(silent)["backup-retention"].origin == "default"
    assert by_code(said)["host-failures"].origin == by_code(said)["backup-retention"].origin == "given"
    assert by_code(said)["vcpu-per-core"].origin == "default"
    assert (silent.inputs.given, said.inputs.given) == ((), ("policy.backup.daily", "policy.host_failures"))
    assert silent.workload.sha256 == said.workload.sha256
    edition = cp.load_edition(EDITION)
    termed = cp.read_workload(workload(), edition, term_months=6)
    assert termed.given == {"term_months"}


def test_what_nobody_knows_is_given_when_it_is_not_the_default(edition: cp.Edition) -> None:
    wanted = cp.read_workload(workload(policy={"host_failures": 2}), edition).with_given(None)
    plan = cp.optimise(wanted, edition, cp.load_prices())
    assert plan.inputs.given is None
    assert {code: each.origin for code, each in by_code(plan).items() if each.origin == "given"} == {
        "host-failures": "given"
    }


def test_instead_of_what_was_chosen_the_default_is_tried() -> None:
    plan = planned(policy={"vcpu_per_core": 2, "backup": {"daily": 30}})
    assert (by_code(plan)["vcpu-per-core"].value, by_code(plan)["vcpu-per-core"].otherwise) == ("2", "4")
    assert by_code(plan)["backup-retention"].otherwise == "7 daily, 4 weekly, 0 monthly, 0 yearly"
    assert by_code(plan)["vcpu-per-core"].source == "the workload, policy.vcpu_per_core"


def test_a_contradicted_source_stays_one_whoever_chose() -> None:
    for policy in ({}, {"memory_model": "included_full"}):
        plan = planned(edition=CONTRADICTED, policy=policy)
        assert plan.assumptions[0].code == "memory-model" and plan.assumptions[0].origin == "contradicted"
    assert by_code(planned())["memory-model"].origin == "default"


def test_a_contradicted_source_is_never_below_the_first_three() -> None:
    plan = computed(planned(edition=CONTRADICTED, vms=[vm(count=9, memory_gib=2)]), "memory-model", *APART)
    assert [each.code for each in plan.assumptions[:4]][-1] == "memory-model"
    shown = largest(plan.assumptions)
    assert len(shown) == 3 and shown[-1].code == "memory-model"
    assert shown[:2] == plan.assumptions[:2]


# --- what they move --------------------------------------------------------------------------------------------------


def test_each_amount_is_that_of_a_proven_plan_and_the_largest_comes_first(edition: cp.Edition) -> None:
    plan = computed(planned(vms=[vm(count=20, memory_gib=32)]))
    amounts = [each.monthly_otherwise for each in plan.assumptions]
    assert None not in amounts
    moved = [abs(amount - plan.monthly) for amount in amounts if amount is not None]
    assert moved == sorted(moved, reverse=True) and moved[0] > 0
    told = by_code(plan)
    fewer = planned(vms=[vm(count=20, memory_gib=32)], policy={"vcpu_per_core": 3})
    assert (told["vcpu-per-core"].monthly_otherwise, told["vcpu-per-core"].lower_bound_otherwise) == (
        fewer.monthly,
        fewer.lower_bound,
    )


def test_a_licence_on_both_sides_costs_twice_as_much() -> None:
    plan = computed(planned(sites=DR, vms=[MIRRORED]), "mirror-licence")
    licence = next(line for line in plan.bom if "globalmirror" in line.sku)
    assert by_code(plan)["mirror-licence"].monthly_otherwise == plan.monthly + licence.monthly


def test_where_there_would_be_no_plan_that_comes_first() -> None:
    plan = computed(planned(policy={"max_clusters": 1}, vms=[vm(count=31, anti_affinity="apart")]), "host-failures")
    assert plan.assumptions[0].code == "host-failures"
    assert plan.assumptions[0].monthly_otherwise is None and plan.assumptions[0].no_plan
    assert "no plan" in cp.render(plan, style="terminal")


# --- what is told of them --------------------------------------------------------------------------------------------


def test_a_verdict_makes_the_list_again_and_names_what_it_takes_as_it_is() -> None:
    plan = computed(planned(), "host-failures", "memory-model")
    origin = origin_of(plan)
    verdict = verify(plan, *_parts(origin))
    assert verdict.holds and verdict.document == plan
    assert verdict.not_checked == (*NOT_CHECKED, "assumptions[].monthly_otherwise")
    forged = plan.assumptions[1].model_copy(update={"origin": "given"})
    for changed in ((), plan.assumptions[1:], (*plan.assumptions, forged), (plan.assumptions[0], forged)):
        broken = verify(plan.model_copy(update={"assumptions": changed}), *_parts(origin))
        assert not broken.holds and all(check.place.startswith("assumptions") for check in broken.violations)


def test_every_assumption_is_said_in_french() -> None:
    spoken = cp.render(planned(price_book(**TERMS), sites=DR, vms=[MIRRORED]), style="markdown", lang="fr")
    assert "Hypothèses de prix" in spoken and "sur l’autre site" in spoken
    assert not any(kind.what in spoken for kind in KINDS if kind.what.isascii())


def test_words_of_another_program_stay_as_they_are() -> None:
    other = planned().assumptions[0].model_copy(update={"code": "newer", "what": "Something", "value": "else"})
    words = words_of(other)
    assert [words.what.values["text"], words.value.values["text"]] == ["Something", "else"]


def test_size_computes_them_when_asked_to(run: Callable[..., Ran], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("w.yaml").write_text(yaml.safe_dump(workload(vms=[vm(count=20, memory_gib=32)])), encoding="utf-8")
    plain = run("size", "w.yaml")
    assert plain.status == 0 and "first of all on:" in plain.out and "a month. " not in plain.out
    ran = run("size", "w.yaml", "--assumptions", "-o", "plan.json")
    assert ran.status == 0
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    assert all(Decimal(each["monthly_otherwise"]) > 0 for each in plan["assumptions"])
    shown = run("size", "w.yaml", "--assumptions")
    assert "most of all on:" in shown.out and shown.out.count("\n  - ") == 3
    assert "assumptions[].monthly_otherwise" in run("verify", "plan.json").out
    assert json.loads(run("verify", "plan.json", "--prove", "--format", "json").out)["not_checked"] == []


@pytest.mark.parametrize("factor", ["0.9", "1.1"])
def test_an_amount_that_was_made_up_is_refused_when_it_is_proven(
    factor: str, run: Callable[..., Ran], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("w.yaml").write_text(yaml.safe_dump(workload(vms=[vm(count=20, memory_gib=32)])), encoding="utf-8")
    assert run("size", "w.yaml", "--assumptions", "-o", "plan.json").status == 0
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    first = plan["assumptions"][0]
    for name in ("monthly_otherwise", "lower_bound_otherwise"):
        first[name] = str((Decimal(first[name]) * Decimal(factor)).quantize(Decimal("0.01")))
    plan["assumptions"].sort(key=lambda each: -abs(Decimal(each["monthly_otherwise"]) - Decimal(plan["monthly"])))
    Path("forged.json").write_text(json.dumps(plan), encoding="utf-8")
    assert run("verify", "forged.json").status == 0
    ran = run("verify", "forged.json", "--prove")
    assert ran.status == 4 and f"assumptions, {first['code']}, sized again" in ran.out


def test_a_quote_for_a_customer_has_no_amounts_of_them() -> None:
    from cloudplan.presentation.tables import assumptions as tables  # noqa: PLC0415

    plan = computed(planned(), "host-failures")
    shown = tables.table(plan, internal=False)
    names = [column.name for column in shown.columns]
    assert "Change of the total" in names and not {"Monthly", "Change"} & set(names)
    loose = [each.model_copy(update={"lower_bound_otherwise": Decimal(1)}) for each in plan.assumptions]
    loose = [each for each in loose if each.monthly_otherwise not in (None, plan.monthly)]
    told = [tables.moves(plan, each, internal=internal) for each in loose[:1] for internal in (False, True)]
    assert [ENGLISH.said(text).split()[0] for text in told if text] == ["about", ENGLISH.said(told[0]).split()[1]]


# --- the shared export -----------------------------------------------------------------------------------------------

MOVED = {"memory-model": "-24.7", "iops-not-told": "11.8", "vcpu-per-core": "4.0", "host-failures": "0.7"}
"""Percent of the bill, as measured when the list was asked for."""


def test_the_shared_export_rests_on_what_was_measured(shared: Path) -> None:
    examples = shared / "examples"
    edition = cp.load_edition("2026-04-30")
    imported = import_inventory([examples / "inventories" / "rvtools-3-805vm.xlsx"])
    tree = {**yaml.safe_load(imported.text), "catalog": edition.edition}
    for disk in (disk for group in tree["vms"] for disk in group["disks"]):
        disk.pop("used_gib", None)  # as it was measured: backed up at full size
    wanted = cp.read_workload(tree, edition)
    origin = Origin(wanted, edition, cp.load_prices(examples / "prices.yaml"))
    memory = Memory()
    plan = sized(origin, memory)
    found = by_code(computed_from(origin, plan, memory, MOVED))
    for code, percent in MOVED.items():
        amount = found[code].monthly_otherwise
        assert amount is not None
        assert round((amount - plan.monthly) / plan.monthly * 100, 1) == Decimal(percent), code
