"""The verifier catches what is broken: a drop, a duplicate, a shave, a split, a swapped class, a changed price."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import case, vm

import cloudplan as cp
from cloudplan.optimiser.optimise import optimise
from cloudplan.workload.case import Case

Document = dict[str, Any]


@pytest.fixture(scope="module")
def sized() -> tuple[Case, Document]:
    """A plan with everything in it: two sites, both mechanisms, anti-affinity, swap files, a powered-off VM."""
    built = case(
        sites={"primary": "az05", "standby": "az07"},
        vms=[
            vm(
                name="db",
                count=2,
                memory_gib=64,
                anti_affinity="db",
                protection={"rpo": "15m"},
                disks=[{"size_gib": 300}],
            ),
            vm(name="app", count=6, memory_gib=32, protection={"rpo": "1h", "rto": "15m"}, disks=[{"size_gib": 100}]),
            vm(name="log", disks=[{"size_gib": 80}, {"size_gib": 900, "class": "mass"}]),
            vm(name="off", powered_on=False, disks=[{"size_gib": 400, "class": "premium", "iops": 900}]),
        ],
    )
    plan = optimise(built.workload, built.edition, built.prices.book)
    return built, json.loads(plan.to_json())


def broken_rules(built: Case, document: Document) -> set[str]:
    return {
        check.rule.id
        for check in cp.verify(
            cp.Plan.model_validate(document), built.workload, built.edition, built.prices.book
        ).violations
    }


def test_the_plan_itself_holds(sized: tuple[Case, Document]) -> None:
    assert broken_rules(*sized) == set()


def store(document: Document, **wanted: Any) -> Document:
    """Return the first datastore with these values."""
    return next(s for s in document["datastores"] if all(s[key] == value for key, value in wanted.items()))


def drop_instance(document: Document) -> None:
    host = document["clusters"][0]["placement"][0]
    host.pop(next(iter(host)))


def double_instance(document: Document) -> None:
    host = document["clusters"][0]["placement"][0]
    host[next(iter(host))] += 1


def load_the_spare(document: Document) -> None:
    cluster = document["clusters"][0]
    first = cluster["placement"][0]
    moved = first.pop(next(iter(first)))
    cluster["placement"] += [{"app": moved}] * (cluster["hosts"] - len(cluster["placement"]))


def put_apart_together(document: Document) -> None:
    cluster = next(c for c in document["clusters"] if any("db" in host for host in c["placement"]))
    hosts = [host for host in cluster["placement"] if "db" in host]
    hosts[1].pop("db")
    hosts[0]["db"] = 2
    cluster["placement"] = [host for host in cluster["placement"] if host]


def shave_memory(document: Document) -> None:
    document["clusters"][0]["memory_gib"] -= 1


def shave_hosts(document: Document) -> None:
    document["clusters"][0]["hosts"] -= 1


def another_blade(document: Document) -> None:
    document["clusters"][0]["blade"] = "perf1:v3"


def shave_lun(document: Document) -> None:
    store(document, **{"class": "live", "site": "az05"})["size_gib"] -= 1


def shave_to_nothing(document: Document) -> None:
    store(document, **{"class": "premium"})["size_gib"] = 499


def half_a_unit(document: Document) -> None:
    store(document, **{"class": "mass"})["size_gib"] += 512


def swap_class(document: Document) -> None:
    store(document, **{"class": "mass"})["class"] = "live"


def drop_disk(document: Document) -> None:
    store(document, **{"class": "live", "site": "az05"})["disks"].pop()


def drop_swap(document: Document) -> None:
    store(document, **{"class": "live", "site": "az05"})["vswp"].popitem()


def split_swap(document: Document) -> None:
    live, other = store(document, **{"class": "live", "site": "az05"}), store(document, **{"class": "premium"})
    live["vswp"]["app"] -= 1
    other["vswp"]["app"] = 1
    other["size_gib"] += 100


def break_peer(document: Document) -> None:
    store(document, replication="global-mirror")["peer"] = None


def unequal_peer(document: Document) -> None:
    store(document, replication="global-mirror")["size_gib"] += 1


def stop_mirroring(document: Document) -> None:
    for entry in document["datastores"]:
        entry["replication"] = entry["peer"] = None


def drop_mechanism(document: Document) -> None:
    document["protection"].pop("app")


def wrong_mechanism(document: Document) -> None:
    document["protection"]["db"] = "vm-replication"


def change_price(document: Document) -> None:
    document["bom"][0]["unit_price"] = "1.00"


def change_amount(document: Document) -> None:
    document["bom"][0]["monthly"] = "1.00"


def change_total(document: Document) -> None:
    document["monthly"] = "1.00"


def drop_line(document: Document) -> None:
    document["bom"].pop()


def double_line(document: Document) -> None:
    document["bom"].append(document["bom"][0])


def change_quantity(document: Document) -> None:
    document["bom"][0]["quantity"] += 1


def less_backup(document: Document) -> None:
    document["backup"][0]["tib"] -= 1


def bound_above(document: Document) -> None:
    document["lower_bound"] = str(float(document["monthly"]) + 1)


def lie_about_the_gap(document: Document) -> None:
    document["gap"] = 0.5


def lie_about_the_status(document: Document) -> None:
    document["status"] = "feasible"


@pytest.mark.parametrize(
    ("mutate", "rule"),
    [
        (drop_instance, "HA-1"),
        (double_instance, "HA-1"),
        (load_the_spare, "HA-1"),
        (put_apart_together, "AFF-2"),
        (shave_memory, "MEM-2"),
        (shave_hosts, "HA-1"),
        (another_blade, "BOM"),
        (shave_lun, "LUN-3"),
        (shave_to_nothing, "LUN-1"),
        (half_a_unit, "LUN-1"),
        (swap_class, "CLS-1"),
        (drop_disk, "LUN-2"),
        (drop_swap, "VSWP-1"),
        (split_swap, "VSWP-2"),
        (break_peer, "GM-2"),
        (unequal_peer, "GM-2"),
        (stop_mirroring, "GM-2"),
        (drop_mechanism, "DR-2"),
        (wrong_mechanism, "VMR-1"),
        (change_price, "BOM"),
        (change_amount, "BOM"),
        (change_total, "BOM"),
        (drop_line, "BOM"),
        (double_line, "BOM"),
        (change_quantity, "BOM"),
        (less_backup, "BKP-3"),
        (bound_above, "PROOF"),
        (lie_about_the_gap, "PROOF"),
        (lie_about_the_status, "PROOF"),
    ],
)
def test_a_broken_plan_is_caught(mutate: Callable[[Document], None], rule: str, sized: tuple[Case, Document]) -> None:
    built, document = sized[0], json.loads(json.dumps(sized[1]))
    mutate(document)
    assert rule in broken_rules(built, document)
