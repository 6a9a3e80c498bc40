"""Who may ask: only this machine, only who knows the address, only a page of ours; and no more than readers take.

Every answer says that nothing may be loaded from elsewhere, and that nothing of it may be kept or framed.
"""

import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloudplan.base import limits

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # another origin never sees the token; ours has to say where it comes from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NAMES = ("127.0.0.1", "localhost")
"""The names of this machine that a browser may have asked for: any other was made to point here."""
_TOO_LARGE = "more bytes than are read"
_API = "/api/"
_BEARER = "Bearer "


class Guard:
    """An application behind a door: it is reached below `/TOKEN`, or below `/api` with the token as a bearer."""

    def __init__(self, app: ASGIApp, token: str, port: int):
        self._app, self._token = app, token
        self._hosts = {f"{name}:{port}" for name in NAMES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send) if scope["type"] == "lifespan" else None
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            return await refusal(scope, receive, _dressed(send))
        read, most = 0, _most(headers)

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, _TOO_LARGE)
            return message

        inside = {**scope, "root_path": f"/{self._token}" if self._is_below(scope["path"]) else ""}
        return await self._app(inside, bounded, _dressed(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        if headers.get("host") not in self._hosts:
            return _plain(421, "this server answers to its own address only")
        origin = headers.get("origin")
        if origin is not None and (urlsplit(origin).scheme != "http" or urlsplit(origin).netloc not in self._hosts):
            return _plain(403, "this came from the page of somebody else")
        if not (self._is_below(scope["path"]) or self._is_bearer(scope["path"], headers)):
            return _plain(403, "open the address that `cloudplan serve` printed")
        length = headers.get("content-length") or "0"
        if not length.isdecimal() or int(length) > _most(headers):
            return _plain(413, _TOO_LARGE)
        return None

    def _is_below(self, path: str) -> bool:
        first = path.split("/")[1] if path.count("/") > 1 else ""
        return secrets.compare_digest(first.encode(), self._token.encode())

    def _is_bearer(self, path: str, headers: Headers) -> bool:
        given = headers.get("authorization") or ""
        return path.startswith(_API) and secrets.compare_digest(given.encode(), f"{_BEARER}{self._token}".encode())


def _most(headers: Headers) -> int:
    """Return how many bytes are read: of a form with files those of an inventory, of anything else those of a plan."""
    is_form = (headers.get("content-type") or "").lower().startswith("multipart/")
    return limits.INVENTORY_BYTES if is_form else limits.PLAN_BYTES


def _dressed(send: Send) -> Send:
    """Return a way to send answers with the headers that each has, where it has no others of its own."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return dressed


def _plain(status: int, words: str) -> PlainTextResponse:
    return PlainTextResponse(f"cloudplan: {words}\n", status, headers={"Connection": "close"})
