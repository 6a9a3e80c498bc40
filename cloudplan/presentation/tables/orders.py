"""The orders as tables: what is filled in for each step, an overview, and a document of all."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from cloudplan.base.language import ENGLISH, Language, Message, counted, known, message
from cloudplan.plan.origin import Made
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables.plan import own_catalog
from cloudplan.presentation.tables.table import Cell, Column, Report, Table
from cloudplan.sales.affinity import AffinityRule
from cloudplan.sales.steps import Content, Orders, Step
from cloudplan.sales.terms import Terms

NAMED = 20
"""Names that a field of a request lists."""
UNKNOWN = message("to be filled in")

Value = str | int | Message | None
Field = tuple[str | Message, Value]
"""A field of a form: a label of the program, or a name out of the plan, and what to fill in; None is not known."""


@dataclass(frozen=True)
class Head:
    """What an order pack is known by: its number and day, and the hashes of what it was made from.

    The number is that of the terms, or else the first digits of the plan's hash, which is that of the file as `size`
    writes it. The day is the input's: none was given where it is None.
    """

    number: str
    issued: date | None
    plan: str
    prices: str
    over_time: bool = False
    """Whether they are those of a roadmap."""

    @classmethod
    def of(cls, plan: Made, terms: Terms) -> "Head":
        """Return the head of the orders of a plan or roadmap, with the number and the day of its terms."""
        return cls(
            terms.number or plan.sha256[:8], terms.issued, plan.sha256, plan.prices.sha256, isinstance(plan, Roadmap)
        )


# --- what is filled in ------------------------------------------------------------------------------------------------


def fields(step: Step, orders: Orders) -> Iterator[Field]:
    """Yield what is filled in for a step; a request says who asks first."""
    content, edition = step.content, orders.case.edition
    if step.is_request:
        yield from _who(orders)
    yield from _of_a_cluster(content, orders)
    if content.datastores:
        yield message("Datastores"), len(content.datastores)
    for lun in content.datastores:
        label = message(
            "{label:w} ({name})", label=edition.storage_classes[lun.storage_class].label, name=lun.storage_class
        )
        yield lun.name, message("{size_gib:n} GiB, {label}", size_gib=lun.size_gib, label=label)
    if content.backup_gib:
        size = message("{size_gib:n} GiB, standing in {site}", size_gib=content.backup_gib, site=content.backup_site)
        yield message("Backup storage"), size
    if content.networks:
        what = message("Networks to create and propagate") if content.cluster else message("Networks to create")
        yield what, _numbered(content.networks)
    if content.propagated:
        yield message("Networks to propagate"), _numbered(content.propagated)
    if content.addresses:
        yield message("Public IP addresses"), content.addresses
    if content.sku:
        yield message("Item"), known(content.label)
        yield message("SKU"), content.sku
        yield message("Quantity"), content.quantity
    yield from _of_a_request(content)


def _named(label: str, name: str) -> Message:
    return message("{label:w} ({name})", label=label, name=name)


def _of_a_cluster(content: Content, orders: Orders) -> Iterator[Field]:
    if content.cluster:
        yield message("Cluster"), content.cluster
    if content.blade:
        yield (
            message("Blade"),
            _named(orders.case.edition.blades[content.blade].label, content.blade),
        )
    if content.hosts:
        yield message("Hosts") if content.memory_gib else message("Hosts to add"), content.hosts
    if content.memory_gib:
        yield message("Memory of the cluster (GiB)"), content.memory_gib


def _of_a_request(content: Content) -> Iterator[Field]:
    if content.clusters:
        yield message("Clusters"), listed(content.clusters)
    for store, cluster in content.shared:
        yield store, message("also for cluster {cluster}", cluster=cluster)
    if content.policy:
        yield message("Policy"), content.policy
    if content.retention:
        kept = content.retention
        yield message("Days"), kept.daily
        yield message("Weeks"), kept.weekly
        yield message("Months"), kept.monthly
        yield message("Years"), kept.yearly
    if content.target:
        yield message("Target zone"), content.target
    for source, peer in content.pairs:
        yield source, message("to {peer}", peer=peer)
    for wish in content.wishes:
        times = {"RPO": wish.rpo, "RTO": wish.rto}
        told = joined(
            *(message("{name} {time:d}", name=name, time=text) for name, text in times.items() if text), between=", "
        )
        text = counted(
            "{count} VM of {site} {times}", "{count} VMs of {site} {times}", wish.vms, **_at(wish.site, told)
        )
        yield wish.group, text
    if content.vms:
        yield message("VMs"), listed(content.vms)


def _at(site: str, times: Message) -> dict[str, str | Message]:
    return {"site": site, "times": times}


def _who(orders: Orders) -> Iterator[Field]:
    customer = orders.case.workload.customer
    contact = customer.contact if customer else None
    yield message("Organisation"), customer.organization if customer else None
    yield message("Tenant"), customer.tenant if customer else None
    yield message("Contact"), contact.name if contact else None
    yield message("E-mail"), contact.email if contact else None
    yield message("Phone"), contact.phone if contact else None


def listed(names: Sequence[str]) -> str | Message:
    """Return names as one value; of many the first ones, and how many more there are."""
    shown = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return message("{names} and {more:n} more, see the workload", names=shown, more=more) if more > 0 else shown


def _numbered(names: Sequence[str]) -> Message:
    return message("{count}: {names}", count=len(names), names=listed(names))


# --- as tables --------------------------------------------------------------------------------------------------------


def kind(step: Step) -> Message:
    """Return what a step is."""
    return message("request: {kind}", kind=known(step.kind)) if step.is_request else known(step.kind)


def overview(orders: Orders) -> Table:
    """Return all steps in their sequence, one row for each."""
    rows = tuple((step.number, kind(step), step.site, _gist(step.content), _after(step)) for step in orders.steps)
    columns = (Column("Step", "whole"), Column("Kind"), Column("Site"), Column("About"), Column("After step"))
    return Table("Sequence", columns, rows)


def about(head: Head, spoken: Language) -> Table:
    """Return what the orders are known by."""
    rows: list[tuple[Cell, ...]] = [
        (message("Number"), head.number),
        (message("Date"), spoken.date(head.issued) if head.issued else UNKNOWN),
        (message("Roadmap, SHA-256") if head.over_time else message("Plan, SHA-256"), head.plan),
        (message("Price book, SHA-256"), head.prices),
    ]
    return Table("Reference", (Column("What"), Column("Content", "hash")), tuple(rows))


def affinity(rules: Sequence[AffinityRule]) -> Table:
    """Return affinity rules as the console asks for them."""
    rows = tuple(
        (rule.cluster, known(rule.kind), rule.name, known(rule.status), ", ".join(rule.machines)) for rule in rules
    )
    columns = (*(Column("Cluster"), Column("Type"), Column("Name"), Column("Status"), Column("VMs")),)
    return Table("Affinity rules", columns, rows, _RULES if rows else "")


_RULES = message("Set at the console when the VMs stand on their cluster.")


def table(orders: Orders) -> Table:
    """Return all steps, one row for each field: what is worked off from top to bottom."""
    rows: list[tuple[Cell, ...]] = []
    for step in orders.steps:
        head: tuple[Cell, ...] = (step.number, kind(step), step.site)
        rows += [(*head, name, _cell(value), _after(step)) for name, value in fields(step, orders)]
        rows += [(*head, message("Note"), note, _after(step)) for note in step.notes]
    columns = (
        *(Column("Step", "whole"), Column("Kind"), Column("Site"), Column("Field"), Column("Content")),
        Column("After step"),
    )
    return Table("Orders", columns, tuple(rows), _NOTE)


_NOTE = message("A step is placed when those that it comes after are delivered; one order of a type runs at a time.")


def report(orders: Orders, plan: Plan, head: Head, spoken: Language) -> Report:
    """Return the orders of a plan as a document."""
    rules = [affinity(orders.rules)] if orders.rules else []
    parts = [about(head, spoken), overview(orders), *(step(each, orders) for each in orders.steps), *rules]
    placed, asked = len(orders.orders), len(orders.requests)
    summary = (
        f"{spoken.said(counted('{count} order at the console', '{count} orders at the console', placed))}, "
        f"{spoken.said(counted('{count} service request', '{count} service requests', asked))}.",
        spoken.said(_NOTE),
        *map(spoken.said, own_catalog(plan)),
    )
    return Report(spoken.text("{name}: orders", name=plan.workload.name), summary, tuple(parts))


def step(each: Step, orders: Orders, month: str = "") -> Table:
    """Return what is filled in for a step, of a phase with its first month."""
    title = message("{number}. {kind}, {site}", number=each.number, kind=kind(each), site=each.site)
    if month:
        title = message("{month}, {title}", month=month, title=title)
    rows: list[tuple[Cell, ...]] = [(name, _cell(value)) for name, value in fields(each, orders)]
    if each.after:
        rows.append((message("After step"), _after(each)))
    rows += [(message("Note"), note) for note in each.notes]
    return Table(title, (Column("Field"), Column("Content")), tuple(rows))


def _after(step: Step) -> str | None:
    return ", ".join(map(str, step.after)) or None


def _gist(content: Content) -> Cell:
    """Return what a step is about, in a few words."""
    named = (content.policy or content.cluster, content.label, *(store.name for store in content.datastores))
    about = [*filter(None, named), *content.clusters, *(name for pair in content.pairs for name in pair)]
    about += [*dict.fromkeys(store for store, _ in content.shared), *(wish.group for wish in content.wishes)]
    about = about or [*content.networks, *content.vms]
    if about == [content.label]:
        return known(content.label)
    if content.backup_gib and not about:
        return message("{size_gib:n} GiB", size_gib=content.backup_gib)
    return f"{', '.join(about[:3])}, …" if len(about) > 3 else ", ".join(about)


def _cell(value: Value) -> Cell:
    """Return a value as a cell of texts."""
    if value is None:
        return UNKNOWN
    return message("{value:n}", value=value) if isinstance(value, int) else value


# --- as plain values --------------------------------------------------------------------------------------------------


def values(orders: Orders, name: str, head: Head) -> dict[str, Any]:
    """Return the orders as the plain values of the JSON document."""
    return {
        "schema": "cloudplan/orders/v1",
        "name": name,
        "number": head.number,
        "issued": head.issued.isoformat() if head.issued else None,
        "plan": {"sha256": head.plan},
        "prices": {"sha256": head.prices},
        "orders": [_plain(step, orders) for step in orders.orders],
        "requests": [_plain(step, orders) for step in orders.requests],
        "affinity": [
            {
                **{"cluster": rule.cluster, "type": rule.kind, "name": rule.name, "status": rule.status},
                "machines": list(rule.machines),
            }
            for rule in orders.rules
        ],
    }


def _plain(step: Step, orders: Orders) -> dict[str, Any]:
    return {
        **{"number": step.number, "kind": step.kind, "site": step.site, "after": list(step.after)},
        "fields": {_english(name): _english(value) for name, value in fields(step, orders)},
        "content": _content(step.content),
        "notes": [ENGLISH.said(note) for note in step.notes],
    }


def _content(content: Content) -> dict[str, Any]:
    """Return what a step brings, without the parts that it does not have."""
    plain = {key: value for key, value in asdict(content).items() if value not in ("", 0, (), None)}
    for lun in plain.get("datastores", ()):
        lun["class"] = lun.pop("storage_class")
    if content.retention:
        plain["retention"] = content.retention.model_dump(mode="json")
    return plain


def _english(value: Value) -> Any:
    return ENGLISH.said(value) if isinstance(value, Message) else value
