"""What Terraform is given of a plan: its VMs as plain values, and beside them a document of what it cannot say."""

from collections.abc import Mapping
from typing import Any

from cloudplan.base.language import Language, counted
from cloudplan.plan.plan import Plan
from cloudplan.presentation.tables.table import Column, Report, Table
from cloudplan.sales.terraform import Unsaid


def report(machines: Mapping[str, Any], unsaid: list[Unsaid], plan: Plan, spoken: Language) -> Report:
    """Return what is to be done beside Terraform as a document."""
    rows = tuple((item.what, item.about, item.instead) for item in unsaid)
    columns = (Column("What"), Column("VMs"), Column("Instead"))
    summary = (
        spoken.said(counted("{count:n} VM in vms.tfvars.json.", "{count:n} VMs in vms.tfvars.json.", len(machines))),
        spoken.word("Clusters, datastores, networks, backup storage and policies are ordered first: see the orders."),
    )
    title = spoken.text("{name}: what Terraform cannot say", name=plan.workload.name)
    return Report(title, summary, (Table("Beside Terraform", columns, rows),) if rows else ())
