"""What a plan leaves standing, for the plan that follows."""

from collections import Counter

from cloudplan.plan.plan import Cluster, Plan
from cloudplan.workload.existing import Existing, StandingBackup, StandingCluster, StandingDatastore, StandingLine


def existing_of(plan: Plan, *, keep: bool = True) -> Existing:
    """Return what stands once a plan is ordered: its clusters, datastores, backup storage, and its whole bill."""
    sites = {group["name"]: group.get("site") for group in plan.inputs.workload["vms"]}
    stores = []
    for store in plan.datastores:
        at_source = any(sites.get(name) == store.site for name in (*(disk.vm for disk in store.disks), *store.vswp))
        replication = ("source" if at_source else "copy") if store.replication else None
        entry = {"site": store.site, "class": store.storage_class, "size_gib": store.size_gib}
        stores.append(StandingDatastore.model_validate({**entry, "replication": replication}))
    return Existing(
        keep=keep,
        clusters=tuple(map(standing_cluster, plan.clusters)),
        datastores=tuple(stores),
        backup=tuple(StandingBackup(site=target.site, tib=target.tib) for target in plan.backup),
        bill=standing_lines(plan),
    )


def standing_cluster(cluster: Cluster) -> StandingCluster:
    """Return a cluster as one that stands."""
    return StandingCluster(**cluster.model_dump(include=set(StandingCluster.model_fields)))


def standing_lines(plan: Plan) -> tuple[StandingLine, ...]:
    """Return the quantities of a plan, the clusters of a licence together."""
    licences: Counter[tuple[str, str]] = Counter()
    for owed in plan.third_party.lines if plan.third_party else ():
        licences[owed.site, owed.licence] += owed.quantity
    return (
        *(StandingLine(site=line.site, sku=line.sku, quantity=line.quantity) for line in plan.bom),
        *(StandingLine(site=site, licence=name, quantity=number) for (site, name), number in licences.items()),
    )
