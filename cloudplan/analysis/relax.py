"""Why there is no plan: each set of VMs that cannot be planned, even alone, and what would have to give.

Each set is mended by itself: requirements are given up, one, two together, or as few as will do, until it has a plan.
The cheapest mends of all sets are combined, and the whole workload is sized and priced with them.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudplan.analysis.concessions import concessions
from cloudplan.analysis.edits import Edits, edited
from cloudplan.base.brief import Brief
from cloudplan.base.errors import BadInputError, Fault, NoPlanError
from cloudplan.plan.origin import Origin
from cloudplan.plan.plan import Plan
from cloudplan.workload.reading import as_given, read_workload

Solve = Callable[[Origin], Plan]
Feasible = Callable[[Origin], bool]

MOST_GROUPS = 400
"""Groups up to which the smallest set is looked for; of larger workloads the groups that faults name are taken."""
MOST_PAIRS = 120
"""Pairs of requirements of a set that are given up together when no single one helps."""
SHOWN = 8
"""Combinations of mends that are priced, and pairs of requirements of a set."""
MOST_ROUNDS = 5
"""How often a further set is looked for in a workload whose known ones are mended."""

Mend = tuple[tuple[str, ...], Edits]
"""Requirements that are given up, in words and as edits."""


@dataclass(frozen=True, repr=False)
class Relaxation(Brief):
    """Requirements that were given up, in words and as edits, and the plan that is possible then."""

    words: tuple[str, ...]
    edits: Edits
    plan: Plan


@dataclass(frozen=True, repr=False)
class Conflict(Brief):
    """A smallest set of groups without a plan, its mends, cheapest first, and what was tried for it."""

    groups: tuple[str, ...]
    mends: tuple[Mend, ...]
    in_vain: tuple[str, ...]
    """What was given up in vain, alone."""
    pairs: int
    """How many pairs were given up together."""


@dataclass(frozen=True, repr=False)
class NoPlan(Brief):
    """What stands against a plan: all faults, the sets in conflict, and the relaxations, cheapest first."""

    faults: tuple[Fault, ...]
    conflicts: tuple[Conflict, ...]
    relaxations: tuple[Relaxation, ...]
    combined: int
    """How many combinations of mends were tried for the whole workload."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of the first set."""
        return self.conflicts[0].groups if self.conflicts else ()

    @property
    def tried(self) -> tuple[str, ...]:
        """What was given up in vain, alone, for any of the sets."""
        return tuple(dict.fromkeys(words for each in self.conflicts for words in each.in_vain))


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
    conflicts: list[Conflict] = []
    left: Sequence[Fault] = faults
    found: list[Relaxation] = []
    tried: set[tuple[str, ...]] = set()
    for _ in range(MOST_ROUNDS):
        mended = _union([each.mends[0] for each in conflicts])[1]
        sets = _sets(_with(origin, tree, mended), left, feasible)
        conflicts += [_mended(origin, tree, groups, mended, solve, feasible) for groups in sets]
        if not sets or not all(each.mends for each in conflicts):
            break
        for mend in _combinations(conflicts):
            tried.add(mend[0])
            try:
                found.append(Relaxation(*mend, solve(_with(origin, tree, mend[1]))))
            except NoPlanError as error:
                left = error.faults if mend[0] == _union([each.mends[0] for each in conflicts])[0] else left
        if found:
            break
    found.sort(key=lambda each: (each.plan.cost, each.words))
    return NoPlan(faults, tuple(conflicts), tuple(found), len(tried))


def _combinations(conflicts: Sequence[Conflict]) -> Iterator[Mend]:
    """Yield the cheapest mend of each set together, then with the next ones of one set at a time."""
    firsts = [each.mends[0] for each in conflicts]
    most = SHOWN if len(conflicts) > 1 else len(conflicts[0].mends)
    others = (
        [*firsts[:at], mend, *firsts[at + 1 :]]
        for rank in range(1, max(len(each.mends) for each in conflicts))
        for at, each in enumerate(conflicts)
        for mend in each.mends[rank : rank + 1]
    )
    unions = {union[0]: union for union in map(_union, itertools.islice(itertools.chain([firsts], others), most))}
    yield from unions.values()


