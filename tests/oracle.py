"""The cheapest plan of a tiny workload, found by trying everything.

No solver, no clever mathematics, no import of the product: what the rules say is enumerated in exact numbers, and the
search only skips what provably cannot win. Each rule is named by its id where it is applied.

Four parts, read top down: the case (workload, prices and edition with all defaults filled in), compute, storage, and
what is fixed before anything is chosen. They meet only in the replication mechanism, which storage chooses (DR-2):
standby demand is the same under either mechanism.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any, NamedTuple

Yaml = Mapping[str, Any]
Cost = Fraction | float  # exact: a float only as math.inf, impossible
Counts = tuple[int, ...]  # how many of each kind of thing

MIB_PER_GIB = 1024
GIB_PER_TIB = 1024
INCLUDED_GIB = 128  # MEM-1: activated memory that comes with every host
CLUSTER_HOSTS = 32  # MAX-1
LUN_MIN_GIB = 500  # LUN-1
GLOBAL_MIRROR, VM_REPLICATION, METRO_MIRROR = "global-mirror", "vm-replication", "metro-mirror"
MECHANISM_MINUTES = {GLOBAL_MIRROR: (15, 240), VM_REPLICATION: (60, 15)}  # GM-1, VMR-1: best RPO and RTO
GLOBAL_MIRROR_IOPS = Fraction(9, 10)  # IOPS-3: what is left to the application
HOME = "home"  # VSWP-2: the swap file stands with disk 0
SEARCH_STEPS = 1_500_000
STEPS_PER_BOUND = 20  # about what a bound takes, in steps of the other loops


class TooLarge(Exception):  # noqa: N818
    """The case has too many possibilities to try them all."""


class NoPlan(Exception):  # noqa: N818
    """No plan keeps the rules; the text names the rule and the place."""


@dataclass(frozen=True)
class Optimum:
    """The least monthly cost, in parts; `total` is None when no plan keeps the rules, and `reason` says why.

    `storage` holds datastores and replication licences, `fixed` all lines that no choice can change.
    """

    total: Fraction | None
    compute: Fraction
    storage: Fraction
    fixed: Fraction
    reason: str
    mechanisms: dict[str, str]


def optimum(workload: Yaml, prices: Yaml, facts: Yaml) -> Optimum:
    """The cheapest plan that keeps all rules: exact, before bill lines are rounded to cents."""
    case = Case.read(workload, prices, facts)
    try:
        mechanisms = {group.name: possible_mechanisms(case, group) for group in case.groups}
        compute = sum((site_compute(case, site) for site in case.sites), Fraction(0))
        storage, chosen = cheapest_storage(case, mechanisms)
        fixed = fixed_cost(case)
    except NoPlan as no_plan:
        return Optimum(None, Fraction(0), Fraction(0), Fraction(0), str(no_plan), {})
    return Optimum(compute + storage + fixed, compute, storage, fixed, "", chosen)


# --- numbers ---------------------------------------------------------------------------------------------------------


def exact(number: Any) -> Fraction:
    """A YAML number as the decimal text it was written in."""
    return Fraction(str(number))


def whole_mib(gib: Any) -> int:
    """GiB rounded up to whole MiB."""
    return math.ceil(exact(gib) * MIB_PER_GIB)


def minutes(duration: str) -> int:
    """`15m`, `4h` or `1d` in minutes."""
    return int(duration[:-1]) * {"m": 1, "h": 60, "d": 1440}[duration[-1]]


@dataclass
class Budget:
    """How many steps a search may still take."""

    steps: int = SEARCH_STEPS

    def spend(self, steps: int = 1) -> None:
        """Take some steps, or give up."""
        self.steps -= steps
        if self.steps < 0:
            raise TooLarge(f"more than {SEARCH_STEPS} steps")


def firsts_and_rests(counts: Counts) -> Iterator[tuple[Counts, Counts]]:
    """Each way to take some things, one of the first kind that is left among them: (taken, rest), most taken first.

    Hosts are alike and so are datastores: the one that holds the first thing may as well be filled first.
    """
    first = next(index for index, count in enumerate(counts) if count)
    for taken in product(*(range(count, -1, -1) for count in counts)):
        if taken[first]:
            yield taken, minus(counts, taken)


def subsets(things: Sequence[Any]) -> Iterable[tuple[bool, ...]]:
    """Each way to take some of the things, as flags; none of them first."""
    return product((False, True), repeat=len(things))


def minus(counts: Counts, taken: Counts) -> Counts:
    """What is left of `counts`."""
    return tuple(count - take for count, take in zip(counts, taken, strict=True))


# --- the case --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prices:
    """Net unit prices: the price book after discounts, for one region and term."""

    items: Yaml
    discounts: Sequence[Yaml]
    region: str
    term_months: int

    def net(self, sku: str) -> Fraction | None:
        """The exact net price of a catalogue SKU; None when it has no price."""
        for name in self._spellings(sku):
            if name in self.items:
                return exact(self.items[name]) * (1 - self._discount(name))
        return None

    def must(self, sku: str) -> Fraction:
        """The net price of a SKU that every plan needs."""
        net = self.net(sku)
        if net is None:
            raise KeyError(f"{sku} has no price")
        return net

    def _spellings(self, sku: str) -> tuple[str, str]:
        """A SKU with its region wins over the placeholder."""
        with_region = sku.replace("(region)", self.region)
        return with_region, with_region.replace(f"csp:{self.region}:", "csp:(region):")

    def _discount(self, sku: str) -> Fraction:
        """The largest discount that matches either spelling of the SKU."""
        matching = (
            exact(discount["percent"]) / 100
            for discount in self.discounts
            if self.term_months >= discount.get("min_term_months", 1)
            and any(fnmatchcase(name, discount["match"]) for name in self._spellings(sku))
        )
        return max(matching, default=Fraction(0))


@dataclass(frozen=True)
class Licence:
    """Software of others, by what it is licensed."""

    per: str
    price: Fraction
    factor: Fraction
    minimum: int
    site_wide: bool
    standby: bool

    @classmethod
    def read(cls, entry: Yaml) -> "Licence":
        """The licence with its defaults."""
        return cls(
            per=entry["per"],
            price=exact(entry["price"]),
            factor=exact(entry.get("factor", 1)),
            minimum=entry.get("minimum", 0),
            site_wide=entry.get("scope") == "site",
            standby=entry.get("standby", True),
        )

    @property
    def by_host(self) -> bool:
        """Whether hosts owe it (LIC-1), and not instances."""
        return self.per in ("core", "host")

    def of_host(self, blade: "Blade") -> Fraction:
        """LIC-2: what one host owes."""
        return self.price * (1 if self.per == "host" else math.ceil(max(self.minimum, blade.cores) * self.factor))

    def of_instance(self, group: "Group") -> Fraction:
        """LIC-2: what one instance owes."""
        return self.price * (1 if self.per == "vm" else max(self.minimum, group.vcpus))


@dataclass(frozen=True)
class Blade:
    """A blade type on offer; `usable_gib` is what VMs can have of its memory."""

    name: str
    cores: int
    threads: int
    ghz: Fraction
    gpus: int
    usable_gib: int
    price: Fraction


@dataclass(frozen=True)
class StorageClass:
    """A storage class on offer; `price` is per GiB."""

    name: str
    iops_per_tib: Fraction
    unit_gib: int
    price: Fraction
    global_mirror: bool
    iops_max: Cost
    mbps_max: Cost

    @property
    def flash(self) -> bool:
        """Mass storage is the only class that is not flash (CLS-1)."""
        return self.name != "mass"


@dataclass(frozen=True)
class Disk:
    """One disk of each instance of a group."""

    mib: int
    used_gib: Fraction
    storage_class: str | None
    iops: Fraction
    mbps: Fraction
    replicated: bool
    constant_writes: bool
    backup: bool

    @classmethod
    def read(cls, disk: Yaml) -> "Disk":
        """The disk with its defaults."""
        return cls(
            mib=whole_mib(disk["size_gib"]),
            used_gib=exact(disk.get("used_gib", disk["size_gib"])),
            storage_class=disk.get("class"),
            iops=exact(disk.get("iops") or 0),
            mbps=exact(disk.get("mbps") or 0),
            replicated=disk.get("replicated", True),
            constant_writes=disk.get("constant_writes", False),
            backup=disk.get("backup", True),
        )


@dataclass(frozen=True)
class Group:
    """A group of identical VMs; `standby` is its other site when it is protected.

    `shares` are those of CPU and memory that it holds there, None for data only (DR-1).
    """

    name: str
    count: int
    vcpus: int
    cores: Fraction
    mib: int
    gpus: int
    min_ghz: Fraction
    blades: frozenset[str]
    site: str
    standby: str | None
    shares: tuple[Fraction, Fraction] | None
    pool: str
    affinity: str | None
    anti_affinity: str | None
    powered_on: bool
    encrypted: bool
    disks: tuple[Disk, ...]
    protection: Yaml
    backup: Mapping[str, Fraction]
    licences: frozenset[str]

    @property
    def sites(self) -> tuple[str, ...]:
        """Where its data stand: its own site, then the other one if it is protected."""
        return (self.site, self.standby) if self.standby else (self.site,)

    @property
    def running_sites(self) -> tuple[str, ...]:
        """Where it may run, and has swap files of its own: not where only its data stand (DR-1)."""
        return self.sites if self.shares else (self.site,)


@dataclass(frozen=True)
class Case:
    """A workload, a price book and an edition, with every default filled in.

    `mib_per_gib` is the content that a GiB of datastore may hold (LUN-3); `mirror_price` is per TiB (GM-3),
    `replica_price` per VM (VMR-1).
    """

    prices: Prices
    groups: tuple[Group, ...]
    blades: tuple[Blade, ...]
    classes: dict[str, StorageClass]
    zones: tuple[str, ...]
    primary: str
    standby: str | None
    backup_site: str | None
    host_failures: int
    memory_ceiling: Fraction
    memory_price: Fraction | None
    max_clusters: int | None
    mib_per_gib: Fraction
    mirror_price: Fraction | None
    replica_price: Fraction | None
    lun_max_gib: float
    min_datastores: int
    swap: str
    extras: Sequence[Yaml]
    networks: Sequence[Yaml]
    facts: Yaml
    licences: Mapping[str, Licence]

    @classmethod
    def read(cls, workload: Yaml, prices: Yaml, facts: Yaml) -> "Case":
        """All defaults of the contract, in one place."""
        policy, sites = workload.get("policy") or {}, workload.get("sites") or {}
        region = workload.get("region") or next(iter(facts["zones"]))
        zones = tuple(facts["zones"][region])
        primary, standby = sites.get("primary", zones[0]), sites.get("standby")
        book = Prices(prices["items"], prices.get("discounts") or (), region, workload.get("term_months", 1))
        return cls(
            prices=book,
            groups=tuple(read_group(group, workload, facts, primary, standby) for group in workload["vms"]),
            blades=blades_on_offer(facts, book, policy),
            classes=classes_on_offer(facts, book),
            zones=zones,
            primary=primary,
            standby=standby,
            backup_site=sites.get("backup"),
            host_failures=policy.get("host_failures", 1),
            memory_ceiling=exact(policy.get("memory_ceiling", "0.85")),
            memory_price=memory_price(facts, book, policy),
            max_clusters=policy.get("max_clusters"),
            mib_per_gib=MIB_PER_GIB * (1 - exact(policy.get("snapshot_headroom", "0.1"))),
            mirror_price=book.net("csp:(region):iaas:storage:licence:globalmirror:v1"),
            replica_price=replica_price(book),
            lun_max_gib=min(facts.get("lun_max_gib") or math.inf, policy.get("datastore_max_gib", math.inf)),  # LUN-2
            min_datastores=policy.get("min_datastores", 1),
            swap=policy.get("vswp", HOME),
            extras=workload.get("extras") or (),
            networks=workload.get("networks") or (),
            facts=facts,
            licences={name: Licence.read(entry) for name, entry in (prices.get("licences") or {}).items()},
        )

    @property
    def sites(self) -> list[str]:
        """Every site where a VM stands, active or standby."""
        return sorted({site for group in self.groups for site in group.sites})

    def other_site(self, site: str) -> str | None:
        """DR-1: the standby site for a VM at the primary; the primary for any other."""
        return self.standby if site == self.primary else self.primary

    def brought(self, group: Group, site: str) -> frozenset[str]:
        """LIC-1: the licences that an instance brings where it runs."""
        return frozenset(name for name in group.licences if site == group.site or self.licences[name].standby)

    def site_wide(self, site: str) -> list[Licence]:
        """LIC-1: what every host of a site owes, as some instance there brings it."""
        here = frozenset().union(*(self.brought(group, site) for group in self.loads_at(site)))
        found = [self.licences[name] for name in here]
        return [licence for licence in found if licence.by_host and licence.site_wide]

    def loads_at(self, site: str) -> list[Group]:
        """The groups that demand CPU, memory and swap at a site: powered-off VMs have no demand anywhere."""
        return [group for group in self.groups if group.powered_on and site in group.running_sites]


def read_group(group: Yaml, workload: Yaml, facts: Yaml, primary: str, standby: str | None) -> Group:
    """One entry of `vms` with its defaults."""
    policy = workload.get("policy") or {}
    site = group.get("site", primary)
    ratio = exact(group.get("vcpu_per_core", policy.get("vcpu_per_core", 4)))
    return Group(
        name=group["name"],
        count=group.get("count", 1),
        vcpus=group["vcpus"],
        cores=group["vcpus"] / ratio,  # CPU-1
        mib=whole_mib(group["memory_gib"]),
        gpus=group.get("gpus", 0),
        min_ghz=exact(group.get("min_ghz") or 0),
        blades=frozenset(group.get("blades") or facts["blades"]),
        site=site,
        standby=(standby if site == primary else primary) if group.get("protection") else None,  # DR-1
        shares=standby_shares(group.get("standby"), policy.get("standby") or {}),
        pool=group.get("pool", "default"),
        affinity=group.get("affinity"),
        anti_affinity=group.get("anti_affinity"),
        powered_on=group.get("powered_on", True),
        encrypted=group.get("encrypted", False),
        disks=tuple(Disk.read(with_default(disk, policy.get("default_disk") or {})) for disk in group["disks"]),
        protection=group.get("protection") or {},
        backup=backup_policy(group.get("backup"), workload),
        licences=frozenset(group.get("licences") or ()),
    )


def standby_shares(own: Any, policy: Yaml) -> tuple[Fraction, Fraction] | None:
    """DR-1: the shares of CPU and memory at the other site, the group's own before the policy's; None for data only."""
    if own == "none":
        return None
    shares = {"vcpu_share": 1, "memory_share": 1, **policy, **(own or {})}
    return exact(shares["vcpu_share"]), exact(shares["memory_share"])


def with_default(disk: Yaml, default: Yaml) -> Yaml:
    """A disk with what `policy.default_disk` gives to those that do not say."""
    full = {"class": default.get("class"), **disk}
    if full.get("iops") is None and full["class"] != "mass" and "iops_per_gib" in default:
        full["iops"] = math.ceil(exact(disk["size_gib"]) * exact(default["iops_per_gib"]))
    return full


def backup_policy(chosen: Any, workload: Yaml) -> dict[str, Fraction]:
    """The backup policy of a group: the default, then the policy's fields, then its own."""
    policy = {"daily": 7, "weekly": 4, "monthly": 0, "yearly": 0, "change_rate": "0.03", "reduction": 2}
    policy |= (workload.get("policy") or {}).get("backup") or {}
    policy |= workload["backup_policies"][chosen] if isinstance(chosen, str) else chosen or {}
    return {key: exact(value) for key, value in policy.items()}


