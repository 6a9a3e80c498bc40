"""Pages on one's own machine: jobs are the command line, nothing is lost or mixed, nobody else gets in."""

import asyncio
import errno
import io
import json
import re
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import jsonschema
import pytest
from conftest import REPOSITORY, Ran, bad_input, vm, workload
from serving import Server, estate, form, server
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloudplan.base import limits
from cloudplan.web import openapi, running
from cloudplan.web.api import JobShown, Refusal
from cloudplan.web.asked import asked
from cloudplan.web.desk import Desk, lacking_for_pdf
from cloudplan.web.folder import Folder
from cloudplan.web.guard import Guard
from cloudplan.web.pages import CHOICES, take_in
from cloudplan.web.project import safe_name, told_by_content
from cloudplan.web.running import Queue
from cloudplan.web.serve import leading_to
from cloudplan.web.verbs import COMPARE, IMPORT, ORDERS, QUOTE, SIZE, VERBS
from cloudplan.web.view import View

LIST = "name,vcpus,memory_gib,disk_gib\n{}-1,2,8,60\n{}-2,4,16,100\n"
HOSTILE = "<img src=x onerror=alert(1)>"


def inventory(name: str) -> tuple[str, bytes]:
    return f"{name}.csv", LIST.format(name, name).encode()


# --- the command line, byte for byte ---------------------------------------------------------------------------------


def test_what_jobs_write_is_what_the_command_line_writes(
    served: Server, run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = served.ended(served.send("api/import", {"inventory": inventory("shop"), "lang": "fr"}).json["id"])
    sized = served.ended(served.add("size", {"job": imported["id"], "term": 12})["id"])
    terms = {"schema": "cloudplan/terms/v1", "number": "D-1"}
    quoting = served.add("quote", {"job": sized["id"], "terms": terms, "lang": "fr", "formats": ["csv"]})
    ordering = served.add("orders", {"job": sized["id"], "formats": ["md", "tfvars"]})
    jobs = [imported, sized, served.ended(quoting["id"]), served.ended(ordering["id"])]
    assert [job["state"] for job in jobs] == ["done"] * 4, jobs
    page = served.ask(f"en/jobs/{sized['id']}").body.decode()
    assert "Cost a month" in page and "Write terms here" not in page  # it belongs to no project

    monkeypatch.chdir(tmp_path)
    inputs = tmp_path / "in"
    inputs.mkdir()
    (inputs / "shop.csv").write_bytes(inventory("shop")[1])
    for job in jobs:
        name = {"import": "shop.csv", "size": "workload.yaml"}.get(job["kind"], "plan.json")
        if not (inputs / name).exists():
            (inputs / name).write_bytes((tmp_path / name).read_bytes())
        (inputs / "terms.yaml").write_text(json.dumps(terms), encoding="utf-8")
        assert run(*job["command"][1:]).status == 0
        assert job["files"]
        for file in job["files"]:
            assert served.file(job, file["name"]) == (tmp_path / file["name"]).read_bytes()
    names = {file["name"] for job in jobs for file in job["files"]}
    assert {"workload.yaml", "plan.json", "quote.csv", "orders.md", "vms/vms.tfvars.json"} <= names


def test_a_fault_of_a_job_is_that_of_the_command_line_and_told_as_described(served: Server) -> None:
    faulty = served.add("size", {"workload": workload(vms=[vm(vcpus=0), vm(name="b", memory_gib="x")])})
    told = served.ended(faulty["id"])
    assert (told["state"], told["status"], told["files"]) == ("failed", 2, [])
    assert [fault["path"] for fault in told["faults"]] == ["vms[0].vcpus", "vms[1].memory_gib"]
    assert all(fault["where"].startswith("in/workload.yaml:1:") for fault in told["faults"])
    described = served.ask("api/openapi.json").json
    schema = {**described["components"]["schemas"]["job"], "components": described["components"]}
    for job in served.ask("api/jobs").json["jobs"]:
        jsonschema.validate(job, schema)


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("size", b"{", "not a request in JSON"),
        ("size", b"\xff", "not UTF-8 text"),
        ("size", b'{"workload": {}, "workload": {}}', "key given twice"),
        ("size", b'{"workload": {"name": "\\ud800"}}', "half of a surrogate pair"),
        ("size", b'{"workload": {}, "gap": "\\ud800"}', "half of a surrogate pair"),
        ("size", b'{"workload": {}, "gap": NaN}', "a finite number"),
        ("size", b'{"workload": ' + b'{"a":' * 99 + b"1" + b"}" * 100, "nested too deeply"),
        ("size", b"[]", "a JSON object"),
        ("size", b"{}", "workload is needed"),
        ("size", b'{"workload": [], "x": 1}', "as its schema says"),
        ("size", b'{"workload": {}, "catalog": "/etc"}', "unknown option 'catalog'"),
        ("size", b'{"workload": {}, "gap": {}}', "a text or a number"),
        ("size", b'{"workload": {}, "assumptions": "yes"}', "true or false"),
        ("size", b'{"job": "../../projects"}', "no job with a result"),
        ("quote", b'{"plan": {}, "formats": ["exe"]}', "unknown format 'exe'"),
        ("orders", b'{"plan": {}, "formats": ["md", "xlsx"]}', "one of them"),
        ("import", b'{"inventory": "/etc/passwd"}', "a form"),
    ],
)
def test_a_request_that_is_wrong_is_told_so(verb: str, body: bytes, words: str, served: Server) -> None:
    told = served.ask(f"api/{verb}", body, {"Content-Type": "application/json"})
    assert told.status == 400 and words in "; ".join(fault["message"] for fault in told.json["faults"])
    Refusal.model_validate(told.json)


