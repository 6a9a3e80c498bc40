"""What a request asks for: documents and options, from a form with files or from JSON, as one and the same."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from cloudplan.base import files, limits
from cloudplan.base.errors import BadInputError, Fault
from cloudplan.base.yamlfile import json_document
from cloudplan.web.folder import Folder
from cloudplan.web.job import RESULT, Job
from cloudplan.web.project import json_of, safe_name
from cloudplan.web.verbs import COMPARISON, INVENTORY, LOGO, PLAN, PRICES, RULES, TERMS, WORKLOAD, Verb

NAMES = {
    **{WORKLOAD: "workload.yaml", PRICES: "prices.yaml", TERMS: "terms.yaml", RULES: "rules.yaml"},
    **{PLAN: "plan.json", COMPARISON: "compare.json"},
}
"""How files of a document are called in the folder of a job, when they came without a file of their own."""
MADE_BY = {"import": (WORKLOAD, "workload.yaml"), "size": (PLAN, "plan.json"), "compare": (COMPARISON, "compare.json")}
"""The document that a job makes, and its file."""
_JSON = "application/json"
_BODY = "body"


@dataclass
class Asked:
    """Files by their names, which of them are which document, options, formats."""

    files: dict[str, Path | bytes | None] = field(default_factory=dict)
    """Without content where another job makes them."""
    documents: dict[str, list[str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    formats: list[str] = field(default_factory=list)

    def add(self, document: str, name: str, content: Path | bytes | None) -> None:
        """Add a file; of two with one name the second gets another one."""
        number, plain = 1, name
        while name in self.files:
            number += 1
            name = f"{number}-{plain}"
        self.files[name] = content
        self.documents.setdefault(document, []).append(name)

    @property
    def contents(self) -> dict[str, Path | bytes]:
        """The files that are there already."""
        return {name: content for name, content in self.files.items() if content is not None}

    def arguments(self, verb: Verb) -> list[str]:
        """Return the command line; raise BadInputError for what the verb does not take."""
        places = {name: [f"in/{each}" for each in names] for name, names in self.documents.items()}
        return verb.arguments(places, self.options, self.formats)


async def asked(request: Request, verb: Verb, folder: Folder) -> Asked:
    """Return what a request to the API asks for; raise BadInputError for what cannot be read."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _JSON:
        return await run_in_threadpool(_of_json, await request.body(), verb, folder)
    made = Asked()
    async with form_of(request) as form:
        await run_in_threadpool(_add_form, form, verb, folder, made)
    return made


def form_of(request: Request) -> AbstractAsyncContextManager[FormData]:
    """Return the form of a request, with at most as many files and as much text as readers take."""
    return request.form(max_files=limits.INVENTORY_FILES, max_part_size=limits.TEXT_BYTES)


def _add_form(form: FormData, verb: Verb, folder: Folder, made: Asked) -> None:
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            made.add(name, safe_name(value.filename or name), folder.taken_in(value.file))
        elif name == "job":
            _add_job(made, value, folder)
        elif name == "formats":
            made.formats += [part.strip() for part in value.split(",")]
        elif name in verb.options and verb.parameters[name].is_flag:
            made.options[name] = {"true": True, "false": False}.get(value, value)
        elif name in verb.options and verb.parameters[name].is_list:
            made.options.setdefault(name, []).append(value)
        else:
            made.options[name] = value


def _of_json(body: bytes, verb: Verb, folder: Folder) -> Asked:
    exact = None if PLAN in verb.documents else str  # what people write is read as text; a plan has numbers
    values = json_document(files.text_of(body, _BODY), _BODY, "a request", parse_float=exact).tree
    if not isinstance(values, dict):
        raise BadInputError([Fault("allowed: a JSON object", where=_BODY)])
    made = Asked()
    for name, value in values.items():
        if name == "job":
            _add_job(made, value, folder)
        elif name == "formats":
            made.formats += _texts(value, name)
        elif name in verb.documents:
            _add_document(made, name, value)
        else:
            made.options[name] = value
    return made


def _add_document(made: Asked, name: str, value: Any) -> None:
    if name in (INVENTORY, LOGO):
        raise BadInputError([Fault("a file; allowed: a form, multipart/form-data", path=name)])
    if not isinstance(value, Mapping):
        raise BadInputError([Fault("allowed: the document, as its schema says", path=name)])
    made.add(name, NAMES[name], json_of(value))


def _add_job(made: Asked, id: Any, folder: Folder) -> None:
    """Take what a job made."""
    job = folder.job(id) if isinstance(id, str) else None
    document, name = MADE_BY.get(job.said.kind, ("", "")) if job else ("", "")
    content = made_by(job, name) if job else None
    if content is None:
        kinds = ", ".join(MADE_BY)
        raise BadInputError(
            [Fault(f"no job with a result; allowed: the id of one of {kinds} that is done", path="job")]
        )
    made.add(document, name, content)


def made_by(job: Job, name: str) -> bytes | None:
    """Return a file that a job wrote, None when it did not."""
    path = job.outputs().get(name) if job.state in RESULT else None
    return path.read_bytes() if path else None


def _texts(value: Any, name: str) -> Sequence[str]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise BadInputError([Fault("allowed: a list of texts", path=name)])