def blades_on_offer(facts: Yaml, prices: Prices, policy: Yaml) -> tuple[Blade, ...]:
    """The blades with a price that the policy allows and that leave VMs the memory MEM-1 activates."""
    reserve = policy.get("host_memory_reserve_gib", 0)
    blades = (
        Blade(
            name=name,
            cores=blade["cores"],
            threads=blade["threads"],
            ghz=exact(blade["base_ghz"]),
            gpus=blade["gpus"],
            usable_gib=blade["ram_gib"] - reserve,
            price=price,
        )
        for name, blade in facts["blades"].items()
        if name in (policy.get("blades") or facts["blades"]) and (price := prices.net(blade["sku"])) is not None
    )
    return tuple(blade for blade in blades if blade.usable_gib >= INCLUDED_GIB)


def memory_price(facts: Yaml, prices: Prices, policy: Yaml) -> Fraction | None:
    """MEM-4: the price of a GiB beyond the included ones; nothing when all memory is included."""
    model = policy.get("memory_model") or facts.get("memory_model", "base128_plus_memory")
    return Fraction(0) if model == "included_full" else prices.net(f"csp:(region):{facts['memory_sku_tail']}")


def replica_price(prices: Prices) -> Fraction | None:
    """VMR-1: the price of a replicated VM; the edition of 2025-01-17 spells `license`, later ones `licence`."""
    price = prices.net("csp:(region):iaas:vmware:license:replication:v1")
    return prices.net("csp:(region):iaas:vmware:licence:replication:v1") if price is None else price


