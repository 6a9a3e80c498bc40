"""The service requests that complete a plan: what no form orders, each behind the steps that it needs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from cloudplan.base.language import message
from cloudplan.evaluation.utilisation import placements
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION, Choice, Cluster, Datastore, Mechanism
from cloudplan.rules.backup import backup_site
from cloudplan.rules.orders import Batch
from cloudplan.sales import steps
from cloudplan.sales.steps import Content, Queue, Step, Wish
from cloudplan.workload.case import Case
from cloudplan.workload.workload import BackupPolicy, VmGroup


@dataclass
class Standing:
    """The steps that bring each part of a plan, by its name or site; `ready` with all hosts and memory."""

    zones: dict[str, int] = field(default_factory=dict)
    clusters: dict[str, int] = field(default_factory=dict)
    ready: dict[str, int] = field(default_factory=dict)
    stores: dict[str, int] = field(default_factory=dict)
    tied: dict[str, str] = field(default_factory=dict)
    backup: dict[str, list[int]] = field(default_factory=dict)

    def stands(self, number: int, batch: Batch) -> None:
        """Note the step that brings a batch of datastores."""
        for store in batch.datastores:
            self.stores[store.name] = number
            self.tied[store.name] = batch.cluster


def requests(case: Case, choice: Choice, queue: Queue, standing: Standing) -> None:
    """Add the service requests of a plan."""
    _sharing(case, choice, queue, standing)
    _availability(case, choice, queue, standing)
    _policies(case, queue, standing)
    protected: dict[str, list[int]] = {}
    _mirrors(case, choice, queue, standing, protected)
    _replication(case, choice, queue, standing, protected)
    _tests(case, choice, queue, standing, protected)
    _encryption(case, queue, standing)


def further_requests(case: Case, choice: Choice, before: tuple[Case, Choice], queue: Queue) -> None:
    """Add the requests of a plan that the one before it did not make: policies that are new, VMs that are, pairs.

    Each comes after what is ordered at its zone and at its target, a test after what it tests.
    """
    earlier = {_subject(step): step.content for step in _asked_for(*before)}
    bringing = {*steps.TOUCHES} - {steps.OTHER}
    ordered = [(step.number, step.site) for step in queue.steps if step.kind in bringing]
    for step in _asked_for(case, choice):
        content = step.content
        known = earlier.get(_subject(step))
        if known is not None:
            content = _beyond(content, known, case)
            if step.kind == steps.POLICY or not (content.vms or content.pairs):
                continue
        after = [number for number, site in ordered if site in (step.site, content.target)]
        if step.kind == steps.TEST:
            protecting = [each for each in queue.steps if each.kind in (steps.MIRROR, steps.REPLICATION)]
            after += [each.number for each in protecting if each.content.target == content.target]
        queue.add(step.kind, step.site, content, after, request=True, notes=step.notes)


def _asked_for(case: Case, choice: Choice) -> Iterator[Step]:
    """Yield the requests of a plan that are of its VMs, whatever they come after."""
    queue, protected = Queue(), dict[str, list[int]]()
    all_else = queue.add(steps.OTHER, "", Content(), ())
    steps_of = [defaultdict[str, int](lambda: all_else) for _ in range(3)]
    standing = Standing(zones=steps_of[0], ready=steps_of[1], stores=steps_of[2])
    _policies(case, queue, standing)
    _mirrors(case, choice, queue, standing, protected)
    _replication(case, choice, queue, standing, protected)
    _tests(case, choice, queue, standing, protected)
    _encryption(case, queue, standing)
    yield from queue.steps[all_else:]


def _subject(step: Step) -> tuple[object, ...]:
    """Return what a request is about; a policy is known by its retention, for its name may be another."""
    return step.kind, step.site, step.content.target, step.content.retention


def _beyond(content: Content, known: Content, case: Case) -> Content:
    """Return what a request asks for beyond an earlier one about the same."""
    vms = tuple(name for name in content.vms if name not in known.vms)
    fresh = {wish.group: len({*case.workload.groups[wish.group].names} & {*vms}) for wish in content.wishes}
    wishes = tuple(replace(wish, vms=fresh[wish.group]) for wish in content.wishes if fresh[wish.group])
    pairs = tuple(pair for pair in content.pairs if pair not in known.pairs)
    return replace(content, vms=vms, wishes=wishes, pairs=pairs)


def _sharing(case: Case, choice: Choice, queue: Queue, standing: Standing) -> None:
    """A datastore is ordered with one cluster; where VMs of another one use it, that is asked for."""
    sites = {store.name: store.site for store in choice.datastores if not _is_copy(case, store)}
    needed: dict[str, dict[tuple[str, str], None]] = {}
    for placed in placements(case, choice):
        for store in dict.fromkeys((*placed.disks, placed.swap)):
            if placed.cluster and store in sites and standing.tied[store] != placed.cluster:
                needed.setdefault(placed.site, {})[store, placed.cluster] = None
    for site, shared in needed.items():
        after = [number for store, cluster in shared for number in (standing.stores[store], standing.clusters[cluster])]
        queue.add(steps.SHARING, site, Content(shared=tuple(shared)), after, request=True)


def _availability(case: Case, choice: Choice, queue: Queue, standing: Standing) -> None:
    for site in case.sites:
        names = tuple(item.name for item in choice.clusters if item.site == site and item.spare_hosts)
        if names:
            after = [standing.ready[name] for name in names]
            queue.add(steps.AVAILABILITY, site, Content(clusters=names), after, request=True)


@dataclass(frozen=True)
class ZonePolicy:
    """A backup policy in one zone: its name at the provider, retention, where its VMs are and where copies stand."""

    name: str
    retention: BackupPolicy
    site: str
    target: str
    groups: tuple[VmGroup, ...]


def zone_policies(case: Case) -> list[ZonePolicy]:
    """Return the backup policies that are asked for: one for each zone whose VMs have it (BKP-2).

    One that several zones have bears the name of the zone too.
    """
    named = {policy: name for name, policy in reversed(case.workload.backup_policies.items())}
    used: dict[BackupPolicy, dict[tuple[str, str], list[VmGroup]]] = {}
    for group in case.workload.vms:
        used.setdefault(group.backup, {}).setdefault((group.site, backup_site(case, group)), []).append(group)
    found = []
    for number, (policy, places) in enumerate(used.items(), start=1):
        name = named.get(policy) or ("default" if policy == case.workload.policy.backup else f"policy-{number}")
        for (site, target), groups in places.items():
            full = f"{name}-{site}" if len(places) > 1 else name
            found.append(ZonePolicy(full, policy, site, target, tuple(groups)))
    return sorted(found, key=lambda item: case.sites.index(item.site))


def _policies(case: Case, queue: Queue, standing: Standing) -> None:
    for policy in zone_policies(case):
        content = Content(policy=policy.name, retention=policy.retention, target=policy.target, vms=_vms(policy.groups))
        after = [standing.zones[policy.site], *standing.backup.get(policy.target, ())]
        queue.add(steps.POLICY, policy.site, content, after, request=True)


def _mirrors(case: Case, choice: Choice, queue: Queue, standing: Standing, protected: dict[str, list[int]]) -> None:
    """Global Mirror is asked for by pairs of datastores, once for each zone and the one that it is mirrored to."""
    stores = {store.name: store for store in choice.datastores}
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for store in choice.datastores:
        if store.replication == GLOBAL_MIRROR and store.peer and not _is_copy(case, store):
            pairs.setdefault((store.site, stores[store.peer].site), []).append((store.name, store.peer))
    for (site, target), mine in pairs.items():
        groups = [
            group
            for group in _protected(case, choice, GLOBAL_MIRROR)
            if (group.site, case.workload.other_site(group)) == (site, target)
        ]
        content = Content(target=target, pairs=tuple(mine), wishes=_wishes(groups), vms=_vms(groups))
        after = [standing.stores[name] for pair in mine for name in pair]
        protected.setdefault(target, []).append(queue.add(steps.MIRROR, site, content, after, request=True))


def _replication(case: Case, choice: Choice, queue: Queue, standing: Standing, protected: dict[str, list[int]]) -> None:
    """VM replication is asked for once for each zone that holds replicas, of VMs in any other zone."""
    for target, groups in _by_target(case, _protected(case, choice, VM_REPLICATION)):
        names = {group.name for group in groups}
        sites = {target, *(group.site for group in groups)}
        after = [
            *(standing.stores[store.name] for store in _holding(choice, names) if store.site in sites),
            *(standing.ready[item.name] for item in choice.clusters if item.site in sites and _runs(item, names)),
        ]
        content = Content(target=target, wishes=_wishes(groups), vms=_vms(groups))
        protected.setdefault(target, []).append(queue.add(steps.REPLICATION, target, content, after, request=True))


def _tests(case: Case, choice: Choice, queue: Queue, standing: Standing, protected: dict[str, list[int]]) -> None:
    """A test of the recovery is agreed on for each zone that VMs fail over to; so are failover and return."""
    for target, groups in _by_target(case, [case.workload.groups[name] for name in choice.protection]):
        content = Content(target=target, wishes=_wishes(groups), vms=_vms(groups))
        note = message("Failover and return are asked for by service request too, when the day comes.")
        after = [*protected.get(target, ()), standing.zones[target]]
        queue.add(steps.TEST, target, content, after, request=True, notes=[note])


def _encryption(case: Case, queue: Queue, standing: Standing) -> None:
    for site in case.sites:
        groups = [group for group in case.workload.vms if group.encrypted and group.site == site]
        if groups:
            queue.add(steps.ENCRYPTION, site, Content(vms=_vms(groups)), [standing.zones[site]], request=True)


def _protected(case: Case, choice: Choice, mechanism: Mechanism) -> list[VmGroup]:
    return [case.workload.groups[name] for name, chosen in choice.protection.items() if chosen == mechanism]


def _by_target(case: Case, groups: Iterable[VmGroup]) -> Iterator[tuple[str, list[VmGroup]]]:
    """Yield the zones that groups fail over to, in the order of the sites, with those groups."""
    found: dict[str, list[VmGroup]] = {}
    for group in groups:
        found.setdefault(case.workload.other_site(group) or "", []).append(group)
    for site in case.sites:
        if site in found:
            yield site, found[site]


def _holding(choice: Choice, groups: set[str]) -> list[Datastore]:
    return [store for store in choice.datastores if any(disk.vm in groups for disk in store.disks)]


def _runs(cluster: Cluster, groups: set[str]) -> bool:
    return any(not groups.isdisjoint(host) for host in cluster.placement)


def _is_copy(case: Case, store: Datastore) -> bool:
    """Return whether a mirrored datastore is the copy: none of the VMs on it is at home in its zone."""
    return store.replication is not None and all(
        case.workload.groups[disk.vm].site != store.site for disk in store.disks
    )


def _vms(groups: Iterable[VmGroup]) -> tuple[str, ...]:
    return tuple(name for group in groups for name in group.names)


def _wishes(groups: Iterable[VmGroup]) -> tuple[Wish, ...]:
    return tuple(
        Wish(group.name, group.count, group.site, group.protection.rpo, group.protection.rto)
        for group in groups
        if group.protection
    )
