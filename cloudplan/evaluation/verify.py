"""A plan's numbers put into every rule: what holds, with which slack, and what is broken.

The verifier shares the rules with the optimiser, and no arithmetic: it walks the printed placement VM by VM and LUN by
LUN, in exact numbers, with no solver.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from cloudplan.base.brief import Brief
from cloudplan.base.errors import Fault
from cloudplan.base.program import program
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import bears_shipped_name
from cloudplan.evaluation.assumptions import computed_of
from cloudplan.evaluation.document import rebuilt
from cloudplan.evaluation.items import MIRROR, lines_by_key
from cloudplan.plan.origin import edition_of
from cloudplan.plan.plan import Choice, Cluster, Datastore, Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.prices.book import PriceBook
from cloudplan.rules import backup, certifications, compute, placement, protection, standing, storage
from cloudplan.rules import bill as bill_rules
from cloudplan.rules.book import rule_book
from cloudplan.rules.rule import Check
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Workload

NOT_CHECKED = ("lower_bound", "status", "gap")
AMOUNTS_OTHERWISE = "assumptions[].monthly_otherwise"
"""What only solving again can check."""


@dataclass(frozen=True, repr=False)
class Verdict(Brief):
    """Every inequality and condition that was checked."""

    checks: tuple[Check, ...]
    document: Plan | None = None
    """The document as it follows from the plan's choice; None when that breaks a rule, and has no bill."""
    written_by: str = ""
    """The program that the plan names, when it is another version than this one."""
    other_words: tuple[Check, ...] = ()
    """The texts and findings that this version writes in other words; no violations."""
    not_checked: tuple[str, ...] = NOT_CHECKED
    """The fields that were taken as they are."""
    roadmap: Roadmap | None = None
    """Of a roadmap, its document as it follows from the choices of its phases; None as of a plan."""

    def __repr__(self) -> str:
        broken = len(self.violations)
        return f"<Verdict: {f'{broken} of {len(self.checks)} checks broken' if broken else 'holds'}>"

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
    """Check a plan against every rule, and its document against its choice, for the workload that it is said to be for.

    What the plan says of its inputs is held against those that it carries. Raises BadInputError for an edition that no
    plan can be made with.
    """
    rule_book(edition)
    case = Case.of(workload, edition, prices)
    placed = list(check_choice(case, plan.choice))
    checks = [*placed, *_inputs(plan, edition), *bill_rules.proof(plan)]
    document: Plan | None = None
    words: list[Check] = []
    if all(check.holds for check in placed):
        document = rebuilt(case, plan)
        checks += _bill(case, plan, document)
        words = list(bill_rules.words_are(document, plan))
    another = plan.program if plan.program != program() else ""
    return Verdict(
        (*checks, *(() if another else words)),
        document,
        another,
        tuple(check for check in words if not check.holds) if another else (),
        tuple(_not_checked(plan)),
    )


def _not_checked(plan: Plan) -> Iterator[str]:
    """Yield the fields of a plan that only solving again can check."""
    yield from NOT_CHECKED
    if plan.search and plan.search.ended != "proven":
        yield "search"
    if computed_of(plan.assumptions):
        yield AMOUNTS_OTHERWISE


def proved(verdict: Verdict, plan: Plan, again: Plan) -> Verdict:
    """Return a verdict with the proof of a plan held against that of the plan that was sized again.

    What the plan would cost otherwise is held against what `again` computed of it, if it did.
    """
    if again.search and again.search.ended == "time-limit":
        return verdict
    unit = plan.prices.currency
    shown: list[Check] = [
        bill_rules.PROOF.at_most(plan.lower_bound, again.lower_bound, "lower_bound, sized again", unit)
    ]
    checked: tuple[str, ...] = NOT_CHECKED
    if computed_of(again.assumptions):
        checked = (*checked, AMOUNTS_OTHERWISE)
        shown += bill_rules.amounts_otherwise(plan.assumptions, again.assumptions, unit)
    left = tuple(name for name in verdict.not_checked if name not in checked)
    return replace(verdict, checks=(*verdict.checks, *shown), not_checked=left)


def _inputs(plan: Plan, edition: Edition) -> Iterator[Check]:
    """What a plan says of its inputs is what it carries; `edition` is the one that it is checked with."""
    own = edition if edition.files == plan.inputs.catalog else edition_of(plan)
    yield from bill_rules.repeats_inputs(plan, own, free=not bears_shipped_name(own))


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
    yield from standing.stays(case, choice.clusters, choice.datastores)


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
        items = [(case.instances_of(name, cluster.site), count) for name, count in host.items()]
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
    if any(cluster.site == site and cluster.placement for cluster in choice.clusters):
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


def _bill(case: Case, plan: Plan, document: Plan) -> Iterator[Check]:
    """The bill is what the choice takes, line by line; licences and backup storage cover what they must."""
    yield from bill_rules.lines_are(document, plan)
    yield from bill_rules.third_party_is(document, plan)
    yield from bill_rules.changes_are(document.changes, plan.changes)
    yield backup.BKP_3.require(plan.backup == document.backup, "backup", "is not what BKP-2 and BKP-3 give")
    lines = lines_by_key(case, plan.bom)
    yield from certifications.all_certified(case, (key for _, key in lines))
    for site in case.sites:
        line = lines.get((site, MIRROR))
        mirrored_gib = protection.mirrored_at_source_gib(case, plan.choice, site)
        licences_tib = line.quantity if line else 0
        yield protection.mirror_licence(site, mirrored_gib=mirrored_gib, licences_tib=licences_tib)
    for target in plan.backup:
        stored = sum((flow.stored_gib for flow in backup.backup_flows(case) if flow.target == target.site), Fraction(0))
        yield backup.backup_storage(target.site, stored_gib=stored, ordered_tib=target.tib)
