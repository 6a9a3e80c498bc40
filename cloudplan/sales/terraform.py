"""The VMs of a plan for Terraform, and what the provider's Terraform provider cannot say of them.

The provider makes VMs, their controllers, disks and network adapters, with tags and backup policies. Everything beneath
them is ordered; what concerns several VMs, or their copies, is asked for or set at the console.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cloudplan.base.language import Message, counted, known, message
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.evaluation.utilisation import placements
from cloudplan.plan.plan import Choice
from cloudplan.rules.backup import is_backed_up
from cloudplan.sales.affinity import AffinityRule, affinity_rules
from cloudplan.sales.requests import zone_policies
from cloudplan.workload.case import Case
from cloudplan.workload.workload import VmGroup

BYTES_PER_MIB = 1024 * 1024


@dataclass(frozen=True)
class Unsaid:
    """Something of a plan that Terraform cannot say: what it is, about what, and what is to be done."""

    what: Message
    about: str
    instead: Message


Machines = Mapping[str, Mapping[str, Any]]
"""VMs by name."""


def machines(case: Case, choice: Choice) -> dict[str, dict[str, Any]]:
    """Return the VMs by name as the module of examples/terraform takes them; memory and disks in bytes.

    Each is where the plan has it at its own site. A VM that is off stands on no cluster of the plan: it is given one of
    its pool, or else any of its site; without a cluster there it is left out (see `unsaid`).
    """
    policies = {name: policy.name for policy in zone_policies(case) for group in policy.groups for name in group.names}
    groups, found = case.workload.groups, {}
    for placed in placements(case, choice):
        group = groups[placed.group]
        cluster = placed.cluster or _cluster_of(choice, group)
        if placed.site == group.site and cluster:
            found[placed.vm] = _machine(group, cluster, placed.disks, policies[placed.vm])
    return found


def _machine(group: VmGroup, cluster: str, stores: tuple[str, ...], policy: str) -> dict[str, Any]:
    return {
        **{"site": group.site, "cluster": cluster, "datastore": stores[0]},
        **{"vcpus": group.vcpus, "memory_bytes": group.memory_mib * BYTES_PER_MIB, "powered_on": group.powered_on},
        **{"os": group.os or "", "networks": list(group.networks), "backup_policies": [policy]},
        "tags": dict(group.tags),
        "disks": [
            {"size_bytes": disk.size_mib * BYTES_PER_MIB, "datastore": store}
            for disk, store in zip(group.disks, stores, strict=True)
        ],
    }


def _cluster_of(choice: Choice, group: VmGroup) -> str:
    """Return the cluster for a VM that is off, empty when its site has none."""
    here = [cluster for cluster in choice.clusters if cluster.site == group.site]
    return next((cluster.name for cluster in here if cluster.pool == group.pool), here[0].name if here else "")


def news(before: Machines, after: Machines) -> list[tuple[Message, str]]:
    """Return what is new of some VMs, as `machines` has them: what it is, and the names of the VMs alike.

    VMs that come and go, disks that grow, what else is another, and what moves.
    """
    found: list[tuple[Message, list[str]]] = []
    for name, vm in after.items():
        for what in [message("new VMs")] if name not in before else _changes(before[name], vm):
            alike = next((names for told, names in found if told == what), None)
            if alike is None:
                found.append((what, [name]))
            else:
                alike.append(name)
    if gone := [name for name in before if name not in after]:
        found.append((message("gone: Terraform destroys them"), gone))
    return [(what, ", ".join(names)) for what, names in found]


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Message]:
    """Yield what of a VM is another."""
    for number, (old, new) in enumerate(zip(before["disks"], after["disks"], strict=True)):
        if old["size_bytes"] != new["size_bytes"]:
            sizes = [Fraction(disk["size_bytes"], BYTES_PER_MIB * MIB_PER_GIB) for disk in (old, new)]
            yield message("disk {number}: {old:n} → {new:n} GiB", number=number, old=sizes[0], new=sizes[1])
    if before["cluster"] != after["cluster"]:
        yield message("moves from cluster {old} to {new}", old=before["cluster"], new=after["cluster"])
    if [disk["datastore"] for disk in before["disks"]] != [disk["datastore"] for disk in after["disks"]]:
        yield message("disks on another datastore: move them at the console")


def unsaid(case: Case, choice: Choice) -> Iterator[Unsaid]:
    """Yield what of the VMs of a plan Terraform cannot say, with what is to be done instead."""
    at_console = message("a rule at the console")
    for rule in affinity_rules(case, choice):
        yield Unsaid(_affinity(rule), ", ".join(rule.machines), at_console)
    for name, mechanism in choice.protection.items():
        group = case.workload.groups[name]
        words = message("replication by {mechanism}", mechanism=mechanism)
        yield Unsaid(words, ", ".join(group.names), message("a service request, see the orders"))
    for store, vms in _swapped(case, choice):
        ask = message("a setting of the cluster: ask the provider")
        yield Unsaid(message("swap files on {store}", store=store), ", ".join(vms), ask)
    for group in case.workload.vms:
        names = ", ".join(group.names)
        if group.encrypted:
            yield Unsaid(message("encryption"), names, message("encrypt the VM at the console while it is off"))
        if group.gpus:
            count = counted("{count} physical GPU", "{count} physical GPUs", group.gpus)
            yield Unsaid(count, names, message("passthrough, set at the console while the VM is off"))
        excluded = [index for index, disk in enumerate(group.disks) if not is_backed_up(disk)]
        if excluded:
            disks = message("disks not backed up: {disks}", disks=", ".join(map(str, excluded)))
            yield Unsaid(disks, names, message("exclude them from the policy at the console"))
        if not group.powered_on and not _cluster_of(choice, group):
            yield Unsaid(message("no cluster at its site"), names, message("left out of the file"))


def _swapped(case: Case, choice: Choice) -> list[tuple[str, list[str]]]:
    """Return the datastores that have swap files of VMs at home whose disk 0 is elsewhere, with those VMs."""
    found: dict[str, list[str]] = {}
    for placed in placements(case, choice):
        if placed.site == case.workload.groups[placed.group].site and placed.swap not in ("", placed.disks[0]):
            found.setdefault(placed.swap, []).append(placed.vm)
    return list(found.items())


def _affinity(rule: AffinityRule) -> Message:
    return message("{kind} {name} on cluster {cluster}", kind=known(rule.kind), name=rule.name, cluster=rule.cluster)
