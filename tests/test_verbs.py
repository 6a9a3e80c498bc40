"""The contract of the command line: verbs in groups, one set of words, extensions, stdin, what is said on stderr."""

import importlib
import io
import json
import math
import pkgutil
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from conftest import EDITION, Ran, price_book, vm, workload
from test_messages import shell

import cloudplan as cp
from cloudplan import cli
from cloudplan.catalog.loading import catalog_folder
from cloudplan.cli import app
from cloudplan.cli.verbs import GROUPS
from cloudplan.optimiser.memory import Remembered
from cloudplan.presentation.price_template import as_workbook

pytestmark = pytest.mark.usefixtures("solved_once")

Run = Callable[..., Ran]

NO_PLAN = [vm(), vm(name="b", disks=[{"size_gib": 60, "class": "mass", "iops": 500}])]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, edition: cp.Edition) -> Path:
    """A file of each kind, made once."""
    path = tmp_path_factory.mktemp("files")
    (path / "workload.yaml").write_text(yaml.safe_dump(workload(), sort_keys=False), encoding="utf-8")
    (path / "no-plan.yaml").write_text(yaml.safe_dump(workload(vms=NO_PLAN), sort_keys=False), encoding="utf-8")
    (path / "prices.yaml").write_text(yaml.safe_dump(price_book(name="mine"), sort_keys=False), encoding="utf-8")
    (path / "terms.yaml").write_text("schema: cloudplan/terms/v1\nnumber: Q-1\n", encoding="utf-8")
    (path / "book.xlsx").write_bytes(as_workbook(edition, cp.load_prices()))
    plan = cp.size(cp.read_workload(workload(), edition), edition, cp.load_prices())
    (path / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    return path


@pytest.fixture
def folder(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of each kind, which is the current one."""
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a file what stdin has."""

    def given(name: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(name).read_bytes())))

    return given


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- help ------------------------------------------------------------------------------------------------------------


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the commands that do something and are shown, by their path."""
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from walk(inner, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


ROOT: Any = typer.main.get_command(app)
COMMANDS = dict(walk(ROOT))


def test_the_help_lists_the_verbs_in_their_groups(run: Run) -> None:
    shown = run("--help").out
    listed = [line.split()[0] for line in shown.partition("Prepare:")[2].splitlines() if line.startswith("  ")]
    assert listed == [name for group in GROUPS.values() for name in group]
    assert [line for line in shown.splitlines() if line.removesuffix(":") in GROUPS] == [f"{name}:" for name in GROUPS]
    assert len(listed) <= 14


def test_every_verb_answers_a_question_and_has_a_place() -> None:
    questions = {name: question for group in GROUPS.values() for name, question in group.items()}
    assert [name for name, question in questions.items() if not question.endswith("?")] == []
    assert {name for name, command in ROOT.commands.items() if not command.hidden} == questions.keys()
    assert {name for name, command in ROOT.commands.items() if command.hidden} == {"relax", "requote", "report"}


def test_the_help_leaves_out_no_verb_that_a_module_adds() -> None:
    for found in pkgutil.iter_modules(cli.__path__, "cloudplan.cli."):
        importlib.import_module(found.name)
    added = [each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands]
    assert sorted([*added, *(str(each.name) for each in app.registered_groups)]) == sorted(ROOT.commands)
    assert [name for name, command in ROOT.commands.items() if command.name != name] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_that_is_one_of_it(path: tuple[str, ...], run: Run) -> None:
    [shown] = [line for line in run(*path, "-h").out.splitlines() if "Example: " in line]
    program, *words = shlex.split(shown.partition("Example: ")[2])
    assert (program, tuple(words[: len(path)])) == ("cloudplan", path)
    COMMANDS[path].make_context("example", words[len(path) :])


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_the_same_words(path: tuple[str, ...]) -> None:
    options = {parameter.name: parameter.opts for parameter in COMMANDS[path].params}
    assert options["quiet"] == ["--quiet"] and options["verbose"] == ["--verbose"]
    assert set(options["output"]) == {"--output", "-o"}
    assert path in (("catalog", "new"), ("serve",)) or "force" in options


# --- outputs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "starts"), [("p.json", '{\n "schema"'), ("p.md", "# small"), ("p.txt", "****"), ("p", "****")]
)
def test_the_extension_says_how_a_plan_is_written(name: str, starts: str, run: Run, folder: Path) -> None:
    assert run("size", "workload.yaml", "-o", name) == Ran(0, "", f"Written: {name}\n")
    assert Path(name).read_text(encoding="utf-8").startswith(starts)


PLANS = "allowed: .json, .md, .txt or no extension"
QUOTES = "`cloudplan quote` writes .xlsx, .pdf, .html and .csv"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        *(
            (f"size workload.yaml -o p{suffix}", f"p{suffix}: {suffix} is not written here; {PLANS}; {QUOTES}")
            for suffix in (".xlsx", ".html", ".pdf", ".csv")
        ),
        ("size workload.yaml -o p.yaml", f"p.yaml: .yaml is not written here; {PLANS}"),
        (
            "explain plan.json -o p.PDF",
            f"p.PDF: .pdf is not written here; {PLANS[:-16]}, .csv{PLANS[-16:]}; {QUOTES}",
        ),
        ("orders plan.json -o p.yaml", f"p.yaml: .yaml is not written here; {PLANS[:-16]}, .xlsx{PLANS[-16:]}"),
        ("verify plan.json -o p.yaml", f"p.yaml: .yaml is not written here; {PLANS}"),
        ("catalog list -o p.yaml", f"p.yaml: .yaml is not written here; {PLANS}"),
        ("prices check prices.yaml -o p.yaml", f"p.yaml: .yaml is not written here; {PLANS}"),
        (
            "compare workload.yaml -o p.csv",
            f"p.csv: .csv is not written here; {PLANS[:-16]}, .html, .xlsx{PLANS[-16:]}",
        ),
        (
            "size workload.yaml -o p.json --format markdown",
            "p.json: --format markdown contradicts the extension; allowed: json, or another name",
        ),
        (
            "orders plan.json -o p.txt --format markdown",
            "p.txt: --format markdown contradicts the extension; allowed: table, or another name",
        ),
        (
            "quote plan.json -o p.ods",
            "p.ods: .ods is not written here; allowed: .xlsx, .pdf, .html, .csv or no extension",
        ),
        ("quote plan.json", "--output: a file to write is needed; allowed: .xlsx, .pdf, .html, .csv"),
        (
            "quote plan.json -o p",
            "p: no extension says what is written; allowed: .xlsx, .pdf, .html, .csv, or --format",
        ),
        ("import list.csv -o p.json", "p.json: .json is not written here; allowed: .yaml, .yml or no extension"),
        ("diff plan.json --term 36 -o p.md", "p.md: .md is not written here; allowed: .json or no extension"),
        ("quote plan.json -o - -o - --format csv", "-: stdout can be one output only"),
    ],
)
def test_a_wrong_extension_is_refused_with_what_is_allowed(arguments: str, fault: str, run: Run, folder: Path) -> None:
    Path("list.csv").write_text("name,vcpus,memory_gib,disks_gib\na,2,8,60\n", encoding="utf-8")
    before = names(folder)
    ran = run(*arguments.split())
    assert (ran.status, ran.out, ran.faults) == (2, "", [fault])
    assert names(folder) == before


def test_a_quote_is_written_in_each_of_its_formats_at_once(run: Run, folder: Path) -> None:
    files = ("q.xlsx", "q.csv", "q.html")
    ran = run("quote", "plan.json", "--audience", "internal", *(word for name in files for word in ("-o", name)))
    assert ran == Ran(0, "", "".join(f"Written: {name}\n" for name in files))
    assert Path("q.xlsx").read_bytes()[:2] == b"PK"
    assert Path("q.csv").read_text(encoding="utf-8").startswith("quote,revision,plan_sha256,line,")
    assert Path("q.html").read_text(encoding="utf-8") == run("report", "plan.json").out


@pytest.mark.parametrize("name", ["-", "none"])
def test_a_dash_is_stdout(name: str, run: Run, folder: Path) -> None:
    dash = ["-o", "-"] if name == "-" else []
    assert run("size", "workload.yaml", "--format", "json", *dash).out == Path("plan.json").read_text(encoding="utf-8")
    assert run("prices", "template", *dash).out.startswith("#")
    assert names(folder) == names(folder) - {"-"}


def test_a_comparison_is_a_page_by_its_extension(run: Run, folder: Path) -> None:
    assert run("compare", "workload.yaml", "--vary", "policy.host_failures=1", "-o", "c.html").status == 0
    assert Path("c.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_quiet_says_nothing_and_verbose_what_was_read(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudplan.cli.searching.QUIET_SECONDS", math.inf)  # nor how far it is, however long it takes
    assert run("size", "workload.yaml", "-o", "p.json", "--quiet") == Ran(0, "", "")
    ran = run("size", "workload.yaml", "--prices", "prices.yaml", "-o", "q.json", "--verbose")
    first, *read, last = ran.err.splitlines()
    assert first.startswith("cloudplan ") and "highspy" in first and last == "Written: q.json"
    assert [line.split(",")[0] for line in read] == ["Read: workload.yaml", "Read: prices.yaml"]
    ran = run("size", "workload.yaml", "--quiet", "--verbose")
    assert (ran.status, ran.faults) == (2, ["--quiet: allowed: one of --quiet and --verbose"])


@pytest.mark.parametrize(("words", "lines"), [([], 0), (["--quiet"], 0), (["--verbose"], 2)])
def test_progress_goes_to_a_file_only_when_asked_for(
    words: list[str], lines: int, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudplan.cli.searching.QUIET_SECONDS", 0.0)
    monkeypatch.setattr("cloudplan.optimiser.optimise.Remembered", Remembered)  # what is known already is not told
    told = [line for line in run("size", "workload.yaml", *words).err.splitlines() if " s  " in line]
    assert len(told) >= lines and bool(told) == bool(lines)
    assert not any("\r" in line or "\x1b" in line for line in told)


def test_what_is_told_may_be_lines_of_json(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudplan.optimiser.optimise.Remembered", Remembered)  # what is known already is not told
    ran = run("size", "workload.yaml", "-o", "p.json", "--messages", "json", "--lang", "fr")
    *steps, last = (json.loads(line) for line in ran.err.splitlines())
    assert (ran.status, ran.out, last) == (0, "", {"written": "p.json"})
    told = [step["progress"] for step in steps]
    assert told[-1]["step"] == "verifying the plan"
    assert {"laying out storage", "placing VMs at az05"} <= {each["step"] for each in told}
    assert all(each.keys() == {"seconds", "step", "bound", "best", "gap"} for each in told)
    assert run("size", "workload.yaml", "-o", "q.json", "--messages=json", "--quiet") == Ran(0, "", "")
    for words in (["--messages=json"], ["--messages", "json", "--format", "json"]):
        [told] = (json.loads(line) for line in run("size", "none.yaml", *words).err.splitlines())
        assert (told["status"], told["faults"][0]["where"]) == (2, "none.yaml")
    ran = run("size", "workload.yaml", "--messages=json", "--verbose", "--no-such")
    assert json.loads(ran.err)["status"] == 2
    ran = run("verify", "workload.yaml", "--messages=json", "--verbose")
    assert all("note" in json.loads(line) for line in ran.err.splitlines()) and ran.out


# --- inputs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("workload.yaml", "size {}"),
        ("prices.yaml", "size workload.yaml --prices {}"),
        ("book.xlsx", "prices check {}"),
        ("plan.json", "orders {}"),
        ("plan.json", "explain {}"),
        ("no-plan.yaml", "explain {}"),
        ("terms.yaml", "quote plan.json --terms {} -o - --format csv"),
        ("plan.json", "diff {} --prices prices.yaml"),
        ("workload.yaml", "diff plan.json --workload {}"),
    ],
)
def test_a_dash_is_stdin(name: str, arguments: str, run: Run, folder: Path, stdin: Callable[[str], None]) -> None:
    stdin(name)
    ran = run(*arguments.format("-").split())
    assert (ran.status, ran.out) == (0, run(*arguments.format(name).split()).out)


def test_an_inventory_may_come_from_stdin(run: Run, folder: Path, stdin: Callable[[str], None]) -> None:
    Path("list.csv").write_text("name,vcpus,memory_gib,disks_gib\na,2,8,60\n", encoding="utf-8")
    stdin("list.csv")
    read = yaml.safe_load(run("import", "-").out)
    assert (read["name"], read["inventory"]["files"][0]["name"], read["vms"][0]["vcpus"]) == ("inventory", "-", 2)


def test_stdin_is_one_input_and_its_faults_have_their_line(
    run: Run, folder: Path, stdin: Callable[[str], None]
) -> None:
    stdin("prices.yaml")
    assert run("size", "-", "--prices", "-").faults == ["-: stdin can be one input only"]
    Path("bad.yaml").write_text(yaml.safe_dump(workload(vms=[vm(vcpus=0)]), sort_keys=False), encoding="utf-8")
    stdin("bad.yaml")
    [fault] = run("size", "-").faults
    assert fault.startswith("-:6:") and "vms[0].vcpus" in fault


# --- verbs that absorbed others --------------------------------------------------------------------------------------


def test_explain_of_a_workload_is_what_relax_was(run: Run, folder: Path) -> None:
    Path("no-plan.yaml").rename("any-name")
    ran = run("explain", "any-name")
    assert (ran.status, ran) == (0, run("relax", "any-name"))
    assert "Smallest set of VM groups without one: b." in ran.out


def test_diff_of_one_plan_is_what_requote_was(run: Run, folder: Path) -> None:
    ran = run("diff", "plan.json", "--catalog", "2026-04-30", "-o", "new.json")
    old = run("requote", "plan.json", "--catalog", "2026-04-30", "--plan", "old.json")
    assert (ran.status, ran.out) == (0, old.out.replace("small: requote", "small: difference"))
    assert Path("new.json").read_bytes() == Path("old.json").read_bytes()
    ran = run("diff", "plan.json", "--catalog", "2026-04-30", "-o", "-")
    assert ran.out == Path("new.json").read_text(encoding="utf-8") and ran.err.startswith("small: difference\n")


@pytest.mark.parametrize(
    ("arguments", "faults"),
    [
        ("explain no-plan.yaml b", ["SUBJECT: allowed only with a plan"]),
        ("explain plan.json --prices prices.yaml --gap 0.1", ["--prices", "--gap"]),
        ("diff plan.json", ["AFTER: another plan is needed, or what is new"]),
        ("diff plan.json plan.json --term 36", ["--term: allowed only with one plan"]),
        ("verify workload.yaml --prove", ["--prove: allowed only with a plan"]),
        ("verify terms.yaml --catalog 2025-01-17", ["--catalog: allowed only with a plan, a workload or a price book"]),
    ],
)
def test_what_does_not_belong_to_a_file_is_refused(arguments: str, faults: list[str], run: Run, folder: Path) -> None:
    ran = run(*arguments.split())
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", len(faults))
    assert all(fault.startswith(start) for fault, start in zip(ran.faults, faults, strict=True))


# --- verify takes any file -------------------------------------------------------------------------------------------


def test_verify_tells_what_is_in_any_file_whatever_its_name(run: Run, folder: Path, edition: cp.Edition) -> None:
    Path("list.csv").write_text("name,vcpus,memory_gib,disks_gib\na,2,8,60\nb,4,8,60\n", encoding="utf-8")
    found = {}
    for name in ("workload.yaml", "prices.yaml", "terms.yaml", "book.xlsx"):
        Path(name).rename("any.txt")
        ran = run("verify", "any.txt", "--format", "json")
        found[name] = json.loads(ran.out)
        assert ran.status == 0 and run("verify", "any.txt").out.splitlines()[2] == "Well-formed."
    for path in ("list.csv", catalog_folder() / EDITION):
        found[str(path)] = json.loads(run("verify", path, "--format", "json").out)
    assert [each["kind"] for each in found.values()] == [
        "workload",
        "prices",
        "terms",
        "prices",
        "inventory",
        "edition",
    ]
    read = cp.read_workload(workload(), edition)
    assert found["workload.yaml"]["sha256"]["Workload"] == read.sha256
    assert found["workload.yaml"]["contents"]["VMs"] == "1"
    assert found["prices.yaml"]["contents"]["Prices"] == str(len(price_book()["items"]))
    assert found["list.csv"]["contents"]["VMs imported"] == "2"
    assert found[str(catalog_folder() / EDITION)]["sha256"] == {EDITION: edition.sha256}


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="a system without /dev/full")
@pytest.mark.parametrize(("to", "words"), [(">&-", "it is closed"), ("> /dev/full", "no space left on the device")])
def test_bytes_that_stdout_does_not_take_are_told(to: str, words: str, folder: Path) -> None:
    ran = shell(f"cloudplan quote plan.json -o - --format xlsx {to}", folder)
    assert (ran.returncode, ran.stderr.splitlines()[1:]) == (1, [f"  stdout: cannot be written: {words}"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schema: cloudplan/terms/v1\ndiscount: 2\n", "discount"),
        ("schema: cloudplan/workload/v1\nname: x\n", "vms"),
        ("what: nothing\n", "says not what it is; allowed: a plan, a workload, a price book, terms"),
        ("<!DOCTYPE html><html></html>", "carries no priced document"),
        ("%PDF-1.7", "damaged, or not a PDF"),
    ],
)
def test_verify_refuses_what_is_not_well_formed(text: str, words: str, run: Run, folder: Path) -> None:
    Path("file").write_text(text, encoding="utf-8")
    ran = run("verify", "file")
    assert (ran.status, ran.out) == (2, "") and words in ran.err


# --- the gap beside the cost -----------------------------------------------------------------------------------------

PROVEN = "proven within 0.0023 %"


@pytest.mark.parametrize(
    "arguments",
    [
        *("size workload.yaml", "size workload.yaml --format markdown", "explain plan.json", "explain plan.json 1"),
        *("verify plan.json", "diff plan.json --term 2", "compare workload.yaml --vary policy.host_failures=2"),
        *("report plan.json", "quote plan.json --audience internal -o - --format html"),
    ],
)
def test_the_gap_stands_beside_the_cost(arguments: str, run: Run, folder: Path) -> None:
    out = " ".join(run(*arguments.split()).out.replace("\\", "").split())
    assert "1 324.00" in out and PROVEN in out


def test_each_way_to_a_plan_and_each_cause_has_its_gap(run: Run, folder: Path) -> None:
    assert "Gap" in run("explain", "no-plan.yaml").out
    ways = json.loads(run("explain", "no-plan.yaml", "--format", "json").out)["relaxations"]
    causes = json.loads(run("diff", "plan.json", "--term", "2", "--format", "json").out)["causes"]
    verdict = json.loads(run("verify", "plan.json", "--format", "json").out)
    assert ways and all(0 <= each["gap"] <= 0.0001 for each in [*ways, *causes, verdict])


def test_the_internal_workbook_has_the_gap(run: Run, folder: Path) -> None:
    from test_forged import texts  # noqa: PLC0415

    run("quote", "plan.json", "-o", "q.xlsx", "--audience", "internal")
    pages = texts(Path("q.xlsx"))
    assert PROVEN in pages["Quote"] and PROVEN in pages["About"]


def test_size_is_optimise() -> None:
    assert cp.size is cp.optimise
