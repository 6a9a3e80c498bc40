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
from cloudplan.quote import Quote, quote
from cloudplan.reading import read_workload
from cloudplan.report import render_page
from cloudplan.requote import requote
from cloudplan.table import render
from cloudplan.terms import Terms, read_terms
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
    "Quote",
    "Requote",
    "Terms",
    "Verdict",
    "Workload",
    "editions",
    "import_inventory",
    "load_edition",
    "load_prices",
    "optimise",
    "quote",
    "read_plan",
    "read_terms",
    "read_workload",
    "render",
    "render_page",
    "requote",
    "verify",
    "write_workbook",
]
