"""Why: each figure of a plan with its formula, its numbers, its rule, its source, and the VMs that it comes from.

What a VM costs is a share of what it uses; the shares of all VMs, and what belongs to none, sum to the plan exactly.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cloudplan.catalog.edition import in_region
from cloudplan.evaluation import utilisation
from cloudplan.evaluation.bom import datastore_items
from cloudplan.evaluation.utilisation import ClusterUse
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION, BomLine, Cluster, Datastore, Plan
from cloudplan.rules.backup import backup_site, is_backed_up, stored_factor
from cloudplan.rules.compute import DIMENSIONS
from cloudplan.rules.rule import Inequality
from cloudplan.rules.storage import datastore_limits
from cloudplan.workload.case import Case, instances_at
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
    for dimension, used in zip(DIMENSIONS, (use.cores, use.memory_gib, _gpus(use)), strict=True):
        each = dimension.offer(case, blade)
        if used or each:
            hosts = math.ceil(used / each) if each else 0
            left = use.cluster.hosts - use.failures
            found.append(Bound(dimension.rule.id, dimension.unit, used, each * use.cluster.hosts, each * left, hosts))
    return found


def binding(use: ClusterUse, case: Case) -> str:
    """Return what decides the loaded hosts of a cluster: a resource whose sum needs them, VMs apart, or the packing."""
    loaded = len(use.hosts)
    tight = [bound.name for bound in bounds(use, case) if bound.hosts == loaded]
    apart: dict[str, int] = {}
    for host in use.cluster.placement:
        for name, count in host.items():
            label = case.workload.groups[name].anti_affinity
            if label:
                apart[label] = apart.get(label, 0) + count
    tight += [f"AFF-2 ({label} on {count} hosts)" for label, count in apart.items() if count == loaded > 1]
    return " and ".join(tight) or PACKING


def _gpus(use: ClusterUse) -> Fraction:
    return sum((host.gpus for host in use.hosts), Fraction(0))


def limits_of(case: Case, store: Datastore) -> list[Inequality]:
    """Return the rules of a datastore with its numbers, tightest first."""
    rows = [row for row in datastore_limits(case, store, store.size_gib) if row.left or row.right]
    return sorted(rows, key=relative_slack)


def relative_slack(check: Inequality) -> Fraction:
    """Return the slack of a check as a share of its right side."""
    return check.slack / (abs(Fraction(check.right)) or Fraction(1))


def groups_behind(case: Case, plan: Plan, line: BomLine) -> list[str]:
    """Return the VM groups that a line of the bill comes from, in the order of the workload."""
    region, services = case.workload.region, case.edition.services
    skus = {in_region(blade.sku, region): name for name, blade in case.edition.blades.items()}
    classes = {in_region(item.sku, region): name for name, item in case.edition.storage_classes.items()}
    here = [cluster for cluster in plan.clusters if cluster.site == line.site]
    named: set[str] = set()
    if line.sku in skus:
        named = _placed([cluster for cluster in here if cluster.blade == skus[line.sku]])
    elif line.sku == in_region(services.memory.sku, region):
        named = _placed(here)
    elif line.sku in classes:
        stores = [s for s in plan.datastores if s.site == line.site and s.storage_class == classes[line.sku]]
        named = {disk.vm for store in stores for disk in store.disks} | {n for store in stores for n in store.vswp}
    else:
        named = _billed(case, plan, line)
    return [group.name for group in case.workload.vms if group.name in named]


def _placed(clusters: Iterable[Cluster]) -> set[str]:
    return {name for cluster in clusters for host in cluster.placement for name in host}


def _billed(case: Case, plan: Plan, line: BomLine) -> set[str]:
    """Return the groups behind a line of a service."""
    groups = case.workload.vms
    if line.rule == "BKP-3":
        stored = [group for group in groups if backup_site(case, group) == line.site]
        return {group.name for group in stored if any(map(is_backed_up, group.disks))}
    mechanism = {"GM-3": GLOBAL_MIRROR, "VMR-1": VM_REPLICATION}.get(line.rule)
    if mechanism:
        here = {group.name for group in groups if group.site == line.site}
        return {name for name, chosen in plan.protection.items() if chosen == mechanism and name in here}
    if line.rule in ("BKP-1", "ENC-1"):
        wanted = [group for group in groups if group.site == line.site and (group.encrypted or line.rule == "BKP-1")]
        return {group.name for group in wanted}
    return set()


# --- what a VM costs ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """What one instance of a group costs a month for a part of the plan, and how its share is reckoned."""

    part: str
    how: str
    monthly: Fraction


def shares(case: Case, plan: Plan) -> dict[str, list[Share]]:
    """Return what one instance of each group costs a month, part by part; exact, summing to all lines with VMs behind.

    Blades and memory of a cluster go half by cores, half by memory of its VMs; a datastore by the space on it; licences
    by replicated space or by VM; backup storage by what is stored.
    """
    found: dict[str, list[Share]] = {group.name: [] for group in case.workload.vms}
    amounts = {(line.site, line.sku): line for line in plan.bom}
    _share_compute(case, plan, amounts, found)
    _share_storage(case, plan, amounts, found)
    _share_services(case, plan, found)
    return found


def rest(case: Case, plan: Plan) -> Fraction:
    """Return what belongs to no VM: zones, extras, and blades or datastores without a VM."""
    counts = {group.name: group.count for group in case.workload.vms}
    shared = sum((each.monthly * counts[name] for name, own in shares(case, plan).items() for each in own), Fraction(0))
    return Fraction(plan.monthly) - shared


def _share_compute(
    case: Case, plan: Plan, amounts: Mapping[tuple[str, str], BomLine], found: dict[str, list[Share]]
) -> None:
    """Share the blades and the memory of each cluster: a line goes to clusters by hosts, or by memory beyond theirs."""
    region = case.workload.region
    memory_sku = in_region(case.edition.services.memory.sku, region)
    included = case.edition.count("MEM-1", "included_gib_per_blade")
    for use in utilisation.clusters(case, plan):
        cluster = use.cluster
        blade = amounts.get((cluster.site, in_region(case.edition.blades[cluster.blade].sku, region)))
        extra = amounts.get((cluster.site, memory_sku))
        cost = Fraction(blade.monthly) * cluster.hosts / blade.quantity if blade else Fraction(0)
        if extra:
            cost += Fraction(extra.monthly) * (cluster.memory_gib - included * cluster.hosts) / extra.quantity
        counts: dict[str, int] = {}
        for host in cluster.placement:
            for name, count in host.items():
                counts[name] = counts.get(name, 0) + count
        for name, count in counts.items():
            item = instances_at(case.workload, case.workload.groups[name], cluster.site)
            part = item.cores / use.cores + Fraction(item.memory_mib, 1024) / use.memory_gib
            how = "half by cores, half by memory of the cluster's VMs"
            monthly = cost * part / 2 * count / case.workload.groups[name].count
            found[name].append(Share(f"blades and memory of {cluster.name}", how, monthly))


def _share_storage(
    case: Case, plan: Plan, amounts: Mapping[tuple[str, str], BomLine], found: dict[str, list[Share]]
) -> None:
    groups = case.workload.groups
    for store in plan.datastores:
        item, quantity = next(iter(datastore_items(case, store.storage_class, store.size_gib)))
        line = amounts[store.site, in_region(item.sku, case.workload.region)]
        cost = Fraction(line.monthly) * quantity / line.quantity
        space: dict[str, int] = {}
        for disk in store.disks:
            space[disk.vm] = space.get(disk.vm, 0) + groups[disk.vm].disks[disk.disk].size_mib * disk.count
        for name, count in store.vswp.items():
            space[name] = space.get(name, 0) + groups[name].memory_mib * count
        total = sum(space.values())
        for name, size_mib in space.items():
            monthly = cost * size_mib / total / groups[name].count
            found[name].append(Share(f"datastore {store.name}", "by the space on it", monthly))


def _share_services(case: Case, plan: Plan, found: dict[str, list[Share]]) -> None:
    for line in plan.bom:
        if line.rule not in ("GM-3", "VMR-1", "BKP-1", "BKP-3", "ENC-1"):
            continue
        groups = [case.workload.groups[name] for name in groups_behind(case, plan, line)]
        weights = {group.name: _weight(case, group, line.rule) for group in groups}
        total = sum(weights[group.name] * group.count for group in groups)
        how = {"GM-3": "by replicated space", "BKP-3": "by what is stored"}.get(line.rule, "one for each VM")
        for group in groups if total else ():
            monthly = Fraction(line.monthly) * weights[group.name] / total
            found[group.name].append(Share(f"{line.label} at {line.site}", how, monthly))


def _weight(case: Case, group: VmGroup, rule: str) -> Fraction:
    if rule == "GM-3":
        return Fraction(sum(disk.size_mib for disk in group.disks if disk.replicated))
    if rule == "BKP-3":
        used = sum((Fraction(disk.used_gib) for disk in group.disks if is_backed_up(disk)), Fraction(0))
        return used * stored_factor(group.backup)
    return Fraction(1)


def path_of(case: Case, plan: Plan, name: str) -> Iterator[utilisation.Placed]:
    """Yield where the instances of a group stand, or one instance, at every site."""
    for placed in utilisation.placements(case, plan):
        if name in (placed.group, placed.vm):
            yield placed


def total(own: Sequence[Share]) -> Decimal:
    """Return what shares come to, to the cent."""
    cents = sum((each.monthly for each in own), Fraction(0)) * 100
    return Decimal(math.floor(cents + Fraction(1, 2))).scaleb(-2)
