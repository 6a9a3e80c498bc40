"""A plan's numbers put into every rule: what holds, with which slack, and what is broken.

The verifier shares the rules with the optimiser, and no arithmetic: it walks the printed placement VM by VM and LUN by
LUN, in exact numbers, with no solver.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cloudplan.base import money
from cloudplan.base.errors import Fault
from cloudplan.base.units import gib
from cloudplan.catalog.edition import Edition
from cloudplan.evaluation.bom import backup_targets, bill, mirrored_at_source_gib
from cloudplan.plan.plan import GLOBAL_MIRROR, BomLine, Choice, Cluster, Datastore, Plan, is_optimal
from cloudplan.prices.book import PriceBook
from cloudplan.rules import backup, compute, protection, storage
from cloudplan.rules.rule import Inequality, Rule
from cloudplan.workload.case import Case, Instances, instances_at
from cloudplan.workload.workload import VmGroup, Workload

BILL = Rule(
    "BOM", "Bill of materials", "One line per site and SKU; quantity x unit price, rounded to the cent.", "plan"
)
PROOF = Rule("PROOF", "Proof", "lower_bound <= monthly; gap and status follow from them.", "plan")


@dataclass(frozen=True)
class Verdict:
    """Every inequality that was checked."""

    checks: tuple[Inequality, ...]

    @property
    def violations(self) -> tuple[Inequality, ...]:
        """The inequalities that are broken."""
        return tuple(check for check in self.checks if not check.holds)

    @property
    def holds(self) -> bool:
        """Whether the plan keeps every rule."""
        return not self.violations

    def faults(self) -> list[Fault]:
        """Return one fault for each violation."""
        return [Fault(describe(check), path=check.place, rule=check.rule.id) for check in self.violations]


def describe(check: Inequality) -> str:
    """Return a violation in words."""
    if check.right == 0 and check.left == 1:
        return check.unit
    return f"{float(check.left):g} > {float(check.right):g} {check.unit}"


def verify(plan: Plan, workload: Workload, edition: Edition, prices: PriceBook) -> Verdict:
    """Check a plan against every rule, its bill and its proof, for the workload that it is said to be for."""
    case = Case.of(workload, edition, prices)
    checks = list(check_choice(case, plan.choice))
    if all(check.holds for check in checks):
        checks += _bill(case, plan)
    checks += _proof(plan)
    return Verdict(tuple(checks))


def check_choice(case: Case, choice: Choice) -> Iterator[Inequality]:
    """Yield every rule of compute, storage and protection with the numbers of a choice."""
    names = list(_names(case, choice))
    yield from names
    if not all(check.holds for check in names):
        return
    for cluster in choice.clusters:
        yield from _cluster(case, cluster)
    yield from _affinity(case, choice.clusters)
    yield from _placed(case, choice.clusters)
    yield from _per_site(case, choice)
    yield from _mechanisms(case, choice)
    for store in choice.datastores:
        yield from _datastore(case, choice, store)
    yield from _content(case, choice)
    yield from _swap(case, choice)
    yield from _mirrors(case, choice)


def _names(case: Case, choice: Choice) -> Iterator[Inequality]:
    """Names are unique and known; counts are whole and positive."""
    groups, edition = case.workload.groups, case.edition
    for what, named in (("clusters", choice.clusters), ("datastores", choice.datastores)):
        counts = Counter(entry.name for entry in named)
        for name, count in counts.items():
            yield compute.HOM_1.require(count == 1, name, f"{count} {what} have this name")
    for cluster in choice.clusters:
        known = cluster.blade in edition.blades and cluster.site in case.sites
        yield compute.HOM_1.require(known, cluster.name, "unknown blade or site")
        hosts = all(
            host and all(name in groups and count > 0 for name, count in host.items()) for host in cluster.placement
        )
        yield compute.HA_1.require(hosts, cluster.name, "a host holds nothing, or an unknown VM, or no whole instances")
    for store in choice.datastores:
        known = store.storage_class in edition.storage_classes and store.site in case.sites
        yield storage.LUN_1.require(known, store.name, "unknown class or site")
        disks = all(
            disk.vm in groups and 0 <= disk.disk < len(groups[disk.vm].disks) and disk.count > 0 for disk in store.disks
        )
        swap = all(name in groups and count > 0 for name, count in store.vswp.items())
        yield storage.LUN_2.require(disks and swap, store.name, "holds an unknown VM or disk, or no whole instances")
    for name in choice.protection:
        protected = name in groups and groups[name].protection is not None
        yield protection.DR_2.require(protected, name, "a mechanism for a VM that is not protected")


def _cluster(case: Case, cluster: Cluster) -> Iterator[Inequality]:
    blade, groups = case.edition.blades[cluster.blade], case.workload.groups
    yield from compute.cluster_limits(
        case,
        blade,
        cluster.name,
        hosts=cluster.hosts,
        loaded=len(cluster.placement),
        memory_gib=cluster.memory_gib,
    )
    failures = case.workload.policy.host_failures
    yield compute.HA_1.require(cluster.spare_hosts == failures, cluster.name, f"spare_hosts is not {failures}")
    used = Fraction(0)
    for number, host in enumerate(cluster.placement):
        place = f"{cluster.name} host {number + 1}"
        items = [(instances_at(case.workload, groups[name], cluster.site), count) for name, count in host.items()]
        used += sum((gib(item.memory_mib) * count for item, count in items), Fraction(0))
        yield from _host(case, cluster, place, items)
    yield compute.memory_ceiling(case, cluster.name, used_gib=used, memory_gib=cluster.memory_gib)


def _host(case: Case, cluster: Cluster, place: str, items: Iterable[tuple[Instances, int]]) -> Iterator[Inequality]:
    items, blade = list(items), case.edition.blades[cluster.blade]
    for dimension in compute.DIMENSIONS:
        need = sum((dimension.need(item) * count for item, count in items), Fraction(0))
        yield dimension.rule.at_most(need, dimension.offer(case, blade), place, dimension.unit)
    apart: Counter[str] = Counter()
    for item, count in items:
        yield from compute.fit_of_one(case, item, cluster.blade, blade)
        yield compute.HOM_1.require(item.group.pool == cluster.pool, place, f"{item.group.name} is of another pool")
        if item.group.anti_affinity:
            apart[item.group.anti_affinity] += count
    for label, count in apart.items():
        yield compute.AFF_2.at_most(count, 1, f"{place}, {label}", "members")


def _affinity(case: Case, clusters: Iterable[Cluster]) -> Iterator[Inequality]:
    hosts: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for cluster in clusters:
        for number, host in enumerate(cluster.placement):
            for name in host:
                label = case.workload.groups[name].affinity
                if label:
                    hosts[cluster.site, label].add((cluster.name, number))
    for (site, label), places in sorted(hosts.items()):
        yield compute.AFF_1.at_most(len(places), 1, f"{site}, {label}", "hosts")


def _placed(case: Case, clusters: Iterable[Cluster]) -> Iterator[Inequality]:
    """Every instance that runs is placed once at each of its sites, and nothing else is placed anywhere (DR-1)."""
    placed: Counter[tuple[str, str]] = Counter()
    for cluster in clusters:
        for host in cluster.placement:
            for name, count in host.items():
                placed[cluster.site, name] += count
    wanted = {(item.site, item.group.name): item.count for item in case.instances}
    for key in sorted(wanted.keys() | placed.keys()):
        rule = compute.HA_1 if key[0] == case.workload.groups[key[1]].site else protection.DR_1
        words = f"{placed[key]} instances placed of {wanted.get(key, 0)}"
        yield rule.require(placed[key] == wanted.get(key, 0), f"{key[1]} at {key[0]}", words)


def _per_site(case: Case, choice: Choice) -> Iterator[Inequality]:
    for site in case.sites:
        clusters = sum(cluster.site == site for cluster in choice.clusters)
        yield from compute.cluster_count(case, site, clusters)
        if clusters:
            yield storage.datastores_of_site(case, site, sum(store.site == site for store in choice.datastores))


def _mechanisms(case: Case, choice: Choice) -> Iterator[Inequality]:
    for group in case.workload.vms:
        if group.protection:
            mechanism = choice.protection.get(group.name)
            yield protection.DR_2.require(mechanism is not None, group.name, "protected, but without a mechanism")
            yield protection.metro_mirror(case, group)
            if mechanism:
                yield from protection.mechanism_fit(case, group, mechanism)


def _datastore(case: Case, choice: Choice, store: Datastore) -> Iterator[Inequality]:
    groups, item = case.workload.groups, case.edition.storage_classes[store.storage_class]
    mirrored = store.replication is not None
    whole = store.size_gib % item.unit_gib == 0
    yield storage.LUN_1.require(whole, store.name, f"{store.size_gib} GiB is not whole billing units")
    yield from storage.datastore_limits(case, store, store.size_gib)
    for placed in store.disks:
        disk, place = groups[placed.vm].disks[placed.disk], f"{store.name}, {placed.vm} disk {placed.disk}"
        yield from storage.disk_class(case, disk, store.storage_class, place, mirrored=mirrored)
        to_mirror = choice.protection.get(placed.vm) == GLOBAL_MIRROR and disk.replicated
        words = "replicated and not replicated content share a datastore"
        yield protection.GM_2.require(mirrored == to_mirror, place, words)
    for name in store.vswp if mirrored else ():
        words = f"the swap file of {name}, which is not mirrored, stands on a mirrored datastore"
        yield protection.GM_2.require(choice.protection.get(name) == GLOBAL_MIRROR, store.name, words)


def _content(case: Case, choice: Choice) -> Iterator[Inequality]:
    """Every disk stands whole on one datastore at each site where it belongs, alike in class (LUN-2, CLS-2, VMR-2)."""
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
                yield storage.LUN_2.require(count == group.count, place, f"{count} disks placed of {group.count}")
                classes |= set(held[key])
            yield storage.CLS_2.at_most(len(classes), 1, f"{group.name} disk {index}", "classes")
    for site, name, index in sorted(held.keys() - wanted):
        rule = storage.LUN_2 if case.workload.groups[name].disks[index].replicated else protection.DR_3
        yield rule.require(False, f"{name} disk {index} at {site}", "the disk has no business at this site")


def _swap(case: Case, choice: Choice) -> Iterator[Inequality]:
    """Every swap file stands once at each site where its VM may run: with disk 0, or on one class (VSWP-1, VSWP-2)."""
    held: dict[tuple[str, str], list[tuple[Datastore, int]]] = defaultdict(list)
    for store in choice.datastores:
        for name, count in store.vswp.items():
            held[store.site, name].append((store, count))
    wanted: dict[tuple[str, str], int] = {(item.site, item.group.name): item.count for item in case.instances}
    ways: dict[str, list[bool]] = defaultdict(list)
    for key in sorted(wanted.keys() | held.keys()):
        count = sum(count for _, count in held[key])
        place = f"swap of {key[1]} at {key[0]}"
        words = f"{count} swap files placed of {wanted.get(key, 0)}"
        yield storage.VSWP_1.require(count == wanted.get(key, 0), place, words)
        home, apart = _ways(case, case.workload.groups[key[1]], held[key])
        yield storage.VSWP_2.require(home or apart, place, f"against the policy {case.workload.policy.vswp}")
        if choice.protection.get(key[1]) == GLOBAL_MIRROR:
            on_mirror = [store.replication is not None for store, _ in held[key]]
            ways[key[1]].append(any(on_mirror))
    for name, mirrored in sorted(ways.items()):
        yield storage.VSWP_2.require(
            len(set(mirrored)) == 1, name, "swap files on a mirrored datastore at one peer only"
        )


def _ways(case: Case, group: VmGroup, held: list[tuple[Datastore, int]]) -> tuple[bool, bool]:
    """Return whether the swap files of a group at a site stand with disk 0, and whether apart on one allowed class."""
    home = storage.swap_at_home(case) and all(_disk_0(store, group) == count for store, count in held)
    classes = {store.storage_class for store, _ in held}
    apart = len(classes) == 1 and classes <= set(storage.swap_classes(case))
    return home, apart and not any(store.replication for store, _ in held)


def _disk_0(store: Datastore, group: VmGroup) -> int:
    """Return how many instances of a group have their disk 0 on a datastore."""
    return sum(disk.count for disk in store.disks if (disk.vm, disk.disk) == (group.name, 0))


def _mirrors(case: Case, choice: Choice) -> Iterator[Inequality]:
    """A mirrored datastore and its peer name each other, are alike, and hold one site's VMs (GM-2)."""
    stores, groups = {store.name: store for store in choice.datastores}, case.workload.groups
    for store in choice.datastores:
        if not store.replication:
            yield protection.GM_2.require(store.peer is None, store.name, "has a peer, but is not replicated")
            continue
        peer = stores.get(store.peer or "")
        alike = peer is not None and (
            (peer.peer, peer.replication, peer.storage_class, peer.size_gib)
            == (store.name, store.replication, store.storage_class, store.size_gib)
        )
        words = "its peer is missing, does not name it back, or differs in class or size"
        yield protection.GM_2.require(alike, store.name, words)
        if peer is None:
            continue
        same = _sorted_content(peer) == _sorted_content(store)
        yield protection.GM_2.require(same, store.name, "its peer holds other content")
        sources = {groups[disk.vm].site for disk in store.disks} | {groups[name].site for name in store.vswp}
        yield protection.GM_2.require(len(sources) == 1, store.name, "replicates in two directions, or nothing")
        for source in sources:
            other = {case.workload.other_site(groups[disk.vm]) for disk in store.disks}
            pair = {store.site, peer.site} == {source, *other}
            yield protection.GM_2.require(pair, store.name, "the peer is not at the other site of its VMs")