def test_what_is_sent_as_json_is_kept_as_it_was_written(tmp_path: Path) -> None:
    body = b'{"workload": {"a": 0.12345678901234567890, "b": 7}, "gap": 1e-3}'
    request = Request({"type": "http", "headers": [(b"content-type", b"application/json")]}, once(body))
    wanted = asyncio.run(asked(request, SIZE, Folder(tmp_path)))
    assert wanted.files == {"workload.yaml": b'{"a": "0.12345678901234567890", "b": 7}'}
    assert "--gap=1e-3" in wanted.arguments(SIZE)


def once(body: bytes) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    return receive


def test_a_command_line_has_no_words_that_were_not_meant() -> None:
    given = {"inventory": ["in/a.csv"]}
    assert IMPORT.arguments(given, {"name": "-o/etc/passwd", "include": ["a", "--force"], "anonymise": True}) == [
        *("import", "in/a.csv", "--name=-o/etc/passwd", "--include=a", "--include=--force", "--anonymise"),
        *("--output=workload.yaml", "--messages=json"),
    ]
    assert SIZE.parameters["assumptions"].word == "--assumptions" and SIZE.parameters["gap"].is_number
    assert COMPARE.parameters["options"].is_flag and COMPARE.parameters["vary"].is_list
    with bad_input() as faults:
        QUOTE.arguments({"plan": ["in/a", "in/b"], "prices": ["in/p"]}, {}, ["pdf"])
    assert [fault.message.split(" (")[0] for fault in faults] == [
        "unknown document 'prices'",
        "2 of them; allowed: one",
    ]
    with bad_input():
        ORDERS.arguments({}, {})


def test_a_quote_has_the_terms_that_were_given_and_the_formats_that_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path / "work")
    with folder.alone():
        desk = Desk(folder, Queue(folder.jobs, 1))
        project = folder.add_project("p")
        sized = folder.add_job("size", ["size"], {}, project=project.id)
        (sized.files / "plan.json").write_text("{}")
        _, quote = desk.begin_quote(project, sized, {}, "fr")
        assert "--output=quote.pdf" in quote.said.arguments
        monkeypatch.setitem(sys.modules, "weasyprint", None)
        lacking_for_pdf.cache_clear()
        terms = [project.hand_in(name, io.BytesIO(b"schema: cloudplan/terms/v1\nx: 1\n")) for name in ("a", "b")]
        _, quote = desk.begin_quote(project, sized, {}, "fr")
        assert "--terms=in/b" in quote.said.arguments  # the newest, though faulty: the job tells why
        _, quote = desk.begin_quote(project, sized, {}, "fr", terms[:1])
        assert "--terms=in/a" in quote.said.arguments  # those of this window
        assert "--output=quote.pdf" not in quote.said.arguments and "--output=quote.xlsx" in quote.said.arguments
        assert "cloudplan[pdf]" in lacking_for_pdf()
    lacking_for_pdf.cache_clear()


