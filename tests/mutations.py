"""Plans changed at random, as a hand or a bug might: dropped, doubled, shaved, split, swapped, mispriced."""

import copy
import random
from collections.abc import Callable
from typing import Any

Plan = dict[str, Any]


def _some(dice: random.Random, listed: list[Any]) -> Any:
    return dice.choice(listed) if listed else None


def _host(dice: random.Random, plan: Plan) -> dict[str, int] | None:
    cluster = _some(dice, plan["clusters"])
    return _some(dice, cluster["placement"]) if cluster else None


def drop_vm(dice: random.Random, plan: Plan) -> None:
    host = _host(dice, plan)
    if host:
        name = _some(dice, sorted(host))
        host[name] -= 1
        if not host[name]:
            del host[name]


def double_vm(dice: random.Random, plan: Plan) -> None:
    host = _host(dice, plan)
    if host:
        host[_some(dice, sorted(host))] += 1


def move_vm(dice: random.Random, plan: Plan) -> None:
    source, target = _host(dice, plan), _host(dice, plan)
    if source and target is not None and source is not target:
        name = _some(dice, sorted(source))
        source[name] -= 1
        target[name] = target.get(name, 0) + 1
        if not source[name]:
            del source[name]


def drop_host(dice: random.Random, plan: Plan) -> None:
    cluster = _some(dice, plan["clusters"])
    if cluster:
        cluster["hosts"] -= 1


def add_host(dice: random.Random, plan: Plan) -> None:
    cluster = _some(dice, plan["clusters"])
    if cluster:
        cluster["hosts"] += 1


def shave_memory(dice: random.Random, plan: Plan) -> None:
    cluster = _some(dice, plan["clusters"])
    if cluster:
        cluster["memory_gib"] -= dice.choice([1, 10, 100])


def shave_lun(dice: random.Random, plan: Plan) -> None:
    store = _some(dice, plan["datastores"])
    if store:
        store["size_gib"] -= dice.choice([1, 7, 100])


def swap_class(dice: random.Random, plan: Plan) -> None:
    store = _some(dice, plan["datastores"])
    if store:
        store["class"] = dice.choice(["live", "medium", "premium", "enterprise", "ultra", "mass"])


def swap_blade(dice: random.Random, plan: Plan) -> None:
    cluster = _some(dice, plan["clusters"])
    if cluster:
        cluster["blade"] = dice.choice(["eco:v3", "standard:v3", "perf1:v3", "perf3:v3"])


def move_disk(dice: random.Random, plan: Plan) -> None:
    source, target = _some(dice, plan["datastores"]), _some(dice, plan["datastores"])
    if source and target and source is not target and source["disks"]:
        target["disks"].append(source["disks"].pop(dice.randrange(len(source["disks"]))))


def drop_disk(dice: random.Random, plan: Plan) -> None:
    store = _some(dice, plan["datastores"])
    if store and store["disks"]:
        store["disks"].pop(dice.randrange(len(store["disks"])))


def drop_swap(dice: random.Random, plan: Plan) -> None:
    store = _some(dice, [store for store in plan["datastores"] if store["vswp"]])
    if store:
        del store["vswp"][_some(dice, sorted(store["vswp"]))]


def break_peer(dice: random.Random, plan: Plan) -> None:
    store = _some(dice, [store for store in plan["datastores"] if store["peer"]])
    if store:
        store["peer"] = dice.choice([None, "nowhere", store["name"]])


def change_mechanism(dice: random.Random, plan: Plan) -> None:
    if plan["protection"]:
        name = _some(dice, sorted(plan["protection"]))
        plan["protection"][name] = dice.choice(["global-mirror", "vm-replication"])


def change_quantity(dice: random.Random, plan: Plan) -> None:
    line = _some(dice, plan["bom"])
    if line:
        line["quantity"] += dice.choice([1, 2])


def change_price(dice: random.Random, plan: Plan) -> None:
    line = _some(dice, plan["bom"])
    if line:
        line["unit_price"] = dice.choice(["0.01", "1.00", line["list_price"]])


def drop_line(dice: random.Random, plan: Plan) -> None:
    if plan["bom"]:
        plan["bom"].pop(dice.randrange(len(plan["bom"])))


MUTATIONS: list[Callable[[random.Random, Plan], None]] = [
    *(drop_vm, double_vm, move_vm, drop_host, add_host, shave_memory, shave_lun, swap_class, swap_blade, move_disk),
    *(drop_disk, drop_swap, break_peer, change_mechanism, change_quantity, change_price, drop_line),
]


def mutated(plan: Plan, dice: random.Random) -> tuple[str, Plan]:
    """Return a plan with one change, and the name of the change; a change may find nothing to change."""
    changed, mutation = copy.deepcopy(plan), dice.choice(MUTATIONS)
    mutation(dice, changed)
    return mutation.__name__, changed