def classes_on_offer(facts: Yaml, prices: Prices) -> dict[str, StorageClass]:
    """The storage classes with a price."""
    return {
        name: StorageClass(
            name=name,
            iops_per_tib=exact(figures["iops_per_tib"]),
            unit_gib=figures["unit_gib"],
            price=price / figures["unit_gib"],
            global_mirror=name in facts["gm_classes"],  # GM-1
            iops_max=figures.get("iops_max") or math.inf,
            mbps_max=figures.get("mbps_max") or math.inf,
        )
        for name, figures in facts["classes"].items()
        if (price := prices.net(figures["sku"])) is not None
    }


# --- compute ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """What stands together on one host: one VM instance, or a whole affinity group (AFF-1)."""

    cores: Fraction
    mib: int
    gpus: int
    anti_affinity: tuple[str, ...]
    blades: frozenset[str]
    licences: frozenset[str]


def site_compute(case: Case, site: str) -> Fraction:
    """The cheapest clusters of a site: its pools share nothing but `max_clusters`."""
    budget = Budget()
    names = sorted({group.pool for group in case.loads_at(site)})
    pools = [Pool(case, site, pool_loads(case, site, name), budget) for name in names]  # HOM-1
    for name, pool in zip(names, pools, strict=True):
        if pool.cost(len(pool.clusters)) == math.inf:
            raise NoPlan(f"compute {site} {name}")
    limit = sum(len(pool.clusters) for pool in pools)
    cost = share_clusters(pools, limit if case.max_clusters is None else min(limit, case.max_clusters))
    if not isinstance(cost, Fraction):
        raise NoPlan(f"max_clusters {site}")
    return cost


