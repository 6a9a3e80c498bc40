"""The tables of a plan: what they contain, once for every presentation."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

from cloudplan.base.language import Message, counted, known, message
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.evaluation.reasons import reason_message
from cloudplan.plan.origin import Made
from cloudplan.plan.plan import (
    GLOBAL_MIRROR,
    VM_REPLICATION,
    BomLine,
    Cluster,
    Datastore,
    Finding,
    Plan,
    ThirdPartyLine,
)
from cloudplan.plan.roadmap import Roadmap
from cloudplan.plan.wording import finding_message, joined
from cloudplan.presentation.phrases import phrase
from cloudplan.presentation.tables import inventory
from cloudplan.presentation.tables.table import Cell, Column, Table
from cloudplan.workload.case import instances_at
from cloudplan.workload.workload import Workload

ILLUSTRATIVE = message("ILLUSTRATIVE PRICES: the amounts are invented and are not an offer.")
SEVERITIES = {"warning": message("warning"), "info": message("info")}
MECHANISMS = {GLOBAL_MIRROR: message("Global Mirror"), VM_REPLICATION: message("VM replication")}
SUBJECTS = {
    each.template: each
    for each in (
        *(message("policy.standby"), message("policy.host_failures"), message("vms"), message("sites")),
        *(message("prices"), message("catalog"), message("inventory"), message("protection"), message("lower_bound")),
    )
}
"""What findings are about, where it is a part of the workload and no name."""
_ENTRY = re.compile(r"(vms|extras)\[(\d{1,9})\]")
_DURATION = re.compile(r"\d+[mhd]")
NOT_REPLICATED = message("No VM is replicated to another site.")


CLUSTER_HEAD = (
    *(Column("Cluster"), Column("Site"), Column("Pool"), Column("Blade")),
    *(Column("Hosts", "whole"), Column("Of which spare", "whole"), Column("Instances", "whole")),
)
DATASTORE_HEAD = (Column("Datastore"), Column("Site"), Column("Class"), Column("Size", "whole", "GiB"))
MIRROR = (Column("Replication"), Column("Peer"))


# --- the tables --------------------------------------------------------------------------------------------------


def clusters(plan: Plan, workload: Workload) -> Table:
    """Return the clusters, with the memory that their VM instances (active and standby) use of what is activated."""
    rows = []
    for item in plan.clusters:
        used = Decimal(_memory_mib(workload, item)) / MIB_PER_GIB
        rows.append((*cluster_head(item), item.memory_gib, used, used / item.memory_gib))
    columns = (
        *CLUSTER_HEAD,
        *(Column("Activated", "whole", "GiB"), Column("Used", "decimal", "GiB"), Column("Filled", "share")),
    )
    ceiling = Fraction(workload.policy.memory_ceiling) * 100
    note = message("VMs may use at most {ceiling:n} % of the activated memory.", ceiling=ceiling)
    return Table("Clusters", columns, tuple(rows), note)


def cluster_head(cluster: Cluster) -> tuple[Cell, ...]:
    """Return the cells of a cluster below `CLUSTER_HEAD`."""
    instances = sum(_placed(cluster).values())
    return (
        *(cluster.name, cluster.site, cluster.pool, cluster.blade),
        *(cluster.hosts, cluster.spare_hosts, instances),
    )


def datastores(plan: Plan) -> Table:
    """Return the datastores, with how many disks and swap files stand on each."""
    rows = tuple(
        (
            *(item.name, item.site, item.storage_class, item.size_gib, *mirror(item)),
            *(sum(disk.count for disk in item.disks), sum(item.vswp.values())),
        )
        for item in plan.datastores
    )
    columns = (*DATASTORE_HEAD, *MIRROR, Column("Disks", "whole"), Column("Swap files", "whole"))
    return Table("Datastores", columns, rows)


def mirror(store: Datastore) -> tuple[Cell, ...]:
    """Return the cells of a datastore below `MIRROR`."""
    return MECHANISMS[store.replication] if store.replication else None, store.peer


def protection(plan: Plan, workload: Workload) -> Table:
    """Return the replicated VM groups: from where, to where, by which mechanism."""
    rows = []
    for name, mechanism in plan.protection.items():
        group = workload.groups[name]
        rows.append((name, group.count, group.site, workload.other_site(group), MECHANISMS[mechanism]))
    columns = (Column("VM group"), Column("VMs", "whole"), Column("Site"), Column("Standby"), Column("Mechanism"))
    kinds = sorted(Counter(plan.protection.values()).items())
    notes = [
        counted("{mechanism}: {count} VM group", "{mechanism}: {count} VM groups", count, mechanism=MECHANISMS[kind])
        for kind, count in kinds
    ]
    note = joined(*notes, between=", ") if notes else NOT_REPLICATED
    return Table("Protection", columns, tuple(rows), note)


def backup(plan: Plan) -> Table:
    """Return the backup storage by site, one row for each site that sends to it; the order stands on the first."""
    rows = [
        (target.site, source.site, source.vms, source.stored_gib, target.tib if source is target.sources[0] else None)
        for target in plan.backup
        for source in target.sources
    ]
    columns = (
        *(Column("Backup site"), Column("From"), Column("VMs", "whole")),
        *(Column("Stored", "decimal", "GiB"), Column("To order", "whole", "TiB")),
    )
    return Table("Backup", columns, tuple(rows))


def bill(plan: Plan) -> Table:
    """Return the lines of the bill of materials."""
    rows = tuple(bill_row(line, line.unit_price, line.monthly) for line in plan.bom)
    return Table("Bill of materials", bill_columns(plan), rows, "Prices are for one unit and one month.")


def bill_columns(plan: Plan) -> tuple[Column, ...]:
    """Return the columns of a bill."""
    currency = plan.prices.currency
    return (
        *(Column("Site"), Column("Item"), Column("SKU"), Column("Quantity", "whole"), Column("Unit")),
        *(Column("List price", "price", currency), Column("Discount", "discount")),
        *(Column("Unit price", "price", currency), Column("Monthly", "money", currency)),
        *(Column("Rule"), Column("Why")),
    )


def bill_row(line: BomLine, unit_price: Decimal, monthly: Decimal) -> tuple[Cell, ...]:
    """Return the cells of a line of a bill, with what a unit and the line cost."""
    return (
        *(line.site, known(line.label), line.sku, line.quantity, known(line.unit)),
        *(line.list_price, line.discount, unit_price, monthly, line.rule, because(line)),
    )


def figures(values: Mapping[str, object]) -> Message | None:
    """Return figures with their names, which are those of fields; None without any."""
    told = [
        message("{key:w} {value:d}" if _DURATION.fullmatch(str(value)) else "{key:w} {value}", key=key, value=value)
        for key, value in values.items()
        if value not in ({}, None)
    ]
    return joined(*told, between=", ") if told else None


def site_totals(plan: Plan) -> Table:
    """Return the monthly total of each site, sites as in the bill."""
    totals: dict[str, Decimal] = {}
    for line in plan.bom:
        totals[line.site] = totals.get(line.site, Decimal(0)) + line.monthly
    return Table(
        "Total by site", (Column("Site"), Column("Monthly", "money", plan.prices.currency)), tuple(totals.items())
    )


def ledger(workload: Workload) -> tuple[Table, ...]:
    """Return the ledger of the inventory that a workload was imported from, if it was."""
    return (inventory.ledger(workload.inventory),) if workload.inventory else ()


def findings(listed: Sequence[Finding]) -> Table:
    """Return findings."""
    rows = tuple((SEVERITIES[item.severity], item.code, about(item), item.rule, told(item)) for item in listed)
    columns = (Column("Severity"), Column("Code"), Column("Subject"), Column("Rule"), Column("Message"))
    warnings = sum(item.severity == "warning" for item in listed)
    one, many = "{count} warning, {rest} for information.", "{count} warnings, {rest} for information."
    note = counted(one, many, warnings, rest=len(rows) - warnings)
    return Table("Findings", columns, rows, note if rows else "None.")


def about(finding: Finding) -> Message:
    """Return what a finding is about: a name, or the part of the workload that it speaks of."""
    entry = _ENTRY.fullmatch(finding.subject)
    if entry is None:
        return SUBJECTS.get(finding.subject) or message("{text}", text=finding.subject)
    number = int(entry[2])
    template = "vms[{index}]" if entry[1] == "vms" else "extras[{index}]"
    return message(template, index=number, number=number + 1)


def told(finding: Finding) -> Message:
    """Return what a finding says."""
    if finding.code == "inventory":  # a warning of the import, as that told it
        return phrase(finding.message)
    return finding_message(finding.code, finding.message, finding.values)


def because(line: BomLine | ThirdPartyLine) -> Message:
    """Return why a line is on the bill."""
    return reason_message(line.rule, line.because, line.values)


def size(plan: Plan, workload: Workload) -> Table:
    """Return the size of the plan in a few figures."""
    rows: tuple[tuple[Cell, ...], ...] = (
        (message("VMs"), _vms(workload)),
        (message("Clusters"), len(plan.clusters)),
        (message("Hosts"), sum(item.hosts for item in plan.clusters)),
        (message("Of which spare"), sum(item.spare_hosts for item in plan.clusters)),
        (message("Activated memory (GiB)"), sum(item.memory_gib for item in plan.clusters)),
        (message("Datastores"), len(plan.datastores)),
        (message("Storage (GiB)"), sum(item.size_gib for item in plan.datastores)),
        (message("Backup storage (TiB)"), sum(item.tib for item in plan.backup)),
    )
    return Table("Size", (Column("Figure"), Column("Value", "whole")), rows)


def proof(plan: Plan) -> Table:
    """Return what is proven of the cost, in figures: those of the plan's own bill, without the terms of a quote."""
    columns = (Column("Figure"), Column("Monthly", "money", plan.prices.currency))
    rows: tuple[tuple[Cell, ...], ...] = ((message("The plan's own bill"), plan.monthly),)
    bound = message("Lower bound of that bill: no plan costs less")
    if plan.owed:
        rows += ((message("With licences of third parties"), plan.cost),)
        bound = message("Lower bound of that sum: no plan costs less")
    rows += ((bound, plan.lower_bound), (message("Proven gap"), plan.cost - plan.lower_bound))
    note = message("Of the bill at the prices of the book, before the commercial discount and further lines.")
    return Table("Proof", columns, rows, note)


