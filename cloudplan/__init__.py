"""cloudplan: the cheapest plan for VMs on Cloud Temple's dedicated VMware IaaS, with a proof."""

from cloudplan.analysis.changes import Requote
from cloudplan.analysis.requote import requote
from cloudplan.base.errors import BadInputError, CloudplanError, Fault, NoPlanError
from cloudplan.catalog.edition import Edition
from cloudplan.catalog.loading import editions, load_edition
from cloudplan.evaluation.verify import Verdict, verify
from cloudplan.inventory.importing import import_inventory
from cloudplan.optimiser.optimise import optimise
from cloudplan.optimiser.over_time.roadmap import plan_over_time
from cloudplan.plan.origin import read_plan, read_roadmap
from cloudplan.plan.plan import Plan
from cloudplan.plan.roadmap import Roadmap
from cloudplan.presentation.html_page import render_page
from cloudplan.presentation.pdf import write_pdf
from cloudplan.presentation.text import render
from cloudplan.presentation.workbook import write_workbook
from cloudplan.prices.book import PriceBook, load_prices
from cloudplan.sales.quote import Quote, quote
from cloudplan.sales.terms import Terms, read_terms
from cloudplan.workload.reading import read_workload
from cloudplan.workload.workload import Workload

size = optimise
"""What `cloudplan size` does, under its name."""
roadmap = plan_over_time
"""What `cloudplan roadmap` does, under its name."""

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
    "Roadmap",
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
    "read_roadmap",
    "read_terms",
    "read_workload",
    "render",
    "render_page",
    "requote",
    "roadmap",
    "size",
    "verify",
    "write_pdf",
    "write_workbook",
]