def share_clusters(pools: Sequence["Pool"], clusters: int) -> Cost:
    """The cheapest way to share at most so many clusters among the pools of a site."""
    if not pools:
        return Fraction(0)
    return min(
        (pools[0].cost(own) + share_clusters(pools[1:], clusters - own) for own in range(1, clusters + 1)),
        default=math.inf,
    )


def pool_loads(case: Case, site: str, pool: str) -> list[Load]:
    """All loads of one pool at one site."""
    loads: list[Load] = []
    together: dict[str, list[Load]] = {}
    for group in case.loads_at(site):
        if group.pool == pool:
            target = together.setdefault(group.affinity, []) if group.affinity else loads
            target.extend([instance_load(case, group, site)] * group.count)
    return loads + [joined(members) for members in together.values()]


def instance_load(case: Case, group: Group, site: str) -> Load:
    """One VM instance, active or standby (DR-1); the blades are those that could hold it alone."""
    cpu, memory = group.shares if group.shares and site != group.site else (Fraction(1), Fraction(1))
    return Load(
        cores=group.cores * cpu,
        mib=math.ceil(group.mib * memory),
        gpus=group.gpus,
        anti_affinity=(group.anti_affinity,) if group.anti_affinity else (),
        blades=frozenset(
            blade.name
            for blade in case.blades
            if blade.name in group.blades  # allow-list
            and group.vcpus <= blade.threads  # CPU-2
            and group.min_ghz <= blade.ghz  # CPU-3
        ),
        licences=frozenset(
            name
            for name in case.brought(group, site)
            if case.licences[name].by_host and not case.licences[name].site_wide
        ),
    )


def joined(members: Sequence[Load]) -> Load:
    """AFF-1: the members of an affinity group as one load."""
    return Load(
        cores=sum((load.cores for load in members), Fraction(0)),
        mib=sum(load.mib for load in members),
        gpus=sum(load.gpus for load in members),
        anti_affinity=tuple(name for load in members for name in load.anti_affinity),
        blades=frozenset.intersection(*(load.blades for load in members)),
        licences=frozenset.union(*(load.licences for load in members)),
    )


class Offer(NamedTuple):
    """What a cluster may be: its blade type, the licences that its VMs may bring, and what a host costs with them."""

    blade: Blade
    licences: frozenset[str]
    price: Fraction


class Pool:
    """The cheapest clusters for the loads of one pool at one site.

    A blade type needs at most one cluster for each set of licences: two of the same blade that owe the same, merged
    into one, keep all rules and cost no more, as long as 32 hosts hold and include all that is needed; `_hosts_cost`
    gives up where they may not (MAX-1). The sets are all that can be brought together: any subset of the names.
    """

    def __init__(self, case: Case, site: str, loads: Iterable[Load], budget: Budget) -> None:
        kinds = Counter(loads)
        self.case, self.budget = case, budget
        self.kinds = tuple(kinds)
        names = sorted(frozenset().union(*(kind.licences for kind in self.kinds)))
        chosen = [frozenset(name for name, one in zip(names, flags, strict=True) if one) for flags in subsets(names)]
        everywhere = case.site_wide(site)
        self.clusters = [
            Offer(
                blade,
                owed,
                blade.price
                + sum(each.of_host(blade) for each in [*(case.licences[name] for name in owed), *everywhere]),
            )
            for blade in case.blades
            for owed in chosen
        ]
        self.counts: Counts = tuple(kinds.values())
        self._fits: Callable[[Blade, Counts], bool] = cache(self._fits_one_host)
        self._hosts: Callable[[Blade, Counts], float] = cache(self._fewest_hosts)
        self._cluster: Callable[[Offer, Counts], Cost] = cache(self._cluster_cost)
        self._cheapest: Callable[[int, Counts, int], Cost] = cache(self._cheapest_clusters)

    def cost(self, clusters: int) -> Cost:
        """The least cost with at most so many clusters."""
        return self._cheapest(0, self.counts, min(clusters, len(self.clusters)))

    def _cheapest_clusters(self, first: int, counts: Counts, clusters: int) -> Cost:
        """The least cost of `counts` on the offers from number `first` on."""
        if not any(counts):
            return Fraction(0)
        if first == len(self.clusters) or clusters == 0:
            return math.inf
        cheapest = self._cheapest(first + 1, counts, min(clusters, len(self.clusters) - first - 1))
        for taken in product(*(range(count + 1) for count in counts)):
            self.budget.spend()
            cost = self._cluster(self.clusters[first], taken) if any(taken) else math.inf
            if cost < cheapest:
                rest = self._cheapest(first + 1, minus(counts, taken), clusters - 1)
                cheapest = min(cheapest, cost + rest)
        return cheapest

    def _cluster_cost(self, offer: Offer, counts: Counts) -> Cost:
        """The least cost of one cluster: an unloaded host more may be cheaper than the memory it brings along."""
        some = (kind for kind, count in zip(self.kinds, counts, strict=True) if count)
        if not all(kind.licences <= offer.licences for kind in some):  # LIC-1
            return math.inf
        loaded = self._hosts(offer.blade, counts)
        fewest = loaded + self.case.host_failures  # HA-1, HA-2: loaded >= 1
        if fewest > CLUSTER_HOSTS:  # MAX-1; an unfit VM needs infinitely many hosts
            return math.inf
        used = sum(kind.mib * count for kind, count in zip(self.kinds, counts, strict=True))
        needed_gib = math.ceil(used / (self.case.memory_ceiling * MIB_PER_GIB))  # MEM-2
        return min(self._hosts_cost(offer.price, hosts, needed_gib) for hosts in range(int(fewest), CLUSTER_HOSTS + 1))

    def _hosts_cost(self, price: Fraction, hosts: int, needed_gib: int) -> Cost:
        """Blades with licences, and activated memory beyond the included (MEM-1, MEM-4)."""
        beyond = max(0, needed_gib - INCLUDED_GIB * hosts)
        if not beyond:
            return hosts * price
        memory = self.case.memory_price
        if hosts == CLUSTER_HOSTS and (memory is None or price < INCLUDED_GIB * memory):
            raise TooLarge("a second cluster of the same blade may pay")
        return math.inf if memory is None else hosts * price + beyond * memory

    def _fewest_hosts(self, blade: Blade, counts: Counts) -> float:
        """The fewest hosts that hold `counts`, whole and unsplit (HA-1)."""
        if not any(counts):
            return 0
        fewest = math.inf
        for taken, rest in firsts_and_rests(counts):
            self.budget.spend()
            if self._fits(blade, taken):
                fewest = min(fewest, 1 + self._hosts(blade, rest))
        return fewest

    def _fits_one_host(self, blade: Blade, counts: Counts) -> bool:
        """Whether one host of this blade can hold `counts`."""
        loads = [kind for kind, count in zip(self.kinds, counts, strict=True) for _ in range(count)]
        apart = [name for load in loads for name in load.anti_affinity]
        return (
            all(blade.name in load.blades for load in loads)
            and sum(load.cores for load in loads) <= blade.cores  # CPU-1
            and sum(load.gpus for load in loads) <= blade.gpus  # GPU-1
            and sum(load.mib for load in loads) <= self.case.memory_ceiling * blade.usable_gib * MIB_PER_GIB  # MEM-3
            and len(apart) == len(set(apart))  # AFF-2
        )