def test_why_there_is_no_plan_is_asked_on_the_page_of_what_failed(served: Server) -> None:
    asked = workload(vms=[vm(), vm(name="b", disks=[{"size_gib": 60, "class": "mass", "iops": 500}])])
    path = served.send("en/projects", {"files": ("w.json", json.dumps(asked).encode())}).headers["location"]
    path = path.split("/", 2)[2]
    failed = served.send(f"{path}/workload", {"do": "size"}).headers["location"].rpartition("/")[2]
    assert served.send(f"en/jobs/{failed}/explain", {}).status == 404  # it may have a plan yet
    assert served.ended(failed)["status"] == 3
    assert served.send(f"en/jobs/{failed}/explain", {}).status == 303
    why = served.ended(served.ask("api/jobs").json["jobs"][0]["id"])
    assert why["kind"] == "explain" and "IOPS-2" in served.file(why, "why.txt").decode()
    assert "Smallest set of VM groups without one: b." in served.ask(f"en/jobs/{failed}").body.decode()


def test_an_import_is_done_again_in_the_way_that_was_chosen_last(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "work")
    with folder.alone():
        desk = Desk(folder, Queue(folder.jobs, 1))
        view = cast(View, SimpleNamespace(desk=desk, lang="en"))
        project = folder.add_project("p")
        name, data = inventory("a:9:b")
        take_in(view, project, [UploadFile(io.BytesIO(data), filename=name)])
        assert desk.imported_with(project) == {"lang": "en"}
        chosen = {"anonymise": True, "damaged": "leave-out"}
        desk.begin_import(project, chosen, "fr")
        rules = (REPOSITORY / "examples" / "import-rules.yaml").read_bytes()
        take_in(view, project, [UploadFile(io.BytesIO(rules), filename="rules.yaml")])
        assert desk.imported_with(project) == {**chosen, "lang": "en"}
        newest = folder.of_project(project)[0].said.arguments
        assert "--anonymise" in newest and "--rules=in/rules.yaml" in newest
    for option, choices in CHOICES.items():
        assert {*choices} == {*IMPORT.parameters[option].choices}


# --- nothing lost, nothing mixed -------------------------------------------------------------------------------------


def test_each_window_sizes_what_stands_in_it(served: Server) -> None:
    def text(number: int) -> str:
        return json.dumps(workload(vms=[vm(vcpus=number)]))

    def size(number: int) -> str:
        return served.send(f"{path}/workload", {"text": text(number), "do": "size"}).headers["location"]

    sent = served.send("en/projects", {"files": ("w.json", text(1).encode())})
    path = sent.headers["location"].split("/", 2)[2]
    numbers = range(2, 8)
    with ThreadPoolExecutor(len(numbers)) as windows:
        jobs = [place.rpartition("/")[2] for place in windows.map(size, numbers)]
    for job in jobs:
        for _ in range(2):
            served.ask(f"api/jobs/{job}/cancel", b"")
    sized = [(served.folder / "jobs" / job / "files" / "in" / "workload.yaml").read_text() for job in jobs]
    assert sized == [text(number) for number in numbers]


