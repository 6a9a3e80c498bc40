"""An explanation as a report: of the whole plan, of a line, a rule, a VM, a cluster or a datastore."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cloudplan.analysis import explain
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.language import ENGLISH
from cloudplan.base.money import amount
from cloudplan.base.schema import closest, short
from cloudplan.base.units import number
from cloudplan.evaluation import utilisation
from cloudplan.evaluation.verify import Verdict
from cloudplan.plan.plan import BomLine
from cloudplan.presentation.tables.plan import own_catalog, priced
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, words
from cloudplan.rules.book import rule_book
from cloudplan.rules.compute import HA_1, MEM_2
from cloudplan.rules.rule import Check
from cloudplan.sales.quote import Quote
from cloudplan.workload.case import Case
from cloudplan.workload.workload import VmGroup

EXPLAIN_SCHEMA = "cloudplan/explanation/v1"
Places = Mapping[str, str]
"""Where each group stands in its workload file, by name."""


def report(quote: Quote, verdict: Verdict, subject: str | None, places: Places) -> Report:
    """Return the explanation of a subject, of the whole plan without one; raise BadInputError for an unknown one."""
    if subject is None:
        return _whole(quote)
    found = _of(quote, verdict, subject, places)
    return replace(found, summary=(*found.summary, f"The plan: {priced(quote.plan)}."))


def _of(quote: Quote, verdict: Verdict, subject: str, places: Places) -> Report:
    lines = [line for at, line in enumerate(quote.plan.bom, start=1) if subject in (str(at), line.sku, line.label)]
    book = {name.lower(): name for name in rule_book(quote.case.edition)}
    if lines:
        return _lines(quote, lines, places)
    if subject.lower() in book:
        return _rule(quote, verdict, book[subject.lower()])
    for use in utilisation.clusters(quote.case, quote.plan):
        if use.cluster.name == subject:
            return _cluster(quote, use)
    for store in utilisation.datastores(quote.case, quote.plan):
        if store.store.name == subject:
            return _datastore(quote, store)
    for group in quote.case.workload.vms:
        if subject == group.name or subject in group.names:
            return _vm(quote, subject, group.name, places)
    known = [*(line.sku for line in quote.plan.bom), *book.values(), *(item.name for item in quote.plan.clusters)]
    known += [*(item.name for item in quote.plan.datastores), *quote.case.workload.groups]
    near, allowed = closest(subject, known), "the number or SKU of a line, a rule, a VM, a cluster, a datastore"
    hint = f"; did you mean {near!r}?" if near else ""
    words = f"unknown subject {short(subject)}{hint}; allowed: {allowed}"
    raise BadInputError([Fault(words, found=subject, allowed=allowed, suggestion=near)])


def _whole(quote: Quote) -> Report:
    """Return each line with its formula, what decides each cluster, and what each group costs."""
    plan, case = quote.plan, quote.case
    rows = [(at, line.site, line.label, _formula(line), line.because, line.rule) for at, line in enumerate(plan.bom, 1)]
    columns = (
        *(Column("Line", "whole"), Column("Site"), Column("Item"), Column("Formula"), Column("Quantity because")),
        Column("Rule"),
    )
    clusters: list[tuple[Cell, ...]] = [
        (use.cluster.name, use.cluster.blade, use.cluster.hosts, explain.binding(use, case))
        for use in utilisation.clusters(case, plan)
    ]
    heads = (Column("Cluster"), Column("Blade"), Column("Hosts", "whole"), Column("What decides"))
    summary = (
        f"{plan.workload.name}: {priced(plan)}.",
        *map(ENGLISH.said, own_catalog(plan)),
        "Name a line (by its number or SKU), a rule, a VM, a cluster or a datastore to see more of it.",
    )
    parts = (Table("Lines", columns, tuple(rows)), Table("Clusters", heads, tuple(clusters)), _costs(quote))
    return Report(f"{plan.workload.name}: explained", summary, parts)


def _costs(quote: Quote) -> Table:
    shares = explain.shares(quote.case, quote.plan)
    rows: list[tuple[Cell, ...]] = []
    for group in quote.case.workload.vms:
        own = shares[group.name]
        rows.append((group.name, group.count, explain.total(own), _cents(_sum(own) * group.count)))
    rows.append(("what belongs to no VM", None, None, _cents(explain.rest(quote.case, quote.plan))))
    currency = quote.plan.prices.currency
    columns = (
        *(Column("VM group"), Column("VMs", "whole"), Column("One VM a month", "money", currency)),
        Column("All a month", "money", currency),
    )
    return Table("What VMs cost", columns, tuple(rows), "Shares by what is used; each is rounded for reading only.")


def _sum(own: Sequence[explain.Share]) -> Fraction:
    return sum((share.monthly for share in own), Fraction(0))


def _cents(value: Fraction) -> Decimal:
    return explain.total([explain.Share("", "", value)])


def _formula(line: BomLine) -> str:
    price = words(line.unit_price, "price")
    return f"{number(line.quantity)} {line.unit} x {price} = {amount(line.monthly)}"


def _lines(quote: Quote, lines: Sequence[BomLine], places: Places) -> Report:
    parts: list[Table | Notes] = []
    for line in lines:
        entries = [
            (f"{line.site}: {line.label}", line.sku),
            (
                f"{_formula(line)} {quote.plan.prices.currency} a month",
                "quantity x unit price, rounded half up to the cent",
            ),
            (
                f"unit price {words(line.unit_price, 'price')} = {words(line.list_price, 'price')} x (1 - "
                f"{words(line.discount, 'discount')})",
                f"price book {quote.plan.prices.name}",
            ),
            (f"quantity {number(line.quantity)}: {line.because}", _figures(line.values)),
            *_rule_entries(quote, line.rule),
        ]
        parts.append(Notes(f"{line.label} at {line.site}", tuple(entries)))
        names = explain.groups_behind(quote.case, quote.plan, line)
        if names:
            rows = tuple((name, quote.case.workload.groups[name].count, places.get(name)) for name in names)
            columns = (Column("VM group"), Column("VMs", "whole"), Column("Line of the workload"))
            parts.append(Table("Where it comes from", columns, rows).without_empty())
    return Report("Explanation of a line", (), tuple(parts))


def _figures(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if value not in ({}, None))


def _rule_entries(quote: Quote, name: str) -> Iterator[tuple[str, str]]:
    """Yield a rule with its formula, its figures, and its source in the catalogue."""
    edition = quote.case.edition
    rule = rule_book(edition).get(name)
    if rule is None:
        return
    facts = edition.rules.get(name)
    figures = _figures(facts.figures) if facts else ""
    yield f"rule {name}, {rule.title}: {rule.formula}", figures
    if facts:
        source = edition.documents[facts.source.document]
        yield f"source: {source.title}, {facts.source.section}", f"{source.publisher}, text of {source.date}"


def _rule(quote: Quote, verdict: Verdict, name: str) -> Report:
    checks = [check for check in verdict.checks if check.rule.id == name]
    checks.sort(key=explain.relative_slack)
    parts = (
        Notes(f"Rule {name}", tuple(_rule_entries(quote, name))),
        _checks("In this plan, tightest first", checks),
    )
    return Report(f"Explanation of rule {name}", (f"{number(len(checks))} checks in this plan.",), parts)


def _checks(title: str, checks: Sequence[Check]) -> Table:
    rows = []
    for check in checks:
        left, right, unit = check.shown
        rows.append((check.rule.id, check.place, number(left, 3), number(right, 3), number(right - left, 3), unit))
    columns = (
        *(Column("Rule"), Column("Place"), Column("Left side"), Column("Right side"), Column("Slack")),
        Column("Unit"),
    )
    return Table(title, columns, tuple(rows), "Left side <= right side.")


def _cluster(quote: Quote, use: utilisation.ClusterUse) -> Report:
    cluster, case = use.cluster, quote.case
    blade = case.edition.blades[cluster.blade]
    rows = []
    for bound in explain.bounds(use, case):
        left = bound.after_failure - bound.used
        used, offered = number(bound.used), number(bound.offered)
        after = (number(bound.after_failure), number(left))
        rows.append((bound.name, used, offered, number(bound.offered - bound.used), *after, bound.hosts, bound.unit))
    columns = (
        *(Column("Resource"), Column("Used"), Column("Offered"), Column("Slack"), Column("After the failure")),
        *(Column("Slack then"), Column("Hosts for the sum", "whole"), Column("Unit")),
    )
    slack = use.most_memory_gib - use.memory_gib
    summary = (
        f"{cluster.hosts} hosts of {blade.label}: {len(use.hosts)} loaded, {cluster.spare_hosts} spare "
        f"(N+{use.failures}). What decides the loaded ones: {explain.binding(use, case)}.",
        f"{number(cluster.memory_gib)} GiB activated: VMs use {number(use.memory_gib)} of the "
        f"{number(use.most_memory_gib)} GiB that MEM-2 allows, {number(slack)} GiB are left.",
    )
    hosts = [
        (at, host.instances, number(host.cores), number(host.memory_gib)) for at, host in enumerate(use.hosts, start=1)
    ]
    heads = (Column("Host", "whole"), Column("VMs", "whole"), Column("Cores"), Column("Memory (GiB)"))
    parts = (
        Table("Resources", columns, tuple(rows), "MEM-3 is the memory of the hosts below its ceiling."),
        Table("Loaded hosts", heads, tuple(hosts)),
        Notes("Rules", tuple(entry for name in (HA_1.id, MEM_2.id) for entry in _rule_entries(quote, name))),
    )
    return Report(f"Explanation of cluster {cluster.name}", summary, parts)


def _datastore(quote: Quote, use: utilisation.DatastoreUse) -> Report:
    store = use.store
    rows = explain.limits_of(quote.case, store)
    summary = (
        f"{number(store.size_gib)} GiB of class {store.storage_class}: {number(use.disks_gib)} GiB of disks, "
        f"{number(use.swap_gib)} GiB of swap files, {number(use.free_gib)} GiB free.",
        f"What decides its size: {rows[0].rule.id}, {rows[0].rule.title}." if rows else "Nothing stands on it.",
    )
    disks = tuple((disk.vm, disk.disk, disk.count) for disk in store.disks)
    columns = (Column("VM group"), Column("Disk", "whole"), Column("Disks", "whole"))
    swap = tuple(store.vswp.items())
    parts = (
        _checks("Rules, tightest first", rows),
        Table("Disks", columns, disks),
        Table("Swap files", (Column("VM group"), Column("Swap files", "whole")), swap),
    )
    return Report(f"Explanation of datastore {store.name}", summary, parts)


def _vm(quote: Quote, subject: str, name: str, places: Places) -> Report:
    case, plan = quote.case, quote.plan
    group = case.workload.groups[name]
    own = explain.shares(case, plan)[name]
    currency = plan.prices.currency
    state = "" if group.powered_on else ", powered off"
    place = [f"In the workload: {places[name]}."] if name in places else []
    summary = (
        f"{subject}: {group.vcpus} vCPUs ({number(group.cores)} cores at {group.vcpu_per_core} vCPUs a core), "
        f"{number(group.memory_gib)} GiB{state}; one of {group.count} in group {name}.",
        f"It costs {amount(explain.total(own))} {currency} a month, by its shares of what it uses.",
        *place,
    )
    costs = tuple((share.part, share.how, _cents(share.monthly)) for share in own)
    heads = (Column("Part"), Column("Share"), Column("One VM a month", "money", currency))
    rows = tuple(
        (at.vm, at.site, at.cluster or None, at.host, ", ".join(at.disks) or None, at.swap or None)
        for at in explain.path_of(case, plan, subject)
    )
    columns = (
        *(Column("VM"), Column("Site"), Column("Cluster"), Column("Host", "whole"), Column("Datastore of each disk")),
        Column("Swap file"),
    )
    parts: list[Table | Notes] = [Table("What it costs", heads, costs), Table("Where it stands", columns, rows)]
    parts.append(Notes("Protection and backup", tuple(_protection(quote, name))))
    if said := tuple(_said(case, group)):
        parts.append(Notes("As the workload says", said))
    return Report(f"Explanation of VM {subject}", summary, tuple(parts))


def _said(case: Case, group: VmGroup) -> Iterator[tuple[str, str]]:
    """Yield what a group says that no rule counts, and what its disks have from the policy."""
    if group.os:
        yield f"os: {group.os}", ""
    for name, value in group.tags.items():
        yield f"tag {name}: {value}", ""
    sites = {network.name: network.sites for network in case.workload.networks}
    for name in group.networks:
        yield f"network {name}", f"stands at {', '.join(sites[name])}"
    default = case.workload.policy.default_disk
    for at, disk in enumerate(group.disks):
        if default and "class" in disk.by_default:
            yield f"disk {at}: class {disk.storage_class}", "policy.default_disk: the disk names none"
        if default and "iops" in disk.by_default:
            rate = f"{default.iops_per_gib} IOPS a GiB"
            yield f"disk {at}: {disk.iops} IOPS", f"policy.default_disk, {rate}: the disk gives none"


def _protection(quote: Quote, name: str) -> Iterator[tuple[str, str]]:
    case = quote.case
    group = case.workload.groups[name]
    mechanism = quote.plan.protection.get(name)
    if mechanism and group.protection:
        wish = ", ".join(f"{key} {value}" for key, value in group.protection.model_dump().items() if value)
        yield (
            f"{mechanism} to {case.workload.other_site(group)}: asked for {wish}",
            "rule DR-2: the cheapest that meets it",
        )
        held = case.workload.standby_of(group)
        where = "policy.standby" if group.standby is None else "standby of the group"
        if held is None:
            yield "standby: data only, no CPU and no memory", f"rule DR-1: {where}: none"
        else:
            yield f"standby: {held.vcpu_share} of the vCPUs, {held.memory_share} of the memory", f"rule DR-1: {where}"
    else:
        yield "not replicated", "no protection is asked for"
    kept = group.backup
    yield (
        f"backup: {kept.daily} daily, {kept.weekly} weekly, {kept.monthly} monthly, {kept.yearly} yearly points",
        f"rule BKP-3: change rate {kept.change_rate}, reduction {kept.reduction}",
    )


def values(shown: Report) -> dict[str, Any]:
    """Return a report as the plain values of the JSON document: tables as lists of rows by column."""
    parts: list[dict[str, Any]] = []
    for part in shown.parts:
        if isinstance(part, Notes):
            parts.append({"title": part.title, "notes": [list(entry) for entry in part.entries]})
        else:
            names = [column.header() for column in part.columns]
            rows = [dict(zip(names, map(_plain, row), strict=True)) for row in part.rows]
            parts.append({"title": str(part.title), "rows": rows})
    return {"schema": EXPLAIN_SCHEMA, "title": shown.title, "summary": list(shown.summary), "parts": parts}


def _plain(cell: Cell) -> Any:
    return str(cell) if isinstance(cell, Decimal) else cell
