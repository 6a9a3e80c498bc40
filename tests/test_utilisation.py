"""How full clusters, hosts and datastores are, and where every instance stands."""

from fractions import Fraction
from typing import Any

import pytest
from conftest import case, price_book, vm

import cloudplan as cp
from cloudplan.evaluation.backup_storage import backup_targets
from cloudplan.evaluation.utilisation import clusters, datastores, placements
from cloudplan.workload.case import Case, instances_at

DR = {"standby": "az06"}


def sized(**fields: Any) -> tuple[Case, cp.Plan]:
    asked = case(**fields)
    return asked, cp.optimise(asked.workload, asked.edition, asked.prices.book)


def test_the_use_of_a_cluster_is_the_sum_of_its_hosts_and_of_its_vms() -> None:
    vms = [vm(name="a", count=7, vcpus=16, memory_gib=100), vm(name="b", count=3)]
    asked, plan = sized(policy={"blades": ["standard:v3"]}, vms=vms)
    [use] = clusters(asked, plan)
    assert (use.cores, use.memory_gib, use.instances) == (7 * 4 + Fraction(3, 2), 724, 10)
    assert use.cores == sum(host.cores for host in use.hosts)
    assert use.memory_gib == sum(host.memory_gib for host in use.hosts)
    assert use.instances == sum(host.instances for host in use.hosts)
    assert (use.ceiling, use.failures) == (Fraction(17, 20), 1)
    assert use.most_memory_gib == Fraction(17, 20) * use.cluster.memory_gib >= use.memory_gib
    assert [use.cores_left(lost) for lost in (0, 1)] == [32 * use.cluster.hosts, 32 * (use.cluster.hosts - 1)]
    assert use.physical_gib_left(1) == 384 * (use.cluster.hosts - 1)


def test_a_standby_site_is_used_by_what_the_policy_holds_there() -> None:
    share = {"vcpu_share": 0.5, "memory_share": 0.25}
    asked, plan = sized(sites=DR, policy={"standby": share}, vms=[vm(vcpus=8, memory_gib=64, protection={"rpo": "1d"})])
    use = {each.cluster.site: (each.cores, each.memory_gib) for each in clusters(asked, plan)}
    assert use == {"az05": (2, 64), "az06": (1, 16)}


@pytest.mark.parametrize(("mirrored", "offered"), [(False, Fraction(500)), (True, Fraction(450))])
def test_a_datastore_is_used_by_disks_and_swap_files_and_offers_less_under_global_mirror(
    offered: Fraction, *, mirrored: bool
) -> None:
    protection = {"protection": {"mechanism": "global-mirror"}} if mirrored else {}
    disks = [{"size_gib": 900, "iops": 300, "class": "live"}]
    asked, plan = sized(sites=DR, vms=[vm(disks=disks, **protection)])
    use = datastores(asked, plan)[0]
    assert (use.disks_gib, use.swap_gib, use.iops) == (900, 8, 300)
    assert use.free_gib == use.store.size_gib - 908 >= use.store.size_gib / 10
    assert use.iops_offered == offered * use.store.size_gib / 1024


def test_a_datastore_offers_no_more_iops_than_its_ceiling() -> None:
    newest = cp.load_edition(cp.editions()[-1])
    asked, plan = sized(edition=newest, catalog=newest.edition, vms=[vm(disks=[{"size_gib": 4000, "class": "ultra"}])])
    [use] = datastores(asked, plan)
    assert use.iops_offered == newest.storage_classes["ultra"].iops_max


def test_every_instance_stands_on_one_host_and_its_disks_and_swap_file_on_datastores() -> None:
    vms = [
        vm(name="a", count=5, disks=[{"size_gib": 9000}, {"size_gib": 60}]),
        vm(name="r", count=2, protection={"mechanism": "vm-replication"}),
        vm(name="off", powered_on=False),
    ]
    asked, plan = sized(sites=DR, vms=vms)
    placed = list(placements(asked, plan))
    assert [(each.vm, each.site) for each in placed] == [
        *[(f"a-{n}", "az05") for n in range(1, 6)],
        *[(f"r-{n}", site) for site in ("az05", "az06") for n in (1, 2)],
        ("off", "az05"),
    ]
    stores = {store.name: store for store in plan.datastores}
    for each in placed:
        if each.group == "off":
            assert (each.cluster, each.host, each.swap) == ("", None, "")
        else:
            cluster = next(cluster for cluster in plan.clusters if cluster.name == each.cluster)
            assert cluster.site == each.site
            assert each.group in cluster.placement[(each.host or 0) - 1]
            assert each.group in stores[each.swap].vswp
        assert all(stores[name].site == each.site for name in each.disks)
    assert len({each.disks[0] for each in placed if each.group == "a"}) > 1


# --- a case, and its backup storage ----------------------------------------------------------------------------------


def test_a_case_answers_a_question_once() -> None:
    asked, calls = case(), list[int]()
    for _ in range(3):
        assert asked.once("question", lambda: calls.append(1) or "answer") == "answer"
    assert calls == [1]
    assert case().once("question", lambda: "another") == "another"


def test_what_is_on_offer_is_priced_and_allowed() -> None:
    asked = case(prices=price_book("perf", "bloc:ultra"), policy={"blades": ["eco:v3", "perf1:v3"]})
    assert list(asked.blades) == ["eco:v3"]
    assert list(asked.classes) == [name for name in asked.edition.storage_classes if name != "ultra"]


def test_sites_are_the_primary_the_standby_and_the_rest_in_the_order_of_the_provider() -> None:
    assert case(sites={"primary": "az06"}).sites == ("az06", "az05", "az07")
    assert case(sites={"primary": "az07", "standby": "az06"}).sites == ("az07", "az06", "az05")
    asked = case(sites=DR, vms=[vm(protection={"rpo": "1d"}), vm(name="off", site="az07", powered_on=False)])
    assert asked.cluster_sites == {"az05", "az06"}


def test_standby_memory_is_rounded_up_to_a_whole_mib() -> None:
    asked = case(sites=DR, policy={"standby": {"memory_share": "0.33"}}, vms=[vm(protection={"rpo": "1d"})])
    group = asked.workload.vms[0]
    active, standby = (instances_at(asked.workload, group, site) for site in ("az05", "az06"))
    assert (active.active, active.memory_mib, active.cores) == (True, 8192, Fraction(1, 2))
    assert (standby.active, standby.memory_mib, standby.cores) == (False, 2704, Fraction(1, 2))


def test_backup_storage_is_in_whole_tib_with_what_each_site_stores_in_hundredths() -> None:
    asked = case(vms=[vm(count=3, disks=[{"size_gib": 1000}]), vm(name="b", site="az06", disks=[{"size_gib": 1}])])
    targets = {target.site: target for target in backup_targets(asked)}
    assert list(targets) == ["az05", "az06"]
    one = targets["az06"]
    assert one.tib == 3
    assert [(source.site, source.vms, source.stored_gib) for source in one.sources] == [("az05", 3, one.stored_gib)]
    assert str(one.stored_gib) == "2967.10"
    assert targets["az05"].tib == 1