# --- storage ---------------------------------------------------------------------------------------------------------


def possible_mechanisms(case: Case, group: Group) -> list[str | None]:
    """DR-2: the mechanisms that meet what the group asks for; None stands for: not replicated."""
    if group.encrypted and (group.protection or not case.facts.get("encryption_sold")):
        raise NoPlan(f"{'ENC-2' if group.protection else 'ENC-1'} {group.name}")
    if not group.protection:
        return [None]
    if group.protection.get("mechanism") == METRO_MIRROR:
        raise NoPlan(f"MM-1 {group.name}")
    fit = [mechanism for mechanism in MECHANISM_MINUTES if suits(case, group, mechanism)]
    if not fit:
        raise NoPlan(f"DR-2 {group.name}: no mechanism")
    return list(fit)


def suits(case: Case, group: Group, mechanism: str) -> bool:
    """Whether a mechanism meets RPO, RTO and the wish of a group, and can replicate its disks."""
    wanted = group.protection
    best_rpo, best_rto = MECHANISM_MINUTES[mechanism]
    disks = [disk for disk in group.disks if disk.replicated]  # DR-3
    return (
        wanted.get("mechanism", mechanism) == mechanism
        and ("rpo" not in wanted or minutes(wanted["rpo"]) >= best_rpo)
        and ("rto" not in wanted or minutes(wanted["rto"]) >= best_rto)
        and (case.mirror_price if mechanism == GLOBAL_MIRROR else case.replica_price) is not None
        and (mechanism != VM_REPLICATION or not any(disk.constant_writes for disk in disks))  # VMR-4
        and (mechanism != GLOBAL_MIRROR or all(mirrored_class(case, disk) for disk in disks))  # GM-1
    )


def mirrored_class(case: Case, disk: Disk) -> bool:
    """GM-1: whether Global Mirror works on the class the disk asks for."""
    return disk.storage_class is None or disk.storage_class in case.facts["gm_classes"]


@dataclass(frozen=True)
class Need:
    """What one thing, or several together, need of a datastore."""

    mib: int = 0
    iops: Fraction = Fraction(0)
    mbps: Fraction = Fraction(0)

    def __add__(self, other: "Need") -> "Need":
        return Need(self.mib + other.mib, self.iops + other.iops, self.mbps + other.mbps)

    def __mul__(self, count: int) -> "Need":
        return Need(self.mib * count, self.iops * count, self.mbps * count)


class Bucket(NamedTuple):
    """The datastores that may share content: one site, one class, replicated or not (GM-2).

    The `peer` is the other site of a Global Mirror pair, whose source is `site`.
    """

    site: str
    storage_class: str
    peer: str | None = None

    @property
    def sites(self) -> tuple[str, ...]:
        """Where its datastores stand."""
        return (self.site, self.peer) if self.peer else (self.site,)


class Placed(NamedTuple):
    """So many like things in a bucket: each stands whole on one of its datastores (LUN-2)."""

    bucket: Bucket
    need: Need
    instances: int


Option = tuple[Placed, ...]
Decision = list[Option]
Swap = tuple[str | None, ...]  # for each site of a group: home, a class, or None: no swap to choose a place for


def cheapest_storage(case: Case, mechanisms: Mapping[str, list[str | None]]) -> tuple[Fraction, dict[str, str]]:
    """The cheapest datastores and replication licences, and the mechanism of each protected group."""
    choices = [storable(case, group, mechanisms[group.name]) for group in case.groups]
    budget = Budget()
    best: Cost = math.inf
    chosen: tuple[str | None, ...] = ()
    for combination in product(*choices):
        picked = tuple(mechanism for mechanism, _ in combination)
        licences = replicated_vm_licences(case, picked)
        decisions = [decision for _, group_decisions in combination for decision in group_decisions]
        cost = licences + StorageSearch(case, decisions, best - licences, budget).run()
        if cost < best:
            best, chosen = cost, picked
    assert isinstance(best, Fraction), "whatever fits some datastore alone has a plan"
    return best, {group.name: picked for group, picked in zip(case.groups, chosen, strict=True) if picked}


def replicated_vm_licences(case: Case, mechanisms: Sequence[str | None]) -> Fraction:
    """VMR-1: one licence per replicated VM."""
    vms = sum(group.count for group, picked in zip(case.groups, mechanisms, strict=True) if picked == VM_REPLICATION)
    return vms * (case.replica_price or Fraction(0))


