"""Why: each figure of a plan with its formula, its numbers, its rule, its source, and the VMs that it comes from.

What a VM costs is a share of what it uses; the shares of all VMs, and what belongs to none, sum to the plan exactly.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from cloudplan.base.units import MIB_PER_GIB, exact_sum, for_people, gib, rational, rounded
from cloudplan.evaluation import utilisation
from cloudplan.evaluation.items import (
    ACCESS,
    BACKUP,
    BLADES,
    CLASSES,
    ENCRYPTION,
    MEMORY,
    MIRROR,
    NETWORK,
    REPLICATION,
    key_of,
    lines_by_key,
)
from cloudplan.evaluation.utilisation import ClusterUse
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION, BomLine, Cluster, Datastore, Plan
from cloudplan.rules.backup import backup_site, is_backed_up, stored_factor
from cloudplan.rules.compute import AFF_2, apart_of, dimensions, included_gib
from cloudplan.rules.networks import billed_at
from cloudplan.rules.rule import Check, Inequality
from cloudplan.rules.storage import datastore_limits
from cloudplan.workload.case import Case
from cloudplan.workload.workload import VmGroup

PACKING = "packing: VMs are whole, and do not fill hosts to the brim"


@dataclass(frozen=True)
class Bound:
    """What a resource asks of a cluster: hosts that its sum needs at least, and what is used of what there is."""

    name: str
    unit: str
    used: Fraction
    offered: Fraction
    after_failure: Fraction
    hosts: int


def bounds(use: ClusterUse, case: Case) -> list[Bound]:
    """Return the resources of a cluster, each with the loaded hosts that its sum alone would need."""
    blade = case.edition.blades[use.cluster.blade]
    found = []
    for dimension in dimensions(case):
        used, each = use.used(dimension), dimension.offer(case, blade)
        if used or each:
            hosts = math.ceil(used / each) if each else 0
            left = use.cluster.hosts - use.failures
            shown, unit = for_people(used, dimension.unit)
            whole, rest = (for_people(each * count, dimension.unit)[0] for count in (use.cluster.hosts, left))
            found.append(Bound(dimension.rule.id, unit, shown, whole, rest, hosts))
    return found


def binding(use: ClusterUse, case: Case) -> str:
    """Return what decides the loaded hosts of a cluster: a resource whose sum needs them, VMs apart, or the packing."""
    loaded = len(use.hosts)
    tight = [bound.name for bound in bounds(use, case) if bound.hosts == loaded]
    apart: dict[str, int] = {}
    for host in use.cluster.placement:
        for name, count in host.items():
            for label in apart_of(case.workload.groups[name]):
                apart[label] = apart.get(label, 0) + count
    tight += [f"{AFF_2.id} ({label} on {count} hosts)" for label, count in apart.items() if count == loaded > 1]
    return " and ".join(tight) or PACKING


def limits_of(case: Case, store: Datastore) -> list[Inequality]:
    """Return the rules of a datastore with its numbers, tightest first."""
    rows = [row for row in datastore_limits(case, store, store.size_gib) if row.left or row.right]
    return sorted(rows, key=relative_slack)


def relative_slack(check: Check) -> Fraction:
    """Return the slack of a check as a share of its right side."""
    left, right, _ = check.shown
    return (right - left) / (abs(right) or Fraction(1))


def groups_behind(case: Case, plan: Plan, line: BomLine) -> list[str]:
    """Return the VM groups that a line of the bill comes from, in the order of the workload."""
    group, _, name = key_of(case, line.sku).partition(".")
    here = [cluster for cluster in plan.clusters if cluster.site == line.site]
    if group == BLADES:
        named = _placed([cluster for cluster in here if cluster.blade == name])
    elif group == CLASSES:
        stores = [s for s in plan.datastores if s.site == line.site and s.storage_class == name]
        named = {disk.vm for store in stores for disk in store.disks} | {n for store in stores for n in store.vswp}
    else:
        named = _placed(here) if f"{group}.{name}" == MEMORY else _billed(case, plan, line)
    return [group.name for group in case.workload.vms if group.name in named]


def _placed(clusters: Iterable[Cluster]) -> set[str]:
    return {name for cluster in clusters for host in cluster.placement for name in host}


def _billed(case: Case, plan: Plan, line: BomLine) -> set[str]:
    """Return the groups behind a line of a service."""
    groups, key = case.workload.vms, key_of(case, line.sku)
    here = [group for group in groups if group.site == line.site]
    if key == BACKUP:
        stored = [group for group in groups if backup_site(case, group) == line.site]
        return {group.name for group in stored if any(map(is_backed_up, group.disks))}
    if key in (MIRROR, REPLICATION):
        wanted = GLOBAL_MIRROR if key == MIRROR else VM_REPLICATION
        return {group.name for group in here if plan.protection.get(group.name) == wanted}
    if key in (ACCESS, ENCRYPTION):
        return {group.name for group in here if group.encrypted or key == ACCESS}
    if key == NETWORK:
        networks = {each.name for each in case.workload.networks if billed_at(case, each) == line.site}
        return {group.name for group in groups if networks & set(group.networks)}
    return set()


# --- what a VM costs ----------------------------------------------------------------------------------------------


class Share(NamedTuple):
    """What one instance of a group costs a month for a part of the plan, and how its share is reckoned."""

    part: str
    how: str
    monthly: Fraction


def shares(case: Case, plan: Plan, *, apart: bool = False) -> dict[str, list[Share]]:
    """Return what one instance of each group costs a month, part by part; exact, summing to all lines with VMs behind.

    Blades and memory of a cluster go half by cores, half by memory of its VMs; a datastore by the space on it; licences
    by replicated space or by VM; backup storage by what is stored. With `apart` VMs bear of hosts and datastores only
    what they use: half of a host by its cores, half by its memory, activated memory and datastores by GiB.
    """
    found: dict[str, list[Share]] = {group.name: [] for group in case.workload.vms}
    lines = lines_by_key(case, plan.bom)
    _share_compute(case, plan, lines, found, apart=apart)
    _share_storage(case, plan, lines, found, apart=apart)
    _share_services(case, plan, found)
    return found


Shares = Mapping[str, Sequence[Share]]
"""What one instance of each group costs, as `shares` returns it."""


def rest(case: Case, plan: Plan, shared: Shares) -> Fraction:
    """Return what belongs to no VM, beside their shares: zones, extras, and blades or datastores without a VM."""
    return Fraction(plan.monthly) - all_of(case, shared)


def reserves(case: Case, plan: Plan, shared: Shares, used: Shares) -> tuple[Fraction, Fraction]:
    """Return what spare hosts cost a month, and what the headroom of hosts and datastores that VMs do not use does.

    `used` are the shares of what VMs use, without the two.
    """
    lines = lines_by_key(case, plan.bom)
    spare = sum(
        (
            _blades_and_memory(case, use, lines)[0] * use.cluster.spare_hosts / use.cluster.hosts
            for use in utilisation.clusters(case, plan)
            if use.hosts
        ),
        Fraction(0),
    )
    return spare, all_of(case, shared) - all_of(case, used) - spare


def all_of(case: Case, found: Shares) -> Fraction:
    """Return what shares come to for all instances."""
    groups = case.workload.groups
    parts: dict[str, list[tuple[Fraction, int]]] = {}
    for name, own in found.items():
        for each in own:
            parts.setdefault(each.part, []).append((each.monthly, groups[name].count))
    return exact_sum(exact_sum(*zip(*terms, strict=True)) for terms in parts.values())


def _blades_and_memory(
    case: Case, use: ClusterUse, lines: Mapping[tuple[str, str], BomLine]
) -> tuple[Fraction, Fraction]:
    """Return what blades and additional memory of a cluster cost: lines go by hosts, or by memory beyond theirs."""
    cluster = use.cluster
    blade, extra = lines.get((cluster.site, f"{BLADES}.{cluster.blade}")), lines.get((cluster.site, MEMORY))
    blades = Fraction(blade.monthly) * cluster.hosts / blade.quantity if blade else Fraction(0)
    beyond_gib = cluster.memory_gib - included_gib(case.edition) * cluster.hosts
    return blades, Fraction(extra.monthly) * beyond_gib / extra.quantity if extra else Fraction(0)


def _share_compute(
    case: Case,
    plan: Plan,
    lines: Mapping[tuple[str, str], BomLine],
    found: dict[str, list[Share]],
    *,
    apart: bool,
) -> None:
    """Share the blades and the memory of each cluster."""
    for use in utilisation.clusters(case, plan):
        cluster = use.cluster
        if not cluster.placement:
            continue
        blades, memory = _blades_and_memory(case, use, lines)
        if apart:
            of_a_host = blades / cluster.hosts / 2
            per_core = of_a_host / use.cores_per_host
            per_gib = of_a_host / use.memory_per_host_gib + memory / cluster.memory_gib
            how = "half of a host by cores, half by memory; activated memory by GiB"
        else:
            per_core, per_gib = ((blades + memory) / 2 / whole for whole in (use.cores, use.memory_gib))
            how = "half by cores, half by memory of the cluster's VMs"
        cost, part = _by_size(per_core, per_gib), f"blades and memory of {cluster.name}"
        counts: dict[str, int] = {}
        for host in cluster.placement:
            for name, count in host.items():
                counts[name] = counts.get(name, 0) + count
        for name, count in counts.items():
            item = case.instances_of(name, cluster.site)
            monthly = cost(item.cores, item.memory_mib) * Fraction(count, item.count)
            found[name].append(Share(part, how, monthly))


def _by_size(per_core: Fraction, per_gib: Fraction) -> Callable[[Fraction, int], Fraction]:
    """Return what an instance costs by its cores and its MiB of memory; most have others of their size."""
    return cache(lambda cores, memory_mib: per_core * cores + per_gib * gib(memory_mib))


def _share_storage(
    case: Case,
    plan: Plan,
    lines: Mapping[tuple[str, str], BomLine],
    found: dict[str, list[Share]],
    *,
    apart: bool,
) -> None:
    groups = case.workload.groups
    for store in plan.datastores:
        line = lines[store.site, f"{CLASSES}.{store.storage_class}"]
        units = Fraction(store.size_gib, case.edition.storage_classes[store.storage_class].unit_gib)
        cost = Fraction(line.monthly) * units / line.quantity
        space: dict[str, int] = {}
        for disk in store.disks:
            space[disk.vm] = space.get(disk.vm, 0) + groups[disk.vm].disks[disk.disk].size_mib * disk.count
        for name, count in store.vswp.items():
            space[name] = space.get(name, 0) + groups[name].memory_mib * count
        if not space:
            continue
        part, per_mib = (
            f"datastore {store.name}",
            cost / (store.size_gib * MIB_PER_GIB if apart else sum(space.values())),
        )
        for name, size_mib in space.items():
            monthly = per_mib * Fraction(size_mib, groups[name].count)
            found[name].append(Share(part, "by the space on it", monthly))


def _share_services(case: Case, plan: Plan, found: dict[str, list[Share]]) -> None:
    for line in plan.bom:
        key = key_of(case, line.sku)
        if key not in (MIRROR, REPLICATION, ACCESS, BACKUP, ENCRYPTION):
            continue
        groups = [case.workload.groups[name] for name in groups_behind(case, plan, line)]
        weights = {group.name: _weight(group, key) for group in groups}
        total = exact_sum(weights.values(), (group.count for group in groups))
        if not total:
            continue
        how = {MIRROR: "by replicated space", BACKUP: "by what is stored"}.get(key, "one for each VM")
        part, cost = f"{line.label} at {line.site}", _by_weight(Fraction(line.monthly) / total)
        for group in groups:
            found[group.name].append(Share(part, how, cost(weights[group.name])))


def _by_weight(each: Fraction) -> Callable[[Fraction | int], Fraction]:
    """Return what a weight costs; most VMs have others of theirs."""
    return cache(each.__mul__)


def _weight(group: VmGroup, key: str) -> Fraction | int:
    if key == MIRROR:
        return sum(disk.size_mib for disk in group.disks if disk.replicated)
    if key == BACKUP:
        used = sum(rational(disk.used_gib) for disk in group.disks if is_backed_up(disk))
        return used * stored_factor(group.backup)
    return 1


def path_of(case: Case, plan: Plan, name: str) -> Iterator[utilisation.Placed]:
    """Yield where the instances of a group stand, or one instance, at every site."""
    for placed in utilisation.placements(case, plan):
        if name in (placed.group, placed.vm):
            yield placed


def total(own: Sequence[Share], count: int = 1) -> Decimal:
    """Return what shares come to for so many instances, to the cent."""
    return rounded(exact_sum(each.monthly for each in own) * count, 2)