def test_a_killed_server_loses_and_mixes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    with server(folder, "--workers", "1") as one:
        names = ["ada", "bob"]
        ids = [one.send("api/import", {"inventory": inventory(name)}).json["id"] for name in names]
        one.until(ids[0], lambda job: job["state"] != "queued")
        cancelled = one.add("size", {"workload": workload()})["id"]
        assert one.ask(f"api/jobs/{cancelled}/cancel", b"").json["state"] == "cancelled"
        one.kill()  # the first job runs on alone, the second waits
    with server(folder, "--workers", "2") as one:
        jobs = [one.ended(id) for id in ids]
        assert [job["state"] for job in jobs] == ["done"] * 2
        for name, job in zip(names, jobs, strict=True):
            assert f"name: {name}\n" in one.file(job, "workload.yaml").decode()
        assert one.job(cancelled)["state"] == "cancelled"
        assert [job["id"] for job in one.ask("api/jobs").json["jobs"]] == [cancelled, *reversed(ids)]

        slow = one.add("size", {"workload": estate()})["id"]
        one.signal(slow, signal.SIGKILL)
        assert one.ended(slow)["state"] == "cut"
        again = one.ask(f"en/jobs/{slow}/again", b"")
        assert again.status == 303
        slow = again.headers["location"].rpartition("/")[2]
        found = one.until(slow, lambda job: job["progress"] and job["progress"]["best"])
        assert 0 <= found["progress"]["bound"] <= found["progress"]["best"]
        assert one.ask(f"api/jobs/{slow}", method="DELETE").status == 409
        assert one.ask(f"api/jobs/{cancelled}", method="DELETE").status == 204
        assert one.ask(f"api/jobs/{cancelled}").status == 404
        assert one.stop() == 0  # asks the search to end, and waits for it
    plan = json.loads((folder / "jobs" / slow / "files" / "plan.json").read_bytes())
    assert plan["status"] == "feasible" and 0 < plan["gap"] < 1
    assert Folder(folder).job(slow).state == "stopped"  # type: ignore[union-attr]


def failing(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOMEM, "no memory")


def test_a_job_is_what_its_folder_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path / "work")
    with folder.alone():
        with bad_input() as faults, Folder(tmp_path / "work").alone():
            pass
        assert faults[0].message == "another server uses this folder now"
        job = folder.add_job("size", ["size", "in/w.yaml"], {"w.yaml": b"x"})
        page = folder.add_job(
            "quote", ["quote", "in/plan.json"], {}, of=job, after=job, takes={"plan.json": "plan.json"}
        )
        assert (job.state, folder.job(job.id)) == ("queued", job)
        with monkeypatch.context() as patched, pytest.raises(OSError, match="no memory"):
            patched.setattr(running.subprocess, "Popen", failing)
            running.begun(job)
        assert job.state == "queued"  # it waits until the machine can
        (job.path / "started").touch()
        assert job.state == "cut"
        (job.path / "ended.json").touch()
        assert job.state == "cut"  # the machine went down before what it says was written
        (page.path / "ended.json").write_text('{"status": null}')
        assert page.state == "dropped"
        again = folder.again(job)
        assert again.state == "queued" and (again.files / "in" / "w.yaml").read_bytes() == b"x"
        [new] = [each for each in folder.jobs() if each.said.after == again.id]
        assert new.said.of == again.id
        for status, asked, state in (
            (0, False, "done"),
            (2, False, "failed"),
            (0, True, "stopped"),
            (1, True, "cancelled"),
        ):
            (job.path / "ended.json").write_text(json.dumps({"status": status}))
            (job.path / "cancel").touch() if asked else (job.path / "cancel").unlink(missing_ok=True)
            assert job.state == state
        (job.files / "plan.json").write_text("{}")
        (job.files / "link").symlink_to("/etc/passwd")
        assert [*job.outputs()] == ["plan.json"]
        assert not folder.remove([], [again]) and folder.remove([], [job]) and not job.path.exists()
        assert not folder.empty()
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").touch()
    with bad_input() as faults, Folder(other).alone():
        pass
    assert "something else in this folder" in faults[0].message


def test_a_folder_is_the_owners_alone_and_can_be_emptied(tmp_path: Path) -> None:
    path = tmp_path / "work"
    path.mkdir(mode=0o755)
    path.chmod(0o755)
    folder = Folder(path)
    with folder.alone():
        assert path.stat().st_mode & 0o777 == 0o700
        project = folder.add_project("p")
        kept = [project.hand_in(name, io.BytesIO(name.encode())) for name in ("a", "b")]
        project.drop(kept[0].id)
        assert [file.said.name for file in project.files()] == ["b"]
        left = [project.path / "files" / ".making-1", path / "jobs" / ".making-2", path / "tmp" / "3"]
        for each in left:
            each.mkdir()
        torn = folder.add_job("size", [], {})
        (torn.path / "job.json").write_text("{")
    (path / "projects" / "x").symlink_to(tmp_path)
    with Folder(path).alone():
        assert not any(each.exists() for each in left) and folder.jobs() == []
        assert folder.empty() and folder.projects() == [] and not torn.path.exists()
    assert (tmp_path / "work").exists()
    shutil.rmtree(path / "jobs")  # as a server leaves it that was killed as it began
    shutil.rmtree(path / "tmp")
    with Folder(path).alone():
        assert (path / "jobs").is_dir()


