"""What if: the optimum beside the best plan under other blades, clusters, failures, ratios, ceilings and mechanisms.

Every alternative is the workload with some fields changed, sized again with the same edition and prices. It keeps what
the workload requires unless it is about just that; what it gives up is told.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from cloudplan.analysis.edits import Asked, Edits, edited, varied
from cloudplan.analysis.requirements import given_up
from cloudplan.base.brief import Brief
from cloudplan.base.errors import NoPlanError
from cloudplan.base.views import Tabled
from cloudplan.evaluation.resting import DATASTORES, RESERVE_GIB
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION, Plan
from cloudplan.workload.case import Case
from cloudplan.workload.reading import as_given, read_workload
from cloudplan.workload.workload import Policy, VmGroup

RATIOS, CEILINGS, FAILURES = ("2", "3", "4", "6", "8"), ("0.85", "0.8", "0.75", "0.7"), (0, 1, 2)
"""vCPUs a core, memory ceilings and host failures that are tried."""
MOST_CLUSTERS = 4
"""Clusters of a site up to which each number is tried as the most."""
ONE_BLADE_TYPE = "one blade type"
"""The alternatives that are asked for before the others, because their plans often suit those too."""
LICENSED = "licensed"
"""What the pool of VMs is called beside its own name that licences set apart."""

Solve = Callable[[Origin], Plan]


@dataclass(frozen=True, repr=False)
class Alternative(Brief):
    """One what-if: its theme and name, the fields that it changes, and its plan, or why there is none."""

    theme: str
    name: str
    edits: Edits
    plan: Plan | None
    why: str = ""
    gives_up: tuple[str, ...] = ()
    """What the workload requires and this one does not."""

    def difference(self, base: Plan) -> Decimal:
        """Return what this plan costs more a month than another."""
        assert self.plan is not None
        return self.plan.cost - base.cost

    def is_proven(self, base: Plan) -> bool:
        """Return whether the cheapest plans themselves differ in the direction in which these two do, for certain."""
        assert self.plan is not None
        difference = self.difference(base)
        if difference > 0:
            return self.plan.lower_bound > base.cost
        return difference == 0 or self.plan.cost < base.lower_bound

    @property
    def hosts(self) -> int:
        """Hosts of all clusters."""
        return sum(cluster.hosts for cluster in self.plan.clusters) if self.plan else 0

    @property
    def spare(self) -> int:
        """Hosts to spare."""
        return sum(cluster.spare_hosts for cluster in self.plan.clusters) if self.plan else 0


Each = Callable[[Callable[[Asked], Alternative], Sequence[Asked]], Sequence[Alternative]]


@dataclass(frozen=True, repr=False)
class Comparison(Brief, Tabled):
    """The optimum, and the alternatives in the order of their themes."""

    optimum: Alternative
    alternatives: tuple[Alternative, ...]

    def __repr__(self) -> str:
        return f"<Comparison of {self.optimum.plan!r}: {len(self.alternatives)} alternatives>"

    @property
    def cheapest(self) -> Alternative | None:
        """The cheapest alternative that keeps every requirement and costs less than the optimum; None without one."""
        assert self.optimum.plan is not None
        less = [
            (each.difference(self.optimum.plan), each)
            for each in self.alternatives
            if each.plan and not each.gives_up and each.difference(self.optimum.plan) < 0
        ]
        return min(less, key=lambda entry: entry[0])[1] if less else None


def in_turn(work: Callable[[Asked], Alternative], asked: Sequence[Asked]) -> Sequence[Alternative]:
    """Return the alternatives, one sized after the other."""
    return [work(each) for each in asked]


def compare(origin: Origin, solve: Solve, vary: Sequence[str] = (), each: Each = in_turn) -> Comparison:
    """Return the optimum beside the usual alternatives, or beside those that `vary` names (``field=value,value``).

    `solve` is asked for the workload as it is first; one that remembers (`optimise` with a `memory`) solves equal parts
    once, and no alternative that the first plan suits comes out dearer than that. Then `each` asks for the others, by
    default in turn, for those of one blade type before the rest. Raises BadInputError for a field that no workload has,
    and what `solve` raises for the workload as it is.
    """
    tree = as_given(origin.workload, origin.edition)
    asked = list(varied(vary)) if vary else None
    optimum = Alternative("", "as asked for", {}, solve(origin))
    assert optimum.plan is not None
    wanted = asked if asked is not None else list(usual(origin, optimum.plan))
    sized: list[Alternative] = []
    for one_type, stage in itertools.groupby(wanted, key=lambda entry: entry[0] == ONE_BLADE_TYPE):
        step = -1 if one_type else 1  # the largest blades take longest: they come first, to run beside the others
        found = each(lambda entry: tried(origin, tree, entry, solve), list(stage)[::step])
        sized += list(found)[::step]
    return Comparison(optimum, tuple(sized))


def usual(origin: Origin, optimum: Plan) -> Iterator[tuple[str, str, Edits]]:
    """Yield the usual alternatives, without those that the workload is already."""
    policy = origin.workload.policy
    for name in Case.of(origin.workload, origin.edition, origin.prices).blades:
        yield ONE_BLADE_TYPE, name, {"policy.blades": [name]}
    per_site = max((sum(c.site == site for c in optimum.clusters) for site in _sites(optimum)), default=0)
    for most in range(1, min(per_site, MOST_CLUSTERS + 1)):
        yield "clusters of a site", f"at most {most}", {"policy.max_clusters": most}
    yield from _of_compute(policy)
    yield from _of_storage(policy)
    yield from _mechanisms(origin)
    yield from _of_licences(origin)


def _of_licences(origin: Origin) -> Iterator[tuple[str, str, Edits]]:
    """Yield the VMs that make hosts owe a licence in pools of their own, and every cluster of their pools owing it."""
    book = origin.prices.licences
    needed = [{name for name in group.licences if book[name].by_host} for group in origin.workload.vms]
    pools: dict[str, set[str]] = {}
    together: dict[str, set[str]] = {}
    for group, own in zip(origin.workload.vms, needed, strict=True):
        pools.setdefault(group.pool, set()).update(own)
        if group.affinity:
            together.setdefault(group.affinity, set()).update(own)
    apart: dict[str, Any] = {}
    every: dict[str, Any] = {}
    for index, (group, own) in enumerate(zip(origin.workload.vms, needed, strict=True)):
        if own or (group.affinity and together[group.affinity]):
            apart[f"vms[{index}].pool"] = f"{group.pool}, {LICENSED}"
        if more := sorted(pools[group.pool] - own):
            every[f"vms[{index}].licences"] = [*group.licences, *more]
    if apart and every:
        yield "licences", "licensed VMs apart", apart
        yield "licences", "all together", every


def _of_compute(policy: Policy) -> Iterator[tuple[str, str, Edits]]:
    for failures in FAILURES:
        if failures != policy.host_failures:
            yield "host failures", f"N+{failures}", {"policy.host_failures": failures}
    for ratio in RATIOS:
        if Decimal(ratio) != policy.vcpu_per_core:
            yield "vCPUs a core", ratio, {"policy.vcpu_per_core": ratio}
    for ceiling in CEILINGS:
        if Decimal(ceiling) < policy.memory_ceiling:
            yield "memory ceiling", ceiling, {"policy.memory_ceiling": ceiling}
    for model in get_args(Policy.model_fields["memory_model"].annotation):
        if model != policy.memory_model:
            yield "memory model", model, {"policy.memory_model": model}
    if policy.host_memory_reserve_gib < RESERVE_GIB:
        yield "host memory reserve", f"{RESERVE_GIB} GiB", {"policy.host_memory_reserve_gib": RESERVE_GIB}


def _of_storage(policy: Policy) -> Iterator[tuple[str, str, Edits]]:
    for place in ("home", "auto"):
        if place != policy.vswp:
            yield "swap files", place, {"policy.vswp": place}
    if policy.min_datastores < DATASTORES:
        yield "datastores of a site", f"at least {DATASTORES}", {"policy.min_datastores": DATASTORES}


def _mechanisms(origin: Origin) -> Iterator[tuple[str, str, Edits]]:
    """Yield each mechanism for all that is protected, with the targets that it has, and no protection at all."""
    vms = origin.workload.vms
    protected = [index for index, group in enumerate(vms) if group.protection]
    for mechanism in (GLOBAL_MIRROR, VM_REPLICATION) if protected else ():
        yield "mechanism", mechanism, {f"vms[{index}].protection.mechanism": mechanism for index in protected}
    if protected:
        yield (
            "mechanism",
            "none",
            {f"vms[{index}].{name}": None for index in protected for name in _of_recovery(vms[index])},
        )


def _of_recovery(group: VmGroup) -> tuple[str, ...]:
    """Return the fields of a group that go with its protection."""
    return ("protection",) if group.standby is None else ("protection", "standby")


def _sites(plan: Plan) -> set[str]:
    return {cluster.site for cluster in plan.clusters}


def tried(origin: Origin, tree: Mapping[str, Any], asked: Asked, solve: Solve) -> Alternative:
    """Return an alternative of a workload, which `tree` is as plain values, with its plan, or why there is none."""
    theme, name, edits = asked
    workload = read_workload(edited(tree, edits), origin.edition, obey_pin=False)
    lost = given_up(origin.workload, workload)
    try:
        return Alternative(theme, name, edits, solve(Origin(workload, origin.edition, origin.prices)), gives_up=lost)
    except NoPlanError as error:
        rest = f" (and {len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
        return Alternative(theme, name, edits, None, f"{error.faults[0]}{rest}", lost)
