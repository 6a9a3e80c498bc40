"""What a placement must keep: the rules of clusters, hosts, datastores and mirrors, asked of what stands where.

The verifier walks a plan and calls these; the optimiser makes plans that keep them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cloudplan.plan.plan import GLOBAL_MIRROR, Choice, Cluster, Datastore, Mechanism
from cloudplan.rules.compute import (
    AFF_1,
    AFF_2,
    HA_1,
    HOM_1,
    MEMBERS_OF_A_HOST,
    apart_of,
    fit_of_one,
    needs,
    room,
)
from cloudplan.rules.protection import DR_1, DR_2, DR_3, GM_2, mechanism_fit, metro_mirror
from cloudplan.rules.rule import Check, Condition, Inequality
from cloudplan.rules.storage import CLS_2, LUN_1, LUN_2, VSWP_1, VSWP_2, swap_at_home, swap_classes
from cloudplan.workload.case import Case, Instances
from cloudplan.workload.workload import VmGroup

# --- clusters and hosts ---------------------------------------------------------------------------------------------


def cluster_is_known(case: Case, cluster: Cluster, named_so: int) -> Iterator[Condition]:
    """Yield what a cluster of a plan must be at all: one of its name, on a blade and at a site that there are."""
    yield HOM_1.require(named_so == 1, cluster.name, f"{named_so} clusters have this name")
    known = cluster.blade in case.edition.blades and cluster.site in case.sites
    yield HOM_1.require(known, cluster.name, "unknown blade or site")
    groups = case.workload.groups
    whole = all(
        host and all(name in groups and count > 0 for name, count in host.items()) for host in cluster.placement
    )
    yield HA_1.require(whole, cluster.name, "a host holds nothing, or an unknown VM, or no whole instances")


def spare_hosts(case: Case, cluster: Cluster) -> Condition:
    """Return that a cluster says how many hosts it can lose (HA-1)."""
    failures = case.workload.policy.host_failures
    return HA_1.require(cluster.spare_hosts == failures, cluster.name, f"spare_hosts is not {failures}")


def host(case: Case, cluster: Cluster, place: str, items: Sequence[tuple[Instances, int]]) -> Iterator[Check]:
    """Yield what a loaded host must keep with some instances of groups on it (CPU-1, MEM-3, GPU-1, HOM-1, AFF-2 …)."""
    yield from room(case, cluster.blade, needs(case, items), place)
    apart: Counter[str] = Counter()
    for item, count in items:
        yield from fit_of_one(case, item, cluster.blade)
        yield HOM_1.require(item.group.pool == cluster.pool, place, f"{item.group.name} is of another pool")
        apart.update(dict.fromkeys(apart_of(item.group), count))
    for label, count in apart.items():
        yield AFF_2.at_most(count, MEMBERS_OF_A_HOST, f"{place}, {label}", "members")


def share_a_host(site: str, label: str, hosts: int) -> Inequality:
    """Return that the members of an affinity group at a site stand on one of `hosts` hosts (AFF-1)."""
    return AFF_1.at_most(hosts, 1, f"{site}, {label}", "hosts")


# --- datastores -----------------------------------------------------------------------------------------------------


def datastore_is_known(case: Case, store: Datastore, named_so: int) -> Iterator[Condition]:
    """Yield what a datastore of a plan must be at all: one of its name, of a class and at a site that there are."""
    yield LUN_1.require(named_so == 1, store.name, f"{named_so} datastores have this name")
    known = store.storage_class in case.edition.storage_classes and store.site in case.sites
    yield LUN_1.require(known, store.name, "unknown class or site")
    groups = case.workload.groups
    disks = all(
        disk.vm in groups and 0 <= disk.disk < len(groups[disk.vm].disks) and disk.count > 0 for disk in store.disks
    )
    swap = all(name in groups and count > 0 for name, count in store.vswp.items())
    yield LUN_2.require(disks and swap, store.name, "holds an unknown VM or disk, or no whole instances")


def whole_units(case: Case, store: Datastore) -> Condition:
    """Return that a datastore has whole billing units (LUN-1)."""
    whole = store.size_gib % case.edition.storage_classes[store.storage_class].unit_gib == 0
    return LUN_1.require(whole, store.name, f"{store.size_gib} GiB is not whole billing units")


def disks_placed(case: Case, choice: Choice) -> Iterator[Check]:
    """Yield that every disk stands whole at each site where it belongs, alike in class (LUN-2, CLS-2, DR-3, VMR-2)."""
    held: dict[tuple[str, str, int], Counter[str]] = defaultdict(Counter)
    for store in choice.datastores:
        for placed in store.disks:
            held[store.site, placed.vm, placed.disk][store.storage_class] += placed.count
    wanted: set[tuple[str, str, int]] = set()
    for group in case.workload.vms:
        for index, disk in enumerate(group.disks):
            sites = case.workload.sites_of(group) if disk.replicated else (group.site,)
            classes = set()
            for site in sites:
                key = (site, group.name, index)
                wanted.add(key)
                place = f"{group.name} disk {index} at {site}"
                count = sum(held[key].values())
                yield LUN_2.require(count == group.count, place, f"{count} disks placed of {group.count}")
                classes |= set(held[key])
            yield CLS_2.at_most(len(classes), 1, f"{group.name} disk {index}", "classes")
    for site, name, index in sorted(held.keys() - wanted):
        rule = LUN_2 if case.workload.groups[name].disks[index].replicated else DR_3
        yield rule.require(False, f"{name} disk {index} at {site}", "the disk has no business at this site")


def swap_placed(case: Case, choice: Choice) -> Iterator[Check]:
    """Yield that every swap file stands once at each site where its VM may run, as the policy has it (VSWP-1, -2).

    It stands with disk 0, or on one class; where only data of a VM stand there is but the mirror image of one (DR-1).
    The swap files of a group under Global Mirror are mirrored at both peers or at none.
    """
    held: dict[tuple[str, str], list[_Held]] = defaultdict(list)
    for store in choice.datastores:
        disks_0: Counter[str] = Counter()
        for placed in store.disks:
            if placed.disk == 0:
                disks_0[placed.vm] += placed.count
        for name, count in store.vswp.items():
            held[store.site, name].append(_Held(store, count, disks_0[name]))
    wanted: dict[tuple[str, str], int] = {(item.site, item.group.name): item.count for item in case.instances}
    images = _mirror_images(case, held)
    mirrored: dict[str, list[bool]] = defaultdict(list)
    for key in sorted(wanted.keys() | held.keys()):
        count = sum(each.swap_files for each in held[key])
        place = f"swap of {key[1]} at {key[0]}"
        due, rule = (images[key], DR_1) if key in images else (wanted.get(key, 0), VSWP_1)
        yield rule.require(count == due, place, f"{count} swap files placed of {due}")
        allowed = _at_home(case, held[key]) or _on_one_class(case, held[key])
        yield VSWP_2.require(allowed, place, f"against the policy {case.workload.policy.vswp}")
        if choice.protection.get(key[1]) == GLOBAL_MIRROR:
            mirrored[key[1]].append(any(each.store.replication is not None for each in held[key]))
    for name, sides in sorted(mirrored.items()):
        words = "swap files on a mirrored datastore at one peer only"
        yield VSWP_2.require(len(set(sides)) == 1, name, words)


class _Held(NamedTuple):
    """What a datastore holds of a group: its swap files, and its disks number 0."""

    store: Datastore
    swap_files: int
    disks_0: int


def _mirror_images(case: Case, held: Mapping[tuple[str, str], Sequence[_Held]]) -> dict[tuple[str, str], int]:
    """Return the swap files that stand where only data do: images of those on mirrored datastores (DR-1, GM-2)."""
    groups = case.workload.groups
    return {
        (site, name): sum(each.swap_files for each in stores if each.store.replication)
        for (site, name), stores in held.items()
        if groups[name].powered_on
        and site in case.workload.sites_of(groups[name])
        and site not in case.workload.sites_of_instances(groups[name])
    }


def _at_home(case: Case, held: Sequence[_Held]) -> bool:
    """Return whether the swap files of a group at a site stand with disk 0, and may."""
    return swap_at_home(case) and all(each.disks_0 == each.swap_files for each in held)


def _on_one_class(case: Case, held: Sequence[_Held]) -> bool:
    """Return whether the swap files of a group at a site stand apart, on one class where they may."""
    classes = {each.store.storage_class for each in held}
    allowed = len(classes) == 1 and classes <= set(swap_classes(case))
    return allowed and not any(each.store.replication for each in held)


# --- protection -----------------------------------------------------------------------------------------------------


def mechanism_is_wanted(case: Case, name: str) -> Condition:
    """Return that a group with a mechanism is protected (DR-2)."""
    groups = case.workload.groups
    protected = name in groups and groups[name].protection is not None
    return DR_2.require(protected, name, "a mechanism for a VM that is not protected")


def mechanism_of(case: Case, group: VmGroup, mechanism: Mechanism | None) -> Iterator[Check]:
    """Yield what the mechanism of a protected group must keep (DR-2, MM-1 and the mechanism's own rules)."""
    yield DR_2.require(mechanism is not None, group.name, "protected, but without a mechanism")
    yield metro_mirror(case, group)
    if mechanism:
        yield from mechanism_fit(case, group, mechanism)


def instances_placed(case: Case, clusters: Sequence[Cluster]) -> Iterator[Check]:
    """Yield that every instance that runs is placed once at each of its sites, and nothing else (HA-1, DR-1)."""
    placed: Counter[tuple[str, str]] = Counter()
    for cluster in clusters:
        for host in cluster.placement:
            for name, count in host.items():
                placed[cluster.site, name] += count
    wanted = {(item.site, item.group.name): item.count for item in case.instances}
    for key in sorted(wanted.keys() | placed.keys()):
        rule = HA_1 if key[0] == case.workload.groups[key[1]].site else DR_1
        words = f"{placed[key]} instances placed of {wanted.get(key, 0)}"
        yield rule.require(placed[key] == wanted.get(key, 0), f"{key[1]} at {key[0]}", words)


def mirrored_apart(choice: Choice, store: Datastore, vm: str, *, replicated: bool, place: str) -> Condition:
    """Return that a disk stands on a mirrored datastore exactly when it is to be mirrored (GM-2)."""
    to_mirror = choice.protection.get(vm) == GLOBAL_MIRROR and replicated
    words = "replicated and not replicated content share a datastore"
    return GM_2.require((store.replication is not None) == to_mirror, place, words)


def mirrored_swap(choice: Choice, store: Datastore) -> Iterator[Condition]:
    """Yield that a mirrored datastore holds swap files of mirrored VMs only (GM-2)."""
    for name in store.vswp if store.replication else ():
        words = f"the swap file of {name}, which is not mirrored, stands on a mirrored datastore"
        yield GM_2.require(choice.protection.get(name) == GLOBAL_MIRROR, store.name, words)


def mirror_pairs(case: Case, datastores: Sequence[Datastore]) -> Iterator[Condition]:
    """Yield that a mirrored datastore and its peer name each other, are alike, and hold one site's VMs (GM-2)."""
    stores, groups = {store.name: store for store in datastores}, case.workload.groups
    for store in datastores:
        if not store.replication:
            yield GM_2.require(store.peer is None, store.name, "has a peer, but is not replicated")
            continue
        peer = stores.get(store.peer or "")
        alike = peer is not None and (
            (peer.peer, peer.replication, peer.storage_class, peer.size_gib)
            == (store.name, store.replication, store.storage_class, store.size_gib)
        )
        yield GM_2.require(alike, store.name, "its peer is missing, does not name it back, or differs in class or size")
        if peer is None:
            continue
        yield GM_2.require(_content(peer) == _content(store), store.name, "its peer holds other content")
        sources = {groups[disk.vm].site for disk in store.disks} | {groups[name].site for name in store.vswp}
        yield GM_2.require(len(sources) == 1, store.name, "replicates in two directions, or nothing")
        for source in sources:
            other = {case.workload.other_site(groups[disk.vm]) for disk in store.disks}
            pair = {store.site, peer.site} == {source, *other}
            yield GM_2.require(pair, store.name, "the peer is not at the other site of its VMs")


def _content(store: Datastore) -> tuple[object, ...]:
    disks = sorted((disk.vm, disk.disk, disk.count) for disk in store.disks)
    return tuple(disks), tuple(sorted(store.vswp.items()))
