"""The console's order form, simulated: it refuses what the provider's pages and screenshots say that it refuses.

It knows nothing of the program: it reads the JSON of `cloudplan orders` and keeps what stands.
"""

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

PHYSICAL_GIB = {
    "eco:v3": 384,
    "standard:v3": 384,
    "perf1:v3": 384,
    "advance:v3": 768,
    "perf2:v3": 768,
    "perf3:v3": 1536,
}
"""The blades in the list of the form, with their physical memory."""
TYPES = {"live", "mass", "medium", "premium"}
"""The types of storage in the list of the form: live, mass, hio, and ssd or xhio."""
PARTS = {
    "new zone": {
        *("cluster", "blade", "hosts", "memory_gib", "datastores", "backup_gib", "backup_site"),
        *("networks", "propagated", "addresses"),
    },
    "new cluster": {"cluster", "blade", "hosts", "memory_gib", "propagated"},
    "hosts": {"cluster", "blade", "hosts"},
    "memory": {"cluster", "memory_gib"},
    "datastores": {"cluster", "datastores"},
    "backup storage": {"backup_gib", "backup_site"},
    "networks": {"networks"},
    "network propagation": {"cluster", "propagated"},
    "other items": {"sku", "label", "quantity"},
}
"""The orders that there are, and what each asks for."""
RESOURCES = {
    **dict.fromkeys(("cluster", "blade", "hosts", "memory_gib"), "compute"),
    "datastores": "storage",
    "backup_gib": "backup",
    **dict.fromkeys(("networks", "propagated"), "network"),
    **dict.fromkeys(("addresses", "sku"), "other"),
}
Step = dict[str, Any]


class RefusedError(Exception):
    """An order that the form does not take."""


def refuse(when: bool, why: str) -> None:
    if when:
        raise RefusedError(why)


class Form:
    """A tenant in which nothing stands, and the form that orders for it."""

    def __init__(self) -> None:
        self.zones: set[str] = set()
        self.clusters: dict[str, dict[str, Any]] = {}
        self.datastores: dict[str, dict[str, Any]] = {}
        self.reach: dict[str, set[str]] = {}
        self.backup: Counter[str] = Counter()
        self.networks: set[str] = set()
        self.propagated: set[tuple[str, str]] = set()
        self.addresses: Counter[str] = Counter()
        self.items: Counter[tuple[str, str]] = Counter()
        self.highly_available: set[str] = set()
        self.policies: dict[str, tuple[str, str]] = {}
        self.without_storage: set[str] = set()  # zones for which a policy was asked before they had backup storage
        self.pairs: set[tuple[str, str]] = set()
        self.replicated: dict[str, str] = {}
        self.tested: set[str] = set()
        self.encrypted: set[str] = set()

    def order(self, step: Step) -> None:
        """Take an order, or refuse it with a reason."""
        kind, site, content = step["kind"], step["site"], step["content"]
        refuse(kind not in PARTS, f"there is no order of {kind}")
        refuse(not content.keys() <= PARTS[kind], f"{kind} does not ask for {content.keys() - PARTS[kind]}")
        if kind == "new zone":
            refuse(site in self.zones, "the zone stands")
            refuse("datastores" not in content, "a zone has datastores")
        if kind in ("new zone", "new cluster"):
            refuse(content["blade"] not in PHYSICAL_GIB, f"no blade {content['blade']}")
            refuse(not 2 <= content["hosts"] <= 20, f"{content['hosts']} hosts")
            self._memory(content["blade"], content["hosts"], content["memory_gib"])
        if kind == "hosts":
            cluster = self._cluster(content["cluster"])
            refuse(cluster["blade"] != content["blade"], "another blade")
            refuse(content["hosts"] > 20 or cluster["hosts"] + content["hosts"] > 32, "too many hosts")
        if kind == "memory":
            cluster = self._cluster(content["cluster"])
            self._memory(cluster["blade"], cluster["hosts"], content["memory_gib"])
        if "datastores" in content:
            sizes = [store["size_gib"] for store in content["datastores"]]
            types = {store["class"] for store in content["datastores"]}
            refuse(not 2 <= len(sizes) <= 10, f"{len(sizes)} datastores")
            refuse(not all(500 <= size <= 20_480 for size in sizes), f"sizes {sizes}")
            refuse(not types <= TYPES, f"types {types}")
            refuse(kind == "datastores" and len(types) > 1, "one type an order, except in a new zone")
        if "backup_gib" in content:
            refuse(not 500 <= content["backup_gib"] <= 40_960, f"backup storage of {content['backup_gib']}")
        networks = [*content.get("networks", ()), *content.get("propagated", ())]
        refuse(len(networks) > 20, f"{len(networks)} networks")
        refuse(content.get("addresses", 1) not in range(1, 9), "1 to 8 addresses")
        self.deliver(step)

    def _memory(self, blade: str, hosts: int, memory_gib: int) -> None:
        most = hosts * (PHYSICAL_GIB.get(blade, 0) - 16)
        refuse(not 128 * hosts <= memory_gib <= most, f"{memory_gib} GiB on {hosts} hosts of {blade}")

    def _cluster(self, name: str) -> dict[str, Any]:
        refuse(name not in self.clusters, f"no cluster {name}")
        return self.clusters[name]

    def deliver(self, step: Step) -> None:
        """Let stand what an order or a request brings; what it rests on must stand already."""
        kind, site, content = step["kind"], step["site"], step["content"]
        if kind == "new zone":
            self.zones.add(site)
        elif kind not in ("tenant", "backup storage", "other items", "link"):
            refuse(site not in self.zones, f"no zone {site}")
        name = content.get("cluster", "")
        if kind in ("new zone", "new cluster") and name:
            refuse(name in self.clusters, f"cluster {name} stands")
            wanted = {key: content[key] for key in ("blade", "hosts", "memory_gib")}
            self.clusters[name] = {"site": site, **wanted}
        elif kind == "hosts":
            self._cluster(name)["hosts"] += content["hosts"]
            self._cluster(name)["memory_gib"] += 128 * content["hosts"]
        elif kind == "memory":
            self._cluster(name)["memory_gib"] = content["memory_gib"]
        for store in content.get("datastores", ()):
            refuse(store["name"] in self.datastores, f"datastore {store['name']} stands")
            self.datastores[store["name"]] = {"site": site, "class": store["class"], "size_gib": store["size_gib"]}
            self.reach[store["name"]] = {name} if name else set()
            refuse(bool(name) and name not in self.clusters, f"no cluster {name}")
        self.backup[content.get("backup_site", "")] += content.get("backup_gib", 0)
        for network in content.get("networks", ()):
            refuse(network in self.networks, f"network {network} stands")
            self.networks.add(network)
        for network in (*(content.get("networks", ()) if name else ()), *content.get("propagated", ())):
            refuse(network not in self.networks, f"no network {network}")
            refuse((network, name) in self.propagated, f"{network} reaches {name}")
            refuse(name not in self.clusters, f"no cluster {name}")
            self.propagated.add((network, name))
        self.addresses[site] += content.get("addresses", 0)
        if "sku" in content:
            self.items[content["sku"], site] += content["quantity"]
        self._request(kind, site, content)

    def _request(self, kind: str, site: str, content: Step) -> None:
        for store, cluster in content.get("shared", ()):
            refuse(store not in self.datastores or cluster not in self.clusters, f"{store}, {cluster}")
            self.reach[store].add(cluster)
        for cluster in content.get("clusters", ()):
            refuse(cluster not in self.clusters, f"no cluster {cluster}")
            self.highly_available.add(cluster)
        for pair in content.get("pairs", ()):
            refuse(not set(pair) <= self.datastores.keys(), f"{pair}")
            refuse(self.datastores[pair[1]]["site"] != content["target"], f"{pair}")
            self.pairs.add(tuple(pair))
        for vm in content.get("vms", ()):
            if kind == "backup policy":
                refuse(vm in self.policies, f"two policies for {vm}")
                refuse(content["target"] == site, "a policy lies in another zone")
                if not self.backup[content["target"]]:
                    self.without_storage.add(content["target"])
                self.policies[vm] = (site, content["target"])
            elif kind == "VM replication":
                refuse(vm in self.replicated, f"two replications of {vm}")
                self.replicated[vm] = content["target"]
            elif kind == "DR test":
                self.tested.add(vm)
            elif kind == "encryption":
                self.encrypted.add(vm)


