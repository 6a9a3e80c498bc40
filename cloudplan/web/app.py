"""The application: its routes behind its guard."""

from importlib import resources

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from cloudplan.base import files
from cloudplan.base.language import Message, message
from cloudplan.web import api, job_pages, pages, starters
from cloudplan.web.desk import Desk, base_of
from cloudplan.web.guard import Guard
from cloudplan.web.view import View, style

_NOTHING = message("There is nothing here any more.")


def _words(error: HTTPException) -> Message:
    return _NOTHING if error.status_code in (404, 405) else message("{text}", text=error.detail)


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
            *starters.ROUTES,
        ],
        exception_handlers={HTTPException: _refused, OSError: _stopped},
    )
    inner.state.desk = desk
    return Guard(inner, token, port)


def _style(_: Request) -> Response:
    return Response(style(), media_type="text/css")


def _script(_: Request) -> Response:
    text = resources.files(__package__).joinpath("templates", "serve.js").read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript")


async def _stopped(request: Request, error: Exception) -> Response:
    """Return what the machine cannot do, such as to write to a disk that is full."""
    assert isinstance(error, OSError)
    if isinstance(error, FileNotFoundError):  # somebody removed it in another window
        return await _refused(request, HTTPException(404, "no such file"))
    words = message("The machine cannot do it: {words}.", words=files.words_of(error))
    return await _refused(request, HTTPException(507, words.template.format(**words.values)), words)


async def _refused(request: Request, error: Exception, words: Message | None = None) -> Response:
    """Return a refusal, in the form of what was asked for."""
    assert isinstance(error, HTTPException)
    below = request.url.path.removeprefix(base_of(request))
    if below.startswith("/api"):
        return api.error(request, error)
    for code in ("en", "fr"):
        if below.startswith(f"/{code}/"):
            request.scope["path_params"] = {"lang": code}
            return View(request).refused(words or _words(error), error.status_code)
    return PlainTextResponse(f"cloudplan: {error.detail}\n", error.status_code)
