"""cloudplan: the cheapest plan for VMs on Cloud Temple's dedicated VMware IaaS, with a proof.

A name is imported when it is first asked for, so that a program pays for what it uses.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloudplan.analysis.batch import batch as batch
    from cloudplan.analysis.changes import Requote as Requote
    from cloudplan.analysis.requote import requote as requote
    from cloudplan.base.errors import BadInputError as BadInputError
    from cloudplan.base.errors import CloudplanError as CloudplanError
    from cloudplan.base.errors import Fault as Fault
    from cloudplan.base.errors import NoPlanError as NoPlanError
    from cloudplan.catalog.edition import Edition as Edition
    from cloudplan.catalog.loading import editions as editions
    from cloudplan.catalog.loading import load_edition as load_edition
    from cloudplan.evaluation.verify import Verdict as Verdict
    from cloudplan.inventory.importing import import_inventory as import_inventory
    from cloudplan.optimiser.optimise import optimise as optimise
    from cloudplan.optimiser.over_time.roadmap import plan_over_time as plan_over_time
    from cloudplan.plan.origin import Origin as Origin
    from cloudplan.plan.origin import read_plan as read_plan
    from cloudplan.plan.origin import read_roadmap as read_roadmap
    from cloudplan.plan.plan import Plan as Plan
    from cloudplan.plan.roadmap import Roadmap as Roadmap
    from cloudplan.presentation.html_page import render_page as render_page
    from cloudplan.presentation.pdf import write_pdf as write_pdf
    from cloudplan.presentation.text import render as render
    from cloudplan.presentation.workbook import write_workbook as write_workbook
    from cloudplan.prices.book import PriceBook as PriceBook
    from cloudplan.prices.book import load_prices as load_prices
    from cloudplan.questions.compare import compare as compare
    from cloudplan.questions.compare import compare_options as compare_options
    from cloudplan.questions.compare import compare_target as compare_target
    from cloudplan.questions.data import check_prices as check_prices
    from cloudplan.questions.data import diff_editions as diff_editions
    from cloudplan.questions.data import diff_prices as diff_prices
    from cloudplan.questions.diff import diff as diff
    from cloudplan.questions.diff import diff_actual as diff_actual
    from cloudplan.questions.explain import explain as explain
    from cloudplan.questions.explain import fit as fit
    from cloudplan.questions.explain import headroom as headroom
    from cloudplan.questions.explain import why_no_plan as why_no_plan
    from cloudplan.questions.extend import extending as extending
    from cloudplan.questions.sell import orders as orders
    from cloudplan.questions.sell import quote as quote
    from cloudplan.questions.verify import verify as verify
    from cloudplan.questions.verify_quote import verify_quote as verify_quote
    from cloudplan.sales.quote import Quote as Quote
    from cloudplan.sales.terms import Terms as Terms
    from cloudplan.sales.terms import read_terms as read_terms
    from cloudplan.workload.reading import read_workload as read_workload
    from cloudplan.workload.workload import Growth as Growth
    from cloudplan.workload.workload import Workload as Workload

    size = optimise
    roadmap = plan_over_time

_HOMES = {
    "BadInputError": "base.errors",
    "CloudplanError": "base.errors",
    "Edition": "catalog.edition",
    "Fault": "base.errors",
    "Growth": "workload.workload",
    "NoPlanError": "base.errors",
    "Origin": "plan.origin",
    "Plan": "plan.plan",
    "PriceBook": "prices.book",
    "Quote": "sales.quote",
    "Requote": "analysis.changes",
    "Roadmap": "plan.roadmap",
    "Terms": "sales.terms",
    "Verdict": "evaluation.verify",
    "Workload": "workload.workload",
    "batch": "analysis.batch",
    "check_prices": "questions.data",
    "compare": "questions.compare",
    "compare_options": "questions.compare",
    "compare_target": "questions.compare",
    "diff": "questions.diff",
    "diff_actual": "questions.diff",
    "diff_editions": "questions.data",
    "diff_prices": "questions.data",
    "editions": "catalog.loading",
    "explain": "questions.explain",
    "extending": "questions.extend",
    "fit": "questions.explain",
    "headroom": "questions.explain",
    "import_inventory": "inventory.importing",
    "load_edition": "catalog.loading",
    "load_prices": "prices.book",
    "optimise": "optimiser.optimise",
    "orders": "questions.sell",
    "plan_over_time": "optimiser.over_time.roadmap",
    "quote": "questions.sell",
    "read_plan": "plan.origin",
    "read_roadmap": "plan.origin",
    "read_terms": "sales.terms",
    "read_workload": "workload.reading",
    "render": "presentation.text",
    "render_page": "presentation.html_page",
    "requote": "analysis.requote",
    "verify": "questions.verify",
    "verify_quote": "questions.verify_quote",
    "why_no_plan": "questions.explain",
    "write_pdf": "presentation.pdf",
    "write_workbook": "presentation.workbook",
}
"""Where each public name is made: the imports above, which the type checker reads."""

_ALSO = {"size": "optimise", "roadmap": "plan_over_time"}
"""What `cloudplan size` and `cloudplan roadmap` do, under their names."""

__all__ = sorted({*_HOMES, *_ALSO} - {"plan_over_time"})  # noqa: PLE0605 - a list, and the one that there is

if not TYPE_CHECKING:  # it would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name in _ALSO:
            return __getattr__(_ALSO[name])
        if name not in _HOMES:
            raise AttributeError(f"module 'cloudplan' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
        value = globals()[name] = getattr(import_module(f"cloudplan.{_HOMES[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
