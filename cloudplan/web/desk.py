"""What all requests share: the folder and the queue, and what is done for a project with both."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from cloudplan.analysis import contents
from cloudplan.base import kinds
from cloudplan.base.errors import BadInputError, MachineError
from cloudplan.base.language import Code
from cloudplan.catalog.loading import load_edition
from cloudplan.evaluation.assumptions import before_a_plan
from cloudplan.plan.origin import read_origin
from cloudplan.plan.plan import Assumption
from cloudplan.presentation import pdf
from cloudplan.web.asked import Asked
from cloudplan.web.folder import Folder
from cloudplan.web.job import RESULT, Job
from cloudplan.web.project import File, Project
from cloudplan.web.running import Queue
from cloudplan.web.verbs import (
    COMPARE,
    COMPARISON,
    EXPLAIN,
    IMPORT,
    INVENTORY,
    LOGO,
    ORDERS,
    PLAN,
    PRICES,
    QUOTE,
    RULES,
    SIZE,
    TERMS,
    WORKLOAD,
    Verb,
)
from cloudplan.workload.case import Case
from cloudplan.workload.phases import sized_alone
from cloudplan.workload.reading import shipped_pin

WORKLOAD_FILE, PLAN_FILE, PAGE_FILE, COMPARISON_FILE = "workload.yaml", "plan.json", "quote.html", "compare.json"
Given = Mapping[str, Sequence[File] | Sequence[tuple[str, Path | None]]]
"""Files by what they are: handed in, or with a name; without a path it is put there when the job begins."""
SHOWN_BYTES = 3_000_000
"""The largest workload that is edited on a page."""


@dataclass(frozen=True)
class Draft:
    """The workload of a project: its text, where it is from, what is in it, what is wrong with it."""

    path: Path
    text: str
    facts: Mapping[str, str]
    faults: Sequence[Mapping[str, str | None]]
    file: File | None = None
    job: Job | None = None


@dataclass(frozen=True)
class Desk:
    """The folder of a server, and its queue."""

    folder: Folder
    queue: Queue

    def add(self, verb: Verb, wanted: Asked, **others: Any) -> Job:
        """Add a job, and have it run when its turn comes."""
        job = self.folder.add_job(verb.name, wanted.arguments(verb), wanted.contents, **others)
        self.queue.look()
        return job

    def draft(self, project: Project) -> Draft | None:
        """Return the workload of a project, the newest of those handed in, edited and imported; None without one."""
        imported = [
            job
            for job in self.folder.of_project(project)
            if job.said.kind == IMPORT.name and job.state in RESULT and WORKLOAD_FILE in job.outputs()
        ]
        file = project.newest(WORKLOAD)
        job = imported[0] if imported else None
        if job and (file is None or job.said.order > file.said.order):
            path = job.files / WORKLOAD_FILE
            facts, faults = _read(path)
            return Draft(path, path.read_text(encoding="utf-8"), facts, faults, job=job)
        return _draft_of(file) if file else None

    def kept(self, project: Project, text: str) -> Draft:
        """Keep an edited workload, and return it: by then another window may have kept another one."""
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        return _draft_of(project.hand_in(WORKLOAD_FILE, io.BytesIO(lines.encode("utf-8", "replace")), edited=True))

    def assumed(self, project: Project, draft: Draft) -> Sequence[Assumption]:
        """Return what any plan of a workload rests on; raise BadInputError when it, or the price book, is faulty."""
        prices = project.newest(PRICES)
        return _assumed(draft.path, prices.path if prices else None)

    # --- the jobs of a project ---------------------------------------------------------------------------------------

    def imported_with(self, project: Project) -> Mapping[str, Any]:
        """Return the options of the newest import of a project: who chose pseudonyms does not want names later."""
        imports = [job for job in self.folder.of_project(project) if job.said.kind == IMPORT.name]
        return IMPORT.options_in(imports[0].said.arguments) if imports else {}

    def begin_import(self, project: Project, options: Mapping[str, Any], lang: Code) -> Job | None:
        """Add the import of all inventories of a project; None when there are none."""
        inventories = project.of(INVENTORY)
        if not inventories:
            return None
        return self._add(IMPORT, project, {INVENTORY: inventories, RULES: _some(project, RULES)}, options, lang)

    def begin_size(self, project: Project, draft: Draft, options: Mapping[str, Any], lang: Code) -> Job:
        """Add the sizing of a workload, and behind it the page of its plan."""
        files: Given = {WORKLOAD: [(WORKLOAD_FILE, draft.path)], PRICES: _some(project, PRICES)}
        job = self._add(SIZE, project, files, options, None)
        self.begin_page(project, job, lang)
        return job

    def begin_page(self, project: Project, job: Job, lang: Code, compared: Job | None = None) -> Job:
        """Add the page of a plan, for internal readers; with what a comparison found."""
        plan: tuple[str, Path | None] = (PLAN_FILE, job.files / PLAN_FILE if compared else None)
        files: Given = {PLAN: [plan], COMPARISON: [(COMPARISON_FILE, None)] if compared else []}
        taken = COMPARISON_FILE if compared else PLAN_FILE
        waits = {"of": job, "after": compared or job, "takes": {taken: taken}}
        return self._add(QUOTE, project, files, {"audience": "internal"}, lang, formats=["html"], **waits)

    def begin_quote(
        self, project: Project, job: Job, options: Mapping[str, Any], lang: Code, given: Sequence[File] = ()
    ) -> Sequence[Job]:
        """Add the quote and the orders of a plan, with the terms among the files `given`, else those of the project."""
        terms = [file for file in given if file.said.document == TERMS]
        files: Given = {
            PLAN: [(PLAN_FILE, job.files / PLAN_FILE)],
            TERMS: terms[-1:] or _some(project, TERMS),
            LOGO: project.of(LOGO),
        }
        orders = self._add(ORDERS, project, files, {}, lang, formats=["xlsx", "tfvars"], of=job)
        formats = [name for name in QUOTE.formats if name != "pdf" or not lacking_for_pdf()]
        return orders, self._add(QUOTE, project, files, options, lang, formats=formats, of=job)

    def begin_compare(self, project: Project, job: Job, *, risk: bool, lang: Code) -> Job:
        """Add what else one might choose beside a plan: the usual alternatives, or cost against risk."""
        files = _inputs(job)
        if risk:
            return self._add(COMPARE, project, files, {"options": True}, lang, formats=["html"], of=job)
        made = self._add(COMPARE, project, files, {}, lang, formats=["json"], of=job)
        self.begin_page(project, job, lang, compared=made)
        return made

    def begin_explain(self, project: Project, job: Job, lang: Code) -> Job:
        """Add the question why a workload has no plan, and what would have to give."""
        return self._add(EXPLAIN, project, _inputs(job), {}, lang, formats=["txt"], of=job)

    def _add(
        self,
        verb: Verb,
        project: Project,
        documents: Given,
        options: Mapping[str, Any],
        lang: Code | None,
        formats: Sequence[str] = (),
        **others: Any,
    ) -> Job:
        spoken = {"lang": lang} if lang else {}
        wanted = Asked(options={**options, **spoken}, formats=[*formats])
        for document, given in documents.items():
            for each in given:
                name, path = (each.said.file, each.path) if isinstance(each, File) else each
                wanted.add(document, name, path)
        return self.add(verb, wanted, project=project.id, **others)


@cache
def lacking_for_pdf() -> str:
    """Return what has to be installed before a PDF can be made; an empty text when one can."""
    try:
        pdf.require()
    except MachineError as error:
        return str(error)
    return ""


def desk_of(request: Request) -> Desk:
    """Return the desk that a request is brought to."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


