"""The pages of a job: how far it is, what it found, what can be made of that, and everything to download."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudplan.base.errors import BadInputError, NoPlanError
from cloudplan.base.language import Code, message
from cloudplan.plan.origin import read_plan
from cloudplan.plan.plan import Plan
from cloudplan.presentation.listed import listed
from cloudplan.presentation.tables import assumptions
from cloudplan.presentation.tables import plan as tables
from cloudplan.web.asked import form_of
from cloudplan.web.desk import PAGE_FILE, PLAN_FILE, job_of, lacking_for_pdf
from cloudplan.web.handing_out import handed_out, shown_page
from cloudplan.web.job import OVER, RESULT, Job
from cloudplan.web.pages import take_in, uploads_of
from cloudplan.web.project import Project
from cloudplan.web.starters import asked_of_terms
from cloudplan.web.verbs import TERMS
from cloudplan.web.view import View


def one(request: Request) -> Response:
    """Show a job; of a sizing with a result, the plan."""
    view = View(request)
    job = job_of(request)
    folder = view.desk.folder
    project = folder.project(job.said.project)
    others = _of_plan(folder.of_project(project), job) if project else []
    plan = _plan(job)
    return view.rendered(
        "job.html.j2",
        job=job,
        state=job.state,
        project=project,
        progress=view.progress(job),
        faults_found=job.faults,
        plan=_told(view, plan) if plan else None,
        page=next((each for each in others if _is_page(each)), None),
        made=[each for each in others if (plan or each.said.kind == "explain") and each.state != "dropped"],
        has_no_plan=_has_no_plan(job) and project is not None,
        asked=asked_of_terms(view),
        lacking=lacking_for_pdf() if plan else "",
        terms=[file.said.name for file in project.of(TERMS)][-1:] if project else [],
    )


def _is_page(job: Job) -> bool:
    """Return whether a job made the page of a plan."""
    is_one = job.said.kind == "quote" and "--audience=internal" in job.said.arguments
    return is_one and job.state in RESULT and PAGE_FILE in job.outputs()


def _of_plan(jobs: list[Job], job: Job) -> list[Job]:
    """Return the other jobs that take the plan of a job, or what those made, the newest first."""
    if job.said.kind != "size":
        return []
    return [each for each in jobs if each.said.of == job.id]


def _plan(job: Job) -> Plan | None:
    path = job.outputs().get(PLAN_FILE) if job.said.kind == "size" and job.state in RESULT else None
    try:
        return read_plan(path) if path else None
    except BadInputError:
        return None  # somebody changed the file


def _told(view: View, plan: Plan) -> Mapping[str, Any]:
    spoken = view.spoken
    currency = plan.prices.currency
    return {
        "name": plan.workload.name,
        "mark": spoken.said(tables.ILLUSTRATIVE) if plan.prices.illustrative else "",
        "cost": spoken.amount(plan.cost, currency),
        "status": spoken.said(tables.status(plan)),
        "bound": spoken.amount(plan.lower_bound, currency),
        "hosts": spoken.number(sum(each.hosts for each in plan.clusters)),
        "clusters": len(plan.clusters),
        "backup_tib": sum(each.tib for each in plan.backup),
        "datastores": spoken.number(len(plan.datastores)),
        "assumptions": listed(assumptions.table(plan), spoken),
        "assumptions_title": spoken.word(assumptions.TITLE),
    }


def state(request: Request) -> Response:
    """Return how far a job is, as texts for the script of its page."""
    view = View(request)
    job = job_of(request)
    return JSONResponse({"state": job.state, "over": job.state in OVER, "texts": view.progress(job)})


def cancel(request: Request) -> Response:
    """Let a job never begin, or end with the best that it found."""
    view = View(request)
    job = job_of(request)
    view.desk.queue.cancel(job)
    return _back(view, job)


def again(request: Request) -> Response:
    """Run a job once more."""
    view = View(request)
    job = job_of(request)
    if job.state in OVER:
        job = view.desk.folder.again(job)
        view.desk.queue.look()
    return _back(view, job)


def _back(view: View, job: Job) -> Response:
    """Lead on to where a job is shown."""
    if job.said.kind == "import" and job.said.project:
        return view.to("projects", job.said.project, at="import")
    return view.to("jobs", job.said.of) if job.said.of else view.to("jobs", job.id)


def _with_plan(view: View) -> tuple[Project, Job]:
    job = job_of(view.request)
    project = view.desk.folder.project(job.said.project)
    if project is None or _plan(job) is None:
        raise HTTPException(404, "no plan")
    return project, job


async def quote(request: Request) -> Response:
    """Make the quote and the orders of a plan, with the terms that are handed in here or were before."""
    view = View(request)
    project, job = _with_plan(view)
    async with form_of(request) as form:
        given = await run_in_threadpool(take_in, view, project, uploads_of(form))
        lang: Code = "fr" if form.get("lang") == "fr" else "en"
        options = {"audience": str(form.get("audience") or "customer")}
    try:
        await run_in_threadpool(view.desk.begin_quote, project, job, options, lang, given)
    except BadInputError as error:
        return view.refused(message("{text}", text=str(error)))
    return view.to("jobs", job.id, at="made")


async def compare(request: Request) -> Response:
    """Look for what else one might choose."""
    view = View(request)
    project, job = _with_plan(view)
    async with form_of(request) as form:
        risk = form.get("do") == "options"
    await run_in_threadpool(lambda: view.desk.begin_compare(project, job, risk=risk, lang=view.lang))
    return view.to("jobs", job.id, at="made")


async def explain(request: Request) -> Response:
    """Look for why there is no plan, and for what would have to give."""
    view = View(request)
    job = job_of(request)
    project = view.desk.folder.project(job.said.project)
    if project is None or not _has_no_plan(job):
        raise HTTPException(404, "no such job")
    await run_in_threadpool(view.desk.begin_explain, project, job, view.lang)
    return view.to("jobs", job.id, at="made")


def _has_no_plan(job: Job) -> bool:
    return job.said.kind == "size" and job.ended is not None and job.ended.status == NoPlanError.exit_status


ROUTES = [
    Route("/{lang}/jobs/{id}", one),
    Route("/{lang}/jobs/{id}/state", state),
    Route("/{lang}/jobs/{id}/cancel", cancel, methods=["POST"]),
    Route("/{lang}/jobs/{id}/again", again, methods=["POST"]),
    Route("/{lang}/jobs/{id}/quote", quote, methods=["POST"]),
    Route("/{lang}/jobs/{id}/compare", compare, methods=["POST"]),
    Route("/{lang}/jobs/{id}/explain", explain, methods=["POST"]),
    Route("/{lang}/jobs/{id}/files/{name:path}", handed_out),
    Route("/{lang}/jobs/{id}/page/{name:path}", shown_page),
]
