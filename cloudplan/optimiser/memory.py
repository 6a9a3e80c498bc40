"""What searches found, kept for those that follow: equal parts are searched once, and no plan is lost.

A part is known by the hash of all that it depends on: what it has no use for is left out by name, the rest is in. A
choice of an earlier plan that keeps the rules of a later one bounds what that one may cost.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from cloudplan.base.hashing import canonical_sha256
from cloudplan.evaluation.items import cost, decision_of, items
from cloudplan.evaluation.recast import recast
from cloudplan.evaluation.third_party import clusters_cost
from cloudplan.evaluation.verify import check_choice
from cloudplan.optimiser.compute.search import SitePlan
from cloudplan.optimiser.compute.shapes import Pool
from cloudplan.optimiser.solver import Budget
from cloudplan.optimiser.storage.search import StoragePlan
from cloudplan.plan.plan import Choice, Cluster
from cloudplan.rules.licences import of_every_cluster
from cloudplan.rules.standing import standing_clusters, standing_gib
from cloudplan.workload.case import Case
from cloudplan.workload.workload import NO_STANDBY

Answer = TypeVar("Answer")
Found = TypeVar("Found", StoragePlan, SitePlan)
Given_co = TypeVar("Given_co", covariant=True)

CLOSE = Fraction(1, 20_000)
"""A known choice this close to a new bound, as a share of it, ends the search."""

NOT_OF_STORAGE = (
    frozenset({"name", "customer", "catalog", "extras", "networks", "backup_policies", "inventory"}),
    frozenset(
        {"vcpu_per_core", "memory_ceiling", "memory_model", "host_memory_reserve_gib", "host_failures", "blades"}
        | {"max_clusters", "standby", "backup", "default_disk"}
    ),
    frozenset({"names", "vcpus", "gpus", "min_ghz", "vcpu_per_core", "blades", "pool", "affinity", "backup"})
    | {"networks", "licences", "tags", "os"},
)
"""What storage does not depend on: of the workload, of its policy, of a group."""

NOT_OF_CLUSTERS = frozenset(
    {"snapshot_headroom", "datastore_max_gib", "min_datastores", "vswp", "backup", "standby", "vcpu_per_core"}
    | {"default_disk"}
)
"""What clusters do not depend on, beside what their pools say: of the policy."""


class Search(Protocol[Given_co]):
    """A part of a plan that is searched by itself (see `time_shares.Part`), with what it found."""

    @property
    def plan(self) -> Given_co:
        """The best so far; raises TimeLimitError when there is none."""

    @property
    def left(self) -> Fraction | None:
        """What is left between cost and bound; None while there is no plan."""

    def start(self, budget: Budget) -> None:
        """Make some plan and some bound, quickly."""

    def improve(self, budget: Budget) -> None:
        """Make both better, until they are proven or the budget is spent."""


class Memory:
    """What was found so far. It may serve any number of plans, of any inputs."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, Any] = {}
        self._ended: set[Hashable] = set()
        self._choices: dict[Hashable, list[Choice]] = {}
        self._closed = False

    def close(self) -> None:
        """Keep nothing more: what is asked from now on depends on nothing but what is known now."""
        self._closed = True

    def resting_on(self, case: Case, choices: Iterable[Choice]) -> "Memory":
        """Return a closed memory with what this one has found, and with no other choices than these."""
        other = Memory()
        other._answers, other._ended, other._closed = self._answers, self._ended, True
        other.learn(case, choices)
        return other

    def learn(self, case: Case, choices: Iterable[Choice]) -> None:
        """Keep choices for the VMs of a case, also when closed."""
        self._choices.setdefault(_alike(case), []).extend(choices)

    def once(self, question: Hashable, answer: Callable[[], Answer]) -> Answer:
        """Return the answer to a question that says all it depends on, found only once."""
        if question in self._answers:
            found: Answer = self._answers[question]
            return found
        found = answer()
        if not self._closed:
            self._answers[question] = found
        return found

    def known(self, key: Hashable) -> Any:
        """Return what was found for a part, None when nothing was."""
        return self._answers.get(key)

    def ended(self, key: Hashable) -> bool:
        """Return whether the search of a part ended by itself: once more, it would find the same."""
        return key in self._ended

    def keep(self, key: Hashable, found: Any, *, ended: bool) -> None:
        """Keep what was found for a part."""
        if self._closed:
            return
        self._answers[key] = found
        if ended:
            self._ended.add(key)

    def add(self, case: Case, choice: Choice) -> None:
        """Keep a choice that keeps the rules of a case."""
        if not self._closed:
            self.learn(case, [choice])

    def choices(self, case: Case) -> Sequence[Choice]:
        """Return the choices kept for the same VMs under the same edition, the oldest first."""
        return self._choices.get(_alike(case), [])


def _alike(case: Case) -> Hashable:
    """Return what two cases must share so that the choice of one can be held against the rules of the other."""
    groups = tuple((group.name, group.count, len(group.disks)) for group in case.workload.vms)
    return case.edition.sha256, case.workload.region, groups


