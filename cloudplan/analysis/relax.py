"""Why there is no plan: the smallest set of VMs that cannot be planned together, and what would have to give.

VMs are left out one at a time until no more can be: those that are left have no plan, and would have one without any of
them. Then requirements are given up, one, or two together, until there is a plan; each is priced.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cloudplan.analysis.compare import edited
from cloudplan.base.errors import BadInputError, Fault, NoPlanError
from cloudplan.base.units import MIB_PER_GIB, gib
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.rules.compute import CORES, MEMORY
from cloudplan.workload.case import Case
from cloudplan.workload.reading import as_given, read_workload
from cloudplan.workload.workload import VmGroup

Solve = Callable[[Origin], Plan]
Feasible = Callable[[Origin], bool]
Edits = Mapping[str, Any]

MOST_GROUPS = 400
"""Groups up to which the smallest set is looked for; of larger workloads the groups that faults name are taken."""
MOST_PAIRS = 120
"""Pairs of requirements that are given up together when no single one helps."""
SHOWN = 8


@dataclass(frozen=True)
class Relaxation:
    """Requirements that were given up, in words and as edits, and the plan that is possible then."""

    words: tuple[str, ...]
    edits: Edits
    plan: Plan


@dataclass(frozen=True)
class NoPlan:
    """What stands against a plan: all faults, the smallest set of groups, and the relaxations, cheapest first."""

    faults: tuple[Fault, ...]
    groups: tuple[str, ...]
    relaxations: tuple[Relaxation, ...]
    tried: tuple[str, ...]
    """What was given up in vain, alone."""


def why_no_plan(origin: Origin, solve: Solve, feasible: Feasible) -> NoPlan | None:
    """Return why a workload has no plan, None when it has one.

    `solve` makes the cheapest plan, `feasible` says whether there is any; both may take long for large workloads.
    """
    try:
        solve(origin)
    except NoPlanError as error:
        faults = tuple(error.faults)
    else:
        return None
    tree = as_given(origin.workload, origin.edition)
    groups = _smallest(origin, tree, faults, feasible)
    kinds = list(_kinds(origin, groups))
    useful = [kind for kind in kinds if _possible(origin, tree, kind[1], feasible)]
    chosen: list[tuple[tuple[str, ...], Edits]] = [((words,), edits) for words, edits in useful]
    if not chosen:
        pairs = itertools.islice(itertools.combinations(kinds, 2), MOST_PAIRS)
        both = [((one, other), {**first, **second}) for (one, first), (other, second) in pairs]
        chosen += [(words, edits) for words, edits in both if _possible(origin, tree, edits, feasible)][:SHOWN]
    found = [Relaxation(words, edits, solve(_with(origin, tree, edits))) for words, edits in chosen]
    found.sort(key=lambda each: (each.plan.monthly, each.words))
    known = {words for words, _ in useful}
    return NoPlan(faults, groups, tuple(found), tuple(words for words, _ in kinds if words not in known))


def _with(origin: Origin, tree: Mapping[str, Any], edits: Edits) -> Origin:
    workload = read_workload(edited(tree, edits), origin.edition, obey_pin=False)
    return Origin(workload, origin.edition, origin.prices)


def _possible(origin: Origin, tree: Mapping[str, Any], edits: Edits, feasible: Feasible) -> bool:
    try:
        return feasible(_with(origin, tree, edits))
    except BadInputError:
        return False


# --- the smallest set ---------------------------------------------------------------------------------------------


def _smallest(origin: Origin, tree: Mapping[str, Any], faults: Sequence[Fault], feasible: Feasible) -> tuple[str, ...]:
    """Return groups that together have no plan, and have one without any single one of them."""
    everyone = [group.name for group in origin.workload.vms]
    named = [name for name in everyone if any(name in fault.path.split(", ") for fault in faults)]
    start = named if named and not _some(origin, tree, named, feasible) else everyone
    if len(start) > MOST_GROUPS:
        return tuple(named)
    left = list(start)
    step = max(1, len(left) // 2)
    while left:
        smaller = None
        for at in range(0, len(left), step):
            rest = left[:at] + left[at + step :]
            if rest and not _some(origin, tree, rest, feasible):
                smaller = rest
                break
        if smaller is not None:
            left = smaller
            step = min(step, max(1, len(left) // 2))
        elif step == 1:
            break
        else:
            step //= 2
    return tuple(left)


def _some(origin: Origin, tree: Mapping[str, Any], names: Sequence[str], feasible: Feasible) -> bool:
    """Return whether some groups alone have a plan."""
    kept = [entry for entry in tree["vms"] if entry["name"] in names]
    workload = read_workload({**tree, "vms": kept}, origin.edition, obey_pin=False)
    return feasible(Origin(workload, origin.edition, origin.prices))


# --- what may be given up -----------------------------------------------------------------------------------------


def _kinds(origin: Origin, groups: Sequence[str]) -> Iterator[tuple[str, Edits]]:
    """Yield the requirements that may be given up, the groups in conflict all alike, as words and edits."""
    policy, edition = origin.workload.policy, origin.edition
    if set(policy.blades) != set(edition.blades):
        yield "every blade allowed by the policy", {"policy.blades": None}
    if policy.max_clusters is not None:
        yield f"max_clusters {policy.max_clusters + 1}", {"policy.max_clusters": policy.max_clusters + 1}
        yield "no limit of clusters", {"policy.max_clusters": None}
    for failures in range(policy.host_failures - 1, -1, -1):
        yield f"host_failures {failures}", {"policy.host_failures": failures}
    for name in ("memory_ceiling", "snapshot_headroom", "datastore_max_gib", "host_memory_reserve_gib"):
        given = as_given(origin.workload, edition).get("policy", {})
        if name in given:
            yield f"the catalogue's {name}", {f"policy.{name}": None}
    if policy.vswp != "auto":
        yield "vswp auto", {"policy.vswp": "auto"}
    yield from _of_groups(origin, [origin.workload.groups[name] for name in groups])


def _of_groups(origin: Origin, groups: Sequence[VmGroup]) -> Iterator[tuple[str, Edits]]:
    for name, words in (
        *(("blades", "every blade allowed for {vms}"), ("min_ghz", "no min_ghz for {vms}")),
        *(("anti_affinity", "no anti-affinity of {vms}"), ("affinity", "no affinity of {vms}")),
        *(
            ("protection", "no protection of {vms}"),
            ("gpus", "no GPUs for {vms}"),
            ("encrypted", "no encryption of {vms}"),
        ),
    ):
        mine = [group for group in groups if _asks(origin, group, name)]
        if mine:
            vms = ", ".join(group.name for group in mine)
            yield words.format(vms=vms), {f"vms.{group.name}.{name}": None for group in mine}
    protected = [group for group in groups if group.protection]
    for mechanism in ("global-mirror", "vm-replication") if protected else ():
        vms = ", ".join(group.name for group in protected)
        edits = {f"vms.{group.name}.protection": {"mechanism": mechanism} for group in protected}
        yield f"{mechanism} for {vms}, whatever its RPO and RTO", edits
    yield from _of_disks(groups)
    yield from _smaller(origin, groups)


def _asks(origin: Origin, group: VmGroup, name: str) -> bool:
    """Return whether a group asks for something that a plan would be easier without."""
    if name == "blades":
        return set(group.blades) != set(origin.workload.policy.blades)
    return bool(getattr(group, name))


def _of_disks(groups: Sequence[VmGroup]) -> Iterator[tuple[str, Edits]]:
    for name, field, words in (
        ("storage_class", "class", "any class for disks of {vms}"),
        ("iops", "iops", "no IOPS for disks of {vms}"),
        ("mbps", "mbps", "no MB/s for disks of {vms}"),
        ("constant_writes", "constant_writes", "no constant writes of {vms}"),
    ):
        asked = [(group.name, at) for group in groups for at, disk in enumerate(group.disks) if getattr(disk, name)]
        if asked:
            vms = ", ".join(dict.fromkeys(vm for vm, _ in asked))
            yield words.format(vms=vms), {f"vms.{vm}.disks[{at}].{field}": None for vm, at in asked}


def _smaller(origin: Origin, groups: Sequence[VmGroup]) -> Iterator[tuple[str, Edits]]:
    """Yield the largest sizes that a host, or a LUN, can hold, for VMs that are larger."""
    case = Case.of(origin.workload, origin.edition, origin.prices)
    for group in groups:
        blades = [blade for name, blade in case.blades.items() if name in group.blades]
        if not blades:
            continue
        ratio = Fraction(group.vcpu_per_core)
        vcpus = max(min(int(CORES.offer(case, blade) * ratio), blade.threads) for blade in blades)
        memory_gib = max(gib(MEMORY.offer(case, blade)) for blade in blades)
        if group.vcpus > vcpus > 0:
            yield f"{vcpus} vCPUs for {group.name}", {f"vms.{group.name}.vcpus": vcpus}
        if Fraction(group.memory_mib, MIB_PER_GIB) > memory_gib > 0:
            largest = int(memory_gib)
            yield f"{largest} GiB of memory for {group.name}", {f"vms.{group.name}.memory_gib": largest}
        share = 1 - Fraction(origin.workload.policy.snapshot_headroom)
        most_gib = int(origin.workload.policy.datastore_max_gib * share)
        for at, disk in enumerate(group.disks):
            if Fraction(disk.size_mib, MIB_PER_GIB) > most_gib:
                edits = {f"vms.{group.name}.disks[{at}].{name}": most_gib for name in ("size_gib", "used_gib")}
                yield f"disk {at} of {group.name} no larger than {most_gib} GiB", edits