def made_with(plan: Made) -> Table:
    """Return what a plan or a roadmap was made from: names and their SHA-256."""
    book: Cell = plan.prices.name
    if plan.prices.illustrative:
        book = message("{name} (illustrative)", name=plan.prices.name)
    rows: tuple[tuple[Cell, ...], ...] = (
        (message("Catalogue edition"), catalog_name(plan), plan.catalog.sha256),
        (message("Price book"), book, plan.prices.sha256),
        (message("Workload"), plan.workload.name, plan.workload.sha256),
        (message("Program"), plan.program, None),
    )
    return Table("Made with", (Column("What"), Column("Name"), Column("SHA-256", "hash")), rows)


def catalog_name(plan: Made) -> Cell:
    """Return the name of the edition of a plan; one's own says so."""
    if plan.inputs.catalog is None:
        return message("{edition:day}", edition=plan.catalog.edition)
    return message("{edition} (own catalogue)", edition=plan.catalog.edition)


def own_catalog(plan: Made) -> tuple[Message, ...]:
    """Return that a plan was made with an own catalogue, with its hash; nothing for an edition that ships."""
    if plan.inputs.catalog is None:
        return ()
    named = plan.catalog
    return (message("Own catalogue: {edition}, SHA-256 {sha256}.", edition=named.edition, sha256=named.sha256),)