def storable(case: Case, group: Group, mechanisms: Iterable[str | None]) -> list[tuple[str | None, list[Decision]]]:
    """The mechanisms under which every disk of a group fits some datastore, with what is then to be decided."""
    found = [(mechanism, group_decisions(case, group, mechanism)) for mechanism in mechanisms]
    found = [(mechanism, decisions) for mechanism, decisions in found if all(decisions)]
    if not found:
        raise NoPlan(f"LUN-2 {group.name}")
    return found


def group_decisions(case: Case, group: Group, mechanism: str | None) -> list[Decision]:
    """What is to be decided for a group: the class of each disk (CLS-2), and where its swap files stand.

    An option that fits no datastore, even alone, is left out.
    """
    home, *others = group.disks
    decisions = [[placed_disk(group, mechanism, d, name) for name in disk_classes(case, mechanism, d)] for d in others]
    decisions.append(home_options(case, group, mechanism, home))
    if group.powered_on and case.swap not in (HOME, "auto"):
        decisions.append([placed_swap(group, (case.swap,) * len(group.running_sites))])
    return [[option for option in decision if fits_alone(case, option)] for decision in decisions]


def disk_classes(case: Case, mechanism: str | None, disk: Disk) -> list[str]:
    """CLS-1: the classes a disk may stand on; GM-1 when it is mirrored."""
    names = [disk.storage_class] if disk.storage_class else useful_flash(case)
    mirrored = mechanism == GLOBAL_MIRROR and disk.replicated
    return [name for name in names if not mirrored or name in case.facts["gm_classes"]]


def home_options(case: Case, group: Group, mechanism: str | None, disk: Disk) -> Decision:
    """The classes of disk 0, each with the swap choices of VSWP-2."""
    return [
        placed_disk(group, mechanism, disk, name, swap) + placed_swap(group, swap)
        for name in disk_classes(case, mechanism, disk)
        for swap in swap_choices(case, group, mechanism)
    ]


def swap_choices(case: Case, group: Group, mechanism: str | None) -> list[Swap]:
    """VSWP-2 under `home` and `auto`: where the swap files stand, site by site."""
    if not group.powered_on or case.swap not in (HOME, "auto"):
        return [(None,) * len(group.running_sites)]
    if case.swap == HOME:
        return [(HOME,) * len(group.running_sites)]
    choices: list[Swap] = list(product([HOME, *useful_flash(case)], repeat=len(group.running_sites)))
    if mechanism == GLOBAL_MIRROR and group.shares:  # alike on both peers
        return [choice for choice in choices if choice.count(HOME) != 1]
    return choices


def placed_disk(group: Group, mechanism: str | None, disk: Disk, storage_class: str, swap: Swap = ()) -> Option:
    """One disk of every instance on one class, at every site where it stands; swap at home joins it (VSWP-2)."""
    homes = {site for site, where in zip(group.running_sites, swap, strict=False) if where == HOME}
    need = Need(disk.mib, disk.iops, disk.mbps)
    if mechanism == GLOBAL_MIRROR and disk.replicated:
        mirrored = Need(disk.mib + (group.mib if homes else 0), disk.iops / GLOBAL_MIRROR_IOPS, disk.mbps)  # IOPS-3
        return (Placed(Bucket(group.site, storage_class, group.standby), mirrored, group.count),)  # GM-2
    sites = group.sites if disk.replicated else (group.site,)  # VMR-2, DR-3
    return tuple(
        Placed(Bucket(site, storage_class), need + Need(group.mib if site in homes else 0), group.count)
        for site in sites
    )


def placed_swap(group: Group, swap: Swap) -> Option:
    """The swap files that stand on a class of their own, never replicated (VSWP-1, VSWP-2)."""
    return tuple(
        Placed(Bucket(site, where), Need(group.mib), group.count)
        for site, where in zip(group.running_sites, swap, strict=True)
        if where not in (None, HOME)
    )


def useful_flash(case: Case) -> list[str]:
    """The flash classes that are worth trying for what asks for none.

    Class b is not, when another class a costs no more and can take over whole datastores of b as they are: it must be
    as fast, or fast enough for the densest disk of the workload. A class that somebody asks for always stays.
    """
    asked = {disk.storage_class for group in case.groups for disk in group.disks} | {case.swap}
    flash = [offer for offer in case.classes.values() if offer.flash]
    enough = densest_iops_per_tib(case)

    def takes_over(a: StorageClass, b: StorageClass) -> bool:
        return (
            (a.price, flash.index(a)) < (b.price, flash.index(b))
            and a.iops_per_tib >= min(b.iops_per_tib, enough)
            and a.iops_max >= b.iops_max
            and a.mbps_max >= b.mbps_max
            and a.global_mirror >= b.global_mirror
        )

    return [b.name for b in flash if b.name in asked or not any(takes_over(a, b) for a in flash)]


def densest_iops_per_tib(case: Case) -> Fraction:
    """The most IOPS that a disk needs per TiB of datastore it takes up anyway (LUN-3, IOPS-3)."""
    disks = [(disk, group) for group in case.groups for disk in group.disks]
    return max(
        disk.iops / (GLOBAL_MIRROR_IOPS if group.standby else 1) * GIB_PER_TIB * case.mib_per_gib / disk.mib
        for disk, group in disks
    )


def boundless_gib(case: Case, storage_class: str, need: Need) -> float:
    """The size of one datastore for all of it, were there no largest size: never more than several would take."""
    offer = case.classes[storage_class]
    if need.iops and not offer.iops_per_tib:  # IOPS-2
        return math.inf
    space = math.ceil(need.mib / case.mib_per_gib)  # LUN-3
    speed = math.ceil(need.iops * GIB_PER_TIB / offer.iops_per_tib) if need.iops else 0  # IOPS-1
    return math.ceil(Fraction(max(LUN_MIN_GIB, space, speed), offer.unit_gib)) * offer.unit_gib  # LUN-1


def datastore_gib(case: Case, storage_class: str, need: Need) -> float:
    """The smallest datastore that holds all of it; infinite when none can."""
    offer = case.classes.get(storage_class)
    if offer is None or need.iops > offer.iops_max or need.mbps > offer.mbps_max:  # IOPS-1, IOPS-4
        return math.inf
    size = boundless_gib(case, storage_class, need)
    return size if size <= case.lun_max_gib else math.inf  # LUN-2


