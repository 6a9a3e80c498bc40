"""The jobs as JSON, for scripts and agents: the same folders, the same queue, the same command lines."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cloudplan.base.errors import BadInputError
from cloudplan.web import openapi
from cloudplan.web.asked import asked
from cloudplan.web.desk import base_of, desk_of, job_of
from cloudplan.web.handing_out import handed_out
from cloudplan.web.job import Job, State
from cloudplan.web.verbs import VERBS


class JobFile(BaseModel):
    """A file that a job wrote: its name, its bytes, and where it is had."""

    name: str
    bytes: int
    href: str


class JobProgress(BaseModel):
    """How far a search is: the step, and of it the proven bound and the best found, a month; the gap as a share."""

    seconds: float
    step: str
    bound: float | None
    best: float | None
    gap: float | None


class JobFault(BaseModel):
    """What is wrong: where it is, what was found, what is allowed."""

    message: str
    rule: str | None = None
    where: str | None = None
    path: str | None = None
    found: str | None = None
    allowed: str | None = None
    suggestion: str | None = None


class Refusal(BaseModel):
    """What is answered to a request that is refused: the exit status of the command line, or that of HTTP."""

    status: int
    faults: Sequence[JobFault]


class JobShown(BaseModel):
    """A job as the API shows it."""

    model_config = ConfigDict(populate_by_name=True)

    schema_name: Literal["cloudplan/job-state/v1"] = Field(default="cloudplan/job-state/v1", alias="schema")
    id: str
    kind: str
    state: State
    status: int | None = None
    """The exit status of the command, once it ended."""
    command: Sequence[str]
    """The command line, as it is run in the folder of the job."""
    progress: JobProgress | None = None
    faults: Sequence[JobFault] = ()
    notes: Sequence[str] = ()
    files: Sequence[JobFile] = ()


def shown(job: Job, base: str) -> JobShown:
    """Return a job as the API shows it; `base` is where addresses begin."""
    state, ended = job.state, job.ended
    return JobShown(
        id=job.id,
        kind=job.said.kind,
        state=state,
        status=ended.status if ended else None,
        command=["cloudplan", *job.said.arguments],
        progress=job.progress if state in ("running", "stopping") else None,
        faults=[JobFault(**fault) for fault in job.faults],
        notes=job.notes,
        files=[
            JobFile(name=name, bytes=path.stat().st_size, href=f"{base}/api/jobs/{job.id}/files/{name}")
            for name, path in job.outputs().items()
        ],
    )


def answer(job: Job, request: Request, status: int = 200) -> Response:
    """Return a job as an answer."""
    values = shown(job, base_of(request)).model_dump(mode="json", by_alias=True)
    return JSONResponse(values, status)


async def add(request: Request) -> Response:
    """Add a job; the answer says what became of it so far, and its address has what becomes of it."""
    desk, verb = desk_of(request), VERBS.get(request.path_params["verb"])
    if verb is None:
        raise HTTPException(404, f"allowed: {', '.join(VERBS)}")
    try:
        wanted = await asked(request, verb, desk.folder)
        try:
            job = await run_in_threadpool(desk.add, verb, wanted)
        finally:
            desk.folder.let_go(wanted.contents.values())
    except BadInputError as error:
        return faults(error)
    return answer(job, request, 202)


def faults(error: BadInputError) -> Response:
    """Return what is wrong with a request, as the command line tells it."""
    return JSONResponse({"status": error.exit_status, "faults": [fault.values for fault in error.faults]}, 400)


def one(request: Request) -> Response:
    """Show a job."""
    return answer(job_of(request), request)


def every(request: Request) -> Response:
    """Show all jobs, the newest first."""
    jobs, base = desk_of(request).folder.jobs(), base_of(request)
    return JSONResponse({"jobs": [shown(job, base).model_dump(mode="json", by_alias=True) for job in jobs]})


def cancel(request: Request) -> Response:
    """Let a job never begin, or end with the best that it found."""
    job = job_of(request)
    desk_of(request).queue.cancel(job)
    return answer(job, request, 202)


def remove(request: Request) -> Response:
    """Remove a job and its files, unless it is not over."""
    if not desk_of(request).folder.remove([], [job_of(request)]):
        raise HTTPException(409, "it is not over; cancel it first")
    return Response(status_code=204)


def described(request: Request) -> Response:
    """Return what the API is, as OpenAPI says it."""
    return JSONResponse(openapi.document(JobShown, Refusal, base_of(request)))


def error(request: Request, found: Exception) -> Response:
    """Return a refusal as JSON."""
    assert isinstance(found, HTTPException)
    return JSONResponse({"status": found.status_code, "faults": [{"message": found.detail}]}, found.status_code)


ROUTES = [
    Route("/jobs", every),
    Route("/jobs/{id}", one),
    Route("/jobs/{id}", remove, methods=["DELETE"]),
    Route("/jobs/{id}/cancel", cancel, methods=["POST"]),
    Route("/jobs/{id}/files/{name:path}", handed_out),
    Route("/openapi.json", described),
    Route("/{verb}", add, methods=["POST"]),
]
