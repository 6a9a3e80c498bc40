"""The pages before there is a plan: where one begins, and the files and the workload of a project."""

import io
from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cloudplan.base.errors import BadInputError
from cloudplan.base.foreign_text import clean
from cloudplan.base.language import message
from cloudplan.web.asked import form_of
from cloudplan.web.desk import SHOWN_BYTES, base_of
from cloudplan.web.draft_parts import assumed, faulty, ledger
from cloudplan.web.project import File, Project
from cloudplan.web.verbs import IMPORT, INVENTORY, LOGO, PRICES, RULES, TERMS, WORKLOAD
from cloudplan.web.view import View

DOCUMENTS = {
    INVENTORY: message("An inventory"),
    WORKLOAD: message("A workload"),
    PRICES: message("A price book"),
    TERMS: message("The terms of a quote"),
    RULES: message("The rules of an import"),
    LOGO: message("A logo, for the terms"),
}
CHOICES = {
    "powered_off": {
        "keep": message("keep disks and backup only"),
        "drop": message("leave them out"),
        "on": message("size them as if they ran"),
    },
    "on_duplicate": {
        "fail": message("tell it as a fault"),
        "newest": message("take the newest"),
        "keep": message("keep both"),
    },
    "damaged": {"refuse": message("refuse the inventory"), "leave-out": message("leave them out")},
}
"""Options of an import that are chosen from a list, and their choices."""
SWITCHES = ("without_swap", "right_size", "anonymise")
OPTIONS = {
    "powered_off": message("VMs that are off"),
    "on_duplicate": message("One VM twice"),
    "damaged": message("Rows that cannot be read"),
    "without_swap": message("Take swap files out of Provisioned"),
    "right_size": message("Smaller where measured use allows it"),
    "anonymise": message("Pseudonyms in place of all names"),
}


def begin(request: Request) -> Response:
    """Lead on to the first page, in the language that the browser asks for."""
    wanted = request.headers.get("accept-language", "").lower()
    french = wanted.find("fr")
    english = wanted.find("en")
    code = "fr" if french >= 0 and (english < 0 or french < english) else "en"
    return RedirectResponse(f"{base_of(request)}/{code}/", 303)


def start(request: Request) -> Response:
    """Show where one begins: files to hand in, the projects that there are."""
    view = View(request)
    folder = view.desk.folder
    jobs = folder.jobs()
    sizings = {job.said.project: job for job in reversed(jobs) if job.said.kind == "size"}
    alone = [job for job in jobs if not job.said.project]
    return view.rendered("start.html.j2", projects=folder.projects(), sizings=sizings, alone=alone)


async def add_project(request: Request) -> Response:
    """Make a project of files that are handed in."""
    view = View(request)
    async with form_of(request) as form:
        uploads = uploads_of(form)
        if not uploads:
            return view.refused(message("No file was chosen."))
        project = await run_in_threadpool(_made, view, str(form.get("name") or ""), uploads)
    return view.to("projects", project.id)


def _made(view: View, name: str, uploads: Sequence[UploadFile]) -> Project:
    first = clean(uploads[0].filename or "").replace("\\", "/").rpartition("/")[2]
    project = view.desk.folder.add_project(clean(name).strip()[:200] or first.rpartition(".")[0] or first)
    take_in(view, project, uploads)
    return project


def take_in(view: View, project: Project, uploads: Sequence[UploadFile]) -> Sequence[File]:
    """Keep files, and import the inventories of a project, in the way chosen last, where that is what they are for."""
    handed_in = [project.hand_in(upload.filename or "file", upload.file) for upload in uploads]
    kinds_in = {file.said.document for file in handed_in}
    draft = view.desk.draft(project)
    is_edited = draft is not None and draft.file is not None and draft.file.said.edited
    if kinds_in & {INVENTORY, RULES} and WORKLOAD not in kinds_in and not is_edited:
        view.desk.begin_import(project, view.desk.imported_with(project), view.lang)
    return handed_in


def uploads_of(form: FormData) -> list[UploadFile]:
    """Return the files that were chosen in a form."""
    return [each for each in form.getlist("files") if isinstance(each, UploadFile) and each.filename]


# --- a project -------------------------------------------------------------------------------------------------------


def project_of(view: View) -> Project:
    """Return the project that a request is about; raise HTTPException when there is none."""
    project = view.desk.folder.project(view.request.path_params["id"])
    if project is None:
        raise HTTPException(404, "no such project")
    return project


