"""The orders of a plan that starts from what stands: only what is new, what grows, and what is activated otherwise.

Datastores have no names that last: those of one size and class stay, and of the others the larger ones grow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cloudplan.base.language import Message, message
from cloudplan.evaluation.items import BACKUP, BLADES, CLASSES, MEMORY, key_of
from cloudplan.plan.plan import BackupTarget, Change, Choice, Cluster, Datastore, Plan
from cloudplan.rules.orders import (
    OrderForm,
    backup_portions_gib,
    cluster_portions,
    form_of_today,
    most_memory_gib,
    portions,
)
from cloudplan.sales import steps
from cloudplan.sales.affinity import affinity_rules
from cloudplan.sales.requests import further_requests
from cloudplan.sales.steps import Content, Lun, Orders, Queue
from cloudplan.workload.case import Case
from cloudplan.workload.existing import Existing, StandingCluster


def further_orders(case: Case, plan: Plan, before: tuple[Case, Choice] | None = None) -> Orders:
    """Return what a plan orders beside what stands in its workload; without that all would be new.

    What is given back is no order; the plan's changes have it. Requests that are about VMs are told where it is known
    which stood, in the plan `before` this one.
    """
    assert case.workload.existing is not None
    builder = _Builder(case, plan, case.workload.existing)
    builder.build()
    if before:
        further_requests(case, plan.choice, before, builder.queue)
    return Orders(case, tuple(builder.queue.steps), tuple(affinity_rules(case, plan.choice)))


@dataclass
class _Builder:
    """The steps as they are put together."""

    case: Case
    plan: Plan
    existing: Existing
    queue: Queue = field(default_factory=Queue)
    form: OrderForm = field(init=False)

    def __post_init__(self) -> None:
        self.form = form_of_today(self.case.edition)
        self.made: dict[str, int] = {}
        """The steps that make a cluster, by its name."""

    def build(self) -> None:
        """Add all steps: hosts first, then storage, backup, and what else there is more of."""
        standing = {each.name: each for each in self.existing.clusters}
        for cluster in self.plan.clusters:
            if cluster.name in standing:
                self._more(cluster, standing[cluster.name])
            else:
                self._new(cluster)
        for site in self.case.sites:
            self._storage(site)
        for target in self.plan.backup:
            self._backup(target)
        for change in self.plan.changes or ():
            self._other(change)
        for site in self.case.sites:
            names = tuple(each.name for each in self.plan.clusters if each.site == site and each.name in self.made)
            if names:
                after = [self.made[name] for name in names]
                self.queue.add(steps.AVAILABILITY, site, Content(clusters=names), after, request=True)

    def _new(self, cluster: Cluster) -> None:
        """Add the order of a cluster, of its zone where nothing stands there, then hosts and memory beyond it."""
        stands = {each.site for each in self.existing.clusters} | {each.site for each in self.existing.datastores}
        first_here = not any(name != cluster.name for name in self.made if self._site(name) == cluster.site)
        kind = steps.ZONE if cluster.site not in stands and first_here else steps.CLUSTER
        fits = self.form.takes(cluster)
        hosts, *further = cluster_portions(self.case, cluster) if fits else [cluster.hosts]
        most_gib = most_memory_gib(self.case, cluster.blade, hosts) if fits else cluster.memory_gib
        networks = tuple(each.name for each in self.case.workload.networks if cluster.site in each.sites)
        content = Content(
            cluster=cluster.name,
            blade=cluster.blade,
            hosts=hosts,
            memory_gib=min(cluster.memory_gib, most_gib),
            propagated=networks,
        )
        number = self.queue.add(kind, cluster.site, content, (), request=not fits)
        self.made[cluster.name] = number
        for more in further:
            number = self._hosts(cluster, more, [number])
        if content.memory_gib < cluster.memory_gib:
            self._memory(cluster, None, [number])

    def _site(self, name: str) -> str:
        return next(each.site for each in self.plan.clusters if each.name == name)

    def _more(self, cluster: Cluster, before: StandingCluster) -> None:
        """Add the hosts that a cluster grows by, and its memory where that is another than was told."""
        after: list[int] = []
        for more in portions(max(0, cluster.hosts - before.hosts), self.form.hosts_max):
            after = [self._hosts(cluster, more, after)]
        if cluster.memory_gib != before.memory_gib:
            self._memory(cluster, before.memory_gib, after)

    def _hosts(self, cluster: Cluster, hosts: int, after: Sequence[int]) -> int:
        content = Content(cluster=cluster.name, blade=cluster.blade, hosts=hosts)
        asked = cluster.blade in self.form.without_blades
        return self.queue.add(steps.HOSTS, cluster.site, content, after, request=asked)

    def _memory(self, cluster: Cluster, before_gib: int | None, after: Sequence[int]) -> None:
        """Add the order of the memory of a cluster; what is given back, or beyond the form, is asked for."""
        least = before_gib is not None and cluster.memory_gib < before_gib
        asked = least or cluster.memory_gib > most_memory_gib(self.case, cluster.blade, cluster.hosts)
        notes: list[Message] = []
        if before_gib is not None:
            notes.append(message("{gib:n} GiB before.", gib=before_gib))
        content = Content(cluster=cluster.name, memory_gib=cluster.memory_gib)
        self.queue.add(steps.MEMORY, cluster.site, content, after, request=asked, notes=notes)

    def _storage(self, site: str) -> None:
        """Add the datastores of a site that are new, one order for each class, and those that grow."""
        here = [each for each in self.plan.clusters if each.site == site]
        after = [self.made[each.name] for each in here[:1] if each.name in self.made]
        for name in self.case.edition.storage_classes:
            new, grown = self._compared(site, name)
            for store, gib in grown:
                content = Content(datastores=(Lun(store.name, name, store.size_gib),))
                notes = [message("A datastore of {gib:n} GiB grows.", gib=gib)]
                self.queue.add(steps.STORAGE, site, content, after, request=True, notes=notes)
            for count in portions(len(new), self.form.datastores_max, self.form.datastores_min):
                some, new = new[:count], new[count:]
                luns = tuple(Lun(store.name, name, store.size_gib) for store in some)
                asked = name in self.form.without_classes or count < self.form.datastores_min
                content = Content(cluster=here[0].name if here else "", datastores=luns)
                self.queue.add(steps.STORAGE, site, content, after, request=asked)

    def _compared(self, site: str, name: str) -> tuple[list[Datastore], list[tuple[Datastore, int]]]:
        """Return the datastores of a class at a site that are new, and those that grow with their size before."""
        new: list[Datastore] = []
        grown: list[tuple[Datastore, int]] = []
        for mirrored in (False, True):
            before = sorted(
                (
                    each.size_gib
                    for each in self.existing.datastores
                    if (each.site, each.storage_class, each.replication is not None) == (site, name, mirrored)
                ),
                reverse=True,
            )
            left = []
            for store in sorted(self._stores(site, name, mirrored=mirrored), key=lambda each: -each.size_gib):
                if store.size_gib in before:
                    before.remove(store.size_gib)
                else:
                    left.append(store)
            for store in left:
                smaller = next((gib for gib in before if gib < store.size_gib), None)
                if smaller is None:
                    new.append(store)
                else:
                    before.remove(smaller)
                    grown.append((store, smaller))
        return new, grown

    def _stores(self, site: str, name: str, *, mirrored: bool) -> Iterator[Datastore]:
        for store in self.plan.datastores:
            if (store.site, store.storage_class, store.replication is not None) == (site, name, mirrored):
                yield store

    def _backup(self, target: BackupTarget) -> None:
        """Add the orders of the backup storage that a site has more than before; all of it where nobody told."""
        before = sum(each.tib for each in self.existing.backup or () if each.site == target.site)
        more = target.model_copy(update={"tib": max(0, target.tib - before)})
        for size_gib in backup_portions_gib(self.case, more):
            self.queue.add(
                steps.BACKUP,
                target.site,
                Content(backup_gib=size_gib, backup_site=target.site),
                list(self.made.values()),
            )

    def _other(self, change: Change) -> None:
        """Add a request for more of an item that no step has brought."""
        key = key_of(self.case, change.sku or "") or ""
        brought = key in (MEMORY, BACKUP) or key.startswith((f"{BLADES}.", f"{CLASSES}."))
        more = change.after - (change.before or 0)
        if change.sku and not brought and more > 0:
            content = Content(sku=change.sku, label=change.label, quantity=more)
            self.queue.add(steps.OTHER, change.site, content, (), request=True)
