"""What ties the phases of a roadmap: each keeps the rules by itself, what was bought stays, VMs keep their choices."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from cloudplan.plan.plan import Choice, Datastore
from cloudplan.rules.rule import Condition, Rule
from cloudplan.workload.case import Case

TIME_1 = Rule(
    "TIME-1",
    "Each phase by itself",
    "The phases are those of the horizon, and the plan of each keeps every rule for the workload of its phase.",
    "plan",
)
TIME_2 = Rule(
    "TIME-2",
    "Clusters stay",
    "Unless horizon.shrink a cluster of a phase stands in the next with the same name, site, pool and blade, and at "
    "least as many hosts.",
    "plan",
)
TIME_3 = Rule(
    "TIME-3",
    "Storage stays",
    "Unless horizon.shrink the GiB of all datastores of a class at a site, mirrored or not, never fall from a phase to "
    "the next.",
    "plan",
)
TIME_4 = Rule(
    "TIME-4",
    "Choices stay",
    "In all phases where a group stands it has the same replication mechanism, the same class for each of its disks "
    "and the same place of its swap files at each site.",
    "choice",
)

RULES = (TIME_1, TIME_2, TIME_3, TIME_4)

HOME = "disk 0"
"""What stands for swap files with the first disk of their VM, beside the names of classes."""

Readings = Mapping[str, frozenset[str]]
"""What a choice says of a group, by what it is about: all that it may mean; swap may be with disk 0 and on a class."""


def choices_stay(choices: Iterable[tuple[str, Choice]]) -> Iterator[Condition]:
    """Yield that the choices of phases, each with its first month, have a reading in common for each group (TIME-4)."""
    known: dict[str, frozenset[str]] = {}
    for month, choice in choices:
        for about, found in readings(choice).items():
            before = known.get(about, found)
            words = f"{_listed(found)}, expected {_listed(before)} as in the phases before"
            yield TIME_4.require(bool(before & found), f"phase {month}, {about}", words)
            known[about] = (before & found) or before


def readings(choice: Choice) -> Readings:
    """Return what a choice says of the mechanism, the class of each disk and the swap files of each group."""
    found: dict[str, set[str]] = defaultdict(set)
    swap: dict[tuple[str, str], list[tuple[Datastore, int]]] = defaultdict(list)
    for name, mechanism in choice.protection.items():
        found[f"mechanism of {name}"].add(mechanism)
    for store in choice.datastores:
        for disk in store.disks:
            found[f"class of {disk.vm} disk {disk.disk}"].add(store.storage_class)
        for name, count in store.vswp.items():
            swap[name, store.site].append((store, count))
    for (name, site), held in swap.items():
        found[f"swap of {name} at {site}"] = {*_swap_readings(name, held)}
    return {about: frozenset(said) for about, said in found.items()}


def _swap_readings(name: str, held: list[tuple[Datastore, int]]) -> Iterator[str]:
    """Yield what swap files of a group at a site may mean: with disk 0, and apart on one class."""
    if all(count == sum(e.count for e in store.disks if (e.vm, e.disk) == (name, 0)) for store, count in held):
        yield HOME
    classes = {store.storage_class for store, _ in held}
    if len(classes) == 1 and not any(store.replication for store, _ in held):
        yield from classes


def _listed(found: Iterable[str]) -> str:
    return " or ".join(sorted(found)) or "neither"


def moved(case: Case, before: Choice, after: Choice) -> int:
    """Return how many instances stand at their own site on another cluster than before; those that are new do not."""
    groups = case.workload.groups
    one, other = _by_cluster(before), _by_cluster(after)
    total = 0
    for name, group in groups.items():
        was, now = (each.get((name, group.site), Counter()) for each in (one, other))
        total += min(was.total(), now.total()) - (was & now).total()
    return total


def _by_cluster(choice: Choice) -> dict[tuple[str, str], Counter[str]]:
    """Return the instances of each group at each site, by cluster."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for cluster in choice.clusters:
        for host in cluster.placement:
            for name, count in host.items():
                found[name, cluster.site][cluster.name] += count
    return found
