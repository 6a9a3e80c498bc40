"""Release notes: nothing that moved is left out, and each change says what it means for a plan."""

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import cloudplan as cp
from cloudplan.analysis.edition_fields import FIELDS, NOUNS, ORDER, Kind
from cloudplan.analysis.release_notes import Change, compare, goes_backwards, in_short
from cloudplan.base.language import ENGLISH
from cloudplan.catalog import edition as catalog

Tree = dict[str, Any]
Path = tuple[str | int, ...]

FIRST, LAST = "2025-01-16", "2026-08-20"
KEYED = [section for section in NOUNS if section not in ("edition", "zones", "services", "limits")]


def plain(edition: cp.Edition) -> Tree:
    return edition.model_dump(mode="json", by_alias=True)


def changed(edition: cp.Edition, change: Callable[[Tree], object]) -> cp.Edition:
    """Return an edition in which something else stands."""
    tree = plain(edition)
    change(tree)
    return cp.Edition.model_validate(tree)


def moves(before: str, after: str) -> dict[tuple[str, str], Change]:
    """Return what moved between two editions, by subject and field."""
    changes = compare(cp.load_edition(before), cp.load_edition(after))
    return {(change.subject, change.field): change for change in changes}


def only(edition: cp.Edition, change: Callable[[Tree], object]) -> Change:
    """Return the one change that a changed edition has."""
    [found] = compare(edition, changed(edition, change))
    return found


# --- nothing is left out ---------------------------------------------------------------------------------------------