def fits_alone(case: Case, option: Option) -> bool:
    """Whether each thing of an option fits a datastore of its own."""
    return all(datastore_gib(case, placed.bucket.storage_class, placed.need) < math.inf for placed in option)


class Datastores:
    """The least space of the datastores that hold some of the things a workload stores."""

    def __init__(self, case: Case, kinds: Iterable[Need], budget: Budget) -> None:
        self.case, self.budget = case, budget
        self.kinds = tuple(kinds)
        self._least: Callable[[str, Counts, int], float] = cache(self._least_gib)
        self._whole: Callable[[str, Counts], float] = cache(self._whole_gib)
        self._bound: Callable[[str, Counts], float] = cache(self._bound_gib)

    def least_gib(self, storage_class: str, content: Mapping[Need, int], datastores: int) -> float:
        """The least total size of at least so many datastores of one class."""
        return self._least(storage_class, tuple(content.get(kind, 0) for kind in self.kinds), datastores)

    def _least_gib(self, storage_class: str, counts: Counts, datastores: int) -> float:
        """Fill one datastore in every way, and the others with the rest."""
        if not any(counts):
            return 0 if datastores <= 0 else math.inf
        whole, bound = self._whole(storage_class, counts), self._bound(storage_class, counts)
        if datastores <= 1 and whole < math.inf:
            return whole  # merging datastores that fit together never takes more
        least = math.inf
        for taken, rest in firsts_and_rests(counts):
            self.budget.spend()
            if least <= bound:
                break
            size = self._whole(storage_class, taken)
            if size + self._bound(storage_class, rest) < least:
                least = min(least, size + self._least(storage_class, rest, datastores - 1))
        return least

    def _whole_gib(self, storage_class: str, counts: Counts) -> float:
        """The size of one datastore that holds all of it."""
        return datastore_gib(self.case, storage_class, self._total(counts))

    def _bound_gib(self, storage_class: str, counts: Counts) -> float:
        """A size that no split of `counts` goes below."""
        return boundless_gib(self.case, storage_class, self._total(counts)) if any(counts) else 0

    def _total(self, counts: Counts) -> Need:
        """What these things need together."""
        return sum((kind * count for kind, count in zip(self.kinds, counts, strict=True)), Need())


class StorageSearch:
    """All decisions of all groups, depth first; a branch ends where even a lower bound costs too much.

    The bound on what is decided so far: one boundless datastore per bucket. The bound on the rest: the space that the
    decided datastores do not have left, at the lowest price.
    """

    def __init__(self, case: Case, decisions: Iterable[Decision], limit: Cost, budget: Budget) -> None:
        self.case, self.best, self.budget = case, limit, budget
        self.decisions = sorted(decisions, key=lambda decision: (len(decision) > 1, -cost_alone(case, decision)))
        needs = {placed.need for decision in self.decisions for option in decision for placed in option}
        self.datastores = Datastores(case, needs, budget)
        self.rests = [Rest.of(case, self.decisions[depth:]) for depth in range(len(self.decisions) + 1)]

    def run(self) -> Cost:
        """The least cost, or infinity when it is not below the limit."""
        limit = self.best
        self._decide(0, {}, ())
        return self.best if self.best < limit else math.inf

    def _decide(self, depth: int, totals: Mapping[Bucket, Need], chosen: Option) -> None:
        """Try all options of one decision, the most promising first."""
        if depth == len(self.decisions):
            self.best = min(self.best, self._cost(chosen))
            return
        branches = []
        for option in self.decisions[depth]:
            self.budget.spend(STEPS_PER_BOUND)
            after = with_option(totals, option)
            branches.append((self._bound(depth + 1, after), after, option))
        for bound, after, option in sorted(branches, key=lambda branch: branch[0]):
            if bound < self.best:
                self._decide(depth + 1, after, chosen + option)

    def _bound(self, depth: int, totals: Mapping[Bucket, Need]) -> Cost:
        """What no completion of these decisions goes below."""
        sizes = {bucket: boundless_gib(self.case, bucket.storage_class, need) for bucket, need in totals.items()}
        room: Counter[str] = Counter()
        for bucket, need in totals.items():
            for site in bucket.sites:
                room[site] += math.ceil(sizes[bucket] * self.case.mib_per_gib) - need.mib
        rest = self.rests[depth]
        homeless = sum(max(0, mib - room[site]) for site, mib in rest.mib.items())
        return bill(self.case, sizes) + homeless / self.case.mib_per_gib * rest.price

    def _cost(self, chosen: Option) -> Cost:
        """The exact cost once all is decided, over the numbers of datastores that `min_datastores` may call for."""
        contents: dict[Bucket, Counter[Need]] = {}
        for placed in chosen:
            contents.setdefault(placed.bucket, Counter())[placed.need] += placed.instances
        numbers = [range(1, most_datastores(self.case, bucket, contents) + 1) for bucket in contents]
        return min(self._cost_of(contents, dict(zip(contents, each, strict=True))) for each in product(*numbers))

    def _cost_of(self, contents: Mapping[Bucket, Mapping[Need, int]], numbers: Mapping[Bucket, int]) -> Cost:
        """The cost with at least so many datastores in each bucket."""
        self.budget.spend()
        sizes = {
            bucket: self.datastores.least_gib(bucket.storage_class, content, numbers[bucket])
            for bucket, content in contents.items()
        }
        return math.inf if math.inf in sizes.values() else bill(self.case, sizes) + empty_datastores(self.case, numbers)


@dataclass(frozen=True)
class Rest:
    """The MiB that open decisions will take at each site, whatever is chosen, and the lowest price of a GiB."""

    mib: Mapping[str, int]
    price: Fraction

    @classmethod
    def of(cls, case: Case, decisions: Iterable[Decision]) -> "Rest":
        """The options of a decision differ in class and company; in space where a swap file may be mirrored (DR-1)."""
        mib: Counter[str] = Counter()
        prices = set()
        for decision in decisions:
            each = [space_at_sites(option) for option in decision]
            mib.update({site: min(space[site] for space in each) for site in each[0]})
            prices |= {case.classes[placed.bucket.storage_class].price for option in decision for placed in option}
        return cls(mib, min(prices, default=Fraction(0)))


