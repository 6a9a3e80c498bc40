"""Many workloads at once: each plan that of `size`, a failure stops no other, and a run that was cut goes on."""

import csv
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EDITION, REPOSITORY, Ran, price_book, vm, workload
from openpyxl import load_workbook

import cloudplan as cp
from cloudplan.analysis.batch import Entry, each_done, key_of
from cloudplan.analysis.identity import differences, identity
from cloudplan.analysis.sized import task_of
from cloudplan.analysis.spread import spread
from cloudplan.base.errors import InternalError, MachineError
from cloudplan.cli import batch as command
from cloudplan.cli.batch_folder import LEDGER, Folder
from cloudplan.cli.spreading import Able, Spreading

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]
NO_PLAN = [vm(disks=[{"size_gib": 60, "class": "mass", "iops": 500}])]


def write(path: Path, **fields: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(workload(**fields), sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three customers, which is the current one; what is spread is done in a thread of this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "spread_over", in_a_thread)
    write(tmp_path / "in" / "ada.yaml", customer={"organization": "Ada & Co"})
    write(tmp_path / "in" / "bob.yaml", name="two", vms=[vm(count=2)])
    write(tmp_path / "in" / "zoe.yaml", vms=[vm(vcpus=4)])
    return tmp_path


@contextmanager
def in_a_thread(workers: int | None, scheduler: str | None, able: Able = None) -> Iterator[Spreading]:
    if able:
        able()
    with ThreadPoolExecutor(1) as executor:
        yield Spreading(executor, lambda: 2)


@contextmanager
def nowhere(workers: int | None, scheduler: str | None, able: Able = None) -> Iterator[Spreading]:
    raise AssertionError("there is nothing left to do")
    yield


def rows(folder: str = "out") -> dict[str, dict[str, str]]:
    """Return the summary by name."""
    return {row["name"]: row for row in csv.DictReader(io.StringIO(Path(folder, "summary.csv").read_text("utf-8")))}


def names(folder: str = "out") -> set[str]:
    return {path.name for path in Path(folder).iterdir()}


def told(folder: str = "out") -> list[str]:
    """Return the names in the ledger, in its order."""
    return [json.loads(line)["name"] for line in Path(folder, LEDGER).read_text("utf-8").splitlines()]


# --- what is written -------------------------------------------------------------------------------------------------


def test_plans_and_quotes_are_those_of_size_and_quote(run: Run, here: Path) -> None:
    terms = REPOSITORY / "examples" / "terms.yaml"  # with a logo
    ran = run("batch", "in", "-o", "out", "--quote", "html,csv", "--quote", ".csv", "--terms", terms, "--gap", "0.001")
    assert ran.status == 0, ran.err
    assert run("size", "in/bob.yaml", "-o", "bob.json", "--gap", "0.001").status == 0
    assert run("quote", "bob.json", "--terms", terms, "-o", "bob.html", "-o", "bob.csv").status == 0
    for extension in ("json", "html", "csv"):
        assert Path(f"out/bob.{extension}").read_bytes() == Path(f"bob.{extension}").read_bytes()
    summaries = {f"summary.{extension}" for extension in ("csv", "html", "xlsx")}
    made = {f"{name}.{extension}" for name in ("ada", "bob", "zoe") for extension in ("json", "html", "csv")}
    assert names() == {LEDGER, *summaries, *made}


def test_the_options_hold_for_each(run: Run, here: Path) -> None:
    Path("prices.yaml").write_text(yaml.safe_dump(price_book(name="mine"), sort_keys=False), encoding="utf-8")
    given = ["--prices", "prices.yaml", "--catalog", "2026-04-30", "--term", "12", "--date", "2026-01-05"]
    assert run("batch", "in", "-o", "out", *given).status == 0
    assert run("size", "in/ada.yaml", "-o", "ada.json", *given).status == 0
    assert Path("out/ada.json").read_bytes() == Path("ada.json").read_bytes()
    assert cp.read_plan("ada.json").prices.name == "mine"


def test_one_that_fails_stops_no_other(run: Run, here: Path) -> None:
    write(Path("in/eve.yaml"), vms=NO_PLAN)
    Path("in/mal.yaml").write_text("vms: [", encoding="utf-8")
    Path("in/nil.yml").write_bytes(b"name: \xff")
    Path("in/prices.yaml").write_text(yaml.safe_dump(price_book()), encoding="utf-8")
    ran = run("batch", "in", "-o", "out")
    assert ran.status == 3
    assert "passed over: prices.yaml (a price book)" in ran.err
    assert {name: row["status"] for name, row in rows().items()} == {
        **dict.fromkeys(("ada", "bob", "zoe"), "optimal"),
        **dict.fromkeys(("eve", "mal", "nil"), "failed"),
    }
    assert {name: row["exit_status"] for name, row in rows().items() if row["why"]} == {
        "eve": "3",
        "mal": "2",
        "nil": "2",
    }
    assert rows()["mal"]["why"].startswith("mal.yaml:2:1: not valid YAML") and "not UTF-8" in rows()["nil"]["why"]
    assert {f"{name}.json" for name in ("eve", "mal", "nil")} & names() == set()
    total = sum(cp.read_plan(f"out/{name}.json").monthly for name in ("ada", "bob", "zoe"))
    assert f"3 of 6 workloads have a plan.\nIn all {total:,} EUR a month.".replace(",", " ") in ran.out
    assert "  mal\n    mal.yaml:2:1: not valid YAML" in ran.out


def test_the_summary_says_the_same_in_each_of_its_files(run: Run, here: Path) -> None:
    write(Path("in/eve.yaml"), vms=NO_PLAN, customer={"organization": "=1+1"})
    assert run("batch", "in", "-o", "out", "--lang", "fr").status == 3
    book = load_workbook("out/summary.xlsx", data_only=True)
    sheet = book["Périmètres"]
    shown = {str(row[0]): row for row in sheet.iter_rows(values_only=True)}
    page = Path("out/summary.html").read_text(encoding="utf-8")
    for name, row in rows().items():
        plan = cp.read_plan(f"out/{name}.json") if row["monthly"] else None
        assert (plan is None) == (name == "eve")
        assert row["monthly"] == (str(plan.monthly) if plan else "")
        assert row["warnings"] == (str(sum(f.severity == "warning" for f in plan.findings)) if plan else "")
        assert (float(plan.monthly) if plan else None) in shown[name] and name in page
    assert rows()["ada"]["customer"] == "Ada & Co" and "Ada &amp; Co" in page
    assert 'lang="fr"' in page and "Sans solution" in page


def test_the_summary_as_json_has_every_outcome(run: Run, here: Path) -> None:
    found = json.loads(run("batch", "in", "-o", "out", "--format", "json").out)
    assert [each["name"] for each in found["workloads"]] == ["ada", "bob", "zoe"]
    plan = cp.read_plan("out/bob.json")
    figures = found["workloads"][1]["figures"]
    assert (figures["monthly"], figures["gap"], figures["vms"]) == (str(plan.monthly), plan.gap, 2)
    assert found["workloads"][1]["files"] == {"bob.json": plan.sha256}


# --- what is refused before anything runs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ("nothing -o out", "nothing: no such file"),
        ("empty -o out", "empty: no workload here: no file that ends in .yaml, .yml, .json is one"),
        ("empty.txt -o out", "empty.txt: the list is empty"),
        (
            "in/ada.yaml -o out",
            "in/ada.yaml: a workload, not a list of workloads; give their folder, or a list of their files",
        ),
        (
            "twice.txt -o out",
            "in/ada.yaml, other/Ada.yaml: 2 workloads of the name 'ada'; rename one, or name them in a list "
            "(columns workload,name)",
        ),
        (
            "bad.csv -o out",
            "bad.csv:1: unknown column 'nom' (allowed: name, prices, terms, workload)",
        ),
        (
            "named.csv -o out",
            "in/ada.yaml: found the name 'summary'; allowed: what a file can be called, and not summary or batch",
        ),
        ("in -o in", "in: the plans would stand among the workloads; give another folder"),
        ("in -o out --quote pdf,doc", "--quote: unknown format 'doc' (allowed: csv, html, pdf, xlsx)"),
        ("in -o out --terms t.yaml", "--terms: allowed only with --quote"),
        ("in -o out --prices in/ada.yaml", "in/ada.yaml:1: a workload, not a price book; `cloudplan size` takes it"),
        ("in -o out --workers 2 --scheduler tcp://a:1", "--scheduler: allowed: one of --workers and --scheduler"),
        (
            "in -o out --scheduler a:1",
            "--scheduler: found 'a:1'; allowed: tcp://HOST:PORT or tls://HOST:PORT",
        ),
    ],
)
def test_a_fault_is_told_before_anything_runs(arguments: str, fault: str, run: Run, here: Path) -> None:
    Path("empty").mkdir()
    write(Path("other/Ada.yaml"))
    for name, text in {
        "empty.txt": "# nobody\n\n",
        "twice.txt": "in/ada.yaml\n# a comment\nother/Ada.yaml\n",
        "bad.csv": "workload,nom\nin/ada.yaml,a\n",
        "named.csv": "name,workload\nsummary,in/ada.yaml\n",
    }.items():
        Path(name).write_text(text, encoding="utf-8")
    ran = run("batch", *arguments.split())
    assert (ran.status, ran.out, ran.faults) == (2, "", [fault])
    assert not Path("out").exists() and len(names("in")) == 3


