"""Editions of one's own, with one thing in them changed: a plan that verifies, or faults in words, and nothing else.

The newest edition is copied under another name, and one field at a time is taken away, emptied, renamed or given
another value. CLOUDPLAN_EXAMPLES tries more of the mutations; 40 try them all.
"""

import copy
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from conftest import TIMES, vm, workload

import cloudplan as cp
from cloudplan.base.errors import InternalError
from cloudplan.catalog.loading import FILES, catalog_folder
from cloudplan.rules.book import rule_book

pytestmark = pytest.mark.usefixtures("solved_once")

OWN = "mine"
NEWEST = catalog_folder() / cp.editions()[-1]
FILES_OF_NEWEST = {file: (NEWEST / file).read_text(encoding="utf-8") for file in FILES}
TREES = {file: yaml.load(text, yaml.BaseLoader) for file, text in FILES_OF_NEWEST.items()}
PRICES = cp.load_prices()
EXTRA = "csp:(region):network:vlan:v1"

WISHES = (
    workload(catalog=OWN, vms=[vm(count=3, gpus=1, disks=[{"size_gib": 60, "iops": 300, "mbps": 20}])]),
    workload(
        catalog=OWN,
        sites={"standby": "az06"},
        extras=[{"sku": EXTRA, "quantity": 2}],
        vms=[
            vm(min_ghz=3, protection={"mechanism": "global-mirror"}, disks=[{"size_gib": 60, "iops": 300}]),
            vm(name="b", min_ghz=3, encrypted=True, disks=[{"size_gib": 60}, {"size_gib": 300, "class": "mass"}]),
        ],
    ),
)
"""A workload with GPUs, and one with a standby site, encryption, mass storage and an extra."""

NUMBERS = ("0", "1", "10", "1000000", "0.5", "-1")
WORDS = ("", "many", "nan")
UNITS = ("1", "1024", "GiB", "TiB")
SAID = {
    "label",
    "note",
    "cpu",
    "connectivity",
    "title",
    "provider",
    "value",
    "gpu_model",
    "sku",
    "unit",
    "aliases",
    "items",
    "customer",
}
"""Fields of words: other numbers say nothing new there."""
LEFT_OUT = {"source", "documents", "schema"}
EXTRAS_TRIED = {"tenant", "vlan", "link-1g"}
"""The other extras are like one of these."""

Where = tuple[str, ...]


class Mutation(NamedTuple):
    """Another value at a place of a file of the edition; None takes the field away."""

    file: str
    where: Where
    value: Any

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, str) else "without it" if self.value is None else "other entries"
        return f"{'.'.join(self.where)}: {value!r}"


def inside(tree: Any, where: Where) -> Any:
    """Return what stands at a place."""
    for key in where:
        tree = tree[key]
    return tree


def places(tree: Any, where: Where = ()) -> Iterator[Where]:
    """Yield every place of a document that is tried."""
    if where:
        yield where
    for key in tree if isinstance(tree, dict) else ():
        if key not in LEFT_OUT and (where != ("extras",) or key in EXTRAS_TRIED):
            yield from places(tree[key], (*where, key))


def others(where: Where, found: Any) -> Iterator[Any]:
    """Yield what else may stand at a place: nothing, other entries, other numbers, words, units."""
    yield None
    if isinstance(found, dict):
        yield {}
        yield {"new" if key == first else key: value for first in list(found)[:1] for key, value in found.items()}
        yield from ({key: found[key]} for key in list(found)[:2])
    elif isinstance(found, list):
        yield []
        yield ["many"]
    else:
        values = (*WORDS, *(UNITS if "unit" in where[-1] else ()), *(NUMBERS if where[-1] not in SAID else ()))
        yield from (value for value in values if value != found)


def mutations() -> Iterator[Mutation]:
    """Yield every mutation."""
    for file, tree in TREES.items():
        for where in places(tree):
            yield from (Mutation(file, where, value) for value in others(where, inside(tree, where)))


def figure(rule: str, name: str, value: str) -> Mutation:
    return Mutation("rules.yaml", ("rules", rule, "figures", name), value)


def one_zone(name: str) -> Mutation:
    where = ("regions", "fr1", "zones")
    return Mutation("edition.yaml", where, {name: inside(TREES["edition.yaml"], (*where, name))})


ONCE_A_CRASH = [
    *(figure("ORD-2", name, "0") for name in ("hosts_max", "datastores_max", "backup_max_gib")),
    *(figure("ORD-2", "hosts_max", "-1"), figure("IOPS-3", "performance_left", "0")),
    *(one_zone("az05"), one_zone("az06")),
]

EVERY = [mutation for mutation in mutations() if mutation not in ONCE_A_CRASH]
random.Random(0).shuffle(EVERY)


def own_edition(folder: Path, mutation: Mutation | None) -> Path:
    """Write the edition under another name, with a mutation, and return its folder."""
    trees: Mapping[str, Any] = copy.deepcopy(TREES)
    trees["edition.yaml"]["edition"] = OWN
    if mutation is not None:
        *parents, last = mutation.where
        parent = inside(trees[mutation.file], tuple(parents))
        if mutation.value is None:
            del parent[last]
        else:
            parent[last] = mutation.value
    changed = {"edition.yaml", mutation.file} if mutation else {"edition.yaml"}
    for file, text in FILES_OF_NEWEST.items():
        written = yaml.safe_dump(trees[file], sort_keys=False, allow_unicode=True) if file in changed else text
        (folder / file).write_text(written, encoding="utf-8")
    return folder


def outcome(folder: Path) -> list[cp.Plan | cp.CloudplanError]:
    """Return the plans of the workloads under an edition of one's own, each verified, or what was refused."""
    found: list[cp.Plan | cp.CloudplanError] = []
    try:
        edition = cp.load_edition(folder)
        rule_book(edition)
    except cp.CloudplanError as refusal:
        return [refusal]
    for wish in WISHES:
        try:
            asked = cp.read_workload(wish, edition)
            plan = cp.optimise(asked, edition, PRICES)
            assert cp.verify(plan, asked, edition, PRICES).holds
            found.append(plan)
        except cp.CloudplanError as refusal:
            found.append(refusal)
    return found


def announced(folder: Path) -> None:
    """Require plans, or refusals that are no fault of the program, each with a fault that says something."""
    for found in outcome(folder):
        if not isinstance(found, cp.Plan):
            assert not isinstance(found, InternalError), found
            assert found.faults
            assert all(fault.message for fault in found.faults)


def test_an_edition_of_ones_own_that_changes_nothing_sizes(tmp_path: Path) -> None:
    assert all(isinstance(found, cp.Plan) for found in outcome(own_edition(tmp_path, None)))


@pytest.mark.parametrize("mutation", EVERY[: 60 * TIMES], ids=str)
def test_an_edition_with_one_thing_changed_sizes_or_says_what_is_wrong(mutation: Mutation, tmp_path: Path) -> None:
    announced(own_edition(tmp_path, mutation))


@pytest.mark.parametrize("mutation", ONCE_A_CRASH, ids=str)
def test_an_edition_that_crashed_once(mutation: Mutation, tmp_path: Path) -> None:
    announced(own_edition(tmp_path, mutation))
