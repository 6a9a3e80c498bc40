"""An explanation as a report: of the whole plan, of a line, a rule, a VM, a cluster or a datastore."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cloudplan.analysis import explain
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.language import ENGLISH, Message, known, message
from cloudplan.base.schema import closest, short
from cloudplan.base.units import rounded
from cloudplan.evaluation import utilisation
from cloudplan.evaluation.verify import Verdict
from cloudplan.plan.plan import BomLine
from cloudplan.plan.wording import joined
from cloudplan.presentation.phrases import all_of, phrase
from cloudplan.presentation.tables.plan import because, figures, own_catalog, priced
from cloudplan.presentation.tables.table import Cell, Column, Notes, Report, Table, Text, say
from cloudplan.presentation.tables.verify import figure
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
    return replace(found, summary=(*found.summary, message("The plan: {priced}.", priced=priced(quote.plan))))


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
    names = [*(line.sku for line in quote.plan.bom), *book.values(), *(item.name for item in quote.plan.clusters)]
    names += [*(item.name for item in quote.plan.datastores), *quote.case.workload.groups]
    names += [name for group in quote.case.workload.vms for name in group.licences]
    allowed = "the number or SKU of a line, a rule, a VM, a cluster, a datastore, a licence"
    near = closest(subject, names)
    hint = f"; did you mean {near!r}?" if near else ""
    words = f"unknown subject {short(subject)}{hint}; allowed: {allowed}"
    raise BadInputError([Fault(words, found=subject, allowed=allowed, suggestion=near)])


def _whole(quote: Quote) -> Report:
    """Return each line with its formula, what decides each cluster, and what each group costs."""
    plan, case = quote.plan, quote.case
    rows = [
        (at, line.site, known(line.label), _formula(line), because(line), line.rule)
        for at, line in enumerate(plan.bom, 1)
    ]
    columns = (
        *(Column("Line", "whole"), Column("Site"), Column("Item"), Column("Formula"), Column("Quantity because")),
        Column("Rule"),
    )
    clusters: list[tuple[Cell, ...]] = [
        (use.cluster.name, use.cluster.blade, use.cluster.hosts, _decides(use, case))
        for use in utilisation.clusters(case, plan)
    ]
    heads = (Column("Cluster"), Column("Blade"), Column("Hosts", "whole"), Column("What decides"))
    summary = (
        message("{name}: {priced}.", name=plan.workload.name, priced=priced(plan)),
        *own_catalog(plan),
        message(
            "Name a line (by its number or SKU), a rule, a VM, a cluster, a datastore or a licence to see more of it."
        ),
    )
    parts = (Table("Lines", columns, tuple(rows)), Table("Clusters", heads, tuple(clusters)), _costs(quote))
    return Report(message("{name}: explained", name=plan.workload.name), summary, parts)


def _costs(quote: Quote) -> Table:
    shares = explain.shares(quote.case, quote.plan)
    rows: list[tuple[Cell, ...]] = []
    for group in quote.case.workload.vms:
        own = shares[group.name]
        rows.append((group.name, group.count, explain.total(own), explain.total(own, group.count)))
    rest = explain.rest(quote.case, quote.plan, shares)
    rows.append((message("what belongs to no VM"), None, None, rounded(rest, 2)))
    currency = quote.plan.prices.currency
    columns = (
        *(Column("VM group"), Column("VMs", "whole"), Column("One VM a month", "money", currency)),
        Column("All a month", "money", currency),
    )
    return Table("What VMs cost", columns, tuple(rows), "Shares by what is used; each is rounded for reading only.")


def _formula(line: BomLine) -> Message:
    return message(
        "{quantity:n} {unit:w} x {price:u} = {monthly:m}",
        quantity=line.quantity,
        unit=line.unit,
        price=line.unit_price,
        monthly=line.monthly,
    )


def _lines(quote: Quote, lines: Sequence[BomLine], places: Places) -> Report:
    parts: list[Table | Notes] = []
    for line in lines:
        currency = quote.plan.prices.currency
        entries: list[tuple[Text, Text]] = [
            (message("{site}: {label:w}", site=line.site, label=line.label), line.sku),
            (
                message("{formula} {currency} a month", formula=_formula(line), currency=currency),
                message("quantity x unit price, rounded half up to the cent"),
            ),
            (
                message(
                    "unit price {net:u} = {listed:u} x (1 - {discount})",
                    net=line.unit_price,
                    listed=line.list_price,
                    discount=message("{share:p}", share=line.discount),
                ),
                message("price book {name}", name=quote.plan.prices.name),
            ),
            (
                message("quantity {quantity:n}: {because}", quantity=line.quantity, because=because(line)),
                _figures(line.values),
            ),
            *_rule_entries(quote, line.rule),
        ]
        parts.append(Notes(message("{label:w} at {site}", label=line.label, site=line.site), tuple(entries)))
        names = explain.groups_behind(quote.case, quote.plan, line)
        if names:
            rows = tuple((name, quote.case.workload.groups[name].count, places.get(name)) for name in names)
            columns = (Column("VM group"), Column("VMs", "whole"), Column("Line of the workload"))
            parts.append(Table("Where it comes from", columns, rows).without_empty())
    return Report("Explanation of a line", (), tuple(parts))


def _figures(values: Mapping[str, Any]) -> str | Message:
    return figures(values) or ""


def _rule_entries(quote: Quote, name: str) -> Iterator[tuple[Text, Text]]:
    """Yield a rule with its formula, its figures, and its source in the catalogue."""
    edition = quote.case.edition
    rule = rule_book(edition).get(name)
    if rule is None:
        return
    facts = edition.rules.get(name)
    told = _figures(facts.figures) if facts else ""
    yield message("rule {name}, {title:w}: {formula:w}", name=name, title=rule.title, formula=rule.formula), told
    if facts:
        source = edition.documents[facts.source.document]
        yield (
            message("source: {title:w}, {section}", title=source.title, section=facts.source.section),
            message("{publisher}, text of {day:day}", publisher=source.publisher, day=source.date),
        )


def _rule(quote: Quote, verdict: Verdict, name: str) -> Report:
    checks = [check for check in verdict.checks if check.rule.id == name]
    checks.sort(key=explain.relative_slack)
    parts = (
        Notes(message("Rule {name}", name=name), tuple(_rule_entries(quote, name))),
        _checks(message("In this plan, tightest first"), checks),
    )
    count = message("{count:n} checks in this plan.", count=len(checks))
    return Report(message("Explanation of rule {name}", name=name), (count,), parts)


def _checks(title: Text, checks: Sequence[Check]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for check in checks:
        left, right, unit = check.shown
        rows.append(
            (check.rule.id, phrase(check.place), figure(left), figure(right), figure(right - left), phrase(unit))
        )
    columns = (
        *(Column("Rule"), Column("Place"), Column("Left side"), Column("Right side"), Column("Slack")),
        Column("Unit"),
    )
    return Table(title, columns, tuple(rows), "Left side <= right side.")


def _cluster(quote: Quote, use: utilisation.ClusterUse) -> Report:
    cluster, case = use.cluster, quote.case
    blade = case.edition.blades[cluster.blade]
    rows: list[tuple[Cell, ...]] = []
    for bound in explain.bounds(use, case):
        left = bound.after_failure - bound.used
        sums = (bound.used, bound.offered, bound.offered - bound.used, bound.after_failure, left)
        rows.append((bound.name, *map(_number, sums), bound.hosts, known(bound.unit)))
    columns = (
        *(Column("Resource"), Column("Used"), Column("Offered"), Column("Slack"), Column("After the failure")),
        *(Column("Slack then"), Column("Hosts for the sum", "whole"), Column("Unit")),
    )
    slack = use.most_memory_gib - use.memory_gib
    summary = (
        message(
            "{hosts} hosts of {blade:w}: {loaded} loaded, {spare} spare (N+{failures}). What decides the loaded ones: "
            "{what}.",
            hosts=cluster.hosts,
            blade=blade.label,
            loaded=len(use.hosts),
            spare=cluster.spare_hosts,
            failures=use.failures,
            what=_decides(use, case),
        ),
        message(
            "{activated:n} GiB activated: VMs use {used:n} of the {most:n} GiB that MEM-2 allows, {left:n} GiB are "
            "left.",
            activated=cluster.memory_gib,
            used=use.memory_gib,
            most=use.most_memory_gib,
            left=slack,
        ),
    )
    hosts: list[tuple[Cell, ...]] = [
        (at, host.instances, _number(host.cores), _number(host.memory_gib))
        for at, host in enumerate(use.hosts, start=1)
    ]
    heads = (Column("Host", "whole"), Column("VMs", "whole"), Column("Cores"), Column("Memory (GiB)"))
    parts = (
        Table("Resources", columns, tuple(rows), "MEM-3 is the memory of the hosts below its ceiling."),
        Table("Loaded hosts", heads, tuple(hosts)),
        Notes("Rules", tuple(entry for name in (HA_1.id, MEM_2.id) for entry in _rule_entries(quote, name))),
    )
    return Report(message("Explanation of cluster {name}", name=cluster.name), summary, parts)


def _number(value: Fraction) -> Message:
    return message("{value:n}", value=value)


def _decides(use: utilisation.ClusterUse, case: Case) -> Message:
    """Return what decides the loaded hosts of a cluster."""
    text = explain.binding(use, case)
    return phrase(text) if text == explain.PACKING else all_of(text.split(" and "))


def _datastore(quote: Quote, use: utilisation.DatastoreUse) -> Report:
    store = use.store
    rows = explain.limits_of(quote.case, store)
    summary = (
        message(
            "{size:n} GiB of class {name}: {disks:n} GiB of disks, {swap:n} GiB of swap files, {free:n} GiB free.",
            size=store.size_gib,
            name=store.storage_class,
            disks=use.disks_gib,
            swap=use.swap_gib,
            free=use.free_gib,
        ),
        message("What decides its size: {rule}, {title:w}.", rule=rows[0].rule.id, title=rows[0].rule.title)
        if rows
        else message("Nothing stands on it."),
    )
    disks = tuple((disk.vm, disk.disk, disk.count) for disk in store.disks)
    columns = (Column("VM group"), Column("Disk", "whole"), Column("Disks", "whole"))
    swap = tuple(store.vswp.items())
    parts = (
        _checks(message("Rules, tightest first"), rows),
        Table("Disks", columns, disks),
        Table("Swap files", (Column("VM group"), Column("Swap files", "whole")), swap),
    )
    return Report(message("Explanation of datastore {name}", name=store.name), summary, parts)


def _vm(quote: Quote, subject: str, name: str, places: Places) -> Report:
    case, plan = quote.case, quote.plan
    group = case.workload.groups[name]
    own = explain.shares(case, plan)[name]
    currency = plan.prices.currency
    state = message("") if group.powered_on else message(", powered off")
    place = [message("In the workload: {place}.", place=places[name])] if name in places else []
    summary = (
        message(
            "{subject}: {vcpus} vCPUs ({cores:n} cores at {ratio:n} vCPUs a core), {memory:n} GiB{state}; one of "
            "{count} in group {name}.",
            subject=subject,
            vcpus=group.vcpus,
            cores=group.cores,
            ratio=group.vcpu_per_core,
            memory=group.memory_gib,
            state=state,
            count=group.count,
            name=name,
        ),
        message(
            "It costs {monthly:m} {currency} a month, by its shares of what it uses.",
            monthly=explain.total(own),
            currency=currency,
        ),
        *place,
    )
    labels = {f"{line.label} at {line.site}": line for line in plan.bom}
    costs = tuple((_part(share.part, labels), phrase(share.how), rounded(share.monthly, 2)) for share in own)
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
    return Report(message("Explanation of VM {name}", name=subject), summary, tuple(parts))


def _part(part: str, labels: Mapping[str, BomLine]) -> Message:
    """Return what a share is of: a line of the bill, or a thing of the plan."""
    line = labels.get(part)
    return phrase(part) if line is None else message("{label:w} at {site}", label=line.label, site=line.site)


def _said(case: Case, group: VmGroup) -> Iterator[tuple[Text, Text]]:
    """Yield what a group says that no rule counts, and what its disks have from the policy."""
    if group.os:
        yield message("os: {os}", os=group.os), ""
    for name, value in group.tags.items():
        yield message("tag {name}: {value}", name=name, value=value), ""
    sites = {network.name: network.sites for network in case.workload.networks}
    for name in group.networks:
        yield message("network {name}", name=name), message("stands at {sites}", sites=", ".join(sites[name]))
    default = case.workload.policy.default_disk
    for at, disk in enumerate(group.disks):
        if default and "class" in disk.by_default:
            told = message("disk {at}: class {name}", at=at, name=disk.storage_class)
            yield told, message("policy.default_disk: the disk names none")
        if default and "iops" in disk.by_default:
            why = message("policy.default_disk, {rate:n} IOPS a GiB: the disk gives none", rate=default.iops_per_gib)
            yield message("disk {at}: {iops} IOPS", at=at, iops=disk.iops), why


def _protection(quote: Quote, name: str) -> Iterator[tuple[Text, Text]]:
    case = quote.case
    group = case.workload.groups[name]
    mechanism = quote.plan.protection.get(name)
    if mechanism and group.protection:
        wishes = [(key, value) for key, value in group.protection.model_dump().items() if value]
        wish = joined(*(message("{what:w} {value:d}", what=key, value=value) for key, value in wishes), between=", ")
        other = case.workload.other_site(group)
        yield (
            message("{mechanism:w} to {site}: asked for {wish}", mechanism=mechanism, site=other, wish=wish),
            message("rule DR-2: the cheapest that meets it"),
        )
        held = case.workload.standby_of(group)
        where = message("policy.standby") if group.standby is None else message("standby of the group")
        if held is None:
            yield message("standby: data only, no CPU and no memory"), message("rule DR-1: {where}: none", where=where)
        else:
            yield (
                message(
                    "standby: {vcpu} of the vCPUs, {memory} of the memory",
                    vcpu=str(held.vcpu_share),
                    memory=str(held.memory_share),
                ),
                message("rule DR-1: {where}", where=where),
            )
    else:
        yield message("not replicated"), message("no protection is asked for")
    kept = group.backup
    yield (
        message(
            "backup: {daily} daily, {weekly} weekly, {monthly} monthly, {yearly} yearly points",
            daily=kept.daily,
            weekly=kept.weekly,
            monthly=kept.monthly,
            yearly=kept.yearly,
        ),
        message(
            "rule BKP-3: change rate {rate}, reduction {reduction}",
            rate=str(kept.change_rate),
            reduction=str(kept.reduction),
        ),
    )


def values(shown: Report) -> dict[str, Any]:
    """Return a report as the plain values of the JSON document: tables as lists of rows by column."""
    parts: list[dict[str, Any]] = []
    for part in shown.parts:
        if isinstance(part, Notes):
            notes = [[_plain(text) for text in entry] for entry in part.entries]
            parts.append({"title": say(part.title, ENGLISH), "notes": notes})
        else:
            names = [column.header() for column in part.columns]
            rows = [dict(zip(names, map(_plain, row), strict=True)) for row in part.rows]
            parts.append({"title": say(part.title, ENGLISH), "rows": rows})
    summary = [_plain(text) for text in shown.summary]
    return {"schema": EXPLAIN_SCHEMA, "title": say(shown.title, ENGLISH), "summary": summary, "parts": parts}


def _plain(cell: Cell) -> Any:
    if isinstance(cell, Message):
        return ENGLISH.said(cell)
    return str(cell) if isinstance(cell, Decimal) else cell
