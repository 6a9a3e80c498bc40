"""Affinity and anti-affinity rules as the console wants them: type, name, status and machines, for each cluster."""

from dataclasses import dataclass
from typing import Literal

from cloudplan.evaluation.utilisation import placements
from cloudplan.plan.plan import Choice
from cloudplan.workload.case import Case

AFFINITY: Literal["affinity"] = "affinity"
ANTI_AFFINITY: Literal["anti-affinity"] = "anti-affinity"


@dataclass(frozen=True)
class AffinityRule:
    """A rule between VMs of one cluster: on from the start, or where only copies stand, after a failover."""

    cluster: str
    kind: Literal["affinity", "anti-affinity"]
    name: str
    status: Literal["on", "on after failover"]
    machines: tuple[str, ...]


def affinity_rules(case: Case, choice: Choice) -> list[AffinityRule]:
    """Return the rules of a plan (AFF-1, AFF-2), cluster by cluster: at the other site too, where the copies run.

    A rule needs two machines. Its name has the cluster, as a group of the workload may stand on several.
    """
    members: dict[tuple[str, Literal["affinity", "anti-affinity"], str], list[str]] = {}
    at_home: set[tuple[str, str, str]] = set()
    for placed in placements(case, choice):
        group = case.workload.groups[placed.group]
        for kind, name in ((AFFINITY, group.affinity), (ANTI_AFFINITY, group.anti_affinity)):
            if name and placed.cluster:
                members.setdefault((placed.cluster, kind, name), []).append(placed.vm)
                if placed.site == group.site:
                    at_home.add((placed.cluster, kind, name))
    order = {cluster.name: number for number, cluster in enumerate(choice.clusters)}
    found = [
        AffinityRule(key[0], key[1], "-".join(key), "on" if key in at_home else "on after failover", tuple(names))
        for key, names in members.items()
        if len(names) > 1
    ]
    return sorted(found, key=lambda rule: (order[rule.cluster], rule.kind, rule.name))
