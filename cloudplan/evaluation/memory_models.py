"""What a choice would cost if memory were billed by the other model of the provider's pages (MEM-4)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import get_args

from cloudplan.base.errors import BadInputError
from cloudplan.evaluation.bom import bill, monthly
from cloudplan.evaluation.third_party import third_party
from cloudplan.plan.plan import Choice, Cluster
from cloudplan.rules.compute import least_memory_gib
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Policy


def under_the_other(case: Case, choice: Choice) -> tuple[str, Decimal] | None:
    """Return the other memory model and what the same hosts and LUNs cost a month under it, licences included.

    Each cluster activates the least that its VMs need there (MEM-1, MEM-2). None where that has no price.
    """
    model = case.workload.policy.memory_model
    other = next(each for each in get_args(Policy.model_fields["memory_model"].annotation) if each != model)
    policy = case.workload.policy.model_copy(update={"memory_model": other})
    asked = Case(case.workload.model_copy(update={"policy": policy}), case.edition, case.prices)
    same = choice.model_copy(update={"clusters": tuple(_activated(asked, choice))})
    try:
        owed = third_party(asked, same)
        return other, monthly(bill(asked, same)) + (owed.monthly if owed else 0)
    except BadInputError:
        return None


def _activated(case: Case, choice: Choice) -> Iterator[Cluster]:
    """Yield the clusters of a choice with the memory that a case asks for."""
    for cluster in choice.clusters:
        used_mib = sum(
            case.instances_of(name, cluster.site).memory_mib * count
            for host in cluster.placement
            for name, count in host.items()
        )
        least = least_memory_gib(case, case.edition.blades[cluster.blade], cluster.hosts, used_mib)
        yield cluster.model_copy(update={"memory_gib": least})