def test_pdfs_that_cannot_be_made_are_told_before_anything_runs(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    ran = run("batch", "in", "-o", "out", "--quote", "pdf")
    assert ran.status == 1 and "a PDF needs the extra cloudplan[pdf]" in ran.faults[0]
    assert not Path("out").exists()


def test_a_list_names_workloads_with_their_own_prices_and_terms(run: Run, here: Path) -> None:
    for name in ("mine", "theirs"):
        Path(f"{name}.yaml").write_text(yaml.safe_dump(price_book(name=name)), encoding="utf-8")
    Path("terms.yaml").write_text("schema: cloudplan/terms/v1\nnumber: Q-1\n", encoding="utf-8")
    text = "workload,name,prices,terms\nin/ada.yaml,first,theirs.yaml,\nin/bob.yaml,,,terms.yaml\n"
    Path("list.csv").write_text(text, encoding="utf-8")
    assert run("batch", "list.csv", "-o", "out", "--prices", "mine.yaml", "--quote", "csv").status == 0
    assert {name: cp.read_plan(f"out/{name}.json").prices.name for name in ("first", "bob")} == {
        "first": "theirs",
        "bob": "mine",
    }
    quotes = [Path(f"out/{name}.csv").read_text("utf-8").splitlines()[1] for name in ("first", "bob")]
    assert [line.startswith("Q-1,") for line in quotes] == [False, True]


# --- a run goes on where the last one stopped ------------------------------------------------------------------------


def test_what_is_done_is_not_done_again(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path("in/eve.yaml"), vms=NO_PLAN)
    first = run("batch", "in", "-o", "out")
    before = rows()
    monkeypatch.setattr(command, "spread_over", nowhere)
    again = run("batch", "in", "-o", "out")
    assert (again.status, again.out, rows()) == (3, first.out, before)


def test_only_what_changed_is_made_anew_and_only_by_force(run: Run, here: Path) -> None:
    run("batch", "in", "-o", "out")
    write(Path("in/ada.yaml"), vms=[vm(count=3)])
    Path("out/zoe.json").write_text("mine", encoding="utf-8")
    ran = run("batch", "in", "-o", "out")
    assert (ran.status, ran.faults) == (
        2,
        [
            "out/ada.json: exists, made from other inputs, options or another program; use --force, or another folder",
            "out/zoe.json: exists, and no batch wrote it so; use --force to overwrite it",
        ],
    )
    assert Path("out/zoe.json").read_text("utf-8") == "mine" and Path("out/summary.csv").exists()
    assert run("batch", "in", "-o", "out", "--force").status == 0
    assert told() == ["ada", "bob", "zoe", "ada", "zoe"]
    assert rows()["ada"]["vms"] == "3" and cp.read_plan("out/zoe.json").status == "optimal"


def test_a_folder_with_files_of_somebody_else_is_left_alone(run: Run, here: Path) -> None:
    Path("out").mkdir()
    for name in ("bob.json", "summary.html"):
        Path("out", name).write_text("mine", encoding="utf-8")
    ran = run("batch", "in", "-o", "out")
    assert ran.faults == [
        "out/summary.html: exists, and no batch wrote here; use --force to overwrite it",
        "out/bob.json: exists, and no batch wrote it so; use --force to overwrite it",
    ]
    assert names() == {"bob.json", "summary.html"}
    Path("list.txt").write_text("out/bob.json\n", encoding="utf-8")
    Path("out/bob.json").write_text(Path("in/bob.yaml").read_text("utf-8"), encoding="utf-8")
    assert run("batch", "list.txt", "-o", "out", "--force").faults == [
        "out/bob.json: this is an input; give another folder"
    ]


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_goes_on(
    by: signal.Signals, run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("out").mkdir()
    keep = Folder.keep

    def stopping(folder: Folder, done: Any) -> Any:
        kept = keep(folder, done)
        os.kill(os.getpid(), by)
        return kept

    monkeypatch.setattr(Folder, "keep", stopping)
    ran = run("batch", "in", "-o", "out")
    assert ran.err == "cloudplan: stopped\n  1 of 3 are done; the same command goes on from there\n"
    assert (ran.status, ran.out, names()) == (1, "", {LEDGER, "ada.json"})
    monkeypatch.setattr(Folder, "keep", keep)
    assert run("batch", "in", "-o", "out").status == 0
    assert told() == ["ada", "bob", "zoe"]


def test_whenever_a_run_was_killed_the_next_one_goes_on(run: Run, here: Path) -> None:
    run("batch", "in", "-o", "out")
    whole = {name: Path("out", name).read_bytes() for name in names() if name.endswith(".json")}
    ledger = Path("out", LEDGER).read_bytes()
    Path("out/zoe.json").unlink()  # killed between the line and its file
    assert run("batch", "in", "-o", "out").status == 0
    Path("out", LEDGER).write_bytes(ledger[:-9])  # in the middle of the line
    Path("out/zoe.json").unlink()
    assert run("batch", "in", "-o", "out").status == 0
    assert told() == ["ada", "bob", "zoe"]
    assert {name: Path("out", name).read_bytes() for name in whole} == whole


def test_a_machine_that_failed_is_asked_again_and_a_ledger_that_is_none_is_told(run: Run, here: Path) -> None:
    run("batch", "in", "-o", "out")
    lines = [json.loads(line) for line in Path("out", LEDGER).read_text("utf-8").splitlines()]
    lost = {**lines[0], "figures": None, "files": {}, "exit_status": 1, "faults": ["the task was lost"]}
    Path("out", LEDGER).write_text("".join(json.dumps(line) + "\n" for line in (lost, *lines[1:])), encoding="utf-8")
    Path("out/ada.json").unlink()
    assert run("batch", "in", "-o", "out").status == 0
    Path("out", LEDGER).write_text("{}\n", encoding="utf-8")
    ran = run("batch", "in", "-o", "out")
    assert ran.status == 2 and ran.faults[0].startswith(f"out/{LEDGER}:1: ")


def test_two_batches_do_not_write_to_one_folder(run: Run, here: Path) -> None:
    Path("out").mkdir()
    with Folder(Path("out")).alone():
        assert run("batch", "in", "-o", "out").faults == ["out: another batch writes here now"]


# --- the library -----------------------------------------------------------------------------------------------------


def test_the_library_sizes_many_with_any_executor(tmp_path: Path) -> None:
    many: Mapping[str, Any] = {
        "file": write(tmp_path / "a.yaml"),
        "values": workload(vms=[vm(count=2)]),
        "none": "gone.yaml",
    }
    edition, book = cp.load_edition(EDITION), cp.load_prices()
    with ThreadPoolExecutor(2) as threads:
        for executor in (None, threads):
            done = {each.outcome.name: each for each in cp.batch(many, edition, book, executor=executor, ahead=1)}
            plan = done["values"].plan
            assert plan == cp.size(cp.read_workload(many["values"], edition), edition, book)
            assert done["file"].plan is not None and done["none"].plan is None
            assert done["none"].outcome.faults == ("gone.yaml: no such file",)


def test_a_workload_over_its_time_ends_with_its_best_plan() -> None:
    large = REPOSITORY / "examples" / "gpu-and-databases.yaml"
    [done] = cp.batch({"large": large}, time_limit=0.4)
    assert done.outcome.figures is not None and done.outcome.figures.ended == "time-limit"
    assert done.outcome.seconds < 5


def test_workloads_are_read_when_their_turn_comes(example_prices: cp.PriceBook) -> None:
    text, read = yaml.safe_dump(workload()), []

    def task(number: int) -> dict[str, Any]:
        read.append(number)
        return task_of(text, "w.yaml", example_prices.canonical(), None)

    entries = (Entry(str(number), lambda number=number: task(number)) for number in range(9))  # type: ignore[misc]
    with ThreadPoolExecutor(1) as executor:
        for done, _ in enumerate(each_done(entries, executor=executor, ahead=lambda: 3), start=1):
            assert len(read) <= done + 3
    assert len(read) == 9


def failing(task: str) -> str:
    if task == "bug":
        raise KeyError("it")
    if task == "gone":
        raise MachineError("no disk")
    return task


def test_a_failure_is_what_came_of_a_task() -> None:
    came = [each.result for each in spread(failing, ["a", "bug", "gone"])]
    assert came[0] == "a" and isinstance(came[1], InternalError) and isinstance(came[2], MachineError)
    assert [str(fault) for fault in came[1].faults] == ["KeyError: 'it'"]


def test_another_program_refuses_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("cloudplan.analysis.spread.differences", lambda here, asking: ["highspy 1.15 instead of 1.16"])
    with ThreadPoolExecutor(1) as executor, pytest.raises(MachineError, match=r": another program .*: highspy 1\.15"):
        list(spread(asked.append, ["a"], executor))
    assert not asked
    wanted = {**identity(), "highspy": "1.0"}
    assert differences(identity(), wanted) == [f"highspy {identity()['highspy']} instead of 1.0"]


def test_the_key_follows_from_the_inputs_the_options_and_the_program(
    example_prices: cp.PriceBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key(text: str = "a", gap: float = 0.0) -> str:
        return key_of(task_of(text, "w.yaml", example_prices.canonical(), None, gap=gap))

    assert key() == key() and len({key(), key("b"), key(gap=0.1)}) == 3
    before = key()
    monkeypatch.setattr("cloudplan.analysis.batch.identity", lambda: {"program": "another"})
    assert key() != before
