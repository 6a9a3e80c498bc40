"""What a plan keeps only because it stands already: clusters without a VM, and storage that nothing needs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from cloudplan.plan.plan import Choice, Finding
from cloudplan.plan.wording import finding_of
from cloudplan.rules.standing import EXI_1, EXI_2, standing_clusters, standing_gib
from cloudplan.rules.storage import least_lun_gib, load_of
from cloudplan.workload.case import Case


def standing_findings(case: Case, choice: Choice) -> Iterator[Finding]:
    """Yield the clusters that stand idle, and the GiB of each class at a site that nothing needs (EXI-1, EXI-2)."""
    standing = {cluster.name for cluster in standing_clusters(case)}
    for cluster in choice.clusters:
        if cluster.name in standing and not cluster.placement:
            values: dict[str, Any] = {"cluster": cluster.name, "hosts": cluster.hosts, "blade": cluster.blade}
            yield finding_of("info", "cluster-idle", cluster.name, EXI_1.id, **values)
    needed: Counter[tuple[str, str]] = Counter()
    for store in choice.datastores:
        if store.disks or store.vswp:
            item, mirrored = case.edition.storage_classes[store.storage_class], store.replication is not None
            size_gib = least_lun_gib(case, item, load_of(case, store), mirrored=mirrored)
            needed[store.site, store.storage_class] += size_gib or 0
    for (site, name), gib in standing_gib(case).items():
        idle = gib - needed[site, name]
        if idle > 0:
            values = {"site": site, "storage_class": name, "idle": idle, "standing": gib}
            yield finding_of("info", "storage-idle", site, EXI_2.id, **values)
