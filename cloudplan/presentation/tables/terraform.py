"""What Terraform is given of a plan: its VMs as plain values, and beside them a document of what it cannot say."""

from collections.abc import Mapping, Sequence
from typing import Any

from cloudplan.base.language import Language, Message, counted
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables.table import Column, Report, Table
from cloudplan.sales.terraform import Unsaid


def report(
    file: str,
    machines: Mapping[str, Any],
    unsaid: list[Unsaid],
    plan: Plan,
    spoken: Language,
    news: Sequence[tuple[Message, str]] = (),
) -> Report:
    """Return what is to be done beside Terraform as a document; of a phase of a roadmap also what is new in it.

    `file` is the name of the one that the VMs are in.
    """
    rows = tuple((item.what, item.about, item.instead) for item in unsaid)
    columns = (Column("What"), Column("VMs"), Column("Instead"))
    summary = (
        spoken.said(counted("{count:n} VM in {file}.", "{count:n} VMs in {file}.", len(machines), file=file)),
        spoken.word("Clusters, datastores, networks, backup storage and policies are ordered first: see the orders."),
    )
    title = spoken.text("{name}: what Terraform cannot say", name=plan.workload.name)
    fresh = Table("New since the phase before", (Column("What"), Column("VMs")), tuple(news))
    tables = (*([fresh] if news else []), *([Table("Beside Terraform", columns, rows)] if rows else []))
    return Report(title, summary, tables)