def ancestors(steps: Iterable[Step]) -> dict[int, set[int]]:
    """Return the steps that each comes after, near or far; a circle or an unknown number is refused."""
    after = {step["number"]: set(step["after"]) for step in steps}
    found: dict[int, set[int]] = {}
    while len(found) < len(after):
        ready = [number for number in after if number not in found and after[number] <= found.keys()]
        refuse(not ready, "steps that wait for one another")
        for number in ready:
            found[number] = after[number].union(*(found[each] for each in after[number]))
    return found


def refuse_two_at_once(document: dict[str, Any]) -> None:
    """Refuse a graph in which two orders of one type of resource, or of one kind, could run at the same time."""
    before = ancestors([*document["orders"], *document["requests"]])
    about = {
        order["number"]: {order["kind"], *(RESOURCES[part] for part in order["content"] if part in RESOURCES)}
        - ({"compute"} if order["kind"] in ("datastores", "network propagation") else set())
        for order in document["orders"]
    }
    for one, mine in about.items():
        for other, theirs in about.items():
            apart = one in before[other] or other in before[one]
            refuse(one < other and bool(mine & theirs) and not apart, f"{one} and {other} run at once: {mine & theirs}")


def place(document: dict[str, Any], seed: int) -> Form:
    """Place all orders and requests of a document in a random order that its graph allows; return what stands."""
    chance, form = random.Random(seed), Form()
    orders = {step["number"] for step in document["orders"]}
    waiting = [*document["orders"], *document["requests"]]
    delivered: set[int] = set()
    while waiting:
        ready = [step for step in waiting if set(step["after"]) <= delivered]
        refuse(not ready, "steps that wait for one another")
        step = chance.choice(ready)
        waiting.remove(step)
        (form.order if step["number"] in orders else form.deliver)(step)
        delivered.add(step["number"])
    return form
