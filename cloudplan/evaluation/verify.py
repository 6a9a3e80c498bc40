"""A plan's numbers put into every rule: what holds, with which slack, and what is broken.

The verifier shares the rules with the optimiser, and no arithmetic: it walks the printed placement VM by VM and LUN by
LUN, in exact numbers, with no solver.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cloudplan.base.errors import Fault
from cloudplan.catalog.edition import Edition
from cloudplan.evaluation.backup_storage import backup_targets
from cloudplan.evaluation.bom import bill
from cloudplan.evaluation.items import MIRROR, lines_by_key
from cloudplan.plan.plan import Choice, Cluster, Datastore, Plan
from cloudplan.prices.book import PriceBook
from cloudplan.rules import backup, compute, placement, protection, storage
from cloudplan.rules import bill as bill_rules
from cloudplan.rules.rule import Check
from cloudplan.workload.case import Case, instances_at
from cloudplan.workload.workload import Workload


@dataclass(frozen=True)
class Verdict:
    """Every inequality and condition that was checked."""

    checks: tuple[Check, ...]

    @property
    def violations(self) -> tuple[Check, ...]:
        """The checks that are broken."""
        return tuple(check for check in self.checks if not check.holds)

    @property
    def holds(self) -> bool:
        """Whether the plan keeps every rule."""
        return not self.violations

    def faults(self) -> list[Fault]:
        """Return one fault for each violation."""
        return [Fault(check.words, path=check.place, rule=check.rule.id) for check in self.violations]


def verify(plan: Plan, workload: Workload, edition: Edition, prices: PriceBook) -> Verdict:
    """Check a plan against every rule, its bill and its proof, for the workload that it is said to be for."""
    case = Case.of(workload, edition, prices)
    checks = list(check_choice(case, plan.choice))
    if all(check.holds for check in checks):
        checks += _bill(case, plan)
    checks += bill_rules.proof(plan)
    return Verdict(tuple(checks))


def check_choice(case: Case, choice: Choice) -> Iterator[Check]:
    """Yield every rule of compute, storage and protection with the numbers of a choice."""
    names = list(_known(case, choice))
    yield from names
    if not all(check.holds for check in names):
        return
    for cluster in choice.clusters:
        yield from _cluster(case, cluster)
    yield from _affinity(case, choice.clusters)
    yield from placement.instances_placed(case, choice.clusters)
    for site in case.sites:
        yield from _site(case, choice, site)
    for group in case.workload.vms:
        if group.protection:
            yield from placement.mechanism_of(case, group, choice.protection.get(group.name))
    for store in choice.datastores:
        yield from _datastore(case, choice, store)
    yield from placement.disks_placed(case, choice)
    yield from placement.swap_placed(case, choice)
    yield from placement.mirror_pairs(case, choice.datastores)


def _known(case: Case, choice: Choice) -> Iterator[Check]:
    """Names are unique and known; counts are whole and positive."""
    names = Counter(cluster.name for cluster in choice.clusters)
    for cluster in choice.clusters:
        yield from placement.cluster_is_known(case, cluster, names[cluster.name])
    names = Counter(store.name for store in choice.datastores)
    for store in choice.datastores:
        yield from placement.datastore_is_known(case, store, names[store.name])
    for name in choice.protection:
        yield placement.mechanism_is_wanted(case, name)


def _cluster(case: Case, cluster: Cluster) -> Iterator[Check]:
    size = compute.ClusterSize(cluster.hosts, len(cluster.placement), cluster.memory_gib)
    yield from compute.cluster_limits(case, case.edition.blades[cluster.blade], cluster.name, size)
    yield placement.spare_hosts(case, cluster)
    used_mib = 0
    for number, host in enumerate(cluster.placement):
        items = [
            (instances_at(case.workload, case.workload.groups[name], cluster.site), count)
            for name, count in host.items()
        ]
        used_mib += sum(item.memory_mib * count for item, count in items)
        yield from placement.host(case, cluster, f"{cluster.name} host {number + 1}", items)
    yield compute.memory_ceiling(case, cluster.name, used_mib=used_mib, memory_gib=cluster.memory_gib)


def _affinity(case: Case, clusters: Iterable[Cluster]) -> Iterator[Check]:
    hosts: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for cluster in clusters:
        for number, host in enumerate(cluster.placement):
            for name in host:
                label = case.workload.groups[name].affinity
                if label:
                    hosts[cluster.site, label].add((cluster.name, number))
    for (site, label), places in sorted(hosts.items()):
        yield placement.share_a_host(site, label, len(places))


def _site(case: Case, choice: Choice, site: str) -> Iterator[Check]:
    clusters = sum(cluster.site == site for cluster in choice.clusters)
    yield from compute.cluster_count(case, site, clusters)
    if clusters:
        yield storage.datastores_of_site(case, site, sum(store.site == site for store in choice.datastores))


def _datastore(case: Case, choice: Choice, store: Datastore) -> Iterator[Check]:
    groups, mirrored = case.workload.groups, store.replication is not None
    yield placement.whole_units(case, store)
    yield from storage.datastore_limits(case, store, store.size_gib)
    for placed in store.disks:
        disk, place = groups[placed.vm].disks[placed.disk], f"{store.name}, {placed.vm} disk {placed.disk}"
        yield from storage.disk_class(case, disk, store.storage_class, place, mirrored=mirrored)
        yield placement.mirrored_apart(choice, store, placed.vm, replicated=disk.replicated, place=place)
    yield from placement.mirrored_swap(choice, store)


def _bill(case: Case, plan: Plan) -> Iterator[Check]:
    """The bill is what the choice takes, line by line; licences and backup storage cover what they must."""
    expected = bill(case, plan.choice)
    yield from bill_rules.lines_are({(line.site, line.sku): line for line in expected}, plan)
    yield backup.BKP_3.require(plan.backup == backup_targets(case), "backup", "is not what BKP-2 and BKP-3 give")
    lines = lines_by_key(case, plan.bom)
    for site in case.sites:
        line = lines.get((site, MIRROR))
        mirrored_gib = protection.mirrored_at_source_gib(case, plan.choice, site)
        licences_tib = line.quantity if line else 0
        yield protection.mirror_licence(site, mirrored_gib=mirrored_gib, licences_tib=licences_tib)
    for target in plan.backup:
        stored = sum((flow.stored_gib for flow in backup.backup_flows(case) if flow.target == target.site), Fraction(0))
        yield backup.backup_storage(target.site, stored_gib=stored, ordered_tib=target.tib)
