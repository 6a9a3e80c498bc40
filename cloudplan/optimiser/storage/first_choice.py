"""A choice that needs no solver, and a bound from sums of one dimension: so that there is a plan early.

Each part takes what is cheapest by itself, a GiB at the price of its bucket. With sizes by one dimension, or by a fixed
mix of two, the same sum is a lower bound of every plan.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

import numpy as np

from cloudplan.evaluation.items import Decision, cost, items
from cloudplan.optimiser.solver import TOLERANCE, Unknown
from cloudplan.optimiser.storage.choice_ilp import ChoiceIlp, Numbers
from cloudplan.optimiser.storage.measure import Numbers as Array
from cloudplan.optimiser.storage.parts import Chosen
from cloudplan.optimiser.storage.stores import Stores
from cloudplan.plan.plan import GLOBAL_MIRROR, VM_REPLICATION, Mechanism

Weights = Mapping[Unknown, float]
"""What a choice costs, by unknown."""

Pick = tuple[float, Chosen[int]]
"""A cost, and the choice that has it, for one group."""


def first_choice(ilp: ChoiceIlp, stores: Stores) -> Numbers:
    """Return the choice of each part that is cheapest by itself."""
    weights = _weights(ilp, stores, lambda gib: np.asarray(gib.max(axis=1, initial=0.0)))
    chosen: Numbers = []
    for (part, members), choices in zip(ilp.parts, ilp.chosen, strict=True):
        picks = {name: _cheapest(choice, name, weights, len(part.sites)) for name, choice in choices.items()}
        best = min(picks, key=lambda name: picks[name][0])
        chosen.append({name: _times(pick, len(members) if name == best else 0) for name, (_, pick) in picks.items()})
    return chosen


def first_bound(ilp: ChoiceIlp, stores: Stores) -> Fraction:
    """Return a lower bound of the cost: the best of those by each dimension, and by mixes of them."""
    axes = max((place.measure.gib.shape[1] for place in stores.places.values()), default=0)
    mixes = [np.eye(axes)[axis] for axis in range(axes)] + ([np.full(axes, 1 / axes)] if axes > 1 else [])
    best = Fraction(0)
    for mix in mixes:
        weights = _weights(ilp, stores, partial(_mixed, mix))
        amount = 0.0
        for (part, members), choices in zip(ilp.parts, ilp.chosen, strict=True):
            picks = (_cheapest(choice, name, weights, len(part.sites))[0] for name, choice in choices.items())
            amount += len(members) * min(picks)
        best = max(best, Fraction(amount) * (1 - TOLERANCE))
    return best


def _mixed(mix: Array, gib: Array) -> Array:
    return np.asarray(gib @ mix[: gib.shape[1]])


def _weights(ilp: ChoiceIlp, stores: Stores, size: Callable[[Array], Array]) -> Weights:
    """Return what each unknown costs when items have these sizes in GiB."""
    weights: dict[Unknown, float] = {}
    for place in stores.places.values():
        price = stores.price_of_gib(place.bucket)
        for terms, gib in zip(place.terms, size(place.measure.gib), strict=True):
            for unknown, count in terms.items():
                weights[unknown] = weights.get(unknown, 0.0) + price * float(gib) * count
    licence: dict[str, float] = {}
    for (part, _), choices in zip(ilp.parts, ilp.chosen, strict=True):
        if part.first and VM_REPLICATION in choices:
            if part.site not in licence:
                licence[part.site] = float(cost(ilp.case, items(ilp.case, Decision(replicated_vms={part.site: 1}))))
            groups = choices[VM_REPLICATION].groups
            weights[groups] = weights.get(groups, 0.0) + licence[part.site] * part.count
    return weights


def _cheapest(choice: Chosen[Unknown], mechanism: Mechanism | None, weights: Weights, sites: int) -> Pick:
    """Return the cheapest choice for one group under a mechanism."""

    def weight(unknown: Unknown) -> float:
        return weights.get(unknown, 0.0)

    amount = weight(choice.groups)
    picked: Chosen[int] = Chosen(
        1,
        [dict.fromkeys(classes, 0) for classes in choice.classes],
        {site: dict.fromkeys(home, 0) for site, home in choice.home.items()},
        {site: dict.fromkeys(apart, 0) for site, apart in choice.apart.items()},
    )
    for position, classes in enumerate(choice.classes):
        ways = [
            (weight(unknown) + (swap[0] if swap else 0.0), order, name, swap)
            for order, (name, unknown) in enumerate(classes.items())
            for swap in (_swaps(choice, mechanism, name, weight) if position == 0 else [None])
        ]
        best, _, name, swap = min(ways, key=lambda way: way[:2])
        amount += best
        picked.classes[position][name] = 1
        for site, place in (swap[1] if swap else {}).items():
            (picked.apart[site] if place else picked.home[site])[place or name] = 1
    return amount, picked


def _swaps(
    choice: Chosen[Unknown], mechanism: Mechanism | None, name: str, weight: Callable[[Unknown], float]
) -> list[tuple[float, dict[str, str | None]] | None]:
    """Return the ways of a group's swap files with disk 0 on a class: their cost, and the class at each site.

    The class is None with disk 0. There is none where swap files have no place beside that class.
    """
    if not any(choice.home.values()) and not any(choice.apart.values()):
        return [None]
    homes = {site: weight(home[name]) if name in home else None for site, home in choice.home.items()}
    aparts = {
        site: min(((weight(unknown), key) for key, unknown in apart.items()), default=None)
        for site, apart in choice.apart.items()
    }
    ways: list[tuple[float, dict[str, str | None]] | None] = []
    if mechanism == GLOBAL_MIRROR:
        if all(home is not None for home in homes.values()):
            ways.append((sum(home for home in homes.values() if home is not None), dict.fromkeys(homes)))
        if all(apart is not None for apart in aparts.values()):
            found = {site: apart for site, apart in aparts.items() if apart is not None}
            ways.append((sum(one for one, _ in found.values()), {site: key for site, (_, key) in found.items()}))
        return ways
    amount, places = 0.0, dict[str, str | None]()
    for site, home in homes.items():
        options: list[tuple[float, str | None]] = [(home, None)] if home is not None else []
        if (apart := aparts[site]) is not None:
            options.append(apart)
        if not options:
            return []
        one, places[site] = min(options, key=lambda option: option[0])
        amount += one
    return [(amount, places)]


def _times(choice: Chosen[int], groups: int) -> Chosen[int]:
    return Chosen(
        choice.groups * groups,
        [{name: count * groups for name, count in classes.items()} for classes in choice.classes],
        {site: {name: count * groups for name, count in home.items()} for site, home in choice.home.items()},
        {site: {name: count * groups for name, count in apart.items()} for site, apart in choice.apart.items()},
    )