def space_at_sites(option: Option) -> Counter[str]:
    """The MiB that an option takes at each site."""
    mib: Counter[str] = Counter()
    for placed in option:
        mib.update(dict.fromkeys(placed.bucket.sites, placed.need.mib * placed.instances))
    return mib


def with_option(totals: Mapping[Bucket, Need], option: Option) -> dict[Bucket, Need]:
    """The bucket totals after one decision more."""
    after = dict(totals)
    for placed in option:
        after[placed.bucket] = after.get(placed.bucket, Need()) + placed.need * placed.instances
    return after


def cost_alone(case: Case, decision: Decision) -> Fraction:
    """The cost of a decision's best option, were it the only one."""
    totals = (with_option({}, option) for option in decision)
    return min(bill(case, {b: boundless_gib(case, b.storage_class, n) for b, n in each.items()}) for each in totals)


def bill(case: Case, sizes: Mapping[Bucket, float]) -> Fraction:
    """The monthly cost of datastores, a replicated one at both its sites, and of the Global Mirror licences."""
    datastores = sum(
        (int(size) * case.classes[bucket.storage_class].price * len(bucket.sites) for bucket, size in sizes.items()),
        Fraction(0),
    )
    mirrored: Counter[str] = Counter()
    for bucket, size in sizes.items():
        if bucket.peer:
            mirrored[bucket.site] += int(size)
    units = sum(math.ceil(Fraction(gib, GIB_PER_TIB)) for gib in mirrored.values())  # GM-3: per source site
    return datastores + units * (case.mirror_price or Fraction(0))


def datastores_wanted(case: Case, site: str) -> int:
    """ORD-1: the fewest datastores of a site with a cluster."""
    return case.min_datastores if case.loads_at(site) else 0


def most_datastores(case: Case, bucket: Bucket, buckets: Iterable[Bucket]) -> int:
    """How many datastores of a bucket ORD-1 may call for, when each other bucket has one."""
    others = Counter(site for other in buckets if other != bucket for site in other.sites)
    return max(1, *(datastores_wanted(case, site) - others[site] for site in bucket.sites))


def empty_datastores(case: Case, numbers: Mapping[Bucket, int]) -> Cost:
    """ORD-1: what the datastores cost that a site lacks: empty ones, the cheapest flash on offer (CLS-1)."""
    there: Counter[str] = Counter()
    for bucket, number in numbers.items():
        there.update(dict.fromkeys(bucket.sites, number))
    lacking = sum(max(0, datastores_wanted(case, site) - there[site]) for site in case.sites)
    prices = [offer.price for offer in case.classes.values() if offer.flash]
    return lacking * LUN_MIN_GIB * min(prices, default=math.inf) if lacking else 0


# --- what is fixed before anything is chosen -------------------------------------------------------------------------


def fixed_cost(case: Case) -> Fraction:
    """The lines of the bill that no choice can change."""
    bill = backup_cost(case) + encryption_cost(case) + zones_cost(case) + networks_cost(case) + extras_cost(case)
    return bill + instance_licences_cost(case)


def instance_licences_cost(case: Case) -> Fraction:
    """LIC-2: the licences per vCPU and VM, wherever instances run."""
    owed = (
        case.licences[name].of_instance(group) * group.count
        for site in case.sites
        for group in case.loads_at(site)
        for name in case.brought(group, site)
        if not case.licences[name].by_host
    )
    return sum(owed, Fraction(0))


def backup_cost(case: Case) -> Fraction:
    """BKP-1: one access unit per VM; BKP-3: the stored TiB of each backup site, rounded up."""
    stored: defaultdict[str, Fraction] = defaultdict(Fraction)
    for group in case.groups:
        stored[backup_site(case, group)] += stored_gib(group) * group.count
    tib = sum(math.ceil(gib / GIB_PER_TIB) for gib in stored.values())
    access = sum(group.count for group in case.groups) * case.prices.must("csp:(region):iaas:backup:vm:v1")
    return access + (tib * case.prices.must(f"csp:(region):{case.facts['backup_sku_tail']}") if tib else 0)


def backup_site(case: Case, group: Group) -> str:
    """BKP-2: another zone than the VM's."""
    if case.backup_site and case.backup_site != group.site:
        return case.backup_site
    next_zone = case.zones[(case.zones.index(group.site) + 1) % len(case.zones)]
    return case.other_site(group.site) or next_zone


def stored_gib(group: Group) -> Fraction:
    """BKP-3: what the backups of one VM take; BKP-4: a disk with constant writes is left out."""
    policy = group.backup

    def changed(days: int) -> Fraction:
        return 1 - (1 - policy["change_rate"]) ** days

    copies = (
        1
        + policy["daily"] * changed(1)
        + policy["weekly"] * changed(7)
        + policy["monthly"] * changed(30)
        + policy["yearly"] * changed(365)
    )
    used = sum((disk.used_gib for disk in group.disks if disk.backup and not disk.constant_writes), Fraction(0))
    return used * copies / policy["reduction"]


def encryption_cost(case: Case) -> Fraction:
    """ENC-1: one unit per encrypted VM."""
    vms = sum(group.count for group in case.groups if group.encrypted)
    return vms * case.prices.must("csp:(region):iaas:vmware:encryption:hsm:v1") if vms else Fraction(0)


def zones_cost(case: Case) -> Fraction:
    """One activation for each site with a cluster or a datastore, where the edition bills it."""
    billed = case.facts.get("az_billed")
    return len(case.sites) * case.prices.must("csp:(region):iaas:az:v1") if billed else Fraction(0)


def networks_cost(case: Case) -> Fraction:
    """NET-1: one VLAN for each network, where it has a price."""
    price = case.prices.net("csp:(region):network:vlan:v1")
    return len(case.networks) * price if price is not None else Fraction(0)


def extras_cost(case: Case) -> Fraction:
    """What the customer asks for beside the plan."""
    return sum((extra["quantity"] * case.prices.must(extra["sku"]) for extra in case.extras), Fraction(0))
