"""The cheapest plan of a tiny workload, found by trying everything.

No solver, no clever mathematics, no import of the product: what the rules say is enumerated in exact numbers, and the
search only skips what provably cannot win. Each rule is named by its id where it is applied.

Four parts, read top down: the case (workload, prices and edition with all defaults filled in), compute, storage, and
what is fixed before anything is chosen. They meet only in the replication mechanism, which storage chooses (DR-2):
standby demand is the same under either mechanism.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any, NamedTuple

Yaml = Mapping[str, Any]
Cost = Fraction | float  # exact; a float only as math.inf: impossible
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
SEARCH_STEPS = 400_000


class TooLarge(Exception):
    """The case has too many possibilities to try them all."""


class NoPlan(Exception):
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

    def spend(self) -> None:
        """Take one step, or give up."""
        self.steps -= 1
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
    stored_gib: Fraction
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
            stored_gib=exact(disk.get("used_gib", disk["size_gib"])),
            storage_class=disk.get("class"),
            iops=exact(disk.get("iops") or 0),
            mbps=exact(disk.get("mbps") or 0),
            replicated=disk.get("replicated", True),
            constant_writes=disk.get("constant_writes", False),
            backup=disk.get("backup", True),
        )


@dataclass(frozen=True)
class Group:
    """A group of identical VMs; `standby` is its other site when it is protected."""

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
    pool: str
    affinity: str | None
    anti_affinity: str | None
    powered_on: bool
    encrypted: bool
    disks: tuple[Disk, ...]
    protection: Yaml
    backup: Yaml

    @property
    def sites(self) -> tuple[str, ...]:
        """Its own site, then the other one if it is protected."""
        return (self.site, self.standby) if self.standby else (self.site,)


@dataclass(frozen=True)
class Case:
    """A workload, a price book and an edition, with every default filled in."""

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
    vcpu_share: Fraction
    memory_share: Fraction
    headroom: Fraction
    lun_max_gib: int
    min_datastores: int
    swap: str
    extras: Sequence[Yaml]
    facts: Yaml

    @classmethod
    def read(cls, workload: Yaml, prices: Yaml, facts: Yaml) -> "Case":
        """All defaults of the contract, in one place."""
        policy, sites = workload.get("policy") or {}, workload.get("sites") or {}
        region = workload.get("region") or next(iter(facts["zones"]))
        zones = tuple(facts["zones"][region])
        primary, standby = sites.get("primary", zones[0]), sites.get("standby")
        book = Prices(prices["items"], prices.get("discounts") or (), region, workload.get("term_months", 1))
        shares = policy.get("standby") or {}
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
            vcpu_share=exact(shares.get("vcpu_share", 1)),
            memory_share=exact(shares.get("memory_share", 1)),
            headroom=exact(policy.get("snapshot_headroom", "0.1")),
            lun_max_gib=min(facts["lun_max_gib"], policy.get("datastore_max_gib") or facts["lun_max_gib"]),
            min_datastores=policy.get("min_datastores", 1),
            swap=policy.get("vswp", HOME),
            extras=workload.get("extras") or (),
            facts=facts,
        )

    @property
    def sites(self) -> list[str]:
        """Every site where a VM stands, active or standby."""
        return sorted({site for group in self.groups for site in group.sites})

    def other_site(self, site: str) -> str | None:
        """DR-1: the standby site for a VM at the primary; the primary for any other."""
        return self.standby if site == self.primary else self.primary

    def loads_at(self, site: str) -> list[Group]:
        """The groups that demand CPU, memory and swap at a site: powered-off VMs have no demand anywhere."""
        return [group for group in self.groups if group.powered_on and site in group.sites]


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
        pool=group.get("pool", "default"),
        affinity=group.get("affinity"),
        anti_affinity=group.get("anti_affinity"),
        powered_on=group.get("powered_on", True),
        encrypted=group.get("encrypted", False),
        disks=tuple(Disk.read(disk) for disk in group["disks"]),
        protection=group.get("protection") or {},
        backup=backup_policy(group.get("backup"), workload),
    )


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


def site_compute(case: Case, site: str) -> Fraction:
    """The cheapest clusters of a site: its pools share nothing but `max_clusters`."""
    budget = Budget()
    names = sorted({group.pool for group in case.loads_at(site)})
    pools = [Pool(case, pool_loads(case, site, name), budget) for name in names]  # HOM-1
    for name, pool in zip(names, pools, strict=True):
        if pool.cost(len(case.blades)) == math.inf:
            raise NoPlan(f"compute {site} {name}")
    limit = len(pools) * len(case.blades)
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
    active = site == group.site
    return Load(
        cores=group.cores * (1 if active else case.vcpu_share),
        mib=group.mib if active else math.ceil(group.mib * case.memory_share),
        gpus=group.gpus,
        anti_affinity=(group.anti_affinity,) if group.anti_affinity else (),
        blades=frozenset(
            blade.name
            for blade in case.blades
            if blade.name in group.blades  # allow-list
            and group.vcpus <= blade.threads  # CPU-2
            and group.min_ghz <= blade.ghz  # CPU-3
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
    )


class Pool:
    """The cheapest clusters for the loads of one pool at one site.

    A blade type needs at most one cluster: two clusters of one blade merged into one keep all rules and cost no more,
    up to 32 hosts.
    """

    def __init__(self, case: Case, loads: Iterable[Load], budget: Budget) -> None:
        kinds = Counter(loads)
        self.case, self.budget = case, budget
        self.kinds = tuple(kinds)
        self.counts: Counts = tuple(kinds.values())
        self._fits: Callable[[Blade, Counts], bool] = cache(self._fits_one_host)
        self._hosts: Callable[[Blade, Counts], float] = cache(self._fewest_hosts)
        self._cluster: Callable[[Blade, Counts], Cost] = cache(self._cluster_cost)
        self._cheapest: Callable[[int, Counts, int], Cost] = cache(self._cheapest_clusters)

    def cost(self, clusters: int) -> Cost:
        """The least cost with at most so many clusters."""
        return self._cheapest(0, self.counts, min(clusters, len(self.case.blades)))

    def _cheapest_clusters(self, first: int, counts: Counts, clusters: int) -> Cost:
        """The least cost of `counts` on the blades from number `first` on."""
        if not any(counts):
            return Fraction(0)
        if first == len(self.case.blades) or clusters == 0:
            return math.inf
        cheapest = self._cheapest(first + 1, counts, min(clusters, len(self.case.blades) - first - 1))
        for taken in product(*(range(count + 1) for count in counts)):
            self.budget.spend()
            cost = self._cluster(self.case.blades[first], taken) if any(taken) else math.inf
            if cost < cheapest:
                rest = self._cheapest(first + 1, minus(counts, taken), clusters - 1)
                cheapest = min(cheapest, cost + rest)
        return cheapest

    def _cluster_cost(self, blade: Blade, counts: Counts) -> Cost:
        """The least cost of one cluster: an unloaded host more may be cheaper than the memory it brings along."""
        loaded = self._hosts(blade, counts)
        fewest = loaded + self.case.host_failures  # HA-1, HA-2: loaded >= 1
        if fewest > CLUSTER_HOSTS:  # MAX-1; an unfit VM needs infinitely many hosts
            return math.inf
        used = sum(kind.mib * count for kind, count in zip(self.kinds, counts, strict=True))
        needed_gib = math.ceil(used / (self.case.memory_ceiling * MIB_PER_GIB))  # MEM-2
        return min(self._hosts_cost(blade, hosts, needed_gib) for hosts in range(int(fewest), CLUSTER_HOSTS + 1))

    def _hosts_cost(self, blade: Blade, hosts: int, needed_gib: int) -> Cost:
        """Blades, and activated memory beyond the included (MEM-1)."""
        beyond = max(0, needed_gib - INCLUDED_GIB * hosts)
        if not beyond:
            return hosts * blade.price
        memory = self.case.memory_price
        if hosts == CLUSTER_HOSTS and (memory is None or blade.price < INCLUDED_GIB * memory):
            raise TooLarge("a second cluster of the same blade may pay")
        return math.inf if memory is None else hosts * blade.price + beyond * memory

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
        and licence_price(case, mechanism) is not None
        and (mechanism != VM_REPLICATION or not any(disk.constant_writes for disk in disks))  # VMR-4
        and (mechanism != GLOBAL_MIRROR or all(mirrored_class(case, disk) for disk in disks))  # GM-1
    )


def mirrored_class(case: Case, disk: Disk) -> bool:
    """GM-1: whether Global Mirror works on the class the disk asks for."""
    return disk.storage_class is None or disk.storage_class in case.facts["gm_classes"]


def licence_price(case: Case, mechanism: str) -> Fraction | None:
    """GM-3: per TiB; VMR-1: per VM."""
    if mechanism == GLOBAL_MIRROR:
        return case.prices.net("csp:(region):iaas:storage:licence:globalmirror:v1")
    return case.prices.net("csp:(region):iaas:vmware:licence:replication:v1")


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
    count: int


Option = tuple[Placed, ...]
Decision = list[Option]


def cheapest_storage(case: Case, mechanisms: Mapping[str, list[str | None]]) -> tuple[Fraction, dict[str, str]]:
    """The cheapest datastores and replication licences, and the mechanism of each protected group."""
    choices = [
        [(mechanism, decisions) for mechanism in mechanisms[group.name] if all(decisions := ways(case, group, mechanism))]
        for group in case.groups
    ]
    for group, possible in zip(case.groups, choices, strict=True):
        if not possible:
            raise NoPlan(f"LUN-2 {group.name}")
    best: Cost = math.inf
    chosen: tuple[str | None, ...] = ()
    budget = Budget()
    for combination in product(*choices):
        picked = tuple(mechanism for mechanism, _ in combination)
        licences = replicated_vm_licences(case, picked)
        decisions = [decision for _, some in combination for decision in some]
        cost = licences + StorageSearch(case, decisions, best - licences, budget).run()
        if cost < best:
            best, chosen = cost, picked
    assert isinstance(best, Fraction), "a disk that has a class has a datastore of its own"
    return best, {g.name: mechanism for g, mechanism in zip(case.groups, chosen, strict=True) if mechanism}


def replicated_vm_licences(case: Case, mechanisms: Sequence[str | None]) -> Fraction:
    """VMR-1: one licence per replicated VM."""
    vms = sum(group.count for group, m in zip(case.groups, mechanisms, strict=True) if m == VM_REPLICATION)
    return vms * case.prices.must("csp:(region):iaas:vmware:licence:replication:v1") if vms else Fraction(0)


def ways(case: Case, group: Group, mechanism: str | None) -> list[Decision]:
    """What is to be decided for a group: one class for each disk, and where its swap files stand."""
    swap_here = [Need(group.mib)] if group.powered_on else []  # VSWP-1
    decisions = [disk_options(case, group, mechanism, disk) for disk in group.disks[1:]]
    if case.swap not in (HOME, "auto"):
        home = disk_options(case, group, mechanism, group.disks[0])
        swap = [tuple(Placed(Bucket(s, case.swap), n, group.count) for s in group.sites for n in swap_here)]
        decisions += [home, swap]
    else:
        decisions.append(home_options(case, group, mechanism))
    return [[option for option in decision if stands(case, option)] for decision in decisions]