# --- who gets in -----------------------------------------------------------------------------------------------------


async def inner(request: Request) -> Response:
    """Read all that is sent, and answer."""
    await request.body()
    return Response()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/T/en/", {}, 200),
        ("/T/en/", {"host": "localhost:99"}, 200),
        ("/T/en/", {"origin": "http://127.0.0.1:99"}, 200),
        ("/api/jobs", {"authorization": "Bearer T"}, 200),
        ("/", {}, 403),
        ("/T", {}, 403),
        ("/t/en/", {}, 403),
        ("/en/", {"authorization": "Bearer T"}, 403),
        ("/api/jobs", {"authorization": "Bearer U"}, 403),
        ("/api/jobs", {"authorization": "T"}, 403),
        ("/T/en/", {"host": "evil.example:99"}, 421),
        ("/T/en/", {"host": "127.0.0.1:98"}, 421),
        ("/T/en/", {"host": ""}, 421),
        ("/T/en/", {"origin": "http://127.0.0.1:98"}, 403),
        ("/T/en/", {"origin": "https://127.0.0.1:99"}, 403),
        ("/T/en/", {"origin": "null"}, 403),
        ("/T/en/", {"content-length": "200000001"}, 413),
        ("/T/en/", {"content-length": "200000001", "content-type": "multipart/form-data; boundary=x"}, 200),
        ("/T/en/", {"content-length": "2000000001", "content-type": "multipart/form-data; boundary=x"}, 413),
        ("/T/en/", {"content-length": "-1"}, 413),
    ],
)
def test_only_who_knows_the_address_gets_in(path: str, headers: dict[str, str], status: int) -> None:
    assert asked_of_guard(path, headers, [b"x"])[0] == status


def test_more_than_readers_take_is_not_read() -> None:
    half = bytes(100_000_001)
    assert asked_of_guard("/T/api/size", {}, [half, half])[0] == 413
    assert asked_of_guard("/T/api/size", {}, [half])[0] == 200


