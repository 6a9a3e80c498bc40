"""What the reader must know of the other site of protected VMs: what is not held, and what is missing there."""

from collections.abc import Iterator, Sequence

from cloudplan.plan.plan import Finding
from cloudplan.plan.wording import finding_of
from cloudplan.rules import networks, protection
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Standby

MOST_NAMED = 5
"""The VM groups that a finding names; of more it tells how many they are."""


def standby_findings(case: Case) -> Iterator[Finding]:
    """Yield what protected VMs hold at their other site less than here, and lack there (DR-1, NET-1)."""
    protected = [group for group in case.workload.vms if group.protection]
    own: dict[Standby, list[str]] = {}
    for group in protected:
        if isinstance(group.standby, Standby):
            own.setdefault(group.standby, []).append(group.name)
    share = case.workload.policy.standby
    if any(group.standby is None for group in protected) and _degraded(share):
        yield finding_of("warning", "degraded-standby", "policy.standby", protection.DR_1.id, **_shares(share))
    for share, names in own.items():
        if _degraded(share):
            values = {"vms": _named(names), **_shares(share)}
            yield finding_of("warning", "degraded-standby", _named(names), protection.DR_1.id, about="own", **values)
    data_only = [group for group in protected if group.data_only]
    in_time = [group.name for group in data_only if group.protection and group.protection.rto]
    if in_time:
        vms = _named(in_time)
        yield finding_of("warning", "standby-none", vms, protection.DR_1.id, about="rto", vms=vms)
    if others := [group.name for group in data_only if group.name not in set(in_time)]:
        vms = _named(others)
        yield finding_of("info", "standby-none", vms, protection.DR_1.id, vms=vms)
    for network in case.workload.networks:
        lacking: dict[str, list[str]] = {}
        for group in protected:
            site = case.workload.other_site(group)
            if site and network.name in group.networks and site not in network.sites:
                lacking.setdefault(site, []).append(group.name)
        for site, names in lacking.items():
            values = {"network": network.name, "site": site, "vms": _named(names)}
            yield finding_of("warning", "network-not-at-standby", network.name, networks.NET_1.id, **values)


def _degraded(share: Standby) -> bool:
    return min(share.vcpu_share, share.memory_share) < 1


def _shares(share: Standby) -> dict[str, str]:
    return {"vcpu": str(share.vcpu_share), "memory": str(share.memory_share)}


def _named(names: Sequence[str]) -> str:
    """Return the first of some names, as a text of any language."""
    return ", ".join(names[:MOST_NAMED]) + (f", … ({len(names)})" if len(names) > MOST_NAMED else "")
