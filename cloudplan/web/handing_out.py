"""Files of jobs as answers: to be kept, or, of a page, to be looked at in a box of its own."""

import mimetypes
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from cloudplan.presentation.html_page import script_hash
from cloudplan.web.desk import job_of


def handed_out(request: Request) -> Response:
    """Hand out a file that a job wrote, to be kept."""
    path = _written(request)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=kind, filename=path.name)


def shown_page(request: Request) -> Response:
    """Show a page that a job wrote."""
    path = _written(request)
    if path.suffix != ".html":
        raise HTTPException(404, "no such page")
    return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": page_policy()})


def _written(request: Request) -> Path:
    path = job_of(request).outputs().get(request.path_params["name"])
    if path is None:
        raise HTTPException(404, "no such file")
    return path


@cache
def page_policy() -> str:
    """Return the policy of a page that a job made: in a box, with no script but that of the page of a plan."""
    return (
        f"sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script_hash()}'; "
        "img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
