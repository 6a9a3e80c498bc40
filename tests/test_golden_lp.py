"""Golden LP files: what each rule that reaches the solver asks of it, alone, with the unknowns named.

When a rule moves on purpose, run ``pytest --update-golden tests/test_golden_lp.py`` and read the difference.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import highspy
import pytest
from conftest import GOLDEN, case, price_book, vm, workload

import cloudplan as cp
from cloudplan.optimiser.solver import Model, Unknown
from cloudplan.plan.plan import Cluster
from cloudplan.rules import compute, placement, protection, standing, storage
from cloudplan.rules.rule import Check, Inequality
from cloudplan.workload.case import Case

LP = GOLDEN / "lp"
STANDING = {"name": "c", "site": "az05", "blade": "eco:v3", "hosts": 3}
NEWEST, CEILINGS = cp.editions()[-1], "2026-04-30"
"""The edition whose rules must all have a file, and the one that the figures are of: it has the ceilings of a LUN."""


def whole(model: Model, name: str) -> Unknown:
    """Return an unknown with a name that a reader understands."""
    unknown = model.whole()
    unknown.name = name
    return unknown


def asked_of(**fields: Any) -> Case:
    return case(edition=cp.load_edition(CEILINGS), catalog=CEILINGS, **fields)


def on_a_host(model: Model) -> Iterator[Check]:
    """Three kinds of VMs on one host with GPUs; two of them must stay apart."""
    groups = [vm(name="web", anti_affinity="x"), vm(name="db", vcpus=6, memory_gib="31.5", anti_affinity="x")]
    asked = asked_of(vms=[*groups, vm(name="ai", gpus=1)])
    stands: dict[str, Any] = {"site": "az05", "pool": "default", "blade": "perf4:v3", "placement": ()}
    cluster = Cluster(name="c", hosts=2, spare_hosts=1, memory_gib=256, **stands)
    items = [(item, whole(model, f"{item.group.name}_vms")) for item in asked.instances]
    yield from placement.host(asked, cluster, "host", items)
    yield placement.share_a_host("az05", "together", whole(model, "hosts_of_the_group"))


def of_clusters(model: Model, **policy: Any) -> Iterator[Check]:
    """Like clusters of one blade type taken together, with two failures."""
    asked = asked_of(policy={"host_failures": 2, "max_clusters": 3, "host_memory_reserve_gib": 16, **policy})
    size = compute.ClusterSize(*(whole(model, name) for name in ("hosts", "loaded", "memory_gib", "clusters")))
    yield from compute.cluster_limits(asked, asked.edition.blades["standard:v3"], "standard", size)
    used_mib = 16 * 1024 * whole(model, "vms_of_16_gib") + 512 * whole(model, "vms_of_half_a_gib")
    yield compute.memory_ceiling(asked, "standard", used_mib=used_mib, memory_gib=size.memory_gib)
    yield from compute.cluster_count(asked, "az05", size.clusters + whole(model, "other_clusters"))


def with_all_memory(model: Model) -> Iterator[Check]:
    return of_clusters(model, memory_model="included_full")


def of_luns(model: Model, *, mirrored: bool) -> Iterator[Check]:
    """Like LUNs of one class taken together, and what stands on them."""
    asked = asked_of(policy={"min_datastores": 2})
    size_gib, luns = whole(model, "size_gib"), whole(model, "luns")
    disks = whole(model, "disks_of_60_gib_300_iops_20_mbps")
    rows = storage.lun_limits(
        asked,
        asked.edition.storage_classes["live"],
        "live",
        size_gib=size_gib,
        load=(60 * 1024 * disks, 300 * disks, 20 * disks),
        mirrored=mirrored,
        luns=luns,
    )
    yield from rows
    yield storage.datastores_of_site(asked, "az05", luns)
    yield protection.mirror_licence("az05", mirrored_gib=size_gib, licences_tib=whole(model, "licences_tib"))


def of_plain_luns(model: Model) -> Iterator[Check]:
    return of_luns(model, mirrored=False)


def of_mirrored_luns(model: Model) -> Iterator[Check]:
    return of_luns(model, mirrored=True)


def of_what_stands(model: Model) -> Iterator[Check]:
    """Hosts of clusters that stand, and the GiB of a class."""
    yield standing.hosts_stand("az05", 4 * whole(model, "clusters_of_four"), whole(model, "hosts"))
    asked = asked_of(existing={"datastores": [{"site": "az05", "class": "live", "size_gib": 700}]})
    yield standing.storage_stands(asked, "az05", "live", whole(model, "size_gib"))


RULES: dict[str, Callable[[Model], Iterator[Check]]] = {
    **dict.fromkeys(("CPU-1", "MEM-3", "GPU-1", "AFF-1", "AFF-2"), on_a_host),
    **dict.fromkeys(("MAX-1", "HA-1", "HA-2", "MEM-1", "MEM-2", "policy.max_clusters"), of_clusters),
    **dict.fromkeys(("MEM-4",), with_all_memory),
    **dict.fromkeys(("LUN-1", "LUN-2", "LUN-3", "IOPS-1", "IOPS-4", "ORD-1", "GM-3"), of_plain_luns),
    **dict.fromkeys(("IOPS-3",), of_mirrored_luns),
    **dict.fromkeys(("EXI-1", "EXI-2"), of_what_stands),
}
"""Which rules reach the solver, and how to ask for their rows."""


def rows_of(rule: str, model: Model) -> list[Inequality]:
    """Return the rows of one rule."""
    return [row for row in RULES[rule](model) if row.rule.id == rule and isinstance(row, Inequality)]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_alone_is_its_golden_lp(rule: str, golden: Callable[[str, str], None]) -> None:
    model = Model()
    rows = rows_of(rule, model)
    model.keep(*rows)
    assert rows
    golden(f"lp/{rule}.lp", model.text())


def test_there_is_no_golden_lp_of_a_rule_that_does_not_reach_the_solver() -> None:
    assert {path.stem for path in LP.glob("*.lp")} == set(RULES)


def kept_rules(monkeypatch: pytest.MonkeyPatch, wishes: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> set[str]:
    """Return the ids of the rules that the optimiser gives to the solver for some workloads and price books."""
    seen: set[str] = set()
    keep = Model.keep

    def noting(model: Model, *rows: Inequality) -> None:
        seen.update(row.rule.id for row in rows)
        keep(model, *rows)

    monkeypatch.setattr(Model, "keep", noting)
    edition = cp.load_edition(NEWEST)
    for wish, book in wishes:
        cp.optimise(cp.read_workload(wish, edition), edition, cp.load_prices(book))
    return seen


def test_every_rule_that_reaches_the_solver_has_a_golden_lp(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules that the optimiser keeps, seen at work, and those of the dimensions, which patterns and sums keep."""
    mirror = vm(name="m", protection={"mechanism": "global-mirror"}, disks=[{"size_gib": 60, "iops": 300, "mbps": 20}])
    wishes: list[dict[str, Any]] = [
        {"sites": {"standby": "az06"}, "policy": {"max_clusters": 2}, "vms": [vm(count=3), mirror]},
        {"policy": {"memory_model": "included_full", "min_datastores": 2}},
        {"existing": {"clusters": [STANDING], "datastores": [{"site": "az05", "class": "live", "size_gib": 700}]}},
    ]
    seen = kept_rules(monkeypatch, [(workload(catalog=NEWEST, **wish), price_book()) for wish in wishes])
    counted = {entry.rule.id for entry in (*compute.DIMENSIONS, *storage.LUN_DIMENSIONS)}
    counted |= {entry.mirrored_rule.id for entry in storage.LUN_DIMENSIONS if entry.mirrored_rule}
    assert seen | counted | {compute.AFF_1.id, compute.AFF_2.id} == set(RULES)
    assert seen >= {"MAX-1", "MEM-2", "LUN-2", "IOPS-3", "IOPS-4", "GM-3", "policy.max_clusters"}


@pytest.mark.parametrize("rule", RULES)
def test_a_golden_lp_is_a_model_that_a_solver_reads(rule: str) -> None:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(LP / f"{rule}.lp")) == highspy.HighsStatus.kOk
    assert highs.getNumRow() >= 1