def leaves(value: Any, where: Path = ()) -> Iterator[Path]:
    """Yield the path of every scalar and every list in a tree."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*where, key))
    else:
        yield where


def mappings(tree: Tree) -> list[Path]:
    """Return the paths of the mappings whose keys are data."""
    regions = [("regions", name, "zones") for name in tree["regions"]]
    figures = [("rules", name, "figures") for name, facts in tree["rules"].items() if facts["figures"]]
    return [*((section,) for section in KEYED), *regions, *figures]


def at(tree: Tree, where: Path) -> Any:
    for step in where:
        tree = tree[step]  # type: ignore[index]
    return tree


def another(name: str | int, value: Any) -> Any:
    """Return another value that the field may have."""
    others: dict[str | int, Any] = {"superseded": "2030-01-01", "alternatives": ["x"], "aliases": ["csp:x"]}
    others["items"] = ["blades"]
    if name in others:
        return others[name]
    if name == "unit_gib":
        return {1: 1024, 1024: 1}[value]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int) or value is None:
        return (value or 6) + 1
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return "2031-01-01"
    return f"{value}1"


TREE = plain(cp.load_edition(LAST))
LEAVES = [where for where in leaves(TREE) if where != ("schema",) and at(TREE, where[:-1]) is not None]


@pytest.mark.parametrize("name", cp.editions())
def test_an_edition_does_not_differ_from_itself(name: str) -> None:
    edition = cp.load_edition(name)
    assert compare(edition, edition) == ()
    assert compare(edition, cp.Edition.model_validate(plain(edition))) == ()


@given(where=st.sampled_from(LEAVES))
def test_any_field_that_moves_is_told(where: Path) -> None:
    edition = cp.load_edition(LAST)

    def change(tree: Tree) -> None:
        at(tree, where[:-1])[where[-1]] = another(where[-1], at(tree, where))

    there, back = compare(edition, changed(edition, change)), compare(changed(edition, change), edition)
    assert len(there) == len(back) == 1
    assert there[0].field.rpartition(".")[2] == where[-1]
    assert (there[0].before, there[0].after) == (back[0].after, back[0].before)
    assert there[0].meaning and back[0].meaning


@given(data=st.data())
def test_anything_that_comes_or_goes_is_told(data: st.DataObject) -> None:
    edition = cp.load_edition(LAST)
    where = data.draw(st.sampled_from([where for where in mappings(TREE) if where != ("regions",)]))
    key = data.draw(st.sampled_from(list(at(TREE, where))))
    less = changed(edition, lambda tree: at(tree, where).pop(key))
    [gone], [came] = compare(edition, less), compare(less, edition)
    assert key in (gone.key, gone.key.rpartition("/")[2], gone.field.removeprefix("figures."))
    assert gone.after is None and came.before is None
    assert gone.before == came.after
    assert gone.meaning and came.meaning


@given(data=st.data())
def test_another_order_is_told(data: st.DataObject) -> None:
    edition = cp.load_edition(LAST)
    ordered = [where for where in mappings(TREE) if len(at(TREE, where)) > 1 and where[-1] != "figures"]
    where = data.draw(st.sampled_from(ordered))
    keys = list(at(TREE, where))
    shuffled = data.draw(st.permutations(keys).filter(lambda other: list(other) != keys))

    def change(tree: Tree) -> None:
        at(tree, where[:-1])[where[-1]] = {key: at(tree, where)[key] for key in shuffled}

    assert only(edition, change).field == ORDER


@pytest.mark.parametrize("service", ["encryption", "zone"])
def test_a_service_that_is_not_sold_is_told(service: str) -> None:
    edition = cp.load_edition(LAST)
    change = only(edition, lambda tree: tree["services"].update({service: None}))
    assert (change.kind, change.subject, change.after) == ("gone", f"service {service}", None)


MODELS: dict[str, type[BaseModel]] = {
    "edition": catalog.Edition,
    "regions": catalog.Region,
    "zones": catalog.Zone,
    "blades": catalog.Blade,
    "storage_classes": catalog.StorageClass,
    "services": catalog.Service,
    "extras": catalog.Service,
    "withdrawn": catalog.Withdrawn,
    "rules": catalog.RuleFacts,
    "service_levels": catalog.ServiceLevel,
    "conditions": catalog.ServiceCondition,
    "certifications": catalog.Certification,
    "limits": catalog.Limit,
    "documents": catalog.SourceDocument,
}


def test_every_section_is_known() -> None:
    sections = {name for name, field in catalog.Edition.model_fields.items() if "dict" in str(field.annotation)}
    assert {*sections - {"files"}, "services", "limits", "zones", "edition"} == set(NOUNS) == set(MODELS)


@pytest.mark.parametrize("section", MODELS)
def test_every_field_has_a_meaning(section: str) -> None:
    names = set(MODELS[section].model_fields) - set(NOUNS) - {"files", "figures", "aliases"}
    names = names - {"source"} | {f"source.{part}" for part in catalog.Source.model_fields if "source" in names}
    wanted = names | ({"", ORDER} if section != "edition" else set())
    assert [name for name in wanted if f"{section}.{name}" not in FIELDS and f"*.{name}" not in FIELDS] == []


def test_the_table_has_no_field_that_is_not_there() -> None:
    known = {f"{section}.{name}" for section, model in MODELS.items() for name in (*model.model_fields, "", ORDER)}
    anywhere = {name for model in MODELS.values() for name in model.model_fields}
    for place in FIELDS:
        section, _, name = place.partition(".")
        assert place in known or (section == "*" and name.partition(".")[0] in anywhere), place


# --- what it means ---------------------------------------------------------------------------------------------------

HISTORY = [
    (
        "storage class ultra",
        "iops_max",
        "One LUN of ultra delivers at most 30 000 IOPS, reached at 2 TiB: where more is",
    ),
    ("storage class premium", "iops_max", "reached at 10 TiB: where more is needed, plans take more LUNs (IOPS-1)"),
    ("storage class live", "iops_max", "reached at 20 TiB, the size of the largest LUN: plans stay as they are"),
    ("storage class ultra", "mbps_max", "may ask for 1 024 MB/s together: where more is needed, plans take more LUNs"),
    ("rule MEM-4", "figures.contradicted", "every plan has the finding `memory-model`"),
    ("service encryption", "", "VMs may ask for `encrypted: true`, one unit each (ENC-1); they cannot be replicated"),
    ("service zone", "", "A plan now bills one unit for each zone with a cluster or a datastore."),
    ("extra zone", "", "A plan bills it itself now; a workload that still lists it in `extras` is refused."),
    ("extra firewall-ftg2", "", "Can be ordered through `extras`."),
    ("extra housing-rack", "", "Can be ordered through `extras`."),
    ("extra ipv6", "unit", "Check quantities, and the price of a unit"),
    ("service level compute_availability", "value", "What the provider promises; plans stay as they are."),
    ("rule IOPS-1", "source.section", "Where the provider says so; plans stay as they are."),
]
"""What the history of the catalogue has between the first edition and the last."""


@pytest.mark.parametrize(("subject", "field", "meaning"), HISTORY)
def test_the_history_of_the_catalogue_is_told(subject: str, field: str, meaning: str) -> None:
    assert meaning in moves(FIRST, LAST)[subject, field].meaning


def test_values_are_told_with_their_units() -> None:
    changes = moves(FIRST, LAST)
    assert (changes["storage class ultra", "iops_max"].was, changes["storage class ultra", "iops_max"].now) == (
        "none",
        "30 000 IOPS",
    )
    assert changes["storage class live", "mbps_max"].now == "512 MB/s"
    assert changes["extra housing-rack", ""].now.endswith("per rack, 12 months or more")


def test_the_block_of_addresses_comes_and_goes() -> None:
    gone = moves("2025-09-02", "2025-09-04")["extra ipv4-block", ""]
    back = moves("2025-11-27", "2026-04-17")["extra ipv4-block", ""]
    assert (gone.kind, back.kind) == ("gone", "new")
    assert gone.meaning == "Not sold in 2025-09-04; a workload that lists it in `extras` is refused."


def test_an_alias_keeps_serving() -> None:
    change = moves("2025-01-16", "2025-01-17")["service vm_replication", "sku"]
    assert change.kind == "sku"
    assert "a price book with the old one still serves, since it is an alias" in change.meaning


def test_spellings_in_another_order_are_text() -> None:
    change = moves("2025-01-16", "2025-01-17")["service vm_replication", "aliases"]
    assert (change.kind, change.meaning) == ("text", "The spellings are the same, in another order.")


def test_a_sku_whose_old_spelling_is_lost_needs_a_new_price_book(edition: cp.Edition) -> None:
    change = only(edition, lambda tree: tree["blades"]["eco:v3"].update(sku="csp:fr1:iaas:vmware:eco:v4"))
    assert "the old one is no alias of it, so a price book needs the new one" in change.meaning


def test_a_lost_alias_is_told(edition: cp.Edition) -> None:
    change = only(edition, lambda tree: tree["services"]["global_mirror"].update(aliases=[]))
    assert change.kind == "sku"
    assert change.meaning == "A price book may no longer say csp:(region):iaas:storage:license:globalmirror:v1."


def test_a_figure_is_told_with_its_rule(edition: cp.Edition) -> None:
    change = only(edition, lambda tree: tree["rules"]["LUN-2"]["figures"].update(maximum_gib="10240"))
    assert (change.kind, change.was, change.now) == ("limit", "20 480 GiB", "10 240 GiB")
    assert change.meaning.startswith("Largest LUN: ")


def test_an_unknown_rule_is_told(edition: cp.Edition) -> None:
    change = only(edition, lambda tree: tree["rules"].update({"X-1": tree["rules"]["CPU-2"]}))
    assert (change.subject, change.meaning) == ("rule X-1", "No rule of this program.")


@pytest.mark.parametrize(
    ("section", "key", "field", "value", "meaning"),
    [
        ("blades", "eco:v3", "cores", "24", "A host carries more vCPUs (CPU-1)."),
        ("blades", "eco:v3", "cores", "16", "A host carries fewer vCPUs (CPU-1)."),
        ("blades", "eco:v3", "ram_gib", "256", "A host holds fewer VMs (MEM-1, MEM-3)."),
        ("storage_classes", "ultra", "iops_per_tib", "10000", "LUNs sized by IOPS must be larger (IOPS-1)."),
        ("storage_classes", "ultra", "flash", False, "Disks with `iops` or without a class may no longer stand on it"),
        ("storage_classes", "mass", "iops_max", "100", "One LUN of mass delivers at most 100 IOPS: where more"),
        (
            "extras",
            "vlan",
            "min_term_months",
            "1",
            "It is sold for 1 month or more; a plan with a shorter term says so.",
        ),
    ],
)
def test_a_figure_says_what_it_does_to_plans(
    section: str, key: str, field: str, value: object, meaning: str, edition: cp.Edition
) -> None:
    assert meaning in only(edition, lambda tree: tree[section][key].update({field: value})).meaning


def test_backwards_the_contrary_is_said() -> None:
    changes = moves(LAST, FIRST)
    assert "plans may take fewer LUNs" in changes["storage class ultra", "iops_max"].meaning
    assert "plans stay as they are" in changes["storage class live", "iops_max"].meaning
    assert "no longer bills" in changes["service zone", ""].meaning
    assert "a plan no longer bills it itself" in changes["extra zone", ""].meaning
    assert "is refused" in changes["service encryption", ""].meaning
    assert "no plan has the finding" in changes["rule MEM-4", "figures.contradicted"].meaning


def test_only_dates_can_go_backwards() -> None:
    first, last = cp.load_edition(FIRST), cp.load_edition(LAST)
    assert goes_backwards(last, first)
    assert not goes_backwards(first, last)
    assert not goes_backwards(last.model_copy(update={"edition": "mine"}), first)


# --- order and summary -----------------------------------------------------------------------------------------------


def test_what_moves_plans_and_bills_stands_first() -> None:
    kinds = [change.kind for change in compare(cp.load_edition(FIRST), cp.load_edition(LAST))]
    assert kinds == sorted(kinds, key=get_args(Kind).index)
    assert set(kinds) == set(get_args(Kind)) - {"sku"}


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("2025-01-17", "2025-01-30", "texts and citations only"),
        ("2025-02-19", "2025-02-21", "SKU of services global_mirror, vm_replication"),
        ("2025-03-11", "2025-03-12", "new service zone; 15 new extras; extra zone gone"),
        ("2025-09-02", "2025-09-04", "new extras rsip-ipv4, rsip-ipv6; extra ipv4-block gone"),
        ("2025-09-04", "2025-10-13", "contradiction between the provider's pages of rule MEM-4 now true"),
        ("2025-10-13", "2025-11-27", "billing unit of extras ipv4, ipv6"),
        ("2026-04-17", "2026-04-30", "IOPS ceiling, bandwidth ceiling of storage classes live, medium, premium"),
    ],
)
def test_an_edition_is_told_in_a_line(before: str, after: str, line: str) -> None:
    told = in_short(compare(cp.load_edition(before), cp.load_edition(after)))
    assert ENGLISH.said(told).startswith(line)
