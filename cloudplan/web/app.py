"""The application: its routes behind its guard."""

from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from cloudplan.base.language import message
from cloudplan.web import api, job_pages, pages
from cloudplan.web.desk import Desk, base_of
from cloudplan.web.guard import Guard
from cloudplan.web.view import View, style


def app(desk: Desk, token: str, port: int) -> ASGIApp:
    """Return the application for a desk, behind a guard that lets only who knows the token through."""
    inner = Starlette(
        routes=[
            Route("/", pages.begin),
            Route("/style.css", _style),
            Route("/serve.js", _script),
            Mount("/api", routes=api.ROUTES),
            *pages.ROUTES,
            *job_pages.ROUTES,
        ],
        exception_handlers={HTTPException: _refused},
    )
    inner.state.desk = desk
    return Guard(inner, token, port)


def _style(_: Request) -> Response:
    return Response(style(), media_type="text/css")


def _script(_: Request) -> Response:
    text = files(__package__).joinpath("templates", "serve.js").read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript")


async def _refused(request: Request, error: Exception) -> Response:
    """Return a refusal, in the form of what was asked for."""
    assert isinstance(error, HTTPException)
    below = request.url.path.removeprefix(base_of(request))
    if below.startswith("/api"):
        return api.error(request, error)
    for code in ("en", "fr"):
        if below.startswith(f"/{code}/"):
            request.scope["path_params"] = {"lang": code}
            return View(request).refused(message("There is nothing here any more."), error.status_code)
    return PlainTextResponse(f"cloudplan: {error.detail}\n", error.status_code)