def _sorted_content(store: Datastore) -> tuple[object, ...]:
    disks = sorted((disk.vm, disk.disk, disk.count) for disk in store.disks)
    return tuple(disks), tuple(sorted(store.vswp.items()))


def _bill(case: Case, plan: Plan) -> Iterator[Inequality]:
    """The bill is what the choice takes, line by line; licences and backup storage cover what they must."""
    expected = {(line.site, line.sku): line for line in bill(case, plan.choice)}
    printed = {(line.site, line.sku): line for line in plan.bom}
    yield BILL.require(len(printed) == len(plan.bom), "bom", "two lines for one site and SKU")
    for key in sorted(expected.keys() | printed.keys()):
        yield from _bill_line(key, expected.get(key), printed.get(key))
    total = sum((line.monthly for line in plan.bom), Decimal(0))
    yield BILL.require(plan.monthly == total, "monthly", f"{plan.monthly} is not the sum of the lines, {total}")
    yield backup.BKP_3.require(plan.backup == backup_targets(case), "backup", "is not what BKP-2 and BKP-3 give")
    licence = case.edition.services.global_mirror
    for site in case.sites:
        quantity = sum(line.quantity for line in plan.bom if line.site == site and line.label == licence.label)
        mirrored = mirrored_at_source_gib(case, plan.choice, site)
        yield protection.mirror_licence(site, mirrored_gib=mirrored, licences_tib=quantity)
    for target in plan.backup:
        stored = sum((flow.stored_gib for flow in backup.backup_flows(case) if flow.target == target.site), Fraction(0))
        yield backup.backup_storage(target.site, stored_gib=stored, ordered_tib=target.tib)