# --- in words ----------------------------------------------------------------------------------------------------

WIDE = Context(prec=150)
"""For gaps of any size: what a forged plan says is shown before it is refused."""


def status(plan: Made) -> Message:
    """Return what is proven of the cost, in words."""
    percent = Decimal(str(plan.gap)) * 100
    share = percent.quantize(Decimal("0.0001"), ROUND_CEILING, WIDE).normalize(WIDE)
    if plan.status == "feasible" and isinstance(plan, Roadmap):
        return message(
            "feasible: the search stopped first, a cheaper roadmap could save at most {share:n4} %", share=share
        )
    if plan.search and plan.search.of:
        return message("one phase of a roadmap: for it alone a plan could cost at most {share:n4} % less", share=share)
    if plan.status == "feasible":
        return message(
            "feasible: the search stopped first, a cheaper plan could save at most {share:n4} %", share=share
        )
    if percent:
        return message("cheapest for these assumptions: proven within {share:n4} %", share=share)
    return message("cheapest for these assumptions: proven, no plan costs less")


def gap(plan: Plan) -> Decimal:
    """Return what a cheaper plan could save at most, as a share."""
    return Decimal(str(plan.gap)).quantize(Decimal("0.000001"), ROUND_CEILING, WIDE)


def priced(plan: Made) -> Message:
    """Return what a plan or a roadmap costs, with what is proven of that."""
    if isinstance(plan, Roadmap):
        return message(
            "{total:m} {currency} in {months} months, {status}",
            total=plan.total,
            currency=plan.prices.currency,
            months=plan.months,
            status=status(plan),
        )
    return message(
        "{monthly:m} {currency} a month, {status}",
        monthly=plan.cost,
        currency=plan.prices.currency,
        status=status(plan),
    )


def in_short(plan: Plan, workload: Workload) -> Message:
    """Return the size of the plan in a sentence."""
    hosts, clusters, stores = sum(item.hosts for item in plan.clusters), len(plan.clusters), len(plan.datastores)
    return message(
        "{vms} on {hosts} ({spare:n} spare) in {clusters}, {memory_gib:n} GiB of memory activated; "
        "{storage_gib:n} GiB in {datastores}; {backup_tib:n} TiB of backup storage.",
        vms=counted("{count:n} VM", "{count:n} VMs", _vms(workload)),
        hosts=counted("{count:n} host", "{count:n} hosts", hosts),
        spare=sum(item.spare_hosts for item in plan.clusters),
        clusters=counted("{count:n} cluster", "{count:n} clusters", clusters),
        memory_gib=sum(item.memory_gib for item in plan.clusters),
        storage_gib=sum(item.size_gib for item in plan.datastores),
        datastores=counted("{count:n} datastore", "{count:n} datastores", stores),
        backup_tib=sum(item.tib for item in plan.backup),
    )


def _vms(workload: Workload) -> int:
    return sum(group.count for group in workload.vms)


def _placed(cluster: Cluster) -> Counter[str]:
    """Return the instances of each group on a cluster."""
    placed: Counter[str] = Counter()
    for host in cluster.placement:
        placed.update(host)
    return placed


def _memory_mib(workload: Workload, cluster: Cluster) -> int:
    """Return the memory that the instances of a cluster use, standby ones at their share."""
    return sum(
        count * instances_at(workload, workload.groups[name], cluster.site).memory_mib
        for name, count in _placed(cluster).items()
    )
