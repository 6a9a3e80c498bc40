"""The orders that build a plan: at the provider's console, within its limits and in a sequence that works.

A zone comes first, with its first cluster and as much as its form takes; then further clusters, datastores, networks,
backup storage and the rest. What the form does not take is a service request.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cloudplan.base.language import Message, message
from cloudplan.base.units import GIB_PER_TIB
from cloudplan.catalog.edition import in_any_region
from cloudplan.plan.plan import BackupTarget, Choice, Cluster, Datastore
from cloudplan.rules.compute import included_gib
from cloudplan.rules.orders import (
    Batch,
    OrderForm,
    backup_portions_gib,
    cluster_portions,
    datastore_batches,
    form_of_today,
    is_asked_for,
    lead_cluster,
    most_memory_gib,
    portions,
)
from cloudplan.sales import steps
from cloudplan.sales.affinity import affinity_rules
from cloudplan.sales.requests import Standing, requests
from cloudplan.sales.steps import Content, Lun, Orders, Queue
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Extra

TENANT, ZONE, VLAN, ADDRESS = (
    *("csp:tenant:", "csp:(region):iaas:az:", "csp:(region):network:vlan:", "csp:(region):network:ipv4:v2"),
)
"""What the SKUs of extras begin with that have a field of their own in a form, or are asked for first."""


def orders(case: Case, choice: Choice, backup: Sequence[BackupTarget]) -> Orders:
    """Return the orders and the service requests of a plan."""
    builder = _Builder(case, choice, backup)
    builder.build()
    return Orders(case, tuple(builder.queue.steps), tuple(affinity_rules(case, choice)))


@dataclass
class _Builder:
    """The steps as they are put together, and which of them bring what."""

    case: Case
    choice: Choice
    backup: Sequence[BackupTarget]
    queue: Queue = field(default_factory=Queue)
    standing: Standing = field(default_factory=Standing)
    form: OrderForm = field(init=False)

    def __post_init__(self) -> None:
        self.form = form_of_today(self.case.edition)
        self.sites = [site for site in self.case.sites if self._stands(site)]
        self.batches = {site: datastore_batches(self.case, self.choice, site) for site in self.sites}
        self.networks = dict(_networks(self.case, self.sites))
        self.created: dict[str, int] = {}
        self.reached: set[tuple[str, str]] = set()
        self.storage_gib = {target.site: backup_portions_gib(self.case, target) for target in self.backup}
        self.addresses = {site: self._quantity(ADDRESS, site) for site in self.case.sites}

    def build(self) -> None:
        """Add all steps, each behind those that it waits for."""
        tenants = [
            self._item(steps.TENANT, extra, (), request=True) for extra in self._extras() if self._is(extra, TENANT)
        ]
        for site in self.sites:
            self._zone(site, tenants)
        self._create_networks()
        for site in self.sites:
            for cluster in self._clusters(site):
                self._cluster(cluster)
        for site in self.sites:
            for batch in self.batches[site][1:]:
                self._datastores(site, batch)
        self._propagate()
        for target in self.backup:
            for size_gib in self.storage_gib[target.site]:
                self._backup(target, size_gib)
        self._others(tenants)
        requests(self.case, self.choice, self.queue, self.standing)

    # --- a zone, with all that its form takes -------------------------------------------------------------------------

    def _zone(self, site: str, after: Sequence[int]) -> None:
        """Add the order of a zone; a request when the form does not take its cluster, or too few datastores."""
        lead, (first, *others) = lead_cluster(self.case, self.choice, site), self.batches[site]
        fits = lead is not None and self.form.takes(lead) and len(first.datastores) >= self.form.datastores_min
        if not fits:  # what would be a request of its own comes with it
            asked = [store for batch in others if batch.how == "request" for store in batch.datastores]
            first = Batch(first.cluster, (*first.datastores, *asked), first.how)
            self.batches[site] = [first, *(batch for batch in others if batch.how != "request")]
        new, known = self._networks_at(site, lead.name if lead else "")
        target = self._target_of(site)
        content = Content(
            cluster=lead.name if lead else "",
            blade=lead.blade if lead else "",
            hosts=self._first_hosts(lead, ordered=fits) if lead else 0,
            memory_gib=self._first_memory_gib(lead, ordered=fits) if lead else 0,
            datastores=_luns(first.datastores),
            backup_gib=self.storage_gib[target.site].pop(0) if target else 0,
            backup_site=target.site if target else "",
            networks=tuple(new),
            propagated=tuple(known),
            addresses=min(self.addresses[site], self.form.addresses_max or self.addresses[site]),
        )
        self.addresses[site] -= content.addresses
        notes = [*self._little(target), *self._why_not(lead, first)]
        waits = [*after, *(self.created[name] for name in known)]
        number = self.queue.add(steps.ZONE, site, content, waits, request=not fits, notes=notes)
        self.standing.zones[site] = number
        self.standing.stands(number, first)
        if target:
            self.standing.backup.setdefault(target.site, []).append(number)
        for name in (*new, *known):
            self.created.setdefault(name, number)
            self.reached.add((name, content.cluster))
        if lead:
            self._grow(lead, number, ordered=fits)

    def _why_not(self, lead: Cluster | None, batch: Batch) -> Iterator[Message]:
        if lead is None:
            yield message("The form orders a zone with a cluster only; this one has none.")
        elif lead.blade in self.form.without_blades:
            yield message("The form does not have the blade {blade}.", blade=lead.blade)
        elif not self.form.takes(lead):
            few = (
                "The form takes {least} hosts or more for a cluster; fewer have no SLA: agree on it with the provider."
            )
            yield message(few, least=self.form.hosts_min)
        if lead and len(batch.datastores) < self.form.datastores_min:
            yield message("An order takes {least} datastores or more.", least=self.form.datastores_min)

    def _target_of(self, site: str) -> BackupTarget | None:
        """Return the backup storage that is ordered with a zone: the one that its VMs use, if no other zone has it."""
        taken = self.standing.backup
        return next(
            (
                target
                for target in self.backup
                if self.storage_gib[target.site]
                and target.site not in taken
                and any(source.site == site for source in target.sources)
            ),
            None,
        )

    # --- clusters -----------------------------------------------------------------------------------------------------

    def _clusters(self, site: str) -> list[Cluster]:
        """Return the clusters of a site that do not come with its zone."""
        return [item for item in self.choice.clusters if item.site == site and item.name not in self.standing.clusters]

    def _first_hosts(self, cluster: Cluster, *, ordered: bool) -> int:
        return cluster_portions(self.case, cluster)[0] if ordered else cluster.hosts

    def _first_memory_gib(self, cluster: Cluster, *, ordered: bool) -> int:
        """Return the memory that a cluster is ordered with; where hosts are added later, what they include."""
        first = self._first_hosts(cluster, ordered=ordered)
        if first < cluster.hosts:
            return first * included_gib(self.case.edition)
        return (
            min(cluster.memory_gib, most_memory_gib(self.case, cluster.blade, first))
            if ordered
            else (cluster.memory_gib)
        )

    def _cluster(self, cluster: Cluster) -> None:
        """Add the steps of a further cluster, with the networks that its order can propagate."""
        fits = self.form.takes(cluster)
        _, known = self._networks_at(cluster.site, cluster.name)
        content = Content(
            cluster=cluster.name,
            blade=cluster.blade,
            hosts=self._first_hosts(cluster, ordered=fits),
            memory_gib=self._first_memory_gib(cluster, ordered=fits),
            propagated=tuple(known),
        )
        after = [self.standing.zones[cluster.site], *(self.created[name] for name in known)]
        notes = () if fits else self._why_not(cluster, self.batches[cluster.site][0])
        number = self.queue.add(steps.CLUSTER, cluster.site, content, after, request=not fits, notes=notes)
        self.reached |= {(name, cluster.name) for name in known}
        self._grow(cluster, number, ordered=fits)

    def _grow(self, cluster: Cluster, number: int, *, ordered: bool) -> None:
        """Add the hosts and the memory that the order of a cluster did not take."""
        self.standing.clusters[cluster.name] = self.standing.ready[cluster.name] = number
        if not ordered:
            return
        named, site = Content(cluster=cluster.name, blade=cluster.blade), cluster.site
        _, *further = cluster_portions(self.case, cluster)
        for hosts in further:
            content = Content(cluster=named.cluster, blade=named.blade, hosts=hosts)
            number = self.queue.add(steps.HOSTS, site, content, [number])
        has_gib = (
            cluster.hosts * included_gib(self.case.edition)
            if further
            else self._first_memory_gib(cluster, ordered=True)
        )
        most_gib = min(cluster.memory_gib, most_memory_gib(self.case, cluster.blade, cluster.hosts))
        if has_gib < most_gib:
            number = self.queue.add(steps.MEMORY, site, Content(cluster=cluster.name, memory_gib=most_gib), [number])
        if most_gib < cluster.memory_gib:
            reserve = "The form leaves {reserve} GiB of each host to the hypervisor."
            notes = [message(reserve, reserve=self.form.memory_reserve_gib)]
            content = Content(cluster=cluster.name, memory_gib=cluster.memory_gib)
            number = self.queue.add(steps.MEMORY, site, content, [number], request=True, notes=notes)
        self.standing.ready[cluster.name] = number

    # --- datastores, networks, backup storage, the rest ---------------------------------------------------------------

    def _datastores(self, site: str, batch: Batch) -> None:
        """Add the order of datastores of one class; a request when the form does not take them."""
        content = Content(cluster=batch.cluster, datastores=_luns(batch.datastores))
        asked, notes = batch.how == "request", []
        if asked and batch.datastores[0].storage_class in self.form.without_classes:
            notes.append(message("The form does not have the class {name}.", name=batch.datastores[0].storage_class))
        elif asked:
            notes.append(message("An order takes {least} datastores or more.", least=self.form.datastores_min))
        after = [self.standing.clusters.get(batch.cluster, self.standing.zones[site])]
        self.standing.stands(self.queue.add(steps.STORAGE, site, content, after, request=asked, notes=notes), batch)

    def _networks_at(self, site: str, cluster: str) -> tuple[list[str], list[str]]:
        """Return the networks that an order creates at a zone and those that it only propagates to a cluster of it."""
        here = [name for name, sites in self.networks.items() if site in sites and (name, cluster) not in self.reached]
        most = self.form.networks_max or len(here)
        known = [name for name in here if cluster and name in self.created][:most]
        new = [name for name in here if name not in self.created][: most - len(known)]
        return new, known

    def _create_networks(self) -> None:
        """Add the orders of the networks that no zone was ordered with."""
        for site in self.sites:
            here = [name for name, sites in self.networks.items() if site in (sites or self.sites[:1])]
            new = [name for name in here if name not in self.created]
            for count in portions(len(new), self.form.networks_max):
                some, new = new[:count], new[count:]
                content = Content(networks=tuple(some))
                number = self.queue.add(steps.NETWORKS, site, content, [self.standing.zones[site]])
                self.created.update(dict.fromkeys(some, number))

    def _propagate(self) -> None:
        """Add the orders that bring networks to the clusters that they have not reached."""
        for cluster in self.choice.clusters:
            while known := self._networks_at(cluster.site, cluster.name)[1]:
                content = Content(cluster=cluster.name, propagated=tuple(known))
                after = [self.standing.clusters[cluster.name], *(self.created[name] for name in known)]
                self.queue.add(steps.PROPAGATION, cluster.site, content, after)
                self.reached |= {(name, cluster.name) for name in known}

    def _backup(self, target: BackupTarget, size_gib: int) -> None:
        content = Content(backup_gib=size_gib, backup_site=target.site)
        after = [self.standing.zones[source.site] for source in target.sources if source.site in self.standing.zones]
        number = self.queue.add(steps.BACKUP, target.site, content, after, notes=self._little(target))
        self.standing.backup.setdefault(target.site, []).append(number)

    def _little(self, target: BackupTarget | None) -> Iterator[Message]:
        least = self.form.backup_min_gib
        needed = target.tib * GIB_PER_TIB if target else least
        if needed < least:
            text = "The plan needs {needed:n} GiB of backup storage; an order takes {least} GiB or more."
            yield message(text, needed=needed, least=least)

    def _others(self, tenants: Sequence[int]) -> None:
        """Add what the workload asks for besides and no other step has brought."""
        for site in self.case.sites:
            after = [self.standing.zones[site]] if site in self.standing.zones else list(self.standing.zones.values())
            for extra in self._extras():
                if extra.site != site or self._is(extra, TENANT) or self._is(extra, VLAN):
                    continue
                if self._is(extra, ZONE):
                    if site not in self.standing.zones:
                        note = message("The form orders a zone with a cluster only; this one has none.")
                        number = self.queue.add(steps.ZONE, site, Content(), tenants, request=True, notes=[note])
                        self.standing.zones[site] = number
                elif self._is(extra, ADDRESS):
                    if self.addresses[site]:
                        self._item(steps.OTHER, extra, after, quantity=self.addresses[site])
                        self.addresses[site] = 0
                elif is_asked_for(self.case, self.case.edition.extra(extra.sku, self.case.workload.region)):
                    self._item(steps.LINK, extra, after, request=True)
                else:
                    self._item(steps.OTHER, extra, after)

    def _item(self, kind: str, extra: Extra, after: Sequence[int], *, quantity: int = 0, request: bool = False) -> int:
        item = self.case.edition.extra(extra.sku, self.case.workload.region)
        content = Content(sku=item.sku, label=item.label, quantity=quantity or extra.quantity)
        return self.queue.add(kind, extra.site, content, after, request=request)

    def _stands(self, site: str) -> bool:
        return site in {*(item.site for item in self.choice.clusters), *(item.site for item in self.choice.datastores)}

    def _extras(self) -> Sequence[Extra]:
        return self.case.workload.extras

    def _is(self, extra: Extra, sku: str) -> bool:
        return _sku(self.case, extra).startswith(sku)

    def _quantity(self, sku: str, site: str) -> int:
        return sum(extra.quantity for extra in self._extras() if extra.site == site and self._is(extra, sku))


def _sku(case: Case, extra: Extra) -> str:
    return in_any_region(case.edition.extra(extra.sku, case.workload.region).sku, case.workload.region)


def _networks(case: Case, sites: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the networks by name, with their zones among those of a plan; VLANs of extras reach every zone."""
    for network in case.workload.networks:
        yield network.name, tuple(site for site in sites if site in network.sites)
    count = sum(extra.quantity for extra in case.workload.extras if _sku(case, extra).startswith(VLAN))
    for number in range(1, count + 1):
        yield f"vlan-{number}", tuple(sites)


def _luns(stores: Sequence[Datastore]) -> tuple[Lun, ...]:
    return tuple(Lun(store.name, store.storage_class, store.size_gib) for store in stores)
