"""Who pays for what, as a report."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from cloudplan.analysis import explain
from cloudplan.analysis.allocation import GROUP, POOL, TAG, Part, Spare, allocation, as_quoted, licences_by, value_of
from cloudplan.base.language import Message, known, message
from cloudplan.base.units import MIB_PER_GIB
from cloudplan.plan.plan import ThirdParty
from cloudplan.plan.wording import joined
from cloudplan.presentation.tables.plan import priced
from cloudplan.presentation.tables.table import Cell, Column, Report, Table
from cloudplan.presentation.tables.third_party import TITLE
from cloudplan.sales.quote import Quote

SHARE = Decimal("0.0001")
MOST_NAMED = 3
"""Groups of a value that are named; of more, how many they are."""


KEYS = (
    message("Hosts and activated memory of a cluster: half by the cores, half by the memory of its VMs."),
    message("Datastores: by the GiB of disks and swap files on them."),
    message("Replication and backups: by the GiB replicated or stored, or by VM."),
)
SHARED = message("Spare hosts and headroom are shared among the VMs by the same keys.")
APART = (
    message(
        "Half of a host by the cores, half by the memory that VMs use of it; activated memory and datastores by the "
        "GiB used."
    ),
    message("Replication and backups: by the GiB replicated or stored, or by VM."),
    message("Spare hosts stand apart, and so does the headroom: what VMs do not use of hosts, memory and datastores."),
)
"""By what each part of a plan is shared, in words."""
OTHERS = {
    "spare": message("spare hosts"),
    "headroom": message("headroom"),
    "rest": message("what belongs to no VM"),
}


def keys(spare: Spare) -> tuple[Message, ...]:
    """Return by what each part of a plan is shared."""
    return (*KEYS, SHARED) if spare == "shared" else APART


def report(quote: Quote, by: str, spare: Spare = "shared") -> Report:
    """Return what each value costs a month; raise BadInputError for what no plan is allocated by."""
    plan, currency = quote.plan, quote.plan.prices.currency
    what = _head(by)
    rows: list[tuple[Cell, ...]] = []
    for part in allocation(quote.case, plan, by, spare):
        share = (part.monthly / plan.monthly).quantize(SHARE) if plan.monthly else None
        groups = () if by == GROUP else (_named(part),)
        rows.append((name_of(part, by), *groups, part.vms or None, part.monthly, share))
    every = sum(group.count for group in quote.case.workload.vms)
    whole = Decimal(1) if plan.monthly else None
    rows.append((message("the whole plan"), *(() if by == GROUP else (None,)), every, plan.monthly, whole))
    groups_column = () if by == GROUP else (Column("VM groups"),)
    columns = (
        *(Column(what), *groups_column, Column("VMs", "whole"), Column("Monthly", "money", currency)),
        Column("Share", "share"),
    )
    summary = (
        message("{name}: {priced}.", name=plan.workload.name, priced=priced(plan)),
        message("Shares by what the VMs use, not what would be saved without them."),
        *keys(spare),
    )
    title = message("Who pays for what, by {by:w}", by=by)
    parts = [Table(title, columns, tuple(rows))]
    if plan.owed:
        parts.append(_licences(quote, plan.owed, by, what))
    return Report(message("{name}: who pays for what", name=plan.workload.name), summary, tuple(parts))


def _head(by: str) -> str:
    return {GROUP: "VM group", POOL: "Pool"}.get(by, f"Tag {by.removeprefix(TAG)}")


def _licences(quote: Quote, owed: ThirdParty, by: str, head: str) -> Table:
    """Return what each value pays to others for software that its VMs need."""
    rows: list[tuple[Cell, ...]] = [
        (message("without {tag}", tag=by.removeprefix(TAG)) if value is None else value, amount)
        for value, amount in licences_by(quote.case, quote.plan, by)
    ]
    rows.append((message("all of them"), owed.monthly))
    columns = (Column(head), Column("Monthly", "money", quote.plan.prices.currency))
    note = message("To those whose VMs need them: of a cluster by the cores of these, per vCPU and VM their own.")
    return Table(TITLE, columns, tuple(rows), note)


CSV = ("by", "value", "kind", "vm_groups", "vms", "monthly", "share", "licences", "total_monthly", "currency")
"""The columns of the CSV file; `kind` says what a row without a value is."""


def rows(quote: Quote, by: str, spare: Spare = "shared") -> Iterator[dict[str, Cell]]:
    """Yield what each value costs a month and pays to others for software, a row each by the names of `CSV`.

    Raises BadInputError for what no plan is allocated by.
    """
    plan, owed = quote.plan, dict(licences_by(quote.case, quote.plan, by))
    for part in allocation(quote.case, plan, by, spare):
        licences = owed.get(part.value, Decimal("0.00")) if part.kind == "vms" else Decimal("0.00")
        yield {
            **{"by": by, "value": part.value, "kind": part.kind, "vm_groups": "; ".join(part.groups)},
            **{"vms": part.vms, "monthly": part.monthly, "licences": licences},
            "share": (part.monthly / plan.monthly).quantize(SHARE) if plan.monthly else None,
            **{"total_monthly": part.monthly + licences, "currency": plan.prices.currency},
        }


def sheet(quote: Quote, by: str) -> Table:
    """Return what each value costs a month at the prices of the plan, and pays to others, for a workbook."""
    plan, currency, owed = quote.plan, quote.plan.prices.currency, dict(licences_by(quote.case, quote.plan, by))
    rows: list[tuple[Cell, ...]] = []
    for part in allocation(quote.case, plan, by):
        licences = owed.get(part.value, Decimal("0.00")) if part.groups else Decimal("0.00")
        share = (part.monthly / plan.monthly).quantize(SHARE) if plan.monthly else None
        figures = (part.vms or None, part.monthly, share, licences, part.monthly + licences)
        rows.append((name_of(part, by), _named(part), *figures))
    columns = (
        *(Column(_head(by)), Column("VM groups"), Column("VMs", "whole"), Column("Monthly", "money", currency)),
        *(Column("Share", "share"), Column(TITLE, "money", currency), Column("Both together", "money", currency)),
    )
    note = joined(message("At the prices of the plan, before the commercial discount."), *keys("shared"), between=" ")
    table = Table("Who pays for what", columns, tuple(rows), note)
    table = table.without("VM groups") if by == GROUP else table
    return table if plan.owed else table.without(TITLE, "Both together")


def what(by: str) -> Message:
    """Return what a plan is allocated by, as the head of a column."""
    if by == GROUP:
        return message("VM group")
    return message("Pool") if by == POOL else known(by.removeprefix(TAG).capitalize())


def groups(quote: Quote, by: str, parts: Sequence[Part]) -> Table:
    """Return what every VM group costs at the prices of a quote, the dearest first, and what of that is reserve.

    `by` is what the groups are told by beside their names, if it is not just these; `parts` is what that came to.
    """
    plan, workload = as_quoted(quote), quote.case.workload
    shared = parts if by == GROUP else allocation(quote.case, plan, GROUP)
    used = explain.shares(quote.case, plan, apart=True)
    rows: list[tuple[Cell, ...]] = []
    for part in sorted((part for part in shared if part.groups), key=lambda part: -part.monthly):
        group = workload.groups[part.groups[0]]
        disks_mib = sum(disk.size_mib for disk in group.disks)
        rows.append(
            (
                *(group.name, value_of(group, by), group.site, group.count, group.vcpus),
                *(Decimal(group.memory_mib) / MIB_PER_GIB, Decimal(disks_mib) / MIB_PER_GIB),
                *(
                    part.monthly / group.count,
                    part.monthly,
                    max(part.monthly - explain.total(used[group.name], group.count), Decimal(0)),
                ),
            )
        )
    nothing: tuple[Cell, ...] = (None,) * 5
    rows += [
        (OTHERS[part.kind], None, *nothing, None, part.monthly, None)
        for part in shared
        if not part.groups and part.monthly
    ]
    rows.append(
        (
            message("the whole plan"),
            None,
            None,
            sum(group.count for group in workload.vms),
            *nothing[:4],
            plan.monthly,
            None,
        )
    )
    currency = plan.prices.currency
    head = "Pool" if by == POOL else by.removeprefix(TAG).capitalize()
    columns = (
        *(Column("VM group"), Column(head), Column("Site"), Column("VMs", "whole"), Column("vCPUs", "whole")),
        *(Column("Memory", "quantity", "GiB"), Column("Disks", "quantity", "GiB")),
        *(Column("One VM", "money", currency), Column("Monthly", "money", currency)),
        Column("Of which spare and headroom", "money", currency),
    )
    table = Table("What VM groups cost", columns, tuple(rows))
    return table.without(head) if by == GROUP else table


def name_of(part: Part, by: str) -> Cell:
    """Return what a part is called: its value, or what has none."""
    if part.value is not None:
        return part.value
    if part.groups:
        return message("without {tag}", tag=by.removeprefix(TAG))
    return OTHERS[part.kind]


def _named(part: Part) -> Cell:
    names = ", ".join(part.groups[:MOST_NAMED])
    if len(part.groups) > MOST_NAMED:
        return message("{names} and {more} more", names=names, more=len(part.groups) - MOST_NAMED)
    return names or None
