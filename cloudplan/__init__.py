"""cloudplan: the cheapest plan for VMs on Cloud Temple's dedicated VMware IaaS, with a proof."""

from cloudplan.catalog import Edition
from cloudplan.editions import editions, load_edition
from cloudplan.errors import BadInputError, CloudplanError, Fault, NoPlanError
from cloudplan.optimise import optimise
from cloudplan.plan import Plan
from cloudplan.prices import PriceBook, load_prices
from cloudplan.reading import read_workload
from cloudplan.table import render
from cloudplan.verify import Verdict, verify
from cloudplan.workbook import write_workbook
from cloudplan.workload import Workload

__all__ = [
    "BadInputError",
    "CloudplanError",
    "Edition",
    "Fault",
    "NoPlanError",
    "Plan",
    "PriceBook",
    "Verdict",
    "Workload",
    "editions",
    "load_edition",
    "load_prices",
    "optimise",
    "read_workload",
    "render",
    "verify",
    "write_workbook",
]