def _union(mends: Sequence[Mend]) -> Mend:
    """Return mends as one."""
    words = tuple(dict.fromkeys(word for mend in mends for word in mend[0]))
    return words, {path: value for mend in mends for path, value in mend[1].items()}


# --- one set by itself --------------------------------------------------------------------------------------------


def _mended(
    origin: Origin, tree: Mapping[str, Any], groups: Sequence[str], mended: Edits, solve: Solve, feasible: Feasible
) -> Conflict:
    """Return a set with its mends: single requirements, else pairs, else as few of all together as will do."""
    others = edited(tree, mended)
    alone = {**others, "vms": [entry for entry in others["vms"] if entry["name"] in groups]}
    workload = read_workload(alone, origin.edition, obey_pin=False)
    own = Origin(workload, origin.edition, origin.prices)
    kinds: list[Mend] = [((words,), edits) for words, edits in concessions(own, groups)]
    mends = [mend for mend in kinds if _possible(own, alone, mend[1], feasible)]
    in_vain = tuple(mend[0][0] for mend in kinds if mend not in mends)
    pairs = [] if mends else list(itertools.islice(itertools.combinations(kinds, 2), MOST_PAIRS))
    both = (mend for mend in map(_union, pairs) if _possible(own, alone, mend[1], feasible))
    mends += itertools.islice(both, SHOWN)
    if not mends:
        mends = _fewest(own, alone, kinds, feasible)
    costs = {mend[0]: solve(_with(own, alone, mend[1])).cost for mend in mends}
    mends.sort(key=lambda mend: (costs[mend[0]], mend[0]))
    return Conflict(tuple(groups), tuple(mends), in_vain, len(pairs))


def _fewest(origin: Origin, tree: Mapping[str, Any], kinds: Sequence[Mend], feasible: Feasible) -> list[Mend]:
    """Return all requirements given up together, less those that need not be; none when even that is in vain."""
    kept = list(kinds)
    if not _possible(origin, tree, _union(kept)[1], feasible):
        return []
    for mend in kinds:
        fewer = [each for each in kept if each is not mend]
        if _possible(origin, tree, _union(fewer)[1], feasible):
            kept = fewer
    return [_union(kept)]


def _with(origin: Origin, tree: Mapping[str, Any], edits: Edits) -> Origin:
    workload = read_workload(edited(tree, edits), origin.edition, obey_pin=False)
    return Origin(workload, origin.edition, origin.prices)


def _possible(origin: Origin, tree: Mapping[str, Any], edits: Edits, feasible: Feasible) -> bool:
    try:
        return feasible(_with(origin, tree, edits))
    except BadInputError:
        return False


# --- the smallest set ---------------------------------------------------------------------------------------------


def _sets(origin: Origin, faults: Sequence[Fault], feasible: Feasible) -> list[tuple[str, ...]]:
    """Return sets of groups that have no plan: those that faults name, as far as they have none by themselves."""
    tree = as_given(origin.workload, origin.edition)
    named: list[set[str]] = []
    for fault in faults:
        mine = set(fault.path.split(", ")) & set(origin.workload.groups)
        meeting = [other for other in named if other & mine]
        named = [other for other in named if not other & mine] + ([mine.union(*meeting)] if mine else [])
    order = [group.name for group in origin.workload.vms]
    starts = sorted(
        ([name for name in order if name in mine] for mine in named), key=lambda names: order.index(names[0])
    )
    alone = [names for names in starts if not _some(origin, tree, names, feasible)]
    if alone:
        return [_smallest(origin, tree, names, feasible) for names in alone]
    return [_smallest(origin, tree, order, feasible)] if len(order) <= MOST_GROUPS else list(map(tuple, starts))


def _smallest(origin: Origin, tree: Mapping[str, Any], start: Sequence[str], feasible: Feasible) -> tuple[str, ...]:
    """Return groups that together have no plan, and have one without any single one of them."""
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
