"""cloudplan: the cheapest plan for VMs on Cloud Temple's dedicated VMware IaaS, with a proof."""

from cloudplan.catalog import Edition
from cloudplan.changes import Requote
from cloudplan.editions import editions, load_edition
from cloudplan.errors import BadInputError, CloudplanError, Fault, NoPlanError
from cloudplan.inventory import import_inventory
from cloudplan.optimise import optimise
from cloudplan.pinning import read_plan
from cloudplan.plan import Plan
from cloudplan.prices import PriceBook, load_prices
from cloudplan.reading import read_workload
from cloudplan.requote import requote
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
    "Requote",
    "Verdict",
    "Workload",
    "editions",
    "import_inventory",
    "load_edition",
    "load_prices",
    "optimise",
    "read_plan",
    "read_workload",
    "render",
    "requote",
    "verify",
    "write_workbook",
]