def job_of(request: Request) -> Job:
    """Return the job that a request is about; raise HTTPException when there is none."""
    job = desk_of(request).folder.job(request.path_params["id"])
    if job is None:
        raise HTTPException(404, "no such job")
    return job


def base_of(request: Request) -> str:
    """Return where addresses begin, below which door the request came."""
    return str(request.scope.get("app_root_path", request.scope["root_path"]))


def _draft_of(file: File) -> Draft:
    text = file.path.read_bytes().decode(errors="replace")
    return Draft(file.path, text, file.said.facts, file.said.faults, file=file)


def _some(project: Project, document: str) -> Sequence[File]:
    found = project.newest(document)
    return [found] if found else []


def _inputs(job: Job) -> Given:
    """Return the workload that a job sizes, and its price book if it has one."""
    found = {path.name: path for path in job.inputs()}
    prices = [(name, path) for name, path in found.items() if name != WORKLOAD_FILE]
    return {WORKLOAD: [(WORKLOAD_FILE, found[WORKLOAD_FILE])], PRICES: prices}


@lru_cache(maxsize=20)
def _assumed(workload: Path, prices: Path | None) -> Sequence[Assumption]:
    """Return what any plan of a workload rests on; files that were handed in never change."""
    document = kinds.document(workload, kinds.WORKLOAD)
    origin = read_origin(document, prices, load_edition(shipped_pin(document)), None)
    wanted = sized_alone(origin.workload, origin.edition, None)
    return before_a_plan(Case.of(wanted, origin.edition, origin.prices))


@lru_cache(maxsize=20)
def _read(path: Path) -> tuple[Mapping[str, str], Sequence[Mapping[str, str | None]]]:
    """Return what is in an imported workload, which never changes, and what is wrong with it."""
    try:
        return contents.contents(path, kinds.WORKLOAD, None).facts, ()
    except BadInputError as error:
        return {}, [{**fault.values, "where": fault.where.replace(str(path), WORKLOAD_FILE)} for fault in error.faults]
