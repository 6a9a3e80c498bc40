"""The whole document of a choice: all that follows from it and its case, beside what only solving gives.

The optimiser builds a plan here, and the verifier builds it again: what a plan prints is what this module writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypedDict

from cloudplan.base.program import program
from cloudplan.base.schema import date_of
from cloudplan.catalog.edition import Edition
from cloudplan.evaluation.assumptions import Otherwise, assumptions, computed_of
from cloudplan.evaluation.backup_storage import backup_targets
from cloudplan.evaluation.bom import bill, monthly
from cloudplan.evaluation.estate_changes import changes
from cloudplan.evaluation.findings import NOT_PINNED, OUTSIDE_DATES, find, not_proven, sorted_findings
from cloudplan.evaluation.third_party import third_party
from cloudplan.plan.plan import (
    BomLine,
    CatalogRef,
    Choice,
    Inputs,
    Plan,
    PricesRef,
    Search,
    WorkloadRef,
    gap_of,
    is_optimal,
)
from cloudplan.prices.book import PriceBook
from cloudplan.workload.case import Case
from cloudplan.workload.workload import Workload


class MadeFrom(TypedDict):
    """The fields of a plan or a roadmap that tell what it is made from."""

    workload: WorkloadRef
    catalog: CatalogRef
    prices: PricesRef
    inputs: Inputs


def made_from(workload: Workload, edition: Edition, book: PriceBook) -> MadeFrom:
    """Return what a document is made from: the names and hashes, and the inputs that it is solved again with."""
    return {
        "workload": WorkloadRef(name=workload.name, sha256=workload.sha256),
        "catalog": CatalogRef(edition=edition.edition, sha256=edition.sha256),
        "prices": PricesRef(name=book.name, currency=book.currency, illustrative=book.illustrative, sha256=book.sha256),
        "inputs": Inputs(
            workload=workload.canonical(),
            prices=book.canonical(),
            catalog=None if edition.shipped else edition.files,
            given=None if workload.given is None else tuple(sorted(workload.given)),
            existing=workload.existing.canonical() if workload.existing else None,
        ),
    }


def document(
    case: Case,
    choice: Choice,
    lines: Sequence[BomLine],
    *,
    lower_bound: Decimal,
    ended: Search | None,
    pinned: bool,
    on: date | None,
    by: str | None = None,
    computed: Mapping[str, Otherwise] | None = None,
) -> Plan:
    """Return the plan document of a choice with its bill, `lines`.

    `lower_bound` is what was proven of the cost, and `ended` why the search ended before the proof, if it did; `pinned`
    and `on` are those of the findings; `by` is the program that made the choice, by default this one; `computed` is
    what the bill would be if an assumption did not hold, by the code of the assumption.
    """
    workload, edition, book = case.workload, case.edition, case.prices.book
    bill_monthly, owed = monthly(lines), third_party(case, choice)
    total = bill_monthly + (owed.monthly if owed else 0)
    optimal = is_optimal(total, lower_bound, len(lines) + (len(owed.lines) if owed else 0))
    search = _proven(total, lower_bound) if optimal else ended
    found = find(case, choice, pinned=pinned, on=on)
    if not optimal and search:
        found = sorted_findings((not_proven(search, total, lower_bound, book.currency), *found))
    return Plan(
        program=by or program(),
        **made_from(workload, edition, book),
        status="optimal" if optimal else "feasible",
        monthly=bill_monthly,
        lower_bound=lower_bound,
        gap=gap_of(total, lower_bound),
        search=search,
        clusters=choice.clusters,
        datastores=choice.datastores,
        protection=choice.protection,
        backup=backup_targets(case),
        bom=tuple(lines),
        findings=found,
        assumptions=assumptions(case, choice, total, computed),
        third_party=owed,
        total_monthly=total if owed else None,
        changes=changes(case, lines, owed),
    )


def rebuilt(case: Case, plan: Plan) -> Plan:
    """Return the document that follows from the choice of a plan; only what solving gave is taken from its text.

    Whether the edition was asked for, and the date of the quote, are read off its findings; which fields the workload
    gave, off its inputs. Raises BadInputError as `bill` does.
    """
    if case.workload.given != (None if plan.inputs.given is None else frozenset(plan.inputs.given)):
        case = replace(case, workload=case.workload.with_given(plan.inputs.given))
    dates = (date_of(found.values.get("date")) for found in plan.findings if found.code == OUTSIDE_DATES)
    return document(
        case,
        plan.choice,
        bill(case, plan.choice),
        lower_bound=plan.lower_bound,
        ended=plan.search if plan.search and plan.search.ended != "proven" else None,
        pinned=all(found.code != NOT_PINNED for found in plan.findings),
        on=next(dates, None),
        by=plan.program,
        computed=computed_of(plan.assumptions),
    )


def _proven(total: Decimal, lower_bound: Decimal) -> Search:
    return Search(ended="proven", said=f"proven: a cheaper plan could save at most {total - lower_bound} a month")
