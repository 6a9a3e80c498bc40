"""Files of jobs as answers: to be kept, or, of a page, to be looked at in a box of its own."""

import mimetypes
from functools import cache

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from cloudplan.presentation.html_page import script_hash
from cloudplan.web.job import Job


def handed_out(job: Job, name: str) -> Response:
    """Return a file that a job wrote, to be kept; raise HTTPException when there is none of this name."""
    path = job.outputs().get(name)
    if path is None:
        raise HTTPException(404, "no such file")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=kind, filename=path.name)


def shown_page(job: Job, name: str) -> Response:
    """Return a page that a job wrote, to be looked at; raise HTTPException when there is none of this name."""
    path = job.outputs().get(name)
    if path is None or path.suffix != ".html":
        raise HTTPException(404, "no such page")
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": page_policy()})


@cache
def page_policy() -> str:
    """Return the policy of a page that a job made: in a box, with no script but that of the page of a plan."""
    return (
        f"sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script_hash()}'; "
        "img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