class Remembered(Generic[Found]):
    """A part of a plan that is searched only as far as nothing equal was: a `time_shares.Part` like the search itself.

    `rival` returns clusters of an earlier plan that would do: asked once, when the search is about to begin.
    """

    def __init__(
        self, search: Search[Found], memory: Memory, key: Hashable, rival: Callable[[], Found | None] = lambda: None
    ):
        self._search: Search[Found] = search
        self._rival: Callable[[], Found | None] = rival
        self._memory, self._key = memory, key
        self._best: Found | None = memory.known(key)

    @property
    def plan(self) -> Found:
        """The best so far, found now or before."""
        return self._search.plan if self._best is None else self._best

    @property
    def left(self) -> Fraction | None:
        """What is left between cost and bound; None while there is no plan."""
        return None if self._best is None else self._best.cost - self._best.bound

    def start(self, budget: Budget) -> None:
        """Make some plan and some bound, unless they are known; take the rival if it is better."""
        if self._best is None:
            self._search.start(budget)
            self._note()
            self._hold_against(Fraction(0))

    def improve(self, budget: Budget) -> None:
        """Search until cost and bound meet, or a rival meets the bound, or the budget is spent."""
        if self._memory.ended(self._key):
            return
        rival, bounds = self._asked, [Fraction(0)]

        def met() -> bool:
            return rival is not None and rival.cost <= max(bounds) * (1 + CLOSE)

        self._search.improve(replace(budget, heard=bounds.append, stopped=lambda: met() or budget.stopped()))
        self._hold_against(max(bounds))
        self._note()
        self._memory.keep(self._key, self._best, ended=not budget.spent)

    @cached_property
    def _asked(self) -> Found | None:
        """The rival, asked for once."""
        return self._rival()

    def _hold_against(self, bound: Fraction) -> None:
        """Take the rival if it is better, under a proven bound."""
        if self._asked is not None:
            self._best = _better(self._best, replace(self._asked, bound=bound))

    def _note(self) -> None:
        """Take over what the search has found, if anything, and if it is better."""
        if self._search.left is not None:
            self._best = _better(self._best, self._search.plan)


def _better(one: Found | None, other: Found) -> Found:
    """Return the cheaper of two answers to the same question, with the better bound; the first when they are equal."""
    if one is None:
        return other
    cheaper = other if other.cost < one.cost else one
    return replace(cheaper, bound=max(one.bound, other.bound))


# --- what a part depends on ---------------------------------------------------------------------------------------


def storage_key(case: Case, gap: float) -> str:
    """Return the hash of all that the storage of a case depends on."""
    top, policy, group = NOT_OF_STORAGE
    tree = _without(case.workload.canonical(), top)
    tree["policy"] = _without(tree["policy"], policy)
    tree["vms"] = [_without(entry, group) for entry in tree["vms"]]
    for entry in tree["vms"]:
        if entry.get("standby") != NO_STANDBY:
            entry.pop("standby", None)
    standing = [[*key, gib] for key, gib in sorted(standing_gib(case).items())]
    return canonical_sha256(["storage", gap, _facts(case, case.prices.book.without_licences_sha256), tree, *standing])


def clusters_key(case: Case, site: str, pools: Sequence[Pool], gap: float) -> str:
    """Return the hash of all that the clusters of some pools of a site depend on."""
    policy = _without(case.workload.policy.model_dump(mode="json"), NOT_OF_CLUSTERS)
    every = sorted(of_every_cluster(case, site))
    standing = [each.model_dump(mode="json") for each in standing_clusters(case) if each.site == site]
    shapes = [_shapes(pool) for pool in pools]
    return canonical_sha256(
        ["clusters", gap, _facts(case, case.prices.book.sha256), site, policy, every, shapes, *standing]
    )


def _facts(case: Case, prices: str) -> list[Any]:
    """Return edition, prices (by their hash) and term: every price and every rule."""
    edition, workload = case.edition, case.workload
    named = [edition.edition, edition.sha256, edition.shipped]
    return [*named, prices, workload.region, workload.term_months, *workload.requires]


def _shapes(pool: Pool) -> list[Any]:
    """Return all that a pool says."""
    shapes = [
        [
            *([str(need) for need in shape.needs], shape.memory_mib, sorted(shape.blades), sorted(shape.apart)),
            sorted(shape.licences),
            [[dict(content), times] for content, times in shape.items],
        ]
        for shape in pool.shapes
    ]
    return [pool.site, pool.name, shapes]


def _without(tree: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if name not in names}


# --- choices of earlier plans -------------------------------------------------------------------------------------


def rival_clusters(case: Case, memory: Memory, choice: Choice) -> tuple[Cluster, ...]:
    """Return the cheapest clusters of an earlier plan that keep the rules beside the storage of `choice`; none if none.

    Hosts to spare and memory to activate are counted anew: it is the placement that is earlier.
    """
    most = case.workload.policy.max_clusters
    offers = [
        recast(case, each.clusters)
        for each in memory.choices(case)
        if {cluster.blade for cluster in each.clusters} <= set(case.blades)
        and (most is None or all(count <= most for count in Counter(c.site for c in each.clusters).values()))
    ]
    for clusters in sorted(offers, key=lambda clusters: clusters_cost(case, clusters)):
        if _holds(case, choice.model_copy(update={"clusters": clusters})):
            return clusters
    return ()


def rival_storage(case: Case, memory: Memory, choice: Choice) -> Choice | None:
    """Return a choice with the clusters of `choice` and cheaper storage, of an earlier plan, that keeps the rules."""
    best, least = None, storage_cost(case, choice)
    for each in memory.choices(case):
        other = choice.model_copy(update={"datastores": each.datastores, "protection": each.protection})
        priced = {store.storage_class for store in each.datastores} <= set(case.classes)
        if priced and storage_cost(case, other) < least and _holds(case, other):
            best, least = other, storage_cost(case, other)
    return best


def storage_cost(case: Case, choice: Choice) -> Fraction:
    """Return what the storage of a choice costs a month with its licences, exact."""
    return Fraction(cost(case, items(case, decision_of(case, choice.model_copy(update={"clusters": ()})))))


def _holds(case: Case, choice: Choice) -> bool:
    return all(check.holds for check in check_choice(case, choice))