def project(request: Request) -> Response:
    """Show the files of a project, what became of its inventory, and its workload."""
    view = View(request)
    found = project_of(view)
    jobs = view.desk.folder.of_project(found)
    draft = view.desk.draft(found)
    importing = next((job for job in jobs if job.said.kind == IMPORT.name), None)
    return view.rendered(
        "project.html.j2",
        project=found,
        files=[(file, _what(view, file)) for file in found.files()],
        facts=view.facts,
        draft=draft,
        draft_facts=view.facts(draft.facts) if draft else [],
        faulty=faulty(draft) if draft else [],
        is_shown=draft is not None and len(draft.text) <= SHOWN_BYTES,
        ledger=ledger(view, draft) if draft and not draft.faults else [],
        assumed=assumed(view, found, draft) if draft and not draft.faults else None,
        importing=importing,
        progress=view.progress,
        has_prices=bool(found.of(PRICES)),
        has_inventory=bool(found.of(INVENTORY)),
        chosen=view.desk.imported_with(found),
        choices=[(name, IMPORT.parameters[name].default, choices) for name, choices in CHOICES.items()],
        option_words={name: view.spoken.said(text) for name, text in OPTIONS.items()},
        switches=SWITCHES,
        sized=[job for job in jobs if job.said.kind == "size"],
    )


def _what(view: View, file: File) -> str:
    return view.spoken.said(DOCUMENTS[file.said.document]) if file.said.document else ""


async def add_files(request: Request) -> Response:
    """Keep further files in a project."""
    view = View(request)
    found = project_of(view)
    async with form_of(request) as form:
        uploads = uploads_of(form)
        if not uploads:
            return view.refused(message("No file was chosen."))
        await run_in_threadpool(take_in, view, found, uploads)
    return view.to("projects", found.id)


async def change_files(request: Request) -> Response:
    """Remove a file of a project, or make an older workload the newest again."""
    view = View(request)
    found = project_of(view)
    async with form_of(request) as form:
        id, what = str(form.get("file") or ""), form.get("do")
    if what == "use":
        for file in found.files():
            if file.id == id and file.said.document == WORKLOAD:
                found.hand_in(file.said.name, io.BytesIO(file.path.read_bytes()), edited=file.said.edited)
    else:
        found.drop(id)
    return view.to("projects", found.id, at="files")


async def begin_import(request: Request) -> Response:
    """Import the inventories of a project, as is asked."""
    view = View(request)
    found = project_of(view)
    async with form_of(request) as form:
        options: dict[str, Any] = {name: str(form[name]) for name in CHOICES if form.get(name)}
        options |= {name: True for name in SWITCHES if form.get(name)}
    try:
        job = await run_in_threadpool(view.desk.begin_import, found, options, view.lang)
    except BadInputError as error:
        return view.refused(message("{text}", text=str(error)))
    if job is None:
        return view.refused(message("There is no inventory in this project."))
    return view.to("projects", found.id, at="import")


async def change_workload(request: Request) -> Response:
    """Keep an edited workload, and size it when that is asked and nothing is wrong with it."""
    view = View(request)
    found = project_of(view)
    async with form_of(request) as form:
        text, is_to_size = form.get("text"), form.get("do") == "size"
        options: dict[str, Any] = {"assumptions": True} if form.get("assumptions") else {}
        limit = str(form.get("time_limit") or "").strip().replace(",", ".")
    if limit:
        options["time_limit"] = limit
    draft = await run_in_threadpool(view.desk.draft, found)
    if isinstance(text, str) and (draft is None or _unlike(text, draft.text)):
        draft = await run_in_threadpool(view.desk.kept, found, text)
    if draft is None:
        return view.refused(message("There is no workload in this project."))
    if draft.faults or not is_to_size:
        return view.to("projects", found.id, at="workload")
    job = await run_in_threadpool(view.desk.begin_size, found, draft, options, view.lang)
    return view.to("jobs", job.id)


def _unlike(text: str, kept: str) -> bool:
    """Return whether a text that came back from a page is another one than was shown there."""
    return clean(text) != clean(kept)


def remove_project(request: Request) -> Response:
    """Remove a project with its jobs and all files."""
    view = View(request)
    found = project_of(view)
    if not view.desk.folder.remove([found], view.desk.folder.of_project(found)):
        return view.refused(_RUNNING, 409)
    return view.to("")


def empty(request: Request) -> Response:
    """Remove all projects and all jobs."""
    view = View(request)
    if not view.desk.folder.empty():
        return view.refused(_RUNNING, 409)
    return view.to("")


_RUNNING = message("A job of it still waits or runs: cancel it first.")

ROUTES = [
    Route("/{lang}/", start),
    Route("/{lang}/projects", add_project, methods=["POST"]),
    Route("/{lang}/projects/{id}", project),
    Route("/{lang}/projects/{id}/files", add_files, methods=["POST"]),
    Route("/{lang}/projects/{id}/change", change_files, methods=["POST"]),
    Route("/{lang}/projects/{id}/import", begin_import, methods=["POST"]),
    Route("/{lang}/projects/{id}/workload", change_workload, methods=["POST"]),
    Route("/{lang}/projects/{id}/remove", remove_project, methods=["POST"]),
    Route("/{lang}/empty", empty, methods=["POST"]),
]