def asked_of_guard(path: str, headers: dict[str, str], parts: list[bytes]) -> tuple[int, dict[str, str]]:
    sent: list[Any] = []
    left = [*parts]

    async def receive() -> dict[str, Any]:
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in {"host": "127.0.0.1:99", **headers}.items()]
    scope = {"type": "http", "path": path, "headers": raw, "method": "POST", "query_string": b""}
    app = Starlette(routes=[Route("/{path:path}", inner, methods=["POST"])])
    asyncio.run(Guard(app, "T", 99)(scope, receive, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_every_answer_forbids_what_is_not_ours(served: Server) -> None:
    for told in (served.ask("en/"), served.ask("", base=served.door), served.ask("api/jobs"), served.ask("style.css")):
        assert "default-src 'none'" in told.headers["content-security-policy"]
        assert told.headers["referrer-policy"] == "same-origin" and told.headers["cache-control"] == "no-store"
    for path in ("en/../../etc/passwd", "en/jobs/..%2f..%2fetc", "xx/", "en/projects/%00", "en/jobs/" + "0" * 12):
        assert served.ask(path).status == 404
    assert served.token not in served.ask("", base=served.door).body.decode()
    assert served.ask("api/jobs", base=served.door).status == 403
    assert served.ask("api/jobs", headers={"Authorization": f"Bearer {served.token}"}, base=served.door).status == 200


# --- what is handed in -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("export.xlsx", "export.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\export.csv", "export.csv"),
        (f"{HOSTILE}.csv", "_img src_x onerror_alert(1)_.csv"),
        ("--rules=x.csv", "rules_x.csv"),
        (".bashrc", "bashrc"),
        ("..", "file"),
        ("", "file"),
        ("a\x00\u202eb\n.csv", "ab_.csv"),
        ("é" * 300 + ".csv", "é" * 90 + ".csv"),
        ("in", "in"),
    ],
)
def test_a_name_is_one_that_any_file_may_have(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def bomb() -> bytes:
    """Return a zip that says it is a workbook, and unpacks to more than is read."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book,
        book.open("xl/workbook.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(limits.INVENTORY_TEXT_BYTES // limits.MB + 1):
            part.write(bytes(limits.MB))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "document", "words"),
    [
        ("w.txt", b"schema: cloudplan/workload/v1\nname: x\n", "workload", "'vms' is missing"),
        ("p.json", b'{"schema": "cloudplan/plan/v1"}', "", "a plan; allowed: an inventory"),
        ("x.html", b"<!doctype html><script>", "", "a quote; allowed"),
        (
            "t.yaml",
            b"schema: cloudplan/terms/v1\nletterhead: {logo: ../secret.png}\n",
            "",
            "a path; allowed: the name of",
        ),
        ("t.yaml", b"schema: cloudplan/terms/v1\nissuer: [\n", "terms", "not valid YAML"),
        ("x.bin", bytes(range(256)), "", "not UTF-8"),
        ("x.yaml", b"what: [1", "", "nothing that is known here"),
        ("empty", b"", "", "nothing that is known here"),
        ("x.xlsx", b"PK\x03\x04 torn", "", "damaged"),
    ],
)
def test_a_file_is_told_by_its_content(name: str, data: bytes, document: str, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    found, _, faults = told_by_content(tmp_path / name, HOSTILE)
    assert found == document and words in faults[0].message
    assert str(tmp_path) not in str(faults[0])


def test_a_zip_that_unpacks_to_too_much_is_refused(served: Server) -> None:
    sent = served.send("en/projects", {"files": ("bomb.xlsx", bomb())})
    page = served.ask(sent.headers["location"].split("/", 2)[2]).body.decode()
    assert "bomb.xlsx" in page and ("too large" in page or "damaged" in page)


def test_names_are_text_everywhere_and_nothing_that_was_handed_in_is_run(served: Server) -> None:
    rows = f'name,vcpus,memory_gib,disk_gib\n"{HOSTILE}",2,8,60\n'.encode()
    traps = [(name, b"raise SystemExit('caught')") for name in ("yaml.py", "typer.py", "sitecustomize.py")]
    sent = served.send("en/projects", {"files": [(f"{HOSTILE}.csv", rows), *traps]})
    path = sent.headers["location"].split("/", 2)[2]
    project = path.rpartition("/")[2]
    job = next(each for each in served.ask("api/jobs").json["jobs"] if each["kind"] == "import")
    assert served.ended(job["id"])["state"] == "done"
    page = served.ask(path).body.decode()
    assert HOSTILE not in page and "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "cloudplan import &#39;in/_img src_x onerror_alert(1)_.csv&#39; --lang=en" in page  # as a shell takes it
    assert served.send(f"en/projects/{project}/remove", {}).status == 303
    assert served.ask(path).status == 404 and served.ask(f"api/jobs/{job['id']}").status == 404


def test_an_edited_workload_is_kept_with_its_faults_beside_the_lines(served: Server) -> None:
    text = json.dumps(workload(), indent=1)
    sent = served.send("en/projects", {"files": ("a:9:w.json", b"\xef\xbb\xbf" + text.encode())})
    path = sent.headers["location"].split("/", 2)[2]
    assert served.send(f"{path}/workload", {"text": text.replace("\n", "\r\n"), "do": "check"}).status == 303
    assert (
        "(edited here)" not in served.ask(path).body.decode()
    )  # a browser changes line ends, and shows no byte order mark
    wrong = text.replace('"vcpus": 2', '"vcpus": "</textarea>"').replace("\n", "\r\n")
    assert served.send(f"{path}/workload", {"text": wrong, "do": "size"}).headers["location"].endswith("#workload")
    page = served.ask(path).body.decode()
    line = wrong.split("\r\n").index('   "vcpus": "&lt;/textarea&gt;",'.replace("&lt;", "<").replace("&gt;", ">")) + 1
    assert f'data-line="{line}"' in page and "vms[0].vcpus: found" in page
    assert "&lt;/textarea&gt;" in page and page.count("</textarea>") == 1
    assert "(edited here)" in page
    kept = re.findall(r'name="file" value="(\d+)"', page)
    assert len(kept) == 2
    assert served.send(f"{path}/change", {"file": kept[0], "do": "use"}).status == 303  # the one that was handed in
    page = served.ask(path).body.decode()
    assert "vms[0].vcpus: found" not in page.partition('id="workload"')[2]
    sized = served.send(f"{path}/workload", {"text": text, "do": "size", "time_limit": "9,5"})
    assert "/en/jobs/" in sized.headers["location"]
    job = served.until(sized.headers["location"].rpartition("/")[2], lambda each: each["state"] != "queued")
    assert job["kind"] == "size" and "--time-limit=9.5" in job["command"]
    for _ in range(2):  # who asks twice gets no result, but an end at once
        served.ask(f"api/jobs/{job['id']}/cancel", b"")
    ended = served.ended(job["id"])
    assert (ended["state"], ended["files"], ended["faults"]) == ("cancelled", [], [])
    page = next(each for each in served.ask("api/jobs").json["jobs"] if each["kind"] == "quote")
    assert served.ended(page["id"])["state"] == "dropped"  # it was to take the plan


def test_terms_may_be_written_and_a_price_book_filled_in(served: Server) -> None:
    sent = served.send("fr/projects", {"files": ("w.json", json.dumps(workload()).encode())})
    path = sent.headers["location"].split("/", 2)[2]
    answers = {"number": "D-7", "issuer": "Ourselves", "issued": "2026-11-29", "discount": "0,05", "payment": ""}
    assert served.send(f"{path}/terms", answers).status == 303
    page = served.ask(path).body.decode()
    assert "D-7" not in page and "Ourselves" in page  # what is in the file: its issuer
    wrong = served.send(f"{path}/terms", {"discount": "2"})
    assert wrong.status == 400 and "discount" in wrong.body.decode()
    book = served.ask("fr/prices.xlsx")
    assert book.headers["content-disposition"].startswith("attachment") and book.body.startswith(b"PK")
    assert served.send(f"{path}/files", {"files": ("my.xlsx", book.body)}).status == 303
    assert "my.xlsx:Prices!F4: items: found nothing" in served.ask(path).body.decode()


# --- the description of the API --------------------------------------------------------------------------------------


def test_the_api_is_described_by_the_published_schemas() -> None:
    told = openapi.document(JobShown, Refusal, "")
    schemas = told["components"]["schemas"]
    assert {f"/api/{name}" for name in VERBS} < told["paths"].keys()
    for name, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name in ("job", "refusal") or schema["title"].startswith("cloudplan/")
    whole = json.dumps(told)
    for reference in set(re.findall(r'"\$ref": "(#[^"]+)"', whole)):
        found: Any = told
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    body = told["paths"]["/api/size"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator({**body, "components": told["components"]})
    assert not list(validator.iter_errors({"workload": workload(), "time_limit": 5, "assumptions": True}))
    assert not list(validator.iter_errors({"job": "0a1b2c3d4e5f"}))
    for wrong in ({"workload": {}}, {"job": "0a1b2c3d4e5f", "catalog": "/etc"}, {"gap": 0.1}):
        assert list(validator.iter_errors(wrong))
    limit = told["paths"]["/api/size"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert "best verified plan" in limit["time_limit"]["description"]


def test_a_form_is_what_a_browser_sends() -> None:
    assert form({"a": ("x", b"y")})[0].startswith(b'--limit\r\nContent-Disposition: form-data; name="a"; filename="x"')


def test_the_page_that_opens_the_address_is_the_owners_alone(tmp_path: Path) -> None:
    address = "http://127.0.0.1:1/word/"
    for _ in range(2):
        assert leading_to(address, tmp_path) == (tmp_path / "open.html").as_uri()
    page = tmp_path / "open.html"
    assert address in page.read_text(encoding="utf-8") and page.stat().st_mode & 0o777 == 0o600


def test_what_serve_needs_is_told_when_it_is_missing(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = run("serve")
    assert ran.status == 1 and "pip install 'cloudplan[web]'" in ran.err
