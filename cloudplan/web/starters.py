"""What one may lack: terms, made of a few answers, and a price book to fill in."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloudplan.base.errors import BadInputError
from cloudplan.base.language import Message, message
from cloudplan.catalog.loading import load_edition
from cloudplan.presentation.price_template import as_workbook
from cloudplan.presentation.terms_template import terms_starter
from cloudplan.web.asked import form_of
from cloudplan.web.pages import project_of
from cloudplan.web.view import View

TERMS_FILE = "terms.yaml"
_NUMBERS = ("discount", "vat-rate")
_DAYS = ("issued", "valid-until")
_WORDS: Mapping[str, Message] = {
    "number": message("Number of the quote"),
    "issuer": message("Who offers"),
    "customer": message("Who is offered to"),
    "issued": message("Day of issue"),
    "valid-until": message("Last day of the offer"),
    "discount": message("Commercial discount (0.05 is 5 %)"),
    "vat-rate": message("Value-added tax (0.2 is 20 %)"),
    "payment": message("Terms of payment"),
}


@dataclass(frozen=True)
class FormField:
    """A field of a form: its name, its words, and which kind of field it is."""

    name: str
    words: str
    kind: str
    is_number: bool


def asked_of_terms(view: View) -> Sequence[FormField]:
    """Return what is asked about terms, as `init terms` asks."""
    return [
        FormField(
            each.name,
            view.spoken.said(_WORDS[each.name]),
            "date" if each.name in _DAYS else "text",
            each.name in _NUMBERS,
        )
        for each in terms_starter().questions
    ]


async def terms(request: Request) -> Response:
    """Hand in the terms that some answers make; what was not answered is left out."""
    view = View(request)
    found = project_of(view)
    async with form_of(request) as form:
        job = str(form.get("job") or "")
        answers = {name: str(form.get(name) or "").strip() for name in _WORDS}
    answers = {name: text.replace(",", ".") if name in _NUMBERS else text for name, text in answers.items() if text}
    try:
        text = await run_in_threadpool(terms_starter().text, answers)
    except BadInputError as error:
        return view.refused(message("{text}", text=str(error)))
    await run_in_threadpool(found.hand_in, TERMS_FILE, io.BytesIO(text.encode()), edited=True)
    return (
        view.to("jobs", job, at="quote-it")
        if view.desk.folder.job(job)
        else view.to("projects", found.id, at="files-of")
    )


def prices(_: Request) -> Response:
    """Hand out a price book with every SKU of the newest edition, to fill in."""
    data = as_workbook(load_edition(), None)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(data, media_type=kind, headers={"Content-Disposition": 'attachment; filename="prices.xlsx"'})


ROUTES = [
    Route("/{lang}/projects/{id}/terms", terms, methods=["POST"]),
    Route("/{lang}/prices.xlsx", prices),
]