def _bill_line(key: tuple[str, str], expected: BomLine | None, printed: BomLine | None) -> Iterator[Inequality]:
    place = f"{key[1]} at {key[0]}"
    wanted, found = expected.quantity if expected else 0, printed.quantity if printed else 0
    yield BILL.require(wanted == found, place, f"quantity {found}, expected {wanted}")
    if expected and printed:
        same = printed.unit_price == expected.unit_price and printed.monthly == money.line(found, expected.unit_price)
        words = f"{found} x {printed.unit_price} = {printed.monthly} is not the price book's {expected.unit_price}"
        yield BILL.require(same, place, words)


def _proof(plan: Plan) -> Iterator[Inequality]:
    yield PROOF.at_most(plan.lower_bound, plan.monthly, "lower_bound", plan.prices.currency)
    wanted = "optimal" if is_optimal(plan.monthly, plan.lower_bound, len(plan.bom)) else "feasible"
    yield PROOF.require(plan.status == wanted, "status", f"{plan.status}, but the gap says {wanted}")
    gap = gap_of(plan.monthly, plan.lower_bound)
    yield PROOF.require(abs(plan.gap - gap) < 1e-9, "gap", f"{plan.gap}, but monthly and lower_bound give {gap}")


def gap_of(cost: Decimal, lower_bound: Decimal) -> float:
    """Return the relative gap between a cost and its proven lower bound; 0 when nothing costs anything."""
    return round(float((cost - lower_bound) / cost), 10) if cost else 0.0
