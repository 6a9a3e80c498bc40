"""How pages are made: templates, texts in the language of the address, and addresses."""

import re
import shlex
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloudplan.base.language import Code, Language, Message, language, message
from cloudplan.presentation.phrases import NUMBER, phrase, said
from cloudplan.presentation.template import template
from cloudplan.web.desk import base_of, desk_of
from cloudplan.web.job import OVER, RESULT, Job, State

STATES: Mapping[State, Message] = {
    "queued": message("Waits for its turn"),
    "running": message("Running"),
    "stopping": message("Ending, with the best that was found"),
    "done": message("Done"),
    "stopped": message("Ended early, with the best that was found until then"),
    "failed": message("Failed"),
    "cancelled": message("Cancelled, without a result"),
    "cut": message("Cut off: its process is gone without a word, and nothing was written. It can be run again"),
    "dropped": message("Not run: what it was to take was not made"),
}
TITLES = {
    "import": message("Import"),
    "size": message("Sizing"),
    "compare": message("Comparison"),
    "options": message("Cost against risk"),
    "quote": message("Quote"),
    "page": message("Page of the plan"),
    "orders": message("Orders"),
    "explain": message("Why there is no plan, and what would have to give"),
}


def title_of(job: Job) -> Message:
    """Return what a job is called."""
    kind, words = job.said.kind, job.said.arguments
    if kind == "quote" and "--audience=internal" in words:
        return TITLES["page"]
    return TITLES["options"] if kind == "compare" and "--options" in words else TITLES[kind]


class View:
    """A page of a request: in its language, with addresses that hold for its door."""

    def __init__(self, request: Request):
        code = request.path_params["lang"]
        if code not in ("en", "fr"):
            raise HTTPException(404, "no such page")
        self.request, self.code = request, code
        self.spoken: Language = language(code)
        self.desk, self.base = desk_of(request), base_of(request)

    @property
    def lang(self) -> Code:
        """The language."""
        return "fr" if self.code == "fr" else "en"

    def address(self, *parts: str, lang: str | None = None) -> str:
        """Return the address of a page."""
        return "/".join((self.base, lang or self.code, *(quote(part) for part in parts)))

    def to(self, *parts: str, at: str = "") -> Response:
        """Return the answer that leads on to a page."""
        return RedirectResponse(self.address(*parts) + (f"#{at}" if at else ""), 303)

    def rendered(self, name: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        below = self.request.url.path.removeprefix(f"{self.base}/{self.code}/")
        shared = {
            "t": self.spoken.text,
            "lang": self.code,
            "base": self.base,
            "address": self.address,
            "others": [(self.address(below, lang=code), code, name) for code, name in _LANGUAGES if code != self.code],
            "folder": str(self.desk.folder.path),
            "state_of": self.state,
            "title_of": lambda job: self.spoken.said(title_of(job)),
            "text_of": _text_of,
            "line_of": lambda job: shlex.join(["cloudplan", *job.said.arguments]),
            "over": OVER,
            "result": RESULT,
            "said": self.spoken.said,
        }
        return HTMLResponse(template(name, __package__).render({**shared, **values}), status)

    def refused(self, words: Message, status: int = 400) -> Response:
        """Return a page that says what is wrong."""
        others = [(f"{self.base}/{code}/", code, name) for code, name in _LANGUAGES if code != self.code]
        return self.rendered("refused.html.j2", status, words=self.spoken.said(words), others=others)

    # --- words -------------------------------------------------------------------------------------------------------

    def state(self, job: Job) -> str:
        """Return what is of a job, in words."""
        return self.spoken.said(STATES[job.state])

    def facts(self, facts: Mapping[str, str]) -> Sequence[tuple[str, str]]:
        """Return what is in a file: names and values."""
        return [(self.spoken.said(phrase(what)), self._fact(value)) for what, value in facts.items()]

    def _fact(self, value: str) -> str:
        return self.spoken.figure(value) if _FIGURE.fullmatch(value) else self.spoken.date(value)

    def progress(self, job: Job) -> dict[str, str]:
        """Return how far a job is, as texts by their names: empty where there is nothing to tell."""
        found = job.progress or {}
        amounts = {
            name: self.spoken.amount(Decimal(str(found[name]))) if found.get(name) is not None else ""
            for name in ("bound", "best")
        }
        gap = found.get("gap")
        return {
            "state": self.state(job),
            "step": said(str(found["step"]), self.spoken) if "step" in found else "",
            "seconds": f"{found['seconds']:.0f} s" if "seconds" in found else "",
            **amounts,
            "gap": "" if gap is None else self.spoken.percent(Decimal(str(gap))),
        }


def _text_of(job: Job, name: str) -> str:
    """Return the text that a job wrote, its beginning where it is long."""
    path = job.outputs().get(name)
    return path.read_text(encoding="utf-8")[:_LONGEST] if path else ""


_LONGEST = 50_000
_FIGURE = re.compile(NUMBER)
_LANGUAGES = (("en", "English"), ("fr", "Français"))


def style() -> str:
    """Return the style of all pages: that of the page of a quote, and what these have beside it."""
    return "\n".join(template(name, __package__).render() for name in ("style.css.j2", "serve.css.j2"))
