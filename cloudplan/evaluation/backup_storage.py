"""The backup storage of each site: what it holds, and how much of it is ordered."""

import math
from decimal import Decimal
from fractions import Fraction

from cloudplan.base.units import GIB_PER_TIB
from cloudplan.plan.plan import BackupSource, BackupTarget
from cloudplan.rules.backup import backup_flows
from cloudplan.workload.case import Case


def backup_targets(case: Case) -> tuple[BackupTarget, ...]:
    """Return the backup storage to order at each backup site, and what it holds (BKP-2, BKP-3)."""
    flows = backup_flows(case)
    targets = []
    for site in case.sites:
        sources = [flow for flow in flows if flow.target == site]
        stored = sum((flow.stored_gib for flow in sources), Fraction(0))
        if sources:
            targets.append(
                BackupTarget.model_validate(
                    {
                        "site": site,
                        "tib": math.ceil(stored / GIB_PER_TIB),
                        "stored_gib": _hundredths(stored),
                        "from": tuple(
                            BackupSource(site=flow.source, vms=flow.vms, stored_gib=_hundredths(flow.stored_gib))
                            for flow in sources
                        ),
                    }
                )
            )
    return tuple(targets)


def _hundredths(value: Fraction) -> Decimal:
    return Decimal(math.floor(value * 100 + Fraction(1, 2))).scaleb(-2)
